/* SPDX-License-Identifier: Apache-2.0 */
/* The host driver: what commands mean, memory, images. */
#include <fcntl.h>
#include <fenv.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/host/fixture.h"

/* ---- commands ---- */

static void copies_that_overlap_read_before_they_write(void)
{
	struct fixture f;
	char bytes[64], expected[64];

	setup(&f);
	for (unsigned dst = 0; dst < 16; dst += 5) {
		for (unsigned src = 0; src < 16; src += 5) {
			for (int i = 0; i < 64; i++)
				bytes[i] = expected[i] = (char)i;
			memmove(expected + dst, expected + src, 40);
			const struct road_cmd command = {.kind = ROAD_COMMAND_COPY,
							 .copy = {.dst = at(bytes + dst),
								  .src = at(bytes + src),
								  .bytes = 40,
								  .rows = 1,
								  .slices = 1}};

			run_command(&f, &command);
			CU_ASSERT_EQUAL(memcmp(bytes, expected, 64), 0);
		}
	}
	teardown(&f);
}

static void boxes_keep_what_lies_between_their_rows(void)
{
	enum { ROWS = 3, SLICES = 2, BYTES = 5 };
	struct fixture f;
	unsigned char src[200], dst[300], expected[300];

	setup(&f);
	for (int i = 0; i < 200; i++)
		src[i] = (unsigned char)(i + 1);
	memset(dst, 0xee, sizeof(dst));
	memset(expected, 0xee, sizeof(expected));
	for (int s = 0; s < SLICES; s++)
		for (int r = 0; r < ROWS; r++)
			memcpy(expected + 2 + s * 101 + r * 11, src + 7 + s * 60 + r * 9, BYTES);
	const struct road_cmd command = {.kind = ROAD_COMMAND_COPY,
					 .copy = {.dst = at(dst + 2),
						  .src = at(src + 7),
						  .bytes = BYTES,
						  .rows = ROWS,
						  .slices = SLICES,
						  .dst_row_pitch = 11,
						  .dst_slice_pitch = 101,
						  .src_row_pitch = 9,
						  .src_slice_pitch = 60}};

	run_command(&f, &command);
	CU_ASSERT_EQUAL(memcmp(dst, expected, sizeof(dst)), 0);
	teardown(&f);
}

static void fills_repeat_the_pattern(void)
{
	struct fixture f;
	unsigned char bytes[130], expected[130];

	setup(&f);
	for (uint32_t width = 1; width <= 8; width *= 2) {
		for (uint64_t count = width; count <= 120; count += width) {
			const uint64_t value = UINT64_C(0x1122334455667788);
			const struct road_cmd command = {.kind = ROAD_COMMAND_FILL,
							 .fill = {.dst = at(bytes + 1),
								  .bytes = count,
								  .pattern = value,
								  .pattern_bytes = width}};

			memset(bytes, 0, sizeof(bytes));
			memset(expected, 0, sizeof(expected));
			for (uint32_t i = 0; i < count; i++)
				expected[1 + i] = (unsigned char)(value >> i % width * 8);
			run_command(&f, &command);
			CU_ASSERT_EQUAL(memcmp(bytes, expected, sizeof(bytes)), 0);
		}
	}
	teardown(&f);
}

