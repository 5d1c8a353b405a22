/* SPDX-License-Identifier: Apache-2.0 */
/* The block as a whole: its life, what the chip asks, the tests' back door. */
#include "simulators/boot/boot.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/boot/internal.h"

bool sim_boot_built(void)
{
	return true;
}

static void hold_key(struct sim_boot *boot, const uint8_t key[SIM_BOOT_KEY_BYTES])
{
	struct boot_key *held = &boot->keys[boot->key_count++];

	memcpy(held->key, key, SIM_BOOT_KEY_BYTES);
	boot_key_hash(key, held->hash);
}

/* All of it at once: what the host lacks is not to look as if the chip refused an image. */
static uint32_t room_for(const struct sim_boot_setup *setup)
{
	uint32_t most = 16;

	for (uint32_t i = 0; i < setup->component_count; i++)
		if (setup->components[i].bytes_max > most)
			most = setup->components[i].bytes_max;
	return (most + 15) & ~15u;
}

struct sim_boot *sim_boot_create(const struct sim_boot_setup *setup)
{
	struct sim_boot *boot = calloc(1, sizeof(*boot));

	if (!boot)
		return NULL;
	boot->setup = *setup;
	boot->store_bytes = room_for(setup);
	boot->store = malloc(boot->store_bytes);
	boot->latches = calloc(setup->functions, sizeof(*boot->latches));
	if (!boot->latches || !boot->store) {
		free(boot->latches);
		free(boot->store);
		free(boot);
		return NULL;
	}
	boot->event.arg = boot;
	boot->since_ps = sim_now(setup->env);
	hold_key(boot, boot_development_key);
	if (setup->options.has_key)
		hold_key(boot, setup->options.key);
	boot_power_on(boot);
	return boot;
}

void sim_boot_destroy(struct sim_boot *boot)
{
	if (!boot)
		return;
	sim_cancel(boot->setup.env, &boot->event);
	free(boot->store);
	free(boot->latches);
	free(boot);
}

bool sim_boot_runs(const struct sim_boot *boot)
{
	return !boot || boot->phase == ROAD_BOOT_PHASE_RUNNING;
}

bool sim_boot_works(const struct sim_boot *boot)
{
	return !boot || (sim_boot_runs(boot) && !boot->still);
}

const struct sim_program *sim_boot_program(const struct sim_boot *boot)
{
	return boot && sim_boot_runs(boot) ? &boot->program : NULL;
}

/* ---- what tests ask for ---- */

enum sim_inject sim_boot_inject(struct sim_boot *boot, uint32_t function, uint32_t fault,
				uint32_t phase, uint32_t times)
{
	if (!boot || function != SIM_BOOT_OWNER)
		return SIM_INJECT_NONE;
	if (!boot_fault_fits(fault, phase, boot->setup.style))
		return SIM_INJECT_NOWHERE;
	if (fault == SIM_BOOT_CRASH || fault == SIM_BOOT_STOP) {
		if (!sim_boot_works(boot))
			return SIM_INJECT_NOWHERE;
		(fault == SIM_BOOT_CRASH ? boot_crash : boot_stand_still)(boot);
		return SIM_INJECTED;
	}
	boot->next_fault = fault;
	boot->next_hang = phase;
	boot->next_times = times;
	return SIM_INJECTED;
}

bool sim_boot_firmware(struct sim_boot *boot, const char *component, struct sim_firmware *out)
{
	if (!boot || boot->setup.options.search)
		return false;
	for (uint32_t i = 0; i < boot_development_count; i++) {
		const struct boot_development *one = &boot_development[i];

		if (one->family != boot->setup.family || strcmp(one->component, component) != 0)
			continue;
		*out = (struct sim_firmware){one->image, one->bytes, boot_development_key};
		return true;
	}
	return false;
}
