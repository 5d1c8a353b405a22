/* SPDX-License-Identifier: Apache-2.0 */
/* Bus addresses of one function and the host memory behind them. */
#ifndef HAL_BUS_IOVA_H
#define HAL_BUS_IOVA_H

#include <pthread.h>
#include <roadbed-driver/bus.h>
#include <stdatomic.h>

struct road_iova_range {
	uint64_t iova, bytes;
	char *host;
	bool writable; /* by the device */
};

/* What was found lately, by page of the bus address; used by whoever translates, without the lock.
 */
enum { ROAD_IOVA_HITS = 16 };
struct road_iova_hit {
	uint64_t removals; /* good as long as no mapping was removed since */
	struct road_iova_range range;
};

struct road_iova_table {
	pthread_mutex_t lock;
	struct road_iova_range *ranges; /* sorted by iova */
	size_t count, room;
	_Atomic uint64_t removals; /* from 1 */
	struct road_iova_hit hits[ROAD_IOVA_HITS];
	uint64_t first, mask, cursor; /* addresses are given out upwards, then again from below */
	bool lowest;                  /* each time the lowest gap that is large enough, instead */
};

void road_iova_init(struct road_iova_table *table, uint64_t mask);
/* Lowers the mask. */
void road_iova_limit(struct road_iova_table *table, uint64_t mask);
void road_iova_free(struct road_iova_table *table);
/* Gives none of [iova, iova + bytes) out: a range that is free and not empty. */
road_status road_iova_reserve(struct road_iova_table *table, uint64_t iova, uint64_t bytes);
/* ROAD_NO_SPACE: no gap below the mask is large enough. */
road_status road_iova_add(struct road_iova_table *table, void *host, uint64_t bytes, bool writable,
			  road_iova *out);
/* At an address that somebody else chose; ROAD_BUSY: something of it is mapped. The pages before
 * and behind need not be free. */
road_status road_iova_insert(struct road_iova_table *table, uint64_t iova, void *host,
			     uint64_t bytes, bool writable);
/* The mapping that begins there and is so long; false: there is none. */
bool road_iova_find(struct road_iova_table *table, uint64_t iova, uint64_t bytes, void **host);
void road_iova_remove(struct road_iova_table *table, road_iova iova);
/*
 * NULL unless all of it lies in one mapping with this right. One thread at a time: the engine's
 * lock sees to that. A mapping that another thread removes meanwhile may still be given; none is
 * that was removed before the call.
 */
void *road_iova_translate(struct road_iova_table *table, uint64_t iova, uint64_t bytes, bool write);

#endif
