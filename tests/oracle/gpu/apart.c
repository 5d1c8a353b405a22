/* SPDX-License-Identifier: Apache-2.0 */
/* Trying programs in a process of their own: a crash or an endless loop is a finding too. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/oracle/gpu/check.h"
#include "tests/oracle/gpu/gen.h"

#define PATIENCE_MS 40000 /* for one program */
#define BATCH       50

struct batch {
	const char *text; /* one program, or NULL: by seeds */
	unsigned long long first;
	unsigned count, features, variants;
};

static struct finding try_seed(const struct batch *b, unsigned long long seed)
{
	struct program *p = program_generate(seed, b->features);
	char *text = program_text(p, NULL);
	struct finding f = check_text(text, b->variants ? b->variants : check_share(seed));

	free(text);
	program_free(p);
	return f;
}

static void work(const struct batch *b, int out)
{
	for (unsigned k = 0; k < b->count; k++) {
		struct finding f =
			b->text ? check_text(b->text, b->variants) : try_seed(b, b->first + k);

		if (write(out, &f, sizeof(f)) != sizeof(f) || f.verdict != VERDICT_AGREES)
			_exit(0);
	}
	check_end();
	_exit(0);
}

/* True with *f filled; false at the pipe's end; HUNG if nothing comes in time. */
static bool next(int in, struct finding *f)
{
	struct pollfd p = {.fd = in, .events = POLLIN};
	size_t have = 0;

	while (have < sizeof(*f)) {
		int ready = poll(&p, 1, PATIENCE_MS);

		if (ready == 0) {
			*f = (struct finding){.verdict = VERDICT_HUNG, .why = "no end in sight"};
			return true;
		}
		ssize_t n = read(in, (char *)f + have, sizeof(*f) - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* Runs a batch; returns how many agreed, *found what stopped it. */
static unsigned run_batch(const struct batch *b, struct finding *found)
{
	int fds[2], status = 0;
	unsigned agreed = 0;

	*found = (struct finding){.verdict = VERDICT_CRASHED, .why = "no process"};
	fflush(stdout);
	if (pipe(fds))
		return 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(fds[0]);
		work(b, fds[1]);
	}
	close(fds[1]);
	found->verdict = VERDICT_AGREES;
	while (agreed < b->count) {
		if (!next(fds[0], found)) {
			found->verdict = VERDICT_CRASHED;
			break;
		}
		if (found->verdict != VERDICT_AGREES)
			break;
		agreed++;
	}
	close(fds[0]);
	if (found->verdict == VERDICT_HUNG)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (found->verdict == VERDICT_CRASHED)
		snprintf(found->why, sizeof(found->why), "the process ended with status 0x%x",
			 (unsigned)status);
	return agreed;
}

struct finding check_apart(const char *text, unsigned variants)
{
	struct batch b = {.text = text, .count = 1, .variants = variants};
	struct finding f;

	run_batch(&b, &f);
	return f;
}

unsigned check_seeds(unsigned long long first, unsigned count, unsigned features, unsigned variants,
		     unsigned seconds, struct finding *found, unsigned long long *seed)
{
	time_t end = time(NULL) + seconds;
	unsigned done = 0;

	found->verdict = VERDICT_AGREES;
	while (done < count && (!seconds || time(NULL) < end)) {
		struct batch b = {.first = first + done,
				  .count = count - done < BATCH ? count - done : BATCH,
				  .features = features,
				  .variants = variants};

		done += run_batch(&b, found);
		if (found->verdict != VERDICT_AGREES) {
			*seed = first + done;
			break;
		}
	}
	return done;
}
