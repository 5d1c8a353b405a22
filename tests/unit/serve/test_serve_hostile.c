/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that mean harm: what they send is refused and told, and the others do not notice. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sock.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

static const char *const chips[] = {"sim:edu", "sim:gpu-small"};

enum { EDU, GPU, CLIENTS = 4 };

/* A server, and a client of it that goes on working whatever others do. */
struct scene {
	struct rig_server *server;
	struct road_bus *good;
	uint32_t liveness;
};

static struct scene begin(void)
{
	struct scene scene = {.server = rig_serve(chips, 2, CLIENTS)};

	scene.good = rig_open(scene.server, EDU);
	return scene;
}

static void still_works(struct scene *scene)
{
	struct road_bus *bus = scene->good;
	const uint32_t pattern = ++scene->liveness * UINT32_C(0x01000193);

	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, pattern);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), ~pattern);
	CU_ASSERT(!bus->ops->lost(bus));
}

/* Ends the scene; `dropped` clients were thrown out. */
static void end(struct scene *scene, uint64_t dropped)
{
	still_works(scene);
	CU_ASSERT_EQUAL(road_bus_control_of(scene->good)->violations(scene->good), 0);
	CU_ASSERT_EQUAL(rig_settled(scene->server, 1).dropped, dropped);
	scene->good->ops->close(scene->good);
	rig_end(scene->server);
}

/* Every command that there is, with its payload as it should be. */
static const struct road_wire_version version = {ROAD_WIRE_MAJOR, ROAD_WIRE_MINOR};
static const struct road_wire_dma_map dma_map = {sizeof(dma_map), 3, 0, 0x100000, 8192};
static const struct road_wire_dma_unmap dma_unmap = {sizeof(dma_unmap), 0, 0x100000, 8192};
static const struct road_wire_device_info device_info = {.argsz = sizeof(device_info)};
static const struct road_wire_region_info region_info = {.argsz = 64, .index = 0};
static const struct road_wire_irq_info irq_info = {.argsz = sizeof(irq_info), .index = 2};
static const struct road_wire_irq_set set_irqs = {sizeof(set_irqs), 36, 2, 0, 1};
static const struct road_wire_region_rw region_read = {0, 0, 4};
static const struct {
	struct road_wire_region_rw head;
	uint32_t value;
} region_write = {{4, 0, 4}, 77};
static const struct road_wire_hello_ask hello = {ROAD_WIRE_ABI, EDU};
static const struct road_wire_relax relax = {1};
static const struct road_wire_door door = {ROAD_WIRE_DOOR_VIOLATIONS, 0, 0, 0};
static const struct road_wire_firmware_ask firmware = {"main"};
static const struct road_wire_share share = {ROAD_BUS_SHARE_BUFFER, 0, 9, 4096};
static const struct road_wire_obtain no_token = {.kind = ROAD_BUS_SHARE_BUFFER};
static const struct road_wire_revoke none_revoked = {9};

enum with { NOTHING, MEMORY, EVENT };

#define ROW(name, payload, with)                                    \
	{                                                           \
		ROAD_WIRE_##name, &(payload), sizeof(payload), with \
	}
static const struct ask {
	uint16_t command;
	const void *payload;
	size_t bytes;
	enum with with;
} asks[] = {
	ROW(VERSION, version, NOTHING),
	ROW(DMA_MAP, dma_map, MEMORY),
	ROW(DMA_UNMAP, dma_unmap, NOTHING),
	ROW(DEVICE_INFO, device_info, NOTHING),
	ROW(REGION_INFO, region_info, NOTHING),
	ROW(IRQ_INFO, irq_info, NOTHING),
	ROW(SET_IRQS, set_irqs, EVENT),
	ROW(REGION_READ, region_read, NOTHING),
	{ROAD_WIRE_REGION_WRITE, &region_write, sizeof(region_write.head) + 4, NOTHING},
	{ROAD_WIRE_DEVICE_RESET, NULL, 0, NOTHING},
	ROW(ROAD_HELLO, hello, NOTHING),
	ROW(ROAD_RELAX, relax, NOTHING),
	ROW(ROAD_DOOR, door, NOTHING),
	ROW(ROAD_FIRMWARE, firmware, NOTHING),
	ROW(ROAD_SHARE, share, MEMORY),
	ROW(ROAD_OBTAIN, no_token, NOTHING),
	ROW(ROAD_REVOKE, none_revoked, NOTHING),
	{ROAD_WIRE_ROAD_TRACE, NULL, 0, NOTHING},
	{ROAD_WIRE_ROAD_KICK, NULL, 0, NOTHING},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW };

