/* SPDX-License-Identifier: Apache-2.0 */
/* The domain seen through its door, with a model made for the purpose. */
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/engine/fake_model.h"

enum { READ_PS = 500000, REGION = 0 };

static void post(struct fake *fake, uint64_t offset, uint64_t value, uint64_t when)
{
	fake->sim->post(fake->function, REGION, offset, 4, value, when);
}

static void writes_take_effect_in_order_of_stamp_then_arrival(void)
{
	struct fake *a = fake_open(), *b = fake_open();
	uint64_t t = a->sim->now() + 1000;

	post(a, 0, 1, t + 500);
	post(b, 0, 2, t + 100);
	post(b, 4, 3, t + 500);
	CU_ASSERT_EQUAL(a->writes + b->writes, 0); /* posting runs nothing */
	CU_ASSERT(a->sim->pending());
	fake_settle(a);
	CU_ASSERT_FALSE(a->sim->pending());
	CU_ASSERT_EQUAL(a->log[0].time_ps, t + 500);
	CU_ASSERT_EQUAL(b->log[0].time_ps, t + 100);
	CU_ASSERT_EQUAL(b->log[1].time_ps, t + 500);
	post(a, 0, 4, 0); /* the past is now */
	fake_settle(a);
	CU_ASSERT_EQUAL(a->log[1].time_ps, t + 500);
	fake_close(a);
	fake_close(b);
}

/* Two threads under a lock of the program's own: the later one is behind in virtual time. */
static void writes_of_one_function_never_overtake(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now() + 1000, when;

	post(fake, 0, 1, t + 900);
	post(fake, 4, 2, t + 10);
	when = t + 20;
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 4, &when), 2);
	CU_ASSERT_EQUAL(when, t + 900 + READ_PS);
	CU_ASSERT_EQUAL(fake->log[0].value, 1);
	CU_ASSERT_EQUAL(fake->log[1].value, 2);
	CU_ASSERT_EQUAL(fake->log[1].time_ps, t + 900);
	fake_close(fake);
}

static void more_writes_than_the_inbox_holds_all_arrive(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now() + 1000, wrong = 0;

	for (uint64_t i = 0; i < FAKE_LOG; i++)
		post(fake, 0, i, t);
	fake_settle(fake);
	CU_ASSERT_EQUAL(fake->writes, FAKE_LOG);
	for (uint64_t i = 0; i < FAKE_LOG; i++)
		wrong += fake->log[i].value != i;
	CU_ASSERT_EQUAL(wrong, 0);
	fake_close(fake);
}

static void a_read_costs_time_and_lets_the_chip_run_up_to_then(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now(), when = t;

	post(fake, 0, 1, t + READ_PS);
	post(fake, 0, 1, t + 2 * READ_PS + 1);
	when = t;
	/* The second write is posted in front of this read, so the read comes behind it. */
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 4, &when), 2);
	CU_ASSERT_EQUAL(when, t + 3 * READ_PS + 1);
	CU_ASSERT_EQUAL(fake->sim->now(), when);
	t = when;
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 4, &when), 2);
	CU_ASSERT_EQUAL(when, t + READ_PS);
	fake_close(fake);
}

struct ticker {
	struct sim_event event;
	struct fake *fake;
	uint64_t period_ps, ticks, last_ps;
	uint32_t irq_at;
	_Atomic bool stop;
};

static void tick(void *arg)
{
	struct ticker *ticker = arg;
	uint64_t now = sim_now(ticker->fake->env);

	ticker->last_ps = now;
	if (++ticker->ticks == ticker->irq_at)
		sim_irq_raise(ticker->fake->env, 0, 3);
	if (!atomic_load(&ticker->stop))
		sim_schedule(ticker->fake->env, &ticker->event, now + ticker->period_ps);
}

static void start(struct ticker *ticker, struct fake *fake, uint64_t period_ps)
{
	memset(ticker, 0, sizeof(*ticker));
	ticker->event = (struct sim_event){.run = tick, .arg = ticker};
	ticker->fake = fake;
	ticker->period_ps = period_ps;
	sim_lock(&sim_domain.lock);
	sim_schedule(fake->env, &ticker->event, sim_now(fake->env) + period_ps);
	sim_unlock(&sim_domain.lock);
	/* What another thread may look at without the lock is brought up to date at the door. */
	fake->sim->poke();
}

