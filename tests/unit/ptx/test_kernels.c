/* SPDX-License-Identifier: Apache-2.0 */
/* Whole kernels, as nvcc and clang write them: all compile, and compute the same however they were
 * compiled; the known ones compute what their source says. */
#include "tests/unit/ptx/support.h"

#include <math.h>

#define AT(offset) (MACHINE_GLOBAL + (offset))

enum { A = 0x0000, B = 0x4000, C = 0x8000, D = 0xc000 };

struct argument {
	char kind; /* p: offset in global memory, i: integer, f: float, s: shared offset, x:
		      settings */
	double value;
};

struct kernel_case {
	const char *file;
	uint32_t ntid[2], nctaid[2];
	struct argument arguments[8];
	const char *refused; /* part of the reason, if the chip lacks something */
	uint32_t refused_line;
	void (*check)(const struct machine *before, const struct machine *after);
};

static float real(const struct machine *m, unsigned offset, unsigned index)
{
	float f;

	memcpy(&f, m->global + offset + 4 * index, sizeof(f));
	return f;
}

static int32_t integer(const struct machine *m, unsigned offset, unsigned index)
{
	int32_t i;

	memcpy(&i, m->global + offset + 4 * index, sizeof(i));
	return i;
}

static void check_vecadd(const struct machine *before, const struct machine *after)
{
	for (unsigned k = 0; k < 64; k++)
		CU_ASSERT_EQUAL(real(after, C, k), k < 50 ? real(before, A, k) + real(before, B, k)
							  : real(before, C, k));
}

static void check_saxpy(const struct machine *before, const struct machine *after)
{
	for (unsigned k = 0; k < 100; k++) {
		float product = 2.5f * real(before, A, k);

		CU_ASSERT_TRUE(fabsf(real(after, B, k) - (product + real(before, B, k))) <= 1e-5f);
	}
}

static void check_gemm(const struct machine *before, const struct machine *after)
{
	for (unsigned row = 0; row < 20; row++) {
		for (unsigned column = 0; column < 18; column++) {
			float sum = 0;

			for (unsigned k = 0; k < 33; k++)
				sum = fmaf(real(before, A, row * 33 + k),
					   real(before, B, k * 18 + column), sum);
			CU_ASSERT_EQUAL(real(after, C, row * 18 + column), sum);
		}
	}
}

static void check_transpose(const struct machine *before, const struct machine *after)
{
	for (unsigned y = 0; y < 35; y++)
		for (unsigned x = 0; x < 40; x++)
			CU_ASSERT_EQUAL(real(after, B, x * 35 + y), real(before, A, y * 40 + x));
}

static void check_softmax(const struct machine *before, const struct machine *after)
{
	for (unsigned row = 0; row < 2; row++) {
		double sum = 0;

		for (unsigned k = 0; k < 100; k++)
			sum += exp(real(before, A, row * 100 + k));
		for (unsigned k = 0; k < 100; k++)
			CU_ASSERT_TRUE(fabs(real(after, B, row * 100 + k) -
					    exp(real(before, A, row * 100 + k)) / sum) < 1e-6);
	}
}

static void check_histogram(const struct machine *before, const struct machine *after)
{
	uint32_t count[256] = {0};

	for (unsigned k = 0; k < 500; k++)
		count[before->global[A + k]]++;
	for (unsigned k = 0; k < 256; k++)
		CU_ASSERT_EQUAL((uint32_t)integer(after, B, k) - (uint32_t)integer(before, B, k),
				count[k]);
}

static void check_layernorm(const struct machine *before, const struct machine *after)
{
	for (unsigned row = 0; row < 2; row++) {
		double s = 0, q = 0;

		for (unsigned k = 0; k < 100; k++) {
			double x = real(before, A, row * 100 + k);

			s += x;
			q += x * x;
		}
		s /= 100;
		q = 1 / sqrt(q / 100 - s * s + 0.5);
		for (unsigned k = 0; k < 100; k++) {
			double x = real(before, A, row * 100 + k);
			double y = (x - s) * q * real(before, B, k) + real(before, C, k);

			CU_ASSERT_TRUE(fabs(real(after, D, row * 100 + k) - y) < 1e-5);
		}
	}
}

