/* SPDX-License-Identifier: Apache-2.0 */
/* A build without libsodium: no chip has a boot ROM, and all are as if firmware ran. */
#include <stdio.h>

#include "simulators/boot/boot.h"

bool sim_boot_built(void)
{
	return false;
}

bool sim_boot_option(struct sim_boot_options *options, const struct sim_option *option,
		     enum sim_boot_style style, char *error)
{
	(void)options, (void)style;
	snprintf(error, SIM_ERROR_BYTES,
		 "option %.32s: value \"%.64s\", allowed: none, chips boot no firmware in a build "
		 "without libsodium",
		 option->key, option->value);
	return false;
}

struct sim_boot *sim_boot_create(const struct sim_boot_setup *setup)
{
	(void)setup;
	return NULL;
}

void sim_boot_destroy(struct sim_boot *boot)
{
	(void)boot;
}

uint64_t sim_boot_read(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width)
{
	(void)boot, (void)function, (void)offset, (void)width;
	return 0;
}

void sim_boot_write(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width,
		    uint64_t value)
{
	(void)boot, (void)function, (void)offset, (void)width, (void)value;
}

bool sim_boot_runs(const struct sim_boot *boot)
{
	(void)boot;
	return true;
}

bool sim_boot_works(const struct sim_boot *boot)
{
	(void)boot;
	return true;
}

const struct sim_program *sim_boot_program(const struct sim_boot *boot)
{
	(void)boot;
	return NULL;
}

enum sim_inject sim_boot_inject(struct sim_boot *boot, uint32_t function, uint32_t fault,
				uint32_t phase, uint32_t times)
{
	(void)boot, (void)function, (void)fault, (void)phase, (void)times;
	return SIM_INJECT_NONE;
}

bool sim_boot_firmware(struct sim_boot *boot, const char *component, struct sim_firmware *out)
{
	(void)boot, (void)component, (void)out;
	return false;
}
