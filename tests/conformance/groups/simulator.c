/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated chip promises of its time and its numbers. */
#include "tests/conformance/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- a workload on a device of its own ---- */

enum { WORDS = 2048, COUNTERS_MAX = 256 };

struct outcome_of_run {
	uint64_t digest; /* of the data that came back */
	uint32_t counters;
	uint64_t counter[COUNTERS_MAX];
	char names[COUNTERS_MAX][64];
};

static uint64_t digest(const void *bytes, size_t count)
{
	const unsigned char *at = bytes;
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void read_counters(road_device *device, struct outcome_of_run *out)
{
	const char *name;

	out->counters = 0;
	while (out->counters < COUNTERS_MAX &&
	       !road_sim_counter(device, out->counters, &name, &out->counter[out->counters]))
		snprintf(out->names[out->counters++], 64, "%s", name);
}

static void launch_on(struct fixture *f, road_queue *queue, road_image *image, const char *name,
		      const uint64_t *arguments, uint32_t count)
{
	road_launch launch = {.size = sizeof(launch), .grid = {2, 1, 1}, .block = {1, 1, 1}};
	road_kernel_info info = {.size = sizeof(info)};

	(void)f;
	CHECK_OK(road_image_kernel(image, name, &launch.kernel));
	CHECK_OK(road_kernel_info_get(launch.kernel, &info));
	launch.block.x = info.threads_max >= 64 ? 64 : 1;
	launch.arguments = arguments;
	launch.argument_bytes = count * 8;
	CHECK_OK(road_queue_launch(queue, &launch, NULL));
	road_kernel_release(launch.kernel);
}

/* Kernels where the device has them, copies always. */
static void work_on(struct fixture *f, road_device *device, unsigned char *back, uint64_t bytes)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = bytes};
	uint64_t from = 0, to = 0;
	road_space *space = NULL;
	road_queue *queue = NULL;
	road_buffer *a = NULL, *b = NULL;
	road_image *image = NULL;
	unsigned char *there = fixture_memory(f, bytes);

	for (uint64_t i = 0; i < bytes; i++)
		there[i] = (unsigned char)(i * 7 + 3);
	CHECK_OK(road_space_shared(device, &space));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_buffer_create(space, &options, &a));
	CHECK_OK(road_buffer_create(space, &options, &b));
	CHECK_OK(road_queue_write(queue, a, 0, there, bytes, NULL));
	CHECK_OK(road_queue_copy(queue, b, 0, a, 0, bytes, NULL));
	if (f->info.features & ROAD_FEATURE_IMAGES) {
		size_t count = 0;
		void *code = fixture_image_bytes(f, &count);

		CHECK_OK(road_image_load(space, code, count, NULL, &image));
		CHECK_OK(road_buffer_address(a, &from));
		CHECK_OK(road_buffer_address(b, &to));
		launch_on(f, queue, image, "iota", (uint64_t[]){to, bytes / 4, 1000}, 3);
		launch_on(f, queue, image, "add", (uint64_t[]){to, from, to, bytes / 4}, 4);
	}
	CHECK_OK(road_queue_read(queue, back, b, 0, bytes, NULL));
	CHECK_OK(road_queue_drain(queue, SOON));
	road_image_release(image);
	road_buffer_release(a);
	road_buffer_release(b);
	road_queue_release(queue);
	road_space_release(space);
}

static uint64_t run_bytes(struct fixture *f)
{
	return fixture_bytes(f, 4 * WORDS, 256);
}

/* "sim:NAME@6?OPTIONS" with more options */
static const char *fresh_address(struct fixture *f, const char *options)
{
	const char *with = *options ? fixture_address_with(f, options) : f->address;
	size_t plain = strcspn(with, "?"), bytes = strlen(with) + 4;
	char *text = fixture_memory(f, bytes);

	snprintf(text, bytes, "%.*s@6%s", (int)plain, with, with + plain);
	return text;
}

