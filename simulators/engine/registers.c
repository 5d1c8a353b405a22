/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-sim/registers.h>

typedef unsigned long long ull; /* for formats */

static const struct sim_register *find(const struct sim_registers *of, uint64_t offset,
				       uint32_t width, const char *what)
{
	const struct sim_register *row = NULL;

	if (offset % 4 == 0 && offset / 4 < of->count)
		row = &of->rows[offset / 4];
	if (row && row->bytes && row->bytes == width)
		return row;
	sim_violation(of->env, of->index,
		      "%s of %u bytes at 0x%llx of the registers: there is none of that width",
		      what, width, (ull)offset);
	return NULL;
}

static uint64_t *kept(const struct sim_registers *of, const struct sim_register *row)
{
	return (uint64_t *)(void *)((char *)of->function + row->at);
}

static uint64_t of_chip(const struct sim_registers *of, const struct sim_register *row)
{
	const void *member = (const char *)of->chip + row->at;

	return row->member_bytes == 8 ? *(const uint64_t *)member : *(const uint32_t *)member;
}

uint64_t sim_register_read(const struct sim_registers *of, uint64_t offset, uint32_t width)
{
	const struct sim_register *row = find(of, offset, width, "a read");

	if (!row)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	switch (row->kind) {
	case SIM_REGISTER_FIXED: return row->value;
	case SIM_REGISTER_OF_CHIP: return of_chip(of, row);
	case SIM_REGISTER_KEPT: return *kept(of, row);
	default: return row->read(of->function);
	}
}

void sim_register_write(const struct sim_registers *of, uint64_t offset, uint32_t width,
			uint64_t value)
{
	const struct sim_register *row = find(of, offset, width, "a write");

	if (!row)
		return;
	if (width == 4)
		value = (uint32_t)value;
	if (row->kind == SIM_REGISTER_KEPT)
		*kept(of, row) = value;
	else if (row->write)
		row->write(of->function, value);
	else
		sim_violation(of->env, of->index, "register 0x%llx is written and can only be read",
			      (ull)offset);
}

/* ---- interrupts ---- */

static uint32_t deliver(struct sim_env *env, uint32_t function, uint32_t vectors)
{
	uint32_t raised = 0;

	for (; vectors; vectors &= vectors - 1, raised++)
		sim_irq_raise(env, function, (uint32_t)__builtin_ctz(vectors));
	return raised;
}

uint32_t sim_interrupts_raise(struct sim_interrupts *interrupts, struct sim_env *env,
			      uint32_t function, uint32_t vector)
{
	interrupts->status |= UINT32_C(1) << vector;
	return deliver(env, function, interrupts->mask & UINT32_C(1) << vector);
}

uint32_t sim_interrupts_mask(struct sim_interrupts *interrupts, struct sim_env *env,
			     uint32_t function, uint32_t mask)
{
	uint32_t opened = mask & ~interrupts->mask;

	interrupts->mask = mask;
	return deliver(env, function, interrupts->status & opened);
}

/* ---- rules ---- */

bool sim_rules_hold(struct sim_env *env, uint32_t function, const char *thing, uint32_t index,
		    const struct sim_rule *rules, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!rules[i].broken)
			continue;
		sim_violation(env, function, "%s %u is opened with %s 0x%llx, allowed: %s", thing,
			      index, rules[i].what, (ull)rules[i].seen, rules[i].allowed);
		return false;
	}
	return true;
}

bool sim_doorbell_valid(struct sim_env *env, uint32_t function, const struct sim_doorbell *doorbell,
			uint64_t value)
{
	const struct sim_doorbell *d = doorbell;

	if (d->closed)
		sim_violation(env, function, "doorbell of %s %u, which is closed", d->queue,
			      d->index);
	else if (value < d->rung)
		sim_violation(env, function, "doorbell of %s %u goes back from %llu to %llu",
			      d->queue, d->index, (ull)d->rung, (ull)value);
	else if (value - d->taken > d->slots)
		sim_violation(env, function,
			      "doorbell of %s %u: %llu is more than %u %s ahead of %llu", d->queue,
			      d->index, (ull)value, d->slots, d->entries, (ull)d->taken);
	else
		return true;
	return false;
}

bool sim_doorbell_find(const struct sim_registers *of, uint64_t base, uint64_t stride,
		       uint32_t count, uint64_t offset, uint32_t width, uint32_t *index)
{
	uint64_t at = (offset - base) / stride;

	if (width == 8 && (offset - base) % stride == 0 && at < count) {
		*index = (uint32_t)at;
		return true;
	}
	sim_violation(of->env, of->index, "a write of %u bytes at 0x%llx is no doorbell", width,
		      (ull)offset);
	return false;
}
