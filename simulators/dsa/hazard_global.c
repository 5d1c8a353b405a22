/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hazards in global memory, between queues and between blocks of one task. Blocks are ordered by
 * cross-core flags alone, on whatever core they run and in whatever order they began. Accesses of
 * two tasks are not compared: streams and events order those, which cores know nothing of.
 *
 * A wait for a cross-core flag is an event of its queue: from there on the queue, and who is behind
 * it by local order, is behind what the setters knew of.
 */
#include "simulators/dsa/hazard.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/hazard_cells.h"

enum { PAGE = 4096, CELLS = PAGE / DSA_GRANULE, PAGES_MAX = 32768, SLOTS = 2 * PAGES_MAX };
#define SYSTEM_KEY (UINT64_C(1) << 63)

struct page {
	uint64_t key; /* physical page + 1; 0: free */
	uint64_t task;
	struct dsa_cell *cells;
};

struct dsa_shadow {
	uint32_t cores, words; /* of a clock over all blocks of a cooperative task */
	struct page *pages;    /* open addressing */
	uint32_t page_count;
};

struct dsa_shadow *dsa_shadow_create(uint32_t cores)
{
	struct dsa_shadow *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cores = cores;
	s->words = cores * ROAD_DSA_QUEUES;
	s->pages = calloc(SLOTS, sizeof(*s->pages));
	if (s->pages)
		return s;
	dsa_shadow_destroy(s);
	return NULL;
}

static void forget_pages(struct dsa_shadow *s)
{
	for (uint32_t i = 0; s->pages && i < SLOTS; i++) {
		free(s->pages[i].cells);
		s->pages[i] = (struct page){0};
	}
	s->page_count = 0;
}

void dsa_shadow_destroy(struct dsa_shadow *s)
{
	if (!s)
		return;
	forget_pages(s);
	free(s->pages);
	free(s);
}

/* ---- clocks of other blocks ---- */

static void join(uint32_t *clock, const uint32_t *other, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		clock[i] = clock[i] > other[i] ? clock[i] : other[i];
}

/* The last wait of queue `q` that is over at its clock `limit`; NULL: none. */
static const struct dsa_learned *learned_by(const struct dsa_hazards *h, uint32_t q, uint32_t limit)
{
	for (uint32_t i = h->learned_count; i-- > 0;)
		if (h->learned[i]->queue == q && h->learned[i]->clock <= limit)
			return h->learned[i];
	return NULL;
}

/* What the queue knows of other blocks, into h->remote. */
static void gather(struct dsa_hazards *h, uint32_t queue)
{
	memset(h->remote, 0, h->shadow->words * sizeof(*h->remote));
	for (uint32_t q = 0; q < ROAD_DSA_QUEUES; q++) {
		uint32_t limit = q == queue ? h->count[q] : h->known[queue][q];
		const struct dsa_learned *learned = learned_by(h, q, limit);

		if (learned)
			join(h->remote, learned->known, h->shadow->words);
	}
}

/* What the setters of the core's flag knew: of this task, which may come before its block does. */
static uint32_t *inbox_of(struct dsa_hazards *h, uint64_t task, uint32_t id)
{
	if (h->inbox_task != task) {
		h->inbox_task = task;
		memset(h->inbox, 0, dsa_hazards_inbox_bytes(h->shadow->cores));
	}
	return h->inbox + (size_t)id * h->shadow->words;
}

void dsa_hazards_cross_set(struct dsa_hazards *h, uint32_t queue, uint32_t block, uint32_t id)
{
	const struct dsa_task *task = h ? h->core->task : NULL;
	uint32_t *mine;

	if (!h || !h->shadow || !task->cores || task->blocks > h->shadow->cores)
		return;
	gather(h, queue);
	h->fresh = true; /* h->remote will be another's */
	mine = h->remote + (size_t)h->core->block * ROAD_DSA_QUEUES;
	memcpy(mine, h->known[queue], sizeof(h->known[queue]));
	mine[queue] = h->count[queue];
	for (uint32_t b = 0; b < task->blocks; b++) {
		if (b == h->core->block || (block != UINT32_MAX && b != block) || !task->cores[b])
			continue;
		join(inbox_of(task->cores[b]->hazards, task->id, id), h->remote, h->shadow->words);
	}
}

