/* SPDX-License-Identifier: Apache-2.0 */
/* The boot block's helper: what its registers say, images on their way to the chip. Nothing that
 * the chip says is believed before it is checked; reads cost time, so that each has a reason. */
#include <roadbed-driver/boot_unit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/registers.h>

#include "uapi/firmware/boot.h"

enum { LOOKS_MAX = 8 }; /* at a chip that changes while it is read */

struct road_boot_unit {
	const struct road_boot_port *port;
	uint32_t style, chunk_bytes, components;
	/* pull: where the chip reads what it asked for; it may do so until it asks for more. */
	struct road_dma buffer; /* host NULL: none was needed yet */
	uint64_t asked;         /* number of the request that was seen last */
	uint64_t given;         /* that the buffer answers */
	bool lent;              /* the chip may read the buffer */
};

#define SAME(name)                                                                     \
	_Static_assert((int)ROAD_BOOT_PHASE_##name == (int)ROAD_FIRMWARE_PHASE_##name, \
		       "the chip's phases are the loader's")
SAME(OFF);
SAME(ROM);
SAME(WAITING);
SAME(LOADING);
SAME(AUTH);
SAME(REJECTED);
SAME(STARTING);
SAME(HELLO);
SAME(RUNNING);
SAME(DEGRADED);
SAME(CRASHED);

/* ---- registers ---- */

static uint32_t read32(struct road_drv_device *dev, const struct road_boot_port *port, uint32_t reg)
{
	return road_read32(dev->bus, port->region, port->offset + reg);
}

static uint64_t read64(struct road_drv_device *dev, const struct road_boot_port *port, uint32_t reg)
{
	return road_read64(dev->bus, port->region, port->offset + reg);
}

static void write32(struct road_drv_device *dev, const struct road_boot_port *port, uint32_t reg,
		    uint32_t value)
{
	road_write32(dev->bus, port->region, port->offset + reg, value);
}

static void write64(struct road_drv_device *dev, const struct road_boot_port *port, uint32_t reg,
		    uint64_t value)
{
	road_write64(dev->bus, port->region, port->offset + reg, value);
}

/* A row of 64-bit registers that hold bytes. */
static void read_bytes(struct road_drv_device *dev, const struct road_boot_port *port, uint32_t reg,
		       void *out, uint32_t byte_count)
{
	for (uint32_t at = 0; at < byte_count; at += 8) {
		const uint64_t word = read64(dev, port, reg + at);

		memcpy((char *)out + at, &word, sizeof(word));
	}
}

/* Writes are posted: a read brings them to the chip, and tells whether it is still there. */
static road_status push_writes(struct road_drv_device *dev, const char *where)
{
	if (read32(dev, dev->boot_unit->port, ROAD_BOOT_REG_SEQUENCE) != UINT32_MAX)
		return ROAD_OK;
	return road_drv_alive(dev, where);
}

static road_status described(const struct road_drv_device *dev, const char *where)
{
	if (dev->boot_unit)
		return ROAD_OK;
	return road_drv_error(ROAD_UNSUPPORTED, "the device has no boot block", where, NULL, NULL);
}

/* ---- what the chip is ---- */

/* What a register says, and what it may say. */
struct bound {
	const char *name;
	uint64_t seen, min, max;
};

static road_status check_bounds(struct road_drv_device *dev, const struct bound *bounds,
				uint32_t count)
{
	char seen[24], allowed[56];

	for (uint32_t i = 0; i < count; i++) {
		const struct bound *bound = &bounds[i];

		if (bound->seen >= bound->min && bound->seen <= bound->max)
			continue;
		road_status status = road_drv_alive(dev, bound->name);

		snprintf(seen, sizeof(seen), "%" PRIu64, bound->seen);
		snprintf(allowed, sizeof(allowed), "%" PRIu64 " .. %" PRIu64, bound->min,
			 bound->max);
		return status ? status
			      : road_drv_error(ROAD_UNSUPPORTED,
					       "the boot block says what cannot be", bound->name,
					       seen, allowed);
	}
	return ROAD_OK;
}

