/* SPDX-License-Identifier: Apache-2.0 */
/* The image around the words: header, sections, kernel entries, branch tables, parameters. */
#include "simulators/gpu/decode_image.h"

#include "simulators/gpu/exec.h"

#include <stdlib.h>
#include <string.h>

#define SECTIONS      9u
#define SECTIONS_CODE 5u /* of these, the ones that lie in device memory */

/* The module, and behind it the image's own copy that its tables point into. */
struct loaded {
	struct road_gpu_module module;
	const struct road_gpu_image *header;
	uint8_t *bytes;
};

static const uint32_t element_bytes[SECTIONS] = {
	sizeof(struct road_gpu_kernel),
	sizeof(struct road_gpu_word),
	4,
	4,
	sizeof(struct road_gpu_param),
	1,
	1,
	sizeof(struct road_gpu_symbol),
	sizeof(struct road_gpu_reloc),
};

static void list_sections(const struct road_gpu_image *header,
			  struct road_gpu_section sections[SECTIONS])
{
	sections[0] = header->kernels;
	sections[1] = header->words;
	sections[2] = header->lines;
	sections[3] = header->branches;
	sections[4] = header->params;
	sections[5] = header->strings;
	sections[6] = header->data;
	sections[7] = header->symbols;
	sections[8] = header->relocs;
}

static bool power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

static bool good_header(const struct road_gpu_image *header, size_t bytes)
{
	return header->magic == ROAD_GPU_IMAGE_MAGIC && header->version == ROAD_GPU_IMAGE_VERSION &&
	       header->isa_version == ROAD_GPU_ISA_VERSION && header->reserved == 0 &&
	       header->total_bytes <= ROAD_GPU_IMAGE_MAX_BYTES &&
	       header->code_bytes <= header->total_bytes && header->code_bytes <= bytes &&
	       power_of_two(header->data_align) && header->lines.count == header->words.count;
}

static bool all_zero(const uint8_t *bytes, uint64_t from, uint64_t to)
{
	while (from < to && !bytes[from])
		from++;
	return from >= to;
}

/* Ascending, aligned, apart, inside; padding zero as far as it can be seen. */
static bool good_sections(const struct road_gpu_image *header, const uint8_t *bytes)
{
	struct road_gpu_section sections[SECTIONS];
	uint64_t end = sizeof(*header);

	list_sections(header, sections);
	for (unsigned i = 0; i < SECTIONS; i++) {
		uint64_t limit = i < SECTIONS_CODE ? header->code_bytes : header->total_bytes;
		uint64_t start = sections[i].offset;

		if (start % 8 || start < end)
			return false;
		if (i < SECTIONS_CODE && start <= limit && !all_zero(bytes, end, start))
			return false;
		end = start + (uint64_t)sections[i].count * element_bytes[i];
		if (end > limit)
			return false;
		if (i == SECTIONS_CODE - 1) {
			if (!all_zero(bytes, end, header->code_bytes))
				return false;
			end = header->code_bytes;
		}
	}
	return true;
}

static bool inside(uint32_t first, uint32_t count, uint32_t start, uint32_t limit)
{
	return first >= start && first <= limit && count <= limit - first;
}

static bool good_limits(const struct road_gpu_kernel *desc)
{
	bool refused = desc->flags & ROAD_GPU_KERNEL_REFUSED;

	return desc->regs <= ROAD_GPU_REGS_MAX && desc->preds <= ROAD_GPU_PREDS_MAX &&
	       desc->local_bytes % 16 == 0 && desc->spill_bytes <= desc->local_bytes &&
	       (!desc->shared_align || power_of_two(desc->shared_align)) &&
	       desc->barriers <= ROAD_GPU_BARRIERS &&
	       !(desc->flags & ~(ROAD_GPU_KERNEL_REFUSED | ROAD_GPU_KERNEL_APPROXIMATE |
				 ROAD_GPU_KERNEL_STACK | ROAD_GPU_KERNEL_PRINTS)) &&
	       refused == (desc->word_count == 0) &&
	       !(desc->reserved[0] | desc->reserved[1] | desc->reserved[2]);
}

static bool good_params(const struct road_gpu_code *code)
{
	for (uint32_t i = 0; i < code->desc.param_count; i++) {
		const struct road_gpu_param *param = &code->params[i];

		if (!inside(param->offset, param->bytes, 0, code->desc.param_bytes) ||
		    !power_of_two(param->align) || param->offset % param->align ||
		    param->flags & ~ROAD_GPU_PARAM_POINTER)
			return false;
	}
	return true;
}

/* Parts of the sections up to which earlier kernels have taken theirs: none is taken twice, or a
 * small image could make the chip decode the same words without end. */
struct taken {
	uint32_t words, branches, params;
};

static bool good_kernel(const struct road_gpu_image *header, const struct road_gpu_code *code,
			struct taken *taken)
{
	const struct road_gpu_kernel *desc = &code->desc;
	uint32_t strings = header->strings.count;

