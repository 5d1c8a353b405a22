/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, opening and closing devices. */
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CANDIDATES_MAX = 256 };

/* The address without its options: what a device is known by. */
static const char *identity_of(struct fixture *f, const char *address)
{
	char *text = fixture_memory(f, strlen(address) + 1);

	memcpy(text, address, strcspn(address, "?"));
	return text;
}

static const char *joined(struct fixture *f, const char *a, const char *b, const char *c)
{
	size_t bytes = strlen(a) + strlen(b) + strlen(c) + 3;
	char *text = fixture_memory(f, bytes);

	snprintf(text, bytes, "%s;%s;%s", a, b, c);
	return text;
}

typedef road_status (*walk_fn)(road_instance *instance, uint32_t flags, uint32_t index,
			       road_candidate *out);

/* All of a list; the end must say NOT_FOUND, and keep saying it. */
static uint32_t list_all(walk_fn walk, road_instance *instance, uint32_t flags, road_candidate *out)
{
	uint32_t count = 0;
	road_status status;

	for (;; count++) {
		REQUIRE(count < CANDIDATES_MAX);
		out[count] = (road_candidate){.size = sizeof(*out)};
		status = walk(instance, flags, count, &out[count]);
		if (status)
			break;
	}
	CHECK_STATUS(status, ROAD_NOT_FOUND);
	CHECK_STATUS(walk(instance, flags, count + 1, &out[count]), ROAD_NOT_FOUND);
	CHECK_STATUS(walk(instance, flags, UINT32_MAX, &out[count]), ROAD_NOT_FOUND);
	return count;
}

static road_candidate *candidates(struct fixture *f)
{
	return fixture_memory(f, (CANDIDATES_MAX + 1) * sizeof(road_candidate));
}

static const road_candidate *find(const road_candidate *list, uint32_t count, const char *address)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(list[i].address, address))
			return &list[i];
	return NULL;
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	REQUIRE(dir != NULL);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Are no more open than then? The library's threads close theirs in their own time. */
static bool descriptors_are_back(int before)
{
	for (int ms = 0; ms < 10000 && descriptors() > before; ms++)
		poll(NULL, 0, 1);
	return descriptors() <= before;
}

/* ---- lists ---- */

/* Without a list only what drivers bring themselves is there; looking opens nothing. */
CONFORMANCE_CASE(discovery, enumerate_zero_devices)
{
	road_instance *instance = fixture_instance(f, "", ROAD_INSTANCE_NO_ENV);
	road_candidate *list = candidates(f);
	road_watch *watch = NULL;
	road_change change = {.size = sizeof(change)};
	int before;

	CHECK_OK(road_watch_create(instance, ROAD_CHANGE_ALL, &watch));
	before = descriptors();
	uint32_t count = list_all(road_instance_enumerate, instance, 0, list);

	for (uint32_t i = 0; i < count; i++)
		if (list[i].simulated && strncmp(list[i].address, "pci:", 4))
			CASE_FAIL("%s is there, and nobody asked for it", list[i].address);
	(void)list_all(road_instance_explain, instance, 0, list);
	CHECK_STATUS(road_watch_next(watch, &change), ROAD_NOT_READY);
	CHECK(descriptors_are_back(before));
	road_watch_release(watch);
}

static void look_same(const road_candidate *a, const road_candidate *b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		CHECK(!strcmp(a[i].address, b[i].address) && !strcmp(a[i].name, b[i].name) &&
		      !strcmp(a[i].driver, b[i].driver) && !strcmp(a[i].reason, b[i].reason));
		CHECK_EQ(a[i].status, b[i].status);
		CHECK_EQ(a[i].simulated, b[i].simulated);
	}
}

/* Another instance, with other devices open, sees the same in the same order. */
CONFORMANCE_CASE(discovery, enumerate_order_stable)
{
	const char *devices = joined(f, f->address, "sim:edu@9", "sim:edu@8");
	road_instance *one = fixture_instance(f, devices, ROAD_INSTANCE_NO_ENV);
	road_instance *other = fixture_instance(f, devices, ROAD_INSTANCE_NO_ENV);
	road_candidate *a = candidates(f), *b = candidates(f);

	(void)fixture_open_in(f, other, f->address);
	for (uint32_t flags = 0; flags <= ROAD_ENUMERATE_POSSIBLE; flags++) {
		uint32_t count = list_all(road_instance_explain, one, flags, a);

		CHECK_EQ(list_all(road_instance_explain, other, flags, b), count);
		look_same(a, b, count);
		const road_candidate *nine = find(a, count, "sim:edu@9");
		const road_candidate *eight = find(a, count, "sim:edu@8");

		CHECK(nine && eight && nine < eight); /* as the list has them */
	}
}

