/* SPDX-License-Identifier: Apache-2.0 */
/* `sock:PATH[#CHIP][@N]`: chip number CHIP (0 unless said) of the server that listens at PATH; N
 * only tells apart several of a process. */
#include "hal/bus/sock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

#define NS_PS UINT64_C(1000)

static const char *const opening = "road_device_open: address";

/* ---- identity, registers ---- */

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = road_sock_of(bus)->ids;
}

static road_status rw(struct road_sock *sock, enum road_wire_command command, uint32_t region,
		      uint64_t offset, uint32_t width, uint64_t *value)
{
	const struct road_wire_region_rw ask = {offset, region, width};
	const bool write = command == ROAD_WIRE_REGION_WRITE;
	struct {
		struct road_wire_region_rw head;
		uint64_t value;
	} answer = {0};
	struct road_sock_call call = {
		.command = command,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.data = value,
		.data_bytes = write ? width : 0,
		.answer = &answer,
		.answer_room = sizeof(answer),
	};
	road_status status = road_sock_call(sock, &call, "register");

	*value = answer.value;
	return status;
}

static uint64_t all_ones(uint32_t width)
{
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	uint64_t value = 0;

	if (rw(road_sock_of(bus), ROAD_WIRE_REGION_READ, region, offset, width, &value))
		return all_ones(width);
	return value;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct road_sock *sock = road_sock_of(bus);

	if (sock->hello.line_bytes) {
		pthread_mutex_lock(&sock->shadow_lock);
		road_shadow_set_evict(&sock->shadows);
		pthread_mutex_unlock(&sock->shadow_lock);
	}
	road_sock_post(sock, region, offset, width, value);
}

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	return (uint32_t)bus_read(bus, ROAD_WIRE_REGION_CONFIG, offset, 4);
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	uint64_t wide = value;

	rw(road_sock_of(bus), ROAD_WIRE_REGION_WRITE, ROAD_WIRE_REGION_CONFIG, offset, 4, &wide);
}

/* What the server says of a region; *fd: the memory behind it, the caller's, -1 for none. */
static road_status ask_region(struct road_sock *sock, uint32_t region,
			      struct road_wire_region_info *out, int *fd)
{
	const struct road_wire_region_info ask = {
		.argsz = sizeof(ask) + sizeof(struct road_wire_sparse), .index = region};
	struct road_wire_region_info answer = {0};
	struct road_sock_call call = {
		.command = ROAD_WIRE_REGION_INFO,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.answer = &answer,
		.answer_room = sizeof(answer),
		.answer_fds_wanted = 1,
	};
	road_status status = road_sock_call(sock, &call, "region_info");

	if (status)
		return status;
	*fd = call.answer_fds[0];
	*out = answer;
	return ROAD_OK;
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	struct road_wire_region_info info;
	int fd;

	*out = (struct road_bus_region){0};
	if (region >= ROAD_WIRE_REGION_BARS || ask_region(road_sock_of(bus), region, &info, &fd))
		return;
	*out = (struct road_bus_region){info.bytes, fd >= 0};
	if (fd >= 0)
		close(fd);
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	struct road_wire_region_info info;
	road_status status;
	int fd;

	if (region >= ROAD_WIRE_REGION_BARS)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "there is no such region", "region_map",
				     region, "0 to 5");
	status = ask_region(road_sock_of(bus), region, &info, &fd);
	if (status)
		return status;
	if (fd < 0 || offset > info.bytes || bytes > info.bytes - offset)
		status = road_fail_u64(ROAD_UNSUPPORTED, "region cannot be mapped there",
				       "region_map", offset, "a range of a memory region");
	else
		status = road_memfd_map_at(fd, info.offset + offset, bytes, "region_map", out);
	if (fd >= 0)
		close(fd);
	return status;
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus;
	munmap(mapping, bytes);
}

/* ---- time ---- */

