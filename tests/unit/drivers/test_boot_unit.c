/* SPDX-License-Identifier: Apache-2.0 */
/* The boot block's helper on registers that say whatever a case wants. */
#include <roadbed-driver/boot_unit.h>
#include <stddef.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/firmware/boot.h"

enum { OFFSET = 0x800, CHUNK = 40, DUMP = 91, STATE = 0x80, STATE_BYTES = 0x80 };

struct rig {
	struct fake_bus fake; /* first */
	struct road_drv_device dev;
	uint8_t regs[ROAD_BOOT_BYTES];
	uint8_t state[STATE_BYTES]; /* what takes the place of the chip's state … */
	int changes_after;          /* … after so many reads; < 0: never */
	bool restless;              /* SEQUENCE rises at every read */
	uint32_t reads, writes;
	bool wrote_last;
	/* What the chip got. */
	uint8_t got[256];
	uint32_t got_bytes, resets, gos;
	uint8_t synced[CHUNK]; /* what it sees of the buffer */
	/* The registers about a component change with SELECT; the dump moves on. */
	char names[2][32];
	uint8_t dump[DUMP + 8];
};

static struct rig rig;

static const struct road_boot_port port = {
	.offset = OFFSET, .vendor = "acme", .chip = "one", .protocol_min = 2, .protocol_max = 5};

static void set32(uint32_t reg, uint32_t value)
{
	memcpy(rig.regs + reg, &value, sizeof(value));
}

static void set64(uint32_t reg, uint64_t value)
{
	memcpy(rig.regs + reg, &value, sizeof(value));
}

static uint32_t get32(uint32_t reg)
{
	uint32_t value;

	memcpy(&value, rig.regs + reg, sizeof(value));
	return value;
}

static uint64_t get64(uint32_t reg)
{
	uint64_t value;

	memcpy(&value, rig.regs + reg, sizeof(value));
	return value;
}

static uint64_t read_dump(void)
{
	const uint32_t at = get32(ROAD_BOOT_REG_DUMP_OFFSET);
	uint64_t value = 0;

	CU_ASSERT_EQUAL(at % 8, 0);
	if (at < DUMP)
		memcpy(&value, rig.dump + at, sizeof(value));
	set32(ROAD_BOOT_REG_DUMP_OFFSET, at + 8);
	return value;
}

static uint64_t chip_read(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	const uint32_t reg = (uint32_t)(offset - OFFSET);
	uint64_t value = 0;

	(void)fake;
	CU_ASSERT_FATAL(offset >= OFFSET && reg < ROAD_BOOT_REG_DATA && reg % width == 0);
	rig.wrote_last = false;
	rig.reads++;
	if (reg == ROAD_BOOT_REG_DUMP64)
		return read_dump();
	memcpy(&value, rig.regs + reg, width);
	if (rig.fake.read == chip_read && rig.changes_after >= 0 && rig.changes_after-- == 0)
		memcpy(rig.regs + STATE, rig.state, STATE_BYTES);
	if (rig.restless)
		set32(ROAD_BOOT_REG_SEQUENCE, get32(ROAD_BOOT_REG_SEQUENCE) + 1);
	return value;
}

static void took(const void *bytes, uint32_t byte_count)
{
	CU_ASSERT_FATAL(byte_count <= sizeof(rig.got) - rig.got_bytes);
	memcpy(rig.got + rig.got_bytes, bytes, byte_count);
	rig.got_bytes += byte_count;
}

static void chip_write(struct fake_bus *fake, uint64_t offset, uint32_t width, uint64_t value)
{
	const uint32_t reg = (uint32_t)(offset - OFFSET);

	(void)fake;
	CU_ASSERT_FATAL(offset >= OFFSET && reg + width <= ROAD_BOOT_BYTES && reg % width == 0);
	CU_ASSERT_TRUE(reg < ROAD_BOOT_REG_DATA || width == 8);
	rig.wrote_last = true;
	rig.writes++;
	memcpy(rig.regs + reg, &value, width);
	switch (reg) {
	case ROAD_BOOT_REG_SELECT:
		memcpy(rig.regs + ROAD_BOOT_REG_COMPONENT_NAME64, rig.names[value & 1], 32);
		break;
	case ROAD_BOOT_REG_DATA_BYTES: took(rig.regs + ROAD_BOOT_REG_DATA, (uint32_t)value); break;
	case ROAD_BOOT_REG_DMA_GO: rig.gos++; break;
	case ROAD_BOOT_REG_CONTROL: rig.resets += value == ROAD_BOOT_CONTROL_RESET; break;
	case ROAD_BOOT_REG_PROGRAM_SELECT:
		set32(ROAD_BOOT_REG_PROGRAM_OPCODE, value == 9 ? 3 : 0);
		break;
	default: break;
	}
}

