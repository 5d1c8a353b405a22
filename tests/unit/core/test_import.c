/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that several buffers, devices and processes share; what heaps tell of their buffers. The
 * other process is this program once more, with arguments. */
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

static const char *const devices[] = {"host:", "sim:gpu-small?time=functional"};
enum { DEVICES = 2, BYTES = 10000 };

static void fill(struct fixture *f, road_buffer *buffer, uint64_t offset, uint32_t word)
{
	CU_ASSERT_EQUAL(road_queue_fill(f->queue, buffer, offset, 4, word, 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
}

static uint32_t word_of(struct fixture *f, road_buffer *buffer, uint64_t offset)
{
	uint32_t word = 0;

	CU_ASSERT_EQUAL(road_queue_read(f->queue, &word, buffer, offset, 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	return word;
}

static void an_imported_descriptor_is_the_same_memory(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_buffer *a = buffer_of(&f, ROAD_HEAP_HOST, BYTES), *b = NULL;
		uint64_t address_a = 0, address_b = 0;
		uint32_t *host;
		int fd = -1;

		CU_ASSERT_EQUAL_FATAL(road_buffer_export(a, &fd), ROAD_OK);
		road_status status = road_buffer_import(f.space, fd, BYTES, &b);

		if (status)
			tell_error("import");
		CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
		close(fd);
		fill(&f, a, BYTES - 4, 0x1234567);
		CU_ASSERT_EQUAL(word_of(&f, b, BYTES - 4), 0x1234567);
		host = mapped(b);
		host[0] = 77;
		CU_ASSERT_EQUAL(word_of(&f, a, 0), 77);
		CU_ASSERT_EQUAL(road_buffer_address(a, &address_a), ROAD_OK);
		CU_ASSERT_EQUAL(road_buffer_address(b, &address_b), ROAD_OK);
		CU_ASSERT_NOT_EQUAL(address_a, address_b);
		CU_ASSERT_EQUAL(road_queue_fill(f.queue, b, BYTES - 3, 4, 0, 4, NULL),
				ROAD_INVALID_ARGUMENT);
		road_buffer_release(a); /* the memory lives on */
		fill(&f, b, 4, 99);
		CU_ASSERT_EQUAL(word_of(&f, b, BYTES - 4), 0x1234567);
		CU_ASSERT_EQUAL(host[1], 99);
		CU_ASSERT_EQUAL(road_buffer_export(b, &fd), ROAD_UNSUPPORTED);
		road_buffer_release(b);
		teardown(&f);
	}
}

static void what_cannot_be_shared_says_so(void)
{
	struct fixture f = setup("sim:edu"), g = setup("host:");
	road_buffer *device = buffer_of(&g, ROAD_HEAP_DEVICE, 64);
	road_buffer *host = buffer_of(&g, ROAD_HEAP_HOST, 64), *view, *out = NULL;
	road_token token;
	int fd = -1;

	CU_ASSERT_EQUAL(road_buffer_export(device, &fd), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_buffer_export_token(device, &token), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_buffer_attach(device, f.space, &out), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_buffer_attach(host, f.space, &out), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_buffer_attach(host, g.space, &out), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_attach(host, NULL, &out), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_attach(NULL, g.space, &out), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_attach(host, f.space, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_view(host, 8, 8, &view), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_attach(view, f.space, &out), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_PTR_NULL(out);
	road_buffer_release(view);
	road_buffer_release(device);
	road_buffer_release(host);
	teardown(&g);
	teardown(&f);
}

/* From device to device, and to another space of one device. */
static void attached_memory_is_seen_from_both_spaces(void)
{
	struct fixture f = setup(devices[0]), g = setup(devices[1]);
	road_space *second;
	road_buffer *a = buffer_of(&f, ROAD_HEAP_HOST, BYTES), *b = NULL, *c = NULL;

	CU_ASSERT_EQUAL_FATAL(road_space_create(f.device, NULL, &second), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_attach(a, g.space, &b), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_attach(a, second, &c), ROAD_OK);
	fill(&f, a, 400, 4711);
	CU_ASSERT_EQUAL(word_of(&g, b, 400), 4711);
	fill(&g, b, 404, 4712);
	CU_ASSERT_EQUAL(word_of(&f, a, 404), 4712);
	CU_ASSERT_EQUAL(((uint32_t *)mapped(c))[101], 4712);
	road_buffer_release(a);
	CU_ASSERT_EQUAL(word_of(&g, b, 400), 4711);
	road_buffer_release(b);
	road_buffer_release(c);
	road_space_release(second);
	teardown(&g);
	teardown(&f);
}

static void tokens_name_living_memory_and_nothing_else(void)
{
	struct fixture f = setup("host:");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_HOST, BYTES), *b = NULL;
	road_token token, bad;
	road_buffer_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL(road_buffer_export_token(NULL, &token), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_export_token(a, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL_FATAL(road_buffer_export_token(a, &token), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_import_token(NULL, &token, &b), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_import_token(f.space, NULL, &b), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_import_token(f.space, &token, NULL), ROAD_INVALID_ARGUMENT);
	for (size_t i = 0; i < sizeof(bad.bytes); i++) { /* no byte of it may be another one */
		bad = token;
		bad.bytes[i] ^= 0x40;
		CU_ASSERT_EQUAL(road_buffer_import_token(f.space, &bad, &b), ROAD_INVALID_ARGUMENT);
	}
	CU_ASSERT_PTR_NULL(b);
	CU_ASSERT_EQUAL_FATAL(road_buffer_import_token(f.space, &token, &b), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_info_get(b, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.bytes, BYTES);
	fill(&f, b, 8, 5);
	CU_ASSERT_EQUAL(word_of(&f, a, 8), 5);
	road_buffer_release(a);
	road_buffer_release(b);
	b = NULL;
	CU_ASSERT_EQUAL(road_buffer_import_token(f.space, &token, &b), ROAD_NOT_FOUND);
	a = buffer_of(&f, ROAD_HEAP_HOST, BYTES); /* its descriptor has the old one's number */
	CU_ASSERT_EQUAL(road_buffer_import_token(f.space, &token, &b), ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NULL(b);
	road_buffer_release(a);
	teardown(&f);
}

/* The other side of the case below: reads 1, writes 2 beside it. */
static int other_process(const char *text)
{
	road_instance_options options = {.size = sizeof(options), .flags = ROAD_INSTANCE_NO_ENV};
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_buffer *buffer;
	road_token token;
	void *pointer;

	for (size_t i = 0; i < sizeof(token.bytes); i++)
		if (sscanf(text + 2 * i, "%2hhx", &token.bytes[i]) != 1)
			return 2;
	if (road_instance_create(&options, &instance) ||
	    road_device_open(instance, "host:", &device) || road_space_shared(device, &space))
		return 3;
	if (road_buffer_import_token(space, &token, &buffer) ||
	    road_buffer_map(buffer, 0, 8, ROAD_MAP_READ | ROAD_MAP_WRITE, &pointer))
		return 4;
	if (((uint32_t *)pointer)[0] != 1)
		return 5;
	((uint32_t *)pointer)[1] = 2;
	road_buffer_release(buffer);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
	return 0;
}

static void another_process_imports_a_token(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct fixture f = setup(devices[d]);
		road_buffer *a = buffer_of(&f, ROAD_HEAP_HOST, BYTES);
		char text[2 * sizeof(road_token) + 1];
		road_token token;
		int status = -1;

		fill(&f, a, 0, 1);
		CU_ASSERT_EQUAL_FATAL(road_buffer_export_token(a, &token), ROAD_OK);
		for (size_t i = 0; i < sizeof(token.bytes); i++)
			snprintf(text + 2 * i, 3, "%02x", token.bytes[i]);
		pid_t child = fork();

		if (!child) {
			execl("/proc/self/exe", "test", "--other-process", text, (char *)NULL);
			_exit(127);
		}
		CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
		if (status)
			printf("# %s: the other process ended with 0x%x\n", devices[d], status);
		CU_ASSERT_EQUAL(status, 0);
		CU_ASSERT_EQUAL(word_of(&f, a, 4), 2);
		road_buffer_release(a);
		teardown(&f);
	}
}

/* Without a server: by name, as buffers are; and no one's bytes are the other's. */
static void an_event_has_a_token_too(void)
{
	struct fixture f = setup("host:");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_HOST, BYTES), *no_buffer = NULL;
	road_event *mine, *theirs = NULL, *none = NULL;
	road_token of_event, of_buffer, kept = {{7}};
	uint64_t value = 0;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 3, &mine), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_export_token(mine, f.device, 0, &of_event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_import_token(f.device, &of_event, &theirs), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_value(theirs, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 3);
	CU_ASSERT_EQUAL(road_event_signal(mine, 9), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){theirs, 9}, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_export_token(a, &of_buffer), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_import_token(f.device, &of_buffer, &none),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_buffer_import_token(f.space, &of_event, &no_buffer),
			ROAD_INVALID_ARGUMENT);
	/* Nobody looks at who imports a name. */
	CU_ASSERT_EQUAL(road_buffer_export_token_to(a, 1, &kept), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_event_export_token(mine, f.device, 1, &kept), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(kept.bytes[0], 7);
	road_event_release(theirs);
	road_event_release(mine);
	CU_ASSERT_EQUAL(road_event_import_token(f.device, &of_event, &none), ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NULL(none);
	CU_ASSERT_PTR_NULL(no_buffer);
	road_buffer_release(a);
	teardown(&f);
}

static void heaps_count_their_buffers(void)
{
	static const char *const all[] = {"host:", "sim:edu", "sim:gpu-small"};

	for (int d = 0; d < 3; d++) {
		struct fixture f = setup(all[d]);
		road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 1000);
		road_buffer *b = buffer_of(&f, ROAD_HEAP_DEVICE, 500), *view;
		road_heap_info heap = {.size = sizeof(heap)};

		CU_ASSERT_EQUAL(road_buffer_view(a, 10, 10, &view), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_heap(f.device, 0, &heap), ROAD_OK);
		CU_ASSERT_EQUAL(heap.kind, ROAD_HEAP_DEVICE);
		CU_ASSERT_EQUAL(heap.buffer_count, 2); /* views have no memory of their own */
		CU_ASSERT_EQUAL(heap.buffer_bytes, 1500);
		CU_ASSERT(heap.used_bytes >= heap.buffer_bytes);
		road_buffer_release(view);
		road_buffer_release(a);
		CU_ASSERT_EQUAL(road_device_heap(f.device, 0, &heap), ROAD_OK);
		CU_ASSERT_EQUAL(heap.buffer_count, 1);
		CU_ASSERT_EQUAL(heap.buffer_bytes, 500);
		CU_ASSERT_EQUAL(heap.buffer_peak_bytes, 1500);
		CU_ASSERT_EQUAL(road_space_close(f.space), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_heap(f.device, 0, &heap), ROAD_OK);
		CU_ASSERT_EQUAL(heap.buffer_count, 0);
		heap.size = 40; /* an older caller */
		heap.buffer_peak_bytes = 3;
		CU_ASSERT_EQUAL(road_device_heap(f.device, 0, &heap), ROAD_OK);
		CU_ASSERT_EQUAL(heap.buffer_peak_bytes, 3);
		road_buffer_release(b);
		teardown(&f);
	}
}

static const struct tap_case cases[] = {
	{"an imported descriptor is the same memory", an_imported_descriptor_is_the_same_memory},
	{"what cannot be shared says so", what_cannot_be_shared_says_so},
	{"attached memory is seen from both spaces", attached_memory_is_seen_from_both_spaces},
	{"tokens name living memory and nothing else", tokens_name_living_memory_and_nothing_else},
	{"another process imports a token", another_process_imports_a_token},
	{"an event has a token, too", an_event_has_a_token_too},
	{"heaps count their buffers", heaps_count_their_buffers},
};

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--other-process"))
		return other_process(argv[2]);
	return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
