/* SPDX-License-Identifier: Apache-2.0 */
/* Chips come and go with the functions that clients hold of them. */
#include "simulators/engine/open.h"

#include <stdio.h>
#include <stdlib.h>

#include "simulators/engine/catalogue.h"
#include "simulators/engine/domain.h"
#include "simulators/engine/models.h"
#include "simulators/engine/options.h"
#include "simulators/engine/parallel.h"
#include "simulators/engine/parameters.h"

/* The state of the generator, spread over by splitmix64 from seed and address. */
static void seed_random(struct sim_env *env, const char *address)
{
	uint64_t x = env->seed ^ UINT64_C(0xcbf29ce484222325);

	for (; *address; address++)
		x = (x ^ (unsigned char)*address) * UINT64_C(0x100000001b3);
	for (int i = 0; i < 4; i++) {
		x += UINT64_C(0x9e3779b97f4a7c15);
		uint64_t z = x;

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		env->random[i] = z ^ z >> 31;
	}
}

static enum sim_open_result load_chip(const struct sim_open *open, struct sim_env *env)
{
	const struct sim_catalogue_row *file = sim_catalogue_find(open->chip, open->chip_bytes);
	struct road_chip_error error;

	if (!file) {
		snprintf(open->error, SIM_ERROR_BYTES, "no chip is called \"%.*s\"",
			 (int)(open->chip_bytes < 64 ? open->chip_bytes : 64), open->chip);
		return SIM_OPEN_NO_CHIP;
	}
	if (road_chip_parse(file->bytes, file->len, file->name, &env->chip, &error)) {
		snprintf(open->error, SIM_ERROR_BYTES, "%.250s", error.message);
		return error.code == ROAD_CHIP_ERROR_MEMORY ? SIM_OPEN_NO_MEMORY : SIM_OPEN_NO_CHIP;
	}
	env->path = file->path;
	env->ops = sim_model_find(env->chip->family->name);
	if (!env->ops) {
		snprintf(open->error, SIM_ERROR_BYTES, "there is no model of family %.32s",
			 env->chip->family->name);
		return SIM_OPEN_NO_MODEL;
	}
	return SIM_OPEN_OK;
}

static enum sim_open_result create_model(struct sim_env *env, const struct sim_options *options,
					 char *error)
{
	struct sim_model_create create = {
		.env = env,
		.fidelity = options->fidelity,
		.seed = options->seed,
		.options = options->own,
		.option_count = options->own_count,
		.error = error,
		.params = env->chip->params,
		.chip = env->chip->name,
		.memory_bytes = env->chip->identity.memory_bytes,
		.functions = env->function_count,
		.share_bytes = env->share_bytes,
	};
	struct sim_fp saved = sim_enter();

	error[0] = 0;
	env->model = env->ops->create(&create);
	if (env->model) {
		env->next = sim_domain.envs;
		sim_domain.envs = env;
	}
	sim_leave(saved);
	if (env->model)
		return SIM_OPEN_OK;
	return error[0] ? SIM_OPEN_BAD_OPTION : SIM_OPEN_NO_MEMORY;
}

static void forget_irqs(struct sim_function *function)
{
	uint64_t pending = atomic_exchange(&function->irq_pending, 0);

	atomic_fetch_sub(&sim_domain.irqs, (uint32_t)__builtin_popcountll(pending));
}

static void free_env(struct sim_env *env)
{
	sim_trace_free(&env->trace);
	sim_memory_free(env);
	road_chip_free(env->chip);
	free(env->functions);
	free(env);
}

static struct sim_env *new_env(const struct sim_open *open, const struct sim_options *options)
{
	struct sim_env *env = calloc(1, sizeof(*env));

	if (env)
		env->functions = calloc(options->functions, sizeof(*env->functions));
	if (!env || !env->functions) {
		free(env);
		return NULL;
	}
	env->memory_fd = -1;
	env->seed = options->seed;
	env->fidelity = options->fidelity;
	env->threads = options->threads;
	env->function_count = options->functions;
	for (uint32_t i = 0; i < env->function_count; i++)
		env->functions[i] = (struct sim_function){.env = env, .index = i, .memory_fd = -1};
	seed_random(env, open->address);
	return env;
}

/* Can the family, and this chip of it, be divided among so many functions? */
static enum sim_open_result divide(struct sim_env *env, char *error)
{
	const uint64_t bytes = env->chip->identity.memory_bytes;

