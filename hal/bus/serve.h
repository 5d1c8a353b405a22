/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server of simulated chips (sock_wire.h). Inside serve*.c only.
 *
 *	serve.c         clients that come and go, the loop that runs the chips
 *	serve_listen.c  the sockets
 *	serve_chip.c    chips, their functions, and who looks after them
 *	serve_client.c  one connection: messages in, checked by the table of commands, replies out
 *	serve_device.c  what vfio-user asks of a device
 *	serve_road.c    what is ours: identity, time, the back door
 *	serve_token.c   memory that clients share
 *	serve_ivshmem.c clients in virtual machines: no socket, but memory that both see
 *
 * One thread does everything. A client has a bus to a chip that nobody else has; whatever it sends
 * is checked, is bounded in number, and harms at most the client itself.
 *
 * A client could make an eventfd of its own block the server's writes to it (it shares the file's
 * flags with us, and can fill the counter). Who can connect is of the same user and could as well
 * end the server.
 */
#ifndef HAL_BUS_SERVE_H
#define HAL_BUS_SERVE_H

#include "hal/bus/address.h"
#include "hal/bus/iova.h"
#include "hal/bus/sock_io.h"
#include "hal/bus/transport.h"

enum {
	ROAD_SERVE_CLIENTS_MAX = 256,
	ROAD_SERVE_TELLS = 16, /* messages about one client */
	ROAD_SERVE_REPLY_FDS = 2,
	/* The most that a client has the server hold: socket, page, pipe, a reply's, one for each
	 * vector, tokens, and those of a message on its way in. */
	ROAD_SERVE_FDS_MAX = 3 + ROAD_SERVE_REPLY_FDS + ROAD_WIRE_VECTORS_MAX +
			     ROAD_WIRE_TOKENS_MAX + ROAD_WIRE_FDS_MAX,
	ROAD_SERVE_PORTS_MAX = 64,                      /* chips that have one for ivshmem */
	ROAD_SERVE_PORT_FDS = 3 * ROAD_SERVE_PORTS_MAX, /* that are slept on */
};
#define ROAD_SERVE_MAPPED_MAX (UINT64_C(1) << 40) /* bytes of a client: mapped, and shared */

struct road_server;
struct road_grant; /* serve_token.c */
struct road_peer;
struct pollfd;

struct road_listener {
	int fd; /* -1: none */
	char *path;
	uint64_t device, inode; /* of the socket's file; inode 0: there is none */
};

/* One of the chips that are served. */
struct road_served {
	struct road_address address;
	struct road_bus *physical; /* its function 0; NULL: each client has a chip of its own */
	uint32_t clients;          /* that have one of its functions */
};

struct road_client {
	struct road_client *next;
	struct road_server *server;
	uint32_t number, process;
	int sock;               /* -1: none, it is behind `peer` */
	struct road_peer *peer; /* NULL: it has a socket */
	bool greeted;           /* VERSION came */
	bool doomed;            /* to be thrown out, or gone by itself */
	uint32_t told;          /* of it */
	uint64_t greet_by_ns;   /* or it is thrown out */
	uint64_t finish_by_ns;  /* the message that has begun, or likewise; 0: none has */
	struct road_wire_reader in;
	/* the reply on its way; nothing is read before it is out */
	_Alignas(8) unsigned char out[ROAD_WIRE_MESSAGE_MAX];
	size_t out_bytes, out_sent;
	int out_fds[ROAD_SERVE_REPLY_FDS]; /* closed when they are sent */
	uint32_t out_fd_count;
	struct road_wire_refusal refusal; /* of what it asked last; status 0: none */
	/* what it has */
	struct road_served *served; /* NULL: nothing yet */
	struct road_bus *bus;
	struct road_iova_table iovas;
	uint32_t maps;
	uint64_t mapped_bytes;
	struct road_wire_page *page; /* NULL: it asked for none */
	int page_fd;
	int alive_fd;   /* hangs up on the client's side when it is closed; -1: none */
	uint64_t taken; /* posts */
	int irq_fds[ROAD_WIRE_VECTORS_MAX];
	uint32_t irq_count;
	uint64_t irq_early; /* vectors that were raised before they had a descriptor */
	uint32_t grants;
	uint64_t granted_bytes;
};

