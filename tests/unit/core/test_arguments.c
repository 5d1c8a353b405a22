/* SPDX-License-Identifier: Apache-2.0 */
/* Each argument check: null, zero, overflow, wrong device, wrong state, closed parents, short and
 * long structures. What a call refuses leaves its outputs alone. */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

#define REFUSED(call)      CU_ASSERT_EQUAL(call, ROAD_INVALID_ARGUMENT)
#define IS(call, expected) CU_ASSERT_EQUAL(call, expected)

static void null_arguments_are_refused(void)
{
	struct fixture f = setup("host:");
	road_list *list;
	road_event *event;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	REFUSED(road_instance_shared(NULL));
	REFUSED(road_instance_create(NULL, NULL));
	REFUSED(road_device_open(f.instance, NULL, &f.device));
	REFUSED(road_device_open(f.instance, "host:", NULL));
	REFUSED(road_device_open(NULL, "host:", &f.device));
	REFUSED(road_device_info_get(f.device, NULL));
	REFUSED(road_device_property(f.device, NULL, &(road_property){.size = 64}));
	REFUSED(road_device_clock(f.device, NULL, NULL));
	REFUSED(road_device_health(f.device, NULL, NULL));
	REFUSED(road_space_shared(f.device, NULL));
	REFUSED(road_space_shared(NULL, &f.space));
	REFUSED(road_queue_create(f.space, NULL, NULL));
	REFUSED(road_queue_create(NULL, NULL, &f.queue));
	REFUSED(road_queue_submit(NULL, NULL, NULL));
	REFUSED(road_queue_tail(f.queue, NULL));
	REFUSED(road_buffer_create(f.space, NULL, NULL));
	REFUSED(road_event_create(f.instance, 0, NULL));
	REFUSED(road_event_value(event, NULL));
	REFUSED(road_event_value(NULL, &(uint64_t){0}));
	REFUSED(road_event_wait(NULL, 1, ROAD_WAIT_ALL, 0, NULL));
	REFUSED(road_event_point_fd(event, 1, NULL));
	REFUSED(road_list_create(f.space, 0, NULL));
	REFUSED(road_list_copy(list, NULL, 0, NULL, 0, 1));
	REFUSED(road_list_launch(list, NULL));
	REFUSED(road_list_callback(list, NULL, NULL, 0));
	REFUSED(road_image_load(f.space, NULL, 0, NULL, NULL));
	REFUSED(road_lookup(f.instance, 0, NULL));
	REFUSED(road_last_error(NULL));
	road_queue_release(NULL);
	road_buffer_release(NULL);
	road_event_release(event);
	road_list_release(list);
	teardown(&f);
}

