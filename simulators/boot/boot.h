/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of the boot block (uapi/firmware/boot.h), which a chip's model owns: the ROM, which
 * takes signed images and checks them by itself, and the firmware, until it runs and while it does.
 *
 *	 chip                                      block
 *	 registers              ── read, write ──▶
 *	 READY? opens queues?   ── runs ─────────▶ firmware runs, or stands still
 *	 takes the next entry?  ── works ────────▶ it runs, and does not stand still
 *	 what does it work by?  ── program ──────▶
 *	                        ◀─ started ─────── from now on
 *	                        ◀─ reset, queue ── and from now on not: reset, crash, stop
 *
 * A chip without a boot ROM (a build without libsodium; NULL) is as if all were enabled: each
 * function here that asks takes NULL for that.
 *
 * All that the host supplies is taken into memory of the block before it is looked at, and that
 * copy is checked and used. What the host writes out of turn is a violation, and does nothing.
 * Firmware belongs to function 0: what another one writes, but for what it reads by, is a violation
 * of that function's, and does nothing either.
 */
#ifndef SIMULATORS_BOOT_BOOT_H
#define SIMULATORS_BOOT_BOOT_H

#include <roadbed-sim/model.h>

#include "simulators/boot/program.h"
#include "uapi/firmware/boot.h"

#define SIM_BOOT_COMPONENTS_MAX 4u
#define SIM_BOOT_KEY_BYTES      32u
#define SIM_BOOT_OWNER          0u         /* the function that firmware belongs to */
#define SIM_BOOT_EVERY          UINT32_MAX /* times: all boots */

struct sim_boot;

/* What goes wrong: numbers of enum road_sim_boot_fault of <roadbed/sim.h>, in its order. */
enum sim_boot_fault {
	SIM_BOOT_HONEST,
	SIM_BOOT_HANG,
	SIM_BOOT_REJECT,
	SIM_BOOT_SELFTEST,
	SIM_BOOT_OFFSET,
	SIM_BOOT_LENGTH,
	SIM_BOOT_ENDLESS,
	SIM_BOOT_EARLY,
	SIM_BOOT_PROTOCOL,
	SIM_BOOT_VERSION,
	SIM_BOOT_CHIP,
	SIM_BOOT_CRASH,
	SIM_BOOT_STOP,
	SIM_BOOT_FAULTS
};

enum sim_boot_style { SIM_BOOT_PUSH, SIM_BOOT_PULL };

/* What is done to a queue, which answers whether it is, or was, open. */
enum sim_boot_verb {
	SIM_BOOT_LOOK,
	SIM_BOOT_FAIL, /* the firmware crashed: it fails, if it is open */
	SIM_BOOT_DROP, /* the firmware stands still: its work is gone, and nobody says so */
	SIM_BOOT_VERBS
};

struct sim_boot_component {
	char name[32];
	uint32_t bytes_max; /* of its container */
	uint32_t units;     /* that get it, by broadcast */
};

/* Values of the options `boot`, `rom_key` and `firmware`. */
struct sim_boot_options {
	uint32_t fault, phase; /* of every boot */
	bool has_key, search;
	uint8_t key[SIM_BOOT_KEY_BYTES];
};
/* Takes one of them; false with the reason in error (SIM_ERROR_BYTES). */
bool sim_boot_option(struct sim_boot_options *options, const struct sim_option *option,
		     enum sim_boot_style style, char *error);

struct sim_boot_setup {
	struct sim_env *env;
	enum sim_boot_style style;
	uint32_t chunk_bytes; /* push: at most ROAD_BOOT_DATA_BYTES */
	uint64_t chip;        /* id of this kind */
	uint32_t family;      /* enum road_program_family */
	uint8_t chip_class[16];
	uint32_t component_count;
	struct sim_boot_component components[SIM_BOOT_COMPONENTS_MAX];
	struct sim_boot_options options;
	/* From events and register writes of the block; may call what asks. `arg` is all theirs. */
	void (*started)(void *arg);
	/* Firmware runs no more: what that means to a function, and to each of its queues. */
	uint32_t functions, queues; /* of the chip, of a function */
	void (*reset)(void *arg, uint32_t function);
	bool (*queue)(void *arg, uint32_t function, uint32_t index, enum sim_boot_verb verb);
	const uint64_t *entries; /* that queues have taken since power-on: for a dump */
	void *arg;
};

/* Was this library built with what a boot ROM needs? If not, no chip has one. */
bool sim_boot_built(void);
/* Powered on: its ROM runs. NULL: no memory. */
struct sim_boot *sim_boot_create(const struct sim_boot_setup *setup);
void sim_boot_destroy(struct sim_boot *boot); /* NULL is fine */

/* Is this byte of a region the block's, which begins at `base`? */
static inline bool sim_boot_is(uint64_t offset, uint64_t base)
{
	return offset >= base && offset < base + ROAD_BOOT_BYTES;
}
/* Of the window, from 0. NULL reads 0: there is no boot ROM. */
uint64_t sim_boot_read(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width);
void sim_boot_write(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width,
		    uint64_t value);

/* Firmware runs, or stands still. NULL: true. */
bool sim_boot_runs(const struct sim_boot *boot);
/* It runs and does not stand still. NULL: true. */
bool sim_boot_works(const struct sim_boot *boot);
/* What the chip works by, of all components together. NULL: no boot ROM, or nothing runs. */
const struct sim_program *sim_boot_program(const struct sim_boot *boot);

/* sim_model_ops.boot_fault and .firmware. */
enum sim_inject sim_boot_inject(struct sim_boot *boot, uint32_t function, uint32_t fault,
				uint32_t phase, uint32_t times);
bool sim_boot_firmware(struct sim_boot *boot, const char *component, struct sim_firmware *out);

#endif
