/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of a kernel's source cost: see struct road_sim_line in <roadbed/sim.h>. */
#ifndef ROADBED_SIM_LINE_H
#define ROADBED_SIM_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct sim_line {
	uint64_t image; /* number of its load on this chip, from 0 */
	uint32_t kernel, line;
	bool timed; /* what comes behind `spills` is known */
	uint64_t issues, lanes, spills;
	uint64_t stall_barrier, stall_memory, stall_dependence, stall_unit, stall_not_selected;
	uint64_t sectors, sectors_ideal, replays;
};

#endif