static void buffers_check_size_alignment_heap_and_flags(void)
{
	struct fixture f = setup("host:");
	road_buffer_options good = {.size = sizeof(good), .bytes = 100}, o;
	road_buffer *untouched = (road_buffer *)(uintptr_t)0x1234, *buffer = untouched;

	o = good, o.bytes = 0;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.alignment = 3;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.alignment = UINT64_C(1) << 40;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.heap = 99;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.flags = 0x80;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.reserved = 1;
	REFUSED(road_buffer_create(f.space, &o, &buffer));
	o = good, o.bytes = UINT64_MAX;
	IS(road_buffer_create(f.space, &o, &buffer), ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_PTR_EQUAL(buffer, untouched);
	o = good, o.alignment = 2 << 20;
	IS(road_buffer_create(f.space, &o, &buffer), ROAD_OK);
	road_buffer_info info = {.size = sizeof(info)};

	IS(road_buffer_info_get(buffer, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.address % (2 << 20), 0);
	CU_ASSERT_EQUAL(info.bytes, 100);
	road_buffer_release(buffer);
	teardown(&f);
}

static void ranges_that_leave_a_buffer_are_refused(void)
{
	struct fixture f = setup("host:");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 100), *view;
	road_buffer *b = buffer_of(&f, ROAD_HEAP_HOST, 100);
	char bytes[200] = {0};
	void *pointer;

	REFUSED(road_queue_write(f.queue, a, 0, bytes, 101, NULL));
	REFUSED(road_queue_write(f.queue, a, 101, bytes, 1, NULL));
	REFUSED(road_queue_write(f.queue, a, UINT64_MAX, bytes, 2, NULL));
	REFUSED(road_queue_write(f.queue, a, 2, bytes, UINT64_MAX, NULL));
	REFUSED(road_queue_write(f.queue, a, 0, bytes, 0, NULL));
	REFUSED(road_queue_write(f.queue, a, 0, NULL, 10, NULL));
	REFUSED(road_queue_read(f.queue, bytes, a, 90, 11, NULL));
	REFUSED(road_queue_copy(f.queue, a, 50, b, 0, 51, NULL));
	REFUSED(road_queue_copy(f.queue, a, 0, b, 60, 41, NULL));
	REFUSED(road_queue_fill(f.queue, a, 0, 100, 0, 3, NULL));
	REFUSED(road_queue_fill(f.queue, a, 0, 99, 0, 4, NULL));
	REFUSED(road_buffer_view(a, 90, 11, &view));
	REFUSED(road_buffer_view(a, 0, 0, &view));
	REFUSED(road_buffer_map(b, 0, 101, ROAD_MAP_READ, &pointer));
	REFUSED(road_buffer_map(b, 0, 0, ROAD_MAP_READ, &pointer));
	REFUSED(road_buffer_map(b, 0, 10, 0, &pointer));
	REFUSED(road_buffer_map(b, 0, 10, 8, &pointer));
	REFUSED(road_buffer_unmap(b));
	IS(road_buffer_map(a, 0, 10, ROAD_MAP_READ, &pointer), ROAD_PERMISSION);
	road_buffer_release(a);
	road_buffer_release(b);
	teardown(&f);
}

static void told(const char *what)
{
	road_error why = {.size = sizeof(why)};

	IS(road_last_error(&why), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(why.what, what);
}

static void boxes_check_pitches(void)
{
	struct fixture f = setup("host:");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 1000),
		    *b = buffer_of(&f, ROAD_HEAP_DEVICE, 1000);
	road_copy_box good = {.size = sizeof(good),
			      .rows = 4,
			      .slices = 2,
			      .bytes = 10,
			      .dst_row_pitch = 16,
			      .dst_slice_pitch = 100,
			      .src_row_pitch = 10,
			      .src_slice_pitch = 40},
		      o;
	road_list *list;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	IS(road_list_copy_box(list, a, b, &good), ROAD_OK);
	REFUSED(road_list_copy_box(list, a, b, NULL));
	told("box is NULL");
	o = good, o.rows = 0;
	REFUSED(road_list_copy_box(list, a, b, &o));
	o = good, o.dst_row_pitch = 9;
	REFUSED(road_list_copy_box(list, a, b, &o));
	o = good, o.src_slice_pitch = 39;
	REFUSED(road_list_copy_box(list, a, b, &o));
	o = good, o.dst_slice_pitch = 960;
	REFUSED(road_list_copy_box(list, a, b, &o));
	o = good, o.dst_row_pitch = UINT64_MAX / 2;
	REFUSED(road_list_copy_box(list, a, b, &o));
	o = good, o.reserved = 1;
	REFUSED(road_list_copy_box(list, a, b, &o));
	road_list_release(list);
	road_buffer_release(a);
	road_buffer_release(b);
	teardown(&f);
}

static void structures_may_be_short_or_long_with_zero_tail(void)
{
	struct fixture f = setup("host:");
	struct {
		road_queue_options options;
		uint32_t tail[4];
	} longer = {.options = {.size = sizeof(longer)}};
	road_queue *queue;

	IS(road_queue_create(f.space, &longer.options, &queue), ROAD_OK);
	road_queue_release(queue);
	longer.tail[3] = 1;
	REFUSED(road_queue_create(f.space, &longer.options, &queue));
	longer.options.size = 8; /* an older caller: size and class only */
	IS(road_queue_create(f.space, &longer.options, &queue), ROAD_OK);
	road_queue_release(queue);
	longer.options.size = 0;
	REFUSED(road_queue_create(f.space, &longer.options, &queue));
	struct {
		road_device_info info;
		unsigned char tail[8];
	} out;

	memset(&out, 0xff, sizeof(out));
	out.info.size = sizeof(out);
	IS(road_device_info_get(f.device, &out.info), ROAD_OK);
	CU_ASSERT_EQUAL(out.tail[0] | out.tail[7], 0);
	memset(&out, 0xff, sizeof(out));
	out.info.size = 8;
	IS(road_device_info_get(f.device, &out.info), ROAD_OK);
	CU_ASSERT_EQUAL((unsigned char)out.info.address[0], 0xff);
	teardown(&f);
}

static void lists_know_their_state_and_space(void)
{
	struct fixture f = setup("host:");
	road_space *other;
	road_queue *queue;
	road_list *list;

	CU_ASSERT_EQUAL_FATAL(road_space_create(f.device, NULL, &other), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(other, NULL, &queue), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	road_submission s = {.size = sizeof(s), .list = list};

	REFUSED(road_queue_submit(f.queue, &s, NULL)); /* still open */
	IS(road_list_close(list), ROAD_OK);
	IS(road_list_close(list), ROAD_BUSY);
	IS(road_list_barrier(list), ROAD_BUSY);
	REFUSED(road_queue_submit(queue, &s, NULL)); /* another space */
	IS(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	IS(road_queue_drain(f.queue, soon()), ROAD_OK);
	REFUSED(road_list_create(f.space, 0x10, &list));
	road_list_release(list);
	road_queue_release(queue);
	road_space_release(other);
	teardown(&f);
}

static void promises_must_rise(void)
{
	struct fixture f = setup("host:");
	road_event *event;
	road_queue *second;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 5, &event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &second), ROAD_OK);
	road_point signal = {event, 5};
	road_submission s = {.size = sizeof(s), .signals = &signal, .signal_count = 1};

	REFUSED(road_queue_submit(f.queue, &s, NULL));
	signal.value = 7;
	IS(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	REFUSED(road_queue_submit(f.queue, &s, NULL));
	signal.value = 8;
	IS(road_queue_submit(second, &s, NULL), ROAD_BUSY);
	IS(road_event_signal(event, 6), ROAD_BUSY);
	IS(road_queue_drain(f.queue, soon()), ROAD_OK);
	IS(road_queue_submit(second, &s, NULL), ROAD_OK);
	IS(road_queue_drain(second, soon()), ROAD_OK);
	REFUSED(road_event_signal(event, 8));
	REFUSED(road_event_fail(event, 8, ROAD_IO));
	REFUSED(road_event_fail(event, 9, ROAD_OK));
	IS(road_event_fail(event, 9, ROAD_IO), ROAD_OK);
	REFUSED(road_event_signal(event, 9));
	IS(road_point_wait((road_point){event, 9}, soon()), ROAD_IO);
	IS(road_point_wait((road_point){event, 8}, soon()), ROAD_OK);
	road_queue_release(second);
	road_event_release(event);
	teardown(&f);
}

static void waits_of_any_and_of_none(void)
{
	road_instance *instance = open_instance();
	road_event *a, *b;
	uint32_t index = 77;

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &a), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 3, &b), ROAD_OK);
	road_point points[] = {{a, 1}, {b, 2}, {b, 3}};

	IS(road_event_wait(points, 3, ROAD_WAIT_ANY, 0, &index), ROAD_OK);
	CU_ASSERT_EQUAL(index, 1);
	index = 77;
	IS(road_event_wait(points, 3, ROAD_WAIT_ALL, 0, &index), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(index, 77);
	IS(road_event_wait(NULL, 0, ROAD_WAIT_ALL, 0, NULL), ROAD_OK);
	REFUSED(road_event_wait(NULL, 0, ROAD_WAIT_ANY, 0, NULL));
	REFUSED(road_event_wait(points, 1, 9, 0, NULL));
	road_event_release(a);
	road_event_release(b);
	road_instance_release(instance);
}