static void words_are_compared_as_the_interface_says(void)
{
	static const struct {
		uint32_t compare, bytes;
		uint64_t word, value;
		bool holds;
	} rows[] = {
		{ROAD_COMPARE_GE, 8, 5, 5, true},
		{ROAD_COMPARE_GE, 8, 4, 5, false},
		{ROAD_COMPARE_GE, 8, 3, UINT64_MAX, true}, /* cyclic: 3 comes after -1 */
		{ROAD_COMPARE_GE, 8, UINT64_MAX, 3, false},
		{ROAD_COMPARE_GE, 4, 3, UINT32_MAX, true},
		{ROAD_COMPARE_GE, 4, UINT32_MAX, 3, false},
		{ROAD_COMPARE_GE, 4, UINT64_C(7) << 32, 1, false}, /* only the low word counts */
		{ROAD_COMPARE_EQ, 8, 9, 9, true},
		{ROAD_COMPARE_EQ, 8, UINT64_C(1) << 32 | 9, 9, false},
		{ROAD_COMPARE_EQ, 4, UINT64_C(1) << 32 | 9, 9, true},
		{ROAD_COMPARE_EQ, 4, 9, UINT64_C(1) << 32 | 9, true},
		{ROAD_COMPARE_AND, 8, 6, 2, true},
		{ROAD_COMPARE_AND, 8, 6, 1, false},
		{ROAD_COMPARE_AND, 4, UINT64_C(1) << 40, UINT64_C(1) << 40, false},
		{ROAD_COMPARE_NOR, 8, UINT64_MAX << 1, 0, true},
		{ROAD_COMPARE_NOR, 8, UINT64_MAX << 1, 1, false},
		{ROAD_COMPARE_NOR, 4, UINT32_MAX, 0, false},
		{ROAD_COMPARE_NOR, 4, UINT32_MAX - 1, 0, true},
	};
	struct fixture f;

	setup(&f);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t word = rows[i].word;
		struct road_cmd command = {.kind = ROAD_COMMAND_WAIT_VALUE,
					   .word = {.at = at(&word),
						    .bytes = rows[i].bytes,
						    .compare = rows[i].compare,
						    .value = rows[i].value}};
		struct road_drv_queue queue;

		open_queue(&f, &queue, 1);
		CU_ASSERT_EQUAL(submit(&f, &queue, 1, &command, 1), ROAD_OK);
		run_all();
		if (progress_of(&f, &queue).completed != rows[i].holds)
			printf("# row %u\n", i);
		CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, rows[i].holds);
		f.ops->queue_close(&queue);
	}
	teardown(&f);
}

static void words_are_stored_in_their_width_and_the_clock_is_the_hosts(void)
{
	struct fixture f;
	uint32_t words[4] = {1, 2, 3, 4};
	uint64_t stamps[2] = {0, 0}, before;
	struct road_cmd command = {
		.kind = ROAD_COMMAND_WRITE_VALUE,
		.word = {.at = at(words + 1), .bytes = 4, .value = 0x99aabbccdd}};

	setup(&f);
	run_command(&f, &command);
	CU_ASSERT_EQUAL(words[1], 0xaabbccdd);
	CU_ASSERT_EQUAL(words[2], 3);
	before = road_host_now_ns();
	command = (struct road_cmd){.kind = ROAD_COMMAND_TIMESTAMP,
				    .word = {.at = at(stamps), .bytes = 8}};
	run_command(&f, &command);
	CU_ASSERT(stamps[0] >= before);
	CU_ASSERT(stamps[0] <= road_host_now_ns());
	CU_ASSERT_EQUAL(stamps[1], 0);
	teardown(&f);
}

/* ---- images and launches ---- */

struct trace_arguments {
	uint8_t first;
	double *out; /* aligned to 8 */
	uint32_t *count;
};

/* Writes down its place, and what it finds of memory and rounding. */
static int trace(const road_host_group *g, const void *arguments)
{
	const struct trace_arguments *a = arguments;
	volatile double one = 1, three = 3;
	uint32_t linear = (g->group.z * g->grid.y + g->group.y) * g->grid.x + g->group.x;

	if (*a->count != linear || a->first != 42)
		return 1;
	++*a->count;
	if (g->shared_bytes != 100 || (uintptr_t)g->shared % 64)
		return 2;
	memset(g->shared, 1, g->shared_bytes);
	if (linear == 0)
		a->out[0] = one / three;
	if (linear == 59)
		fesetround(FE_TOWARDZERO); /* does not get out */
	return 0;
}

static int no_shared(const road_host_group *g, const void *arguments)
{
	(void)arguments;
	return g->shared || g->shared_bytes;
}

static const uint32_t trace_sizes[] = {1, 8, 8};
static const uint32_t odd_sizes[] = {1, 2, 12, 4, 16, 3, 24};
static const road_host_kernel kernels[] = {
	{"trace", trace, 3, 60, trace_sizes},
	{"odd", no_shared, 7, 0, odd_sizes},
	{"plain", no_shared, 0, 0, NULL},
};
static const road_host_module module = {sizeof(module), 3, kernels};

