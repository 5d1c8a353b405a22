/* SPDX-License-Identifier: Apache-2.0 */
/* The back door to a chip in another process, by messages of ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/bus/sock.h"
#include "hal/core/error.h"

/* ---- texts: they live as long as the device is open ---- */

struct road_sock_text {
	struct road_sock_text *next;
	size_t bytes;
	char text[];
};

/* One that is there already, or a copy; NULL without memory for it. */
static const char *keep(struct road_sock *sock, const void *bytes, size_t count)
{
	struct road_sock_text *one;

	pthread_mutex_lock(&sock->text_lock);
	for (one = sock->texts; one; one = one->next)
		if (one->bytes == count && !memcmp(one->text, bytes, count))
			break;
	if (!one && (one = malloc(sizeof(*one) + count + 1))) {
		memcpy(one->text, bytes, count);
		one->text[count] = 0;
		one->bytes = count;
		one->next = sock->texts;
		sock->texts = one;
	}
	pthread_mutex_unlock(&sock->text_lock);
	return one ? one->text : NULL;
}

void road_sock_texts_free(struct road_sock *sock)
{
	while (sock->texts) {
		struct road_sock_text *next = sock->texts->next;

		free(sock->texts);
		sock->texts = next;
	}
}

/* ---- questions ---- */

struct answer {
	struct road_wire_door_reply head;
	char bytes[ROAD_WIRE_DATA_MAX];
};

/* false: there is none, or the device is gone. */
static bool ask(struct road_bus *bus, struct road_wire_door door, struct answer *out)
{
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_DOOR,
		.ask = &door,
		.ask_bytes = sizeof(door),
		.answer = out,
		.answer_room = sizeof(*out),
	};

	return !road_sock_call(road_sock_of(bus), &call, "back door") &&
	       call.answer_bytes >= sizeof(out->head) && out->head.found &&
	       out->head.bytes <= call.answer_bytes - sizeof(out->head);
}

/* The terminated text at *at of the answer; moves behind it. */
static const char *take_text(struct road_sock *sock, const struct answer *answer, size_t *at)
{
	const char *text = answer->bytes + *at;
	const size_t bytes = strnlen(text, answer->head.bytes - *at);

	*at += bytes < answer->head.bytes - *at ? bytes + 1 : bytes;
	text = keep(sock, text, bytes);
	return text ? text : "";
}

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	struct answer answer;
	size_t at = 0;

	if (!ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_COUNTER, .index = index},
		 &answer))
		return false;
	*name = take_text(road_sock_of(bus), &answer, &at);
	*value = answer.head.number;
	return true;
}

static bool control_line(struct road_bus *bus, uint32_t index, road_sim_line *out)
{
	struct road_wire_line seen;
	struct answer answer;

	if (!ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_LINE, .index = index},
		 &answer) ||
	    answer.head.bytes != sizeof(seen))
		return false;
	memcpy(&seen, answer.bytes, sizeof(seen));
	out->line = seen.line;
	out->image = seen.image;
	out->kernel = seen.kernel;
	out->timed = seen.timed;
	out->issues = seen.issues;
	out->lanes = seen.lanes;
	out->spills = seen.spills;
	out->stall_barrier = seen.stall_barrier;
	out->stall_memory = seen.stall_memory;
	out->stall_dependence = seen.stall_dependence;
	out->stall_unit = seen.stall_unit;
	out->stall_not_selected = seen.stall_not_selected;
	out->sectors = seen.sectors;
	out->sectors_ideal = seen.sectors_ideal;
	out->replays = seen.replays;
	return true;
}

static bool control_parameter(struct road_bus *bus, uint32_t index, road_sim_parameter *out)
{
	struct answer answer;
	size_t at = 0;

	if (!ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_PARAMETER, .index = index},
		 &answer))
		return false;
	const char **const texts[] = {&out->name, &out->value, &out->unit, &out->source,
				      &out->kind};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = take_text(road_sock_of(bus), &answer, &at);
	out->settable = answer.head.number != 0;
	return true;
}

static bool control_scenario(struct road_bus *bus, uint32_t index, const char **name,
			     const char **text)
{
	struct answer answer;
	size_t at = 0;

	if (!ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_SCENARIO, .index = index},
		 &answer))
		return false;
	*name = take_text(road_sock_of(bus), &answer, &at);
	*text = take_text(road_sock_of(bus), &answer, &at);
	return true;
}

static uint64_t control_violations(struct road_bus *bus)
{
	struct answer answer;

	return ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_VIOLATIONS}, &answer)
		       ? answer.head.number
		       : 0;
}

static bool control_violation(struct road_bus *bus, uint32_t index, char *text, size_t bytes)
{
	struct answer answer;

	if (!ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_VIOLATION, .index = index},
		 &answer))
		return false;
	snprintf(text, bytes, "%.*s", (int)answer.head.bytes, answer.bytes);
	return true;
}

/* Piece by piece; what changes meanwhile may be cut anywhere. */
static size_t control_report(struct road_bus *bus, char *out, size_t bytes)
{
	struct answer answer;
	size_t at = 0, needed = 0;

	do {
		const struct road_wire_door door = {.what = ROAD_WIRE_DOOR_REPORT,
						    .index = (uint32_t)at};

		if (!ask(bus, door, &answer))
			break;
		const size_t piece = strnlen(answer.bytes, answer.head.bytes);

		needed = answer.head.number;
		if (at < bytes)
			snprintf(out + at, bytes - at, "%.*s", (int)piece, answer.bytes);
		if (!piece)
			break;
		at += piece;
	} while (at < needed && at < bytes);
	return needed;
}

