/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that all families share, and the list of families. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_chip_identity, m)
#define PEAK(name, m)                                                                       \
	{                                                                                   \
		name, ROAD_CHIP_DECIMAL, "TOP/s", UINT64_C(1000000000000), 0, 1000000, "0", \
			MEMBER(m)                                                           \
	}
const struct road_chip_key road_chip_identity_keys[] = {
	{"vendor", ROAD_CHIP_STRING, NULL, 1, 1, 63, NULL, MEMBER(vendor)},
	{"product", ROAD_CHIP_STRING, NULL, 1, 1, 63, NULL, MEMBER(product)},
	{"pci_vendor", ROAD_CHIP_UINT, NULL, 1, 1, 0xffff, "0", MEMBER(pci_vendor)},
	{"pci_devices", ROAD_CHIP_IDS, NULL, 1, 0, 0xffff, "0", MEMBER(pci_devices)},
	{"pci_class", ROAD_CHIP_UINT, NULL, 1, 0, 0xffff, "0", MEMBER(pci_class)},
	{"memory", ROAD_CHIP_UINT, "MiB", 1u << 20, 0, 1u << 24, "0", MEMBER(memory_bytes)},
	/* What follows is published, and no part of any model: chip_table.c hands it on. */
	PEAK("peak_f16", peak_f16),
	PEAK("peak_bf16", peak_bf16),
	PEAK("peak_f32", peak_f32),
	PEAK("peak_i8", peak_i8),
	{"memory_clock", ROAD_CHIP_DECIMAL, "MHz", 1000000, 0, 100000, "0",
	 MEMBER(memory_clock_hz)},
	{"memory_bus", ROAD_CHIP_UINT, "bit", 1, 0, 1u << 20, "0", MEMBER(memory_bus_bits)},
};
#undef MEMBER
const size_t road_chip_identity_key_count =
	sizeof(road_chip_identity_keys) / sizeof(road_chip_identity_keys[0]);

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_chip_host, m)
const struct road_chip_key road_chip_host_keys[] = {
	{"host_read", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, "500", MEMBER(read_ps)},
	{"host_submit", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, "500", MEMBER(submit_ps)},
	{"host_query", ROAD_CHIP_DECIMAL, "ns", 1000, 1, 1000000, "200", MEMBER(query_ps)},
	{"host_line", ROAD_CHIP_UINT, "B", 1, 0, 256, "0", MEMBER(line_bytes)},
};
#undef MEMBER
const size_t road_chip_host_key_count =
	sizeof(road_chip_host_keys) / sizeof(road_chip_host_keys[0]);

/* Processors that are back ends of frameworks: known by name, not simulated. */
static const struct road_chip_family family_cpu = {.name = "cpu"};
/* Chips of which nothing but that they exist is public. */
static const struct road_chip_family family_none = {.name = "none"};

static const struct road_chip_family *const built_in[] = {
	&road_chip_family_gpu, &road_chip_family_dsa,    &road_chip_family_rpu,
	&road_chip_family_edu, &road_chip_family_almaif, &family_cpu,
	&family_none,
};
enum { BUILT_IN = sizeof(built_in) / sizeof(built_in[0]), ADDED_MAX = 64 };

/* What stands below `count` never changes any more: it is read without a lock. */
static struct {
	const struct road_chip_family *families[ADDED_MAX];
	_Atomic size_t count;
} added;

static const struct road_chip_family *family_at(size_t index)
{
	if (index < BUILT_IN)
		return built_in[index];
	index -= BUILT_IN;
	return index < atomic_load_explicit(&added.count, memory_order_acquire)
		       ? added.families[index]
		       : NULL;
}

const struct road_chip_family *road_chip_family_find(const char *name)
{
	const struct road_chip_family *family;

	for (size_t i = 0; (family = family_at(i)); i++)
		if (!strcmp(family->name, name))
			return family;
	return NULL;
}

void road_chip_family_names(char *out, size_t bytes)
{
	const struct road_chip_family *family;
	size_t used = 0;

	for (size_t i = 0; (family = family_at(i)) && used < bytes; i++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%s", i ? ", " : "",
					 family->name);
}

static bool named_before(const struct road_chip_family *family, size_t index)
{
	const char *name = family->keys[index].name;

	for (size_t i = 0; i < index; i++)
		if (!strcmp(family->keys[i].name, name))
			return true;
	for (size_t i = 0; i < road_chip_host_key_count; i++)
		if (!strcmp(road_chip_host_keys[i].name, name))
			return true;
	return false;
}

/* What the loader counts on: a mistake here would write beside the structure. */
static const char *check_key(const struct road_chip_family *family, size_t index)
{
	const struct road_chip_key *key = &family->keys[index];
	uint32_t bytes = key->size;

	if (!key->name || !*key->name)
		return "has a parameter without a name";
	if (named_before(family, index))
		return "has two parameters of one name";
	if (key->offset > family->params_bytes || bytes > family->params_bytes - key->offset)
		return "has a parameter outside its structure";
	if (!key->scale || key->min > key->max)
		return "has a parameter whose scale or range allows no value";
	switch (key->type) {
	case ROAD_CHIP_UINT:
	case ROAD_CHIP_DECIMAL:
		return bytes == 4 || bytes == 8 ? NULL : "has a number of neither 4 nor 8 bytes";
	case ROAD_CHIP_STRING:
		return bytes == sizeof(char *) && !key->fallback
			       ? NULL
			       : "has a text that is no pointer, or has a fallback";
	case ROAD_CHIP_IDS:
		return bytes == sizeof(struct road_chip_ids) ? NULL
							     : "has a list of ids of another size";
	}
	return "has a parameter of an unknown type";
}

const char *road_chip_family_add(const struct road_chip_family *family, const char **which)
{
	size_t count = atomic_load(&added.count);

	*which = family->name;
	if (road_chip_family_find(family->name))
		return "has a table of parameters for a family that has one";
	if (count == ADDED_MAX)
		return "has one table of parameters too many";
	if (family->key_count && !family->keys)
		return "has a table of parameters without rows";
	for (size_t i = 0; i < family->key_count; i++) {
		const char *wrong = check_key(family, i);

		if (wrong) {
			*which = family->keys[i].name ? family->keys[i].name : "";
			return wrong;
		}
	}
	added.families[count] = family;
	atomic_store_explicit(&added.count, count + 1, memory_order_release);
	return NULL;
}

const char *road_chip_conflict(const struct road_chip_family *family,
			       const struct road_chip_host *host, const void *params, char *allowed,
			       size_t bytes)
{
	if (host->line_bytes & (host->line_bytes - 1)) {
		snprintf(allowed, bytes, "a power of two, or 0: caches are coherent");
		return "host_line";
	}
	return family->check ? family->check(params, allowed, bytes) : NULL;
}

const char *road_chip_kind_name(enum road_chip_kind kind)
{
	static const char *const names[ROAD_CHIP_KINDS] = {
		[ROAD_CHIP_MEASURED] = "measured",
		[ROAD_CHIP_DATASHEET] = "datasheet",
		[ROAD_CHIP_TUNED] = "tuned",
		[ROAD_CHIP_ASSUMED] = "assumed",
	};

	return (unsigned)kind < ROAD_CHIP_KINDS ? names[kind] : "?";
}
