/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chip from outside the tree whose ROM is like no other: its port has six functions of its own,
 * no boot block. The ROM is that of the loader's tests, with all its lies; the tests find `own_rom`
 * in the driver's file.
 */
#ifndef TESTS_UNIT_LOAD_OWN_ROM_H
#define TESTS_UNIT_LOAD_OWN_ROM_H

#include <roadbed-driver/driver.h>

#include "tests/unit/firmware/rom.h"

struct own_rom {
	/* set */
	struct rom rom;
	bool none;           /* the chip needs no firmware */
	bool foreign;        /* another function boots it; then look says only this: */
	uint32_t phase;      /* that the chip is in */
	uint32_t runs_after; /* looks; UINT32_MAX: never */
	uint32_t dump_bytes; /* what a crash leaves; UINT32_MAX: it never ends */
	bool dump_lies;      /* it gives more than was asked for */
	/* seen */
	uint32_t describes, restarts, starts, stops, resets;
	uint32_t started_in; /* phase when start was called */
	bool had_data;       /* dev->data was there already */
};
extern struct own_rom own_rom;
extern const struct road_firmware_ops own_rom_ops;

#endif
