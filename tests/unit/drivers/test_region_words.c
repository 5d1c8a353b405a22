/* SPDX-License-Identifier: Apache-2.0 */
/* What the reconfiguration unit's helper says of images and of reports: always what was wrong,
 * where, the value seen and the value allowed. */
#include <string.h>

#include "hal/helpers/region_unit.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/region.h"

struct image {
	struct road_config_header header;
	struct road_config_claim claims[2];
	struct road_config_relocation relocations[2];
	uint32_t payload[8];
};

static struct image sound(void)
{
	struct image image = {
		.header = {.magic = ROAD_CONFIG_MAGIC,
			   .version = ROAD_CONFIG_VERSION,
			   .kind = ROAD_CONFIG_FABRIC,
			   .total_bytes = sizeof(image),
			   .units = 1,
			   .claim_count = 2,
			   .relocation_count = 2,
			   .payload_bytes = sizeof(image.payload),
			   .name = "words"},
		.claims = {{ROAD_CLAIM_SCRATCH, ROAD_CONFIG_CLAIM_READ, 0, 64},
			   {ROAD_CLAIM_MEMORY, ROAD_CONFIG_CLAIM_WRITE, 0, 0}},
		.relocations = {{0, ROAD_RELOCATE_UNIT, 0}, {8, ROAD_RELOCATE_CLAIM, 0}},
		.payload = {0, 1, 0, 3},
	};

	image.header.crc = road_region_image_crc(&image);
	return image;
}

static road_status check(const struct image *image, uint64_t bytes)
{
	struct road_region_payload payload;

	services_what[0] = services_where[0] = 0;
	return road_region_image_check(image, bytes, ROAD_CONFIG_FABRIC, NULL, &payload);
}

static bool says_all(void)
{
	return !strncmp(services_where, "configuration image, byte ", 26) &&
	       strstr(services_what, " seen ") && strstr(services_what, " allowed ");
}

static void test_lengths(void)
{
	struct image image = sound();

	CU_ASSERT_EQUAL(check(&image, sizeof(image)), ROAD_OK);
	for (uint64_t bytes = 0; bytes < sizeof(image); bytes++) {
		CU_ASSERT_EQUAL(check(&image, bytes), ROAD_IMAGE_INVALID);
		CU_ASSERT(says_all());
	}
}

/* The checksum is right again: what refuses it is the rule that it breaks. */
static bool is_in_parts(size_t at)
{
	return at < offsetof(struct image, payload) &&
	       (at < offsetof(struct road_config_header, crc) ||
		at >= offsetof(struct road_config_header, fabric));
}

static void test_bits(void)
{
	uint32_t refused = 0;

	for (size_t bit = 0; bit < 8 * sizeof(struct image); bit++) {
		struct image image = sound();
		road_status status;

		((uint8_t *)&image)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		status = check(&image, sizeof(image));
		bool relocated = bit / 8 - offsetof(struct image, payload) < 4 ||
				 bit / 8 - offsetof(struct image, payload) - 8 < 4;

		CU_ASSERT(relocated ? status == ROAD_OK : status == ROAD_IMAGE_INVALID);
		CU_ASSERT(!status || says_all());
		if (!is_in_parts(bit / 8) || image.header.relocation_count != 2 ||
		    image.header.claim_count != 2 ||
		    image.header.payload_bytes != sizeof(image.payload))
			continue;
		if (image.relocations[0].offset > 28 || image.relocations[1].offset > 28 ||
		    image.relocations[0].offset >= image.relocations[1].offset)
			continue; /* there is no canonical form to make a checksum of */
		image.header.crc = road_region_image_crc(&image);
		status = check(&image, sizeof(image));
		refused += status == ROAD_IMAGE_INVALID;
		CU_ASSERT(status != ROAD_IMAGE_INVALID || says_all());
	}
	CU_ASSERT(refused > 200);
}

