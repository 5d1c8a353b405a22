/* SPDX-License-Identifier: Apache-2.0 */
/* What launches may ask for, and in which order queues are served, as the firmware says. */
#include "tests/firmware/chips.h"

enum { GPGPU, DSA, RPU };

static void *read_file(const char *path, size_t *bytes)
{
	enum { MOST = 1 << 20 };
	FILE *file = fopen(path, "r");
	char *data = malloc(MOST);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	*bytes = fread(data, 1, MOST, file);
	fclose(file);
	return data;
}

static road_status load(struct fixture *f, const void *bytes, size_t count, road_image **image)
{
	*image = NULL;
	return road_image_load(f->space, bytes, count, NULL, image);
}

static road_status load_file(struct fixture *f, const char *path, road_image **image)
{
	size_t count;
	void *bytes = read_file(path, &count);
	road_status status = load(f, bytes, count, image);

	free(bytes);
	return status;
}

static road_kernel *kernel_of(road_image *image, const char *name)
{
	road_kernel *kernel = NULL;

	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, name, &kernel), ROAD_OK);
	return kernel;
}

/* Of the launch, or of what became of it. */
static road_status run(struct fixture *f, const road_launch *launch)
{
	road_status status = road_queue_launch(f->queue, launch, NULL);

	return status ? status : road_queue_drain(f->queue, soon());
}

/* ---- versions ---- */

