/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers and events as 64 bytes. Where a server has the device, it keeps the token: a right, which
 * ends with the object. Elsewhere the bytes name a descriptor of this process, which the kernel
 * shows to others of the same user.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/core.h"

/* ---- tokens that are names ---- */

#define NAME_MAGIC UINT64_C(0x316e656b6f746472) /* "rdtoken1", as little-endian text */

struct name { /* what stands in a road_token */
	uint64_t magic;
	struct road_memfd_name memory;
	uint64_t bytes;
	uint64_t kind;  /* enum road_bus_share */
	uint64_t check; /* of all before it: not a signature, but no accident passes */
};
_Static_assert(sizeof(struct name) == sizeof(road_token), "a token has 64 bytes");

/* FNV-1a. */
static uint64_t sum(const struct name *name)
{
	const unsigned char *bytes = (const void *)name;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < offsetof(struct name, check); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static road_status make_name(const struct road_bus_offer *offer, const char *where, road_token *out)
{
	struct name name = {.magic = NAME_MAGIC, .bytes = offer->bytes, .kind = offer->kind};

	if (offer->process)
		return road_fail_u64(ROAD_UNSUPPORTED, "only a server keeps tokens for one process",
				     where, offer->process, "0, or a device of a server");
	road_status status = road_memfd_name(offer->fd, &name.memory);

	if (status)
		return status;
	name.memory.process = (uint32_t)getpid();
	name.check = sum(&name);
	memcpy(out->bytes, &name, sizeof(name));
	return ROAD_OK;
}

static road_status open_name(enum road_bus_share kind, const road_token *token, const char *where,
			     int *fd, uint64_t *bytes)
{
	struct name name;

	memcpy(&name, token->bytes, sizeof(name));
	if (name.magic != NAME_MAGIC || name.kind != kind || name.check != sum(&name) ||
	    !name.bytes || name.bytes > name.memory.bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "these bytes are no token", where, "",
				 kind == ROAD_BUS_SHARE_BUFFER
					 ? "what road_buffer_export_token gave"
					 : "what road_event_export_token gave");
	*bytes = name.bytes;
	return road_memfd_open(&name.memory, where, fd);
}

/* ---- tokens that a server keeps: which objects have some ---- */

struct kept {
	struct kept *next;
	struct road_device *device; /* weak: it takes its rows out when it closes */
	const struct road_object *object;
};

static struct {
	pthread_mutex_t lock;
	struct kept *first;
	_Atomic bool any;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One row for each object and device. false: no memory. */
static bool keep(struct road_device *device, const struct road_object *object)
{
	struct kept *row;

	pthread_mutex_lock(&all.lock);
	for (row = all.first; row; row = row->next)
		if (row->device == device && row->object == object)
			break;
	if (!row && (row = malloc(sizeof(*row)))) {
		*row = (struct kept){all.first, device, object};
		all.first = row;
		atomic_store(&all.any, true);
	}
	pthread_mutex_unlock(&all.lock);
	return row;
}

/* Takes out one row of the object, or of the device; false: there is none. *device: a reference,
 * unless it closes just now. */
static bool take_out(const struct road_object *object, const struct road_device *of,
		     struct road_device **device)
{
	struct kept **at = &all.first;

	pthread_mutex_lock(&all.lock);
	while (*at && (*at)->object != object && (*at)->device != of)
		at = &(*at)->next;
	struct kept *row = *at;

	if (row) {
		*at = row->next;
		atomic_store(&all.any, all.first != NULL);
		*device = road_object_retain_live(&row->device->object) ? row->device : NULL;
	}
	pthread_mutex_unlock(&all.lock);
	free(row);
	return row;
}

void road_tokens_revoke(const struct road_object *object)
{
	struct road_device *device;

	while (atomic_load_explicit(&all.any, memory_order_relaxed) &&
	       take_out(object, NULL, &device)) {
		if (!device)
			continue;
		device->control->revoke(device->drv.bus, object->id);
		road_object_release(&device->object);
	}
}

void road_tokens_forget(const struct road_device *device)
{
	struct road_device *closing;

	while (take_out(NULL, device, &closing))
		; /* it has no reference left to be given */
}

/* ---- either ---- */

static road_status export(struct road_device *device, const struct road_object *object,
			  const struct road_bus_offer *offer, const char *where, road_token *out)
{
	const struct road_bus_control *control = device->control;

	if (!control || !control->share)
		return make_name(offer, where, out);
	if (!keep(device, object))
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a token", where, "", "");
	return control->share(device->drv.bus, offer, out);
}

static road_status import(struct road_device *device, enum road_bus_share kind,
			  const road_token *token, const char *where, int *fd, uint64_t *bytes)
{
	const struct road_bus_control *control = device->control;
	uint64_t magic;

	if (!token)
		return road_fail(ROAD_INVALID_ARGUMENT, "token is NULL", where, "NULL", "");
	memcpy(&magic, token->bytes, sizeof(magic));
	if (magic != ROAD_BUS_TOKEN_MAGIC)
		return open_name(kind, token, where, fd, bytes);
	if (!control || !control->obtain)
		return road_fail(ROAD_UNSUPPORTED, "a server keeps this token", where,
				 device->address, "a device of that server");
	return control->obtain(device->drv.bus, kind, token, fd, bytes);
}

/* ---- buffers ---- */

road_status road_buffer_export_token_to(road_buffer *buffer, uint32_t process, road_token *out)
{
	static const char *const where = "road_buffer_export_token: buffer";
	road_status status = road_buffer_check(buffer, 0, 0, where);

	if (status)
		return status;
	const struct road_buffer *root = buffer->parent ? buffer->parent : buffer;

	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_buffer_export_token: out", "NULL", "");
	status = road_exportable(root, where);
	if (status)
		return status;
	const struct road_bus_offer offer = {.kind = ROAD_BUS_SHARE_BUFFER,
					     .process = process,
					     .object = root->object.id,
					     .bytes = root->drv.bytes,
					     .fd = root->drv.dma.fd};

	return export(root->space->device, &root->object, &offer, where, out);
}

road_status road_buffer_export_token(road_buffer *buffer, road_token *out)
{
	return road_buffer_export_token_to(buffer, 0, out);
}

road_status road_buffer_import_token(road_space *space, const road_token *token, road_buffer **out)
{
	static const char *const where = "road_buffer_import_token: token";
	road_status status =
		road_object_check(space, &road_space_class, "road_buffer_import_token: space");
	uint64_t bytes;
	int fd;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_buffer_import_token: out", "NULL", "");
	if (!status)
		status = road_space_usable(space, "road_buffer_import_token: space");
	if (!status)
		status = import(space->device, ROAD_BUS_SHARE_BUFFER, token, where, &fd, &bytes);
	if (status)
		return status;
	status = road_buffer_import(space, fd, bytes, out);
	close(fd);
	return status;
}

/* ---- events ---- */

road_status road_event_export_token(road_event *event, road_device *device, uint32_t process,
				    road_token *out)
{
	static const char *const where = "road_event_export_token: event";
	struct road_bus_offer offer = {.kind = ROAD_BUS_SHARE_EVENT, .process = process};
	road_status status = road_object_check(event, &road_event_class, where);

	if (!status)
		status = road_object_check(device, &road_device_class,
					   "road_event_export_token: device");
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_event_export_token: out", "NULL", "");
	if (!status)
		status = road_shared_fd(event, where, &offer.fd, &offer.bytes);
	if (status)
		return status;
	offer.object = event->object.id;
	return export(device, &event->object, &offer, where, out);
}

road_status road_event_import_token(road_device *device, const road_token *token, road_event **out)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_event_import_token: device");
	uint64_t bytes;
	int fd;

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_event_import_token: out", "NULL", "");
	if (!status)
		status = import(device, ROAD_BUS_SHARE_EVENT, token,
				"road_event_import_token: token", &fd, &bytes);
	if (status)
		return status;
	status = road_event_import(device->instance, fd, out);
	close(fd);
	return status;
}
