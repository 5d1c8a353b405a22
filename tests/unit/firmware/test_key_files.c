/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: text and back, and whose files in a folder count. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cache/folder.h"
#include "tests/unit/firmware/forge.h"

#define A_KEY "MCowBQYDK2VwAyEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define A_PEM "-----BEGIN PUBLIC KEY-----\n" A_KEY "\n-----END PUBLIC KEY-----\n"
#define UUID  "00112233-4455-6677-8899-aabbccddeeff"

static road_firmware_error read_public(const char *text, road_firmware_key *key,
				       road_firmware_detail *detail)
{
	*key = (road_firmware_key){.size = sizeof(*key)};
	return road_firmware_key_read_public(text, strlen(text), key, detail);
}

static void test_public(void)
{
	static const char *const same[] = {
		A_PEM,
		"\n# ours\r\n" A_PEM "\n \n",
		"-----BEGIN PUBLIC KEY-----\r\n" A_KEY "\r\n-----END PUBLIC KEY-----",
		"-----BEGIN PUBLIC "
		"KEY-----\nMCowBQYDK2VwAyEA\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
		"Hh8=\n-----END PUBLIC KEY-----\n",
	};
	road_firmware_key key;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		CU_ASSERT_EQUAL(read_public(same[i], &key, NULL), ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(key.has, 0);
		CU_ASSERT_EQUAL(key.revoked, 0);
		for (unsigned n = 0; n < sizeof(key.key); n++)
			CU_ASSERT_EQUAL(key.key[n], n);
	}
	CU_ASSERT_EQUAL(read_public("vendor: " UUID "\nclass:" UUID
				    "\nminimum-counter: 4294967295\nrevoked: yes\n" A_PEM,
				    &key, NULL),
			ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(key.has, 7);
	CU_ASSERT_EQUAL(key.revoked, 1);
	CU_ASSERT_EQUAL(key.minimum_counter, UINT32_MAX);
	CU_ASSERT_EQUAL(key.vendor.bytes[15], 0xff);
	CU_ASSERT_FALSE(memcmp(&key.vendor, &key.chip_class, sizeof(key.vendor)));
	CU_ASSERT_EQUAL(read_public("revoked: no\n" A_PEM, &key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(key.revoked, 0);
}

static void test_bad_public(void)
{
	static const struct {
		const char *text, *where;
	} rows[] = {
		{"", "line 0"},
		{"vendor: " UUID "\n", "line 1"},
		{"Vendor: " UUID "\n" A_PEM, "line 1"},
		{"\nrevoke: yes\n" A_PEM, "line 2"},
		{"revoked\n" A_PEM, "line 1"},
		{"revoked: true\n" A_PEM, "line 1"},
		{"revoked: \n" A_PEM, "line 1"},
		{"revoked: yes \n" A_PEM, "line 1"},
		{"revoked: no\nrevoked: yes\n" A_PEM, "line 2"},
		{"minimum-counter: 4294967296\n" A_PEM, "line 1"},
		{"minimum-counter: -1\n" A_PEM, "line 1"},
		{"minimum-counter:\n" A_PEM, "line 1"},
		{"minimum-counter: 99999999999999999999999999\n" A_PEM, "line 1"},
		{"class: 00\n" A_PEM, "line 1"},
		{"class: " UUID UUID UUID "\n" A_PEM, "line 1"},
		{"vendor: " UUID "\nvendor: " UUID "\n" A_PEM, "line 2"},
		{"-----BEGIN RSA PUBLIC KEY-----\n" A_KEY "\n-----END PUBLIC KEY-----\n", "line 1"},
		{"-----BEGIN PUBLIC KEY----- \n" A_KEY "\n-----END PUBLIC KEY-----\n", "line 1"},
		{"-----BEGIN PUBLIC KEY-----\n" A_KEY "\n", "line 2"},
		{"-----BEGIN PUBLIC KEY-----\n" A_KEY "\n-----END PRIVATE KEY-----\n", "line 3"},
		{"-----BEGIN PUBLIC KEY-----\nMCowB!YDK2Vw\n-----END PUBLIC KEY-----\n", "line 2"},
		{"-----BEGIN PUBLIC KEY-----\nMCow BQYD\n-----END PUBLIC KEY-----\n", "line 2"},
		{"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "line 2"},
		{"-----BEGIN PUBLIC KEY-----\nAAAA" A_KEY "\n-----END PUBLIC KEY-----\n", "line 3"},
		{"-----BEGIN PUBLIC KEY-----\n" A_KEY A_KEY A_KEY "\n-----END PUBLIC KEY-----\n",
		 "line 2"},
		{"-----BEGIN PUBLIC KEY-----\n" A_KEY "=\n-----END PUBLIC KEY-----\n", "line 3"},
		/* the last bits of the text are not of the key */
		{"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka"
		 "GxwdHh9=\n-----END PUBLIC KEY-----\n",
		 "line 3"},
		/* X25519 (1.3.101.110) */
		{"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka"
		 "GxwdHh8=\n-----END PUBLIC KEY-----\n",
		 "line 3"},
		{A_PEM A_PEM, "line 4"},
		{A_PEM "revoked: yes\n", "line 4"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};
		road_firmware_key key;

		CU_ASSERT_EQUAL(read_public(rows[i].text, &key, &detail),
				ROAD_FIRMWARE_BAD_KEY_FILE);
		CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_KEY_FILE, rows[i].where));
		CU_ASSERT_TRUE(detail.allowed[0] != 0);
	}
	CU_ASSERT_EQUAL(road_firmware_key_read_public(NULL, 0, &(road_firmware_key){0}, NULL),
			ROAD_FIRMWARE_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(
		road_firmware_key_read_public(A_PEM, strlen(A_PEM), &(road_firmware_key){0}, NULL),
		ROAD_FIRMWARE_INVALID_ARGUMENT);
}

/* Every prefix of a file is refused, but for the one that only lacks the last newline. */
static void test_short_public(void)
{
	static const char text[] = "revoked: yes\n" A_PEM;

	for (size_t bytes = 0; bytes < sizeof(text) - 2; bytes++) {
		road_firmware_key key = {.size = sizeof(key)};
		char *copy = malloc(bytes ? bytes : 1);

		memcpy(copy, text, bytes);
		CU_ASSERT_EQUAL(road_firmware_key_read_public(copy, bytes, &key, NULL),
				ROAD_FIRMWARE_BAD_KEY_FILE);
		free(copy);
	}
}

static void test_written(void)
{
	road_firmware_key key = {.size = sizeof(key),
				 .revoked = 1,
				 .has = 7,
				 .minimum_counter = 5,
				 .vendor = {{1}},
				 .chip_class = {{2}}};
	uint8_t seed[32], back[32];
	road_firmware_key read;
	char *text;
	size_t bytes;

	CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(seed, key.key, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_write_public(&key, &text, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(strlen(text), bytes);
	CU_ASSERT_EQUAL(read_public(text, &read, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_FALSE(memcmp(&read, &key, sizeof(key)));
	road_firmware_free(text);
	CU_ASSERT_EQUAL_FATAL(road_firmware_key_write_private(seed, &text, &bytes, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
	CU_ASSERT_EQUAL(road_firmware_key_read_private(text, bytes, back, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_FALSE(memcmp(seed, back, sizeof(seed)));
	/* neither is taken for the other, and a refusal repeats nothing of a secret */
	CU_ASSERT_EQUAL(read_public(text, &read, NULL), ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_EQUAL(road_firmware_key_read_private(A_PEM, strlen(A_PEM), back, NULL),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	road_firmware_detail detail = {.size = sizeof(detail)};

	text[60] = '*';
	CU_ASSERT_EQUAL(road_firmware_key_read_private(text, bytes, back, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_STRING_EQUAL(detail.where, "line 2");
	CU_ASSERT_STRING_EQUAL(detail.seen, "");
	road_firmware_free(text);
	static const char locked[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n";

	CU_ASSERT_EQUAL(road_firmware_key_read_private(locked, strlen(locked), back, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_STRING_EQUAL(detail.seen, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
}

/* ---- files and folders ---- */

static void put_text(const struct folder *folder, const char *name, const char *text)
{
	struct path path = folder_path(folder, name);

	file_write(path.text, text, strlen(text));
	CU_ASSERT_EQUAL(chmod(path.text, 0644), 0);
}

static road_firmware_keys *no_keys(void)
{
	road_firmware_keys *keys = NULL;

	CU_ASSERT_EQUAL_FATAL(road_firmware_keys_create(&keys, NULL), ROAD_FIRMWARE_OK);
	return keys;
}

static uint32_t count_of(const road_firmware_keys *keys)
{
	road_firmware_key key = {.size = sizeof(key)};
	uint32_t count = 0;

	while (!road_firmware_keys_get(keys, count, &key))
		count++;
	return count;
}

static void test_file(void)
{
	struct folder folder = folder_make();
	road_firmware_keys *keys = no_keys();
	road_firmware_detail detail = {.size = sizeof(detail)};
	static char long_text[20000];
	struct path path = folder_path(&folder, "a.pub"), none = folder_path(&folder, "none"),
		    pipe = folder_path(&folder, "pipe");

	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, none.text, &detail),
			ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_NOT_FOUND, none.text));
	put_text(&folder, "a.pub", "# a\nrevoked: maybe\n" A_PEM);
	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, path.text, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_KEY_FILE, "a.pub: line 2"));
	memset(long_text, '\n', sizeof(long_text) - 1);
	put_text(&folder, "a.pub", long_text);
	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, path.text, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, folder.path, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_EQUAL_FATAL(mkfifo(pipe.text, 0600), 0); /* and it does not wait for a writer */
	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, pipe.text, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_EQUAL(count_of(keys), 0);
	put_text(&folder, "a.pub", A_PEM);
	CU_ASSERT_EQUAL(chmod(path.text, 0666), 0); /* the caller's own: whoever may write it */
	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, path.text, &detail), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(count_of(keys), 1);
	/* a file below a file is an error of another kind than one that is not there */
	struct path below = folder_path(&folder, "a.pub/b");

	CU_ASSERT_EQUAL(road_firmware_keys_add_file(keys, below.text, &detail),
			ROAD_FIRMWARE_RW_ERROR);
	road_firmware_keys_free(keys);
	folder_remove(&folder);
}

static bool not_root(void)
{
	if (geteuid())
		tap_skip("only root can make folders of root's");
	return geteuid() != 0;
}

#define B_PEM                                                                      \
	"-----BEGIN PUBLIC "                                                       \
	"KEY-----\nMCowBQYDK2VwAyEA//////////////////////////////////////////8=\n" \
	"-----END PUBLIC KEY-----\n"

static void test_folder(void)
{
	struct folder folder;
	road_firmware_keys *keys;
	road_firmware_key key = {.size = sizeof(key)};

	if (not_root())
		return;
	folder = folder_make();
	keys = no_keys();
	put_text(&folder, "b.pub", B_PEM);
	put_text(&folder, "a.pub", A_PEM);
	put_text(&folder, "c.pub", "revoked: yes\n" A_PEM);
	put_text(&folder, "README", "no key");
	put_text(&folder, ".hidden.pub", "no key");
	put_text(&folder, "d.pub.old", "no key");
	CU_ASSERT_EQUAL(road_firmware_keys_add_folder(keys, folder.path, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(count_of(keys), 2);
	CU_ASSERT_EQUAL(road_firmware_keys_get(keys, 0, &key), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(key.key[1], 1);  /* in the order of names */
	CU_ASSERT_EQUAL(key.revoked, 1); /* said by c.pub */
	CU_ASSERT_EQUAL(road_firmware_keys_get(keys, 1, &key), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(key.revoked, 0);
	struct path none = folder_path(&folder, "none");

	CU_ASSERT_EQUAL(road_firmware_keys_add_folder(keys, none.text, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(count_of(keys), 2);
	road_firmware_keys_free(keys);
	folder_remove(&folder);
}

/* One bad file, and none counts: it might be the one that revokes. */
static void refused(const struct folder *folder, const char *where, const char *what)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_keys *keys = no_keys();

	CU_ASSERT_EQUAL(road_firmware_keys_add_folder(keys, folder->path, &detail),
			ROAD_FIRMWARE_BAD_KEY_FILE);
	CU_ASSERT_TRUE(forge_says(&detail, ROAD_FIRMWARE_BAD_KEY_FILE, where));
	CU_ASSERT_STRING_EQUAL(detail.what, what);
	CU_ASSERT_EQUAL(count_of(keys), 0);
	road_firmware_keys_free(keys);
}

static void test_owner(void)
{
	struct folder folder;

	if (not_root())
		return;
	folder = folder_make();
	struct path a = folder_path(&folder, "a.pub"), z = folder_path(&folder, "z.pub");

	put_text(&folder, "a.pub", A_PEM);
	put_text(&folder, "z.pub", B_PEM);
	CU_ASSERT_EQUAL(chown(z.text, 1, 0), 0);
	refused(&folder, "z.pub", "does not belong to root");
	CU_ASSERT_EQUAL(chown(z.text, 0, 0), 0);
	CU_ASSERT_EQUAL(chmod(z.text, 0664), 0);
	refused(&folder, "z.pub", "others than root may write it");
	CU_ASSERT_EQUAL(chmod(z.text, 0646), 0);
	refused(&folder, "z.pub", "others than root may write it");
	CU_ASSERT_EQUAL(unlink(z.text), 0);
	CU_ASSERT_EQUAL(symlink(a.text, z.text), 0);
	refused(&folder, "z.pub", "is a link");
	CU_ASSERT_EQUAL(unlink(z.text), 0);
	CU_ASSERT_EQUAL(mkdir(z.text, 0755), 0);
	refused(&folder, "z.pub", "is no regular file");
	CU_ASSERT_EQUAL(rmdir(z.text), 0);
	put_text(&folder, "z.pub", "vendor: x\n" A_PEM);
	refused(&folder, "z.pub: line 1", "has a wrong value");
	put_text(&folder, "a.pub", "vendor: " UUID "\n" A_PEM);
	put_text(&folder, "z.pub", "vendor: 10112233-4455-6677-8899-aabbccddeeff\n" A_PEM);
	refused(&folder, "z.pub", "the same key is there for another");
	CU_ASSERT_EQUAL(unlink(z.text), 0);
	CU_ASSERT_EQUAL(chmod(folder.path, 0777), 0);
	refused(&folder, folder.path, "others than root may write it");
	CU_ASSERT_EQUAL(chmod(folder.path, 0755), 0);
	CU_ASSERT_EQUAL(chown(folder.path, 1, 0), 0);
	refused(&folder, folder.path, "does not belong to root");
	folder_remove(&folder);
}

/* What anybody can see without being root: a folder of one's own does not count. */
static void test_own_folder(void)
{
	struct folder folder;

	if (!geteuid()) {
		tap_skip("root's folders do count");
		return;
	}
	folder = folder_make();
	put_text(&folder, "a.pub", A_PEM);
	refused(&folder, folder.path, "does not belong to root");
	folder_remove(&folder);
}

static const struct tap_case cases[] = {
	{"public keys are read, and what they may sign", test_public},
	{"what is wrong with a public key has its line", test_bad_public},
	{"every shorter text of a public key is refused", test_short_public},
	{"keys are read back as they were written", test_written},
	{"a key file is refused by its name and line", test_file},
	{"a folder's keys are added in the order of their names", test_folder},
	{"only root's files count, and one bad file stops all", test_owner},
	{"a folder of somebody else's does not count", test_own_folder},
};

TAP_MAIN(cases)
