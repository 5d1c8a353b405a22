/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `roadbed fw`, and what they share. One that is new needs its row in fw.c. */
#ifndef TOOLS_ROADBED_FW_H
#define TOOLS_ROADBED_FW_H

#include <roadbed/firmware.h>

#include "tools/roadbed/tool.h"

/* argc and argv start behind the verb; answer enum tool_exit. */
int fw_inspect(int argc, char **argv);
int fw_diff(int argc, char **argv);
int fw_verify(int argc, char **argv);
int fw_keygen(int argc, char **argv);
int fw_sign(int argc, char **argv);
int fw_search(int argc, char **argv);
int fw_bundle(int argc, char **argv);
int fw_status(int argc, char **argv);
int fw_load(int argc, char **argv);
int fw_boot(int argc, char **argv);
int fw_confirm(int argc, char **argv);
int fw_revert(int argc, char **argv);
int fw_log(int argc, char **argv);

/* The exit code of an error. */
int fw_exit_of(road_firmware_error error);
/* Prints the detail, `path` before its place unless NULL; answers the exit code of its error. */
int fw_refuse(const char *path, const road_firmware_detail *detail);
/* Prints; answers TOOL_USAGE. */
int fw_usage(const struct tool_error *error);

/*
 * The values of an option that may be given often, taken out of argv before tool_options sees it.
 * -1: error filled.
 */
enum { FW_LIST_MAX = 256 };
struct fw_list {
	const char *all[FW_LIST_MAX];
	uint32_t count;
};
int fw_take_list(const char *name, int *argc, char **argv, struct fw_list *list,
		 struct tool_error *error);

/* The keys of the files and, if one is named or there are no files, of the folder (NULL: the
 * system's). Prints what is wrong and answers an exit code. */
int fw_keys(const struct fw_list *files, const char *folder, road_firmware_keys **out);
/* Reads the file as an image; prints what is wrong and answers an exit code. */
int fw_read_image(const char *path, road_firmware_image **out, road_firmware_detail *detail);
/* Of a private key's file. The same. */
int fw_read_seed(const char *path, uint8_t seed[ROAD_FIRMWARE_SEED_BYTES]);
/* The whole file, or none. The same. */
int fw_write_out(const char *path, const void *bytes, size_t count);
/* vendor, class, counter as the words say; NULL words are left out of *has. -1: error filled. */
int fw_bounds(const char *vid, const char *cid, const char *counter, uint32_t *has,
	      road_firmware_uuid *vendor, road_firmware_uuid *chip_class, uint32_t *number,
	      struct tool_error *error);
/* "00ff…" */
void fw_hex(const uint8_t *bytes, size_t count, char *out);

#endif
