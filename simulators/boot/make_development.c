/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs when this is built: signs the development images with a key that it makes, and forgets.
 *
 *	make-development OUT.c FOLDER PAYLOAD…
 *
 * One payload (what roadbed-program wrote) for each row below, in their order. OUT.c has the images
 * and the public key, for simulators/boot; FOLDER gets the images as files, for tests. The private
 * half never leaves this program: no key of a build signs anything for another one, and none is
 * committed.
 */
#include <roadbed/firmware.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "uapi/firmware/program.h"

static const struct row {
	const char *chip, *component;
	uint32_t family;
	const char *family_name;
	road_firmware_uuid chip_class;
} rows[] = {
	{"gpgpu", "scheduler", ROAD_PROGRAM_GPU, "ROAD_PROGRAM_GPU", {ROAD_PROGRAM_CLASS_GPU}},
	{"dsa", "control", ROAD_PROGRAM_DSA, "ROAD_PROGRAM_DSA", {ROAD_PROGRAM_CLASS_DSA}},
	{"rpu", "mesh", ROAD_PROGRAM_RPU, "ROAD_PROGRAM_RPU", {ROAD_PROGRAM_CLASS_RPU}},
	{"rpu", "tile", ROAD_PROGRAM_RPU, "ROAD_PROGRAM_RPU", {ROAD_PROGRAM_CLASS_RPU}},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), PAYLOAD_MAX = 1 << 16 };

struct image {
	void *bytes;
	size_t byte_count;
};

static bool complain(const char *what, const char *about)
{
	fprintf(stderr, "make-development: %s: %s\n", about, what);
	return false;
}

static bool read_payload(const char *path, uint8_t bytes[PAYLOAD_MAX], size_t *byte_count)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return complain("cannot be read", path);
	*byte_count = fread(bytes, 1, PAYLOAD_MAX, file);
	const bool whole = feof(file) && !ferror(file);

	fclose(file);
	return whole ? true : complain("cannot be read as a whole", path);
}

static bool sign(const struct row *row, const char *path, const uint8_t *seed, struct image *out)
{
	static uint8_t payload[PAYLOAD_MAX];
	const road_firmware_sign_options options = {
		.size = sizeof(options),
		.version = {.major = 1},
		.has = ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR |
		       ROAD_FIRMWARE_HAS_CLASS,
		.counter = 1,
		.vendor = {ROAD_PROGRAM_VENDOR},
		.chip_class = row->chip_class,
		.component = row->component,
	};
	road_firmware_detail detail = {.size = sizeof(detail)};
	size_t byte_count;

	if (!read_payload(path, payload, &byte_count))
		return false;
	if (road_firmware_sign(payload, byte_count, seed, &options, &out->bytes, &out->byte_count,
			       &detail))
		return complain(detail.what, path);
	return true;
}

static void write_bytes(FILE *file, const char *head, const uint8_t *bytes, size_t byte_count)
{
	fprintf(file, "%s = {", head);
	for (size_t i = 0; i < byte_count; i++)
		fprintf(file, "%s%u,", i % 24 ? " " : "\n\t", bytes[i]);
	fprintf(file, "\n};\n");
}

static bool write_source(const char *path, const struct image images[ROWS], const uint8_t *key)
{
	FILE *file = fopen(path, "w");
	char head[64];

	if (!file)
		return complain("cannot be written", path);
	fprintf(file, "/* Made by make_development.c. */\n"
		      "#include \"simulators/boot/internal.h\"\n\n");
	write_bytes(file, "const uint8_t boot_development_key[SIM_BOOT_KEY_BYTES]", key,
		    ROAD_FIRMWARE_PUBLIC_BYTES);
	for (uint32_t i = 0; i < ROWS; i++) {
		snprintf(head, sizeof(head), "static const uint8_t image_%u[]", i);
		write_bytes(file, head, images[i].bytes, images[i].byte_count);
	}
	fprintf(file, "const struct boot_development boot_development[] = {\n");
	for (uint32_t i = 0; i < ROWS; i++)
		fprintf(file, "\t{\"%s\", %s, sizeof(image_%u), image_%u},\n", rows[i].component,
			rows[i].family_name, i, i);
	fprintf(file, "};\nconst uint32_t boot_development_count = %d;\n", ROWS);
	return fclose(file) == 0 ? true : complain("cannot be written", path);
}

static bool write_image(const char *folder, const struct row *row, const struct image *image)
{
	const char *const parts[] = {"roadbed", row->chip};
	char path[4096];
	int used = snprintf(path, sizeof(path), "%s", folder);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		used += snprintf(path + used, sizeof(path) - (size_t)used, "/%s", parts[i]);
		mkdir(path, 0777); /* may be there */
	}
	snprintf(path + used, sizeof(path) - (size_t)used, "/%s.img", row->component);
	FILE *file = fopen(path, "wb");

	if (!file)
		return complain("cannot be written", path);
	const bool whole = fwrite(image->bytes, 1, image->byte_count, file) == image->byte_count;

	return fclose(file) == 0 && whole ? true : complain("cannot be written", path);
}

/* In a way that no compiler leaves out. */
static void overwrite(uint8_t *bytes, size_t byte_count)
{
	volatile uint8_t *at = bytes;

	while (byte_count--)
		*at++ = 0;
}

int main(int argc, char **argv)
{
	uint8_t seed[ROAD_FIRMWARE_SEED_BYTES], key[ROAD_FIRMWARE_PUBLIC_BYTES];
	struct image images[ROWS] = {0};

	if (argc != 3 + ROWS) {
		complain("OUT.c FOLDER and a payload for each image", "wants");
		return 2;
	}
	bool done = road_firmware_key_generate(seed, key, NULL) == ROAD_FIRMWARE_OK;

	for (uint32_t i = 0; i < ROWS && done; i++)
		done = sign(&rows[i], argv[3 + i], seed, &images[i]);
	overwrite(seed, sizeof(seed));
	for (uint32_t i = 0; i < ROWS && done; i++)
		done = write_image(argv[2], &rows[i], &images[i]);
	done = done && write_source(argv[1], images, key);
	for (uint32_t i = 0; i < ROWS; i++)
		road_firmware_free(images[i].bytes);
	return done ? 0 : 1;
}
