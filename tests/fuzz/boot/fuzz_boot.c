/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chip's boot block that says anything at any time: helper and loader between them believe none
 * of it. The bytes are a story: a chip that boots as it should, registers that change, also between
 * two reads, a device that goes, restarts. Whatever is told:
 *
 *	- no access outside of the block; none at all after a boot has failed
 *	- the chip gets bytes of the image at the place that it asked for, and no others
 *	- the buffer that it may read stays, and stays as it is
 *	- firmware is READY only after all of its images, with a protocol and the right nonce
 *	- nothing is left when the device closes
 */
#include <roadbed-driver/boot_unit.h>
#include <roadbed/firmware_boot.h>
#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/firmware/boot.h"

enum { BASE = 0x800, CHUNK = 64, IMAGES = 2, PAYLOAD = 1100, OPS_MAX = 400, NONCE = 77 };

struct world {
	struct fake_bus fake; /* first */
	struct road_drv_device dev;
	uint8_t regs[ROAD_BOOT_BYTES];
	uint64_t accesses;
	bool failed; /* the boot: nothing may be accessed */
	/* A register that changes while others are read. */
	bool change;
	uint32_t change_after, change_reg, change_value;
	/* What the chip was told, and read last. */
	bool offered, complete, answered, protocol;
	const void *image;
	size_t image_bytes, pushed;
	uint32_t images, components, resets;
	uint64_t nonce, asked, asked_offset, asked_bytes;
	uint32_t read_at; /* SEQUENCE when PHASE was read … */
	bool torn;        /* … and another when something of that phase was */
	/* What it may read. */
	bool lent;
	uint64_t lent_at, lent_bytes, lent_request;
	uint8_t lent_copy[2 * PAYLOAD];
};

static road_firmware_image *images[IMAGES];
static const uint8_t vendor[16] = {0x11}, chip_class[16] = {0x22};

static void check(int fine)
{
	if (!fine)
		abort();
}

/* ---- the core's services ---- */

road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	(void)seen;
	(void)allowed;
	check(status && what[0] && where[0]);
	return status;
}

road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
{
	check(status && where[0] && format[0]);
	return status;
}

void road_drv_device_lost(struct road_drv_device *dev)
{
	check(dev->bus->ops->lost(dev->bus));
}

bool services_fail_now(void)
{
	return false;
}

/* ---- registers ---- */

static uint32_t get32(const struct world *w, uint32_t reg)
{
	uint32_t value;

	memcpy(&value, w->regs + reg, sizeof(value));
	return value;
}

static uint64_t get64(const struct world *w, uint32_t reg)
{
	uint64_t value;

	memcpy(&value, w->regs + reg, sizeof(value));
	return value;
}

static void set32(struct world *w, uint32_t reg, uint32_t value)
{
	memcpy(w->regs + reg, &value, sizeof(value));
}

static void set64(struct world *w, uint32_t reg, uint64_t value)
{
	memcpy(w->regs + reg, &value, sizeof(value));
}

static void say(struct world *w, uint32_t reg, uint32_t value)
{
	set32(w, reg, value);
	set32(w, ROAD_BOOT_REG_SEQUENCE, get32(w, ROAD_BOOT_REG_SEQUENCE) + 1);
}

static void check_lent(struct world *w)
{
	const void *at;

	if (!w->lent || w->fake.is_lost)
		return;
	at = fake_bus_host(&w->fake, w->lent_at, w->lent_bytes);
	check(at && !memcmp(at, w->lent_copy, w->lent_bytes));
}

static uint32_t reg_of(struct world *w, uint64_t offset, uint32_t width)
{
	const uint64_t reg = offset - BASE;

	check(offset >= BASE && reg + width <= ROAD_BOOT_BYTES && reg % width == 0);
	check(!w->failed);
	w->accesses++;
	check_lent(w);
	return (uint32_t)reg;
}

static uint64_t chip_read(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	struct world *w = (struct world *)(void *)fake;
	const uint32_t reg = reg_of(w, offset, width);
	const uint64_t value = width == 8 ? get64(w, reg) : get32(w, reg);

	if (reg == ROAD_BOOT_REG_PHASE) {
		w->read_at = get32(w, ROAD_BOOT_REG_SEQUENCE);
		w->torn = false;
	} else if (reg > ROAD_BOOT_REG_PHASE && reg < ROAD_BOOT_REG_HEARTBEAT64) {
		w->torn |= w->read_at != get32(w, ROAD_BOOT_REG_SEQUENCE);
	}
	if (reg == ROAD_BOOT_REG_REQUEST64)
		w->asked = value;
	if (reg == ROAD_BOOT_REG_REQUEST_OFFSET64)
		w->asked_offset = value;
	if (reg == ROAD_BOOT_REG_REQUEST_BYTES)
		w->asked_bytes = value;
	if (reg == ROAD_BOOT_REG_HELLO + offsetof(struct road_boot_hello, nonce))
		w->nonce = value;
	/* It has what it asked for, or wants it no more, and the host knows. */
	if ((reg == ROAD_BOOT_REG_REQUEST64 && value != w->lent_request) ||
	    (reg == ROAD_BOOT_REG_PHASE && value != ROAD_BOOT_PHASE_LOADING))
		w->lent = false;
	if (w->change && !w->change_after--) {
		w->change = false;
		say(w, w->change_reg, w->change_value);
	}
	return value;
}

