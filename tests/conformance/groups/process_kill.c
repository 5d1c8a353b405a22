/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are killed in the middle of what they do: the server, a process of its own, has
 * afterwards what it had before, and a client that was there all the time notices nothing.
 */
#include "tests/conformance/allocations.h"
#include "tests/conformance/groups/abi.h"
#include "tests/conformance/groups/process.h"
#include "tests/conformance/groups/rig.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	KILLS = 6,
	KILLS_SOAK = 1000,
	WARM = 4, /* the first few grow tables that stay */
	HEAP_KIB =
		1024, /* what an allocator may keep to itself: 1 KiB a kill of a soak is a leak */
	POOLS = 64,   /* allocations that pools may keep in all: 6 after 1 000 kills */
	PATIENCE_MS = 60000,
	STEADY_LOOKS = 20,
	LIFE_MS = 60
};

#define CHIP_MEMORY "/memfd:simulated chip memory"

/* ---- what the server has ---- */

struct held {
	unsigned fds;      /* descriptors */
	unsigned maps;     /* mappings of shared memory */
	uint64_t chip_kib; /* the memory of its chips: of memfds of that name */
	uint64_t heap_kib; /* resident and private */
};

/* Descriptors, and the memory behind those of chips. The pages of its clients are others: the one
 * that stays touches its own piece by piece. */
static void count_fds(pid_t server, struct held *out)
{
	char path[64], file[320], target[64];
	struct dirent *entry;
	struct stat stat_of;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server);
	DIR *folder = opendir(path);

	REQUIRE(folder);
	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		const ssize_t length = readlink(file, target, sizeof(target) - 1);

		target[length < 0 ? 0 : length] = 0;
		out->fds++;
		if (!strncmp(target, CHIP_MEMORY, strlen(CHIP_MEMORY)) && !stat(file, &stat_of))
			out->chip_kib += (uint64_t)stat_of.st_blocks / 2;
	}
	closedir(folder);
}

static void read_lines(pid_t server, const char *name, struct held *out)
{
	char path[64], line[512];
	unsigned long kib;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)server, name);
	FILE *file = fopen(path, "re");

	REQUIRE(file);
	while (fgets(line, sizeof(line), file)) {
		out->maps += strstr(line, "/memfd:") != NULL;
		if (sscanf(line, "RssAnon: %lu", &kib) == 1)
			out->heap_kib = kib;
	}
	fclose(file);
}

static struct held look(pid_t server)
{
	struct held held = {0};

	count_fds(server, &held);
	read_lines(server, "maps", &held);
	read_lines(server, "status", &held);
	return held;
}

/* Once it has let go of who left; or what it holds on to after a minute. */
static struct held settled(pid_t server, const struct held *before)
{
	struct held held = look(server);

	for (int ms = 0; ms < PATIENCE_MS && (held.fds != before->fds || held.maps != before->maps);
	     ms++) {
		poll(NULL, 0, 1);
		held = look(server);
	}
	return held;
}

/* What it has when nothing changes any more: who works with it lets go of some in its own time. */
static struct held steady(pid_t server)
{
	struct held held = look(server);
	int same = 0;

	for (int ms = 0; ms < PATIENCE_MS && same < STEADY_LOOKS; ms++) {
		poll(NULL, 0, 1);
		const struct held next = look(server);

		same = memcmp(&next, &held, sizeof(held)) ? 0 : same + 1;
		held = next;
	}
	return held;
}

/* ---- killing ---- */

/* One that works, and is killed some time later; or ended before. Was it connected? */
static bool kill_one(struct fixture *f, pid_t server, const char *address, const char *name,
		     unsigned fds)
{
	siginfo_t ended = {0};
	int said;
	const pid_t pid = process_client_begun(address, name, &said);

	for (int ms = 0; ms < PATIENCE_MS && look(server).fds == fds && !ended.si_pid; ms++) {
		poll(NULL, 0, 1);
		REQUIRE(!waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT));
	}
	poll(NULL, 0, (int)(fixture_random(f) % LIFE_MS));
	const bool connected = look(server).fds != fds;

	kill(pid, SIGKILL);
	(void)process_end(pid);
	close(said);
	return connected;
}

