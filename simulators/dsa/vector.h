/* SPDX-License-Identifier: Apache-2.0 */
/* What V does to the elements of one repeat; places were checked. */
#ifndef SIMULATORS_DSA_VECTOR_H
#define SIMULATORS_DSA_VECTOR_H

#include "simulators/dsa/internal.h"

struct dsa_lanes {
	const struct dsa_entry *entry;
	uint8_t *d;
	const uint8_t *a, *b, *mask; /* those that the operation has */
	uint64_t n;
};
typedef void (*dsa_lanes_fn)(struct dsa_core *core, const struct dsa_lanes *lanes);

void dsa_lanes_rows(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_copy(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_dup(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_iota(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_reduce(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_compare(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_select(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_convert(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_gather(struct dsa_core *core, const struct dsa_lanes *lanes);
void dsa_lanes_scatter(struct dsa_core *core, const struct dsa_lanes *lanes);

#endif
