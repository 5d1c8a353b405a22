/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations over a row of iterations, built once per instruction set of the host; all variants
 * give the same bits. Only ops that gain by it have functions of their own: each costs three
 * times its time to compile.
 */
#ifndef SIMULATORS_RPU_FABRIC_ROWS_H
#define SIMULATORS_RPU_FABRIC_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "uapi/rpu/fabric.h"

#define RPU_ROW 64u /* values; a constant, so that no loop has a rest */

/* d, RPU_ROW values, is apart from all sources. */
typedef void (*rpu_row_fn)(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c);
/* count values from d on; the last operand of each is the result `age` places before it, the first
 * one's d[-age]. a and b (if the op takes three) are apart from d. */
typedef void (*rpu_fold_fn)(uint32_t *d, const uint32_t *a, const uint32_t *b, uint32_t age,
			    size_t count);

/* By op; NULL: it has none, its executor is called for each value. */
struct rpu_row_ops {
	rpu_row_fn row[ROAD_RPU_OPS];
	rpu_fold_fn fold[ROAD_RPU_OPS];
};

const struct rpu_row_ops *rpu_row_ops_in_use(void);

#endif
