/* SPDX-License-Identifier: Apache-2.0 */
/* What is here: candidates of every driver, transport and list of addresses, with reasons. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/address.h"
#include "hal/core/core.h"
#include "hal/core/drivers.h"

/* ---- what is seen, in a stable order; each part says false where host memory ends ---- */

road_candidate *road_seen_add(struct road_seen *seen)
{
	if (seen->count == seen->room) {
		const uint32_t room = seen->room ? seen->room * 2 : 32;
		road_candidate *more = realloc(seen->candidates, room * sizeof(*more));

		if (!more)
			return NULL;
		seen->candidates = more;
		seen->room = room;
	}
	road_candidate *one = &seen->candidates[seen->count++];

	*one = (road_candidate){.size = sizeof(*one)};
	return one;
}

/* Drivers that are their own bus: one device each, or those that they know of. */
static bool own_buses(struct road_instance *instance, struct road_seen *seen)
{
	const struct road_driver *driver;
	const char *path;

	for (uint32_t i = 0; (driver = road_driver_at(instance, i, &path)); i++)
		if (driver->scheme && !road_driver_candidates(instance, driver, path, seen))
			return false;
	return true;
}

struct find_possible {
	struct road_candidate_sink sink;
	const struct road_address *address;
	road_candidate found;
	bool any;
};

static bool is_it(struct road_candidate_sink *sink, const road_candidate *one)
{
	struct find_possible *find = (struct find_possible *)(void *)sink;
	const char *rest = find->address->rest;
	size_t scheme = strlen(find->address->scheme) + 1, bytes = strcspn(rest, "@");

	/* An address without a name is of the bus itself: why it opens nothing. */
	find->any = (one->status && !one->address[scheme]) ||
		    (!strncmp(one->address + scheme, rest, bytes) && !one->address[scheme + bytes]);
	if (find->any)
		find->found = *one;
	return !find->any;
}

/* "NAME@N" of a bus that lists what it could open: its candidate, in `out`. */
static bool find_possible(struct road_instance *instance, const struct road_transport *transport,
			  const struct road_address *address, road_candidate *out)
{
	struct find_possible find = {.sink = {is_it}, .address = address};

	transport->scan(instance->library_folder, ROAD_ENUMERATE_POSSIBLE, &find.sink);
	if (find.any)
		*out = find.found;
	return find.any;
}

/* What opening a listed address would find, as far as can be told without opening it. */
static void look_up(struct road_instance *instance, const struct road_address *address,
		    road_candidate *c)
{
	const struct road_transport *transport = road_transport_find(address->scheme);
	const struct road_driver *driver;
	road_candidate possible;

	for (uint32_t i = 0; !transport && (driver = road_driver_at(instance, i, NULL)); i++)
		if (driver->scheme && !strcmp(driver->scheme, address->scheme))
			return;
	c->simulated = transport == &road_transport_sim;
	if (transport && transport->look) {
		transport->look(address->rest, c);
		if (road_is_unplugged(instance, address->identity))
			c->status = ROAD_DEVICE_LOST;
		return;
	}
	if (transport && find_possible(instance, transport, address, &possible)) {
		const bool out = road_is_unplugged(instance, address->identity);

		c->status = out ? ROAD_DEVICE_LOST : possible.status;
		memcpy(c->name, possible.name, sizeof(c->name));
		memcpy(c->vendor, possible.vendor, sizeof(c->vendor));
		memcpy(c->family, possible.family, sizeof(c->family));
		c->device_class = possible.device_class;
		c->simulated = possible.simulated;
		c->memory_bytes = possible.memory_bytes;
		memcpy(c->kernel_driver, possible.kernel_driver, sizeof(c->kernel_driver));
		if (possible.status)
			memcpy(c->reason, possible.reason, sizeof(c->reason));
		else if (out)
			snprintf(c->reason, sizeof(c->reason), "it was pulled out");
		return;
	}
	c->status = ROAD_NOT_FOUND;
	snprintf(c->reason, sizeof(c->reason), "%s: %.160s",
		 transport ? "nothing of this name" : "unknown scheme",
		 transport ? address->rest : address->scheme);
}

/* One address of the program's list or the environment's. */
static void describe_listed(struct road_instance *instance, road_candidate *c, const char *text,
			    size_t bytes)
{
	struct road_address address;
	char copy[sizeof(c->address)];

	snprintf(copy, sizeof(copy), "%.*s", (int)bytes, text);
	memcpy(c->address, copy, sizeof(copy));
	c->status = bytes < sizeof(copy) ? road_address_parse(copy, &address)
					 : road_fail(ROAD_INVALID_ARGUMENT, "address is too long",
						     "ROADBED_DEVICES", "", "at most 255");
	if (c->status) {
		road_error why;

		road_error_take(&why);
		snprintf(c->reason, sizeof(c->reason), "%.90s (%.90s)", why.what, why.where);
		return;
	}
	snprintf(c->reason, sizeof(c->reason), "listed by the program or ROADBED_DEVICES");
	look_up(instance, &address, c);
	road_address_free(&address);
}

static bool listed(struct road_instance *instance, struct road_seen *seen)
{
	const char *text = instance->devices;

	while (*text) {
		size_t bytes = strcspn(text, ";");
		road_candidate *one = bytes ? road_seen_add(seen) : NULL;

		if (bytes && !one)
			return false;
		if (one)
			describe_listed(instance, one, text, bytes);
		text += bytes + (text[bytes] == ';');
	}
	return true;
}

struct collect {
	struct road_candidate_sink sink;
	const struct road_instance *instance;
	struct road_seen *seen;
	bool full; /* no memory for more */
};

