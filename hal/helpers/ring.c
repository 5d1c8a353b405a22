/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring helper. A submission is written in three steps, so that a ring that turns out to be full
 * changes nothing: packets are encoded into their slots behind `tail` with their headers kept back;
 * once all fit, the record is pushed; then headers are stored in order and the doorbell rings.
 *
 * One thread at a time submits. Records are read by any thread (sequence_of), so their ring is
 * published by release stores of `next`; a record is overwritten only after `first` passed it.
 */
#include "hal/helpers/ring.h"

#include <stdlib.h>
#include <string.h>

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a ring", "road_ring_create",
			      NULL, NULL);
}

static bool power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static road_status check_geometry(const struct road_ring_geometry *g, uint32_t depth)
{
	static const char *const where = "road_ring_create: geometry";

	if (!power_of_two(g->packet_bytes) || g->packet_bytes < 8)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "packet_bytes is %u, not a power of two >= 8",
				       g->packet_bytes);
	if (!g->packets_per_command || g->packets_per_command >= g->packets)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "packets_per_command is %u, not in 1 .. %u",
				       g->packets_per_command, g->packets - 1);
	if (!power_of_two(g->argument_align) || g->argument_bytes % g->argument_align)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "argument_align %u is no power of two that divides %u",
				       g->argument_align, g->argument_bytes);
	if (g->header_bytes != 0 && g->header_bytes != 2 && g->header_bytes != 4)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "header_bytes is %u, not 0, 2 or 4", g->header_bytes);
	if (g->status_host && (!g->status_ok || !g->status_stride || g->status_stride % 4))
		return road_drv_errorf(
			ROAD_INVALID_ARGUMENT, where,
			"status words %u bytes apart, %u for done: not a multiple of 4, "
			"or 0",
			g->status_stride, g->status_ok);
	if (!depth || depth > 1u << 24)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_ring_create: depth",
				       "depth is %u, not in 1 .. 16777216", depth);
	return ROAD_OK;
}

static char *slot_of(const struct road_ring *ring, uint64_t packet)
{
	return (char *)ring->packets.host +
	       (size_t)road_ring_slot(ring, packet) * ring->geometry.packet_bytes;
}

/* Memory of the device needs no DMA and no sync. */
static void sync(struct road_ring *ring, struct road_dma *dma, uint64_t offset, uint64_t bytes)
{
	if (dma->data != ring)
		ring->bus->ops->dma_sync(ring->bus, dma, offset, bytes, ROAD_DMA_TO_DEVICE);
}

static road_status take_memory(struct road_ring *ring, void *host, uint64_t device, uint64_t bytes,
			       struct road_dma *out)
{
	if (!host)
		return ring->bus->ops->dma_alloc(ring->bus, bytes, out);
	*out = (struct road_dma){.host = host, .iova = {device}, .bytes = bytes, .data = ring};
	return ROAD_OK;
}

static void give_memory(struct road_ring *ring, struct road_dma *dma)
{
	if (dma->data != ring)
		ring->bus->ops->dma_free(ring->bus, dma);
}

/* A page of its own: nothing else may share a line with what the device writes. */
static road_status take_word(struct road_ring *ring)
{
	road_status status;

	if (ring->completion || ring->geometry.status_host)
		return ROAD_OK;
	status = ring->bus->ops->dma_alloc(ring->bus, sizeof(uint64_t), &ring->word);
	if (!status)
		ring->completion = ring->word.host;
	return status;
}

static void give_word(struct road_ring *ring)
{
	if (ring->word.bytes)
		ring->bus->ops->dma_free(ring->bus, &ring->word);
}

static void store_header(const struct road_ring *ring, char *slot, uint32_t header)
{
	if (ring->geometry.header_bytes == 2)
		road_store16((uint16_t *)(void *)slot, (uint16_t)header);
	else if (ring->geometry.header_bytes == 4)
		road_store32((uint32_t *)(void *)slot, header);
}

