/* SPDX-License-Identifier: Apache-2.0 */
/* The boot block without chip or engine: this is its engine, its bus, its chip, and who signs. */
#ifndef TESTS_UNIT_SIM_BOOT_RIG_H
#define TESTS_UNIT_SIM_BOOT_RIG_H

#include <roadbed/firmware.h>

#include "simulators/boot/internal.h"
#include "tests/support/tap.h"

#define RIG_MEMORY  (1u << 16) /* bus addresses RIG_BUS … */
#define RIG_BUS     UINT64_C(0x10000)
#define RIG_CHIP    UINT64_C(0x77)
#define RIG_CHUNK   100u /* no multiple of anything */
#define RIG_MOST    4096u
#define RIG_US      UINT64_C(1000000)
#define RIG_ENTRIES 40u

enum { RIG_FUNCTIONS = 2, RIG_QUEUES = 4 };

struct rig {
	struct sim_boot *boot;
	struct sim_boot_setup setup;
	uint8_t memory[RIG_MEMORY];
	struct sim_event *event; /* the block has one */
	uint64_t now, entries;
	uint32_t violations, reads; /* of memory */
	uint32_t started, resets;
	uint32_t queues[RIG_FUNCTIONS][RIG_QUEUES][SIM_BOOT_VERBS]; /* how often each was told */
	char said[256];                                             /* by the last violation */
};
extern struct rig rig;

/* A chip of this style with so many components ("one", "two"), powered on. */
void rig_begin(enum sim_boot_style style, uint32_t components);
void rig_begin_with(enum sim_boot_style style, uint32_t components,
		    const struct sim_boot_options *options);
void rig_end(void);

uint64_t rig_get(uint32_t reg, uint32_t width);
void rig_put(uint32_t reg, uint32_t width, uint64_t value);
/* Lets what is under way happen, one event; false: nothing is. */
bool rig_step(void);
/* Until nothing is under way; the phase then. */
uint32_t rig_settle(void);

/* How often each queue was told so. */
uint32_t rig_each(enum sim_boot_verb verb);

/* Images. */
struct rig_image {
	uint8_t bytes[RIG_MOST + 64];
	uint32_t count;
};
/* What is signed, by the first key; then change it and rig_sign() again. */
struct rig_recipe {
	uint8_t payload[1024];
	size_t payload_bytes;
	uint8_t seed[32];
	road_firmware_sign_options options;
};
void rig_recipe(struct rig_recipe *out, uint32_t component);
void rig_sign(const struct rig_recipe *recipe, struct rig_image *out);
void rig_image(struct rig_image *out, uint32_t component);
/* Keys that were made when the test began; the ROM holds the first. */
extern uint8_t rig_seed[2][32], rig_key[2][32];

/* From WAITING: the host does its part until the ROM has judged; the phase then. */
uint32_t rig_load(const struct rig_image *image);
/* From power-on to RUNNING, or where it ends. */
uint32_t rig_boot(void);

#endif
