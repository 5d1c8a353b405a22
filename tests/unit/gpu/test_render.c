/* SPDX-License-Identifier: Apache-2.0 */
/* Records of what kernels print become text as C's printf makes it; bad records become none. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/print.h"
#include "tests/support/tap.h"

enum { ROOM = 4096 };

struct made {
	struct road_gpu_print_record head;
	struct road_gpu_print_value values[8];
	char texts[ROOM];
};

/* A string value is a text; others are bits. */
struct value {
	uint64_t bits;
	const char *text;
};

static uint32_t put(struct made *m, uint32_t *used, const char *text)
{
	uint32_t at = (uint32_t)offsetof(struct made, texts) + *used;

	memcpy(m->texts + *used, text, strlen(text));
	*used += (uint32_t)strlen(text);
	return at;
}

static struct made make(const char *format, const struct value *values, uint16_t count)
{
	struct made m = {.head = {.values = count}};
	uint32_t used = 0;

	for (uint16_t i = 0; i < count; i++) {
		m.values[i].bits = values[i].bits;
		if (!values[i].text)
			continue;
		m.values[i].text_bytes = (uint32_t)strlen(values[i].text);
		m.values[i].text = put(&m, &used, values[i].text);
	}
	m.head.format_bytes = (uint32_t)strlen(format);
	m.head.format = put(&m, &used, format);
	m.head.bytes = sizeof(m);
	return m;
}

static void expect(const struct made *m, size_t bytes, const char *expected)
{
	struct gpu_text text = {.bytes = NULL};

	gpu_print_render(m, bytes, &text);
	bool same = text.count == strlen(expected) &&
		    (!text.count || !memcmp(text.bytes, expected, text.count));

	if (!same)
		printf("# '%.*s', not '%s'\n", (int)text.count, text.count ? text.bytes : "",
		       expected);
	CU_ASSERT(same);
	free(text.bytes);
}

static uint64_t bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

/* What this C library says is what must come out. */
#define SAME(format, bits, argument)                                           \
	do {                                                                   \
		struct made m_ = make(format, &(struct value){bits, NULL}, 1); \
		char text_[ROOM];                                              \
		snprintf(text_, sizeof(text_), format, argument);              \
		expect(&m_, sizeof(m_), text_);                                \
	} while (0)

static void numbers(void)
{
	SAME("%d", 0xffffffffu, -1);
	SAME("[%+08d]", 42, 42);
	SAME("[%-8d]", 42, 42);
	SAME("[% .5i]", 42, 42);
	SAME("%hhd", 0x1ff, (signed char)-1);
	SAME("%hu", 0x1ffff, (unsigned short)0xffff);
	SAME("%lld", UINT64_MAX, -1ll);
	SAME("%#lx", UINT64_C(0x123456789abcdef0), 0x123456789abcdef0ul);
	SAME("%zu", 7, (size_t)7);
	SAME("%#o", 8, 8u);
	SAME("%X", 0xabcdef, 0xabcdefu);
	SAME("%f", bits_of(1.0 / 3), 1.0 / 3);
	SAME("%12.3e", bits_of(12345.678), 12345.678);
	SAME("%+G", bits_of(1e-10), 1e-10);
	SAME("%a", bits_of(0.1), 0.1);
	SAME("%-10.0f|", bits_of(2.5), 2.5);
	SAME("%.400f", bits_of(1.7976931348623157e308), 1.7976931348623157e308);
	SAME("%F", bits_of((double)INFINITY), (double)INFINITY);
	SAME("%5c|", 'x', 'x');
}

static void strings(void)
{
	const struct value values[] = {{1, "text"}, {2, "text"},   {3, "text"},
				       {0, NULL},   {0xbad, NULL}, {4, ""}};
	struct made m = make("%s|%6.2s|%-6s|%s|%s|%s.", values, 6);

	expect(&m, sizeof(m), "text|    te|text  |(null)|(bad address 0xbad)|.");
}

static void stars(void)
{
	const struct value values[] = {{6, NULL}, {7, NULL}, {0xfffffffau, NULL},
				       {7, NULL}, {3, NULL}, {7, NULL}};
	struct made m = make("[%*d|%*d|%.*d]", values, 6);

	expect(&m, sizeof(m), "[     7|7     |007]");
}

/* What is no conversion, and what has no value, stays; so does %n, which takes its value. */
static void refused(void)
{
	const struct value values[] = {{1, NULL}, {2, NULL}};
	struct made m = make("%n %d %y %d 100%% %", values, 2);

	expect(&m, sizeof(m), "%n 2 %y %d 100% %");
}

static void widths_are_limited(void)
{
	struct made m =
		make("%2000000000d%.2000000000d", (struct value[]){{1, NULL}, {1, NULL}}, 2);
	struct gpu_text text = {.bytes = NULL};

	gpu_print_render(&m, sizeof(m), &text);
	CU_ASSERT_EQUAL(text.count, 2 * GPU_PRINT_WIDTH_MAX);
	free(text.bytes);
}

static void bad_records(void)
{
	const struct made good = make("%s %s", (struct value[]){{1, "a"}, {2, "b"}}, 2);
	struct made m = good;

	expect(&m, sizeof(m.head) - 1, "");
	expect(&m, sizeof(m.head) + 8, "");
	m.head.format = sizeof(m) + 1;
	expect(&m, sizeof(m), "");
	m = good;
	m.head.format_bytes = UINT32_MAX;
	expect(&m, sizeof(m), "");
	m = good;
	m.head.values = UINT16_MAX;
	expect(&m, sizeof(m), "");
	m = good;
	m.values[0].text = UINT32_MAX;
	m.values[1].text_bytes = UINT32_MAX;
	expect(&m, sizeof(m), "(bad address 0x1) (bad address 0x2)");
	m = good;
	m.head.kind = 7;
	expect(&m, sizeof(m), "");
}

static void assertions(void)
{
	const struct value values[] = {{1, "f.cu"}, {2, "f"}, {3, "i < n"}, {7, NULL}};
	struct made m = make("", values, 4);
	char text[160], cut[12];

	m.head.kind = ROAD_GPU_PRINT_ASSERT;
	gpu_print_assertion(&m, sizeof(m), text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "f.cu:7: f: assertion `i < n' failed");
	gpu_print_assertion(&m, sizeof(m), cut, sizeof(cut));
	CU_ASSERT_STRING_EQUAL(cut, "f.cu:7: f: ");
	m.values[2].text = 0;
	gpu_print_assertion(&m, sizeof(m), text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "f.cu:7: f: assertion `?' failed");
	m.head.values = 3;
	gpu_print_assertion(&m, sizeof(m), text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
}

static const struct tap_case cases[] = {
	{"numbers are as the C library has them", numbers},
	{"strings are padded and cut; those without text say why", strings},
	{"widths and precisions come from values", stars},
	{"%n, unknown and valueless conversions stay as they are", refused},
	{"widths and precisions are limited", widths_are_limited},
	{"nothing is read beyond a record", bad_records},
	{"assertions say where and what", assertions},
};

TAP_MAIN(cases)
