/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients as facts: "client.N.…" of those that were there when the device was opened, each asked
 * anew, and "clients.…", "load.engine.…" of those that are there now.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/clients.h"
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#define LOOK_AGAIN_NS UINT64_C(50000000) /* not sooner: a round of metrics is one look */

enum { SHOWN_MAX = 64 }; /* clients that are facts of their own */

struct look {
	uint64_t at_ns;
	struct road_clients clients;
};

struct road_usage {
	const struct road_found *found;
	bool no_wake;
	struct road_clients first; /* when it was opened */
	pthread_mutex_t lock;
	struct look before, now;
};

/* ---- what is asked of one client ---- */

enum { OF_ENGINE, OF_MEMORY = ROAD_FDINFO_ENGINE_VALUES }; /* the first value of each */

static bool part_value(const struct road_fdinfo *info, const char *name, bool memory,
		       uint32_t value, uint64_t *out)
{
	const struct road_fdinfo_part *parts = memory ? info->memory : info->engine;
	const uint32_t count = memory ? info->memory_count : info->engine_count;

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(parts[i].name, name))
			return road_fdinfo_value(&parts[i], memory, value, out);
	return false;
}

static bool ask_client(struct road_usage *usage, const struct road_fact *fact, uint64_t *out)
{
	const struct road_client *client = &usage->first.at[fact->client];
	const bool memory = fact->value >= OF_MEMORY;
	struct road_fdinfo info;

	return road_client_read(client->pid, client->fd, &client->info, &info) &&
	       part_value(&info, fact->part, memory, fact->value - (memory ? OF_MEMORY : OF_ENGINE),
			  out);
}

/* ---- what all of them come to ---- */

enum of_all { COUNT, HIDDEN, COMPLETE, RESIDENT, BUSY_TIME, LOAD };

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of one kind of memory or engine, of all if `name` is "". false: no client says it. */
static bool sum(const struct road_clients *clients, const char *name, bool memory, uint32_t value,
		uint64_t *out)
{
	bool any = false;

	*out = 0;
	for (uint32_t i = 0; i < clients->count; i++) {
		const struct road_fdinfo *info = &clients->at[i].info;
		const struct road_fdinfo_part *parts = memory ? info->memory : info->engine;
		const uint32_t count = memory ? info->memory_count : info->engine_count;
		uint64_t one;

		for (uint32_t j = 0; j < count; j++) {
			if ((name[0] && strcmp(parts[j].name, name)) ||
			    !road_fdinfo_value(&parts[j], memory, value, &one))
				continue;
			*out = plus(*out, one);
			any = true;
		}
	}
	return any || (!clients->count && !clients->silent);
}

static const struct road_client *same(const struct road_clients *clients,
				      const struct road_client *client)
{
	for (uint32_t i = 0; i < clients->count; i++) {
		const struct road_client *one = &clients->at[i];

		if (one->info.has_id == client->info.has_id && one->info.id == client->info.id &&
		    (one->info.has_id || (one->pid == client->pid && one->fd == client->fd)))
			return one;
	}
	return NULL;
}

/* How much an engine's value rose since the look before, over all clients, and for one at most. */
static bool risen(const struct road_usage *usage, const char *name, uint32_t value, uint64_t *all,
		  uint64_t *most)
{
	bool any = !usage->now.clients.count;

	*all = *most = 0;
	for (uint32_t i = 0; i < usage->now.clients.count; i++) {
		const struct road_client *client = &usage->now.clients.at[i];
		const struct road_client *before = same(&usage->before.clients, client);
		uint64_t now, then;

		if (!before || !part_value(&client->info, name, false, value, &now) ||
		    !part_value(&before->info, name, false, value, &then))
			continue;
		any = true;
		now = now > then ? now - then : 0; /* it may fall back for a while */
		*all = plus(*all, now);
		*most = now > *most ? now : *most;
	}
	return any;
}

/* Per cent of the time between both looks, by time or else by cycles. */
static bool load_of(const struct road_usage *usage, const char *name, double *out)
{
	uint64_t busy, whole = usage->now.at_ns - usage->before.at_ns, engines = 1, most, ignored;

	if (!usage->before.at_ns || !whole)
		return false;
	for (uint32_t i = 0; i < usage->now.clients.count; i++)
		if (part_value(&usage->now.clients.at[i].info, name, false, ROAD_FDINFO_CAPACITY,
			       &most))
			engines = most;
	if (!risen(usage, name, ROAD_FDINFO_BUSY, &busy, &most) &&
	    !(risen(usage, name, ROAD_FDINFO_CYCLES, &busy, &most) &&
	      risen(usage, name, ROAD_FDINFO_TOTAL_CYCLES, &ignored, &whole) && whole))
		return false;
	*out = 100.0 * (double)busy / (double)whole / (double)engines;
	*out = *out > 100 ? 100 : *out;
	return true;
}