static void test_claims(void)
{
	const struct {
		struct road_config_claim claim; /* the second one; the first has bytes 0 to 63 */
		const char *where, *what;
	} rows[] = {
		{{9, 1, 0, 0}, "byte 128", "claim of an unknown kind seen 9 allowed 1"},
		{{1, 4, 64, 8}, "byte 132", "seen 4 allowed 1 (read)"},
		{{2, 1, 8, 0}, "byte 136", "claim of memory with a place seen 8 allowed 0"},
		{{2, 1, 0, 8}, "byte 144", "claim of memory with a size seen 8 allowed 0"},
		{{1, 1, 64, 0}, "byte 144", "claim of nothing seen 0 allowed 1 or more"},
		{{1, 1, 64, UINT64_MAX}, "byte 144", "claim beyond all seen "},
		{{1, 1, 63, 8},
		 "byte 136",
		 "claims overlap seen 63 allowed from 64 on, or below 0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct image image = sound();

		image.claims[1] = rows[i].claim;
		image.header.crc = road_region_image_crc(&image);
		CU_ASSERT_EQUAL(check(&image, sizeof(image)), ROAD_IMAGE_INVALID);
		CU_ASSERT(says_all());
		CU_ASSERT_PTR_NOT_NULL(strstr(services_where, rows[i].where));
		CU_ASSERT_PTR_NOT_NULL(strstr(services_what, rows[i].what));
	}
}

#define OP(member) offsetof(struct road_region_op, member)

static void test_reports(void)
{
	static const struct {
		struct road_region_report report;
		const char *what, *where, *seen, *allowed;
	} rows[] = {
		{{.error = ROAD_REGION_ERROR_IMAGE,
		  .detail = ROAD_CONFIG_BAD_CLAIM,
		  .detail_at = 112,
		  .seen = 9,
		  .rule = ROAD_REGION_RULE_AT_MOST,
		  .allowed = 2},
		 "the chip finds the configuration not sound: claim",
		 "image byte 112",
		 "9",
		 "at most 2"},
		{{.error = ROAD_REGION_ERROR_INCOMPATIBLE,
		  .detail = ROAD_CONFIG_BAD_STATE,
		  .detail_at = 8,
		  .seen = UINT64_C(0x1234567890),
		  .rule = ROAD_REGION_RULE_EQUAL,
		  .allowed = UINT64_C(0xabcdef0123)},
		 "the configuration is for another region: saved state",
		 "saved state byte 8",
		 "0x1234567890",
		 "0xabcdef0123"},
		{{.error = ROAD_REGION_ERROR_OP,
		  .detail_at = OP(buffer_bytes),
		  .seen = 3,
		  .rule = ROAD_REGION_RULE_AT_LEAST,
		  .allowed = 4},
		 "the command has a field out of range",
		 "its buffer_bytes",
		 "3",
		 "at least 4"},
		{{.error = ROAD_REGION_ERROR_OP,
		  .detail_at = OP(reserved) + 8,
		  .seen = 1,
		  .rule = ROAD_REGION_RULE_EQUAL},
		 "the command has a field out of range",
		 "its reserved field",
		 "1",
		 "0"},
		{{.error = ROAD_REGION_ERROR_BUSY,
		  .detail = ROAD_REGION_BUSY_WORK,
		  .seen = 2,
		  .rule = ROAD_REGION_RULE_EQUAL},
		 "work runs in the region",
		 "",
		 "2",
		 "0"},
		{{.error = ROAD_REGION_ERROR_BUSY, .detail = ROAD_REGION_BUSY_SLOT, .detail_at = 3},
		 "the slot is active, pinned or in use",
		 "slot 3",
		 "",
		 ""},
		{{.error = ROAD_REGION_ERROR_TIMEOUT,
		  .detail_at = OP(deadline_ns),
		  .seen = 2001,
		  .rule = ROAD_REGION_RULE_AT_MOST,
		  .allowed = 2000},
		 "the deadline of the reconfiguration passed",
		 "its deadline_ns",
		 "2001",
		 "at most 2000"},
		{{.error = ROAD_REGION_ERROR_NOT_RESIDENT,
		  .detail_at = OP(config),
		  .seen = 5,
		  .rule = ROAD_REGION_RULE_RESIDENT},
		 "the configuration is not resident",
		 "its config",
		 "5",
		 "one that is resident"},
		{{.error = 99, .detail = 99, .rule = 99}, "unknown error of the unit", "", "0", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_error out = {.seen = "before", .allowed = "before"};

		road_region_explain(NULL, &rows[i].report, &out);
		CU_ASSERT_STRING_EQUAL(out.what, rows[i].what);
		CU_ASSERT_STRING_EQUAL(out.where, rows[i].where);
		CU_ASSERT_STRING_EQUAL(out.seen, rows[i].seen);
		CU_ASSERT_STRING_EQUAL(out.allowed, rows[i].allowed);
	}
}

static const struct tap_case cases[] = {
	{"an image cut at any length is refused with length and rule", test_lengths},
	{"an image with any bit wrong is refused with value and rule", test_bits},
	{"a wrong claim is named with the value seen and the one allowed", test_claims},
	{"a report says what was wrong, where, what was seen and what is allowed", test_reports},
};
TAP_MAIN(cases)
