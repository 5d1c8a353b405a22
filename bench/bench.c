/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_add(struct bench *bench, const char *name, const char *unit, const double *values,
	       double floor, double target, bool more_is_better)
{
	double sorted[BENCH_RUNS];
	struct bench_row *row = &bench->rows[bench->row_count];

	if (bench->row_count == BENCH_ROWS)
		return;
	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, BENCH_RUNS, sizeof(*sorted), by_value);
	*row = (struct bench_row){.median = sorted[BENCH_RUNS / 2],
				  .least = sorted[0],
				  .most = sorted[BENCH_RUNS - 1],
				  .floor = floor,
				  .target = target,
				  .more_is_better = more_is_better};
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->unit, sizeof(row->unit), "%s", unit);
	bench->row_count++;
}

void bench_skip(struct bench *bench, const char *name, const char *why)
{
	struct bench_row *row = &bench->rows[bench->row_count];

	if (bench->row_count == BENCH_ROWS)
		return;
	*row = (struct bench_row){0};
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->skipped, sizeof(row->skipped), "%s", why);
	bench->row_count++;
}

bool bench_failed(struct bench *bench, const char *what)
{
	road_error error = {.size = sizeof(error)};

	if (bench->error[0])
		return false;
	if (road_last_error(&error))
		error.what[0] = 0;
	snprintf(bench->error, sizeof(bench->error), "%.60s: %.90s (%.80s)", what, error.what,
		 error.where);
	return false;
}

bool bench_open(struct bench *bench, const char *address, struct bench_device *out)
{
	*out = (struct bench_device){0};
	if (road_device_open(bench->instance, address, &out->device) ||
	    road_space_shared(out->device, &out->space) ||
	    road_queue_create(out->space, NULL, &out->queue)) {
		bench_failed(bench, address);
		bench_close(out);
		return false;
	}
	return true;
}

void bench_close(struct bench_device *device)
{
	road_queue_release(device->queue);
	road_space_release(device->space);
	road_device_release(device->device);
	*device = (struct bench_device){0};
}

/* A dependent chain of a hundred million steps: what this machine is worth at the moment. */
static void calibrate(struct bench *bench)
{
	double values[BENCH_RUNS];

	for (int run = 0; run < BENCH_RUNS; run++) {
		double start = bench_seconds();
		volatile uint64_t sink;
		uint64_t x = 88172645463325252u;

		for (int i = 0; i < 20000000; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		sink = x;
		(void)sink;
		values[run] = (bench_seconds() - start) / 20000000 * 1e9;
	}
	bench_add(bench, "calibration: a step of xorshift64", "ns", values, 0, 0, false);
}

static void *nothing(void *arg)
{
	return arg;
}

static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} parts[] = {
	{"latency", bench_latency}, {"copy", bench_copy},     {"served", bench_served},
	{"open", bench_open_many},  {"boot", bench_boot},     {"cache", bench_cache},
	{"kernels", bench_kernels}, {"beside", bench_beside},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

const char *bench_part(unsigned index)
{
	return index < PARTS ? parts[index].name : NULL;
}

int bench_run(struct bench *bench, const char *part)
{
	pthread_t thread;

	/* A process that never had a thread measures locks that cost next to nothing. */
	if (!pthread_create(&thread, NULL, nothing, NULL))
		pthread_join(thread, NULL);
	if (road_instance_create(NULL, &bench->instance)) {
		bench_failed(bench, "instance");
		return -1;
	}
	calibrate(bench);
	for (unsigned i = 0; i < PARTS; i++)
		if (!part || !strcmp(part, parts[i].name))
			parts[i].run(bench);
	road_instance_release(bench->instance);
	return bench->error[0] ? -1 : 0;
}