static road_status find_block(struct road_drv_device *dev, const struct road_boot_port *port)
{
	const uint32_t magic = read32(dev, port, ROAD_BOOT_REG_MAGIC);
	road_status status = ROAD_OK;

	if (magic == UINT32_MAX)
		status = road_drv_alive(dev, "boot block MAGIC");
	if (status || magic != ROAD_BOOT_MAGIC)
		return status ? status : ROAD_NOT_FOUND;
	const struct bound version = {"boot block VERSION",
				      read32(dev, port, ROAD_BOOT_REG_VERSION), ROAD_BOOT_VERSION,
				      ROAD_BOOT_VERSION};

	return check_bounds(dev, &version, 1);
}

static road_status read_component(struct road_drv_device *dev, const struct road_boot_port *port,
				  uint32_t index, struct road_firmware_component *out)
{
	write32(dev, port, ROAD_BOOT_REG_SELECT, index);
	out->bytes_max = read32(dev, port, ROAD_BOOT_REG_COMPONENT_BYTES);
	out->units = read32(dev, port, ROAD_BOOT_REG_COMPONENT_UNITS);
	read_bytes(dev, port, ROAD_BOOT_REG_COMPONENT_NAME64, out->name, sizeof(out->name));
	read_bytes(dev, port, ROAD_BOOT_REG_COMPONENT_VENDOR64, out->vendor, sizeof(out->vendor));
	read_bytes(dev, port, ROAD_BOOT_REG_COMPONENT_CLASS64, out->chip_class,
		   sizeof(out->chip_class));
	/* Not shortened: the file that is looked for has the name that the chip gives. */
	const struct bound bounds[] = {
		{"boot block COMPONENT_NAME, length", strnlen(out->name, sizeof(out->name)), 1,
		 sizeof(out->name) - 1},
		{"boot block COMPONENT_UNITS", out->units, 1, UINT32_MAX - 1},
	};

	return check_bounds(dev, bounds, sizeof(bounds) / sizeof(bounds[0]));
}

/* A chip that went while it was read left all ones behind; one that got stuck, something else. */
static road_status still_there(struct road_drv_device *dev, const struct road_boot_port *port)
{
	static const char *const where = "boot block MAGIC";

	if (read32(dev, port, ROAD_BOOT_REG_MAGIC) == ROAD_BOOT_MAGIC)
		return ROAD_OK;
	road_status status = road_drv_alive(dev, where);

	return status ? status
		      : road_drv_error(ROAD_IO, "the boot block went away while it was read", where,
				       NULL, NULL);
}

static road_status read_chip(struct road_drv_device *dev, const struct road_boot_port *port,
			     struct road_firmware_chip *out)
{
	road_status status = ROAD_OK;

	out->style = read32(dev, port, ROAD_BOOT_REG_STYLE);
	out->chunk_bytes = read32(dev, port, ROAD_BOOT_REG_CHUNK);
	out->chip_id = read64(dev, port, ROAD_BOOT_REG_CHIP64);
	out->heartbeat_ns = read64(dev, port, ROAD_BOOT_REG_HEARTBEAT_NS64);
	out->component_count = read32(dev, port, ROAD_BOOT_REG_COMPONENTS);
	const uint32_t owner = read32(dev, port, ROAD_BOOT_REG_OWNER);
	const struct bound bounds[] = {
		{"boot block STYLE", out->style, ROAD_FIRMWARE_PUSH, ROAD_FIRMWARE_PULL},
		{"boot block CHUNK", out->chunk_bytes, 1,
		 out->style == ROAD_FIRMWARE_PULL ? ROAD_BOOT_CHUNK_MAX : ROAD_BOOT_DATA_BYTES},
		{"boot block COMPONENTS", out->component_count, 1, ROAD_FIRMWARE_COMPONENTS_MAX},
		{"boot block OWNER", owner, 0, 1},
	};

