/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print rings: one for each space whose kernels print, in host memory. Records are taken and
 * rendered when somebody reads; the strings that they name came with them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

static struct road_gpu_print_ring *header_of(const struct gpu_print *print)
{
	return print->ring.host;
}

static void sync(struct gpu_space *space, uint64_t bytes, enum road_dma_direction direction)
{
	struct road_bus *bus = space->gpu->bus;

	bus->ops->dma_sync(bus, &space->print.ring, 0, bytes, direction);
}

/* ---- the ring ---- */

/* Bytes that were written and not read. A ring that says nonsense is taken as read. */
static uint64_t pending(struct gpu_space *space)
{
	struct gpu_print *print = &space->print;
	char text[96];

	sync(space, sizeof(struct road_gpu_print_ring) + print->ring_bytes, ROAD_DMA_TO_HOST);
	uint64_t written = road_load64(&header_of(print)->written), bytes = written - print->read;

	/* Both ends are aligned then: after nonsense `read` may stand anywhere. */
	if (!bytes || (bytes <= print->ring_bytes && bytes % 8 == 0 && written % 8 == 0))
		return bytes;
	int count = snprintf(text, sizeof(text),
			     "[the print buffer is damaged; its contents are lost]\n");

	gpu_text_add(&print->text, text, (size_t)count);
	print->read = written;
	return 0;
}

/* Copies a record at a position; its bytes, or 0 if it is none. */
static uint32_t copy_record(const struct gpu_print *print, uint64_t at, uint64_t bytes, char *out)
{
	const char *data = (const char *)(header_of(print) + 1);
	uint64_t offset = at % print->ring_bytes, first;
	struct road_gpu_print_record head;
	uint32_t count;

	if (bytes < sizeof(head))
		return 0;
	memcpy(&count, data + offset, sizeof(count)); /* read once: the chip may write it again */
	if (count < sizeof(head) || count > bytes || count > ROAD_GPU_PRINT_RECORD_MAX || count % 8)
		return 0;
	first = print->ring_bytes - offset < count ? print->ring_bytes - offset : count;
	memcpy(out, data + offset, first);
	memcpy(out + first, data, count - first);
	return count;
}

static void tell_lost(struct gpu_print *print, uint64_t lost)
{
	char text[128];
	int count = snprintf(text, sizeof(text),
			     "%s[%" PRIu64 " printed texts are lost: the print buffer of %" PRIu64
			     " bytes was full]\n",
			     print->line_open ? "\n" : "", lost, print->ring_bytes);

	gpu_text_add(&print->text, text, (size_t)count);
	print->line_open = false;
	print->told += lost;
}

static void note_assertion(struct gpu_print *print, const struct road_gpu_print_record *head,
			   const char *record, uint32_t bytes)
{
	if (print->assertion.text[0] && print->assertion.warp == head->warp &&
	    !memcmp(print->assertion.ctaid, head->ctaid, sizeof(head->ctaid)) &&
	    print->assertion.lane < head->lane)
		return;
	memcpy(print->assertion.ctaid, head->ctaid, sizeof(head->ctaid));
	print->assertion.warp = head->warp;
	print->assertion.lane = head->lane;
	gpu_print_assertion(record, bytes, print->assertion.text, sizeof(print->assertion.text));
}

static void use_record(struct gpu_print *print, const char *record, uint32_t bytes)
{
	struct road_gpu_print_record head;
	size_t before;

	memcpy(&head, record, sizeof(head));
	if (head.lost)
		tell_lost(print, head.lost);
	before = print->text.count;
	if (head.kind == ROAD_GPU_PRINT_ASSERT)
		note_assertion(print, &head, record, bytes);
	else
		gpu_print_render(record, bytes, &print->text);
	if (print->text.count > before)
		print->line_open = print->text.bytes[print->text.count - 1] != '\n';
}

