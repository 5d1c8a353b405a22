/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/load/own_rom.h"

#include <string.h>

ROAD_API struct own_rom own_rom;

static struct road_drv_device *rom(const struct road_drv_device *dev)
{
	own_rom.had_data |= dev->data && !own_rom.starts;
	return (struct road_drv_device *)(void *)&own_rom.rom;
}

static road_status describe(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	road_status status;

	own_rom.describes++;
	status = own_rom.none ? ROAD_NOT_FOUND : rom_ops.describe(rom(dev), out);
	if (!status)
		out->foreign = own_rom.foreign;
	return status;
}

static road_status look(struct road_drv_device *dev, struct road_firmware_look *out)
{
	if (!own_rom.foreign)
		return rom_ops.look(rom(dev), out);
	*out = (struct road_firmware_look){.phase = own_rom.phase};
	if (own_rom.runs_after != UINT32_MAX && !own_rom.runs_after--)
		own_rom.phase = out->phase = ROAD_FIRMWARE_PHASE_RUNNING;
	return ROAD_OK;
}

static road_status offer(struct road_drv_device *dev, uint32_t component, uint64_t bytes)
{
	return rom_ops.offer(rom(dev), component, bytes);
}

static road_status transfer(struct road_drv_device *dev, uint64_t offset, const void *bytes,
			    uint32_t byte_count)
{
	return rom_ops.transfer(rom(dev), offset, bytes, byte_count);
}

static road_status tell(struct road_drv_device *dev, enum road_firmware_word word, uint64_t value)
{
	own_rom.restarts += word == ROAD_FIRMWARE_TELL_RESTART;
	return rom_ops.tell(rom(dev), word, value);
}

static road_status dump(struct road_drv_device *dev, uint64_t offset, void *bytes,
			uint32_t byte_count, uint32_t *got)
{
	const uint64_t left = offset < own_rom.dump_bytes ? own_rom.dump_bytes - offset : 0;

	(void)dev;
	*got = left < byte_count ? (uint32_t)left : byte_count;
	memset(bytes, 'd', *got);
	if (own_rom.dump_lies)
		*got = byte_count + 1;
	return ROAD_OK;
}

const struct road_firmware_ops own_rom_ops = {describe, look, offer, transfer, tell, dump};
