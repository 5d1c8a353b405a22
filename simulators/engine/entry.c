/* SPDX-License-Identifier: Apache-2.0 */
/* The library's one door. */
#include "simulators/engine/entry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/catalogue.h"
#include "simulators/engine/domain.h"
#include "simulators/engine/models.h"
#include "simulators/engine/open.h"
#include "simulators/engine/parameters.h"
#include "simulators/engine/report.h"

enum { RELAX_PS = 1000000 };

static void describe(const char *name, struct road_chip_summary chip, const char *path,
		     struct sim_chip_id *out)
{
	const struct sim_model_ops *ops = sim_model_find(chip.family);

	*out = (struct sim_chip_id){
		.name = name,
		.vendor = chip.vendor,
		.product = chip.product,
		.family = chip.family,
		.compatible = ops ? ops->compatible : "",
		/* A function has both, or is none. */
		.pci_vendor = chip.pci_device ? (uint16_t)chip.pci_vendor : 0,
		.pci_device = (uint16_t)chip.pci_device,
		.pci_class = (uint16_t)chip.pci_class,
		.memory_bytes = chip.memory_bytes,
		.runnable = ops != NULL,
		.path = path,
	};
}

static bool entry_chip(uint32_t index, struct sim_chip_id *out)
{
	const struct sim_catalogue_row *row = sim_catalogue_at(index);

	if (row)
		describe(row->name, row->summary, row->path, out);
	return row;
}

static bool entry_identify(struct sim_function *function, struct sim_chip_id *out)
{
	const struct road_chip *chip = function->env->chip;

	describe(chip->name, road_chip_summarize(chip), function->env->path, out);
	return true;
}

static void entry_costs(struct sim_function *function, struct sim_costs *out)
{
	const struct road_chip_host *host = &function->env->chip->host;

	*out = (struct sim_costs){host->read_ps, host->submit_ps, host->query_ps};
}

static uint64_t entry_dma_mask(struct sim_function *function)
{
	const struct sim_env *env = function->env;

	return env->ops->dma_mask ? env->ops->dma_mask(env->model) : UINT64_MAX;
}

static uint32_t entry_line_bytes(struct sim_function *function)
{
	return (uint32_t)function->env->chip->host.line_bytes;
}

static void entry_region(struct sim_function *function, uint32_t region, uint64_t *bytes,
			 bool *memory)
{
	struct sim_region out = {0};
	struct sim_fp saved = sim_enter();

	function->env->ops->region(function->env->model, region, &out);
	sim_leave(saved);
	*bytes = out.bytes;
	*memory = out.memory;
}

static void *entry_region_map(struct sim_function *function, uint32_t region, uint64_t offset,
			      uint64_t bytes)
{
	const struct sim_env *env = function->env;
	struct sim_region info = {0};
	void *mapping = NULL;
	struct sim_fp saved = sim_enter();

	env->ops->region(env->model, region, &info);
	if (env->ops->region_map && !function->gone && info.memory && offset <= info.bytes &&
	    bytes <= info.bytes - offset)
		mapping = env->ops->region_map(env->model, function->index, region, offset, bytes);
	sim_leave(saved);
	return mapping;
}

static bool entry_region_fd(struct sim_function *function, uint32_t region, uint64_t offset,
			    uint64_t bytes, int *fd, uint64_t *fd_offset)
{
	return sim_memory_find(function, entry_region_map(function, region, offset, bytes), bytes,
			       fd, fd_offset);
}

static uint64_t entry_read(struct sim_function *function, uint32_t region, uint64_t offset,
			   uint32_t width, uint64_t *when)
{
	struct sim_env *env = function->env;
	uint64_t value = width == 8 ? UINT64_MAX : UINT32_MAX;
	struct sim_fp saved = sim_enter();

	sim_domain_drain();
	*when = sim_max(*when, atomic_load(&sim_domain.now_ps));
	*when = sim_max(*when, function->last_post_ps) + env->chip->host.read_ps;
	sim_domain_run(*when);
	if (!sim_width_valid(width))
		sim_violation(env, function->index, "read of %u bytes at 0x%llx", width,
			      (unsigned long long)offset);
	else if (!function->gone)
		value = env->ops->reg_read(env->model, function->index, region, offset, width);
	sim_leave(saved);
	return value;
}

