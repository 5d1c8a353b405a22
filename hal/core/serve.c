/* SPDX-License-Identifier: Apache-2.0 */
/* <roadbed/sim.h>: simulated chips for other processes. The work is the bus's (hal/bus/serve.c);
 * what is here holds the chips' physical functions: it boots them, and restarts those whose
 * firmware crashed. */
#include <stdlib.h>

#include <roadbed/sim.h>

#include "hal/core/firmware.h"

enum { CLIENTS = 64, CLIENTS_MAX = 256 };

struct road_sim_server {
	struct road_object object;
	road_instance *instance; /* a reference */
	struct road_server *server;
	struct road_device **devices; /* one a chip: a reference, NULL: the chip is not divided */
	uint32_t chips;
};

static void server_close(struct road_object *object)
{
	road_server_close(((road_sim_server *)(void *)object)->server);
}

static void server_finish(struct road_object *object)
{
	road_sim_server *server = (road_sim_server *)(void *)object;

	free(server->devices);
	road_object_release(&server->instance->object);
}

static void server_free(struct road_object *object)
{
	free(object);
}

static const struct road_class server_class = {ROAD_TYPE_SERVER, "server", server_close,
					       server_finish, server_free};

static void tell(void *user, int level, const char *text)
{
	const road_sim_server *server = user;

	road_instance_message(server->instance, level, "server", "%s", text);
}

/* ---- physical functions ---- */

static void close_device(void *user, uint32_t index)
{
	road_sim_server *server = user;

	road_object_release(&server->devices[index]->object);
	server->devices[index] = NULL;
}

static road_status open_device(void *user, uint32_t index, const char *address,
			       struct road_bus **out)
{
	road_sim_server *server = user;
	road_status status =
		road_device_open_apart(server->instance, address, &server->devices[index]);

	if (!status)
		*out = server->devices[index]->drv.bus;
	return status;
}

/* Its clients' work is lost in any case: they hear so, and open the chip anew. One that does not
 * come back is left as it is. */
static void restart(road_sim_server *server, uint32_t index)
{
	road_server_lose(server->server, index, "the firmware of its chip crashed");
	const road_status status = road_device_reset(server->devices[index], ROAD_RESET_DEVICE);

	road_instance_message(server->instance, status ? ROAD_MESSAGE_ERROR : ROAD_MESSAGE_WARNING,
			      "server", "chip %u, whose firmware crashed, %s", index,
			      status ? "does not come back" : "was restarted");
}

static void tend(void *user)
{
	road_sim_server *server = user;
	uint32_t health;
	uint64_t resets;

	road_progress_query(0); /* interrupts, if nobody else takes them */
	for (uint32_t i = 0; i < server->chips; i++)
		if (server->devices[i] &&
		    !road_device_health(server->devices[i], &health, &resets) &&
		    health != ROAD_HEALTH_WEDGED && road_boot_crashed(server->devices[i]))
			restart(server, i);
}

/* ---- making ---- */

static road_status check_options(const road_sim_server_options *options)
{
	static const char *const where = "road_sim_server_create: options";

	if (!options->address_count || !options->addresses ||
	    (!options->socket_path && !options->ivshmem_path))
		return road_fail(ROAD_INVALID_ARGUMENT, "no address, or no socket", where, "",
				 "at least one address, and a path");
	if (options->ivshmem_bytes && !options->ivshmem_path)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "ivshmem_bytes without a path", where,
				     options->ivshmem_bytes, "0");
	for (uint32_t i = 0; i < options->address_count; i++)
		if (!options->addresses[i])
			return road_fail_u64(ROAD_INVALID_ARGUMENT, "address is NULL", where, i,
					     "");
	if (options->clients_max > CLIENTS_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many clients", where,
				     options->clients_max, "at most 256");
	if (options->functions > ROAD_SERVE_FUNCTIONS_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many functions of a chip", where,
				     options->functions, "at most 63");
	return ROAD_OK;
}

