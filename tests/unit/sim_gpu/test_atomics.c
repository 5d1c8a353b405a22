/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomics of every operation and width, in every space: lanes on a few words, in ascending order,
 * against a plain count; what faults changes nothing; which of them depend on the order.
 */
#include "simulators/gpu/exec.h"
#include "tests/unit/sim_gpu/rig.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { D = 4, A = 6, B = 8, C = 10, ADDRESS = 12, WORDS = 8 };

static struct rig rig;
static uint64_t state;

static const struct {
	uint16_t op, aux;
	uint8_t bytes;
	bool is_signed;
} atoms[] = {
#define BOTH(name, is_signed)                                               \
	{ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_##name, 4, is_signed},         \
		{ROAD_GPU_OP_atom_b64, ROAD_GPU_ATOM_##name, 8, is_signed}, \
		{ROAD_GPU_OP_red_b32, ROAD_GPU_ATOM_##name, 4, is_signed},  \
	{                                                                   \
		ROAD_GPU_OP_red_b64, ROAD_GPU_ATOM_##name, 8, is_signed     \
	}
	BOTH(EXCH, false),
	BOTH(ADD, false),
	BOTH(MIN_U, false),
	BOTH(MIN_S, true),
	BOTH(MAX_U, false),
	BOTH(MAX_S, true),
	BOTH(AND, false),
	BOTH(OR, false),
	BOTH(XOR, false),
	BOTH(ADD_F, false),
	{ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_INC, 4, false},
	{ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_DEC, 4, false},
	{ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_ADD_FX2, 4, false},
	{ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_ADD_BFX2, 4, false},
	{ROAD_GPU_OP_atom_b16, ROAD_GPU_ATOM_ADD_F, 2, false},
	{ROAD_GPU_OP_atom_b16, ROAD_GPU_ATOM_ADD_BF, 2, false},
	{ROAD_GPU_OP_red_b16, ROAD_GPU_ATOM_ADD_F, 2, false},
	{ROAD_GPU_OP_cas_b16, 0, 2, false},
	{ROAD_GPU_OP_cas_b32, 0, 4, false},
	{ROAD_GPU_OP_cas_b64, 0, 8, false},
};

static bool is_cas(unsigned op)
{
	return op >= ROAD_GPU_OP_cas_b16 && op <= ROAD_GPU_OP_cas_b64;
}

static bool is_half(unsigned k)
{
	return atoms[k].bytes == 2 || atoms[k].aux >= ROAD_GPU_ATOM_ADD_FX2;
}

/* Small whole numbers in f16 and bf16: sums are exact, and so are easy to say. */
static uint16_t half_of(int n, bool brain)
{
	float f = (float)n;
	uint32_t bits;

	memcpy(&bits, &f, 4);
	if (brain)
		return (uint16_t)(bits >> 16);
	if (!n)
		return 0;
	return (uint16_t)((bits >> 16 & 0x8000) | ((bits >> 23 & 0xff) - 112) << 10 |
			  (bits >> 13 & 0x3ff));
}

static int of_half(uint16_t bits, bool brain)
{
	uint32_t wide = brain ? (uint32_t)bits << 16
			: bits & 0x7fff
				? (uint32_t)(bits & 0x8000) << 16 |
					  ((bits >> 10 & 31u) + 112) << 23 | (bits & 0x3ffu) << 13
				: 0;
	float f;

	memcpy(&f, &wide, 4);
	return (int)f;
}

static uint64_t add_halves(uint64_t a, uint64_t b, bool brain, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum |= (uint64_t)half_of(of_half((uint16_t)(a >> 16 * i), brain) +
						 of_half((uint16_t)(b >> 16 * i), brain),
					 brain)
		       << 16 * i;
	return sum;
}

static uint64_t add_float(uint64_t a, uint64_t b, unsigned bytes)
{
	double x, y;
	float f, g;

	if (bytes == 8) {
		memcpy(&x, &a, 8), memcpy(&y, &b, 8);
		x += y;
		memcpy(&a, &x, 8);
		return a;
	}
	memcpy(&f, &a, 4), memcpy(&g, &b, 4);
	f += g;
	a = 0;
	memcpy(&a, &f, 4);
	return a;
}

static uint64_t changed(unsigned k, uint64_t old, uint64_t b, uint64_t c)
{
	unsigned shift = 64u - 8u * atoms[k].bytes;
	uint64_t ones = ~UINT64_C(0) >> shift;
	bool less = atoms[k].is_signed ? (int64_t)(old << shift) < (int64_t)(b << shift) : old < b;
	bool brain = atoms[k].aux == ROAD_GPU_ATOM_ADD_BF || atoms[k].aux == ROAD_GPU_ATOM_ADD_BFX2;

	if (is_cas(atoms[k].op))
		return old == b ? c : old;
	if (is_half(k))
		return add_halves(old, b, brain, atoms[k].bytes / 2);
	switch (atoms[k].aux) {
	case ROAD_GPU_ATOM_ADD: return (old + b) & ones;
	case ROAD_GPU_ATOM_INC: return old >= b ? 0 : old + 1;
	case ROAD_GPU_ATOM_DEC: return old == 0 || old > b ? b : old - 1;
	case ROAD_GPU_ATOM_MIN_U:
	case ROAD_GPU_ATOM_MIN_S: return less ? old : b;
	case ROAD_GPU_ATOM_MAX_U:
	case ROAD_GPU_ATOM_MAX_S: return less ? b : old;
	case ROAD_GPU_ATOM_AND: return old & b;
	case ROAD_GPU_ATOM_OR: return old | b;
	case ROAD_GPU_ATOM_XOR: return old ^ b;
	case ROAD_GPU_ATOM_ADD_F: return add_float(old, b, atoms[k].bytes);
	default: return b;
	}
}

static uint64_t choose(unsigned k)
{
	uint64_t r = rig_random(&state), value = 0;
	float f = (float)(int32_t)(r % 2001) - 1000;
	double d = f;

	if (is_half(k)) {
		bool brain = atoms[k].aux == ROAD_GPU_ATOM_ADD_BF ||
			     atoms[k].aux == ROAD_GPU_ATOM_ADD_BFX2;

		value = half_of((int)(r % 5) - 2, brain);
		return atoms[k].bytes == 2 ? value : value | (uint64_t)half_of(3, brain) << 16;
	}
	if (atoms[k].aux == ROAD_GPU_ATOM_ADD_F) {
		memcpy(&value, atoms[k].bytes == 8 ? (void *)&d : (void *)&f, atoms[k].bytes);
		return value;
	}
	if (is_cas(atoms[k].op) || r & 64)
		return r % 3;
	return r >> 8 & ~UINT64_C(0) >> (64 - 8 * atoms[k].bytes);
}

static void put(unsigned reg, uint32_t lane, uint64_t value, unsigned bytes)
{
	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];

	if (bytes == 8)
		((uint64_t *)(void *)road_gpu_warp_row(warp, reg))[lane] = value;
	else
		road_gpu_warp_row(warp, reg)[lane] = (uint32_t)value;
}

static uint64_t get(unsigned reg, uint32_t lane, unsigned bytes)
{
	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];

	return bytes == 8 ? ((uint64_t *)(void *)road_gpu_warp_row(warp, reg))[lane]
			  : road_gpu_warp_row(warp, reg)[lane];
}

static void emit_atom(unsigned k, unsigned space)
{
	bool returns = atoms[k].op < ROAD_GPU_OP_red_b16;
	struct road_gpu_word *word =
		emit(&rig, atoms[k].op, returns ? D : 0, ADDRESS, B, is_cas(atoms[k].op) ? C : 0);

	word->mods = (uint16_t)space;
	word->aux = atoms[k].aux;
	word->imm = 64;
	word->guard = 1;
	emit_exit(&rig);
}

/* As the timing model steps, or as functional mode runs. */
static void step_or_run(bool run)
{
	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];
	struct road_gpu_access access;
	struct road_gpu_step step;
	uint32_t ran = 0;

	if (run) {
		CU_ASSERT_EQUAL(rig.config.variant->run(warp, 1, &ran), ROAD_GPU_RUN_STEPS);
		CU_ASSERT_EQUAL(ran, 1);
		return;
	}
	CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step));
	CU_ASSERT_FALSE(step.fault);
}

