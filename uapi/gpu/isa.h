/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction words of the Roadbed GPGPU: the contract between whoever makes code (the driver's
 * PTX compiler) and whoever runs it (the simulated chip). Both sides read this file and ops.def
 * and share nothing else.
 *
 * A warp is 32 lanes. A 32-bit register is a row of 32 lanes; a 64-bit value lives in an aligned
 * pair of registers (its number is even) and must only be written and read as 64-bit value (the
 * halves of a pair are not two 32-bit rows: use pack_b64, unlo_b64, unhi_b64). Predicate
 * registers are masks of 32 bits. 8- and 16-bit values live zero-extended in 32-bit registers.
 *
 * Blocks stand in reverse post-order of the control-flow graph. Divergent parts of a warp
 * ("splits") run lowest program counter first and merge where their counters meet, so layout is
 * what makes lanes reconverge, and no reconvergence instruction is needed.
 *
 * Calls. A function is words of the kernel like others; it is left by `ret`. Each lane has a call
 * depth, 0 at the kernel's start. Of splits at several depths the deepest runs first, and only
 * splits of one depth merge, so lanes that called meet again behind the call, as around a branch.
 * A return address is a word index in an ordinary register: who calls on must keep it. More than
 * ROAD_GPU_CALLS_MAX calls within each other, a return at depth 0 and a return to no word of the
 * kernel are faults. The address of function n of an image is ROAD_GPU_CODE_WINDOW + n *
 * ROAD_GPU_CODE_STEP; entry n of a call_table's table says where a kernel has it.
 */
#ifndef UAPI_GPU_ISA_H
#define UAPI_GPU_ISA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_ISA_VERSION 1u
#define ROAD_GPU_WARP_LANES  32u

/* One instruction: 16 bytes, little-endian. Fields that the opcode does not use must be zero, or
 * their NONE value for register fields; anything else makes the image invalid. */
struct road_gpu_word {
	uint16_t op;     /* enum road_gpu_op */
	uint16_t mods;   /* modifiers, by the opcode's modifier class: ROAD_GPU_MOD_*, _MEM_* */
	uint8_t guard;   /* predicate that masks lanes; bit 7 negates; ROAD_GPU_PT = always */
	uint8_t d;       /* destination register or predicate */
	uint8_t a, b, c; /* source registers or predicates */
	uint8_t form;    /* ROAD_GPU_FORM_* */
	uint16_t aux;    /* per opcode: table, lane types, special register, count */
	int32_t imm;     /* immediate operand, address offset, or branch target (word index) */
};

/* General registers 0..253; 255 reads zero (32- and 64-bit alike) and ignores writes. */
#define ROAD_GPU_REGS_MAX 254u
#define ROAD_GPU_RZ       255u
/* Predicates 0..62; 63 reads all ones and ignores writes. Bit 7 of a source field negates. */
#define ROAD_GPU_PREDS_MAX 63u
#define ROAD_GPU_PT        63u
#define ROAD_GPU_PNOT      0x80u

/* form: at most one of a, b, c is the immediate; the named field is then ROAD_GPU_RZ.
 * For 64-bit operands the immediate is sign-extended, or with IMM_HIGH shifted left by 32.
 * For f32 operands it holds the value's bits; for f64 operands IMM_HIGH gives the high word. */
#define ROAD_GPU_FORM_REG      0x00u
#define ROAD_GPU_FORM_IMM_A    0x01u
#define ROAD_GPU_FORM_IMM_B    0x02u
#define ROAD_GPU_FORM_IMM_C    0x03u
#define ROAD_GPU_FORM_IMM_MASK 0x03u
#define ROAD_GPU_FORM_IMM_HIGH 0x04u
/* Memory: the address register a is 32 bits wide (shared, local, param, const offsets). */
#define ROAD_GPU_FORM_ADDR32 0x08u
#define ROAD_GPU_FORM_ALL    0x0fu

