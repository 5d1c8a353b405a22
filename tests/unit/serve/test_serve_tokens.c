/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that clients share by tokens: who may have it, for how long, and how much of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"

static const char *const chips[] = {"sim:edu", "sim:gpu-small"};

enum { EDU, GPU, BYTES = 8192, SEALS = F_SEAL_SHRINK | F_SEAL_GROW, CLIENTS = 4 };

static const struct road_wire_device_info info = {.argsz = sizeof(info)};

static void join(struct rig_server *server, struct rig_client *out)
{
	rig_connect(server, out);
	CU_ASSERT_EQUAL_FATAL(rig_greet(out), 0);
	CU_ASSERT_EQUAL_FATAL(rig_ask(out, ROAD_WIRE_DEVICE_INFO, &info, sizeof(info), NULL, 0), 0);
}

static int share(struct rig_client *client, struct road_wire_share what, int fd,
		 struct road_wire_token *out)
{
	const int error = rig_ask(client, ROAD_WIRE_ROAD_SHARE, &what, sizeof(what), &fd, 1);

	if (!error)
		memcpy(out, client->in.bytes + sizeof(struct road_wire_header), sizeof(*out));
	return error;
}

/* *fd: the memory; -1: none came. */
static int obtain(struct rig_client *client, const struct road_wire_token *token, uint32_t kind,
		  int *fd)
{
	const struct road_wire_obtain ask = {.token = *token, .kind = kind};
	const int error = rig_ask(client, ROAD_WIRE_ROAD_OBTAIN, &ask, sizeof(ask), NULL, 0);

	*fd = error ? -1 : road_wire_take_fd(&client->in, 0);
	return error;
}

/* Asks for it and gives it back. */
static int try_obtain(struct rig_client *client, const struct road_wire_token *token, uint32_t kind)
{
	int fd;
	const int error = obtain(client, token, kind, &fd);

	if (fd >= 0)
		close(fd);
	return error;
}

static int ask_revoke(struct rig_client *client, uint64_t object)
{
	return rig_ask(client, ROAD_WIRE_ROAD_REVOKE, &object, sizeof(object), NULL, 0);
}

/* Two clients of a server, and memory of the first one's. */
struct scene {
	struct rig_server *server;
	struct rig_client one, two;
	int memory, fds_before;
};

static struct scene begin(void)
{
	struct scene scene = {.server = rig_serve(chips, 2, CLIENTS)};

	rig_settled(scene.server, 0);
	scene.fds_before = rig_fds_open();
	join(scene.server, &scene.one);
	join(scene.server, &scene.two);
	scene.memory = rig_memory(BYTES, SEALS);
	return scene;
}

/* Nothing is left of what was shared, whoever ended first. */
static void end(struct scene *scene)
{
	rig_leave(&scene->one);
	rig_leave(&scene->two);
	close(scene->memory);
	CU_ASSERT_EQUAL(rig_settled(scene->server, 0).tokens, 0);
	CU_ASSERT_EQUAL(rig_fds_open(), scene->fds_before);
	rig_end(scene->server);
}

static const struct road_wire_share buffer = {ROAD_BUS_SHARE_BUFFER, 0, 7, BYTES};

static void a_token_is_the_memory_of_another_client(void)
{
	struct scene scene = begin();
	struct road_wire_token token;
	struct stat mine, theirs;
	int fd;

	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	CU_ASSERT_EQUAL_FATAL(obtain(&scene.two, &token, ROAD_BUS_SHARE_BUFFER, &fd), 0);
	CU_ASSERT_EQUAL_FATAL(fstat(scene.memory, &mine), 0);
	CU_ASSERT_EQUAL_FATAL(fstat(fd, &theirs), 0);
	CU_ASSERT(mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev);
	CU_ASSERT_EQUAL(fcntl(fd, F_GET_SEALS), SEALS);
	close(fd);
	/* As often as one likes; also who made it. */
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &token, ROAD_BUS_SHARE_BUFFER), 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.one, &token, ROAD_BUS_SHARE_BUFFER), 0);
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).tokens, 1);
	end(&scene);
}

