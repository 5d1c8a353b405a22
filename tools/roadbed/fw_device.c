/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw status, load on a device. */
#include "tools/roadbed/fw_device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/files.h"
#include "tools/roadbed/fw_changes.h"
#include "tools/roadbed/json.h"

enum { COMPONENTS_MAX = 16, IMAGES_MAX = COMPONENTS_MAX, IMAGE_FILE_MAX = 32 << 20 };

bool fw_is_device(const char *word)
{
	return word[strcspn(word, ":/")] == ':';
}

static int code_of(road_status status)
{
	switch (status) {
	case ROAD_OK: return TOOL_OK;
	case ROAD_INVALID_ARGUMENT: return TOOL_USAGE;
	case ROAD_UNSUPPORTED: return TOOL_UNSUPPORTED;
	case ROAD_NOT_FOUND:
	case ROAD_IO:
	case ROAD_DEVICE_LOST:
	case ROAD_OUT_OF_HOST_MEMORY: return TOOL_IO;
	default: return TOOL_FAILURE;
	}
}

int fw_library_refuse(const char *doing, road_status status)
{
	library_refuse(doing, status);
	return code_of(status);
}

/* What a device says of its firmware. */
struct firmware {
	road_device_firmware all;
	road_device_component each[COMPONENTS_MAX];
	uint32_t count;
};

static int firmware_read(road_device *device, const char *address, struct firmware *out)
{
	*out = (struct firmware){.all.size = sizeof(out->all)};
	road_status status = road_device_firmware_get(device, &out->all);

	while (!status && out->count < COMPONENTS_MAX) {
		out->each[out->count].size = sizeof(out->each[0]);
		status = road_device_component_get(device, out->count, &out->each[out->count]);
		out->count += !status;
	}
	return status && status != ROAD_NOT_FOUND ? fw_library_refuse(address, status) : TOOL_OK;
}

/* ---- status ---- */

static void print_text(const char *address, const struct firmware *firmware)
{
	const road_device_firmware *all = &firmware->all;

	printf("%s: %s\n", address, all->text);
	printf("version: %s\ncounter: %" PRIu32 "\n", all->version, all->counter);
	printf("protocol: %" PRIu32 ", of %" PRIu32 " to %" PRIu32 "\n", all->protocol,
	       all->protocol_min, all->protocol_max);
	printf("images: %s\n", all->pull ? "the chip pulls them" : "the host pushes them");
	printf("boot: %" PRIu64 " ns; %" PRIu32 " errors, features 0x%" PRIx64 "\n", all->boot_ns,
	       all->boot_errors, all->features);
	if (all->heartbeat_ns)
		printf("heartbeat: at least every %" PRIu64 " ns\n", all->heartbeat_ns);
	else
		printf("heartbeat: none\n");
	if (all->code)
		printf("code: 0x%" PRIx32 "\n", all->code);
	printf("boots: %" PRIu64 "\ncrashes: %" PRIu64 "\n", all->boots, all->crashes);
	for (uint32_t i = 0; i < firmware->count; i++) {
		const road_device_component *one = &firmware->each[i];

		printf("component %s: version %s, counter %" PRIu32 ", %" PRIu64
		       " bytes, for %" PRIu32 " unit%s\n  from: %s\n",
		       one->name, one->version, one->counter, one->bytes, one->units,
		       one->units == 1 ? "" : "s", one->source);
	}
}

static struct json_object *components_json(const struct firmware *firmware)
{
	struct json_object *array = json_new_array();

	for (uint32_t i = 0; i < firmware->count; i++) {
		const road_device_component *one = &firmware->each[i];
		struct json_object *object = json_new();

		json_add_text(object, "name", one->name);
		json_add_known_text(object, "version", one->version);
		json_add_u64(object, "counter", one->counter);
		json_add_u64(object, "size_bytes", one->bytes);
		json_add_u64(object, "units", one->units);
		json_add_known_text(object, "source", one->source);
		json_append(array, object);
	}
	return array;
}

static void print_json(const char *address, const struct firmware *firmware)
{
	const road_device_firmware *all = &firmware->all;
	struct json_object *document = json_document("fw-status");

	json_add_text(document, "address", address);
	json_add_text(document, "state", all->text);
	json_add_known_text(document, "version", all->version);
	json_add_u64(document, "counter", all->counter);
	json_add_u64(document, "code", all->code);
	json_add_u64(document, "protocol", all->protocol);
	json_add_u64(document, "protocol_min", all->protocol_min);
	json_add_u64(document, "protocol_max", all->protocol_max);
	json_add_bool(document, "pull", all->pull);
	json_add_u64(document, "features", all->features);
	json_add_u64(document, "boot_errors", all->boot_errors);
	json_add_known_u64(document, "heartbeat_ns", all->heartbeat_ns);
	json_add_u64(document, "boot_ns", all->boot_ns);
	json_add_u64(document, "boots", all->boots);
	json_add_u64(document, "crashes", all->crashes);
	json_add_u64(document, "dump_bytes", all->dump_bytes);
	json_add(document, "components", components_json(firmware));
	json_print(document);
}

/* ---- with an open device ---- */

/* Their absolute paths, separated by ':'. */
static int key_list(const struct fw_list *keys, char **out)
{
	size_t used = 0, room = 1;
	char *list = NULL;

	for (uint32_t i = 0; i < keys->count; i++) {
		char *path = realpath(keys->all[i], NULL);

		if (!path) {
			free(list);
			return tool_refuse(TOOL_IO, keys->all[i], "cannot be opened",
					   strerror(errno), "a file KEY.pub");
		}
		room += strlen(path) + 1;
		list = realloc(list, room);
		if (!list)
			tool_no_memory();
		used += (size_t)snprintf(list + used, room - used, "%s%s", used ? ":" : "", path);
		free(path);
	}
	*out = list;
	return TOOL_OK;
}