/* mods of arithmetic */
#define ROAD_GPU_MOD_ROUND_MASK 0x0007u /* enum road_gpu_round */
#define ROAD_GPU_MOD_FTZ        0x0008u /* subnormal inputs and results become signed zero */
#define ROAD_GPU_MOD_SAT        0x0010u /* clamp to [0, 1] (NaN -> 0), or to the integer range */
#define ROAD_GPU_MOD_NAN        0x0020u /* min, max: a NaN input makes the result NaN */
#define ROAD_GPU_MOD_XORSIGN    0x0040u /* min, max: sign is the exclusive or of both signs */
#define ROAD_GPU_MOD_ABS        0x0080u /* min, max: compare and return magnitudes */
#define ROAD_GPU_MOD_CMP_SHIFT  8
#define ROAD_GPU_MOD_CMP_MASK   0x1f00u /* enum road_gpu_cmp */
#define ROAD_GPU_MOD_BOOL_SHIFT 13
#define ROAD_GPU_MOD_BOOL_MASK  0x6000u /* setp: enum road_gpu_bool with predicate c */
#define ROAD_GPU_MOD_SATFINITE  0x0100u /* cvt: what is too large becomes the largest number */
#define ROAD_GPU_MOD_RELU       0x8000u /* negative results, -0 too, become +0; NaN stays NaN */

enum road_gpu_round {
	ROAD_GPU_RN = 0,  /* nearest even */
	ROAD_GPU_RZ_ = 1, /* toward zero */
	ROAD_GPU_RM = 2,  /* toward minus infinity */
	ROAD_GPU_RP = 3,  /* toward plus infinity */
	ROAD_GPU_RNA = 4, /* nearest, ties away from zero (conversions) */
	ROAD_GPU_ROUNDS
};

/* Comparison; the U forms are true if an input is NaN (f32, f64 only), NUM and NAN likewise. */
enum road_gpu_cmp {
	ROAD_GPU_CMP_EQ,
	ROAD_GPU_CMP_NE,
	ROAD_GPU_CMP_LT,
	ROAD_GPU_CMP_LE,
	ROAD_GPU_CMP_GT,
	ROAD_GPU_CMP_GE,
	ROAD_GPU_CMP_INT_END, /* integers stop here */
	ROAD_GPU_CMP_EQU = ROAD_GPU_CMP_INT_END,
	ROAD_GPU_CMP_NEU,
	ROAD_GPU_CMP_LTU,
	ROAD_GPU_CMP_LEU,
	ROAD_GPU_CMP_GTU,
	ROAD_GPU_CMP_GEU,
	ROAD_GPU_CMP_NUM,
	ROAD_GPU_CMP_NAN,
	ROAD_GPU_CMPS
};

/* setp: result = cmp(a, b) BOOL c; the second destination (aux, low byte; PT = none) receives
 * !cmp(a, b) BOOL c. With NONE the field c is PT. */
enum road_gpu_bool { ROAD_GPU_BOOL_NONE, ROAD_GPU_BOOL_AND, ROAD_GPU_BOOL_OR, ROAD_GPU_BOOL_XOR };

/* mods of memory instructions */
#define ROAD_GPU_MEM_SPACE_MASK  0x0007u /* enum road_gpu_space */
#define ROAD_GPU_MEM_VOLATILE    0x0008u
#define ROAD_GPU_MEM_SEM_SHIFT   4
#define ROAD_GPU_MEM_SEM_MASK    0x0070u /* enum road_gpu_sem */
#define ROAD_GPU_MEM_SCOPE_SHIFT 7
#define ROAD_GPU_MEM_SCOPE_MASK  0x0180u /* enum road_gpu_scope */
#define ROAD_GPU_MEM_CACHE_SHIFT 9
#define ROAD_GPU_MEM_CACHE_MASK  0x0e00u /* enum road_gpu_cache */