static bool collected(struct road_candidate_sink *sink, const road_candidate *one)
{
	struct collect *collect = (struct collect *)(void *)sink;
	road_candidate *own = road_seen_add(collect->seen);

	if (own)
		*own = *one;
	collect->full = !own;
	return own;
}

static bool runs(const struct road_candidate_sink *sink, const struct road_bus_ids *ids)
{
	const struct collect *collect = (const struct collect *)(const void *)sink;

	return road_driver_runs(collect->instance, ids);
}

static bool transports(struct road_instance *instance, struct road_seen *seen)
{
	struct collect collect = {.sink = {collected, runs}, .instance = instance, .seen = seen};
	const struct road_transport *transport;

	for (uint32_t t = 0; !collect.full && (transport = road_transport_at(t)); t++)
		transport->scan(instance->library_folder, seen->flags, &collect.sink);
	return !collect.full;
}

/* Files of the driver folders, and folders that were refused. */
static bool files(struct road_instance *instance, struct road_seen *seen)
{
	for (uint32_t i = 0;; i++) {
		road_candidate *one = road_seen_add(seen);

		if (!one)
			return false;
		if (!road_loaded_candidate(instance->loaded, i, one))
			break;
	}
	seen->count--;
	return true;
}

/* Under seen_lock: looks at everything anew. */
static road_status look(struct road_instance *instance, uint32_t flags)
{
	struct road_seen *seen = &instance->seen;

	seen->count = 0;
	seen->flags = flags;
	seen->valid = own_buses(instance, seen) && listed(instance, seen) &&
		      transports(instance, seen) && files(instance, seen);
	return seen->valid ? ROAD_OK
			   : road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for what is here",
				       "road_instance_explain", "", "");
}

/* Number `index` of all, or of those that can be opened; as they were when 0 was asked for. */
static road_status candidate_at(struct road_instance *instance, uint32_t flags, uint32_t index,
				bool usable, road_candidate *out)
{
	struct road_seen *seen = &instance->seen;
	road_status status = ROAD_OK;
	uint32_t left = index, i = 0;

	pthread_mutex_lock(&instance->seen_lock);
	if (!index || !seen->valid || seen->flags != flags)
		status = look(instance, flags);
	while (!status && i < seen->count && ((usable && seen->candidates[i].status) || left)) {
		left -= !(usable && seen->candidates[i].status);
		i++;
	}
	if (!status && i < seen->count)
		*out = seen->candidates[i];
	else if (!status)
		status = road_fail_u64(ROAD_NOT_FOUND, "no more candidates",
				       "road_instance_explain: index", index, "");
	pthread_mutex_unlock(&instance->seen_lock);
	return status;
}

static road_status check(struct road_instance *instance, uint32_t flags, const road_candidate *out,
			 const char *where)
{
	road_status status = road_object_check(instance, &road_instance_class, where);

	if (!status && flags & ~ROAD_ENUMERATE_POSSIBLE)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags", where, flags,
				       "ROAD_ENUMERATE_POSSIBLE");
	return status ? status : road_struct_out_check(out, 8, where);
}

static road_status enumerate(struct road_instance *instance, uint32_t flags, uint32_t index,
			     bool usable, road_candidate *out, const char *where)
{
	road_candidate candidate;
	road_status status = check(instance, flags, out, where);

	if (!status)
		status = candidate_at(instance, flags, index, usable, &candidate);
	if (!status)
		road_struct_out(out, &candidate, sizeof(candidate));
	return status;
}

road_status road_instance_explain(road_instance *instance, uint32_t flags, uint32_t index,
				  road_candidate *out)
{
	return enumerate(instance, flags, index, false, out, "road_instance_explain");
}

road_status road_instance_enumerate(road_instance *instance, uint32_t flags, uint32_t index,
				    road_candidate *out)
{
	return enumerate(instance, flags, index, true, out, "road_instance_enumerate");
}

/* DOMAIN:BUS:SLOT.FUNCTION, in hexadecimal digits and nothing else. */
static bool is_pci_address(const char *text)
{
	static const char between[] = "::.";

	for (unsigned i = 0;; i++) {
		size_t digits = strspn(text, "0123456789abcdefABCDEF");

		if (!digits || digits > 8)
			return false;
		text += digits;
		if (!between[i])
			return !*text;
		if (*text++ != between[i])
			return false;
	}
}

road_status road_instance_find(road_instance *instance, const char *pci_address, char *address,
			       size_t bytes)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_instance_find: instance");

	if (status)
		return status;
	if (!pci_address || !address)
		return road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				 "road_instance_find: pci_address, address", "NULL", "");
	if (!is_pci_address(pci_address))
		return road_fail(ROAD_INVALID_ARGUMENT, "malformed PCI address",
				 "road_instance_find: pci_address", pci_address, "0000:03:00.0");
	status = ROAD_NOT_FOUND;
	pthread_mutex_lock(&instance->lock);
	for (struct road_device *device = instance->open_devices; device; device = device->next) {
		if (strcmp(device->info.pci_address, pci_address))
			continue;
		status = strlen(device->address) < bytes ? ROAD_OK : ROAD_INVALID_ARGUMENT;
		if (!status)
			strcpy(address, device->address);
		break;
	}
	pthread_mutex_unlock(&instance->lock);
	if (status == ROAD_NOT_FOUND)
		road_fail(status, "no device at this PCI address",
			  "road_instance_find: pci_address", pci_address, "");
	else if (status)
		road_fail_u64(status, "buffer is too small", "road_instance_find: bytes", bytes,
			      "256");
	return status;
}
