/* SPDX-License-Identifier: Apache-2.0 */
/* mmad: shapes and places of what rows_cube.c multiplies. */
#include "simulators/dsa/internal.h"

#include "simulators/dsa/hazard.h"
#include "simulators/dsa/rows.h"

enum { SIDE = 16, FRACTAL = 512, RESULT = 1024 };

struct sides {
	uint64_t a, b, d, bias; /* bytes */
	uint64_t m, n, k;
};

static bool read_shape(struct dsa_core *core, const struct dsa_entry *entry, struct sides *s)
{
	uint64_t c0 = ROAD_DSA_ALIGN / dsa_type_bytes(entry->word->type), k1, m1, n1;

	s->m = entry->c & 0xffffu;
	s->n = entry->c >> 16 & 0xffffu;
	s->k = dsa_high(entry->c);
	if (!s->m || !s->n || !s->k)
		return dsa_fault(core, ROAD_DSA_FAULT_SHAPE, ROAD_DSA_PADS, 0, entry->c);
	m1 = dsa_ceil(s->m, SIDE);
	n1 = dsa_ceil(s->n, SIDE);
	k1 = dsa_ceil(s->k, c0);
	s->a = m1 * k1 * FRACTAL;
	s->b = k1 * n1 * FRACTAL;
	s->d = m1 * n1 * RESULT;
	s->bias = s->n * 4;
	return true;
}

static bool find_bias(struct dsa_core *core, const struct dsa_entry *entry, const struct sides *s,
		      struct dsa_cube *cube)
{
	if (!(entry->word->mods & ROAD_DSA_MOD_BIAS))
		return true;
	cube->bias = (const uint32_t *)dsa_pad(core, ROAD_DSA_PAD_BT, entry->e, s->bias,
					       ROAD_DSA_ALIGN, false);
	return cube->bias;
}

static bool find_sides(struct dsa_core *core, const struct dsa_entry *entry, const struct sides *s,
		       struct dsa_cube *cube)
{
	cube->a = dsa_pad(core, ROAD_DSA_PAD_L0A, entry->a, s->a, ROAD_DSA_ALIGN, false);
	if (!cube->a)
		return false;
	cube->b = dsa_pad(core, ROAD_DSA_PAD_L0B, entry->b[0], s->b, ROAD_DSA_ALIGN, false);
	if (!cube->b)
		return false;
	cube->d = (uint32_t *)dsa_pad(core, ROAD_DSA_PAD_L0C, entry->d, s->d, ROAD_DSA_ALIGN, true);
	return cube->d && find_bias(core, entry, s, cube);
}

static void note(struct dsa_core *core, const struct dsa_entry *entry, const struct sides *s,
		 const struct dsa_cube *cube)
{
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L0A, entry->a, s->a, false);
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L0B, entry->b[0], s->b, false);
	if (cube->bias)
		dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_BT, entry->e, s->bias, false);
	if (cube->keep)
		dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L0C, entry->d, s->d, false);
	dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_L0C, entry->d, s->d, true);
}

bool dsa_exec_cube(struct dsa_core *core, const struct dsa_entry *entry)
{
	const struct road_dsa_word *word = entry->word;
	struct dsa_cube cube = {.panels = core->panels};
	struct sides s = {0};

	if (!read_shape(core, entry, &s) || !find_sides(core, entry, &s, &cube))
		return false;
	cube.m = (uint32_t)s.m;
	cube.n = (uint32_t)s.n;
	cube.k = (uint32_t)s.k;
	cube.keep = !(word->mods & (ROAD_DSA_MOD_INIT | ROAD_DSA_MOD_BIAS));
	core->vector->cube[word->type](&cube);
	note(core, entry, &s, &cube);
	dsa_cost_cube(core, word->type, s.m, s.n, s.k);
	core->work.bytes = s.a + s.b + s.d;
	return true;
}
