/* SPDX-License-Identifier: Apache-2.0 */
/* MOVE and layouts against loops over single bytes and elements. */
#include "tests/unit/sim_dsa/rig.h"

#include <string.h>

static struct rig rig;
static uint64_t state = 1;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

static void begin(void)
{
	rig_init(&rig);
	for (uint32_t i = 0; i < RIG_MEMORY; i++)
		rig.memory[i] = (uint8_t)random_below(256);
}

static void end(void)
{
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
}

/* ---- MOVE ---- */

struct move {
	uint32_t dims, bytes, zero, count[3];
	int32_t from[3], to[3];
};

/* Registers 2.. as MOVE reads them. */
static void load_move(const struct move *m)
{
	uint64_t counts = 0;

	rig_load(&rig, 2, m->bytes | (uint64_t)m->zero << 32);
	for (uint32_t i = 0; i + 1 < m->dims; i++) {
		counts |= (uint64_t)m->count[i] << 16 * i;
		rig_load(&rig, 4 + i, (uint32_t)m->from[i] | (uint64_t)(uint32_t)m->to[i] << 32);
	}
	if (m->dims > 1)
		rig_load(&rig, 3, counts);
}

static void emit_move(unsigned op, unsigned type, uint64_t d, uint64_t a, const struct move *m)
{
	load_move(m);
	rig_load(&rig, 10, d);
	rig_load(&rig, 11, a);
	rig_emit(&rig, op, type, 10, 11, 2)->imm = (int32_t)m->dims;
}

/* What MOVE does, a byte at a time. */
static void move_bytes(uint8_t *d, const uint8_t *a, const struct move *m)
{
	uint32_t n[3] = {1, 1, 1};

	for (uint32_t i = 0; i + 1 < m->dims; i++)
		n[i] = m->count[i];
	for (uint32_t z = 0; z < n[2]; z++)
		for (uint32_t y = 0; y < n[1]; y++)
			for (uint32_t x = 0; x < n[0]; x++) {
				int64_t s = (int64_t)x * m->from[0] + (int64_t)y * m->from[1] +
					    (int64_t)z * m->from[2];
				int64_t t = (int64_t)x * m->to[0] + (int64_t)y * m->to[1] +
					    (int64_t)z * m->to[2];

				for (uint32_t b = 0; b < m->bytes; b++)
					d[t + b] = a[s + b];
				for (uint32_t b = 0; b < m->zero; b++)
					d[t + m->bytes + b] = 0;
			}
}

/* Strides that make bursts of the destination lie apart. */
static struct move random_move(bool to_pad)
{
	struct move m = {.dims = 1 + random_below(4), .bytes = 1 + random_below(70)};
	int32_t room = 160;

	m.zero = random_below(3) ? 0 : random_below(60);
	for (uint32_t i = 0; i + 1 < m.dims; i++) {
		m.count[i] = 1 + random_below(5);
		m.to[i] = to_pad ? room : room + (int32_t)random_below(9);
		m.from[i] = to_pad ? (int32_t)random_below(300) - 100
				   : 32 * ((int32_t)random_below(9) - 3);
		room = m.to[i] * (int32_t)m.count[i];
		room += to_pad ? 0 : 31;
	}
	return m;
}

static void check_move_in(unsigned op, uint32_t pad)
{
	static uint8_t want[65536];
	struct move m = random_move(true);

	begin();
	emit_move(op, ROAD_DSA_TYPE_U8, 64, RIG_VA + 40001, &m);
	memset(want, ROAD_DSA_POISON, sizeof(want));
	move_bytes(want + 64, rig.memory + 40001, &m);
	end();
	CU_ASSERT_EQUAL(memcmp(want, rig.pads[pad], sizeof(want)), 0);
}

static void moves_into_scratchpads(void)
{
	for (int i = 0; i < 300; i++) {
		check_move_in(ROAD_DSA_OP_move_ub, ROAD_DSA_PAD_UB);
		check_move_in(ROAD_DSA_OP_move_l1, ROAD_DSA_PAD_L1);
	}
}