static void empty_slots(struct road_ring *ring)
{
	for (uint32_t i = 0; i < ring->geometry.packets; i++)
		store_header(ring, slot_of(ring, i), ring->geometry.header_empty);
	sync(ring, &ring->packets, 0, ring->packets.bytes);
}

static road_status alloc_host(struct road_ring *ring, uint32_t depth)
{
	uint64_t records = 1;

	while (records < depth)
		records *= 2;
	ring->record_mask = records - 1;
	ring->records = calloc(records, sizeof(*ring->records));
	ring->headers = calloc(ring->geometry.packets, sizeof(*ring->headers));
	ring->scratch = calloc(ring->geometry.packets_per_command, ring->geometry.packet_bytes);
	return ring->records && ring->headers && ring->scratch ? ROAD_OK : no_memory();
}

static void free_host(struct road_ring *ring)
{
	pthread_mutex_destroy(&ring->settle_lock);
	free(ring->scratch);
	free(ring->headers);
	free(ring->records);
	free(ring);
}

road_status road_ring_create(struct road_bus *bus, const struct road_ring_geometry *geometry,
			     const struct road_ring_ops *ops, void *user, uint32_t depth,
			     const uint64_t *completion, struct road_ring **out)
{
	road_status status = check_geometry(geometry, depth);
	struct road_ring *ring;

	if (status)
		return status;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return no_memory();
	ring->bus = bus;
	ring->geometry = *geometry;
	ring->mask = power_of_two(geometry->packets) ? geometry->packets - 1 : 0;
	ring->ops = ops;
	ring->user = user;
	ring->completion = completion;
	ring->depth = depth;
	pthread_mutex_init(&ring->settle_lock, NULL);
	road_ring_settle_nothing(ring);
	status = alloc_host(ring, depth);
	if (status)
		goto free_host;
	status = take_word(ring);
	if (status)
		goto free_host;
	status = take_memory(ring, geometry->packets_host, geometry->packets_device,
			     (uint64_t)geometry->packets * geometry->packet_bytes, &ring->packets);
	if (status)
		goto give_word;
	if (geometry->argument_bytes)
		status = take_memory(ring, geometry->arguments_host, geometry->arguments_device,
				     geometry->argument_bytes, &ring->arguments);
	if (status)
		goto free_packets;
	empty_slots(ring);
	*out = ring;
	return ROAD_OK;
free_packets:
	give_memory(ring, &ring->packets);
give_word:
	give_word(ring);
free_host:
	free_host(ring);
	return status;
}

void road_ring_destroy(struct road_ring *ring)
{
	if (!ring)
		return;
	if (ring->geometry.argument_bytes)
		give_memory(ring, &ring->arguments);
	give_memory(ring, &ring->packets);
	give_word(ring);
	free_host(ring);
}

road_iova road_ring_word(const struct road_ring *ring)
{
	return ring->word.iova;
}

road_iova road_ring_iova(const struct road_ring *ring)
{
	return ring->packets.iova;
}

/* Arguments of one call lie in one piece: what is left before the end of the area is skipped. */
void *road_ring_arguments(struct road_ring_encoder *encoder, uint32_t bytes, road_iova *iova)
{
	struct road_ring *ring = encoder->ring;
	uint64_t area = ring->geometry.argument_bytes, align = ring->geometry.argument_align;
	uint64_t start = (ring->argument_draft + align - 1) & ~(align - 1);

	if (!area || bytes > area)
		return NULL;
	if (start % area + bytes > area)
		start += area - start % area;
	if (start + bytes - ring->argument_head > area)
		return NULL;
	ring->argument_draft = start + bytes;
	iova->value = ring->arguments.iova.value + start % area;
	return (char *)ring->arguments.host + start % area;
}

