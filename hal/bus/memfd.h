/* SPDX-License-Identifier: Apache-2.0 */
/* Zeroed memory in a memfd that is sealed against shrinking, so that no other owner can kill us by
 * truncating it. */
#ifndef HAL_BUS_MEMFD_H
#define HAL_BUS_MEMFD_H

#include <roadbed/base.h>
#include <stdbool.h>
#include <stdint.h>

road_status road_memfd_alloc(uint64_t bytes, void **memory, int *fd);
void road_memfd_free(void *memory, uint64_t bytes, int fd);

/* Is it sealed against shrinking, and of so many bytes from the offset on? Then it stays so. */
road_status road_memfd_check(int fd, uint64_t offset, uint64_t bytes, const char *where);
/* Maps memory that somebody else made: refused unless it is sealed against shrinking, since its
 * other owner could else kill us by truncating it; its size is read after that. where: names the
 * call in errors. */
road_status road_memfd_map(int fd, uint64_t bytes, const char *where, void **memory);
/* The same, or a dma-buf. */
road_status road_memfd_map_any(int fd, uint64_t bytes, const char *where, void **memory);
void road_memfd_unmap(void *memory, uint64_t bytes);
/* A piece of it, from `offset` (whole pages) on; ended by munmap. */
road_status road_memfd_map_at(int fd, uint64_t offset, uint64_t bytes, const char *where,
			      void **memory);

/* The descriptor behind memory of road_memfd_map that covers all of the range, and where in it the
 * range begins; -1: it is other memory. The descriptor is a copy: the caller closes it. */
int road_memfd_find(const void *memory, uint64_t bytes, uint64_t *offset);

/* Memory of a device that the kernel shares by descriptor: its size never changes. */
bool road_memfd_is_dma_buf(int fd);

/* Which memory a descriptor is, in words that other processes understand. */
struct road_memfd_name {
	uint64_t device, inode, bytes;
	uint32_t process, fd; /* process: for the caller to fill */
};
road_status road_memfd_name(int fd, struct road_memfd_name *out);
/* A descriptor of the memory that another process knows by this name; the caller closes it. */
road_status road_memfd_open(const struct road_memfd_name *name, const char *where, int *fd);

#endif
