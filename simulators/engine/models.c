/* SPDX-License-Identifier: Apache-2.0 */
/* The families that are built in. */
#include "simulators/engine/model.h"

extern const struct sim_model_ops sim_model_dsa;
extern const struct sim_model_ops sim_model_edu;
extern const struct sim_model_ops sim_model_gpu;

const struct sim_model_ops *const sim_models[] = {&sim_model_dsa, &sim_model_edu, &sim_model_gpu,
						  NULL};
