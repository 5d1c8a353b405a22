/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as entries, by their bytes; and which tokens order the commands of a list. */
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

/* ---- what of the reconfiguration unit's helper entries need ---- */

int road_region_encode(struct road_ring_encoder *encoder, struct road_drv_device *dev,
		       const struct road_cmd_region *command, uint64_t *op)
{
	(void)encoder;
	(void)dev;
	*op = UINT64_C(0x1122334455667740);
	return (int)command->verb;
}

bool road_region_config(struct road_drv_device *dev, uint64_t id, struct road_region_place *out)
{
	(void)dev;
	*out = (struct road_region_place){.address = UINT64_C(0x66778899aa00), .bytes = 0x1230};
	return id == 9;
}

/* ---- the rig ---- */

struct rig {
	struct fake_bus fake;
	struct road_stream_encode stream;
	struct rpu_plan plan;
	struct road_ring *ring;
	struct road_ring_encoder encoder;
	uint64_t completion;
	unsigned char packets[RPU_ENTRIES_PER_CALL * ROAD_RPU_ENTRY_BYTES];
};

static void doorbell(void *user, uint64_t tail)
{
	(void)user;
	(void)tail;
}

static void setup(struct rig *rig)
{
	static const struct road_ring_ops ops = {rpu_encode, rpu_encode_fence, doorbell};
	const struct road_ring_geometry geometry = {.packet_bytes = ROAD_RPU_ENTRY_BYTES,
						    .packets = 16,
						    .packets_per_command = RPU_ENTRIES_PER_CALL,
						    .argument_bytes = 4096,
						    .argument_align = ROAD_RPU_LINE};

	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	CU_ASSERT_EQUAL_FATAL(road_ring_create(&rig->fake.bus, &geometry, &ops, &rig->stream, 4,
					       &rig->completion, &rig->ring),
			      ROAD_OK);
	rig->stream = (struct road_stream_encode){.vector = 3, .irq = true, .state = &rig->plan};
	rig->encoder = (struct road_ring_encoder){.ring = rig->ring,
						  .packets = rig->packets,
						  .packet_room = RPU_ENTRIES_PER_CALL,
						  .ordered = true,
						  .user = &rig->stream};
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
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, command), 1);
	for (size_t i = 0; i < ROAD_RPU_ENTRY_BYTES; i++)
		if (rig.packets[i] != golden[i])
			printf("# byte %zu is 0x%02x, not 0x%02x\n", i, rig.packets[i], golden[i]);
	CU_ASSERT_EQUAL(memcmp(rig.packets, golden, ROAD_RPU_ENTRY_BYTES), 0);
	CU_ASSERT_EQUAL(rig.encoder.resume, 0);
	teardown(&rig);
}

/* All 64 bytes; those not named are 0. */
#define GOLDEN(command, ordered, ...) \
	check_bytes(&(command), ordered, (const unsigned char[64]){__VA_ARGS__})

/* ---- copies ---- */

static struct road_cmd copy_of(uint64_t dst, uint64_t src, uint64_t bytes)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_COPY,
				 .copy = {.dst = {.address = dst},
					  .src = {.address = src},
					  .bytes = bytes,
					  .rows = 1,
					  .slices = 1}};
}

static void copies(void)
{
	static const int kinds[] = {ROAD_COMMAND_COPY, ROAD_COMMAND_WRITE, ROAD_COMMAND_READ};
	struct road_cmd c = copy_of(0x1122334455, 0x998877, 0x100000001);

	c.copy.src.bus = true;
	for (unsigned i = 0; i < 3; i++) {
		c.kind = (enum road_command_kind)kinds[i];
		GOLDEN(c, true, 5, 0x05, [8] = 0x55, 0x44, 0x33, 0x22, 0x11, [16] = 0x77, 0x88,
		       0x99, [24] = 1, [28] = 1, [32] = 1, [36] = 1);
		GOLDEN(c, false, 5, 0x04, [8] = 0x55, 0x44, 0x33, 0x22, 0x11, [16] = 0x77, 0x88,
		       0x99, [24] = 1, [28] = 1, [32] = 1, [36] = 1);
	}
}

