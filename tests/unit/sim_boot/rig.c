/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_boot/rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig rig;

uint8_t rig_seed[2][32], rig_key[2][32];

/* Nobody's key, and no sound image: what is loaded here is made here. */
static const uint8_t noise[] = {1, 2, 3};
const uint8_t boot_development_key[SIM_BOOT_KEY_BYTES] = {1};
const struct boot_development boot_development[] = {{"one", ROAD_PROGRAM_GPU, sizeof(noise), noise},
						    {"one", ROAD_PROGRAM_DSA, 1, noise}};
const uint32_t boot_development_count = 2;

/* ---- the engine ---- */

uint64_t sim_now(const struct sim_env *env)
{
	(void)env;
	return rig.now;
}

void sim_cancel(struct sim_env *env, struct sim_event *event)
{
	(void)env;
	if (rig.event == event)
		rig.event = NULL;
}

void sim_schedule(struct sim_env *env, struct sim_event *event, uint64_t time_ps)
{
	(void)env;
	CU_ASSERT(!rig.event || rig.event == event);
	event->time_ps = time_ps;
	rig.event = event;
}

bool sim_dma_read(struct sim_env *env, uint32_t function, uint64_t iova, void *out, size_t bytes)
{
	(void)env, (void)function;
	rig.reads++;
	if (iova < RIG_BUS || iova - RIG_BUS > RIG_MEMORY || bytes > RIG_MEMORY - (iova - RIG_BUS))
		return false;
	memcpy(out, rig.memory + (iova - RIG_BUS), bytes);
	return true;
}

uint64_t sim_random(struct sim_env *env)
{
	(void)env;
	return UINT64_C(0x1234567890abcdef) + rig.now;
}

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	va_list args;

	(void)env, (void)function;
	rig.violations++;
	va_start(args, format);
	vsnprintf(rig.said, sizeof(rig.said), format, args);
	va_end(args);
}

void sim_trace_span(struct sim_env *env, const char *lane, const char *name, uint64_t from,
		    uint64_t to)
{
	(void)env, (void)lane;
	CU_ASSERT(name != NULL && from <= to);
}

void sim_irq_raise(struct sim_env *env, uint32_t function, uint32_t vector)
{
	(void)env, (void)function, (void)vector;
	CU_FAIL("a boot block has no interrupts");
}

bool rig_step(void)
{
	struct sim_event *event = rig.event;

	if (!event)
		return false;
	CU_ASSERT(event->time_ps >= rig.now);
	rig.now = event->time_ps;
	rig.event = NULL;
	event->run(event->arg);
	return true;
}

uint32_t rig_settle(void)
{
	for (uint32_t i = 0; rig_step(); i++)
		CU_ASSERT_FATAL(i < 1000);
	return (uint32_t)rig_get(ROAD_BOOT_REG_PHASE, 4);
}

/* ---- the chip ---- */

static void started(void *arg)
{
	CU_ASSERT(arg == &rig);
	CU_ASSERT(sim_boot_runs(rig.boot) && sim_boot_program(rig.boot));
	rig.started++;
}

static void reset(void *arg, uint32_t function)
{
	CU_ASSERT(arg == &rig);
	CU_ASSERT(!sim_boot_works(rig.boot));
	CU_ASSERT(function < RIG_FUNCTIONS);
	rig.resets++;
}

/* The first queue of each function is shut. */
static bool of_queue(void *arg, uint32_t function, uint32_t index, enum sim_boot_verb verb)
{
	CU_ASSERT(arg == &rig);
	CU_ASSERT(verb == SIM_BOOT_LOOK || !sim_boot_works(rig.boot));
	CU_ASSERT_FATAL(function < RIG_FUNCTIONS && index < RIG_QUEUES);
	rig.queues[function][index][verb]++;
	return index > 0;
}

uint32_t rig_each(enum sim_boot_verb verb)
{
	const uint32_t times = rig.queues[0][0][verb];

	for (uint32_t f = 0; f < RIG_FUNCTIONS; f++)
		for (uint32_t i = 0; i < RIG_QUEUES; i++)
			CU_ASSERT_EQUAL(rig.queues[f][i][verb], times);
	return times;
}

