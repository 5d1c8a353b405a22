/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chips that several processes share. The server is a thread of the case, or the command; clients
 * are the case itself and runs of this suite.
 */
#include "tests/conformance/groups/process.h"
#include "tests/conformance/allocations.h"
#include "tests/conformance/groups/abi.h"
#include "tests/conformance/groups/rig.h"
#include "tests/conformance/machine.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_NS UINT64_C(2000000)

enum { ADDRESS_BYTES = PROCESS_ADDRESS_BYTES };

/* ---- a server on a thread ---- */

struct shop {
	road_sim_server *server;
	pthread_t thread;
	pthread_mutex_t lock; /* of info */
	road_sim_server_info info;
	uint64_t looks; /* at it, so far */
	_Atomic bool ended;
	road_device *physical;       /* of its chip; NULL: each client has one of its own */
	char address[ADDRESS_BYTES]; /* sock:PATH */
};

static void *tend(void *arg)
{
	struct shop *shop = arg;

	while (!atomic_load(&shop->ended)) {
		road_sim_server_info info = {.size = sizeof(info)};

		(void)road_sim_server_run(shop->server, road_deadline_after(RUN_NS));
		(void)road_sim_server_info_get(shop->server, &info);
		pthread_mutex_lock(&shop->lock);
		shop->info = info;
		shop->looks++;
		pthread_mutex_unlock(&shop->lock);
	}
	return NULL;
}

static struct shop *shop_of(struct fixture *f, uint32_t clients_max, uint32_t functions)
{
	struct shop *shop = fixture_memory(f, sizeof(*shop));
	const road_sim_server_options options = {.size = sizeof(options),
						 .address_count = 1,
						 .addresses = &f->address,
						 .socket_path = abi_socket(f),
						 .clients_max = clients_max,
						 .functions = functions};

	memset(shop, 0, sizeof(*shop));
	pthread_mutex_init(&shop->lock, NULL);
	snprintf(shop->address, sizeof(shop->address), "sock:%s", options.socket_path);
	CHECK_OK(road_sim_server_create(f->instance, &options, &shop->server));
	if (road_sim_server_device(shop->server, 0, &shop->physical))
		CHECK(!shop->physical);
	REQUIRE(!pthread_create(&shop->thread, NULL, tend, shop));
	return shop;
}

static struct shop *shop_open(struct fixture *f, uint32_t clients_max)
{
	return shop_of(f, clients_max, 0);
}

static void shop_end(struct shop *shop)
{
	atomic_store(&shop->ended, true);
	(void)road_sim_server_stop(shop->server);
	pthread_join(shop->thread, NULL);
	road_device_release(shop->physical);
	road_sim_server_release(shop->server);
	pthread_mutex_destroy(&shop->lock);
}

static road_sim_server_info shop_look(struct shop *shop, uint64_t *looks)
{
	pthread_mutex_lock(&shop->lock);
	const road_sim_server_info info = shop->info;

	*looks = shop->looks;
	pthread_mutex_unlock(&shop->lock);
	return info;
}

/* What it says once it has so many clients; its first word may be of what was before. */
static road_sim_server_info shop_settled(struct shop *shop, uint32_t clients)
{
	uint64_t first, looks;
	road_sim_server_info info = shop_look(shop, &first);

	looks = first;
	for (int ms = 0; ms < 60000 && (info.clients != clients || looks < first + 2); ms++) {
		poll(NULL, 0, 1);
		info = shop_look(shop, &looks);
	}
	CHECK_EQ(info.clients, clients);
	return info;
}

/* ---- clients in processes of their own ---- */

