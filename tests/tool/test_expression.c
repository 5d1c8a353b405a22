/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tap.h"
#include "tools/roadbed/expression.h"

#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *name;
	struct expression_value value;
} rows[] = {
	{"memory.bytes", {.type = EXPRESSION_NUMBER, .number = 0x1p34L, .unit = "bytes"}},
	{"all.bytes", {.type = EXPRESSION_NUMBER, .number = 0x1p64L - 1, .unit = "bytes"}},
	{"clock", {.type = EXPRESSION_NUMBER, .number = 1.41e9L, .unit = "Hz"}},
	{"load", {.type = EXPRESSION_NUMBER, .number = 1500, .unit = "ns"}},
	{"slots", {.type = EXPRESSION_NUMBER, .number = 2}},
	{"zero", {.type = EXPRESSION_NUMBER, .number = 0}},
	{"class", {.type = EXPRESSION_TEXT, .text = "gpu"}},
	{"name", {.type = EXPRESSION_TEXT, .text = "A100 SXM4 80GB"}},
	{"yes", {.type = EXPRESSION_BOOL, .number = 1}},
	{"no", {.type = EXPRESSION_BOOL, .number = 0}},
	{"dark", {.type = EXPRESSION_NULL}},
};

static int look(void *arg, const char *name, struct expression_value *out, struct tool_error *error)
{
	(void)arg;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) != 0)
			continue;
		*out = rows[i].value;
		return 0;
	}
	return strcmp(name, "missing") ? tool_error_set(error, "", "no such name", name, "") : 1;
}

static struct expression expression;
static struct tool_error error;

/* The truth; -1: the text, -2: what it asks for is refused. */
static int truth_of(const char *text)
{
	enum expression_truth truth;

	memset(&error, 0, sizeof(error));
	if (expression_parse(text, &expression, &error))
		return -1;
	return expression_holds(&expression, look, NULL, NULL, &truth, &error) ? -2 : (int)truth;
}

static void check(const char *text, int wanted)
{
	const int got = truth_of(text);

	CU_ASSERT_EQUAL(got, wanted);
	if (got != wanted)
		printf("# %s: %d, wanted %d (%s: %s)\n", text, got, wanted, error.where,
		       error.what);
}

static void holds(const char *text)
{
	check(text, EXPRESSION_TRUE);
}

static void fails(const char *text)
{
	check(text, EXPRESSION_FALSE);
}

static void unknown(const char *text)
{
	check(text, EXPRESSION_UNKNOWN);
}

/* At this column, with this in its message. */
static void refused(const char *text, int step, int column, const char *part)
{
	char where[32];

	check(text, step);
	snprintf(where, sizeof(where), "column %d", column);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, where));
	CU_ASSERT_TRUE(strstr(error.what, part) || strstr(error.allowed, part));
	if (!strstr(error.where, where) ||
	    !(strstr(error.what, part) || strstr(error.allowed, part)))
		printf("# %s: %s: %s; %s\n", text, error.where, error.what, error.allowed);
}

static void numbers_compare_in_the_propertys_unit(void)
{
	holds("memory.bytes == 16GiB");
	holds("memory.bytes >= 16 GiB");
	fails("memory.bytes > 16GiB");
	holds("memory.bytes>16GB");
	holds("memory.bytes == 17179869184");
	holds("memory.bytes < 0.5TiB and memory.bytes != .5TiB");
	holds("clock == 1.41GHz and clock <= 1410MHz and clock >= 1410000kHz");
	holds("load == 1.5us and load < 1ms and load < 1s and load > 1499ns");
	holds("slots == 0x2 and slots > -1 and slots == 2e0");
	fails("slots == 3");
}

static void sixty_four_bits_stay_exact(void)
{
	if (sizeof(long double) == sizeof(double))
		return; /* the machine cannot */
	holds("all.bytes == 18446744073709551615");
	fails("all.bytes == 18446744073709551614");
}

static void texts_are_equal_or_within(void)
{
	holds("class == gpu and class == 'gpu' and class == \"gpu\" and class != dsa");
	holds("name ~ a100 and name ~ \"SXM4 80\"");
	fails("name ~ h100");
	holds("name ~ ''");
	fails("class == GPU");
}

static void truth_binds_not_before_and_before_or(void)
{
	holds("yes");
	fails("no");
	holds("slots");
	fails("zero");
	holds("yes == true and no == false and yes != false");
	holds("yes or no and no");
	fails("(yes or no) and no");
	holds("not no and yes");
	fails("not (no or yes)");
	holds("not not yes");
	holds("no or no or yes");
	holds("  ( ( yes ) )  ");
}

static void the_unknown_decides_nothing(void)
{
	unknown("dark >= 1");
	unknown("not dark >= 1");
	unknown("dark");
	unknown("dark >= 1 and yes");
	fails("dark >= 1 and no");
	holds("dark >= 1 or yes");
	unknown("dark >= 1 or no");
	holds("dark == null");
	fails("dark != null");
	holds("slots != null");
	unknown("missing > 1");
	holds("missing == null");
	unknown("not missing");
}

