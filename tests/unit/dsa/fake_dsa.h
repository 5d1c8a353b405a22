/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DSA for tests of its driver: registers, translation, and descriptors that are carried out while
 * the doorbell is written. It runs no kernels: a task is checked and counted. What a driver must
 * not do is counted as a violation.
 */
#ifndef TESTS_UNIT_DSA_FAKE_DSA_H
#define TESTS_UNIT_DSA_FAKE_DSA_H

#include "tests/unit/drivers/fake_bus.h"
#include "uapi/dsa/image.h"
#include "uapi/dsa/isa.h"
#include "uapi/dsa/regs.h"
#include "uapi/dsa/ring.h"
#include "uapi/range.h"

enum {
	FAKE_STREAMS = 4,
	FAKE_CONTEXTS = 2,
	FAKE_RANGES = 64,
	FAKE_BLOCKS = 4,
	FAKE_MEMORY = 1 << 20
};

struct fake_stream {
	uint32_t state, context, slots;
	uint64_t ring, status, taken;
};

struct fake_context {
	bool open;
	uint32_t count;
	struct road_range ranges[FAKE_RANGES];
};

struct fake_dsa {
	struct fake_bus bus; /* first */
	uint32_t regs[0x400 / 4];
	struct fake_stream streams[FAKE_STREAMS];
	struct fake_context contexts[FAKE_CONTEXTS];
	struct {
		uint64_t va;
		uint32_t context;
	} blocks[FAKE_BLOCKS]; /* of code that is loaded */
	uint32_t block_count;
	char *memory;
	/* what tests look at */
	uint32_t tasks, loads, fills, copies, fences;
	uint32_t violations;
	const char *violation; /* the first */
	/* what tests ask for */
	bool dirty;          /* memory is not zero at reset */
	bool refuse_code;    /* LOADs fault */
	bool refuse_streams; /* no stream opens */
};

void fake_dsa_init(struct fake_dsa *dsa);
void fake_dsa_destroy(struct fake_dsa *dsa);
/* Memory behind an address of a context; NULL: not mapped. */
void *fake_dsa_at(struct fake_dsa *dsa, uint32_t context, uint64_t va, uint64_t bytes);

#endif
