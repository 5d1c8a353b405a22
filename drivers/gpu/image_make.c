/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes an image: PTX is compiled, unless the cache has it; an image of ours is taken as it
 * is. Either is checked here, wherever it comes from.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "drivers/gpu/ptx/ptx.h"

void gpu_log_tell(struct gpu_log *log, const char *format, ...)
{
	va_list args;

	if (!log->text || log->used + 1 >= log->bytes)
		return;
	va_start(args, format);
	int n = vsnprintf(log->text + log->used, log->bytes - log->used, format, args);

	va_end(args);
	if (n > 0)
		log->used += (uint64_t)n;
	if (log->used >= log->bytes)
		log->used = log->bytes - 1;
}

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

static struct road_ptx_options compile_options(const struct gpu *gpu,
					       const struct road_image_options *options)
{
	uint32_t flags = options ? options->flags : 0;
	struct road_ptx_options own = gpu->compile;

	if (options && options->max_registers)
		own.max_regs = options->max_registers;
	if (flags & ROAD_IMAGE_PLAIN)
		own.optimise = 0;
	own.in_order = !!(flags & ROAD_IMAGE_IN_ORDER);
	return own;
}

/* Checked: what a compiler of ours made is no exception. */
static road_status compile(const char *text, size_t bytes, const struct road_ptx_options *options,
			   struct gpu_log *log, void **image, size_t *image_bytes)
{
	struct road_ptx_error error = {.line = 0};
	char where[48];
	int result = road_ptx_compile(text, bytes, options, image, image_bytes, &error);

	if (result == -2)
		return no_memory();
	if (result) {
		snprintf(where, sizeof(where), "ptx:%u:%u", error.line, error.column);
		gpu_log_tell(log, "%s: %s\n", where, error.text);
		return road_drv_error(ROAD_IMAGE_INVALID, error.text, where, NULL, NULL);
	}
	road_status status = gpu_image_check(*image, *image_bytes);

	if (status) {
		gpu_log_tell(log, "the image is not valid\n");
		free(*image);
	}
	return status;
}

/* All that the image depends on. The options have no padding. */
static void make_key(const struct gpu *gpu, const char *text, size_t bytes,
		     const struct road_ptx_options *options, struct road_cache_key *key)
{
	static const char name[] = "gpu: ptx";
	const struct road_cache_part parts[] = {
		{name, sizeof(name)},
		{road_ptx_version, strlen(road_ptx_version)},
		{&gpu->params.compute, sizeof(gpu->params.compute)},
		{options, sizeof(*options)},
		{text, bytes},
	};

	_Static_assert(sizeof(*options) == 3 * sizeof(uint32_t), "padding would be hashed");
	road_cache_key_make(gpu->dev->cache, parts, sizeof(parts) / sizeof(parts[0]), key);
}

static const struct road_cached *get_sound(struct road_cache *cache,
					   const struct road_cache_key *key)
{
	const struct road_cached *found = road_cache_get(cache, key);

	if (found && gpu_image_check(found->bytes, found->count)) {
		road_cached_release(found);
		return NULL;
	}
	return found;
}

static road_status from_text(const struct gpu *gpu, const char *text, size_t bytes,
			     const struct road_image_options *options, struct gpu_log *log,
			     const struct road_cached **out)
{
	struct road_ptx_options own = compile_options(gpu, options);
	struct road_cache *cache = bytes <= ROAD_PTX_TEXT_MAX ? gpu->dev->cache : NULL;
	struct road_cache_key key = {.bytes = {0}};
	size_t image_bytes = 0;
	void *image = NULL;

	if (cache)
		make_key(gpu, text, bytes, &own, &key);
	*out = get_sound(cache, &key);
	if (*out)
		return ROAD_OK;
	road_status status = compile(text, bytes, &own, log, &image, &image_bytes);

	if (status)
		return status;
	*out = road_cache_put(cache, &key, image, image_bytes);
	return *out ? ROAD_OK : no_memory();
}

/* A copy of our own: checked once, then used. */
static road_status from_image(const void *bytes, size_t count, struct gpu_log *log,
			      const struct road_cached **out)
{
	if (count > ROAD_GPU_IMAGE_MAX_BYTES)
		return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: bytes",
				       "image is larger than %u bytes", ROAD_GPU_IMAGE_MAX_BYTES);
	void *copy = malloc(count < sizeof(uint64_t) ? sizeof(uint64_t) : count);

	if (!copy)
		return no_memory();
	memcpy(copy, bytes, count);
	road_status status = gpu_image_check(copy, count);

	if (status) {
		gpu_log_tell(log, "the image is not valid\n");
		free(copy);
		return status;
	}
	*out = road_cache_put(NULL, NULL, copy, count);
	return *out ? ROAD_OK : no_memory();
}

static bool is_image(const void *bytes, size_t count)
{
	uint32_t magic = 0;

	if (count >= sizeof(magic))
		memcpy(&magic, bytes, sizeof(magic));
	return magic == ROAD_GPU_IMAGE_MAGIC;
}

road_status gpu_image_make(const struct gpu *gpu, const void *bytes, size_t count,
			   const struct road_image_options *options, struct gpu_log *log,
			   const struct road_cached **out)
{
	return is_image(bytes, count) ? from_image(bytes, count, log, out)
				      : from_text(gpu, bytes, count, options, log, out);
}
