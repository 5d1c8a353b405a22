/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a trace by itself: what is written is read again, and what is broken is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/trace.h"
#include "hal/core/error.h"
#include "tests/support/tap.h"

#define HEAD                                             \
	"roadbed-trace 1\naddress sim:edu\n"             \
	"ids 0x1234 0x11e8 0 0 0xff00 0 1 - - A%20b -\n" \
	"limits 0xfffffff 4096\nirqs 1\nregion 0 1048576\n"

static road_status parse(const char *text, struct road_trace *out)
{
	return road_trace_parse(text, strlen(text), out);
}

static void reads_what_it_says(void)
{
	struct road_trace t;
	const char *text = HEAD "500 read 0 0x98 4 0x1 x17 # polls\n"
				"\r\n"
				"  600\twrite 0 0x98 4 1\n"
				"700 take 3 64 128 64=0aFF 190=01\n"
				"700 lost";

	CU_ASSERT_EQUAL_FATAL(parse(text, &t), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(t.address, "sim:edu");
	CU_ASSERT_EQUAL(t.ids.device, 0x11e8);
	CU_ASSERT_STRING_EQUAL(t.ids.name, "A b");
	CU_ASSERT_STRING_EQUAL(t.ids.vendor_name, "");
	CU_ASSERT_EQUAL(t.limits.granule, 4096);
	CU_ASSERT_EQUAL(t.regions[0], 1048576);
	CU_ASSERT_EQUAL_FATAL(t.event_count, 4);
	CU_ASSERT_EQUAL(t.events[0].count, 17);
	CU_ASSERT_EQUAL(t.events[0].ns, 500);
	CU_ASSERT_EQUAL(t.events[1].kind, ROAD_TRACE_WRITE);
	CU_ASSERT_EQUAL(t.events[1].line, 9);
	CU_ASSERT_EQUAL_FATAL(t.events[2].piece_count, 2);
	CU_ASSERT_EQUAL(t.pieces[1].offset, 190);
	CU_ASSERT_EQUAL(t.bytes[t.pieces[0].at + 1], 0xff);
	road_trace_free(&t);
}

/* Every kind of event, and words with all that has to be written otherwise. */
static void reads_what_it_writes(void)
{
	struct road_trace head = {.address = "record(a b):sim:x", .irqs = 3}, t;
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	head.ids = (struct road_bus_ids){1, 2, 3, 4, 0x120000, 5, true, "-", "", "", "\x01%\xff #"};
	head.limits = (struct road_dma_limits){.mask = UINT64_MAX, .granule = 64};
	head.regions[5] = UINT64_MAX;
	CU_ASSERT(road_trace_print_head(file, &head));
	for (uint32_t kind = 0; kind < ROAD_TRACE_KINDS; kind++) {
		const struct road_trace_event event = {.kind = kind,
						       .ns = 10 + kind,
						       .numbers = {1, 2, 8, 4, 5},
						       .count = kind + 1};

		road_trace_print_event(file, &event);
		if (kind == ROAD_TRACE_TAKE)
			road_trace_print_piece(file, 3, "xyz", 3);
		fputc('\n', file);
	}
	fclose(file);
	CU_ASSERT_EQUAL_FATAL(road_trace_parse(text, bytes, &t), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(t.address, head.address);
	CU_ASSERT_STRING_EQUAL(t.ids.compatible, "-");
	CU_ASSERT_STRING_EQUAL(t.ids.vendor_name, head.ids.vendor_name);
	CU_ASSERT_EQUAL(t.ids.class_code, 0x120000);
	CU_ASSERT_EQUAL(t.limits.mask, UINT64_MAX);
	CU_ASSERT_EQUAL(t.regions[5], UINT64_MAX);
	CU_ASSERT_EQUAL_FATAL(t.event_count, ROAD_TRACE_KINDS);
	for (uint32_t kind = 0; kind < ROAD_TRACE_KINDS; kind++) {
		CU_ASSERT_EQUAL(t.events[kind].kind, kind);
		CU_ASSERT_EQUAL(t.events[kind].count, kind + 1);
		CU_ASSERT_EQUAL(t.events[kind].ns, 10 + kind);
		for (uint32_t i = 0; i < road_trace_number_count(kind); i++)
			CU_ASSERT_EQUAL(t.events[kind].numbers[i],
					((const uint64_t[]){1, 2, 8, 4, 5})[i]);
	}
	CU_ASSERT(!memcmp(t.bytes + t.pieces[0].at, "xyz", 3));
	road_trace_free(&t);
	free(text);
}

static void names_what_is_broken(void)
{
	static const struct {
		const char *text, *where, *what;
	} broken[] = {
		{"", "line 1, column 1", "no trace"},
		{"roadbed-trace 2\n", "line 1, column 15", "no trace"},
		{"roadbed-trace 1 1\n", "line 1, column 17", "no trace"},
		{HEAD "hello", "line 7, column 1", "unknown line"},
		{HEAD "5 jump 1", "line 7, column 3", "unknown event"},
		{HEAD "5x", "line 7, column 1", "no number"},
		{HEAD "99999999999999999999 lost", "line 7, column 1", "too great"},
		{HEAD "5 write 0 0 4", "line 7, column 14", "missing"},
		{HEAD "5 write 0 0x 4 0", "line 7, column 11", "missing"},
		{HEAD "5 write 0 0xg 4 0", "line 7, column 11", "no number"},
		{HEAD "5 write 0 0 4 0 0", "line 7, column 17", "more than"},
		{HEAD "5 read 6 0 4 0", "line 7", "no such register"},
		{HEAD "5 read 0 0 3 0", "line 7", "no such register"},
		{HEAD "5 read 0 0 4 0 x0", "line 7, column 18", "never was"},
		{HEAD "5 irq 1", "line 7", "no such vector"},
		{HEAD "5 take 1 0 8 0", "line 7, column 15", "not given"},
		{HEAD "5 take 1 0 8 0=", "line 7, column 14", "outside"},
		{HEAD "5 take 1 0 8 0=1", "line 7, column 16", "no bytes"},
		{HEAD "5 take 1 0 8 8=00", "line 7, column 14", "outside"},
		{HEAD "5 take 1 4 8 3=00", "line 7, column 14", "outside"},
		{HEAD "5 take 1 0 1 0=0000", "line 7, column 14", "outside"},
		{HEAD "5 take 1 0xffffffffffffffff 2", "line 7", "behind all"},
		{"roadbed-trace 1\nlimits 0 3\n", "line 2", "power of two"},
		{"roadbed-trace 1\nlimits 0 0\n", "line 2", "power of two"},
		{"roadbed-trace 1\nirqs 65\n", "line 2, column 6", "too great"},
		{"roadbed-trace 1\nregion 6 1\n", "line 2, column 8", "too great"},
		{"roadbed-trace 1\naddress\n", "line 2, column 8", "missing"},
		{"roadbed-trace 1\naddress a%2\n", "line 2, column 9", "broken"},
		{"roadbed-trace 1\naddress a%00b\n", "line 2, column 9", "broken"},
		{"roadbed-trace 1\nids 0x10000 0 0 0 0 0 0 - - - -\n", "line 2, column 5",
		 "too great"},
		{"roadbed-trace 1\nids 0 0 0 0 0 0 0 aaaaaaaabbbbbbbbaaaaaaaabbbbbbbb - - -\n",
		 "line 2, column 19", "too long"},
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct road_trace t;
		road_error error = {.size = sizeof(error)};

		CU_ASSERT_EQUAL(parse(broken[i].text, &t), ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		CU_ASSERT(strstr(error.where, broken[i].where) &&
			  strstr(error.what, broken[i].what));
		if (!strstr(error.where, broken[i].where) || !strstr(error.what, broken[i].what))
			printf("# case %zu: %s, %s\n", i, error.where, error.what);
		CU_ASSERT_PTR_NULL(t.events);
	}
}

static const struct tap_case cases[] = {
	{"a trace's lines are read as what they say", reads_what_it_says},
	{"what is written is read again", reads_what_it_writes},
	{"what is broken in a trace is named, with its place", names_what_is_broken},
};
TAP_MAIN(cases)
