/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/serve/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/memfd.h"
#include "hal/bus/serve.h"

#define MINUTE_NS UINT64_C(60000000000)

enum { SAID_BYTES = 8192 };

struct rig_server {
	struct road_server *server;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	char said[SAID_BYTES];
	struct road_server_state state;
	uint64_t looks; /* at the state, so far */
	_Atomic bool ended;
	char folder[32], path[64];
};

void road_bus_gone(void)
{
}

static void tell(void *user, int level, const char *text)
{
	struct rig_server *rig = user;
	const size_t used = strlen(rig->said);

	(void)level;
	pthread_mutex_lock(&rig->lock);
	snprintf(rig->said + used, sizeof(rig->said) - used, "%s\n", text);
	pthread_mutex_unlock(&rig->lock);
}

/* In short runs, so that its state can be looked at between them. */
static void *run(void *arg)
{
	struct rig_server *rig = arg;

	while (!atomic_load(&rig->ended)) {
		road_server_run(rig->server, road_host_now_ns() + 2000000);
		pthread_mutex_lock(&rig->lock);
		road_server_state(rig->server, &rig->state);
		rig->looks++;
		pthread_mutex_unlock(&rig->lock);
	}
	return NULL;
}

struct rig_server *rig_serve_as(struct road_server_wish wish)
{
	struct rig_server *rig = calloc(1, sizeof(*rig));

	strcpy(rig->folder, "/tmp/roadbed-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/sock", rig->folder);
	pthread_mutex_init(&rig->lock, NULL);
	wish.library_folder = getenv("ROADBED_TEST_SIM_FOLDER");
	wish.socket_path = wish.ivshmem_bytes ? NULL : rig->path;
	wish.ivshmem_path = wish.ivshmem_bytes ? rig->path : NULL;
	wish.tell = tell;
	wish.user = rig;
	CU_ASSERT_EQUAL_FATAL(road_server_open(&wish, &rig->server), ROAD_OK);
	pthread_create(&rig->thread, NULL, run, rig);
	return rig;
}

struct rig_server *rig_serve(const char *const *addresses, uint32_t count, uint32_t clients_max)
{
	return rig_serve_as((struct road_server_wish){
		.addresses = addresses, .address_count = count, .clients_max = clients_max});
}

struct rig_server *rig_serve_guests(const char *const *addresses, uint32_t count,
				    uint32_t clients_max)
{
	return rig_serve_as((struct road_server_wish){.addresses = addresses,
						      .address_count = count,
						      .clients_max = clients_max,
						      .ivshmem_bytes = RIG_GUEST_BYTES});
}

static void stop(struct rig_server *rig)
{
	if (!atomic_exchange(&rig->ended, true)) {
		road_server_stop(rig->server);
		pthread_join(rig->thread, NULL);
	}
}

void rig_hang(struct rig_server *rig)
{
	stop(rig);
}

void rig_crash(struct rig_server *rig)
{
	stop(rig);
	road_server_close(rig->server);
	rig->server = NULL;
}

void rig_end(struct rig_server *rig)
{
	if (rig->server && !rig->ended) {
		const struct road_server_state left = rig_settled(rig, 0);

		CU_ASSERT_EQUAL(left.maps, 0);
		CU_ASSERT_EQUAL(left.mapped_bytes, 0);
	}
	if (rig->server)
		rig_crash(rig);
	CU_ASSERT_EQUAL(access(rig->path, F_OK), -1); /* it took its file with it */
	CU_ASSERT_EQUAL(rmdir(rig->folder), 0);
	pthread_mutex_destroy(&rig->lock);
	free(rig);
}

struct road_server *rig_server_of(const struct rig_server *rig)
{
	return rig->server;
}

const char *rig_path(const struct rig_server *rig)
{
	return rig->path;
}

bool rig_said(struct rig_server *rig, const char *text)
{
	pthread_mutex_lock(&rig->lock);
	const bool said = strstr(rig->said, text) != NULL;

	pthread_mutex_unlock(&rig->lock);
	if (!said)
		printf("# it said: %s\n", rig->said);
	return said;
}

struct road_server_state rig_settled(struct rig_server *rig, uint32_t clients)
{
	const uint64_t deadline = road_host_now_ns() + MINUTE_NS;
	struct road_server_state state;
	uint64_t looks, first = 0;

	/* The first look may be at what was before this call. */
	do {
		poll(NULL, 0, 1);
		pthread_mutex_lock(&rig->lock);
		state = rig->state;
		looks = rig->looks;
		pthread_mutex_unlock(&rig->lock);
		first = first ? first : looks;
	} while ((state.clients != clients || looks < first + 2) && road_host_now_ns() < deadline);
	CU_ASSERT_EQUAL(state.clients, clients);
	return state;
}

/* ---- clients ---- */

