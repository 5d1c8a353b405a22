/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of the groups layout and reconfigure have in common: regions, configurations, and
 * work that runs under one. */
#ifndef TESTS_CONFORMANCE_GROUPS_REGIONS_H
#define TESTS_CONFORMANCE_GROUPS_REGIONS_H

#include "tests/conformance/case.h"

enum { REGION_CONFIGS = 3 }; /* images that a port brings: kernels/DRIVER-0.config and so on */

/* The root of the fixture's device; one of its children. Given back with the fixture. */
road_region *region_root(struct fixture *f);
road_region *region_child(struct fixture *f, road_region *parent, uint32_t index);
road_region_info region_info(road_region *region);
road_region_status region_status(road_region *region);
/* A queue whose work the region's units do. */
road_queue *region_queue(struct fixture *f, road_region *region);

/* Image `which` as bytes, and as the device knows it; both given back with the fixture. */
void *region_bytes(struct fixture *f, uint32_t which, size_t *bytes);
road_config *region_config(struct fixture *f, uint32_t which);
uint64_t region_id(struct fixture *f, uint32_t which);

/* A command with nothing special about it; config may be NULL. */
road_reconfiguration region_command(uint32_t verb, road_config *config);
/* Submits it, awaits it, and resets the queue if it failed: what became of it, or why it was
 * refused.
 */
road_status region_do(road_queue *queue, const road_reconfiguration *what);
/* The same for verb and image alone, with a result if it is wanted. */
road_status region_verb(struct fixture *f, road_queue *queue, uint32_t verb, uint32_t which,
			road_reconfigure_result *result);

/* Work under image `which`: flags as road_launch has them. Submits it; what must come of it is
 * looked at by region_proof once the point is reached. */
struct region_work {
	road_status status; /* of the submission */
	road_buffer *out;
	uint32_t value;
	road_point point;
};
struct region_work region_launch(struct fixture *f, road_queue *queue, uint32_t which,
				 uint32_t flags);
/* Awaits it: ROAD_OK, and the work's result was right, or how it failed; then the queue is reset.
 */
road_status region_proof(road_queue *queue, const struct region_work *work);
/* Both. */
road_status region_work(struct fixture *f, road_queue *queue, uint32_t which, uint32_t flags);
/* A kernel that never ends, nor is ended before the case is over. */
void region_endless(struct fixture *f, road_queue *queue, road_point *point);
/* The configuration that it runs by; NULL: by any. */
road_config *region_endless_config(struct fixture *f);
/* The same; it runs when this returns. Time passes in the other queue, which has nothing to do. */
void region_occupy(struct fixture *f, road_queue *queue, road_queue *other, road_point *point);
/* Time passes: a little work of this queue is done. */
void region_pass(struct fixture *f, road_queue *queue);
/* Has the work neither ended nor failed? */
bool region_runs(road_point point);
/* The root in two parts, as even as its alignment allows; the second one makes it so. */
void region_two_parts(const road_region_info *root, road_region_part parts[2]);
road_region *region_split(struct fixture *f, road_region_part parts[2]);

#endif
