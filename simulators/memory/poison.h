/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a chip's memory that its error correction could not save. Whoever reads one of their
 * bytes learns of it; bytes that are written anew are sound again. A chip without a poisoned word
 * pays a comparison with 0, at most.
 *
 * Addresses are offsets in the chip's memory. One thread at a time.
 */
#ifndef SIMULATORS_MEMORY_POISON_H
#define SIMULATORS_MEMORY_POISON_H

#include <stdbool.h>
#include <stdint.h>

#define ROAD_POISON_WORDS 64u /* at a time */
#define ROAD_POISON_BYTES 8u  /* of a word: what one code protects */

struct road_poison {
	uint32_t count; /* of words */
	struct {
		uint64_t at;   /* a multiple of ROAD_POISON_BYTES */
		uint8_t bytes; /* one bit each that is still poisoned */
	} word[ROAD_POISON_WORDS];
};

/* The bytes of the word at `word` that lie in a range. */
static inline uint8_t road_poison_part(uint64_t word, uint64_t at, uint64_t bytes)
{
	uint64_t from = at > word ? at - word : 0;
	uint64_t behind = at + bytes > word ? at + bytes - word : 0;

	if (behind > ROAD_POISON_BYTES)
		behind = ROAD_POISON_BYTES;
	if (from >= behind)
		return 0;
	return (uint8_t)((0xffu >> (8 - (behind - from))) << from);
}

/* Poisons the word that this byte lies in; false: no room for one more. */
static inline bool road_poison_add(struct road_poison *poison, uint64_t at)
{
	uint64_t word = at / ROAD_POISON_BYTES * ROAD_POISON_BYTES;
	uint32_t i = 0;

	while (i < poison->count && poison->word[i].at != word)
		i++;
	if (i == ROAD_POISON_WORDS)
		return false;
	if (i == poison->count)
		poison->count++;
	poison->word[i].at = word;
	poison->word[i].bytes = 0xff;
	return true;
}

/* The first poisoned byte of a range; false: there is none. first may be NULL. */
static inline bool road_poison_find(const struct road_poison *poison, uint64_t at, uint64_t bytes,
				    uint64_t *first)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < poison->count; i++) {
		uint8_t hit =
			road_poison_part(poison->word[i].at, at, bytes) & poison->word[i].bytes;
		uint64_t byte = poison->word[i].at + (hit ? (uint64_t)__builtin_ctz(hit) : 0);

		if (hit && byte < least)
			least = byte;
	}
	if (least != UINT64_MAX && first)
		*first = least;
	return least != UINT64_MAX;
}

/* These bytes were written. */
static inline void road_poison_clear(struct road_poison *poison, uint64_t at, uint64_t bytes)
{
	for (uint32_t i = 0; i < poison->count;) {
		poison->word[i].bytes &= (uint8_t)~road_poison_part(poison->word[i].at, at, bytes);
		if (poison->word[i].bytes)
			i++;
		else
			poison->word[i] = poison->word[--poison->count];
	}
}

#endif
