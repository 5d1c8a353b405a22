/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter and the compiled mode agree to the cycle and the bit, on random configurations
 * and on mutants of them, with injected stalls too. `test-sim-rpu-fabric-modes N [SEED]` tries N.
 */
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/random.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CYCLES 200000u /* no run is longer */

static struct rig rig;
static uint8_t start_spm[RIG_SPM], first_spm[RIG_SPM];
static uint8_t far_memory[RIG_SPM], first_far[RIG_SPM];
static uint64_t piece_end; /* cycle behind the present call */
static unsigned configurations = 300;
static uint64_t seed = 20260807;

struct outcome {
	enum rpu_fabric_status status;
	struct rpu_fabric_fault fault;
	struct rpu_fabric_counters counters;
	uint32_t registers[256][ROAD_RPU_SOURCE_STREAM0];
};
static struct outcome outcomes[2];

static struct {
	unsigned valid, refused, accepted, runs, long_runs, ended, faults;
	unsigned far;             /* runs with memory beyond the scratchpad */
	unsigned batched, leapt;  /* runs with batches; with leaps */
	unsigned stalled, shared; /* batched ones with injected stalls; leapt ones beside others */
} seen;

/* Banks that others have now and then; for the whole of a run the same. */
static struct sharing {
	uint32_t period, mask;
} sharing;

static uint32_t busy(void *context, uint64_t cycle, uint64_t *until)
{
	const struct sharing *at = context;
	uint64_t turn = cycle / at->period;

	/* what lies beyond the call is not known to whom it asks */
	if (cycle >= piece_end)
		CU_FAIL_FATAL("banks of a cycle behind the call");
	*until = (turn + 1) * at->period;
	return turn % 3 ? 0 : at->mask;
}

static uint8_t *far_at(void *context, uint32_t address, uint32_t bytes, bool write)
{
	(void)context, (void)write;
	return address - RIG_SPM <= RIG_SPM - bytes ? far_memory + (address - RIG_SPM) : NULL;
}

static void choose_sharing(uint64_t *state)
{
	sharing.mask = rig_below(state, 3) ? 0 : (uint32_t)rig_random(state) & 0xffff;
	sharing.period = 1 + rig_below(state, 400);
}

/* Else this would compare the interpreter with itself. */
static void note_shortcuts(const struct rpu_fabric *fabric, uint32_t injected)
{
	const struct rpu_fabric_shortcuts *shortcuts = rpu_fabric_shortcuts(fabric);

	CU_ASSERT_TRUE(shortcuts->leapt <= shortcuts->batched);
	seen.batched += shortcuts->batched > 0;
	seen.leapt += shortcuts->leapt > 0;
	seen.stalled += shortcuts->batched && injected;
	seen.shared += shortcuts->leapt && sharing.mask;
}

/* In pieces of random length, so that nothing depends on how a run is cut. */
static void run_mode(const struct rpu_config *config, enum rpu_fabric_mode mode, uint64_t *state,
		     uint32_t injected, struct outcome *outcome)
{
	struct rpu_fabric_memory memory = {.spm = rig.spm,
					   .busy = sharing.mask ? busy : NULL,
					   .far = rig.far ? far_at : NULL,
					   .far_base = RIG_SPM,
					   .far_latency = 37,
					   .far_interval = 2,
					   .context = &sharing};
	struct rpu_fabric *fabric = rpu_fabric_create(&rig.params, &memory, mode);
	uint64_t left = CYCLES, passed;
	uint32_t longest = rig_below(state, 2) ? 200 : 3000;

	memset(outcome, 0, sizeof(*outcome));
	memcpy(rig.spm, start_spm, sizeof(rig.spm));
	memcpy(far_memory, start_spm, sizeof(far_memory));
	CU_ASSERT_PTR_NOT_NULL_FATAL(fabric);
	CU_ASSERT_TRUE(rpu_fabric_activate(fabric, config));
	rpu_fabric_inject(fabric, 4711, injected, injected);
	rpu_fabric_launch(fabric, rig.image, rpu_config_header(config)->argument_bytes, 0, 1);
	while (left && rpu_fabric_status(fabric) == RPU_FABRIC_RUNNING) {
		uint64_t piece = 1 + rig_below(state, longest);

		piece = piece < left ? piece : left;
		piece_end = CYCLES - left + piece;
		rpu_fabric_run(fabric, piece, &passed);
		left -= passed;
	}
	outcome->status = rpu_fabric_status(fabric);
	outcome->fault = *rpu_fabric_fault(fabric);
	outcome->counters = *rpu_fabric_counters(fabric);
	note_shortcuts(fabric, injected);
	for (uint32_t e = 0; e < rig_elements(&rig); e++)
		for (uint32_t r = 0; r < ROAD_RPU_SOURCE_STREAM0; r++)
			outcome->registers[e][r] = rpu_fabric_peek(fabric, e, r);
	rpu_fabric_free(fabric);
}

