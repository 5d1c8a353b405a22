/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of matrices by the RPU's engine NEUR through the public interface: operands are copied
 * into scratchpads, multiplied there, and copied out, in one queue. Against float64; and in tiles
 * of a matrix that no scratchpad holds, where transfers hide behind products.
 */
#include <math.h>
#include <stdbool.h>

#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"sim:rpu-small", "sim:rpu-small?time=functional"};

enum type { F16, BF16, S8 };
static const struct kernel {
	const char *name;
	enum type type;
	bool narrow, add;
} kernels[] = {{"product_f16", F16, false, false},         {"product_f16_add", F16, false, true},
	       {"product_f16_narrow", F16, true, false},   {"product_bf16", BF16, false, false},
	       {"product_bf16_narrow", BF16, true, false}, {"product_s8", S8, false, false},
	       {"product_s8_add", S8, false, true},        {"product_s8_narrow", S8, true, false}};
enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]), RELU = KERNELS, SPREAD, ALL };

struct rig {
	struct fixture f;
	road_image *image;
	road_kernel *kernels[ALL];
	uint64_t seed;
};

static struct rig begin(const char *device)
{
	static uint8_t bytes[1 << 16];
	struct rig r = {.f = setup(device), .seed = 3};
	FILE *file = fopen(IMAGES, "r");
	size_t count;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (road_image_load(r.f.space, bytes, count, NULL, &r.image)) {
		tell_error("load");
		CU_FAIL_FATAL("the image is refused");
	}
	for (uint32_t i = 0; i < ALL; i++) {
		const char *name = i < KERNELS ? kernels[i].name : i == RELU ? "relu" : "spread";

		CU_ASSERT_EQUAL_FATAL(road_image_kernel(r.image, name, &r.kernels[i]), ROAD_OK);
	}
	return r;
}

static void finish(struct rig *r)
{
	for (uint32_t i = 0; i < ALL; i++)
		road_kernel_release(r->kernels[i]);
	road_image_release(r->image);
	teardown(&r->f);
}

static uint64_t address_of(road_buffer *buffer)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL_FATAL(road_buffer_address(buffer, &address), ROAD_OK);
	return address;
}

/* ---- numbers ---- */

static uint32_t bytes_of(enum type type)
{
	return type == S8 ? 1 : 2;
}

/* Of a value that has at most 8 bits in its significand, and no extreme exponent. */
static void put(unsigned char *at, enum type type, double value)
{
	float single = (float)value;
	uint32_t bits;
	uint16_t half;

	memcpy(&bits, &single, sizeof(bits));
	if (type == BF16)
		half = (uint16_t)(bits >> 16);
	else if (!(bits << 1))
		half = (uint16_t)(bits >> 16);
	else
		half = (uint16_t)((bits >> 16 & 0x8000) | ((bits >> 23 & 0xff) - 112) << 10 |
				  (bits >> 13 & 0x3ff));
	if (type == S8)
		*at = (unsigned char)(int)value;
	else
		memcpy(at, &half, sizeof(half));
}

static double wide(const unsigned char *at, enum type type)
{
	int32_t whole;
	float real;

	memcpy(&whole, at, sizeof(whole));
	memcpy(&real, at, sizeof(real));
	return type == S8 ? whole : (double)real;
}

static double narrow(const unsigned char *at, enum type type)
{
	uint16_t half;
	double value;
	int exponent;

	if (type == S8)
		return (int8_t)*at;
	memcpy(&half, at, sizeof(half));
	if (type == BF16) {
		uint32_t bits = (uint32_t)half << 16;
		float real;

		memcpy(&real, &bits, sizeof(real));
		return real;
	}
	exponent = half >> 10 & 0x1f;
	value = exponent ? ldexp(0x400 | (half & 0x3ff), exponent - 25) : ldexp(half & 0x3ff, -24);
	return half & 0x8000 ? -value : value;
}

/* Small multiples of 1/16 (of 1 for integers): exact in each type. */
static double draw(struct rig *r, enum type type)
{
	r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
	double value = (double)(int32_t)(r->seed >> 40 & 0xff) - 128;

	return type == S8 ? value : value / 16;
}

