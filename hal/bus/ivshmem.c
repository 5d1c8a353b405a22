/* SPDX-License-Identifier: Apache-2.0 */
/* `pci:DDDD:BB:SS.F` of a function behind which `roadbed serve` simulates a chip: see ivshmem.h. */
#include "hal/bus/ivshmem.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sock.h"
#include "hal/core/error.h"

#define BEGIN_NS    UINT64_C(60000000000) /* a session begins in */
#define PATIENCE_NS UINT64_C(15000000000) /* a server that does nothing for so long is gone */
#define LOOK_ON_NS  UINT64_C(50000)       /* before it naps until the answer comes */
#define NAP_NS      20000
#define PIECES_MAX  (UINT64_C(1) << 30) /* bytes of a file that a server is believed */

struct ivshmem {
	struct road_sock sock; /* the first: what sock*.c works with */
	struct road_bus_ops ops;
	struct road_bus_control control;
	struct road_bus *function;
	struct road_ivshmem_head head;
	struct road_ivshmem_memory *memory;
	uint64_t session;
	uint64_t asked; /* under the lock of calls */
	uint64_t patience_ns;
	/* the server's heart, and since when it was seen at that */
	_Atomic uint64_t beat, beat_ns;
};

static const char *const opening = "device address: pci, ivshmem";

static struct ivshmem *ivshmem_of(struct road_bus *bus)
{
	return (struct ivshmem *)(void *)bus;
}

static struct ivshmem *of_sock(struct road_sock *sock)
{
	return (struct ivshmem *)(void *)sock;
}

/* ---- the other side ---- */

static void ring(const struct ivshmem *own)
{
	road_write32(own->function, ROAD_IVSHMEM_BAR_REGISTERS, ROAD_IVSHMEM_DOORBELL,
		     own->head.server << 16);
}

static bool is_still(struct ivshmem *own)
{
	const uint64_t beat = atomic_load(&own->memory->state.beat), now = road_host_now_ns();

	if (beat != atomic_load(&own->beat)) {
		atomic_store(&own->beat, beat);
		atomic_store(&own->beat_ns, now);
		return false;
	}
	const uint64_t since = atomic_load(&own->beat_ns);

	return now > since && now - since > own->patience_ns;
}

/* It ended, threw us out, or does nothing any more. */
static bool link_is_gone(struct road_sock *sock)
{
	struct ivshmem *own = of_sock(sock);

	return atomic_load(&own->memory->state.live) != own->session || is_still(own);
}

static bool link_kick(struct road_sock *sock)
{
	ring(of_sock(sock));
	return !link_is_gone(sock);
}

static void *link_memory_at(struct road_sock *sock, road_iova iova)
{
	return (char *)of_sock(sock)->memory + iova.value;
}

/* ---- messages ---- */

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

/* Looks on for a while: waking up costs more than most answers take. Nothing of this machine works
 * for it: so nobody is made way for. */
static bool await_answer(struct ivshmem *own, uint64_t deadline)
{
	const uint64_t look_until = road_host_now_ns() + LOOK_ON_NS;

	while (atomic_load_explicit(&own->memory->state.answered, memory_order_acquire) !=
	       own->asked) {
		const uint64_t now = road_host_now_ns();

		if (now < look_until)
			continue;
		if (now > deadline || link_is_gone(&own->sock))
			return false;
		/* An emulated processor that is alone in its machine may read before its store is
		 * seen outside (QEMU emits no barriers for one): the server fell asleep between. */
		if (atomic_load(&own->memory->page.asleep))
			ring(own);
		nap();
	}
	return true;
}

/* The server may write there meanwhile. */
__attribute__((no_sanitize("thread"), noinline)) static void copy(void *to, const void *from,
								  size_t bytes)
{
	const volatile unsigned char *source = from;
	unsigned char *target = to;

	for (size_t i = 0; i < bytes; i++)
		target[i] = source[i];
}

