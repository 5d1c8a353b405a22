/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of the host driver: order, turns, parking, failure, threads. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "tests/unit/host/fixture.h"

static const struct road_cmd barrier = {.kind = ROAD_COMMAND_BARRIER};

/* A command that appends nothing but its turn: stores `value` to `word`. */
static struct road_cmd store_of(uint64_t *word, uint64_t value)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_WRITE_VALUE,
				 .word = {.at = at(word), .bytes = 8, .value = value}};
}

static struct road_cmd wait_of(uint64_t *word, uint64_t value)
{
	return (struct road_cmd){
		.kind = ROAD_COMMAND_WAIT_VALUE,
		.word = {.at = at(word), .bytes = 8, .compare = ROAD_COMPARE_EQ, .value = value}};
}

static void submit_runs_nothing_and_tells_that_there_is_work(void)
{
	struct fixture f;
	struct road_drv_queue queue;
	uint64_t word = 0, ready = services_ready, pokes = services_pokes;
	struct road_cmd command = store_of(&word, 5);

	setup(&f);
	open_queue(&f, &queue, 4);
	CU_ASSERT_FALSE(is_pending());
	CU_ASSERT_FALSE(run_once().ran);
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, &command, 1), ROAD_OK);
	CU_ASSERT_EQUAL(word, 0);
	CU_ASSERT_TRUE(is_pending());
	CU_ASSERT_EQUAL(services_pokes, pokes + 1);
	CU_ASSERT_EQUAL(services_ready, ready);
	CU_ASSERT_TRUE(run_once().ran);
	CU_ASSERT_EQUAL(word, 5);
	CU_ASSERT_EQUAL(services_ready, ready + 1);
	CU_ASSERT_FALSE(is_pending());
	f.ops->queue_close(&queue);
	teardown(&f);
}

static void queues_take_turns_command_by_command(void)
{
	enum { QUEUES = 3, COMMANDS = 5 };
	struct fixture f;
	struct road_drv_queue queues[QUEUES];
	uint64_t words[QUEUES] = {0};
	struct road_cmd commands[QUEUES][COMMANDS];

	setup(&f);
	for (int q = 0; q < QUEUES; q++) {
		open_queue(&f, &queues[q], 4);
		for (unsigned c = 0; c < COMMANDS; c++)
			commands[q][c] = store_of(&words[q], c + 1);
		CU_ASSERT_EQUAL(submit(&f, &queues[q], 1, commands[q], COMMANDS), ROAD_OK);
	}
	for (uint64_t c = 1; c <= COMMANDS; c++) {
		struct road_progress progress = run_once();

		CU_ASSERT_TRUE(progress.ran);
		CU_ASSERT_EQUAL(progress.more, c < COMMANDS);
		for (int q = 0; q < QUEUES; q++) {
			CU_ASSERT_EQUAL(words[q], c);
			CU_ASSERT_EQUAL(progress_of(&f, &queues[q]).completed, c == COMMANDS);
		}
	}
	for (int q = 0; q < QUEUES; q++)
		f.ops->queue_close(&queues[q]);
	teardown(&f);
}

static void submissions_complete_in_order_round_the_ring(void)
{
	struct fixture f;
	struct road_drv_queue queue;
	uint64_t sequence = 0, expected = 0;

	setup(&f);
	open_queue(&f, &queue, 3); /* no power of two */
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 3; i++) {
			const struct road_cmd *command = round % 2 ? &barrier : NULL;

			CU_ASSERT_EQUAL(submit(&f, &queue, ++sequence, command, command != NULL),
					ROAD_OK);
		}
		CU_ASSERT_EQUAL(submit(&f, &queue, sequence + 1, NULL, 0), ROAD_NOT_READY);
		for (int i = 0; i < 3; i++) {
			run_once();
			CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, ++expected);
		}
	}
	CU_ASSERT_FALSE(is_pending());
	f.ops->queue_close(&queue);
	teardown(&f);
}

