/* SPDX-License-Identifier: Apache-2.0 */
/* The server's loop turn by turn, on the test's own thread. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"

enum { MANY = 1000 };

struct place {
	char folder[32], path[64];
};

static road_status try_open(const char *path, struct road_server **out)
{
	static const char *const address = "sim:edu";
	const struct road_server_wish wish = {.library_folder = getenv("ROADBED_TEST_SIM_FOLDER"),
					      .addresses = &address,
					      .address_count = 1,
					      .socket_path = path,
					      .clients_max = 4};

	return road_server_open(&wish, out);
}

static void make_place(struct place *out)
{
	strcpy(out->folder, "/tmp/roadbed-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(out->folder));
	snprintf(out->path, sizeof(out->path), "%s/sock", out->folder);
}

static const struct road_wire_header kick = {
	.command = ROAD_WIRE_ROAD_KICK, .bytes = sizeof(kick), .flags = ROAD_WIRE_NO_REPLY};

static void servers_start_in_a_folder_one_after_the_other(void)
{
	struct road_server *server = NULL;
	struct place place;

	make_place(&place);
	const int lock = open(place.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CU_ASSERT_EQUAL_FATAL(flock(lock, LOCK_EX), 0); /* as one that starts just now */
	CU_ASSERT_EQUAL_FATAL(try_open(place.path, &server), ROAD_BUSY);
	close(lock);
	CU_ASSERT_EQUAL_FATAL(try_open(place.path, &server), ROAD_OK);
	road_server_close(server);
	CU_ASSERT_EQUAL(rmdir(place.folder), 0);
}

