/* SPDX-License-Identifier: Apache-2.0 */
/* What a device says of its work while it does it: once, and as a stream. */
#include "tests/conformance/groups/steps.h"

#include <stdio.h>

enum { METRICS = 512 };

struct reading {
	road_metric all[METRICS];
	uint32_t count;
};

static struct reading *reading_new(struct fixture *f, road_device *device, uint32_t groups)
{
	struct reading *r = fixture_memory(f, sizeof(*r));
	road_status status = ROAD_OK;

	r->count = 0;
	while (r->count < METRICS) {
		road_metric *one = &r->all[r->count];

		*one = (road_metric){.size = sizeof(*one)};
		status = road_device_telemetry(device, groups, r->count, one);
		if (status)
			break;
		r->count++;
	}
	CHECK_STATUS(status, ROAD_NOT_FOUND);
	return r;
}

static const road_metric *metric_of(const struct reading *r, const char *name)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (!strcmp(r->all[i].name, name))
			return &r->all[i];
	return NULL;
}

static uint64_t value_of(struct fixture *f, const char *name)
{
	const road_metric *one = metric_of(reading_new(f, f->device, ROAD_TELEMETRY_ALL), name);

	REQUIRE(one != NULL);
	return one->u64;
}

static bool is_unit(const char *unit)
{
	static const char *const units[] = {"", "bytes", "ns", "Hz", "W", "mW", "J", "C", "%"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i]))
			return true;
	return false;
}

static void check_metric(struct fixture *f, const road_metric *one, uint32_t groups)
{
	(void)f;
	CHECK(memchr(one->name, 0, sizeof(one->name)) && strchr(one->name, '.'));
	CHECK(memchr(one->unit, 0, sizeof(one->unit)) && is_unit(one->unit));
	CHECK(one->group & groups && !(one->group & (one->group - 1)));
	CHECK(one->type == ROAD_VALUE_NULL || one->type == ROAD_VALUE_U64 ||
	      one->type == ROAD_VALUE_F64);
	CHECK(one->source <= ROAD_SOURCE_ASSUMED);
	CHECK(one->type != ROAD_VALUE_F64 || one->f64 == one->f64);
}

/* Each metric is sound, has a name of its own, and is in the group that it says. */
CONFORMANCE_CASE(telemetry, telemetry_once_units_sane)
{
	const struct reading *all = reading_new(f, f->device, ROAD_TELEMETRY_ALL);
	uint32_t by_group = 0;

	CHECK(all->count > 0);
	for (uint32_t i = 0; i < all->count; i++) {
		check_metric(f, &all->all[i], ROAD_TELEMETRY_ALL);
		CHECK(metric_of(all, all->all[i].name) == &all->all[i]);
	}
	for (uint32_t group = 1; group <= ROAD_TELEMETRY_ALL; group <<= 1) {
		const struct reading *some = reading_new(f, f->device, group);

		for (uint32_t i = 0; i < some->count; i++)
			check_metric(f, &some->all[i], group);
		by_group += some->count;
	}
	CHECK_EQ(by_group, all->count);
}

/* ---- streams ---- */

/* Work on the device's clock: the smallest there is. */
static void work(struct fixture *f, road_buffer *buffer)
{
	unsigned char bytes[64] = {1};

	fixture_put(f, buffer, 0, bytes, sizeof(bytes));
}

static uint64_t device_ns(struct fixture *f)
{
	uint64_t device = 0, host = 0;

	CHECK_OK(road_device_clock(f->device, &device, &host));
	return device;
}

/* What a piece of work takes, at least 1 ns. */
static uint64_t span_of_work(struct fixture *f, road_buffer *buffer)
{
	const uint64_t before = device_ns(f);

	work(f, buffer);
	const uint64_t after = device_ns(f);

	return after > before ? after - before : 1;
}

struct stream {
	road_telemetry *telemetry;
	road_metric *metrics;
	uint32_t count;
};

