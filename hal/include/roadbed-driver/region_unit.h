/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconfiguration unit's helper, for ports of chips that have the unit of uapi/region.h: all of
 * struct road_region_ops but the checks of what an image means, and the command's bytes.
 *
 *	start       road_region_unit_open(dev, port)    dev->region_unit
 *	driver      .region = &road_region_unit_ops
 *	encode      road_region_encode(encoder, dev, command->region, &op)
 *	            -> a packet of the chip's own that carries the bus address `op`
 *	launch      road_region_config(dev, id, &image) -> where the image lies that it expects
 *	advance     road_region_error_status(error)           -> what a failed packet answers
 *	stop        road_region_unit_close(dev)
 *
 * Any thread, but where said otherwise: the unit's selecting registers have a lock inside.
 */
#ifndef ROADBED_DRIVER_REGION_UNIT_H
#define ROADBED_DRIVER_REGION_UNIT_H

#include <roadbed-driver/driver.h>
#include <roadbed-driver/region.h>
#include <roadbed-driver/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_region_unit;

/* An image whose container is sound; all of it lies in the core's copy. */
struct road_region_payload {
	const void *bytes; /* relocated fields are zero */
	uint32_t byte_count;
	uint64_t offset; /* in the image, for what errors say */
};

/* A field of a payload: where it lies, what it says, what it may say, and what messages call it. */
struct road_region_field {
	size_t at;
	uint64_t seen, min, max;
	const char *what;
};
/* ROAD_IMAGE_INVALID for the first one that is out of bounds, with its byte in the image, the value
 * and the bounds. For `check` below. */
ROAD_API road_status road_region_fields_check(const struct road_region_payload *payload,
					      const struct road_region_field *fields,
					      uint32_t count);

/* What the port does; `dev` is the device that the unit was opened for. */
struct road_region_port {
	uint32_t region; /* of the bus: where the registers are */
	uint64_t offset; /* of the unit's window in it */
	uint32_t kind;   /* enum road_config_kind of its images */
	const char *unit_name;
	/* Is the payload sound? ROAD_IMAGE_INVALID with the detail recorded. Pure. */
	road_status (*check)(struct road_drv_device *dev,
			     const struct road_region_payload *payload);
	/* Bytes to where the chip reads images, until drop; *address is what ops carry. */
	road_status (*upload)(struct road_drv_config *config);
	void (*drop)(struct road_drv_config *config);
	/* NULL: as in struct road_region_ops. patch fills the payload of a copy; the helper makes
	 * its checksum. */
	road_status (*patch)(const struct road_drv_config *config, const struct road_patch *patches,
			     uint32_t count, void *payload, uint32_t payload_bytes);
	bool (*of_kernel)(struct road_drv_kernel *kernel, const void **bytes, uint64_t *count);
	/* NULL: never. ROAD_BUSY: what else than queues keeps the layout as it is. */
	road_status (*layout_busy)(struct road_drv_device *dev, uint32_t index);
};

/* ROAD_NOT_FOUND, without a detail: the chip has none. `port` stays until close. */
ROAD_API road_status road_region_unit_open(struct road_drv_device *dev,
					   const struct road_region_port *port);
/* NULL in dev->region_unit is fine. */
ROAD_API void road_region_unit_close(struct road_drv_device *dev);

extern const struct road_region_ops road_region_unit_ops;

/* Writes the command's op to the ring's argument area; *op: its bus address. -1: no room now. The
 * slot `encode` of a ring port. */
ROAD_API int road_region_encode(struct road_ring_encoder *encoder, struct road_drv_device *dev,
				const struct road_cmd_region *command, uint64_t *op);

struct road_region_place {
	uint64_t address;
	uint32_t bytes;
};
/* Where the open configuration of this id lies; false: none is open. */
ROAD_API bool road_region_config(struct road_drv_device *dev, uint64_t id,
				 struct road_region_place *out);

/* What an op or launch that failed with this enum road_region_error answers. */
ROAD_API road_status road_region_error_status(uint32_t error);
ROAD_API const char *road_region_error_text(uint32_t error);

/* What an image says of itself, and whether its container is sound: ROAD_IMAGE_INVALID with the
 * place of what is not, ROAD_IMAGE_INCOMPATIBLE: sound, but of another kind. Bytes and
 * canonical as in struct road_region_ops.check; canonical may be
 * NULL. Pure. */
ROAD_API road_status road_region_image_check(const void *bytes, uint64_t byte_count, uint32_t kind,
					     void *canonical, struct road_region_payload *out);

#ifdef __cplusplus
}
#endif
#endif
