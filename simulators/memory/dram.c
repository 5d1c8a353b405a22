/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/memory/dram.h"
#include "simulators/memory/link.h"

uint64_t road_dram_sector_ticks(uint64_t rate, uint32_t channels, uint64_t clock_hz)
{
	unsigned __int128 ticks =
		(unsigned __int128)ROAD_DRAM_SECTOR * ROAD_TICKS * clock_hz * channels;

	return (uint64_t)((ticks + rate - 1) / rate);
}

/* Neighbouring rows lie in different banks; upper bits keep power-of-two strides apart. */
static uint32_t bank_of(const struct road_dram_timing *timing, uint64_t row)
{
	return (uint32_t)(row ^ row / timing->banks ^ row / timing->banks / timing->banks) &
	       (timing->banks - 1);
}

uint64_t road_dram_access(struct road_dram_channel *channel, const struct road_dram_timing *timing,
			  uint64_t arrival, uint64_t address, uint32_t sectors, bool write)
{
	uint64_t row = address / timing->row_bytes;
	struct road_dram_bank *bank = &channel->banks[bank_of(timing, row)];
	uint64_t start = arrival > bank->ready ? arrival : bank->ready;
	uint64_t duration = sectors * timing->sector;

	if (bank->row == row + 1) {
		channel->row_hits++;
	} else {
		start += timing->activate + (bank->row ? timing->precharge : 0);
		channel->row_misses++;
	}
	uint64_t data = start + timing->access;

	if (data < channel->bus_free)
		data = channel->bus_free;
	channel->bus_free = data + duration;
	bank->row = row + 1;
	bank->ready = start + duration;
	*(write ? &channel->written_bytes : &channel->read_bytes) +=
		(uint64_t)sectors * ROAD_DRAM_SECTOR;
	return channel->bus_free;
}
