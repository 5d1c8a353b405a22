/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a space and what its kernels print: checks, and the promise of "unsupported". */
#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:edu", "sim:gpu-small", "sim:dsa-small"};
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

static void limits_and_output_check_their_arguments(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		uint64_t value = 77;
		size_t got = 77;
		char text[8];

		CU_ASSERT_EQUAL(road_space_limit(NULL, 0, &value), ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_limit(f.space, 0, NULL), ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_limit(f.space, ROAD_LIMIT_KINDS, &value),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_limit_set(f.space, ROAD_LIMIT_KINDS, 1),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_limit_set((road_space *)(void *)f.queue, 0, 1),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_output_read(NULL, text, 8, &got), ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_output_read(f.space, text, 8, NULL),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_output_read(f.space, NULL, 8, &got),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_space_close(f.space), ROAD_OK);
		CU_ASSERT_EQUAL(road_space_limit(f.space, 0, &value), ROAD_STALE);
		CU_ASSERT_EQUAL(road_space_limit_set(f.space, 0, 1), ROAD_STALE);
		CU_ASSERT_EQUAL(road_space_output_read(f.space, text, 8, &got), ROAD_STALE);
		CU_ASSERT_EQUAL(value, 77);
		CU_ASSERT_EQUAL(got, 77);
		teardown(&f);
	}
}

/* A device either has a limit, and then keeps what was set, or says that it has none. */
static void a_limit_is_kept_or_unsupported(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);

		for (uint32_t limit = 0; limit < ROAD_LIMIT_KINDS; limit++) {
			uint64_t before = 0, after = 0;
			road_status has = road_space_limit(f.space, limit, &before);
			road_status set = road_space_limit_set(f.space, limit, before + 1);

			CU_ASSERT(has == ROAD_OK || has == ROAD_UNSUPPORTED);
			if (has == ROAD_UNSUPPORTED) {
				CU_ASSERT_EQUAL(set, ROAD_UNSUPPORTED);
			} else if (set == ROAD_OK) {
				CU_ASSERT_EQUAL(road_space_limit(f.space, limit, &after), ROAD_OK);
				CU_ASSERT(after > before);
				CU_ASSERT_EQUAL(road_space_limit_set(f.space, limit, UINT64_MAX),
						ROAD_INVALID_ARGUMENT);
			}
		}
		teardown(&f);
	}
}

static void a_space_whose_kernels_were_silent_has_no_output(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		size_t got = 77;
		char text[8];
		road_status status = road_space_output_read(f.space, text, sizeof(text), &got);

		CU_ASSERT(status == ROAD_OK || status == ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(got, status == ROAD_OK ? 0 : 77);
		if (d < 2)
			CU_ASSERT_EQUAL(status, ROAD_UNSUPPORTED);
		teardown(&f);
	}
}

static void a_list_has_room_for_a_million_commands(void)
{
	struct fixture f = setup("host:");
	road_error error = {.size = sizeof(error)};
	road_list *list = NULL;
	uint32_t taken = 0;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	while (taken < 1048576 && road_list_barrier(list) == ROAD_OK)
		taken++;
	CU_ASSERT_EQUAL(taken, 1048576);
	CU_ASSERT_EQUAL(road_list_barrier(list), ROAD_NO_SPACE);
	CU_ASSERT_EQUAL_FATAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(error.seen, "1048576");
	CU_ASSERT_EQUAL(road_list_close(list), ROAD_OK);
	road_list_release(list);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"limits and output check their arguments", limits_and_output_check_their_arguments},
	{"a limit is kept or unsupported", a_limit_is_kept_or_unsupported},
	{"a space whose kernels were silent has no output",
	 a_space_whose_kernels_were_silent_has_no_output},
	{"a list has room for a million commands", a_list_has_room_for_a_million_commands},
};

TAP_MAIN(cases)
