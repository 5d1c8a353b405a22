/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix instructions: D = A B + C of a whole warp, whose lanes hold the matrices in fragments.
 *
 * Lane l is g = l / 4 and t = l % 4. A register holds e = 1, 2 or 4 elements. With k counting
 * along the dimension that A and B share (PTX ISA, "matrix fragments for mma"):
 *	A, register r: row g + 8 (r % 2), k = t e + j + 4 e (r / 2), j < e
 *	B, register r: k = t e + j + 4 e r, column g
 *	C and D, 32 bits: row g + 8 (r / 2), column 2 t + r % 2; 16 bits: two columns a register
 *
 * Products are exact, then d = d + a b for ascending k in f32, each sum rounded to nearest even;
 * f16 results are rounded once at the end. Silicon adds in an order and a width of its own.
 */
#include "simulators/gpu/exec_rows.h"
#include "simulators/numbers/half.h"
#include "simulators/numbers/soft.h"

enum { ROWS = 16, COLUMNS = 8, K_MAX = 32 };

struct floats {
	float a[ROWS][K_MAX] ROAD_SIM_ROW;
	float b[K_MAX][COLUMNS] ROAD_SIM_ROW;
	float d[ROWS][COLUMNS] ROAD_SIM_ROW;
};

struct integers {
	int32_t a[ROWS][K_MAX] ROAD_SIM_ROW;
	int32_t b[K_MAX][COLUMNS] ROAD_SIM_ROW;
	int32_t d[ROWS][COLUMNS] ROAD_SIM_ROW;
};

static const uint32_t *row_of(const struct road_gpu_warp *warp, uint32_t operand, unsigned r)
{
	return (const uint32_t *)road_gpu_source(warp, operand) + r * ROAD_GPU_WARP_LANES;
}

/* Every lane has to be there (PTX: .sync.aligned). */
static bool whole_warp(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	if (mask == ROAD_GPU_ALL)
		return true;
	road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, ~mask, 0, mask);
	return false;
}

/* ---- elements to f32, exactly ---- */

/* The low 13 bits of the fraction are dropped, but for what makes a NaN. */
static inline float float_of_tf32(uint32_t bits)
{
	return road_num_float(road_num_is_nan32(bits) ? ROAD_NUM_NAN32 : bits & ~0x1fffu);
}

/* Elements j of a row of registers as a row of f32. */
static inline void unpack(float *out, const uint32_t *in, unsigned type, unsigned j)
{
	unsigned shift = 16 * j;

	if (type == ROAD_GPU_MMA_F16) {
		LANES(l) out[l] = half_in(in[l] >> shift & 0xffffu, false);
	} else if (type == ROAD_GPU_MMA_BF16) {
		LANES(l) out[l] = half_in(in[l] >> shift & 0xffffu, true);
	} else {
		LANES(l) out[l] = float_of_tf32(in[l]);
	}
}

