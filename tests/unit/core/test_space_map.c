/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers at addresses that the program chose. */
#include <inttypes.h>
#include <roadbed-driver/driver.h>

#include "tests/unit/core/fixture.h"

enum { PAGE = 4096 };
#define RW (ROAD_MAP_READ | ROAD_MAP_WRITE)

/* Adds 1 to each of the 32-bit words that its threads name from `base` on. */
static const char ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
			  ".visible .entry bump(.param .u64 base)\n{\n"
			  "\t.reg .u64 %rd<4>;\n\t.reg .u32 %r<4>;\n"
			  "\tld.param.u64 %rd1, [base];\n\tmov.u32 %r1, %tid.x;\n"
			  "\tmul.wide.u32 %rd2, %r1, 4;\n\tadd.u64 %rd3, %rd1, %rd2;\n"
			  "\tld.global.u32 %r2, [%rd3];\n\tadd.u32 %r2, %r2, 1;\n"
			  "\tst.global.u32 [%rd3], %r2;\n\tret;\n}\n";

static road_status bump(struct fixture *f, uint64_t base, uint32_t threads)
{
	road_image *image = NULL;
	road_launch launch = {.size = sizeof(launch),
			      .grid = {1, 1, 1},
			      .block = {threads, 1, 1},
			      .arguments = &base,
			      .argument_bytes = sizeof(base)};
	road_point done;

	if (road_image_load(f->space, ptx, strlen(ptx), NULL, &image))
		tell_error("load");
	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "bump", &launch.kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_launch(f->queue, &launch, &done), ROAD_OK);
	road_status status = road_point_wait(done, soon());

	road_kernel_release(launch.kernel);
	road_image_release(image);
	return status;
}

static uint32_t word_of(struct fixture *f, road_buffer *buffer, uint64_t offset)
{
	uint32_t word = 0;

	CU_ASSERT_EQUAL(road_queue_read(f->queue, &word, buffer, offset, 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	return word;
}

static void a_device_without_it_says_so(void)
{
	static const char *const devices[] = {"host:", "sim:edu"};

	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		road_buffer *b = buffer_of(&f, ROAD_HEAP_HOST, PAGE);
		uint64_t address = 7;

		CU_ASSERT_EQUAL(road_space_reserve(f.space, PAGE, 0, &address), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_space_unreserve(f.space, PAGE), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_space_map(f.space, PAGE, b, 0, PAGE, RW), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_space_unmap(f.space, PAGE), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_space_protect(f.space, PAGE, RW), ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(address, 7);
		road_buffer_release(b);
		teardown(&f);
	}
}

static void arguments_are_checked(void)
{
	struct fixture f = setup("sim:gpu-small?time=functional");
	road_buffer *b = buffer_of(&f, ROAD_HEAP_DEVICE, 3 * PAGE), *view;
	road_buffer_options read_only = {
		.size = sizeof(read_only), .bytes = PAGE, .flags = ROAD_BUFFER_READ_ONLY};
	road_buffer *r;
	uint64_t at = 0;

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(f.space, &read_only, &r), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_reserve(NULL, PAGE, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_reserve(f.space, 0, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_reserve(f.space, PAGE + 1, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_reserve(f.space, UINT64_MAX - PAGE + 1, 0, &at),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_reserve(f.space, PAGE, 3, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_reserve(f.space, PAGE, 0, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL_FATAL(road_space_reserve(f.space, 4 * PAGE, 1 << 20, &at), ROAD_OK);
	CU_ASSERT_EQUAL(at % (1 << 20), 0);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, NULL, 0, PAGE, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, 0, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 1, PAGE, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at + 1, b, 0, PAGE, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, 4 * PAGE, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, PAGE, UINT64_MAX, RW),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, PAGE, 0), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, PAGE, 8), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at - PAGE, b, 0, PAGE, RW), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at + 2 * PAGE, b, 0, 3 * PAGE, RW),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, r, 0, PAGE, RW), ROAD_PERMISSION);
	CU_ASSERT_EQUAL(road_buffer_view(b, 8, 100, &view), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, view, 0, 100, RW), ROAD_INVALID_ARGUMENT);
	road_buffer_release(view);
	CU_ASSERT_EQUAL(road_space_map(f.space, at + PAGE, b, 0, 2 * PAGE, RW), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, 2 * PAGE, RW), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_space_map(f.space, at + 2 * PAGE, b, 0, PAGE, RW), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_space_unreserve(f.space, at), ROAD_BUSY);
	CU_ASSERT_EQUAL(road_space_unreserve(f.space, at + PAGE), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_space_unmap(f.space, at), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_space_protect(f.space, at, RW), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_space_protect(f.space, at + PAGE, 0), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_space_unmap(f.space, at + PAGE), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_unmap(f.space, at + PAGE), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_space_unreserve(f.space, at), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_unreserve(f.space, at), ROAD_NOT_FOUND);
	road_buffer_release(b);
	road_buffer_release(r);
	teardown(&f);
}