static void check_reduce(const struct machine *before, const struct machine *after)
{
	double sum = real(before, B, 0);

	for (unsigned k = 0; k < 500; k++)
		sum += real(before, A, k);
	CU_ASSERT_TRUE(fabs(real(after, B, 0) - sum) < 1e-3);
}

static void check_scan(const struct machine *before, const struct machine *after)
{
	for (unsigned group = 0; group < 2; group++) {
		int32_t sum = 0;

		for (unsigned k = group * 32; k < group * 32 + 32; k++) {
			sum = (int32_t)((uint32_t)sum + (uint32_t)integer(before, A, k));
			CU_ASSERT_EQUAL(integer(after, B, k), sum);
		}
	}
}

static void check_matvec(const struct machine *before, const struct machine *after)
{
	for (unsigned row = 0; row < 3; row++) {
		double sum = 0;

		for (unsigned k = 0; k < 100; k++)
			sum += real(before, A, row * 100 + k) * real(before, B, k);
		CU_ASSERT_TRUE(fabs(real(after, C, row) - sum) < 1e-4);
	}
}

static void check_stencil(const struct machine *before, const struct machine *after)
{
	for (unsigned k = 0; k < 50; k++) {
		float left = k ? real(before, A, k - 1) : 0,
		      right = k < 49 ? real(before, A, k + 1) : 0;
		float product = 0.25f * left, other = 0.5f * right;

		CU_ASSERT_EQUAL(real(after, B, k), product + real(before, A, k) + other);
	}
}

static void check_mandelbrot(const struct machine *before, const struct machine *after)
{
	(void)before;
	for (unsigned py = 0; py < 4; py++) {
		for (unsigned px = 0; px < 20; px++) {
			double cx = px * (double)0.125f - 2.0, x = 0, y = 0;
			float cy = (float)py * 0.125f - 1.0f;
			int k = 0;

			while (k < 40 && x * x + y * y < 4.0) {
				double t = x * x - y * y + cx;

				y = 2 * x * y + cy;
				x = t;
				if (++k == 20 && x < -1.5)
					break;
			}
			CU_ASSERT_EQUAL(integer(after, A, py * 20 + px), k);
		}
	}
}

struct settings {
	int32_t first;
	float weights[6];
	double scale;
};
static const struct settings settings = {3, {1, -2, 0.5f, 4, 0.25f, -1}, 1.75};

static float run_codes(const struct machine *before, unsigned i)
{
	static const int table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
	float recent[4] = {0, 0, 0, 0}, x = 0;

	for (unsigned k = 0; k < 6; k++) {
		int code = integer(before, A, (i + k) % 50);

		switch (code & 7) {
		case 0: x += settings.weights[k]; break;
		case 1: x -= (float)table[(i + k) & 7]; break;
		case 2: x *= 1.5f; break;
		case 3: x = -x; break;
		case 4: x += 0.25f; break;
		case 5: x += recent[(k + i) & 3]; break;
		case 6: x = x > 10 ? 10 : x; break;
		default: x += (float)settings.first; break;
		}
		recent[code & 3] = x;
	}
	return (float)((double)x * settings.scale);
}

static void check_dispatch(const struct machine *before, const struct machine *after)
{
	for (unsigned i = 0; i < 50; i++)
		CU_ASSERT_EQUAL(real(after, B, i), run_codes(before, i));
}

