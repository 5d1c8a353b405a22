/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/kernel.h"

#include <stdlib.h>
#include <string.h>

const struct bench_file *bench_file_find(const char *name)
{
	for (const struct bench_file *f = bench_files; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static double warp_instructions(road_device *device)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(device, i, &name, &value); i++)
		if (!strcmp(name, "gpu.warp_instructions"))
			return (double)value;
	return 0;
}

struct prepared {
	road_image *image;
	road_kernel *kernel;
	road_buffer *buffers[BENCH_ARGUMENTS];
	uint64_t addresses[BENCH_ARGUMENTS];
	const void *pointers[BENCH_ARGUMENTS];
};

static uint32_t word_of(enum bench_fill fill, uint64_t n)
{
	uint32_t scattered = (uint32_t)n * 2654435761u, word;
	float value = (float)(n % 1000) * 0.001f;

	switch (fill) {
	case BENCH_HALVES: return 0x34003400u + (scattered >> 6 & 0x03ff03ffu);
	case BENCH_BYTES: return scattered ^ scattered >> 15;
	default: memcpy(&word, &value, sizeof(word)); return word;
	}
}

static bool fill(struct bench *bench, struct bench_device *d, const struct bench_kernel *k,
		 struct prepared *p, unsigned i)
{
	const struct bench_argument *a = &k->arguments[i];
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = a->words * 4};
	uint32_t *words = malloc(options.bytes);

	if (!words)
		return bench_failed(bench, k->name);
	for (uint64_t n = 0; n < a->words; n++)
		words[n] = word_of(a->fill, n);
	bool good = !road_buffer_create(d->space, &options, &p->buffers[i]) &&
		    !road_buffer_address(p->buffers[i], &p->addresses[i]) &&
		    !road_queue_write(d->queue, p->buffers[i], 0, words, options.bytes, NULL) &&
		    !road_queue_drain(d->queue, ROAD_FOREVER);

	free(words);
	p->pointers[i] = &p->addresses[i];
	return good || bench_failed(bench, k->name);
}

static bool prepare(struct bench *bench, struct bench_device *d, const struct bench_kernel *k,
		    struct prepared *p)
{
	const struct bench_file *file = bench_file_find(k->file ? k->file : k->name);

	memset(p, 0, sizeof(*p));
	if (!file || road_image_load(d->space, file->bytes, file->byte_count, NULL, &p->image) ||
	    road_image_kernel(p->image, k->name, &p->kernel))
		return bench_failed(bench, k->name);
	for (unsigned i = 0; i < k->count; i++) {
		const struct bench_argument *a = &k->arguments[i];

		p->pointers[i] = a->is_float ? (const void *)&a->number : (const void *)&a->value;
		if (a->fill != BENCH_NUMBER && !fill(bench, d, k, p, i))
			return false;
	}
	return true;
}

static void release(struct prepared *p)
{
	for (unsigned i = 0; i < BENCH_ARGUMENTS; i++)
		road_buffer_release(p->buffers[i]);
	road_kernel_release(p->kernel);
	road_image_release(p->image);
}

bool bench_kernel_run(struct bench *bench, struct bench_device *d, const struct bench_kernel *k,
		      struct bench_times *out)
{
	struct prepared p;
	bool good = prepare(bench, d, k, &p);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = p.kernel,
			      .grid = k->grid,
			      .block = k->block,
			      .argument_pointers = p.pointers,
			      .argument_count = k->count};

	for (int run = -1; run < BENCH_RUNS && good; run++) {
		double before = warp_instructions(d->device), start = bench_seconds();

		if (road_queue_launch(d->queue, &launch, NULL) ||
		    road_queue_drain(d->queue, ROAD_FOREVER))
			good = bench_failed(bench, k->name);
		if (run < 0)
			continue;
		out->seconds[run] = bench_seconds() - start;
		out->warp_instructions[run] = warp_instructions(d->device) - before;
	}
	release(&p);
	return good;
}
