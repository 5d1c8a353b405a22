/* SPDX-License-Identifier: Apache-2.0 */
/* The engines beside the fabrics: transfers, matrix products, tokens, what goes wrong. */
#include <math.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_model/rig.h"

static void fence(struct rig *rig, uint32_t stream, uint64_t value)
{
	const struct road_rpu_entry entry = {
		.work = ROAD_RPU_WORK_FENCE, .flags = ROAD_RPU_WORK_ORDERED, .value = value};

	rig_push(rig, stream, &entry);
}

/* Runs what stream 0 was given, and a fence behind it; the fault that it ended with. */
static uint32_t finish(struct rig *rig)
{
	uint64_t value = rig_status(rig, 0)->done + 1;

	fence(rig, 0, value);
	rig_ring(rig, 0);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	if (!rig_status(rig, 0)->fault)
		CU_ASSERT_EQUAL(rig_status(rig, 0)->done, value);
	return rig_status(rig, 0)->fault;
}

static struct road_rpu_move move(enum road_rpu_engine engine, uint64_t memory, uint32_t spm,
				 uint32_t bytes)
{
	return (struct road_rpu_move){.work = ROAD_RPU_WORK_MOVE,
				      .flags = ROAD_RPU_WORK_ORDERED,
				      .engine = (uint8_t)engine,
				      .memory = memory,
				      .spm = spm,
				      .bytes = bytes,
				      .rows = 1,
				      .slices = 1};
}

static void pattern(uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(i * 7 + i / 256 * 3 + 1);
}

/* ---- transfers ---- */

static void boxes_come_back_as_they_went(void)
{
	struct rig *rig = rig_open("time=approx");
	uint8_t *system = rig_system(rig), expected[0x1000] = {0};
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 64, 24);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 64, 24);

	pattern(system, 0x1000);
	in.rows = out.rows = 3;
	in.slices = out.slices = 2;
	in.slice_rows = out.slice_rows = 5;
	in.memory_pitch = 100;
	in.spm_pitch = out.spm_pitch = 32;
	out.memory_pitch = 48;
	in.tiles = out.tiles = 4;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	for (uint32_t s = 0; s < 2; s++)
		for (uint32_t r = 0; r < 3; r++)
			memcpy(expected + (s * 5 + r) * 48, system + (s * 5 + r) * 100, 24);
	CU_ASSERT_EQUAL(memcmp(expected, system + 0x10000, sizeof(expected)), 0);
	rig_close(rig);
}

static void a_broadcast_reads_memory_once(void)
{
	struct rig *rig = rig_open("time=approx");
	uint8_t *system = rig_system(rig);
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 512);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 0, 512);

	pattern(system, 512);
	out.tile_stride = 1024;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	CU_ASSERT_EQUAL(rig_counter(rig, "rpu.move.read_bytes"), 512);
	CU_ASSERT_EQUAL(rig_counter(rig, "rpu.move.written_bytes"), 4 * 512);
	CU_ASSERT_EQUAL(rig_counter(rig, "rpu.move.broadcasts"), 1);
	for (uint32_t t = 0; t < 4; t++)
		CU_ASSERT_EQUAL(memcmp(system, system + 0x10000 + t * 1024, 512), 0);
	CU_ASSERT_EQUAL(system[0x10000 + 512], 0);
	rig_close(rig);
}

/* 512 bytes at 64 a cycle of 1 ns: once for a broadcast, else for each tile; host memory: never. */
static void memory_is_taken_for_what_it_gives(void)
{
	static const struct {
		uint64_t memory, stride, busy_ps;
	} rows[] = {{VA_DATA, 0, 8000}, {VA_DATA, 1024, 4 * 8000}, {VA_SYSTEM, 1024, 0}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=approx");
		struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, rows[i].memory, 0, 512);

		in.tile_stride = rows[i].stride;
		rig_push(rig, 0, &in);
		CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
		CU_ASSERT_EQUAL(rig_counter(rig, "rpu.ddr.busy_ps"), rows[i].busy_ps);
		rig_close(rig);
	}
}

static void tiles_take_their_strides(void)
{
	struct rig *rig = rig_open("time=functional");
	uint8_t *system = rig_system(rig);
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 256);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 0, 256);

	pattern(system, 1024);
	in.tiles = out.tiles = 0xa; /* tiles 1 and 3 */
	in.tile_stride = 512;
	out.tile_stride = 256;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	CU_ASSERT_EQUAL(memcmp(system + 0x10000, system, 256), 0);
	CU_ASSERT_EQUAL(memcmp(system + 0x10100, system + 512, 256), 0);
	rig_close(rig);
}

