/* SPDX-License-Identifier: Apache-2.0 */
/* Guests that keep the protocol, with our own bus. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/ivshmem/guest.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

static const char *const chips[] = {"sim:edu", "sim:dsa-small"};

enum { EDU, DSA, CHIPS, CLIENTS = 4, MINUTE_MS = 60000 };

struct scene {
	struct rig_server *server;
	struct guest guest;
	struct guest_function function;
	struct road_bus *bus;
};

static void path_of(const struct rig_server *server, uint32_t chip, char out[96])
{
	snprintf(out, 96, chip ? "%s#%u" : "%s", rig_path(server), chip);
}

static void open_bus(struct scene *scene)
{
	scene->bus = guest_function(&scene->function, &scene->guest);
	const road_status status = road_ivshmem_open(&scene->bus, 0);
	road_error error = {.size = sizeof(error)};

	if (status && !road_last_error(&error))
		printf("# %s (%s) %s\n", error.what, error.where, error.seen);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
}

static void begin(struct scene *scene, uint32_t chip)
{
	char path[96];

	*scene = (struct scene){.server = rig_serve_guests(chips, CHIPS, CLIENTS)};
	path_of(scene->server, chip, path);
	CU_ASSERT_FATAL(guest_plug(&scene->guest, path));
	open_bus(scene);
}

static void end(struct scene *scene)
{
	scene->bus->ops->close(scene->bus);
	CU_ASSERT(scene->function.closed);
	guest_unplug(&scene->guest);
	rig_end(scene->server);
}

/* ---- what QEMU and the guest see ---- */

static void qemu_is_told_all_that_the_device_needs(void)
{
	struct scene scene;

	begin(&scene, DSA);
	const struct road_ivshmem_head *head = &scene.guest.memory->head;
	struct road_bus_ids ids;
	CU_ASSERT_EQUAL(scene.guest.version, 0);
	CU_ASSERT_EQUAL(scene.guest.number, ROAD_IVSHMEM_GUEST);
	CU_ASSERT_EQUAL(scene.guest.bytes, RIG_GUEST_BYTES);
	CU_ASSERT_EQUAL(head->magic, ROAD_IVSHMEM_MAGIC);
	CU_ASSERT_EQUAL(head->bytes, RIG_GUEST_BYTES);
	CU_ASSERT_EQUAL(head->window + head->window_bytes, RIG_GUEST_BYTES);
	CU_ASSERT_STRING_EQUAL(head->chip.compatible, "roadbed,dsa");
	scene.bus->ops->ids(scene.bus, &ids);
	CU_ASSERT(ids.simulated);
	CU_ASSERT_STRING_EQUAL(ids.compatible, "roadbed,dsa");
	CU_ASSERT_STRING_EQUAL(ids.pci_address, "0000:00:05.0");
	CU_ASSERT_EQUAL(ids.vendor, head->chip.vendor);
	CU_ASSERT_EQUAL(scene.bus->ops->irq_count(scene.bus), scene.guest.vector_count);
	CU_ASSERT(rig_said(scene.server, "has sim:dsa-small"));
	end(&scene);
}

static void one_machine_at_a_time_has_a_chip(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct guest second;
	char path[96];
	CU_ASSERT_FALSE(guest_plug(&second, rig_path(scene.server)));
	CU_ASSERT(rig_said(scene.server, "another guest has the chip"));
	path_of(scene.server, DSA, path);
	CU_ASSERT_FATAL(guest_plug(&second, path));
	CU_ASSERT_STRING_EQUAL(second.memory->head.chip.compatible, "roadbed,dsa");
	guest_unplug(&second);
	/* Once the first one is gone the next may have it, as it was at power-on. */
	scene.bus->ops->close(scene.bus);
	guest_unplug(&scene.guest);
	rig_settled(scene.server, 0);
	CU_ASSERT_FATAL(guest_plug(&scene.guest, rig_path(scene.server)));
	open_bus(&scene);
	end(&scene);
}

/* ---- registers, memory, interrupts ---- */

static void wait_for_engine(struct road_bus *bus)
{
	while (road_read32(bus, 0, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bus->ops->relax(bus, UINT64_MAX);
}

/* The device's copy of 64 bytes to `from`, and back to `to`, by its DMA engine. */
static void copy(struct road_bus *bus, uint64_t from, uint64_t to)
{
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, from);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, ROAD_EDU_BUFFER);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_COUNT, 64);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START);
	wait_for_engine(bus);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, ROAD_EDU_BUFFER);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, to);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST);
	wait_for_engine(bus);
}

static uint64_t violations(struct road_bus *bus)
{
	return road_bus_control_of(bus)->violations(bus);
}

