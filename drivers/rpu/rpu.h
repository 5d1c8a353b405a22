/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the Roadbed RPU: what its files share.
 *
 * Locks, in the order in which they may be taken: life, the helpers' (streams, range tables),
 * registers; heap and configs are leaves. Every sequence of register writes ends with a read, which
 * pushes the writes to the chip: only then may what they point at be changed or freed.
 */
#ifndef DRIVERS_RPU_RPU_H
#define DRIVERS_RPU_RPU_H

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

#include "uapi/region.h"
#include "uapi/rpu/config.h"
#include "uapi/rpu/regs.h"
#include "uapi/rpu/ring.h"

#define RPU_PAGE            UINT64_C(4096)
#define RPU_SCRATCH_GRANULE 64u
#define RPU_DEPTH_MAX       1024u
#define RPU_REGISTER_WAIT   UINT64_C(100000000) /* ns of the bus's clock */
#define RPU_VECTORS_MAX     32u
#define RPU_ADDRESSES       (UINT64_C(1) << 47) /* of a context */

/* What the registers say of the chip; filled by a table in properties.c. */
struct rpu_params {
	uint32_t tiles, mesh_columns, clock_khz, streams, contexts, features;
	uint32_t spm_bytes, spm_banks, fabric;
	uint64_t memory_bytes, memory_rate, neur_rate;
};

struct rpu_context;

struct rpu {
	struct road_drv_device *dev;
	struct road_bus *bus;
	struct rpu_params params;
	struct road_traits traits;
	struct road_boot_program program; /* that streams and engines obey */
	bool clean;                       /* memory was zero at start */

	pthread_mutex_t life_lock; /* contexts close, or the chip is reset */
	pthread_mutex_t reg_lock;  /* select and command registers are shared by all */

	/* Device memory, and addresses: kernels reach the first 4 GiB of these, so that they are
	 * given out from below and not reserved in this process. Scratchpads: addresses that mean
	 * the same place in each tile, of all spaces together. */
	pthread_mutex_t heap_lock;
	struct road_ranges *heap, *addresses, *scratch;
	uint64_t scratch_reserved; /* from the begin on, for images that claim it */

	struct road_streams *streams;
	struct road_numbers *contexts;
	struct rpu_context *own; /* nobody's: what configurations are uploaded by */

	/* Configurations whose bytes the chip can read. */
	pthread_mutex_t config_lock;
	struct rpu_resident *residents;
};

/* ---- rpu.c ---- */
static inline uint32_t rpu_read32(struct rpu *rpu, uint64_t reg)
{
	return road_read32(rpu->bus, ROAD_RPU_REGION_REGS, reg);
}
static inline void rpu_write32(struct rpu *rpu, uint64_t reg, uint32_t value)
{
	road_write32(rpu->bus, ROAD_RPU_REGION_REGS, reg, value);
}
static inline void rpu_write64(struct rpu *rpu, uint64_t reg, uint64_t value)
{
	road_write64(rpu->bus, ROAD_RPU_REGION_REGS, reg, value);
}
/* Reads the register until it says `wanted`. */
static inline road_status rpu_await(struct rpu *rpu, uint64_t reg, uint32_t mask, uint32_t wanted,
				    const char *name)
{
	return road_register_await(rpu->dev, ROAD_RPU_REGION_REGS, reg, mask, wanted,
				   RPU_REGISTER_WAIT, name);
}

/* ---- properties.c ---- */
road_status rpu_params_read(struct rpu *rpu); /* and what the firmware is able to */
road_status rpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out);
road_status rpu_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out);
void rpu_info(struct road_drv_device *dev, struct road_device_info *out);

/* ---- context.c: address spaces ---- */
struct rpu_context {
	struct rpu *rpu;
	uint32_t index; /* the chip's number */
	struct road_range_table *table;
};
road_status rpu_context_create(struct rpu *rpu, struct rpu_context **out);
void rpu_context_destroy(struct rpu_context *context);
road_status rpu_space_open(struct road_drv_space *space);
void rpu_space_close(struct road_drv_space *space);

/* ---- memory.c ---- */
struct rpu_memory { /* device memory of a context */
	struct rpu_context *context;
	uint64_t va, pa, bytes;
};
/* Zeroed; rights: of kernels (entries may always write). */
road_status rpu_memory_alloc(struct rpu_context *context, uint64_t bytes, uint64_t alignment,
			     uint32_t rights, struct rpu_memory *out);
void rpu_memory_free(struct rpu_memory *memory);
/* Keeps so many bytes from the scratchpads' begin on for images that claim them, and no more;
 * ROAD_NO_SPACE: buffers are there, nothing changed. */
