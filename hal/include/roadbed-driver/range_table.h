/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space of a chip that has no pages, but a table of ranges in host memory (sorted by
 * address, 32 bytes each: uapi/range.h): for ports whose chip reads such a table when it is told
 * to, and then only.
 */
#ifndef ROADBED_DRIVER_RANGE_TABLE_H
#define ROADBED_DRIVER_RANGE_TABLE_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_range_table;

struct road_range_entry {
	uint64_t va, bytes;
	uint64_t pa;    /* of the chip's memory, or a bus address: as flags say */
	uint32_t flags; /* the chip's; rights in the low two bits */
};

/*
 * Makes the table known to the chip, and returns when it has read it: the table may be changed in
 * place then. One call at a time for a table; may take leaf locks of the port.
 */
typedef road_status (*road_range_tell)(void *user, road_iova table, uint32_t count);

/* most: ranges that the chip takes. The chip is told of it by the first change, or by
 * road_range_table_restore. */
ROAD_API road_status road_range_table_create(struct road_bus *bus, uint32_t most,
					     road_range_tell tell, void *user,
					     struct road_range_table **out);
ROAD_API void road_range_table_destroy(struct road_range_table *table); /* NULL is fine */
/* Any thread. A change that the chip was not told of is undone; only a removal stays. */
ROAD_API road_status road_range_table_map(struct road_range_table *table,
					  const struct road_range_entry *entry);
/* New rights for the range that begins at va; ROAD_OK too if there is none. */
ROAD_API road_status road_range_table_protect(struct road_range_table *table, uint64_t va,
					      uint32_t rights);
ROAD_API void road_range_table_unmap(struct road_range_table *table, uint64_t va);
/* Tells the chip again, after a reset. */
ROAD_API road_status road_range_table_restore(struct road_range_table *table);

#ifdef __cplusplus
}
#endif
#endif
