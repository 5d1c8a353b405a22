/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer and what should be in it: an array of this process. Each command goes to a list and is
 * done to the array at once; model_check then compares all bytes, also those that nobody meant.
 */
#ifndef TESTS_CONFORMANCE_GROUPS_MODEL_H
#define TESTS_CONFORMANCE_GROUPS_MODEL_H

#include "tests/conformance/case.h"

struct model {
	road_buffer *buffer;
	unsigned char *bytes;
	uint64_t size;
};

/* A number below `bound`, which is not 0. */
uint64_t model_below(struct fixture *f, uint64_t bound);
/* A heap of the device that has room for this many bytes: its first one, else host memory. */
uint32_t model_heap(struct fixture *f, uint64_t bytes);

/* Random bytes on both sides. The buffer is the fixture's. */
struct model model_new(struct fixture *f, uint32_t heap, uint64_t bytes);
/* Puts other random bytes there. */
void model_scramble(struct fixture *f, struct model *model);
/* False: the case has failed, with the first byte that differs. */
bool model_check(struct fixture *f, const struct model *model, const char *what);
/* As model_check, but of these bytes alone. */
bool model_check_part(struct fixture *f, const struct model *model, uint64_t offset, uint64_t bytes,
		      const char *what);

void model_copy(road_list *list, struct model *dst, uint64_t dst_offset, const struct model *src,
		uint64_t src_offset, uint64_t bytes);
void model_box(struct fixture *f, road_list *list, struct model *dst, const struct model *src,
	       const road_copy_box *box);
void model_fill(road_list *list, struct model *dst, uint64_t offset, uint64_t bytes,
		uint64_t pattern, uint32_t pattern_bytes);
/* Closes the list, submits it and waits. */
void model_run(struct fixture *f, road_list *list);

/* A random box of up to `slices` slices from src to dst that fits, pitches included. May overlap
 * where both are one buffer. */
road_copy_box model_random_box(struct fixture *f, const struct model *dst, const struct model *src,
			       uint32_t slices);

#endif