static void run_fresh(struct fixture *f, const char *options, struct outcome_of_run *out)
{
	unsigned char *back = fixture_memory(f, run_bytes(f));
	road_device *device = NULL;
	uint64_t violations = 1;

	CHECK_OK(road_device_open(f->instance, fresh_address(f, options), &device));
	work_on(f, device, back, run_bytes(f));
	out->digest = digest(back, run_bytes(f));
	read_counters(device, out);
	CHECK_OK(road_sim_violations(device, &violations));
	CHECK_EQ(violations, 0);
	road_device_release(device);
}

static void check_same(const struct outcome_of_run *a, const struct outcome_of_run *b)
{
	CHECK_EQ(b->digest, a->digest);
	REQUIRE_EQ(b->counters, a->counters);
	REQUIRE(a->counters > 0);
	for (uint32_t i = 0; i < a->counters; i++)
		if (a->counter[i] != b->counter[i])
			CASE_FAIL("%s is %llu, then %llu", a->names[i],
				  (unsigned long long)a->counter[i],
				  (unsigned long long)b->counter[i]);
}

CONFORMANCE_CASE(simulator, sim_deterministic_same_seed)
{
	struct outcome_of_run *runs = fixture_memory(f, 3 * sizeof(*runs));

	for (uint32_t i = 0; i < 3; i++)
		run_fresh(f, "seed=7", &runs[i]);
	check_same(&runs[0], &runs[1]);
	check_same(&runs[0], &runs[2]);
}

/* No result depends on how many threads of the host compute it. */
CONFORMANCE_CASE(simulator, sim_cross_arch_same_results)
{
	struct outcome_of_run *runs = fixture_memory(f, 2 * sizeof(*runs));

	run_fresh(f, "", &runs[0]);
	run_fresh(f, "threads=2", &runs[1]);
	check_same(&runs[0], &runs[1]);
	case_note("data %016llx", (unsigned long long)runs[0].digest);
}

/* ---- time ---- */

static uint64_t domain_time(struct fixture *f)
{
	uint64_t domain = 0, thread = 0;

	CHECK_OK(road_sim_time(f->device, &domain, &thread));
	return domain;
}

CONFORMANCE_CASE(simulator, sim_cycles_monotonic)
{
	road_queue *queue = fixture_queue(f);
	road_buffer *buffer = fixture_buffer(f, 256);
	uint64_t last = domain_time(f), last_device = 0, device, host, value;
	unsigned char bytes[256];

	for (uint32_t i = 0; i < 50; i++) {
		road_point point;

		CHECK_OK(road_queue_read(queue, bytes, buffer, 0, sizeof(bytes), &point));
		for (uint32_t polls = 0; polls < 3; polls++) {
			CHECK_OK(road_event_value(point.event, &value));
			CHECK(domain_time(f) >= last);
			last = domain_time(f);
		}
		CHECK_OK(road_point_wait(point, SOON));
		uint64_t now = domain_time(f);

		CHECK(i == 0 || now > 0);
		CHECK(now >= last);
		last = now;
		CHECK_OK(road_device_clock(f->device, &device, &host));
		CHECK(device >= last_device);
		last_device = device;
	}
	CHECK(last_device > 0);
}

static uint64_t rate_of(struct fixture *f, const char *name)
{
	road_property rate = {.size = sizeof(rate)};

	if (road_device_property(f->device, name, &rate) || rate.type != ROAD_VALUE_U64)
		return 0;
	return rate.u64;
}