/* Frees what completed submissions held. */
static void reclaim(struct road_ring *ring)
{
	uint64_t done = road_ring_completed(ring), first = ring->first;

	while (first != ring->next && ring->records[first & ring->record_mask].sequence <= done) {
		const struct record *record = &ring->records[first++ & ring->record_mask];

		ring->head = record->packets_end;
		ring->argument_head = record->arguments_end;
	}
	road_store64(&ring->first, first);
	if (first ==
	    ring->next) /* nothing lies there: begin where all of the area is in one piece */
		ring->argument_head = ring->argument_tail = 0;
}

/* Moves `count` packets from the scratch to their slots, headers kept back; false: no room. */
static bool place(struct road_ring *ring, uint32_t count)
{
	uint32_t bytes = ring->geometry.packet_bytes;
	uint64_t room = ring->geometry.packets - (ring->draft - ring->head);

	for (uint32_t i = 0; i < count && room >= count; i++) {
		char *from = ring->scratch + (size_t)i * bytes, *slot = slot_of(ring, ring->draft);
		uint32_t header = 0, header_bytes = ring->geometry.header_bytes;

		memcpy(&header, from, header_bytes);
		ring->headers[road_ring_slot(ring, ring->draft)] = header;
		store_header(ring, slot, ring->geometry.header_empty);
		memcpy(slot + header_bytes, from + header_bytes, bytes - header_bytes);
		ring->draft++;
	}
	memset(ring->scratch, 0, (size_t)count * bytes);
	return room >= count;
}

/* One command, in as many calls of encode as it needs; NOT_READY: no room. */
static road_status encode(struct road_ring *ring, struct road_ring_encoder *encoder,
			  const struct road_cmd *command)
{
	encoder->resume = 0;
	do {
		if (ring->draft - ring->head == ring->geometry.packets)
			return ROAD_NOT_READY; /* a port may rely on its slot being free */
		encoder->slot = road_ring_slot(ring, ring->draft);

		int count = ring->ops->encode(encoder, command);

		if (count > (int)encoder->packet_room || (!count && encoder->resume))
			return road_drv_errorf(ROAD_INTERNAL, "ring port: encode",
					       "%d packets for a command of kind %u, at most %u",
					       count, (unsigned)command->kind,
					       encoder->packet_room);
		if (count < -1)
			return (road_status)count;
		if (count < 0 || !place(ring, (uint32_t)count))
			return ROAD_NOT_READY;
		if (count)
			encoder->ordered = !encoder->concurrent;
	} while (encoder->resume);
	return ROAD_OK;
}

/* The words that a submission awaits, or stores when all before is done: the port's own commands.
 */
static road_status encode_words(struct road_ring *ring, struct road_ring_encoder *encoder,
				enum road_command_kind kind, const struct road_cmd_word *words,
				uint32_t count)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < count && !status; i++) {
		const struct road_cmd command = {.kind = kind, .word = words[i]};

		encoder->ordered = true;
		status = encode(ring, encoder, &command);
	}
	if (count)
		encoder->ordered = true;
	return status;
}

static road_status encode_all(struct road_ring *ring, const struct road_drv_submission *submission)
{
	struct road_ring_encoder encoder = {
		.ring = ring,
		.packets = ring->scratch,
		.packet_room = ring->geometry.packets_per_command,
		.ordered = true,
		.concurrent = submission->concurrent,
		.user = ring->user,
	};
	road_status status = encode_words(ring, &encoder, ROAD_COMMAND_WAIT_VALUE,
					  submission->waits, submission->wait_count);

	for (uint32_t i = 0; i < submission->count && !status; i++) {
		if (submission->commands[i].kind == ROAD_COMMAND_BARRIER)
			encoder.ordered = true;
		status = encode(ring, &encoder, &submission->commands[i]);
	}
	if (!status)
		status = encode_words(ring, &encoder, ROAD_COMMAND_WRITE_VALUE, submission->signals,
				      submission->signal_count);
	if (status || ring->geometry.status_host)
		return status;
	encoder.ordered = true;
	encoder.slot = road_ring_slot(ring, ring->draft);
	ring->ops->encode_fence(&encoder, submission->sequence);
	return place(ring, 1) ? ROAD_OK : ROAD_NOT_READY;
}

