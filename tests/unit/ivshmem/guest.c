/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ivshmem/guest.h"

#include <CUnit/CUnit.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/bare.h"

#define MINUTE_NS UINT64_C(60000000000)

enum { MINUTE_MS = 60000 };

/* ---- QEMU ---- */

/* One number, and the descriptor with it, -1: none. false: the server hung up. */
static bool receive(struct guest *guest, int64_t *number, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {number, sizeof(*number)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	*fd = -1;
	if (recvmsg(guest->sock, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) != sizeof(*number))
		return false;
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return true;
}

static void map_memory(struct guest *guest)
{
	struct stat stat;

	CU_ASSERT_EQUAL_FATAL(fstat(guest->memory_fd, &stat), 0);
	guest->bytes = (uint64_t)stat.st_size;
	guest->memory =
		mmap(NULL, guest->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memory_fd, 0);
	CU_ASSERT_NOT_EQUAL_FATAL(guest->memory, MAP_FAILED);
}

bool guest_plug(struct guest *guest, const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int64_t number, other;
	int none;

	*guest = (struct guest){.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
				.memory_fd = -1,
				.bell = -1};
	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	CU_ASSERT_EQUAL_FATAL(connect(guest->sock, (const struct sockaddr *)&name, sizeof(name)),
			      0);
	if (!receive(guest, &guest->version, &none)) {
		close(guest->sock);
		return false;
	}
	CU_ASSERT_FATAL(receive(guest, &guest->number, &none));
	CU_ASSERT_FATAL(receive(guest, &number, &guest->memory_fd));
	CU_ASSERT_EQUAL(number, -1);
	CU_ASSERT_FATAL(receive(guest, &other, &guest->bell));
	CU_ASSERT_NOT_EQUAL(other, guest->number);
	map_memory(guest);
	CU_ASSERT_EQUAL(other, guest->memory->head.server);
	/* QEMU waits for the first vector; how many there are is the server's choice. */
	const uint32_t count = guest->memory->head.vectors ? guest->memory->head.vectors : 1;

	while (guest->vector_count < count) {
		CU_ASSERT_FATAL(receive(guest, &number, &guest->vectors[guest->vector_count++]));
		CU_ASSERT_EQUAL(number, guest->number);
	}
	return true;
}

void guest_unplug(struct guest *guest)
{
	munmap(guest->memory, guest->bytes);
	for (uint32_t v = 0; v < guest->vector_count; v++)
		close(guest->vectors[v]);
	close(guest->bell);
	close(guest->memory_fd);
	close(guest->sock);
}

void guest_ring(const struct guest *guest)
{
	static const uint64_t one = 1;

	CU_ASSERT_EQUAL(write(guest->bell, &one, sizeof(one)), (ssize_t)sizeof(one));
}

/* ---- the function ---- */

static struct guest_function *of(struct road_bus *bus)
{
	return (struct guest_function *)(void *)bus;
}

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	(void)bus;
	*out = (struct road_bus_ids){.vendor = ROAD_IVSHMEM_VENDOR,
				     .device = ROAD_IVSHMEM_DEVICE,
				     .pci_address = "0000:00:05.0"};
}

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	return offset == 4 ? of(bus)->command : 0;
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	if (offset == 4)
		of(bus)->command = value;
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	*out = (struct road_bus_region){0};
	if (region == ROAD_IVSHMEM_BAR_REGISTERS)
		out->bytes = 256;
	if (region == ROAD_IVSHMEM_BAR_MEMORY)
		*out = (struct road_bus_region){of(bus)->guest->bytes, true};
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	const struct guest *guest = of(bus)->guest;

	CU_ASSERT_EQUAL(region, ROAD_IVSHMEM_BAR_MEMORY);
	CU_ASSERT_FATAL(offset <= guest->bytes && bytes <= guest->bytes - offset);
	*out = (char *)guest->memory + offset;
	return ROAD_OK;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	CU_ASSERT_EQUAL(region, ROAD_IVSHMEM_BAR_REGISTERS);
	CU_ASSERT_EQUAL(offset, ROAD_IVSHMEM_DOORBELL);
	CU_ASSERT_EQUAL(width, 4);
	of(bus)->rings++;
	if (of(bus)->unheard)
		of(bus)->unheard--;
	else if (value >> 16 == of(bus)->guest->memory->head.server && !of(bus)->pulled)
		guest_ring(of(bus)->guest);
}

