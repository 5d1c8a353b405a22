/* SPDX-License-Identifier: Apache-2.0 */
/* Images and kernels: from PTX or as they are, hostile ones, what fits, what is refused. */
#include <inttypes.h>

#include "drivers/gpu/ptx/ptx.h"
#include "tests/unit/gpu/driver_rig.h"

static void load_ok(struct rig *rig, struct road_drv_image *image)
{
	*image = (struct road_drv_image){.space = &rig->space};
	CU_ASSERT_EQUAL_FATAL(DRIVER->image->load(image, rig_ptx, strlen(rig_ptx), NULL), ROAD_OK);
}

static void kernel_ok(struct road_drv_image *image, const char *name,
		      struct road_drv_kernel *kernel)
{
	*kernel = (struct road_drv_kernel){.image = image};
	CU_ASSERT_EQUAL_FATAL(DRIVER->image->kernel(kernel, name), ROAD_OK);
}

/* An image of the test's module, as the compiler makes it. */
static void *make_blob(size_t *bytes)
{
	struct road_ptx_error error;
	void *blob = NULL;

	CU_ASSERT_EQUAL_FATAL(
		road_ptx_compile(rig_ptx, strlen(rig_ptx), NULL, &blob, bytes, &error), 0);
	return blob;
}

static void test_load(void)
{
	struct road_drv_image image;
	uint64_t table, pointer, bytes, word;
	struct rig rig;

	rig_open(&rig);
	load_ok(&rig, &image);
	CU_ASSERT_EQUAL(rig.chip.loads, 1);
	CU_ASSERT_EQUAL(DRIVER->image->symbol(&image, "table", &table, &bytes), ROAD_OK);
	CU_ASSERT_EQUAL(bytes, 32);
	CU_ASSERT_EQUAL(DRIVER->image->symbol(&image, "pointer", &pointer, &bytes), ROAD_OK);
	memcpy(&word, rig_at(&rig, table + 8, 8), 8);
	CU_ASSERT_EQUAL(word, 2);
	memcpy(&word, rig_at(&rig, pointer, 8), 8);
	CU_ASSERT_EQUAL(word, table); /* patched */
	CU_ASSERT_EQUAL(DRIVER->image->symbol(&image, "nothing", &table, &bytes), ROAD_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(DRIVER->image->kernel_name(&image, 0), "add");
	CU_ASSERT_STRING_EQUAL(DRIVER->image->kernel_name(&image, 1), "empty");
	CU_ASSERT_PTR_NULL(DRIVER->image->kernel_name(&image, 2));
	DRIVER->image->unload(&image);
	CU_ASSERT_EQUAL(rig.chip.unloads, 1);
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	rig_close(&rig);
}

/* Words that hold halves of the data's address are patched on the device. */
static void test_relocated_words(void)
{
	struct road_drv_image image;
	size_t bytes;
	char *blob = make_blob(&bytes);
	const struct road_gpu_image *header = (const void *)blob;
	const struct road_gpu_reloc *relocs = (const void *)(blob + header->relocs.offset);
	uint32_t halves = 0;
	struct rig rig;

	rig_open(&rig);
	load_ok(&rig, &image);
	const struct gpu_image *own = image.data;
	const char *code = (const char *)rig_at(&rig, own->code.va, header->code_bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(code);
	for (uint32_t i = 0; i < header->relocs.count; i++) {
		uint64_t value = own->data.va + (uint64_t)relocs[i].addend;
		struct road_gpu_word word;

		if (relocs[i].kind == ROAD_GPU_RELOC_ABS64)
			continue;
		memcpy(&word, code + header->words.offset + relocs[i].where * sizeof(word),
		       sizeof(word));
		CU_ASSERT_EQUAL(
			(uint32_t)word.imm,
			(uint32_t)(relocs[i].kind == ROAD_GPU_RELOC_LO32 ? value : value >> 32));
		halves++;
	}
	CU_ASSERT_TRUE(halves >= 1);
	DRIVER->image->unload(&image);
	rig_close(&rig);
	free(blob);
}

static void test_ptx_error(void)
{
	static const char bad[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
				  ".visible .entry k()\n{\n\tnonsense here;\n}\n";
	char text[200];
	struct road_image_options options = {
		.size = sizeof(options), .log = text, .log_bytes = sizeof(text)};
	struct rig rig;

	rig_open(&rig);
	struct road_drv_image image = {.space = &rig.space};
	road_status status = DRIVER->image->load(&image, bad, strlen(bad), &options);

	if (status == ROAD_OK) { /* an unknown opcode refuses the kernel, not the module */
		struct road_drv_kernel kernel = {.image = &image};

		CU_ASSERT_EQUAL(DRIVER->image->kernel(&kernel, "k"), ROAD_UNSUPPORTED);
		CU_ASSERT_PTR_NOT_NULL(strstr(services_where, "ptx:6"));
		DRIVER->image->unload(&image);
	} else {
		CU_ASSERT_EQUAL(status, ROAD_IMAGE_INVALID);
		CU_ASSERT_PTR_NOT_NULL(strstr(services_where, "ptx:6:"));
	}
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "ptx:6"));
	CU_ASSERT_EQUAL(DRIVER->image->load(&image, ".version 7.0\n.target sm_80\n{", 28, &options),
			ROAD_IMAGE_INVALID);
	CU_ASSERT_EQUAL(strncmp(services_where, "ptx:", 4), 0);
	CU_ASSERT_NOT_EQUAL(text[0], 0);
	options.log_bytes = 4; /* cut, but ended */
	CU_ASSERT_EQUAL(DRIVER->image->load(&image, "{", 1, &options), ROAD_IMAGE_INVALID);
	CU_ASSERT_EQUAL(strlen(text), 3);
	rig_close(&rig);
}

static void test_kernels(void)
{
	struct road_drv_image image;
	struct road_drv_kernel add, none;
	struct rig rig;

	rig_open(&rig);
	load_ok(&rig, &image);
	kernel_ok(&image, "add", &add);
	CU_ASSERT_STRING_EQUAL(add.info.name, "add");
	CU_ASSERT_EQUAL(add.info.argument_count, 2);
	CU_ASSERT_EQUAL(add.info.argument_bytes, 12);
	CU_ASSERT_EQUAL(add.arguments[1].offset, 8);
	CU_ASSERT_EQUAL(add.arguments[1].bytes, 4);
	CU_ASSERT_TRUE(add.info.registers > 0);
	CU_ASSERT_EQUAL(add.info.threads_max, 1024);
	none = (struct road_drv_kernel){.image = &image};
	CU_ASSERT_EQUAL(DRIVER->image->kernel(&none, "sub"), ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "sub"));
	const unsigned char arguments[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
	const struct road_cmd launch = {.kind = ROAD_COMMAND_LAUNCH,
					.launch = {.kernel = &add,
						   .grid = {2, 1, 1},
						   .block = {64, 1, 1},
						   .arguments = arguments,
						   .argument_bytes = 12}};

	CU_ASSERT_EQUAL(DRIVER->image->check_launch(&launch.launch), ROAD_OK);
	CU_ASSERT_EQUAL(rig_submit(&rig, &launch, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 1);
	CU_ASSERT_EQUAL(rig.chip.dispatches, 1);
	CU_ASSERT_EQUAL(rig.chip.dispatch.grid_x, 128);
	CU_ASSERT_EQUAL(memcmp(rig.chip.kernarg, arguments, 12), 0);
	DRIVER->image->kernel_free(&add);
	DRIVER->image->unload(&image);
	rig_close(&rig);
}

static void test_fault_names_kernel(void)
{
	struct road_drv_image image;
	struct road_drv_kernel kernel;
	struct rig rig;

	rig_open(&rig);
	load_ok(&rig, &image);
	kernel_ok(&image, "empty", &kernel);
	rig.chip.fault = (struct road_gpu_queue_status){.fault = ROAD_GPU_FAULT_MISALIGNED,
							.address = 0x1234567,
							.detail = 8,
							.pc = 5,
							.line = 17,
							.lane = 3,
							.ctaid = {1, 2, 3},
							.warp = 2};
	const struct road_cmd launch = {
		.kind = ROAD_COMMAND_LAUNCH,
		.launch = {.kernel = &kernel, .grid = {1, 1, 1}, .block = {32, 1, 1}}};

	CU_ASSERT_EQUAL(rig_submit(&rig, &launch, 1), ROAD_OK);
	struct road_drv_progress p = rig_progress(&rig);

	CU_ASSERT_EQUAL(p.completed, 0);
	CU_ASSERT_EQUAL(p.failed_from, 1);
	CU_ASSERT_EQUAL(p.fault.kind, ROAD_FAULT_ALIGNMENT);
	CU_ASSERT_STRING_EQUAL(p.fault.kernel, "empty");
	CU_ASSERT_EQUAL(p.fault.pc, 5);
	CU_ASSERT_EQUAL(p.fault.line, 17);
	CU_ASSERT_EQUAL(p.fault.lane, 3);
	CU_ASSERT_EQUAL(p.fault.workgroup[2], 3);
	CU_ASSERT_EQUAL(p.fault.warp, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(p.fault.text, "0x1234567"));
	DRIVER->image->kernel_free(&kernel);
	DRIVER->image->unload(&image);
	rig_close(&rig);
}

/* Occupancy by hand: 65536 registers in granules of 256 a warp, 100 KiB of shared memory in 128
 * bytes with 1 KiB taken per workgroup, 64 warps, 32 workgroups. */
static void test_occupancy(void)
{
	static const struct {
		uint32_t regs, shared, block, dynamic, blocks;
		const char *limit;
	} rows[] = {
		{16, 0, 32, 0, 32, "workgroup slots"},
		{16, 0, 128, 0, 16, "warp slots"},
		{16, 0, 1024, 0, 2, "warp slots"},
		{64, 0, 256, 0, 4, "registers"},
		{33, 0, 256, 0, 6, "registers"}, /* 1056 rounds up to 1280 a warp */
		{16, 0, 64, 20 << 10, 4, "shared memory"},
		{16, 19 << 10, 64, 0, 5, "shared memory"},
		{16, 100, 64, 19 << 10, 4, "shared memory"}, /* 128 + 19 KiB + 1 KiB */
		{254, 0, 1024, 0, 0, "registers"},
		{16, 0, 64, 100 << 10, 0, "shared memory"},
		{16, 0, 2048, 0, 0, "threads of a workgroup"},
	};
	struct gpu chip = {.params = {.sm_count = 2,
				      .warps_per_sm = 64,
				      .blocks_per_sm = 32,
				      .regs_per_sm = 65536,
				      .shared_per_sm = 100 << 10,
				      .shared_per_block = 99 << 10,
				      .threads_per_block = 1024,
				      .reg_granule = 256,
				      .shared_granule = 128,
				      .shared_reserved = 1024}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct road_gpu_kernel entry = {.regs = (uint16_t)rows[i].regs,
						      .shared_bytes = rows[i].shared,
						      .shared_align = 128};
		struct gpu_kernel kernel = {
			.gpu = &chip, .entry = &entry, .shared_bytes = rows[i].shared};
		struct road_drv_kernel drv = {.data = &kernel};
		struct road_occupancy out = {.size = sizeof(out)};

		CU_ASSERT_EQUAL(
			DRIVER->image->occupancy(&drv, rows[i].block, rows[i].dynamic, &out),
			ROAD_OK);
		CU_ASSERT_EQUAL(out.blocks_per_unit, rows[i].blocks);
		CU_ASSERT_EQUAL(out.warps_per_unit, rows[i].blocks * rows[i].block / 32);
		CU_ASSERT_STRING_EQUAL(out.limit, rows[i].limit);
	}
}

static void test_check_launch(void)
{
	static const struct {
		road_dim3 grid, block;
		uint32_t shared, flags;
		road_status status;
		const char *where;
	} rows[] = {
		{{1, 1, 1}, {128, 1, 1}, 0, 0, ROAD_OK, ""},
		{{1, 1, 1}, {129, 1, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "block.x"}, /* .maxntid */
		{{1, 1, 1}, {65536, 65536, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "block.x"},
		{{1, 1, 1}, {16, 16, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "block"},
		{{1, 1, 1}, {0, 1, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "block.x"},
		{{0, 1, 1}, {1, 1, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "grid.x"},
		{{UINT32_MAX, 1, 1}, {1, 1, 1}, 0, 0, ROAD_OK, ""},
		{{1u << 25, 1, 1}, {128, 1, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "grid.x"},
		{{1, UINT32_MAX, 1}, {1, 2, 1}, 0, 0, ROAD_INVALID_ARGUMENT, "grid.y"},
		{{1, 1, 1}, {32, 1, 1}, 99 << 10, 0, ROAD_OK, ""},
		{{1, 1, 1}, {32, 1, 1}, (99 << 10) + 1, 0, ROAD_INVALID_ARGUMENT, "shared_bytes"},
		{{64, 1, 1}, {32, 1, 1}, 0, ROAD_LAUNCH_COOPERATIVE, ROAD_OK, ""},
		{{65, 1, 1}, {32, 1, 1}, 0, ROAD_LAUNCH_COOPERATIVE, ROAD_NO_SPACE, "grid"},
	};
	struct road_drv_image image;
	struct road_drv_kernel kernel;
	struct rig rig;

	rig_open(&rig);
	load_ok(&rig, &image);
	kernel_ok(&image, "empty", &kernel);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_cmd_launch launch = {.kernel = &kernel,
						 .grid = rows[i].grid,
						 .block = rows[i].block,
						 .shared_bytes = rows[i].shared,
						 .flags = rows[i].flags};

		services_where[0] = 0;
		CU_ASSERT_EQUAL(DRIVER->image->check_launch(&launch), rows[i].status);
		CU_ASSERT_PTR_NOT_NULL(strstr(services_where, rows[i].where));
	}
	struct road_cmd_launch launch = {
		.kernel = &kernel, .grid = {1, 1, 1}, .block = {1, 1, 1}, .argument_bytes = 4};

	CU_ASSERT_EQUAL(DRIVER->image->check_launch(&launch), ROAD_INVALID_ARGUMENT);
	DRIVER->image->kernel_free(&kernel);
	DRIVER->image->unload(&image);
	rig_close(&rig);
}

/* ---- hostile images ---- */

static road_status check_copy(const char *blob, size_t bytes)
{
	char *copy = malloc(bytes ? bytes : 1); /* its own bytes only, so that ASan sees more */

	memcpy(copy, blob, bytes);
	road_status status = gpu_image_check(copy, bytes);

	free(copy);
	return status;
}

static void test_truncated(void)
{
	size_t bytes;
	char *blob = make_blob(&bytes);

	CU_ASSERT_EQUAL(check_copy(blob, bytes), ROAD_OK);
	for (size_t n = 0; n < bytes; n++)
		CU_ASSERT_EQUAL_FATAL(check_copy(blob, n), ROAD_IMAGE_INVALID);
	free(blob);
}

/* Any byte may be any: the check ends without touching what is not the image's, and what it lets
 * pass can be loaded, named, launched and unloaded. */
static void use_everything(struct rig *rig, const char *blob, size_t bytes)
{
	struct road_drv_image image = {.space = &rig->space};
	const char *name;
	uint64_t address, count;

	if (DRIVER->image->load(&image, blob, bytes, NULL))
		return;
	for (uint32_t i = 0; (name = DRIVER->image->kernel_name(&image, i)); i++) {
		struct road_drv_kernel kernel = {.image = &image};

		if (DRIVER->image->kernel(&kernel, name))
			continue;
		struct road_occupancy occupancy;
		struct road_cmd_launch launch = {.kernel = &kernel,
						 .grid = {1, 1, 1},
						 .block = {1, 1, 1},
						 .argument_bytes = kernel.info.argument_bytes};

		(void)DRIVER->image->check_launch(&launch);
		(void)DRIVER->image->occupancy(&kernel, 64, 4096, &occupancy);
		for (uint32_t k = 0; k < kernel.info.argument_count; k++)
			CU_ASSERT_TRUE(kernel.arguments[k].offset + kernel.arguments[k].bytes <=
				       kernel.info.argument_bytes);
		DRIVER->image->kernel_free(&kernel);
	}
	(void)DRIVER->image->symbol(&image, "pointer", &address, &count);
	DRIVER->image->unload(&image);
}

static void test_mutated(void)
{
	static const uint8_t values[] = {0x00, 0xff, 0x7f, 0x80, 0x01};
	size_t bytes;
	char *blob = make_blob(&bytes);
	uint32_t passed = 0, refused = 0;
	struct rig rig;

	rig_open(&rig);
	for (size_t at = 0; at < bytes; at++) {
		char kept = blob[at];

		for (size_t v = 0; v < sizeof(values); v++) {
			blob[at] = (char)values[v];
			if (gpu_image_check(blob, bytes))
				refused++;
			else
				passed++;
			use_everything(&rig, blob, bytes);
		}
		blob[at] = kept;
	}
	CU_ASSERT_TRUE(passed > 100 && refused > 100);
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	rig_close(&rig);
	free(blob);
}

static void test_other_versions(void)
{
	size_t bytes;
	char *blob = make_blob(&bytes);
	struct road_gpu_image *header = (void *)blob;

	header->version = 2;
	CU_ASSERT_EQUAL(check_copy(blob, bytes), ROAD_IMAGE_INCOMPATIBLE);
	header->version = ROAD_GPU_IMAGE_VERSION;
	header->isa_version = 9;
	CU_ASSERT_EQUAL(check_copy(blob, bytes), ROAD_IMAGE_INCOMPATIBLE);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "9"));
	free(blob);
}

static void test_chip_refuses(void)
{
	struct rig rig;

	rig_open(&rig);
	struct road_drv_image image = {.space = &rig.space};

	rig.chip.image_error = ROAD_GPU_IMAGE_OPERAND_B;
	CU_ASSERT_EQUAL(DRIVER->image->load(&image, rig_ptx, strlen(rig_ptx), NULL),
			ROAD_IMAGE_INVALID);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "word 3: bad operand b"));
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	load_ok(&rig, &image); /* the driver's queue works again */
	DRIVER->image->unload(&image);
	rig_close(&rig);
}

static const struct tap_case cases[] = {
	{"a module's data is placed and patched, its names are found", test_load},
	{"words that hold addresses are patched", test_relocated_words},
	{"errors in PTX tell line and column, also in the log", test_ptx_error},
	{"a kernel tells its arguments and reaches the chip with them", test_kernels},
	{"a fault names the kernel and the place in it", test_fault_names_kernel},
	{"occupancy names what bounds it", test_occupancy},
	{"launches that cannot be are refused with what was seen", test_check_launch},
	{"an image cut off anywhere is refused", test_truncated},
	{"an image with any byte changed does no harm", test_mutated},
	{"images of other versions are named as such", test_other_versions},
	{"what the chip refuses of an image is told in words", test_chip_refuses},
};

TAP_MAIN(cases)