static void boxes(void)
{
	struct road_cmd c = copy_of(0x3000000, 0x4000000, 8);

	c.copy.dst.bus = true;
	c.copy.rows = 3;
	c.copy.slices = 4;
	c.copy.dst_row_pitch = 0x110;
	c.copy.dst_slice_pitch = 0x440;
	c.copy.src_row_pitch = 0x210;
	c.copy.src_slice_pitch = 0x840;
	GOLDEN(c, true, 5, 0x03, [11] = 3, [19] = 4, [24] = 8, [32] = 3, [36] = 4, [40] = 0x10,
	       1, [44] = 0x10, 2, [48] = 4);
}

/* Scratchpads lie from 0x01000000 on; for the chip they begin at 0. */
static void moves(void)
{
	struct road_cmd in = copy_of(0x1000240, 0x2233445566, 0x30);
	struct road_cmd out = copy_of(0x2233445566, 0x1000240, 0x30);
	struct road_cmd both = copy_of(0x1000240, 0x1000400, 0x30);

	GOLDEN(in, true, 3, 0x01, 2, [8] = 0x66, 0x55, 0x44, 0x33, 0x22, [16] = 0x40,
	       2, [20] = 0x30, [24] = 1, [28] = 1);
	in.copy.src.bus = true;
	GOLDEN(in, false, 3, 0x04, 2, [8] = 0x66, 0x55, 0x44, 0x33, 0x22, [16] = 0x40,
	       2, [20] = 0x30, [24] = 1, [28] = 1);
	GOLDEN(out, true, 3, 0x01, 3, [8] = 0x66, 0x55, 0x44, 0x33, 0x22, [16] = 0x40,
	       2, [20] = 0x30, [24] = 1, [28] = 1, [44] = 1);
	out.copy.dst.bus = true;
	GOLDEN(out, false, 3, 0x02, 3, [8] = 0x66, 0x55, 0x44, 0x33, 0x22, [16] = 0x40,
	       2, [20] = 0x30, [24] = 1, [28] = 1, [44] = 1);
	GOLDEN(both, true, 5, 0x81, [8] = 0x40, 2, [16] = 0, 4, [24] = 0x30, [32] = 1, [36] = 1);
}

static void moved_boxes(void)
{
	struct road_cmd in = copy_of(0x1000100, 0x2000000, 8), out;

	in.copy.rows = 3;
	in.copy.slices = 4;
	in.copy.dst_row_pitch = 0x10;
	in.copy.dst_slice_pitch = 0x40;
	in.copy.src_row_pitch = 0x210;
	in.copy.src_slice_pitch = 0x840;
	GOLDEN(in, false, 3, 0, 2, [11] = 2, [17] = 1, [20] = 8, [24] = 3, [28] = 4, [32] = 0x10,
	       2, [36] = 0x10, [40] = 4);
	out = in;
	out.copy.dst.address = 0x2000000;
	out.copy.src.address = 0x1000100;
	GOLDEN(out, false, 3, 0,
	       3, [11] = 2, [17] = 1, [20] = 8, [24] = 3, [28] = 4, [32] = 0x10, [36] = 0x10,
	       2, [40] = 4, [44] = 1);
}

/* ---- the others ---- */

static void fills(void)
{
	struct road_cmd fill = {.kind = ROAD_COMMAND_FILL,
				.fill = {.dst = {.address = 0x10000, .bus = true},
					 .bytes = 0x30,
					 .pattern = UINT64_C(0x0102030405060708),
					 .pattern_bytes = 4}};

	GOLDEN(fill, false, 6, 0x02, 4, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7, 6,
	       5);
	fill.fill.pattern_bytes = 1;
	GOLDEN(fill, true, 6, 0x03, 1, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8);
	fill.fill.pattern_bytes = 8;
	GOLDEN(fill, true, 6, 0x03, 8, [10] = 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7, 6, 5,
	       4, 3, 2, 1);
	fill.fill.dst = (struct road_place){.address = 0x1000140};
	GOLDEN(fill, true, 6, 0x81, 8, [8] = 0x40, 1, [24] = 0x30, [32] = 1, [36] = 1, [56] = 8, 7,
	       6, 5, 4, 3, 2, 1);
}

