/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/numbers/half.h"
#include "tools/dsa/elf_image.h"

static struct harness *running;

/* ---- what the engine and the chip would be ---- */

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	va_list args;

	(void)env, (void)function;
	if (running->violations++ < 4) {
		va_start(args, format);
		printf("# ");
		vprintf(format, args);
		printf("\n");
		va_end(args);
	}
}

void sim_approximate(struct sim_env *env, const char *name, uint64_t count)
{
	(void)env, (void)name, (void)count;
}

void sim_trace_arrow(struct sim_env *env, const char *lane, const char *to_lane, const char *name,
		     uint64_t from, uint64_t to)
{
	(void)env, (void)lane, (void)to_lane, (void)name, (void)from, (void)to;
}

void sim_trace_span(struct sim_env *env, const char *lane, const char *name, uint64_t from,
		    uint64_t to)
{
	(void)env, (void)lane, (void)name, (void)from, (void)to;
}

enum road_dsa_fault dsa_view_find(struct dsa_view *view, uint64_t va, uint64_t bytes, bool write,
				  struct dsa_piece *out)
{
	(void)view, (void)write;
	for (unsigned i = 0; i < running->buffer_count; i++) {
		const struct harness_buffer *buffer = &running->buffers[i];

		if (va < buffer->va || va - buffer->va > buffer->bytes ||
		    bytes > buffer->bytes - (va - buffer->va))
			continue;
		*out = (struct dsa_piece){.host = buffer->host + (va - buffer->va), .pa = va};
		return ROAD_DSA_FAULT_NONE;
	}
	printf("# no memory at 0x%llx, %llu bytes\n", (unsigned long long)va,
	       (unsigned long long)bytes);
	return ROAD_DSA_FAULT_UNMAPPED;
}

/* The sizes of dsa-small; every cost is of its order. */
static const struct road_dsa_params small = {
	.clock_hz = 1000000000,
	.cores = 2,
	.flags = 4,
	.pad_bytes = {16384, 16384, 32768, 131072, 65536, 1024},
	.queue_depth = 16,
	.scalar = 1,
	.scalar_global = 200,
	.scalar_ub = 10,
	.dispatch = 2,
	.sync = 4,
	.cross = 200,
	.cube_m = 16,
	.cube_n = 16,
	.cube_k_bytes = 32,
	.cube_interval = 1,
	.cube_f32_factor = 4,
	.cube_fill = 16,
	.vector_bytes = 128,
	.vector_startup = 12,
	.vector_special = 4,
	.gm_l1 = {64, 128, 512},
	.gm_ub = {64, 128, 512},
	.l1_l0a = {16, 512, 32},
	.l1_l0b = {16, 256, 32},
	.l1_bt = {16, 64, 32},
	.ub_gm = {64, 64, 512},
	.ub_l1 = {32, 128, 32},
	.l0c_gm = {64, 128, 512},
	.l0c_l1 = {32, 128, 32},
	.l0c_ub = {32, 128, 32},
	.watchdog = 100000000,
};

/* Of ascend-910b. */
static const uint32_t large_pads[ROAD_DSA_PADS] = {65536, 65536, 131072, 524288, 196608, 1024};

/* ---- images ---- */

void harness_open(struct harness *harness, const char *image)
{
	char path[512];
	FILE *file;
	long bytes;

	memset(harness, 0, sizeof(*harness));
	snprintf(path, sizeof(path), "%s/%s", IMAGES, image);
	file = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fseek(file, 0, SEEK_END);
	bytes = ftell(file);
	rewind(file);
	harness->image = malloc((size_t)bytes);
	harness->image_bytes = fread(harness->image, 1, (size_t)bytes, file);
	fclose(file);
	running = harness;
}

void harness_close(struct harness *harness)
{
	harness_clear(harness);
	free(harness->image);
}

uint64_t harness_alloc(struct harness *harness, uint64_t bytes, void *host_pointer)
{
	struct harness_buffer *buffer = &harness->buffers[harness->buffer_count++];

	CU_ASSERT_TRUE_FATAL(harness->buffer_count <= HARNESS_BUFFERS);
	buffer->va = UINT64_C(0x10000000) * harness->buffer_count;
	buffer->bytes = bytes;
	buffer->host = malloc(bytes ? bytes : 1);
	memset(buffer->host, 0xcd, bytes);
	*(void **)host_pointer = buffer->host;
	return buffer->va;
}