/* The chip sees of the host's memory what was synced, and no more. */
static void chip_synced(struct fake_bus *fake, const struct road_dma *dma, uint64_t offset,
			uint64_t bytes, enum road_dma_direction direction)
{
	(void)fake;
	CU_ASSERT_EQUAL(direction, ROAD_DMA_TO_DEVICE);
	CU_ASSERT_FATAL(offset + bytes <= CHUNK);
	memcpy(rig.synced + offset, (char *)dma->host + offset, bytes);
}

static void prepare(enum road_firmware_style style)
{
	memset(&rig, 0, sizeof(rig));
	fake_bus_init(&rig.fake);
	rig.fake.read = chip_read;
	rig.fake.write = chip_write;
	rig.fake.synced = chip_synced;
	rig.dev.bus = &rig.fake.bus;
	rig.changes_after = -1;
	memcpy(rig.names, (char[2][32]){"first", "second"}, sizeof(rig.names));
	for (uint32_t i = 0; i < DUMP; i++)
		rig.dump[i] = (uint8_t)(i * 7 + 1);
	set32(ROAD_BOOT_REG_MAGIC, ROAD_BOOT_MAGIC);
	set32(ROAD_BOOT_REG_VERSION, ROAD_BOOT_VERSION);
	set32(ROAD_BOOT_REG_STYLE, style);
	set32(ROAD_BOOT_REG_CHUNK, CHUNK);
	set64(ROAD_BOOT_REG_CHIP64, UINT64_C(0x123456789abc));
	set64(ROAD_BOOT_REG_HEARTBEAT_NS64, UINT64_C(5000000000));
	set32(ROAD_BOOT_REG_COMPONENTS, 2);
	set32(ROAD_BOOT_REG_DUMP_BYTES, DUMP);
	set32(ROAD_BOOT_REG_COMPONENT_BYTES, 70000);
	set32(ROAD_BOOT_REG_COMPONENT_UNITS, 16);
	set64(ROAD_BOOT_REG_COMPONENT_VENDOR64 + 8, UINT64_C(0x1122));
	set64(ROAD_BOOT_REG_COMPONENT_CLASS64, UINT64_C(0x3344));
	services_status = ROAD_OK;
	services_lost = 0;
}

static road_status describe(void)
{
	struct road_firmware_chip chip;

	return road_boot_unit_describe(&rig.dev, &port, &chip);
}

static void described(enum road_firmware_style style)
{
	prepare(style);
	CU_ASSERT_EQUAL_FATAL(describe(), ROAD_OK);
	rig.reads = rig.writes = 0;
}

static void finish(void)
{
	road_boot_unit_close(&rig.dev);
	CU_ASSERT_PTR_NULL(rig.dev.boot_unit);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
}

/* ---- what the chip is ---- */

static void test_describe(void)
{
	struct road_firmware_chip chip;

	prepare(ROAD_FIRMWARE_PULL);
	for (uint32_t again = 0; again < 2; again++) {
		CU_ASSERT_EQUAL_FATAL(road_boot_unit_describe(&rig.dev, &port, &chip), ROAD_OK);
		CU_ASSERT_STRING_EQUAL(chip.vendor, "acme");
		CU_ASSERT_STRING_EQUAL(chip.chip, "one");
		CU_ASSERT_EQUAL(chip.chip_id, UINT64_C(0x123456789abc));
		CU_ASSERT_EQUAL(chip.style, ROAD_FIRMWARE_PULL);
		CU_ASSERT_EQUAL(chip.chunk_bytes, CHUNK);
		CU_ASSERT_EQUAL(chip.protocol_min, 2);
		CU_ASSERT_EQUAL(chip.protocol_max, 5);
		CU_ASSERT_EQUAL(chip.heartbeat_ns, UINT64_C(5000000000));
		CU_ASSERT_EQUAL(chip.component_count, 2);
		CU_ASSERT_EQUAL(chip.foreign, again);
		set32(ROAD_BOOT_REG_OWNER, 1); /* another function boots it */
		CU_ASSERT_STRING_EQUAL(chip.components[0].name, "first");
		CU_ASSERT_STRING_EQUAL(chip.components[1].name, "second");
		CU_ASSERT_EQUAL(chip.components[1].bytes_max, 70000);
		CU_ASSERT_EQUAL(chip.components[1].units, 16);
		CU_ASSERT_EQUAL(chip.components[1].vendor[8], 0x22);
		CU_ASSERT_EQUAL(chip.components[1].vendor[9], 0x11);
		CU_ASSERT_EQUAL(chip.components[1].chip_class[1], 0x33);
	}
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0); /* registers, no memory */
	finish();
}

