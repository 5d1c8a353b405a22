/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel launches through the whole path: image, arguments, packet, data, fault records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_gpu_model/rig.h"

static const char *const modes[] = {"time=functional", "time=approx", "time=trace"};

static struct rig *open_loaded(const char *options)
{
	struct rig *rig = rig_open(options);
	struct assembly assembly;

	asm_kernels(&assembly);
	rig_load(rig, &assembly, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 1);
	return rig;
}

static struct road_gpu_dispatch dispatch_of(unsigned kernel, uint32_t groups, uint32_t threads)
{
	struct road_gpu_dispatch packet =
		rig_dispatch(asm_object(VA_CODE, kernel), groups, threads);

	packet.header |= ROAD_GPU_PACKET_BARRIER;
	return packet;
}

/* out at 0, a at 1 MiB, b at 2 MiB. */
static struct road_gpu_dispatch add_of(struct rig *rig, uint32_t groups, uint32_t threads)
{
	const uint64_t args[] = {VA_DATA, VA_DATA + 0x100000, VA_DATA + 0x200000};
	struct road_gpu_dispatch packet = dispatch_of(KERNEL_ADD, groups, threads);

	packet.kernarg = rig_args(rig, 0, args, COUNT(args));
	return packet;
}

static void fill_operands(struct rig *rig, uint32_t count)
{
	uint32_t *a = (uint32_t *)(void *)(rig->memory + 0x100000);
	uint32_t *b = (uint32_t *)(void *)(rig->memory + 0x200000);

	for (uint32_t i = 0; i < count; i++) {
		a[i] = i * 2654435761u;
		b[i] = ~i;
	}
}

static unsigned wrong_sums(const struct rig *rig, uint32_t count)
{
	const uint32_t *out = (const uint32_t *)(const void *)rig->memory;
	unsigned wrong = 0;

	for (uint32_t i = 0; i < count; i++)
		wrong += out[i] != i * 2654435761u + ~i;
	return wrong;
}

static void vector_add(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch packet = add_of(rig, 100, 128);

		*rig_signal(rig, 0) = 1;
		packet.completion = rig_signal_at(0);
		fill_operands(rig, 12800);
		rig_send(rig, 0, &packet);
		rig_fence(rig, 0, 1);
		CU_ASSERT_TRUE(rig_run(rig));
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		CU_ASSERT_EQUAL(*rig_signal(rig, 0), 0);
		CU_ASSERT_EQUAL(wrong_sums(rig, 12800), 0);
		CU_ASSERT_EQUAL(((uint32_t *)(void *)rig->memory)[12800], 0);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.launches"), 1);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.workgroups"), 100);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.warp_instructions"), 400 * 15);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.thread_instructions"), 12800 * 15);
		CU_ASSERT_EQUAL(rig_violations(rig), 0);
		rig_close(rig);
	}
}

/* 2.5 workgroups of 64: the items beyond the grid do not run. */
static void partial_workgroup(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch packet = add_of(rig, 3, 64);

		packet.grid_x = 160;
		fill_operands(rig, 192);
		rig_send(rig, 0, &packet);
		CU_ASSERT_TRUE(rig_run(rig));
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
		CU_ASSERT_EQUAL(wrong_sums(rig, 160), 0);
		CU_ASSERT_EQUAL(((uint32_t *)(void *)rig->memory)[160], 0);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.workgroups"), 3);
		rig_close(rig);
	}
}

