/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw status, load, boot, confirm, revert: the two slots of a store's file. */
#include <roadbed/firmware_store.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/fw_device.h"
#include "tools/roadbed/json.h"

/* Room for two of the largest images that there are. */
enum { STORE_BYTES = ROAD_FIRMWARE_STORE_HEAD_BYTES + 2 * ((16 << 20) + 16384) };

struct words {
	const char *folder, *bytes;
	const char *folders; /* of images, for a device */
	struct fw_list keys;
	bool test, permanent, json;
};

/* What a verb does with the store when it is open. */
typedef road_firmware_error store_call(road_firmware_store *store, const struct words *words,
				       const road_firmware_image *image,
				       road_firmware_detail *detail);

/* ---- what a store says ---- */

static const char *const pendings[] = {"none", "test", "permanent", "revert"};

static void print_json(const road_firmware_store_state *state)
{
	struct json_object *document = json_document("fw-store"), *slots = json_new_array();

	if (state->active == ROAD_FIRMWARE_SLOT_NONE)
		json_add(document, "active", NULL);
	else
		json_add_u64(document, "active", state->active);
	json_add_text(document, "pending", pendings[state->pending]);
	json_add_bool(document, "confirmed", state->confirmed);
	json_add_u64(document, "tries", state->tries);
	json_add_u64(document, "counter", state->counter);
	json_add_u64(document, "sequence", state->sequence);
	for (unsigned i = 0; i < 2; i++) {
		struct json_object *slot = json_new();
		char version[ROAD_FIRMWARE_VERSION_TEXT] = "";

		if (state->slots[i].valid)
			road_firmware_version_format(&state->slots[i].version, version);
		json_add_bool(slot, "valid", state->slots[i].valid);
		json_add_known_text(slot, "version", version);
		json_add_u64(slot, "counter", state->slots[i].counter);
		json_add_known_text(slot, "error",
				    state->slots[i].valid
					    ? ""
					    : road_firmware_error_name(state->slots[i].error));
		json_append(slots, slot);
	}
	json_add(document, "slots", slots);
	json_print(document);
}

static void print_slot(const road_firmware_store_state *state, uint32_t slot)
{
	char version[ROAD_FIRMWARE_VERSION_TEXT];

	printf("slot %u: ", slot);
	if (state->slots[slot].valid) {
		road_firmware_version_format(&state->slots[slot].version, version);
		printf("version %s, counter %u", version, state->slots[slot].counter);
	} else if (state->slots[slot].error == ROAD_FIRMWARE_NOT_FOUND) {
		printf("empty");
	} else {
		printf("does not boot: %s (%s)", road_firmware_error_text(state->slots[slot].error),
		       road_firmware_error_name(state->slots[slot].error));
	}
	if (state->active == slot)
		printf(state->confirmed ? "; active, confirmed" : "; active, not confirmed");
	printf("\n");
}

static void print_text(const road_firmware_store_state *state)
{
	for (uint32_t i = 0; i < 2; i++)
		print_slot(state, i);
	printf("pending: %s\ntries: %u\ncounter: %u\n", pendings[state->pending], state->tries,
	       state->counter);
}

static int print_state(const char *path, road_firmware_store *store, bool json)
{
	road_firmware_store_state state = {.size = sizeof(state)};
	road_firmware_detail detail = {.size = sizeof(detail)};

	if (road_firmware_store_state_get(store, &state, &detail))
		return fw_refuse(path, &detail);
	(json ? print_json : print_text)(&state);
	return TOOL_OK;
}

/* ---- what is done to it ---- */

/* What is there does not verify: another failure than that nothing is there. */
static bool holds_what_fails(road_firmware_store *store)
{
	road_firmware_store_state state = {.size = sizeof(state)};
	bool fails = false;

	if (road_firmware_store_state_get(store, &state, NULL))
		return false;
	for (unsigned i = 0; i < 2; i++)
		fails |= !state.slots[i].valid && fw_exit_of(state.slots[i].error) == TOOL_FAILURE;
	return fails;
}

static int on_store(const char *path, const road_firmware_medium *medium, store_call *call,
		    const struct words *words, const road_firmware_keys *keys,
		    const road_firmware_image *image)
{
	const road_firmware_store_options options = {.size = sizeof(options), .keys = keys};
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_store *store;
	int code;

	if (road_firmware_store_open(medium, &options, &store, &detail))
		return fw_refuse(path, &detail);
	if (!call || !call(store, words, image, &detail)) {
		code = print_state(path, store, words->json);
	} else {
		code = fw_refuse(path, &detail);
		if (detail.error == ROAD_FIRMWARE_NOT_FOUND && holds_what_fails(store))
			code = TOOL_FAILURE;
	}
	road_firmware_store_close(store);
	return code;
}