static void words(void)
{
	static const uint8_t conditions[] = {
		[ROAD_COMPARE_GE] = 0,
		[ROAD_COMPARE_EQ] = 1,
		[ROAD_COMPARE_AND] = 2,
		[ROAD_COMPARE_NOR] = 3,
	};
	struct road_cmd word = {.kind = ROAD_COMMAND_WAIT_VALUE,
				.word = {.at = {.address = 0x20000, .bus = true},
					 .value = UINT64_C(0x1111111122222222),
					 .bytes = 4}};

	for (uint32_t i = ROAD_COMPARE_GE; i <= ROAD_COMPARE_NOR; i++) {
		word.word.compare = i;
		GOLDEN(word, true, 8, 0x05, 4, conditions[i], [18] = 2, [56] = 0x22, 0x22, 0x22,
		       0x22);
		GOLDEN(word, false, 8, 0x04, 4, conditions[i], [18] = 2, [56] = 0x22, 0x22, 0x22,
		       0x22);
	}
	/* these two come after all earlier commands even where order is not asked for */
	word.kind = ROAD_COMMAND_WRITE_VALUE;
	GOLDEN(word, false, 7, 0x03, 4, [10] = 2, [56] = 0x22, 0x22, 0x22, 0x22);
	word.word.bytes = 8;
	GOLDEN(word, false, 7, 0x03, 8, [10] = 2, [56] = 0x22, 0x22, 0x22, 0x22, 0x11, 0x11, 0x11,
	       0x11);
	word.kind = ROAD_COMMAND_TIMESTAMP;
	word.word.at.bus = false;
	GOLDEN(word, false, 9, 0x01, [10] = 2);
}

static void regions(void)
{
	struct road_cmd_region region = {.verb = 0};
	struct road_cmd c = {.kind = ROAD_COMMAND_RECONFIGURE, .region = &region};
	struct rig rig;

	GOLDEN(c, false, 4, 0x01, [16] = 0x40, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11);
	region.verb = (uint32_t)-1; /* no room for the op */
	setup(&rig);
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, &c), -1);
	teardown(&rig);
}

static void fences(void)
{
	static const unsigned char loud[64] = {11, 0x09, [52] = 3, [56] = 9, 0, 0, 0, 1};
	static const unsigned char silent[64] = {11, 0x01, [56] = 9, 0, 0, 0, 1};

	for (int irq = 0; irq < 2; irq++) {
		struct rig rig;

		setup(&rig);
		rig.stream.irq = irq;
		rig.encoder.ordered = false;
		rpu_encode_fence(&rig.encoder, UINT64_C(0x100000009));
		CU_ASSERT_EQUAL(memcmp(rig.packets, irq ? loud : silent, 64), 0);
		teardown(&rig);
	}
}

static void nothing(void)
{
	struct road_cmd c = {.kind = ROAD_COMMAND_BARRIER};
	struct rig rig;

	setup(&rig);
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, &c), 0);
	c.kind = (enum road_command_kind)ROAD_COMMAND_KINDS;
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, &c), 0);
	for (size_t i = 0; i < sizeof(rig.packets); i++)
		CU_ASSERT_EQUAL_FATAL(rig.packets[i], 0);
	teardown(&rig);
}

/* ---- launches ---- */

static struct rpu rpu = {.params = {.spm_bytes = 0x40000, .features = ROAD_RPU_FEATURE_NEUR}};
static struct rpu_image image = {.rpu = &rpu};
static struct rpu_entry_point fabric_entry = {.name = "fabric"};
static struct rpu_entry_point engine_entry = {.name = "engine", .is_engine = true};

