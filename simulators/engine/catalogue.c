/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/catalogue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-sim/model.h>

enum { ROWS_MAX = 256 };

/* Rows are kept for the life of the process; those built in were parsed by the build. What stands
 * below `count` never changes any more: it is read without a lock. */
static struct {
	struct sim_catalogue_row rows[ROWS_MAX];
	_Atomic uint32_t count;
} catalogue;

static void put(const struct sim_catalogue_row *row)
{
	uint32_t count = atomic_load(&catalogue.count);

	catalogue.rows[count] = *row;
	atomic_store_explicit(&catalogue.count, count + 1, memory_order_release);
}

static void take_built_in(void)
{
	const struct road_chip_builtin *file;

	for (size_t i = 0; (file = road_chip_builtin(i)) && i < ROWS_MAX; i++)
		put(&(struct sim_catalogue_row){file->name, file->bytes, file->len, "",
						file->summary, NULL});
}

static uint32_t rows(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, take_built_in);
	return atomic_load_explicit(&catalogue.count, memory_order_acquire);
}

const struct sim_catalogue_row *sim_catalogue_at(uint32_t index)
{
	return index < rows() ? &catalogue.rows[index] : NULL;
}

const struct sim_catalogue_row *sim_catalogue_find(const char *name, size_t name_bytes)
{
	const struct sim_catalogue_row *row;

	for (uint32_t i = 0; (row = sim_catalogue_at(i)); i++)
		if (strlen(row->name) == name_bytes && !memcmp(row->name, name, name_bytes))
			return row;
	return NULL;
}

/* FOLDER/NAME.yaml describes chip NAME. */
static bool named_by(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t bytes = strlen(name);

	return !strncmp(base, name, bytes) && !strcmp(base + bytes, ".yaml");
}

static bool fits(const struct road_chip *chip, const char *path, char *error)
{
	const struct sim_catalogue_row *other = sim_catalogue_find(chip->name, strlen(chip->name));

	if (!named_by(path, chip->name))
		snprintf(error, SIM_ERROR_BYTES, "chip \"%.63s\" is in a file of another name",
			 chip->name);
	else if (other)
		snprintf(error, SIM_ERROR_BYTES, "chip \"%.63s\" is described already: %.100s",
			 chip->name, *other->path ? other->path : "built in");
	else if (rows() == ROWS_MAX)
		snprintf(error, SIM_ERROR_BYTES, "too many chips, at most %d", ROWS_MAX);
	else
		return true;
	return false;
}

const struct sim_catalogue_row *sim_catalogue_add(const char *path, const char *bytes, size_t len,
						  char *error)
{
	const char *slash = strrchr(path, '/');
	struct road_chip_error why;
	struct road_chip *chip;

	if (road_chip_parse(bytes, len, slash ? slash + 1 : path, &chip, &why)) {
		snprintf(error, SIM_ERROR_BYTES, "%.250s", why.message);
		return NULL;
	}
	char *copy = malloc(len + 1), *own_path = strdup(path);

	if (!copy || !own_path || !fits(chip, path, error)) {
		if (!copy || !own_path)
			snprintf(error, SIM_ERROR_BYTES, "no memory for a chip's file");
		free(copy);
		free(own_path);
		road_chip_free(chip);
		return NULL;
	}
	memcpy(copy, bytes, len);
	copy[len] = 0;
	put(&(struct sim_catalogue_row){chip->name, copy, len, own_path, road_chip_summarize(chip),
					chip});
	return sim_catalogue_find(chip->name, strlen(chip->name));
}
