/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's socket, its clients, and the loop that runs the chips. A turn is: posted writes of
 * each client, a slice of the simulation, interrupts, messages of each client; all of them bounded,
 * so that no client keeps the others waiting. With nothing to do it looks on for a while, then says
 * in every page that it sleeps, looks once more, and sleeps on the sockets.
 */
#include "hal/bus/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sim_served.h"
#include "hal/core/error.h"

enum {
	SLICE_EVENTS = 1024,
	TURN_POSTS = 64,
	TURN_MESSAGES = 8,
	FIXED_FDS = 2,
	BACKLOG = 16,
	LOOK_TURNS = 16
};

#define LOOK_ON_NS   UINT64_C(50000)      /* before it sleeps */
#define WATCH_NS     UINT64_C(100000)     /* between looks at words that the hosts may write */
#define HOUSEKEEP_NS UINT64_C(1000000000) /* it sleeps no longer */
#define LOCK_NS      UINT64_C(1000000000) /* for other servers that start in the folder */

static const char *const where = "road_sim_server_create: socket";

/* ---- words ---- */

void road_serve_tell(struct road_client *client, int level, const char *format, ...)
{
	char text[320], said[256];
	va_list args;

	if (client->told++ >= ROAD_SERVE_TELLS || !client->server->tell)
		return;
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	snprintf(text, sizeof(text), "client %u (process %u): %s%s", client->number,
		 client->process, said,
		 client->told == ROAD_SERVE_TELLS ? "; no more is said of it" : "");
	client->server->tell(client->server->user, level, text);
}

/* ---- chips ---- */

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	return road_iova_translate(host, iova, bytes, write);
}

int road_serve_give(struct road_client *client, uint32_t device)
{
	struct road_server *server = client->server;
	const struct road_sim_host host = {translate, &client->iovas};

	if (device >= server->served_count)
		return ENODEV;
	struct road_served *served = &server->served[device];

	if (road_sim_open_for(&server->wish, served->address.identity, served->address.rest,
			      served->address.options, &host, NULL, &client->bus)) {
		client->bus = NULL;
		return ENOMEM;
	}
	struct road_dma_limits limits;

	client->bus->ops->dma_limits(client->bus, &limits);
	road_iova_limit(&client->iovas, limits.mask);
	server->domain = road_bus_control_of(client->bus)->domain;
	client->irq_count = client->bus->ops->irq_count(client->bus);
	if (client->irq_count > ROAD_WIRE_VECTORS_MAX)
		client->irq_count = ROAD_WIRE_VECTORS_MAX;
	client->served = served;
	served->clients++;
	road_serve_tell(client, ROAD_MESSAGE_INFO, "has %s", served->address.identity);
	return 0;
}

/* Are they there, and simulated? Nothing stays open. */
static road_status check_chips(struct road_server *server)
{
	const struct road_sim_host nobody = {translate, NULL};

	for (uint32_t i = 0; i < server->served_count; i++) {
		struct road_address *address = &server->served[i].address;
		struct road_bus *bus;

		if (strcmp(address->scheme, "sim") || address->decorator_count)
			return road_fail(ROAD_UNSUPPORTED, "only simulated chips are served",
					 "road_sim_server_create: addresses", address->identity,
					 "sim:CHIP");
		road_status status =
			road_sim_open_for(&server->wish, address->identity, address->rest,
					  address->options, &nobody, NULL, &bus);

		if (status)
			return status;
		bus->ops->close(bus);
	}
	return ROAD_OK;
}

static road_status take_addresses(struct road_server *server, const struct road_server_wish *wish)
{
	server->served = calloc(wish->address_count, sizeof(*server->served));
	if (!server->served)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a server", where, "", "");
	for (uint32_t i = 0; i < wish->address_count; i++) {
		road_status status =
			road_address_parse(wish->addresses[i], &server->served[i].address);

		if (status)
			return status;
		server->served_count++;
	}
	return check_chips(server);
}

/* ---- the socket ---- */

/* The folder of the path; false: it does not fit. */
static bool folder_of(const char *path, char *out, size_t bytes)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return snprintf(out, bytes, ".") < (int)bytes;
	if (slash == path)
		return snprintf(out, bytes, "/") < (int)bytes;
	return snprintf(out, bytes, "%.*s", (int)(slash - path), path) < (int)bytes;
}