static void check_vectors(const struct machine *before, const struct machine *after)
{
	for (unsigned i = 0; i < 40; i++) {
		const uint8_t *u = before->global + B + 4 * i,
			      *w = after->global + D + 0x1000 + 4 * i;
		const uint16_t *s = (const uint16_t *)(before->global + C + 8 * i);
		const uint8_t bytes[4] = {(uint8_t)(u[0] + u[1]), (uint8_t)(u[1] - u[2]),
					  (uint8_t)(u[2] ^ u[3]), (uint8_t)(u[3] >> 1)};

		for (unsigned k = 0; k < 4; k++) {
			float product = real(before, A, 4 * i + k) * (float)u[k];

			CU_ASSERT_EQUAL(real(after, D, 4 * i + k), product + (float)s[3 - k]);
			CU_ASSERT_EQUAL(w[k], bytes[k]);
		}
	}
}

static uint64_t hash_integers(int64_t x, int32_t y, int16_t z)
{
	y |= 1;
	uint64_t r = (uint64_t)x / (uint32_t)y;

	r ^= (uint64_t)(x % y) << 7;
	r += (uint32_t)__builtin_popcount((uint32_t)y) * 3u +
	     (uint32_t)__builtin_clzll((uint64_t)x | 1);
	r ^= (uint64_t)(((__int128)x * y) >> 64);
	z = (int16_t)(z * z - (z >> 3));
	r += (uint64_t)(int64_t)z;
	int turn = (y & 31) + 1;

	r = r << turn | r >> (64 - turn);
	return r + (uint32_t)(y / (z | 1)) + (uint8_t)(x >> 5);
}

static void check_integers(const struct machine *before, const struct machine *after)
{
	for (unsigned i = 0; i < 60; i++) {
		int64_t x;
		uint64_t got;
		int16_t z;

		memcpy(&x, before->global + A + 8 * i, 8);
		memcpy(&z, before->global + C + 2 * i, 2);
		memcpy(&got, after->global + D + 8 * i, 8);
		CU_ASSERT_EQUAL(got, hash_integers(x, integer(before, B, i), z));
	}
}

#define GRID(threads, groups) \
	{threads, 1},         \
	{                     \
		groups, 1     \
	}

/* The machine of these tests has no matrices: such kernels are compiled and verified, not run. */
static void only_words(const struct machine *before, const struct machine *after)
{
	(void)before;
	(void)after;
}

static const struct kernel_case kernel_cases[] = {
	{"nvcc/vecadd.sm80.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'p', C}, {'i', 50}},
	 NULL,
	 0,
	 check_vecadd},
	{"nvcc/saxpy.sm80.ptx",
	 GRID(16, 2),
	 {{'f', 2.5}, {'p', A}, {'p', B}, {'i', 100}},
	 NULL,
	 0,
	 check_saxpy},
	{"nvcc/gemm_tiled.sm80.ptx",
	 {16, 16},
	 {2, 2},
	 {{'p', A}, {'p', B}, {'p', C}, {'i', 20}, {'i', 18}, {'i', 33}},
	 NULL,
	 0,
	 check_gemm},
	{"nvcc/transpose.sm80.ptx",
	 {32, 8},
	 {2, 2},
	 {{'p', A}, {'p', B}, {'i', 40}, {'i', 35}},
	 NULL,
	 0,
	 check_transpose},
	{"nvcc/softmax.sm80.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'i', 100}},
	 NULL,
	 0,
	 check_softmax},
	{"nvcc/histogram.sm80.ptx",
	 GRID(48, 2),
	 {{'p', A}, {'p', B}, {'i', 500}},
	 NULL,
	 0,
	 check_histogram},
	{"nvcc/layernorm.sm80.ptx",
	 GRID(64, 2),
	 {{'p', A}, {'p', B}, {'p', C}, {'p', D}, {'i', 100}, {'f', 0.5}},
	 NULL,
	 0,
	 check_layernorm},
	{"nvcc/reduce_shfl.sm80.ptx",
	 GRID(64, 3),
	 {{'p', A}, {'p', B}, {'i', 500}},
	 NULL,
	 0,
	 check_reduce},
	{"nvcc/mma_sync.sm80.ptx", GRID(1, 1), {{0, 0}}, NULL, 0, only_words},
	{"clang/vectors.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'p', C}, {'p', D}, {'p', D + 0x1000}, {'i', 40}},
	 NULL,
	 0,
	 check_vectors},
	{"clang/stencil.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'i', 50}, {'f', 0.25}, {'f', 0.5}},
	 NULL,
	 0,
	 check_stencil},
	{"clang/dispatch.ptx",
	 GRID(32, 2),
	 {{'x', 0}, {'p', A}, {'p', B}, {'i', 50}},
	 NULL,
	 0,
	 check_dispatch},
	{"clang/integers.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'p', C}, {'p', D}, {'i', 60}},
	 NULL,
	 0,
	 check_integers},
	{"clang/matvec.ptx",
	 GRID(64, 3),
	 {{'p', A}, {'p', B}, {'p', C}, {'i', 100}},
	 NULL,
	 0,
	 check_matvec},
	{"clang/mandelbrot.ptx",
	 {32, 1},
	 {1, 4},
	 {{'p', A}, {'i', 20}, {'i', 40}, {'f', 0.125}},
	 NULL,
	 0,
	 check_mandelbrot},
	{"clang/scan.ptx",
	 GRID(32, 2),
	 {{'p', A}, {'p', B}, {'s', 0}, {'s', 128}},
	 NULL,
	 0,
	 check_scan},
	{"clang/filter.ptx",
	 GRID(16, 2),
	 {{'p', A}, {'p', B}, {'p', C}, {'i', 50}, {'f', -1}, {'f', 1}},
	 NULL,
	 0,
	 NULL},
};
#define CASES (sizeof(kernel_cases) / sizeof(kernel_cases[0]))

