/* SPDX-License-Identifier: Apache-2.0 */
/* What a checked configuration looks like inside, and the fabric that runs it. */
#ifndef SIMULATORS_RPU_FABRIC_INTERNAL_H
#define SIMULATORS_RPU_FABRIC_INTERNAL_H

#include "simulators/rpu/fabric/engine.h"
#include "simulators/rpu/fabric/fabric.h"
#include "simulators/rpu/fabric/ops.h"

#define RPU_ELEMENTS_MAX (ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX)
#define RPU_PASSES       (ROAD_RPU_SIDES + 1u) /* the links and the move */
#define RPU_SERVED_WORDS (RPU_ELEMENTS_MAX / 64u)

/*
 * Registers of all elements lie in one array, 32 places an element: place 0 is always zero, 1..4
 * its own link registers by side, the rest as enum road_rpu_source has it. Behind the elements'
 * lie the present tokens of the streams.
 */
#define RPU_PLACES 32u

static inline uint32_t rpu_place(uint32_t element, uint32_t source)
{
	return element * RPU_PLACES + source;
}

/* A word that does anything, decoded. */
struct rpu_word {
	uint64_t begin_at; /* cycle of its first iteration, without stalls: step + II * stage */
	uint16_t element;
	uint8_t step, stage;
	uint8_t op, lag;                 /* lag: latency - 1 */
	uint8_t first, kfirst, replaced; /* replaced: 0, 1, 2 for a, b, c */
	uint8_t passes;
	uint8_t memory; /* bytes of its access; 0: none */
	bool store;
	int8_t push;          /* stream that takes the result, or -1 */
	uint16_t pops;        /* bit n: names stream n */
	uint16_t operand[3];  /* places */
	uint16_t destination; /* place of a register, 0: none */
	struct {
		uint16_t to, from; /* places; from: or RPU_FROM_* */
	} pass[RPU_PASSES];
};
#define RPU_FROM_RESULT 0xffffu
#define RPU_FROM_A      0xfffeu
#define RPU_FROM_B      0xfffdu

/* A stream's token moves in a step. */
struct rpu_move {
	uint64_t begin_at; /* cycle of the first */
	uint32_t stream;
	uint32_t element; /* whose result is given */
	uint32_t word;    /* that makes it */
};

struct rpu_range {
	uint32_t first, count;
};

/* Parts of a step as ranges of the lists below. */
struct rpu_step {
	struct rpu_range words, done, pops, pushes, accesses;
	uint32_t ops; /* that are no nop */
};

struct rpu_config {
	struct rpu_fabric_params params;
	uint8_t *bytes;
	const struct road_rpu_config *header; /* into bytes, as all of these */
	const uint64_t *raw;
	const struct road_rpu_value *constants, *registers;
	const struct road_rpu_stream *streams;
	const struct road_rpu_relocation *relocations;
	const struct road_rpu_argument *arguments;
	const uint32_t *entries;
	uint32_t table_first[ROAD_RPU_TABLES];

	uint32_t rows, columns, elements, interval, registers_each;
	uint32_t length;
	uint32_t ops;  /* enabled ops in an iteration */
	uint32_t ring; /* rows of results on their way: a power of two above every lag */
	uint32_t uses[ROAD_RPU_STREAMS]; /* tokens in an iteration */
	struct rpu_step steps[ROAD_RPU_INTERVAL_MAX];
	struct rpu_word *words; /* by step, then element */
	uint32_t word_count;
	uint32_t *done;     /* by step of completion: indices of words */
	uint32_t *accesses; /* by step: indices of words */
	uint32_t access_count;
	struct rpu_move *pops, *pushes;
	uint64_t
		all_from; /* from this cycle on all words are enabled, FIRST has no part any more */
	uint64_t all_left; /* and until this many cycles before II * (iterations - 1) + length */
};

/* ---- check ---- */

struct rpu_check {
	struct rpu_config *config;
	struct rpu_config_verdict *verdict;
	uint64_t part_offset[RPU_PARTS];
	uint32_t item_bytes[RPU_PARTS];
};
/* False always: records the error. */
bool rpu_refuse(struct rpu_check *check, enum rpu_config_error error, enum rpu_config_part part,
		uint32_t index, uint64_t seen, uint64_t allowed);
bool rpu_check_words(struct rpu_check *check);
bool rpu_check_parts(struct rpu_check *check); /* values, streams, relocations, ... */
bool rpu_check_schedule(struct rpu_check *check);
bool rpu_name_valid(const uint8_t *name, size_t bytes);
bool rpu_is_border(const struct rpu_config *config, uint32_t element);
bool rpu_reaches_memory(const struct rpu_config *config, uint32_t element);

static inline bool rpu_stepwise(const struct rpu_fabric_params *params)
{
	return params->fabric_id & ROAD_RPU_FABRIC_STEPWISE;
}

/* What a schedule may rely on. */
static inline uint32_t rpu_latency(const struct rpu_fabric_params *params, uint32_t class)
{
	return rpu_stepwise(params) ? 1 : params->latency[class];
}

static inline uint32_t rpu_interval(const struct rpu_fabric_params *params, uint32_t class)
{
	return rpu_stepwise(params) ? 1 : params->interval[class];
}

/* ---- the fabric ---- */

struct rpu_injection {
	uint64_t seed, state;
	uint32_t of_fabric, of_stream; /* of 1024 */
};

