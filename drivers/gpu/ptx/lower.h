/* SPDX-License-Identifier: Apache-2.0 */
/* Tools of the functions that turn one PTX instruction into the chip's. */
#ifndef DRIVERS_GPU_PTX_LOWER_H
#define DRIVERS_GPU_PTX_LOWER_H

#include "drivers/gpu/ptx/instr.h"

/* A source: a register, or a constant. */
struct val {
	uint32_t vreg;
	bool is_const, negated;
	uint64_t bits;
};
#define VAL_NONE ((struct val){0})

static inline struct val val_reg(uint32_t vreg)
{
	return (struct val){.vreg = vreg};
}
static inline struct val val_const(uint64_t bits)
{
	return (struct val){.is_const = true, .bits = bits};
}

/* Operand k as source of this type; its register must have the type's width (`wider`: at least). */
struct val lower_source(struct ptx *p, const struct instr *in, const struct operand *o,
			enum ptx_type type, bool wider);
struct val lower_src(struct ptx *p, const struct instr *in, unsigned k, enum ptx_type type);
/* Operand k as destination; a fresh register for `_`. */
uint32_t lower_destination(struct ptx *p, const struct instr *in, const struct operand *o,
			   enum ptx_type type, bool wider);
uint32_t lower_dst(struct ptx *p, const struct instr *in, unsigned k, enum ptx_type type);
struct val lower_pred(struct ptx *p, const struct operand *o);
uint32_t lower_pred_dst(struct ptx *p, const struct operand *o);

/* A register that lives within this instruction's lowering. */
uint32_t temp(struct ptx *p, enum reg_class cls);
enum reg_class type_class(enum ptx_type type);

/* Appends an instruction under the PTX instruction's guard; constants go into the immediate or a
 * register, as they fit. */
struct inst *emit(struct ptx *p, const struct instr *in, unsigned op, uint32_t d, struct val a,
		  struct val b, struct val c);
struct val emit_r(struct ptx *p, const struct instr *in, unsigned op, struct val a, struct val b,
		  struct val c); /* into a temporary of the opcode's class */
void emit_mov(struct ptx *p, const struct instr *in, enum reg_class cls, uint32_t d, struct val a);
/* The value in a register of this class, whatever it was. */
struct val in_register(struct ptx *p, const struct instr *in, enum reg_class cls, struct val v);
struct val sign_extend(struct ptx *p, const struct instr *in, struct val v, enum ptx_type type);
void emit_cut(struct ptx *p, const struct instr *in, uint32_t d, struct val v, unsigned bits);
uint16_t arithmetic_mods(const struct instr *in);
/* Operand k of a memory instruction (lower_mem.c). */
struct address {
	uint32_t vreg; /* 0: imm alone */
	int32_t imm;
	uint8_t form;
};
struct address lower_address(struct ptx *p, const struct instr *in, const struct operand *o,
			     int space);
/* Without a space an address is generic. */
static inline int space_of(const struct instr *in)
{
	return in->space > 0 ? in->space : ROAD_GPU_SPACE_GENERIC;
}
struct inst *emit_memory(struct ptx *p, const struct instr *in, unsigned op, uint32_t d,
			 const struct address *address, uint32_t b);
/* The address of a variable; class D (64 bits) or R. */
struct val symbol_value(struct ptx *p, const struct instr *in, const struct operand *o,
			enum reg_class cls);

/* Compares operands 1 and 2 (of a pair's halves, the upper ones go to d2), combines with operand 3
 * if there is one. */
struct inst *emit_compare(struct ptx *p, const struct instr *in, enum ptx_type type, uint32_t d,
			  uint32_t d2);
/* aux of *_half: enum road_gpu_half of one of PTX's four types. */
uint16_t half_aux(enum ptx_type type);
/* One conversion between lane types (enum road_gpu_type); constants go to a register. */
struct val emit_cvt(struct ptx *p, const struct instr *in, unsigned to, unsigned from, uint32_t d,
		    struct val v, unsigned mods);

/* Handlers, by file. */
lower_fn lower_alu, lower_float, lower_wide, lower_shift, lower_sad64, lower_mul24, lower_mulhi16;
lower_fn lower_bfind64, lower_bfe64, lower_bfi, lower_bmsk, lower_shf, lower_lop3, lower_prmt;
lower_fn lower_cnot, lower_count, lower_bfe, lower_madhi64;
lower_fn lower_half, lower_cvt_clamp, lower_cvt_x2, lower_cvt_from_f8, lower_cvt_pack;
lower_fn lower_carry, lower_dot, lower_szext;
lower_fn lower_setp, lower_set, lower_selp, lower_slct, lower_plop, lower_testp;
lower_fn lower_mov, lower_mov_pred, lower_cvt, lower_cvta;
lower_fn lower_ld, lower_st, lower_isspacep, lower_nop, lower_createpolicy, lower_fence;
lower_fn lower_shfl, lower_vote, lower_match, lower_redux, lower_activemask, lower_bar_warp;
lower_fn lower_atom, lower_red, lower_bar_red, lower_nanosleep;
lower_fn lower_bra, lower_brx, lower_exit, lower_trap, lower_bar;
lower_fn lower_ret, lower_alloca, lower_stacksave, lower_stackrestore;

/* lower_print.c: functions that the chip has words for, if a module only declares them. False: this
 * is none. values: results, then arguments. */
bool lower_builtin(struct ptx *p, const struct instr *in, const struct routine *routine,
		   const struct operand *values);
/* lower_call.c: what is passed as value number `index` of a prototype, in a register or constant;
 * where a result goes, 0 if nowhere. Refuse the kernel where sizes differ. */
struct val call_argument(struct ptx *p, const struct instr *in, const struct prototype_value *value,
			 const struct operand *o);
uint32_t call_result(struct ptx *p, const struct prototype_value *value, const struct operand *o);

/* body.c: with results, back to the caller */
void body_return(struct ptx *p, const struct instr *in);
/* Register k of a fragment, which may stand without braces if it is the only one; and whether it
 * has as many as it needs (lower_matrix.c). */
const struct operand *fragment_element(const struct operand *o, unsigned k);
void fragment_check(struct ptx *p, const struct instr *in, const struct operand *o, unsigned count);
/* aux of mma_s32_*: what is signed; and of .b1 (`bits`) what is counted, which others must not say.
 */
uint16_t mma_signs(enum ptx_type a, enum ptx_type b);
uint16_t mma_bits_aux(struct ptx *p, const struct instr *in, bool bits);
lower_fn lower_mma, lower_ldmatrix, lower_movmatrix, lower_wmma;
lower_fn lower_cp_async, lower_cp_async_arrive, lower_mbarrier;

#endif
