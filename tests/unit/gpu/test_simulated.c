/* SPDX-License-Identifier: Apache-2.0 */
/* The driver on the simulated chip, through the public interface: what a chip of paper cannot show.
 */
#include <pthread.h>

#include "tests/unit/core/fixture.h"

static const char ptx[] =
	".version 7.0\n.target sm_80\n.address_size 64\n"
	".visible .global .align 4 .u32 bias = 1000;\n"
	".visible .entry add(.param .u64 out, .param .u32 n)\n"
	"{\n"
	"\t.reg .pred %p<2>;\n\t.reg .u64 %rd<8>;\n\t.reg .u32 %r<12>;\n"
	"\tld.param.u64 %rd1, [out];\n\tld.param.u32 %r1, [n];\n"
	"\tmov.u32 %r2, %ctaid.x;\n\tmov.u32 %r3, %ntid.x;\n\tmov.u32 %r4, %tid.x;\n"
	"\tmad.lo.u32 %r5, %r2, %r3, %r4;\n"
	"\tsetp.ge.u32 %p1, %r5, %r1;\n\t@%p1 bra done;\n"
	"\tmul.wide.u32 %rd2, %r5, 4;\n\tadd.u64 %rd3, %rd1, %rd2;\n"
	"\tmov.u64 %rd4, bias;\n\tld.global.u32 %r6, [%rd4];\n"
	"\tld.global.u32 %r7, [%rd3];\n\tadd.u32 %r8, %r7, %r6;\n"
	"\tst.global.u32 [%rd3], %r8;\n"
	"done:\n\tret;\n}\n";

enum { N = 1000 };

static const char *const devices[] = {"sim:gpu-small?time=functional", "sim:gpu-small"};

struct program {
	struct fixture f;
	road_image *image;
	road_kernel *kernel;
};

static struct program begin(const char *address)
{
	struct program p = {.f = setup(address)};
	road_status status = road_image_load(p.f.space, ptx, strlen(ptx), NULL, &p.image);

	if (status)
		tell_error("image");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(p.image, "add", &p.kernel), ROAD_OK);
	return p;
}

static void end(struct program *p)
{
	road_kernel_release(p->kernel);
	road_image_release(p->image);
	teardown(&p->f);
}

static road_status launch(struct program *p, road_buffer *buffer, uint32_t n)
{
	unsigned char arguments[12];
	uint64_t out = 0;
	road_launch launch = {.size = sizeof(launch),
			      .kernel = p->kernel,
			      .grid = {(n + 127) / 128, 1, 1},
			      .block = {128, 1, 1},
			      .arguments = arguments,
			      .argument_bytes = sizeof(arguments)};

	road_status status = road_buffer_address(buffer, &out);

	if (status)
		return status;
	memcpy(arguments, &out, 8);
	memcpy(arguments + 8, &n, 4);
	return road_queue_launch(p->f.queue, &launch, NULL);
}

static void check(struct program *p, road_buffer *buffer, uint32_t add)
{
	static uint32_t out[N];
	uint32_t wrong = 0;

	CU_ASSERT_EQUAL(road_queue_read(p->f.queue, out, buffer, 0, sizeof(out), NULL), ROAD_OK);
	road_status status = road_queue_drain(p->f.queue, soon());

	if (status)
		tell_error("drain");
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	for (uint32_t i = 0; i < N; i++)
		wrong += out[i] != i * 3 + add;
	CU_ASSERT_EQUAL(wrong, 0);
}

static void kernels_compute(void)
{
	static const uint32_t heaps[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_DEVICE_VISIBLE,
					 ROAD_HEAP_HOST};
	static uint32_t in[N];

	for (uint32_t i = 0; i < N; i++)
		in[i] = i * 3;
	for (int d = 0; d < 2; d++) {
		struct program p = begin(devices[d]);

		for (int h = 0; h < 3; h++) {
			road_buffer *buffer = buffer_of(&p.f, heaps[h], sizeof(in));

			CU_ASSERT_EQUAL(
				road_queue_write(p.f.queue, buffer, 0, in, sizeof(in), NULL),
				ROAD_OK);
			CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_OK);
			CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_OK);
			check(&p, buffer, 2000);
			road_buffer_release(buffer);
		}
		end(&p);
	}
}

/* A read-only buffer is filled by the queue; a kernel that writes it faults, and is named. */
static void rights_bind_kernels(void)
{
	static uint32_t in[N];

	for (int d = 0; d < 2; d++) {
		struct program p = begin(devices[d]);
		road_buffer_options options = {.size = sizeof(options),
					       .heap = ROAD_HEAP_DEVICE,
					       .bytes = sizeof(in),
					       .flags = ROAD_BUFFER_READ_ONLY};
		road_fault fault = {.size = sizeof(fault)};
		road_buffer *buffer = NULL;
		uint64_t address = 0;

		for (uint32_t i = 0; i < N; i++)
			in[i] = i * 3 + 5;
		CU_ASSERT_EQUAL_FATAL(road_buffer_create(p.f.space, &options, &buffer), ROAD_OK);
		CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_write(p.f.queue, buffer, 0, in, sizeof(in), NULL),
				ROAD_OK);
		check(&p, buffer, 5);
		CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(p.f.queue, soon()), ROAD_FAULT);
		CU_ASSERT_EQUAL_FATAL(road_device_fault_read(p.f.device, &fault), ROAD_OK);
		CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_RIGHTS);
		CU_ASSERT_STRING_EQUAL(fault.kernel, "add");
		CU_ASSERT_EQUAL(fault.line, 24);
		CU_ASSERT_TRUE(fault.address - address < sizeof(in));
		CU_ASSERT_EQUAL(road_queue_reset(p.f.queue), ROAD_OK);
		check(&p, buffer, 5); /* untouched */
		road_buffer_release(buffer);
		end(&p);
	}
}

