/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a case's process: what it says goes down a pipe, one record a line. */
#include "tests/conformance/inside.h"

#include "tests/conformance/allocations.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	int fd;
	pthread_t thread;
	jmp_buf end;
	_Atomic bool failed; /* by whichever thread of the case */
	_Atomic bool
		too_few; /* functions of a served chip: it ended in its midst, as one that fails */
} inside;

static void say(char kind, const char *file, int line, const char *text)
{
	char record[1024];
	int bytes = snprintf(record, sizeof(record) - 1, "%c\x1f%s\x1f%d\x1f%s", kind, file, line,
			     text);
	size_t count = bytes < 0                            ? 0
		       : (size_t)bytes > sizeof(record) - 2 ? sizeof(record) - 2
							    : (size_t)bytes;

	for (size_t i = 0; i < count; i++)
		if (record[i] == '\n')
			record[i] = ' ';
	record[count++] = '\n';
	if (write(inside.fd, record, count) < 0)
		_exit(70); /* nobody listens */
}

static void end_case(void)
{
	if (pthread_equal(pthread_self(), inside.thread))
		longjmp(inside.end, 1);
	pthread_exit(NULL); /* a case's own thread ends alone; the case was failed */
}

static bool failed(bool required, const char *file, int line, const char *text)
{
	inside.failed = true;
	say('F', file, line, text);
	if (required)
		end_case();
	return false;
}

bool case_check(bool good, bool required, const char *file, int line, const char *text)
{
	return good || failed(required, file, line, text);
}

bool case_check_u64(uint64_t seen, uint64_t wanted, bool required, const char *file, int line,
		    const char *text)
{
	char words[400];

	if (seen == wanted)
		return true;
	snprintf(words, sizeof(words),
		 "%.200s is %" PRIu64 " (0x%" PRIx64 "), not %" PRIu64 " (0x%" PRIx64 ")", text,
		 seen, seen, wanted, wanted);
	return failed(required, file, line, words);
}

/* The detail, where the status is an error that has one. */
static void last_words(road_status status, char *out, size_t bytes)
{
	road_error e = {.size = sizeof(e)};

	out[0] = 0;
	if (status >= 0 || road_last_error(&e) || e.status != status)
		return;
	snprintf(out, bytes, " [%s: %s%s%s%s%s]", e.where, e.what, e.seen[0] ? ", seen " : "",
		 e.seen, e.allowed[0] ? ", allowed " : "", e.allowed);
}

void case_skip_if_too_few(road_status seen)
{
	road_error e = {.size = sizeof(e)};

	if (seen != ROAD_BUSY || road_last_error(&e) ||
	    strcmp(e.what, "all functions of this chip are in use"))
		return;
	say('S', "", 0,
	    "it needs more functions at once than the server has free (up to 6: roadbed serve "
	    "--functions 6)");
	inside.too_few = true;
	end_case();
}

bool case_check_status(road_status seen, road_status wanted, bool required, const char *file,
		       int line, const char *text)
{
	char words[700], detail[360];

	if (seen == wanted)
		return true;
	if (!wanted)
		case_skip_if_too_few(seen);
	last_words(seen, detail, sizeof(detail));
	snprintf(words, sizeof(words), "%.160s answers \"%s\"%s, not \"%s\"", text,
		 road_status_text(seen), detail, road_status_text(wanted));
	return failed(required, file, line, words);
}

bool case_check_detail(const char *part, const char *file, int line)
{
	road_error e = {.size = sizeof(e)};
	char words[600];

	if (!road_last_error(&e) && (strstr(e.what, part) || strstr(e.where, part) ||
				     strstr(e.seen, part) || strstr(e.allowed, part)))
		return true;
	snprintf(words, sizeof(words), "the detail lacks \"%s\": %s: %s, seen %s, allowed %s", part,
		 e.where, e.what, e.seen, e.allowed);
	return failed(false, file, line, words);
}

