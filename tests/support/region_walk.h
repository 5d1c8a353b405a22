/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random walk over all that programs can do to one region, through the public interface, each
 * step compared with the reference (region_reference.h). Runs on any device with regions.
 */
#ifndef TESTS_SUPPORT_REGION_WALK_H
#define TESTS_SUPPORT_REGION_WALK_H

#include <roadbed/roadbed.h>
#include <stdbool.h>

enum { WALK_CONFIGS_MAX = 8, WALK_QUEUES = 2 };

struct region_walk {
	/* set by the caller; the device's root is one piece, and nobody else uses it */
	road_device *device;
	road_space *space;
	road_config *const *configs;
	uint32_t config_count; /* at most WALK_CONFIGS_MAX; better more than slots */
	uint32_t seed, steps;
	/* The chip keeps an image that a load into the active slot overwrote, to roll back to. */
	bool keeps;
	/* Room for a region's state, which SWAP saves and RESTORE takes back; NULL: neither is
	 * tried. */
	road_buffer *state;
	uint64_t state_bytes;
	/* The root can be split, and each config fits each part: layouts come in between. */
	bool layouts;
	/* Begins work that expects this image, 0: its own, which is the first config; and whether
	 * what it did was right. NULL: there are no launches. */
	road_status (*launch)(void *user, road_queue *queue, uint64_t config, uint32_t flags,
			      road_point *out);
	bool (*worked)(void *user);
	/* Makes the next command fail in this phase; NULL: none fails. */
	void (*fail_next)(void *user, uint32_t phase);
	void *user;
	/* how it went */
	uint32_t failures, hits, loads, switches, quarantines, resets; /* injected ones; … */
	uint32_t swaps, restores;
	uint32_t launches, mismatches,
		brought; /* that went; had another image; switched to theirs */
	uint32_t applied, reverted, kept,
		refused; /* layouts; parts that stayed; layouts not taken */
	char wrong[320]; /* "": nothing; else the first difference, and the step */
};

/* 0: as the reference says, to the last step. */
int region_walk_run(struct region_walk *walk);

#endif
