/* SPDX-License-Identifier: Apache-2.0 */
/* Images of firmware: which are accepted, and that nothing of the others is ever handed out. */
#include <roadbed/firmware.h>

#include "tests/conformance/case.h"

enum { PAYLOAD = 40, ROOM = 2048, OPEN_BYTES = 144, COUNTER = 5 };

static const road_firmware_uuid vendor = {{0x0a}}, chip = {{0x0b}}, other_chip = {{0x0c}};

/* A signed image, as bytes, and its key. */
struct made {
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES], bytes[ROOM];
	road_firmware_key key;
	size_t count;
	road_firmware_detail detail; /* of the last refusal */
};

static road_firmware_sign_options usual(void)
{
	return (road_firmware_sign_options){.size = sizeof(road_firmware_sign_options),
					    .version = {1, 2, 3, 4},
					    .has = ROAD_FIRMWARE_HAS_COUNTER |
						   ROAD_FIRMWARE_HAS_VENDOR |
						   ROAD_FIRMWARE_HAS_CLASS,
					    .counter = COUNTER,
					    .vendor = vendor,
					    .chip_class = chip,
					    .component = "boot"};
}

static struct made *make(struct fixture *f, const road_firmware_sign_options *options)
{
	struct made *made = fixture_memory(f, sizeof(*made));
	uint8_t payload[PAYLOAD];
	void *bytes = NULL;

	memset(made, 0, sizeof(*made));
	memset(payload, 0x5a, sizeof(payload));
	made->key.size = sizeof(made->key);
	made->detail.size = sizeof(made->detail);
	REQUIRE_EQ(road_firmware_key_generate(made->seed, made->key.key, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_sign(payload, sizeof(payload), made->seed, options, &bytes,
				      &made->count, NULL),
		   ROAD_FIRMWARE_OK);
	REQUIRE(made->count <= ROOM / 2);
	memcpy(made->bytes, bytes, made->count);
	road_firmware_free(bytes);
	return made;
}

/* Reads and verifies; the payload has to come out exactly if that is fine. */
static road_firmware_error judge_keys(struct made *made, const road_firmware_keys *keys,
				      const road_firmware_policy *policy)
{
	road_firmware_image *image = NULL;
	const void *payload = NULL;
	size_t count = 0;
	road_firmware_error rc =
		road_firmware_image_read(made->bytes, made->count, &image, &made->detail);

	if (!rc) {
		rc = road_firmware_image_verify(image, keys, policy, &made->detail);
		CHECK_EQ(road_firmware_image_payload(image, &payload, &count, NULL),
			 rc ? ROAD_FIRMWARE_NOT_VERIFIED : ROAD_FIRMWARE_OK);
		CHECK_EQ(count, rc ? 0 : PAYLOAD);
	}
	road_firmware_image_free(image);
	return rc;
}

static road_firmware_error judge(struct made *made, const road_firmware_policy *policy)
{
	road_firmware_keys *keys = NULL;

	REQUIRE_EQ(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	REQUIRE_EQ(road_firmware_keys_add(keys, &made->key, NULL), ROAD_FIRMWARE_OK);
	const road_firmware_error rc = judge_keys(made, keys, policy);

	road_firmware_keys_free(keys);
	return rc;
}

/* A further entry in the area that the digest does not cover; all sizes are right. */
static void add_open(struct made *made, uint16_t type, const void *value, uint16_t bytes)
{
	uint8_t *head = made->bytes + made->count - OPEN_BYTES;
	const uint8_t entry[4] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)bytes, 0};
	const size_t total = OPEN_BYTES + sizeof(entry) + bytes;

	REQUIRE(made->count + sizeof(entry) + bytes <= ROOM && bytes < 256);
	REQUIRE(head[0] == 0x07 && head[1] == 0x69);
	memcpy(made->bytes + made->count, entry, sizeof(entry));
	memcpy(made->bytes + made->count + sizeof(entry), value, bytes);
	made->count += sizeof(entry) + bytes;
	head[2] = (uint8_t)total;
	head[3] = (uint8_t)(total >> 8);
}

CONFORMANCE_CASE(firmware, fw_bad_magic)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);

	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_OK);
	for (unsigned bit = 0; bit < 32; bit++) {
		made->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_BAD_MAGIC);
		CHECK(strstr(made->detail.where, "byte 0") && made->detail.seen[0]);
		made->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

