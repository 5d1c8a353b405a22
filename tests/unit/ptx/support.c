/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ptx/support.h"

struct road_gpu_image *compile_text(const char *text, size_t bytes, uint32_t max_regs,
				    uint32_t optimise)
{
	struct road_ptx_options options = {.max_regs = max_regs, .optimise = optimise};
	struct road_ptx_error error;
	void *image;
	size_t image_bytes;
	unsigned word;
	int result = road_ptx_compile(text, bytes, &options, &image, &image_bytes, &error);

	CU_ASSERT_EQUAL(result, 0);
	if (result) {
		printf("# line %u column %u: %s\n", error.line, error.column, error.text);
		return NULL;
	}
	const char *wrong = verify_image(image, image_bytes, &word);

	CU_ASSERT_PTR_NULL(wrong);
	if (!wrong)
		return image;
	printf("# word %u: %s\n", word, wrong);
	free(image);
	return NULL;
}

char *read_kernel(const char *name, size_t *bytes)
{
	char path[512];
	FILE *file;
	char *text = NULL;
	long size;

	snprintf(path, sizeof(path), "%s/%s", KERNELS, name);
	file = fopen(path, "rb");
	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0) {
		rewind(file);
		text = calloc(1, (size_t)size + 1);
		*bytes = text ? fread(text, 1, (size_t)size, file) : 0;
	}
	fclose(file);
	return text;
}