	out->foreign = owner == 1;
	status = check_bounds(dev, bounds, sizeof(bounds) / sizeof(bounds[0]));
	for (uint32_t i = 0; !status && i < out->component_count; i++)
		status = read_component(dev, port, i, &out->components[i]);
	return status ? status : still_there(dev, port);
}

static road_status make_unit(struct road_drv_device *dev, const struct road_boot_port *port,
			     const struct road_firmware_chip *chip)
{
	struct road_boot_unit *unit = dev->boot_unit;

	/* Described again as another one: what the chip may still read is not of its size. */
	if (unit && (unit->chunk_bytes != chip->chunk_bytes || unit->port != port)) {
		road_boot_unit_close(dev);
		unit = NULL;
	}
	if (!unit)
		unit = calloc(1, sizeof(*unit));
	if (!unit)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a boot", "boot block",
				      NULL, NULL);
	unit->port = port;
	unit->style = chip->style;
	unit->chunk_bytes = chip->chunk_bytes;
	unit->components = chip->component_count;
	dev->boot_unit = unit;
	return ROAD_OK;
}

road_status road_boot_unit_describe(struct road_drv_device *dev, const struct road_boot_port *port,
				    struct road_firmware_chip *out)
{
	struct road_firmware_chip chip = {.protocol_min = port->protocol_min,
					  .protocol_max = port->protocol_max};
	road_status status = find_block(dev, port);

	if (!status) {
		snprintf(chip.vendor, sizeof(chip.vendor), "%s", port->vendor);
		snprintf(chip.chip, sizeof(chip.chip), "%s", port->chip);
		status = read_chip(dev, port, &chip);
	}
	if (!status)
		status = make_unit(dev, port, &chip);
	if (!status)
		*out = chip;
	if (status == ROAD_NOT_FOUND)
		road_boot_unit_close(dev);
	return status;
}

/* ---- where it is ---- */

static void read_hello(struct road_drv_device *dev, struct road_firmware_hello *out)
{
	struct road_boot_hello said;

	read_bytes(dev, dev->boot_unit->port, ROAD_BOOT_REG_HELLO, &said, sizeof(said));
	*out = (struct road_firmware_hello){
		.protocol_min = said.protocol_min,
		.protocol_max = said.protocol_max,
		.version_major = said.version_major,
		.version_minor = said.version_minor,
		.version_revision = said.version_revision,
		.version_build = said.version_build,
		.counter = said.counter,
		.boot_errors = said.boot_errors,
		.chip_id = said.chip,
		.features = said.features,
		.nonce = said.nonce,
	};
}

/* What the phase has beside itself, and nothing else. */
static void read_phase(struct road_drv_device *dev, struct road_firmware_look *out)
{
	const struct road_boot_unit *unit = dev->boot_unit;
	const struct road_boot_port *port = unit->port;

	switch (out->phase) {
	case ROAD_FIRMWARE_PHASE_LOADING:
		if (unit->style == ROAD_FIRMWARE_PULL) {
			out->request = read64(dev, port, ROAD_BOOT_REG_REQUEST64);
			out->request_offset = read64(dev, port, ROAD_BOOT_REG_REQUEST_OFFSET64);
			out->request_bytes = read32(dev, port, ROAD_BOOT_REG_REQUEST_BYTES);
		}
		out->component = read32(dev, port, ROAD_BOOT_REG_COMPONENT);
		break;
	case ROAD_FIRMWARE_PHASE_WAITING:
		out->component = read32(dev, port, ROAD_BOOT_REG_COMPONENT);
		break;
	case ROAD_FIRMWARE_PHASE_HELLO: read_hello(dev, &out->hello); break;
	case ROAD_FIRMWARE_PHASE_DEGRADED:
		out->code = read32(dev, port, ROAD_BOOT_REG_CODE);
		out->heartbeat = read64(dev, port, ROAD_BOOT_REG_HEARTBEAT64);
		break;
	case ROAD_FIRMWARE_PHASE_RUNNING:
		out->heartbeat = read64(dev, port, ROAD_BOOT_REG_HEARTBEAT64);
		break;
	case ROAD_FIRMWARE_PHASE_REJECTED:
	case ROAD_FIRMWARE_PHASE_CRASHED: out->code = read32(dev, port, ROAD_BOOT_REG_CODE); break;
	default: break;
	}
}

