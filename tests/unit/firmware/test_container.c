/* SPDX-License-Identifier: Apache-2.0 */
/* The form of containers: what is written is read, and nothing else is. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/firmware/forge.h"
#include "uapi/firmware/image.h"

static const uint8_t uuid_a[16] = {1, 2, 3}, uuid_b[16] = {4, 5, 6};

/* An image with one of everything. */
static void forge_full(struct forge *f)
{
	static const uint8_t counter[4] = {7, 0, 0, 0};
	static const uint8_t dependency[12] = {2, 0, 0, 0, 1, 5, 6, 0, 7, 0, 0, 0};

	forge_begin(f);
	forge_inside(f, ROAD_FW_TLV_DEPENDENCY, dependency, sizeof(dependency));
	forge_inside(f, ROAD_FW_TLV_COUNTER, counter, sizeof(counter));
	forge_inside(f, ROAD_FW_TLV_VENDOR, uuid_a, sizeof(uuid_a));
	forge_inside(f, ROAD_FW_TLV_CLASS, uuid_b, sizeof(uuid_b));
	forge_inside(f, ROAD_FW_TLV_COMPONENT, "command-processor", 17);
	forge_inside(f, 0x12fe, "anything", 8);
	forge_seal(f);
}

static void check_full(const road_firmware_image *image, bool own)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_dependency dependency;

	CU_ASSERT_EQUAL_FATAL(road_firmware_image_info_get(image, &info), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(info.version.major, 1);
	CU_ASSERT_EQUAL(info.version.minor, 2);
	CU_ASSERT_EQUAL(info.version.revision, 3);
	CU_ASSERT_EQUAL(info.version.build, 4);
	CU_ASSERT_EQUAL(info.has, ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR |
					  ROAD_FIRMWARE_HAS_CLASS);
	CU_ASSERT_EQUAL(info.counter, 7);
	CU_ASSERT_FALSE(memcmp(info.vendor.bytes, uuid_a, 16));
	CU_ASSERT_FALSE(memcmp(info.chip_class.bytes, uuid_b, 16));
	CU_ASSERT_STRING_EQUAL(info.component, "command-processor");
	CU_ASSERT_EQUAL(info.dependency_count, 1);
	CU_ASSERT_EQUAL(road_firmware_image_dependency(image, 0, &dependency), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(dependency.image, 2);
	CU_ASSERT_EQUAL(dependency.at_least.minor, 5);
	CU_ASSERT_EQUAL(dependency.at_least.revision, 6);
	CU_ASSERT_EQUAL(dependency.at_least.build, 7);
	CU_ASSERT_EQUAL(road_firmware_image_dependency(image, 1, &dependency),
			ROAD_FIRMWARE_NOT_FOUND);
	uint32_t count = 0, inside = 0;

	for (road_firmware_tlv tlv = {.size = sizeof(tlv)};
	     !road_firmware_image_tlv(image, count, &tlv); count++)
		inside += tlv.is_protected;
	CU_ASSERT_EQUAL(inside, own ? 5 : 6);
	CU_ASSERT_EQUAL(count, inside + 3);
}

static void test_full(void)
{
	struct forge f;

	forge_full(&f);
	road_firmware_image *image = forge_read(f.bytes, f.byte_count);

	check_full(image, false);
	road_firmware_image_free(image);
	CU_ASSERT_EQUAL(forge_judge(&f, true, NULL), ROAD_FIRMWARE_OK);
	f.header_bytes = 512;
	forge_seal(&f);
	CU_ASSERT_EQUAL(forge_judge(&f, true, NULL), ROAD_FIRMWARE_OK);
}

static void test_round_trip(void)
{
	static const uint8_t payload[] = "firmware";
	const road_firmware_dependency dependency = {2, {1, 5, 6, 7}};
	road_firmware_sign_options options = {.size = sizeof(options),
					      .version = {1, 2, 3, 4},
					      .has = 7,
					      .counter = 7,
					      .component = "command-processor",
					      .dependencies = &dependency,
					      .dependency_count = 1};
	uint8_t seed[32], key[32];
	void *bytes = NULL;
	const void *whole, *got;
	size_t count, whole_count, got_count;

	memcpy(options.vendor.bytes, uuid_a, 16);
	memcpy(options.chip_class.bytes, uuid_b, 16);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(
		road_firmware_sign(payload, sizeof(payload), seed, &options, &bytes, &count, NULL),
		ROAD_FIRMWARE_OK);
	road_firmware_image *image = forge_read(bytes, count);
	road_firmware_keys *keys = forge_keys(key);

	check_full(image, true);
	CU_ASSERT_EQUAL(road_firmware_image_bytes(image, &whole, &whole_count, NULL),
			ROAD_FIRMWARE_NOT_VERIFIED);
	CU_ASSERT_EQUAL(road_firmware_image_verify(image, keys, NULL, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_image_bytes(image, &whole, &whole_count, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_image_payload(image, &got, &got_count, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_TRUE(whole_count == count && !memcmp(whole, bytes, count) && whole != bytes);
	CU_ASSERT_TRUE(got_count == sizeof(payload) && !memcmp(got, payload, sizeof(payload)));
	road_firmware_keys_free(keys);
	road_firmware_image_free(image);
	road_firmware_free(bytes);
}

/* Not even the payload: each bit of the file counts. */
static void test_every_bit(void)
{
	unsigned missed = 0, hashes = 0, signatures = 0, keys = 0;
	struct forge f;

	forge_full(&f);
	for (size_t bit = 0; bit < 8 * f.byte_count; bit++) {
		f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		const road_firmware_error rc = forge_judge(&f, true, NULL);

		f.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		missed += rc == ROAD_FIRMWARE_OK;
		hashes += rc == ROAD_FIRMWARE_HASH_MISMATCH;
		signatures += rc == ROAD_FIRMWARE_BAD_SIGNATURE;
		keys += rc == ROAD_FIRMWARE_UNKNOWN_KEY;
	}
	CU_ASSERT_EQUAL(missed, 0);
	CU_ASSERT_TRUE(hashes >= 8 * f.payload_bytes);
	CU_ASSERT_EQUAL(signatures, 8 * 64);
	CU_ASSERT_EQUAL(keys, 8 * 32);
	CU_ASSERT_EQUAL(forge_judge(&f, true, NULL), ROAD_FIRMWARE_OK);
}

/* Each length is refused for its form, before anything is computed. Copies of exactly that length
 * let a sanitizer see a read behind the end. */
static void test_every_length(void)
{
	struct forge f;

	forge_full(&f);
	for (size_t count = 0; count < f.byte_count; count++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		uint8_t *copy = malloc(count ? count : 1);

		memcpy(copy, f.bytes, count);
		CU_ASSERT_NOT_EQUAL(forge_judge_bytes(&f, copy, count, false, &detail),
				    ROAD_FIRMWARE_OK);
		CU_ASSERT_TRUE(detail.what[0] && detail.where[0] && detail.allowed[0]);
		free(copy);
	}
}

static void test_trailing(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct forge f;

	forge_full(&f);
	for (size_t more = 1; more < 64; more++) {
		f.bytes[f.byte_count + more - 1] = 0;
		CU_ASSERT_EQUAL(forge_judge_bytes(&f, f.bytes, f.byte_count + more, true, &detail),
				ROAD_FIRMWARE_BAD_TLV);
		CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_TLV, "head of the open"));
	}
}

/* A field of the header: what is wrong with it, and the error that says so. */
static void test_header(void)
{
	static const struct {
		uint8_t at, value;
		road_firmware_error error;
		const char *where;
	} rows[] = {
		{0, 0x3c, ROAD_FIRMWARE_BAD_MAGIC, "byte 0 (magic)"},
		{4, 1, ROAD_FIRMWARE_BAD_HEADER, "byte 4 (load_address)"},
		{7, 0x80, ROAD_FIRMWARE_BAD_HEADER, "byte 4 (load_address)"},
		{8, 31, ROAD_FIRMWARE_BAD_HEADER, "byte 8 (header_bytes)"},
		{9, 0x10, ROAD_FIRMWARE_BAD_HEADER, "byte 8 (header_bytes)"},
		{10, 4, ROAD_FIRMWARE_BAD_HEADER, "byte 10 (protected_bytes)"},
		{11, 0x10, ROAD_FIRMWARE_BAD_HEADER, "byte 10 (protected_bytes)"},
		{12, 0, ROAD_FIRMWARE_BAD_HEADER, "byte 12 (payload_bytes)"},
		{13, 0x10, ROAD_FIRMWARE_BAD_HEADER, "byte 12 (payload_bytes)"},
		{15, 0xff, ROAD_FIRMWARE_TOO_BIG, "byte 12 (payload_bytes)"},
		{16, 0x01, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{16, 0x04, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{16, 0x08, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{16, 0x20, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{17, 0x01, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{19, 0x80, ROAD_FIRMWARE_BAD_HEADER, "byte 16 (flags)"},
		{28, 1, ROAD_FIRMWARE_BAD_HEADER, "byte 28 (reserved)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		struct forge f;

		forge_full(&f);
		f.bytes[rows[i].at] = rows[i].value;
		CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), rows[i].error);
		CU_ASSERT_TRUE(forge_says(&detail, rows[i].error, rows[i].where));
		CU_ASSERT_EQUAL(!!strstr(detail.what, "encrypted"),
				rows[i].at == 16 && (rows[i].value & 0x0c));
	}
}

static void test_header_signed(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct forge f;

	forge_begin(&f); /* nothing that a signature allows is more than the form allows */
	f.header[16] = 0x20;
	forge_seal(&f);
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_BAD_HEADER);
	f.header[16] = 0x10;
	forge_seal(&f);
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_OK);
	f.header_bytes = 64;
	forge_seal(&f);
	f.bytes[40] = 1;
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_BAD_HEADER);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_HEADER, "byte 32"));
	memset(f.bytes + 32, 0xff, 32); /* erased flash: the form is right */
	CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_HASH_MISMATCH);
}

/* One entry more, in one of the areas, of an image that is signed as it stands. */
static const uint8_t blank[64];
static const uint8_t odd[12] = {0, 1};
static const struct {
	uint16_t type, bytes;
	const void *value;
	bool inside, fine;
} entries[] = {
	{0x74, 16, blank, true, true},
	{0x75, 16, blank, true, true},
	{0x50, 4, blank, true, true},
	{0x40, 12, blank, true, true},
	{0x52a0, 4, "boot", true, true},
	{0x00a0, 0, blank, true, true},
	{0xfffe, 3, blank, true, true},
	/* in the wrong area */
	{0x74, 16, blank, false, false},
	{0x75, 16, blank, false, false},
	{0x50, 4, blank, false, false},
	{0x40, 12, blank, false, false},
	{0x52a0, 4, "boot", false, false},
	{0x00a0, 0, blank, false, false},
	{0x10, 32, blank, true, false},
	{0x01, 32, blank, true, false},
	{0x24, 64, blank, true, false},
	/* there already */
	{0x10, 32, blank, false, false},
	{0x01, 32, blank, false, false},
	{0x24, 64, blank, false, false},
	/* not known: other digests and signatures, a whole key, compression, reserved */
	{0x11, 48, blank, false, false},
	{0x12, 64, blank, false, false},
	{0x02, 44, blank, false, false},
	{0x20, 64, blank, false, false},
	{0x22, 64, blank, false, false},
	{0x25, 64, blank, false, false},
	{0x60, 4, blank, true, false},
	{0x70, 4, blank, true, false},
	{0x73, 4, blank, true, false},
	{0x80, 16, blank, true, false},
	{0x81, 16, blank, true, false},
	{0x00ff, 1, blank, true, false},
	{0x009f, 1, blank, true, false},
	{0xffff, 1, blank, false, false},
	/* wrapped keys */
	{0x30, 64, blank, false, false},
	{0x31, 64, blank, false, false},
	{0x32, 64, blank, true, false},
	{0x33, 64, blank, true, false},
	/* sizes and values */
	{0x74, 15, blank, true, false},
	{0x75, 17, blank, true, false},
	{0x50, 3, blank, true, false},
	{0x50, 5, blank, true, false},
	{0x40, 11, blank, true, false},
	{0x40, 12, odd, true, false},
	{0x52a0, 0, "", true, false},
	{0x52a0, 32, blank, true, false},
	{0x52a0, 4, "Boot", true, false},
	{0x52a0, 4, "a/..", true, false},
	{0x52a0, 5, "boot", true, false},
};

static void test_entries(void)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		char where[16];
		struct forge f;

		forge_begin(&f);
		(entries[i].inside ? forge_inside : forge_outside)(
			&f, entries[i].type, entries[i].value, entries[i].bytes);
		forge_seal(&f);
		snprintf(where, sizeof(where), "entry 0x%04x", entries[i].type);
		CU_ASSERT_EQUAL(forge_judge(&f, true, &detail),
				entries[i].fine ? ROAD_FIRMWARE_OK : ROAD_FIRMWARE_BAD_TLV);
		CU_ASSERT_TRUE(entries[i].fine ||
			       forge_says(&detail, ROAD_FIRMWARE_BAD_TLV, where));
		CU_ASSERT_EQUAL(!!strstr(detail.what, "encrypted"),
				(entries[i].type & 0xfffc) == 0x30);
	}
}

