/* SPDX-License-Identifier: Apache-2.0 */
/* What a test asks of libfakert beside its contract: faults, and what is left behind. */
#ifndef TESTS_FAKERT_FAKERT_TEST_H
#define TESTS_FAKERT_FAKERT_TEST_H

#include <stdint.h>

/* FT(type, name, arguments): type frtTestNAME(arguments). */
#define FRT_TEST_FUNCTIONS(FT)                                                               \
	/* The nth call from now on, 1 is the next, answers `result` and does nothing. Calls \
	 * that give something back do not count. */                                         \
	FT(void, FailCall, (uint64_t nth, int result))                                       \
	FT(void, Hang, (int device, int count)) /* its next works never end */               \
	FT(void, Gone, (int device))            /* it does not answer any more */            \
	FT(void, Back, (int device))                                                         \
	FT(uint64_t, Calls, (void)) /* so far */                                             \
	FT(uint64_t, Live, (void))  /* handles and blocks of memory that are there */

#endif
