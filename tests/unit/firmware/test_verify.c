/* SPDX-License-Identifier: Apache-2.0 */
/* Which images are accepted: by key, by policy, by both. */
#include <string.h>

#include "tests/unit/firmware/forge.h"

static const road_firmware_uuid uuid_a = {{1}}, uuid_b = {{2}};

/* A signed image, its key, and what is asked of it. */
struct rig {
	uint8_t seed[32];
	road_firmware_key key;
	road_firmware_keys *keys;
	road_firmware_image *image;
	road_firmware_detail detail;
};

static road_firmware_sign_options plain(void)
{
	return (road_firmware_sign_options){.size = sizeof(road_firmware_sign_options),
					    .version = {1, 0, 0, 0}};
}

static struct rig rig_make(const road_firmware_sign_options *options)
{
	struct rig rig = {.detail = {.size = sizeof(rig.detail)}, .key = {.size = sizeof(rig.key)}};
	void *bytes;
	size_t count;

	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(rig.seed, rig.key.key, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&rig.keys, NULL), 0);
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_sign("firmware", 8, rig.seed, options, &bytes, &count, NULL), 0);
	rig.image = forge_read(bytes, count);
	road_firmware_free(bytes);
	return rig;
}

static void rig_free(struct rig *rig)
{
	road_firmware_keys_free(rig->keys);
	road_firmware_image_free(rig->image);
}

static road_firmware_error add(struct rig *rig)
{
	return road_firmware_keys_add(rig->keys, &rig->key, &rig->detail);
}

/* Verifies, and looks whether the payload comes out exactly if it did. */
static road_firmware_error judge(struct rig *rig, const road_firmware_policy *policy)
{
	const void *bytes = NULL;
	size_t count;
	const road_firmware_error rc =
		road_firmware_image_verify(rig->image, rig->keys, policy, &rig->detail);

	CU_ASSERT_EQUAL(road_firmware_image_payload(rig->image, &bytes, &count, NULL),
			rc ? ROAD_FIRMWARE_NOT_VERIFIED : ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(!bytes, !!rc);
	return rc;
}

static road_firmware_policy no_policy(void)
{
	return (road_firmware_policy){.size = sizeof(road_firmware_policy)};
}

static void test_unknown_key(void)
{
	const road_firmware_sign_options options = plain();
	struct rig rig = rig_make(&options), other = rig_make(&options);

	CU_ASSERT_EQUAL(judge(&rig, NULL), ROAD_FIRMWARE_UNKNOWN_KEY);
	CU_ASSERT_EQUAL(strlen(rig.detail.seen), 64);
	CU_ASSERT_EQUAL(road_firmware_keys_add(rig.keys, &other.key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(judge(&rig, NULL), ROAD_FIRMWARE_UNKNOWN_KEY);
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(judge(&rig, NULL), ROAD_FIRMWARE_OK);
	/* what was once verified does not stay so by itself */
	CU_ASSERT_EQUAL(road_firmware_image_verify(rig.image, other.keys, NULL, NULL),
			ROAD_FIRMWARE_UNKNOWN_KEY);
	CU_ASSERT_EQUAL(road_firmware_image_payload(rig.image, &(const void *){0}, &(size_t){0},
						    &rig.detail),
			ROAD_FIRMWARE_NOT_VERIFIED);
	rig_free(&rig);
	rig_free(&other);
}

/* Said once, in whatever order, and nothing takes it back. */
static void test_revoked_key(void)
{
	const road_firmware_sign_options options = plain();

	for (unsigned revoked_at = 0; revoked_at < 3; revoked_at++) {
		struct rig rig = rig_make(&options);
		road_firmware_key got = {.size = sizeof(got)};

		for (unsigned i = 0; i < 3; i++) {
			rig.key.revoked = i == revoked_at;
			CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
		}
		CU_ASSERT_EQUAL(judge(&rig, NULL), ROAD_FIRMWARE_REVOKED_KEY);
		CU_ASSERT_EQUAL(road_firmware_keys_get(rig.keys, 0, &got), ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(got.revoked, 1);
		CU_ASSERT_EQUAL(road_firmware_keys_get(rig.keys, 1, &got), ROAD_FIRMWARE_NOT_FOUND);
		rig_free(&rig);
	}
}

/* A right digest, a key that is known, and a signature by another. */
static void test_bad_signature(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct forge f, other;

	forge_begin(&f);
	forge_begin(&other);
	forge_seal(&f);
	forge_seal(&other);
	memcpy(f.bytes + f.byte_count - 64, other.bytes + other.byte_count - 64, 64);
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_BAD_SIGNATURE);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_SIGNATURE, "signature"));
	/* an all-zero signature with the key of order one verifies anything, if one is careless */
	memset(f.key, 0, sizeof(f.key));
	f.key[0] = 1;
	memset(f.bytes + f.byte_count - 64, 0, 64);
	f.bytes[f.byte_count - 64] = 1;
	CU_ASSERT_NOT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_OK);
}

