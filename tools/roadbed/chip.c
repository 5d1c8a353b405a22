/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed chip`: the catalogue of chips, with the source of each value; and files of new ones. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/candidates.h"
#include "tools/roadbed/files.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/verbs.h"

enum { FILE_BYTES_MAX = 1 << 20 }; /* as the simulators have it */

static bool is_chip(const road_candidate *one)
{
	return one->simulated && !strncmp(one->address, "sim:", 4) && !strpbrk(one->address, "@?");
}

/* ---- list ---- */

static void identity_json(struct json_object *to, const road_candidate *one)
{
	const bool has_class = one->device_class != ROAD_CLASS_OTHER;

	json_add_text(to, "name", one->address + 4);
	json_add_known_text(to, "product", one->name);
	json_add_known_text(to, "vendor", one->vendor);
	json_add_known_text(to, "family", one->family);
	json_add_known_text(to, "class", has_class ? word_of_class(one->device_class) : "");
	json_add_known_u64(to, "memory_total_bytes", one->memory_bytes);
	json_add_bool(to, "has_model", !one->status);
}

static int list_json(const struct candidates *all)
{
	struct json_object *document = json_document("chip-list"), *array = json_new_array();

	json_add(document, "chips", array);
	for (uint32_t i = 0; i < all->count; i++) {
		struct json_object *object;

		if (!is_chip(&all->at[i]))
			continue;
		object = json_new();
		identity_json(object, &all->at[i]);
		json_append(array, object);
	}
	return json_print(document);
}

static int list_text(const struct candidates *all)
{
	char memory[32];

	printf("%-18s %-16s %-28s %-7s %s\n", "CHIP", "VENDOR", "PRODUCT", "FAMILY", "MEMORY");
	for (uint32_t i = 0; i < all->count; i++) {
		const road_candidate *one = &all->at[i];

		if (!is_chip(one))
			continue;
		bytes_as_text(one->memory_bytes, memory, sizeof(memory));
		printf("%-18s %-16s %-28s %-7s %s%s\n", one->address + 4, one->vendor, one->name,
		       one->family, one->memory_bytes ? memory : "unknown",
		       one->status ? "; identity only" : "");
	}
	return TOOL_OK;
}

static int list(road_instance *instance, bool json)
{
	struct candidates all;
	int code = candidates_read(instance, CANDIDATES_CATALOGUE, &all);

	if (!code)
		code = json ? list_json(&all) : list_text(&all);
	candidates_free(&all);
	return code;
}

/* ---- show ---- */

struct shares {
	uint32_t values, assumed;
};

static struct shares share(road_device *device)
{
	road_sim_parameter one = {.size = sizeof(one)};
	struct shares shares = {0, 0};

	while (!road_sim_parameter_get(device, shares.values, &one)) {
		shares.values++;
		shares.assumed += !strcmp(one.kind, "assumed");
	}
	return shares;
}

static void parameters_json(struct json_object *to, road_device *device)
{
	road_sim_parameter one = {.size = sizeof(one)};
	struct json_object *array = json_new_array();
	const struct shares shares = share(device);

	json_add_u64(to, "values", shares.values);
	json_add_u64(to, "assumed_values", shares.assumed);
	json_add(to, "parameters", array);
	for (uint32_t i = 0; !road_sim_parameter_get(device, i, &one); i++) {
		struct json_object *object = json_new();

		json_add_text(object, "name", one.name);
		json_add_text(object, "value", one.value);
		json_add_known_text(object, "unit", one.unit);
		json_add_text(object, "kind", one.kind);
		json_add_text(object, "source", one.source);
		json_add_bool(object, "settable", one.settable);
		json_append(array, object);
	}
}

static void parameters_text(road_device *device)
{
	road_sim_parameter one = {.size = sizeof(one)};
	const struct shares shares = share(device);
	char value[96];

	printf("%-16s%" PRIu32 " of %" PRIu32 " values (%" PRIu32 " %%)\n", "assumed",
	       shares.assumed, shares.values,
	       shares.values ? shares.assumed * 100 / shares.values : 0);
	for (uint32_t i = 0; !road_sim_parameter_get(device, i, &one); i++) {
		snprintf(value, sizeof(value), "%s%s%s", one.value, one.unit[0] ? " " : "",
			 one.unit);
		printf("  %-28s%-24s %-10s %s\n", one.name, value, one.kind, one.source);
	}
}

static int show_chip(const road_candidate *one, road_device *device, bool json)
{
	struct json_object *document;
	char memory[32];

	if (json) {
		document = json_document("chip-show");
		identity_json(document, one);
		if (device)
			parameters_json(document, device);
		return json_print(document);
	}
	bytes_as_text(one->memory_bytes, memory, sizeof(memory));
	printf("%-16s%s\n%-16s%s\n%-16s%s\n%-16s%s\n%-16s%s\n", "chip", one->address + 4, "product",
	       one->name, "vendor", one->vendor, "family", one->family, "memory",
	       one->memory_bytes ? memory : "unknown");
	if (device)
		parameters_text(device);
	else
		puts("identity only: there is no model of its family");
	return TOOL_OK;
}

static const road_candidate *find(const struct candidates *all, const char *name)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (is_chip(&all->at[i]) && !strcmp(all->at[i].address + 4, name))
			return &all->at[i];
	return NULL;
}

static int show(road_instance *instance, const char *name, bool json)
{
	struct candidates all;
	int code = candidates_read(instance, CANDIDATES_CATALOGUE, &all);
	const road_candidate *one = code ? NULL : find(&all, name);
	road_device *device = NULL;
	road_status status = ROAD_OK;

	if (!code && !one)
		code = tool_refuse(TOOL_FAILURE, "chip show", "no chip of this name", name,
				   "a name of `roadbed chip list`");
	if (one && !one->status)
		status = road_device_open(instance, one->address, &device);
	if (status)
		code = library_refuse(one->address, status);
	if (!code)
		code = show_chip(one, device, json);
	if (device)
		road_device_release(device);
	candidates_free(&all);
	return code;
}

/* ---- check ---- */

static int check_json(const char *path, const road_sim_chip *chip)
{
	struct json_object *document = json_document("chip-check");

	json_add_text(document, "file", path);
	json_add_text(document, "name", chip->name);
	json_add_text(document, "family", chip->family);
	json_add_u64(document, "values", chip->values);
	json_add_u64(document, "assumed_values", chip->assumed);
	return json_print(document);
}

static int check(road_instance *instance, const char *path, bool json)
{
	road_sim_chip chip = {.size = sizeof(chip)};
	struct tool_error error;
	void *data;
	size_t bytes;

	if (file_read(path, FILE_BYTES_MAX, &data, &bytes, &error)) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	const road_status status = road_sim_chip_check(instance, path, data, bytes, &chip);

	free(data);
	if (status)
		return library_refuse(path, status);
	if (json)
		return check_json(path, &chip);
	printf("%s: chip %s of family %s: %" PRIu32 " values, %" PRIu32 " of them assumed\n", path,
	       chip.name, chip.family, chip.values, chip.assumed);
	return TOOL_OK;
}

/* ---- the verb ---- */

int verb_chip(int argc, char **argv)
{
	static const char usage[] = "chip list, chip show NAME, chip check FILE";
	bool json = false;
	const struct tool_option options[] = {{"--json", &json, NULL}, {NULL, NULL, NULL}};
	struct tool_error error;
	road_instance *instance;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error), code;
	const char *verb = left ? argv[0] : "";
	const bool lists = !strcmp(verb, "list");

	if (!rc && !lists && strcmp(verb, "show") && strcmp(verb, "check"))
		rc = tool_error_set(&error, "chip", "no such verb", verb, usage);
	else if (!rc && left != (lists ? 1 : 2))
		rc = tool_error_set(&error, "chip", "takes other words", left > 2 ? argv[2] : "",
				    usage);
	if (rc) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	code = library_open(&instance);
	if (code)
		return code;
	if (lists)
		code = list(instance, json);
	else
		code = verb[0] == 's' ? show(instance, argv[1], json)
				      : check(instance, argv[1], json);
	road_instance_release(instance);
	return code;
}
