/* SPDX-License-Identifier: Apache-2.0 */
/* What one client can have of the server, and for how long: each bound, at the bound. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"

static const char *const chips[] = {"sim:edu", "sim:gpu-small"};

enum {
	EDU,
	GPU,
	SEALS = F_SEAL_SHRINK | F_SEAL_GROW,
	PAGE = ROAD_WIRE_PAGE,
	PAIR = 2,
	TURN_POSTS = 64, /* docs/serve.md */
	TURN_MESSAGES = 8,
	TOLD = 16,
	MESSAGES = 40,
};

#define RELAX_NS UINT64_C(10000000)

static const struct road_wire_device_info info = {.argsz = sizeof(info)};

/* ---- two clients whose bus writes down who had its turn ---- */

struct pair {
	struct road_server server;
	struct {
		struct road_bus bus; /* first: a bus is its own number */
		struct road_client *client;
		struct road_wire_page page;
		int end; /* of the client */
	} of[PAIR];
};

static struct {
	struct pair *pair;
	uint32_t wanted, acts, in_a_row, longest, last;
	uint64_t relaxed_ns;
} turns;

static void take_turn(const struct road_bus *bus)
{
	const uint32_t who = bus == &turns.pair->of[1].bus;

	turns.in_a_row = turns.acts && who == turns.last ? turns.in_a_row + 1 : 1;
	turns.last = who;
	if (turns.in_a_row > turns.longest)
		turns.longest = turns.in_a_row;
	if (++turns.acts == turns.wanted)
		road_server_stop(&turns.pair->server);
}

static void note_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		       uint64_t value)
{
	(void)region, (void)offset, (void)width, (void)value;
	take_turn(bus);
}

static uint64_t no_time(struct road_bus *bus)
{
	(void)bus;
	return 7;
}

static void note_relax(struct road_bus *bus, uint64_t until_ns)
{
	turns.relaxed_ns = until_ns;
	take_turn(bus);
}

static const struct road_bus_ops noting = {
	.write = note_write, .now_ns = no_time, .relax = note_relax};

static void make_pair(struct pair *pair)
{
	memset(pair, 0, sizeof(*pair));
	memset(&turns, 0, sizeof(turns));
	turns.pair = pair;
	pair->server.clients_max = PAIR;
	pair->server.listener.fd = -1;
	pair->server.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (uint32_t i = 0; i < PAIR; i++) {
		int ends[2];

		CU_ASSERT_EQUAL_FATAL(
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			0);
		struct road_client *client = road_client_new(&pair->server, ends[0], 0);

		CU_ASSERT_PTR_NOT_NULL_FATAL(client);
		pair->of[i].bus.ops = &noting;
		pair->of[i].client = client;
		pair->of[i].end = ends[1];
		client->bus = &pair->of[i].bus;
		client->page = &pair->of[i].page;
		client->greeted = true;
		client->next = pair->server.clients;
		pair->server.clients = client;
		pair->server.state.clients++;
	}
}

static void end_pair(struct pair *pair)
{
	for (uint32_t i = 0; i < PAIR; i++) {
		pair->of[i].client->bus = NULL;
		pair->of[i].client->page = NULL;
		road_client_free(pair->of[i].client);
		close(pair->of[i].end);
	}
	close(pair->server.stop_fd);
}

static void run_pair(struct pair *pair, uint32_t acts)
{
	turns.wanted = acts;
	CU_ASSERT_EQUAL(road_server_run(&pair->server, road_deadline_after(60000000000u)), ROAD_OK);
	CU_ASSERT_EQUAL(turns.acts, acts);
}

static void one_that_posts_much_waits_for_the_others_posts(void)
{
	static struct pair pair;

	make_pair(&pair);
	for (uint32_t i = 0; i < PAIR; i++)
		atomic_store(&pair.of[i].page.posted, ROAD_WIRE_POSTS);
	run_pair(&pair, PAIR * ROAD_WIRE_POSTS);
	CU_ASSERT_EQUAL(turns.longest, TURN_POSTS);
	end_pair(&pair);
}

static void one_that_asks_much_waits_for_the_others_questions(void)
{
	const struct {
		struct road_wire_header head;
		struct road_wire_relax relax;
	} ask = {{.command = ROAD_WIRE_ROAD_RELAX,
		  .bytes = sizeof(ask),
		  .flags = ROAD_WIRE_NO_REPLY},
		 {UINT64_MAX}};
	static struct pair pair;

	make_pair(&pair);
	for (uint32_t i = 0; i < PAIR * MESSAGES; i++)
		CU_ASSERT_EQUAL(road_wire_send(pair.of[i % PAIR].end, &ask, sizeof(ask), NULL, 0),
				sizeof(ask));
	run_pair(&pair, PAIR * MESSAGES);
	CU_ASSERT_EQUAL(turns.longest, TURN_MESSAGES);
	/* Nor does it make time run as far as it likes. */
	CU_ASSERT_EQUAL(turns.relaxed_ns, no_time(NULL) + RELAX_NS);
	end_pair(&pair);
}

