/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#include <math.h>

void maximum(const float *x, float *z, int rows, int n)
{
	for (int r = 0; r < rows; r++) {
		z[r] = x[r * n];
		for (int i = 1; i < n; i++)
			z[r] = x[r * n + i] > z[r] ? x[r * n + i] : z[r];
	}
}

void sum(const float *x, float *z, int rows, int n)
{
	for (int r = 0; r < rows; r++) {
		z[r] = x[r * n];
		for (int i = 1; i < n; i++)
			z[r] += x[r * n + i];
	}
}

void exponent(const float *x, const float *greatest, float *y, float *z, int rows, int n)
{
	for (int r = 0; r < rows; r++)
		for (int i = 0; i < n; i++) {
			float e = (float)expl((long double)(x[r * n + i] - greatest[r]));

			y[r * n + i] = e;
			z[r] = i ? z[r] + e : e;
		}
}

void divide(const float *x, const float *z, float *y, int rows, int n)
{
	for (int r = 0; r < rows; r++)
		for (int i = 0; i < n; i++)
			y[r * n + i] = x[r * n + i] * (1.0f / z[r]);
}