static void launches(void)
{
	static const uint64_t arguments[2] = {0x1111, 0x2222};
	struct rpu_kernel kernel = {.image = &image, .entry = &fabric_entry};
	struct road_drv_kernel drv = {.data = &kernel};
	struct road_cmd c = {.kind = ROAD_COMMAND_LAUNCH,
			     .launch = {.kernel = &drv,
					.grid = {3, 2, 7},
					.block = {1, 1, 1},
					.arguments = arguments,
					.argument_bytes = sizeof(arguments),
					.watchdog = 0x77,
					.configuration = 9}};
	unsigned char golden[64] = {1, 0x01, [8] = 9, [24] = 16, [28] = 42, [32] = 0x77};
	struct rig rig;
	uint64_t at;

	setup(&rig);
	CU_ASSERT_EQUAL_FATAL(rpu_encode(&rig.encoder, &c), 1);
	memcpy(&at, rig.packets + 16, sizeof(at));
	memcpy(golden + 16, &at, sizeof(at)); /* the ring chose it */
	CU_ASSERT_EQUAL(memcmp(rig.packets, golden, 64), 0);
	CU_ASSERT_EQUAL(at % ROAD_RPU_LINE, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fake_bus_host(&rig.fake, at, sizeof(arguments)));
	CU_ASSERT_EQUAL(memcmp(fake_bus_host(&rig.fake, at, sizeof(arguments)), arguments,
			       sizeof(arguments)),
			0);
	c.launch.argument_bytes = 5000; /* more than the area */
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, &c), -1);
	teardown(&rig);
	c.launch.argument_bytes = 0;
	c.launch.flags = ROAD_LAUNCH_ACTIVATE; /* with its image, if that is not resident */
	GOLDEN(c, false, 1, 0x10, [8] = 9, [28] = 42, [32] = 0x77, [41] = 0xaa, 0x99, 0x88, 0x77,
	       0x66, [48] = 0x30, 0x12);
	c.launch.configuration = 8; /* which must be */
	GOLDEN(c, false, 1, 0x10, [8] = 8, [28] = 42, [32] = 0x77);
}

struct product {
	struct rpu_kernel kernel;
	struct road_drv_kernel drv;
	struct road_rpu_gemm_arguments arguments;
};

static struct road_cmd launch_of(struct product *p)
{
	p->kernel.image = &image;
	p->kernel.entry = &engine_entry;
	p->kernel.engine.engine = ROAD_RPU_ENGINE_NEUR;
	p->drv.data = &p->kernel;
	return (struct road_cmd){.kind = ROAD_COMMAND_LAUNCH,
				 .launch = {.kernel = &p->drv,
					    .grid = {1, 1, 1},
					    .block = {1, 1, 1},
					    .arguments = &p->arguments,
					    .argument_bytes = sizeof(p->arguments)}};
}

static void products(void)
{
	struct product p = {.arguments = {0x1000000, 0x1001000, 0x1020000, 3, 5, 0x107, 0, 0, 0}};
	struct road_cmd c = launch_of(&p);

	GOLDEN(c, true, 2, 0x01, 1, 0, [13] = 0x10, [18] = 2, [20] = 0x0e,
	       2, [24] = 10, [28] = 20, [32] = 3, [36] = 5, [40] = 7, 1);
	p.kernel.engine.type = ROAD_RPU_GEMM_S8;
	p.kernel.engine.flags = ROAD_RPU_WORK_ADD | ROAD_RPU_WORK_NARROW;
	p.arguments.a_pitch = 0x200;
	p.arguments.b_pitch = 0x40;
	p.arguments.c_pitch = 0x60;
	GOLDEN(c, false, 2, 0x60, 1, 2, [13] = 0x10, [18] = 2, [21] = 2, [24] = 0x40, [28] = 0x60,
	       [32] = 3, [36] = 5, [40] = 7, 1);
}

static void products_that_cannot_be(void)
{
	static const struct {
		struct road_rpu_gemm_arguments arguments;
		const char *where;
	} rows[] = {
		{{0x1000000, 0x1001000, 0x1002000, 0, 5, 7, 0, 0, 0}, "m"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 0, 7, 0, 0, 0}, "n"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 0x80000000, 0, 0, 0}, "k"},
		{{0x1000001, 0x1001000, 0x1002000, 3, 5, 7, 0, 0, 0}, "a"},
		{{0, 0x1001000, 0x1002000, 3, 5, 7, 0, 0, 0}, "a"},
		{{0x1000000, 0x2001000, 0x1002000, 3, 5, 7, 0, 0, 0}, "b"},
		{{0x1000000, 0x103fffe, 0x1002000, 3, 5, 7, 0, 0, 0}, "b"},
		{{0x1000000, 0x1001000, 0x1002002, 3, 5, 7, 0, 0, 0}, "c"},
		{{0x1000000, 0x1001000, 0x103ffc4, 3, 5, 7, 0, 0, 0}, NULL},
		{{0x1000000, 0x1001000, 0x103ffc8, 3, 5, 7, 0, 0, 0}, "c"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 7, 13, 0, 0}, "a_pitch"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 7, 15, 0, 0}, "a_pitch"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 7, 0, 0, 0x20000}, "c"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 7, 0, 0, 18}, "c_pitch"},
		{{0x1000000, 0x1001000, 0x1002000, 3, 5, 7, 0, 8, 0}, "b_pitch"},
		{{0x1000000, 0x1001000, 0x1000028, 3, 5, 7, 0, 0, 0}, "c"},
		{{0x1000000, 0x1001000, 0x1001044, 3, 5, 7, 0, 0, 0}, "c"},
		{{0x1000000, 0x1001000, 0x1001048, 3, 5, 7, 0, 0, 0}, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct product p = {.arguments = rows[i].arguments};
		struct road_cmd c = launch_of(&p);
		const char *comma;

		services_where[0] = 0;
		CU_ASSERT_EQUAL(rpu_engine_check_launch(&c.launch),
				rows[i].where ? ROAD_INVALID_ARGUMENT : ROAD_OK);
		comma = strstr(services_where, ", ");
		CU_ASSERT_STRING_EQUAL(comma ? comma + 2 : "", rows[i].where ? rows[i].where : "");
	}
}