static void a_client_of_another_chip_of_the_server_may_have_it(void)
{
	struct scene scene = begin();
	struct road_bus *bus = rig_open(scene.server, GPU);
	const struct road_bus_control *control = road_bus_control_of(bus);
	struct road_wire_token token;
	road_token bytes;
	uint64_t count = 0;
	int fd = -1;

	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	memcpy(&bytes, &token, sizeof(bytes));
	CU_ASSERT_EQUAL(control->obtain(bus, ROAD_BUS_SHARE_BUFFER, &bytes, &fd, &count), ROAD_OK);
	CU_ASSERT(fd >= 0);
	CU_ASSERT_EQUAL(count, BYTES);
	close(fd);
	bus->ops->close(bus);
	end(&scene);
}

static void no_bit_of_a_token_may_be_another_one(void)
{
	struct scene scene = begin();
	struct road_wire_token token, other, bad;
	struct road_wire_share second = buffer;

	second.object = 8;
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, second, scene.memory, &other), 0);
	for (size_t bit = 0; bit < 8 * sizeof(bad); bit++) {
		bad = token;
		((unsigned char *)&bad)[bit / 8] ^= (unsigned char)(1u << bit % 8);
		CU_ASSERT_EQUAL(try_obtain(&scene.two, &bad, ROAD_BUS_SHARE_BUFFER), ENOENT);
	}
	/* What is secret of one opens nothing else, and is not the other's. */
	CU_ASSERT(memcmp(token.secret, other.secret, sizeof(token.secret)) != 0);
	memcpy(bad.secret, other.secret, sizeof(bad.secret));
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &bad, ROAD_BUS_SHARE_BUFFER), ENOENT);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &token, ROAD_BUS_SHARE_EVENT), ENOENT);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &token, ROAD_BUS_SHARES), EINVAL);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &token, ROAD_BUS_SHARE_BUFFER), 0);
	end(&scene);
}

static void secrets_are_random(void)
{
	struct rig_server *server = rig_serve(chips, 1, CLIENTS);
	struct road_wire_token tokens[ROAD_WIRE_TOKENS_MAX];
	const int memory = rig_memory(BYTES, SEALS);
	struct rig_client client;
	unsigned ones = 0;

	join(server, &client);
	for (uint32_t i = 0; i < ROAD_WIRE_TOKENS_MAX; i++) {
		struct road_wire_share what = buffer;

		what.object = i;
		CU_ASSERT_EQUAL_FATAL(share(&client, what, memory, &tokens[i]), 0);
		for (uint32_t word = 0; word < 2; word++)
			ones += (unsigned)__builtin_popcountll(tokens[i].secret[word]);
		for (uint32_t k = 0; k < i; k++)
			CU_ASSERT(tokens[k].secret[0] != tokens[i].secret[0] &&
				  tokens[k].secret[1] != tokens[i].secret[1]);
	}
	/* 8192 bits: half of them, give or take ten standard deviations. */
	CU_ASSERT(ones > 4096 - 453 && ones < 4096 + 453);
	close(memory);
	rig_leave(&client);
	rig_end(server);
}

static void a_token_ends_when_it_is_revoked(void)
{
	struct scene scene = begin();
	struct road_wire_token first, second, again;
	struct road_wire_share other = buffer;
	int fd;

	other.object = 8;
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &first), 0);
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, other, scene.memory, &second), 0);
	CU_ASSERT_EQUAL_FATAL(obtain(&scene.two, &first, ROAD_BUS_SHARE_BUFFER, &fd), 0);
	/* Nobody revokes what another one made, whatever number it has there. */
	CU_ASSERT_EQUAL(ask_revoke(&scene.two, buffer.object), 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &first, ROAD_BUS_SHARE_BUFFER), 0);
	CU_ASSERT_EQUAL(ask_revoke(&scene.one, buffer.object), 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &first, ROAD_BUS_SHARE_BUFFER), ENOENT);
	CU_ASSERT_EQUAL(try_obtain(&scene.one, &first, ROAD_BUS_SHARE_BUFFER), ENOENT);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &second, ROAD_BUS_SHARE_BUFFER), 0);
	CU_ASSERT_EQUAL(ask_revoke(&scene.one, buffer.object), 0); /* there is none: no mistake */
	/* The next one for the same is another. */
	CU_ASSERT_EQUAL(share(&scene.one, buffer, scene.memory, &again), 0);
	CU_ASSERT(memcmp(again.secret, first.secret, sizeof(first.secret)) != 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &first, ROAD_BUS_SHARE_BUFFER), ENOENT);
	/* What was had is kept. */
	CU_ASSERT_EQUAL(ftruncate(fd, 2 * BYTES), -1);
	CU_ASSERT_EQUAL(pwrite(fd, "x", 1, 0), 1);
	close(fd);
	end(&scene);
}