static uint64_t bus_now_ns(struct road_bus *bus)
{
	const struct road_sock *sock = road_sock_of(bus);

	return atomic_load_explicit(&sock->page->now_ps, memory_order_acquire) / NS_PS;
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	struct road_wire_relax ask = {until_ns};
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_RELAX, .ask = &ask, .ask_bytes = sizeof(ask)};

	(void)road_sock_call(road_sock_of(bus), &call, "relax");
}

/* ---- interrupts ---- */

static uint32_t bus_irq_count(struct road_bus *bus)
{
	return road_sock_of(bus)->hello.irq_count;
}

static road_status set_irq(struct road_sock *sock, uint32_t vector, int eventfd)
{
	const struct road_wire_irq_set ask = {
		.argsz = sizeof(ask),
		.flags = ROAD_WIRE_IRQ_SET_EVENTFD | ROAD_WIRE_IRQ_SET_TRIGGER,
		.index = ROAD_WIRE_IRQ_MSIX,
		.start = vector,
		.count = 1,
	};
	struct road_sock_call call = {
		.command = ROAD_WIRE_SET_IRQS,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.fds = &eventfd,
		.fd_count = eventfd >= 0,
	};

	return road_sock_call(sock, &call, "irq_bind");
}

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct road_sock *sock = road_sock_of(bus);

	if (vector >= sock->hello.irq_count)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "there is no such vector", "irq_bind",
				     vector, "below irq_count");
	road_status status = set_irq(sock, vector, eventfd);

	pthread_mutex_lock(&sock->irq_lock);
	if (!status || eventfd < 0)
		sock->irq_fds[vector] = eventfd;
	pthread_mutex_unlock(&sock->irq_lock);
	return status;
}

/* Bits of vectors whose descriptors are readable. */
static uint64_t readable(struct road_sock *sock)
{
	struct pollfd fds[ROAD_WIRE_VECTORS_MAX];
	const uint32_t count = sock->hello.irq_count;
	uint64_t bits = 0;

	pthread_mutex_lock(&sock->irq_lock);
	for (uint32_t v = 0; v < count; v++)
		fds[v] = (struct pollfd){sock->irq_fds[v], POLLIN, 0};
	pthread_mutex_unlock(&sock->irq_lock);
	if (poll(fds, count, 0) <= 0)
		return 0;
	for (uint32_t v = 0; v < count; v++)
		bits |= (uint64_t)((fds[v].revents & POLLIN) != 0) << v;
	return bits;
}

/* Of vectors that there are: the page is the server's, too. */
static uint64_t raised(const struct road_sock *sock)
{
	const uint32_t count = sock->hello.irq_count;

	return atomic_load(&sock->page->irqs) &
	       (count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX);
}

uint64_t road_sock_irq_pending(struct road_bus *bus)
{
	struct road_sock *sock = road_sock_of(bus);

	return raised(sock) | (atomic_load(&sock->page->attends) ? 0 : readable(sock));
}

bool road_sock_attend(struct road_bus *bus, bool on)
{
	struct road_sock *sock = road_sock_of(bus);

	/* Sequentially consistent: what the server did not write to a descriptor is seen here. */
	atomic_store(&sock->page->attends, on);
	return raised(sock);
}

/* A descriptor that is still readable would wake whoever sleeps on it. */
static bool drain(struct road_sock *sock, uint32_t vector)
{
	uint64_t count;
	bool taken = false;

	pthread_mutex_lock(&sock->irq_lock);
	struct pollfd fd = {sock->irq_fds[vector], POLLIN, 0};

	if (fd.fd >= 0 && poll(&fd, 1, 0) > 0)
		taken = read(fd.fd, &count, sizeof(count)) == sizeof(count);
	pthread_mutex_unlock(&sock->irq_lock);
	return taken;
}

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct road_sock *sock = road_sock_of(bus);

	if (vector >= sock->hello.irq_count)
		return false;
	const uint64_t bit = UINT64_C(1) << vector;
	const bool taken = atomic_fetch_and(&sock->page->irqs, ~bit) & bit;

	/* One that the server wrote before it saw `attends` stays until somebody sleeps on it. */
	return (!atomic_load(&sock->page->attends) && drain(sock, vector)) || taken;
}

