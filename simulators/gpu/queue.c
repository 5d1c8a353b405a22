/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: setup by command registers, doorbells, what stops them. */
#include <string.h>

#include "simulators/gpu/model.h"

enum road_gpu_queue_state road_gpu_queue_state(const struct gpu_queue *queue)
{
	if (queue->life == GPU_QUEUE_CLOSED)
		return ROAD_GPU_QUEUE_CLOSED;
	if (queue->life == GPU_QUEUE_STOPPED)
		return ROAD_GPU_QUEUE_FAULTED;
	if (queue->have || queue->in_flight || queue->fetched < queue->doorbell)
		return ROAD_GPU_QUEUE_RUNNING;
	return ROAD_GPU_QUEUE_IDLE;
}

static struct sim_env *env_of(const struct gpu_queue *queue)
{
	return queue->function->chip->env;
}

/* Writes the record from `consumed` on; `fence` belongs to packets. */
static bool write_record(const struct gpu_queue *queue, const struct road_gpu_queue_status *record)
{
	const size_t skip = offsetof(struct road_gpu_queue_status, fault);
	const char *bytes = (const char *)record;

	/* The fault word is what the host looks at: the rest first. */
	return sim_dma_write(env_of(queue), queue->function->index,
			     queue->status + offsetof(struct road_gpu_queue_status, consumed),
			     &record->consumed, sizeof(record->consumed)) &&
	       sim_dma_write(env_of(queue), queue->function->index,
			     queue->status + skip + sizeof(record->fault),
			     bytes + skip + sizeof(record->fault),
			     sizeof(*record) - skip - sizeof(record->fault)) &&
	       sim_dma_write(env_of(queue), queue->function->index, queue->status + skip,
			     &record->fault, sizeof(record->fault));
}

/* Can the queue be opened as latched? */
static bool may_open(struct gpu_function *function, const struct gpu_queue *queue)
{
	const struct gpu_latch *latch = &function->latch;
	struct gpu_chip *chip = function->chip;
	uint64_t slots = latch->slots, ring_bytes = slots * ROAD_GPU_PACKET_BYTES;
	const bool space = latch->queue_space < chip->params.spaces &&
			   function->spaces[latch->queue_space].table;
	const struct sim_rule rules[] = {
		{queue->life != GPU_QUEUE_CLOSED, "state", queue->life, "a closed queue"},
		{!space, "QUEUE_SPACE", latch->queue_space, "an open space"},
		{!slots || slots > GPU_SLOTS_MAX || (slots & (slots - 1)), "QUEUE_SLOTS", slots,
		 "a power of two up to 1048576"},
		{latch->priority >= GPU_PRIORITIES, "QUEUE_PRIORITY", latch->priority, "0 to 3"},
		{latch->ring % ROAD_GPU_PACKET_BYTES != 0 || latch->ring + ring_bytes < latch->ring,
		 "QUEUE_RING", latch->ring, "a multiple of 64"},
		{latch->status % 8 != 0, "QUEUE_STATUS", latch->status, "a multiple of 8"},
	};

	return sim_rules_hold(chip->env, function->index, "queue", queue->index, rules,
			      sizeof(rules) / sizeof(rules[0]));
}

/* Of what may_open() found sound: can the chip reach it? */
static bool is_mapped(struct gpu_function *function, const struct gpu_queue *queue)
{
	const struct gpu_latch *latch = &function->latch;
	struct sim_env *env = function->chip->env;
	const struct sim_rule rules[] = {
		{!sim_dma_window(env, function->index, latch->ring,
				 latch->slots * ROAD_GPU_PACKET_BYTES, false),
		 "QUEUE_RING", latch->ring, "mapped memory"},
		{!sim_dma_window(env, function->index, latch->status,
				 sizeof(struct road_gpu_queue_status), true),
		 "QUEUE_STATUS", latch->status, "mapped memory"},
	};

	return sim_rules_hold(env, function->index, "queue", queue->index, rules,
			      sizeof(rules) / sizeof(rules[0]));
}

static bool open_queue(struct gpu_function *function, struct gpu_queue *queue)
{
	const struct gpu_latch *latch = &function->latch;
	const struct road_gpu_queue_status record = {0};

	if (!may_open(function, queue) || !is_mapped(function, queue))
		return false;
	queue->space = (uint32_t)latch->queue_space;
	queue->slots = (uint32_t)latch->slots;
	queue->priority = (uint32_t)latch->priority;
	queue->ring = latch->ring;
	queue->status = latch->status;
	if (!road_gpu_region_open(queue))
		return false;
	queue->doorbell = queue->fetched = 0;
	queue->warm = false;
	queue->life = GPU_QUEUE_OPEN;
	return write_record(queue, &record);
}

/* After this nothing of the queue touches memory. */
void road_gpu_queue_drop(struct gpu_queue *queue)
{
	struct gpu_counters *counters = &queue->function->chip->counters;
	struct gpu_ready *ready = &queue->function->ready[queue->priority];

	if (ready->turn == queue)
		ready->turn = NULL;
	counters->dropped += queue->in_flight + queue->have;
	road_gpu_queue_unpark(queue);
	queue->have = false;
	queue->op = NULL;
	queue->warm = false;
	queue->want = (struct region_want){0};
	if (queue->function->chip->unit)
		region_unit_queue_drop(queue->function->chip->unit, road_gpu_region_queue(queue));
	while (queue->works)
		road_gpu_work_free(queue->works);
}

