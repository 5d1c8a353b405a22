/* SPDX-License-Identifier: Apache-2.0 */
/* Reconfiguration that goes wrong: bad images, work that does not end, phases that fail, a device
 * that goes. */
#include "tests/conformance/groups/regions.h"

#include <stdio.h>

#include "tests/conformance/fixture.h"

/* ---- images ---- */

CONFORMANCE_CASE(reconfigure, reconfig_bad_image_old_kept)
{
	size_t bytes = 0;
	unsigned char *image = region_bytes(f, 1, &bytes);
	road_queue *queue = fixture_queue(f);
	road_config *config = NULL;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	for (size_t cut = 0; cut < bytes; cut += cut < 256 ? 1 : 61)
		CHECK_STATUS(road_config_create(f->device, image, cut, &config),
			     cut ? ROAD_IMAGE_INVALID : ROAD_INVALID_ARGUMENT);
	/* each word once, in a bit that the seed says */
	for (size_t at = 0; at + 4 <= bytes; at += 4) {
		unsigned bit = (unsigned)fixture_random(f) % 32;
		road_status status;

		image[at + bit / 8] ^= (unsigned char)(1u << bit % 8);
		status = road_config_create(f->device, image, bytes, &config);
		CHECK(status == ROAD_IMAGE_INVALID || status == ROAD_IMAGE_INCOMPATIBLE);
		image[at + bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	/* two words changed places */
	for (size_t at = 0; at + 16 <= bytes; at += 8) {
		unsigned char word[8];

		memcpy(word, image + at, 8);
		memcpy(image + at, image + at + 8, 8);
		memcpy(image + at + 8, word, 8);
		if (memcmp(image + at, word, 8) != 0)
			CHECK(road_config_create(f->device, image, bytes, &config) < 0);
		memcpy(image + at + 8, image + at, 8);
		memcpy(image + at, word, 8);
	}
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 0));
	CHECK_STATUS(region_work(f, queue, 0, 0), ROAD_OK);
	CHECK_STATUS(region_work(f, queue, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

/* Those of all other families. */
CONFORMANCE_CASE(reconfigure, reconfig_wrong_geometry_invalid_argument)
{
	static const char *const drivers[] = {"rpu", "gpu", "dsa"};
	uint32_t refused = 0;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		road_config *config = NULL;
		char name[64];
		size_t bytes = 0;

		if (!strcmp(drivers[i], f->info.driver))
			continue;
		snprintf(name, sizeof(name), "%s-0.config", drivers[i]);
		void *image = fixture_file(f, name, &bytes);

		CHECK_STATUS(road_config_create(f->device, image, bytes, &config),
			     ROAD_IMAGE_INCOMPATIBLE);
		refused++;
	}
	CHECK(refused >= 2);
	CHECK_EQ(region_status(region_root(f)).loads, 0);
}

/* ---- work that does not end ---- */

/* A queue that runs an endless kernel, which has begun. */
static road_queue *endless(struct fixture *f, road_point *point)
{
	road_queue *queue = fixture_queue_new(f, NULL);

	region_occupy(f, queue, fixture_queue(f), point);
	return queue;
}

CONFORMANCE_CASE(reconfigure, reconfig_abort_cancels_cancelled)
{
	road_point point;
	road_queue *busy = endless(f, &point);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));

	CHECK_OK(road_event_retain(point.event));
	what.drain = ROAD_DRAIN_ABORT;
	CHECK_OK(region_do(fixture_queue(f), &what));
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_CANCELLED);
	road_event_release(point.event);
	CHECK_EQ(region_status(region_root(f)).active, region_id(f, 1));
	CHECK_STATUS(region_work(f, fixture_queue(f), 1, 0), ROAD_OK);
	CHECK_OK(road_queue_reset(busy));
	CHECK_STATUS(region_work(f, busy, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

/* The switch is refused in this phase, in words; what was active before still is. */
static void check_refused(struct fixture *f, road_reconfiguration *what, road_status status)
{
	road_reconfigure_result result = {.size = sizeof(result)};
	uint64_t active = region_status(region_root(f)).active;
	road_error why = {.size = sizeof(why)};
	road_queue *queue = fixture_queue(f);
	road_point point;

	what->result = &result;
	CHECK_OK(road_queue_reconfigure(queue, what, &point));
	CHECK_STATUS(road_point_wait(point, SOON), status);
	CHECK_STATUS(road_event_error(point.event, point.value, &why), status);
	CHECK(strstr(why.where, "ACTIVATE in region 0, phase drain"));
	CHECK(why.what[0] && why.seen[0] && why.allowed[0]);
	CHECK_OK(road_queue_reset(queue));
	CHECK_EQ(result.status, status);
	CHECK_EQ(result.phase, ROAD_PHASE_DRAIN);
	CHECK_EQ(result.active, active);
	CHECK_EQ(region_status(region_root(f)).active, active);
}

/* For another image than the active one. */
static bool has_room(struct fixture *f)
{
	return fixture_has(f, CAPABILITY_SLOTS) || !region_status(region_root(f)).active;
}

CONFORMANCE_CASE(reconfigure, reconfig_drain_timeout_old_kept)
{
	road_point point;
	road_queue *busy = endless(f, &point);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));

	/* What the deadline meets is the drain, not the load before it: if the image that runs has
	 * the only slot, a load would disturb it, and an activation loads behind the drain. */
	CHECK_STATUS(region_verb(f, fixture_queue(f), ROAD_RECONFIGURE_LOAD, 1, NULL),
		     has_room(f) ? ROAD_OK : ROAD_BUSY);
	what.deadline_ns = 2000;
	check_refused(f, &what, ROAD_TIMEOUT);
	CHECK_STATUS(road_event_error(point.event, point.value, NULL), ROAD_NOT_READY);
	CHECK_OK(road_queue_reset(busy));
	CHECK_STATUS(region_work(f, busy, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

CONFORMANCE_CASE(reconfigure, reconfig_concurrent_busy)
{
	road_point point;
	road_queue *busy = endless(f, &point);
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));

	what.drain = ROAD_DRAIN_REFUSE;
	check_refused(f, &what, ROAD_BUSY);
	CHECK_OK(road_queue_reset(busy));
	what.result = NULL;
	CHECK_OK(region_do(fixture_queue(f), &what));
}

/* ---- phases that fail ---- */

struct policy {
	road_region *region;
	road_queue *queue;
	road_buffer *memory;
	uint32_t slots;
	uint32_t safe; /* which image is; REGION_CONFIGS: none */
	unsigned char pattern[256];
};

/* With three slots the safe image is neither the old nor the new one; with two it is the old one;
 * with one none can be: it would have to stay where the new one comes. */
static uint32_t safe_image(uint32_t slots, uint32_t policy)
{
	if (policy != ROAD_FAILURE_SAFE || slots < 2)
		return REGION_CONFIGS;
	return slots > 2 ? 2 : 0;
}

/* Another image than the one that is there when it fails: the new one comes in with the switch,
 * and with one slot with the transfer before it. */
static bool comes_back(const struct policy *p, uint32_t phase, uint32_t policy)
{
	if (phase < ROAD_PHASE_COMMIT || policy == ROAD_FAILURE_QUARANTINE)
		return false;
	return phase > ROAD_PHASE_COMMIT || p->slots == 1 || p->safe == 2;
}

/* Buffers survive, or the result says that they do not. */
static void check_memory(struct fixture *f, struct policy *p, uint32_t flags)
{
	unsigned char back[sizeof(p->pattern)];

	fixture_get(f, back, p->memory, 0, sizeof(back));
	if (!(flags & ROAD_RESULT_MEMORY_LOST))
		CHECK_SAME(back, p->pattern, sizeof(back));
}

/* Image 0 is active; image 1 fails to come in. */
static void check_phase(struct fixture *f, struct policy *p, uint32_t phase, uint32_t policy)
{
	bool staged = phase >= ROAD_PHASE_COMMIT; /* before, the old image was never left */
	road_reconfigure_result result = {.size = sizeof(result)};
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	uint64_t active = region_id(f, 0);

	uint64_t rollbacks = region_status(p->region).rollbacks;

	if (staged && p->safe < REGION_CONFIGS)
		active = region_id(f, p->safe);
	if (staged && policy == ROAD_FAILURE_QUARANTINE)
		active = 0;
	what.on_failure = policy;
	what.result = &result;
	CHECK_OK(road_sim_phase_fail(f->device, region_info(p->region).index, phase, 1));
	CHECK(region_do(p->queue, &what) < 0);
	CHECK(result.status < 0);
	CHECK_EQ(result.phase, phase);
	CHECK_EQ(result.active, active);
	CHECK_EQ(region_status(p->region).active, active);
	CHECK_EQ(!!(result.flags & ROAD_RESULT_ROLLED_BACK), comes_back(p, phase, policy));
	CHECK_EQ(region_status(p->region).rollbacks, rollbacks + comes_back(p, phase, policy));
	CHECK_EQ(region_status(p->region).quarantined, staged && policy == ROAD_FAILURE_QUARANTINE);
	if (region_status(p->region).quarantined) {
		CHECK(result.flags & ROAD_RESULT_QUARANTINED);
		CHECK_STATUS(region_work(f, p->queue, 0, ROAD_LAUNCH_ACTIVATE), ROAD_FAULT);
		CHECK_OK(road_region_release_quarantine(p->region));
		CHECK_EQ(region_status(p->region).active, 0);
	}
	check_memory(f, p, result.flags);
	/* what was active is sound, not only named */
	if (active == region_id(f, 0))
		CHECK_STATUS(region_work(f, p->queue, 0, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

static void begin_policy(struct fixture *f, struct policy *p, uint32_t policy)
{
	/* the third fault of a minute would end it: each round begins afresh */
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	CHECK_OK(road_queue_reset(p->queue));
	p->region = region_root(f);
	fixture_put(f, p->memory, 0, p->pattern, sizeof(p->pattern));
	p->safe = safe_image(p->slots, policy);
	if (p->safe < REGION_CONFIGS) {
		CHECK_OK(region_verb(f, p->queue, ROAD_RECONFIGURE_LOAD, p->safe, NULL));
		CHECK_OK(road_region_set_safe(p->region, region_config(f, p->safe)));
	}
	CHECK_OK(region_verb(f, p->queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
}

CONFORMANCE_CASE(reconfigure, on_failure_policy_each_phase)
{
	struct policy p = {.region = region_root(f), .queue = fixture_queue(f)};

	p.memory = fixture_buffer(f, sizeof(p.pattern));
	p.slots = region_info(p.region).slots;
	fixture_fill_random(f, p.pattern, sizeof(p.pattern));
	for (uint32_t policy = ROAD_FAILURE_KEEP; policy <= ROAD_FAILURE_QUARANTINE; policy++) {
		for (uint32_t phase = ROAD_PHASE_PARSE; phase < ROAD_PHASES; phase++) {
			begin_policy(f, &p, policy);
			check_phase(f, &p, phase, policy);
		}
	}
	CHECK_STATUS(road_sim_phase_fail(f->device, 0, ROAD_PHASES, 1), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_sim_phase_fail(f->device, 99, ROAD_PHASE_CHECK, 1), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(reconfigure, quarantine_after_faults)
{
	road_region *root = region_root(f);
	road_queue *queue = fixture_queue(f);
	road_submission nothing = {.size = sizeof(nothing)};

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_EQ(region_status(root).quarantined, 0);
		CHECK_OK(road_sim_phase_fail(f->device, 0, ROAD_PHASE_CHECK, 1));
		CHECK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 1, NULL) < 0);
		CHECK_EQ(region_status(root).faults, i + 1);
	}
	CHECK_EQ(region_status(root).quarantined, 1);
	CHECK_STATUS(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL), ROAD_FAULT);
	CHECK_STATUS(region_work(f, queue, 0, ROAD_LAUNCH_ACTIVATE), ROAD_FAULT);
	CHECK_DETAIL("quarantine");
	CHECK_OK(road_region_release_quarantine(root));
	CHECK_EQ(region_status(root).active, 0);
	CHECK_EQ(region_status(root).quarantined, 0);
	CHECK_OK(road_queue_submit(queue, &nothing, NULL));
	CHECK_STATUS(region_work(f, queue, 1, ROAD_LAUNCH_ACTIVATE), ROAD_OK);
}

CONFORMANCE_CASE(reconfigure, reconfig_power_cut_mid_load_safe)
{
	road_queue *queue = fixture_queue(f);
	road_region *here = region_root(f);
	road_reconfigure_result result = {.size = sizeof(result)};
	road_reconfiguration what = region_command(ROAD_RECONFIGURE_ACTIVATE, region_config(f, 1));
	road_point point;

	CHECK_OK(region_verb(f, queue, ROAD_RECONFIGURE_ACTIVATE, 0, NULL));
	what.result = &result;
	CHECK_OK(road_queue_reconfigure(queue, &what, &point));
	f->lost = true;
	CHECK_OK(road_sim_unplug(f->device));
	const road_status ended = road_point_wait(point, SOON);

	if (!fixture_in_process(f) && !result.status) /* it has a clock of its own */
		case_note("the device was too quick to lose power at work");
	else
		CHECK_EQ(result.status, ROAD_DEVICE_LOST);
	CHECK(ended == ROAD_DEVICE_LOST || ended == result.status);
	road_region_status status = {.size = sizeof(status)};

	CHECK_STATUS(road_region_status_get(here, &status), ROAD_DEVICE_LOST);
	/* what comes back has forgotten all of it */
	road_device *again =
		fixture_open_in(f, fixture_instance(f, "", ROAD_INSTANCE_NO_ENV), f->address);
	road_region *root = NULL;

	CHECK_OK(road_region_root(again, &root));
	CHECK_EQ(region_status(root).active, 0);
	road_region_release(root);
}