/* Of version 1 they have the chip's alone, which is far away. */
static void gpu_launches_have_a_watchdog_from_version_2_on(void)
{
	static const char ptx[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
				  ".visible .entry turns()\n{\n"
				  "\t.reg .pred %p<2>;\n\t.reg .b32 %r<3>;\n"
				  "\tmov.u32 %r1, %clock;\n\tmov.u32 %r2, 0;\n"
				  "$L:\n\tadd.s32 %r2, %r2, 1;\n\tmov.u32 %r1, %clock;\n"
				  "\tsetp.lt.u32 %p1, %r2, 1000;\n\t@%p1 bra $L;\n\tret;\n}\n";

	for (uint16_t version = 1; version <= 2; version++) {
		struct chip_rig rig = chip_open(&chips[GPGPU]);
		const struct differs differs = {.opcodes = {{"dispatch", version}}};
		struct fixture f = chip_run(&rig, &differs);
		road_image *image;

		CU_ASSERT_EQUAL(chip_property(&rig, "launch.watchdog").u64, version == 2);
		CU_ASSERT_EQUAL_FATAL(load(&f, ptx, strlen(ptx), &image), ROAD_OK);
		road_launch launch = {.size = sizeof(launch),
				      .kernel = kernel_of(image, "turns"),
				      .grid = {1, 1, 1},
				      .block = {32, 1, 1}};

		CU_ASSERT_EQUAL(run(&f, &launch), ROAD_OK);
		launch.watchdog = 100;
		CU_ASSERT_EQUAL(run(&f, &launch), version == 2 ? ROAD_FAULT : ROAD_OK);
		road_kernel_release(launch.kernel);
		road_image_release(image);
		chip_stop(&f);
		chip_close(&rig);
	}
}

static void dsa_launches_are_cooperative_from_version_2_on(void)
{
	for (uint16_t version = 1; version <= 3; version++) {
		struct chip_rig rig = chip_open(&chips[DSA]);
		const struct differs differs = {.opcodes = {{"task", version}}};
		struct fixture f = chip_run(&rig, &differs);
		road_buffer *out = buffer_of(&f, ROAD_HEAP_DEVICE, 64);
		uint64_t address = 0;
		road_image *image;

		CU_ASSERT_EQUAL(chip_property(&rig, "launch.cooperative").u64, version >= 2);
		CU_ASSERT_EQUAL(chip_property(&rig, "launch.activate").u64, version >= 3);
		CU_ASSERT_EQUAL_FATAL(load_file(&f, DSA_IMAGE, &image), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_buffer_address(out, &address), ROAD_OK);
		road_launch launch = {.size = sizeof(launch),
				      .kernel = kernel_of(image, "number"),
				      .grid = {2, 1, 1},
				      .block = {1, 1, 1},
				      .arguments = &address,
				      .argument_bytes = sizeof(address)};

		CU_ASSERT_EQUAL(run(&f, &launch), ROAD_OK);
		launch.flags = ROAD_LAUNCH_COOPERATIVE;
		CU_ASSERT_EQUAL(run(&f, &launch), version >= 2 ? ROAD_OK : ROAD_UNSUPPORTED);
		CU_ASSERT_TRUE(version >= 2 || says("opcode task 1"));
		road_kernel_release(launch.kernel);
		road_image_release(image);
		road_buffer_release(out);
		chip_stop(&f);
		chip_close(&rig);
	}
}

static void rpu_engines_do_what_the_tiles_enable(void)
{
	static const struct {
		uint16_t version;
		road_status status;
		const char *part;
	} rows[] = {{0, ROAD_IMAGE_INCOMPATIBLE, "NEUR"},
		    {1, ROAD_UNSUPPORTED, "a kernel that adds"},
		    {2, ROAD_UNSUPPORTED, "a kernel that narrows"},
		    {3, ROAD_OK, NULL}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chip_rig rig = chip_open(&chips[RPU]);
		const struct differs differs = {.opcodes = {{"gemm", rows[i].version}}};
		struct fixture f = chip_run(&rig, &differs);
		road_image *image;

		CU_ASSERT_EQUAL(chip_property(&rig, "compute.neur_macs_per_second").type ==
					ROAD_VALUE_NULL,
				!rows[i].version);
		CU_ASSERT_EQUAL(load_file(&f, RPU_IMAGE, &image), rows[i].status);
		CU_ASSERT_TRUE(!rows[i].part || says(rows[i].part));
		road_image_release(image);
		chip_stop(&f);
		chip_close(&rig);
	}
}

/* A kernel of a configuration activates it unless the queue already holds it. */
static void rpu_launches_activate_from_version_2_on(void)
{
	for (uint16_t version = 1; version <= 2; version++) {
		struct chip_rig rig = chip_open(&chips[RPU]);
		const struct differs differs = {.opcodes = {{"run", version}}};
		struct fixture f = chip_run(&rig, &differs);
		road_buffer *x = buffer_of(&f, ROAD_HEAP_DEVICE, 4096);
		uint64_t address = 0;
		road_image *image;

		CU_ASSERT_EQUAL(chip_property(&rig, "launch.activate").u64, version == 2);
		CU_ASSERT_EQUAL_FATAL(load_file(&f, RPU_IMAGE, &image), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_buffer_address(x, &address), ROAD_OK);
		road_kernel *kernel = kernel_of(image, "relu");
		road_kernel_info info = {.size = sizeof(info)};
		uint64_t block[16] = {address, address, 4};

		CU_ASSERT_EQUAL_FATAL(road_kernel_info_get(kernel, &info), ROAD_OK);
		const road_launch launch = {.size = sizeof(launch),
					    .kernel = kernel,
					    .grid = {1, 1, 1},
					    .block = {1, 1, 1},
					    .arguments = block,
					    .argument_bytes = info.argument_bytes};
		road_status status = road_queue_launch(f.queue, &launch, NULL);

		CU_ASSERT_EQUAL(status, version == 2 ? ROAD_OK : ROAD_UNSUPPORTED);
		CU_ASSERT_TRUE(version == 2 || says("opcode run 1"));
		(void)road_queue_drain(f.queue, soon());
		road_kernel_release(kernel);
		road_image_release(image);
		road_buffer_release(x);
		chip_stop(&f);
		chip_close(&rig);
	}
}

/* ---- the clock ---- */

/* ns of a launch on a chip whose caches may be cold, and of the next one. */
struct durations {
	uint64_t cold, warm;
};

static struct durations launch_twice(struct chip_rig *rig, const road_launch *shape,
				     const char *kernel, const void *code, size_t code_bytes,
				     uint32_t clock)
{
	struct fixture f = chip_run(rig, &(struct differs){.clock = clock});
	road_buffer *out = buffer_of(&f, ROAD_HEAP_DEVICE, 1 << 16);
	road_submission s = {.size = sizeof(s)};
	road_kernel_info info = {.size = sizeof(info)};
	road_launch launch = *shape;
	uint64_t arguments[4] = {0, 0, 0, 256}, t[3] = {0};
	road_image *image;

	CU_ASSERT_EQUAL_FATAL(load(&f, code, code_bytes, &image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_address(out, &arguments[0]), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &s.list), ROAD_OK);
	launch.kernel = kernel_of(image, kernel);
	CU_ASSERT_EQUAL_FATAL(road_kernel_info_get(launch.kernel, &info), ROAD_OK);
	arguments[1] = arguments[2] = arguments[0];
	launch.arguments = arguments;
	launch.argument_bytes = info.argument_bytes;
	for (uint64_t i = 0; i < 3; i++) {
		if (i)
			CU_ASSERT_EQUAL(road_list_launch(s.list, &launch), ROAD_OK);
		CU_ASSERT_EQUAL(road_list_timestamp(s.list, out, 0xff00 + 8 * i), ROAD_OK);
	}
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(f.queue, t, out, 0xff00, sizeof(t), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	road_list_release(s.list);
	road_kernel_release(launch.kernel);
	road_image_release(image);
	road_buffer_release(out);
	chip_stop(&f);
	return (struct durations){t[1] - t[0], t[2] - t[1]};
}

/* But for when in a quantum of the timing model, or in a cycle, it began. */
static bool is_at_most(uint64_t a, uint64_t b)
{
	return a <= b + b / 50 + 2;
}

/* A chip whose clock was another one before takes as long as one that was opened with it. */
static void check_clocks(uint32_t family, const road_launch *shape, const char *kernel,
			 const void *code, size_t bytes)
{
	struct chip_rig fresh = chip_open(&chips[family]), used = chip_open(&chips[family]);
	const struct durations full = launch_twice(&used, shape, kernel, code, bytes, 1000);
	const struct durations slow = launch_twice(&used, shape, kernel, code, bytes, 200);
	const struct durations wanted = launch_twice(&fresh, shape, kernel, code, bytes, 200);
	const struct durations again = launch_twice(&used, shape, kernel, code, bytes, 1000);

	CU_ASSERT_TRUE(slow.warm > full.warm);
	CU_ASSERT_TRUE(is_at_most(slow.cold, wanted.cold));
	CU_ASSERT_TRUE(is_at_most(slow.warm, wanted.warm) && is_at_most(wanted.warm, slow.warm));
	CU_ASSERT_TRUE(is_at_most(again.cold, full.cold));
	CU_ASSERT_TRUE(is_at_most(again.warm, full.warm) && is_at_most(full.warm, again.warm));
	chip_close(&fresh);
	chip_close(&used);
}

static void clocks_leave_nothing_behind(void)
{
	static const char ptx[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
				  ".visible .entry store(.param .u64 p)\n{\n"
				  "\t.reg .b64 %rd<4>;\n\t.reg .b32 %r<3>;\n"
				  "\tld.param.u64 %rd1, [p];\n\tmov.u32 %r1, %tid.x;\n"
				  "\tmul.wide.u32 %rd2, %r1, 128;\n\tadd.s64 %rd3, %rd1, %rd2;\n"
				  "\tld.global.u32 %r2, [%rd3];\n\tadd.s32 %r2, %r2, %r1;\n"
				  "\tst.global.u32 [%rd3], %r2;\n\tret;\n}\n";
	const road_launch gpu = {.size = sizeof(gpu), .grid = {8, 1, 1}, .block = {64, 1, 1}};
	const road_launch dsa = {.size = sizeof(dsa), .grid = {32, 1, 1}, .block = {1, 1, 1}};
	size_t bytes;
	void *code = read_file(DSA_IMAGE, &bytes);

	check_clocks(GPGPU, &gpu, "store", ptx, strlen(ptx));
	check_clocks(DSA, &dsa, "add", code, bytes);
	free(code);
}

/* ---- whose turn it is ---- */

enum { TURNS = 6, STAMPS_AT = 64 };

/* Two queues, held until both have all of their work; and where they say when things happened. */
struct race {
	struct fixture f;
	road_queue *queues[2];
	road_list *lists[2];
	road_buffer *words;
};

static struct race race_begin(struct chip_rig *rig, uint32_t quantum_ns)
{
	struct race race = {.f = chip_run(rig, &(struct differs){.quantum_ns = quantum_ns})};

	race.words = buffer_of(&race.f, ROAD_HEAP_DEVICE, 4096);
	CU_ASSERT_EQUAL(road_queue_fill(race.f.queue, race.words, 0, 4096, 0, 8, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(race.f.queue, soon()), ROAD_OK);
	for (uint32_t q = 0; q < 2; q++) {
		CU_ASSERT_EQUAL_FATAL(road_queue_create(race.f.space, NULL, &race.queues[q]),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_create(race.f.space, 0, &race.lists[q]), ROAD_OK);
		CU_ASSERT_EQUAL(
			road_list_wait_value(race.lists[q], race.words, 0, 8, ROAD_COMPARE_EQ, 1),
			ROAD_OK);
	}
	return race;
}

static void stamp(struct race *race, uint32_t q, uint32_t i)
{
	CU_ASSERT_EQUAL(
		road_list_timestamp(race->lists[q], race->words, STAMPS_AT + 8 * (q * TURNS + i)),
		ROAD_OK);
}

/* Lets them go. How often the one is behind the other, by what they stamped. */
static uint32_t race_end(struct race *race, uint64_t stamps[2][TURNS])
{
	road_submission s = {.size = sizeof(s)};
	uint32_t next[2] = {0, 0}, switches = 0, last = 0;
	road_list *go = NULL;

	for (uint32_t q = 0; q < 2; q++) {
		CU_ASSERT_EQUAL(road_list_close(race->lists[q]), ROAD_OK);
		s.list = race->lists[q];
		CU_ASSERT_EQUAL(road_queue_submit(race->queues[q], &s, NULL), ROAD_OK);
	}
	CU_ASSERT_EQUAL_FATAL(road_list_create(race->f.space, 0, &go), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_write_value(go, race->words, 0, 8, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(go), ROAD_OK);
	s.list = go;
	CU_ASSERT_EQUAL(road_queue_submit(race->f.queue, &s, NULL), ROAD_OK);
	for (uint32_t q = 0; q < 2; q++) {
		CU_ASSERT_EQUAL(road_queue_drain(race->queues[q], soon()), ROAD_OK);
		road_queue_release(race->queues[q]);
		road_list_release(race->lists[q]);
	}
	CU_ASSERT_EQUAL(road_queue_read(race->f.queue, stamps, race->words, STAMPS_AT,
					2 * TURNS * sizeof(uint64_t), NULL),
			ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(race->f.queue, soon()), ROAD_OK);
	road_list_release(go);
	road_buffer_release(race->words);
	for (uint32_t i = 0; i < 2 * TURNS; i++) {
		const uint32_t q = next[0] == TURNS ||
				   (next[1] < TURNS && stamps[1][next[1]] < stamps[0][next[0]]);

		switches += i && q != last;
		last = q;
		next[q]++;
	}
	return switches;
}

static uint32_t gpu_switches(uint32_t quantum_ns)
{
	struct chip_rig rig = chip_open(&chips[GPGPU]);
	struct race race = race_begin(&rig, quantum_ns);
	uint64_t stamps[2][TURNS] = {{0}};

	for (uint32_t q = 0; q < 2; q++)
		for (uint32_t i = 0; i < TURNS; i++)
			stamp(&race, q, i);
	const uint32_t switches = race_end(&race, stamps);

	chip_stop(&race.f);
	chip_close(&rig);
	return switches;
}

/* Tasks of more blocks than there are cores. */
static uint32_t dsa_switches(uint32_t quantum_ns)
{
	enum { BLOCKS = 100 };
	struct chip_rig rig = chip_open(&chips[DSA]);
	struct race race = race_begin(&rig, quantum_ns);
	road_buffer *out = buffer_of(&race.f, ROAD_HEAP_DEVICE, 8 * BLOCKS);
	uint64_t stamps[2][TURNS] = {{0}}, address = 0;
	road_image *image;

	CU_ASSERT_EQUAL_FATAL(load_file(&race.f, DSA_IMAGE, &image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_buffer_address(out, &address), ROAD_OK);
	const road_launch launch = {.size = sizeof(launch),
				    .kernel = kernel_of(image, "number"),
				    .grid = {BLOCKS, 1, 1},
				    .block = {1, 1, 1},
				    .arguments = &address,
				    .argument_bytes = sizeof(address)};

	for (uint32_t q = 0; q < 2; q++)
		for (uint32_t i = 0; i < TURNS; i++) {
			CU_ASSERT_EQUAL(road_list_launch(race.lists[q], &launch), ROAD_OK);
			stamp(&race, q, i);
		}
	const uint32_t switches = race_end(&race, stamps);

	road_kernel_release(launch.kernel);
	road_image_release(image);
	road_buffer_release(out);
	chip_stop(&race.f);
	chip_close(&rig);
	return switches;
}

static void a_quantum_keeps_a_queue_in_front(void)
{
	CU_ASSERT_TRUE(gpu_switches(0) >= 2 * TURNS - 2);
	CU_ASSERT_EQUAL(gpu_switches(UINT32_MAX), 1);
	CU_ASSERT_TRUE(dsa_switches(0) >= 2 * TURNS - 2);
	CU_ASSERT_EQUAL(dsa_switches(UINT32_MAX), 1);
}

static const struct tap_case cases[] = {
	{"a GPGPU's launches have a watchdog of their own from version 2 on",
	 gpu_launches_have_a_watchdog_from_version_2_on},
	{"a DSA's launches are cooperative from version 2 on",
	 dsa_launches_are_cooperative_from_version_2_on},
	{"an RPU's engines do what the tiles' firmware enables",
	 rpu_engines_do_what_the_tiles_enable},
	{"an RPU's launches activate from version 2 on", rpu_launches_activate_from_version_2_on},
	{"a clock of other firmware leaves nothing behind", clocks_leave_nothing_behind},
	{"a quantum keeps a queue in front of its equals", a_quantum_keeps_a_queue_in_front},
};
TAP_MAIN(cases)
