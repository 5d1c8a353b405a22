/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile images: each field out of its bounds is found, at its place. */
#include "tests/unit/sim_gpu/rig.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rig rig;

/* One good word of some kinds, each then made bad in one field. */
static void start(void)
{
	rig_init(&rig);
	rig.branches[0] = 1;
	rig.branch_count = 1;
	emit_tid(&rig, 0);                                                           /* 0 */
	emit_imm(&rig, ROAD_GPU_OP_add_u64, 2, 4, RZ, 0, 2, 5);                      /* 1 */
	emit(&rig, ROAD_GPU_OP_fma_f32, 1, 2, 3, 4)->mods = ROAD_GPU_RP;             /* 2 */
	emit(&rig, ROAD_GPU_OP_setp_u32, 3, 2, 3, PT)->aux = 4;                      /* 3 */
	emit(&rig, ROAD_GPU_OP_ld_v4_b32, 8, 4, 0, 0)->mods = ROAD_GPU_SPACE_GLOBAL; /* 4 */
	emit_branch(&rig, 2 | ROAD_GPU_PNOT, 0);                                     /* 5 */
	emit(&rig, ROAD_GPU_OP_brx, 0, 1, 0, 0)->aux = 1;                            /* 6 */
	emit(&rig, ROAD_GPU_OP_cvt_32_64, 1, 2, 0, 0)->aux =
		ROAD_GPU_CVT(ROAD_GPU_F32, ROAD_GPU_F64);                          /* 7 */
	emit_imm(&rig, ROAD_GPU_OP_bar_sync, 0, RZ, RZ, 0, 1, 3);                  /* 8 */
	emit(&rig, ROAD_GPU_OP_st_b64, 0, 4, 6, 0)->mods = ROAD_GPU_SPACE_SHARED;  /* 9 */
	emit(&rig, ROAD_GPU_OP_prmt_b32, 1, 2, 3, 4)->aux = 2;                     /* 10 */
	struct road_gpu_word *word = emit(&rig, ROAD_GPU_OP_mbarrier, 2, 4, 1, 0); /* 11 */

	word->mods = ROAD_GPU_SPACE_SHARED;
	word->aux = ROAD_GPU_MBARRIER_DROP;
	emit(&rig, ROAD_GPU_OP_mbarrier_test, 3, 4, 6, 0)->mods = ROAD_GPU_SPACE_SHARED; /* 12 */
	emit(&rig, ROAD_GPU_OP_copy_arrive, 0, 4, 0, 0)->mods = ROAD_GPU_SPACE_GENERIC;  /* 13 */
	emit(&rig, ROAD_GPU_OP_mma_s32_m8, 8, 2, 3, 8)->aux = 3 << 2;                    /* 14 */
	emit_exit(&rig);                                                                 /* 15 */
}

static enum road_gpu_image_error load(const uint8_t *image, uint32_t bytes, uint32_t *word)
{
	struct road_gpu_image_fault fault = {0};
	struct road_gpu_module *module = road_gpu_module_load(image, bytes, &fault);

	*word = fault.word;
	CU_ASSERT_EQUAL(module == NULL, fault.error != ROAD_GPU_IMAGE_OK);
	road_gpu_module_free(module);
	return fault.error;
}

static enum road_gpu_image_error load_rig(uint32_t *word)
{
	uint32_t bytes;
	uint8_t *image = rig_image(&rig, &bytes);
	enum road_gpu_image_error error = load(image, bytes, word);

	free(image);
	return error;
}

static void good_image_loads(void)
{
	uint32_t word;

	start();
	CU_ASSERT_EQUAL(load_rig(&word), ROAD_GPU_IMAGE_OK);
	rig_launch(&rig);
	CU_ASSERT_EQUAL(rig.launch->config.code->desc.word_count, 16);
	CU_ASSERT_EQUAL(rig.launch->config.code->insns[16].kind, ROAD_GPU_KIND_END);
	CU_ASSERT_PTR_NULL(road_gpu_module_kernel(rig.module, 0));
	CU_ASSERT_PTR_NULL(road_gpu_module_kernel(rig.module, rig.module->kernels_offset + 96));
	CU_ASSERT_PTR_NULL(road_gpu_module_kernel(rig.module, rig.module->kernels_offset + 4));
	rig_free(&rig);
}