static void a_queue_that_waits_for_a_word_is_parked_until_it_is_stored(void)
{
	struct fixture f;
	struct road_drv_queue queue, other;
	uint64_t word = 0, after = 0;
	struct road_cmd commands[] = {wait_of(&word, 7), store_of(&after, 1)};
	struct road_cmd release = store_of(&word, 7);
	struct road_progress progress;

	setup(&f);
	open_queue(&f, &queue, 4);
	open_queue(&f, &other, 4);
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, commands, 2), ROAD_OK);
	progress = run_once();
	CU_ASSERT_FALSE(progress.ran);
	CU_ASSERT_FALSE(progress.more); /* waiters may sleep */
	CU_ASSERT_TRUE(progress.watching);
	CU_ASSERT_FALSE(is_pending());
	CU_ASSERT_EQUAL(submit(&f, &queue, 2, commands + 1, 1), ROAD_OK);
	CU_ASSERT_FALSE(is_pending()); /* it stands behind the one that waits */
	CU_ASSERT_TRUE(run_once().watching);
	CU_ASSERT_EQUAL(after, 0);

	/* Another queue stores it: that is noticed without anyone looking at the clock. */
	CU_ASSERT_EQUAL(submit(&f, &other, 1, &release, 1), ROAD_OK);
	run_all();
	CU_ASSERT_EQUAL(after, 1);
	CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, 2);
	CU_ASSERT_FALSE(run_once().watching);

	/* The host stores it. */
	word = after = 0;
	CU_ASSERT_EQUAL(submit(&f, &queue, 3, commands, 2), ROAD_OK);
	run_all();
	CU_ASSERT_EQUAL(after, 0);
	__atomic_store_n(&word, 7, __ATOMIC_RELEASE);
	run_all();
	CU_ASSERT_EQUAL(after, 1);
	CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, 3);
	f.ops->queue_close(&queue);
	f.ops->queue_close(&other);
	teardown(&f);
}

/* A parked queue may be looked at before the store that it waits for runs: then there is more to
 * do, and nobody may go to sleep over it. */
static void what_ran_may_release_a_parked_queue(void)
{
	struct fixture f;
	struct road_drv_queue first, second, other;
	uint64_t word = 0;
	unsigned seen = 0;

	setup(&f);
	open_queue(&f, &first, 4);
	open_queue(&f, &second, 4);
	open_queue(&f, &other, 4);
	for (uint64_t round = 1; round <= 12; round++) {
		struct road_cmd wait = wait_of(&word, round), release = store_of(&word, round);

		CU_ASSERT_EQUAL(submit(&f, &first, round, &wait, 1), ROAD_OK);
		CU_ASSERT_EQUAL(submit(&f, &second, round, &wait, 1), ROAD_OK);
		for (uint64_t i = 0; i < 1 + round % 3; i++)
			run_once();
		CU_ASSERT_EQUAL(submit(&f, &other, round, &release, 1), ROAD_OK);
		struct road_progress progress = run_once();

		CU_ASSERT_TRUE(progress.ran);
		CU_ASSERT_EQUAL(progress.more, progress.watching);
		seen += progress.watching;
		run_all();
		CU_ASSERT_EQUAL(progress_of(&f, &first).completed, round);
		CU_ASSERT_EQUAL(progress_of(&f, &second).completed, round);
	}
	CU_ASSERT(seen > 0);
	f.ops->queue_close(&first);
	f.ops->queue_close(&second);
	f.ops->queue_close(&other);
	teardown(&f);
}

static void a_parked_queue_can_be_reset_and_closed(void)
{
	struct fixture f;
	struct road_drv_queue queue;
	uint64_t word = 0, after = 0;
	struct road_cmd wait = wait_of(&word, 7), store = store_of(&after, 9);

	setup(&f);
	open_queue(&f, &queue, 4);
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, &wait, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&f, &queue, 2, &store, 1), ROAD_OK);
	run_all();
	CU_ASSERT_EQUAL(f.ops->queue_reset(&queue), ROAD_OK);
	CU_ASSERT_FALSE(run_once().watching);
	CU_ASSERT_FALSE(is_pending());
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, &store, 1), ROAD_OK);
	CU_ASSERT_TRUE(is_pending());
	run_all();
	CU_ASSERT_EQUAL(after, 9);
	CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, 1);
	CU_ASSERT_EQUAL(submit(&f, &queue, 2, &wait, 1), ROAD_OK);
	run_all();
	f.ops->queue_close(&queue);
	CU_ASSERT_FALSE(run_once().watching);
	CU_ASSERT_FALSE(is_pending());
	teardown(&f);
}

