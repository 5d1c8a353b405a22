/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as the driver reads them: what it refuses and where, and what patches change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"
#include "tests/support/tap.h"
#include "tools/map/map.h"

static const char text[] = "graph axpy\n"
			   "argument x input\n"
			   "argument y inout\n"
			   "argument n value 8\n"
			   "loop i n\n"
			   "operations 2\n"
			   "recurrences 0\n"
			   "stream xs read.32 x 1\n"
			   "stream ys write.32 y 1\n"
			   "v = mul xs, 3\n"
			   "w = add v, 7\n"
			   "push ys, w\n";

enum { OFFSET = 112 }; /* of the payload in an image */

struct rig {
	struct rpu rpu;
	struct road_drv_device dev;
	struct road_region_payload payload;
	unsigned char *bytes;
	struct road_rpu_config header;
};

static void setup(struct rig *rig)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_fabric fabric = *map_fabric_default();
	struct map_options options = map_options_default;
	struct map_error error;
	size_t bytes = 0;

	memset(rig, 0, sizeof(*rig));
	fabric.rows = fabric.columns = 4;
	CU_ASSERT_EQUAL_FATAL(map_graph_parse(text, sizeof(text) - 1, &graph, &error), 0);
	CU_ASSERT_EQUAL_FATAL(map_run(&graph, &fabric, &options, &mapping, &error), 0);
	rig->bytes = map_emit(&graph, &fabric, &mapping, &bytes, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->bytes);
	memcpy(&rig->header, rig->bytes, sizeof(rig->header));
	rig->rpu.params.fabric = rig->header.fabric_id;
	rig->dev.data = &rig->rpu;
	rig->payload = (struct road_region_payload){rig->bytes, (uint32_t)bytes, OFFSET};
}

static road_status check(struct rig *rig)
{
	return rpu_payload_check(&rig->dev, &rig->payload);
}

static road_status patch(struct rig *rig, uint32_t kind, uint32_t index, uint32_t field,
			 uint64_t value)
{
	const struct road_patch one = {
		.kind = kind, .index = index, .field = field, .value = value};

	return rpu_payload_patch(NULL, &one, 1, rig->bytes, rig->payload.byte_count);
}

#define AT(member) offsetof(struct road_rpu_config, member)

static void refusals_name_the_byte(void)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {{AT(magic), 0},     {AT(version), 9},    {AT(interval), 17},
		    {AT(fabric_id), 1}, {AT(streams), 13},   {AT(argument_bytes), 4},
		    {AT(name), 0},      {AT(total_bytes), 1}};
	struct rig rig;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_error error = {.size = sizeof(error)};
		char where[64];

		setup(&rig);
		rig.bytes[rows[i].at] = rows[i].value;
		CU_ASSERT_EQUAL(check(&rig), ROAD_IMAGE_INVALID);
		snprintf(where, sizeof(where), "byte %zu", OFFSET + rows[i].at);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.where, where));
		free(rig.bytes);
	}
}

static void each_bit_of_a_word_is_guarded(void)
{
	unsigned missed = 0;
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(check(&rig), ROAD_OK);
	for (unsigned word = 0; word < 16; word++)
		for (unsigned bit = 0; bit < 64; bit++) {
			unsigned char *at =
				rig.bytes + sizeof(struct road_rpu_config) + word * 8 + bit / 8;

			*at ^= (unsigned char)(1u << bit % 8);
			missed += check(&rig) == ROAD_OK;
			*at ^= (unsigned char)(1u << bit % 8);
		}
	CU_ASSERT_EQUAL(missed, 0);
	free(rig.bytes);
}

static void no_cut_is_taken(void)
{
	unsigned taken = 0;
	struct rig rig;

	setup(&rig);
	const uint32_t whole = rig.payload.byte_count;

	for (uint32_t bytes = 0; bytes < whole; bytes++) {
		unsigned char *cut = malloc(bytes ? bytes : 1); /* as long: a checker sees more */

		memcpy(cut, rig.bytes, bytes);
		rig.payload.bytes = cut;
		rig.payload.byte_count = bytes;
		taken += check(&rig) == ROAD_OK;
		free(cut);
	}
	CU_ASSERT_EQUAL(taken, 0);
	free(rig.bytes);
}

