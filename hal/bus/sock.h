/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus to a simulated chip in another process (sock_wire.h). Inside sock*.c only.
 *
 *	sock.c          opening and ending; what drivers see of registers, time and interrupts
 *	sock_call.c     one question, one answer; posted writes
 *	sock_dma.c      memory: what the server sees of it
 *	sock_control.c  the back door
 *	sock_token.c    memory that clients share
 */
#ifndef HAL_BUS_SOCK_H
#define HAL_BUS_SOCK_H

#include <pthread.h>

#include "hal/bus/iova.h"
#include "hal/bus/shadow_set.h"
#include "hal/bus/sock_io.h"
#include "hal/bus/synthetic.h"
#include "hal/bus/transport.h"

enum { ROAD_SOCK_ANSWER_FDS = 2 };

struct road_sock;

/* How messages go where there is no socket, and no descriptor crosses (ivshmem.c). */
struct road_sock_link {
	/* The message goes out, and its answer comes into sock->in, with the file that it brings;
	 * under the lock of calls. false: no answer came by the deadline. */
	bool (*exchange)(struct road_sock *sock, const void *message, size_t bytes,
			 uint64_t deadline_ns);
	/* The server may be asleep. */
	bool (*kick)(struct road_sock *sock);
	/* The server has gone, as far as can be told without asking it. */
	bool (*is_gone)(struct road_sock *sock);
	/* Memory that the server can see at all: it lies at this bus address. */
	void *(*memory_at)(struct road_sock *sock, road_iova iova);
};

struct road_sock_text; /* kept as long as the bus is open */

struct road_sock {
	struct road_bus_handle handle;
	const struct road_sock_link *link; /* NULL: it has a socket */
	int sock, alive_fd;
	_Atomic bool lost;
	pthread_mutex_t call_lock; /* one question at a time */
	pthread_mutex_t send_lock; /* inside it: messages go out whole */
	struct road_wire_reader in;
	uint16_t next_id;
	pthread_mutex_t post_lock;
	struct road_wire_page *page;
	uint64_t posted;
	struct road_wire_hello hello;
	struct road_bus_ids ids;
	struct road_synthetic number;
	struct road_iova_table iovas;
	pthread_mutex_t shadow_lock;
	struct road_shadow_set shadows;
	pthread_mutex_t irq_lock;
	int irq_fds[ROAD_WIRE_VECTORS_MAX]; /* whoever bound them owns them; -1: none */
	pthread_mutex_t text_lock;
	struct road_sock_text *texts;
};

static inline struct road_sock *road_sock_of(struct road_bus *bus)
{
	return (struct road_sock *)(void *)bus;
}

static inline bool road_sock_is_lost(const struct road_sock *sock)
{
	return atomic_load_explicit(&sock->lost, memory_order_acquire);
}

/* ---- sock.c ---- */

extern const struct road_bus_ops road_sock_ops;
/* All of it but handle, link and socket. */
void road_sock_init(struct road_sock *sock);
/* Greets the server, and asks for its chip number `device`: hello, ids but for the PCI address, and
 * the page where it is not there already. */
road_status road_sock_meet(struct road_sock *sock, uint32_t device);
/* Is what the server says of the device possible? */
road_status road_sock_check_hello(const struct road_wire_hello *hello);
void road_sock_ids(const struct road_wire_hello *hello, struct road_bus_ids *out);
/* Frees what road_sock_init began and all that came since, and the structure. */
void road_sock_destroy(struct road_sock *sock);

/* ---- sock_call.c ---- */

struct road_sock_call {
	enum road_wire_command command;
	const void *ask;
	size_t ask_bytes;
	const void *data; /* behind it */
	size_t data_bytes;
	const int *fds; /* stay the caller's */
	uint32_t fd_count;
	void *answer; /* at most answer_room bytes of it; the rest is lost */
	size_t answer_room, answer_bytes;
	uint32_t answer_fds_wanted;           /* others that come are closed */
	int answer_fds[ROAD_SOCK_ANSWER_FDS]; /* the caller's; -1: none came */
};

/* Asks and awaits the answer. What the server refuses is recorded as of `where`; no answer in time,
 * or one that makes no sense: the device is lost. */
road_status road_sock_call(struct road_sock *sock, struct road_sock_call *call, const char *where);
/* Without an answer: a register write. Dropped if the device is lost. */
void road_sock_post(struct road_sock *sock, uint32_t region, uint64_t offset, uint32_t width,
		    uint64_t value);
void road_sock_lose(struct road_sock *sock);
road_status road_sock_gone(const char *where);

/* ---- sock_dma.c ---- */

void road_sock_dma_limits(struct road_bus *bus, struct road_dma_limits *out);
road_status road_sock_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
void road_sock_dma_free(struct road_bus *bus, struct road_dma *dma);
road_status road_sock_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			      enum road_dma_direction direction, struct road_dma *out);
void road_sock_dma_unmap(struct road_bus *bus, struct road_dma *dma);
void road_sock_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
			enum road_dma_direction direction);

/* ---- sock_token.c ---- */

road_status road_sock_share(struct road_bus *bus, const struct road_bus_offer *offer,
			    road_token *out);
road_status road_sock_obtain(struct road_bus *bus, enum road_bus_share kind,
			     const road_token *token, int *fd, uint64_t *bytes);
void road_sock_revoke(struct road_bus *bus, uint64_t object);

/* ---- sock_control.c ---- */

extern const struct road_bus_control road_sock_control;
void road_sock_texts_free(struct road_sock *sock);
/* Of the back door, in sock.c: road_bus_control. */
uint64_t road_sock_irq_pending(struct road_bus *bus);
bool road_sock_attend(struct road_bus *bus, bool on);

#endif
