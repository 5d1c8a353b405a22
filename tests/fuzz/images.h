/* SPDX-License-Identifier: Apache-2.0 */
/* Images as inputs: those that our compiler makes of the PTX in the PTX fuzzer's corpus, with some
 * bytes changed. So they are never older than the format. */
#ifndef TESTS_FUZZ_IMAGES_H
#define TESTS_FUZZ_IMAGES_H

#include "tests/fuzz/reader.h"

#define IMAGES_RAW 0xffu

/*
 * Takes a byte: IMAGES_RAW means what follows, else the image of that number. Of one of those what
 * follows are changes: 3 bytes of an offset, and what is xored into the 4 bytes there. malloc'ed,
 * of the size of the image alone; NULL: no memory.
 */
uint8_t *images_take(struct reader *r, size_t *bytes);

#endif