static void same_in_every_run(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		uint64_t cycles[2];

		for (int run = 0; run < 2; run++) {
			struct rig *rig = open_loaded(modes[m]);
			struct road_gpu_vendor stamp = rig_vendor(ROAD_GPU_VENDOR_TIMESTAMP, true);
			struct road_gpu_dispatch packet = add_of(rig, 64, 256);
			uint64_t t[2];

			fill_operands(rig, 64 * 256);
			stamp.dst = VA_DATA + 0x800000;
			rig_push(rig, 0, &stamp);
			rig_push(rig, 0, &packet);
			packet.header = ROAD_GPU_PACKET_DISPATCH;
			rig_push(rig, 0, &packet);
			stamp.dst += 8;
			rig_push(rig, 0, &stamp);
			rig_ring(rig, 0);
			rig_send(rig, 1, &packet); /* beside it */
			rig_run(rig);
			memcpy(t, rig->memory + 0x800000, sizeof(t));
			cycles[run] = t[1] - t[0];
			rig_close(rig);
		}
		printf("# %s: %llu ns\n", modes[m], (unsigned long long)cycles[0]);
		CU_ASSERT_EQUAL(cycles[0], cycles[1]);
		CU_ASSERT_TRUE(cycles[0] > 500);
	}
}

/* Kernels read and write host memory through a SYSTEM segment. */
static void system_memory(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		const uint64_t args[] = {VA_SYSTEM, VA_SYSTEM + 0x10000, VA_SYSTEM + 0x20000};
		struct road_gpu_dispatch packet = dispatch_of(KERNEL_ADD, 4, 64);
		uint32_t *out = (uint32_t *)(void *)(rig->host + SYSTEM_AT);
		unsigned wrong = 0;

		packet.kernarg = rig_args(rig, 0, args, COUNT(args));
		for (uint32_t i = 0; i < 256; i++) {
			out[0x4000 + i] = i;
			out[0x8000 + i] = 1000 * i;
		}
		rig_send(rig, 0, &packet);
		rig_fence(rig, 0, 1);
		rig_run(rig);
		for (uint32_t i = 0; i < 256; i++)
			wrong += out[i] != 1001 * i;
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		/* unmapped while it would run */
		rig->hole = HOST + SYSTEM_AT;
		rig->hole_bytes = SYSTEM_BYTES;
		rig_send(rig, 0, &packet);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_GPU_FAULT_DMA);
		rig_close(rig);
	}
}

struct fault_case {
	unsigned kernel;
	uint32_t fault, pc;
	uint64_t argument, address;
};

static void check_fault(struct rig *rig, const struct fault_case *row)
{
	volatile struct road_gpu_queue_status *status = rig_status(rig, 1);
	struct road_gpu_dispatch bad = dispatch_of(row->kernel, 3, 64);
	struct road_gpu_dispatch good = add_of(rig, 100, 128);
	uint64_t fence = rig_status(rig, 0)->fence;
	const uint64_t args[] = {row->argument, 0};

	bad.kernarg = rig_args(rig, 256, args, COUNT(args));
	memset(rig->memory, 0, 12800 * 4);
	rig_push(rig, 1, &bad);
	rig_fence(rig, 1, 9);
	rig_send(rig, 0, &good); /* runs beside it */
	rig_fence(rig, 0, fence + 1);
	CU_ASSERT_TRUE(rig_run(rig));
	if (status->fault != row->fault || status->pc != row->pc)
		printf("# kernel %u: fault %u at pc %u, address 0x%llx, detail %llu\n", row->kernel,
		       status->fault, status->pc, (unsigned long long)status->address,
		       (unsigned long long)status->detail);
	CU_ASSERT_EQUAL(status->fault, row->fault);
	CU_ASSERT_EQUAL(status->pc, row->pc);
	CU_ASSERT_EQUAL(status->address, row->address);
	CU_ASSERT_EQUAL(status->kernel, 100 + row->kernel + 1);
	CU_ASSERT_EQUAL(status->image, VA_CODE);
	CU_ASSERT_EQUAL(status->fence, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, fence + 1);
	CU_ASSERT_EQUAL(wrong_sums(rig, 12800), 0);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 1, ROAD_GPU_QUEUE_RESET), ROAD_GPU_QUEUE_IDLE);
	rig_fence(rig, 1, 7);
	rig_run(rig);
	CU_ASSERT_EQUAL(status->fence, 7);
	status->fence = 0;
}

