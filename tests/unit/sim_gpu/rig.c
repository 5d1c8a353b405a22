/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_gpu/rig.h"

#include <stdlib.h>
#include <string.h>

void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->desc = (struct road_gpu_kernel){
		.regs = 32, .preds = 8, .param_bytes = sizeof(rig->params), .barriers = 16};
	rig->ranges[0] =
		(struct road_gpu_range){.va = RIG_VA,
					.bytes = RIG_BYTES,
					.pa = 0x10000,
					.host = rig->memory,
					.flags = ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE};
	rig->ranges[1] = (struct road_gpu_range){.va = RIG_READONLY,
						 .bytes = sizeof(rig->readonly),
						 .pa = 0x50000,
						 .host = rig->readonly,
						 .flags = ROAD_GPU_SEGMENT_READ};
	rig->space = (struct road_gpu_ranges){rig->ranges, 2};
	rig->config = (struct road_gpu_launch_config){
		.grid = {1, 1, 1}, .threads = {32, 1, 1}, .slots = 1, .sm_count = 1};
}

void rig_free(struct rig *rig)
{
	road_gpu_launch_destroy(rig->launch);
	road_gpu_module_free(rig->module);
	rig->launch = NULL;
	rig->module = NULL;
}

struct road_gpu_word *emit(struct rig *rig, unsigned op, unsigned d, unsigned a, unsigned b,
			   unsigned c)
{
	struct road_gpu_word *word = &rig->words[rig->count++];

	*word = (struct road_gpu_word){.op = (uint16_t)op,
				       .guard = PT,
				       .d = (uint8_t)d,
				       .a = (uint8_t)a,
				       .b = (uint8_t)b,
				       .c = (uint8_t)c};
	return word;
}

struct road_gpu_word *emit_imm(struct rig *rig, unsigned op, unsigned d, unsigned a, unsigned b,
			       unsigned c, unsigned place, int32_t imm)
{
	struct road_gpu_word *word = emit(rig, op, d, a, b, c);

	word->form = (uint8_t)place;
	word->imm = imm;
	return word;
}

struct road_gpu_word *emit_branch(struct rig *rig, unsigned guard, uint32_t target)
{
	struct road_gpu_word *word = emit(rig, ROAD_GPU_OP_bra, 0, 0, 0, 0);

	word->guard = (uint8_t)guard;
	word->imm = (int32_t)target;
	return word;
}

void emit_tid(struct rig *rig, unsigned r)
{
	emit(rig, ROAD_GPU_OP_sreg_b32, r, 0, 0, 0)->aux = ROAD_GPU_SREG_TID_X;
}

void emit_store_by_thread(struct rig *rig, unsigned r, int32_t base)
{
	emit_tid(rig, 28);
	emit(rig, ROAD_GPU_OP_sreg_b32, 29, 0, 0, 0)->aux = ROAD_GPU_SREG_CTAID_X;
	emit(rig, ROAD_GPU_OP_sreg_b32, 30, 0, 0, 0)->aux = ROAD_GPU_SREG_NTID_X;
	emit(rig, ROAD_GPU_OP_mad_lo_u32, 28, 29, 30, 28);
	emit_imm(rig, ROAD_GPU_OP_mul_wide_u32, 30, 28, RZ, 0, 2, 4);
	emit_imm(rig, ROAD_GPU_OP_add_u64, 30, 30, RZ, 0, 2, (int32_t)RIG_VA);
	emit(rig, ROAD_GPU_OP_st_b32, 0, 30, r, 0)->imm = base;
	rig->words[rig->count - 1].mods = ROAD_GPU_SPACE_GLOBAL;
}

void emit_exit(struct rig *rig)
{
	emit(rig, ROAD_GPU_OP_exit, 0, 0, 0, 0);
}

