/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random PTX programs whose meaning does not depend on who runs when: each thread writes bytes of
 * its own, reads others' only across barriers, and atomic operations on common words commute. A
 * program is lines in units (an instruction with what computes its address, an `if` with all that
 * is in it), so that a failing one can be made smaller unit by unit.
 */
#ifndef TESTS_ORACLE_GPU_GEN_H
#define TESTS_ORACLE_GPU_GEN_H

#include "tests/oracle/gpu/random.h"

#include <stddef.h>
#include <stdint.h>

/* What may be used beyond tier 1. */
enum feature {
	FEATURE_WARP = 1,  /* shfl vote match redux atom red */
	FEATURE_HALF = 2,  /* f16 bf16 dp4a carry */
	FEATURE_CALLS = 4, /* call alloca */
	FEATURES_ALL = 7
};

enum class { CLASS_H, CLASS_R, CLASS_D, CLASS_F, CLASS_G, CLASS_P, CLASSES };

#define GEN_INPUT_BYTES  4096u
#define GEN_OUTPUT_BYTES 512u /* of a thread */
#define GEN_SUMS_BYTES   1024u
#define GEN_THREADS_MAX  256u /* of a grid */
#define GEN_REGS_MAX     512u

struct line {
	char *text;
	uint32_t unit;
};

struct unit {
	uint32_t parent; /* 0: the program */
	bool keep;
};

struct program {
	uint64_t seed, random;
	unsigned features;
	uint32_t grid[3], block[3], threads; /* of a workgroup */
	uint32_t dynamic_shared;
	struct line *lines;
	uint32_t line_count, line_room;
	struct unit *units;
	uint32_t unit_count, unit_room, unit; /* current */
	/* registers: how many are declared, and which hold a value here */
	uint32_t declared[CLASSES];
	uint32_t live[CLASSES][GEN_REGS_MAX], live_count[CLASSES];
	uint32_t depth, loops, budget, labels;
	bool in_function, uniform; /* all threads of the workgroup come here */
	char mask[16];             /* lanes of the warp that come here; "": not known */
	uint32_t functions;        /* that may be called */
	char *prologue;            /* functions, in front of the kernel */
};

/* gen.c */
struct program *program_generate(uint64_t seed, unsigned features);
/* The text without the units that are dropped (NULL: all of it); the caller frees. */
char *program_text(const struct program *p, const bool *dropped);
void program_free(struct program *p);
void gen_inputs(uint64_t seed, uint8_t *input, uint8_t *sums);

void gen_line(struct program *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint32_t gen_unit_open(struct program *p, bool keep); /* returns the one around it */
void gen_unit_close(struct program *p, uint32_t outer);
uint32_t gen_below(struct program *p, uint32_t n);
bool gen_once(struct program *p, uint32_t n);
/* A register that holds a value; a new one, not yet among those; and then it is. */
uint32_t gen_live(struct program *p, enum class c);
uint32_t gen_new(struct program *p, enum class c);
void gen_add(struct program *p, enum class c, uint32_t reg);
/* Where a result goes: mostly a register that holds a value, else a new one. */
uint32_t gen_destination(struct program *p, enum class c, bool guarded);
/* "@%p3 ", "@!%p3 " or "". */
const char *gen_guard(struct program *p, char text[16], bool *guarded);
extern const char gen_letters[CLASSES + 1];
/* A source: mostly a register, else a constant that is worth trying. */
const char *gen_source(struct program *p, enum class c, char text[40]);

/* gen_forms.c */
void gen_form(struct program *p);
/* How many forms there are, and how often each was written. */
uint32_t gen_form_count(unsigned features);
void gen_coverage(unsigned features, bool all);
void gen_note(const char *opcode); /* counts a form that is not in the table */

/* gen_memory.c */
void gen_memory(struct program *p);
void gen_exchange(struct program *p);
void gen_store_all(struct program *p);

/* More statements, of a function. */
void gen_some(struct program *p, uint32_t count);

/* gen_warp.c */
void gen_warp(struct program *p);
void gen_atomic(struct program *p);
void gen_call(struct program *p);
void gen_functions(struct program *p);

#endif
