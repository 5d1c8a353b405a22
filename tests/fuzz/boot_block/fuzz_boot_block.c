/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host gone mad at a simulated boot ROM: registers in any order, images with bytes changed,
 * memory that is not mapped, faults that a test asks for, resets. The ROM may refuse; nothing that
 * was not signed is accepted, nothing is read or written where it should not be, and after a reset
 * a sound image boots.
 *
 * The bytes: one for the chip, then steps; each is a byte that chooses, and what it needs.
 */
#include <string.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/sim_boot/rig.h"

enum { STEPS_MAX = 128 };

static struct rig_image sound[2];

/* Does the ROM behave as long as it loads an image? */
static bool is_tame(void)
{
	return rig.boot->fault < SIM_BOOT_OFFSET || rig.boot->fault > SIM_BOOT_EARLY;
}

/* An image with up to three bytes of it changed. */
static void load(struct reader *r, uint32_t changes)
{
	struct rig_image image = sound[rig_get(ROAD_BOOT_REG_COMPONENT, 4) & 1];
	const struct rig_image was = image;

	for (uint32_t i = 0; i < changes; i++) {
		const uint32_t at = reader_u8(r) | (uint32_t)reader_u8(r) << 8;

		image.bytes[at % image.count] ^= reader_u8(r);
	}
	if (rig_get(ROAD_BOOT_REG_PHASE, 4) != ROAD_BOOT_PHASE_WAITING || !is_tame())
		return;
	const uint32_t component = (uint32_t)rig_get(ROAD_BOOT_REG_COMPONENT, 4);
	const uint32_t phase = rig_load(&image);

	if (!memcmp(image.bytes, was.bytes, image.count))
		return;
	CU_ASSERT(phase != ROAD_BOOT_PHASE_STARTING && phase != ROAD_BOOT_PHASE_HELLO);
	CU_ASSERT(phase != ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_COMPONENT, 4), component);
}

static void greet(void)
{
	const size_t nonce = ROAD_BOOT_REG_HELLO + offsetof(struct road_boot_hello, nonce);

	rig_put(ROAD_BOOT_REG_NONCE64, 8, rig_get((uint32_t)nonce, 8));
	rig_put(ROAD_BOOT_REG_PROTOCOL, 4, 1);
}

static void step(struct reader *r)
{
	const uint8_t what = reader_u8(r);
	uint32_t reg;

	switch (what & 7) {
	case 0:
	case 1:
		reg = (uint32_t)(reader_u8(r) | (what & 0x80 ? 0x400 : 0x100 * (what >> 6 & 1)));
		rig_put(reg & (what & 0x20 ? ~0u : ~3u), what & 0x10 ? 8 : 4, reader_u64(r));
		break;
	case 2: rig_step(); break;
	case 3:
		reg = (uint32_t)(reader_u8(r) | 0x100 * (what >> 6 & 1));
		(void)rig_get(reg, what & 0x10 ? 8 : 4);
		break;
	case 4: load(r, what >> 4 & 3); break;
	case 5: greet(); break;
	case 6: rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET); break;
	case 7:
		(void)sim_boot_inject(rig.boot, 0, reader_u8(r) % (SIM_BOOT_FAULTS + 1),
				      reader_u8(r) % 12, what >> 4);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	const uint8_t chip = reader_u8(&r);

	rig_begin(chip & 1 ? SIM_BOOT_PULL : SIM_BOOT_PUSH, 1 + (chip >> 1 & 1));
	for (uint32_t i = 0; i < 2; i++)
		rig_image(&sound[i], i);
	for (uint32_t i = 0; i < STEPS_MAX && r.left; i++)
		step(&r);
	CU_ASSERT_EQUAL(sim_boot_inject(rig.boot, 0, SIM_BOOT_HONEST, 0, SIM_BOOT_EVERY),
			SIM_INJECTED);
	rig_put(ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL(rig_boot(), ROAD_BOOT_PHASE_RUNNING);
	rig_end();
	return 0;
}
