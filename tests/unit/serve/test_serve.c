/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that keep the protocol, with our own bus. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

static const char *const chips[] = {"sim:edu", "sim:gpu-small", "sim:dsa-small"};

enum { EDU, GPU, DSA, MINUTE_MS = 60000 };

static struct rig_server *serve(void)
{
	return rig_serve(chips, 3, 8);
}

static void close_bus(struct road_bus *bus)
{
	bus->ops->close(bus);
}

/* The device's copy of 64 bytes to `from`, and back to `to`, by its DMA engine. */
static void copy(struct road_bus *bus, uint64_t from, uint64_t to)
{
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, from);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, ROAD_EDU_BUFFER);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_COUNT, 64);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START);
	while (road_read32(bus, 0, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bus->ops->relax(bus, UINT64_MAX);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, ROAD_EDU_BUFFER);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, to);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND,
		     ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST | ROAD_EDU_DMA_IRQ);
	while (road_read32(bus, 0, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bus->ops->relax(bus, UINT64_MAX);
}

static void registers_memory_and_interrupts_work_across_the_socket(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd fd = {event, POLLIN, 0};
	struct road_dma from, to;
	char *in, *out;

	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 0x12345678);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~0x12345678u);
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0), 0x11e81234);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, event), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 64, &from), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 64, &to), ROAD_OK);
	CU_ASSERT(from.coherent);
	in = from.host;
	out = to.host;
	for (int i = 0; i < 64; i++)
		in[i] = (char)(i + 1);
	const uint64_t before = bus->ops->now_ns(bus);

	copy(bus, from.iova.value, to.iova.value);
	CU_ASSERT_EQUAL(memcmp(in, out, 64), 0);
	CU_ASSERT(bus->ops->now_ns(bus) > before);
	CU_ASSERT_EQUAL(poll(&fd, 1, MINUTE_MS), 1);
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->irq_pending(bus), 1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT(!bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->violations(bus), 0);
	/* What is not mapped any more is reached no more. */
	const uint64_t gone = to.iova.value;

	bus->ops->dma_free(bus, &to);
	copy(bus, from.iova.value, gone);
	CU_ASSERT(road_bus_control_of(bus)->violations(bus) > 0);
	bus->ops->dma_free(bus, &from);
	close_bus(bus);
	close(event);
	rig_end(server);
}

static void memory_of_the_programs_is_a_copy_that_dma_sync_keeps(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	char in[100], out[100];
	struct road_dma from, to;

	memset(in, 7, sizeof(in));
	memset(out, 9, sizeof(out));
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, in, sizeof(in), ROAD_DMA_TO_DEVICE, &from),
			      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, out, sizeof(out), ROAD_DMA_TO_HOST, &to),
			      ROAD_OK);
	CU_ASSERT(!from.coherent && !to.coherent);
	in[0] = 1;
	bus->ops->dma_sync(bus, &from, 0, sizeof(in), ROAD_DMA_TO_DEVICE);
	copy(bus, from.iova.value, to.iova.value + 8);
	bus->ops->dma_sync(bus, &to, 0, sizeof(out), ROAD_DMA_TO_HOST);
	CU_ASSERT_EQUAL(out[7], 9);
	CU_ASSERT_EQUAL(out[8], 1);
	CU_ASSERT_EQUAL(out[9], 7);
	CU_ASSERT_EQUAL(out[71], 7);
	CU_ASSERT_EQUAL(out[72], 9);
	/* The device may not write what it was given to read. */
	copy(bus, from.iova.value, from.iova.value);
	CU_ASSERT(road_bus_control_of(bus)->violations(bus) > 0);
	bus->ops->dma_unmap(bus, &from);
	bus->ops->dma_unmap(bus, &to);
	close_bus(bus);
	rig_end(server);
}

