/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers: memory of a space; heaps, host mappings, addresses, look-up by address. */
#ifndef ROADBED_BUFFER_H
#define ROADBED_BUFFER_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum road_heap_kind {
	ROAD_HEAP_DEVICE,         /* the device's own memory, not visible to the host */
	ROAD_HEAP_DEVICE_VISIBLE, /* the device's own memory, mappable by the host */
	ROAD_HEAP_HOST,           /* pinned host memory that the device reaches */
	/*
	 * Scratchpads beside the device's units: a buffer lies at the same address in each of them.
	 * A queue's commands mean those of its region's units: what is copied or filled in goes to
	 * all of them, what is copied out comes from the first, and kernels use their own unit's.
	 * It keeps its bytes while queues of its space are open in the region; a change of layout,
	 * a reset, or another space's queues after that may clear it. Spaces whose queues share a
	 * region at a time are not isolated there. No word of it can be waited for or written as
	 * one. A device that has this heap lists it last.
	 */
	ROAD_HEAP_SCRATCH,
	ROAD_HEAP_KINDS
};

typedef struct road_heap_info {
	uint32_t size;
	uint32_t kind;  /* enum road_heap_kind */
	uint64_t bytes; /* 0: bounded by the host only */
	uint64_t used_bytes;
	uint64_t granule_bytes; /* of allocation, flush and invalidate */
	uint32_t host_visible;  /* road_buffer_map works */
	uint32_t coherent;      /* flush and invalidate do nothing */
	/* Of the buffers that this instance made in the heap since it opened the device; used_bytes
	 * also counts what the driver takes for itself, and rounding. */
	uint64_t buffer_bytes;      /* alive */
	uint64_t buffer_peak_bytes; /* the most that were alive at a time */
	uint64_t buffer_count;      /* alive */
} road_heap_info;
/* index from 0; ROAD_NOT_FOUND ends the list; ROAD_IO: what is in use cannot be known just now. A
 * device that no driver runs has heaps, too, where its kernel driver says how full they are: it
 * hands out nothing of them. There is one heap of a kind. Device heaps may be the
 * same memory and use it up together: road_device_info.memory_bytes is all there is. */
ROAD_API road_status road_device_heap(road_device *device, uint32_t index, road_heap_info *out);

#define ROAD_BUFFER_READ_ONLY 0x1u /* kernels may not write it (where the device has rights) */

typedef struct road_buffer_options {
	uint32_t size;
	uint32_t heap;      /* enum road_heap_kind; one that the device lacks is ROAD_UNSUPPORTED */
	uint64_t bytes;     /* > 0 */
	uint64_t alignment; /* power of two up to 2 MiB; 0 = the heap's granule */
	uint32_t flags;     /* ROAD_BUFFER_* */
	uint32_t reserved;
} road_buffer_options;

/*
 * Memory of a space, zero-filled. The device keeps `bytes` exactly: an access beyond is a fault
 * where the device has bounds. ROAD_INVALID_ARGUMENT (zero size, bad alignment),
 * ROAD_OUT_OF_DEVICE_MEMORY, ROAD_OUT_OF_HOST_MEMORY, ROAD_NO_SPACE (the space's quota, or bus
 * addresses are used up).
 */
ROAD_API road_status road_buffer_create(road_space *space, const road_buffer_options *options,
					road_buffer **out);
ROAD_API road_status road_buffer_retain(road_buffer *buffer);
/* The memory is freed when the last reference is gone and no submitted work uses it any more. */
ROAD_API void road_buffer_release(road_buffer *buffer);

/* A part of a buffer as a buffer of its own: same bytes, holds a reference to the parent.
 * offset + bytes must lie inside. */
ROAD_API road_status road_buffer_view(road_buffer *buffer, uint64_t offset, uint64_t bytes,
				      road_buffer **out);

typedef struct road_buffer_info {
	uint32_t size;
	uint32_t heap;
	uint64_t id; /* unique in the process, never reused */
	uint64_t bytes;
	uint64_t alignment;
	uint64_t address; /* device address in its space */
	uint32_t flags;
	uint32_t reserved;
} road_buffer_info;
ROAD_API road_status road_buffer_info_get(road_buffer *buffer, road_buffer_info *out);

/* Address of the buffer's first byte as kernels of its space see it. */
ROAD_API road_status road_buffer_address(road_buffer *buffer, uint64_t *out);

