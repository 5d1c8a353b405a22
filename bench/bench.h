/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Benchmarks: rows of a table, each the median of five runs, with the floor that must be met and
 * the target, and a calibration loop and memcpy measured in the same run to hold them against.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdbool.h>
#include <stddef.h>

enum { BENCH_RUNS = 5, BENCH_ROWS = 64 };

struct bench_file { /* a kernel's PTX, built in; a NULL name ends */
	const char *name;
	const unsigned char *bytes;
	size_t byte_count;
};
extern const struct bench_file bench_files[];
const struct bench_file *bench_file_find(const char *name);

struct bench_row {
	char name[80];
	char unit[24];
	double median, least, most;
	double floor, target; /* 0: none */
	bool more_is_better;
	char skipped[48]; /* why there are no values; "" = there are */
};

struct bench {
	road_instance *instance;
	struct bench_row rows[BENCH_ROWS];
	unsigned row_count;
	char error[256]; /* first failure; "" = none */
};

double bench_seconds(void);
/* Adds a row from BENCH_RUNS measured values. */
void bench_add(struct bench *bench, const char *name, const char *unit, const double *values,
	       double floor, double target, bool more_is_better);
/* Adds a row that could not be measured here, and why. */
void bench_skip(struct bench *bench, const char *name, const char *why);
/* Notes a failure with the thread's last error; false. */
bool bench_failed(struct bench *bench, const char *what);

/* A device with a space and a queue. */
struct bench_device {
	road_device *device;
	road_space *space;
	road_queue *queue;
};
bool bench_open(struct bench *bench, const char *address, struct bench_device *out);
void bench_close(struct bench_device *device);

/* Rows that are measured on several devices: empty submissions; copies from this heap to the
 * device's, as a ratio of memcpy's time to the copy's. */
void bench_empty(struct bench *bench, const char *address, const char *name, double floor,
		 double target);
void bench_copy_on(struct bench *bench, const char *address, uint32_t from_heap, const char *name);

/* The parts, in the order of the table. */
void bench_latency(struct bench *bench);
void bench_copy(struct bench *bench);
void bench_served(struct bench *bench); /* a chip in another process */
void bench_open_many(struct bench *bench);
void bench_boot(struct bench *bench); /* chips with firmware */
void bench_cache(struct bench *bench);
void bench_kernels(struct bench *bench);
void bench_beside(struct bench *bench); /* PoCL, where it is installed */
/* Wall time of each run of one of the kernels that PoCL runs too; false after a failure. */
bool bench_kernel_seconds(struct bench *bench, const char *name, double *seconds);

/* Runs all, or the part of this name alone (NULL: all), and returns 0, or -1 with bench->error. The
 * caller prints. */
int bench_run(struct bench *bench, const char *part);
/* The name of a part; NULL: there are no more. */
const char *bench_part(unsigned index);

#endif
