/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fabric of the Roadbed RPU, a reconfigurable dataflow chip: what an element does, and the
 * 64-bit configuration word that says so for one element and one step. It is no vendor's format.
 * Whoever makes configurations (the mapper) and whoever runs them (the simulated chip) read this
 * file, ops.def and config.h, and share nothing else.
 *
 * A tile's fabric is a grid of elements, at most 16 x 16; element e stands in row e / columns,
 * counted from the north, and column e % columns, counted from the west. All elements go through
 * the same steps 0 .. II-1 over and over, one step a cycle, in lock step: II, the initiation
 * interval, is at most 16. An element is
 *
 *	                 N in     N out
 *	                  |        ^              in:  the link register of the neighbour on that
 *	             +----v--------|---+               side that points here
 *	  W in  ---> | a, b, c      lN | <--- E in     out: this element's own link registers, one
 *	  W out <--- | op -> SELF   lE | ---> E out    a side, each with a choice of its own
 *	             | R0..R7  K0..K3  |
 *	             +----^--------|---+          streams: FIFOs to and from the scratchpad, reached
 *	                 S in     S out                by the elements at the grid's border only
 *
 * In a mesh what would lead over the edge does not exist: a word may neither read nor write it. In
 * a torus rows and columns close upon themselves. All registers, SELF and links among them, are 0
 * when a launch begins, unless the configuration has initial values for them.
 *
 * A cycle. Every element reads its operands a, b, c, all as they were at the cycle's begin. Its op
 * begins; the result of an op that began `latency - 1` cycles ago (this one, for latency 1) is
 * complete at this cycle's end. That result goes
 *	- into SELF, which keeps it until another op completes;
 *	- to the destination named in the word of *its* op: a register, or a stream's FIFO.
 * Besides, the word of *this* step says what each link register takes at the cycle's end, and what
 * one further register does (the move). "RESULT" is SELF as it will be at the cycle's end. So a
 * value produced by latency L in cycle t can be read from SELF, a register or the neighbour's link
 * from cycle t + L on; a value on a link moves one element a cycle.
 *
 * Stages. Iteration i of a word with step s and stage p happens in cycle s + II * (p + i), counted
 * without stalls: the schedule of one iteration is longer than II and iterations overlap. While
 * there is no such iteration (i < 0 before, i >= iterations after), the word's op is not enabled:
 * it does not begin, takes and gives no token, accesses no memory, writes no register; a stream
 * that it names reads as 0. Links and the move are not gated: they carry no valid bits, and what
 * they carry before and after does no harm because nothing enabled reads it.
 *
 * First iterations. A recurrence reads in iteration i what iteration i - d made; for i < d there is
 * none. A word with FIRST = d replaces one of its operands by the constant K[(KFIRST + j) % 4]
 * while j < d, where j is i modulo the image's period (period 0: j = i). That operand names no
 * stream.
 *
 * Stalls. If any enabled op lacks a token from an empty FIFO, lacks room in a full one for a result
 * that completes, or did not get its bank of the scratchpad, no element advances in that cycle: no
 * register changes, no token moves; streams go on. Accesses of elements begin once all tokens and
 * all room are there; each is done when it gets its bank, and not repeated.
 *
 * Numbers: IEEE 754, nearest even, subnormals kept; a NaN result is 0x7fffffff (f32) or 0x7fff
 * (f16, bf16); fmin, fmax order -0 below +0. Products and sums are fused only where the op says so.
 */
#ifndef UAPI_RPU_FABRIC_H
#define UAPI_RPU_FABRIC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_RPU_FABRIC_VERSION 1u
#define ROAD_RPU_ROWS_MAX       16u
#define ROAD_RPU_COLUMNS_MAX    16u
#define ROAD_RPU_INTERVAL_MAX   16u /* II */
#define ROAD_RPU_STAGES_MAX     64u
#define ROAD_RPU_REGISTERS      8u /* at most; a chip may have fewer */
#define ROAD_RPU_CONSTANTS      4u /* of an element, the same in all steps */
#define ROAD_RPU_STREAMS        12u
#define ROAD_RPU_FIFO           16u /* tokens that a stream's FIFO holds */

