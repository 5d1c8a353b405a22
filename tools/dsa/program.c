/* SPDX-License-Identifier: Apache-2.0 */
/* Programs grow; messages are kept. */
#include "tools/dsa/program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void cut(char *out, size_t room, const char *text, size_t bytes)
{
	size_t kept = bytes < room ? bytes : room - 1;

	memcpy(out, text, kept);
	out[kept] = 0;
	if (kept < bytes)
		memcpy(out + room - 4, "...", 4);
}

int dsa_messages_add(struct dsa_messages *messages, unsigned line, unsigned column,
		     const char *what, const char *seen, size_t seen_bytes, const char *allowed)
{
	struct dsa_message *message;

	if (messages->total++ >= DSA_MESSAGES_MAX)
		return -1;
	message = &messages->list[messages->count++];
	message->line = line;
	message->column = column;
	cut(message->what, sizeof(message->what), what, strlen(what));
	cut(message->seen, sizeof(message->seen), seen, seen_bytes);
	cut(message->allowed, sizeof(message->allowed), allowed, strlen(allowed));
	return -1;
}

int dsa_messages_format(struct dsa_messages *messages, unsigned line, unsigned column,
			const char *seen, const char *format, ...)
{
	char what[160];
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	return dsa_messages_add(messages, line, column, what, seen, strlen(seen), "");
}

/* Room for `more` elements behind `count`, at most `max` in all. */
static bool grow(void **array, uint32_t count, uint32_t *room, size_t more, size_t size, size_t max)
{
	size_t wanted = *room ? *room : 16;
	void *larger;

	if (more > max || count > max - more)
		return false;
	if (count + more <= *room)
		return true;
	while (wanted < count + more)
		wanted *= 2;
	larger = realloc(*array, wanted * size);
	if (!larger)
		return false;
	*array = larger;
	*room = (uint32_t)wanted;
	return true;
}

bool dsa_program_add_word(struct dsa_program *program, const struct road_dsa_word *word,
			  uint32_t line)
{
	uint32_t lines_room = program->word_room;

	if (!grow((void **)&program->lines, program->word_count, &lines_room, 1,
		  sizeof(*program->lines), DSA_WORDS_MAX) ||
	    !grow((void **)&program->words, program->word_count, &program->word_room, 1,
		  sizeof(*program->words), DSA_WORDS_MAX))
		return false;
	program->lines[program->word_count] = line;
	program->words[program->word_count++] = *word;
	return true;
}

bool dsa_program_add_kernel(struct dsa_program *program, const char *name, size_t name_bytes,
			    const struct road_dsa_kernel *entry)
{
	struct dsa_kernel kernel = {strndup(name, name_bytes), *entry};

	if (!kernel.name || !grow((void **)&program->kernels, program->kernel_count,
				  &program->kernel_room, 1, sizeof(kernel), ROAD_DSA_KERNELS_MAX)) {
		free(kernel.name);
		return false;
	}
	program->kernels[program->kernel_count++] = kernel;
	return true;
}

bool dsa_program_add_variable(struct dsa_program *program, const char *name, size_t name_bytes,
			      uint32_t offset, uint32_t bytes)
{
	struct dsa_variable variable = {strndup(name, name_bytes), offset, bytes};

	if (!variable.name || !grow((void **)&program->variables, program->variable_count,
				    &program->variable_room, 1, sizeof(variable), DSA_WORDS_MAX)) {
		free(variable.name);
		return false;
	}
	program->variables[program->variable_count++] = variable;
	return true;
}

bool dsa_program_add_data(struct dsa_program *program, const void *bytes, size_t count)
{
	if (!grow((void **)&program->data, program->data_bytes, &program->data_room, count, 1,
		  DSA_DATA_MAX))
		return false;
	if (bytes && count)
		memcpy(program->data + program->data_bytes, bytes, count);
	else if (count)
		memset(program->data + program->data_bytes, 0, count);
	program->data_bytes += (uint32_t)count;
	return true;
}

void dsa_program_free(struct dsa_program *program)
{
	for (uint32_t i = 0; i < program->kernel_count; i++)
		free(program->kernels[i].name);
	for (uint32_t i = 0; i < program->variable_count; i++)
		free(program->variables[i].name);
	free(program->kernels);
	free(program->variables);
	free(program->words);
	free(program->lines);
	free(program->data);
	memset(program, 0, sizeof(*program));
}
