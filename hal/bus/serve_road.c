/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that are ours. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/bus/serve.h"
#include "hal/bus/sim_served.h"
#include "hal/core/error.h"

/* No client makes time run further than this at once where nothing is to be run. */
#define RELAX_NS UINT64_C(10000000)

enum { PAGE = 4096 };

static const struct road_bus_control *control_of(const struct road_client *client)
{
	return road_bus_control_of(client->bus);
}

/* ---- identity ---- */

static int make_page(struct road_client *client)
{
	void *memory;

	if (client->page)
		return road_serve_refusal(client, road_fail(ROAD_BUSY, "client has a page already",
							    "", "", "one ROAD_HELLO"));
	road_status status = road_memfd_alloc(sizeof(*client->page), &memory, &client->page_fd);

	if (status) {
		client->page_fd = -1;
		return road_serve_refusal(client, status);
	}
	client->page = memory;
	atomic_store(&client->page->now_ps, client->server->domain->now());
	return 0;
}

void road_serve_identify(struct road_client *client, struct road_wire_hello *out)
{
	struct road_dma_limits limits;
	struct road_bus_ids ids;

	client->bus->ops->ids(client->bus, &ids);
	client->bus->ops->dma_limits(client->bus, &limits);
	*out = (struct road_wire_hello){
		.abi = ROAD_WIRE_ABI,
		.device = (uint32_t)(client->served - client->server->served),
		.irq_count = client->irq_count,
		.vendor = ids.vendor,
		.product = ids.device,
		.subsystem_vendor = ids.subsystem_vendor,
		.subsystem = ids.subsystem,
		.class_code = ids.class_code,
		.revision = ids.revision,
		.line_bytes = road_sim_line_bytes(client->bus),
		.dma_mask = limits.mask,
	};
	control_of(client)->costs(client->bus, &out->submit_ps, &out->query_ps);
	snprintf(out->compatible, sizeof(out->compatible), "%s", ids.compatible);
	snprintf(out->name, sizeof(out->name), "%s", ids.name);
	snprintf(out->vendor_name, sizeof(out->vendor_name), "%s", ids.vendor_name);
}

/* Its page lies in the memory that both see; that the server went is told there, too. */
static int hello_to_guest(struct road_client *client)
{
	struct road_wire_hello hello;

	atomic_store(&client->page->now_ps, client->server->domain->now());
	road_serve_identify(client, &hello);
	road_client_reply(client, &hello, sizeof(hello));
	return 0;
}

int road_serve_hello(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_hello_ask ask;
	struct road_wire_hello hello;

	memcpy(&ask, payload, bytes);
	if (ask.abi != ROAD_WIRE_ABI)
		return road_serve_refusal_as(client, EPROTONOSUPPORT,
					     road_fail_u64(ROAD_UNSUPPORTED,
							   "client is of another version", "",
							   ask.abi, "2: the server's library"));
	if (client->peer)
		ask.device = road_peer_device(client->peer);
	int error = client->bus ? road_serve_refusal(client, road_fail(ROAD_BUSY,
								       "client has a chip already",
								       "", "", "one ROAD_HELLO"))
				: road_serve_give(client, ask.device);

	if (!error && client->peer)
		return hello_to_guest(client);
	if (!error)
		error = make_page(client);
	if (error)
		return error;
	const int fd = fcntl(client->page_fd, F_DUPFD_CLOEXEC, 0);
	int ends[2];

	if (fd < 0)
		return EMFILE;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		close(fd);
		return EMFILE;
	}
	client->alive_fd = ends[1];
	road_serve_identify(client, &hello);
	road_client_reply(client, &hello, sizeof(hello));
	road_client_reply_fd(client, fd);
	road_client_reply_fd(client, ends[0]);
	return 0;
}

/* ---- time ---- */

int road_serve_relax(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_relax ask;
	struct road_bus *bus = client->bus;

	memcpy(&ask, payload, bytes);
	const uint64_t bound = bus->ops->now_ns(bus) + RELAX_NS;

	bus->ops->relax(bus, ask.ns < bound ? ask.ns : bound);
	ask.ns = bus->ops->now_ns(bus);
	/* Its next register may be answered in this turn, and must not be ahead of its time. */
	if (client->page && client->server->domain)
		atomic_store_explicit(&client->page->now_ps, client->server->domain->now(),
				      memory_order_release);
	road_client_reply(client, &ask, sizeof(ask));
	return 0;
}

