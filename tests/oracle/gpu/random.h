/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that follow from a seed (splitmix64). */
#ifndef TESTS_ORACLE_GPU_RANDOM_H
#define TESTS_ORACLE_GPU_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* From 0 to n - 1. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

/* True once in n times. */
static inline bool random_once(uint64_t *state, uint32_t n)
{
	return !random_below(state, n);
}

#endif
