/* SPDX-License-Identifier: Apache-2.0 */
/* What --check finds, and that it finds nothing where nothing is wrong. */
#include "tests/unit/dsa_tools/support.h"

#include <string.h>

static const struct {
	const char *body;
	unsigned line; /* of the body, from 1; 0: nothing is found */
	const char *what, *seen;
} rows[] = {
	{"end", 0, "", ""},
	{"set_flag V, M, 1\nend", 1, "set and never awaited", "V, M, 1"},
	{"wait_flag V, M, 1\nend", 1, "awaited and never set", "V, M, 1"},
	{"set_flag V, M, 1\nwait_flag V, M, 1\nend", 0, "", ""},
	{"set_flag V, M, 1\nwait_flag M, V, 1\nend", 1, "set and never", "V, M, 1"},
	{"set_flag V, M, 1\nwait_flag V, M, 2\nend", 1, "set and never", "V, M, 1"},
	{"set_flag V, M, 4\nwait_flag V, M, 4\nend", 1, "beyond the chip's", "V, M, 4"},
	{"set_flag V, M, 1\njump out\nwait_flag V, M, 1\nout: end", 3, "never reached",
	 "wait_flag"},
	{"jump out\nnop\nnop\nout: end", 2, "never reached", "nop"},
	{"end\nnop\nend", 2, "never reached", "nop"},
	{"nop", 1, "runs off its end", "nop"},
	{"beq x0, x0, a\na: end", 0, "", ""},
	{"again: jump again", 0, "", ""},
	{"add x2, x3, x0\nend", 1, "nothing wrote", "x3"},
	{"movh x2, 5\nend", 1, "nothing wrote", "x2"},
	{"beq x0, x0, a\nli x3, 1\na: add x2, x3, x0\nend", 0, "", ""},
	{"li x1, 16\nvneg.f32 [x2], [x0], x1\nend", 2, "nothing wrote", "x2"},
	{"li x5, 4\nmove_ub.f16 [x0], [x5], x5, 2\nend", 2, "nothing wrote", "x6"},
	/* 1024 bytes of UB: 256 elements of f32 */
	{"li x1, 256\nvneg.f32 [x0], [x0], x1\nend", 0, "", ""},
	{"li x1, 257\nvneg.f32 [x0], [x0], x1\nend", 2, "leaves its scratchpad", "UB at 0, 1028"},
	{"li x1, 8\nli x2, 1024\nvneg.f32 [x2], [x0], x1\nend", 3, "leaves", "UB at 1024, 32"},
	{"li x1, 8\nli x2, 36\nvneg.f32 [x2], [x0], x1\nend", 3, "misaligned", "UB at 36"},
	{"li x1, pair(8, 31)\nli x2, 1\nvneg.f32 [x0], [x0], x1, x2\nend", 0, "", ""},
	{"li x1, pair(8, 32)\nli x2, 1\nvneg.f32 [x0], [x0], x1, x2\nend", 3, "leaves", "1056"},
	{"li x1, pair(8, 3)\nli x2, 1 << 16\nli x3, 1012\nvsum.f32 [x3], [x0], x1, x2\nend", 4,
	 "leaves", "UB at 1012, 16"},
	{"li x1, pair(8, 3)\nli x2, 1 << 16\nli x3, 1010\nvsum.f32 [x3], [x0], x1, x2\nend", 4,
	 "misaligned", "UB at 1010"},
	{"li x1, 33\nvcvt.f32.s8 [x0], [x0], x0, x1\nend", 0, "", ""},
	{"li x1, 257\nvcvt.f32.s8 [x0], [x0], x0, x1\nend", 2, "leaves", "1028"},
	/* 2 x 1 fractals of L0A, 1 x 2 of L0B, 2 x 2 of L0C */
	{"li x1, 17 | 17 << 16 | 16 << 32\nmmad.f16.init [x0], [x0], [x0], x1\nend", 0, "", ""},
	{"li x1, 33 | 17 << 16 | 16 << 32\nmmad.f16.init [x0], [x0], [x0], x1\nend", 2, "leaves",
	 "L0C at 0, 6144"},
	{"li x1, 16 | 16 << 16 | 48 << 32\nmmad.f16.init [x0], [x0], [x0], x1\nend", 2, "leaves",
	 "L0A at 0, 1536"},
	{"li x1, 16 | 16 << 16 | 48 << 32\nmmad.s8.init [x0], [x0], [x0], x1\nend", 0, "", ""},
	{"li x1, pair(16, 33)\nli x2, 16\nload_a.f16 [x0], [x0], x1\nend", 3, "leaves",
	 "L0A at 0, 1536"},
	{"li x1, pair(17, 40)\nli x2, pair(128, 64)\nldarg.u64 x3, [0]\n"
	 "move_nz.f16 [x0], [x3], x1\nend",
	 4, "leaves", "L1 at 0, 6144"},
	{"li x1, 64\nli x2, 2\nli x3, pair(96, 992)\nldarg.u64 x4, [0]\n"
	 "move_ub.u8 [x0], [x4], x1, 2\nend",
	 5, "leaves", "UB at 0, 1056"},
	{"li x1, 64\nli x2, 2\nli x3, pair(96, 960)\nldarg.u64 x4, [0]\n"
	 "move_ub.u8 [x0], [x4], x1, 2\nend",
	 0, "", ""},
	/* what is not constant is left alone */
	{"ldarg.u64 x1, [0]\nvneg.f32 [x0], [x0], x1\nend", 0, "", ""},
	{"li x1, 8\na: addi x1, x1, 4096\nvneg.f32 [x0], [x0], x1\nbne x1, x0, a\nend", 0, "", ""},
};

static void each_is_found(void)
{
	const struct dsa_check_limits limits = {.pads = {[ROAD_DSA_PAD_L0A] = 1024,
							 [ROAD_DSA_PAD_L0B] = 1024,
							 [ROAD_DSA_PAD_L0C] = 4096,
							 [ROAD_DSA_PAD_L1] = 4096,
							 [ROAD_DSA_PAD_UB] = 1024,
							 [ROAD_DSA_PAD_BT] = 64},
						.flags = 4};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dsa_messages messages = {0};
		struct dsa_program program = {0};
		const struct dsa_message *m = &messages.list[0];
		char text[512];
		bool good;

		snprintf(text, sizeof(text), ".kernel k arguments=8\n%s\n.end\n", rows[i].body);
		CU_ASSERT_EQUAL_FATAL(
			dsa_assemble(text, strlen(text), NULL, 0, &program, &messages), 0);
		dsa_check(&program, &limits, &messages);
		good = rows[i].line ? messages.count && m->line == rows[i].line + 1 &&
					      strstr(m->what, rows[i].what) &&
					      strstr(m->seen, rows[i].seen)
				    : !messages.count;
		CU_ASSERT_TRUE(good);
		if (!good)
			printf("# row %u: %u messages, line %u: %s; seen: %s\n", i, messages.count,
			       m->line, m->what, m->seen);
		dsa_program_free(&program);
	}
}

static const struct tap_case cases[] = {
	{"each fault is found where it is, and none where there is none", each_is_found},
};
TAP_MAIN(cases)
