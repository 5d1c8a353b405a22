/* SPDX-License-Identifier: Apache-2.0 */
/* Chips that need no file at run time: their files are part of the library. */
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

const struct road_chip_builtin *road_chip_builtin(size_t index)
{
	for (size_t i = 0; road_chip_builtins[i].name; i++)
		if (i == index)
			return &road_chip_builtins[i];
	return NULL;
}

const struct road_chip_builtin *road_chip_builtin_find(const char *name, size_t name_len)
{
	for (size_t i = 0; road_chip_builtins[i].name; i++)
		if (strlen(road_chip_builtins[i].name) == name_len &&
		    !memcmp(road_chip_builtins[i].name, name, name_len))
			return &road_chip_builtins[i];
	return NULL;
}

int road_chip_builtin_open(const char *name, struct road_chip **out, struct road_chip_error *error)
{
	const struct road_chip_builtin *chip = road_chip_builtin_find(name, strlen(name));

	if (chip)
		return road_chip_parse(chip->bytes, chip->len, chip->name, out, error);
	memset(error, 0, sizeof(*error));
	snprintf(error->file, sizeof(error->file), "built-in chips");
	return road_chip_fail(error, ROAD_CHIP_ERROR_FILE, 0, 0, "chip", name,
			      "the name of a built-in chip");
}
