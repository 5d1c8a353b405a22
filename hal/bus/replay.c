/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus `replay(FILE):`: a device that does what one did when `record` wrote FILE. What the
 * driver does to it must be what was done then, in that order, to the byte of what it gives the
 * device; the first difference is said (road_sim_violations) and ends the device.
 *
 * Only how often it looks depends on the host's speed: a poll is a read, or a sync to the host. One
 * that brought nothing new may be left out, and one that is not in the trace brings nothing new: of
 * a register what it was told or answered last. So
 * runs of equal polls collapse, and a driver that sleeps until the interrupt replays what one that
 * polls has recorded. Masks of interrupts are the transport's, and may differ as well.
 *
 * What the device does by itself, interrupts, comes when the trace has it next. A thread that is
 * faster than it was then waits for the one that takes the interrupt; and memory may be made, given
 * to the device and taken back earlier than it was, and the latter later, too.
 *
 * The clock is that of the trace: it stands at the event that came last, and who lets time pass
 * comes to the next at most, unless nothing else happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/bus/replay.h"
#include "hal/core/error.h"

#define TRACE_BYTES_MAX (UINT64_C(1) << 30)

static struct road_replayer *replayer_of(struct road_bus *bus)
{
	return (struct road_replayer *)(void *)bus;
}

/* A call that gives no more than a word back, or nothing: that word, which stands at `at`. */
static bool replay_word(struct road_replayer *r, enum road_trace_kind kind, const uint64_t *numbers,
			uint32_t at, uint64_t *out)
{
	road_replay_enter(r);
	const bool was_lost = r->lost;
	const struct road_trace_event *event = road_replay_call(r, kind, numbers);

	if (event && out)
		*out = event->numbers[at];
	road_replay_leave(r, was_lost);
	return event != NULL;
}

#define NUMBERS(...) ((const uint64_t[ROAD_TRACE_NUMBERS]){__VA_ARGS__})

static road_status recorded(uint64_t status, const char *where)
{
	return status ? road_fail((road_status)status, "it failed when it was recorded", where, "",
				  "")
		      : ROAD_OK;
}

static road_status gone(const char *where)
{
	return road_fail(ROAD_DEVICE_LOST, "the replayed device is gone", where, "", "");
}

/* ---- registers ---- */

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = replayer_of(bus)->trace.ids;
}

/* A poll: what the trace has next, else what was there last. */
static uint64_t poll_register(struct road_replayer *r, enum road_trace_kind kind,
			      const uint64_t *numbers)
{
	uint64_t value = UINT64_MAX;

	road_replay_enter(r);
	const bool was_lost = r->lost;
	const struct road_trace_event *event = r->lost ? NULL : road_replay_find(r, kind, numbers);
	struct road_replay_known *known =
		r->lost ? NULL : road_replay_known(r, kind, numbers, event != NULL);

	if (event && known)
		known->value = event->numbers[road_replay_value_at(kind)];
	r->again += !event && known;
	if (known)
		value = known->value;
	else
		road_replay_differ(r, kind, numbers);
	road_replay_leave(r, was_lost);
	return value;
}

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	return (uint32_t)poll_register(replayer_of(bus), ROAD_TRACE_CONFIG_READ, NUMBERS(offset));
}

static void write_register(struct road_replayer *r, enum road_trace_kind kind,
			   const uint64_t *numbers)
{
	road_replay_enter(r);
	const bool was_lost = r->lost;
	struct road_replay_known *known = road_replay_call(r, kind, numbers)
						  ? road_replay_known(r, kind, numbers, false)
						  : NULL;

	if (known)
		known->value = numbers[road_replay_value_at(kind)];
	road_replay_leave(r, was_lost);
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	write_register(replayer_of(bus), ROAD_TRACE_CONFIG_WRITE, NUMBERS(offset, value));
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	struct road_replayer *r = replayer_of(bus);

	*out = (struct road_bus_region){
		.bytes = region < ROAD_TRACE_REGIONS ? r->trace.regions[region] : 0};
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	(void)bus, (void)offset, (void)bytes, (void)out;
	return road_fail_u64(ROAD_UNSUPPORTED, "registers that are replayed are not mapped",
			     "region_map", region, "reads and writes");
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus, (void)mapping, (void)bytes;
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	const uint64_t value =
		poll_register(replayer_of(bus), ROAD_TRACE_READ, NUMBERS(region, offset, width));

	return width == 4 ? (uint32_t)value : value;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	write_register(replayer_of(bus), ROAD_TRACE_WRITE, NUMBERS(region, offset, width, value));
}