static void test_duplicates(void)
{
	static const struct {
		uint16_t type, bytes;
		bool fine;
	} rows[] = {{0x74, 16, false},  {0x75, 16, false},  {0x50, 4, false},
		    {0x52a0, 1, false}, {0x12a5, 1, false}, {0x40, 12, true}};
	static const uint8_t value[16] = {'0'};
	static const uint8_t nothing[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		struct forge f;

		forge_begin(&f);
		for (unsigned n = 0; n < 2; n++)
			forge_inside(&f, rows[i].type, rows[i].fine ? nothing : value,
				     rows[i].bytes);
		forge_seal(&f);
		CU_ASSERT_EQUAL(forge_judge(&f, true, &detail),
				rows[i].fine ? ROAD_FIRMWARE_OK : ROAD_FIRMWARE_BAD_TLV);
		CU_ASSERT_TRUE(rows[i].fine || !strcmp(detail.what, "stands there twice"));
	}
}

/* Each of the three has to be there. */
static void test_missing(void)
{
	static const uint8_t zeros[64];
	static const struct forge_entry three[] = {
		{0x10, 32, zeros}, {0x01, 32, zeros}, {0x24, 64, zeros}};
	static const char *const names[] = {"digest", "key hash", "signature"};

	for (unsigned left_out = 0; left_out < 3; left_out++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		struct forge f;

		forge_begin(&f);
		f.bare = true;
		for (unsigned i = 0; i < 3; i++)
			if (i != left_out)
				forge_outside(&f, three[i].type, three[i].value, three[i].bytes);
		forge_seal(&f);
		CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_BAD_TLV);
		CU_ASSERT_STRING_EQUAL(detail.allowed, names[left_out]);
	}
}

