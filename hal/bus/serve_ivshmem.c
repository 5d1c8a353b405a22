/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chips for virtual machines: the server of QEMU's ivshmem-doorbell, and a peer of its own
 * (ivshmem_wire.h). Each chip has a socket (a port), and one QEMU at a time behind it (a peer). A
 * program in the guest that opens the chip begins a session: that is a client like any other, whose
 * messages lie in the memory.
 *
 * What the guest writes may change at any time: words are loaded once, a message is copied once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/bus/ivshmem_wire.h"
#include "hal/bus/memfd.h"
#include "hal/bus/serve.h"
#include "hal/core/error.h"

struct road_port {
	struct road_listener listener;
	struct road_peer *peer; /* NULL: nobody */
};

struct road_peer {
	struct road_server *server;
	uint32_t device, process;
	int sock;
	bool gone; /* QEMU hung up; freed once its client is */
	struct road_ivshmem_memory *memory;
	int memory_fd;
	uint64_t bytes;
	int bell; /* that the guest rings */
	int vectors[ROAD_WIRE_VECTORS_MAX];
	uint32_t vector_count;
	/* the session */
	uint64_t session; /* as the guest said it; 0: none */
	struct road_client *client;
	uint64_t asked;
	int piece; /* the file of the last answer; -1: none */
};

static const char *const where = "road_sim_server_create: ivshmem_path";

/* ---- words ---- */

static void tell(const struct road_peer *peer, int level, const char *what)
{
	const struct road_server *server = peer->server;
	char text[320];

	snprintf(text, sizeof(text), "guest (process %u): %s %s", peer->process, what,
		 server->served[peer->device].address.identity);
	if (server->tell)
		server->tell(server->user, level, text);
}

/* ---- ports ---- */

static road_status open_port(struct road_server *server, uint32_t device, const char *path)
{
	char own[256];

	snprintf(own, sizeof(own), device ? "%s#%u" : "%s", path, device);
	return road_listen(&server->ports[device].listener, own);
}

road_status road_ports_open(struct road_server *server, const char *path, uint64_t bytes)
{
	road_status status = ROAD_OK;

	bytes = bytes ? bytes : ROAD_IVSHMEM_BYTES;
	if (bytes < ROAD_IVSHMEM_BYTES_MIN || bytes > ROAD_IVSHMEM_BYTES_MAX || bytes & (bytes - 1))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "the memory has no size of a BAR",
				     "road_sim_server_create: ivshmem_bytes", bytes,
				     "a power of 2 from 2^20 to 2^36");
	if (server->served_count > ROAD_SERVE_PORTS_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many chips for guests", where,
				     server->served_count, "at most 64");
	server->ports = calloc(server->served_count, sizeof(*server->ports));
	if (!server->ports)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a port", where, "", "");
	server->port_bytes = bytes;
	for (uint32_t i = 0; i < server->served_count; i++)
		server->ports[i].listener.fd = -1;
	for (uint32_t i = 0; i < server->served_count && !status; i++)
		status = open_port(server, i, path);
	return status;
}

static void free_peer(struct road_peer *peer)
{
	if (peer->memory) {
		atomic_store(&peer->memory->state.live, 0);
		road_memfd_free(peer->memory, peer->bytes, peer->memory_fd);
	}
	for (uint32_t v = 0; v < peer->vector_count; v++)
		close(peer->vectors[v]);
	if (peer->bell >= 0)
		close(peer->bell);
	if (peer->piece >= 0)
		close(peer->piece);
	close(peer->sock);
	free(peer);
}

void road_ports_close(struct road_server *server)
{
	for (uint32_t i = 0; server->ports && i < server->served_count; i++) {
		if (server->ports[i].peer)
			free_peer(server->ports[i].peer);
		road_unlisten(&server->ports[i].listener);
	}
	free(server->ports);
	server->ports = NULL;
}

/* ---- a QEMU that comes ---- */

/* The chip says what it is, and goes again: each session has a new one. */
static bool learn(struct road_peer *peer, struct road_wire_hello *out)
{
	struct road_client *client = road_client_new(peer->server, -1, peer->process);

	if (client)
		client->told = ROAD_SERVE_TELLS; /* it is nobody's */
	const bool given = client && !road_serve_give(client, peer->device);

	if (given)
		road_serve_identify(client, out);
	if (client)
		road_client_free(client);
	return given;
}

static bool make_memory(struct road_peer *peer)
{
	struct road_wire_hello chip;
	void *memory;

	if (!learn(peer, &chip))
		return false;
	if (road_memfd_alloc(peer->bytes, &memory, &peer->memory_fd))
		return false;
	peer->memory = memory;
	peer->memory->head = (struct road_ivshmem_head){
		.magic = ROAD_IVSHMEM_MAGIC,
		.abi = ROAD_IVSHMEM_ABI,
		.vectors = chip.irq_count,
		.bytes = peer->bytes,
		.window = ROAD_IVSHMEM_WINDOW,
		.window_bytes = peer->bytes - ROAD_IVSHMEM_WINDOW,
		.server = ROAD_IVSHMEM_SERVER,
		.chip = chip,
	};
	return true;
}

