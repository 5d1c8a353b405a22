/* SPDX-License-Identifier: Apache-2.0 */
/* The step helper, with an engine that does what the test says and writes down what it was asked.
 */
#include <pthread.h>
#include <roadbed-driver/step.h>
#include <sched.h>
#include <string.h>

#include "tests/unit/edu/services.h"

enum { PART = 100, LOG = 4096 };

/*
 * Commands of the tests: FILL of `bytes` in parts of PART, each awaited; BARRIER is done at once;
 * CALLBACK cannot begin; WAIT_VALUE begins and then fails.
 */
struct engine {
	const struct road_cmd *running; /* NULL: idle */
	bool finished;                  /* its part ended, the interrupt came */
	unsigned begun, aborted;
	const struct road_drv_queue *order[LOG]; /* whose part began */
};

static struct engine engine;

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	CU_ASSERT_PTR_NULL(engine.running);
	if (engine.begun < LOG)
		engine.order[engine.begun] = queue;
	engine.begun++;
	switch (command->kind) {
	case ROAD_COMMAND_BARRIER: return ROAD_STEP_DONE;
	case ROAD_COMMAND_CALLBACK: return ROAD_STEP_FAILED;
	default: break;
	}
	CU_ASSERT(done < command->fill.bytes);
	engine.running = command;
	engine.finished = false;
	return ROAD_STEP_BUSY;
}

static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault)
{
	(void)queue;
	CU_ASSERT_PTR_EQUAL(engine.running, command);
	if (!engine.finished)
		return ROAD_STEP_BUSY;
	engine.running = NULL;
	if (command->kind == ROAD_COMMAND_WAIT_VALUE) {
		fault->kind = ROAD_FAULT_MEMORY;
		fault->address = 77;
		return ROAD_STEP_FAILED;
	}
	*done += PART;
	return *done >= command->fill.bytes ? ROAD_STEP_DONE : ROAD_STEP_BUSY;
}

static void abort_step(struct road_drv_queue *queue)
{
	(void)queue;
	engine.running = NULL;
	engine.aborted++;
}

static const struct road_step_ops step_ops = {begin, check, abort_step};

static const struct road_cmd barrier = {.kind = ROAD_COMMAND_BARRIER};
static const struct road_cmd one_part = {.kind = ROAD_COMMAND_FILL, .fill = {.bytes = PART}};
static const struct road_cmd three_parts = {.kind = ROAD_COMMAND_FILL, .fill = {.bytes = 3 * PART}};
static const struct road_cmd unknown = {.kind = ROAD_COMMAND_CALLBACK};
static const struct road_cmd fails = {.kind = ROAD_COMMAND_WAIT_VALUE, .fill = {.bytes = 1}};

static struct road_drv_device dev;
static struct road_stepper *stepper;

static void setup(void)
{
	memset(&engine, 0, sizeof(engine));
	CU_ASSERT_EQUAL_FATAL(road_stepper_create(&dev, &step_ops, &stepper), ROAD_OK);
}

static struct road_drv_queue open_queue(uint32_t depth)
{
	return (struct road_drv_queue){.dev = &dev, .depth = depth};
}

#define OPEN(name, depth)                               \
	struct road_drv_queue name = open_queue(depth); \
	CU_ASSERT_EQUAL_FATAL(road_step_queue_open(stepper, &name), ROAD_OK)

static road_status submit(struct road_drv_queue *queue, uint64_t sequence,
			  const struct road_cmd *commands, uint32_t count)
{
	const struct road_drv_submission s = {
		.sequence = sequence, .commands = commands, .count = count};

	return road_step_submit(stepper, queue, &s);
}

/* The part that runs ends, and its interrupt is delivered. */
static void interrupt(void)
{
	engine.finished = true;
	road_step_run(stepper);
}

static struct road_drv_progress progress_of(struct road_drv_queue *queue)
{
	struct road_drv_progress progress;

	road_step_advance(stepper, queue, &progress);
	return progress;
}

static void a_submission_completes_when_its_last_part_ended(void)
{
	setup();
	OPEN(queue, 4);
	const struct road_cmd commands[] = {barrier, three_parts, barrier, one_part};
	uint64_t ready = services_ready;

	CU_ASSERT_EQUAL(submit(&queue, 1, commands, 4), ROAD_OK);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_PTR_NOT_NULL(engine.running);
		CU_ASSERT_EQUAL(progress_of(&queue).completed, 0);
		road_step_run(stepper); /* not ours: nothing ended */
		CU_ASSERT_EQUAL(progress_of(&queue).completed, 0);
		interrupt();
	}
	CU_ASSERT_PTR_NULL(engine.running);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 1);
	CU_ASSERT_EQUAL(progress_of(&queue).failed_from, UINT64_MAX);
	CU_ASSERT(services_ready > ready);
	road_step_queue_close(stepper, &queue);
	road_stepper_destroy(stepper);
}

