/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR Apache-2.0 */
/*
 * What the tests' kernel driver offers on its node, beside DRM's own calls (objects of GEM, PRIME,
 * timeline syncobjs): an engine that fills and copies, with queues. All of a queue's jobs run in
 * order. A job that fails ends its queue: the jobs behind it fail, too; a new queue works.
 */
#ifndef ROADBED_TEST_H
#define ROADBED_TEST_H

#ifdef __KERNEL__
#include <drm/drm.h>
#else
#include <drm.h>
#endif

#define ROADBED_TEST_NAME "roadbed_test"

enum {
	ROADBED_TEST_OPS_MAX = 65536,   /* of a job */
	ROADBED_TEST_MEMORY = 64 << 20, /* bytes of the device, of all objects that were created */
};

/* Memory of the device, zero-filled: bytes in, a handle and where the node maps it out. ENOSPC: the
 * device has no more. */
struct roadbed_test_create {
	__u64 bytes; /* rounded up to pages */
	__u64 map_offset;
	__u32 handle;
	__u32 pad;
};

/* A byte in an object; in the caller's memory, which stays pinned until the job ended; or nowhere,
 * which is a fault of the job. */
enum { ROADBED_TEST_OBJECT, ROADBED_TEST_POINTER, ROADBED_TEST_NOWHERE };
struct roadbed_test_place {
	__u64 at; /* offset, or pointer; of nowhere: the address that the fault tells */
	__u32 kind;
	__u32 handle; /* of an object */
};

enum { ROADBED_TEST_FILL, ROADBED_TEST_COPY, ROADBED_TEST_TIMESTAMP };
struct roadbed_test_op {
	__u32 kind;
	__u32 pattern_bytes; /* fill: 1, 2, 4, 8 */
	__u64 pattern;
	struct roadbed_test_place dst, src; /* src: copy */
	__u64 bytes;                        /* of a row; a timestamp's: 8, CLOCK_MONOTONIC in ns */
	__u32 rows, slices;                 /* copy; else 1 */
	__u64 dst_row_pitch, dst_slice_pitch, src_row_pitch, src_slice_pitch;
};

struct roadbed_test_queue {
	__u32 queue;
	__u32 pad;
};

/* Starts when in_point of in_syncobj is there, and reaches out_point of out_syncobj when it ended,
 * however it ended; a syncobj of 0 is none, and a point of 0 is no news in roadbed_test_status. */
struct roadbed_test_submit {
	__u64 ops; /* pointer */
	__u32 op_count;
	__u32 queue;
	__u32 in_syncobj, out_syncobj;
	__u64 in_point, out_point;
};

struct roadbed_test_status {
	__u32 queue;
	__s32 error;        /* of the first job that failed: -EFAULT, ... */
	__u64 completed;    /* out_point of the last job that has one and ended well */
	__u64 fault;        /* of -EFAULT: where in the object, or the address */
	__u32 fault_handle; /* 0: none */
	__u32 pad;
};

#define DRM_IOCTL_ROADBED_TEST_CREATE     DRM_IOWR(DRM_COMMAND_BASE + 0, struct roadbed_test_create)
#define DRM_IOCTL_ROADBED_TEST_QUEUE_OPEN DRM_IOWR(DRM_COMMAND_BASE + 1, struct roadbed_test_queue)
/* Stops what runs; when it returns nothing of the queue's memory is touched any more. */
#define DRM_IOCTL_ROADBED_TEST_QUEUE_CLOSE DRM_IOWR(DRM_COMMAND_BASE + 2, struct roadbed_test_queue)
#define DRM_IOCTL_ROADBED_TEST_SUBMIT      DRM_IOWR(DRM_COMMAND_BASE + 3, struct roadbed_test_submit)
#define DRM_IOCTL_ROADBED_TEST_STATUS      DRM_IOWR(DRM_COMMAND_BASE + 4, struct roadbed_test_status)

#endif