/* Small numbers, the same at every run; integers to those who read them so. */
static void fill(struct machine *m, const char *file)
{
	bool integers = strstr(file, "integers") || strstr(file, "scan") ||
			strstr(file, "dispatch") || strstr(file, "histogram");

	uint32_t seed = 12345;

	for (unsigned k = 0; k < MACHINE_GLOBAL_BYTES / 4; k++) {
		seed = seed * 1664525u + 1013904223u;
		float f = (float)(int32_t)(seed >> 8 & 0xffff) / 32768.0f - 1.0f;

		memcpy(m->global + 4 * k, integers ? (const void *)&seed : (const void *)&f, 4);
	}
	for (unsigned k = B; k < B + 0x100 && strstr(file, "vectors"); k++)
		m->global[k] = (uint8_t)(k * 37);
}

static void set_arguments(struct machine *m, const struct kernel_case *k)
{
	const struct road_gpu_param *params = image_part(m->image, &m->image->params);

	for (unsigned n = 0; n < image_kernel(m->image, 0)->param_count; n++) {
		const struct argument *a = &k->arguments[n];
		uint64_t bits = a->kind == 'p' ? AT((uint64_t)a->value) : (uint64_t)a->value;
		float f = (float)a->value;
		const void *from = a->kind == 'f' ? (const void *)&f : &bits;

		if (a->kind == 'x')
			from = &settings;
		memcpy(m->params + params[n].offset, from, params[n].bytes);
	}
}

static bool run_kernel(const struct kernel_case *k, const char *text, size_t bytes, uint32_t regs,
		       uint32_t optimise, struct machine *before, struct machine *m)
{
	struct road_gpu_image *image = compile_text(text, bytes, regs, optimise);

	if (!image)
		return false;
	CU_ASSERT_TRUE(image_kernel(image, 0)->regs <= (regs ? regs : 254));
	memset(m, 0, sizeof(*m));
	m->image = image;
	m->steps = 20000000;
	for (unsigned n = 0; n < 2; n++) {
		m->ntid[n] = k->ntid[n];
		m->nctaid[n] = k->nctaid[n];
	}
	m->ntid[2] = m->nctaid[2] = 1;
	fill(m, k->file);
	set_arguments(m, k);
	*before = *m;
	bool good = !(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED) && machine_run(m);

	CU_ASSERT_TRUE(good);
	if (!good)
		printf("# %s, %u registers: %s at word %u %s\n", k->file, regs,
		       m->fault ? m->fault : "", m->fault_word,
		       image_string(image, image_kernel(image, 0)->error));
	free(image);
	return good;
}

