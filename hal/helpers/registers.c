/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/registers.h>

#include <inttypes.h>
#include <stdio.h>

road_status road_drv_alive(struct road_drv_device *dev, const char *where)
{
	if (!dev->bus->ops->lost(dev->bus))
		return ROAD_OK;
	road_drv_device_lost(dev);
	return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", where, NULL, NULL);
}

road_status road_register_expect(struct road_bus *bus, uint32_t region, uint64_t offset,
				 uint32_t id, const char *what, const char *where)
{
	uint32_t value = road_read32(bus, region, offset);
	char seen[16], allowed[16];

	if (value == id)
		return ROAD_OK;
	if (value == UINT32_MAX && bus->ops->lost(bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", where, NULL, NULL);
	snprintf(seen, sizeof(seen), "0x%08x", value);
	snprintf(allowed, sizeof(allowed), "0x%08x", id);
	return road_drv_error(ROAD_UNSUPPORTED, what, where, seen, allowed);
}

road_status road_register_version(struct road_drv_device *dev, uint32_t region, uint64_t offset,
				  uint32_t interface, const char *where)
{
	uint32_t version = road_read32(dev->bus, region, offset);
	char seen[24], allowed[24];
	road_status status = version == UINT32_MAX ? road_drv_alive(dev, where) : ROAD_OK;

	if (status || version >> 16 == interface >> 16)
		return status;
	snprintf(seen, sizeof(seen), "%u.%u", version >> 16, version & 0xffffu);
	snprintf(allowed, sizeof(allowed), "%u.x", interface >> 16);
	return road_drv_error(ROAD_UNSUPPORTED, "the chip speaks another interface version", where,
			      seen, allowed);
}

road_status road_register_await(struct road_drv_device *dev, uint32_t region, uint64_t offset,
				uint32_t mask, uint32_t wanted, uint64_t within_ns,
				const char *where)
{
	struct road_bus *bus = dev->bus;
	uint64_t deadline = bus->ops->now_ns(bus) + within_ns;

	for (;;) {
		uint64_t now = bus->ops->now_ns(bus); /* before the last look */
		uint32_t value = road_read32(bus, region, offset);

		if (value == UINT32_MAX) { /* says nothing: gone, or about to be */
			road_status status = road_drv_alive(dev, where);

			if (status)
				return status;
		} else if ((value & mask) == wanted)
			return ROAD_OK;
		if (now >= deadline)
			return road_drv_errorf(ROAD_TIMEOUT, where,
					       "register stays 0x%x, awaited 0x%x of mask 0x%x",
					       value, wanted, mask);
		bus->ops->relax(bus, deadline);
	}
}

/* ---- what the chip says of itself ---- */

static road_status out_of_range(struct road_drv_device *dev, const struct road_parameter *row,
				uint64_t value)
{
	road_status status = road_drv_alive(dev, "road_device_open");
	char seen[32], allowed[64];

	if (status)
		return status;
	snprintf(seen, sizeof(seen), "%" PRIu64, value);
	snprintf(allowed, sizeof(allowed), "%" PRIu64 " .. %" PRIu64, row->min, row->max);
	return road_drv_error(ROAD_UNSUPPORTED, "register says what cannot be", row->name, seen,
			      allowed);
}

road_status road_parameters_read(struct road_drv_device *dev, uint32_t region,
				 const struct road_parameter *rows, uint32_t count, void *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct road_parameter *row = &rows[i];
		char *at = (char *)out + row->member;
		uint64_t value = dev->bus->ops->read(dev->bus, region, row->offset, row->bytes);

		if (value < row->min || value > row->max)
			return out_of_range(dev, row, value);
		if (row->bytes == 8)
			*(uint64_t *)(void *)at = value;
		else
			*(uint32_t *)(void *)at = (uint32_t)value;
	}
	return ROAD_OK;
}

static void begin(struct road_property *out, uint32_t id, const char *name, const char *unit,
		  uint32_t type, uint64_t value)
{
	*out = (struct road_property){.size = sizeof(*out),
				      .id = id,
				      .type = type,
				      .source = ROAD_SOURCE_REGISTER,
				      .u64 = value};
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->unit, sizeof(out->unit), "%s", unit);
}

void road_parameter_property(const struct road_parameter *row, const void *params,
			     struct road_property *out)
{
	const char *at = (const char *)params + row->member;
	uint64_t value = row->bytes == 8 ? *(const uint64_t *)(const void *)at
					 : *(const uint32_t *)(const void *)at;

	begin(out, row->id, row->property, row->unit,
	      !value && row->unknown ? ROAD_VALUE_NULL : ROAD_VALUE_U64, value * row->scale);
}

void road_property_bool(struct road_property *out, uint32_t id, const char *name, bool value)
{
	begin(out, id, name, "", ROAD_VALUE_BOOL, value);
}

void road_property_u64(struct road_property *out, uint32_t id, const char *name, const char *unit,
		       uint64_t value)
{
	begin(out, id, name, unit, ROAD_VALUE_U64, value);
}