static road_status open_server(road_instance *instance, const road_sim_server_options *options,
			       road_sim_server **out)
{
	road_sim_server *own = calloc(1, sizeof(*own));
	const struct road_server_wish wish = {
		.library_folder = instance->library_folder,
		.addresses = options->addresses,
		.address_count = options->address_count,
		.socket_path = options->socket_path,
		.ivshmem_path = options->ivshmem_path,
		.ivshmem_bytes = options->ivshmem_bytes,
		.clients_max = options->clients_max ? options->clients_max : CLIENTS,
		.tell = tell,
		.user = own,
		.functions = options->functions,
		.open = open_device,
		.close = close_device,
		.tend = tend,
	};

	if (own)
		own->devices = calloc(options->address_count, sizeof(struct road_device *));
	if (!own || !own->devices) {
		free(own);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a server",
				 "road_sim_server_create", "", "");
	}
	own->instance = instance;
	own->chips = options->address_count;
	road_status status = road_server_open(&wish, &own->server);

	if (status) {
		free(own->devices);
		free(own);
		return status;
	}
	road_object_retain(&instance->object);
	road_object_init(&own->object, &server_class);
	*out = own;
	return ROAD_OK;
}

road_status road_sim_server_create(road_instance *instance, const road_sim_server_options *options,
				   road_sim_server **out)
{
	road_sim_server_options own = {.size = sizeof(own)};
	road_status status = road_object_check(instance, &road_instance_class,
					       "road_sim_server_create: instance");

	if (!status && (!options || !out))
		status = road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				   options ? "road_sim_server_create: out"
					   : "road_sim_server_create: options",
				   "NULL", "");
	if (!status)
		status = road_struct_in(&own, sizeof(own), options,
					offsetof(road_sim_server_options, clients_max),
					"road_sim_server_create: options");
	if (!status)
		status = check_options(&own);
	return status ? status : open_server(instance, &own, out);
}

road_status road_sim_server_run(road_sim_server *server, uint64_t deadline)
{
	road_status status =
		road_object_check(server, &server_class, "road_sim_server_run: server");

	return status ? status : road_server_run(server->server, deadline);
}

/* In a handler of a signal no lock may be taken: so this looks at no set of live objects. */
road_status road_sim_server_stop(road_sim_server *server)
{
	if (!server)
		return road_fail(ROAD_INVALID_ARGUMENT, "server is NULL",
				 "road_sim_server_stop: server", "NULL", "");
	if (road_forked())
		return road_object_check(server, &server_class, "road_sim_server_stop: server");
	road_server_stop(server->server);
	return ROAD_OK;
}

road_status road_sim_server_shut(road_sim_server *server)
{
	road_status status =
		road_object_check(server, &server_class, "road_sim_server_shut: server");

	if (!status)
		road_server_shut(server->server);
	return status;
}

road_status road_sim_server_info_get(road_sim_server *server, road_sim_server_info *out)
{
	road_status status =
		road_object_check(server, &server_class, "road_sim_server_info_get: server");
	struct road_server_state state;

	if (!status)
		status = road_struct_out_check(out, 8, "road_sim_server_info_get: out");
	if (status)
		return status;
	road_server_state(server->server, &state);
	const road_sim_server_info info = {
		.size = sizeof(info),
		.clients = state.clients,
		.clients_peak = state.clients_peak,
		.accepted = state.accepted,
		.refused = state.refused,
		.dropped = state.dropped,
		.maps = state.maps,
		.mapped_bytes = state.mapped_bytes,
		.messages = state.messages,
		.posts = state.posts,
		.tokens = state.tokens,
	};

	road_struct_out(out, &info, sizeof(info));
	return ROAD_OK;
}

road_status road_sim_server_device(road_sim_server *server, uint32_t index, road_device **out)
{
	static const char *const where = "road_sim_server_device: index";
	road_status status =
		road_object_check(server, &server_class, "road_sim_server_device: server");

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_sim_server_device: out", "NULL", "");
	if (status)
		return status;
	if (index >= server->chips)
		return road_fail_u64(ROAD_NOT_FOUND, "the server has no such chip", where, index,
				     "below the number of its addresses");
	if (!server->devices[index])
		return road_fail_u64(ROAD_UNSUPPORTED, "each client has a chip of its own", where,
				     index, "a chip with several functions");
	road_object_retain(&server->devices[index]->object);
	*out = server->devices[index];
	return ROAD_OK;
}

void road_sim_server_release(road_sim_server *server)
{
	if (road_object_mine(server, &server_class, "road_sim_server_release: server"))
		road_object_release(&server->object);
}