static void test_none(void)
{
	described(ROAD_FIRMWARE_PUSH);
	set32(ROAD_BOOT_REG_MAGIC, 0); /* none any more */
	CU_ASSERT_EQUAL(describe(), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(services_status, ROAD_OK); /* it is no error */
	CU_ASSERT_PTR_NULL(rig.dev.boot_unit);
	CU_ASSERT_EQUAL(road_boot_unit_opcode(&rig.dev, 9), UINT32_MAX);
	road_boot_unit_close(&rig.dev);
}

static void test_hostile_description(void)
{
	static const struct {
		uint32_t reg, value;
		const char *where, *what;
	} rows[] = {
		{ROAD_BOOT_REG_VERSION, 2, "boot block VERSION", "seen 2 allowed 1 .. 1"},
		{ROAD_BOOT_REG_VERSION, 0, "boot block VERSION", "seen 0 allowed 1 .. 1"},
		{ROAD_BOOT_REG_STYLE, 2, "boot block STYLE", "seen 2 allowed 0 .. 1"},
		{ROAD_BOOT_REG_CHUNK, 0, "boot block CHUNK", "seen 0 allowed 1 .. 1024"},
		{ROAD_BOOT_REG_CHUNK, 1025, "boot block CHUNK", "seen 1025 allowed 1 .. 1024"},
		{ROAD_BOOT_REG_COMPONENTS, 0, "boot block COMPONENTS", "seen 0 allowed 1 .. 8"},
		{ROAD_BOOT_REG_COMPONENTS, 9, "boot block COMPONENTS", "seen 9 allowed 1 .. 8"},
		{ROAD_BOOT_REG_COMPONENTS, UINT32_MAX, "boot block COMPONENTS",
		 "seen 4294967295 allowed 1 .. 8"},
		{ROAD_BOOT_REG_OWNER, 2, "boot block OWNER", "seen 2 allowed 0 .. 1"},
		{ROAD_BOOT_REG_COMPONENT_UNITS, 0, "boot block COMPONENT_UNITS",
		 "seen 0 allowed 1 .. 4294967294"},
	};
	struct road_firmware_chip chip = {.style = 77};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prepare(ROAD_FIRMWARE_PUSH);
		set32(rows[i].reg, rows[i].value);
		CU_ASSERT_EQUAL(road_boot_unit_describe(&rig.dev, &port, &chip), ROAD_UNSUPPORTED);
		CU_ASSERT_STRING_EQUAL(services_where, rows[i].where);
		CU_ASSERT_PTR_NOT_NULL(strstr(services_what, rows[i].what));
		CU_ASSERT_EQUAL(chip.style, 77); /* nothing half done */
		CU_ASSERT_PTR_NULL(rig.dev.boot_unit);
	}
	prepare(ROAD_FIRMWARE_PULL);
	set32(ROAD_BOOT_REG_CHUNK, ROAD_BOOT_CHUNK_MAX + 1);
	CU_ASSERT_EQUAL(describe(), ROAD_UNSUPPORTED);
	set32(ROAD_BOOT_REG_CHUNK, ROAD_BOOT_CHUNK_MAX);
	CU_ASSERT_EQUAL(describe(), ROAD_OK);
	finish();
}

static void test_names(void)
{
	prepare(ROAD_FIRMWARE_PUSH);
	memset(rig.names[1], 'n', 32);
	CU_ASSERT_EQUAL(describe(), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "seen 32 allowed 1 .. 31"));
	rig.names[1][31] = 0;
	CU_ASSERT_EQUAL(describe(), ROAD_OK);
	finish();
	rig.names[1][0] = 0;
	CU_ASSERT_EQUAL(describe(), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "seen 0 allowed 1 .. 31"));
	finish();
}

