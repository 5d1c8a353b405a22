/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold whatever the kernel: conservation, determinism, order, bounds, faults. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* ---- random kernels ---- */

static uint64_t mixed(uint64_t x)
{
	x = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	return x ^ x >> 32;
}

static uint64_t scattered(const struct fake_lane *l)
{
	uint64_t who = l->block * 977 + l->warp * 131 + l->turn * 17 + l->lane;

	return RIG_BASE + mixed(who) % (RIG_MEMORY / 8) / 4 * 4;
}

static uint64_t streaming(const struct fake_lane *l)
{
	return RIG_BASE +
	       (l->turn * 65536u + l->block * 2048u + l->warp * 128u + l->lane * 4u) % RIG_MEMORY;
}

static uint64_t shared_random(const struct fake_lane *l)
{
	return mixed(l->warp * 64 + l->lane + l->turn) % 4096 / 8 * 8;
}

static uint64_t local_word(const struct fake_lane *l)
{
	return l->turn % 8 * 4;
}

static void random_op(struct fake_op *op)
{
	static const struct fake_op kinds[] = {
		FMA(0, 1),
		OP(ALU, INT, ALU, 0, 2, 1, 2),
		OP(ALU, FP64, FP64, 0, 2, 1, NO_REG),
		OP(ALU, SPECIAL, SPECIAL, 0, 1, 1, NO_REG),
		LOAD(GLOBAL, 4, 0, 1, scattered),
		LOAD(GLOBAL, 4, 0, 1, streaming),
		LOAD(GLOBAL, 8, 0, NO_REG, streaming),
		LOAD(SHARED, 4, 0, 1, shared_random),
		LOAD(SHARED, 8, 0, 1, shared_random),
		LOAD(LOCAL, 4, 0, 1, local_word),
		STORE(LOCAL, 4, 1, local_word, NULL),
		STORE(GLOBAL, 4, 1, scattered, NULL),
		STORE(GLOBAL, 4, 1, streaming, scattered),
		STORE(SHARED, 4, 1, shared_random, NULL),
		OP(BAR_SYNC, CONTROL, BARRIER, 0, 0, NO_REG, NO_REG),
		OP(MEMBAR, LDST, MEM, 0, 0, NO_REG, NO_REG),
	};

	*op = kinds[random_below(COUNT_OF(kinds))];
	op->d = (uint8_t)random_below(FAKE_REGS - 2);
	if (op->a < FAKE_REGS)
		op->a = (uint8_t)random_below(FAKE_REGS);
	if (op->b < FAKE_REGS)
		op->b = (uint8_t)random_below(FAKE_REGS);
	if (op->kind == ROAD_GPU_KIND_LOAD && !random_below(4))
		op->mods = ROAD_GPU_MEM_VOLATILE;
}

static uint32_t random_kernel(struct fake_op *ops)
{
	uint32_t n = 4 + random_below(20);

	for (uint32_t i = 0; i < n; i++)
		random_op(&ops[i]);
	ops[n] = (struct fake_op)LOOP(0, 1 + random_below(30));
	ops[n + 1] = (struct fake_op)EXIT(NO_REG);
	return n + 2;
}

static struct road_gpu_params random_params(void)
{
	struct road_gpu_params p = rig_params();

	p.sm_count = 1 + random_below(6);
	p.l2_partitions = 1 + random_below(2);
	p.l2_bytes = 131072u * p.l2_partitions;
	p.l2_hop_latency = 2 + random_below(90);
	p.l1_miss_registers = 1 + random_below(40);
	p.lanes[ROAD_GPU_UNIT_FP32] = 1 + random_below(32);
	p.lanes[ROAD_GPU_UNIT_SPECIAL] = 4;
	p.lanes[ROAD_GPU_UNIT_FP64] = 8;
	p.dispatch_latency = 20 + random_below(200);
	p.network_request_rate = 1 + random_below(64);
	p.network_reply_rate = 1 + random_below(64);
	p.dram_rate = UINT64_C(1000000000) * (4 + random_below(100));
	return p;
}

static void issue_and_stalls_are_resident_cycles_and_bytes_balance(void)
{
	random_state = 3;
	for (uint32_t round = 0; round < 60; round++) {
		const struct road_gpu_params p = random_params();
		struct fake_kernel kernel;
		struct fake_op ops[32];
		struct rig rig;
		uint32_t n = random_kernel(ops), blocks = 1 + random_below(40);
		uint32_t warps = 1 + random_below(8);

		rig_open(&rig, &p, NULL);
		fake_kernel_make(&kernel, ops, n, FAKE_REGS);
		struct road_gpu_timing_done done = rig_run(&rig, &kernel, blocks, warps, 0);
		const struct road_gpu_timing_counters *c = &done.counters;

		CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_NONE);
		CU_ASSERT_TRUE(rig_balances(&rig));
		CU_ASSERT_EQUAL(c->workgroups, blocks);
		CU_ASSERT_EQUAL(c->warp_instructions, done.stats->warp_instructions);
		CU_ASSERT_EQUAL(c->thread_instructions, 32 * c->warp_instructions);
		CU_ASSERT_TRUE(done.achieved_permille <= done.occupancy_permille);
		CU_ASSERT_TRUE(c->warp_instructions <=
			       (done.end - done.start) * p.sm_count * p.subcores);
		fake_kernel_free(&kernel);
		rig_close(&rig);
	}
}

