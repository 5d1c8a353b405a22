/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engine/fake_model.h"

#include <stdlib.h>

static void destroy(void *model)
{
	(void)model;
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	(void)model;
	*out = (struct sim_region){index < 2 ? 4096 : 0, index == 1};
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t index, uint64_t offset,
			 uint32_t width)
{
	struct fake *fake = model;

	(void)function;
	(void)index;
	(void)width;
	return fake->on_read ? fake->on_read(fake, offset) : fake->writes;
}

static void reg_write(void *model, uint32_t function, uint32_t index, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct fake *fake = model;

	(void)function;
	(void)index;
	(void)width;
	fake->log[fake->writes % FAKE_LOG].offset = offset;
	fake->log[fake->writes % FAKE_LOG].value = value;
	fake->log[fake->writes % FAKE_LOG].time_ps = sim_now(fake->env);
	fake->writes++;
	if (fake->on_write)
		fake->on_write(fake, offset, value);
}

static void *region_map(void *model, uint32_t function, uint32_t index, uint64_t offset,
			uint64_t bytes)
{
	(void)function;
	(void)index;
	(void)bytes;
	return (char *)model + offset;
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 8;
}

static void reset(void *model, uint32_t function)
{
	(void)function;
	((struct fake *)model)->resets++;
}

static void poke(void *model)
{
	struct fake *fake = model;

	fake->pokes++;
	if (fake->on_poke)
		fake->on_poke(fake);
}

static const struct sim_model_ops ops = {
	.family = "fake",
	.compatible = "test,fake",
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.region_map = region_map,
	.irq_count = irq_count,
	.reset = reset,
	.poke = poke,
};

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	struct fake *fake = host;

	(void)write;
	return iova <= fake->host_bytes && bytes <= fake->host_bytes - iova ? fake->host + iova
									    : NULL;
}

struct fake *fake_open(void)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	struct sim_env *env = calloc(1, sizeof(*env));
	struct road_chip_error error;

	fake->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	fake->env = env;
	env->functions = calloc(1, sizeof(*env->functions));
	env->function_count = env->functions_open = 1;
	env->functions[0] = (struct sim_function){
		.env = env, .open = true, .host = {translate, fake}, .memory_fd = -1};
	fake->function = &env->functions[0];
	fake->host_bytes = 8192;
	fake->host = calloc(1, fake->host_bytes);
	env->ops = &ops;
	env->model = fake;
	env->memory_fd = -1;
	road_chip_builtin_open("edu", &env->chip, &error);
	sim_lock(&sim_domain.lock);
	env->next = sim_domain.envs;
	sim_domain.envs = env;
	sim_unlock(&sim_domain.lock);
	return fake;
}

void fake_close(struct fake *fake)
{
	fake->sim->close(fake->function);
	free(fake->host);
	free(fake);
}

void fake_settle(struct fake *fake)
{
	struct sim_slice slice;

	do {
		for (uint32_t vector = 0; vector < 8; vector++)
			fake->sim->irq_take(fake->function, vector);
		fake->sim->run(UINT64_MAX, 1000, &slice);
	} while (slice.ran || slice.more || slice.irq);
}
