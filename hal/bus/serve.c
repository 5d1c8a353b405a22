/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's socket, its clients, and the loop that runs the chips. A turn is: posted writes of
 * each client, a slice of the simulation, interrupts, messages of each client; all of them bounded,
 * so that no client keeps the others waiting. With nothing to do it looks on for a while, then says
 * in every page that it sleeps, looks once more, and sleeps on the sockets.
 */
#include "hal/bus/serve.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/core/error.h"

enum { SLICE_EVENTS = 1024, TURN_POSTS = 64, TURN_MESSAGES = 8, FIXED_FDS = 2, LOOK_TURNS = 16 };

#define LOOK_ON_NS   UINT64_C(50000)  /* before it sleeps */
#define SLICE_NS     UINT64_C(100000) /* of the host, about: so long a client may have to wait */
#define WATCH_NS     UINT64_C(100000) /* between looks at words that the hosts may write */
#define HOUSEKEEP_NS UINT64_C(1000000000) /* it sleeps no longer */

static const char *const where = "road_sim_server_create: socket";

/* ---- words ---- */

void road_serve_tell(struct road_client *client, int level, const char *format, ...)
{
	const struct road_served *served = client->served;
	char text[520], said[400];
	va_list args;

	if (client->told++ >= ROAD_SERVE_TELLS || !client->server->tell)
		return;
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "client %u (process %u%s%.64s): %s%s", client->number,
		 client->process, served ? ", " : "", served ? served->address.identity : "", said,
		 client->told == ROAD_SERVE_TELLS ? "; no more is said of it" : "");
	client->server->tell(client->server->user, level, text);
}

/* ---- making and ending ---- */

road_status road_server_open(const struct road_server_wish *wish, struct road_server **out)
{
	struct road_server *server = calloc(1, sizeof(*server));
	road_status status = ROAD_OK;

	if (!server)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a server", where, "", "");
	server->listener.fd = -1;
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->clients_max = wish->clients_max;
	server->tell = wish->tell;
	server->user = wish->user;
	server->functions = wish->functions ? wish->functions : ROAD_SERVE_FUNCTIONS;
	server->open = wish->open;
	server->close = wish->close;
	server->tend = wish->tend;
	if (wish->library_folder)
		server->library_folder = strdup(wish->library_folder);
	server->wish =
		(struct road_bus_wish){.library_folder = server->library_folder, .no_wake = true};
	if (server->stop_fd < 0 || (wish->library_folder && !server->library_folder))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a server",
				   where, "", "");
	if (!status && wish->socket_path && strchr(wish->socket_path, '#'))
		status = road_fail(ROAD_INVALID_ARGUMENT, "nobody could open chips of this path",
				   where, wish->socket_path,
				   "a path without '#', which ends it in sock:PATH#N");
	if (!status)
		status = road_serve_chips_open(server, wish->addresses, wish->address_count);
	if (!status && wish->socket_path)
		status = road_listen(&server->listener, wish->socket_path);
	if (!status && wish->ivshmem_path)
		status = road_ports_open(server, wish->ivshmem_path, wish->ivshmem_bytes);
	if (status)
		road_server_close(server);
	else
		*out = server;
	return status;
}

static void remove_client(struct road_server *server, struct road_client **at)
{
	struct road_client *client = *at;

	*at = client->next;
	server->state.clients--;
	road_serve_tell(client, ROAD_MESSAGE_INFO, "left");
	road_client_free(client);
}

void road_server_close(struct road_server *server)
{
	while (server->clients)
		remove_client(server, &server->clients);
	road_ports_close(server);
	road_unlisten(&server->listener);
	if (server->stop_fd >= 0)
		close(server->stop_fd);
	road_serve_chips_close(server);
	free(server->library_folder);
	free(server);
}