struct road_server {
	struct road_bus_wish wish;
	char *library_folder;
	struct road_listener listener;
	int stop_fd;
	struct road_port *ports; /* of each served chip; NULL: there is no ivshmem */
	uint64_t port_bytes;     /* of the memory of each */
	struct road_served *served;
	uint32_t served_count, clients_max;
	const struct road_domain *domain; /* NULL: no chip was opened yet */
	void (*tell)(void *user, int level, const char *text);
	void *user;
	struct road_client *clients;
	uint32_t next_number;
	struct road_grant *grants;
	uint64_t identity, next_grant; /* identity: random, 0 before the first grant */
	uint64_t shut_until_ns;        /* nobody is let in; 0: anybody */
	bool shut_told;
	uint32_t functions; /* of each chip, for clients */
	road_status (*open)(void *user, uint32_t index, const char *address, struct road_bus **out);
	void (*close)(void *user, uint32_t index);
	void (*tend)(void *user);
	uint64_t tend_ns; /* next time */
	struct road_server_state state;
	_Atomic bool stopping;
	_Atomic bool ending; /* nobody gets a chip any more */
};

/* ---- serve.c ---- */

/* Says in every page that the server sleeps, and looks once more for posts: false: some came, and
 * were taken. Whoever posts later sees that it has to kick. */