static void a_submission_without_commands_completes_behind_others(void)
{
	setup();
	OPEN(queue, 4);
	CU_ASSERT_EQUAL(submit(&queue, 1, NULL, 0), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 1);
	CU_ASSERT_EQUAL(submit(&queue, 2, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 3, NULL, 0), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 1);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 3);
	road_step_queue_close(stepper, &queue);
	road_stepper_destroy(stepper);
}

static void queues_take_turns_after_every_part(void)
{
	setup();
	OPEN(a, 4);
	OPEN(b, 4);
	OPEN(c, 4);
	CU_ASSERT_EQUAL(submit(&a, 1, &three_parts, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&b, 1, &three_parts, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&c, 1, &three_parts, 1), ROAD_OK);
	for (int i = 0; i < 9; i++)
		interrupt();
	CU_ASSERT_EQUAL(engine.begun, 9);
	for (unsigned i = 0; i + 2 < 9; i++) { /* any three in a row are of three queues */
		CU_ASSERT_PTR_NOT_EQUAL(engine.order[i], engine.order[i + 1]);
		CU_ASSERT_PTR_NOT_EQUAL(engine.order[i], engine.order[i + 2]);
	}
	CU_ASSERT_EQUAL(progress_of(&a).completed, 1);
	CU_ASSERT_EQUAL(progress_of(&b).completed, 1);
	CU_ASSERT_EQUAL(progress_of(&c).completed, 1);
	road_step_queue_close(stepper, &b);
	road_step_queue_close(stepper, &a);
	road_step_queue_close(stepper, &c);
	road_stepper_destroy(stepper);
}

static void a_full_queue_is_not_ready(void)
{
	setup();
	OPEN(queue, 3);
	for (uint64_t i = 1; i <= 3; i++)
		CU_ASSERT_EQUAL(submit(&queue, i, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 4, &one_part, 1), ROAD_NOT_READY);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 1);
	CU_ASSERT_EQUAL(submit(&queue, 4, &one_part, 1), ROAD_OK);
	for (int i = 0; i < 3; i++)
		interrupt();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 4);
	road_step_queue_close(stepper, &queue);
	road_stepper_destroy(stepper);
}

static void a_failure_takes_all_behind_it_until_reset(void)
{
	setup();
	OPEN(queue, 8);
	OPEN(other, 8);
	CU_ASSERT_EQUAL(submit(&queue, 1, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 2, &fails, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 3, &one_part, 1), ROAD_OK);
	interrupt();
	interrupt();
	struct road_drv_progress progress = progress_of(&queue);

	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_MEMORY);
	CU_ASSERT_EQUAL(progress.fault.address, 77);
	CU_ASSERT_PTR_NULL(engine.running);
	unsigned begun = engine.begun;

	/* A submission that was on its way fails with the rest; it does not run. */
	CU_ASSERT_EQUAL(submit(&queue, 4, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(engine.begun, begun);
	CU_ASSERT_EQUAL(progress_of(&queue).failed_from, 2);
	/* Other queues go on. */
	CU_ASSERT_EQUAL(submit(&other, 1, &one_part, 1), ROAD_OK);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&other).completed, 1);

	CU_ASSERT_EQUAL(road_step_queue_reset(stepper, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&queue).failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 0);
	CU_ASSERT_EQUAL(submit(&queue, 1, &one_part, 1), ROAD_OK);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 1);
	road_step_queue_close(stepper, &queue);
	road_step_queue_close(stepper, &other);
	road_stepper_destroy(stepper);
}

static void what_cannot_begin_is_a_fault_that_says_so(void)
{
	setup();
	OPEN(queue, 8);
	const struct road_cmd commands[] = {barrier, unknown};

	CU_ASSERT_EQUAL(submit(&queue, 1, commands, 2), ROAD_OK);
	struct road_drv_progress progress = progress_of(&queue);

	CU_ASSERT_EQUAL(progress.failed_from, 1);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_PACKET);
	CU_ASSERT_PTR_NOT_NULL(strstr(progress.fault.text, "command 1"));
	road_step_queue_close(stepper, &queue);
	road_stepper_destroy(stepper);
}

