/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as descriptors, by their bytes; boxes by what a reference copies. */
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

struct rig {
	struct fake_bus fake;
	struct road_stream_encode context;
	struct road_ring *ring;
	struct road_ring_encoder encoder;
	uint64_t completion;
	unsigned char packets[DSA_DESCRIPTORS_PER_CALL * ROAD_DSA_DESCRIPTOR_BYTES];
};

static void doorbell(void *user, uint64_t tail)
{
	(void)user;
	(void)tail;
}

static void setup(struct rig *rig)
{
	static const struct road_ring_ops ops = {dsa_encode, dsa_encode_fence, doorbell};
	const struct road_ring_geometry geometry = {.packet_bytes = ROAD_DSA_DESCRIPTOR_BYTES,
						    .packets = 16,
						    .packets_per_command = DSA_DESCRIPTORS_PER_CALL,
						    .argument_bytes = 4096,
						    .argument_align = ROAD_DSA_LINE};

	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	CU_ASSERT_EQUAL_FATAL(road_ring_create(&rig->fake.bus, &geometry, &ops, &rig->context, 4,
					       &rig->completion, &rig->ring),
			      ROAD_OK);
	rig->context = (struct road_stream_encode){.vector = 3, .irq = true};
	rig->encoder = (struct road_ring_encoder){.ring = rig->ring,
						  .packets = rig->packets,
						  .packet_room = DSA_DESCRIPTORS_PER_CALL,
						  .ordered = true,
						  .user = &rig->context};
}

static void teardown(struct rig *rig)
{
	road_ring_destroy(rig->ring);
	CU_ASSERT_EQUAL(fake_bus_live(&rig->fake), 0);
}

static void check_bytes(const struct road_cmd *command, bool ordered, const unsigned char *golden)
{
	struct rig rig;

	setup(&rig);
	rig.encoder.ordered = ordered;
	CU_ASSERT_EQUAL(dsa_encode(&rig.encoder, command), 1);
	CU_ASSERT_EQUAL(memcmp(rig.packets, golden, ROAD_DSA_DESCRIPTOR_BYTES), 0);
	CU_ASSERT_EQUAL(rig.encoder.resume, 0);
	teardown(&rig);
}

/* All 64 bytes; those not named are 0. */
#define GOLDEN(command, ordered, ...) \
	check_bytes(&(command), ordered, (const unsigned char[64]){__VA_ARGS__})

static void test_copy(void)
{
	struct road_cmd c = {.copy = {.dst = {.address = 0x7f1122334455},
				      .src = {.address = 0x998877, .bus = true},
				      .bytes = 0x100000001,
				      .rows = 1,
				      .slices = 1}};
	static const int kinds[] = {ROAD_COMMAND_COPY, ROAD_COMMAND_WRITE, ROAD_COMMAND_READ};

	for (unsigned i = 0; i < 3; i++) {
		c.kind = (enum road_command_kind)kinds[i];
		GOLDEN(c, true, 4, 0x05, [8] = 0x55, 0x44, 0x33, 0x22, 0x11, 0x7f, [16] = 0x77,
		       0x88, 0x99, [24] = 1, [28] = 1, [32] = 1, [36] = 1);
		GOLDEN(c, false, 4, 0x04, [8] = 0x55, 0x44, 0x33, 0x22, 0x11, 0x7f, [16] = 0x77,
		       0x88, 0x99, [24] = 1, [28] = 1, [32] = 1, [36] = 1);
	}
}

static void test_box_bytes(void)
{
	struct road_cmd c = {.kind = ROAD_COMMAND_COPY,
			     .copy = {.dst = {.address = 0x10000, .bus = true},
				      .src = {.address = 0x20000},
				      .bytes = 8,
				      .rows = 3,
				      .slices = 4,
				      .dst_row_pitch = 0x110,
				      .dst_slice_pitch = 0x440,
				      .src_row_pitch = 0x210,
				      .src_slice_pitch = 0x840}};

	GOLDEN(c, true, 4, 0x03, [10] = 1, [18] = 2, [24] = 8, [32] = 3, [36] = 4, [40] = 0x10,
	       1, [44] = 0x10, 2, [48] = 4);
}