void rig_begin_with(enum sim_boot_style style, uint32_t components,
		    const struct sim_boot_options *options)
{
	static const struct sim_boot_component both[] = {{"one", RIG_MOST, 1},
							 {"two", RIG_MOST, 4}};

	static bool have_keys;

	for (uint32_t i = 0; i < 2 && !have_keys; i++)
		CU_ASSERT_EQUAL_FATAL(road_firmware_key_generate(rig_seed[i], rig_key[i], NULL),
				      ROAD_FIRMWARE_OK);
	have_keys = true;
	memset(&rig, 0, sizeof(rig));
	rig.entries = RIG_ENTRIES;
	rig.setup = (struct sim_boot_setup){
		.style = style,
		.chunk_bytes = RIG_CHUNK,
		.chip = RIG_CHIP,
		.family = ROAD_PROGRAM_GPU,
		.chip_class = ROAD_PROGRAM_CLASS_GPU,
		.component_count = components,
		.started = started,
		.functions = RIG_FUNCTIONS,
		.queues = RIG_QUEUES,
		.reset = reset,
		.queue = of_queue,
		.entries = &rig.entries,
		.arg = &rig,
	};
	memcpy(rig.setup.components, both, sizeof(both));
	if (options)
		rig.setup.options = *options;
	rig.setup.options.has_key = true;
	memcpy(rig.setup.options.key, rig_key[0], sizeof(rig_key[0]));
	rig.boot = sim_boot_create(&rig.setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig.boot);
}

void rig_begin(enum sim_boot_style style, uint32_t components)
{
	rig_begin_with(style, components, NULL);
}

void rig_end(void)
{
	sim_boot_destroy(rig.boot);
	CU_ASSERT_PTR_NULL(rig.event);
}

uint64_t rig_get(uint32_t reg, uint32_t width)
{
	return sim_boot_read(rig.boot, 0, reg, width);
}

void rig_put(uint32_t reg, uint32_t width, uint64_t value)
{
	sim_boot_write(rig.boot, 0, reg, width, value);
}

/* ---- who signs ---- */

/* component 0: two opcodes, two levels; 1: another opcode, one level. */
static size_t write_program(uint8_t *out, uint32_t component)
{
	const struct road_program_opcode opcodes[2][2] = {{{0, 1}, {3, 1}}, {{4, 1}, {0, 0}}};
	const struct road_program_level levels[] = {{1000, 500}, {500, 300}};
	const uint32_t opcode_count = component ? 1 : 2, level_count = component ? 1 : 2;
	struct road_program head = {
		.magic = ROAD_PROGRAM_MAGIC,
		.version = ROAD_PROGRAM_VERSION,
		.family = ROAD_PROGRAM_GPU,
		.protocol_min = 1,
		.protocol_max = component ? 2 : 3,
		.features = 9,
		.quantum_ns = component ? 0 : 700,
		.opcode_count = opcode_count,
		.level_count = level_count,
		.level = level_count - 1,
	};
	size_t at = sizeof(head);

	memcpy(out + at, opcodes[component], opcode_count * sizeof(opcodes[0][0]));
	at += opcode_count * sizeof(opcodes[0][0]);
	memcpy(out + at, levels, level_count * sizeof(levels[0]));
	at += level_count * sizeof(levels[0]);
	head.program_bytes = (uint32_t)at;
	memcpy(out, &head, sizeof(head));
	return at;
}

void rig_recipe(struct rig_recipe *out, uint32_t component)
{
	*out = (struct rig_recipe){
		.options = {.size = sizeof(out->options),
			    .version = {2, 3, 4, 5},
			    .has = ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR |
				   ROAD_FIRMWARE_HAS_CLASS,
			    .counter = 6,
			    .vendor = {ROAD_PROGRAM_VENDOR},
			    .chip_class = {ROAD_PROGRAM_CLASS_GPU},
			    .component = component ? "two" : "one"},
	};
	memcpy(out->seed, rig_seed[0], sizeof(out->seed));
	out->payload_bytes = write_program(out->payload, component);
}