static void entry_post(struct sim_function *function, uint32_t region, uint64_t offset,
		       uint32_t width, uint64_t value, uint64_t when)
{
	uint64_t now = atomic_load(&sim_domain.now_ps);
	struct sim_post post = {function, offset, value, when > now ? when : now, region, width};

	while (!sim_inbox_put(&sim_domain.inbox, &post)) {
		struct sim_fp saved = sim_enter(); /* full: make room */

		sim_domain_drain();
		sim_leave(saved);
	}
}

static uint32_t entry_irq_count(struct sim_function *function)
{
	return function->env->ops->irq_count(function->env->model);
}

static bool entry_irq_take(struct sim_function *function, uint32_t vector)
{
	uint64_t bit = UINT64_C(1) << (vector & 63);

	if (!(atomic_fetch_and(&function->irq_pending, ~bit) & bit))
		return false;
	atomic_fetch_sub(&sim_domain.irqs, 1);
	return true;
}

static uint64_t entry_irq_pending(struct sim_function *function)
{
	return atomic_load(&function->irq_pending);
}

static uint64_t entry_relax(uint64_t until_ps)
{
	struct sim_fp saved = sim_enter();

	sim_domain_drain();
	const struct sim_event *first = sim_heap_first(&sim_domain.heap);

	/* An instant that never comes is no reason to let time run away. */
	if (!first && until_ps == SIM_NEVER)
		until_ps = atomic_load(&sim_domain.now_ps) + RELAX_PS;
	sim_domain_run(first && first->time_ps < until_ps ? first->time_ps : until_ps);
	uint64_t now = atomic_load(&sim_domain.now_ps);

	sim_leave(saved);
	return now;
}

static void entry_run(uint64_t until_ps, uint32_t budget, struct sim_slice *out)
{
	*out = (struct sim_slice){0};
	/* Interrupts are seen at the instant at which they came: first these, then time. */
	if (atomic_load(&sim_domain.irqs)) {
		out->irq = true;
		return;
	}
	struct sim_fp saved = sim_enter();

	if (sim_domain_step_post(until_ps))
		out->ran = true;
	sim_domain_drain();
	while (budget-- && !sim_domain.irq_raised && sim_domain_step(until_ps, false)) {
		out->ran = true;
		if (!sim_inbox_empty(&sim_domain.inbox))
			sim_domain_drain();
	}
	sim_domain.irq_raised = false;
	out->irq = atomic_load(&sim_domain.irqs) != 0;
	out->watching = sim_domain.watching != 0;
	const struct sim_event *first = sim_heap_first(&sim_domain.heap);

	out->more = first && first->time_ps <= until_ps && sim_domain.heap.foreground;
	sim_leave(saved);
}

static uint64_t entry_now(void)
{
	return atomic_load(&sim_domain.now_ps);
}

static bool entry_pending(void)
{
	return !sim_inbox_empty(&sim_domain.inbox) || atomic_load(&sim_domain.foreground) ||
	       atomic_load(&sim_domain.irqs);
}

static void entry_poke(void)
{
	struct sim_fp saved = sim_enter();

	if (sim_domain.watching)
		sim_domain_poke();
	sim_leave(saved);
}

static void reset_function(struct sim_function *function, bool gone)
{
	struct sim_fp saved = sim_enter();

	function->gone |= gone;
	for (uint32_t i = 1; !function->index && i < function->env->function_count; i++)
		function->env->functions[i].gone |= gone;
	sim_restart(function);
	sim_leave(saved);
}

static void entry_reset(struct sim_function *function)
{
	reset_function(function, false);
}

static void entry_unplug(struct sim_function *function)
{
	reset_function(function, true);
}

static void entry_fence(void)
{
	sim_lock(&sim_domain.lock);
	sim_unlock(&sim_domain.lock);
}