static void test_wrong_digest(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct forge f;

	forge_begin(&f);
	forge_seal(&f);
	f.bytes[33] ^= 1; /* payload */
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_HASH_MISMATCH);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_HASH_MISMATCH, "digest"));
	CU_ASSERT_EQUAL(strlen(detail.allowed), 64);
}

/* Each of vendor and class, demanded by the key, by the policy; the image has none, the same,
 * another. */
static void test_wrong_chip(void)
{
	for (unsigned which = 0; which < 12; which++) {
		const uint32_t bit = which % 2 ? ROAD_FIRMWARE_HAS_VENDOR : ROAD_FIRMWARE_HAS_CLASS;
		const bool by_key = which / 2 % 2;
		const unsigned has = which / 4; /* 0: none, 1: the same, 2: another */
		road_firmware_sign_options options = plain();
		road_firmware_policy policy = no_policy();

		options.has = has ? bit : 0;
		options.vendor = options.chip_class = has == 2 ? uuid_b : uuid_a;
		struct rig rig = rig_make(&options);

		rig.key.has = by_key ? bit : 0;
		rig.key.vendor = rig.key.chip_class = uuid_a;
		policy.has = by_key ? 0 : bit;
		policy.vendor = policy.chip_class = uuid_a;
		CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(judge(&rig, &policy),
				has == 1 ? ROAD_FIRMWARE_OK : ROAD_FIRMWARE_WRONG_CHIP);
		CU_ASSERT_TRUE(has == 1 ||
			       (strstr(rig.detail.where, by_key ? "by the key" : "by the policy") &&
				strstr(rig.detail.where, which % 2 ? "vendor" : "class")));
		rig_free(&rig);
	}
}

static void test_component(void)
{
	road_firmware_sign_options options = plain();
	road_firmware_policy policy = no_policy();

	options.component = "boot";
	struct rig rig = rig_make(&options);

	add(&rig);
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_OK);
	policy.component = "boot";
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_OK);
	policy.component = "boot2";
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_WRONG_CHIP);
	CU_ASSERT_STRING_EQUAL(rig.detail.seen, "boot");
	CU_ASSERT_STRING_EQUAL(rig.detail.allowed, "boot2");
	rig_free(&rig);
	options.component = NULL;
	rig = rig_make(&options);
	add(&rig);
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_WRONG_CHIP);
	rig_free(&rig);
}

/* The counter alone decides: a lower version with the same counter is no rollback. */
static void test_counter(void)
{
	static const struct {
		uint32_t counter, key, policy;
		bool has, fine;
	} rows[] = {
		{5, 0, 0, true, true},   {5, 5, 0, true, true},
		{5, 0, 5, true, true},   {5, 6, 0, true, false},
		{5, 0, 6, true, false},  {5, 6, 5, true, false},
		{0, 0, 0, false, true},  {0, 1, 0, false, false},
		{0, 0, 1, false, false}, {UINT32_MAX, UINT32_MAX, UINT32_MAX, true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_firmware_sign_options options = plain();
		road_firmware_policy policy = no_policy();

		options.version = (road_firmware_version){0};
		options.has = rows[i].has ? ROAD_FIRMWARE_HAS_COUNTER : 0;
		options.counter = rows[i].counter;
		struct rig rig = rig_make(&options);

		rig.key.has = policy.has = ROAD_FIRMWARE_HAS_COUNTER;
		rig.key.minimum_counter = rows[i].key;
		policy.minimum_counter = rows[i].policy;
		add(&rig);
		CU_ASSERT_EQUAL(judge(&rig, &policy),
				rows[i].fine ? ROAD_FIRMWARE_OK : ROAD_FIRMWARE_ROLLBACK);
		rig_free(&rig);
	}
}

/* Of two images with the same counter the older version is accepted after the newer. */
static void test_same_counter(void)
{
	road_firmware_sign_options options = plain();
	road_firmware_policy policy = no_policy();

	policy.has = options.has = ROAD_FIRMWARE_HAS_COUNTER;
	policy.minimum_counter = options.counter = 3;
	for (uint8_t major = 3; major; major--) {
		options.version.major = major;
		struct rig rig = rig_make(&options);

		add(&rig);
		CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_OK);
		rig_free(&rig);
	}
}

