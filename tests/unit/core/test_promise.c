/* SPDX-License-Identifier: Apache-2.0 */
/* What a process owes on shared events when it is killed. The other processes are this program once
 * more, with arguments. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

/* The page's layout (hal/core/event_page.c). */
enum { PAGE = 4096, SLOTS = 126, SLOTS_AT = 64, SLOT_BYTES = 32, USED_WORD = 5 };
#define MARKED 0x40000000u /* FUTEX_OWNER_DIED */

/* How the other process goes on after it promised. */
static const char *const waits = "wait", *const pays = "pay", *const forks = "fork",
			 *const executes = "exec", *const leaves = "leave", *const churns = "churn";

enum { SAY_FD = 101, LEASH_FD = 102 };

/* ---- the other process ---- */

/* Until the test lets go of it, or ends. */
static int sleep_on(int leash)
{
	char byte;

	return read(leash, &byte, 1) < 0;
}

static bool promise(struct fixture *f, road_event *event, road_event *gate, uint64_t value)
{
	const road_point wait = {gate, value}, signal = {event, value};
	const road_submission s = {.size = sizeof(s),
				   .waits = &wait,
				   .wait_count = 1,
				   .signals = &signal,
				   .signal_count = 1};

	return !road_queue_submit(f->queue, &s, NULL);
}

/* Other shared events, promised and paid, that end in another order than they began. */
static bool churn(struct fixture f)
{
	enum { COUNT = 9 };
	static const int order[COUNT] = {4, 0, 8, 3, 5, 1, 7, 2, 6};
	road_event *events[COUNT], *gate;
	bool good = !road_queue_create(f.space, NULL, &f.queue) && /* its own is blocked */
		    !road_event_create(f.instance, 0, &gate);

	for (int i = 0; i < COUNT && good; i++) {
		int fd = -1;

		good = !road_event_create(f.instance, 0, &events[i]) &&
		       !road_event_share(events[i], &fd) && promise(&f, events[i], gate, 1);
		close(fd);
	}
	good = good && !road_event_signal(gate, 1);
	for (int i = 0; i < COUNT && good; i++) {
		good = !road_point_wait((road_point){events[order[i]], 1}, soon());
		road_event_release(events[order[i]]);
	}
	return good;
}

/* Says that it has promised, and goes on as it was told. */
static int go_on(const char *how, const void *word, size_t bytes)
{
	char number[16];

	if (!strcmp(how, forks) && fork() == 0) { /* before it is said: there is a child then */
		close(SAY_FD);
		_exit(sleep_on(LEASH_FD));
	}
	if (write(SAY_FD, word, bytes) != (ssize_t)bytes)
		return 5;
	close(SAY_FD);
	if (!strcmp(how, leaves))
		_exit(0);
	if (!strcmp(how, executes)) {
		snprintf(number, sizeof(number), "%d", LEASH_FD);
		execl("/proc/self/exe", "test", "--sleep", number, (char *)NULL);
	}
	return sleep_on(LEASH_FD);
}

/* --promise FD HOW VALUE…; FD -1: an event of its own, whose token it says, and that was promised
 * before it was shared. */
static int promiser(int argc, char **argv)
{
	const int fd = atoi(argv[2]);
	road_instance_options options = {.size = sizeof(options), .flags = ROAD_INSTANCE_NO_ENV};
	struct fixture f;
	road_event *event, *gate;
	road_token token = {{0}};

	if (road_instance_create(&options, &f.instance) ||
	    road_device_open(f.instance, "host:", &f.device) ||
	    road_space_shared(f.device, &f.space) || road_queue_create(f.space, NULL, &f.queue))
		return 1;
	if (fd < 0 ? road_event_create(f.instance, 0, &event)
		   : road_event_import(f.instance, fd, &event))
		return 2;
	if (road_event_create(f.instance, 0, &gate))
		return 2;
	for (int i = 4; i < argc; i++)
		if (!promise(&f, event, gate, strtoull(argv[i], NULL, 10)))
			return 3;
	if (fd < 0 && road_event_export_token(event, f.device, 0, &token))
		return 3;
	if (!strcmp(argv[3], pays)) {
		const uint64_t first = strtoull(argv[4], NULL, 10);

		if (road_event_signal(gate, first) ||
		    road_point_wait((road_point){event, first}, soon()))
			return 4;
	}
	if (!strcmp(argv[3], churns) && !churn(f))
		return 4;
	return go_on(argv[3], &token, sizeof(token));
}