/* out: what it says goes there; -1: nowhere. */
static pid_t start_client(const char *address, const char *name, int out)
{
	const pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (!pid) {
		const int nowhere = open("/dev/null", O_RDWR);

		dup2(out < 0 ? nowhere : out, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		execl("/proc/self/exe", "roadbed-conformance", address, "--case", name,
		      "--in-process", "--tap", (char *)NULL);
		_exit(127);
	}
	return pid;
}

pid_t process_client(const char *address, const char *name)
{
	return start_client(address, name, -1);
}

pid_t process_client_begun(const char *address, const char *name, int *said)
{
	char text[512] = "";
	size_t used = 0;
	ssize_t got = 1;
	int ends[2];

	REQUIRE(!pipe2(ends, O_CLOEXEC));
	const pid_t pid = start_client(address, name, ends[1]);

	close(ends[1]);
	/* The plan is its last word before the case. */
	while (got > 0 && used < sizeof(text) - 1 && !strstr(text, "\n1..1\n")) {
		got = read(ends[0], text + used, sizeof(text) - 1 - used);
		used += got > 0 ? (size_t)got : 0;
		text[used] = 0;
	}
	CHECK(strstr(text, "\n1..1\n"));
	*said = ends[0];
	return pid;
}

int process_end(pid_t pid)
{
	int status = 0;

	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- the cases ---- */

CONFORMANCE_CASE(process, two_processes_isolated)
{
	struct shop *shop = shop_open(f, 4);
	struct rig rig = rig_open(f, NULL, shop->address);
	unsigned char bytes[RIG_BYTES], back[RIG_BYTES];
	road_buffer *buffer = rig_buffer(f, &rig);

	fixture_fill_random(f, bytes, sizeof(bytes));
	CHECK_OK(road_queue_write(rig.queue, buffer, 0, bytes, sizeof(bytes), NULL));
	CHECK_OK(road_queue_drain(rig.queue, SOON));
	/* One after the other allocates, fills and frees what memory there is. */
	CHECK_EQ(process_end(process_client(shop->address, "memory.buffer_zero_initialised")), 0);
	CHECK_EQ(process_end(
			 process_client(shop->address, "memory.buffer_exhaust_then_free_recovers")),
		 0);
	CHECK_OK(road_queue_read(rig.queue, back, buffer, 0, sizeof(back), NULL));
	CHECK_OK(road_queue_drain(rig.queue, SOON));
	CHECK_SAME(bytes, back, sizeof(bytes));
	road_buffer_release(buffer);
	rig_close(&rig);
	shop_end(shop);
}

/* How many descriptors a program would inherit that this one runs. */
static unsigned inherited(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++) {
		const int flags = fcntl(fd, F_GETFD);

		count += flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return count;
}

/* Whatever server and device brought stays in this process. */
CONFORMANCE_CASE(process, fork_exec_fds_cloexec)
{
	const unsigned before = inherited();
	struct shop *shop = shop_open(f, 4);
	struct rig rig = rig_open(f, NULL, shop->address);

	CHECK(rig_work(f, &rig).data != 0);
	CHECK_EQ(inherited(), before);
	rig_close(&rig);
	shop_end(shop);
}

/* By a token, which the server keeps until the buffer is gone. */
CONFORMANCE_CASE(process, share_buffer_over_socket)
{
	struct shop *shop = shop_open(f, 4);
	struct rig one = rig_open(f, NULL, shop->address), two = rig_open(f, NULL, shop->address);
	const road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_HOST, .bytes = 4096};
	unsigned char bytes[64], back[64] = {0};
	road_buffer *mine = NULL, *theirs = NULL, *none = NULL;
	road_token token, for_us, for_another;

	fixture_fill_random(f, bytes, sizeof(bytes));
	CHECK_OK(road_buffer_create(one.space, &options, &mine));
	CHECK_OK(road_buffer_export_token(mine, &token));
	CHECK_OK(road_buffer_export_token_to(mine, (uint32_t)getpid(), &for_us));
	CHECK_OK(road_buffer_export_token_to(mine, 1, &for_another));
	CHECK_EQ(shop_settled(shop, 2).tokens, 3);
	CHECK_STATUS(road_buffer_import_token(two.space, &for_another, &none), ROAD_PERMISSION);
	CHECK_OK(road_buffer_import_token(two.space, &for_us, &theirs));
	road_buffer_release(theirs);
	CHECK_OK(road_buffer_import_token(two.space, &token, &theirs));
	CHECK_OK(road_queue_write(one.queue, mine, 0, bytes, sizeof(bytes), NULL));
	CHECK_OK(road_queue_drain(one.queue, SOON));
	if (fixture_has(f, CAPABILITY_NONCOHERENT)) {
		CHECK_OK(road_buffer_invalidate(mine, 0, sizeof(bytes)));
		CHECK_OK(road_buffer_flush(theirs, 0, sizeof(bytes)));
	}
	road_buffer_release(mine);
	CHECK_OK(road_queue_read(two.queue, back, theirs, 0, sizeof(back), NULL));
	CHECK_OK(road_queue_drain(two.queue, SOON));
	CHECK_SAME(bytes, back, sizeof(bytes));
	CHECK_EQ(shop_settled(shop, 2).tokens, 0);
	CHECK_STATUS(road_buffer_import_token(two.space, &token, &none), ROAD_NOT_FOUND);
	CHECK_DETAIL("token is not valid");
	/* One that a server keeps is nothing to a device that no server has. */
	CHECK_STATUS(road_buffer_import_token(f->space, &token, &none), ROAD_UNSUPPORTED);
	CHECK(!none);
	road_buffer_release(theirs);
	rig_close(&one);
	rig_close(&two);
	shop_end(shop);
}

/* A client that closes its device, or its space, shares nothing any more. */
CONFORMANCE_CASE(process, share_ends_with_space_and_device)
{
	struct shop *shop = shop_open(f, 4);
	struct rig one = rig_open(f, NULL, shop->address), two = rig_open(f, NULL, shop->address);
	const road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_HOST, .bytes = 4096};
	road_buffer *buffer = NULL;
	road_event *event = NULL;
	road_token token;

	CHECK_OK(road_event_create(one.instance, 0, &event));
	CHECK_OK(road_buffer_create(one.space, &options, &buffer));
	CHECK_OK(road_event_export_token(event, one.device, 0, &token));
	CHECK_OK(road_event_export_token(event, two.device, 0, &token));
	CHECK_OK(road_buffer_export_token(buffer, &token));
	CHECK_EQ(shop_settled(shop, 2).tokens, 3);
	CHECK_OK(road_space_close(one.space));
	CHECK_EQ(shop_settled(shop, 2).tokens, 2);
	road_buffer_release(buffer);
	rig_close(&one);
	CHECK_EQ(shop_settled(shop, 1).tokens, 1); /* the event's, at the other device */
	road_event_release(event);
	CHECK_EQ(shop_settled(shop, 1).tokens, 0);
	rig_close(&two);
	shop_end(shop);
}

