/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a boot, what may follow what, and how long each may last. */
#include "firmware-loader/boot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"

#define MS UINT64_C(1000000)

static boot_action rejected, crashed;

#define STATE(name) ROAD_FIRMWARE_STATE_##name
/* Deadlines are assumed: some ten times what the simulated chips take. LOADING has more for what
 * there is to load. */
static const struct {
	const char *text;
	uint64_t deadline_ns; /* UINT64_MAX: it may last */
	boot_action *enter, *stay;
} states[ROAD_FIRMWARE_STATES] = {
	[STATE(OFF)] = {"off", 50 * MS, NULL, NULL},
	[STATE(ROM)] = {"rom", 100 * MS, NULL, NULL},
	[STATE(WAIT_IMAGE)] = {"wait-image", 100 * MS, boot_wait_enter, boot_wait_stay},
	[STATE(LOADING)] = {"loading", 100 * MS, boot_load_enter, boot_load_stay},
	[STATE(AUTH)] = {"auth", 500 * MS, boot_loaded, NULL},
	[STATE(STARTING)] = {"starting", 500 * MS, boot_all_loaded, NULL},
	[STATE(HANDSHAKE)] = {"handshake", 100 * MS, boot_hello_enter, NULL},
	[STATE(READY)] = {"ready", UINT64_MAX, boot_run_enter, boot_run_stay},
	[STATE(DEGRADED)] = {"degraded", UINT64_MAX, boot_run_enter, boot_run_stay},
	[STATE(REJECTED)] = {"rejected", UINT64_MAX, rejected, NULL},
	[STATE(CRASHED)] = {"crashed", UINT64_MAX, crashed, NULL},
};
#define LOADING_NS_PER_KIB MS

static const char *const phases[ROAD_FIRMWARE_PHASES] = {
	"off",      "rom",   "waiting", "loading",  "auth",    "rejected",
	"starting", "hello", "running", "degraded", "crashed",
};

/*
 * The state that a phase leads to from each state; 0: it may not be seen there. A chip may be
 * faster than it is looked at: what passes without the host's doing may be skipped.
 */
#define TO(name)    (1 + ROAD_FIRMWARE_STATE_##name)
#define PHASE(name) [ROAD_FIRMWARE_PHASE_##name]
static const uint8_t leads[ROAD_FIRMWARE_STATES][ROAD_FIRMWARE_PHASES] = {
	[STATE(OFF)] = {PHASE(OFF) = TO(OFF), PHASE(ROM) = TO(ROM),
			PHASE(WAITING) = TO(WAIT_IMAGE)},
	[STATE(ROM)] = {PHASE(ROM) = TO(ROM), PHASE(WAITING) = TO(WAIT_IMAGE)},
	[STATE(WAIT_IMAGE)] = {PHASE(WAITING) = TO(WAIT_IMAGE), PHASE(LOADING) = TO(LOADING)},
	[STATE(LOADING)] = {PHASE(LOADING) = TO(LOADING), PHASE(AUTH) = TO(AUTH),
			    PHASE(REJECTED) = TO(REJECTED), PHASE(WAITING) = TO(WAIT_IMAGE),
			    PHASE(STARTING) = TO(STARTING), PHASE(HELLO) = TO(HANDSHAKE)},
	[STATE(AUTH)] = {PHASE(AUTH) = TO(AUTH), PHASE(REJECTED) = TO(REJECTED),
			 PHASE(WAITING) = TO(WAIT_IMAGE), PHASE(STARTING) = TO(STARTING),
			 PHASE(HELLO) = TO(HANDSHAKE), PHASE(CRASHED) = TO(CRASHED)},
	[STATE(STARTING)] = {PHASE(STARTING) = TO(STARTING), PHASE(HELLO) = TO(HANDSHAKE),
			     PHASE(CRASHED) = TO(CRASHED)},
	[STATE(HANDSHAKE)] = {PHASE(HELLO) = TO(HANDSHAKE), PHASE(RUNNING) = TO(READY),
			      PHASE(DEGRADED) = TO(DEGRADED), PHASE(CRASHED) = TO(CRASHED)},
	[STATE(READY)] = {PHASE(RUNNING) = TO(READY), PHASE(DEGRADED) = TO(DEGRADED),
			  PHASE(CRASHED) = TO(CRASHED)},
	[STATE(DEGRADED)] = {PHASE(DEGRADED) = TO(DEGRADED), PHASE(RUNNING) = TO(READY),
			     PHASE(CRASHED) = TO(CRASHED)},
};

const char *road_firmware_state_text(uint32_t state)
{
	return state < ROAD_FIRMWARE_STATES ? states[state].text : "unknown state";
}

static const char *component_of(const struct road_firmware_boot *boot)
{
	return boot->component < boot->chip.component_count
		       ? boot->chip.components[boot->component].name
		       : "";
}

static void go(struct road_firmware_boot *boot, uint32_t state, uint64_t now_ns)
{
	const uint64_t last = states[state].deadline_ns;

	boot->state = state;
	boot->since_ns = now_ns;
	boot->deadline_ns = UINT64_MAX;
	if (last != UINT64_MAX)
		boot->deadline_ns = now_ns + last * boot->options.patience;
}