#define FIELD(name) offsetof(struct road_gpu_word, name), sizeof(((struct road_gpu_word *)0)->name)

static const struct {
	uint32_t word;
	size_t offset, size;
	uint32_t value;
	enum road_gpu_image_error error;
} bad_words[] = {
	{0, FIELD(op), ROAD_GPU_OPS, ROAD_GPU_IMAGE_OPCODE},
	{0, FIELD(op), 0xffff, ROAD_GPU_IMAGE_OPCODE},
	{0, FIELD(mods), 1, ROAD_GPU_IMAGE_MODS},
	{0, FIELD(aux), ROAD_GPU_SREGS, ROAD_GPU_IMAGE_AUX},
	{0, FIELD(d), 32, ROAD_GPU_IMAGE_OPERAND_D},
	{0, FIELD(d), 254, ROAD_GPU_IMAGE_OPERAND_D},
	{0, FIELD(a), 1, ROAD_GPU_IMAGE_OPERAND_A},
	{0, FIELD(b), RZ, ROAD_GPU_IMAGE_OPERAND_B},
	{0, FIELD(c), 1, ROAD_GPU_IMAGE_OPERAND_C},
	{0, FIELD(imm), 1, ROAD_GPU_IMAGE_IMMEDIATE},
	{0, FIELD(guard), 8, ROAD_GPU_IMAGE_GUARD},
	{0, FIELD(guard), 0x40, ROAD_GPU_IMAGE_GUARD},
	{0, FIELD(guard), 0xc1, ROAD_GPU_IMAGE_GUARD},
	{0, FIELD(form), 1, ROAD_GPU_IMAGE_FORM},
	{0, FIELD(form), ROAD_GPU_FORM_ADDR32, ROAD_GPU_IMAGE_FORM},
	{1, FIELD(d), 3, ROAD_GPU_IMAGE_OPERAND_D},
	{1, FIELD(a), 5, ROAD_GPU_IMAGE_OPERAND_A},
	{1, FIELD(a), 32, ROAD_GPU_IMAGE_OPERAND_A},
	{1, FIELD(b), 4, ROAD_GPU_IMAGE_OPERAND_B},
	{1, FIELD(form), 3, ROAD_GPU_IMAGE_FORM},
	{1, FIELD(form), ROAD_GPU_FORM_IMM_HIGH, ROAD_GPU_IMAGE_FORM},
	{1, FIELD(form), 0x12, ROAD_GPU_IMAGE_FORM},
	{2, FIELD(form), 2 | ROAD_GPU_FORM_IMM_HIGH, ROAD_GPU_IMAGE_FORM},
	{2, FIELD(mods), ROAD_GPU_RNA, ROAD_GPU_IMAGE_MODS},
	{2, FIELD(mods), ROAD_GPU_MOD_NAN, ROAD_GPU_IMAGE_MODS},
	{2, FIELD(aux), 1, ROAD_GPU_IMAGE_AUX},
	{3, FIELD(mods), ROAD_GPU_CMP_EQU << 8, ROAD_GPU_IMAGE_MODS},
	{3, FIELD(mods), ROAD_GPU_MOD_FTZ, ROAD_GPU_IMAGE_MODS},
	{3, FIELD(aux), 8, ROAD_GPU_IMAGE_AUX},
	{3, FIELD(aux), 0x104, ROAD_GPU_IMAGE_AUX},
	{3, FIELD(d), 0x83, ROAD_GPU_IMAGE_OPERAND_D},
	{3, FIELD(d), 62, ROAD_GPU_IMAGE_OPERAND_D},
	{3, FIELD(c), 0, ROAD_GPU_IMAGE_MODS},
	{4, FIELD(d), 10, ROAD_GPU_IMAGE_OPERAND_D},
	{4, FIELD(mods), ROAD_GPU_SPACES, ROAD_GPU_IMAGE_MODS},
	{4, FIELD(mods), ROAD_GPU_SEMS << ROAD_GPU_MEM_SEM_SHIFT, ROAD_GPU_IMAGE_MODS},
	{4, FIELD(mods), ROAD_GPU_CACHES << ROAD_GPU_MEM_CACHE_SHIFT, ROAD_GPU_IMAGE_MODS},
	{4, FIELD(mods), 0x1000, ROAD_GPU_IMAGE_MODS},
	{4, FIELD(form), 1, ROAD_GPU_IMAGE_FORM},
	{5, FIELD(imm), 16, ROAD_GPU_IMAGE_TARGET},
	{5, FIELD(imm), UINT32_MAX, ROAD_GPU_IMAGE_TARGET},
	{6, FIELD(imm), 1, ROAD_GPU_IMAGE_TARGET},
	{6, FIELD(imm), UINT32_MAX, ROAD_GPU_IMAGE_TARGET},
	{6, FIELD(aux), 2, ROAD_GPU_IMAGE_TARGET},
	{6, FIELD(form), 1, ROAD_GPU_IMAGE_FORM},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_F64, ROAD_GPU_F64), ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_F32, ROAD_GPU_F32), ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(15, ROAD_GPU_F64), ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_F32, ROAD_GPU_TF32), ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_E4M3, ROAD_GPU_F64), ROAD_GPU_IMAGE_MODS},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_E5M2, ROAD_GPU_F64) | 0x100, ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_S32, ROAD_GPU_F64) | 0x100, ROAD_GPU_IMAGE_AUX},
	{7, FIELD(aux), ROAD_GPU_CVT(ROAD_GPU_F32, ROAD_GPU_F64) | 0x200, ROAD_GPU_IMAGE_AUX},
	{7, FIELD(mods), ROAD_GPU_ROUNDS, ROAD_GPU_IMAGE_MODS},
	{8, FIELD(mods), 1, ROAD_GPU_IMAGE_MODS},
	{8, FIELD(a), 2, ROAD_GPU_IMAGE_OPERAND_A},
	{9, FIELD(mods), ROAD_GPU_SPACE_PARAM, ROAD_GPU_IMAGE_MODS},
	{9, FIELD(mods), ROAD_GPU_SPACE_CONST, ROAD_GPU_IMAGE_MODS},
	{9, FIELD(d), RZ, ROAD_GPU_IMAGE_OPERAND_D},
	{9, FIELD(b), 7, ROAD_GPU_IMAGE_OPERAND_B},
	{10, FIELD(aux), ROAD_GPU_PRMTS, ROAD_GPU_IMAGE_AUX},
	{11, FIELD(aux), ROAD_GPU_MBARRIERS, ROAD_GPU_IMAGE_AUX},
	{11, FIELD(aux), ROAD_GPU_MBARRIER_INIT, ROAD_GPU_IMAGE_AUX},
	{11, FIELD(aux), ROAD_GPU_MBARRIER_INVAL, ROAD_GPU_IMAGE_AUX},
	{11, FIELD(mods), ROAD_GPU_SPACE_GLOBAL, ROAD_GPU_IMAGE_MODS},
	{11, FIELD(mods), ROAD_GPU_SPACE_SHARED | ROAD_GPU_MEM_VOLATILE, ROAD_GPU_IMAGE_MODS},
	{11, FIELD(d), 3, ROAD_GPU_IMAGE_OPERAND_D},
	{11, FIELD(b), 32, ROAD_GPU_IMAGE_OPERAND_B},
	{11, FIELD(form), 2, ROAD_GPU_IMAGE_FORM},
	{12, FIELD(aux), 1, ROAD_GPU_IMAGE_AUX},
	{12, FIELD(d), 62, ROAD_GPU_IMAGE_OPERAND_D},
	{12, FIELD(b), 7, ROAD_GPU_IMAGE_OPERAND_B},
	{13, FIELD(aux), 2, ROAD_GPU_IMAGE_AUX},
	{13, FIELD(d), RZ, ROAD_GPU_IMAGE_OPERAND_D},
	{14, FIELD(aux), 4 << 2, ROAD_GPU_IMAGE_AUX},
	{14, FIELD(aux), 3 << 2 | 1, ROAD_GPU_IMAGE_AUX},
	{14, FIELD(mods), ROAD_GPU_MOD_SAT, ROAD_GPU_IMAGE_AUX},
	{14, FIELD(mods), ROAD_GPU_MOD_FTZ, ROAD_GPU_IMAGE_MODS},
	{14, FIELD(c), 9, ROAD_GPU_IMAGE_OPERAND_C},
};

