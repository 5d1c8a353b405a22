/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration image holds for cores (uapi/dsa/microcode.h): checked, and taken over. */
#include <string.h>

#include "simulators/dsa/internal.h"

_Static_assert((uint32_t)ROAD_DSA_OPS <= ROAD_DSA_OPERATORS_MAX, "the table has a bit for each");

static uint32_t bit_of(const struct road_dsa_microcode *m, uint32_t op)
{
	return m->enabled[op / 64] >> op % 64 & 1;
}

/* No instruction beyond those that the table is made for. */
static bool is_tail_clear(const struct road_dsa_microcode *m)
{
	for (uint32_t op = m->operators; op < ROAD_DSA_OPERATORS_MAX; op++)
		if (bit_of(m, op))
			return false;
	return true;
}

static bool is_share(uint32_t eighths)
{
	return !eighths || eighths == ROAD_DSA_SPLIT_SUM ||
	       (eighths >= ROAD_DSA_SPLIT_MIN && eighths <= ROAD_DSA_SPLIT_MAX);
}

/* Nothing is enabled that a unit without power would do. */
static bool is_off_unused(const struct road_dsa_microcode *m)
{
	static const uint8_t queues[ROAD_DSA_OPS] = {
#define OP(name, queue, format, types, text) [ROAD_DSA_OP_##name] = ROAD_DSA_QUEUE_##queue,
#include "uapi/dsa/ops.def"
#undef OP
	};

	for (uint32_t op = 0; op < m->operators; op++)
		if (bit_of(m, op) && ((!m->cube && queues[op] == ROAD_DSA_QUEUE_M) ||
				      (!m->vector && queues[op] == ROAD_DSA_QUEUE_V)))
			return false;
	return true;
}

#define AT(member) offsetof(struct road_dsa_microcode, member)

bool dsa_microcode_check(const void *payload, uint32_t bytes, uint32_t *at)
{
	struct road_dsa_microcode m;

	*at = 0;
	if (bytes != sizeof(m))
		return false;
	memcpy(&m, payload, sizeof(m));
	/* In order: a rule may rely on those above it. */
	if (m.magic != ROAD_DSA_MICROCODE_MAGIC)
		*at = AT(magic);
	else if (m.version != ROAD_DSA_MICROCODE_VERSION)
		*at = AT(version);
	else if (!is_share(m.cube))
		*at = AT(cube);
	else if (!is_share(m.vector) || m.cube + m.vector != ROAD_DSA_SPLIT_SUM)
		*at = AT(vector);
	else if (m.isa != ROAD_DSA_ISA_VERSION)
		*at = AT(isa);
	else if (!m.operators || m.operators > ROAD_DSA_OPS)
		*at = AT(operators);
	else if (!is_tail_clear(&m) || !bit_of(&m, ROAD_DSA_OP_end) || !is_off_unused(&m))
		*at = AT(enabled);
	else if (m.reserved[0] || m.reserved[1])
		*at = AT(reserved);
	else
		return true;
	return false;
}

void dsa_microcode_take(struct dsa_core *core, const struct road_dsa_microcode *m)
{
	core->cube_eighths = m ? m->cube : ROAD_DSA_SPLIT_SUM / 2;
	core->vector_eighths = m ? m->vector : ROAD_DSA_SPLIT_SUM / 2;
	if (m)
		memcpy(core->enabled, m->enabled, sizeof(core->enabled));
	else
		memset(core->enabled, 0xff, sizeof(core->enabled));
}