static void the_late_word_of_a_stop_wakes_the_next_run_once(void)
{
	struct road_server *server = NULL;
	const uint64_t one = 1;
	struct place place;
	uint64_t stops;

	make_place(&place);
	CU_ASSERT_EQUAL_FATAL(try_open(place.path, &server), ROAD_OK);
	CU_ASSERT_EQUAL(write(server->stop_fd, &one, sizeof(one)), sizeof(one));
	for (uint32_t i = 0; i < 100 && poll(&(struct pollfd){server->stop_fd, POLLIN, 0}, 1, 0);
	     i++)
		CU_ASSERT_EQUAL(road_server_run(server, road_deadline_after(5000000)),
				ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(read(server->stop_fd, &stops, sizeof(stops)), -1);
	road_server_stop(server);
	CU_ASSERT_EQUAL(road_server_run(server, road_deadline_after(60000000000u)), ROAD_OK);
	road_server_close(server);
	CU_ASSERT_EQUAL(rmdir(place.folder), 0);
}

/* ---- posts ---- */

static struct road_client *poster;
static uint32_t writes;

/* The client posts again while its post is taken. */
static void write_and_post(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
			   uint64_t value)
{
	(void)bus, (void)region, (void)offset, (void)width, (void)value;
	if (++writes < MANY)
		atomic_fetch_add(&poster->page->posted, 1);
}

static void one_that_goes_on_posting_keeps_its_message_waiting_alone(void)
{
	const struct road_bus_ops ops = {.write = write_and_post};
	struct road_bus bus = {.ops = &ops};
	struct road_server server = {.clients_max = 1};
	struct road_wire_page page = {0};
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	poster = road_client_new(&server, ends[0], 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(poster);
	poster->greeted = true;
	poster->bus = &bus;
	poster->page = &page;
	page.posted = ROAD_WIRE_POSTS / 2;
	CU_ASSERT_EQUAL(road_wire_send(ends[1], &kick, sizeof(kick), NULL, 0), sizeof(kick));
	CU_ASSERT(road_client_serve(poster, 1));
	CU_ASSERT_EQUAL(server.state.messages, 1);
	CU_ASSERT_EQUAL(writes, ROAD_WIRE_POSTS / 2);
	poster->page = NULL; /* as it was made here */
	poster->bus = NULL;
	road_client_free(poster);
	close(ends[1]);
}

/* ---- time ---- */

static uint64_t passed_ps;

static uint64_t time_now_ps(void)
{
	return passed_ps;
}

static uint64_t time_now(struct road_bus *bus)
{
	(void)bus;
	return passed_ps / 1000;
}

static void time_passes(struct road_bus *bus, uint64_t until_ns)
{
	(void)bus;
	passed_ps = until_ns * 1000;
}

/* A register that is read behind it in the same turn is of that time, too. */
static void who_lets_time_pass_sees_it_at_once(void)
{
	static const struct road_domain domain = {.now = time_now_ps};
	const struct road_bus_ops ops = {.relax = time_passes, .now_ns = time_now};
	struct road_bus bus = {.ops = &ops};
	struct road_server server = {.clients_max = 1, .domain = &domain};
	const struct road_wire_relax ask = {5000};
	struct road_wire_page page = {0};
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	struct road_client *client = road_client_new(&server, ends[0], 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(client);
	client->bus = &bus;
	client->page = &page;
	CU_ASSERT_EQUAL(road_serve_relax(client, &ask, sizeof(ask)), 0);
	CU_ASSERT_EQUAL(page.now_ps, 5000000);
	client->page = NULL; /* as it was made here */
	client->bus = NULL;
	road_client_free(client);
	close(ends[1]);
}

/* ---- slices ---- */

enum { SLOW_TURNS = 64, KICKS = 200, EVENT_NS = 200000, TURNS_MAX = 1000000 };

static struct road_server *sliced;
static uint32_t slices, least_budget, most_budget, read_by_then;

/* First each event is much work, and a slice of more than one takes too long for those who wait;
 * later there is as good as none. */
static void run_chips(uint64_t until_ps, uint32_t budget, struct road_slice *out)
{
	const uint64_t begin = road_host_now_ns();

	(void)until_ps;
	*out = (struct road_slice){.ran = true, .more = true};
	while (slices < SLOW_TURNS && road_host_now_ns() - begin < EVENT_NS)
		;
	if (++slices == SLOW_TURNS) {
		least_budget = budget;
		read_by_then = (uint32_t)sliced->state.messages;
	}
	most_budget = slices > SLOW_TURNS ? budget : 0;
	if (most_budget == 1024 || slices == TURNS_MAX)
		road_server_stop(sliced);
}

static uint64_t stands_still(void)
{
	return 0;
}

static void what_chips_do_keeps_no_message_waiting(void)
{
	static const struct road_domain domain = {.run = run_chips, .now = stands_still};
	const uint64_t deadline = road_deadline_after(60000000000u);
	struct road_client *client;
	struct place place;
	int ends[2];

	make_place(&place);
	CU_ASSERT_EQUAL_FATAL(try_open(place.path, &sliced), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	client = road_client_new(sliced, ends[0], 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(client);
	client->greeted = true;
	CU_ASSERT_EQUAL_FATAL(road_serve_give(client, 0), 0);
	client->next = sliced->clients;
	sliced->clients = client;
	for (uint32_t i = 0; i < KICKS; i++)
		CU_ASSERT_EQUAL(road_wire_send(ends[1], &kick, sizeof(kick), NULL, 0),
				sizeof(kick));
	const struct road_domain *chips = sliced->domain;

	sliced->domain = &domain;
	CU_ASSERT_EQUAL(road_server_run(sliced, deadline), ROAD_OK);
	CU_ASSERT_EQUAL(read_by_then, KICKS); /* a look each turn, not each 16th */
	CU_ASSERT_EQUAL(least_budget, 1);
	CU_ASSERT_EQUAL(most_budget, 1024); /* it grows again */
	sliced->domain = chips;
	road_server_close(sliced);
	close(ends[1]);
	CU_ASSERT_EQUAL(rmdir(place.folder), 0);
}

/* ---- who looks after the chips ---- */

static uint64_t pending_vectors;
static uint32_t tended;

static uint64_t pending(struct road_bus *bus)
{
	(void)bus;
	return pending_vectors;
}

static void tend(void *user)
{
	(void)user;
	tended++;
}

static void chips_are_looked_after_once_a_while_and_when_they_interrupt(void)
{
	static const struct road_bus_control control = {.irq_pending = pending};
	static struct road_bus_handle physical = {.control = &control};
	struct road_served served[] = {{.physical = NULL}, {.physical = &physical.bus}};
	struct road_server server = {.served = served, .served_count = 2, .tend = tend};
	const uint64_t start = 1000, second = UINT64_C(1000000000);

	road_serve_tend(&server, start);
	CU_ASSERT_EQUAL(tended, 1);
	road_serve_tend(&server, start + second - 1);
	road_serve_tend(&server, 0); /* nobody looked at the clock */
	CU_ASSERT_EQUAL(tended, 1);
	road_serve_tend(&server, start + second);
	CU_ASSERT_EQUAL(tended, 2);
	pending_vectors = 4;
	road_serve_tend(&server, 0);
	road_serve_tend(&server, start + second + 1);
	CU_ASSERT_EQUAL(tended, 4);
	pending_vectors = 0;
	road_serve_tend(&server, start + second + 2);
	CU_ASSERT_EQUAL(tended, 4);
}

static const struct tap_case cases[] = {
	{"servers start in a folder one after the other",
	 servers_start_in_a_folder_one_after_the_other},
	{"the late word of a stop wakes the next run once",
	 the_late_word_of_a_stop_wakes_the_next_run_once},
	{"one that goes on posting keeps its message waiting alone",
	 one_that_goes_on_posting_keeps_its_message_waiting_alone},
	{"who lets time pass sees it at once", who_lets_time_pass_sees_it_at_once},
	{"what chips do keeps no message waiting", what_chips_do_keeps_no_message_waiting},
	{"chips are looked after once a while, and when they interrupt",
	 chips_are_looked_after_once_a_while_and_when_they_interrupt},
};

TAP_MAIN(cases)
