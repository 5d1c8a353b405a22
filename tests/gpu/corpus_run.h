/* SPDX-License-Identifier: Apache-2.0 */
/* Running a case of the corpus: its data made, run on a device, to be compared. */
#ifndef TESTS_GPU_CORPUS_RUN_H
#define TESTS_GPU_CORPUS_RUN_H

#include "tests/gpu/corpus.h"
#include "tests/gpu/run.h"

enum { CORPUS_TABLES = 6 };
extern const struct corpus_case *const corpus_tables[CORPUS_TABLES];

/* One case: what is in memory before and after, and what the device left there. */
struct corpus_state {
	uint32_t count;
	uint64_t numbers[CORPUS_ARGUMENTS];
	void *before[CORPUS_ARGUMENTS], *after[CORPUS_ARGUMENTS], *seen[CORPUS_ARGUMENTS];
};

uint64_t corpus_bytes(const struct corpus_argument *a); /* of a buffer */
void corpus_make(const struct corpus_case *c, struct corpus_state *s);
void corpus_release(const struct corpus_case *c, struct corpus_state *s);
/* Runs it from the data before; what the device left is `seen`. */
void corpus_run(const struct corpus_case *c, struct corpus_state *s, struct fixture *f);

#endif