/* ---- where it is ---- */

/* A state of the chip in which each register tells it apart from another `mark`. */
static void make_state(uint8_t *state, uint32_t phase, uint8_t mark)
{
	memset(state, mark, STATE_BYTES);
	memcpy(state + ROAD_BOOT_REG_SEQUENCE - STATE, &(uint32_t){mark}, 4);
	memcpy(state + ROAD_BOOT_REG_PHASE - STATE, &phase, 4);
}

static bool all_are(const void *bytes, size_t count, uint8_t mark)
{
	for (size_t i = 0; i < count; i++)
		if (((const uint8_t *)bytes)[i] != mark)
			return false;
	return true;
}

/* All that the phase has is of the state with this mark, all else is 0. */
static bool is_of(const struct road_firmware_look *look, uint32_t style, uint8_t mark)
{
	struct road_firmware_look want = {.phase = look->phase};
	const uint32_t phase = look->phase;
	const uint32_t all = 0x01010101u * mark;

	if (phase == ROAD_FIRMWARE_PHASE_WAITING || phase == ROAD_FIRMWARE_PHASE_LOADING)
		want.component = all;
	if (phase == ROAD_FIRMWARE_PHASE_LOADING && style == ROAD_FIRMWARE_PULL) {
		memset(&want.request, mark, 8);
		memset(&want.request_offset, mark, 8);
		want.request_bytes = all;
	}
	if (phase == ROAD_FIRMWARE_PHASE_REJECTED || phase == ROAD_FIRMWARE_PHASE_DEGRADED ||
	    phase == ROAD_FIRMWARE_PHASE_CRASHED)
		want.code = all;
	if (phase == ROAD_FIRMWARE_PHASE_RUNNING || phase == ROAD_FIRMWARE_PHASE_DEGRADED)
		want.heartbeat = UINT64_C(0x0102030405060708);
	if (phase == ROAD_FIRMWARE_PHASE_HELLO) {
		return all_are(&look->hello, sizeof(look->hello), mark) && !look->component &&
		       !look->code && !look->request && !look->heartbeat;
	}
	return !memcmp(&want.request, &look->request, 8) && want.code == look->code &&
	       want.component == look->component && want.request_bytes == look->request_bytes &&
	       want.request_offset == look->request_offset && want.heartbeat == look->heartbeat &&
	       all_are(&look->hello, sizeof(look->hello), 0);
}

/* Between any two reads the chip goes from one phase to another. */
static void test_change(void)
{
	struct road_firmware_look look;

	for (uint32_t i = 0; i < 2 * ROAD_FIRMWARE_PHASES * ROAD_FIRMWARE_PHASES; i++) {
		const uint32_t style = i % 2, from = i / 2 % ROAD_FIRMWARE_PHASES,
			       to = i / 2 / ROAD_FIRMWARE_PHASES;

		described(style);
		set64(ROAD_BOOT_REG_HEARTBEAT64, UINT64_C(0x0102030405060708));
		for (int after = 0; after < 30; after++) {
			make_state(rig.regs + STATE, from, 1);
			make_state(rig.state, to, 2);
			rig.changes_after = after;
			rig.reads = 0;
			CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
			const bool is_new =
				rig.changes_after < 0 && rig.reads > (uint32_t)after + 1;

			CU_ASSERT_EQUAL(look.phase, is_new ? to : from);
			CU_ASSERT_TRUE(is_of(&look, style, is_new ? 2 : 1));
		}
		finish();
	}
}

static void test_restless(void)
{
	struct road_firmware_look look = {.phase = 77};

	described(ROAD_FIRMWARE_PUSH);
	rig.restless = true;
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "changes each time that it is looked at"));
	CU_ASSERT_EQUAL(look.phase, 77);
	rig.restless = false;
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	finish();
}

/* SEQUENCE twice, PHASE, and what the phase has. */
static void test_reads(void)
{
	static const uint32_t reads[2][ROAD_FIRMWARE_PHASES] = {
		{3, 3, 4, 4, 3, 4, 3, 10, 4, 5, 4},
		{3, 3, 4, 7, 3, 4, 3, 10, 4, 5, 4},
	};
	struct road_firmware_look look;

	for (uint32_t style = 0; style < 2; style++) {
		described(style);
		for (uint32_t phase = 0; phase < ROAD_FIRMWARE_PHASES; phase++) {
			set32(ROAD_BOOT_REG_PHASE, phase);
			rig.reads = 0;
			CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
			CU_ASSERT_EQUAL(rig.reads, reads[style][phase]);
		}
		finish();
	}
}

