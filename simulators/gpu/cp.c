/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command processor: takes packets from the queues that have some, one at a time, highest
 * priority first and in turns among equals, as long as firmware says; starts them in order within
 * their queue. Packets in flight overlap unless the barrier bit says otherwise. Where the chip has
 * several functions it goes round those that have packets, one at a time; priorities and turns are
 * each function's own.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

bool road_gpu_launches_full(const struct gpu_function *function)
{
	const struct gpu_chip *chip = function->chip;
	const uint32_t share = GPU_LAUNCHES / chip->function_count;

	return chip->launches == GPU_LAUNCHES || function->launches >= (share ? share : 1);
}

bool road_gpu_queue_runnable(const struct gpu_queue *queue)
{
	const struct gpu_chip *chip = queue->function->chip;

	if (queue->life != GPU_QUEUE_OPEN || queue->parked || queue->hold ||
	    !sim_boot_works(chip->boot))
		return false;
	if (!queue->have)
		return queue->fetched < queue->doorbell;
	if (queue->packet.header & ROAD_GPU_PACKET_BARRIER && queue->in_flight)
		return false;
	return queue->in_flight < GPU_IN_FLIGHT &&
	       !(queue->op->launch && road_gpu_launches_full(queue->function));
}

/* Is it still a queue's turn then, by the firmware's quantum? */
static bool is_on(const struct gpu_chip *chip, const struct gpu_ready *ready, uint64_t then)
{
	return ready->turn && then - ready->turn_ps < chip->quantum_ps;
}

static void push(struct gpu_chip *chip, struct gpu_queue *queue)
{
	struct gpu_ready *ready = &queue->function->ready[queue->priority];

	queue->ready = true;
	queue->next_ready = NULL;
	if (chip->quantum_ps && ready->turn == queue &&
	    is_on(chip, ready, sim_now(chip->env) + chip->packet_ps)) {
		queue->next_ready = ready->head;
		ready->head = queue;
	} else if (ready->tail) {
		ready->tail->next_ready = queue;
	} else {
		ready->head = queue;
	}
	if (!queue->next_ready)
		ready->tail = queue;
}

static struct gpu_queue *pop_of(struct gpu_function *function)
{
	struct gpu_chip *chip = function->chip;

	for (uint32_t p = 0; p < GPU_PRIORITIES; p++) {
		struct gpu_ready *ready = &function->ready[p];
		struct gpu_queue *queue = ready->head;

		if (!queue)
			continue;
		ready->head = queue->next_ready;
		if (!queue->next_ready)
			ready->tail = NULL;
		queue->ready = false;
		/* Others may fill gaps in a turn, and do not end it. */
		if (chip->quantum_ps && !is_on(chip, ready, sim_now(chip->env))) {
			ready->turn = queue;
			ready->turn_ps = sim_now(chip->env);
		}
		return queue;
	}
	return NULL;
}

static struct gpu_queue *pop(struct gpu_chip *chip)
{
	struct gpu_queue *queue = NULL;

	for (uint32_t i = 0; i < chip->function_count && !queue; i++) {
		queue = pop_of(&chip->functions[chip->turn]);
		chip->turn = chip->turn + 1 == chip->function_count ? 0 : chip->turn + 1;
	}
	return queue;
}

static bool any_ready(const struct gpu_chip *chip)
{
	for (uint32_t f = 0; f < chip->function_count; f++)
		for (uint32_t p = 0; p < GPU_PRIORITIES; p++)
			if (chip->functions[f].ready[p].head)
				return true;
	return false;
}

void road_gpu_cp_kick(struct gpu_queue *queue)
{
	struct gpu_chip *chip = queue->function->chip;

	if (queue->ready || !road_gpu_queue_runnable(queue))
		return;
	push(chip, queue);
	if (!chip->cp.slot)
		sim_schedule(chip->env, &chip->cp, sim_now(chip->env) + chip->packet_ps);
}

void road_gpu_cp_kick_all(struct gpu_chip *chip)
{
	for (uint32_t f = 0; f < chip->function_count; f++)
		for (uint32_t i = 0; i < chip->params.queues; i++)
			road_gpu_cp_kick(&chip->functions[f].queues[i]);
}

enum gpu_start road_gpu_fail(struct road_gpu_queue_status *why, enum road_gpu_fault fault,
			     uint64_t address, uint64_t detail)
{
	why->fault = (uint32_t)fault;
	why->address = address;
	why->detail = detail;
	return GPU_START_FAULT;
}

enum road_gpu_fault road_gpu_signal(struct gpu_function *function, uint64_t address)
{
	int64_t *signal;

	if (!address)
		return ROAD_GPU_FAULT_NONE;
	if (address % sizeof(*signal))
		return ROAD_GPU_FAULT_MISALIGNED;
	signal = sim_dma_window(function->chip->env, function->index, address, sizeof(*signal),
				true);
	if (!signal)
		return ROAD_GPU_FAULT_DMA;
	if ((uintptr_t)signal % sizeof(*signal))
		return ROAD_GPU_FAULT_MISALIGNED;
	__atomic_fetch_sub(signal, 1, __ATOMIC_RELEASE);
	function->chip->counters.signals++;
	return ROAD_GPU_FAULT_NONE;
}

/* The packet that `queue` holds has taken effect. */
static void complete(struct gpu_queue *queue)
{
	const union gpu_packet *packet = &queue->packet;
	struct road_gpu_queue_status why = {0};
	uint64_t completion = packet->barrier.completion;
	enum road_gpu_fault fault;

	queue->have = false;
	if (!queue->op->signal)
		return;
	fault = road_gpu_signal(queue->function, completion);
	if (fault) {
		road_gpu_fail(&why, fault, completion, sizeof(uint64_t));
		road_gpu_queue_fault(queue, queue->fetched - 1, &why);
	}
}