static void registers_and_memory_of_the_window_work(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_bus *bus = scene.bus;
	struct road_bus_region region;
	struct road_dma from, to;
	unsigned char *in;
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 0x12345678);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~0x12345678u);
	bus->ops->region_info(bus, 0, &region);
	CU_ASSERT_EQUAL(region.bytes, ROAD_EDU_REGION_BYTES);
	CU_ASSERT_FALSE(region.mappable);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 64, &from), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 64, &to), ROAD_OK);
	CU_ASSERT(from.coherent);
	CU_ASSERT_PTR_EQUAL(from.host, (char *)scene.guest.memory + from.iova.value);
	in = from.host;
	for (int i = 0; i < 64; i++)
		in[i] = (unsigned char)(i + 1);
	const uint64_t before = bus->ops->now_ns(bus);

	copy(bus, from.iova.value, to.iova.value);
	CU_ASSERT_EQUAL(memcmp(in, to.host, 64), 0);
	CU_ASSERT(bus->ops->now_ns(bus) > before);
	CU_ASSERT_EQUAL(violations(bus), 0);
	/* What is not mapped any more is reached no more, though it is in the memory. */
	const uint64_t gone = to.iova.value;

	bus->ops->dma_free(bus, &to);
	copy(bus, from.iova.value, gone);
	CU_ASSERT(violations(bus) > 0);
	bus->ops->dma_free(bus, &from);
	end(&scene);
}

/* As where the processor of a guest looks whether the server sleeps before its question is seen. */
static void a_server_that_fell_asleep_meanwhile_is_rung_for_again(void)
{
	struct scene scene;

	begin(&scene, EDU);
	/* One that falls asleep just now may see the question by itself. */
	scene.function.rings = 0;
	for (int tries = 0; scene.function.rings < 2 && tries < 10; tries++) {
		for (int ms = 0; !atomic_load(&scene.guest.memory->page.asleep) && ms < 60000; ms++)
			usleep(1000);
		scene.function.rings = 0;
		scene.function.unheard = 1;
		/* Nobody knows it before: it has to ask. */
		(void)road_read32(scene.bus, 0, ROAD_EDU_REG_LIVENESS);
	}
	CU_ASSERT_EQUAL(scene.function.unheard, 0);
	CU_ASSERT(scene.function.rings >= 2);
	end(&scene);
}

static void memory_of_the_programs_bounces_when_it_is_synced(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_bus *bus = scene.bus;
	unsigned char bytes[160];
	struct road_dma dma;
	memset(bytes, 7, sizeof(bytes));
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, bytes, sizeof(bytes), ROAD_DMA_BOTH, &dma),
			      ROAD_OK);
	CU_ASSERT_FALSE(dma.coherent);
	memset(bytes, 9, 64);
	bus->ops->dma_sync(bus, &dma, 0, 64, ROAD_DMA_TO_DEVICE);
	memset(bytes, 0, 64); /* is not seen */
	copy(bus, dma.iova.value, dma.iova.value + 96);
	CU_ASSERT_EQUAL(bytes[96], 7); /* not yet */
	bus->ops->dma_sync(bus, &dma, 96, 64, ROAD_DMA_TO_HOST);
	for (int i = 96; i < 160; i++)
		CU_ASSERT_EQUAL(bytes[i], 9);
	bus->ops->dma_unmap(bus, &dma);
	/* What the device may only read it cannot write. */
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, bytes, 64, ROAD_DMA_TO_DEVICE, &dma), ROAD_OK);
	CU_ASSERT_EQUAL(violations(bus), 0);
	copy(bus, dma.iova.value, dma.iova.value);
	CU_ASSERT(violations(bus) > 0);
	bus->ops->dma_unmap(bus, &dma);
	end(&scene);
}

static void the_window_ends_and_can_be_used_again(void)
{
	struct scene scene;

	begin(&scene, EDU);
	enum { PIECE = 1 << 20, PIECES = 8 };
	struct road_bus *bus = scene.bus;
	struct road_dma dma[PIECES];
	for (int round = 0; round < 3; round++) {
		road_status status = ROAD_OK;
		uint32_t count = 0;

		while (count < PIECES && !(status = bus->ops->dma_alloc(bus, PIECE, &dma[count]))) {
			CU_ASSERT_EQUAL(*(const char *)dma[count].host, 0);
			memset(dma[count++].host, 1, PIECE);
		}
		CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
		CU_ASSERT(count >= PIECES - 2 && count < PIECES);
		while (count)
			bus->ops->dma_free(bus, &dma[--count]);
	}
	CU_ASSERT_EQUAL(rig_settled(scene.server, 1).maps, 0);
	end(&scene);
}

static bool readable(int fd, int ms)
{
	struct pollfd one = {fd, POLLIN, 0};

	return poll(&one, 1, ms) == 1;
}

