/* SPDX-License-Identifier: Apache-2.0 */
/* Where firmware is looked for, how it may be packed, and where names must not lead. */
#include <roadbed/firmware_store.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/case.h"

#define NAME "acme/one/boot.img"

static const char plain[] = "plain firmware", packed[] = "packed firmware";

/* `packed` by zstd 1.5.4 -19 and by xz 5.4.1 --check=crc32; 1 MiB of zeroes by zstd. */
static const uint8_t packed_zst[] = {0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x0f, 0x79, 0x00, 0x00, 0x70,
				     0x61, 0x63, 0x6b, 0x65, 0x64, 0x20, 0x66, 0x69, 0x72, 0x6d,
				     0x77, 0x61, 0x72, 0x65, 0x89, 0x1c, 0x83, 0x2c};
static const uint8_t packed_xz[] = {
	0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x01, 0x69, 0x22, 0xde, 0x36, 0x02, 0x00,
	0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x0e, 0x70,
	0x61, 0x63, 0x6b, 0x65, 0x64, 0x20, 0x66, 0x69, 0x72, 0x6d, 0x77, 0x61, 0x72, 0x65,
	0x00, 0x00, 0xfc, 0xdd, 0x14, 0xe1, 0x00, 0x01, 0x23, 0x0f, 0xdb, 0xdf, 0x90, 0x0e,
	0x90, 0x42, 0x99, 0x0d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x59, 0x5a};
static const uint8_t bomb[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x4c, 0x00, 0x00, 0x08,
			       0x00, 0x01, 0x00, 0xfc, 0xff, 0x39, 0x10, 0x02, 0x02, 0x00,
			       0x10, 0x00, 0x02, 0x00, 0x10, 0x00, 0x02, 0x00, 0x10, 0x00,
			       0x02, 0x00, 0x10, 0x00, 0x02, 0x00, 0x10, 0x00, 0x02, 0x00,
			       0x10, 0x00, 0x03, 0x00, 0x10, 0x00};

/* ---- folders, two of them: "first" and "second" ---- */

struct place {
	char folder[64];
};

static void path_in(const struct place *place, const char *folder, const char *name, char *out)
{
	snprintf(out, 200, "%s/%s%s%s", place->folder, folder, name[0] ? "/" : "", name);
}

static void put(const struct place *place, const char *folder, const char *name, const void *bytes,
		size_t count)
{
	char path[200];

	path_in(place, folder, name, path);
	FILE *file = fopen(path, "wb");

	REQUIRE(file != NULL);
	CHECK(fwrite(bytes, 1, count, file) == count);
	fclose(file);
}

static struct place *place_new(struct fixture *f)
{
	static const char *const parts[] = {"", "acme", "acme/one"};
	struct place *place = fixture_memory(f, sizeof(*place));

	*place = (struct place){"/tmp/conformance-XXXXXX"};
	REQUIRE(mkdtemp(place->folder) != NULL);
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 3; k++) {
			char path[200];

			path_in(place, i ? "second" : "first", parts[k], path);
			REQUIRE(!mkdir(path, 0755));
		}
	return place;
}

static void place_free(const struct place *place)
{
	static const char *const names[] = {NAME,       NAME ".zst", NAME ".xz", "../secret",
					    "acme/one", "acme",      ""};
	char path[200];

	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			path_in(place, i ? "second" : "first", names[k], path);
			(void)remove(path);
		}
	CHECK(!rmdir(place->folder));
}

static road_firmware_error look(const struct place *place, const char *name, uint64_t bytes_max,
				road_firmware_file **out)
{
	char folders[200];
	const road_firmware_search search = {
		.size = sizeof(search),
		.flags = ROAD_FIRMWARE_NO_ENV | ROAD_FIRMWARE_NO_SYSTEM,
		.folders = folders,
		.bytes_max = bytes_max,
	};

	snprintf(folders, sizeof(folders), "%s/first:%s/second", place->folder, place->folder);
	*out = NULL;
	return road_firmware_find(name, &search, out, NULL);
}

/* The search finds exactly this, or nothing if it is NULL. */
static void expect(const struct place *place, uint64_t bytes_max, const char *content)
{
	road_firmware_file *file = NULL;
	const road_firmware_error error = look(place, NAME, bytes_max, &file);
	size_t count = 0;
	const void *bytes = road_firmware_file_bytes(file, &count);

	CHECK_EQ(error, content ? ROAD_FIRMWARE_OK : ROAD_FIRMWARE_NOT_FOUND);
	CHECK_EQ(count, content ? strlen(content) : 0);
	if (content && bytes && count == strlen(content))
		CHECK_SAME(bytes, content, count);
	road_firmware_file_free(file);
}

