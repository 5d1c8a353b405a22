/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/source.h"

#include "tools/roadbed/tool.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 65536u /* numbers of .file beyond are not looked at */

/* Without the white space around it; inside it shrinks to blanks. */
static char *copy_trimmed(const char *text, size_t bytes)
{
	static const char space[] = " \t\r\v\f";
	char *copy;

	while (bytes && strchr(space, *text)) {
		text++;
		bytes--;
	}
	while (bytes && strchr(space, text[bytes - 1]))
		bytes--;
	copy = strndup(text, bytes);
	if (!copy)
		tool_no_memory();
	char *to = copy;

	for (const char *at = copy; *at; at++) /* a blank for each stretch of them */
		if (!strchr(space, *at))
			*to++ = *at;
		else if (!strchr(space, at[1]))
			*to++ = ' ';
	*to = 0;
	return copy;
}

/* `.NAME number`, as PTX writes it: what stands behind, or NULL. */
static const char *directive(const char *text, const char *name, uint32_t *number)
{
	size_t bytes = strlen(name);
	char *end;

	if (strncmp(text, name, bytes) != 0 || !text[bytes] || !strchr(" \t", text[bytes]))
		return NULL;
	unsigned long value = strtoul(text + bytes, &end, 10);

	if (end == text + bytes || value > UINT32_MAX)
		return NULL;
	*number = (uint32_t)value;
	return end;
}

/* .file 1 "folder/name", … */
static void note_file(struct source *source, const char *text)
{
	uint32_t number;
	const char *rest = directive(text, ".file", &number);
	const char *name = rest ? strchr(rest, '"') : NULL;
	const char *end = name ? strchr(name + 1, '"') : NULL;

	if (!end || number >= FILES_MAX)
		return;
	if (number >= source->file_count) {
		char **grown = realloc(source->files, (number + 1) * sizeof(*grown));

		if (!grown)
			tool_no_memory();
		for (uint32_t i = source->file_count; i <= number; i++)
			grown[i] = NULL;
		source->files = grown;
		source->file_count = number + 1;
	}
	for (const char *at = ++name; at < end; at++)
		if (*at == '/')
			name = at + 1;
	free(source->files[number]);
	source->files[number] = copy_trimmed(name, (size_t)(end - name));
}

/* A .loc holds up to the next one, or to the end of its function. Files may be named last. */
static void place_lines(struct source *source)
{
	uint32_t file = UINT32_MAX, line = 0;

	for (uint32_t i = 0; i < source->count; i++) {
		const char *text = source->lines[i].text, *rest;
		uint32_t number;

		rest = directive(text, ".loc", &number);
		if (rest) {
			file = number;
			line = (uint32_t)strtoul(rest, NULL, 10);
		} else if (strstr(text, ".entry") || strstr(text, ".func")) {
			file = UINT32_MAX;
		}
		if (file < source->file_count && source->files[file] && line) {
			source->lines[i].file = source->files[file];
			source->lines[i].line = line;
		}
	}
}

void source_read(const char *data, size_t bytes, struct source *out)
{
	size_t count = 1;

	*out = (struct source){0};
	if (memchr(data, 0, bytes))
		return;
	for (size_t i = 0; i < bytes; i++)
		count += data[i] == '\n';
	if (count > UINT32_MAX)
		return;
	out->lines = calloc(count, sizeof(*out->lines));
	if (!out->lines)
		tool_no_memory();
	for (const char *at = data; out->count < count; out->count++) {
		size_t length = strcspn(at, "\n");

		out->lines[out->count].text = copy_trimmed(at, length);
		note_file(out, out->lines[out->count].text);
		at += length + 1;
	}
	place_lines(out);
}

void source_free(struct source *source)
{
	for (uint32_t i = 0; i < source->count; i++)
		free(source->lines[i].text);
	for (uint32_t i = 0; i < source->file_count; i++)
		free(source->files[i]);
	free(source->lines);
	free(source->files);
	*source = (struct source){0};
}

const struct source_line *source_line(const struct source *source, uint32_t number)
{
	return number && number <= source->count ? &source->lines[number - 1] : NULL;
}