/*
 * What a configuration is made for; equal to the fabric's own or it does not load. The chip's
 * latencies are no part of it: config.h carries those that a configuration relies on.
 *	bits 0..4 rows, 5..9 columns, 10..13 registers of an element, 14..17 streams of a tile,
 *	18 torus, 19 every column reaches the scratchpad (else the first and the last), 20 step by
 *	step (see class latencies), 21..23 zero, 24..31 version
 */
#define ROAD_RPU_FABRIC_COLUMNS_SHIFT   5
#define ROAD_RPU_FABRIC_REGISTERS_SHIFT 10
#define ROAD_RPU_FABRIC_STREAMS_SHIFT   14
#define ROAD_RPU_FABRIC_VERSION_SHIFT   24
#define ROAD_RPU_FABRIC_SIZE_MASK       0x1fu
#define ROAD_RPU_FABRIC_COUNT_MASK      0xfu
#define ROAD_RPU_FABRIC_TORUS           0x040000u
#define ROAD_RPU_FABRIC_MEMORY_ALL      0x080000u
#define ROAD_RPU_FABRIC_STEPWISE        0x100000u

/*
 * Classes of ops. A chip gives each a latency (cycles from begin to SELF, 1..63) and an interval
 * (cycles from one begin to the next on the same element, at least 1). Two ops of one element may
 * not complete in the same step, nor, in one class, begin in steps nearer than the interval, both
 * modulo II.
 *
 * Step by step (chips whose elements wait for each other in each step): every op has latency and
 * interval 1 in the schedule, and a step lasts as many cycles as its slowest enabled op.
 */
enum road_rpu_class {
	ROAD_RPU_CLASS_NONE,
	ROAD_RPU_CLASS_ALU,
	ROAD_RPU_CLASS_MUL,
	ROAD_RPU_CLASS_DIV,
	ROAD_RPU_CLASS_FADD,
	ROAD_RPU_CLASS_FMUL,
	ROAD_RPU_CLASS_FMA,
	ROAD_RPU_CLASS_CVT,
	ROAD_RPU_CLASS_TABLE,
	ROAD_RPU_CLASS_DOT,
	ROAD_RPU_CLASS_MEM,
	ROAD_RPU_CLASSES
};

enum road_rpu_op {
#define OP(name, operands, class, text) ROAD_RPU_OP_##name,
#include "uapi/rpu/ops.def"
#undef OP
	ROAD_RPU_OPS
};

/*
 * The word: fields by shift and mask. A field that an op does not use is 0: b of an op with one
 * operand unless a link or the move passes on b; likewise a; c of an op with less than three; all
 * but a, b, the links, the move, the stage (if a or b names a stream) and the CRC of a nop.
 *
 *	bits  0..6	OP	enum road_rpu_op
 *	bits  7..11	A	enum road_rpu_source
 *	bits 12..16	B
 *	bits 17..21	C
 *	bits 22..26	DEST	0 none, ROAD_RPU_SOURCE_R0 + n, or ROAD_RPU_SOURCE_STREAM0 + n
 *	bits 27..29	LINK_N	enum road_rpu_pass, of the link register to the north
 *	bits 30..32	LINK_E
 *	bits 33..35	LINK_S
 *	bits 36..38	LINK_W
 *	bits 39..41	MOVE	enum road_rpu_pass, of register MOVE_REG; NONE: no move
 *	bits 42..44	MOVE_REG
 *	bits 45..50	STAGE
 *	bits 51..52	FIRST	0..3: in how many first iterations an operand is a constant
 *	bits 53..54	KFIRST	that constant's number, for j = 0
 *	bit  55		LAST	the operand is the op's last one (b of two, c of three); else a
 *	bits 56..63	CRC	CRC-8 (polynomial x^8 + x^2 + x + 1, initial value 0, highest bit
 *				first, not reflected) over nine bytes: bits 0..55 of the word as
 *				seven bytes, the lowest first, and the word's index, low byte first
 *
 * A word's index is step * elements + element.
 */
