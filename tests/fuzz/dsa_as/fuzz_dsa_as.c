/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: errors, or a program whose image is taken, checked, and comes back from its text. */
#include "tests/fuzz/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/asm.h"
#include "tools/dsa/check.h"
#include "tools/dsa/dis.h"
#include "tools/dsa/elf_image.h"
#include "tools/dsa/listing.h"

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void *image_of(const struct dsa_program *program, size_t *bytes)
{
	struct dsa_messages messages = {0};
	void *image;

	must(!dsa_elf_write(program, &image, bytes, &messages), "no image");
	return image;
}

/* The text of the program makes the same image. */
static void come_back(const struct dsa_program *program, const void *image, size_t bytes)
{
	struct dsa_messages messages = {0};
	struct dsa_program again = {0};
	size_t text_bytes, second_bytes;
	char *text;
	FILE *file = open_memstream(&text, &text_bytes);
	void *second;

	dsa_disassemble(program, file);
	fclose(file);
	must(!dsa_assemble(text, text_bytes, NULL, 0, &again, &messages), "its text is refused");
	second = image_of(&again, &second_bytes);
	must(second_bytes == bytes && !memcmp(image, second, bytes), "its text is another image");
	dsa_program_free(&again);
	free(second);
	free(text);
}

static void use(const struct dsa_program *program, const uint8_t *data, size_t size)
{
	const struct dsa_check_limits limits = {{1024, 1024, 4096, 4096, 4096, 64}, 4};
	struct dsa_messages messages = {0};
	struct dsa_program read = {0};
	size_t bytes, listing_bytes;
	void *image = image_of(program, &bytes);
	char *listing = dsa_listing(program, (const char *)data, size, &listing_bytes);

	free(listing);
	must(!dsa_elf_read(image, bytes, &read, &messages), "its image is refused");
	dsa_check(&read, &limits, &messages);
	come_back(&read, image, bytes);
	dsa_program_free(&read);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dsa_define define = {"N", 7};
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};

	if (dsa_assemble((const char *)data, size, &define, 1, &program, &messages))
		must(messages.count && messages.list[0].what[0], "no reason");
	else
		use(&program, data, size);
	dsa_program_free(&program);
	return 0;
}
