/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PTX's mma in every shape and type that the compiler takes, and a product of matrices by
 * ldmatrix and mma, in both modes. Values are small whole numbers, so that all sums are exact;
 * how sums are rounded is tested in tests/unit/sim_gpu/test_matrix.c.
 */
#include "tests/gpu/run.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD ".version 7.0\n.target sm_80\n.address_size 64\n"

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

enum kind {
	HALF,
	BFLOAT,
	TENSOR_FLOAT,
	SIGNED,
	UNSIGNED,
	SINGLE,
	WORD,
	NIBBLE,
	UNSIGNED_NIBBLE,
	BIT
};

struct shape {
	const char *name, *types; /* as PTX writes them */
	enum kind a, b, c;
	uint32_t ra, rb, rc; /* registers of a lane */
	uint32_t rows;
};

static const struct shape shapes[] = {
	{"m16n8k16", "f32.f16.f16.f32", HALF, HALF, SINGLE, 4, 2, 4, 16},
	{"m16n8k8", "f32.f16.f16.f32", HALF, HALF, SINGLE, 2, 1, 4, 16},
	{"m16n8k16", "f16.f16.f16.f16", HALF, HALF, HALF, 4, 2, 2, 16},
	{"m16n8k8", "f16.f16.f16.f16", HALF, HALF, HALF, 2, 1, 2, 16},
	{"m16n8k16", "f32.bf16.bf16.f32", BFLOAT, BFLOAT, SINGLE, 4, 2, 4, 16},
	{"m16n8k8", "f32.bf16.bf16.f32", BFLOAT, BFLOAT, SINGLE, 2, 1, 4, 16},
	{"m16n8k8", "f32.tf32.tf32.f32", TENSOR_FLOAT, TENSOR_FLOAT, SINGLE, 4, 2, 4, 16},
	{"m16n8k4", "f32.tf32.tf32.f32", TENSOR_FLOAT, TENSOR_FLOAT, SINGLE, 2, 1, 4, 16},
	{"m16n8k32", "s32.s8.s8.s32", SIGNED, SIGNED, WORD, 4, 2, 4, 16},
	{"m16n8k32", "s32.u8.s8.s32", UNSIGNED, SIGNED, WORD, 4, 2, 4, 16},
	{"m16n8k16", "s32.s8.u8.s32", SIGNED, UNSIGNED, WORD, 2, 1, 4, 16},
	{"m8n8k16", "s32.u8.u8.s32", UNSIGNED, UNSIGNED, WORD, 1, 1, 2, 8},
	{"m16n8k64", "s32.s4.s4.s32", NIBBLE, NIBBLE, WORD, 4, 2, 4, 16},
	{"m16n8k64", "s32.u4.s4.s32", UNSIGNED_NIBBLE, NIBBLE, WORD, 4, 2, 4, 16},
	{"m16n8k32", "s32.s4.u4.s32", NIBBLE, UNSIGNED_NIBBLE, WORD, 2, 1, 4, 16},
	{"m8n8k32", "s32.u4.u4.s32", UNSIGNED_NIBBLE, UNSIGNED_NIBBLE, WORD, 1, 1, 2, 8},
	{"m16n8k256", "s32.b1.b1.s32.and.popc", BIT, BIT, WORD, 4, 2, 4, 16},
	{"m16n8k256", "s32.b1.b1.s32.xor.popc", BIT, BIT, WORD, 4, 2, 4, 16},
	{"m16n8k128", "s32.b1.b1.s32.xor.popc", BIT, BIT, WORD, 2, 1, 4, 16},
	{"m8n8k128", "s32.b1.b1.s32.and.popc", BIT, BIT, WORD, 1, 1, 2, 8},
};

static uint32_t elements(enum kind kind)
{
	static const uint8_t each[] = {2, 2, 1, 4, 4, 1, 1, 8, 8, 32};

	return each[kind];
}