/* Runs two launches side by side, in slices; returns a digest of all that comes back. */
static uint64_t digest(uint32_t seed, uint64_t step, uint64_t budget)
{
	struct fake_op ops[2][32];
	struct fake_kernel kernel[2];
	struct road_gpu_params p;
	struct rig rig;
	uint64_t sum = 0, now = 0, next;
	struct road_gpu_timing_done done;

	random_state = seed;
	p = random_params();
	rig_open(&rig, &p, NULL);
	for (uint32_t k = 0; k < 2; k++) {
		fake_kernel_make(&kernel[k], ops[k], random_kernel(ops[k]), FAKE_REGS);
		CU_ASSERT_EQUAL(rig_begin(&rig, &kernel[k], 9 + 20 * k, 3 + k, 30 * k, &ops[k]),
				ROAD_GPU_TIMING_OK);
	}
	do {
		now += step;
		next = road_gpu_timing_run(rig.timing, now, budget);
		while (road_gpu_timing_take(rig.timing, &done)) {
			sum = mixed(sum + done.end + (done.cookie == &ops[0]));
			sum = mixed(sum + done.stats->warp_instructions);
		}
	} while (next != ROAD_GPU_NEVER);
	struct road_gpu_timing_counters c;
	const uint64_t *member = (const uint64_t *)&c;

	road_gpu_timing_counters(rig.timing, &c);
	CU_ASSERT_TRUE(rig_balances(&rig));
	for (size_t i = 0; i < sizeof(c) / sizeof(*member); i++)
		sum = mixed(sum + member[i]);
	for (uint32_t i = 0; i < RIG_MEMORY / 8; i += 8)
		sum = mixed(sum + rig.memory[i]);
	fake_kernel_free(&kernel[0]);
	fake_kernel_free(&kernel[1]);
	rig_close(&rig);
	return sum;
}

static void slices_and_polling_change_nothing(void)
{
	for (uint32_t seed = 1; seed <= 6; seed++) {
		uint64_t whole = digest(seed, UINT64_C(1) << 60, 0);

		CU_ASSERT_EQUAL(digest(seed, UINT64_C(1) << 60, 0), whole);
		CU_ASSERT_EQUAL(digest(seed, 7, 0), whole);
		CU_ASSERT_EQUAL(digest(seed, 1000, 1), whole);
	}
	CU_ASSERT_NOT_EQUAL(digest(1, 7, 0), digest(2, 7, 0));
}

/* ---- more is never slower ---- */

static uint64_t cycles_of(const struct road_gpu_params *p, const struct fake_op *ops, uint32_t n)
{
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, p, NULL);
	fake_kernel_make(&kernel, ops, n, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 32, 4, 0);
	uint64_t end = done.end;
	unsigned __int128 room = (unsigned __int128)(end - done.start) * p->dram_rate;

	/* Every load is waited for, nothing is stored: all its bytes moved in this time. */
	CU_ASSERT_TRUE((uint64_t)p->clock_khz * 1000 * done.counters.dram_read_bytes <= room);

	fake_kernel_free(&kernel);
	rig_close(&rig);
	return end;
}

/* Two lines a warp, the same for all. */
static uint64_t shared_two(const struct fake_lane *l)
{
	return RIG_BASE + l->turn * 256u + l->lane * 8u;
}

static const struct fake_op copying[] = {LOAD(GLOBAL, 4, 0, NO_REG, streaming),
					 STORE(GLOBAL, 4, 0, streaming, NULL), LOOP(0, 20),
					 EXIT(NO_REG)};
static const struct fake_op reading[] = {LOAD(GLOBAL, 4, 0, 1, streaming), FMA(1, 0), LOOP(0, 20),
					 EXIT(1)};
static const struct fake_op following[] = {LOAD(GLOBAL, 4, 0, NO_REG, streaming),
					   LOAD(GLOBAL, 4, 2, NO_REG, shared_two),
					   FMA(1, 0),
					   FMA(1, 2),
					   LOOP(0, 20),
					   EXIT(1)};
static const struct fake_op computing[] = {FMA(0, 1), FMA(1, 0),   FMA(2, 1),
					   FMA(3, 2), LOOP(0, 50), EXIT(NO_REG)};