void case_fail(bool required, const char *file, int line, const char *format, ...)
{
	char words[400];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	failed(required, file, line, words);
}

void case_note(const char *format, ...)
{
	char words[200];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	say('N', "", 0, words);
}

void case_unsupported(const char *why)
{
	say('U', "", CAPABILITIES, why);
	end_case();
	abort(); /* not reached */
}

static void say_unsupported(enum capability capability)
{
	say(capability_of_machine(capability) ? 'S' : 'U', "", capability,
	    capability_absence(capability));
}

/* The first of the case's needs that is absent. */
static enum capability missing(struct fixture *f, uint64_t needs)
{
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (needs >> i & 1 && !fixture_has(f, i))
			return i;
	return CAPABILITIES;
}

static void run_or_twin(struct fixture *f, const struct conformance_case *c)
{
	enum capability absent = missing(f, c->needs);

	if (absent == CAPABILITIES) {
		c->run(f);
		return;
	}
	capability_twin(f, absent);
	say_unsupported(absent);
}

static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++) /* lent ones, too */
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* What a thread of the library, or another one's wait, is just done with goes a moment later. */
static int descriptors_settled(int wanted)
{
	int count = descriptors();

	for (int ms = 0; count != wanted && ms < 2000; ms++) {
		usleep(1000);
		count = descriptors();
	}
	return count;
}

/* A fixture's whole life; longjmp ends its middle early. */
static void live_through(const struct conformance_case *c, const struct fixture_where *where)
{
	struct fixture f;

	if (!setjmp(inside.end)) {
		CHECK_OK(fixture_open(&f, where));
		run_or_twin(&f, c);
	}
	if (!setjmp(inside.end))
		fixture_close(&f);
}

/* High-water marks of pools depend on how threads meet: some rounds may raise one. */
enum { LEAK_ROUNDS = 8, SETTLE_MS = 300 };

/* Mappings of memory that devices share: they have a descriptor behind them, and a name. */
static unsigned shared_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:") != NULL;
	if (maps)
		fclose(maps);
	return count;
}

/* What is left behind: descriptors, allocations, mappings. false: there is some, after ms_patient,
 * in which threads of the library may give back what they hold. */
static bool look_for_leaks(const struct conformance_case *c, const struct fixture_where *where,
			   int ms_patient, bool last)
{
	int before = descriptors();
	unsigned mappings = shared_mappings();
	uint64_t allocations = allocations_live();

	live_through(c, where);
	if (inside.failed)
		return true;
	/* The first device with interrupts brings the descriptors that the process sleeps on. */
	int after = ms_patient ? descriptors_settled(before) : descriptors();

	if (after != before && last)
		CASE_FAIL("%d descriptors are open after the case, %d before", after, before);
	while (allocations_live() > allocations && ms_patient--)
		usleep(1000);
	return after == before && allocations_live() <= allocations &&
	       shared_mappings() <= mappings;
}

void inside_case(const struct conformance_case *c, const struct fixture_where *where, int fd)
{
	inside.fd = fd;
	inside.thread = pthread_self();
	inside.failed = inside.too_few = false;
	/* What a process keeps from its first uses of a thing is no leak: that stops growing. */
	int left = LEAK_ROUNDS;

	while (left &&
	       !look_for_leaks(c, where, left > LEAK_ROUNDS / 2 ? 0 : SETTLE_MS, left == 1) &&
	       !inside.too_few)
		left--;
	if (!left)
		CASE_FAIL(
			"allocations or mappings were not freed (a sanitizer's build says which)");
	say('D', "", 0, "");
}

void inside_identify(const struct fixture_where *where, int fd)
{
	struct fixture f;

	inside.fd = fd;
	inside.thread = pthread_self();
	if (!setjmp(inside.end)) {
		CHECK_OK(fixture_open(&f, where));
		if (write(fd, "I", 1) != 1 || write(fd, &f.info, sizeof(f.info)) < 0)
			_exit(70);
	}
	if (!setjmp(inside.end))
		fixture_close(&f);
}
