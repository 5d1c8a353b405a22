/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY and FILL: rows of bytes, with pitches, slices deep. Source and destination extents, from
 * the first byte to the last, each lie in one range of the space (or one mapping of the bus).
 *
 * Bytes move in chunks, each at the end of the time that it takes, so that other work goes on
 * meanwhile. The result is as if the source had been read first: where both overlap, rows go in
 * the direction that is safe, and where none is, the source is staged.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

enum { CHUNK_BYTES = 4 << 20, CHUNK_ROWS = 1 << 14 };
#define STAGE_MAX_BYTES (UINT64_C(1) << 30)

/* Offset of a row from the first byte. */
static uint64_t row_at(const struct road_gpu_vendor *packet, uint64_t pitch, uint64_t row)
{
	uint64_t slice = row / packet->rows;

	return (slice * packet->slice_rows + row % packet->rows) * pitch;
}

static uint64_t rows_of(const struct road_gpu_vendor *packet)
{
	return (uint64_t)packet->rows * packet->slices;
}

/* From the first byte to behind the last; 0: more than there are addresses. */
static uint64_t extent(const struct road_gpu_vendor *packet, uint64_t pitch)
{
	unsigned __int128 last = packet->slices - 1u;

	last = (last * packet->slice_rows + packet->rows - 1u) * pitch + packet->bytes;
	return last > UINT64_MAX ? 0 : (uint64_t)last;
}

static enum gpu_start check_pitch(const struct road_gpu_vendor *packet, uint64_t pitch,
				  size_t offset, struct road_gpu_queue_status *why)
{
	if (rows_of(packet) > 1 && (pitch < packet->bytes || !extent(packet, pitch)))
		return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0, offset);
	return GPU_START_DONE;
}

static enum gpu_start check_shape(const struct road_gpu_vendor *packet, bool fill,
				  struct road_gpu_queue_status *why)
{
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{!packet->bytes, offsetof(struct road_gpu_vendor, bytes)},
		{!packet->rows, offsetof(struct road_gpu_vendor, rows)},
		{!packet->slices, offsetof(struct road_gpu_vendor, slices)},
		{packet->slices > 1 && packet->slice_rows < packet->rows,
		 offsetof(struct road_gpu_vendor, slice_rows)},
		{fill && (packet->value_bytes > 8 || __builtin_popcount(packet->value_bytes) != 1),
		 offsetof(struct road_gpu_vendor, value_bytes)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0, rules[i].offset);
	if (fill && packet->bytes % packet->value_bytes)
		return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0,
				     offsetof(struct road_gpu_vendor, bytes));
	if (check_pitch(packet, packet->dst_pitch, offsetof(struct road_gpu_vendor, dst_pitch),
			why) != GPU_START_DONE)
		return GPU_START_FAULT;
	return fill ? GPU_START_DONE
		    : check_pitch(packet, packet->src_pitch,
				  offsetof(struct road_gpu_vendor, src_pitch), why);
}

struct both {
	struct gpu_place dst, src;
};

/* Where both sides are during this event. */
static enum gpu_start place_both(struct gpu_function *function, const struct gpu_table *table,
				 const struct road_gpu_vendor *packet, struct both *out,
				 struct road_gpu_queue_status *why)
{
	uint64_t bytes = extent(packet, packet->dst_pitch);
	enum road_gpu_fault fault =
		road_gpu_place(function, table, packet->flags & ROAD_GPU_VENDOR_DST_BUS,
			       packet->dst, bytes, true, &out->dst);

	if (fault)
		return road_gpu_fail(why, fault, packet->dst, bytes);
	out->src = out->dst;
	if (packet->op == ROAD_GPU_VENDOR_FILL)
		return GPU_START_DONE;
	bytes = extent(packet, packet->src_pitch);
	fault = road_gpu_place(function, table, packet->flags & ROAD_GPU_VENDOR_SRC_BUS,
			       packet->src, bytes, false, &out->src);
	if (fault)
		return road_gpu_fail(why, fault, packet->src, bytes);
	return GPU_START_DONE;
}

static uint64_t take(struct gpu_chip *chip, struct sim_resource *resource, uint64_t rate,
		     uint64_t bytes)
{
	unsigned __int128 ps = (unsigned __int128)bytes * GPU_PS_PER_S;

	return sim_resource_take(resource, sim_now(chip->env), (uint64_t)((ps + rate - 1) / rate));
}

uint64_t road_gpu_path_take(const struct gpu_queue *queue, uint8_t paths, uint64_t bytes)
{
	struct gpu_chip *chip = queue->function->chip;
	uint64_t dram_rate;
	struct sim_resource *dram = road_gpu_region_dram(queue, &dram_rate);
	const struct {
		uint8_t path;
		struct sim_resource *resource;
		uint64_t rate, times;
	} rows[] = {
		{GPU_PATH_IN, &chip->bus_in, chip->params.bus_rate, 1},
		{GPU_PATH_OUT, &chip->bus_out, chip->params.bus_rate, 1},
		{GPU_PATH_MEMORY, dram, dram_rate, 1},
		{GPU_PATH_MEMORY_TWICE, dram, dram_rate, 2},
	};
	uint64_t end = sim_now(chip->env);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(paths & rows[i].path))
			continue;
		uint64_t done = take(chip, rows[i].resource, rows[i].rate, bytes * rows[i].times);

		if (done > end)
			end = done;
	}
	return end;
}