/* Takes one record; false if there is none. */
static bool take_record(struct gpu_space *space)
{
	struct gpu_print *print = &space->print;
	char record[ROAD_GPU_PRINT_RECORD_MAX];
	uint64_t bytes, lost;

	if (!print->ring.host)
		return false;
	bytes = pending(space);
	lost = road_load64(&header_of(print)->lost);
	if (!bytes && lost <= print->told)
		return false;
	if (!bytes) {
		tell_lost(print, lost - print->told);
		return true;
	}
	uint32_t count = copy_record(print, print->read, bytes, record);

	if (count)
		use_record(print, record, count);
	print->read += count ? count : bytes; /* what is no record hides those behind it */
	road_store64(&header_of(print)->read, print->read);
	sync(space, sizeof(struct road_gpu_print_ring), ROAD_DMA_TO_DEVICE);
	return true;
}

/* ---- setting up ---- */

static road_status command(struct gpu_space *space)
{
	struct gpu *gpu = space->gpu;
	const struct gpu_print *print = &space->print;

	sync(space, sizeof(struct road_gpu_print_ring), ROAD_DMA_TO_DEVICE);
	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_SELECT, space->index);
	gpu_write64(gpu, ROAD_GPU_REG_SPACE_PRINT64, print->ring.iova.value);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_PRINT_BYTES, (uint32_t)print->ring_bytes);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_PRINT);
	(void)gpu_read32(gpu, ROAD_GPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&gpu->reg_lock);
	return road_drv_alive(gpu->dev, "print buffer");
}

static void drain(struct gpu_space *space)
{
	while (space->print.text.count < GPU_PRINT_KEPT_MAX && take_record(space))
		;
}

static void use_ring(struct gpu_print *print, const struct road_dma *ring, uint64_t bytes)
{
	print->ring = *ring;
	print->ring_bytes = bytes;
	print->read = print->told = 0;
}

/* Under the lock: a ring of `limit` bytes instead of what was there. The chip is told the new one
 * before the old one is emptied and freed. */
static road_status set_ring(struct gpu_space *space)
{
	struct road_bus *bus = space->gpu->bus;
	struct gpu_print *print = &space->print;
	const struct gpu_print old = *print;
	struct road_dma ring;
	road_status status =
		bus->ops->dma_alloc(bus, sizeof(struct road_gpu_print_ring) + print->limit, &ring);

	if (status)
		return status;
	memset(ring.host, 0, sizeof(struct road_gpu_print_ring));
	use_ring(print, &ring, print->limit);
	status = command(space);
	if (status || old.ring.host) {
		print->ring = old.ring;
		print->ring_bytes = old.ring_bytes;
		print->read = old.read;
		print->told = old.told;
	}
	if (status) {
		bus->ops->dma_free(bus, &ring);
		return status;
	}
	if (old.ring.host) {
		drain(space);
		bus->ops->dma_free(bus, &print->ring);
		use_ring(print, &ring, print->limit);
	}
	return ROAD_OK;
}

void gpu_print_open(struct gpu_print *print)
{
	pthread_mutex_init(&print->lock, NULL);
	print->limit = GPU_PRINT_DEFAULT;
}

void gpu_print_close(struct gpu_space *space)
{
	struct gpu_print *print = &space->print;

	if (print->ring.host)
		space->gpu->bus->ops->dma_free(space->gpu->bus, &print->ring);
	free(print->text.bytes);
	pthread_mutex_destroy(&print->lock);
}

road_status gpu_print_start(struct gpu_space *space)
{
	pthread_mutex_lock(&space->print.lock);
	road_status status = space->print.ring.host ? ROAD_OK : set_ring(space);

	pthread_mutex_unlock(&space->print.lock);
	return status;
}

road_status gpu_print_restore(struct gpu_space *space)
{
	struct gpu_print *print = &space->print;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&print->lock);
	if (print->ring.host) {
		drain(space);
		memset(print->ring.host, 0, sizeof(struct road_gpu_print_ring));
		print->read = print->told = 0;
		status = command(space);
	}
	pthread_mutex_unlock(&print->lock);
	return status;
}

