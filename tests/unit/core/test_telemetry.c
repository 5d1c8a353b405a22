/* SPDX-License-Identifier: Apache-2.0 */
/* Telemetry, once and as a stream. */
#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:edu", "sim:gpu-small", "sim:dsa-small"};
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };
enum { ROOM = 256 };

static road_status metric(struct fixture *f, const char *name, road_metric *out)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; !status; i++) {
		*out = (road_metric){.size = sizeof(*out)};
		status = road_device_telemetry(f->device, ROAD_TELEMETRY_ALL, i, out);
		if (!status && !strcmp(out->name, name))
			return ROAD_OK;
	}
	return status;
}

static uint64_t value(struct fixture *f, const char *name)
{
	road_metric m;

	CU_ASSERT_EQUAL_FATAL(metric(f, name, &m), ROAD_OK);
	return m.u64;
}

static void arguments_are_checked(void)
{
	struct fixture f = setup("sim:edu");
	road_metric m = {.size = sizeof(m)};
	road_telemetry *stream = NULL;
	road_telemetry_round round = {.size = sizeof(round)};

	CU_ASSERT_EQUAL(road_device_telemetry(NULL, 1, 0, &m), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_device_telemetry(f.device, 0, 0, &m), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_device_telemetry(f.device, 0x20, 0, &m), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_device_telemetry(f.device, 1, 0, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_device_telemetry(f.device, 1, 999999, &m), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 0, 1, &stream), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 1, 0, &stream), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 1, UINT64_MAX, &stream),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 1, 1, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_create((road_device *)(void *)f.queue, 1, 1, &stream),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_PTR_NULL(stream);
	CU_ASSERT_EQUAL_FATAL(road_telemetry_create(f.device, ROAD_TELEMETRY_QUEUES, 1, &stream),
			      ROAD_OK);
	CU_ASSERT_EQUAL(road_telemetry_next(stream, NULL, 1, &round), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_next(stream, &m, 1, &round), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_next(stream, &m, 8, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_telemetry_next(NULL, &m, 8, &round), ROAD_INVALID_ARGUMENT);
	m.size = sizeof(m) - 1;
	CU_ASSERT_EQUAL(road_telemetry_next(stream, &m, 8, &round), ROAD_INVALID_ARGUMENT);
	road_telemetry_release(stream);
	road_telemetry_release(NULL);
	teardown(&f);
}

static void metrics_follow_what_the_program_does(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_event *event;
		road_submission s = {.size = sizeof(s), .wait_count = 1};

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
		road_point gate = {event, 1};

		s.waits = &gate;
		CU_ASSERT_EQUAL(value(&f, "queues.open"), 1);
		CU_ASSERT_EQUAL(value(&f, "queues.unfinished"), 0);
		uint64_t used = value(&f, "memory.host.used");
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 2048);
		uint64_t device = value(&f, "memory.device.used");

		CU_ASSERT(device >= 2048);
		road_buffer_release(buffer);
		CU_ASSERT(value(&f, "memory.device.used") <= device - 2048);
		CU_ASSERT(value(&f, "memory.host.used") >= used);
		for (int i = 0; i < 3; i++)
			CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(value(&f, "queues.unfinished"), 3);
		CU_ASSERT_EQUAL(value(&f, "queues.busy"), 1);
		CU_ASSERT_EQUAL(road_event_signal(event, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(value(&f, "queues.unfinished"), 0);
		CU_ASSERT_EQUAL(value(&f, "health.faults"), 0);
		CU_ASSERT(value(&f, "clock.time") > 0);
		road_event_release(event);
		teardown(&f);
	}
}

static void a_chip_tells_its_own_counters(void)
{
	struct fixture f = setup("sim:gpu-small");
	road_metric m;
	uint64_t packets = value(&f, "gpu.packets");
	road_submission s = {.size = sizeof(s)};

	CU_ASSERT_EQUAL(metric(&f, "clock.compute", &m), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(m.unit, "Hz");
	CU_ASSERT_EQUAL(m.source, ROAD_SOURCE_REGISTER);
	CU_ASSERT(m.u64 > 1000000);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT(value(&f, "gpu.packets") > packets);
	teardown(&f);
}

/* A group's mask lists that group and no other. */
static void groups_are_told_apart(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		uint32_t sum = 0, all = 0;
		road_metric m = {.size = sizeof(m)};

		for (uint32_t group = 1; group <= ROAD_TELEMETRY_CHIP; group <<= 1)
			for (uint32_t i = 0; !road_device_telemetry(f.device, group, i, &m);
			     i++, sum++)
				CU_ASSERT_EQUAL(m.group, group);
		while (!road_device_telemetry(f.device, ROAD_TELEMETRY_ALL, all, &m))
			all++;
		CU_ASSERT_EQUAL(sum, all);
		CU_ASSERT(all >= 8 && all < ROOM);
		teardown(&f);
	}
}