enum road_gpu_space {
	ROAD_GPU_SPACE_GENERIC, /* 64-bit; windows below select shared and local */
	ROAD_GPU_SPACE_GLOBAL,  /* 64-bit virtual address */
	ROAD_GPU_SPACE_SHARED,  /* offset in the workgroup's shared memory */
	ROAD_GPU_SPACE_LOCAL,   /* offset in the lane's local memory */
	ROAD_GPU_SPACE_CONST,   /* 64-bit virtual address, read only, cached as constants */
	ROAD_GPU_SPACE_PARAM,   /* offset in the launch's argument block, read only */
	ROAD_GPU_SPACES
};
enum road_gpu_sem {
	ROAD_GPU_SEM_WEAK,
	ROAD_GPU_SEM_RELAXED,
	ROAD_GPU_SEM_ACQUIRE,
	ROAD_GPU_SEM_RELEASE,
	ROAD_GPU_SEM_ACQ_REL,
	ROAD_GPU_SEM_SC,
	ROAD_GPU_SEMS
};
enum road_gpu_scope {
	ROAD_GPU_SCOPE_CTA,
	ROAD_GPU_SCOPE_CLUSTER,
	ROAD_GPU_SCOPE_GPU,
	ROAD_GPU_SCOPE_SYS
};
enum road_gpu_cache {
	ROAD_GPU_CACHE_DEFAULT,
	ROAD_GPU_CACHE_CA,
	ROAD_GPU_CACHE_CG,
	ROAD_GPU_CACHE_CS,
	ROAD_GPU_CACHE_LU,
	ROAD_GPU_CACHE_CV,
	ROAD_GPU_CACHE_NC,
	ROAD_GPU_CACHES
};

/* mods of instructions among the lanes of a warp: who acts together */
#define ROAD_GPU_MOD_MEMBERS_MASK 0x0003u /* enum road_gpu_members */
#define ROAD_GPU_MOD_PACKED       0x0004u /* shfl: b = lane | clamp << 8 | segment << 16 */

/* With FIELD and FULL a lane waits until all lanes that it names and that have not exited are at
 * an instruction of the same opcode and modifiers with the same names. */
enum road_gpu_members {
	ROAD_GPU_MEMBERS_FIELD,  /* operand c, a bit for each lane */
	ROAD_GPU_MEMBERS_FULL,   /* all 32; c is RZ */
	ROAD_GPU_MEMBERS_ACTIVE, /* those that happen to run the word together; c is RZ */
	ROAD_GPU_MEMBERS
};

/* aux of shfl_*: second destination (is the source in range?; PT = none); clamp and segment mask
 * are bits 4..0 and 12..8 of PTX's operand c, both 0 here with PACKED. */
#define ROAD_GPU_SHFL(pred, clamp, segment) \
	((uint16_t)((unsigned)(pred) | (unsigned)(clamp) << 6 | (unsigned)(segment) << 11))
#define ROAD_GPU_SHFL_PRED(aux)    ((aux)&63u)
#define ROAD_GPU_SHFL_CLAMP(aux)   ((aux) >> 6 & 31u)
#define ROAD_GPU_SHFL_SEGMENT(aux) ((aux) >> 11 & 31u)

/* aux of atom_*, red_*: what memory becomes. Floats are as wide as the opcode's name says; f32 in
 * global memory flushes subnormals, in shared memory it does not (PTX ISA, "atom"). */
enum road_gpu_atom {
	ROAD_GPU_ATOM_EXCH,
	ROAD_GPU_ATOM_ADD,
	ROAD_GPU_ATOM_INC, /* old >= b ? 0 : old + 1 */
	ROAD_GPU_ATOM_DEC, /* old == 0 || old > b ? b : old - 1 */
	ROAD_GPU_ATOM_MIN_U,
	ROAD_GPU_ATOM_MIN_S,
	ROAD_GPU_ATOM_MAX_U,
	ROAD_GPU_ATOM_MAX_S,
	ROAD_GPU_ATOM_AND,
	ROAD_GPU_ATOM_OR,
	ROAD_GPU_ATOM_XOR,
	ROAD_GPU_ATOM_ADD_F,    /* f16, f32, f64 */
	ROAD_GPU_ATOM_ADD_BF,   /* bf16 */
	ROAD_GPU_ATOM_ADD_FX2,  /* f16x2, each half by itself */
	ROAD_GPU_ATOM_ADD_BFX2, /* bf16x2 */
	ROAD_GPU_ATOMS
};

