/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine NEUR: matrix products in the scratchpad (struct road_rpu_gemm). Vectors of the host
 * run over columns, never over k, so that the order of sums is the contract's.
 */
#include <math.h>
#include <stdlib.h>

#include "simulators/numbers/half.h"
#include "simulators/rpu/model.h"

static const struct road_rpu_gemm *of(const struct rpu_job *job)
{
	return &job->entry.gemm;
}

static uint32_t element_bytes(uint32_t type)
{
	return type == ROAD_RPU_GEMM_S8 ? 1 : 2;
}

static uint32_t result_bytes(const struct road_rpu_gemm *work)
{
	return work->flags & ROAD_RPU_WORK_NARROW ? element_bytes(work->type) : 4;
}

/* ---- numbers ---- */

static float take(const uint8_t *at, uint32_t type)
{
	uint16_t half;

	if (type == ROAD_RPU_GEMM_S8)
		return (float)(int8_t)*at;
	memcpy(&half, at, sizeof(half));
	return half_in(half, type == ROAD_RPU_GEMM_BF16);
}

static void put(uint8_t *at, float value, uint32_t type, bool narrow)
{
	uint32_t bits = elem_canon32(road_num_bits32(value));
	uint16_t half = (uint16_t)half_out(bits, type == ROAD_RPU_GEMM_BF16);

	if (narrow)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &bits, sizeof(bits));
}

static void put_s8(uint8_t *at, int32_t value, bool narrow)
{
	int32_t near = value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value;

	if (narrow)
		*at = (uint8_t)near;
	else
		memcpy(at, &value, sizeof(value));
}

/* ---- a row of C at a time ---- */

struct panel {
	float *b; /* k rows of n */
	float *sum;
	int32_t *wrapping;
};

static void start_row(const struct road_rpu_gemm *g, const struct panel *p, const uint8_t *c)
{
	bool add = g->flags & ROAD_RPU_WORK_ADD, narrow = g->flags & ROAD_RPU_WORK_NARROW;

	for (uint32_t n = 0; n < g->n; n++) {
		p->sum[n] = 0;
		p->wrapping[n] = 0;
		if (!add)
			continue;
		const uint8_t *at = c + (uint64_t)n * result_bytes(g);

		if (narrow)
			p->sum[n] = take(at, g->type);
		else
			memcpy(&p->sum[n], at, sizeof(float));
		if (g->type == ROAD_RPU_GEMM_S8 && narrow)
			p->wrapping[n] = (int8_t)*at;
		else
			memcpy(&p->wrapping[n], &p->sum[n], sizeof(int32_t));
	}
}

/* Products of f16 are exact in f32; those of bf16 may leave its range, and are not. */
static void sum_f16(float *sum, float a, const float *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum[i] = sum[i] + a * b[i];
}

static void sum_bf16(float *sum, float a, const float *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum[i] = fmaf(a, b[i], sum[i]);
}

static void sum_s8(int32_t *sum, float a, const float *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum[i] = (int32_t)((uint32_t)sum[i] + (uint32_t)((int32_t)a * (int32_t)b[i]));
}

static void end_row(const struct road_rpu_gemm *g, const struct panel *p, uint8_t *c)
{
	bool narrow = g->flags & ROAD_RPU_WORK_NARROW;

	for (uint32_t n = 0; n < g->n; n++) {
		uint8_t *at = c + (uint64_t)n * result_bytes(g);

		if (g->type == ROAD_RPU_GEMM_S8)
			put_s8(at, p->wrapping[n], narrow);
		else
			put(at, p->sum[n], g->type, narrow);
	}
}

static void run_row(const struct road_rpu_gemm *g, const struct panel *p, const uint8_t *a,
		    uint8_t *c)
{
	start_row(g, p, c);
	for (uint32_t k = 0; k < g->k; k++) {
		float value = take(a + (uint64_t)k * element_bytes(g->type), g->type);
		const float *b = p->b + (uint64_t)k * g->n;

		if (g->type == ROAD_RPU_GEMM_F16)
			sum_f16(p->sum, value, b, g->n);
		else if (g->type == ROAD_RPU_GEMM_BF16)
			sum_bf16(p->sum, value, b, g->n);
		else
			sum_s8(p->wrapping, value, b, g->n);
	}
	end_row(g, p, c);
}