static int fd_for(enum with with)
{
	switch (with) {
	case MEMORY: return rig_memory(8192, SEALS);
	case EVENT: return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	default: return -1;
	}
}

static int ask_with(struct rig_client *client, const struct ask *ask, const void *payload,
		    size_t bytes)
{
	const int fd = fd_for(ask->with);
	const int error = rig_ask(client, ask->command, payload, bytes, &fd, fd >= 0);

	if (fd >= 0)
		close(fd);
	return error;
}

/* A client that was greeted, and has a chip. */
static void join(struct scene *scene, struct rig_client *out)
{
	rig_connect(scene->server, out);
	CU_ASSERT_EQUAL_FATAL(rig_greet(out), 0);
	CU_ASSERT_EQUAL_FATAL(
		rig_ask(out, ROAD_WIRE_DEVICE_INFO, &device_info, sizeof(device_info), NULL, 0), 0);
}

static void every_command_is_answered_as_it_should_be(void)
{
	struct scene scene = begin();
	struct rig_client client;

	rig_connect(scene.server, &client);
	for (size_t i = 0; i < COUNT(asks); i++) {
		const int error = ask_with(&client, &asks[i], asks[i].payload, asks[i].bytes);

		if (error)
			printf("# command %u is answered with %d\n", asks[i].command, error);
		/* It has a chip since DMA_MAP, and edu writes no event log. */
		CU_ASSERT_EQUAL(error, asks[i].command == ROAD_WIRE_ROAD_HELLO    ? EBUSY
				       : asks[i].command == ROAD_WIRE_ROAD_OBTAIN ? ENOENT
										  : 0);
	}
	rig_leave(&client);
	end(&scene, 0);
}

static void nothing_comes_before_the_version(void)
{
	struct scene scene = begin();

	for (size_t i = 1; i < COUNT(asks); i++) {
		struct rig_client client;

		rig_connect(scene.server, &client);
		CU_ASSERT_EQUAL(ask_with(&client, &asks[i], asks[i].payload, asks[i].bytes), -1);
		rig_leave(&client);
		rig_settled(scene.server, 1);
	}
	CU_ASSERT(rig_said(scene.server, "its first message is not VERSION"));
	end(&scene, COUNT(asks) - 1);
}

static void a_payload_of_another_size_is_refused(void)
{
	struct scene scene = begin();
	struct rig_client client;
	char longer[512] = {0};

	join(&scene, &client);
	for (size_t i = 1; i < COUNT(asks); i++) {
		if (asks[i].bytes)
			memcpy(longer, asks[i].payload, asks[i].bytes);
		for (size_t bytes = 0; bytes < asks[i].bytes + 9; bytes++)
			if (bytes != asks[i].bytes)
				CU_ASSERT_EQUAL(ask_with(&client, &asks[i], longer, bytes), EINVAL);
	}
	still_works(&scene);
	rig_leave(&client);
	end(&scene, 0);
}

/* Each 32-bit word of each payload takes each of these values. What is refused is refused with an
 * errno; what is not is allowed to be so: the client stays, and the other one works. */