/* Of small whole numbers, by the formats' definitions. */
static uint32_t encode(enum kind kind, int value)
{
	float single = (float)value;
	uint32_t bits;

	memcpy(&bits, &single, sizeof(bits));
	switch (kind) {
	case HALF:
		return value ? (bits >> 16 & 0x8000u) | ((bits >> 13 & 0x3ffffu) - (112u << 10))
			     : 0;
	case BFLOAT: return bits >> 16;
	case TENSOR_FLOAT:
	case SINGLE: return bits;
	case WORD: return (uint32_t)value;
	case NIBBLE:
	case UNSIGNED_NIBBLE: return value & 15;
	default: return (uint8_t)value;
	}
}

static uint32_t pack(enum kind kind, const int *values)
{
	uint32_t e = elements(kind), word = 0;

	for (uint32_t j = 0; j < e; j++)
		word |= encode(kind, values[j]) << 32 / e * (j % e);
	return word;
}

static int small(enum kind kind, unsigned *seed)
{
	int value = (int)(*seed >> 16) % 9;

	*seed = *seed * 1103515245u + 12345u;
	if (kind == BIT)
		return value & 1;
	return kind == UNSIGNED || kind == UNSIGNED_NIBBLE ? value : value - 4;
}

/* Registers of a fragment as "{%x0, %x1}". */
static void list(char *out, size_t bytes, char name, uint32_t count)
{
	size_t used = (size_t)snprintf(out, bytes, "{");

	for (uint32_t i = 0; i < count; i++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%%%c%u", i ? ", " : "", name,
					 i);
	snprintf(out + used, bytes - used, "}");
}

/* Lane l's registers r stand at 4 (8 l + r) of each buffer: p, q, s; the result goes to s. */
static void make_kernel(char *out, size_t bytes, const struct shape *shape)
{
	char a[80], b[80], c[80], d[80];
	size_t used;

	list(a, sizeof(a), 'a', shape->ra);
	list(b, sizeof(b), 'b', shape->rb);
	list(c, sizeof(c), 'c', shape->rc);
	list(d, sizeof(d), 'd', shape->rc);
	used = (size_t)snprintf(
		out, bytes,
		HEAD
		".visible .entry k(.param .u64 p, .param .u64 q, .param .u64 s)\n{\n"
		"\t.reg .b32 %%a<4>; .reg .b32 %%b<2>; .reg .b32 %%c<4>; .reg .b32 %%d<4>;\n"
		"\t.reg .b32 %%t; .reg .b64 %%p; .reg .b64 %%q; .reg .b64 %%s; .reg .b64 %%o;\n"
		"\tmov.u32 %%t, %%tid.x; mul.wide.u32 %%o, %%t, 32;\n"
		"\tld.param.u64 %%p, [p]; add.u64 %%p, %%p, %%o;\n"
		"\tld.param.u64 %%q, [q]; add.u64 %%q, %%q, %%o;\n"
		"\tld.param.u64 %%s, [s]; add.u64 %%s, %%s, %%o;\n");
	for (uint32_t r = 0; r < shape->ra; r++)
		used += (size_t)snprintf(out + used, bytes - used,
					 "\tld.global.b32 %%a%u, [%%p+%u];\n", r, 4 * r);
	for (uint32_t r = 0; r < shape->rb; r++)
		used += (size_t)snprintf(out + used, bytes - used,
					 "\tld.global.b32 %%b%u, [%%q+%u];\n", r, 4 * r);
	for (uint32_t r = 0; r < shape->rc; r++)
		used += (size_t)snprintf(out + used, bytes - used,
					 "\tld.global.b32 %%c%u, [%%s+%u];\n", r, 4 * r);
	used += (size_t)snprintf(out + used, bytes - used,
				 "\tmma.sync.aligned.%s.row.col.%s %s, %s, %s, %s;\n", shape->name,
				 shape->types, d, a, b, c);
	for (uint32_t r = 0; r < shape->rc; r++)
		used += (size_t)snprintf(out + used, bytes - used,
					 "\tst.global.b32 [%%s+%u], %%d%u;\n", 4 * r, r);
	snprintf(out + used, bytes - used, "\tret;\n}\n");
}

struct matrices {
	int a[16][256], b[256][8], c[16][8], d[16][8];
	uint32_t p[256], q[256], s[256], want[256];
};