static void kernel_faults(void)
{
	static const struct fault_case rows[] = {
		{KERNEL_TRAP, ROAD_GPU_FAULT_TRAP, 1, 0, 0},
		{KERNEL_FOREVER, ROAD_GPU_FAULT_WATCHDOG, 0, 0, 0},
		{KERNEL_BARRIER, ROAD_GPU_FAULT_BARRIER, 1, 0, 0},
		{KERNEL_DIVIDE, ROAD_GPU_FAULT_DIVIDE, 1, VA_DATA + 0x700000, 0},
		{KERNEL_LOAD_AT, ROAD_GPU_FAULT_UNMAPPED, 1, VA_NOWHERE, VA_NOWHERE},
		{KERNEL_LOAD_AT, ROAD_GPU_FAULT_UNMAPPED, 1, 0, 0},
		{KERNEL_LOAD_AT, ROAD_GPU_FAULT_MISALIGNED, 1, VA_DATA + 2, VA_DATA + 2},
		{KERNEL_STORE, ROAD_GPU_FAULT_RIGHTS, 5, VA_CODE, VA_CODE},
		{KERNEL_RUNOFF, ROAD_GPU_FAULT_ILLEGAL, 1, 0, 0},
	};

	for (size_t m = 0; m < 2; m++) {
		char text[64];

		snprintf(text, sizeof(text), "%s&watchdog=20000&check=div", modes[m]);
		struct rig *rig = open_loaded(text);

		fill_operands(rig, 12800);
		for (size_t i = 0; i < COUNT(rows); i++)
			check_fault(rig, &rows[i]);
		CU_ASSERT_EQUAL(rig_violations(rig), 0);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.fault.unmapped"), 2);
		rig_close(rig);
	}
}

/* 1 / 0 without check=div: all ones, counted. */
static void division_is_counted(void)
{
	struct rig *rig = open_loaded("time=functional");
	struct road_gpu_dispatch packet = dispatch_of(KERNEL_DIVIDE, 1, 32);
	const uint64_t args[] = {VA_DATA};

	packet.kernarg = rig_args(rig, 0, args, 1);
	rig_send(rig, 0, &packet);
	rig_run(rig);
	CU_ASSERT_EQUAL(*(uint32_t *)(void *)rig->memory, UINT32_MAX);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.divides_by_zero"), 32);
	rig_close(rig);
}

static void watchdog_at_the_same_cycle(void)
{
	for (size_t m = 0; m < 2; m++) {
		uint64_t time[2], detail[2];

		for (int run = 0; run < 2; run++) {
			struct rig *rig = open_loaded(modes[m]);
			struct road_gpu_dispatch packet = dispatch_of(KERNEL_FOREVER, 5, 64);
			uint64_t begin = rig->sim->now();

			packet.watchdog = 54321;
			rig_send(rig, 0, &packet);
			rig_run(rig);
			CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_GPU_FAULT_WATCHDOG);
			time[run] = rig->sim->now() - begin;
			detail[run] = rig_status(rig, 0)->detail;
			rig_close(rig);
		}
		CU_ASSERT_EQUAL(time[0], time[1]);
		CU_ASSERT_EQUAL(detail[0], detail[1]);
		CU_ASSERT_TRUE(detail[0] >= 54321 && detail[0] < 54321 + 8192);
	}
}

struct bad_field {
	uint32_t offset, bytes;
	uint64_t value;
	uint32_t fault;
	uint64_t detail;
};