static uint8_t paths_of(const struct both *both, bool fill)
{
	if (fill)
		return both->dst.system ? GPU_PATH_OUT : GPU_PATH_MEMORY;
	if (both->dst.system && both->src.system)
		return GPU_PATH_IN | GPU_PATH_OUT;
	if (both->dst.system)
		return GPU_PATH_OUT | GPU_PATH_MEMORY;
	return both->src.system ? GPU_PATH_IN | GPU_PATH_MEMORY : GPU_PATH_MEMORY_TWICE;
}

static uint64_t left_of(const struct gpu_work *work)
{
	const struct road_gpu_vendor *packet = &work->copy.packet;

	return (rows_of(packet) - work->copy.row) * packet->bytes - work->copy.done;
}

/* Takes the paths for the next chunk and comes back when it has passed. */
static void schedule_chunk(struct gpu_work *work)
{
	struct gpu_chip *chip = work->queue->function->chip;
	uint64_t left = left_of(work), limit = CHUNK_BYTES, end;

	if (work->copy.packet.bytes < CHUNK_BYTES / CHUNK_ROWS)
		limit = work->copy.packet.bytes * CHUNK_ROWS;
	work->copy.chunk = left < limit ? left : limit;
	end = road_gpu_path_take(work->queue, work->copy.paths, work->copy.chunk);
	if (work->copy.chunk == left)
		end += road_gpu_cycles_ps(chip, chip->params.copy_latency);
	sim_schedule(chip->env, &work->event, end);
}

static void fill_bytes(uint8_t *at, uint64_t value, uint32_t value_bytes, uint64_t bytes)
{
	uint8_t pattern[8];

	if (value_bytes == 1) {
		memset(at, (int)(value & 0xff), bytes);
		return;
	}
	for (uint32_t i = 0; i < 8; i += value_bytes)
		memcpy(pattern + i, &value, value_bytes);
	for (; bytes >= 8; bytes -= 8, at += 8)
		memcpy(at, pattern, 8);
	memcpy(at, pattern, bytes);
}

/* What a read of poison names: the faulting byte as an address of the packet's side. */
static uint64_t address_of(const struct gpu_place *place, uint64_t base,
			   const struct gpu_chip *chip, uint64_t where)
{
	return base + where - (uint64_t)(place->host - chip->memory);
}

/* Poison in bytes that are about to move. */
static enum road_gpu_fault touch(struct gpu_work *work, const struct both *both, const uint8_t *src,
				 const uint8_t *dst, uint64_t bytes, uint64_t *address)
{
	struct gpu_chip *chip = work->queue->function->chip;
	const struct road_gpu_vendor *packet = &work->copy.packet;
	bool reads = packet->op != ROAD_GPU_VENDOR_FILL && src && !both->src.system;
	uint64_t where;

	if (reads && road_gpu_poison_touch(chip, src, bytes, false, &where)) {
		*address = address_of(&both->src, packet->src, chip, where);
		return ROAD_GPU_FAULT_ECC;
	}
	if (dst && !both->dst.system)
		road_gpu_poison_touch(chip, dst, bytes, true, NULL);
	return ROAD_GPU_FAULT_NONE;
}