static void slices_keep_budget_bound_and_end_at_interrupts(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now();
	struct ticker ticker;
	struct sim_slice slice;

	start(&ticker, fake, 100);
	fake->sim->run(UINT64_MAX, 10, &slice);
	CU_ASSERT_EQUAL(ticker.ticks, 10);
	CU_ASSERT(slice.ran && slice.more && !slice.irq);
	fake->sim->run(t + 1250, 10, &slice);
	CU_ASSERT_EQUAL(ticker.ticks, 12);
	CU_ASSERT(slice.ran && !slice.more);
	fake->sim->run(t + 1250, 10, &slice);
	CU_ASSERT(!slice.ran && !slice.more);
	ticker.irq_at = 20;
	fake->sim->run(UINT64_MAX, 1000, &slice);
	CU_ASSERT_EQUAL(ticker.ticks, 20);
	CU_ASSERT(slice.irq);
	CU_ASSERT_EQUAL(fake->sim->now(), t + 2000);
	CU_ASSERT_EQUAL(fake->sim->irq_pending(fake->function), 8);
	/* As long as nobody takes it, time stands. */
	fake->sim->run(UINT64_MAX, 1000, &slice);
	CU_ASSERT(slice.irq && !slice.ran);
	CU_ASSERT_EQUAL(ticker.ticks, 20);
	CU_ASSERT_FALSE(fake->sim->irq_take(fake->function, 2));
	CU_ASSERT(fake->sim->irq_take(fake->function, 3));
	CU_ASSERT_FALSE(fake->sim->irq_take(fake->function, 3));
	fake->sim->run(UINT64_MAX, 5, &slice);
	CU_ASSERT_EQUAL(ticker.ticks, 25);
	fake_close(fake); /* with the event still queued */
	CU_ASSERT_FALSE(roadbed_sim_entry(SIM_ENTRY_VERSION)->pending());
}

static void background_events_keep_nobody_awake_and_time_never_goes_back(void)
{
	struct fake *fake = fake_open();
	struct ticker heartbeat, work;
	struct sim_slice slice;
	uint64_t t = fake->sim->now(), when;

	memset(&heartbeat, 0, sizeof(heartbeat));
	heartbeat.event = (struct sim_event){.run = tick, .arg = &heartbeat, .background = true};
	heartbeat.fake = fake;
	heartbeat.period_ps = 1000;
	sim_lock(&sim_domain.lock);
	sim_schedule(fake->env, &heartbeat.event, t + 1000);
	sim_unlock(&sim_domain.lock);
	CU_ASSERT_FALSE(fake->sim->pending());
	fake->sim->run(UINT64_MAX, 100, &slice);
	CU_ASSERT(!slice.ran && !slice.more);
	CU_ASSERT_EQUAL(heartbeat.ticks, 0);
	start(&work, fake, 10500);
	atomic_store(&work.stop, true);
	fake->sim->run(UINT64_MAX, 100, &slice); /* while there is work it beats */
	CU_ASSERT_EQUAL(heartbeat.ticks, 10);
	CU_ASSERT_EQUAL(work.ticks, 1);
	when = fake->sim->now();
	fake->sim->read(fake->function, REGION, 0, 4, &when); /* and when time passes */
	CU_ASSERT_EQUAL(heartbeat.ticks, (when - t) / 1000);
	uint64_t now = fake->sim->now();

	start(&work, fake, 5000);
	atomic_store(&work.stop, true);
	fake->sim->run(UINT64_MAX, 1, &slice);
	CU_ASSERT(fake->sim->now() >= now);
	CU_ASSERT(heartbeat.last_ps >= now);
	fake_close(fake);
}