int fw_device_instance(const struct fw_device *device, road_instance **out)
{
	char *keys = NULL;
	int code = key_list(device->keys, &keys);

	if (!code)
		code = library_open_firmware(device->folders, keys, out);
	free(keys);
	return code;
}

typedef int device_call(road_device *device, const char *address, void *arg);

static int on_device(const struct fw_device *which, device_call *call, void *arg)
{
	road_instance *instance;
	road_device *device;
	int code = fw_device_instance(which, &instance);

	if (code)
		return code;
	const road_status status = road_device_open(instance, which->address, &device);

	if (status) {
		code = fw_library_refuse(which->address, status);
	} else {
		code = call(device, which->address, arg);
		road_device_release(device);
	}
	road_instance_release(instance);
	return code;
}

static int show(road_device *device, const char *address, void *which)
{
	struct firmware firmware;
	const int code = firmware_read(device, address, &firmware);

	if (!code)
		(((const struct fw_device *)which)->json ? print_json : print_text)(address,
										    &firmware);
	return code;
}

int fw_device_status(const struct fw_device *device)
{
	struct fw_device which = *device;

	return on_device(device, show, &which);
}

/* ---- load ---- */

struct load {
	road_firmware_load_options options;
	road_firmware_source images[IMAGES_MAX];
	road_firmware_image_info infos[IMAGES_MAX]; /* which images[i].component is of */
	void *files[IMAGES_MAX];
	uint8_t (*keys)[32];
	bool json;
};

static void print_loaded(const char *address, const struct firmware *was,
			 const struct firmware *now, bool json)
{
	if (json) {
		print_json(address, now);
		return;
	}
	for (uint32_t i = 0; i < now->count; i++)
		printf("%s: %s: version %s, before %s\n", address, now->each[i].name,
		       now->each[i].version,
		       i < was->count && was->each[i].version[0] ? was->each[i].version : "none");
}

static int load(road_device *device, const char *address, void *arg)
{
	const struct load *load = arg;
	struct firmware was, now;
	int code = firmware_read(device, address, &was);

	if (code)
		return code;
	struct fw_seen *before = fw_seen_take(device), *after;
	const road_status status = road_device_firmware_load(device, &load->options);

	code = status ? fw_library_refuse(address, status) : firmware_read(device, address, &now);
	if (!code) {
		print_loaded(address, &was, &now, load->json);
		after = fw_seen_take(device);
		if (!before || !after)
			tool_no_memory();
		if (!load->json)
			fw_changes_print(before, after);
		fw_seen_free(after);
	}
	fw_seen_free(before);
	return code;
}

/* Reads one file, and verifies it if there are keys: what a key file says beside the key (revoked,
 * bounds) the device's own check does not know of. */
static int take_image(struct load *load, uint32_t at, const char *path,
		      const road_firmware_keys *keys)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *image = NULL;
	struct tool_error error;
	size_t bytes = 0;
	int code = TOOL_OK;

	if (file_read(path, IMAGE_FILE_MAX, &load->files[at], &bytes, &error)) {
		tool_error_print(&error);
		return TOOL_IO;
	}
	if (road_firmware_image_read(load->files[at], bytes, &image, &detail) ||
	    (keys && road_firmware_image_verify(image, keys, NULL, &detail)))
		code = fw_refuse(path, &detail);
	if (!code) {
		load->infos[at].size = sizeof(load->infos[at]);
		road_firmware_image_info_get(image, &load->infos[at]);
		load->images[at] = (road_firmware_source){
			load->infos[at].component[0] ? load->infos[at].component : NULL,
			load->files[at], bytes};
		load->options.image_count = at + 1;
	}
	road_firmware_image_free(image);
	return code;
}

static int take_keys(struct load *load, const road_firmware_keys *keys)
{
	road_firmware_key key = {.size = sizeof(key)};
	uint32_t count = 0;

	while (!road_firmware_keys_get(keys, count, &key))
		count++;
	load->keys = calloc(count + 1, sizeof(*load->keys));
	if (!load->keys)
		tool_no_memory();
	for (uint32_t i = 0; i < count; i++)
		if (!road_firmware_keys_get(keys, i, &key) && !key.revoked)
			memcpy(load->keys[load->options.key_count++], key.key, 32);
	load->options.keys = (const uint8_t(*)[32])load->keys;
	if (load->options.key_count)
		return TOOL_OK;
	return tool_refuse(TOOL_FAILURE, "keys", "none is left that may sign", "", "");
}

int fw_device_load(const struct fw_device *device, char **paths, int count, const char *folder)
{
	struct load all = {.options.size = sizeof(all.options), .json = device->json};
	road_firmware_keys *keys = NULL;
	int code = TOOL_OK;

	if (count < 1 || count > IMAGES_MAX)
		return tool_refuse(TOOL_USAGE, "fw load", "takes DEVICE and its IMAGEs", "",
				   "1 to 16");
	all.options.images = all.images;
	if (device->keys->count || folder)
		code = fw_keys(device->keys, folder, &keys);
	for (int i = 0; i < count && !code; i++)
		code = take_image(&all, (uint32_t)i, paths[i], keys);
	if (!code && keys)
		code = take_keys(&all, keys);
	if (!code)
		code = on_device(device, load, &all);
	for (int i = 0; i < count; i++)
		free(all.files[i]);
	free(all.keys);
	road_firmware_keys_free(keys);
	return code;
}
