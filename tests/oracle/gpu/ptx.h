/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter's form of a PTX module, and a thread that runs it. */
#ifndef TESTS_ORACLE_GPU_PTX_H
#define TESTS_ORACLE_GPU_PTX_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/oracle/gpu/oracle.h"

enum kind { KIND_B, KIND_U, KIND_S, KIND_F, KIND_P };

/* clang-format off */
#define PTX_TYPES(X)                                                                               \
	X(b8, 8, B)                                                                                \
	X(b16, 16, B)                                                                              \
	X(b32, 32, B) X(b64, 64, B) X(u8, 8, U) X(u16, 16, U) X(u32, 32, U) X(u64, 64, U)          \
		X(s8, 8, S) X(s16, 16, S) X(s32, 32, S) X(s64, 64, S) X(f16, 16, F) X(bf16, 16, F) \
			X(f32, 32, F) X(f64, 64, F) X(f16x2, 32, F) X(bf16x2, 32, F)               \
				X(u16x2, 32, U) X(s16x2, 32, S) X(pred, 1, P)
/* clang-format on */

enum type {
#define X(name, bits, kind) TYPE_##name,
	PTX_TYPES(X)
#undef X
		TYPES
};

struct type_info {
	const char *name;
	unsigned bits;
	enum kind kind;
};
extern const struct type_info type_table[TYPES + 1];

/* clang-format off */
/* Words behind an opcode that mean something here; those of IGNORED change no value. */
#define PTX_WORDS(X)                                                                               \
	X(ftz)                                                                                     \
	X(sat)                                                                                     \
	X(cc) X(lo) X(hi) X(wide) X(approx) X(full) X(NaN) X(xorsign) X(abs) X(relu) X(sync) X(    \
		idx) X(up) X(down) X(bfly) X(all) X(any) X(uni) X(ballot) X(clamp) X(wrap) X(l)    \
		X(r) X(shiftamt) X(to) X(arrive) X(red) X(warp) X(f4e) X(b4e) X(rc8) X(ecl) X(     \
			ecr) X(rc16) X(finite) X(infinite) X(number) X(notanumber) X(normal)       \
			X(subnormal) X(and) X(or) X(xor) X(min) X(max) X(add) X(inc) X(dec) X(cas) \
				X(exch) X(popc) X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(ls) X(hs)    \
					X(equ) X(neu) X(ltu) X(leu) X(gtu) X(geu) X(num) X(nan)    \
						X(rn) X(rz) X(rm) X(rp) X(rna) X(rni) X(rzi)       \
							X(rmi) X(rpi) X(global) X(shared) X(local) \
								X(const) X(param) X(v2) X(v4)      \
									X(eager)
#define PTX_IGNORED(X)                                                                             \
	X(aligned)                                                                                 \
	X(volatile)                                                                                \
	X(relaxed) X(acquire) X(release) X(acq_rel) X(sc) X(weak) X(cta) X(cluster) X(gpu) X(sys)  \
		X(gl) X(ca) X(cg) X(cs) X(lu) X(cv) X(nc) X(wb) X(wt) X(noftz) X(mmio) X(L1) X(L2) \
			X(noinc) X(satfinite)
/* clang-format on */

enum word {
#define X(name) WORD_##name,
	PTX_WORDS(X)
#undef X
		WORDS
};

enum space { SPACE_GENERIC, SPACE_GLOBAL, SPACE_SHARED, SPACE_LOCAL, SPACE_CONST, SPACE_PARAM };

/* The interpreter's own windows of the generic space; programs must not show addresses. */
#define SHARED_WINDOW UINT64_C(0x5000000000000000)
#define LOCAL_WINDOW  UINT64_C(0x6000000000000000)
#define MODULE_BASE   UINT64_C(0x3000000000000000) /* of .global and .const variables */
#define WINDOW_BYTES  (UINT64_C(1) << 32)

enum operand_kind {
	OPERAND_NONE,
	OPERAND_REG,
	OPERAND_CONST,
	OPERAND_SREG,
	OPERAND_SYMBOL, /* a variable's address */
	OPERAND_MEMORY, /* [register or variable + offset] */
	OPERAND_LIST,
	OPERAND_LABEL, /* `target`: instruction, or table of labels */
	OPERAND_FUNCTION,
	OPERAND_SINK
};

enum number { NUMBER_INTEGER, NUMBER_F32, NUMBER_F64 };

struct operand {
	enum operand_kind kind;
	bool negated;
	bool has_reg, is_dynamic; /* MEMORY by a register; a variable behind the static part */
	uint32_t reg, reg2;       /* reg2 of p|q; 0: none */
	enum number number;
	uint64_t value; /* constant, offset, special register */
	enum space space;
	struct operand *list;
	unsigned count;
	uint32_t target;
	struct function *function;
};

#define OPERANDS_MAX 8

struct thread;
struct instr;
typedef void (*instr_fn)(struct thread *t, const struct instr *i);

struct instr {
	const char *name;
	instr_fn run;
	uint64_t words[2]; /* bit per enum word */
	enum type types[4];
	unsigned type_count;
	uint32_t guard; /* 0: none */
	bool guard_negated;
	struct operand operands[OPERANDS_MAX];
	unsigned count;
	unsigned line;
};