struct better {
	const char *what;
	size_t offset;
	uint32_t values[4]; /* from worse to better */
};
#define BETTER(m, ...)                                   \
	{                                                \
#m, offsetof(struct road_gpu_params, m), \
		{                                        \
			__VA_ARGS__                      \
		}                                        \
	}

static void more_is_never_slower_on_plain_kernels(void)
{
	static const struct better rows[] = {
		BETTER(sm_count, 1, 2, 4, 8),
		BETTER(network_reply_rate, 4, 16, 64, 256),
		BETTER(network_request_rate, 4, 16, 64, 256),
		BETTER(l2_slice_rate, 8, 32, 64, 256),
		BETTER(l2_latency, 300, 120, 60, 40),
		BETTER(dram_latency, 500, 300, 150, 50),
		BETTER(l1_latency, 60, 40, 30, 20),
		BETTER(l1_miss_registers, 1, 8, 64, 256),
		BETTER(lanes[ROAD_GPU_UNIT_FP32], 4, 8, 16, 32),
		BETTER(latency[ROAD_GPU_LAT_FMA], 12, 8, 4, 2),
	};
	static const struct {
		const struct fake_op *ops;
		uint32_t count;
		uint32_t slack; /* per mille: two streams change places on their way */
	} kernels[] = {{reading, COUNT_OF(reading), 0},
		       {following, COUNT_OF(following), 5},
		       {computing, COUNT_OF(computing), 0}};
	uint32_t faster = 0;

	for (uint32_t r = 0; r < COUNT_OF(rows); r++) {
		for (uint32_t k = 0; k < COUNT_OF(kernels); k++) {
			uint64_t last = UINT64_MAX;

			for (uint32_t v = 0; v < 4; v++) {
				struct road_gpu_params p = rig_params();

				/* Anomalies left out: open rows and what a full cache evicts
				 * hang on the order of arrival, which any change of speed
				 * changes. */
				p.dram_activate = 0;
				p.dram_precharge = 0;
				p.l2_bytes = 8u << 20;
				memcpy((char *)&p + rows[r].offset, &rows[r].values[v], 4);
				uint64_t end = cycles_of(&p, kernels[k].ops, kernels[k].count);

				bool ok = last == UINT64_MAX ||
					  end * 1000 <= last * (1000 + kernels[k].slack);

				CU_ASSERT_TRUE(ok);
				if (!ok)
					printf("# %s %u, kernel %u: %llu after %llu\n",
					       rows[r].what, rows[r].values[v], k,
					       (unsigned long long)end, (unsigned long long)last);
				faster += end < last && last != UINT64_MAX;
				last = end;
			}
		}
	}
	CU_ASSERT_TRUE(faster > 30);
}

static void memory_bandwidth_is_reached_and_not_exceeded(void)
{
	struct road_gpu_params p = rig_params();
	struct fake_kernel kernel;
	struct rig rig;

	p.l2_bytes = 65536;
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, copying, COUNT_OF(copying), FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 32, 16, 0);
	uint64_t bytes = done.counters.dram_read_bytes + done.counters.dram_written_bytes;
	uint64_t room = (done.end - done.start) * 64; /* 64 bytes a cycle */

	CU_ASSERT_TRUE(bytes <= room);
	CU_ASSERT_TRUE(bytes > room * 6 / 10);
	printf("# %llu of %llu bytes\n", (unsigned long long)bytes, (unsigned long long)room);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* ---- ends that are no ends ---- */

static void a_fault_ends_its_launch_and_no_other(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op bad[] = {FMA(0, 0), OP(TRAP, CONTROL, BRANCH, 0, 0, 0, NO_REG),
				      EXIT(NO_REG)};
	struct fake_kernel kernel[2];
	struct rig rig;
	struct road_gpu_timing_done done;
	uint32_t seen = 0;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel[0], bad, COUNT_OF(bad), FAKE_REGS);
	fake_kernel_make(&kernel[1], computing, COUNT_OF(computing), FAKE_REGS);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel[0], 100, 2, 0, &kernel[0]), ROAD_GPU_TIMING_OK);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel[1], 100, 2, 0, &kernel[1]), ROAD_GPU_TIMING_OK);
	for (;;) {
		uint64_t next = road_gpu_timing_run(rig.timing, ROAD_GPU_NEVER - 1, 0);

		while (road_gpu_timing_take(rig.timing, &done)) {
			bool trapped = done.cookie == &kernel[0];

			seen++;
			CU_ASSERT_TRUE(done.overlapped);
			CU_ASSERT_EQUAL(done.fault.code,
					trapped ? ROAD_GPU_FAULT_TRAP : ROAD_GPU_FAULT_NONE);
			CU_ASSERT_EQUAL(done.fault.pc, trapped);
			CU_ASSERT_TRUE(trapped ||
				       done.stats->warp_instructions == 100 * 2 * (5 * 51 + 1));
		}
		if (next == ROAD_GPU_NEVER)
			break;
	}
	CU_ASSERT_EQUAL(seen, 2);
	CU_ASSERT_TRUE(rig_balances(&rig));
	fake_kernel_free(&kernel[0]);
	fake_kernel_free(&kernel[1]);
	rig_close(&rig);
}

