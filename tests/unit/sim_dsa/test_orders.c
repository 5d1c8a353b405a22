/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random programs. Each is a sequence of instructions without tokens, whose meaning is a loop over
 * bytes; a second pass adds a token or barrier for each dependency, and some that nobody needs.
 * Every arbitration must leave what the sequence leaves, with the hazard checker silent. Then one
 * of the orders is taken out or moved: the checker must speak if and only if the transitive closure
 * of what is left lost a dependency, and name only pairs that lost theirs.
 */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <string.h>

enum { OPS = 36, ORDERS = 200, SEEDS = 6, PROGRAMS = 150 };
enum { GLOBAL, UB, L1, BT, SPACES };
enum { MOVE_UB, MOVE_L1, STORE_UB, STORE_L1, XOR, COPY, BIAS, KINDS };

static const struct {
	uint8_t queue, from, to;
	uint16_t op;
	uint8_t operands; /* sources */
} kinds[KINDS] = {
	[MOVE_UB] = {ROAD_DSA_QUEUE_MTE2, GLOBAL, UB, ROAD_DSA_OP_move_ub, 1},
	[MOVE_L1] = {ROAD_DSA_QUEUE_MTE2, GLOBAL, L1, ROAD_DSA_OP_move_l1, 1},
	[STORE_UB] = {ROAD_DSA_QUEUE_MTE3, UB, GLOBAL, ROAD_DSA_OP_store_ub, 1},
	[STORE_L1] = {ROAD_DSA_QUEUE_MTE3, UB, L1, ROAD_DSA_OP_store_l1, 1},
	[XOR] = {ROAD_DSA_QUEUE_V, UB, UB, ROAD_DSA_OP_vxor, 2},
	[COPY] = {ROAD_DSA_QUEUE_V, UB, UB, ROAD_DSA_OP_vcopy, 1},
	[BIAS] = {ROAD_DSA_QUEUE_MTE1, L1, BT, ROAD_DSA_OP_load_bias, 1},
};
static const uint32_t sizes[SPACES] = {[GLOBAL] = 1024, [UB] = 1024, [L1] = 512, [BT] = 256};

struct op {
	uint32_t kind, d, a, b, bytes, pc;
};
/* What stands before op `at`: a token between queues, or V's barrier (source = target). For a
 * token, what it stands for ends before op `set_at`. */
struct order {
	uint32_t at, set_at;
	uint8_t source, target, id;
};

static struct rig rig;
static struct op ops[OPS];
static struct order orders[ORDERS];
static uint32_t order_count;
static uint8_t want[SPACES][1024];
static uint64_t behind[OPS]; /* bit i of [j]: i is over when j begins */
static uint64_t state;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

static uint32_t queue_of(const struct op *op)
{
	return kinds[op->kind].queue;
}

/* ---- the sequence, and what it means ---- */

static uint32_t some_place(uint32_t space, uint32_t bytes)
{
	uint32_t at = random_below(sizes[space] - bytes + 1);

	return space == GLOBAL ? at : at / 32 * 32;
}

static bool apart(uint32_t a, uint32_t b, uint32_t bytes)
{
	return a == b || a + bytes <= b || b + bytes <= a;
}

static struct op some_op(void)
{
	struct op op = {.kind = random_below(KINDS), .bytes = 1 + random_below(100)};

	if (op.kind == BIAS)
		op.bytes = (op.bytes + 31) / 32 * 32;
	do { /* a vector's operands are the same or apart */
		op.d = some_place(kinds[op.kind].to, op.bytes);
		op.a = some_place(kinds[op.kind].from, op.bytes);
		op.b = some_place(kinds[op.kind].from, op.bytes);
	} while (queue_of(&op) == ROAD_DSA_QUEUE_V &&
		 (!apart(op.d, op.a, op.bytes) || !apart(op.d, op.b, op.bytes)));
	return op;
}

static void interpret(const struct op *op)
{
	uint8_t *d = want[kinds[op->kind].to] + op->d;
	const uint8_t *a = want[kinds[op->kind].from] + op->a;
	const uint8_t *b = want[kinds[op->kind].from] + op->b;

	for (uint32_t i = 0; i < op->bytes; i++)
		d[i] = op->kind == XOR ? a[i] ^ b[i] : a[i];
}

/* ---- orders ---- */

static bool meet(uint32_t space, uint32_t at, const struct op *a, uint32_t other, uint32_t from,
		 const struct op *b)
{
	return space == other && at < from + b->bytes && from < at + a->bytes;
}

/* Whether j reads what i writes. */
static bool reads_written(const struct op *i, const struct op *j)
{
	uint32_t to = kinds[i->kind].to, from = kinds[j->kind].from;

	return meet(to, i->d, i, from, j->a, j) ||
	       (kinds[j->kind].operands == 2 && meet(to, i->d, i, from, j->b, j));
}

