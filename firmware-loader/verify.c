/* SPDX-License-Identifier: Apache-2.0 */
/* Is the image what its maker signed, may that key sign it, and is it for this chip? */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/container.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/keys.h"

/* What a key or a policy demands; they have the same three. */
struct bounds {
	const char *whose;
	uint32_t has, minimum_counter;
	const road_firmware_uuid *vendor, *chip_class;
};

static void hex(const uint8_t *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static road_firmware_error check_digest(const road_firmware_image *image,
					road_firmware_detail *detail)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char seen[2 * sizeof(digest) + 1], right[2 * sizeof(digest) + 1];

	crypto_hash_sha256(digest, image->bytes, image->signed_bytes);
	if (!memcmp(digest, image->info.digest, sizeof(digest)))
		return ROAD_FIRMWARE_OK;
	hex(image->info.digest, sizeof(digest), seen);
	hex(digest, sizeof(digest), right);
	return firmware_refuse(
		detail, ROAD_FIRMWARE_HASH_MISMATCH,
		(struct finding){"the digest is not that of the content", "digest", seen, right});
}

static road_firmware_error check_signature(const road_firmware_image *image,
					   const struct known_key *key,
					   road_firmware_detail *detail)
{
	char seen[2 * sizeof(key->hash) + 1];

	hex(image->info.key_hash, sizeof(key->hash), seen);
	if (!key)
		return firmware_refuse(detail, ROAD_FIRMWARE_UNKNOWN_KEY,
				       (struct finding){"no key with this hash is known",
							"key hash", seen, "one of the keys given"});
	if (key->key.revoked)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_REVOKED_KEY,
			(struct finding){"the key is revoked", "key hash", seen, ""});
	if (crypto_sign_verify_detached(image->info.signature, image->info.digest,
					sizeof(image->info.digest), key->key.key))
		return firmware_refuse(detail, ROAD_FIRMWARE_BAD_SIGNATURE,
				       (struct finding){"the key did not sign this digest",
							"signature", seen, ""});
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check_uuid(const struct bounds *bounds, uint32_t bit, uint32_t has,
				      const road_firmware_uuid *seen,
				      const road_firmware_uuid *wanted,
				      road_firmware_detail *detail)
{
	char text[ROAD_FIRMWARE_UUID_TEXT] = "none", right[ROAD_FIRMWARE_UUID_TEXT], where[64];

	if (!(bounds->has & bit) || ((has & bit) && !memcmp(seen, wanted, sizeof(*seen))))
		return ROAD_FIRMWARE_OK;
	if (has & bit)
		road_firmware_uuid_format(seen, text);
	road_firmware_uuid_format(wanted, right);
	snprintf(where, sizeof(where), "%s, by the %s",
		 bit == ROAD_FIRMWARE_HAS_VENDOR ? "vendor" : "class", bounds->whose);
	return firmware_refuse(
		detail, ROAD_FIRMWARE_WRONG_CHIP,
		(struct finding){"the image is for another chip", where, text, right});
}

static road_firmware_error check_bounds(const road_firmware_image_info *info,
					const struct bounds *bounds, road_firmware_detail *detail)
{
	road_firmware_error rc = check_uuid(bounds, ROAD_FIRMWARE_HAS_VENDOR, info->has,
					    &info->vendor, bounds->vendor, detail);
	char where[64];

	if (!rc)
		rc = check_uuid(bounds, ROAD_FIRMWARE_HAS_CLASS, info->has, &info->chip_class,
				bounds->chip_class, detail);
	if (rc || !(bounds->has & ROAD_FIRMWARE_HAS_COUNTER) ||
	    info->counter >= bounds->minimum_counter)
		return rc;
	snprintf(where, sizeof(where), "security counter, by the %s", bounds->whose);
	return firmware_refuse_number(detail, ROAD_FIRMWARE_ROLLBACK,
				      "the image is older than what is accepted", where,
				      info->counter, "at least", bounds->minimum_counter);
}

