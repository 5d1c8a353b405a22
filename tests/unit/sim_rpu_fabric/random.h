/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random configurations, valid by construction: whatever is chosen is first looked up in what is
 * already taken. Their dataflow means nothing, so that nothing is left out: links that carry
 * rubbish, registers read before they are written, results that nobody takes.
 *
 * Memory is free of races: what streams and elements read is never written, and each writer has
 * bytes of its own. So stalls must not change data.
 */
#ifndef TESTS_UNIT_SIM_RPU_FABRIC_RANDOM_H
#define TESTS_UNIT_SIM_RPU_FABRIC_RANDOM_H

#include "tests/unit/sim_rpu_fabric/rig.h"

void random_config(struct rig *rig, uint64_t *state);

/* Changes one field of the image, and makes a changed word's CRC right again. */
void random_mutant(struct rig *rig, size_t bytes, uint64_t *state);

#endif