static void every_field_out_of_range_is_survived(void)
{
	static const uint32_t values[] = {0,          1,          2,          3,         5,    7,
					  9,          63,         64,         4095,      4096, 4097,
					  0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	struct scene scene = begin();
	struct rig_client client;
	char payload[128];

	join(&scene, &client);
	for (size_t i = 1; i < COUNT(asks); i++)
		for (size_t at = 0; at + 4 <= asks[i].bytes; at += 4)
			for (size_t v = 0; v < COUNT(values); v++) {
				memcpy(payload, asks[i].payload, asks[i].bytes);
				memcpy(payload + at, &values[v], 4);
				CU_ASSERT_NOT_EQUAL_FATAL(
					ask_with(&client, &asks[i], payload, asks[i].bytes), -1);
			}
	still_works(&scene);
	rig_leave(&client);
	end(&scene, 0);
}

static void numbers_out_of_range_are_refused(void)
{
	const struct {
		uint16_t command;
		union {
			struct road_wire_dma_map map;
			struct road_wire_region_rw rw;
			struct road_wire_region_info region;
			struct road_wire_irq_info irq;
			struct road_wire_door door;
			struct road_wire_hello_ask hello;
		} ask;
		size_t bytes;
		enum with with;
	} bad[] = {
#define MAP(...) {ROAD_WIRE_DMA_MAP, {.map = __VA_ARGS__}, sizeof(dma_map), MEMORY}
		MAP({32, 0, 0, 0x10000, 4096}),    /* neither read nor written */
		MAP({32, 4, 0, 0x10000, 4096}),    /* a flag that is none */
		MAP({31, 3, 0, 0x10000, 4096}),    /* argsz */
		MAP({32, 3, 1, 0x10000, 4096}),    /* no whole pages: offset, */
		MAP({32, 3, 0, 0x10001, 4096}),    /* address, */
		MAP({32, 3, 0, 0x10000, 4095}),    /* size */
		MAP({32, 3, 0, 0x10000, 0}),       /* nothing */
		MAP({32, 3, 0, 0x10000, 12288}),   /* more than there is */
		MAP({32, 3, 8192, 0x10000, 4096}), /* behind it */
		MAP({32, 3, UINT64_MAX - 4095, 0x10000, 4096}),
		MAP({32, 3, 0, UINT64_MAX - 4095, 4096}), /* beyond the chip's mask */
		MAP({32, 3, 0, 0x10000, UINT64_C(1) << 60}),
#define RW(...) {ROAD_WIRE_REGION_READ, {.rw = __VA_ARGS__}, sizeof(region_read), NOTHING}
		RW({0, 0, 0}),
		RW({0, 0, 3}),
		RW({2, 0, 4}),
		RW({0, 0, 16}),
		RW({0, 6, 4}),
		RW({0, 8, 4}),
		RW({0, UINT32_MAX, 4}),
		RW({UINT64_MAX, 0, 4}),
		RW({UINT64_MAX - 3, 0, 4}),
		RW({1 << 20, 0, 4}),
		RW({0, 7, 8}),
		RW({256, 7, 4}),
		{ROAD_WIRE_REGION_INFO, {.region = {.argsz = 32, .index = 9}}, 32, NOTHING},
		{ROAD_WIRE_REGION_INFO, {.region = {.argsz = 31, .index = 0}}, 32, NOTHING},
		{ROAD_WIRE_IRQ_INFO, {.irq = {.argsz = 16, .index = 5}}, 16, NOTHING},
		{ROAD_WIRE_ROAD_DOOR, {.door = {ROAD_WIRE_DOORS, 0, 0, 0}}, 24, NOTHING},
		{ROAD_WIRE_ROAD_HELLO, {.hello = {2, 0}}, 8, NOTHING},
	};
	struct scene scene = begin();
	struct rig_client client;

	join(&scene, &client);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct ask ask = {bad[i].command, &bad[i].ask, bad[i].bytes, bad[i].with};
		const int error = ask_with(&client, &ask, ask.payload, ask.bytes);

		if (error <= 0)
			printf("# number %zu is answered with %d\n", i, error);
		CU_ASSERT(error > 0);
	}
	CU_ASSERT(rig_said(scene.server, "DMA_MAP is refused"));
	CU_ASSERT(rig_said(scene.server, "no more is said of it"));
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).maps, 0);
	rig_leave(&client);
	end(&scene, 0);
}

