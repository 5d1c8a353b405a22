/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that are planned: memory's errors, a bus that fails, a host without memory. */
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- error correction ---- */

/* The counter whose name ends so. */
static uint64_t counter_of(struct fixture *f, const char *end)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(f->device, i, &name, &value); i++)
		if (strlen(name) >= strlen(end) && !strcmp(name + strlen(name) - strlen(end), end))
			return value;
	CASE_FAIL("no counter is named %s", end);
	return 0;
}

CONFORMANCE_CASE(fault, ecc_correctable_counted)
{
	unsigned char there[256], back[256];
	road_buffer *buffer = fixture_buffer(f, sizeof(there));
	uint64_t before = counter_of(f, ".memory.ecc_corrected");
	road_fault fault = {.size = sizeof(fault)};

	fixture_fill_random(f, there, sizeof(there));
	fixture_put(f, buffer, 0, there, sizeof(there));
	for (uint64_t i = 1; i <= 3; i++) {
		CHECK_OK(road_sim_error_inject(f->device, ROAD_SIM_ECC_CORRECTABLE,
					       fixture_address(f, buffer) + 16 * i));
		CHECK_EQ(counter_of(f, ".memory.ecc_corrected"), before + i);
	}
	fixture_get(f, back, buffer, 0, sizeof(back));
	CHECK_SAME(there, back, sizeof(there));
	CHECK_STATUS(road_device_fault_read(f->device, &fault), ROAD_NOT_READY);
	CHECK_STATUS(road_sim_error_inject(f->device, ROAD_SIM_ECC_CORRECTABLE, 8), ROAD_NOT_FOUND);
	CHECK_STATUS(road_sim_error_inject(f->device, 99, fixture_address(f, buffer)),
		     ROAD_INVALID_ARGUMENT);
}

enum { BYTES = 4096, AT = 1000 /* of the poisoned word */ };

static void check_ecc(struct fixture *f, uint64_t address)
{
	road_fault fault = {.size = sizeof(fault)};

	CHECK_OK(road_device_fault_read(f->device, &fault));
	CHECK_EQ(fault.kind, ROAD_FAULT_ECC);
	CHECK(fault.address >= address && fault.address < address + 8);
	CHECK_STATUS(road_device_fault_read(f->device, &fault), ROAD_NOT_READY);
}

/* A read of these bytes, by a queue of its own; does it fault? */
static void check_read(struct fixture *f, road_buffer *buffer, uint64_t offset, uint64_t bytes,
		       bool faults)
{
	road_queue *queue = fixture_queue(f);
	unsigned char *back = fixture_memory(f, bytes);

	CHECK_OK(road_queue_read(queue, back, buffer, offset, bytes, NULL));
	CHECK_STATUS(road_queue_drain(queue, SOON), faults ? ROAD_FAULT : ROAD_OK);
	if (faults)
		check_ecc(f, fixture_address(f, buffer) + AT);
	CHECK_OK(road_queue_reset(queue));
}

static void check_peek(struct fixture *f, road_buffer *buffer, uint64_t offset, bool faults)
{
	road_queue *queue = fixture_queue(f);
	uint64_t arguments[] = {fixture_address(f, fixture_buffer(f, 64)),
				fixture_address(f, buffer) + offset};

	fixture_launch(f, queue, "peek", arguments, 2, NULL);
	CHECK_STATUS(road_queue_drain(queue, SOON), faults ? ROAD_FAULT : ROAD_OK);
	if (faults)
		check_ecc(f, fixture_address(f, buffer) + AT);
	CHECK_OK(road_queue_reset(queue));
}

CONFORMANCE_CASE(fault, ecc_uncorrectable_poison_contained)
{
	unsigned char there[BYTES], back[BYTES];
	road_buffer *buffer = fixture_buffer(f, BYTES), *other = fixture_buffer(f, BYTES);
	uint64_t word = fixture_random(f), address = fixture_address(f, buffer) + AT;

	fixture_fill_random(f, there, BYTES);
	fixture_put(f, buffer, 0, there, BYTES);
	fixture_put(f, other, 0, there, BYTES);
	CHECK_OK(road_sim_error_inject(f->device, ROAD_SIM_ECC_UNCORRECTABLE, address));
	check_read(f, buffer, 0, BYTES, true);
	check_read(f, buffer, AT + 7, 1, true);
	check_read(f, buffer, 0, AT, false);
	check_read(f, buffer, AT + 8, BYTES - AT - 8, false);
	check_read(f, other, 0, BYTES, false);
	if (f->info.features & ROAD_FEATURE_IMAGES) {
		check_peek(f, buffer, AT, true);
		check_peek(f, buffer, AT + 8, false);
		check_peek(f, buffer, AT - 8, false);
	}
	/* Half of the word is written: the other half is still lost. */
	fixture_put(f, buffer, AT, &word, 4);
	check_read(f, buffer, AT, 4, false);
	check_read(f, buffer, AT, 8, true);
	if (f->info.features & ROAD_FEATURE_IMAGES) {
		uint64_t arguments[] = {address, word};
		road_point point;

		fixture_launch(f, fixture_queue(f), "poke", arguments, 2, &point);
		CHECK_OK(road_point_wait(point, SOON));
		check_peek(f, buffer, AT, false);
	} else {
		fixture_put(f, buffer, AT, &word, 8);
	}
	memcpy(there + AT, &word, 8);
	fixture_get(f, back, buffer, 0, BYTES);
	CHECK_SAME(there, back, BYTES);
}