/* Device time of a copy of `bytes` within the device. */
static uint64_t time_copy(struct fixture *f, road_buffer *to, road_buffer *from, uint64_t bytes)
{
	road_times times = {.size = sizeof(times)};
	road_list *list = fixture_list(f, 0);
	road_submission s = {
		.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .list = list, .times = &times};
	road_point point;

	CHECK_OK(road_list_copy(list, to, 0, from, 0, bytes));
	CHECK_OK(road_list_close(list));
	CHECK_OK(road_queue_submit(fixture_queue(f), &s, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK(times.ended > times.started);
	return times.ended - times.started;
}

/* A copy reads and writes all bytes at no more than the memory's rate, and takes no more than
 * some times as long; twice the bytes take longer. */
CONFORMANCE_CASE(simulator, sim_latency_bandwidth_match_config)
{
	uint64_t rate = rate_of(f, "memory.bytes_per_second");
	uint64_t bytes = fixture_bytes(f, 8 << 20, 512);

	if (!rate)
		case_unsupported("its memory has no rate of its own");
	road_buffer *a = fixture_buffer(f, bytes), *b = fixture_buffer(f, bytes);
	uint64_t whole = time_copy(f, b, a, bytes), half = time_copy(f, b, a, bytes / 2);
	double least = (double)bytes * 1e9 / (double)rate;

	CHECK((double)whole >= least);
	CHECK((double)whole <= 4 * least + 20000);
	CHECK(whole > half);
	CHECK((double)(whole - half) >= least / 2 - 1);
	case_note("%llu bytes in %llu ns, at least %.0f", (unsigned long long)bytes,
		  (unsigned long long)whole, least);
}

/* One store a cycle of each warp-wide unit is the most that any chip is told to have. */
CONFORMANCE_CASE(simulator, sim_never_above_roofline)
{
	uint64_t units = rate_of(f, "compute.units"), hz = rate_of(f, "compute.clock_hz");
	uint64_t lanes = rate_of(f, "compute.warp_size"), count = 1 << 15, took[2];
	road_buffer *buffer = fixture_buffer(f, 4 * count);

	if (!units || !hz)
		case_unsupported("it does not tell its units");
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t items = i ? count : count / 4;
		uint64_t arguments[] = {fixture_address(f, buffer), items, 1};
		road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
		road_times times = {.size = sizeof(times)};
		road_list *list = fixture_list(f, 0);
		road_submission s = {.size = sizeof(s),
				     .flags = ROAD_SUBMIT_TIMED,
				     .list = list,
				     .times = &times};
		road_point point;

		launch.grid.x = (uint32_t)units * 4;
		CHECK_OK(road_list_launch(list, &launch));
		CHECK_OK(road_list_close(list));
		CHECK_OK(road_queue_submit(fixture_queue(f), &s, &point));
		CHECK_OK(road_point_wait(point, SOON));
		took[i] = times.ended - times.started;
		double least = (double)items * 1e9 /
			       ((double)units * (double)(lanes ? lanes : 1) * (double)hz);

		CHECK((double)took[i] >= least);
	}
	CHECK(took[1] > took[0]);
}

/* ---- devices side by side ---- */

CONFORMANCE_CASE(simulator, sim_two_instances_independent)
{
	struct outcome_of_run *before = fixture_memory(f, sizeof(*before));
	struct outcome_of_run *after = fixture_memory(f, sizeof(*after));
	unsigned char *back = fixture_memory(f, run_bytes(f)), there[64], seen[64];
	road_buffer *mine = fixture_buffer(f, 64);

	fixture_fill_random(f, there, 64);
	fixture_put(f, mine, 0, there, 64);
	read_counters(f->device, before);
	work_on(f, fixture_second(f), back, run_bytes(f));
	read_counters(f->device, after);
	after->digest = before->digest;
	check_same(before, after);
	fixture_get(f, seen, mine, 0, 64);
	CHECK_SAME(there, seen, 64);
}

CONFORMANCE_CASE(simulator, sim_config_bad_key_named)
{
	static const char *const options[][2] = {
		{"frobnicate=1", "frobnicate"},
		{"time=never", "never"},
		{"seed=pear", "pear"},
		{"threads=0", "threads"},
		{"=1", ""},
	};

	for (uint32_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		road_device *device = NULL;
		road_error why = {.size = sizeof(why)};
		const char *address = fresh_address(f, options[i][0]);

		/* A key that the address has already is said twice: that is refused, too. */
		CHECK_STATUS(road_device_open(f->instance, address, &device),
			     ROAD_INVALID_ARGUMENT);
		CHECK_OK(road_last_error(&why));
		if (!strchr(f->address, '?'))
			CHECK(strstr(why.what, options[i][1]) || strstr(why.seen, options[i][1]) ||
			      strstr(why.where, options[i][1]));
	}
}

/* ---- records ---- */

/* The event log of a run, as text; its times count from when the device was opened. */
static char *trace_of_run(struct fixture *f, size_t *bytes)
{
	unsigned char *back = fixture_memory(f, run_bytes(f));
	size_t plain = strcspn(f->address, "?");
	char *address = fixture_memory(f, plain + 32);
	road_device *device = NULL;
	int fd = memfd_create("trace", MFD_CLOEXEC);

	snprintf(address, plain + 32, "%.*s@6?time=trace", (int)plain, f->address);
	REQUIRE(fd >= 0);
	CHECK_OK(road_device_open(f->instance, address, &device));
	work_on(f, device, back, run_bytes(f));
	CHECK_OK(road_sim_trace(device, fd));
	road_device_release(device);
	*bytes = (size_t)lseek(fd, 0, SEEK_END);
	char *text = fixture_memory(f, *bytes + 1);

	CHECK_EQ(pread(fd, text, *bytes, 0), *bytes);
	close(fd);
	return text;
}

/* The next event's time, in ns, behind `at`; -1: there is none. */
static double next_time(const char **at)
{
	const char *found = strstr(*at, "\"ts\":");

	if (!found)
		return -1;
	*at = found + 5;
	return strtod(*at, NULL);
}

/* Both logs tell the same events at the same times after the first one. */
CONFORMANCE_CASE(simulator, sim_trace_record_replay_identical)
{
	size_t bytes[2] = {0};
	const char *text[2];
	double first[2] = {0};
	uint32_t events = 0;

	for (uint32_t i = 0; i < 2; i++)
		text[i] = trace_of_run(f, &bytes[i]);
	for (;; events++) {
		double time[2] = {next_time(&text[0]), next_time(&text[1])};

		if (time[0] < 0 || time[1] < 0) {
			CHECK(time[0] < 0 && time[1] < 0);
			break;
		}
		if (!events)
			memcpy(first, time, sizeof(first));
		double apart = (time[0] - first[0]) - (time[1] - first[1]);

		if (apart > 0.0011 || apart < -0.0011) {
			CASE_FAIL("event %u is %f us apart", events, apart);
			break;
		}
		/* Between this time and the next the texts are the same: names, lanes, durations.
		 */
		size_t skip[2] = {strcspn(text[0], ",}"), strcspn(text[1], ",}")};
		size_t length = strcspn(text[0] + skip[0], "\n");

		CHECK(!strncmp(text[0] + skip[0], text[1] + skip[1], length));
	}
	CHECK(events > 3);
	case_note("%u events", events);
}

CONFORMANCE_CASE(simulator, sim_known_answer_kernels)
{
	/* FNV-1a of 1000 little-endian words: 7, 8, …; and of the sums 14, 16, … */
	const uint64_t wanted[2] = {UINT64_C(0x1f0aceed084e2d08), UINT64_C(0xdabdb643477c344c)};
	road_buffer *a = fixture_buffer(f, 4000), *b = fixture_buffer(f, 4000);
	uint64_t at_a = fixture_address(f, a), at_b = fixture_address(f, b);
	unsigned char back[4000];
	road_point point;

	fixture_launch(f, fixture_queue(f), "iota", (uint64_t[]){at_a, 1000, 7}, 3, &point);
	CHECK_OK(road_point_wait(point, SOON));
	fixture_launch(f, fixture_queue(f), "add", (uint64_t[]){at_b, at_a, at_a, 1000}, 4, &point);
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, back, a, 0, sizeof(back));
	CHECK_EQ(digest(back, sizeof(back)), wanted[0]);
	fixture_get(f, back, b, 0, sizeof(back));
	CHECK_EQ(digest(back, sizeof(back)), wanted[1]);
}