bool road_serve_doze(struct road_server *server);
/* A word about a client, unless there were too many. */
void road_serve_tell(struct road_client *client, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- serve_chip.c ---- */

road_status road_serve_chips_open(struct road_server *server, const char *const *addresses,
				  uint32_t count);
void road_serve_chips_close(struct road_server *server);
/* Gives the client a function of the chip with this number. An errno; why is in client->refusal. */
int road_serve_give(struct road_client *client, uint32_t device);
/* A number that a client sent and may not: records it, and answers ROAD_INVALID_ARGUMENT. */
road_status road_serve_bad(const char *what, uint64_t seen, const char *allowed);
/* Keeps the reason of a failure that this thread recorded, for the client and for what is told of
 * it, and answers its errno. */
int road_serve_refusal(struct road_client *client, road_status status);
/* Likewise, of an error that no status stands for: answers `error`. */
int road_serve_refusal_as(struct road_client *client, int error, road_status status);
/* Lets who holds the physical functions look after them, if it is time. now: 0 if nobody looked at
 * the clock. */
void road_serve_tend(struct road_server *server, uint64_t now);

/* ---- serve_token.c ---- */

/* Who is at the other end: false, unless it is of our user. */
bool road_serve_peer(int sock, uint32_t *process);
/* All tokens that the client made. */
void road_serve_revoke_all(struct road_client *client);
/* Who is at the door, of this user; -1: nobody. */
int road_serve_accept(struct road_server *server, int listener, uint32_t *process);
void road_serve_refuse(struct road_server *server, int sock, const char *why);
/* A new client; sock: its own from now on, closed if it is refused (NULL), -1: it has none. */
struct road_client *road_serve_let_in(struct road_server *server, int sock, uint32_t process);

/* ---- serve_listen.c ---- */

/* listener->fd is -1 before. Whatever comes of it, road_unlisten takes it back. */
road_status road_listen(struct road_listener *listener, const char *path);
/* The file goes, if it is still ours. */
void road_unlisten(struct road_listener *listener);

/* ---- serve_ivshmem.c: guests, by memory that both see (ivshmem_wire.h) ---- */

/* A socket for each chip: PATH of the first, PATH#N of number N; memory of so many bytes each. */
road_status road_ports_open(struct road_server *server, const char *path, uint64_t bytes);
/* No client is left. */
void road_ports_close(struct road_server *server);
/* Guests that come, go, or begin and end to use their chip; false: there was nothing. */
bool road_ports_serve(struct road_server *server);
/* What to sleep on: at most ROAD_SERVE_PORT_FDS; is_open: somebody would be let in. */
uint32_t road_ports_poll(const struct road_server *server, bool is_open, struct pollfd *fds);
/* As road_wire_read, for a client with a peer. */
enum road_wire_read road_peer_read(struct road_client *client);
/* All of the reply in client->out and out_fds, which are empty then. */
void road_peer_answer(struct road_client *client);
/* The client has gone, with its chip. */
void road_peer_left(struct road_peer *peer);
/* Which chip is behind it. */
uint32_t road_peer_device(const struct road_peer *peer);
/* What lies at the bus address; NULL: not all of it is in the window. */
void *road_peer_window(const struct road_peer *peer, uint64_t address, uint64_t bytes);
int road_serve_piece(struct road_client *client, const void *payload, size_t bytes);

/* ---- serve_client.c ---- */

/* Takes the socket. NULL: no memory. */
struct road_client *road_client_new(struct road_server *server, int sock, uint32_t process);
/* All that it had is free, and the chip as new. */
void road_client_free(struct road_client *client);
/* Reads and answers at most `budget` messages; false: there was none. */
bool road_client_serve(struct road_client *client, uint32_t budget);
/* Sends what is left of a reply. */
void road_client_flush(struct road_client *client);
/* Hands at most `budget` posted writes to the chip; false: there was none. */
bool road_client_posts(struct road_client *client, uint32_t budget);
/* It is thrown out at the end of this turn. Answers -1. */
int road_client_doom(struct road_client *client, const char *why);

/* What a handler answers with: payload behind the header, and a descriptor (the reply's). */
void road_client_reply(struct road_client *client, const void *payload, size_t bytes);
void road_client_reply_fd(struct road_client *client, int fd);

/* ---- handlers: an errno, 0 or -1 (thrown out). The payload has at least the row's bytes. ---- */

typedef int (*road_serve_handler)(struct road_client *client, const void *payload, size_t bytes);

int road_serve_dma_map(struct road_client *client, const void *payload, size_t bytes);
int road_serve_dma_unmap(struct road_client *client, const void *payload, size_t bytes);
int road_serve_device_info(struct road_client *client, const void *payload, size_t bytes);
int road_serve_region_info(struct road_client *client, const void *payload, size_t bytes);
int road_serve_irq_info(struct road_client *client, const void *payload, size_t bytes);
int road_serve_set_irqs(struct road_client *client, const void *payload, size_t bytes);
int road_serve_region_read(struct road_client *client, const void *payload, size_t bytes);
int road_serve_region_write(struct road_client *client, const void *payload, size_t bytes);
int road_serve_reset(struct road_client *client, const void *payload, size_t bytes);
int road_serve_hello(struct road_client *client, const void *payload, size_t bytes);
int road_serve_relax(struct road_client *client, const void *payload, size_t bytes);
int road_serve_door(struct road_client *client, const void *payload, size_t bytes);
int road_serve_firmware(struct road_client *client, const void *payload, size_t bytes);
int road_serve_trace(struct road_client *client, const void *payload, size_t bytes);
int road_serve_share(struct road_client *client, const void *payload, size_t bytes);
int road_serve_obtain(struct road_client *client, const void *payload, size_t bytes);
int road_serve_revoke(struct road_client *client, const void *payload, size_t bytes);

int road_serve_errno(road_status status);
/* Is it a sealed memfd of at least so many bytes? An errno. */
int road_serve_check_memory(struct road_client *client, int fd, uint64_t bytes);

/* What the client's function is. */
void road_serve_identify(struct road_client *client, struct road_wire_hello *out);
/* Interrupts of the client's function, to where it wants them. */
void road_serve_interrupts(struct road_client *client);
/* Forgets all mappings and the eventfds of interrupts. */
void road_serve_unmap_all(struct road_client *client);
void road_serve_unbind_all(struct road_client *client);

#endif
