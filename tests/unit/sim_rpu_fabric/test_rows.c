/* SPDX-License-Identifier: Apache-2.0 */
/* Whole rows have the bits of the ops' executors, in each variant that this machine can run. */
#include "simulators/numbers/vector.h"
#include "simulators/rpu/fabric/rows.h"
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

enum { ROUNDS = 400, AGE_MAX = 5 };

static uint64_t state = 20261129;
static uint32_t in[3][RPU_ROW], out[AGE_MAX + RPU_ROW + 1];

/* Any bits; numbers near each other; the edges of f32, f16 and bf16. */
static uint32_t value(void)
{
	static const uint32_t edges[] = {
		0,          0x80000000, 0x7fffffff, 0xffffffff, 0x3f800000, 0xbf800000, 0x7f800000,
		0xff800000, 0x7fc00000, 0x7f800001, 0x00000001, 0x00800000, 0x7f7fffff, 0x3c003c00,
		0x7c00fc00, 0x7c017e00, 0x04000001, 0x7f807f81, 0x00800080, 0x0000001f, 0x00000020};

	switch (rig_below(&state, 4)) {
	case 0: return (uint32_t)rig_random(&state);
	case 1: return rig_below(&state, 64);
	case 2: return road_num_bits32((float)rig_below(&state, 2000) / 16.0f - 60.0f);
	default: return edges[rig_below(&state, sizeof(edges) / sizeof(edges[0]))];
	}
}

static bool row_is_right(const struct rpu_row_ops *rows, uint32_t op)
{
	rows->row[op](out, in[0], in[1], in[2]);
	for (uint32_t i = 0; i < RPU_ROW; i++)
		if (out[i] != rpu_ops[op].execute(in[0][i], in[1][i], in[2][i]))
			return false;
	return true;
}

static bool fold_is_right(const struct rpu_row_ops *rows, uint32_t op)
{
	uint32_t age = 1 + rig_below(&state, AGE_MAX), count = 1 + rig_below(&state, RPU_ROW);
	bool three = rpu_ops[op].operands == 3;
	uint32_t *d = out + age;

	for (uint32_t i = 0; i < age; i++)
		out[i] = value();
	rows->fold[op](d, in[0], in[1], age, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t last = out[i];

		if (d[i] != (three ? rpu_ops[op].execute(in[0][i], in[1][i], last)
				   : rpu_ops[op].execute(in[0][i], last, 0)))
			return false;
	}
	return true;
}

/* Each op once, with the operands that there are; the number of those with rows. */
static unsigned check_all(const struct rpu_row_ops *rows)
{
	unsigned checked = 0;

	for (uint32_t op = 0; op < ROAD_RPU_OPS; op++) {
		checked += rows->row[op] ? 1 : 0;
		if ((rows->row[op] && !row_is_right(rows, op)) ||
		    (rows->fold[op] && !fold_is_right(rows, op)))
			CU_FAIL_FATAL(rpu_ops[op].name);
	}
	return checked;
}

static void make_operands(void)
{
	for (uint32_t i = 0; i < RPU_ROW; i++)
		for (unsigned k = 0; k < 3; k++)
			in[k][i] = value();
}

static void rows_have_the_bits_of_their_ops(void)
{
	static const char *const variants[] = {"base", "avx2", "avx512"};
	unsigned checked = 0;

	for (unsigned v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
		if (!road_sim_set_vector_variant(variants[v])) {
			printf("# this machine has no %s\n", variants[v]);
			continue;
		}
		for (unsigned round = 0; round < ROUNDS; round++) {
			make_operands();
			checked = check_all(rpu_row_ops_in_use());
		}
		CU_ASSERT_TRUE(checked >= 60); /* there are rows */
	}
	road_sim_set_vector_variant(NULL);
}

static const struct tap_case cases[] = {
	{"rows have the bits of their ops in each variant", rows_have_the_bits_of_their_ops},
};

TAP_MAIN(cases)
