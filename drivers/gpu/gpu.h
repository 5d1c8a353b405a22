/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the Roadbed GPGPU: what its files share.
 *
 * Locks, in the order in which they may be taken: life, the helpers' (streams, range tables), a
 * print's, registers; heap and a space's are leaves. Every sequence of register writes ends with a
 * read, which pushes the writes to the chip: only then may what they point at be changed or freed.
 */
#ifndef DRIVERS_GPU_GPU_H
#define DRIVERS_GPU_GPU_H

#include <pthread.h>
#include <roadbed-driver/boot_unit.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/host_memory.h>
#include <roadbed-driver/numbers.h>
#include <roadbed-driver/range_table.h>
#include <roadbed-driver/region_unit.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/stream.h>
#include <roadbed-driver/traits.h>
#include <roadbed/region.h>
#include <stdatomic.h>

#include "drivers/gpu/print.h"
#include "drivers/gpu/ptx/ptx.h"
#include "uapi/gpu/aql.h"
#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"
#include "uapi/gpu/regs.h"
#include "uapi/gpu/space.h"
#include "uapi/range.h"

#define GPU_PAGE          UINT64_C(4096) /* granule of both heaps */
#define GPU_DEPTH_MAX     1024u
#define GPU_PARAMS_MAX    65536u              /* bytes of a kernel's arguments */
#define GPU_REGISTER_WAIT UINT64_C(100000000) /* ns of the bus's clock */
#define GPU_KERNARG_ALIGN 16u
#define GPU_VECTORS_MAX   32u /* bits of IRQ_STATUS */

/* What the registers say of the chip; filled by a table in properties.c. */
struct gpu_params {
	uint32_t sm_count, warps_per_sm, blocks_per_sm, regs_per_sm;
	uint32_t shared_per_sm, shared_per_block, threads_per_block;
	uint32_t clock_khz, l2_bytes, compute, queues, spaces;
	uint32_t reg_granule, shared_granule, shared_reserved;
	uint64_t memory_bytes, window_bytes, memory_rate;
	bool ecc; /* device memory has error correction */
};

struct gpu {
	struct road_drv_device *dev;
	struct road_bus *bus;
	struct gpu_params params;
	struct road_traits traits;
	struct road_boot_program program; /* that the command processor obeys */
	bool clean;                       /* memory was zero at start */
	struct road_ptx_options compile;

	pthread_mutex_t life_lock; /* spaces close, images come and go, or the chip is reset */

	pthread_mutex_t reg_lock; /* select and command registers are shared by all */

	pthread_mutex_t heap_lock;
	struct road_ranges *visible; /* device memory in the window; NULL: no window */
	struct road_ranges *hidden;  /* the rest; NULL: no rest */

	struct road_streams *queues;
	struct road_numbers *spaces;
};

/* ---- registers ---- */
static inline uint32_t gpu_read32(struct gpu *gpu, uint64_t reg)
{
	return road_read32(gpu->bus, ROAD_GPU_REGION_REGS, reg);
}
static inline void gpu_write32(struct gpu *gpu, uint64_t reg, uint32_t value)
{
	road_write32(gpu->bus, ROAD_GPU_REGION_REGS, reg, value);
}
static inline void gpu_write64(struct gpu *gpu, uint64_t reg, uint64_t value)
{
	road_write64(gpu->bus, ROAD_GPU_REGION_REGS, reg, value);
}
/* Reads the register until (value & mask) == wanted. reg_lock if it is shared. */
static inline road_status gpu_await(struct gpu *gpu, uint64_t reg, uint32_t mask, uint32_t wanted,
				    const char *name)
{
	return road_register_await(gpu->dev, ROAD_GPU_REGION_REGS, reg, mask, wanted,
				   GPU_REGISTER_WAIT, name);
}

/* ---- options.c ---- */
road_status gpu_options_take(struct gpu *gpu, const char *options);

/* ---- properties.c ---- */
road_status gpu_params_read(struct gpu *gpu); /* and what the firmware is able to */
road_status gpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out);
road_status gpu_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out);
void gpu_info(struct road_drv_device *dev, struct road_device_info *out);

/* ---- space.c ---- */
/*
 * Rights bind kernels and packets alike, but a read-only buffer is one that kernels may not write:
 * packets write it at another place, a bus address or a second range with all rights.
 */
struct gpu_alias {
	uint64_t va, bytes;
	struct road_place to;
};
struct gpu_space {
	struct gpu *gpu;
	uint32_t index; /* the chip's number */
	struct road_range_table *ranges;
	pthread_mutex_t lock; /* of what follows */
	struct gpu_image *images;
	_Atomic uint32_t stack;    /* bytes of a lane: ROAD_LIMIT_STACK */
	struct gpu_alias *aliases; /* sorted by va */
	_Atomic uint32_t alias_count;
	uint32_t alias_room;
	struct gpu_print print;
};
road_status gpu_space_open(struct road_drv_space *space);
void gpu_space_close(struct road_drv_space *space);
road_status gpu_space_alias(struct gpu_space *space, const struct gpu_alias *alias);
void gpu_space_unalias(struct gpu_space *space, uint64_t va);
/* Where packets write what commands call `place`. */
struct road_place gpu_space_writable(struct gpu_space *space, struct road_place place);