static struct stream stream_new(struct fixture *f, uint64_t period_ns)
{
	struct stream s = {.count = reading_new(f, f->device, ROAD_TELEMETRY_QUEUES)->count};

	s.metrics = fixture_memory(f, s.count * sizeof(*s.metrics));
	s.metrics[0].size = sizeof(*s.metrics);
	CHECK_OK(road_telemetry_create(f->device, ROAD_TELEMETRY_QUEUES, period_ns, &s.telemetry));
	return s;
}

static bool read_round(struct fixture *f, struct stream *s, road_telemetry_round *out)
{
	*out = (road_telemetry_round){.size = sizeof(*out)};
	s->metrics[0].size = sizeof(*s->metrics);
	road_status status = road_telemetry_next(s->telemetry, s->metrics, s->count, out);

	CHECK(status == ROAD_OK || status == ROAD_NOT_READY);
	(void)f;
	return status == ROAD_OK;
}

/* A round is of the period that its number says, by the device's clock. */
CONFORMANCE_CASE(telemetry, telemetry_stream_period)
{
	road_buffer *buffer = fixture_buffer(f, 64);
	const uint64_t period = 2 * span_of_work(f, buffer), began = device_ns(f);
	struct stream s = stream_new(f, period);
	road_telemetry_round round;
	uint64_t last = 0, rounds = 0;

	for (int i = 0; i < 100000 && rounds < 8; i++) {
		work(f, buffer);
		while (read_round(f, &s, &round)) {
			CHECK_EQ(round.count, s.count);
			CHECK(round.sequence > last);
			CHECK_EQ(round.sequence, last + 1 + round.lost);
			CHECK(round.device_ns >= began + round.sequence * period);
			last = round.sequence;
			rounds++;
		}
	}
	CHECK(rounds >= 8);
	road_telemetry_release(s.telemetry);
}

/* Who does not read loses the oldest rounds, and is told how many. */
CONFORMANCE_CASE(telemetry, telemetry_stream_lost_counted)
{
	road_buffer *buffer = fixture_buffer(f, 64);
	const uint64_t period = span_of_work(f, buffer);
	struct stream s = stream_new(f, period);
	const uint64_t until = device_ns(f) + 200 * period;
	road_telemetry_round round;
	uint64_t last = 0, rounds = 0, lost = 0;

	for (int i = 0; i < 100000 && device_ns(f) < until; i++)
		work(f, buffer);
	while (read_round(f, &s, &round)) {
		lost += round.lost;
		last = round.sequence;
		rounds++;
	}
	CHECK(rounds > 0);
	CHECK(lost > 0);
	CHECK_EQ(last, rounds + lost);
	road_telemetry_release(s.telemetry);
}

/* Queues are busy with what they were given, until it is done. */
CONFORMANCE_CASE(telemetry, telemetry_busy_time_matches_jobs)
{
	road_queue *queue = fixture_queue(f);
	road_event *gate = fixture_event(f, 0);
	road_list *nothing = fixture_list(f, 0);
	road_point last = {0};

	CHECK_OK(road_list_close(nothing));
	CHECK_EQ(value_of(f, "queues.open"), 1);
	CHECK_EQ(value_of(f, "queues.unfinished"), 0);
	CHECK_EQ(value_of(f, "queues.busy"), 0);
	for (uint64_t i = 1; i <= 5; i++) {
		last = step_submit(queue, (struct step){.list = nothing, .wait = {gate, 1}});
		CHECK_EQ(value_of(f, "queues.unfinished"), i);
		CHECK_EQ(value_of(f, "queues.busy"), 1);
	}
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(last, ROAD_FOREVER));
	CHECK_EQ(value_of(f, "queues.unfinished"), 0);
	CHECK_EQ(value_of(f, "queues.busy"), 0);
}