static void relax_goes_to_the_next_event_or_the_bound(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now();
	struct ticker ticker;

	start(&ticker, fake, 1000);
	CU_ASSERT_EQUAL(fake->sim->relax(t + 400), t + 400);
	CU_ASSERT_EQUAL(fake->sim->relax(t + 400), t + 400);
	CU_ASSERT_EQUAL(ticker.ticks, 0);
	CU_ASSERT_EQUAL(fake->sim->relax(t + 40000), t + 1000);
	CU_ASSERT_EQUAL(ticker.ticks, 1);
	atomic_store(&ticker.stop, true);
	CU_ASSERT_EQUAL(fake->sim->relax(UINT64_MAX), t + 2000);
	/* Nothing will ever come: time does not run away. */
	CU_ASSERT_EQUAL(fake->sim->relax(UINT64_MAX), t + 2000 + 1000000);
	fake_close(fake);
}

static void a_reset_drops_posted_writes_and_interrupts(void)
{
	struct fake *fake = fake_open(), *other = fake_open();
	uint64_t t = fake->sim->now() + 1000;

	post(fake, 0, 1, t);
	post(other, 0, 1, t);
	sim_irq_raise(fake->env, 0, 1);
	fake->sim->reset(fake->function);
	CU_ASSERT_EQUAL(fake->resets, 1);
	CU_ASSERT_EQUAL(fake->sim->irq_pending(fake->function), 0);
	fake_settle(fake);
	CU_ASSERT_EQUAL(fake->writes, 0);
	CU_ASSERT_EQUAL(other->writes, 1);
	post(fake, 0, 2, t);
	fake_settle(fake);
	CU_ASSERT_EQUAL(fake->writes, 1);
	fake_close(fake);
	fake_close(other);
}

static void a_pulled_function_touches_nothing_any_more(void)
{
	struct fake *fake = fake_open();
	uint64_t t = fake->sim->now() + 1000, when = t, word = 7;

	post(fake, 0, 1, t);
	fake->sim->unplug(fake->function);
	post(fake, 0, 2, t); /* a thread that did not see it yet */
	fake_settle(fake);
	CU_ASSERT_EQUAL(fake->writes, 0);
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 4, &when), UINT32_MAX);
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 8, &when), UINT64_MAX);
	CU_ASSERT_FALSE(sim_dma_write(fake->env, 0, 0, &word, 8));
	CU_ASSERT_FALSE(sim_dma_read(fake->env, 0, 0, &word, 8));
	sim_irq_raise(fake->env, 0, 1);
	CU_ASSERT_EQUAL(fake->sim->irq_pending(fake->function), 0);
	CU_ASSERT_PTR_NULL(fake->sim->region_map(fake->function, 1, 0, 8));
	fake_close(fake);
}