static void bad_dispatches(void)
{
#define F(member, value, fault)                                                            \
	{                                                                                  \
		offsetof(struct road_gpu_dispatch, member),                                \
			sizeof(((struct road_gpu_dispatch *)0)->member), value,            \
			ROAD_GPU_FAULT_##fault, offsetof(struct road_gpu_dispatch, member) \
	}
	static const struct bad_field rows[] = {
		F(setup, 0, PACKET),
		F(setup, 5, PACKET),
		F(workgroup_x, 0, PACKET),
		F(workgroup_y, 0, PACKET),
		F(workgroup_z, 2, PACKET),
		F(workgroup_y, 2, PACKET),
		F(reserved0, 1, PACKET),
		F(grid_x, 0, PACKET),
		F(grid_y, 2, PACKET),
		F(grid_z, 0, PACKET),
		F(kernarg, HOST + ARGS_AT + 8, PACKET),
		F(completion, HOST + 4, PACKET),
	};
	struct rig *rig = open_loaded("time=functional");
	volatile struct road_gpu_queue_status *status = rig_status(rig, 1);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct road_gpu_dispatch packet = add_of(rig, 2, 32);

		memcpy((char *)&packet + rows[i].offset, &rows[i].value, rows[i].bytes);
		rig_send(rig, 1, &packet);
		rig_run(rig);
		if (status->fault != rows[i].fault || status->detail != rows[i].detail)
			printf("# row %zu: fault %u, detail %llu\n", i, status->fault,
			       (unsigned long long)status->detail);
		CU_ASSERT_EQUAL(status->fault, rows[i].fault);
		CU_ASSERT_EQUAL(status->detail, rows[i].detail);
		rig_queue_command(rig, 1, ROAD_GPU_QUEUE_RESET);
	}
	struct road_gpu_dispatch packets[7];
	static const uint32_t expected[] = {
		ROAD_GPU_FAULT_RESOURCES, ROAD_GPU_FAULT_RESOURCES, ROAD_GPU_FAULT_RESOURCES,
		ROAD_GPU_FAULT_DMA,       ROAD_GPU_FAULT_KERNEL,    ROAD_GPU_FAULT_DMA,
		ROAD_GPU_FAULT_RESOURCES,
	};

	for (size_t i = 0; i < COUNT(packets); i++)
		packets[i] = add_of(rig, 2, 32);
	packets[0].workgroup_x = 513;
	packets[1].group_bytes = (31 << 10) + 1;
	packets[2].private_bytes = 1 << 30;
	packets[3].kernarg = 0x1000;
	packets[4].kernel_object += 8;
	packets[6] = add_of(rig, 100, 128); /* 16 workgroups resident: all of the memory */
	packets[6].private_bytes = (128 << 10) + 16;
	packets[5].completion = 0x1000;
	for (size_t i = 0; i < COUNT(packets); i++) {
		rig_send(rig, 1, &packets[i]);
		rig_run(rig);
		if (status->fault != expected[i])
			printf("# packet %zu: fault %u\n", i, status->fault);
		CU_ASSERT_EQUAL(status->fault, expected[i]);
		CU_ASSERT_TRUE(i != 1 || status->detail == packets[1].group_bytes);
		rig_queue_command(rig, 1, ROAD_GPU_QUEUE_RESET);
	}
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	rig_close(rig);
}

/* A kernel that spins until another queue's kernel, or a packet, writes: both are resident. */
static void queues_run_beside_each_other(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch spin = dispatch_of(KERNEL_SPIN, 2, 32);
		struct road_gpu_dispatch store = dispatch_of(KERNEL_STORE, 1, 32);
		const uint64_t args[] = {VA_DATA + 0x300000, 77};

		spin.kernarg = store.kernarg = rig_args(rig, 0, args, 2);
		rig_send(rig, 0, &spin);
		rig_fence(rig, 0, 1);
		rig_run_ns(rig, 20000);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 0);
		rig_send(rig, 1, &store);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
		rig_close(rig);
	}
}

