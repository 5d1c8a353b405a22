/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that break, lose events or are silent; storms; what the command makes of all this. */
#include "tests/discovery/plug.h"

#include <dlfcn.h>
#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/tap.h"

extern char **environ;

/* ---- libudev's calls, with faults in front of them ---- */

enum fault {
	SOUND,
	MISSING, /* cannot be opened */
	SILENT,  /* tells of nothing: no udevd, or a container */
	BROKEN   /* every read fails */
};
static struct {
	enum fault kernel, udev;
	_Atomic unsigned overflows; /* reads that lose all there is, and say so */
	_Atomic unsigned overflowed;
	_Atomic unsigned reads;  /* of sources that are broken */
	_Atomic uint64_t heard;  /* events, of all sources */
	_Atomic unsigned copies; /* that are told of each beside it */
} faults;

/* The library's calls come here: the linker finds this program's functions first. */
#define FRONT __attribute__((visibility("default")))

static void *behind(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(function);
	return function;
}

FRONT struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	struct udev_monitor *(*next)(struct udev *, const char *);
	const enum fault fault = strcmp(name, "udev") ? faults.kernel : faults.udev;

	*(void **)&next = behind("udev_monitor_new_from_netlink");
	struct udev_monitor *monitor = fault == MISSING ? NULL : next(udev, name);

	if (monitor && fault == SILENT)
		udev_monitor_filter_add_match_tag(monitor, "no-device-has-this-tag");
	return monitor;
}

static struct udev_device *fail(int error)
{
	errno = error;
	return NULL;
}

FRONT struct udev_device *udev_monitor_receive_device(struct udev_monitor *monitor)
{
	static struct { /* of the listener's thread */
		struct udev_device *device;
		unsigned left;
	} copy;
	struct udev_device *(*next)(struct udev_monitor *), *device;
	unsigned left = atomic_load(&faults.overflows);

	if (copy.left && copy.left--)
		return udev_device_ref(copy.device);
	udev_device_unref(copy.device);
	copy.device = NULL;

	*(void **)&next = behind("udev_monitor_receive_device");
	if (faults.kernel == BROKEN || faults.udev == BROKEN) {
		atomic_fetch_add(&faults.reads, 1);
		return fail(EIO);
	}
	device = next(monitor);
	if (device) {
		atomic_fetch_add(&faults.heard, 1);
		copy.left = atomic_load(&faults.copies);
		copy.device = copy.left ? udev_device_ref(device) : NULL;
	}
	if (!device || !left)
		return device;
	for (; device; device = next(monitor))
		udev_device_unref(device);
	atomic_store(&faults.overflows, left - 1);
	atomic_fetch_add(&faults.overflowed, 1);
	return fail(ENOBUFS);
}

/* ---- sources ---- */

static void come(struct rig *rig)
{
	plug(rig, FUNCTION(0));
	expect(rig, ROAD_CHANGE_ARRIVED, PCI(0), "plugged in");
}

