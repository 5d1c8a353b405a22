/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tap.h"
#include "tools/roadbed/run_args.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct run_arg arg;
static struct tool_error error;

static bool takes(const char *text)
{
	memset(&error, 0, sizeof(error));
	return !run_arg_parse(text, 3, &arg, &error);
}

/* Refused, with the argument named and this much of the reason. */
static bool refuses(const char *text, const char *what)
{
	if (takes(text)) {
		run_arg_free(&arg);
		return false;
	}
	return strstr(error.where, "argument 3") && strstr(error.what, what);
}

static bool scalar_is(const char *text, uint64_t bits)
{
	uint64_t got = 0;

	if (!takes(text))
		return false;
	for (uint32_t i = 0; i < arg.type->bytes; i++)
		got |= (uint64_t)arg.scalar[i] << (8 * i);
	return arg.form == RUN_SCALAR && got == bits;
}

static void scalars_are_their_little_endian_bits(void)
{
	CU_ASSERT_TRUE(scalar_is("i32:-1", 0xffffffff));
	CU_ASSERT_TRUE(scalar_is("i32:-2147483648", 0x80000000));
	CU_ASSERT_TRUE(scalar_is("u32:4294967295", 0xffffffff));
	CU_ASSERT_TRUE(scalar_is("u32:0xDEADbeef", 0xdeadbeef));
	CU_ASSERT_TRUE(scalar_is("i64:-9223372036854775808", UINT64_C(1) << 63));
	CU_ASSERT_TRUE(scalar_is("u64:18446744073709551615", UINT64_MAX));
	CU_ASSERT_TRUE(scalar_is("f32:1.5", 0x3fc00000));
	CU_ASSERT_TRUE(scalar_is("f64:-0", UINT64_C(1) << 63));
	CU_ASSERT_TRUE(scalar_is("f32:0x1p-149", 1));
	CU_ASSERT_TRUE(scalar_is("f32:inf", 0x7f800000));
	/* halfway in double, above half in the text: one rounding gives the upper neighbour */
	CU_ASSERT_TRUE(scalar_is("f32:1.000000059604644775390626", 0x3f800001));
}

static void scalars_out_of_range_or_malformed_are_refused(void)
{
	CU_ASSERT_TRUE(refuses("i32:2147483648", "no integer"));
	CU_ASSERT_STRING_EQUAL(error.allowed, "-2147483648 to 2147483647, decimal or 0x");
	CU_ASSERT_STRING_EQUAL(error.seen, "\"2147483648\"");
	CU_ASSERT_TRUE(refuses("i32:-2147483649", "no integer"));
	CU_ASSERT_TRUE(refuses("u32:4294967296", "no integer"));
	CU_ASSERT_TRUE(refuses("u32:-1", "no integer"));
	CU_ASSERT_TRUE(refuses("u64:18446744073709551616", "no integer"));
	CU_ASSERT_TRUE(refuses("i32:", "no integer"));
	CU_ASSERT_TRUE(refuses("i32:-", "no integer"));
	CU_ASSERT_TRUE(refuses("i32:12x", "no integer"));
	CU_ASSERT_TRUE(refuses("i32: 1", "no integer"));
	CU_ASSERT_TRUE(refuses("i32:0x", "no integer"));
	CU_ASSERT_TRUE(refuses("f32:", "no number"));
	CU_ASSERT_TRUE(refuses("f32:1.0f", "no number"));
	CU_ASSERT_TRUE(refuses("f32: 1", "no number"));
	CU_ASSERT_TRUE(refuses("f32:1e39", "out of its type's range"));
	CU_ASSERT_TRUE(refuses("f64:1e309", "out of its type's range"));
	CU_ASSERT_TRUE(refuses("u8:1", "no such type"));
	CU_ASSERT_TRUE(refuses("f16:1", "no such type"));
	CU_ASSERT_STRING_EQUAL(error.allowed, "u32 i32 f32 u64 i64 f64");
	CU_ASSERT_TRUE(refuses("7", "no such form"));
	CU_ASSERT_TRUE(refuses("", "no such form"));
	CU_ASSERT_TRUE(refuses("i32:1>out", "only buffers"));
}

