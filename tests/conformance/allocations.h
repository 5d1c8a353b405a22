/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's allocator, watched: how many allocations are alive, and one that is made to fail.
 * The suite's program has malloc and its kin of its own, in front of the C library's; builds with a
 * sanitizer, which does the same, have not (capability machine.starve).
 */
#ifndef TESTS_CONFORMANCE_ALLOCATIONS_H
#define TESTS_CONFORMANCE_ALLOCATIONS_H

#include <stdbool.h>
#include <stdint.h>

bool allocations_watched(void);
/* Allocations of all threads that were not freed; 0 if they are not watched. */
uint64_t allocations_live(void);
/* The nth allocation from now on, of whichever thread, fails, once; 0: none does. */
void allocations_fail_at(uint64_t nth);
/* What this library asks for itself neither counts nor fails, from now on; NULL: all does. It must
 * be loaded; a part of its file's name. */
void allocations_spare(const char *library);
/* The same of what this library asks for to make larger what it has (realloc). */
void allocations_spare_growth(const char *library);
/* Did it, since the last call of allocations_fail_at? */
bool allocations_have_failed(void);

#endif