bool rpu_gemm(const struct road_rpu_gemm *g, uint8_t *spm)
{
	struct panel p = {
		.b = malloc(sizeof(float) * g->k * g->n),
		.sum = malloc(sizeof(float) * g->n),
		.wrapping = malloc(sizeof(int32_t) * g->n),
	};
	bool fine = p.b && p.sum && p.wrapping;

	for (uint32_t k = 0; fine && k < g->k; k++)
		for (uint32_t n = 0; n < g->n; n++)
			p.b[(uint64_t)k * g->n + n] =
				take(spm + g->b + (uint64_t)k * g->b_pitch +
					     (uint64_t)n * element_bytes(g->type),
				     g->type);
	for (uint32_t m = 0; fine && m < g->m; m++)
		run_row(g, &p, spm + g->a + (uint64_t)m * g->a_pitch,
			spm + g->c + (uint64_t)m * g->c_pitch);
	free(p.b);
	free(p.sum);
	free(p.wrapping);
	return fine;
}

/* ---- the engine ---- */

struct matrix {
	uint32_t at, pitch, rows, columns, bytes;
	size_t field, pitch_field;
};

static bool check_matrix(const struct rpu_job *job, const struct matrix *m,
			 struct road_rpu_stream_status *why)
{
	uint64_t row = (uint64_t)m->columns * m->bytes;
	uint64_t extent = (uint64_t)(m->rows - 1) * m->pitch + row;

	if (m->pitch % m->bytes || (m->rows > 1 && m->pitch < row))
		rpu_bad_field(why, m->pitch_field);
	else if (m->at % m->bytes)
		rpu_fail(why, ROAD_RPU_FAULT_MISALIGNED, m->at, m->bytes);
	else
		return rpu_window_check(job->stream, m->at, extent, why);
	return false;
}

static bool check(struct rpu_job *job, struct road_rpu_stream_status *why)
{
	const struct road_rpu_gemm *g = of(job);
#define AT(member) offsetof(struct road_rpu_gemm, member)
	job->tiles = rpu_job_tiles(job, g->tiles);
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{!job->stream->function->chip->params.neur, AT(engine)},
		{g->type > ROAD_RPU_GEMM_S8, AT(type)},
		{!job->tiles, AT(tiles)},
		{!g->m, AT(m)},
		{!g->n, AT(n)},
		{!g->k, AT(k)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			rpu_bad_field(why, rules[i].offset);
			return false;
		}
	const uint32_t in = element_bytes(g->type), out = result_bytes(g);
	const struct matrix matrices[] = {
		{g->a, g->a_pitch, g->m, g->k, in, AT(a), AT(a_pitch)},
		{g->b, g->b_pitch, g->k, g->n, in, AT(b), AT(b_pitch)},
		{g->c, g->c_pitch, g->m, g->n, out, AT(c), AT(c_pitch)},
	};
#undef AT
	for (size_t i = 0; i < 3; i++)
		if (!check_matrix(job, &matrices[i], why))
			return false;
	return true;
}

static void done(void *arg)
{
	struct rpu_job *job = arg;
	struct rpu_chip *chip = job->stream->function->chip;
	struct road_rpu_stream_status why = {0};

	why.stream = why.element = RPU_NOWHERE;
	for (uint32_t t = 0; t < chip->params.tiles; t++) {
		if (!(job->tiles >> t & 1) ||
		    rpu_gemm(of(job), rpu_spm_take(job->stream->function, t)))
			continue;
		why.tile = t;
		rpu_fail(&why, ROAD_RPU_FAULT_HOST, 0, 0);
		rpu_job_fault(job, &why);
		return;
	}
	rpu_job_end(job);
}

static void begin(struct rpu_job *job)
{
	struct rpu_chip *chip = job->stream->function->chip;
	const struct road_rpu_gemm *g = of(job);
	uint64_t side = chip->params.neur_side;
	uint64_t cycles = rpu_ceil(g->m, side) * rpu_ceil(g->n, side) * rpu_ceil(g->k, side) +
			  chip->params.neur_startup;

	chip->counters.gemms++;
	chip->counters.macs +=
		(uint64_t)g->m * g->n * g->k * (uint64_t)__builtin_popcount(job->tiles);
	job->event.run = done;
	sim_schedule(chip->env, &job->event, sim_now(chip->env) + rpu_ps(chip, cycles));
}

/* Nothing is computed yet: its event is cancelled with it. */
static void drop(struct rpu_job *job)
{
	(void)job;
}

const struct rpu_engine rpu_engine_gemm = {check, begin, drop};
