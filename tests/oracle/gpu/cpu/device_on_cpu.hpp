// SPDX-License-Identifier: Apache-2.0
// What nvcc's and clang's headers give a kernel, for a compiler of this machine. With it comes
// KERNEL(name): the entry that takes pointers to arguments.
#ifndef TESTS_ORACLE_GPU_CPU_DEVICE_ON_CPU_HPP
#define TESTS_ORACLE_GPU_CPU_DEVICE_ON_CPU_HPP

#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#include "tests/oracle/gpu/cpu/threads.h"

#define __global__
#define __device__
#define __constant__
#define __restrict__ __restrict
#ifdef DYNAMIC_SHARED // `extern __shared__` alone
#define __shared__
#else
#define __shared__ static // one workgroup runs at a time
#endif

#define threadIdx cpu_here.thread
#define blockIdx cpu_here.block
#define blockDim cpu_here.threads
#define gridDim cpu_here.blocks

static inline void __syncthreads() { cpu_barrier(); }

static inline float __shfl_xor_sync(unsigned, float value, int bits)
{
	uint32_t word;

	std::memcpy(&word, &value, 4);
	word = cpu_shuffle_xor(word, (unsigned)bits);
	std::memcpy(&value, &word, 4);
	return value;
}

static inline float __shfl_down_sync(unsigned, float value, int by)
{
	uint32_t word;

	std::memcpy(&word, &value, 4);
	word = cpu_shuffle_down(word, (unsigned)by);
	std::memcpy(&value, &word, 4);
	return value;
}

template <class T> static inline T atomicAdd(T *at, T value) // threads take turns
{
	T old = *at;

	*at = old + value;
	return old;
}

// CUDA's names, which some C libraries have, too, for something else
static inline float kernel_expf(float x) { return (float)std::exp((double)x); }
static inline float kernel_rsqrtf(float x) { return (float)(1 / std::sqrt((double)x)); }
#define __expf kernel_expf
#define rsqrtf kernel_rsqrtf

// tests/kernels/clang/device.h, which includes nothing
#define TESTS_KERNELS_CLANG_DEVICE_H
#define launch_bounds(n) unused
static inline int thread_x() { return (int)cpu_here.thread.x; }
static inline int thread_y() { return (int)cpu_here.thread.y; }
static inline int block_x() { return (int)cpu_here.block.x; }
static inline int block_y() { return (int)cpu_here.block.y; }
static inline int threads_x() { return (int)cpu_here.threads.x; }
static inline int blocks_x() { return (int)cpu_here.blocks.x; }
static inline int global_x() { return block_x() * threads_x() + thread_x(); }
static inline void barrier() { cpu_barrier(); }
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(4) uchar4 { unsigned char x, y, z, w; };
struct alignas(8) ushort4 { unsigned short x, y, z, w; };

template <class... P, std::size_t... I>
static void call_with(void (*kernel)(P...), void **a, std::index_sequence<I...>)
{
	kernel(*(std::remove_reference_t<P> *)a[I]...);
}

template <class... P> static void call(void (*kernel)(P...), void **a)
{
	call_with(kernel, a, std::index_sequence_for<P...>());
}

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define KERNEL(name) \
	extern "C" void JOIN(cpu_, name)(void **a) { call(name, a); }

#endif