static void freed_and_foreign_handles_are_named(void)
{
	struct fixture f = setup("host:");
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 64);
	road_error error = {.size = sizeof(error)};
	uint64_t address;

	road_buffer_release(buffer);
	IS(road_buffer_address(buffer, &address), ROAD_NOT_FOUND);
	REFUSED(road_buffer_address((road_buffer *)(void *)f.queue, &address));
	IS(road_last_error(&error), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(error.seen, "queue");
	CU_ASSERT_STRING_EQUAL(error.allowed, "buffer");
	IS(road_buffer_address((road_buffer *)(void *)&error, &address), ROAD_NOT_FOUND);
	road_buffer_release(buffer); /* again: nothing happens */
	teardown(&f);
}

static void what_is_held_of_a_closed_space_is_stale(void)
{
	struct fixture f = setup("host:");
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_HOST, 64);
	road_submission s = {.size = sizeof(s)};
	road_lookup_result found = {.size = sizeof(found)};
	uint64_t address;

	IS(road_buffer_address(buffer, &address), ROAD_OK);
	IS(road_lookup(f.instance, address + 63, &found), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(found.buffer, buffer);
	CU_ASSERT_EQUAL(found.offset, 63);
	IS(road_lookup(f.instance, address + 64, &found), ROAD_NOT_FOUND);
	IS(road_space_close(f.space), ROAD_OK);
	IS(road_space_close(f.space), ROAD_STALE);
	IS(road_buffer_address(buffer, &address), ROAD_STALE);
	IS(road_queue_submit(f.queue, &s, NULL), ROAD_STALE);
	IS(road_lookup(f.instance, address, &found), ROAD_NOT_FOUND);
	road_buffer_release(buffer);
	teardown(&f);
}

