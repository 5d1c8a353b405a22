/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel of device memory: banks with an open row each and one data bus, served in the order
 * of arrival. Times in ticks (link.h).
 */
#ifndef SIMULATORS_MEMORY_DRAM_H
#define SIMULATORS_MEMORY_DRAM_H

#include <stdbool.h>
#include <stdint.h>

#define ROAD_DRAM_SECTOR 32u

struct road_dram_timing {
	uint32_t banks;     /* a power of two */
	uint32_t row_bytes; /* a power of two */
	uint64_t sector;    /* ticks that 32 bytes take on the bus */
	uint64_t access;    /* ticks from the command to the first byte, row open */
	uint64_t activate, precharge;
};

struct road_dram_bank {
	uint64_t row;   /* + 1; 0 = none open */
	uint64_t ready; /* ticks */
};

struct road_dram_channel {
	struct road_dram_bank *banks; /* the owner's memory, zero */
	uint64_t bus_free;            /* ticks */
	uint64_t read_bytes, written_bytes;
	uint64_t row_hits, row_misses; /* misses: no row, or another one, was open */
};

/* Ticks of a sector on one of `channels` buses that together move `rate` bytes a second. */
uint64_t road_dram_sector_ticks(uint64_t rate, uint32_t channels, uint64_t clock_hz);

/* Returns when the last byte has moved. Arrivals must not descend. */
uint64_t road_dram_access(struct road_dram_channel *channel, const struct road_dram_timing *timing,
			  uint64_t arrival, uint64_t address, uint32_t sectors, bool write);

#endif