/* ---- one product ---- */

struct shape {
	uint32_t m, n, k;
};
static const struct shape shapes[] = {{1, 1, 1},    {16, 16, 16}, {17, 5, 33},
				      {40, 23, 64}, {3, 100, 7},  {33, 16, 129}};

enum { MOST = 160 * 160 };
static double a_values[MOST], b_values[MOST];
static unsigned char a_bytes[MOST * 2], b_bytes[MOST * 2], c_bytes[MOST * 4];

static void draw_all(struct rig *r, enum type type, double *values, unsigned char *bytes,
		     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		values[i] = draw(r, type);
		put(bytes + i * bytes_of(type), type, values[i]);
	}
}

static void launch(struct rig *r, road_list *list, uint32_t kernel, const uint64_t *abc,
		   const struct shape *s, const uint32_t *pitches)
{
	const void *pointers[] = {&abc[0], &abc[1],     &abc[2],     &s->m,      &s->n,
				  &s->k,   &pitches[0], &pitches[1], &pitches[2]};
	const road_launch what = {.size = sizeof(what),
				  .kernel = r->kernels[kernel],
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_pointers = pointers,
				  .argument_count = 9};

	if (road_list_launch(list, &what)) {
		tell_error(kernels[kernel].name);
		CU_FAIL_FATAL("the launch is refused");
	}
}

static road_list *new_list(struct rig *r, uint32_t flags)
{
	road_list *list = NULL;

	CU_ASSERT_EQUAL_FATAL(road_list_create(r->f.space, flags, &list), ROAD_OK);
	return list;
}

/* How long it took, of the device's time. */
static uint64_t run(struct rig *r, road_list *list)
{
	road_times times = {.size = sizeof(times)};
	road_submission s = {
		.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .list = list, .times = &times};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(r->f.queue, &s, &point), ROAD_OK);
	if (road_point_wait(point, soon())) {
		tell_error("wait");
		CU_FAIL("the list failed");
	}
	road_list_release(list);
	return times.ended - times.started;
}

/* The least error that is told, half a unit of the last place of what is stored: f32 sums of exact
 * products in order, and one rounding of a narrow result. Integers are exact. */
static double tolerance(const struct kernel *kernel, uint32_t k, double magnitude, double wanted)
{
	double sums = (k + 1) * magnitude * ldexp(1, -24);

	if (kernel->type == S8)
		return 0;
	if (!kernel->narrow)
		return sums;
	return sums + fabs(wanted) * ldexp(1, kernel->type == F16 ? -11 : -8) + ldexp(1, -24);
}

static void check(const struct kernel *kernel, const struct shape *s, double scale)
{
	const uint32_t bytes = kernel->narrow ? bytes_of(kernel->type) : 4;
	unsigned wrong = 0;

	for (uint32_t i = 0; i < s->m; i++)
		for (uint32_t j = 0; j < s->n; j++) {
			const unsigned char *at = c_bytes + (i * s->n + j) * bytes;
			double seen =
				kernel->narrow ? narrow(at, kernel->type) : wide(at, kernel->type);
			double wanted = 0, magnitude = 0;

			for (uint32_t k = 0; k < s->k; k++) {
				double product = a_values[i * s->k + k] * b_values[k * s->n + j];

				wanted += scale * product;
				magnitude += scale * fabs(product);
			}
			if (kernel->type == S8 && kernel->narrow)
				wanted = fmin(fmax(wanted, INT8_MIN), INT8_MAX);
			wrong += !(fabs(seen - wanted) <=
				   tolerance(kernel, s->k, magnitude, wanted));
		}
	if (wrong)
		printf("# %s %ux%ux%u: %u are wrong\n", kernel->name, s->m, s->n, s->k, wrong);
	CU_ASSERT_EQUAL(wrong, 0);
}

