/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instruction words of the Roadbed DSA, a decoupled matrix and vector core with explicit
 * scratchpads, in the style of public descriptions of Da Vinci, TPU and VTA; it is no vendor's
 * instruction set. Whoever makes code (the assembler, the builder) and whoever runs it (the
 * simulated chip) read this file and ops.def and share nothing else.
 *
 * A core has seven queues. S runs the program: scalar instructions itself, one after the other; it
 * gives each other instruction to the queue of its row in ops.def, with the register values of
 * that moment, and stalls while that queue is full. A queue takes its instructions in order. What
 * two queues do is ordered by tokens alone:
 *
 *	S  --+--> MTE2  global -> L1, UB           V    UB -> UB
 *	     +--> MTE1  L1 -> L0A, L0B, BT         M    L0A x L0B (+ BT) -> L0C
 *	     +--> MTE3  UB -> global, L1           FIX  L0C -> global, L1, UB
 *
 * Tokens: one bit for each (source queue, target queue, id). set_flag stands in the source queue
 * and acts when all earlier instructions of that queue have completed their reads and writes;
 * wait_flag stands in the target queue, blocks it until the bit is set, and clears it. Setting a
 * set bit, and leaving one set at a task's end, are violations.
 *
 * Queues other than V complete an instruction before they begin the next. V overlaps its
 * instructions: one that reads what an earlier one wrote needs a pipe_barrier between them, unless
 * the chip says that it is interlocked. Writes of V happen in order.
 *
 * Scalar registers x0..x31 have 64 bits; x0 reads 0 and ignores writes. All are 0 at a task's
 * start, flags are clear, scratchpads hold what ROAD_DSA_POISON says in every byte.
 *
 * Floating-point results are IEEE 754, rounded to nearest even, subnormals kept; a NaN result is
 * 0x7fffffff (f32) or 0x7fff (f16, bf16). The approximate functions (vexp, vln, vrsqrt, vrec,
 * vtanh) are the exact value rounded so.
 */
#ifndef UAPI_DSA_ISA_H
#define UAPI_DSA_ISA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_DSA_ISA_VERSION 1u
#define ROAD_DSA_REGS        32u /* scalar registers */
#define ROAD_DSA_ALIGN       32u /* bytes: of operands in scratchpads, and a fractal's row */
#define ROAD_DSA_POISON      0xa5u

/* One instruction, little-endian. Fields that its format does not use are 0; anything else makes
 * the code invalid. */
struct road_dsa_word {
	uint16_t op;  /* enum road_dsa_op */
	uint8_t type; /* enum road_dsa_type of the elements; NONE where the row has no types */
	uint8_t mods; /* by format: ROAD_DSA_MOD_*, queues of a flag, second type */
	uint8_t d, a, b, c; /* registers: destination or its address, sources */
	uint8_t e;          /* register: strides, bias, mask */
	uint8_t reserved[3];
	int32_t imm; /* immediate, id, dimensions, or branch target: words from this one */
};

enum road_dsa_queue {
	ROAD_DSA_QUEUE_S,
	ROAD_DSA_QUEUE_V,
	ROAD_DSA_QUEUE_M,
	ROAD_DSA_QUEUE_MTE1,
	ROAD_DSA_QUEUE_MTE2,
	ROAD_DSA_QUEUE_MTE3,
	ROAD_DSA_QUEUE_FIX,
	ROAD_DSA_QUEUES,
	ROAD_DSA_QUEUE_ANY = ROAD_DSA_QUEUES /* in ops.def: the word names it */
};

enum road_dsa_pad { /* scratchpads; sizes by chip */
		    ROAD_DSA_PAD_L0A,
		    ROAD_DSA_PAD_L0B,
		    ROAD_DSA_PAD_L0C,
		    ROAD_DSA_PAD_L1,
		    ROAD_DSA_PAD_UB,
		    ROAD_DSA_PAD_BT,
		    ROAD_DSA_PADS
};

enum road_dsa_type {
	ROAD_DSA_TYPE_NONE,
	ROAD_DSA_TYPE_S8,
	ROAD_DSA_TYPE_U8,
	ROAD_DSA_TYPE_S16,
	ROAD_DSA_TYPE_S32,
	ROAD_DSA_TYPE_U32,
	ROAD_DSA_TYPE_F16,
	ROAD_DSA_TYPE_BF16,
	ROAD_DSA_TYPE_F32,
	ROAD_DSA_TYPES
};
#define ROAD_DSA_BIT(type) (1u << ROAD_DSA_TYPE_##type)