static void a_token_ends_with_its_client(void)
{
	struct scene scene = begin();
	struct road_wire_token token;

	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	rig_leave(&scene.one); /* as a process that is killed */
	CU_ASSERT_EQUAL(rig_settled(scene.server, 1).tokens, 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &token, ROAD_BUS_SHARE_BUFFER), ENOENT);
	join(scene.server, &scene.one);
	end(&scene);
}

static void a_server_knows_only_its_own_tokens(void)
{
	struct scene scene = begin(), other = begin();
	struct road_wire_token token, theirs;

	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	CU_ASSERT_EQUAL_FATAL(share(&other.one, buffer, other.memory, &theirs), 0);
	CU_ASSERT_EQUAL(token.number, theirs.number); /* so it is not that which differs */
	CU_ASSERT_NOT_EQUAL(token.server, theirs.server);
	CU_ASSERT_EQUAL(try_obtain(&other.two, &token, ROAD_BUS_SHARE_BUFFER), ENOENT);
	/* The second was opened while the first one was there. */
	rig_leave(&other.one);
	rig_leave(&other.two);
	close(other.memory);
	rig_end(other.server);
	end(&scene);
}

static void the_same_for_the_same(void)
{
	struct scene scene = begin();
	struct road_wire_token token, again, other;
	struct road_wire_share for_one = buffer;

	for_one.process = (uint32_t)getpid();
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &token), 0);
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &again), 0);
	CU_ASSERT_EQUAL(memcmp(&token, &again, sizeof(token)), 0);
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, for_one, scene.memory, &other), 0);
	CU_ASSERT_NOT_EQUAL(other.number, token.number);
	/* Another client's object of the same number is another one. */
	CU_ASSERT_EQUAL_FATAL(share(&scene.two, buffer, scene.memory, &again), 0);
	CU_ASSERT_NOT_EQUAL(again.number, token.number);
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).tokens, 3);
	CU_ASSERT_EQUAL(ask_revoke(&scene.one, buffer.object), 0); /* both of its own */
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).tokens, 1);
	end(&scene);
}

/* What another process is answered, which has the token; as its exit status. */
static int ask_elsewhere(struct rig_server *server, const struct road_wire_token *token)
{
	int status = -1;
	const pid_t child = fork();

	CU_ASSERT_FATAL(child >= 0);
	if (!child) {
		struct rig_client client;

		join(server, &client);
		_exit(try_obtain(&client, token, ROAD_BUS_SHARE_BUFFER));
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_token_for_one_process_is_for_no_other(void)
{
	struct scene scene = begin();
	struct road_wire_token mine, nobody, any;
	struct road_wire_share what = buffer;

	what.process = (uint32_t)getpid();
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, what, scene.memory, &mine), 0);
	what.process = 1;
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, what, scene.memory, &nobody), 0);
	CU_ASSERT_EQUAL_FATAL(share(&scene.one, buffer, scene.memory, &any), 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &mine, ROAD_BUS_SHARE_BUFFER), 0);
	CU_ASSERT_EQUAL(try_obtain(&scene.two, &nobody, ROAD_BUS_SHARE_BUFFER), EACCES);
	CU_ASSERT_EQUAL(ask_elsewhere(scene.server, &any), 0);
	CU_ASSERT_EQUAL(ask_elsewhere(scene.server, &mine), EACCES);
	/* Who has not all of it is told nothing of whom it is for. */
	mine.secret[1] ^= 1;
	CU_ASSERT_EQUAL(ask_elsewhere(scene.server, &mine), ENOENT);
	end(&scene);
}

/* The end of a connection that a process of this user made. */
static int connect_as(uid_t user, int listener, const struct sockaddr_un *name)
{
	const pid_t pid = fork();
	int status = 0;

	if (!pid) {
		const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		_exit(setresuid(user, user, user) ||
		      connect(sock, (const struct sockaddr *)name, sizeof(*name)));
	}
	CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL_FATAL(status, 0);
	const int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	CU_ASSERT_FATAL(sock >= 0);
	return sock;
}