static void test_fill(void)
{
	struct road_cmd fill = {.kind = ROAD_COMMAND_FILL,
				.fill = {.dst = {.address = 0x10000, .bus = true},
					 .bytes = 0x30,
					 .pattern = UINT64_C(0x0102030405060708),
					 .pattern_bytes = 4}};

	GOLDEN(fill, false, 5, 0x02, 4, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7, 6,
	       5);
	fill.fill.pattern_bytes = 1;
	GOLDEN(fill, true, 5, 0x03, 1, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8);
	fill.fill.pattern_bytes = 2;
	GOLDEN(fill, true, 5, 0x03, 2, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7);
	fill.fill.pattern_bytes = 8;
	GOLDEN(fill, true, 5, 0x03, 8, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7, 6, 5,
	       4, 3, 2, 1);
}

static void test_words(void)
{
	struct road_cmd word = {.kind = ROAD_COMMAND_WAIT_VALUE,
				.word = {.at = {.address = 0x20000, .bus = true},
					 .value = UINT64_C(0x1111111122222222),
					 .bytes = 4,
					 .compare = ROAD_COMPARE_AND}};

	GOLDEN(word, true, 7, 0x05, 4, 2, [18] = 2, [56] = 0x22, 0x22, 0x22, 0x22);
	GOLDEN(word, false, 7, 0x04, 4, 2, [18] = 2, [56] = 0x22, 0x22, 0x22, 0x22);
	/* these two come after all earlier commands even where order is not asked for */
	word.kind = ROAD_COMMAND_WRITE_VALUE;
	word.word.bytes = 8;
	GOLDEN(word, false, 6, 0x03, 8, [10] = 2, [56] = 0x22, 0x22, 0x22, 0x22, 0x11, 0x11, 0x11,
	       0x11);
	word.word.bytes = 4;
	GOLDEN(word, false, 6, 0x03, 4, [10] = 2, [56] = 0x22, 0x22, 0x22, 0x22);
	word.kind = ROAD_COMMAND_TIMESTAMP;
	word.word.at.bus = false;
	GOLDEN(word, false, 8, 0x01, [10] = 2);
}

static void test_conditions(void)
{
	static const uint8_t expected[] = {
		[ROAD_COMPARE_GE] = 0,
		[ROAD_COMPARE_EQ] = 1,
		[ROAD_COMPARE_AND] = 2,
		[ROAD_COMPARE_NOR] = 3,
	};

	for (uint32_t i = ROAD_COMPARE_GE; i <= ROAD_COMPARE_NOR; i++) {
		struct road_cmd word = {.kind = ROAD_COMMAND_WAIT_VALUE,
					.word = {.bytes = 8, .compare = i}};

		GOLDEN(word, false, 7, 0, 8, expected[i]);
	}
}

static void test_code(void)
{
	struct road_cmd code = {.kind = (enum road_command_kind)DSA_COMMAND_LOAD,
				.fill = {.dst = {.address = 0x7f0000001000}, .bytes = 0x1230}};

	GOLDEN(code, false, 2, 0x01, [9] = 0x10, [13] = 0x7f, [24] = 0x30, 0x12);
	code.kind = (enum road_command_kind)DSA_COMMAND_UNLOAD;
	code.fill.bytes = 0;
	GOLDEN(code, false, 3, 0x01, [9] = 0x10, [13] = 0x7f);
}

static void check_fence(bool irq, const unsigned char *golden)
{
	struct rig rig;

	setup(&rig);
	rig.context.irq = irq;
	rig.encoder.ordered = false;
	dsa_encode_fence(&rig.encoder, UINT64_C(0x100000009));
	CU_ASSERT_EQUAL(memcmp(rig.packets, golden, ROAD_DSA_DESCRIPTOR_BYTES), 0);
	teardown(&rig);
}

static void test_fence(void)
{
	check_fence(true, (const unsigned char[64]){9, 0x09, [4] = 3, [56] = 9, 0, 0, 0, 1});
	check_fence(false, (const unsigned char[64]){9, 0x01, [56] = 9, 0, 0, 0, 1});
}

static void test_nothing(void)
{
	struct road_cmd c = {.kind = ROAD_COMMAND_BARRIER};
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(dsa_encode(&rig.encoder, &c), 0);
	c.kind = (enum road_command_kind)DSA_COMMANDS;
	CU_ASSERT_EQUAL(dsa_encode(&rig.encoder, &c), 0);
	for (size_t i = 0; i < sizeof(rig.packets); i++)
		CU_ASSERT_EQUAL_FATAL(rig.packets[i], 0);
	teardown(&rig);
}