/* Sizes of entries and of areas that do not add up, with a signature that is right where it can
 * be. */
static void test_sums(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	struct forge f;

	forge_full(&f);
	const size_t inside_at = 32 + f.payload_bytes;

	f.bytes[inside_at + 2]++; /* total of the protected area */
	CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_BAD_TLV);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_TLV, "head of the protected"));
	f.bytes[inside_at + 2]--;
	f.bytes[inside_at + 6]++; /* the first entry's */
	CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_BAD_TLV);
	f.bytes[inside_at + 6]--;
	f.bytes[inside_at + 7] = 0xff;
	CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_BAD_TLV);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_TLV, "entry at byte"));
	f.bytes[inside_at + 7] = 0;
	f.bytes[f.outside_at + 2]--; /* total of the open area: the signature loses a byte */
	CU_ASSERT_EQUAL(forge_judge(&f, false, &detail), ROAD_FIRMWARE_BAD_TLV);
	f.bytes[f.outside_at + 2]++;
	CU_ASSERT_EQUAL(forge_judge(&f, true, &detail), ROAD_FIRMWARE_OK);
}

static void test_too_big(void)
{
	const size_t most =
		ROAD_FW_HEADER_MAX + ROAD_FW_PAYLOAD_MAX + ROAD_FW_PROTECTED_MAX + ROAD_FW_TLVS_MAX;
	road_firmware_sign_options options = {.size = sizeof(options)};
	road_firmware_detail detail = {.size = sizeof(detail)};
	static const uint8_t seed[32] = {1};
	uint8_t *bytes = calloc(1, most + 1);
	road_firmware_image *image;
	void *out;
	size_t count;

	CU_ASSERT_EQUAL(road_firmware_image_read(bytes, most + 1, &image, &detail),
			ROAD_FIRMWARE_TOO_BIG);
	CU_ASSERT_EQUAL(road_firmware_image_read(bytes, most, &image, &detail),
			ROAD_FIRMWARE_BAD_MAGIC);
	CU_ASSERT_EQUAL(road_firmware_sign(bytes, ROAD_FW_PAYLOAD_MAX + 1, seed, &options, &out,
					   &count, &detail),
			ROAD_FIRMWARE_TOO_BIG);
	CU_ASSERT_EQUAL_FATAL(road_firmware_sign(bytes, ROAD_FW_PAYLOAD_MAX, seed, &options, &out,
						 &count, &detail),
			      ROAD_FIRMWARE_OK);
	image = forge_read(out, count);
	road_firmware_image_free(image);
	road_firmware_free(out);
	free(bytes);
}

