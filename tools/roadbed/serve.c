/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed serve`: simulated chips for other processes, at a socket. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <roadbed/roadbed.h>
#include <roadbed/sim.h>

#include "tools/roadbed/library.h"
#include "tools/roadbed/verbs.h"

#define SECOND_NS UINT64_C(1000000000)

enum { FUNCTIONS = 8 }; /* of a chip, unless it is said: road_sim_server_options */

struct words {
	const char *socket, *clients, *functions, *grace, *ivshmem, *ivshmem_bytes;
	bool quiet;
	uint64_t clients_max, functions_max, grace_s, shared_bytes;
};

/* What signals end: first the serving, then the patience with clients that are still there. */
static road_sim_server *served;
static volatile sig_atomic_t ends;

static void end(int number)
{
	(void)number;
	ends++;
	road_sim_server_stop(served);
}

static void catch_ends(void)
{
	const struct sigaction action = {.sa_handler = end};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void say(void *user, int level, const char *object, const char *text)
{
	const struct words *words = user;

	if (level != ROAD_MESSAGE_INFO || !words->quiet)
		fprintf(stderr, "roadbed: %s%s: %s\n",
			level == ROAD_MESSAGE_ERROR     ? "error: "
			: level == ROAD_MESSAGE_WARNING ? "warning: "
							: "",
			object, text);
}

static uint32_t clients_now(road_sim_server *server)
{
	road_sim_server_info info = {.size = sizeof(info)};

	return road_sim_server_info_get(server, &info) ? 0 : info.clients;
}

/* The address to use, the chip, and what a client has of it. */
static void say_chip(const char *socket, uint32_t index, const char *chip, uint32_t functions)
{
	road_device_info info = {.size = sizeof(info)};
	char number[16] = "", bytes[32];
	road_device *device;

	if (index)
		snprintf(number, sizeof(number), "#%u", index);
	printf("sock:%s%s  %s  ", socket, number, chip);
	if (road_sim_server_device(served, index, &device)) {
		puts("a chip of its own for each client");
		return;
	}
	(void)road_device_info_get(device, &info);
	bytes_as_text(info.memory_bytes, bytes, sizeof(bytes));
	/* Its function 0 is the server's own. */
	printf("%s  %u functions for clients, each with %s\n", info.name, functions,
	       info.memory_bytes ? bytes : "no memory of its own");
	road_device_release(device);
}

/* Clients may finish what they do, for as long as was said. */
static void wait_for_clients(road_sim_server *server, const struct words *words)
{
	road_sim_server_shut(server); /* who came now would lose its chip soon */
	for (uint64_t second = 0; second < words->grace_s && ends < 2; second++) {
		const uint32_t left = clients_now(server);

		if (!left)
			return;
		if (second)
			fprintf(stderr,
				"roadbed: waiting for %u client%s to leave, %" PRIu64 " s more\n",
				left, left == 1 ? "" : "s", words->grace_s - second);
		road_sim_server_run(server, road_deadline_after(SECOND_NS));
	}
}

static void say_end(road_sim_server *server)
{
	road_sim_server_info info = {.size = sizeof(info)};

	if (!road_sim_server_info_get(server, &info))
		fprintf(stderr,
			"roadbed: served %" PRIu64 " clients (%u at a time), refused %" PRIu64
			", threw out %" PRIu64 "\n",
			info.accepted, info.clients_peak, info.refused, info.dropped);
}

static int serve(road_instance *instance, const struct words *words, int argc, char **argv)
{
	const road_sim_server_options options = {
		.size = sizeof(options),
		.address_count = (uint32_t)argc,
		.addresses = (const char *const *)argv,
		.socket_path = words->socket,
		.clients_max = (uint32_t)words->clients_max,
		.functions = words->functions ? (uint32_t)words->functions_max : FUNCTIONS,
		.ivshmem_path = words->ivshmem,
		.ivshmem_bytes = words->shared_bytes,
	};
	road_status status = road_sim_server_create(instance, &options, &served);

	if (status)
		return library_refuse("serve", status);
	catch_ends();
	/* Who waits for these lines may connect. */
	for (uint32_t i = 0; words->socket && i < options.address_count; i++)
		say_chip(words->socket, i, argv[i], options.functions);
	if (words->ivshmem)
		printf("ivshmem %s\n", words->ivshmem);
	fflush(stdout);
	status = road_sim_server_run(served, ROAD_FOREVER);
	wait_for_clients(served, words);
	if (!words->quiet)
		say_end(served);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	road_sim_server_release(served);
	return status ? library_refuse("serve", status) : TOOL_OK;
}

/* Each client may have it hold some two hundred. */
static void want_descriptors(void)
{
	struct rlimit bound;

	if (!getrlimit(RLIMIT_NOFILE, &bound) && bound.rlim_cur < bound.rlim_max) {
		bound.rlim_cur = bound.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &bound); /* else it has as many as before */
	}
}

static int run(struct words *words, int argc, char **argv)
{
	const road_instance_options options = {
		.size = sizeof(options), .message = say, .message_user = words};
	road_instance *instance;

	want_descriptors();
	road_status status = road_instance_create(&options, &instance);

	if (status)
		return library_refuse("starting the library", status);
	const int code = serve(instance, words, argc, argv);

	road_instance_release(instance);
	return code;
}

static int check(struct words *words, int left, struct tool_error *error)
{
	words->clients_max = 64;
	words->grace_s = 5;
	if (!left)
		return tool_error_set(error, "command line", "no address of a chip", "",
				      "sim:CHIP …");
	if (!words->socket && !words->ivshmem)
		return tool_error_set(error, "--socket", "is missing", "", "the path of a socket");
	if (words->ivshmem_bytes &&
	    (!words->ivshmem || !tool_number(words->ivshmem_bytes, strlen(words->ivshmem_bytes),
					     UINT64_C(1) << 36, &words->shared_bytes)))
		return tool_error_set(error, "--ivshmem-bytes", "is no size of a guest's memory",
				      words->ivshmem_bytes,
				      "a power of 2 from 1048576 to 68719476736, with --ivshmem");
	if (words->clients &&
	    (!tool_number(words->clients, strlen(words->clients), 256, &words->clients_max) ||
	     !words->clients_max))
		return tool_error_set(error, "--clients", "is no number of clients", words->clients,
				      "1 to 256");
	if (words->functions &&
	    (!tool_number(words->functions, strlen(words->functions), 63, &words->functions_max) ||
	     !words->functions_max))
		return tool_error_set(error, "--functions", "is no number of functions",
				      words->functions, "1 to 63");
	if (words->grace &&
	    !tool_number(words->grace, strlen(words->grace), 86400, &words->grace_s))
		return tool_error_set(error, "--grace", "is no number of seconds", words->grace,
				      "0 to 86400");
	return 0;
}

int verb_serve(int argc, char **argv)
{
	struct words words = {.quiet = false};
	const struct tool_option options[] = {{"--socket", NULL, &words.socket},
					      {"--clients", NULL, &words.clients},
					      {"--functions", NULL, &words.functions},
					      {"--grace", NULL, &words.grace},
					      {"--ivshmem", NULL, &words.ivshmem},
					      {"--ivshmem-bytes", NULL, &words.ivshmem_bytes},
					      {"--quiet", &words.quiet, NULL},
					      {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0;

	if (!tool_options(options, argc, argv, &left, &error) && !check(&words, left, &error))
		return run(&words, left, argv);
	tool_error_print(&error);
	return TOOL_USAGE;
}
