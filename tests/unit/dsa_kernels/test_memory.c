/* SPDX-License-Identifier: Apache-2.0 */
/* saxpy, and what moves bytes: embedding, padding, im2col with a product behind it. */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct harness harness;
static uint32_t seed;

static void saxpy(void)
{
	static const uint64_t counts[] = {1, 5, 4096, 4097, 30000};

	harness_open(&harness, "saxpy.elf");
	seed = 21;
	for (unsigned i = 0; i < 10; i++) {
		uint64_t count = counts[i / 2];
		struct {
			uint64_t x, y, count;
			float a;
			uint32_t padding;
		} args = {.count = count, .a = 1.7f};
		float *x, *y, *before = malloc(count * sizeof(float));
		bool right = true;

		args.x = harness_alloc(&harness, count * 4, &x);
		args.y = harness_alloc(&harness, count * 4, &y);
		harness_fill(&seed, ROAD_DSA_TYPE_F32, x, count);
		harness_fill(&seed, ROAD_DSA_TYPE_F32, y, count);
		memcpy(before, y, count * sizeof(float));
		harness.seed = i;
		harness.fidelity = i == 7 ? SIM_APPROX : SIM_FUNCTIONAL;
		harness_run(&harness, "saxpy", &args, sizeof(args), 1 + i % 3);
		for (uint64_t k = 0; k < count; k++) {
			float product = args.a * x[k], want = product + before[k];

			right = right && !memcmp(&y[k], &want, sizeof(want));
		}
		CU_ASSERT_TRUE(right);
		free(before);
		harness_clear(&harness);
	}
	harness_close(&harness);
}

struct gather {
	uint64_t table, index, out, count;
	uint32_t row, rows;
};

/* 70000 bytes: a row in three pieces. */
static void gather(void)
{
	static const uint32_t rows[] = {1, 2, 100, 4096, 70000};

	harness_open(&harness, "gather.elf");
	seed = 22;
	for (unsigned i = 0; i < 10; i++) {
		struct gather args = {.row = rows[i / 2], .rows = 7, .count = 1 + i * 3};
		uint8_t *table, *out;
		uint32_t *index;
		bool right = true;

		args.table = harness_alloc(&harness, args.row * 7, &table);
		args.index = harness_alloc(&harness, args.count * 4, &index);
		args.out = harness_alloc(&harness, args.row * args.count, &out);
		harness_fill(&seed, ROAD_DSA_TYPE_S8, table, args.row * 7);
		for (uint64_t k = 0; k < args.count; k++)
			index[k] = harness_random(&seed) % 7;
		harness.seed = i;
		harness_run(&harness, "gather", &args, sizeof(args), 1 + i % 3);
		for (uint64_t k = 0; k < args.count; k++)
			right = right &&
				!memcmp(out + k * args.row, table + index[k] * args.row, args.row);
		CU_ASSERT_TRUE(right);
		harness_clear(&harness);
	}
	harness_close(&harness);
}

static void an_index_beyond_the_table_traps(void)
{
	struct gather args = {.row = 4, .rows = 7, .count = 1};
	uint32_t *index;
	uint8_t *host;

	harness_open(&harness, "gather.elf");
	args.table = harness_alloc(&harness, 28, &host);
	args.out = harness_alloc(&harness, 4, &host);
	args.index = harness_alloc(&harness, 4, &index);
	index[0] = 7;
	CU_ASSERT_EQUAL(harness_faults(&harness, "gather", &args, sizeof(args)),
			ROAD_DSA_FAULT_TRAP);
	harness_close(&harness);
}

/* ---- convolutions ---- */

struct conv {
	uint32_t h, w, c, fh, fw, pad_h, pad_w, stride, outputs;
	unsigned type, out;
	/* what follows from them */
	uint32_t ph, pw, oh, ow, k, bytes;
};

static void derive(struct conv *conv)
{
	conv->ph = conv->h + 2 * conv->pad_h;
	conv->pw = conv->w + 2 * conv->pad_w;
	conv->oh = (conv->ph - conv->fh) / conv->stride + 1;
	conv->ow = (conv->pw - conv->fw) / conv->stride + 1;
	conv->k = conv->fh * conv->fw * conv->c;
	conv->bytes = (uint32_t)harness_bytes(conv->type);
}

static void run_pad(const struct conv *conv, uint64_t x, uint64_t padded, uint32_t blocks)
{
	struct {
		uint64_t x, y;
		uint32_t h, x_row, pad_h, pad_w;
	} args = {x,           padded,
		  conv->h,     conv->w * conv->c * conv->bytes,
		  conv->pad_h, conv->pad_w * conv->c * conv->bytes};

	harness_run(&harness, "pad", &args, sizeof(args), blocks);
}

static void run_im2col(const struct conv *conv, uint64_t padded, uint64_t columns, uint32_t blocks)
{
	uint32_t pixel = conv->c * conv->bytes;
	struct {
		uint64_t x, y;
		uint32_t oh, ow, fh, run, step, row, row_step, nothing;
	} args = {padded,
		  columns,
		  conv->oh,
		  conv->ow,
		  conv->fh,
		  conv->fw * pixel,
		  conv->stride * pixel,
		  conv->pw * pixel,
		  conv->stride * conv->pw * pixel,
		  0};

	harness_run(&harness, "im2col", &args, sizeof(args), blocks);
}