/* The chip has the buffer until it asks for something else, or does something else. */
static void follow(struct road_boot_unit *unit, const struct road_firmware_look *look)
{
	if (look->phase != ROAD_FIRMWARE_PHASE_LOADING || look->request != unit->given)
		unit->lent = false;
	unit->asked = look->request;
}

road_status road_boot_unit_look(struct road_drv_device *dev, struct road_firmware_look *out)
{
	static const char *const where = "boot block PHASE";
	road_status status = described(dev, where);
	struct road_boot_unit *unit = dev->boot_unit;
	char seen[24];

	if (status)
		return status;
	uint32_t before = read32(dev, unit->port, ROAD_BOOT_REG_SEQUENCE), after;

	for (uint32_t looks = 0; looks < LOOKS_MAX; looks++, before = after) {
		struct road_firmware_look look = {
			.phase = read32(dev, unit->port, ROAD_BOOT_REG_PHASE)};

		read_phase(dev, &look);
		after = read32(dev, unit->port, ROAD_BOOT_REG_SEQUENCE);
		status = after == UINT32_MAX ? road_drv_alive(dev, where) : ROAD_OK;
		if (status)
			return status;
		if (after != before)
			continue;
		follow(unit, &look);
		*out = look;
		return ROAD_OK;
	}
	snprintf(seen, sizeof(seen), "%d looks", LOOKS_MAX);
	return road_drv_error(ROAD_IO, "the chip changes each time that it is looked at", where,
			      seen, "one that finds SEQUENCE as it was");
}

/* ---- images ---- */

static road_status need_buffer(struct road_drv_device *dev)
{
	struct road_boot_unit *unit = dev->boot_unit;

	if (unit->style != ROAD_FIRMWARE_PULL || unit->buffer.host)
		return ROAD_OK;
	return dev->bus->ops->dma_alloc(dev->bus, unit->chunk_bytes, &unit->buffer);
}

road_status road_boot_unit_offer(struct road_drv_device *dev, uint32_t component, uint64_t bytes)
{
	static const char *const where = "boot block OFFER";
	road_status status = described(dev, where);
	struct road_boot_unit *unit = dev->boot_unit;

	if (status)
		return status;
	if (component >= unit->components)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "component %" PRIu32 " of %" PRIu32, component,
				       unit->components);
	status = need_buffer(dev);
	if (status)
		return status;
	write64(dev, unit->port, ROAD_BOOT_REG_OFFER_BYTES64, bytes);
	write32(dev, unit->port, ROAD_BOOT_REG_OFFER, component);
	return push_writes(dev, where);
}

static road_status push(struct road_drv_device *dev, const void *bytes, uint32_t byte_count)
{
	const struct road_boot_port *port = dev->boot_unit->port;

	for (uint32_t at = 0; at < byte_count; at += 8) {
		const uint32_t left = byte_count - at;
		uint64_t word = 0;

		memcpy(&word, (const char *)bytes + at, left < 8 ? left : 8);
		write64(dev, port, ROAD_BOOT_REG_DATA + at, word);
	}
	write32(dev, port, ROAD_BOOT_REG_DATA_BYTES, byte_count);
	return push_writes(dev, "boot block DATA");
}

