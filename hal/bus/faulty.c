/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decorator `faulty(PLAN):ADDRESS`: the bus of ADDRESS, failing as planned. PLAN is a path of
 * a file with one statement a line ('#' begins a comment), or, if it holds an '@', statements
 * separated by ',':
 *
 *   remove@N          surprise removal in front of access number N (from 1). Accesses are the
 *                     calls that would reach a real device or its IOMMU; those that only tell what
 *                     is known (ids, region_info, limits, time) or release do not count
 *   stuck@N           from access number N on the device hangs: registers read 0, what is written
 *                     is dropped, and no reset brings it back
 *   fail:CALL@N       the Nth call of dma_alloc, dma_map or region_map answers ROAD_IO
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/forward.h"
#include "hal/core/error.h"

enum { RULES_MAX = 64, PLAN_MAX = 4096 };

enum call { CALL_REMOVE, CALL_STUCK, CALL_DMA_ALLOC, CALL_DMA_MAP, CALL_REGION_MAP, CALLS };

static const char *const call_names[CALLS] = {"remove", "stuck", "fail:dma_alloc", "fail:dma_map",
					      "fail:region_map"};

struct rule {
	enum call call;
	uint64_t at;
};

struct faulty {
	struct road_forward forward;
	struct rule rules[RULES_MAX];
	uint32_t rule_count;
	_Atomic uint64_t accesses;
	_Atomic uint64_t calls[CALLS];
	_Atomic bool removed, stuck;
};

static struct faulty *faulty_of(struct road_bus *bus)
{
	return (struct faulty *)(void *)bus;
}

static bool planned(const struct faulty *faulty, enum call call, uint64_t at)
{
	for (uint32_t i = 0; i < faulty->rule_count; i++)
		if (faulty->rules[i].call == call && faulty->rules[i].at == at)
			return true;
	return false;
}

static void remove_now(struct faulty *faulty)
{
	const struct road_bus_control *inner = road_bus_control_of(faulty->forward.inner);

	/* First the device stops: whoever hears that it is gone takes its memory back. */
	if (inner->unplug)
		inner->unplug(faulty->forward.inner);
	else if (inner->let_go)
		inner->let_go(faulty->forward.inner);
	if (!atomic_exchange(&faulty->removed, true))
		road_bus_gone();
}

/* Counts an access; false: the device is gone. */
static bool reach(struct faulty *faulty)
{
	uint64_t number = atomic_fetch_add(&faulty->accesses, 1) + 1;

	if (planned(faulty, CALL_REMOVE, number))
		remove_now(faulty);
	if (planned(faulty, CALL_STUCK, number))
		atomic_store(&faulty->stuck, true);
	return !atomic_load(&faulty->removed);
}

static road_status gone(const char *where)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
}

/* An access that can be planned to fail. */
static road_status reach_call(struct faulty *faulty, enum call call, const char *where)
{
	if (!reach(faulty))
		return gone(where);
	uint64_t number = atomic_fetch_add(&faulty->calls[call], 1) + 1;

	if (planned(faulty, call, number))
		return road_fail_u64(ROAD_IO, "failure as planned", where, number, "");
	return ROAD_OK;
}

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) ? road_forward_config_read(bus, offset) : UINT32_MAX;
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	struct faulty *f = faulty_of(bus);

	if (reach(f))
		road_forward_config_write(bus, offset, value);
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	struct faulty *f = faulty_of(bus);
	road_status status = reach_call(f, CALL_REGION_MAP, "region_map");

	return status ? status : road_forward_region_map(bus, region, offset, bytes, out);
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct faulty *f = faulty_of(bus);

	if (!reach(f))
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	if (atomic_load(&f->stuck))
		return 0;
	return road_forward_read(bus, region, offset, width);
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct faulty *f = faulty_of(bus);

	if (reach(f) && !atomic_load(&f->stuck))
		road_forward_write(bus, region, offset, width, value);
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct faulty *f = faulty_of(bus);
	road_status status = reach_call(f, CALL_DMA_ALLOC, "dma_alloc");

	return status ? status : road_forward_dma_alloc(bus, bytes, out);
}

static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	struct faulty *f = faulty_of(bus);
	road_status status = reach_call(f, CALL_DMA_MAP, "dma_map");

	return status ? status : road_forward_dma_map(bus, host, bytes, direction, out);
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct faulty *f = faulty_of(bus);

	if (reach(f))
		road_forward_dma_sync(bus, dma, offset, bytes, direction);
}

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) ? road_forward_irq_bind(bus, vector, eventfd) : gone("irq_bind");
}

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) && road_forward_irq_take(bus, vector);
}

static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) ? road_forward_irq_wait(bus, vector, until_ns) : gone("irq_wait");
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	struct faulty *f = faulty_of(bus);

	if (reach(f))
		road_forward_irq_mask(bus, vector, masked);
}

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) ? road_forward_control(bus, request, argument) : gone("control");
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	struct faulty *f = faulty_of(bus);

	return reach(f) ? road_forward_symbol(bus, name, out) : gone("symbol");
}

static road_status bus_reset(struct road_bus *bus)
{
	struct faulty *f = faulty_of(bus);

	if (!reach(f))
		return gone("reset");
	if (atomic_load(&f->stuck))
		return road_fail(ROAD_IO, "the device does not come back", "reset", "", "");
	return road_forward_reset(bus);
}

static bool bus_lost(struct road_bus *bus)
{
	struct faulty *f = faulty_of(bus);

	return atomic_load(&f->removed) || road_forward_lost(bus);
}