static void buffers_have_a_type_and_a_count(void)
{
	CU_ASSERT_TRUE(takes("zeros:bf16:100"));
	CU_ASSERT_EQUAL(arg.form, RUN_ZEROS);
	CU_ASSERT_EQUAL(arg.bytes, 200);
	CU_ASSERT_PTR_NULL(arg.out_path);
	CU_ASSERT_TRUE(takes("rand:f64:3:0x10>a:b>c"));
	CU_ASSERT_EQUAL(arg.form, RUN_RAND);
	CU_ASSERT_EQUAL(arg.seed, 16);
	CU_ASSERT_EQUAL(arg.bytes, 24);
	CU_ASSERT_STRING_EQUAL(arg.out_path, "a:b>c");
	run_arg_free(&arg);
	CU_ASSERT_TRUE(takes("in:u8:dir/a:b>o"));
	CU_ASSERT_EQUAL(arg.form, RUN_IN);
	CU_ASSERT_STRING_EQUAL(arg.in_path, "dir/a:b");
	CU_ASSERT_STRING_EQUAL(arg.out_path, "o");
	run_arg_free(&arg);
}

static void malformed_buffers_are_refused(void)
{
	CU_ASSERT_TRUE(refuses("zeros:f32:0", "COUNT"));
	CU_ASSERT_TRUE(refuses("zeros:f32:-1", "COUNT"));
	CU_ASSERT_TRUE(refuses("zeros:f32", "COUNT"));
	CU_ASSERT_TRUE(refuses("zeros:f64:137438953473", "COUNT"));
	CU_ASSERT_STRING_EQUAL(error.allowed, "1 to 137438953472");
	CU_ASSERT_TRUE(refuses("zeros:f32:99999999999999999999999", "COUNT"));
	CU_ASSERT_TRUE(refuses("zeros:f33:1", "no such type"));
	CU_ASSERT_TRUE(refuses("zeros::1", "no such type"));
	CU_ASSERT_TRUE(refuses("zeros:f32:1:2", "trailing"));
	CU_ASSERT_TRUE(refuses("rand:f32:1", "SEED"));
	CU_ASSERT_TRUE(refuses("rand:f32:1:x", "SEED"));
	CU_ASSERT_TRUE(refuses("rand:f32:1:2:3", "trailing"));
	CU_ASSERT_TRUE(refuses("iota:i32:1>", "no FILE"));
	CU_ASSERT_TRUE(refuses("in:i32:", "FILE is missing"));
	CU_ASSERT_TRUE(refuses("in:i32", "FILE is missing"));
	CU_ASSERT_TRUE(refuses("ones:i32:1", "no such type"));
}

/* Fills from a file of `bytes` bytes; answers run_arg_fill's word. */
static int fill_from(const char *type, size_t bytes)
{
	char path[] = "run-args-XXXXXX", text[64];
	int fd = mkstemp(path), rc;
	void *data;

	CU_ASSERT_EQUAL(write(fd, "abcdefgh", bytes), (ssize_t)bytes);
	close(fd);
	snprintf(text, sizeof(text), "in:%s:%s", type, path);
	CU_ASSERT_TRUE_FATAL(takes(text));
	rc = run_arg_fill(&arg, &data, &error);
	if (!rc) {
		CU_ASSERT_EQUAL(memcmp(data, "abcdefgh", bytes), 0);
		free(data);
	}
	unlink(path);
	run_arg_free(&arg);
	return rc;
}

static void files_must_hold_whole_elements(void)
{
	CU_ASSERT_EQUAL(fill_from("u32", 8), 0);
	CU_ASSERT_EQUAL(arg.count, 2);
	CU_ASSERT_EQUAL(fill_from("u8", 7), 0);
	CU_ASSERT_EQUAL(fill_from("u32", 7), -1);
	CU_ASSERT_STRING_EQUAL(error.seen, "7 bytes");
	CU_ASSERT_STRING_EQUAL(error.allowed, "a multiple of 4 bytes, not 0");
	CU_ASSERT_EQUAL(fill_from("u32", 0), -1);
}

static void missing_files_and_folders_are_named(void)
{
	void *data;

	CU_ASSERT_TRUE_FATAL(takes("in:u8:no/such/file"));
	CU_ASSERT_EQUAL(run_arg_fill(&arg, &data, &error), -1);
	CU_ASSERT_STRING_EQUAL(error.where, "no/such/file");
	run_arg_free(&arg);
	CU_ASSERT_TRUE_FATAL(takes("in:u8:."));
	CU_ASSERT_EQUAL(run_arg_fill(&arg, &data, &error), -1);
	CU_ASSERT_STRING_EQUAL(error.what, "is a directory");
	run_arg_free(&arg);
}