static road_status give(struct road_drv_device *dev, const void *bytes, uint32_t byte_count)
{
	static const char *const where = "boot block DMA_GO";
	struct road_boot_unit *unit = dev->boot_unit;
	road_status status = need_buffer(dev);

	if (status)
		return status;
	if (unit->lent)
		return road_drv_errorf(ROAD_IO, where,
				       "the chip has not taken the answer to its request %" PRIu64,
				       unit->given);
	memcpy(unit->buffer.host, bytes, byte_count);
	dev->bus->ops->dma_sync(dev->bus, &unit->buffer, 0, byte_count, ROAD_DMA_TO_DEVICE);
	unit->given = unit->asked;
	unit->lent = true;
	write64(dev, unit->port, ROAD_BOOT_REG_DMA_ADDRESS64, unit->buffer.iova.value);
	write32(dev, unit->port, ROAD_BOOT_REG_DMA_BYTES, byte_count);
	write32(dev, unit->port, ROAD_BOOT_REG_DMA_GO, (uint32_t)unit->given);
	return push_writes(dev, where);
}

road_status road_boot_unit_transfer(struct road_drv_device *dev, uint64_t offset, const void *bytes,
				    uint32_t byte_count)
{
	static const char *const where = "boot block, transfer";
	road_status status = described(dev, where);

	(void)offset; /* the chip knows where it is, or what it asked for */
	if (status)
		return status;
	if (!byte_count || byte_count > dev->boot_unit->chunk_bytes)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, where,
				       "%" PRIu32 " bytes at once, where 1 .. %" PRIu32
				       " are allowed",
				       byte_count, dev->boot_unit->chunk_bytes);
	return dev->boot_unit->style == ROAD_FIRMWARE_PULL ? give(dev, bytes, byte_count)
							   : push(dev, bytes, byte_count);
}

/* The chip forgets what it asked for: nothing of this boot is read any more. */
static road_status restart(struct road_drv_device *dev)
{
	struct road_boot_unit *unit = dev->boot_unit;

	if (unit->port->halt && dev->data)
		unit->port->halt(dev);
	write32(dev, unit->port, ROAD_BOOT_REG_CONTROL, ROAD_BOOT_CONTROL_RESET);
	unit->lent = false;
	return push_writes(dev, "boot block CONTROL");
}

road_status road_boot_unit_tell(struct road_drv_device *dev, enum road_firmware_word word,
				uint64_t value)
{
	static const char *const where = "boot block, tell";
	road_status status = described(dev, where);

	if (status)
		return status;
	switch (word) {
	case ROAD_FIRMWARE_TELL_COMPLETE:
		write64(dev, dev->boot_unit->port, ROAD_BOOT_REG_COMPLETE64, value);
		return push_writes(dev, where);
	case ROAD_FIRMWARE_TELL_PROTOCOL:
		write32(dev, dev->boot_unit->port, ROAD_BOOT_REG_PROTOCOL, (uint32_t)value);
		return push_writes(dev, where);
	case ROAD_FIRMWARE_TELL_NONCE:
		write64(dev, dev->boot_unit->port, ROAD_BOOT_REG_NONCE64, value);
		return push_writes(dev, where);
	case ROAD_FIRMWARE_TELL_RESTART: return restart(dev);
	}
	return road_drv_errorf(ROAD_INVALID_ARGUMENT, where, "no such word: %d", (int)word);
}

/* ---- what a crash left ---- */

/* From a multiple of 8 on, in whole words; the ends are cut to what was asked for. */
static void read_dump(struct road_drv_device *dev, uint32_t offset, void *bytes, uint32_t count)
{
	const struct road_boot_port *port = dev->boot_unit->port;
	uint32_t skip = offset % 8;

	write32(dev, port, ROAD_BOOT_REG_DUMP_OFFSET, offset - skip);
	for (uint32_t at = 0; at < count; skip = 0) {
		const uint64_t word = read64(dev, port, ROAD_BOOT_REG_DUMP64);
		const uint32_t most = 8 - skip, take = count - at < most ? count - at : most;

		memcpy((char *)bytes + at, (const char *)&word + skip, take);
		at += take;
	}
}

