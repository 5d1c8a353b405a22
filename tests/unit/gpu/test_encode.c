/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as packets, by their bytes; boxes by what a reference copies. */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

struct rig {
	struct fake_bus fake;
	struct road_stream_encode context;
	struct road_ring *ring;
	struct road_ring_encoder encoder;
	uint64_t completion;
	unsigned char packets[GPU_PACKETS_PER_CALL * ROAD_GPU_PACKET_BYTES];
};

static void doorbell(void *user, uint64_t tail)
{
	(void)user;
	(void)tail;
}

static void setup(struct rig *rig)
{
	static const struct road_ring_ops ops = {gpu_encode, gpu_encode_fence, doorbell};
	const struct road_ring_geometry geometry = {64, 16, GPU_PACKETS_PER_CALL,   4096,
						    16, 2,  ROAD_GPU_PACKET_INVALID};

	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	CU_ASSERT_EQUAL_FATAL(road_ring_create(&rig->fake.bus, &geometry, &ops, &rig->context, 4,
					       &rig->completion, &rig->ring),
			      ROAD_OK);
	rig->context = (struct road_stream_encode){.word = 0x1234500, .vector = 3, .irq = true};
	rig->encoder = (struct road_ring_encoder){.ring = rig->ring,
						  .packets = rig->packets,
						  .packet_room = GPU_PACKETS_PER_CALL,
						  .ordered = true,
						  .user = &rig->context};
}

static void teardown(struct rig *rig)
{
	road_ring_destroy(rig->ring);
}

static void check_bytes(const char *name, const struct road_cmd *command, bool ordered,
			const unsigned char *golden, size_t bytes)
{
	unsigned char expected[ROAD_GPU_PACKET_BYTES] = {0};
	struct rig rig;

	memcpy(expected, golden, bytes);
	setup(&rig);
	rig.encoder.ordered = ordered;
	CU_ASSERT_EQUAL(gpu_encode(&rig.encoder, command), 1);
	if (memcmp(rig.packets, expected, sizeof(expected)))
		CU_FAIL_FATAL("bytes differ");
	(void)name;
	teardown(&rig);
}

#define GOLDEN(command, ordered, ...)                                                    \
	check_bytes(#command, &(command), ordered, (const unsigned char[]){__VA_ARGS__}, \
		    sizeof((const unsigned char[]){__VA_ARGS__}))

static void test_copy(void)
{
	struct road_cmd c = {.kind = ROAD_COMMAND_COPY,
			     .copy = {.dst = {.address = 0x7f1122334455},
				      .src = {.address = 0x998877, .bus = true},
				      .bytes = 0x100000001,
				      .rows = 1,
				      .slices = 1}};

	GOLDEN(c, true, 0x00, 0x15, 3, 0, 2, 0, 0, 0, 0x55, 0x44, 0x33, 0x22, 0x11, 0x7f, 0, 0,
	       0x77, 0x88, 0x99, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1);
	GOLDEN(c, false, 0x00, 0x14, 3, 0, 2, 0, 0, 0, 0x55, 0x44, 0x33, 0x22, 0x11, 0x7f, 0, 0,
	       0x77, 0x88, 0x99, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1);
}

static void test_words(void)
{
	struct road_cmd fill = {.kind = ROAD_COMMAND_FILL,
				.fill = {.dst = {.address = 0x10000},
					 .bytes = 0x30,
					 .pattern = UINT64_C(0xaabbccddeeff1122),
					 .pattern_bytes = 4}};
	struct road_cmd word = {.kind = ROAD_COMMAND_WAIT_VALUE,
				.word = {.at = {.address = 0x20000, .bus = true},
					 .value = UINT64_C(0x1111111122222222),
					 .bytes = 4,
					 .compare = ROAD_COMPARE_AND}};

	GOLDEN(fill, false, 0x00, 0x14, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	       0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x22, 0x11, 0xff, 0xee);
	GOLDEN(word, true, 0x00, 0x15, 6, 0, 2, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,
	       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x22, 0x22, 0x22, 0x22);
	/* these two come after all earlier commands even where order is not asked for */
	word.kind = ROAD_COMMAND_WRITE_VALUE;
	word.word.bytes = 8;
	GOLDEN(word, false, 0x00, 0x15, 5, 0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x22, 0x22, 0x22, 0x22, 0x11,
	       0x11, 0x11, 0x11);
	word.kind = ROAD_COMMAND_TIMESTAMP;
	GOLDEN(word, false, 0x00, 0x15, 7, 0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1);
}