/* The registers of all lanes, from whole matrices (PTX ISA, "matrix fragments for mma"). */
static void spread(struct matrices *m, const struct shape *shape)
{
	uint32_t e = elements(shape->a), f = elements(shape->c);

	for (uint32_t l = 0; l < 32; l++) {
		uint32_t g = l / 4, t = l % 4;

		for (uint32_t r = 0; r < shape->ra; r++)
			m->p[8 * l + r] =
				pack(shape->a, &m->a[g + 8 * (r % 2)][t * e + 4 * e * (r / 2)]);
		for (uint32_t r = 0; r < shape->rb; r++) {
			int column[32];

			for (uint32_t j = 0; j < e; j++)
				column[j] = m->b[t * e + j + 4 * e * r][g];
			m->q[8 * l + r] = pack(shape->b, column);
		}
		for (uint32_t r = 0; r < shape->rc; r++) {
			uint32_t row = g + 8 * (f == 2 ? r : r / 2);
			uint32_t column = 2 * t + (f == 2 ? 0 : r % 2);

			m->s[8 * l + r] = pack(shape->c, &m->c[row][column]);
			m->want[8 * l + r] = pack(shape->c, &m->d[row][column]);
		}
	}
}

static int multiply(const char *types, int a, int b)
{
	return strstr(types, "xor") ? a ^ b : a * b;
}

static void make_matrices(struct matrices *m, const struct shape *shape)
{
	uint32_t k_end = shape->rb * 4 * elements(shape->a);
	unsigned seed = k_end + shape->rows;

	memset(m, 0, sizeof(*m));
	for (uint32_t k = 0; k < k_end; k++) {
		for (uint32_t row = 0; row < shape->rows; row++)
			m->a[row][k] = small(shape->a, &seed);
		for (uint32_t column = 0; column < 8; column++)
			m->b[k][column] = small(shape->b, &seed);
	}
	for (uint32_t row = 0; row < shape->rows; row++) {
		for (uint32_t column = 0; column < 8; column++) {
			int *d = &m->d[row][column];

			*d = m->c[row][column] = small(SIGNED, &seed);
			for (uint32_t k = 0; k < k_end; k++)
				*d += multiply(shape->types, m->a[row][k], m->b[k][column]);
		}
	}
	spread(m, shape);
}

static void mma_multiplies_in_every_shape_and_type(void)
{
	static struct matrices m;
	char ptx[4096];

	for (unsigned mode = 0; mode < 2; mode++) {
		struct fixture f = setup(modes[mode]);

		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			struct run run = {.ptx = ptx,
					  .kernel = "k",
					  .grid = {1, 1, 1},
					  .block = {32, 1, 1},
					  .arguments = {{.data = m.p, .count = 256},
							{.data = m.q, .count = 256},
							{.data = m.s, .count = 256}},
					  .argument_count = 3};

			make_matrices(&m, &shapes[i]);
			make_kernel(ptx, sizeof(ptx), &shapes[i]);
			CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
			if (memcmp(m.s, m.want, sizeof(m.s)) != 0) {
				printf("# %s.%s differs\n", shapes[i].name, shapes[i].types);
				CU_FAIL("wrong product");
			}
		}
		teardown(&f);
	}
}

static void what_is_no_matrix_instruction_is_told(void)
{
	static const struct {
		const char *instruction, *says;
	} rows[] = {
		{"mma.sync.aligned.m16n8k16.col.col.f32.f16.f16.f32 {%f0,%f0,%f0,%f0}, "
		 "{%r0,%r0,%r0,%r0}, {%r0,%r0}, {%f0,%f0,%f0,%f0};",
		 "layouts of 'mma'; allowed: .row.col"},
		{"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0,%f0,%f0}, "
		 "{%r0,%r0,%r0,%r0}, {%r0,%r0}, {%f0,%f0,%f0,%f0};",
		 "fragment of 3 registers in 'mma'; needed: 4"},
		{"ldmatrix.sync.aligned.m8n8.x2.global.b16 {%r0,%r0}, [%d0];", "allowed: .shared"},
		{"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0,%r0}, [%r0];",
		 "fragment of 2 registers in 'ldmatrix'; needed: 4"},
		{"movmatrix.sync.aligned.m8n8.b16 %r0, %r0;", "allowed: .trans"},
	};
	struct fixture f = setup(modes[0]);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char ptx[1024], log[1024] = "";
		road_image_options options = {
			.size = sizeof(options), .log = log, .log_bytes = sizeof(log)};
		road_image *image;

		snprintf(ptx, sizeof(ptx),
			 HEAD ".visible .entry k()\n{\n.reg .b32 %%r<2>; .reg .f32 %%f<2>; "
			      ".reg .b64 %%d<2>;\n%s\nret;\n}\n",
			 rows[i].instruction);
		CU_ASSERT_EQUAL(road_image_load(f.space, ptx, strlen(ptx), &options, &image),
				ROAD_IMAGE_INVALID);
		if (!strstr(log, rows[i].says)) {
			printf("# \"%s\" lacks \"%s\"\n", log, rows[i].says);
			CU_FAIL("another reason");
		}
	}
	teardown(&f);
}

