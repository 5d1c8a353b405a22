/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/inbox.h"

void sim_inbox_init(struct sim_inbox *inbox)
{
	atomic_init(&inbox->tail, 0);
	atomic_init(&inbox->head, 0);
	for (uint64_t i = 0; i < SIM_INBOX_CELLS; i++)
		atomic_init(&inbox->cells[i].turn, i);
}

bool sim_inbox_put(struct sim_inbox *inbox, const struct sim_post *post)
{
	uint64_t at = atomic_load_explicit(&inbox->tail, memory_order_relaxed);

	for (;;) {
		uint64_t turn = atomic_load_explicit(&inbox->cells[at % SIM_INBOX_CELLS].turn,
						     memory_order_acquire);

		if (turn < at)
			return false;
		if (turn == at && atomic_compare_exchange_weak(&inbox->tail, &at, at + 1))
			break;
		if (turn != at)
			at = atomic_load_explicit(&inbox->tail, memory_order_relaxed);
	}
	inbox->cells[at % SIM_INBOX_CELLS].post = *post;
	atomic_store_explicit(&inbox->cells[at % SIM_INBOX_CELLS].turn, at + 1,
			      memory_order_release);
	return true;
}

bool sim_inbox_take(struct sim_inbox *inbox, struct sim_post *out)
{
	uint64_t at = atomic_load_explicit(&inbox->head, memory_order_relaxed);
	uint64_t turn = atomic_load_explicit(&inbox->cells[at % SIM_INBOX_CELLS].turn,
					     memory_order_acquire);

	if (turn != at + 1)
		return false;
	*out = inbox->cells[at % SIM_INBOX_CELLS].post;
	atomic_store_explicit(&inbox->cells[at % SIM_INBOX_CELLS].turn, at + SIM_INBOX_CELLS,
			      memory_order_release);
	atomic_store_explicit(&inbox->head, at + 1, memory_order_release);
	return true;
}

bool sim_inbox_empty(const struct sim_inbox *inbox)
{
	return atomic_load(&inbox->head) == atomic_load(&inbox->tail);
}

bool sim_inbox_single(const struct sim_inbox *inbox)
{
	return atomic_load(&inbox->head) + 1 == atomic_load(&inbox->tail);
}
