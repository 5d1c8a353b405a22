/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program runs on a simulated device while that is recorded, and again on the recording: it sees
 * the same bytes. One that does anything else is told what, and where the trace has something else.
 */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/tap.h"

enum { BYTES = 600 };
#define DEADLINE road_deadline_after(UINT64_C(20000000000))

static char folder[] = "/tmp/replay-XXXXXX", trace[64], other[64];

struct client {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *memory;
	unsigned char out[BYTES];
};

static road_status open_all(struct client *c, const char *address)
{
	road_instance_options io = {.size = sizeof(io),
				    .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV};
	road_buffer_options device = {.size = sizeof(device), .bytes = BYTES};

	memset(c, 0, sizeof(*c));
	CU_ASSERT_EQUAL_FATAL(road_instance_create(&io, &c->instance), ROAD_OK);
	road_status status = road_device_open(c->instance, address, &c->device);

	if (!status)
		status = road_space_shared(c->device, &c->space);
	if (!status)
		status = road_queue_create(c->space, NULL, &c->queue);
	if (!status)
		status = road_buffer_create(c->space, &device, &c->memory);
	return status;
}

static void close_all(struct client *c)
{
	road_buffer_release(c->memory);
	road_queue_release(c->queue);
	road_space_release(c->space);
	road_device_release(c->device);
	road_instance_release(c->instance);
}

/* `times` round trips of bytes that begin with `first`. */
static road_status work(struct client *c, unsigned first, int times)
{
	unsigned char in[BYTES];
	road_status status = ROAD_OK;

	for (int i = 0; i < BYTES; i++)
		in[i] = (unsigned char)(first + (unsigned)i * 7);
	for (int i = 0; i < times && !status; i++) {
		status = road_queue_write(c->queue, c->memory, 0, in, BYTES, NULL);
		if (!status)
			status = road_queue_read(c->queue, c->out, c->memory, 0, BYTES, NULL);
		if (!status)
			status = road_queue_drain(c->queue, DEADLINE);
	}
	if (!status)
		CU_ASSERT(!memcmp(c->out, in, BYTES));
	return status;
}

static uint64_t counter(const struct client *c, const char *name)
{
	const char *at;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(c->device, i, &at, &value); i++)
		if (!strcmp(at, name))
			return value;
	CU_FAIL("there is no such counter");
	return UINT64_MAX;
}

static void record(const char *chip, unsigned first, int times)
{
	struct client c;
	char address[160];

	snprintf(address, sizeof(address), "record(%s):%s", trace, chip);
	CU_ASSERT_EQUAL_FATAL(open_all(&c, address), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, first, times), ROAD_OK);
	CU_ASSERT(counter(&c, "record.lines") > 20);
	close_all(&c);
}

static road_status replay(struct client *c, const char *file)
{
	char address[160];

	snprintf(address, sizeof(address), "replay(%s):", file);
	return open_all(c, address);
}

/* What the replay says of the first difference; "" if there is none. */
static void difference(const struct client *c, char *out, size_t room)
{
	uint64_t count = 0;

	out[0] = 0;
	CU_ASSERT_EQUAL(road_sim_violations(c->device, &count), ROAD_OK);
	if (count)
		CU_ASSERT_EQUAL(road_sim_violation(c->device, 0, out, room), ROAD_OK);
}

static void a_program_sees_on_the_recording_what_it_saw_on_the_device(void)
{
	static const char *const chips[] = {"sim:edu", "sim:edu?host_line=64", "sim:edu?seed=3"};
	struct client c;
	char text[256];

	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
		record(chips[i], 5, 3);
		CU_ASSERT_EQUAL_FATAL(replay(&c, trace), ROAD_OK);
		CU_ASSERT_EQUAL(work(&c, 5, 3), ROAD_OK);
		difference(&c, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, "");
		road_buffer_release(c.memory);
		road_queue_release(c.queue);
		c.memory = NULL;
		c.queue = NULL;
		CU_ASSERT(counter(&c, "replay.left") < 10); /* what stopping does */
		close_all(&c);
	}
}

static void what_is_replayed_says_so(void)
{
	road_device_info info = {.size = sizeof(info)};
	struct client c;

	record("sim:edu", 5, 1);
	CU_ASSERT_EQUAL_FATAL(replay(&c, trace), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_info_get(c.device, &info), ROAD_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(info.name, "(replayed)"));
	CU_ASSERT(info.simulated != 0);
	close_all(&c);
}

static void other_bytes_are_told_and_end_the_device(void)
{
	struct client c;
	char text[256];

	record("sim:edu", 5, 1);
	CU_ASSERT_EQUAL_FATAL(replay(&c, trace), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, 6, 1), ROAD_DEVICE_LOST);
	difference(&c, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "the driver does give"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "recorded in line"));
	close_all(&c);
}

static void more_than_was_recorded_meets_the_end(void)
{
	struct client c;
	char text[256];

	record("sim:edu", 5, 1);
	CU_ASSERT_EQUAL_FATAL(replay(&c, trace), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, 5, 2), ROAD_DEVICE_LOST);
	difference(&c, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "recorded in line"));
	close_all(&c);
}

/* Copies the trace but for the lines that `drop` matches; how many. */
static int edit(bool (*drop)(const char *line))
{
	FILE *in = fopen(trace, "r"), *out = fopen(other, "w");
	char *line = NULL;
	size_t room = 0;
	int dropped = 0;

	CU_ASSERT_FATAL(in && out);
	while (getline(&line, &room, in) > 0)
		if (drop(line))
			dropped++;
		else
			fputs(line, out);
	free(line);
	fclose(in);
	fclose(out);
	return dropped;
}