static void check_refused(const struct kernel_case *k, const char *text, size_t bytes)
{
	struct road_gpu_image *image = compile_text(text, bytes, 0, 1);

	if (!image)
		return;
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);

	CU_ASSERT_TRUE(kernel->flags & ROAD_GPU_KERNEL_REFUSED);
	CU_ASSERT_EQUAL(kernel->error_line, k->refused_line);
	CU_ASSERT_PTR_NOT_NULL(strstr(image_string(image, kernel->error), k->refused));
	free(image);
}

static void check_words(const char *text, size_t bytes)
{
	for (unsigned way = 0; way < 4; way++) {
		struct road_gpu_image *image = compile_text(text, bytes, way / 2 ? 24 : 0, way & 1);

		if (!image)
			return;
		CU_ASSERT_FALSE(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED);
		free(image);
	}
}

static void check_case(const struct kernel_case *k, const char *text, size_t bytes)
{
	static struct machine before, first, m;
	static const uint32_t regs[] = {0, 0, 24, 16};

	for (unsigned way = 0; way < 2 * sizeof(regs) / sizeof(regs[0]); way++) {
		if (!run_kernel(k, text, bytes, regs[way / 2], way & 1, &before, &m))
			return;
		if (!way)
			first = m;
		bool same = !memcmp(first.global, m.global, sizeof(m.global));

		CU_ASSERT_TRUE(same);
		if (!same)
			printf("# %s: %u registers, optimise %u differ from the plain "
			       "translation\n",
			       k->file, regs[way / 2], way & 1);
	}
	CU_ASSERT_NOT_EQUAL(memcmp(before.global, first.global, sizeof(first.global)), 0);
	if (k->check)
		k->check(&before, &first);
}

static void test_all(void)
{
	for (size_t n = 0; n < CASES; n++) {
		size_t bytes = 0;
		char *text = read_kernel(kernel_cases[n].file, &bytes);

		CU_ASSERT_PTR_NOT_NULL(text);
		unsigned failures = CU_get_number_of_failures();

		if (text && kernel_cases[n].refused)
			check_refused(&kernel_cases[n], text, bytes);
		else if (text && kernel_cases[n].check == only_words)
			check_words(text, bytes);
		else if (text)
			check_case(&kernel_cases[n], text, bytes);
		if (CU_get_number_of_failures() != failures)
			printf("# in %s\n", kernel_cases[n].file);
		free(text);
	}
}

/* A text that ends too early is no module, or one without the kernel. */
static void check_truncation(const char *file)
{
	size_t bytes = 0;
	char *text = read_kernel(file, &bytes);
	size_t whole = bytes;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	while (whole && text[whole - 1] != '}')
		whole--;
	for (size_t n = 0; n < bytes; n++) {
		struct road_ptx_error error;
		void *image;
		size_t image_bytes;
		char *cut = malloc(n ? n : 1); /* of its own, so that a read beyond it shows */

		CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
		memcpy(cut, text, n);
		int result = road_ptx_compile(cut, n, NULL, &image, &image_bytes, &error);
		unsigned kernels = 0;

		if (!result)
			kernels = ((const struct road_gpu_image *)image)->kernels.count;
		CU_ASSERT_EQUAL(kernels, n >= whole);
		CU_ASSERT_TRUE(!result || (error.line && error.column && error.text[0]));
		free(image);
		free(cut);
	}
	free(text);
}

static void test_truncation(void)
{
	check_truncation("nvcc/vecadd.sm80.ptx");
	check_truncation("nvcc/gemm_tiled.sm80.ptx");
}

static const struct tap_case cases[] = {
	{"nvcc's and clang's kernels compute what their sources say", test_all},
	{"a truncated text never gives a kernel", test_truncation},
};

TAP_MAIN(cases)
