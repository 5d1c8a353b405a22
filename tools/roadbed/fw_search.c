/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw search. */
#include <roadbed/firmware_store.h>

#include "tools/roadbed/fw.h"
#include "tools/roadbed/json.h"

static void print_json(const road_firmware_file *file)
{
	struct json_object *document = json_document("fw-search"), *all = json_new_array();
	road_firmware_tried tried;
	size_t bytes;

	json_add_known_text(document, "path", road_firmware_file_path(file));
	road_firmware_file_bytes(file, &bytes);
	json_add_known_u64(document, "bytes", bytes);
	for (uint32_t i = 0; !road_firmware_file_tried(file, i, &tried); i++) {
		struct json_object *one = json_new();

		json_add_text(one, "path", tried.path);
		json_add_text(one, "reason", tried.reason);
		json_add_known_text(one, "error",
				    tried.error ? road_firmware_error_name(tried.error) : "");
		json_append(all, one);
	}
	json_add(document, "tried", all);
	json_print(document);
}

static void print_text(const road_firmware_file *file)
{
	road_firmware_tried tried;

	for (uint32_t i = 0; !road_firmware_file_tried(file, i, &tried); i++)
		printf("%s: %s\n", tried.path, tried.reason);
}

int fw_search(int argc, char **argv)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_search search = {.size = sizeof(search)};
	road_firmware_file *file = NULL;
	struct tool_error error;
	bool json = false;
	const struct tool_option options[] = {
		{"--folders", NULL, &search.folders}, {"--json", &json, NULL}, {NULL, NULL, NULL}};

	if (tool_options(options, argc, argv, &argc, &error))
		return fw_usage(&error);
	if (argc != 1)
		return tool_refuse(TOOL_USAGE, "fw search", "takes one NAME", "",
				   "vendor/chip/component.img");
	const road_firmware_error rc = road_firmware_find(argv[0], &search, &file, &detail);

	if (file)
		(json ? print_json : print_text)(file);
	road_firmware_file_free(file);
	return rc ? fw_refuse(NULL, &detail) : TOOL_OK;
}