static void clients_have_chips_of_their_own(void)
{
	struct rig_server *server = serve();
	struct road_bus *one = rig_open(server, EDU), *two = rig_open(server, EDU);
	struct road_dma mine;

	road_write32(one, 0, ROAD_EDU_REG_LIVENESS, 1);
	road_write32(two, 0, ROAD_EDU_REG_LIVENESS, 2);
	CU_ASSERT_EQUAL(road_read32(one, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~1u);
	CU_ASSERT_EQUAL(road_read32(two, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~2u);
	/* An address of one's memory is none for the other. */
	CU_ASSERT_EQUAL_FATAL(one->ops->dma_alloc(one, 4096, &mine), ROAD_OK);
	memset(mine.host, 5, 4096);
	copy(two, mine.iova.value, mine.iova.value);
	CU_ASSERT(road_bus_control_of(two)->violations(two) >= 2);
	CU_ASSERT_EQUAL(road_bus_control_of(one)->violations(one), 0);
	CU_ASSERT_EQUAL(((char *)mine.host)[0], 5);
	one->ops->dma_free(one, &mine);
	/* A reset is of one's own. */
	CU_ASSERT_EQUAL(one->ops->reset(one), ROAD_OK);
	CU_ASSERT_EQUAL(road_read32(one, 0, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	CU_ASSERT_EQUAL(road_read32(two, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~2u);
	close_bus(one);
	close_bus(two);
	rig_end(server);
}

static void a_mapped_region_is_memory_of_ones_own(void)
{
	enum { MEMORY = 2, BYTES = 8192 };
	struct rig_server *server = serve();
	struct road_bus *one = rig_open(server, GPU), *two = rig_open(server, GPU);
	struct road_bus_region info;
	void *at[2];

	one->ops->region_info(one, MEMORY, &info);
	CU_ASSERT(info.mappable && info.bytes >= BYTES);
	CU_ASSERT_EQUAL_FATAL(one->ops->region_map(one, MEMORY, 4096, BYTES, &at[0]), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(two->ops->region_map(two, MEMORY, 4096, BYTES, &at[1]), ROAD_OK);
	memset(at[0], 3, BYTES);
	CU_ASSERT_EQUAL(((char *)at[1])[0], 0);
	CU_ASSERT_EQUAL(road_read32(one, MEMORY, 4096), 0x03030303);
	CU_ASSERT_EQUAL(road_read32(two, MEMORY, 4096), 0);
	CU_ASSERT_NOT_EQUAL(one->ops->region_map(one, MEMORY, info.bytes, 4096, &at[1]), ROAD_OK);
	CU_ASSERT_NOT_EQUAL(one->ops->region_map(one, 0, 0, 4096, &at[1]), ROAD_OK);
	one->ops->region_unmap(one, at[0], BYTES);
	two->ops->region_unmap(two, at[1], BYTES);
	close_bus(one);
	close_bus(two);
	rig_end(server);
}

static void a_chip_that_looks_into_no_cache_is_none_here(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, DSA);
	struct road_dma_limits limits;
	struct road_dma dma;

	bus->ops->dma_limits(bus, &limits);
	CU_ASSERT(!limits.coherent);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 4096, &dma), ROAD_OK);
	CU_ASSERT(!dma.coherent && dma.fd >= 0);
	bus->ops->dma_free(bus, &dma);
	close_bus(bus);
	rig_end(server);
}

static void a_server_that_dies_is_a_lost_device_and_the_next_one_is_new(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	const struct road_bus_control *control = road_bus_control_of(bus);
	struct pollfd alive = {control->lost_fd(bus), POLLIN, 0};
	struct road_dma dma, other;

	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 4096, &dma), ROAD_OK);
	CU_ASSERT_EQUAL(poll(&alive, 1, 0), 0);
	CU_ASSERT(!bus->ops->lost(bus));
	rig_crash(server);
	CU_ASSERT_EQUAL(poll(&alive, 1, MINUTE_MS), 1);
	CU_ASSERT(bus->ops->lost(bus)); /* though nobody let it go yet */
	control->let_go(bus);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 1);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 4096, &other), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_DEVICE_LOST);
	memset(dma.host, 1, 4096); /* what was there stays there */
	bus->ops->dma_free(bus, &dma);
	close_bus(bus);
	rig_end(server);
}

static void one_that_asks_a_dead_server_hears_it_at_once(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);

	rig_crash(server);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT(bus->ops->lost(bus));
	close_bus(bus);
	rig_end(server);
}

static void the_socket_is_for_its_user_alone(void)
{
	struct rig_server *server = serve();
	struct road_server *second = NULL;
	struct stat stat_of;
	const char *const address = "sim:edu";
	struct road_server_wish wish = {.library_folder = getenv("ROADBED_TEST_SIM_FOLDER"),
					.addresses = &address,
					.address_count = 1,
					.socket_path = rig_path(server),
					.clients_max = 1};

	CU_ASSERT_EQUAL(stat(rig_path(server), &stat_of), 0);
	CU_ASSERT_EQUAL(stat_of.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(road_server_open(&wish, &second), ROAD_BUSY);
	wish.socket_path = "/tmp/roadbed-nobody/chips#1"; /* sock:… would mean its chip 1 */
	CU_ASSERT_EQUAL(road_server_open(&wish, &second), ROAD_INVALID_ARGUMENT);
	wish.socket_path = "/tmp/roadbed-nobody";
	CU_ASSERT_EQUAL(road_server_open(&wish, &second), ROAD_PERMISSION);
	rig_end(server);
}

static void an_interrupt_that_came_before_its_descriptor_is_not_lost(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd fd = {event, POLLIN, 0};

	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_IRQ_STATUS), 1);
	rig_settled(server, 1); /* it has looked at interrupts meanwhile */
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, event), ROAD_OK);
	CU_ASSERT_EQUAL(poll(&fd, 1, MINUTE_MS), 1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	/* Once. */
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, event), ROAD_OK);
	CU_ASSERT(!bus->ops->irq_take(bus, 0));
	close_bus(bus);
	close(event);
	rig_end(server);
}

