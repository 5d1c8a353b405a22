/* SPDX-License-Identifier: Apache-2.0 */
/* What streams understand: one row for each kind of entry (uapi/rpu/ring.h). */
#include <string.h>

#include "simulators/rpu/model.h"

static const struct road_rpu_entry *of(const struct rpu_stream *stream)
{
	return &stream->entry.any;
}

#define BAD(member) rpu_bad_field(why, offsetof(struct road_rpu_entry, member))

/* Where a naturally aligned word of 4 or 8 bytes lies. */
static enum rpu_start place_word(struct rpu_stream *stream, bool bus, uint64_t address,
				 uint32_t bytes, bool write, uint8_t **out,
				 struct road_rpu_stream_status *why)
{
	struct rpu_piece piece = {.host = NULL};
	enum road_rpu_fault fault = ROAD_RPU_FAULT_MISALIGNED;

	if (bytes != 4 && bytes != 8)
		return BAD(value_bytes);
	if (address % bytes == 0)
		fault = rpu_place(stream->function, stream->table, bus, address, bytes, write,
				  &piece);
	/* Mappings are the host's business; a word must not straddle its alignment there. */
	if (!fault && (uintptr_t)piece.host % bytes)
		fault = ROAD_RPU_FAULT_MISALIGNED;
	if (!fault)
		fault = rpu_poison_touch(stream->function->chip, &piece, 0, bytes, write, &address);
	if (fault)
		return rpu_fail(why, fault, address, bytes);
	*out = piece.host;
	return RPU_START_DONE;
}

static enum rpu_start store(struct rpu_stream *stream, uint32_t bytes, uint64_t value,
			    struct road_rpu_stream_status *why)
{
	uint8_t *at = NULL;
	enum rpu_start start = place_word(stream, of(stream)->flags & ROAD_RPU_WORK_DST_BUS,
					  of(stream)->dst, bytes, true, &at, why);

	if (start == RPU_START_DONE && bytes == 8)
		__atomic_store_n((uint64_t *)(void *)at, value, __ATOMIC_RELEASE);
	else if (start == RPU_START_DONE)
		__atomic_store_n((uint32_t *)(void *)at, (uint32_t)value, __ATOMIC_RELEASE);
	return start;
}

static enum rpu_start start_write(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	return store(stream, of(stream)->value_bytes, of(stream)->value, why);
}

static enum rpu_start start_timestamp(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	return store(stream, 8, sim_now(stream->function->chip->env) / SIM_PS_PER_NS, why);
}

static bool holds(uint32_t cond, uint32_t bytes, uint64_t word, uint64_t value)
{
	const uint64_t mask = bytes == 8 ? UINT64_MAX : UINT32_MAX;
	const uint64_t sign = mask ^ mask >> 1;

	value &= mask;
	switch (cond) {
	case ROAD_RPU_WAIT_GE: return !((word - value) & sign);
	case ROAD_RPU_WAIT_EQ: return word == value;
	case ROAD_RPU_WAIT_AND: return (word & value) != 0;
	default: return (~(word | value) & mask) != 0;
	}
}

static enum rpu_start start_wait(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = of(stream);
	uint32_t bytes = work->value_bytes;
	uint8_t *at = NULL;
	enum rpu_start start;

	if (work->cond >= ROAD_RPU_WAIT_CONDS)
		return BAD(cond);
	start = place_word(stream, work->flags & ROAD_RPU_WORK_SRC_BUS, work->src, bytes, false,
			   &at, why);
	if (start != RPU_START_DONE)
		return start;
	uint64_t word =
		bytes == 8 ? __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE)
			   : __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);

	return holds(work->cond, bytes, word, work->value) ? RPU_START_DONE : RPU_START_PARK;
}

static enum rpu_start start_fence(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = of(stream);
	bool irq = work->flags & ROAD_RPU_WORK_IRQ;

	if (work->vector >= (irq ? RPU_VECTORS : 1))
		return BAD(vector);
	if (!sim_dma_write(stream->function->chip->env, stream->function->index,
			   stream->status + offsetof(struct road_rpu_stream_status, done),
			   &work->value, sizeof(work->value)))
		return rpu_fail(why, ROAD_RPU_FAULT_DMA, stream->status, sizeof(work->value));
	stream->function->chip->counters.fences++;
	if (irq)
		rpu_interrupt(stream->function, work->vector);
	return RPU_START_DONE;
}

static enum rpu_start start_nothing(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	(void)stream;
	(void)why;
	return RPU_START_DONE;
}

/* Bytes of a member, as bits of struct rpu_work.used. */
#define BYTES(type, member) \
	(((UINT64_C(1) << sizeof(((struct type *)0)->member)) - 1) << offsetof(struct type, member))
