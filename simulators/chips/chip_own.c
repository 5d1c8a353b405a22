/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns a chip's memory: everything that a chip points to hangs on it. */
#include <stdlib.h>

#include "simulators/chips/chip_internal.h"

struct chunk {
	struct chunk *next;
	max_align_t bytes[];
};

struct chip_owner {
	struct road_chip chip; /* first: a chip's address is its owner's */
	struct chunk *chunks;
};

struct road_chip *road_chip_new(void)
{
	struct chip_owner *owner = calloc(1, sizeof(*owner));

	return owner ? &owner->chip : NULL;
}

void *road_chip_own(struct road_chip *chip, size_t bytes)
{
	struct chip_owner *owner = (struct chip_owner *)chip;
	struct chunk *chunk = calloc(1, sizeof(*chunk) + bytes);

	if (!chunk)
		return NULL;
	chunk->next = owner->chunks;
	owner->chunks = chunk;
	return chunk->bytes;
}

void road_chip_free(struct road_chip *chip)
{
	struct chip_owner *owner = (struct chip_owner *)chip;

	if (!owner)
		return;
	while (owner->chunks) {
		struct chunk *next = owner->chunks->next;

		free(owner->chunks);
		owner->chunks = next;
	}
	free(owner);
}
