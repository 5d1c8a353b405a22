/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_dsa/rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The benchmark is no test. */
#define CHECK(condition)                           \
	do {                                       \
		if (CU_get_current_suite())        \
			CU_ASSERT_FATAL(condition) \
		else if (!(condition))             \
			abort();                   \
	} while (0)

/* ---- what the engine and the chip would be ---- */

static struct rig *running;

void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
{
	va_list args;

	(void)env, (void)function;
	if (running->violations < 8) {
		va_start(args, format);
		vsnprintf(running->violation[running->violations], sizeof(running->violation[0]),
			  format, args);
		va_end(args);
	}
	running->violations++;
}

void sim_approximate(struct sim_env *env, const char *name, uint64_t count)
{
	(void)env, (void)name, (void)count;
}

void sim_trace_arrow(struct sim_env *env, const char *lane, const char *to_lane, const char *name,
		     uint64_t from, uint64_t to)
{
	(void)env, (void)lane, (void)to_lane, (void)name, (void)from, (void)to;
}

void sim_trace_span(struct sim_env *env, const char *lane, const char *name, uint64_t from,
		    uint64_t to)
{
	(void)env;
	if (running->span_count < RIG_SPANS) {
		struct rig_span *span = &running->spans[running->span_count++];

		snprintf(span->lane, sizeof(span->lane), "%s", lane);
		snprintf(span->name, sizeof(span->name), "%s", name);
		span->from = from;
		span->to = to;
	}
}

struct dsa_view {
	int unused;
};

enum road_dsa_fault dsa_view_find(struct dsa_view *view, uint64_t va, uint64_t bytes, bool write,
				  struct dsa_piece *out)
{
	(void)view, (void)write;
	if (va < RIG_VA || va - RIG_VA > RIG_MEMORY || bytes > RIG_MEMORY - (va - RIG_VA))
		return ROAD_DSA_FAULT_UNMAPPED;
	*out = (struct dsa_piece){.host = running->memory + (va - RIG_VA), .pa = va - RIG_VA};
	return ROAD_DSA_FAULT_NONE;
}

/* ---- a chip ---- */

static const struct road_dsa_params small = {
	.clock_hz = 1000000000,
	.cores = RIG_CORES,
	.flags = 8,
	.pad_bytes = {8192, 8192, 32768, 65536, 65536, 1024},
	.queue_depth = 4,
	.scalar = 1,
	.scalar_global = 100,
	.scalar_ub = 10,
	.dispatch = 2,
	.sync = 3,
	.cross = 50,
	.systolic_rows = 16,
	.systolic_columns = 16,
	.cube_m = 16,
	.cube_n = 16,
	.cube_k_bytes = 32,
	.cube_interval = 1,
	.cube_f32_factor = 4,
	.cube_fill = 20,
	.vector_bytes = 64,
	.vector_startup = 10,
	.vector_special = 4,
	.gm_l1 = {40, 64, 256},
	.gm_ub = {40, 64, 256},
	.l1_l0a = {8, 256, 32},
	.l1_l0b = {8, 128, 32},
	.l1_bt = {8, 32, 32},
	.ub_gm = {30, 32, 128},
	.ub_l1 = {12, 64, 32},
	.l0c_gm = {25, 64, 64},
	.l0c_l1 = {15, 64, 32},
	.l0c_ub = {14, 64, 32},
	.l2_bytes = 1 << 16,
	.l2_ways = 4,
	.l2_latency = 60,
	.l2_rate = 128,
	.hbm_latency = 120,
	.hbm_channels = 4,
	.hbm_rate = 64000000000,
	.system_rate = 16000000000,
	.system_latency_ps = 500000,
	.watchdog = 100000,
};

void rig_init(struct rig *rig)
{
	rig_free(rig);
	memset(rig, 0, sizeof(*rig));
	rig->params = small;
	rig->blocks = 1;
	for (uint32_t i = 0; i < RIG_WORDS; i++)
		rig->lines[i] = i + 100;
}

void rig_free(struct rig *rig)
{
	for (uint32_t i = 0; i < RIG_CORES; i++) {
		dsa_core_destroy(rig->core[i]);
		rig->core[i] = NULL;
	}
	dsa_memory_destroy(rig->path);
	rig->path = NULL;
}