/* What the host wrote in slots [from, to) becomes visible to a device that is not coherent. */
static void sync_slots(struct road_ring *ring, uint64_t from, uint64_t to)
{
	uint64_t bytes = ring->geometry.packet_bytes, packets = ring->geometry.packets;
	uint64_t start = road_ring_slot(ring, from), count = to - from;
	uint64_t before_end = count < packets - start ? count : packets - start;

	sync(ring, &ring->packets, start * bytes, before_end * bytes);
	if (count > before_end)
		sync(ring, &ring->packets, 0, (count - before_end) * bytes);
}

static void publish(struct road_ring *ring, uint64_t sequence)
{
	struct record *record = &ring->records[ring->next & ring->record_mask];
	uint64_t from = ring->tail;

	__atomic_store_n(&record->sequence, sequence, __ATOMIC_RELAXED);
	__atomic_store_n(&record->packets_end, ring->draft, __ATOMIC_RELAXED);
	record->arguments_end = ring->argument_draft;
	if (ring->geometry.status_host)
		road_ring_clear_status(ring, from, ring->draft);
	road_store64(&ring->next, ring->next + 1);
	if (ring->argument_draft != ring->argument_tail)
		sync(ring, &ring->arguments, 0, ring->arguments.bytes);
	for (uint64_t packet = from; packet != ring->draft; packet++)
		store_header(ring, slot_of(ring, packet),
			     ring->headers[road_ring_slot(ring, packet)]);
	ring->tail = ring->draft;
	ring->argument_tail = ring->argument_draft;
	sync_slots(ring, from, ring->tail);
	ring->ops->doorbell(ring->user, ring->tail);
}

road_status road_ring_submit(struct road_ring *ring, const struct road_drv_submission *submission)
{
	road_status status;

	if (ring->bus->ops->lost(ring->bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "road_queue_submit",
				      NULL, NULL);
	reclaim(ring);
	if (ring->next - ring->first >= ring->depth)
		return ROAD_NOT_READY;
	ring->draft = ring->tail;
	ring->argument_draft = ring->argument_tail;
	status = encode_all(ring, submission);
	if (status == ROAD_OK)
		publish(ring, submission->sequence);
	else /* what a refused command left there is nothing for the next one */
		memset(ring->scratch, 0,
		       (size_t)ring->geometry.packets_per_command * ring->geometry.packet_bytes);
	if (status == ROAD_NOT_READY && ring->first == ring->next)
		status = road_drv_errorf(ROAD_NO_SPACE, "road_queue_submit: list",
					 "%u commands exceed %u packets or %u bytes of arguments",
					 submission->count, ring->geometry.packets,
					 ring->geometry.argument_bytes);
	return status;
}

uint64_t road_ring_sequence_of(struct road_ring *ring, uint64_t packet)
{
	uint64_t first = road_load64(&ring->first), next = road_load64(&ring->next);
	uint64_t done = road_ring_completed(ring), last = done;

	for (uint64_t i = first; i != next; i++) {
		const struct record *record = &ring->records[i & ring->record_mask];
		uint64_t sequence = __atomic_load_n(&record->sequence, __ATOMIC_RELAXED);

		if (__atomic_load_n(&record->packets_end, __ATOMIC_RELAXED) > packet)
			return sequence > done ? sequence : done;
		last = sequence;
	}
	return (last > done ? last : done) + 1;
}

void road_ring_reset(struct road_ring *ring)
{
	ring->head = ring->tail = ring->draft = 0;
	ring->argument_head = ring->argument_tail = ring->argument_draft = 0;
	road_store64(&ring->first, 0);
	road_store64(&ring->next, 0);
	road_ring_settle_nothing(ring);
	if (ring->word.bytes) {
		road_store64(ring->word.host, 0);
		sync(ring, &ring->word, 0, sizeof(uint64_t));
	}
	empty_slots(ring);
}