static void malformed_text_names_its_column(void)
{
	refused("", -1, 1, "a property is missing");
	refused("slots >", -1, 8, "a value is missing");
	refused("slots >= 2 and", -1, 15, "a property is missing");
	refused("(slots", -1, 7, "not closed");
	refused("slots)", -1, 6, "not expected");
	refused("slots = 2", -1, 7, "no operator");
	refused("slots >= 2 slots", -1, 12, "no unit");
	refused("yes yes", -1, 5, "not expected");
	refused("slots >= 2parsec", -1, 11, "GiB");
	refused("class == 'gpu", -1, 10, "does not end");
	refused("2 < slots", -1, 1, "a property is missing");
	refused("slots >= -", -1, 10, "no number");
	refused("slots == 1e99", -1, 10, "no number");
	refused("yes & no", -1, 5, "not expected");
}

static void types_and_units_have_to_fit(void)
{
	refused("yes and class > 3", -2, 9, "another type");
	refused("class < gpu", -2, 1, "is a text");
	refused("class", -2, 1, "stands alone");
	refused("slots == two", -2, 1, "a number");
	refused("yes == 1", -2, 1, "true or false");
	refused("yes < true", -2, 1, "== !=");
	refused("slots ~ 2", -2, 1, "no text");
	refused("slots < null", -2, 1, "no order");
	refused("memory.bytes >= 16GHz", -2, 1, "KiB");
	refused("slots >= 2KiB", -2, 1, "without a unit");
	refused("yes or nobody == 1", -2, 8, "no such name");
}

static void deep_and_long_texts_are_refused(void)
{
	static char text[EXPRESSION_BYTES_MAX + 16];

	memset(text, '(', 100);
	CU_ASSERT_EQUAL(truth_of(text), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "nested too deep"));
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + i * 4, "not ", 5);
	CU_ASSERT_EQUAL(truth_of(text), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "nested too deep"));
	for (size_t i = 0; i < 500; i++)
		memcpy(text + i * 7, "yes or ", 8);
	CU_ASSERT_EQUAL(truth_of(text), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "too many parts"));
	memset(text, ' ', EXPRESSION_BYTES_MAX + 1);
	CU_ASSERT_EQUAL(truth_of(text), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "too long"));
	memset(text, ' ', sizeof(text));
	memcpy(text + EXPRESSION_BYTES_MAX - 3, "yes", 4);
	CU_ASSERT_EQUAL(truth_of(text), EXPRESSION_TRUE);
}

static char told[256];

static void missed(void *arg, const char *part, int bytes, uint32_t column, const char *seen,
		   bool wanted)
{
	char one[128];

	(void)arg;
	snprintf(one, sizeof(one), "%u:%s%.*s:%s;", column, wanted ? "" : "not ", bytes, part,
		 seen);
	strncat(told, one, sizeof(told) - strlen(told) - 1);
}

static void tells(const char *text, const char *wanted)
{
	enum expression_truth truth;

	told[0] = 0;
	CU_ASSERT_EQUAL(expression_parse(text, &expression, &error), 0);
	CU_ASSERT_EQUAL(expression_holds(&expression, look, missed, NULL, &truth, &error), 0);
	CU_ASSERT_STRING_EQUAL(told, wanted);
	if (strcmp(told, wanted) != 0)
		printf("# %s: %s\n", text, told);
}

static void what_does_not_hold_is_told_with_what_was_seen(void)
{
	tells("slots >= 2", "");
	tells("slots >= 3", "1:slots >= 3:2;");
	tells("yes and slots >= 3 and memory.bytes > 1TiB",
	      "9:slots >= 3:2;24:memory.bytes > 1TiB:17179869184 bytes;");
	tells("not yes", "5:not yes:true;");
	tells("not (no or slots == 2)", "12:not slots == 2:2;");
	tells("class == dsa or dark > 3", "1:class == dsa:\"gpu\";17:dark > 3:unknown;");
	tells("missing", "1:missing:no property of this device;");
}

static const struct tap_case cases[] = {
	{"numbers compare in the property's unit", numbers_compare_in_the_propertys_unit},
	{"sixty four bits stay exact", sixty_four_bits_stay_exact},
	{"texts are equal or within", texts_are_equal_or_within},
	{"truth binds not before and before or", truth_binds_not_before_and_before_or},
	{"the unknown decides nothing", the_unknown_decides_nothing},
	{"malformed text names its column", malformed_text_names_its_column},
	{"types and units have to fit", types_and_units_have_to_fit},
	{"deep and long texts are refused", deep_and_long_texts_are_refused},
	{"what does not hold is told with what was seen",
	 what_does_not_hold_is_told_with_what_was_seen},
};

TAP_MAIN(cases)
