/* SPDX-License-Identifier: Apache-2.0 */
/* simulators/numbers against MPFR: special values squared, and random ones. */
#include "simulators/numbers/elements.h"
#include "simulators/numbers/soft.h"
#include "simulators/numbers/vector.h"
#include "tests/oracle/mpfr/numbers.h"
#include "tests/unit/sim_gpu/rig.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ROW_ALIGNED __attribute__((aligned(64)))
#define SHOWN       5u /* differences printed per case */

static unsigned differences;

static void expect(uint64_t got, uint64_t want, const char *what, unsigned detail, uint64_t a,
		   uint64_t b, uint64_t c)
{
	if (got == want)
		return;
	if (differences++ < SHOWN)
		printf("# %s %u of %llx %llx %llx: got %llx, want %llx\n", what, detail,
		       (unsigned long long)a, (unsigned long long)b, (unsigned long long)c,
		       (unsigned long long)got, (unsigned long long)want);
}

static uint64_t soft(enum ref_op op, const struct road_num_mode *mode, uint64_t a, uint64_t b,
		     uint64_t c)
{
	switch (op) {
	case REF_ADD: return road_num_add(mode, a, b);
	case REF_SUB: return road_num_sub(mode, a, b);
	case REF_MUL: return road_num_mul(mode, a, b);
	case REF_FMA: return road_num_fma(mode, a, b, c);
	case REF_DIV: return road_num_div(mode, a, b);
	default: return road_num_sqrt(mode, a);
	}
}

static void compare_soft(enum ref_op op, const struct ref_mode *want, uint64_t a, uint64_t b,
			 uint64_t c)
{
	const struct road_num_mode mode = {(enum road_num_format)want->format,
					   (enum road_num_round)want->round, want->ftz, want->sat};

	expect(soft(op, &mode, a, b, c), ref_arithmetic(op, want, a, b, c), "soft",
	       op * 100u + want->format * 10u + want->round, a, b, c);
}

static uint64_t width_mask(enum ref_format format)
{
	static const uint8_t widths[REF_FORMATS] = {16, 16, 32, 64, 19, 8, 8, 32};

	return UINT64_MAX >> (64 - widths[format]);
}

/* Random bits; every second time with exponents near each other, where rounding is hard. */
static uint64_t random_value(enum ref_format format, uint64_t *state)
{
	static const uint64_t near[REF_FORMATS] = {
		0x3c00,  0x3f80, 0x3f800000, UINT64_C(0x3ff0000000000000),
		0x1fc00, 0x38,   0x3c,       0x3ff00000};
	static const uint8_t keeps[REF_FORMATS] = {12, 9, 25, 54, 12, 5, 4, 22};
	uint64_t bits = rig_random(state);
	unsigned keep = keeps[format];

	if (bits >> 63)
		return bits & width_mask(format);
	bits = rig_random(state);
	return (near[format] + (bits & ((UINT64_C(1) << keep) - 1))) ^
	       (bits >> 63 ? width_mask(format) ^ width_mask(format) >> 1 : 0);
}

static void soft_is_ieee754(void)
{
	uint64_t state = 1, special[REF_SPECIALS_MAX];

	differences = 0;
	for (unsigned f = 0; f < REF_FORMATS; f++) {
		unsigned count = ref_specials((enum ref_format)f, special);

		if (f == REF_E4M3) /* nobody computes in it, and MPFR does not know its top */
			continue;
		for (unsigned op = 0; op <= REF_SQRT; op++) {
			for (unsigned i = 0; i < count * count; i++) {
				struct ref_mode mode = {(enum ref_format)f, (enum ref_round)(i % 4),
							false, false};

				for (unsigned r = 0; r < 4; r++) {
					mode.round = (enum ref_round)r;
					compare_soft((enum ref_op)op, &mode, special[i / count],
						     special[i % count],
						     special[rig_random(&state) % count]);
				}
			}
			for (unsigned i = 0; i < 20000; i++) {
				struct ref_mode mode = {(enum ref_format)f, (enum ref_round)(i % 4),
							f == REF_F32 && i & 4,
							f != REF_F64 && i & 8};
				uint64_t a = random_value(mode.format, &state);
				uint64_t b = random_value(mode.format, &state);

				compare_soft((enum ref_op)op, &mode, a, b,
					     random_value(mode.format, &state));
			}
		}
	}
	CU_ASSERT_EQUAL(differences, 0);
}

static void compare_conversion(unsigned to, unsigned from, unsigned round, bool integral,
			       uint64_t a)
{
	const struct ref_mode want = {(enum ref_format)to, (enum ref_round)round, false, false};
	const struct road_num_mode mode = {(enum road_num_format)to, (enum road_num_round)round,
					   false, false};
	const struct road_num_mode whole = {(enum road_num_format)from, (enum road_num_round)round,
					    false, false};
	uint64_t got = integral ? road_num_integral(&whole, a) : a;

	got = road_num_convert(&mode, (enum road_num_format)from, false, got);
	expect(got, ref_convert(&want, (enum ref_format)from, false, integral, a), "convert",
	       to * 1000 + from * 100 + round * 10 + integral, a, 0, 0);
}

