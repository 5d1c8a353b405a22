/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of the public interface: their stride, their count, and none at all. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/abi.h"

#include <stddef.h>
#include <sys/mman.h>

enum { POISON = 0xa5 };

/* The stride of an array of sized structures is what its first one says. */
struct round {
	road_telemetry *telemetry;
	road_metric *metrics;
	uint32_t count, stride;
	unsigned char *bytes;
};

static void round_open(struct fixture *f, struct round *r, uint32_t stride)
{
	road_telemetry_round round = {.size = sizeof(round)};
	road_metric metric = {.size = sizeof(metric)};
	uint64_t soon = SOON;
	road_status status;

	*r = (struct round){.stride = stride};
	while (!road_device_telemetry(f->device, ROAD_TELEMETRY_QUEUES, r->count, &metric))
		r->count++;
	r->bytes = fixture_memory(f, (size_t)(r->count + 1) * stride);
	r->metrics = (road_metric *)(void *)r->bytes;
	memset(r->bytes, POISON, (size_t)(r->count + 1) * stride);
	abi_set_size(r->metrics, stride);
	CHECK_OK(road_telemetry_create(f->device, ROAD_TELEMETRY_QUEUES, 1000, &r->telemetry));
	do {
		fixture_pass(f);
		status = road_telemetry_next(r->telemetry, r->metrics, r->count, &round);
	} while (status == ROAD_NOT_READY && road_deadline_after(0) < soon);
	CHECK_OK(status);
	CHECK_EQ(round.count, r->count);
	road_telemetry_release(r->telemetry);
}

/* Each metric stands at its place and is the one that the list names there. */
static void look_at_metrics(struct fixture *f, const struct round *r)
{
	uint32_t known = r->stride < sizeof(road_metric) ? r->stride : sizeof(road_metric);

	for (uint32_t i = 0; i < r->count; i++) {
		const unsigned char *at = r->bytes + (size_t)i * r->stride;
		road_metric metric = {.size = sizeof(metric)}, one;
		uint32_t size;

		memcpy(&size, at, sizeof(size));
		CHECK_EQ(size, r->stride);
		memset(&one, 0, sizeof(one));
		memcpy(&one, at, known);
		CHECK_OK(road_device_telemetry(f->device, ROAD_TELEMETRY_QUEUES, i, &metric));
		CHECK(!strncmp(one.name, metric.name, sizeof(one.name)));
		CHECK(abi_is_all(at + known, r->stride - known, 0));
	}
	CHECK(abi_is_all(r->bytes + (size_t)r->count * r->stride, r->stride, POISON));
}

CONFORMANCE_CASE(abi, array_stride_small_ok)
{
	struct round r;

	round_open(f, &r, offsetof(road_metric, u64));
	look_at_metrics(f, &r);
}

CONFORMANCE_CASE(abi, array_stride_large_tail_zeroed)
{
	struct round r;

	round_open(f, &r, sizeof(road_metric) + 64);
	look_at_metrics(f, &r);
}

/* One point, and behind it nothing that can be read. */
static road_point *last_point(road_point point)
{
	unsigned char *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	road_point *out = (road_point *)(void *)(pages + 4096 - sizeof(point));

	REQUIRE(pages != MAP_FAILED && !mprotect(pages + 4096, 4096, PROT_NONE));
	*out = point;
	return out;
}

static void submit_points(struct fixture *f, const road_point *points, uint32_t waits,
			  uint32_t signals)
{
	road_submission submission = {.size = sizeof(submission)};

	submission.waits = submission.signals = points;
	submission.wait_count = waits;
	submission.signal_count = signals;
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &submission, NULL), ROAD_INVALID_ARGUMENT);
}

/* Counts that no memory holds are refused before the array is looked at. */
CONFORMANCE_CASE(abi, array_count_overflow_invalid_argument)
{
	road_point point = {fixture_event(f, 1), 1}, *points = last_point(point);
	uint64_t arguments[3] = {0};

	submit_points(f, points, UINT32_MAX, 0);
	submit_points(f, points, 0, UINT32_MAX);
	submit_points(f, points, UINT32_MAX / 2 + 1, UINT32_MAX / 2 + 1); /* their sum is 0 */
	CHECK_STATUS(road_event_wait(points, UINT32_MAX, ROAD_WAIT_ALL, 0, NULL),
		     ROAD_INVALID_ARGUMENT);
	if (!fixture_has(f, CAPABILITY_IMAGES))
		return;
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_buffer *use = fixture_buffer(f, 64);

	point.event = (road_event *)(void *)use; /* the last word that can be read is a buffer */
	point.value = (uint64_t)(uintptr_t)use;
	points = last_point(point);
	launch.uses = (road_buffer *const *)(void *)&points->value;
	launch.use_count = UINT32_MAX;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
	launch.use_count = 0;
	launch.argument_bytes = UINT64_MAX;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
	launch.argument_bytes = 0;
	launch.argument_pointers = (const void *const *)(const void *)arguments;
	launch.argument_count = UINT32_MAX;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
}

CONFORMANCE_CASE(abi, array_null_ptr_nonzero_count_invalid_argument)
{
	road_submission submission = {.size = sizeof(submission), .wait_count = 1};
	road_image_options options = {.size = sizeof(options), .log_bytes = 1};
	uint64_t arguments[3] = {0};
	road_image *image = NULL;
	size_t bytes = 0;

	CHECK_STATUS(road_queue_submit(fixture_queue(f), &submission, NULL), ROAD_INVALID_ARGUMENT);
	submission.wait_count = 0;
	submission.signal_count = 1;
	CHECK_STATUS(road_queue_submit(fixture_queue(f), &submission, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_event_wait(NULL, 1, ROAD_WAIT_ALL, 0, NULL), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_space_output_read(f->space, NULL, 1, &bytes), ROAD_INVALID_ARGUMENT);
	if (!fixture_has(f, CAPABILITY_IMAGES))
		return;
	CHECK_STATUS(road_image_load(f->space, NULL, 1, NULL, &image), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_image_load(f->space, "x", 1, &options, &image), ROAD_INVALID_ARGUMENT);
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);

	launch.use_count = 1;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
	launch.use_count = 0;
	launch.arguments = NULL;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
	launch.argument_bytes = 0;
	launch.argument_count = 3;
	CHECK_STATUS(road_list_launch(fixture_list(f, 0), &launch), ROAD_INVALID_ARGUMENT);
}
