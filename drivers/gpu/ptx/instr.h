/* SPDX-License-Identifier: Apache-2.0 */
/* One PTX instruction as read, and the rows of the opcode table that say what it means. */
#ifndef DRIVERS_GPU_PTX_INSTR_H
#define DRIVERS_GPU_PTX_INSTR_H

#include "drivers/gpu/ptx/module.h"

/* Modifiers that are one bit. */
#define INSTR_FLAGS(FLAG)            \
	FLAG(FTZ, "ftz")             \
	FLAG(SAT, "sat")             \
	FLAG(LO, "lo")               \
	FLAG(HI, "hi")               \
	FLAG(WIDE, "wide")           \
	FLAG(APPROX, "approx")       \
	FLAG(FULL, "full")           \
	FLAG(UNI, "uni")             \
	FLAG(TO, "to")               \
	FLAG(SYNC, "sync")           \
	FLAG(ARRIVE, "arrive")       \
	FLAG(RED, "red")             \
	FLAG(WARP, "warp")           \
	FLAG(ALIGNED, "aligned")     \
	FLAG(VOLATILE, "volatile")   \
	FLAG(MMIO, "mmio")           \
	FLAG(SHIFTAMT, "shiftamt")   \
	FLAG(CC, "cc")               \
	FLAG(NAN, "NaN")             \
	FLAG(XORSIGN, "xorsign")     \
	FLAG(ABS, "abs")             \
	FLAG(WRAP, "wrap")           \
	FLAG(CLAMP, "clamp")         \
	FLAG(LEFT, "l")              \
	FLAG(RIGHT, "r")             \
	FLAG(IDX, "idx")             \
	FLAG(RELU, "relu")           \
	FLAG(SATFINITE, "satfinite") \
	FLAG(PROXY, "proxy")         \
	FLAG(ASYNC, "async")         \
	FLAG(HINT, "L2::cache_hint")

enum {
#define FLAG(enumerator, name) FLAG_BIT_##enumerator,
	INSTR_FLAGS(FLAG)
#undef FLAG
		FLAG_BITS
};
enum {
#define FLAG(enumerator, name) FLAG_##enumerator = (int)(1u << FLAG_BIT_##enumerator),
	INSTR_FLAGS(FLAG)
#undef FLAG
};
_Static_assert(FLAG_BITS < 32, "flags are enumerators");

enum operand_kind {
	OPERAND_REG, /* vreg, perhaps negated */
	OPERAND_CONST,
	OPERAND_SREG,   /* value = enum road_gpu_sreg */
	OPERAND_SYMBOL, /* address of a variable + value */
	OPERAND_NAME,   /* label, or function: undeclared as variable */
	OPERAND_ADDRESS,
	OPERAND_LIST, /* {a, b}: elements */
	OPERAND_SINK, /* _ */
};

struct operand {
	enum operand_kind kind;
	struct place at;
	uint32_t vreg, vreg2; /* vreg2: behind '|' */
	bool negated;
	bool has_symbol;
	struct symbol symbol; /* a copy: the stack of names moves */
	struct slice name;
	struct constant constant;
	struct operand *elements;
	uint32_t count;
};

#define INSTR_OPERANDS 8
#define INSTR_ELEMENTS 8
#define INSTR_TYPES    4

struct row;
struct instr {
	struct slice name;
	struct place at;
	const struct row *row;
	uint32_t guard;
	bool guard_negated;
	uint64_t flags;
	enum ptx_type types[INSTR_TYPES];
	uint32_t type_count;
	uint8_t vector; /* 1, 2, 4, 8 */
	int8_t round, cmp, combine, space, sem, scope, cache, testp, prmt,
		operation; /* -1 = not given */
	bool round_integral;
	int8_t to_space; /* of cp.async: the second of its two */
	int8_t shape, action, matrix,
		form; /* enum shape, action, wmma_matrix, instr_form; -1 = not given
		       */
	uint8_t layouts[2], layout_count; /* enum layout */
	uint32_t seen;                    /* bits of enum modifier_kind */
	struct slice unknown;             /* first modifier that no table knows */
	struct place unknown_at;
	struct slice unsupported; /* a modifier of a later tier */
	struct place second_at;   /* a second modifier of one kind, line 0 = none */
	const char *last_end;     /* behind the last modifier, NULL = none */
	struct operand operands[INSTR_OPERANDS];
	uint32_t operand_count;
};