/* The page has what came. The device's time passes meanwhile. */
static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	if (vector >= road_sock_of(bus)->hello.irq_count)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "there is no such vector", "irq_wait",
				     vector, "below irq_count");
	while (!bus_irq_take(bus, vector)) {
		if (bus->ops->lost(bus))
			return road_sock_gone("irq_wait");
		if (bus_now_ns(bus) >= until_ns)
			return road_fail_u64(ROAD_TIMEOUT, "no interrupt came", "irq_wait", vector,
					     "");
		bus_relax(bus, until_ns);
	}
	return ROAD_OK;
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	(void)bus;
	(void)vector;
	(void)masked; /* messages: nothing comes again unasked */
}

/* ---- the rest ---- */

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)bus;
	(void)request;
	(void)argument;
	return road_fail(ROAD_UNSUPPORTED, "a served chip has no kernel node", "control", "sock",
			 "");
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	(void)bus;
	(void)out;
	return road_fail(ROAD_UNSUPPORTED, "a served chip has no vendor library", "symbol", name,
			 "");
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	(void)bus;
	(void)index;
	(void)out;
	return road_fail(ROAD_UNSUPPORTED, "no kernel knows a served chip", "fact", "sock", "");
}

static road_status bus_reset(struct road_bus *bus)
{
	struct road_sock_call call = {.command = ROAD_WIRE_DEVICE_RESET};

	return road_sock_call(road_sock_of(bus), &call, "reset");
}

/* The pipe tells of a server that went while nobody asked it anything. */
static bool bus_lost(struct road_bus *bus)
{
	const struct road_sock *sock = road_sock_of(bus);
	struct pollfd fd = {sock->alive_fd, POLLIN, 0};

	return road_sock_is_lost(sock) || poll(&fd, 1, 0) > 0;
}

void road_sock_destroy(struct road_sock *sock)
{
	if (sock->page && !sock->link)
		munmap(sock->page, sizeof(*sock->page));
	if (sock->alive_fd >= 0)
		close(sock->alive_fd);
	if (sock->sock >= 0)
		close(sock->sock);
	road_wire_next(&sock->in);
	road_sock_texts_free(sock);
	road_iova_free(&sock->iovas);
	pthread_mutex_destroy(&sock->text_lock);
	pthread_mutex_destroy(&sock->irq_lock);
	pthread_mutex_destroy(&sock->shadow_lock);
	pthread_mutex_destroy(&sock->post_lock);
	pthread_mutex_destroy(&sock->send_lock);
	pthread_mutex_destroy(&sock->call_lock);
	free(sock);
}

static void bus_close(struct road_bus *bus)
{
	struct road_sock *sock = road_sock_of(bus);

	road_synthetic_give(&sock->number);
	road_sock_destroy(sock);
}