static void moves_out(void)
{
	static uint8_t want[RIG_MEMORY];

	for (int i = 0; i < 300; i++) {
		struct move m = random_move(false);

		begin();
		rig_move_ub(&rig, 0, 0, 65536);
		rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE3, 0);
		emit_move(ROAD_DSA_OP_store_ub, ROAD_DSA_TYPE_U8, RIG_VA + 300003, 20000 / 32 * 32,
			  &m);
		memcpy(want, rig.memory, sizeof(want));
		move_bytes(want + 300003, rig.memory + 20000 / 32 * 32, &m);
		end();
		CU_ASSERT_EQUAL(memcmp(want, rig.memory, sizeof(want)), 0);
	}
}

static void moves_within(void)
{
	struct move m = {
		.dims = 2, .bytes = 50, .zero = 14, .count = {9}, .from = {96}, .to = {64}};
	uint8_t want[9 * 64];

	begin();
	rig_move_ub(&rig, 0, 0, 4096);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE3, 0);
	emit_move(ROAD_DSA_OP_store_l1, ROAD_DSA_TYPE_U8, 1024, 128, &m);
	move_bytes(want, rig.memory + 128, &m);
	end();
	CU_ASSERT_EQUAL(memcmp(want, rig.pads[ROAD_DSA_PAD_L1] + 1024, sizeof(want)), 0);
}

static void transposes(void)
{
	for (uint32_t type = 1; type < ROAD_DSA_TYPES; type++) {
		uint32_t bytes = dsa_type_bytes(type), rows = 7, n = 13;
		struct move m = {
			.dims = 2, .bytes = n * bytes, .count = {rows}, .from = {77}, .to = {64}};

		begin();
		emit_move(ROAD_DSA_OP_move_ub, type, 0, RIG_VA + 5, &m);
		rig.words[rig.count - 1].mods = ROAD_DSA_MOD_TRANSPOSE;
		end();
		for (uint32_t r = 0; r < rows; r++)
			for (uint32_t c = 0; c < n; c++)
				CU_ASSERT_EQUAL(
					memcmp(rig.pads[ROAD_DSA_PAD_UB] + c * 64 + r * bytes,
					       rig.memory + 5 + r * 77 + c * bytes, bytes),
					0);
	}
}

/* ---- layouts ---- */

/* Element (r, c) of an NZ matrix with room for P rows. */
static uint64_t nz(uint32_t bytes, uint64_t p, uint64_t r, uint64_t c)
{
	uint64_t c0 = 32 / bytes;

	return c / c0 * p * 32 + r * 32 + c % c0 * bytes;
}

