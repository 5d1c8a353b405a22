/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of firmware (uapi/firmware/program.h) as chips work by them. Plain C without an engine:
 * the boot ROM and the program that compiles them read them alike.
 */
#ifndef SIMULATORS_BOOT_PROGRAM_H
#define SIMULATORS_BOOT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/firmware/program.h"

struct sim_program {
	uint32_t family, protocol_min, protocol_max, quantum_ns;
	uint64_t features;
	uint16_t version[ROAD_PROGRAM_OPCODES_MAX]; /* by opcode; 0: not enabled */
	uint32_t levels, level;                     /* level: in use */
	struct road_program_level at[ROAD_PROGRAM_LEVELS_MAX];
	uint32_t text_at, text_bytes; /* in the payload */
};

/* What is wrong with a payload, and at which byte. */
struct sim_program_error {
	size_t at;
	const char *what, *allowed;
	uint64_t seen;
};

/* Any bytes, not aligned: sound, and nothing in them that a chip of the family does not know? */
bool sim_program_read(const void *payload, size_t bytes, uint32_t family, struct sim_program *out,
		      struct sim_program_error *why);
/* The program of another component of the chip, with `units` of them. False: it does not go with
 * the first one. */
bool sim_program_join(struct sim_program *chip, const struct sim_program *other, uint32_t units,
		      struct sim_program_error *why);

/* The opcodes that there are; NULL: no more. */
struct sim_program_row {
	uint32_t family;
	const char *name;
	uint16_t opcode, version; /* the highest */
};
const struct sim_program_row *sim_program_row(uint32_t index);

#endif