static void accesses_of_odd_width_never_reach_the_model(void)
{
	struct fake *fake = fake_open();
	uint64_t when = 0;
	char text[64];

	fake->sim->post(fake->function, REGION, 0, 0, 1, 0);
	fake->sim->post(fake->function, REGION, 0, 3, 1, 0);
	fake->sim->read(fake->function, REGION, 0, 16, &when);
	CU_ASSERT_EQUAL(fake->writes, 0);
	CU_ASSERT_EQUAL(fake->sim->violations(fake->function), 3);
	CU_ASSERT(fake->sim->violation(fake->function, 2, text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "read of 16 bytes at 0x0");
	fake_close(fake);
}

static void dma_moves_bytes_of_any_size_and_alignment(void)
{
	struct fake *fake = fake_open();
	unsigned char in[64], out[64];
	uint32_t wrong = 0;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + 1);
	for (size_t bytes = 0; bytes <= 40; bytes++) {
		for (uint64_t at = 0; at < 9; at++) {
			memset(fake->host, 0, 64);
			memset(out, 0, sizeof(out));
			wrong += !sim_dma_write(fake->env, 0, at, in + 3, bytes);
			wrong += memcmp(fake->host + at, in + 3, bytes) != 0;
			wrong += fake->host[at + bytes] != 0;
			wrong += !sim_dma_read(fake->env, 0, at, out + 1, bytes);
			wrong += memcmp(out + 1, in + 3, bytes) != 0 || out[1 + bytes];
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_FALSE(sim_dma_write(fake->env, 0, fake->host_bytes - 4, in, 8));
	CU_ASSERT_FALSE(sim_dma_read(fake->env, 0, UINT64_MAX - 3, out, 8));
	CU_ASSERT_PTR_EQUAL(sim_dma_window(fake->env, 0, 16, 100, true), fake->host + 16);
	fake_close(fake);
}

static void only_memory_regions_can_be_mapped(void)
{
	struct fake *fake = fake_open();

	CU_ASSERT_PTR_NULL(fake->sim->region_map(fake->function, 0, 0, 8));
	CU_ASSERT_PTR_EQUAL(fake->sim->region_map(fake->function, 1, 64, 8), (char *)fake + 64);
	CU_ASSERT_PTR_NULL(fake->sim->region_map(fake->function, 1, 4096, 8));
	CU_ASSERT_PTR_NULL(fake->sim->region_map(fake->function, 1, 8, UINT64_MAX));
	CU_ASSERT_PTR_NULL(fake->sim->region_map(fake->function, 2, 0, 0));
	fake_close(fake);
}

static void chain(struct fake *fake)
{
	uint64_t *words = (uint64_t *)(void *)fake->host;

	/* Waits for word 0, then writes word 1; then waits for word 1, then writes word 2. */
	for (int i = 0; i < 2; i++) {
		uint64_t one = 1;

		if (words[i] && !words[i + 1]) {
			sim_dma_write(fake->env, 0, (uint64_t)(i + 1) * 8, &one, 8);
			return;
		}
	}
}

static void parked_packets_look_again_at_doorbells_and_pokes(void)
{
	struct fake *fake = fake_open(), *other = fake_open();
	struct sim_slice slice;

	fake->on_poke = chain;
	fake->sim->poke();
	CU_ASSERT_EQUAL(fake->pokes, 0); /* nothing is parked */
	sim_watch_begin(fake->env);
	fake->sim->run(UINT64_MAX, 1, &slice);
	CU_ASSERT(slice.watching);
	post(other, 0, 1, 0); /* another chip's doorbell, too early */
	fake_settle(other);
	CU_ASSERT(fake->pokes > 0);
	fake->sim->run(UINT64_MAX, 1, &slice);
	uint32_t pokes = fake->pokes;

	((uint64_t *)(void *)fake->host)[0] = 1;
	CU_ASSERT_EQUAL(fake->pokes, pokes);
	post(other, 0, 1, 0);
	fake_settle(other);
	CU_ASSERT_EQUAL(((uint64_t *)(void *)fake->host)[2], 1); /* by way of word 1 */
	CU_ASSERT_EQUAL(other->pokes, 0);
	sim_watch_end(fake->env);
	fake->sim->run(UINT64_MAX, 1, &slice);
	CU_ASSERT_FALSE(slice.watching);
	sim_watch_begin(fake->env);
	fake_close(fake); /* while it watches */
	other->sim->run(UINT64_MAX, 1, &slice);
	CU_ASSERT_FALSE(slice.watching);
	fake_close(other);
}

static void a_resource_serves_one_thing_at_a_time(void)
{
	struct sim_resource port = {0};

	CU_ASSERT_EQUAL(sim_resource_take(&port, 100, 10), 110);
	CU_ASSERT_EQUAL(sim_resource_take(&port, 50, 10), 120);
	CU_ASSERT_EQUAL(sim_resource_take(&port, 200, 5), 205);
	CU_ASSERT_EQUAL(port.busy_ps, 25);
	CU_ASSERT_EQUAL(port.uses, 3);
}

static void violations_are_counted_and_the_first_kept(void)
{
	struct fake *fake = fake_open();
	char text[200], small[5];

	for (int i = 0; i < 100; i++)
		sim_violation(fake->env, 0, "rule %d", i);
	CU_ASSERT_EQUAL(fake->sim->violations(fake->function), 100);
	CU_ASSERT(fake->sim->violation(fake->function, 63, text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "rule 63");
	CU_ASSERT_FALSE(fake->sim->violation(fake->function, 64, text, sizeof(text)));
	CU_ASSERT(fake->sim->violation(fake->function, 12, small, sizeof(small)));
	CU_ASSERT_STRING_EQUAL(small, "rule");
	fake_close(fake);
}

static void approximations_are_counted_by_name(void)
{
	struct fake *fake = fake_open();
	char report[4096], names[40][8];
	static const char *const kept[] = {"\"sqrt\":3", "\"n29\":1", "\"others\":10"};

	sim_approximate(fake->env, "sqrt", 1);
	sim_approximate(fake->env, "sqrt", 2);
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		sim_approximate(fake->env, names[i], 1);
	}
	size_t needed = fake->sim->report(fake->function, report, sizeof(report));

	CU_ASSERT_EQUAL(needed, strlen(report));
	for (int i = 0; i < 3; i++)
		CU_ASSERT_PTR_NOT_NULL(strstr(report, kept[i]));
	CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"simulated\":true"));
	CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"calibration\":\"uncalibrated\""));
	CU_ASSERT_EQUAL(fake->sim->report(fake->function, NULL, 0), needed);
	CU_ASSERT_EQUAL(fake->sim->report(fake->function, report, 10), needed);
	CU_ASSERT_EQUAL(strlen(report), 9);
	fake_close(fake);
}

