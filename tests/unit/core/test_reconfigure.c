/* SPDX-License-Identifier: Apache-2.0 */
/* Reconfiguration as a command: its arguments, its place in the queue, its result. */
#include "tests/unit/core/fake/fixture.h"

#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

/* ---- arguments ---- */

struct wrong {
	const char *says;
	road_status status;
	void (*change)(road_reconfiguration *what, struct fake *k);
};

#define CHANGE(name, statement)                                      \
	static void name(road_reconfiguration *what, struct fake *k) \
	{                                                            \
		(void)k;                                             \
		statement;                                           \
	}
CHANGE(bad_verb, what->verb = ROAD_RECONFIGURE_VERBS)
CHANGE(bad_flags, what->flags = 2)
CHANGE(bad_reserved, what->reserved = 1)
CHANGE(bad_drain, what->drain = ROAD_DRAIN_REFUSE + 1)
CHANGE(bad_policy, what->on_failure = ROAD_FAILURE_QUARANTINE + 1)
CHANGE(bad_target, what->target = 1)
CHANGE(bad_slot, what->slot = FAKE_SLOTS)
CHANGE(no_config, what->config = NULL)
CHANGE(bad_config, what->config = (road_config *)(void *)k->f.queue)
CHANGE(with_buffer, what->buffer_bytes = 1)
CHANGE(bad_result, what->result = (road_reconfigure_result *)calloc(1, sizeof(*what->result)))

static const struct wrong of_all[] = {
	{"verb", ROAD_INVALID_ARGUMENT, bad_verb},
	{"flags", ROAD_INVALID_ARGUMENT, bad_flags},
	{"reserved", ROAD_INVALID_ARGUMENT, bad_reserved},
	{"drain", ROAD_INVALID_ARGUMENT, bad_drain},
	{"on_failure", ROAD_INVALID_ARGUMENT, bad_policy},
	{"result", ROAD_INVALID_ARGUMENT, bad_result},
};

static road_status record(struct fake *k, const road_reconfiguration *what)
{
	road_list *list = NULL;

	CU_ASSERT_EQUAL_FATAL(road_list_create(k->f.space, 0, &list), ROAD_OK);
	road_status status = road_list_reconfigure(list, what);

	road_list_release(list);
	return status;
}

static void expect(struct fake *k, const road_reconfiguration *right, const struct wrong *wrong)
{
	road_reconfiguration what = *right;

	wrong->change(&what, k);
	road_status status = record(k, &what);

	if (status != wrong->status)
		printf("# verb %u, wrong %s: %s\n", right->verb, wrong->says,
		       road_status_text(status));
	CU_ASSERT_EQUAL(status, wrong->status);
	CU_ASSERT(error_says(wrong->says));
	if (what.result != right->result)
		free(what.result);
}

static bool has_config(uint32_t verb)
{
	return verb < ROAD_RECONFIGURE_ROLLBACK;
}

static bool has_slot(uint32_t verb)
{
	return verb <= ROAD_RECONFIGURE_PREFETCH ||
	       (verb >= ROAD_RECONFIGURE_ACTIVATE && verb <= ROAD_RECONFIGURE_RESTORE);
}

static bool has_buffer(uint32_t verb)
{
	return verb == ROAD_RECONFIGURE_SWAP || verb == ROAD_RECONFIGURE_RESTORE ||
	       verb == ROAD_RECONFIGURE_READ_BACK;
}

