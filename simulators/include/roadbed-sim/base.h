/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers of the simulators' kit share. */
#ifndef ROADBED_SIM_BASE_H
#define ROADBED_SIM_BASE_H

#ifdef __cplusplus
#define ROAD_SIM_LINKAGE extern "C"
#else
#define ROAD_SIM_LINKAGE
#endif

/* A service of libroadbed-sim.so, or what a model's file exports. */
#define ROAD_SIM_API __attribute__((visibility("default")))

#endif