static void test_sign_refuses(void)
{
	static road_firmware_dependency many[300];
	const road_firmware_sign_options good = {.size = sizeof(good)};
	road_firmware_sign_options bad[8];
	static const uint8_t seed[32] = {1};
	void *out;
	size_t count;

	for (unsigned i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].flags = 0x20;
	bad[1].has = 8;
	bad[2].component = "Not/this";
	bad[3].component = "";
	bad[4].dependency_count = 1;
	bad[5].reserved = 1;
	bad[6].size = 0;
	bad[7].dependencies = many;
	bad[7].dependency_count = 300;
	for (unsigned i = 0; i < 8; i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};

		CU_ASSERT_EQUAL(road_firmware_sign("x", 1, seed, &bad[i], &out, &count, &detail),
				i == 7 ? ROAD_FIRMWARE_TOO_BIG : ROAD_FIRMWARE_INVALID_ARGUMENT);
		CU_ASSERT_TRUE(detail.what[0] && detail.where[0]);
	}
	many[0].image = 256;
	bad[7].dependency_count = 1;
	CU_ASSERT_EQUAL(road_firmware_sign("x", 1, seed, &bad[7], &out, &count, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_sign("x", 0, seed, &good, &out, &count, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_sign(NULL, 1, seed, &good, &out, &count, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
}

/* MCUboot's design text has other numbers than its header and its tool, which are meant. */
static void test_numbers(void)
{
	CU_ASSERT_EQUAL(ROAD_FW_TLV_VENDOR, 0x74);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_CLASS, 0x75);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_KEY_HASH, 0x01);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_DIGEST, 0x10);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_SIGNATURE, 0x24);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_DEPENDENCY, 0x40);
	CU_ASSERT_EQUAL(ROAD_FW_TLV_COUNTER, 0x50);
	CU_ASSERT_EQUAL(sizeof(struct road_fw_header), 32);
	CU_ASSERT_EQUAL(sizeof(struct road_fw_dependency), 12);
}