/* Generic addresses: everything outside the two windows is global by identity. */
#define ROAD_GPU_SHARED_WINDOW (UINT64_C(1) << 45)
#define ROAD_GPU_LOCAL_WINDOW  (UINT64_C(1) << 46)
#define ROAD_GPU_WINDOW_BYTES  (UINT64_C(1) << 32)
#define ROAD_GPU_UNMAPPED      UINT64_C(65536) /* the first bytes of any address space */

/* Addresses of functions: nothing is mapped there (see "Calls" above). */
#define ROAD_GPU_CODE_WINDOW (UINT64_C(1) << 47)
#define ROAD_GPU_CODE_STEP   16u
#define ROAD_GPU_CALLS_MAX   (1u << 24)

/* aux of cvt_*: source and destination lane types. TF32 is an f32 with ten bits of fraction;
 * E4M3 has no infinities. */
enum road_gpu_type {
	ROAD_GPU_U8,
	ROAD_GPU_S8,
	ROAD_GPU_U16,
	ROAD_GPU_S16,
	ROAD_GPU_U32,
	ROAD_GPU_S32,
	ROAD_GPU_U64,
	ROAD_GPU_S64,
	ROAD_GPU_F16,
	ROAD_GPU_BF16,
	ROAD_GPU_F32,
	ROAD_GPU_F64,
	ROAD_GPU_TF32, /* destination only */
	ROAD_GPU_E4M3,
	ROAD_GPU_E5M2,
	ROAD_GPU_TYPES
};
#define ROAD_GPU_CVT(to, from) ((uint16_t)((unsigned)(to) | (unsigned)(from) << 4))
#define ROAD_GPU_CVT_TO(aux)   ((aux)&15u)
#define ROAD_GPU_CVT_FROM(aux) ((aux) >> 4 & 15u)
/* float to float only: round to an integral value (cvt.rni and its kin) */
#define ROAD_GPU_CVT_INTEGRAL 0x100u

/* aux, high byte, of *_half: the format, and whether a register holds two (X2). Of one value only
 * the low half counts, and its result is zero-extended. */
enum road_gpu_half {
	ROAD_GPU_HALF_F16,
	ROAD_GPU_HALF_BF16,
	ROAD_GPU_HALF_F16X2,
	ROAD_GPU_HALF_BF16X2,
	ROAD_GPU_HALVES
};
#define ROAD_GPU_HALF_SHIFT 8
#define ROAD_GPU_HALF_BF    1u
#define ROAD_GPU_HALF_X2    2u

/* aux of dp4a, dp2a */
#define ROAD_GPU_DOT_A_SIGNED 1u
#define ROAD_GPU_DOT_B_SIGNED 2u
#define ROAD_GPU_DOT_HIGH     4u /* dp2a: the upper two bytes of b */

/* aux of sreg_b32, sreg_b64 */
enum road_gpu_sreg {
	ROAD_GPU_SREG_TID_X,
	ROAD_GPU_SREG_TID_Y,
	ROAD_GPU_SREG_TID_Z,
	ROAD_GPU_SREG_NTID_X,
	ROAD_GPU_SREG_NTID_Y,
	ROAD_GPU_SREG_NTID_Z,
	ROAD_GPU_SREG_CTAID_X,
	ROAD_GPU_SREG_CTAID_Y,
	ROAD_GPU_SREG_CTAID_Z,
	ROAD_GPU_SREG_NCTAID_X,
	ROAD_GPU_SREG_NCTAID_Y,
	ROAD_GPU_SREG_NCTAID_Z,
	ROAD_GPU_SREG_LANEID,
	ROAD_GPU_SREG_WARPID,
	ROAD_GPU_SREG_NWARPID,
	ROAD_GPU_SREG_SMID,
	ROAD_GPU_SREG_NSMID,
	ROAD_GPU_SREG_GRIDID,
	ROAD_GPU_SREG_LANEMASK_EQ,
	ROAD_GPU_SREG_LANEMASK_LT,
	ROAD_GPU_SREG_LANEMASK_LE,
	ROAD_GPU_SREG_LANEMASK_GT,
	ROAD_GPU_SREG_LANEMASK_GE,
	ROAD_GPU_SREG_CLOCK,
	ROAD_GPU_SREG_CLOCK_HI,
	ROAD_GPU_SREG_CLOCK64,
	ROAD_GPU_SREG_GLOBALTIMER,
	ROAD_GPU_SREG_GLOBALTIMER_LO,
	ROAD_GPU_SREG_GLOBALTIMER_HI,
	ROAD_GPU_SREG_DYNAMIC_SMEM_SIZE,
	ROAD_GPU_SREG_TOTAL_SMEM_SIZE,
	ROAD_GPU_SREG_DYNAMIC_SMEM_OFFSET, /* where the launch's dynamic shared memory starts */
	ROAD_GPU_SREGS
};

