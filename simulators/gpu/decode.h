/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading of an image into the chip: every field of what the driver placed in device memory is
 * checked (it is hostile until then), and each word becomes one decoded instruction.
 */
#ifndef SIMULATORS_GPU_DECODE_H
#define SIMULATORS_GPU_DECODE_H

#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"
#include "uapi/gpu/regs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct road_gpu_warp;
struct road_gpu_insn;

/* What the step function does with an instruction besides calling its executor. */
enum road_gpu_kind {
	ROAD_GPU_KIND_ALU, /* registers and predicates only: exec() and on to the next word */
	ROAD_GPU_KIND_LOAD,
	ROAD_GPU_KIND_STORE,
	ROAD_GPU_KIND_MEMBAR,
	ROAD_GPU_KIND_BRANCH,
	ROAD_GPU_KIND_BRANCH_TABLE,
	ROAD_GPU_KIND_CALL,
	ROAD_GPU_KIND_CALL_TABLE,
	ROAD_GPU_KIND_RETURN,
	ROAD_GPU_KIND_EXIT,
	ROAD_GPU_KIND_TRAP,
	ROAD_GPU_KIND_BAR_SYNC,
	ROAD_GPU_KIND_BAR_ARRIVE,
	ROAD_GPU_KIND_NOP,
	ROAD_GPU_KIND_SYNC,   /* exec() once all lanes that are named have come */
	ROAD_GPU_KIND_ATOMIC, /* loads and stores at once */
	ROAD_GPU_KIND_SLEEP,
	ROAD_GPU_KIND_COPY, /* async.h */
	ROAD_GPU_KIND_COPY_COMMIT,
	ROAD_GPU_KIND_COPY_WAIT,
	ROAD_GPU_KIND_COPY_ARRIVE,
	ROAD_GPU_KIND_MBARRIER, /* mbarrier.h */
	ROAD_GPU_KIND_PRINT,    /* hands over records (print.h) */
	ROAD_GPU_KIND_END,      /* stands behind a kernel's last word: running into it is a fault */
};

/* Computes the lanes of mask; the others keep their values. A fault is recorded in the block. */
typedef void (*road_gpu_exec_fn)(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				 uint32_t mask);

/*
 * What an instruction reads and writes, for scoreboards: 32-bit rows (first, how many; 0 = none)
 * and predicates (ROAD_GPU_PT = none). RZ and immediates do not appear. read[] follows the word's
 * fields a, b, c; pred_read[] the guard, then a, b, c.
 */
struct road_gpu_uses {
	uint8_t read[3], read_rows[3];
	uint8_t write, write_rows;
	uint8_t pred_read[4];
	uint8_t pred_write[2];
};

/*
 * A row operand: byte offset from one of the warp's two row banks; bit 0 names the bank (0 the
 * registers, 1 the kernel's constants, where immediates and RZ live as whole rows).
 */
#define ROAD_GPU_BANK_MASK 1u

struct road_gpu_insn {
	road_gpu_exec_fn exec;
	uint32_t a, b, c; /* row operands (see ROAD_GPU_BANK_MASK) */
	uint32_t d;       /* byte offset in the registers; a sink row for RZ */
	int32_t imm;      /* address offset, branch target, first entry of a branch table */
	uint16_t op;      /* enum road_gpu_op */
	uint16_t mods;
	uint16_t aux;
	uint8_t kind;           /* enum road_gpu_kind */
	uint8_t unit;           /* enum road_gpu_unit */
	uint8_t latency;        /* enum road_gpu_latency */
	uint8_t guard;          /* as in the word */
	uint8_t pd, pa, pb, pc; /* predicate operands as in the word; PT where there is none */
	uint8_t bytes;          /* loads, stores: per lane */
	uint8_t space;          /* loads, stores: enum road_gpu_space */
	uint8_t form;           /* as in the word */
	uint8_t flags;          /* ROAD_GPU_INSN_* */
	uint16_t work; /* matrix instructions: multiply-adds, in those of f16 (see decode.c) */
	struct road_gpu_uses uses;
};
#define ROAD_GPU_INSN_APPROXIMATE     0x1u  /* an approximate function */
#define ROAD_GPU_INSN_ORDER_SENSITIVE 0x2u  /* reads a clock, SM or warp slot; some atomics */
#define ROAD_GPU_INSN_SLOW            0x4u  /* exec may count or fault (division, stack) */
#define ROAD_GPU_INSN_MATRIX          0x80u /* ldmatrix: lanes load rows for others */

/* A kernel of a loaded image. */
struct road_gpu_code {
	struct road_gpu_kernel desc;
	struct road_gpu_insn *insns; /* desc.word_count, then one of KIND_END; 64-byte aligned */
	const uint32_t *lines;       /* desc.word_count; notes: see road_gpu_code_line() */
	const uint32_t *branches;    /* desc.branch_count word indices, all in the kernel */
	const struct road_gpu_param *params; /* desc.param_count */
	bool copies;                         /* it has KIND_COPY */
	uint8_t *constants;                  /* bank 1; first 4 rows are zero; 64-byte aligned */
};

/* Line of the source that word pc of the kernel stands for. */
static inline uint32_t road_gpu_code_line(const struct road_gpu_code *code, uint32_t pc)
{
	return code->lines[pc] & ROAD_GPU_LINE_MASK;
}

struct road_gpu_variant; /* executors built for one instruction set of the host (exec.h) */

struct road_gpu_module {
	uint32_t kernel_count;
	uint32_t kernels_offset; /* of kernel 0 in the image; 96 bytes each (kernel_object) */
	struct road_gpu_code *kernels;
	uint32_t *lines, *branches;
	struct road_gpu_param *params;
	const struct road_gpu_variant *variant;
};

struct road_gpu_image_fault {
	enum road_gpu_image_error error;
	uint32_t kernel; /* that the error is in, or UINT32_MAX */
	uint32_t word;   /* index in the image's words; UINT32_MAX if in no word */
};

/*
 * Checks and decodes the first `bytes` bytes (the image's code_bytes) of an image; nothing of it
 * is referred to afterwards. NULL with fault->error set if it is invalid; NULL with
 * ROAD_GPU_IMAGE_OK if memory ran out.
 */
struct road_gpu_module *road_gpu_module_load(const void *image, size_t bytes,
					     struct road_gpu_image_fault *fault);
void road_gpu_module_free(struct road_gpu_module *module);

/* The kernel whose entry lies at this offset of the image, or NULL. */
const struct road_gpu_code *road_gpu_module_kernel(const struct road_gpu_module *module,
						   uint64_t offset);

/* An opcode's name as in ops.def, for traces; "?" if there is no such opcode. */
const char *road_gpu_op_name(unsigned op);

#endif