/* Under the lock. false: no host memory; what was seen before stays. */
static bool look(struct road_usage *usage)
{
	const uint64_t now = road_host_now_ns();
	struct road_clients clients;

	if (usage->now.at_ns && now - usage->now.at_ns < LOOK_AGAIN_NS)
		return true;
	if (!road_clients_find(usage->found, usage->no_wake, &clients))
		return false;
	road_clients_free(&usage->before.clients);
	usage->before = usage->now;
	usage->now = (struct look){now, clients};
	return true;
}

static void set(road_property *out, bool known, uint64_t value)
{
	out->type = known ? ROAD_VALUE_U64 : ROAD_VALUE_NULL;
	out->u64 = value;
}

static void ask_all(struct road_usage *usage, const struct road_fact *fact, road_property *out)
{
	const struct road_clients *clients = &usage->now.clients;
	uint64_t value = 0;
	bool known;

	switch (fact->value) {
	case COUNT: set(out, clients->count || !clients->silent, clients->count); break;
	case HIDDEN: set(out, true, clients->hidden); break;
	case COMPLETE:
		out->type = ROAD_VALUE_BOOL;
		out->u64 = !clients->hidden && !clients->silent && !clients->left_out;
		break;
	case RESIDENT:
		known = sum(clients, fact->part, true, ROAD_FDINFO_RESIDENT, &value);
		set(out, known, value);
		break;
	case BUSY_TIME:
		known = sum(clients, fact->part, false, ROAD_FDINFO_BUSY, &value);
		set(out, known, value);
		break;
	default:
		if (load_of(usage, fact->part, &out->f64))
			out->type = ROAD_VALUE_F64;
	}
}

void road_usage_read(struct road_usage *usage, const struct road_fact *fact, road_property *out)
{
	uint64_t value = 0;

	out->type = ROAD_VALUE_NULL;
	if ((fact->how & ROAD_FACT_HOW) == ROAD_FACT_CLIENT) {
		const bool known = ask_client(usage, fact, &value);

		set(out, known, value);
		return;
	}
	pthread_mutex_lock(&usage->lock);
	if (look(usage))
		ask_all(usage, fact, out);
	pthread_mutex_unlock(&usage->lock);
}

void road_usage_free(struct road_usage *usage)
{
	if (!usage)
		return;
	road_clients_free(&usage->first);
	road_clients_free(&usage->before.clients);
	road_clients_free(&usage->now.clients);
	pthread_mutex_destroy(&usage->lock);
	free(usage);
}

/* ---- the list ---- */

static void add(struct road_facts *facts, uint32_t how, const char *name, const char *unit,
		const char *part, uint32_t client, uint32_t value)
{
	const struct road_fact_row row = {name, unit, "", how | ROAD_FACT_WAKES, 1, ""};
	struct road_fact *fact = road_fact_file(facts, "", &row);

	if (!fact)
		return;
	fact->client = client;
	fact->value = value;
	snprintf(fact->part, sizeof(fact->part), "%.23s", part);
	if (how == ROAD_FACT_CLIENTS && value != HIDDEN)
		fact->property.source = ROAD_SOURCE_COMPUTED;
}

struct part_row {
	uint32_t value;
	const char *name, *unit;
};
static const struct part_row of_engine[] = {
	{ROAD_FDINFO_BUSY, "busy_time", "ns"},          {ROAD_FDINFO_CYCLES, "cycles", ""},
	{ROAD_FDINFO_TOTAL_CYCLES, "total_cycles", ""}, {ROAD_FDINFO_MAX_HZ, "clock_max", "Hz"},
	{ROAD_FDINFO_CAPACITY, "capacity", ""},
};
static const struct part_row of_memory[] = {
	{ROAD_FDINFO_TOTAL, "total", "bytes"},         {ROAD_FDINFO_RESIDENT, "resident", "bytes"},
	{ROAD_FDINFO_SHARED, "shared", "bytes"},       {ROAD_FDINFO_ACTIVE, "active", "bytes"},
	{ROAD_FDINFO_PURGEABLE, "purgeable", "bytes"},
};