static void half_messages_harm_nobody(void)
{
	const struct road_wire_header whole = {.command = ROAD_WIRE_VERSION,
					       .bytes = sizeof(whole) + sizeof(version)};
	struct scene scene = begin();
	struct rig_client client[2];

	for (size_t bytes = 1; bytes < sizeof(whole) + 2; bytes++) {
		rig_connect(scene.server, &client[0]);
		CU_ASSERT(rig_send(&client[0], &whole, bytes < 16 ? bytes : 16, NULL, 0));
		still_works(&scene);
		rig_leave(&client[0]);
	}
	/* One that never ends its message is only in its own way. */
	rig_connect(scene.server, &client[0]);
	CU_ASSERT(rig_send(&client[0], &whole, sizeof(whole), NULL, 0));
	join(&scene, &client[1]);
	still_works(&scene);
	/* The rest may come piece by piece. */
	CU_ASSERT(rig_send(&client[0], &version, 1, NULL, 0));
	still_works(&scene);
	CU_ASSERT(rig_send(&client[0], (const char *)&version + 1, 3, NULL, 0));
	CU_ASSERT(rig_receive(&client[0]));
	rig_leave(&client[0]);
	rig_leave(&client[1]);
	end(&scene, 0);
}

static void messages_of_impossible_size_are_the_last(void)
{
	static const uint32_t sizes[] = {0, 1, 15, ROAD_WIRE_MESSAGE_MAX + 1, UINT32_MAX};
	struct scene scene = begin();

	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct road_wire_header head = {.command = ROAD_WIRE_VERSION,
						      .bytes = sizes[i]};
		struct rig_client client;

		rig_connect(scene.server, &client);
		CU_ASSERT(rig_send(&client, &head, sizeof(head), NULL, 0));
		CU_ASSERT(!rig_receive(&client));
		rig_leave(&client);
		rig_settled(scene.server, 1);
	}
	CU_ASSERT(rig_said(scene.server, "a message is too long"));
	end(&scene, COUNT(sizes));
}

static void replies_and_second_greetings_are_the_last(void)
{
	const struct road_wire_header reply = {.command = ROAD_WIRE_DEVICE_RESET,
					       .bytes = sizeof(reply),
					       .flags = ROAD_WIRE_REPLY};
	struct scene scene = begin();
	struct rig_client client;

	join(&scene, &client);
	CU_ASSERT_EQUAL(rig_greet(&client), -1);
	rig_leave(&client);
	join(&scene, &client);
	CU_ASSERT(rig_send(&client, &reply, sizeof(reply), NULL, 0));
	CU_ASSERT(!rig_receive(&client));
	rig_leave(&client);
	CU_ASSERT(rig_said(scene.server, "VERSION twice"));
	CU_ASSERT(rig_said(scene.server, "was asked nothing"));
	end(&scene, 2);
}

static void versions_and_commands_that_are_none_are_refused(void)
{
	const struct road_wire_version other = {1, 0}, later = {ROAD_WIRE_MAJOR, 9};
	struct road_wire_version answer;
	struct scene scene = begin();
	struct rig_client client;

	rig_connect(scene.server, &client);
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_VERSION, &other, sizeof(other), NULL, 0),
			EPROTONOSUPPORT);
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_VERSION, &later, sizeof(later), NULL, 0), 0);
	memcpy(&answer, client.in.bytes + sizeof(struct road_wire_header), sizeof(answer));
	CU_ASSERT_EQUAL(answer.minor, ROAD_WIRE_MINOR);
	for (uint32_t command = 0; command < 0x10000; command += command < 32 ? 1 : 0x1fff) {
		bool known = false;

		for (size_t i = 0; i < COUNT(asks); i++)
			known |= asks[i].command == command;
		if (!known)
			CU_ASSERT_EQUAL(rig_ask(&client, (uint16_t)command, NULL, 0, NULL, 0),
					ENOSYS);
	}
	rig_leave(&client);
	end(&scene, 0);
}