static void quotas_are_enforced(void)
{
	struct fixture f = setup("host:");
	road_space_options options = {.size = sizeof(options), .quota_bytes = 1000};
	road_buffer_options memory = {.size = sizeof(memory), .bytes = 600};
	road_space_usage usage = {.size = sizeof(usage)};
	road_buffer *a, *b;
	road_space *space;

	CU_ASSERT_EQUAL_FATAL(road_space_create(f.device, &options, &space), ROAD_OK);
	IS(road_buffer_create(space, &memory, &a), ROAD_OK);
	IS(road_buffer_create(space, &memory, &b), ROAD_NO_SPACE);
	road_buffer_release(a);
	IS(road_buffer_create(space, &memory, &b), ROAD_OK);
	IS(road_space_usage_get(space, &usage), ROAD_OK);
	CU_ASSERT_EQUAL(usage.bytes, 600);
	CU_ASSERT_EQUAL(usage.buffers, 1);
	road_buffer_release(b);
	road_space_release(space);
	teardown(&f);
}

static void addresses_are_checked_to_the_column(void)
{
	static const struct {
		const char *text, *column;
		road_status status;
	} bad[] = {
		{"", "column 1", ROAD_INVALID_ARGUMENT},
		{"9sim:edu", "column 1", ROAD_INVALID_ARGUMENT},
		{"sim", "column 4", ROAD_INVALID_ARGUMENT},
		{"faulty(x:sim:edu", "column 7", ROAD_INVALID_ARGUMENT},
		{"bogus(x):sim:edu", "column 1", ROAD_INVALID_ARGUMENT},
		{"bogus:edu", "", ROAD_NOT_FOUND},
		{"sim:no-such-chip", "", ROAD_NOT_FOUND},
		{"sim:edu?time=never", "", ROAD_INVALID_ARGUMENT},
		{"sim:edu?what=1", "", ROAD_INVALID_ARGUMENT},
		{"host:x", "", ROAD_INVALID_ARGUMENT},
	};
	road_instance *instance = open_instance();
	road_device *device;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_error error = {.size = sizeof(error)};

		IS(road_device_open(instance, bad[i].text, &device), bad[i].status);
		IS(road_last_error(&error), ROAD_OK);
		if (!strstr(error.where, bad[i].column))
			tell_error(bad[i].text);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.where, bad[i].column));
	}
	road_instance_release(instance);
}

