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

enum { REGISTERS = 2, ELEMENTS = 4 }; /* of B; of a register, at most */

/* What a register of A or B holds; what comes first is as in aux. */
enum element { F16 = ROAD_GPU_MMA_F16, BF16 = ROAD_GPU_MMA_BF16, TF32 = ROAD_GPU_MMA_TF32, S8, U8 };

/*
 * A register of A is a matrix of 8 rows of 4 e elements as it stands, so A is only unpacked, with
 * element j of all lanes side by side. B is turned round, so that one k of all columns is a vector.
 * Two rows of registers of C or D, with even and odd columns, make 8 rows of 8 columns.
 */
struct fragments {
	float a[2][REGISTERS][ELEMENTS][ROAD_GPU_WARP_LANES] ROAD_SIM_ROW; /* [row / 8] */
	float b[REGISTERS][ELEMENTS][4][8] ROAD_SIM_ROW;
	uint64_t d[2][ROAD_GPU_WARP_LANES] ROAD_SIM_ROW; /* [row / 8], pairs of f32 */
};

typedef float columns __attribute__((vector_size(32), may_alias));

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

static inline __attribute__((always_inline)) unsigned elements_of(enum element type)
{
	return type == TF32 ? 1 : type == F16 || type == BF16 ? 2 : 4;
}

/* The low 13 bits of the fraction are dropped, but for what makes a NaN. */
static inline float float_of_tf32(uint32_t bits)
{
	return road_num_float(road_num_is_nan32(bits) ? ROAD_NUM_NAN32 : bits & ~0x1fffu);
}

/* Element j of each register of a row. */
static inline __attribute__((always_inline)) void unpack(float *out, const uint32_t *in,
							 enum element type, unsigned j)
{
	switch (type) {
	case F16: LANES(l) out[l] = half_in(in[l] >> 16 * j & 0xffffu, false); break;
	case BF16: LANES(l) out[l] = half_in(in[l] >> 16 * j & 0xffffu, true); break;
	case TF32: LANES(l) out[l] = float_of_tf32(in[l]); break;
	case S8: LANES(l) out[l] = (float)((int32_t)(in[l] << (24 - 8 * j)) >> 24); break;
	case U8: LANES(l) out[l] = (float)(int32_t)(in[l] >> 8 * j & 0xffu); break;
	}
}

static inline __attribute__((always_inline)) void load_a(const struct road_gpu_warp *warp,
							 const struct road_gpu_insn *insn,
							 enum element type, unsigned registers,
							 struct fragments *m)
{
	for (unsigned r = 0; r < registers; r++)
		for (unsigned j = 0; j < elements_of(type); j++)
			unpack(m->a[r % 2][r / 2][j], row_of(warp, insn->a, r), type, j);
}

typedef uint32_t words __attribute__((vector_size(16), may_alias));

#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

/* From eight rows of four to four rows of eight. */
static inline void turn(uint32_t *out, const uint32_t *in)
{
	const words *from = (const words *)in;
	words *to = (words *)out;

	for (unsigned i = 0; i < 2; i++, from += 4) {
		words a = LOW(from[0], from[2]), b = HIGH(from[0], from[2]);
		words c = LOW(from[1], from[3]), d = HIGH(from[1], from[3]);

		to[i] = LOW(a, c);
		to[2 + i] = HIGH(a, c);
		to[4 + i] = LOW(b, d);
		to[6 + i] = HIGH(b, d);
	}
}

