/* SPDX-License-Identifier: Apache-2.0 */
/* Regions: all but a few things is the helper's (<roadbed-driver/region_unit.h>). Images lie in
 * device memory of the driver's own context, where no program's work reaches them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

struct rpu_resident {
	struct rpu_resident *next;
	uint64_t scratch_bytes; /* claimed, from the scratchpads' begin on */
	const struct road_drv_config *config;
	struct rpu_memory memory;
};

static void enlist(struct rpu *rpu, struct rpu_resident *resident)
{
	pthread_mutex_lock(&rpu->config_lock);
	resident->next = rpu->residents;
	rpu->residents = resident;
	pthread_mutex_unlock(&rpu->config_lock);
}

static void unlist(struct rpu *rpu, struct rpu_resident *resident)
{
	struct rpu_resident **at = &rpu->residents;

	pthread_mutex_lock(&rpu->config_lock);
	while (*at != resident)
		at = &(*at)->next;
	*at = resident->next;
	pthread_mutex_unlock(&rpu->config_lock);
}

void rpu_config_name(struct rpu *rpu, uint64_t id, char *out, size_t bytes)
{
	pthread_mutex_lock(&rpu->config_lock);
	for (const struct rpu_resident *r = rpu->residents; r; r = r->next)
		if (r->config->id == id)
			snprintf(out, bytes, "%s", r->config->name);
	pthread_mutex_unlock(&rpu->config_lock);
}

/* How far the claims of an image (it was checked) reach into the scratchpads. */
static uint64_t claimed_by(const struct road_drv_config *config)
{
	struct road_config_header header;
	struct road_config_claim claim;
	uint64_t end = 0;

	memcpy(&header, config->bytes, sizeof(header));
	for (uint32_t i = 0; i < header.claim_count; i++) {
		memcpy(&claim, (const char *)config->bytes + sizeof(header) + i * sizeof(claim),
		       sizeof(claim));
		if (claim.kind == ROAD_CLAIM_SCRATCH && claim.offset + claim.bytes > end)
			end = claim.offset + claim.bytes;
	}
	return end;
}

static uint64_t claimed_by_all(struct rpu *rpu)
{
	uint64_t most = 0;

	pthread_mutex_lock(&rpu->config_lock);
	for (const struct rpu_resident *r = rpu->residents; r; r = r->next)
		most = r->scratch_bytes > most ? r->scratch_bytes : most;
	pthread_mutex_unlock(&rpu->config_lock);
	return most;
}

static road_status upload(struct road_drv_config *config)
{
	struct rpu *rpu = config->dev->data;
	struct rpu_resident *resident = malloc(sizeof(*resident));
	road_status status;

	if (!resident)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a configuration",
				      "road_config_create", NULL, NULL);
	resident->config = config;
	resident->scratch_bytes = claimed_by(config);
	if (resident->scratch_bytes > claimed_by_all(rpu)) {
		status = rpu_scratch_reserve(rpu, resident->scratch_bytes);
		if (status)
			goto free_resident;
	}
	status = rpu_memory_alloc(rpu->own, config->byte_count, 0, ROAD_RANGE_READ,
				  &resident->memory);
	if (status)
		goto unreserve;
	status = road_streams_upload(rpu->streams, rpu->own, resident->memory.va, config->bytes,
				     config->byte_count);
	if (status)
		goto release;
	config->address = resident->memory.pa;
	config->data = resident;
	enlist(rpu, resident);
	return ROAD_OK;
release:
	rpu_memory_free(&resident->memory);
unreserve:
	(void)rpu_scratch_reserve(rpu, claimed_by_all(rpu));
free_resident:
	free(resident);
	return status;
}

static void drop(struct road_drv_config *config)
{
	struct rpu_resident *resident = config->data;
	struct rpu *rpu = config->dev->data;

	unlist(rpu, resident);
	(void)rpu_scratch_reserve(rpu, claimed_by_all(rpu)); /* less: it succeeds */
	rpu_memory_free(&resident->memory);
	free(resident);
	config->data = NULL;
}

road_status rpu_region_refused(const struct road_stream *stream, const char *where)
{
	struct road_drv_device *dev = stream->encode.dev;
	const struct road_drv_queue *drv = stream->queue;
	struct road_region_info info = {.size = sizeof(info)};

	if (!drv || !dev->region_unit)
		return ROAD_OK;
	if (road_region_unit_ops.info(dev, drv->region, &info) ||
	    (drv->region && info.generation != drv->region_generation))
		return road_drv_errorf(ROAD_STALE, where, "region %u is not what it was",
				       drv->region);
	if (info.child_count)
		return road_drv_errorf(ROAD_BUSY, where, "region %u is split: it runs nothing",
				       drv->region);
	return ROAD_OK;
}

const struct road_region_port rpu_region_port = {
	.region = ROAD_RPU_REGION_REGS,
	.offset = ROAD_RPU_REGIONS,
	.kind = ROAD_CONFIG_FABRIC,
	.unit_name = "tile",
	.check = rpu_payload_check,
	.upload = upload,
	.drop = drop,
	.patch = rpu_payload_patch,
	.of_kernel = rpu_of_kernel,
};