	if (env->function_count > 1 && !env->ops->many_functions) {
		snprintf(error, SIM_ERROR_BYTES,
			 "option functions: value \"%u\", allowed: 1, a chip of family %.32s has "
			 "one function",
			 env->function_count, env->ops->family);
		return SIM_OPEN_BAD_OPTION;
	}
	env->share_bytes = sim_memory_share(bytes, env->function_count);
	if (!bytes || env->share_bytes)
		return SIM_OPEN_OK;
	snprintf(error, SIM_ERROR_BYTES,
		 "option functions: value \"%u\", allowed: fewer, so that each has 64 KiB of the "
		 "chip's 0x%llx bytes of memory",
		 env->function_count, (unsigned long long)bytes);
	return SIM_OPEN_BAD_OPTION;
}

/* Under the engine's lock. */
static struct sim_function *hold(struct sim_function *function, const struct sim_host *host)
{
	function->host = *host;
	function->gone = function->index && function->env->functions[0].gone;
	function->last_post_ps = 0;
	function->violation_count = 0;
	function->open = true;
	function->env->functions_open++;
	return function;
}

/* The physical function is whoever opened the chip: nobody gets it later. */
static enum sim_open_result open_further(const struct sim_open *open, struct sim_function **out)
{
	struct sim_env *env = open->of->env;
	struct sim_function *found = NULL;
	struct sim_fp saved = sim_enter();

	for (uint32_t i = 1; i < env->function_count && !found; i++)
		if (!env->functions[i].open)
			found = hold(&env->functions[i], &open->host);
	sim_leave(saved);
	*out = found;
	if (found)
		return SIM_OPEN_OK;
	snprintf(open->error, SIM_ERROR_BYTES,
		 "the chip has %u function%s, and all are in use: its option functions",
		 env->function_count, env->function_count > 1 ? "s" : "");
	return SIM_OPEN_NO_FUNCTION;
}

static enum sim_open_result open_chip(const struct sim_open *open, struct sim_function **out)
{
	struct sim_options options;
	enum sim_open_result result;
	struct sim_env *env;

	if (sim_options_parse(open->options, &options, open->error))
		return SIM_OPEN_BAD_OPTION;
	env = new_env(open, &options);
	if (!env) {
		snprintf(open->error, SIM_ERROR_BYTES, "no memory for a chip");
		return SIM_OPEN_NO_MEMORY;
	}
	result = load_chip(open, env);
	if (!result)
		result = sim_parameters_take(env->chip, &options, open->error);
	if (!result)
		result = divide(env, open->error);
	if (!result) {
		*out = hold(&env->functions[0], &open->host);
		result = create_model(env, &options, open->error);
	}
	if (result)
		free_env(env);
	return result;
}

enum sim_open_result sim_open_function(const struct sim_open *open, struct sim_function **out)
{
	open->error[0] = 0;
	return open->of ? open_further(open, out) : open_chip(open, out);
}

/* May a chip still use helpers? */
static bool any_threads(void)
{
	for (const struct sim_env *env = sim_domain.envs; env; env = env->next)
		if (env->threads > 1)
			return true;
	return false;
}

/* What is on its way, what the function does, and what its share of memory holds. */
static void restart(struct sim_function *function)
{
	struct sim_env *env = function->env;

	sim_domain_forget_posts(function);
	function->last_post_ps = 0;
	env->ops->reset(env->model, function->index);
	sim_memory_discard_share(function);
	forget_irqs(function);
}

void sim_restart(struct sim_function *function)
{
	struct sim_env *env = function->env;

	for (uint32_t i = 1; !function->index && i < env->function_count; i++)
		restart(&env->functions[i]);
	restart(function);
}

static void close_chip(struct sim_env *env)
{
	struct sim_env **at;

	sim_domain_forget(env);
	env->ops->destroy(env->model);
	sim_domain.watching -= env->watching;
	for (uint32_t i = 0; i < env->function_count; i++)
		forget_irqs(&env->functions[i]);
	for (at = &sim_domain.envs; *at != env;)
		at = &(*at)->next;
	*at = env->next;
	if (!any_threads())
		sim_pool_stop();
}

void sim_close_function(struct sim_function *function)
{
	struct sim_env *env = function->env;
	struct sim_fp saved = sim_enter();
	const bool last = !--env->functions_open;

	if (last)
		close_chip(env);
	else
		sim_restart(function);
	function->open = false;
	sim_leave(saved);
	if (last)
		free_env(env);
}
