/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/rom.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK = 100, PROTOCOL_MIN = 2, PROTOCOL_MAX = 5 };

static struct rom *rom_of(struct road_drv_device *dev)
{
	return (struct rom *)(void *)dev;
}

void rom_init(struct rom *rom, enum road_firmware_style style, uint32_t components)
{
	memset(rom, 0, sizeof(*rom));
	rom->chip = (struct road_firmware_chip){
		.vendor = "acme",
		.chip = "one",
		.chip_id = 0x1234,
		.style = style,
		.chunk_bytes = CHUNK,
		.protocol_min = PROTOCOL_MIN,
		.protocol_max = PROTOCOL_MAX,
		.heartbeat_ns = 1000000,
		.component_count = components,
	};
	for (uint32_t i = 0; i < components && i < ROAD_FIRMWARE_COMPONENTS_MAX; i++) {
		struct road_firmware_component *component = &rom->chip.components[i];

		snprintf(component->name, sizeof(component->name), "part-%u", i);
		memset(component->vendor, 0x11, 16);
		memset(component->chip_class, 0x22, 16);
		component->bytes_max = ROM_BYTES_MAX;
		component->units = 1;
	}
	rom->hello = (struct road_firmware_hello){
		.protocol_min = 1,
		.protocol_max = 4,
		.chip_id = 0x1234,
		.features = 0x55,
		.nonce = 77,
	};
}

static bool lies(const struct rom *rom, enum rom_lie lie)
{
	return rom->lie == lie;
}

static bool bus_fails(struct rom *rom)
{
	rom->touched_after |= rom->phase == ROAD_FIRMWARE_PHASE_REJECTED ||
			      rom->phase == ROAD_FIRMWARE_PHASE_CRASHED;
	return lies(rom, ROM_BUS_FAILS) && rom->phase >= rom->at;
}

/* Where the last image is, the firmware starts; else the next one is wanted. */
static uint32_t after_auth(struct rom *rom)
{
	if (lies(rom, ROM_REJECTS))
		return ROAD_FIRMWARE_PHASE_REJECTED;
	if (rom->component + 1 >= rom->chip.component_count || lies(rom, ROM_ONE_ONLY))
		return ROAD_FIRMWARE_PHASE_STARTING;
	rom->component++;
	rom->got_bytes = rom->offered = rom->complete = rom->asked = 0;
	return ROAD_FIRMWARE_PHASE_WAITING;
}

static uint32_t while_loading(const struct rom *rom)
{
	const bool pull = rom->chip.style == ROAD_FIRMWARE_PULL;

	if (lies(rom, ROM_HALF) && rom->got_bytes >= rom->offered / 2)
		return ROAD_FIRMWARE_PHASE_AUTH;
	if (lies(rom, ROM_ENDLESS))
		return ROAD_FIRMWARE_PHASE_LOADING;
	return (pull ? rom->got_bytes == rom->offered : rom->complete == rom->offered)
		       ? ROAD_FIRMWARE_PHASE_AUTH
		       : ROAD_FIRMWARE_PHASE_LOADING;
}

static uint32_t when_running(const struct rom *rom)
{
	if (lies(rom, ROM_CRASHES) && rom->heartbeat > 3)
		return ROAD_FIRMWARE_PHASE_CRASHED;
	return lies(rom, ROM_UNREADY) ? ROAD_FIRMWARE_PHASE_DEGRADED : ROAD_FIRMWARE_PHASE_RUNNING;
}

/* The phase after this one; the chip moves on when it is looked at. */
static uint32_t next_phase(struct rom *rom)
{
	switch (rom->phase) {
	case ROAD_FIRMWARE_PHASE_OFF: return ROAD_FIRMWARE_PHASE_ROM;
	case ROAD_FIRMWARE_PHASE_ROM:
		rom->component = lies(rom, ROM_TURN) ? 1 : 0;
		return ROAD_FIRMWARE_PHASE_WAITING;
	case ROAD_FIRMWARE_PHASE_WAITING:
		return rom->offered ? ROAD_FIRMWARE_PHASE_LOADING : ROAD_FIRMWARE_PHASE_WAITING;
	case ROAD_FIRMWARE_PHASE_LOADING: return while_loading(rom);
	case ROAD_FIRMWARE_PHASE_AUTH: return after_auth(rom);
	case ROAD_FIRMWARE_PHASE_STARTING:
		return lies(rom, ROM_SELFTEST) ? ROAD_FIRMWARE_PHASE_CRASHED
					       : ROAD_FIRMWARE_PHASE_HELLO;
	case ROAD_FIRMWARE_PHASE_HELLO:
		return rom->protocol && rom->answered ? when_running(rom)
						      : ROAD_FIRMWARE_PHASE_HELLO;
	case ROAD_FIRMWARE_PHASE_RUNNING:
	case ROAD_FIRMWARE_PHASE_DEGRADED: return when_running(rom);
	default: return rom->phase;
	}
}