/* ---- a small run, as far as it gets ---- */

struct run {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
	road_event *event;
	road_list *list;
	road_watch *watch;
	road_telemetry *telemetry;
};

enum { STEPS = 13 };

/* Each step needs the ones before. Returns the first failure, with *step. */
static road_status one_step(struct fixture *f, struct run *r, uint32_t step)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = 1024};
	static unsigned char bytes[1024];

	switch (step) {
	case 0: return road_space_shared(r->device, &r->space);
	case 1: return road_queue_create(r->space, NULL, &r->queue);
	case 2: return road_buffer_create(r->space, &options, &r->buffer);
	case 3: return road_event_create(r->instance, 0, &r->event);
	case 4: return road_list_create(r->space, 0, &r->list);
	case 5: return road_list_write(r->list, r->buffer, 0, bytes, 512);
	case 6: return road_list_close(r->list);
	case 7: {
		road_point signal = {r->event, 1};
		road_submission s = {
			.size = sizeof(s), .list = r->list, .signals = &signal, .signal_count = 1};

		return road_queue_submit(r->queue, &s, NULL);
	}
	case 8: return road_point_wait((road_point){r->event, 1}, SOON);
	case 9: return road_queue_read(r->queue, bytes, r->buffer, 0, 512, NULL);
	case 10: return road_queue_drain(r->queue, SOON);
	case 11: return road_watch_create(r->instance, ROAD_CHANGE_ALL, &r->watch);
	case 12:
		return road_telemetry_create(r->device, ROAD_TELEMETRY_ALL, 1000000000,
					     &r->telemetry);
	default: return ROAD_NOT_FOUND;
	}
}

static road_status open_at(struct fixture *f, const char *address, struct run *r)
{
	*r = (struct run){.instance = f->instance};
	const road_status status = road_device_open(f->instance, address, &r->device);

	case_skip_if_too_few(status);
	return status;
}

static void close_run(struct run *r)
{
	road_telemetry_release(r->telemetry);
	road_watch_release(r->watch);
	road_list_release(r->list);
	road_buffer_release(r->buffer);
	road_queue_release(r->queue);
	road_space_release(r->space);
	road_device_release(r->device);
	road_event_release(r->event);
}

/* The whole run at an address: accesses of the bus that it took, if it is a faulty one. */
static road_status run_at(struct fixture *f, const char *address, uint64_t *accesses,
			  uint32_t *steps)
{
	struct run r;
	road_status status = open_at(f, address, &r);

	*steps = 0;
	while (!status && (status = one_step(f, &r, *steps)) == ROAD_OK)
		++*steps;
	if (status == ROAD_NOT_FOUND && *steps == STEPS)
		status = ROAD_OK;
	if (accesses && r.device)
		road_sim_counter(r.device, 0, NULL, accesses);
	close_run(&r);
	return status;
}

/* "faulty(PLAN):ADDRESS", of a further device of the kind; where there is one alone, of that. */
static const char *faulty(struct fixture *f, const char *plan)
{
	size_t bytes = strlen(f->address) + strlen(plan) + 16, plain = strcspn(f->address, "?");
	char *text = fixture_memory(f, bytes);

	fixture_let_go(f);
	snprintf(text, bytes, "faulty(%s):%.*s%s%s", plan, (int)plain, f->address,
		 fixture_is_made(f) ? "@5" : "", f->address + plain);
	return text;
}

static const char *plan_of(struct fixture *f, const char *call, uint64_t at)
{
	char *text = fixture_memory(f, 64);

	snprintf(text, 64, "%s@%llu", call, (unsigned long long)at);
	return text;
}