static void wrong_descriptors_are_refused(void)
{
	struct scene scene = begin();
	struct rig_client client;
	int ends[2];

	join(&scene, &client);
	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	const int unsealed = rig_memory(8192, 0), small = rig_memory(4096, SEALS);
	const int fixed = rig_memory(8192, SEALS | F_SEAL_WRITE);
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const int plain = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const int bad[] = {unsealed, small, fixed, ends[0], ends[1], event, plain};

	for (size_t i = 0; i < COUNT(bad); i++)
		CU_ASSERT(rig_ask(&client, ROAD_WIRE_DMA_MAP, &dma_map, sizeof(dma_map), &bad[i],
				  1) > 0);
	/* None, and two. */
	const int two[] = {event, event};

	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_DMA_MAP, &dma_map, sizeof(dma_map), NULL, 0),
			EINVAL);
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_DMA_MAP, &dma_map, sizeof(dma_map), two, 2),
			EINVAL);
	/* Interrupts go to eventfds alone, one a vector. */
	CU_ASSERT_EQUAL(
		rig_ask(&client, ROAD_WIRE_SET_IRQS, &set_irqs, sizeof(set_irqs), &ends[1], 1),
		EINVAL);
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_SET_IRQS, &set_irqs, sizeof(set_irqs), two, 2),
			EINVAL);
	/* A descriptor where none is wanted. */
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_DEVICE_RESET, NULL, 0, &event, 1), EINVAL);
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).maps, 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		close(bad[i]);
	rig_leave(&client);
	end(&scene, 0);
}

static void too_many_descriptors_are_the_last(void)
{
	const struct road_wire_header head = {.command = ROAD_WIRE_DEVICE_RESET,
					      .bytes = sizeof(head)};
	struct scene scene = begin();
	struct rig_client client;
	int fds[ROAD_WIRE_FDS_MAX];

	join(&scene, &client);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client.sock;
	/* Byte by byte, each with as many as one message of the socket can have. */
	for (size_t at = 0; at < 2; at++)
		rig_send(&client, (const char *)&head + at, 1, fds, COUNT(fds));
	CU_ASSERT(!rig_receive(&client));
	rig_leave(&client);
	CU_ASSERT(rig_said(scene.server, "too many descriptors"));
	end(&scene, 1);
}

static void a_client_has_bounded_memory(void)
{
	struct scene scene = begin();
	struct rig_client client;
	const uint64_t half = UINT64_C(1) << 39;
	struct road_wire_dma_map ask = {sizeof(ask), 3, 0, 0, half};

	rig_connect(scene.server, &client);
	rig_unpage(rig_hello(&client, GPU));
	const int fd = rig_memory(half, SEALS);

	for (uint32_t i = 0; i < 3; i++) {
		const uint64_t inside[] = {0, half / 2, half - 4096};

		ask.address = (i + 1) * half;
		ask.bytes = half;
		CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_DMA_MAP, &ask, sizeof(ask), &fd, 1),
				i < 2 ? 0 : ENOSPC);
		/* What is mapped already is not mapped again, nor a piece of it. */
		ask.bytes = 4096;
		for (size_t at = 0; !i && at < COUNT(inside); at++) {
			ask.address = half + inside[at];
			CU_ASSERT_EQUAL(
				rig_ask(&client, ROAD_WIRE_DMA_MAP, &ask, sizeof(ask), &fd, 1),
				EEXIST);
		}
	}
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).maps, 2);
	close(fd);
	rig_leave(&client);
	end(&scene, 0);
}

static void more_clients_than_may_be_are_refused(void)
{
	struct scene scene = begin();
	struct rig_client clients[CLIENTS];

	for (uint32_t i = 1; i < CLIENTS; i++)
		join(&scene, &clients[i]);
	rig_connect(scene.server, &clients[0]);
	CU_ASSERT_EQUAL(rig_greet(&clients[0]), -1);
	for (uint32_t i = 0; i < CLIENTS; i++)
		rig_leave(&clients[i]);
	rig_settled(scene.server, 1);
	join(&scene, &clients[0]);
	rig_leave(&clients[0]);
	CU_ASSERT(rig_said(scene.server, "as many as may be"));
	end(&scene, 0);
}

static void one_that_reads_no_answer_is_only_in_its_own_way(void)
{
	const struct road_wire_header ask = {.command = ROAD_WIRE_REGION_INFO,
					     .bytes = sizeof(ask) + sizeof(region_info)};
	struct scene scene = begin();
	struct rig_client client;
	char message[sizeof(ask) + sizeof(region_info)];
	uint32_t sent = 0;

	join(&scene, &client);
	memcpy(message, &ask, sizeof(ask));
	memcpy(message + sizeof(ask), &region_info, sizeof(region_info));
	/* Until both directions are full. */
	for (uint32_t stuck = 0; stuck < 100; sent++) {
		if (road_wire_send(client.sock, message, sizeof(message), NULL, 0) > 0)
			continue;
		stuck++;
		still_works(&scene);
	}
	CU_ASSERT(sent > 100);
	rig_leave(&client);
	end(&scene, 0);
}