static void announce(const struct road_firmware_boot *boot)
{
	if (boot->options.changed)
		boot->options.changed(boot->options.arg, boot->state, component_of(boot));
}

/* ---- failures ---- */

road_firmware_error boot_fail(struct road_firmware_boot *boot, road_firmware_error error,
			      const char *what, const char *seen, const char *allowed)
{
	char where[80];
	const bool ran = boot->state >= ROAD_FIRMWARE_STATE_STARTING &&
			 boot->state != ROAD_FIRMWARE_STATE_REJECTED;

	if (boot->failed.error)
		return boot->failed.error;
	snprintf(where, sizeof(where), "boot state %s%s%s", states[boot->state].text,
		 component_of(boot)[0] ? " of " : "", component_of(boot));
	firmware_refuse(&boot->failed, error, (struct finding){what, where, seen, allowed});
	boot->state = ran ? ROAD_FIRMWARE_STATE_CRASHED : ROAD_FIRMWARE_STATE_REJECTED;
	boot->deadline_ns = UINT64_MAX;
	announce(boot);
	return error;
}

road_firmware_error boot_fail_number(struct road_firmware_boot *boot, road_firmware_error error,
				     const char *what, uint64_t seen, const char *rule,
				     uint64_t allowed)
{
	char number[32], right[96];

	snprintf(number, sizeof(number), "%" PRIu64, seen);
	firmware_rule(right, sizeof(right), rule, allowed);
	return boot_fail(boot, error, what, number, right);
}

/* The bus's own number says nothing to who reads it; what it was asked for does. */
road_firmware_error boot_bus(struct road_firmware_boot *boot, road_status status, const char *what)
{
	char seen[32];

	if (status == ROAD_OK)
		return ROAD_FIRMWARE_OK;
	snprintf(seen, sizeof(seen), "road_status %d", (int)status);
	return boot_fail(boot, ROAD_FIRMWARE_RW_ERROR, what, seen, "");
}

static road_firmware_error with_code(struct road_firmware_boot *boot, road_firmware_error error,
				     const char *what, uint32_t code)
{
	char seen[24];

	boot->code = code;
	snprintf(seen, sizeof(seen), "code 0x%" PRIx32, code);
	return boot_fail(boot, error, what, seen, "");
}

static road_firmware_error rejected(struct road_firmware_boot *boot,
				    const struct road_firmware_look *look, uint64_t now_ns)
{
	(void)now_ns;
	return with_code(boot, ROAD_FIRMWARE_ROM_REJECTED, "the boot ROM refuses the image",
			 look->code);
}

static road_firmware_error crashed(struct road_firmware_boot *boot,
				   const struct road_firmware_look *look, uint64_t now_ns)
{
	(void)now_ns;
	if (boot->chosen)
		return with_code(boot, ROAD_FIRMWARE_HEARTBEAT_LOST, "the firmware crashed",
				 look->code);
	return with_code(boot, ROAD_FIRMWARE_SELFTEST_FAILED, "the firmware's self-test failed",
			 look->code);
}

static road_firmware_error again(const struct road_firmware_boot *boot,
				 road_firmware_detail *detail)
{
	const road_firmware_detail *was = &boot->failed;

	return firmware_refuse(detail, was->error,
			       (struct finding){was->what, was->where, was->seen, was->allowed});
}

/* ---- steps ---- */

static road_firmware_error forbidden(struct road_firmware_boot *boot, uint32_t phase)
{
	char seen[40], allowed[96] = "";

	if (phase >= ROAD_FIRMWARE_PHASES)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip says that it is in no known phase", phase,
					"at most", ROAD_FIRMWARE_PHASES - 1);
	for (uint32_t i = 0; i < ROAD_FIRMWARE_PHASES; i++)
		if (leads[boot->state][i])
			snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed),
				 "%s%s", allowed[0] ? ", " : "", phases[i]);
	snprintf(seen, sizeof(seen), "%s", phases[phase]);
	return boot_fail(boot, ROAD_FIRMWARE_BAD_DEVICE,
			 "the chip is in a phase that cannot follow", seen, allowed);
}

static road_firmware_error enter(struct road_firmware_boot *boot, uint32_t state,
				 const struct road_firmware_look *look, uint64_t now_ns)
{
	road_firmware_error error = ROAD_FIRMWARE_OK;

	/* What was under way has to be at its end; the failure is that of the old state. */
	if (boot->state == ROAD_FIRMWARE_STATE_LOADING && state != ROAD_FIRMWARE_STATE_REJECTED)
		error = boot_loaded(boot, look, now_ns);
	if (!error && state == ROAD_FIRMWARE_STATE_HANDSHAKE)
		error = boot_all_loaded(boot, look, now_ns);
	if (!error &&
	    (state == ROAD_FIRMWARE_STATE_REJECTED || state == ROAD_FIRMWARE_STATE_CRASHED))
		return states[state].enter(boot, look, now_ns);
	if (error)
		return error;
	go(boot, state, now_ns);
	if (states[state].enter)
		error = states[state].enter(boot, look, now_ns);
	if (!error && state == ROAD_FIRMWARE_STATE_LOADING)
		boot->deadline_ns +=
			(boot->byte_count / 1024 + 1) * LOADING_NS_PER_KIB * boot->options.patience;
	if (!error)
		announce(boot);
	return error;
}