static void no_byte_of_the_last_owner_is_seen(void)
{
	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		static unsigned char out[100000];

		for (int round = 0; round < 4; round++) {
			road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, sizeof(out));
			uint32_t dirty = 0;

			memset(out, 0x55, sizeof(out));
			CU_ASSERT_EQUAL(road_queue_read(f.queue, out, buffer, 0, sizeof(out), NULL),
					ROAD_OK);
			CU_ASSERT_EQUAL(
				road_queue_fill(f.queue, buffer, 0, sizeof(out), 0xc3, 1, NULL),
				ROAD_OK);
			CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
			for (uint32_t i = 0; i < sizeof(out); i++)
				dirty += out[i] != 0;
			CU_ASSERT_EQUAL(dirty, 0);
			road_buffer_release(buffer);
		}
		teardown(&f);
	}
}

static void a_reset_device_runs_its_kernels_again(void)
{
	static uint32_t in[N];

	for (uint32_t i = 0; i < N; i++)
		in[i] = i * 3;
	for (int d = 0; d < 2; d++) {
		struct program p = begin(devices[d]);
		road_buffer *buffer = buffer_of(&p.f, ROAD_HEAP_DEVICE, sizeof(in));

		CU_ASSERT_EQUAL(road_queue_write(p.f.queue, buffer, 0, in, sizeof(in), NULL),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(p.f.queue, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(road_device_reset(p.f.device, ROAD_RESET_DEVICE), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_reset(p.f.queue), ROAD_OK);
		CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_OK);
		check(&p, buffer, 1000);
		road_buffer_release(buffer);
		end(&p);
	}
}

static void an_unplugged_chip_gives_everything_back(void)
{
	for (int d = 0; d < 2; d++) {
		struct program p = begin(devices[d]);
		road_buffer *buffer = buffer_of(&p.f, ROAD_HEAP_DEVICE, 4096);

		CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_OK);
		CU_ASSERT_EQUAL(road_sim_unplug(p.f.device), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(p.f.queue, soon()), ROAD_DEVICE_LOST);
		CU_ASSERT_EQUAL(launch(&p, buffer, N), ROAD_DEVICE_LOST);
		road_buffer_release(buffer);
		end(&p);
	}
}

enum { THREADS = 4, ROUNDS = 25, HEAPS = ROAD_HEAP_HOST + 1 }; /* those that a GPGPU has */

struct worker {
	struct program *p;
	pthread_t thread;
	uint32_t number, failures;
};

/* Buffers of all heaps, a queue and an image of its own, in the space that all share. */
static uint32_t round_of(struct worker *w, uint32_t round)
{
	road_buffer_options options = {.size = sizeof(options),
				       .heap = round % HEAPS,
				       .bytes = 4000 + 64 * w->number,
				       .flags = round & 1 ? ROAD_BUFFER_READ_ONLY : 0};
	struct program own = *w->p;
	road_buffer *buffer = NULL;
	unsigned char in[4000], out[4000] = {0};
	uint32_t bad = 0;

	own.f.queue = NULL;
	own.image = NULL;
	memset(in, (int)(w->number * 50 + round), sizeof(in));
	bad += road_queue_create(own.f.space, NULL, &own.f.queue) != ROAD_OK;
	bad += road_buffer_create(own.f.space, &options, &buffer) != ROAD_OK;
	bad += road_image_load(own.f.space, ptx, strlen(ptx), NULL, &own.image) != ROAD_OK;
	if (!bad) {
		bad += road_queue_write(own.f.queue, buffer, 0, in, sizeof(in), NULL) != ROAD_OK;
		bad += road_queue_read(own.f.queue, out, buffer, 0, sizeof(out), NULL) != ROAD_OK;
		bad += road_queue_drain(own.f.queue, soon()) != ROAD_OK;
		bad += memcmp(in, out, sizeof(in)) != 0;
	}
	road_image_release(own.image);
	road_buffer_release(buffer);
	road_queue_release(own.f.queue);
	return bad;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t round = 0; round < ROUNDS; round++)
		w->failures += round_of(w, round);
	return NULL;
}

static void threads_share_a_space(void)
{
	struct worker workers[THREADS];
	struct program p = begin(devices[0]);

	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.p = &p, .number = i};
		CU_ASSERT_EQUAL_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]),
				      0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		CU_ASSERT_EQUAL(workers[i].failures, 0);
	}
	end(&p);
}

static const struct tap_case cases[] = {
	{"kernels compute in every kind of memory", kernels_compute},
	{"rights bind kernels, not the queue's commands; the fault is named", rights_bind_kernels},
	{"no byte of the last owner is seen", no_byte_of_the_last_owner_is_seen},
	{"a reset device runs its kernels again", a_reset_device_runs_its_kernels_again},
	{"threads make and drop queues, buffers and images of one space", threads_share_a_space},
	{"an unplugged chip gives everything back", an_unplugged_chip_gives_everything_back},
};

TAP_MAIN(cases)
