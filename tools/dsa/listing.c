/* SPDX-License-Identifier: Apache-2.0 */
/* Line number, word's number, its bytes as two numbers, the source's line. */
#include "tools/dsa/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_line(FILE *out, unsigned number, const char *text, size_t bytes)
{
	fprintf(out, "  %5u  %.*s\n", number, (int)bytes, text);
}

static void print_word(FILE *out, uint32_t index, const struct road_dsa_word *word)
{
	uint64_t halves[2];

	memcpy(halves, word, sizeof(halves));
	fprintf(out, "%6x  %016llx %016llx", index, (unsigned long long)halves[0],
		(unsigned long long)halves[1]);
}

static void print_words(FILE *out, const struct dsa_program *program, uint32_t *next,
			unsigned number, const char *text, size_t bytes)
{
	bool first = true;

	for (; *next < program->word_count && program->lines[*next] == number; (*next)++) {
		print_word(out, *next, &program->words[*next]);
		if (first)
			print_line(out, number, text, bytes);
		else
			fputc('\n', out);
		first = false;
	}
	if (first) {
		fprintf(out, "%41s", "");
		print_line(out, number, text, bytes);
	}
}

char *dsa_listing(const struct dsa_program *program, const char *text, size_t bytes, size_t *out)
{
	const char *at = text, *end = text + bytes;
	char *result = NULL;
	FILE *file = open_memstream(&result, out);
	uint32_t next = 0;

	if (!file)
		return NULL;
	for (unsigned number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t line = (size_t)((newline ? newline : end) - at);

		print_words(file, program, &next, number, at, line);
		at += line + (newline != NULL);
	}
	if (fclose(file)) {
		free(result);
		return NULL;
	}
	return result;
}