/* ---- time ---- */

static uint64_t bus_now_ns(struct road_bus *bus)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const uint64_t now = r->clock_ns;

	pthread_mutex_unlock(&r->lock);
	return now;
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const struct road_trace_event *event = road_replay_due(r);
	bool before = event && event->ns < until_ns;

	/* Nothing happened since the last time: perhaps another thread is about to take an
	 * interrupt, or to do what follows from one. */
	if (before && !r->moved && road_replay_await_others(r)) {
		event = road_replay_due(r);
		before = event && event->ns < until_ns;
	}
	const uint64_t to = r->moved && before ? event->ns : until_ns;

	r->clock_ns = to > r->clock_ns ? to : r->clock_ns;
	r->moved = false;
	pthread_mutex_unlock(&r->lock);
}

/* ---- memory ---- */

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	*out = replayer_of(bus)->trace.limits;
	out->coherent = false;
}

/* What the trace answers stands at `iova`, and the status behind it. */
static road_status add(struct road_replayer *r, const struct road_trace_event *event, void *host,
		       uint32_t iova, struct road_dma *out)
{
	struct road_dma made = {.fd = -1};
	road_status status = recorded(event->numbers[iova + 1], road_trace_name(event->kind));
	const uint64_t granule = host ? 1 : r->trace.limits.granule;
	const uint64_t bytes = (event->numbers[1] + granule - 1) / granule * granule;

	if (!status)
		status = road_traced_add(&r->memory, host, NULL, bytes, &made);
	if (status)
		return status;
	made.iova.value = event->numbers[iova];
	road_traced_of(&made)->number = event->numbers[0];
	*out = made;
	return ROAD_OK;
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool was_lost = r->lost;
	const struct road_trace_event *event =
		road_replay_call(r, ROAD_TRACE_ALLOC, NUMBERS(0, bytes));
	const road_status status = event ? add(r, event, NULL, 2, out) : gone("dma_alloc");

	road_replay_leave(r, was_lost);
	return status;
}

static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool was_lost = r->lost;
	const struct road_trace_event *event =
		road_replay_call(r, ROAD_TRACE_MAP, NUMBERS(0, bytes, direction));
	const road_status status = event ? add(r, event, host, 3, out) : gone("dma_map");

	road_replay_leave(r, was_lost);
	return status;
}

static void release(struct road_bus *bus, enum road_trace_kind kind, struct road_dma *dma)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool was_lost = r->lost;

	road_replay_call(r, kind, NUMBERS(road_traced_of(dma)->number));
	road_traced_remove(&r->memory, dma);
	road_replay_leave(r, was_lost);
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	release(bus, ROAD_TRACE_FREE, dma);
}

static void bus_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	release(bus, ROAD_TRACE_UNMAP, dma);
}

static void give(struct road_replayer *r, struct road_traced *t, uint64_t offset, uint64_t bytes)
{
	road_shadow_set_sync(&r->memory.shadows, t->shadow, offset, bytes, ROAD_DMA_TO_DEVICE);
	road_replay_call(r, ROAD_TRACE_GIVE,
			 NUMBERS(t->number, offset, bytes,
				 road_trace_digest(t->shadow->host + offset, bytes)));
}

static void take(struct road_replayer *r, struct road_traced *t, uint64_t offset, uint64_t bytes)
{
	const struct road_trace_event *event =
		r->lost ? NULL
			: road_replay_find(r, ROAD_TRACE_TAKE, NUMBERS(t->number, offset, bytes));

	r->again += !event;
	for (size_t i = 0; event && i < event->piece_count; i++) {
		const struct road_trace_piece *piece = &r->trace.pieces[event->piece + i];

		memcpy(t->shadow->seen + piece->offset, r->trace.bytes + piece->at, piece->bytes);
	}
	road_shadow_set_sync(&r->memory.shadows, t->shadow, offset, bytes, ROAD_DMA_TO_HOST);
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct road_replayer *r = replayer_of(bus);
	struct road_traced *t = road_traced_of(dma);

	road_traced_lines(t, &offset, &bytes);
	if (!bytes)
		return;
	road_replay_enter(r);
	const bool was_lost = r->lost;

	if (direction != ROAD_DMA_TO_HOST)
		give(r, t, offset, bytes);
	if (direction != ROAD_DMA_TO_DEVICE)
		take(r, t, offset, bytes);
	road_replay_leave(r, was_lost);
}