/* ---- the test's side ---- */

struct other {
	pid_t pid;
	int leash; /* it goes on sleeping until this is closed */
	road_token said;
};

static void give(int fd, int as)
{
	if (dup2(fd, as) < 0) /* and without close-on-exec */
		_exit(126);
}

/* values: words, up to NULL. Returns once it has promised. */
static struct other start(int fd, const char *how, const char *const *values)
{
	const char *argv[16] = {"test", "--promise", "100", how};
	struct other other;
	int say[2], leash[2], count = 4;

	while (*values)
		argv[count++] = *values++;
	if (fd < 0)
		argv[2] = "-1";
	CU_ASSERT_EQUAL_FATAL(pipe2(say, O_CLOEXEC), 0);
	CU_ASSERT_EQUAL_FATAL(pipe2(leash, O_CLOEXEC), 0);
	other.pid = fork();
	if (!other.pid) {
		if (fd >= 0)
			give(fd, 100);
		give(say[1], SAY_FD);
		give(leash[0], LEASH_FD);
		execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	CU_ASSERT_FATAL(other.pid > 0);
	close(say[1]);
	close(leash[0]);
	other.leash = leash[1];
	struct pollfd polled = {.fd = say[0], .events = POLLIN};

	CU_ASSERT_EQUAL_FATAL(poll(&polled, 1, 60000), 1);
	CU_ASSERT_EQUAL_FATAL(read(say[0], &other.said, sizeof(other.said)), sizeof(other.said));
	close(say[0]);
	return other;
}

static void end(struct other *other)
{
	int status = 0;

	kill(other->pid, SIGKILL);
	CU_ASSERT_EQUAL(waitpid(other->pid, &status, 0), other->pid);
	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})

struct scene {
	struct fixture f;
	road_event *event;
	int fd;
};

static struct scene begin(const char *address)
{
	struct scene scene = {.f = setup(address)};

	CU_ASSERT_EQUAL_FATAL(road_event_create(scene.f.instance, 0, &scene.event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_share(scene.event, &scene.fd), ROAD_OK);
	return scene;
}

static void finish(struct scene *scene)
{
	close(scene->fd);
	road_event_release(scene->event);
	teardown(&scene->f);
}

/* The point as it is now: what other processes did was looked for. */
static road_status now(road_event *event, uint64_t value)
{
	uint64_t reached;

	CU_ASSERT_EQUAL(road_event_value(event, &reached), ROAD_OK);
	return road_event_error(event, value, NULL);
}

static void check_ended(road_event *event, uint64_t value)
{
	road_error why = {.size = sizeof(why)};

	CU_ASSERT_EQUAL(road_point_wait((road_point){event, value}, soon()), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(road_event_error(event, value, &why), ROAD_CANCELLED);
	CU_ASSERT_STRING_EQUAL(why.what, "the process that owed the value ended");
}

static void who_waits_for_a_killed_process_is_told(void)
{
	static const char *const devices[] = {"host:", "sim:edu", "sim:gpu-small?time=functional"};

	for (size_t d = 0; d < sizeof(devices) / sizeof(devices[0]); d++) {
		struct scene scene = begin(devices[d]);
		struct other other = start(scene.fd, waits, VALUES("5", "9"));
		const road_point wait = {scene.event, 7};
		const road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};
		road_point done;

		CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_NOT_READY);
		CU_ASSERT_EQUAL(road_queue_submit(scene.f.queue, &s, &done), ROAD_OK);
		end(&other);
		check_ended(scene.event, 5);
		check_ended(scene.event, 9);
		/* Work that waits for it, too. */
		CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_CANCELLED);
		/* What it did not owe is still to be had. */
		CU_ASSERT_EQUAL(now(scene.event, 4), ROAD_NOT_READY);
		CU_ASSERT_EQUAL(road_event_signal(scene.event, 4), ROAD_OK);
		close(other.leash);
		finish(&scene);
	}
}

static void a_thread_that_sleeps_on_it_is_woken(void)
{
	struct scene scene = begin("host:");
	struct other other = start(scene.fd, waits, VALUES("5"));
	const pid_t killer = fork();

	if (!killer) {
		poll(NULL, 0, 50); /* the other case, that it is dead before, is as good */
		_exit(kill(other.pid, SIGKILL));
	}
	check_ended(scene.event, 5);
	CU_ASSERT_EQUAL(waitpid(other.pid, NULL, 0), other.pid);
	CU_ASSERT_EQUAL(waitpid(killer, NULL, 0), killer);
	close(other.leash);
	finish(&scene);
}