static struct road_dsa_task encode_task(struct rig *rig, const struct road_cmd *command)
{
	struct road_dsa_task task;

	CU_ASSERT_EQUAL_FATAL(dsa_encode(&rig->encoder, command), 1);
	memcpy(&task, rig->packets, sizeof(task));
	return task;
}

static void test_launch(void)
{
	static const uint64_t arguments[2] = {0x1111, 0x2222};
	struct dsa_image image = {.code = {.va = 0x7f0000001000},
				  .data = {.va = 0x7f0000008000},
				  .file = {.data_bytes = 9}};
	struct dsa_kernel kernel = {.image = &image, .index = 5};
	struct road_drv_kernel drv = {.data = &kernel};
	struct road_cmd c = {.kind = ROAD_COMMAND_LAUNCH,
			     .launch = {.kernel = &drv,
					.grid = {3, 2, 7},
					.block = {1, 1, 1},
					.arguments = arguments,
					.argument_bytes = sizeof(arguments),
					.watchdog = 77}};
	struct rig rig;

	setup(&rig);
	struct road_dsa_task task = encode_task(&rig, &c);
	const void *block = fake_bus_host(&rig.fake, task.arguments, sizeof(arguments));
	unsigned char golden[64] = {1,        0x01,      [4] = 42,  [9] = 0x10,  [13] = 0x7f,
				    [16] = 5, [20] = 16, [32] = 77, [41] = 0x80, [45] = 0x7f};

	memcpy(golden + 24, &task.arguments, 8); /* the ring chose it */
	CU_ASSERT_EQUAL(memcmp(rig.packets, golden, 64), 0);
	CU_ASSERT_EQUAL(task.arguments % ROAD_DSA_LINE, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(block);
	CU_ASSERT_EQUAL(memcmp(block, arguments, sizeof(arguments)), 0);

	c.launch.argument_bytes = 5000; /* more than the area */
	CU_ASSERT_EQUAL(dsa_encode(&rig.encoder, &c), -1);
	c.launch.argument_bytes = 0;
	c.launch.flags = ROAD_LAUNCH_COOPERATIVE;
	image.file.data_bytes = 0; /* then there is no address */
	rig.encoder.ordered = false;
	task = encode_task(&rig, &c);
	CU_ASSERT_EQUAL(task.flags, ROAD_DSA_WORK_COOPERATIVE);
	CU_ASSERT_EQUAL(task.arguments, 0);
	CU_ASSERT_EQUAL(task.argument_bytes, 0);
	CU_ASSERT_EQUAL(task.data, 0);
	teardown(&rig);
}

/* ---- boxes ---- */

enum { SIDE = 512 };

struct box {
	uint64_t bytes;
	uint32_t rows, slices;
	uint64_t dst_row, dst_slice, src_row, src_slice;
	uint32_t descriptors; /* that it should take */
};

static struct road_cmd command_of(const struct box *b)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_COPY,
				 .copy = {.bytes = b->bytes,
					  .rows = b->rows,
					  .slices = b->slices,
					  .dst_row_pitch = b->dst_row,
					  .dst_slice_pitch = b->dst_slice,
					  .src_row_pitch = b->src_row,
					  .src_slice_pitch = b->src_slice}};
}

/* Marks the pairs (dst, src) of byte offsets that are copied. */
static void mark_row(unsigned char *map, uint64_t dst, uint64_t src, uint64_t bytes)
{
	CU_ASSERT_TRUE_FATAL(dst + bytes <= SIDE && src + bytes <= SIDE);
	for (uint64_t i = 0; i < bytes; i++)
		map[(dst + i) * SIDE + src + i]++;
}

static void mark_box(unsigned char *map, const struct box *b)
{
	for (uint32_t s = 0; s < b->slices; s++)
		for (uint32_t r = 0; r < b->rows; r++)
			mark_row(map, s * b->dst_slice + r * b->dst_row,
				 s * b->src_slice + r * b->src_row, b->bytes);
}

static void mark_descriptor(unsigned char *map, const struct road_dsa_descriptor *d)
{
	for (uint32_t slice = 0; slice < d->slices; slice++)
		for (uint32_t row = 0; row < d->rows; row++) {
			uint64_t line = (uint64_t)slice * d->slice_rows + row;

			mark_row(map, d->dst + line * d->dst_pitch, d->src + line * d->src_pitch,
				 d->bytes);
		}
}