static void run_product(const struct conv *conv, uint64_t columns, uint64_t filters, uint64_t y)
{
	struct harness other;
	struct {
		uint64_t a, b, c;
		uint32_t m, n, k, lda, ldb, ldc;
	} args = {columns,
		  filters,
		  y,
		  conv->oh * conv->ow,
		  conv->outputs,
		  conv->k,
		  conv->k * conv->bytes,
		  conv->outputs * conv->bytes,
		  conv->outputs * (uint32_t)harness_bytes(conv->out)};

	/* The image of products, the memory of the others. */
	harness_open(&other, "gemm-small.elf");
	memcpy(other.buffers, harness.buffers, sizeof(harness.buffers));
	other.buffer_count = harness.buffer_count;
	harness_run(&other, conv->type == ROAD_DSA_TYPE_S8 ? "gemm_s8" : "gemm_f16", &args,
		    sizeof(args), 2);
	free(other.image);
}

/* An output by its definition, in the order of the filter's elements. */
static uint32_t output_of(const struct conv *conv, const uint8_t *x, const uint8_t *filters,
			  uint32_t oy, uint32_t ox, uint32_t output)
{
	float sum = 0;
	uint32_t whole = 0, k = 0;

	for (uint32_t fy = 0; fy < conv->fh; fy++)
		for (uint32_t fx = 0; fx < conv->fw; fx++)
			for (uint32_t c = 0; c < conv->c; c++, k++) {
				int64_t y = (int64_t)oy * conv->stride + fy - conv->pad_h;
				int64_t z = (int64_t)ox * conv->stride + fx - conv->pad_w;
				bool inside = y >= 0 && y < conv->h && z >= 0 && z < conv->w;
				size_t at = inside ? (size_t)((y * conv->w + z) * conv->c + c) : 0;
				float a = inside ? harness_value(conv->type, x, at) : 0;
				float b = harness_value(conv->type, filters,
							(size_t)k * conv->outputs + output);

				sum = fmaf(a, b, sum);
				whole += (uint32_t)((int32_t)a * (int32_t)b);
			}
	return conv->type == ROAD_DSA_TYPE_S8 ? whole : harness_round(conv->out, (double)sum);
}

static void convolve(struct conv conv, uint32_t blocks)
{
	uint8_t *x, *padded, *columns, *filters, *y;
	uint64_t x_at, padded_at, columns_at, filters_at, y_at;
	bool right = true;

	derive(&conv);
	x_at = harness_alloc(&harness, conv.h * conv.w * conv.c * conv.bytes, &x);
	padded_at = harness_alloc(&harness, conv.ph * conv.pw * conv.c * conv.bytes, &padded);
	columns_at = harness_alloc(&harness, (uint64_t)conv.oh * conv.ow * conv.k * conv.bytes,
				   &columns);
	filters_at = harness_alloc(&harness, conv.k * conv.outputs * conv.bytes, &filters);
	y_at = harness_alloc(&harness, conv.oh * conv.ow * conv.outputs * harness_bytes(conv.out),
			     &y);
	harness_fill(&seed, conv.type, x, conv.h * conv.w * conv.c);
	harness_fill(&seed, conv.type, filters, conv.k * conv.outputs);
	run_pad(&conv, x_at, padded_at, blocks);
	run_im2col(&conv, padded_at, columns_at, blocks);
	run_product(&conv, columns_at, filters_at, y_at);
	for (uint32_t i = 0; i < conv.oh * conv.ow * conv.outputs && right; i++) {
		uint32_t pixel = i / conv.outputs;

		right = harness_bits(conv.out, y, i) == output_of(&conv, x, filters,
								  pixel / conv.ow, pixel % conv.ow,
								  i % conv.outputs);
		if (!right)
			printf("# output %u of %ux%u, filter %ux%u is wrong\n", i, conv.h, conv.w,
			       conv.fh, conv.fw);
	}
	CU_ASSERT_TRUE(right);
	harness_clear(&harness);
}

static void convolutions(void)
{
	static const struct conv list[] = {
		{5, 6, 3, 3, 3, 1, 1, 1, 4, ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F16},
		{14, 14, 3, 7, 7, 3, 3, 2, 16, ROAD_DSA_TYPE_S8, ROAD_DSA_TYPE_S32},
		{9, 7, 32, 1, 1, 0, 0, 2, 5, ROAD_DSA_TYPE_S8, ROAD_DSA_TYPE_S32},
		{4, 200, 64, 2, 3, 0, 2, 1, 3, ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F16},
		{3, 3, 1, 3, 3, 2, 0, 3, 1, ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F16},
	};

	harness_open(&harness, "conv.elf");
	seed = 23;
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		for (uint32_t blocks = 1; blocks <= 3; blocks += 2) {
			harness.seed = i;
			convolve(list[i], blocks);
		}
	harness_close(&harness);
}

static const struct tap_case cases[] = {
	{"saxpy gives each element's bits", saxpy},
	{"an embedding has the rows of the table", gather},
	{"an index beyond the table traps", an_index_beyond_the_table_traps},
	{"padding, im2col and a product are the convolution, bit by bit", convolutions},
};
TAP_MAIN(cases)