/* i stands before j: whether j must be behind it. Writes of V, and writes behind reads, are in
 * order anyway; so is all of another queue. */
static bool depends(const struct op *i, const struct op *j)
{
	bool other_way =
		reads_written(j, i) || meet(kinds[i->kind].to, i->d, i, kinds[j->kind].to, j->d, j);

	if (queue_of(i) == queue_of(j))
		return queue_of(i) == ROAD_DSA_QUEUE_V && reads_written(i, j);
	return reads_written(i, j) || other_way;
}

/* Bits of ops: what is over when a queue takes its next one; what it has taken so far. */
static uint64_t over[ROAD_DSA_QUEUES], taken[ROAD_DSA_QUEUES], told[ORDERS];

/* What stands between ops `at` - 1 and `at`: sets, then waits and barriers. */
static void pass_orders(uint32_t at)
{
	for (uint32_t o = 0; o < order_count; o++)
		if (orders[o].set_at == at)
			told[o] = over[orders[o].source] | taken[orders[o].source];
	for (uint32_t o = 0; o < order_count; o++)
		if (orders[o].at == at) /* a barrier tells its own queue, at once */
			over[orders[o].target] |= told[o];
}

/* The transitive closure, in the order of the sequence, which no order contradicts. */
static void close_over(void)
{
	memset(over, 0, sizeof(over));
	memset(taken, 0, sizeof(taken));
	for (uint32_t j = 0; j < OPS; j++) {
		uint32_t q = queue_of(&ops[j]);

		pass_orders(j);
		behind[j] = over[q];
		taken[q] |= UINT64_C(1) << j;
		if (q != ROAD_DSA_QUEUE_V)
			over[q] |= UINT64_C(1) << j;
	}
}

static bool is_lost(uint32_t i, uint32_t j)
{
	return i < j && depends(&ops[i], &ops[j]) && !(behind[j] >> i & 1);
}

static uint32_t count_lost(void)
{
	uint32_t lost = 0;

	for (uint32_t j = 0; j < OPS; j++)
		for (uint32_t i = 0; i < j; i++)
			lost += is_lost(i, j);
	return lost;
}

/* Each token has an id of its own: sets cannot meet. */
static void add_order(uint32_t at, uint32_t source, uint32_t target)
{
	struct order order = {
		.at = at, .set_at = at, .source = (uint8_t)source, .target = (uint8_t)target};

	for (uint32_t o = 0; o < order_count; o++)
		if (orders[o].source == source && orders[o].target == target)
			order.id++;
	orders[order_count++] = order;
	close_over();
}

static void make_program(void)
{
	order_count = 0;
	for (uint32_t j = 0; j < OPS; j++)
		ops[j] = some_op();
	for (uint32_t j = 0; j < OPS; j++) {
		close_over();
		for (uint32_t i = j; i-- > 0;)
			if (is_lost(i, j))
				add_order(j, queue_of(&ops[i]), queue_of(&ops[j]));
		if (j && random_below(8) == 0 &&
		    queue_of(&ops[j - 1]) != queue_of(&ops[j])) /* one that nobody needs */
			add_order(j, queue_of(&ops[j - 1]), queue_of(&ops[j]));
	}
}

/* ---- as words ---- */

static void emit_op(struct op *op)
{
	static const uint32_t base = (uint32_t)RIG_VA;
	bool from_global = kinds[op->kind].from == GLOBAL, to_global = kinds[op->kind].to == GLOBAL;
	bool vector = queue_of(op) == ROAD_DSA_QUEUE_V;
	struct road_dsa_word *word;

	rig_load(&rig, 1, op->d + (to_global ? base : 0));
	rig_load(&rig, 2, op->a + (from_global ? base : 0));
	rig_load(&rig, 3, vector ? op->b : op->bytes);
	rig_load(&rig, 4, op->bytes);
	op->pc = rig.count;
	word = rig_emit(&rig, kinds[op->kind].op,
			op->kind == BIAS ? ROAD_DSA_TYPE_NONE : ROAD_DSA_TYPE_U8, 1, 2,
			op->kind == COPY ? 0 : 3);
	word->c = vector ? 4 : 0;
	word->imm = vector || op->kind == BIAS ? 0 : 1;
}

static void emit_sets(uint32_t at)
{
	for (uint32_t o = 0; o < order_count; o++)
		if (orders[o].set_at == at && orders[o].source != orders[o].target)
			rig_flag(&rig, ROAD_DSA_OP_set_flag, orders[o].source, orders[o].target,
				 orders[o].id);
}

static void emit_waits(uint32_t at)
{
	for (uint32_t o = 0; o < order_count; o++) {
		if (orders[o].at != at)
			continue;
		if (orders[o].source == orders[o].target)
			rig_barrier(&rig, orders[o].source);
		else
			rig_flag(&rig, ROAD_DSA_OP_wait_flag, orders[o].source, orders[o].target,
				 orders[o].id);
	}
}

