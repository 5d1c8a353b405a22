/* SPDX-License-Identifier: Apache-2.0 */
/* Elements' own accesses to the scratchpad. */
#include "simulators/rpu/fabric/internal.h"

static const struct rpu_word *access_of(const struct rpu_fabric *fabric, uint32_t n)
{
	const struct rpu_config *config = fabric->config;

	return &config->words[config->accesses[config->steps[fabric->step].accesses.first + n]];
}

static uint32_t access_count(const struct rpu_fabric *fabric)
{
	return fabric->config->steps[fabric->step].accesses.count;
}

/* A predicated store of 0 makes no access. */
static bool happens(const struct rpu_fabric *fabric, const struct rpu_word *word)
{
	return rpu_enabled(fabric, word->begin_at) &&
	       (rpu_ops[word->op].operands < 3 || rpu_operand(fabric, word, 2));
}

static uint32_t address_of(const struct rpu_fabric *fabric, const struct rpu_word *word)
{
	uint32_t address = rpu_operand(fabric, word, 0);

	return word->store ? address : address + rpu_operand(fabric, word, 1);
}

static uint32_t load_type(uint8_t op)
{
	switch (op) {
	case ROAD_RPU_OP_ld8: return ROAD_RPU_TYPE_S8;
	case ROAD_RPU_OP_ldu8: return ROAD_RPU_TYPE_U8;
	case ROAD_RPU_OP_ld16: return ROAD_RPU_TYPE_S16;
	case ROAD_RPU_OP_ldu16: return ROAD_RPU_TYPE_U16;
	default: return ROAD_RPU_TYPE_32;
	}
}

/* Step by step there are no banks to wait for. */
static enum rpu_port_answer reach(struct rpu_fabric *fabric, const struct rpu_word *word,
				  struct rpu_port *port, uint8_t **at)
{
	uint32_t address = address_of(fabric, word), latency;
	enum rpu_port_answer answer;

	if (rpu_stepwise(&fabric->params)) {
		port->banks = UINT32_MAX;
		port->far_next = 0;
	}
	answer = rpu_port_take(port, address, word->memory, word->store, at, &latency);
	if (answer == RPU_PORT_FAULT)
		rpu_fault_in(fabric, RPU_FAULT_ACCESS, word->element, address, port->refused,
			     port->window[word->store]);
	if (answer == RPU_PORT_DONE && !word->store && port->far && address >= port->far->far_base)
		fabric->held_until = port->cycle + latency;
	return answer;
}

static void move(struct rpu_fabric *fabric, const struct rpu_word *word, uint8_t *at)
{
	fabric->counters.element_accesses++;
	if (word->store)
		rpu_store(at, word->memory, rpu_operand(fabric, word, 1));
	else
		rpu_results_at(fabric, fabric->at + word->lag)[word->element] =
			rpu_load(at, load_type(word->op));
}

/* Those of this step that are left, loads or stores; false: one waits, or a fault. */
static bool make_accesses(struct rpu_fabric *fabric, struct rpu_port *port, bool loads, bool stores)
{
	bool all = true;

	for (uint32_t n = 0; n < access_count(fabric); n++) {
		const struct rpu_word *word = access_of(fabric, n);
		uint64_t served = UINT64_C(1) << n % 64;
		enum rpu_port_answer answer;
		uint8_t *at;

		if (!(word->store ? stores : loads) || fabric->served[n / 64] & served ||
		    !happens(fabric, word))
			continue;
		answer = reach(fabric, word, port, &at);
		if (answer == RPU_PORT_FAULT)
			return false;
		if (answer == RPU_PORT_WAIT) {
			all = false;
			continue;
		}
		fabric->served[n / 64] |= served;
		move(fabric, word, at);
	}
	return all;
}

bool rpu_accesses(struct rpu_fabric *fabric, struct rpu_port *port)
{
	bool all;

	if (rpu_stepwise(&fabric->params)) /* loads see what was before the step's stores */
		all = make_accesses(fabric, port, true, false) &&
		      make_accesses(fabric, port, false, true);
	else
		all = make_accesses(fabric, port, true, true);
	return all && port->cycle >= fabric->held_until;
}

uint64_t rpu_step_waits(const struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_range *words = &config->steps[fabric->step].words;
	uint32_t column[ROAD_RPU_COLUMNS_MAX] = {0}, cost = 1;

	for (uint32_t i = 0; i < words->count; i++) {
		const struct rpu_word *word = &config->words[words->first + i];
		uint32_t class = rpu_ops[word->op].class, mine;

		if (class == ROAD_RPU_CLASS_NONE || !rpu_enabled(fabric, word->begin_at) ||
		    (word->memory && !happens(fabric, word)))
			continue;
		mine = fabric->params.cost[class];
		if (word->memory)
			mine += fabric->params.cost_column *
				column[word->element % config->columns]++;
		cost = mine > cost ? mine : cost;
	}
	return cost - 1;
}
