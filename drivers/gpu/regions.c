/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions: what the helper of the reconfiguration unit does not know of this chip. */
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "uapi/gpu/profile.h"
#include "uapi/region.h"

/* ---- profiles ---- */

static road_status bad_profile(const struct road_region_payload *payload, size_t at,
			       const char *what, uint64_t seen, uint64_t most)
{
	return road_drv_errorf(ROAD_IMAGE_INVALID, "road_config_create",
			       "profile, byte %llu of the image: %s is %llu, allowed: up to %llu",
			       (unsigned long long)(payload->offset + at), what,
			       (unsigned long long)seen, (unsigned long long)most);
}

#define FIELD(member) offsetof(struct road_gpu_profile, member)

static road_status check_fields(const struct gpu_params *params,
				const struct road_region_payload *payload,
				const struct road_gpu_profile *profile)
{
	const struct {
		const char *what;
		size_t at;
		uint64_t seen, least, most;
	} rules[] = {
		{"version", FIELD(version), profile->version, 1, ROAD_GPU_PROFILE_VERSION},
		{"flags", FIELD(flags), profile->flags, 0, ROAD_GPU_PROFILE_EXCLUSIVE},
		{"shared_bytes", FIELD(shared_bytes), profile->shared_bytes, 0,
		 params->shared_per_sm},
		{"warps", FIELD(warps), profile->warps, 1, params->warps_per_sm},
		{"blocks", FIELD(blocks), profile->blocks, 0, params->blocks_per_sm},
		{"reserved", FIELD(reserved[0]), profile->reserved[0], 0, 0},
		{"reserved", FIELD(reserved[1]), profile->reserved[1], 0, 0},
		{"reserved", FIELD(reserved[2]), profile->reserved[2], 0, 0},
		{"reserved", FIELD(reserved[3]), profile->reserved[3], 0, 0},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].seen < rules[i].least || rules[i].seen > rules[i].most)
			return bad_profile(payload, rules[i].at, rules[i].what, rules[i].seen,
					   rules[i].most);
	return ROAD_OK;
}

static road_status check(struct road_drv_device *dev, const struct road_region_payload *payload)
{
	const struct gpu *gpu = dev->data;
	struct road_gpu_profile profile;

	/* Behind the header at once: neither claims nor relocations. */
	if (payload->offset != sizeof(struct road_config_header))
		return bad_profile(payload, 0, "claims and relocations", payload->offset,
				   sizeof(struct road_config_header));
	if (payload->byte_count != sizeof(profile))
		return bad_profile(payload, 0, "its size", payload->byte_count, sizeof(profile));
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
	if (!(status & ROAD_GPU_STATUS_REGIONS) || !gpu->visible)
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
