/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An oracle for the simulated DSA: random sequential programs whose meaning is a plain interpreter
 * (meaning.c). Tokens and barriers are put in by a second pass (order.c), which knows the orders
 * that they make. It shares nothing with what it checks: programs go to the chip as text, through
 * the assembler and the public interface.
 *
 * A program is a list of steps in S's order; operations among them read and write bytes, the
 * others only order. One core, one block.
 */
#ifndef TESTS_ORACLE_DSA_PROGRAM_H
#define TESTS_ORACLE_DSA_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum queue { Q_S, Q_V, Q_M, Q_MTE1, Q_MTE2, Q_MTE3, Q_FIX, QUEUES };
extern const char *const queue_names[QUEUES];

/* Memories, all of them byte arrays here. */
enum memory { GLOBAL, UB, L1, L0A, L0B, L0C, MEMORIES };
enum {
	GLOBAL_BYTES = 8192,
	UB_BYTES = 4096,
	L1_BYTES = 2048,
	L0_BYTES = 1024,
	L0C_BYTES = 2048,
	OPS_MAX = 120,
	STEPS_MAX = 1024,
	IDS = 8, /* tokens of a pair of queues */
};

enum kind {
	MOVE_UB, /* global -> UB */
	STORE_UB,
	MOVE_L1,
	STORE_L1, /* UB -> L1 */
	VADD,
	VSUB,
	VMUL,
	VMAX,
	VMIN,
	VAND,
	VOR,
	VXOR,
	VADDS, /* with a scalar */
	VDUP,
	VCOPY,
	LOAD_A, /* a fractal of s8 */
	LOAD_B,
	MMAD,
	FIX_GM,
	FIX_UB,
	LDU, /* S: a word of UB to its register */
	STU,
	LDG,
	STG,
	KINDS
};

struct span {
	uint8_t memory; /* enum memory */
	bool write;
	uint32_t at, bytes;
};

struct op {
	enum kind kind;
	uint32_t d, a, b; /* byte offsets in the memories of the kind */
	uint32_t count;   /* bytes of a transfer, elements of a vector */
	int32_t scalar;
	bool init;     /* MMAD */
	uint32_t line; /* of the instruction in the text */
};

enum step_kind { STEP_OP, STEP_SET, STEP_WAIT, STEP_BARRIER_V, STEP_BARRIER_ALL };
struct step {
	enum step_kind kind;
	uint8_t source, target, id;
	uint32_t op; /* index */
};

struct program {
	struct op ops[OPS_MAX];
	uint32_t op_count;
	struct step steps[STEPS_MAX];
	uint32_t step_count;
	char text[65536]; /* for the assembler */
};

struct image { /* contents of all memories */
	uint8_t bytes[MEMORIES][GLOBAL_BYTES];
};

struct random {
	uint64_t state;
};
uint32_t random_below(struct random *r, uint32_t limit); /* limit >= 1 */

/* ---- generate.c: operations, and steps that are these in their order ---- */
void program_generate(struct program *p, uint64_t seed);
enum queue op_queue(enum kind kind);
/* What it reads and writes: up to 4 spans; answers how many. */
uint32_t op_spans(const struct op *op, struct span *out);
const char *op_name(enum kind kind);

/* ---- meaning.c ---- */
void image_begin(struct image *image, uint64_t seed);
void program_mean(const struct program *p, struct image *image);

/* ---- order.c ---- */
struct order { /* before[i]: operations that are over when i begins */
	unsigned __int128 before[OPS_MAX];
	bool stuck; /* some queue waits for a token that never comes, or a token is set twice */
	bool left;  /* a token is left set */
};
void order_of(const struct program *p, struct order *out);
/* Puts tokens and barriers in, so that every conflict is ordered, and some that are not needed. */
void order_make(struct program *p, struct random *r);
/* Do the two touch a common byte, one of them writing? */
bool ops_conflict(const struct op *a, const struct op *b);
/* Conflicting pairs that nothing orders. */
uint32_t order_lost(const struct program *p, const struct order *order, uint32_t (*pairs)[2],
		    uint32_t room);
/* One ordering removed, swapped or moved; false: there is none of that kind. */
enum mutant { MUTANT_REMOVE, MUTANT_SWAP, MUTANT_EARLY, MUTANT_BARRIER, MUTANTS };
bool order_mutate(struct program *p, enum mutant mutant, struct random *r);

/* ---- text.c: also fills in the lines of operations ---- */
void program_write(struct program *p);

/* ---- device.c ---- */
enum { HAZARDS_MAX = 256 };
struct outcome {
	bool ran;         /* the kernel ended without a fault */
	char why[256];    /* if not */
	uint32_t hazards; /* reported */
	uint32_t lines[HAZARDS_MAX][2];
	uint32_t others; /* violations that are no hazards */
	char other[256]; /* the first */
};
/* Assembles the text with `assembler` and runs it; global memory in and out. */
bool device_run(const struct program *p, const char *address, const char *assembler,
		const char *folder, struct image *image, struct outcome *out);

#endif
