/* SPDX-License-Identifier: Apache-2.0 */
/* A chip's parameters as its user sees them: set by options, listed with source and kind. */
#ifndef SIMULATORS_ENGINE_PARAMETERS_H
#define SIMULATORS_ENGINE_PARAMETERS_H

#include "simulators/engine/domain.h"
#include "simulators/engine/entry.h"
#include "simulators/engine/options.h"

/* Takes the options that name parameters out of `options` and sets them. BAD_OPTION with the reason
 * in error (SIM_ERROR_BYTES), or NO_MEMORY. */
enum sim_open_result sim_parameters_take(struct road_chip *chip, struct sim_options *options,
					 char *error);
/* By position; false ends. */
bool sim_parameter(const struct sim_env *env, uint32_t index, struct sim_parameter *out);
/* What the family can make free of cost, by position; false ends. */
bool sim_scenario(const struct sim_env *env, uint32_t index, const char **name, const char **text);

#endif
