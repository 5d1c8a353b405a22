/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring helper: what completed. By the completion word that fences write; or by a word a packet,
 * which any thread may read on from where the last one stopped, under a lock. A record is written
 * before `next` says so, and not again before it was settled, for until then it is not reclaimed.
 */
#include "hal/helpers/ring.h"

#include <stdio.h>

static uint32_t *status_of(const struct road_ring *ring, uint64_t packet)
{
	char *first = (char *)ring->geometry.status_host;
	size_t offset = (size_t)road_ring_slot(ring, packet) * ring->geometry.status_stride;

	return (uint32_t *)(void *)(first + offset);
}

void road_ring_clear_status(struct road_ring *ring, uint64_t from, uint64_t to)
{
	for (uint64_t packet = from; packet != to; packet++)
		road_store32(status_of(ring, packet), 0);
}

void road_ring_settle_nothing(struct road_ring *ring)
{
	pthread_mutex_lock(&ring->settle_lock);
	ring->settled_record = ring->settled_packet = 0;
	ring->failed_from = UINT64_MAX;
	ring->failed_status = 0;
	ring->told = ROAD_OK;
	road_store64(&ring->settled, 0);
	pthread_mutex_unlock(&ring->settle_lock);
}

/* Under the lock: have all packets up to `end` reported? Stops at the first that failed. */
static bool settle_packets(struct road_ring *ring, uint64_t end)
{
	while (ring->settled_packet != end) {
		uint32_t status = road_load32(status_of(ring, ring->settled_packet));

		if (status && status != ring->geometry.status_ok)
			ring->failed_status = status;
		if (status != ring->geometry.status_ok)
			return false;
		ring->settled_packet++;
	}
	return true;
}

/* Under the lock. */
static void settle(struct road_ring *ring)
{
	uint64_t next = road_load64(&ring->next);

	while (ring->settled_record != next && !ring->failed_status) {
		const struct record *record =
			&ring->records[ring->settled_record & ring->record_mask];
		uint64_t sequence = __atomic_load_n(&record->sequence, __ATOMIC_RELAXED);
		uint64_t end = __atomic_load_n(&record->packets_end, __ATOMIC_RELAXED);

		if (settle_packets(ring, end)) {
			ring->settled_record++;
			road_store64(&ring->settled, sequence);
		} else if (ring->failed_status) {
			ring->failed_from = sequence;
		} else {
			return;
		}
	}
}

uint64_t road_ring_completed(struct road_ring *ring)
{
	if (ring->word.bytes)
		ring->bus->ops->dma_sync(ring->bus, &ring->word, 0, sizeof(uint64_t),
					 ROAD_DMA_TO_HOST);
	if (!ring->geometry.status_host)
		return road_load64(ring->completion);
	pthread_mutex_lock(&ring->settle_lock);
	settle(ring);
	pthread_mutex_unlock(&ring->settle_lock);
	return road_load64(&ring->settled);
}

static void describe_failure(struct road_ring *ring, uint32_t slot, uint32_t status,
			     struct road_fault *out)
{
	*out = (struct road_fault){.size = sizeof(*out), .kind = ROAD_FAULT_PACKET};
	if (ring->ops->decode_status)
		ring->ops->decode_status(ring->user, slot, status, out);
	else
		snprintf(out->text, sizeof(out->text), "the device says %u of a packet", status);
}

void road_ring_fail(struct road_ring *ring, uint64_t packet, road_status status,
		    const struct road_fault *fault)
{
	uint64_t sequence = road_ring_sequence_of(ring, packet);

	pthread_mutex_lock(&ring->settle_lock);
	if (ring->failed_from == UINT64_MAX) {
		ring->failed_from = sequence;
		ring->told = status;
		ring->fault = fault ? *fault : (struct road_fault){.size = sizeof(ring->fault)};
	}
	pthread_mutex_unlock(&ring->settle_lock);
}

/* The failure first: a device that stopped completes nothing any more. */
void road_ring_advance(struct road_ring *ring, struct road_drv_progress *out)
{
	uint64_t done = road_ring_completed(ring);

	pthread_mutex_lock(&ring->settle_lock);
	uint32_t failed = ring->failed_status, slot = road_ring_slot(ring, ring->settled_packet);

	*out = (struct road_drv_progress){.failed_from = ring->failed_from, .status = ring->told};
	if (ring->told)
		out->fault = ring->fault;
	pthread_mutex_unlock(&ring->settle_lock);
	out->completed = done;
	if (!failed || out->status)
		return;
	out->status = ROAD_FAULT;
	describe_failure(ring, slot, failed, &out->fault);
	out->fault.point = out->failed_from;
}
