/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/property.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/json.h"

static const char *const known[] = {
#define PROPERTY(name, unit, meaning) name,
#include "tools/roadbed/properties.def"
};
enum { KNOWN = sizeof(known) / sizeof(known[0]), NEAR = 3 };

/* ---- reading ---- */

static road_property *add(struct properties *to, bool fact)
{
	if (!(to->count & (to->count - 1))) {
		to->at = reallocarray(to->at, to->count ? to->count * 2 : 1, sizeof(*to->at));
		if (!to->at)
			tool_no_memory();
	}
	struct property *one = &to->at[to->count++];

	*one = (struct property){.is.size = sizeof(one->is), .fact = fact};
	return &one->is;
}

static road_property *fact(struct properties *to, const char *name, uint32_t type)
{
	road_property *one = add(to, true);

	snprintf(one->name, sizeof(one->name), "%s", name);
	one->type = type;
	return one;
}

static void fact_text(struct properties *to, const char *name, const char *text)
{
	road_property *one = fact(to, name, text[0] ? ROAD_VALUE_TEXT : ROAD_VALUE_NULL);

	snprintf(one->text, sizeof(one->text), "%s", text);
}

static void fact_u64(struct properties *to, const char *name, const char *unit, uint64_t value)
{
	road_property *one = fact(to, name, value ? ROAD_VALUE_U64 : ROAD_VALUE_NULL);

	snprintf(one->unit, sizeof(one->unit), "%s", unit);
	one->u64 = value;
}

/* "command.wait_value" and its like, for every bit that has a word. */
static void fact_bits(struct properties *to, const char *prefix, uint64_t bits,
		      const char *(*word)(unsigned bit))
{
	char name[sizeof(to->at->is.name)];

	for (unsigned i = 0; i < 64; i++) {
		if (!word(i))
			continue;
		snprintf(name, sizeof(name), "%s.%s", prefix, word(i));
		for (char *at = name; *at; at++)
			if (*at == ' ')
				*at = '_';
		fact(to, name, ROAD_VALUE_BOOL)->u64 = bits >> i & 1;
	}
}

/* Of device memory, however many heaps it is given out by. */
static void fact_memory(struct properties *to, road_device *device, const road_device_info *info)
{
	road_heap_info heap = {.size = sizeof(heap)};
	uint64_t used = 0, granule = 0;
	bool any = false;

	/* A heap that the host bounds says nothing of what is left. */
	for (uint32_t i = 0; !road_device_heap(device, i, &heap); i++) {
		if (heap.kind != ROAD_HEAP_DEVICE && heap.kind != ROAD_HEAP_DEVICE_VISIBLE)
			continue;
		any = any || heap.bytes;
		used += heap.used_bytes;
		granule = heap.granule_bytes > granule ? heap.granule_bytes : granule;
	}
	fact_u64(to, "memory.total_bytes", "bytes", info->memory_bytes);
	fact_u64(to, "memory.granule_bytes", "bytes", granule);
	road_property *left =
		fact(to, "memory.free_bytes",
		     any && info->memory_bytes >= used ? ROAD_VALUE_U64 : ROAD_VALUE_NULL);

	snprintf(left->unit, sizeof(left->unit), "bytes");
	left->u64 = info->memory_bytes - used;
}

static void facts(struct properties *to, road_device *device, const road_device_info *info)
{
	char ids[8];

	fact_text(to, "name", info->name);
	fact_text(to, "vendor", info->vendor);
	fact_text(to, "class", word_of_class(info->device_class));
	fact_text(to, "driver", info->driver);
	fact_text(to, "bus", info->bus);
	fact_text(to, "pci_address", info->pci_address);
	fact(to, "simulated", ROAD_VALUE_BOOL)->u64 = info->simulated;
	snprintf(ids, sizeof(ids), "0x%04x", info->pci_vendor);
	fact_text(to, "vendor_id", info->pci_vendor ? ids : "");
	fact_memory(to, device, info);
	fact_u64(to, "queues.max", "", info->queues_max);
	fact_u64(to, "queues.depth_max", "", info->queue_depth_max);
	fact_bits(to, "queue", info->queue_classes, word_of_queue_class);
	fact_bits(to, "command", info->commands, word_of_command);
	fact_bits(to, "feature", info->features, word_of_feature);
}