/* From memory into scratchpads, rows that lie close there or do not, and back. */
static void product(struct rig *r, uint32_t index, const struct shape *s, bool apart)
{
	const struct kernel *kernel = &kernels[index];
	const uint32_t in = bytes_of(kernel->type), out = kernel->narrow ? in : 4;
	const uint32_t pitches[3] = {apart ? s->k * in + 6 * in : 0, 0,
				     apart ? s->n * out + 2 * out : 0};
	const uint32_t a_pitch = apart ? pitches[0] : s->k * in;
	const uint32_t c_pitch = apart ? pitches[2] : s->n * out;
	road_buffer *a = buffer_of(&r->f, ROAD_HEAP_SCRATCH, (uint64_t)s->m * a_pitch);
	road_buffer *b = buffer_of(&r->f, ROAD_HEAP_SCRATCH, (uint64_t)s->k * s->n * in);
	road_buffer *c = buffer_of(&r->f, ROAD_HEAP_SCRATCH, (uint64_t)s->m * c_pitch);
	road_buffer *memory =
		buffer_of(&r->f, ROAD_HEAP_DEVICE, s->m * s->k * in + s->m * s->n * out);
	const uint64_t abc[3] = {address_of(a), address_of(b), address_of(c)};
	const road_copy_box to = {.size = sizeof(to),
				  .bytes = (uint64_t)s->k * in,
				  .rows = s->m,
				  .slices = 1,
				  .src_row_pitch = (uint64_t)s->k * in,
				  .dst_row_pitch = a_pitch};
	const road_copy_box from = {.size = sizeof(from),
				    .bytes = (uint64_t)s->n * out,
				    .rows = s->m,
				    .slices = 1,
				    .dst_offset = (uint64_t)s->m * s->k * in,
				    .src_row_pitch = c_pitch,
				    .dst_row_pitch = (uint64_t)s->n * out};
	road_list *list = new_list(r, 0);

	draw_all(r, kernel->type, a_values, a_bytes, s->m * s->k);
	draw_all(r, kernel->type, b_values, b_bytes, s->k * s->n);
	road_list_write(list, memory, 0, a_bytes, (uint64_t)s->m * s->k * in);
	CU_ASSERT_EQUAL(road_list_copy_box(list, a, memory, &to), ROAD_OK);
	road_list_write(list, b, 0, b_bytes, (uint64_t)s->k * s->n * in);
	launch(r, list, index, abc, s, pitches);
	if (kernel->add)
		launch(r, list, index, abc, s, pitches);
	CU_ASSERT_EQUAL(road_list_copy_box(list, memory, c, &from), ROAD_OK);
	road_list_read(list, c_bytes, memory, from.dst_offset, (uint64_t)s->m * s->n * out);
	run(r, list);
	check(kernel, s, kernel->add ? 2 : 1);
	road_buffer_release(a);
	road_buffer_release(b);
	road_buffer_release(c);
	road_buffer_release(memory);
}

static void products_are_those_of_float64(void)
{
	for (size_t d = 0; d < sizeof(devices) / sizeof(devices[0]); d++) {
		struct rig r = begin(devices[d]);

		for (uint32_t kernel = 0; kernel < KERNELS; kernel++)
			for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
				product(&r, kernel, &shapes[i], i % 2);
		finish(&r);
	}
}