#define FIELD(member) offsetof(struct road_rpu_engine_kernel, member)

static void kernels_of_engines_that_cannot_be(void)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {{FIELD(magic), 0}, {FIELD(version), 2},     {FIELD(engine), 0},
		    {FIELD(type), 3},  {FIELD(flags), 1},       {FIELD(reserved) + 6, 1},
		    {FIELD(name), 0},  {FIELD(name) + 31, 'x'}, {FIELD(name) + 2, '-'}};
	struct road_rpu_engine_kernel kernel = {.magic = ROAD_RPU_ENGINE_MAGIC,
						.version = ROAD_RPU_ENGINE_VERSION,
						.engine = ROAD_RPU_ENGINE_NEUR,
						.flags = ROAD_RPU_WORK_ADD | ROAD_RPU_WORK_NARROW,
						.name = "product"};
	struct rpu without = {.params = {.spm_bytes = 0x40000}};
	struct road_region_payload payload = {&kernel, sizeof(kernel), 112};

	CU_ASSERT_EQUAL(rpu_engine_check(&rpu, &payload), ROAD_OK);
	CU_ASSERT_EQUAL(rpu_engine_check(&without, &payload), ROAD_IMAGE_INCOMPATIBLE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_rpu_engine_kernel bad = kernel;
		char where[64];
		size_t field = rows[i].at >= FIELD(name) ? FIELD(name)
			       : rows[i].at > FIELD(reserved) && rows[i].at < FIELD(name)
				       ? FIELD(reserved)
				       : rows[i].at;

		((uint8_t *)&bad)[rows[i].at] = rows[i].value;
		payload.bytes = &bad;
		CU_ASSERT_EQUAL(rpu_engine_check(&rpu, &payload), ROAD_IMAGE_INVALID);
		snprintf(where, sizeof(where), "byte %zu", 112 + field);
		CU_ASSERT_PTR_NOT_NULL(strstr(services_where, where));
	}
	payload = (struct road_region_payload){&kernel, sizeof(kernel) - 8, 112};
	CU_ASSERT_EQUAL(rpu_engine_check(&rpu, &payload), ROAD_IMAGE_INVALID);
}

/* ---- order ---- */

/* Token of engine `before` for engine `after`. */
static uint16_t token(unsigned before, unsigned after)
{
	return (uint16_t)(1u << (4 * before + after));
}
#define NEUR ROAD_RPU_ENGINE_NEUR
#define RDMA ROAD_RPU_ENGINE_RDMA
#define WDMA ROAD_RPU_ENGINE_WDMA

struct wanted {
	bool free;
	uint16_t wait, signal;
};

static void check_plan(const struct road_cmd *commands, uint32_t count, bool concurrent,
		       const struct wanted *wanted)
{
	const struct road_drv_submission submission = {
		.commands = commands, .count = count, .concurrent = concurrent};
	static struct rpu_plan plan;

	rpu_plan_begin(&plan, &submission);
	for (uint32_t i = 0; i < count; i++) {
		struct rpu_step step = rpu_plan_step(&plan, &commands[i]);

		if (step.free != wanted[i].free || step.wait != wanted[i].wait ||
		    step.signal != wanted[i].signal)
			printf("# command %u: free %d wait 0x%x signal 0x%x\n", i, step.free,
			       step.wait, step.signal);
		CU_ASSERT_EQUAL(step.free, wanted[i].free);
		CU_ASSERT_EQUAL(step.wait, wanted[i].wait);
		CU_ASSERT_EQUAL(step.signal, wanted[i].signal);
	}
}

