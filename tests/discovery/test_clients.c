/* SPDX-License-Identifier: Apache-2.0 */
/* Who has a device's nodes open, and what the kernel says of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <roadbed/roadbed.h>

#include "tests/discovery/process.h"
#include "tests/support/tap.h"

#define RUN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CARD     "pci:0000:03:00.0"
#define NODE     "/dev/dri/renderD128"
#define SLEEPER  "pci:0000:04:00.0"
#define OF_CARD  "pos:\t0\nflags:\t0100002\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\n"

static char *run_well(const char *const *arguments)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), 0);
	for (const char *at = seen; *at; at++)
		CU_ASSERT_FATAL(*at == '\n' || (*at >= ' ' && *at <= '~'));
	return seen;
}

/* Properties by name, of a card that stays open. */
struct open {
	UMockdevTestbed *bed;
	road_instance *instance;
	road_device *device;
};

static struct open open_on(UMockdevTestbed *bed, const char *address, uint32_t flags)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV | flags};
	struct open open = {.bed = bed};

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &open.instance), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_open(open.instance, address, &open.device), ROAD_OK);
	return open;
}

static void close_all(struct open *open)
{
	road_device_release(open->device);
	road_instance_release(open->instance);
	g_object_unref(open->bed);
}

static road_property ask(const struct open *open, const char *name)
{
	road_property one = {.size = sizeof(one)};

	if (road_device_property(open->device, name, &one))
		one.type = UINT32_MAX; /* there is none of this name */
	return one;
}

static bool is(const struct open *open, const char *name, uint64_t value)
{
	const road_property one = ask(open, name);

	if (one.type != ROAD_VALUE_U64 && one.type != ROAD_VALUE_BOOL)
		printf("# %s is of type %u\n", name, one.type);
	else if (one.u64 != value)
		printf("# %s is %llu\n", name, (unsigned long long)one.u64);
	return (one.type == ROAD_VALUE_U64 || one.type == ROAD_VALUE_BOOL) && one.u64 == value;
}

static bool is_text(const struct open *open, const char *name, const char *value)
{
	const road_property one = ask(open, name);

	return one.type == ROAD_VALUE_TEXT && !strcmp(one.text, value);
}

static bool is_unknown(const struct open *open, const char *name)
{
	return ask(open, name).type == ROAD_VALUE_NULL;
}

/* ---- who is a client ---- */

static void each_client_is_one_however_many_share_it(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	const char *says = OF_CARD "drm-client-id:\t7\ndrm-client-name:\ttrainer\n"
				   "drm-total-vram:\t2048 KiB\ndrm-resident-vram:\t1 MiB\n"
				   "drm-memory-gtt:\t77 KiB\ndrm-engine-gfx:\t5000 ns\n"
				   "drm-engine-capacity-gfx:\t2\n";

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 9, NODE, says);
	bed_descriptor(bed, 42, 8, NODE, says);
	bed_process(bed, 41, "worker");
	bed_descriptor(bed, 41, 30, NODE, says);
	bed_process(bed, 50, "other");
	bed_descriptor(bed, 50, 3, NODE, OF_CARD "drm-client-id:\t8\ndrm-engine-gfx:\t70 ns\n");
	bed_descriptor(bed, 50, 4, "/etc/hosts", "pos:\t0\n");
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT(is(&open, "clients.count", 2));
	CU_ASSERT(is(&open, "clients.complete", 1));
	CU_ASSERT(is(&open, "clients.hidden_processes", 0));
	CU_ASSERT(is(&open, "client.0.pid", 41));
	CU_ASSERT(is(&open, "client.0.processes", 2));
	CU_ASSERT(is(&open, "client.0.id", 7));
	CU_ASSERT(is_text(&open, "client.0.command", "worker"));
	CU_ASSERT(is_text(&open, "client.0.name", "trainer"));
	CU_ASSERT(is_text(&open, "client.0.driver", "amdgpu"));
	CU_ASSERT(is(&open, "client.0.memory.vram.total", 2048 * 1024));
	CU_ASSERT(is(&open, "client.0.memory.vram.resident", 1024 * 1024));
	CU_ASSERT(is(&open, "client.0.memory.gtt.resident", 77 * 1024));
	CU_ASSERT(is(&open, "client.0.engine.gfx.busy_time", 5000));
	CU_ASSERT(is(&open, "client.0.engine.gfx.capacity", 2));
	CU_ASSERT(is(&open, "client.1.pid", 50));
	CU_ASSERT(is(&open, "client.1.id", 8));
	CU_ASSERT(is(&open, "clients.busy_time", 5070));
	CU_ASSERT(is(&open, "clients.resident", (1024 + 77) * 1024));
	CU_ASSERT(is(&open, "clients.memory.vram.resident", 1024 * 1024));
	CU_ASSERT_EQUAL(ask(&open, "client.0.pid").source, ROAD_SOURCE_KERNEL);
	CU_ASSERT_EQUAL(ask(&open, "clients.count").source, ROAD_SOURCE_COMPUTED);
	close_all(&open);
}