static void test_conditions(void)
{
	static const uint8_t expected[] = {ROAD_GPU_WAIT_GE, ROAD_GPU_WAIT_EQ, ROAD_GPU_WAIT_AND,
					   ROAD_GPU_WAIT_NOR};

	for (uint32_t i = ROAD_COMPARE_GE; i <= ROAD_COMPARE_NOR; i++) {
		struct road_cmd word = {.kind = ROAD_COMMAND_WAIT_VALUE,
					.word = {.bytes = 8, .compare = i}};
		struct road_gpu_vendor packet;
		struct rig rig;

		setup(&rig);
		CU_ASSERT_EQUAL(gpu_encode(&rig.encoder, &word), 1);
		memcpy(&packet, rig.packets, sizeof(packet));
		CU_ASSERT_EQUAL(packet.cond, expected[i]);
		teardown(&rig);
	}
}

static void test_fence(void)
{
	static const unsigned char golden[52] = {
		0x00, 0x15, 8, 0, 5, 0, 8, 0, 0x00, 0x45, 0x23, 1, 0, 0, 0, 0, 0,
		0,    0,    0, 0, 0, 0, 0, 0, 0,    0,    0,    0, 0, 0, 0, 1, 0,
		0,    0,    1, 0, 0, 0, 9, 0, 0,    0,    1,    0, 0, 0, 3};
	unsigned char expected[64] = {0};
	struct rig rig;

	memcpy(expected, golden, sizeof(golden));
	setup(&rig);
	gpu_encode_fence(&rig.encoder, UINT64_C(0x100000009));
	CU_ASSERT_EQUAL(memcmp(rig.packets, expected, 64), 0);
	teardown(&rig);
}

static void test_launch(void)
{
	static const uint64_t arguments[2] = {0x1111, 0x2222};
	const struct road_gpu_kernel entry = {.shared_align = 16, .shared_bytes = 100};
	struct gpu_kernel kernel = {
		.object = 0x7f0000001080, .shared_bytes = 100, .local_bytes = 32, .entry = &entry};
	struct road_drv_kernel drv = {.data = &kernel};
	struct road_cmd c = {.kind = ROAD_COMMAND_LAUNCH,
			     .launch = {.kernel = &drv,
					.grid = {3, 2, 1},
					.block = {64, 4, 1},
					.shared_bytes = 256,
					.arguments = arguments,
					.argument_bytes = sizeof(arguments),
					.watchdog = 77}};
	struct road_gpu_dispatch p;
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(gpu_encode(&rig.encoder, &c), 1);
	memcpy(&p, rig.packets, sizeof(p));
	const struct road_gpu_dispatch expected = {
		.header = 0x1502,
		.setup = 2,
		.workgroup_x = 64,
		.workgroup_y = 4,
		.workgroup_z = 1,
		.grid_x = 192,
		.grid_y = 8,
		.grid_z = 1,
		.private_bytes = 32,
		.group_bytes = 112 + 256,
		.kernel_object = 0x7f0000001080,
		.kernarg = p.kernarg,
		.watchdog = 77,
	};

	CU_ASSERT_EQUAL(memcmp(&p, &expected, sizeof(p)), 0);
	CU_ASSERT_EQUAL(p.kernarg % 16, 0);
	const void *block = fake_bus_host(&rig.fake, p.kernarg, sizeof(arguments));

	CU_ASSERT_PTR_NOT_NULL_FATAL(block);
	CU_ASSERT_EQUAL(memcmp(block, arguments, sizeof(arguments)), 0);
	c.launch.argument_bytes = 5000; /* more than the area */
	CU_ASSERT_EQUAL(gpu_encode(&rig.encoder, &c), -1);
	c.launch.argument_bytes = 0;
	c.launch.shared_bytes = 0;
	c.launch.block.z = 2;
	CU_ASSERT_EQUAL(gpu_encode(&rig.encoder, &c), 1);
	memcpy(&p, rig.packets, sizeof(p));
	CU_ASSERT_EQUAL(p.kernarg, 0);
	CU_ASSERT_EQUAL(p.group_bytes, 100);
	CU_ASSERT_EQUAL(p.setup, 3);
	teardown(&rig);
}

/* ---- boxes ---- */

struct box {
	uint64_t bytes;
	uint32_t rows, slices;
	uint64_t dst_row, dst_slice, src_row, src_slice;
	uint32_t packets; /* that it should take */
};

/* Pairs (dst, src) of byte offsets, as a set: both sides must name the same. */
static void play(const struct road_gpu_vendor *p, unsigned char *map, uint64_t side, uint64_t limit)
{
	for (uint32_t slice = 0; slice < p->slices; slice++)
		for (uint32_t row = 0; row < p->rows; row++)
			for (uint64_t i = 0; i < p->bytes; i++) {
				uint64_t line = (uint64_t)slice * p->slice_rows + row;
				uint64_t to = p->dst + line * p->dst_pitch + i;
				uint64_t from = p->src + line * p->src_pitch + i;

				CU_ASSERT_TRUE_FATAL(to < limit && from < side);
				map[to * side + from]++;
			}
}

