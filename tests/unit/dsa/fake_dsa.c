/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dsa/fake_dsa.h"

#include <stdlib.h>
#include <string.h>

static void violate(struct fake_dsa *dsa, const char *text)
{
	if (!dsa->violations++)
		dsa->violation = text;
}

static uint32_t *reg(struct fake_dsa *dsa, uint64_t offset)
{
	return &dsa->regs[offset / 4];
}

static uint64_t reg64(struct fake_dsa *dsa, uint64_t offset)
{
	uint64_t value;

	memcpy(&value, reg(dsa, offset), 8);
	return value;
}

/* ---- translation ---- */

void *fake_dsa_at(struct fake_dsa *dsa, uint32_t context, uint64_t va, uint64_t bytes)
{
	const struct fake_context *c = &dsa->contexts[context % FAKE_CONTEXTS];

	for (uint32_t i = 0; c->open && i < c->count; i++) {
		const struct road_range *r = &c->ranges[i];

		if (va < r->va || va - r->va > r->bytes || bytes > r->bytes - (va - r->va))
			continue;
		if (r->flags & ROAD_RANGE_SYSTEM)
			return fake_bus_host(&dsa->bus, r->pa + (va - r->va), bytes);
		return dsa->memory + r->pa + (va - r->va);
	}
	return NULL;
}

static void check_table(struct fake_dsa *dsa, const struct fake_context *context)
{
	uint64_t end = ROAD_RANGE_UNMAPPED;

	for (uint32_t i = 0; i < context->count; i++) {
		const struct road_range *r = &context->ranges[i];

		if (r->va < end || r->va + r->bytes < r->va || !r->bytes || r->reserved)
			violate(dsa, "range table is not sorted, or overlaps");
		if (r->flags & ROAD_RANGE_SYSTEM ? !fake_bus_host(&dsa->bus, r->pa, r->bytes)
						 : r->pa + r->bytes > FAKE_MEMORY)
			violate(dsa, "range lies in no memory");
		end = r->va + r->bytes;
	}
}

static bool is_open(const struct fake_stream *stream)
{
	return stream->state == ROAD_DSA_STREAM_IDLE || stream->state == ROAD_DSA_STREAM_FAULTED;
}

static void close_context(struct fake_dsa *dsa, uint32_t index)
{
	for (uint32_t i = 0; i < FAKE_STREAMS; i++)
		if (is_open(&dsa->streams[i]) && dsa->streams[i].context == index)
			violate(dsa, "context closed under an open stream");
	for (uint32_t i = 0; i < dsa->block_count; i++)
		if (dsa->blocks[i].context == index)
			violate(dsa, "context closed under loaded code");
	dsa->contexts[index].open = false;
}

static void context_command(struct fake_dsa *dsa, uint32_t command)
{
	uint32_t select = *reg(dsa, ROAD_DSA_REG_CONTEXT_SELECT);
	uint32_t count = *reg(dsa, ROAD_DSA_REG_CONTEXT_COUNT);
	uint64_t bytes = count * sizeof(struct road_range);
	const void *table =
		fake_bus_host(&dsa->bus, reg64(dsa, ROAD_DSA_REG_CONTEXT_TABLE64), bytes);

	if (select >= FAKE_CONTEXTS || count > FAKE_RANGES || !table) {
		violate(dsa, "context that is none, or a table that is not mapped");
	} else if (command == ROAD_DSA_CONTEXT_CLOSE) {
		close_context(dsa, select);
	} else {
		dsa->contexts[select].open = true;
		dsa->contexts[select].count = count;
		memcpy(dsa->contexts[select].ranges, table, bytes);
		check_table(dsa, &dsa->contexts[select]);
	}
}

/* ---- descriptors ---- */

struct work {
	struct fake_dsa *dsa;
	struct fake_stream *stream;
	struct road_dsa_stream_status *status;
	struct road_dsa_descriptor d;
};

static bool fault(struct work *w, uint32_t kind, uint64_t address)
{
	w->status->slot = (uint32_t)w->stream->taken;
	w->status->address = address;
	__atomic_store_n(&w->status->fault, kind, __ATOMIC_RELEASE);
	w->stream->state = ROAD_DSA_STREAM_FAULTED;
	return false;
}

/* The bytes at an address; NULL after a fault. */
static char *place(struct work *w, uint32_t bus, uint64_t at, uint64_t bytes)
{
	char *host = w->d.flags & bus ? fake_bus_host(&w->dsa->bus, at, bytes)
				      : fake_dsa_at(w->dsa, w->stream->context, at, bytes);

	if (!host)
		fault(w, w->d.flags & bus ? ROAD_DSA_FAULT_DMA : ROAD_DSA_FAULT_UNMAPPED, at);
	return host;
}

