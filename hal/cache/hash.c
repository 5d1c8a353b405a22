/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "hal/cache/cache.h"

bool road_cache_hash_ready(void)
{
	return sodium_init() >= 0;
}

/* BLAKE2b over each part's length and bytes, so that no two lists of parts read the same. */
void road_cache_hash(uint8_t out[32], const struct road_cache_part *parts, uint32_t count)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, 32);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t bytes = parts[i].count;

		crypto_generichash_update(&state, (const unsigned char *)&bytes, sizeof(bytes));
		crypto_generichash_update(&state, parts[i].bytes, parts[i].count);
	}
	crypto_generichash_final(&state, out, 32);
}