static void bad_fields_of_words_are_found(void)
{
	for (size_t i = 0; i < sizeof(bad_words) / sizeof(bad_words[0]); i++) {
		enum road_gpu_image_error error;
		uint32_t word;

		start();
		memcpy((uint8_t *)&rig.words[bad_words[i].word] + bad_words[i].offset,
		       &bad_words[i].value, bad_words[i].size);
		error = load_rig(&word);
		CU_ASSERT_EQUAL(error, bad_words[i].error);
		CU_ASSERT_EQUAL(word, bad_words[i].word);
		if (error != bad_words[i].error)
			printf("# case %zu: %d, not %d\n", i, error, bad_words[i].error);
	}
}

/* Words of lanes and atomics: one that is good, and what one field makes bad of it. */
static const struct {
	struct road_gpu_word good;
	size_t offset, size;
	uint32_t value;
	enum road_gpu_image_error error;
} bad_warp_words[] = {
#define SHFL                                                                                   \
	{                                                                                      \
		.op = ROAD_GPU_OP_shfl_up_b32, .guard = PT, .d = 1, .b = RZ,                   \
		.form = ROAD_GPU_FORM_IMM_B, .imm = 3, .c = RZ, .mods = ROAD_GPU_MEMBERS_FULL, \
		.aux = ROAD_GPU_SHFL(PT, 31, 0)                                                \
	}
	{SHFL, FIELD(mods), ROAD_GPU_MEMBERS, ROAD_GPU_IMAGE_MODS},
	{SHFL, FIELD(mods), 8 | ROAD_GPU_MEMBERS_FULL, ROAD_GPU_IMAGE_MODS},
	{SHFL, FIELD(c), 2, ROAD_GPU_IMAGE_MODS},
	{SHFL, FIELD(form), ROAD_GPU_FORM_IMM_C, ROAD_GPU_IMAGE_MODS},
	{SHFL, FIELD(form), ROAD_GPU_FORM_ADDR32, ROAD_GPU_IMAGE_FORM},
	{SHFL, FIELD(aux), ROAD_GPU_SHFL(8, 31, 0), ROAD_GPU_IMAGE_AUX},
	{SHFL, FIELD(mods), ROAD_GPU_MEMBERS_FULL | ROAD_GPU_MOD_PACKED, ROAD_GPU_IMAGE_AUX},
	{SHFL, FIELD(d), 32, ROAD_GPU_IMAGE_OPERAND_D},
#define VOTE                                                                     \
	{                                                                        \
		.op = ROAD_GPU_OP_vote_any, .guard = PT, .d = 1, .a = 2, .c = 3, \
	}
	{VOTE, FIELD(mods), ROAD_GPU_MOD_PACKED, ROAD_GPU_IMAGE_MODS},
	{VOTE, FIELD(aux), 1, ROAD_GPU_IMAGE_AUX},
	{VOTE, FIELD(b), 1, ROAD_GPU_IMAGE_OPERAND_B},
	{VOTE, FIELD(a), 8, ROAD_GPU_IMAGE_OPERAND_A},
	{VOTE, FIELD(c), 32, ROAD_GPU_IMAGE_OPERAND_C},
#define MATCH                                                                                   \
	{                                                                                       \
		.op = ROAD_GPU_OP_match_all_b64, .guard = PT, .d = 1, .a = 2, .c = 4, .aux = PT \
	}
	{MATCH, FIELD(a), 3, ROAD_GPU_IMAGE_OPERAND_A},
	{MATCH, FIELD(aux), 8, ROAD_GPU_IMAGE_AUX},
#define ATOM                                                                     \
	{                                                                        \
		.op = ROAD_GPU_OP_atom_b32, .guard = PT, .d = 1, .a = 2, .b = 4, \
		.mods = ROAD_GPU_SPACE_GLOBAL, .aux = ROAD_GPU_ATOM_INC          \
	}
	{ATOM, FIELD(aux), ROAD_GPU_ATOMS, ROAD_GPU_IMAGE_AUX},
	{ATOM, FIELD(aux), ROAD_GPU_ATOM_ADD_BF, ROAD_GPU_IMAGE_AUX},
	{ATOM, FIELD(mods), ROAD_GPU_SPACE_LOCAL, ROAD_GPU_IMAGE_MODS},
	{ATOM, FIELD(mods), ROAD_GPU_SPACE_CONST, ROAD_GPU_IMAGE_MODS},
	{ATOM, FIELD(mods), ROAD_GPU_SPACE_GLOBAL | ROAD_GPU_MEM_VOLATILE, ROAD_GPU_IMAGE_MODS},
	{ATOM, FIELD(mods), ROAD_GPU_SEM_SC << ROAD_GPU_MEM_SEM_SHIFT, ROAD_GPU_IMAGE_MODS},
	{ATOM, FIELD(form), ROAD_GPU_FORM_IMM_B, ROAD_GPU_IMAGE_FORM},
	{ATOM, FIELD(c), 1, ROAD_GPU_IMAGE_OPERAND_C},
	{ATOM, FIELD(op), ROAD_GPU_OP_atom_b64, ROAD_GPU_IMAGE_AUX},
	{ATOM, FIELD(op), ROAD_GPU_OP_atom_b16, ROAD_GPU_IMAGE_AUX},
	{ATOM, FIELD(op), ROAD_GPU_OP_cas_b32, ROAD_GPU_IMAGE_AUX},
};