static void entry_quietly(void (*fn)(void *arg), void *arg)
{
	sim_lock(&sim_domain.lock);
	fn(arg);
	sim_unlock(&sim_domain.lock);
}

static enum sim_inject entry_inject(struct sim_function *function, bool poison, uint64_t address)
{
	const struct sim_env *env = function->env;
	enum sim_inject result = SIM_INJECT_NONE;
	struct sim_fp saved = sim_enter();

	/* Behind what the function's posted writes do: address tables above all. */
	sim_domain_drain();
	sim_domain_run(sim_max(atomic_load(&sim_domain.now_ps), function->last_post_ps));
	if (env->ops->inject && !function->gone)
		result = env->ops->inject(env->model, function->index, poison, address);
	sim_leave(saved);
	return result;
}

static enum sim_inject entry_phase_fail(struct sim_function *function, uint32_t region,
					uint32_t phase, uint32_t times)
{
	const struct sim_env *env = function->env;
	enum sim_inject result = SIM_INJECT_NONE;
	struct sim_fp saved = sim_enter();

	if (env->ops->phase_fail && !function->gone)
		result = env->ops->phase_fail(env->model, function->index, region, phase, times);
	sim_leave(saved);
	return result;
}

static bool entry_firmware(struct sim_function *function, const char *component,
			   struct sim_firmware *out)
{
	const struct sim_env *env = function->env;
	struct sim_fp saved = sim_enter();
	const bool found = env->ops->firmware && !function->gone &&
			   env->ops->firmware(env->model, component, out);

	sim_leave(saved);
	return found;
}

static enum sim_inject entry_boot_fault(struct sim_function *function, uint32_t fault,
					uint32_t phase, uint32_t times)
{
	const struct sim_env *env = function->env;
	enum sim_inject result = SIM_INJECT_NONE;
	struct sim_fp saved = sim_enter();

	if (env->ops->boot_fault && !function->gone)
		result = env->ops->boot_fault(env->model, function->index, fault, phase, times);
	sim_leave(saved);
	return result;
}

static bool entry_counter(struct sim_function *function, uint32_t index, const char **name,
			  uint64_t *value)
{
	struct sim_counter counter;
	bool found = false;
	struct sim_fp saved = sim_enter();

	if (function->env->ops->counter)
		found = function->env->ops->counter(function->env->model, index, &counter);
	sim_leave(saved);
	if (found) {
		*name = counter.name;
		*value = counter.value;
	}
	return found;
}

static bool entry_line(struct sim_function *function, uint32_t index, struct sim_line *out)
{
	const struct sim_model_ops *ops = function->env->ops;
	struct sim_fp saved = sim_enter();
	bool found = ops->line && ops->line(function->env->model, index, out);

	sim_leave(saved);
	return found;
}

static bool entry_parameter(struct sim_function *function, uint32_t index,
			    struct sim_parameter *out)
{
	return sim_parameter(function->env, index, out);
}

static bool entry_scenario(struct sim_function *function, uint32_t index, const char **name,
			   const char **text)
{
	return sim_scenario(function->env, index, name, text);
}

static uint64_t entry_violations(struct sim_function *function)
{
	struct sim_fp saved = sim_enter();
	uint64_t count = function->violation_count;

	sim_leave(saved);
	return count;
}

static bool entry_violation(struct sim_function *function, uint32_t index, char *text, size_t bytes)
{
	struct sim_fp saved = sim_enter();
	bool found = index < SIM_VIOLATIONS_KEPT && index < function->violation_count;

	if (found)
		snprintf(text, bytes, "%s", function->violations[index]);
	sim_leave(saved);
	return found;
}

static size_t entry_report(struct sim_function *function, char *out, size_t bytes)
{
	struct sim_fp saved = sim_enter();
	size_t needed = sim_report(function, out, bytes);

	sim_leave(saved);
	return needed;
}

