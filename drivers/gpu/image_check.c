/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of an image (uapi/gpu/image.h), which may come from anywhere: every table and index that
 * the driver itself reads. What only the chip reads, the chip checks when it loads it.
 */
#include <string.h>

#include "drivers/gpu/gpu.h"

static const char *const where = "road_image_load: bytes";

#define INVALID(...) road_drv_errorf(ROAD_IMAGE_INVALID, where, __VA_ARGS__)

/* The sections in their order. */
static const struct {
	const char *name;
	uint16_t member;
	uint16_t element;
	bool on_device; /* within the first code_bytes */
} sections[] = {
	{"kernels", offsetof(struct road_gpu_image, kernels), sizeof(struct road_gpu_kernel), true},
	{"words", offsetof(struct road_gpu_image, words), sizeof(struct road_gpu_word), true},
	{"lines", offsetof(struct road_gpu_image, lines), sizeof(uint32_t), true},
	{"branches", offsetof(struct road_gpu_image, branches), sizeof(uint32_t), true},
	{"params", offsetof(struct road_gpu_image, params), sizeof(struct road_gpu_param), true},
	{"strings", offsetof(struct road_gpu_image, strings), 1, false},
	{"data", offsetof(struct road_gpu_image, data), 1, false},
	{"symbols", offsetof(struct road_gpu_image, symbols), sizeof(struct road_gpu_symbol),
	 false},
	{"relocs", offsetof(struct road_gpu_image, relocs), sizeof(struct road_gpu_reloc), false},
};

static road_status check_header(const struct road_gpu_image *image, uint64_t bytes)
{
	if (image->version != ROAD_GPU_IMAGE_VERSION)
		return road_drv_errorf(ROAD_IMAGE_INCOMPATIBLE, where,
				       "image version %u, this driver takes %u", image->version,
				       ROAD_GPU_IMAGE_VERSION);
	if (image->isa_version != ROAD_GPU_ISA_VERSION)
		return road_drv_errorf(ROAD_IMAGE_INCOMPATIBLE, where,
				       "instruction set version %u, the chip runs %u",
				       image->isa_version, ROAD_GPU_ISA_VERSION);
	if (image->total_bytes != bytes)
		return INVALID("image of %u bytes comes in %llu", image->total_bytes,
			       (unsigned long long)bytes);
	if (bytes > ROAD_GPU_IMAGE_MAX_BYTES)
		return INVALID("image is larger than %u bytes", ROAD_GPU_IMAGE_MAX_BYTES);
	if (image->code_bytes < sizeof(*image) || image->code_bytes > bytes)
		return INVALID("code_bytes %u not in %zu .. %llu", image->code_bytes,
			       sizeof(*image), (unsigned long long)bytes);
	if (image->reserved)
		return INVALID("reserved field of the header is 0x%x", image->reserved);
	if (image->data_align & (image->data_align - 1) || image->data_align > 1u << 21)
		return INVALID("data_align %u is no power of two up to 2 MiB", image->data_align);
	return ROAD_OK;
}

static road_status check_sections(const struct road_gpu_image *image)
{
	uint64_t end = sizeof(*image);

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const struct road_gpu_section *s =
			(const void *)((const char *)image + sections[i].member);
		uint64_t limit = sections[i].on_device ? image->code_bytes : image->total_bytes;
		uint64_t bytes = (uint64_t)s->count * sections[i].element;

		if (s->offset % 8 || s->offset < end || s->offset > limit ||
		    bytes > limit - s->offset)
			return INVALID("section %s: %u elements at %u, not within %llu .. %llu",
				       sections[i].name, s->count, s->offset,
				       (unsigned long long)end, (unsigned long long)limit);
		if (!sections[i].on_device && s->offset < image->code_bytes)
			return INVALID("section %s at %u lies in the code", sections[i].name,
				       s->offset);
		end = s->offset + bytes;
	}
	if (image->lines.count != image->words.count)
		return INVALID("%u lines for %u words", image->lines.count, image->words.count);
	return ROAD_OK;
}

static const void *section(const struct road_gpu_image *image, const struct road_gpu_section *s)
{
	return (const char *)image + s->offset;
}

/* Every string then ends within the section. */
static road_status check_strings(const struct road_gpu_image *image)
{
	const char *strings = section(image, &image->strings);
	uint32_t count = image->strings.count;

	if (!count || strings[0] || strings[count - 1])
		return INVALID("strings do not begin and end with 0");
	return ROAD_OK;
}