const struct road_bus_ops road_sock_ops = {
	.name = "sock",
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
	.dma_limits = road_sock_dma_limits,
	.dma_alloc = road_sock_dma_alloc,
	.dma_free = road_sock_dma_free,
	.dma_map = road_sock_dma_map,
	.dma_unmap = road_sock_dma_unmap,
	.dma_sync = road_sock_dma_sync,
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

/* ---- opening ---- */

/* The number behind the last `mark` of the first *bytes, which then end before it; 0: none. */
static uint32_t cut_number(const char *text, char mark, size_t *bytes)
{
	const char *at = memrchr(text, mark, *bytes);
	const size_t digits = at ? strspn(at + 1, "0123456789") : 0;

	if (!digits || digits > 9 || at + 1 + digits != text + *bytes)
		return 0;
	*bytes = (size_t)(at - text);
	return (uint32_t)strtoull(at + 1, NULL, 10);
}

/* PATH[#CHIP][@N]: where the path ends. */
static road_status split(const char *rest, size_t *path_bytes, uint32_t *device)
{
	*path_bytes = strlen(rest);
	cut_number(rest, '@', path_bytes);
	*device = cut_number(rest, '#', path_bytes);
	if (!*path_bytes || *path_bytes >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return road_fail(ROAD_INVALID_ARGUMENT, "no path of a socket", opening, rest,
				 "sock:PATH, sock:PATH#CHIP, at most 107 characters of path");
	return ROAD_OK;
}

static road_status connect_to(const char *path, size_t bytes, int *out)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	road_status status;
	char seen[160];

	memcpy(name.sun_path, path, bytes);
	*out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*out < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left", opening,
				 strerror(errno), "");
	if (!connect(*out, (const struct sockaddr *)&name, sizeof(name)))
		return ROAD_OK;
	status = errno == EACCES || errno == EPERM ? ROAD_PERMISSION : ROAD_NOT_FOUND;
	snprintf(seen, sizeof(seen), "%.100s: %.50s", name.sun_path, strerror(errno));
	return road_fail(status,
			 errno == ECONNREFUSED ? "the server of this socket is gone"
					       : "the socket cannot be reached",
			 opening, seen, "where `roadbed serve` listens");
}

static road_status greet(struct road_sock *sock)
{
	const struct road_wire_version mine = {ROAD_WIRE_MAJOR, ROAD_WIRE_MINOR};
	struct road_wire_version answer = {UINT16_MAX, 0};
	struct road_sock_call call = {
		.command = ROAD_WIRE_VERSION,
		.ask = &mine,
		.ask_bytes = sizeof(mine),
		.answer = &answer,
		.answer_room = sizeof(answer),
	};
	road_status status = road_sock_call(sock, &call, opening);

	if (!status && (answer.major != mine.major || answer.minor > mine.minor))
		status = road_fail_u64(ROAD_UNSUPPORTED, "the server speaks another version",
				       opening, (uint64_t)answer.major << 16 | answer.minor, "0.1");
	return status;
}

static bool is_text(const char *text, size_t bytes)
{
	return memchr(text, 0, bytes);
}

road_status road_sock_check_hello(const struct road_wire_hello *hello)
{
	const uint32_t line = hello->line_bytes;
	const char *what = NULL;

	if (hello->abi != ROAD_WIRE_ABI)
		what = "another version of the page";
	else if (hello->irq_count > ROAD_WIRE_VECTORS_MAX)
		what = "too many vectors";
	else if (line > ROAD_SHADOW_LINE_MAX || line & (line - 1))
		what = "lines of an impossible size";
	else if (!is_text(hello->compatible, sizeof(hello->compatible)) ||
		 !is_text(hello->name, sizeof(hello->name)) ||
		 !is_text(hello->vendor_name, sizeof(hello->vendor_name)))
		what = "a text that never ends";
	return what ? road_fail(ROAD_UNSUPPORTED, "the server's device is none for us", opening,
				what, "")
		    : ROAD_OK;
}

static road_status hello(struct road_sock *sock, uint32_t device)
{
	const struct road_wire_hello_ask ask = {ROAD_WIRE_ABI, device};
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_HELLO,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.answer = &sock->hello,
		.answer_room = sizeof(sock->hello),
		.answer_fds_wanted = sock->link ? 0 : 2,
	};
	void *page = sock->page;
	road_status status = road_sock_call(sock, &call, opening);

	if (status)
		return status;
	sock->alive_fd = call.answer_fds[1];
	if (call.answer_bytes != sizeof(sock->hello) ||
	    (!sock->link && (call.answer_fds[0] < 0 || sock->alive_fd < 0)))
		status = road_fail_u64(ROAD_UNSUPPORTED, "the server's answer is none", opening,
				       call.answer_bytes, "an identity, a page and a pipe");
	if (!status)
		status = road_sock_check_hello(&sock->hello);
	if (!status && !sock->link)
		status = road_memfd_map_at(call.answer_fds[0], 0, sizeof(*sock->page), opening,
					   &page);
	sock->page = page;
	if (call.answer_fds[0] >= 0)
		close(call.answer_fds[0]);
	return status;
}

