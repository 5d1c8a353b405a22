/* SPDX-License-Identifier: Apache-2.0 */
/* Images that imgtool signed: vectors/README.md. */
#include <string.h>

#include "tests/unit/cache/folder.h"
#include "tests/unit/firmware/forge.h"

#define PAYLOAD "what a command processor obeys, pinned"

static const uint8_t vendor[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				   0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

struct vector {
	uint8_t bytes[1024];
	size_t count;
	road_firmware_keys *keys;
};

static struct vector load(const char *path)
{
	struct vector v;

	v.count = file_read(path, (char *)v.bytes, sizeof(v.bytes));
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&v.keys, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_add_file(v.keys, VECTORS "/key.pub", NULL),
			      ROAD_FIRMWARE_OK);
	return v;
}

static road_firmware_error judge(const struct vector *v, const road_firmware_policy *policy)
{
	road_firmware_image *image = NULL;
	road_firmware_error rc = road_firmware_image_read(v->bytes, v->count, &image, NULL);
	const void *payload;
	size_t bytes;

	if (!rc)
		rc = road_firmware_image_verify(image, v->keys, policy, NULL);
	if (!rc) {
		CU_ASSERT_EQUAL(road_firmware_image_payload(image, &payload, &bytes, NULL), 0);
		CU_ASSERT_TRUE(bytes == strlen(PAYLOAD) && !memcmp(payload, PAYLOAD, bytes));
	}
	road_firmware_image_free(image);
	return rc;
}

static void test_full(void)
{
	struct vector v = load(VECTORS "/full.bin");
	const road_firmware_present present[] = {{1, {1, 5, 0, 0}}, {7, {2, 0, 0, 1}}};
	road_firmware_policy policy = {.size = sizeof(policy),
				       .has = 7,
				       .minimum_counter = 7,
				       .present = present,
				       .present_count = 2,
				       .check_dependencies = 1};

	for (unsigned i = 0; i < 16; i++) {
		policy.vendor.bytes[i] = vendor[i];
		policy.chip_class.bytes[i] = vendor[15 - i];
	}
	CU_ASSERT_EQUAL(judge(&v, &policy), ROAD_FIRMWARE_OK);
	policy.minimum_counter = 8;
	CU_ASSERT_EQUAL(judge(&v, &policy), ROAD_FIRMWARE_ROLLBACK);
	policy.minimum_counter = 7;
	policy.present_count = 1;
	CU_ASSERT_EQUAL(judge(&v, &policy), ROAD_FIRMWARE_DEPENDENCY_MISSING);
	policy.check_dependencies = 0;
	policy.vendor.bytes[0] = 1;
	CU_ASSERT_EQUAL(judge(&v, &policy), ROAD_FIRMWARE_WRONG_CHIP);
	road_firmware_keys_free(v.keys);
}

static void test_said(void)
{
	struct vector v = load(VECTORS "/full.bin");
	road_firmware_image *image = forge_read(v.bytes, v.count);
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_tlv tlv = {.size = sizeof(tlv)};

	CU_ASSERT_EQUAL(road_firmware_image_info_get(image, &info), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(info.header_bytes, 64);
	CU_ASSERT_EQUAL(info.version.build, 4);
	CU_ASSERT_EQUAL(info.counter, 7);
	CU_ASSERT_FALSE(memcmp(info.vendor.bytes, vendor, sizeof(vendor)));
	CU_ASSERT_EQUAL(info.dependency_count, 2);
	CU_ASSERT_EQUAL(road_firmware_image_tlv(image, 5, &tlv), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(tlv.type, 0xa5);
	CU_ASSERT_TRUE(tlv.bytes == 2 && !memcmp(tlv.value, "\1\2", 2));
	road_firmware_image_free(image);
	road_firmware_keys_free(v.keys);
}

static void test_every_bit(void)
{
	struct vector v = load(VECTORS "/bare.bin");
	unsigned missed = 0;

	CU_ASSERT_EQUAL(judge(&v, NULL), ROAD_FIRMWARE_OK);
	for (size_t bit = 0; bit < 8 * v.count; bit++) {
		v.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		missed += judge(&v, NULL) == ROAD_FIRMWARE_OK;
		v.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CU_ASSERT_EQUAL(missed, 0);
	road_firmware_keys_free(v.keys);
}

static const struct tap_case cases[] = {
	{"an image by imgtool verifies, and binds as it says", test_full},
	{"an image by imgtool says what it was told", test_said},
	{"every bit that is flipped in one is refused", test_every_bit},
};

TAP_MAIN(cases)