static void each_verb_checks_its_arguments(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_buffer *buffer = buffer_of(&k.f, ROAD_HEAP_HOST, 256);

	for (uint32_t verb = 0; verb < ROAD_RECONFIGURE_VERBS; verb++) {
		road_reconfiguration what = command(verb, has_config(verb) ? config : NULL, NULL);

		if (has_buffer(verb)) {
			what.buffer = buffer;
			what.buffer_bytes = 256;
		}
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_OK);
		for (size_t i = 0; i < sizeof(of_all) / sizeof(of_all[0]); i++)
			expect(&k, &what, &of_all[i]);
		expect(&k, &what,
		       &(struct wrong){has_slot(verb) ? "such slot" : "no slot",
				       ROAD_INVALID_ARGUMENT, bad_slot});
		if (has_config(verb)) {
			expect(&k, &what,
			       &(struct wrong){"config", ROAD_INVALID_ARGUMENT, no_config});
			expect(&k, &what,
			       &(struct wrong){"config", ROAD_INVALID_ARGUMENT, bad_config});
		}
		if (!has_buffer(verb))
			expect(&k, &what,
			       &(struct wrong){"buffer", ROAD_INVALID_ARGUMENT, with_buffer});
		if (verb != ROAD_RECONFIGURE_ROLLBACK)
			expect(&k, &what,
			       &(struct wrong){"target", ROAD_INVALID_ARGUMENT, bad_target});
	}
	road_reconfiguration what = command(ROAD_RECONFIGURE_RESET, config, NULL);

	CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
	what = command(ROAD_RECONFIGURE_ROLLBACK, NULL, NULL);
	what.target = ROAD_ROLLBACK_INITIAL + 1;
	CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(record(&k, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(k.door->handed, 0);
	road_buffer_release(buffer);
	road_config_release(config);
	fake_teardown(&k);
}

static void buffers_are_checked(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_buffer *buffer = buffer_of(&k.f, ROAD_HEAP_HOST, 256), *fixed = NULL;
	road_buffer_options read_only = {.size = sizeof(read_only),
					 .heap = ROAD_HEAP_HOST,
					 .bytes = 64,
					 .flags = ROAD_BUFFER_READ_ONLY};

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(k.f.space, &read_only, &fixed), ROAD_OK);
	for (uint32_t verb = 0; verb < ROAD_RECONFIGURE_VERBS; verb++) {
		road_reconfiguration what = command(verb, config, NULL);

		if (!has_buffer(verb))
			continue;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
		what.buffer = buffer;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
		what.buffer_bytes = 8;
		what.buffer_offset = 249;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
		what.buffer_offset = UINT64_MAX;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_INVALID_ARGUMENT);
		what.buffer_offset = 248;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_OK);
		what.buffer_bytes = 4; /* a byte less than the image has */
		CU_ASSERT_EQUAL(record(&k, &what), verb == ROAD_RECONFIGURE_READ_BACK
							   ? ROAD_INVALID_ARGUMENT
							   : ROAD_OK);
		what.buffer = fixed;
		what.buffer_offset = 0;
		what.buffer_bytes = 5;
		CU_ASSERT_EQUAL(record(&k, &what),
				verb == ROAD_RECONFIGURE_RESTORE ? ROAD_OK : ROAD_PERMISSION);
	}
	road_buffer_release(buffer);
	road_buffer_release(fixed);
	road_config_release(config);
	fake_teardown(&k);
}

static void what_regions_cannot_do_is_unsupported(void)
{
	struct fake k = fake_setup(ROAD_REGION_SWITCHES);
	road_config *config = config_of(&k, "image");
	const road_region_part whole = {.units = FAKE_UNITS};

	for (uint32_t verb = 0; verb < ROAD_RECONFIGURE_VERBS; verb++) {
		road_reconfiguration what = command(verb, has_config(verb) ? config : NULL, NULL);

		CU_ASSERT_EQUAL(record(&k, &what), has_buffer(verb) ? ROAD_UNSUPPORTED : ROAD_OK);
		what.drain = ROAD_DRAIN_ITERATION;
		CU_ASSERT_EQUAL(record(&k, &what), ROAD_UNSUPPORTED);
	}
	CU_ASSERT_EQUAL(road_layout_check(k.root, &whole, 1, NULL), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_layout_apply(k.root, &whole, 1), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_layout_commit(k.root), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_layout_revert(k.root), ROAD_UNSUPPORTED);
	road_config_release(config);
	fake_teardown(&k);
}

/* ---- results ---- */

static void mark(road_reconfigure_result *result)
{
	*result = (road_reconfigure_result){.size = sizeof(*result), .status = 77};
}

static road_point submit(road_queue *queue, uint32_t verb, road_config *config,
			 road_reconfigure_result *result)
{
	road_reconfiguration what = command(verb, config, result);
	road_point point = {0};

	CU_ASSERT_EQUAL_FATAL(road_queue_reconfigure(queue, &what, &point), ROAD_OK);
	return point;
}

static void a_result_says_what_was_done(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *a = config_of(&k, "image a"), *b = config_of(&k, "image b");
	road_reconfigure_result r;

	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, a, &r), ROAD_OK);
	CU_ASSERT_EQUAL(r.status, ROAD_OK);
	CU_ASSERT_EQUAL(r.slot, 0);
	CU_ASSERT_EQUAL(r.bytes, 7);
	CU_ASSERT_EQUAL(r.active, 0);
	CU_ASSERT_EQUAL(r.flags, 0);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, a, &r), ROAD_OK);
	CU_ASSERT_EQUAL(r.flags, ROAD_RESULT_HIT);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, b, &r), ROAD_OK);
	CU_ASSERT_EQUAL(r.slot, 1);
	CU_ASSERT_EQUAL(r.active, id_of(b));
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, b, &r), ROAD_OK);
	CU_ASSERT_EQUAL(r.flags, ROAD_RESULT_HIT);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_EVICT, b, &r), ROAD_BUSY);
	CU_ASSERT_EQUAL(r.status, ROAD_BUSY);
	CU_ASSERT_EQUAL(r.phase, ROAD_PHASE_FIT);
	road_config_release(a);
	road_config_release(b);
	fake_teardown(&k);
}