static void park(struct gpu_queue *queue)
{
	struct gpu_chip *chip = queue->function->chip;

	if (queue->parked)
		return;
	queue->parked = true;
	queue->next_parked = chip->parked;
	chip->parked = queue;
	queue->watching = !queue->op->retry;
	if (queue->watching)
		sim_watch_begin(chip->env);
}

static void start(struct gpu_queue *queue)
{
	struct road_gpu_queue_status why = {0};

	switch (queue->op->start(queue, &queue->packet, &why)) {
	case GPU_START_DONE:
		road_gpu_queue_unpark(queue);
		complete(queue);
		break;
	case GPU_START_ASYNC:
		road_gpu_queue_unpark(queue);
		queue->have = false;
		break;
	case GPU_START_PARK: park(queue); break;
	case GPU_START_FAULT: road_gpu_queue_fault(queue, queue->fetched - 1, &why); break;
	}
}

/* The packet that was just fetched: known and well-formed? */
static bool recognise(struct gpu_queue *queue)
{
	struct road_gpu_queue_status why = {0};

	queue->op = road_gpu_packet_find(queue->function->chip, &queue->packet, &why);
	if (!queue->op)
		road_gpu_queue_fault(queue, queue->fetched - 1, &why);
	return queue->op != NULL;
}

static void serve(struct gpu_queue *queue)
{
	struct road_gpu_queue_status why = {0};

	if (!queue->have && !road_gpu_queue_fetch(queue)) {
		road_gpu_fail(&why, ROAD_GPU_FAULT_DMA, queue->ring, ROAD_GPU_PACKET_BYTES);
		road_gpu_queue_fault(queue, queue->fetched - 1, &why);
		return;
	}
	/* A packet that was held up was recognised when it was fetched. */
	if (!queue->op && !recognise(queue))
		return;
	if (!road_gpu_queue_runnable(queue))
		return;
	start(queue);
	if (!queue->have)
		queue->op = NULL;
}

/* After a packet started or ended: on to the next one, or idle. */
static void settle(struct gpu_queue *queue)
{
	struct gpu_ready *ready = &queue->function->ready[queue->priority];

	if (road_gpu_queue_state(queue) != ROAD_GPU_QUEUE_RUNNING) {
		queue->warm = false;
		if (ready->turn == queue)
			ready->turn = NULL;
	}
	road_gpu_cp_kick(queue);
}

void road_gpu_cp_run(void *arg)
{
	struct gpu_chip *chip = arg;
	struct gpu_queue *queue = pop(chip);

	if (queue && road_gpu_queue_runnable(queue)) {
		serve(queue);
		settle(queue);
	}
	if (!chip->cp.slot && any_ready(chip))
		sim_schedule(chip->env, &chip->cp, sim_now(chip->env) + chip->packet_ps);
	road_gpu_cp_retry(chip);
}

/* Each parked packet starts again as if it had just come. */
static bool retry(struct gpu_chip *chip)
{
	struct gpu_queue *queue = chip->parked, *next;
	bool moved = false;

	for (; queue; queue = next) {
		next = queue->next_parked;
		start(queue);
		if (!queue->have)
			queue->op = NULL;
		moved |= !queue->parked;
		settle(queue);
	}
	return moved;
}

void road_gpu_cp_retry(struct gpu_chip *chip)
{
	while (chip->parked && retry(chip))
		; /* what moved may have written what another one waits for */
}

struct gpu_work *road_gpu_work_new(struct gpu_queue *queue, uint64_t completion)
{
	struct gpu_chip *chip = queue->function->chip;
	struct gpu_work *work = chip->free_works;

	if (work)
		chip->free_works = work->next;
	else
		work = malloc(sizeof(*work));
	if (!work)
		return NULL;
	memset(work, 0, sizeof(*work));
	work->queue = queue;
	work->op = queue->op;
	work->number = queue->fetched - 1;
	work->completion = completion;
	work->start_ps = sim_now(chip->env);
	work->event.arg = work;
	work->table = road_gpu_table_get(queue->function->spaces[queue->space].table);
	work->next = queue->works;
	if (work->next)
		work->next->link = &work->next;
	work->link = &queue->works;
	queue->works = work;
	queue->in_flight++;
	return work;
}

void road_gpu_work_free(struct gpu_work *work)
{
	struct gpu_queue *queue = work->queue;
	struct gpu_chip *chip = queue->function->chip;

	sim_cancel(chip->env, &work->event);
	if (work->drop)
		work->drop(work);
	road_gpu_table_put(work->table);
	*work->link = work->next;
	if (work->next)
		work->next->link = work->link;
	queue->in_flight--;
	if (queue->hold == work)
		queue->hold = NULL;
	work->next = chip->free_works;
	chip->free_works = work;
}

void road_gpu_work_end(struct gpu_work *work)
{
	struct gpu_queue *queue = work->queue;
	struct gpu_chip *chip = queue->function->chip;
	struct road_gpu_queue_status why = {0};
	const uint64_t number = work->number, completion = work->completion;

	sim_trace_span(chip->env, queue->lane, work->op->name, work->start_ps, sim_now(chip->env));
	road_gpu_work_free(work);
	enum road_gpu_fault fault = road_gpu_signal(queue->function, completion);

	if (fault) {
		road_gpu_fail(&why, fault, completion, sizeof(uint64_t));
		road_gpu_queue_fault(queue, number, &why);
	}
	settle(queue);
	road_gpu_cp_retry(chip);
}
