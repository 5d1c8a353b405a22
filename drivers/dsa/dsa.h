/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the Roadbed DSA: what its files share.
 *
 * The chip does not look into the host's caches: whatever it shall read is synced to it first, and
 * whatever it wrote is synced before it is read (rings and arguments: the ring helper does).
 *
 * Locks, in the order in which they may be taken: life, the helpers' (streams, range tables),
 * registers; heap and a context's images are leaves. Every sequence of register writes ends with a
 * read, which pushes the writes to the chip: only then may what they point at be changed or freed.
 */
#ifndef DRIVERS_DSA_DSA_H
#define DRIVERS_DSA_DSA_H

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

#include "uapi/dsa/image.h"
#include "uapi/dsa/isa.h"
#include "uapi/dsa/microcode.h"
#include "uapi/dsa/regs.h"
#include "uapi/dsa/ring.h"
#include "uapi/range.h"
#include "uapi/region.h"

#define DSA_PAGE          UINT64_C(4096)
#define DSA_DEPTH_MAX     1024u
#define DSA_REGISTER_WAIT UINT64_C(100000000) /* ns of the bus's clock */
#define DSA_VECTORS_MAX   32u

/* What the registers say of the chip; filled by a table in properties.c. */
struct dsa_params {
	uint32_t cores, clock_khz, flags, streams, contexts, isa, features, l2_bytes;
	uint32_t pad_bytes[ROAD_DSA_PADS];
	uint64_t memory_bytes, memory_rate, cube_rate;
};

struct dsa_context;

struct dsa {
	struct road_drv_device *dev;
	struct road_bus *bus;
	struct dsa_params params;
	struct road_traits traits;
	struct road_boot_program program; /* that streams obey */
	bool clean;                       /* memory was zero at start */

	pthread_mutex_t life_lock; /* contexts close, images come and go, or the chip is reset */
	pthread_mutex_t reg_lock;  /* select and command registers are shared by all */

	pthread_mutex_t heap_lock;
	struct road_ranges *heap;

	struct road_streams *streams;
	struct road_numbers *contexts;
	struct dsa_context *own; /* where configuration images lie; NULL: none came yet */
};

/* ---- dsa.c ---- */
static inline uint32_t dsa_read32(struct dsa *dsa, uint64_t reg)
{
	return road_read32(dsa->bus, ROAD_DSA_REGION_REGS, reg);
}
static inline void dsa_write32(struct dsa *dsa, uint64_t reg, uint32_t value)
{
	road_write32(dsa->bus, ROAD_DSA_REGION_REGS, reg, value);
}
static inline void dsa_write64(struct dsa *dsa, uint64_t reg, uint64_t value)
{
	road_write64(dsa->bus, ROAD_DSA_REGION_REGS, reg, value);
}
/* Reads the register until it says `wanted`. */
static inline road_status dsa_await(struct dsa *dsa, uint64_t reg, uint32_t mask, uint32_t wanted,
				    const char *name)
{
	return road_register_await(dsa->dev, ROAD_DSA_REGION_REGS, reg, mask, wanted,
				   DSA_REGISTER_WAIT, name);
}

/* ---- properties.c ---- */
road_status dsa_params_read(struct dsa *dsa); /* and what the firmware is able to */
road_status dsa_property(struct road_drv_device *dev, uint32_t index, struct road_property *out);
road_status dsa_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out);
void dsa_info(struct road_drv_device *dev, struct road_device_info *out);

/* ---- context.c: address spaces ---- */
struct dsa_image;
struct dsa_context {
	struct dsa *dsa;
	uint32_t index; /* the chip's number */
	struct road_range_table *ranges;
	pthread_mutex_t image_lock;
	struct dsa_image *images;
};
/* destroy is not for a time when the device is reset. */
road_status dsa_context_create(struct dsa *dsa, struct dsa_context **out);
void dsa_context_destroy(struct dsa_context *context);
road_status dsa_space_open(struct road_drv_space *space);
void dsa_space_close(struct road_drv_space *space);