/* The failure of the submission tells the command and the phase. */
static void a_failed_command_fails_its_submission(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result r, next;
	road_error error = {.size = sizeof(error)};

	k.door->held = true;
	k.door->fail_phase = ROAD_PHASE_POST_CHECK;
	road_point point = submit(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, config, &r);
	road_point behind = submit(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &next);

	k.door->run(2);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_FAULT);
	CU_ASSERT_EQUAL(r.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(r.phase, ROAD_PHASE_POST_CHECK);
	CU_ASSERT_EQUAL(r.flags, ROAD_RESULT_ROLLED_BACK);
	CU_ASSERT_EQUAL(road_event_error(point.event, point.value, &error), ROAD_FAULT);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "ACTIVATE"));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "phase post-check: door 9"));
	CU_ASSERT_STRING_EQUAL(error.what, "the fake was told to fail");
	CU_ASSERT_STRING_EQUAL(error.seen, "open");
	CU_ASSERT_STRING_EQUAL(error.allowed, "shut");
	CU_ASSERT_EQUAL(road_point_wait(behind, soon()), ROAD_FAULT);
	CU_ASSERT_EQUAL(next.status, ROAD_FAULT); /* never began */
	CU_ASSERT_EQUAL(next.phase, ROAD_PHASE_NONE);
	CU_ASSERT_EQUAL(road_queue_status(k.f.queue, NULL), ROAD_FAULT);
	road_config_release(config);
	fake_teardown(&k);
}

enum ending { CANCEL, RESET, CLOSE, DEVICE_RESET, LOSS, SPACE_CLOSE, ENDINGS };

static void end_queue(struct fake *k, enum ending how, uint64_t from)
{
	switch (how) {
	case CANCEL: CU_ASSERT_EQUAL(road_queue_cancel(k->f.queue, from), ROAD_OK); break;
	case RESET: CU_ASSERT_EQUAL(road_queue_reset(k->f.queue), ROAD_OK); break;
	case CLOSE:
		road_queue_release(k->f.queue);
		k->f.queue = NULL;
		break;
	case DEVICE_RESET:
		CU_ASSERT_EQUAL(road_device_reset(k->f.device, ROAD_RESET_DEVICE), ROAD_OK);
		break;
	case LOSS: k->door->lose(); break;
	default: CU_ASSERT_EQUAL(road_space_close(k->f.space), ROAD_OK); break;
	}
}

/* One done, one on the device, one that waits in the core; then all ends. */
static void look_at_ending(enum ending how)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result r[3];
	road_reconfiguration what = command(ROAD_RECONFIGURE_LOAD, config, &r[2]);
	road_event *gate = NULL;
	road_submission s = {.size = sizeof(s), .wait_count = 1};
	road_point done, there, waiting = {0};

	CU_ASSERT_EQUAL_FATAL(road_event_create(k.f.instance, 0, &gate), ROAD_OK);
	s.waits = &(road_point){gate, 1};
	done = submit(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &r[0]);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	k.door->held = true;
	there = submit(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, config, &r[1]);
	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &what), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &waiting), ROAD_OK);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(r[i].status, i ? 77 : ROAD_OK);
	road_event_retain(there.event);
	mark(&r[0]);
	end_queue(&k, how, there.value);

	road_status expected = how == LOSS ? ROAD_DEVICE_LOST : ROAD_CANCELLED;

	CU_ASSERT_EQUAL(road_point_wait(there, soon()), expected);
	CU_ASSERT_EQUAL(road_point_wait(waiting, soon()), expected);
	CU_ASSERT_EQUAL(r[0].status, 77); /* once */
	for (int i = 1; i < 3; i++) {
		CU_ASSERT_EQUAL(r[i].status, expected);
		CU_ASSERT_EQUAL(r[i].phase, ROAD_PHASE_NONE);
		CU_ASSERT_EQUAL(r[i].slot, ROAD_SLOT_ANY);
		mark(&r[i]);
	}
	k.door->held = false;
	k.door->run(10);
	CU_ASSERT_EQUAL(road_event_signal(gate, 1), ROAD_OK);
	if (k.f.queue)
		(void)road_queue_reset(k.f.queue);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(r[i].status, 77);
	CU_ASSERT_STRING_EQUAL(k.door->log, "A");
	road_event_release(there.event);
	road_event_release(gate);
	road_list_release(s.list);
	road_config_release(config);
	fake_teardown(&k);
}