/* What a leak would add with every kill. Pools grow, too, but not each time. */
struct growth {
	struct held last;
	uint64_t first_allocations, last_allocations;
	int kills, more_allocations, more_heap;
};

static void note_growth(struct growth *growth, const struct held *left, uint64_t allocations)
{
	growth->kills++;
	growth->more_allocations += allocations > growth->last_allocations;
	growth->more_heap += left->heap_kib > growth->last.heap_kib;
	growth->last = *left;
	growth->last_allocations = allocations;
}

static void check_growth(const struct growth *growth, const struct held *first)
{
	const struct held *left = &growth->last;

	/* A sanitizer keeps what was freed. */
	if (allocations_watched() &&
	    (left->heap_kib > first->heap_kib + HEAP_KIB || growth->more_heap == growth->kills))
		CASE_FAIL("the server has %" PRIu64
			  " KiB of its own after %d kills, and had %" PRIu64 "; %d left more",
			  left->heap_kib, growth->kills, first->heap_kib, growth->more_heap);
	if (growth->more_allocations > growth->kills / 2 ||
	    growth->last_allocations > growth->first_allocations + POOLS)
		CASE_FAIL(
			"after %d of %d kills the server had more allocations than before, %" PRId64
			" more in all",
			growth->more_allocations, growth->kills,
			(int64_t)(growth->last_allocations - growth->first_allocations));
}

static void kill_many(struct fixture *f, const char *name)
{
	const char *path = abi_socket(f);
	char address[PROCESS_ADDRESS_BYTES];
	struct process_server server = process_serve_counted(f, path);
	const int kills = f->soak ? KILLS_SOAK : KILLS;
	struct growth growth = {0};
	struct held first;
	int connected = 0;

	snprintf(address, sizeof(address), "sock:%s", path);
	struct rig rig = rig_open(f, NULL, address);
	const struct outcome wanted = rig_work(f, &rig);

	first = steady(server.pid);
	for (int i = -WARM; i < kills; i++) {
		/* The one that stays may touch new pages while it works, and only then. */
		const uint64_t chip_kib = look(server.pid).chip_kib;

		connected += kill_one(f, server.pid, address, name, first.fds) && i >= 0;
		const struct held left = settled(server.pid, &first);

		CHECK_EQ(left.chip_kib, chip_kib);
		CHECK_EQ(rig_work(f, &rig).data, wanted.data);
		if (i < 0) {
			first = growth.last = steady(server.pid);
			growth.first_allocations = process_allocations(&server);
			growth.last_allocations = growth.first_allocations;
			continue;
		}
		CHECK_EQ(left.fds, first.fds);
		CHECK_EQ(left.maps, first.maps);
		note_growth(&growth, &left, process_allocations(&server));
	}
	case_note("%d of %d were connected; more allocations after %d, %" PRId64
		  " in all; more memory after %d, %" PRId64 " KiB in all",
		  connected, kills, growth.more_allocations,
		  (int64_t)(growth.last_allocations - growth.first_allocations), growth.more_heap,
		  (int64_t)(growth.last.heap_kib - first.heap_kib));
	check_growth(&growth, &first);
	rig_close(&rig);
	CHECK_EQ(process_stop(&server), 0);
}

CONFORMANCE_CASE(process, kill9_mid_submit_cleans_up)
{
	kill_many(f, "concurrency.stress_20000_random_ops_seeded");
}

CONFORMANCE_CASE(process, kill9_mid_copy_cleans_up)
{
	kill_many(f, "copy.copy_sizes_sweep");
}

CONFORMANCE_CASE(process, kill9_during_reconfigure)
{
	kill_many(f, "reconfigure.reconfig_1000_cycles_no_leak");
}