CONFORMANCE_CASE(discovery, enumerate_twice_same_ids)
{
	const char *devices = joined(f, "nosuchbus:x", f->address, "");
	road_instance *instance = fixture_instance(f, devices, ROAD_INSTANCE_NO_ENV);
	road_candidate *a = candidates(f), *b = candidates(f);
	uint32_t count = list_all(road_instance_enumerate, instance, 0, a);
	uint32_t all = list_all(road_instance_explain, instance, 0, b);

	CHECK(count >= 1 && all > count); /* what cannot be opened is explained only */
	for (uint32_t i = 0, at = 0; i < all; i++)
		if (!b[i].status) /* those that can be opened are the other list */
			look_same(&a[at++], &b[i], 1);
	CHECK_EQ(list_all(road_instance_enumerate, instance, 0, b), count);
	look_same(a, b, count);
	CHECK(find(a, count, f->address) != NULL);
}

CONFORMANCE_CASE(discovery, env_list_adds_devices)
{
	road_candidate *list = candidates(f);
	uint32_t without, count;

	REQUIRE(!unsetenv("ROADBED_DEVICES"));
	without = list_all(road_instance_explain, fixture_instance(f, NULL, 0), 0, list);
	REQUIRE(!setenv("ROADBED_DEVICES", joined(f, "sim:edu@7", "", "sim:edu@6"), 1));
	count = list_all(road_instance_explain, fixture_instance(f, NULL, 0), 0, list);
	CHECK_EQ(count, without + 2); /* an empty entry is none */
	CHECK(find(list, count, "sim:edu@7") != NULL);
	CHECK(find(list, count, "sim:edu@6") != NULL);
	CHECK_EQ(list_all(road_instance_explain, fixture_instance(f, NULL, ROAD_INSTANCE_NO_ENV), 0,
			  list),
		 without);
	count = list_all(road_instance_explain, fixture_instance(f, f->address, 0), 0, list);
	CHECK(find(list, count, f->address) != NULL); /* the program's list is taken instead */
	CHECK(find(list, count, "sim:edu@7") == NULL || !strcmp(f->address, "sim:edu@7"));
	REQUIRE(!unsetenv("ROADBED_DEVICES"));
}

/* A candidate's word is kept: what can be opened opens, what cannot says why and does not. */
static void look_at_candidate(road_instance *instance, const road_candidate *c)
{
	road_device *device = NULL;

	CHECK(c->address[0] != 0);
	if (!c->reason[0])
		CASE_FAIL("%s is listed without a reason", c->address);
	road_status status = road_device_open(instance, c->address, &device);

	if (!status != !c->status)
		CASE_FAIL("%s: listed as \"%s\" (%s), opening answers \"%s\"", c->address,
			  road_status_text(c->status), c->reason, road_status_text(status));
	road_device_release(device);
}

CONFORMANCE_CASE(discovery, explain_names_reason_for_each_candidate)
{
	static const char *const hopeless[] = {"nosuchbus:x", "sim:no-such-chip", "sim(", "5"};
	const char *devices = joined(f, f->address, hopeless[0], hopeless[1]);
	road_instance *instance =
		fixture_instance(f, joined(f, devices, hopeless[2], hopeless[3]), 0);
	road_candidate *list = candidates(f);
	uint32_t count = list_all(road_instance_explain, instance, 0, list);

	for (uint32_t i = 0; i < count; i++)
		look_at_candidate(instance, &list[i]);
	for (unsigned i = 0; i < sizeof(hopeless) / sizeof(hopeless[0]); i++) {
		const road_candidate *c = find(list, count, hopeless[i]);

		REQUIRE(c != NULL);
		CHECK(c->status != ROAD_OK);
	}
	count = list_all(road_instance_explain, instance, ROAD_ENUMERATE_POSSIBLE, list);
	for (uint32_t i = 0; i < count; i++)
		CHECK(list[i].reason[0] && list[i].address[0]);
}

/* ---- open ---- */