static struct road_rpu_entry in_scratchpads(enum road_rpu_work work, uint64_t dst, uint64_t src,
					    uint64_t bytes)
{
	return (struct road_rpu_entry){.work = (uint8_t)work,
				       .flags = ROAD_RPU_WORK_ORDERED | ROAD_RPU_WORK_SPM,
				       .dst = dst,
				       .src = src,
				       .bytes = bytes,
				       .rows = 1,
				       .slices = 1};
}

/* Each tile in its own: they hold different bytes. Rows that overlap go as if read first. */
static void scratchpads_are_filled_and_copied_in_place(void)
{
	struct rig *rig = rig_open("time=approx");
	uint8_t *system = rig_system(rig), expected[4][512] = {{0}};
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 256);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 0, 512);
	struct road_rpu_entry fill = in_scratchpads(ROAD_RPU_WORK_FILL, 300, 0, 64);
	struct road_rpu_entry copy = in_scratchpads(ROAD_RPU_WORK_COPY, 5, 0, 100);

	pattern(system, 1024);
	in.tile_stride = 256;
	out.tile_stride = 512;
	fill.value = 0x0102030405060708;
	fill.value_bytes = 8;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &fill);
	rig_push(rig, 0, &copy);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	for (uint32_t t = 0; t < 4; t++) {
		memcpy(expected[t], system + t * 256, 256);
		for (int i = 0; i < 8; i++)
			memcpy(expected[t] + 300 + i * 8, &fill.value, 8);
		memmove(expected[t] + 5, expected[t], 100);
	}
	CU_ASSERT_EQUAL(memcmp(expected, system + 0x10000, sizeof(expected)), 0);
	rig_close(rig);
}

/* ---- products ---- */

enum { M = 5, N = 7, K = 19 };

/* Small integers and halves of them: their f16 and bf16 patterns are these tables'. */
static uint16_t bits_of(int twice, bool bf)
{
	float value = (float)twice / 2;
	uint32_t f32, exponent, fraction;

	memcpy(&f32, &value, sizeof(f32));
	if (bf)
		return (uint16_t)(f32 >> 16);
	if (!twice)
		return 0;
	exponent = (f32 >> 23 & 0xff) - 127 + 15;
	fraction = f32 >> 13 & 0x3ff;
	return (uint16_t)((f32 >> 16 & 0x8000) | exponent << 10 | fraction);
}

static int a_of(int m, int k)
{
	return (m * 3 + k * 5) % 17 - 8;
}

static int b_of(int k, int n)
{
	return (k * 7 + n * 2) % 13 - 6;
}

static void put_matrices(uint8_t *system, enum road_rpu_gemm_type type)
{
	uint8_t *a = system, *b = system + 0x1000;

	for (int m = 0; m < M; m++)
		for (int k = 0; k < K; k++) {
			uint16_t bits = bits_of(a_of(m, k), type == ROAD_RPU_GEMM_BF16);

			if (type == ROAD_RPU_GEMM_S8)
				a[m * 64 + k] = (uint8_t)a_of(m, k);
			else
				memcpy(a + m * 64 + k * 2, &bits, 2);
		}
	for (int k = 0; k < K; k++)
		for (int n = 0; n < N; n++) {
			uint16_t bits = bits_of(b_of(k, n), type == ROAD_RPU_GEMM_BF16);

			if (type == ROAD_RPU_GEMM_S8)
				b[k * 32 + n] = (uint8_t)b_of(k, n);
			else
				memcpy(b + k * 32 + n * 2, &bits, 2);
		}
}

static void push_gemm(struct rig *rig, enum road_rpu_gemm_type type, uint8_t flags)
{
	const struct road_rpu_gemm gemm = {.work = ROAD_RPU_WORK_GEMM,
					   .flags = (uint8_t)(ROAD_RPU_WORK_ORDERED | flags),
					   .engine = ROAD_RPU_ENGINE_NEUR,
					   .type = (uint8_t)type,
					   .a = 0,
					   .b = 0x1000,
					   .c = 0x2000,
					   .a_pitch = 64,
					   .b_pitch = 32,
					   .c_pitch = 64,
					   .m = M,
					   .n = N,
					   .k = K,
					   .tiles = 1};

	rig_push(rig, 0, &gemm);
}