static road_status set_limit(struct gpu_space *space, uint64_t bytes)
{
	struct gpu_print *print = &space->print;
	uint64_t before = print->limit;
	char seen[32], allowed[32];

	if (bytes > GPU_PRINT_MAX) {
		snprintf(seen, sizeof(seen), "%" PRIu64, bytes);
		snprintf(allowed, sizeof(allowed), "%d", GPU_PRINT_MAX);
		return road_drv_error(ROAD_INVALID_ARGUMENT, "print buffer is too large",
				      "road_space_limit_set: bytes", seen, allowed);
	}
	if (!bytes)
		bytes = 1;
	print->limit = (bytes + GPU_PRINT_GRANULE - 1) & ~(uint64_t)(GPU_PRINT_GRANULE - 1);
	if (!print->ring.host || print->limit == before)
		return ROAD_OK;
	road_status status = set_ring(space);

	if (status)
		print->limit = before;
	return status;
}

road_status gpu_print_limit(struct gpu_space *space, bool set, uint64_t *bytes)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&space->print.lock);
	if (set)
		status = set_limit(space, *bytes);
	*bytes = space->print.limit;
	pthread_mutex_unlock(&space->print.lock);
	return status;
}

/* ---- reading ---- */

road_status gpu_output_read(struct road_drv_space *drv, char *buffer, size_t capacity,
			    size_t *bytes)
{
	struct gpu_space *space = drv->data;
	struct gpu_print *print = &space->print;

	*bytes = 0;
	pthread_mutex_lock(&print->lock);
	while (*bytes < capacity) {
		size_t count = print->text.count - print->given;

		if (!count) {
			print->text.count = print->given = 0;
			if (!take_record(space))
				break;
			continue;
		}
		count = count < capacity - *bytes ? count : capacity - *bytes;
		memcpy(buffer + *bytes, print->text.bytes + print->given, count);
		print->given += count;
		*bytes += count;
	}
	pthread_mutex_unlock(&print->lock);
	return ROAD_OK;
}

/* ---- assertions ---- */

static bool is_from(const uint32_t ctaid[3], uint32_t warp, uint32_t lane,
		    const struct road_gpu_queue_status *fault)
{
	return !memcmp(ctaid, fault->ctaid, sizeof(fault->ctaid)) && warp == fault->warp &&
	       lane == fault->lane;
}

/* Among the records that nobody took: the last that fits. */
static bool find_in_ring(struct gpu_space *space, const struct road_gpu_queue_status *fault,
			 char *text, size_t room)
{
	struct gpu_print *print = &space->print;
	char record[ROAD_GPU_PRINT_RECORD_MAX];
	struct road_gpu_print_record head;
	uint64_t left = pending(space), at = print->read;
	bool found = false;
	uint32_t count;

	for (; left; left -= count, at += count) {
		count = copy_record(print, at, left, record);
		if (!count)
			break;
		memcpy(&head, record, sizeof(head));
		if (head.kind != ROAD_GPU_PRINT_ASSERT || head.pc != fault->pc ||
		    !is_from(head.ctaid, head.warp, head.lane, fault))
			continue;
		gpu_print_assertion(record, count, text, room);
		found = true;
	}
	return found;
}

bool gpu_print_find(struct gpu_space *space, const struct road_gpu_queue_status *fault, char *text,
		    size_t room)
{
	struct gpu_print *print = &space->print;
	bool found = false;

	pthread_mutex_lock(&print->lock);
	if (print->ring.host)
		found = find_in_ring(space, fault, text, room);
	if (!found && print->assertion.text[0] &&
	    is_from(print->assertion.ctaid, print->assertion.warp, print->assertion.lane, fault)) {
		snprintf(text, room, "%s", print->assertion.text);
		found = true;
	}
	pthread_mutex_unlock(&print->lock);
	return found;
}