static void what_was_paid_is_owed_no_more(void)
{
	struct scene scene = begin("host:");
	struct other two = start(scene.fd, pays, VALUES("5", "9"));

	CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_OK);
	end(&two);
	check_ended(scene.event, 9);
	CU_ASSERT_EQUAL(now(scene.event, 8), ROAD_NOT_READY);
	close(two.leash);
	finish(&scene);

	scene = begin("host:");
	struct other one = start(scene.fd, pays, VALUES("5"));

	end(&one);
	CU_ASSERT_EQUAL(now(scene.event, 6), ROAD_NOT_READY);
	CU_ASSERT_EQUAL(road_event_signal(scene.event, 6), ROAD_OK);
	close(one.leash);
	finish(&scene);
}

/* Each has a slot of its own, and fails what it owed itself. */
static void of_several_processes_each_owes_its_own(void)
{
	struct scene scene = begin("host:");
	struct other low = start(scene.fd, waits, VALUES("3")),
		     high = start(scene.fd, waits, VALUES("10")),
		     middle = start(scene.fd, waits, VALUES("8"));

	end(&high);
	check_ended(scene.event, 10);
	CU_ASSERT_EQUAL(now(scene.event, 8), ROAD_NOT_READY);
	end(&middle);
	check_ended(scene.event, 8);
	CU_ASSERT_EQUAL(now(scene.event, 3), ROAD_NOT_READY);
	end(&low);
	check_ended(scene.event, 3);
	CU_ASSERT_EQUAL(now(scene.event, 2), ROAD_NOT_READY);
	close(low.leash);
	close(middle.leash);
	close(high.leash);
	finish(&scene);
}

/* Its child has what it had, lives on, and owes nothing. */
static void a_child_of_a_killed_process_owes_nothing(void)
{
	struct scene scene = begin("host:");
	struct other other = start(scene.fd, forks, VALUES("5"));

	CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_NOT_READY);
	end(&other);
	check_ended(scene.event, 5);
	close(other.leash);
	finish(&scene);
}

static void a_process_that_becomes_another_program_has_ended(void)
{
	struct scene scene = begin("host:");
	struct other other = start(scene.fd, executes, VALUES("5"));

	check_ended(scene.event, 5); /* it lives */
	end(&other);
	close(other.leash);
	finish(&scene);
}

static void a_process_that_exits_without_a_word_has_ended(void)
{
	struct scene scene = begin("host:");
	struct other other = start(scene.fd, leaves, VALUES("5"));

	check_ended(scene.event, 5);
	CU_ASSERT_EQUAL(waitpid(other.pid, NULL, 0), other.pid);
	close(other.leash);
	finish(&scene);
}

/* Which values it promised before nobody noted: all above the event's value are taken for owed. */
static void what_was_promised_before_the_event_was_shared_counts(void)
{
	struct fixture f = setup("host:");
	struct other other = start(-1, pays, VALUES("5", "9", "12"));
	road_event *event = NULL;

	CU_ASSERT_EQUAL_FATAL(road_event_import_token(f.device, &other.said, &event), ROAD_OK);
	CU_ASSERT_EQUAL(now(event, 5), ROAD_OK);
	CU_ASSERT_EQUAL(now(event, 9), ROAD_NOT_READY);
	end(&other);
	check_ended(event, 9);
	check_ended(event, 12);
	close(other.leash);
	road_event_release(event);
	teardown(&f);
}

static void other_events_that_it_shared_do_not_matter(void)
{
	struct scene scene = begin("host:");
	struct other other = start(scene.fd, churns, VALUES("5", "9"));

	CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_NOT_READY);
	end(&other);
	check_ended(scene.event, 5);
	close(other.leash);
	finish(&scene);
}

/* ---- hostile pages ---- */

static uint32_t *slot(void *page, int number)
{
	return (uint32_t *)(void *)((char *)page + SLOTS_AT + number * SLOT_BYTES);
}

static void *page_of(const struct scene *scene)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, scene->fd, 0);

	CU_ASSERT_FATAL(page != MAP_FAILED);
	return page;
}

