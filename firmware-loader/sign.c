/* SPDX-License-Identifier: Apache-2.0 */
/* Makes signed images. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/keys.h"
#include "uapi/firmware/image.h"

enum {
	HEAD = sizeof(struct road_fw_tlv_head),
	ENTRY = sizeof(struct road_fw_tlv),
	DEPENDENCY = sizeof(struct road_fw_dependency),
	OPEN_BYTES = HEAD + 3 * ENTRY + 32 + 32 + 64,
};

/* What is written, and what the next byte of it is. */
struct writer {
	uint8_t *bytes;
	size_t at;
};

static uint8_t *take(struct writer *w, size_t count)
{
	uint8_t *at = w->bytes + w->at;

	w->at += count;
	return at;
}

static uint8_t *put_entry(struct writer *w, uint16_t type, const void *value, size_t bytes)
{
	uint8_t *at = take(w, ENTRY + bytes);

	bytes_put_u16(at, type);
	bytes_put_u16(at + 2, (uint16_t)bytes);
	if (value)
		memcpy(at + ENTRY, value, bytes);
	return at + ENTRY;
}

static void put_head(struct writer *w, uint16_t magic, size_t bytes)
{
	uint8_t *at = take(w, HEAD);

	bytes_put_u16(at, magic);
	bytes_put_u16(at + 2, (uint16_t)bytes);
}

static void put_version(uint8_t *at, const road_firmware_version *version)
{
	at[0] = version->major;
	at[1] = version->minor;
	bytes_put_u16(at + 2, version->revision);
	bytes_put_u32(at + 4, version->build);
}

/* Of all protected entries with their head; 0: there are none. */
static size_t protected_bytes(const road_firmware_sign_options *options)
{
	size_t bytes = (size_t)options->dependency_count * (ENTRY + DEPENDENCY);

	if (options->has & ROAD_FIRMWARE_HAS_COUNTER)
		bytes += ENTRY + sizeof(uint32_t);
	if (options->has & ROAD_FIRMWARE_HAS_VENDOR)
		bytes += ENTRY + sizeof(options->vendor);
	if (options->has & ROAD_FIRMWARE_HAS_CLASS)
		bytes += ENTRY + sizeof(options->chip_class);
	if (options->component)
		bytes += ENTRY + strlen(options->component);
	return bytes ? bytes + HEAD : 0;
}

static road_firmware_error invalid(road_firmware_detail *detail, const char *what,
				   const char *where, uint64_t seen, const char *rule,
				   uint64_t allowed)
{
	return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT, what, where, seen,
				      rule, allowed);
}

static road_firmware_error check(const road_firmware_sign_options *options,
				 road_firmware_detail *detail)
{
	if (options->flags & ~ROAD_FIRMWARE_BUNDLE)
		return invalid(detail, "unknown bits", "options.flags", options->flags, "0 or",
			       ROAD_FIRMWARE_BUNDLE);
	if (options->has & ~BYTES_HAS_ALL)
		return invalid(detail, "unknown bits", "options.has", options->has,
			       "of ROAD_FIRMWARE_HAS_*:", BYTES_HAS_ALL);
	if (options->reserved)
		return invalid(detail, "is in use", "options.reserved", options->reserved, "only",
			       0);
	if (options->component &&
	    !bytes_name_component(options->component, strlen(options->component)))
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is no component's name",
							"options.component", options->component,
							"1 to 31 of a-z 0-9 - _"});
	if (options->dependency_count && !options->dependencies)
		return invalid(detail, "dependencies are NULL", "options.dependency_count",
			       options->dependency_count, "only", 0);
	if (options->dependency_count > ROAD_FW_PROTECTED_MAX ||
	    protected_bytes(options) > ROAD_FW_PROTECTED_MAX)
		return firmware_refuse_number(
			detail, ROAD_FIRMWARE_TOO_BIG, "too many dependencies",
			"options.dependency_count", options->dependency_count,
			"all protected entries fit into", ROAD_FW_PROTECTED_MAX);
	for (uint32_t i = 0; i < options->dependency_count; i++)
		if (options->dependencies[i].image > UINT8_MAX)
			return invalid(detail, "no such image", "options.dependencies",
				       options->dependencies[i].image, "at most", UINT8_MAX);
	return ROAD_FIRMWARE_OK;
}