static void reset_stops_the_running_command_and_lets_others_go_on(void)
{
	setup();
	OPEN(queue, 8);
	OPEN(other, 8);
	CU_ASSERT_EQUAL(submit(&queue, 1, &three_parts, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&other, 1, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_step_queue_reset(stepper, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(engine.aborted, 1);
	CU_ASSERT_PTR_EQUAL(engine.running, &one_part); /* the other queue's turn came */
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&other).completed, 1);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, 0);
	CU_ASSERT_EQUAL(engine.begun, 2);
	/* A queue that does not have the engine is reset without stopping anything. */
	CU_ASSERT_EQUAL(submit(&other, 2, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&queue, 1, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_step_queue_reset(stepper, &queue), ROAD_OK);
	CU_ASSERT_EQUAL(engine.aborted, 1);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&other).completed, 2);
	CU_ASSERT_PTR_NULL(engine.running);
	road_step_queue_close(stepper, &queue);
	road_step_queue_close(stepper, &other);
	road_stepper_destroy(stepper);
}

static void closing_stops_the_running_command_and_lets_others_go_on(void)
{
	setup();
	OPEN(queue, 8);
	OPEN(other, 8);
	CU_ASSERT_EQUAL(submit(&queue, 1, &three_parts, 1), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&other, 1, &one_part, 1), ROAD_OK);
	road_step_queue_close(stepper, &queue);
	CU_ASSERT_EQUAL(engine.aborted, 1);
	CU_ASSERT_PTR_EQUAL(engine.running, &one_part);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&other).completed, 1);
	road_step_queue_close(stepper, &other);
	road_step_run(stepper); /* a late interrupt finds no queue */
	road_stepper_destroy(stepper);
}

static void a_device_reset_fails_all_queues_until_each_is_reset(void)
{
	setup();
	OPEN(a, 8);
	OPEN(b, 8);
	CU_ASSERT_EQUAL(submit(&a, 1, &three_parts, 1), ROAD_OK);
	road_step_fail_all(stepper, ROAD_CANCELLED);
	CU_ASSERT_EQUAL(engine.aborted, 1);
	CU_ASSERT_PTR_NULL(engine.running);
	CU_ASSERT_EQUAL(progress_of(&a).failed_from, 1);
	CU_ASSERT_EQUAL(progress_of(&a).status, ROAD_CANCELLED);
	CU_ASSERT_EQUAL(progress_of(&a).fault.kind, ROAD_FAULT_NONE);
	CU_ASSERT_EQUAL(submit(&b, 1, &one_part, 1), ROAD_OK); /* fails, too */
	CU_ASSERT_EQUAL(progress_of(&b).failed_from, 1);
	CU_ASSERT_PTR_NULL(engine.running);
	CU_ASSERT_EQUAL(road_step_queue_reset(stepper, &b), ROAD_OK);
	CU_ASSERT_EQUAL(submit(&b, 1, &one_part, 1), ROAD_OK);
	interrupt();
	CU_ASSERT_EQUAL(progress_of(&b).completed, 1);
	road_step_queue_close(stepper, &a);
	road_step_queue_close(stepper, &b);
	road_stepper_destroy(stepper);
}

static void on_a_lost_device_everything_fails_for_good(void)
{
	setup();
	OPEN(a, 8);
	CU_ASSERT_EQUAL(submit(&a, 1, &one_part, 1), ROAD_OK);
	interrupt();
	CU_ASSERT_EQUAL(submit(&a, 2, &three_parts, 1), ROAD_OK);
	road_step_fail_all(stepper, ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(progress_of(&a).completed, 1);
	CU_ASSERT_EQUAL(progress_of(&a).failed_from, 2);
	CU_ASSERT_EQUAL(progress_of(&a).status, ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_step_queue_reset(stepper, &a), ROAD_OK);
	unsigned begun = engine.begun;

	CU_ASSERT_EQUAL(submit(&a, 1, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&a).failed_from, 1);
	CU_ASSERT_EQUAL(progress_of(&a).status, ROAD_DEVICE_LOST);
	OPEN(b, 8);
	CU_ASSERT_EQUAL(submit(&b, 1, &one_part, 1), ROAD_OK);
	CU_ASSERT_EQUAL(progress_of(&b).status, ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(engine.begun, begun);
	road_step_queue_close(stepper, &a);
	road_step_queue_close(stepper, &b);
	road_stepper_destroy(stepper);
}

/* ---- threads: several submit on queues of their own, one plays the interrupt ---- */

enum { THREADS = 4, SUBMISSIONS = 2000, DEPTH = 16 };

struct submitter {
	pthread_t thread;
	struct road_drv_queue queue;
	bool in_order;
};

static _Atomic bool stop_interrupts;
/* The chip's side: the stepper's lock orders begin and check, the interrupt line is outside. */
static pthread_mutex_t chip = PTHREAD_MUTEX_INITIALIZER;
static bool chip_busy, chip_done;

static enum road_step begin_on_chip(struct road_drv_queue *queue, const struct road_cmd *command,
				    uint64_t done)
{
	enum road_step step = begin(queue, command, done);

	pthread_mutex_lock(&chip);
	chip_busy = step == ROAD_STEP_BUSY;
	chip_done = false;
	pthread_mutex_unlock(&chip);
	return step;
}

static enum road_step check_on_chip(struct road_drv_queue *queue, const struct road_cmd *command,
				    uint64_t *done, struct road_fault *fault)
{
	pthread_mutex_lock(&chip);
	engine.finished = chip_done;
	pthread_mutex_unlock(&chip);
	return check(queue, command, done, fault);
}

static const struct road_step_ops chip_ops = {begin_on_chip, check_on_chip, abort_step};

static void *interrupts(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop_interrupts)) {
		pthread_mutex_lock(&chip);
		bool raise = chip_busy;

		chip_busy = false;
		chip_done |= raise;
		pthread_mutex_unlock(&chip);
		if (raise)
			road_step_run(stepper);
		else
			sched_yield();
	}
	return NULL;
}