static void one_identity_is_one_device(void)
{
	struct fixture f = setup("sim:edu?seed=1");
	road_device *same, *other;

	IS(road_device_open(f.instance, "sim:edu?seed=1", &same), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(same, f.device);
	REFUSED(road_device_open(f.instance, "sim:edu?seed=2", &other));
	IS(road_device_open(f.instance, "sim:edu@1?seed=2", &other), ROAD_OK);
	CU_ASSERT_PTR_NOT_EQUAL(other, f.device);
	road_device *again = NULL; /* the first one is still known */

	IS(road_device_open(f.instance, "sim:edu?seed=1", &again), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(again, f.device);
	road_device_release(again);
	road_device_info a = {.size = sizeof(a)}, b = {.size = sizeof(b)};

	IS(road_device_info_get(same, &a), ROAD_OK);
	IS(road_device_info_get(other, &b), ROAD_OK);
	CU_ASSERT_STRING_NOT_EQUAL(a.pci_address, b.pci_address);
	CU_ASSERT_NOT_EQUAL(memcmp(a.uuid, b.uuid, 16), 0);
	CU_ASSERT_EQUAL(a.uuid[6] >> 4, 8); /* RFC 9562: a version of our own making */
	CU_ASSERT_EQUAL(a.uuid[8] >> 6, 2);
	CU_ASSERT_EQUAL(a.simulated, 1);
	char address[64];

	IS(road_instance_find(f.instance, b.pci_address, address, sizeof(address)), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(address, "sim:edu@1");
	REFUSED(road_instance_find(f.instance, "nonsense", address, sizeof(address)));
	CU_ASSERT_EQUAL(road_instance_find(f.instance, "7:7:7.7", address, sizeof(address)),
			ROAD_NOT_FOUND);
	told("no device at this PCI address");
	REFUSED(road_instance_find(f.instance, b.pci_address, address, 9));
	told("buffer is too small");
	CU_ASSERT_EQUAL(b.pci_vendor, 0x1234);
	CU_ASSERT_EQUAL(b.pci_device, 0x11e8);
	road_device_release(same);
	road_device_release(other);
	teardown(&f);
}

static void only_sealed_memory_is_imported(void)
{
	struct fixture f = setup("host:");
	road_buffer *buffer;
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, 4096), 0);
	REFUSED(road_buffer_import(f.space, fd, 4096, &buffer));
	REFUSED(road_buffer_import(f.space, -1, 4096, &buffer));
	REFUSED(road_buffer_import(f.space, fd, 0, &buffer));
	close(fd);
	teardown(&f);
}

/* In a child of fork() every function answers WRONG_PROCESS and releases do nothing. */
static void a_child_of_fork_owns_nothing(void)
{
	struct fixture f = setup("host:");
	road_submission s = {.size = sizeof(s)};
	int status = -1;
	pid_t child = fork();

	if (!child) {
		int wrong = 0;
		uint64_t value;
		road_instance *instance;
		road_point tail;

		wrong += road_queue_submit(f.queue, &s, NULL) != ROAD_WRONG_PROCESS;
		wrong += road_queue_tail(f.queue, &tail) != ROAD_WRONG_PROCESS;
		wrong += road_device_clock(f.device, &value, &value) != ROAD_WRONG_PROCESS;
		wrong += road_instance_shared(&instance) != ROAD_WRONG_PROCESS;
		road_queue_release(f.queue);
		road_device_release(f.device);
		_exit(wrong);
	}
	CU_ASSERT_FATAL(child > 0);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	teardown(&f);
}

/* The parameter of this name; size 0: there is none. */
static road_sim_parameter parameter_of(road_device *device, const char *name)
{
	road_sim_parameter parameter = {.size = sizeof(parameter)};

	for (uint32_t i = 0; road_sim_parameter_get(device, i, &parameter) == ROAD_OK; i++)
		if (!strcmp(parameter.name, name))
			return parameter;
	return (road_sim_parameter){0};
}

static void simulated_chips_tell_their_parameters_and_what_could_be_free(void)
{
	struct fixture f = setup("sim:gpu-small?dram_rate=3"), host = setup("host:");
	road_sim_parameter parameter = {.size = sizeof(parameter)};
	const char *name = NULL, *text = NULL;
	uint32_t n = 0;

	REFUSED(road_sim_parameter_get(NULL, 0, &parameter));
	REFUSED(road_sim_parameter_get(f.device, 0, NULL));
	REFUSED(road_sim_parameter_get(f.device, 0, &(road_sim_parameter){.size = 8}));
	REFUSED(road_sim_scenario(NULL, 0, &name, &text));
	CU_ASSERT_EQUAL(road_sim_parameter_get(f.device, 100000, &parameter), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_sim_parameter_get(host.device, 0, &parameter), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_sim_scenario(host.device, 0, &name, &text), ROAD_UNSUPPORTED);
	parameter = parameter_of(f.device, "dram_rate");
	CU_ASSERT_NOT_EQUAL_FATAL(parameter.size, 0);
	CU_ASSERT_STRING_EQUAL(parameter.value, "3");
	CU_ASSERT_STRING_EQUAL(parameter.unit, "GB/s");
	CU_ASSERT_STRING_EQUAL(parameter.kind, "assumed");
	CU_ASSERT_STRING_EQUAL(parameter.source, "the device's address");
	CU_ASSERT_EQUAL(parameter.settable, 1);
	CU_ASSERT_EQUAL(parameter_of(f.device, "product").settable, 0);
	while (road_sim_scenario(f.device, n, &name, &text) == ROAD_OK)
		n++;
	CU_ASSERT_EQUAL(n, 7);
	CU_ASSERT_EQUAL(road_sim_scenario(f.device, 0, NULL, NULL), ROAD_OK);
	teardown(&host);
	teardown(&f);
}

/* Whoever reads them is not left with half a word, or takes a list for whole that is not. */
static void texts_that_an_error_has_no_room_for_show_that_they_go_on(void)
{
	static const struct {
		const char *address, *what, *seen, *allowed;
	} rows[] = {
		{"sim:gpu-small?speed=1", "option speed: unknown", "speed=1",
		 "a parameter of the chip, time, seed, threads, functions, …"},
		{"sim:gpu-small?boot=hang:ready", "option boot: value \"hang:ready\"",
		 "boot=hang:ready", "hang: and one of off, rom, waiting, loading, auth, …"},
		{"sim:gpu-small?time=never", "option time: value \"never\"", "time=never",
		 "functional, approx, trace"},
		{"sim:gpu-small?time=approx&threads=0&seed=123456789&functions=3&window=all&x="
		 "yyyyyyyyy",
		 "option threads: value \"0\"",
		 "time=approx&threads=0&seed=123456789&functions=3&window=all …",
		 "a number from 1 to 64"},
	};
	road_instance *instance = open_instance();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_error why = {.size = sizeof(why)};
		road_device *device = NULL;

		CU_ASSERT_EQUAL(road_device_open(instance, rows[i].address, &device),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_last_error(&why), ROAD_OK);
		CU_ASSERT_STRING_EQUAL(why.what, rows[i].what);
		CU_ASSERT_STRING_EQUAL(why.seen, rows[i].seen);
		CU_ASSERT_STRING_EQUAL(why.allowed, rows[i].allowed);
		if (strcmp(why.seen, rows[i].seen))
			printf("# %s\n", why.seen);
	}
	road_instance_release(instance);
}

