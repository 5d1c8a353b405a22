/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_rpu_fabric/rig.h"

#include <stddef.h>
#include <string.h>

void rig_init(struct rig *rig, uint32_t rows, uint32_t columns, uint32_t features,
	      uint32_t interval)
{
	static const uint8_t latency[ROAD_RPU_CLASSES] = {
		[ROAD_RPU_CLASS_ALU] = 1,  [ROAD_RPU_CLASS_MUL] = 2,   [ROAD_RPU_CLASS_DIV] = 12,
		[ROAD_RPU_CLASS_FADD] = 3, [ROAD_RPU_CLASS_FMUL] = 3,  [ROAD_RPU_CLASS_FMA] = 4,
		[ROAD_RPU_CLASS_CVT] = 2,  [ROAD_RPU_CLASS_TABLE] = 4, [ROAD_RPU_CLASS_DOT] = 3,
		[ROAD_RPU_CLASS_MEM] = 3,
	};

	memset(rig, 0, sizeof(*rig));
	rig->params = (struct rpu_fabric_params){
		.fabric_id = rows | columns << ROAD_RPU_FABRIC_COLUMNS_SHIFT |
			     ROAD_RPU_REGISTERS << ROAD_RPU_FABRIC_REGISTERS_SHIFT |
			     ROAD_RPU_STREAMS << ROAD_RPU_FABRIC_STREAMS_SHIFT | features |
			     ROAD_RPU_FABRIC_VERSION << ROAD_RPU_FABRIC_VERSION_SHIFT,
		.spm_bytes = RIG_SPM,
		.banks = 16,
		.bank_bytes = 32,
		.stream_latency = 2,
	};
	memcpy(rig->params.latency, latency, sizeof(latency));
	memset(rig->params.interval, 1, sizeof(rig->params.interval));
	memset(rig->params.cost, 1, sizeof(rig->params.cost));
	rig->params.interval[ROAD_RPU_CLASS_DIV] = 12;
	rig->header = (struct road_rpu_config){
		.magic = ROAD_RPU_CONFIG_MAGIC,
		.version = ROAD_RPU_CONFIG_VERSION,
		.interval = (uint16_t)interval,
		.fabric_id = rig->params.fabric_id,
		.iterations = 1,
		.name = "test",
	};
}

void rig_openedge(struct rig *rig, uint32_t interval)
{
	rig_init(rig, 4, 4,
		 ROAD_RPU_FABRIC_TORUS | ROAD_RPU_FABRIC_MEMORY_ALL | ROAD_RPU_FABRIC_STEPWISE,
		 interval);
	rig->params.fabric_id &= ~(ROAD_RPU_FABRIC_COUNT_MASK << ROAD_RPU_FABRIC_REGISTERS_SHIFT |
				   ROAD_RPU_FABRIC_COUNT_MASK << ROAD_RPU_FABRIC_STREAMS_SHIFT);
	rig->params.fabric_id |= 4u << ROAD_RPU_FABRIC_REGISTERS_SHIFT;
	rig->header.fabric_id = rig->params.fabric_id;
	rig->params.cost[ROAD_RPU_CLASS_MUL] = 3;
	rig->params.cost[ROAD_RPU_CLASS_MEM] = 2;
	rig->params.cost_column = 1;
	rig->params.configure_step = 1;
	rig->params.begin_fixed = 14;
	rig->params.begin_step = 3;
}

uint32_t rig_elements(const struct rig *rig)
{
	return rpu_fabric_rows(rig->params.fabric_id) * rpu_fabric_columns(rig->params.fabric_id);
}

struct rig_word *rig_at(struct rig *rig, uint32_t step, uint32_t element)
{
	return &rig->words[step * rig_elements(rig) + element];
}

void rig_constant(struct rig *rig, uint32_t element, uint32_t k, uint32_t value)
{
	rig->constants[rig->header.constants++] =
		(struct road_rpu_value){element * ROAD_RPU_CONSTANTS + k, value};
}

