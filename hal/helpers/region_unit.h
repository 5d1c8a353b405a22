/* SPDX-License-Identifier: Apache-2.0 */
/* The reconfiguration unit's helper: inside hal/helpers only. */
#ifndef HAL_HELPERS_REGION_UNIT_H
#define HAL_HELPERS_REGION_UNIT_H

#include <pthread.h>
#include <roadbed-driver/region_unit.h>
#include <roadbed/region.h>

struct road_region_unit {
	struct road_drv_device *dev;
	const struct road_region_port *port;
	pthread_mutex_t lock;            /* of the selecting registers and the list */
	struct road_dma table;           /* of a layout */
	struct road_drv_config **opened; /* whose bytes the chip can read */
	uint32_t opened_count, opened_room;
};

/* CRC-32C of bytes behind those that gave `crc` (0: of none). */
uint32_t road_region_crc(uint32_t crc, const void *bytes, uint64_t count);
/* Of a whole image whose header and relocations are sound. */
uint32_t road_region_image_crc(const void *image);
/* The slot `report` of struct road_region_ops. */
void road_region_report(struct road_drv_device *dev, const void *from,
			struct road_reconfigure_result *out);
/* The slot `explain`. */
void road_region_explain(struct road_drv_device *dev, const void *from, struct road_error *out);

#endif
