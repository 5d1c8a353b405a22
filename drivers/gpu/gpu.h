/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the Roadbed GPGPU: what its files share.
 *
 * Locks, in the order in which they may be taken: life, service, a space's, its print's, registers;
 * heap and table are leaves. Every sequence of register writes ends with a read, which pushes the
 * writes to the chip: only then may what they point at be changed or freed.
 */
#ifndef DRIVERS_GPU_GPU_H
#define DRIVERS_GPU_GPU_H

#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/region_unit.h>
#include <roadbed-driver/ring.h>
#include <roadbed/region.h>
#include <stdatomic.h>

#include "drivers/gpu/print.h"
#include "drivers/gpu/ptx/ptx.h"
#include "uapi/gpu/aql.h"
#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"
#include "uapi/gpu/regs.h"

#define GPU_PAGE          UINT64_C(4096) /* granule of both heaps */
#define GPU_DEPTH_MAX     1024u
#define GPU_PARAMS_MAX    65536u              /* bytes of a kernel's arguments */
#define GPU_REGISTER_WAIT UINT64_C(100000000) /* ns of the bus's clock */
#define GPU_SERVICE_WAIT  UINT64_C(1000000000)
#define GPU_STAGE_BYTES   (UINT64_C(256) << 10)
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
	uint32_t vectors; /* interrupts that queues share; 0: none */
	bool clean;       /* memory was zero at start */
	struct road_ptx_options compile;

	pthread_mutex_t life_lock; /* spaces close, images come and go, or the chip is reset */

	pthread_mutex_t reg_lock; /* select and command registers are shared by all */

	pthread_mutex_t heap_lock;
	struct road_ranges *visible; /* device memory in the window; NULL: no window */
	struct road_ranges *hidden;  /* the rest; NULL: no rest */

	pthread_mutex_t table_lock;
	struct gpu_queue **queues; /* by hardware number */
	uint32_t queues_end;       /* behind the highest number ever used */
	struct gpu_space **spaces;

	/* The driver's own queue: one job at a time, in whatever space it is for. */
	pthread_mutex_t service_lock;
	struct gpu_queue *service;
	uint64_t service_sequence;
	struct road_dma stage;
};

/* ---- registers: gpu.c ---- */
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
static inline uint64_t gpu_now(struct gpu *gpu)
{
	return gpu->bus->ops->now_ns(gpu->bus);
}
/* ROAD_DEVICE_LOST if the device is gone: tells the core. */
road_status gpu_alive(struct gpu *gpu, const char *where);
/* Reads the register until (value & mask) == wanted, on the bus's clock. reg_lock if it is shared.
 */
road_status gpu_await(struct gpu *gpu, uint64_t reg, uint32_t mask, uint32_t wanted,
		      const char *name);

/* ---- options.c ---- */
road_status gpu_options_take(struct gpu *gpu, const char *options);

/* ---- properties.c ---- */
road_status gpu_params_read(struct gpu *gpu);
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
	uint32_t index;
	pthread_mutex_t lock;
	struct road_dma table; /* of struct road_gpu_segment, sorted by va */
	uint32_t count, room;
	struct gpu_image *images;
	_Atomic uint32_t stack;    /* bytes of a lane: ROAD_LIMIT_STACK */
	struct gpu_alias *aliases; /* sorted by va */
	_Atomic uint32_t alias_count;
	uint32_t alias_room;
	struct gpu_print print;
};
road_status gpu_space_open(struct road_drv_space *space);
void gpu_space_close(struct road_drv_space *space);
/* Adds a range; exact bytes. */
road_status gpu_space_map(struct gpu_space *space, const struct road_gpu_segment *segment);
/* Changes the rights of the range that starts at va. */
road_status gpu_space_protect(struct gpu_space *space, uint64_t va, uint32_t flags);
void gpu_space_unmap(struct gpu_space *space, uint64_t va);
road_status gpu_space_alias(struct gpu_space *space, const struct gpu_alias *alias);
void gpu_space_unalias(struct gpu_space *space, uint64_t va);
/* Where packets write what commands call `place`. */
struct road_place gpu_space_writable(struct gpu_space *space, struct road_place place);
/* Tells the chip the table again, after a reset. */
road_status gpu_space_restore(struct gpu_space *space);

/* ---- memory.c ---- */
struct gpu_memory { /* device memory of a space */
	struct gpu_space *space;
	struct road_ranges *heap;
	uint64_t va, pa, bytes;
	uint64_t alias; /* of read-only memory: where packets write it; 0: none */
	void *mapping;  /* in the window, once asked for */
};
/* Zeroed. flags: ROAD_GPU_SEGMENT_READ and _WRITE as they will stand. */
road_status gpu_memory_alloc(struct gpu_space *space, uint64_t bytes, uint64_t alignment,
			     bool visible, uint32_t flags, struct gpu_memory *out);