static int polls;

/* The first look that finds the engine at work, as it was told to be. */
static bool is_busy_poll(const char *line)
{
	return strstr(line, " read 0 0x98 4 0x5") && ++polls == 1;
}

static bool is_irq(const char *line)
{
	return strstr(line, " irq ") != NULL;
}

static void polls_that_bring_nothing_may_be_missing(void)
{
	struct client c;
	char text[256];

	record("sim:edu", 5, 2);
	polls = 0;
	CU_ASSERT_EQUAL(edit(is_busy_poll), 1);
	CU_ASSERT_EQUAL_FATAL(replay(&c, other), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, 5, 2), ROAD_OK);
	difference(&c, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
	close_all(&c);
}

static void without_its_interrupts_a_device_stands(void)
{
	struct client c;

	record("sim:edu", 5, 1);
	CU_ASSERT(edit(is_irq) > 0);
	CU_ASSERT_EQUAL_FATAL(replay(&c, other), ROAD_OK);
	unsigned char in[BYTES] = {0};

	for (int i = 0; i < BYTES; i++)
		in[i] = (unsigned char)(5 + i * 7);
	CU_ASSERT_EQUAL(road_queue_write(c.queue, c.memory, 0, in, BYTES, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(c.queue, road_deadline_after(50000000)), ROAD_TIMEOUT);
	close_all(&c);
}

static void a_recorded_loss_comes_again(void)
{
	struct client c;
	char address[160], text[256];

	snprintf(address, sizeof(address), "record(%s):faulty(remove@60):sim:edu", trace);
	CU_ASSERT_EQUAL_FATAL(open_all(&c, address), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, 5, 3), ROAD_DEVICE_LOST);
	close_all(&c);
	CU_ASSERT_EQUAL_FATAL(replay(&c, trace), ROAD_OK);
	CU_ASSERT_EQUAL(work(&c, 5, 3), ROAD_DEVICE_LOST);
	difference(&c, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "");
	close_all(&c);
}

static void what_cannot_be_opened_says_why(void)
{
	static const struct {
		const char *text, *what;
		road_status status;
	} refused[] = {
		{"replay(/nowhere/x):", "cannot be read", ROAD_NOT_FOUND},
		{"replay(/tmp):", "no file", ROAD_INVALID_ARGUMENT},
		{"replay(/dev/zero):", "no file", ROAD_INVALID_ARGUMENT},
		{"replay(/proc/self/exe):", "no trace", ROAD_INVALID_ARGUMENT},
		{"replay():", "no file", ROAD_INVALID_ARGUMENT},
		{"replay(/nowhere/x):sim:edu", "nothing may stand behind", ROAD_INVALID_ARGUMENT},
		{"record():sim:edu", "no file", ROAD_INVALID_ARGUMENT},
		{"record(/nowhere/x):sim:edu", "cannot be written", ROAD_IO},
		{"record(/nowhere/x):", "no scheme", ROAD_INVALID_ARGUMENT},
	};
	struct client c;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		road_error error = {.size = sizeof(error)};
		char all[1024];

		CU_ASSERT_EQUAL(open_all(&c, refused[i].text), refused[i].status);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		snprintf(all, sizeof(all), "%s; %s; %s", error.what, error.where, error.seen);
		CU_ASSERT_PTR_NOT_NULL(strstr(all, refused[i].what));
		if (!strstr(all, refused[i].what))
			printf("# %s: %s\n", refused[i].text, all);
		close_all(&c);
	}
}

/* A disk that is full. */
static void a_trace_that_is_not_whole_is_said(void)
{
	struct rlimit was, less;
	struct client c;
	char address[160], text[256];

	CU_ASSERT_EQUAL(open_all(&c, "record(/dev/full):sim:edu"), ROAD_IO);
	close_all(&c);
	/* Later on. */
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &was), 0);
	less = (struct rlimit){.rlim_cur = 8192, .rlim_max = was.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	snprintf(address, sizeof(address), "record(%s):sim:edu", trace);
	CU_ASSERT_EQUAL_FATAL(open_all(&c, address), ROAD_OK);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &less), 0);
	CU_ASSERT_EQUAL(work(&c, 5, 40), ROAD_OK);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &was), 0);
	difference(&c, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "not whole"));
	close_all(&c);
}

static const struct tap_case cases[] = {
	{"a program sees on the recording what it saw on the device",
	 a_program_sees_on_the_recording_what_it_saw_on_the_device},
	{"what is replayed says so", what_is_replayed_says_so},
	{"other bytes are told, and end the device", other_bytes_are_told_and_end_the_device},
	{"more than was recorded meets the end", more_than_was_recorded_meets_the_end},
	{"polls that bring nothing may be missing", polls_that_bring_nothing_may_be_missing},
	{"without its interrupts a device stands", without_its_interrupts_a_device_stands},
	{"a recorded loss comes again", a_recorded_loss_comes_again},
	{"what cannot be opened says why", what_cannot_be_opened_says_why},
	{"a trace that is not whole is said", a_trace_that_is_not_whole_is_said},
};

int main(int argc, char **argv)
{
	if (!mkdtemp(folder))
		return 1;
	snprintf(trace, sizeof(trace), "%s/trace", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	const int result = tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));

	unlink(trace);
	unlink(other);
	rmdir(folder);
	return result;
}
