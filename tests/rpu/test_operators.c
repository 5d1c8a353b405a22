/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole operators on the simulated RPU through the public interface, against float64: element-wise,
 * reductions, softmax, layer norm, matrix products. Each is one or more kernels, and each kernel a
 * configuration; they are submitted one behind the other without a wait of the host in between, and
 * the queue swaps their images.
 */
#include <math.h>

#include "tests/unit/core/fixture.h"

enum { KERNELS = 10, ARGUMENTS = 9, BUFFERS = 12 };

static const char *const names[KERNELS] = {"add",      "mul",    "relu",    "sum",       "maximum",
					   "exponent", "divide", "moments", "normalize", "gemm"};
enum { ADD, MUL, RELU, SUM, MAXIMUM, EXPONENT, DIVIDE, MOMENTS, NORMALIZE, GEMM };

static const char *const devices[] = {"sim:rpu-small", "sim:rpu-small?time=functional"};
static const uint32_t sizes[][2] = {{1, 1}, {1, 5}, {3, 7}, {5, 64}, {2, 257}};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct operators {
	struct fixture f;
	road_image *image;
	road_kernel *kernels[KERNELS];
	road_config *configs[KERNELS];
	road_buffer *buffers[BUFFERS];
	uint32_t buffer_count;
	uint64_t seed;
};

static struct operators begin(const char *device)
{
	static uint8_t bytes[1 << 20];
	struct operators o = {.f = setup(device), .seed = 5};
	FILE *file = fopen(OPERATORS, "r");
	size_t count;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (road_image_load(o.f.space, bytes, count, NULL, &o.image)) {
		tell_error("load");
		CU_FAIL_FATAL("the image is refused");
	}
	for (uint32_t i = 0; i < KERNELS; i++) {
		CU_ASSERT_EQUAL_FATAL(road_image_kernel(o.image, names[i], &o.kernels[i]), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_kernel_config(o.kernels[i], &o.configs[i]), ROAD_OK);
	}
	return o;
}

static void drop_buffers(struct operators *o)
{
	while (o->buffer_count)
		road_buffer_release(o->buffers[--o->buffer_count]);
}

static void finish(struct operators *o)
{
	drop_buffers(o);
	for (uint32_t i = 0; i < KERNELS; i++) {
		road_config_release(o->configs[i]);
		road_kernel_release(o->kernels[i]);
	}
	road_image_release(o->image);
	teardown(&o->f);
}

/* A buffer of floats; with `host` they are random, and there, too. Answers its device address. */
static uint64_t floats(struct operators *o, uint32_t count, float *host)
{
	road_buffer *buffer = buffer_of(&o->f, ROAD_HEAP_DEVICE, count * sizeof(float));
	uint64_t address = 0;

	for (uint32_t i = 0; host && i < count; i++) {
		o->seed = o->seed * 6364136223846793005u + 1442695040888963407u;
		host[i] = (float)((int32_t)(o->seed >> 40) - (1 << 23)) / (float)(1 << 21);
	}
	CU_ASSERT_EQUAL_FATAL(road_buffer_address(buffer, &address), ROAD_OK);
	if (host)
		CU_ASSERT_EQUAL(
			road_queue_write(o->f.queue, buffer, 0, host, count * sizeof(float), NULL),
			ROAD_OK);
	o->buffers[o->buffer_count++] = buffer;
	return address;
}

