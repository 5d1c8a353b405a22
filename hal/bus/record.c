/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decorator `record(FILE):ADDRESS`: the bus of ADDRESS, and all that goes over it into FILE
 * (hal/bus/trace.h), which replay(FILE): answers from.
 *
 * Registers are not mapped, so that each access is seen, and the host's memory is not the device's:
 * both meet when the driver syncs them, as on a machine whose devices do not look into caches. So
 * a driver that forgets a sync fails here as it fails there.
 *
 * One lock orders the calls: the trace is in the order in which they reached the device.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/forward.h"
#include "hal/bus/traced.h"
#include "hal/core/error.h"

struct recorder {
	struct road_forward forward;
	pthread_mutex_t lock;
	FILE *file;
	struct road_traced_list memory;
	uint8_t *before; /* as much of some memory as was ever synced at once */
	uint64_t before_room;
	/* The last event, kept back: the next may be the same. count 0: none. */
	struct road_trace_event last;
	uint64_t lines;
	int error; /* of the first write to the file that failed */
	bool lost;
};

static struct recorder *recorder_of(struct road_bus *bus)
{
	return (struct recorder *)(void *)bus;
}

/* ---- the file ---- */

static void end_line(struct recorder *r)
{
	fputc('\n', r->file);
	r->lines++;
	if (fflush(r->file) && !r->error)
		r->error = errno;
}

static void put_last(struct recorder *r)
{
	if (!r->last.count)
		return;
	road_trace_print_event(r->file, &r->last);
	end_line(r);
	r->last.count = 0;
}

static struct road_trace_event event_of(struct recorder *r, enum road_trace_kind kind,
					const uint64_t *numbers)
{
	struct road_bus *inner = r->forward.inner;
	struct road_trace_event event = {.kind = kind, .count = 1, .ns = inner->ops->now_ns(inner)};

	memcpy(event.numbers, numbers, road_trace_number_count(kind) * sizeof(*numbers));
	return event;
}

static bool is_poll(enum road_trace_kind kind)
{
	return kind == ROAD_TRACE_READ || kind == ROAD_TRACE_CONFIG_READ || kind == ROAD_TRACE_TAKE;
}

/* Under the lock. */
static void put(struct recorder *r, enum road_trace_kind kind, const uint64_t *numbers)
{
	struct road_trace_event event = event_of(r, kind, numbers);

	if (is_poll(kind) && r->last.count && r->last.kind == kind &&
	    !memcmp(r->last.numbers, event.numbers, sizeof(event.numbers))) {
		r->last.count++;
		return;
	}
	put_last(r);
	r->last = event;
	if (!is_poll(kind))
		put_last(r); /* a program that ends by force leaves what led there */
}

#define PUT(r, kind, ...) put(r, kind, (const uint64_t[ROAD_TRACE_NUMBERS]){__VA_ARGS__})

/* ---- registers ---- */

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	const uint32_t value = road_forward_config_read(bus, offset);

	PUT(r, ROAD_TRACE_CONFIG_READ, offset, value);
	pthread_mutex_unlock(&r->lock);
	return value;
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_CONFIG_WRITE, offset, value);
	road_forward_config_write(bus, offset, value);
	pthread_mutex_unlock(&r->lock);
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	road_forward_region_info(bus, region, out);
	out->mappable = false;
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	(void)bus, (void)offset, (void)bytes, (void)out;
	return road_fail_u64(ROAD_UNSUPPORTED, "registers that are recorded are not mapped",
			     "region_map", region, "reads and writes");
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	const uint64_t value = road_forward_read(bus, region, offset, width);

	PUT(r, ROAD_TRACE_READ, region, offset, width, value);
	pthread_mutex_unlock(&r->lock);
	return value;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_WRITE, region, offset, width, value);
	road_forward_write(bus, region, offset, width, value);
	pthread_mutex_unlock(&r->lock);
}