void rig_register(struct rig *rig, uint32_t element, uint32_t r, uint32_t value)
{
	rig->registers[rig->header.registers++] =
		(struct road_rpu_value){element * ROAD_RPU_REGISTERS + r, value};
}

struct road_rpu_stream *rig_stream(struct rig *rig, bool write, uint32_t base, uint32_t count)
{
	struct road_rpu_stream *stream = &rig->streams[rig->header.streams++];

	*stream = (struct road_rpu_stream){
		.kind = ROAD_RPU_STREAM_LINEAR,
		.write = write,
		.type = ROAD_RPU_TYPE_32,
		.base = base,
		.count = {count, 1, 1, 1},
		.stride = {4},
	};
	return stream;
}

/* By the definition, bit by bit: no table and nothing of the simulator's. */
void rig_seal(uint64_t *raw, uint32_t index)
{
	uint64_t body = *raw & ~(UINT64_C(0xff) << ROAD_RPU_WORD_CRC_SHIFT);
	uint32_t remainder = 0;

	for (unsigned n = 0; n < 72; n++) {
		unsigned byte = n / 8, bit = 7 - n % 8;
		uint32_t in = byte < 7 ? (uint32_t)(body >> (8 * byte + bit)) & 1
				       : index >> (8 * (byte - 7) + bit) & 1;
		uint32_t out = (remainder >> 7 & 1) ^ in;

		remainder = (remainder << 1 & 0xffu) ^ (out ? ROAD_RPU_CRC_POLYNOMIAL : 0);
	}
	*raw = body | (uint64_t)remainder << ROAD_RPU_WORD_CRC_SHIFT;
}

uint64_t rig_encode(const struct rig_word *word, uint32_t index)
{
	uint64_t raw = (uint64_t)word->op << ROAD_RPU_WORD_OP_SHIFT |
		       (uint64_t)word->a << ROAD_RPU_WORD_A_SHIFT |
		       (uint64_t)word->b << ROAD_RPU_WORD_B_SHIFT |
		       (uint64_t)word->c << ROAD_RPU_WORD_C_SHIFT |
		       (uint64_t)word->dest << ROAD_RPU_WORD_DEST_SHIFT |
		       (uint64_t)word->move << ROAD_RPU_WORD_MOVE_SHIFT |
		       (uint64_t)word->move_reg << ROAD_RPU_WORD_MOVE_REG_SHIFT |
		       (uint64_t)word->stage << ROAD_RPU_WORD_STAGE_SHIFT |
		       (uint64_t)word->first << ROAD_RPU_WORD_FIRST_SHIFT |
		       (uint64_t)word->kfirst << ROAD_RPU_WORD_KFIRST_SHIFT |
		       (uint64_t)word->last << ROAD_RPU_WORD_LAST_SHIFT;

	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++)
		raw |= (uint64_t)word->link[side]
		       << (ROAD_RPU_WORD_LINK_SHIFT + ROAD_RPU_WORD_LINK_BITS * side);
	rig_seal(&raw, index);
	return raw;
}

static bool names_stream(const struct rig_word *word)
{
	return word->a >= STREAM(0) || word->b >= STREAM(0) || word->c >= STREAM(0);
}

/* Length, and the timing of the classes in use. */
static void measure(struct rig *rig, uint32_t count)
{
	bool stepwise = rig->params.fabric_id & ROAD_RPU_FABRIC_STEPWISE;

	rig->header.length = 0;
	memset(rig->header.latency, 0, sizeof(rig->header.latency));
	memset(rig->header.intervals, 0, sizeof(rig->header.intervals));
	for (uint32_t i = 0; i < count; i++) {
		const struct rig_word *word = &rig->words[i];
		uint32_t class = word->op < ROAD_RPU_OPS ? rpu_ops[word->op].class : 0;
		uint32_t latency = stepwise || !class ? 1 : rig->params.latency[class];
		uint32_t end = i / rig_elements(rig) + rig->header.interval * word->stage + latency;

		if (!class && !names_stream(word))
			continue;
		rig->header.length = end > rig->header.length ? end : rig->header.length;
		if (!class)
			continue;
		rig->header.latency[class] = (uint8_t)latency;
		rig->header.intervals[class] = stepwise ? 1 : rig->params.interval[class];
	}
}

