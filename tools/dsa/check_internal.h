/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the checker share: what is known of registers. */
#ifndef TOOLS_DSA_CHECK_INTERNAL_H
#define TOOLS_DSA_CHECK_INTERNAL_H

#include "tools/dsa/check.h"

enum check_kind {
	CHECK_UNWRITTEN, /* on all ways here */
	CHECK_CONSTANT,
	CHECK_ANY,
};
struct check_value {
	enum check_kind kind;
	uint64_t value;
};
struct check_state {
	struct check_value reg[ROAD_DSA_REGS];
	bool reached;
};

struct check {
	const struct dsa_program *program;
	const struct dsa_check_limits *limits;
	const struct dsa_kernel *kernel;
	const struct road_dsa_word *words; /* of the kernel */
	struct check_state *states;        /* before each */
	struct dsa_messages *messages;
};

/* A message for a word of the kernel. */
void check_report(const struct check *check, uint32_t word, const char *what, const char *seen,
		  const char *allowed);
/* Whether a register is a constant, and which. */
bool check_constant(const struct check_state *state, unsigned reg, uint64_t *value);
/* Operands in scratchpads: alignment, size. */
void check_pads(const struct check *check, uint32_t word);

#endif