/* aux of testp_f32, testp_f64 */
enum road_gpu_testp {
	ROAD_GPU_TESTP_FINITE,
	ROAD_GPU_TESTP_INFINITE,
	ROAD_GPU_TESTP_NUMBER,
	ROAD_GPU_TESTP_NOTANUMBER,
	ROAD_GPU_TESTP_NORMAL,
	ROAD_GPU_TESTP_SUBNORMAL,
	ROAD_GPU_TESTPS
};

/* aux of prmt_b32: selector mode (PTX prmt) */
enum road_gpu_prmt {
	ROAD_GPU_PRMT_INDEX,
	ROAD_GPU_PRMT_F4E,
	ROAD_GPU_PRMT_B4E,
	ROAD_GPU_PRMT_RC8,
	ROAD_GPU_PRMT_ECL,
	ROAD_GPU_PRMT_ECR,
	ROAD_GPU_PRMT_RC16,
	ROAD_GPU_PRMTS
};

/* aux of mma_f32_*: elements of A and B */
enum road_gpu_mma { ROAD_GPU_MMA_F16, ROAD_GPU_MMA_BF16, ROAD_GPU_MMA_TF32, ROAD_GPU_MMAS };
/* aux of mma_s32_*: elements of A, of B are signed (bytes, nibbles); and what they are. Shapes in
 * ops.def are those of bytes; in the same registers nibbles double k, bits make it eight-fold. */
#define ROAD_GPU_MMA_A_SIGNED       0x1u
#define ROAD_GPU_MMA_B_SIGNED       0x2u
#define ROAD_GPU_MMA_ELEMENTS_SHIFT 2
enum road_gpu_mma_elements {
	ROAD_GPU_MMA_BYTES,
	ROAD_GPU_MMA_NIBBLES,
	ROAD_GPU_MMA_BITS_XOR, /* sums of bits that differ; nothing saturates */
	ROAD_GPU_MMA_BITS_AND, /* of bits that both have */
	ROAD_GPU_MMA_ELEMENTS
};
/* aux of ldmatrix_*: each matrix is transposed on its way */
#define ROAD_GPU_LDMATRIX_TRANSPOSED 0x1u

/* Copies. aux of copy_*: c counts; else it is RZ. aux of copy_wait: groups that may be on their
 * way, or ALL: no copy may be, whether it belongs to a group or not. */
#define ROAD_GPU_COPY_SIZED 0x1u
#define ROAD_GPU_COPY_ALL   0xffffu

/*
 * Barriers in memory (PTX mbarrier): one is an aligned word of 64 bits in shared memory, made by
 * INIT. Bits 19..0 count the arrivals that the current phase still lacks, 39..20 those of a whole
 * phase, 47..40 the phases that are over, 63..48 hold a mark by which one is known. With the last
 * arrival of a phase the next begins. Programs see none of that but in a state: mark and phase as
 * an arrival found them, and of arrivals that must not end the phase (NO_COMPLETE) the count, too.
 *
 * copy_arrive arrives once for each lane when all copies that the lane has issued are there; aux 0
 * adds one arrival to the current phase first, ROAD_GPU_MBARRIER_NO_INC does not. As with
 * copy_wait the bytes move as late as may be: when a test finds that nothing else is missing.
 *
 * Misuse is ROAD_GPU_FAULT_MBARRIER (regs.h, enum road_gpu_mbarrier_error).
 */
