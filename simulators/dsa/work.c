/* SPDX-License-Identifier: Apache-2.0 */
/* What streams understand: one row for each kind of descriptor (uapi/dsa/ring.h). */
#include <string.h>

#include "simulators/dsa/model.h"

static const struct road_dsa_descriptor *of(const struct dsa_stream *stream)
{
	return &stream->descriptor.any;
}

static enum dsa_start bad_field(struct road_dsa_stream_status *why, size_t offset)
{
	return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0, offset);
}
#define BAD(member) bad_field(why, offsetof(struct road_dsa_descriptor, member))

/* Where a naturally aligned word of 4 or 8 bytes lies. */
static enum dsa_start place_word(struct dsa_stream *stream, bool bus, uint64_t address,
				 uint32_t bytes, bool write, uint8_t **out,
				 struct road_dsa_stream_status *why)
{
	struct dsa_piece piece = {.host = NULL};
	enum road_dsa_fault fault = ROAD_DSA_FAULT_MISALIGNED;

	if (bytes != 4 && bytes != 8)
		return BAD(value_bytes);
	if (address % bytes == 0)
		fault = dsa_place(stream->function, stream->table, bus, address, bytes, write,
				  &piece);
	/* Mappings are the host's business; a word must not straddle its alignment there. */
	if (!fault && (uintptr_t)piece.host % bytes)
		fault = ROAD_DSA_FAULT_MISALIGNED;
	if (!fault)
		fault = dsa_poison_touch(stream->function, &piece, 0, bytes, write, &address);
	if (fault)
		return dsa_fail(why, fault, address, bytes);
	*out = piece.host;
	return DSA_START_DONE;
}

static enum dsa_start store(struct dsa_stream *stream, uint32_t bytes, uint64_t value,
			    struct road_dsa_stream_status *why)
{
	uint8_t *at = NULL;
	enum dsa_start start = place_word(stream, of(stream)->flags & ROAD_DSA_WORK_DST_BUS,
					  of(stream)->dst, bytes, true, &at, why);

	if (start == DSA_START_DONE && bytes == 8)
		__atomic_store_n((uint64_t *)(void *)at, value, __ATOMIC_RELEASE);
	else if (start == DSA_START_DONE)
		__atomic_store_n((uint32_t *)(void *)at, (uint32_t)value, __ATOMIC_RELEASE);
	return start;
}

static enum dsa_start start_write(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	return store(stream, of(stream)->value_bytes, of(stream)->value, why);
}

static enum dsa_start start_timestamp(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	return store(stream, 8, sim_now(stream->function->chip->env) / SIM_PS_PER_NS, why);
}

static bool holds(uint32_t cond, uint32_t bytes, uint64_t word, uint64_t value)
{
	const uint64_t mask = bytes == 8 ? UINT64_MAX : UINT32_MAX;
	const uint64_t sign = mask ^ mask >> 1;

	value &= mask;
	switch (cond) {
	case ROAD_DSA_WAIT_GE: return !((word - value) & sign);
	case ROAD_DSA_WAIT_EQ: return word == value;
	case ROAD_DSA_WAIT_AND: return (word & value) != 0;
	default: return (~(word | value) & mask) != 0;
	}
}

static enum dsa_start start_wait(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = of(stream);
	uint32_t bytes = work->value_bytes;
	uint8_t *at = NULL;
	enum dsa_start start;

	if (work->cond >= ROAD_DSA_WAIT_CONDS)
		return BAD(cond);
	start = place_word(stream, work->flags & ROAD_DSA_WORK_SRC_BUS, work->src, bytes, false,
			   &at, why);
	if (start != DSA_START_DONE)
		return start;
	uint64_t word =
		bytes == 8 ? __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE)
			   : __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);

	return holds(work->cond, bytes, word, work->value) ? DSA_START_DONE : DSA_START_PARK;
}

static enum dsa_start start_fence(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = of(stream);
	bool irq = work->flags & ROAD_DSA_WORK_IRQ;

	if (work->vector >= (irq ? DSA_VECTORS : 1))
		return BAD(vector);
	if (!sim_dma_write(stream->function->chip->env, stream->function->index,
			   stream->status + offsetof(struct road_dsa_stream_status, done),
			   &work->value, sizeof(work->value)))
		return dsa_fail(why, ROAD_DSA_FAULT_DMA, stream->status, sizeof(work->value));
	stream->function->chip->counters.fences++;
	if (irq)
		dsa_interrupt(stream->function, work->vector);
	return DSA_START_DONE;
}