static void ask(struct rom *rom, struct road_firmware_look *out)
{
	const uint64_t left = rom->offered - rom->got_bytes;

	if (rom->request == rom->asked && (left || lies(rom, ROM_ENDLESS)))
		rom->asked++;
	out->request = rom->asked;
	out->request_offset = lies(rom, ROM_ENDLESS) ? 0 : rom->got_bytes;
	out->request_bytes = left < CHUNK ? (uint32_t)left : CHUNK;
	if (lies(rom, ROM_ENDLESS))
		out->request_bytes = CHUNK;
	if (lies(rom, ROM_OFFSET))
		out->request_offset = UINT64_MAX - 4;
	if (lies(rom, ROM_LENGTH))
		out->request_offset = rom->offered - 1;
	if (lies(rom, ROM_CHUNK))
		out->request_bytes = CHUNK + 1;
}

static void say_hello(const struct rom *rom, struct road_firmware_look *out)
{
	out->hello = rom->hello;
	if (lies(rom, ROM_VERSION))
		out->hello.version_build++;
	if (lies(rom, ROM_COUNTER))
		out->hello.counter++;
	if (lies(rom, ROM_CHIP))
		out->hello.chip_id++;
	if (lies(rom, ROM_PROTOCOLS))
		out->hello.protocol_min = out->hello.protocol_max + 1;
}

static void move(struct rom *rom)
{
	if (lies(rom, ROM_HANGS) && rom->phase == rom->at)
		return;
	rom->phase = lies(rom, ROM_JUMPS) && rom->phase == rom->at ? rom->to : next_phase(rom);
}

static road_status describe(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	*out = rom_of(dev)->chip;
	return ROAD_OK;
}

static road_status look(struct road_drv_device *dev, struct road_firmware_look *out)
{
	struct rom *rom = rom_of(dev);

	if (bus_fails(rom))
		return ROAD_IO;
	if (rom->looks++)
		move(rom);
	out->phase = rom->phase;
	out->component = rom->component;
	out->code = 0xbad;
	if (rom->phase == ROAD_FIRMWARE_PHASE_LOADING) {
		out->component += lies(rom, ROM_OTHER_COMPONENT);
		if (rom->chip.style == ROAD_FIRMWARE_PULL)
			ask(rom, out);
	}
	if (rom->phase == ROAD_FIRMWARE_PHASE_HELLO)
		say_hello(rom, out);
	if (rom->phase == ROAD_FIRMWARE_PHASE_RUNNING || rom->phase == ROAD_FIRMWARE_PHASE_DEGRADED)
		out->heartbeat = lies(rom, ROM_STOPS) ? 1 : ++rom->heartbeat;
	return ROAD_OK;
}

static road_status offer(struct road_drv_device *dev, uint32_t component, uint64_t bytes)
{
	struct rom *rom = rom_of(dev);

	if (bus_fails(rom))
		return ROAD_IO;
	if (component != rom->component || rom->phase != ROAD_FIRMWARE_PHASE_WAITING)
		return ROAD_INTERNAL;
	rom->offered = bytes;
	return ROAD_OK;
}

static road_status transfer(struct road_drv_device *dev, uint64_t offset, const void *bytes,
			    uint32_t byte_count)
{
	struct rom *rom = rom_of(dev);

	if (bus_fails(rom))
		return ROAD_IO;
	if (byte_count > CHUNK || offset > rom->offered || byte_count > rom->offered - offset)
		return ROAD_INTERNAL; /* the loader is at fault */
	memcpy(rom->got + offset, bytes, byte_count);
	if (offset == rom->got_bytes)
		rom->got_bytes += byte_count;
	rom->request = rom->asked;
	return ROAD_OK;
}

/* The next look sees the ROM, which knows nothing of what was. */
static void begin_again(struct rom *rom)
{
	rom->phase = ROAD_FIRMWARE_PHASE_ROM;
	rom->component = 0;
	rom->offered = rom->complete = rom->got_bytes = 0;
	rom->asked = rom->request = rom->looks = rom->heartbeat = 0;
	rom->protocol = rom->nonce = 0;
	rom->answered = rom->touched_after = false;
	memset(rom->got, 0, sizeof(rom->got));
}

static road_status tell(struct road_drv_device *dev, enum road_firmware_word word, uint64_t value)
{
	struct rom *rom = rom_of(dev);

	if (bus_fails(rom))
		return ROAD_IO;
	switch (word) {
	case ROAD_FIRMWARE_TELL_COMPLETE: rom->complete = value; break;
	case ROAD_FIRMWARE_TELL_NONCE: rom->nonce = value; break;
	case ROAD_FIRMWARE_TELL_PROTOCOL:
		rom->protocol = value;
		rom->answered = rom->nonce == rom->hello.nonce;
		break;
	case ROAD_FIRMWARE_TELL_RESTART: begin_again(rom); break;
	}
	return ROAD_OK;
}

const struct road_firmware_ops rom_ops = {
	.describe = describe,
	.look = look,
	.offer = offer,
	.transfer = transfer,
	.tell = tell,
};