/* Operands go to all tiles, and all multiply: each hands its result out by itself. */
static void each_tile_has_the_product(void)
{
	enum { TILES = 4, SIDE_HERE = 16, WORDS = SIDE_HERE * SIDE_HERE };
	static const struct kernel kernel = {"product_f16 of each tile", F16, false, false};
	static const struct shape s = {SIDE_HERE, SIDE_HERE, SIDE_HERE};
	static const uint32_t pitches[3] = {0};
	struct rig r = begin(devices[0]);
	road_buffer *a = buffer_of(&r.f, ROAD_HEAP_SCRATCH, WORDS * 2);
	road_buffer *b = buffer_of(&r.f, ROAD_HEAP_SCRATCH, WORDS * 2);
	road_buffer *c = buffer_of(&r.f, ROAD_HEAP_SCRATCH, WORDS * 4);
	road_buffer *out = buffer_of(&r.f, ROAD_HEAP_DEVICE, TILES * WORDS * 4);
	const uint64_t abc[3] = {address_of(a), address_of(b), address_of(c)};
	const uint64_t to = address_of(out), words = WORDS;
	const void *pointers[3] = {&abc[2], &to, &words};
	const road_launch spread = {.size = sizeof(spread),
				    .kernel = r.kernels[SPREAD],
				    .grid = {TILES, 1, 1},
				    .block = {1, 1, 1},
				    .argument_pointers = pointers,
				    .argument_count = 3};
	static unsigned char seen[TILES][WORDS * 4];
	road_list *list = new_list(&r, 0);

	draw_all(&r, F16, a_values, a_bytes, WORDS);
	draw_all(&r, F16, b_values, b_bytes, WORDS);
	road_list_write(list, a, 0, a_bytes, WORDS * 2);
	road_list_write(list, b, 0, b_bytes, WORDS * 2);
	launch(&r, list, 0, abc, &s, pitches);
	CU_ASSERT_EQUAL(road_list_launch(list, &spread), ROAD_OK);
	road_list_read(list, seen, out, 0, sizeof(seen));
	run(&r, list);
	for (uint32_t t = 0; t < TILES; t++) {
		memcpy(c_bytes, seen[t], sizeof(seen[t]));
		check(&kernel, &s, 1);
	}
	road_buffer_release(a);
	road_buffer_release(b);
	road_buffer_release(c);
	road_buffer_release(out);
	finish(&r);
}

/* ---- a product in tiles ---- */

enum { SIDE = 32, M = 150, N = 70, K = 140 }; /* tails in each dimension */

struct tiles {
	struct rig *r;
	road_list *list;
	bool alone;                                  /* each command */
	road_buffer *a, *b, *c;                      /* whole, in memory */
	road_buffer *a_tile[2], *b_tile[2], *c_tile; /* in scratchpads */
};

static uint32_t part(uint32_t whole, uint32_t at)
{
	return whole - at < SIDE ? whole - at : SIDE;
}

static void end_command(struct tiles *t)
{
	if (t->alone)
		CU_ASSERT_EQUAL_FATAL(road_list_barrier(t->list), ROAD_OK);
}

static void bring(struct tiles *t, road_buffer *tile, road_buffer *whole, uint32_t row,
		  uint32_t column, uint32_t rows, uint32_t columns, uint32_t width)
{
	const road_copy_box box = {.size = sizeof(box),
				   .bytes = columns * 2,
				   .rows = rows,
				   .slices = 1,
				   .src_offset = (uint64_t)(row * width + column) * 2,
				   .src_row_pitch = width * 2,
				   .dst_row_pitch = SIDE * 2};

	CU_ASSERT_EQUAL_FATAL(road_list_copy_box(t->list, tile, whole, &box), ROAD_OK);
	end_command(t);
}

static void multiply(struct tiles *t, uint32_t which, const struct shape *s, bool first)
{
	static const uint32_t pitches[3] = {SIDE * 2, SIDE * 2, SIDE * 4};
	const uint64_t abc[3] = {address_of(t->a_tile[which]), address_of(t->b_tile[which]),
				 address_of(t->c_tile)};

	launch(t->r, t->list, first ? 0 : 1, abc, s, pitches); /* product_f16, and with add */
	end_command(t);
}

static void take_away(struct tiles *t, uint32_t row, uint32_t column)
{
	const road_copy_box box = {.size = sizeof(box),
				   .bytes = part(N, column) * 4,
				   .rows = part(M, row),
				   .slices = 1,
				   .dst_offset = (uint64_t)(row * N + column) * 4,
				   .src_row_pitch = SIDE * 4,
				   .dst_row_pitch = N * 4};

	CU_ASSERT_EQUAL_FATAL(road_list_copy_box(t->list, t->c, t->c_tile, &box), ROAD_OK);
	end_command(t);
}

/* Tile after tile; with two buffers for operands the next ones come while a product is made. */
static void record_tiles(struct tiles *t, uint32_t buffers)
{
	uint32_t turn = 0;

	for (uint32_t i = 0; i < M; i += SIDE)
		for (uint32_t j = 0; j < N; j += SIDE) {
			for (uint32_t k = 0; k < K; k += SIDE, turn++) {
				const struct shape s = {part(M, i), part(N, j), part(K, k)};
				uint32_t which = turn % buffers;

				bring(t, t->a_tile[which], t->a, i, k, s.m, s.k, K);
				bring(t, t->b_tile[which], t->b, k, j, s.k, s.n, N);
				multiply(t, which, &s, k == 0);
			}
			take_away(t, i, j);
		}
}