static bool copy(struct work *w)
{
	for (uint32_t line = 0; line < w->d.rows; line++) {
		uint64_t to = w->d.dst + (uint64_t)line * w->d.dst_pitch;
		uint64_t from = w->d.src + (uint64_t)line * w->d.src_pitch;
		char *dst = place(w, ROAD_DSA_WORK_DST_BUS, to, w->d.bytes);
		char *src = dst ? place(w, ROAD_DSA_WORK_SRC_BUS, from, w->d.bytes) : NULL;

		if (!src)
			return false;
		memmove(dst, src, w->d.bytes);
	}
	w->dsa->copies++;
	return true;
}

static bool fill(struct work *w)
{
	char *to = place(w, ROAD_DSA_WORK_DST_BUS, w->d.dst, w->d.bytes);

	for (uint64_t i = 0; to && i < w->d.bytes; i += w->d.value_bytes)
		memcpy(to + i, &w->d.value, w->d.value_bytes);
	w->dsa->fills++;
	return to;
}

static bool load(struct work *w)
{
	struct fake_dsa *dsa = w->dsa;
	const struct road_dsa_code *code = (const void *)place(w, 0, w->d.dst, w->d.bytes);

	if (!code)
		return false;
	if (dsa->refuse_code || code->magic != ROAD_DSA_CODE_MAGIC ||
	    code->total_bytes != w->d.bytes || dsa->block_count == FAKE_BLOCKS)
		return fault(w, ROAD_DSA_FAULT_CODE, w->d.dst);
	dsa->blocks[dsa->block_count].va = w->d.dst;
	dsa->blocks[dsa->block_count++].context = w->stream->context;
	dsa->loads++;
	return true;
}

static bool unload(struct work *w)
{
	struct fake_dsa *dsa = w->dsa;

	for (uint32_t i = 0; i < dsa->block_count; i++) {
		if (dsa->blocks[i].va != w->d.dst || dsa->blocks[i].context != w->stream->context)
			continue;
		dsa->blocks[i] = dsa->blocks[--dsa->block_count];
		return true;
	}
	violate(dsa, "unload of what is not loaded");
	return true;
}

static bool carry_out(struct work *w)
{
	switch (w->d.work) {
	case ROAD_DSA_WORK_COPY: return copy(w);
	case ROAD_DSA_WORK_FILL: return fill(w);
	case ROAD_DSA_WORK_LOAD: return load(w);
	case ROAD_DSA_WORK_UNLOAD: return unload(w);
	case ROAD_DSA_WORK_TASK: w->dsa->tasks++; return true;
	case ROAD_DSA_WORK_FENCE:
		w->dsa->fences++;
		__atomic_store_n(&w->status->done, w->d.value, __ATOMIC_RELEASE);
		return true;
	default: return fault(w, ROAD_DSA_FAULT_DESCRIPTOR, 0);
	}
}

static void run_stream(struct fake_dsa *dsa, struct fake_stream *stream, uint64_t rung)
{
	struct work w = {.dsa = dsa,
			 .stream = stream,
			 .status = fake_bus_host(&dsa->bus, stream->status, sizeof(*w.status))};

	for (; stream->state == ROAD_DSA_STREAM_IDLE && stream->taken < rung; stream->taken++) {
		uint64_t at = stream->ring + stream->taken % stream->slots * sizeof(w.d);
		const void *from = fake_bus_host(&dsa->bus, at, sizeof(w.d));

		if (!from || !w.status) {
			violate(dsa, "ring or status is not mapped");
			return;
		}
		memcpy(&w.d, from, sizeof(w.d));
		if (!carry_out(&w))
			return;
		w.status->consumed = stream->taken + 1;
	}
}

/* ---- registers ---- */

