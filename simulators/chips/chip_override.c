/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that a device's address sets, in place of the chip file's. */
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

struct place { /* of a parameter */
	const struct road_chip_key *key;
	void *base;
};

static bool find_in(const struct road_chip_key *keys, size_t count, const char *name,
		    const struct road_chip_key **out)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(keys[i].name, name)) {
			*out = &keys[i];
			return true;
		}
	}
	return false;
}

/* The chip is ours while it is loaded: what it shows as constant may be written here. */
static bool find_parameter(const struct road_chip *chip, const char *name, struct place *out)
{
	out->base = (void *)(uintptr_t)chip->params;
	if (find_in(chip->family->keys, chip->family->key_count, name, &out->key))
		return true;
	out->base = (void *)(uintptr_t)&chip->host;
	return find_in(road_chip_host_keys, road_chip_host_key_count, name, &out->key);
}

static struct road_chip_value *value_of(struct road_chip *chip, const char *name)
{
	struct road_chip_value *values = (struct road_chip_value *)(uintptr_t)chip->values;

	for (size_t i = 0; i < chip->value_count; i++)
		if (!strcmp(values[i].name, name))
			return &values[i];
	return NULL;
}

/* A default of 0 has no row (it says that there is no such thing): now there is one. */
static struct road_chip_value *add_value(struct road_chip *chip, const struct road_chip_key *key)
{
	struct road_chip_value *values =
		road_chip_own(chip, (chip->value_count + 1) * sizeof(*values));

	if (!values)
		return NULL;
	memcpy(values, chip->values, chip->value_count * sizeof(*values));
	values[chip->value_count] = (struct road_chip_value){
		.name = key->name, .unit = key->unit ? key->unit : "", .kind = ROAD_CHIP_ASSUMED};
	chip->values = values;
	chip->by_kind[ROAD_CHIP_ASSUMED]++;
	return &values[chip->value_count++];
}

static int note(struct road_chip *chip, const struct road_chip_key *key, const char *text,
		const char *source, struct road_chip_error *error)
{
	struct road_chip_value *value = value_of(chip, key->name);
	size_t bytes = strlen(text) + 1;
	char *copy = road_chip_own(chip, bytes);

	if (!value)
		value = add_value(chip, key);
	if (!value || !copy)
		return road_chip_fail(error, ROAD_CHIP_ERROR_MEMORY, 0, 0, key->name, "", "");
	memcpy(copy, text, bytes);
	chip->by_kind[value->kind]--;
	chip->by_kind[ROAD_CHIP_ASSUMED]++;
	value->value = copy;
	value->kind = ROAD_CHIP_ASSUMED;
	value->source = source;
	value->line = 0;
	return 0;
}

static void begin_error(const struct road_chip *chip, struct road_chip_error *error)
{
	memset(error, 0, sizeof(*error));
	snprintf(error->file, sizeof(error->file), "%s", chip->name);
}

int road_chip_override(struct road_chip *chip, const char *name, const char *value,
		       const char *source, struct road_chip_error *error)
{
	struct place place;
	char allowed[sizeof(error->allowed)];
	uint64_t number;

	begin_error(chip, error);
	if (!find_parameter(chip, name, &place))
		return 1;
	road_chip_allowed(place.key, allowed, sizeof(allowed));
	switch (road_chip_number(value, strlen(value), place.key, &number)) {
	case ROAD_CHIP_NUMBER_OK: break;
	case ROAD_CHIP_NUMBER_TYPE:
		return road_chip_fail(error, ROAD_CHIP_ERROR_TYPE, 0, 0, name, value, allowed);
	case ROAD_CHIP_NUMBER_RANGE:
		return road_chip_fail(error, ROAD_CHIP_ERROR_RANGE, 0, 0, name, value, allowed);
	case ROAD_CHIP_NUMBER_EXACT:
		return road_chip_fail(error, ROAD_CHIP_ERROR_RANGE, 0, 0, name, value,
				      "fewer digits after the point");
	}
	road_chip_store(place.base, place.key, number);
	return note(chip, place.key, value, source, error);
}

bool road_chip_settable(const struct road_chip *chip, const char *name)
{
	struct place place;

	return find_parameter(chip, name, &place);
}

int road_chip_check(const struct road_chip *chip, struct road_chip_error *error)
{
	char allowed[sizeof(error->allowed)] = "";

	begin_error(chip, error);
	const char *key = road_chip_conflict(chip->family, &chip->host, chip->params, allowed,
					     sizeof(allowed));

	if (!key)
		return 0;
	for (size_t i = 0; i < chip->value_count; i++)
		if (!strcmp(chip->values[i].name, key))
			return road_chip_fail(error, ROAD_CHIP_ERROR_CONFLICT, 0, 0, key,
					      chip->values[i].value, allowed);
	return road_chip_fail(error, ROAD_CHIP_ERROR_CONFLICT, 0, 0, key, "the default", allowed);
}