void road_sock_ids(const struct road_wire_hello *hello, struct road_bus_ids *ids)
{
	*ids = (struct road_bus_ids){
		.vendor = hello->vendor,
		.device = hello->product,
		.subsystem_vendor = hello->subsystem_vendor,
		.subsystem = hello->subsystem,
		.class_code = hello->class_code,
		.revision = (uint8_t)hello->revision,
		.simulated = true,
	};
	snprintf(ids->compatible, sizeof(ids->compatible), "%s", hello->compatible);
	snprintf(ids->name, sizeof(ids->name), "%s", hello->name);
	snprintf(ids->vendor_name, sizeof(ids->vendor_name), "%s", hello->vendor_name);
}

void road_sock_init(struct road_sock *sock)
{
	sock->sock = sock->alive_fd = -1;
	for (uint32_t v = 0; v < ROAD_WIRE_VECTORS_MAX; v++)
		sock->irq_fds[v] = -1;
	pthread_mutex_init(&sock->call_lock, NULL);
	pthread_mutex_init(&sock->send_lock, NULL);
	pthread_mutex_init(&sock->post_lock, NULL);
	pthread_mutex_init(&sock->shadow_lock, NULL);
	pthread_mutex_init(&sock->irq_lock, NULL);
	pthread_mutex_init(&sock->text_lock, NULL);
	road_iova_init(&sock->iovas, UINT64_MAX);
}

road_status road_sock_meet(struct road_sock *sock, uint32_t device)
{
	road_status status = greet(sock);

	if (!status)
		status = hello(sock, device);
	if (status)
		return status;
	road_iova_limit(&sock->iovas, sock->hello.dma_mask);
	road_sock_ids(&sock->hello, &sock->ids);
	return ROAD_OK;
}

static road_status transport_open(const struct road_bus_wish *wish, const char *address,
				  const char *rest, const char *options, struct road_bus **out)
{
	uint32_t device;
	size_t bytes;
	road_status status = split(rest, &bytes, &device);

	(void)wish;
	if (!status && options[0])
		status = road_fail(ROAD_INVALID_ARGUMENT, "options are the server's to take",
				   opening, address, "sock:PATH without '?'");
	if (status)
		return status;
	struct road_sock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", opening, "", "");
	road_sock_init(sock);
	status = connect_to(rest, bytes, &sock->sock);
	if (!status)
		status = road_sock_meet(sock, device);
	if (status) {
		road_sock_destroy(sock);
		return status;
	}
	sock->handle.bus.ops = &road_sock_ops;
	sock->handle.control = &road_sock_control;
	road_synthetic_take(&sock->number);
	road_synthetic_address(&sock->number, sock->ids.pci_address, sizeof(sock->ids.pci_address));
	*out = &sock->handle.bus;
	return ROAD_OK;
}

/* Who listens where nobody knows: addresses are given. */
static void transport_scan(const char *library_folder, uint32_t flags,
			   struct road_candidate_sink *sink)
{
	(void)library_folder;
	(void)flags;
	(void)sink;
}

/* Is somebody there? More is told to who opens it. */
static void transport_look(const char *rest, road_candidate *out)
{
	road_error why = {.size = sizeof(why)};
	uint32_t device;
	size_t bytes;
	int sock = -1;

	out->simulated = 1;
	out->status = split(rest, &bytes, &device);
	if (!out->status)
		out->status = connect_to(rest, bytes, &sock);
	if (sock >= 0)
		close(sock);
	if (out->status) {
		road_error_take(&why);
		snprintf(out->reason, sizeof(out->reason), "%.90s (%.90s)", why.what, why.seen);
	}
}

const struct road_transport road_transport_sock = {"sock", transport_scan, transport_open,
						   transport_look};
