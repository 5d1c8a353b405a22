/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of PTX and the places that compilers noted for them. */
#include <stdbool.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tools/roadbed/source.h"

static struct source read_text(const char *text)
{
	struct source source;

	source_read(text, strlen(text), &source);
	return source;
}

static bool came_from(const struct source *source, uint32_t number, const char *file, uint32_t line)
{
	const struct source_line *at = source_line(source, number);

	if (!at || !file)
		return at && !at->file;
	return at->file && !strcmp(at->file, file) && at->line == line;
}

static void lines_lose_the_white_space_around_them(void)
{
	struct source source = read_text("one\n\t two \t and  \r\n\nlast");

	CU_ASSERT_EQUAL_FATAL(source.count, 4);
	CU_ASSERT_STRING_EQUAL(source_line(&source, 1)->text, "one");
	CU_ASSERT_STRING_EQUAL(source_line(&source, 2)->text, "two and");
	CU_ASSERT_STRING_EQUAL(source_line(&source, 3)->text, "");
	CU_ASSERT_STRING_EQUAL(source_line(&source, 4)->text, "last");
	CU_ASSERT_PTR_NULL(source_line(&source, 0));
	CU_ASSERT_PTR_NULL(source_line(&source, 5));
	source_free(&source);
}

/* As nvcc writes it: files are named behind the code, and a function ends what held before. */
static void a_place_holds_up_to_the_next_or_its_function_s_end(void)
{
	struct source source = read_text(".entry a()\n{\nadd;\n.loc 2 7 3\nmul;\n"
					 "\t.loc\t1 9 1, function_name $L, inlined_at 2 7 3\nsub;\n"
					 ".loc 3 1 1\nneg;\n}\n.entry b()\n{\nabs;\n}\n"
					 ".file\t1 \"/a/b/x y.cu\"\n.file 2 \"k.cu\", 12, 34\n");

	CU_ASSERT_TRUE(came_from(&source, 3, NULL, 0));
	CU_ASSERT_TRUE(came_from(&source, 5, "k.cu", 7));
	CU_ASSERT_TRUE(came_from(&source, 7, "x y.cu", 9));
	CU_ASSERT_TRUE(came_from(&source, 9, NULL, 0)); /* no file 3 */
	CU_ASSERT_TRUE(came_from(&source, 13, NULL, 0));
	source_free(&source);
}

static void odd_texts_are_read_without_harm(void)
{
	static const char *const texts[] = {
		"",
		"\n",
		".file",
		".file 1",
		".file 1 \"open",
		".file 4294967295 \"x\"",
		".file 99999999999999999999 \"x\"",
		".file -1 \"x\"",
		".file 1 \"\"\n.loc 1 2",
		".loc 1",
		".loc 1 99999999999999999999",
		".file 0 \"a/\"\n.file 0 \"b\"\n.loc 0 1 1",
		".locate 1 2 3",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct source source = read_text(texts[i]);

		CU_ASSERT_TRUE(source.count >= 1);
		source_free(&source);
	}
}

static void what_is_no_text_has_no_lines(void)
{
	struct source source;

	source_read("a\nb\0c", 5, &source);
	CU_ASSERT_EQUAL(source.count, 0);
	CU_ASSERT_PTR_NULL(source_line(&source, 1));
	source_free(&source);
}

static const struct tap_case cases[] = {
	{"lines lose the white space around them", lines_lose_the_white_space_around_them},
	{"a place holds up to the next, or its function's end",
	 a_place_holds_up_to_the_next_or_its_function_s_end},
	{"odd texts are read without harm", odd_texts_are_read_without_harm},
	{"what is no text has no lines", what_is_no_text_has_no_lines},
};

TAP_MAIN(cases)
