/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void sim_say(struct sim_text *text, const char *format, ...)
{
	size_t room = text->used < text->bytes ? text->bytes - text->used : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? text->out + text->used : NULL, room, format, args);
	va_end(args);
	if (n > 0)
		text->used += (size_t)n;
}

void sim_say_share(struct sim_text *text, const char *name, uint64_t part, uint64_t whole)
{
	uint64_t permille = whole ? (uint64_t)((unsigned __int128)part * 1000 / whole) : 0;

	sim_say(text, "\"%s\":%" PRIu64 ".%03" PRIu64, name, permille / 1000, permille % 1000);
}
