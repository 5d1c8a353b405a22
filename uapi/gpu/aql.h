/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work packets of the Roadbed GPGPU: 64 bytes each, in rings that the host writes and the chip's
 * command processor reads. Header, dispatch and barrier packets have the field layout of the HSA
 * Architected Queuing Language (HSA Platform System Architecture 1.2, section 2.9); what HSA
 * leaves to vendors (type 0) is defined here.
 *
 * The producer writes a packet's body, then its 16-bit header with a release store, then rings
 * the doorbell with the number of packets written so far. The chip takes packets in order and
 * consumes nothing beyond the doorbell. With BARRIER set a packet starts only when all earlier
 * packets of the queue completed.
 */
#ifndef UAPI_GPU_AQL_H
#define UAPI_GPU_AQL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_PACKET_BYTES 64u

/* header: bits 0..7 type, 8 barrier, 9..10 acquire scope, 11..12 release scope */
enum road_gpu_packet_type {
	ROAD_GPU_PACKET_VENDOR = 0,
	ROAD_GPU_PACKET_INVALID = 1, /* not yet published */
	ROAD_GPU_PACKET_DISPATCH = 2,
	ROAD_GPU_PACKET_BARRIER_AND = 3,
	ROAD_GPU_PACKET_BARRIER_OR = 5,
};
#define ROAD_GPU_PACKET_BARRIER       0x0100u
#define ROAD_GPU_PACKET_ACQUIRE_SHIFT 9
#define ROAD_GPU_PACKET_RELEASE_SHIFT 11
#define ROAD_GPU_FENCE_NONE           0u
#define ROAD_GPU_FENCE_AGENT          1u
#define ROAD_GPU_FENCE_SYSTEM         2u

/* Kernel dispatch. grid_* counts work-items, not workgroups; a grid of more than 2^32-1
 * work-items in one dimension does not fit and must be refused or split by the producer. */
struct road_gpu_dispatch {
	uint16_t header;
	uint16_t setup; /* bits 0..1: dimensions (1..3) */
	uint16_t workgroup_x, workgroup_y, workgroup_z;
	uint16_t reserved0;
	uint32_t grid_x, grid_y, grid_z;
	uint32_t private_bytes; /* local memory per lane; at least the kernel's local_bytes */
	uint32_t group_bytes;   /* shared memory: static part plus dynamic part */
	uint64_t kernel_object; /* device address of a struct road_gpu_kernel in a loaded image */
	uint64_t kernarg;       /* bus address (IOVA) of the argument block, 16-byte aligned */
	uint64_t watchdog;      /* warp instructions after which the launch faults; 0 = default */
	uint64_t completion;    /* bus address of a signal (int64), decremented; 0 = none */
};

/* Waits until all (AND) or one (OR) of the named signals are 0; address 0 = unused slot. */
struct road_gpu_barrier {
	uint16_t header;
	uint16_t reserved0;
	uint32_t reserved1;
	uint64_t dep[5]; /* bus addresses */
	uint64_t reserved2;
	uint64_t completion;
};

/* Vendor packets: the second halfword tells which. */
enum road_gpu_vendor_op {
	ROAD_GPU_VENDOR_NOP,
	ROAD_GPU_VENDOR_LOAD,      /* dst = device address of an image, bytes = its code_bytes */
	ROAD_GPU_VENDOR_UNLOAD,    /* dst = device address of a loaded image */
	ROAD_GPU_VENDOR_COPY,      /* rows x bytes from src to dst with pitches, slices deep */
	ROAD_GPU_VENDOR_FILL,      /* value's low value_bytes (1, 2, 4, 8) repeated over rows */
	ROAD_GPU_VENDOR_WRITE,     /* store value (value_bytes 4 or 8) to dst */
	ROAD_GPU_VENDOR_WAIT,      /* until (word at src, value_bytes) COND value */
	ROAD_GPU_VENDOR_TIMESTAMP, /* store the chip's time in ns (8 bytes) to dst */
	ROAD_GPU_VENDOR_FENCE,     /* store value (8 bytes) to dst, raise interrupt `vector` */
	ROAD_GPU_VENDOR_REGION,    /* src = bus address of a struct road_region_op */
	ROAD_GPU_VENDOR_EXPECT,    /* the next dispatch expects configuration `value` */
	ROAD_GPU_VENDOR_OPS
};
struct road_gpu_vendor {
	uint16_t header;
	uint16_t op;
	uint16_t flags; /* ROAD_GPU_VENDOR_* */
	uint8_t value_bytes;
	uint8_t cond;      /* enum road_gpu_wait_cond */
	uint64_t dst, src; /* device addresses of the queue's space, or bus addresses by flag */
	uint64_t bytes;    /* per row */
	uint32_t rows;     /* 1 for one dimension */
	uint32_t slices;   /* 1 for one or two */
	uint64_t value;
	uint32_t vector;
	uint32_t dst_pitch; /* bytes between rows where rows > 1 */
	uint32_t src_pitch;
	uint32_t slice_rows; /* rows between slices, source and destination alike */
};
/* COPY, FILL: all from the first to the last byte of a side lies in one range of the space, or in
 * one mapping of the bus. Copies are made as if the source was read first. */
#define ROAD_GPU_VENDOR_DST_BUS 0x1u /* dst is a bus address (IOVA), not translated */
#define ROAD_GPU_VENDOR_SRC_BUS 0x2u
#define ROAD_GPU_VENDOR_IRQ     0x4u /* FENCE: raise the interrupt */
/* EXPECT: activates it if another one is active; the image is at src, device memory (physical),
 * with `bytes` bytes. Without the flag the dispatch faults then, and src and bytes are 0. */
#define ROAD_GPU_VENDOR_ACTIVATE 0x8u

/*
 * Opcodes of the firmware that the command processor obeys (uapi/firmware/program.h): one for each
 * kind of packet. Vendor packets have the number of their op, typed ones this much more than that
 * of their type. Malformed: a packet whose opcode is not enabled (at the byte of its op, or of its
 * type), or that uses what the enabled version does not have (at that field).
 *	dispatch	1: `watchdog` is 0	2: it may bound the launch
 *	expect		1: no ACTIVATE		2: with it
 */
#define ROAD_GPU_OPCODE_TYPED       32u
#define ROAD_GPU_OPCODE_DISPATCH    (ROAD_GPU_OPCODE_TYPED + ROAD_GPU_PACKET_DISPATCH)
#define ROAD_GPU_OPCODE_BARRIER_AND (ROAD_GPU_OPCODE_TYPED + ROAD_GPU_PACKET_BARRIER_AND)
#define ROAD_GPU_OPCODE_BARRIER_OR  (ROAD_GPU_OPCODE_TYPED + ROAD_GPU_PACKET_BARRIER_OR)

enum road_gpu_wait_cond {
	ROAD_GPU_WAIT_GE, /* cyclic: (int64)(word - value) >= 0, or int32 for 4 bytes */
	ROAD_GPU_WAIT_EQ,
	ROAD_GPU_WAIT_AND, /* (word & value) != 0 */
	ROAD_GPU_WAIT_NOR, /* ~(word | value) != 0 */
	ROAD_GPU_WAIT_CONDS
};

#ifdef __cplusplus
}
#endif
#endif
