/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw: makes, looks at, checks and loads firmware. Few verbs need a device. */
#include "tools/roadbed/fw.h"

#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/files.h"
#include "tools/roadbed/verbs.h"

enum { FILE_MAX = 32 << 20 }; /* what an image may not exceed anyway */

static const struct fw_verb {
	const char *name, *usage, *summary;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"inspect", "FILE [--json]", "what an image says of itself; nothing of it is verified",
	 fw_inspect},
	{"verify",
	 "FILE [--key KEY.pub]… [--keys FOLDER] [--vid UUID] [--cid UUID]\n"
	 "              [--component NAME] [--counter N] [--json]",
	 "is it what one of these keys signed, and for this chip? exits with 1 if not;\n"
	 "      without a key and a folder: " ROAD_FIRMWARE_KEYS_FOLDER,
	 fw_verify},
	{"keygen", "KEY [--json]", "writes a new private key, and its public half as KEY.pub",
	 fw_keygen},
	{"sign",
	 "IN -k KEY --version 1.2.3+4 [--counter N] [--vid UUID] [--cid UUID]\n"
	 "              [--component NAME] [--dependency IMAGE:VERSION]… -o OUT [--json]",
	 "makes an image of a payload", fw_sign},
	{"diff", "A B [--json]",
	 "what two images say of themselves, where it differs; exits with 1 if anything does",
	 fw_diff},
	{"search", "NAME [--folders LIST] [--json]",
	 "where vendor/chip/component.img is found, and each place that was looked at", fw_search},
	{"bundle",
	 "create FOLDER -k KEY --version 1.2.3+4 --chips ID,ID --licence SPDX [--json] |\n"
	 "              verify FOLDER [--key KEY.pub]… [--keys FOLDER] [--json]",
	 "signs a manifest of all *.img of a folder; checks a folder against its manifest",
	 fw_bundle},
	{"status",
	 "STORE [--key KEY.pub]… [--keys FOLDER] [--json] |\n"
	 "              DEVICE [--folders LIST] [--key KEY.pub]… [--json]",
	 "the two slots of a store's file, and what boots; the firmware that a device runs",
	 fw_status},
	{"load",
	 "STORE FILE [--test | --permanent] [--key KEY.pub]… [--keys FOLDER]\n"
	 "              [--bytes N] [--json] |\n"
	 "              DEVICE FILE… [--folders LIST] [--key KEY.pub]… [--keys FOLDER] [--json]",
	 "puts an image into the slot that is not active, to be tried (--test) at the next boot;\n"
	 "      makes the file of N (33595392) bytes if it is not there. Boots a device with "
	 "images;\n"
	 "      without a key and a folder: those of the device and of this machine",
	 fw_load},
	{"boot", "STORE [--key KEY.pub]… [--keys FOLDER] [--json]",
	 "what a boot does to the store: chooses a slot, and counts its try", fw_boot},
	{"confirm", "STORE [--key KEY.pub]… [--keys FOLDER] [--json]",
	 "what was booted last stays; older images are refused from then on", fw_confirm},
	{"revert", "STORE [--key KEY.pub]… [--keys FOLDER] [--json]",
	 "the other slot at the next boot; or, of an image not booted yet: never that", fw_revert},
	{"log", "DEVICE [--crash] [--dump FILE] [--folders LIST] [--key KEY.pub]… [--json]",
	 "the states of a device's boot, and what a crash left, shown and written to FILE;\n"
	 "      --crash makes the firmware of a simulated device crash, and boots it again",
	 fw_log},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void usage(FILE *out)
{
	fputs("usage:\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  roadbed fw %s %s\n      %s\n", verbs[i].name, verbs[i].usage,
			verbs[i].summary);
	fputs("exits with 0: fine, 1: does not verify, 2: usage, 3: input and output, "
	      "4: unsupported\n",
	      out);
}