/* ---- one client, without a chip of its own ---- */

static uint32_t told;

static void count_words(void *user, int level, const char *text)
{
	(void)user, (void)level, (void)text;
	told++;
}

static void one_that_says_nothing_is_thrown_out(void)
{
	struct road_server server = {.clients_max = 1, .listener.fd = -1, .tell = count_words};

	int ends[2];

	CU_ASSERT_EQUAL_FATAL(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	server.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server.clients = road_client_new(&server, ends[0], 0);
	server.state.clients = 1;
	CU_ASSERT_PTR_NOT_NULL_FATAL(server.clients);
	/* In time it may stay. */
	CU_ASSERT(server.clients->greet_by_ns > road_host_now_ns());
	CU_ASSERT(server.clients->greet_by_ns <= road_deadline_after(UINT64_C(10000000000)));
	CU_ASSERT_EQUAL(road_server_run(&server, road_host_now_ns()), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(server.state.clients, 1);
	server.clients->greet_by_ns = 1;
	CU_ASSERT_EQUAL(road_server_run(&server, road_host_now_ns()), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(server.state.clients, 0);
	CU_ASSERT_EQUAL(server.state.dropped, 1);
	close(ends[1]);
	close(server.stop_fd);
}

/* Else one whose own end is among the descriptors that wait would never be gone. */
static void one_that_does_not_end_a_message_is_thrown_out(void)
{
	const struct road_wire_header head = {
		.command = ROAD_WIRE_ROAD_KICK, .bytes = sizeof(head), .flags = ROAD_WIRE_NO_REPLY};
	static struct pair pair;

	make_pair(&pair);
	struct road_client *one = pair.of[0].client, *two = pair.of[1].client;
	const int end = pair.of[0].end;

	for (uint32_t half = 0; half < 3; half++) {
		CU_ASSERT_EQUAL(road_wire_send(end, (const char *)&head + 8 * (half % 2), 8, &end,
					       half == 2),
				8);
		CU_ASSERT_EQUAL(road_server_run(&pair.server, road_host_now_ns()), ROAD_TIMEOUT);
		CU_ASSERT_EQUAL(one->finish_by_ns > road_host_now_ns(), half % 2 == 0);
		CU_ASSERT_EQUAL(one->finish_by_ns == 0, half % 2 == 1);
	}
	close(end);
	CU_ASSERT_EQUAL(road_server_run(&pair.server, road_host_now_ns()), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL_FATAL(pair.server.state.clients, PAIR);
	one->bus = NULL;
	one->page = NULL;
	one->finish_by_ns = 1;
	CU_ASSERT_EQUAL(road_server_run(&pair.server, road_host_now_ns()), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(pair.server.state.clients, 1);
	CU_ASSERT_EQUAL(pair.server.state.dropped, 1);
	two->bus = NULL;
	two->page = NULL;
	road_client_free(two);
	close(pair.of[1].end);
	close(pair.server.stop_fd);
}

static void a_client_is_spoken_of_a_few_times(void)
{
	struct road_server server = {.tell = count_words};
	struct road_client *client = road_client_new(&server, -1, 0);

	CU_ASSERT_PTR_NOT_NULL_FATAL(client);
	told = 0;
	for (uint32_t i = 0; i < 100; i++)
		road_serve_tell(client, ROAD_MESSAGE_WARNING, "number %u", i);
	CU_ASSERT_EQUAL(told, TOLD);
	road_client_free(client);
}

static int map_page(struct road_client *client, int memory, uint32_t number)
{
	const struct road_wire_dma_map ask = {sizeof(ask), 3, 0, (uint64_t)(number + 1) * PAGE,
					      PAGE};

	client->in.fds[0] = fcntl(memory, F_DUPFD_CLOEXEC, 0);
	client->in.fd_count = 1;
	const int error = road_serve_dma_map(client, &ask, sizeof(ask));

	road_wire_next(&client->in);
	return error;
}

static void a_client_has_so_many_mappings_and_no_more(void)
{
	struct rig_server *other = rig_serve(chips, 1, 1); /* who unmaps waits for the engine */
	struct road_server server = {.tell = count_words};
	struct road_client *client = road_client_new(&server, -1, 0);
	const int memory = rig_memory(PAGE, SEALS);
	const int fds = rig_fds_open();
	uint32_t mapped = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(client);
	while (mapped <= ROAD_WIRE_MAPS_MAX && !map_page(client, memory, mapped))
		mapped++;
	CU_ASSERT_EQUAL(mapped, ROAD_WIRE_MAPS_MAX);
	CU_ASSERT_EQUAL(map_page(client, memory, mapped), ENOSPC);
	CU_ASSERT_EQUAL(server.state.maps, mapped);
	CU_ASSERT_EQUAL(rig_fds_open(), fds); /* none is kept for a mapping */
	road_client_free(client);
	CU_ASSERT_EQUAL(server.state.maps, 0);
	CU_ASSERT_EQUAL(server.state.mapped_bytes, 0);
	close(memory);
	rig_end(other);
}

/* ---- a server, and a client that takes what it gets ---- */

static void fill_with_tokens(struct rig_client *client)
{
	struct road_wire_share share = {ROAD_BUS_SHARE_BUFFER, 0, 0, PAGE};
	const int memory = rig_memory(PAGE, SEALS);

	for (; share.object < ROAD_WIRE_TOKENS_MAX + 8; share.object++)
		CU_ASSERT_EQUAL(
			rig_ask(client, ROAD_WIRE_ROAD_SHARE, &share, sizeof(share), &memory, 1),
			share.object < ROAD_WIRE_TOKENS_MAX ? 0 : ENOSPC);
	close(memory);
}

/* Each vector twice: the first descriptor is closed. Answers how many there are. */
static uint32_t bind_vectors(struct rig_client *client)
{
	const struct road_wire_irq_info which = {.argsz = sizeof(which),
						 .index = ROAD_WIRE_IRQ_MSIX};
	const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct road_wire_irq_info found;

	CU_ASSERT_EQUAL_FATAL(rig_ask(client, ROAD_WIRE_IRQ_INFO, &which, sizeof(which), NULL, 0),
			      0);
	memcpy(&found, client->in.bytes + sizeof(struct road_wire_header), sizeof(found));
	for (uint32_t i = 0; i < 2 * found.count; i++) {
		const struct road_wire_irq_set ask = {
			sizeof(ask), ROAD_WIRE_IRQ_SET_EVENTFD | ROAD_WIRE_IRQ_SET_TRIGGER,
			ROAD_WIRE_IRQ_MSIX, i % found.count, 1};

		CU_ASSERT_EQUAL(rig_ask(client, ROAD_WIRE_SET_IRQS, &ask, sizeof(ask), &event, 1),
				0);
	}
	close(event);
	return found.count;
}

static void a_client_has_the_server_hold_so_many_descriptors(void)
{
	const struct road_wire_header head = {.command = ROAD_WIRE_SET_IRQS, .bytes = 64};
	struct rig_server *server = rig_serve(chips, 2, 4);
	struct rig_client client;
	int fds[ROAD_WIRE_FDS_MAX];

	rig_settled(server, 0);
	const int before = rig_fds_open();

	rig_connect(server, &client);
	rig_unpage(rig_hello(&client, GPU));
	const uint32_t vectors = bind_vectors(&client);

	fill_with_tokens(&client);
	/* A message that does not end: its descriptors wait for the rest. */
	const int memory = rig_memory(PAGE, 0);

	for (uint32_t i = 0; i < ROAD_WIRE_FDS_MAX; i++)
		fds[i] = memory;
	CU_ASSERT(rig_send(&client, &head, 4, fds, ROAD_WIRE_FDS_MAX));
	rig_settled(server, 1);
	close(memory);
	/* One end here; there: socket, page and pipe, vectors, tokens, and the message's. */
	CU_ASSERT_EQUAL(rig_fds_open() - before,
			1 + 3 + (int)vectors + ROAD_WIRE_TOKENS_MAX + ROAD_WIRE_FDS_MAX);
	CU_ASSERT(3 + vectors + ROAD_WIRE_TOKENS_MAX + ROAD_WIRE_FDS_MAX <= ROAD_SERVE_FDS_MAX);
	rig_leave(&client);
	rig_settled(server, 0);
	CU_ASSERT_EQUAL(rig_fds_open(), before);
	rig_end(server);
}

/* Somebody else's fault is nothing for which a client is thrown out. */
static void a_descriptor_that_finds_no_room_is_refused(void)
{
	static const struct road_wire_dma_map map = {sizeof(map), 3, 0, 0x100000, PAGE};
	struct rig_server *server = rig_serve(chips, 2, 4);
	struct rig_client client;
	struct rlimit before, few;

	rig_connect(server, &client);
	rig_unpage(rig_hello(&client, EDU));
	rig_settled(server, 1);
	road_wire_next(&client.in);
	const int memory = rig_memory(PAGE, SEALS);
	const int next = eventfd(0, EFD_CLOEXEC);

	close(next);
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)next;
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &few), 0);
	const int refused = rig_ask(&client, ROAD_WIRE_DMA_MAP, &map, sizeof(map), &memory, 1);

	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	CU_ASSERT_EQUAL(refused, EMFILE);
	CU_ASSERT_EQUAL(rig_ask(&client, ROAD_WIRE_DMA_MAP, &map, sizeof(map), &memory, 1), 0);
	CU_ASSERT(rig_said(server, "no room for"));
	close(memory);
	rig_leave(&client);
	CU_ASSERT_EQUAL(rig_settled(server, 0).dropped, 0);
	rig_end(server);
}

/* The server keeps one reply, and asks for nothing more before it is out: all come, whole and in
 * their order, once they are read. */
static void replies_that_nobody_reads_are_kept_one_at_a_time(void)
{
	struct {
		struct road_wire_header head;
		struct road_wire_device_info info;
	} ask = {{.command = ROAD_WIRE_DEVICE_INFO, .bytes = sizeof(ask)}, info};
	struct rig_server *server = rig_serve(chips, 2, 4);
	struct rig_client client;
	uint32_t stuck = 0;
	uint16_t sent = 0, got = 0;

	rig_connect(server, &client);
	CU_ASSERT_EQUAL_FATAL(rig_greet(&client), 0);
	while (stuck < 20 && sent < UINT16_MAX) {
		ask.head.id = sent;
		const long bytes = road_wire_send(client.sock, &ask, sizeof(ask), NULL, 0);

		sent = (uint16_t)(sent + (bytes == sizeof(ask)));
		stuck += bytes <= 0;
		CU_ASSERT_FATAL(bytes == sizeof(ask) || !bytes);
		if (!bytes)
			rig_settled(server, 1);
	}
	CU_ASSERT_EQUAL(stuck, 20); /* both directions are full */
	for (; got < sent && rig_receive(&client); got++) {
		const struct road_wire_header head = road_wire_header_of(&client.in);

		CU_ASSERT_EQUAL_FATAL(head.id, got);
		CU_ASSERT_EQUAL_FATAL(head.bytes, sizeof(ask));
	}
	CU_ASSERT_EQUAL(got, sent);
	rig_leave(&client);
	CU_ASSERT_EQUAL(rig_settled(server, 0).dropped, 0);
	rig_end(server);
}

/* ---- why there is no chip ---- */

static void who_gets_no_chip_is_told_why(void)
{
	struct rig_server *server = rig_serve(chips, 2, 4);
	struct road_bus *none = NULL;
	char text[96];
	road_error why;

	snprintf(text, sizeof(text), "sock:%s#7", rig_path(server));
	CU_ASSERT_EQUAL(rig_try(text, &none), ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NULL(none);
	road_error_take(&why);
	CU_ASSERT_STRING_EQUAL(why.what, "the server has no such chip");
	CU_ASSERT_STRING_EQUAL(why.where, "road_device_open: address");
	CU_ASSERT_STRING_EQUAL(why.seen, "7");
	rig_end(server);
}

/* What opening the chip says is kept, whatever it is. */
static void each_reason_has_its_number_and_its_words(void)
{
	static const struct {
		const char *rest, *options;
		int error;
		road_status status;
		const char *what;
	} rows[] = {
		{"nosuchchip", "", ENOENT, ROAD_NOT_FOUND, "no chip is called \"nosuchchip\""},
		{"edu", "time=never", EINVAL, ROAD_INVALID_ARGUMENT, "never"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_served served = {.address = {.identity = (char *)(uintptr_t) "sim:x",
							 .rest = rows[i].rest,
							 .options = rows[i].options}};
		struct road_server server = {
			.wish = {.library_folder = getenv("ROADBED_TEST_SIM_FOLDER")},
			.functions = 1,
			.served = &served,
			.served_count = 1};
		struct road_client *client = road_client_new(&server, -1, 0);

		CU_ASSERT_PTR_NOT_NULL_FATAL(client);
		CU_ASSERT_EQUAL(road_serve_give(client, 0), rows[i].error);
		CU_ASSERT_EQUAL(client->refusal.status, rows[i].status);
		if (!strstr(client->refusal.what, rows[i].what))
			printf("# %s\n", client->refusal.what);
		CU_ASSERT_PTR_NOT_NULL(strstr(client->refusal.what, rows[i].what));
		road_client_free(client);
	}
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(one_that_posts_much_waits_for_the_others_posts),
	CASE(one_that_asks_much_waits_for_the_others_questions),
	CASE(one_that_says_nothing_is_thrown_out),
	CASE(one_that_does_not_end_a_message_is_thrown_out),
	CASE(a_client_is_spoken_of_a_few_times),
	CASE(a_client_has_so_many_mappings_and_no_more),
	CASE(a_client_has_the_server_hold_so_many_descriptors),
	CASE(a_descriptor_that_finds_no_room_is_refused),
	CASE(replies_that_nobody_reads_are_kept_one_at_a_time),
	CASE(who_gets_no_chip_is_told_why),
	CASE(each_reason_has_its_number_and_its_words),
};

TAP_MAIN(cases)