/* A product of what lies at a, b into c, small ones. */
static struct product at(uint64_t a, uint64_t b, uint64_t c)
{
	return (struct product){.arguments = {a, b, c, 4, 4, 4, 0, 0, 0}};
}

static void what_touches_the_same_bytes_is_ordered_by_a_token(void)
{
	struct product p = at(0x1000000, 0x1001000, 0x1002000);
	struct product q = at(0x1000800, 0x1001000, 0x1002000);
	const struct road_cmd commands[] = {
		copy_of(0x1000000, 0x3000000, 32), /* a */
		copy_of(0x1001000, 0x3001000, 32), /* b */
		launch_of(&p),
		copy_of(0x1000800, 0x3000800, 32), /* the next a, beside */
		launch_of(&q),
		copy_of(0x4000000, 0x1002000, 64), /* c */
		copy_of(0x1000000, 0x3002000, 32), /* a is free again, once p has ended */
		copy_of(0x1002000, 0x3003000, 64), /* over c, once it is out */
	};
	const struct wanted wanted[] = {
		{false, 0, 0}, /* the first waits for all before the list */
		{true, 0, token(RDMA, NEUR)},
		{true, token(RDMA, NEUR), token(NEUR, RDMA)},
		{true, 0, token(RDMA, NEUR)},
		{true, token(RDMA, NEUR), token(NEUR, WDMA) | token(NEUR, RDMA)},
		{true, token(NEUR, WDMA), token(WDMA, RDMA)},
		{true, token(NEUR, RDMA), 0},
		{true, token(NEUR, RDMA) | token(WDMA, RDMA), 0},
	};
	static const struct wanted none[8] = {{false, 0, 0}};

	check_plan(commands, 8, false, wanted);
	check_plan(commands, 8, true, none); /* the program's own order */
}

/* Through memory: what is written out is read back in; other memory is nobody's matter, but host
 * memory may be the same at two addresses. */
static void memory_orders_transfers(void)
{
	struct road_cmd commands[] = {
		copy_of(0x3000000, 0x1000000, 64), /* out */
		copy_of(0x1001000, 0x300003f, 64), /* its last byte is in */
		copy_of(0x1002000, 0x3000100, 64), /* beside */
		copy_of(0x9000000, 0x1003000, 64), /* to host memory */
		copy_of(0x1004000, 0xa000000, 64), /* from another place there */
	};
	const struct wanted wanted[] = {
		{false, 0, token(WDMA, RDMA)}, {true, token(WDMA, RDMA), 0}, {true, 0, 0},
		{true, 0, token(WDMA, RDMA)},  {true, token(WDMA, RDMA), 0},
	};

	commands[3].copy.dst.bus = commands[4].copy.src.bus = true;
	check_plan(commands, 5, false, wanted);
}

static void others_wait_for_all_and_are_waited_for(void)
{
	struct rpu_kernel kernel = {.image = &image, .entry = &fabric_entry};
	struct road_drv_kernel drv = {.data = &kernel};
	struct product p = at(0x1000000, 0x1001000, 0x1002000);
	const struct road_cmd launch = {.kind = ROAD_COMMAND_LAUNCH, .launch = {.kernel = &drv}};
	const struct road_cmd commands[] = {
		copy_of(0x1000000, 0x3000000, 32),
		launch,
		launch_of(&p),
		copy_of(0x3000000, 0x4000000, 32),
		copy_of(0x4000000, 0x1002000, 64),
		copy_of(0x1000000, 0x1001000, 64),
		launch_of(&p),
	};
	static const struct wanted wanted[7] = {{false, 0, 0}};

	check_plan(commands, 7, false, wanted);
}

/* ---- against brute force ---- */

enum { COUNT = 500, WORDS = 32 }; /* bits of 1024 bytes of scratchpad, then 1024 of memory */

struct touched {
	uint32_t engine;
	uint64_t read[WORDS], written[WORDS];
};