/* ---- the caller's floating-point state ---- */

static uint64_t mode_inside(struct fake *fake, uint64_t offset)
{
	volatile double tiny = 4.9406564584124654e-324, one = 1, third = 3;

	(void)fake;
	(void)offset;
	/* Rounding, and whether a denormal survives. */
	return (uint64_t)fegetround() | (uint64_t)(tiny * one != 0) << 32 |
	       (uint64_t)(one / third == 0x1.5555555555555p-2) << 33;
}

static void the_callers_floating_point_state_stays_outside(void)
{
	struct fake *fake = fake_open();
	uint64_t when = 0, plain;
	volatile double tiny = 4.9406564584124654e-324, one = 1;

	fake->on_read = mode_inside;
	plain = fake->sim->read(fake->function, REGION, 0, 4, &when);
	CU_ASSERT_EQUAL(plain, (uint64_t)FE_TONEAREST | UINT64_C(3) << 32);
	fesetround(FE_UPWARD);
#if defined(__x86_64__)
	unsigned control = __builtin_ia32_stmxcsr();

	__builtin_ia32_ldmxcsr(control | 0x8040); /* flush to zero, denormals are zero */
	CU_ASSERT(tiny * one == 0);
#endif
	CU_ASSERT_EQUAL(fake->sim->read(fake->function, REGION, 0, 4, &when), plain);
	CU_ASSERT_EQUAL(fegetround(), FE_UPWARD);
#if defined(__x86_64__)
	CU_ASSERT(tiny * one == 0);
	__builtin_ia32_ldmxcsr(control);
#endif
	fesetround(FE_TONEAREST);
	CU_ASSERT(tiny * one != 0);
	fake_close(fake);
}

/* ---- memory ---- */

enum { PAGES = 4096 };

static uint32_t resident(void *memory)
{
	static unsigned char map[PAGES];
	uint32_t count = 0;

	CU_ASSERT_EQUAL(mincore(memory, PAGES * UINT64_C(4096), map), 0);
	for (int i = 0; i < PAGES; i++)
		count += map[i] & 1;
	return count;
}

static uint64_t resident_pages_of_process(void)
{
	unsigned long long size = 0, pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	CU_ASSERT_EQUAL(fscanf(file, "%llu %llu", &size, &pages), 2);
	fclose(file);
	return pages;
}

