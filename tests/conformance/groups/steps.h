/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions in one line, for the groups that are about their order. */
#ifndef TESTS_CONFORMANCE_GROUPS_STEPS_H
#define TESTS_CONFORMANCE_GROUPS_STEPS_H

#include "tests/conformance/case.h"

/* What a submission has at the most, mostly; event NULL: no such point. */
struct step {
	road_list *list;
	road_point wait, signal;
};

road_status step_try(road_queue *queue, struct step step, road_point *point);
/* The same; a submission that is not accepted ends the case. */
road_point step_submit(road_queue *queue, struct step step);

/* Closed lists of one or two commands; given back with the fixture. */
road_list *step_write(struct fixture *f, road_buffer *to, uint64_t offset, const void *from,
		      uint64_t bytes);
/* Stores the 64-bit word at `offset` to *seen, then `next` in its place. */
road_list *step_exchange(struct fixture *f, road_buffer *cell, uint64_t offset, uint64_t *seen,
			 const uint64_t *next);
road_list *step_callback(struct fixture *f, road_callback_fn fn, void *user, uint32_t flags);

/* A deadline for what is expected to time out: some time for wrong things to happen. */
#define BRIEFLY road_deadline_after(UINT64_C(2000000))

/* Neither reached nor failed. */
#define CHECK_OPEN(point) \
	CHECK_STATUS(road_event_error((point).event, (point).value, NULL), ROAD_NOT_READY)
#define CHECK_REACHED(point) \
	CHECK_STATUS(road_event_error((point).event, (point).value, NULL), ROAD_OK)

/* This thread's virtual time and the domain's, in ns; devices that are not simulated: 0. */
uint64_t step_thread_ns(struct fixture *f);
uint64_t step_domain_ns(struct fixture *f);
/* Equal spans of virtual time: each is the difference of two times that were cut to whole ns. */
#define CHECK_SPAN(seen, wanted) CHECK((seen) + 1 >= (wanted) && (wanted) + 1 >= (seen))

#endif