CONFORMANCE_CASE(discovery, open_by_address)
{
	road_instance *instance = fixture_instance(f, f->address, 0);
	road_device *device = fixture_open_in(f, instance, f->address);
	road_device_info info = {.size = sizeof(info)};
	road_candidate *list = candidates(f);
	uint32_t count = list_all(road_instance_enumerate, instance, 0, list);
	const road_candidate *listed = find(list, count, f->address);

	CHECK_OK(road_device_info_get(device, &info));
	CHECK(!strcmp(info.address, identity_of(f, f->address)));
	CHECK(info.name[0] && info.driver[0] && info.bus[0]);
	REQUIRE(listed != NULL);
	CHECK_EQ(listed->simulated, info.simulated);
	if (listed->name[0])
		CHECK(!strcmp(listed->name, info.name));
	if (listed->driver[0])
		CHECK(!strcmp(listed->driver, info.driver));
}

CONFORMANCE_CASE(discovery, open_unknown_address_not_found)
{
	road_device *const before = (road_device *)(void *)f, *device = before;
	road_error error = {.size = sizeof(error)};

	CHECK_STATUS(road_device_open(f->instance, "nosuchbus:x", &device), ROAD_NOT_FOUND);
	CHECK_DETAIL("nosuchbus");
	CHECK_STATUS(road_device_open(f->instance, "sim:no-such-chip", &device), ROAD_NOT_FOUND);
	CHECK_OK(road_last_error(&error));
	/* A build without simulators has no chips by any name, and says that instead. */
	CHECK(strstr(error.seen, "no-such-chip") || strstr(error.what, "libroadbed-sim.so cannot"));
	CHECK(device == before);
}

CONFORMANCE_CASE(discovery, open_twice_same_device_shared_instance)
{
	road_instance *one = NULL, *two = NULL, *three = NULL;
	road_device *a = NULL, *b = NULL, *c = NULL;

	CHECK_OK(road_instance_shared(&one));
	CHECK_OK(road_instance_shared(&two));
	CHECK(one == two);
	CHECK_OK(road_device_open(f->instance, f->address, &a)); /* the fixture's, once more */
	CHECK(a == f->device);
	road_device_release(a);
	fixture_let_go(f);
	CHECK_OK(road_device_open(one, f->address, &a));
	CHECK_OK(road_device_open(two, f->address, &b));
	CHECK(a == b);
	CHECK_STATUS(road_device_open(two, fixture_address_with(f, "seed=12345"), &c),
		     ROAD_INVALID_ARGUMENT);
	road_instance_release(one);
	CHECK_OK(road_instance_shared(&three)); /* it is the same while somebody holds it */
	CHECK(three == two);
	road_device_release(a);
	CHECK_OK(road_device_open(three, f->address, &c));
	CHECK(c == b);
	road_device_release(c);
	road_device_release(b);
	road_instance_release(two);
	road_instance_release(three);
}

CONFORMANCE_CASE(discovery, private_instance_is_separate)
{
	road_instance *other = fixture_instance(f, NULL, 0);
	road_lookup_result result = {.size = sizeof(result)};
	road_change change = {.size = sizeof(change)};
	road_device_info info = {.size = sizeof(info)};
	road_device *device = NULL;
	road_watch *watch = NULL;
	uint32_t health = 0;
	uint64_t resets = 0;

	if (!f->device) { /* one instance alone can have it: the other one is told, and harms nobody
			   */
		fixture_back(f);
		CHECK_STATUS(road_device_open(other, f->address, &device), ROAD_BUSY);
		fixture_pass(f);
		return;
	}
	CHECK_OK(road_watch_create(f->instance, ROAD_CHANGE_ALL, &watch));
	CHECK_OK(road_device_open(other, f->address, &device));
	CHECK(device != f->device);
	CHECK_OK(road_device_info_get(device, &info));
	CHECK_SAME(info.uuid, f->info.uuid, sizeof(info.uuid));
	CHECK_STATUS(road_lookup(other, fixture_address(f, fixture_buffer(f, 64)), &result),
		     ROAD_NOT_FOUND);
	if (fixture_is_made(f)) /* each has a chip of its own */
		CHECK_OK(road_sim_unplug(device));
	road_device_release(device);
	CHECK_STATUS(road_watch_next(watch, &change), ROAD_NOT_READY);
	CHECK_OK(road_device_health(f->device, &health, &resets));
	CHECK_EQ(health, ROAD_HEALTH_OK);
	fixture_pass(f); /* it still works */
	road_watch_release(watch);
}