road_status road_boot_unit_dump(struct road_drv_device *dev, uint64_t offset, void *bytes,
				uint32_t byte_count, uint32_t *got)
{
	static const char *const where = "boot block DUMP_BYTES";
	road_status status = described(dev, where);

	*got = 0;
	if (status)
		return status;
	const uint32_t left = read32(dev, dev->boot_unit->port, ROAD_BOOT_REG_DUMP_BYTES);

	if (left == UINT32_MAX)
		status = road_drv_alive(dev, where);
	if (status || offset >= left)
		return status;
	const uint32_t rest = left - (uint32_t)offset,
		       count = rest < byte_count ? rest : byte_count;

	read_dump(dev, (uint32_t)offset, bytes, count);
	const uint32_t still = read32(dev, dev->boot_unit->port, ROAD_BOOT_REG_DUMP_BYTES);

	if (still == UINT32_MAX)
		status = road_drv_alive(dev, where);
	if (!status && still != left)
		return road_drv_errorf(ROAD_IO, where,
				       "what the crash left changes while it is read: %" PRIu32
				       " bytes, then %" PRIu32,
				       left, still);
	*got = status ? 0 : count;
	return status;
}

/* ---- what the firmware is able to ---- */

uint32_t road_boot_unit_opcode(struct road_drv_device *dev, uint32_t opcode)
{
	uint32_t version;

	if (!dev->boot_unit)
		return UINT32_MAX;
	write32(dev, dev->boot_unit->port, ROAD_BOOT_REG_PROGRAM_SELECT, opcode);
	version = read32(dev, dev->boot_unit->port, ROAD_BOOT_REG_PROGRAM_OPCODE);
	return version == UINT32_MAX ? 0 : version; /* gone, or a lie */
}

/* Of a level that there is; a chip that is gone says all ones everywhere. */
static void read_level(struct road_drv_device *dev, struct road_boot_program *out)
{
	const struct road_boot_port *port = dev->boot_unit->port;

	out->quantum_ns = read32(dev, port, ROAD_BOOT_REG_PROGRAM_QUANTUM_NS);
	out->levels = read32(dev, port, ROAD_BOOT_REG_PROGRAM_LEVELS);
	out->level = read32(dev, port, ROAD_BOOT_REG_PROGRAM_LEVEL);
	write32(dev, port, ROAD_BOOT_REG_PROGRAM_SELECT, out->level);
	out->clock = read32(dev, port, ROAD_BOOT_REG_PROGRAM_CLOCK);
	out->power_mw = read32(dev, port, ROAD_BOOT_REG_PROGRAM_POWER);
}

road_status road_boot_unit_program(struct road_drv_device *dev, uint32_t opcodes,
				   struct road_boot_program *out)
{
	*out = (struct road_boot_program){.known = dev->boot_unit};
	if (!out->known)
		return ROAD_OK;
	for (uint32_t i = 0; i < opcodes && i < ROAD_BOOT_OPCODES_MAX; i++)
		out->version[i] = road_boot_unit_opcode(dev, i);
	read_level(dev, out);
	return road_drv_alive(dev, "register PROGRAM_POWER");
}

/* ---- life ---- */

void road_boot_unit_close(struct road_drv_device *dev)
{
	struct road_boot_unit *unit = dev->boot_unit;

	if (!unit)
		return;
	/* A boot that was given up while the chip may still read: its memory goes away now. */
	if (unit->lent && !dev->bus->ops->lost(dev->bus)) {
		write32(dev, unit->port, ROAD_BOOT_REG_CONTROL, ROAD_BOOT_CONTROL_RESET);
		(void)read32(dev, unit->port, ROAD_BOOT_REG_SEQUENCE);
	}
	if (unit->buffer.host)
		dev->bus->ops->dma_free(dev->bus, &unit->buffer);
	free(unit);
	dev->boot_unit = NULL;
}