size_t rig_image(struct rig *rig)
{
	uint32_t count = rig->header.interval * rig_elements(rig), entries = 0;
	size_t at = sizeof(rig->header);

	measure(rig, count);
	memset(rig->image, 0, sizeof(rig->image));
	for (uint32_t i = 0; i < count; i++, at += 8) {
		uint64_t raw = rig_encode(&rig->words[i], i);

		memcpy(rig->image + at, &raw, sizeof(raw));
	}
#define PART(name, n)                                                           \
	do {                                                                    \
		memcpy(rig->image + at, rig->name, (n) * sizeof(rig->name[0])); \
		at += (n) * sizeof(rig->name[0]);                               \
	} while (0)
	for (unsigned t = 0; t < ROAD_RPU_TABLES; t++)
		entries += rig->header.table_entries[t];
	PART(constants, rig->header.constants);
	PART(registers, rig->header.registers);
	PART(streams, rig->header.streams);
	PART(relocations, rig->header.relocations);
	PART(arguments, rig->header.arguments);
	PART(entries, entries);
#undef PART
	at = (at + 7) / 8 * 8;
	rig->header.total_bytes = (uint32_t)at;
	memcpy(rig->image, &rig->header, sizeof(rig->header));
	return at;
}

struct rpu_config *rig_config(struct rig *rig)
{
	struct rpu_config_verdict verdict;
	size_t bytes = rig_image(rig);
	struct rpu_config *config = rpu_config_check(&rig->params, rig->image, bytes, &verdict);

	CU_ASSERT_PTR_NOT_NULL(config);
	if (!config)
		printf("# refused: %s, %s %u, saw %llu, allowed %llu\n",
		       rpu_config_error_text(verdict.error), rpu_config_part_name(verdict.part),
		       verdict.index, (unsigned long long)verdict.seen,
		       (unsigned long long)verdict.allowed);
	return config;
}

struct rig_run rig_begin(struct rig *rig, enum rpu_fabric_mode mode)
{
	struct rpu_fabric_memory memory = {.spm = rig->spm};
	struct rig_run run = {rig_config(rig), NULL};

	run.fabric = rpu_fabric_create(&rig->params, &memory, mode);
	CU_ASSERT_PTR_NOT_NULL_FATAL(run.fabric);
	CU_ASSERT_PTR_NOT_NULL_FATAL(run.config);
	CU_ASSERT_TRUE(rpu_fabric_activate(run.fabric, run.config));
	return run;
}

struct rig_run rig_run(struct rig *rig, enum rpu_fabric_mode mode)
{
	struct rig_run run = rig_begin(rig, mode);

	rpu_fabric_launch(run.fabric, NULL, 0, 0, 1);
	rpu_fabric_run(run.fabric, UINT64_C(1) << 30, NULL);
	return run;
}

void rig_end(struct rig_run *run)
{
	rpu_fabric_free(run->fabric);
	rpu_config_free(run->config);
}

void rig_check_time(const struct rig *rig, const struct rpu_fabric *fabric)
{
	const struct rpu_fabric_counters *counters = rpu_fabric_counters(fabric);
	uint64_t sum = counters->fill + counters->drain;

	for (unsigned why = 0; why < RPU_STALLS; why++)
		sum += counters->stalls[why];
	sum += rig->header.interval * (counters->iterations - 1);
	CU_ASSERT_EQUAL(sum, counters->cycles);
}

uint32_t rig_load(const struct rig *rig, uint32_t address)
{
	uint32_t value;

	memcpy(&value, rig->spm + address, sizeof(value));
	return value;
}

void rig_store(struct rig *rig, uint32_t address, uint32_t value)
{
	memcpy(rig->spm + address, &value, sizeof(value));
}