/* ---- failure ---- */

static int refuse_third(const road_host_group *group, const void *arguments)
{
	(void)arguments;
	return group->group.x == 2 && group->group.y == 1 ? -3 : 0;
}

static const road_host_kernel refusing = {"refuse_third", refuse_third, 0, 0, NULL};
static struct host_kernel refusing_own = {&refusing, NULL};
static struct road_drv_kernel refusing_kernel = {.data = &refusing_own};

static void a_kernel_that_refuses_fails_its_submission_and_all_behind_it(void)
{
	struct fixture f;
	struct road_drv_queue queue, other;
	uint64_t word = 0;
	struct road_cmd launch = {
		.kind = ROAD_COMMAND_LAUNCH,
		.launch = {.kernel = &refusing_kernel, .grid = {4, 2, 1}, .block = {1, 1, 1}}};
	struct road_cmd store = store_of(&word, 1);

	setup(&f);
	open_queue(&f, &queue, 8);
	open_queue(&f, &other, 8);
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, &barrier, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&f, &queue, 2, &launch, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&f, &queue, 3, &store, 1), ROAD_OK);
	run_all();
	struct road_drv_progress progress = progress_of(&f, &queue);

	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_TRAP);
	CU_ASSERT_STRING_EQUAL(progress.fault.kernel, "refuse_third");
	CU_ASSERT_EQUAL(progress.fault.workgroup[0], 2);
	CU_ASSERT_EQUAL(progress.fault.workgroup[1], 1);
	CU_ASSERT_EQUAL(progress.fault.workgroup[2], 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(progress.fault.text, "-3"));
	CU_ASSERT_EQUAL(submit(&f, &queue, 4, &store, 1), ROAD_OK); /* was on its way: fails, too */
	run_all();
	CU_ASSERT_EQUAL(word, 0);
	CU_ASSERT_FALSE(is_pending());
	CU_ASSERT_EQUAL(submit(&f, &other, 1, &store, 1), ROAD_OK);
	run_all();
	CU_ASSERT_EQUAL(word, 1);
	CU_ASSERT_EQUAL(f.ops->queue_reset(&queue), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&f, &queue).failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(progress_of(&f, &queue).completed, 0);
	store.word.value = 2;
	CU_ASSERT_EQUAL(submit(&f, &queue, 1, &store, 1), ROAD_OK);
	run_all();
	CU_ASSERT_EQUAL(word, 2);
	f.ops->queue_close(&queue);
	f.ops->queue_close(&other);
	teardown(&f);
}

/* ---- threads ---- */

enum { THREADS = 4, SUBMISSIONS = 5000, DEPTH = 16 };

static _Atomic bool stop_running;

static void *runner(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop_running))
		if (!run_once().ran)
			sched_yield();
	return NULL;
}

struct submitter {
	struct fixture *f;
	pthread_t thread;
	struct road_drv_queue queue;
	uint64_t word;
	bool in_order;
};

/* Each submission counts a word up; completion makes the count visible here. */
static void *submitter(void *argument)
{
	struct submitter *self = argument;
	static struct road_cmd commands[THREADS][DEPTH];
	static _Atomic int next_slot;
	struct road_cmd *mine = commands[atomic_fetch_add(&next_slot, 1)];
	uint64_t next = 1, completed = 0;

	self->in_order = true;
	while (completed < SUBMISSIONS) {
		if (next <= SUBMISSIONS && next - completed <= DEPTH) {
			mine[next % DEPTH] = store_of(&self->word, next);
			if (submit(self->f, &self->queue, next, &mine[next % DEPTH], 1) == ROAD_OK)
				next++;
		}
		uint64_t now = progress_of(self->f, &self->queue).completed;

		self->in_order &= now >= completed && now < next && road_load64(&self->word) >= now;
		if (now == completed)
			sched_yield();
		completed = now;
	}
	return NULL;
}

