/* SPDX-License-Identifier: Apache-2.0 */
/* What CUDA's headers would give these kernels, so that plain clang compiles them. */
#ifndef TESTS_KERNELS_CLANG_DEVICE_H
#define TESTS_KERNELS_CLANG_DEVICE_H

#define __global__   __attribute__((global))
#define __device__   __attribute__((device))
#define __shared__   __attribute__((shared))
#define __constant__ __attribute__((constant))

static inline __device__ int thread_x(void) { return __nvvm_read_ptx_sreg_tid_x(); }
static inline __device__ int thread_y(void) { return __nvvm_read_ptx_sreg_tid_y(); }
static inline __device__ int block_x(void) { return __nvvm_read_ptx_sreg_ctaid_x(); }
static inline __device__ int block_y(void) { return __nvvm_read_ptx_sreg_ctaid_y(); }
static inline __device__ int threads_x(void) { return __nvvm_read_ptx_sreg_ntid_x(); }
static inline __device__ int blocks_x(void) { return __nvvm_read_ptx_sreg_nctaid_x(); }
static inline __device__ int global_x(void) { return block_x() * threads_x() + thread_x(); }
static inline __device__ void barrier(void) { __syncthreads(); }

typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float2 __attribute__((ext_vector_type(2)));
typedef unsigned char uchar4 __attribute__((ext_vector_type(4)));
typedef unsigned short ushort4 __attribute__((ext_vector_type(4)));

#endif