static uint32_t bus_irq_count(struct road_bus *bus)
{
	return of(bus)->vectors;
}

/* As vfio does: the descriptor is signalled from now on. Here the server's own stands for it. */
static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	(void)eventfd;
	CU_ASSERT(vector < of(bus)->vectors);
	CU_ASSERT(of(bus)->command & 4); /* else no message leaves the function */
	return ROAD_OK;
}

static bool bus_lost(struct road_bus *bus)
{
	return of(bus)->pulled;
}

static void bus_close(struct road_bus *bus)
{
	CU_ASSERT_FALSE(of(bus)->closed);
	of(bus)->closed = true;
}

static const struct road_bus_ops ops = {
	.name = "guest",
	.ids = bus_ids,
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = road_bare_region_unmap,
	.read = road_bare_read,
	.write = bus_write,
	.irq_count = bus_irq_count,
	.irq_bind = bus_irq_bind,
	.lost = bus_lost,
	.close = bus_close,
};

static void let_go(struct road_bus *bus)
{
	of(bus)->pulled = true;
}

static const struct road_bus_control control = {.let_go = let_go};

struct road_bus *guest_function(struct guest_function *function, struct guest *guest)
{
	*function = (struct guest_function){
		.handle = {.bus = {.ops = &ops}, .control = &control},
		.guest = guest,
		.vectors = guest->vector_count,
	};
	return &function->handle.bus;
}

/* ---- a program that says anything ---- */

static void nap(void)
{
	poll(NULL, 0, 1);
}

bool guest_begin(struct guest *guest)
{
	struct road_ivshmem_memory *memory = guest->memory;
	const uint64_t session = atomic_load(&memory->state.begun) + 1;
	const uint64_t deadline = road_host_now_ns() + MINUTE_NS;

	atomic_store(&memory->desk.session, session);
	guest_ring(guest);
	while (atomic_load(&memory->state.begun) != session && road_host_now_ns() < deadline)
		nap();
	CU_ASSERT_EQUAL_FATAL(atomic_load(&memory->state.begun), session);
	return atomic_load(&memory->state.live) == session;
}

void guest_put(struct guest *guest, const void *bytes, size_t count)
{
	memcpy(guest->memory->ask.bytes, bytes, count);
	atomic_fetch_add(&guest->memory->desk.asked, 1);
	guest_ring(guest);
}

bool guest_answered(struct guest *guest)
{
	const struct road_ivshmem_state *state = &guest->memory->state;
	const uint64_t deadline = road_host_now_ns() + MINUTE_NS;

	while (atomic_load(&state->answered) != atomic_load(&guest->memory->desk.asked)) {
		if (!atomic_load(&state->live))
			return false;
		if (road_host_now_ns() > deadline) {
			CU_FAIL("the server neither answers nor ends the session");
			return false;
		}
		sched_yield();
	}
	return true;
}

int guest_ask(struct guest *guest, uint16_t command, const void *payload, size_t bytes,
	      void *answer, size_t room)
{
	struct road_wire_header head = {
		.id = command, .command = command, .bytes = (uint32_t)(sizeof(head) + bytes)};
	char message[ROAD_WIRE_MESSAGE_MAX];

	memcpy(message, &head, sizeof(head));
	if (bytes)
		memcpy(message + sizeof(head), payload, bytes);
	guest_put(guest, message, head.bytes);
	if (!guest_answered(guest))
		return -1;
	memcpy(&head, guest->memory->answer.bytes, sizeof(head));
	CU_ASSERT_EQUAL(head.id, command);
	CU_ASSERT_EQUAL(head.command, command);
	CU_ASSERT_EQUAL(head.flags & ROAD_WIRE_TYPE_MASK, ROAD_WIRE_REPLY);
	if (answer)
		memcpy(answer, guest->memory->answer.bytes + sizeof(head), room);
	return head.flags & ROAD_WIRE_ERROR ? (int)head.error : 0;
}

void guest_greet(struct guest *guest)
{
	const struct road_wire_version version = {ROAD_WIRE_MAJOR, ROAD_WIRE_MINOR};
	const struct road_wire_hello_ask hello = {ROAD_WIRE_ABI, 0};

	CU_ASSERT_EQUAL(guest_ask(guest, ROAD_WIRE_VERSION, &version, sizeof(version), NULL, 0), 0);
	CU_ASSERT_EQUAL(guest_ask(guest, ROAD_WIRE_ROAD_HELLO, &hello, sizeof(hello), NULL, 0), 0);
}