static void an_endless_kernel_meets_its_watchdog_at_the_same_cycle(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op endless[] = {FMA(0, 0), LOOP(0, UINT32_MAX - 1), EXIT(NO_REG)};
	struct fake_kernel kernel;
	uint64_t first = 0;

	fake_kernel_make(&kernel, endless, COUNT_OF(endless), FAKE_REGS);
	for (uint32_t round = 0; round < 3; round++) {
		enum road_gpu_launch_error error;
		struct road_gpu_timing_done done = {0};
		struct rig rig;

		rig_open(&rig, &p, NULL);
		const struct road_gpu_launch_config config = {.code = &kernel.code,
							      .ranges = &rig.ranges,
							      .grid = {50, 1, 1},
							      .threads = {64, 1, 1},
							      .watchdog = 100000};

		CU_ASSERT_EQUAL(road_gpu_timing_begin(rig.timing, 0, &config, NULL, &error),
				ROAD_GPU_TIMING_OK);
		for (uint64_t now = 0; !road_gpu_timing_take(rig.timing, &done);
		     now += 1 + 999 * round)
			road_gpu_timing_run(rig.timing, now, 1);
		CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_WATCHDOG);
		CU_ASSERT_TRUE(done.fault.detail > 100000 && done.fault.detail < 110000);
		if (!round)
			first = done.end;
		CU_ASSERT_EQUAL(done.end, first);
		rig_close(&rig);
	}
	fake_kernel_free(&kernel);
}

static void a_cancelled_launch_leaves_its_places_to_others(void)
{
	const struct road_gpu_params p = rig_params();
	struct fake_kernel kernel;
	struct rig rig;
	struct road_gpu_timing_done done;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, copying, COUNT_OF(copying), FAKE_REGS);
	for (uint64_t at = 500; at < 3000; at += 333) {
		uint64_t begin = at * 1000;

		CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 500, 4, begin, &rig), ROAD_GPU_TIMING_OK);
		CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 5, 4, begin, &kernel), ROAD_GPU_TIMING_OK);
		road_gpu_timing_run(rig.timing, begin + at, 0);
		CU_ASSERT_TRUE(road_gpu_timing_cancel(rig.timing, &rig));
		CU_ASSERT_FALSE(road_gpu_timing_cancel(rig.timing, &rig));
		while (road_gpu_timing_run(rig.timing, ROAD_GPU_NEVER - 1, 0) != ROAD_GPU_NEVER)
			;
		CU_ASSERT_TRUE(road_gpu_timing_take(rig.timing, &done));
		CU_ASSERT_PTR_EQUAL(done.cookie, &kernel);
		CU_ASSERT_FALSE(road_gpu_timing_take(rig.timing, &done));
		CU_ASSERT_TRUE(rig_balances(&rig));
	}
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static void what_does_not_fit_is_refused(void)
{
	const struct road_gpu_params p = rig_params();
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, computing, COUNT_OF(computing), 254);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 1, 1, 0, NULL), ROAD_GPU_TIMING_RESOURCES);
	kernel.code.desc.regs = 16;
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 1, 17, 0, NULL), ROAD_GPU_TIMING_RESOURCES);
	for (uint32_t i = 0; i < ROAD_GPU_TIMING_LAUNCHES; i++)
		CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 1, 1, 0, NULL), ROAD_GPU_TIMING_OK);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 1, 1, 0, NULL), ROAD_GPU_TIMING_FULL);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static const struct tap_case cases[] = {
	{"issue and stalls are the resident warp cycles, and bytes balance between levels",
	 issue_and_stalls_are_resident_cycles_and_bytes_balance},
	{"slices and polling change neither data nor counters nor cycles",
	 slices_and_polling_change_nothing},
	{"more bandwidth, lower latency, more SMs are never slower on plain kernels",
	 more_is_never_slower_on_plain_kernels},
	{"memory's bandwidth is nearly reached and never exceeded",
	 memory_bandwidth_is_reached_and_not_exceeded},
	{"a fault ends its launch and no other", a_fault_ends_its_launch_and_no_other},
	{"an endless kernel meets its watchdog at the same cycle every time",
	 an_endless_kernel_meets_its_watchdog_at_the_same_cycle},
	{"a cancelled launch leaves its places to others",
	 a_cancelled_launch_leaves_its_places_to_others},
	{"what does not fit is refused", what_does_not_fit_is_refused},
};

TAP_MAIN(cases)