static void test_hello(void)
{
	const struct road_boot_hello said = {.protocol_min = 1,
					     .protocol_max = 2,
					     .version_major = 3,
					     .version_minor = 4,
					     .version_revision = 5,
					     .version_build = 6,
					     .counter = 7,
					     .boot_errors = 8,
					     .chip = 9,
					     .features = 10,
					     .nonce = 11};
	struct road_firmware_look look;

	described(ROAD_FIRMWARE_PUSH);
	set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_HELLO);
	memcpy(rig.regs + ROAD_BOOT_REG_HELLO, &said, sizeof(said));
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	CU_ASSERT_EQUAL(look.hello.protocol_min, 1);
	CU_ASSERT_EQUAL(look.hello.protocol_max, 2);
	CU_ASSERT_EQUAL(look.hello.version_major, 3);
	CU_ASSERT_EQUAL(look.hello.version_minor, 4);
	CU_ASSERT_EQUAL(look.hello.version_revision, 5);
	CU_ASSERT_EQUAL(look.hello.version_build, 6);
	CU_ASSERT_EQUAL(look.hello.counter, 7);
	CU_ASSERT_EQUAL(look.hello.boot_errors, 8);
	CU_ASSERT_EQUAL(look.hello.chip_id, 9);
	CU_ASSERT_EQUAL(look.hello.features, 10);
	CU_ASSERT_EQUAL(look.hello.nonce, 11);
	finish();
}

/* ---- images ---- */

static uint8_t image[CHUNK + 1]; /* nothing behind it may be read */

static void make_image(uint8_t first)
{
	for (uint32_t i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(first + i);
}

static road_status transfer(uint32_t byte_count)
{
	return road_boot_unit_transfer(&rig.dev, 0, image + sizeof(image) - byte_count, byte_count);
}

static void test_push(void)
{
	described(ROAD_FIRMWARE_PUSH);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 1, UINT64_C(0x100000005)), ROAD_OK);
	CU_ASSERT_EQUAL(get64(ROAD_BOOT_REG_OFFER_BYTES64), UINT64_C(0x100000005));
	CU_ASSERT_EQUAL(get32(ROAD_BOOT_REG_OFFER), 1);
	CU_ASSERT_FALSE(rig.wrote_last); /* a read pushed it */
	for (uint32_t bytes = 1; bytes <= CHUNK; bytes++) {
		make_image((uint8_t)bytes);
		rig.got_bytes = rig.writes = 0;
		CU_ASSERT_EQUAL(transfer(bytes), ROAD_OK);
		CU_ASSERT_FALSE(rig.wrote_last);
		CU_ASSERT_EQUAL(rig.got_bytes, bytes);
		CU_ASSERT_EQUAL(memcmp(rig.got, image + sizeof(image) - bytes, bytes), 0);
		CU_ASSERT_EQUAL(rig.writes, (bytes + 7) / 8 + 1);
		CU_ASSERT_TRUE(all_are(rig.regs + ROAD_BOOT_REG_DATA + bytes, -bytes % 8u, 0));
	}
	CU_ASSERT_EQUAL(transfer(0), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(transfer(CHUNK + 1), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "41 bytes at once, where 1 .. 40"));
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 2, 5), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
	finish();
}

static void asks_for(uint64_t request)
{
	struct road_firmware_look look;

	set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_LOADING);
	set64(ROAD_BOOT_REG_REQUEST64, request);
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	CU_ASSERT_EQUAL(look.request, request);
}

static void test_pull(void)
{
	described(ROAD_FIRMWARE_PULL);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 0, 100), ROAD_OK);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 1);
	for (uint32_t bytes = 1; bytes <= CHUNK; bytes++) {
		const uint64_t request = UINT64_C(0x500000000) + bytes;

		asks_for(request);
		make_image((uint8_t)bytes);
		memset(rig.synced, 0xee, CHUNK);
		CU_ASSERT_EQUAL(transfer(bytes), ROAD_OK);
		CU_ASSERT_FALSE(rig.wrote_last);
		CU_ASSERT_EQUAL(rig.gos, bytes);
		CU_ASSERT_EQUAL(get32(ROAD_BOOT_REG_DMA_GO), bytes);
		CU_ASSERT_EQUAL(get32(ROAD_BOOT_REG_DMA_BYTES), bytes);
		CU_ASSERT_PTR_NOT_NULL_FATAL(
			fake_bus_host(&rig.fake, get64(ROAD_BOOT_REG_DMA_ADDRESS64), CHUNK));
		CU_ASSERT_EQUAL(memcmp(rig.synced, image + sizeof(image) - bytes, bytes), 0);
		CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 1);
	}
	finish();
	CU_ASSERT_EQUAL(rig.resets, 1); /* the last answer was not taken */
}

