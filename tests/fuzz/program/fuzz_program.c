/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of firmware. An odd first byte: the rest is text, which is an error or a payload that
 * chips read and that prints as text of the same payload. An even one: the rest is a payload for
 * the family of that number (halved), which is refused with a reason or prints as text that
 * compiles.
 */
#include "tests/fuzz/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/boot/program.h"
#include "tools/program/program.h"

static struct program program;

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* As text, and that text as a payload again. */
static void *there_and_back(const void *payload, size_t bytes, size_t *again_bytes)
{
	struct program_error error = {0};
	char *text = NULL;
	size_t text_bytes;
	FILE *to = open_memstream(&text, &text_bytes);
	void *again;

	must(to, "no memory");
	must(!program_print(payload, bytes, to, &error), "a sound payload does not print");
	fclose(to);
	must(!program_parse(text, text_bytes, &program, &error),
	     "what was printed does not compile");
	free(text);
	again = program_payload(&program, again_bytes);
	must(again, "no memory");
	return again;
}

static void try_text(const char *text, size_t bytes)
{
	struct program_error error = {0};
	struct sim_program_error why = {0};
	struct sim_program read;
	size_t payload_bytes, again_bytes;
	void *payload, *again;

	if (program_parse(text, bytes, &program, &error)) {
		must(error.what && error.allowed[0], "no reason");
		return;
	}
	payload = program_payload(&program, &payload_bytes);
	must(payload, "no memory");
	must(sim_program_read(payload, payload_bytes, program.head.family, &read, &why),
	     "chips do not read what was compiled");
	again = there_and_back(payload, payload_bytes, &again_bytes);
	must(again_bytes == payload_bytes && !memcmp(again, payload, again_bytes),
	     "another payload");
	free(again);
	free(payload);
}

static void try_payload(const uint8_t *data, size_t size, uint32_t family)
{
	struct sim_program_error why = {0};
	struct sim_program read, first;
	size_t again_bytes;

	if (!sim_program_read(data, size, family, &read, &why)) {
		must(why.what && why.allowed && why.at <= size, "no reason");
		return;
	}
	must(read.level < read.levels && read.levels <= ROAD_PROGRAM_LEVELS_MAX, "no level");
	must(read.text_at + read.text_bytes == size, "text beyond the payload");
	first = read;
	(void)sim_program_join(&first, &read, 4, &why);
	if (read.text_bytes < PROGRAM_TEXT_MAX / 2)
		free(there_and_back(data, size, &again_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (*data & 1)
		try_text((const char *)data + 1, size - 1);
	else
		try_payload(data + 1, size - 1, *data / 2);
	return 0;
}