/* ---- the back door ---- */

/* What goes back: bounded, and cut where it does not fit. */
struct answer {
	struct road_wire_door_reply head;
	char bytes[ROAD_WIRE_DATA_MAX];
};

static void add_text(struct answer *answer, const char *text)
{
	const size_t room = sizeof(answer->bytes) - answer->head.bytes;
	const size_t bytes = strnlen(text, room - 1);

	memcpy(answer->bytes + answer->head.bytes, text, bytes);
	answer->head.bytes += (uint32_t)bytes;
	answer->bytes[answer->head.bytes++] = 0;
}

static int door_counter(struct road_client *client, const struct road_wire_door *ask,
			struct answer *answer)
{
	const char *name;

	if (!control_of(client)->counter(client->bus, ask->index, &name, &answer->head.number))
		return ENOENT;
	add_text(answer, name);
	return 0;
}

static int door_line(struct road_client *client, const struct road_wire_door *ask,
		     struct answer *answer)
{
	struct road_wire_line line;
	road_sim_line seen;

	if (!control_of(client)->line(client->bus, ask->index, &seen))
		return ENOENT;
	line = (struct road_wire_line){
		.line = seen.line,
		.kernel = seen.kernel,
		.timed = seen.timed,
		.image = seen.image,
		.issues = seen.issues,
		.lanes = seen.lanes,
		.spills = seen.spills,
		.stall_barrier = seen.stall_barrier,
		.stall_memory = seen.stall_memory,
		.stall_dependence = seen.stall_dependence,
		.stall_unit = seen.stall_unit,
		.stall_not_selected = seen.stall_not_selected,
		.sectors = seen.sectors,
		.sectors_ideal = seen.sectors_ideal,
		.replays = seen.replays,
	};
	memcpy(answer->bytes, &line, sizeof(line));
	answer->head.bytes = sizeof(line);
	return 0;
}

static int door_parameter(struct road_client *client, const struct road_wire_door *ask,
			  struct answer *answer)
{
	road_sim_parameter seen;

	if (!control_of(client)->parameter(client->bus, ask->index, &seen))
		return ENOENT;
	const char *const texts[] = {seen.name, seen.value, seen.unit, seen.source, seen.kind};

	answer->head.number = seen.settable;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add_text(answer, texts[i]);
	return 0;
}

static int door_scenario(struct road_client *client, const struct road_wire_door *ask,
			 struct answer *answer)
{
	const char *name, *text;

	if (!control_of(client)->scenario(client->bus, ask->index, &name, &text))
		return ENOENT;
	add_text(answer, name);
	add_text(answer, text);
	return 0;
}

static int door_violations(struct road_client *client, const struct road_wire_door *ask,
			   struct answer *answer)
{
	(void)ask;
	answer->head.number = control_of(client)->violations(client->bus);
	return 0;
}

static int door_violation(struct road_client *client, const struct road_wire_door *ask,
			  struct answer *answer)
{
	char text[256];

	if (!control_of(client)->violation(client->bus, ask->index, text, sizeof(text)))
		return ENOENT;
	add_text(answer, text);
	return 0;
}

/* The whole report is made for each piece: who asks asks until it has all. */
static int door_report(struct road_client *client, const struct road_wire_door *ask,
		       struct answer *answer)
{
	const struct road_bus_control *control = control_of(client);
	const size_t bytes = control->report(client->bus, NULL, 0);
	char *text = calloc(1, bytes + 1);

	if (!text)
		return ENOMEM;
	answer->head.number = control->report(client->bus, text, bytes + 1);
	if (ask->index <= bytes)
		add_text(answer, text + ask->index);
	free(text);
	return 0;
}

static int door_inject(struct road_client *client, const struct road_wire_door *ask,
		       struct answer *answer)
{
	if (ask->index > 1)
		return road_serve_refusal(client,
					  road_serve_bad("kind of injection", ask->index, "0, 1"));
	answer->head.number = control_of(client)->inject(client->bus, ask->index, ask->a);
	return 0;
}

static int door_phase_fail(struct road_client *client, const struct road_wire_door *ask,
			   struct answer *answer)
{
	if (ask->a > UINT32_MAX || ask->b > UINT32_MAX)
		return road_serve_refusal(
			client, road_serve_bad("argument", ask->a > UINT32_MAX ? ask->a : ask->b,
					       "below 2^32"));
	answer->head.number = control_of(client)->phase_fail(client->bus, ask->index,
							     (uint32_t)ask->a, (uint32_t)ask->b);
	return 0;
}