uint8_t *rig_block(const struct rig *rig, size_t *bytes)
{
	struct road_dsa_code header = {.magic = ROAD_DSA_CODE_MAGIC,
				       .version = ROAD_DSA_CODE_VERSION,
				       .isa_version = ROAD_DSA_ISA_VERSION,
				       .kernel_count = 1,
				       .word_count = rig->count,
				       .line_count = rig->count};
	struct road_dsa_kernel kernel = {.word_count = rig->count,
					 .argument_bytes = sizeof(rig->arguments),
					 .flags =
						 rig->blocks > 1 ? ROAD_DSA_KERNEL_COOPERATIVE : 0};
	size_t words = rig->count * sizeof(struct road_dsa_word);
	uint8_t *block, *at;

	*bytes = sizeof(header) + sizeof(kernel) + words + rig->count * 4u;
	header.total_bytes = (uint32_t)*bytes;
	block = at = malloc(*bytes);
	memcpy(at, &header, sizeof(header));
	memcpy(at += sizeof(header), &kernel, sizeof(kernel));
	memcpy(at += sizeof(kernel), rig->words, words);
	memcpy(at + words, rig->lines, rig->count * 4u);
	return block;
}

static uint64_t due[RIG_CORES];

static void wake(void *chip, uint32_t core, uint64_t when)
{
	(void)chip;
	due[core] = due[core] < when ? due[core] : when;
}

static bool make_cores(struct rig *rig)
{
	struct dsa_core_setup setup = {.params = &rig->params,
				       .fidelity = rig->fidelity,
				       .hazards = !rig->no_hazards,
				       .seed = rig->seed,
				       .wake = wake};

	rig_free(rig);
	if (rig->shared_memory)
		rig->path = dsa_memory_create(&rig->params);
	setup.memory = rig->path;
	for (uint32_t i = 0; i < rig->blocks; i++) {
		setup.index = i;
		rig->core[i] = dsa_core_create(&setup);
		if (!rig->core[i])
			return false;
	}
	return true;
}

/* The core that is due first; RIG_CORES: none. */
static uint32_t first_due(const struct rig *rig)
{
	uint32_t first = RIG_CORES;

	for (uint32_t i = 0; i < rig->blocks; i++)
		if (due[i] != SIM_NEVER && (first == RIG_CORES || due[i] < due[first]))
			first = i;
	return first;
}

static enum dsa_core_state run_cores(struct rig *rig)
{
	enum dsa_core_state state[RIG_CORES] = {DSA_CORE_RUNS, DSA_CORE_RUNS, DSA_CORE_RUNS};
	uint32_t i, done = 0;

	while ((i = first_due(rig)) < RIG_CORES) {
		uint64_t now = due[i], next;

		due[i] = SIM_NEVER;
		if (state[i] == DSA_CORE_DONE)
			continue;
		state[i] = dsa_core_run(rig->core[i], now, 50, &next);
		if (state[i] == DSA_CORE_RUNS) {
			due[i] = next < due[i] ? next : due[i];
			CHECK(rig->fidelity == SIM_FUNCTIONAL || next > now);
		}
		if (state[i] == DSA_CORE_FAULTED) {
			rig->faulted_core = i;
			return DSA_CORE_FAULTED;
		}
		if (state[i] == DSA_CORE_DONE) {
			done++;
			rig->end = next > rig->end ? next : rig->end;
		}
	}
	if (done == rig->blocks)
		return DSA_CORE_DONE;
	for (i = 0; state[i] != DSA_CORE_WAITS; i++)
		;
	rig->faulted_core = i;
	dsa_core_deadlock(rig->core[i]);
	return DSA_CORE_FAULTED;
}

enum dsa_core_state rig_run(struct rig *rig)
{
	uint8_t cross[RIG_CORES * ROAD_DSA_CROSS_IDS] = {0};
	struct dsa_task task = {.id = 1,
				.blocks = rig->blocks,
				.cooperative = rig->blocks > 1,
				.arguments = rig->arguments,
				.argument_bytes = sizeof(rig->arguments),
				.data = RIG_VA + 0x8000,
				.watchdog = rig->params.watchdog,
				.microcode = rig->microcode,
				.cross = rig->blocks > 1 ? cross : NULL,
				.cores = rig->core};
	struct dsa_code code;
	enum dsa_core_state state;
	uint32_t word;
	size_t bytes;
	uint8_t *block = rig_block(rig, &bytes);