static bool met(const road_firmware_dependency *dependency, const road_firmware_policy *policy)
{
	for (uint32_t i = 0; i < policy->present_count; i++)
		if (policy->present[i].image == dependency->image &&
		    road_firmware_version_compare(&policy->present[i].version,
						  &dependency->at_least) >= 0)
			return true;
	return false;
}

/* The newest of this number that is there, as text. */
static void newest(uint32_t image, const road_firmware_policy *policy, char *out, size_t bytes)
{
	const road_firmware_version *found = NULL;

	for (uint32_t i = 0; i < policy->present_count; i++)
		if (policy->present[i].image == image &&
		    (!found ||
		     road_firmware_version_compare(&policy->present[i].version, found) > 0))
			found = &policy->present[i].version;
	snprintf(out, bytes, "none");
	if (found)
		road_firmware_version_format(found, out);
}

static road_firmware_error check_dependencies(const road_firmware_image *image,
					      const road_firmware_policy *policy,
					      road_firmware_detail *detail)
{
	road_firmware_dependency dependency;
	char where[48], seen[ROAD_FIRMWARE_VERSION_TEXT], right[ROAD_FIRMWARE_VERSION_TEXT];

	for (uint32_t i = 0; !road_firmware_image_dependency(image, i, &dependency); i++) {
		if (met(&dependency, policy))
			continue;
		snprintf(where, sizeof(where), "dependency %u: image %u", i, dependency.image);
		newest(dependency.image, policy, seen, sizeof(seen));
		road_firmware_version_format(&dependency.at_least, right);
		return firmware_refuse(
			detail, ROAD_FIRMWARE_DEPENDENCY_MISSING,
			(struct finding){"needs at least this version of it", where, seen, right});
	}
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error check_policy(const road_firmware_image *image,
					const road_firmware_policy *policy,
					road_firmware_detail *detail)
{
	const struct bounds bounds = {"policy", policy->has, policy->minimum_counter,
				      &policy->vendor, &policy->chip_class};
	road_firmware_error rc;

	if (policy->component && strcmp(policy->component, image->info.component))
		return firmware_refuse(
			detail, ROAD_FIRMWARE_WRONG_CHIP,
			(struct finding){"the image is for another component",
					 "component, by the policy",
					 image->info.component[0] ? image->info.component : "none",
					 policy->component});
	rc = check_bounds(&image->info, &bounds, detail);
	if (!rc && policy->check_dependencies)
		rc = check_dependencies(image, policy, detail);
	return rc;
}

static road_firmware_error read_policy(const road_firmware_policy *policy,
				       road_firmware_policy *out, road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	*out = (road_firmware_policy){0};
	if (policy)
		rc = bytes_struct_in(out, sizeof(*out), policy, "policy", detail);
	if (rc)
		return rc;
	if (out->has & ~BYTES_HAS_ALL)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "unknown bits", "policy.has", out->has,
					      "of ROAD_FIRMWARE_HAS_*:", BYTES_HAS_ALL);
	if (out->check_dependencies > 1 || (out->present_count && !out->present))
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"makes no sense", "policy", "",
							"check_dependencies 0 or 1, and present"});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_image_verify(road_firmware_image *image,
					       const road_firmware_keys *keys,
					       const road_firmware_policy *policy,
					       road_firmware_detail *detail)
{
	road_firmware_policy demanded;
	const struct known_key *key;
	road_firmware_error rc;

	if (!image || !keys)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"is NULL", image ? "keys" : "image", "", ""});
	image->info.verified = 0;
	rc = read_policy(policy, &demanded, detail);
	if (!rc)
		rc = check_digest(image, detail);
	if (rc)
		return rc;
	key = keys_find(keys, image->info.key_hash);
	rc = check_signature(image, key, detail);
	if (!rc) {
		const struct bounds bounds = {"key", key->key.has, key->key.minimum_counter,
					      &key->key.vendor, &key->key.chip_class};

		rc = check_bounds(&image->info, &bounds, detail);
	}
	if (!rc)
		rc = check_policy(image, &demanded, detail);
	image->info.verified = !rc;
	return rc;
}
