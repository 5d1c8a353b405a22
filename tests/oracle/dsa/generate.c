/* SPDX-License-Identifier: Apache-2.0 */
/* Random operations. Memories are small, so that they meet often. */
#include "tests/oracle/dsa/program.h"

const char *const queue_names[QUEUES] = {"S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX"};

enum { FRACTAL = 512, ACCUMULATOR = 1024, WORD = 4 };

static const struct {
	const char *name;
	enum queue queue;
} kinds[KINDS] = {
	[MOVE_UB] = {"move_ub.s32", Q_MTE2},
	[STORE_UB] = {"store_ub.s32", Q_MTE3},
	[MOVE_L1] = {"move_l1.s32", Q_MTE2},
	[STORE_L1] = {"store_l1.s32", Q_MTE3},
	[VADD] = {"vadd.s32", Q_V},
	[VSUB] = {"vsub.s32", Q_V},
	[VMUL] = {"vmul.s32", Q_V},
	[VMAX] = {"vmax.s32", Q_V},
	[VMIN] = {"vmin.s32", Q_V},
	[VAND] = {"vand.s32", Q_V},
	[VOR] = {"vor.s32", Q_V},
	[VXOR] = {"vxor.s32", Q_V},
	[VADDS] = {"vadds.s32", Q_V},
	[VDUP] = {"vdup.s32", Q_V},
	[VCOPY] = {"vcopy.s32", Q_V},
	[LOAD_A] = {"load_a.s8", Q_MTE1},
	[LOAD_B] = {"load_b.s8", Q_MTE1},
	[MMAD] = {"mmad.s8", Q_M},
	[FIX_GM] = {"fix_gm.s32.from_s32", Q_FIX},
	[FIX_UB] = {"fix_ub.s32.from_s32", Q_FIX},
	[LDU] = {"ldu.u32", Q_S},
	[STU] = {"stu.u32", Q_S},
	[LDG] = {"ldg.u32", Q_S},
	[STG] = {"stg.u32", Q_S},
};

uint32_t random_below(struct random *r, uint32_t limit)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (uint32_t)((r->state >> 32) % limit);
}

enum queue op_queue(enum kind kind)
{
	return kinds[kind].queue;
}

const char *op_name(enum kind kind)
{
	return kinds[kind].name;
}

static struct span span(enum memory memory, bool write, uint32_t at, uint32_t bytes)
{
	return (struct span){(uint8_t)memory, write, at, bytes};
}

static uint32_t two(struct span *out, struct span read, struct span write)
{
	out[0] = read;
	out[1] = write;
	return 2;
}

static uint32_t vector_spans(const struct op *op, struct span *out)
{
	uint32_t n = 0, bytes = op->count * WORD;

	if (op->kind != VDUP)
		out[n++] = span(UB, false, op->a, bytes);
	if (op->kind < VADDS)
		out[n++] = span(UB, false, op->b, bytes);
	out[n++] = span(UB, true, op->d, bytes);
	return n;
}

static uint32_t product_spans(const struct op *op, struct span *out)
{
	out[0] = span(L0A, false, op->a, FRACTAL);
	out[1] = span(L0B, false, op->b, FRACTAL);
	out[2] = span(L0C, true, op->d, ACCUMULATOR);
	out[3] = span(L0C, false, op->d, ACCUMULATOR);
	return op->init ? 3 : 4;
}

uint32_t op_spans(const struct op *op, struct span *out)
{
	switch (op->kind) {
	case MOVE_UB:
		return two(out, span(GLOBAL, false, op->a, op->count),
			   span(UB, true, op->d, op->count));
	case STORE_UB:
		return two(out, span(UB, false, op->a, op->count),
			   span(GLOBAL, true, op->d, op->count));
	case MOVE_L1:
		return two(out, span(GLOBAL, false, op->a, op->count),
			   span(L1, true, op->d, op->count));
	case STORE_L1:
		return two(out, span(UB, false, op->a, op->count),
			   span(L1, true, op->d, op->count));
	case LOAD_A:
		return two(out, span(L1, false, op->a, FRACTAL), span(L0A, true, op->d, FRACTAL));
	case LOAD_B:
		return two(out, span(L1, false, op->a, FRACTAL), span(L0B, true, op->d, FRACTAL));
	case FIX_GM:
		return two(out, span(L0C, false, op->a, ACCUMULATOR),
			   span(GLOBAL, true, op->d, ACCUMULATOR));
	case FIX_UB:
		return two(out, span(L0C, false, op->a, ACCUMULATOR),
			   span(UB, true, op->d, ACCUMULATOR));
	case MMAD: return product_spans(op, out);
	case LDU: out[0] = span(UB, false, op->a, WORD); return 1;
	case STU: out[0] = span(UB, true, op->d, WORD); return 1;
	case LDG: out[0] = span(GLOBAL, false, op->a, WORD); return 1;
	case STG: out[0] = span(GLOBAL, true, op->d, WORD); return 1;
	default: return vector_spans(op, out);
	}
}