/* Work of one client waits for work of another. */
CONFORMANCE_CASE(process, share_event_over_socket)
{
	struct shop *shop = shop_open(f, 4);
	struct rig one = rig_open(f, NULL, shop->address), two = rig_open(f, NULL, shop->address);
	road_event *mine = NULL, *theirs = NULL, *none = NULL;
	road_token token;
	road_point done;

	CHECK_OK(road_event_create(one.instance, 0, &mine));
	CHECK_OK(road_event_export_token(mine, one.device, 0, &token));
	CHECK_OK(road_event_import_token(two.device, &token, &theirs));
	const road_point awaited = {theirs, 1}, signalled = {mine, 1};
	const road_submission after = {.size = sizeof(after), .waits = &awaited, .wait_count = 1};
	const road_submission before = {
		.size = sizeof(before), .signals = &signalled, .signal_count = 1};

	CHECK_OK(road_queue_submit(two.queue, &after, &done));
	CHECK_STATUS(road_point_wait(done, 0), ROAD_TIMEOUT);
	CHECK_OK(road_queue_submit(one.queue, &before, NULL));
	CHECK_OK(road_point_wait(done, SOON));
	road_event_release(mine);
	CHECK_STATUS(road_event_import_token(two.device, &token, &none), ROAD_NOT_FOUND);
	CHECK(!none);
	road_event_release(theirs);
	rig_close(&one);
	rig_close(&two);
	shop_end(shop);
}

/* ---- a server in a process of its own ---- */

pid_t process_serve(struct fixture *f, const char *path)
{
	int said[2];
	char line[128];

	REQUIRE(!pipe2(said, O_CLOEXEC));
	const pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (!pid) {
		dup2(said[1], STDOUT_FILENO);
		execl(machine_command(), "roadbed", "serve", f->address, "--socket", path,
		      "--quiet", (char *)NULL);
		_exit(127);
	}
	close(said[1]);
	/* It says its address when it can be opened. */
	REQUIRE(read(said[0], line, sizeof(line)) > 0);
	close(said[0]);
	return pid;
}

/* ---- one whose allocations are counted ---- */

