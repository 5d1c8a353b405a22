/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed-dis: an image of the DSA as text that assembles to the same image. */
#include "tools/dsa/dis.h"
#include "tools/dsa/elf_image.h"
#include "tools/dsa/front.h"
#include "tools/roadbed/files.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage:\n"
	"  roadbed-dis IMAGE\n"
	"      prints an ELF image of the DSA as text that roadbed-as makes the same image of\n"
	"  roadbed-dis --help | --version\n";

static int finished(int result)
{
	if (!fflush(stdout) && !ferror(stdout))
		return result;
	return tool_refuse(TOOL_FAILURE, "standard output", "cannot be written", "", "");
}

static int disassemble(const char *path)
{
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};
	struct tool_error error;
	int result = TOOL_FAILURE;
	size_t bytes;
	void *image;

	if (file_read(path, ROAD_DSA_IMAGE_MAX, &image, &bytes, &error)) {
		tool_error_print(&error);
		return TOOL_FAILURE;
	}
	if (dsa_elf_read(image, bytes, &program, &messages)) {
		front_messages(path, &messages, "error");
	} else {
		dsa_disassemble(&program, stdout);
		result = finished(TOOL_OK);
	}
	dsa_program_free(&program);
	free(image);
	return result;
}

int main(int argc, char **argv)
{
	struct tool_error error;
	struct tool_option none[] = {{NULL, NULL, NULL}};
	int left;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return finished(TOOL_OK);
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("roadbed-dis %s\n", ROADBED_VERSION);
		return finished(TOOL_OK);
	}
	if (tool_options(none, argc - 1, argv + 1, &left, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (left != 1)
		return tool_refuse(TOOL_USAGE, "command line", "not one image", left ? argv[2] : "",
				   "one IMAGE");
	return disassemble(argv[1]);
}