static uint32_t aligned(struct random *r, uint32_t memory_bytes, uint32_t bytes, uint32_t to)
{
	return random_below(r, (memory_bytes - bytes) / to + 1) * to;
}

/* A destination that is the source, or does not overlap it. */
static uint32_t apart(struct random *r, uint32_t from, uint32_t other, uint32_t bytes)
{
	for (;;) {
		uint32_t at = random_below(r, 4) ? aligned(r, UB_BYTES, bytes, 32) : from;
		bool a = at == from || at + bytes <= from || from + bytes <= at;
		bool b = at == other || at + bytes <= other || other + bytes <= at;

		if (a && b)
			return at;
	}
}

static void make_vector(struct op *op, struct random *r)
{
	uint32_t bytes;

	op->count = 1 + random_below(r, 64);
	bytes = op->count * WORD;
	op->a = aligned(r, UB_BYTES, bytes, 32);
	op->b = op->kind < VADDS ? aligned(r, UB_BYTES, bytes, 32) : op->a;
	op->d = op->kind == VDUP ? op->a : apart(r, op->a, op->b, bytes);
	op->scalar = (int32_t)random_below(r, 1u << 31) - (1 << 30);
}

static void make_op(struct op *op, struct random *r)
{
	uint32_t count = (1 + random_below(r, 16)) * 32;

	op->kind = (enum kind)random_below(r, KINDS);
	op->count = count;
	op->init = random_below(r, 2);
	switch (op->kind) {
	case MOVE_UB:
	case MOVE_L1:
		op->a = aligned(r, GLOBAL_BYTES, count, 4);
		op->d = aligned(r, op->kind == MOVE_UB ? UB_BYTES : L1_BYTES, count, 32);
		break;
	case STORE_UB:
		op->a = aligned(r, UB_BYTES, count, 32);
		op->d = aligned(r, GLOBAL_BYTES, count, 4);
		break;
	case STORE_L1:
		op->a = aligned(r, UB_BYTES, count, 32);
		op->d = aligned(r, L1_BYTES, count, 32);
		break;
	case LOAD_A:
	case LOAD_B:
		op->a = aligned(r, L1_BYTES, FRACTAL, 32);
		op->d = aligned(r, L0_BYTES, FRACTAL, FRACTAL);
		break;
	case MMAD:
		op->a = aligned(r, L0_BYTES, FRACTAL, FRACTAL);
		op->b = aligned(r, L0_BYTES, FRACTAL, FRACTAL);
		op->d = aligned(r, L0C_BYTES, ACCUMULATOR, ACCUMULATOR);
		break;
	case FIX_GM:
	case FIX_UB:
		op->a = aligned(r, L0C_BYTES, ACCUMULATOR, ACCUMULATOR);
		op->d = op->kind == FIX_UB ? aligned(r, UB_BYTES, ACCUMULATOR, 32)
					   : aligned(r, GLOBAL_BYTES, ACCUMULATOR, 4);
		break;
	case LDU: op->a = aligned(r, UB_BYTES, WORD, WORD); break;
	case STU: op->d = aligned(r, UB_BYTES, WORD, WORD); break;
	case LDG: op->a = aligned(r, GLOBAL_BYTES, WORD, WORD); break;
	case STG: op->d = aligned(r, GLOBAL_BYTES, WORD, WORD); break;
	default: make_vector(op, r); break;
	}
}

static void add(struct program *p, const struct op *op)
{
	p->steps[p->step_count++] = (struct step){.kind = STEP_OP, .op = p->op_count};
	p->ops[p->op_count++] = *op;
}

/* What scratchpads hold at the end becomes visible: UB, and L0C by way of it. */
static void show(struct program *p)
{
	for (uint32_t at = 0; at < UB_BYTES; at += 1024)
		add(p, &(struct op){.kind = STORE_UB, .a = at, .d = at, .count = 1024});
	for (uint32_t at = 0; at < L0C_BYTES; at += ACCUMULATOR)
		add(p, &(struct op){.kind = FIX_GM, .a = at, .d = UB_BYTES + at});
}

void program_generate(struct program *p, uint64_t seed)
{
	struct random r = {seed * 0x9e3779b97f4a7c15u + 1};
	uint32_t count = 8 + random_below(&r, 60);

	p->op_count = p->step_count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct op op = {.line = 0};

		make_op(&op, &r);
		add(p, &op);
	}
	show(p);
}
