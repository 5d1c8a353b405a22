/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chips that are served. Each is divided: whoever opened the server holds its physical
 * function, which owns firmware and the chip's reset, and each client gets one of the others. A
 * chip that cannot be divided is built anew for each client.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/bus/sim_served.h"
#include "hal/core/error.h"

#define TEND_NS UINT64_C(1000000000) /* between looks at chips that say nothing */

static const char *const hello = "ROAD_HELLO";
static const char *const where = "road_sim_server_create: addresses";

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	return road_iova_translate(host, iova, bytes, write);
}

static void *nothing(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	(void)host, (void)iova, (void)bytes, (void)write;
	return NULL;
}

/* ---- a client's function ---- */

static road_status in_use(const struct road_served *served, uint32_t functions)
{
	char seen[sizeof(((road_error *)0)->seen)];

	snprintf(seen, sizeof(seen), "%u clients of %.40s", functions, served->address.identity);
	return road_fail(ROAD_BUSY, "all functions of this chip are in use", hello, seen,
			 "fewer clients, or roadbed serve --functions N");
}

static road_status open_function(struct road_client *client, const struct road_served *served)
{
	struct road_server *server = client->server;
	const struct road_sim_host host = {translate, &client->iovas};
	const struct road_address *address = &served->address;

	if (atomic_load(&server->ending))
		return road_fail(ROAD_NOT_FOUND, "the server is ending", hello, "",
				 "one that was started again");
	if (served->clients >= server->functions)
		return in_use(served, server->functions);
	road_status status =
		road_sim_open_for(&server->wish, address->identity, address->rest, address->options,
				  &host, served->physical, &client->bus);

	if (status)
		client->bus = NULL;
	return status;
}

road_status road_serve_bad(const char *what, uint64_t seen, const char *allowed)
{
	return road_fail_u64(ROAD_INVALID_ARGUMENT, what, "", seen, allowed);
}

int road_serve_refusal_as(struct road_client *client, int error, road_status status)
{
	struct road_wire_refusal *out = &client->refusal;
	road_error why;

	road_error_take(&why);
	*out = (struct road_wire_refusal){.status = status};
	snprintf(out->what, sizeof(out->what), "%s", why.what);
	snprintf(out->seen, sizeof(out->seen), "%s", why.seen);
	snprintf(out->allowed, sizeof(out->allowed), "%s", why.allowed);
	return error;
}

int road_serve_refusal(struct road_client *client, road_status status)
{
	return road_serve_refusal_as(client, status == ROAD_BUSY ? EBUSY : road_serve_errno(status),
				     status);
}

int road_serve_give(struct road_client *client, uint32_t device)
{
	struct road_server *server = client->server;

	if (device >= server->served_count)
		return road_serve_refusal(
			client, road_fail_u64(ROAD_NOT_FOUND, "the server has no such chip", hello,
					      device, "below the number of its addresses"));
	struct road_served *served = &server->served[device];
	const road_status status = open_function(client, served);

	if (status)
		return road_serve_refusal(client, status);
	struct road_dma_limits limits;

	client->bus->ops->dma_limits(client->bus, &limits);
	road_iova_limit(&client->iovas, limits.mask);
	server->domain = road_bus_control_of(client->bus)->domain;
	client->irq_count = client->bus->ops->irq_count(client->bus);
	if (client->irq_count > ROAD_WIRE_VECTORS_MAX)
		client->irq_count = ROAD_WIRE_VECTORS_MAX;
	client->served = served;
	served->clients++;
	road_serve_tell(client, ROAD_MESSAGE_INFO, "has %s", served->address.identity);
	return 0;
}

/* ---- opening and closing chips ---- */

static bool has_option(const char *options, const char *name)
{
	const size_t bytes = strlen(name);

	for (const char *at = options; at; at = strchr(at, '&')) {
		at += *at == '&';
		if (!strncmp(at, name, bytes) && at[bytes] == '=')
			return true;
	}
	return false;
}

static road_status check(const struct road_server *server, uint32_t index)
{
	const struct road_address *address = &server->served[index].address;

	if (strcmp(address->scheme, "sim") || address->decorator_count)
		return road_fail(ROAD_UNSUPPORTED, "only simulated chips are served", where,
				 address->identity,
				 "sim:CHIP; host: has no bus, a real device is of one process");
	if (has_option(address->options, "functions"))
		return road_fail(ROAD_INVALID_ARGUMENT,
				 "how many functions a chip has is the server's to say", where,
				 address->options, "an address without it, and --functions");
	for (uint32_t i = 0; i < index; i++)
		if (!strcmp(server->served[i].address.identity, address->identity))
			return road_fail(ROAD_INVALID_ARGUMENT, "this chip is served already",
					 where, address->identity, "another one: sim:CHIP@1");
	return ROAD_OK;
}