/* ---- memory.c ---- */
struct gpu_memory { /* device memory of a space */
	struct gpu_space *space;
	struct road_ranges *heap;
	uint64_t va, pa, bytes;
	uint64_t alias; /* of read-only memory: where packets write it; 0: none */
	void *mapping;  /* in the window, once asked for */
};
/* Zeroed. flags: ROAD_RANGE_READ and _WRITE as they will stand. */
road_status gpu_memory_alloc(struct gpu_space *space, uint64_t bytes, uint64_t alignment,
			     bool visible, uint32_t flags, struct gpu_memory *out);
void gpu_memory_free(struct gpu_memory *memory);
/* The memory must be writable in its space at that time. */
road_status gpu_memory_upload(struct gpu_memory *memory, const void *bytes, uint64_t count);
extern const struct road_memory_ops gpu_memory_ops;

/* ---- encode.c ---- */

/* Commands of the driver itself, beside enum road_command_kind: dst and bytes of `fill`. */
enum gpu_command { GPU_COMMAND_LOAD = (int)ROAD_COMMAND_KINDS, GPU_COMMAND_UNLOAD, GPU_COMMANDS };
enum { GPU_PACKETS_PER_CALL = 8 };
/* encoder->user is a struct road_stream_encode; its space may be NULL: places are what they are. */
int gpu_encode(struct road_ring_encoder *encoder, const struct road_cmd *command);
void gpu_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence);

/* ---- queue.c ---- */
extern const struct road_stream_port gpu_queue_port;
road_status gpu_queue_open(struct road_drv_queue *queue);
bool gpu_queue_native(struct road_drv_queue *queue);
void gpu_irq(struct road_drv_device *dev, uint32_t vector);

/* ---- regions.c: partitions, where the chip has any ---- */
road_status gpu_regions_start(struct gpu *gpu);
road_status gpu_queue_region(const struct road_stream *queue, uint32_t *region);
/* The packet's own fields. -1: no room now. */
int gpu_encode_region(struct road_ring_encoder *encoder, const struct road_cmd *command,
		      struct road_gpu_vendor *packet);
void gpu_encode_expect(const struct road_ring_encoder *encoder,
		       const struct road_cmd_launch *launch, struct road_gpu_vendor *packet);

/* ---- faults.c: slots of struct road_stream_port ---- */
road_status gpu_fault_describe(const struct road_stream *queue, struct road_fault *out);
road_status gpu_fault_error(const struct road_stream *queue, const char *where);

/* ---- image.c, image_make.c, image_check.c, kernel.c ---- */
struct gpu_log { /* the caller's; cut where it is full */
	char *text;
	uint64_t bytes, used;
};
void gpu_log_tell(struct gpu_log *log, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct gpu_image {
	struct gpu_image *next; /* of the space, under its lock */
	struct gpu_space *space;
	const struct road_cached *cached;
	const char *blob; /* its bytes: checked, shared with others, so not relocated */
	struct gpu_memory code, data;
};
static inline const struct road_gpu_image *gpu_image_header(const struct gpu_image *image)
{
	return (const struct road_gpu_image *)(const void *)image->blob;
}
static inline const struct road_gpu_kernel *gpu_image_kernels(const struct gpu_image *image)
{
	return (const struct road_gpu_kernel
			*)(const void *)(image->blob + gpu_image_header(image)->kernels.offset);
}
/* offset was checked. */
static inline const char *gpu_image_string(const struct gpu_image *image, uint32_t offset)
{
	return image->blob + gpu_image_header(image)->strings.offset + offset;
}
/* Is every table that the driver reads sound? blob is 8-byte aligned. */
road_status gpu_image_check(const void *blob, uint64_t bytes);
/* Code from what a caller hands in, checked: PTX is compiled, unless the cache has it. */
road_status gpu_image_make(const struct gpu *gpu, const void *bytes, size_t count,
			   const struct road_image_options *options, struct gpu_log *log,
			   const struct road_cached **out);
/* Loads the space's images again, after a reset. */
road_status gpu_images_restore(struct gpu_space *space);

struct gpu_kernel {
	uint64_t object;                     /* device address of its entry */
	uint32_t shared_bytes, local_bytes;  /* static, per lane */
	_Atomic uint32_t shared_max;         /* dynamic, that a launch may ask for */
	const struct road_gpu_kernel *entry; /* in the image's copy */
	bool has_stack;                      /* its launches get the space's */
	bool bounded;                        /* by the chip's watchdog alone: its firmware's */
	struct gpu *gpu;
	struct road_argument_info *arguments;
};
/* Static and dynamic shared memory of a launch; the dynamic part is aligned. */
uint64_t gpu_kernel_group_bytes(const struct gpu_kernel *kernel, uint32_t dynamic_bytes);
road_status gpu_kernel_get(struct road_drv_kernel *kernel, const char *name);
void gpu_kernel_free(struct road_drv_kernel *kernel);
road_status gpu_kernel_occupancy(struct road_drv_kernel *kernel, uint32_t block,
				 uint32_t shared_bytes, struct road_occupancy *out);
road_status gpu_kernel_set(struct road_drv_kernel *kernel, uint32_t attribute, uint64_t value);
road_status gpu_check_launch(const struct road_cmd_launch *launch);
extern const struct road_image_ops gpu_image_ops;

/* ---- limits.c ---- */
enum { GPU_STACK_DEFAULT = 1024, GPU_STACK_MAX = 512 << 10, GPU_STACK_GRANULE = 16 };
road_status gpu_limit(struct road_drv_space *space, uint32_t limit, bool set, uint64_t *bytes);
/* Local memory of a lane in a launch. */
uint32_t gpu_local_bytes(const struct gpu_space *space, const struct gpu_kernel *kernel);

#endif
