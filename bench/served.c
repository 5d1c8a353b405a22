/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated chip in another process, by `roadbed serve` of this very program: what an empty
 * submission and a copy cost across processes. */
#include "bench/bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000 };

static const char chip[] = "sim:a100-sxm4-80gb?time=functional";

struct shop {
	char folder[32], socket[48], address[56];
	pid_t process; /* 0: none */
};

/* It prints its address once who comes is served. */
static bool await_line(int from)
{
	struct pollfd fd = {from, POLLIN, 0};
	char line[128];

	return poll(&fd, 1, START_MS) > 0 && read(from, line, sizeof(line)) > 0;
}

static bool start(struct shop *shop)
{
	char *const words[] = {
		(char *)"roadbed", (char *)"serve",   (char *)chip, (char *)"--socket",
		shop->socket,      (char *)"--quiet", NULL};
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int ends[2];

	if (pipe(ends))
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	const bool spawned =
		!posix_spawn(&shop->process, "/proc/self/exe", &actions, NULL, words, environ);

	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	const bool serves = spawned && await_line(ends[0]);

	close(ends[0]);
	if (!spawned)
		shop->process = 0;
	return serves;
}

static bool shop_open(struct shop *shop)
{
	*shop = (struct shop){.folder = "/tmp/roadbed-bench-XXXXXX"};
	if (!mkdtemp(shop->folder)) {
		shop->folder[0] = 0;
		return false;
	}
	snprintf(shop->socket, sizeof(shop->socket), "%s/chips", shop->folder);
	snprintf(shop->address, sizeof(shop->address), "sock:%s", shop->socket);
	return start(shop);
}

static void shop_close(struct shop *shop)
{
	if (shop->process) {
		kill(shop->process, SIGTERM);
		while (waitpid(shop->process, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (shop->folder[0])
		rmdir(shop->folder);
}

void bench_served(struct bench *bench)
{
	struct shop shop;

	if (shop_open(&shop)) {
		bench_empty(bench, shop.address, "empty submit + wait, served A100 functional",
			    15000, 5000);
		bench_copy_on(bench, shop.address, ROAD_HEAP_DEVICE, "copy 64 MiB, served A100");
		bench_copy_on(bench, shop.address, ROAD_HEAP_HOST,
			      "copy 64 MiB of host memory to it, served A100");
	} else {
		bench_skip(bench, "served A100", "no server could be started");
	}
	shop_close(&shop);
}