/* Whoever reads the descriptor may need the engine: it is written with no lock held. */
static int entry_trace(struct sim_function *function, int fd)
{
	const struct sim_env *env = function->env;
	struct sim_trace *copy;

	if (env->fidelity != SIM_TRACE)
		return -1;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return ENOMEM;
	struct sim_fp saved = sim_enter();
	bool copied = sim_trace_copy(&env->trace, copy);

	sim_leave(saved);
	int error = copied ? sim_trace_write(copy, env->chip->name, fd) : ENOMEM;

	if (copied)
		sim_trace_free(copy);
	free(copy);
	return error;
}

static bool entry_add_model(const struct sim_model_entry *model, struct sim_added *out, char *error)
{
	const struct sim_model_ops *ops;
	struct sim_fp saved = sim_enter();
	bool added = sim_model_add(model, &ops, error);

	sim_leave(saved);
	if (added)
		*out = (struct sim_added){ops->family, ops->compatible};
	return added;
}

static bool entry_add_chip(const char *path, const char *bytes, size_t len, struct sim_chip_id *out,
			   char *error)
{
	struct sim_fp saved = sim_enter();
	const struct sim_catalogue_row *row = sim_catalogue_add(path, bytes, len, error);

	sim_leave(saved);
	if (row)
		describe(row->name, row->summary, row->path, out);
	return row;
}

static void entry_check_chip(const char *path, const char *bytes, size_t len,
			     struct sim_chip_check *out)
{
	struct sim_fp saved = sim_enter();
	struct road_chip_error error;
	struct road_chip *chip;

	*out = (struct sim_chip_check){.values = 0};
	if (road_chip_parse(bytes, len, path, &chip, &error)) {
		out->line = error.line;
		snprintf(out->key, sizeof(out->key), "%s", error.key);
		snprintf(out->seen, sizeof(out->seen), "%s", error.seen);
		snprintf(out->allowed, sizeof(out->allowed), "%s", error.allowed);
		snprintf(out->message, sizeof(out->message), "%s", error.message);
	} else {
		out->chip = chip;
		out->values = (unsigned)chip->value_count;
		out->assumed = chip->by_kind[ROAD_CHIP_ASSUMED];
		describe(chip->name, road_chip_summarize(chip), "", &out->id);
	}
	sim_leave(saved);
}

static void entry_check_done(struct sim_chip_check *check)
{
	road_chip_free(check->chip);
	check->chip = NULL;
}

static const struct sim_entry entry = {
	.version = SIM_ENTRY_VERSION,
	.chip = entry_chip,
	.open = sim_open_function,
	.close = sim_close_function,
	.identify = entry_identify,
	.costs = entry_costs,
	.dma_mask = entry_dma_mask,
	.line_bytes = entry_line_bytes,
	.region = entry_region,
	.region_map = entry_region_map,
	.region_fd = entry_region_fd,
	.read = entry_read,
	.post = entry_post,
	.irq_count = entry_irq_count,
	.irq_take = entry_irq_take,
	.irq_pending = entry_irq_pending,
	.relax = entry_relax,
	.run = entry_run,
	.now = entry_now,
	.pending = entry_pending,
	.poke = entry_poke,
	.fence = entry_fence,
	.quietly = entry_quietly,
	.reset = entry_reset,
	.unplug = entry_unplug,
	.inject = entry_inject,
	.phase_fail = entry_phase_fail,
	.firmware = entry_firmware,
	.boot_fault = entry_boot_fault,
	.counter = entry_counter,
	.line = entry_line,
	.parameter = entry_parameter,
	.scenario = entry_scenario,
	.violations = entry_violations,
	.violation = entry_violation,
	.report = entry_report,
	.trace = entry_trace,
	.add_model = entry_add_model,
	.add_chip = entry_add_chip,
	.check_chip = entry_check_chip,
	.check_done = entry_check_done,
};

static void init_domain(void)
{
	sim_inbox_init(&sim_domain.inbox);
	sim_heap_reserve(&sim_domain.heap, 256);
}

ROAD_SIM_API const struct sim_entry *roadbed_sim_entry(uint32_t version)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (version != SIM_ENTRY_VERSION)
		return NULL;
	pthread_once(&once, init_domain);
	return &entry;
}