#define ROAD_GPU_MBARRIER_COUNT_MAX      0xfffffu
#define ROAD_GPU_MBARRIER_PENDING(word)  ((uint32_t)(word)&ROAD_GPU_MBARRIER_COUNT_MAX)
#define ROAD_GPU_MBARRIER_EXPECTED(word) ((uint32_t)((word) >> 20) & ROAD_GPU_MBARRIER_COUNT_MAX)
#define ROAD_GPU_MBARRIER_PHASE(word)    ((uint32_t)((word) >> 40) & 0xffu)
#define ROAD_GPU_MBARRIER_MARK           UINT64_C(0x6d62)
#define ROAD_GPU_MBARRIER_NO_INC         1u

/* aux of mbarrier */
enum road_gpu_mbarrier {
	ROAD_GPU_MBARRIER_INIT,
	ROAD_GPU_MBARRIER_INVAL, /* b is RZ */
	ROAD_GPU_MBARRIER_ARRIVE,
	ROAD_GPU_MBARRIER_DROP, /* and b fewer are expected from the next phase on */
	ROAD_GPU_MBARRIER_ARRIVE_NO_COMPLETE,
	ROAD_GPU_MBARRIER_DROP_NO_COMPLETE,
	ROAD_GPU_MBARRIERS
};

/* Execution unit an instruction occupies. */
enum road_gpu_unit {
	ROAD_GPU_UNIT_INT,
	ROAD_GPU_UNIT_FP32,
	ROAD_GPU_UNIT_FP16,
	ROAD_GPU_UNIT_FP64,
	ROAD_GPU_UNIT_SPECIAL,
	ROAD_GPU_UNIT_TENSOR,
	ROAD_GPU_UNIT_LDST,
	ROAD_GPU_UNIT_CONTROL,
	ROAD_GPU_UNITS
};
/* Latency class; the chip file gives each its cycles. */
enum road_gpu_latency {
	ROAD_GPU_LAT_ALU,
	ROAD_GPU_LAT_IMUL,
	ROAD_GPU_LAT_IDIV,
	ROAD_GPU_LAT_FMA,
	ROAD_GPU_LAT_FDIV,
	ROAD_GPU_LAT_SPECIAL,
	ROAD_GPU_LAT_FP64,
	ROAD_GPU_LAT_FP64DIV,
	ROAD_GPU_LAT_CVT,
	ROAD_GPU_LAT_MEM,
	ROAD_GPU_LAT_BRANCH,
	ROAD_GPU_LAT_BARRIER,
	ROAD_GPU_LAT_FP16,
	ROAD_GPU_LAT_SHUFFLE,
	ROAD_GPU_LAT_TENSOR,
	ROAD_GPU_LAT_VOTE,
	ROAD_GPU_LAT_REDUX,
	ROAD_GPU_LATS
};

/* Operand kinds: what a field d, a, b or c holds. */
enum road_gpu_operand {
	ROAD_GPU_OPERAND_N,  /* unused: the field is 0 */
	ROAD_GPU_OPERAND_R,  /* 32-bit register */
	ROAD_GPU_OPERAND_D,  /* 64-bit pair, even */
	ROAD_GPU_OPERAND_V2, /* two consecutive 32-bit registers, number even */
	ROAD_GPU_OPERAND_V4, /* four consecutive 32-bit registers, number a multiple of 4 */
	ROAD_GPU_OPERAND_W2, /* two consecutive 64-bit pairs, number a multiple of 4 */
	ROAD_GPU_OPERAND_P,  /* predicate; as source, bit 7 negates */
	ROAD_GPU_OPERAND_A,  /* address: 64-bit pair, or 32-bit register with FORM_ADDR32 */
};