#define ROAD_MAP_READ  0x1u
#define ROAD_MAP_WRITE 0x2u
/*
 * Makes [offset, offset + bytes) visible to the host; the pointer stays valid until unmapped as
 * often as mapped, or the buffer is freed. ROAD_PERMISSION for a heap that is not host visible. A
 * buffer has one mapping, whoever asks for which part of it: access says what the caller is going
 * to do, nothing stops it from more. On heaps that are not coherent: invalidate before reading,
 * flush after writing.
 */
ROAD_API road_status road_buffer_map(road_buffer *buffer, uint64_t offset, uint64_t bytes,
				     uint32_t access, void **out);
ROAD_API road_status road_buffer_unmap(road_buffer *buffer);
/* Host's writes become visible to the device. Range is rounded to the heap's granule. */
ROAD_API road_status road_buffer_flush(road_buffer *buffer, uint64_t offset, uint64_t bytes);
/* Device's writes become visible to the host; unflushed host writes in the range are lost. */
ROAD_API road_status road_buffer_invalidate(road_buffer *buffer, uint64_t offset, uint64_t bytes);

/* What an address belongs to. */
typedef struct road_lookup_result {
	uint32_t size;
	uint32_t heap;
	road_buffer *buffer; /* no reference is given */
	road_space *space;
	road_device *device;
	uint64_t offset; /* of the address in the buffer */
	uint64_t base;
	uint64_t bytes;
	uint64_t id;
} road_lookup_result;
/* Finds the live buffer of this instance whose device addresses contain `address`, also interior
 * ones. ROAD_NOT_FOUND: not ours. Where two devices use equal physical addresses
 * (no ROAD_FEATURE_UNIFIED_ADDRESS) only tokens from road_buffer_address are found. */
ROAD_API road_status road_lookup(road_instance *instance, uint64_t address,
				 road_lookup_result *out);

/* Memory as a descriptor that another process, or another device of this one, can import: a sealed
 * memfd, of host heaps of an alignment up to 4096; of a device that the kernel's driver runs a
 * dma-buf, of its own memory, too, which other drivers of the kernel import. Else ROAD_UNSUPPORTED.
 * Of a view: all of its parent's memory. The caller closes the descriptor. */
ROAD_API road_status road_buffer_export(road_buffer *buffer, int *fd);
/* Imports a descriptor: memory that is sealed against shrinking (ROAD_INVALID_ARGUMENT else) and
 * not against writing (ROAD_PERMISSION), or a dma-buf of any driver of the kernel that lets
 * programs map it to read and write; of that, `bytes` from its beginning on. The descriptor is
 * duplicated. Where processor and devices do not see the same bytes at once, flush and invalidate
 * are the dma-buf's begin and end. */
ROAD_API road_status road_buffer_import(road_space *space, int fd, uint64_t bytes,
					road_buffer **out);

/*
 * The same as 64 bytes that can be copied anywhere, for protocols that carry no descriptors. What
 * was imported lives on its own from then on.
 *
 * Of a device that a server has (sock:) the server keeps the token. It is a right: whoever has the
 * bytes, is of the same user and has a device of the same server may import it. It ends with the
 * buffer, with its space, and with the exporter; a client has at most 64 at a time
 * (ROAD_NO_SPACE), and the same one for the same buffer and process.
 *
 * Of any other device a token is a name, and no right: whoever imports it must be allowed to look
 * at this process (same user; see ptrace(2)), and the buffer must still be alive here.
 *
 * Importing checks that it is the memory that was meant: ROAD_NOT_FOUND if it is gone, or was never
 * there; ROAD_PERMISSION; ROAD_INVALID_ARGUMENT for what is no token; ROAD_UNSUPPORTED for one that
 * a server keeps, where the device is not of a server.
 */
ROAD_API road_status road_buffer_export_token(road_buffer *buffer, road_token *out);
ROAD_API road_status road_buffer_import_token(road_space *space, const road_token *token,
					      road_buffer **out);
/* For one process alone, by its number as the server sees it (0: any of this user); the server
 * looks at who connected to it. ROAD_UNSUPPORTED: no server has the device. */
ROAD_API road_status road_buffer_export_token_to(road_buffer *buffer, uint32_t process,
						 road_token *out);

/* The same memory in another space, of this or another device of the process: a buffer of its own,
 * with an address of its own, which outlives the first. Host heaps only; ROAD_UNSUPPORTED else, and
 * for a device that cannot import. */
ROAD_API road_status road_buffer_attach(road_buffer *buffer, road_space *space, road_buffer **out);

#ifdef __cplusplus
}
#endif
#endif
