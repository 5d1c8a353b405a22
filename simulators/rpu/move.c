/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RDMA and WDMA: slices of rows between memory and scratchpads. Memory enters the mesh at the west
 * end of each row; a tile's bytes pass the links of its row up to it. All bytes move at the end of
 * the time that they take.
 */
#include "simulators/rpu/model.h"

static const struct road_rpu_move *of(const struct rpu_job *job)
{
	return &job->entry.move;
}

static bool is_read(const struct rpu_job *job)
{
	return job->entry.engine == ROAD_RPU_ENGINE_RDMA;
}

static struct road_rows rows_of(const struct rpu_job *job)
{
	const struct road_rpu_move *move = of(job);

	return (struct road_rows){
		.bytes = move->bytes,
		.rows = move->rows,
		.slices = move->slices,
		.slice_rows = move->slice_rows,
		.dst_pitch = is_read(job) ? move->spm_pitch : move->memory_pitch,
		.src_pitch = is_read(job) ? move->memory_pitch : move->spm_pitch,
	};
}

static uint64_t memory_extent(const struct rpu_job *job)
{
	const struct road_rows rows = rows_of(job);

	return road_rows_extent(&rows, of(job)->memory_pitch);
}

static bool place(const struct rpu_job *job, const struct sim_ranges *table, uint32_t i,
		  struct rpu_piece *out, struct road_rpu_stream_status *why)
{
	const struct road_rpu_move *move = of(job);
	uint64_t extent = memory_extent(job), at = move->memory + i * move->tile_stride;
	bool bus = move->flags & (ROAD_RPU_WORK_SRC_BUS | ROAD_RPU_WORK_DST_BUS);
	enum road_rpu_fault fault =
		rpu_place(job->stream->function, table, bus, at, extent, !is_read(job), out);

	if (fault)
		rpu_fail(why, fault, at, extent);
	return !fault;
}

static bool check(struct rpu_job *job, struct road_rpu_stream_status *why)
{
	const struct road_rpu_move *move = of(job);
	const struct road_rows rows = rows_of(job);
	const uint8_t other = is_read(job) ? ROAD_RPU_WORK_DST_BUS : ROAD_RPU_WORK_SRC_BUS;
	bool shaped = move->bytes && move->rows && move->slices;
	uint32_t count;
	struct rpu_piece piece;
#define AT(member) offsetof(struct road_rpu_move, member)

	job->tiles = rpu_job_tiles(job, move->tiles);
	count = (uint32_t)__builtin_popcount(job->tiles);
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{move->flags & other, AT(flags)},
		{!job->tiles, AT(tiles)},
		{!move->bytes, AT(bytes)},
		{!move->rows, AT(rows)},
		{!move->slices, AT(slices)},
		{move->slices > 1 && move->slice_rows < move->rows, AT(slice_rows)},
		{shaped && !road_rows_fit(&rows, move->memory_pitch), AT(memory_pitch)},
		{shaped && !road_rows_fit(&rows, move->spm_pitch), AT(spm_pitch)},
		{count > 1 && !is_read(job) && shaped && move->tile_stride < memory_extent(job),
		 AT(tile_stride)},
		{count == 1 && move->tile_stride, AT(tile_stride)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			rpu_bad_field(why, rules[i].offset);
			return false;
		}
#undef AT
	uint64_t extent = road_rows_extent(&rows, move->spm_pitch);

	if (!rpu_window_check(job->stream, move->spm, extent, why))
		return false;
	for (uint32_t i = 0; i < (move->tile_stride ? count : 1); i++)
		if (!place(job, job->stream->table, i, &piece, why))
			return false;
	return true;
}

static bool move_tile(struct rpu_job *job, uint32_t i, uint32_t tile,
		      struct road_rpu_stream_status *why)
{
	struct rpu_chip *chip = job->stream->function->chip;
	const struct road_rows rows = rows_of(job);
	uint8_t *spm = rpu_spm_take(job->stream->function, tile) + of(job)->spm;
	struct rpu_piece piece;
	uint64_t address = 0;

