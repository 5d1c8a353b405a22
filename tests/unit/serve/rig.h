/* SPDX-License-Identifier: Apache-2.0 */
/* A server on a thread of its own, and clients that say anything: the buses without the core. */
#ifndef TESTS_UNIT_SERVE_RIG_H
#define TESTS_UNIT_SERVE_RIG_H

#include <CUnit/CUnit.h>
#include <stdbool.h>

#include "hal/bus/address.h"
#include "hal/bus/sock_io.h"
#include "hal/bus/transport.h"

struct rig_server;

#define RIG_GUEST_BYTES (UINT64_C(8) << 20) /* of the memory that a guest shares */

/* Serves these chips, `count` of them, in a folder that goes with it. */
struct rig_server *rig_serve(const char *const *addresses, uint32_t count, uint32_t clients_max);
/* The same for virtual machines: chip number 0 is served at PATH, number N at PATH#N. */
struct rig_server *rig_serve_guests(const char *const *addresses, uint32_t count,
				    uint32_t clients_max);
/* Serves nobody any more, and does not say so; rig_end still ends it. */
void rig_hang(struct rig_server *server);
/* As the wish says, but for folder, socket, tell and user, which is the rig_server; ivshmem_bytes:
 * for virtual machines. */
struct rig_server *rig_serve_as(struct road_server_wish wish);
struct road_server *rig_server_of(const struct rig_server *server);
void rig_end(struct rig_server *server); /* checks that nothing of its clients is left */
const char *rig_path(const struct rig_server *server);
/* What it said of clients so far holds this text. */
bool rig_said(struct rig_server *server, const char *text);
/* The server's state once it says so many clients; fails after a minute. */
struct road_server_state rig_settled(struct rig_server *server, uint32_t clients);
/* Kills the server's sockets without a word, as the kernel does for a process that died. */
void rig_crash(struct rig_server *server);

/* ---- a client of our own bus ---- */

struct road_bus *rig_open(const struct rig_server *server, uint32_t device);
road_status rig_try(const char *address, struct road_bus **out);

/* ---- a client that says anything ---- */

struct rig_client {
	int sock;
	struct road_wire_reader in;
	uint16_t id;
};

void rig_connect(const struct rig_server *server, struct rig_client *out);
void rig_leave(struct rig_client *client);
/* Sends bytes as they are; false: the server hung up. */
bool rig_send(struct rig_client *client, const void *bytes, size_t count, const int *fds,
	      uint32_t fd_count);
/* Awaits a message, a minute at most; false: the server hung up. */
bool rig_receive(struct rig_client *client);
/* A whole message and its answer: an errno, 0, or -1 when the server hung up. The answer stays in
 * client->in until the next. */
int rig_ask(struct rig_client *client, uint16_t command, const void *payload, size_t bytes,
	    const int *fds, uint32_t fd_count);
int rig_greet(struct rig_client *client);
/* Greets, and has chip number `device`; the page, mapped. */
struct road_wire_page *rig_hello(struct rig_client *client, uint32_t device);
void rig_unpage(struct road_wire_page *page);
int rig_memory(uint64_t bytes, int seals); /* a memfd */
int rig_fds_open(void);                    /* of this process */

#endif
