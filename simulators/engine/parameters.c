/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/parameters.h"

#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip.h"

/* *own: the option is no parameter. */
static enum sim_open_result take(struct road_chip *chip, const struct sim_option *option,
				 char *error, bool *own)
{
	struct road_chip_error why;
	const int taken =
		road_chip_override(chip, option->key, option->value, "the device's address", &why);

	*own = taken > 0;
	if (taken >= 0)
		return SIM_OPEN_OK;
	if (why.code == ROAD_CHIP_ERROR_MEMORY)
		return SIM_OPEN_NO_MEMORY;
	snprintf(error, SIM_ERROR_BYTES, "option %.32s: value \"%.64s\", allowed: %.120s",
		 option->key, option->value, why.allowed);
	return SIM_OPEN_BAD_OPTION;
}

enum sim_open_result sim_parameters_take(struct road_chip *chip, struct sim_options *options,
					 char *error)
{
	struct road_chip_error why;
	uint32_t left = 0;

	for (uint32_t i = 0; i < options->own_count; i++) {
		bool own;
		const enum sim_open_result result = take(chip, &options->own[i], error, &own);

		if (result)
			return result;
		if (own)
			options->own[left++] = options->own[i];
	}
	if (left == options->own_count)
		return SIM_OPEN_OK;
	options->own_count = left;
	if (!road_chip_check(chip, &why))
		return SIM_OPEN_OK;
	snprintf(error, SIM_ERROR_BYTES, "parameter %.32s: value \"%.64s\", allowed: %.120s",
		 why.key, why.seen, why.allowed);
	return SIM_OPEN_BAD_OPTION;
}

bool sim_parameter(const struct sim_env *env, uint32_t index, struct sim_parameter *out)
{
	const struct road_chip_value *value;

	if (index >= env->chip->value_count)
		return false;
	value = &env->chip->values[index];
	*out = (struct sim_parameter){value->name,
				      value->value,
				      value->unit,
				      value->source,
				      road_chip_kind_name(value->kind),
				      road_chip_settable(env->chip, value->name)};
	return true;
}

bool sim_assumed(const struct sim_env *env, const char *parameter)
{
	for (size_t i = 0; i < env->chip->value_count; i++)
		if (!strcmp(env->chip->values[i].name, parameter))
			return env->chip->values[i].kind == ROAD_CHIP_ASSUMED;
	return true;
}

bool sim_scenario(const struct sim_env *env, uint32_t index, const char **name, const char **text)
{
	const struct sim_scenario *rows = env->ops->scenarios;

	for (uint32_t i = 0; rows && rows[i].name; i++) {
		if (i != index)
			continue;
		*name = rows[i].name;
		*text = rows[i].text;
		return true;
	}
	return false;
}
