/* SPDX-License-Identifier: Apache-2.0 */
/* Device functions that stay functions: by value and by structure, recursive, through pointers. */
#include "device.h"

#define STAY __attribute__((noinline))

struct vector3 {
	float x, y, z;
};

struct mixed {
	char tag;
	double value;
	int list[5];
};

STAY __device__ float scale(float a, float b)
{
	return a * b + 1.0f;
}

STAY __device__ struct vector3 cross(struct vector3 a, struct vector3 b)
{
	struct vector3 c = {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};

	return c;
}

STAY __device__ struct mixed mix(char tag, double value, int seed)
{
	struct mixed m = {tag, value, {0}};

	for (int i = 0; i < 5; i++)
		m.list[i] = seed * (i + 1);
	return m;
}

STAY __device__ int total(const struct mixed *m)
{
	int sum = m->tag + (int)m->value;

	for (int i = 0; i < 5; i++)
		sum += m->list[i];
	return sum;
}

STAY __device__ unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

STAY __device__ int odd(int n);
STAY __device__ int even(int n)
{
	int spare[4] = {n, n + 1, n + 2, n + 3};

	return n <= 0 ? 1 : odd(n - 1) + (spare[n & 3] - spare[n & 3]);
}
STAY __device__ int odd(int n)
{
	return n <= 0 ? 0 : even(n - 1);
}

STAY __device__ int plus(int a, int b) { return a + b; }
STAY __device__ int minus(int a, int b) { return a - b; }
STAY __device__ int times(int a, int b) { return a * b; }
STAY __device__ int both(int a, int b) { return plus(a, b) * minus(a, b); }

typedef int (*binary)(int, int);
__constant__ binary table[4] = {plus, minus, times, both};

STAY __device__ int count_down(binary f, int depth, int a)
{
	return depth <= 0 ? a : f(count_down(f, depth - 1, a), depth);
}

extern "C" __global__ void calls_plain(const float *x, float *y, int n)
{
	int i = global_x();

	if (i < n)
		y[i] = scale(x[i], 3.0f) + scale(x[i] * 0.5f, 2.0f);
}

extern "C" __global__ void calls_struct(const float *x, float *y, int n)
{
	int i = global_x();

	if (3 * i + 2 >= n)
		return;
	struct vector3 a = {x[3 * i], x[3 * i + 1], x[3 * i + 2]}, b = {1.0f, 2.0f, 3.0f};
	struct vector3 c = cross(cross(a, b), a);
	struct mixed m = mix((char)(i % 100), x[i] * 100.0, i);

	y[3 * i] = c.x + (float)total(&m);
	y[3 * i + 1] = c.y;
	y[3 * i + 2] = c.z;
}

/* Lanes recurse to different depths; some do not call at all. */
extern "C" __global__ void calls_recursive(const float *x, float *y, int n)
{
	int i = global_x();

	if (i >= n)
		return;
	unsigned depth = (unsigned)i % 12;
	unsigned result = depth == 3 ? 1000u : fibonacci(depth);

	y[i] = (float)(result + (unsigned)even((int)depth) * 100000u);
}

/* Functions are chosen by lane. */
extern "C" __global__ void calls_indirect(const float *x, float *y, int n)
{
	int i = global_x();

	if (i >= n)
		return;
	binary f = table[(unsigned)i % 4u];

	y[i] = (float)(f((int)x[i], i) + count_down(f, i % 5, i) + count_down(table[1], 3, i));
}
