/* SPDX-License-Identifier: Apache-2.0 */
/* An assembler that knows nothing but the word's fields, and the kernels that the tests run. */
#include <string.h>

#include "tests/unit/sim_gpu_model/rig.h"

enum { PARAM = ROAD_GPU_SPACE_PARAM, GLOBAL = ROAD_GPU_SPACE_GLOBAL };
enum { RZ = ROAD_GPU_RZ, PT = ROAD_GPU_PT };
enum { STRINGS = 256 }; /* bytes; they stay at home */
enum { IMM_A = ROAD_GPU_FORM_IMM_A, IMM_B = ROAD_GPU_FORM_IMM_B };

struct road_gpu_kernel *asm_kernel(struct assembly *assembly, uint16_t regs, uint16_t preds,
				   uint32_t param_bytes)
{
	struct road_gpu_kernel *kernel = &assembly->kernels[assembly->kernel_count++];

	*kernel = (struct road_gpu_kernel){
		.name = 100 + assembly->kernel_count, /* in strings */
		.first_word = assembly->count,
		.param_bytes = param_bytes,
		.regs = regs,
		.preds = preds,
		.barriers = 1,
	};
	return kernel;
}

struct road_gpu_word *asm_imm(struct assembly *assembly, enum road_gpu_op op, unsigned d,
			      unsigned a, unsigned b, unsigned c, unsigned form, int32_t imm)
{
	struct road_gpu_word *word = &assembly->words[assembly->count++];

	*word = (struct road_gpu_word){
		.op = (uint16_t)op,
		.guard = PT,
		.d = (uint8_t)d,
		.a = (uint8_t)a,
		.b = (uint8_t)b,
		.c = (uint8_t)c,
		.form = (uint8_t)form,
		.imm = imm,
	};
	assembly->kernels[assembly->kernel_count - 1].word_count++;
	return word;
}

struct road_gpu_word *asm_put(struct assembly *assembly, enum road_gpu_op op, unsigned d,
			      unsigned a, unsigned b, unsigned c)
{
	return asm_imm(assembly, op, d, a, b, c, 0, 0);
}

static uint32_t put_section(struct road_gpu_section *section, uint8_t *image, uint32_t at,
			    const void *from, uint32_t count, uint32_t bytes)
{
	at = (at + 7) & ~7u;
	*section = (struct road_gpu_section){at, count};
	if (count)
		memcpy(image + at, from, count * bytes);
	return at + count * bytes;
}

uint64_t asm_image(const struct assembly *assembly, uint8_t *at)
{
	uint32_t lines[COUNT(assembly->words)], end = sizeof(struct road_gpu_image);
	struct road_gpu_image header = {
		.magic = ROAD_GPU_IMAGE_MAGIC,
		.version = ROAD_GPU_IMAGE_VERSION,
		.isa_version = ROAD_GPU_ISA_VERSION,
		.data_align = 1,
	};

	for (uint32_t i = 0; i < assembly->count; i++)
		lines[i] = 1000 + i;
	memset(at, 0, 0x8000);
	end = put_section(&header.kernels, at, end, assembly->kernels, assembly->kernel_count,
			  sizeof(struct road_gpu_kernel));
	end = put_section(&header.words, at, end, assembly->words, assembly->count,
			  sizeof(struct road_gpu_word));
	end = put_section(&header.lines, at, end, lines, assembly->count, 4);
	end = put_section(&header.branches, at, end, assembly->branches, 0, 4);
	end = put_section(&header.params, at, end, NULL, 0, sizeof(struct road_gpu_param));
	header.code_bytes = (end + 7) & ~7u;
	header.strings = (struct road_gpu_section){header.code_bytes, STRINGS};
	header.data = header.symbols = header.relocs =
		(struct road_gpu_section){header.code_bytes + STRINGS, 0};
	header.total_bytes = header.code_bytes + STRINGS;
	memcpy(at, &header, sizeof(header));
	return header.code_bytes;
}

uint64_t asm_object(uint64_t image, uint32_t kernel)
{
	return image + sizeof(struct road_gpu_image) + kernel * sizeof(struct road_gpu_kernel);
}

/* ---- the kernels ---- */

static void load_param(struct assembly *a, unsigned d, int32_t offset)
{
	asm_imm(a, ROAD_GPU_OP_ld_b64, d, RZ, 0, 0, ROAD_GPU_FORM_ADDR32, offset)->mods = PARAM;
}