/* Made if it is missing; nobody else may look into it. */
static road_status check_folder(const char *path)
{
	struct sockaddr_un room;
	char folder[sizeof(room.sun_path)], mode[16];
	struct stat stat;

	if (!folder_of(path, folder, sizeof(folder)) || strlen(path) >= sizeof(room.sun_path))
		return road_fail(ROAD_INVALID_ARGUMENT, "path of the socket is too long", where,
				 path, "at most 107 characters");
	if (mkdir(folder, 0700) && errno != EEXIST)
		return road_fail(ROAD_IO, "folder of the socket cannot be made", where,
				 strerror(errno), "a folder that is there, or can be made in one");
	if (lstat(folder, &stat))
		return road_fail(ROAD_IO, "folder of the socket cannot be looked at", where,
				 strerror(errno), "");
	snprintf(mode, sizeof(mode), "mode %03o", (unsigned)(stat.st_mode & 0777));
	if (!S_ISDIR(stat.st_mode) || stat.st_uid != geteuid() || stat.st_mode & 077)
		return road_fail(ROAD_PERMISSION, "others may look into the folder of the socket",
				 where, S_ISDIR(stat.st_mode) ? mode : "no folder",
				 "a folder of this user, of mode 700");
	return ROAD_OK;
}

static void fill_name(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(out->sun_path, sizeof(out->sun_path), "%s", path);
}

/* What a server left behind that ended without a word goes; one that answers stays. */
static road_status clear_path(const char *path)
{
	struct sockaddr_un name;
	struct stat stat;

	if (lstat(path, &stat))
		return ROAD_OK;
	if (!S_ISSOCK(stat.st_mode))
		return road_fail(ROAD_INVALID_ARGUMENT, "there is something else at the path",
				 where, path, "a path where nothing is, or an old socket");
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left", where, "", "");
	fill_name(path, &name);
	const bool dead = connect(sock, (const struct sockaddr *)&name, sizeof(name)) &&
			  errno == ECONNREFUSED;

	close(sock);
	if (!dead)
		return road_fail(ROAD_BUSY, "another server listens there", where, path, "");
	unlink(path);
	return ROAD_OK;
}

/* Of servers that start together none takes for dead what another has bound, and does not listen to
 * yet. *out: to be closed; the folder itself is locked, so that nothing is left behind. */
static road_status lock_folder(const char *path, int *out)
{
	const uint64_t deadline = road_deadline_after(LOCK_NS);
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)] = "";

	folder_of(path, folder, sizeof(folder));
	*out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0)
		return road_fail(ROAD_IO, "folder of the socket cannot be opened", where,
				 strerror(errno), "");
	while (flock(*out, LOCK_EX | LOCK_NB)) {
		if (road_host_now_ns() > deadline) {
			close(*out);
			return road_fail(ROAD_BUSY, "another server is starting in the folder",
					 where, folder, "");
		}
		poll(NULL, 0, 1);
	}
	return ROAD_OK;
}

/* Under the folder's lock. */
static road_status bind_at(struct road_server *server)
{
	struct sockaddr_un name;
	struct stat stat;
	road_status status = clear_path(server->path);

	if (status)
		return status;
	fill_name(server->path, &name);
	server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode of the socket becomes that of the file. */
	if (server->listener < 0 || fchmod(server->listener, 0600) ||
	    bind(server->listener, (const struct sockaddr *)&name, sizeof(name)))
		return road_fail(ROAD_IO, "socket cannot be made", where, strerror(errno), "");
	if (!lstat(server->path, &stat)) {
		server->path_device = stat.st_dev;
		server->path_inode = stat.st_ino;
	}
	if (listen(server->listener, BACKLOG))
		return road_fail(ROAD_IO, "socket cannot be listened to", where, strerror(errno),
				 "");
	return ROAD_OK;
}

static road_status listen_at(struct road_server *server)
{
	road_status status = check_folder(server->path);
	int lock;

	if (!status)
		status = lock_folder(server->path, &lock);
	if (status)
		return status;
	status = bind_at(server);
	close(lock);
	return status;
}

/* The file goes if it is still ours. */
static void forget_path(const struct road_server *server)
{
	struct stat stat;

	if (server->path_inode && !lstat(server->path, &stat) &&
	    stat.st_dev == server->path_device && stat.st_ino == server->path_inode)
		unlink(server->path);
}

/* ---- making and ending ---- */

road_status road_server_open(const struct road_server_wish *wish, struct road_server **out)
{
	struct road_server *server = calloc(1, sizeof(*server));
	road_status status = ROAD_OK;

	if (!server)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a server", where, "", "");
	server->listener = -1;
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->clients_max = wish->clients_max;
	server->tell = wish->tell;
	server->user = wish->user;
	server->path = strdup(wish->socket_path);
	if (wish->library_folder)
		server->library_folder = strdup(wish->library_folder);
	server->wish =
		(struct road_bus_wish){.library_folder = server->library_folder, .no_wake = true};
	if (server->stop_fd < 0 || !server->path ||
	    (wish->library_folder && !server->library_folder))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a server",
				   where, "", "");
	if (!status)
		status = take_addresses(server, wish);
	if (!status)
		status = listen_at(server);
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
	if (server->listener >= 0) {
		forget_path(server);
		close(server->listener);
	}
	if (server->stop_fd >= 0)
		close(server->stop_fd);
	for (uint32_t i = 0; i < server->served_count; i++)
		road_address_free(&server->served[i].address);
	free(server->served);
	free(server->path);
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