/* One instruction on eight words; lane l stands on one of them. */
static unsigned run_once(unsigned k, unsigned space, bool shared, bool run)
{
	uint64_t memory[WORDS], base = shared ? ROAD_GPU_SHARED_WINDOW : RIG_VA, found[32];
	uint32_t mask = (uint32_t)rig_random(&state), bytes = atoms[k].bytes;
	unsigned wrong = 0;

	if (space == ROAD_GPU_SPACE_SHARED)
		base = 0;
	rig_init(&rig);
	rig.config.shared_bytes = 256;
	emit_atom(k, space);
	rig_launch(&rig);
	road_gpu_block_start(&rig.launch->blocks[0], 0, 0);
	rig.launch->blocks[0].warps[0].preds[1] = mask;
	uint8_t *at = (shared ? rig.launch->blocks[0].shared : rig.memory) + 64;

	for (uint32_t w = 0; w < WORDS; w++) {
		memory[w] = choose(k);
		memcpy(at + w * bytes, &memory[w], bytes);
	}
	for (uint32_t l = 0; l < 32; l++) {
		uint64_t b = choose(k), c = choose(k);
		uint32_t w = (uint32_t)rig_random(&state) % WORDS;

		put(B, l, b, bytes), put(C, l, c, bytes);
		put(ADDRESS, l, base + w * bytes, 8);
		put(D, l, 0x77, bytes);
		found[l] = 0x77;
		if (!(mask >> l & 1))
			continue;
		if (atoms[k].op < ROAD_GPU_OP_red_b16)
			found[l] = memory[w];
		memory[w] = changed(k, memory[w], b, c);
	}
	step_or_run(run);
	for (uint32_t l = 0; l < 32; l++)
		wrong += get(D, l, bytes) != found[l];
	for (uint32_t w = 0; w < WORDS; w++)
		wrong += memcmp(at + w * bytes, &memory[w], bytes) != 0;
	rig_free(&rig);
	return wrong;
}

