/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all cores of a chip share: L2 (tags only), the channels of HBM, the host's bus. Each serves
 * one request after the other in the order of the calls; a request is a whole row of bursts, whose
 * bytes queue at L2 and, for what it misses, at the channels that hold them.
 */
#include "simulators/dsa/core.h"

#include <stdlib.h>

#include "simulators/dsa/hazard.h"
#include "simulators/dsa/internal.h"
#include "simulators/memory/cache.h"
#include "simulators/memory/link.h"

enum { LINE = 128, SECTOR = 32, INTERLEAVE = 2 /* lines on one channel in a row */ };

struct dsa_memory {
	const struct road_dsa_params *params;
	struct road_cache l2;
	struct road_link l2_port, bus, *channel;
	uint64_t *channel_bytes;         /* of the request at hand */
	double bus_ticks, channel_ticks; /* a byte's */
	struct dsa_memory_counts counts;
	struct dsa_shadow *shadow; /* the hazard checker's; NULL until it is asked for */
};

static uint32_t channels_of(const struct dsa_memory *memory)
{
	return memory->params->hbm_channels ? memory->params->hbm_channels : 1;
}

static void set_rates(struct dsa_memory *memory)
{
	const struct road_dsa_params *params = memory->params;
	double tick_hz = (double)params->clock_hz * (double)ROAD_TICKS;

	memory->bus_ticks = tick_hz / (double)params->system_rate;
	memory->channel_ticks = tick_hz * channels_of(memory) / (double)params->hbm_rate;
}

/* Ticks are of the new clock; nothing is under way. */
static void clock_link(struct road_link *link, uint64_t hz, uint64_t before_hz)
{
	link->free = 0;
	link->busy = (uint64_t)((unsigned __int128)link->busy * hz / before_hz);
}

void dsa_memory_clocked(struct dsa_memory *memory, uint64_t before_hz)
{
	const uint64_t hz = memory->params->clock_hz;

	set_rates(memory);
	clock_link(&memory->l2_port, hz, before_hz);
	clock_link(&memory->bus, hz, before_hz);
	for (uint32_t c = 0; c < channels_of(memory); c++)
		clock_link(&memory->channel[c], hz, before_hz);
}

struct dsa_memory *dsa_memory_create(const struct road_dsa_params *params)
{
	struct dsa_memory *memory = calloc(1, sizeof(*memory));
	uint64_t sets = params->l2_ways ? params->l2_bytes / LINE / params->l2_ways : 0;
	uint32_t channels = params->hbm_channels ? params->hbm_channels : 1;

	if (!memory)
		return NULL;
	memory->params = params;
	memory->l2.sets = (uint32_t)sets;
	memory->l2.ways = params->l2_ways;
	memory->l2.entries = calloc(sets * params->l2_ways + 1, sizeof(uint64_t));
	memory->channel = calloc(channels, sizeof(*memory->channel));
	memory->channel_bytes = calloc(channels, sizeof(*memory->channel_bytes));
	set_rates(memory);
	if (memory->l2.entries && memory->channel && memory->channel_bytes)
		return memory;
	dsa_memory_destroy(memory);
	return NULL;
}

void dsa_memory_destroy(struct dsa_memory *memory)
{
	if (!memory)
		return;
	dsa_shadow_destroy(memory->shadow);
	free(memory->l2.entries);
	free(memory->channel);
	free(memory->channel_bytes);
	free(memory);
}

struct dsa_shadow *dsa_memory_shadow(struct dsa_memory *memory)
{
	if (!memory->shadow)
		memory->shadow = dsa_shadow_create(memory->params->cores);
	return memory->shadow;
}

/* ---- clocks: links count ticks of the core's clock ---- */

static uint64_t ticks_of_ps(const struct dsa_memory *memory, uint64_t ps)
{
	unsigned __int128 ticks = (unsigned __int128)ps * memory->params->clock_hz * ROAD_TICKS;

	return (uint64_t)(ticks / UINT64_C(1000000000000));
}

static uint64_t ps_of_ticks(const struct dsa_memory *memory, uint64_t ticks)
{
	unsigned __int128 hz = (unsigned __int128)memory->params->clock_hz * ROAD_TICKS;

	return (uint64_t)(((unsigned __int128)ticks * UINT64_C(1000000000000) + hz - 1) / hz);
}

static uint64_t duration(uint64_t bytes, double ticks_a_byte)
{
	double ticks = (double)bytes * ticks_a_byte;
	uint64_t whole = (uint64_t)ticks;

	return whole + ((double)whole < ticks);
}

/* ---- L2 ---- */

static uint32_t channel_of(const struct dsa_memory *memory, uint64_t line)
{
	uint64_t piece = line / INTERLEAVE;
	uint32_t channels = channels_of(memory);

	/* Upper bits folded in: strides of a power of two do not meet in one channel. */
	return (uint32_t)((piece + piece / channels * 5) % channels);
}

static uint32_t bits(uint8_t sectors)
{
	return (uint32_t)__builtin_popcount(sectors);
}

