/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, UUIDs, errors: text and back. */
#include <roadbed/firmware.h>
#include <string.h>

#include "tests/support/tap.h"

static void test_versions(void)
{
	static const struct {
		const char *text;
		road_firmware_version version;
	} good[] = {
		{"0.0.0", {0, 0, 0, 0}},
		{"1.2.3", {1, 2, 3, 0}},
		{"1.2.3+4", {1, 2, 3, 4}},
		{"255.255.65535+4294967295", {255, 255, 65535, UINT32_MAX}},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		road_firmware_version got = {9, 9, 9, 9};
		char text[ROAD_FIRMWARE_VERSION_TEXT];

		CU_ASSERT_EQUAL(road_firmware_version_parse(good[i].text, &got, NULL), 0);
		CU_ASSERT_EQUAL(road_firmware_version_compare(&got, &good[i].version), 0);
		road_firmware_version_format(&got, text);
		CU_ASSERT_STRING_EQUAL(text, good[i].text);
	}
}

static void test_bad_versions(void)
{
	static const char *const bad[] = {
		"",
		"1",
		"1.2",
		"1.2.3.4",
		"1.2.3+",
		"1.2.3+4 ",
		" 1.2.3",
		"256.0.0",
		"0.256.0",
		"0.0.65536",
		"0.0.0+4294967296",
		"-1.0.0",
		"1.2.3-4",
		"01.2.3",
		"1.2.3+04",
		"1..3",
		"a.b.c",
		"1.2.3+0x4",
		"1.2.3+4+5",
		"0.0.0+99999999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		road_firmware_version got = {9, 9, 9, 9};

		CU_ASSERT_EQUAL(road_firmware_version_parse(bad[i], &got, &detail),
				ROAD_FIRMWARE_INVALID_ARGUMENT);
		CU_ASSERT_STRING_EQUAL(detail.seen, bad[i]);
		CU_ASSERT_PTR_NOT_NULL(strstr(detail.allowed, "MAJOR.MINOR.REVISION"));
		CU_ASSERT_EQUAL(got.major, 9); /* written on success alone */
	}
	CU_ASSERT_EQUAL(road_firmware_version_parse(NULL, NULL, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
}

static void test_order(void)
{
	static const char *const rising[] = {"0.0.0+1", "0.0.1", "0.0.1+1",   "0.0.65535",
					     "0.1.0",   "0.2.0", "0.255.256", "1.0.0",
					     "1.0.0+1", "2.0.0"};
	const int count = sizeof(rising) / sizeof(rising[0]);

	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++) {
			road_firmware_version a, b;

			road_firmware_version_parse(rising[i], &a, NULL);
			road_firmware_version_parse(rising[j], &b, NULL);
			CU_ASSERT_EQUAL(road_firmware_version_compare(&a, &b), (i > j) - (i < j));
		}
}

static void test_uuids(void)
{
	static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
	road_firmware_uuid uuid;
	char back[ROAD_FIRMWARE_UUID_TEXT];

	CU_ASSERT_EQUAL(road_firmware_uuid_parse(text, &uuid, NULL), ROAD_FIRMWARE_OK);
	for (unsigned i = 0; i < 16; i++)
		CU_ASSERT_EQUAL(uuid.bytes[i], i * 0x11);
	road_firmware_uuid_format(&uuid, back);
	CU_ASSERT_STRING_EQUAL(back, text);
	CU_ASSERT_EQUAL(
		road_firmware_uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", &uuid, NULL),
		ROAD_FIRMWARE_OK);
}

static void test_bad_uuids(void)
{
	static const char *const bad[] = {
		"",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233445566778899aabbccddeeff",
		"0011223-34455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeefg",
		"{0112233-4455-6677-8899-aabbccddeeff",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		road_firmware_uuid uuid;

		CU_ASSERT_EQUAL(road_firmware_uuid_parse(bad[i], &uuid, &detail),
				ROAD_FIRMWARE_INVALID_ARGUMENT);
		CU_ASSERT_STRING_EQUAL(detail.seen, bad[i]);
	}
}

/* What tools print and logs keep: neither number nor name may ever change. */
static void test_errors(void)
{
	static const char *const names[] = {"OK",
					    "NOT_FOUND",
					    "TOO_BIG",
					    "BAD_MAGIC",
					    "BAD_HEADER",
					    "BAD_TLV",
					    "HASH_MISMATCH",
					    "UNKNOWN_KEY",
					    "BAD_SIGNATURE",
					    "REVOKED_KEY",
					    "ROLLBACK",
					    "WRONG_CHIP",
					    "WRONG_ABI",
					    "DEPENDENCY_MISSING",
					    "BUSY",
					    "CANCELLED",
					    "TIMEOUT",
					    "RW_ERROR",
					    "WEAROUT",
					    "ROM_REJECTED",
					    "SELFTEST_FAILED",
					    "HEARTBEAT_LOST",
					    "PROTOCOL_MISMATCH",
					    "INVALID_ARGUMENT",
					    "OUT_OF_MEMORY",
					    "NOT_VERIFIED",
					    "BAD_KEY_FILE",
					    "BAD_BUNDLE",
					    "UNSUPPORTED",
					    "BAD_DEVICE",
					    "BAD_COMPRESSION"};
	const unsigned count = sizeof(names) / sizeof(names[0]);

	for (unsigned i = 0; i < count; i++) {
		const road_firmware_error error = (road_firmware_error)i;

		CU_ASSERT_STRING_EQUAL(road_firmware_error_name(error), names[i]);
		CU_ASSERT_STRING_NOT_EQUAL(road_firmware_error_text(error), "unknown error");
		CU_ASSERT_EQUAL(road_firmware_error_status(error) == ROAD_OK, i == 0);
		CU_ASSERT_NOT_EQUAL(road_firmware_error_status(error), ROAD_INTERNAL);
	}
	for (int i = -1; i <= (int)count; i += (int)count + 1) {
		const road_firmware_error error = (road_firmware_error)i;

		CU_ASSERT_STRING_EQUAL(road_firmware_error_text(error), "unknown error");
		CU_ASSERT_STRING_EQUAL(road_firmware_error_name(error), "UNKNOWN");
		CU_ASSERT_EQUAL(road_firmware_error_status(error), ROAD_INTERNAL);
	}
}

/* A detail of a caller that knows less of it is filled as far as it reaches. */
static void test_short_detail(void)
{
	road_firmware_detail detail;
	road_firmware_version version;

	memset(&detail, 0x5a, sizeof(detail));
	detail.size = offsetof(road_firmware_detail, where);
	road_firmware_version_parse("x", &version, &detail);
	CU_ASSERT_EQUAL(detail.error, ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_STRING_EQUAL(detail.what, "is no version");
	CU_ASSERT_EQUAL(detail.where[0], 0x5a);
}

static const struct tap_case cases[] = {
	{"versions are read, and written the same", test_versions},
	{"what is no version is refused, and shown", test_bad_versions},
	{"versions are ordered by each of their parts", test_order},
	{"UUIDs are read in the order of their text", test_uuids},
	{"what is no UUID is refused, and shown", test_bad_uuids},
	{"numbers, names and statuses of errors stay", test_errors},
	{"a shorter detail is filled as far as it reaches", test_short_detail},
};

TAP_MAIN(cases)