static void touch(uint64_t *bits, uint64_t address, uint32_t rows, uint32_t pitch, uint32_t bytes)
{
	uint64_t base = address < 0x2000000 ? address - 0x1000000 : 1024 + address - 0x3000000;

	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t b = 0; b < bytes; b++) {
			uint64_t at = base + r * pitch + b;

			CU_ASSERT_FATAL(at < WORDS * 64);
			bits[at / 64] |= UINT64_C(1) << at % 64;
		}
}

/* A random command, and what it touches, worked out apart from the driver. */
static struct road_cmd draw(uint32_t seed, struct product *p, struct touched *t)
{
	uint64_t spm = 0x1000000 + (seed >> 24) % 32 * 16,
		 other = 0x1000000 + (seed >> 12) % 32 * 16;
	uint64_t third = 0x1000000 + (seed >> 8) % 32 * 16,
		 memory = 0x3000000 + (seed >> 16) % 32 * 16;
	uint32_t pitch = seed & 16 ? 16 : 8, out = seed & 32 ? 8 : 16;

	memset(t, 0, sizeof(*t));
	if (seed >> 30 == 0) {
		t->engine = RDMA;
		touch(t->written, spm, 1, 0, 64);
		touch(t->read, memory, 1, 0, 64);
		return copy_of(spm, memory, 64);
	}
	if (seed >> 30 == 1) {
		t->engine = WDMA;
		touch(t->written, memory, 1, 0, 64);
		touch(t->read, spm, 1, 0, 64);
		return copy_of(memory, spm, 64);
	}
	*p = at(spm, other, third); /* 4 x 4 by 4 x 4, of f16 */
	p->arguments.a_pitch = pitch;
	p->kernel.engine.flags = (uint8_t)((seed & 32 ? ROAD_RPU_WORK_NARROW : 0) |
					   (seed & 64 ? ROAD_RPU_WORK_ADD : 0));
	t->engine = NEUR;
	touch(t->read, spm, 4, pitch, 8);
	touch(t->read, other, 4, 8, 8);
	touch(t->written, third, 4, out, out);
	if (seed & 64)
		touch(t->read, third, 4, out, out);
	return launch_of(p);
}

static bool conflict(const struct touched *a, const struct touched *b)
{
	for (int w = 0; w < WORDS; w++)
		if ((a->written[w] & (b->read[w] | b->written[w])) || (b->written[w] & a->read[w]))
			return true;
	return false;
}

static bool ended[COUNT][COUNT]; /* [j][i]: i has ended when j begins */

static void after(uint32_t j, uint32_t i)
{
	ended[j][i] = true;
	for (uint32_t k = 0; k < i; k++)
		ended[j][k] |= ended[i][k];
}

/* Tokens are counted: the n-th that is taken is the n-th that was given. */
struct token_line {
	uint32_t giver[COUNT], given, taken;
};

/* Entries are taken in order: what one waited for has ended for all behind it. */
static void put_step(uint32_t j, const struct rpu_step *step, struct token_line *tokens)
{
	static uint32_t all_before;

	all_before = step->free && j ? all_before : j;
	for (uint32_t i = 0; i < all_before; i++)
		ended[j][i] = true;
	for (uint32_t t = 0; t < ROAD_RPU_TOKENS; t++) {
		if (step->wait >> t & 1) {
			CU_ASSERT_FATAL(tokens[t].taken < tokens[t].given);
			after(j, tokens[t].giver[tokens[t].taken++]);
		}
		if (!step->free) /* none is left over from before */
			CU_ASSERT_EQUAL(tokens[t].taken, tokens[t].given);
		if (step->signal >> t & 1)
			tokens[t].giver[tokens[t].given++] = j;
	}
}

/* In long random lists each pair that touches the same bytes is in order, each token that is given
 * is taken, and only the first of so many commands waits for all. */