static void exit_kernel(struct assembly *a)
{
	asm_put(a, ROAD_GPU_OP_exit, 0, 0, 0, 0);
}

static void sreg(struct assembly *a, unsigned d, enum road_gpu_sreg which)
{
	asm_put(a, ROAD_GPU_OP_sreg_b32, d, 0, 0, 0)->aux = (uint16_t)which;
}

/* Register 0 = index of the work-item. */
static void global_index(struct assembly *a)
{
	sreg(a, 0, ROAD_GPU_SREG_CTAID_X);
	sreg(a, 1, ROAD_GPU_SREG_NTID_X);
	sreg(a, 2, ROAD_GPU_SREG_TID_X);
	asm_put(a, ROAD_GPU_OP_mad_lo_u32, 0, 0, 1, 2);
}

static void kernel_add(struct assembly *a)
{
	asm_kernel(a, 16, 0, 24);
	global_index(a);
	for (unsigned i = 0; i < 3; i++) { /* pairs 4, 6, 8: addresses of the element */
		load_param(a, 4 + 2 * i, (int32_t)(8 * i));
		asm_imm(a, ROAD_GPU_OP_mad_wide_u32, 4 + 2 * i, 0, RZ, 4 + 2 * i, IMM_B, 4);
	}
	asm_put(a, ROAD_GPU_OP_ld_b32, 10, 6, 0, 0)->mods = GLOBAL;
	asm_put(a, ROAD_GPU_OP_ld_b32, 11, 8, 0, 0)->mods = GLOBAL;
	asm_put(a, ROAD_GPU_OP_add_u32, 12, 10, 11, 0);
	asm_put(a, ROAD_GPU_OP_st_b32, 0, 4, 12, 0)->mods = GLOBAL;
	exit_kernel(a);
}

static void store_of(struct assembly *a, unsigned address, unsigned value)
{
	asm_put(a, ROAD_GPU_OP_st_b32, 0, address, value, 0)->mods = GLOBAL;
}

static void kernel_store(struct assembly *a)
{
	asm_kernel(a, 8, 1, 16);
	sreg(a, 0, ROAD_GPU_SREG_TID_X);
	asm_imm(a, ROAD_GPU_OP_setp_u32, 0, 0, RZ, PT, IMM_B, 0)->aux = PT; /* p0 = tid == 0 */
	load_param(a, 2, 0);
	load_param(a, 4, 8);
	asm_put(a, ROAD_GPU_OP_unlo_b64, 1, 4, 0, 0);
	store_of(a, 2, 1);
	a->words[a->count - 1].guard = 0;
	exit_kernel(a);
}

static void kernel_forever(struct assembly *a)
{
	asm_kernel(a, 2, 0, 0);
	asm_imm(a, ROAD_GPU_OP_bra, 0, 0, 0, 0, 0, 0);
	exit_kernel(a);
}

static void kernel_trap(struct assembly *a)
{
	asm_kernel(a, 2, 0, 0);
	asm_put(a, ROAD_GPU_OP_nop, 0, 0, 0, 0);
	asm_put(a, ROAD_GPU_OP_trap, 0, 0, 0, 0);
	exit_kernel(a);
}

/* All wait at barrier 1 for 512 threads: so many never come. */
static void kernel_barrier(struct assembly *a)
{
	asm_kernel(a, 4, 0, 0)->barriers = 2;
	asm_imm(a, ROAD_GPU_OP_mov_b32, 0, 0, RZ, 0, IMM_B, 512);
	asm_imm(a, ROAD_GPU_OP_bar_sync, 0, RZ, 0, 0, IMM_A, 1);
	exit_kernel(a);
}

static void kernel_divide(struct assembly *a)
{
	asm_kernel(a, 4, 0, 8);
	asm_imm(a, ROAD_GPU_OP_mov_b32, 0, 0, RZ, 0, IMM_B, 1);
	asm_put(a, ROAD_GPU_OP_div_u32, 1, 0, RZ, 0);
	load_param(a, 2, 0);
	store_of(a, 2, 1);
	exit_kernel(a);
}

static void kernel_load_at(struct assembly *a)
{
	asm_kernel(a, 4, 0, 8);
	load_param(a, 2, 0);
	asm_put(a, ROAD_GPU_OP_ld_b32, 0, 2, 0, 0)->mods = GLOBAL;
	exit_kernel(a);
}

