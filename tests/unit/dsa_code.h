/* SPDX-License-Identifier: Apache-2.0 */
/* Source for a DSA as a code block that LOAD takes, for tests that are its driver. */
#ifndef TESTS_UNIT_DSA_CODE_H
#define TESTS_UNIT_DSA_CODE_H

#include <stdio.h>
#include <string.h>

#include "tools/dsa/asm.h"
#include "tools/dsa/elf_image.h"
#include "uapi/dsa/image.h"

/* The image's words as the driver makes a code block of them; returns its bytes, 0: the source is
 * not sound. */
static inline uint64_t dsa_code_write(const char *source, uint8_t *at)
{
	struct dsa_program program = {0};
	struct dsa_messages messages = {0};

	if (dsa_assemble(source, strlen(source), NULL, 0, &program, &messages)) {
		fprintf(stderr, "%s\n", messages.count ? messages.list[0].what : "source");
		return 0;
	}
	struct road_dsa_code code = {.magic = ROAD_DSA_CODE_MAGIC,
				     .version = ROAD_DSA_CODE_VERSION,
				     .isa_version = ROAD_DSA_ISA_VERSION,
				     .kernel_count = program.kernel_count,
				     .word_count = program.word_count};
	uint64_t bytes = sizeof(code);

	for (uint32_t i = 0; i < program.kernel_count; i++, bytes += sizeof(struct road_dsa_kernel))
		memcpy(at + bytes, &program.kernels[i].entry, sizeof(struct road_dsa_kernel));
	memcpy(at + bytes, program.words, program.word_count * sizeof(*program.words));
	bytes += program.word_count * sizeof(*program.words);
	code.total_bytes = (uint32_t)bytes;
	memcpy(at, &code, sizeof(code));
	dsa_program_free(&program);
	return bytes;
}

#endif
