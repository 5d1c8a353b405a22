/* SPDX-License-Identifier: Apache-2.0 */
/* A file as the medium of a store. */
#include <roadbed/firmware_store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"

enum { BYTES = 20000 };

static char folder[] = "/tmp/roadbed-test-medium-XXXXXX", path[64];

static void begin(void)
{
	if (!path[0]) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/store", folder);
	}
	unlink(path);
}

static void test_file(void)
{
	road_firmware_medium medium, second;
	struct stat st;
	char bytes[16] = "";

	begin();
	CU_ASSERT_EQUAL(road_firmware_medium_file(path, 0, &medium, NULL), ROAD_FIRMWARE_NOT_FOUND);
	umask(0);
	CU_ASSERT_EQUAL_FATAL(road_firmware_medium_file(path, BYTES, &medium, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	CU_ASSERT_EQUAL(st.st_size, BYTES);
	CU_ASSERT_EQUAL(medium.write(medium.arg, 100, "what is kept", 13), ROAD_OK);
	CU_ASSERT_EQUAL(medium.flush(medium.arg), ROAD_OK);
	CU_ASSERT_EQUAL(medium.read(medium.arg, BYTES - 1, bytes, 2), ROAD_IO);
	CU_ASSERT_EQUAL(road_firmware_medium_file(path, BYTES, &second, NULL), ROAD_FIRMWARE_BUSY);
	road_firmware_medium_close(&medium);
	/* what is there already is neither cut nor lost */
	CU_ASSERT_EQUAL_FATAL(road_firmware_medium_file(path, 0, &medium, NULL), ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(medium.bytes, BYTES);
	road_firmware_medium_close(&medium);
	CU_ASSERT_EQUAL_FATAL(road_firmware_medium_file(path, 5000, &medium, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_EQUAL(medium.bytes, BYTES);
	CU_ASSERT_EQUAL(medium.read(medium.arg, 100, bytes, 13), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(bytes, "what is kept");
	road_firmware_medium_close(&medium);
	road_firmware_medium_close(&medium);
	begin();
}

static void test_no_file(void)
{
	road_firmware_medium medium;

	begin();
	CU_ASSERT_EQUAL(road_firmware_medium_file(folder, 0, &medium, NULL),
			ROAD_FIRMWARE_RW_ERROR);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(road_firmware_medium_file(path, BYTES, &medium, NULL),
			ROAD_FIRMWARE_RW_ERROR);
	begin();
	rmdir(folder);
}

static const struct tap_case cases[] = {
	{"a file keeps what is written, for its owner alone and for one at a time", test_file},
	{"only a regular file is a medium", test_no_file},
};

TAP_MAIN(cases)