void road_server_state(const struct road_server *server, struct road_server_state *out)
{
	*out = server->state;
}

/* ---- clients that come ---- */

static void refuse(struct road_server *server, int sock, const char *why)
{
	char text[160];

	server->state.refused++;
	close(sock);
	snprintf(text, sizeof(text), "a client was refused: %s", why);
	if (server->tell)
		server->tell(server->user, ROAD_MESSAGE_WARNING, text);
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

/* false: nobody is at the door. */
static bool accept_one(struct road_server *server)
{
	uint32_t process;

	if (is_shut(server))
		return false;
	const int sock = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			shut(server, strerror(errno));
		return false;
	}
	server->shut_told = false;
	if (!road_serve_peer(sock, &process)) {
		refuse(server, sock, "it is of another user");
		return true;
	}
	if (server->state.clients >= server->clients_max) {
		refuse(server, sock, "there are as many as may be");
		return true;
	}
	struct road_client *client = road_client_new(server, sock, process);

	if (!client) {
		refuse(server, sock, "no memory");
		return true;
	}
	client->next = server->clients;
	server->clients = client;
	server->state.accepted++;
	if (++server->state.clients > server->state.clients_peak)
		server->state.clients_peak = server->state.clients;
	return true;
}

static void remove_doomed(struct road_server *server, uint64_t now)
{
	for (struct road_client **at = &server->clients; *at;) {
		if (!(*at)->greeted && now > (*at)->greet_by_ns)
			road_client_doom(*at, "it did not say VERSION in time");
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
	bool any = accept_one(server);

	for (struct road_client *client = server->clients; client; client = client->next)
		any |= road_client_serve(client, TURN_MESSAGES);
	return any;
}

/* A slice of all chips; false: nothing ran. *watching: words of the hosts' are to be looked at. */
static bool run_slice(struct road_server *server, bool *watching)
{
	struct road_slice slice = {0};

	if (!server->domain)
		return false;
	server->domain->run(UINT64_MAX, SLICE_EVENTS, &slice);
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
	struct pollfd fds[FIXED_FDS + ROAD_SERVE_CLIENTS_MAX];
	const uint64_t now = road_host_now_ns();
	const uint64_t left = until > now ? until - now : 0;
	const struct timespec time = {.tv_sec = (time_t)(left / 1000000000u),
				      .tv_nsec = (long)(left % 1000000000u)};
	nfds_t count = FIXED_FDS;

	fds[0] = (struct pollfd){.fd = server->stop_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = is_shut(server) ? -1 : server->listener, .events = POLLIN};
	for (struct road_client *client = server->clients; client; client = client->next)
		fds[count++] = (struct pollfd){.fd = client->sock,
					       .events = client->out_bytes ? POLLOUT : POLLIN};
	say_asleep(server, true);
	if (!take_posts(server) && ppoll(fds, count, &time, NULL) > 0 && fds[0].revents)
		drain_stops(server); /* `stopping` was written before: the loop sees it */
	say_asleep(server, false);
}

struct rest {
	uint64_t idle_since, poked; /* 0: it is not idle */
	uint32_t turns;
};

/* Nothing ran in this turn. */
static void rest(struct road_server *server, struct rest *rest, bool watching, uint64_t deadline)
{
	const uint64_t now = road_host_now_ns();
	uint64_t until = now + HOUSEKEEP_NS;

	if (!rest->idle_since)
		rest->idle_since = now;
	if (watching && now - rest->poked >= WATCH_NS) {
		rest->poked = now;
		server->domain->poke();
		return;
	}
	if (now - rest->idle_since < LOOK_ON_NS) {
		sched_yield(); /* a client that looks on may be on this very processor */
		return;
	}
	if (watching)
		until = rest->poked + WATCH_NS;
	sleep_on(server, until < deadline ? until : deadline);
	rest->turns = 0; /* what woke it is read at once */
}

road_status road_server_run(struct road_server *server, uint64_t deadline_ns)
{
	struct rest resting = {0};

	while (!atomic_exchange(&server->stopping, false)) {
		bool watching = false;
		bool any = take_posts(server);

		/* Looking at the sockets costs more than many a turn, and a client that looks on
		 * waits for the end of this one. */
		const bool look = resting.turns++ % LOOK_TURNS == 0;

		any |= run_slice(server, &watching);
		if (look)
			any |= take_messages(server);
		const uint64_t now = any && !look ? 0 : road_host_now_ns();

		remove_doomed(server, now);
		if (now >= deadline_ns)
			return road_fail(ROAD_TIMEOUT, "the deadline passed", "road_sim_server_run",
					 "", "");
		if (any)
			resting.idle_since = 0;
		else
			rest(server, &resting, watching, deadline_ns);
	}
	drain_stops(server);
	return ROAD_OK;
}
