/* SPDX-License-Identifier: Apache-2.0 */
/* Error details: recorded once by whoever decides the error, passed on by all others. */
#ifndef HAL_CORE_ERROR_H
#define HAL_CORE_ERROR_H

#include <roadbed/base.h>

/* Records the detail for this thread and returns `status`. NULL texts are ""; of one that is longer
 * than its place there are whole words, and an ellipsis. */
road_status road_fail(road_status status, const char *what, const char *where, const char *seen,
		      const char *allowed);
/* The same with a number seen; the number goes into `seen`. */
road_status road_fail_u64(road_status status, const char *what, const char *where, uint64_t seen,
			  const char *allowed);
/* The same of a text that says both, "WHAT, allowed: LIST"; allowed: where it has no list. */
road_status road_fail_said(road_status status, const char *said, const char *where,
			   const char *seen, const char *allowed);
/* The detail that the thread recorded last, to be kept on an object. size is set. */
void road_error_take(road_error *out);
/* Makes `detail` the thread's last error and returns its status. */
road_status road_fail_again(const road_error *detail);
/* Fills *out without touching the thread's. */
void road_error_set(road_error *out, road_status status, const char *what, const char *where,
		    const char *seen, const char *allowed);

#endif