void harness_clear(struct harness *harness)
{
	for (unsigned i = 0; i < harness->buffer_count; i++)
		free(harness->buffers[i].host);
	harness->buffer_count = 0;
}

/* The code block that the driver would make of it. */
static uint8_t *code_block(const struct dsa_program *program, size_t *bytes)
{
	struct road_dsa_code header = {.magic = ROAD_DSA_CODE_MAGIC,
				       .version = ROAD_DSA_CODE_VERSION,
				       .isa_version = ROAD_DSA_ISA_VERSION,
				       .kernel_count = program->kernel_count,
				       .word_count = program->word_count,
				       .line_count = program->has_lines ? program->word_count : 0};
	size_t words = program->word_count * sizeof(*program->words);
	uint8_t *block, *at;

	*bytes = sizeof(header) + program->kernel_count * sizeof(struct road_dsa_kernel) + words +
		 header.line_count * 4u;
	header.total_bytes = (uint32_t)*bytes;
	block = at = malloc(*bytes);
	memcpy(at, &header, sizeof(header));
	at += sizeof(header);
	for (uint32_t i = 0; i < program->kernel_count; i++, at += sizeof(struct road_dsa_kernel))
		memcpy(at, &program->kernels[i].entry, sizeof(struct road_dsa_kernel));
	memcpy(at, program->words, words);
	memcpy(at + words, program->lines, header.line_count * 4u);
	return block;
}

static uint32_t kernel_of(const struct dsa_program *program, const char *name)
{
	for (uint32_t i = 0; i < program->kernel_count; i++)
		if (!strcmp(program->kernels[i].name, name))
			return i;
	printf("# no kernel %s\n", name);
	CU_FAIL_FATAL("no such kernel");
	return 0;
}

/* ---- running ---- */

static bool run_block(struct harness *harness, struct dsa_core *core, const struct dsa_task *task,
		      uint32_t block)
{
	enum dsa_core_state state = DSA_CORE_RUNS;
	uint64_t now = 0;

	dsa_core_start(core, task, block, now);
	while (state == DSA_CORE_RUNS)
		state = dsa_core_run(core, now, 1000000, &now);
	if (state == DSA_CORE_WAITS)
		dsa_core_deadlock(core);
	harness->cycles += now / 1000;
	harness->fault = dsa_core_fault(core)->kind;
	harness->fault_line = dsa_core_fault(core)->line;
	return state == DSA_CORE_DONE;
}

/* False: it faulted. */
static bool run(struct harness *harness, const char *kernel, const void *arguments,
		size_t argument_bytes, uint32_t blocks)
{
	struct road_dsa_params params = small;
	struct dsa_core_setup setup = {.params = &params,
				       .fidelity = harness->fidelity,
				       .hazards = true,
				       .seed = harness->seed};
	struct dsa_core *core;
	struct dsa_messages messages = {0};
	struct dsa_program program = {0};
	struct dsa_task task = {.id = 1,
				.blocks = blocks,
				.arguments = arguments,
				.argument_bytes = (uint32_t)argument_bytes,
				.watchdog = params.watchdog};
	struct dsa_code code;
	bool done = true;
	uint32_t word = 0;
	size_t bytes;
	uint8_t *block;

	if (harness->large)
		memcpy(params.pad_bytes, large_pads, sizeof(large_pads));
	core = dsa_core_create(&setup);
	CU_ASSERT_EQUAL_FATAL(
		dsa_elf_read(harness->image, harness->image_bytes, &program, &messages), 0);
	block = code_block(&program, &bytes);
	CU_ASSERT_EQUAL_FATAL(dsa_code_check(block, bytes, params.flags, &code, &word),
			      ROAD_DSA_CODE_OK);
	task.code = &code;
	task.kernel = kernel_of(&program, kernel);
	CU_ASSERT_EQUAL_FATAL(code.kernels[task.kernel].argument_bytes, argument_bytes);
	harness->cycles = 0;
	harness->violations = 0;
	running = harness;
	for (uint32_t i = 0; i < blocks && done; i++)
		done = run_block(harness, core, &task, i);
	dsa_core_destroy(core);
	free(block);
	dsa_program_free(&program);
	return done;
}