CONFORMANCE_CASE(firmware, fw_truncated_every_offset)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);
	const size_t whole = made->count;

	for (made->count = 0; made->count < whole; made->count++) {
		CHECK(judge(made, NULL) != ROAD_FIRMWARE_OK);
		CHECK(made->detail.what[0] && made->detail.where[0]);
	}
	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_OK);
}

/* The payload's bits, too: there is nothing that does not count. */
CONFORMANCE_CASE(firmware, fw_bitflip_every_bit_metadata)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);

	for (size_t bit = 0; bit < 8 * made->count; bit++) {
		made->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK(judge(made, NULL) != ROAD_FIRMWARE_OK);
		made->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_OK);
}

CONFORMANCE_CASE(firmware, fw_duplicate_tlv)
{
	static const struct {
		uint16_t type, bytes;
	} rows[] = {{0x10, 32}, {0x01, 32}, {0x24, 64}};
	const road_firmware_sign_options options = usual();

	for (unsigned i = 0; i < 3; i++) {
		struct made *made = make(f, &options);
		road_firmware_tlv tlv = {.size = sizeof(tlv)};
		road_firmware_image *image = NULL;
		uint8_t value[64] = {0};

		/* the very same value again */
		REQUIRE_EQ(road_firmware_image_read(made->bytes, made->count, &image, NULL),
			   ROAD_FIRMWARE_OK);
		for (uint32_t n = 0; !road_firmware_image_tlv(image, n, &tlv); n++)
			if (tlv.type == rows[i].type)
				memcpy(value, tlv.value, tlv.bytes);
		road_firmware_image_free(image);
		add_open(made, rows[i].type, value, rows[i].bytes);
		CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_BAD_TLV);
	}
}

/* Whoever has an image can add to what its digest does not cover: nothing there is believed. */
CONFORMANCE_CASE(firmware, fw_unprotected_unknown_tlv)
{
	static const struct {
		uint16_t type, bytes;
	} rows[] = {{0x50, 4},   {0x74, 16},  {0x75, 16}, {0x40, 12},  {0x52a0, 4},
		    {0x00a0, 1}, {0xfffe, 1}, {0x11, 48}, {0x12, 64},  {0x20, 64},
		    {0x25, 64},  {0x30, 64},  {0x60, 8},  {0x7777, 2}, {0xffff, 2}};
	static const uint8_t value[64] = {9};
	road_firmware_sign_options options = usual();
	road_firmware_policy policy = {
		.size = sizeof(policy), .has = ROAD_FIRMWARE_HAS_COUNTER, .minimum_counter = 9};

	options.has = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made *made = make(f, &options);

		add_open(made, rows[i].type, value, rows[i].bytes);
		CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_BAD_TLV);
		CHECK_EQ(judge(made, &policy), ROAD_FIRMWARE_BAD_TLV);
	}
}

CONFORMANCE_CASE(firmware, fw_trailing_bytes)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);
	const size_t whole = made->count;

	for (made->count = whole + 1; made->count < whole + 100; made->count++)
		CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_BAD_TLV);
}

CONFORMANCE_CASE(firmware, fw_unknown_key)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options), *stranger = make(f, &options);
	road_firmware_keys *none = NULL;

	REQUIRE_EQ(road_firmware_keys_create(&none, NULL), ROAD_FIRMWARE_OK);
	CHECK_EQ(judge_keys(made, none, NULL), ROAD_FIRMWARE_UNKNOWN_KEY);
	road_firmware_keys_free(none);
	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_OK);
	/* the name of a known key does not make a stranger's signature its own */
	memcpy(made->bytes + made->count - 64, stranger->bytes + stranger->count - 64, 64);
	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_BAD_SIGNATURE);
	made->key = stranger->key;
	CHECK_EQ(judge(made, NULL), ROAD_FIRMWARE_UNKNOWN_KEY);
}

CONFORMANCE_CASE(firmware, fw_revoked_key)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);
	road_firmware_keys *keys = NULL;

	REQUIRE_EQ(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	for (unsigned i = 0; i < 3; i++) {
		made->key.revoked = i == 1;
		CHECK_EQ(road_firmware_keys_add(keys, &made->key, NULL), ROAD_FIRMWARE_OK);
		CHECK_EQ(judge_keys(made, keys, NULL),
			 i ? ROAD_FIRMWARE_REVOKED_KEY : ROAD_FIRMWARE_OK);
	}
	road_firmware_keys_free(keys);
}