int process_server_main(const struct fixture_where *where, const char *path)
{
	const road_instance_options plain = {.size = sizeof(plain),
					     .library_folder = where->libraries};
	const road_sim_server_options options = {.size = sizeof(options),
						 .address_count = 1,
						 .addresses = &where->address,
						 .socket_path = path};
	struct pollfd asked = {.fd = STDIN_FILENO, .events = POLLIN};
	road_instance *instance = NULL;
	road_sim_server *server = NULL;
	char byte = 0;

	if (road_instance_create(&plain, &instance) ||
	    road_sim_server_create(instance, &options, &server)) {
		road_error why = {.size = sizeof(why)};

		(void)road_last_error(&why);
		fprintf(stderr, "roadbed conformance: --serve: %s: %s (%s)\n", why.where, why.what,
			why.seen);
		return 1;
	}
	while (write(STDOUT_FILENO, &(uint64_t){allocations_live()}, sizeof(uint64_t)) > 0) {
		while (poll(&asked, 1, 0) <= 0)
			(void)road_sim_server_run(server, road_deadline_after(RUN_NS));
		if (read(STDIN_FILENO, &byte, 1) <= 0)
			break;
	}
	road_sim_server_release(server);
	road_instance_release(instance);
	return 0;
}

struct process_server process_serve_counted(struct fixture *f, const char *path)
{
	struct process_server server;
	int asks[2], says[2];
	uint64_t ready;

	REQUIRE(!pipe2(asks, O_CLOEXEC) && !pipe2(says, O_CLOEXEC));
	server = (struct process_server){.pid = fork(), .ask = asks[1], .said = says[0]};
	REQUIRE(server.pid >= 0);
	if (!server.pid) {
		dup2(asks[0], STDIN_FILENO);
		dup2(says[1], STDOUT_FILENO);
		execl("/proc/self/exe", "roadbed-conformance", f->address, "--serve", path,
		      (char *)NULL);
		_exit(127);
	}
	close(asks[0]);
	close(says[1]);
	REQUIRE_EQ(read(server.said, &ready, sizeof(ready)), (ssize_t)sizeof(ready));
	return server;
}

uint64_t process_allocations(const struct process_server *server)
{
	uint64_t live = 0;

	REQUIRE_EQ(write(server->ask, "?", 1), 1);
	REQUIRE_EQ(read(server->said, &live, sizeof(live)), (ssize_t)sizeof(live));
	return live;
}

int process_stop(struct process_server *server)
{
	close(server->ask);
	const int status = process_end(server->pid);

	close(server->said);
	return status;
}

CONFORMANCE_CASE(process, server_crash_is_device_lost)
{
	const char *path = abi_socket(f);
	char address[ADDRESS_BYTES];
	const pid_t server = process_serve(f, path);
	uint32_t health = 0;
	uint64_t resets = 0;
	road_point point;

	snprintf(address, sizeof(address), "sock:%s", path);
	struct rig rig = rig_open(f, NULL, address);
	road_event *gate = NULL;

	CHECK(rig_work(f, &rig).data != 0);
	CHECK_OK(road_event_create(rig.instance, 0, &gate));
	const road_point closed = {gate, 1};
	const road_submission held = {.size = sizeof(held), .waits = &closed, .wait_count = 1};

	CHECK_OK(road_queue_submit(rig.queue, &held, &point));
	kill(server, SIGKILL);
	(void)process_end(server);
	/* Who waits hears it. */
	CHECK_STATUS(road_point_wait(point, SOON), ROAD_DEVICE_LOST);
	CHECK_OK(road_device_health(rig.device, &health, &resets));
	CHECK_EQ(health, ROAD_HEALTH_LOST);
	CHECK_STATUS(road_queue_submit(rig.queue, &held, &point), ROAD_DEVICE_LOST);
	road_event_release(gate);
	rig_close(&rig);
	unlink(path);
}

CONFORMANCE_CASE(process, server_restart_is_new_device)
{
	const char *path = abi_socket(f);
	char address[ADDRESS_BYTES];
	pid_t server = process_serve(f, path);
	uint32_t health = 0;
	uint64_t resets = 0;

	snprintf(address, sizeof(address), "sock:%s", path);
	struct rig old = rig_open(f, NULL, address);
	const struct outcome wanted = rig_work(f, &old);

	kill(server, SIGKILL);
	(void)process_end(server);
	server = process_serve(f, path); /* where the old socket still lies */
	struct rig new = rig_open(f, old.instance, address);

	CHECK(new.device != old.device);
	CHECK_EQ(rig_work(f, &new).data, wanted.data);
	CHECK_OK(road_device_health(old.device, &health, &resets));
	CHECK_EQ(health, ROAD_HEALTH_LOST);
	rig_close(&new);
	rig_close(&old);
	kill(server, SIGTERM);
	CHECK_EQ(process_end(server), 0);
	CHECK_EQ(access(path, F_OK), -1);
}