/* ---- wmma: what is loaded, multiplied and stored, whatever is in which register ---- */

struct wmma {
	const char *name;
	uint32_t m, n, k;
	const char *types, *a, *b, *c; /* of mma, of the loads of A and B, of C and D */
	enum kind kind_a, kind_b, kind_c;
	uint32_t ra, rb, rc;
};

static const struct wmma wmmas[] = {
	{"m16n16k16", 16, 16, 16, "f32.f32", "f16", "f16", "f32", HALF, HALF, SINGLE, 8, 8, 8},
	{"m32n8k16", 32, 8, 16, "f32.f32", "f16", "f16", "f32", HALF, HALF, SINGLE, 8, 8, 8},
	{"m8n32k16", 8, 32, 16, "f32.f32", "f16", "f16", "f32", HALF, HALF, SINGLE, 8, 8, 8},
	{"m16n16k16", 16, 16, 16, "f16.f16", "f16", "f16", "f16", HALF, HALF, HALF, 8, 8, 4},
	{"m32n8k16", 32, 8, 16, "f16.f16", "f16", "f16", "f16", HALF, HALF, HALF, 8, 8, 4},
	{"m8n32k16", 8, 32, 16, "f16.f16", "f16", "f16", "f16", HALF, HALF, HALF, 8, 8, 4},
	{"m16n16k16", 16, 16, 16, "f32.bf16.bf16.f32", "bf16", "bf16", "f32", BFLOAT, BFLOAT,
	 SINGLE, 4, 4, 8},
	{"m32n8k16", 32, 8, 16, "f32.bf16.bf16.f32", "bf16", "bf16", "f32", BFLOAT, BFLOAT, SINGLE,
	 8, 2, 8},
	{"m8n32k16", 8, 32, 16, "f32.bf16.bf16.f32", "bf16", "bf16", "f32", BFLOAT, BFLOAT, SINGLE,
	 2, 8, 8},
	{"m16n16k8", 16, 16, 8, "f32.tf32.tf32.f32", "tf32", "tf32", "f32", TENSOR_FLOAT,
	 TENSOR_FLOAT, SINGLE, 4, 4, 8},
	{"m16n16k16", 16, 16, 16, "s32.s8.s8.s32", "s8", "s8", "s32", SIGNED, SIGNED, WORD, 2, 2,
	 8},
	{"m32n8k16", 32, 8, 16, "s32.u8.u8.s32", "u8", "u8", "s32", UNSIGNED, UNSIGNED, WORD, 4, 1,
	 8},
	{"m8n32k16", 8, 32, 16, "s32.s8.s8.s32", "s8", "s8", "s32", SIGNED, SIGNED, WORD, 1, 4, 8},
	{"m8n8k32", 8, 8, 32, "s32.s4.s4.s32", "s4", "s4", "s32", NIBBLE, NIBBLE, WORD, 1, 1, 2},
	{"m8n8k32", 8, 8, 32, "s32.u4.u4.s32", "u4", "u4", "s32", UNSIGNED_NIBBLE, UNSIGNED_NIBBLE,
	 WORD, 1, 1, 2},
	{"m8n8k128", 8, 8, 128, "s32.b1.b1.s32", "b1", "b1", "s32", BIT, BIT, WORD, 1, 1, 2},
};

enum { PITCH = 48, SMALL_PITCH = 384 }; /* elements of a row or column: more than there are */

