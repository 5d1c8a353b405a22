/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the Roadbed DSA: what lies in files (ELF), and what the chip is given (a code block).
 *
 * A file is an ELF64 object (ET_REL), little-endian, e_machine ROAD_DSA_ELF_MACHINE, e_flags the
 * instruction set's version. It has no program headers; its sections, which do not overlap, are:
 *
 *	.text			instruction words (SHT_PROGBITS, alloc, exec), 16-byte aligned
 *	.data			bytes of variables (SHT_PROGBITS, alloc, write); may be absent
 *	.roadbed.kernels	struct road_dsa_kernel each, in the order of their words
 *	.roadbed.lines		uint32_t source line of each word; may be absent
 *	.symtab, .strtab	kernels as STT_FUNC (value: offset in .text, size in bytes, section
 *				.text), variables as STT_OBJECT (offset in .data), these ascending,
 *				each up to the next or the end of .data
 *	.note.roadbed		one note, name "Roadbed", type ROAD_DSA_NOTE, descriptor a
 *				struct road_dsa_note
 *	.shstrtab		the sections' names
 *
 * Names are words of letters, digits and _, each once. A kernel of .roadbed.kernels belongs to the
 * STT_FUNC symbol of the same value; both stand in the same order.
 *
 * The driver makes a code block of it, puts that into device memory, and tells the chip to load it
 * (ROAD_DSA_WORK_LOAD), which checks all of it:
 *
 *	struct road_dsa_code | kernels | words | lines
 *
 * without gaps, each part as the header counts it; lines are as many as words, or none.
 */
#ifndef UAPI_DSA_IMAGE_H
#define UAPI_DSA_IMAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_DSA_ELF_MACHINE   0xd5a0u /* in no one's list of machines */
#define ROAD_DSA_NOTE_NAME     "Roadbed"
#define ROAD_DSA_NOTE          1u
#define ROAD_DSA_IMAGE_MAX     (64u << 20) /* bytes of a file, and of a code block */
#define ROAD_DSA_ARGUMENTS_MAX 4096u
#define ROAD_DSA_KERNELS_MAX   4096u

struct road_dsa_note {
	uint32_t isa_version;
	uint32_t flags;    /* 0 */
	uint32_t pads[6];  /* bytes of each scratchpad that the code was written for; 0: any */
	uint64_t reserved; /* 0 */
};

/* A kernel, in files and in code blocks alike. 32 bytes. */
struct road_dsa_kernel {
	uint32_t first_word;     /* index in the words; also its entry */
	uint32_t word_count;     /* at least 1; kernels hold all words, in order, without gaps */
	uint32_t argument_bytes; /* a multiple of 8 */
	uint32_t flags;          /* ROAD_DSA_KERNEL_* */
	uint32_t reserved[4];
};
#define ROAD_DSA_KERNEL_COOPERATIVE 0x1u /* uses cross-core flags: only cooperative tasks */

struct road_dsa_code {
	uint32_t magic;   /* ROAD_DSA_CODE_MAGIC */
	uint16_t version; /* ROAD_DSA_CODE_VERSION */
	uint16_t isa_version;
	uint32_t total_bytes;
	uint32_t kernel_count;
	uint32_t word_count;
	uint32_t line_count; /* word_count or 0 */
	uint64_t reserved;   /* 0 */
};
#define ROAD_DSA_CODE_MAGIC   0x43425244u /* "DRBC" */
#define ROAD_DSA_CODE_VERSION 1u

#ifdef __cplusplus
}
#endif
#endif
