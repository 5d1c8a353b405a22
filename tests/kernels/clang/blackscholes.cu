/* SPDX-License-Identifier: Apache-2.0 */
/* Prices of options by Black and Scholes, with the special unit's approximations. */
#include "device.h"

static __device__ float exponential(float x) { return __nvvm_ex2_approx_f(x * 1.4426950408889634f); }
static __device__ float logarithm(float x) { return __nvvm_lg2_approx_f(x) * 0.6931471805599453f; }

/* The cumulative normal distribution by a polynomial (Abramowitz and Stegun, 26.2.17). */
static __device__ float normal(float d)
{
	float x = d < 0 ? -d : d;
	float k = 1.0f / (1.0f + 0.2316419f * x);
	float p = k * (0.319381530f +
		       k * (-0.356563782f +
			    k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f))));

	p *= 0.3989422804f * exponential(-0.5f * x * x);
	return d > 0 ? 1.0f - p : p;
}

extern "C" __global__ void blackscholes(const float *price, const float *strike, const float *years,
					float *call, float *put, int n, float rate,
					float volatility)
{
	for (int i = global_x(); i < n; i += threads_x() * blocks_x()) {
		float root = __builtin_sqrtf(years[i]);
		float d1 = (logarithm(price[i] / strike[i]) +
			    (rate + 0.5f * volatility * volatility) * years[i]) /
			   (volatility * root);
		float d2 = d1 - volatility * root;
		float discounted = strike[i] * exponential(-rate * years[i]);

		call[i] = price[i] * normal(d1) - discounted * normal(d2);
		put[i] = discounted * normal(-d2) - price[i] * normal(-d1);
	}
}