/* ---- interrupts ---- */

static uint32_t bus_irq_count(struct road_bus *bus)
{
	return replayer_of(bus)->trace.irqs;
}

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct road_replayer *r = replayer_of(bus);

	if (vector >= r->trace.irqs)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "there is no such interrupt",
				     "irq_bind", vector, "a vector of the trace");
	road_replay_enter(r);
	r->eventfds[vector] = eventfd;
	r->signalled[vector] = false;
	road_replay_leave(r, r->lost);
	return ROAD_OK;
}

static uint64_t control_irq_pending(struct road_bus *bus)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const struct road_trace_event *event = road_replay_due(r);
	const bool is_irq = !r->lost && event && event->kind == ROAD_TRACE_IRQ;
	const uint64_t bits = is_irq ? UINT64_C(1) << event->numbers[0] : 0;

	pthread_mutex_unlock(&r->lock);
	return bits;
}

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct road_replayer *r = replayer_of(bus);
	uint64_t drained;

	road_replay_enter(r);
	const bool was_lost = r->lost;
	const bool taken = !r->lost && road_replay_find(r, ROAD_TRACE_IRQ, NUMBERS(vector));

	if (taken && r->signalled[vector])
		r->signalled[vector] =
			read(r->eventfds[vector], &drained, sizeof(drained)) != sizeof(drained);
	road_replay_leave(r, was_lost);
	return taken;
}

static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	uint64_t status = 0;

	(void)until_ns;
	if (!replay_word(replayer_of(bus), ROAD_TRACE_IRQ_WAIT, NUMBERS(vector), 1, &status))
		return gone("irq_wait");
	return recorded(status, "irq_wait");
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	if (!r->lost)
		road_replay_find(r, ROAD_TRACE_IRQ_MASK, NUMBERS(vector, masked));
	road_replay_leave(r, r->lost);
}

/* ---- the rest ---- */

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)bus, (void)argument;
	return road_fail_u64(ROAD_UNSUPPORTED, "a trace has no calls of the kernel", "control",
			     request, "");
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	(void)bus, (void)out;
	return road_fail(ROAD_UNSUPPORTED, "a trace has no library", "symbol", name, "");
}

static road_status bus_reset(struct road_bus *bus)
{
	uint64_t status = 0;

	if (!replay_word(replayer_of(bus), ROAD_TRACE_RESET, NUMBERS(0), 0, &status))
		return gone("reset");
	return recorded(status, "reset");
}

static bool bus_lost(struct road_bus *bus)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool lost = r->lost;

	pthread_mutex_unlock(&r->lock);
	return lost;
}

static void destroy(struct road_replayer *r)
{
	road_trace_free(&r->trace);
	free(r->quiet);
	free(r->done);
	pthread_cond_destroy(&r->went_on);
	free(r->known);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void bus_close(struct road_bus *bus)
{
	destroy(replayer_of(bus));
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	(void)bus, (void)index, (void)out;
	return ROAD_UNSUPPORTED;
}

static const struct road_bus_ops bus_ops = {
	.name = "replay",
	.ids = bus_ids,
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = bus_region_unmap,
	.read = bus_read,
	.write = bus_write,
	.now_ns = bus_now_ns,
	.relax = bus_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = bus_irq_count,
	.irq_bind = bus_irq_bind,
	.irq_take = bus_irq_take,
	.irq_wait = bus_irq_wait,
	.irq_mask = bus_irq_mask,
	.control = bus_control,
	.symbol = bus_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = bus_fact,
};

/* ---- the control ---- */

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	static const char *const names[] = {"replay.events", "replay.left", "replay.again",
					    "replay.skipped"};
	struct road_replayer *r = replayer_of(bus);

	if (index >= sizeof(names) / sizeof(names[0]))
		return false;
	road_replay_enter(r);
	const uint64_t values[] = {r->trace.event_count, road_replay_left(r), r->again, r->skipped};

	pthread_mutex_unlock(&r->lock);
	*name = names[index];
	*value = values[index];
	return true;
}

