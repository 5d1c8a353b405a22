/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/options.h"
#include "simulators/engine/parallel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sim_option_u64(const struct sim_option *option, uint64_t min, uint64_t max, uint64_t *out,
		    char *error)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(option->value, &end, 0);

	if (errno || *end || option->value[0] < '0' || option->value[0] > '9' || value < min ||
	    value > max) {
		snprintf(error, SIM_ERROR_BYTES,
			 "option %.32s: value \"%.64s\", allowed: a number from %" PRIu64
			 " to %" PRIu64,
			 option->key, option->value, min, max);
		return false;
	}
	*out = value;
	return true;
}

static int take_time(struct sim_options *out, const struct sim_option *option, char *error)
{
	static const char *const names[] = {"functional", "approx", "trace"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(option->value, names[i])) {
			out->fidelity = (enum sim_fidelity)i;
			return 0;
		}
	}
	snprintf(error, SIM_ERROR_BYTES,
		 "option time: value \"%.64s\", allowed: functional, approx, trace", option->value);
	return -1;
}

static int take_functions(struct sim_options *out, const struct sim_option *option, char *error)
{
	uint64_t functions;

	out->has_functions = true;
	if (!sim_option_u64(option, 1, SIM_FUNCTIONS_MAX, &functions, error))
		return -1;
	out->functions = (uint32_t)functions;
	return 0;
}

static int take_threads(struct sim_options *out, const struct sim_option *option, char *error)
{
	uint64_t threads;

	out->has_threads = true;
	if (!sim_option_u64(option, 1, SIM_THREADS_MAX, &threads, error))
		return -1;
	out->threads = (uint32_t)threads;
	return 0;
}

static bool given(const struct sim_options *out, const char *key)
{
	for (uint32_t i = 0; i < out->own_count; i++)
		if (!strcmp(out->own[i].key, key))
			return true;
	return (out->has_time && !strcmp(key, "time")) || (out->has_seed && !strcmp(key, "seed")) ||
	       (out->has_threads && !strcmp(key, "threads")) ||
	       (out->has_functions && !strcmp(key, "functions"));
}

static int take(struct sim_options *out, const struct sim_option *option, char *error)
{
	if (given(out, option->key)) {
		snprintf(error, SIM_ERROR_BYTES, "option %.32s is given twice", option->key);
		return -1;
	}
	if (!strcmp(option->key, "time")) {
		out->has_time = true;
		return take_time(out, option, error);
	}
	if (!strcmp(option->key, "seed")) {
		out->has_seed = true;
		return sim_option_u64(option, 0, UINT64_MAX, &out->seed, error) ? 0 : -1;
	}
	if (!strcmp(option->key, "threads"))
		return take_threads(out, option, error);
	if (!strcmp(option->key, "functions"))
		return take_functions(out, option, error);
	if (out->own_count == SIM_OPTIONS_MAX) {
		snprintf(error, SIM_ERROR_BYTES, "too many options, at most %d", SIM_OPTIONS_MAX);
		return -1;
	}
	out->own[out->own_count++] = *option;
	return 0;
}

int sim_options_parse(const char *text, struct sim_options *out, char *error)
{
	memset(out, 0, sizeof(*out));
	out->fidelity = SIM_APPROX;
	out->threads = 1;
	out->functions = 1;
	if (strlen(text) >= sizeof(out->text)) {
		snprintf(error, SIM_ERROR_BYTES, "options are longer than %zu characters",
			 sizeof(out->text) - 1);
		return -1;
	}
	strcpy(out->text, text);
	for (char *at = out->text, *next; at && *at; at = next) {
		next = strchr(at, '&');
		if (next)
			*next++ = 0;
		char *equals = strchr(at, '=');

		if (!equals || equals == at) {
			snprintf(error, SIM_ERROR_BYTES, "option \"%.64s\", allowed: key=value",
				 at);
			return -1;
		}
		*equals = 0;
		struct sim_option option = {at, equals + 1};

		if (take(out, &option, error))
			return -1;
	}
	return 0;
}