static void products_are_exact(void)
{
	static const enum road_rpu_gemm_type types[] = {ROAD_RPU_GEMM_F16, ROAD_RPU_GEMM_BF16,
							ROAD_RPU_GEMM_S8};

	for (size_t t = 0; t < COUNT(types); t++) {
		struct rig *rig = rig_open("time=approx");
		uint8_t *system = rig_system(rig);
		struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 0x3000);
		struct road_rpu_move out =
			move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 0x2000, 0x1000);
		bool s8 = types[t] == ROAD_RPU_GEMM_S8;
		unsigned wrong = 0;

		put_matrices(system, types[t]);
		in.tiles = out.tiles = 1;
		rig_push(rig, 0, &in);
		push_gemm(rig, types[t], 0);
		push_gemm(rig, types[t], ROAD_RPU_WORK_ADD);
		rig_push(rig, 0, &out);
		CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
		for (int m = 0; m < M; m++)
			for (int n = 0; n < N; n++) {
				const uint8_t *at = system + 0x10000 + m * 64 + n * 4;
				int32_t whole, sum = 0;
				float real;

				for (int k = 0; k < K; k++)
					sum += 2 * a_of(m, k) * b_of(k, n);
				memcpy(&whole, at, 4);
				memcpy(&real, at, 4);
				wrong += s8 ? whole != sum : real != (float)sum / 4;
			}
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(rig_counter(rig, "rpu.macs"), 2 * M * N * K);
		rig_close(rig);
	}
}

/* 2048 + 1 is no f16; each sum is rounded to f32 alone, and the result once. */
static void narrow_results_are_rounded_once(void)
{
	static const uint16_t a[4] = {0x6800, 0x3c00, 0x3c00, 0x3c00}; /* 2048, 1, 1, 1 */
	static const uint16_t one = 0x3c00;
	struct rig *rig = rig_open("time=functional");
	uint8_t *system = rig_system(rig);
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 0x100);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 0x80, 2);
	const struct road_rpu_gemm gemm = {.work = ROAD_RPU_WORK_GEMM,
					   .flags = ROAD_RPU_WORK_ORDERED | ROAD_RPU_WORK_NARROW,
					   .engine = ROAD_RPU_ENGINE_NEUR,
					   .type = ROAD_RPU_GEMM_F16,
					   .a = 0,
					   .b = 0x40,
					   .c = 0x80,
					   .a_pitch = 8,
					   .b_pitch = 2,
					   .c_pitch = 2,
					   .m = 1,
					   .n = 1,
					   .k = 4,
					   .tiles = 1};
	uint16_t got;

	memcpy(system, a, sizeof(a));
	for (int k = 0; k < 4; k++)
		memcpy(system + 0x40 + k * 2, &one, 2);
	in.tiles = out.tiles = 1;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &gemm);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	memcpy(&got, system + 0x10000, 2);
	CU_ASSERT_EQUAL(got, 0x6802); /* 2051 is halfway: to even, 2052; three roundings: 2048 */
	rig_close(rig);
}

/* ---- order ---- */

static struct road_rpu_gemm small_gemm(uint16_t wait, uint16_t signal)
{
	return (struct road_rpu_gemm){.work = ROAD_RPU_WORK_GEMM,
				      .engine = ROAD_RPU_ENGINE_NEUR,
				      .type = ROAD_RPU_GEMM_S8,
				      .wait = wait,
				      .signal = signal,
				      .a = 0,
				      .b = 16,
				      .c = 32,
				      .a_pitch = 16,
				      .b_pitch = 16,
				      .c_pitch = 16,
				      .m = 1,
				      .n = 1,
				      .k = 1,
				      .tiles = 1};
}

/* A product that a transfer's token lets begin sees what the transfer brought, and one that
 * nothing orders does not. */
static int32_t product_behind_a_transfer(bool ordered)
{
	struct rig *rig = rig_open("time=approx");
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 0x8000);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM + 0x10000, 32, 4);
	struct road_rpu_gemm gemm = small_gemm(ordered ? 2 : 0, 4);
	int32_t got;

	rig_system(rig)[0] = 5;
	rig_system(rig)[16] = 7;
	in.tiles = out.tiles = 1;
	in.flags = out.flags = 0;
	in.signal = 2;
	out.wait = 4;
	rig_push(rig, 0, &in);
	rig_push(rig, 0, &gemm);
	rig_push(rig, 0, &out);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	memcpy(&got, rig_system(rig) + 0x10000, 4);
	rig_close(rig);
	return got;
}

static void tokens_order_engines(void)
{
	CU_ASSERT_EQUAL(product_behind_a_transfer(true), 35);
	CU_ASSERT_EQUAL(product_behind_a_transfer(false), 0);
}

