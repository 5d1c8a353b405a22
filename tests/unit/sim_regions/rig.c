/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_regions/rig.h"

#include <stdlib.h>
#include <string.h>

#include "simulators/regions/internal.h"

struct rig rig;

/* ---- the host ---- */

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
	return rig.starved ? NULL : __real_calloc(count, bytes);
}

/* ---- the engine ---- */

uint64_t sim_now(const struct sim_env *env)
{
	(void)env;
	return rig.now;
}

void sim_cancel(struct sim_env *env, struct sim_event *event)
{
	(void)env;
	for (uint32_t i = 0; i < rig.event_count; i++)
		if (rig.events[i] == event) {
			rig.events[i] = rig.events[--rig.event_count];
			break;
		}
	event->slot = 0;
}

void sim_schedule(struct sim_env *env, struct sim_event *event, uint64_t time_ps)
{
	sim_cancel(env, event);
	CU_ASSERT_FATAL(rig.event_count < RIG_EVENTS);
	event->time_ps = time_ps < rig.now ? rig.now : time_ps;
	event->order = ++rig.order;
	event->slot = 1;
	rig.events[rig.event_count++] = event;
}

bool sim_dma_read(struct sim_env *env, uint32_t function, uint64_t iova, void *out, size_t bytes)
{
	(void)env, (void)function;
	if (iova > RIG_MEMORY || bytes > RIG_MEMORY - iova)
		return false;
	memcpy(out, rig.memory + iova, bytes);
	return true;
}

bool sim_dma_write(struct sim_env *env, uint32_t function, uint64_t iova, const void *in,
		   size_t bytes)
{
	(void)env, (void)function;
	if (iova > RIG_MEMORY || bytes > RIG_MEMORY - iova)
		return false;
	memcpy(rig.memory + iova, in, bytes);
	return true;
}

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	(void)env, (void)function, (void)format;
	rig.violations++;
}

void sim_trace_span(struct sim_env *env, const char *lane, const char *name, uint64_t from,
		    uint64_t to)
{
	(void)env, (void)lane, (void)name;
	CU_ASSERT(from <= to);
}

void sim_approximate(struct sim_env *env, const char *name, uint64_t count)
{
	(void)env, (void)name;
	rig.approximations += count;
}

static struct sim_event *earliest(void)
{
	struct sim_event *best = NULL;

	for (uint32_t i = 0; i < rig.event_count; i++) {
		struct sim_event *one = rig.events[i];

		if (!best || one->time_ps < best->time_ps ||
		    (one->time_ps == best->time_ps && one->order < best->order))
			best = one;
	}
	return best;
}

void rig_run_until(uint64_t time_ps)
{
	struct sim_event *event = earliest();
	uint32_t steps = 0;

	for (; event && event->time_ps <= time_ps; event = earliest()) {
		CU_ASSERT_FATAL(++steps < 10000);
		rig.now = event->time_ps;
		sim_cancel(NULL, event);
		event->run(event->arg);
	}
	if (time_ps != UINT64_MAX && rig.now < time_ps)
		rig.now = time_ps;
}

void rig_run(void)
{
	rig_run_until(UINT64_MAX);
}

/* ---- the chip ---- */

static bool read_image(void *arg, uint32_t function, uint64_t address, void *out, uint32_t bytes)
{
	(void)arg, (void)function;
	return sim_dma_read(NULL, 0, address, out, bytes);
}

static bool read_buffer(void *arg, uint32_t queue, uint64_t address, void *out, uint32_t bytes)
{
	(void)arg, (void)queue;
	return sim_dma_read(NULL, 0, address, out, bytes);
}

static bool write_buffer(void *arg, uint32_t queue, uint64_t address, const void *in,
			 uint32_t bytes)
{
	(void)arg, (void)queue;
	return sim_dma_write(NULL, 0, address, in, bytes);
}

static uint32_t word_of(const struct region_image *image)
{
	uint32_t word = 0;

	memcpy(&word, image->payload, sizeof(word));
	return word;
}

/* The payload says its word twice. */
static bool check(void *arg, const struct region_image *image, uint32_t *at)
{
	uint32_t words[2];

	(void)arg;
	*at = 4;
	if (image->payload_bytes < sizeof(words))
		return false;
	memcpy(words, image->payload, sizeof(words));
	return words[0] == words[1];
}

static void activate(void *arg, uint32_t region, const struct region_image *image)
{
	(void)arg;
	rig.active[region] = image ? word_of(image) : 0;
}

static void wipe(void *arg, uint32_t function, uint32_t region)
{
	(void)arg;
	for (uint32_t f = 0; f < RIG_FUNCTIONS; f++)
		if (function == REGION_NONE || function == f)
			rig.state[f][region] = 0;
}

