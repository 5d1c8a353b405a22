/* SPDX-License-Identifier: Apache-2.0 */
/* One thread of the machine, for the files that it consists of. */
#ifndef TESTS_UNIT_PTX_MACHINE_LANE_H
#define TESTS_UNIT_PTX_MACHINE_LANE_H

#include "tests/unit/ptx/machine.h"
#include "uapi/gpu/isa.h"

enum lane_state { LANE_RUNS, LANE_AT_BARRIER, LANE_AT_COLLECTIVE };

struct lane {
	uint32_t rows[256];
	uint64_t pairs[256];
	bool preds[64];
	uint32_t pc, tid[3], ctaid[3];
	uint32_t depth; /* of calls */
	bool done;
	enum lane_state state;
	uint8_t local[MACHINE_LOCAL_BYTES];
};

bool lane_pred(const struct lane *lane, unsigned field);
uint64_t lane_reg(const struct lane *lane, const struct road_gpu_word *w, unsigned kind,
		  unsigned field, unsigned form);
void lane_write(struct lane *lane, const struct road_gpu_word *w, uint64_t value);

/* Lets those of a warp's lanes act that are all at one collective word; false: none can. */
bool lanes_together(struct machine *m, struct lane *lanes, uint32_t count);

#endif
