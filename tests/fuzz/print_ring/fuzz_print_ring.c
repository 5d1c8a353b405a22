/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chip that writes anything into the print ring, and changes it while it is read: the driver
 * reads nothing beyond the ring, comes to an end, and hands out text of a bounded size.
 *
 * The bytes: where the driver stands, how many bytes were written (and lost), then the ring's data,
 * used round and round. A first byte with its top bit set has the chip write on at each look.
 */
#include <stdlib.h>

#include "drivers/gpu/gpu.h"
#include "tests/fuzz/reader.h"

enum { RING_BYTES = 32768, LOOKS_MAX = 64 };

static struct chip {
	struct road_gpu_print_ring *ring;
	uint64_t step; /* bytes written at each look */
	uint32_t looks;
} chip;

/* ---- what the driver calls ---- */

static void dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
		     enum road_dma_direction direction)
{
	(void)bus;
	if (offset + bytes > dma->bytes)
		abort();
	if (direction == ROAD_DMA_TO_HOST && chip.looks++ < LOOKS_MAX)
		chip.ring->written += chip.step;
}

static void dma_free(struct road_bus *bus, struct road_dma *dma)
{
	(void)bus;
	free(dma->host);
}

road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	(void)what, (void)where, (void)seen, (void)allowed;
	return status;
}

road_status road_drv_alive(struct road_drv_device *dev, const char *where)
{
	(void)dev, (void)where;
	return ROAD_OK;
}

/* ---- */

static void read_all(struct gpu_space *space)
{
	struct road_drv_space drv = {.data = space};
	char text[4096];
	size_t bytes, all = 0;

	do {
		gpu_output_read(&drv, text, sizeof(text), &bytes);
		all += bytes;
		/* a record is text of at most so much, and a damaged ring is told of at each look
		 */
		if (bytes > sizeof(text) || all > (size_t)(LOOKS_MAX + RING_BYTES / 64) *
							    ROAD_GPU_PRINT_RECORD_MAX *
							    GPU_PRINT_WIDTH_MAX)
			abort();
	} while (bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct road_bus_ops ops = {.dma_sync = dma_sync, .dma_free = dma_free};
	struct road_bus bus = {.ops = &ops};
	struct gpu gpu = {.bus = &bus};
	struct gpu_space space = {.gpu = &gpu};
	struct gpu_print *print = &space.print;
	struct road_gpu_queue_status fault = {.pc = 3};
	struct reader r = {data, size};
	uint8_t kind = reader_u8(&r);
	char text[160];

	gpu_print_open(print);
	print->ring_bytes = kind & 1 ? 4096 : RING_BYTES;
	print->ring.bytes = sizeof(struct road_gpu_print_ring) + print->ring_bytes;
	print->ring.host = calloc(1, print->ring.bytes); /* of this size alone */
	if (!print->ring.host)
		return 0;
	chip.ring = print->ring.host;
	chip.looks = 0;
	print->read = kind & 2 ? reader_u64(&r) : reader_u8(&r) * 8u;
	chip.ring->written = print->read + (kind & 4 ? reader_u64(&r) : reader_u8(&r) * 64u);
	chip.ring->lost = kind & 8 ? reader_u64(&r) : 0;
	chip.step = kind & 0x80 ? reader_u8(&r) * 8u : 0;
	fault.lane = kind >> 4 & 3;
	uint8_t *bytes = (uint8_t *)(chip.ring + 1);

	reader_take(&r, bytes, r.left < print->ring_bytes ? r.left : print->ring_bytes);
	if (gpu_print_find(&space, &fault, text, sizeof(text)) && !memchr(text, 0, sizeof(text)))
		abort();
	read_all(&space);
	(void)gpu_print_find(&space, &fault, text, sizeof(text));
	gpu_print_close(&space);
	return 0;
}