/* Rows of less than bytes are multiples of 16 bytes. */
static uint32_t pitch_of(enum kind kind)
{
	return kind < NIBBLE ? PITCH : SMALL_PITCH;
}

static void make_wmma(char *out, size_t bytes, const struct wmma *w, const char *const layouts[3])
{
	char a[80], b[80], c[80], d[80];

	list(a, sizeof(a), 'a', w->ra);
	list(b, sizeof(b), 'b', w->rb);
	list(c, sizeof(c), 'c', w->rc);
	list(d, sizeof(d), 'd', w->rc);
	snprintf(out, bytes,
		 HEAD ".visible .entry k(.param .u64 p, .param .u64 q, .param .u64 s)\n{\n"
		      "\t.reg .b32 %%a<8>; .reg .b32 %%b<8>; .reg .b32 %%c<8>; .reg .b32 %%d<8>;\n"
		      "\t.reg .b32 %%n; .reg .b64 %%p; .reg .b64 %%q; .reg .b64 %%s;\n"
		      "\tmov.u32 %%n, %u;\n"
		      "\tld.param.u64 %%p, [p]; ld.param.u64 %%q, [q]; ld.param.u64 %%s, [s];\n"
		      "\twmma.load.a.sync.aligned.%s.%s.global.%s %s, [%%p], %u;\n"
		      "\twmma.load.b.sync.aligned.%s.%s.%s %s, [%%q], %u;\n"
		      "\twmma.load.c.sync.aligned.%s.%s.global.%s %s, [%%s], %%n;\n"
		      "\twmma.mma%s.sync.aligned.%s.%s.%s.%s %s, %s, %s, %s;\n"
		      "\twmma.store.d.sync.aligned.%s.%s.global.%s [%%s], %s, %%n;\n"
		      "\tret;\n}\n",
		 pitch_of(w->kind_c), layouts[0], w->name, w->a, a, pitch_of(w->kind_a), layouts[1],
		 w->name, w->b, b, pitch_of(w->kind_b), layouts[2], w->name, w->c, c,
		 w->kind_a == BIT ? ".and.popc" : "", layouts[0], layouts[1], w->name, w->types, d,
		 a, b, c, layouts[2], w->name, w->c, d);
}

static void put(uint8_t *memory, enum kind kind, const char *layout, uint32_t row, uint32_t column,
		int value)
{
	uint32_t pitch = pitch_of(kind), each = elements(kind);
	uint32_t at = layout[0] == 'r' ? row * pitch + column : column * pitch + row;
	uint32_t bits = encode(kind, value), width = 32 / each, word;

	memcpy(&word, memory + at / each * 4, 4);
	word &= ~((width == 32 ? 0 : 1u << width) - 1u) << at % each * width |
		~(~0u << at % each * width);
	word |= bits << at % each * width;
	memcpy(memory + at / each * 4, &word, 4);
}

static uint32_t wmma_differences(struct fixture *f, const struct wmma *w,
				 const char *const layouts[3])
{
	static uint8_t a[PITCH * PITCH * 4], b[PITCH * PITCH * 4], c[PITCH * PITCH * 4],
		want[PITCH * PITCH * 4];
	static int va[32][128], vb[128][32];
	unsigned seed = w->m;
	char ptx[4096];
	struct run run = {.ptx = ptx,
			  .kernel = "k",
			  .grid = {1, 1, 1},
			  .block = {32, 1, 1},
			  .arguments = {{.data = a, .count = sizeof(a) / 4},
					{.data = b, .count = sizeof(b) / 4},
					{.data = c, .count = sizeof(c) / 4}},
			  .argument_count = 3};

	memset(c, 0x5a, sizeof(c)); /* what is between must stay */
	memset(want, 0x5a, sizeof(want));
	for (uint32_t k = 0; k < w->k; k++) {
		for (uint32_t row = 0; row < w->m; row++)
			put(a, w->kind_a, layouts[0], row, k, va[row][k] = small(w->kind_a, &seed));
		for (uint32_t column = 0; column < w->n; column++)
			put(b, w->kind_b, layouts[1], k, column,
			    vb[k][column] = small(w->kind_b, &seed));
	}
	for (uint32_t row = 0; row < w->m; row++) {
		for (uint32_t column = 0; column < w->n; column++) {
			int d = small(SIGNED, &seed);

			put(c, w->kind_c, layouts[2], row, column, d);
			for (uint32_t k = 0; k < w->k; k++)
				d += va[row][k] * vb[k][column];
			put(want, w->kind_c, layouts[2], row, column, d);
		}
	}
	make_wmma(ptx, sizeof(ptx), w, layouts);
	CU_ASSERT_EQUAL(run_kernel(f, &run, NULL), ROAD_OK);
	return memcmp(c, want, sizeof(c)) != 0;
}

