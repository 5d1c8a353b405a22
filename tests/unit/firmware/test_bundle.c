/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: manifests written and read, folders verified. */
#include <ftw.h>
#include <roadbed/firmware_store.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"

static char folder[] = "/tmp/roadbed-test-bundle-XXXXXX";
static uint8_t seed[ROAD_FIRMWARE_SEED_BYTES];
static road_firmware_keys *keys;
static road_firmware_bundle_entry entries[2];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void tidy(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void begin(void)
{
	road_firmware_key key = {.size = sizeof(key)};

	if (keys)
		return;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	atexit(tidy);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key.key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_add(keys, &key, NULL), ROAD_FIRMWARE_OK);
}

/* Signs into a file of the folder; its digest goes to *sha256. */
static void put_image(const char *name, const void *payload, size_t bytes,
		      const road_firmware_sign_options *options, uint8_t *sha256)
{
	char path[128];
	void *made;
	size_t made_bytes;
	FILE *file;

	CU_ASSERT_EQUAL_FATAL(
		road_firmware_sign(payload, bytes, seed, options, &made, &made_bytes, NULL),
		ROAD_FIRMWARE_OK);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fwrite(made, 1, made_bytes, file);
	fclose(file);
	if (sha256)
		crypto_hash_sha256(sha256, made, made_bytes);
	road_firmware_free(made);
}

static void put_component(unsigned number, const char *name, uint8_t major,
			  const road_firmware_dependency *needs)
{
	const road_firmware_sign_options options = {.size = sizeof(options),
						    .version = {.major = major},
						    .component = name,
						    .dependencies = needs,
						    .dependency_count = needs ? 1 : 0};
	road_firmware_bundle_entry *entry = &entries[number];

	*entry = (road_firmware_bundle_entry){.size = sizeof(*entry), .at_least = {.major = 2}};
	snprintf(entry->component, sizeof(entry->component), "%s", number ? "boot" : "main");
	snprintf(entry->file, sizeof(entry->file), "%s", number ? "boot.img" : "main.img");
	snprintf(entry->chips, sizeof(entry->chips), "t1,t1.b-x");
	snprintf(entry->licence, sizeof(entry->licence), "MIT OR Apache-2.0");
	put_image(entry->file, "code", 4, &options, entry->sha256);
}

static void put_manifest(uint32_t flags)
{
	const road_firmware_sign_options options = {.size = sizeof(options), .flags = flags};
	char *text;
	size_t bytes;

	CU_ASSERT_EQUAL_FATAL(road_firmware_bundle_write(entries, 2, &text, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	put_image("MANIFEST.img", text, bytes, &options, NULL);
	road_firmware_free(text);
}

/* Verifies; complains unless this is answered, and the detail's place holds `where`. */
static void judge(road_firmware_error error, const char *where)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	const road_firmware_error rc = road_firmware_bundle_verify(folder, keys, &detail);

	CU_ASSERT_EQUAL(rc, error);
	CU_ASSERT_PTR_NOT_NULL(strstr(detail.where, where));
	if (rc != error || !strstr(detail.where, where))
		printf("# %s: %s: %s\n", road_firmware_error_name(rc), detail.where, detail.what);
}

static void put_sound(void)
{
	const road_firmware_dependency needs = {1, {.major = 3}};

	begin();
	put_component(0, "main", 2, &needs);
	put_component(1, "boot", 3, NULL);
	put_manifest(ROAD_FIRMWARE_BUNDLE);
}

static void test_verify(void)
{
	char path[128];

	put_sound();
	judge(ROAD_FIRMWARE_OK, "");
	put_manifest(0);
	judge(ROAD_FIRMWARE_BAD_BUNDLE, "MANIFEST.img");
	put_sound();
	put_component(1, "boot", 1, NULL);
	judge(ROAD_FIRMWARE_HASH_MISMATCH, "component boot");
	put_manifest(ROAD_FIRMWARE_BUNDLE);
	judge(ROAD_FIRMWARE_ROLLBACK, "component boot");
	put_component(1, "boot", 2, NULL);
	put_manifest(ROAD_FIRMWARE_BUNDLE);
	judge(ROAD_FIRMWARE_DEPENDENCY_MISSING, "component main");
	put_component(1, "other", 3, NULL);
	put_manifest(ROAD_FIRMWARE_BUNDLE);
	judge(ROAD_FIRMWARE_WRONG_CHIP, "component boot");
	put_sound();
	snprintf(path, sizeof(path), "%s/boot.img", folder);
	unlink(path);
	judge(ROAD_FIRMWARE_NOT_FOUND, "component boot");
	CU_ASSERT_EQUAL(symlink("/etc/hostname", path), 0);
	judge(ROAD_FIRMWARE_RW_ERROR, "component boot");
	unlink(path);
}

static void test_other_key(void)
{
	road_firmware_keys *none;

	put_sound();
	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&none, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_bundle_verify(folder, none, NULL), ROAD_FIRMWARE_UNKNOWN_KEY);
	road_firmware_keys_free(none);
}