static bool ends_in(const char *name, const char *end)
{
	return strlen(name) >= strlen(end) && !strcmp(name + strlen(name) - strlen(end), end);
}

/* A counter never falls, and what is moved is counted, byte by byte. */
CONFORMANCE_CASE(simulator, sim_counters_conservation)
{
	struct outcome_of_run *before = fixture_memory(f, sizeof(*before));
	struct outcome_of_run *after = fixture_memory(f, sizeof(*after));
	uint64_t bytes = fixture_bytes(f, 1 << 16, 256), copied = 0, all = 0;
	road_buffer *a = fixture_buffer(f, bytes), *b = fixture_buffer(f, bytes);
	road_point point;

	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	read_counters(f->device, before);
	CHECK_OK(road_queue_copy(fixture_queue(f), b, 0, a, 0, bytes, &point));
	CHECK_OK(road_point_wait(point, SOON));
	read_counters(f->device, after);
	REQUIRE_EQ(after->counters, before->counters);
	for (uint32_t i = 0; i < after->counters; i++) {
		CHECK(after->counter[i] >= before->counter[i]);
		if (ends_in(after->names[i], ".copied_bytes"))
			copied = after->counter[i] - before->counter[i];
		all += after->counter[i] - before->counter[i];
	}
	CHECK(all > 0);
	if (f->info.features & ROAD_FEATURE_IMAGES)
		CHECK_EQ(copied, bytes);
}