uint8_t *rig_image(const struct rig *rig, uint32_t *bytes)
{
	struct road_gpu_image header = {.magic = ROAD_GPU_IMAGE_MAGIC,
					.version = ROAD_GPU_IMAGE_VERSION,
					.isa_version = ROAD_GPU_ISA_VERSION,
					.data_align = 16};
	struct road_gpu_kernel kernel = rig->desc;
	uint32_t at = sizeof(header);
	uint8_t *image;

	kernel.word_count = rig->count;
	kernel.branch_count = rig->branch_count;
	header.kernels = (struct road_gpu_section){at, 1};
	at += (uint32_t)sizeof(kernel);
	header.words = (struct road_gpu_section){at, rig->count};
	at += rig->count * 16;
	header.lines = (struct road_gpu_section){at, rig->count};
	at = (at + rig->count * 4 + 7) & ~7u;
	header.branches = (struct road_gpu_section){at, rig->branch_count};
	at = (at + rig->branch_count * 4 + 7) & ~7u;
	header.params = (struct road_gpu_section){at, 0};
	header.code_bytes = header.total_bytes = at;
	header.strings = header.data = header.symbols = header.relocs = header.params;
	image = calloc(1, at);
	memcpy(image, &header, sizeof(header));
	memcpy(image + header.kernels.offset, &kernel, sizeof(kernel));
	memcpy(image + header.words.offset, rig->words, rig->count * 16);
	for (uint32_t i = 0; i < rig->count; i++)
		memcpy(image + header.lines.offset + i * 4, &(uint32_t){1000 + i}, 4);
	memcpy(image + header.branches.offset, rig->branches, rig->branch_count * 4);
	*bytes = at;
	return image;
}

void rig_launch(struct rig *rig)
{
	struct road_gpu_image_fault fault;
	enum road_gpu_launch_error error;
	uint32_t bytes;
	uint8_t *image = rig_image(rig, &bytes);

	rig->module = road_gpu_module_load(image, bytes, &fault);
	free(image);
	CU_ASSERT_EQUAL(fault.error, ROAD_GPU_IMAGE_OK);
	CU_ASSERT_EQUAL(fault.word, UINT32_MAX);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->module);
	rig->config.code = road_gpu_module_kernel(rig->module, rig->module->kernels_offset);
	rig->config.variant = rig->module->variant;
	rig->config.ranges = &rig->space;
	rig->config.params = rig->params;
	rig->launch = road_gpu_launch_create(&rig->config, &error);
	CU_ASSERT_EQUAL(error, ROAD_GPU_LAUNCH_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->launch);
}

uint64_t rig_run(struct rig *rig, uint64_t slice, enum road_gpu_progress *end)
{
	uint64_t total = 0, ran;

	do {
		*end = road_gpu_functional_run(rig->launch, slice, &ran);
		CU_ASSERT_TRUE(ran <= slice);
		total += ran;
	} while (*end == ROAD_GPU_MORE);
	return total;
}

void rig_finish(struct rig *rig)
{
	enum road_gpu_progress end;

	rig_launch(rig);
	rig_run(rig, 1000, &end);
	CU_ASSERT_EQUAL(end, ROAD_GPU_DONE);
	CU_ASSERT_EQUAL(rig->launch->fault.code, ROAD_GPU_FAULT_NONE);
}

const struct road_gpu_fault_info *rig_fault(struct rig *rig, enum road_gpu_fault code)
{
	enum road_gpu_progress end;

	rig_launch(rig);
	rig_run(rig, 1000, &end);
	CU_ASSERT_EQUAL(end, ROAD_GPU_FAULTED);
	CU_ASSERT_EQUAL(rig->launch->fault.code, code);
	return &rig->launch->fault;
}

void each_variant(void (*run)(const char *name))
{
	for (unsigned i = 0; i < ROAD_SIM_VARIANTS; i++) {
		const char *name = road_sim_variant_name((enum road_sim_variant)i);

		if (road_sim_set_vector_variant(name))
			run(name);
	}
	road_sim_set_vector_variant(NULL);
}

void in_variant(const char *name, void (*run)(const char *name))
{
	if (road_sim_set_vector_variant(name))
		run(name);
	else
		tap_skip("this machine lacks its instructions");
	road_sim_set_vector_variant(NULL);
}

/* xorshift64* (Vigna 2014) */
uint64_t rig_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}
