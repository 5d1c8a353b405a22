/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's bytes, taken from the front as numbers; behind the end there are zeros. */
#ifndef TESTS_FUZZ_READER_H
#define TESTS_FUZZ_READER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
	const uint8_t *at;
	size_t left;
};

static inline void reader_take(struct reader *r, void *out, size_t bytes)
{
	size_t here = bytes < r->left ? bytes : r->left;

	memset(out, 0, bytes);
	if (here)
		memcpy(out, r->at, here);
	r->at += here;
	r->left -= here;
}

static inline uint8_t reader_u8(struct reader *r)
{
	uint8_t value;

	reader_take(r, &value, sizeof(value));
	return value;
}

static inline uint64_t reader_u64(struct reader *r)
{
	uint64_t value;

	reader_take(r, &value, sizeof(value));
	return value;
}

#endif
