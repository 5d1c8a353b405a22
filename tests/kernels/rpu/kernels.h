/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of this folder in C: what their graphs must compute, to the bit. */
#ifndef TESTS_KERNELS_RPU_KERNELS_H
#define TESTS_KERNELS_RPU_KERNELS_H

#include <stdint.h>

void fir(const int32_t *x, const int32_t *h, int32_t *y, int n, int taps);
void conv(const int32_t *x0, const int32_t *x1, const int32_t *x2, const int32_t *w, int32_t *y,
	  int columns);
void fft(const float *ar, const float *ai, const float *br, const float *bi, const float *wr,
	 const float *wi, float *yr, float *yi, int half);
void gemm(const float *a, const float *b, float *c, int m, int n, int depth);
void histogram(const int32_t *x, int32_t *bins, int n);
void latnrm(const float *c0, const float *c1, const float *state, float *next, int n);
void spmv(const float *values, const int32_t *columns, const float *x, float *y, int rows,
	  int width);
void mvt(const float *a, const float *y1, const float *y2, const float *x1, const float *x2,
	 float *z1, float *z2, int n);
void relu(const float *x, float *y, int n);
void dtw(const int32_t *b, const int32_t *before, int32_t *now, int32_t a, int n);
void decompose(const float *a, const float *l, const float *u, float *out, float inverse, int rows,
	       int columns);
void invert(const float *a, const float *p, const float *b, const float *q, float *aout,
	    float *bout, float factor, int n);
void add(const float *x, const float *y, float *z, int n);
void mul(const float *x, const float *y, float *z, int n);
void dot_i8(const int8_t *x, const int8_t *y, int32_t *z, int n);
void dot_bf16(const uint16_t *x, const uint16_t *y, float *z, int n);
void maximum(const float *x, float *z, int rows, int n);
void sum(const float *x, float *z, int rows, int n);
void exponent(const float *x, const float *greatest, float *y, float *z, int rows, int n);
void divide(const float *x, const float *z, float *y, int rows, int n);
void moments(const float *x, float *s, float *q, float scale, int rows, int n);
void normalize(const float *x, const float *mean, const float *square, const float *gain,
	       const float *bias, float *y, float eps, int rows, int n);

#endif
