/* SPDX-License-Identifier: Apache-2.0 */
/* Images that LOAD brought into the chip, by device address in their space. */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

static void free_image(struct gpu_image *image)
{
	road_gpu_lines_unload(image);
	road_gpu_module_free(image->module);
	free(image);
}

/* The image that has a byte in [address, address + bytes), or NULL. */
static struct gpu_image **find(struct gpu_function *function, uint32_t space, uint64_t address,
			       uint64_t bytes)
{
	struct gpu_image **at = &function->images;

	for (; *at; at = &(*at)->next)
		if ((*at)->space == space && address < (*at)->address + (*at)->bytes &&
		    (*at)->address < address + bytes)
			return at;
	return NULL;
}

struct gpu_image *road_gpu_image_find(struct gpu_function *function, uint32_t space,
				      uint64_t kernel_object, const struct road_gpu_code **code)
{
	struct gpu_image **at = find(function, space, kernel_object, 1);

	if (!at || (*at)->unloading)
		return NULL;
	*code = road_gpu_module_kernel((*at)->module, kernel_object - (*at)->address);
	return *code ? *at : NULL;
}

static enum gpu_start bad_image(struct road_gpu_queue_status *why, uint64_t address, uint32_t word,
				enum road_gpu_image_error reason)
{
	why->image = address;
	why->pc = word;
	return road_gpu_fail(why, ROAD_GPU_FAULT_IMAGE, address, (uint64_t)reason);
}

/* Copies the bytes once and decodes the copy. */
static struct gpu_image *decode(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				const struct gpu_place *place, struct road_gpu_queue_status *why)
{
	struct gpu_image *image = calloc(1, sizeof(*image));
	struct road_gpu_image_fault fault = {.error = ROAD_GPU_IMAGE_OK};
	void *copy = malloc(packet->bytes);

	if (image && copy) {
		memcpy(copy, place->host, packet->bytes);
		image->module = road_gpu_module_load(copy, packet->bytes, &fault);
	}
	free(copy);
	if (image && image->module) {
		image->space = queue->space;
		image->address = packet->dst;
		image->bytes = packet->bytes;
		return image;
	}
	free(image);
	if (fault.error == ROAD_GPU_IMAGE_OK)
		road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, packet->dst, packet->bytes);
	else
		bad_image(why, packet->dst, fault.word, fault.error);
	return NULL;
}

static void drop_load(struct gpu_work *work)
{
	if (work->load.image)
		free_image(work->load.image);
}

static void end_load(void *arg)
{
	struct gpu_work *work = arg;
	struct gpu_function *function = work->queue->function;
	struct gpu_image *image = work->load.image;
	struct road_gpu_queue_status why = {0};

	/* Another queue may have loaded there meanwhile. */
	if (find(function, image->space, image->address, image->bytes)) {
		bad_image(&why, image->address, 0, ROAD_GPU_IMAGE_HEADER);
		road_gpu_queue_fault(work->queue, work->number, &why);
		return;
	}
	work->load.image = NULL;
	image->next = function->images;
	function->images = image;
	image->number = function->chip->counters.loads++;
	function->chip->counters.loaded_bytes += image->bytes;
	road_gpu_work_end(work);
}

enum gpu_start road_gpu_image_load(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				   struct road_gpu_queue_status *why)
{
	struct gpu_function *function = queue->function;
	struct gpu_chip *chip = function->chip;
	enum road_gpu_fault fault;
	struct gpu_image *image;
	struct gpu_place place;
	struct gpu_work *work;

	if (packet->bytes < sizeof(struct road_gpu_image) ||
	    packet->bytes > ROAD_GPU_IMAGE_MAX_BYTES)
		return bad_image(why, packet->dst, 0, ROAD_GPU_IMAGE_HEADER);
	fault = road_gpu_place(function, function->spaces[queue->space].table, false, packet->dst,
			       packet->bytes, false, &place);
	if (!fault && chip->poison.count && !place.system)
		fault = road_gpu_poison_touch(chip, place.host, packet->bytes, false, NULL);
	if (fault)
		return road_gpu_fail(why, fault, packet->dst, packet->bytes);
	if (find(function, queue->space, packet->dst, packet->bytes)) {
		sim_violation(chip->env, function->index,
			      "LOAD at 0x%llx, where an image is loaded already",
			      (unsigned long long)packet->dst);
		return bad_image(why, packet->dst, 0, ROAD_GPU_IMAGE_HEADER);
	}
	image = decode(queue, packet, &place, why);
	if (!image)
		return GPU_START_FAULT;
	work = road_gpu_work_new(queue, 0);
	if (!work) {
		free_image(image);
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, packet->dst, packet->bytes);
	}
	work->load.image = image;
	work->drop = drop_load;
	work->event.run = end_load;
	queue->hold = work; /* later packets may name its kernels */
	sim_schedule(chip->env, &work->event,
		     road_gpu_path_take(queue, place.system ? GPU_PATH_IN : GPU_PATH_MEMORY,
					packet->bytes) +
			     road_gpu_cycles_ps(chip, chip->params.copy_latency));
	return GPU_START_ASYNC;
}

enum gpu_start road_gpu_image_unload(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				     struct road_gpu_queue_status *why)
{
	struct gpu_image **at = find(queue->function, queue->space, packet->dst, 1), *image;

	if (!at || (*at)->address != packet->dst)
		return bad_image(why, packet->dst, 0, ROAD_GPU_IMAGE_HEADER);
	image = *at;
	image->unloading = true;
	if (image->launches)
		return GPU_START_PARK;
	*at = image->next;
	free_image(image);
	return GPU_START_DONE;
}

void road_gpu_images_drop(struct gpu_function *function, uint32_t space)
{
	struct gpu_image **at = &function->images;

	while (*at) {
		struct gpu_image *image = *at;

		if (space != UINT32_MAX && image->space != space) {
			at = &image->next;
			continue;
		}
		*at = image->next;
		free_image(image);
	}
}
