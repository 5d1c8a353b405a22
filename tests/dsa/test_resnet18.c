/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The convolutions of ResNet-18 in int8, padded as the network pads them, on a simulated DSA: pad,
 * im2col, product, for each layer of resnet18.csv with data, through the public interface. Sums are
 * exact; every seventh pixel of each layer is compared with a plain loop, all of its outputs.
 */
#include "tests/dsa/run.h"

#include <time.h>

enum { CORES = 24, EVERY = 7 };

struct layer {
	char name[16];
	uint32_t h, w, fh, fw, channels, filters, stride;
	/* by these */
	uint32_t pad, padded_h, padded_w, oh, ow, k;
};

struct chip {
	struct fixture f;
	road_image *conv, *gemm;
	road_kernel *pad, *im2col, *product;
};

static road_kernel *kernel_of(struct chip *c, const char *file, const char *name,
			      road_image **image)
{
	size_t bytes;
	void *elf = run_read(file, &bytes);
	road_kernel *kernel = NULL;

	if (!*image)
		CU_ASSERT_EQUAL_FATAL(road_image_load(c->f.space, elf, bytes, NULL, image),
				      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(*image, name, &kernel), ROAD_OK);
	free(elf);
	return kernel;
}

static void launch(struct chip *c, road_kernel *kernel, const void *arguments, uint32_t bytes)
{
	const road_launch l = {.size = sizeof(l),
			       .kernel = kernel,
			       .grid = {CORES, 1, 1},
			       .block = {1, 1, 1},
			       .arguments = arguments,
			       .argument_bytes = bytes};
	road_status status = road_queue_launch(c->f.queue, &l, NULL);

	if (status)
		tell_error("launch");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
}

static uint64_t address_of(road_buffer *buffer)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
	return address;
}

/* ---- the three steps: their arguments stand at the top of examples/dsa/conv.c and gemm.c ---- */

static void pad(struct chip *c, const struct layer *l, road_buffer *x, road_buffer *padded)
{
	struct {
		uint64_t x, y;
		uint32_t h, row, pad_h, pad_w;
	} a = {address_of(x), address_of(padded),  l->h, l->w * l->channels,
	       l->pad,        l->pad * l->channels};

	launch(c, c->pad, &a, sizeof(a));
}

static void im2col(struct chip *c, const struct layer *l, road_buffer *padded, road_buffer *patches)
{
	uint32_t row = l->padded_w * l->channels;
	struct {
		uint64_t x, y;
		uint32_t oh, ow, fh, piece, step, row, rows_step, nothing;
	} a = {address_of(padded),  address_of(patches),     l->oh, l->ow,           l->fh,
	       l->fw * l->channels, l->stride * l->channels, row,   l->stride * row, 0};

	launch(c, c->im2col, &a, sizeof(a));
}

static void product(struct chip *c, const struct layer *l, road_buffer *patches,
		    road_buffer *filters, road_buffer *out)
{
	struct {
		uint64_t a, b, c;
		uint32_t m, n, k, a_row, b_row, c_row;
	} a = {address_of(patches),
	       address_of(filters),
	       address_of(out),
	       l->oh * l->ow,
	       l->filters,
	       l->k,
	       l->k,
	       l->filters,
	       l->filters * 4};

	launch(c, c->product, &a, sizeof(a));
}

/* ---- the plain loop ---- */

static int32_t output_of(const struct layer *l, const int8_t *x, const int8_t *filters, uint32_t y,
			 uint32_t z, uint32_t n)
{
	int32_t sum = 0;

	for (uint32_t i = 0; i < l->fh; i++)
		for (uint32_t j = 0; j < l->fw; j++) {
			uint32_t row = y * l->stride + i - l->pad;
			uint32_t column = z * l->stride + j - l->pad;

			if (row >= l->h || column >= l->w) /* also what is below 0 */
				continue;
			const int8_t *pixel = x + (row * l->w + column) * l->channels;
			const int8_t *filter = filters + (i * l->fw + j) * l->channels * l->filters;

			for (uint32_t k = 0; k < l->channels; k++)
				sum += pixel[k] * filter[k * l->filters + n];
		}
	return sum;
}

static bool check(const struct layer *l, const int8_t *x, const int8_t *filters, const int32_t *out)
{
	for (uint32_t at = 0; at < l->oh * l->ow; at += EVERY)
		for (uint32_t n = 0; n < l->filters; n++) {
			int32_t expected = output_of(l, x, filters, at / l->ow, at % l->ow, n);

			if (out[at * l->filters + n] == expected)
				continue;
			printf("# %s: pixel %u output %u is %d, expected %d\n", l->name, at, n,
			       out[at * l->filters + n], expected);
			return false;
		}
	return true;
}

