/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of PTX, and where they came from if the compiler said so (.file and .loc). */
#ifndef TOOLS_ROADBED_SOURCE_H
#define TOOLS_ROADBED_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source_line {
	char *text;       /* white space is single blanks, none around it */
	const char *file; /* of what it was compiled from, without folders; NULL: unknown */
	uint32_t line;    /* there */
};

struct source {
	struct source_line *lines; /* of line 1 first */
	uint32_t count;
	char **files; /* by number */
	uint32_t file_count;
};

/* Empty if the bytes are no text. `bytes` must have a 0 behind them (file_read()). */
void source_read(const char *data, size_t bytes, struct source *out);
void source_free(struct source *source);
/* Line `number`, from 1; NULL: it has no such line. */
const struct source_line *source_line(const struct source *source, uint32_t number);

#endif