static void kernel_runoff(struct assembly *a)
{
	asm_kernel(a, 2, 0, 0);
	asm_put(a, ROAD_GPU_OP_nop, 0, 0, 0, 0);
}

static void kernel_count_up(struct assembly *a)
{
	asm_kernel(a, 8, 1, 16);
	load_param(a, 2, 0);
	load_param(a, 4, 8);
	asm_put(a, ROAD_GPU_OP_unlo_b64, 1, 4, 0, 0);
	asm_imm(a, ROAD_GPU_OP_mov_b32, 0, 0, RZ, 0, IMM_B, 0);
	asm_imm(a, ROAD_GPU_OP_add_u32, 0, 0, RZ, 0, IMM_B, 1); /* word 4 */
	asm_put(a, ROAD_GPU_OP_setp_u32, 0, 0, 1, PT)->aux = PT;
	a->words[a->count - 1].mods = ROAD_GPU_CMP_LT << ROAD_GPU_MOD_CMP_SHIFT;
	asm_imm(a, ROAD_GPU_OP_bra, 0, 0, 0, 0, 0, 4)->guard = 0;
	store_of(a, 2, 0);
	exit_kernel(a);
}

static void kernel_spin(struct assembly *a)
{
	asm_kernel(a, 8, 1, 16);
	load_param(a, 2, 0);
	load_param(a, 4, 8);
	asm_put(a, ROAD_GPU_OP_unlo_b64, 1, 4, 0, 0);
	asm_put(a, ROAD_GPU_OP_ld_b32, 0, 2, 0, 0)->mods = GLOBAL | ROAD_GPU_MEM_VOLATILE;
	asm_put(a, ROAD_GPU_OP_setp_u32, 0, 0, 1, PT)->aux = PT; /* word 4 */
	a->words[a->count - 1].mods = ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT;
	asm_imm(a, ROAD_GPU_OP_bra, 0, 0, 0, 0, 0, 3)->guard = 0;
	exit_kernel(a);
}

static void kernel_clock(struct assembly *a)
{
	asm_kernel(a, 8, 0, 8);
	load_param(a, 2, 0);
	sreg(a, 0, ROAD_GPU_SREG_SMID);
	asm_put(a, ROAD_GPU_OP_sreg_b64, 4, 0, 0, 0)->aux = ROAD_GPU_SREG_CLOCK64;
	store_of(a, 2, 0);
	exit_kernel(a);
}

static void kernel_handshake(struct assembly *a)
{
	asm_kernel(a, 8, 1, 24);
	load_param(a, 2, 0);
	load_param(a, 4, 8);
	load_param(a, 6, 16);
	asm_put(a, ROAD_GPU_OP_unlo_b64, 1, 4, 0, 0);
	store_of(a, 2, 1);
	asm_put(a, ROAD_GPU_OP_ld_b32, 0, 6, 0, 0)->mods = GLOBAL | ROAD_GPU_MEM_VOLATILE;
	asm_put(a, ROAD_GPU_OP_setp_u32, 0, 0, 1, PT)->aux = PT;
	a->words[a->count - 1].mods = ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT;
	asm_imm(a, ROAD_GPU_OP_bra, 0, 0, 0, 0, 0, 5)->guard = 0;
	exit_kernel(a);
}

void asm_kernels(struct assembly *assembly)
{
	static void (*const kernels[KERNELS])(struct assembly *) = {
		[KERNEL_ADD] = kernel_add,           [KERNEL_STORE] = kernel_store,
		[KERNEL_FOREVER] = kernel_forever,   [KERNEL_TRAP] = kernel_trap,
		[KERNEL_BARRIER] = kernel_barrier,   [KERNEL_DIVIDE] = kernel_divide,
		[KERNEL_LOAD_AT] = kernel_load_at,   [KERNEL_RUNOFF] = kernel_runoff,
		[KERNEL_COUNT_UP] = kernel_count_up, [KERNEL_SPIN] = kernel_spin,
		[KERNEL_CLOCK] = kernel_clock,       [KERNEL_HANDSHAKE] = kernel_handshake,
	};

	memset(assembly, 0, sizeof(*assembly));
	for (unsigned i = 0; i < KERNELS; i++)
		kernels[i](assembly);
}
