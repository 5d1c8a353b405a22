/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a source is said with line, column, what was seen and what is allowed. */
#include "tests/unit/dsa_tools/support.h"

#include <string.h>

#define KERNEL(line) ".kernel k arguments=8\n" line "\n end\n.end\n"

static const struct {
	const char *text;
	unsigned line, column;
	const char *what, *seen, *allowed;
} rows[] = {
	{KERNEL(" vad.f16 [x1], [x2], [x3], x4"), 2, 2, "no such instruction", "vad.f16", "docs"},
	{KERNEL(" vadd.f64 [x1], [x2], [x3], x4"), 2, 7, "does not take", "f64", "f16 bf16 f32"},
	{KERNEL(" vadd [x1], [x2], [x3], x4"), 2, 2, "without its element type", "vadd", "s16"},
	{KERNEL(" vadd.f16.t [x1], [x2], [x3], x4"), 2, 11, "does not take", "t", "none"},
	{KERNEL(" mmad.f16.init.bias [x1], [x2], [x3], x4"), 2, 16, "excludes", "bias", ".init"},
	{KERNEL(" vcmp.f16 [x1], [x2], [x3], x4"), 2, 2, "without its suffix", "vcmp", ".lt"},
	{KERNEL(" ldarg x1, [0]"), 2, 2, "without its suffix", "ldarg", ".u64"},
	{KERNEL(" vadd.f16 [x1], [x2], x3, x4"), 2, 23, "unexpected", "x3", "["},
	{KERNEL(" add x1, x2, x32"), 2, 14, "no register", "x32", "x0 to x31"},
	{KERNEL(" add x1, x2"), 2, 12, "unexpected", "end of line", ","},
	{KERNEL(" add x1, x2, x3, x4"), 2, 16, "more than the line", ",", "end"},
	{KERNEL(" addi x1, x2, 0x80000000"), 2, 15, "out of range", "2147483648", "2147483647"},
	{KERNEL(" shli x1, x2, 64"), 2, 15, "out of range", "64", "0 to 63"},
	{KERNEL(" shli x1, x2, 1 << 64"), 2, 17, "shift out of range", "<<", "0 to 63"},
	{KERNEL(" addi x1, x2, 1 / 0"), 2, 17, "division by zero", "/", ""},
	{KERNEL(" addi x1, x2, N"), 2, 15, "unknown name", "N", ".equ"},
	{KERNEL(" li x1, f64(1)"), 2, 9, "no such function", "f64", "f32"},
	{KERNEL(" li x1, f32(x)"), 2, 13, "no floating-point", "x", "1.5"},
	{KERNEL(" li x1, 99999999999999999999"), 2, 9, "no constant", "9999", "numbers"},
	{KERNEL(" sreg x1, %cores"), 2, 11, "no special register", "cores", "core clock"},
	{KERNEL(" jump nowhere"), 2, 7, "no such label", "nowhere", "labels"},
	{KERNEL(" set_flag V, V, 0"), 2, 14, "to itself", "V", "pipe_barrier"},
	{KERNEL(" set_flag V, X, 0"), 2, 14, "no queue", "X", "MTE1"},
	{KERNEL(" pipe_barrier all"), 2, 15, "nor ALL", "all", "MTE1"},
	{KERNEL(" cross_set V, 16, others"), 2, 15, "out of range", "16", "0 to 15"},
	{KERNEL(" move_ub.f16 [x1], [x2], x3, 5"), 2, 30, "out of range", "5", "1 to 4"},
	{KERNEL(" move_ub.f16 [x1], [x2], x30, 4"), 2, 2, "beyond x31", "move_ub", "docs"},
	{KERNEL(" move_ub.f16.t [x1], [x2], x3, 1"), 2, 2, "2 dimensions", "move_ub", "docs"},
	{KERNEL(" ldarg.u32 x1, [8]"), 2, 0, "beyond the kernel's arguments", "ldarg",
	 "arguments="},
	{KERNEL(" ldarg.u32 x1, [2]"), 2, 2, "not naturally aligned", "ldarg.u32", "docs"},
	{KERNEL(" cross_wait V, 1"), 2, 0, "not cooperative", "cross_wait", "cooperative"},
	{KERNEL(" fix_gm.f16.from_s32 [x1], [x2], x3"), 2, 2, "without a factor", "fix_gm", "docs"},
	{KERNEL("a: nop\na: nop"), 3, 1, "given twice", "a", "line 2"},
	{KERNEL("x7: nop"), 2, 1, "no name", "x7", "no register"},
	{KERNEL(" .byte 1"), 2, 2, "data outside", ".byte", ".data"},
	{KERNEL(" .kernel l arguments=0"), 2, 10, "within a kernel", "l", ".end"},
	{KERNEL(" .foo"), 2, 2, "no such directive", ".foo", ".kernel"},
	{KERNEL(" @"), 2, 2, "no instruction", "@", "a name"},
	{" nop\n", 1, 2, "outside a kernel", "nop", ".kernel"},
	{".kernel k\n end\n.end\n", 1, 10, "size of its arguments", "end of line", "arguments="},
	{".kernel k arguments=4097\n end\n.end\n", 1, 21, "out of range", "4097", "0 to 4096"},
	{".kernel k arguments=0\n.end\n", 1, 9, "without instructions", "k", "at least one"},
	{".kernel k arguments=0\n end\n", 1, 9, "without an end", "k", ".end"},
	{".kernel k arguments=0\n end\na:\n.end\n", 3, 1, "behind the kernel's last", "a", ""},
	{"", 1, 1, "without kernels", "end of line", ".kernel"},
	{".data\nk: .byte 1\n.kernel k arguments=0\n end\n.end\n", 3, 9, "a variable has", "k", ""},
	{".data\n .byte 256\n", 2, 8, "out of range", "256", "-128 to 255"},
	{".pads L3=5\n", 1, 7, "no scratchpad", "L3", "L0A"},
	{".reg a = 5\n", 1, 10, "no register", "5", "x31"},
};