/* bytes: of a file that is not there yet; 0: it has to be. */
static int on_file(const char *path, uint64_t bytes, store_call *call, const struct words *words,
		   const char *image_path)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = NULL;
	road_firmware_image *image = NULL;
	road_firmware_medium medium;
	int code = fw_keys(&words->keys, words->folder, &keys);

	if (!code && image_path)
		code = fw_read_image(image_path, &image, &detail);
	if (!code && image && road_firmware_image_verify(image, keys, NULL, &detail))
		code = fw_refuse(image_path, &detail);
	if (!code && road_firmware_medium_file(path, bytes, &medium, &detail))
		code = fw_refuse(NULL, &detail);
	else if (!code) {
		code = on_store(path, &medium, call, words, keys, image);
		road_firmware_medium_close(&medium);
	}
	road_firmware_image_free(image);
	road_firmware_keys_free(keys);
	return code;
}

static road_firmware_error load(road_firmware_store *store, const struct words *words,
				const road_firmware_image *image, road_firmware_detail *detail)
{
	return road_firmware_store_load(store, image,
					words->permanent ? ROAD_FIRMWARE_PENDING_PERMANENT
							 : ROAD_FIRMWARE_PENDING_TEST,
					detail);
}

static road_firmware_error confirm(road_firmware_store *store, const struct words *words,
				   const road_firmware_image *image, road_firmware_detail *detail)
{
	(void)words;
	(void)image;
	return road_firmware_store_confirm(store, detail);
}

static road_firmware_error revert(road_firmware_store *store, const struct words *words,
				  const road_firmware_image *image, road_firmware_detail *detail)
{
	(void)words;
	(void)image;
	return road_firmware_store_revert(store, detail);
}

static road_firmware_error boot(road_firmware_store *store, const struct words *words,
				const road_firmware_image *image, road_firmware_detail *detail)
{
	road_firmware_image *booted = NULL;
	const road_firmware_error rc = road_firmware_store_boot(store, &booted, detail);

	(void)words;
	(void)image;
	road_firmware_image_free(booted);
	return rc;
}

static int for_devices(const char *verb)
{
	return tool_refuse(TOOL_USAGE, verb, "takes --folders for a DEVICE alone", "", "");
}

static int run(const char *verb, store_call *call, int argc, char **argv)
{
	struct words w = {0};
	struct tool_error error;
	const struct tool_option options[] = {{"--keys", NULL, &w.folder},
					      {"--folders", NULL, &w.folders},
					      {"--json", &w.json, NULL},
					      {NULL, NULL, NULL}};

	if (fw_take_list("--key", &argc, argv, &w.keys, &error) ||
	    tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, verb, "takes one STORE", "", "");
	if (!fw_is_device(argv[0]))
		return w.folders ? for_devices(verb) : on_file(argv[0], 0, call, &w, NULL);
	if (call)
		return tool_refuse(TOOL_USAGE, verb, "takes a STORE and no device", argv[0],
				   "the path of a file");
	if (w.folder)
		return tool_refuse(TOOL_USAGE, verb, "takes --keys for a STORE alone", argv[0],
				   "--key");
	const struct fw_device device = {argv[0], w.folders, &w.keys, w.json};

	return fw_device_status(&device);
}

int fw_status(int argc, char **argv)
{
	return run("fw status", NULL, argc, argv);
}

int fw_boot(int argc, char **argv)
{
	return run("fw boot", boot, argc, argv);
}

int fw_confirm(int argc, char **argv)
{
	return run("fw confirm", confirm, argc, argv);
}

int fw_revert(int argc, char **argv)
{
	return run("fw revert", revert, argc, argv);
}

static int load_device(const struct words *w, int argc, char **argv)
{
	if (w->test || w->permanent || w->bytes)
		return tool_refuse(TOOL_USAGE, "fw load", "an option is for a STORE alone", argv[0],
				   "--key, --keys, --folders, --json");
	const struct fw_device device = {argv[0], w->folders, &w->keys, w->json};

	return fw_device_load(&device, argv + 1, argc - 1, w->folder);
}

int fw_load(int argc, char **argv)
{
	uint64_t bytes = STORE_BYTES;
	struct words w = {0};
	struct tool_error error;
	const struct tool_option options[] = {
		{"--keys", NULL, &w.folder}, {"--bytes", NULL, &w.bytes},
		{"--test", &w.test, NULL},   {"--permanent", &w.permanent, NULL},
		{"--json", &w.json, NULL},   {"--folders", NULL, &w.folders},
		{NULL, NULL, NULL}};

	if (fw_take_list("--key", &argc, argv, &w.keys, &error) ||
	    tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc > 1 && fw_is_device(argv[0]))
		return load_device(&w, argc, argv);
	if (argc != 2)
		return tool_refuse(TOOL_USAGE, "fw load", "takes STORE and FILE", "", "");
	if (w.folders)
		return for_devices("fw load");
	if (w.test && w.permanent)
		return tool_refuse(TOOL_USAGE, "fw load", "takes one of both", "",
				   "--test or --permanent");
	if (w.bytes && !tool_number(w.bytes, strlen(w.bytes), INT64_MAX, &bytes))
		return tool_refuse(TOOL_USAGE, "--bytes", "is no number of bytes", w.bytes, "");
	return on_file(argv[0], bytes, load, &w, argv[1]);
}