static void arguments_are_as_the_graph_says(void)
{
	static const char *const names[] = {"x", "y", "n"};
	struct road_rpu_argument argument;
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(rig.header.arguments, 3);
	for (uint32_t i = 0; i < 3; i++) {
		rpu_payload_argument(rig.bytes, i, &argument);
		CU_ASSERT_STRING_EQUAL((const char *)argument.name, names[i]);
		CU_ASSERT_EQUAL(argument.offset, 8 * i);
	}
	free(rig.bytes);
}

static void patches_change_what_they_name(void)
{
	struct road_rpu_value value;
	struct road_rpu_stream stream;
	uint64_t word;
	struct rig rig;

	setup(&rig);
	const size_t first = sizeof(rig.header) + 8ull * rig.header.interval * 16;
	const size_t streams =
		first + rig.header.constants * sizeof(value) + rig.header.registers * sizeof(value);

	CU_ASSERT_EQUAL(patch(&rig, ROAD_PATCH_CONSTANT, 1, 0, 55), ROAD_OK);
	memcpy(&value, rig.bytes + first + sizeof(value), sizeof(value));
	CU_ASSERT_EQUAL(value.value, 55);
	CU_ASSERT_EQUAL(patch(&rig, ROAD_PATCH_STREAM, 1, ROAD_RPU_FIELD_STREAM_STRIDE, 12),
			ROAD_OK);
	memcpy(&stream, rig.bytes + streams + sizeof(stream), sizeof(stream));
	CU_ASSERT_EQUAL(stream.stride[0], 12);
	CU_ASSERT_EQUAL(patch(&rig, ROAD_PATCH_WORD, 3, 0, 0x1234), ROAD_OK);
	memcpy(&word, rig.bytes + sizeof(rig.header) + 24, sizeof(word));
	CU_ASSERT_EQUAL(word & 0xffffff, 0x1234);
	CU_ASSERT_EQUAL(check(&rig), ROAD_OK); /* with a checksum of its own */
	free(rig.bytes);
}

static void patches_out_of_range_are_refused(void)
{
	struct rig rig;

	setup(&rig);
	const struct {
		uint32_t kind, index, field;
		uint64_t value;
	} rows[] = {
		{ROAD_PATCH_CONSTANT, rig.header.constants, 0, 1},
		{ROAD_PATCH_CONSTANT, 0, 1, 1},
		{ROAD_PATCH_CONSTANT, 0, 0, UINT64_C(1) << 32},
		{ROAD_PATCH_STREAM, rig.header.streams, ROAD_RPU_FIELD_STREAM_STRIDE, 1},
		{ROAD_PATCH_STREAM, 0, ROAD_RPU_FIELD_STREAM_STRIDE | 4 << 8, 1},
		{ROAD_PATCH_STREAM, 0, ROAD_RPU_FIELD_CONSTANT, 1},
		{ROAD_PATCH_STREAM, 0, ROAD_RPU_FIELD_STREAM_BASE, 64}, /* launches fill it in */
		{ROAD_PATCH_WORD, rig.header.interval * 16u, 0, 1},
		{ROAD_PATCH_WORD, 0, 0, UINT64_C(1) << 56},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(
			patch(&rig, rows[i].kind, rows[i].index, rows[i].field, rows[i].value),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(check(&rig), ROAD_OK);
	free(rig.bytes);
}

static const struct tap_case cases[] = {
	{"what cannot be is refused with its byte in the image", refusals_name_the_byte},
	{"each bit of a word is guarded", each_bit_of_a_word_is_guarded},
	{"no image that was cut is taken", no_cut_is_taken},
	{"arguments are as the graph says", arguments_are_as_the_graph_says},
	{"patches change what they name, and words keep a checksum", patches_change_what_they_name},
	{"patches out of range are refused", patches_out_of_range_are_refused},
};
TAP_MAIN(cases)