CONFORMANCE_CASE(telemetry, telemetry_energy_monotonic)
{
	road_buffer *buffer = fixture_buffer(f, 64);
	const struct reading *before = reading_new(f, f->device, ROAD_TELEMETRY_ALL);

	work(f, buffer);
	const struct reading *after = reading_new(f, f->device, ROAD_TELEMETRY_ALL);

	for (uint32_t i = 0; i < before->count; i++)
		if (!strcmp(before->all[i].unit, "J"))
			CHECK(after->all[i].f64 >= before->all[i].f64 &&
			      after->all[i].u64 >= before->all[i].u64);
}

/* The list is the same whatever is known; what is not known has no value. */
CONFORMANCE_CASE(telemetry, telemetry_missing_is_null)
{
	road_buffer *buffer = fixture_buffer(f, 64);
	const struct reading *before = reading_new(f, f->device, ROAD_TELEMETRY_ALL);

	work(f, buffer);
	const struct reading *after = reading_new(f, f->device, ROAD_TELEMETRY_ALL);

	CHECK_EQ(after->count, before->count);
	for (uint32_t i = 0; i < before->count; i++) {
		CHECK(!strcmp(before->all[i].name, after->all[i].name));
		CHECK(!strcmp(before->all[i].unit, after->all[i].unit));
		if (before->all[i].type == ROAD_VALUE_NULL)
			CHECK(!before->all[i].u64 && before->all[i].f64 == 0);
	}
}

static uint64_t used_by(struct fixture *f, road_space *space)
{
	road_space_usage usage = {.size = sizeof(usage)};

	CHECK_OK(road_space_usage_get(space, &usage));
	(void)f;
	return usage.bytes;
}

/* A space's usage is its own; the device's metric is that of all. */
CONFORMANCE_CASE(telemetry, telemetry_counters_per_client)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 8192};
	road_buffer *mine = fixture_buffer(f, 4096), *theirs = NULL;
	road_space *other = NULL;

	CHECK_OK(road_space_create(f->device, NULL, &other));
	const uint64_t before = used_by(f, f->space);

	CHECK_EQ(used_by(f, other), 0);
	CHECK_OK(road_buffer_create(other, &options, &theirs));
	CHECK_EQ(used_by(f, f->space), before);
	CHECK(used_by(f, other) >= 8192);
	CHECK(before >= 4096);
	road_buffer_release(theirs);
	CHECK_EQ(used_by(f, other), 0);
	road_space_release(other);
	(void)mine;
}

/* A process has so many streams; those that ended leave their places. */
CONFORMANCE_CASE(telemetry, telemetry_stop_frees)
{
	road_telemetry *all[65] = {0};
	uint32_t count = 0;

	for (int round = 0; round < 3; round++) {
		for (count = 0; count < 64; count++)
			CHECK_OK(road_telemetry_create(f->device, ROAD_TELEMETRY_CLOCK, 1000000,
						       &all[count]));
		CHECK_STATUS(
			road_telemetry_create(f->device, ROAD_TELEMETRY_CLOCK, 1000000, &all[64]),
			ROAD_NO_SPACE);
		while (count)
			road_telemetry_release(all[--count]);
	}
}

/* What a chip counts only rises. */
CONFORMANCE_CASE(telemetry, fdinfo_like_counters_never_back)
{
	const uint32_t counting = ROAD_TELEMETRY_CHIP | ROAD_TELEMETRY_HEALTH;
	road_buffer *buffer = fixture_buffer(f, 64);
	const struct reading *last = reading_new(f, f->device, counting);
	bool moved = false;

	for (int round = 0; round < 4; round++) {
		work(f, buffer);
		const struct reading *now = reading_new(f, f->device, counting);

		REQUIRE_EQ(now->count, last->count);
		for (uint32_t i = 0; i < now->count; i++) {
			CHECK(now->all[i].u64 >= last->all[i].u64);
			moved |= now->all[i].u64 > last->all[i].u64;
		}
		last = now;
	}
	CHECK(moved || !reading_new(f, f->device, ROAD_TELEMETRY_CHIP)->count);
}
