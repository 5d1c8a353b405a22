/* SPDX-License-Identifier: Apache-2.0 */
/* What the ROM refuses, each with its code. */
#include <string.h>

#include "tests/unit/sim_boot/rig.h"

static void refused(const struct rig_image *image, uint32_t code)
{
	const uint32_t phase = rig_load(image);

	CU_ASSERT_EQUAL(phase, ROAD_BOOT_PHASE_REJECTED);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), code);
	CU_ASSERT(!rig_step()); /* for good */
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL_FATAL(rig_settle(), ROAD_BOOT_PHASE_WAITING);
}

static void begin(void)
{
	rig_begin(SIM_BOOT_PUSH, 1);
	CU_ASSERT_EQUAL_FATAL(rig_settle(), ROAD_BOOT_PHASE_WAITING);
}

static void end(void)
{
	CU_ASSERT_EQUAL(rig.started, 0);
	CU_ASSERT_EQUAL(rig.violations, 0);
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING); /* a sound one is still taken */
	rig_end();
}

/* ---- BYTES ---- */

static void offer(uint64_t bytes)
{
	rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, bytes);
	rig_put(ROAD_BOOT_REG_OFFER, 4, 0);
	rig_step();
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PHASE, 4), ROAD_BOOT_PHASE_LOADING);
}

static void too_big(void)
{
	static const uint64_t sizes[] = {0, RIG_MOST + 1, UINT64_C(1) << 40, UINT64_MAX};

	for (uint32_t i = 0; i < 4; i++) {
		begin();
		offer(sizes[i]);
		if (i)
			rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, RIG_CHUNK); /* is thrown away */
		rig_put(ROAD_BOOT_REG_COMPLETE64, 8, sizes[i]);
		CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_REJECTED);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_BYTES);
		rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
		end();
		rig_begin(SIM_BOOT_PULL, 1);
		rig_settle();
		offer(sizes[i]);
		if (i) {
			rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS);
			rig_put(ROAD_BOOT_REG_DMA_BYTES, 4,
				rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4));
			rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1);
		}
		CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_REJECTED);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_BYTES);
		CU_ASSERT_EQUAL(rig.reads, 0);
		rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
		end();
	}
}

static void not_as_offered(void)
{
	static const struct {
		uint32_t pushed, complete;
	} rows[] = {{99, 100}, {100, 99}, {100, 101}, {99, 99}};

	for (uint32_t i = 0; i < 4; i++) {
		begin();
		offer(100);
		rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, rows[i].pushed);
		rig_put(ROAD_BOOT_REG_COMPLETE64, 8, rows[i].complete);
		CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_REJECTED);
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_BYTES);
		rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
		end();
	}
}

static void not_mapped(void)
{
	struct rig_image image;

	rig_begin(SIM_BOOT_PULL, 1);
	rig_settle();
	rig_image(&image, 0);
	offer(image.count);
	rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS + RIG_MEMORY - RIG_CHUNK + 1);
	rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, RIG_CHUNK);
	rig_put(ROAD_BOOT_REG_DMA_GO, 4, 1);
	CU_ASSERT_EQUAL(rig_settle(), ROAD_BOOT_PHASE_REJECTED);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_CODE, 4), ROAD_BOOT_CODE_DMA);
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	end();
}

/* ---- CONTAINER, DIGEST, KEY, SIGNATURE ---- */

static void truncated(void)
{
	struct rig_image whole, image;

	begin();
	rig_image(&whole, 0);
	for (uint32_t count = 1; count < whole.count; count++) {
		image = whole;
		image.count = count;
		refused(&image, ROAD_BOOT_CODE_CONTAINER);
	}
	image = whole;
	image.count++; /* a byte behind it */
	refused(&image, ROAD_BOOT_CODE_CONTAINER);
	end();
}

static bool accepts(const struct rig_image *image)
{
	struct boot_image out;

	return boot_check_image(rig.boot, image->bytes, image->count, &out) == ROAD_BOOT_CODE_NONE;
}