/* ---- clients that mean harm ---- */

static int raw_client(const char *address)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + strlen("sock:"));
	REQUIRE(sock >= 0);
	REQUIRE(!connect(sock, (const struct sockaddr *)&name, sizeof(name)));
	return sock;
}

CONFORMANCE_CASE(process, hostile_message_refused)
{
	struct shop *shop = shop_open(f, 4);
	struct rig rig = rig_open(f, NULL, shop->address);
	const struct outcome wanted = rig_work(f, &rig);
	unsigned char noise[4096];

	for (int i = 0; i < 20; i++) {
		const int sock = raw_client(shop->address);

		fixture_fill_random(f, noise, sizeof(noise));
		(void)!send(sock, noise, sizeof(noise), MSG_NOSIGNAL);
		while (recv(sock, noise, sizeof(noise), 0) > 0) /* until it hangs up */
			;
		close(sock);
		CHECK_EQ(rig_work(f, &rig).data, wanted.data);
	}
	CHECK_EQ(shop_settled(shop, 1).dropped, 20);
	rig_close(&rig);
	shop_end(shop);
}

CONFORMANCE_CASE(process, client_quota_enforced)
{
	struct shop *shop = shop_open(f, 2);
	struct rig one = rig_open(f, NULL, shop->address), two = rig_open(f, NULL, shop->address);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = NULL;

	CHECK(road_device_open(instance, shop->address, &device) != ROAD_OK);
	CHECK_EQ(shop_settled(shop, 2).refused, 1);
	rig_close(&two);
	shop_settled(shop, 1);
	CHECK_OK(road_device_open(instance, shop->address, &device));
	road_device_release(device);
	rig_close(&one);
	shop_end(shop);
}

/* The chip has so many functions for clients; the server has one for itself. */
CONFORMANCE_CASE(process, client_functions_enforced)
{
	struct shop *shop = shop_of(f, 8, 2);
	struct rig one = rig_open(f, NULL, shop->address), two = rig_open(f, NULL, shop->address);
	const struct outcome wanted = rig_work(f, &one);
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_device *device = NULL;

	CHECK_EQ(rig_work(f, &two).data, wanted.data);
	CHECK_STATUS(road_device_open(instance, shop->address, &device), ROAD_BUSY);
	CHECK_DETAIL("all functions of this chip are in use");
	rig_close(&two);
	shop_settled(shop, 1);
	two = rig_open(f, NULL, shop->address);
	CHECK_EQ(rig_work(f, &two).data, wanted.data);
	CHECK_EQ(rig_work(f, &one).data, wanted.data);
	rig_close(&one);
	rig_close(&two);
	shop_end(shop);
}

/* The server restarts the chip; its clients have lost their devices, and open it anew. */
CONFORMANCE_CASE(process, firmware_crash_is_device_lost)
{
	struct shop *shop = shop_open(f, 4);
	struct rig rig = rig_open(f, NULL, shop->address);
	const struct outcome wanted = rig_work(f, &rig);
	uint32_t health = 0;
	uint64_t resets = 0;

	if (shop->physical) { /* else each client boots a chip of its own */
		CHECK_OK(road_sim_boot_fault(shop->physical, ROAD_SIM_BOOT_CRASH, 0, 0));
		shop_settled(shop, 0);
		for (int ms = 0; ms < 60000 && health != ROAD_HEALTH_LOST; ms++) {
			CHECK_OK(road_device_health(rig.device, &health, &resets));
			poll(NULL, 0, 1);
		}
		CHECK_STATUS(road_queue_submit(rig.queue, NULL, NULL), ROAD_DEVICE_LOST);
	}
	rig_close(&rig);
	rig = rig_open(f, NULL, shop->address);
	CHECK_EQ(rig_work(f, &rig).data, wanted.data);
	rig_close(&rig);
	shop_end(shop);
}