static road_status load(struct fixture *f, struct road_drv_image *image, const char *text)
{
	*image = (struct road_drv_image){.space = &f->space};
	return host_image_ops.load(image, text, strlen(text), NULL);
}

static void open_kernel(struct road_drv_image *image, struct road_drv_kernel *kernel,
			const char *name)
{
	*kernel = (struct road_drv_kernel){.image = image};
	CU_ASSERT_EQUAL_FATAL(host_image_ops.kernel(kernel, name), ROAD_OK);
}

static void workgroups_run_in_linear_order_whatever_the_callers_rounding(void)
{
	struct fixture f;
	struct road_drv_image image;
	struct road_drv_kernel kernel;
	double nearest = 0, upward = 0;
	uint32_t count = 0;
	struct trace_arguments arguments = {42, &nearest, &count};
	struct road_cmd command = {.kind = ROAD_COMMAND_LAUNCH,
				   .launch = {.kernel = &kernel,
					      .grid = {3, 4, 5},
					      .block = {7, 1, 1},
					      .shared_bytes = 40,
					      .arguments = &arguments,
					      .argument_bytes = sizeof(arguments)}};

	setup(&f);
	CU_ASSERT_EQUAL(road_host_register("host test", &module), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(load(&f, &image, "host test"), ROAD_OK);
	open_kernel(&image, &kernel, "trace");
	CU_ASSERT_EQUAL(kernel.info.argument_bytes, sizeof(arguments));
	CU_ASSERT_EQUAL(kernel.info.shared_bytes, 60);
	run_command(&f, &command);
	CU_ASSERT_EQUAL(count, 60);
	CU_ASSERT_EQUAL(fegetround(), FE_TONEAREST);
	count = 0;
	arguments.out = &upward;
	fesetround(FE_UPWARD); /* rounds a third to another number than the default does */
	run_command(&f, &command);
	int kept = fegetround();

	fesetround(FE_TONEAREST);
	CU_ASSERT_EQUAL(kept, FE_UPWARD);
	CU_ASSERT_EQUAL(upward, nearest);
	CU_ASSERT(nearest > 0);
	host_image_ops.kernel_free(&kernel);
	open_kernel(&image, &kernel, "plain");
	command.launch =
		(struct road_cmd_launch){.kernel = &kernel, .grid = {2, 1, 1}, .block = {1, 1, 1}};
	run_command(&f, &command);
	host_image_ops.kernel_free(&kernel);
	host_image_ops.unload(&image);
	teardown(&f);
}

static void arguments_are_aligned_to_their_size_at_most_to_16(void)
{
	/* sizes:                               1, 2, 12, 4, 16, 3, 24 */
	static const uint32_t offsets[] = {0, 2, 16, 28, 32, 48, 64};
	static const uint32_t alignments[] = {1, 2, 16, 4, 16, 4, 16};
	struct fixture f;
	struct road_drv_image image;
	struct road_drv_kernel kernel;

	setup(&f);
	CU_ASSERT_EQUAL(road_host_register("host test", &module), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(load(&f, &image, "host test"), ROAD_OK);
	open_kernel(&image, &kernel, "odd");
	CU_ASSERT_EQUAL_FATAL(kernel.info.argument_count, 7);
	for (int i = 0; i < 7; i++) {
		CU_ASSERT_EQUAL(kernel.arguments[i].bytes, odd_sizes[i]);
		CU_ASSERT_EQUAL(kernel.arguments[i].offset, offsets[i]);
		CU_ASSERT_EQUAL(kernel.arguments[i].alignment, alignments[i]);
	}
	CU_ASSERT_EQUAL(kernel.info.argument_bytes, 88);
	host_image_ops.kernel_free(&kernel);
	CU_ASSERT_EQUAL(host_image_ops.kernel(&kernel, "none"), ROAD_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(host_image_ops.kernel_name(&image, 1), "odd");
	CU_ASSERT_PTR_NULL(host_image_ops.kernel_name(&image, 3));
	host_image_ops.unload(&image);
	teardown(&f);
}

static void launches_that_cannot_be_are_refused(void)
{
	struct fixture f;
	struct road_drv_image image;
	struct road_drv_kernel kernel;
	struct road_cmd_launch launch = {.kernel = &kernel,
					 .grid = {1, 1, 1},
					 .block = {64, 1, 1},
					 .flags = ROAD_LAUNCH_COOPERATIVE};

	setup(&f);
	CU_ASSERT_EQUAL(road_host_register("host test", &module), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(load(&f, &image, "host test"), ROAD_OK);
	open_kernel(&image, &kernel, "trace");
	CU_ASSERT_EQUAL(host_image_ops.check_launch(&launch), ROAD_OK);
	launch.grid.z = 2;
	CU_ASSERT_EQUAL(host_image_ops.check_launch(&launch), ROAD_NO_SPACE);
	launch.flags = 0;
	CU_ASSERT_EQUAL(host_image_ops.check_launch(&launch), ROAD_OK);
	launch.shared_bytes = UINT32_MAX - 30; /* with the static 60 it would wrap */
	CU_ASSERT_EQUAL(host_image_ops.check_launch(&launch), ROAD_NO_SPACE);
	host_image_ops.kernel_free(&kernel);
	host_image_ops.unload(&image);
	teardown(&f);
}

static void shared_objects_of_kernels_are_loaded(void)
{
	struct fixture f;
	struct road_drv_image image;
	struct road_drv_kernel kernel;
	uint32_t out[6] = {1, 2, 3, 4, 5, 6};
	struct {
		uint32_t *out;
		uint32_t value;
	} arguments = {out, 100};
	struct road_cmd command = {.kind = ROAD_COMMAND_LAUNCH,
				   .launch = {.kernel = &kernel,
					      .grid = {2, 1, 1},
					      .block = {3, 1, 1},
					      .arguments = &arguments,
					      .argument_bytes = 12}};

	setup(&f);
	CU_ASSERT_EQUAL_FATAL(load(&f, &image, MODULE_PATH), ROAD_OK);
	open_kernel(&image, &kernel, "add");
	CU_ASSERT_EQUAL(kernel.info.argument_bytes, 12);
	run_command(&f, &command);
	for (uint32_t i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(out[i], i + 101);
	host_image_ops.kernel_free(&kernel);
	host_image_ops.unload(&image);
	teardown(&f);
}

static void bad_images_are_refused_with_a_reason(void)
{
	struct fixture f;
	struct road_drv_image image = {0};
	char log[200] = "", path[5000];
	struct road_image_options options = {
		.size = sizeof(options), .log = log, .log_bytes = sizeof(log)};

	setup(&f);
	CU_ASSERT_EQUAL(load(&f, &image, "nobody registered this"), ROAD_IMAGE_INVALID);
	CU_ASSERT(services_error_has("nobody registered this"));
	CU_ASSERT_EQUAL(host_image_ops.load(&image, "/no/such.so", 11, &options),
			ROAD_IMAGE_INVALID);
	CU_ASSERT_PTR_NOT_NULL(strstr(log, "/no/such.so"));
	CU_ASSERT_EQUAL(host_image_ops.load(&image, "a\0b", 3, NULL), ROAD_IMAGE_INVALID);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	CU_ASSERT_EQUAL(host_image_ops.load(&image, path, sizeof(path), NULL), ROAD_IMAGE_INVALID);
	CU_ASSERT_EQUAL(load(&f, &image, NO_MODULE_PATH), ROAD_IMAGE_INVALID);
	CU_ASSERT(services_error_has("symbol"));
	teardown(&f);
}

static void bad_tables_are_refused_with_a_reason(void)
{
	static const uint32_t none[] = {0}, huge[] = {65537}, many[] = {65536, 1};
	static const uint32_t wraps[] = {65536, UINT32_MAX};
	static const struct {
		road_host_kernel kernel;
		const char *reason;
	} rows[] = {
		{{NULL, no_shared, 0, 0, NULL}, "no name"},
		{{"", no_shared, 0, 0, NULL}, "no name"},
		{{"k", NULL, 0, 0, NULL}, "no function"},
		{{"k", no_shared, 1, 0, NULL}, "no argument sizes"},
		{{"k", no_shared, UINT32_MAX, 0, none}, "4294967295 arguments"},
		{{"k", no_shared, 1, 0, none}, "no bytes"},
		{{"k", no_shared, 1, 0, huge}, "65536"},
		{{"k", no_shared, 2, 0, many}, "65536"},
		{{"k", no_shared, 2, 0, wraps}, "65536"},
		{{"k", no_shared, 0, UINT32_MAX, NULL}, "shared memory"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const road_host_module bad = {sizeof(bad), 1, &rows[i].kernel};

		CU_ASSERT_EQUAL(road_host_register("bad", &bad), ROAD_INVALID_ARGUMENT);
		CU_ASSERT(services_error_has(rows[i].reason));
	}
	const road_host_module small = {4, 0, NULL}, missing = {sizeof(missing), 1, NULL};

	CU_ASSERT_EQUAL(road_host_register("bad", &small), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_host_register("bad", &missing), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_host_register("bad", NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_host_register(NULL, &module), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_host_register("", &module), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_host_register("/path", &module), ROAD_INVALID_ARGUMENT);
}

enum { RACERS = 4, NAMES = 200 };

struct racer {
	pthread_t thread;
	road_host_module module;
	int won;
	bool sane;
};

static void *race(void *argument)
{
	struct racer *self = argument;
	char name[32];

	self->sane = true;
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "race %d", i);
		road_status status = road_host_register(name, &self->module);

		self->won += status == ROAD_OK;
		self->sane &= status == ROAD_OK || status == ROAD_BUSY;
	}
	return NULL;
}

static void a_name_belongs_to_one_table(void)
{
	static struct racer racers[RACERS]; /* tables stay valid for the life of the process */
	static const road_host_module other = {sizeof(other), 3, kernels};
	int won = 0;

	CU_ASSERT_EQUAL(road_host_register("host test", &module), ROAD_OK);
	CU_ASSERT_EQUAL(road_host_register("host test", &module), ROAD_OK);
	CU_ASSERT_EQUAL(road_host_register("host test", &other), ROAD_BUSY);
	for (int i = 0; i < RACERS; i++) {
		racers[i].module = module;
		CU_ASSERT_EQUAL_FATAL(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < RACERS; i++) {
		pthread_join(racers[i].thread, NULL);
		CU_ASSERT_TRUE(racers[i].sane);
		won += racers[i].won;
	}
	CU_ASSERT_EQUAL(won, NAMES);
}

/* ---- memory, device ---- */

static void memory_is_zero_aligned_and_counted(void)
{
	struct fixture f;
	struct road_heap_info info;

	setup(&f);
	for (uint32_t heap = 0; heap < ROAD_HEAP_SCRATCH; heap++) {
		for (uint64_t align = 0; align <= UINT64_C(2) << 20;
		     align = align ? align * 8 : 1) {
			struct road_drv_buffer b = {.space = &f.space,
						    .heap = heap,
						    .bytes = 10000,
						    .alignment = align};
			int set = 0;

			CU_ASSERT_EQUAL_FATAL(host_memory_ops.alloc(&b), ROAD_OK);
			CU_ASSERT_EQUAL(host_memory_ops.heap(&f.dev, heap, &info), ROAD_OK);
			CU_ASSERT_EQUAL(info.kind, heap);
			CU_ASSERT_EQUAL(info.used_bytes, 10000);
			CU_ASSERT_EQUAL(b.address % (align ? align : info.granule_bytes), 0);
			CU_ASSERT_EQUAL(b.address, (uint64_t)(uintptr_t)b.host);
			for (int i = 0; i < 10000; i++)
				set += ((char *)b.host)[i] != 0;
			CU_ASSERT_EQUAL(set, 0);
			memset(b.host, 0xaa, 10000);
			host_memory_ops.free(&b);
		}
		CU_ASSERT_EQUAL(host_memory_ops.heap(&f.dev, heap, &info), ROAD_OK);
		CU_ASSERT_EQUAL(info.used_bytes, 0);
	}
	CU_ASSERT_EQUAL(host_memory_ops.heap(&f.dev, ROAD_HEAP_SCRATCH, &info), ROAD_NOT_FOUND);
	teardown(&f);
}

static void more_than_the_machine_has_is_refused(void)
{
	struct fixture f;
	struct road_drv_buffer b = {.space = &f.space, .bytes = UINT64_C(1) << 60};

	setup(&f);
	for (uint32_t heap = 0; heap < ROAD_HEAP_SCRATCH; heap++) {
		b.heap = heap;
		CU_ASSERT_EQUAL(host_memory_ops.alloc(&b), ROAD_OUT_OF_DEVICE_MEMORY);
	}
	teardown(&f);
}

static void host_memory_is_a_descriptor_that_cannot_shrink(void)
{
	struct fixture f;
	struct road_drv_buffer b = {.space = &f.space, .heap = ROAD_HEAP_HOST, .bytes = 5000};
	struct road_drv_buffer d = {.space = &f.space, .heap = ROAD_HEAP_DEVICE, .bytes = 5000};
	struct stat stat;

	setup(&f);
	CU_ASSERT_EQUAL_FATAL(host_memory_ops.alloc(&b), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(host_memory_ops.alloc(&d), ROAD_OK);
	CU_ASSERT(d.dma.fd < 0);
	CU_ASSERT_PTR_EQUAL(b.dma.host, b.host);
	CU_ASSERT_EQUAL_FATAL(fstat(b.dma.fd, &stat), 0);
	CU_ASSERT(stat.st_size >= 5000);
	CU_ASSERT(fcntl(b.dma.fd, F_GET_SEALS) & F_SEAL_SHRINK);
	char *seen = mmap(NULL, 5000, PROT_READ, MAP_SHARED, b.dma.fd, 0);

	CU_ASSERT_PTR_NOT_EQUAL_FATAL(seen, MAP_FAILED);
	strcpy(b.host, "one memory");
	CU_ASSERT_STRING_EQUAL(seen, "one memory");
	munmap(seen, 5000);
	host_memory_ops.free(&b);
	host_memory_ops.free(&d);
	teardown(&f);
}

static void the_device_tells_what_it_is(void)
{
	struct fixture f;
	struct road_drv_device other = {0};
	struct road_device_info info = {0};
	struct road_property property;
	bool watchdog_told = false;

	setup(&f);
	CU_ASSERT_EQUAL(f.ops->start(&other, "cores=3"), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(services_error_has("cores=3"));
	f.ops->info(&f.dev, &info);
	CU_ASSERT_EQUAL(info.device_class, ROAD_CLASS_CPU);
	CU_ASSERT_EQUAL(info.heap_count, ROAD_HEAP_SCRATCH);
	for (uint32_t i = 0; !f.ops->property(&f.dev, i, &property); i++) {
		CU_ASSERT_EQUAL(property.id, i + 1);
		watchdog_told |= !strcmp(property.name, "watchdog") && !property.u64;
	}
	CU_ASSERT_TRUE(watchdog_told);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"copies that overlap read before they write", copies_that_overlap_read_before_they_write},
	{"boxes keep what lies between their rows", boxes_keep_what_lies_between_their_rows},
	{"fills repeat the pattern", fills_repeat_the_pattern},
	{"words are compared as the interface says", words_are_compared_as_the_interface_says},
	{"words are stored in their width and the clock is the host's",
	 words_are_stored_in_their_width_and_the_clock_is_the_hosts},
	{"workgroups run in linear order whatever the caller's rounding",
	 workgroups_run_in_linear_order_whatever_the_callers_rounding},
	{"arguments are aligned to their size at most to 16",
	 arguments_are_aligned_to_their_size_at_most_to_16},
	{"launches that cannot be are refused", launches_that_cannot_be_are_refused},
	{"shared objects of kernels are loaded", shared_objects_of_kernels_are_loaded},
	{"bad images are refused with a reason", bad_images_are_refused_with_a_reason},
	{"bad tables are refused with a reason", bad_tables_are_refused_with_a_reason},
	{"a name belongs to one table", a_name_belongs_to_one_table},
	{"memory is zero aligned and counted", memory_is_zero_aligned_and_counted},
	{"more than the machine has is refused", more_than_the_machine_has_is_refused},
	{"host memory is a descriptor that cannot shrink",
	 host_memory_is_a_descriptor_that_cannot_shrink},
	{"the device tells what it is", the_device_tells_what_it_is},
};

TAP_MAIN(cases)
