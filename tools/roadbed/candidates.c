/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/candidates.h"

#include <stdlib.h>
#include <string.h>

typedef road_status (*candidate_fn)(road_instance *instance, uint32_t flags, uint32_t index,
				    road_candidate *out);

static int collect(road_instance *instance, candidate_fn next, uint32_t flags,
		   struct candidates *out)
{
	*out = (struct candidates){.count = 0};
	for (uint32_t room = 0;; out->count++) {
		road_candidate one = {.size = sizeof(one)};
		road_status status = next(instance, flags, out->count, &one);

		if (status == ROAD_NOT_FOUND)
			return TOOL_OK;
		if (status != ROAD_OK)
			return library_refuse("listing devices", status);
		if (out->count == room) {
			room = room ? room * 2 : 16;
			out->at = reallocarray(out->at, room, sizeof(one));
			if (!out->at)
				tool_no_memory();
		}
		out->at[out->count] = one;
	}
}

/* What is here and cannot be opened is for `explain` to say. */
static bool is_listed(const road_candidate *one)
{
	return !one->status || (one->simulated && one->status == ROAD_UNSUPPORTED);
}

/* Of the catalogue alone, and each address once: a listed chip is not told as possible, too. */
static void keep_catalogue(struct candidates *all)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < all->count; i++) {
		uint32_t same = 0;

		while (same < kept && strcmp(all->at[same].address, all->at[i].address))
			same++;
		if (same == kept && is_listed(&all->at[i]))
			all->at[kept++] = all->at[i];
	}
	all->count = kept;
}

/* Both lists are in the library's order, and `here` has some of `all`, perhaps not all. */
static void mark(struct candidates *all, const struct candidates *here)
{
	all->here = calloc(all->count ? all->count : 1, sizeof(*all->here));
	if (!all->here)
		tool_no_memory();
	for (uint32_t i = 0, j = 0; i < all->count; i++) {
		uint32_t k = j;

		while (k < here->count && strcmp(all->at[i].address, here->at[k].address))
			k++;
		all->here[i] = k < here->count;
		j = all->here[i] ? k + 1 : j;
	}
}

int candidates_read(road_instance *instance, enum candidates_of of, struct candidates *out)
{
	const bool possible = of == CANDIDATES_CATALOGUE || of == CANDIDATES_EVERYTHING;
	struct candidates here;
	int code = collect(instance, road_instance_explain, 0, &here);

	*out = (struct candidates){.count = 0};
	if (!code)
		code = collect(instance,
			       of == CANDIDATES_DEVICES ? road_instance_enumerate
							: road_instance_explain,
			       possible ? ROAD_ENUMERATE_POSSIBLE : 0, out);
	if (!code && of == CANDIDATES_CATALOGUE)
		keep_catalogue(out);
	if (!code)
		mark(out, &here);
	candidates_free(&here);
	return code;
}

void candidates_free(struct candidates *candidates)
{
	free(candidates->at);
	free(candidates->here);
	*candidates = (struct candidates){.count = 0};
}

const char *candidates_state(const struct candidates *candidates, uint32_t index)
{
	switch (candidates->at[index].status) {
	case ROAD_OK: return candidates->here[index] ? "ready" : "possible";
	case ROAD_UNSUPPORTED: return "unsupported";
	case ROAD_NOT_READY: return "none";
	default: return "refused";
	}
}