/* With `room` descriptors a call, as a ring that is almost full gives. Returns how many it took. */
static uint32_t play(const struct box *b, uint32_t room, unsigned char *map, uint32_t *ordered)
{
	const struct road_cmd c = command_of(b);
	uint32_t count = 0;
	struct rig rig;

	setup(&rig);
	rig.encoder.packet_room = room;
	do {
		int n = dsa_encode(&rig.encoder, &c);

		CU_ASSERT_TRUE_FATAL(n > 0 && (uint32_t)n <= room);
		for (int i = 0; i < n; i++) {
			struct road_dsa_descriptor d;

			memcpy(&d, rig.packets + 64 * i, sizeof(d));
			*ordered += d.flags & ROAD_DSA_WORK_ORDERED;
			mark_descriptor(map, &d);
		}
		count += (uint32_t)n;
	} while (rig.encoder.resume);
	teardown(&rig);
	return count;
}

static void check_box(const struct box *b, uint32_t room)
{
	unsigned char *expected = calloc(SIDE, SIDE), *got = calloc(SIDE, SIDE);
	uint32_t ordered = 0;

	mark_box(expected, b);
	CU_ASSERT_EQUAL(play(b, room, got, &ordered), b->descriptors);
	CU_ASSERT_EQUAL(memcmp(expected, got, (size_t)SIDE * SIDE), 0);
	CU_ASSERT_EQUAL(ordered, 1); /* the first waits, the others go beside it */
	free(expected);
	free(got);
}

static void test_boxes(void)
{
	static const struct box boxes[] = {
		{8, 5, 1, 16, 0, 24, 0, 1},     {8, 5, 1, 8, 0, 8, 0, 1},
		{8, 3, 4, 8, 32, 8, 40, 1}, /* rows are tight: slices become rows */
		{8, 1, 4, 8, 32, 8, 40, 1},     {8, 3, 4, 16, 48, 24, 72, 1},
		{8, 3, 4, 16, 64, 24, 96, 1},   /* four rows a slice on both sides */
		{8, 3, 4, 16, 64, 24, 72, 3},   /* unequal: one for each row */
		{8, 12, 3, 9, 120, 10, 130, 3}, /* no whole rows: one for each slice */
		{1, 11, 12, 2, 23, 3, 37, 11},  /* more than one call makes */
	};
	static const uint32_t rooms[] = {DSA_DESCRIPTORS_PER_CALL, 3, 1};

	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++)
		for (size_t j = 0; j < sizeof(rooms) / sizeof(rooms[0]); j++)
			check_box(&boxes[i], rooms[j]);
}

/* Pitches beyond 32 bits do not fit: one descriptor a row, with the right addresses. */
static void test_far_rows(void)
{
	const uint64_t far = UINT64_C(5) << 32;
	const struct box box = {16, 3, 2, far, 4 * far, 16, 64, 6};
	const struct road_cmd c = command_of(&box);
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL_FATAL(dsa_encode(&rig.encoder, &c), 6);
	CU_ASSERT_EQUAL(rig.encoder.resume, 0);
	for (uint32_t i = 0; i < 6; i++) {
		struct road_dsa_descriptor d;

		memcpy(&d, rig.packets + 64 * i, sizeof(d));
		CU_ASSERT_EQUAL(d.dst, i / 3 * 4 * far + i % 3 * far);
		CU_ASSERT_EQUAL(d.src, i / 3 * 64 + i % 3 * 16);
		CU_ASSERT_EQUAL(d.rows, 1);
	}
	teardown(&rig);
}

static const struct tap_case cases[] = {
	{"a copy's bytes, whichever of its three commands it is", test_copy},
	{"a box's bytes: rows, slices and pitches", test_box_bytes},
	{"a fill's bytes, of each width", test_fill},
	{"the bytes of wait, write, timestamp", test_words},
	{"each condition of a wait", test_conditions},
	{"the bytes of loading and unloading code", test_code},
	{"a fence's bytes, with an interrupt and without", test_fence},
	{"a barrier and what is no command take no descriptor", test_nothing},
	{"a launch counts blocks and takes its arguments along", test_launch},
	{"boxes copy what their loops say, however few descriptors a call may make", test_boxes},
	{"rows far apart take a descriptor each", test_far_rows},
};

TAP_MAIN(cases)
