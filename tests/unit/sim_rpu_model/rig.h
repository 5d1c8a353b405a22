/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated RPU through the engine's door, as a driver sees it: registers, and rings in host
 * memory. Device memory is reached by entries alone: tests bring it to host memory and look there.
 */
#ifndef TESTS_UNIT_SIM_RPU_MODEL_RIG_H
#define TESTS_UNIT_SIM_RPU_MODEL_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simulators/engine/entry.h"
#include "uapi/region.h"
#include "uapi/rpu/regs.h"
#include "uapi/rpu/ring.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Host memory that the chip reaches: bus addresses HOST .. HOST + HOST_BYTES. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES (UINT64_C(1) << 20)
enum {
	STATUS_AT = 0, /* of stream s at s * 256 */
	TABLE_AT = 0x1000,
	ARGUMENTS_AT = 0x2000,
	OPS_AT = 0x3000, /* ops and reports of regions */
	RINGS_AT = 0x4000,
	RING_SLOTS = 64,
	RING_BYTES = RING_SLOTS * ROAD_RPU_ENTRY_BYTES,
	SYSTEM_AT = 0x40000, /* mapped into the context */
	SYSTEM_BYTES = 0x80000
};
/* The ranges of context 0: all of the scratchpads, device memory from 0 on, and host memory. */
#define SCRATCH_BYTES (UINT64_C(256) << 10)
#define VA_DATA       UINT64_C(0x4000000)
#define DATA_BYTES    UINT64_C(0x100000)
#define VA_SYSTEM     UINT64_C(0x8000000)

enum { RIG_STREAMS = 4, RIG_SLICE = 16 };

struct rig {
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t when, written[RIG_STREAMS];
	uint8_t *host;
};

/* rpu-small, context 0 set up, streams 0 and 1 open in the root. */
struct rig *rig_open(const char *options);
/* A further function of its chip, likewise; NULL: all are in use. */
struct rig *rig_open_further(const struct rig *first);
void rig_close(struct rig *rig);
/* Gives context 0 this window of the scratchpads instead, as a driver does for a buffer. */
void rig_set_window(struct rig *rig, uint64_t at, uint64_t bytes, uint32_t rights);
void rig_set_context(struct rig *rig);
void rig_open_stream(struct rig *rig, uint32_t stream, uint32_t priority);

void rig_put(struct rig *rig, uint64_t offset, uint32_t width, uint64_t value);
uint64_t rig_get(struct rig *rig, uint64_t offset, uint32_t width);
/* Into the ring, without telling; and telling. */
void rig_push(struct rig *rig, uint32_t stream, const void *entry);
void rig_ring(struct rig *rig, uint32_t stream);
/* Until nothing is left, or so many slices; whether nothing is. */
bool rig_run(struct rig *rig, uint64_t until, unsigned slices);
const struct road_rpu_stream_status *rig_status(const struct rig *rig, uint32_t stream);
uint8_t *rig_system(struct rig *rig);
/* By name; UINT64_MAX: there is none. */
uint64_t rig_counter(struct rig *rig, const char *name);

#endif
