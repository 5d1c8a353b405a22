/* SPDX-License-Identifier: Apache-2.0 */
/* What one lane of an arithmetic instruction must give. */
#ifndef TESTS_ORACLE_MPFR_WORDS_H
#define TESTS_ORACLE_MPFR_WORDS_H

#include "uapi/gpu/isa.h"

#include <stdbool.h>

/* False if the opcode has no reference (it is then no arithmetic, or the test has to fail).
 * Predicate operands and results are 0 or 1; second: of setp. */
bool ref_op(const struct road_gpu_word *word, uint64_t a, uint64_t b, uint64_t c, uint64_t *result,
	    uint64_t *second);

#endif