static const struct tap_case cases[] = {
	{"texts that an error has no room for show that they go on",
	 texts_that_an_error_has_no_room_for_show_that_they_go_on},
	{"simulated chips tell their parameters, and what could be free",
	 simulated_chips_tell_their_parameters_and_what_could_be_free},
	{"null arguments are refused", null_arguments_are_refused},
	{"buffers check size, alignment, heap and flags",
	 buffers_check_size_alignment_heap_and_flags},
	{"ranges that leave a buffer are refused", ranges_that_leave_a_buffer_are_refused},
	{"boxes check pitches", boxes_check_pitches},
	{"structures may be short, or long with a zero tail",
	 structures_may_be_short_or_long_with_zero_tail},
	{"lists know their state and space", lists_know_their_state_and_space},
	{"promises must rise", promises_must_rise},
	{"waits of any and of none", waits_of_any_and_of_none},
	{"freed and foreign handles are named", freed_and_foreign_handles_are_named},
	{"what is held of a closed space is stale", what_is_held_of_a_closed_space_is_stale},
	{"quotas are enforced", quotas_are_enforced},
	{"addresses are checked to the column", addresses_are_checked_to_the_column},
	{"one identity is one device", one_identity_is_one_device},
	{"only sealed memory is imported", only_sealed_memory_is_imported},
	{"a child of fork owns nothing", a_child_of_fork_owns_nothing},
};

TAP_MAIN(cases)