static void memory_costs_what_is_touched(void)
{
	struct fake *fake = fake_open();
	uint64_t bytes = UINT64_C(80) << 30, before = resident_pages_of_process();
	unsigned char *memory = sim_memory_create(fake->env, bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	CU_ASSERT_PTR_EQUAL(sim_memory_create(fake->env, bytes), memory);
	CU_ASSERT_PTR_NULL(sim_memory_create(fake->env, bytes + 1));
	CU_ASSERT_EQUAL(resident(memory), 0);
	memory[5 * 4096] = 1;
	memory[bytes - 1] = 2;
	memory[40 * 4096 + 7] = 3;
	CU_ASSERT_EQUAL(resident(memory), 2);
	CU_ASSERT(resident_pages_of_process() - before < 256);
	CU_ASSERT_EQUAL(memory[5 * 4096 + 1], 0);
	sim_memory_discard(fake->env, 40 * 4096, 4096);
	CU_ASSERT_EQUAL(resident(memory), 1);
	CU_ASSERT_EQUAL(memory[40 * 4096 + 7], 0);
	CU_ASSERT_EQUAL(memory[5 * 4096], 1);
	sim_memory_discard(fake->env, bytes, 1); /* outside: nothing happens */
	CU_ASSERT_EQUAL(memory[bytes - 1], 2);
	CU_ASSERT_NOT_EQUAL(ftruncate(fake->env->memory_fd, 4096), 0); /* sealed */
	fake_close(fake);
}

/* Is it `inside` in [from, from + bytes) of the whole, and 0xa5 beside? */
static bool is_zero_only_in(const unsigned char *memory, uint64_t all, uint64_t from,
			    uint64_t bytes)
{
	for (uint64_t i = 0; i < all; i++)
		if (memory[i] != (i >= from && i < from + bytes ? 0 : 0xa5))
			return false;
	return true;
}

static void zeroed_memory_costs_nothing(void)
{
	const uint64_t all = PAGES * UINT64_C(4096), mib = UINT64_C(1) << 20;
	const struct {
		uint64_t from, bytes;
		bool done;
	} rows[] = {
		{0, 16 * mib, true},
		{4096, mib, true},
		{1, mib, true},
		{4095, mib + 2, true},
		{mib + 77, 2 * mib - 3, true},
		{all - mib, mib, true},
		{0, mib - 1, false},
		{all - mib + 1, mib, false},
		{all, mib, false},
		{0, UINT64_MAX, false},
	};
	struct fake *fake = fake_open();
	unsigned char *memory = sim_memory_create(fake->env, all);
	unsigned char *other = calloc(1, mib);

	CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(memory, 0xa5, all);
		CU_ASSERT_EQUAL(sim_memory_zero(fake->env, memory + rows[i].from, rows[i].bytes),
				rows[i].done);
		CU_ASSERT(is_zero_only_in(memory, all, rows[i].from,
					  rows[i].done ? rows[i].bytes : 0));
	}
	CU_ASSERT(sim_memory_zero(fake->env, memory, all));
	CU_ASSERT_EQUAL(resident(memory), 0);
	CU_ASSERT(!sim_memory_zero(fake->env, other, mib));
	free(other);
	fake_close(fake);
}

/* ---- threads ---- */

struct runner {
	struct fake *fake;
	_Atomic bool stop;
	uint64_t slices;
};

static void *run_slices(void *arg)
{
	struct runner *runner = arg;
	struct sim_slice slice;

	while (!atomic_load(&runner->stop)) {
		runner->fake->sim->run(UINT64_MAX, 64, &slice);
		for (uint32_t vector = 0; slice.irq && vector < 8; vector++)
			runner->fake->sim->irq_take(runner->fake->function, vector);
		runner->slices++;
	}
	return NULL;
}

struct client {
	struct fake *fake;
	uint64_t number, wrong, done;
};

enum { CLIENTS = 3, ROUNDS = 300 };

static uint64_t echo_of[CLIENTS];

static uint64_t read_echo(struct fake *fake, uint64_t offset)
{
	(void)fake;
	return echo_of[offset];
}

static void write_echo(struct fake *fake, uint64_t offset, uint64_t value)
{
	echo_of[offset] = value;
	if (value % 16 == 0)
		sim_irq_raise(fake->env, 0, (uint32_t)offset);
}

/* Each client sees its own last write, and time that never goes back. */
static void *write_and_read(void *arg)
{
	struct client *client = arg;
	uint64_t when = 0;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		uint64_t before = when;

		post(client->fake, client->number, i, when);
		client->wrong += client->fake->sim->read(client->fake->function, REGION,
							 client->number, 4, &when) != i;
		client->wrong += when < before + READ_PS;
		client->done++;
	}
	return NULL;
}