static void *submitter(void *argument)
{
	struct submitter *self = argument;
	struct road_drv_progress progress = {0};
	uint64_t before = 0;

	self->in_order = true;
	for (uint64_t next = 1; progress.completed < SUBMISSIONS;) {
		const struct road_cmd *command = next % 3 ? &one_part : &three_parts;

		if (next <= SUBMISSIONS && submit(&self->queue, next, command, 1) == ROAD_OK)
			next++;
		road_step_advance(stepper, &self->queue, &progress);
		self->in_order &= progress.completed >= before && progress.completed < next;
		if (progress.completed == before)
			sched_yield();
		before = progress.completed;
	}
	return NULL;
}

static void threads_submit_while_another_plays_the_interrupt(void)
{
	struct submitter threads[THREADS];
	pthread_t irq;
	unsigned parts = 0;

	memset(&engine, 0, sizeof(engine));
	atomic_store(&stop_interrupts, false);
	CU_ASSERT_EQUAL_FATAL(road_stepper_create(&dev, &chip_ops, &stepper), ROAD_OK);
	for (int i = 0; i < THREADS; i++) {
		threads[i].queue = open_queue(DEPTH);
		CU_ASSERT_EQUAL_FATAL(road_step_queue_open(stepper, &threads[i].queue), ROAD_OK);
	}
	CU_ASSERT_EQUAL_FATAL(pthread_create(&irq, NULL, interrupts, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&threads[i].thread, NULL, submitter, &threads[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	atomic_store(&stop_interrupts, true);
	pthread_join(irq, NULL);
	for (unsigned i = 1; i <= SUBMISSIONS; i++)
		parts += i % 3 ? 1 : 3;
	CU_ASSERT_EQUAL(engine.begun, parts * THREADS);
	for (int i = 0; i < THREADS; i++) {
		CU_ASSERT(threads[i].in_order);
		CU_ASSERT_EQUAL(progress_of(&threads[i].queue).completed, SUBMISSIONS);
		road_step_queue_close(stepper, &threads[i].queue);
	}
	road_stepper_destroy(stepper);
}

static const struct tap_case cases[] = {
	{"a submission completes when its last part ended",
	 a_submission_completes_when_its_last_part_ended},
	{"a submission without commands completes behind others",
	 a_submission_without_commands_completes_behind_others},
	{"queues take turns after every part", queues_take_turns_after_every_part},
	{"a full queue is not ready", a_full_queue_is_not_ready},
	{"a failure takes all behind it until reset", a_failure_takes_all_behind_it_until_reset},
	{"what cannot begin is a fault that says so", what_cannot_begin_is_a_fault_that_says_so},
	{"reset stops the running command and lets others go on",
	 reset_stops_the_running_command_and_lets_others_go_on},
	{"closing stops the running command and lets others go on",
	 closing_stops_the_running_command_and_lets_others_go_on},
	{"a device reset fails all queues until each is reset",
	 a_device_reset_fails_all_queues_until_each_is_reset},
	{"on a lost device everything fails for good", on_a_lost_device_everything_fails_for_good},
	{"threads submit while another plays the interrupt",
	 threads_submit_while_another_plays_the_interrupt},
};

TAP_MAIN(cases)