static void a_token_that_never_comes_is_a_deadlock(void)
{
	struct rig *rig = rig_open("time=approx");
	struct road_rpu_gemm first = small_gemm(0, 0), second = small_gemm(0x18, 0);

	rig_push(rig, 0, &first);
	rig_push(rig, 0, &second);
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_DEADLOCK);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->slot, 1);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->detail, 0x18);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->engine, ROAD_RPU_ENGINE_NEUR);
	rig_close(rig);
}

static void a_token_has_eight_bits(void)
{
	struct rig *rig = rig_open("time=functional");
	const struct road_rpu_entry give = {.work = ROAD_RPU_WORK_BARRIER, .signal = 0x20};

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 51; i++)
			rig_push(rig, 0, &give);
		CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_NONE);
	}
	rig_push(rig, 0, &give); /* the 256th */
	CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_TOKEN);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->detail, 5);
	rig_close(rig);
}

/* Streams share the engines, and neither the order of their work nor their tokens. */
static void streams_do_not_hold_each_other(void)
{
	struct rig *rig = rig_open("time=approx");
	struct road_rpu_gemm waits = small_gemm(1, 0), goes = small_gemm(0, 0);

	rig_push(rig, 0, &waits);
	rig_ring(rig, 0);
	rig_push(rig, 1, &goes);
	fence(rig, 1, 9);
	rig_ring(rig, 1);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	CU_ASSERT_EQUAL(rig_status(rig, 1)->done, 9);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_RPU_FAULT_NONE);
	rig_close(rig);
}

/* ---- what cannot be ---- */

static void entries_that_cannot_be_name_the_field(void)
{
	struct road_rpu_move pitch = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 64);
	struct road_rpu_move engine = move(ROAD_RPU_ENGINE_CGRA, VA_SYSTEM, 0, 64);
	struct road_rpu_move stride = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM, 0, 64);
	struct road_rpu_move tiles = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 64);
	struct road_rpu_move reserved = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 64);
	struct road_rpu_gemm type = small_gemm(0, 0), none = small_gemm(0, 0);
	struct road_rpu_entry bus = in_scratchpads(ROAD_RPU_WORK_COPY, 0, 64, 64);

	bus.flags |= ROAD_RPU_WORK_SRC_BUS;
	pitch.rows = 2;
	pitch.memory_pitch = 128;
	pitch.spm_pitch = 63;
	stride.tile_stride = 63;
	tiles.tiles = 0x10;
	reserved.reserved1 = 1;
	type.type = 3;
	none.k = 0;
	const struct {
		const void *entry;
		size_t field;
	} rows[] = {
		{&pitch, offsetof(struct road_rpu_move, spm_pitch)},
		{&engine, offsetof(struct road_rpu_move, engine)},
		{&stride, offsetof(struct road_rpu_move, tile_stride)},
		{&tiles, offsetof(struct road_rpu_move, tiles)},
		{&reserved, offsetof(struct road_rpu_move, reserved1)},
		{&type, offsetof(struct road_rpu_gemm, type)},
		{&none, offsetof(struct road_rpu_gemm, k)},
		{&bus, offsetof(struct road_rpu_entry, flags)},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=functional");

		rig_push(rig, 0, rows[i].entry);
		CU_ASSERT_EQUAL(finish(rig), ROAD_RPU_FAULT_ENTRY);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->detail, rows[i].field);
		rig_close(rig);
	}
}

/* What entries do in scratchpads lies in a window of their context. */
static void entries_stay_in_the_context_s_windows(void)
{
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0x1000, 64);
	struct road_rpu_move out = move(ROAD_RPU_ENGINE_WDMA, VA_SYSTEM, 0x1fc1, 64);
	struct road_rpu_entry fill = in_scratchpads(ROAD_RPU_WORK_FILL, 0xfff, 0, 64);
	struct road_rpu_entry copy = in_scratchpads(ROAD_RPU_WORK_COPY, 0x1000, 0x2000, 1);
	struct road_rpu_gemm c = small_gemm(0, 0);

	fill.value_bytes = 1;
	in.tiles = out.tiles = 1;
	const struct {
		const void *entry;
		uint32_t fault;
		uint64_t address;
	} rows[] = {
		{&in, ROAD_RPU_FAULT_NONE, 0},         {&out, ROAD_RPU_FAULT_WINDOW, 0x1fc1},
		{&fill, ROAD_RPU_FAULT_WINDOW, 0xfff}, {&copy, ROAD_RPU_FAULT_WINDOW, 0x2000},
		{&c, ROAD_RPU_FAULT_WINDOW, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=approx");

		rig_set_window(rig, 0x1000, 0x1000, ROAD_RANGE_READ | ROAD_RANGE_WRITE);
		rig_push(rig, 0, rows[i].entry);
		CU_ASSERT_EQUAL(finish(rig), rows[i].fault);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->address, rows[i].address);
		if (rows[i].fault) {
			CU_ASSERT_EQUAL(rig_status(rig, 0)->window_from, 0x1000);
			CU_ASSERT_EQUAL(rig_status(rig, 0)->window_end, 0x2000);
		}
		rig_close(rig);
	}
}