static void put_protected(struct writer *w, const road_firmware_sign_options *options)
{
	if (!protected_bytes(options))
		return;
	put_head(w, ROAD_FW_TLVS_PROTECTED, protected_bytes(options));
	for (uint32_t i = 0; i < options->dependency_count; i++) {
		uint8_t *at = put_entry(w, ROAD_FW_TLV_DEPENDENCY, NULL, DEPENDENCY);

		at[0] = (uint8_t)options->dependencies[i].image;
		put_version(at + offsetof(struct road_fw_dependency, at_least),
			    &options->dependencies[i].at_least);
	}
	if (options->has & ROAD_FIRMWARE_HAS_COUNTER)
		bytes_put_u32(put_entry(w, ROAD_FW_TLV_COUNTER, NULL, sizeof(uint32_t)),
			      options->counter);
	if (options->has & ROAD_FIRMWARE_HAS_VENDOR)
		put_entry(w, ROAD_FW_TLV_VENDOR, &options->vendor, sizeof(options->vendor));
	if (options->has & ROAD_FIRMWARE_HAS_CLASS)
		put_entry(w, ROAD_FW_TLV_CLASS, &options->chip_class, sizeof(options->chip_class));
	if (options->component)
		put_entry(w, ROAD_FW_TLV_COMPONENT, options->component, strlen(options->component));
}

static void put_header(struct writer *w, const road_firmware_sign_options *options,
		       size_t payload_bytes)
{
	uint8_t *at = take(w, ROAD_FW_HEADER_BYTES);

	bytes_put_u32(at, ROAD_FW_MAGIC);
	bytes_put_u16(at + offsetof(struct road_fw_header, header_bytes), ROAD_FW_HEADER_BYTES);
	bytes_put_u16(at + offsetof(struct road_fw_header, protected_bytes),
		      (uint16_t)protected_bytes(options));
	bytes_put_u32(at + offsetof(struct road_fw_header, payload_bytes), (uint32_t)payload_bytes);
	bytes_put_u32(at + offsetof(struct road_fw_header, flags), options->flags);
	put_version(at + offsetof(struct road_fw_header, version), &options->version);
}

/* All that is behind what is signed. */
static void put_open(struct writer *w, const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES])
{
	uint8_t digest[crypto_hash_sha256_BYTES], hash[32], signature[crypto_sign_BYTES];
	uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	crypto_hash_sha256(digest, w->bytes, w->at);
	crypto_sign_seed_keypair(key, secret, seed);
	crypto_sign_detached(signature, NULL, digest, sizeof(digest), secret);
	sodium_memzero(secret, sizeof(secret));
	keys_hash(key, hash);
	put_head(w, ROAD_FW_TLVS_OPEN, OPEN_BYTES);
	put_entry(w, ROAD_FW_TLV_DIGEST, digest, sizeof(digest));
	put_entry(w, ROAD_FW_TLV_KEY_HASH, hash, sizeof(hash));
	put_entry(w, ROAD_FW_TLV_SIGNATURE, signature, sizeof(signature));
}

static road_firmware_error make(const void *payload, size_t payload_bytes,
				const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
				const road_firmware_sign_options *options, struct writer *w,
				road_firmware_detail *detail)
{
	const size_t all =
		ROAD_FW_HEADER_BYTES + payload_bytes + protected_bytes(options) + OPEN_BYTES;

	w->bytes = calloc(1, all);
	if (!w->bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "image", "", ""});
	put_header(w, options, payload_bytes);
	memcpy(take(w, payload_bytes), payload, payload_bytes);
	put_protected(w, options);
	put_open(w, seed);
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_sign(const void *payload, size_t payload_bytes,
				       const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
				       const road_firmware_sign_options *options, void **out,
				       size_t *out_bytes, road_firmware_detail *detail)
{
	road_firmware_sign_options wanted;
	struct writer w = {0};
	road_firmware_error rc =
		bytes_struct_in(&wanted, sizeof(wanted), options, "options", detail);

	if (!rc)
		rc = check(&wanted, detail);
	if (!rc)
		rc = keys_ready(detail);
	if (rc)
		return rc;
	if (!payload || !payload_bytes || !seed || !out || !out_bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL or empty", "argument", "",
							"a payload of at least a byte, a seed, "
							"where the image goes"});
	if (payload_bytes > ROAD_FW_PAYLOAD_MAX)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG,
					      "the payload is too big", "payload", payload_bytes,
					      "at most # bytes", ROAD_FW_PAYLOAD_MAX);
	rc = make(payload, payload_bytes, seed, &wanted, &w, detail);
	if (rc)
		return rc;
	*out = w.bytes;
	*out_bytes = w.at;
	return ROAD_FIRMWARE_OK;
}
