// SPDX-License-Identifier: Apache-2.0
// One warp copies tiles, the others add them up: a ring of stages, each with a barrier in shared
// memory that says it is full and one that says it is empty, as pipelines for sm_80 are written.
// Barriers and copies are written out, so that this needs no library.
// nvcc -arch=sm_80 -ptx

constexpr int STAGES = 3, CONSUMERS = 96, TILE = 384;

__device__ static unsigned place(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

__device__ static void make(unsigned long long *barrier, unsigned count)
{
	asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(place(barrier)), "r"(count) : "memory");
}

__device__ static void arrive(unsigned long long *barrier)
{
	asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(place(barrier)) : "memory");
}

__device__ static void wait(unsigned long long *barrier, unsigned parity)
{
	unsigned over = 0;

	while (!over)
		asm volatile("{ .reg .pred p;\n"
			     "mbarrier.test_wait.parity.shared.b64 p, [%1], %2;\n"
			     "selp.u32 %0, 1, 0, p; }"
			     : "=r"(over) : "r"(place(barrier)), "r"(parity) : "memory");
}

__device__ static void produce(const float *in, float (*room)[TILE], unsigned long long *full,
			       unsigned long long *empty, int tiles)
{
	for (int i = 0; i < tiles; i++) {
		int s = i % STAGES;

		wait(&empty[s], (i / STAGES & 1) ^ 1);
		for (int k = threadIdx.x * 4; k < TILE; k += 32 * 4)
			asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(place(&room[s][k])),
				     "l"(in + (long)i * TILE + k) : "memory");
		asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(place(&full[s])) : "memory");
	}
}

extern "C" __global__ void pipeline(const float *in, float *out, int tiles)
{
	__shared__ __align__(16) float room[STAGES][TILE];
	__shared__ unsigned long long full[STAGES], empty[STAGES];

	in += (long)blockIdx.x * tiles * TILE;
	if (threadIdx.x == 0) {
		for (int s = 0; s < STAGES; s++) {
			make(&full[s], 32);
			make(&empty[s], CONSUMERS);
		}
	}
	__syncthreads();
	if (threadIdx.x < 32) {
		produce(in, room, full, empty, tiles);
		return;
	}
	int me = threadIdx.x - 32;
	float sum = 0;

	for (int i = 0; i < tiles; i++) {
		int s = i % STAGES;

		wait(&full[s], i / STAGES & 1);
		for (int k = me; k < TILE; k += CONSUMERS)
			sum += room[s][k];
		arrive(&empty[s]);
	}
	out[blockIdx.x * CONSUMERS + me] = sum;
}