CONFORMANCE_CASE(firmware, fw_search_order)
{
	const struct place *place = place_new(f);

	put(place, "second", NAME, "second", 6);
	expect(place, 0, "second");
	put(place, "first", NAME ".xz", packed_xz, sizeof(packed_xz));
	expect(place, 0, packed); /* another folder goes before another ending */
	put(place, "first", NAME ".zst", packed_zst, sizeof(packed_zst));
	expect(place, 0, packed);
	put(place, "first", NAME, plain, strlen(plain));
	expect(place, 0, plain);
	place_free(place);
}

CONFORMANCE_CASE(firmware, fw_not_found_lists_paths)
{
	const struct place *place = place_new(f);
	static const char *const endings[] = {"", ".zst", ".xz"};
	road_firmware_file *file = NULL;
	road_firmware_tried tried;
	uint32_t count = 0;

	CHECK_EQ(look(place, NAME, 0, &file), ROAD_FIRMWARE_NOT_FOUND);
	while (!road_firmware_file_tried(file, count, &tried)) {
		char path[200], name[64];

		snprintf(name, sizeof(name), NAME "%s", endings[count % 3]);
		path_in(place, count < 3 ? "first" : "second", name, path);
		CHECK(!strcmp(tried.path, path));
		CHECK(tried.reason[0] && tried.error == ROAD_FIRMWARE_NOT_FOUND);
		count++;
	}
	CHECK_EQ(count, 6);
	road_firmware_file_free(file);
	place_free(place);
}

/* As it is packed, and not if a byte of it is missing or changed. */
static void check_packed(struct fixture *f, const char *name, const uint8_t *bytes, size_t count)
{
	const struct place *place = place_new(f);
	uint8_t copy[128];

	put(place, "first", name, bytes, count);
	expect(place, 0, packed);
	for (size_t cut = 0; cut < count; cut++) {
		put(place, "first", name, bytes, cut);
		expect(place, 0, NULL);
	}
	memcpy(copy, bytes, count);
	copy[0] ^= 1;
	put(place, "first", name, copy, count);
	expect(place, 0, NULL);
	place_free(place);
}

CONFORMANCE_CASE(firmware, fw_compressed_zst)
{
	check_packed(f, NAME ".zst", packed_zst, sizeof(packed_zst));
}

CONFORMANCE_CASE(firmware, fw_compressed_xz)
{
	check_packed(f, NAME ".xz", packed_xz, sizeof(packed_xz));
}

/* 46 bytes that would become 1 MiB. */
CONFORMANCE_CASE(firmware, fw_bomb_capped)
{
	const struct place *place = place_new(f);
	road_firmware_file *file = NULL;
	road_firmware_tried tried;

	put(place, "first", NAME ".zst", bomb, sizeof(bomb));
	CHECK_EQ(look(place, NAME, (1u << 20) - 1, &file), ROAD_FIRMWARE_NOT_FOUND);
	CHECK_EQ(road_firmware_file_tried(file, 1, &tried), ROAD_FIRMWARE_OK);
	CHECK_EQ(tried.error, ROAD_FIRMWARE_TOO_BIG);
	road_firmware_file_free(file);
	CHECK_EQ(look(place, NAME, 1u << 20, &file), ROAD_FIRMWARE_OK);
	road_firmware_file_free(file);
	place_free(place);
}

CONFORMANCE_CASE(firmware, fw_dotdot_refused)
{
	static const char *const names[] = {
		"../secret", "acme/../../secret", "/etc/passwd", "acme/./x", "..",
		"",          "acme//x",           "acme/one/"};
	const struct place *place = place_new(f);
	road_firmware_file *file = NULL;

	put(place, "first", "../secret", plain, strlen(plain));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK_EQ(look(place, names[i], 0, &file), ROAD_FIRMWARE_INVALID_ARGUMENT);
		CHECK(file == NULL);
	}
	place_free(place);
}

CONFORMANCE_CASE(firmware, fw_symlink_escape_refused)
{
	const struct place *place = place_new(f);
	char link[200], target[200];

	put(place, "first", "../secret", plain, strlen(plain));
	path_in(place, "first", NAME, link);
	path_in(place, "first", "../secret", target);
	REQUIRE(!symlink("../../../secret", link));
	expect(place, 0, NULL);
	REQUIRE(!unlink(link) && !symlink(target, link));
	expect(place, 0, NULL);
	/* Within its folder a link is as good as a file. */
	REQUIRE(!unlink(link) && !symlink("boot.img.zst", link));
	put(place, "first", NAME ".zst", plain, strlen(plain));
	expect(place, 0, plain);
	place_free(place);
}
