/* SPDX-License-Identifier: Apache-2.0 */
/* Boots a chip through the engine's door, for tests that are its driver: with what its simulator
 * has for it, one register after the other. A chip without a boot ROM needs nothing. */
#ifndef TESTS_UNIT_BOOT_SUPPORT_H
#define TESTS_UNIT_BOOT_SUPPORT_H

#include <stdbool.h>
#include <string.h>

#include <roadbed-sim/model.h>

#include "simulators/engine/entry.h"
#include "uapi/firmware/boot.h"

struct boot_support {
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t base;  /* of the block in region 0 */
	uint64_t *when; /* the caller's time */
	/* For chips that pull: memory that they reach, of one chunk. */
	uint8_t *host;
	uint64_t iova;
};

static inline uint64_t boot_support_get(const struct boot_support *on, uint32_t reg, uint32_t width)
{
	return on->sim->read(on->function, 0, on->base + reg, width, on->when);
}

static inline void boot_support_put(const struct boot_support *on, uint32_t reg, uint32_t width,
				    uint64_t value)
{
	on->sim->post(on->function, 0, on->base + reg, width, value, *on->when);
}

static inline bool boot_support_image(const struct boot_support *on, struct sim_firmware *out)
{
	uint64_t name[5] = {0};

	boot_support_put(on, ROAD_BOOT_REG_SELECT, 4,
			 boot_support_get(on, ROAD_BOOT_REG_COMPONENT, 4));
	for (uint32_t i = 0; i < 4; i++)
		name[i] = boot_support_get(on, ROAD_BOOT_REG_COMPONENT_NAME64 + 8 * i, 8);
	return on->sim->firmware(on->function, (const char *)name, out);
}

static inline void boot_support_push(const struct boot_support *on,
				     const struct sim_firmware *image)
{
	const uint32_t chunk = (uint32_t)boot_support_get(on, ROAD_BOOT_REG_CHUNK, 4);
	const uint8_t *bytes = image->image;

	for (size_t at = 0, taken; at < image->image_bytes; at += taken) {
		taken = image->image_bytes - at < chunk ? image->image_bytes - at : chunk;
		for (size_t i = 0; i < taken; i += 8) {
			uint64_t word = 0;

			memcpy(&word, bytes + at + i, taken - i < 8 ? taken - i : 8);
			boot_support_put(on, ROAD_BOOT_REG_DATA + (uint32_t)i, 8, word);
		}
		boot_support_put(on, ROAD_BOOT_REG_DATA_BYTES, 4, taken);
	}
	boot_support_put(on, ROAD_BOOT_REG_COMPLETE64, 8, image->image_bytes);
}

static inline void boot_support_answer(const struct boot_support *on,
				       const struct sim_firmware *image)
{
	const uint32_t bytes = (uint32_t)boot_support_get(on, ROAD_BOOT_REG_REQUEST_BYTES, 4);
	const uint64_t offset = boot_support_get(on, ROAD_BOOT_REG_REQUEST_OFFSET64, 8);

	if (!bytes)
		return;
	memcpy(on->host, (const uint8_t *)image->image + offset, bytes);
	boot_support_put(on, ROAD_BOOT_REG_DMA_ADDRESS64, 8, on->iova);
	boot_support_put(on, ROAD_BOOT_REG_DMA_BYTES, 4, bytes);
	boot_support_put(on, ROAD_BOOT_REG_DMA_GO, 4,
			 boot_support_get(on, ROAD_BOOT_REG_REQUEST64, 8));
}

static inline bool boot_support_offer(const struct boot_support *on, struct sim_firmware *image)
{
	if (!boot_support_image(on, image))
		return false;
	boot_support_put(on, ROAD_BOOT_REG_OFFER_BYTES64, 8, image->image_bytes);
	boot_support_put(on, ROAD_BOOT_REG_OFFER, 4,
			 boot_support_get(on, ROAD_BOOT_REG_COMPONENT, 4));
	return true;
}

static inline void boot_support_greet(const struct boot_support *on)
{
	const size_t nonce = ROAD_BOOT_REG_HELLO + offsetof(struct road_boot_hello, nonce);

	boot_support_put(on, ROAD_BOOT_REG_NONCE64, 8, boot_support_get(on, (uint32_t)nonce, 8));
	boot_support_put(on, ROAD_BOOT_REG_PROTOCOL, 4, 1);
}

/* False: it does not come to run. Reads take time, in which the chip goes on. */
static inline bool boot_support(const struct boot_support *on)
{
	struct sim_firmware image = {0};
	uint32_t before = UINT32_MAX, phase = before;
	bool fine = true;

	if (boot_support_get(on, ROAD_BOOT_REG_MAGIC, 4) != ROAD_BOOT_MAGIC)
		return true;
	const bool pull = boot_support_get(on, ROAD_BOOT_REG_STYLE, 4) == 1;

	for (uint32_t i = 0; i < 100000 && fine && phase != ROAD_BOOT_PHASE_RUNNING; i++) {
		before = phase;
		phase = (uint32_t)boot_support_get(on, ROAD_BOOT_REG_PHASE, 4);
		if (phase == ROAD_BOOT_PHASE_LOADING && pull)
			boot_support_answer(on, &image);
		if (phase == before)
			continue;
		switch (phase) {
		case ROAD_BOOT_PHASE_WAITING: fine = boot_support_offer(on, &image); break;
		case ROAD_BOOT_PHASE_LOADING:
			if (!pull)
				boot_support_push(on, &image);
			break;
		case ROAD_BOOT_PHASE_HELLO: boot_support_greet(on); break;
		case ROAD_BOOT_PHASE_REJECTED:
		case ROAD_BOOT_PHASE_CRASHED: fine = false; break;
		}
	}
	return phase == ROAD_BOOT_PHASE_RUNNING;
}

#endif