static void threads_submit_while_another_runs(void)
{
	struct fixture f;
	struct submitter threads[THREADS] = {0};
	pthread_t running;

	setup(&f);
	atomic_store(&stop_running, false);
	for (int i = 0; i < THREADS; i++) {
		threads[i].f = &f;
		open_queue(&f, &threads[i].queue, DEPTH);
	}
	CU_ASSERT_EQUAL_FATAL(pthread_create(&running, NULL, runner, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&threads[i].thread, NULL, submitter, &threads[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	atomic_store(&stop_running, true);
	pthread_join(running, NULL);
	for (int i = 0; i < THREADS; i++) {
		CU_ASSERT_TRUE(threads[i].in_order);
		CU_ASSERT_EQUAL(threads[i].word, SUBMISSIONS);
		f.ops->queue_close(&threads[i].queue);
	}
	CU_ASSERT_FALSE(is_pending());
	teardown(&f);
}

struct gate {
	_Atomic bool entered, open, left;
};

static int pass_gate(const road_host_group *group, const void *arguments)
{
	struct gate *gate = *(struct gate *const *)arguments;

	(void)group;
	atomic_store(&gate->entered, true);
	while (!atomic_load(&gate->open))
		;
	atomic_store(&gate->left, true);
	return 0;
}

static const road_host_kernel gate_kernel = {"pass_gate", pass_gate, 1, 0, NULL};
static struct host_kernel gate_own = {&gate_kernel, NULL};
static struct road_drv_kernel gate_drv = {.data = &gate_own};

struct closing {
	struct fixture *f;
	struct road_drv_queue queue;
	struct gate gate;
	bool left_before_close_returned;
};

static void *closer(void *argument)
{
	struct closing *self = argument;

	self->f->ops->queue_close(&self->queue);
	self->left_before_close_returned = atomic_load(&self->gate.left);
	return NULL;
}

/* A queue is closed while its command runs; another one is parked meanwhile. */
static void closing_awaits_the_command_that_runs(void)
{
	struct fixture f;
	struct closing closing = {.f = &f};
	struct gate *gate = &closing.gate;
	struct road_cmd launch = {.kind = ROAD_COMMAND_LAUNCH,
				  .launch = {.kernel = &gate_drv,
					     .grid = {1, 1, 1},
					     .block = {1, 1, 1},
					     .arguments = &gate,
					     .argument_bytes = 8}};
	uint64_t word = 0;
	struct road_cmd wait = wait_of(&word, 1);
	struct road_drv_queue parked;
	pthread_t running, closes;

	setup(&f);
	open_queue(&f, &closing.queue, 4);
	open_queue(&f, &parked, 4);
	CU_ASSERT_EQUAL(submit(&f, &closing.queue, 1, &launch, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&f, &parked, 1, &wait, 1), ROAD_OK);
	atomic_store(&stop_running, false);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&running, NULL, runner, NULL), 0);
	while (!atomic_load(&gate->entered))
		;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&closes, NULL, closer, &closing), 0);
	/* Time for a closer that does not wait to get away with it; a good one is never late. */
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	CU_ASSERT_EQUAL(progress_of(&f, &parked).completed, 0);
	atomic_store(&gate->open, true);
	pthread_join(closes, NULL);
	CU_ASSERT_TRUE(closing.left_before_close_returned);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	while (!progress_of(&f, &parked).completed)
		;
	atomic_store(&stop_running, true);
	pthread_join(running, NULL);
	f.ops->queue_close(&parked);
	CU_ASSERT_FALSE(is_pending());
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"submit runs nothing and tells that there is work",
	 submit_runs_nothing_and_tells_that_there_is_work},
	{"queues take turns command by command", queues_take_turns_command_by_command},
	{"submissions complete in order round the ring",
	 submissions_complete_in_order_round_the_ring},
	{"a queue that waits for a word is parked until it is stored",
	 a_queue_that_waits_for_a_word_is_parked_until_it_is_stored},
	{"what ran may release a parked queue", what_ran_may_release_a_parked_queue},
	{"a parked queue can be reset and closed", a_parked_queue_can_be_reset_and_closed},
	{"a kernel that refuses fails its submission and all behind it",
	 a_kernel_that_refuses_fails_its_submission_and_all_behind_it},
	{"threads submit while another runs", threads_submit_while_another_runs},
	{"closing awaits the command that runs", closing_awaits_the_command_that_runs},
};

TAP_MAIN(cases)