static bool take_answer(const struct ivshmem *own, struct road_wire_reader *in)
{
	const unsigned char *from = own->memory->answer.bytes;
	struct road_wire_header head;

	copy(&head, from, sizeof(head));
	if (head.bytes < sizeof(head) || head.bytes > sizeof(in->bytes))
		return false;
	memcpy(in->bytes, &head, sizeof(head));
	copy(in->bytes + sizeof(head), from + sizeof(head), head.bytes - sizeof(head));
	in->have = head.bytes;
	in->fd_count = 0;
	return true;
}

/* Under the lock of calls: one message out, and one in. */
static bool talk(struct ivshmem *own, const void *message, size_t bytes, uint64_t deadline,
		 struct road_wire_reader *in)
{
	struct road_ivshmem_memory *memory = own->memory;

	memcpy(memory->ask.bytes, message, bytes);
	/* Before it is looked whether the server sleeps, as the server says that it does before it
	 * looks here. */
	atomic_store(&memory->desk.asked, ++own->asked);
	if (atomic_load(&memory->page.asleep))
		ring(own);
	return await_answer(own, deadline) && take_answer(own, in);
}

/* One piece of the file into fd; false: there is no more. */
static bool fetch_piece(struct ivshmem *own, int fd, uint64_t *at)
{
	const struct {
		struct road_wire_header head;
		struct road_wire_piece ask;
	} message = {{.command = ROAD_WIRE_ROAD_PIECE, .bytes = sizeof(message)}, {*at}};
	struct road_wire_reader in;

	if (!talk(own, &message, sizeof(message), road_deadline_after(BEGIN_NS), &in))
		return false;
	const struct road_wire_header head = road_wire_header_of(&in);
	const size_t got = head.bytes - sizeof(head);

	if (head.flags & ROAD_WIRE_ERROR || !got ||
	    pwrite(fd, in.bytes + sizeof(head), got, (off_t)*at) != (ssize_t)got)
		return false;
	*at += got;
	return true;
}

/* The file that an answer brings, in a memfd as it would have come by a socket; -1: it did not. */
static int fetch(struct ivshmem *own, uint64_t bytes)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW;
	uint64_t at = 0;
	const int fd =
		bytes <= PIECES_MAX ? memfd_create("roadbed", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;

	while (fd >= 0 && at < bytes && fetch_piece(own, fd, &at))
		;
	if (fd >= 0 && at == bytes && !fcntl(fd, F_ADD_SEALS, seals))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool link_exchange(struct road_sock *sock, const void *message, size_t bytes,
			  uint64_t deadline)
{
	struct ivshmem *own = of_sock(sock);
	uint64_t piece_bytes;

	if (!talk(own, message, bytes, deadline, &sock->in))
		return false;
	copy(&piece_bytes, &own->memory->answer.piece_bytes, sizeof(piece_bytes));
	const int fd = piece_bytes ? fetch(own, piece_bytes) : -1;

	if (fd >= 0)
		sock->in.fds[sock->in.fd_count++] = fd;
	return true;
}

static const struct road_sock_link sock_link = {link_exchange, link_kick, link_is_gone,
						link_memory_at};

/* ---- interrupts: bits in the page, and the function's own ---- */

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct ivshmem *own = ivshmem_of(bus);

	if (vector >= own->sock.hello.irq_count)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "there is no such vector", "irq_bind",
				     vector, "below irq_count");
	road_status status = own->function->ops->irq_bind(own->function, vector, eventfd);

	pthread_mutex_lock(&own->sock.irq_lock);
	if (!status || eventfd < 0)
		own->sock.irq_fds[vector] = eventfd;
	pthread_mutex_unlock(&own->sock.irq_lock);
	return status;
}

/* ---- the end ---- */

static bool bus_lost(struct road_bus *bus)
{
	struct ivshmem *own = ivshmem_of(bus);

	if (!road_sock_is_lost(&own->sock) &&
	    (link_is_gone(&own->sock) || own->function->ops->lost(own->function)))
		atomic_store(&own->sock.lost, true);
	return road_sock_is_lost(&own->sock);
}