/* What nobody may read: the plan of a decorator, which any device behind a bus takes. */
CONFORMANCE_CASE(discovery, open_perm_denied_message)
{
	char path[] = "/tmp/conformance-XXXXXX", address[400];
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = NULL;
	bool root = !geteuid();
	int fd = mkstemp(path);

	REQUIRE(fd >= 0);
	CHECK(write(fd, "# nothing\n", 10) == 10);
	close(fd);
	snprintf(address, sizeof(address), "faulty(%s):%s", path, f->address);
	road_status readable = road_device_open(instance, address, &device);

	road_device_release(device);
	REQUIRE(!chmod(path, 0) && (!root || !seteuid(65534))); /* root reads all */
	road_status closed = road_device_open(instance, address, &device);

	/* The way to who simulates it elsewhere is closed to the other user, too. */
	if (!f->info.simulated || fixture_in_process(f))
		CHECK_DETAIL(path);
	CHECK_DETAIL("ermission");
	REQUIRE(!root || !seteuid(0));
	unlink(path);
	CHECK_STATUS(readable, ROAD_OK);
	CHECK_STATUS(closed, ROAD_PERMISSION);
}

/* Text, and the column (from 1) of its first wrong character. */
CONFORMANCE_CASE(discovery, bad_address_text_names_column)
{
	static const struct {
		const char *text;
		unsigned column;
	} bad[] = {
		{"", 1},
		{":", 1},
		{" sim:edu", 1},
		{"5:x", 1},
		{"sim", 4},
		{"sim?seed=1", 4},
		{"sim edu", 4},
		{"faulty(x", 7},
		{"faulty(x)", 10},
		{"faulty(x):", 11},
		{"faulty(x):sim", 14},
		{"nosuchdecorator(x):sim:edu", 1},
		{"faulty(1@2):nosuch(x):sim:edu", 13},
		{"faulty(a):faulty(b):faulty(c):faulty(d):faulty(e):sim:edu", 41},
	};
	char column[32];

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_error e = {.size = sizeof(e)};
		road_device *device = NULL;

		snprintf(column, sizeof(column), "column %u", bad[i].column);
		CHECK_STATUS(road_device_open(f->instance, bad[i].text, &device),
			     ROAD_INVALID_ARGUMENT);
		CHECK_OK(road_last_error(&e));
		const char *at = strstr(e.where, column);

		if (!at || (at[strlen(column)] >= '0' && at[strlen(column)] <= '9'))
			CASE_FAIL("\"%s\": %s, not %s", bad[i].text, e.where, column);
	}
}

/* ---- close ---- */

CONFORMANCE_CASE(discovery, close_idempotent)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device_info info = {.size = sizeof(info)};
	road_device *device = NULL;
	road_space *space = NULL;

	road_device_release(NULL);
	road_instance_release(NULL);
	road_space_release(NULL);
	CHECK_OK(road_device_open(instance, f->address, &device));
	CHECK_OK(road_device_retain(device));
	CHECK_OK(road_space_shared(device, &space));
	CHECK_OK(road_space_close(space));
	CHECK_STATUS(road_space_close(space), ROAD_STALE);
	road_space_release(space);
	road_space_release(space); /* too often: the checked mode knows */
	road_device_release(device);
	CHECK_OK(road_device_info_get(device, &info)); /* one reference is left */
	road_device_release(device);
	CHECK_STATUS(road_device_info_get(device, &info), ROAD_NOT_FOUND);
	road_device_release(device);
	CHECK_OK(road_device_open(instance, f->address, &device)); /* it can come again */
	road_device_release(device);
}

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	REQUIRE(dir != NULL);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* One that was joined stands in the kernel's list for a moment more. */
static int threads_but(int most)
{
	int count = count_threads();

	for (int ms = 0; ms < 2000 && count > most; ms++) {
		usleep(1000);
		count = count_threads();
	}
	return count;
}

/* Mappings of files and of memory with a name: devices, DMA, imports. */
static int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char *line = NULL;
	size_t room = 0;
	int count = 0;

	REQUIRE(maps != NULL);
	while (getline(&line, &room, maps) > 0)
		count += strchr(line, '/') != NULL;
	free(line);
	fclose(maps);
	return count;
}

/* Sleeps, for sure: a thread that never slept before has a descriptor for it from then on. */
static void sleep_once(road_instance *instance)
{
	road_event *event = NULL;

	CHECK_OK(road_event_create(instance, 0, &event));
	CHECK_STATUS(road_point_wait((road_point){event, 1}, road_deadline_after(2000000)),
		     ROAD_TIMEOUT);
	road_event_release(event);
}

