/* SPDX-License-Identifier: Apache-2.0 */
/* Complete function tables under the drivers' sparse ones, so that callers never test for NULL. */
#include "hal/core/core.h"
#include "hal/core/drivers.h"

static road_status unsupported(const char *what)
{
	return road_fail(ROAD_UNSUPPORTED, "the driver cannot do it", what, "", "");
}

static road_status no_property(struct road_drv_device *dev, uint32_t index,
			       struct road_property *out)
{
	(void)dev;
	(void)out;
	return road_fail_u64(ROAD_NOT_FOUND, "no such property", "road_device_property_at", index,
			     "");
}

static road_status one_space(struct road_drv_space *space)
{
	(void)space;
	return ROAD_OK;
}

static void no_space_close(struct road_drv_space *space)
{
	(void)space;
}

static road_status no_queue_reset(struct road_drv_queue *queue)
{
	(void)queue;
	return unsupported("queue_reset");
}

static void no_irq(struct road_drv_device *dev, uint32_t vector)
{
	(void)dev;
	(void)vector;
}

static road_status no_reset(struct road_drv_device *dev)
{
	(void)dev;
	return unsupported("reset");
}

static road_status no_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	(void)dev;
	(void)index;
	(void)out;
	return ROAD_NOT_FOUND; /* the end of a list: nobody sees it as an error */
}

static bool not_native(struct road_drv_queue *queue)
{
	(void)queue;
	return false;
}

static road_status no_limit(struct road_drv_space *space, uint32_t limit, bool set, uint64_t *bytes)
{
	(void)space;
	(void)limit;
	(void)bytes;
	return unsupported(set ? "road_space_limit_set: limit" : "road_space_limit: limit");
}

static road_status no_output(struct road_drv_space *space, char *buffer, size_t capacity,
			     size_t *bytes)
{
	(void)space;
	(void)buffer;
	(void)capacity;
	(void)bytes;
	return unsupported("road_space_output_read: space");
}

static void no_advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	(void)queue;
	(void)out;
}

static const struct road_driver_ops ops_defaults = {
	.property = no_property,
	.space_open = one_space,
	.space_close = no_space_close,
	.advance = no_advance,
	.queue_reset = no_queue_reset,
	.irq = no_irq,
	.reset = no_reset,
	.counter = no_counter,
	.native = not_native,
	.limit = no_limit,
	.output_read = no_output,
};

static road_status no_heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	(void)dev;
	(void)out;
	return road_fail_u64(ROAD_NOT_FOUND, "no such heap", "road_device_heap", index, "");
}

static road_status no_alloc(struct road_drv_buffer *buffer)
{
	(void)buffer;
	return unsupported("road_buffer_create");
}

static void no_free(struct road_drv_buffer *buffer)
{
	(void)buffer;
}

static road_status no_map(struct road_drv_buffer *buffer, void **out)
{
	if (!buffer->host)
		return unsupported("road_buffer_map");
	*out = buffer->host;
	return ROAD_OK;
}

static void no_sync(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
		    enum road_dma_direction direction)
{
	(void)buffer;
	(void)offset;
	(void)bytes;
	(void)direction;
}

static road_status no_import(struct road_drv_buffer *buffer)
{
	(void)buffer;
	return unsupported("road_buffer_import");
}

static road_status no_export_fd(struct road_drv_buffer *buffer, int *fd)
{
	(void)buffer;
	(void)fd;
	return road_fail(ROAD_UNSUPPORTED, "this memory has no descriptor",
			 "road_buffer_export: buffer", "", "ROAD_HEAP_HOST, and not imported");
}

static road_status no_map_at(struct road_drv_buffer *buffer, uint64_t offset, uint64_t address,
			     uint64_t bytes, uint32_t access)
{
	(void)buffer;
	(void)offset;
	(void)address;
	(void)bytes;
	(void)access;
	return unsupported("road_space_map");
}

static void no_unmap_at(struct road_drv_space *space, uint64_t address)
{
	(void)space;
	(void)address;
}

static road_status no_protect_at(struct road_drv_space *space, uint64_t address, uint32_t access)
{
	(void)space;
	(void)address;
	(void)access;
	return unsupported("road_space_protect");
}

static const struct road_memory_ops memory_defaults = {
	no_heap,   no_alloc,  no_free,     no_map,        no_sync,
	no_import, no_map_at, no_unmap_at, no_protect_at, no_export_fd};

static road_status no_load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			   const struct road_image_options *options)
{
	(void)image;
	(void)bytes;
	(void)byte_count;
	(void)options;
	return unsupported("road_image_load");
}

static void no_unload(struct road_drv_image *image)
{
	(void)image;
}

static const char *no_kernel_name(struct road_drv_image *image, uint32_t index)
{
	(void)image;
	(void)index;
	return NULL;
}

static road_status no_kernel(struct road_drv_kernel *kernel, const char *name)
{
	(void)kernel;
	return road_fail(ROAD_NOT_FOUND, "no such kernel", "road_image_kernel: name", name, "");
}

static void no_kernel_free(struct road_drv_kernel *kernel)
{
	(void)kernel;
}