/* ---- memory ---- */

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	road_forward_dma_limits(bus, out);
	out->coherent = false;
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct recorder *r = recorder_of(bus);
	struct road_dma inner = {.fd = -1}, made = {.fd = -1};

	pthread_mutex_lock(&r->lock);
	road_status status = road_forward_dma_alloc(bus, bytes, &inner);

	if (!status) {
		status = road_traced_add(&r->memory, NULL, inner.host, inner.bytes, &made);
		if (status)
			road_forward_dma_free(bus, &inner);
	}
	if (!status) {
		made.iova = inner.iova;
		road_traced_of(&made)->inner = inner;
		*out = made;
	}
	PUT(r, ROAD_TRACE_ALLOC, status ? 0 : r->memory.numbers, bytes, inner.iova.value,
	    (uint64_t)status);
	pthread_mutex_unlock(&r->lock);
	return status;
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	struct recorder *r = recorder_of(bus);
	struct road_dma inner = road_traced_of(dma)->inner;

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_FREE, road_traced_of(dma)->number);
	road_traced_remove(&r->memory, dma);
	road_forward_dma_free(bus, &inner);
	pthread_mutex_unlock(&r->lock);
}

/* The device gets memory of its own, which has the program's bytes when they are synced. */
static road_status map_aside(struct recorder *r, void *host, uint64_t bytes,
			     enum road_dma_direction direction, struct road_dma *out)
{
	struct road_bus *bus = &r->forward.handle.bus;
	struct road_dma inner = {.fd = -1};
	const bool is_possible = bytes && bytes <= SIZE_MAX - 4095;
	void *aside = is_possible ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : NULL;
	road_status status;

	if (!aside)
		return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY, "no memory to record a mapping",
				     "dma_map", bytes, "");
	memset(aside, 0, bytes);
	status = road_traced_add(&r->memory, host, aside, bytes, out);
	if (status)
		goto free_aside;
	status = road_forward_dma_map(bus, aside, bytes, direction, &inner);
	if (status)
		goto remove;
	out->iova = inner.iova;
	road_traced_of(out)->inner = inner;
	return ROAD_OK;
remove:
	r->memory.numbers--;
	road_traced_remove(&r->memory, out);
free_aside:
	free(aside);
	return status;
}

static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	struct recorder *r = recorder_of(bus);
	struct road_dma made = {.fd = -1};

	pthread_mutex_lock(&r->lock);
	road_status status = map_aside(r, host, bytes, direction, &made);

	if (!status)
		*out = made;
	PUT(r, ROAD_TRACE_MAP, status ? 0 : r->memory.numbers, bytes, direction, made.iova.value,
	    (uint64_t)status);
	pthread_mutex_unlock(&r->lock);
	return status;
}

static void bus_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	struct recorder *r = recorder_of(bus);
	struct road_dma inner = road_traced_of(dma)->inner;

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_UNMAP, road_traced_of(dma)->number);
	void *aside = road_traced_of(dma)->shadow->seen;

	road_traced_remove(&r->memory, dma);
	road_forward_dma_unmap(bus, &inner);
	free(aside);
	pthread_mutex_unlock(&r->lock);
}

static void give(struct recorder *r, struct road_traced *t, uint64_t offset, uint64_t bytes)
{
	struct road_bus *bus = &r->forward.handle.bus;

	road_shadow_set_sync(&r->memory.shadows, t->shadow, offset, bytes, ROAD_DMA_TO_DEVICE);
	PUT(r, ROAD_TRACE_GIVE, t->number, offset, bytes,
	    road_trace_digest(t->shadow->host + offset, bytes));
	road_forward_dma_sync(bus, &t->inner, offset, bytes, ROAD_DMA_TO_DEVICE);
}

/* Pieces are apart by what nobody wrote; those that are close are one. */
static void put_pieces(struct recorder *r, const uint8_t *before, const uint8_t *now,
		       uint64_t offset, uint64_t bytes)
{
	enum { APART = 8 };
	uint64_t at = 0;

	while (at < bytes) {
		if (before[at] == now[at]) {
			at++;
			continue;
		}
		uint64_t end = at + 1, same = 0;

		while (end + same < bytes && same < APART) {
			same = before[end + same] == now[end + same] ? same + 1 : 0;
			if (!same)
				end = end + 1;
		}
		road_trace_print_piece(r->file, offset + at, now + at, end - at);
		at = end;
	}
}

