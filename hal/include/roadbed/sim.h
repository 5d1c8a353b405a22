/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back door to simulated devices, for tests and tools. Real devices answer ROAD_UNSUPPORTED.
 */
#ifndef ROADBED_SIM_H
#define ROADBED_SIM_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The process's virtual time in ns (devices) and this thread's own virtual time. */
ROAD_API road_status road_sim_time(road_device *device, uint64_t *domain_ns, uint64_t *thread_ns);

/* 1 while nothing outside the simulation (background threads, threaded callbacks, exported
 * descriptors, host stores to watched words) took part since the device was opened. */
ROAD_API road_status road_sim_deterministic(road_device *device, uint32_t *out);

/* Counter `index`, from 0, of the device: dotted name with unit, and value. ROAD_NOT_FOUND ends the
 * list. text (static storage of the device) and value may be NULL. */
ROAD_API road_status road_sim_counter(road_device *device, uint32_t index, const char **name,
				      uint64_t *value);

/* Broken rules of the chip that its driver is guilty of: how many, and the text of number
 * `index` (at most 64 texts are kept). A correct driver has none. */
ROAD_API road_status road_sim_violations(road_device *device, uint64_t *count);
ROAD_API road_status road_sim_violation(road_device *device, uint32_t index, char *text,
					size_t bytes);

/* Pulls the device out, as if it was unplugged. */
ROAD_API road_status road_sim_unplug(road_device *device);

/* A report of the device as one JSON object: cycles, counters, fidelity. Writes at most `bytes`
 * with the terminating 0; needed (may be NULL) receives what it takes. */
ROAD_API road_status road_sim_report(road_device *device, char *json, size_t bytes, size_t *needed);

/* Writes the event log of a device opened with time=trace, in Chrome's trace format. */
ROAD_API road_status road_sim_trace(road_device *device, int fd);

#ifdef __cplusplus
}
#endif
#endif