static void bad_fields_of_lanes_and_atomics_are_found(void)
{
	for (size_t i = 0; i < sizeof(bad_warp_words) / sizeof(bad_warp_words[0]); i++) {
		enum road_gpu_image_error error;
		uint32_t word;

		rig_init(&rig);
		rig.words[rig.count++] = bad_warp_words[i].good;
		emit_exit(&rig);
		CU_ASSERT_EQUAL(load_rig(&word), ROAD_GPU_IMAGE_OK);
		memcpy((uint8_t *)&rig.words[0] + bad_warp_words[i].offset,
		       &bad_warp_words[i].value, bad_warp_words[i].size);
		error = load_rig(&word);
		CU_ASSERT_EQUAL(error, bad_warp_words[i].error);
		if (error != bad_warp_words[i].error)
			printf("# case %zu: %d, not %d\n", i, error, bad_warp_words[i].error);
	}
}

#define HEADER(name) offsetof(struct road_gpu_image, name)
#define KERNEL(name) (sizeof(struct road_gpu_image) + offsetof(struct road_gpu_kernel, name))

static const struct {
	size_t offset, size;
	uint32_t value;
	enum road_gpu_image_error error;
} bad_bytes[] = {
	{HEADER(magic), 4, 0, ROAD_GPU_IMAGE_HEADER},
	{HEADER(version), 2, 2, ROAD_GPU_IMAGE_HEADER},
	{HEADER(isa_version), 2, 2, ROAD_GPU_IMAGE_HEADER},
	{HEADER(total_bytes), 4, UINT32_MAX, ROAD_GPU_IMAGE_HEADER},
	{HEADER(total_bytes), 4, 64, ROAD_GPU_IMAGE_HEADER},
	{HEADER(code_bytes), 4, 1 << 20, ROAD_GPU_IMAGE_HEADER},
	{HEADER(code_bytes), 4, 200, ROAD_GPU_IMAGE_SECTION},
	{HEADER(reserved), 4, 1, ROAD_GPU_IMAGE_HEADER},
	{HEADER(data_align), 4, 3, ROAD_GPU_IMAGE_HEADER},
	{HEADER(data_align), 4, 0, ROAD_GPU_IMAGE_HEADER},
	{HEADER(lines.count), 4, 11, ROAD_GPU_IMAGE_HEADER},
	{HEADER(kernels.offset), 4, 0, ROAD_GPU_IMAGE_SECTION},
	{HEADER(kernels.offset), 4, 100, ROAD_GPU_IMAGE_SECTION},
	{HEADER(kernels.count), 4, 0x10000000, ROAD_GPU_IMAGE_SECTION},
	{HEADER(kernels.count), 4, 2, ROAD_GPU_IMAGE_SECTION},
	{HEADER(words.offset), 4, 1 << 20, ROAD_GPU_IMAGE_SECTION},
	{HEADER(words.offset), 4, 0xfffffff8, ROAD_GPU_IMAGE_SECTION},
	{HEADER(branches.offset), 4, 96, ROAD_GPU_IMAGE_SECTION},
	{HEADER(strings.count), 4, 1, ROAD_GPU_IMAGE_SECTION},
	{HEADER(relocs.count), 4, UINT32_MAX, ROAD_GPU_IMAGE_SECTION},
	{KERNEL(name), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(error), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(first_word), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(word_count), 4, UINT32_MAX, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(word_count), 4, 0, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(branch_count), 4, 2, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(first_branch), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(param_count), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(shared_align), 4, 24, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(local_bytes), 4, 8, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(spill_bytes), 4, 16, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(regs), 2, 255, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(preds), 2, 64, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(flags), 4, 16, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(flags), 4, ROAD_GPU_KERNEL_REFUSED, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(barriers), 4, 17, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(reserved), 4, 1, ROAD_GPU_IMAGE_KERNEL},
	{KERNEL(regs), 2, 8, ROAD_GPU_IMAGE_OPERAND_D},
};

