/* SPDX-License-Identifier: Apache-2.0 */
/* printf and assert as CUDA's headers declare them. */
#include "device.h"

extern "C" __device__ int vprintf(const char *, const char *);
extern "C" __device__ void __assertfail(const char *, const char *, unsigned, const char *,
					unsigned long);

#pragma clang diagnostic ignored "-Wformat"
#pragma clang diagnostic ignored "-Wformat-invalid-specifier"
extern "C" __device__ int printf(const char *, ...);

extern "C" __global__ void hello(int n)
{
	int i = global_x();

	if (i < n)
		printf("lane %d of %d: %s %5.2f\n", i, n, i & 1 ? "odd" : "even", i * 0.25);
}

/* One line of each conversion. */
extern "C" __global__ void conversions(int *results)
{
	char local[8] = {'l', 'o', 'c', 'a', 'l', 0, 0, 0};
	__shared__ char shared[4];

	shared[0] = 's';
	shared[1] = 0;
	results[0] = printf("[%d|%5d|%-5d|%05d|%+d|% d|%.3d]\n", -1, 42, 42, 42, 42, 42, 7);
	results[1] = printf("[%u|%o|%#o|%x|%#x|%X]\n", ~0u, 8, 8, 255, 255, 255);
	results[2] = printf("[%hhd|%hd|%ld|%lld|%zu|%jd|%td]\n", 300, 70000, -5l, 1ll << 40,
			    (unsigned long)7, -9l, 11l);
	results[3] = printf("[%f|%.1f|%10.3e|%G|%a|%F]\n", 1.5, 2.25, 12345.678, 1e-10, 1.0, -0.5f);
	results[4] = printf("[%c|%3c|%-3c|%%|%s|%.2s|%6s|%-6s]\n", 'x', 'y', 'z', "text", "text",
			    "text", "text");
	results[5] = printf("[%*d|%-*d|%.*f|%s|%s]\n", 4, 1, 4, 2, 1, 3.14159, local, shared);
	results[6] = printf("nothing\n");
	results[7] = vprintf(0, 0);
	results[8] = printf("[%p|%p|%s]\n", (void *)0x1234, (void *)0, (char *)0);
}

/* What the host must not fall for. */
extern "C" __global__ void hostile(const char *format, unsigned long value)
{
	int written = 0;

	printf("%n|%s|%", &written, (char *)value);
	printf("|%y|%1000000000d|%.999999999f\n", 1, 0.5);
	printf(format, value, value, value);
}

/* More than any buffer of a few pages holds. */
extern "C" __global__ void flood(int n)
{
	for (int i = 0; i < n; i++)
		printf("line %d\n", i);
}

static __device__ __attribute__((noinline)) void check(int i, int limit)
{
	if (i >= limit)
		__assertfail("i < limit", "print.cu", 61, "check", 1);
}

extern "C" __global__ void asserts(int limit)
{
	int i = global_x();

	if (i == 0)
		printf("before\n");
	check(i, limit);
	if (i == 0)
		printf("after\n");
}