static void open_use_close(struct fixture *f)
{
	road_instance *instance = NULL;
	road_instance_options options = {.size = sizeof(options)};
	road_buffer_options memory = {.size = sizeof(memory), .bytes = 64};
	road_device *device = NULL;
	road_space *space = NULL;
	road_buffer *buffer = NULL;
	road_queue *queue = NULL;
	road_point point;

	fixture_back(f);
	memory.heap = fixture_heap(f);
	options.library_folder = fixture_libraries(f);
	fixture_let_go(f);
	CHECK_OK(road_instance_create(&options, &instance));
	CHECK_OK(road_device_open(instance, f->address, &device));
	CHECK_OK(road_space_shared(device, &space));
	CHECK_OK(road_buffer_create(space, &memory, &buffer));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_queue_write(queue, buffer, 0, &(uint64_t){1}, 8, &point));
	CHECK_OK(road_point_wait(point, SOON));
	sleep_once(instance);
	road_queue_release(queue);
	road_buffer_release(buffer);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
}

CONFORMANCE_CASE(discovery, close_releases_everything)
{
	open_use_close(f); /* what is loaded once stays: libraries, the process's own threads */
	int fds = descriptors(), threads = count_threads(), mappings = count_mappings();

	for (unsigned i = 0; i < 4; i++)
		open_use_close(f);
	CHECK(descriptors_are_back(fds));
	CHECK(threads_but(threads) <= threads);
	CHECK_EQ(count_mappings(), mappings);
}

/* ---- identity ---- */

CONFORMANCE_CASE(discovery, uuid_unique_and_stable)
{
	static const uint8_t none[16];
	road_device_info info = {.size = sizeof(info)};
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = NULL;

	CHECK(memcmp(f->info.uuid, none, sizeof(none)) != 0);
	for (int i = 0; i < 2; i++) { /* opened anew */
		CHECK_OK(road_device_open(instance, f->address, &device));
		CHECK_OK(road_device_info_get(device, &info));
		CHECK_SAME(info.uuid, f->info.uuid, sizeof(info.uuid));
		road_device_release(device);
	}
	if (!fixture_has(f, CAPABILITY_SECOND))
		return;
	CHECK_OK(road_device_info_get(fixture_second(f), &info));
	CHECK(memcmp(info.uuid, f->info.uuid, sizeof(info.uuid)) != 0);
}

static bool is_synthetic(const char *pci_address)
{
	unsigned domain, bus, slot, function;
	int end = 0;

	return sscanf(pci_address, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	       !pci_address[end] && domain >= 0x10000 && bus < 256 && slot < 32 && function < 8;
}

CONFORMANCE_CASE(discovery, synthetic_pci_address_unique)
{
	road_device_info other = {.size = sizeof(other)};

	CHECK_EQ(is_synthetic(f->info.pci_address), fixture_is_made(f));
	if (!fixture_has(f, CAPABILITY_SECOND))
		return;
	CHECK_OK(road_device_info_get(fixture_second(f), &other));
	CHECK_EQ(is_synthetic(other.pci_address), fixture_is_made(f));
	CHECK(strcmp(other.pci_address, f->info.pci_address) != 0);
	CHECK(strcmp(other.address, f->info.address) != 0);
}

CONFORMANCE_CASE(discovery, find_by_pci_address)
{
	char address[256], small[4] = "abc";
	road_instance *empty = fixture_instance(f, "", ROAD_INSTANCE_NO_ENV);
	road_device *again = NULL;
	static const char *const malformed[] = {
		"", "0000", "0000:00:00", "0000:00:00.0x", "g000:00:00.0", "sim:edu"};

	fixture_back(f);
	CHECK_OK(road_instance_find(f->instance, f->info.pci_address, address, sizeof(address)));
	CHECK(!strcmp(address, f->info.address));
	CHECK_OK(road_device_open(f->instance, f->address, &again));
	CHECK(again == f->device);
	road_device_release(again);
	CHECK_STATUS(road_instance_find(f->instance, f->info.pci_address, small, sizeof(small)),
		     ROAD_INVALID_ARGUMENT);
	CHECK(!strcmp(small, "abc"));
	CHECK_OK(road_instance_find(f->instance, f->info.pci_address, address,
				    strlen(f->info.address) + 1));
	CHECK_STATUS(road_instance_find(f->instance, "ffff:ff:1f.7", address, sizeof(address)),
		     ROAD_NOT_FOUND);
	if (fixture_is_made(f)) /* it is nowhere before it is opened */
		CHECK_STATUS(
			road_instance_find(empty, f->info.pci_address, address, sizeof(address)),
			ROAD_NOT_FOUND);
	for (unsigned i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		CHECK_STATUS(
			road_instance_find(f->instance, malformed[i], address, sizeof(address)),
			ROAD_INVALID_ARGUMENT);
}
