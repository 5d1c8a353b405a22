/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Put in front of every source that holds mutants, by script/mutants: all of them are compiled into
 * one build, and ROADBED_MUTANT=N switches number N on.
 *
 * ROADBED_MUTANT_TRACE=FILE: byte N of the file is set when mutant N is come by. (The descriptor
 * stays open: <unistd.h>, which could close it, has names that sources here have, too.)
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROAD_MUTANTS_MAX 65536

static int road_mutant_now;
static unsigned char *road_mutant_trace;

__attribute__((constructor)) static void road_mutant_begin(void)
{
	const char *number = getenv("ROADBED_MUTANT"), *trace = getenv("ROADBED_MUTANT_TRACE");
	int fd = trace ? open(trace, O_RDWR | O_CLOEXEC) : -1;

	road_mutant_now = number ? atoi(number) : 0;
	if (fd < 0)
		return;
	void *map = mmap(NULL, ROAD_MUTANTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	road_mutant_trace = map == MAP_FAILED ? NULL : map;
}

static inline int road_mutant(int number)
{
	if (road_mutant_trace)
		road_mutant_trace[number] = 1;
	return number == road_mutant_now;
}
