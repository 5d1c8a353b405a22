/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind `roadbed run`: kernel arguments, sizes of grids, addresses, options. */
#include <stdlib.h>

#include "tests/fuzz/reader.h"
#include "tools/roadbed/run_args.h"

#define FILL_MAX (UINT64_C(1) << 16)

static void ended(const struct tool_error *error)
{
	if (!error->what[0] || !memchr(error->what, 0, sizeof(error->what)) ||
	    !memchr(error->where, 0, sizeof(error->where)) ||
	    !memchr(error->seen, 0, sizeof(error->seen)) ||
	    !memchr(error->allowed, 0, sizeof(error->allowed)))
		abort();
}

/* Files are not opened: their names are anything, and their content is taken as it is. */
static void argument(const char *text)
{
	struct tool_error error;
	struct run_arg arg;
	void *data = NULL;

	if (run_arg_parse(text, 0, &arg, &error)) {
		ended(&error);
		return;
	}
	if (arg.form != RUN_IN && arg.bytes <= FILL_MAX) {
		if (run_arg_fill(&arg, &data, &error))
			ended(&error);
		else if (!data && (arg.form == RUN_IOTA || arg.form == RUN_RAND))
			abort();
	}
	free(data);
	run_arg_free(&arg);
}

static void other(const char *text)
{
	struct tool_error error;
	struct run_dim dim;
	char *address = NULL;

	if (run_dim_parse("--grid", text, &dim, &error))
		ended(&error);
	else if (!dim.x || !dim.y || !dim.z)
		abort();
	if (run_address_with("--trace", text, "time", "trace", &address, &error))
		ended(&error);
	free(address);
}

/* The text's words, as the shell would hand them over. */
static void options(char *text)
{
	bool json = false;
	const char *grid = NULL, *block = NULL;
	const struct tool_option known[] = {{"--json", &json, NULL},
					    {"--grid", NULL, &grid},
					    {"--block", NULL, &block},
					    {NULL, NULL, NULL}};
	struct tool_error error;
	char *words[33] = {NULL};
	int count = 0, left = 0;

	for (char *word = strtok(text, " "); word && count < 32; word = strtok(NULL, " "))
		words[count++] = word;
	if (tool_options(known, count, words, &left, &error))
		ended(&error);
	else if (left > count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	argument(text);
	other(text);
	options(text);
	free(text);
	return 0;
}