static enum road_bus_inject inject(struct road_bus *bus, struct road_wire_door door)
{
	struct answer answer;

	if (!ask(bus, door, &answer) || answer.head.number > ROAD_BUS_INJECT_FULL)
		return ROAD_BUS_INJECT_NONE;
	return (enum road_bus_inject)answer.head.number;
}

static enum road_bus_inject control_inject(struct road_bus *bus, bool poison, uint64_t address)
{
	return inject(bus, (struct road_wire_door){ROAD_WIRE_DOOR_INJECT, poison, address, 0});
}

static enum road_bus_inject control_phase_fail(struct road_bus *bus, uint32_t region,
					       uint32_t phase, uint32_t times)
{
	return inject(bus,
		      (struct road_wire_door){ROAD_WIRE_DOOR_PHASE_FAIL, region, phase, times});
}

static enum road_bus_inject control_boot_fault(struct road_bus *bus, uint32_t fault, uint32_t phase,
					       uint32_t times)
{
	return inject(bus, (struct road_wire_door){ROAD_WIRE_DOOR_BOOT_FAULT, fault, phase, times});
}

/* First the chip stops: whoever hears that it is gone takes its memory back. */
static void control_unplug(struct road_bus *bus)
{
	struct answer answer;

	ask(bus, (struct road_wire_door){.what = ROAD_WIRE_DOOR_UNPLUG}, &answer);
	road_sock_lose(road_sock_of(bus));
}

/* ---- bytes of any number ---- */

#define FIRMWARE_MAX (UINT64_C(1) << 28) /* bytes that a server is believed */

static bool control_firmware(struct road_bus *bus, const char *component, const void **image,
			     size_t *bytes, const uint8_t **key)
{
	struct road_sock *sock = road_sock_of(bus);
	struct road_wire_firmware_ask ask = {{0}};
	struct road_wire_firmware answer = {0};
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_FIRMWARE,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.answer = &answer,
		.answer_room = sizeof(answer),
		.answer_fds_wanted = 1,
	};
	void *memory = NULL;

	snprintf(ask.component, sizeof(ask.component), "%s", component);
	if (road_sock_call(sock, &call, "firmware") || call.answer_fds[0] < 0)
		return false;
	if (answer.found && answer.bytes && answer.bytes <= FIRMWARE_MAX)
		road_memfd_map_at(call.answer_fds[0], 0, answer.bytes, "firmware", &memory);
	close(call.answer_fds[0]);
	if (!memory)
		return false;
	*image = keep(sock, memory, answer.bytes);
	*bytes = answer.bytes;
	*key = (const uint8_t *)keep(sock, answer.key, sizeof(answer.key));
	munmap(memory, answer.bytes);
	return *image && *key;
}

static int copy_out(int from, int to)
{
	char piece[4096];
	ssize_t got;

	if (lseek(from, 0, SEEK_SET) < 0)
		return errno;
	while ((got = read(from, piece, sizeof(piece))) > 0)
		for (ssize_t at = 0; at < got;) {
			const ssize_t put = write(to, piece + at, (size_t)(got - at));

			if (put < 0)
				return errno;
			at += put;
		}
	return got < 0 ? errno : 0;
}

static int control_trace(struct road_bus *bus, int fd)
{
	struct road_wire_trace answer = {.error = EIO};
	struct road_sock_call call = {.command = ROAD_WIRE_ROAD_TRACE,
				      .answer = &answer,
				      .answer_room = sizeof(answer),
				      .answer_fds_wanted = 1};

	if (road_sock_call(road_sock_of(bus), &call, "trace"))
		return ENODEV;
	if (call.answer_fds[0] < 0)
		return answer.error ? answer.error : EIO;
	const int error = copy_out(call.answer_fds[0], fd);

	close(call.answer_fds[0]);
	return error;
}

/* ---- what the core sees ---- */

static void control_costs(struct road_bus *bus, uint64_t *submit_ps, uint64_t *query_ps)
{
	*submit_ps = road_sock_of(bus)->hello.submit_ps;
	*query_ps = road_sock_of(bus)->hello.query_ps;
}

static int control_lost_fd(struct road_bus *bus)
{
	return road_sock_of(bus)->alive_fd;
}

static void control_let_go(struct road_bus *bus)
{
	road_sock_lose(road_sock_of(bus));
}

const struct road_bus_control road_sock_control = {
	.costs = control_costs,
	.irq_pending = road_sock_irq_pending,
	.unplug = control_unplug,
	.inject = control_inject,
	.phase_fail = control_phase_fail,
	.firmware = control_firmware,
	.boot_fault = control_boot_fault,
	.counter = control_counter,
	.line = control_line,
	.parameter = control_parameter,
	.scenario = control_scenario,
	.violations = control_violations,
	.violation = control_violation,
	.report = control_report,
	.trace = control_trace,
	.lost_fd = control_lost_fd,
	.let_go = control_let_go,
	.attend = road_sock_attend,
	.share = road_sock_share,
	.obtain = road_sock_obtain,
	.revoke = road_sock_revoke,
};
