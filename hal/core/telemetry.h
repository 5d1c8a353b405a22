/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics in the order in which programs see them, and the streams that sample them. */
#ifndef HAL_CORE_TELEMETRY_H
#define HAL_CORE_TELEMETRY_H

#include "hal/core/core.h"

struct road_metric_place {
	uint32_t groups; /* mask of what is wanted */
	uint32_t group, index;
};
/* The metric at this place, which moves behind it; false: the end. No lock held. */
bool road_metric_at(struct road_device *device, struct road_metric_place *at,
		    struct road_metric *out);
road_status road_telemetry_check(struct road_device *device, uint32_t groups, const char *where);
uint64_t road_device_now_ns(struct road_device *device);

#endif