static void drain(void *arg, uint32_t function, uint32_t region, enum region_drain how)
{
	struct region_unit *unit = arg;

	(void)how;
	rig.drains++;
	while (!rig.refuse_drain && unit->regions[region].mine[function].running)
		region_unit_leave(unit, function, region);
	rig.stands[function] &= unit->regions[region].mine[function].running > 0;
}

static void retry(void *arg)
{
	(void)arg;
	rig.retries++;
}

static bool live_memory(void *arg, uint32_t region)
{
	(void)arg, (void)region;
	return rig.live;
}

static bool more(void *arg, uint32_t region, uint32_t but)
{
	(void)arg, (void)region;
	return rig.more || (rig.more_of && rig.more_of - 1 != but);
}

static uint32_t save(void *arg, uint32_t function, uint32_t region, void *out)
{
	(void)arg;
	memcpy(out, &rig.state[function][region], sizeof(uint32_t));
	return sizeof(uint32_t);
}

static bool restore(void *arg, uint32_t function, uint32_t region, const void *in, uint32_t bytes)
{
	(void)arg;
	if (bytes != sizeof(uint32_t))
		return false;
	memcpy(&rig.state[function][region], in, bytes);
	return true;
}

static void suspend(void *arg, uint32_t function, uint32_t region)
{
	struct region_unit *unit = arg;

	CU_ASSERT(unit->regions[region].mine[function].running > 0);
	CU_ASSERT_FALSE(rig.stands[function]);
	rig.stands[function] = true;
	rig.suspensions++;
}

static void resume(void *arg, uint32_t function, uint32_t region)
{
	struct region_unit *unit = arg;

	CU_ASSERT(region_is_here(&unit->regions[region], function));
	CU_ASSERT(rig.stands[function]);
	rig.stands[function] = false;
}

static const struct region_chip chip = {
	.read_image = read_image,
	.read_buffer = read_buffer,
	.write_buffer = write_buffer,
	.check = check,
	.activate = activate,
	.wipe = wipe,
	.drain = drain,
	.retry = retry,
	.live_memory = live_memory,
	.more = more,
	.save = save,
	.restore = restore,
};

void rig_share(uint32_t functions)
{
	static struct region_chip shared;

	region_unit_destroy(rig.unit);
	shared = chip;
	shared.suspend = suspend;
	shared.resume = resume;
	rig.setup.chip = &shared;
	rig.setup.functions = functions;
	rig.unit = region_unit_create(&rig.setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig.unit);
	rig.unit->setup.arg = rig.unit;
	for (uint32_t q = 0; q < functions; q++)
		CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, q, q, 0, (uint64_t)q << 32 | 1));
}

void rig_begin(uint32_t features)
{
	memset(&rig, 0, sizeof(rig));
	rig.at = 64;
	rig.now = 5 * RIG_US;
	rig.setup = (struct region_setup){
		.chip = &chip,
		.features = features ? features : 0x1f,
		.kind = ROAD_CONFIG_FABRIC,
		.fabric = RIG_FABRIC,
		.units = RIG_UNITS,
		.slots = RIG_SLOTS,
		.slot_bytes = 4096,
		.alignment = 2,
		.units_min = 2,
		.queues = RIG_QUEUES,
		.memory_bytes = 1u << 24,
		.scratch_bytes = 1024,
		.state_bytes = 16,
		.hysteresis = 10,
		.costs = {.load_ps = RIG_LOAD, .switch_ps = RIG_SWITCH, .layout_ps = RIG_US},
	};
	rig.unit = region_unit_create(&rig.setup);
	CU_ASSERT_FATAL(rig.unit != NULL);
	rig.unit->setup.arg = rig.unit;
	CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, 0, 0, 0, 1));
}

void rig_end(void)
{
	region_unit_destroy(rig.unit);
	CU_ASSERT_EQUAL(rig.event_count, 0);
}

/* ---- images and ops ---- */

static uint32_t take(uint32_t bytes)
{
	uint32_t at = rig.at;

	rig.at += (bytes + 63) / 64 * 64;
	CU_ASSERT_FATAL(rig.at <= RIG_MEMORY);
	return at;
}

void rig_seal(uint32_t address)
{
	struct road_config_header *header = (void *)(rig.memory + address);

	header->crc = 0;
	header->crc = region_crc(0, header, header->total_bytes);
}

