/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a trace: it is refused with line and column, or what was read can be written, and is
 * then read as the same. */
#include <stdlib.h>
#include <string.h>

#include "hal/bus/trace.h"
#include "hal/core/error.h"
#include "tests/fuzz/reader.h"

static void check(int fine)
{
	if (!fine)
		abort();
}

static char *print(const struct road_trace *trace, size_t *bytes)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, bytes);

	check(file && road_trace_print_head(file, trace));
	for (size_t i = 0; i < trace->event_count; i++) {
		const struct road_trace_event *event = &trace->events[i];

		road_trace_print_event(file, event);
		for (size_t j = 0; j < event->piece_count; j++) {
			const struct road_trace_piece *piece = &trace->pieces[event->piece + j];

			road_trace_print_piece(file, piece->offset, trace->bytes + piece->at,
					       piece->bytes);
		}
		fputc('\n', file);
	}
	check(!fclose(file));
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct road_trace first, again;
	road_error error = {.size = sizeof(error)};
	size_t bytes, bytes_again;

	if (road_trace_parse((const char *)data, size, &first)) {
		check(!road_last_error(&error) && strstr(error.where, "trace, line "));
		check(!first.events && !first.pieces && !first.bytes);
		return 0;
	}
	char *text = print(&first, &bytes);

	check(!road_trace_parse(text, bytes, &again));
	char *text_again = print(&again, &bytes_again);

	check(bytes == bytes_again && !memcmp(text, text_again, bytes));
	free(text_again);
	free(text);
	road_trace_free(&first);
	road_trace_free(&again);
	return 0;
}
