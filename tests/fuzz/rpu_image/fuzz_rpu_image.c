/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the RPU's kernels, as a program hands them to the driver: any bytes. What is taken has
 * kernels with names, whose arguments can be asked for, and whose configurations can be patched.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"
#include "tests/fuzz/reader.h"

/* The first byte chooses the fabric: that of the corpus, or another one. */
static const uint32_t fabrics[] = {0x01032084, 0x01032108};

static struct road_ranges *heap;

static void look_at(struct road_drv_image *image)
{
	const char *name;

	for (uint32_t i = 0; (name = rpu_image_ops.kernel_name(image, i)); i++) {
		struct road_drv_kernel kernel = {.image = image};
		const void *bytes;
		uint64_t count;

		if (!*name || rpu_image_ops.kernel(&kernel, name))
			abort(); /* what was taken is there */
		if (!rpu_of_kernel(&kernel, &bytes, &count) || !count)
			abort();
		for (uint32_t a = 0; a < kernel.info.argument_count; a++)
			if (kernel.arguments[a].offset + kernel.arguments[a].bytes >
			    kernel.info.argument_bytes)
				abort();
		rpu_image_ops.kernel_free(&kernel);
	}
}

/* Of the first container: its words change, its size does not. */
static void patch(struct road_drv_device *dev, const uint8_t *data, size_t size)
{
	struct road_region_payload payload;
	unsigned char *copy;

	if (road_region_image_check(data, size, ROAD_CONFIG_FABRIC, NULL, &payload) ||
	    rpu_payload_check(dev, &payload))
		return;
	copy = malloc(payload.byte_count);
	if (!copy)
		return;
	memcpy(copy, payload.bytes, payload.byte_count);
	for (uint32_t kind = 0; kind < 4; kind++)
		for (uint32_t field = 0; field < 0x600; field += 0x41) {
			const struct road_patch one = {.kind = kind,
						       .index = field % 7,
						       .field = field,
						       .value = field * 977};

			(void)rpu_payload_patch(NULL, &one, 1, copy, payload.byte_count);
		}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpu rpu = {.heap_lock = PTHREAD_MUTEX_INITIALIZER};
	struct road_drv_device dev = {.data = &rpu};
	struct road_drv_space space = {.dev = &dev};
	struct road_drv_image image = {.space = &space};

	if (!size)
		return 0;
	if (!heap && road_ranges_create(0, 1u << 28, RPU_PAGE, &heap))
		abort();
	rpu.dev = &dev;
	rpu.heap = heap;
	rpu.params.fabric = fabrics[data[0] & 1];
	patch(&dev, data + 1, size - 1);
	if (rpu_image_ops.load(&image, data + 1, size - 1, NULL))
		return 0;
	look_at(&image);
	rpu_image_ops.unload(&image);
	return 0;
}