static void atomics_do_what_they_say(void)
{
	state = 5;
	for (unsigned k = 0; k < sizeof(atoms) / sizeof(atoms[0]); k++) {
		unsigned wrong = 0;

		for (unsigned i = 0; i < 60; i++) {
			bool run = i & 2;

			wrong += run_once(k, ROAD_GPU_SPACE_GLOBAL, false, run);
			wrong += run_once(k, ROAD_GPU_SPACE_SHARED, true, run);
			wrong += run_once(k, ROAD_GPU_SPACE_GENERIC, i & 1, run);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		if (wrong)
			printf("# %s %u: %u wrong\n", road_gpu_op_name(atoms[k].op), atoms[k].aux,
			       wrong);
	}
}

/* PTX ISA, "atom": f32 flushes subnormals in global memory and keeps them in shared memory. */
static void f32_flushes_subnormals_in_global_memory_only(void)
{
	for (int shared = 0; shared < 2; shared++) {
		rig_init(&rig);
		rig.config.threads[0] = 1;
		rig.config.shared_bytes = 128;
		emit_imm(&rig, ROAD_GPU_OP_mov_b32, B, 0, RZ, 0, 2, 0x00400000);
		emit_imm(&rig, ROAD_GPU_OP_mov_b64, ADDRESS, 0, RZ, 0, 2,
			 shared ? 0 : (int32_t)RIG_VA);
		emit(&rig, ROAD_GPU_OP_st_b32, 0, ADDRESS, B, 0)->mods =
			shared ? ROAD_GPU_SPACE_SHARED : ROAD_GPU_SPACE_GLOBAL;
		emit(&rig, ROAD_GPU_OP_atom_b32, D, ADDRESS, B, 0)->mods =
			shared ? ROAD_GPU_SPACE_SHARED : ROAD_GPU_SPACE_GLOBAL;
		rig.words[rig.count - 1].aux = ROAD_GPU_ATOM_ADD_F;
		emit(&rig, ROAD_GPU_OP_ld_b32, D, ADDRESS, 0, 0)->mods =
			shared ? ROAD_GPU_SPACE_SHARED : ROAD_GPU_SPACE_GLOBAL;
		emit_store_by_thread(&rig, D, 256);
		emit_exit(&rig);
		rig_finish(&rig);
		CU_ASSERT_EQUAL(*rig_u32(&rig, 64), shared ? 0x00800000 : 0);
		rig_free(&rig);
	}
}

static void expect_fault(unsigned space, uint64_t address, enum road_gpu_fault code)
{
	rig_init(&rig);
	rig.config.local_bytes = 128;
	rig.config.shared_bytes = 128;
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, ADDRESS, 0, RZ, 0, 2, (int32_t)(address & UINT32_MAX));
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, C, 0, RZ, 0, 2, (int32_t)(address >> 32))->form |=
		ROAD_GPU_FORM_IMM_HIGH;
	emit(&rig, ROAD_GPU_OP_or_b64, ADDRESS, ADDRESS, C, 0);
	emit(&rig, ROAD_GPU_OP_red_b32, 0, ADDRESS, B, 0)->mods = (uint16_t)space;
	rig.words[rig.count - 1].aux = ROAD_GPU_ATOM_OR;
	emit_exit(&rig);
	rig_fault(&rig, code);
	CU_ASSERT_EQUAL(rig.launch->fault.pc, 3);
	rig_free(&rig);
}