static void load_floats(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			unsigned registers_b, unsigned type, struct floats *m)
{
	const unsigned e = type == ROAD_GPU_MMA_TF32 ? 1 : 2;
	float row[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	for (unsigned r = 0; r < 2 * registers_b; r++) {
		for (unsigned j = 0; j < e; j++) {
			unpack(row, row_of(warp, insn->a, r), type, j);
			for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
				m->a[l / 4 + 8 * (r % 2)][l % 4 * e + j + 4 * e * (r / 2)] = row[l];
		}
	}
	for (unsigned r = 0; r < registers_b; r++) {
		for (unsigned j = 0; j < e; j++) {
			unpack(row, row_of(warp, insn->b, r), type, j);
			for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
				m->b[l % 4 * e + j + 4 * e * r][l / 4] = row[l];
		}
	}
}

/* ---- sums ---- */

/* Products of f16 are exact in f32: a rounded product is none. */
static inline float add_exact(float a, float b, float d)
{
	return a * b + d;
}

#define MULTIPLY(name, sum)                                                            \
	static void multiply_##name(struct floats *m, unsigned k_end)                  \
	{                                                                              \
		for (unsigned half = 0; half < ROWS; half += 8) {                      \
			float d[8][COLUMNS] ROAD_SIM_ROW;                              \
                                                                                       \
			memcpy(d, m->d[half], sizeof(d));                              \
			for (unsigned k = 0; k < k_end; k++) {                         \
				for (unsigned i = 0; i < 8; i++) {                     \
					float a = m->a[half + i][k];                   \
                                                                                       \
					for (unsigned n = 0; n < COLUMNS; n++)         \
						d[i][n] = sum(a, m->b[k][n], d[i][n]); \
				}                                                      \
			}                                                              \
			memcpy(m->d[half], d, sizeof(d));                              \
		}                                                                      \
	}

MULTIPLY(exact, add_exact)
MULTIPLY(fused, elem_fma)

static void multiply(struct floats *m, unsigned type, unsigned k_end)
{
	if (type == ROAD_GPU_MMA_F16)
		multiply_exact(m, k_end);
	else
		multiply_fused(m, k_end);
}

static unsigned floats_k(unsigned type, unsigned registers_b)
{
	return registers_b * (type == ROAD_GPU_MMA_TF32 ? 4 : 8);
}

static void mma_f32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		    unsigned registers_b)
{
	uint32_t *d = road_gpu_target(warp, insn->d);
	struct floats m;

	if (!whole_warp(warp, insn, mask))
		return;
	load_floats(warp, insn, registers_b, insn->aux, &m);
	for (unsigned r = 0; r < 4; r++) {
		const uint32_t *c = row_of(warp, insn->c, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
			m.d[l / 4 + 8 * (r / 2)][2 * (l % 4) + r % 2] = road_num_float(c[l]);
	}
	multiply(&m, insn->aux, floats_k(insn->aux, registers_b));
	for (unsigned r = 0; r < 4; r++)
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
			d[r * ROAD_GPU_WARP_LANES + l] = elem_canon32(
				road_num_bits32(m.d[l / 4 + 8 * (r / 2)][2 * (l % 4) + r % 2]));
}

static void mma_f16(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		    unsigned registers_b)
{
	uint32_t *d = road_gpu_target(warp, insn->d);
	struct floats m;

	if (!whole_warp(warp, insn, mask))
		return;
	load_floats(warp, insn, registers_b, ROAD_GPU_MMA_F16, &m);
	for (unsigned r = 0; r < 2; r++) {
		const uint32_t *c = row_of(warp, insn->c, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
			m.d[l / 4 + 8 * r][2 * (l % 4)] = half_in(c[l] & 0xffffu, false);
			m.d[l / 4 + 8 * r][2 * (l % 4) + 1] = half_in(c[l] >> 16, false);
		}
	}
	multiply(&m, ROAD_GPU_MMA_F16, floats_k(ROAD_GPU_MMA_F16, registers_b));
	for (unsigned r = 0; r < 2; r++) {
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
			const float *pair = &m.d[l / 4 + 8 * r][2 * (l % 4)];

			d[r * ROAD_GPU_WARP_LANES + l] = half_out(road_num_bits32(pair[0]), false) |
							 half_out(road_num_bits32(pair[1]), false)
								 << 16;
		}
	}
}

/* ---- integers ---- */

static int32_t byte_of(uint32_t bits, unsigned j, bool is_signed)
{
	uint8_t byte = (uint8_t)(bits >> 8 * j);

	return is_signed ? (int32_t)(int8_t)byte : (int32_t)byte;
}