static void every_result_comes_once_however_it_ends(void)
{
	for (int how = 0; how < ENDINGS; how++)
		look_at_ending((enum ending)how);
}

struct seen {
	road_reconfigure_result *result;
	road_status first, second;
};

static void look_in_between(void *user)
{
	struct seen *seen = user;

	seen->first = seen->result[0].status;
	seen->second = seen->result[1].status;
}

/* A callback in the middle of a list sees what is in front of it; what is behind comes later. */
static void a_callback_sees_the_results_before_it(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result r[2];
	road_reconfiguration first = command(ROAD_RECONFIGURE_LOAD, config, &r[0]);
	road_reconfiguration second = command(ROAD_RECONFIGURE_ACTIVATE, config, &r[1]);
	struct seen seen = {.result = r};
	road_submission s = {.size = sizeof(s)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &first), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_callback(s.list, look_in_between, &seen, ROAD_CALLBACK_INLINE),
			ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &second), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	for (int i = 0; i < 2; i++) {
		mark(&r[0]);
		mark(&r[1]);
		CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(seen.first, ROAD_OK);
		CU_ASSERT_EQUAL(seen.second, 77);
		CU_ASSERT_EQUAL(r[1].status, ROAD_OK);
	}
	road_list_release(s.list);
	road_config_release(config);
	fake_teardown(&k);
}

struct gate {
	_Atomic int inside, open;
};

static void block(void *user)
{
	struct gate *gate = user;

	atomic_store(&gate->inside, 1);
	while (!atomic_load(&gate->open))
		sched_yield();
}

