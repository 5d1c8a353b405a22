/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: which built-in kernels there are. No register says it, so a text does:
 *
 *	almaif-kernels 1
 *	NAME NUMBER ARGUMENTS
 *	end
 *
 * ARGUMENTS has a letter for each word, in order: `a` an address, `v` a value; `-` for none. NUMBER
 * is decimal or 0x. Lines that begin with # and empty ones are skipped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/almaif/almaif.h"

#define FIRST_LINE   "almaif-kernels 1"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

enum { KERNELS_MAX = 1024, LINE_MAX_BYTES = 200, GROUP_MAX = 0xffff };

struct almaif_image {
	uint32_t count;
	struct almaif_kernel kernels[KERNELS_MAX];
};

struct text {
	const char *at, *end;
	uint32_t line;
	char *log; /* NULL: nobody asks */
	uint64_t log_bytes;
	char words[LINE_MAX_BYTES]; /* of the line, terminated */
};

static road_status invalid(const struct text *text, const char *why)
{
	if (text->log)
		snprintf(text->log, text->log_bytes, "line %u: %s\n", text->line, why);
	return road_drv_errorf(ROAD_IMAGE_INVALID, "almaif image", "line %u: %s", text->line, why);
}

/* The next line that says something. */
static road_status next_line(struct text *text)
{
	do {
		const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
		size_t bytes = end ? (size_t)(end - text->at) : 0;

		text->line++;
		if (!end)
			return invalid(text, "ends without a new line; the last line is `end`");
		if (bytes >= sizeof(text->words) || memchr(text->at, 0, bytes))
			return invalid(text, "longer than 199 bytes, or with a zero byte");
		memcpy(text->words, text->at, bytes);
		text->words[bytes] = 0;
		text->at = end + 1;
	} while (!text->words[0] || text->words[0] == '#');
	return ROAD_OK;
}

static const struct almaif_kernel *find(const struct almaif_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->count; i++)
		if (!strcmp(image->kernels[i].name, name))
			return &image->kernels[i];
	return NULL;
}

static bool take_arguments(const char *letters, struct almaif_kernel *out)
{
	size_t count = strlen(letters);

	if (!strcmp(letters, "-"))
		return true;
	if (count > ALMAIF_ARGUMENTS_MAX || strspn(letters, "av") != count)
		return false;
	for (size_t i = 0; i < count; i++)
		out->addresses |= (letters[i] == 'a' ? 1u : 0u) << i;
	out->arguments = (uint32_t)count;
	return count;
}

static road_status take_kernel(struct text *text, struct almaif_image *image)
{
	char name[ALMAIF_NAME_MAX], number[32], letters[32], more[2], *number_end = NULL;
	struct almaif_kernel *out = &image->kernels[image->count];

	if (sscanf(text->words, "%63s %31s %31s %1s", name, number, letters, more) != 3)
		return invalid(text, "not NAME NUMBER ARGUMENTS");
	if (image->count == KERNELS_MAX)
		return invalid(text, "more than 1024 kernels");
	if (name[strspn(name, NAME_LETTERS)])
		return invalid(text, "a name is 1 to 63 letters, digits, _ and .");
	if (find(image, name))
		return invalid(text, "a kernel of this name is there already");
	out->number = strtoull(number, &number_end, 0);
	if (*number < '0' || *number > '9' || *number_end)
		return invalid(text, "the kernel's number is not one");
	if (!take_arguments(letters, out))
		return invalid(text, "arguments are up to 16 of a and v, or -");
	snprintf(out->name, sizeof(out->name), "%s", name);
	image->count++;
	return ROAD_OK;
}

static road_status parse(struct text *text, struct almaif_image *image)
{
	road_status status = next_line(text);

	if (!status && strcmp(text->words, FIRST_LINE))
		return invalid(text, "the first line is not `" FIRST_LINE "`");
	while (!status) {
		status = next_line(text);
		if (status || !strcmp(text->words, "end"))
			break;
		status = take_kernel(text, image);
	}
	if (!status && text->at != text->end)
		return invalid(text, "there is more behind `end`");
	return status;
}

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	struct text text = {.at = bytes, .end = (const char *)bytes + byte_count};
	struct almaif_image *own = calloc(1, sizeof(*own));
	road_status status;

	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the image", "almaif",
				      NULL, NULL);
	if (options && options->log && options->log_bytes) {
		text.log = options->log;
		text.log_bytes = options->log_bytes;
		*text.log = 0;
	}
	status = parse(&text, own);
	if (status)
		free(own);
	else
		image->data = own;
	return status;
}

static void unload(struct road_drv_image *image)
{
	free(image->data);
}

static const char *kernel_name(struct road_drv_image *image, uint32_t index)
{
	const struct almaif_image *own = image->data;

	return index < own->count ? own->kernels[index].name : NULL;
}

/* All arguments are words: one table serves all kernels. */
#define ARGUMENT(i)                                                                     \
	{                                                                               \
		.size = sizeof(struct road_argument_info), .offset = (i)*8, .bytes = 8, \
		.alignment = 8                                                          \
	}
static const struct road_argument_info arguments[ALMAIF_ARGUMENTS_MAX] = {
	ARGUMENT(0),  ARGUMENT(1),  ARGUMENT(2),  ARGUMENT(3),  ARGUMENT(4),  ARGUMENT(5),
	ARGUMENT(6),  ARGUMENT(7),  ARGUMENT(8),  ARGUMENT(9),  ARGUMENT(10), ARGUMENT(11),
	ARGUMENT(12), ARGUMENT(13), ARGUMENT(14), ARGUMENT(15),
};

static road_status kernel(struct road_drv_kernel *kernel, const char *name)
{
	const struct almaif_kernel *found = find(kernel->image->data, name);

	if (!found)
		return road_drv_error(ROAD_NOT_FOUND, "no such kernel in the image",
				      "road_image_kernel: name", name, NULL);
	kernel->data = (void *)(uintptr_t)found; /* never written through */
	kernel->arguments = arguments;
	snprintf(kernel->info.name, sizeof(kernel->info.name), "%s", found->name);
	kernel->info.threads_max = GROUP_MAX;
	kernel->info.argument_count = found->arguments;
	kernel->info.argument_bytes = found->arguments * 8;
	return ROAD_OK;
}

static bool fits(uint32_t groups, uint32_t items)
{
	return items <= GROUP_MAX && (uint64_t)groups * items <= UINT32_MAX;
}

/* What a packet has no room for. */
static road_status check_launch(const struct road_cmd_launch *launch)
{
	const road_dim3 *grid = &launch->grid, *block = &launch->block;

	if (!fits(grid->x, block->x) || !fits(grid->y, block->y) || !fits(grid->z, block->z))
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_list_launch",
				       "%ux%ux%u workgroups of %ux%ux%u; a workgroup has at most "
				       "65535 work-items a side, the grid 4294967295",
				       grid->x, grid->y, grid->z, block->x, block->y, block->z);
	if (launch->shared_bytes)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_list_launch: shared_bytes",
				       "%u; built-in kernels share no memory: 0",
				       launch->shared_bytes);
	return ROAD_OK;
}

const struct road_image_ops almaif_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = kernel,
	.check_launch = check_launch,
};