static void load_integers(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			  unsigned registers_a, unsigned registers_b, struct integers *m)
{
	for (unsigned r = 0; r < registers_a; r++) {
		const uint32_t *row = row_of(warp, insn->a, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
			for (unsigned j = 0; j < 4; j++)
				m->a[l / 4 + 8 * (r % 2)][l % 4 * 4 + j + 16 * (r / 2)] =
					byte_of(row[l], j, insn->aux & ROAD_GPU_MMA_A_SIGNED);
	}
	for (unsigned r = 0; r < registers_b; r++) {
		const uint32_t *row = row_of(warp, insn->b, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
			for (unsigned j = 0; j < 4; j++)
				m->b[l % 4 * 4 + j + 16 * r][l / 4] =
					byte_of(row[l], j, insn->aux & ROAD_GPU_MMA_B_SIGNED);
	}
}

/* 32 products of bytes fit 32 bits by far: only adding C can leave them. */
static int32_t add_integers(int32_t c, int32_t sum, bool saturate)
{
	int64_t wide = (int64_t)c + sum;

	if (!saturate)
		return (int32_t)((uint32_t)c + (uint32_t)sum);
	return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

static void multiply_integers(struct integers *m, unsigned rows, unsigned k_end)
{
	memset(m->d, 0, sizeof(m->d));
	for (unsigned i = 0; i < rows; i++)
		for (unsigned k = 0; k < k_end; k++)
			for (unsigned n = 0; n < COLUMNS; n++)
				m->d[i][n] += m->a[i][k] * m->b[k][n];
}

static void mma_s32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		    unsigned registers_a, unsigned registers_b)
{
	const unsigned rows = registers_a == 1 ? 8 : 16;
	const bool saturate = insn->mods & ROAD_GPU_MOD_SAT;
	int32_t *d = road_gpu_target(warp, insn->d);
	struct integers m;

	if (!whole_warp(warp, insn, mask))
		return;
	load_integers(warp, insn, registers_a, registers_b, &m);
	multiply_integers(&m, rows, 16 * registers_b);
	for (unsigned r = 0; r < rows / 4; r++) {
		const uint32_t *c = row_of(warp, insn->c, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
			d[r * ROAD_GPU_WARP_LANES + l] = add_integers(
				(int32_t)c[l], m.d[l / 4 + 8 * (r / 2)][2 * (l % 4) + r % 2],
				saturate);
	}
}

/* ---- f64: m8n8k4, one element of A and B and two of C a lane ---- */

static void x_mma_f64(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	static const struct road_num_mode mode = {ROAD_NUM_F64, ROAD_NUM_RN, false, false};
	const uint64_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	const uint64_t *c = road_gpu_source(warp, insn->c);
	uint64_t *d = road_gpu_target(warp, insn->d);
	uint64_t sums[2][ROAD_GPU_WARP_LANES];

	if (!whole_warp(warp, insn, mask))
		return;
	for (unsigned r = 0; r < 2; r++) {
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
			uint64_t sum = c[r * ROAD_GPU_WARP_LANES + l];
			unsigned column = 2 * (l % 4) + r;

			for (unsigned k = 0; k < 4; k++)
				sum = road_num_fma(&mode, a[l / 4 * 4 + k], b[column * 4 + k], sum);
			sums[r][l] = sum;
		}
	}
	memcpy(d, sums, sizeof(sums));
}

/* ---- an 8 x 8 matrix of 16-bit elements, two a lane, transposed ---- */

static void x_movmatrix(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	uint32_t *d = road_gpu_target(warp, insn->d);
	uint16_t m[8][8];

	if (!whole_warp(warp, insn, mask))
		return;
	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		m[2 * (l % 4)][l / 4] = (uint16_t)a[l];
		m[2 * (l % 4) + 1][l / 4] = (uint16_t)(a[l] >> 16);
	}
	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
		d[l] = m[l / 4][2 * (l % 4)] | (uint32_t)m[l / 4][2 * (l % 4) + 1] << 16;
}

#define EXEC_MMA(name, call)                                                               \
	static void x_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
			     uint32_t mask)                                                \
	{                                                                                  \
		call;                                                                      \
	}

EXEC_MMA(mma_f32_b2, mma_f32(warp, insn, mask, 2))
EXEC_MMA(mma_f32_b1, mma_f32(warp, insn, mask, 1))
EXEC_MMA(mma_f16_b2, mma_f16(warp, insn, mask, 2))
EXEC_MMA(mma_f16_b1, mma_f16(warp, insn, mask, 1))
EXEC_MMA(mma_s32_b2, mma_s32(warp, insn, mask, 4, 2))
EXEC_MMA(mma_s32_b1, mma_s32(warp, insn, mask, 2, 1))
EXEC_MMA(mma_s32_m8, mma_s32(warp, insn, mask, 1, 1))

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_matrix)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_mma_f32_b2] = x_mma_f32_b2, [ROAD_GPU_OP_mma_f32_b1] = x_mma_f32_b1,
	[ROAD_GPU_OP_mma_f16_b2] = x_mma_f16_b2, [ROAD_GPU_OP_mma_f16_b1] = x_mma_f16_b1,
	[ROAD_GPU_OP_mma_s32_b2] = x_mma_s32_b2, [ROAD_GPU_OP_mma_s32_b1] = x_mma_s32_b1,
	[ROAD_GPU_OP_mma_s32_m8] = x_mma_s32_m8, [ROAD_GPU_OP_mma_f64] = x_mma_f64,
	[ROAD_GPU_OP_movmatrix] = x_movmatrix,
};
