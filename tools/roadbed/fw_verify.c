/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw verify. */
#include <string.h>

#include "tools/roadbed/fw.h"
#include "tools/roadbed/json.h"

struct words {
	const char *folder, *vid, *cid, *counter, *component;
	struct fw_list keys;
	bool json;
};

static int answer(const char *path, const road_firmware_image *image, road_firmware_error rc,
		  const road_firmware_detail *detail, bool json)
{
	road_firmware_image_info info = {.size = sizeof(info)};
	char version[ROAD_FIRMWARE_VERSION_TEXT], key[65];

	road_firmware_image_info_get(image, &info);
	road_firmware_version_format(&info.version, version);
	fw_hex(info.key_hash, sizeof(info.key_hash), key);
	if (json) {
		struct json_object *document = json_document("fw-verify");

		json_add_bool(document, "verified", !rc);
		json_add_text(document, "version", version);
		json_add_text(document, "key_hash", key);
		json_add_known_text(document, "error", rc ? road_firmware_error_name(rc) : "");
		json_print(document);
	} else if (!rc) {
		printf("%s: verified, version %s, by the key %s\n", path, version, key);
	}
	return rc ? fw_refuse(path, detail) : TOOL_OK;
}

static int verify(const char *path, const struct words *words, const road_firmware_policy *policy)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_image *image = NULL;
	road_firmware_keys *keys = NULL;
	int code = fw_read_image(path, &image, &detail);

	if (code)
		return code;
	code = fw_keys(&words->keys, words->folder, &keys);
	if (!code) {
		const road_firmware_error rc =
			road_firmware_image_verify(image, keys, policy, &detail);

		code = answer(path, image, rc, &detail, words->json);
	}
	road_firmware_keys_free(keys);
	road_firmware_image_free(image);
	return code;
}

int fw_verify(int argc, char **argv)
{
	road_firmware_policy policy = {.size = sizeof(policy)};
	struct words w = {0};
	struct tool_error error;
	const struct tool_option options[] = {
		{"--keys", NULL, &w.folder},
		{"--vid", NULL, &w.vid},
		{"--cid", NULL, &w.cid},
		{"--component", NULL, &w.component},
		{"--counter", NULL, &w.counter},
		{"--json", &w.json, NULL},
		{NULL, NULL, NULL},
	};

	if (fw_take_list("--key", &argc, argv, &w.keys, &error) ||
	    tool_options(options, argc, argv, &argc, &error) ||
	    fw_bounds(w.vid, w.cid, w.counter, &policy.has, &policy.vendor, &policy.chip_class,
		      &policy.minimum_counter, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, "fw verify", "takes one FILE", "", "");
	policy.component = w.component;
	return verify(argv[0], &w, &policy);
}
