/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as an image: what is accepted runs for a bounded number of steps, in functional
 * runs and in single steps, with two workgroups of some threads and memory full of small numbers.
 * Both ways must end alike.
 *
 * The bytes are an image's code words, 16 each, behind one byte that gives the shape of the launch;
 * or with the byte's top bit set a whole image (images.h).
 */
#include "simulators/gpu/exec.h"
#include "simulators/gpu/print.h"
#include "simulators/numbers/vector.h"
#include "tests/fuzz/images.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES 8192u
#define MEMORY_VA    UINT64_C(0x10000)
#define STEPS        600u
#define WORDS_MAX    256u

static uint8_t memory[MEMORY_BYTES];

static void append(uint8_t *image, uint32_t *at, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(image + *at, from, bytes);
	*at = (*at + (uint32_t)bytes + 7u) & ~7u;
}

/* An image of one kernel around these words. */
static uint32_t wrap(uint8_t *image, const uint8_t *words, uint32_t count)
{
	static const uint32_t zero[WORDS_MAX], branches[8] = {0, 1, 2, 3, 0, 1, 2, 3};
	struct road_gpu_image header = {.magic = ROAD_GPU_IMAGE_MAGIC,
					.version = ROAD_GPU_IMAGE_VERSION,
					.isa_version = ROAD_GPU_ISA_VERSION,
					.data_align = 1};
	struct road_gpu_kernel kernel = {.word_count = count,
					 .branch_count = count >= 4 ? 8 : 0,
					 .param_bytes = 64,
					 .shared_bytes = 256,
					 .shared_align = 16,
					 .local_bytes = 32,
					 .regs = 64,
					 .preds = 16,
					 .barriers = 16};
	uint32_t at = sizeof(header);

	header.kernels = (struct road_gpu_section){at, 1};
	append(image, &at, &kernel, sizeof(kernel));
	header.words = (struct road_gpu_section){at, count};
	append(image, &at, words, count * 16u);
	header.lines = (struct road_gpu_section){at, count};
	append(image, &at, zero, count * 4u);
	header.branches = (struct road_gpu_section){at, kernel.branch_count};
	append(image, &at, branches, kernel.branch_count * 4u);
	header.params = header.strings = header.data = (struct road_gpu_section){at, 0};
	header.symbols = header.relocs = header.params;
	header.code_bytes = header.total_bytes = at;
	memcpy(image, &header, sizeof(header));
	return at;
}

static void fill_memory(void)
{
	for (uint32_t i = 0; i < MEMORY_BYTES; i++)
		memory[i] = (uint8_t)(i % 7u ? 0 : i);
}

static uint64_t digest(void)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (uint32_t i = 0; i < MEMORY_BYTES; i++)
		hash = (hash ^ memory[i]) * UINT64_C(1099511628211);
	return hash;
}

/* As the functional mode does, with one slot: warps in turn until each blocks. */
static void run_by_steps(struct road_gpu_launch *launch)
{
	static struct road_gpu_access access;
	struct road_gpu_block *block = &launch->blocks[0];
	struct road_gpu_step step;
	uint64_t left = STEPS;

	for (uint64_t linear = 0; linear < launch->total && left; linear++) {
		bool moved = true;

		road_gpu_block_start(block, linear, 0);
		while (block->busy && moved && left) {
			moved = false;
			for (uint32_t w = 0; w < block->warp_count && left; w++) {
				while (left && block->busy &&
				       road_gpu_warp_step(&block->warps[w], &access, &step)) {
					moved = true;
					left--;
					if (step.fault)
						return;
				}
			}
		}
		if (block->busy && !moved && !road_gpu_block_stuck(block))
			abort();
		if (block->busy)
			return;
	}
}

static void run(const struct road_gpu_module *module, uint32_t index, uint8_t shape)
{
	static uint8_t params[1 << 16];
	const struct road_gpu_range range = {MEMORY_VA, MEMORY_BYTES, 0, memory,
					     ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE};
	const struct road_gpu_ranges ranges = {&range, 1};
	const struct road_gpu_code *code = &module->kernels[index];
	struct road_gpu_launch_config config = {
		.code = code,
		.variant = module->variant,
		.ranges = &ranges,
		.grid = {2, 1, 1},
		.threads = {1u + (shape & 63u), 1, 1},
		.shared_bytes = code->desc.shared_bytes,
		.local_bytes = code->desc.local_bytes,
		.params = params,
		.slots = 1,
		.check_div = shape >> 6 & 1,
	};
	enum road_gpu_launch_error error;
	struct road_gpu_prints prints = {.busy = ATOMIC_FLAG_INIT};
	struct road_gpu_launch *launch;
	uint64_t ran = 0, first = 0;

	if (code->desc.param_bytes > sizeof(params) || code->desc.shared_bytes > 1 << 20 ||
	    code->desc.local_bytes > 1 << 16)
		return;
	memcpy(params, &(uint64_t){MEMORY_VA}, 8);
	for (unsigned i = 0; i < 3; i++)
		config.threads[i] = code->desc.reqd[i] ? code->desc.reqd[i] : config.threads[i];
	config.watchdog = STEPS;
	config.prints = &prints;
	for (int by_step = 0; by_step < 2; by_step++) {
		launch = road_gpu_launch_create(&config, &error);
		if (!launch)
			break;
		fill_memory();
		if (by_step)
			run_by_steps(launch);
		else
			while (road_gpu_functional_run(launch, 97, &ran) == ROAD_GPU_MORE)
				;
		/* Turns of 1024 steps are longer than all of it, so the order is the same. */
		if (by_step && digest() != first)
			abort();
		first = digest();
		road_gpu_launch_destroy(launch);
	}
	road_gpu_prints_sort(&prints);
	road_gpu_prints_free(&prints);
}

/* The words of the input, as an image; of its size alone. */
static uint8_t *wrapped(const struct reader *r, size_t *bytes)
{
	static uint8_t room[WORDS_MAX * 20 + 1024];
	size_t count = r->left / 16 < WORDS_MAX ? r->left / 16 : WORDS_MAX;

	memset(room, 0, sizeof(room));
	*bytes = wrap(room, r->at, (uint32_t)count);
	uint8_t *image = malloc(*bytes);

	if (image)
		memcpy(image, room, *bytes);
	return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct road_gpu_image_fault fault;
	struct reader r = {data, size};
	uint8_t shape = reader_u8(&r);
	size_t bytes;

	if (size < 2 || size > (1 << 16))
		return 0;
	uint8_t *image = shape & 0x80 ? images_take(&r, &bytes) : wrapped(&r, &bytes);
	struct road_gpu_module *module = image ? road_gpu_module_load(image, bytes, &fault) : NULL;

	for (uint32_t i = 0; module && i < module->kernel_count && i < 4; i++)
		run(module, i, shape);
	if (module)
		road_gpu_module_free(module);
	free(image);
	return 0;
}
