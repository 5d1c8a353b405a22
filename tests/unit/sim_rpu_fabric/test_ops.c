/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation against exact arithmetic, in wide integers, in integers that emulate IEEE 754
 * (soft.h, which rounds once by definition), and by definition, over edges and random values. An
 * operation without a check here fails.
 */
#include "simulators/numbers/soft.h"
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

#include <stdlib.h>
#include <string.h>

#define RANDOM 20000u

static bool checked[ROAD_RPU_OPS];
static uint64_t state;

static const struct road_num_mode f32 = {.format = ROAD_NUM_F32};
static const struct road_num_mode halves[2] = {{.format = ROAD_NUM_F16}, {.format = ROAD_NUM_BF16}};

static const uint32_t edges[] = {
	0,          1,          2,          31,         32,         33,         0x7f,
	0x80,       0xff,       0x7fff,     0x8000,     0xffff,     0x7fffffff, 0x80000000,
	0x80000001, 0xffffffff, 0x3f800000, 0xbf800000, 0x00800000, 0x007fffff, 0x7f7fffff,
	0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x4f000000, 0xcf000000,
	0x4effffff, 0x4f800000, 0x3f000000, 0x3fc00000, 0x40200000, 0x42fe0000, 0x42ff0000,
	0xc3010000, 0x7c007c00, 0xfc01fbff, 0x3c003c01, 0x00010400, 0x80800001, 0x7f80ff80,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static uint32_t any(void)
{
	uint32_t value = (uint32_t)(rig_random(&state) >> 16);

	switch (rig_below(&state, 4)) {
	case 0: return edges[rig_below(&state, EDGES)];
	case 1: return (value & 0x807fffffu) | (97 + rig_below(&state, 60)) << 23; /* near 1 */
	case 2: return value & 0x83ff83ffu; /* small halves */
	default: return value;
	}
}

typedef uint32_t (*meaning)(uint32_t a, uint32_t b, uint32_t c);

static void compare(uint32_t op, meaning mean, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t got = rpu_ops[op].execute(a, b, c), want = mean(a, b, c);

	if (got == want)
		return;
	CU_ASSERT_EQUAL(got, want);
	printf("# %s(%08x, %08x, %08x) is %08x, not %08x\n", rpu_ops[op].name, a, b, c, got, want);
}

static void check(uint32_t op, meaning mean)
{
	state = 12345 + op;
	checked[op] = true;
	for (uint32_t i = 0; i < EDGES; i++)
		for (uint32_t j = 0; j < (rpu_ops[op].operands > 1 ? EDGES : 1); j++)
			compare(op, mean, edges[i], edges[j], any());
	for (uint32_t i = 0; i < RANDOM; i++)
		compare(op, mean, any(), any(), any());
}

#define MEANING(name, expression)                                \
	static uint32_t name(uint32_t a, uint32_t b, uint32_t c) \
	{                                                        \
		(void)a, (void)b, (void)c;                       \
		return (uint32_t)(expression);                   \
	}

/* ---- integers, in 128 bits ---- */

typedef __int128 wide;

static wide sx(uint32_t x)
{
	return x & 0x80000000u ? (wide)x - ((wide)1 << 32) : (wide)x;
}

static wide floor_shift(wide value, uint32_t by)
{
	for (uint32_t i = 0; i < by && i < 64; i++)
		value = (value - (value & 1)) / 2;
	return value;
}

static uint32_t bits_of(uint32_t x, bool leading)
{
	uint32_t count = 0;

	for (int bit = 31; bit >= 0; bit--) {
		if (leading && x >> bit & 1)
			break;
		count += leading || x >> bit & 1;
	}
	return count;
}

static wide quotient(wide a, wide b)
{
	wide q = 0, left = a < 0 ? -a : a, by = b < 0 ? -b : b;

	if (!b)
		return -1;
	for (int bit = 33; bit >= 0; bit--)
		if (left >= by << bit) {
			left -= by << bit;
			q += (wide)1 << bit;
		}
	return (a < 0) != (b < 0) ? -q : q;
}

MEANING(m_nop, 0)
MEANING(m_a, a)
MEANING(m_sel, a != 0 ? b : c)
MEANING(m_add, sx(a) + sx(b))
MEANING(m_sub, sx(a) - sx(b))
MEANING(m_neg, -sx(a))
MEANING(m_abs, sx(a) < 0 ? -sx(a) : sx(a))
MEANING(m_min, sx(a) < sx(b) ? sx(a) : sx(b))
MEANING(m_max, sx(a) < sx(b) ? sx(b) : sx(a))
MEANING(m_minu, (wide)a < (wide)b ? a : b)
MEANING(m_maxu, (wide)a < (wide)b ? b : a)
MEANING(m_mul, sx(a) * sx(b))
MEANING(m_mulh, floor_shift(sx(a) * sx(b), 32))
MEANING(m_mulhu, floor_shift((wide)a *(wide)b, 32))
MEANING(m_mad, sx(a) * sx(b) + sx(c))
MEANING(m_div, quotient(sx(a), sx(b)))
MEANING(m_rem, b ? sx(a) - quotient(sx(a), sx(b)) * sx(b) : sx(a))
MEANING(m_divu, quotient(a, b))
MEANING(m_remu, b ? (wide)a - quotient(a, b) * (wide)b : a)
MEANING(m_and, a &b)
MEANING(m_or, a + b - (a & b))
MEANING(m_xor, (a | b) - (a & b))
MEANING(m_andn, a - (a & b))
MEANING(m_shl, b < 32 ? (wide)a << b : 0)
MEANING(m_shr, floor_shift(a, b))
MEANING(m_sar, floor_shift(sx(a), b))
MEANING(m_clz, bits_of(a, true))
MEANING(m_popc, bits_of(a, false))
MEANING(m_sext8, (a & 0xff) >= 0x80 ? (wide)(a & 0xff) - 0x100 : (wide)(a & 0xff))
MEANING(m_sext16, (a & 0xffff) >= 0x8000 ? (wide)(a & 0xffff) - 0x10000 : (wide)(a & 0xffff))
MEANING(m_pack16, a % 65536 + b % 65536 * 65536)
MEANING(m_bytes4, a % 256 + a / 65536 % 256 * 256 + b % 256 * 65536 + b / 65536 % 256 * 16777216)
MEANING(m_eq, sx(a) - sx(b) == 0)
MEANING(m_ne, sx(a) - sx(b) != 0)
MEANING(m_lt, sx(a) - sx(b) < 0)
MEANING(m_le, sx(a) - sx(b) <= 0)
MEANING(m_ltu, (wide)a - (wide)b < 0)
MEANING(m_leu, (wide)a - (wide)b <= 0)
MEANING(m_addnew, a ? sx(b) : sx(b) + sx(c))

static void integers_are_exact(void)
{
	check(OP(nop), m_nop);
	check(OP(mov), m_a);
	check(OP(sel), m_sel);
	check(OP(iter), m_a);
	check(OP(phase), m_a);
	check(OP(lut), m_a);
	check(OP(add), m_add);
	check(OP(sub), m_sub);
	check(OP(neg), m_neg);
	check(OP(abs), m_abs);
	check(OP(min), m_min);
	check(OP(max), m_max);
	check(OP(minu), m_minu);
	check(OP(maxu), m_maxu);
	check(OP(mul), m_mul);
	check(OP(mulh), m_mulh);
	check(OP(mulhu), m_mulhu);
	check(OP(mad), m_mad);
	check(OP(div), m_div);
	check(OP(rem), m_rem);
	check(OP(divu), m_divu);
	check(OP(remu), m_remu);
	check(OP(and), m_and);
	check(OP(or), m_or);
	check(OP(xor), m_xor);
	check(OP(andn), m_andn);
	check(OP(shl), m_shl);
	check(OP(shr), m_shr);
	check(OP(sar), m_sar);
	check(OP(clz), m_clz);
	check(OP(popc), m_popc);
	check(OP(sext8), m_sext8);
	check(OP(sext16), m_sext16);
	check(OP(pack16), m_pack16);
	check(OP(bytes4), m_bytes4);
	check(OP(eq), m_eq);
	check(OP(ne), m_ne);
	check(OP(lt), m_lt);
	check(OP(le), m_le);
	check(OP(ltu), m_ltu);
	check(OP(leu), m_leu);
	check(OP(addnew), m_addnew);
}

/* ---- f32, by integers ---- */

static bool nan32(uint32_t x)
{
	return (x & 0x7fffffffu) > 0x7f800000u;
}

/* Orders all that is no NaN, -0 below +0. */
static wide rank(uint32_t x)
{
	return x & 0x80000000u ? -(wide)(x & 0x7fffffffu) - 1 : (wide)x;
}

static wide rank_equal_zeros(uint32_t x)
{
	return (x & 0x7fffffffu) == 0 ? 0 : rank(x);
}

static uint32_t pick(uint32_t a, uint32_t b, bool greater)
{
	if (nan32(a) || nan32(b))
		return nan32(a) && nan32(b) ? 0x7fffffffu : nan32(a) ? b : a;
	return (rank(a) > rank(b)) == greater ? a : b;
}

#define ORDERED (!nan32(a) && !nan32(b))
MEANING(m_feq, ORDERED &&rank_equal_zeros(a) == rank_equal_zeros(b))
MEANING(m_fne, !(ORDERED && rank_equal_zeros(a) == rank_equal_zeros(b)))
MEANING(m_flt, ORDERED &&rank_equal_zeros(a) < rank_equal_zeros(b))
MEANING(m_fle, ORDERED &&rank_equal_zeros(a) <= rank_equal_zeros(b))
MEANING(m_fadd, road_num_add(&f32, a, b))
MEANING(m_fsub, road_num_sub(&f32, a, b))
MEANING(m_fmul, road_num_mul(&f32, a, b))
MEANING(m_fma, road_num_fma(&f32, a, b, c))
MEANING(m_fmin, pick(a, b, false))
MEANING(m_fmax, pick(a, b, true))
MEANING(m_fabs, a % 0x80000000u)
MEANING(m_fneg, a >= 0x80000000u ? a - 0x80000000u : a + 0x80000000u)
MEANING(m_fdiv, road_num_div(&f32, a, b))
MEANING(m_fsqrt, road_num_sqrt(&f32, a))
MEANING(m_rcp, road_num_div(&f32, 0x3f800000u, a))
MEANING(m_rsqrt, road_num_rsqrt(&f32, a))
MEANING(m_faddnew, a ? (nan32(b) ? 0x7fffffffu : b) : (uint32_t)road_num_add(&f32, b, c))

static void floats_are_rounded_once(void)
{
	check(OP(feq), m_feq);
	check(OP(fne), m_fne);
	check(OP(flt), m_flt);
	check(OP(fle), m_fle);
	check(OP(fadd), m_fadd);
	check(OP(fsub), m_fsub);
	check(OP(fmul), m_fmul);
	check(OP(fma), m_fma);
	check(OP(fmin), m_fmin);
	check(OP(fmax), m_fmax);
	check(OP(fabs), m_fabs);
	check(OP(fneg), m_fneg);
	check(OP(fdiv), m_fdiv);
	check(OP(fsqrt), m_fsqrt);
	check(OP(rcp), m_rcp);
	check(OP(rsqrt), m_rsqrt);
	check(OP(faddnew), m_faddnew);
}

/* ---- functions, against long doubles (their bits were compared with MPFR for all arguments) ----
 */

long double expl(long double x);
long double logl(long double x);
long double tanhl(long double x);

static uint32_t nearest(uint32_t a, long double (*function)(long double))
{
	float x;
	long double value;
	uint32_t bits;

	memcpy(&x, &a, sizeof(x));
	value = function((long double)x);
	x = (float)value;
	memcpy(&bits, &x, sizeof(bits));
	return nan32(bits) ? 0x7fffffffu : bits;
}

MEANING(m_exp, nearest(a, expl))
MEANING(m_ln, nearest(a, logl))
MEANING(m_tanh, nearest(a, tanhl))

static void functions_are_rounded(void)
{
	check(OP(exp), m_exp);
	check(OP(ln), m_ln);
	check(OP(tanh), m_tanh);
}

/* ---- conversions ---- */

static const struct road_num_mode toward_zero = {.format = ROAD_NUM_F32, .round = ROAD_NUM_RZ};

static uint32_t narrow(uint32_t a, unsigned bf)
{
	return (uint32_t)road_num_convert(&halves[bf], ROAD_NUM_F32, false, a);
}

static uint32_t widen(uint32_t half, unsigned bf)
{
	return (uint32_t)road_num_convert(&f32, bf ? ROAD_NUM_BF16 : ROAD_NUM_F16, false, half);
}

static uint32_t byte_of(uint32_t a)
{
	return m_sext8((uint32_t)road_num_to_int(&f32, a, 8, true), 0, 0);
}

MEANING(m_i2f, road_num_from_s64(&f32, (int64_t)sx(a)))
MEANING(m_u2f, road_num_from_u64(&f32, a))
MEANING(m_f2i, road_num_to_int(&toward_zero, a, 32, true))
MEANING(m_f2in, road_num_to_int(&f32, a, 32, true))
MEANING(m_f2u, road_num_to_int(&toward_zero, a, 32, false))
MEANING(m_f2s8, byte_of(a))
MEANING(m_f2h, narrow(a, 0))
MEANING(m_h2f, widen(a % 65536, 0))
MEANING(m_h2fhi, widen(a / 65536, 0))
MEANING(m_f2b, narrow(a, 1))
MEANING(m_b2f, widen(a % 65536, 1))
MEANING(m_b2fhi, widen(a / 65536, 1))

static void conversions_saturate_and_round(void)
{
	check(OP(i2f), m_i2f);
	check(OP(u2f), m_u2f);
	check(OP(f2i), m_f2i);
	check(OP(f2in), m_f2in);
	check(OP(f2u), m_f2u);
	check(OP(f2s8), m_f2s8);
	check(OP(f2h), m_f2h);
	check(OP(h2f), m_h2f);
	check(OP(h2fhi), m_h2fhi);
	check(OP(f2b), m_f2b);
	check(OP(b2f), m_b2f);
	check(OP(b2fhi), m_b2fhi);
}

/* ---- pairs ---- */

/* The order of halves is that of the f32 they are. */
static uint32_t pick_half(uint32_t a, uint32_t b, unsigned bf, bool greater)
{
	uint32_t x = widen(a, bf), y = widen(b, bf);

	if (nan32(x) || nan32(y))
		return nan32(x) && nan32(y) ? 0x7fff : nan32(x) ? b : a;
	return (rank(x) > rank(y)) == greater ? a : b;
}

#define LANES2(name, bf, expression)                                \
	static uint32_t name(uint32_t a2, uint32_t b2, uint32_t c2) \
	{                                                           \
		uint32_t d = 0;                                     \
                                                                    \
		for (unsigned lane = 0; lane < 2; lane++) {         \
			uint32_t a = a2 >> 16 * lane & 0xffffu;     \
			uint32_t b = b2 >> 16 * lane & 0xffffu;     \
			uint32_t c = c2 >> 16 * lane & 0xffffu;     \
                                                                    \
			(void)c;                                    \
			d |= (uint32_t)(expression) << 16 * lane;   \
		}                                                   \
		return d;                                           \
	}
#define BOTH(name, expression_h, expression_b) \
	LANES2(m_h##name, 0, expression_h)     \
	LANES2(m_b##name, 1, expression_b)
BOTH(add2, road_num_add(&halves[0], a, b), road_num_add(&halves[1], a, b))
BOTH(sub2, road_num_sub(&halves[0], a, b), road_num_sub(&halves[1], a, b))
BOTH(mul2, road_num_mul(&halves[0], a, b), road_num_mul(&halves[1], a, b))
BOTH(fma2, road_num_fma(&halves[0], a, b, c), road_num_fma(&halves[1], a, b, c))
BOTH(min2, pick_half(a, b, 0, false), pick_half(a, b, 1, false))
BOTH(max2, pick_half(a, b, 0, true), pick_half(a, b, 1, true))

static void pairs_are_rounded_once(void)
{
	check(OP(hadd2), m_hadd2);
	check(OP(hsub2), m_hsub2);
	check(OP(hmul2), m_hmul2);
	check(OP(hfma2), m_hfma2);
	check(OP(hmin2), m_hmin2);
	check(OP(hmax2), m_hmax2);
	check(OP(badd2), m_badd2);
	check(OP(bsub2), m_bsub2);
	check(OP(bmul2), m_bmul2);
	check(OP(bfma2), m_bfma2);
	check(OP(bmin2), m_bmin2);
	check(OP(bmax2), m_bmax2);
}

/* ---- quads and dot products ---- */

static wide lane_of(uint32_t x, unsigned lane, bool is_signed)
{
	wide byte = x >> 8 * lane & 0xffu;

	return is_signed && byte >= 128 ? byte - 256 : byte;
}

static uint32_t each_byte(uint32_t a, uint32_t b, unsigned what)
{
	uint32_t d = 0;

	for (unsigned lane = 0; lane < 4; lane++) {
		wide x = lane_of(a, lane, true), y = lane_of(b, lane, true), sum = x + y;

		switch (what) {
		case 1: sum = sum < -128 ? -128 : sum > 127 ? 127 : sum; break;
		case 2: sum = x < y ? x : y; break;
		case 3: sum = x < y ? y : x; break;
		default: break;
		}
		d += (uint32_t)(sum & 0xff) << 8 * lane;
	}
	return d;
}

static uint32_t dot_bytes(uint32_t a, uint32_t b, uint32_t c, bool a_signed)
{
	wide sum = sx(c);

	for (unsigned lane = 0; lane < 4; lane++)
		sum += lane_of(a, lane, a_signed) * lane_of(b, lane, true);
	return (uint32_t)sum;
}

static uint32_t dot_halves(uint32_t a, uint32_t b, uint32_t c, unsigned bf)
{
	for (unsigned lane = 0; lane < 2; lane++)
		c = (uint32_t)road_num_fma(&f32, widen(a >> 16 * lane & 0xffffu, bf),
					   widen(b >> 16 * lane & 0xffffu, bf), c);
	return c;
}

MEANING(m_add4, each_byte(a, b, 0))
MEANING(m_adds4, each_byte(a, b, 1))
MEANING(m_min4, each_byte(a, b, 2))
MEANING(m_max4, each_byte(a, b, 3))
MEANING(m_dot4, dot_bytes(a, b, c, true))
MEANING(m_dot4us, dot_bytes(a, b, c, false))
MEANING(m_hdot2, dot_halves(a, b, c, 0))
MEANING(m_bdot2, dot_halves(a, b, c, 1))

static void quads_and_dot_products_are_exact(void)
{
	check(OP(add4), m_add4);
	check(OP(adds4), m_adds4);
	check(OP(min4), m_min4);
	check(OP(max4), m_max4);
	check(OP(dot4), m_dot4);
	check(OP(dot4us), m_dot4us);
	check(OP(hdot2), m_hdot2);
	check(OP(bdot2), m_bdot2);
}

/* ---- accesses, by running them ---- */

struct access {
	uint32_t op, seen; /* seen: what a load sees of 0x81828384, or what a store leaves of it */
};

static uint32_t run_access(uint32_t op, uint32_t c)
{
	static struct rig rig;
	struct rig_run run;
	uint32_t value;

	rig_init(&rig, 2, 2, 0, 1);
	rig_store(&rig, 64, 0x81828384);
	rig_constant(&rig, 0, 0, 64);
	rig_constant(&rig, 0, 1, op >= OP(st8) ? 0xa1a2a3a4 : 0);
	rig_constant(&rig, 0, 2, c);
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = op,
						.a = K(0),
						.b = K(1),
						.c = rpu_ops[op].operands > 2 ? K(2) : 0,
						.dest = R(0)};
	run = rig_run(&rig, RPU_MODE_INTERPRETED);
	CU_ASSERT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_DONE);
	value = rpu_fabric_peek(run.fabric, 0, R(0));
	if (op >= OP(st8))
		CU_ASSERT_EQUAL(value, 0xa1a2a3a4);
	rig_end(&run);
	return op >= OP(st8) ? rig_load(&rig, 64) : value;
}

static void accesses_take_what_they_say(void)
{
	static const struct access accesses[] = {
		{OP(ld8), 0xffffff84},    {OP(ldu8), 0x84},         {OP(ld16), 0xffff8384},
		{OP(ldu16), 0x8384},      {OP(ld32), 0x81828384},   {OP(st8), 0x818283a4},
		{OP(st16), 0x8182a3a4},   {OP(st32), 0xa1a2a3a4},   {OP(stif8), 0x818283a4},
		{OP(stif16), 0x8182a3a4}, {OP(stif32), 0xa1a2a3a4},
	};

	for (unsigned i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		checked[accesses[i].op] = true;
		CU_ASSERT_EQUAL(run_access(accesses[i].op, 1), accesses[i].seen);
	}
	CU_ASSERT_EQUAL(run_access(OP(stif8), 0), 0x81828384);
	CU_ASSERT_EQUAL(run_access(OP(stif16), 0), 0x81828384);
	CU_ASSERT_EQUAL(run_access(OP(stif32), 0), 0x81828384);
}

/* iter, phase, lut take what their words do not name. */
static uint32_t run_special(uint32_t op, uint32_t a, uint32_t b, uint32_t iterations)
{
	static struct rig rig;
	struct rig_run run;
	uint32_t value;

	rig_init(&rig, 2, 2, 0, 1);
	rig.header.iterations = iterations;
	rig.header.period = 7;
	rig.header.table_entries[0] = 2;
	rig.header.table_entries[1] = 3;
	for (uint32_t i = 0; i < 5; i++)
		rig.entries[i] = 100 + i;
	rig_constant(&rig, 0, 0, a);
	rig_constant(&rig, 0, 1, b);
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = op, .dest = R(0)};
	if (op == OP(lut)) {
		rig_at(&rig, 0, 0)->a = K(0);
		rig_at(&rig, 0, 0)->b = K(1);
	}
	run = rig_run(&rig, RPU_MODE_INTERPRETED);
	value = rpu_fabric_peek(run.fabric, 0, R(0));
	rig_end(&run);
	return value;
}

