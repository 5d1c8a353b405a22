/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/shadow_set.h"

void road_shadow_set_add(struct road_shadow_set *set, struct road_shadow *shadow)
{
	shadow->next = set->first;
	set->first = shadow;
}

void road_shadow_set_remove(struct road_shadow_set *set, const struct road_shadow *shadow)
{
	struct road_shadow **at = &set->first;

	while (*at != shadow)
		at = &(*at)->next;
	*at = shadow->next;
}

static bool overlap(const struct road_shadow *a, const struct road_shadow *b)
{
	return (uintptr_t)a->host < (uintptr_t)b->host + b->bytes &&
	       (uintptr_t)b->host < (uintptr_t)a->host + a->bytes;
}

void road_shadow_set_sync(struct road_shadow_set *set, struct road_shadow *shadow, uint64_t offset,
			  uint64_t bytes, enum road_dma_direction direction)
{
	if (direction != ROAD_DMA_TO_HOST)
		road_shadow_sync(shadow, offset, bytes, ROAD_DMA_TO_DEVICE);
	if (direction == ROAD_DMA_TO_DEVICE)
		return;
	for (struct road_shadow *other = set->first; other; other = other->next)
		if (other != shadow && overlap(other, shadow))
			road_shadow_share(other, shadow, offset, bytes);
	road_shadow_sync(shadow, offset, bytes, ROAD_DMA_TO_HOST);
}

void road_shadow_set_evict(struct road_shadow_set *set)
{
	enum { AT_ONCE = 4 };

	for (uint32_t i = 0; i < AT_ONCE && set->first; i++) {
		struct road_shadow *shadow = set->first;

		/* a linear congruential generator (Knuth's MMIX): its upper half will do */
		set->evictions = set->evictions * UINT64_C(6364136223846793005) +
				 UINT64_C(1442695040888963407);
		for (uint64_t skip = set->evictions >> 60; skip && shadow->next; skip--)
			shadow = shadow->next;
		if (!shadow->lent)
			road_shadow_evict(shadow, set->evictions >> 32);
	}
}