void road_server_stop(struct road_server *server)
{
	static const uint64_t one = 1;

	atomic_store(&server->stopping, true);
	if (write(server->stop_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

void road_server_shut(struct road_server *server)
{
	atomic_store(&server->ending, true);
}

void road_server_state(const struct road_server *server, struct road_server_state *out)
{
	*out = server->state;
}

/* ---- clients that come ---- */

void road_serve_refuse(struct road_server *server, int sock, const char *why)
{
	char text[160];

	server->state.refused++;
	snprintf(text, sizeof(text), "a client was refused: %s", why);
	if (server->tell)
		server->tell(server->user, ROAD_MESSAGE_WARNING, text);
	if (sock >= 0)
		close(sock);
}

static bool is_shut(struct road_server *server)
{
	if (server->shut_until_ns && road_host_now_ns() >= server->shut_until_ns)
		server->shut_until_ns = 0;
	return server->shut_until_ns;
}

/* Who cannot be let in stays at the door, and would wake the server again and again. */
static void shut(struct road_server *server, const char *why)
{
	char text[160];

	server->shut_until_ns = road_deadline_after(HOUSEKEEP_NS);
	snprintf(text, sizeof(text), "a client has to wait: %s", why);
	if (server->tell && !server->shut_told)
		server->tell(server->user, ROAD_MESSAGE_WARNING, text);
	server->shut_told = true;
}

int road_serve_accept(struct road_server *server, int listener, uint32_t *process)
{
	if (listener < 0 || is_shut(server))
		return -1;
	const int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			shut(server, strerror(errno));
		return -1;
	}
	server->shut_told = false;
	if (!road_serve_peer(sock, process)) {
		road_serve_refuse(server, sock, "it is of another user");
		return -1;
	}
	return sock;
}

struct road_client *road_serve_let_in(struct road_server *server, int sock, uint32_t process)
{
	char why[96];

	if (server->state.clients >= server->clients_max) {
		snprintf(why, sizeof(why),
			 "process %u: there are as many as may be, %u, allowed: %u", process,
			 server->state.clients, server->clients_max);
		road_serve_refuse(server, sock, why);
		return NULL;
	}
	struct road_client *client = road_client_new(server, sock, process);

	if (!client) {
		road_serve_refuse(server, sock, "no memory");
		return NULL;
	}
	client->next = server->clients;
	server->clients = client;
	server->state.accepted++;
	if (++server->state.clients > server->state.clients_peak)
		server->state.clients_peak = server->state.clients;
	return client;
}

/* false: nobody is at the door. */
static bool accept_one(struct road_server *server)
{
	uint32_t process;
	const int sock = road_serve_accept(server, server->listener.fd, &process);

	return sock >= 0 && road_serve_let_in(server, sock, process);
}

static void remove_doomed(struct road_server *server, uint64_t now)
{
	for (struct road_client **at = &server->clients; *at;) {
		if (!(*at)->greeted && now > (*at)->greet_by_ns)
			road_client_doom(*at, "it did not say VERSION in time");
		if ((*at)->finish_by_ns && now > (*at)->finish_by_ns)
			road_client_doom(*at, "it did not end a message in time");
		if ((*at)->doomed)
			remove_client(server, at);
		else
			at = &(*at)->next;
	}
}

/* ---- the loop ---- */

static bool take_posts(struct road_server *server)
{
	bool any = false;

	for (struct road_client *client = server->clients; client; client = client->next)
		any |= road_client_posts(client, TURN_POSTS);
	return any;
}

static bool take_messages(struct road_server *server)
{
	bool any = accept_one(server) | road_ports_serve(server);

	for (struct road_client *client = server->clients; client; client = client->next)
		any |= road_client_serve(client, TURN_MESSAGES);
	return any;
}

/* What is carried from one turn of the loop to the next. */
struct turns {
	uint64_t idle_since, poked; /* 0: it is not idle */
	uint32_t count;
	uint32_t events; /* that a slice may have */
	bool was_long;   /* the last one */
};

/* An event may be one register's or a thousand cycles of all cores: how many a slice has follows
 * from what the last ones took. */
static void fit_slice(struct turns *turns, uint64_t took_ns)
{
	turns->was_long = took_ns > SLICE_NS / 4;
	if (took_ns > SLICE_NS && turns->events > 1)
		turns->events /= 2;
	else if (took_ns < SLICE_NS / 2 && turns->events < SLICE_EVENTS)
		turns->events *= 2;
}

/* A slice of all chips; false: nothing ran. *watching: words of the hosts' are to be looked at. */
static bool run_slice(struct road_server *server, struct turns *turns, bool *watching)
{
	struct road_slice slice = {0};

	if (!server->domain)
		return false;
	const uint64_t began = road_host_now_ns();

	server->domain->run(UINT64_MAX, turns->events, &slice);
	fit_slice(turns, road_host_now_ns() - began);
	const uint64_t now = server->domain->now();

	for (struct road_client *client = server->clients; client; client = client->next) {
		if (client->page)
			atomic_store_explicit(&client->page->now_ps, now, memory_order_release);
		if (slice.irq)
			road_serve_interrupts(client);
	}
	*watching = slice.watching;
	return slice.ran || slice.more || slice.irq;
}

static void say_asleep(struct road_server *server, bool asleep)
{
	for (struct road_client *client = server->clients; client; client = client->next)
		if (client->page)
			atomic_store(&client->page->asleep, asleep);
}

bool road_serve_doze(struct road_server *server)
{
	say_asleep(server, true);
	return !take_posts(server);
}

/* A stop may write only after the loop saw that it stops: without this all later runs were awake.
 */
static void drain_stops(const struct road_server *server)
{
	uint64_t stops;

	(void)!read(server->stop_fd, &stops, sizeof(stops));
}

/* Sleeps on the sockets until `until`, unless somebody posted meanwhile. */
static void sleep_on(struct road_server *server, uint64_t until)
{
	struct pollfd fds[FIXED_FDS + ROAD_SERVE_CLIENTS_MAX + ROAD_SERVE_PORT_FDS];
	const uint64_t now = road_host_now_ns();
	const uint64_t left = until > now ? until - now : 0;
	const struct timespec time = {.tv_sec = (time_t)(left / 1000000000u),
				      .tv_nsec = (long)(left % 1000000000u)};
	nfds_t count = FIXED_FDS;

	fds[0] = (struct pollfd){.fd = server->stop_fd, .events = POLLIN};
	const bool is_open = !is_shut(server);

	fds[1] = (struct pollfd){.fd = is_open ? server->listener.fd : -1, .events = POLLIN};
	for (struct road_client *client = server->clients; client; client = client->next)
		fds[count++] = (struct pollfd){.fd = client->sock,
					       .events = client->out_bytes ? POLLOUT : POLLIN};
	count += road_ports_poll(server, is_open, fds + count);
	if (road_serve_doze(server) && ppoll(fds, count, &time, NULL) > 0 && fds[0].revents)
		drain_stops(server); /* `stopping` was written before: the loop sees it */
	say_asleep(server, false);
}

/* Nothing ran in this turn. */
static void rest(struct road_server *server, struct turns *turns, bool watching, uint64_t deadline)
{
	const uint64_t now = road_host_now_ns();
	uint64_t until = now + HOUSEKEEP_NS;

	if (!turns->idle_since)
		turns->idle_since = now;
	if (watching && now - turns->poked >= WATCH_NS) {
		turns->poked = now;
		server->domain->poke();
		return;
	}
	if (now - turns->idle_since < LOOK_ON_NS) {
		sched_yield(); /* a client that looks on may be on this very processor */
		return;
	}
	if (watching)
		until = turns->poked + WATCH_NS;
	sleep_on(server, until < deadline ? until : deadline);
	turns->count = 0; /* what woke it is read at once */
}

road_status road_server_run(struct road_server *server, uint64_t deadline_ns)
{
	struct turns turns = {.events = SLICE_EVENTS};

	while (!atomic_exchange(&server->stopping, false)) {
		bool watching = false;
		bool any = take_posts(server);

		/* Looking at the sockets costs more than many a turn, and a client that looks on
		 * waits for the end of this one; but a long slice costs more than the look. */
		const bool look = turns.was_long || turns.count++ % LOOK_TURNS == 0;

		any |= run_slice(server, &turns, &watching);
		if (look)
			any |= take_messages(server);
		const uint64_t now = any && !look ? 0 : road_host_now_ns();

		road_serve_tend(server, now);
		remove_doomed(server, now);
		if (now >= deadline_ns)
			return road_fail(ROAD_TIMEOUT, "the deadline passed", "road_sim_server_run",
					 "", "");
		if (any)
			turns.idle_since = 0;
		else
			rest(server, &turns, watching, deadline_ns);
	}
	drain_stops(server);
	return ROAD_OK;
}