static inline __attribute__((always_inline)) void load_b(const struct road_gpu_warp *warp,
							 const struct road_gpu_insn *insn,
							 enum element type, unsigned registers,
							 struct fragments *m)
{
	uint32_t turned[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	for (unsigned r = 0; r < registers; r++) {
		turn(turned, row_of(warp, insn->b, r));
		for (unsigned j = 0; j < elements_of(type); j++)
			unpack(m->b[r][j][0], turned, type, j);
	}
}

/* ---- sums ---- */

/* If products are exact, a fused sum is what a product and a sum are. */
static inline __attribute__((always_inline)) columns add(float a, columns b, columns d, bool exact)
{
#if defined(__FMA__) || defined(__aarch64__)
	exact = false;
#endif
	if (exact)
		return a * b + d;
	for (unsigned n = 0; n < 8; n++)
		d[n] = elem_fma(a, b[n], d[n]);
	return d;
}

/* k ascends; eight rows at a time are as many sums as a host has registers for. */
static inline __attribute__((always_inline)) void
multiply(struct fragments *m, unsigned halves, unsigned registers, unsigned e, bool exact)
{
	for (unsigned half = 0; half < halves; half++) {
		columns *d = (columns *)m->d[half], sums[8];

		memcpy(sums, d, sizeof(sums));
		for (unsigned k = 0; k < registers * 4 * e; k++) {
			unsigned r = k / (4 * e), t = k / e % 4, j = k % e;
			const float *a = m->a[half][r][j] + t;
			columns b = *(const columns *)m->b[r][j][t];

#pragma GCC unroll 8
			for (unsigned i = 0; i < 8; i++)
				sums[i] = add(a[4 * i], b, sums[i], exact);
		}
		memcpy(d, sums, sizeof(sums));
	}
}

static inline __attribute__((always_inline)) void
multiply_floats(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, enum element type,
		unsigned registers_b, struct fragments *m)
{
	load_a(warp, insn, type, 2 * registers_b, m);
	load_b(warp, insn, type, registers_b, m);
	multiply(m, 2, registers_b, elements_of(type), type == F16);
}

static inline __attribute__((always_inline)) void mma_f32(struct road_gpu_warp *warp,
							  const struct road_gpu_insn *insn,
							  uint32_t mask, unsigned registers_b)
{
	uint32_t *d = road_gpu_target(warp, insn->d);
	struct fragments m;

	if (!whole_warp(warp, insn, mask))
		return;
	for (unsigned half = 0; half < 2; half++) {
		const uint32_t *even = row_of(warp, insn->c, 2 * half);
		const uint32_t *odd = row_of(warp, insn->c, 2 * half + 1);

		LANES(l) m.d[half][l] = even[l] | (uint64_t)odd[l] << 32;
	}
	switch ((enum element)insn->aux) {
	case BF16: multiply_floats(warp, insn, BF16, registers_b, &m); break;
	case TF32: multiply_floats(warp, insn, TF32, registers_b, &m); break;
	default: multiply_floats(warp, insn, F16, registers_b, &m); break;
	}
	for (unsigned half = 0; half < 2; half++) {
		uint32_t *even = d + 2 * half * ROAD_GPU_WARP_LANES;
		uint32_t *odd = even + ROAD_GPU_WARP_LANES;

		LANES(l) even[l] = elem_canon32((uint32_t)m.d[half][l]);
		LANES(l) odd[l] = elem_canon32((uint32_t)(m.d[half][l] >> 32));
	}
}

static inline __attribute__((always_inline)) void mma_f16(struct road_gpu_warp *warp,
							  const struct road_gpu_insn *insn,
							  uint32_t mask, unsigned registers_b)
{
	uint32_t *d = road_gpu_target(warp, insn->d);
	struct fragments m;

	if (!whole_warp(warp, insn, mask))
		return;
	for (unsigned half = 0; half < 2; half++) {
		const uint32_t *c = row_of(warp, insn->c, half);

		LANES(l)
		{
			uint32_t even = road_num_bits32(half_in(c[l] & 0xffffu, false));
			uint32_t odd = road_num_bits32(half_in(c[l] >> 16, false));

			m.d[half][l] = even | (uint64_t)odd << 32;
		}
	}
	multiply_floats(warp, insn, F16, registers_b, &m);
	for (unsigned half = 0; half < 2; half++) {
		uint32_t *out = d + half * ROAD_GPU_WARP_LANES;

		LANES(l)
		{
			uint32_t even = half_out((uint32_t)m.d[half][l], false);
			uint32_t odd = half_out((uint32_t)(m.d[half][l] >> 32), false);

			out[l] = even | odd << 16;
		}
	}
}

/* ---- integers ---- */

/* 32 products of bytes fit 32 bits by far: only adding C can leave them. */
static inline int32_t add_integers(int32_t c, int32_t sum, bool saturate)
{
	int64_t wide = (int64_t)c + sum;

	if (!saturate)
		return (int32_t)((uint32_t)c + (uint32_t)sum);
	return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

/* ---- elements of less than a byte: whole registers at a time ---- */

static int32_t nibble(uint32_t word, unsigned at, bool is_signed)
{
	uint32_t top = word << (28 - 4 * at);

	return is_signed ? (int32_t)top >> 28 : (int32_t)(top >> 28);
}

static int32_t dot_nibbles(uint32_t a, uint32_t b, unsigned aux)
{
	int32_t sum = 0;

	for (unsigned j = 0; j < 8; j++)
		sum += nibble(a, j, aux & ROAD_GPU_MMA_A_SIGNED) *
		       nibble(b, j, aux & ROAD_GPU_MMA_B_SIGNED);
	return sum;
}

static int32_t dot(uint32_t a, uint32_t b, unsigned aux)
{
	switch (aux >> ROAD_GPU_MMA_ELEMENTS_SHIFT) {
	case ROAD_GPU_MMA_BITS_XOR: return __builtin_popcount(a ^ b);
	case ROAD_GPU_MMA_BITS_AND: return __builtin_popcount(a & b);
	default: return dot_nibbles(a, b, aux);
	}
}

/* Registers of A that make one k follow each other by row, as above. */
static void mma_small(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, unsigned rows,
		      unsigned registers_b)
{
	int32_t d[4][ROAD_GPU_WARP_LANES];

	for (unsigned r = 0; r < rows; r++) {
		const int32_t *c = (const int32_t *)row_of(warp, insn->c, r);

		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
			unsigned column = 2 * (l % 4) + r % 2;
			int32_t sum = 0;

			for (unsigned k = 0; k < 4 * registers_b; k++)
				sum += dot(
					row_of(warp, insn->a, r / 2 + k / 4 * 2)[l / 4 * 4 + k % 4],
					row_of(warp, insn->b, k / 4)[column * 4 + k % 4],
					insn->aux);
			d[r][l] = add_integers(c[l], sum, insn->mods & ROAD_GPU_MOD_SAT);
		}
	}
	memcpy(road_gpu_target(warp, insn->d), d, rows * ROAD_GPU_ROW_BYTES);
}

/* Even the largest sum of products, 32 x 255 x 255, is exact in f32. */
static inline __attribute__((always_inline)) void mma_s32(struct road_gpu_warp *warp,
							  const struct road_gpu_insn *insn,
							  uint32_t mask, unsigned registers_a,
							  unsigned registers_b)
{
	const unsigned rows = registers_a == 1 ? 2 : 4; /* of registers of C */
	const bool saturate = insn->mods & ROAD_GPU_MOD_SAT;
	int32_t d[4][ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	struct fragments m;

	if (!whole_warp(warp, insn, mask))
		return;
	if (insn->aux >> ROAD_GPU_MMA_ELEMENTS_SHIFT) {
		mma_small(warp, insn, rows, registers_b);
		return;
	}
	if (insn->aux & ROAD_GPU_MMA_A_SIGNED)
		load_a(warp, insn, S8, registers_a, &m);
	else
		load_a(warp, insn, U8, registers_a, &m);
	if (insn->aux & ROAD_GPU_MMA_B_SIGNED)
		load_b(warp, insn, S8, registers_b, &m);
	else
		load_b(warp, insn, U8, registers_b, &m);
	memset(m.d, 0, sizeof(m.d));
	multiply(&m, rows / 2, registers_b, 4, true);
	for (unsigned r = 0; r < rows; r++) {
		const int32_t *c = (const int32_t *)row_of(warp, insn->c, r);
		const uint64_t *sums = m.d[r / 2];

		LANES(l)
		{
			float sum = road_num_float((uint32_t)(sums[l] >> r % 2 * 32));

			d[r][l] = add_integers(c[l], (int32_t)sum, saturate);
		}
	}
	memcpy(road_gpu_target(warp, insn->d), d, rows * ROAD_GPU_ROW_BYTES);
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