static void test_arguments(void)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_tlv tlv = {0};
	road_firmware_image *image;
	struct forge f;

	CU_ASSERT_EQUAL(road_firmware_image_read(NULL, 1, &image, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_image_read("", 0, NULL, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_firmware_image_read(NULL, 0, &image, NULL), ROAD_FIRMWARE_BAD_HEADER);
	CU_ASSERT_EQUAL(road_firmware_image_info_get(NULL, &info), ROAD_FIRMWARE_INVALID_ARGUMENT);
	forge_full(&f);
	image = forge_read(f.bytes, f.byte_count);
	CU_ASSERT_EQUAL(road_firmware_image_tlv(image, 0, &tlv), ROAD_FIRMWARE_INVALID_ARGUMENT);
	memset(&info, 0x5a, sizeof(info));
	info.size = offsetof(road_firmware_image_info, has);
	CU_ASSERT_EQUAL(road_firmware_image_info_get(image, &info), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(info.version.major, 1);
	CU_ASSERT_EQUAL(info.has, 0x5a5a5a5a);
	road_firmware_image_free(image);
	road_firmware_image_free(NULL);
	road_firmware_free(NULL);
}

static const struct tap_case cases[] = {
	{"an image with one of everything is read and verified", test_full},
	{"what is signed is read, verified and handed out the same", test_round_trip},
	{"every bit that is flipped is refused", test_every_bit},
	{"every length but the whole is refused for its form", test_every_length},
	{"bytes behind the image are refused", test_trailing},
	{"each field of the header is refused by its name", test_header},
	{"a signature does not make up for the form", test_header_signed},
	{"each entry has its area, its size and its values", test_entries},
	{"no entry stands there twice but dependencies", test_duplicates},
	{"digest, key hash and signature have to be there", test_missing},
	{"sizes of entries and areas add up", test_sums},
	{"files and payloads have a limit", test_too_big},
	{"signing refuses what could not be read", test_sign_refuses},
	{"the numbers of the format are MCUboot's", test_numbers},
	{"arguments that are NULL or short are refused", test_arguments},
};

TAP_MAIN(cases)
