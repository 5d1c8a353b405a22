/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chip `template`, simulated: it answers the registers of uapi/template/regs.h and executes the
 * packets of its ring. PORT: this is your second reading of the data sheet. It shares nothing with
 * the driver, believes nothing that it reads from memory, and tells a driver that breaks a rule of
 * the chip (sim_violation), which fails the test.
 */
#include <roadbed-sim/chip.h>
#include <roadbed-sim/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/regs.h"

/* Sizes and times: template.yaml gives the values, each with its source. PORT: a parameter more is
 * a member here and a row in `keys`. */
struct template_params {
	uint64_t memory_bytes, reset_ps, packet_ps, bytes_per_second;
};

struct template_model {
	struct sim_env *env;
	const struct template_params *params;
	unsigned char *memory;
	uint32_t status, irq, fault;
	uint64_t fault_packet;
	/* the queue */
	uint64_t ring, tail, taken; /* taken: packets that were begun */
	uint32_t packets;           /* 0: there is no ring */
	struct template_packet now; /* the one that runs */
	struct sim_event ready, done;
	/* counters */
	uint64_t packets_done, bytes_done;
};

static void raise_irq(struct template_model *m)
{
	m->irq = 1;
	sim_irq_raise(m->env, 0, 0);
}

/* ---- the queue ---- */

static void stop_queue(struct template_model *m, enum template_fault why)
{
	m->fault = why;
	m->fault_packet = m->taken - 1;
	m->status |= TEMPLATE_STATUS_FAULTED;
	raise_irq(m);
}

/* Both sides of a packet; NULL: nothing is there for all of its bytes. */
static void *place(struct template_model *m, bool bus, uint64_t at, uint64_t bytes, bool write)
{
	if (bus)
		return sim_dma_window(m->env, 0, at, bytes, write);
	if (at > m->params->memory_bytes || bytes > m->params->memory_bytes - at)
		return NULL;
	return m->memory + at;
}

static void fill(unsigned char *dst, uint64_t pattern, uint32_t bytes)
{
	unsigned char unit[8];

	memcpy(unit, &pattern, sizeof(unit));
	for (uint32_t i = 0; i < bytes; i++)
		dst[i] = unit[i % sizeof(unit)];
}

static enum template_fault execute(struct template_model *m, const struct template_packet *p)
{
	void *dst = place(m, p->flags & TEMPLATE_DST_BUS, p->dst, p->bytes, true);
	const void *src;

	if (!dst)
		return TEMPLATE_FAULT_ADDRESS;
	switch (p->op) {
	case TEMPLATE_COPY:
		src = place(m, p->flags & TEMPLATE_SRC_BUS, p->src, p->bytes, false);
		if (!src)
			return TEMPLATE_FAULT_ADDRESS;
		memmove(dst, src, p->bytes);
		return TEMPLATE_FAULT_NONE;
	case TEMPLATE_FILL: fill(dst, p->src, p->bytes); return TEMPLATE_FAULT_NONE;
	case TEMPLATE_FENCE: /* one store, so that the host never sees half of it */
		if (!(p->flags & TEMPLATE_DST_BUS) || p->bytes != sizeof(p->src) ||
		    !sim_dma_write(m->env, 0, p->dst, &p->src, sizeof(p->src)))
			return TEMPLATE_FAULT_PACKET;
		raise_irq(m);
		return TEMPLATE_FAULT_NONE;
	default: return TEMPLATE_FAULT_PACKET;
	}
}

/* A packet is copied once, the copy is checked, and the copy is executed. */
static void next_packet(struct template_model *m)
{
	const uint32_t flags = TEMPLATE_DST_BUS | TEMPLATE_SRC_BUS;
	uint64_t at;

	if (m->done.slot || m->status & TEMPLATE_STATUS_FAULTED || m->taken == m->tail)
		return;
	at = m->ring + m->taken++ % m->packets * sizeof(m->now);
	if (!sim_dma_read(m->env, 0, at, &m->now, sizeof(m->now))) {
		stop_queue(m, TEMPLATE_FAULT_ADDRESS);
		return;
	}
	if (m->now.op == TEMPLATE_EMPTY)
		sim_violation(m->env, 0, "packet %llu is empty, but below the tail",
			      (unsigned long long)(m->taken - 1));
	if (m->now.flags & ~flags || m->now.reserved) {
		stop_queue(m, TEMPLATE_FAULT_PACKET);
		return;
	}
	sim_schedule(m->env, &m->done,
		     sim_now(m->env) + m->params->packet_ps +
			     m->now.bytes * UINT64_C(1000000000000) / m->params->bytes_per_second);
}

static void done(void *arg)
{
	struct template_model *m = arg;
	enum template_fault fault = execute(m, &m->now);

	if (fault) {
		stop_queue(m, fault);
		return;
	}
	m->packets_done++;
	m->bytes_done += m->now.bytes;
	next_packet(m);
}

static void start_queue(struct template_model *m, uint32_t packets)
{
	if (!packets || packets & (packets - 1)) {
		sim_violation(m->env, 0, "%u packets in a ring; allowed: a power of two", packets);
		return;
	}
	m->packets = packets;
	m->tail = m->taken = 0;
}

static void ring_doorbell(struct template_model *m, uint64_t tail)
{
	if (!m->packets) /* it was under way when the chip was reset */
		return;
	if (tail < m->tail || tail - m->taken > m->packets) {
		sim_violation(m->env, 0, "tail %llu behind %llu in a ring of %u packets",
			      (unsigned long long)tail, (unsigned long long)m->tail, m->packets);
		return;
	}
	m->tail = tail;
	next_packet(m);
}