/* ---- memory.c ---- */
struct dsa_memory { /* device memory of a context */
	struct dsa_context *context;
	uint64_t va, pa, bytes;
};
/* Zeroed; rights: of blocks (descriptors may always write). */
road_status dsa_memory_alloc(struct dsa_context *context, uint64_t bytes, uint64_t alignment,
			     uint32_t rights, struct dsa_memory *out);
void dsa_memory_free(struct dsa_memory *memory);
extern const struct road_memory_ops dsa_memory_ops;

/* ---- encode.c ---- */

/* Commands of the driver itself, beside enum road_command_kind: dst and bytes of `fill`. */
enum dsa_command { DSA_COMMAND_LOAD = (int)ROAD_COMMAND_KINDS, DSA_COMMAND_UNLOAD, DSA_COMMANDS };
enum { DSA_DESCRIPTORS_PER_CALL = 8 };
/* encoder->user is a struct road_stream_encode. */
int dsa_encode(struct road_ring_encoder *encoder, const struct road_cmd *command);
void dsa_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence);

/* ---- stream.c: queues ---- */
extern const struct road_stream_port dsa_stream_port;
road_status dsa_queue_open(struct road_drv_queue *queue);
void dsa_irq(struct road_drv_device *dev, uint32_t vector);

/* ---- faults.c: slots of struct road_stream_port ---- */
road_status dsa_fault_describe(const struct road_stream *stream, struct road_fault *out);
road_status dsa_fault_error(const struct road_stream *stream, const char *where);

/* ---- regions.c ---- */
/* Without a unit on the chip there is none in dev->region_unit, and no error. */
road_status dsa_regions_start(struct dsa *dsa);
void dsa_regions_stop(struct dsa *dsa);
/* Is the payload sound? The slot of struct road_region_port. */
road_status dsa_config_check(struct road_drv_device *dev,
			     const struct road_region_payload *payload);
/* Under reg_lock: the latches of a stream that is opened. */
void dsa_region_write(const struct road_stream *stream);
/* Why its region did not take the stream; ROAD_OK: for another reason. */
road_status dsa_region_refused(const struct road_stream *stream, const char *where);

/* ---- elf.c: what a file says, checked, as a code block and names ---- */
struct dsa_symbol {
	char *name;
	uint64_t offset, bytes; /* in the data; kernels: first word and count */
};
struct dsa_file {
	unsigned char *code; /* a code block (uapi/dsa/image.h) */
	uint64_t code_bytes;
	unsigned char *data;
	uint64_t data_bytes;
	struct dsa_symbol *kernels; /* in the order of the code block's */
	uint32_t kernel_count;
	struct dsa_symbol *objects;
	uint32_t object_count;
};
/* Any bytes; ROAD_IMAGE_INVALID names what is wrong, ROAD_IMAGE_INCOMPATIBLE: for other cores. */
road_status dsa_file_read(const struct dsa_params *params, const void *bytes, size_t count,
			  struct dsa_file *out);
void dsa_file_free(struct dsa_file *file);
static inline const struct road_dsa_kernel *dsa_file_kernel(const struct dsa_file *file, uint32_t i)
{
	return (const struct road_dsa_kernel *)(const void *)(file->code +
							      sizeof(struct road_dsa_code)) +
	       i;
}

/* ---- image.c ---- */
struct dsa_image {
	struct dsa_image *next; /* of the context, under image_lock */
	struct dsa_context *context;
	struct dsa_file file;
	struct dsa_memory code, data;
};
struct dsa_kernel {
	const struct dsa_image *image;
	uint32_t index;
	const struct road_dsa_kernel *entry;
	struct road_argument_info arguments[ROAD_DSA_ARGUMENTS_MAX / 8];
};
/* Loads the context's images again, after a reset. */
road_status dsa_images_restore(struct dsa_context *context);
extern const struct road_image_ops dsa_image_ops;

#endif
