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

/* The header, claims and the payload, which is a multiple of 8 bytes. */
static void *wrap(struct road_config_header header, const uint8_t *name,
		  const struct road_config_claim *claims, const void *payload, size_t *bytes)
{
	size_t claim_bytes = header.claim_count * sizeof(*claims);
	uint8_t *out;

	*bytes = sizeof(header) + claim_bytes + header.payload_bytes;
	out = calloc(1, *bytes);
	if (!out)
		return NULL;
	header.magic = ROAD_CONFIG_MAGIC;
	header.version = ROAD_CONFIG_VERSION;
	header.units = 1;
	header.total_bytes = (uint32_t)*bytes;
	memcpy(header.name, name, ROAD_RPU_NAME_BYTES);
	memcpy(out, &header, sizeof(header));
	if (claim_bytes)
		memcpy(out + sizeof(header), claims, claim_bytes);
	memcpy(out + sizeof(header) + claim_bytes, payload, header.payload_bytes);
	header.crc = crc32c(out, *bytes);
	memcpy(out, &header, sizeof(header));
	return out;
}

void *map_container(const struct road_rpu_config *config, uint32_t scratch_bytes, size_t *bytes)
{
	const struct road_config_claim claim = {ROAD_CLAIM_SCRATCH,
						ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE, 0,
						scratch_bytes};

	return map_container_claiming(config, &claim, scratch_bytes ? 1 : 0, bytes);
}

void *map_container_claiming(const struct road_rpu_config *config,
			     const struct road_config_claim *scratch, unsigned count, size_t *bytes)
{
	struct road_config_claim claims[ROAD_CONFIG_CLAIMS_MAX] = {
		{ROAD_CLAIM_MEMORY, ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE, 0, 0},
	};
	const struct road_config_header header = {.kind = ROAD_CONFIG_FABRIC,
						  .fabric = config->fabric_id,
						  .claim_count = (uint16_t)(count + 1),
						  .payload_bytes = config->total_bytes};

	memcpy(claims + 1, scratch, count * sizeof(*scratch));
	return wrap(header, config->name, claims, config, bytes);
}

void *map_engine_container(const struct road_rpu_engine_kernel *kernel, size_t *bytes)
{
	const struct road_config_header header = {.kind = ROAD_CONFIG_ENGINE,
						  .payload_bytes = sizeof(*kernel)};

	return wrap(header, kernel->name, NULL, kernel, bytes);
}