static void check_box(const struct box *b)
{
	enum { SIDE = 512 };
	unsigned char *expected = calloc(SIDE, SIDE), *got = calloc(SIDE, SIDE);
	struct road_cmd c = {.kind = ROAD_COMMAND_COPY,
			     .copy = {.bytes = b->bytes,
				      .rows = b->rows,
				      .slices = b->slices,
				      .dst_row_pitch = b->dst_row,
				      .dst_slice_pitch = b->dst_slice,
				      .src_row_pitch = b->src_row,
				      .src_slice_pitch = b->src_slice}};
	uint32_t packets = 0, ordered = 0;
	struct rig rig;

	setup(&rig);
	for (uint32_t s = 0; s < b->slices; s++)
		for (uint32_t r = 0; r < b->rows; r++)
			for (uint64_t i = 0; i < b->bytes; i++)
				expected[(s * b->dst_slice + r * b->dst_row + i) * SIDE +
					 s * b->src_slice + r * b->src_row + i]++;
	do {
		int n = gpu_encode(&rig.encoder, &c);

		CU_ASSERT_TRUE_FATAL(n > 0 && n <= GPU_PACKETS_PER_CALL);
		for (int i = 0; i < n; i++) {
			struct road_gpu_vendor p;

			memcpy(&p, rig.packets + 64 * i, sizeof(p));
			ordered += p.header & ROAD_GPU_PACKET_BARRIER ? 1 : 0;
			play(&p, got, SIDE, SIDE);
		}
		packets += (uint32_t)n;
	} while (rig.encoder.resume);
	CU_ASSERT_EQUAL(memcmp(expected, got, (size_t)SIDE * SIDE), 0);
	CU_ASSERT_EQUAL(packets, b->packets);
	CU_ASSERT_EQUAL(ordered, 1); /* the first waits, the others go beside it */
	free(expected);
	free(got);
	teardown(&rig);
}

static void test_boxes(void)
{
	static const struct box boxes[] = {
		{8, 5, 1, 16, 0, 24, 0, 1},     {8, 5, 1, 8, 0, 8, 0, 1},
		{8, 3, 4, 8, 32, 8, 40, 1}, /* rows are tight: slices become rows */
		{8, 1, 4, 8, 32, 8, 40, 1},     {8, 3, 4, 16, 48, 24, 72, 1},
		{8, 3, 4, 16, 64, 24, 96, 1},   /* four rows a slice on both sides */
		{8, 3, 4, 16, 64, 24, 72, 3},   /* unequal: a packet for each row */
		{8, 12, 3, 9, 120, 10, 130, 3}, /* no whole rows: a packet for each slice */
		{1, 11, 12, 2, 23, 3, 37, 11},  /* more packets than one call makes */
		{4, 2, 2, 4, 8, 4, 8, 1},
	};

	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++)
		check_box(&boxes[i]);
}

/* Pitches beyond 32 bits do not fit a packet: one packet a row, with the right addresses. */
static void test_far_rows(void)
{
	const uint64_t far = UINT64_C(5) << 32;
	struct road_cmd c = {.kind = ROAD_COMMAND_COPY,
			     .copy = {.bytes = 16,
				      .rows = 3,
				      .slices = 2,
				      .dst_row_pitch = far,
				      .dst_slice_pitch = 4 * far,
				      .src_row_pitch = 16,
				      .src_slice_pitch = 64}};
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL_FATAL(gpu_encode(&rig.encoder, &c), 6);
	CU_ASSERT_EQUAL(rig.encoder.resume, 0);
	for (uint32_t i = 0; i < 6; i++) {
		struct road_gpu_vendor p;

		memcpy(&p, rig.packets + 64 * i, sizeof(p));
		CU_ASSERT_EQUAL(p.dst, i / 3 * 4 * far + i % 3 * far);
		CU_ASSERT_EQUAL(p.src, i / 3 * 64 + i % 3 * 16);
		CU_ASSERT_EQUAL(p.rows, 1);
	}
	teardown(&rig);
}

static const struct tap_case cases[] = {
	{"a copy's bytes", test_copy},
	{"the bytes of fill, wait, write, timestamp", test_words},
	{"each condition of a wait", test_conditions},
	{"a fence's bytes", test_fence},
	{"a launch counts work-items and takes its arguments along", test_launch},
	{"boxes copy what their loops say, in as few packets as can be", test_boxes},
	{"rows far apart take a packet each", test_far_rows},
};

TAP_MAIN(cases)
