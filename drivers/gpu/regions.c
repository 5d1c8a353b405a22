/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: what the helper of the reconfiguration unit does not know of this chip. */
#include <stdio.h>
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "uapi/gpu/profile.h"
#include "uapi/region.h"

/* ---- profiles ---- */

#define AT(member) offsetof(struct road_gpu_profile, member)

static road_status check_fields(const struct gpu_params *params,
				const struct road_region_payload *payload,
				const struct road_gpu_profile *p)
{
	const struct road_region_field fields[] = {
		{AT(version), p->version, 1, ROAD_GPU_PROFILE_VERSION, "version of the profile"},
		{AT(flags), p->flags, 0, ROAD_GPU_PROFILE_EXCLUSIVE, "flags of the profile"},
		{AT(shared_bytes), p->shared_bytes, 0, params->shared_per_sm,
		 "bytes of shared memory of an SM"},
		{AT(warps), p->warps, ROAD_GPU_PROFILE_WARPS_MIN, params->warps_per_sm,
		 "warps of an SM"},
		{AT(blocks), p->blocks, 0, params->blocks_per_sm, "workgroups of an SM"},
		{AT(reserved[0]), p->reserved[0], 0, 0, "reserved field in use"},
		{AT(reserved[1]), p->reserved[1], 0, 0, "reserved field in use"},
		{AT(reserved[2]), p->reserved[2], 0, 0, "reserved field in use"},
		{AT(reserved[3]), p->reserved[3], 0, 0, "reserved field in use"},
	};

	return road_region_fields_check(payload, fields, sizeof(fields) / sizeof(fields[0]));
}

/* The payload lies behind the header at once where there are neither. */
static road_status has_claims(const struct road_region_payload *payload)
{
	char where[64], seen[64];
	size_t begin = sizeof(struct road_config_header);

	snprintf(where, sizeof(where), "configuration image, byte %zu", begin);
	snprintf(seen, sizeof(seen), "%llu bytes of them",
		 (unsigned long long)payload->offset - begin);
	return road_drv_error(ROAD_IMAGE_INVALID, "claims or relocations of a profile", where, seen,
			      "none");
}

static road_status check(struct road_drv_device *dev, const struct road_region_payload *payload)
{
	const struct gpu *gpu = dev->data;
	struct road_gpu_profile profile;
	const struct road_region_field size = {0, payload->byte_count, sizeof(profile),
					       sizeof(profile), "a profile of another size"};
	road_status status = ROAD_OK;

	if (payload->offset != sizeof(struct road_config_header))
		return has_claims(payload);
	status = road_region_fields_check(payload, &size, 1);
	if (status)
		return status;
	memcpy(&profile, payload->bytes, sizeof(profile));
	return check_fields(&gpu->params, payload, &profile);
}

/* ---- where the chip reads them: device memory that the host sees ---- */

static road_status upload(struct road_drv_config *config)
{
	struct gpu *gpu = config->dev->data;
	const uint64_t bytes = (config->byte_count + GPU_PAGE - 1) & ~(GPU_PAGE - 1);
	void *mapped = NULL;
	bool fresh;
	road_status status;

	pthread_mutex_lock(&gpu->heap_lock);
	status = road_ranges_alloc(gpu->visible, bytes, GPU_PAGE, &config->address, &fresh);
	pthread_mutex_unlock(&gpu->heap_lock);
	if (status)
		return status;
	status = gpu->bus->ops->region_map(gpu->bus, ROAD_GPU_REGION_MEMORY, config->address, bytes,
					   &mapped);
	if (!status) {
		memcpy(mapped, config->bytes, config->byte_count);
		gpu->bus->ops->region_unmap(gpu->bus, mapped, bytes);
		(void)gpu_read32(gpu, ROAD_GPU_REG_STATUS); /* pushes it to the chip */
		return ROAD_OK;
	}
	pthread_mutex_lock(&gpu->heap_lock);
	road_ranges_free(gpu->visible, config->address, bytes);
	pthread_mutex_unlock(&gpu->heap_lock);
	return status;
}

static void drop(struct road_drv_config *config)
{
	struct gpu *gpu = config->dev->data;
	const uint64_t bytes = (config->byte_count + GPU_PAGE - 1) & ~(GPU_PAGE - 1);

	pthread_mutex_lock(&gpu->heap_lock);
	road_ranges_free(gpu->visible, config->address, bytes);
	pthread_mutex_unlock(&gpu->heap_lock);
}

static const struct road_region_port port = {
	.region = ROAD_GPU_REGION_REGS,
	.offset = ROAD_GPU_REG_UNIT,
	.kind = ROAD_CONFIG_PROFILE,
	.unit_name = "slice",
	.check = check,
	.upload = upload,
	.drop = drop,
};

road_status gpu_regions_start(struct gpu *gpu)
{
	uint32_t status = gpu_read32(gpu, ROAD_GPU_REG_STATUS);
	road_status opened;

	/* Images lie where the host can put them. */
	if (!(status & ROAD_GPU_STATUS_REGIONS) || !gpu->visible ||
	    !road_boot_has(&gpu->program, ROAD_GPU_VENDOR_REGION, 1) ||
	    !road_boot_has(&gpu->program, ROAD_GPU_VENDOR_EXPECT, 1))
		return ROAD_OK;
	opened = road_region_unit_open(gpu->dev, &port);
	return opened == ROAD_NOT_FOUND ? ROAD_OK : opened;
}

/* ---- packets ---- */

int gpu_encode_region(struct road_ring_encoder *encoder, const struct road_cmd *command,
		      struct road_gpu_vendor *packet)
{
	const struct road_stream_encode *queue = encoder->user;

	return road_region_encode(encoder, queue->dev, command->region, &packet->src);
}

void gpu_encode_expect(const struct road_ring_encoder *encoder,
		       const struct road_cmd_launch *launch, struct road_gpu_vendor *packet)
{
	const struct road_stream_encode *queue = encoder->user;
	struct road_region_place image;

	packet->value = launch->configuration;
	if (!(launch->flags & ROAD_LAUNCH_ACTIVATE))
		return;
	packet->flags |= ROAD_GPU_VENDOR_ACTIVATE;
	if (road_region_config(queue->dev, launch->configuration, &image)) {
		packet->src = image.address;
		packet->bytes = image.bytes;
	}
}

/* The region of a queue that is to be opened; one of another generation is gone. */
road_status gpu_queue_region(const struct road_stream *queue, uint32_t *region)
{
	struct road_region_info info = {.size = sizeof(info)};
	struct road_drv_device *dev = queue->encode.dev;
	road_status status;

	*region = ROAD_GPU_REGION_NONE;
	if (!queue->queue)
		return ROAD_OK;
	*region = queue->queue->region;
	if (!*region)
		return ROAD_OK;
	status = road_region_unit_ops.info(dev, *region, &info);
	if (status == ROAD_NOT_FOUND ||
	    (!status && info.generation != queue->queue->region_generation))
		return road_drv_errorf(ROAD_STALE, "road_queue_create",
				       "region %u is not what it was", *region);
	return status;
}