static uint64_t counter(struct rig *r, const char *wanted)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(r->f.device, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	CU_FAIL_FATAL("no such counter");
	return 0;
}

/* ns that the engines of a tile worked, each for itself: WDMA empties one tile, the others serve
 * all four. */
static uint64_t work_of(struct rig *r)
{
	return (counter(r, "rpu.engine.rdma.busy_ps") / 4 +
		counter(r, "rpu.engine.neur.busy_ps") / 4 +
		counter(r, "rpu.engine.cgra.busy_ps") / 4 + counter(r, "rpu.engine.wdma.busy_ps")) /
	       1000;
}

static uint64_t multiply_tiles(struct rig *r, uint32_t buffers)
{
	static const struct kernel kernel = {"product_f16 in tiles", F16, false, false};
	static const struct shape whole = {M, N, K};
	struct tiles t = {.r = r, .list = new_list(r, 0), .alone = !buffers};
	uint64_t took;

	t.a = buffer_of(&r->f, ROAD_HEAP_DEVICE, M * K * 2);
	t.b = buffer_of(&r->f, ROAD_HEAP_DEVICE, K * N * 2);
	t.c = buffer_of(&r->f, ROAD_HEAP_DEVICE, M * N * 4);
	for (int i = 0; i < 2; i++) {
		t.a_tile[i] = buffer_of(&r->f, ROAD_HEAP_SCRATCH, SIDE * SIDE * 2);
		t.b_tile[i] = buffer_of(&r->f, ROAD_HEAP_SCRATCH, SIDE * SIDE * 2);
	}
	t.c_tile = buffer_of(&r->f, ROAD_HEAP_SCRATCH, SIDE * SIDE * 4);
	draw_all(r, F16, a_values, a_bytes, M * K);
	draw_all(r, F16, b_values, b_bytes, K * N);
	road_queue_write(r->f.queue, t.a, 0, a_bytes, M * K * 2, NULL);
	road_queue_write(r->f.queue, t.b, 0, b_bytes, K * N * 2, NULL);
	record_tiles(&t, buffers == 2 ? 2 : 1);
	took = run(r, t.list);
	memset(c_bytes, 0, sizeof(c_bytes));
	CU_ASSERT_EQUAL(road_queue_read(r->f.queue, c_bytes, t.c, 0, M * N * 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(r->f.queue, soon()), ROAD_OK);
	check(&kernel, &whole, 1);
	for (int i = 0; i < 2; i++) {
		road_buffer_release(t.a_tile[i]);
		road_buffer_release(t.b_tile[i]);
	}
	road_buffer_release(t.c_tile);
	road_buffer_release(t.a);
	road_buffer_release(t.b);
	road_buffer_release(t.c);
	return took;
}

/* Same commands, same queue, same numbers: what touches the same bytes takes turns by itself, what
 * does not overlaps. Barriers behind each command make a queue that does one thing at a time. */
static void tiles_come_while_others_are_multiplied(void)
{
	uint64_t took[3] = {0}, work[3] = {0};

	for (uint32_t buffers = 0; buffers <= 2; buffers++) {
		struct rig r = begin(devices[0]);
		uint64_t before = work_of(&r);

		took[buffers] = multiply_tiles(&r, buffers);
		work[buffers] = work_of(&r) - before;
		finish(&r);
	}
	printf("# %ux%ux%u in tiles of %u: one thing at a time %llu ns, in order %llu ns, two "
	       "tiles at a time %llu ns, in which engines work %llu ns\n",
	       M, N, K, SIDE, (unsigned long long)took[0], (unsigned long long)took[1],
	       (unsigned long long)took[2], (unsigned long long)work[2]);
	CU_ASSERT(took[0] >= work[0]);
	CU_ASSERT(took[1] < took[0]);
	CU_ASSERT(took[2] < took[1]);
	CU_ASSERT(took[2] < work[2]);
}

static void tiles_are_right_without_time(void)
{
	struct rig r = begin(devices[1]);

	multiply_tiles(&r, 2);
	finish(&r);
}

/* ---- four engines, one queue ---- */

enum { TURNS = 12, TILE = SIDE * SIDE };

struct line {
	struct rig *r;
	road_list *list;
	road_buffer *in, *out;               /* TURNS tiles, in memory */
	road_buffer *a[2], *b, *c[2], *d[2]; /* in scratchpads */
};

static void rectify(struct line *l, uint32_t which)
{
	const uint64_t c = address_of(l->c[which]), d = address_of(l->d[which]), count = TILE;
	const void *pointers[3] = {&c, &d, &count};
	const road_launch what = {.size = sizeof(what),
				  .kernel = l->r->kernels[RELU],
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_pointers = pointers,
				  .argument_count = 3};

	CU_ASSERT_EQUAL_FATAL(road_list_launch(l->list, &what), ROAD_OK);
}

/* What each engine does for tile `turn`; out of range: nothing. */
static void record_stage(struct line *l, uint32_t stage, uint32_t turn)
{
	static const uint32_t pitches[3] = {0};
	static const struct shape s = {SIDE, SIDE, SIDE};
	uint32_t which = turn % 2;
	const uint64_t abc[3] = {address_of(l->a[which]), address_of(l->b),
				 address_of(l->c[which])};

	if (turn >= TURNS)
		return;
	if (stage == 0)
		CU_ASSERT_EQUAL_FATAL(road_list_copy(l->list, l->a[which], 0, l->in,
						     (uint64_t)turn * TILE * 2, TILE * 2),
				      ROAD_OK);
	if (stage == 1)
		launch(l->r, l->list, 0, abc, &s, pitches);
	if (stage == 2)
		rectify(l, which);
	if (stage == 3)
		CU_ASSERT_EQUAL_FATAL(road_list_copy(l->list, l->out, (uint64_t)turn * TILE * 4,
						     l->d[which], 0, TILE * 4),
				      ROAD_OK);
}

/* Between two barriers all four engines work, each for another tile. */
static void record_line(struct line *l)
{
	for (uint32_t turn = 0; turn < TURNS + 3; turn++) {
		for (uint32_t stage = 0; stage < 4; stage++)
			record_stage(l, stage, turn - stage);
		CU_ASSERT_EQUAL_FATAL(road_list_barrier(l->list), ROAD_OK);
	}
}

static void record_in_order(struct line *l)
{
	for (uint32_t turn = 0; turn < TURNS; turn++)
		for (uint32_t stage = 0; stage < 4; stage++)
			record_stage(l, stage, turn);
}

static void check_line(const float *seen)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < TURNS * SIDE; i++)
		for (uint32_t j = 0; j < SIDE; j++) {
			double wanted = 0, magnitude = 0;

			for (uint32_t k = 0; k < SIDE; k++) {
				double product = a_values[i * SIDE + k] * b_values[k * SIDE + j];

				wanted += product;
				magnitude += fabs(product);
			}
			wrong += !(fabs(seen[i * SIDE + j] - fmax(wanted, 0)) <=
				   (SIDE + 1) * magnitude * ldexp(1, -24));
		}
	CU_ASSERT_EQUAL(wrong, 0);
}

