/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the DSA in memory: what an image file holds. The assembler, the builder and the ELF
 * reader make one; the disassembler, the checker and the ELF writer read it.
 */
#ifndef TOOLS_DSA_PROGRAM_H
#define TOOLS_DSA_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/dsa/image.h"
#include "uapi/dsa/isa.h"

/* What is wrong, where, the value seen, the value allowed; "" where it does not apply. */
struct dsa_message {
	unsigned line, column; /* from 1; 0: does not apply */
	char what[160];
	char seen[96];
	char allowed[256];
};
#define DSA_MESSAGES_MAX 32u
/* The first messages; `total` counts those that had no room, too. */
struct dsa_messages {
	struct dsa_message list[DSA_MESSAGES_MAX];
	unsigned count, total;
};
/* Answers -1, so that callers can return it. Texts are cut. `seen` is given by its length. */
int dsa_messages_add(struct dsa_messages *messages, unsigned line, unsigned column,
		     const char *what, const char *seen, size_t seen_bytes, const char *allowed);
__attribute__((format(printf, 5, 6))) int dsa_messages_format(struct dsa_messages *messages,
							      unsigned line, unsigned column,
							      const char *seen, const char *format,
							      ...);

#define DSA_NAME_MAX  255u /* bytes of a name */
#define DSA_WORDS_MAX (ROAD_DSA_IMAGE_MAX / (uint32_t)sizeof(struct road_dsa_word) / 2)
#define DSA_DATA_MAX  (ROAD_DSA_IMAGE_MAX / 4)

struct dsa_kernel {
	char *name;
	struct road_dsa_kernel entry;
};

struct dsa_variable { /* a name in the data */
	char *name;
	uint32_t offset, bytes;
};

struct dsa_program {
	struct road_dsa_word *words;
	uint32_t *lines; /* source line of each word */
	uint32_t word_count, word_room;
	struct dsa_kernel *kernels;
	uint32_t kernel_count, kernel_room;
	struct dsa_variable *variables;
	uint32_t variable_count, variable_room;
	uint8_t *data;
	uint32_t data_bytes, data_room;
	uint32_t pads[ROAD_DSA_PADS]; /* bytes that it was written for; 0: any */
	bool has_lines;
};

/* All 0 is an empty program. These answer false without host memory, or beyond the limits of
 * images; the program is unchanged then. Names are copied. */
bool dsa_program_add_word(struct dsa_program *program, const struct road_dsa_word *word,
			  uint32_t line);
bool dsa_program_add_kernel(struct dsa_program *program, const char *name, size_t name_bytes,
			    const struct road_dsa_kernel *entry);
bool dsa_program_add_variable(struct dsa_program *program, const char *name, size_t name_bytes,
			      uint32_t offset, uint32_t bytes);
/* NULL bytes: zeros. */
bool dsa_program_add_data(struct dsa_program *program, const void *bytes, size_t count);
void dsa_program_free(struct dsa_program *program);

#endif