static void dimensions_have_one_to_three_sizes_from_one_up(void)
{
	struct run_dim dim;

	CU_ASSERT_EQUAL(run_dim_parse("--grid", "7", &dim, &error), 0);
	CU_ASSERT_TRUE(dim.x == 7 && dim.y == 1 && dim.z == 1);
	CU_ASSERT_EQUAL(run_dim_parse("--grid", "1,2,4294967295", &dim, &error), 0);
	CU_ASSERT_TRUE(dim.x == 1 && dim.y == 2 && dim.z == UINT32_MAX);

	static const char *const bad[] = {"",     "0",      "1,0", "1,2,3,4", "4294967296",
					  "1,,2", "1,2,3,", "x",   "-1",      "1 "};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(run_dim_parse("--grid", bad[i], &dim, &error), -1);
		CU_ASSERT_STRING_EQUAL(error.where, "--grid");
		CU_ASSERT_STRING_EQUAL(error.seen, bad[i]);
	}
}

static void an_option_is_added_to_the_address_once(void)
{
	static const char *const rows[][2] = {
		{"sim:x", "sim:x?time=trace"},
		{"sim:x?cores=4", "sim:x?cores=4&time=trace"},
		{"sim:x?time=trace&cores=4", "sim:x?time=trace&cores=4"},
		{"sim:x?mtime=approx", "sim:x?mtime=approx&time=trace"},
	};
	char *out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL_FATAL(
			run_address_with("--trace", rows[i][0], "time", "trace", &out, &error), 0);
		CU_ASSERT_STRING_EQUAL(out, rows[i][1]);
		free(out);
	}
	CU_ASSERT_EQUAL(
		run_address_with("--trace", "sim:x?time=approx", "time", "trace", &out, &error),
		-1);
	CU_ASSERT_EQUAL(
		run_address_with("--trace", "sim:x?a=b&time=tracer", "time", "trace", &out, &error),
		-1);
}

static void options_stand_anywhere_and_are_taken_out(void)
{
	char *argv[] = {"a", "--x", "1", "b", "--y=2", "--flag", "-", "--", "--x"};
	const char *x = NULL, *y = NULL;
	bool flag = false;
	const struct tool_option options[] = {
		{"--x", NULL, &x}, {"--y", NULL, &y}, {"--flag", &flag, NULL}, {NULL, NULL, NULL}};
	int left;

	CU_ASSERT_EQUAL_FATAL(tool_options(options, 9, argv, &left, &error), 0);
	CU_ASSERT_EQUAL_FATAL(left, 4);
	CU_ASSERT_STRING_EQUAL(argv[0], "a");
	CU_ASSERT_STRING_EQUAL(argv[1], "b");
	CU_ASSERT_STRING_EQUAL(argv[2], "-");
	CU_ASSERT_STRING_EQUAL(argv[3], "--x");
	CU_ASSERT_TRUE(flag && !strcmp(x, "1") && !strcmp(y, "2"));
}

static int options_of(int argc, char **argv)
{
	const char *x = NULL;
	bool flag = false;
	const struct tool_option options[] = {
		{"--x", NULL, &x}, {"--flag", &flag, NULL}, {NULL, NULL, NULL}};
	int left;

	return tool_options(options, argc, argv, &left, &error);
}

static void wrong_options_are_named_with_those_allowed(void)
{
	CU_ASSERT_EQUAL(options_of(1, (char *[]){"--z"}), -1);
	CU_ASSERT_STRING_EQUAL(error.seen, "--z");
	CU_ASSERT_STRING_EQUAL(error.allowed, "--x --flag");
	CU_ASSERT_EQUAL(options_of(1, (char *[]){"--x"}), -1);
	CU_ASSERT_STRING_EQUAL(error.what, "lacks its value");
	CU_ASSERT_EQUAL(options_of(1, (char *[]){"--flag=1"}), -1);
	CU_ASSERT_STRING_EQUAL(error.what, "takes no value");
	CU_ASSERT_EQUAL(options_of(2, (char *[]){"--x=1", "--x=2"}), -1);
	CU_ASSERT_STRING_EQUAL(error.what, "is given twice");
}

static const struct tap_case cases[] = {
	{"scalars are their little-endian bits", scalars_are_their_little_endian_bits},
	{"scalars out of range or malformed are refused",
	 scalars_out_of_range_or_malformed_are_refused},
	{"buffers have a type and a count", buffers_have_a_type_and_a_count},
	{"malformed buffers are refused", malformed_buffers_are_refused},
	{"files must hold whole elements", files_must_hold_whole_elements},
	{"missing files and folders are named", missing_files_and_folders_are_named},
	{"dimensions have one to three sizes from one up",
	 dimensions_have_one_to_three_sizes_from_one_up},
	{"an option is added to the address once", an_option_is_added_to_the_address_once},
	{"options stand anywhere and are taken out", options_stand_anywhere_and_are_taken_out},
	{"wrong options are named with those allowed", wrong_options_are_named_with_those_allowed},
};

TAP_MAIN(cases)