/* No bit of it may be another one. */
static void flipped(void)
{
	struct rig_image image;

	begin();
	rig_image(&image, 0);
	CU_ASSERT(accepts(&image));
	for (uint32_t bit = 0; bit < 8 * image.count; bit++) {
		image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT(!accepts(&image));
		image.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	end();
}

static void digest(void)
{
	struct rig_image image;

	begin();
	rig_image(&image, 0);
	image.bytes[ROAD_FW_HEADER_BYTES + 8]++; /* of the payload */
	refused(&image, ROAD_BOOT_CODE_DIGEST);
	rig_image(&image, 0);
	image.bytes[offsetof(struct road_fw_header, version)]++;
	refused(&image, ROAD_BOOT_CODE_DIGEST);
	end();
}

static void another_key(void)
{
	struct rig_recipe recipe;
	struct rig_image image;

	begin();
	rig_recipe(&recipe, 0);
	memcpy(recipe.seed, rig_seed[1], sizeof(recipe.seed));
	rig_sign(&recipe, &image);
	refused(&image, ROAD_BOOT_CODE_KEY);
	end();
}

/* By the hash of the ROM's key, and not with it. */
static void signature(void)
{
	struct rig_image image;

	begin();
	rig_image(&image, 0);
	image.bytes[image.count - 1] ^= 1; /* the signature stands last */
	refused(&image, ROAD_BOOT_CODE_SIGNATURE);
	end();
}

/* ---- CHIP ---- */

static void another_chip(void)
{
	struct rig_recipe recipe;
	struct rig_image image;

	begin();
	for (uint32_t i = 0; i < 6; i++) {
		road_firmware_sign_options *options = &recipe.options;

		rig_recipe(&recipe, 0);
		switch (i) {
		case 0: options->component = "two"; break;
		case 1: options->component = NULL; break;
		case 2: options->vendor.bytes[15]++; break;
		case 3: options->has &= ~ROAD_FIRMWARE_HAS_VENDOR; break;
		case 4: options->chip_class.bytes[0]++; break;
		case 5: options->has &= ~ROAD_FIRMWARE_HAS_CLASS; break;
		}
		rig_sign(&recipe, &image);
		refused(&image, ROAD_BOOT_CODE_CHIP);
	}
	/* Nothing protected at all. */
	recipe.options.has = 0;
	recipe.options.component = NULL;
	rig_sign(&recipe, &image);
	refused(&image, ROAD_BOOT_CODE_CHIP);
	/* A bundle boots nothing. */
	rig_recipe(&recipe, 0);
	recipe.options.flags = ROAD_FIRMWARE_BUNDLE;
	rig_sign(&recipe, &image);
	refused(&image, ROAD_BOOT_CODE_CONTAINER);
	end();
}

/* ---- PROGRAM ---- */

static void no_program(void)
{
	struct rig_recipe recipe;
	struct rig_image image;
	struct road_program head;

	begin();
	for (uint32_t i = 0; i < 4; i++) {
		rig_recipe(&recipe, 0);
		memcpy(&head, recipe.payload, sizeof(head));
		switch (i) {
		case 0: head.magic++; break;
		case 1: head.family = ROAD_PROGRAM_DSA; break;
		case 2: head.opcode_count = UINT32_MAX; break;
		case 3: head.level = 2; break;
		}
		memcpy(recipe.payload, &head, sizeof(head));
		rig_sign(&recipe, &image);
		refused(&image, ROAD_BOOT_CODE_PROGRAM);
	}
	rig_recipe(&recipe, 0);
	recipe.payload_bytes = 10;
	rig_sign(&recipe, &image);
	refused(&image, ROAD_BOOT_CODE_PROGRAM);
	end();
}

/* The second one has to go with the first. */
static void programs_apart(void)
{
	struct rig_recipe recipe;
	struct rig_image image;

	rig_begin(SIM_BOOT_PUSH, 2);
	rig_settle();
	rig_image(&image, 0);
	CU_ASSERT_EQUAL_FATAL(rig_load(&image), ROAD_BOOT_PHASE_WAITING);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT, 4), 1);
	rig_recipe(&recipe, 1);
	recipe.payload[offsetof(struct road_program, quantum_ns)] = 1;
	rig_sign(&recipe, &image);
	refused(&image, ROAD_BOOT_CODE_PROGRAM);
	end();
}

/* Entries that the ROM does not know: of vendors' own if they are protected, else not. */
static void twice(void)
{
	struct rig_image image;
	uint32_t open;

	begin();
	rig_image(&image, 0);
	/* One more digest behind: sizes are right, the entry stands there twice. */
	open = image.count - (4 + 3 * 4 + 32 + 32 + 64);
	memcpy(image.bytes + image.count, image.bytes + open + 4, 36);
	image.count += 36;
	image.bytes[open + 2] = (uint8_t)(image.count - open);
	image.bytes[open + 3] = (uint8_t)((image.count - open) >> 8);
	refused(&image, ROAD_BOOT_CODE_CONTAINER);
	/* The same as an unknown one. */
	image.bytes[image.count - 36] = 0xa0;
	image.bytes[image.count - 35] = 0x12;
	refused(&image, ROAD_BOOT_CODE_CONTAINER);
	end();
}

static const struct tap_case cases[] = {
	{"an image that is too big, or nothing, is refused when it comes", too_big},
	{"fewer bytes or more than were offered are refused", not_as_offered},
	{"a bus address that is not mapped is refused", not_mapped},
	{"an image that is cut anywhere, or longer, is no container", truncated},
	{"no bit of an image may be another one", flipped},
	{"bytes that the digest covers may not change", digest},
	{"an image of a key that the ROM does not hold is refused", another_key},
	{"a signature that is none is refused", signature},
	{"images of other components, vendors and classes are refused", another_chip},
	{"a payload that is no program of the chip's is refused", no_program},
	{"a program that does not go with the first component's is refused", programs_apart},
	{"entries that stand twice or are unknown make no container", twice},
};
TAP_MAIN(cases)
