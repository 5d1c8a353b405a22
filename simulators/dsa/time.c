/* SPDX-License-Identifier: Apache-2.0 */
/* What instructions cost. In `functional` every one takes a cycle, which nobody asks for here. */
#include "simulators/dsa/internal.h"

uint64_t dsa_ps(const struct road_dsa_params *params, uint64_t cycles)
{
	const uint64_t second = UINT64_C(1000000000000);

	if (cycles < UINT64_MAX / second)
		return cycles * second / params->clock_hz;
	return (uint64_t)((unsigned __int128)cycles * second / params->clock_hz);
}

uint64_t dsa_scalar_cycles(const struct dsa_core *core, const struct road_dsa_word *word)
{
	const struct road_dsa_params *params = core->params;

	switch (word->op) {
	case ROAD_DSA_OP_ldg:
	case ROAD_DSA_OP_stg: return params->scalar_global;
	case ROAD_DSA_OP_ldu:
	case ROAD_DSA_OP_stu: return params->scalar_ub;
	default: return params->scalar;
	}
}

void dsa_cost_move(struct dsa_core *core, const struct road_dsa_path *path, uint64_t bursts,
		   uint64_t burst_bytes)
{
	uint64_t each = burst_bytes > path->burst ? burst_bytes : path->burst;

	core->work.cycles = path->startup + dsa_ceil(bursts * each, path->rate);
	core->work.bytes = bursts * burst_bytes;
}

void dsa_cost_global(struct dsa_core *core, const struct road_dsa_path *path,
		     const struct dsa_piece *piece, uint64_t bytes, uint64_t bursts, int64_t stride,
		     bool write)
{
	uint64_t from, end;

	if (!core->timed || !core->setup.memory)
		return;
	from = core->now + dsa_ps(core->params, path->startup);
	end = dsa_memory_take(core->setup.memory, piece, bytes, bursts, stride, write, from);
	if (end > core->work.memory_end)
		core->work.memory_end = end;
}

/* Eighths of a unit's rate without microcode that splits it otherwise. */
enum { BUILT = ROAD_DSA_SPLIT_SUM / 2 };

static uint64_t cube_cycles(const struct road_dsa_params *params, uint32_t type, uint64_t m,
			    uint64_t n, uint64_t k)
{
	uint64_t k0 = params->cube_k_bytes / dsa_type_bytes(type);
	uint64_t pieces;

	if (params->systolic)
		return dsa_systolic_cycles((enum road_dsa_dataflow)params->systolic_dataflow,
					   params->systolic_rows, params->systolic_columns, m, n,
					   k);
	pieces = dsa_ceil(m, params->cube_m) * dsa_ceil(n, params->cube_n) *
		 dsa_ceil(k, k0 ? k0 : 1);
	if (type == ROAD_DSA_TYPE_F32)
		pieces *= params->cube_f32_factor;
	return pieces * params->cube_interval + params->cube_fill;
}

void dsa_cost_cube(struct dsa_core *core, uint32_t type, uint64_t m, uint64_t n, uint64_t k)
{
	core->work.macs = m * n * k;
	if (core->timed)
		core->work.cycles = dsa_ceil(cube_cycles(core->params, type, m, n, k) * BUILT,
					     core->cube_eighths);
}

void dsa_cost_vector(struct dsa_core *core, uint64_t bytes, uint64_t repeats, bool special)
{
	const struct road_dsa_params *params = core->params;
	uint64_t rate = (uint64_t)params->vector_bytes * core->vector_eighths; /* eighths */
	uint64_t each = dsa_ceil(bytes * BUILT, rate);

	core->work.bytes = bytes * repeats;
	core->work.cycles = each * repeats * (special ? params->vector_special : 1);
	core->work.latency = params->vector_startup;
}