static void clients_of_another_device_are_not_counted(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	/* By its node; by what the kernel says, of a node that sysfs does not show. */
	bed_descriptor(bed, 42, 3, "/dev/dri/renderD129", OF_CARD "drm-client-id:\t1\n");
	bed_descriptor(bed, 42, 4, "/dev/dri/card9",
		       "drm-driver:\tx\ndrm-pdev:\t0000:04:00.0\ndrm-client-id:\t2\n");
	bed_descriptor(bed, 42, 5, "/dev/dri/card9", OF_CARD "drm-client-id:\t3\n");
	bed_descriptor(bed, 42, 6, "/dev/dri/card9", "drm-driver:\tx\ndrm-client-id:\t4\n");
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT(is(&open, "clients.count", 1));
	CU_ASSERT(is(&open, "client.0.id", 3));
	close_all(&open);
}

static void a_device_outside_of_pci_has_clients_by_its_node(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");

	bed_process(bed, 42, "camera");
	bed_descriptor(bed, 42, 3, "/dev/accel/accel1",
		       "drm-driver:\trocket\ndrm-client-id:\t1\ndrm-engine-npu:\t12 ns\n");
	bed_descriptor(bed, 42, 4, "/dev/accel/accel0",
		       "drm-driver:\tivpu\ndrm-client-id:\t2\ndrm-engine-npu:\t13 ns\n");
	struct open open = open_on(bed, "accel:accel1", 0);

	CU_ASSERT(is(&open, "clients.count", 1));
	CU_ASSERT(is(&open, "client.0.engine.npu.busy_time", 12));
	close_all(&open);
}

static void a_driver_that_says_nothing_leaves_the_number_unknown(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, "pos:\t0\nflags:\t02\n");
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT(is_unknown(&open, "clients.count"));
	CU_ASSERT(is_unknown(&open, "clients.resident"));
	CU_ASSERT(is(&open, "clients.complete", 0));
	close_all(&open);
}

/* ---- what may not be seen ---- */

static void forbid(UMockdevTestbed *bed, const char *folder)
{
	char *path = bed_path(bed, folder);

	CU_ASSERT_EQUAL(chmod(path, 0), 0);
	g_free(path);
}

/* Threads of the kernel have no command line, and no descriptors either. */
static void processes_that_may_not_be_read_are_counted(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *root = umockdev_testbed_get_root_dir(bed);
	const bool is_root = !geteuid();

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\n");
	bed_process(bed, 43, "theirs");
	bed_process(bed, 44, "theirs, too");
	bed_process(bed, 45, "kthreadd");
	bed_write(bed, "/proc/45/cmdline", "", 0);
	forbid(bed, "/proc/43/fd");
	forbid(bed, "/proc/44/fd");
	forbid(bed, "/proc/45/fd");
	CU_ASSERT_EQUAL(chmod(root, 0755), 0);
	if (is_root) /* who may read all */
		CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
	struct open open = open_on(bed, CARD, ROAD_INSTANCE_NO_WAKE);

	CU_ASSERT(is(&open, "clients.count", 1));
	CU_ASSERT(is(&open, "clients.hidden_processes", 2));
	CU_ASSERT(is(&open, "clients.complete", 0));
	if (is_root)
		CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
	g_free(root);
	close_all(&open);
}