/* By what is heard: looking from time to time would find it, too. */
static void come_and_go(struct rig *rig)
{
	atomic_store(&faults.heard, 0);
	come(rig);
	CU_ASSERT(atomic_load(&faults.heard) > 0);
	pull(rig, FUNCTION(0));
	expect(rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	expect_nothing_more(rig);
}

/* Reading finds that a source is broken; the second one has nothing to be heard by. */
static void come_twice(struct rig *rig)
{
	come(rig);
	plug(rig, FUNCTION(1));
	expect(rig, ROAD_CHANGE_ARRIVED, PCI(1), "plugged in");
}

static void with_sources(enum fault kernel, enum fault udev, void (*happens)(struct rig *rig))
{
	faults.kernel = kernel;
	faults.udev = udev;
	struct rig rig = rig_new(NULL);

	happens(&rig);
	rig_end(&rig);
	faults.kernel = faults.udev = SOUND;
}

static void without_udevd_the_kernel_tells(void)
{
	with_sources(SOUND, SILENT, come_and_go);
	with_sources(SOUND, MISSING, come_and_go);
}

static void where_the_kernel_is_not_heard_udevd_tells(void)
{
	with_sources(SILENT, SOUND, come_and_go);
	with_sources(MISSING, SOUND, come_and_go);
}

static void where_nothing_can_be_heard_it_is_looked(void)
{
	with_sources(MISSING, MISSING, come);
}

static void sources_that_break_are_given_up_and_it_is_looked(void)
{
	atomic_store(&faults.reads, 0);
	with_sources(BROKEN, BROKEN, come_twice);
	CU_ASSERT(atomic_load(&faults.reads) > 0 && atomic_load(&faults.reads) < 1000);
}

static void lost_events_lose_no_device(void)
{
	struct rig rig = rig_new(NULL);

	atomic_store(&faults.overflowed, 0);
	atomic_store(&faults.overflows, 2); /* one a source, if it is heard twice */
	plug(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_ARRIVED, PCI(0), "plugged in");
	CU_ASSERT(atomic_load(&faults.overflowed) > 0);
	atomic_store(&faults.overflows, 0);
	/* It goes on listening. */
	atomic_store(&faults.heard, 0);
	pull(&rig, FUNCTION(0));
	expect(&rig, ROAD_CHANGE_REMOVED, PCI(0), "pulled out");
	CU_ASSERT(atomic_load(&faults.heard) > 0);
	expect_nothing_more(&rig);
	rig_end(&rig);
}

/* ---- storms ---- */

enum {
	PLACES = 24,
	ROUNDS = 120,
	FLIPS = 140, /* more than a watch keeps */
	COPIES = 9,  /* thousands of events, of which umockdev would make tens in a second */
	AHEAD = 4    /* events that may wait in a socket: umockdev aborts where ten do */
};

/* Told of behind all others that are found with it. */
#define LAST "0000:ff:1f.7"

/* What a reader of changes believes to be here. */
struct belief {
	bool here[PLACES];
	uint32_t lost, told;
};

static int number_of(const char *address)
{
	unsigned bus, slot;

	return sscanf(address, "pci:0000:4%x:%x.0", &bus, &slot) == 2 ? (int)slot : -1;
}

static void place_of(unsigned number, char place[16])
{
	snprintf(place, 16, "0000:40:%02x.0", number);
}

static void take(struct belief *belief, const road_change *change)
{
	const int number = number_of(change->address);

	belief->lost += change->lost;
	belief->told++;
	if (number >= 0 && number < PLACES)
		belief->here[number] = change->kind == ROAD_CHANGE_ARRIVED;
}

static void take_what_there_is(struct rig *rig, struct belief *belief)
{
	road_change change = {.size = sizeof(change)};

	while (!road_watch_next(rig->watch, &change))
		take(belief, &change);
}

/* Until the changes say of this function that it came. */
static void take_until(struct rig *rig, struct belief *belief, const char *address)
{
	road_change change;

	do {
		CU_ASSERT_FATAL(next_change(rig, &change));
		take(belief, &change);
	} while (strcmp(change.address, address));
}

static void check_belief(struct rig *rig, const struct belief *belief, const bool *really)
{
	bool listed[PLACES] = {false};
	road_candidate one = {.size = sizeof(one)};

	for (uint32_t i = 0; !road_instance_enumerate(rig->instance, 0, i, &one); i++) {
		const int number = number_of(one.address);

		if (number >= 0 && number < PLACES)
			listed[number] = true;
	}
	CU_ASSERT_EQUAL(memcmp(listed, really, sizeof(listed)), 0);
	CU_ASSERT_EQUAL(memcmp(listed, belief->here, sizeof(listed)), 0);
}

/* Waits until the listener has heard all but a few of the events, each from both sources. */
static void keep_pace(uint64_t sent)
{
	const struct timespec moment = {0, 100000};

	for (int i = 0; i < 200000 && atomic_load(&faults.heard) + 2 * AHEAD < 2 * sent; i++)
		nanosleep(&moment, NULL);
}

static void turn(struct rig *rig, bool *here, unsigned number)
{
	char place[16];

	place_of(number, place);
	if (here[number])
		pull(rig, place);
	else
		plug(rig, place);
	here[number] = !here[number];
}

/* A reader that keeps up believes what is so. */
static void a_storm_ends_in_what_is_here(void)
{
	struct rig rig = rig_new(NULL);
	bool really[PLACES] = {false};
	struct belief belief = {{false}, 0, 0};
	uint32_t random = 12345;

	atomic_store(&faults.heard, 0);
	atomic_store(&faults.copies, COPIES);
	for (unsigned i = 0; i < ROUNDS; i++) {
		keep_pace(i);
		random = random * 1664525u + 1013904223u;
		turn(&rig, really, (random >> 16) % PLACES);
		take_what_there_is(&rig, &belief);
	}
	plug(&rig, LAST);
	take_until(&rig, &belief, "pci:" LAST);
	atomic_store(&faults.copies, 0);
	CU_ASSERT_EQUAL(belief.lost, 0);
	CU_ASSERT(belief.told > PLACES);
	check_belief(&rig, &belief, really);
	rig_end(&rig);
}

/* One that does not read keeps the last ones and is told how many it lost; nobody waits for it. */
static void a_reader_that_sleeps_through_a_storm_is_told_what_it_lost(void)
{
	struct rig rig = rig_new(NULL), awake = {.bed = rig.bed, .instance = rig.instance};
	bool really[PLACES] = {false};
	struct belief belief = {{false}, 0, 0}, late = {{false}, 0, 0};
	road_change change;

	CU_ASSERT_EQUAL_FATAL(road_watch_create(rig.instance, ROAD_CHANGE_ALL, &awake.watch),
			      ROAD_OK);
	for (int i = 0; i < FLIPS; i++) {
		turn(&rig, really, 0);
		CU_ASSERT_FATAL(next_change(&awake, &change)); /* so that none is merged */
		take(&belief, &change);
	}
	take_what_there_is(&rig, &late);
	CU_ASSERT(late.lost > 0);
	CU_ASSERT_EQUAL(late.lost + late.told, FLIPS);
	CU_ASSERT_EQUAL(belief.lost, 0);
	road_watch_release(awake.watch);
	rig_end(&rig);
}

static void watches_that_come_and_go_in_a_storm_do_no_harm(void)
{
	struct rig rig = rig_new(NULL);
	bool really[PLACES] = {false};
	struct belief belief = {{false}, 0, 0};

	for (int i = 0; i < 30; i++) {
		road_watch_release(rig.watch); /* the listener ends and starts */
		rig.watch = NULL;
		turn(&rig, really, (unsigned)i % PLACES);
		CU_ASSERT_EQUAL_FATAL(road_watch_create(rig.instance, ROAD_CHANGE_ALL, &rig.watch),
				      ROAD_OK);
		turn(&rig, really, (unsigned)i * 7 % PLACES);
	}
	memcpy(belief.here, really, sizeof(really)); /* it came last, and sees the end of it */
	plug(&rig, LAST);
	take_until(&rig, &belief, "pci:" LAST);
	check_belief(&rig, &belief, really);
	rig_end(&rig);
}

/* ---- the command ---- */

struct child {
	pid_t id;
	FILE *out;
};

static struct child start(const char *const *arguments)
{
	posix_spawn_file_actions_t actions;
	char *argv[8] = {getenv("ROADBED_TEST_TOOL")};
	struct child child;
	int pipes[2];

	for (int i = 0; arguments[i]; i++)
		argv[i + 1] = (char *)arguments[i];
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_addclose(&actions, pipes[0]);
	CU_ASSERT_EQUAL_FATAL(posix_spawn(&child.id, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	child.out = fdopen(pipes[0], "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(child.out);
	setvbuf(child.out, NULL, _IONBF, 0); /* so that poll sees what is unread */
	return child;
}

/* It ends, and what it opened is closed. */
static int end(struct child *child)
{
	int status = 0;
	char last[512];

	kill(child->id, SIGTERM);
	while (fgets(last, sizeof(last), child->out))
		CU_ASSERT_PTR_NOT_NULL(strstr(last, "closed"));
	fclose(child->out);
	waitpid(child->id, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The next line, within 20 seconds, has these words. */
static void reads(struct child *child, const char *kind, const char *address, const char *text)
{
	struct pollfd ready = {.fd = fileno(child->out), .events = POLLIN};
	char line[512] = "";

	CU_ASSERT_FATAL(poll(&ready, 1, 20000) == 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(line, sizeof(line), child->out));
	const bool right = strstr(line, kind) && strstr(line, address) && strstr(line, text);

	if (!right)
		printf("# %s", line);
	CU_ASSERT(right);
}

static void events_follow_shows_what_is_plugged_in_and_pulled_out(void)
{
	struct rig rig = {.bed = bed_new(NULL)};
	struct child child = start((const char *const[]){"events", "host:", "--follow", NULL});

	reads(&child, "opened", "host:", ""); /* from here on it watches */
	plug(&rig, FUNCTION(0));
	reads(&child, "arrived", PCI(0), "plugged in: processing accelerator 1002:74a1");
	bind_driver(&rig, FUNCTION(0), "amdgpu");
	reads(&child, "recovered", PCI(0), "kernel driver amdgpu");
	unbind_driver(&rig, FUNCTION(0));
	reads(&child, "lost", PCI(0), "kernel driver amdgpu was unbound");
	pull(&rig, FUNCTION(0));
	reads(&child, "removed", PCI(0), "pulled out");
	CU_ASSERT_EQUAL(end(&child), 0);
	g_object_unref(rig.bed);
}

static void events_follow_tells_of_an_open_device_that_is_lost(void)
{
	struct rig rig = {.bed = bed_new(NULL)};

	plug(&rig, FUNCTION(0));
	struct child child = start((const char *const[]){"events", PCI(0), "--follow", NULL});

	reads(&child, "opened", PCI(0), "");
	pull(&rig, FUNCTION(0));
	reads(&child, "lost", PCI(0), "was pulled out");
	reads(&child, "removed", PCI(0), "pulled out");
	CU_ASSERT_EQUAL(end(&child), 0);
	g_object_unref(rig.bed);
}

/* ---- a device that goes in the middle of it ---- */

static void take_away(void *arg)
{
	umockdev_testbed_remove_device(arg, "/sys/devices/pci0000:00/0000:03:00.0");
}

static void info_ends_well_when_the_device_goes_meanwhile(void)
{
	struct bed_drm drm = {.name = "amdgpu", .version = {3, 57, 0}, .on_ask = take_away};
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	const char *const arguments[] = {"info", "pci:0000:03:00.0", NULL};
	char *seen;

	drm.arg = bed;
	bed_attach_drm(bed, "/dev/dri/renderD128", &drm);
	const int code = bed_run(arguments, &seen);

	CU_ASSERT(drm.asked > 0);
	CU_ASSERT(code == 0 || code == 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "pci:0000:03:00.0"));
	for (const char *c = seen; *c; c++)
		CU_ASSERT_FATAL(*c == '\n' || (*c >= ' ' && *c <= '~'));
	g_free(seen);
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"without udevd the kernel tells", without_udevd_the_kernel_tells},
	{"where the kernel is not heard udevd tells", where_the_kernel_is_not_heard_udevd_tells},
	{"where nothing can be heard it is looked", where_nothing_can_be_heard_it_is_looked},
	{"sources that break are given up and it is looked",
	 sources_that_break_are_given_up_and_it_is_looked},
	{"lost events lose no device", lost_events_lose_no_device},
	{"a storm ends in what is here", a_storm_ends_in_what_is_here},
	{"a reader that sleeps through a storm is told what it lost",
	 a_reader_that_sleeps_through_a_storm_is_told_what_it_lost},
	{"watches that come and go in a storm do no harm",
	 watches_that_come_and_go_in_a_storm_do_no_harm},
	{"events --follow shows what is plugged in and pulled out",
	 events_follow_shows_what_is_plugged_in_and_pulled_out},
	{"events --follow tells of an open device that is lost",
	 events_follow_tells_of_an_open_device_that_is_lost},
	{"info ends well when the device goes meanwhile",
	 info_ends_well_when_the_device_goes_meanwhile},
};

TAP_MAIN(cases)