static void wmma_multiplies_in_every_shape_type_and_layout(void)
{
	for (unsigned mode = 0; mode < 2; mode++) {
		struct fixture f = setup(modes[mode]);

		for (size_t i = 0; i < sizeof(wmmas) / sizeof(wmmas[0]); i++) {
			for (unsigned way = 0; way < 8; way++) {
				const char *const layouts[3] = {way & 1 ? "col" : "row",
								way & 2 ? "col" : "row",
								way & 4 ? "col" : "row"};

				if (wmmas[i].kind_a >= NIBBLE && (way & 3) != 2)
					continue; /* A by rows, B by columns only */
				if (!wmma_differences(&f, &wmmas[i], layouts))
					continue;
				printf("# %s %s.%s.%s differs\n", wmmas[i].name, wmmas[i].types,
				       layouts[0], layouts[1]);
				CU_FAIL("wrong product");
			}
		}
		teardown(&f);
	}
}

/* Doubles: m8n8k4, as nvcc writes it; sums of whole numbers. */
static void wmma_multiplies_doubles(void)
{
	static const char *const names[2] = {"row", "col"};
	char ptx[2048];

	for (unsigned way = 0; way < 16; way++) {
		static double a[4 * 16], b[8 * 16], c[8 * 16], want[8 * 16];
		bool col_a = way & 1, col_b = way & 2, col_c = way & 4;
		struct fixture f = setup(modes[way / 8]);
		struct run run = {.ptx = ptx,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {32, 1, 1},
				  .arguments = {{.data = a, .count = 64, .element = 8},
						{.data = b, .count = 128, .element = 8},
						{.data = c, .count = 128, .element = 8}},
				  .argument_count = 3};

		snprintf(ptx, sizeof(ptx),
			 HEAD ".visible .entry k(.param .u64 p, .param .u64 q, .param .u64 s)\n{\n"
			      "\t.reg .f64 %%f<8>; .reg .b64 %%p; .reg .b64 %%q; .reg .b64 %%s;\n"
			      "\tld.param.u64 %%p, [p]; ld.param.u64 %%q, [q];\n"
			      "\tld.param.u64 %%s, [s];\n"
			      "\twmma.load.a.sync.aligned.%s.m8n8k4.f64 {%%f0}, [%%p], 8;\n"
			      "\twmma.load.b.sync.aligned.%s.m8n8k4.global.f64 {%%f1}, [%%q], 12;\n"
			      "\twmma.load.c.sync.aligned.%s.m8n8k4.f64 {%%f2, %%f3}, [%%s], 16;\n"
			      "\twmma.mma.sync.aligned.%s.%s.m8n8k4.f64.f64.f64.f64.rn "
			      "{%%f4, %%f5}, {%%f0}, {%%f1}, {%%f2, %%f3};\n"
			      "\twmma.store.d.sync.aligned.%s.m8n8k4.f64 [%%s], {%%f4, %%f5}, 16;\n"
			      "\tret;\n}\n",
			 names[col_a], names[col_b], names[col_c], names[col_a], names[col_b],
			 names[col_c]);
		for (unsigned i = 0; i < 128; i++) {
			a[i % 64] = (double)(i % 64 * 7 % 23) - 11;
			b[i] = (double)(i * 5 % 19) - 9;
			want[i] = c[i] = (double)i;
		}
		for (unsigned row = 0; row < 8; row++)
			for (unsigned n = 0; n < 8; n++)
				for (unsigned k = 0; k < 4; k++)
					want[col_c ? n * 16 + row : row * 16 + n] +=
						a[col_a ? k * 8 + row : row * 8 + k] *
						b[col_b ? n * 12 + k : k * 12 + n];
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(memcmp(c, want, sizeof(c)), 0);
		teardown(&f);
	}
}