/* At least one vector, since QEMU waits for it. */
static bool make_events(struct road_peer *peer)
{
	const uint32_t wanted = peer->memory->head.chip.irq_count;

	peer->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	while (peer->bell >= 0 && peer->vector_count < (wanted ? wanted : 1)) {
		const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return false;
		peer->vectors[peer->vector_count++] = fd;
	}
	return peer->bell >= 0;
}

/* fd -1: none. The socket has room for all that is said. */
static bool say(const struct road_peer *peer, int64_t number, int fd)
{
	return road_wire_send(peer->sock, &number, sizeof(number), &fd, fd >= 0) ==
	       (long)sizeof(number);
}

static bool greet(const struct road_peer *peer)
{
	bool said = say(peer, ROAD_IVSHMEM_PROTOCOL, -1) && say(peer, ROAD_IVSHMEM_GUEST, -1) &&
		    say(peer, -1, peer->memory_fd) && say(peer, ROAD_IVSHMEM_SERVER, peer->bell);

	for (uint32_t v = 0; said && v < peer->vector_count; v++)
		said = say(peer, ROAD_IVSHMEM_GUEST, peer->vectors[v]);
	return said;
}

static bool accept_peer(struct road_server *server, uint32_t device)
{
	struct road_port *port = &server->ports[device];
	uint32_t process;
	const int sock = road_serve_accept(server, port->listener.fd, &process);

	if (sock < 0)
		return false;
	struct road_peer *peer = port->peer ? NULL : calloc(1, sizeof(*peer));

	if (!peer) {
		road_serve_refuse(server, sock,
				  port->peer ? "another guest has the chip" : "no memory");
		return true;
	}
	*peer = (struct road_peer){.server = server,
				   .device = device,
				   .process = process,
				   .sock = sock,
				   .memory_fd = -1,
				   .bytes = server->port_bytes,
				   .bell = -1,
				   .piece = -1};
	if (!make_memory(peer) || !make_events(peer) || !greet(peer)) {
		free_peer(peer);
		road_serve_refuse(server, -1, "no chip, memory or descriptor for a guest");
		return true;
	}
	port->peer = peer;
	tell(peer, ROAD_MESSAGE_INFO, "has");
	return true;
}

/* ---- sessions ---- */

uint32_t road_peer_device(const struct road_peer *peer)
{
	return peer->device;
}

static void drop_piece(struct road_peer *peer)
{
	if (peer->piece >= 0)
		close(peer->piece);
	peer->piece = -1;
}

/* Who sleeps in the guest looks whether its chip lives. */
static void wake_guest(const struct road_peer *peer)
{
	static const uint64_t one = 1;

	for (uint32_t v = 0; v < peer->vector_count; v++)
		if (write(peer->vectors[v], &one, sizeof(one)) < 0)
			continue; /* it is readable already */
}

void road_peer_left(struct road_peer *peer)
{
	atomic_store(&peer->memory->state.live, 0);
	peer->client = NULL;
	drop_piece(peer);
	wake_guest(peer);
}

/* Whatever another program left there. */
static bool wipe(const struct road_peer *peer)
{
	return !fallocate(peer->memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  ROAD_IVSHMEM_WINDOW, (off_t)(peer->bytes - ROAD_IVSHMEM_WINDOW));
}

static bool begin(struct road_peer *peer)
{
	struct road_client *client =
		wipe(peer) ? road_serve_let_in(peer->server, -1, peer->process) : NULL;

	if (!client)
		return false;
	client->peer = peer;
	client->page = &peer->memory->page;
	/* Counters go on from session to session: the last one's end may be seen after the guest
	 * has begun this one. */
	client->taken = atomic_load(&client->page->posted);
	atomic_store(&client->page->taken, client->taken);
	atomic_store(&client->page->irqs, 0);
	for (uint32_t v = 0; v < peer->vector_count; v++)
		client->irq_fds[v] = fcntl(peer->vectors[v], F_DUPFD_CLOEXEC, 0);
	peer->client = client;
	peer->asked = atomic_load(&peer->memory->desk.asked);
	atomic_store(&peer->memory->state.answered, peer->asked);
	return true;
}

/* The old session's client goes at the end of the turn, and only then a new one begins: its memory
 * and its interrupts are the same. */
static bool follow_session(struct road_peer *peer)
{
	struct road_ivshmem_state *state = &peer->memory->state;
	const uint64_t session = atomic_load(&peer->memory->desk.session);

	if (session == peer->session)
		return false;
	if (peer->client) {
		peer->client->doomed = true;
		return true;
	}
	peer->session = session;
	atomic_store(&state->live, session && begin(peer) ? session : 0);
	atomic_store(&state->begun, session);
	return true;
}