uint32_t rig_image(uint32_t word, uint32_t *bytes)
{
	const uint32_t payload[2] = {word, word};
	const struct road_config_header header = {
		.magic = ROAD_CONFIG_MAGIC,
		.version = ROAD_CONFIG_VERSION,
		.kind = ROAD_CONFIG_FABRIC,
		.total_bytes = sizeof(header) + sizeof(payload),
		.fabric = RIG_FABRIC,
		.units = 1,
		.payload_bytes = sizeof(payload),
		.name = "word",
	};
	uint32_t at = take(header.total_bytes);

	*bytes = header.total_bytes;
	memcpy(rig.memory + at, &header, sizeof(header));
	memcpy(rig.memory + at + sizeof(header), payload, sizeof(payload));
	rig_seal(at);
	return at;
}

static void done(void *arg, enum road_region_error error)
{
	struct rig_op *op = arg;

	CU_ASSERT(!op->done); /* exactly once */
	op->done = true;
	op->error = error;
}

struct rig_op *rig_op(uint32_t queue, uint32_t verb, uint32_t word)
{
	static struct rig_op ops[4096];
	static uint32_t next;
	struct rig_op *op = &ops[next++ % 4096];
	uint32_t region = region_unit_of_queue(rig.unit, queue), bytes;

	*op = (struct rig_op){.at = take(sizeof(op->op)), .report = take(128)};
	op->op = (struct road_region_op){
		.verb = verb,
		.region = (uint16_t)region,
		.slot = ROAD_REGION_SLOT_ANY,
		.generation =
			region_unit_generation(rig.unit, rig.unit->queues[queue].function, region),
		.config = word,
		.report = op->report,
	};
	memset(rig.memory + op->report, 0, 128);
	if (verb == ROAD_REGION_VERB_LOAD || verb == ROAD_REGION_VERB_PREFETCH ||
	    (verb >= ROAD_REGION_VERB_ACTIVATE && verb <= ROAD_REGION_VERB_RESTORE)) {
		op->op.image = rig_image(word, &bytes);
		op->op.image_bytes = bytes;
	}
	return op;
}

void rig_go(struct rig_op *op, uint32_t queue)
{
	memcpy(rig.memory + op->at, &op->op, sizeof(op->op));
	region_unit_begin(rig.unit, queue, op->at, done, op);
}

const struct road_region_report *rig_report(const struct rig_op *op)
{
	return (const void *)(rig.memory + op->report);
}

enum road_region_error rig_do(uint32_t queue, uint32_t verb, uint32_t word)
{
	const uint32_t mark = rig.at;
	struct rig_op *op = rig_op(queue, verb, word);

	rig_go(op, queue);
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(rig_report(op)->done, 1);
	CU_ASSERT_EQUAL(rig_report(op)->error, op->error);
	rig.at = mark;
	return op->error;
}

/* ---- registers ---- */

static uint32_t width_of(uint32_t reg)
{
	return reg == ROAD_REGION_REG_GENERATION64 || reg == ROAD_REGION_REG_MEMORY64 ||
			       reg == ROAD_REGION_REG_ACTIVE64 ||
			       reg == ROAD_REGION_REG_PREVIOUS64 || reg == ROAD_REGION_REG_SAFE64 ||
			       reg == ROAD_REGION_REG_LAYOUT_DRAIN64 ||
			       (reg >= ROAD_REGION_REG_COUNTER64 &&
				reg < ROAD_REGION_REG_SLOT_SELECT)
		       ? 8
		       : 4;
}

uint64_t rig_reg(uint32_t region, uint32_t reg)
{
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SELECT, 4, region);
	return region_unit_read(rig.unit, 0, reg, width_of(reg));
}

uint32_t rig_slot_state(uint32_t region, uint32_t slot)
{
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SLOT_SELECT, 4, slot);
	return (uint32_t)rig_reg(region, ROAD_REGION_REG_SLOT_STATE);
}

uint64_t rig_slot_config(uint32_t region, uint32_t slot)
{
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SLOT_SELECT, 4, slot);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SELECT, 4, region);
	return region_unit_read(rig.unit, 0, ROAD_REGION_REG_SLOT_CONFIG64, 8);
}

enum road_layout_error rig_layout(uint32_t command, const struct road_region_share *shares,
				  uint32_t count)
{
	const uint32_t mark = rig.at, at = take(17 * sizeof(*shares));

	if (count && count < 17)
		memcpy(rig.memory + at, shares, count * sizeof(*shares));
	rig.at = mark;
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SELECT, 4, 0);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_LAYOUT_TABLE64, 8, at);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_LAYOUT_COUNT, 4, count);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_LAYOUT_COMMAND, 4, command);
	return (enum road_layout_error)region_unit_read(rig.unit, 0, ROAD_REGION_REG_LAYOUT_RESULT,
							4);
}

enum region_gate rig_gate(uint32_t queue, uint32_t word, bool activate_it)
{
	const struct region_want want = {.config = word, .activate = activate_it};
	enum road_region_error error;

	return region_unit_gate(rig.unit, queue, &want, &error);
}