static void who_is_of_another_user_is_none_of_ours(void)
{
	static const uid_t users[] = {0, 1, 65534};
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint32_t process = 0;

	if (geteuid()) {
		printf("# only the superuser can be another user\n");
		close(listener);
		return;
	}
	/* No file: its rights would keep others away before anybody looks. */
	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "roadbed-test-%d", (int)getpid());
	CU_ASSERT_EQUAL_FATAL(bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(listener, 1), 0);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		const int sock = connect_as(users[i], listener, &name);

		CU_ASSERT_EQUAL(road_serve_peer(sock, &process), users[i] == 0);
		close(sock);
	}
	CU_ASSERT(process && process != (uint32_t)getpid());
	close(listener);
}

static void a_client_has_so_many_tokens_and_no_more(void)
{
	struct scene scene = begin();
	struct road_wire_share what = buffer;
	struct road_wire_token token, none;

	for (what.object = 0; what.object < ROAD_WIRE_TOKENS_MAX; what.object++)
		CU_ASSERT_EQUAL_FATAL(share(&scene.one, what, scene.memory, &token), 0);
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &none), ENOSPC);
	/* The bound is of each client; one that is there is no new one; one that goes makes room.
	 */
	CU_ASSERT_EQUAL(share(&scene.two, what, scene.memory, &none), 0);
	what.object = 0;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &none), 0);
	CU_ASSERT_EQUAL(ask_revoke(&scene.one, 5), 0);
	what.object = 1000;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &none), 0);
	what.object = 1001;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &none), ENOSPC);
	end(&scene);
}

static void a_client_shares_so_many_bytes_and_no_more(void)
{
	struct scene scene = begin();
	const uint64_t half = UINT64_C(1) << 39;
	struct road_wire_share what = {ROAD_BUS_SHARE_BUFFER, 0, 0, half};
	const int memory = rig_memory(2 * half, SEALS);
	struct road_wire_token token;

	CU_ASSERT_EQUAL(share(&scene.one, what, memory, &token), 0);
	what.object = 1;
	CU_ASSERT_EQUAL(share(&scene.one, what, memory, &token), 0);
	what.object = 2;
	what.bytes = 1;
	CU_ASSERT_EQUAL(share(&scene.one, what, memory, &token), ENOSPC);
	CU_ASSERT_EQUAL(ask_revoke(&scene.one, 0), 0);
	CU_ASSERT_EQUAL(share(&scene.one, what, memory, &token), 0);
	close(memory);
	end(&scene);
}

static void what_is_no_sealed_memory_is_not_shared(void)
{
	struct scene scene = begin();
	struct road_wire_share what = buffer;
	struct road_wire_token token;
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	const int unsealed = rig_memory(BYTES, 0);
	const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	const int bad[] = {unsealed, file, ends[0]};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(share(&scene.one, buffer, bad[i], &token) > 0);
	what.bytes = BYTES + 1;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &token), EINVAL);
	what.bytes = 0;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &token), EINVAL);
	what.bytes = UINT64_MAX;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &token), EINVAL);
	what = buffer;
	what.kind = ROAD_BUS_SHARES;
	CU_ASSERT_EQUAL(share(&scene.one, what, scene.memory, &token), EINVAL);
	CU_ASSERT_EQUAL(rig_ask(&scene.one, ROAD_WIRE_ROAD_SHARE, &buffer, sizeof(buffer), NULL, 0),
			EINVAL);
	CU_ASSERT_EQUAL(rig_settled(scene.server, 2).tokens, 0);
	close(unsealed);
	close(file);
	close(ends[0]);
	close(ends[1]);
	end(&scene);
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(a_token_is_the_memory_of_another_client),
	CASE(a_client_of_another_chip_of_the_server_may_have_it),
	CASE(no_bit_of_a_token_may_be_another_one),
	CASE(secrets_are_random),
	CASE(a_token_ends_when_it_is_revoked),
	CASE(a_token_ends_with_its_client),
	CASE(a_server_knows_only_its_own_tokens),
	CASE(the_same_for_the_same),
	CASE(a_token_for_one_process_is_for_no_other),
	CASE(who_is_of_another_user_is_none_of_ours),
	CASE(a_client_has_so_many_tokens_and_no_more),
	CASE(a_client_shares_so_many_bytes_and_no_more),
	CASE(what_is_no_sealed_memory_is_not_shared),
};

TAP_MAIN(cases)