/* Which fields an instruction uses and how they are written, `roadbed-as` syntax behind each.
 * xD, xA, xB, xC, xE are the registers in d, a, b, c, e. The element type is the first suffix of
 * the name (vadd.f16), modifiers follow (load_b.f16.t, mmad.f16.init); a conversion names what it
 * makes before what it takes (vcvt.f32.f16: type is F16). */
enum road_dsa_format {
	ROAD_DSA_FORMAT_NONE,       /*                                                         */
	ROAD_DSA_FORMAT_D_IMM,      /* xD, imm                                                 */
	ROAD_DSA_FORMAT_D_A,        /* xD, xA                                                  */
	ROAD_DSA_FORMAT_D_A_B,      /* xD, xA, xB                                              */
	ROAD_DSA_FORMAT_D_A_IMM,    /* xD, xA, imm                                             */
	ROAD_DSA_FORMAT_D_A_SHIFT,  /* xD, xA, imm; 0..63                                      */
	ROAD_DSA_FORMAT_IMM,        /* imm                                                     */
	ROAD_DSA_FORMAT_SREG,       /* xD, %name; imm: enum road_dsa_sreg                      */
	ROAD_DSA_FORMAT_LOAD,       /* xD, [xA + imm]; .u8 .s8 .u16 .s16 .u32 .s32 .u64: mods  */
	ROAD_DSA_FORMAT_STORE,      /* [xA + imm], xB; .u8 .u16 .u32 .u64: mods                */
	ROAD_DSA_FORMAT_ARG,        /* xD, [imm]; as LOAD                                      */
	ROAD_DSA_FORMAT_JUMP,       /* target; imm                                             */
	ROAD_DSA_FORMAT_BRANCH,     /* xA, xB, target; imm                                     */
	ROAD_DSA_FORMAT_LOOP,       /* xD, target; imm                                         */
	ROAD_DSA_FORMAT_FLAG,       /* SOURCE, TARGET, id; mods: source | target << 4, imm: id */
	ROAD_DSA_FORMAT_BARRIER,    /* QUEUE or ALL; mods: queue, or ROAD_DSA_QUEUES for all   */
	ROAD_DSA_FORMAT_CROSS_SET,  /* QUEUE, id, xA or others; mods: queue, or | CROSS_OTHERS */
	ROAD_DSA_FORMAT_CROSS_WAIT, /* QUEUE, id; mods: queue, imm: id                        */
	ROAD_DSA_FORMAT_MOVE,       /* [xD], [xA], xB, dims; imm: 1..4, mods: MOD_TRANSPOSE    */
	ROAD_DSA_FORMAT_TILE,       /* [xD], [xA], xB                                          */
	ROAD_DSA_FORMAT_FRACTALS,   /* [xD], [xA], xB; mods: MOD_TRANSPOSE                     */
	ROAD_DSA_FORMAT_BYTES,      /* [xD], [xA], xB                                          */
	ROAD_DSA_FORMAT_CUBE,       /* [xD], [xA], [xB], xC (, [xE] with BIAS); MOD_INIT, BIAS  */
	ROAD_DSA_FORMAT_FIX,        /* [xD], [xA], xB; mods: MOD_RELU, MOD_QUANT, MOD_S32      */
	ROAD_DSA_FORMAT_V_DA,       /* [xD], [xA], xC (, xE)                                   */
	ROAD_DSA_FORMAT_V_DAB,      /* [xD], [xA], [xB], xC (, xE)                             */
	ROAD_DSA_FORMAT_V_DAS,      /* [xD], [xA], xB, xC (, xE): xB is an element's bits      */
	ROAD_DSA_FORMAT_V_DS,       /* [xD], xB, xC (, xE): xB is an element's bits            */
	ROAD_DSA_FORMAT_V_CMP,      /* [xD], [xA], [xB], xC; mods: enum road_dsa_compare       */
	ROAD_DSA_FORMAT_V_SEL,      /* [xD], [xA], [xB], xC, [xE]: xE is the mask's address    */
	ROAD_DSA_FORMAT_V_CVT,      /* [xD], [xA], xB, xC (, xE); mods: destination's type     */
	ROAD_DSA_FORMATS
};

