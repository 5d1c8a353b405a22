/* SPDX-License-Identifier: Apache-2.0 */
/* The families that are built in, and those that files outside the tree bring. */
#include "simulators/engine/models.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip.h"

enum { ADDED_MAX = 64 };

extern const struct sim_model_ops sim_model_almaif;
extern const struct sim_model_ops sim_model_dsa;
extern const struct sim_model_ops sim_model_edu;
extern const struct sim_model_ops sim_model_gpu;
extern const struct sim_model_ops sim_model_rpu;

static const struct sim_model_ops *const built_in[] = {
	&sim_model_almaif, &sim_model_dsa, &sim_model_edu, &sim_model_gpu, &sim_model_rpu};

/* Whole tables, whatever version of the interface the model was built with. What stands below
 * `count` never changes any more: it is read without a lock. */
static struct {
	struct sim_model_ops ops[ADDED_MAX];
	_Atomic size_t count;
} added;

const struct sim_model_ops *sim_model_find(const char *family)
{
	size_t count = atomic_load_explicit(&added.count, memory_order_acquire);

	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (!strcmp(built_in[i]->family, family))
			return built_in[i];
	for (size_t i = 0; i < count; i++)
		if (!strcmp(added.ops[i].family, family))
			return &added.ops[i];
	return NULL;
}

static bool all_zero(const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool refuse(char *error, const char *what, const char *which)
{
	snprintf(error, SIM_ERROR_BYTES, "the model %.100s%s%.64s", what, *which ? ": " : "",
		 which);
	return false;
}

/* Which required function is missing? */
static const char *lacks(const struct sim_model_ops *ops)
{
	if (!ops->create)
		return "create";
	if (!ops->destroy)
		return "destroy";
	if (!ops->region)
		return "region";
	if (!ops->reg_read)
		return "reg_read";
	if (!ops->reg_write)
		return "reg_write";
	if (!ops->irq_count)
		return "irq_count";
	return ops->reset ? NULL : "reset";
}

static bool check_version(const struct sim_model_entry *entry, char *error)
{
	if (entry->size < sizeof(*entry) || !entry->ops || !entry->family ||
	    entry->ops_bytes < sizeof(uint32_t))
		return refuse(error, "has an entry without tables", "");
	uint32_t abi = entry->ops->abi;

	if (abi >> 16 != ROAD_SIM_ABI_MAJOR || (abi & 0xffff) > ROAD_SIM_ABI_MINOR) {
		snprintf(error, SIM_ERROR_BYTES,
			 "the model needs simulator interface %u.%u, this library has %u.%u",
			 abi >> 16, abi & 0xffff, ROAD_SIM_ABI_MAJOR, ROAD_SIM_ABI_MINOR);
		return false;
	}
	if (entry->key_bytes != sizeof(struct road_chip_key) ||
	    entry->family_bytes < sizeof(struct road_chip_family))
		return refuse(error, "has tables of parameters of another size", "");
	return true;
}

/* A shorter table ends in NULL; what a longer one has beyond ours must be NULL. */
static bool take_ops(const struct sim_model_entry *entry, struct sim_model_ops *out, char *error)
{
	const unsigned char *from = (const unsigned char *)entry->ops;
	size_t bytes = entry->ops_bytes < sizeof(*out) ? entry->ops_bytes : sizeof(*out);

	if (!all_zero(from + bytes, entry->ops_bytes - bytes))
		return refuse(error, "uses functions that this library does not know", "");
	memset(out, 0, sizeof(*out));
	memcpy(out, from, bytes);
	if (!out->family || !*out->family || !out->compatible || !*out->compatible)
		return refuse(error, "has no family or nothing that drivers match", "");
	const char *missing = lacks(out);

	if (missing)
		return refuse(error, "lacks a function", missing);
	if (!entry->family->name || strcmp(entry->family->name, out->family))
		return refuse(error, "and its table of parameters are of two families",
			      out->family);
	if (sim_model_find(out->family))
		return refuse(error, "is of a family that another model simulates", out->family);
	return true;
}

bool sim_model_add(const struct sim_model_entry *entry, const struct sim_model_ops **out,
		   char *error)
{
	size_t count = atomic_load(&added.count);
	const char *which = "", *wrong;

	if (count == ADDED_MAX)
		return refuse(error, "is one too many", "at most 64 from files");
	if (!entry)
		return refuse(error, "has an entry that returns NULL", "");
	if (!check_version(entry, error) || !take_ops(entry, &added.ops[count], error))
		return false;
	wrong = road_chip_family_add(entry->family, &which);
	if (wrong)
		return refuse(error, wrong, which);
	*out = &added.ops[count];
	atomic_store_explicit(&added.count, count + 1, memory_order_release);
	return true;
}