static int door_boot_fault(struct road_client *client, const struct road_wire_door *ask,
			   struct answer *answer)
{
	if (ask->a > UINT32_MAX || ask->b > UINT32_MAX)
		return road_serve_refusal(
			client, road_serve_bad("argument", ask->a > UINT32_MAX ? ask->a : ask->b,
					       "below 2^32"));
	answer->head.number = control_of(client)->boot_fault(client->bus, ask->index,
							     (uint32_t)ask->a, (uint32_t)ask->b);
	return 0;
}

static int door_unplug(struct road_client *client, const struct road_wire_door *ask,
		       struct answer *answer)
{
	(void)ask;
	(void)answer;
	control_of(client)->unplug(client->bus);
	return 0;
}

static int (*const doors[ROAD_WIRE_DOORS])(struct road_client *client,
					   const struct road_wire_door *ask,
					   struct answer *answer) = {
	[ROAD_WIRE_DOOR_COUNTER] = door_counter,
	[ROAD_WIRE_DOOR_LINE] = door_line,
	[ROAD_WIRE_DOOR_PARAMETER] = door_parameter,
	[ROAD_WIRE_DOOR_SCENARIO] = door_scenario,
	[ROAD_WIRE_DOOR_VIOLATIONS] = door_violations,
	[ROAD_WIRE_DOOR_VIOLATION] = door_violation,
	[ROAD_WIRE_DOOR_REPORT] = door_report,
	[ROAD_WIRE_DOOR_INJECT] = door_inject,
	[ROAD_WIRE_DOOR_PHASE_FAIL] = door_phase_fail,
	[ROAD_WIRE_DOOR_BOOT_FAULT] = door_boot_fault,
	[ROAD_WIRE_DOOR_UNPLUG] = door_unplug,
};

int road_serve_door(struct road_client *client, const void *payload, size_t bytes)
{
	struct answer answer = {.head = {.found = 1}};
	struct road_wire_door ask;

	memcpy(&ask, payload, bytes);
	if (ask.what >= ROAD_WIRE_DOORS)
		return road_serve_refusal(client,
					  road_serve_bad("door", ask.what, "one of the table"));
	const int error = doors[ask.what](client, &ask, &answer);

	if (error == ENOENT) /* the end of a list, and no mistake */
		answer.head = (struct road_wire_door_reply){0};
	else if (error)
		return error;
	road_client_reply(client, &answer.head, sizeof(answer.head));
	road_client_reply(client, answer.bytes, answer.head.bytes);
	return 0;
}

/* ---- bytes of any number: in memory of their own ---- */

int road_serve_firmware(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_firmware answer = {0};
	struct road_wire_firmware_ask ask;
	const uint8_t *key = NULL;
	const void *image;
	size_t count;
	void *memory;
	int fd;

	memcpy(&ask, payload, bytes);
	if (!memchr(ask.component, 0, sizeof(ask.component)))
		return road_serve_refusal(client, road_serve_bad("component's name does not end",
								 sizeof(ask.component),
								 "a text with its 0"));
	if (control_of(client)->firmware(client->bus, ask.component, &image, &count, &key)) {
		if (road_memfd_alloc((count + PAGE - 1) / PAGE * PAGE, &memory, &fd))
			return ENOMEM;
		memcpy(memory, image, count);
		munmap(memory, (count + PAGE - 1) / PAGE * PAGE);
		road_client_reply_fd(client, fd);
		answer.found = 1;
		answer.bytes = count;
		if (key)
			memcpy(answer.key, key, sizeof(answer.key));
	}
	road_client_reply(client, &answer, sizeof(answer));
	return 0;
}

int road_serve_trace(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_trace answer = {0};
	const int fd = memfd_create("roadbed trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)payload;
	(void)bytes;
	if (fd < 0)
		return EMFILE;
	answer.error = control_of(client)->trace(client->bus, fd);
	if (!answer.error && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		answer.error = errno;
	if (answer.error)
		close(fd);
	else
		road_client_reply_fd(client, fd);
	road_client_reply(client, &answer, sizeof(answer));
	return 0;
}