static void stream_command(struct fake_dsa *dsa, uint32_t command)
{
	uint32_t select = *reg(dsa, ROAD_DSA_REG_STREAM_SELECT);
	uint32_t context = *reg(dsa, ROAD_DSA_REG_STREAM_CONTEXT);
	struct fake_stream *stream = &dsa->streams[select % FAKE_STREAMS];

	if (command == ROAD_DSA_STREAM_CLOSE) {
		if (!is_open(stream))
			violate(dsa, "close of a closed stream");
		stream->state = ROAD_DSA_STREAM_CLOSED;
		return;
	}
	if (dsa->refuse_streams) {
		stream->state = ROAD_DSA_STREAM_REFUSED;
		return;
	}
	if (is_open(stream) || select >= FAKE_STREAMS || context >= FAKE_CONTEXTS ||
	    !dsa->contexts[context].open)
		violate(dsa, "stream opened twice, or in no context");
	*stream = (struct fake_stream){.state = ROAD_DSA_STREAM_IDLE,
				       .context = context % FAKE_CONTEXTS,
				       .slots = *reg(dsa, ROAD_DSA_REG_STREAM_SLOTS),
				       .ring = reg64(dsa, ROAD_DSA_REG_STREAM_RING64),
				       .status = reg64(dsa, ROAD_DSA_REG_STREAM_STATUS64)};
}

static void reset(struct fake_dsa *dsa)
{
	memset(dsa->streams, 0, sizeof(dsa->streams));
	memset(dsa->contexts, 0, sizeof(dsa->contexts));
	dsa->block_count = 0;
}

static void ring_doorbell(struct fake_dsa *dsa, uint64_t index, uint32_t width, uint64_t value)
{
	if (width != 8 || index >= FAKE_STREAMS || !is_open(&dsa->streams[index]))
		violate(dsa, "doorbell of no open stream");
	else
		run_stream(dsa, &dsa->streams[index], value);
}

static void write_reg(struct fake_bus *bus, uint64_t offset, uint32_t width, uint64_t value)
{
	struct fake_dsa *dsa = (struct fake_dsa *)(void *)bus;

	if (offset >= ROAD_DSA_DOORBELL) {
		ring_doorbell(dsa, (offset - ROAD_DSA_DOORBELL) / ROAD_DSA_DOORBELL_STRIDE, width,
			      value);
		return;
	}
	if (offset + width > sizeof(dsa->regs)) {
		violate(dsa, "write beyond the registers");
		return;
	}
	memcpy(reg(dsa, offset), &value, width);
	switch (offset) {
	case ROAD_DSA_REG_CONTROL: reset(dsa); break;
	case ROAD_DSA_REG_STREAM_COMMAND: stream_command(dsa, (uint32_t)value); break;
	case ROAD_DSA_REG_CONTEXT_COMMAND: context_command(dsa, (uint32_t)value); break;
	default: break;
	}
}

static uint64_t read_reg(struct fake_bus *bus, uint64_t offset, uint32_t width)
{
	struct fake_dsa *dsa = (struct fake_dsa *)(void *)bus;

	switch (offset) {
	case ROAD_DSA_REG_STATUS:
		return ROAD_DSA_STATUS_READY | (dsa->dirty ? 0u : ROAD_DSA_STATUS_CLEAN);
	case ROAD_DSA_REG_STREAM_STATE:
		return dsa->streams[*reg(dsa, ROAD_DSA_REG_STREAM_SELECT) % FAKE_STREAMS].state;
	default: return width == 8 ? reg64(dsa, offset) : *reg(dsa, offset);
	}
}

void fake_dsa_init(struct fake_dsa *dsa)
{
	static const struct {
		uint32_t reg, value;
	} values[] = {
		{ROAD_DSA_REG_ID, ROAD_DSA_ID},
		{ROAD_DSA_REG_VERSION, ROAD_DSA_INTERFACE},
		{ROAD_DSA_REG_CORES, 2},
		{ROAD_DSA_REG_CLOCK_KHZ, 1000000},
		{ROAD_DSA_REG_FLAGS, 8},
		{ROAD_DSA_REG_STREAMS, FAKE_STREAMS},
		{ROAD_DSA_REG_CONTEXTS, FAKE_CONTEXTS},
		{ROAD_DSA_REG_ISA, ROAD_DSA_ISA_VERSION},
		{ROAD_DSA_REG_MEM_BYTES64, FAKE_MEMORY},
	};

	memset(dsa, 0, sizeof(*dsa));
	fake_bus_init(&dsa->bus);
	dsa->bus.read = read_reg;
	dsa->bus.write = write_reg;
	dsa->memory = calloc(1, FAKE_MEMORY);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		*reg(dsa, values[i].reg) = values[i].value;
	for (uint32_t p = 0; p < ROAD_DSA_PADS; p++)
		*reg(dsa, ROAD_DSA_REG_PAD_BYTES + 4 * p) = 65536;
}

void fake_dsa_destroy(struct fake_dsa *dsa)
{
	free(dsa->memory);
}
