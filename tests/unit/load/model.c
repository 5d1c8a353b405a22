/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of chips of a family of its own, and the driver for them, in one file: the chip has a
 * register that tells its parameter, and an event that takes as long as the chip's file says.
 */
#include <roadbed-sim/model.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef FAMILY
#define FAMILY "tiny-chip"
#endif
#ifndef ABI
#define ABI ROAD_SIM_ABI
#endif

struct params {
	uint64_t step_ps;
	uint32_t answer;
};

#define MEMBER(m) ROAD_CHIP_MEMBER(struct params, m)
static const struct road_chip_key keys[] = {
	{"step", ROAD_CHIP_DECIMAL, "ns", 1000, 1, 1000000, NULL, MEMBER(step_ps)},
#ifdef KEY_OUTSIDE
	{"answer", ROAD_CHIP_UINT, NULL, 1, 0, 1000, "42", sizeof(struct params), 4},
#else
	{"answer", ROAD_CHIP_UINT, NULL, 1, 0, 1000, "42", MEMBER(answer)},
#endif
};

static const struct road_chip_family family = {
	.name = FAMILY,
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct params),
};

struct tiny {
	struct sim_env *env;
	const struct params *params;
	struct sim_event event;
	uint32_t steps;
};

static void step(void *arg)
{
	struct tiny *tiny = arg;

	tiny->steps++;
	sim_irq_raise(tiny->env, 0, 0);
}

static void *create(const struct sim_model_create *create)
{
	struct tiny *tiny;

	if (create->option_count) {
		snprintf(create->error, SIM_ERROR_BYTES, "option %.32s: unknown, allowed: none",
			 create->options[0].key);
		return NULL;
	}
	tiny = calloc(1, sizeof(*tiny));
	if (!tiny) {
		snprintf(create->error, SIM_ERROR_BYTES, "no memory for the chip");
		return NULL;
	}
	tiny->env = create->env;
	tiny->params = create->params;
	tiny->event = (struct sim_event){.run = step, .arg = tiny};
	return tiny;
}

static void destroy(void *model)
{
	free(model);
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	(void)model;
	*out = (struct sim_region){index ? 0 : 4096, false};
}

/* 0: the parameter. 8: how many steps ended. */
static uint64_t reg_read(void *model, uint32_t function, uint32_t region, uint64_t offset,
			 uint32_t width)
{
	const struct tiny *tiny = model;

	(void)function;
	(void)region;
	(void)width;
	return offset ? tiny->steps : tiny->params->answer;
}

/* 8: begin a step. */
static void reg_write(void *model, uint32_t function, uint32_t region, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct tiny *tiny = model;

	(void)region;
	(void)width;
	(void)value;
	if (offset != 8)
		sim_violation(tiny->env, function, "write to 0x%llx", (unsigned long long)offset);
	else
		sim_schedule(tiny->env, &tiny->event, sim_now(tiny->env) + tiny->params->step_ps);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 1;
}

static void reset(void *model, uint32_t function)
{
	struct tiny *tiny = model;

	(void)function;
	sim_cancel(tiny->env, &tiny->event);
	tiny->steps = 0;
}

static const struct sim_model_ops model = {
	.abi = ABI,
	.family = FAMILY,
	.compatible = "test," FAMILY,
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.irq_count = irq_count,
	.reset = reset,
};

#if defined(ENTRY_NULL)
ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void);
ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void)
{
	(void)family;
	(void)model;
	return NULL;
}
#elif defined(OTHER_MAJOR)
ROAD_SIM_API const void *road_sim_entry_7(void);
ROAD_SIM_API const void *road_sim_entry_7(void)
{
	(void)family;
	abort(); /* nobody knows what it answers */
	return &model;
}
#elif defined(NEWER)
static struct {
	struct sim_model_ops ops;
	const void *more;
} longer;
ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void);
ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void)
{
	static const struct sim_model_entry entry = {sizeof(entry),  sizeof(longer),
						     sizeof(family), sizeof(keys[0]),
						     &longer.ops,    &family};

	longer.ops = model;
	longer.more = NEWER ? &family : NULL;
	return &entry;
}
#else
ROAD_SIM_ENTRY(model, family)
#endif