static void take_push(struct world *w, uint32_t bytes)
{
	check(w->image && bytes <= ROAD_BOOT_DATA_BYTES && bytes <= w->image_bytes - w->pushed);
	check(!memcmp(w->regs + ROAD_BOOT_REG_DATA, (const char *)w->image + w->pushed, bytes));
	w->pushed += bytes;
}

static void take_pull(struct world *w, uint32_t number)
{
	const uint64_t bytes = get32(w, ROAD_BOOT_REG_DMA_BYTES);
	const void *at;

	check(w->image && !w->lent && !w->torn && number == (uint32_t)w->asked &&
	      bytes == w->asked_bytes);
	check(w->asked_offset <= w->image_bytes && bytes <= w->image_bytes - w->asked_offset);
	w->lent_at = get64(w, ROAD_BOOT_REG_DMA_ADDRESS64);
	w->lent_bytes = bytes;
	at = fake_bus_host(&w->fake, w->lent_at, bytes);
	check(at && bytes <= sizeof(w->lent_copy) &&
	      !memcmp(at, (const char *)w->image + w->asked_offset, bytes));
	memcpy(w->lent_copy, at, bytes);
	w->lent_request = w->asked;
	w->lent = w->answered = true;
}

static void reset(struct world *w)
{
	w->lent = w->offered = w->complete = w->answered = w->protocol = false;
	w->resets++;
	say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_ROM);
}

static void chip_write(struct fake_bus *fake, uint64_t offset, uint32_t width, uint64_t value)
{
	struct world *w = (struct world *)(void *)fake;
	const uint32_t reg = reg_of(w, offset, width);

	memcpy(w->regs + reg, &value, width);
	switch (reg) {
	case ROAD_BOOT_REG_OFFER:
		check(w->image && get64(w, ROAD_BOOT_REG_OFFER_BYTES64) == w->image_bytes);
		check(!w->torn && value + 1 == w->images);
		w->offered = true;
		w->complete = w->answered = false;
		w->pushed = 0;
		break;
	case ROAD_BOOT_REG_DATA_BYTES: take_push(w, (uint32_t)value); break;
	case ROAD_BOOT_REG_DMA_GO: take_pull(w, (uint32_t)value); break;
	case ROAD_BOOT_REG_COMPLETE64:
		check(value == w->image_bytes && w->pushed == value);
		w->complete = true;
		break;
	case ROAD_BOOT_REG_NONCE64: check(!w->torn && value == w->nonce); break;
	case ROAD_BOOT_REG_PROTOCOL: w->protocol = value != 0; break;
	case ROAD_BOOT_REG_CONTROL: reset(w); break;
	default: break;
	}
}

/* ---- a chip that boots as it should ---- */

static void ask(struct world *w, uint64_t offset)
{
	const uint64_t left = get64(w, ROAD_BOOT_REG_OFFER_BYTES64) - offset;

	set64(w, ROAD_BOOT_REG_REQUEST64, get64(w, ROAD_BOOT_REG_REQUEST64) + 1);
	set64(w, ROAD_BOOT_REG_REQUEST_OFFSET64, offset);
	say(w, ROAD_BOOT_REG_REQUEST_BYTES, left < CHUNK ? (uint32_t)left : CHUNK);
	w->answered = false;
}

static void while_loading(struct world *w)
{
	const uint64_t end =
		get64(w, ROAD_BOOT_REG_REQUEST_OFFSET64) + get32(w, ROAD_BOOT_REG_REQUEST_BYTES);

	if (w->complete || (w->answered && end == get64(w, ROAD_BOOT_REG_OFFER_BYTES64)))
		say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_AUTH);
	else if (w->answered)
		ask(w, end);
}

static void after_auth(struct world *w)
{
	const uint32_t next = get32(w, ROAD_BOOT_REG_COMPONENT) + 1;

	w->offered = false;
	if (next < get32(w, ROAD_BOOT_REG_COMPONENTS)) {
		set32(w, ROAD_BOOT_REG_COMPONENT, next);
		say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_WAITING);
	} else {
		say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_STARTING);
	}
}

