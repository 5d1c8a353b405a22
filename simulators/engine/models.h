/* SPDX-License-Identifier: Apache-2.0 */
/* The models that the engine can run: those that are built in, and those added since. */
#ifndef SIMULATORS_ENGINE_MODELS_H
#define SIMULATORS_ENGINE_MODELS_H

#include <roadbed-sim/model.h>

/* The model of a family of chips; NULL: none. Any thread. */
const struct sim_model_ops *sim_model_find(const char *family);
/* Adds a model from outside the tree for the life of the process, or says in error
 * (SIM_ERROR_BYTES) why not. Under the engine's lock. */
bool sim_model_add(const struct sim_model_entry *entry, const struct sim_model_ops **out,
		   char *error);

#endif
