/* SPDX-License-Identifier: Apache-2.0 */
/* The device address's options that are the driver's: how PTX is compiled. Others are the bus's. */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

static bool take_number(const char *value, size_t bytes, uint32_t low, uint32_t high, uint32_t *out)
{
	uint64_t number = 0;

	for (size_t i = 0; i < bytes; i++) {
		if (value[i] < '0' || value[i] > '9' || number > high)
			return false;
		number = number * 10 + (uint64_t)(value[i] - '0');
	}
	*out = (uint32_t)number;
	return bytes && number >= low && number <= high;
}

static const struct option {
	const char *key, *allowed;
	uint32_t low, high;
	size_t member; /* of struct road_ptx_options */
} own[] = {
	/* 0: no pass that makes code faster */
	{"opt", "0, 1", 0, 1, offsetof(struct road_ptx_options, optimise)},
	/* the most registers of a kernel, where an image does not say */
	{"regs", "16 to 254", 16, ROAD_GPU_REGS_MAX, offsetof(struct road_ptx_options, max_regs)},
};

static road_status take(struct gpu *gpu, const char *key, size_t key_bytes, const char *value,
			size_t bytes)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		char *member = (char *)&gpu->compile + own[i].member, seen[32] = "";

		if (strlen(own[i].key) != key_bytes || memcmp(own[i].key, key, key_bytes))
			continue;
		if (take_number(value, bytes, own[i].low, own[i].high, (uint32_t *)(void *)member))
			return ROAD_OK;
		memcpy(seen, value, bytes < sizeof(seen) ? bytes : sizeof(seen) - 1);
		return road_drv_error(ROAD_INVALID_ARGUMENT, "device option has no such value",
				      own[i].key, seen, own[i].allowed);
	}
	return ROAD_OK;
}

road_status gpu_options_take(struct gpu *gpu, const char *options)
{
	road_status status = ROAD_OK;

	gpu->compile = (struct road_ptx_options){.optimise = 1};
	while (*options && !status) {
		size_t bytes = strcspn(options, "&");
		const char *equals = memchr(options, '=', bytes);

		if (equals)
			status = take(gpu, options, (size_t)(equals - options), equals + 1,
				      bytes - (size_t)(equals - options) - 1);
		options += bytes + (options[bytes] == '&');
	}
	return status;
}
