/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory as a device sees it that does not look into the host's caches. */
#include <string.h>

#include "hal/bus/shadow.h"
#include "tests/support/tap.h"

enum { LINE = 64, BYTES = 5 * LINE + 8 }; /* the last line is short */

static char host[BYTES];

static struct road_shadow *make(void)
{
	struct road_shadow *shadow = NULL;

	for (int i = 0; i < BYTES; i++)
		host[i] = (char)i;
	CU_ASSERT_EQUAL_FATAL(road_shadow_create(host, BYTES, LINE, &shadow), ROAD_OK);
	return shadow;
}

static void both_sides_begin_equal_and_part_at_the_first_write(void)
{
	struct road_shadow *shadow = make();

	CU_ASSERT_EQUAL(memcmp(shadow->seen, host, BYTES), 0);
	host[3] = 99;
	CU_ASSERT_EQUAL(shadow->seen[3], 3);
	shadow->seen[70] = 98;
	CU_ASSERT_EQUAL(host[70], 70);
	road_shadow_destroy(shadow);
}

static void only_dirty_lines_are_written_back(void)
{
	struct road_shadow *shadow = make();

	host[LINE] = 99;      /* line 1 is dirty */
	shadow->seen[0] = 97; /* line 0 and line 1 were written by the device */
	shadow->seen[LINE + 1] = 96;
	shadow->seen[2 * LINE] = 95;
	road_shadow_sync(shadow, 0, 2 * LINE, ROAD_DMA_TO_DEVICE);
	CU_ASSERT_EQUAL(shadow->seen[0], 97);
	CU_ASSERT_EQUAL(shadow->seen[LINE], 99);
	CU_ASSERT_EQUAL(shadow->seen[LINE + 1], LINE + 1); /* lost: a shared line */
	CU_ASSERT_EQUAL(shadow->seen[2 * LINE], 95);
	road_shadow_destroy(shadow);
}

static void invalidating_shows_what_the_device_wrote_and_loses_the_rest(void)
{
	struct road_shadow *shadow = make();

	shadow->seen[BYTES - 1] = 97;
	host[BYTES - 8] = 99;
	host[4 * LINE] = 98;
	road_shadow_sync(shadow, BYTES - 1, 100, ROAD_DMA_TO_HOST); /* cut at the end */
	CU_ASSERT_EQUAL(host[BYTES - 1], 97);
	CU_ASSERT_EQUAL(host[BYTES - 8], (char)(BYTES - 8));
	CU_ASSERT_EQUAL(host[4 * LINE], 98);
	road_shadow_sync(shadow, 0, BYTES, ROAD_DMA_BOTH);
	CU_ASSERT_EQUAL(shadow->seen[4 * LINE], 98);
	road_shadow_destroy(shadow);
}

static void a_line_that_leaves_the_cache_goes_alone(void)
{
	struct road_shadow *shadow = make();

	host[0] = 99;
	host[5 * LINE] = 98;
	road_shadow_evict(shadow, 6 + 5); /* of six lines: the last */
	CU_ASSERT_EQUAL(shadow->seen[0], 0);
	CU_ASSERT_EQUAL(shadow->seen[5 * LINE], 98);
	road_shadow_evict(shadow, 6);
	CU_ASSERT_EQUAL(shadow->seen[0], 99);
	road_shadow_destroy(shadow);
}

static const struct tap_case cases[] = {
	{"both sides begin equal and part at the first write",
	 both_sides_begin_equal_and_part_at_the_first_write},
	{"only dirty lines are written back", only_dirty_lines_are_written_back},
	{"invalidating shows what the device wrote, and loses the rest",
	 invalidating_shows_what_the_device_wrote_and_loses_the_rest},
	{"a line that leaves the cache goes alone", a_line_that_leaves_the_cache_goes_alone},
};

TAP_MAIN(cases)