/* Arguments in the kernel's order; numbers are 4 bytes wide, their low ones. */
static void launch(struct operators *o, uint32_t kernel, const uint64_t *values, uint32_t count)
{
	const void *pointers[ARGUMENTS];
	road_launch what = {.size = sizeof(what),
			    .kernel = o->kernels[kernel],
			    .grid = {1, 1, 1},
			    .block = {1, 1, 1},
			    .flags = ROAD_LAUNCH_ACTIVATE,
			    .argument_pointers = pointers,
			    .argument_count = count};

	for (uint32_t i = 0; i < count; i++)
		pointers[i] = &values[i];
	if (road_queue_launch(o->f.queue, &what, NULL)) {
		tell_error(names[kernel]);
		CU_FAIL("the launch is refused");
	}
}
#define LAUNCH(o, kernel, ...)                             \
	launch(o, kernel, (const uint64_t[]){__VA_ARGS__}, \
	       sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint64_t bits(float value)
{
	uint32_t word;

	memcpy(&word, &value, sizeof(word));
	return word;
}

/* What the last of `back` buffers from the end holds once all is done. */
static void fetch(struct operators *o, uint32_t back, float *host, uint32_t count)
{
	road_buffer *buffer = o->buffers[o->buffer_count - back];
	road_point point;

	CU_ASSERT_EQUAL(road_queue_read(o->f.queue, host, buffer, 0, count * sizeof(float), &point),
			ROAD_OK);
	if (road_point_wait(point, soon())) {
		tell_error("wait");
		CU_FAIL("an operator failed");
	}
}

static void near(const char *what, double seen, double wanted, double tolerance)
{
	if (fabs(seen - wanted) <= tolerance)
		return;
	printf("# %s: %.9g, wanted %.9g within %.3g\n", what, seen, wanted, tolerance);
	CU_FAIL("too far from float64");
}

/* One rounding to f32 each: half a unit of the last place. */
#define ROUNDED ldexp(1.0, -24)
enum { MOST = 600 };
static float x[MOST], y[MOST], z[MOST], gain[MOST], bias[MOST];

static void elementwise(struct operators *o, uint32_t rows, uint32_t n)
{
	uint32_t count = rows * n;
	uint64_t xs = floats(o, count, x), ys = floats(o, count, y), zs;

	for (uint32_t kernel = ADD; kernel <= RELU; kernel++) {
		zs = floats(o, count, NULL);
		if (kernel == RELU)
			LAUNCH(o, kernel, xs, zs, count);
		else
			LAUNCH(o, kernel, xs, ys, zs, count);
		fetch(o, 1, z, count);
		for (uint32_t i = 0; i < count; i++) {
			double wanted = kernel == ADD   ? (double)x[i] + y[i]
					: kernel == MUL ? (double)x[i] * y[i]
					: x[i] > 0      ? x[i]
							: 0;

			near(names[kernel], z[i], wanted, fabs(wanted) * ROUNDED);
		}
	}
}

static void reductions(struct operators *o, uint32_t rows, uint32_t n)
{
	uint64_t xs = floats(o, rows * n, x), sums = floats(o, rows, NULL);
	uint64_t greatest = floats(o, rows, NULL);

	LAUNCH(o, SUM, xs, sums, rows, n);
	LAUNCH(o, MAXIMUM, xs, greatest, rows, n);
	fetch(o, 2, y, rows);
	fetch(o, 1, z, rows);
	for (uint32_t r = 0; r < rows; r++) {
		double sum = 0, most = x[r * n], magnitude = 0;

		for (uint32_t i = r * n; i < (r + 1) * n; i++) {
			sum += x[i];
			magnitude += fabs((double)x[i]);
			most = x[i] > most ? x[i] : most;
		}
		near("sum", y[r], sum, n * magnitude * ROUNDED);
		near("maximum", z[r], most, 0);
	}
}

/* Three images, each prefetched while the one before it runs. */
static void softmax(struct operators *o, uint32_t rows, uint32_t n)
{
	uint64_t xs = floats(o, rows * n, x), greatest = floats(o, rows, NULL);
	uint64_t powers = floats(o, rows * n, NULL), sums = floats(o, rows, NULL);
	uint64_t out = floats(o, rows * n, NULL);
	road_reconfiguration ahead = {
		.size = sizeof(ahead), .verb = ROAD_RECONFIGURE_PREFETCH, .slot = ROAD_SLOT_ANY};

	for (uint32_t kernel = EXPONENT; kernel <= DIVIDE; kernel++) {
		ahead.config = o->configs[kernel];
		CU_ASSERT_EQUAL(road_queue_reconfigure(o->f.queue, &ahead, NULL), ROAD_OK);
	}
	LAUNCH(o, MAXIMUM, xs, greatest, rows, n);
	LAUNCH(o, EXPONENT, xs, greatest, powers, sums, rows, n);
	LAUNCH(o, DIVIDE, powers, sums, out, rows, n);
	fetch(o, 1, z, rows * n);
	for (uint32_t r = 0; r < rows; r++) {
		double most = x[r * n], sum = 0;

		for (uint32_t i = r * n; i < (r + 1) * n; i++)
			most = x[i] > most ? x[i] : most;
		for (uint32_t i = r * n; i < (r + 1) * n; i++)
			sum += exp(x[i] - most);
		/* the difference is rounded before it is an exponent, at most 16 in magnitude */
		for (uint32_t i = r * n; i < (r + 1) * n; i++)
			near("softmax", z[i], exp(x[i] - most) / sum,
			     exp(x[i] - most) / sum * (n + 40) * ROUNDED);
	}
}

/* Two images, the second activated by a command of its own. */
static void layernorm(struct operators *o, uint32_t rows, uint32_t n)
{
	const float eps = 1e-3f;
	uint64_t xs = floats(o, rows * n, x), gains = floats(o, n, gain),
		 biases = floats(o, n, bias);
	uint64_t means = floats(o, rows, NULL), squares = floats(o, rows, NULL);
	uint64_t out = floats(o, rows * n, NULL);
	road_reconfigure_result result = {.size = sizeof(result)};
	road_reconfiguration now = {.size = sizeof(now),
				    .verb = ROAD_RECONFIGURE_ACTIVATE,
				    .slot = ROAD_SLOT_ANY,
				    .config = o->configs[NORMALIZE],
				    .result = &result};

	LAUNCH(o, MOMENTS, xs, means, squares, bits(1.0f / (float)n), rows, n);
	CU_ASSERT_EQUAL(road_queue_reconfigure(o->f.queue, &now, NULL), ROAD_OK);
	LAUNCH(o, NORMALIZE, xs, means, squares, gains, biases, out, bits(eps), rows, n);
	fetch(o, 1, z, rows * n);
	CU_ASSERT_EQUAL(result.status, ROAD_OK);
	for (uint32_t r = 0; r < rows; r++) {
		double mean = 0, square = 0, scale;

		for (uint32_t i = r * n; i < (r + 1) * n; i++) {
			mean += (double)x[i] / n;
			square += (double)x[i] * x[i] / n;
		}
		scale = 1 / sqrt(square - mean * mean + (double)eps);
		/* What the variance loses by cancellation, its root's inverse keeps. */
		for (uint32_t i = 0; i < n; i++)
			near("layer norm", z[r * n + i],
			     (x[r * n + i] - mean) * scale * gain[i] + bias[i],
			     (n + 8) * ROUNDED * (square * scale * scale + 1) *
				     (16 * scale + fabs((double)bias[i]) + 1));
	}
}

/* c = a * b with rows x n by n x columns; the stream to memory sums up in order. */
static void products(struct operators *o, uint32_t rows, uint32_t n)
{
	uint32_t columns = n > 64 ? 2 : 7;
	uint64_t as = floats(o, rows * n, x), bs = floats(o, n * columns, y);
	uint64_t cs = floats(o, rows * columns, NULL);

	LAUNCH(o, GEMM, as, bs, cs, rows, columns, n);
	fetch(o, 1, z, rows * columns);
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < columns; c++) {
			double sum = 0, magnitude = 0;

			for (uint32_t k = 0; k < n; k++) {
				sum += (double)x[r * n + k] * y[k * columns + c];
				magnitude += fabs((double)x[r * n + k] * y[k * columns + c]);
			}
			near("gemm", z[r * columns + c], sum, (n + 1) * magnitude * ROUNDED);
		}
}

