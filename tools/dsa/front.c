/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/dsa/front.h"

#include <stdio.h>
#include <string.h>

#include "tools/dsa/syntax.h"

static void print_message(const char *file, const struct dsa_message *message, const char *kind)
{
	fputs(file, stderr);
	if (message->line)
		fprintf(stderr, ":%u", message->line);
	if (message->column)
		fprintf(stderr, ":%u", message->column);
	fprintf(stderr, ": %s: %s", kind, message->what);
	if (message->seen[0])
		fprintf(stderr, "; seen: %s", message->seen);
	if (message->allowed[0])
		fprintf(stderr, "; allowed: %s", message->allowed);
	fputc('\n', stderr);
}

void front_messages(const char *file, const struct dsa_messages *messages, const char *kind)
{
	for (unsigned i = 0; i < messages->count; i++)
		print_message(file, &messages->list[i], kind);
	if (messages->total > messages->count)
		fprintf(stderr, "%s: %s: and %u more\n", file, kind,
			messages->total - messages->count);
}

int front_pads(const char *text, uint32_t pads[ROAD_DSA_PADS], struct tool_error *error)
{
	while (*text) {
		size_t name = strcspn(text, "="), whole = strcspn(text, ",");
		int pad = dsa_name_find(dsa_syntax_pads, ROAD_DSA_PADS, text, name);
		uint64_t bytes;
		char seen[64];

		snprintf(seen, sizeof(seen), "%.*s", (int)whole, text);
		if (name >= whole || pad < 0 ||
		    !tool_number(text + name + 1, whole - name - 1, UINT32_MAX, &bytes))
			return tool_error_set(error, "--pads", "no size of a scratchpad", seen,
					      "L0A=BYTES,L0B=,L0C=,L1=,UB=,BT=");
		pads[pad] = (uint32_t)bytes;
		text += whole + (text[whole] == ',');
	}
	return 0;
}
