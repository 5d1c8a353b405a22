/* SPDX-License-Identifier: Apache-2.0 */
/* Copies against memcpy of the same bytes, and opening many devices. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES (UINT64_C(64) << 20)

static double memcpy_once(char *to, const char *from)
{
	double start = bench_seconds();

	memcpy(to, from, BYTES);
	return bench_seconds() - start;
}

static road_buffer *make(struct bench *bench, struct bench_device *d, uint32_t heap)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = BYTES};
	road_buffer *buffer = NULL;

	if (road_buffer_create(d->space, &options, &buffer))
		bench_failed(bench, "buffer of 64 MiB");
	return buffer;
}

/* Ratio of memcpy's time to the copy's: 1 is as fast as memcpy. */
void bench_copy_on(struct bench *bench, const char *address, uint32_t from_heap, const char *name)
{
	double values[BENCH_RUNS];
	struct bench_device d;
	char *from = malloc(BYTES), *to = malloc(BYTES);
	road_buffer *a = NULL, *b = NULL;

	if (!from || !to || !bench_open(bench, address, &d))
		goto free_memory;
	memset(from, 1, BYTES);
	memset(to, 2, BYTES);
	a = make(bench, &d, from_heap);
	b = make(bench, &d, ROAD_HEAP_DEVICE);
	for (int run = -1; run < BENCH_RUNS && a && b; run++) { /* -1 warms */
		double plain = memcpy_once(to, from), start = bench_seconds();

		if (road_queue_copy(d.queue, b, 0, a, 0, BYTES, NULL) ||
		    road_queue_drain(d.queue, ROAD_FOREVER))
			bench_failed(bench, name);
		double ours = bench_seconds() - start;

		plain = (plain + memcpy_once(to, from)) / 2;
		if (run >= 0)
			values[run] = plain / ours;
	}
	if (a && b)
		bench_add(bench, name, "of memcpy", values, 0.8, 0.9, true);
	road_buffer_release(a);
	road_buffer_release(b);
	bench_close(&d);
free_memory:
	free(from);
	free(to);
}

void bench_copy(struct bench *bench)
{
	bench_copy_on(bench, "host:", ROAD_HEAP_DEVICE, "copy 64 MiB, host:");
	bench_copy_on(bench, "sim:a100-sxm4-80gb?time=functional", ROAD_HEAP_DEVICE,
		      "copy 64 MiB, simulated A100");
}

/* Resident memory of this process in bytes. */
static double resident(void)
{
	unsigned long pages = 0, all;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file) {
		if (fscanf(file, "%lu %lu", &all, &pages) != 2)
			pages = 0;
		fclose(file);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void bench_open_many(struct bench *bench)
{
	enum { DEVICES = 64 };
	double seconds[BENCH_RUNS], bytes[BENCH_RUNS];
	road_device *devices[DEVICES] = {0};
	char address[64];

	for (int run = 0; run < BENCH_RUNS; run++) {
		double before = resident(), start = bench_seconds();

		for (int i = 0; i < DEVICES; i++) {
			snprintf(address, sizeof(address), "sim:a100-sxm4-80gb@%d", i + 2);
			if (road_device_open(bench->instance, address, &devices[i]))
				bench_failed(bench, address);
		}
		seconds[run] = bench_seconds() - start;
		bytes[run] = (resident() - before) / DEVICES / 1024;
		for (int i = 0; i < DEVICES; i++)
			road_device_release(devices[i]);
	}
	/* The first run counts for memory: later ones find it in the allocator. */
	for (int run = 1; run < BENCH_RUNS; run++)
		bytes[run] = bytes[0];
	bench_add(bench, "open 64 simulated A100", "s", seconds, 0.3, 0, false);
	bench_add(bench, "resident memory of an idle simulated A100", "KiB", bytes, 1024, 0, false);
}