/* ---- registers ---- */

static void ready(void *arg)
{
	struct template_model *m = arg;

	m->status = TEMPLATE_STATUS_READY;
}

/* What RESET does: the memory stays. */
static void stop_all(struct template_model *m)
{
	sim_cancel(m->env, &m->done);
	m->status = m->irq = m->fault = m->packets = 0;
	m->ring = m->tail = m->taken = m->fault_packet = 0;
	sim_schedule(m->env, &m->ready, sim_now(m->env) + m->params->reset_ps);
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t region, uint64_t offset,
			 uint32_t width)
{
	const struct template_model *m = model;
	uint64_t all_ones = width == 8 ? UINT64_MAX : UINT32_MAX;

	(void)function;
	if (region == TEMPLATE_REGION_MEMORY && offset + width <= m->params->memory_bytes) {
		uint64_t value = 0;

		memcpy(&value, m->memory + offset, width);
		return value;
	}
	switch (offset) {
	case TEMPLATE_REG_ID: return TEMPLATE_ID;
	case TEMPLATE_REG_STATUS: return m->status;
	case TEMPLATE_REG_IRQ: return m->irq;
	case TEMPLATE_REG_MEMORY_BYTES: return m->params->memory_bytes;
	case TEMPLATE_REG_FAULT: return m->fault;
	case TEMPLATE_REG_FAULT_PACKET: return m->fault_packet & all_ones;
	default: return all_ones;
	}
}

static void reg_write(void *model, uint32_t function, uint32_t region, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct template_model *m = model;

	(void)function;
	if (region == TEMPLATE_REGION_MEMORY && offset + width <= m->params->memory_bytes) {
		memcpy(m->memory + offset, &value, width);
		return;
	}
	if (offset != TEMPLATE_REG_RESET && !(m->status & TEMPLATE_STATUS_READY))
		sim_violation(m->env, 0, "register 0x%llx written before the chip is ready",
			      (unsigned long long)offset);
	switch (offset) {
	case TEMPLATE_REG_RESET: stop_all(m); break;
	case TEMPLATE_REG_IRQ: m->irq &= ~(uint32_t)value; break;
	case TEMPLATE_REG_RING: m->ring = value; break;
	case TEMPLATE_REG_PACKETS: start_queue(m, (uint32_t)value); break;
	case TEMPLATE_REG_TAIL: ring_doorbell(m, value); break;
	default:
		sim_violation(m->env, 0, "write to 0x%llx, which is no register",
			      (unsigned long long)offset);
	}
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	const struct template_model *m = model;

	*out = (struct sim_region){0};
	if (index == TEMPLATE_REGION_REGS)
		out->bytes = TEMPLATE_REGS_BYTES;
	if (index == TEMPLATE_REGION_MEMORY)
		*out = (struct sim_region){.bytes = m->params->memory_bytes, .memory = true};
}

static void *region_map(void *model, uint32_t function, uint32_t region, uint64_t offset,
			uint64_t bytes)
{
	struct template_model *m = model;

	(void)function;
	if (region != TEMPLATE_REGION_MEMORY)
		return NULL;
	return place(m, false, offset, bytes, true);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 1;
}

/* ---- power ---- */

static void reset(void *model, uint32_t function)
{
	struct template_model *m = model;

	(void)function;
	stop_all(m);
	sim_memory_discard(m->env, 0, m->params->memory_bytes);
}

static void *create(const struct sim_model_create *create)
{
	const struct template_params *params = create->params;
	struct template_model *m;

	if (create->option_count) {
		snprintf(create->error, SIM_ERROR_BYTES,
			 "option %.32s: unknown, allowed: time, seed, threads",
			 create->options[0].key);
		return NULL;
	}
	m = calloc(1, sizeof(*m));
	if (m)
		m->memory = sim_memory_create(create->env, params->memory_bytes);
	if (!m || !m->memory) {
		free(m);
		return NULL;
	}
	m->env = create->env;
	m->params = params;
	m->status = TEMPLATE_STATUS_READY;
	m->ready = (struct sim_event){.run = ready, .arg = m};
	m->done = (struct sim_event){.run = done, .arg = m};
	return m;
}

static void destroy(void *model)
{
	free(model);
}

static bool counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct template_model *m = model;
	const struct sim_counter counters[] = {
		{"template.packets", m->packets_done},
		{"template.bytes", m->bytes_done},
	};

	if (index >= sizeof(counters) / sizeof(counters[0]))
		return false;
	*out = counters[index];
	return true;
}

extern const struct road_chip_family road_chip_family_template;
extern const struct sim_model_ops sim_model_template;

#define MEMBER(m) ROAD_CHIP_MEMBER(struct template_params, m)
static const struct road_chip_key keys[] = {
	{"memory", ROAD_CHIP_UINT, "KiB", 1024, 64, 1u << 22, NULL, MEMBER(memory_bytes)},
	{"reset", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 100000000, NULL, MEMBER(reset_ps)},
	{"packet", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, NULL, MEMBER(packet_ps)},
	{"copy_rate", ROAD_CHIP_UINT, "MB/s", 1000000, 1, 1u << 24, NULL, MEMBER(bytes_per_second)},
};

const struct road_chip_family road_chip_family_template = {
	.name = "template",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct template_params),
};

const struct sim_model_ops sim_model_template = {
	.abi = ROAD_SIM_ABI,
	.family = "template",
	.compatible = "roadbed,template",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.region_map = region_map,
	.irq_count = irq_count,
	.reset = reset,
	.counter = counter,
};