static void readers_get_their_turn_while_another_thread_runs_slices(void)
{
	struct fake *fake = fake_open();
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS], running;
	struct runner runner = {.fake = fake};
	struct ticker ticker;

	fake->on_read = read_echo;
	fake->on_write = write_echo;
	start(&ticker, fake, 1000); /* without end: the runner never runs dry */
	pthread_create(&running, NULL, run_slices, &runner);
	for (uint64_t i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){.fake = fake, .number = i};
		pthread_create(&threads[i], NULL, write_and_read, &clients[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(clients[i].done, ROUNDS);
		CU_ASSERT_EQUAL(clients[i].wrong, 0);
	}
	atomic_store(&runner.stop, true);
	pthread_join(running, NULL);
	CU_ASSERT(runner.slices > 0);
	CU_ASSERT(ticker.ticks > 0);
	CU_ASSERT_EQUAL(fake->writes, CLIENTS * ROUNDS);
	fake_close(fake);
}

static void *come_and_go(void *arg)
{
	uint64_t *wrong = arg;

	for (int i = 0; i < 50; i++) {
		struct fake *fake = fake_open();
		struct ticker ticker;
		uint64_t when = 0;

		start(&ticker, fake, 700);
		post(fake, 0, 1, 0);
		*wrong += fake->sim->read(fake->function, REGION, 0, 4, &when) != 1;
		if (i % 2)
			fake->sim->unplug(fake->function);
		post(fake, 0, 1, when);
		fake_close(fake);
	}
	return NULL;
}

static void chips_come_and_go_while_others_run(void)
{
	struct fake *fake = fake_open();
	struct runner runner = {.fake = fake};
	pthread_t threads[2], running;
	uint64_t wrong[2] = {0};
	struct ticker ticker;

	start(&ticker, fake, 1000);
	pthread_create(&running, NULL, run_slices, &runner);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, come_and_go, &wrong[i]);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(wrong[i], 0);
	}
	atomic_store(&runner.stop, true);
	pthread_join(running, NULL);
	fake_close(fake);
}

static const struct tap_case cases[] = {
	{"posted writes take effect in order of stamp, then arrival",
	 writes_take_effect_in_order_of_stamp_then_arrival},
	{"writes of one function never overtake each other, nor a read them",
	 writes_of_one_function_never_overtake},
	{"more writes than the inbox holds all arrive",
	 more_writes_than_the_inbox_holds_all_arrive},
	{"a read costs time and lets the chip run up to then",
	 a_read_costs_time_and_lets_the_chip_run_up_to_then},
	{"slices keep budget and bound, and end at interrupts",
	 slices_keep_budget_bound_and_end_at_interrupts},
	{"background events keep nobody awake, and time never goes back",
	 background_events_keep_nobody_awake_and_time_never_goes_back},
	{"relax goes to the next event or the bound", relax_goes_to_the_next_event_or_the_bound},
	{"a reset drops posted writes and interrupts", a_reset_drops_posted_writes_and_interrupts},
	{"a pulled function touches nothing any more", a_pulled_function_touches_nothing_any_more},
	{"accesses of odd width never reach the model",
	 accesses_of_odd_width_never_reach_the_model},
	{"DMA moves bytes of any size and alignment", dma_moves_bytes_of_any_size_and_alignment},
	{"only memory regions can be mapped", only_memory_regions_can_be_mapped},
	{"parked packets look again at doorbells and pokes",
	 parked_packets_look_again_at_doorbells_and_pokes},
	{"a resource serves one thing at a time", a_resource_serves_one_thing_at_a_time},
	{"violations are counted and the first 64 kept", violations_are_counted_and_the_first_kept},
	{"approximations are counted by name", approximations_are_counted_by_name},
	{"the caller's floating-point state stays outside",
	 the_callers_floating_point_state_stays_outside},
	{"memory costs what is touched", memory_costs_what_is_touched},
	{"zeroed memory costs nothing", zeroed_memory_costs_nothing},
	{"readers get their turn while another thread runs slices",
	 readers_get_their_turn_while_another_thread_runs_slices},
	{"chips come and go while others run", chips_come_and_go_while_others_run},
};

TAP_MAIN(cases)
