/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register helper: what every port asks registers for in the same way. Is this the chip, which
 * interface does it speak, is it ready, is it gone, what does it say of itself.
 */
#ifndef ROADBED_DRIVER_REGISTERS_H
#define ROADBED_DRIVER_REGISTERS_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ROAD_DEVICE_LOST if the device is gone: the core is told, and the detail is recorded. For whoever
 * read all ones where that is no legal value. */
ROAD_API road_status road_drv_alive(struct road_drv_device *dev, const char *where);

/* For `probe`: ROAD_OK if the 32-bit register says `id`; ROAD_UNSUPPORTED with `what` ("not a …"),
 * the value seen and the value allowed; ROAD_DEVICE_LOST. */
ROAD_API road_status road_register_expect(struct road_bus *bus, uint32_t region, uint64_t offset,
					  uint32_t id, const char *what, const char *where);

/* Does a 32-bit register of major << 16 | minor say this interface's major? */
ROAD_API road_status road_register_version(struct road_drv_device *dev, uint32_t region,
					   uint64_t offset, uint32_t interface, const char *where);

/* Reads the 32-bit register until (value & mask) == wanted, at most within_ns of the bus's clock.
 * All ones must be no legal value of it: then the device may be gone. ROAD_TIMEOUT says what was
 * awaited and the last value seen. */
ROAD_API road_status road_register_await(struct road_drv_device *dev, uint32_t region,
					 uint64_t offset, uint32_t mask, uint32_t wanted,
					 uint64_t within_ns, const char *where);

/* ---- what the chip says of itself ---- */

/* A register that `start` reads: where its value goes, what it may say, and the property that it
 * is. */
struct road_parameter {
	const char *name; /* for errors */
	uint64_t offset, min, max;
	uint16_t member; /* offset in the port's structure */
	uint8_t bytes;   /* 4 or 8: of the register and of the member */
	uint8_t unknown; /* 1: as a property, 0 says that the chip does not know */
	uint32_t id;     /* of the property, never renumbered; 0: it is none */
	const char *property, *unit;
	uint32_t scale; /* property = value * scale */
};
/* The middle of a row: member `m` of struct `s`. */
#define ROAD_PARAMETER_MEMBER(s, m) \
	.member = (uint16_t)offsetof(s, m), .bytes = (uint8_t)sizeof(((s *)0)->m)

/* Fills *out from all of them. ROAD_UNSUPPORTED: one says what cannot be; ROAD_DEVICE_LOST. */
ROAD_API road_status road_parameters_read(struct road_drv_device *dev, uint32_t region,
					  const struct road_parameter *rows, uint32_t count,
					  void *out);
/* The property of a row that has an id; params: what road_parameters_read filled. */
ROAD_API void road_parameter_property(const struct road_parameter *row, const void *params,
				      struct road_property *out);

/* Properties that are no register alone; their source is ROAD_SOURCE_REGISTER until it is set. */
ROAD_API void road_property_bool(struct road_property *out, uint32_t id, const char *name,
				 bool value);
ROAD_API void road_property_u64(struct road_property *out, uint32_t id, const char *name,
				const char *unit, uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