static void emit_program(void)
{
	rig_init(&rig);
	rig.params.flags = DSA_FLAGS_MAX;
	rig.shared_memory = true;
	for (uint32_t i = 0; i < OPS; i++) {
		emit_sets(i);
		emit_waits(i);
		emit_op(&ops[i]);
	}
	EMIT(&rig, end, 0, 0, 0);
}

static void reset_memory(void)
{
	for (uint32_t i = 0; i < sizes[GLOBAL]; i++)
		rig.memory[i] = (uint8_t)(i * 37 + i / 256);
}

static void run_sequence(void)
{
	memset(want, ROAD_DSA_POISON, sizeof(want));
	reset_memory();
	memcpy(want[GLOBAL], rig.memory, sizes[GLOBAL]);
	for (uint32_t i = 0; i < OPS; i++)
		interpret(&ops[i]);
}

static bool left_the_same(void)
{
	return !memcmp(want[GLOBAL], rig.memory, sizes[GLOBAL]) &&
	       !memcmp(want[UB], rig.pads[ROAD_DSA_PAD_UB], sizes[UB]) &&
	       !memcmp(want[L1], rig.pads[ROAD_DSA_PAD_L1], sizes[L1]) &&
	       !memcmp(want[BT], rig.pads[ROAD_DSA_PAD_BT], sizes[BT]);
}

static bool run_seed(uint64_t seed)
{
	rig.seed = seed;
	rig.fidelity = seed == SEEDS ? SIM_APPROX : SIM_FUNCTIONAL;
	reset_memory();
	return rig_run(&rig) == DSA_CORE_DONE;
}

/* ---- what is checked ---- */

static void every_order_is_the_sequence(void)
{
	uint32_t wrong = 0;

	state = 1;
	for (uint32_t p = 0; p < PROGRAMS; p++) {
		make_program();
		emit_program();
		run_sequence();
		CU_ASSERT_EQUAL(count_lost(), 0);
		for (uint64_t seed = 0; seed <= SEEDS; seed++)
			wrong += !run_seed(seed) || rig.violations || !left_the_same();
	}
	CU_ASSERT_EQUAL(wrong, 0);
	if (rig.violations)
		printf("# %s\n", rig.violation[0]);
}

static uint32_t op_at(uint32_t pc)
{
	uint32_t i = 0;

	while (i < OPS && ops[i].pc != pc)
		i++;
	return i;
}

/* A report names two pcs. */
static bool names_lost_pair(const char *report)
{
	unsigned first, second;
	const char *a = strstr(report, " pc "), *b = a ? strstr(a + 4, " pc ") : NULL;
	uint32_t i, j;

	if (!b || sscanf(a, " pc %u", &first) != 1 || sscanf(b, " pc %u", &second) != 1)
		return false;
	i = op_at(first < second ? first : second);
	j = op_at(first < second ? second : first);
	return i < OPS && j < OPS && is_lost(i, j);
}

/* Takes one order out, or lets its token be set too early. */
static void break_one(void)
{
	uint32_t o = random_below(order_count);
	struct order *order = &orders[o];

	if (random_below(2) && order->source != order->target && order->set_at)
		order->set_at -= 1 + random_below(order->set_at < 4 ? order->set_at : 4);
	else
		*order = orders[--order_count];
	close_over();
}

static uint32_t check_broken(uint32_t lost)
{
	uint32_t wrong = 0;

	for (uint64_t seed = 0; seed <= SEEDS; seed++) {
		wrong += !run_seed(seed) || (rig.counts.hazards > 0) != (lost > 0);
		wrong += !lost && !left_the_same();
		for (uint32_t v = 0; v < rig.violations && v < 8; v++)
			wrong += !names_lost_pair(rig.violation[v]);
	}
	return wrong;
}

static void lost_orders_are_found(void)
{
	uint32_t wrong = 0, harmless = 0, harmful = 0;

	state = 2;
	for (uint32_t p = 0; p < PROGRAMS; p++) {
		uint32_t lost;

		make_program();
		break_one();
		lost = count_lost();
		emit_program();
		run_sequence();
		wrong += check_broken(lost);
		harmful += lost > 0;
		harmless += !lost;
	}
	printf("# %u orders were needed, %u were not\n", harmful, harmless);
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT(harmful > PROGRAMS / 4);
	CU_ASSERT(harmless > PROGRAMS / 20);
}

static const struct tap_case cases[] = {
	{"with all its orders a program does what its sequence does", every_order_is_the_sequence},
	{"the hazard checker finds exactly the orders that are lost", lost_orders_are_found},
};

TAP_MAIN(cases)