/* Waits until the server has raised it, by the page. */
static bool comes(struct road_bus *bus)
{
	for (int ms = 0; ms < MINUTE_MS; ms++, poll(NULL, 0, 1))
		if (road_bus_control_of(bus)->irq_pending(bus))
			return true;
	return false;
}

static void who_looks_on_is_not_woken_and_misses_nothing(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	const struct road_bus_control *control = road_bus_control_of(bus);
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd fd = {event, POLLIN, 0};

	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, event), ROAD_OK);
	CU_ASSERT(!control->attend(bus, true));
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	CU_ASSERT(comes(bus));
	/* Messages are answered after interrupts were raised: no descriptor is under way. */
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_IRQ_STATUS), 1);
	CU_ASSERT_EQUAL(poll(&fd, 1, 0), 0);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT(!bus->ops->irq_take(bus, 0));
	/* What came while it looked on, and was not taken, is told when it looks away. */
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 2);
	CU_ASSERT(comes(bus));
	CU_ASSERT(control->attend(bus, false));
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(control->irq_pending(bus), 0);
	/* From now on it is woken again; a take leaves nothing that would do so once more. */
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 4);
	CU_ASSERT_EQUAL(poll(&fd, 1, MINUTE_MS), 1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(poll(&fd, 1, 0), 0);
	CU_ASSERT(!control->attend(bus, true));
	close_bus(bus);
	close(event);
	rig_end(server);
}

static void to_wait_for_an_interrupt_leaves_its_descriptor_bound(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus = rig_open(server, EDU);
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct pollfd fd = {event, POLLIN, 0};

	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, event), ROAD_OK);
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, UINT64_MAX), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, bus->ops->now_ns(bus) + 1000), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 64, 0), ROAD_INVALID_ARGUMENT);
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	CU_ASSERT_EQUAL(poll(&fd, 1, MINUTE_MS), 1);
	close_bus(bus);
	close(event);
	rig_end(server);
}

static void only_simulated_chips_are_served(void)
{
	static const char *const bad[] = {"host:", "pci:0000:00:00.0", "faulty(remove@1):sim:edu",
					  "sock:/tmp/x/y"};
	struct road_server *server = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct road_server_wish wish = {.library_folder =
							      getenv("ROADBED_TEST_SIM_FOLDER"),
						      .addresses = &bad[i],
						      .address_count = 1,
						      .socket_path = "/tmp/roadbed-none/sock",
						      .clients_max = 1};

		CU_ASSERT_EQUAL(road_server_open(&wish, &server), ROAD_UNSUPPORTED);
	}
	CU_ASSERT_EQUAL(access("/tmp/roadbed-none", F_OK), -1);
}

static void bad_addresses_are_refused(void)
{
	struct rig_server *server = serve();
	struct road_bus *bus;
	char text[128];

	CU_ASSERT_EQUAL(rig_try("sock:", &bus), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(rig_try("sock:/tmp/roadbed-none/sock", &bus), ROAD_NOT_FOUND);
	snprintf(text, sizeof(text), "sock:%s#3", rig_path(server));
	CU_ASSERT_EQUAL(rig_try(text, &bus), ROAD_NOT_FOUND);
	snprintf(text, sizeof(text), "sock:%s?time=functional", rig_path(server));
	CU_ASSERT_EQUAL(rig_try(text, &bus), ROAD_INVALID_ARGUMENT);
	rig_end(server);
}

static const struct tap_case cases[] = {
	{"registers, memory and interrupts work across the socket",
	 registers_memory_and_interrupts_work_across_the_socket},
	{"memory of the program's is a copy that dma_sync keeps",
	 memory_of_the_programs_is_a_copy_that_dma_sync_keeps},
	{"clients have chips of their own", clients_have_chips_of_their_own},
	{"a mapped region is memory of one's own", a_mapped_region_is_memory_of_ones_own},
	{"a chip that looks into no cache is none here",
	 a_chip_that_looks_into_no_cache_is_none_here},
	{"a server that dies is a lost device, and the next one is new",
	 a_server_that_dies_is_a_lost_device_and_the_next_one_is_new},
	{"one that asks a dead server hears it at once",
	 one_that_asks_a_dead_server_hears_it_at_once},
	{"the socket is for its user alone", the_socket_is_for_its_user_alone},
	{"an interrupt that came before its descriptor is not lost",
	 an_interrupt_that_came_before_its_descriptor_is_not_lost},
	{"who looks on is not woken, and misses nothing",
	 who_looks_on_is_not_woken_and_misses_nothing},
	{"to wait for an interrupt leaves its descriptor bound",
	 to_wait_for_an_interrupt_leaves_its_descriptor_bound},
	{"only simulated chips are served", only_simulated_chips_are_served},
	{"bad addresses are refused", bad_addresses_are_refused},
};

TAP_MAIN(cases)