static void say_hello(struct world *w)
{
	const struct road_boot_hello hello = {
		.protocol_min = 1,
		.protocol_max = 4,
		.version_major = 1,
		.version_build = get32(w, ROAD_BOOT_REG_COMPONENT),
		.chip = get64(w, ROAD_BOOT_REG_CHIP64),
		.nonce = NONCE,
	};

	memcpy(w->regs + ROAD_BOOT_REG_HELLO, &hello, sizeof(hello));
	say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_HELLO);
}

static void move(struct world *w)
{
	switch (get32(w, ROAD_BOOT_REG_PHASE)) {
	case ROAD_BOOT_PHASE_OFF: say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_ROM); break;
	case ROAD_BOOT_PHASE_ROM:
		set32(w, ROAD_BOOT_REG_COMPONENT, 0);
		say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_WAITING);
		break;
	case ROAD_BOOT_PHASE_WAITING:
		if (w->offered) {
			say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_LOADING);
			ask(w, 0);
		}
		break;
	case ROAD_BOOT_PHASE_LOADING: while_loading(w); break;
	case ROAD_BOOT_PHASE_AUTH: after_auth(w); break;
	case ROAD_BOOT_PHASE_STARTING: say_hello(w); break;
	case ROAD_BOOT_PHASE_HELLO:
		if (w->protocol && get64(w, ROAD_BOOT_REG_NONCE64) == NONCE)
			say(w, ROAD_BOOT_REG_PHASE, ROAD_BOOT_PHASE_RUNNING);
		break;
	case ROAD_BOOT_PHASE_RUNNING: w->regs[ROAD_BOOT_REG_HEARTBEAT64]++; break;
	default: break;
	}
}

static void prepare(struct world *w, uint8_t kind)
{
	memset(w, 0, sizeof(*w));
	fake_bus_init(&w->fake);
	w->fake.read = chip_read;
	w->fake.write = chip_write;
	w->dev.bus = &w->fake.bus;
	set32(w, ROAD_BOOT_REG_MAGIC, ROAD_BOOT_MAGIC);
	set32(w, ROAD_BOOT_REG_VERSION, ROAD_BOOT_VERSION);
	set32(w, ROAD_BOOT_REG_STYLE, kind & 1);
	set32(w, ROAD_BOOT_REG_CHUNK, CHUNK);
	set64(w, ROAD_BOOT_REG_CHIP64, 0x1234);
	set64(w, ROAD_BOOT_REG_HEARTBEAT_NS64, 1000000);
	set32(w, ROAD_BOOT_REG_COMPONENTS, kind & 2 ? 2 : 1);
	set32(w, ROAD_BOOT_REG_DUMP_BYTES, kind);
	set32(w, ROAD_BOOT_REG_COMPONENT_BYTES, 4096);
	set32(w, ROAD_BOOT_REG_COMPONENT_UNITS, 1);
	memcpy(w->regs + ROAD_BOOT_REG_COMPONENT_NAME64, "main", 4);
	memcpy(w->regs + ROAD_BOOT_REG_COMPONENT_VENDOR64, vendor, sizeof(vendor));
	memcpy(w->regs + ROAD_BOOT_REG_COMPONENT_CLASS64, chip_class, sizeof(chip_class));
}

/* ---- the host ---- */

static void make_images(void)
{
	static const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES] = {'f', 'u', 'z', 'z'};
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_keys *keys;
	uint8_t payload[PAYLOAD], secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(key.key, secret, seed);
	check(!road_firmware_keys_create(&keys, NULL));
	check(!road_firmware_keys_add(keys, &key, NULL));
	for (uint32_t i = 0; i < IMAGES; i++) {
		road_firmware_sign_options options = {.size = sizeof(options),
						      .version = {.major = 1, .build = i},
						      .has = ROAD_FIRMWARE_HAS_CLASS |
							     ROAD_FIRMWARE_HAS_VENDOR,
						      .component = "main"};
		void *bytes;
		size_t count;

		for (uint32_t j = 0; j < PAYLOAD; j++)
			payload[j] = (uint8_t)(i * 100 + j * 3);
		memcpy(options.vendor.bytes, vendor, sizeof(vendor));
		memcpy(options.chip_class.bytes, chip_class, sizeof(chip_class));
		check(!road_firmware_sign(payload, PAYLOAD, seed, &options, &bytes, &count, NULL));
		check(!road_firmware_image_read(bytes, count, &images[i], NULL));
		check(!road_firmware_image_verify(images[i], keys, NULL, NULL));
		road_firmware_free(bytes);
	}
	road_firmware_keys_free(keys);
}

static road_firmware_error give_image(void *arg, const char *component,
				      const road_firmware_image **out, road_firmware_detail *detail)
{
	struct world *w = arg;
	const uint32_t index = w->images++ % IMAGES;

	(void)detail;
	check(strnlen(component, 32) < 32);
	*out = images[index];
	return road_firmware_image_bytes(images[index], &w->image, &w->image_bytes, NULL);
}

