/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads may not see in another order. Two of these are Dekker's: each side writes its word,
 * then reads the other's, and one of them at least has to see what the other wrote. Where a
 * processor lets the read pass the write, some of the rounds lose a wake-up.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/bus/sim_served.h"
#include "hal/bus/sock.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

enum { ROUNDS = 200000, SPINS = 200, PAGE = ROAD_WIRE_PAGE };

#define ENOUGH_NS UINT64_C(10000000000)

/* ---- two threads that begin each round together ---- */

static struct {
	_Alignas(64) _Atomic uint32_t begun; /* rounds, of which the other thread was told */
	_Alignas(64) _Atomic uint32_t ended; /* by the other thread */
	_Atomic bool over;
} rounds;

static void await(const _Atomic uint32_t *word, uint32_t value)
{
	for (uint32_t spins = 1; atomic_load_explicit(word, memory_order_acquire) != value; spins++)
		if (spins % SPINS == 0)
			sched_yield();
}

struct race {
	void (*reset)(void);
	bool (*here)(void);  /* did it see the other's? */
	bool (*there)(void); /* likewise; on the other thread */
	uint32_t loops_most; /* before it is this side's turn */
	bool saw;
};

static void *other_side(void *arg)
{
	struct race *race = arg;

	for (uint32_t i = 1;; i++) {
		await(&rounds.begun, i);
		if (atomic_load(&rounds.over))
			return NULL;
		race->saw = race->there();
		atomic_store_explicit(&rounds.ended, i, memory_order_release);
	}
}

/* The other side hears of the round a moment after this one begins it: this one waits a while, a
 * different one in each round, so that some rounds meet. */
static void hesitate(uint32_t round, uint32_t most)
{
	for (volatile uint32_t left = (round * UINT32_C(2654435761) >> 16) % most; left; left--)
		;
}

/* How many rounds there were in which neither saw the other. */
static uint32_t lost_in(struct race race)
{
	const uint64_t enough =
		road_deadline_after(ENOUGH_NS); /* where others want the processors */
	uint32_t lost = 0, i = 1;
	pthread_t thread;

	memset(&rounds, 0, sizeof(rounds));
	pthread_create(&thread, NULL, other_side, &race);
	for (; i <= ROUNDS && road_host_now_ns() < enough; i++) {
		race.reset();
		atomic_store_explicit(&rounds.begun, i, memory_order_release);
		hesitate(i, race.loops_most);
		const bool saw = race.here();

		await(&rounds.ended, i);
		lost += !saw && !race.saw;
	}
	atomic_store(&rounds.over, true);
	atomic_store(&rounds.begun, i);
	if (lost)
		printf("# %u of %u rounds were lost\n", lost, i - 1);
	pthread_join(thread, NULL);
	return lost;
}

/* ---- both sides of a connection, without one ---- */

static struct {
	struct road_server server;
	struct road_client *client;
	struct road_bus_handle chip;
	struct road_wire_page page;
	struct road_sock sock;
	bool kicked;
} both;

static bool kick(struct road_sock *sock)
{
	(void)sock;
	both.kicked = true;
	return true;
}

static bool is_here(struct road_sock *sock)
{
	(void)sock;
	return false;
}

static void no_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		     uint64_t value)
{
	(void)bus, (void)region, (void)offset, (void)width, (void)value;
}

static bool take_irq(struct road_bus *bus, uint32_t vector)
{
	(void)bus, (void)vector;
	return true;
}

static uint64_t one_pending(struct road_bus *bus)
{
	(void)bus;
	return 1;
}

