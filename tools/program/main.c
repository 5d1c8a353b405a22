/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed-program: the payload of firmware for Roadbed's chips, from text and back. */
#include <stdlib.h>
#include <string.h>

#include "tools/program/words.h"
#include "tools/roadbed/files.h"

static const char usage[] =
	"usage:\n"
	"  roadbed-program PROGRAM -o PAYLOAD\n"
	"      compiles what the command processor of a Roadbed chip is to obey; the payload\n"
	"      is signed with `roadbed fw sign`. One statement a line, # begins a comment:\n"
	"        family gpu|dsa|rpu\n"
	"        protocol MIN MAX     that it speaks with its driver\n"
	"        quantum NS           how long a queue goes first among its equals; 0: one entry\n"
	"        opcode NAME VERSION  enabled; version 0, or no line: not\n"
	"        level CLOCK MW       a level of 1/1000 of the chip's clock and of power\n"
	"        use LEVEL            the level that it runs at, counted from 0\n"
	"        features BITS        that its hello tells\n"
	"        text …               a line for people\n"
	"  roadbed-program --print PAYLOAD\n"
	"      prints it as text that compiles to the same payload\n"
	"  roadbed-program --opcodes FAMILY\n"
	"      lists the opcodes of a family with their highest versions\n"
	"  roadbed-program --help | --version\n";

/* FILE:LINE: error: what; seen: …; allowed: … */
static int report(const char *file, const struct program_error *error)
{
	fputs(file, stderr);
	if (error->line)
		fprintf(stderr, ":%u", error->line);
	fprintf(stderr, ": error: %s", error->what);
	if (error->seen[0])
		fprintf(stderr, "; seen: %s", error->seen);
	fprintf(stderr, "; allowed: %s\n", error->allowed);
	return TOOL_FAILURE;
}

static int write_payload(const char *path, const void *payload, size_t bytes)
{
	struct file_set set = {0};
	struct tool_error error;
	int fd, result;

	result = file_add(&set, path, &fd, &error) ||
		 file_write(fd, path, payload, bytes, &error) || file_commit(&set, &error);
	file_abandon(&set);
	if (result)
		tool_error_print(&error);
	return result ? TOOL_FAILURE : TOOL_OK;
}

static int compile(const char *file, const char *text, size_t bytes, const char *path)
{
	struct program *program = malloc(sizeof(*program));
	struct program_error error;
	void *payload = NULL;
	size_t payload_bytes;
	int result;

	if (!program)
		tool_no_memory();
	if (program_parse(text, bytes, program, &error)) {
		result = report(file, &error);
	} else {
		payload = program_payload(program, &payload_bytes);
		if (!payload)
			tool_no_memory();
		result = write_payload(path, payload, payload_bytes);
	}
	free(payload);
	free(program);
	return result;
}

static int print(const char *file, const void *payload, size_t bytes)
{
	struct program_error error;

	return program_print(payload, bytes, stdout, &error) ? report(file, &error) : TOOL_OK;
}

static int list(const char *family)
{
	char names[1024];

	for (uint32_t i = 1; program_family_name(i); i++)
		if (!strcmp(program_family_name(i), family)) {
			program_opcode_names(i, names, sizeof(names));
			return puts(names) < 0 ? TOOL_FAILURE : TOOL_OK;
		}
	return tool_refuse(TOOL_USAGE, "--opcodes", "no such family", family, "gpu, dsa, rpu");
}

static int run(int argc, char **argv)
{
	const char *out = NULL, *payload = NULL, *family = NULL, *file;
	const struct tool_option options[] = {
		{"-o", NULL, &out},
		{"--print", NULL, &payload},
		{"--opcodes", NULL, &family},
		{NULL, NULL, NULL},
	};
	struct tool_error error;
	size_t bytes;
	void *data;
	int left, result;

	if (tool_options(options, argc, argv, &left, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if ((payload != NULL) + (family != NULL) + (out != NULL) != 1 || left != (out != NULL))
		return tool_refuse(TOOL_USAGE, "command line", "not one of the three forms",
				   left ? argv[0] : "",
				   "PROGRAM -o PAYLOAD, --print PAYLOAD, --opcodes FAMILY");
	if (family)
		return list(family);
	file = out ? argv[0] : payload;
	if (file_read(file, PROGRAM_TEXT_MAX, &data, &bytes, &error)) {
		tool_error_print(&error);
		return TOOL_FAILURE;
	}
	result = out ? compile(file, data, bytes, out) : print(file, data, bytes);
	free(data);
	return result;
}

int main(int argc, char **argv)
{
	int result;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0 || fflush(stdout) ? TOOL_FAILURE : TOOL_OK;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return printf("roadbed-program %s\n", ROADBED_VERSION) < 0 || fflush(stdout)
			       ? TOOL_FAILURE
			       : TOOL_OK;
	result = run(argc - 1, argv + 1);
	return result == TOOL_OK && fflush(stdout) ? TOOL_FAILURE : result;
}