void harness_run(struct harness *harness, const char *kernel, const void *arguments,
		 size_t argument_bytes, uint32_t blocks)
{
	bool done = run(harness, kernel, arguments, argument_bytes, blocks);

	CU_ASSERT_TRUE(done);
	CU_ASSERT_EQUAL(harness->violations, 0);
	if (!done)
		printf("# %s: fault %u in line %u\n", kernel, harness->fault, harness->fault_line);
}

enum road_dsa_fault harness_faults(struct harness *harness, const char *kernel,
				   const void *arguments, size_t argument_bytes)
{
	CU_ASSERT_FALSE(run(harness, kernel, arguments, argument_bytes, 1));
	return harness->fault;
}

/* ---- numbers ---- */

uint32_t harness_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

size_t harness_bytes(unsigned type)
{
	switch (type) {
	case ROAD_DSA_TYPE_S8:
	case ROAD_DSA_TYPE_U8: return 1;
	case ROAD_DSA_TYPE_S16:
	case ROAD_DSA_TYPE_F16:
	case ROAD_DSA_TYPE_BF16: return 2;
	default: return 4;
	}
}

/* f16 and bf16: to a multiple of the last place, which adding 2^52 of it does. */
static uint32_t narrowed(double value, int exponent_bits, int fraction_bits)
{
	uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
	uint32_t sign = signbit(value) ? 0x8000u : 0;
	int bias = (1 << (exponent_bits - 1)) - 1, exponent;
	double places;

	if (isnan(value))
		return 0x7fff;
	if (value == 0 || isinf(value))
		return sign | (value == 0 ? 0 : infinity);
	exponent = ilogb(value) < 1 - bias ? 1 - bias : ilogb(value);
	places = rint(scalbn(fabs(value), fraction_bits - exponent));
	if (exponent > bias)
		return sign | infinity;
	return sign + ((uint32_t)(exponent + bias - 1) << fraction_bits) + (uint32_t)places;
}

uint32_t harness_round(unsigned type, double value)
{
	float single = (float)value;
	uint32_t bits;

	switch (type) {
	case ROAD_DSA_TYPE_F16: return narrowed(value, 5, 10);
	case ROAD_DSA_TYPE_BF16: return narrowed(value, 8, 7);
	case ROAD_DSA_TYPE_F32: memcpy(&bits, &single, 4); return isnan(value) ? 0x7fffffff : bits;
	default: return (uint32_t)(int32_t)lrint(value);
	}
}

uint32_t harness_bits(unsigned type, const void *at, size_t index)
{
	uint32_t bits = 0;

	memcpy(&bits, (const uint8_t *)at + index * harness_bytes(type), harness_bytes(type));
	return bits;
}

float harness_value(unsigned type, const void *at, size_t index)
{
	uint32_t bits = harness_bits(type, at, index);
	float value;

	switch (type) {
	case ROAD_DSA_TYPE_F16:
	case ROAD_DSA_TYPE_BF16: return half_in(bits, type == ROAD_DSA_TYPE_BF16);
	case ROAD_DSA_TYPE_F32: memcpy(&value, &bits, 4); return value;
	case ROAD_DSA_TYPE_S8: return (float)(int8_t)bits;
	case ROAD_DSA_TYPE_S16: return (float)(int16_t)bits;
	default: return (float)(int32_t)bits;
	}
}

void harness_fill(uint32_t *seed, unsigned type, void *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float value = (float)((int32_t)harness_random(seed) >> 8) / 4194304.0f;
		uint32_t bits = harness_round(type, value);

		if (type == ROAD_DSA_TYPE_S8 || type == ROAD_DSA_TYPE_S16 ||
		    type == ROAD_DSA_TYPE_S32)
			bits = harness_random(seed) >> 4;
		memcpy((uint8_t *)out + i * harness_bytes(type), &bits, harness_bytes(type));
	}
}

bool harness_near(double a, double b, double relative, double absolute)
{
	bool near = fabs(a - b) <= relative * fabs(b) + absolute;

	if (!near)
		printf("# %.9g is not %.9g\n", a, b);
	return near;
}