static void bad_fields_around_words_are_found(void)
{
	for (size_t i = 0; i < sizeof(bad_bytes) / sizeof(bad_bytes[0]); i++) {
		uint32_t bytes, word;
		uint8_t *image;
		enum road_gpu_image_error error;

		start();
		image = rig_image(&rig, &bytes);
		memcpy(image + bad_bytes[i].offset, &bad_bytes[i].value, bad_bytes[i].size);
		error = load(image, bytes, &word);
		CU_ASSERT_EQUAL(error, bad_bytes[i].error);
		if (error != bad_bytes[i].error)
			printf("# case %zu: %d, not %d\n", i, error, bad_bytes[i].error);
		free(image);
	}
}

/* A branch table's entry beyond the kernel, and padding that is not zero. */
static void bad_tables_and_padding_are_found(void)
{
	const struct road_gpu_image *header;
	uint32_t bytes, word;
	uint8_t *image;

	start();
	rig.branches[0] = 16;
	CU_ASSERT_EQUAL(load_rig(&word), ROAD_GPU_IMAGE_TARGET);
	start();
	image = rig_image(&rig, &bytes);
	header = (const void *)image;
	image[header->branches.offset + 4] = 1;
	CU_ASSERT_EQUAL(load(image, bytes, &word), ROAD_GPU_IMAGE_SECTION);
	free(image);
}