static void test_round(void)
{
	road_firmware_bundle_entry back = {.size = sizeof(back)};
	char *text;
	size_t bytes;

	put_sound();
	CU_ASSERT_EQUAL_FATAL(road_firmware_bundle_write(entries, 2, &text, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	for (uint32_t i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(text, bytes, i, &back, NULL),
				ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(memcmp(&back, &entries[i], sizeof(back)), 0);
	}
	CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(text, bytes, 2, &back, NULL),
			ROAD_FIRMWARE_NOT_FOUND);
	/* cut anywhere in its second line, it has none */
	for (size_t cut = (size_t)(strchr(text, '\n') - text) + 2; cut < bytes; cut++)
		CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(text, cut, 1, &back, NULL),
				ROAD_FIRMWARE_BAD_BUNDLE);
	road_firmware_free(text);
}

static void test_bad_entries(void)
{
	static const struct {
		size_t at;
		const char *value, *where;
	} bad[] = {
		{offsetof(road_firmware_bundle_entry, component), "Main", "Component"},
		{offsetof(road_firmware_bundle_entry, component), "", "Component"},
		{offsetof(road_firmware_bundle_entry, component), "boot", "Component"},
		{offsetof(road_firmware_bundle_entry, file), "../main.img", "File"},
		{offsetof(road_firmware_bundle_entry, file), "/main.img", "File"},
		{offsetof(road_firmware_bundle_entry, file), "a b", "Sha256"},
		{offsetof(road_firmware_bundle_entry, chips), "", "Chips"},
		{offsetof(road_firmware_bundle_entry, chips), "a,,b", "Chips"},
		{offsetof(road_firmware_bundle_entry, chips), "a,", "Chips"},
		{offsetof(road_firmware_bundle_entry, licence), "", "Licence"},
		{offsetof(road_firmware_bundle_entry, licence), "MIT\nComponent: x",
		 "line 2, File"},
		{offsetof(road_firmware_bundle_entry, licence), "MIT ", "Licence"},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		char *text = NULL;
		size_t bytes;

		put_sound();
		strcpy((char *)&entries[0] + bad[i].at, bad[i].value);
		CU_ASSERT_EQUAL(road_firmware_bundle_write(entries, 2, &text, &bytes, &detail),
				ROAD_FIRMWARE_BAD_BUNDLE);
		CU_ASSERT_PTR_NULL(text);
		CU_ASSERT_PTR_NOT_NULL(strstr(detail.where, bad[i].where));
	}
}

static void test_lines(void)
{
#define GOOD                                                                               \
	"Component: main File: m.img Sha256: "                                             \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff Version: 1.0.0 " \
	"Chips: t1 Licence: MIT\n"
	static const char *const bad[] = {
		"\n",
		"# comment\n",
		"Component: main\n",
		" " GOOD,
		GOOD "\n",
		"File: m.img " GOOD,
		"Component:  main File: m.img\n",
	};
	road_firmware_bundle_entry entry = {.size = sizeof(entry)};

	CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(GOOD, strlen(GOOD), 0, &entry, NULL),
			ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(GOOD, strlen(GOOD) - 1, 0, &entry, NULL),
			ROAD_FIRMWARE_BAD_BUNDLE);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(road_firmware_bundle_entry_get(bad[i], strlen(bad[i]),
							       bad[i][0] == 'C' &&
								       bad[i][10] == ' ' &&
								       strlen(bad[i]) > 100,
							       &entry, NULL),
				ROAD_FIRMWARE_BAD_BUNDLE);
}

static const struct tap_case cases[] = {
	{"a folder is verified file by file, by digest, name, version and need", test_verify},
	{"a manifest of an unknown key is none", test_other_key},
	{"a manifest reads back as it was written", test_round},
	{"entries that would not read back are not written", test_bad_entries},
	{"lines of another form are refused", test_lines},
};

TAP_MAIN(cases)