/* What is behind a callback that runs ends with the queue, not with the callback. */
static void results_behind_a_callback_come_with_the_reset(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result before, r;
	road_reconfiguration first = command(ROAD_RECONFIGURE_LOAD, config, &before);
	road_reconfiguration what = command(ROAD_RECONFIGURE_LOAD, config, &r);
	struct gate gate = {0};
	road_submission s = {.size = sizeof(s)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &first), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_callback(s.list, block, &gate, 0), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &what), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_retain(point.event), ROAD_OK);
	while (!atomic_load(&gate.inside))
		(void)road_point_wait(point, road_deadline_after(1000000));
	CU_ASSERT_EQUAL(before.status, ROAD_OK);
	CU_ASSERT_EQUAL(r.status, 77);
	mark(&before);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, 0), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(before.status, 77); /* once */
	CU_ASSERT_EQUAL(r.status, ROAD_CANCELLED);
	mark(&r);
	atomic_store(&gate.open, 1);
	CU_ASSERT_EQUAL(road_queue_drain(k.f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_RESET, NULL, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(r.status, 77);
	road_event_release(point.event);
	road_list_release(s.list);
	road_config_release(config);
	fake_teardown(&k);
}

/* More than one piece of report memory holds. */
static void a_list_has_any_number_of_commands(void)
{
	enum { MANY = 100 };
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	static road_reconfigure_result r[MANY];
	road_submission s = {.size = sizeof(s)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	for (int i = 0; i < MANY; i++) {
		road_reconfiguration what = command(ROAD_RECONFIGURE_LOAD, config, &r[i]);

		CU_ASSERT_EQUAL(road_list_reconfigure(s.list, &what), ROAD_OK);
	}
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	for (int i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL(r[i].status, ROAD_OK);
		CU_ASSERT_EQUAL(r[i].flags, i ? ROAD_RESULT_HIT : 0);
		CU_ASSERT(!i || r[i].ended_ns > r[i - 1].ended_ns);
	}
	road_list_release(s.list);
	road_config_release(config);
	fake_teardown(&k);
}

static void a_result_of_an_older_size_is_kept_to(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result r;

	memset(&r, 0xa5, sizeof(r));
	r.size = offsetof(road_reconfigure_result, active);
	road_reconfiguration what = command(ROAD_RECONFIGURE_LOAD, config, NULL);
	road_point point;

	what.result = &r;
	CU_ASSERT_EQUAL_FATAL(road_queue_reconfigure(k.f.queue, &what, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(r.status, ROAD_OK);
	CU_ASSERT_EQUAL(r.size, offsetof(road_reconfigure_result, active));
	CU_ASSERT_EQUAL(r.bytes, UINT64_C(0xa5a5a5a5a5a5a5a5));
	road_config_release(config);
	fake_teardown(&k);
}

static void a_driver_that_does_not_report_is_told_of(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_reconfigure_result r;

	k.door->no_report = true;
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_LOAD, config, &r), ROAD_OK);
	CU_ASSERT_EQUAL(r.status, ROAD_INTERNAL);
	road_config_release(config);
	fake_teardown(&k);
}

/* ---- launches ---- */

static void a_launch_names_what_it_expects(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *other = config_of(&k, "another image");
	road_image *image = NULL, *plain = NULL;
	road_kernel *kernel = NULL, *bare = NULL;
	road_config *own = NULL;
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_image_load(k.f.space, "kernel's image", 14, NULL, &image),
			      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_load(k.f.space, "-plain", 6, NULL, &plain), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(image, "k", &kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(plain, "k", &bare), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_kernel_config(kernel, &own), ROAD_OK);
	road_launch launch = {
		.size = sizeof(launch), .kernel = kernel, .grid = {1, 1, 1}, .block = {1, 1, 1}};

	launch.configuration = id_of(own);
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_CONFIG_MISMATCH);
	CU_ASSERT_EQUAL(k.door->configuration, id_of(own));
	CU_ASSERT_EQUAL(k.door->flags, 0);
	CU_ASSERT_EQUAL(road_queue_reset(k.f.queue), ROAD_OK);
	launch.configuration = 0; /* the kernel's, which it brings along */
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->configuration, id_of(own));
	CU_ASSERT_EQUAL(k.door->flags, ROAD_LAUNCH_ACTIVATE);
	CU_ASSERT_EQUAL(active_in(k.root), id_of(own));
	launch.flags = ROAD_LAUNCH_ACTIVATE;
	launch.configuration = id_of(other);
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(active_in(k.root), id_of(other));
	launch.configuration = 12345;
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_NOT_FOUND);
	launch.configuration = 0;
	launch.kernel = bare;
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_INVALID_ARGUMENT);
	launch.flags = 0; /* the queue's: what it activated itself */
	CU_ASSERT_EQUAL(reconfigure(k.f.queue, ROAD_RECONFIGURE_ACTIVATE, other, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(k.door->configuration, 0);
	launch.flags = 4;
	CU_ASSERT_EQUAL(road_queue_launch(k.f.queue, &launch, &point), ROAD_INVALID_ARGUMENT);
	road_config_release(own);
	road_config_release(other);
	road_kernel_release(kernel);
	road_kernel_release(bare);
	road_image_release(image);
	road_image_release(plain);
	fake_teardown(&k);
}

static void a_launch_keeps_what_it_names(void)
{
	struct fake k = fake_setup(FAKE_FEATURES);
	road_config *config = config_of(&k, "image");
	road_image *plain = NULL;
	road_kernel *bare = NULL;
	road_submission s = {.size = sizeof(s)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_image_load(k.f.space, "-plain", 6, NULL, &plain), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(plain, "k", &bare), ROAD_OK);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = bare,
			      .flags = ROAD_LAUNCH_ACTIVATE,
			      .grid = {1, 1, 1},
			      .block = {1, 1, 1},
			      .configuration = id_of(config)};

	CU_ASSERT_EQUAL_FATAL(road_list_create(k.f.space, 0, &s.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_launch(s.list, &launch), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(s.list), ROAD_OK);
	road_config_release(config);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(k.f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(active_in(k.root), launch.configuration);
	CU_ASSERT_EQUAL(k.door->open_now, 1);
	road_list_release(s.list);
	CU_ASSERT_EQUAL(k.door->open_now, 0);
	road_kernel_release(bare);
	road_image_release(plain);
	fake_teardown(&k);
}

static const struct tap_case cases[] = {
	{"each verb checks its arguments", each_verb_checks_its_arguments},
	{"buffers are checked, and their rights", buffers_are_checked},
	{"what regions cannot do is unsupported", what_regions_cannot_do_is_unsupported},
	{"a result says what was done", a_result_says_what_was_done},
	{"a failed command fails its submission, which names it",
	 a_failed_command_fails_its_submission},
	{"every result comes once, however it ends", every_result_comes_once_however_it_ends},
	{"a callback sees the results before it", a_callback_sees_the_results_before_it},
	{"results behind a callback come with the reset",
	 results_behind_a_callback_come_with_the_reset},
	{"a list has any number of commands", a_list_has_any_number_of_commands},
	{"a result of an older size is kept to", a_result_of_an_older_size_is_kept_to},
	{"a driver that does not report is told of", a_driver_that_does_not_report_is_told_of},
	{"a launch names what it expects", a_launch_names_what_it_expects},
	{"a launch keeps what it names", a_launch_keeps_what_it_names},
};
TAP_MAIN(cases)