CONFORMANCE_CASE(firmware, fw_wrong_cid)
{
	road_firmware_sign_options options = usual();
	road_firmware_policy policy = {
		.size = sizeof(policy), .has = ROAD_FIRMWARE_HAS_CLASS, .chip_class = other_chip};
	struct made *made = make(f, &options);

	CHECK_EQ(judge(made, &policy), ROAD_FIRMWARE_WRONG_CHIP);
	policy.chip_class = chip;
	CHECK_EQ(judge(made, &policy), ROAD_FIRMWARE_OK);
	made->key.has = ROAD_FIRMWARE_HAS_CLASS;
	made->key.chip_class = other_chip;
	CHECK_EQ(judge(made, &policy), ROAD_FIRMWARE_WRONG_CHIP);
	options.has = 0; /* for any chip is not for this one */
	made = make(f, &options);
	CHECK_EQ(judge(made, &policy), ROAD_FIRMWARE_WRONG_CHIP);
}

CONFORMANCE_CASE(firmware, fw_rollback_refused)
{
	const road_firmware_sign_options options = usual();
	struct made *made = make(f, &options);
	road_firmware_policy policy = {.size = sizeof(policy), .has = ROAD_FIRMWARE_HAS_COUNTER};

	for (uint32_t counter = 0; counter < 2 * COUNTER; counter++) {
		const road_firmware_error wanted =
			counter > COUNTER ? ROAD_FIRMWARE_ROLLBACK : ROAD_FIRMWARE_OK;

		policy.minimum_counter = counter;
		CHECK_EQ(judge(made, &policy), wanted);
		made->key.has = ROAD_FIRMWARE_HAS_COUNTER;
		made->key.minimum_counter = counter;
		CHECK_EQ(judge(made, NULL), wanted);
		made->key.has = 0;
	}
}

CONFORMANCE_CASE(firmware, fw_same_counter_lower_version_ok)
{
	road_firmware_sign_options options = usual();
	const road_firmware_policy policy = {.size = sizeof(policy),
					     .has = ROAD_FIRMWARE_HAS_COUNTER,
					     .minimum_counter = COUNTER};

	for (uint8_t major = 9; major; major--) {
		options.version.major = major;
		CHECK_EQ(judge(make(f, &options), &policy), ROAD_FIRMWARE_OK);
	}
}

/* Of two dependencies each is not there, too old, just right, newer. */
CONFORMANCE_CASE(firmware, fw_dependency_matrix)
{
	static const road_firmware_version there[] = {
		{0}, {1, 9, 9, 9}, {2, 0, 0, 1}, {2, 0, 1, 0}};
	const road_firmware_dependency needed[] = {{0, {2, 0, 0, 1}}, {255, {2, 0, 0, 1}}};
	road_firmware_sign_options options = usual();

	options.dependencies = needed;
	options.dependency_count = 2;
	struct made *made = make(f, &options);

	for (unsigned i = 0; i < 16; i++) {
		road_firmware_present present[2];
		road_firmware_policy policy = {
			.size = sizeof(policy), .present = present, .check_dependencies = 1};

		if (i % 4)
			present[policy.present_count++] = (road_firmware_present){0, there[i % 4]};
		if (i / 4)
			present[policy.present_count++] =
				(road_firmware_present){255, there[i / 4]};
		CHECK_EQ(judge(made, &policy), i % 4 >= 2 && i / 4 >= 2
						       ? ROAD_FIRMWARE_OK
						       : ROAD_FIRMWARE_DEPENDENCY_MISSING);
	}
}

CONFORMANCE_CASE(firmware, fw_uuid_tlv_numbers_pinned)
{
	const road_firmware_sign_options options = usual();
	const struct made *made = make(f, &options);
	road_firmware_tlv tlv = {.size = sizeof(tlv)};
	road_firmware_image *image = NULL;
	unsigned found = 0;

	REQUIRE_EQ(road_firmware_image_read(made->bytes, made->count, &image, NULL),
		   ROAD_FIRMWARE_OK);
	for (uint32_t i = 0; !road_firmware_image_tlv(image, i, &tlv); i++) {
		const road_firmware_uuid *wanted = tlv.type == 0x74   ? &vendor
						   : tlv.type == 0x75 ? &chip
								      : NULL;

		if (!wanted)
			continue;
		found++;
		CHECK_EQ(tlv.is_protected, 1);
		CHECK_EQ(tlv.bytes, sizeof(*wanted));
		CHECK_SAME(tlv.value, wanted, sizeof(*wanted));
	}
	CHECK_EQ(found, 2);
	road_firmware_image_free(image);
}