enum { M = 48, N = 24, K = 80 };

static int value_at(uint32_t i)
{
	return (int)(i * 2654435761u >> 20) % 7 - 3;
}

/* nvcc's double-buffered product: cp.async, ldmatrix and mma, as Triton emits them for sm_80. */
static void nvcc_s_matrix_product_is_right(void)
{
	static uint16_t a[M * K], b[K * N];
	static float c[M * N];

	for (uint32_t i = 0; i < M * K; i++)
		a[i] = (uint16_t)encode(HALF, value_at(i));
	for (uint32_t i = 0; i < K * N; i++)
		b[i] = (uint16_t)encode(HALF, value_at(i + 77777));
	for (unsigned round = 0; round < 2; round++) {
		struct fixture f = setup(modes[round]);
		struct run run = {.file = "nvcc/mma_sync.sm80.ptx",
				  .kernel = "mma_gemm",
				  .grid = {N / 8, M / 16, 1},
				  .block = {32, 1, 1},
				  .arguments = {{.data = a, .count = M * K, .element = 2},
						{.data = b, .count = K * N, .element = 2},
						{.data = c, .count = M * N},
						{.number = M},
						{.number = N},
						{.number = K}},
				  .argument_count = 6};
		uint32_t wrong = 0;

		memset(c, 0xff, sizeof(c));
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t i = 0; i < M * N; i++) {
			int want = 0;

			for (uint32_t k = 0; k < K; k++)
				want += value_at(i / N * K + k) * value_at(k * N + i % N + 77777);
			wrong += c[i] != (float)want;
		}
		CU_ASSERT_EQUAL(wrong, 0);
		teardown(&f);
	}
}

enum { SIDE = 128, DEPTH = 192 }; /* whole tiles */

static int32_t product_at(uint32_t i)
{
	int32_t sum = 0;

	for (uint32_t k = 0; k < DEPTH; k++)
		sum += value_at(i / SIDE * DEPTH + k) * value_at(k * SIDE + i % SIDE + 77777);
	return sum;
}

static uint16_t halves_a[SIDE * DEPTH], halves_b[SIDE * DEPTH]; /* row by row */
static int8_t bytes_a[SIDE * DEPTH], bytes_b[SIDE * DEPTH];     /* A row by row, B by column */

