/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fixed-function accelerator behind AlmaIF 3 (uapi/almaif/regs.h), simulated: registers, the
 * queue's memory, the data memory, and packets that are executed one at a time. The real thing
 * looks at the next packet's header in a loop; this one looks when write_index changes, by a write
 * to the region or by a store to the mapped memory (poke), and lets the loop's time pass.
 *
 * A function of the chip has all of that for itself, in its share of memory. What packets do is
 * done by the one core that the functions have, in the order in which the packets are seen: each
 * has one at a time, so that they take turns. A kernel without an end holds up its own function
 * alone.
 *
 * What a driver's rules forbid is a violation; what stands in a packet is not believed: a packet
 * that cannot be done completes as failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/almaif/almaif.h"
#include "uapi/almaif/regs.h"

enum { SLOT = 64, PAGE = 4096 };

#define PS_PER_S   UINT64_C(1000000000000)
#define CYCLES_MAX (UINT64_C(1) << 40) /* of one packet: days */

union packet {
	uint16_t header;
	struct almaif_dispatch dispatch;
	struct almaif_barrier barrier;
};

struct almaif_chip;

struct almaif_function {
	struct almaif_chip *chip;
	struct sim_env *env;
	const struct almaif_params *params;
	uint32_t index;
	struct almaif_memory memory;
	unsigned char *queue;
	bool held, stalled, watching;
	uint64_t cycle_ps, born_ps, stalled_ps, stalled_since_ps;
	/* of the queue, from when the reset was lifted */
	uint32_t size;
	uint64_t visible, taken; /* write_index as it arrived; packets done */
	/* the packet at hand */
	union packet now;
	bool seen, waits; /* on its way; a barrier whose words are not there yet */
	uint64_t started;
	uint32_t outcome;
	struct almaif_function *behind; /* that waits for the core after it */
	struct sim_event arrive, done, reset;
	/* counters */
	uint64_t dispatches, failures, copied_bytes, filled_bytes, elements;
};

struct almaif_chip {
	struct almaif_function *runs, *waits; /* who has the core, who waits for it */
	uint32_t function_count;
	struct almaif_function functions[];
};

static uint64_t cycles(const struct almaif_function *m, uint64_t ps)
{
	return ps / m->cycle_ps;
}

static void *field(const struct almaif_function *m, size_t offset)
{
	return m->queue + offset;
}

/* ---- packets ---- */

static void *slot(const struct almaif_function *m)
{
	return m->queue + SLOT * (1 + m->taken % m->size);
}

static void set_stall(struct almaif_function *m, bool stall)
{
	if (m->stalled && !stall)
		m->stalled_ps += sim_now(m->env) - m->stalled_since_ps;
	if (!m->stalled && stall)
		m->stalled_since_ps = sim_now(m->env);
	m->stalled = stall;
}

/* Sees the next packet, if there is one and nothing is in its way. */
static void look(struct almaif_function *m)
{
	if (m->held || m->stalled || m->seen || m->taken == m->visible)
		return;
	if (m->visible - m->taken > m->size) {
		sim_violation(m->env, m->index, "write_index %llu: %llu packets in a ring of %u",
			      (unsigned long long)m->visible,
			      (unsigned long long)(m->visible - m->taken), m->size);
		set_stall(m, true);
		return;
	}
	if (__atomic_load_n((uint16_t *)slot(m), __ATOMIC_ACQUIRE) & ALMAIF_INVALID)
		return; /* reserved, and not yet written */
	m->seen = true;
	sim_schedule(m->env, &m->arrive, sim_now(m->env) + m->params->poll_cycles * m->cycle_ps);
}

/* Where a packet's completion goes; NULL: it named no place in the data memory. */
static uint32_t *completion(const struct almaif_function *m, struct almaif_meta **meta)
{
	bool dispatch = m->now.header & ALMAIF_DISPATCH;
	uint64_t at =
		dispatch ? m->now.dispatch.command_meta_address : m->now.barrier.completion_signal;

	*meta = NULL;
	if (at < ALMAIF_DMEM_START || at % (dispatch ? 8 : 4))
		return NULL;
	if (!dispatch)
		return almaif_at(&m->memory, at, sizeof(uint32_t), true);
	*meta = almaif_at(&m->memory, at, sizeof(**meta), true);
	return *meta ? &(*meta)->completion_signal : NULL;
}

static void serve_next(struct almaif_chip *chip);