/* What a device says by itself stands for the fact of this name: names are told once. */
static void take(struct properties *to, const road_property *is)
{
	for (uint32_t i = 0; i < to->count; i++)
		if (to->at[i].fact && !strcmp(to->at[i].is.name, is->name)) {
			to->at[i] = (struct property){.is = *is, .fact = false};
			return;
		}
	*add(to, false) = *is;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct property *)a)->is.name, ((const struct property *)b)->is.name);
}

int properties_read(road_device *device, struct properties *out)
{
	road_device_info info = {.size = sizeof(info)};
	road_property one = {.size = sizeof(one)};
	road_status status = road_device_info_get(device, &info);

	*out = (struct properties){.count = 0};
	if (status)
		return library_refuse("reading the device", status);
	facts(out, device, &info);
	for (uint32_t i = 0; (status = road_device_property_at(device, i, &one)) == ROAD_OK; i++)
		take(out, &one);
	if (status != ROAD_NOT_FOUND) {
		properties_free(out);
		return library_refuse("reading properties", status);
	}
	qsort(out->at, out->count, sizeof(*out->at), by_name);
	return TOOL_OK;
}

void properties_free(struct properties *properties)
{
	free(properties->at);
	*properties = (struct properties){.count = 0};
}

const struct property *properties_find(const struct properties *properties, const char *name)
{
	for (uint32_t i = 0; i < properties->count; i++)
		if (!strcmp(properties->at[i].is.name, name))
			return &properties->at[i];
	return NULL;
}

/* ---- as text and as JSON ---- */

const char *property_source(const struct property *property)
{
	return property->fact ? "info" : word_of_source(property->is.source);
}

struct json_object *property_value(const road_property *property)
{
	switch (property->type) {
	case ROAD_VALUE_U64: return json_object_new_uint64(property->u64);
	case ROAD_VALUE_F64: return json_object_new_double(property->f64);
	case ROAD_VALUE_TEXT: return json_object_new_string(property->text);
	case ROAD_VALUE_BOOL: return json_object_new_boolean(property->u64 != 0);
	default: return NULL;
	}
}

void property_json(struct json_object *to, const road_property *property)
{
	char key[32];

	snprintf(key, sizeof(key), "value%s%s", property->unit[0] ? "_" : "", property->unit);
	for (char *at = key; *at; at++)
		if (*at == '/' || *at == ' ')
			*at = '_';
	json_add_text(to, "name", property->name);
	json_add(to, key, property_value(property));
	json_add_known_text(to, "unit", property->unit);
}

bool property_same(const road_property *a, const road_property *b)
{
	if (a->type != b->type || strcmp(a->unit, b->unit))
		return false;
	switch (a->type) {
	case ROAD_VALUE_F64: return !memcmp(&a->f64, &b->f64, sizeof(a->f64));
	case ROAD_VALUE_TEXT: return !strcmp(a->text, b->text);
	case ROAD_VALUE_NULL: return true;
	default: return a->u64 == b->u64;
	}
}

/* ---- names ---- */

enum { NAME_MAX_BYTES = 63 };

/* Edits that make one of the other: Levenshtein's distance. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 2], width = (unsigned)strlen(b);

	for (unsigned j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < width; j++) {
			const unsigned changed = diagonal + (a[i] != b[j]);
			unsigned least = row[j] < row[j + 1] ? row[j] : row[j + 1];

			diagonal = row[j + 1];
			least++;
			row[j + 1] = changed < least ? changed : least;
		}
	}
	return row[width];
}

bool property_known(const char *name, char *near, size_t bytes)
{
	const char *best[NEAR] = {NULL};
	unsigned distances[NEAR];
	size_t used = 0;

	for (unsigned i = 0; i < KNOWN; i++) {
		const unsigned far = distance(name, known[i]);
		unsigned at = NEAR;

		if (!far)
			return true;
		while (at && (!best[at - 1] || far < distances[at - 1]))
			at--;
		for (unsigned j = NEAR; j-- > at + 1;) {
			best[j] = best[j - 1];
			distances[j] = distances[j - 1];
		}
		if (at < NEAR) {
			best[at] = known[i];
			distances[at] = far;
		}
	}
	near[0] = 0;
	for (unsigned i = 0; i < NEAR && best[i] && used < bytes; i++)
		used += (size_t)snprintf(near + used, bytes - used, "%s%s", i ? ", " : "", best[i]);
	return false;
}
