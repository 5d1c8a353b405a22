/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telemetry: what a device is doing now, once or as a stream.
 *
 * Metrics have dotted names with a unit. On simulated devices they count what the model did, not
 * what a chip did; road_device_info.simulated says so. Unknown is ROAD_VALUE_NULL, never 0.
 */
#ifndef ROADBED_TELEMETRY_H
#define ROADBED_TELEMETRY_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum road_telemetry_group {
	ROAD_TELEMETRY_CLOCK = 0x1,  /* clock.time, and rates that the driver knows */
	ROAD_TELEMETRY_QUEUES = 0x2, /* queues.open, busy, unfinished, native_waits */
	ROAD_TELEMETRY_MEMORY = 0x4, /* memory.KIND.used, one for each heap */
	ROAD_TELEMETRY_HEALTH = 0x8, /* health.faults, resets: since the device was opened */
	ROAD_TELEMETRY_CHIP = 0x10,  /* counters of the chip itself, by its own names */
	ROAD_TELEMETRY_ALL = 0x1f
};

typedef struct road_metric {
	uint32_t size;
	uint32_t group;  /* one of enum road_telemetry_group */
	char name[64];   /* "queues.unfinished" */
	char unit[16];   /* "bytes", "ns", "" */
	uint32_t type;   /* enum road_value_type: NULL, U64 or F64 */
	uint32_t source; /* enum road_value_source */
	uint64_t u64;
	double f64;
} road_metric;

/*
 * Metric `index`, from 0, of the groups in the mask, read now. ROAD_NOT_FOUND ends the list; the
 * list of a device does not change while it is open. Costs no virtual time and runs nothing.
 * ROAD_INVALID_ARGUMENT: no group, or an unknown one. ROAD_DEVICE_LOST.
 */
ROAD_API road_status road_device_telemetry(road_device *device, uint32_t groups, uint32_t index,
					   road_metric *out);

/*
 * A stream: all metrics of the groups, once every `period_ns` of the device's clock (> 0), from
 * now on. Holds a reference to the device. No thread serves it and it keeps nothing running: rounds
 * are taken while somebody waits, queries, or reads. A round that was due when nobody did, or in
 * the middle of a step of the simulation, is lost, and so is the oldest unread one of more than 32.
 * ROAD_NO_SPACE: the process has 64 streams already.
 */
ROAD_API road_status road_telemetry_create(road_device *device, uint32_t groups, uint64_t period_ns,
					   road_telemetry **out);
ROAD_API road_status road_telemetry_retain(road_telemetry *telemetry);
ROAD_API void road_telemetry_release(road_telemetry *telemetry);

typedef struct road_telemetry_round {
	uint32_t size;
	uint32_t count;    /* metrics of a round: the same for all of the stream */
	uint64_t sequence; /* periods since the stream was made, from 1; a gap means lost ones */
	uint64_t lost;     /* rounds that this stream lost just before this one */
	uint64_t device_ns, host_ns; /* when it was taken: device's clock, CLOCK_MONOTONIC */
} road_telemetry_round;
/*
 * Takes the oldest unread round. metrics: room for `room` structures, all with the size that the
 * first one gives. ROAD_NOT_READY: nothing is unread. ROAD_INVALID_ARGUMENT: too little room; the
 * round stays. ROAD_DEVICE_LOST: nothing is unread and nothing will come. Any thread; each round
 * goes to one reader.
 */
ROAD_API road_status road_telemetry_next(road_telemetry *telemetry, road_metric *metrics,
					 uint32_t room, road_telemetry_round *out);

#ifdef __cplusplus
}
#endif
#endif
