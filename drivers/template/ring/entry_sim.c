/* SPDX-License-Identifier: Apache-2.0 */
/* How Roadbed finds the simulator outside its tree; inside, the tables of simulators/ do it. */
#include <roadbed-sim/chip.h>
#include <roadbed-sim/model.h>

extern const struct road_chip_family road_chip_family_template;
extern const struct sim_model_ops sim_model_template;

ROAD_SIM_ENTRY(sim_model_template, road_chip_family_template)