/* Unless another one has begun. */
static void end_session(struct ivshmem *own)
{
	uint64_t mine = own->session;

	if (mine && atomic_compare_exchange_strong(&own->memory->desk.session, &mine, 0))
		ring(own);
}

static int control_lost_fd(struct road_bus *bus)
{
	struct road_bus *function = ivshmem_of(bus)->function;
	const struct road_bus_control *control = road_bus_control_of(function);

	return control->lost_fd ? control->lost_fd(function) : -1;
}

/* The kernel wants the function back: the chip goes first. */
static void control_let_go(struct road_bus *bus)
{
	struct ivshmem *own = ivshmem_of(bus);
	const struct road_bus_control *control = road_bus_control_of(own->function);

	end_session(own);
	if (control->let_go)
		control->let_go(own->function);
	road_sock_lose(&own->sock);
}

static void destroy(struct ivshmem *own)
{
	struct road_bus *function = own->function;

	end_session(own);
	road_sock_destroy(&own->sock);
	function->ops->close(function);
}

static void bus_close(struct road_bus *bus)
{
	destroy(ivshmem_of(bus));
}

static void fill_tables(struct ivshmem *own)
{
	own->ops = road_sock_ops;
	own->ops.name = "ivshmem";
	own->ops.irq_bind = bus_irq_bind;
	own->ops.lost = bus_lost;
	own->ops.close = bus_close;
	own->control = road_sock_control;
	own->control.lost_fd = control_lost_fd;
	own->control.let_go = control_let_go;
	/* The server could not hand descriptors to a guest; those of its own kernel do. */
	own->control.share = NULL;
	own->control.obtain = NULL;
	own->control.revoke = NULL;
	own->sock.handle.bus.ops = &own->ops;
	own->sock.handle.control = &own->control;
}

/* ---- opening ---- */

/* Is what the server says of the memory possible? */
static road_status check_head(const struct road_ivshmem_head *head, uint64_t bytes)
{
	if (head->abi != ROAD_IVSHMEM_ABI)
		return road_fail_u64(ROAD_UNSUPPORTED,
				     "the server on the host is of another version", opening,
				     head->abi, "1");
	if (head->window < sizeof(struct road_ivshmem_memory) || head->window % ROAD_WIRE_PAGE ||
	    head->window > bytes || !head->window_bytes ||
	    head->window_bytes > bytes - head->window)
		return road_fail_u64(ROAD_UNSUPPORTED, "the window lies outside of the memory",
				     opening, head->window, "");
	return head->server > UINT16_MAX ? road_fail_u64(ROAD_UNSUPPORTED, "the server is no peer",
							 opening, head->server, "0 to 65535")
					 : road_sock_check_hello(&head->chip);
}

static road_status check_vectors(const struct ivshmem *own)
{
	const uint32_t have = own->function->ops->irq_count(own->function);
	const uint32_t needs = own->sock.hello.irq_count;
	char allowed[48];

	if (have >= needs)
		return ROAD_OK;
	snprintf(allowed, sizeof(allowed), "ivshmem-doorbell,vectors=%u", needs);
	return road_fail_u64(ROAD_UNSUPPORTED, "QEMU's device has too few vectors for the chip",
			     opening, have, allowed);
}

/* Interrupts are writes to memory, which a function does as a master alone. */
static void make_master(struct road_bus *function)
{
	const uint32_t command = function->ops->config_read(function, PCI_COMMAND) & 0xffff;

	function->ops->config_write(function, PCI_COMMAND, command | PCI_COMMAND_MASTER);
}

