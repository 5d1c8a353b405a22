/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operation over a row of iterations, built once per instruction set of the host; all variants
 * give the same bits.
 */
#ifndef SIMULATORS_RPU_FABRIC_ROWS_H
#define SIMULATORS_RPU_FABRIC_ROWS_H

#include <stddef.h>
#include <stdint.h>

typedef void (*rpu_row_fn)(uint32_t op, uint32_t *d, const uint32_t *a, const uint32_t *b,
			   const uint32_t *c, size_t n);

struct rpu_row_ops {
	rpu_row_fn row;   /* d is apart from all sources */
	rpu_row_fn chain; /* in order: a source may be d, some places before */
};

const struct rpu_row_ops *rpu_row_ops_in_use(void);

#endif