enum road_dsa_op {
#define OP(name, queue, format, types, text) ROAD_DSA_OP_##name,
#include "uapi/dsa/ops.def"
#undef OP
	ROAD_DSA_OPS
};

/* mods of LOAD, STORE, ARG: log2 of the bytes, and whether the sign is extended to 64 bits (1, 2
 * and 4 bytes of LOAD and ARG). */
#define ROAD_DSA_MOD_SIZE_MASK 0x3u
#define ROAD_DSA_MOD_SIGNED    0x4u
/* mods of the others */
#define ROAD_DSA_MOD_TRANSPOSE 0x01u
#define ROAD_DSA_MOD_INIT      0x01u /* CUBE: L0C starts from 0, not from what it holds */
#define ROAD_DSA_MOD_BIAS      0x02u /* CUBE: L0C starts from BT's column values; not with INIT */
#define ROAD_DSA_MOD_RELU      0x01u
#define ROAD_DSA_MOD_QUANT     0x02u /* FIX: times an f32 factor before it is converted */
#define ROAD_DSA_MOD_S32       0x04u /* FIX: L0C holds s32, not f32; suffix .from_s32 */
#define ROAD_DSA_CROSS_OTHERS  0x80u /* all other blocks of the task; a is 0 */
#define ROAD_DSA_CROSS_IDS     16u
#define ROAD_DSA_CROSS_MAX     15u /* a cross-core flag counts up to this; more: a violation */

enum road_dsa_compare {
	ROAD_DSA_EQ,
	ROAD_DSA_NE,
	ROAD_DSA_LT,
	ROAD_DSA_LE,
	ROAD_DSA_GT,
	ROAD_DSA_GE,
	ROAD_DSA_COMPARES
};

enum road_dsa_sreg {
	ROAD_DSA_SREG_BLOCK,     /* number of this block in its task */
	ROAD_DSA_SREG_BLOCKS,    /* of the task */
	ROAD_DSA_SREG_CORE,      /* that runs it */
	ROAD_DSA_SREG_CLOCK,     /* cycles since the chip was opened; order-sensitive */
	ROAD_DSA_SREG_DATA,      /* device address of the image's data */
	ROAD_DSA_SREG_ARG_BYTES, /* of the argument block */
	ROAD_DSA_SREG_L0A_BYTES, /* this and the next in the order of enum road_dsa_pad */
	ROAD_DSA_SREG_L0B_BYTES,
	ROAD_DSA_SREG_L0C_BYTES,
	ROAD_DSA_SREG_L1_BYTES,
	ROAD_DSA_SREG_UB_BYTES,
	ROAD_DSA_SREG_BT_BYTES,
	ROAD_DSA_SREGS
};

