/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Switches in regions whose chip does not order them (ROAD_REGION_BARRIER): one goes to the device
 * when nothing of the region's queues is there, and while it is there nothing of them follows.
 *
 *	queue A   work  work  SWITCH ......  work         in_flight  2 1 0 1 0 1
 *	queue B   work  ....................       work   claimed    - - S S - -
 *
 * A switch whose waits are met claims the region: what is not on the device yet stays behind it, so
 * that the region comes to rest. Nothing that is on the device waits for what is not, and so it
 * does come.
 */
#include "hal/core/region.h"
#include "hal/core/submit.h"

static bool may_enter(struct road_region_node *node, struct road_submit *submit)
{
	if (node->claimed && node->claimed != submit)
		return false;
	if (!submit->switches)
		return true;
	node->claimed = submit;
	return !node->in_flight;
}

/* Under order_lock: whoever waits shall try again, with no lock held. */
static void kick_held(struct road_region_node *node, struct road_work *work)
{
	while (node->held) {
		struct road_queue *queue = node->held;

		node->held = queue->held_next;
		queue->is_held = false;
		road_work_queue(work, queue);
		road_object_drop(&queue->object); /* the work has a hold of its own */
	}
}

bool road_region_order_enter(struct road_queue *queue, struct road_submit *submit)
{
	struct road_region_node *node = queue->region;

	if (!node || !node->ordered)
		return true;
	pthread_mutex_lock(&node->order_lock);
	bool enters = may_enter(node, submit);

	if (enters) {
		node->in_flight++;
		submit->in_region = true;
	} else if (!queue->is_held) {
		queue->is_held = true;
		road_object_hold(&queue->object);
		queue->held_next = node->held;
		node->held = queue;
	}
	pthread_mutex_unlock(&node->order_lock);
	return enters;
}

void road_region_order_leave(struct road_queue *queue, struct road_submit *submit,
			     struct road_work *work)
{
	struct road_region_node *node = queue->region;

	if (!node || !node->ordered)
		return;
	pthread_mutex_lock(&node->order_lock);
	bool changed = submit->in_region || node->claimed == submit;

	node->in_flight -= submit->in_region;
	submit->in_region = false;
	if (node->claimed == submit)
		node->claimed = NULL;
	if (changed)
		kick_held(node, work);
	pthread_mutex_unlock(&node->order_lock);
}