enum modifier_kind {
	MODIFIER_FLAG,
	MODIFIER_TYPE,
	MODIFIER_ROUND,
	MODIFIER_CMP,
	MODIFIER_COMBINE,
	MODIFIER_SPACE,
	MODIFIER_VECTOR,
	MODIFIER_SEM,
	MODIFIER_SCOPE,
	MODIFIER_CACHE,
	MODIFIER_TESTP,
	MODIFIER_PRMT,
	MODIFIER_OPERATION,
	MODIFIER_SHAPE,
	MODIFIER_LAYOUT,
	MODIFIER_ACTION,
	MODIFIER_MATRIX,
	MODIFIER_FORM,
	MODIFIER_IGNORED,
	MODIFIER_UNSUPPORTED
};
#define M_TYPE_AND_FLAG (1 << MODIFIER_TYPE | 1 << MODIFIER_FLAG)
#define M_ROUND         (1 << MODIFIER_ROUND)
#define M_CMP           (1 << MODIFIER_CMP)
#define M_COMBINE       (1 << MODIFIER_COMBINE)
#define M_SPACE         (1 << MODIFIER_SPACE)
#define M_VECTOR        (1 << MODIFIER_VECTOR)
#define M_SEM           (1 << MODIFIER_SEM)
#define M_SCOPE         (1 << MODIFIER_SCOPE)
#define M_CACHE         (1 << MODIFIER_CACHE)
#define M_TESTP         (1 << MODIFIER_TESTP)
#define M_PRMT          (1 << MODIFIER_PRMT)
#define M_OPERATION     (1 << MODIFIER_OPERATION)
#define M_SHAPE         (1 << MODIFIER_SHAPE)
#define M_LAYOUT        (1 << MODIFIER_LAYOUT)
#define M_ACTION        (1 << MODIFIER_ACTION)
#define M_MATRIX        (1 << MODIFIER_MATRIX)
#define M_FORM          (1 << MODIFIER_FORM)
#define M_IGNORED       (1 << MODIFIER_IGNORED)

/* What instructions among lanes, atomics and bar.red do; .and .or .xor are MODIFIER_COMBINE. */
enum operation {
	OPERATION_UP,
	OPERATION_DOWN,
	OPERATION_BFLY,
	OPERATION_ALL,
	OPERATION_ANY,
	OPERATION_BALLOT,
	OPERATION_POPC,
	OPERATION_ADD,
	OPERATION_INC,
	OPERATION_DEC,
	OPERATION_MIN,
	OPERATION_MAX,
	OPERATION_EXCH,
	OPERATION_CAS,
};

/* Of matrices: m rows, n columns, k between them. */
enum shape {
	SHAPE_M8N8,
	SHAPE_M8N8K4,
	SHAPE_M8N8K16,
	SHAPE_M8N8K32,
	SHAPE_M8N8K128,
	SHAPE_M16N8K4,
	SHAPE_M16N8K8,
	SHAPE_M16N8K16,
	SHAPE_M16N8K32,
	SHAPE_M16N8K64,
	SHAPE_M16N8K128,
	SHAPE_M16N8K256,
	SHAPE_M16N16K8,
	SHAPE_M16N16K16,
	SHAPE_M32N8K16,
	SHAPE_M8N32K16,
};
enum layout { LAYOUT_ROW, LAYOUT_COL, LAYOUT_TRANS };
/* What a name that does several things is to do. */
enum action {
	WMMA_LOAD,
	WMMA_STORE,
	WMMA_MMA,
	COPY_COMMIT,
	COPY_WAIT_GROUP,
	COPY_WAIT_ALL,
	COPY_MBARRIER,
	MBARRIER_INIT,
	MBARRIER_INVAL,
	MBARRIER_DROP,
	MBARRIER_TEST,
	MBARRIER_TRY,
	MBARRIER_PENDING
};
/* How it is to do it. */
enum instr_form { FORM_NO_COMPLETE, FORM_NO_INC, FORM_PARITY, FORM_PACK, FORM_RANGE, FORM_CONVERT };
enum wmma_matrix { WMMA_A, WMMA_B, WMMA_C, WMMA_D };

/* How narrow (8- and 16-bit) values, which live zero-extended, go through 32-bit operations. */
enum narrow {
	NARROW_NONE,
	NARROW_RESULT, /* cut the result */
	NARROW_SIGNED, /* sign-extend the inputs, cut the result */
};

typedef void lower_fn(struct ptx *p, const struct instr *in);

/* A row says what one spelling of an opcode becomes. The first row of its name that has the type
 * and all flags of `needs` (and none of another row's) is taken. */
struct row {
	const char *name;
	uint64_t needs;     /* flags that select this row */
	uint64_t allows;    /* further flags */
	uint32_t types;     /* of the last type; 0 = the instruction has none */
	uint32_t modifiers; /* M_*: kinds allowed */
	uint16_t op;
	uint8_t tier, narrow;
	uint8_t low, high; /* operands, at least and at most */
	uint8_t type_count;
	lower_fn *lower; /* NULL: known, but the chip cannot: the kernel is refused */
};

extern const struct row ptx_rows[];
extern const unsigned ptx_row_count;
/* Rows of one name are neighbours; NULL if the name is unknown. */
const struct row *row_find(struct slice name, unsigned *count);

/* Reads the modifiers of in->name into *in. */
void parse_modifiers(struct ptx *p, struct instr *in);
/* The spelling of a modifier kind, for messages. */
const char *modifier_kind_name(enum modifier_kind kind);
const char *flag_names(struct ptx *p, uint64_t flags);
/* %tid.x and its kin; `component` is empty where there is none. -1: unknown. */
int sreg_find(struct slice name, struct slice component, unsigned *bits);
void parse_operands(struct ptx *p, struct instr *in);
void parse_one_operand(struct ptx *p, struct instr *in, struct operand *o);
/* Reads its operands itself: they have parentheses. */
void lower_call(struct ptx *p, struct instr *in);

#endif