static void interrupts_are_vectors_of_the_device(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_bus *bus = scene.bus;
	const int vector = scene.guest.vectors[0];
	CU_ASSERT_EQUAL(bus->ops->irq_count(bus), 1);
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 1, -1), ROAD_INVALID_ARGUMENT);
	/* The test's function signals nothing: the server's own descriptor stands for it. */
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, vector), ROAD_OK);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	CU_ASSERT(readable(vector, MINUTE_MS));
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->irq_pending(bus), 1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 2);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, UINT64_MAX), ROAD_OK);
	end(&scene);
}

static void files_come_in_pieces(void)
{
	struct scene scene;

	begin(&scene, DSA);
	const struct road_bus_control *control = road_bus_control_of(scene.bus);
	const void *image = NULL;
	const uint8_t *key = NULL;
	struct road_bus *own = NULL;
	size_t bytes = 0, own_bytes = 0;
	const void *own_image = NULL;
	CU_ASSERT_FATAL(control->firmware(scene.bus, "control", &image, &bytes, &key));
	CU_ASSERT(bytes > 0);
	CU_ASSERT_EQUAL_FATAL(rig_try("sim:dsa-small", &own), ROAD_OK);
	CU_ASSERT_FATAL(
		road_bus_control_of(own)->firmware(own, "control", &own_image, &own_bytes, &key));
	CU_ASSERT_EQUAL_FATAL(bytes, own_bytes);
	CU_ASSERT_EQUAL(memcmp(image, own_image, bytes), 0);
	own->ops->close(own);
	CU_ASSERT_FALSE(control->firmware(scene.bus, "none", &image, &bytes, &key));
	end(&scene);
}

/* ---- beginnings and ends ---- */

/* A program that is killed says nothing: the next one begins over it. */
static void a_new_session_has_a_chip_as_at_power_on(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_bus *killed = scene.bus;
	struct road_dma dma;
	road_write32(killed, 0, ROAD_EDU_REG_LIVENESS, 5);
	CU_ASSERT_EQUAL(road_read32(killed, 0, ROAD_EDU_REG_LIVENESS), ~UINT32_C(5));
	CU_ASSERT_EQUAL_FATAL(killed->ops->dma_alloc(killed, 4096, &dma), ROAD_OK);
	memset(dma.host, 0x5a, 4096);
	struct guest_function function;
	struct road_bus *bus = guest_function(&function, &scene.guest);

	CU_ASSERT_EQUAL_FATAL(road_ivshmem_open(&bus, 0), ROAD_OK);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	CU_ASSERT_EQUAL(*(const char *)dma.host, 0); /* another program's bytes */
	const struct road_server_state state = rig_settled(scene.server, 1);

	CU_ASSERT_EQUAL(state.maps, 0);
	CU_ASSERT_EQUAL(state.accepted, 2);
	/* What is left of the old one does not end the new one. */
	CU_ASSERT(killed->ops->lost(killed));
	killed->ops->dma_free(killed, &dma);
	killed->ops->close(killed);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	scene.bus = bus;
	end(&scene);
}

/* Everything fails, nothing hangs, and what is left can be freed. */
static void check_lost(struct road_bus *bus, struct road_dma *dma)
{
	struct road_dma more;

	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT(bus->ops->lost(bus));
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 1);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 64, &more), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, UINT64_MAX), ROAD_DEVICE_LOST);
	bus->ops->dma_free(bus, dma);
}

static void a_server_that_ends_is_a_lost_device(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_dma dma;
	CU_ASSERT_EQUAL_FATAL(scene.bus->ops->dma_alloc(scene.bus, 64, &dma), ROAD_OK);
	rig_crash(scene.server);
	CU_ASSERT(scene.bus->ops->lost(scene.bus));
	CU_ASSERT(readable(scene.guest.vectors[0], 0)); /* whoever sleeps is woken */
	check_lost(scene.bus, &dma);
	end(&scene);
}