static void posting_more_than_there_are_places_is_the_last(void)
{
	static const uint64_t jumps[] = {ROAD_WIRE_POSTS + 1, UINT64_MAX, UINT64_C(1) << 63};
	struct scene scene = begin();

	for (size_t i = 0; i < COUNT(jumps); i++) {
		struct rig_client client;

		rig_connect(scene.server, &client);
		struct road_wire_page *page = rig_hello(&client, EDU);

		atomic_store(&page->posted, jumps[i]);
		CU_ASSERT(rig_ask(&client, ROAD_WIRE_ROAD_KICK, NULL, 0, NULL, 0) < 0);
		rig_unpage(page);
		rig_leave(&client);
		rig_settled(scene.server, 1);
	}
	CU_ASSERT(rig_said(scene.server, "posted more than there are places"));
	end(&scene, COUNT(jumps));
}

struct scribbler {
	struct road_wire_page *page;
	_Atomic bool ended;
};

/* Writes everything that is in the page, again and again. */
static void *scribble(void *arg)
{
	struct scribbler *own = arg;
	uint64_t x = 88172645463325252u;

	while (!atomic_load(&own->ended)) {
		for (uint32_t i = 0; i < ROAD_WIRE_POSTS; i++) {
			struct road_wire_post *at = &own->page->posts[i];

			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			__atomic_store_n(&at->offset, x & 1 ? x : x & 0xff, __ATOMIC_RELAXED);
			__atomic_store_n(&at->value, x, __ATOMIC_RELAXED);
			__atomic_store_n(&at->region, x & 2 ? (uint32_t)(x >> 7) : 0,
					 __ATOMIC_RELAXED);
			__atomic_store_n(&at->width, x & 4 ? (uint32_t)x : 4, __ATOMIC_RELAXED);
		}
		atomic_store(&own->page->taken, x);
		atomic_store(&own->page->now_ps, x);
		atomic_store(&own->page->asleep, (uint32_t)x);
		/* A step that the server believes. */
		atomic_fetch_add(&own->page->posted, x % ROAD_WIRE_POSTS / 4);
	}
	return NULL;
}

static void a_page_that_changes_while_it_is_read_harms_its_owner_alone(void)
{
	struct scene scene = begin();

	for (uint32_t device = EDU; device <= GPU; device++) {
		struct rig_client client;

		rig_connect(scene.server, &client);
		struct scribbler own = {.page = rig_hello(&client, device)};
		pthread_t thread;

		pthread_create(&thread, NULL, scribble, &own);
		for (uint32_t i = 0; i < 200; i++)
			still_works(&scene);
		atomic_store(&own.ended, true);
		pthread_join(thread, NULL);
		rig_unpage(own.page);
		rig_leave(&client);
		rig_settled(scene.server, 1);
	}
	still_works(&scene);
	scene.good->ops->close(scene.good);
	rig_end(scene.server);
}

static void without_descriptors_a_client_waits(void)
{
	struct scene scene = begin();
	struct rig_client client;
	struct rlimit before, few;

	rig_settled(scene.server, 1); /* what went to the client is closed here */
	const int next = eventfd(0, EFD_CLOEXEC);

	close(next);
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)next + 1; /* the client's own end, and no more */
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &few), 0);
	rig_connect(scene.server, &client);
	still_works(&scene);
	still_works(&scene);
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT(rig_said(scene.server, "a client has to wait"));
	CU_ASSERT_EQUAL(rig_greet(&client), 0);
	rig_leave(&client);
	end(&scene, 0);
}

