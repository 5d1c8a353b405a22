/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/gpu/device.h"
#include "tests/oracle/gpu/gen.h"
#include "tests/oracle/gpu/oracle.h"

#define OUTPUT_BYTES (GEN_THREADS_MAX * GEN_OUTPUT_BYTES)
#define STEPS_MAX    (4u << 20)
#define WATCHDOG     (1u << 20) /* warp instructions */

static const char *const variant_names[] = {
#define X(name, text) text,
	VARIANTS(X)
#undef X
};

const char *variant_name(enum variant variant)
{
	return variant_names[variant];
}

unsigned check_share(unsigned long long seed)
{
	uint64_t random = seed ^ UINT64_C(0x5a17);
	unsigned variants = 1u << VARIANT_FUNCTIONAL;

	if (random_once(&random, 2))
		variants |= 1u << VARIANT_FEW;
	if (random_once(&random, 3))
		variants |= 1u << (random_once(&random, 3) ? VARIANT_APPROX_FEW : VARIANT_APPROX);
	variants |= 1u << (random_once(&random, 2) ? VARIANT_PLAIN : VARIANT_ORDER);
	return variants;
}

/* The parameters of the kernel, as its text lays them out. */
struct arguments {
	uint64_t out, in, sums;
	uint32_t scalar, pad;
	uint8_t block[32];
	double real;
};

struct job {
	unsigned long long seed;
	unsigned features, shared;
	road_dim3 grid, block;
	uint64_t output_bytes;
	uint8_t in[GEN_INPUT_BYTES], sums[GEN_SUMS_BYTES];
	uint8_t out[OUTPUT_BYTES];
};

static struct {
	struct device device;
	struct device_buffer buffers[3];
	bool open;
} devices[2];

static const char *const addresses[2] = {"sim:gpu-small?time=functional",
					 "sim:gpu-small@2?time=approx"};

static void device_drop(unsigned which)
{
	if (!devices[which].open)
		return;
	for (unsigned k = 0; k < 3; k++)
		device_buffer_drop(&devices[which].buffers[k]);
	device_close(&devices[which].device);
	devices[which].open = false;
}

void check_end(void)
{
	device_drop(0);
	device_drop(1);
}

static int device_ready(unsigned which, char *why, size_t why_bytes)
{
	static const uint64_t bytes[3] = {OUTPUT_BYTES, GEN_INPUT_BYTES, GEN_SUMS_BYTES};

	if (devices[which].open)
		return 0;
	if (device_open(&devices[which].device, addresses[which], why, why_bytes))
		return -1;
	devices[which].open = true;
	for (unsigned k = 0; k < 3; k++) {
		devices[which].buffers[k].bytes = bytes[k];
		if (device_buffer_make(&devices[which].device, &devices[which].buffers[k], why,
				       why_bytes))
			return -1;
	}
	return 0;
}

static int job_read(struct job *job, const char *text)
{
	if (sscanf(text, "// seed=%llu features=%u grid=%u,%u,%u block=%u,%u,%u shared=%u",
		   &job->seed, &job->features, &job->grid.x, &job->grid.y, &job->grid.z,
		   &job->block.x, &job->block.y, &job->block.z, &job->shared) != 9)
		return -1;
	job->output_bytes = (uint64_t)job->grid.x * job->grid.y * job->grid.z * job->block.x *
			    job->block.y * job->block.z * GEN_OUTPUT_BYTES;
	return job->output_bytes && job->output_bytes <= OUTPUT_BYTES ? 0 : -1;
}

static void job_fill(struct job *job)
{
	gen_inputs(job->seed, job->in, job->sums);
	memset(job->out, 0xcd, sizeof(job->out));
}

static struct arguments arguments_of(const struct job *job, uint64_t out, uint64_t in,
				     uint64_t sums)
{
	struct arguments a = {
		.out = out, .in = in, .sums = sums, .scalar = (uint32_t)job->seed, .real = -0.75};

	for (unsigned k = 0; k < sizeof(a.block); k++)
		a.block[k] = (uint8_t)(job->seed >> k % 8 ^ k * 37);
	return a;
}