static void compare_integers(unsigned from, unsigned round, uint64_t a)
{
	const struct road_num_mode mode = {(enum road_num_format)from, (enum road_num_round)round,
					   false, false};

	for (unsigned width = 8; width <= 64; width *= 2) {
		for (unsigned is_signed = 0; is_signed < 2; is_signed++)
			expect(road_num_to_int(&mode, a, width, is_signed),
			       ref_to_int((enum ref_format)from, (enum ref_round)round, false, a,
					  width, is_signed),
			       "to_int", width * 100 + is_signed * 10 + round, a, 0, 0);
	}
}

static void conversions_round_once(void)
{
	uint64_t state = 2, special[REF_SPECIALS_MAX];

	differences = 0;
	for (unsigned from = 0; from < REF_FORMATS; from++) {
		unsigned count = ref_specials((enum ref_format)from, special);
		bool all = from < REF_F32; /* every f16 and bf16 there is */
		unsigned tries = all ? 65536 : 20000;

		for (unsigned i = 0; i < tries + count; i++) {
			uint64_t a = i < count ? special[i]
				     : all     ? i - count
					       : random_value((enum ref_format)from, &state);
			unsigned round = (unsigned)(rig_random(&state) % REF_ROUNDS);

			for (unsigned to = 0; to < REF_FORMATS; to++)
				compare_conversion(to, from, round, i & 1, a);
			compare_integers(from, round, a);
		}
	}
	CU_ASSERT_EQUAL(differences, 0);
}

static void integers_round_once(void)
{
	uint64_t state = 3;

	differences = 0;
	for (unsigned i = 0; i < 40000; i++) {
		uint64_t a = rig_random(&state) >> (rig_random(&state) & 63);
		unsigned to = i % REF_FORMATS, round = i / REF_FORMATS % REF_ROUNDS;
		const struct ref_mode want = {(enum ref_format)to, (enum ref_round)round, false,
					      false};
		const struct road_num_mode mode = {(enum road_num_format)to,
						   (enum road_num_round)round, false, false};

		if (i & 1)
			a = -a;
		expect(road_num_from_u64(&mode, a), ref_from_int(&want, (__int128)a), "from_u64",
		       to * 10 + round, a, 0, 0);
		expect(road_num_from_s64(&mode, (int64_t)a), ref_from_int(&want, (int64_t)a),
		       "from_s64", to * 10 + round, a, 0, 0);
	}
	CU_ASSERT_EQUAL(differences, 0);
}

/* ---- rows ---- */

static const struct road_sim_vector_ops *ops;

static const struct {
	enum ref_op op;
	size_t place;
} approximate[] = {
	{REF_EX2, offsetof(struct road_sim_vector_ops, ex2)},
	{REF_LG2, offsetof(struct road_sim_vector_ops, lg2)},
	{REF_SIN, offsetof(struct road_sim_vector_ops, sine)},
	{REF_COS, offsetof(struct road_sim_vector_ops, cosine)},
	{REF_TANH, offsetof(struct road_sim_vector_ops, tanh)},
	{REF_RSQRT, offsetof(struct road_sim_vector_ops, rsqrt)},
	{REF_SQRT, offsetof(struct road_sim_vector_ops, sqrt)},
};

static void compare_row(unsigned which, const uint32_t *a, bool ftz)
{
	uint32_t d[32] ROW_ALIGNED;
	const struct ref_mode mode = {REF_F32, REF_RN, ftz, false};
	road_sim_unary32 function;

	memcpy(&function, (const char *)ops + approximate[which].place, sizeof(function));
	function(d, a, ftz);
	for (unsigned l = 0; l < 32; l++)
		expect(d[l], ref_arithmetic(approximate[which].op, &mode, a[l], 0, 0), ops->name,
		       approximate[which].op * 10u + ftz, a[l], 0, 0);
}

/* Exponents of all sizes, then those near 1. */
static void approximate_functions_in(const char *name)
{
	uint64_t state = 4, special[REF_SPECIALS_MAX];
	unsigned count = ref_specials(REF_F32, special);
	uint32_t a[32] ROW_ALIGNED;

	ops = road_sim_vector();
	CU_ASSERT_STRING_EQUAL(ops->name, name);
	for (unsigned which = 0; which < sizeof(approximate) / sizeof(approximate[0]); which++) {
		for (unsigned row = 0; row < 600; row++) {
			for (unsigned l = 0; l < 32; l++)
				a[l] = row < 2 ? (uint32_t)special[(row * 32 + l) % count]
					       : (uint32_t)random_value(REF_F32, &state);
			compare_row(which, a, false);
			compare_row(which, a, true);
		}
	}
}

