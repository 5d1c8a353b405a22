/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/images.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/gpu/ptx/ptx.h"

enum { COUNT_MAX = 255, TEXT_MAX = 1 << 20 };

static struct {
	void *bytes;
	size_t count;
} images[COUNT_MAX];
static uint32_t count;

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The corpus's first byte chooses the compiler's options; here they are always the same. */
static void compile(const char *name)
{
	const struct road_ptx_options options = {.optimise = 1};
	struct road_ptx_error error;
	char path[4096], *text = malloc(TEXT_MAX);

	snprintf(path, sizeof(path), "%s/%s", PTX_CORPUS, name);
	FILE *file = fopen(path, "rb");

	if (!file || !text)
		abort();
	size_t bytes = fread(text, 1, TEXT_MAX, file);

	if (bytes && count < COUNT_MAX &&
	    !road_ptx_compile(text + 1, bytes - 1, &options, &images[count].bytes,
			      &images[count].count, &error))
		count++;
	fclose(file);
	free(text);
}

static void prepare(void)
{
	struct dirent **names;
	int all = count ? 0 : scandir(PTX_CORPUS, &names, is_visible, alphasort);

	for (int i = 0; i < all; i++) {
		compile(names[i]->d_name);
		free(names[i]);
	}
	if (all)
		free(names);
	if (!count)
		abort();
}

static void change(struct reader *r, uint8_t *image, size_t bytes)
{
	while (r->left && bytes >= 4) {
		uint32_t offset = 0;
		uint8_t mask[4];

		reader_take(r, &offset, 3);
		reader_take(r, mask, sizeof(mask));
		offset %= (uint32_t)(bytes - 3);
		for (unsigned i = 0; i < 4; i++)
			image[offset + i] ^= mask[i];
	}
}

uint8_t *images_take(struct reader *r, size_t *bytes)
{
	uint8_t which = reader_u8(r);
	const void *from = r->at;
	uint8_t *image;

	prepare();
	*bytes = r->left;
	if (which != IMAGES_RAW) {
		from = images[which % count].bytes;
		*bytes = images[which % count].count;
	}
	image = malloc(*bytes ? *bytes : 1);
	if (image && *bytes)
		memcpy(image, from, *bytes);
	if (image && which != IMAGES_RAW)
		change(r, image, *bytes);
	return image;
}
