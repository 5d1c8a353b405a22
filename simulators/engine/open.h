/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing functions of chips: as struct sim_entry has it. */
#ifndef SIMULATORS_ENGINE_OPEN_H
#define SIMULATORS_ENGINE_OPEN_H

#include "simulators/engine/entry.h"

enum sim_open_result sim_open_function(const struct sim_open *open, struct sim_function **out);
void sim_close_function(struct sim_function *function);
/* As after power-on, without what is on its way. The physical function's is the chip's: the others
 * first, so that it finds none of their work. Under the engine's lock. */
void sim_restart(struct sim_function *function);

#endif