static void atomics_need_memory_that_can_be_read_and_written(void)
{
	expect_fault(ROAD_GPU_SPACE_GLOBAL, RIG_READONLY, ROAD_GPU_FAULT_RIGHTS);
	expect_fault(ROAD_GPU_SPACE_GLOBAL, RIG_VA + 2, ROAD_GPU_FAULT_MISALIGNED);
	expect_fault(ROAD_GPU_SPACE_GLOBAL, RIG_VA + RIG_BYTES, ROAD_GPU_FAULT_UNMAPPED);
	expect_fault(ROAD_GPU_SPACE_SHARED, 128, ROAD_GPU_FAULT_UNMAPPED);
	expect_fault(ROAD_GPU_SPACE_GENERIC, ROAD_GPU_LOCAL_WINDOW, ROAD_GPU_FAULT_ILLEGAL);
}

static bool order_matters(unsigned op, unsigned aux, unsigned d)
{
	bool matters;

	rig_init(&rig);
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, ADDRESS, 0, RZ, 0, 2, (int32_t)RIG_VA);
	emit(&rig, op, d, ADDRESS, B, op == ROAD_GPU_OP_cas_b32 ? C : 0)->mods =
		ROAD_GPU_SPACE_GLOBAL;
	rig.words[1].aux = (uint16_t)aux;
	emit_exit(&rig);
	rig_finish(&rig);
	matters = rig.launch->stats.order_sensitive;
	CU_ASSERT_TRUE(!matters ||
		       (rig.launch->stats.order_pc == 1 && rig.launch->stats.order_line == 1001));
	rig_free(&rig);
	return matters;
}

static void what_depends_on_the_order_is_marked_with_its_place(void)
{
	CU_ASSERT_FALSE(order_matters(ROAD_GPU_OP_red_b32, ROAD_GPU_ATOM_ADD, 0));
	CU_ASSERT_FALSE(order_matters(ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_ADD, RZ));
	CU_ASSERT_FALSE(order_matters(ROAD_GPU_OP_cas_b32, 0, RZ));
	CU_ASSERT_TRUE(order_matters(ROAD_GPU_OP_cas_b32, 0, D));
	CU_ASSERT_TRUE(order_matters(ROAD_GPU_OP_atom_b32, ROAD_GPU_ATOM_ADD, D));
	CU_ASSERT_TRUE(order_matters(ROAD_GPU_OP_red_b32, ROAD_GPU_ATOM_ADD_F, 0));
	CU_ASSERT_TRUE(order_matters(ROAD_GPU_OP_red_b64, ROAD_GPU_ATOM_ADD_F, 0));
	CU_ASSERT_TRUE(order_matters(ROAD_GPU_OP_red_b16, ROAD_GPU_ATOM_ADD_BF, 0));
}

static const struct tap_case cases[] = {
	{"atomics do what they say, lane after lane, in every space", atomics_do_what_they_say},
	{"f32 flushes subnormals in global memory only",
	 f32_flushes_subnormals_in_global_memory_only},
	{"atomics need memory that can be read and written",
	 atomics_need_memory_that_can_be_read_and_written},
	{"what depends on the order is marked, with its place",
	 what_depends_on_the_order_is_marked_with_its_place},
};

TAP_MAIN(cases)