static void leave_core(struct almaif_function *m)
{
	struct almaif_function **at = &m->chip->waits;

	while (*at && *at != m)
		at = &(*at)->behind;
	if (*at)
		*at = m->behind;
	if (m->chip->runs == m)
		m->chip->runs = NULL;
	serve_next(m->chip);
}

static void done(void *arg)
{
	struct almaif_function *m = arg;
	struct almaif_meta *meta;
	uint32_t *word = completion(m, &meta);

	leave_core(m);
	if (meta) {
		meta->start_timestamp = m->started;
		meta->finish_timestamp = cycles(m, sim_now(m->env));
	}
	if (word)
		__atomic_store_n(word, m->outcome, __ATOMIC_RELEASE);
	__atomic_store_n((uint16_t *)slot(m), ALMAIF_INVALID, __ATOMIC_RELEASE);
	m->taken++;
	__atomic_store_n((uint64_t *)field(m, offsetof(struct almaif_queue, read_index)), m->taken,
			 __ATOMIC_RELEASE);
	m->seen = false;
	m->dispatches += m->outcome == ALMAIF_OK;
	m->failures += m->outcome == ALMAIF_FAILED;
	sim_trace_span(m->env, "queue", m->outcome == ALMAIF_OK ? "packet" : "failed packet",
		       m->started * m->cycle_ps, sim_now(m->env));
	if (m->outcome == ALMAIF_FAILED)
		set_stall(m, true);
	sim_host_looks(m->env);
	look(m);
}

static void finish(struct almaif_function *m, uint32_t outcome, uint64_t after_cycles)
{
	if (after_cycles > CYCLES_MAX)
		after_cycles = CYCLES_MAX;
	m->outcome = outcome;
	sim_schedule(m->env, &m->done, sim_now(m->env) + after_cycles * m->cycle_ps);
}

static bool is_sound(const struct almaif_dispatch *p)
{
	return p->dimensions >= 1 && p->dimensions <= 3 && p->workgroup_x && p->workgroup_y &&
	       p->workgroup_z && p->grid_x && p->grid_y && p->grid_z &&
	       (uint64_t)p->grid_x * p->grid_y <= UINT64_MAX / p->grid_z;
}

static void run(struct almaif_function *m)
{
	const struct almaif_dispatch *p = &m->now.dispatch;
	struct almaif_job job = {.kernel = p->kernel_object, .kernarg = p->kernarg_address};
	enum almaif_outcome outcome = ALMAIF_BROKEN;

	m->started = cycles(m, sim_now(m->env));
	if (is_sound(p)) {
		job.items = (uint64_t)p->grid_x * p->grid_y * p->grid_z;
		outcome = almaif_kernel_run(&m->memory, &job);
	}
	*(job.kernel == ALMAIF_KERNEL_FILL ? &m->filled_bytes : &m->copied_bytes) += job.bytes;
	m->elements += job.elements;
	if (outcome == ALMAIF_ENDLESS)
		return;
	m->chip->runs = m;
	finish(m, outcome == ALMAIF_DONE ? ALMAIF_OK : ALMAIF_FAILED,
	       m->params->dispatch_cycles + job.bytes / m->params->bytes_per_cycle +
		       job.elements / m->params->items_per_cycle);
}

static void serve_next(struct almaif_chip *chip)
{
	while (!chip->runs && chip->waits) {
		struct almaif_function *m = chip->waits;

		chip->waits = m->behind;
		run(m);
	}
}

static void dispatch(struct almaif_function *m)
{
	struct almaif_function **at = &m->chip->waits;

	while (*at)
		at = &(*at)->behind;
	*at = m;
	m->behind = NULL;
	serve_next(m->chip);
}

/* Are all words there? -1: one of them is nowhere. */
static int deps(const struct almaif_function *m)
{
	int all = 1;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t at = m->now.barrier.dep_signals[i];
		const uint32_t *word =
			at && at % 4 == 0 ? almaif_at(&m->memory, at, sizeof(*word), false) : NULL;

		if (at && !word)
			return -1;
		if (word && __atomic_load_n(word, __ATOMIC_ACQUIRE) == ALMAIF_PENDING)
			all = 0;
	}
	return all;
}

static void barrier(struct almaif_function *m)
{
	int all = deps(m);

	m->waits = !all;
	if (all)
		finish(m, all > 0 ? ALMAIF_OK : ALMAIF_FAILED, m->params->dispatch_cycles);
}