/* A new chip; nobody boots it. */
static road_status open_bare(struct road_server *server, const struct road_address *address,
			     struct road_bus **out)
{
	static const struct road_sim_host nobody = {nothing, NULL};

	return road_sim_open_for(&server->wish, address->identity, address->rest, address->options,
				 &nobody, NULL, out);
}

static road_status open_physical(struct road_server *server, uint32_t index, const char *text)
{
	struct road_bus **out = &server->served[index].physical;
	struct road_address address;

	if (server->open)
		return server->open(server->user, index, text, out);
	road_status status = road_address_parse(text, &address);

	if (status)
		return status;
	status = open_bare(server, &address, out);
	road_address_free(&address);
	return status;
}

static road_status open_divided(struct road_server *server, uint32_t index)
{
	struct road_served *served = &server->served[index];
	const struct road_address *address = &served->address;
	const size_t bytes = strlen(address->identity) + strlen(address->options) + 32;
	char *text = malloc(bytes);
	road_status status;

	if (!text)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address", where, "",
				 "");
	snprintf(text, bytes, "%s?%s%sfunctions=%u", address->identity, address->options,
		 address->options[0] ? "&" : "", server->functions + 1);
	status = open_physical(server, index, text);
	free(text);
	if (!status)
		server->domain = road_bus_control_of(served->physical)->domain;
	else
		served->physical = NULL;
	return status;
}

/* One that cannot be divided is looked at as it is, and closed again. */
static road_status open_chip(struct road_server *server, uint32_t index)
{
	struct road_served *served = &server->served[index];
	road_status status = open_divided(server, index);
	char text[320];
	road_error why;
	struct road_bus *bus;

	if (status != ROAD_INVALID_ARGUMENT)
		return status;
	road_error_take(&why);
	status = open_bare(server, &served->address, &bus);
	if (status)
		return status;
	bus->ops->close(bus);
	snprintf(text, sizeof(text),
		 "%.100s is not divided (%.100s%s%s): each client gets one anew",
		 served->address.identity, why.what, why.allowed[0] ? ", allowed: " : "",
		 why.allowed);
	if (server->tell)
		server->tell(server->user, ROAD_MESSAGE_INFO, text);
	return ROAD_OK;
}

road_status road_serve_chips_open(struct road_server *server, const char *const *addresses,
				  uint32_t count)
{
	road_status status = ROAD_OK;

	server->served = calloc(count, sizeof(*server->served));
	if (!server->served)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a server", where, "", "");
	/* All are looked at before one is opened. */
	for (uint32_t i = 0; i < count && !status; i++) {
		status = road_address_parse(addresses[i], &server->served[i].address);
		if (status)
			break;
		server->served_count++;
		status = check(server, i);
	}
	for (uint32_t i = 0; i < count && !status; i++)
		status = open_chip(server, i);
	return status;
}

void road_serve_chips_close(struct road_server *server)
{
	for (uint32_t i = 0; i < server->served_count; i++) {
		struct road_served *served = &server->served[i];

		if (served->physical && server->close)
			server->close(server->user, i);
		else if (served->physical)
			served->physical->ops->close(served->physical);
		road_address_free(&served->address);
	}
	free(server->served);
}

/* ---- while it runs ---- */

static bool physical_pending(const struct road_server *server)
{
	for (uint32_t i = 0; i < server->served_count; i++) {
		struct road_bus *bus = server->served[i].physical;

		if (bus && road_bus_control_of(bus)->irq_pending(bus))
			return true;
	}
	return false;
}

void road_serve_tend(struct road_server *server, uint64_t now)
{
	if (!server->tend || (now < server->tend_ns && !physical_pending(server)))
		return;
	if (now)
		server->tend_ns = now + TEND_NS;
	server->tend(server->user);
}

void road_server_lose(struct road_server *server, uint32_t index, const char *why)
{
	for (struct road_client *client = server->clients; client; client = client->next)
		if (client->served == &server->served[index])
			road_client_doom(client, why);
}