void gpu_memory_free(struct gpu_memory *memory);
/* The memory must be writable in its space at that time. */
road_status gpu_memory_upload(struct gpu_memory *memory, const void *bytes, uint64_t count);
extern const struct road_memory_ops gpu_memory_ops;

/* ---- encode.c ---- */

/* Commands of the driver itself, beside enum road_command_kind: dst and bytes of `fill`. */
enum gpu_command { GPU_COMMAND_LOAD = (int)ROAD_COMMAND_KINDS, GPU_COMMAND_UNLOAD, GPU_COMMANDS };
struct gpu_encode {              /* what packets need to know of their queue */
	struct gpu_space *space; /* NULL: places are what they are */
	uint64_t fence;          /* bus address of the completion word */
	uint32_t vector;
	bool irq;
};
enum { GPU_PACKETS_PER_CALL = 8 };
int gpu_encode(struct road_ring_encoder *encoder, const struct road_cmd *command);
void gpu_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence);

/* ---- queue.c ---- */
struct gpu_queue {
	struct gpu_encode encode; /* first: the encoder's user */
	struct gpu *gpu;
	struct road_drv_queue *drv; /* NULL: the driver's own */
	uint32_t index;
	uint32_t priority; /* the chip's */
	uint32_t slots;    /* packets in the ring */
	_Atomic bool open; /* on the chip */
	_Atomic uint64_t rung;
	struct road_dma status_memory;
	struct road_gpu_queue_status *status;
	struct road_ring *ring;
};
struct gpu_queue_config {
	struct gpu_space *space;
	struct road_drv_queue *drv;
	uint32_t priority, depth, packets, argument_bytes;
};
road_status gpu_queue_create(struct gpu *gpu, const struct gpu_queue_config *config,
			     struct gpu_queue **out);
/* Stops it on the chip if it is open. */
void gpu_queue_destroy(struct gpu_queue *queue);
/* Gives the queue, empty, to the chip; takes it back: the chip touches nothing of it any more. */
road_status gpu_queue_start(struct gpu_queue *queue);
void gpu_queue_stop(struct gpu_queue *queue);
uint32_t gpu_queue_fault(struct gpu_queue *queue); /* enum road_gpu_fault */
road_status gpu_queue_open(struct road_drv_queue *queue);
void gpu_queue_close(struct road_drv_queue *queue);
road_status gpu_queue_submit(struct road_drv_queue *queue,
			     const struct road_drv_submission *submission);
void gpu_queue_advance(struct road_drv_queue *queue, struct road_drv_progress *out);
road_status gpu_queue_reset(struct road_drv_queue *queue);
bool gpu_queue_native(struct road_drv_queue *queue);
void gpu_irq(struct road_drv_device *dev, uint32_t vector);

/* ---- regions.c: partitions, where the chip has any ---- */
road_status gpu_regions_start(struct gpu *gpu);
road_status gpu_queue_region(const struct gpu_queue *queue, uint32_t *region);
/* The packet's own fields. -1: no room now. */
int gpu_encode_region(struct road_ring_encoder *encoder, const struct road_cmd *command,
		      struct road_gpu_vendor *packet);
void gpu_encode_expect(const struct road_ring_encoder *encoder,
		       const struct road_cmd_launch *launch, struct road_gpu_vendor *packet);

/* ---- service.c: work that the driver itself waits for ---- */
road_status gpu_service_start(struct gpu *gpu);
void gpu_service_stop(struct gpu *gpu);
/* The space is about to go. */
void gpu_service_leave(struct gpu_space *space);
road_status gpu_service_fill_zero(struct gpu_space *space, uint64_t va, uint64_t bytes);
road_status gpu_service_upload(struct gpu_space *space, uint64_t va, const void *from,
			       uint64_t bytes);
road_status gpu_service_load(struct gpu_space *space, uint64_t va, uint64_t bytes);
road_status gpu_service_unload(struct gpu_space *space, uint64_t va);

/* ---- faults.c ---- */
/* What the fault makes of the submission. */
road_status gpu_fault_status(const struct road_gpu_queue_status *status);
void gpu_fault_describe(struct gpu_space *space, const struct road_gpu_queue_status *status,
			struct road_fault *out);
/* A fault of the driver's own work, as an error. */
road_status gpu_fault_error(const struct road_gpu_queue_status *status, const char *where);

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
