/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory as a device sees it that does not look into the host's caches: bytes of its own,
 * which meet the host's only when a line is written back or invalidated. What a program forgot to
 * flush stays stale until some moment that nobody chose: a few dirty lines are written back at
 * doorbells, picked by a seed.
 *
 * Of a line the host's cache knows what it held when both sides last met (`clean`): a line is dirty
 * where the host's bytes differ from that. Writing back a line that is not dirty does nothing, so
 * what the device wrote there meanwhile stays; invalidating loses what was not written back.
 *
 * Memory that is mapped twice has two shadows: what the device writes by one of the addresses is
 * seen by the other only after both were synced. What one of them brings to the host is no write of
 * the host's to the other: road_shadow_share.
 *
 * One thread at a time: the owner's lock sees to that. The host's bytes may change under a
 * write-back that nobody asked for; the line is dirty again then. Likewise the device may write
 * `seen` meanwhile, where it runs in another process.
 */
#ifndef HAL_BUS_SHADOW_H
#define HAL_BUS_SHADOW_H

#include <roadbed-driver/bus.h>

enum { ROAD_SHADOW_LINE_MAX = 256 }; /* bytes */

struct road_shadow {
	char *host;  /* the program's or the driver's; not owned */
	char *seen;  /* by the device; owned unless it was given */
	char *clean; /* by the host's cache, when it last met the device's */
	uint64_t bytes, line;
	bool given;
	bool lent; /* the host's memory may go before the shadow does: looked at when asked alone */
	struct road_shadow *next; /* the owner's */
};

/* Both sides begin equal. seen: zeroed memory that the device sees, which outlives the shadow;
 * NULL: memory of the shadow's own. ROAD_OUT_OF_HOST_MEMORY. */
road_status road_shadow_create(void *host, void *seen, uint64_t bytes, uint64_t line,
			       struct road_shadow **out);
/* The same where `host` is zeroed memory that nobody has touched, with `seen` the shadow's own:
 * then no page of either is. */
road_status road_shadow_create_blank(void *host, uint64_t bytes, uint64_t line,
				     struct road_shadow **out);
void road_shadow_destroy(struct road_shadow *shadow); /* NULL is fine */
/* Lines that [offset, offset + bytes) touches, within the shadow: BOTH writes back, then
 * invalidates. */
void road_shadow_sync(struct road_shadow *shadow, uint64_t offset, uint64_t bytes,
		      enum road_dma_direction direction);
/* Before `from` is invalidated in the range: where `other` covers the same memory and is not dirty,
 * it is not dirty afterwards either. */
void road_shadow_share(struct road_shadow *other, const struct road_shadow *from, uint64_t offset,
		       uint64_t bytes);
/* The line's turn to leave the cache: written back if it is dirty. index: modulo the lines. */
void road_shadow_evict(struct road_shadow *shadow, uint64_t index);

#endif
