/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/chips/chip_edu.h"
#include "simulators/chips/chip_internal.h"

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_edu_params, m)
static const struct road_chip_key keys[] = {
	{"factorial", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000000, NULL, MEMBER(factorial_ps)},
	{"factorial_step", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, NULL,
	 MEMBER(factorial_step_ps)},
	{"dma_latency", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000000, NULL, MEMBER(dma_latency_ps)},
	{"dma_rate", ROAD_CHIP_DECIMAL, "MB/s", 1000000, 1, 1000000, NULL,
	 MEMBER(dma_bytes_per_second)},
	{"dma_address_bits", ROAD_CHIP_UINT, NULL, 1, 12, 64, NULL, MEMBER(dma_address_bits)},
	{"buffer", ROAD_CHIP_UINT, "B", 1, 16, 1u << 20, NULL, MEMBER(buffer_bytes)},
};

const struct road_chip_family road_chip_family_edu = {
	.name = "edu",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct road_edu_params),
};
