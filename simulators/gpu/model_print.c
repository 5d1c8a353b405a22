/* SPDX-License-Identifier: Apache-2.0 */
/* Print rings (uapi/gpu/print.h): what launches printed goes to the host when they end. */
#include "simulators/gpu/model.h"

#include <string.h>

#define AT(member) offsetof(struct road_gpu_print_ring, member)

void road_gpu_print_set(struct gpu_function *function)
{
	const struct gpu_latch *latch = &function->latch;
	struct gpu_space *space;

	if (latch->space >= function->chip->params.spaces ||
	    !function->spaces[latch->space].table || latch->print % 8 || latch->print_bytes % 8) {
		sim_violation(
			function->chip->env, function->index,
			"a print ring of %llu bytes at 0x%llx is set for space %llu, allowed: "
			"multiples of 8, an open space",
			(unsigned long long)latch->print_bytes, (unsigned long long)latch->print,
			(unsigned long long)latch->space);
		return;
	}
	space = &function->spaces[latch->space];
	space->print = latch->print;
	space->print_bytes = latch->print_bytes;
	space->print_written = space->print_lost = space->print_skipped = 0;
}

static bool write_part(struct gpu_function *function, const struct gpu_space *space, uint64_t at,
		       const uint8_t *from, uint64_t bytes)
{
	return !bytes || sim_dma_write(function->chip->env, function->index,
				       space->print + sizeof(struct road_gpu_print_ring) +
					       at % space->print_bytes,
				       from, bytes);
}

/* The record at the ring's end, round its corner if need be. */
static bool put(struct gpu_function *function, struct gpu_space *space, const uint8_t *record,
		uint64_t bytes)
{
	uint64_t left = space->print_bytes - space->print_written % space->print_bytes;
	uint64_t first = bytes < left ? bytes : left;

	if (!write_part(function, space, space->print_written, record, first) ||
	    !write_part(function, space, space->print_written + first, record + first,
			bytes - first))
		return false;
	space->print_written += bytes;
	return true;
}

static void lose(struct gpu_space *space, uint64_t records)
{
	space->print_lost += records;
	space->print_skipped += records;
}

static bool put_all(struct gpu_function *function, struct gpu_space *space,
		    struct road_gpu_prints *prints, uint64_t room)
{
	for (size_t i = 0; i < prints->count; i++) {
		const struct road_gpu_print_entry *entry = &prints->entries[i];
		uint8_t *record = prints->data + entry->offset;

		if (entry->bytes > room) {
			lose(space, 1);
			continue;
		}
		memcpy(record + offsetof(struct road_gpu_print_record, lost), &space->print_skipped,
		       sizeof(space->print_skipped));
		if (!put(function, space, record, entry->bytes))
			return false;
		room -= entry->bytes;
		space->print_skipped = 0;
	}
	lose(space, prints->lost);
	return true;
}

static void deliver(struct gpu_function *function, struct gpu_space *space,
		    struct road_gpu_prints *prints)
{
	struct sim_env *env = function->chip->env;
	uint64_t read = 0, used;

	bool good = sim_dma_read(env, function->index, space->print + AT(read), &read, 8);

	used = space->print_written - read;
	if (good && used <= space->print_bytes)
		good = put_all(function, space, prints, space->print_bytes - used);
	else
		lose(space, prints->count + prints->lost);
	if (good)
		good = sim_dma_write(env, function->index, space->print + AT(lost),
				     &space->print_lost, 8) &&
		       sim_dma_write(env, function->index, space->print + AT(written),
				     &space->print_written, 8);
	if (!good)
		sim_violation(env, function->index, "print ring at 0x%llx is not mapped",
			      (unsigned long long)space->print);
}

void road_gpu_print_deliver(struct gpu_work *work)
{
	struct gpu_function *function = work->queue->function;
	struct gpu_space *space = &function->spaces[work->queue->space];
	struct road_gpu_prints *prints = &work->launch.prints;

	if (space->print_bytes && (prints->count || prints->lost)) {
		road_gpu_prints_sort(prints);
		deliver(function, space, prints);
	}
	road_gpu_prints_free(prints);
}