static uint64_t element(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

/* R x C from memory (offset 3, rows `stride` apart) to L1 at 0 by move_nz. */
static void emit_nz(uint32_t type, uint64_t rows, uint64_t columns, uint64_t stride, uint64_t p)
{
	rig_load(&rig, 1, 0);
	rig_load(&rig, 2, RIG_VA + 3);
	rig_load(&rig, 3, rows | columns << 32);
	rig_load(&rig, 4, stride | p << 32);
	rig_emit(&rig, ROAD_DSA_OP_move_nz, type, 1, 2, 3);
}

static void makes_nz(void)
{
	for (int i = 0; i < 60; i++) {
		uint32_t type = 1 + random_below(ROAD_DSA_TYPES - 1), bytes = dsa_type_bytes(type);
		uint64_t rows = 1 + random_below(40), columns = 1 + random_below(70);
		uint64_t p = (rows + random_below(20) + 15) / 16 * 16, c0 = 32 / bytes;
		uint64_t stride = columns * bytes + random_below(9), all = dsa_round(columns, c0);

		begin();
		emit_nz(type, rows, columns, stride, p);
		end();
		for (uint64_t r = 0; r < p; r++)
			for (uint64_t c = 0; c < all; c++) {
				uint64_t got = element(
					rig.pads[ROAD_DSA_PAD_L1] + nz(bytes, p, r, c), bytes);
				uint64_t want =
					element(rig.memory + 3 + r * stride + c * bytes, bytes);

				CU_ASSERT_EQUAL(got, r < rows && c < columns ? want : 0);
			}
		CU_ASSERT_EQUAL(rig.pads[ROAD_DSA_PAD_L1][all / c0 * p * 32], ROAD_DSA_POISON);
	}
}

static void stores_nz(void)
{
	uint64_t rows = 11, columns = 21, stride = 96, p = 32;

	begin();
	rig_move_ub(&rig, 0, 0, 4096);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE3, 0);
	rig_load(&rig, 1, 64);
	rig_load(&rig, 2, 128);
	rig_load(&rig, 3, rows | columns << 32);
	rig_load(&rig, 4, stride | p << 32);
	rig_emit(&rig, ROAD_DSA_OP_store_nz, ROAD_DSA_TYPE_F32, 1, 2, 3);
	end();
	for (uint64_t r = 0; r < p; r++)
		for (uint64_t c = 0; c < 24; c++) {
			uint64_t got = element(rig.pads[ROAD_DSA_PAD_L1] + 64 + nz(4, p, r, c), 4);
			uint64_t want = element(rig.memory + 128 + r * stride + c * 4, 4);

			CU_ASSERT_EQUAL(got, r < rows && c < columns ? want : 0);
		}
}

static uint64_t place_a(uint32_t bytes, uint64_t k_count, uint64_t m, uint64_t k)
{
	uint64_t c0 = 32 / bytes, k1 = dsa_ceil(k_count, c0);

	return (m / 16 * k1 + k / c0) * 512 + m % 16 * 32 + k % c0 * bytes;
}

static uint64_t place_b(uint32_t bytes, uint64_t n_count, uint64_t n, uint64_t k)
{
	uint64_t c0 = 32 / bytes, n1 = dsa_ceil(n_count, 16);

	return (k / c0 * n1 + n / 16) * 512 + n % 16 * 32 + k % c0 * bytes;
}

static void check_fractals(bool b, bool transpose)
{
	static const uint32_t types[] = {ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_BF16, ROAD_DSA_TYPE_F32,
					 ROAD_DSA_TYPE_S8};
	uint32_t type = types[random_below(4)], bytes = dsa_type_bytes(type);
	uint64_t rows = 1 + random_below(40), k = 1 + random_below(40);
	uint64_t r = transpose ? k : rows, c = transpose ? rows : k;
	uint64_t p = (r + random_below(20) + 15) / 16 * 16, stride = c * bytes + 5;
	uint32_t pad = b ? ROAD_DSA_PAD_L0B : ROAD_DSA_PAD_L0A;

	begin();
	emit_nz(type, r, c, stride, p);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE1, 0);
	rig_load(&rig, 5, 32);
	rig_load(&rig, 6, rows | k << 32);
	rig_load(&rig, 7, p);
	rig_emit(&rig, b ? ROAD_DSA_OP_load_b : ROAD_DSA_OP_load_a, type, 5, 0, 6)->mods =
		transpose ? ROAD_DSA_MOD_TRANSPOSE : 0;
	end();
	for (uint64_t i = 0; i < dsa_round(rows, 16); i++)
		for (uint64_t j = 0; j < dsa_round(k, 32 / bytes); j++) {
			uint64_t at = b ? place_b(bytes, rows, i, j) : place_a(bytes, k, i, j);
			uint64_t from =
				3 + (transpose ? j * stride + i * bytes : i * stride + j * bytes);
			uint64_t want = element(rig.memory + from, bytes);

			CU_ASSERT_EQUAL(element(rig.pads[pad] + 32 + at, bytes),
					i < rows && j < k ? want : 0);
		}
}

static void loads_fractals(void)
{
	for (int i = 0; i < 120; i++)
		check_fractals(i & 1, i & 2);
}

