/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a function of a chip as a table, one row each, with what is the same on every chip:
 * an access of a width or at a place where there is no register, and a write to one that can only
 * be read, are violations; what set-up registers were written is kept until a command register
 * takes it; interrupts that are masked wait.
 *
 *	static uint64_t read_status(void *function) { … }
 *
 *	static const struct sim_register registers[] = {
 *		[ACME_REG_ID / 4] = SIM_FIXED(ACME_ID),
 *		[ACME_REG_CORES / 4] = SIM_OF_CHIP(4, struct acme_chip, params.cores),
 *		[ACME_REG_STATUS / 4] = SIM_CALLED(4, read_status, NULL),
 *		[ACME_REG_RING64 / 4] = SIM_KEPT(8, struct acme_function, latch.ring),
 *	};
 */
#ifndef ROADBED_SIM_REGISTERS_H
#define ROADBED_SIM_REGISTERS_H

#include <roadbed-sim/model.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sim_register_kind {
	SIM_REGISTER_NONE,
	SIM_REGISTER_FIXED,   /* `value` */
	SIM_REGISTER_OF_CHIP, /* reads a member of the chip, of 4 or 8 bytes; is never written */
	SIM_REGISTER_KEPT,    /* a uint64_t member of the function: what was written last */
	SIM_REGISTER_CALLED,  /* read is called; write, or NULL: it can only be read */
};

struct sim_register {
	uint8_t bytes; /* of the register: 4 or 8; 0: there is none */
	uint8_t kind;  /* enum sim_register_kind */
	uint8_t member_bytes;
	uint32_t at; /* offset of the member */
	uint32_t value;
	uint64_t (*read)(void *function);
	void (*write)(void *function, uint64_t value);
};
/* Rows. */
#define SIM_FIXED(v)                                       \
	{                                                  \
		4, SIM_REGISTER_FIXED, 0, 0, v, NULL, NULL \
	}
#define SIM_OF_CHIP(width, chip, m)                                           \
	{                                                                     \
		width, SIM_REGISTER_OF_CHIP, (uint8_t)sizeof(((chip *)0)->m), \
			(uint32_t)offsetof(chip, m), 0, NULL, NULL            \
	}
#define SIM_KEPT(width, function, m)                                                        \
	{                                                                                   \
		width, SIM_REGISTER_KEPT, 8, (uint32_t)offsetof(function, m), 0, NULL, NULL \
	}
#define SIM_CALLED(width, r, w)                           \
	{                                                 \
		width, SIM_REGISTER_CALLED, 0, 0, 0, r, w \
	}

/* Whose registers they are. */
struct sim_registers {
	const struct sim_register *rows; /* one for each 4 bytes from the region's start */
	uint32_t count;
	struct sim_env *env;
	uint32_t index; /* of the function */
	const void *chip;
	void *function;
};

/* All ones where there is no register. */
ROAD_SIM_API uint64_t sim_register_read(const struct sim_registers *of, uint64_t offset,
					uint32_t width);
ROAD_SIM_API void sim_register_write(const struct sim_registers *of, uint64_t offset,
				     uint32_t width, uint64_t value);

/* ---- interrupts: status and mask, a bit for each vector ---- */

struct sim_interrupts {
	uint32_t status, mask;
};
/* How many were raised: what the mask holds back waits until it is let through. */
ROAD_SIM_API uint32_t sim_interrupts_raise(struct sim_interrupts *interrupts, struct sim_env *env,
					   uint32_t function, uint32_t vector);
ROAD_SIM_API uint32_t sim_interrupts_mask(struct sim_interrupts *interrupts, struct sim_env *env,
					  uint32_t function, uint32_t mask);

/* ---- rules of what drivers set up ---- */

struct sim_rule {
	bool broken;
	const char *what; /* "STREAM_SLOTS" */
	uint64_t seen;
	const char *allowed;
};
/* False at the first that is broken: "stream 3 is opened with STREAM_SLOTS 0x3, allowed: …" is a
 * violation then. */
ROAD_SIM_API bool sim_rules_hold(struct sim_env *env, uint32_t function, const char *thing,
				 uint32_t index, const struct sim_rule *rules, uint32_t count);

/* A queue whose doorbell tells how many entries were written since it was opened. */
struct sim_doorbell {
	const char *queue, *entries; /* "stream", "descriptors" */
	uint32_t index, slots;
	bool closed;
	uint64_t rung, taken; /* the last doorbell; entries that the chip has taken */
};
/* May the doorbell say `value`? A violation says why not. */
ROAD_SIM_API bool sim_doorbell_valid(struct sim_env *env, uint32_t function,
				     const struct sim_doorbell *doorbell, uint64_t value);
/* Which of `count` doorbells, `stride` bytes apart from `base` on, a write rings; false: none, a
 * violation. */
ROAD_SIM_API bool sim_doorbell_find(const struct sim_registers *of, uint64_t base, uint64_t stride,
				    uint32_t count, uint64_t offset, uint32_t width,
				    uint32_t *index);

#ifdef __cplusplus
}
#endif
#endif