	if (!good_limits(desc) || (desc->name && desc->name >= strings) ||
	    (desc->error && desc->error >= strings))
		return false;
	if (!inside(desc->first_word, desc->word_count, taken->words, header->words.count) ||
	    !inside(desc->first_branch, desc->branch_count, taken->branches,
		    header->branches.count) ||
	    !inside(desc->first_param, desc->param_count, taken->params, header->params.count))
		return false;
	taken->words = desc->first_word + desc->word_count;
	taken->branches = desc->first_branch + desc->branch_count;
	taken->params = desc->first_param + desc->param_count;
	return true;
}

static bool good_branches(const struct road_gpu_code *code)
{
	for (uint32_t i = 0; i < code->desc.branch_count; i++) {
		if (code->branches[i] >= code->desc.word_count)
			return false;
	}
	return true;
}

static bool load_kernel(struct loaded *loaded, uint32_t index, struct taken *taken,
			struct road_gpu_image_fault *fault)
{
	const struct road_gpu_image *header = loaded->header;
	const struct road_gpu_word *words = (const void *)(loaded->bytes + header->words.offset);
	struct road_gpu_code *code = &loaded->module.kernels[index];
	bool no_memory = false;
	uint32_t word = 0;

	memcpy(&code->desc, loaded->bytes + header->kernels.offset + index * sizeof(code->desc),
	       sizeof(code->desc));
	fault->kernel = index;
	fault->error = ROAD_GPU_IMAGE_KERNEL;
	if (!good_kernel(header, code, taken))
		return false;
	code->lines = loaded->module.lines + code->desc.first_word;
	code->branches = loaded->module.branches + code->desc.first_branch;
	code->params = loaded->module.params + code->desc.first_param;
	if (!good_params(code))
		return false;
	fault->error = ROAD_GPU_IMAGE_TARGET;
	if (!good_branches(code))
		return false;
	fault->error = road_gpu_decode_kernel(code, words + code->desc.first_word,
					      loaded->module.variant, &word, &no_memory);
	if (fault->error)
		fault->word = code->desc.first_word + word;
	return !fault->error && !no_memory;
}

static bool load(struct loaded *loaded, size_t bytes, struct road_gpu_image_fault *fault)
{
	struct road_gpu_module *module = &loaded->module;
	const struct road_gpu_image *header = loaded->header;
	struct taken taken = {0};

	fault->error = ROAD_GPU_IMAGE_HEADER;
	if (!good_header(header, bytes))
		return false;
	fault->error = ROAD_GPU_IMAGE_SECTION;
	if (!good_sections(header, loaded->bytes))
		return false;
	module->kernel_count = header->kernels.count;
	module->kernels_offset = header->kernels.offset;
	module->lines = (void *)(loaded->bytes + header->lines.offset);
	module->branches = (void *)(loaded->bytes + header->branches.offset);
	module->params = (void *)(loaded->bytes + header->params.offset);
	module->variant = road_gpu_variant_in_use();
	module->kernels = calloc((size_t)module->kernel_count + 1, sizeof(*module->kernels));
	fault->error = ROAD_GPU_IMAGE_OK;
	if (!module->kernels)
		return false;
	for (uint32_t i = 0; i < module->kernel_count; i++) {
		if (!load_kernel(loaded, i, &taken, fault))
			return false;
	}
	return true;
}

struct road_gpu_module *road_gpu_module_load(const void *image, size_t bytes,
					     struct road_gpu_image_fault *fault)
{
	struct road_gpu_image_fault none;
	struct loaded *loaded;

	if (!fault)
		fault = &none;
	*fault = (struct road_gpu_image_fault){ROAD_GPU_IMAGE_HEADER, UINT32_MAX, UINT32_MAX};
	if (bytes < sizeof(struct road_gpu_image) || bytes > ROAD_GPU_IMAGE_MAX_BYTES)
		return NULL;
	fault->error = ROAD_GPU_IMAGE_OK;
	loaded = calloc(1, sizeof(*loaded));
	if (!loaded)
		return NULL;
	/* One copy: what is checked is what runs, whatever happens to device memory. */
	loaded->bytes = malloc(bytes);
	if (!loaded->bytes)
		goto fail;
	memcpy(loaded->bytes, image, bytes);
	loaded->header = (const void *)loaded->bytes;
	if (!load(loaded, bytes, fault))
		goto fail;
	return &loaded->module;
fail:
	road_gpu_module_free(&loaded->module);
	return NULL;
}

void road_gpu_module_free(struct road_gpu_module *module)
{
	struct loaded *loaded = (struct loaded *)module; /* its first member */

	if (!module)
		return;
	for (uint32_t i = 0; module->kernels && i < module->kernel_count; i++) {
		free(module->kernels[i].insns);
		free(module->kernels[i].constants);
	}
	free(module->kernels);
	free(loaded->bytes);
	free(loaded);
}

const struct road_gpu_code *road_gpu_module_kernel(const struct road_gpu_module *module,
						   uint64_t offset)
{
	uint64_t index = (offset - module->kernels_offset) / sizeof(struct road_gpu_kernel);

	if (offset < module->kernels_offset || index >= module->kernel_count ||
	    (offset - module->kernels_offset) % sizeof(struct road_gpu_kernel))
		return NULL;
	return &module->kernels[index];
}