road_status rig_try(const char *text, struct road_bus **out)
{
	struct road_address address;
	road_status status = road_address_parse(text, &address);

	if (status)
		return status;
	status = road_bus_open(
		&(struct road_bus_wish){.library_folder = getenv("ROADBED_TEST_SIM_FOLDER")},
		&address, out);
	road_address_free(&address);
	return status;
}

struct road_bus *rig_open(const struct rig_server *rig, uint32_t device)
{
	struct road_bus *bus = NULL;
	road_error error = {.size = sizeof(error)};
	char text[96];

	snprintf(text, sizeof(text), "sock:%s#%u", rig->path, device);
	const road_status status = rig_try(text, &bus);

	if (status && !road_last_error(&error))
		printf("# %s: %s (%s) %s\n", text, error.what, error.where, error.seen);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return bus;
}

void rig_connect(const struct rig_server *rig, struct rig_client *out)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	memset(out, 0, sizeof(*out));
	strcpy(name.sun_path, rig->path);
	out->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(connect(out->sock, (const struct sockaddr *)&name, sizeof(name)), 0);
}

void rig_leave(struct rig_client *client)
{
	road_wire_next(&client->in);
	close(client->sock);
}

bool rig_send(struct rig_client *client, const void *bytes, size_t count, const int *fds,
	      uint32_t fd_count)
{
	const char *at = bytes;

	while (count) {
		const long sent = road_wire_send(client->sock, at, count, fds, fd_count);

		if (sent < 0)
			return false;
		if (!sent) {
			poll(&(struct pollfd){client->sock, POLLOUT, 0}, 1, 100);
			continue;
		}
		at += sent;
		count -= (size_t)sent;
		fd_count = 0;
	}
	return true;
}

bool rig_receive(struct rig_client *client)
{
	const uint64_t deadline = road_host_now_ns() + MINUTE_NS;

	road_wire_next(&client->in);
	for (;;) {
		switch (road_wire_read(client->sock, &client->in)) {
		case ROAD_WIRE_WHOLE: return true;
		case ROAD_WIRE_MORE: break;
		default: return false;
		}
		if (road_host_now_ns() > deadline) {
			CU_FAIL("the server neither answers nor hangs up");
			return false;
		}
		poll(&(struct pollfd){client->sock, POLLIN, 0}, 1, 100);
	}
}

int rig_ask(struct rig_client *client, uint16_t command, const void *payload, size_t bytes,
	    const int *fds, uint32_t fd_count)
{
	struct road_wire_header head = {
		.id = ++client->id, .command = command, .bytes = (uint32_t)(sizeof(head) + bytes)};
	char out[ROAD_WIRE_MESSAGE_MAX];

	memcpy(out, &head, sizeof(head));
	if (bytes)
		memcpy(out + sizeof(head), payload, bytes);
	if (!rig_send(client, out, sizeof(head) + bytes, fds, fd_count) || !rig_receive(client))
		return -1;
	head = road_wire_header_of(&client->in);
	CU_ASSERT_EQUAL(head.id, client->id);
	CU_ASSERT_EQUAL(head.command, command);
	CU_ASSERT_EQUAL(head.flags & ROAD_WIRE_TYPE_MASK, ROAD_WIRE_REPLY);
	return head.flags & ROAD_WIRE_ERROR ? (int)head.error : 0;
}

int rig_greet(struct rig_client *client)
{
	const struct road_wire_version mine = {ROAD_WIRE_MAJOR, ROAD_WIRE_MINOR};

	return rig_ask(client, ROAD_WIRE_VERSION, &mine, sizeof(mine), NULL, 0);
}

struct road_wire_page *rig_hello(struct rig_client *client, uint32_t device)
{
	const struct road_wire_hello_ask ask = {ROAD_WIRE_ABI, device};
	void *page = NULL;

	CU_ASSERT_EQUAL_FATAL(rig_greet(client), 0);
	CU_ASSERT_EQUAL_FATAL(rig_ask(client, ROAD_WIRE_ROAD_HELLO, &ask, sizeof(ask), NULL, 0), 0);
	CU_ASSERT_EQUAL_FATAL(client->in.fd_count, 2);
	CU_ASSERT_EQUAL_FATAL(road_memfd_map_at(client->in.fds[0], 0, sizeof(struct road_wire_page),
						"page", &page),
			      ROAD_OK);
	return page;
}

void rig_unpage(struct road_wire_page *page)
{
	munmap(page, sizeof(*page));
}

int rig_memory(uint64_t bytes, int seals)
{
	const int fd = memfd_create("rig", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL_FATAL(ftruncate(fd, (off_t)bytes), 0);
	if (seals)
		CU_ASSERT_EQUAL_FATAL(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

int rig_fds_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = -1; /* the folder's own */

	for (struct dirent *entry; folder && (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return count;
}
