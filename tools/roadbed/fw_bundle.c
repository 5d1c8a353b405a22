/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw bundle create, verify. */
#include <dirent.h>
#include <errno.h>
#include <roadbed/firmware_store.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/files.h"
#include "tools/roadbed/fw.h"
#include "tools/roadbed/json.h"

#define MANIFEST "MANIFEST.img"
enum { ENTRIES_MAX = 256 };

struct words {
	const char *key, *version, *chips, *licence, *folder;
	struct fw_list keys;
	bool json;
};

static int is_image(const struct dirent *entry)
{
	const size_t bytes = strlen(entry->d_name);

	return bytes > 4 && entry->d_name[0] != '.' && !strcmp(entry->d_name + bytes - 4, ".img") &&
	       strcmp(entry->d_name, MANIFEST);
}

static int fill_entry(const char *folder, const char *name, const struct words *w,
		      road_firmware_bundle_entry *entry)
{
	road_firmware_detail detail = {.size = sizeof(detail)};

	*entry = (road_firmware_bundle_entry){.size = sizeof(*entry)};
	if (strlen(w->chips) >= sizeof(entry->chips))
		return tool_refuse(TOOL_USAGE, "--chips", "is too long", w->chips, "255 bytes");
	if (strlen(w->licence) >= sizeof(entry->licence))
		return tool_refuse(TOOL_USAGE, "--licence", "is too long", w->licence, "127 bytes");
	strcpy(entry->chips, w->chips);
	strcpy(entry->licence, w->licence);
	if (road_firmware_bundle_entry_fill(folder, name, entry, &detail))
		return fw_refuse(folder, &detail);
	return TOOL_OK;
}

/* All images of the folder in the order of their names. */
static int fill_entries(const char *folder, const struct words *w,
			road_firmware_bundle_entry *entries, uint32_t *count)
{
	struct dirent **names;
	const int all = scandir(folder, &names, is_image, alphasort);
	int code = TOOL_OK;

	if (all < 0)
		return tool_refuse(TOOL_IO, folder, "cannot be opened", strerror(errno), "");
	if (!all || all > ENTRIES_MAX)
		code = tool_refuse(TOOL_FAILURE, folder,
				   all ? "holds too many images" : "holds no image", "",
				   "1 to 256 files *.img");
	for (int i = 0; i < all; i++) {
		if (!code)
			code = fill_entry(folder, names[i]->d_name, w, &entries[i]);
		free(names[i]);
	}
	free(names);
	*count = (uint32_t)all;
	return code;
}

static int write_manifest(const char *folder, const struct words *w, const char *text,
			  size_t text_bytes)
{
	road_firmware_sign_options options = {.size = sizeof(options),
					      .flags = ROAD_FIRMWARE_BUNDLE};
	road_firmware_detail detail = {.size = sizeof(detail)};
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
	void *made = NULL;
	size_t bytes = 0;
	char *path;
	int code = fw_read_seed(w->key, seed);

	if (code)
		return code;
	road_firmware_version_parse(w->version, &options.version, NULL);
	if (road_firmware_sign(text, text_bytes, seed, &options, &made, &bytes, &detail))
		code = fw_refuse(folder, &detail);
	explicit_bzero(seed, sizeof(seed));
	if (asprintf(&path, "%s/" MANIFEST, folder) < 0)
		tool_no_memory();
	if (!code)
		code = fw_write_out(path, made, bytes);
	free(path);
	road_firmware_free(made);
	return code;
}

static int create(const char *folder, const struct words *w)
{
	road_firmware_bundle_entry *entries = calloc(ENTRIES_MAX, sizeof(*entries));
	road_firmware_detail detail = {.size = sizeof(detail)};
	char *text = NULL;
	size_t bytes;
	uint32_t count = 0;
	int code;

	if (!entries)
		tool_no_memory();
	code = fill_entries(folder, w, entries, &count);
	if (!code && road_firmware_bundle_write(entries, count, &text, &bytes, &detail))
		code = fw_refuse(folder, &detail);
	if (!code)
		code = write_manifest(folder, w, text, bytes);
	free(entries);
	if (!code && w->json) {
		struct json_object *document = json_document("fw-bundle");

		json_add_u64(document, "components", count);
		json_add_text(document, "manifest", text);
		json_print(document);
	} else if (!code) {
		fputs(text, stdout);
	}
	road_firmware_free(text);
	return code;
}

static int verify(const char *folder, const struct words *w)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = NULL;
	int code = fw_keys(&w->keys, w->folder, &keys);

	if (code)
		return code;
	const road_firmware_error rc = road_firmware_bundle_verify(folder, keys, &detail);

	road_firmware_keys_free(keys);
	if (w->json) {
		struct json_object *document = json_document("fw-bundle-verify");

		json_add_bool(document, "verified", !rc);
		json_add_known_text(document, "error", rc ? road_firmware_error_name(rc) : "");
		json_print(document);
	} else if (!rc) {
		printf("%s: verified\n", folder);
	}
	return rc ? fw_refuse(folder, &detail) : TOOL_OK;
}

int fw_bundle(int argc, char **argv)
{
	road_firmware_version version;
	struct words w = {0};
	struct tool_error error;
	const struct tool_option options[] = {
		{"-k", NULL, &w.key},        {"--version", NULL, &w.version},
		{"--chips", NULL, &w.chips}, {"--licence", NULL, &w.licence},
		{"--keys", NULL, &w.folder}, {"--json", &w.json, NULL},
		{NULL, NULL, NULL},
	};

	if (fw_take_list("--key", &argc, argv, &w.keys, &error) ||
	    tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 2 || (strcmp(argv[0], "create") && strcmp(argv[0], "verify")))
		return tool_refuse(TOOL_USAGE, "fw bundle", "takes create or verify, and a FOLDER",
				   "", "");
	if (!strcmp(argv[0], "verify"))
		return verify(argv[1], &w);
	if (!w.key || !w.version || !w.chips || !w.licence)
		return tool_refuse(TOOL_USAGE, "fw bundle create", "lacks an option", "",
				   "-k KEY, --version VERSION, --chips ID,ID, --licence SPDX");
	if (road_firmware_version_parse(w.version, &version, NULL))
		return tool_refuse(TOOL_USAGE, "--version", "is no version", w.version,
				   "MAJOR.MINOR.REVISION[+BUILD]");
	return create(argv[1], &w);
}