/* Modifier classes: which bits of mods (and what of aux) an opcode may use. */
enum road_gpu_modclass {
	ROAD_GPU_MODS_NONE,
	ROAD_GPU_MODS_SAT,     /* SAT */
	ROAD_GPU_MODS_FTZ,     /* FTZ (f32) */
	ROAD_GPU_MODS_FARITH,  /* ROUND (not RNA), FTZ, SAT */
	ROAD_GPU_MODS_FMINMAX, /* FTZ, NAN, XORSIGN, ABS */
	ROAD_GPU_MODS_ICMP,    /* CMP below INT_END, BOOL; aux low byte = second destination */
	ROAD_GPU_MODS_FCMP,    /* CMP, BOOL, FTZ; aux as above */
	ROAD_GPU_MODS_LUT,     /* aux = 8-bit truth table; bit index = a<<2 | b<<1 | c */
	ROAD_GPU_MODS_CVT,     /* ROUND, FTZ, SAT, RELU, SATFINITE; aux = ROAD_GPU_CVT */
	ROAD_GPU_MODS_SREG,    /* aux = enum road_gpu_sreg */
	ROAD_GPU_MODS_TESTP,   /* aux = enum road_gpu_testp */
	ROAD_GPU_MODS_PRMT,    /* aux = enum road_gpu_prmt */
	ROAD_GPU_MODS_SHF,     /* aux bit 0: 0 clamp, 1 wrap the shift amount */
	ROAD_GPU_MODS_MEM,     /* memory modifiers */
	ROAD_GPU_MODS_SPACE,   /* SPACE only (isspacep) */
	ROAD_GPU_MODS_BRANCH,  /* imm = target word of this kernel */
	ROAD_GPU_MODS_BRX,     /* imm = first entry of the kernel's branch table, aux = entries */
	ROAD_GPU_MODS_BAR,     /* a = barrier (0..15), b = threads, RZ = all of the workgroup */
	ROAD_GPU_MODS_HARITH,  /* FTZ, and SAT or RELU; aux high byte = enum road_gpu_half */
	ROAD_GPU_MODS_HMINMAX, /* FTZ, NAN, XORSIGN, ABS; aux as above */
	ROAD_GPU_MODS_HUNARY,  /* FTZ; aux as above */
	/* CMP, BOOL, FTZ; aux as above, and its low byte = second destination: the negation as in
	 * FCMP, but of two values d is the lower one's comparison, the second the upper one's */
	ROAD_GPU_MODS_HCMP,
	ROAD_GPU_MODS_CARRY, /* aux low byte = predicate that receives carry or borrow; PT: none */
	ROAD_GPU_MODS_DOT,   /* aux = ROAD_GPU_DOT_* */
	ROAD_GPU_MODS_SHFL,  /* MEMBERS, PACKED; aux = ROAD_GPU_SHFL */
	ROAD_GPU_MODS_WARP,  /* MEMBERS */
	ROAD_GPU_MODS_MATCH, /* MEMBERS; aux = second destination */
	ROAD_GPU_MODS_ATOM,  /* SPACE (generic, global, shared), SEM, SCOPE; aux = road_gpu_atom */
	ROAD_GPU_MODS_CAS,   /* the same, aux 0 */
	ROAD_GPU_MODS_MMA,   /* aux = enum road_gpu_mma */
	ROAD_GPU_MODS_COPY,  /* CACHE; aux = 0, ROAD_GPU_COPY_SIZED */
	ROAD_GPU_MODS_COPY_WAIT, /* aux = groups, ROAD_GPU_COPY_ALL */
	ROAD_GPU_MODS_IMMA,      /* SAT; aux = ROAD_GPU_MMA_*_SIGNED | elements << SHIFT */
	ROAD_GPU_MODS_LDMATRIX,  /* SPACE: shared, generic; aux = 0, ROAD_GPU_LDMATRIX_TRANSPOSED */
	/* SPACE: shared, generic; aux = enum road_gpu_mbarrier (d of INIT and INVAL is RZ), 0 of
	 * tests; of copy_arrive 0 or NO_INC */
	ROAD_GPU_MODS_MBARRIER,
};

/* Opcodes: append only; the number is the row's place in ops.def. */
enum road_gpu_op {
#define OP(name, unit, latency, tier, d, a, b, c, mods) ROAD_GPU_OP_##name,
#include "uapi/gpu/ops.def"
#undef OP
	ROAD_GPU_OPS
};

#ifdef __cplusplus
}
#endif
#endif
