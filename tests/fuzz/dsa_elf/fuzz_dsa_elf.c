/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: a reason, or a program that comes back from its text and from its own image. */
#include "tests/fuzz/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/asm.h"
#include "tools/dsa/check.h"
#include "tools/dsa/dis.h"
#include "tools/dsa/elf_image.h"

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void come_back(const struct dsa_program *program)
{
	struct dsa_messages messages = {0};
	struct dsa_program again = {0};
	size_t text_bytes, first_bytes, second_bytes;
	char *text;
	FILE *file = open_memstream(&text, &text_bytes);
	void *first, *second;

	dsa_disassemble(program, file);
	fclose(file);
	must(!dsa_assemble(text, text_bytes, NULL, 0, &again, &messages), "its text is refused");
	must(!dsa_elf_write(program, &first, &first_bytes, &messages), "no image");
	must(!dsa_elf_write(&again, &second, &second_bytes, &messages), "no second image");
	must(first_bytes == second_bytes && !memcmp(first, second, first_bytes), "another image");
	dsa_program_free(&again);
	free(first);
	free(second);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dsa_check_limits limits = {{1024, 1024, 4096, 4096, 4096, 64}, 4};
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};

	if (dsa_elf_read(data, size, &program, &messages)) {
		must(messages.count && messages.list[0].what[0], "no reason");
	} else {
		dsa_check(&program, &limits, &messages);
		come_back(&program);
	}
	dsa_program_free(&program);
	return 0;
}