/* What variants without the instruction compute; NaN is canonical only afterwards. */
static void compare_plain_fma(uint32_t a, uint32_t b, uint32_t c)
{
	const struct ref_mode mode = {.format = REF_F32};
	float got = elem_fma_plain(road_num_float(a), road_num_float(b), road_num_float(c));

	expect(elem_canon32(road_num_bits32(got)), ref_arithmetic(REF_FMA, &mode, a, b, c),
	       "fma without an instruction", 0, a, b, c);
}

static void arithmetic_rows_in(const char *name)
{
	uint64_t state = 5, special[REF_SPECIALS_MAX];
	unsigned count = ref_specials(REF_F32, special);
	uint32_t in[3][32] ROW_ALIGNED, d[5][32] ROW_ALIGNED;

	(void)name;
	ops = road_sim_vector();
	for (unsigned row = 0; row < 2000; row++) {
		struct ref_mode mode = {REF_F32, REF_RN, row & 1, row & 2};

		for (unsigned i = 0; i < 96; i++)
			in[i / 32][i % 32] = rig_random(&state) & 4
						     ? (uint32_t)special[rig_random(&state) % count]
						     : (uint32_t)random_value(REF_F32, &state);
		ops->add(d[0], in[0], in[1], mode.ftz, mode.sat);
		ops->mul(d[1], in[0], in[1], mode.ftz, mode.sat);
		ops->fma(d[2], in[0], in[1], in[2], mode.ftz, mode.sat);
		ops->div(d[3], in[0], in[1], mode.ftz);
		ops->rcp(d[4], in[0], mode.ftz);
		for (unsigned l = 0; l < 32; l++) {
			uint32_t a = in[0][l], b = in[1][l], c = in[2][l];
			struct ref_mode plain = {REF_F32, REF_RN, mode.ftz, false};

			expect(d[0][l], ref_arithmetic(REF_ADD, &mode, a, b, 0), "add", row & 3, a,
			       b, 0);
			expect(d[1][l], ref_arithmetic(REF_MUL, &mode, a, b, 0), "mul", row & 3, a,
			       b, 0);
			expect(d[2][l], ref_arithmetic(REF_FMA, &mode, a, b, c), "fma", row & 3, a,
			       b, c);
			expect(d[3][l], ref_arithmetic(REF_DIV, &plain, a, b, 0), "div", row & 3, a,
			       b, 0);
			expect(d[4][l], ref_arithmetic(REF_DIV, &plain, 0x3f800000, a, 0), "rcp",
			       row & 3, a, 0, 0);
			compare_plain_fma(a, b, c);
		}
	}
}

static void approximate_functions_are_rounded_correctly(void)
{
	differences = 0;
	each_variant(approximate_functions_in);
	CU_ASSERT_EQUAL(differences, 0);
}

static void rows_in_base(void)
{
	differences = 0;
	in_variant("base", arithmetic_rows_in);
	CU_ASSERT_EQUAL(differences, 0);
}

static void rows_in_avx2(void)
{
	differences = 0;
	in_variant("avx2", arithmetic_rows_in);
	CU_ASSERT_EQUAL(differences, 0);
}

static void rows_in_avx512(void)
{
	differences = 0;
	in_variant("avx512", arithmetic_rows_in);
	CU_ASSERT_EQUAL(differences, 0);
}

static void variants_can_be_forced(void)
{
	CU_ASSERT_FALSE(road_sim_set_vector_variant("mmx"));
	CU_ASSERT_TRUE(road_sim_set_vector_variant("base"));
	CU_ASSERT_STRING_EQUAL(road_sim_vector()->name, "base");
	CU_ASSERT_TRUE(road_sim_set_vector_variant(NULL));
	printf("# widest variant here: %s\n", road_sim_vector()->name);
	for (unsigned i = 0; i < ROAD_SIM_VARIANTS; i++) {
		if (!road_sim_vector_ops_of((enum road_sim_variant)i))
			printf("# not on this machine: %s\n",
			       road_sim_variant_name((enum road_sim_variant)i));
	}
}

static const struct tap_case cases[] = {
	{"arithmetic in any rounding is that of IEEE 754", soft_is_ieee754},
	{"conversions round once, in any rounding", conversions_round_once},
	{"integers round once on their way to floats", integers_round_once},
	{"approximate functions are the exact value, rounded",
	 approximate_functions_are_rounded_correctly},
	{"arithmetic on rows is that of IEEE 754, baseline instructions", rows_in_base},
	{"arithmetic on rows is that of IEEE 754, AVX2", rows_in_avx2},
	{"arithmetic on rows is that of IEEE 754, AVX-512", rows_in_avx512},
	{"variants can be forced by name", variants_can_be_forced},
};

TAP_MAIN(cases)