	running = rig;
	rig->violations = 0;
	rig->span_count = 0;
	rig->end = 0;
	CHECK(!dsa_code_check(block, bytes, rig->params.flags, &code, &word));
	CHECK(make_cores(rig));
	task.code = &code;
	for (uint32_t i = 0; i < RIG_CORES; i++)
		due[i] = SIM_NEVER;
	for (uint32_t i = 0; i < rig->blocks; i++) {
		dsa_core_start(rig->core[i], &task, i, 0);
		due[i] = 0;
	}
	state = run_cores(rig);
	rig->fault = *dsa_core_fault(rig->core[state == DSA_CORE_FAULTED ? rig->faulted_core : 0]);
	rig->counts = *dsa_core_counts(rig->core[0]);
	if (rig->path)
		dsa_memory_counts(rig->path, &rig->memory_counts);
	for (uint32_t i = 0; i < rig->blocks; i++)
		memcpy(rig->x[i], rig->core[i]->x, sizeof(rig->x[i]));
	memcpy(rig->pads, rig->core[0]->pad, sizeof(rig->pads));
	free(block);
	return state;
}

void rig_finish(struct rig *rig)
{
	enum dsa_core_state state = rig_run(rig);

	CU_ASSERT_EQUAL(state, DSA_CORE_DONE);
	if (state == DSA_CORE_FAULTED)
		printf("# fault %u at pc %u queue %u address 0x%llx detail 0x%llx\n",
		       rig->fault.kind, rig->fault.pc, rig->fault.queue,
		       (unsigned long long)rig->fault.address,
		       (unsigned long long)rig->fault.detail);
	CU_ASSERT_EQUAL(rig->violations, 0);
	if (rig->violations)
		printf("# %s\n", rig->violation[0]);
}

bool rig_has_violation(const struct rig *rig, const char *text)
{
	for (uint32_t i = 0; i < rig->violations && i < 8; i++)
		if (strstr(rig->violation[i], text))
			return true;
	for (uint32_t i = 0; i < rig->violations && i < 8; i++)
		printf("# not '%s': %s\n", text, rig->violation[i]);
	return false;
}

/* ---- programs ---- */

struct road_dsa_word *rig_emit(struct rig *rig, unsigned op, unsigned type, unsigned d, unsigned a,
			       unsigned b)
{
	struct road_dsa_word *word = &rig->words[rig->count++];

	*word = (struct road_dsa_word){.op = (uint16_t)op,
				       .type = (uint8_t)type,
				       .d = (uint8_t)d,
				       .a = (uint8_t)a,
				       .b = (uint8_t)b};
	return word;
}

void rig_load(struct rig *rig, unsigned reg, uint64_t value)
{
	EMIT(rig, movi, reg, 0, 0)->imm = (int32_t)(uint32_t)value;
	if ((uint64_t)(int64_t)(int32_t)(uint32_t)value != value)
		EMIT(rig, movh, reg, 0, 0)->imm = (int32_t)(value >> 32);
}

void rig_flag(struct rig *rig, unsigned op, unsigned source, unsigned target, int id)
{
	struct road_dsa_word *word = rig_emit(rig, op, 0, 0, 0, 0);

	word->mods = (uint8_t)(source | target << 4);
	word->imm = id;
}

void rig_order(struct rig *rig, unsigned source, unsigned target, int id)
{
	rig_flag(rig, ROAD_DSA_OP_set_flag, source, target, id);
	rig_flag(rig, ROAD_DSA_OP_wait_flag, source, target, id);
}

void rig_barrier(struct rig *rig, unsigned queue)
{
	EMIT(rig, pipe_barrier, 0, 0, 0)->mods = (uint8_t)queue;
}

void rig_move_ub(struct rig *rig, uint64_t ub, uint64_t offset, uint64_t bytes)
{
	rig_load(rig, 20, ub);
	rig_load(rig, 21, RIG_VA + offset);
	rig_load(rig, 22, bytes);
	rig_emit(rig, ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 20, 21, 22)->imm = 1;
}

void rig_store_ub(struct rig *rig, uint64_t offset, uint64_t ub, uint64_t bytes)
{
	rig_load(rig, 20, RIG_VA + offset);
	rig_load(rig, 21, ub);
	rig_load(rig, 22, bytes);
	rig_emit(rig, ROAD_DSA_OP_store_ub, ROAD_DSA_TYPE_U8, 20, 21, 22)->imm = 1;
}

struct road_dsa_word *rig_vector(struct rig *rig, unsigned op, unsigned type, uint64_t d,
				 uint64_t a, uint64_t b, uint64_t n)
{
	struct road_dsa_word *word;
	unsigned format = dsa_ops[op].format;
	bool has_b = format != ROAD_DSA_FORMAT_V_DA;

	rig_load(rig, 23, d);
	rig_load(rig, 24, a);
	if (has_b)
		rig_load(rig, 25, b);
	rig_load(rig, 26, n);
	word = rig_emit(rig, op, type, 23, format == ROAD_DSA_FORMAT_V_DS ? 0 : 24, has_b ? 25 : 0);
	word->c = 26;
	return word;
}
