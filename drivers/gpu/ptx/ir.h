/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler's middle form: the chip's instructions over virtual registers.
 *
 * Register 0 is the one that every field may name: RZ in a register field, PT in a predicate field.
 * A vector operand (V2, V4, W2) names the first of a group of registers with consecutive numbers,
 * which the allocator gives consecutive, aligned places; each member is also a register of its own.
 */
#ifndef DRIVERS_GPU_PTX_IR_H
#define DRIVERS_GPU_PTX_IR_H

#include "drivers/gpu/ptx/core.h"
#include "uapi/gpu/isa.h"

enum reg_class { CLASS_R, CLASS_D, CLASS_P, CLASSES };

struct vreg {
	uint8_t cls;
	uint8_t bits;   /* declared width; 1 = predicate */
	bool temporary; /* lives within the lowering of one PTX instruction: a guarded write is
			   whole */
	bool fixed;     /* never spilled: made by the spiller, or shared */
	bool shared;    /* between the bodies of a kernel: written in one, read in another */
	uint8_t group_count, group_index; /* 0: alone */
	uint8_t place;                    /* unit in its class, by the allocator */
	uint32_t start, end; /* live interval: reads at even positions, writes at odd ones */
	uint32_t group;      /* first member */
	uint32_t defs, uses;
	struct inst *def; /* the only one, if defs == 1 */
};

/* Bits of inst.negate: a source predicate is read inverted. */
#define NEGATE_GUARD 1u
#define NEGATE_A     2u
#define NEGATE_B     4u
#define NEGATE_C     8u

enum inst_symbol {
	SYMBOL_IS_NONE,
	SYMBOL_IS_LOW, /* imm = low half of an address in the module's data */
	SYMBOL_IS_HIGH,
	SYMBOL_IS_DYNAMIC, /* imm += where dynamic shared memory starts */
	SYMBOL_IS_FRAME,   /* goes, if its body needs no frame */
	SYMBOL_IS_STACK,   /* sets the stack pointer; goes, if there is none */
	SYMBOL_IS_AGAIN,   /* a call that may come back to its own body */
};

struct inst {
	struct inst *prev, *next;
	uint16_t op, mods, aux;
	uint8_t form, negate;
	bool is_spill; /* load or store that register allocation put in */
	int32_t imm;
	uint32_t guard, d, d2, a, b, c;
	uint32_t line;
	uint32_t target; /* bra: block (label before the graph exists); brx: table label; call: body
			  */
	uint32_t order;  /* place in the original order, then position in the final one */
	uint32_t symbol; /* enum inst_symbol: what imm still lacks */
	int64_t addend;  /* LOW, HIGH: offset in the module's data */
	struct block *block;
};

/* Word-level facts about an opcode, from ops.def. */
struct op_info {
	uint8_t unit, latency, d, a, b, c, mods;
	const char *name;
};
extern const struct op_info ptx_ops[ROAD_GPU_OPS];

struct block {
	struct inst *head, *tail;
	struct block **preds;
	uint32_t pred_count, pred_room;
	struct block *taken, *next; /* successors: branch target and fall-through */
	struct block **table;       /* brx: further successors */
	uint32_t table_count;
	uint32_t first_branch; /* brx: first entry in the kernel's table, by the emitter */
	uint32_t number;       /* in the current order */
	uint32_t preorder, last_descendant;
	struct block *header; /* of the innermost loop around; NULL = none */
	struct block *idom;
	uint32_t depth;      /* of loops */
	uint32_t start, end; /* positions, then first and last word */
	uint32_t written;    /* last register noted as written here */
	uint32_t stamp;
	uint32_t line; /* of its last instruction, for a jump that the final order needs */
	bool is_header, reached;
	uint32_t body;                          /* of the kernel */
	uint32_t *saves, save_count, save_room; /* registers that its recursive call must save */
};

#define OPERANDS_MAX 16
/* Registers read (guards, predicates, members of groups; and d where a guard makes the write
 * partial) and written, without register 0. */
unsigned inst_reads(const struct vreg *vregs, const struct inst *i, uint32_t reads[OPERANDS_MAX]);
unsigned inst_writes(const struct inst *i, uint32_t writes[OPERANDS_MAX]);
/* Registers in a field of this operand kind (V2 = 2, ...), 0 for an unused one. */
unsigned operand_count(unsigned kind);
bool inst_is_jump(const struct inst *i);    /* ends a block */
bool inst_is_call(const struct inst *i);    /* ends one too, and goes on behind it */
bool inst_has_effect(const struct inst *i); /* must stay although nobody reads its result */
bool inst_is_memory(const struct inst *i);
bool inst_is_atomic(const struct inst *i);
bool inst_is_mbarrier(const struct inst *i);
/* Its result depends on other lanes, or on which of them are there: never moved, never dropped. */
bool inst_is_collective(const struct inst *i);
bool inst_is_copy(const struct inst *i); /* d = a register of its class; *inst_copied */
uint32_t inst_copied(const struct inst *i);

void block_insert_before(struct block *b, struct inst *at, struct inst *i);
void block_insert_after(struct block *b, struct inst *at, struct inst *i);
void block_remove(struct inst *i);

#endif