static void check_tiled(const char *mode, bool bytes)
{
	static float floats[SIDE * SIDE];
	static int32_t words[SIDE * SIDE];
	uint32_t element = bytes ? 1 : 2, wrong = 0;
	void *a = bytes ? (void *)bytes_a : halves_a, *b = bytes ? (void *)bytes_b : halves_b;
	void *c = bytes ? (void *)words : floats;
	struct run run = {.file = bytes ? "tensor/gemm_s8.ptx" : "tensor/gemm_f16.ptx",
			  .kernel = bytes ? "gemm_s8" : "gemm_f16",
			  .grid = {SIDE / 64, SIDE / 64, 1},
			  .block = {128, 1, 1},
			  .arguments = {{.data = a, .count = SIDE * DEPTH, .element = element},
					{.data = b, .count = SIDE * DEPTH, .element = element},
					{.data = c, .count = SIDE * SIDE},
					{.number = SIDE},
					{.number = DEPTH}},
			  .argument_count = 5};
	struct fixture f = setup(mode);

	memset(c, 0xff, sizeof(words));
	CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
	for (uint32_t i = 0; i < SIDE * SIDE; i++) {
		int32_t want = product_at(i);

		wrong += bytes ? words[i] != want : floats[i] != (float)want;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	teardown(&f);
}

static void tiled_matrix_products_are_right(void)
{
	for (uint32_t i = 0; i < SIDE * DEPTH; i++) {
		bytes_a[i] = (int8_t)value_at(i);
		bytes_b[i % SIDE * DEPTH + i / SIDE] = (int8_t)value_at(i + 77777);
		halves_a[i] = (uint16_t)encode(HALF, value_at(i));
		halves_b[i] = (uint16_t)encode(HALF, value_at(i + 77777));
	}
	for (unsigned mode = 0; mode < 2; mode++) {
		check_tiled(modes[mode], false);
		check_tiled(modes[mode], true);
	}
}

/* Four words a lane to shared memory; what is there before, and after, the wait. */
static const char copies[] =
	HEAD ".visible .entry k(.param .u64 p, .param .u64 q, .param .u32 n)\n{\n"
	     "\t.reg .b32 %r<12>; .reg .b64 %d<6>; .shared .align 16 .b8 s[1024];\n"
	     "\tld.param.u64 %d1, [p]; ld.param.u64 %d2, [q]; ld.param.u32 %r1, [n];\n"
	     "\tmov.u32 %r2, %tid.x; mul.wide.u32 %d3, %r2, 16; add.u64 %d4, %d1, %d3;\n"
	     "\tshl.b32 %r3, %r2, 4; mov.u32 %r4, s; add.u32 %r4, %r4, %r3;\n"
	     "\tcp.async.ca.shared.global [%r4], [%d4], 16;\n"
	     "\tcp.async.commit_group;\n"
	     "\tcp.async.ca.shared.global [%r4+512], [%d4+512], 8, %r1;\n"
	     "\tcp.async.commit_group;\n"
	     "\tld.shared.u32 %r5, [%r4];\n"
	     "\tcp.async.wait_group 1;\n"
	     "\tld.shared.u32 %r6, [%r4+12]; ld.shared.u32 %r7, [%r4+512];\n"
	     "\tcp.async.wait_all;\n"
	     "\tld.shared.v2.u32 {%r8,%r9}, [%r4+512];\n"
	     "\tmul.wide.u32 %d3, %r2, 20; add.u64 %d4, %d2, %d3;\n"
	     "\tst.global.u32 [%d4], %r5; st.global.u32 [%d4+4], %r6;\n"
	     "\tst.global.u32 [%d4+8], %r7; st.global.u32 [%d4+12], %r8;\n"
	     "\tst.global.u32 [%d4+16], %r9;\n"
	     "\tret;\n}\n";

static void copies_move_when_they_are_waited_for(void)
{
	for (unsigned mode = 0; mode < 2; mode++) {
		struct fixture f = setup(modes[mode]);
		uint32_t in[256], out[32 * 5];
		struct run run = {.ptx = copies,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {32, 1, 1},
				  .arguments = {{.data = in, .count = 256},
						{.data = out, .count = 160},
						{.number = 5}},
				  .argument_count = 3};
		uint32_t wrong = 0;

		for (uint32_t i = 0; i < 256; i++)
			in[i] = 0x01010101u * (i + 1);
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t l = 0; l < 32; l++) {
			wrong += out[5 * l] != 0xa5a5a5a5u;         /* not yet */
			wrong += out[5 * l + 1] != in[4 * l + 3];   /* the first group */
			wrong += out[5 * l + 2] != 0xa5a5a5a5u;     /* not the second */
			wrong += out[5 * l + 3] != in[128 + 4 * l]; /* now all: five bytes, */
			wrong += out[5 * l + 4] != (in[129 + 4 * l] & 0xff); /* then zeros */
		}
		CU_ASSERT_EQUAL(wrong, 0);
		run.arguments[2].number = 9; /* more than is copied */
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_FAULT);
		teardown(&f);
	}
}

static const struct tap_case cases[] = {
	{"wmma multiplies in every shape, type and layout, in both modes",
	 wmma_multiplies_in_every_shape_type_and_layout},
	{"wmma multiplies doubles, in every layout and both modes", wmma_multiplies_doubles},
	{"nvcc's matrix product is right, in both modes", nvcc_s_matrix_product_is_right},
	{"tiled matrix products of f16 and s8 are right, in both modes",
	 tiled_matrix_products_are_right},
	{"copies move when they are waited for, and not before",
	 copies_move_when_they_are_waited_for},
	{"mma multiplies in every shape and type, in both modes",
	 mma_multiplies_in_every_shape_and_type},
	{"what is no matrix instruction is told", what_is_no_matrix_instruction_is_told},
};

TAP_MAIN(cases)
