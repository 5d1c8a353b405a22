/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled module for the Roadbed GPGPU, little-endian, position independent.
 *
 *   header | kernels | code words | lines | branch tables | parameters | strings |
 *   data (initial bytes of global and constant variables) | symbols | relocations
 *
 * Every section is given by offset (from the header's start, 8-byte aligned, ascending in the
 * order above) and count; sections do not overlap and padding between them is zero. The driver
 * places [0, code_bytes) in device memory unchanged but for relocations, tells the chip to load it
 * (ROAD_GPU_PACKET_LOAD), and places `data` in memory of its own, since code is not writable.
 */
#ifndef UAPI_GPU_IMAGE_H
#define UAPI_GPU_IMAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_IMAGE_MAGIC     0x47425244u /* "DRBG" */
#define ROAD_GPU_IMAGE_VERSION   1u
#define ROAD_GPU_IMAGE_MAX_BYTES (256u << 20)

struct road_gpu_section {
	uint32_t offset; /* bytes from the header's start */
	uint32_t count;  /* elements, bytes for strings and data */
};

struct road_gpu_image {
	uint32_t magic;
	uint16_t version;
	uint16_t isa_version;
	uint32_t total_bytes; /* of the whole image */
	uint32_t code_bytes;  /* of the part that goes to device memory: up to the end of parameters
			       */
	struct road_gpu_section kernels;  /* struct road_gpu_kernel */
	struct road_gpu_section words;    /* struct road_gpu_word */
	struct road_gpu_section lines;    /* uint32_t note of each word; count = words.count */
	struct road_gpu_section branches; /* uint32_t word index within its kernel */
	struct road_gpu_section params;   /* struct road_gpu_param */
	struct road_gpu_section strings;  /* bytes; each string ends in 0; offset 0 is "" */
	struct road_gpu_section data;     /* bytes */
	struct road_gpu_section symbols;  /* struct road_gpu_symbol */
	struct road_gpu_section relocs;   /* struct road_gpu_reloc */
	uint32_t data_align;              /* power of two */
	uint32_t reserved;                /* 0 */
};

/* A word's note: its line of the source (0: of none), and where the word came from. */
#define ROAD_GPU_LINE_MASK  0x7fffffffu
#define ROAD_GPU_LINE_SPILL 0x80000000u /* load or store that register allocation put in */

/* The entry that a dispatch packet's kernel_object points to (its device address). 96 bytes. */
struct road_gpu_kernel {
	uint32_t name;       /* offset in strings */
	uint32_t first_word; /* index of the kernel's first word in `words`; also its entry */
	uint32_t word_count;
	uint32_t first_branch; /* index in `branches` */
	uint32_t branch_count;
	uint32_t first_param; /* index in `params` */
	uint32_t param_count;
	uint32_t param_bytes;  /* size of the argument block */
	uint32_t shared_bytes; /* static shared memory */
	uint32_t shared_align; /* of dynamic shared memory, which starts after the static part */
	uint32_t local_bytes;  /* local memory per lane, spills included; multiple of 16 */
	uint16_t regs;         /* 32-bit registers used: highest number + 1 */
	uint16_t preds;        /* predicates used */
	uint32_t max_threads;  /* of a workgroup; 0 = the chip's limit (.maxntid, .reqntid) */
	uint32_t reqd[3];      /* .reqntid, or 0 */
	uint32_t spill_bytes;  /* part of local_bytes that the compiler added */
	uint32_t flags;        /* ROAD_GPU_KERNEL_* */
	uint32_t error;        /* strings: why the kernel was refused ("" = usable) */
	uint32_t error_line;   /* source line of that, 0 if usable */
	uint32_t barriers;     /* named barriers used: highest number + 1 */
	uint32_t reserved[3];  /* 0 */
};
#define ROAD_GPU_KERNEL_REFUSED     0x1u /* not to be launched: see error; word_count is 0 */
#define ROAD_GPU_KERNEL_APPROXIMATE 0x2u /* uses an approximate function */
/* Grows a stack in local memory behind local_bytes; a launch that gives it no more has none. */
#define ROAD_GPU_KERNEL_STACK  0x4u
#define ROAD_GPU_KERNEL_PRINTS 0x8u /* has words that write records for the host (print.h) */

/* One kernel parameter in the argument block. */
struct road_gpu_param {
	uint32_t offset;
	uint32_t bytes;
	uint32_t align;
	uint32_t flags; /* ROAD_GPU_PARAM_* */
};
#define ROAD_GPU_PARAM_POINTER 0x1u /* 64-bit integer parameter: may be a device address */

/* A variable of the module: global or constant. */
struct road_gpu_symbol {
	uint32_t name;   /* offset in strings */
	uint32_t offset; /* in data */
	uint32_t bytes;
	uint32_t flags; /* ROAD_GPU_SYMBOL_* */
};
#define ROAD_GPU_SYMBOL_CONST   0x1u
#define ROAD_GPU_SYMBOL_VISIBLE 0x2u

/* Patch: value = device address of data + addend. */
struct road_gpu_reloc {
	uint32_t kind;  /* enum road_gpu_reloc_kind */
	uint32_t where; /* LO32, HI32: index in words (its imm is patched); ABS64: offset in data */
	int64_t addend;
};
enum road_gpu_reloc_kind {
	ROAD_GPU_RELOC_LO32,  /* imm = low 32 bits */
	ROAD_GPU_RELOC_HI32,  /* imm = high 32 bits */
	ROAD_GPU_RELOC_ABS64, /* 8 bytes in data */
	ROAD_GPU_RELOCS
};

#ifdef __cplusplus
}
#endif
#endif
