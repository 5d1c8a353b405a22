/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one region has to be after each operation, by <roadbed/region.h> alone: a state machine that
 * knows nothing of the core, of a driver or of a chip.
 */
#ifndef TESTS_SUPPORT_REGION_REFERENCE_H
#define TESTS_SUPPORT_REGION_REFERENCE_H

#include <roadbed/roadbed.h>
#include <stdbool.h>

enum { REFERENCE_SLOTS = 64, REFERENCE_FAULTS = 3 };

struct reference_slot {
	uint64_t config; /* 0: empty */
	uint64_t used;
	bool doubtful; /* a step that failed may have used it, or not */
	uint32_t pins;
};
struct reference {
	uint32_t slots, faults;
	int active; /* -1: none */
	bool quarantined;
	bool keeps; /* see region_walk.keeps; stays over a reset */
	uint64_t previous, safe, tick;
	uint64_t kept; /* what the last load into the active slot overwrote: to roll back to */
	struct reference_slot slot[REFERENCE_SLOTS];
};

/* A verb beside those of the interface: a launch that expects `config`, and if `brings` activates
 * it. */
enum { REFERENCE_LAUNCH = 1000 };

struct reference_step {
	uint32_t verb, wish, target, on_failure; /* wish: a slot, or ROAD_SLOT_ANY */
	uint64_t config;
	uint32_t fails_in; /* the phase that fails; ROAD_PHASE_NONE */
	bool brings;
};
struct reference_outcome {
	road_status status;
	bool hit;
	bool loads, switches; /* it goes through the phases of loading, of switching */
	int slot;             /* where it loads to; -1: the chip may choose among equals, or none */
};

void reference_reset(struct reference *r, uint32_t slots);
uint64_t reference_active(const struct reference *r);
int reference_resident(const struct reference *r, uint64_t config);
bool reference_pinned(const struct reference *r, int slot);
/* What the step will do; changes nothing. */
struct reference_outcome reference_predict(const struct reference *r,
					   const struct reference_step *step);
/* Does it; `slot` is where the chip says that it loaded to. False: it may not have taken that. */
bool reference_do(struct reference *r, const struct reference_step *step, uint32_t slot);
road_status reference_set_safe(struct reference *r, uint64_t config);
road_status reference_release(struct reference *r);
/* It was split, and is one piece again: its faults are counted on. */
void reference_wipe(struct reference *r);

#endif