/* Bytes of a member, as bits of struct dsa_work.used. */
#define BYTES(type, member) \
	(((UINT64_C(1) << sizeof(((struct type *)0)->member)) - 1) << offsetof(struct type, member))
#define D(member) BYTES(road_dsa_descriptor, member)
#define T(member) BYTES(road_dsa_task, member)
#define HEAD      (D(work) | D(flags))
#define SHAPE     (D(bytes) | D(rows) | D(slices) | D(slice_rows) | D(dst_pitch))
#define ORDERED   ROAD_DSA_WORK_ORDERED
#define DST       (ORDERED | ROAD_DSA_WORK_DST_BUS)
#define SRC       ROAD_DSA_WORK_SRC_BUS

/* Firmware enables what of them it likes. */
static const struct dsa_work works[ROAD_DSA_WORKS] = {
	[ROAD_DSA_WORK_TASK] = {"task", dsa_task_start,
				T(work) | T(flags) | T(blocks) | T(code) | T(kernel) |
					T(argument_bytes) | T(arguments) | T(watchdog) | T(data) |
					T(image_words) | T(config) | T(image),
				ORDERED | ROAD_DSA_WORK_COOPERATIVE | ROAD_DSA_WORK_ACTIVATE,
				.flags_2 = ROAD_DSA_WORK_COOPERATIVE,
				.flags_3 = ROAD_DSA_WORK_ACTIVATE, .retry = true},
	[ROAD_DSA_WORK_LOAD] = {"load", dsa_load_start, HEAD | D(dst) | D(bytes), ORDERED},
	[ROAD_DSA_WORK_UNLOAD] = {"unload", dsa_unload_start, HEAD | D(dst), ORDERED,
				  .retry = true},
	[ROAD_DSA_WORK_COPY] = {"copy", dsa_copy_start,
				HEAD | D(dst) | D(src) | SHAPE | D(src_pitch), DST | SRC},
	[ROAD_DSA_WORK_FILL] = {"fill", dsa_copy_start,
				HEAD | D(dst) | SHAPE | D(value) | D(value_bytes), DST},
	[ROAD_DSA_WORK_WRITE] = {"write", start_write, HEAD | D(dst) | D(value) | D(value_bytes),
				 DST},
	[ROAD_DSA_WORK_WAIT] = {"wait", start_wait,
				HEAD | D(src) | D(value) | D(value_bytes) | D(cond), ORDERED | SRC},
	[ROAD_DSA_WORK_TIMESTAMP] = {"timestamp", start_timestamp, HEAD | D(dst), DST},
	[ROAD_DSA_WORK_FENCE] = {"fence", start_fence, HEAD | D(value) | D(vector),
				 ORDERED | ROAD_DSA_WORK_IRQ},
	[ROAD_DSA_WORK_REGION] = {"region", dsa_region_start, HEAD | D(src), ORDERED},
};

void dsa_works_enable(struct dsa_chip *chip, const struct sim_program *program)
{
	memcpy(chip->works, works, sizeof(works));
	for (uint32_t i = 0; program && i < ROAD_DSA_WORKS; i++) {
		struct dsa_work *work = &chip->works[i];

		if (!program->version[i])
			work->start = NULL;
		if (program->version[i] < 2)
			work->flags &= (uint8_t)~work->flags_2;
		if (program->version[i] < 3)
			work->flags &= (uint8_t)~work->flags_3;
	}
}

const struct dsa_work *dsa_work_find(const struct dsa_chip *chip,
				     const union dsa_descriptor *descriptor,
				     struct road_dsa_stream_status *why)
{
	const struct dsa_work *work =
		&chip->works[descriptor->work < ROAD_DSA_WORKS ? descriptor->work : 0];

	if (!work->start) {
		bad_field(why, 0);
		return NULL;
	}
	for (size_t i = 0; i < ROAD_DSA_DESCRIPTOR_BYTES; i++) {
		if (!descriptor->bytes[i] || work->used >> i & 1)
			continue;
		bad_field(why, i);
		return NULL;
	}
	if (descriptor->flags & ~work->flags) {
		BAD(flags);
		return NULL;
	}
	return work;
}