static void to_channel(struct dsa_memory *memory, uint64_t line, uint32_t sectors, bool write)
{
	memory->channel_bytes[channel_of(memory, line)] += sectors * SECTOR;
	if (write)
		memory->counts.hbm_written_bytes += sectors * SECTOR;
	else
		memory->counts.hbm_read_bytes += sectors * SECTOR;
}

/* Sectors of one line: what is not there comes from HBM, unless all of it is overwritten. */
static void take_line(struct dsa_memory *memory, uint64_t line, uint8_t want, uint8_t partial,
		      bool write)
{
	struct road_cache_victim victim = {0};
	uint8_t there, missing;

	if (!memory->l2.sets) {
		to_channel(memory, line, bits(want), write);
		return;
	}
	there = road_cache_lookup(&memory->l2, line, want);
	missing = (uint8_t)(want & ~there);
	if (!missing)
		memory->counts.l2_hits++;
	else
		memory->counts.l2_misses++;
	if (missing && !write)
		to_channel(memory, line, bits(missing), false);
	if (write && missing & partial)
		to_channel(memory, line, bits(missing & partial), false);
	if (missing || write)
		road_cache_fill(&memory->l2, line, want, write ? want : 0, &victim);
	if (victim.dirty)
		to_channel(memory, victim.line, bits(victim.dirty), true);
}

static uint8_t sectors_from_to(uint64_t first, uint64_t last)
{
	return (uint8_t)((0xfu << first) & (0xfu >> (3 - last)));
}

static void take_burst(struct dsa_memory *memory, uint64_t pa, uint64_t bytes, bool write)
{
	uint64_t end = pa + bytes;

	for (uint64_t at = pa; at < end; at = (at / LINE + 1) * LINE) {
		uint64_t line = at / LINE, line_end = (line + 1) * LINE;
		uint64_t stop = end < line_end ? end : line_end;
		uint64_t first = at % LINE / SECTOR, last = (stop - 1) % LINE / SECTOR;
		uint8_t partial = 0;

		partial |= at % SECTOR ? (uint8_t)(1u << first) : 0;
		partial |= stop % SECTOR ? (uint8_t)(1u << last) : 0;
		take_line(memory, line, sectors_from_to(first, last), partial, write);
	}
}

/* ---- a request ---- */

static uint64_t take_channels(struct dsa_memory *memory, uint64_t arrival)
{
	uint32_t channels = channels_of(memory);
	uint64_t latency = road_ticks_of_cycles(memory->params->hbm_latency), end = 0;

	for (uint32_t c = 0; c < channels; c++) {
		uint64_t ticks = duration(memory->channel_bytes[c], memory->channel_ticks), done;

		if (!ticks)
			continue;
		memory->channel_bytes[c] = 0;
		done = road_link_take(&memory->channel[c], arrival, ticks) + latency;
		end = done > end ? done : end;
	}
	return end;
}

static uint64_t take_system(struct dsa_memory *memory, uint64_t bytes, bool write, uint64_t from)
{
	uint64_t ticks = duration(bytes, memory->bus_ticks);
	uint64_t end = road_link_take(&memory->bus, ticks_of_ps(memory, from), ticks);

	if (write)
		memory->counts.system_written_bytes += bytes;
	else
		memory->counts.system_read_bytes += bytes;
	return ps_of_ticks(memory, end) + memory->params->system_latency_ps;
}

uint64_t dsa_memory_take(struct dsa_memory *memory, const struct dsa_piece *piece, uint64_t bytes,
			 uint64_t bursts, int64_t stride, bool write, uint64_t from)
{
	uint64_t arrival = ticks_of_ps(memory, from), end, far;

	if (piece->system)
		return take_system(memory, bytes * bursts, write, from);
	for (uint64_t i = 0; i < bursts; i++)
		take_burst(memory, piece->pa + (uint64_t)((int64_t)i * stride), bytes, write);
	if (write)
		memory->counts.l2_written_bytes += bytes * bursts;
	else
		memory->counts.l2_read_bytes += bytes * bursts;
	end = road_link_take(&memory->l2_port, arrival,
			     road_link_ticks(bytes * bursts, memory->params->l2_rate));
	far = take_channels(memory, arrival);
	end = far > end ? far : end;
	return ps_of_ticks(memory, end + road_ticks_of_cycles(memory->params->l2_latency));
}

void dsa_memory_counts(const struct dsa_memory *memory, struct dsa_memory_counts *out)
{
	uint32_t channels = channels_of(memory);

	*out = memory->counts;
	out->l2_busy_ps = ps_of_ticks(memory, memory->l2_port.busy);
	out->system_busy_ps = ps_of_ticks(memory, memory->bus.busy);
	out->hbm_busy_ps = 0;
	for (uint32_t c = 0; c < channels; c++)
		out->hbm_busy_ps += ps_of_ticks(memory, memory->channel[c].busy);
	out->hbm_busy_ps /= channels;
}
