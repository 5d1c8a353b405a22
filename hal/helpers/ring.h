/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the ring helper share: what is submitted (ring.c), what completed
 * (ring_done.c). */
#ifndef HAL_HELPERS_RING_H
#define HAL_HELPERS_RING_H

#include <pthread.h>
#include <roadbed-driver/ring.h>

struct record { /* an accepted submission: what is free once it completed */
	uint64_t sequence;
	uint64_t packets_end, arguments_end;
};

struct road_ring {
	struct road_bus *bus;
	struct road_ring_geometry geometry;
	const struct road_ring_ops *ops;
	void *user;
	const uint64_t *completion; /* NULL: each packet has a word */
	struct road_dma word;       /* the completion word, if it is the helper's; bytes 0: not */
	uint32_t depth;
	uint32_t mask; /* of packet numbers; 0: the ring's size is no power of two */
	/* the submitting thread's; counted since the ring was opened */
	uint64_t head, tail, draft;
	uint64_t argument_head, argument_tail, argument_draft;
	char *scratch;     /* packets of one call of encode */
	uint32_t *headers; /* by slot, of packets that are not published */
	/* any thread's */
	uint64_t first, next;
	struct record *records;
	uint64_t record_mask;
	struct road_dma packets, arguments; /* data: the ring itself for memory of the device */
	/* Completion by a word a packet. Under the lock: how far the words were read. */
	pthread_mutex_t settle_lock;
	uint64_t settled_record, settled_packet;
	uint64_t settled; /* sequence of the last one that completed; atomic */
	uint64_t failed_from;
	uint32_t failed_status;
	/* What the port told of a failure; under the lock, too. */
	road_status told; /* ROAD_OK: nothing */
	struct road_fault fault;
};

static inline uint32_t road_ring_slot(const struct road_ring *ring, uint64_t packet)
{
	return (uint32_t)(ring->mask ? packet & ring->mask : packet % ring->geometry.packets);
}

/* The words of packets [from, to) are 0 before the device may see the packets. */
void road_ring_clear_status(struct road_ring *ring, uint64_t from, uint64_t to);
void road_ring_settle_nothing(struct road_ring *ring);

#endif