static void no_wake_tells_clients_and_opens_no_node(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	struct bed_drm drm = {.name = "amdgpu", .version = {1, 2, 3}};
	char *seen;

	bed_attach_drm(bed, NODE, &drm);
	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\n");
	seen = run_well(RUN("info", CARD, "--no-wake", "--field", "client.0.command"));
	CU_ASSERT_STRING_EQUAL(seen, "train\n");
	CU_ASSERT_EQUAL(drm.asked, 0);
	g_free(seen);
	g_object_unref(bed);
}

/* Some drivers wake the device when its clients are asked for. */
static void no_wake_asks_no_client_of_a_device_that_sleeps(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, "/dev/dri/renderD129",
		       "drm-driver:\tfrob\ndrm-pdev:\t0000:04:00.0\ndrm-client-id:\t1\n");
	struct open awake = open_on(bed, SLEEPER, 0);

	CU_ASSERT(is(&awake, "clients.count", 1));
	g_object_ref(bed);
	close_all(&awake);
	struct open asleep = open_on(bed, SLEEPER, ROAD_INSTANCE_NO_WAKE);

	CU_ASSERT(is_unknown(&asleep, "clients.count"));
	CU_ASSERT_EQUAL(ask(&asleep, "client.0.pid").type, UINT32_MAX);
	close_all(&asleep);
}

/* ---- as they come and go ---- */

/* Clients are not looked for again within some 50 ms. */
static void let_pass(void)
{
	const struct timespec while_cached = {.tv_nsec = 80000000};

	nanosleep(&while_cached, NULL);
}

static void a_process_that_ends_takes_its_values_with_it(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\ndrm-total-vram:\t5\n");
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT(is(&open, "clients.count", 1));
	CU_ASSERT(is(&open, "client.0.memory.vram.total", 5));
	bed_process_end(bed, 42);
	let_pass();
	CU_ASSERT(is(&open, "clients.count", 0));
	CU_ASSERT(is_unknown(&open, "client.0.memory.vram.total"));
	close_all(&open);
}

static void another_client_at_the_descriptor_is_not_taken_for_it(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\ndrm-total-vram:\t5\n");
	struct open open = open_on(bed, CARD, 0);

	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\ndrm-total-vram:\t6\n");
	CU_ASSERT(is(&open, "client.0.memory.vram.total", 6));
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t2\ndrm-total-vram:\t7\n");
	CU_ASSERT(is_unknown(&open, "client.0.memory.vram.total"));
	close_all(&open);
}

static road_metric load(const struct open *open, const char *name)
{
	road_metric one = {.size = sizeof(one)};

	for (uint32_t i = 0; !road_device_telemetry(open->device, ROAD_TELEMETRY_CHIP, i, &one);
	     i++)
		if (!strcmp(one.name, name))
			return one;
	one.type = UINT32_MAX;
	return one;
}

#define CYCLES(id, busy, all)                                                                    \
	OF_CARD "drm-client-id:\t" id "\ndrm-cycles-ccs:\t" busy "\ndrm-total-cycles-ccs:\t" all \
		"\ndrm-engine-capacity-ccs:\t2\n"