#define E(member) BYTES(road_rpu_entry, member)
#define R(member) BYTES(road_rpu_run, member)
#define G(member) BYTES(road_rpu_gemm, member)
#define M(member) BYTES(road_rpu_move, member)
#define TOKENS    (E(wait) | E(signal))
#define HEAD      (E(work) | E(flags) | TOKENS)
#define SHAPE     (E(bytes) | E(rows) | E(slices) | E(slice_rows) | E(dst_pitch))
#define ORDERED   ROAD_RPU_WORK_ORDERED
#define DST       (ORDERED | ROAD_RPU_WORK_DST_BUS)
#define SRC       ROAD_RPU_WORK_SRC_BUS
#define ENGINE(e) (1u << ROAD_RPU_ENGINE_##e)

/* Firmware enables what of them it likes. */
static const struct rpu_work works[ROAD_RPU_WORKS] = {
	[ROAD_RPU_WORK_RUN] = {"run", rpu_job_start,
			       HEAD | R(engine) | R(config) | R(arguments) | R(argument_bytes) |
				       R(blocks) | R(watchdog) | R(image) | R(image_bytes),
			       ORDERED | ROAD_RPU_WORK_ACTIVATE, ENGINE(CGRA), false, true,
			       .flags_2 = ROAD_RPU_WORK_ACTIVATE},
	[ROAD_RPU_WORK_GEMM] = {"gemm", rpu_job_start,
				HEAD | G(engine) | G(type) | G(a) | G(b) | G(c) | G(a_pitch) |
					G(b_pitch) | G(c_pitch) | G(m) | G(n) | G(k) | G(tiles),
				ORDERED | ROAD_RPU_WORK_ADD | ROAD_RPU_WORK_NARROW, ENGINE(NEUR),
				false, true, .flags_2 = ROAD_RPU_WORK_ADD,
				.flags_3 = ROAD_RPU_WORK_NARROW},
	[ROAD_RPU_WORK_MOVE] = {"move", rpu_job_start,
				HEAD | M(engine) | M(memory) | M(spm) | M(bytes) | M(rows) |
					M(slices) | M(memory_pitch) | M(spm_pitch) | M(slice_rows) |
					M(tiles) | M(tile_stride),
				DST | SRC, ENGINE(RDMA) | ENGINE(WDMA), false, true},
	[ROAD_RPU_WORK_REGION] = {"region", rpu_region_start, HEAD | E(src), ORDERED, 0, true,
				  true},
	[ROAD_RPU_WORK_COPY] = {"copy", rpu_copy_start,
				HEAD | E(dst) | E(src) | SHAPE | E(src_pitch),
				DST | SRC | ROAD_RPU_WORK_SPM, 0, false, false},
	[ROAD_RPU_WORK_FILL] = {"fill", rpu_copy_start,
				HEAD | E(dst) | SHAPE | E(value) | E(value_bytes),
				DST | ROAD_RPU_WORK_SPM, 0, false, false},
	[ROAD_RPU_WORK_WRITE] = {"write", start_write, HEAD | E(dst) | E(value) | E(value_bytes),
				 DST, 0, false, false},
	[ROAD_RPU_WORK_WAIT] = {"wait", start_wait,
				HEAD | E(src) | E(value) | E(value_bytes) | E(cond), ORDERED | SRC,
				0, false, false},
	[ROAD_RPU_WORK_TIMESTAMP] = {"timestamp", start_timestamp, HEAD | E(dst), DST, 0, false,
				     false},
	[ROAD_RPU_WORK_BARRIER] = {"barrier", start_nothing, HEAD, ORDERED, 0, false, false},
	[ROAD_RPU_WORK_FENCE] = {"fence", start_fence, HEAD | E(value) | E(vector),
				 ORDERED | ROAD_RPU_WORK_IRQ, 0, true, false},
};

void rpu_works_enable(struct rpu_chip *chip, const struct sim_program *program)
{
	memcpy(chip->works, works, sizeof(works));
	for (uint32_t i = 0; program && i < ROAD_RPU_WORKS; i++) {
		struct rpu_work *work = &chip->works[i];

		if (!program->version[i])
			work->start = NULL;
		if (program->version[i] < 2)
			work->flags &= (uint8_t)~work->flags_2;
		if (program->version[i] < 3)
			work->flags &= (uint8_t)~work->flags_3;
	}
}

const struct rpu_work *rpu_work_find(const struct rpu_chip *chip, const union rpu_entry *entry,
				     struct road_rpu_stream_status *why)
{
	const struct rpu_work *work = &chip->works[entry->work < ROAD_RPU_WORKS ? entry->work : 0];

	if (!work->start) {
		rpu_bad_field(why, 0);
		return NULL;
	}
	for (size_t i = 0; i < ROAD_RPU_ENTRY_BYTES; i++) {
		if (!entry->bytes[i] || work->used >> i & 1)
			continue;
		rpu_bad_field(why, i);
		return NULL;
	}
	if (entry->flags & ~work->flags) {
		BAD(flags);
		return NULL;
	}
	if (work->engines &&
	    (entry->engine >= ROAD_RPU_ENGINES || !(work->engines >> entry->engine & 1))) {
		rpu_bad_field(why, offsetof(struct road_rpu_run, engine));
		return NULL;
	}
	return work;
}