/* ---- layers ---- */

static int8_t *random_bytes(uint32_t count, uint32_t seed)
{
	int8_t *bytes = malloc(count);

	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (int8_t)((i + seed) * 2654435761u >> 24);
	return bytes;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Seconds that the simulated chip took; the network's own work is the caller's. */
static double run_layer(struct chip *c, const struct layer *l)
{
	uint32_t x_bytes = l->h * l->w * l->channels, pixels = l->oh * l->ow;
	int8_t *x = random_bytes(x_bytes, 1), *filters = random_bytes(l->k * l->filters, 77);
	int32_t *out = malloc((size_t)pixels * l->filters * 4);
	road_buffer *in = buffer_of(&c->f, ROAD_HEAP_DEVICE, x_bytes);
	road_buffer *padded = buffer_of(&c->f, ROAD_HEAP_DEVICE,
					(uint64_t)l->padded_h * l->padded_w * l->channels);
	road_buffer *patches = buffer_of(&c->f, ROAD_HEAP_DEVICE, (uint64_t)pixels * l->k);
	road_buffer *weights = buffer_of(&c->f, ROAD_HEAP_DEVICE, l->k * l->filters);
	road_buffer *sums = buffer_of(&c->f, ROAD_HEAP_DEVICE, (uint64_t)pixels * l->filters * 4);
	uint64_t soon_enough = road_deadline_after(100 * SECOND);
	double start = seconds();

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL(road_queue_write(c->f.queue, in, 0, x, x_bytes, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_write(c->f.queue, weights, 0, filters, l->k * l->filters, NULL),
			ROAD_OK);
	pad(c, l, in, padded);
	im2col(c, l, padded, patches);
	product(c, l, patches, weights, sums);
	CU_ASSERT_EQUAL(
		road_queue_read(c->f.queue, out, sums, 0, (uint64_t)pixels * l->filters * 4, NULL),
		ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_drain(c->f.queue, soon_enough), ROAD_OK);
	double took = seconds() - start;

	CU_ASSERT(check(l, x, filters, out));
	road_buffer_release(in);
	road_buffer_release(padded);
	road_buffer_release(patches);
	road_buffer_release(weights);
	road_buffer_release(sums);
	free(x);
	free(filters);
	free(out);
	return took;
}

static bool read_layer(FILE *file, struct layer *l)
{
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%15[^,],%u,%u,%u,%u,%u,%u,%u", l->name, &l->h, &l->w, &l->fh,
			   &l->fw, &l->channels, &l->filters, &l->stride) != 8)
			continue;
		l->pad = l->fh / 2;
		l->padded_h = l->h + 2 * l->pad;
		l->padded_w = l->w + 2 * l->pad;
		l->oh = (l->padded_h - l->fh) / l->stride + 1;
		l->ow = (l->padded_w - l->fw) / l->stride + 1;
		l->k = l->fh * l->fw * l->channels;
		return true;
	}
	return false;
}

static void every_layer_convolves(void)
{
	struct chip c = {.f = setup("sim:ascend-910b?time=functional&check=none")};
	FILE *file = fopen(RESNET18, "r");
	double took = 0, products = 0;
	struct layer layer;
	uint32_t layers = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	c.pad = kernel_of(&c, "conv.elf", "pad", &c.conv);
	c.im2col = kernel_of(&c, "conv.elf", "im2col", &c.conv);
	c.product = kernel_of(&c, "gemm-ascend.elf", "gemm_s8", &c.gemm);
	while (read_layer(file, &layer)) {
		took += run_layer(&c, &layer);
		products += (double)layer.oh * layer.ow * layer.filters * layer.k;
		layers++;
	}
	fclose(file);
	CU_ASSERT_EQUAL(layers, 21);
	printf("# %u layers, %.2f G products, %.2f s with copies, on one core: %.2f G/s\n", layers,
	       products * 1e-9, took, products * 1e-9 / took);
	road_kernel_release(c.pad);
	road_kernel_release(c.im2col);
	road_kernel_release(c.product);
	road_image_release(c.conv);
	road_image_release(c.gemm);
	teardown(&c.f);
}

static const struct tap_case cases[] = {
	{"every layer convolves", every_layer_convolves},
};

TAP_MAIN(cases)
