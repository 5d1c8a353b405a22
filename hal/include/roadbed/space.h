/* SPDX-License-Identifier: Apache-2.0 */
/* Spaces: a client's address space on one device; the unit of isolation, quota, sticky faults. */
#ifndef ROADBED_SPACE_H
#define ROADBED_SPACE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one space of this device that all users of the instance share. */
ROAD_API road_status road_space_shared(road_device *device, road_space **out);

typedef struct road_space_options {
	uint32_t size;
	uint32_t flags;       /* 0 */
	uint64_t quota_bytes; /* of all heaps together; 0 = none */
	/* Who works in a part of the chip: queues of the space run in this region, and no other,
	 * and buffers in the device's own memory take it from the region's share
	 * (road_region_info.memory_bytes), which all spaces of the region in this instance use up
	 * together: beyond it ROAD_OUT_OF_DEVICE_MEMORY, though the chip has more. Counted are the
	 * bytes that were asked for. A share is a limit: it is not kept free of buffers of spaces
	 * without region. Once the region is gone no buffers and queues are made any more
	 * (ROAD_STALE); what there is works on. A reference is held. NULL: any region's, all
	 * memory. */
	road_region *region;
} road_space_options;
/* A further space, isolated from the others. ROAD_UNSUPPORTED without ROAD_FEATURE_SPACES,
 * ROAD_NO_SPACE when the device has no more. With a region: ROAD_STALE; ROAD_BUSY: it has children;
 * ROAD_INVALID_ARGUMENT: it is another device's. options may be NULL. */
ROAD_API road_status road_space_create(road_device *device, const road_space_options *options,
				       road_space **out);
ROAD_API road_status road_space_retain(road_space *space);
/* Queues, buffers, images and lists of the space hold references to it; the last one closes. */
ROAD_API void road_space_release(road_space *space);

/* Closes now: unfinished work of its queues fails with ROAD_CANCELLED, buffers and images are
 * freed. What is still held of the space answers ROAD_STALE; releasing it stays right. */
ROAD_API road_status road_space_close(road_space *space);

/* Waits until all work submitted to the space's queues so far completed or failed; the first
 * failure is returned. ROAD_TIMEOUT. */
ROAD_API road_status road_space_drain(road_space *space, uint64_t deadline);

/* ROAD_OK, or the first fault of the space since it was made or its device was last reset (sticky).
 * detail may be NULL. */
ROAD_API road_status road_space_status(road_space *space, road_error *detail);

typedef struct road_space_usage {
	uint32_t size;
	uint32_t buffers;     /* alive */
	uint64_t bytes;       /* allocated in all heaps */
	uint64_t quota_bytes; /* 0 = none */
} road_space_usage;
ROAD_API road_status road_space_usage_get(road_space *space, road_space_usage *out);

/*
 * Buffers at addresses that the program chooses, for kernels that are to see pieces of memory side
 * by side, or one piece twice. ROAD_UNSUPPORTED without ROAD_FEATURE_SPACE_MAP.
 *
 * A reservation is a range of addresses in which nothing is mapped yet. bytes: a multiple of 4096;
 * alignment: 0, or a power of two. It ends with the space, or by unreserve (ROAD_NOT_FOUND: none
 * begins there; ROAD_BUSY: a buffer is mapped in it).
 */
ROAD_API road_status road_space_reserve(road_space *space, uint64_t bytes, uint64_t alignment,
					uint64_t *address);
ROAD_API road_status road_space_unreserve(road_space *space, uint64_t address);
/*
 * Shows [offset, offset + bytes) of a buffer of this space at `address`, too, inside one
 * reservation; address and offset are multiples of 4096. access: ROAD_MAP_READ, ROAD_MAP_WRITE:
 * what kernels may do there, whatever holds at the buffer's own address. road_lookup finds the
 * buffer from there. The mapping holds no reference: it ends with the buffer, the space, or by
 * unmap, which names it by its address. Kernels that still run there then fault.
 * ROAD_INVALID_ARGUMENT (range, alignment, other space), ROAD_BUSY (something is mapped there, or
 * another thread changes it), ROAD_PERMISSION (write access to a read-only buffer), ROAD_NOT_FOUND
 * (unmap, protect: no mapping begins there).
 */
ROAD_API road_status road_space_map(road_space *space, uint64_t address, road_buffer *buffer,
				    uint64_t offset, uint64_t bytes, uint32_t access);
ROAD_API road_status road_space_unmap(road_space *space, uint64_t address);
/* Changes what kernels may do there, for accesses from now on. */
ROAD_API road_status road_space_protect(road_space *space, uint64_t address, uint32_t access);

/* What kernels of the space may use beside its buffers, in bytes. */
enum road_limit {
	ROAD_LIMIT_STACK,        /* of one work-item */
	ROAD_LIMIT_PRINT_BUFFER, /* what kernels print until it is read: of the space */
	ROAD_LIMIT_HEAP,         /* what kernels may allocate themselves: of the space */
	ROAD_LIMIT_KINDS
};
/*
 * Asks for at least `bytes`; the device rounds up, and road_space_limit tells what it took. Holds
 * for launches that are submitted afterwards; what was printed or allocated before stays.
 * ROAD_INVALID_ARGUMENT: no such limit, or more than the device can give (the detail says how
 * much). ROAD_UNSUPPORTED: the device has no such limit, or it is fixed. ROAD_BUSY: it cannot
 * change while work of the space is unfinished. ROAD_OUT_OF_DEVICE_MEMORY.
 */
ROAD_API road_status road_space_limit_set(road_space *space, uint32_t limit, uint64_t bytes);
/* The limit now. ROAD_UNSUPPORTED: the device has no such limit. */
ROAD_API road_status road_space_limit(road_space *space, uint32_t limit, uint64_t *bytes);

/*
 * Takes up to `capacity` bytes of what the space's kernels printed and nobody read yet, oldest
 * first: text without a terminating 0, formatted already. *bytes receives how many, 0 if there is
 * nothing. A text that does not fit is split; the rest comes with the next call. What kernels
 * printed while the print buffer was full is lost, and a line of the text says where and how much.
 * Output of a launch is there once a point that its submission signals is reached; what is read
 * earlier may be incomplete. One reader gets each byte, whichever thread calls first.
 * buffer may be NULL if capacity is 0. ROAD_UNSUPPORTED: kernels of this device cannot print.
 */
ROAD_API road_status road_space_output_read(road_space *space, char *buffer, size_t capacity,
					    size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