	if (!place(job, job->table, i, &piece, why)) /* it may have gone since */
		return false;
	if (rpu_poison_rows(chip, &piece, &rows, of(job)->memory_pitch, !is_read(job), &address)) {
		rpu_fail(why, ROAD_RPU_FAULT_ECC, address, ROAD_POISON_BYTES);
		return false;
	}
	if (road_rows_copy(&rows, is_read(job) ? spm : piece.host, is_read(job) ? piece.host : spm))
		return true;
	rpu_fail(why, ROAD_RPU_FAULT_HOST, 0, rows.bytes);
	return false;
}

static void moved(void *arg)
{
	struct rpu_job *job = arg;
	struct rpu_chip *chip = job->stream->function->chip;
	struct road_rpu_stream_status why = {0};
	uint32_t i = 0;

	why.stream = why.element = RPU_NOWHERE;
	for (uint32_t t = 0; t < chip->params.tiles; t++) {
		if (!(job->tiles >> t & 1))
			continue;
		why.tile = t;
		if (!move_tile(job, i++, t, &why)) {
			rpu_job_fault(job, &why);
			return;
		}
	}
	rpu_job_end(job);
}

/* When the last byte is through: of memory, of the links of the rows, of the tiles' engines. */
static uint64_t take_paths(struct rpu_job *job, uint64_t bytes, bool broadcast)
{
	struct rpu_chip *chip = job->stream->function->chip;
	const struct road_rpu_params *p = &chip->params;
	uint32_t count = (uint32_t)__builtin_popcount(job->tiles);
	uint64_t now = sim_now(chip->env), end;
	struct road_rpu_stream_status why;
	struct rpu_piece piece = {.system =
					  false}; /* it may have gone since: the end will say so */

	(void)place(job, job->table, 0, &piece, &why);
	end = rpu_memory_take(chip, piece.system, broadcast ? bytes : bytes * count, now);
	for (uint32_t t = 0; t < p->tiles; t++) {
		uint32_t column = t % p->mesh_columns, row = t - column;
		/* The farthest tile of a row carries a broadcast past the nearer ones. */
		bool behind = broadcast && column + 1 < p->mesh_columns &&
			      job->tiles >> (t + 1) & ((1u << (p->mesh_columns - column - 1)) - 1);
		uint64_t at = now + rpu_ps(chip, rpu_ceil(bytes, p->dma_rate) +
							 (uint64_t)(column + 1) * p->hop);

		if (!(job->tiles >> t & 1))
			continue;
		for (uint32_t c = 0; !behind && c <= column; c++) {
			uint64_t link =
				sim_resource_take(&chip->links[row + c], now,
						  rpu_ps(chip, rpu_ceil(bytes, p->link_rate)));

			at = link > at ? link : at;
		}
		end = at > end ? at : end;
	}
	return end;
}

static void begin(struct rpu_job *job)
{
	struct rpu_chip *chip = job->stream->function->chip;
	const struct road_rpu_move *move = of(job);
	uint64_t bytes = (uint64_t)move->bytes * move->rows * move->slices, end;
	uint32_t count = (uint32_t)__builtin_popcount(job->tiles);
	bool broadcast = is_read(job) && count > 1 && !move->tile_stride;

	end = take_paths(job, bytes, broadcast);
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			chip->tiles[t].traffic[job->entry.engine] = (struct rpu_traffic){
				sim_now(chip->env), end, move->spm, chip->params.dma_rate};
	chip->counters.moves++;
	chip->counters.broadcasts += broadcast;
	*(is_read(job) ? &chip->counters.read_bytes : &chip->counters.written_bytes) +=
		bytes * (broadcast ? 1 : count);
	job->event.run = moved;
	sim_schedule(chip->env, &job->event, end);
}

/* Nothing has moved yet: its event is cancelled with it. The banks are free from now on. */
static void drop(struct rpu_job *job)
{
	struct rpu_chip *chip = job->stream->function->chip;

	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			chip->tiles[t].traffic[job->entry.engine].to_ps = sim_now(chip->env);
}

const struct rpu_engine rpu_engine_move = {check, begin, drop};