static road_firmware_error stay(struct road_firmware_boot *boot,
				const struct road_firmware_look *look, uint64_t now_ns)
{
	if (now_ns >= boot->deadline_ns)
		return boot_fail_number(boot, ROAD_FIRMWARE_TIMEOUT,
					"the chip stays in a boot state for too long",
					now_ns - boot->since_ns, "at most # ns",
					boot->deadline_ns - boot->since_ns);
	return states[boot->state].stay ? states[boot->state].stay(boot, look, now_ns)
					: ROAD_FIRMWARE_OK;
}

static road_firmware_error step(struct road_firmware_boot *boot, uint64_t now_ns)
{
	struct road_firmware_look look = {0};
	road_firmware_error error =
		boot_bus(boot, boot->ops->look(boot->dev, &look), "looking at the chip failed");

	if (error)
		return error;
	if (look.phase >= ROAD_FIRMWARE_PHASES || !leads[boot->state][look.phase])
		return forbidden(boot, look.phase);
	const uint32_t next = leads[boot->state][look.phase] - 1u;

	return next == boot->state ? stay(boot, &look, now_ns) : enter(boot, next, &look, now_ns);
}

road_firmware_error road_firmware_boot_step(road_firmware_boot *boot, uint64_t now_ns,
					    road_firmware_detail *detail)
{
	if (!boot)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){.what = "boot is NULL",
							.where = "road_firmware_boot_step: boot"});
	if (!boot->started) {
		boot->started = true;
		go(boot, ROAD_FIRMWARE_STATE_OFF, now_ns);
	}
	if (!boot->failed.error && boot->cancelled)
		boot_fail(boot, ROAD_FIRMWARE_CANCELLED, "the boot was cancelled", "", "");
	if (!boot->failed.error && step(boot, now_ns) == ROAD_FIRMWARE_OK)
		return ROAD_FIRMWARE_OK;
	return again(boot, detail);
}

void road_firmware_boot_cancel(road_firmware_boot *boot)
{
	if (boot)
		boot->cancelled = true;
}

/* ---- the object ---- */

static road_firmware_error check_arguments(const struct road_firmware_ops *ops,
					   const road_firmware_boot_options *options,
					   road_firmware_detail *detail)
{
	static const char *const where = "road_firmware_boot_create";

	if (!ops || !ops->describe || !ops->look || !ops->offer || !ops->transfer || !ops->tell)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"a function of the port is missing", where,
							"NULL", "all but dump"});
	if (!options->image)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"options lack who brings images", where,
							"NULL", "options.image"});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_boot_create(const struct road_firmware_ops *ops,
					      struct road_drv_device *dev,
					      const road_firmware_boot_options *options,
					      road_firmware_boot **out,
					      road_firmware_detail *detail)
{
	road_firmware_boot_options wanted;
	road_firmware_error error =
		bytes_struct_in(&wanted, sizeof(wanted), options, "options", detail);

	if (!error)
		error = check_arguments(ops, &wanted, detail);
	if (error)
		return error;
	struct road_firmware_boot *boot = calloc(1, sizeof(*boot));

	if (!boot)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){.what = "no memory for a boot"});
	boot->ops = ops;
	boot->dev = dev;
	boot->options = wanted;
	boot->options.patience = wanted.patience ? wanted.patience : 1;
	boot->failed.size = sizeof(boot->failed);
	error = boot_bus(boot, ops->describe(dev, &boot->chip), "asking what the chip is failed");
	if (!error)
		error = boot_check_chip(boot);
	if (error) {
		again(boot, detail);
		free(boot);
		return error;
	}
	boot->component = boot->chip.component_count;
	*out = boot;
	return ROAD_FIRMWARE_OK;
}

void road_firmware_boot_free(road_firmware_boot *boot)
{
	free(boot);
}

road_firmware_error road_firmware_boot_info_get(const road_firmware_boot *boot,
						road_firmware_boot_info *out)
{
	if (!boot)
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	const road_firmware_boot_info made = {
		.state = boot->state,
		.state_since_ns = boot->since_ns,
		.state_deadline_ns = boot->deadline_ns,
		.component = boot->component,
		.component_count = boot->chip.component_count,
		.protocol = boot->protocol,
		.code = boot->code,
		.version = {boot->hello.version_major, boot->hello.version_minor,
			    boot->hello.version_revision, boot->hello.version_build},
		.counter = boot->hello.counter,
		.boot_errors = boot->hello.boot_errors,
		.features = boot->hello.features,
		.sent_bytes = boot->sent_all,
		.request_count = boot->requests_all,
	};

	return bytes_struct_out(out, &made, sizeof(made)) ? ROAD_FIRMWARE_OK
							  : ROAD_FIRMWARE_INVALID_ARGUMENT;
}