static bool modes_agree(const struct rpu_config *config, uint64_t *state, uint32_t injected)
{
	run_mode(config, RPU_MODE_INTERPRETED, state, injected, &outcomes[0]);
	memcpy(first_spm, rig.spm, sizeof(first_spm));
	memcpy(first_far, far_memory, sizeof(first_far));
	run_mode(config, RPU_MODE_COMPILED, state, injected, &outcomes[1]);
	seen.runs++;
	seen.far += rig.far;
	seen.long_runs += outcomes[0].counters.iterations >= 100;
	seen.ended += outcomes[0].status == RPU_FABRIC_DONE;
	seen.faults += outcomes[0].status == RPU_FABRIC_FAULT;
	return !memcmp(&outcomes[0], &outcomes[1], sizeof(outcomes[0])) &&
	       !memcmp(first_spm, rig.spm, sizeof(first_spm)) &&
	       !memcmp(first_far, far_memory, sizeof(first_far));
}

static bool time_adds_up(const struct rpu_config *config,
			 const struct rpu_fabric_counters *counters)
{
	uint64_t sum;

	if (!rpu_config_ops(config) && !counters->cycles)
		return true; /* nothing to do */
	sum = counters->fill + counters->drain +
	      rpu_config_header(config)->interval * (counters->iterations - 1);

	for (unsigned why = 0; why < RPU_STALLS; why++)
		sum += counters->stalls[why];
	return sum == counters->cycles;
}

/* Data of a run with stalls: as without, as long as both came to their end. */
static void check_injected(const struct rpu_config *config, uint64_t *state)
{
	static struct outcome plain;
	static uint8_t spm[RIG_SPM];

	plain = outcomes[0];
	memcpy(spm, rig.spm, sizeof(spm));
	CU_ASSERT_TRUE(modes_agree(config, state, 1 + rig_below(state, 500)));
	if (plain.status != RPU_FABRIC_DONE || outcomes[0].status != RPU_FABRIC_DONE)
		return;
	CU_ASSERT_EQUAL(memcmp(spm, rig.spm, sizeof(spm)), 0);
	CU_ASSERT_EQUAL(memcmp(plain.registers, outcomes[0].registers, sizeof(plain.registers)), 0);
	CU_ASSERT_EQUAL(plain.counters.element_ops, outcomes[0].counters.element_ops);
	CU_ASSERT_TRUE(time_adds_up(config, &outcomes[0].counters));
}

static void check_mutant(uint64_t *state, size_t bytes)
{
	struct rpu_config_verdict verdict;
	struct rpu_config *config;

	random_mutant(&rig, bytes, state);
	config = rpu_config_check(&rig.params, rig.image, bytes, &verdict);
	seen.refused += !config;
	if (!config) {
		CU_ASSERT_NOT_EQUAL(verdict.error, RPU_CONFIG_OK);
		return;
	}
	seen.accepted++;
	CU_ASSERT_TRUE(modes_agree(config, state, 0));
	rpu_config_free(config);
}

static void check_one(uint64_t one)
{
	uint64_t state = one * UINT64_C(0x9e3779b97f4a7c15) | 1;
	unsigned before = CU_get_number_of_failures();
	struct rpu_config *config;

	random_config(&rig, &state);
	choose_sharing(&state);
	memcpy(start_spm, rig.spm, sizeof(start_spm));
	config = rig_config(&rig);
	if (!config) {
		printf("# seed %llu\n", (unsigned long long)one);
		return;
	}
	seen.valid++;
	CU_ASSERT_TRUE(modes_agree(config, &state, 0));
	if (outcomes[0].status == RPU_FABRIC_DONE)
		CU_ASSERT_TRUE(time_adds_up(config, &outcomes[0].counters));
	check_injected(config, &state);
	check_mutant(&state, rpu_config_header(config)->total_bytes);
	rpu_config_free(config);
	if (CU_get_number_of_failures() != before)
		printf("# seed %llu\n", (unsigned long long)one);
}

static void modes_agree_on_all(void)
{
	for (unsigned i = 0; i < configurations; i++)
		check_one(seed + i);
	printf("# %u configurations, %u mutants accepted, %u refused; %u runs: %u ended, %u "
	       "faults, %u %% of 100 iterations or more; %u in batches, %u of them with injected "
	       "stalls; %u leapt, %u of them with banks that others take; %u with memory beyond\n",
	       seen.valid, seen.accepted, seen.refused, seen.runs, seen.ended, seen.faults,
	       100 * seen.long_runs / seen.runs, seen.batched, seen.stalled, seen.leapt,
	       seen.shared, seen.far);
	CU_ASSERT_EQUAL(seen.valid, configurations);
	CU_ASSERT_TRUE(100 * seen.long_runs / seen.runs >= 30);
	CU_ASSERT_TRUE(seen.accepted > configurations / 10);
	CU_ASSERT_TRUE(seen.refused > configurations / 10);
	CU_ASSERT_TRUE(100 * seen.batched / seen.runs >= 10);
	CU_ASSERT_TRUE(100 * seen.stalled / seen.runs >= 4);
	CU_ASSERT_TRUE(100 * seen.leapt / seen.runs >= 4);
	CU_ASSERT_TRUE(100 * seen.shared / seen.runs >= 1);
	CU_ASSERT_TRUE(100 * seen.far / seen.runs >= 10);
}

static const struct tap_case cases[] = {
	{"interpreted and compiled runs are equal to the cycle and the bit", modes_agree_on_all},
};

int main(int argc, char **argv)
{
	if (argc > 1 && isdigit((unsigned char)argv[1][0])) {
		configurations = (unsigned)strtoul(argv[1], NULL, 10);
		seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
		argc = 1;
	}
	return tap_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