/* Two buffers, of two heaps, become one row of addresses for a kernel. */
static void kernels_see_pieces_side_by_side(void)
{
	struct fixture f = setup("sim:gpu-small?time=functional");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, 2 * PAGE);
	road_buffer *b = buffer_of(&f, ROAD_HEAP_HOST, PAGE);
	road_lookup_result found = {.size = sizeof(found)};
	uint64_t at;

	CU_ASSERT_EQUAL_FATAL(road_space_reserve(f.space, 2 * PAGE, 0, &at), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, a, PAGE, PAGE, RW), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_map(f.space, at + PAGE, b, 0, PAGE, RW), ROAD_OK);
	/* threads 0..15 in the first piece, 16..31 in the second */
	CU_ASSERT_EQUAL(bump(&f, at + PAGE - 64, 32), ROAD_OK);
	CU_ASSERT_EQUAL(word_of(&f, a, 2 * PAGE - 4), 1);
	CU_ASSERT_EQUAL(word_of(&f, a, 2 * PAGE - 68), 0);
	CU_ASSERT_EQUAL(word_of(&f, b, 60), 1);
	CU_ASSERT_EQUAL(word_of(&f, b, 64), 0);
	CU_ASSERT_EQUAL(road_lookup(f.instance, at + 5, &found), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(found.buffer, a);
	CU_ASSERT_EQUAL(found.offset, PAGE + 5);
	CU_ASSERT_EQUAL(road_lookup(f.instance, at + PAGE, &found), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(found.buffer, b);
	/* A buffer that goes takes its mapping along. */
	road_buffer_release(b);
	CU_ASSERT_EQUAL(road_lookup(f.instance, at + PAGE, &found), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_space_unmap(f.space, at + PAGE), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(bump(&f, at + PAGE - 64, 32), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(bump(&f, at, 32), ROAD_OK);
	road_buffer_release(a);
	teardown(&f);
}

static void rights_hold_at_the_mapping_alone(void)
{
	struct fixture f = setup("sim:gpu-small?time=functional");
	road_buffer *buffers[2] = {buffer_of(&f, ROAD_HEAP_DEVICE, PAGE),
				   buffer_of(&f, ROAD_HEAP_HOST, PAGE)};
	uint64_t at, own;

	CU_ASSERT_EQUAL_FATAL(road_space_reserve(f.space, PAGE, 0, &at), ROAD_OK);
	for (int i = 0; i < 2; i++) {
		road_buffer *b = buffers[i];

		CU_ASSERT_EQUAL(road_buffer_address(b, &own), ROAD_OK);
		CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, PAGE, ROAD_MAP_READ), ROAD_OK);
		CU_ASSERT_EQUAL(bump(&f, at, 1), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		CU_ASSERT_EQUAL(bump(&f, own, 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_space_protect(f.space, at, RW), ROAD_OK);
		CU_ASSERT_EQUAL(bump(&f, at, 1), ROAD_OK);
		CU_ASSERT_EQUAL(word_of(&f, b, 0), 2);
		CU_ASSERT_EQUAL(road_space_unmap(f.space, at), ROAD_OK);
		CU_ASSERT_EQUAL(bump(&f, at, 1), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		road_buffer_release(b);
	}
	teardown(&f);
}

/* A device that was reset maps what it mapped before; a closed space maps nothing. */
static void mappings_outlive_a_reset_and_end_with_the_space(void)
{
	struct fixture f = setup("sim:gpu-small?time=functional");
	road_buffer *b = buffer_of(&f, ROAD_HEAP_DEVICE, PAGE);
	road_lookup_result found = {.size = sizeof(found)};
	uint64_t at;

	CU_ASSERT_EQUAL_FATAL(road_space_reserve(f.space, PAGE, 0, &at), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, PAGE, RW), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(bump(&f, at, 1), ROAD_OK);
	CU_ASSERT_EQUAL(word_of(&f, b, 0), 1);
	CU_ASSERT_EQUAL(road_space_close(f.space), ROAD_OK);
	CU_ASSERT_EQUAL(road_space_unmap(f.space, at), ROAD_STALE);
	CU_ASSERT_EQUAL(road_space_map(f.space, at, b, 0, PAGE, RW), ROAD_STALE);
	CU_ASSERT_EQUAL(road_lookup(f.instance, at, &found), ROAD_NOT_FOUND);
	road_buffer_release(b);
	teardown(&f);
}

/* Pages of address space that this process takes. */
static uint64_t address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	uint64_t pages = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fscanf(file, "%" SCNu64, &pages), 1);
	fclose(file);
	return pages;
}

/* What stands out on both sides of an aligned range goes back at once, the range when released. */
static void address_space_is_given_back_whole(void)
{
	enum { ROUNDS = 64 };
	const uint64_t alignment = UINT64_C(1) << 30, pages = alignment / 4096;
	uint64_t ranges[ROUNDS], before = address_space();

	for (int i = 0; i < ROUNDS; i++)
		CU_ASSERT_EQUAL_FATAL(road_va_reserve(4096, alignment, &ranges[i]), ROAD_OK);
	CU_ASSERT(address_space() - before < pages); /* not 64 GiB */
	for (int i = 0; i < ROUNDS; i++)
		CU_ASSERT_EQUAL(ranges[i] % alignment, 0);
	for (int i = 0; i < ROUNDS; i++)
		road_va_release(ranges[i], 4096);
	CU_ASSERT(address_space() - before < 16);
}

static const struct tap_case cases[] = {
	{"address space is given back whole", address_space_is_given_back_whole},
	{"a device without it says so", a_device_without_it_says_so},
	{"arguments are checked", arguments_are_checked},
	{"kernels see pieces side by side", kernels_see_pieces_side_by_side},
	{"rights hold at the mapping alone", rights_hold_at_the_mapping_alone},
	{"mappings outlive a reset and end with the space",
	 mappings_outlive_a_reset_and_end_with_the_space},
};

TAP_MAIN(cases)