static bool keep_before(struct recorder *r, const char *bytes, uint64_t count)
{
	if (count > r->before_room) {
		uint8_t *grown = realloc(r->before, count);

		if (!grown)
			return false;
		r->before = grown;
		r->before_room = count;
	}
	memcpy(r->before, bytes, count);
	return true;
}

/* What the host sees from now on, which is what its cache met. */
static void take(struct recorder *r, struct road_traced *t, uint64_t offset, uint64_t bytes)
{
	struct road_bus *bus = &r->forward.handle.bus;
	const uint64_t numbers[ROAD_TRACE_NUMBERS] = {t->number, offset, bytes};
	const char *clean = t->shadow->clean + offset;

	if (!keep_before(r, clean, bytes)) {
		r->error = r->error ? r->error : ENOMEM;
		return;
	}
	road_forward_dma_sync(bus, &t->inner, offset, bytes, ROAD_DMA_TO_HOST);
	road_shadow_set_sync(&r->memory.shadows, t->shadow, offset, bytes, ROAD_DMA_TO_HOST);
	if (!memcmp(r->before, clean, bytes)) {
		put(r, ROAD_TRACE_TAKE, numbers);
		return;
	}
	struct road_trace_event event = event_of(r, ROAD_TRACE_TAKE, numbers);

	put_last(r);
	road_trace_print_event(r->file, &event);
	put_pieces(r, r->before, (const uint8_t *)clean, offset, bytes);
	end_line(r);
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct recorder *r = recorder_of(bus);
	struct road_traced *t = road_traced_of(dma);

	road_traced_lines(t, &offset, &bytes);
	if (!bytes)
		return;
	pthread_mutex_lock(&r->lock);
	if (direction != ROAD_DMA_TO_HOST)
		give(r, t, offset, bytes);
	if (direction != ROAD_DMA_TO_DEVICE)
		take(r, t, offset, bytes);
	pthread_mutex_unlock(&r->lock);
}

/* ---- interrupts ---- */

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	const bool taken = road_forward_irq_take(bus, vector);

	if (taken)
		PUT(r, ROAD_TRACE_IRQ, vector);
	pthread_mutex_unlock(&r->lock);
	return taken;
}

/* It may take long: others go on. */
static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	struct recorder *r = recorder_of(bus);
	const road_status status = road_forward_irq_wait(bus, vector, until_ns);

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_IRQ_WAIT, vector, (uint64_t)status);
	pthread_mutex_unlock(&r->lock);
	return status;
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	PUT(r, ROAD_TRACE_IRQ_MASK, vector, masked);
	road_forward_irq_mask(bus, vector, masked);
	pthread_mutex_unlock(&r->lock);
}

/* ---- the rest ---- */

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)bus, (void)argument;
	return road_fail_u64(ROAD_UNSUPPORTED, "calls of the kernel are not recorded", "control",
			     request, "registers, memory and interrupts");
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	(void)bus, (void)out;
	return road_fail(ROAD_UNSUPPORTED, "a vendor's library is not recorded", "symbol", name,
			 "registers, memory and interrupts");
}

static road_status bus_reset(struct road_bus *bus)
{
	struct recorder *r = recorder_of(bus);

	pthread_mutex_lock(&r->lock);
	const road_status status = road_forward_reset(bus);

	PUT(r, ROAD_TRACE_RESET, (uint64_t)status);
	pthread_mutex_unlock(&r->lock);
	return status;
}

static bool bus_lost(struct road_bus *bus)
{
	struct recorder *r = recorder_of(bus);

	if (!road_forward_lost(bus))
		return false;
	pthread_mutex_lock(&r->lock);
	if (!r->lost)
		PUT(r, ROAD_TRACE_LOST, 0);
	r->lost = true;
	pthread_mutex_unlock(&r->lock);
	return true;
}