static void iterations_and_tables_are_what_they_say(void)
{
	CU_ASSERT_EQUAL(run_special(OP(iter), 0, 0, 20), 19);
	CU_ASSERT_EQUAL(run_special(OP(phase), 0, 0, 20), 5);
	CU_ASSERT_EQUAL(run_special(OP(lut), 0, 0, 1), 100);
	CU_ASSERT_EQUAL(run_special(OP(lut), 1, 1, 1), 103);
	CU_ASSERT_EQUAL(run_special(OP(lut), 2, 1, 1), 104);
	CU_ASSERT_EQUAL(run_special(OP(lut), 0xffffffff, 1, 1), 104);
	CU_ASSERT_EQUAL(run_special(OP(lut), 0, 2, 1), 0);
	CU_ASSERT_EQUAL(run_special(OP(lut), 0, 4, 1), 0);
}

static void every_operation_was_checked(void)
{
	for (unsigned op = 0; op < ROAD_RPU_OPS; op++) {
		CU_ASSERT_TRUE(checked[op]);
		if (!checked[op])
			printf("# %s has no vector\n", rpu_ops[op].name);
	}
}

static const struct tap_case cases[] = {
	{"integers are exact", integers_are_exact},
	{"f32 is rounded once", floats_are_rounded_once},
	{"functions are the exact value, rounded", functions_are_rounded},
	{"conversions saturate and round", conversions_saturate_and_round},
	{"pairs are rounded once", pairs_are_rounded_once},
	{"quads and dot products are exact", quads_and_dot_products_are_exact},
	{"accesses take what they say", accesses_take_what_they_say},
	{"iterations and tables are what they say", iterations_and_tables_are_what_they_say},
	{"every operation was checked", every_operation_was_checked},
};

TAP_MAIN(cases)
