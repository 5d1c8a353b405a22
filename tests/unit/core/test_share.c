/* SPDX-License-Identifier: Apache-2.0 */
/* Events that several processes see. The other process is this program once more, with arguments.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:edu", "sim:gpu-small?time=functional",
				      "sim:dsa-small?time=functional"};
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

static int share(road_event *event)
{
	int fd = -1;
	road_status status = road_event_share(event, &fd);

	if (status)
		tell_error("share");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return fd;
}

static road_event *import(road_instance *instance, int fd)
{
	road_event *event = NULL;
	road_status status = road_event_import(instance, fd, &event);

	if (status)
		tell_error("import");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return event;
}

static void arguments_are_checked(void)
{
	struct fixture f = setup("host:");
	road_event *event, *other = (road_event *)(uintptr_t)0x1234;
	road_point tail;
	char zero[4096] = {0};
	int fd = 77;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 3, &event), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_share(NULL, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_share(event, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_queue_tail(f.queue, &tail), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_share(tail.event, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(fd, 77);
	CU_ASSERT_EQUAL(road_event_import(NULL, 0, &other), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import(f.instance, -1, &other), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import(f.instance, 0, NULL), ROAD_INVALID_ARGUMENT);
	fd = memfd_create("test", MFD_ALLOW_SEALING);
	CU_ASSERT_EQUAL(write(fd, zero, sizeof(zero)), sizeof(zero));
	CU_ASSERT_EQUAL(road_event_import(f.instance, fd, &other), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0); /* sealed, but no event */
	CU_ASSERT_EQUAL(road_event_import(f.instance, fd, &other), ROAD_INVALID_ARGUMENT);
	close(fd);
	fd = memfd_create("test", MFD_ALLOW_SEALING); /* sealed, but too small */
	CU_ASSERT_EQUAL(write(fd, zero, 100), 100);
	CU_ASSERT_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	CU_ASSERT_EQUAL(road_event_import(f.instance, fd, &other), ROAD_INVALID_ARGUMENT);
	close(fd);
	CU_ASSERT_PTR_EQUAL(other, (road_event *)(uintptr_t)0x1234);
	road_event_release(event);
	teardown(&f);
}

static void both_ends_show_the_same_value_and_failure(void)
{
	road_instance *instance = open_instance();
	road_event *a, *b, *c;
	uint64_t value = 0;

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 3, &a), ROAD_OK);
	int fd = share(a), again = share(a);

	b = import(instance, fd);
	c = import(instance, again);
	close(fd);
	close(again);
	CU_ASSERT_EQUAL(road_event_value(b, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 3);
	CU_ASSERT_EQUAL(road_event_signal(b, 8), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){a, 8}, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_value(c, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 8);
	CU_ASSERT_EQUAL(road_event_signal(a, 8), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_fail(c, 11, ROAD_PERMISSION), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){a, 11}, soon()), ROAD_PERMISSION);
	CU_ASSERT_EQUAL(road_point_wait((road_point){b, 20}, soon()), ROAD_PERMISSION);
	CU_ASSERT_EQUAL(road_event_signal(b, 10), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){a, 10}, soon()), ROAD_OK);
	road_event_release(a);
	CU_ASSERT_EQUAL(road_event_value(c, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 10);
	road_event_release(b);
	road_event_release(c);
	road_instance_release(instance);
}

/* More at once than are taken over in one go: a query sees all of them. */
static void many_change_at_once(void)
{
	enum { COUNT = 100 };
	struct fixture f = setup("sim:edu");
	road_event *theirs[COUNT], *ours[COUNT];
	uint64_t value = 0;

	for (int i = 0; i < COUNT; i++) {
		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &theirs[i]), ROAD_OK);
		int fd = share(theirs[i]);

		ours[i] = import(f.instance, fd);
		close(fd);
	}
	for (uint64_t round = 1; round <= 3; round++) {
		for (int i = 0; i < COUNT; i++)
			CU_ASSERT_EQUAL(road_event_signal(theirs[i], round), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_value(ours[0], &value), ROAD_OK);
		CU_ASSERT_EQUAL(value, round);
	}
	for (int i = 0; i < COUNT; i++) {
		road_event_release(theirs[i]);
		road_event_release(ours[i]);
	}
	teardown(&f);
}

static int next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void shared_events_give_their_descriptors_back(void)
{
	road_instance *instance = open_instance();
	int before = -1;

	for (int i = 0; i < 5; i++) {
		road_event *a, *b;

		CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &a), ROAD_OK);
		int fd = share(a);

		b = import(instance, fd);
		close(fd);
		road_event_release(a);
		road_event_release(b);
		if (before < 0) /* the first starts the pump */
			before = next_descriptor();
		CU_ASSERT_EQUAL(next_descriptor(), before);
	}
	int fd = memfd_create("no event", MFD_ALLOW_SEALING);
	road_event *event = NULL;

	before = next_descriptor();
	CU_ASSERT_EQUAL(road_event_import(instance, fd, &event), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(next_descriptor(), before);
	close(fd);
	road_instance_release(instance);
}

/* What an imported event shows when it begins is what was true then. */
static void late_comers_see_a_failure(void)
{
	road_instance *instance = open_instance();
	road_event *a, *b;

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &a), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_fail(a, 5, ROAD_IO), ROAD_OK);
	int fd = share(a);

	b = import(instance, fd);
	CU_ASSERT_EQUAL(road_event_error(b, 5, NULL), ROAD_IO);
	CU_ASSERT_EQUAL(road_event_error(b, 4, NULL), ROAD_NOT_READY);
	close(fd);
	road_event_release(a);
	road_event_release(b);
	road_instance_release(instance);
}