/* Every prefix and every single byte changed: no crash, and never an image that was not whole. */
static void truncated_images_are_refused(void)
{
	uint32_t bytes, word;
	uint8_t *image;

	start();
	image = rig_image(&rig, &bytes);
	for (uint32_t cut = 0; cut < bytes; cut++) {
		uint8_t *part = malloc(cut ? cut : 1);

		memcpy(part, image, cut);
		CU_ASSERT_NOT_EQUAL(load(part, cut, &word), ROAD_GPU_IMAGE_OK);
		free(part);
	}
	for (uint32_t at = 0; at < bytes; at++) {
		image[at] ^= 0x81;
		load(image, bytes, &word);
		image[at] ^= 0x81;
	}
	CU_ASSERT_EQUAL(load(image, bytes, &word), ROAD_GPU_IMAGE_OK);
	free(image);
}

static enum road_gpu_launch_error create(void)
{
	enum road_gpu_launch_error error;
	struct road_gpu_launch *launch = road_gpu_launch_create(&rig.config, &error);

	CU_ASSERT_EQUAL(launch == NULL, error != ROAD_GPU_LAUNCH_OK);
	road_gpu_launch_destroy(launch);
	return error;
}

static void launches_that_do_not_fit_are_refused(void)
{
	start();
	rig.desc.shared_bytes = 64;
	rig.desc.local_bytes = 32;
	rig.desc.max_threads = 128;
	rig.config.shared_bytes = 64;
	rig.config.local_bytes = 32;
	rig_launch(&rig);
	rig.config.shared_bytes = 63;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_SHARED);
	rig.config.shared_bytes = 64;
	rig.config.local_bytes = 16;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_LOCAL);
	rig.config.local_bytes = UINT32_MAX - 15;
	rig.config.slots = UINT32_MAX;
	rig.config.grid[0] = UINT32_MAX;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_MEMORY);
	rig.config.slots = 1;
	rig.config.local_bytes = 32;
	rig.config.grid[1] = 0;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_GRID);
	rig.config.grid[1] = rig.config.grid[2] = UINT32_MAX;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_GRID);
	rig.config.grid[1] = rig.config.grid[2] = 1;
	rig.config.threads[0] = 129;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_THREADS);
	rig.config.threads[0] = 0;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_THREADS);
	rig.config.threads[0] = 128;
	CU_ASSERT_EQUAL(create(), ROAD_GPU_LAUNCH_OK);
	rig_free(&rig);
}