static int interpret(struct job *job, const char *text, char *why, size_t why_bytes)
{
	/* addresses of nobody's: a program that shows one is found out */
	struct oracle_region regions[3] = {{UINT64_C(0x1000000000), OUTPUT_BYTES, job->out},
					   {UINT64_C(0x2000000000), GEN_INPUT_BYTES, job->in},
					   {UINT64_C(0x3000000000), GEN_SUMS_BYTES, job->sums}};
	struct arguments a =
		arguments_of(job, regions[0].address, regions[1].address, regions[2].address);
	struct oracle_launch l = {.text = text,
				  .kernel = "k",
				  .grid = {job->grid.x, job->grid.y, job->grid.z},
				  .block = {job->block.x, job->block.y, job->block.z},
				  .dynamic_shared = job->shared,
				  .arguments = &a,
				  .argument_bytes = sizeof(a),
				  .regions = regions,
				  .region_count = 3,
				  .steps_max = STEPS_MAX};

	return oracle_run(&l, why, why_bytes);
}

/* Few enough to spill, whatever is called. */
static uint32_t few_registers(const struct job *job)
{
	return 24 + (uint32_t)(job->seed % 17);
}

static int simulate(struct job *job, const char *text, enum variant variant, char *why,
		    size_t why_bytes)
{
	bool approx = variant == VARIANT_APPROX || variant == VARIANT_APPROX_FEW;
	bool few = variant == VARIANT_FEW || variant == VARIANT_APPROX_FEW;
	struct device_buffer *b = devices[approx].buffers;

	if (device_ready(approx, why, why_bytes))
		return -1;
	b[0].data = job->out;
	b[0].bytes = job->output_bytes;
	b[1].data = job->in;
	b[2].data = job->sums;
	struct arguments a = arguments_of(job, b[0].address, b[1].address, b[2].address);
	struct device_launch l = {.text = text,
				  .kernel = "k",
				  .max_registers = few ? few_registers(job) : 0,
				  .image_flags = variant == VARIANT_PLAIN   ? ROAD_IMAGE_PLAIN
						 : variant == VARIANT_ORDER ? ROAD_IMAGE_IN_ORDER
									    : 0,
				  .grid = job->grid,
				  .block = job->block,
				  .shared_bytes = job->shared,
				  .arguments = &a,
				  .argument_bytes = sizeof(a),
				  .buffers = b,
				  .buffer_count = 3,
				  .watchdog = WATCHDOG};
	int result = device_run(&devices[approx].device, &l, why, why_bytes);

	if (result)
		device_drop(approx); /* a fault sticks to its space */
	return result;
}

/* 0 if equal; else tells where. */
static int compare_bytes(const uint8_t *got, const uint8_t *wanted, uint64_t bytes,
			 const char *what, char *why, size_t why_bytes)
{
	for (uint64_t k = 0; k < bytes; k++) {
		if (got[k] == wanted[k])
			continue;
		uint64_t from = k & ~UINT64_C(7), seen = 0, want = 0;

		memcpy(&seen, got + from, 8);
		memcpy(&want, wanted + from, 8);
		snprintf(why, why_bytes,
			 "%s: thread %llu, bytes %llu: 0x%016llx, must be 0x%016llx", what,
			 (unsigned long long)(k / GEN_OUTPUT_BYTES),
			 (unsigned long long)(from % GEN_OUTPUT_BYTES), (unsigned long long)seen,
			 (unsigned long long)want);
		return -1;
	}
	return 0;
}

static void check_variants(struct job *job, const struct job *wanted, const char *text,
			   unsigned variants, struct finding *f)
{
	for (unsigned v = 0; v < VARIANT_COUNT; v++) {
		if (!(variants >> v & 1))
			continue;
		job_fill(job);
		f->variant = (enum variant)v;
		if (simulate(job, text, f->variant, f->why, sizeof(f->why)) ||
		    compare_bytes(job->out, wanted->out, job->output_bytes, "output", f->why,
				  sizeof(f->why)) ||
		    compare_bytes(job->sums, wanted->sums, GEN_SUMS_BYTES, "sums", f->why,
				  sizeof(f->why))) {
			f->verdict = VERDICT_DIFFERS;
			return;
		}
	}
}

struct finding check_text(const char *text, unsigned variants)
{
	struct finding f = {.verdict = VERDICT_AGREES};
	struct job *job = malloc(sizeof(*job)), *wanted = malloc(sizeof(*wanted));

	if (!job || !wanted || job_read(job, text)) {
		f.verdict = VERDICT_INVALID;
		snprintf(f.why, sizeof(f.why), "the first line does not say how to launch it");
	} else {
		*wanted = *job;
		job_fill(wanted);
		if (interpret(wanted, text, f.why, sizeof(f.why)))
			f.verdict = VERDICT_INVALID;
		else
			check_variants(job, wanted, text, variants, &f);
	}
	free(job);
	free(wanted);
	return f;
}
