/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed regions DEVICE`: the tree of regions, their slots, and what reconfiguring costs. */
#include "tools/roadbed/json.h"
#include "tools/roadbed/library.h"
#include "tools/roadbed/verbs.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	uint32_t bit;
	const char *word;
} flags[] = {
	{ROAD_REGION_LAYOUT, "layout"},
	{ROAD_REGION_SWITCHES, "switches"},
	{ROAD_REGION_READ_BACK, "read back"},
	{ROAD_REGION_STATE, "state"},
	{ROAD_REGION_KEEPS_MEMORY, "keeps memory"},
	{ROAD_REGION_BARRIER, "software barrier"},
};

static const char *word_of_slot(uint32_t state)
{
	static const char *const words[] = {"empty", "loading", "ready", "active", "fault"};

	return state < sizeof(words) / sizeof(*words) ? words[state] : "unknown";
}

static const char *word_of_quality(uint32_t quality)
{
	static const char *const words[] = {"unknown", "datasheet", "calibrated", "exact"};

	return quality < sizeof(words) / sizeof(*words) ? words[quality] : "unknown";
}

/* A region, and all that is asked of it. */
struct view {
	road_region *region;
	road_region_info info;
	road_region_status status;
};

static int view_read(road_region *region, struct view *out)
{
	road_status status;

	*out = (struct view){.region = region,
			     .info.size = sizeof(out->info),
			     .status.size = sizeof(out->status)};
	status = road_region_info_get(region, &out->info);
	if (!status)
		status = road_region_status_get(region, &out->status);
	return status ? library_refuse("reading a region", status) : TOOL_OK;
}

/* Calls show for the region and then for its children; the first failure ends it. */
static int walk(road_region *region, unsigned depth,
		int (*show)(const struct view *view, unsigned depth, void *to), void *to)
{
	struct view view;
	int code = view_read(region, &view);

	if (!code)
		code = show(&view, depth, to);
	for (uint32_t i = 0; !code && i < view.info.child_count; i++) {
		road_region *child = NULL;
		road_status status = road_region_child(region, i, &child);

		code = status ? library_refuse("reading a child", status)
			      : walk(child, depth + 1, show, to);
		road_region_release(child);
	}
	return code;
}

static void id_text(uint64_t id, char out[20])
{
	if (id)
		snprintf(out, 20, "%016" PRIx64, id);
	else
		strcpy(out, "none");
}

/* ---- text ---- */

static int text_slots(const struct view *view, const char *indent)
{
	for (uint32_t i = 0; i < view->info.slots; i++) {
		road_slot_info slot = {.size = sizeof(slot)};
		road_status status = road_region_slot(view->region, i, &slot);
		char id[20];

		if (status)
			return library_refuse("reading a slot", status);
		id_text(slot.config, id);
		printf("%s  slot %-2" PRIu32 " %-8s %s%s\n", indent, i, word_of_slot(slot.state),
		       id, slot.pinned ? " pinned" : "");
	}
	return TOOL_OK;
}

static void text_costs(const road_region_info *info, const char *indent)
{
	printf("%s  cost (%s): load %" PRIu64 " ns + %" PRIu64 " ns/KiB, switch %" PRIu64
	       " ns, layout %" PRIu64 " ns\n",
	       indent, word_of_quality(info->cost_quality), info->load_ns, info->load_ns_per_kib,
	       info->switch_ns, info->layout_ns);
}

/* What of memory is nobody else's: `prefix`, then what is known, or nothing. */
static void text_share(const char *indent, const char *prefix, uint64_t memory, uint64_t cache,
		       uint64_t rate)
{
	char text[32];

	if (!memory && !cache && !rate)
		return;
	printf("%s  %s", indent, prefix);
	if (memory)
		printf(" [%s of memory]", bytes_as_text(memory, text, sizeof(text)));
	if (cache)
		printf(" [%s of cache]", bytes_as_text(cache, text, sizeof(text)));
	if (rate)
		printf(" [%.1f GB/s]", (double)rate / 1e9);
	printf("\n");
}

static void text_shares(const road_region_info *info, const char *indent)
{
	char each[40];

	text_share(indent, "has", info->memory_bytes, info->cache_bytes,
		   info->memory_bytes_per_second);
	snprintf(each, sizeof(each), "each %s brings a child", info->unit_name);
	if (info->flags & ROAD_REGION_LAYOUT)
		text_share(indent, each, info->unit_memory_bytes, info->unit_cache_bytes,
			   info->unit_memory_bytes_per_second);
}

static void text_counters(const road_region_status *status, const char *indent)
{
	printf("%s  loads %" PRIu64 " (%" PRIu64 " bytes), hits %" PRIu64 ", misses %" PRIu64
	       ", evictions %" PRIu64 ", switches %" PRIu64 ", rollbacks %" PRIu64
	       ", faults %" PRIu64 "%s\n",
	       indent, status->loads, status->load_bytes, status->hits, status->misses,
	       status->evictions, status->switches, status->rollbacks, status->faults,
	       status->quarantined ? ", quarantined" : "");
}

static int text_region(const struct view *view, unsigned depth, void *to)
{
	const road_region_info *info = &view->info;
	char indent[16], active[20];

	(void)to;
	snprintf(indent, sizeof(indent), "%*s", (int)(depth * 2), "");
	id_text(view->status.active, active);
	printf("%sregion %" PRIu32 ": %" PRIu32 " %s%s from %" PRIu32 ", generation %" PRIu64
	       ", active %s\n",
	       indent, info->index, info->units, info->unit_name, info->units == 1 ? "" : "s",
	       info->first_unit, info->generation, active);
	printf("%s  can", indent);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (info->flags & flags[i].bit)
			printf(" [%s]", flags[i].word);
	printf("; fabric %016" PRIx64 ", images up to %" PRIu64 " bytes\n", info->fabric,
	       info->slot_bytes);
	text_shares(info, indent);
	text_costs(info, indent);
	if (info->child_count)
		return TOOL_OK;
	text_counters(&view->status, indent);
	return text_slots(view, indent);
}

/* ---- JSON ---- */

static void json_add_id(struct json_object *object, const char *key, uint64_t id)
{
	char text[20];

	id_text(id, text);
	json_add_known_text(object, key, id ? text : "");
}

static int json_slots(struct json_object *to, const struct view *view)
{
	struct json_object *array = json_new_array();

	json_add(to, "slots", array);
	for (uint32_t i = 0; i < view->info.slots; i++) {
		road_slot_info slot = {.size = sizeof(slot)};
		road_status status = road_region_slot(view->region, i, &slot);
		struct json_object *object = json_new();

		json_append(array, object);
		if (status)
			return library_refuse("reading a slot", status);
		json_add_text(object, "state", word_of_slot(slot.state));
		json_add_id(object, "config", slot.config);
		json_add_bool(object, "pinned", slot.pinned);
	}
	return TOOL_OK;
}

static void json_costs(struct json_object *to, const road_region_info *info)
{
	struct json_object *cost = json_new();

	json_add(to, "cost", cost);
	json_add_text(cost, "quality", word_of_quality(info->cost_quality));
	json_add_u64(cost, "load_ns", info->load_ns);
	json_add_u64(cost, "load_per_kib_ns", info->load_ns_per_kib);
	json_add_u64(cost, "switch_ns", info->switch_ns);
	json_add_known_u64(cost, "drain_ns", info->drain_ns);
	json_add_known_u64(cost, "read_back_per_kib_ns", info->read_back_ns_per_kib);
	json_add_u64(cost, "layout_ns", info->layout_ns);
}

static void json_counters(struct json_object *to, const road_region_status *status)
{
	json_add_id(to, "active", status->active);
	json_add_id(to, "previous", status->previous);
	json_add_id(to, "safe", status->safe);
	json_add_bool(to, "quarantined", status->quarantined);
	json_add_u64(to, "loads", status->loads);
	json_add_u64(to, "load_bytes", status->load_bytes);
	json_add_u64(to, "hits", status->hits);
	json_add_u64(to, "misses", status->misses);
	json_add_u64(to, "evictions", status->evictions);
	json_add_u64(to, "switches", status->switches);
	json_add_u64(to, "preemptions", status->preemptions);
	json_add_u64(to, "rollbacks", status->rollbacks);
	json_add_u64(to, "faults", status->faults);
	json_add_u64(to, "idle_ns", status->idle_ns);
	json_add_u64(to, "loading_ns", status->load_ns);
}

static int json_region(const struct view *view, unsigned depth, void *to)
{
	struct json_object *object = json_new(), *can = json_new_array();
	const road_region_info *info = &view->info;

	json_append(to, object);
	json_add_u64(object, "index", info->index);
	json_add_u64(object, "depth", depth);
	json_add_text(object, "unit", info->unit_name);
	json_add_u64(object, "first_unit", info->first_unit);
	json_add_u64(object, "units", info->units);
	json_add_u64(object, "unit_alignment", info->unit_alignment);
	json_add_u64(object, "units_min", info->units_min);
	json_add_u64(object, "generation", info->generation);
	json_add_u64(object, "children", info->child_count);
	json_add_id(object, "fabric", info->fabric);
	json_add_u64(object, "slot_bytes", info->slot_bytes);
	json_add_known_u64(object, "state_bytes", info->state_bytes);
	json_add_known_u64(object, "memory_bytes", info->memory_bytes);
	json_add_known_u64(object, "cache_bytes", info->cache_bytes);
	json_add_known_u64(object, "memory_bytes_per_second", info->memory_bytes_per_second);
	json_add_known_u64(object, "unit_memory_bytes", info->unit_memory_bytes);
	json_add_known_u64(object, "unit_cache_bytes", info->unit_cache_bytes);
	json_add_known_u64(object, "unit_memory_bytes_per_second",
			   info->unit_memory_bytes_per_second);
	json_add(object, "can", can);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (info->flags & flags[i].bit)
			json_append(can, json_object_new_string(flags[i].word));
	json_costs(object, info);
	json_counters(object, &view->status);
	return json_slots(object, view);
}

static int print_json(road_region *root)
{
	struct json_object *document = json_document("regions"), *array = json_new_array();
	int code;

	json_add(document, "regions", array);
	code = walk(root, 0, json_region, array);
	if (!code)
		return json_print(document);
	json_object_put(document);
	return code;
}

/* ---- layouts ---- */

/* "2,1,1": parts of so many units, one behind the other; more than the interface takes is its to
 * refuse. */
static int parse_layout(const char *text, road_region_part *parts, uint32_t *count)
{
	uint32_t first = 0;

	for (*count = 0; *count <= ROAD_REGION_PARTS_MAX; text++) {
		size_t bytes = strcspn(text, ",");
		uint64_t units;

		if (!tool_number(text, bytes, UINT32_MAX / 32, &units))
			break;
		parts[(*count)++] =
			(road_region_part){.first_unit = first, .units = (uint32_t)units};
		first += (uint32_t)units;
		text += bytes;
		if (!*text)
			return TOOL_OK;
	}
	return TOOL_USAGE;
}

/* Splits the root, for good: as long as the device is not reset. */
static int apply_layout(road_region *root, const road_region_part *parts, uint32_t count)
{
	road_status status = count ? road_layout_apply(root, parts, count) : ROAD_OK;

	if (!status && count)
		status = road_layout_commit(root);
	return status ? library_refuse("splitting the device", status) : TOOL_OK;
}

struct order { /* what the command line says */
	const char *address;
	bool json;
	road_region_part parts[ROAD_REGION_PARTS_MAX + 1];
	uint32_t part_count; /* 0: the layout stays */
};

static int show_root(road_region *root, const struct order *order)
{
	int code = apply_layout(root, order->parts, order->part_count);

	if (code)
		return code;
	return order->json ? print_json(root) : walk(root, 0, text_region, NULL);
}

static int show(const struct order *order)
{
	road_instance *instance;
	road_device *device;
	road_region *root = NULL;
	int code = library_open(&instance);

	if (code)
		return code;

	road_status status = road_device_open(instance, order->address, &device);

	if (!status) {
		status = road_region_root(device, &root);
		if (!status)
			code = show_root(root, order);
		else
			code = library_refuse(order->address, status);
		road_region_release(root);
		road_device_release(device);
	} else {
		code = library_refuse(order->address, status);
	}
	road_instance_release(instance);
	return code;
}

int verb_regions(int argc, char **argv)
{
	struct order order = {.json = false};
	const char *layout = NULL;
	const struct tool_option options[] = {
		{"--json", &order.json, NULL}, {"--layout", NULL, &layout}, {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error);

	if (!rc && layout && parse_layout(layout, order.parts, &order.part_count)) {
		tool_error_allow(&error, "regions", "is no layout", layout,
				 "numbers of units, up to 16, with commas between: 1,3");
		rc = -1;
	}
	order.address = argv[0];
	if (!rc && left == 1)
		return show(&order);
	if (!rc)
		tool_error_allow(&error, "regions", "takes one DEVICE", left ? argv[1] : "none",
				 "roadbed regions DEVICE [--layout N,N...] [--json]");
	tool_error_print(&error);
	return TOOL_USAGE;
}
