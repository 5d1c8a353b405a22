/* SPDX-License-Identifier: Apache-2.0 */
/* A chip's report, for a function of it: one JSON object. */
#ifndef SIMULATORS_ENGINE_REPORT_H
#define SIMULATORS_ENGINE_REPORT_H

#include "simulators/engine/domain.h"

/* Writes at most `bytes`, terminated; returns the length of the whole, like snprintf. */
size_t sim_report(const struct sim_function *function, char *out, size_t bytes);

#endif