#define ROAD_RPU_WORD_OP_SHIFT       0
#define ROAD_RPU_WORD_OP_MASK        0x7fu
#define ROAD_RPU_WORD_A_SHIFT        7
#define ROAD_RPU_WORD_B_SHIFT        12
#define ROAD_RPU_WORD_C_SHIFT        17
#define ROAD_RPU_WORD_DEST_SHIFT     22
#define ROAD_RPU_WORD_SOURCE_MASK    0x1fu /* of A, B, C, DEST */
#define ROAD_RPU_WORD_LINK_SHIFT     27    /* + ROAD_RPU_WORD_LINK_BITS * enum road_rpu_side */
#define ROAD_RPU_WORD_LINK_BITS      3
#define ROAD_RPU_WORD_MOVE_SHIFT     39
#define ROAD_RPU_WORD_PASS_MASK      0x7u /* of the links and MOVE */
#define ROAD_RPU_WORD_MOVE_REG_SHIFT 42
#define ROAD_RPU_WORD_MOVE_REG_MASK  0x7u
#define ROAD_RPU_WORD_STAGE_SHIFT    45
#define ROAD_RPU_WORD_STAGE_MASK     0x3fu
#define ROAD_RPU_WORD_FIRST_SHIFT    51
#define ROAD_RPU_WORD_FIRST_MASK     0x3u
#define ROAD_RPU_WORD_KFIRST_SHIFT   53
#define ROAD_RPU_WORD_KFIRST_MASK    0x3u
#define ROAD_RPU_WORD_LAST_SHIFT     55
#define ROAD_RPU_WORD_LAST_MASK      0x1u
#define ROAD_RPU_WORD_CRC_SHIFT      56
#define ROAD_RPU_WORD_CRC_MASK       0xffu
#define ROAD_RPU_CRC_POLYNOMIAL      0x07u

enum road_rpu_side {
	ROAD_RPU_SIDE_N,
	ROAD_RPU_SIDE_E,
	ROAD_RPU_SIDE_S,
	ROAD_RPU_SIDE_W,
	ROAD_RPU_SIDES
};

/* Where an operand comes from. What has no name here is reserved. */
enum road_rpu_source {
	ROAD_RPU_SOURCE_ZERO = 0,
	ROAD_RPU_SOURCE_N = 1, /* + enum road_rpu_side */
	ROAD_RPU_SOURCE_E = 2,
	ROAD_RPU_SOURCE_S = 3,
	ROAD_RPU_SOURCE_W = 4,
	ROAD_RPU_SOURCE_SELF = 5,
	ROAD_RPU_SOURCE_R0 = 8,       /* .. R7 = 15 */
	ROAD_RPU_SOURCE_K0 = 16,      /* .. K3 = 19 */
	ROAD_RPU_SOURCE_STREAM0 = 20, /* .. STREAM11 = 31; border elements only */
	ROAD_RPU_SOURCES = 32
};

/* What a link register or the move takes at the cycle's end. */
enum road_rpu_pass {
	ROAD_RPU_PASS_NONE,   /* keeps what it has */
	ROAD_RPU_PASS_RESULT, /* SELF as it will be */
	ROAD_RPU_PASS_N,      /* what comes in from there; + enum road_rpu_side */
	ROAD_RPU_PASS_E,
	ROAD_RPU_PASS_S,
	ROAD_RPU_PASS_W,
	ROAD_RPU_PASS_A, /* operand a as the op has it (FIRST applied; 0 for a stream not enabled)
			  */
	ROAD_RPU_PASS_B, /* operand b, likewise */
	ROAD_RPU_PASSES
};

/*
 * Streams and words. A read stream's token is taken in each cycle in which an enabled word names
 * the stream; however many elements name it in one step, they share one token, and must have the
 * same stage. A write stream is named by one word a step at most (counted where its result
 * completes). So a launch of n iterations moves n * (steps that name it) tokens, which must be
 * what the stream itself counts; else the launch is refused.
 *
 * Registers: in one step (of completion, for DEST) a register is written once at most.
 */

#ifdef __cplusplus
}
#endif
#endif