static void loads_bias(void)
{
	begin();
	emit_nz(ROAD_DSA_TYPE_U8, 16, 32, 32, 16);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE1, 0);
	rig_load(&rig, 5, 96);
	rig_load(&rig, 6, 32);
	rig_load(&rig, 7, 64);
	EMIT(&rig, load_bias, 5, 6, 7);
	end();
	CU_ASSERT_EQUAL(memcmp(rig.pads[ROAD_DSA_PAD_BT] + 96, rig.memory + 3 + 32, 64), 0);
	CU_ASSERT_EQUAL(rig.pads[ROAD_DSA_PAD_BT][96 + 64], ROAD_DSA_POISON);
}

/* ---- what cannot be ---- */

static void check_fault(unsigned kind, uint64_t address, uint64_t detail)
{
	EMIT(&rig, end, 0, 0, 0);
	CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
	CU_ASSERT_EQUAL(rig.fault.kind, kind);
	CU_ASSERT_EQUAL(rig.fault.address, address);
	CU_ASSERT_EQUAL(rig.fault.detail, detail);
}

static void wrong_moves_fault(void)
{
	struct move m = {.dims = 2, .bytes = 32, .count = {4}, .from = {32}, .to = {48}};

	begin();
	emit_move(ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 0, RIG_VA, &m);
	check_fault(ROAD_DSA_FAULT_MISALIGNED, 48, 32);
	begin();
	m.to[0] = -64;
	emit_move(ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 128, RIG_VA, &m);
	check_fault(ROAD_DSA_FAULT_BOUNDS, (uint64_t)-64, 224);
	begin();
	m.to[0] = 64;
	m.from[0] = -32;
	emit_move(ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 128, RIG_VA + 64, &m);
	check_fault(ROAD_DSA_FAULT_UNMAPPED, RIG_VA - 32, 128);
	begin();
	m.count[0] = 0;
	emit_move(ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 128, RIG_VA + 64, &m);
	check_fault(ROAD_DSA_FAULT_SHAPE, 0, 0);
	begin();
	m = (struct move){.dims = 4, .bytes = 1, .count = {65535, 65535, 65535}};
	emit_move(ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 128, RIG_VA + 64, &m);
	check_fault(ROAD_DSA_FAULT_SHAPE, 0, UINT64_C(0xffffffffffff));
}

static void wrong_layouts_fault(void)
{
	begin();
	emit_nz(ROAD_DSA_TYPE_F16, 17, 16, 32, 16); /* P < R */
	check_fault(ROAD_DSA_FAULT_SHAPE, 0, 32 | UINT64_C(16) << 32);
	begin();
	emit_nz(ROAD_DSA_TYPE_F16, 16, 16, 32, 20); /* P is no multiple of 16 */
	check_fault(ROAD_DSA_FAULT_SHAPE, 0, 32 | UINT64_C(20) << 32);
	begin();
	emit_nz(ROAD_DSA_TYPE_F16, 0xffffffff, 0xffffffff, 32, 16);
	check_fault(ROAD_DSA_FAULT_SHAPE, 0, UINT64_MAX);
	begin();
	emit_nz(ROAD_DSA_TYPE_F32, 1024, 32, 128, 1024); /* 128 KiB */
	check_fault(ROAD_DSA_FAULT_BOUNDS, 0, 131072);
}

static const struct tap_case cases[] = {
	{"strided moves into UB and L1 are loops over bytes", moves_into_scratchpads},
	{"strided moves out of UB are loops over bytes", moves_out},
	{"strided moves from UB to L1 are loops over bytes", moves_within},
	{"moves transpose elements of every type", transposes},
	{"row-major matrices become NZ, padded with zeros", makes_nz},
	{"row-major matrices in UB become NZ", stores_nz},
	{"NZ matrices become fractals of L0A and L0B, transposed too", loads_fractals},
	{"bias values reach BT", loads_bias},
	{"moves that cannot be fault", wrong_moves_fault},
	{"layouts that cannot be fault", wrong_layouts_fault},
};

TAP_MAIN(cases)