static void a_server_that_hangs_is_a_lost_device_in_the_end(void)
{
	struct scene scene;

	begin(&scene, EDU);
	struct road_dma dma;
	scene.bus->ops->close(scene.bus);
	scene.bus = guest_function(&scene.function, &scene.guest);
	CU_ASSERT_EQUAL_FATAL(road_ivshmem_open(&scene.bus, 50000000), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(scene.bus->ops->dma_alloc(scene.bus, 64, &dma), ROAD_OK);
	rig_hang(scene.server);
	check_lost(scene.bus, &dma);
	/* Nor does a new one begin. */
	struct guest_function again;
	struct road_bus *bus = guest_function(&again, &scene.guest);

	CU_ASSERT_EQUAL(road_ivshmem_open(&bus, 50000000), ROAD_DEVICE_LOST);
	CU_ASSERT(again.closed);
	end(&scene);
}

static void a_function_that_is_taken_away_gives_the_chip_back(void)
{
	struct scene scene;

	begin(&scene, EDU);
	road_bus_control_of(scene.bus)->let_go(scene.bus);
	CU_ASSERT(scene.function.pulled);
	CU_ASSERT(scene.bus->ops->lost(scene.bus));
	rig_settled(scene.server, 0);
	end(&scene);
}

/* ---- what is not opened ---- */

static road_status try_head(struct scene *scene, const struct road_ivshmem_head *head)
{
	struct guest_function function;
	struct road_bus *bus = guest_function(&function, &scene->guest), *const plain = bus;

	scene->guest.memory->head = *head;
	const road_status status = road_ivshmem_open(&bus, 0);

	CU_ASSERT_EQUAL(function.closed, status != ROAD_OK);
	if (!status)
		CU_ASSERT_PTR_EQUAL(bus, plain); /* it is left alone */
	return status;
}

static void other_memory_is_left_alone_and_an_impossible_head_refused(void)
{
	struct scene scene;

	begin(&scene, EDU);
	const struct road_ivshmem_head good = scene.guest.memory->head;
	struct road_ivshmem_head head = good;
	head.magic++;
	CU_ASSERT_EQUAL(try_head(&scene, &head), ROAD_OK);
#define REFUSED(change)                                                     \
	do {                                                                \
		head = good;                                                \
		change;                                                     \
		CU_ASSERT_EQUAL(try_head(&scene, &head), ROAD_UNSUPPORTED); \
	} while (0)
	REFUSED(head.abi++);
	REFUSED(head.window = 0);
	REFUSED(head.window += 8);
	REFUSED(head.window = good.bytes + 4096);
	REFUSED(head.window = UINT64_MAX - 4095);
	REFUSED(head.window_bytes += 1);
	REFUSED(head.window_bytes = 0);
	REFUSED(head.window_bytes = UINT64_MAX);
	REFUSED(head.server = 65536);
	REFUSED(head.chip.irq_count = 65);
	REFUSED(head.chip.line_bytes = 3);
	REFUSED(memset(head.chip.name, 'x', sizeof(head.chip.name)));
	scene.guest.memory->head = good;
	end(&scene);
}

static void too_few_vectors_are_named(void)
{
	struct scene scene;

	begin(&scene, EDU);
	road_error error = {.size = sizeof(error)};
	scene.bus->ops->close(scene.bus);
	scene.bus = guest_function(&scene.function, &scene.guest);
	scene.function.vectors = 0;
	CU_ASSERT_EQUAL(road_ivshmem_open(&scene.bus, 0), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL_FATAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(error.allowed, "ivshmem-doorbell,vectors=1");
	CU_ASSERT(scene.function.closed);
	open_bus(&scene);
	end(&scene);
}

static void a_size_that_no_bar_has_is_refused(void)
{
	char folder[] = "/tmp/roadbed-XXXXXX", path[64];
	const uint64_t bad[] = {1, 4096, (8 << 20) + 4096, UINT64_C(3) << 20, UINT64_C(1) << 40};

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sock", folder);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct road_server_wish wish = {
			.library_folder = getenv("ROADBED_TEST_SIM_FOLDER"),
			.addresses = chips,
			.address_count = CHIPS,
			.ivshmem_path = path,
			.ivshmem_bytes = bad[i],
			.clients_max = 1,
		};
		struct road_server *server;

		CU_ASSERT_EQUAL(road_server_open(&wish, &server), ROAD_INVALID_ARGUMENT);
	}
	CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static const struct tap_case cases[] = {
	{"QEMU is told all that the device needs", qemu_is_told_all_that_the_device_needs},
	{"one machine at a time has a chip", one_machine_at_a_time_has_a_chip},
	{"registers, and memory of the window, work", registers_and_memory_of_the_window_work},
	{"a server that fell asleep meanwhile is rung for again",
	 a_server_that_fell_asleep_meanwhile_is_rung_for_again},
	{"memory of the program's bounces when it is synced",
	 memory_of_the_programs_bounces_when_it_is_synced},
	{"the window ends, and can be used again", the_window_ends_and_can_be_used_again},
	{"interrupts are vectors of the device", interrupts_are_vectors_of_the_device},
	{"files come in pieces", files_come_in_pieces},
	{"a new session has a chip as at power-on", a_new_session_has_a_chip_as_at_power_on},
	{"a server that ends is a lost device", a_server_that_ends_is_a_lost_device},
	{"a server that hangs is a lost device in the end",
	 a_server_that_hangs_is_a_lost_device_in_the_end},
	{"a function that is taken away gives the chip back",
	 a_function_that_is_taken_away_gives_the_chip_back},
	{"other memory is left alone, and an impossible head refused",
	 other_memory_is_left_alone_and_an_impossible_head_refused},
	{"too few vectors are named", too_few_vectors_are_named},
	{"a size that no BAR has is refused", a_size_that_no_bar_has_is_refused},
};

TAP_MAIN(cases)
