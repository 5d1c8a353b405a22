/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on the GPGPU is told, and does not outlive a reset. */
#include "tests/gpu/run.h"

#define HEAD ".version 7.0\n.target sm_80\n.address_size 64\n"

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

static const char out_of_bounds[] = HEAD ".visible .entry bad(.param .u64 p)\n"
					 "{\n"
					 "\t.reg .b64 %rd<4>;\n"
					 "\t.reg .b32 %r<4>;\n"
					 "\tld.param.u64 %rd1, [p];\n"
					 "\tmov.u32 %r1, %tid.x;\n"
					 "\tmul.wide.u32 %rd2, %r1, 4;\n"
					 "\tadd.s64 %rd3, %rd1, %rd2;\n"
					 "\tst.global.u32 [%rd3], %r1;\n"
					 "\tret;\n"
					 "}\n";

static const char endless[] = HEAD ".visible .entry spin()\n{\n$L:\n\tbra $L;\n}\n";

static const char deadlock[] = HEAD ".visible .entry stuck()\n"
				    "{\n"
				    "\t.reg .pred %p<2>;\n"
				    "\t.reg .b32 %r<2>;\n"
				    "\tmov.u32 %r1, %tid.x;\n"
				    "\tsetp.lt.u32 %p1, %r1, 32;\n"
				    "\t@%p1 bra $A;\n"
				    "\tbar.sync 1;\n"
				    "\tret;\n"
				    "$A:\n"
				    "\tbar.sync 0;\n"
				    "\tret;\n"
				    "}\n";

static const char mixed[] = HEAD ".visible .entry fine() { ret; }\n"
				 ".visible .entry exotic()\n"
				 "{\n"
				 "\t.reg .b32 %r<3>;\n"
				 "\twmma.nonsense %r1, %r2;\n"
				 "\tret;\n"
				 "}\n";

/* The queue faults, another queue's work stands, a reset makes the queue usable again. */
static void check_fault(const char *device, const struct run *run, uint32_t kind, road_fault *fault)
{
	struct fixture f = setup(device);
	road_submission s = {.size = sizeof(s)};
	road_queue *other;
	road_point point;

	*fault = (road_fault){.size = sizeof(*fault)};
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f.space, NULL, &other), ROAD_OK);
	CU_ASSERT_EQUAL(run_kernel(&f, run, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_device_fault_read(f.device, fault), ROAD_OK);
	CU_ASSERT_EQUAL(fault->kind, kind);
	CU_ASSERT_STRING_EQUAL(fault->kernel, run->kernel);
	CU_ASSERT_EQUAL(road_space_status(f.space, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_queue_submit(other, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	road_queue_release(other);
	teardown(&f);
}

static void a_store_out_of_bounds_names_address_lane_and_line(void)
{
	float words[16] = {0};
	struct run run = {.ptx = out_of_bounds,
			  .kernel = "bad",
			  .grid = {1, 1, 1},
			  .block = {32, 1, 1},
			  .argument_count = 1,
			  .arguments = {{words, 16, 0}}};

	for (int mode = 0; mode < 2; mode++) {
		road_fault fault;

		check_fault(modes[mode], &run, ROAD_FAULT_MEMORY, &fault);
		CU_ASSERT_EQUAL(fault.lane, 16);
		CU_ASSERT_EQUAL(fault.line, 12);
		CU_ASSERT(fault.address != 0);
	}
}

static void an_endless_kernel_meets_its_watchdog(void)
{
	struct run run = {.ptx = endless,
			  .kernel = "spin",
			  .grid = {1, 1, 1},
			  .block = {32, 1, 1},
			  .watchdog = 5000};

	for (int mode = 0; mode < 2; mode++) {
		uint64_t first = 0;

		for (int i = 0; i < 3; i++) {
			road_fault fault;

			check_fault(modes[mode], &run, ROAD_FAULT_WATCHDOG, &fault);
			first = i ? first : fault.device_ns;
			CU_ASSERT(fault.device_ns > 0);
		}
	}
}

static void a_deadlock_at_a_barrier_faults_at_once(void)
{
	struct run run = {
		.ptx = deadlock, .kernel = "stuck", .grid = {1, 1, 1}, .block = {64, 1, 1}};

	for (int mode = 0; mode < 2; mode++) {
		road_fault fault;

		check_fault(modes[mode], &run, ROAD_FAULT_DEADLOCK, &fault);
	}
}

static void an_unsupported_opcode_refuses_its_kernel_only(void)
{
	struct fixture f = setup(modes[0]);
	road_image *image;
	road_kernel *kernel;
	road_error error = {.size = sizeof(error)};

	CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, mixed, strlen(mixed), NULL, &image),
			      ROAD_OK);
	CU_ASSERT_EQUAL(road_image_kernel(image, "exotic", &kernel), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "fine", &kernel), ROAD_OK);
	road_kernel_release(kernel);
	road_image_release(image);
	teardown(&f);
}

static void malformed_ptx_names_line_and_column(void)
{
	static const char bad[] = HEAD ".visible .entry k()\n{\n\tbogus!\n}\n";
	struct fixture f = setup(modes[0]);
	road_image *image;
	road_error error = {.size = sizeof(error)};
	char log[256] = "";
	road_image_options options = {
		.size = sizeof(options), .log = log, .log_bytes = sizeof(log)};

	CU_ASSERT_EQUAL(road_image_load(f.space, bad, strlen(bad), &options, &image),
			ROAD_IMAGE_INVALID);
	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	if (!strstr(error.where, "ptx:7:1"))
		tell_error("ptx");
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "ptx:7:1"));
	CU_ASSERT(log[0] != 0);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"a store out of bounds names address, lane and line",
	 a_store_out_of_bounds_names_address_lane_and_line},
	{"an endless kernel meets its watchdog", an_endless_kernel_meets_its_watchdog},
	{"a deadlock at a barrier faults at once", a_deadlock_at_a_barrier_faults_at_once},
	{"an unsupported opcode refuses its kernel only",
	 an_unsupported_opcode_refuses_its_kernel_only},
	{"malformed PTX names line and column", malformed_ptx_names_line_and_column},
};

TAP_MAIN(cases)