static uint64_t control_violations(struct road_bus *bus)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool any = r->why[0];

	pthread_mutex_unlock(&r->lock);
	return any;
}

static bool control_violation(struct road_bus *bus, uint32_t index, char *text, size_t bytes)
{
	struct road_replayer *r = replayer_of(bus);

	if (index || !control_violations(bus))
		return false;
	snprintf(text, bytes, "%s", r->why); /* it was written once, before it was counted */
	return true;
}

static void control_unplug(struct road_bus *bus)
{
	struct road_replayer *r = replayer_of(bus);

	road_replay_enter(r);
	const bool was_lost = r->lost;

	r->lost = true;
	road_replay_leave(r, was_lost);
}

/* ---- opening ---- */

static road_status unreadable(int error, const char *path)
{
	const road_status status = error == EACCES   ? ROAD_PERMISSION
				   : error == ENOENT ? ROAD_NOT_FOUND
						     : ROAD_IO;

	return road_fail(status, strerror(error), "replay: the trace cannot be read", path,
			 "a file that record wrote");
}

static road_status read_all(int fd, const char *path, char **text, size_t *bytes)
{
	struct stat st;
	ssize_t got = 1;

	if (fstat(fd, &st))
		return unreadable(errno, path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > TRACE_BYTES_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "the trace is no file, or too long",
				     path, (uint64_t)st.st_size, "a file of at most 1 GiB");
	const size_t room = (size_t)st.st_size;

	*text = malloc(room + 1);
	if (!*text)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a trace", path, "", "");
	while (*bytes < room && got > 0) {
		got = read(fd, *text + *bytes, room - *bytes);
		*bytes += got > 0 ? (size_t)got : 0;
	}
	return got < 0 ? unreadable(errno, path) : ROAD_OK;
}

static road_status load(struct road_replayer *r, struct road_bus_text argument)
{
	char path[4096], *text = NULL;
	size_t bytes = 0;

	if (!argument.bytes || argument.bytes >= sizeof(path))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "replay is given no file",
				     "replay(FILE):", argument.bytes,
				     "a path of 1 to 4095 characters");
	memcpy(path, argument.text, argument.bytes);
	path[argument.bytes] = 0;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return unreadable(errno, path);
	road_status status = read_all(fd, path, &text, &bytes);

	close(fd);
	if (!status)
		status = road_trace_parse(text, bytes, &r->trace);
	free(text);
	if (!status && !road_replay_prepare(r))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a trace", path, "", "");
	return status;
}

/* What answers is no device, and says so. */
static void call_replayed(struct road_bus_ids *ids)
{
	const char *name = ids->name[0] ? ids->name : "device";
	char replayed[sizeof(ids->name)];

	snprintf(replayed, sizeof(replayed), "%.50s (replayed)", name);
	memcpy(ids->name, replayed, sizeof(replayed));
	ids->simulated = true;
}

static road_status wrap(struct road_bus_text argument, const char *address, struct road_bus *inner,
			struct road_bus **out)
{
	struct road_replayer *r = calloc(1, sizeof(*r));

	(void)address, (void)inner;
	if (!r)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", "replay", "", "");
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&r->went_on, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&r->lock, NULL);
	for (uint32_t i = 0; i < ROAD_REPLAY_VECTORS; i++)
		r->eventfds[i] = -1;
	road_status status = load(r, argument);

	if (status) {
		destroy(r);
		return status;
	}
	call_replayed(&r->trace.ids);
	r->clock_ns = r->trace.event_count ? r->trace.events[0].ns : 0;
	r->control = (struct road_bus_control){
		.irq_pending = control_irq_pending,
		.unplug = control_unplug,
		.counter = control_counter,
		.violations = control_violations,
		.violation = control_violation,
	};
	r->handle = (struct road_bus_handle){{.ops = &bus_ops}, &r->control};
	*out = &r->handle.bus;
	return ROAD_OK;
}

const struct road_decorator road_decorator_replay = {
	.name = "replay", .wrap = wrap, .is_source = true};