/* Each access of the bus in turn: the device is gone there; and each call that can fail. */
CONFORMANCE_CASE(fault, inject_io_failure_each_call)
{
	static const char *const calls[] = {"fail:dma_alloc", "fail:dma_map", "fail:region_map"};
	uint64_t accesses = 0;
	uint32_t steps;

	CHECK_OK(run_at(f, faulty(f, plan_of(f, "remove", 1000000)), &accesses, &steps));
	REQUIRE(accesses > 10);
	/* One that is not made for whoever opens it takes long to be opened: some accesses of it.
	 */
	const uint64_t stride = fixture_is_made(f) ? 1 : accesses / 50 + 1;

	for (uint64_t at = 1; at <= accesses; at += stride) {
		road_status status = run_at(f, faulty(f, plan_of(f, "remove", at)), NULL, &steps);

		if (status && status != ROAD_DEVICE_LOST)
			CASE_FAIL("removal at access %llu: %s", (unsigned long long)at,
				  road_status_text(status));
	}
	for (uint32_t c = 0; c < 3; c++)
		for (uint64_t at = 1; at <= 6; at++) {
			const char *address = faulty(f, plan_of(f, calls[c], at));
			road_status status = run_at(f, address, NULL, &steps);

			if (status && status != ROAD_IO && status != ROAD_FAULT)
				CASE_FAIL("%s: %s", address, road_status_text(status));
		}
	CHECK_OK(run_at(f, faulty(f, plan_of(f, "remove", 1000000)), NULL, &steps));
	case_note("%llu accesses", (unsigned long long)accesses);
}

CONFORMANCE_CASE(fault, fault_plan_seed_reproducible)
{
	uint64_t accesses = 0;

	CHECK_OK(run_at(f, faulty(f, plan_of(f, "remove", 1000000)), &accesses, &(uint32_t){0}));
	for (uint32_t i = 0; i < 8; i++) {
		const char *address =
			faulty(f, plan_of(f, "remove", 1 + fixture_random(f) % accesses));
		uint32_t steps[2] = {0};
		uint64_t seen[2] = {0};
		road_status status[2];

		for (uint32_t run = 0; run < 2; run++)
			status[run] = run_at(f, address, &seen[run], &steps[run]);
		CHECK_EQ(status[1], status[0]);
		CHECK_EQ(steps[1], steps[0]);
		CHECK_EQ(seen[1], seen[0]);
	}
}

/* A device that hangs and that no reset brings back is wedged, and says what to do. */
CONFORMANCE_CASE(fault, reset_storm_wedges_with_hint)
{
	road_submission nothing = {.size = sizeof(nothing)};
	road_error why = {.size = sizeof(why)};
	uint64_t accesses = 0, resets, before = 0;
	uint32_t health;
	struct run r;

	CHECK_OK(open_at(f, faulty(f, "remove@1000000"), &r));
	CHECK_OK(one_step(f, &r, 0));
	CHECK_OK(one_step(f, &r, 1));
	CHECK_OK(road_sim_counter(r.device, 0, NULL, &accesses));
	CHECK_OK(road_device_reset(r.device, ROAD_RESET_DEVICE));
	close_run(&r);
	CHECK_OK(open_at(f, faulty(f, plan_of(f, "stuck", accesses + 1)), &r));
	CHECK_OK(one_step(f, &r, 0));
	CHECK_OK(one_step(f, &r, 1));
	/* One with a clock of its own was looked at less often than before: resets get there. */
	for (uint32_t i = 0; !fixture_in_process(f) && i < 100; i++)
		if (road_device_reset(r.device, ROAD_RESET_DEVICE))
			break;
	CHECK_OK(road_device_health(r.device, &health, &before));
	CHECK(!before || !fixture_in_process(f));
	for (uint32_t i = 0; i < 3; i++) {
		road_status status = road_device_reset(r.device, ROAD_RESET_DEVICE);

		CHECK(status == ROAD_TIMEOUT || status == ROAD_IO || status == ROAD_FAULT);
		CHECK_OK(road_device_health(r.device, &health, &resets));
		CHECK_EQ(health, ROAD_HEALTH_WEDGED);
		CHECK_EQ(resets, before);
		CHECK_STATUS(road_queue_submit(r.queue, &nothing, NULL), ROAD_FAULT);
		CHECK_STATUS(road_queue_reset(r.queue), ROAD_FAULT);
		CHECK_DETAIL("cycle its power");
	}
	CHECK_STATUS(road_queue_status(r.queue, &why), ROAD_FAULT);
	CHECK(strstr(why.allowed, "cycle its power") != NULL);
	close_run(&r);
}