/* Moves `bytes` of a row, `done` bytes of which have gone before. */
static enum road_gpu_fault move_piece(struct gpu_work *work, const struct both *both,
				      uint64_t bytes, uint64_t *address)
{
	const struct road_gpu_vendor *packet = &work->copy.packet;
	uint64_t row = work->copy.row, at = work->copy.done;

	if (work->copy.down) {
		row = rows_of(packet) - 1 - row;
		at = packet->bytes - at - bytes;
	}
	uint8_t *dst = both->dst.host + row_at(packet, packet->dst_pitch, row) + at;
	const uint8_t *src = work->copy.stage
				     ? NULL
				     : both->src.host + row_at(packet, packet->src_pitch, row) + at;

	if (work->queue->function->chip->poison.count &&
	    touch(work, both, src, dst, bytes, address) != ROAD_GPU_FAULT_NONE)
		return ROAD_GPU_FAULT_ECC;
	if (packet->op == ROAD_GPU_VENDOR_FILL && !packet->value &&
	    sim_memory_zero(work->queue->function->chip->env, dst, bytes))
		return ROAD_GPU_FAULT_NONE;
	if (packet->op == ROAD_GPU_VENDOR_FILL)
		fill_bytes(dst, packet->value, packet->value_bytes, bytes);
	else if (work->copy.stage)
		memcpy(dst, work->copy.stage + row * packet->bytes + at, bytes);
	else
		memmove(dst, src, bytes);
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault move_chunk(struct gpu_work *work, const struct both *both,
				      uint64_t *address)
{
	const struct road_gpu_vendor *packet = &work->copy.packet;

	while (work->copy.chunk) {
		uint64_t bytes = packet->bytes - work->copy.done;

		if (bytes > work->copy.chunk)
			bytes = work->copy.chunk;
		if (move_piece(work, both, bytes, address) != ROAD_GPU_FAULT_NONE)
			return ROAD_GPU_FAULT_ECC;
		work->copy.chunk -= bytes;
		work->copy.done += bytes;
		if (work->copy.done == packet->bytes) {
			work->copy.done = 0;
			work->copy.row++;
		}
	}
	return ROAD_GPU_FAULT_NONE;
}

static void run_chunk(void *arg)
{
	struct gpu_work *work = arg;
	struct gpu_queue *queue = work->queue;
	struct gpu_chip *chip = queue->function->chip;
	struct road_gpu_queue_status why = {0};
	struct both both;
	uint64_t address = 0;

	/* Windows of the host are valid during one event only. */
	if (place_both(queue->function, work->table, &work->copy.packet, &both, &why) !=
	    GPU_START_DONE)
		goto fault;
	if (work->copy.packet.op == ROAD_GPU_VENDOR_FILL)
		chip->counters.filled_bytes += work->copy.chunk;
	else
		chip->counters.copied_bytes += work->copy.chunk;
	if (move_chunk(work, &both, &address) != ROAD_GPU_FAULT_NONE) {
		road_gpu_fail(&why, ROAD_GPU_FAULT_ECC, address, ROAD_POISON_BYTES);
		goto fault;
	}
	if (left_of(work))
		schedule_chunk(work);
	else
		road_gpu_work_end(work);
	return;
fault:
	road_gpu_queue_fault(queue, work->number, &why);
	road_gpu_cp_retry(chip);
}

static void drop_copy(struct gpu_work *work)
{
	free(work->copy.stage);
}

static bool overlap(const struct both *both, const struct road_gpu_vendor *packet)
{
	return both->dst.host < both->src.host + extent(packet, packet->src_pitch) &&
	       both->src.host < both->dst.host + extent(packet, packet->dst_pitch);
}

/* Reads the whole source now. */
static bool stage(struct gpu_work *work, const struct both *both, struct road_gpu_queue_status *why)
{
	const struct road_gpu_vendor *packet = &work->copy.packet;
	uint64_t rows = rows_of(packet);

	road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, packet->src, packet->bytes);
	if (rows > STAGE_MAX_BYTES / packet->bytes)
		return false;
	work->copy.stage = malloc(rows * packet->bytes);
	for (uint64_t row = 0; work->copy.stage && row < rows; row++) {
		const uint8_t *from = both->src.host + row_at(packet, packet->src_pitch, row);
		uint64_t address;

		if (work->queue->function->chip->poison.count &&
		    touch(work, both, from, NULL, packet->bytes, &address) != ROAD_GPU_FAULT_NONE) {
			road_gpu_fail(why, ROAD_GPU_FAULT_ECC, address, ROAD_POISON_BYTES);
			return false;
		}
		memcpy(work->copy.stage + row * packet->bytes, from, packet->bytes);
	}
	return work->copy.stage != NULL;
}

static enum gpu_start start_move(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				 struct road_gpu_queue_status *why)
{
	const bool fill = packet->op == ROAD_GPU_VENDOR_FILL;
	struct gpu_function *function = queue->function;
	struct gpu_work *work;
	struct both both;

	if (check_shape(packet, fill, why) != GPU_START_DONE ||
	    place_both(function, function->spaces[queue->space].table, packet, &both, why) !=
		    GPU_START_DONE)
		return GPU_START_FAULT;
	work = road_gpu_work_new(queue, 0);
	if (!work)
		return road_gpu_fail(why, ROAD_GPU_FAULT_RESOURCES, 0, 0);
	work->drop = drop_copy;
	work->event.run = run_chunk;
	work->copy.packet = *packet;
	work->copy.paths = paths_of(&both, fill);
	if (!fill && overlap(&both, packet)) {
		if (rows_of(packet) > 1 && packet->src_pitch != packet->dst_pitch) {
			if (!stage(work, &both, why))
				return GPU_START_FAULT;
		} else {
			work->copy.down = both.dst.host > both.src.host;
		}
	}
	function->chip->counters.copies++;
	if (function->chip->launches && function->chip->fidelity != SIM_FUNCTIONAL)
		sim_approximate(function->chip->env, "gpu.copy_beside_kernel", 1);
	schedule_chunk(work);
	return GPU_START_ASYNC;
}

enum gpu_start road_gpu_copy_start(struct gpu_queue *queue, const union gpu_packet *packet,
				   struct road_gpu_queue_status *why)
{
	return start_move(queue, &packet->vendor, why);
}

enum gpu_start road_gpu_fill_start(struct gpu_queue *queue, const union gpu_packet *packet,
				   struct road_gpu_queue_status *why)
{
	return start_move(queue, &packet->vendor, why);
}