static void make_both(void)
{
	static const struct road_bus_ops ops = {.write = no_write, .irq_take = take_irq};
	static const struct road_bus_control control = {.irq_pending = one_pending};
	static const struct road_sock_link link = {.kick = kick, .is_gone = is_here};

	memset(&both, 0, sizeof(both));
	both.client = road_client_new(&both.server, -1, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(both.client);
	both.chip.bus.ops = &ops;
	both.chip.control = &control;
	both.client->bus = &both.chip.bus;
	both.client->page = &both.page;
	both.client->irq_count = 1;
	both.client->irq_fds[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	both.server.clients = both.client;
	road_sock_init(&both.sock);
	both.sock.link = &link;
	both.sock.page = &both.page;
	both.sock.hello.irq_count = 1;
}

static void end_both(void)
{
	both.client->bus = NULL;
	both.client->page = NULL;
	road_client_free(both.client);
}

/* ---- posts ---- */

static void awake(void)
{
	atomic_store(&both.page.asleep, 0);
	both.kicked = false;
}

static bool post(void)
{
	road_sock_post(&both.sock, 0, 0, 4, 0);
	return both.kicked;
}

static bool doze(void)
{
	return !road_serve_doze(&both.server);
}

static void a_post_wakes_the_server_or_is_seen_before_it_sleeps(void)
{
	make_both();
	CU_ASSERT_EQUAL(lost_in((struct race){awake, post, doze, 1024, false}), 0);
	end_both();
}

/* ---- interrupts ---- */

static void attending(void)
{
	uint64_t count;

	atomic_store(&both.page.attends, 1);
	atomic_store(&both.page.irqs, 0);
	(void)!read(both.client->irq_fds[0], &count, sizeof(count));
}

static bool look_away(void)
{
	return road_sock_attend(&both.sock.handle.bus, false);
}

static bool interrupt(void)
{
	road_serve_interrupts(both.client);
	return poll(&(struct pollfd){both.client->irq_fds[0], POLLIN, 0}, 1, 0) > 0;
}

static void an_interrupt_is_written_or_is_seen_before_the_client_sleeps(void)
{
	make_both();
	CU_ASSERT_EQUAL(lost_in((struct race){attending, look_away, interrupt, 256, false}), 0);
	end_both();
}

/* ---- mappings ---- */

static struct {
	struct road_client *client;
	_Atomic bool unmapped, was_used;
} mapping;

static void *unmap(void *arg)
{
	const struct road_wire_dma_unmap ask = {sizeof(ask), 0, PAGE, PAGE};

	(void)arg;
	CU_ASSERT_EQUAL(road_serve_dma_unmap(mapping.client, &ask, sizeof(ask)), 0);
	atomic_store(&mapping.unmapped, true);
	return NULL;
}

/* A model that has just found the client's memory, and works with it. Under the engine's lock. */
static void *work_with(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	pthread_t *thread = host;
	void *memory;

	(void)iova, (void)bytes, (void)write;
	if (atomic_exchange(&mapping.was_used, true))
		return NULL;
	CU_ASSERT(road_iova_find(&mapping.client->iovas, PAGE, PAGE, &memory));
	pthread_create(thread, NULL, unmap, NULL);
	while (road_iova_find(&mapping.client->iovas, PAGE, PAGE, &memory))
		sched_yield();
	/* Nobody finds it any more; it stays until this call is over. So long an unmapping that
	 * does not wait has time to be seen. */
	for (uint32_t ms = 0; ms < 50 && !atomic_load(&mapping.unmapped); ms++)
		poll(NULL, 0, 1);
	CU_ASSERT(!atomic_load(&mapping.unmapped));
	if (!atomic_load(&mapping.unmapped))
		*(volatile char *)memory = 1;
	return NULL; /* a fault, for the chip */
}

static void memory_stays_mapped_while_a_chip_works_with_it(void)
{
	const struct road_bus_wish wish = {.library_folder = getenv("ROADBED_TEST_SIM_FOLDER")};
	const struct road_wire_dma_map map = {sizeof(map), 3, 0, PAGE, PAGE};
	struct road_server server = {.clients_max = 1};
	struct road_bus *chip = NULL;
	pthread_t thread;
	const struct road_sim_host host = {work_with, &thread};

	CU_ASSERT_EQUAL_FATAL(road_sim_open_for(&wish, "sim:edu", "edu", "", &host, NULL, &chip),
			      ROAD_OK);
	memset(&mapping, 0, sizeof(mapping));
	mapping.client = road_client_new(&server, -1, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mapping.client);
	mapping.client->in.fds[0] = rig_memory(PAGE, F_SEAL_SHRINK | F_SEAL_GROW);
	mapping.client->in.fd_count = 1;
	CU_ASSERT_EQUAL_FATAL(road_serve_dma_map(mapping.client, &map, sizeof(map)), 0);
	road_wire_next(&mapping.client->in);
	road_write64(chip, 0, ROAD_EDU_REG_DMA_SOURCE, ROAD_EDU_BUFFER);
	road_write64(chip, 0, ROAD_EDU_REG_DMA_TARGET, PAGE);
	road_write64(chip, 0, ROAD_EDU_REG_DMA_COUNT, 64);
	road_write32(chip, 0, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST);
	for (uint32_t i = 0; i < 1000 && !atomic_load(&mapping.was_used); i++)
		chip->ops->relax(chip, chip->ops->now_ns(chip) + 1000000000);
	CU_ASSERT_FATAL(atomic_load(&mapping.was_used));
	pthread_join(thread, NULL);
	CU_ASSERT(atomic_load(&mapping.unmapped));
	CU_ASSERT_EQUAL(server.state.maps, 0);
	road_client_free(mapping.client);
	chip->ops->close(chip);
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(a_post_wakes_the_server_or_is_seen_before_it_sleeps),
	CASE(an_interrupt_is_written_or_is_seen_before_the_client_sleeps),
	CASE(memory_stays_mapped_while_a_chip_works_with_it),
};

TAP_MAIN(cases)