static void bus_close(struct road_bus *bus)
{
	struct faulty *f = faulty_of(bus);

	road_forward_close(bus);
	free(f);
}

static const struct road_bus_ops bus_ops = {
	.name = "faulty",
	.ids = road_forward_ids,
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = road_forward_region_info,
	.region_map = bus_region_map,
	.region_unmap = road_forward_region_unmap,
	.read = bus_read,
	.write = bus_write,
	.now_ns = road_forward_now_ns,
	.relax = road_forward_relax,
	.dma_limits = road_forward_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = road_forward_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = road_forward_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = road_forward_irq_count,
	.irq_bind = bus_irq_bind,
	.irq_take = bus_irq_take,
	.irq_wait = bus_irq_wait,
	.irq_mask = bus_irq_mask,
	.control = bus_control,
	.symbol = bus_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = road_forward_fact,
};

/* ---- control: the inner bus's, and our own counter in front ---- */

static void control_unplug(struct road_bus *bus)
{
	remove_now(faulty_of(bus));
}

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	struct faulty *f = faulty_of(bus);
	const struct road_bus_control *inner = road_bus_control_of(f->forward.inner);

	if (index)
		return inner->counter && inner->counter(f->forward.inner, index - 1, name, value);
	*name = "faulty.accesses";
	*value = atomic_load(&f->accesses);
	return true;
}

/* ---- the plan ---- */

static road_status bad(const char *statement, uint32_t line, uint32_t column, const char *what)
{
	char where[64];

	snprintf(where, sizeof(where), "faulty plan, line %u, column %u", line, column);
	return road_fail(ROAD_INVALID_ARGUMENT, what, where, statement,
			 "remove@N, stuck@N, fail:dma_alloc|dma_map|region_map@N");
}

static road_status parse_statement(struct faulty *faulty, const char *text, uint32_t line,
				   uint32_t column)
{
	const char *at = strchr(text, '@');
	char *end;

	if (!at)
		return bad(text, line, column, "statement has no '@'");
	for (enum call call = 0; call < CALLS; call++) {
		if (strlen(call_names[call]) != (size_t)(at - text) ||
		    memcmp(text, call_names[call], (size_t)(at - text)))
			continue;
		errno = 0;
		uint64_t number = strtoull(at + 1, &end, 10);

		if (errno || at[1] < '0' || at[1] > '9' || *end || !number)
			return bad(text, line, column + (uint32_t)(at - text) + 1,
				   "number is malformed");
		if (faulty->rule_count == RULES_MAX)
			return bad(text, line, column, "more than 64 statements");
		faulty->rules[faulty->rule_count++] = (struct rule){call, number};
		return ROAD_OK;
	}
	return bad(text, line, column, "unknown statement");
}

/* Statements of a plan; separators are written over. */
static road_status parse_plan(struct faulty *faulty, char *text, const char *separators)
{
	uint32_t line = 1;
	const char *line_start = text;

	while (*text) {
		size_t length = strcspn(text, separators);
		char separator = text[length];
		char *statement = text;

		text[length] = 0;
		statement += strspn(statement, " \t\r");
		statement[strcspn(statement, "#")] = 0;
		for (size_t n = strlen(statement); n && strchr(" \t\r", statement[n - 1]); n--)
			statement[n - 1] = 0;
		if (*statement) {
			road_status status = parse_statement(
				faulty, statement, line, (uint32_t)(statement - line_start) + 1);

			if (status)
				return status;
		}
		text += length + (separator != 0);
		if (separator == '\n') {
			line++;
			line_start = text;
		}
	}
	return ROAD_OK;
}

static road_status read_plan(struct faulty *faulty, struct road_bus_text argument)
{
	char text[PLAN_MAX + 1];

	if (argument.bytes > PLAN_MAX)
		return bad("", 1, 1, "plan is longer than 4096 characters");
	memcpy(text, argument.text, argument.bytes);
	text[argument.bytes] = 0;
	if (strchr(text, '@'))
		return parse_plan(faulty, text, ",");
	FILE *file = fopen(text, "re");

	if (!file)
		return errno == EACCES
			       ? road_fail(ROAD_PERMISSION, "no permission to read the plan",
					   "faulty plan", text, "a file that may be read")
			       : road_fail(ROAD_NOT_FOUND, "plan cannot be opened", "faulty plan",
					   text, "a file, or statements with '@'");
	size_t bytes = fread(text, 1, sizeof(text), file);
	bool bad_read = ferror(file);

	fclose(file);
	if (bad_read || bytes > PLAN_MAX)
		return road_fail_u64(ROAD_IO, "plan cannot be read, or is too long", "faulty plan",
				     bytes, "at most 4096 characters");
	text[bytes] = 0;
	return parse_plan(faulty, text, "\n");
}

static road_status wrap(struct road_bus_text argument, const char *address, struct road_bus *inner,
			struct road_bus **out)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	(void)address;
	if (!faulty)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", "faulty", "", "");
	road_status status = read_plan(faulty, argument);

	if (status) {
		free(faulty);
		return status;
	}
	road_forward_init(&faulty->forward, &bus_ops, inner);
	faulty->forward.control.unplug = control_unplug;
	faulty->forward.control.counter = control_counter;
	*out = &faulty->forward.handle.bus;
	return ROAD_OK;
}

const struct road_decorator road_decorator_faulty = {.name = "faulty", .wrap = wrap};