/* The chip has the buffer: what would overwrite it is refused, and it stays as it is. */
static bool is_lent(void)
{
	const uint64_t at = get64(ROAD_BOOT_REG_DMA_ADDRESS64);
	const char *buffer = fake_bus_host(&rig.fake, at, 8);
	const uint8_t first = (uint8_t)buffer[0];
	const uint32_t gos = rig.gos;

	make_image((uint8_t)(first + 1));
	if (!transfer(8))
		return false;
	CU_ASSERT_EQUAL(services_status, ROAD_IO);
	CU_ASSERT_EQUAL((uint8_t)buffer[0], first);
	CU_ASSERT_EQUAL(rig.gos, gos);
	return true;
}

static void give(uint64_t request)
{
	asks_for(request);
	CU_ASSERT_EQUAL(transfer(8), ROAD_OK);
	CU_ASSERT_TRUE(is_lent());
	asks_for(request);
	CU_ASSERT_TRUE(is_lent());
}

static void test_lent(void)
{
	struct road_firmware_look look;

	described(ROAD_FIRMWARE_PULL);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 0, 100), ROAD_OK);
	give(1);
	asks_for(2); /* it moved on */
	CU_ASSERT_FALSE(is_lent());
	CU_ASSERT_TRUE(is_lent());
	set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_AUTH); /* it has all */
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	CU_ASSERT_FALSE(is_lent());
	set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_WAITING);
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 1, 100), ROAD_OK);
	give(1); /* of the next image, by the same number */
	CU_ASSERT_EQUAL(rig.resets, 0);
	CU_ASSERT_EQUAL(road_boot_unit_tell(&rig.dev, ROAD_FIRMWARE_TELL_RESTART, 0), ROAD_OK);
	CU_ASSERT_EQUAL(rig.resets, 1);
	CU_ASSERT_FALSE(is_lent());
	give(0); /* not a number that it should have */
	set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_OK);
	finish();
	CU_ASSERT_EQUAL(rig.resets, 1); /* what runs is left alone */
}

/* Memory that the chip may still read does not go before the chip was stopped. */
static void test_close(void)
{
	described(ROAD_FIRMWARE_PULL);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 0, 100), ROAD_OK);
	give(1);
	set32(ROAD_BOOT_REG_CHUNK, CHUNK - 1); /* another chip, it seems */
	CU_ASSERT_EQUAL(describe(), ROAD_OK);
	CU_ASSERT_EQUAL(rig.resets, 1);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
	CU_ASSERT_EQUAL(transfer(CHUNK), ROAD_INVALID_ARGUMENT);
	give(1);
	rig.fake.is_lost = true;
	finish();
	CU_ASSERT_EQUAL(rig.resets, 1);
	road_boot_unit_close(&rig.dev); /* there is none: fine */
}