static void on_each_device(void (*operator)(struct operators *o, uint32_t rows, uint32_t n))
{
	for (uint32_t d = 0; d < sizeof(devices) / sizeof(devices[0]); d++) {
		struct operators o = begin(devices[d]);

		for (uint32_t i = 0; i < SIZES; i++) {
			operator(&o, sizes[i][0], sizes[i][1]);
			drop_buffers(&o);
		}
		finish(&o);
	}
}

static void test_elementwise(void)
{
	on_each_device(elementwise);
}

static void test_reductions(void)
{
	on_each_device(reductions);
}

static void test_softmax(void)
{
	on_each_device(softmax);
}

static void test_layernorm(void)
{
	on_each_device(layernorm);
}

static void test_products(void)
{
	on_each_device(products);
}

/* Ten images in eight slots: the ones that were used come back as hits, others are loaded anew. */
static void test_images_stay(void)
{
	struct operators o = begin(devices[0]);
	road_region_status before = {.size = sizeof(before)}, after = {.size = sizeof(after)};
	road_region *region;

	CU_ASSERT_EQUAL_FATAL(road_region_root(o.f.device, &region), ROAD_OK);
	softmax(&o, 3, 7);
	CU_ASSERT_EQUAL(road_region_status_get(region, &before), ROAD_OK);
	drop_buffers(&o);
	softmax(&o, 3, 7);
	CU_ASSERT_EQUAL(road_region_status_get(region, &after), ROAD_OK);
	CU_ASSERT_EQUAL(before.loads, 3);
	CU_ASSERT_EQUAL(after.loads, 3);
	CU_ASSERT_EQUAL(after.switches - before.switches, 3);
	drop_buffers(&o);
	elementwise(&o, 3, 7);
	drop_buffers(&o);
	reductions(&o, 3, 7);
	drop_buffers(&o);
	layernorm(&o, 3, 7);
	drop_buffers(&o);
	products(&o, 3, 7);
	CU_ASSERT_EQUAL(road_region_status_get(region, &after), ROAD_OK);
	CU_ASSERT_EQUAL(after.loads, KERNELS);
	CU_ASSERT(after.evictions >= 2);
	road_region_release(region);
	finish(&o);
}

/* What the chip can be split into, and what each part has; the file says four tiles, eight slots.
 */
static void test_properties(void)
{
	static const struct {
		const char *name;
		uint32_t type;
		uint64_t value;
	} rows[] = {{"region.count", ROAD_VALUE_U64, 4},
		    {"region.slots", ROAD_VALUE_U64, 8},
		    {"region.software_barrier", ROAD_VALUE_BOOL, 0},
		    {"fault.protection", ROAD_VALUE_BOOL, 1}};
	struct fixture f = setup(devices[0]);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_property property = {.size = sizeof(property)};

		CU_ASSERT_EQUAL(road_device_property(f.device, rows[i].name, &property), ROAD_OK);
		CU_ASSERT_EQUAL(property.type, rows[i].type);
		CU_ASSERT_EQUAL(property.u64, rows[i].value);
	}
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"element-wise operators are rounded once", test_elementwise},
	{"sums and maxima of rows are those of float64", test_reductions},
	{"softmax of three images is that of float64", test_softmax},
	{"layer norm of two images is that of float64", test_layernorm},
	{"matrix products are those of float64", test_products},
	{"properties tell of regions", test_properties},
	{"images stay resident while there are slots, and are loaded once", test_images_stay},
};
TAP_MAIN(cases)