static uint64_t run_line(struct rig *r, void (*record)(struct line *l), uint32_t flags)
{
	static float seen[TURNS * TILE];
	struct line l = {.r = r, .list = new_list(r, flags)};
	uint64_t took;

	l.in = buffer_of(&r->f, ROAD_HEAP_DEVICE, TURNS * TILE * 2);
	l.out = buffer_of(&r->f, ROAD_HEAP_DEVICE, TURNS * TILE * 4);
	l.b = buffer_of(&r->f, ROAD_HEAP_SCRATCH, TILE * 2);
	for (int i = 0; i < 2; i++) {
		l.a[i] = buffer_of(&r->f, ROAD_HEAP_SCRATCH, TILE * 2);
		l.c[i] = buffer_of(&r->f, ROAD_HEAP_SCRATCH, TILE * 4);
		l.d[i] = buffer_of(&r->f, ROAD_HEAP_SCRATCH, TILE * 4);
	}
	draw_all(r, F16, a_values, a_bytes, TURNS * TILE);
	draw_all(r, F16, b_values, b_bytes, TILE);
	road_queue_write(r->f.queue, l.in, 0, a_bytes, TURNS * TILE * 2, NULL);
	road_queue_write(r->f.queue, l.b, 0, b_bytes, TILE * 2, NULL);
	record(&l);
	took = run(r, l.list);
	CU_ASSERT_EQUAL(road_queue_read(r->f.queue, seen, l.out, 0, sizeof(seen), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(r->f.queue, soon()), ROAD_OK);
	check_line(seen);
	road_buffer_release(l.in);
	road_buffer_release(l.out);
	road_buffer_release(l.b);
	for (int i = 0; i < 2; i++) {
		road_buffer_release(l.a[i]);
		road_buffer_release(l.c[i]);
		road_buffer_release(l.d[i]);
	}
	return took;
}

static void four_engines_work_for_one_queue(void)
{
	struct rig r = begin(devices[0]);
	uint64_t before, took, work, in_order;

	run_line(&r, record_in_order, 0); /* brings the configuration */
	in_order = run_line(&r, record_in_order, 0);
	before = work_of(&r);
	took = run_line(&r, record_line, ROAD_LIST_CONCURRENT);
	work = work_of(&r) - before;
	printf("# %u tiles through RDMA, NEUR, CGRA, WDMA: in order %llu ns, side by side %llu ns, "
	       "in which engines work %llu ns\n",
	       TURNS, (unsigned long long)in_order, (unsigned long long)took,
	       (unsigned long long)work);
	CU_ASSERT(took < work);
	CU_ASSERT(took < in_order);
	finish(&r);
}

/* ---- the peak rate ---- */

/* One product on each of the tiles: as many as there are in a row at the peak, and its start. */
static void products_stay_below_the_peak_rate(void)
{
	static const struct {
		const char *peak;
		uint32_t kernel;
	} rows[] = {{"peak.matrix.f16", 0}, {"peak.matrix.bf16", 3}, {"peak.matrix.i8", 5}};
	static const struct shape s = {160, 160, 160};
	static const uint32_t pitches[] = {320, 320, 640};

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r = begin(devices[0]);
		road_buffer *in = buffer_of(&r.f, ROAD_HEAP_SCRATCH, 160 * 320);
		road_buffer *out = buffer_of(&r.f, ROAD_HEAP_SCRATCH, 160 * 640);
		road_property peak = {.size = sizeof(peak)}, tiles = {.size = sizeof(tiles)};
		road_list *list = new_list(&r, 0);
		uint64_t abc[3];

		abc[0] = abc[1] = address_of(in);
		abc[2] = address_of(out);
		launch(&r, list, rows[i].kernel, abc, &s, pitches);
		const uint64_t ns = run(&r, list);

		CU_ASSERT_EQUAL(road_device_property(r.f.device, rows[i].peak, &peak), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_property(r.f.device, "compute.units", &tiles), ROAD_OK);
		const double rate = 2.0 * s.m * s.n * s.k * (double)tiles.u64 * 1e9 / (double)ns;

		printf("# %s: %.4g of %.4g\n", rows[i].peak, rate, (double)peak.u64);
		CU_ASSERT(rate <= (double)peak.u64);
		CU_ASSERT(rate >= 0.5 * (double)peak.u64); /* else the bound would say little */
		road_buffer_release(in);
		road_buffer_release(out);
		finish(&r);
	}
}

static const struct tap_case cases[] = {
	{"products come close to the peak rate, and not above", products_stay_below_the_peak_rate},
	{"products by NEUR are those of float64, of each type and with tails",
	 products_are_those_of_float64},
	{"each tile of the region has the product", each_tile_has_the_product},
	{"tiles come while others are multiplied, in one queue",
	 tiles_come_while_others_are_multiplied},
	{"tiles are right in functional mode, too", tiles_are_right_without_time},
	{"four engines work for one queue at a time", four_engines_work_for_one_queue},
};
TAP_MAIN(cases)