/* Room for one more; NULL: no memory, and nothing is compared between blocks any more. */
static struct dsa_learned *new_learned(struct dsa_hazards *h)
{
	size_t words = h->shadow->words * sizeof(uint32_t);
	struct dsa_learned *learned = malloc(sizeof(*learned) + words);
	void *list = realloc(h->learned, (h->learned_count + 1) * sizeof(*h->learned));

	if (list)
		h->learned = list;
	if (list && learned) {
		h->learned[h->learned_count++] = learned;
		return learned;
	}
	free(learned);
	h->deaf = true;
	return NULL;
}

void dsa_hazards_cross_wait(struct dsa_hazards *h, uint32_t queue, uint32_t id)
{
	const struct dsa_learned *before;
	struct dsa_learned *learned;

	if (!h || !h->shadow)
		return;
	before = learned_by(h, queue, UINT32_MAX);
	learned = new_learned(h);
	if (!learned)
		return;
	h->count[queue]++;
	learned->queue = queue;
	learned->clock = h->count[queue];
	memcpy(learned->known, inbox_of(h, h->core->task->id, id),
	       h->shadow->words * sizeof(uint32_t));
	if (before)
		join(learned->known, before->known, h->shadow->words);
}

void dsa_hazards_forget(struct dsa_hazards *h)
{
	while (h->learned_count)
		free(h->learned[--h->learned_count]);
	h->deaf = false;
}

/* ---- cells ---- */

/* The page's slot, or the free one where it belongs. */
static struct page *find(struct dsa_shadow *s, uint64_t key)
{
	uint32_t i = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % SLOTS;

	while (s->pages[i].key && s->pages[i].key != key)
		i = (i + 1) % SLOTS;
	return &s->pages[i];
}

/* The cells of a page for this task; NULL: no memory. */
static struct dsa_cell *cells_of(struct dsa_hazards *h, uint64_t key)
{
	struct dsa_shadow *s = h->shadow;
	struct page *page = find(s, key);

	if (page->key && page->task == h->core->task->id)
		return page->cells;
	if (page->key) {
		memset(page->cells, 0, CELLS * sizeof(struct dsa_cell));
		page->task = h->core->task->id;
		return page->cells;
	}
	if (s->page_count == PAGES_MAX) {
		sim_approximate(h->core->setup.env, "hazards of global memory forgotten", 1);
		forget_pages(s);
		page = find(s, key);
	}
	page->cells = calloc(CELLS, sizeof(struct dsa_cell));
	if (!page->cells)
		return NULL;
	page->key = key;
	page->task = h->core->task->id;
	s->page_count++;
	return page->cells;
}

static void touch_page(struct dsa_hazards *h, struct dsa_access *access, uint64_t at, uint64_t end,
		       bool system)
{
	struct dsa_cell *cells = cells_of(h, (at / PAGE + 1) | (system ? SYSTEM_KEY : 0));

	for (; cells && at < end; at = (at / DSA_GRANULE + 1) * DSA_GRANULE) {
		struct dsa_record other = {0};

		access->self.mask = dsa_granule_mask(at, end);
		if (dsa_cell_touch(&cells[at % PAGE / DSA_GRANULE], access, &other))
			dsa_hazards_report(h, &other, &access->self,
					   system ? "host memory" : "memory", at);
	}
}

void dsa_hazards_global(struct dsa_hazards *h, const struct dsa_piece *piece, uint64_t offset,
			uint64_t bytes, bool write)
{
	uint64_t at = piece->pa + offset, end = at + bytes;
	struct dsa_access access;

	if (!h || !h->shadow || h->deaf)
		return;
	dsa_hazards_limits(h, write, &access);
	access.self.core = (uint16_t)h->core->block;
	if (h->core->task->cooperative && h->fresh) {
		gather(h, h->queue);
		h->fresh = false;
	}
	access.remote = h->core->task->cooperative ? h->remote : NULL;
	while (at < end) {
		uint64_t stop = (at / PAGE + 1) * PAGE;

		stop = stop < end ? stop : end;
		touch_page(h, &access, at, stop, piece->system);
		at = stop;
	}
}