/* The packet is copied once; the copy is checked and executed. */
static void arrive(void *arg)
{
	struct almaif_function *m = arg;
	struct almaif_meta *meta;
	const uint16_t kinds = ALMAIF_DISPATCH | ALMAIF_BARRIER_AND;

	memcpy(&m->now, slot(m), sizeof(m->now));
	m->started = cycles(m, sim_now(m->env));
	if (m->now.header != ALMAIF_DISPATCH && m->now.header != ALMAIF_BARRIER_AND)
		sim_violation(m->env, m->index, "packet %llu: header 0x%x; allowed: 0x%x or 0x%x",
			      (unsigned long long)m->taken, m->now.header, ALMAIF_DISPATCH,
			      ALMAIF_BARRIER_AND);
	if (!completion(m, &meta) &&
	    (m->now.header & ALMAIF_DISPATCH || m->now.barrier.completion_signal))
		sim_violation(m->env, m->index,
			      "packet %llu: its word of completion is not in data memory",
			      (unsigned long long)m->taken);
	if ((m->now.header & kinds) == ALMAIF_DISPATCH)
		dispatch(m);
	else if ((m->now.header & kinds) == ALMAIF_BARRIER_AND)
		barrier(m);
	else
		finish(m, ALMAIF_FAILED, m->params->dispatch_cycles);
}

/* The host wrote to memory that is mapped, or somebody to what a barrier awaits. */
static void look_again(struct almaif_function *m)
{
	if (!m->size)
		return; /* no queue holds yet */
	m->visible =
		__atomic_load_n((uint64_t *)field(m, ALMAIF_QUEUE_WRITE_INDEX), __ATOMIC_ACQUIRE);
	if (m->waits)
		barrier(m);
	look(m);
}

static void poke(void *model)
{
	struct almaif_chip *chip = model;

	for (uint32_t f = 0; f < chip->function_count; f++)
		look_again(&chip->functions[f]);
}

/* ---- commands ---- */

static void watch(struct almaif_function *m, bool watch)
{
	if (watch && !m->watching)
		sim_watch_begin(m->env);
	if (!watch && m->watching)
		sim_watch_end(m->env);
	m->watching = watch;
}

static void is_reset(void *arg)
{
	struct almaif_function *m = arg;

	m->held = true;
	m->born_ps = sim_now(m->env);
	m->stalled_ps = 0;
}

/* At once nothing runs any more; STATUS says so when the logic has settled. */
static void stop_all(struct almaif_function *m)
{
	sim_cancel(m->env, &m->arrive);
	sim_cancel(m->env, &m->done);
	sim_cancel(m->env, &m->reset);
	leave_core(m);
	watch(m, false);
	set_stall(m, false);
	m->seen = m->waits = m->held = false;
	m->size = 0;
	m->visible = m->taken = 0;
}

/* The queue's header holds from here on; what is written to it later is not looked at. */
static void lift(struct almaif_function *m)
{
	struct almaif_queue queue;

	memcpy(&queue, m->queue, sizeof(queue));
	if (!queue.size || queue.size > m->params->queue_bytes / SLOT - 1) {
		sim_violation(m->env, m->index, "a ring of %u packets in %llu bytes", queue.size,
			      (unsigned long long)m->params->queue_bytes);
		return;
	}
	m->size = queue.size;
	m->taken = queue.read_index;
	m->visible = queue.write_index;
	m->held = false;
	watch(m, true);
}

static void command(struct almaif_function *m, uint32_t value)
{
	switch (value) {
	case ALMAIF_COMMAND_RESET:
		stop_all(m);
		sim_schedule(m->env, &m->reset,
			     sim_now(m->env) + m->params->reset_cycles * m->cycle_ps);
		break;
	case ALMAIF_COMMAND_CONTINUE:
		if (m->held)
			lift(m);
		else if (!m->size)
			sim_violation(m->env, m->index, "continued while the reset is under way");
		set_stall(m, false);
		if (m->size)
			look(m);
		break;
	case ALMAIF_COMMAND_BREAK: set_stall(m, true); break;
	default: sim_violation(m->env, m->index, "COMMAND %u is none; allowed: 1, 2, 4", value);
	}
}

/* ---- registers and memories ---- */

static uint32_t status(const struct almaif_function *m)
{
	return (m->stalled ? ALMAIF_STATUS_STALLED : 0) | (m->held ? ALMAIF_STATUS_RESET : 0);
}

