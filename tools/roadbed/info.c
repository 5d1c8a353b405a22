/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed info DEVICE`. */
#include "tools/roadbed/candidates.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/property.h"
#include "tools/roadbed/verbs.h"

#include <inttypes.h>
#include <string.h>

typedef const char *(*bit_word)(unsigned bit);

struct view {
	road_device *device;
	road_device_info info;
	uint32_t health;
	uint64_t resets;
	bool has_clock;
	uint64_t device_ns, host_ns;
};

static int view_read(road_device *device, struct view *out)
{
	road_status status;

	*out = (struct view){.device = device, .info.size = sizeof(out->info)};
	status = road_device_info_get(device, &out->info);
	if (status == ROAD_OK)
		status = road_device_health(device, &out->health, &out->resets);
	if (status != ROAD_OK)
		return library_refuse("reading the device", status);
	out->has_clock = road_device_clock(device, &out->device_ns, &out->host_ns) == ROAD_OK;
	return TOOL_OK;
}

static struct json_object *bits_json(uint64_t bits, bit_word word)
{
	struct json_object *array = json_new_array();

	for (unsigned i = 0; i < 64; i++)
		if (bits >> i & 1 && word(i))
			json_append(array, json_object_new_string(word(i)));
	return array;
}

static void uuid_text(const uint8_t uuid[16], char out[37])
{
	size_t used = 0;

	for (unsigned i = 0; i < 16; i++)
		used += (size_t)snprintf(out + used, 37 - used, "%s%02x",
					 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static void identity_json(struct json_object *to, const struct view *view)
{
	const road_device_info *info = &view->info;
	char uuid[37];

	uuid_text(info->uuid, uuid);
	json_add_text(to, "address", info->address);
	json_add_known_text(to, "name", info->name);
	json_add_known_text(to, "vendor", info->vendor);
	json_add_text(to, "class", word_of_class(info->device_class));
	json_add_bool(to, "simulated", info->simulated);
	json_add_known_text(to, "driver", info->driver);
	json_add_known_text(to, "bus", info->bus);
	json_add_known_text(to, "pci_address", info->pci_address);
	json_add_known_u64(to, "pci_vendor", info->pci_vendor);
	json_add_known_u64(to, "pci_device", info->pci_device);
	json_add_text(to, "uuid", uuid);
	json_add_text(to, "health", word_of_health(view->health));
	json_add_u64(to, "resets", view->resets);
	json_add(to, "device_clock_ns",
		 view->has_clock ? json_object_new_uint64(view->device_ns) : NULL);
	json_add(to, "host_clock_ns",
		 view->has_clock ? json_object_new_uint64(view->host_ns) : NULL);
}

static void abilities_json(struct json_object *to, const road_device_info *info)
{
	json_add_known_u64(to, "memory_bytes", info->memory_bytes);
	json_add_known_u64(to, "queues_max", info->queues_max);
	json_add_known_u64(to, "queue_depth_max", info->queue_depth_max);
	json_add(to, "queue_classes", bits_json(info->queue_classes, word_of_queue_class));
	json_add(to, "commands", bits_json(info->commands, word_of_command));
	json_add(to, "features", bits_json(info->features, word_of_feature));
}

static uint64_t free_of(const road_heap_info *heap)
{
	return heap->bytes > heap->used_bytes ? heap->bytes - heap->used_bytes : 0;
}

static int heaps_json(struct json_object *to, road_device *device)
{
	struct json_object *array = json_new_array();
	road_heap_info heap = {.size = sizeof(heap)};
	road_status status;

	json_add(to, "heaps", array);
	/* ROAD_IO: one whose use is not known just now is left out. */
	for (uint32_t i = 0;
	     (status = road_device_heap(device, i, &heap)) == ROAD_OK || status == ROAD_IO; i++) {
		struct json_object *object;

		if (status)
			continue;
		object = json_new();
		json_add_text(object, "kind", word_of_heap(heap.kind));
		json_add_known_u64(object, "size_bytes", heap.bytes);
		json_add_u64(object, "used_bytes", heap.used_bytes);
		json_add(object, "free_bytes",
			 heap.bytes ? json_object_new_uint64(free_of(&heap)) : NULL);
		json_add_u64(object, "granule_bytes", heap.granule_bytes);
		json_add_bool(object, "host_visible", heap.host_visible);
		json_add_bool(object, "coherent", heap.coherent);
		json_append(array, object);
	}
	return status == ROAD_NOT_FOUND ? TOOL_OK : library_refuse("reading heaps", status);
}

static int properties_json(struct json_object *to, road_device *device)
{
	struct json_object *array = json_new_array();
	road_property one = {.size = sizeof(one)};
	road_status status;

	json_add(to, "properties", array);
	for (uint32_t i = 0; (status = road_device_property_at(device, i, &one)) == ROAD_OK; i++) {
		struct json_object *object = json_new();

		property_json(object, &one);
		json_add_u64(object, "id", one.id);
		json_add_text(object, "source", word_of_source(one.source));
		json_append(array, object);
	}
	return status == ROAD_NOT_FOUND ? TOOL_OK : library_refuse("reading properties", status);
}

static int fill_json(struct json_object *document, const struct view *view)
{
	identity_json(document, view);
	abilities_json(document, &view->info);
	return heaps_json(document, view->device) || properties_json(document, view->device)
		       ? TOOL_FAILURE
		       : TOOL_OK;
}

/* ---- one field ---- */

/* "heaps.0.kind" of the document; members of arrays by number. false: there is no such field. One
 * that is unknown is NULL. */
static bool field_of(struct json_object *at, const char *path, struct json_object **out)
{
	while (*path) {
		const size_t bytes = strcspn(path, ".");
		char key[64];
		uint64_t index;

		snprintf(key, sizeof(key), "%.*s", (int)(bytes < 63 ? bytes : 63), path);
		path += bytes + (path[bytes] == '.');
		if (json_object_is_type(at, json_type_array)) {
			if (!tool_number(key, strlen(key), UINT32_MAX, &index) ||
			    index >= json_object_array_length(at))
				return false;
			at = json_object_array_get_idx(at, index);
		} else if (!json_object_object_get_ex(at, key, &at)) {
			return false;
		}
	}
	*out = at;
	return true;
}

static void print_value(struct json_object *value, bool json)
{
	if (!json && json_object_is_type(value, json_type_string))
		puts(json_object_get_string(value));
	else
		puts(json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* A property by its name, or a member of the document; a text without quotes unless as JSON. */
static int print_field(const struct view *view, const char *name, bool json)
{
	struct json_object *document = json_new(), *value = NULL;
	const struct property *property;
	struct properties all;
	int code = properties_read(view->device, &all);
	bool known = true;

	if (code)
		return code;
	property = properties_find(&all, name);
	if (property)
		value = property_value(&property->is);
	else
		code = fill_json(document, view);
	if (!code && !property)
		known = field_of(document, name, &value);
	if (!property)
		json_object_get(value);
	if (value)
		print_value(value, json);
	else if (!code)
		code = tool_refuse(TOOL_FAILURE, view->info.address,
				   known ? "the field is unknown" : "there is no such field", name,
				   known ? "" : "a member of --json, or of `roadbed caps`");
	json_object_put(value);
	json_object_put(document);
	properties_free(&all);
	return code;
}

/* ---- text ---- */

static void row(const char *name, const char *text)
{
	printf("%-16s%s\n", name, text[0] ? text : "unknown");
}

static void bits_row(const char *name, uint64_t bits, bit_word word)
{
	const char *between = "";

	printf("%-16s", name);
	for (unsigned i = 0; i < 64; i++)
		if (bits >> i & 1 && word(i)) {
			printf("%s%s", between, word(i));
			between = ", ";
		}
	puts(between[0] ? "" : "none");
}

static void number_row(const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	row(name, value ? text : "");
}

static void print_identity(const struct view *view)
{
	const road_device_info *info = &view->info;
	char text[64];

	row("address", info->address);
	printf("%-16s%s (%s)\n", "name", info->name[0] ? info->name : "unknown",
	       word_of_simulated(info->simulated));
	row("vendor", info->vendor);
	row("class", word_of_class(info->device_class));
	row("driver", info->driver);
	row("bus", info->bus);
	row("pci address", info->pci_address[0] ? info->pci_address : "none");
	uuid_text(info->uuid, text);
	row("uuid", text);
	row("health", word_of_health(view->health));
	row("memory (total)",
	    info->memory_bytes ? bytes_as_text(info->memory_bytes, text, sizeof(text)) : "");
	number_row("queues", info->queues_max);
	number_row("queue depth", info->queue_depth_max);
	bits_row("queue classes", info->queue_classes, word_of_queue_class);
	bits_row("commands", info->commands, word_of_command);
	bits_row("features", info->features, word_of_feature);
}

static int print_heaps(road_device *device)
{
	road_heap_info heap = {.size = sizeof(heap)};
	road_status status;
	char size[32], left[32], used[32], granule[32];

	for (uint32_t i = 0;
	     (status = road_device_heap(device, i, &heap)) == ROAD_OK || status == ROAD_IO; i++) {
		printf("%-16s", i ? "" : "heaps");
		if (status) {
			puts("unknown");
			continue;
		}
		printf("%s: ", word_of_heap(heap.kind));
		if (heap.bytes)
			printf("%s, %s free", bytes_as_text(heap.bytes, size, sizeof(size)),
			       bytes_as_text(free_of(&heap), left, sizeof(left)));
		else
			fputs("bounded by the host", stdout);
		printf(", %s used", bytes_as_text(heap.used_bytes, used, sizeof(used)));
		if (heap.granule_bytes)
			printf(", granule %s",
			       bytes_as_text(heap.granule_bytes, granule, sizeof(granule)));
		printf("%s%s\n", heap.host_visible ? ", host visible" : "",
		       heap.coherent ? ", coherent" : "");
	}
	return status == ROAD_NOT_FOUND ? TOOL_OK : library_refuse("reading heaps", status);
}

static void print_property(const road_property *property)
{
	char text[320];

	printf("  %-36s%s  [%s]\n", property->name, property_as_text(property, text, sizeof(text)),
	       word_of_source(property->source));
}

static int print_text(const struct view *view)
{
	road_property one = {.size = sizeof(one)};
	road_status status;

	print_identity(view);
	if (print_heaps(view->device))
		return TOOL_FAILURE;
	puts("properties      [and from where they are known]");
	for (uint32_t i = 0; (status = road_device_property_at(view->device, i, &one)) == ROAD_OK;
	     i++)
		print_property(&one);
	return status == ROAD_NOT_FOUND ? TOOL_OK : library_refuse("reading properties", status);
}

struct words {
	bool json;
	const char *field;
	struct json_object *devices; /* NULL: one device is the document */
	int shown;
};

static int print_document(const struct view *view, struct json_object *devices)
{
	struct json_object *document = devices ? json_new() : json_document("info");
	int code = fill_json(document, view);

	if (code || !devices)
		return code ? (json_object_put(document), code) : json_print(document);
	json_append(devices, document);
	return code;
}

static int show(road_instance *instance, const char *address, struct words *words)
{
	struct view view;
	road_device *device;
	road_status status = road_device_open(instance, address, &device);
	int code = status ? library_refuse(address, status) : view_read(device, &view);

	if (status)
		return code;
	if (!code && words->field)
		code = print_field(&view, words->field, words->json);
	else if (!code && words->json)
		code = print_document(&view, words->devices);
	else if (!code)
		code = (words->shown++ ? putchar('\n') : 0, print_text(&view));
	road_device_release(device);
	return code;
}

/* All that are here; one that does not open is told, and the others still shown. */
static int show_all(road_instance *instance, struct words *words)
{
	struct json_object *document = words->json ? json_document("info-all") : NULL;
	struct candidates all;
	int code = candidates_read(instance, CANDIDATES_DEVICES, &all);

	if (document) {
		words->devices = json_new_array();
		json_add(document, "devices", words->devices);
	}
	for (uint32_t i = 0; i < all.count; i++) {
		const int one = show(instance, all.at[i].address, words);

		code = code ? code : one;
	}
	candidates_free(&all);
	if (document)
		json_print(document);
	return code;
}

int verb_info(int argc, char **argv)
{
	struct words words = {.json = false};
	bool no_wake = false;
	const struct tool_option options[] = {{"--json", &words.json, NULL},
					      {"--no-wake", &no_wake, NULL},
					      {"--field", NULL, &words.field},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	road_instance *instance;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error), code;

	if (!rc && (left > 1 || (words.field && !left)))
		rc = tool_error_allow(
			&error, "info", "takes one DEVICE", left ? argv[1] : "none",
			"roadbed info DEVICE [--json] [--field NAME] [--no-wake]; roadbed info");
	if (rc) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	code = library_open_no_wake(no_wake, &instance);
	if (code)
		return code;
	code = left ? show(instance, argv[0], &words) : show_all(instance, &words);
	road_instance_release(instance);
	return code;
}