static void test_words(void)
{
	static const struct {
		enum road_firmware_word word;
		uint32_t reg, bytes;
	} rows[] = {
		{ROAD_FIRMWARE_TELL_COMPLETE, ROAD_BOOT_REG_COMPLETE64, 8},
		{ROAD_FIRMWARE_TELL_PROTOCOL, ROAD_BOOT_REG_PROTOCOL, 4},
		{ROAD_FIRMWARE_TELL_NONCE, ROAD_BOOT_REG_NONCE64, 8},
		{ROAD_FIRMWARE_TELL_RESTART, ROAD_BOOT_REG_CONTROL, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = UINT64_C(0x1122334455667788);

		described(ROAD_FIRMWARE_PUSH);
		CU_ASSERT_EQUAL(road_boot_unit_tell(&rig.dev, rows[i].word, value), ROAD_OK);
		CU_ASSERT_FALSE(rig.wrote_last);
		CU_ASSERT_EQUAL(rig.writes, 1);
		if (rows[i].word == ROAD_FIRMWARE_TELL_RESTART)
			value = ROAD_BOOT_CONTROL_RESET;
		CU_ASSERT_EQUAL(memcmp(rig.regs + rows[i].reg, &value, rows[i].bytes), 0);
		finish();
	}
	described(ROAD_FIRMWARE_PUSH);
	CU_ASSERT_EQUAL(road_boot_unit_tell(&rig.dev, (enum road_firmware_word)4, 0),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(rig.writes, 0);
	finish();
}

/* ---- crashes, capabilities ---- */

static void test_dump(void)
{
	uint8_t bytes[DUMP + 8];
	uint32_t got;

	described(ROAD_FIRMWARE_PUSH);
	for (uint32_t offset = 0; offset < DUMP + 4; offset++)
		for (uint32_t count = 0; count < DUMP + 4; count += offset < 20 ? 1 : 13) {
			const uint32_t left = offset < DUMP ? DUMP - offset : 0;

			memset(bytes, 0xee, sizeof(bytes));
			CU_ASSERT_EQUAL(road_boot_unit_dump(&rig.dev, offset, bytes, count, &got),
					ROAD_OK);
			CU_ASSERT_EQUAL_FATAL(got, left < count ? left : count);
			CU_ASSERT_EQUAL(memcmp(bytes, rig.dump + offset, got), 0);
			CU_ASSERT_EQUAL(bytes[got], 0xee);
		}
	CU_ASSERT_EQUAL(road_boot_unit_dump(&rig.dev, UINT64_C(1) << 32, bytes, 8, &got), ROAD_OK);
	CU_ASSERT_EQUAL(got, 0);
	finish();
}

/* The dump of another crash begins while one is read. */
static uint64_t other_dump(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	const uint64_t value = chip_read(fake, offset, width);

	if (offset == OFFSET + ROAD_BOOT_REG_DUMP64)
		set32(ROAD_BOOT_REG_DUMP_BYTES, DUMP - 1);
	return value;
}

static void test_dump_changes(void)
{
	uint8_t bytes[DUMP];
	uint32_t got = 5;

	described(ROAD_FIRMWARE_PUSH);
	rig.fake.read = other_dump;
	CU_ASSERT_EQUAL(road_boot_unit_dump(&rig.dev, 0, bytes, DUMP, &got), ROAD_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "91 bytes, then 90"));
	CU_ASSERT_EQUAL(got, 0);
	set32(ROAD_BOOT_REG_DUMP_BYTES, 0);
	CU_ASSERT_EQUAL(road_boot_unit_dump(&rig.dev, 0, bytes, DUMP, &got), ROAD_OK);
	CU_ASSERT_EQUAL(got, 0);
	finish();
}

static void test_opcode(void)
{
	described(ROAD_FIRMWARE_PUSH);
	CU_ASSERT_EQUAL(road_boot_unit_opcode(&rig.dev, 9), 3);
	CU_ASSERT_EQUAL(road_boot_unit_opcode(&rig.dev, 8), 0);
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(road_boot_unit_opcode(&rig.dev, 9), 0); /* nothing, not all */
	finish();
}

/* ---- the device goes, memory fails ---- */

static road_status all_of_it(void)
{
	struct road_firmware_look look;
	uint8_t bytes[DUMP];
	uint32_t got;
	road_status status = describe();

	if (!status)
		status = road_boot_unit_look(&rig.dev, &look);
	if (!status)
		status = road_boot_unit_offer(&rig.dev, 0, 100);
	if (!status)
		status = transfer(20);
	for (int word = 0; !status && word <= ROAD_FIRMWARE_TELL_RESTART; word++)
		status = road_boot_unit_tell(&rig.dev, (enum road_firmware_word)word, 1);
	if (!status)
		status = road_boot_unit_dump(&rig.dev, 0, bytes, DUMP, &got);
	return status;
}

/* A description is whole, or there is none. */
static void test_lost_description(void)
{
	struct road_firmware_chip whole, chip;
	road_status status = ROAD_DEVICE_LOST;

	prepare(ROAD_FIRMWARE_PUSH);
	CU_ASSERT_EQUAL_FATAL(road_boot_unit_describe(&rig.dev, &port, &whole), ROAD_OK);
	finish();
	for (int accesses = 0; status; accesses++) {
		prepare(ROAD_FIRMWARE_PUSH);
		rig.fake.accesses_left = accesses;
		status = road_boot_unit_describe(&rig.dev, &port, &chip);
		CU_ASSERT_EQUAL(status, rig.fake.is_lost ? ROAD_DEVICE_LOST : ROAD_OK);
		finish();
	}
	CU_ASSERT_EQUAL(memcmp(&chip, &whole, offsetof(struct road_firmware_chip, components)), 0);
	CU_ASSERT_EQUAL(memcmp(chip.components, whole.components, sizeof(chip.components)), 0);
}

/* From some access on registers say nothing, and no bus knows why. */
static uint64_t stuck_read(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	const uint64_t value = chip_read(fake, offset, width);

	return rig.changes_after-- > 0 ? value : 0;
}

static void test_stuck(void)
{
	struct road_firmware_chip chip = {.style = 77};
	road_status status = ROAD_IO;
	int after = 1; /* before that there is no block */

	for (; status; after++) {
		prepare(ROAD_FIRMWARE_PUSH);
		rig.fake.read = stuck_read;
		rig.changes_after = after;
		status = road_boot_unit_describe(&rig.dev, &port, &chip);
		CU_ASSERT(!status || (chip.style == 77 && services_status == status));
		finish();
	}
	CU_ASSERT_TRUE(after > 20);
	CU_ASSERT_EQUAL(chip.components[1].chip_class[1], 0x33);
}

static void test_lost(void)
{
	for (uint32_t style = 0; style < 2; style++) {
		road_status status = ROAD_DEVICE_LOST;
		int accesses = 0;

		for (; status; accesses++) {
			prepare(style);
			set32(ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_HELLO);
			rig.fake.accesses_left = accesses;
			status = all_of_it();
			if (status)
				CU_ASSERT_EQUAL(status, ROAD_DEVICE_LOST);
			CU_ASSERT_EQUAL(services_lost != 0, status != ROAD_OK);
			finish();
		}
		CU_ASSERT_TRUE(accesses > 40);
	}
}

static void test_memory(void)
{
	for (int nth = 0; nth < 2; nth++) {
		prepare(ROAD_FIRMWARE_PULL);
		services_fail_after = nth;
		CU_ASSERT_EQUAL(all_of_it(), ROAD_OUT_OF_HOST_MEMORY);
		CU_ASSERT_EQUAL(services_fail_after, -1);
		CU_ASSERT_EQUAL(all_of_it(), ROAD_OK);
		finish();
	}
}

static void test_not_described(void)
{
	struct road_firmware_look look;
	uint32_t got;

	prepare(ROAD_FIRMWARE_PUSH);
	CU_ASSERT_EQUAL(road_boot_unit_look(&rig.dev, &look), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_boot_unit_offer(&rig.dev, 0, 1), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(transfer(1), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_boot_unit_tell(&rig.dev, ROAD_FIRMWARE_TELL_RESTART, 0),
			ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_boot_unit_dump(&rig.dev, 0, image, 1, &got), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(rig.reads + rig.writes, 0);
}

static const struct tap_case cases[] = {
	{"the block says what the chip is, and may be asked again", test_describe},
	{"a chip without the block needs no firmware, and that is no error", test_none},
	{"a description that cannot be is refused, with the register and its bounds",
	 test_hostile_description},
	{"names end within their registers, and are not shortened", test_names},
	{"a look at a chip that changes between any two reads is of one state", test_change},
	{"a chip that never rests is given up", test_restless},
	{"a look reads what the phase has, and no more", test_reads},
	{"a hello arrives field by field", test_hello},
	{"pushed bytes arrive in order, and a read pushes the writes", test_push},
	{"what the chip asks for lies where it was told, synced", test_pull},
	{"the buffer is the chip's until it asks for something else", test_lent},
	{"memory goes when the chip cannot read it any more", test_close},
	{"each word goes to its register", test_words},
	{"a dump is read from any byte on", test_dump},
	{"a dump that changes while it is read is none", test_dump_changes},
	{"opcodes are those of the firmware", test_opcode},
	{"a description is whole, or the device is lost", test_lost_description},
	{"a chip that gets stuck while it is described is refused", test_stuck},
	{"a device that goes at any access is lost, and nothing stays behind", test_lost},
	{"memory that fails is said, and the next try succeeds", test_memory},
	{"nothing is asked of a device that was not described", test_not_described},
};

TAP_MAIN(cases)
