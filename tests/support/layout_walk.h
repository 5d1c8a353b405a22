/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random walk over layouts of a device's root: check, apply, commit, revert, and queues of its
 * parts, each step compared with a reference that knows <roadbed/region.h> alone.
 */
#ifndef TESTS_SUPPORT_LAYOUT_WALK_H
#define TESTS_SUPPORT_LAYOUT_WALK_H

#include <roadbed/roadbed.h>
#include <stdbool.h>

struct layout_walk {
	/* set by the caller; the root is one piece, settled and without queues, and so it is again
	 * in the end */
	road_device *device;
	road_space *space;
	road_config *config; /* that any part takes */
	uint32_t seed, steps;
	/* how it went: sums, that the caller begins */
	uint32_t applied, reverted, kept, refused, parts;
	char wrong[256]; /* the first difference */
};

/* 0: as the reference says, to the last step. */
int layout_walk_run(struct layout_walk *walk);

#endif
