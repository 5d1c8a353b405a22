/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `roadbed diff` of two files: the input's two halves, which a byte 0x1e (record separator) parts,
 * or the same one twice if there is none. A report is equal to itself, and differs from others the
 * same way in both forms of output.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/reader.h"
#include "tools/roadbed/verbs.h"

enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2, INPUT_MAX = 1 << 14 };

static void make_file(const uint8_t *bytes, size_t count, char path[32])
{
	int fd = memfd_create("report", 0);

	if (fd < 0 || (count && write(fd, bytes, count) != (ssize_t)count))
		abort();
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static void close_file(const char *path)
{
	close(atoi(strrchr(path, '/') + 1));
}

/* What the verb prints goes nowhere. */
static int diff(char *a, char *b, char *option)
{
	static FILE *nowhere;
	FILE *out = stdout, *err = stderr;
	char *words[] = {a, b, option, NULL};

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		abort();
	stdout = stderr = nowhere;
	int code = verb_diff(option ? 3 : 2, words);

	stdout = out;
	stderr = err;
	if (code != SAME && code != DIFFERENT && code != TROUBLE)
		abort();
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *cut = size ? memchr(data, 0x1e, size) : NULL;
	char a[32], b[32], json[] = "--json";

	if (size > INPUT_MAX)
		return 0;
	make_file(data, cut ? (size_t)(cut - data) : size, a);
	make_file(cut ? cut + 1 : data, cut ? size - 1 - (size_t)(cut - data) : size, b);
	int code = diff(a, b, NULL);

	if (diff(a, b, json) != code || diff(b, a, NULL) != code)
		abort();
	if (diff(a, a, NULL) == DIFFERENT || diff(b, b, json) == DIFFERENT)
		abort();
	close_file(a);
	close_file(b);
	return 0;
}