/* A kernel releases a WAIT of another queue on device memory. */
static void kernel_releases_wait(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_vendor wait = rig_vendor(ROAD_GPU_VENDOR_WAIT, true);
		struct road_gpu_dispatch store = dispatch_of(KERNEL_STORE, 1, 32);
		const uint64_t args[] = {VA_DATA + 0x300000, 77};

		wait.src = VA_DATA + 0x300000;
		wait.value = 77;
		wait.value_bytes = 4;
		wait.cond = ROAD_GPU_WAIT_EQ;
		store.kernarg = rig_args(rig, 0, args, 2);
		rig_send(rig, 0, &wait);
		rig_fence(rig, 0, 1);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 0);
		rig_send(rig, 1, &store);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		rig_close(rig);
	}
}

/* A wait sees what a kernel wrote while it still runs, and answers it. */
static void wait_answers_running_kernel(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_vendor wait = rig_vendor(ROAD_GPU_VENDOR_WAIT, true);
		struct road_gpu_vendor write = rig_vendor(ROAD_GPU_VENDOR_WRITE, true);
		struct road_gpu_dispatch packet = dispatch_of(KERNEL_HANDSHAKE, 1, 32);
		const uint64_t args[] = {VA_DATA + 0x300000, 77, VA_DATA + 0x300100};

		packet.kernarg = rig_args(rig, 0, args, 3);
		packet.watchdog = 1000000;
		wait.src = VA_DATA + 0x300000;
		wait.value = write.value = 77;
		wait.value_bytes = write.value_bytes = 4;
		wait.cond = ROAD_GPU_WAIT_EQ;
		write.dst = VA_DATA + 0x300100;
		rig_push(rig, 1, &wait);
		rig_push(rig, 1, &write);
		rig_ring(rig, 1);
		rig_run(rig); /* it is parked before the kernel starts */
		rig_send(rig, 0, &packet);
		rig_fence(rig, 0, 1);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		rig_close(rig);
	}
}

/* Closed, reset or taken by a function reset while it runs: nothing is written afterwards. */
static void running_launch_is_dropped(void)
{
	for (size_t m = 0; m < 2; m++)
		for (int how = 0; how < 3; how++) {
			struct rig *rig = open_loaded(modes[m]);
			struct road_gpu_dispatch packet = dispatch_of(KERNEL_COUNT_UP, 8, 32);
			const uint64_t args[] = {VA_DATA, 50000};

			packet.kernarg = rig_args(rig, 0, args, 2);
			*rig_signal(rig, 0) = 1;
			packet.completion = rig_signal_at(0);
			rig_send(rig, 0, &packet);
			rig_run_ns(rig, 5000);
			rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, 0);
			CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_QUEUE_STATE),
					ROAD_GPU_QUEUE_RUNNING);
			if (how < 2)
				rig_queue_command(
					rig, 0, how ? ROAD_GPU_QUEUE_RESET : ROAD_GPU_QUEUE_CLOSE);
			else
				rig->sim->reset(rig->function);
			CU_ASSERT_TRUE(rig_run(rig));
			CU_ASSERT_EQUAL(*(uint32_t *)(void *)rig->memory, 0);
			CU_ASSERT_EQUAL(*rig_signal(rig, 0), 1);
			CU_ASSERT_EQUAL(rig_counter(rig, "gpu.launches"), 0);
			if (how == 1) { /* usable at once */
				packet = add_of(rig, 4, 64);
				fill_operands(rig, 256);
				rig_send(rig, 0, &packet);
				rig_run(rig);
				CU_ASSERT_EQUAL(wrong_sums(rig, 256), 0);
			}
			rig_close(rig);
		}
}