static inline bool has(const struct instr *i, enum word word)
{
	return i->words[word / 64] >> word % 64 & 1;
}

struct formal {
	uint32_t reg;    /* a .reg parameter, or */
	uint32_t offset; /* a .param one */
	uint32_t bytes;
};

struct table { /* .branchtargets or a list of functions */
	uint32_t *targets;
	unsigned count;
};

struct function {
	const char *name;
	bool is_entry, has_body;
	uint8_t *reg_bits; /* 1-based */
	uint32_t reg_count, reg_room;
	struct instr *code;
	unsigned count, room;
	uint32_t local_bytes, param_bytes;
	struct formal formals[32], results[4];
	unsigned formal_count, result_count;
	struct table *tables;
	unsigned table_count;
	struct function *next;
};

/* What a program holds in a register to call it. */
#define FUNCTION_BASE UINT64_C(0x7000000000000000)
static inline uint64_t function_value(const struct function *f)
{
	return FUNCTION_BASE + (uint64_t)(uintptr_t)f;
}

struct module {
	struct function *functions;
	uint8_t *data; /* .global and .const variables at MODULE_BASE */
	uint64_t data_bytes;
	uint32_t shared_bytes; /* static */
	void *arena;
	/* where a failure goes */
	jmp_buf failed;
	char *error;
	size_t error_bytes;
};

_Noreturn void fail(struct module *m, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void *arena_take(struct module *m, size_t bytes); /* zeroed; freed by module_free */
void module_parse(struct module *m, const char *text);
void module_free(struct module *m);
/* What executes an opcode; NULL: it is not known. */
instr_fn instr_find(const char *name);

struct frame {
	struct function *function;
	uint32_t pc;
	uint64_t *regs;
	uint8_t *params;
	uint32_t local; /* where its local variables start */
	uint32_t stack; /* first byte of local memory that is not used, saved */
	struct frame *caller;
};

enum state { STATE_RUNS, STATE_WAITS_BARRIER, STATE_WAITS_WARP, STATE_EXITED };

struct thread {
	struct block *block;
	struct frame *frame;
	uint32_t tid[3], linear;
	enum state state;
	bool carry;
	uint8_t *local;
	uint32_t local_top;
	/* what it waits for */
	const struct instr *at;
	uint32_t barrier, expected, mask;
	bool flag; /* of a barrier's or a vote's reduction */
	uint64_t given[3];
	uint32_t result;
	bool pred;
};

#define BARRIERS    16
#define LOCAL_BYTES (64u << 10)

struct block {
	struct module *module;
	const struct oracle_launch *launch;
	struct thread *threads;
	uint32_t count;
	uint32_t ctaid[3];
	uint8_t *shared;
	uint32_t shared_bytes;
	uint64_t steps;
	struct {
		uint32_t arrived;
		uint32_t expected;
	} barriers[BARRIERS];
};

_Noreturn void fault(struct thread *t, const struct instr *i, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Bits of operand k as that type: masked, or sign-extended where the type is signed. */
uint64_t get(struct thread *t, const struct instr *i, unsigned k, enum type type);
uint64_t get_operand(struct thread *t, const struct instr *i, const struct operand *o,
		     enum type type);
/* Writes a register, extended from the type to its width. */
void put(struct thread *t, const struct instr *i, unsigned k, enum type type, uint64_t value);
void put_operand(struct thread *t, const struct instr *i, const struct operand *o, enum type type,
		 uint64_t value);
void put_reg(struct thread *t, uint32_t reg, enum type type, uint64_t value);

/* memory.c */
uint8_t *memory_at(struct thread *t, const struct instr *i, enum space space, uint64_t address,
		   uint64_t bytes);
uint64_t memory_address(struct thread *t, const struct instr *i, const struct operand *o);
enum space space_of(const struct instr *i);
void run_ld(struct thread *t, const struct instr *i);
void run_st(struct thread *t, const struct instr *i);
void run_atom(struct thread *t, const struct instr *i);
void run_cvta(struct thread *t, const struct instr *i);
void run_isspacep(struct thread *t, const struct instr *i);
void run_alloca(struct thread *t, const struct instr *i);
void run_stack(struct thread *t, const struct instr *i);

/* sync.c: what threads do together; complete_waits() is true if somebody was let go */
void run_barrier(struct thread *t, const struct instr *i);
void run_warp(struct thread *t, const struct instr *i);
bool complete_waits(struct block *b);

/* floats.c */
void run_float(struct thread *t, const struct instr *i);
void run_cvt(struct thread *t, const struct instr *i);
void run_testp(struct thread *t, const struct instr *i);
bool compare(const struct instr *i, enum type type, uint64_t a, uint64_t b);
uint64_t float_add(enum type type, uint64_t a, uint64_t b);
uint64_t float_add_flushed(uint64_t a, uint64_t b); /* f32 */
uint64_t float_minmax(const struct instr *i, enum type type, uint64_t a, uint64_t b, bool max);

/* integers.c */
void run_integer(struct thread *t, const struct instr *i);
void run_carry(struct thread *t, const struct instr *i);
void run_bits(struct thread *t, const struct instr *i);
void run_logic(struct thread *t, const struct instr *i);
void run_dot(struct thread *t, const struct instr *i);

#endif