static void set_slots(void *page, uint32_t owner, uint64_t used)
{
	for (int i = 0; i < SLOTS; i++)
		__atomic_store_n(slot(page, i), owner, __ATOMIC_SEQ_CST);
	__atomic_store_n(&((uint64_t *)page)[USED_WORD], used, __ATOMIC_SEQ_CST);
}

/* Promises are as good as ever, and nobody is told of the end of who made them. */
static void without_a_free_slot_a_promise_is_made_all_the_same(void)
{
	struct scene scene = begin("host:");
	uint64_t *page = page_of(&scene);

	set_slots(page, 1, UINT64_MAX);
	struct other other = start(scene.fd, pays, VALUES("5", "9"));

	CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_OK);
	end(&other);
	CU_ASSERT_EQUAL(now(scene.event, 9), ROAD_NOT_READY);
	for (int i = 0; i < SLOTS; i++)
		CU_ASSERT_EQUAL(*slot(page, i), 1);
	munmap(page, PAGE);
	close(other.leash);
	finish(&scene);
}

static void slots_of_the_dead_are_used_again(void)
{
	struct scene scene = begin("host:");
	uint64_t *page = page_of(&scene);

	set_slots(page, MARKED, SLOTS);
	struct other other = start(scene.fd, waits, VALUES("5"));

	CU_ASSERT_EQUAL(now(scene.event, 5), ROAD_NOT_READY);
	CU_ASSERT_NOT_EQUAL(*slot(page, 0), 0);
	CU_ASSERT_EQUAL(*slot(page, SLOTS - 1), 0);
	end(&other);
	check_ended(scene.event, 5);
	CU_ASSERT_EQUAL(*slot(page, 0), 0);
	munmap(page, PAGE);
	close(other.leash);
	finish(&scene);
}

/* Who marks a slot can fail points, as who writes the failure itself: none that is reached. */
static void a_mark_fails_what_it_says_and_nothing_that_is_reached(void)
{
	struct scene scene = begin("host:");
	uint64_t *page = page_of(&scene);
	uint64_t *one = (uint64_t *)(void *)slot(page, 0), *two = (uint64_t *)(void *)slot(page, 1);

	CU_ASSERT_EQUAL(road_event_signal(scene.event, 6), ROAD_OK);
	one[1] = 3; /* first */
	one[2] = 6; /* last: reached */
	two[1] = 3;
	two[2] = UINT64_MAX;
	__atomic_store_n(&page[USED_WORD], 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(slot(page, 0), MARKED, __ATOMIC_SEQ_CST);
	__atomic_store_n(slot(page, 1), MARKED, __ATOMIC_SEQ_CST);
	CU_ASSERT_EQUAL(now(scene.event, 7), ROAD_NOT_READY);
	__atomic_store_n(&page[USED_WORD], UINT64_MAX, __ATOMIC_SEQ_CST);
	check_ended(scene.event, 7);
	CU_ASSERT_EQUAL(now(scene.event, 6), ROAD_OK);
	munmap(page, PAGE);
	finish(&scene);
}

static const struct tap_case cases[] = {
	{"who waits for a killed process is told", who_waits_for_a_killed_process_is_told},
	{"a thread that sleeps on it is woken", a_thread_that_sleeps_on_it_is_woken},
	{"what was paid is owed no more", what_was_paid_is_owed_no_more},
	{"of several processes each owes its own", of_several_processes_each_owes_its_own},
	{"a child of a killed process owes nothing", a_child_of_a_killed_process_owes_nothing},
	{"a process that becomes another program has ended",
	 a_process_that_becomes_another_program_has_ended},
	{"a process that exits without a word has ended",
	 a_process_that_exits_without_a_word_has_ended},
	{"what was promised before the event was shared counts",
	 what_was_promised_before_the_event_was_shared_counts},
	{"other events that it shared do not matter", other_events_that_it_shared_do_not_matter},
	{"without a free slot a promise is made all the same",
	 without_a_free_slot_a_promise_is_made_all_the_same},
	{"slots of the dead are used again", slots_of_the_dead_are_used_again},
	{"a mark fails what it says, and nothing that is reached",
	 a_mark_fails_what_it_says_and_nothing_that_is_reached},
};

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "--promise"))
		return promiser(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "--sleep"))
		return sleep_on(atoi(argv[2]));
	return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
