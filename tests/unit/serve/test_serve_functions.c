/* SPDX-License-Identifier: Apache-2.0 */
/* One chip for several clients: who gets a function, what is of each, who looks after the chip. */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sim_served.h"
#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

static const char *const chips[] = {"sim:edu", "sim:edu@1"};

enum { MINUTE_MS = 60000 };

static struct rig_server *serve(uint32_t functions)
{
	return rig_serve_as((struct road_server_wish){
		.addresses = chips, .address_count = 2, .clients_max = 8, .functions = functions});
}

static void close_bus(struct road_bus *bus)
{
	bus->ops->close(bus);
}

static road_status open_at(const struct rig_server *server, uint32_t device, struct road_bus **out)
{
	char text[96];

	snprintf(text, sizeof(text), "sock:%s#%u", rig_path(server), device);
	return rig_try(text, out);
}

static void check_busy(const struct rig_server *server, uint32_t device)
{
	struct road_bus *none = NULL;
	road_error why = {.size = sizeof(why)};

	CU_ASSERT_EQUAL(open_at(server, device, &none), ROAD_BUSY);
	road_error_take(&why);
	CU_ASSERT_STRING_EQUAL(why.what, "all functions of this chip are in use");
	CU_ASSERT_PTR_NULL(none);
}

static void a_chip_has_so_many_clients_and_no_more(void)
{
	struct rig_server *server = serve(2);
	struct road_bus *one = rig_open(server, 0), *two = rig_open(server, 0);
	struct road_bus *other;

	check_busy(server, 0);
	CU_ASSERT(rig_said(server, "in use, seen 2 clients of sim:edu"));
	other = rig_open(server, 1); /* another chip has others */
	close_bus(two);
	rig_settled(server, 2);
	two = rig_open(server, 0);
	check_busy(server, 0);
	close_bus(other);
	close_bus(two);
	close_bus(one);
	rig_end(server);
}

static void the_next_client_finds_nothing_of_the_last(void)
{
	struct rig_server *server = serve(1);
	struct road_bus *bus = rig_open(server, 0);

	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 7);
	road_write32(bus, 0, ROAD_EDU_REG_IRQ_RAISE, 1);
	road_write32(bus, 0, ROAD_EDU_BUFFER, 1); /* none may: a violation */
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~7u);
	CU_ASSERT(road_bus_control_of(bus)->violations(bus) > 0);
	close_bus(bus);
	rig_settled(server, 0);
	bus = rig_open(server, 0);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_IRQ_STATUS), 0);
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->violations(bus), 0);
	close_bus(bus);
	rig_end(server);
}

