/* SPDX-License-Identifier: Apache-2.0 */
/* A case's process seen from outside: it is started, listened to, and ended when it hangs. */
#include "tests/conformance/run.h"

#include "tests/conformance/inside.h"
#include "tests/conformance/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CASE_SECONDS = 120 };

static unsigned limit_seconds(bool soak)
{
	return (unsigned)(CASE_SECONDS * machine_scale()) * (soak ? 30 : 1);
}

static void add_failure(struct result *result, const char *file, unsigned line, const char *text)
{
	struct failure *failure = calloc(1, sizeof(*failure)), **at = &result->failures;

	result->outcome = FAILED;
	if (!failure)
		return;
	while (*at)
		at = &(*at)->next;
	*at = failure;
	failure->line = line;
	snprintf(failure->file, sizeof(failure->file), "%s", file);
	snprintf(failure->text, sizeof(failure->text), "%s", text);
}

/* One record; true: the case came to its end. */
static bool take_record(struct result *result, char *record)
{
	char *rest = record;
	const char *kind = strsep(&rest, "\x1f"), *file = strsep(&rest, "\x1f");
	const char *number = strsep(&rest, "\x1f");
	unsigned line = number ? (unsigned)strtoul(number, NULL, 10) : 0;

	if (!rest)
		return false;
	switch (kind[0]) {
	case 'F': add_failure(result, file, line, rest); break;
	case 'N': {
		size_t used = strlen(result->notes);

		snprintf(result->notes + used, sizeof(result->notes) - used, "%s\n", rest);
		break;
	}
	case 'U':
	case 'S':
		if (result->outcome == PASSED)
			result->outcome = kind[0] == 'U' ? UNSUPPORTED : SKIPPED;
		result->capability = line;
		snprintf(result->reason, sizeof(result->reason), "%s", rest);
		break;
	default: return kind[0] == 'D';
	}
	return false;
}

static bool read_records(struct result *result, int fd)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;
	bool done = false;

	if (!in)
		return false;
	for (ssize_t bytes; (bytes = getline(&line, &room, in)) > 0;) {
		line[bytes - 1] = 0;
		done |= take_record(result, line);
	}
	free(line);
	fclose(in);
	return done;
}

static void take_end(struct result *result, bool done, int status, unsigned limit)
{
	char words[120];

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(words, sizeof(words), "the case did not end within %u s", limit);
	else if (WIFSIGNALED(status))
		snprintf(words, sizeof(words), "the case died of signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(words, sizeof(words), "the case's process exited with %d",
			 WEXITSTATUS(status));
	else if (!done && result->outcome != FAILED)
		snprintf(words, sizeof(words), "the case's process ended before the case");
	else
		return;
	add_failure(result, "", 0, words);
}

static pid_t start(const struct conformance_case *c, const struct fixture_where *where, int *fd)
{
	int ends[2];

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC)) /* no program that a case starts may keep it open */
		return -1;
	pid_t pid = fork();

	if (pid) {
		(void)setpgid(pid, pid);
		close(ends[1]);
		*fd = ends[0];
		return pid;
	}
	close(ends[0]);
	(void)setpgid(0, 0);
	alarm(limit_seconds(where->soak));
	if (c)
		inside_case(c, where, ends[1]);
	else
		inside_identify(where, ends[1]);
	exit(0); /* not _exit: the leak checker of a sanitizer looks here */
}

/* Whatever it says is kept in a file: nobody reads while it runs. */
static void run_here(const struct conformance_case *c, const struct fixture_where *where,
		     struct result *out)
{
	FILE *said = tmpfile();
	int fd = said ? dup(fileno(said)) : -1;

	fflush(NULL); /* who waits for the case to begin sees it now */
	if (fd < 0) {
		add_failure(out, "", 0, "no file for what the case says");
	} else {
		inside_case(c, where, fileno(said));
		(void)lseek(fd, 0, SEEK_SET);
		if (!read_records(out, fd) && out->outcome != FAILED)
			add_failure(out, "", 0, "the case did not come to its end");
	}
	if (said)
		fclose(said);
}

void case_run(const struct conformance_case *c, const struct fixture_where *where, bool in_process,
	      struct result *out)
{
	int fd = -1, status = 0;

	*out = (struct result){.capability = CAPABILITIES};
	if (!c->run) {
		out->outcome = PENDING;
		snprintf(out->reason, sizeof(out->reason), "%s", c->awaits);
		return;
	}
	if (in_process) {
		run_here(c, where, out);
		return;
	}
	pid_t pid = start(c, where, &fd);

	if (pid < 0) {
		add_failure(out, "", 0, "no process for the case");
		return;
	}
	bool done = read_records(out, fd);

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)kill(-pid, SIGKILL); /* what it started and did not end */
	take_end(out, done, status, limit_seconds(where->soak));
}

void result_clear(struct result *result)
{
	while (result->failures) {
		struct failure *failure = result->failures;

		result->failures = failure->next;
		free(failure);
	}
}

bool device_identify(const struct fixture_where *where, road_device_info *out,
		     struct result *result)
{
	char first = 0;
	int fd = -1, status = 0;
	pid_t pid = start(NULL, where, &fd);
	bool good = pid > 0 && read(fd, &first, 1) == 1 && first == 'I' &&
		    read(fd, out, sizeof(*out)) == (ssize_t)sizeof(*out);

	*result = (struct result){.capability = CAPABILITIES};
	if (pid < 0)
		return false;
	if (!good && first) { /* the record's first byte was read */
		char record[1024] = {first};
		ssize_t bytes = read(fd, record + 1, sizeof(record) - 2);

		record[bytes > 0 ? bytes : 0] = 0;
		(void)take_record(result, record);
	}
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!good)
		take_end(result, false, status, limit_seconds(where->soak));
	return good;
}