static road_status begin_session(struct ivshmem *own)
{
	struct road_ivshmem_memory *memory = own->memory;
	const uint64_t deadline = road_deadline_after(BEGIN_NS);

	own->session = atomic_load(&memory->state.begun) + 1;
	own->session = own->session ? own->session : 1;
	own->asked = atomic_load(&memory->desk.asked);
	own->sock.posted = atomic_load(&memory->page.posted);
	atomic_store(&memory->page.attends, 0);
	atomic_store(&memory->desk.session, own->session);
	ring(own);
	while (atomic_load(&memory->state.begun) != own->session) {
		if (is_still(own) || road_host_now_ns() > deadline)
			return road_fail(ROAD_DEVICE_LOST, "the server on the host does not answer",
					 opening, own->sock.ids.pci_address,
					 "a `roadbed serve` that runs");
		nap();
	}
	return atomic_load(&memory->state.live) == own->session
		       ? ROAD_OK
		       : road_fail(ROAD_BUSY, "the server on the host has no chip left", opening,
				   own->sock.ids.pci_address, "roadbed serve --clients N");
}

static road_status map_memory(struct ivshmem *own, uint64_t bytes)
{
	struct road_bus *function = own->function;
	void *memory = NULL;
	road_status status =
		function->ops->region_map(function, ROAD_IVSHMEM_BAR_MEMORY, 0, bytes, &memory);

	if (status)
		return status;
	own->memory = memory;
	own->sock.page = &own->memory->page;
	own->sock.iovas.first = own->sock.iovas.cursor = own->head.window;
	road_iova_limit(&own->sock.iovas, own->head.window + own->head.window_bytes - 1);
	make_master(function);
	atomic_store(&own->beat, atomic_load(&own->memory->state.beat));
	atomic_store(&own->beat_ns, road_host_now_ns());
	return ROAD_OK;
}

static road_status open_chip(struct ivshmem *own, uint64_t bytes)
{
	struct road_bus_ids ids;

	own->function->ops->ids(own->function, &ids);
	memcpy(own->sock.ids.pci_address, ids.pci_address, sizeof(ids.pci_address));
	road_status status = check_head(&own->head, bytes);

	if (!status)
		status = map_memory(own, own->head.window + own->head.window_bytes);
	if (!status)
		status = begin_session(own);
	if (!status)
		status = road_sock_meet(&own->sock, 0);
	memcpy(own->sock.ids.pci_address, ids.pci_address, sizeof(ids.pci_address));
	return status ? status : check_vectors(own);
}

/* The head of the memory; false: it is none of ours. *bytes: of all the memory. */
static bool is_ours(struct road_bus *function, struct road_ivshmem_head *head, uint64_t *bytes)
{
	struct road_bus_region region;
	road_error dropped;
	void *memory;

	function->ops->region_info(function, ROAD_IVSHMEM_BAR_MEMORY, &region);
	*bytes = region.bytes;
	if (!region.mappable || region.bytes < ROAD_IVSHMEM_BYTES_MIN)
		return false;
	if (function->ops->region_map(function, ROAD_IVSHMEM_BAR_MEMORY, 0, sizeof(*head),
				      &memory)) {
		road_error_take(&dropped);
		return false;
	}
	const bool ours = road_ivshmem_head(memory, region.bytes, head);

	function->ops->region_unmap(function, memory, sizeof(*head));
	return ours;
}

road_status road_ivshmem_open(struct road_bus **bus, uint64_t patience_ns)
{
	struct road_bus *function = *bus;
	struct road_ivshmem_head head;
	uint64_t bytes;

	if (!is_ours(function, &head, &bytes))
		return ROAD_OK;
	struct ivshmem *own = calloc(1, sizeof(*own));

	if (!own) {
		function->ops->close(function);
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", opening, "", "");
	}
	road_sock_init(&own->sock);
	own->sock.link = &sock_link;
	own->function = function;
	own->head = head;
	own->patience_ns = patience_ns ? patience_ns : PATIENCE_NS;
	fill_tables(own);
	road_status status = open_chip(own, bytes);

	if (status)
		destroy(own);
	else
		*bus = &own->sock.handle.bus;
	return status;
}