static void an_engines_load_is_what_its_clients_used_between_two_looks(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, CYCLES("1", "100", "1000"));
	bed_descriptor(bed, 42, 4, NODE, CYCLES("2", "500", "1000"));
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT_EQUAL(load(&open, "load.engine.ccs").type, ROAD_VALUE_NULL);
	bed_descriptor(bed, 42, 3, NODE, CYCLES("1", "400", "2000"));
	bed_descriptor(bed, 42, 4, NODE, CYCLES("2", "700", "2000"));
	let_pass();
	const road_metric one = load(&open, "load.engine.ccs");

	CU_ASSERT_EQUAL(one.type, ROAD_VALUE_F64);
	CU_ASSERT_DOUBLE_EQUAL(one.f64, 25, 1e-9); /* 300 and 200 of 1000, on two engines */
	CU_ASSERT_STRING_EQUAL(one.unit, "%");
	/* One that falls back did nothing; it may be said to be idle, never more than all. */
	bed_descriptor(bed, 42, 3, NODE, CYCLES("1", "100", "3000"));
	bed_descriptor(bed, 42, 4, NODE, CYCLES("2", "99999", "3000"));
	let_pass();
	CU_ASSERT_EQUAL(load(&open, "load.engine.ccs").f64, 100);
	close_all(&open);
}

static void an_engine_that_tells_its_time_has_a_load(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE, OF_CARD "drm-client-id:\t1\ndrm-engine-gfx:\t0 ns\n");
	struct open open = open_on(bed, CARD, 0);

	(void)load(&open, "load.engine.gfx");
	bed_descriptor(bed, 42, 3, NODE,
		       OF_CARD "drm-client-id:\t1\ndrm-engine-gfx:\t1000000 ns\n");
	let_pass();
	const road_metric one = load(&open, "load.engine.gfx");

	CU_ASSERT_EQUAL(one.type, ROAD_VALUE_F64);
	CU_ASSERT(one.f64 > 0 && one.f64 < 100);
	close_all(&open);
}

/* ---- what a stranger wrote ---- */

static void broken_texts_are_no_clients(void)
{
	char *huge = g_strnfill(1 << 20, 'x');
	const struct {
		const char *bytes;
		gssize count;
	} texts[] = {{"", 0},
		     {huge, 1 << 20},
		     {"drm-driver\ndrm-client-id 5\n:\n\n::\n", -1},
		     {"\0\0\0drm-driver:\tx\n", 17}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		UMockdevTestbed *bed = bed_new("facts.testbed");
		char *seen;

		bed_process(bed, 42, "train");
		bed_descriptor(bed, 42, 3, NODE, "");
		bed_write(bed, "/proc/42/fdinfo/3", texts[i].bytes, texts[i].count);
		bed_descriptor(bed, 42, 4, NODE, OF_CARD "drm-client-id:\t9\n");
		bed_write(bed, "/proc/42/fd/x", "no number", -1);
		bed_write(bed, "/proc/43x/comm", "no process", -1);
		seen = run_well(RUN("info", CARD, "--field", "clients.count"));
		CU_ASSERT_STRING_EQUAL(seen, "1\n");
		g_free(seen);
		g_object_unref(bed);
	}
	g_free(huge);
}

static void numbers_that_do_not_fit_and_unknown_units_are_not_taken(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	bed_descriptor(bed, 42, 3, NODE,
		       OF_CARD "drm-client-id:\t18446744073709551616\n"
			       "drm-total-a:\t99999999999999999999 KiB\n"
			       "drm-total-b:\t18014398509481984 KiB\ndrm-total-c:\t5KiB\n"
			       "drm-total-d:\t5 GiB\ndrm-total-e:\t-5\ndrm-total-f:\t\n"
			       "drm-total-g:\t18014398509481983 KiB\ndrm-total-h: 7\n"
			       "drm-engine-i:\t5 ms\ndrm-engine-capacity-j:\t0\n"
			       "drm-maxfreq-k:\t1500 MHz\ndrm-total-cycles-k:\t3\n");
	struct open open = open_on(bed, CARD, 0);
	const char *const none[] = {"a", "b", "c", "d", "e", "f"};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char *name = g_strdup_printf("client.0.memory.%s.total", none[i]);

		CU_ASSERT_EQUAL(ask(&open, name).type, UINT32_MAX);
		g_free(name);
	}
	CU_ASSERT(is_unknown(&open, "client.0.id"));
	CU_ASSERT(is(&open, "client.0.memory.g.total", UINT64_MAX - 1023));
	CU_ASSERT(is(&open, "client.0.memory.h.total", 7));
	CU_ASSERT_EQUAL(ask(&open, "client.0.engine.i.busy_time").type, UINT32_MAX);
	CU_ASSERT_EQUAL(ask(&open, "client.0.engine.j.capacity").type, UINT32_MAX);
	CU_ASSERT(is(&open, "client.0.engine.k.clock_max", 1500000000));
	CU_ASSERT(is(&open, "client.0.engine.k.total_cycles", 3));
	CU_ASSERT_EQUAL(ask(&open, "client.0.memory.cycles_k.total").type, UINT32_MAX);
	close_all(&open);
}