static void add_part(struct road_facts *facts, uint32_t client, bool memory,
		     const struct road_fdinfo_part *part)
{
	const struct part_row *rows = memory ? of_memory : of_engine;
	char word[sizeof(part->name)], name[64];
	uint64_t value;

	snprintf(word, sizeof(word), "%s", part->name);
	road_text_word(word);
	for (size_t i = 0; i < sizeof(of_engine) / sizeof(of_engine[0]); i++) {
		if (!road_fdinfo_value(part, memory, rows[i].value, &value))
			continue;
		snprintf(name, sizeof(name), "client.%" PRIu32 ".%s.%.23s.%s", client,
			 memory ? "memory" : "engine", word, rows[i].name);
		add(facts, ROAD_FACT_CLIENT, name, rows[i].unit, part->name, client,
		    (memory ? OF_MEMORY : OF_ENGINE) + rows[i].value);
	}
}

static void add_client(struct road_facts *facts, uint32_t number, const struct road_client *client)
{
	const struct road_fdinfo *info = &client->info;
	char name[64];

#define NAMED(word) (snprintf(name, sizeof(name), "client.%" PRIu32 "." word, number), name)
	road_fact_u64(facts, ROAD_SOURCE_KERNEL, NAMED("pid"), "", client->pid);
	road_fact_text(facts, ROAD_SOURCE_KERNEL, NAMED("command"), client->command);
	road_fact_u64(facts, ROAD_SOURCE_COMPUTED, NAMED("processes"), "processes",
		      client->processes);
	if (info->has_id)
		road_fact_u64(facts, ROAD_SOURCE_KERNEL, NAMED("id"), "", info->id);
	else
		road_fact_unknown(facts, ROAD_SOURCE_KERNEL, NAMED("id"), "");
	road_fact_text(facts, ROAD_SOURCE_KERNEL, NAMED("driver"), info->driver);
	if (info->name[0])
		road_fact_text(facts, ROAD_SOURCE_KERNEL, NAMED("name"), info->name);
#undef NAMED
	for (uint32_t i = 0; i < info->engine_count; i++)
		add_part(facts, number, false, &info->engine[i]);
	for (uint32_t i = 0; i < info->memory_count; i++)
		add_part(facts, number, true, &info->memory[i]);
}

/* Once for each name that a client's parts have. */
static void add_names(struct road_facts *facts, const struct road_clients *clients, bool memory)
{
	for (uint32_t i = 0; i < clients->count; i++) {
		const struct road_fdinfo *info = &clients->at[i].info;
		const struct road_fdinfo_part *parts = memory ? info->memory : info->engine;
		const uint32_t count = memory ? info->memory_count : info->engine_count;

		for (uint32_t j = 0; j < count; j++) {
			char word[sizeof(parts->name)], name[64];

			snprintf(word, sizeof(word), "%.23s", parts[j].name);
			road_text_word(word);
			snprintf(name, sizeof(name),
				 memory ? "clients.memory.%s.resident" : "load.engine.%s", word);
			if (!road_facts_named(facts, name))
				add(facts, ROAD_FACT_CLIENTS, name, memory ? "bytes" : "%",
				    parts[j].name, 0, memory ? RESIDENT : LOAD);
		}
	}
}

static void add_all(struct road_facts *facts, const struct road_clients *clients)
{
	add(facts, ROAD_FACT_CLIENTS, "clients.count", "", "", 0, COUNT);
	add(facts, ROAD_FACT_CLIENTS, "clients.complete", "", "", 0, COMPLETE);
	add(facts, ROAD_FACT_CLIENTS, "clients.hidden_processes", "processes", "", 0, HIDDEN);
	add(facts, ROAD_FACT_CLIENTS, "clients.resident", "bytes", "", 0, RESIDENT);
	add(facts, ROAD_FACT_CLIENTS, "clients.busy_time", "ns", "", 0, BUSY_TIME);
	add_names(facts, clients, true);
	add_names(facts, clients, false);
	for (uint32_t i = 0; i < clients->count && i < SHOWN_MAX; i++)
		add_client(facts, i, &clients->at[i]);
}

void road_facts_clients(struct road_facts *facts, const struct road_found *found)
{
	struct road_usage *usage;

	/* Only these are DRM's; others' descriptors say nothing of the sort. */
	if (!strstr(found->nodes, "/dev/dri/") && !strstr(found->nodes, "/dev/accel/"))
		return;
	usage = calloc(1, sizeof(*usage));
	if (!usage) {
		facts->full = true;
		return;
	}
	usage->found = found;
	usage->no_wake = facts->no_wake;
	pthread_mutex_init(&usage->lock, NULL);
	facts->usage = usage;
	if (!(facts->no_wake && road_facts_asleep(facts)))
		facts->full |= !road_clients_find(found, facts->no_wake, &usage->first);
	add_all(facts, &usage->first);
}
