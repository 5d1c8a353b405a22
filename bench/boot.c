/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to open a chip whose firmware is booted: the host verifies the image, the model of
 * the ROM does so again. Held against a simulated chip that boots nothing. */
#include "bench/bench.h"

#include <stdio.h>

enum { OPENS = 32 };

/* Seconds of one; 0 after a failure. */
static double open_seconds(struct bench *bench, const char *address)
{
	double start = bench_seconds();

	for (int i = 0; i < OPENS; i++) {
		road_device *device = NULL;

		if (road_device_open(bench->instance, address, &device)) {
			bench_failed(bench, address);
			return 0;
		}
		road_device_release(device);
	}
	return (bench_seconds() - start) / OPENS;
}

static bool boots(struct bench *bench, const char *address)
{
	road_device_firmware firmware = {.size = sizeof(firmware)};
	road_device *device = NULL;
	bool does;

	if (road_device_open(bench->instance, address, &device))
		return bench_failed(bench, address);
	does = road_device_firmware_get(device, &firmware) == ROAD_OK;
	road_device_release(device);
	return does;
}

static void beside_edu(struct bench *bench, const char *address, const char *chip)
{
	double edu[BENCH_RUNS], booted[BENCH_RUNS], times[BENCH_RUNS];
	char name[80];

	snprintf(name, sizeof(name), "open and boot %s", chip);
	if (!boots(bench, address)) {
		if (!bench->error[0])
			bench_skip(bench, name, "boots no firmware in this build");
		return;
	}
	for (int run = 0; run < BENCH_RUNS; run++) {
		edu[run] = open_seconds(bench, "sim:edu");
		booted[run] = open_seconds(bench, address) * 1e3;
		if (edu[run] <= 0 || booted[run] <= 0)
			return;
		times[run] = booted[run] / 1e3 / edu[run];
	}
	bench_add(bench, name, "ms", booted, 0, 1, false);
	snprintf(name, sizeof(name), "the same against a chip without firmware");
	bench_add(bench, name, "times opening sim:edu", times, 0, 0, false);
}

void bench_boot(struct bench *bench)
{
	beside_edu(bench, "sim:gpu-small", "a GPGPU (push)");
	beside_edu(bench, "sim:dsa-small", "a DSA (pull)");
	beside_edu(bench, "sim:rpu-small", "an RPU (two components)");
}