/*
 * Shapes. Operands that do not fit into a word stand in registers, read when S dispatches. C0 is
 * the number of elements in 32 bytes: 32 of 8 bits, 16 of 16, 8 of 32.
 *
 * MOVE, strided, 1 to 4 dimensions (`dims`), registers from xB on:
 *	xB    bits 0..31 bytes of a burst, 32..63 zero bytes to write behind each burst
 *	xB+1  bits 0..15, 16..31, 32..47 counts of dimensions 1, 2, 3; 48..63 are 0 (dims > 1)
 *	xB+2  dimension 1: bits 0..31 bytes from burst to burst at the source, 32..63 at the
 *	      destination, both signed; xB+3, xB+4 likewise dimensions 2 and 3
 *	TRANSPOSE (dims 2, no zero bytes): burst r of n elements (the row's type) becomes column r:
 *	      element c of it lies at destination + c * (destination stride) + r * element bytes.
 *	Scratchpad sides and their strides are multiples of 32 bytes, bursts and zero bytes need not
 *	be; sides in global memory have any alignment. There is at least one burst of at least one
 *	byte, and at most 2^20 bursts and 2^26 bytes; anything else is a fault of the shape.
 *
 * TILE, FRACTALS, BYTES between layouts. A matrix of R rows and C columns in NZ layout has its
 * columns in blocks of C0; element (r, c) lies at (c / C0) * P * 32 + r * 32 + (c % C0) * bytes,
 * where P >= R is the number of rows that the layout has room for, a multiple of 16.
 *	move_nz (global -> L1), store_nz (UB -> L1), row-major -> NZ:
 *		xB    bits 0..31 R, 32..63 C
 *		xB+1  bits 0..31 bytes from row to row at the source (in UB a multiple of 32),
 *		      32..63 P
 *		Elements beyond R up to P, and beyond C up to a multiple of C0, become 0.
 *	load_a, load_b (L1 -> L0A, L0B):
 *		xB    bits 0..31 rows, 32..63 k
 *		xB+1  P of the source
 *		load_a: rows = m. Element (m, k) goes to
 *			((m / 16) * K1 + k / C0) * 512 + (m % 16) * 32 + (k % C0) * bytes
 *		load_b: rows = n. Element (k, n) goes to
 *			((k / C0) * N1 + n / 16) * 512 + (n % 16) * 32 + (k % C0) * bytes
 *		where K1 = ceil(k / C0), N1 = ceil(n / 16). Without TRANSPOSE the source is the NZ
 *		matrix of `rows` rows and k columns; with it, of k rows and `rows` columns. Padding
 *		up to whole blocks becomes 0.
 *	load_bias (L1 -> BT): xB = bytes, a multiple of 32
 *
 * CUBE, mmad: xC bits 0..15 m, 16..31 n, 32..63 k, in elements; L0C holds f32, or s32 for s8.
 *	Element (m, n) of L0C lies at ((n / 16) * M1 + m / 16) * 1024 + (m % 16) * 64 + (n % 16) * 4
 *	with M1 = ceil(m / 16). For ascending k: d = d + a * b, the product exact, one rounding to
 *	f32 (a fused multiply-add); s8 wraps. Rows and columns of padding are computed too (0).
 *	BIAS: xE is BT's address of n values of L0C's type; columns of padding start from 0.
 *
 * FIX, L0C -> row-major (fix_gm, fix_ub) or NZ (fix_l1) of the word's type:
 *	xB    bits 0..31 m, 32..63 n
 *	xB+1  bits 0..31 bytes from row to row at the destination (in UB a multiple of 32; fix_l1:
 *	      P), 32..63 M1 of L0C
 *	xB+2  with QUANT: the f32 factor's bits
 *	f32: (times factor, rounded) (max with 0) then converted; s32 without QUANT: to s32 as it
 *	is; with it: to f32 rounded, times factor rounded, then as f32. To integers: nearest even,
 *	saturating, NaN becomes 0. fix_l1 also writes 0 to rows up to a multiple of 16 and to
 *	columns up to one of C0, and nothing beyond.
 *
 * Vectors, UB -> UB. xC: bits 0..31 elements (at least 1), 32..63 further repeats. A repeat
 * works on operands further on by xE (0 if absent): bits 0..15 destination, 16..31 first, 32..47
 * second source, in units of 32 bytes. Addresses are multiples of 32; a destination and a source
 * are the same or do not overlap (per repeat). All repeats together have at most 2^24 elements.
 *	vsum, vrmax, vrmin	repeat r writes one element at destination + r * its bytes (xE's
 *				destination is 0), aligned to that: vsum of f16, bf16, f32 in f32,
 *				of integers in s32 (wraps); the others in the source's type.
 *				Order: 64 lanes; lane l folds elements l, l + 64, ... in ascending
 *				order from the first (a lane without elements takes no part), then
 *				for s = 32, 16, ..., 1 lane l < s folds lane l + s.
 *	vcmp		bit i of the destination (lowest first) is a[i] OP b[i]; NaN: only NE.
 *			Whole bytes are written, unused bits 0. One repeat.
 *	vsel		d[i] = mask bit i ? a[i] : b[i]. One repeat.
 *	vcvt		to the type in mods; from float to integer nearest even, saturating, NaN
 *			becomes 0; xB is an f32 factor's bits, applied in f32 before, unless xB is
 *			x0. s32 to f32 is rounded. Without a factor an integer is converted as it
 *			is: saturating to integers, rounded once to floats.
 *	viota		d[i] = xB + i
 *	vgather		d[i] = element at (address xA) + u32 byte offset b[i]; vscatter: element at
 *			(address xD) + offset b[i] = a[i], ascending i. Offsets are read before
 *			anything is written; elements are aligned to their size. One repeat.
 */

#ifdef __cplusplus
}
#endif
#endif
