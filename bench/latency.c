/* SPDX-License-Identifier: Apache-2.0 */
/* What an empty submission costs, and an event. */
#include "bench/bench.h"

enum { ROUNDS = 20000 };

static double empty_rounds(struct bench_device *d, int rounds)
{
	road_submission s = {.size = sizeof(s)};
	double start = bench_seconds();

	for (int i = 0; i < rounds; i++) {
		road_point point;

		if (road_queue_submit(d->queue, &s, &point) || road_point_wait(point, ROAD_FOREVER))
			return -1;
	}
	return (bench_seconds() - start) / rounds * 1e9;
}

/* Of a device that was just opened: nothing is set up, nothing is in the caches. */
static void empty_cold(struct bench *bench, const char *address, const char *name)
{
	double values[BENCH_RUNS];

	for (int run = 0; run < BENCH_RUNS; run++) {
		struct bench_device d;

		if (!bench_open(bench, address, &d))
			return;
		values[run] = empty_rounds(&d, 1);
		bench_close(&d);
		if (values[run] < 0) {
			bench_failed(bench, name);
			return;
		}
	}
	bench_add(bench, name, "ns", values, 0, 0, false);
}

void bench_empty(struct bench *bench, const char *address, const char *name, double floor,
		 double target)
{
	struct bench_device d;
	double values[BENCH_RUNS];

	if (!bench_open(bench, address, &d))
		return;
	empty_rounds(&d, ROUNDS); /* warm */
	for (int run = 0; run < BENCH_RUNS; run++) {
		values[run] = empty_rounds(&d, ROUNDS);
		if (values[run] < 0) {
			bench_failed(bench, name);
			break;
		}
	}
	bench_add(bench, name, "ns", values, floor, target, false);
	bench_close(&d);
}

static void signal_and_wait(struct bench *bench)
{
	double values[BENCH_RUNS];

	for (int run = 0; run < BENCH_RUNS; run++) {
		road_event *event;

		if (road_event_create(bench->instance, 0, &event)) {
			bench_failed(bench, "event");
			return;
		}
		double start = bench_seconds();

		for (uint64_t i = 1; i <= ROUNDS * 10; i++) {
			road_point point = {event, i};

			road_event_signal(event, i);
			road_point_wait(point, ROAD_FOREVER);
		}
		values[run] = (bench_seconds() - start) / (ROUNDS * 10) * 1e9;
		road_event_release(event);
	}
	bench_add(bench, "signal + wait of an event, same thread", "ns", values, 60, 20, false);
}

void bench_latency(struct bench *bench)
{
	static const char functional[] = "sim:a100-sxm4-80gb?time=functional";
	static const char approx[] = "sim:a100-sxm4-80gb@1?time=approx";

	bench_empty(bench, "host:", "empty submit + wait, host:", 400, 100);
	empty_cold(bench, "host:", "the first one after opening, host:");
	bench_empty(bench, functional, "empty submit + wait, simulated A100 functional", 1000, 250);
	empty_cold(bench, functional, "the first one after opening, simulated A100");
	bench_empty(bench, approx, "empty submit + wait, simulated A100 approx", 1000, 400);
	signal_and_wait(bench);
}
