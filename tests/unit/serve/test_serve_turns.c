/* SPDX-License-Identifier: Apache-2.0 */
/* The server's loop turn by turn, on the test's own thread. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

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

/* Puts a message into the socket, which has room for all that the test sends. */
static void put(int sock, uint16_t command, const void *payload, size_t bytes)
{
	const struct road_wire_header head = {.command = command,
					      .bytes = (uint32_t)(sizeof(head) + bytes)};

	CU_ASSERT_EQUAL(road_wire_send(sock, &head, sizeof(head), NULL, 0), sizeof(head));
	if (bytes)
		CU_ASSERT_EQUAL(road_wire_send(sock, payload, bytes, NULL, 0), (long)bytes);
}

/* A turn without messages, for the chip's sake, does not end the looks at the clock. */
static void a_run_ends_at_its_deadline_whatever_is_sent(void)
{
	static const struct road_wire_version version = {ROAD_WIRE_MAJOR, ROAD_WIRE_MINOR};
	static const struct road_wire_device_info info = {.argsz = sizeof(info)};
	static const struct {
		struct road_wire_region_rw head;
		uint32_t value;
	} irq = {{ROAD_EDU_REG_IRQ_RAISE, 0, 4}, 1};
	static struct road_wire_header kicks[MANY];
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct road_server *server = NULL;
	struct road_server_state state;
	struct place place;

	make_place(&place);
	CU_ASSERT_EQUAL_FATAL(try_open(place.path, &server), ROAD_OK);
	strcpy(name.sun_path, place.path);
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CU_ASSERT_EQUAL_FATAL(connect(sock, (const struct sockaddr *)&name, sizeof(name)), 0);
	put(sock, ROAD_WIRE_VERSION, &version, sizeof(version));
	put(sock, ROAD_WIRE_DEVICE_INFO, &info, sizeof(info));
	put(sock, ROAD_WIRE_REGION_WRITE, &irq, sizeof(irq.head) + 4);
	for (uint32_t i = 0; i < MANY; i++)
		kicks[i] = kick;
	CU_ASSERT_EQUAL_FATAL(road_wire_send(sock, kicks, sizeof(kicks), NULL, 0), sizeof(kicks));
	for (uint32_t run = 0; run < 2; run++)
		CU_ASSERT_EQUAL(road_server_run(server, 0), ROAD_TIMEOUT);
	road_server_state(server, &state);
	CU_ASSERT(state.messages >= 3);
	CU_ASSERT(state.messages < MANY / 2);
	close(sock);
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

static const struct tap_case cases[] = {
	{"servers start in a folder one after the other",
	 servers_start_in_a_folder_one_after_the_other},
	{"the late word of a stop wakes the next run once",
	 the_late_word_of_a_stop_wakes_the_next_run_once},
	{"a run ends at its deadline, whatever is sent",
	 a_run_ends_at_its_deadline_whatever_is_sent},
	{"one that goes on posting keeps its message waiting alone",
	 one_that_goes_on_posting_keeps_its_message_waiting_alone},
};

TAP_MAIN(cases)
