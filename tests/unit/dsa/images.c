/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dsa/images.h"

#include <stdlib.h>
#include <string.h>

#include "tools/dsa/asm.h"
#include "tools/dsa/elf_image.h"

static const char source[] = ".data\n"
			     "a: .word 1, 2\n"
			     "b: .byte 3\n"
			     ".pads UB=1024\n"
			     ".kernel first arguments=16\n"
			     "again: ldarg.u64 x1, [8]\n"
			     " loop x1, again\n"
			     " end\n"
			     ".end\n"
			     ".kernel second arguments=0 cooperative\n"
			     " jump out\n"
			     "out: end\n"
			     ".end\n";

unsigned char *images_good(size_t *bytes)
{
	struct dsa_program program = {0};
	struct dsa_messages messages = {0};
	void *image = NULL;

	if (dsa_assemble(source, sizeof(source) - 1, NULL, 0, &program, &messages) ||
	    dsa_elf_write(&program, &image, bytes, &messages))
		abort(); /* the tests' own source */
	dsa_program_free(&program);
	return image;
}

static bool same_bytes(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	return a_bytes == b_bytes && (!a_bytes || !memcmp(a, b, a_bytes));
}

static bool same_names(const struct dsa_program *p, const struct images_content *seen)
{
	if (p->variable_count != seen->object_count)
		return false;
	for (uint32_t i = 0; i < p->kernel_count; i++)
		if (strcmp(p->kernels[i].name, seen->kernel_name(seen->reader, i)) != 0)
			return false;
	for (uint32_t i = 0; i < p->variable_count; i++)
		if (strcmp(p->variables[i].name, seen->object_name(seen->reader, i)) != 0 ||
		    p->variables[i].offset != seen->object_offset(seen->reader, i))
			return false;
	return true;
}

static bool same_kernels(const struct dsa_program *p, const struct images_content *seen)
{
	const struct road_dsa_kernel *kernels = seen->kernels;

	if (p->kernel_count != seen->kernel_count)
		return false;
	for (uint32_t i = 0; i < p->kernel_count; i++)
		if (memcmp(&p->kernels[i].entry, &kernels[i], sizeof(kernels[i])) != 0)
			return false;
	return true;
}

bool images_compare(const void *bytes, size_t count, const struct images_content *seen, bool *same)
{
	struct dsa_program p = {0};
	struct dsa_messages messages = {0};
	bool accepted = !dsa_elf_read(bytes, count, &p, &messages);

	*same = accepted && same_kernels(&p, seen) && same_names(&p, seen) &&
		same_bytes(p.words, (size_t)p.word_count * sizeof(*p.words), seen->words,
			   seen->word_count * sizeof(*p.words)) &&
		same_bytes(p.data, p.data_bytes, seen->data, seen->data_bytes);
	dsa_program_free(&p);
	return accepted;
}