static void accesses_out_of_bounds_fault(void)
{
	struct road_rpu_move spm = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, (256 << 10) - 63, 64);
	struct road_rpu_move memory =
		move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM + SYSTEM_BYTES - 63, 0, 64);
	struct road_rpu_gemm c = small_gemm(0, 0), odd = small_gemm(0, 0);

	struct road_rpu_entry fill = in_scratchpads(ROAD_RPU_WORK_FILL, (256 << 10) - 63, 0, 64);
	struct road_rpu_entry copy = in_scratchpads(ROAD_RPU_WORK_COPY, 0, 256 << 10, 1);
	struct road_rpu_entry far = in_scratchpads(ROAD_RPU_WORK_COPY, UINT64_MAX, 0, 1);

	fill.value_bytes = 1;
	c.c = 256 << 10;
	odd.c = 33;
	const struct {
		const void *entry;
		uint32_t fault;
		uint64_t address;
	} rows[] = {
		{&fill, ROAD_RPU_FAULT_BOUNDS, (256 << 10) - 63},
		{&copy, ROAD_RPU_FAULT_BOUNDS, 256 << 10},
		{&far, ROAD_RPU_FAULT_BOUNDS, UINT64_MAX},
		{&spm, ROAD_RPU_FAULT_BOUNDS, (256 << 10) - 63},
		{&memory, ROAD_RPU_FAULT_UNMAPPED, VA_SYSTEM + SYSTEM_BYTES - 63},
		{&c, ROAD_RPU_FAULT_BOUNDS, 256 << 10},
		{&odd, ROAD_RPU_FAULT_MISALIGNED, 33},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=functional");

		rig_push(rig, 0, rows[i].entry);
		CU_ASSERT_EQUAL(finish(rig), rows[i].fault);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->address, rows[i].address);
		rig_close(rig);
	}
}

static void closing_drops_what_runs(void)
{
	struct rig *rig = rig_open("time=approx");
	struct road_rpu_move in = move(ROAD_RPU_ENGINE_RDMA, VA_SYSTEM, 0, 0x8000);

	rig_push(rig, 0, &in);
	rig_ring(rig, 0);
	(void)rig_run(rig, rig->when + UINT64_C(1000000), 1000); /* it moves by now */
	rig_put(rig, ROAD_RPU_REG_STREAM_SELECT, 4, 0);
	rig_put(rig, ROAD_RPU_REG_STREAM_COMMAND, 4, ROAD_RPU_STREAM_CLOSE);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 1000));
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REG_STREAM_STATE, 4), ROAD_RPU_STREAM_CLOSED);
	rig_push(rig, 1, &in);
	fence(rig, 1, 3);
	rig_ring(rig, 1);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	CU_ASSERT_EQUAL(rig_status(rig, 1)->done, 3); /* the engine is free */
	rig_close(rig);
}

static const struct tap_case cases[] = {
	{"boxes go to a scratchpad and come back as they went", boxes_come_back_as_they_went},
	{"a broadcast reads memory once and reaches all tiles", a_broadcast_reads_memory_once},
	{"each of several tiles takes its stride of memory", tiles_take_their_strides},
	{"scratchpads are filled and copied in place, each tile's",
	 scratchpads_are_filled_and_copied_in_place},
	{"memory is busy for what it gives, and a broadcast is given once",
	 memory_is_taken_for_what_it_gives},
	{"products of f16, bf16 and s8 are exact, and add up", products_are_exact},
	{"a narrow result is rounded once", narrow_results_are_rounded_once},
	{"tokens order engines, and nothing else does", tokens_order_engines},
	{"a token that never comes is a deadlock, which names it",
	 a_token_that_never_comes_is_a_deadlock},
	{"a token counts to 255", a_token_has_eight_bits},
	{"a stream that waits holds no other", streams_do_not_hold_each_other},
	{"entries that cannot be name the field", entries_that_cannot_be_name_the_field},
	{"entries stay in the windows of their context", entries_stay_in_the_context_s_windows},
	{"accesses out of bounds fault with their address", accesses_out_of_bounds_fault},
	{"a stream that is closed drops what runs, and frees its engines", closing_drops_what_runs},
};
TAP_MAIN(cases)