static bool within(uint32_t first, uint32_t count, uint32_t all)
{
	return first <= all && count <= all - first;
}

static road_status check_params(const struct road_gpu_image *image,
				const struct road_gpu_kernel *kernel, uint32_t index)
{
	const struct road_gpu_param *params = section(image, &image->params);

	for (uint32_t i = 0; i < kernel->param_count; i++) {
		const struct road_gpu_param *p = &params[kernel->first_param + i];

		if (!within(p->offset, p->bytes, kernel->param_bytes))
			return INVALID("kernel %u: parameter %u, %u bytes at %u, ends beyond %u",
				       index, i, p->bytes, p->offset, kernel->param_bytes);
	}
	return ROAD_OK;
}

static road_status check_kernel(const struct road_gpu_image *image,
				const struct road_gpu_kernel *kernel, uint32_t index)
{
	uint32_t strings = image->strings.count;

	if (kernel->name >= strings || kernel->error >= strings)
		return INVALID("kernel %u: name %u or error %u beyond %u bytes of strings", index,
			       kernel->name, kernel->error, strings);
	if (!within(kernel->first_word, kernel->word_count, image->words.count))
		return INVALID("kernel %u: words %u + %u beyond %u", index, kernel->first_word,
			       kernel->word_count, image->words.count);
	if (!within(kernel->first_param, kernel->param_count, image->params.count))
		return INVALID("kernel %u: parameters %u + %u beyond %u", index,
			       kernel->first_param, kernel->param_count, image->params.count);
	if (kernel->param_bytes > GPU_PARAMS_MAX)
		return INVALID("kernel %u: %u bytes of arguments, at most %u", index,
			       kernel->param_bytes, GPU_PARAMS_MAX);
	if (kernel->regs > ROAD_GPU_REGS_MAX)
		return INVALID("kernel %u: %u registers, at most %u", index, kernel->regs,
			       ROAD_GPU_REGS_MAX);
	if (kernel->shared_align & (kernel->shared_align - 1))
		return INVALID("kernel %u: shared_align %u is no power of two", index,
			       kernel->shared_align);
	return check_params(image, kernel, index);
}

static road_status check_kernels(const struct road_gpu_image *image)
{
	const struct road_gpu_kernel *kernels = section(image, &image->kernels);
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < image->kernels.count && !status; i++)
		status = check_kernel(image, &kernels[i], i);
	return status;
}

static road_status check_symbols(const struct road_gpu_image *image)
{
	const struct road_gpu_symbol *symbols = section(image, &image->symbols);

	for (uint32_t i = 0; i < image->symbols.count; i++)
		if (symbols[i].name >= image->strings.count ||
		    !within(symbols[i].offset, symbols[i].bytes, image->data.count))
			return INVALID("symbol %u: %u bytes at %u beyond %u, or bad name %u", i,
				       symbols[i].bytes, symbols[i].offset, image->data.count,
				       symbols[i].name);
	return ROAD_OK;
}

static road_status check_relocs(const struct road_gpu_image *image)
{
	const struct road_gpu_reloc *relocs = section(image, &image->relocs);

	for (uint32_t i = 0; i < image->relocs.count; i++) {
		const struct road_gpu_reloc *r = &relocs[i];
		bool inside = r->kind == ROAD_GPU_RELOC_ABS64
				      ? within(r->where, 8, image->data.count)
				      : r->where < image->words.count;

		if (r->kind >= ROAD_GPU_RELOCS || !inside)
			return INVALID("relocation %u: kind %u at %u", i, r->kind, r->where);
	}
	return ROAD_OK;
}

road_status gpu_image_check(const void *blob, uint64_t bytes)
{
	static road_status (*const checks[])(const struct road_gpu_image *) = {
		check_sections, check_strings, check_kernels, check_symbols, check_relocs};
	const struct road_gpu_image *image = blob;
	road_status status;

	if (bytes < sizeof(*image))
		return INVALID("image of %llu bytes is shorter than its header",
			       (unsigned long long)bytes);
	if (image->magic != ROAD_GPU_IMAGE_MAGIC)
		return INVALID("magic is 0x%08x, not 0x%08x", image->magic, ROAD_GPU_IMAGE_MAGIC);
	status = check_header(image, bytes);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !status; i++)
		status = checks[i](image);
	return status;
}