static road_status describe(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	static const struct road_boot_port port = {.offset = BASE,
						   .vendor = "acme",
						   .chip = "one",
						   .protocol_min = 2,
						   .protocol_max = 5};

	struct world *w = (struct world *)(void *)((char *)dev - offsetof(struct world, dev));
	const road_status status = road_boot_unit_describe(dev, &port, out);

	/* It may say another number each time: the last is what the loader goes by. */
	w->components = out->component_count;
	return status;
}

static const struct road_firmware_ops ops = {describe, ROAD_BOOT_UNIT_OPS};

/* As the core begins; NULL: the chip cannot be booted. */
static road_firmware_boot *begin(struct world *w)
{
	const road_firmware_boot_options options = {
		.size = sizeof(options), .image = give_image, .arg = w};
	struct road_firmware_chip chip;
	road_firmware_boot *boot = NULL;

	w->failed = false;
	w->images = 0;
	if (describe(&w->dev, &chip) || ops.tell(&w->dev, ROAD_FIRMWARE_TELL_RESTART, 0))
		return NULL;
	if (road_firmware_boot_create(&ops, &w->dev, &options, &boot, NULL))
		check(!boot);
	return boot;
}

static void step(struct world *w, road_firmware_boot *boot)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	road_firmware_boot_info info = {.size = sizeof(info)};

	w->fake.now_ns += 10000;
	if (!boot)
		return;
	w->failed = road_firmware_boot_step(boot, w->fake.now_ns, &detail) != 0;
	check(!w->failed || (detail.what[0] && detail.where[0]));
	check(!road_firmware_boot_info_get(boot, &info));
	if (!w->failed &&
	    (info.state == ROAD_FIRMWARE_STATE_READY || info.state == ROAD_FIRMWARE_STATE_DEGRADED))
		check(w->images >= w->components && info.protocol >= 2 && info.protocol <= 5 &&
		      w->protocol);
}

static void try_rest(struct world *w, struct reader *r)
{
	const uint64_t offset = reader_u64(r);
	const uint32_t count = reader_u8(r);
	uint8_t *bytes = malloc(count + 1);
	uint32_t got = UINT32_MAX;
	struct road_boot_program program;

	check(bytes != NULL);
	(void)road_boot_unit_dump(&w->dev, offset, bytes, count, &got);
	check(got <= count);
	check(!road_boot_unit_program(&w->dev, reader_u8(r), &program) || w->fake.is_lost);
	free(bytes);
}

/* Only the chip's own registers: what the host writes is the host's. */
static uint32_t take_register(struct reader *r)
{
	return reader_u8(r) % (ROAD_BOOT_REG_OFFER_BYTES64 / 4) * 4;
}

static uint32_t take_value(struct reader *r, uint32_t small)
{
	uint32_t value = small;

	if (small >= 16)
		reader_take(r, &value, sizeof(value));
	return value;
}

/* A byte: what happens, and how often, when, or which value. */
static road_firmware_boot *happen(struct world *w, struct reader *r, road_firmware_boot *boot)
{
	const uint8_t op = reader_u8(r), much = op >> 3;
	const bool failed = w->failed;

	switch (op & 7) {
	case 0: /* all as it should be */
		for (uint32_t i = 0; i <= much; i++) {
			step(w, boot);
			move(w);
		}
		return boot;
	case 1: step(w, boot); return boot;
	case 2: say(w, take_register(r), take_value(r, much)); return boot;
	case 3:
		w->change_reg = take_register(r);
		w->change_after = much;
		w->change_value = take_value(r, reader_u8(r));
		w->change = true;
		return boot;
	case 4: w->fake.accesses_left = much; return boot;
	case 5: w->fake.now_ns += (uint64_t)much << 22; return boot;
	case 6: road_firmware_boot_free(boot); return begin(w);
	default:
		w->failed = false;
		try_rest(w, r);
		w->failed = failed;
		return boot;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct reader r = {data, size};
	road_firmware_boot *boot;

	if (!images[0])
		make_images();
	prepare(&w, reader_u8(&r));
	boot = begin(&w);
	for (uint32_t i = 0; i < OPS_MAX && r.left; i++)
		boot = happen(&w, &r, boot);
	road_firmware_boot_free(boot);
	const bool lent = w.lent && !w.fake.is_lost;
	const uint32_t resets = w.resets;

	w.failed = false;
	road_boot_unit_close(&w.dev);
	check(!lent || w.resets > resets || w.fake.is_lost);
	check(!w.dev.boot_unit && !fake_bus_live(&w.fake));
	return 0;
}