/* QEMU says nothing, ever. */
static void look_at_socket(struct road_peer *peer)
{
	char byte;
	const ssize_t got = recv(peer->sock, &byte, 1, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	peer->gone = true;
	if (peer->client)
		peer->client->doomed = true;
}

static bool serve_peer(struct road_port *port)
{
	struct road_peer *peer = port->peer;
	uint64_t rings;

	(void)!read(peer->bell, &rings, sizeof(rings));
	atomic_fetch_add_explicit(&peer->memory->state.beat, 1, memory_order_relaxed);
	if (!peer->gone)
		look_at_socket(peer);
	if (!peer->gone)
		return follow_session(peer);
	if (peer->client)
		return true;
	tell(peer, ROAD_MESSAGE_INFO, "left");
	free_peer(peer);
	port->peer = NULL;
	return true;
}

bool road_ports_serve(struct road_server *server)
{
	bool any = false;

	for (uint32_t i = 0; server->ports && i < server->served_count; i++) {
		any |= accept_peer(server, i);
		if (server->ports[i].peer)
			any |= serve_peer(&server->ports[i]);
	}
	return any;
}

uint32_t road_ports_poll(const struct road_server *server, bool is_open, struct pollfd *fds)
{
	uint32_t count = 0;

	for (uint32_t i = 0; server->ports && i < server->served_count; i++) {
		const struct road_port *port = &server->ports[i];

		fds[count++] = (struct pollfd){is_open ? port->listener.fd : -1, .events = POLLIN};
		if (!port->peer)
			continue;
		fds[count++] = (struct pollfd){port->peer->sock, .events = POLLIN};
		fds[count++] = (struct pollfd){port->peer->bell, .events = POLLIN};
	}
	return count;
}

/* ---- messages ---- */

/* The guest may write there meanwhile: no word of a header is half an old one and half a new one.
 * `from` is aligned to words. */
__attribute__((no_sanitize("thread"), noinline)) static void copy(void *to, const void *from,
								  size_t bytes)
{
	const volatile unsigned char *source = from;
	unsigned char *target = to;
	size_t i = 0;

	for (; bytes - i >= sizeof(uint32_t); i += sizeof(uint32_t)) {
		const uint32_t word = __atomic_load_n(
			(const uint32_t *)(const void *)((const char *)from + i), __ATOMIC_RELAXED);

		memcpy(target + i, &word, sizeof(word));
	}
	for (; i < bytes; i++)
		target[i] = source[i];
}

enum road_wire_read road_peer_read(struct road_client *client)
{
	struct road_peer *peer = client->peer;
	const struct road_ivshmem_memory *memory = peer->memory;
	const uint64_t asked = atomic_load(&memory->desk.asked);
	struct road_wire_reader *in = &client->in;
	struct road_wire_header head;

	if (asked == peer->asked)
		return ROAD_WIRE_MORE;
	if (asked != peer->asked + 1) {
		road_client_doom(client, "it asks more than one thing at a time");
		return ROAD_WIRE_MORE;
	}
	peer->asked = asked;
	copy(&head, memory->ask.bytes, sizeof(head));
	if (head.bytes < sizeof(head) || head.bytes > ROAD_WIRE_MESSAGE_MAX)
		return ROAD_WIRE_BAD;
	memcpy(in->bytes, &head, sizeof(head));
	copy(in->bytes + sizeof(head), memory->ask.bytes + sizeof(head), head.bytes - sizeof(head));
	in->have = head.bytes;
	return ROAD_WIRE_WHOLE;
}

/* How long the file is that the guest may fetch; 0: there is none. */
static uint64_t keep_piece(struct road_client *client)
{
	struct road_peer *peer = client->peer;
	struct stat stat;

	if (!client->out_fd_count)
		return 0;
	drop_piece(peer);
	peer->piece = client->out_fds[0];
	for (uint32_t i = 1; i < client->out_fd_count; i++)
		close(client->out_fds[i]);
	client->out_fd_count = 0;
	return fstat(peer->piece, &stat) ? 0 : (uint64_t)stat.st_size;
}

void road_peer_answer(struct road_client *client)
{
	struct road_ivshmem_memory *memory = client->peer->memory;

	memory->answer.piece_bytes = keep_piece(client);
	memcpy(memory->answer.bytes, client->out, client->out_bytes);
	client->out_bytes = client->out_sent = 0;
	atomic_store_explicit(&memory->state.answered, client->peer->asked, memory_order_release);
}

int road_serve_piece(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_piece ask;
	char piece[ROAD_WIRE_DATA_MAX];

	memcpy(&ask, payload, bytes);
	if (!client->peer || client->peer->piece < 0)
		return ENOENT;
	if (ask.offset > INT64_MAX - ROAD_WIRE_DATA_MAX)
		return EINVAL;
	const ssize_t got = pread(client->peer->piece, piece, sizeof(piece), (off_t)ask.offset);

	if (got < 0)
		return errno;
	road_client_reply(client, piece, (size_t)got);
	return 0;
}

void *road_peer_window(const struct road_peer *peer, uint64_t address, uint64_t bytes)
{
	if (address < ROAD_IVSHMEM_WINDOW || address > peer->bytes || bytes > peer->bytes - address)
		return NULL;
	return (char *)peer->memory + address;
}