static void what_one_unplugs_is_its_own(void)
{
	struct rig_server *server = serve(2);
	struct road_bus *one = rig_open(server, 0), *two = rig_open(server, 0);

	road_bus_control_of(one)->unplug(one);
	CU_ASSERT(one->ops->lost(one));
	CU_ASSERT(!two->ops->lost(two));
	CU_ASSERT_EQUAL(road_read32(two, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	close_bus(one);
	rig_settled(server, 1);
	one = rig_open(server, 0); /* the function is there again */
	CU_ASSERT_EQUAL(road_read32(one, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	close_bus(one);
	close_bus(two);
	rig_end(server);
}

static void a_chip_that_is_not_divided_is_built_for_each_client(void)
{
	/* A queue of each function does not fit into its share of memory. */
	static const char *const whole = "sim:almaif?queue_memory=16777216";
	struct rig_server *server = rig_serve_as((struct road_server_wish){
		.addresses = &whole, .address_count = 1, .clients_max = 8, .functions = 2});
	struct road_bus *one = rig_open(server, 0), *two = rig_open(server, 0);

	CU_ASSERT(rig_said(server, "sim:almaif is not divided"));
	CU_ASSERT(rig_said(server, "allowed: fewer"));
	check_busy(server, 0);
	close_bus(one);
	close_bus(two);
	rig_end(server);
}

static void addresses_that_cannot_be_served_are_refused(void)
{
	static const char *const divided[] = {"sim:edu?functions=3"};
	static const char *const twice[] = {"sim:edu", "sim:edu?time=functional"};
	static const char *const strange[] = {"sim:nosuchchip"};
	static const char *const bad_option[] = {"sim:edu?time=never"};
	static const struct {
		const char *const *addresses;
		uint32_t count;
		road_status status;
		const char *what;
	} bad[] = {
		{divided, 1, ROAD_INVALID_ARGUMENT, "is the server's to say"},
		{twice, 2, ROAD_INVALID_ARGUMENT, "is served already"},
		{strange, 1, ROAD_NOT_FOUND, ""},
		{bad_option, 1, ROAD_INVALID_ARGUMENT, "never"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct road_server_wish wish = {.library_folder =
							      getenv("ROADBED_TEST_SIM_FOLDER"),
						      .addresses = bad[i].addresses,
						      .address_count = bad[i].count,
						      .socket_path = "/tmp/roadbed-none/sock",
						      .clients_max = 1};
		struct road_server *server = NULL;
		road_error why = {.size = sizeof(why)};

		CU_ASSERT_EQUAL(road_server_open(&wish, &server), bad[i].status);
		road_error_take(&why);
		if (!strstr(why.what, bad[i].what) && !strstr(why.seen, bad[i].what))
			printf("# %s: %s (%s)\n", bad[i].addresses[0], why.what, why.seen);
		CU_ASSERT(strstr(why.what, bad[i].what) || strstr(why.seen, bad[i].what));
	}
	CU_ASSERT_EQUAL(access("/tmp/roadbed-none", F_OK), -1);
}

/* ---- who holds the physical functions ---- */

static struct {
	struct road_bus *bus[2];
	uint32_t opened, closed;
	_Atomic uint32_t tended, taken;
	_Atomic int lose; /* the chip whose clients are to go; -1: none */
} owner;

static void *no_memory(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	(void)host, (void)iova, (void)bytes, (void)write;
	return NULL;
}

static road_status open_physical(void *user, uint32_t index, const char *address,
				 struct road_bus **out)
{
	static const struct road_sim_host host = {no_memory, NULL};
	const struct road_bus_wish wish = {.library_folder = getenv("ROADBED_TEST_SIM_FOLDER")};

	(void)user;
	CU_ASSERT_STRING_EQUAL(address, index ? "sim:edu@1?functions=3" : "sim:edu?functions=3");
	road_status status = road_sim_open_for(&wish, address, index ? "edu@1" : "edu",
					       "functions=3", &host, NULL, &owner.bus[index]);

	owner.opened++;
	*out = owner.bus[index];
	return status;
}

static void close_physical(void *user, uint32_t index)
{
	(void)user;
	close_bus(owner.bus[index]);
	owner.closed++;
}

static void tend(void *user)
{
	const int lose = atomic_exchange(&owner.lose, -1);

	atomic_fetch_add(&owner.tended, 1);
	for (int i = 0; i < 2; i++)
		if (owner.bus[i]->ops->irq_take(owner.bus[i], 0))
			atomic_fetch_add(&owner.taken, 1);
	if (lose >= 0)
		road_server_lose(rig_server_of(user), (uint32_t)lose, "the test says so");
}

static struct rig_server *serve_owned(void)
{
	memset(&owner, 0, sizeof(owner));
	owner.lose = -1;
	return rig_serve_as((struct road_server_wish){.addresses = chips,
						      .address_count = 2,
						      .clients_max = 8,
						      .functions = 2,
						      .open = open_physical,
						      .close = close_physical,
						      .tend = tend});
}

static bool await(_Atomic uint32_t *number, uint32_t least)
{
	for (int ms = 0; ms < MINUTE_MS && atomic_load(number) < least; ms++)
		poll(NULL, 0, 1);
	return atomic_load(number) >= least;
}

static void physical_functions_are_of_whoever_opened_the_server(void)
{
	struct rig_server *server = serve_owned();
	struct road_bus *one = rig_open(server, 0), *two = rig_open(server, 0);

	CU_ASSERT_EQUAL(owner.opened, 2);
	check_busy(server, 0);
	/* The chip's reset resets its clients' functions; another chip's stay as they are. */
	struct road_bus *other = rig_open(server, 1);

	road_write32(one, 0, ROAD_EDU_REG_LIVENESS, 7);
	road_write32(other, 0, ROAD_EDU_REG_LIVENESS, 7);
	CU_ASSERT_EQUAL(road_read32(one, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~7u);
	CU_ASSERT_EQUAL(owner.bus[0]->ops->reset(owner.bus[0]), ROAD_OK);
	CU_ASSERT_EQUAL(road_read32(one, 0, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	CU_ASSERT_EQUAL(road_read32(other, 0, ROAD_EDU_REG_LIVENESS), (uint32_t)~7u);
	close_bus(other);
	close_bus(one);
	close_bus(two);
	rig_end(server);
	CU_ASSERT_EQUAL(owner.closed, 2);
}

static void physical_functions_are_looked_after(void)
{
	struct rig_server *server = serve_owned();

	CU_ASSERT(await(&owner.tended, 1)); /* without any client */
	for (uint32_t i = 0; i < 2; i++) {
		road_write32(owner.bus[i], 0, ROAD_EDU_REG_IRQ_RAISE, 1);
		(void)road_read32(owner.bus[i], 0, ROAD_EDU_REG_IRQ_STATUS);
		CU_ASSERT(await(&owner.taken, i + 1));
	}
	const uint32_t so_far = atomic_load(&owner.tended);

	CU_ASSERT(await(&owner.tended, so_far + 1)); /* as time passes */
	rig_end(server);
}

static void clients_of_a_chip_that_is_restarted_have_lost_it(void)
{
	struct rig_server *server = serve_owned();
	struct road_bus *gone = rig_open(server, 0), *other = rig_open(server, 1);
	struct pollfd alive = {road_bus_control_of(gone)->lost_fd(gone), POLLIN, 0};

	atomic_store(&owner.lose, 0);
	CU_ASSERT_EQUAL(poll(&alive, 1, MINUTE_MS), 1);
	CU_ASSERT_EQUAL(road_read32(gone, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT(gone->ops->lost(gone));
	CU_ASSERT(rig_said(server, "the test says so"));
	CU_ASSERT_EQUAL(road_read32(other, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT(!other->ops->lost(other));
	close_bus(gone);
	gone = rig_open(server, 0);
	CU_ASSERT_EQUAL(road_read32(gone, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	close_bus(gone);
	close_bus(other);
	rig_end(server);
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(a_chip_has_so_many_clients_and_no_more),
	CASE(the_next_client_finds_nothing_of_the_last),
	CASE(what_one_unplugs_is_its_own),
	CASE(a_chip_that_is_not_divided_is_built_for_each_client),
	CASE(addresses_that_cannot_be_served_are_refused),
	CASE(physical_functions_are_of_whoever_opened_the_server),
	CASE(physical_functions_are_looked_after),
	CASE(clients_of_a_chip_that_is_restarted_have_lost_it),
};

TAP_MAIN(cases)
