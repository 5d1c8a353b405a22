/* SPDX-License-Identifier: Apache-2.0 */
/* Chips that are booted with programs of a test's own, signed with a key that the test made. */
#ifndef TESTS_FIRMWARE_CHIPS_H
#define TESTS_FIRMWARE_CHIPS_H

#include <roadbed/firmware.h>

#include "simulators/boot/program.h"
#include "tests/unit/core/fixture.h"

enum { CHIPS_OPCODES = 4 };

/* How a program differs from one that enables everything at the full clock. */
struct differs {
	struct {
		const char *name; /* NULL: no more */
		uint16_t version;
	} opcodes[CHIPS_OPCODES];
	uint32_t quantum_ns;
	uint32_t clock, power_mw; /* 0: 1000 */
};

struct chip {
	const char *name, *options; /* "gpu-small", "time=approx" */
	uint32_t family;
	const char *components[2];
};
extern const struct chip chips[3]; /* GPGPU, DSA, RPU */

/* Opened alone, so that other firmware can be loaded. */
struct chip_rig {
	const struct chip *chip;
	road_instance *instance;
	road_device *device;
	road_device_info info;
};
struct chip_rig chip_open(const struct chip *chip);
void chip_close(struct chip_rig *rig);
/* Boots a program like that, as version 2.0.0; takes the new info. */
road_status chip_load(struct chip_rig *rig, const struct differs *differs);
/* Likewise, and it must succeed; with space and queue. */
struct fixture chip_run(struct chip_rig *rig, const struct differs *differs);
void chip_stop(struct fixture *f); /* the device stays open */

road_property chip_property(const struct chip_rig *rig, const char *name);
/* The last error's text has this in it. */
bool says(const char *part);

#endif
