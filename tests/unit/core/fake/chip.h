/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chip with regions that only the core's tests have: it does at once what it is told, in memory
 * of this process, and tells the tests what it was told. `fake:` is its device, driver.c its
 * driver, a file of its own; the tests find fake_door in it.
 */
#ifndef TESTS_UNIT_CORE_FAKE_CHIP_H
#define TESTS_UNIT_CORE_FAKE_CHIP_H

#include <roadbed-driver/region.h>
#include <stdbool.h>

enum { FAKE_UNITS = 8, FAKE_SLOTS = 3, FAKE_SLOT_BYTES = 4096, FAKE_REGIONS = 40 };
#define FAKE_FABRIC   7u
#define FAKE_FEATURES 0x1fu /* all but ROAD_REGION_BARRIER */

/* What a configuration's first byte makes of it; all others are sound images for one unit. */
enum { FAKE_BAD = '!', FAKE_FOREIGN = 'F', FAKE_UNITS_OF = 'U', FAKE_RELOCATED = 'R' };

/* The other door: what tests set and see. */
struct fake_door {
	/* set */
	uint32_t features; /* ROAD_REGION_*, before the device is opened */
	bool held;         /* submissions stay on the device until fake_run */
	bool buffers_live; /* a layout is refused */
	bool no_report;    /* the driver breaks its contract */
	bool forgets;      /* generations begin anew after a reset */
	road_status open_fails, reset_fails;
	uint32_t fail_phase; /* the next command that loads or switches fails there */
	/* seen */
	uint32_t checks, opens, handed, overlaps, in_flight;
	_Atomic uint32_t closes, open_now; /* by whichever thread lets go last */
	uint32_t region;
	uint64_t generation, configuration; /* of the last command, of the last launch */
	uint64_t queue_generation;          /* of the queue that was reset last */
	uint32_t flags;                     /* of the last launch */
	char log[64];                       /* a letter a command, in the order in which they ran */
	/* Does up to `count` submissions of any queue, oldest first; how many. */
	uint32_t (*run)(uint32_t count);
	void (*lose)(void); /* the device is gone */
	void (*fault)(uint32_t region);
	void (*settle)(void); /* somebody else commits the layout that is under way */
};
extern struct fake_door fake_door;

/* ---- chip.c ---- */
void fake_chip_reset(void);
road_status fake_chip_info(uint32_t index, struct road_region_info *out);
uint32_t fake_chip_children(uint32_t index, uint32_t *out);
road_status fake_chip_status(uint32_t index, struct road_region_status *out);
road_status fake_chip_slot(uint32_t index, uint32_t slot, struct road_slot_info *out);
road_status fake_chip_layout(uint32_t index, uint32_t step, const struct road_region_part *parts,
			     uint32_t count, uint64_t *drain);
road_status fake_chip_set_safe(uint32_t index, uint64_t config);
road_status fake_chip_release(uint32_t index);
/* Does it, and reports; current: what the queue's launches expect. */
road_status fake_chip_command(const struct road_cmd_region *command, uint64_t *current);
/* May it run, does it have to activate? */
road_status fake_chip_launch(uint32_t index, uint64_t generation, uint64_t expected, bool activate,
			     const struct road_drv_config *config);
void fake_chip_fault(uint32_t index);
void fake_chip_settle(void);

/* What the chip leaves of a command. */
struct fake_report {
	uint32_t done;
	int32_t status;
	uint32_t phase, flags, slot, reserved;
	uint64_t active, bytes, ended_ns;
};

#endif
