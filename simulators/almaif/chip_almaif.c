/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of chip files of the family `almaif`. */
#include "simulators/almaif/almaif.h"

#define UINT(name, unit, scale, low, high, m)                       \
	{                                                           \
		name, ROAD_CHIP_UINT, unit, scale, low, high, NULL, \
			ROAD_CHIP_MEMBER(struct almaif_params, m)   \
	}
#define CYCLES(name, m) UINT(name, "cycles", 1, 0, 1000000, m)

static const struct road_chip_key keys[] = {
	UINT("queue_memory", "B", 1, 128, 1u << 24, queue_bytes),
	UINT("data_memory", "KiB", 1024, 1, 1u << 22, data_bytes),
	UINT("clock", "MHz", 1000000, 1, 10000, clock_hz),
	CYCLES("reset", reset_cycles),
	CYCLES("poll", poll_cycles),
	CYCLES("dispatch", dispatch_cycles),
	UINT("byte_rate", "B/cycle", 1, 1, 65536, bytes_per_cycle),
	UINT("item_rate", "/cycle", 1, 1, 65536, items_per_cycle),
	UINT("device_class", NULL, 1, 0, 0xffffffff, device_class),
	UINT("device_id", NULL, 1, 0, 0xffffffff, device_id),
};

const struct road_chip_family road_chip_family_almaif = {
	.name = "almaif",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct almaif_params),
};
