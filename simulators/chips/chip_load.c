/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, files, and the chips that are part of the library. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

static const char *const problems[ROAD_CHIP_ERRORS] = {
	[ROAD_CHIP_OK] = "no error",
	[ROAD_CHIP_ERROR_MEMORY] = "out of memory",
	[ROAD_CHIP_ERROR_FILE] = "cannot read the file",
	[ROAD_CHIP_ERROR_SYNTAX] = "not a chip file",
	[ROAD_CHIP_ERROR_UNKNOWN] = "unknown key",
	[ROAD_CHIP_ERROR_DUPLICATE] = "key given twice",
	[ROAD_CHIP_ERROR_MISSING] = "missing key",
	[ROAD_CHIP_ERROR_TYPE] = "wrong type",
	[ROAD_CHIP_ERROR_UNIT] = "wrong unit",
	[ROAD_CHIP_ERROR_RANGE] = "value not allowed",
	[ROAD_CHIP_ERROR_KIND] = "unknown kind",
	[ROAD_CHIP_ERROR_SOURCE] = "unknown source",
	[ROAD_CHIP_ERROR_CONFLICT] = "values contradict each other",
};

/* Control characters of a hostile file must not reach a terminal. */
static void copy_printable(char *out, size_t bytes, const char *in)
{
	size_t n = 0;

	for (; in[n] && n + 1 < bytes; n++)
		out[n] = (unsigned char)in[n] < 0x20 || in[n] == 0x7f ? '?' : in[n];
	out[n] = 0;
}

int road_chip_fail(struct road_chip_error *error, enum road_chip_error_code code, unsigned line,
		   unsigned column, const char *key, const char *seen, const char *allowed)
{
	char at[32] = "";

	error->code = code;
	error->line = line;
	error->column = column;
	copy_printable(error->key, sizeof(error->key), key);
	copy_printable(error->seen, sizeof(error->seen), seen);
	copy_printable(error->allowed, sizeof(error->allowed), allowed);
	if (line)
		snprintf(at, sizeof(at), ":%u:%u", line, column);
	snprintf(error->message, sizeof(error->message), "%s%s: %s%s%s: seen '%s', allowed: %s",
		 error->file, at, problems[code], *key ? ": " : "", error->key, error->seen,
		 error->allowed);
	return -1;
}

static int file_error(struct road_chip_error *error, const char *why)
{
	return road_chip_fail(error, ROAD_CHIP_ERROR_FILE, 0, 0, "", why, "a readable chip file");
}

int road_chip_load(const char *path, struct road_chip **out, struct road_chip_error *error)
{
	const size_t room = ROAD_CHIP_FILE_MAX_BYTES + 1;
	int err = -1;

	memset(error, 0, sizeof(*error));
	snprintf(error->file, sizeof(error->file), "%s", path);
	FILE *file = fopen(path, "re");

	if (!file)
		return file_error(error, strerror(errno));
	char *bytes = malloc(room);

	if (!bytes) {
		road_chip_fail(error, ROAD_CHIP_ERROR_MEMORY, 0, 0, "", "", "");
		goto close_file;
	}
	size_t len = fread(bytes, 1, room, file);

	if (ferror(file))
		file_error(error, strerror(errno));
	else
		err = road_chip_parse(bytes, len, path, out, error);
	free(bytes);
close_file:
	fclose(file);
	return err;
}

int road_chip_load_named(const char *folder, const char *name, struct road_chip **out,
			 struct road_chip_error *error)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
	struct road_chip *chip;
	char path[4096];

	memset(error, 0, sizeof(*error));
	snprintf(error->file, sizeof(error->file), "%s", name);
	if (!*name || *name == '.' || name[strspn(name, alphabet)])
		return road_chip_fail(error, ROAD_CHIP_ERROR_RANGE, 0, 0, "chip", name,
				      "a-z, 0-9, '.', '-', '_'");
	if ((size_t)snprintf(path, sizeof(path), "%s/%s.yaml", folder, name) >= sizeof(path))
		return file_error(error, "a path that is too long");
	if (road_chip_load(path, &chip, error))
		return -1;
	if (strcmp(chip->name, name)) {
		road_chip_fail(error, ROAD_CHIP_ERROR_CONFLICT, 0, 0, "chip", chip->name, name);
		road_chip_free(chip);
		return -1;
	}
	*out = chip;
	return 0;
}

struct road_chip_summary road_chip_summarize(const struct road_chip *chip)
{
	const struct road_chip_identity *id = &chip->identity;

	return (struct road_chip_summary){chip->family->name,
					  id->vendor,
					  id->product,
					  id->pci_vendor,
					  id->pci_devices.count ? id->pci_devices.id[0] : 0,
					  id->pci_class,
					  id->memory_bytes};
}

unsigned road_chip_assumed_permille(const struct road_chip *chip)
{
	return chip->value_count ? (unsigned)(1000u * (uint64_t)chip->by_kind[ROAD_CHIP_ASSUMED] /
					      chip->value_count)
				 : 0;
}
