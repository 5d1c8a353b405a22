/* SPDX-License-Identifier: Apache-2.0 */
/* The text behind '?' of a simulated device: key=value&key=value… */
#ifndef SIMULATORS_ENGINE_OPTIONS_H
#define SIMULATORS_ENGINE_OPTIONS_H

#include <roadbed-sim/model.h>

enum { SIM_OPTIONS_MAX = 16, SIM_OPTIONS_BYTES = 512, SIM_FUNCTIONS_MAX = 64 };

struct sim_options {
	enum sim_fidelity fidelity;
	uint64_t seed;
	uint32_t threads;   /* of the host that may simulate the chip; they change no result */
	uint32_t functions; /* of the chip */
	bool has_time, has_seed, has_threads, has_functions;
	struct sim_option own[SIM_OPTIONS_MAX]; /* of the family */
	uint32_t own_count;
	char text[SIM_OPTIONS_BYTES]; /* what `own` points into */
};

/* -1 with the reason in error (SIM_ERROR_BYTES). */
int sim_options_parse(const char *text, struct sim_options *out, char *error);

#endif