static void destroy(struct recorder *r)
{
	if (r->file)
		fclose(r->file);
	free(r->before);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void bus_close(struct road_bus *bus)
{
	struct recorder *r = recorder_of(bus);

	put_last(r);
	road_forward_close(bus);
	destroy(r);
}

static const struct road_bus_ops bus_ops = {
	.name = "record",
	.ids = road_forward_ids,
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = road_forward_region_unmap,
	.read = bus_read,
	.write = bus_write,
	.now_ns = road_forward_now_ns,
	.relax = road_forward_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = road_forward_irq_count,
	.irq_bind = road_forward_irq_bind,
	.irq_take = bus_irq_take,
	.irq_wait = bus_irq_wait,
	.irq_mask = bus_irq_mask,
	.control = bus_control,
	.symbol = bus_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = road_forward_fact,
};

/* ---- the control: what was recorded, and whether the file took it ---- */

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	struct recorder *r = recorder_of(bus);
	const struct road_bus_control *inner = road_bus_control_of(r->forward.inner);

	if (index)
		return inner->counter && inner->counter(r->forward.inner, index - 1, name, value);
	pthread_mutex_lock(&r->lock);
	*name = "record.lines";
	*value = r->lines;
	pthread_mutex_unlock(&r->lock);
	return true;
}

static uint64_t inner_violations(struct recorder *r)
{
	const struct road_bus_control *inner = road_bus_control_of(r->forward.inner);

	return inner->violations ? inner->violations(r->forward.inner) : 0;
}

static int file_error(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	const int error = r->error;

	pthread_mutex_unlock(&r->lock);
	return error;
}

/* A trace that lacks something is worse than none: who tests hears of it. */
static uint64_t control_violations(struct road_bus *bus)
{
	struct recorder *r = recorder_of(bus);

	return inner_violations(r) + (file_error(r) != 0);
}

static bool control_violation(struct road_bus *bus, uint32_t index, char *text, size_t bytes)
{
	struct recorder *r = recorder_of(bus);
	const int error = file_error(r);

	if (error && !index) {
		snprintf(text, bytes, "record: the trace is not whole: %s", strerror(error));
		return true;
	}
	const struct road_bus_control *inner = road_bus_control_of(r->forward.inner);

	return inner->violation &&
	       inner->violation(r->forward.inner, index - (error != 0), text, bytes);
}

/* ---- opening ---- */

static void make_head(struct recorder *r, struct road_trace *head)
{
	struct road_bus *inner = r->forward.inner;
	struct road_bus_region region;

	inner->ops->ids(inner, &head->ids);
	inner->ops->dma_limits(inner, &head->limits);
	head->irqs = inner->ops->irq_count(inner);
	for (uint32_t i = 0; i < ROAD_TRACE_REGIONS; i++) {
		region = (struct road_bus_region){0};
		inner->ops->region_info(inner, i, &region);
		head->regions[i] = region.bytes;
	}
}

static road_status open_file(struct recorder *r, struct road_bus_text argument, const char *address)
{
	struct road_trace head = {0};
	char path[4096];

	if (!argument.bytes || argument.bytes >= sizeof(path))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "record is given no file",
				     "record(FILE):ADDRESS", argument.bytes,
				     "a path of 1 to 4095 characters");
	memcpy(path, argument.text, argument.bytes);
	path[argument.bytes] = 0;
	r->file = fopen(path, "we");
	if (!r->file)
		return road_fail(errno == EACCES ? ROAD_PERMISSION : ROAD_IO, strerror(errno),
				 "record: the trace cannot be written", path,
				 "a file that may be written");
	snprintf(head.address, sizeof(head.address), "%s", address);
	make_head(r, &head);
	if (!road_trace_print_head(r->file, &head) || fflush(r->file))
		return road_fail(ROAD_IO, strerror(errno), "record: the trace cannot be written",
				 path, "");
	return ROAD_OK;
}

static road_status wrap(struct road_bus_text argument, const char *address, struct road_bus *inner,
			struct road_bus **out)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", "record", "", "");
	pthread_mutex_init(&r->lock, NULL);
	road_forward_init(&r->forward, &bus_ops, inner);
	r->forward.control.counter = control_counter;
	r->forward.control.violations = control_violations;
	r->forward.control.violation = control_violation;
	road_status status = open_file(r, argument, address);

	if (status) {
		destroy(r);
		return status;
	}
	*out = &r->forward.handle.bus;
	return ROAD_OK;
}

const struct road_decorator road_decorator_record = {.name = "record", .wrap = wrap};
