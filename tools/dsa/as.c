/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed-as: assembles for the DSA. */
#include "tools/dsa/asm.h"
#include "tools/dsa/check.h"
#include "tools/dsa/device.h"
#include "tools/dsa/elf_image.h"
#include "tools/dsa/front.h"
#include "tools/dsa/listing.h"
#include "tools/roadbed/files.h"

#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage:\n"
	"  roadbed-as FILE [-o IMAGE] [--listing FILE] [--check] [--flags N]\n"
	"             [--pads L0A=BYTES,L0B=,L0C=,L1=,UB=,BT=] [--device ADDRESS]\n"
	"             [--define NAME=NUMBER,…]\n"
	"      assembles FILE into an ELF image (FILE's name with .elf)\n"
	"      --listing  writes each line with its words\n"
	"      --check    also looks for operands that leave the scratchpads of --pads or .pads,\n"
	"                 misaligned constants, tokens set and never awaited or the reverse,\n"
	"                 beyond --flags, code that is never reached, registers never written\n"
	"      --device   takes from a device (sim:dsa-small) what --pads and --flags do not give\n"
	"      --define   gives names that the source's .default then does not change\n"
	"  roadbed-as --help | --version\n";

#define DEFINES_MAX 64u

struct job {
	const char *source, *image, *listing, *pads, *flags, *defines, *device;
	bool check;
	struct dsa_define define[DEFINES_MAX];
	unsigned define_count;
	char *names; /* of the defines */
	uint32_t pad_bytes[ROAD_DSA_PADS];
	uint32_t flag_ids; /* 0: not given */
};

static int parse_define(struct job *job, char *text, struct tool_error *error)
{
	char *equals = strchr(text, '=');
	uint64_t value = 0;
	bool minus = equals && equals[1] == '-';
	const char *digits = equals ? equals + 1 + minus : "";

	if (!equals || equals == text || !tool_number(digits, strlen(digits), INT64_MAX, &value))
		return tool_error_set(error, "--define", "no number with a name", text,
				      "NAME=NUMBER,…");
	if (job->define_count == DEFINES_MAX)
		return tool_error_set(error, "--define", "too many names", text, "64");
	*equals = 0;
	job->define[job->define_count++] =
		(struct dsa_define){text, minus ? -(int64_t)value : (int64_t)value};
	return 0;
}

static int parse_defines(struct job *job, struct tool_error *error)
{
	char *at = job->names = strdup(job->defines);

	if (!at)
		tool_no_memory();
	while (*at) {
		char *comma = at + strcspn(at, ","), *next = comma + (*comma != 0);

		*comma = 0;
		if (parse_define(job, at, error))
			return -1;
		at = next;
	}
	return 0;
}

static int parse(struct job *job, int argc, char **argv, struct tool_error *error)
{
	const struct tool_option options[] = {
		{"-o", NULL, &job->image},        {"--listing", NULL, &job->listing},
		{"--check", &job->check, NULL},   {"--flags", NULL, &job->flags},
		{"--pads", NULL, &job->pads},     {"--define", NULL, &job->defines},
		{"--device", NULL, &job->device}, {NULL, NULL, NULL},
	};
	uint64_t ids;
	int left;

	if (tool_options(options, argc, argv, &left, error))
		return -1;
	if (left != 1)
		return tool_error_set(error, "command line", "not one source file",
				      left ? argv[1] : "", "one FILE");
	job->source = argv[0];
	if (job->pads && front_pads(job->pads, job->pad_bytes, error))
		return -1;
	if (job->flags && (!tool_number(job->flags, strlen(job->flags), 256, &ids) || !ids))
		return tool_error_set(error, "--flags", "no number of token ids", job->flags,
				      "1 to 256");
	job->flag_ids = job->flags ? (uint32_t)ids : 0;
	return job->defines ? parse_defines(job, error) : 0;
}

/* FILE.s -> FILE.elf */
static char *image_name(const char *source)
{
	const char *slash = strrchr(source, '/'), *dot = strrchr(source, '.');
	size_t stem = dot && (!slash || dot > slash + 1) ? (size_t)(dot - source) : strlen(source);
	char *name = malloc(stem + sizeof(".elf"));

	if (!name)
		tool_no_memory();
	memcpy(name, source, stem);
	memcpy(name + stem, ".elf", sizeof(".elf"));
	return name;
}

static int write_all(const struct job *job, const char *path, const struct dsa_program *program,
		     const char *text, size_t bytes, const void *image, size_t image_bytes,
		     struct tool_error *error)
{
	struct file_set set = {0};
	char *listing = NULL;
	size_t listing_bytes;
	int fd, result;

	result =
		file_add(&set, path, &fd, error) || file_write(fd, path, image, image_bytes, error);
	if (!result && job->listing) {
		listing = dsa_listing(program, text, bytes, &listing_bytes);
		if (!listing)
			tool_no_memory();
		result = file_add(&set, job->listing, &fd, error) ||
			 file_write(fd, job->listing, listing, listing_bytes, error);
	}
	if (!result)
		result = file_commit(&set, error);
	file_abandon(&set);
	free(listing);
	return result ? -1 : 0;
}

/* The sizes of the command line stand before those of the source, these before the device's; the
 * image has the source's. 0, or -1: the device cannot be asked. */
static int check(const struct job *job, const struct dsa_program *program,
		 struct dsa_messages *messages, struct tool_error *error)
{
	struct dsa_check_limits limits = {.flags = job->flag_ids};

	if (!job->check)
		return 0;
	for (unsigned i = 0; i < ROAD_DSA_PADS; i++)
		limits.pads[i] = job->pad_bytes[i] ? job->pad_bytes[i] : program->pads[i];
	if (job->device && device_limits(job->device, &limits, error))
		return -1;
	dsa_check(program, &limits, messages);
	return 0;
}

static int assemble(const struct job *job, const char *path, const char *text, size_t bytes,
		    struct tool_error *error)
{
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};
	int result = TOOL_FAILURE;
	void *image = NULL;
	size_t image_bytes;

	if (dsa_assemble(text, bytes, job->define, job->define_count, &program, &messages)) {
		front_messages(job->source, &messages, "error");
	} else if (check(job, &program, &messages, error)) {
		tool_error_print(error);
	} else if (messages.total) {
		front_messages(job->source, &messages, "check");
	} else if (dsa_elf_write(&program, &image, &image_bytes, &messages)) {
		front_messages(job->source, &messages, "error");
	} else if (write_all(job, path, &program, text, bytes, image, image_bytes, error)) {
		tool_error_print(error);
	} else {
		result = TOOL_OK;
	}
	free(image);
	dsa_program_free(&program);
	return result;
}

int main(int argc, char **argv)
{
	struct tool_error error;
	struct job job = {0};
	int result = TOOL_USAGE;
	size_t bytes;
	void *text;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0 || fflush(stdout) ? TOOL_FAILURE : TOOL_OK;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return printf("roadbed-as %s\n", ROADBED_VERSION) < 0 || fflush(stdout)
			       ? TOOL_FAILURE
			       : TOOL_OK;
	if (parse(&job, argc - 1, argv + 1, &error)) {
		tool_error_print(&error);
	} else if (file_read(job.source, DSA_SOURCE_MAX, &text, &bytes, &error)) {
		tool_error_print(&error);
		result = TOOL_FAILURE;
	} else {
		char *path = job.image ? strdup(job.image) : image_name(job.source);

		if (!path)
			tool_no_memory();
		result = assemble(&job, path, text, bytes, &error);
		free(path);
		free(text);
	}
	free(job.names);
	return result;
}