void rig_sign(const struct rig_recipe *recipe, struct rig_image *out)
{
	void *bytes = NULL;
	size_t count_bytes = 0;

	CU_ASSERT_EQUAL_FATAL(road_firmware_sign(recipe->payload, recipe->payload_bytes,
						 recipe->seed, &recipe->options, &bytes,
						 &count_bytes, NULL),
			      ROAD_FIRMWARE_OK);
	CU_ASSERT_FATAL(count_bytes <= sizeof(out->bytes));
	memcpy(out->bytes, bytes, count_bytes);
	out->count = (uint32_t)count_bytes;
	road_firmware_free(bytes);
}

void rig_image(struct rig_image *out, uint32_t component)
{
	struct rig_recipe recipe;

	rig_recipe(&recipe, component);
	rig_sign(&recipe, out);
}

/* ---- the host ---- */

static void push(const struct rig_image *image)
{
	for (uint32_t at = 0, taken; at < image->count; at += taken) {
		taken = image->count - at < RIG_CHUNK ? image->count - at : RIG_CHUNK;
		for (uint32_t i = 0; i < taken; i += 8) {
			uint64_t word = 0;

			memcpy(&word, image->bytes + at + i, taken - i < 8 ? taken - i : 8);
			rig_put(ROAD_BOOT_REG_DATA + i, 8, word);
		}
		rig_put(ROAD_BOOT_REG_DATA_BYTES, 4, taken);
	}
	rig_put(ROAD_BOOT_REG_COMPLETE64, 8, image->count);
}

static void answer(const struct rig_image *image)
{
	uint32_t bytes;

	while ((bytes = (uint32_t)rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4))) {
		const uint64_t offset = rig_get(ROAD_BOOT_REG_REQUEST_OFFSET64, 8);

		CU_ASSERT_FATAL(offset + bytes <= image->count);
		memcpy(rig.memory + 64, image->bytes + offset, bytes);
		rig_put(ROAD_BOOT_REG_DMA_ADDRESS64, 8, RIG_BUS + 64);
		rig_put(ROAD_BOOT_REG_DMA_BYTES, 4, bytes);
		rig_put(ROAD_BOOT_REG_DMA_GO, 4, rig_get(ROAD_BOOT_REG_REQUEST64, 8));
		CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_REQUEST_BYTES, 4), 0);
		rig_step();
	}
}

uint32_t rig_load(const struct rig_image *image)
{
	CU_ASSERT_EQUAL(rig_get(ROAD_BOOT_REG_PHASE, 4), ROAD_BOOT_PHASE_WAITING);
	rig_put(ROAD_BOOT_REG_OFFER_BYTES64, 8, image->count);
	rig_put(ROAD_BOOT_REG_OFFER, 4, rig_get(ROAD_BOOT_REG_COMPONENT, 4));
	rig_step();
	if (rig_get(ROAD_BOOT_REG_PHASE, 4) != ROAD_BOOT_PHASE_LOADING)
		return (uint32_t)rig_get(ROAD_BOOT_REG_PHASE, 4);
	if (rig.setup.style == SIM_BOOT_PUSH)
		push(image);
	else
		answer(image);
	return rig_settle();
}

uint32_t rig_boot(void)
{
	struct rig_image image;
	uint32_t phase = rig_settle();

	for (uint32_t i = 0; i < rig.setup.component_count && phase == ROAD_BOOT_PHASE_WAITING;
	     i++) {
		rig_image(&image, i);
		phase = rig_load(&image);
	}
	if (phase != ROAD_BOOT_PHASE_HELLO)
		return phase;
	rig_put(ROAD_BOOT_REG_NONCE64, 8,
		rig_get(ROAD_BOOT_REG_HELLO + (uint32_t)offsetof(struct road_boot_hello, nonce),
			8));
	rig_put(ROAD_BOOT_REG_PROTOCOL, 4, 1);
	return rig_settle();
}
