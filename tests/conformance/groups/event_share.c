/* SPDX-License-Identifier: Apache-2.0 */
/* Events that two processes have: peer.h is what the other one does. */
#include "tests/conformance/case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_peer(struct fixture *f, const char *way, int fd)
{
	char what[32];
	const pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (pid)
		return pid;
	snprintf(what, sizeof(what), "%s:%d", way, fd);
	(void)fcntl(fd, F_SETFD, 0);
	execl("/proc/self/exe", "roadbed-conformance", f->address, "--peer", what, (char *)NULL);
	_exit(127);
}

/* All of the other process's waits have deadlines, and so has this one. */
static void end_peer(pid_t pid)
{
	int status = -1;

	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		case_fail(false, __FILE__, __LINE__, "the other process ended with %#x", status);
}

/* Work of this process waits for what the other signals, and signals what the other awaits. */
static void share(struct fixture *f, road_event *event, const char *way, int fd)
{
	const road_point awaited = {event, 7}, promised = {event, 9};
	const road_submission both = {.size = sizeof(both),
				      .waits = &awaited,
				      .wait_count = 1,
				      .signals = &promised,
				      .signal_count = 1};
	road_point done;

	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	const pid_t peer = start_peer(f, way, fd);

	close(fd);
	CHECK_OK(road_event_signal(event, 5));
	CHECK_OK(road_queue_submit(fixture_queue(f), &both, &done));
	CHECK_OK(road_point_wait(promised, SOON));
	CHECK_OK(road_point_wait(done, SOON));
	end_peer(peer);
}

/* As a page on any device; as a syncobj on one whose bus has them. */
CONFORMANCE_CASE(event, event_export_import_process)
{
	road_event *paged = fixture_event(f, 0), *synced = fixture_event(f, 0);
	int fd = -1;

	CHECK_OK(road_event_share(paged, &fd));
	share(f, paged, "page", fd);
	CHECK_STATUS(road_point_wait((road_point){paged, 20}, SOON), ROAD_CANCELLED);
	fd = -1;
	const road_status status = road_event_export_syncobj(synced, f->device, &fd);

	if (status == ROAD_UNSUPPORTED) {
		CHECK_EQ(fd, -1);
		return;
	}
	CHECK_OK(status);
	share(f, synced, "syncobj", fd);
	case_note("shared as a syncobj, too");
}
