/* SPDX-License-Identifier: Apache-2.0 */
/* What a partition of the simulated GPGPU has for itself: second level, channels, memory. */
#include <roadbed/region.h>

#include "tests/gpu/run.h"

/* All threads read: `blocks` * THREADS quads at the least. */
enum { BLOCKS = 32, RESIDENT = 2 /* of an SM */, THREADS = 256, KIB = 1024, MIB = 1024 * 1024 };

/* Reads `quads` of words at `in`, `passes` times, past the first level; each thread leaves a sum.
 */
static const char stream[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
			     ".visible .entry stream(.param .u64 in, .param .u64 out,\n"
			     "	.param .u32 quads, .param .u32 passes) {\n"
			     ".reg .u64 %rd<6>; .reg .u32 %r<16>; .reg .pred %p<3>;\n"
			     "ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [out];\n"
			     "ld.param.u32 %r1, [quads]; ld.param.u32 %r2, [passes];\n"
			     "mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mov.u32 %r5, %tid.x;\n"
			     "mad.lo.u32 %r6, %r3, %r4, %r5;\n"
			     "mov.u32 %r7, %nctaid.x; mul.lo.u32 %r8, %r7, %r4;\n"
			     "mov.u32 %r9, 0;\n"
			     "pass: mov.u32 %r10, %r6;\n"
			     "next: mul.wide.u32 %rd3, %r10, 16; add.u64 %rd4, %rd1, %rd3;\n"
			     "ld.global.cg.v4.u32 {%r11, %r12, %r13, %r14}, [%rd4];\n"
			     "add.u32 %r9, %r9, %r11;\n"
			     "add.u32 %r10, %r10, %r8; setp.lt.u32 %p1, %r10, %r1;\n"
			     "@%p1 bra next;\n"
			     "sub.u32 %r2, %r2, 1; setp.ne.u32 %p2, %r2, 0;\n"
			     "@%p2 bra pass;\n"
			     "mul.wide.u32 %rd3, %r6, 4; add.u64 %rd5, %rd2, %rd3;\n"
			     "st.global.u32 [%rd5], %r9;\n"
			     "ret;\n}\n"
			     /* each thread adds 1 to the word, `passes` times */
			     ".visible .entry count(.param .u64 at, .param .u32 passes) {\n"
			     ".reg .u64 %rd<2>; .reg .u32 %r<2>; .reg .pred %p<2>;\n"
			     "ld.param.u64 %rd1, [at]; ld.param.u32 %r1, [passes];\n"
			     "again: red.global.add.u32 [%rd1], 1;\n"
			     "sub.u32 %r1, %r1, 1; setp.ne.u32 %p1, %r1, 0;\n"
			     "@%p1 bra again;\n"
			     "ret;\n}\n";

/* ---- a chip in parts ---- */

enum { PARTS_MAX = 4 };

struct chip {
	struct fixture f;
	road_region *root, *child[PARTS_MAX];
	road_queue *queue[PARTS_MAX]; /* in the children */
	road_image *image;
	road_kernel *kernel;
};

/* `count` even parts; one: the whole chip, as it is. */
static struct chip open_chip(const char *address, uint32_t count, const char *kernel)
{
	struct chip c = {.f = setup(address)};
	road_region_info info = {.size = sizeof(info)};
	road_region_part parts[PARTS_MAX] = {0};
	size_t bytes = sizeof(stream) - 1;

	CU_ASSERT_EQUAL_FATAL(road_image_load(c.f.space, stream, bytes, NULL, &c.image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(c.image, kernel, &c.kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_root(c.f.device, &c.root), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_info_get(c.root, &info), ROAD_OK);
	if (count == 1) {
		c.queue[0] = c.f.queue;
		road_queue_retain(c.queue[0]);
		return c;
	}
	for (uint32_t i = 0; i < count; i++)
		parts[i] = (road_region_part){.first_unit = i * (info.units / count),
					      .units = info.units / count};
	road_queue_release(c.f.queue);
	c.f.queue = NULL;
	CU_ASSERT_EQUAL_FATAL(road_layout_apply(c.root, parts, count), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_layout_commit(c.root), ROAD_OK);
	for (uint32_t i = 0; i < count; i++) {
		road_queue_options options = {.size = sizeof(options)};

		CU_ASSERT_EQUAL_FATAL(road_region_child(c.root, i, &c.child[i]), ROAD_OK);
		options.region = c.child[i];
		CU_ASSERT_EQUAL_FATAL(road_queue_create(c.f.space, &options, &c.queue[i]), ROAD_OK);
	}
	return c;
}

static void close_chip(struct chip *c)
{
	for (uint32_t i = 0; i < PARTS_MAX; i++) {
		road_queue_release(c->queue[i]);
		road_region_release(c->child[i]);
	}
	road_region_release(c->root);
	road_kernel_release(c->kernel);
	road_image_release(c->image);
	teardown(&c->f);
}

static uint64_t address_of(road_buffer *buffer)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL_FATAL(road_buffer_address(buffer, &address), ROAD_OK);
	return address;
}

/* ---- launches that tell their times ---- */

struct timed {
	road_list *list;
	road_point point;
	road_times times;
};

static void begin(struct chip *c, uint32_t part, uint32_t blocks, const void *const *arguments,
		  uint32_t count, struct timed *out)
{
	const road_launch launch = {.size = sizeof(launch),
				    .kernel = c->kernel,
				    .grid = {blocks, 1, 1},
				    .block = {THREADS, 1, 1},
				    .argument_pointers = arguments,
				    .argument_count = count};
	road_submission s = {.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &out->times};

	out->times = (road_times){.size = sizeof(out->times)};
	CU_ASSERT_EQUAL_FATAL(road_list_create(c->f.space, 0, &out->list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_launch(out->list, &launch), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(out->list), ROAD_OK);
	s.list = out->list;
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(c->queue[part], &s, &out->point), ROAD_OK);
}

/* Returns how long it took, ns. */
static uint64_t finish(struct timed *t)
{
	CU_ASSERT_EQUAL(road_point_wait(t->point, soon()), ROAD_OK);
	road_list_release(t->list);
	return t->times.ended - t->times.started;
}

struct reader {
	road_buffer *in, *out;
	uint64_t from, to;
	uint32_t quads, passes, blocks;
};

static struct reader reader_of(struct chip *c, uint64_t bytes, uint32_t passes)
{
	struct reader r = {.in = buffer_of(&c->f, ROAD_HEAP_DEVICE, bytes),
			   .out = buffer_of(&c->f, ROAD_HEAP_DEVICE, BLOCKS * THREADS * 4),
			   .quads = (uint32_t)(bytes / 16),
			   .passes = passes,
			   .blocks = BLOCKS};

	r.from = address_of(r.in);
	r.to = address_of(r.out);
	return r;
}

static void begin_reader(struct chip *c, uint32_t part, struct reader *r, struct timed *t)
{
	const void *arguments[] = {&r->from, &r->to, &r->quads, &r->passes};

	begin(c, part, r->blocks, arguments, 4, t);
}

static void drop_reader(struct reader *r)
{
	road_buffer_release(r->in);
	road_buffer_release(r->out);
}

/* A new layout takes its time: what comes first waits for it. */
static void settle(struct chip *c, uint32_t parts)
{
	for (uint32_t i = 0; i < parts; i++) {
		struct reader r = reader_of(c, 4 * KIB, 1);
		struct timed t;

		r.blocks = 1;
		begin_reader(c, i, &r, &t);
		finish(&t);
		drop_reader(&r);
	}
}

/* ---- siblings ---- */

/* Which of two readers, in halves of the chip, read; how long each took. */
static void read_in_halves(uint32_t which, uint64_t took[2])
{
	struct chip c = open_chip("sim:gpu-small", 2, "stream");
	struct reader readers[2];
	struct timed timed[2];

	settle(&c, 2);
	for (uint32_t i = 0; i < 2; i++)
		readers[i] = reader_of(&c, MIB, 1);
	for (uint32_t i = 0; i < 2; i++)
		if (which >> i & 1)
			begin_reader(&c, i, &readers[i], &timed[i]);
	for (uint32_t i = 0; i < 2; i++)
		if (which >> i & 1)
			took[i] = finish(&timed[i]);
	if (which == 3) { /* or it proves nothing */
		CU_ASSERT(timed[0].times.started < timed[1].times.ended);
		CU_ASSERT(timed[1].times.started < timed[0].times.ended);
	}
	for (uint32_t i = 0; i < 2; i++)
		drop_reader(&readers[i]);
	close_chip(&c);
}

static void as_if_alone(void)
{
	uint64_t alone[2], both[2];

	read_in_halves(1, alone);
	read_in_halves(2, alone);
	read_in_halves(3, both);
	CU_ASSERT_EQUAL(both[0], alone[0]);
	CU_ASSERT_EQUAL(both[1], alone[1]);
}

/* The same of copies within device memory. */
static void copy_in_halves(uint32_t which, uint64_t took[2])
{
	struct chip c = open_chip("sim:gpu-small", 2, "stream");
	struct reader r = reader_of(&c, 8 * MIB, 1); /* two buffers a half, side by side */
	struct timed timed[2];

	settle(&c, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct timed *t = &timed[i];
		road_submission s = {
			.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &t->times};

		if (!(which >> i & 1))
			continue;
		t->times = (road_times){.size = sizeof(t->times)};
		CU_ASSERT_EQUAL_FATAL(road_list_create(c.f.space, 0, &t->list), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_copy(t->list, r.in, (2 * i + 1) * 2 * MIB, r.in,
						     2 * i * 2 * MIB, 2 * MIB),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_close(t->list), ROAD_OK);
		s.list = t->list;
		CU_ASSERT_EQUAL_FATAL(road_queue_submit(c.queue[i], &s, &t->point), ROAD_OK);
	}
	for (uint32_t i = 0; i < 2; i++)
		if (which >> i & 1)
			took[i] = finish(&timed[i]);
	drop_reader(&r);
	close_chip(&c);
}

static void copies_as_if_alone(void)
{
	uint64_t alone[2], both[2];

	copy_in_halves(1, alone);
	copy_in_halves(2, alone);
	copy_in_halves(3, both);
	for (uint32_t i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(both[i], alone[i]);
		/* read and written, at half of 64 GB/s */
		CU_ASSERT(alone[i] >= 2 * 2 * UINT64_C(1000) * MIB / 32000);
	}
}

static void as_many_bytes_a_second(void)
{
	uint64_t took[3] = {0};

	for (uint32_t i = 0; i < 3; i++) {
		struct chip c = open_chip("sim:gpu-small", 1u << i, "stream");
		struct reader r = reader_of(&c, 4 * MIB, 1);
		struct timed t;

		settle(&c, 1);
		begin_reader(&c, 0, &r, &t);
		took[i] = finish(&t);
		drop_reader(&r);
		close_chip(&c);
	}
	/* memory bounds it: half of the channels, half as fast */
	CU_ASSERT(took[1] > 19 * took[0] / 10 && took[1] < 21 * took[0] / 10);
	CU_ASSERT(took[2] > 19 * took[1] / 10 && took[2] < 21 * took[1] / 10);
}

/* Bytes that came from memory when the working set is read again and again. */
static uint64_t read_again(uint32_t parts, uint64_t bytes, uint32_t passes)
{
	struct chip c = open_chip("sim:gpu-small", parts, "stream");
	struct reader r = reader_of(&c, bytes, passes);
	struct timed t;

	r.blocks = RESIDENT; /* all of it is read before any of it again */
	begin_reader(&c, 0, &r, &t);
	finish(&t);
	uint64_t read = counter_of(&c.f, "gpu.dram.read_bytes");

	drop_reader(&r);
	close_chip(&c);
	return read;
}

/* The second level has 512 KiB, half of them near; a quarter of the chip 128. */
static void a_working_set(void)
{
	const uint64_t set = 192 * KIB;
	const uint32_t passes = 8;

	CU_ASSERT(read_again(1, set, passes) < 2 * set);
	CU_ASSERT(read_again(4, set, passes) > (passes - 1) * set);
	CU_ASSERT(read_again(4, 48 * KIB, passes) < 2 * 48 * KIB);
}

/* What becomes another region's is empty: nothing is found there of what the whole chip read. */
static void a_new_layout(void)
{
	const uint64_t set = 32 * KIB;
	struct chip c = open_chip("sim:gpu-small", 4, "stream");
	struct reader r = reader_of(&c, set, 1);
	road_region_part parts[2] = {{0, 1, 0}, {1, 3, 0}};
	uint64_t read[3];

	r.blocks = RESIDENT;
	for (uint32_t i = 0; i < 3; i++) {
		struct timed t;

		if (i == 2) { /* 1 to 3 are one now; 0 stays */
			for (uint32_t k = 1; k < 4; k++) {
				road_queue_release(c.queue[k]);
				c.queue[k] = NULL;
				road_region_release(c.child[k]);
				c.child[k] = NULL;
			}
			CU_ASSERT_EQUAL_FATAL(road_layout_apply(c.root, parts, 2), ROAD_OK);
			CU_ASSERT_EQUAL(road_layout_commit(c.root), ROAD_OK);
			CU_ASSERT_EQUAL_FATAL(road_region_child(c.root, 1, &c.child[1]), ROAD_OK);
			const road_queue_options options = {.size = sizeof(options),
							    .region = c.child[1]};

			CU_ASSERT_EQUAL_FATAL(road_queue_create(c.f.space, &options, &c.queue[1]),
					      ROAD_OK);
		}
		begin_reader(&c, 1, &r, &t);
		finish(&t);
		read[i] = counter_of(&c.f, "gpu.dram.read_bytes");
	}
	CU_ASSERT(read[0] >= set);
	CU_ASSERT(read[1] - read[0] < set / 100); /* all of it was there */
	CU_ASSERT(read[2] - read[1] >= set);
	drop_reader(&r);
	close_chip(&c);
}

/* Atomics of all regions on one word: none is lost, whichever slices they went through. */
static void one_counter(void)
{
	static const char *const devices[] = {"sim:gpu-small", "sim:gpu-small?time=functional"};

	for (uint32_t k = 0; k < 2; k++) {
		struct chip c = open_chip(devices[k], PARTS_MAX, "count");
		road_buffer *buffer = buffer_of(&c.f, ROAD_HEAP_DEVICE, 64);
		uint64_t at = address_of(buffer);
		uint32_t passes = 3, sum = 0;
		const void *arguments[] = {&at, &passes};
		struct timed timed[PARTS_MAX];

		for (uint32_t i = 0; i < PARTS_MAX; i++)
			begin(&c, i, BLOCKS, arguments, 2, &timed[i]);
		for (uint32_t i = 0; i < PARTS_MAX; i++)
			finish(&timed[i]);
		CU_ASSERT_EQUAL(road_queue_read(c.queue[0], &sum, buffer, 0, 4, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(c.queue[0], soon()), ROAD_OK);
		CU_ASSERT_EQUAL(sum, PARTS_MAX * passes * BLOCKS * THREADS);
		road_buffer_release(buffer);
		close_chip(&c);
	}
}

/* ---- what the chip says ---- */

static void shares_are_told(void)
{
	static const struct {
		const char *address;
		uint64_t cache, rate; /* of a slice */
	} chips[] = {
		{"sim:gpu-small", 128 * KIB, UINT64_C(16000000000)},
		{"sim:a100-sxm4-80gb?time=functional", 5 * MIB, UINT64_C(254875000000)},
		{"sim:gpu-small?l2_slices=2", 256 * KIB, UINT64_C(32000000000)},
	};

	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		struct chip c = open_chip(chips[i].address, 2, "stream");
		road_region_info root = {.size = sizeof(root)}, child = {.size = sizeof(child)};
		road_property l2 = {.size = sizeof(l2)};

		CU_ASSERT_EQUAL(road_region_info_get(c.root, &root), ROAD_OK);
		CU_ASSERT_EQUAL(road_region_info_get(c.child[1], &child), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_property(c.f.device, "l2.bytes", &l2), ROAD_OK);
		CU_ASSERT_EQUAL(root.cache_bytes, l2.u64);
		CU_ASSERT_EQUAL(root.memory_bytes, 0);
		CU_ASSERT_EQUAL(child.cache_bytes, child.units * chips[i].cache);
		CU_ASSERT_EQUAL(child.memory_bytes_per_second, child.units * chips[i].rate);
		CU_ASSERT(child.memory_bytes > 0);
		close_chip(&c);
	}
}

static const struct tap_case cases[] = {
	{"work in one part takes as long as if nothing ran in the other one", as_if_alone},
	{"copies in one part take as long as if nothing was copied in the other one",
	 copies_as_if_alone},
	{"half of the slices have half of memory's bandwidth", as_many_bytes_a_second},
	{"a working set that the whole second level holds misses in a slice's share",
	 a_working_set},
	{"slices of another layout find an empty second level", a_new_layout},
	{"no atomic of one region is lost to another's", one_counter},
	{"regions tell their shares", shares_are_told},
};
TAP_MAIN(cases)