/* What a server of ill will answers to a bus: a message that is there already. */
static void answer(struct road_sock *sock, int ends[2], uint16_t command, const void *payload,
		   size_t bytes, const int fds[2])
{
	const struct road_wire_header head = {.command = command,
					      .bytes = (uint32_t)(sizeof(head) + bytes),
					      .flags = ROAD_WIRE_REPLY};
	char message[ROAD_WIRE_MESSAGE_MAX];

	memset(sock, 0, sizeof(*sock));
	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	sock->sock = ends[0];
	memcpy(message, &head, sizeof(head));
	if (bytes)
		memcpy(message + sizeof(head), payload, bytes);
	CU_ASSERT_EQUAL(road_wire_send(ends[1], message, head.bytes, fds, 2), (long)head.bytes);
}

static void a_server_that_sends_too_much_harms_no_client(void)
{
	const uint64_t huge = UINT64_C(1) << 44;
	const struct road_wire_firmware firmware_answer = {.found = 1, .bytes = huge};
	const int memory = rig_memory(huge, SEALS), fds[2] = {memory, memory};
	static struct road_sock sock;
	const uint8_t *key;
	const void *image;
	size_t count;
	int ends[2];

	const int before = rig_fds_open();

	answer(&sock, ends, ROAD_WIRE_DEVICE_RESET, NULL, 0, fds);
	struct road_sock_call call = {.command = ROAD_WIRE_DEVICE_RESET};

	CU_ASSERT_EQUAL(road_sock_call(&sock, &call, "reset"), ROAD_OK);
	close(ends[0]);
	close(ends[1]);
	answer(&sock, ends, ROAD_WIRE_ROAD_FIRMWARE, &firmware_answer, sizeof(firmware_answer),
	       fds);
	CU_ASSERT(!road_sock_control.firmware(&sock.handle.bus, "main", &image, &count, &key));
	road_sock_texts_free(&sock);
	close(ends[0]);
	close(ends[1]);
	CU_ASSERT_EQUAL(rig_fds_open(), before);
	close(memory);
}

static void clients_that_die_leave_nothing(void)
{
	struct scene scene = begin();

	rig_settled(scene.server, 1); /* what went to the client is closed here */
	const int before = rig_fds_open();

	for (uint32_t round = 0; round < 20; round++) {
		struct road_bus *bus = rig_open(scene.server, round % 2 ? GPU : EDU);
		struct rig_client client;
		struct road_dma dma;

		CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 1 << 20, &dma), ROAD_OK);
		rig_connect(scene.server, &client);
		CU_ASSERT_EQUAL(rig_greet(&client), 0);
		CU_ASSERT_EQUAL(ask_with(&client, &asks[1], &dma_map, sizeof(dma_map)), 0);
		CU_ASSERT_EQUAL(ask_with(&client, &asks[6], &set_irqs, sizeof(set_irqs)), 0);
		rig_leave(
			&client); /* with a mapping, and an eventfd, as a process that is killed */
		bus->ops->dma_free(bus, &dma);
		bus->ops->close(bus);
	}
	const struct road_server_state left = rig_settled(scene.server, 1);

	CU_ASSERT_EQUAL(left.maps, 0);
	CU_ASSERT_EQUAL(left.accepted, 41);
	const int after = rig_fds_open();

	if (after != before)
		printf("# %d descriptors, %d before\n", after, before);
	CU_ASSERT_EQUAL(after, before);
	end(&scene, 0);
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(every_command_is_answered_as_it_should_be),
	CASE(nothing_comes_before_the_version),
	CASE(a_payload_of_another_size_is_refused),
	CASE(every_field_out_of_range_is_survived),
	CASE(numbers_out_of_range_are_refused),
	CASE(half_messages_harm_nobody),
	CASE(messages_of_impossible_size_are_the_last),
	CASE(replies_and_second_greetings_are_the_last),
	CASE(versions_and_commands_that_are_none_are_refused),
	CASE(wrong_descriptors_are_refused),
	CASE(too_many_descriptors_are_the_last),
	CASE(a_client_has_bounded_memory),
	CASE(more_clients_than_may_be_are_refused),
	CASE(one_that_reads_no_answer_is_only_in_its_own_way),
	CASE(posting_more_than_there_are_places_is_the_last),
	CASE(a_page_that_changes_while_it_is_read_harms_its_owner_alone),
	CASE(without_descriptors_a_client_waits),
	CASE(a_server_that_sends_too_much_harms_no_client),
	CASE(clients_that_die_leave_nothing),
};

TAP_MAIN(cases)