/* 64-bit values by halves. */
static bool wide(const struct almaif_function *m, uint64_t offset, uint64_t *out)
{
	uint64_t now = sim_now(m->env);
	const struct {
		enum almaif_reg low;
		uint64_t value;
	} values[] = {
		{ALMAIF_REG_CYCLES_LOW, cycles(m, now - m->born_ps)},
		{ALMAIF_REG_STALLS_LOW,
		 cycles(m, m->stalled_ps + (m->stalled ? now - m->stalled_since_ps : 0))},
		{ALMAIF_REG_IMEM_START_LOW, 0},
		{ALMAIF_REG_CQMEM_SIZE_LOW, m->params->queue_bytes},
		{ALMAIF_REG_CQMEM_START_LOW, ALMAIF_CQMEM_START},
		{ALMAIF_REG_DMEM_SIZE_LOW, m->memory.data_bytes},
		{ALMAIF_REG_DMEM_START_LOW, ALMAIF_DMEM_START},
		{ALMAIF_REG_FEATURES_LOW, ALMAIF_FEATURE_MASTER | ALMAIF_FEATURE_PAUSE},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (offset == values[i].low)
			*out = values[i].value & UINT32_MAX;
		else if (offset == values[i].low + 4u)
			*out = values[i].value >> 32;
		else
			continue;
		return true;
	}
	return false;
}

static uint64_t control_read(const struct almaif_function *m, uint64_t offset)
{
	uint64_t value;

	if (wide(m, offset, &value))
		return value;
	switch (offset) {
	case ALMAIF_REG_STATUS: return status(m);
	case ALMAIF_REG_DEVICE_CLASS: return m->params->device_class;
	case ALMAIF_REG_DEVICE_ID: return m->params->device_id;
	case ALMAIF_REG_INTERFACE_TYPE: return ALMAIF_INTERFACE;
	case ALMAIF_REG_CORE_COUNT: return 1;
	case ALMAIF_REG_CTRL_SIZE: return ALMAIF_REGS_BYTES;
	case ALMAIF_REG_PTR_SIZE: return sizeof(uint64_t);
	default: return 0; /* PC, IMEM_SIZE, and what is reserved */
	}
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	const struct almaif_chip *chip = model;
	const struct almaif_function *m = &chip->functions[0]; /* as all others */

	*out = (struct sim_region){0};
	if (index == ALMAIF_REGION_REGS)
		out->bytes = ALMAIF_REGS_BYTES;
	if (index == ALMAIF_REGION_QUEUE)
		*out = (struct sim_region){.bytes = m->params->queue_bytes, .memory = true};
	if (index == ALMAIF_REGION_DATA)
		*out = (struct sim_region){.bytes = m->memory.data_bytes, .memory = true};
}

static void *region_map(void *model, uint32_t function, uint32_t index, uint64_t offset,
			uint64_t bytes)
{
	struct almaif_chip *chip = model;
	struct almaif_function *m = &chip->functions[function];
	struct sim_region info;

	region(chip, index, &info);
	if (!info.memory || offset > info.bytes || bytes > info.bytes - offset)
		return NULL;
	return (index == ALMAIF_REGION_QUEUE ? m->queue : m->memory.data) + offset;
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t index, uint64_t offset,
			 uint32_t width)
{
	const struct almaif_chip *chip = model;
	const void *at = region_map(model, function, index, offset, width);
	uint64_t value = 0;

	if (at) {
		memcpy(&value, at, width);
		return value;
	}
	if (index != ALMAIF_REGION_REGS || width != 4 || offset % 4 || offset >= ALMAIF_REGS_BYTES)
		return width == 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
	return control_read(&chip->functions[function], offset);
}

static void reg_write(void *model, uint32_t function, uint32_t index, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct almaif_chip *chip = model;
	struct almaif_function *m = &chip->functions[function];
	void *at = region_map(chip, function, index, offset, width);

	if (at) {
		memcpy(at, &value, width);
		if (index == ALMAIF_REGION_QUEUE)
			look_again(m);
	} else if (index == ALMAIF_REGION_REGS && width == 4 && offset == ALMAIF_REG_COMMAND) {
		command(m, (uint32_t)value);
	} else {
		sim_violation(m->env, m->index,
			      "write of %u bytes to 0x%llx of region %u: no register", width,
			      (unsigned long long)offset, index);
	}
}

static uint64_t dma_mask(void *model)
{
	(void)model;
	return ALMAIF_BUS_MASK;
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 0; /* the interface has none */
}