static road_status no_symbol(struct road_drv_image *image, const char *name, uint64_t *address,
			     uint64_t *bytes)
{
	(void)image;
	(void)address;
	(void)bytes;
	return road_fail(ROAD_NOT_FOUND, "no such symbol", "road_image_symbol: name", name, "");
}

static road_status no_occupancy(struct road_drv_kernel *kernel, uint32_t block,
				uint32_t shared_bytes, struct road_occupancy *out)
{
	(void)kernel;
	(void)block;
	(void)shared_bytes;
	(void)out;
	return unsupported("road_kernel_occupancy");
}

static road_status no_kernel_set(struct road_drv_kernel *kernel, uint32_t attribute, uint64_t value)
{
	(void)kernel;
	(void)attribute;
	(void)value;
	return unsupported("road_kernel_set: attribute");
}

static road_status any_launch(const struct road_cmd_launch *launch)
{
	(void)launch;
	return ROAD_OK;
}

static const struct road_image_ops image_defaults = {no_load,      no_unload,      no_kernel_name,
						     no_kernel,    no_kernel_free, no_symbol,
						     no_occupancy, any_launch,     no_kernel_set};

/* ---- regions: none ---- */

static road_status no_region_info(struct road_drv_device *dev, uint32_t index,
				  struct road_region_info *out)
{
	(void)dev;
	(void)out;
	return road_fail_u64(ROAD_NOT_FOUND, "no such region", "road_region_root", index, "");
}

static uint32_t no_children(struct road_drv_device *dev, uint32_t index, uint32_t *out)
{
	(void)dev;
	(void)index;
	(void)out;
	return 0;
}

static road_status no_region_status(struct road_drv_device *dev, uint32_t index,
				    struct road_region_status *out)
{
	(void)dev;
	(void)index;
	(void)out;
	return unsupported("road_region_status_get");
}

static road_status no_slot(struct road_drv_device *dev, uint32_t index, uint32_t slot,
			   struct road_slot_info *out)
{
	(void)dev;
	(void)index;
	(void)slot;
	(void)out;
	return unsupported("road_region_slot");
}

static road_status no_layout(struct road_drv_device *dev, uint32_t index, uint32_t step,
			     const struct road_region_part *parts, uint32_t count, uint64_t *drain)
{
	(void)dev;
	(void)index;
	(void)step;
	(void)parts;
	(void)count;
	(void)drain;
	return unsupported("road_layout_check, apply, commit, revert");
}

static road_status no_check(struct road_drv_config *config, void *canonical)
{
	(void)config;
	(void)canonical;
	return unsupported("road_config_create");
}

static road_status no_patch(const struct road_drv_config *config, const struct road_patch *patches,
			    uint32_t count, void *out)
{
	(void)config;
	(void)patches;
	(void)count;
	(void)out;
	return unsupported("road_config_patch");
}

/* The bytes are read where they are. */
static road_status stays(struct road_drv_config *config)
{
	(void)config;
	return ROAD_OK;
}

static void no_close(struct road_drv_config *config)
{
	(void)config;
}

static bool of_no_kernel(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count)
{
	(void)kernel;
	(void)bytes;
	(void)count;
	return false;
}

static road_status no_safe(struct road_drv_device *dev, uint32_t index,
			   const struct road_drv_config *config)
{
	(void)dev;
	(void)index;
	(void)config;
	return unsupported("road_region_set_safe");
}

static road_status no_release(struct road_drv_device *dev, uint32_t index)
{
	(void)dev;
	(void)index;
	return unsupported("road_region_release_quarantine");
}

static void no_report(struct road_drv_device *dev, const void *report,
		      struct road_reconfigure_result *out)
{
	(void)dev;
	(void)report;
	(void)out;
}

static void no_explanation(struct road_drv_device *dev, const void *report, struct road_error *out)
{
	(void)dev;
	(void)report;
	(void)out;
}

static const struct road_region_ops region_defaults = {
	no_region_info, no_children,   no_region_status, no_slot,      no_layout, no_check,
	no_patch,       stays,         no_close,         of_no_kernel, no_safe,   no_release,
	no_report,      no_explanation};

/* The tables are structures of function pointers only, all of one size. */
static void lay(void (**out)(void), void (*const *over)(void), size_t count)
{
	for (size_t i = 0; over && i < count; i++)
		if (over[i])
			out[i] = over[i];
}

#define LAY(out, over, defaults)                                                          \
	(*(out) = (defaults),                                                             \
	 lay((void (**)(void))(void *)(out), (void (*const *)(void))(const void *)(over), \
	     sizeof(*(out)) / sizeof(void (*)(void))))

void road_defaults_ops(struct road_driver_ops *out, const struct road_driver_ops *over)
{
	LAY(out, over, ops_defaults);
}

void road_defaults_memory(struct road_memory_ops *out, const struct road_memory_ops *over)
{
	LAY(out, over, memory_defaults);
}

void road_defaults_image(struct road_image_ops *out, const struct road_image_ops *over)
{
	LAY(out, over, image_defaults);
}

void road_defaults_region(struct road_region_ops *out, const struct road_region_ops *over)
{
	LAY(out, over, region_defaults);
}
