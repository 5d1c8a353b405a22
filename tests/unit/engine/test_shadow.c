/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory as a device sees it that does not look into the host's caches. */
#include <string.h>

#include "hal/bus/shadow_set.h"
#include "tests/support/tap.h"

enum { LINE = 64, BYTES = 5 * LINE + 8 }; /* the last line is short */

static char host[BYTES];

static struct road_shadow *make(void)
{
	struct road_shadow *shadow = NULL;

	for (int i = 0; i < BYTES; i++)
		host[i] = (char)i;
	CU_ASSERT_EQUAL_FATAL(road_shadow_create(host, NULL, BYTES, LINE, &shadow), ROAD_OK);
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

static void blank_memory_is_equal_without_a_look_at_it(void)
{
	static char blank[BYTES];
	struct road_shadow *shadow = NULL;

	CU_ASSERT_EQUAL_FATAL(road_shadow_create_blank(blank, BYTES, LINE, &shadow), ROAD_OK);
	for (int i = 0; i < BYTES; i++)
		CU_ASSERT_EQUAL(shadow->seen[i], 0);
	blank[3] = 99;
	shadow->seen[LINE] = 98;
	road_shadow_sync(shadow, 0, BYTES, ROAD_DMA_BOTH);
	CU_ASSERT_EQUAL(shadow->seen[3], 99);
	CU_ASSERT_EQUAL(blank[LINE], 98);
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

/* The same memory mapped twice, as by two reads of one list: what the first one brings does not
 * make the second one's lines dirty, whose eviction would undo what the device wrote there. */
static void what_another_mapping_brought_is_no_write_of_the_host(void)
{
	struct road_shadow *first = make(), *second = NULL;

	CU_ASSERT_EQUAL_FATAL(road_shadow_create(host + LINE, NULL, 8, LINE, &second), ROAD_OK);
	first->seen[LINE] = 97;
	road_shadow_share(second, first, LINE, 8);
	road_shadow_sync(first, LINE, 8, ROAD_DMA_TO_HOST);
	CU_ASSERT_EQUAL(host[LINE], 97);
	second->seen[0] = 96; /* the device goes on by the other address */
	road_shadow_evict(second, 0);
	CU_ASSERT_EQUAL(second->seen[0], 96);
	road_shadow_share(first, second, 0, 8);
	road_shadow_sync(second, 0, 8, ROAD_DMA_TO_HOST);
	CU_ASSERT_EQUAL(host[LINE], 96);
	host[LINE + 1] = 95; /* but the host's own write is one */
	road_shadow_share(second, first, LINE, 8);
	road_shadow_evict(second, 0);
	CU_ASSERT_EQUAL(second->seen[1], 95);
	road_shadow_destroy(second);
	road_shadow_destroy(first);
}

static void lines_of_lent_memory_leave_the_cache_when_asked_alone(void)
{
	struct road_shadow_set set = {.first = NULL};
	char mine[LINE] = {0};
	struct road_shadow *shadow = NULL;

	CU_ASSERT_EQUAL_FATAL(road_shadow_create(mine, NULL, LINE, LINE, &shadow), ROAD_OK);
	road_shadow_set_add(&set, shadow);
	shadow->lent = true;
	mine[0] = 1;
	road_shadow_set_evict(&set);
	CU_ASSERT_EQUAL(shadow->seen[0], 0);
	road_shadow_set_sync(&set, shadow, 0, LINE, ROAD_DMA_TO_DEVICE);
	CU_ASSERT_EQUAL(shadow->seen[0], 1);
	shadow->lent = false;
	mine[0] = 2;
	road_shadow_set_evict(&set);
	CU_ASSERT_EQUAL(shadow->seen[0], 2);
	road_shadow_set_remove(&set, shadow);
	road_shadow_destroy(shadow);
}

static const struct tap_case cases[] = {
	{"blank memory is equal on both sides", blank_memory_is_equal_without_a_look_at_it},
	{"both sides begin equal and part at the first write",
	 both_sides_begin_equal_and_part_at_the_first_write},
	{"only dirty lines are written back", only_dirty_lines_are_written_back},
	{"invalidating shows what the device wrote, and loses the rest",
	 invalidating_shows_what_the_device_wrote_and_loses_the_rest},
	{"what another mapping brought is no write of the host",
	 what_another_mapping_brought_is_no_write_of_the_host},
	{"a line that leaves the cache goes alone", a_line_that_leaves_the_cache_goes_alone},
	{"lines of lent memory leave the cache when asked alone",
	 lines_of_lent_memory_leave_the_cache_when_asked_alone},
};

TAP_MAIN(cases)