void road_gpu_queue_close(struct gpu_queue *queue)
{
	queue->life = GPU_QUEUE_CLOSED;
	queue->refused = false;
	road_gpu_queue_drop(queue);
	if (queue->function->chip->unit)
		region_unit_queue_close(queue->function->chip->unit, road_gpu_region_queue(queue));
}

static bool close_queue(struct gpu_function *function, struct gpu_queue *queue)
{
	if (queue->life == GPU_QUEUE_CLOSED) {
		if (sim_boot_runs(function->chip->boot)) /* else a restart closed it */
			sim_violation(function->chip->env, function->index,
				      "queue %u is closed and is not open", queue->index);
		return false;
	}
	road_gpu_queue_close(queue);
	return true;
}

static bool reset_queue(struct gpu_function *function, struct gpu_queue *queue)
{
	struct road_gpu_queue_status record = {.consumed = queue->doorbell};

	if (queue->life == GPU_QUEUE_CLOSED) {
		sim_violation(function->chip->env, function->index,
			      "queue %u is reset and is not open", queue->index);
		return false;
	}
	queue->life = GPU_QUEUE_OPEN;
	queue->fetched = queue->doorbell;
	road_gpu_queue_drop(queue);
	return write_record(queue, &record);
}

void road_gpu_queue_command(struct gpu_function *function, uint32_t command)
{
	static bool (*const commands[])(struct gpu_function *, struct gpu_queue *) = {
		[ROAD_GPU_QUEUE_OPEN] = open_queue,
		[ROAD_GPU_QUEUE_CLOSE] = close_queue,
		[ROAD_GPU_QUEUE_RESET] = reset_queue,
	};
	uint64_t selected = function->latch.queue;
	bool known = command < sizeof(commands) / sizeof(commands[0]) && commands[command];

	if (selected >= function->chip->params.queues || !known)
		sim_violation(function->chip->env, function->index,
			      "queue command %u for queue %llu, allowed: 1 to 3, queues below %u",
			      command, (unsigned long long)selected, function->chip->params.queues);
	if (selected >= function->chip->params.queues)
		return;
	struct gpu_queue *queue = &function->queues[selected];

	/* Firmware may have ended a moment ago: nobody broke a rule who did not know. */
	const bool served = command == ROAD_GPU_QUEUE_CLOSE || sim_boot_runs(function->chip->boot);

	queue->refused = !known || !served || !commands[command](function, queue);
	road_gpu_cp_retry(function->chip); /* a dropped launch may release an UNLOAD */
}

void road_gpu_queue_doorbell(struct gpu_function *function, uint32_t index, uint64_t value)
{
	struct gpu_queue *queue = &function->queues[index];
	struct gpu_chip *chip = function->chip;

	const struct sim_doorbell doorbell = {
		.queue = "queue",
		.entries = "packets",
		.index = index,
		.slots = queue->slots,
		.closed = queue->life == GPU_QUEUE_CLOSED,
		.rung = queue->doorbell,
		.taken = queue->fetched,
	};

	chip->counters.doorbells++;
	if (!sim_boot_works(chip->boot))
		return; /* nobody listens */
	if (!sim_doorbell_valid(chip->env, function->index, &doorbell, value))
		return;
	queue->doorbell = value;
	road_gpu_cp_kick(queue);
}

bool road_gpu_queue_fetch(struct gpu_queue *queue)
{
	uint64_t slot = queue->fetched & (queue->slots - 1);
	bool read = sim_dma_read(env_of(queue), queue->function->index,
				 queue->ring + slot * ROAD_GPU_PACKET_BYTES, &queue->packet,
				 sizeof(queue->packet));

	queue->fetched++;
	queue->function->chip->counters.packets++;
	if (!sim_dma_write(env_of(queue), queue->function->index,
			   queue->status + offsetof(struct road_gpu_queue_status, consumed),
			   &queue->fetched, sizeof(queue->fetched)))
		read = false;
	queue->have = read;
	return read;
}

void road_gpu_queue_fault(struct gpu_queue *queue, uint64_t number,
			  const struct road_gpu_queue_status *why)
{
	struct road_gpu_queue_status record = *why;
	struct gpu_chip *chip = queue->function->chip;

	queue->life = GPU_QUEUE_STOPPED;
	chip->counters.faults[record.fault]++;
	road_gpu_queue_drop(queue);
	record.consumed = queue->fetched;
	record.packet = (uint32_t)number;
	if (!write_record(queue, &record))
		sim_violation(chip->env, queue->function->index,
			      "queue %u: its status block is not mapped any more", queue->index);
	road_gpu_interrupt(queue->function, ROAD_GPU_IRQ_FAULT);
}

void road_gpu_queue_unpark(struct gpu_queue *queue)
{
	struct gpu_queue **at = &queue->function->chip->parked;

	if (!queue->parked)
		return;
	while (*at != queue)
		at = &(*at)->next_parked;
	*at = queue->next_parked;
	queue->parked = false;
	if (queue->watching)
		sim_watch_end(env_of(queue));
	queue->watching = false;
}