static void each_is_said(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dsa_messages messages = {0};
		struct dsa_program program = {0};
		const struct dsa_message *m = &messages.list[0];
		bool good;

		CU_ASSERT_EQUAL(dsa_assemble(rows[i].text, strlen(rows[i].text), NULL, 0, &program,
					     &messages),
				-1);
		good = messages.count && m->line == rows[i].line && m->column == rows[i].column &&
		       strstr(m->what, rows[i].what) && strstr(m->seen, rows[i].seen) &&
		       strstr(m->allowed, rows[i].allowed);
		CU_ASSERT_TRUE(good);
		if (!good)
			printf("# row %u: %u:%u: %s; seen: %s; allowed: %s\n", i, m->line,
			       m->column, m->what, m->seen, m->allowed);
		dsa_program_free(&program);
	}
}

static void several_in_one_run(void)
{
	static const char text[] = KERNEL(" foo\n add x1\n bar\n jump away");
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};

	CU_ASSERT_EQUAL(dsa_assemble(text, sizeof(text) - 1, NULL, 0, &program, &messages), -1);
	CU_ASSERT_EQUAL(messages.total, 4);
	CU_ASSERT_EQUAL(messages.list[2].line, 4);
	CU_ASSERT_EQUAL(messages.list[3].line, 5);
	dsa_program_free(&program);
}