/* UNLOAD waits for launches of its image; then its kernels are none. */
static void unload_waits(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_vendor unload = rig_vendor(ROAD_GPU_VENDOR_UNLOAD, false);
		struct road_gpu_dispatch packet = dispatch_of(KERNEL_COUNT_UP, 1, 32);
		const uint64_t args[] = {VA_DATA, 5000};

		packet.kernarg = rig_args(rig, 0, args, 2);
		unload.dst = VA_CODE;
		rig_send(rig, 0, &packet);
		rig_run_ns(rig, 2000);
		rig_send(rig, 1, &unload);
		rig_fence(rig, 1, 1);
		rig_run_ns(rig, 500);
		CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 0);
		CU_ASSERT_EQUAL(rig_open_queue(rig, 2, 0), ROAD_GPU_QUEUE_IDLE);
		rig_send(rig, 2, &packet); /* too late for a new one */
		rig_run_ns(rig, 500);
		CU_ASSERT_EQUAL(rig_status(rig, 2)->fault, ROAD_GPU_FAULT_KERNEL);
		CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 0);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 1);
		CU_ASSERT_EQUAL(*(uint32_t *)(void *)rig->memory, 5000);
		rig_send(rig, 0, &packet);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_GPU_FAULT_KERNEL);
		rig_queue_command(rig, 0, ROAD_GPU_QUEUE_RESET);
		struct assembly assembly;

		asm_kernels(&assembly);
		rig_load(rig, &assembly, 0);
		rig_send(rig, 0, &packet);
		rig_fence(rig, 0, 5);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 5);
		rig_send(rig, 1, &unload); /* and while dropped: reset releases it */
		rig_run(rig);
		rig_close(rig);
	}
}

/* More launches in flight than the chip has places for: all are done in the end. */
static void many_launches(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch packet = dispatch_of(KERNEL_COUNT_UP, 1, 32);

		packet.header = ROAD_GPU_PACKET_DISPATCH; /* they overlap */
		for (uint64_t i = 0; i < 200; i++) {
			const uint64_t args[] = {VA_DATA + 4 * i, i + 1};

			packet.kernarg = rig_args(rig, 16 * i, args, 2);
			rig_push(rig, i % 2, &packet);
		}
		rig_ring(rig, 0);
		rig_ring(rig, 1);
		rig_fence(rig, 0, 1);
		rig_fence(rig, 1, 1);
		CU_ASSERT_TRUE(rig_run(rig));
		unsigned wrong = 0;

		for (uint32_t i = 0; i < 200; i++)
			wrong += ((uint32_t *)(void *)rig->memory)[i] != i + 1;
		CU_ASSERT_EQUAL(wrong, 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
		CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 1);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.launches"), 200);
		rig_close(rig);
	}
}

/* A queue that has no launch of its own in flight gets a place when another queue's end. */
static void place_for_another_queue(void)
{
	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch packet = dispatch_of(KERNEL_COUNT_UP, 1, 32);
		const uint64_t args[] = {VA_DATA, 20000};

		packet.header = ROAD_GPU_PACKET_DISPATCH;
		packet.kernarg = rig_args(rig, 0, args, 2);
		for (int i = 0; i < 64; i++)
			rig_push(rig, 0, &packet);
		rig_ring(rig, 0);
		rig_run_ns(rig, 10000);
		rig_send(rig, 1, &packet);
		rig_fence(rig, 1, 1);
		rig_run_ns(rig, 1000);
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.launches"), 0); /* all places are taken */
		CU_ASSERT_TRUE(rig_run(rig));
		CU_ASSERT_EQUAL(rig_counter(rig, "gpu.launches"), 65);
		CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 1);
		rig_close(rig);
	}
}

static char *report_of(struct rig *rig)
{
	size_t bytes = rig->sim->report(rig->function, NULL, 0) + 1;
	char *text = calloc(1, bytes);

	rig->sim->report(rig->function, text, bytes);
	return text;
}

