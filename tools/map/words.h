/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration words: their fields, their check sum, and what a search found written as words. */
#ifndef TOOLS_MAP_WORDS_H
#define TOOLS_MAP_WORDS_H

#include "tools/map/map.h"
#include "tools/map/search.h"

/* 0, or -1: the search's ways contradict each other. */
int map_words(const struct map_search *search, struct map_mapping *mapping);

static inline unsigned map_word_field(uint64_t word, unsigned shift, unsigned mask)
{
	return (unsigned)(word >> shift) & mask;
}
/* The word with its CRC. */
uint64_t map_word_seal(uint64_t word, unsigned index);

#endif
