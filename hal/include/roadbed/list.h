/* SPDX-License-Identifier: Apache-2.0 */
/* Command lists: recorded once, submitted any number of times. */
#ifndef ROADBED_LIST_H
#define ROADBED_LIST_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum road_command_kind {
	ROAD_COMMAND_COPY,
	ROAD_COMMAND_WRITE,
	ROAD_COMMAND_READ,
	ROAD_COMMAND_FILL,
	ROAD_COMMAND_LAUNCH,
	ROAD_COMMAND_BARRIER,
	ROAD_COMMAND_WAIT_VALUE,
	ROAD_COMMAND_WRITE_VALUE,
	ROAD_COMMAND_CALLBACK,
	ROAD_COMMAND_TIMESTAMP,
	ROAD_COMMAND_RECONFIGURE, /* <roadbed/region.h> */
	ROAD_COMMAND_KINDS
};

#define ROAD_LIST_CONCURRENT 0x1u /* commands may overlap; only barriers order them */

/* An empty list for queues of this space, open for recording. One thread records at a time. */
ROAD_API road_status road_list_create(road_space *space, uint32_t flags, road_list **out);
ROAD_API road_status road_list_retain(road_list *list);
/* Submitted work keeps what it needs of the list. */
ROAD_API void road_list_release(road_list *list);
/* Ends recording; a list must be closed before it is submitted and cannot be reopened. */
ROAD_API road_status road_list_close(road_list *list);

/*
 * Every recording function checks its arguments when called, holds references to the buffers and
 * kernels named until the list is gone, and answers ROAD_BUSY once the list is closed,
 * ROAD_UNSUPPORTED if the device's `commands` lack the kind. Offsets and sizes are in bytes and
 * must lie inside the buffers. Buffers must belong to the list's space, unless stated.
 */

/* Overlapping source and destination behave as if the source was read first, lines and boxes;
 * two buffers made of one memory (road_buffer_import, road_buffer_attach) count as two memories. A
 * buffer of another space, also of another device, is copied through one of road_buffer_attach. */
ROAD_API road_status road_list_copy(road_list *list, road_buffer *dst, uint64_t dst_offset,
				    road_buffer *src, uint64_t src_offset, uint64_t bytes);

/* rows x bytes, slices deep; pitches in bytes: between rows, between slices. Pitches must cover
 * what they step over. */
typedef struct road_copy_box {
	uint32_t size;
	uint32_t rows, slices; /* >= 1 */
	uint32_t reserved;
	uint64_t bytes; /* of a row */
	uint64_t dst_offset, dst_row_pitch, dst_slice_pitch;
	uint64_t src_offset, src_row_pitch, src_slice_pitch;
} road_copy_box;
ROAD_API road_status road_list_copy_box(road_list *list, road_buffer *dst, road_buffer *src,
					const road_copy_box *box);

/* Host memory to device. Up to 64 KiB the source is captured at submit and may be reused at once;
 * above that it must stay unchanged until the submission completes. */
ROAD_API road_status road_list_write(road_list *list, road_buffer *dst, uint64_t offset,
				     const void *src, uint64_t bytes);
/* Device to host memory; dst is written until the submission completes. */
ROAD_API road_status road_list_read(road_list *list, void *dst, road_buffer *src, uint64_t offset,
				    uint64_t bytes);
/* Repeats the pattern's low `pattern_bytes` (1, 2, 4 or 8) over a multiple of it. */
ROAD_API road_status road_list_fill(road_list *list, road_buffer *dst, uint64_t offset,
				    uint64_t bytes, uint64_t pattern, uint32_t pattern_bytes);

#define ROAD_LAUNCH_COOPERATIVE 0x1u /* all workgroups resident at once, else ROAD_NO_SPACE */
/* Activates the expected configuration if the region holds another one. The chip may let launches
 * that name one image go before others of its queues for a while, rather than switch each time. */
#define ROAD_LAUNCH_ACTIVATE 0x2u

#define ROAD_USES_MAX 65536

typedef struct road_launch {
	uint32_t size;
	uint32_t flags; /* ROAD_LAUNCH_* */
	road_kernel *kernel;
	road_dim3 grid;        /* workgroups; each >= 1 */
	road_dim3 block;       /* work-items of a workgroup; each >= 1 */
	uint32_t shared_bytes; /* dynamic shared memory */
	uint32_t reserved;
	/* The arguments: one packed block laid out as the kernel's layout says, or an array of
	 * argument_count pointers, one per parameter; captured when recorded. */
	const void *arguments;
	uint64_t argument_bytes; /* of the block; 0: argument_pointers is used */
	const void *const *argument_pointers;
	uint32_t argument_count;
	uint32_t reserved2;
	uint64_t watchdog; /* most warp instructions (or the device's unit); 0 = default */
	/* The buffers it touches, at most ROAD_USES_MAX; NULL: any of the space. */
	road_buffer *const *uses;
	uint32_t use_count;
	uint32_t reserved3;
	/* Workgroups of a cluster, in each dimension: they are resident together. All 0: none. Else
	 * each >= 1 and a divisor of the grid's. ROAD_UNSUPPORTED without ROAD_FEATURE_CLUSTERS. */
	road_dim3 cluster;
	uint32_t reserved4;
	/* The configuration (road_config_info.id) that the queue's region has to hold when the
	 * launch starts, else it fails with ROAD_CONFIG_MISMATCH. 0: the one that the kernel is of,
	 * which it activates if need be; or, if it is of none, the queue's current one.
	 * ROAD_UNSUPPORTED without ROAD_FEATURE_REGIONS. */
	uint64_t configuration;
} road_launch;
ROAD_API road_status road_list_launch(road_list *list, const road_launch *launch);

/* All commands before complete before any after starts (lists with ROAD_LIST_CONCURRENT). */
ROAD_API road_status road_list_barrier(road_list *list);

enum road_compare { ROAD_COMPARE_GE, ROAD_COMPARE_EQ, ROAD_COMPARE_AND, ROAD_COMPARE_NOR };
/*
 * The queue waits until the word (4 or 8 bytes, naturally aligned) compares to value: GE is cyclic
 * ((signed)(word - value) >= 0), AND: (word & value) != 0, NOR: ~(word | value) != 0. Changes by
 * the device's own commands and, in host-visible memory, by the host are noticed.
 */
ROAD_API road_status road_list_wait_value(road_list *list, road_buffer *buffer, uint64_t offset,
					  uint32_t bytes, uint32_t compare, uint64_t value);
/* Stores value (4 or 8 bytes) after all earlier commands, with release order. */
ROAD_API road_status road_list_write_value(road_list *list, road_buffer *buffer, uint64_t offset,
					   uint32_t bytes, uint64_t value);

#define ROAD_CALLBACK_INLINE                                                \
	0x1u /* does not block; runs on the thread that runs the simulation \
	      */
/* Not called if its submission failed before; `user` must stay valid until it returned. It may
 * submit, signal, fail and query; waits in it answer ROAD_WRONG_CONTEXT. Its queue is blocked until
 * it returns; all else goes on. It may block on the program's other threads unless it is INLINE.
 * Runs with no lock held. */
typedef void (*road_callback_fn)(void *user);
ROAD_API road_status road_list_callback(road_list *list, road_callback_fn fn, void *user,
					uint32_t flags);

/* Stores the device's clock in ns (8 bytes, aligned) after all earlier commands. */
ROAD_API road_status road_list_timestamp(road_list *list, road_buffer *buffer, uint64_t offset);

#ifdef __cplusplus
}
#endif
#endif