static char *report_of(struct fixture *f)
{
	size_t needed = 0;

	CHECK_OK(road_sim_report(f->device, NULL, 0, &needed));
	char *json = fixture_memory(f, needed + 256);

	CHECK_OK(road_sim_report(f->device, json, needed + 256, &needed));
	return json;
}

/* Who takes a ticket first is a matter of time: the report says so, and where. */
CONFORMANCE_CASE(simulator, sim_order_sensitive_marked)
{
	uint64_t at = fixture_address(f, fixture_buffer(f, 1024));
	road_point point;

	fixture_launch(f, fixture_queue(f), "atomic", (uint64_t[]){at, 64}, 2, &point);
	CHECK_OK(road_point_wait(point, SOON));
	if (fixture_in_process(f)) /* else others worked on the chip before */
		CHECK(strstr(report_of(f), "\"order_sensitive\":false") != NULL);
	fixture_launch(f, fixture_queue(f), "ticket", (uint64_t[]){at + 8, at, 64}, 3, &point);
	CHECK_OK(road_point_wait(point, SOON));
	CHECK(strstr(report_of(f), "\"order_sensitive\":true") != NULL);
	CHECK(strstr(report_of(f), "\"order_sensitive_at\"") != NULL);
}

/* What breaks a rule of the chip is counted and told; the runner fails such a case. */
CONFORMANCE_CASE(simulator, sim_violation_fails_test)
{
	uint64_t before = 1, after = 0;
	char text[200] = "";
	road_point point;

	CHECK_OK(road_sim_violations(f->device, &before));
	CHECK_EQ(before, 0);
	CHECK_STATUS(road_sim_violation(f->device, 0, text, sizeof(text)), ROAD_NOT_FOUND);
	f->violates = true;
	fixture_launch(f, fixture_queue(f), "violate", NULL, 0, &point);
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_OK(road_sim_violations(f->device, &after));
	CHECK(after > 0);
	CHECK_OK(road_sim_violation(f->device, 0, text, sizeof(text)));
	CHECK(text[0]);
	CHECK_STATUS(road_sim_violation(f->device, (uint32_t)after, text, sizeof(text)),
		     ROAD_NOT_FOUND);
}