/* For scoreboards: what an instruction reads and writes. */
static void uses_name_registers_and_predicates(void)
{
	const struct road_gpu_insn *insn;

	start();
	rig_launch(&rig);
	insn = &rig.launch->config.code->insns[1]; /* r2:3 = r4:5 + 5 */
	CU_ASSERT_EQUAL(insn->uses.write, 2);
	CU_ASSERT_EQUAL(insn->uses.write_rows, 2);
	CU_ASSERT_EQUAL(insn->uses.read[0], 4);
	CU_ASSERT_EQUAL(insn->uses.read_rows[0], 2);
	CU_ASSERT_EQUAL(insn->uses.read_rows[1], 0);
	CU_ASSERT_EQUAL(insn->uses.pred_read[0], PT);
	insn = &rig.launch->config.code->insns[3]; /* p3, p4 = r2 == r3 */
	CU_ASSERT_EQUAL(insn->uses.write_rows, 0);
	CU_ASSERT_EQUAL(insn->uses.pred_write[0], 3);
	CU_ASSERT_EQUAL(insn->uses.pred_write[1], 4);
	insn = &rig.launch->config.code->insns[4]; /* r8..r11 = [r4:5] */
	CU_ASSERT_EQUAL(insn->uses.write_rows, 4);
	CU_ASSERT_EQUAL(insn->uses.read_rows[0], 2);
	CU_ASSERT_EQUAL(insn->latency, ROAD_GPU_LAT_MEM);
	insn = &rig.launch->config.code->insns[5];
	CU_ASSERT_EQUAL(insn->uses.pred_read[0], 2);
	rig_free(&rig);
}

static const struct tap_case cases[] = {
	{"a good image loads", good_image_loads},
	{"bad fields of words are found", bad_fields_of_words_are_found},
	{"a bad field of a word of lanes or of an atomic is found",
	 bad_fields_of_lanes_and_atomics_are_found},
	{"bad fields around the words are found", bad_fields_around_words_are_found},
	{"bad branch tables and padding are found", bad_tables_and_padding_are_found},
	{"truncated images are refused, changed ones harm nobody", truncated_images_are_refused},
	{"launches that do not fit are refused", launches_that_do_not_fit_are_refused},
	{"uses name registers and predicates", uses_name_registers_and_predicates},
};

TAP_MAIN(cases)