static void random_lists_are_in_order(void)
{
	static struct road_cmd commands[COUNT];
	static struct product products_of[COUNT];
	static struct touched touched[COUNT];
	static struct token_line tokens[ROAD_RPU_TOKENS];
	static struct rpu_plan plan;
	uint32_t seed = 1, last[ROAD_RPU_ENGINES] = {0}, ordered = 0, conflicts = 0, wrong = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		seed = seed * 1664525u + 1013904223u;
		commands[i] = draw(seed, &products_of[i], &touched[i]);
	}
	rpu_plan_begin(&plan,
		       &(const struct road_drv_submission){.commands = commands, .count = COUNT});
	for (uint32_t j = 0; j < COUNT; j++) {
		struct rpu_step step = rpu_plan_step(&plan, &commands[j]);

		put_step(j, &step, tokens);
		if (last[touched[j].engine]) /* an engine's queue goes in order */
			after(j, last[touched[j].engine] - 1);
		last[touched[j].engine] = j + 1;
		ordered += !step.free;
		for (uint32_t i = 0; i < j; i++) {
			conflicts += conflict(&touched[i], &touched[j]);
			wrong += conflict(&touched[i], &touched[j]) && !ended[j][i];
		}
	}
	CU_ASSERT(conflicts > COUNT);
	CU_ASSERT_EQUAL(wrong, 0);
	for (uint32_t t = 0; t < ROAD_RPU_TOKENS; t++)
		CU_ASSERT_EQUAL(tokens[t].taken, tokens[t].given);
	CU_ASSERT_EQUAL(ordered, (COUNT + RPU_PLAN_STEPS - 1) / RPU_PLAN_STEPS);
}

/* A copy of several entries: the first waits, the last one tells. */
static void entries_of_a_copy_share_its_tokens(void)
{
	struct product p = at(0x1000000, 0x1001000, 0x1002000);
	struct road_cmd commands[] = {launch_of(&p), copy_of(0x1000000, 0x3000000, 16),
				      launch_of(&p)};
	const struct road_drv_submission submission = {.commands = commands, .count = 3};
	struct road_rpu_move m[6];
	uint32_t count = 0;
	struct rig rig;

	commands[1].copy.rows = 3;
	commands[1].copy.slices = 4; /* unequal rows a slice: an entry for each row */
	commands[1].copy.dst_row_pitch = 16;
	commands[1].copy.dst_slice_pitch = 64;
	commands[1].copy.src_row_pitch = 24;
	commands[1].copy.src_slice_pitch = 72;
	setup(&rig);
	rpu_plan_begin(&rig.plan, &submission);
	CU_ASSERT_EQUAL(rpu_encode(&rig.encoder, &commands[0]), 1);
	rig.encoder.packet_room = 2;
	do {
		int n = rpu_encode(&rig.encoder, &commands[1]);

		CU_ASSERT_FATAL(n > 0 && n <= 2 && count < 5);
		memcpy(&m[count], rig.packets, (size_t)n * sizeof(m[0]));
		count += (uint32_t)n;
	} while (rig.encoder.resume);
	CU_ASSERT_EQUAL_FATAL(count, 3);
	for (uint32_t i = 0; i < count; i++) {
		CU_ASSERT_EQUAL(m[i].wait, i ? 0 : token(NEUR, RDMA));
		CU_ASSERT_EQUAL(m[i].signal, i == 2 ? token(RDMA, NEUR) : 0);
		CU_ASSERT_EQUAL(m[i].flags, 0);
	}
	teardown(&rig);
}

static const struct tap_case cases[] = {
	{"a copy's bytes, whichever of its three commands it is", copies},
	{"a box's bytes: rows, slices and pitches", boxes},
	{"the bytes of copies into scratchpads, out of them, within them", moves},
	{"the bytes of boxes into scratchpads and out of them", moved_boxes},
	{"a fill's bytes, of each width and into scratchpads", fills},
	{"the bytes of wait, write, timestamp, and each condition", words},
	{"the bytes of what is asked of a region", regions},
	{"a fence's bytes, with an interrupt and without", fences},
	{"a barrier and what is no command take no entry", nothing},
	{"a launch counts blocks, takes its arguments along, and its image", launches},
	{"a product's bytes, rows close together and apart", products},
	{"products that cannot be are refused by name", products_that_cannot_be},
	{"kernels of engines that cannot be are refused with their byte",
	 kernels_of_engines_that_cannot_be},
	{"what touches the same bytes is ordered by a token, the rest is not",
	 what_touches_the_same_bytes_is_ordered_by_a_token},
	{"memory between two transfers orders them", memory_orders_transfers},
	{"commands of other kinds wait for all, and are waited for",
	 others_wait_for_all_and_are_waited_for},
	{"random lists are in order wherever two commands touch the same bytes",
	 random_lists_are_in_order},
	{"the entries of a copy share its tokens", entries_of_a_copy_share_its_tokens},
};
TAP_MAIN(cases)