static void reports(void)
{
	static const char *const always[] = {
		"\"cycles\":",
		"\"warp_instructions\":6000",
		"\"thread_instructions\":192000",
		"\"faults\":{",
		"\"order_sensitive\":true",
		"\"order_sensitive_at\":{\"kernel\":111",
		"\"launches\":2,",
		"\"last_launches\":[{",
	};
	static const char *const timed[] = {
		"\"stalls\":{\"barrier\":", "\"l1\":{\"hits\":", "\"dram\":{\"read_bytes\":",
		"\"occupancy\":", "\"limited_by\":\""};

	for (size_t m = 0; m < 2; m++) {
		struct rig *rig = open_loaded(modes[m]);
		struct road_gpu_dispatch packet = add_of(rig, 100, 128);
		const uint64_t args[] = {VA_DATA};

		rig_send(rig, 0, &packet);
		rig_run(rig);
		char *text = report_of(rig);

		CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"order_sensitive\":false"));
		free(text);
		packet = dispatch_of(KERNEL_CLOCK, 1, 32);
		packet.kernarg = rig_args(rig, 64, args, 1);
		rig_send(rig, 0, &packet);
		rig_run(rig);
		text = report_of(rig);
		for (size_t i = 0; i < COUNT(always); i++)
			if (i != 1 && i != 2 && !strstr(text, always[i])) {
				printf("# %s lacks %s\n", text, always[i]);
				CU_FAIL("report");
			}
		for (size_t i = 0; i < COUNT(timed); i++)
			CU_ASSERT_EQUAL(strstr(text, timed[i]) != NULL, m == 1);
		int depth = 0;

		for (const char *c = text; *c; c++)
			depth += (*c == '{' || *c == '[') - (*c == '}' || *c == ']');
		CU_ASSERT_EQUAL(depth, 0);
		CU_ASSERT_PTR_NULL(strstr(text, ",,"));
		CU_ASSERT_PTR_NULL(strstr(text, "{,"));
		free(text);
		rig_close(rig);
	}
}

/* issue + stalls = resident warp-cycles, as the chip reports them. */
static void stalls_add_up(void)
{
	static const char *const parts[] = {
		"gpu.timing.warp_instructions", "gpu.stall.barrier", "gpu.stall.memory",
		"gpu.stall.dependence",         "gpu.stall.unit",    "gpu.stall.not_selected"};
	struct rig *rig = open_loaded("time=approx");
	struct road_gpu_dispatch packet = add_of(rig, 100, 128);
	uint64_t sum = 0;

	rig_send(rig, 0, &packet);
	rig_run(rig);
	for (size_t i = 0; i < COUNT(parts); i++)
		sum += rig_counter(rig, parts[i]);
	CU_ASSERT_EQUAL(sum, rig_counter(rig, "gpu.timing.resident_warp_cycles"));
	CU_ASSERT_TRUE(sum > 6000);
	rig_close(rig);
}

static const struct tap_case cases[] = {
	{"a vector sum comes out of rings, arguments and kernel", vector_add},
	{"a grid that is no multiple has partial workgroups", partial_workgroup},
	{"two runs take the same time to the nanosecond", same_in_every_run},
	{"kernels reach host memory through system segments", system_memory},
	{"each kernel fault is recorded with its place; others run on", kernel_faults},
	{"division by zero is counted where it is no fault", division_is_counted},
	{"an endless kernel meets its watchdog at the same cycle", watchdog_at_the_same_cycle},
	{"a dispatch with one wrong field faults and says which", bad_dispatches},
	{"kernels of two queues run beside each other", queues_run_beside_each_other},
	{"a kernel's store releases a wait", kernel_releases_wait},
	{"a wait answers a kernel that still runs", wait_answers_running_kernel},
	{"a running launch that is dropped writes nothing more", running_launch_is_dropped},
	{"an image is unloaded when its launches have ended", unload_waits},
	{"more launches than places are done in turn", many_launches},
	{"a place that a launch leaves is given to another queue", place_for_another_queue},
	{"the report has instructions, occupancy, stalls, caches", reports},
	{"issue and stalls are the resident warp-cycles", stalls_add_up},
};
TAP_MAIN(cases)
