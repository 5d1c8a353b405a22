/* SPDX-License-Identifier: Apache-2.0 */
/* One program, by the interpreter and by the driver and simulator in several ways. */
#ifndef TESTS_ORACLE_GPU_CHECK_H
#define TESTS_ORACLE_GPU_CHECK_H

#include <stddef.h>

/* Ways to run a program; every one must give the interpreter's bytes. */
#define VARIANTS(X)                                                             \
	X(FUNCTIONAL, "functional")           /* the plain way */               \
	X(FEW, "functional, few registers")   /* spills */                      \
	X(PLAIN, "functional, not optimised") /* each instruction as written */ \
	X(ORDER, "functional, not scheduled") /* in the text's order */         \
	X(APPROX, "approx")                   /* the timed model's data path */ \
	X(APPROX_FEW, "approx, few registers")

enum variant {
#define X(name, text) VARIANT_##name,
	VARIANTS(X)
#undef X
		VARIANT_COUNT
};
#define VARIANTS_ALL ((1u << VARIANT_COUNT) - 1)

enum verdict {
	VERDICT_AGREES,
	VERDICT_DIFFERS, /* or the driver or simulator refused or faulted */
	VERDICT_INVALID, /* the interpreter refuses the program */
	VERDICT_CRASHED, /* the process that tried it ended */
	VERDICT_HUNG,
};

struct finding {
	enum verdict verdict;
	enum variant variant; /* where it was noticed */
	char why[400];
};

/* `text` starts with the line that the generator writes. `variants`: a bit for each. In this
 * process: what crashes, crashes. */
struct finding check_text(const char *text, unsigned variants);
/* The variants that a program of this seed is run in where not all are. */
unsigned check_share(unsigned long long seed);
void check_end(void); /* lets devices go */
const char *variant_name(enum variant variant);

/* The same in a process of its own, with a deadline. */
struct finding check_apart(const char *text, unsigned variants);

/* Programs of the seeds from `first` on, `count` of them, until one is found wrong or `seconds` are
 * over (0: no end); returns how many agreed. *found.verdict AGREES: none was wrong; else *seed. */
unsigned check_seeds(unsigned long long first, unsigned count, unsigned features, unsigned variants,
		     unsigned seconds, struct finding *found, unsigned long long *seed);

#endif
