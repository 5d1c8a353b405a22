/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that stand still while the cores of their region work for another function. The cores that
 * have their blocks are put away as they are, others take their seats; what is to come of them
 * comes later by as much time as they stood.
 */
#include <stdlib.h>

#include "simulators/dsa/model.h"

static void add_counts(struct dsa_core_counts *to, const struct dsa_core *core)
{
	const uint64_t *from = (const uint64_t *)(const void *)dsa_core_counts(core);
	uint64_t *sum = (uint64_t *)to;

	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += from[i];
}

/* The chip's counts go on. */
static void scrap(struct dsa_chip *chip, struct dsa_core *core)
{
	if (!core)
		return;
	add_counts(&chip->scrapped, core);
	dsa_core_destroy(core);
}

static void put_away(struct dsa_seat *seat, struct dsa_run *run)
{
	run->away[run->away_count++] = *seat;
	sim_cancel(seat->chip->env, &seat->event);
	seat->core = NULL;
	seat->run = NULL;
	seat->state = DSA_CORE_IDLE;
	dsa_seat_make(seat); /* without memory nothing runs here until this one ends or is back */
}

static void take_back(const struct dsa_seat *away, uint64_t stood_ps)
{
	struct dsa_chip *chip = away->chip;
	struct dsa_seat *seat = &chip->seats[away->index];
	const uint64_t due_ps = away->event.time_ps + stood_ps;

	scrap(chip, seat->core);
	*seat = *away;
	seat->begin_ps += stood_ps;
	seat->event.slot = 0;
	dsa_core_stood(seat->core, stood_ps);
	if (away->event.slot)
		sim_schedule(chip->env, &seat->event, due_ps);
}

static void suspend(struct dsa_chip *chip, struct dsa_run *run)
{
	struct sim_event *begin = &run->stream->event;

	for (uint32_t i = 0; i < chip->params.cores; i++)
		if (chip->seats[i].run == run)
			put_away(&chip->seats[i], run);
	run->suspended = true;
	run->suspended_ps = sim_now(chip->env);
	run->begins = begin->slot;
	run->due_ps = begin->time_ps;
	sim_cancel(chip->env, begin);
}

static void resume(struct dsa_chip *chip, struct dsa_run *run)
{
	const uint64_t stood_ps = sim_now(chip->env) - run->suspended_ps;

	for (uint32_t i = 0; i < run->away_count; i++)
		take_back(&run->away[i], stood_ps);
	run->away_count = 0;
	run->suspended = false;
	run->begin_ps += stood_ps;
	if (run->begins)
		sim_schedule(chip->env, &run->stream->event, run->due_ps + stood_ps);
}

void dsa_run_free_away(struct dsa_run *run)
{
	struct dsa_chip *chip = run->view.function->chip;

	for (uint32_t i = 0; i < run->away_count; i++) {
		scrap(chip, run->away[i].core);
		dsa_seat_make(&chip->seats[run->away[i].index]); /* it may not have got another */
	}
	free(run->away);
}

/* All that the function runs in the region. */
static void each(struct dsa_chip *chip, uint32_t function, uint32_t region,
		 void (*act)(struct dsa_chip *chip, struct dsa_run *run))
{
	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct dsa_stream *stream = &chip->functions[function].streams[i];

		if (stream->in_region && stream->region == region && stream->run)
			act(chip, stream->run);
	}
}

void dsa_tasks_suspend(struct dsa_chip *chip, uint32_t function, uint32_t region)
{
	each(chip, function, region, suspend);
}

void dsa_tasks_resume(struct dsa_chip *chip, uint32_t function, uint32_t region)
{
	each(chip, function, region, resume);
	dsa_blocks_give(chip);
}

uint64_t dsa_away_count(const struct dsa_chip *chip, uint64_t (*of)(const void *counts, size_t at),
			size_t at)
{
	uint64_t sum = of(&chip->scrapped, at);

	for (const struct dsa_run *run = chip->runs; run; run = run->next)
		for (uint32_t i = 0; i < run->away_count; i++)
			sum += of(dsa_core_counts(run->away[i].core), at);
	return sum;
}