static void clients_bring_no_control_characters(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");
	char *seen;

	bed_process(bed, 42, "tr\x1b[31m\nain");
	bed_descriptor(bed, 42, 3, NODE,
		       "drm-driver:\tam\x1b[2Jd\ndrm-pdev:\t0000:03:00.0\n"
		       "drm-client-name:\t\x1b]0;t\x07\x9b\ndrm-engine-g\x1b[fx:\t1 ns\n"
		       "drm-total-v\x07ram:\t1\ndrm-total-ok-1:\t2\n");
	seen = run_well(RUN("info", CARD));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "am?[2Jd"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "tr?[31m"));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "client.0.memory.ok_1.total"));
	CU_ASSERT_PTR_NULL(strstr(seen, "client.0.engine"));
	g_free(seen);
	g_free(run_well(RUN("info", CARD, "--json")));
	g_object_unref(bed);
}

static void more_clients_than_there_is_room_for_are_said_to_be(void)
{
	UMockdevTestbed *bed = bed_new("facts.testbed");

	bed_process(bed, 42, "train");
	for (unsigned i = 0; i < 300; i++) {
		char *says = g_strdup_printf(OF_CARD "drm-client-id:\t%u\ndrm-total-vram:\t1\n", i);

		bed_descriptor(bed, 42, i, NODE, says);
		g_free(says);
	}
	struct open open = open_on(bed, CARD, 0);

	CU_ASSERT(is(&open, "clients.count", 256));
	CU_ASSERT(is(&open, "clients.complete", 0));
	CU_ASSERT_NOT_EQUAL(ask(&open, "client.63.pid").type, UINT32_MAX);
	CU_ASSERT_EQUAL(ask(&open, "client.64.pid").type, UINT32_MAX);
	close_all(&open);
}

static const struct tap_case cases[] = {
	{"each client is one, however many share it", each_client_is_one_however_many_share_it},
	{"clients of another device are not counted", clients_of_another_device_are_not_counted},
	{"a device outside of PCI has clients by its node",
	 a_device_outside_of_pci_has_clients_by_its_node},
	{"a driver that says nothing leaves the number unknown",
	 a_driver_that_says_nothing_leaves_the_number_unknown},
	{"processes that may not be read are counted", processes_that_may_not_be_read_are_counted},
	{"no-wake tells clients and opens no node", no_wake_tells_clients_and_opens_no_node},
	{"no-wake asks no client of a device that sleeps",
	 no_wake_asks_no_client_of_a_device_that_sleeps},
	{"a process that ends takes its values with it",
	 a_process_that_ends_takes_its_values_with_it},
	{"another client at the descriptor is not taken for it",
	 another_client_at_the_descriptor_is_not_taken_for_it},
	{"an engine's load is what its clients used between two looks",
	 an_engines_load_is_what_its_clients_used_between_two_looks},
	{"an engine that tells its time has a load", an_engine_that_tells_its_time_has_a_load},
	{"broken texts are no clients", broken_texts_are_no_clients},
	{"numbers that do not fit and unknown units are not taken",
	 numbers_that_do_not_fit_and_unknown_units_are_not_taken},
	{"clients bring no control characters", clients_bring_no_control_characters},
	{"more clients than there is room for are said to be",
	 more_clients_than_there_is_room_for_are_said_to_be},
};

TAP_MAIN(cases)