/* Whoever writes to the page can signal and fail, and do nothing else. */
static void nonsense_on_the_page_does_no_harm(void)
{
	road_instance *instance = open_instance();
	road_event *event;
	uint64_t value = 0, *page;

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 5, &event), ROAD_OK);
	int fd = share(event);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(page != MAP_FAILED);
	__atomic_store_n(&page[1], 2, __ATOMIC_RELEASE); /* falls */
	CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 5);
	__atomic_store_n(&page[1], UINT64_MAX, __ATOMIC_RELEASE);
	CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 5);
	__atomic_store_n(&page[1], 6, __ATOMIC_RELEASE);
	CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 6);
	__atomic_store_n(&page[3], 1234567, __ATOMIC_RELEASE); /* no error */
	__atomic_store_n(&page[2], 0, __ATOMIC_RELEASE);       /* fails what is reached */
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 7}, soon()), ROAD_IO);
	CU_ASSERT_EQUAL(road_event_error(event, 6, NULL), ROAD_OK);
	munmap(page, 4096);
	close(fd);
	road_event_release(event);
	road_instance_release(instance);
}

/* The other side of the case below: waits for 5, says 7, fails from 20. */
static int other_process(int fd)
{
	road_instance_options options = {.size = sizeof(options), .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *instance;
	road_event *event;

	if (road_instance_create(&options, &instance) || road_event_import(instance, fd, &event))
		return 2;
	if (road_point_wait((road_point){event, 5}, soon()) || road_event_signal(event, 7))
		return 3;
	if (road_point_wait((road_point){event, 9}, soon()) ||
	    road_event_fail(event, 20, ROAD_CANCELLED))
		return 4;
	road_event_release(event);
	road_instance_release(instance);
	return 0;
}

static pid_t start_other(int fd)
{
	char number[16];
	pid_t child;

	snprintf(number, sizeof(number), "%d", fd);
	CU_ASSERT_EQUAL(fcntl(fd, F_SETFD, 0), 0);
	child = fork();
	if (!child) {
		execl("/proc/self/exe", "test", "--other-process", number, (char *)NULL);
		_exit(127);
	}
	CU_ASSERT_FATAL(child > 0);
	return child;
}

/* Work that waits for a value of the other process moves although nobody here waits for it. */
static void another_process_signals_awaits_and_fails(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_event *event;
		int status = -1, polled;

		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
		int fd = share(event);
		pid_t child = start_other(fd);
		road_point wait = {event, 7}, promised = {event, 9}, done;
		road_submission s = {.size = sizeof(s),
				     .waits = &wait,
				     .wait_count = 1,
				     .signals = &promised,
				     .signal_count = 1};

		CU_ASSERT_EQUAL(road_event_signal(event, 5), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
		CU_ASSERT_EQUAL(waitpid(child, &status, 0), child); /* no call of ours */
		CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		if (status)
			printf("# %s: the other process ended with %d\n", devices[d], status);
		CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_point_fd(event, 20, &polled), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait((road_point){event, 20}, soon()), ROAD_CANCELLED);
		uint32_t deterministic = 1;

		if (!road_sim_deterministic(f.device, &deterministic))
			CU_ASSERT_EQUAL(deterministic, 0);
		close(polled);
		close(fd);
		road_event_release(event);
		teardown(&f);
	}
}

/* The pump has nothing to watch while nobody waits: who begins to just as it looks is not lost. It
 * looks at many events here, at the one that counts first, so that there is time to come between.
 */
static void who_waits_while_the_pump_looks_is_seen(void)
{
	enum { OTHERS = 300, ROUNDS = 4000 };
	struct fixture f = setup("host:");
	road_event *event, *result, *others[OTHERS];
	int late = 0, fds[OTHERS];
	uint64_t *page;

	for (int i = 0; i < OTHERS; i++) {
		CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &others[i]), ROAD_OK);
		fds[i] = share(others[i]);
	}
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &result), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	int fd = share(event);

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(page != MAP_FAILED);
	for (uint64_t i = 1; i <= ROUNDS && !late; i++) {
		road_point wait = {event, i}, promised = {result, i};
		road_submission s = {.size = sizeof(s),
				     .waits = &wait,
				     .wait_count = 1,
				     .signals = &promised,
				     .signal_count = 1};
		struct pollfd polled = {.events = POLLIN};

		CU_ASSERT_EQUAL(road_event_point_fd(result, i, &polled.fd), ROAD_OK);
		/* The last call: from here on only the pump can see what comes. */
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
		usleep(200); /* else it sees it before it sleeps */
		__atomic_store_n(&page[1], i, __ATOMIC_RELEASE); /* as another process does */
		late = poll(&polled, 1, 10000) != 1;
		close(polled.fd);
	}
	CU_ASSERT_EQUAL(late, 0);
	munmap(page, 4096);
	close(fd);
	road_event_release(event);
	road_event_release(result);
	for (int i = 0; i < OTHERS; i++) {
		close(fds[i]);
		road_event_release(others[i]);
	}
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"who begins to wait while the pump looks is seen", who_waits_while_the_pump_looks_is_seen},
	{"arguments are checked", arguments_are_checked},
	{"both ends show the same value and failure", both_ends_show_the_same_value_and_failure},
	{"many change at once", many_change_at_once},
	{"shared events give their descriptors back", shared_events_give_their_descriptors_back},
	{"late-comers see a failure", late_comers_see_a_failure},
	{"nonsense on the page does no harm", nonsense_on_the_page_does_no_harm},
	{"another process signals, awaits and fails", another_process_signals_awaits_and_fails},
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--other-process"))
		return other_process(atoi(argv[2]));
	return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
