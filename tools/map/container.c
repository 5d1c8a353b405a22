/* SPDX-License-Identifier: Apache-2.0 */
/* The container's header, claims and check sum around a configuration. */
#include "tools/map/container.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/region.h"

#define CRC32C_REFLECTED 0x82f63b78u

static uint32_t crc32c(const uint8_t *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes; i++) {
		crc ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_REFLECTED : 0);
	}
	return ~crc;
}

void *map_container(const struct road_rpu_config *config, uint32_t scratch_bytes, size_t *bytes)
{
	const struct road_config_claim claims[] = {
		{ROAD_CLAIM_MEMORY, ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE, 0, 0},
		{ROAD_CLAIM_SCRATCH, ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE, 0,
		 scratch_bytes},
	};
	size_t claim_bytes = sizeof(claims[0]) * (scratch_bytes ? 2 : 1);
	struct road_config_header *header;

	*bytes = sizeof(*header) + claim_bytes + config->total_bytes;
	header = calloc(1, *bytes);
	if (!header)
		return NULL;
	header->magic = ROAD_CONFIG_MAGIC;
	header->version = ROAD_CONFIG_VERSION;
	header->kind = ROAD_CONFIG_FABRIC;
	header->total_bytes = (uint32_t)*bytes;
	header->fabric = config->fabric_id;
	header->units = 1;
	header->claim_count = scratch_bytes ? 2 : 1;
	header->payload_bytes = config->total_bytes;
	memcpy(header->name, config->name, sizeof(config->name));
	memcpy(header + 1, claims, claim_bytes);
	memcpy((uint8_t *)(header + 1) + claim_bytes, config, config->total_bytes);
	header->crc = crc32c((const uint8_t *)header, *bytes);
	return header;
}