/* Rounds come in order, and those taken and those lost make up all periods. */
static void a_stream_counts_what_it_lost(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		static road_metric metrics[ROOM];
		road_telemetry_round round = {.size = sizeof(round)};
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 64);
		road_telemetry *stream;
		uint64_t last = 0, taken = 0, lost = 0, time = 0;

		CU_ASSERT_EQUAL_FATAL(
			road_telemetry_create(f.device, ROAD_TELEMETRY_ALL, 700, &stream), ROAD_OK);
		metrics[0].size = sizeof(metrics[0]);
		CU_ASSERT_EQUAL(d && road_telemetry_next(stream, metrics, ROOM, &round) !=
						ROAD_NOT_READY,
				0);
		for (int i = 0; i < 100; i++) { /* more than a stream keeps */
			CU_ASSERT_EQUAL(road_queue_fill(f.queue, buffer, 0, 64, 1, 1, NULL),
					ROAD_OK);
			CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
		}
		while (taken < 20 && !road_telemetry_next(stream, metrics, ROOM, &round)) {
			CU_ASSERT_EQUAL(round.sequence, last + round.lost + 1);
			CU_ASSERT(round.device_ns > time);
			CU_ASSERT_STRING_EQUAL(metrics[0].name, "clock.time");
			CU_ASSERT_EQUAL(metrics[round.count - 1].size, sizeof(metrics[0]));
			last = round.sequence;
			time = round.device_ns;
			lost += round.lost;
			taken++;
		}
		CU_ASSERT_EQUAL(taken, 20);
		CU_ASSERT_EQUAL(taken + lost, last);
		CU_ASSERT(lost > 0);
		road_telemetry_release(stream);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

/* Whether a stream looks on changes no cycle. */
static void a_stream_disturbs_nothing(void)
{
	uint64_t end[2];

	for (int watched = 0; watched < 2; watched++) {
		struct fixture f = setup("sim:gpu-small@7");
		road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 1 << 16);
		road_telemetry *stream = NULL;
		road_times times = {.size = sizeof(times)};
		road_submission s = {
			.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &times};
		road_list *list;

		if (watched)
			CU_ASSERT_EQUAL(
				road_telemetry_create(f.device, ROAD_TELEMETRY_ALL, 100, &stream),
				ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
		for (int i = 0; i < 50; i++)
			road_list_fill(list, a, 0, 1 << 16, (uint64_t)i, 8);
		road_list_close(list);
		s.list = list;
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
		end[watched] = times.ended - times.started;
		road_list_release(list);
		road_buffer_release(a);
		road_telemetry_release(stream);
		teardown(&f);
	}
	CU_ASSERT(end[0] > 0);
	CU_ASSERT_EQUAL(end[0], end[1]);
}

static void a_stream_of_a_lost_device_ends(void)
{
	struct fixture f = setup("sim:edu");
	static road_metric metrics[ROOM];
	road_telemetry_round round = {.size = sizeof(round)};
	road_telemetry *stream;

	CU_ASSERT_EQUAL_FATAL(road_telemetry_create(f.device, ROAD_TELEMETRY_ALL, 100, &stream),
			      ROAD_OK);
	metrics[0].size = sizeof(metrics[0]);
	CU_ASSERT_EQUAL(road_sim_unplug(f.device), ROAD_OK);
	CU_ASSERT_EQUAL(road_telemetry_next(stream, metrics, ROOM, &round), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_device_telemetry(f.device, 1, 0, metrics), ROAD_DEVICE_LOST);
	road_telemetry_release(stream);
	teardown(&f);
}

static void streams_are_bounded(void)
{
	struct fixture f = setup("sim:edu");
	road_telemetry *streams[64], *more;

	for (int i = 0; i < 64; i++)
		CU_ASSERT_EQUAL_FATAL(road_telemetry_create(f.device, 1, 1000, &streams[i]),
				      ROAD_OK);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 1, 1000, &more), ROAD_NO_SPACE);
	for (int i = 0; i < 64; i++)
		road_telemetry_release(streams[i]);
	CU_ASSERT_EQUAL(road_telemetry_create(f.device, 1, 1000, &more), ROAD_OK);
	road_telemetry_release(more);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"arguments are checked", arguments_are_checked},
	{"metrics follow what the program does", metrics_follow_what_the_program_does},
	{"a chip tells its own counters", a_chip_tells_its_own_counters},
	{"groups are told apart", groups_are_told_apart},
	{"a stream counts what it lost", a_stream_counts_what_it_lost},
	{"a stream disturbs nothing", a_stream_disturbs_nothing},
	{"a stream of a lost device ends", a_stream_of_a_lost_device_ends},
	{"streams are bounded", streams_are_bounded},
};

TAP_MAIN(cases)