/* ---- power ---- */

static uint64_t data_offset(const struct almaif_params *params)
{
	return (params->queue_bytes + PAGE - 1) / PAGE * PAGE;
}

static void reset(void *model, uint32_t function)
{
	struct almaif_chip *chip = model;
	struct almaif_function *m = &chip->functions[function];

	stop_all(m);
	is_reset(m);
	if (chip->function_count == 1) /* else the engine takes the share's bytes */
		sim_memory_discard(m->env, 0, data_offset(m->params) + m->memory.data_bytes);
}

/* Each function's share begins with its queue; what is behind that is data memory. */
static uint64_t data_bytes(const struct sim_model_create *create)
{
	const struct almaif_params *params = create->params;
	const uint64_t queue = data_offset(params);

	if (create->functions == 1)
		return params->data_bytes;
	if (create->share_bytes <= queue)
		return 0;
	return create->share_bytes - queue < params->data_bytes ? create->share_bytes - queue
								: params->data_bytes;
}

static void make_function(struct almaif_chip *chip, uint32_t index,
			  const struct sim_model_create *create, unsigned char *memory)
{
	struct almaif_function *m = &chip->functions[index];

	m->chip = chip;
	m->env = create->env;
	m->params = create->params;
	m->index = index;
	m->queue = memory;
	m->memory = (struct almaif_memory){.env = create->env,
					   .function = index,
					   .data = memory + data_offset(m->params),
					   .data_bytes = data_bytes(create)};
	m->cycle_ps = PS_PER_S / m->params->clock_hz;
	m->arrive = (struct sim_event){.run = arrive, .arg = m};
	m->done = (struct sim_event){.run = done, .arg = m};
	m->reset = (struct sim_event){.run = is_reset, .arg = m};
	is_reset(m);
}

static bool is_possible(const struct sim_model_create *create)
{
	const struct almaif_params *params = create->params;

	if (create->option_count)
		snprintf(create->error, SIM_ERROR_BYTES,
			 "option %.32s: unknown, allowed: time, seed, threads, functions",
			 create->options[0].key);
	else if (!data_bytes(create))
		snprintf(create->error, SIM_ERROR_BYTES,
			 "option functions: value \"%u\", allowed: fewer, so that a queue of %llu "
			 "bytes and data fit into each one's share of 0x%llx bytes",
			 create->functions, (unsigned long long)params->queue_bytes,
			 (unsigned long long)create->share_bytes);
	else
		return true;
	return false;
}

static void *create(const struct sim_model_create *create)
{
	const uint64_t share = create->functions == 1
				       ? data_offset(create->params) + data_bytes(create)
				       : create->share_bytes;
	struct almaif_chip *chip;
	unsigned char *memory;

	if (!is_possible(create))
		return NULL;
	chip = calloc(1, sizeof(*chip) + create->functions * sizeof(chip->functions[0]));
	memory = chip ? sim_memory_create(create->env, share * create->functions) : NULL;
	if (!memory) {
		free(chip);
		return NULL;
	}
	chip->function_count = create->functions;
	for (uint32_t f = 0; f < create->functions; f++)
		make_function(chip, f, create, memory + f * share);
	return chip;
}

static void destroy(void *model)
{
	struct almaif_chip *chip = model;

	for (uint32_t f = 0; f < chip->function_count; f++)
		watch(&chip->functions[f], false);
	free(chip);
}

static bool counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct almaif_chip *chip = model;
	struct sim_counter counters[] = {
		{"almaif.packets", 0},      {"almaif.failed_packets", 0},
		{"almaif.copied_bytes", 0}, {"almaif.filled_bytes", 0},
		{"almaif.elements", 0},
	};

	if (index >= sizeof(counters) / sizeof(counters[0]))
		return false;
	for (uint32_t f = 0; f < chip->function_count; f++) {
		const struct almaif_function *m = &chip->functions[f];
		const uint64_t values[] = {m->dispatches, m->failures, m->copied_bytes,
					   m->filled_bytes, m->elements};

		counters[index].value += values[index];
	}
	*out = counters[index];
	return true;
}

const struct sim_model_ops sim_model_almaif = {
	.abi = ROAD_SIM_ABI,
	.family = "almaif",
	.compatible = "roadbed,almaif",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.region_map = region_map,
	.dma_mask = dma_mask,
	.irq_count = irq_count,
	.reset = reset,
	.poke = poke,
	.counter = counter,
	.many_functions = true,
};