int verb_fw(int argc, char **argv)
{
	char names[128];
	size_t used = 0;

	if (argc < 1 || !strcmp(argv[0], "--help") || !strcmp(argv[0], "-h")) {
		usage(argc < 1 ? stderr : stdout);
		return argc < 1 ? TOOL_USAGE : TOOL_OK;
	}
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(argv[0], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	for (size_t i = 0; i < VERBS; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? " " : "", verbs[i].name);
	return tool_refuse(TOOL_USAGE, "fw", "no such verb", argv[0], names);
}

int fw_exit_of(road_firmware_error error)
{
	switch (error) {
	case ROAD_FIRMWARE_OK: return TOOL_OK;
	case ROAD_FIRMWARE_INVALID_ARGUMENT: return TOOL_USAGE;
	case ROAD_FIRMWARE_NOT_FOUND:
	case ROAD_FIRMWARE_RW_ERROR:
	case ROAD_FIRMWARE_OUT_OF_MEMORY: return TOOL_IO;
	case ROAD_FIRMWARE_UNSUPPORTED: return TOOL_UNSUPPORTED;
	default: return TOOL_FAILURE;
	}
}

int fw_refuse(const char *path, const road_firmware_detail *detail)
{
	char where[320], what[192];

	snprintf(where, sizeof(where), "%s%s%s", path ? path : "",
		 path && detail->where[0] ? ": " : "", detail->where);
	snprintf(what, sizeof(what), "%s (%s)", detail->what,
		 road_firmware_error_name(detail->error));
	return tool_refuse(fw_exit_of(detail->error), where, what, detail->seen, detail->allowed);
}

int fw_usage(const struct tool_error *error)
{
	tool_error_print(error);
	return TOOL_USAGE;
}

int fw_take_list(const char *name, int *argc, char **argv, struct fw_list *list,
		 struct tool_error *error)
{
	const size_t bytes = strlen(name);
	int kept = 0, i = 0;

	for (; i < *argc && strcmp(argv[i], "--"); i++) {
		const bool joined = !strncmp(argv[i], name, bytes) && argv[i][bytes] == '=';

		if (!joined && strcmp(argv[i], name)) {
			argv[kept++] = argv[i];
			continue;
		}
		if (list->count == FW_LIST_MAX)
			return tool_error_set(error, name, "is given too often", "", "256 times");
		if (!joined && i + 1 >= *argc)
			return tool_error_set(error, name, "lacks its value", "", "");
		list->all[list->count++] = joined ? argv[i] + bytes + 1 : argv[++i];
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	*argc = kept;
	return 0;
}

int fw_keys(const struct fw_list *files, const char *folder, road_firmware_keys **out)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = NULL;
	road_firmware_error rc = road_firmware_keys_create(&keys, &detail);

	for (uint32_t i = 0; i < files->count && !rc; i++)
		rc = road_firmware_keys_add_file(keys, files->all[i], &detail);
	if (!rc && (folder || !files->count))
		rc = road_firmware_keys_add_folder(keys, folder, &detail);
	if (rc) {
		road_firmware_keys_free(keys);
		return fw_refuse(NULL, &detail);
	}
	*out = keys;
	return TOOL_OK;
}

int fw_read_image(const char *path, road_firmware_image **out, road_firmware_detail *detail)
{
	struct tool_error error;
	void *data;
	size_t bytes;

	if (file_read(path, FILE_MAX, &data, &bytes, &error)) {
		tool_error_print(&error);
		return TOOL_IO;
	}
	const road_firmware_error rc = road_firmware_image_read(data, bytes, out, detail);

	free(data);
	return rc ? fw_refuse(path, detail) : TOOL_OK;
}

static int bad_uuid(const char *option, const char *seen, struct tool_error *error)
{
	return tool_error_set(error, option, "is no UUID", seen, "8-4-4-4-12 hexadecimal digits");
}

int fw_bounds(const char *vid, const char *cid, const char *counter, uint32_t *has,
	      road_firmware_uuid *vendor, road_firmware_uuid *chip_class, uint32_t *number,
	      struct tool_error *error)
{
	uint64_t value = 0;

	if (vid && road_firmware_uuid_parse(vid, vendor, NULL))
		return bad_uuid("--vid", vid, error);
	if (cid && road_firmware_uuid_parse(cid, chip_class, NULL))
		return bad_uuid("--cid", cid, error);
	if (counter && !tool_number(counter, strlen(counter), UINT32_MAX, &value))
		return tool_error_set(error, "--counter", "is no counter", counter,
				      "0 to 4294967295");
	*number = (uint32_t)value;
	*has = (vid ? ROAD_FIRMWARE_HAS_VENDOR : 0u) | (cid ? ROAD_FIRMWARE_HAS_CLASS : 0u) |
	       (counter ? ROAD_FIRMWARE_HAS_COUNTER : 0u);
	return 0;
}

void fw_hex(const uint8_t *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}