static void expressions_have_values(void)
{
	static const struct {
		const char *text;
		int64_t value;
	} values[] = {
		{"1 + 2 * 3", 7},
		{"(1 + 2) * 3", 9},
		{"7 - 2 - 1", 4},
		{"1 | 6 & 3 ^ 8", 1 | ((6 & 3) ^ 8)},
		{"1 << 2 + 1", 8},
		{"-5 / 2", -2},
		{"-5 % 3", -2},
		{"~0 >> 60", 15},
		{"- - 3", 3},
		{"0x7fffffffffffffff", INT64_MAX},
		{"0b101", 5},
		{"pair(-1, 2)", 0x2ffffffff},
		{"min(3, -4)", -4},
		{"max(3, -4)", 3},
		{"f32(1.0)", 0x3f800000},
		{"f32(-2.5e-3)", 0xbb23d70a},
		{"f16(65504)", 0x7bff},
		{"f16(65520)", 0x7c00},
		{"f16(65519.99)", 0x7bff},
		{"f16(5.9604644775390625e-08)", 1},
		{"f16(2.98e-08)", 0},
		{"f16(-inf)", 0xfc00},
		{"bf16(3.1415927)", 0x4049},
		{"bf16(1e39)", 0x7f80},
		{"f32(nan)", 0x7fffffff},
		{"N * 2", 42},
		{"K", 5},
	};

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct dsa_define defines[] = {{"N", 21}};
		struct dsa_messages messages = {0};
		struct dsa_program program = {0};
		int64_t value = 0;
		char text[160];

		snprintf(text, sizeof(text),
			 ".default N 1\n.default K 5\n.data\n.quad %s\n.kernel k arguments=0\n"
			 " end\n.end\n",
			 values[i].text);
		CU_ASSERT_EQUAL(dsa_assemble(text, strlen(text), defines, 1, &program, &messages),
				0);
		if (program.data_bytes == 8)
			memcpy(&value, program.data, 8);
		CU_ASSERT_EQUAL(value, values[i].value);
		if (value != values[i].value)
			printf("# %s = %llx\n", values[i].text, (unsigned long long)value);
		dsa_program_free(&program);
	}
}

static void data_has_its_bytes(void)
{
	static const char text[] =
		".data\n"
		"a: .byte 1, -1, 255\n"
		" .align 4\n"
		"b: .half -2\n .zero 2\n"
		"c: .word 0xdeadbeef\n .f16 1, -inf\n .bf16 1\n"
		"d: .float 0.1\n .quad a, d\n"
		".kernel k arguments=0\n"
		" la x1, c\n la x2, a\n li x3, -5\n li x4, 1 << 31\n end\n.end\n";
	static const uint8_t bytes[] = {1,    0xff, 0xff, 0,    0xfe, 0xff, 0,    0,    0xef, 0xbe,
					0xad, 0xde, 0,    0x3c, 0,    0xfc, 0x80, 0x3f, 0xcd, 0xcc,
					0xcc, 0x3d, 0,    0,    0,    0,    0,    0,    0,    0,
					18,   0,    0,    0,    0,    0,    0,    0};
	static const struct road_dsa_word words[] = {
		{.op = ROAD_DSA_OP_sreg, .d = 1, .imm = ROAD_DSA_SREG_DATA},
		{.op = ROAD_DSA_OP_addi, .d = 1, .a = 1, .imm = 8},
		{.op = ROAD_DSA_OP_sreg, .d = 2, .imm = ROAD_DSA_SREG_DATA},
		{.op = ROAD_DSA_OP_movi, .d = 3, .imm = -5},
		{.op = ROAD_DSA_OP_movi, .d = 4, .imm = INT32_MIN},
		{.op = ROAD_DSA_OP_movh, .d = 4, .imm = 0},
		{.op = ROAD_DSA_OP_end}};
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};

	CU_ASSERT_EQUAL_FATAL(dsa_assemble(text, sizeof(text) - 1, NULL, 0, &program, &messages),
			      0);
	CU_ASSERT_EQUAL_FATAL(program.data_bytes, sizeof(bytes));
	CU_ASSERT_EQUAL(memcmp(program.data, bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL_FATAL(program.word_count, sizeof(words) / sizeof(words[0]));
	CU_ASSERT_EQUAL(memcmp(program.words, words, sizeof(words)), 0);
	CU_ASSERT_EQUAL(program.variable_count, 4);
	CU_ASSERT_EQUAL(program.variables[3].offset, 18);
	CU_ASSERT_EQUAL(program.variables[3].bytes, 20);
	CU_ASSERT_EQUAL(program.variables[0].bytes, 4);
	CU_ASSERT_EQUAL(program.lines[1], 12);
	dsa_program_free(&program);
}

static const struct tap_case cases[] = {
	{"each error has its place, what was seen and what is allowed", each_is_said},
	{"several errors are found in one run", several_in_one_run},
	{"data, li and la become what they say", data_has_its_bytes},
	{"expressions have the values of C, and of IEEE 754", expressions_have_values},
};
TAP_MAIN(cases)