/* Two dependencies, each missing, too old, just right, newer. */
static void test_dependencies(void)
{
	static const road_firmware_version version[] = {
		{0}, {1, 4, 9, 9}, {1, 5, 0, 0}, {2, 0, 0, 0}};
	const road_firmware_dependency needed[] = {{1, {1, 5, 0, 0}}, {7, {1, 5, 0, 0}}};
	road_firmware_sign_options options = plain();

	options.dependencies = needed;
	options.dependency_count = 2;
	struct rig rig = rig_make(&options);

	add(&rig);
	for (unsigned which = 0; which < 16; which++) {
		const unsigned a = which % 4, b = which / 4;
		road_firmware_policy policy = no_policy();
		road_firmware_present present[2];

		policy.present = present;
		if (a)
			present[policy.present_count++] = (road_firmware_present){1, version[a]};
		if (b)
			present[policy.present_count++] = (road_firmware_present){7, version[b]};
		CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_OK); /* nobody asks */
		policy.check_dependencies = 1;
		CU_ASSERT_EQUAL(judge(&rig, &policy), a >= 2 && b >= 2
							      ? ROAD_FIRMWARE_OK
							      : ROAD_FIRMWARE_DEPENDENCY_MISSING);
		if (a < 2) {
			CU_ASSERT_STRING_EQUAL(rig.detail.where, "dependency 0: image 1");
			CU_ASSERT_STRING_EQUAL(rig.detail.seen, a ? "1.4.9+9" : "none");
			CU_ASSERT_STRING_EQUAL(rig.detail.allowed, "1.5.0");
		} else if (b < 2) {
			CU_ASSERT_STRING_EQUAL(rig.detail.where, "dependency 1: image 7");
		}
	}
	rig_free(&rig);
}

/* A key that is added again gets stricter; what cannot be joined is refused and changes nothing. */
static void test_stricter(void)
{
	const road_firmware_sign_options options = plain();
	struct rig rig = rig_make(&options);
	road_firmware_key got = {.size = sizeof(got)};

	rig.key.has = ROAD_FIRMWARE_HAS_COUNTER;
	rig.key.minimum_counter = 9;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
	rig.key.minimum_counter = 4;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
	rig.key.has = ROAD_FIRMWARE_HAS_VENDOR;
	rig.key.vendor = uuid_a;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
	rig.key.has = 0;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_keys_get(rig.keys, 0, &got), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(got.has, ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR);
	CU_ASSERT_EQUAL(got.minimum_counter, 9);
	rig.key.has = ROAD_FIRMWARE_HAS_VENDOR;
	rig.key.vendor = uuid_b;
	rig.key.revoked = 1;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_STRING_EQUAL(rig.detail.where, "vendor");
	CU_ASSERT_EQUAL(road_firmware_keys_get(rig.keys, 0, &got), ROAD_FIRMWARE_OK);
	CU_ASSERT_FALSE(memcmp(&got.vendor, &uuid_a, sizeof(uuid_a)));
	rig_free(&rig);
}

static void test_many_keys(void)
{
	const road_firmware_sign_options options = plain();
	struct rig rig = rig_make(&options);
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_error rc = ROAD_FIRMWARE_OK;
	uint32_t count = 0;

	for (; !rc && count < 5000; count++) {
		memcpy(key.key, &count, sizeof(count));
		rc = road_firmware_keys_add(rig.keys, &key, &rig.detail);
	}
	CU_ASSERT_EQUAL(rc, ROAD_FIRMWARE_TOO_BIG);
	CU_ASSERT_EQUAL(count, 4097);
	rig_free(&rig);
}

static void test_arguments(void)
{
	const road_firmware_sign_options options = plain();
	struct rig rig = rig_make(&options);
	road_firmware_policy policy = no_policy();
	struct {
		road_firmware_policy known;
		uint64_t unknown;
	} newer = {.known = {.size = sizeof(newer)}};

	add(&rig);
	CU_ASSERT_EQUAL(judge(&rig, &newer.known), ROAD_FIRMWARE_OK);
	newer.unknown = 1;
	CU_ASSERT_EQUAL(judge(&rig, &newer.known), ROAD_FIRMWARE_INVALID_ARGUMENT);
	policy.has = 8;
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_INVALID_ARGUMENT);
	policy = no_policy();
	policy.present_count = 1;
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_INVALID_ARGUMENT);
	policy = (road_firmware_policy){0};
	CU_ASSERT_EQUAL(judge(&rig, &policy), ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_image_verify(NULL, rig.keys, NULL, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_image_verify(rig.image, NULL, NULL, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	rig.key.revoked = 2;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_INVALID_ARGUMENT);
	rig.key.revoked = 0;
	rig.key.has = 16;
	CU_ASSERT_EQUAL(add(&rig), ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_keys_add(rig.keys, NULL, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	rig_free(&rig);
}

static const struct tap_case cases[] = {
	{"an image of an unknown key is refused", test_unknown_key},
	{"a key that is revoked once stays so", test_revoked_key},
	{"a signature by another key is refused", test_bad_signature},
	{"a digest of other content is refused", test_wrong_digest},
	{"vendor and class bind, by the key and by the policy", test_wrong_chip},
	{"an image of another component is refused", test_component},
	{"the counter decides what is a rollback", test_counter},
	{"the same counter with a lower version is accepted", test_same_counter},
	{"each dependency has to be met, if asked", test_dependencies},
	{"a key that is added again gets stricter", test_stricter},
	{"a set of keys has a limit", test_many_keys},
	{"arguments that make no sense are refused", test_arguments},
};

TAP_MAIN(cases)