road_status rpu_scratch_reserve(struct rpu *rpu, uint64_t bytes);
extern const struct road_memory_ops rpu_memory_ops;
/* Does a command's place lie in the scratchpads? All device memory lies above them. */
static inline bool rpu_is_scratch(const struct road_place *place)
{
	return !place->bus && place->address >= ROAD_RPU_SPM_BASE &&
	       place->address < ROAD_RPU_MEMORY_BASE;
}

/* ---- config.c: configurations of fabrics ---- */
/* The slots of struct road_region_port. */
road_status rpu_payload_check(struct road_drv_device *dev,
			      const struct road_region_payload *payload);
road_status rpu_payload_patch(const struct road_drv_config *config,
			      const struct road_patch *patches, uint32_t count, void *payload,
			      uint32_t payload_bytes);
/* Of a payload that was checked. */
void rpu_payload_argument(const void *payload, uint32_t index, struct road_rpu_argument *out);

/* ---- image.c, engine.c, regions.c ---- */
struct rpu_image {
	struct rpu *rpu;
	unsigned char *bytes;
	uint32_t count;
	struct rpu_entry_point {
		uint64_t at, bytes; /* of the container */
		uint64_t payload;
		bool is_engine; /* of the engine NEUR, not a configuration */
		char name[ROAD_RPU_NAME_BYTES];
	} * entries;
};
struct rpu_kernel {
	const struct rpu_image *image;
	const struct rpu_entry_point *entry;
	struct road_rpu_engine_kernel engine; /* if entry->is_engine */
	struct road_argument_info arguments[ROAD_RPU_ARGUMENTS_MAX];
};
road_status rpu_engine_check(const struct rpu *rpu, const struct road_region_payload *payload);
void rpu_engine_describe(struct rpu_kernel *kernel, struct road_kernel_info *info);
/* Bytes of an element of A and B, or of the result. */
uint32_t rpu_engine_element(const struct road_rpu_engine_kernel *kernel, bool result);
road_status rpu_engine_check_launch(const struct road_cmd_launch *launch);
/* The entry of a launch that was checked, but for its order. */
struct road_rpu_gemm rpu_engine_entry(const struct road_cmd_launch *launch);
extern const struct road_image_ops rpu_image_ops;
bool rpu_of_kernel(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count);
extern const struct road_region_port rpu_region_port;
/* Why the chip took no stream, if its region is the reason. */
road_status rpu_region_refused(const struct road_stream *stream, const char *where);
/* The kernel's name of an open configuration; "" if there is none of this id. */
void rpu_config_name(struct rpu *rpu, uint64_t id, char *out, size_t bytes);
/* ROAD_OUT_OF_DEVICE_MEMORY: there is no place for so many bytes now. */
road_status rpu_memory_room(struct rpu *rpu, uint64_t bytes);

/* ---- plan.c: which commands of a list may overlap ---- */
struct rpu_step {
	bool free;             /* need not wait for all before it, only for its tokens */
	uint16_t wait, signal; /* tokens, bit by bit */
};
enum { RPU_PLAN_STEPS = 64 };
struct rpu_plan {
	const struct road_cmd *commands; /* of the submission that is being encoded */
	uint32_t count;                  /* 0: nothing may overlap */
	uint32_t first, planned;         /* `steps` are of these commands */
	struct rpu_step steps[RPU_PLAN_STEPS];
};
void rpu_plan_begin(struct rpu_plan *plan, const struct road_drv_submission *submission);
/* What order the command asks for; pure in the submission. */
struct rpu_step rpu_plan_step(struct rpu_plan *plan, const struct road_cmd *command);

/* ---- encode.c ---- */
enum { RPU_ENTRIES_PER_CALL = 8 };
/* encoder->user is a struct road_stream_encode, its state a struct rpu_plan. */
int rpu_encode(struct road_ring_encoder *encoder, const struct road_cmd *command);
void rpu_encode_fence(struct road_ring_encoder *encoder, uint64_t sequence);

/* ---- stream.c: queues ---- */
extern const struct road_stream_port rpu_stream_port;
road_status rpu_queue_open(struct road_drv_queue *queue);
road_status rpu_queue_submit(struct road_drv_queue *queue,
			     const struct road_drv_submission *submission);
void rpu_irq(struct road_drv_device *dev, uint32_t vector);

/* ---- faults.c: slots of struct road_stream_port ---- */
road_status rpu_fault_describe(const struct road_stream *stream, struct road_fault *out);
road_status rpu_fault_error(const struct road_stream *stream, const char *where);

#endif
