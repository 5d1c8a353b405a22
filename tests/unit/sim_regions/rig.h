/* SPDX-License-Identifier: Apache-2.0 */
/* The reconfiguration unit without chip or engine: this is its engine, its bus and its chip. */
#ifndef TESTS_UNIT_SIM_REGIONS_RIG_H
#define TESTS_UNIT_SIM_REGIONS_RIG_H

#include "simulators/regions/unit.h"
#include "tests/support/tap.h"

#define RIG_MEMORY    (1u << 20) /* bus, device memory and spaces are one */
#define RIG_QUEUES    4u
#define RIG_SLOTS     3u
#define RIG_UNITS     8u
#define RIG_NS        UINT64_C(1000)
#define RIG_US        UINT64_C(1000000)
#define RIG_LOAD      (100 * RIG_US) /* of any image */
#define RIG_SWITCH    (10 * RIG_US)
#define RIG_FABRIC    UINT64_C(0x77)
#define RIG_EVENTS    256u
#define RIG_FUNCTIONS 4u

struct rig {
	struct region_unit *unit;
	struct region_setup setup;
	uint8_t memory[RIG_MEMORY];
	uint64_t now, order;
	struct sim_event *events[RIG_EVENTS];
	uint32_t event_count, violations, retries, drains;
	uint32_t active[ROAD_REGION_NUMBERS];               /* first word of the payload; 0: none */
	uint32_t state[RIG_FUNCTIONS][ROAD_REGION_NUMBERS]; /* what save and restore move */
	bool refuse_drain;                                  /* ABORT does not end anything */
	bool live, more;
	uint32_t more_of;           /* function that has more, plus 1; 0: none */
	bool stands[RIG_FUNCTIONS]; /* what it runs is suspended */
	uint32_t suspensions;
	uint64_t approximations;
	bool starved; /* the host has no memory */
	uint32_t at;  /* next free byte of memory */
};
extern struct rig rig;

/* Each case begins with one; features 0: all. */
void rig_begin(uint32_t features);
void rig_end(void);
/* From now on so many functions share the chip, which suspends what they run; queue N is function
 * N's. */
void rig_share(uint32_t functions);

/* An image whose payload is `word` twice; its address. */
uint32_t rig_image(uint32_t word, uint32_t *bytes);
void rig_seal(uint32_t address); /* CRC again, after a change */

struct rig_op {
	struct road_region_op op;
	uint32_t at, report; /* in memory */
	bool done;
	enum road_region_error error;
};
/* An op of queue `queue` for image `word` (0: none); then change op->op, then go. */
struct rig_op *rig_op(uint32_t queue, uint32_t verb, uint32_t word);
void rig_go(struct rig_op *op, uint32_t queue);
const struct road_region_report *rig_report(const struct rig_op *op);
/* Runs until nothing is scheduled. */
void rig_run(void);
void rig_run_until(uint64_t time_ps);
/* op, go, run; the error. */
enum road_region_error rig_do(uint32_t queue, uint32_t verb, uint32_t word);

uint64_t rig_reg(uint32_t region, uint32_t reg); /* width by name: see rig.c */
uint32_t rig_slot_state(uint32_t region, uint32_t slot);
uint64_t rig_slot_config(uint32_t region, uint32_t slot);
enum road_layout_error rig_layout(uint32_t command, const struct road_region_share *shares,
				  uint32_t count);
enum region_gate rig_gate(uint32_t queue, uint32_t word, bool activate);

#endif
