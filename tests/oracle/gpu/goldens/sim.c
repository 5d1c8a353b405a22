/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in: the simulated chip, so that what writes goldens is tested where there is no GPU. */
#include <stdio.h>
#include <string.h>

#include "tests/oracle/gpu/device.h"
#include "tests/oracle/gpu/goldens/backend.h"

static struct device device;

static int sim_open(char *who, size_t who_bytes, unsigned *target, char *why, size_t why_bytes)
{
	*target = 90;
	snprintf(who, who_bytes, "sim:gpu-small, simulated");
	return device_open(&device, "sim:gpu-small?time=functional", why, why_bytes);
}

static int sim_run(const struct golden_launch *l, char *why, size_t why_bytes)
{
	struct device_buffer buffers[DEVICE_BUFFERS] = {0};
	int result = 0;

	for (unsigned k = 0; k < l->buffer_count && !result; k++) {
		buffers[k].data = l->buffers[k].data;
		buffers[k].bytes = l->buffers[k].bytes;
		result = device_buffer_make(&device, &buffers[k], why, why_bytes);
		memcpy(l->arguments + 8 * k, &buffers[k].address, 8);
	}
	struct device_launch launch = {.text = l->text,
				       .kernel = l->kernel,
				       .grid = {l->grid[0], l->grid[1], l->grid[2]},
				       .block = {l->block[0], l->block[1], l->block[2]},
				       .shared_bytes = l->shared,
				       .arguments = l->arguments,
				       .argument_bytes = l->argument_bytes,
				       .buffers = buffers,
				       .buffer_count = l->buffer_count};

	if (!result)
		result = device_run(&device, &launch, why, why_bytes);
	for (unsigned k = 0; k < l->buffer_count; k++)
		device_buffer_drop(&buffers[k]);
	return result;
}

static void sim_close(void)
{
	device_close(&device);
}

const struct backend backend_sim = {"sim", sim_open, sim_run, sim_close};