struct rpu_compiled;
struct rpu_batch;

struct rpu_fabric {
	struct rpu_fabric_params params;
	struct rpu_fabric_memory memory;
	enum rpu_fabric_mode mode;
	const struct rpu_config *config;
	struct rpu_compiled *compiled;
	struct rpu_batch *batch; /* may be NULL in the compiled mode too */

	/* the launch, bound */
	uint64_t iterations, span; /* span: II * iterations */
	uint64_t end;              /* cycles that the fabric advances in all */
	uint32_t period;
	uint8_t arguments[ROAD_RPU_ARGUMENT_BYTES_MAX];
	uint32_t tile, tiles;
	struct rpu_engine engines[ROAD_RPU_STREAMS];
	uint32_t engine_count;
	bool in_batches; /* this launch may run in batches */

	/* its state */
	enum rpu_fabric_status status;
	uint64_t at;     /* cycles advanced: round * II + step */
	uint32_t step;   /* at % II */
	uint64_t round;  /* at / II */
	uint64_t begins; /* step by step: cycles left before the first step */
	uint64_t waits;  /* step by step: cycles left of this step beyond the first */
	bool waiting;    /* waits is set for this step */
	uint64_t served[RPU_SERVED_WORDS]; /* accesses of this step that are done */
	uint64_t held_until; /* cycle in which what far memory was asked for is there */
	struct rpu_injection injection;
	struct rpu_fabric_counters counters;
	struct rpu_fabric_shortcuts shortcuts;
	struct rpu_fabric_fault fault;
	uint64_t far_next;   /* cycle of the tile's next access to far memory */
	uint64_t busy_until; /* the banks that others have: until when this is known */
	uint32_t busy;
	uint32_t *places;  /* registers, tokens; then room for the compiled mode */
	uint32_t *results; /* ring * elements: on their way, by cycle of completion */
};

/* Whether a word whose first iteration is at begin_at is enabled in cycle `at`. */
static inline bool rpu_enabled(const struct rpu_fabric *fabric, uint64_t begin_at)
{
	return fabric->at - begin_at < fabric->span;
}

static inline uint32_t *rpu_results_at(const struct rpu_fabric *fabric, uint64_t at)
{
	const struct rpu_config *config = fabric->config;

	return fabric->results + (at & (config->ring - 1)) * config->elements;
}

static inline uint32_t rpu_token_place(const struct rpu_config *config, uint32_t stream)
{
	return config->elements * RPU_PLACES + stream;
}

/* Places behind the elements' and the tokens': for operands that compiled code makes. */
static inline uint32_t rpu_scratch_place(const struct rpu_config *config, uint32_t index)
{
	return rpu_token_place(config, ROAD_RPU_STREAMS) + index;
}

/* bind.c: the launch's values into fields; false: fabric->fault says why. */
bool rpu_bind(struct rpu_fabric *fabric);
/* One field of the configuration, or NULL. */
const uint32_t *rpu_field(const struct rpu_config *config,
			  const struct road_rpu_relocation *relocation);

/* step.c: one cycle's advance of the fabric. */
void rpu_fault_at(struct rpu_fabric *fabric, enum rpu_fault_kind kind, uint32_t index,
		  uint64_t seen, uint64_t allowed);
void rpu_fault_in(struct rpu_fabric *fabric, enum rpu_fault_kind kind, uint32_t index,
		  uint64_t seen, uint64_t allowed, struct rpu_window window);
uint32_t rpu_operand(const struct rpu_fabric *fabric, const struct rpu_word *word, unsigned n);
/* The value that an op's executor takes as a. */
uint32_t rpu_first_operand(const struct rpu_fabric *fabric, const struct rpu_word *word, uint32_t a,
			   uint32_t b);
void rpu_advance(struct rpu_fabric *fabric);
/* access.c: elements' accesses of this step; false: a bank is missing, or a fault. */
bool rpu_accesses(struct rpu_fabric *fabric, struct rpu_port *port);
/* Step by step: cycles that this step takes beyond the first. */
uint64_t rpu_step_waits(const struct rpu_fabric *fabric);
/* run.c: goes on within a step that had begun; false: it cannot have. */
bool rpu_resume_step(struct rpu_fabric *fabric, uint64_t waits);
/* Banks that nobody else has in this cycle. */
uint32_t rpu_free_banks(struct rpu_fabric *fabric);
void rpu_stall_on(struct rpu_fabric *fabric, enum rpu_fabric_stall why, uint32_t stream);

static inline uint32_t rpu_all_banks(const struct rpu_fabric *fabric)
{
	return fabric->params.banks == 32 ? UINT32_MAX : (1u << fabric->params.banks) - 1;
}

/* Whether to stall now, `of` in 1024 times; nothing is drawn for 0. */
static inline bool rpu_injected(struct rpu_injection *injection, uint32_t of)
{
	uint64_t x = injection->state;

	if (!of)
		return false;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	injection->state = x;
	return (x >> 20 & 1023u) < of;
}

/* compile.c */
struct rpu_compiled *rpu_compile(const struct rpu_config *config);
void rpu_compiled_free(struct rpu_compiled *compiled);
uint32_t rpu_compiled_places(const struct rpu_compiled *compiled);
void rpu_advance_compiled(struct rpu_fabric *fabric);

#endif
