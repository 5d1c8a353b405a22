/* SPDX-License-Identifier: Apache-2.0 */
/* Packets but for launches: what they do, in which order, and how they fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_gpu_model/rig.h"

static struct road_gpu_vendor copy_of(uint64_t dst, uint64_t src, uint64_t bytes, uint16_t flags)
{
	struct road_gpu_vendor copy = rig_vendor(ROAD_GPU_VENDOR_COPY, true);

	copy.dst = dst;
	copy.src = src;
	copy.bytes = bytes;
	copy.flags = flags;
	return copy;
}

static struct road_gpu_vendor word_of(enum road_gpu_vendor_op op, uint64_t dst, uint64_t value)
{
	struct road_gpu_vendor packet = rig_vendor(op, true);

	packet.dst = dst;
	packet.value = value;
	packet.value_bytes = 8;
	return packet;
}

static struct road_gpu_vendor wait_for(uint64_t src, uint64_t value, enum road_gpu_wait_cond cond)
{
	struct road_gpu_vendor packet = rig_vendor(ROAD_GPU_VENDOR_WAIT, true);

	packet.src = src;
	packet.flags = ROAD_GPU_VENDOR_SRC_BUS;
	packet.value = value;
	packet.value_bytes = 8;
	packet.cond = (uint8_t)cond;
	return packet;
}

static void scribble(uint8_t *at, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
}

/* Host to device, device to device, device to host, over all ways to name memory. */
static void copies_everywhere(void)
{
	enum { BYTES = 100003 };
	struct rig *rig = rig_open("time=functional");
	uint8_t *host = rig->host;
	struct road_gpu_vendor copy;

	scribble(host + DATA_AT, BYTES, 1);
	copy = copy_of(VA_DATA + 5, HOST + DATA_AT, BYTES, ROAD_GPU_VENDOR_SRC_BUS);
	rig_send(rig, 0, &copy);
	copy = copy_of(VA_DATA + 0x400001, VA_DATA + 5, BYTES, 0);
	rig_send(rig, 0, &copy);
	copy = copy_of(VA_SYSTEM + 64, VA_DATA + 0x400001, BYTES, 0);
	rig_send(rig, 0, &copy);
	copy = copy_of(HOST + DATA_AT + 0x100000, VA_SYSTEM + 64, BYTES, ROAD_GPU_VENDOR_DST_BUS);
	rig_send(rig, 0, &copy);
	rig_fence(rig, 0, 1);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 5);
	CU_ASSERT_EQUAL(memcmp(rig->memory + 5, host + DATA_AT, BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(rig->memory + 0x400001, host + DATA_AT, BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(host + SYSTEM_AT + 64, host + DATA_AT, BYTES), 0);
	CU_ASSERT_EQUAL(memcmp(host + DATA_AT + 0x100000, host + DATA_AT, BYTES), 0);
	CU_ASSERT_EQUAL(host[DATA_AT + 0x100000 + BYTES], 0);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.copied_bytes"), 4 * BYTES);
	CU_ASSERT_EQUAL(rig->irqs, 1u << 3);
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	rig_close(rig);
}

/* 64 KiB over a bus of 25 GB/s and 50 + 1000 cycles of 1 ns. */
static void copies_take_time(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor copy =
		copy_of(VA_DATA, HOST + DATA_AT, 65536, ROAD_GPU_VENDOR_SRC_BUS);
	struct road_gpu_vendor stamp = word_of(ROAD_GPU_VENDOR_TIMESTAMP, VA_DATA + 0x100000, 0);
	uint64_t t[3];

	for (int i = 0; i < 3; i++) {
		stamp.dst = VA_DATA + 0x100000 + 8 * (unsigned)i;
		rig_push(rig, 0, &stamp);
		if (i < 2)
			rig_push(rig, 0, &copy);
	}
	rig_ring(rig, 0);
	rig_run(rig);
	memcpy(t, rig->memory + 0x100000, sizeof(t));
	/* 65536 / 25 = 2621.44 ns, 1000 of latency, 2 packets of 50; stamps are whole ns */
	for (int i = 0; i < 2; i++)
		CU_ASSERT_TRUE(t[i + 1] - t[i] == 3721 || t[i + 1] - t[i] == 3722);
	rig_close(rig);
}

static void model_copy(uint8_t *dst, const uint8_t *src, const struct road_gpu_vendor *p)
{
	for (uint32_t z = 0; z < p->slices; z++)
		for (uint32_t y = 0; y < p->rows; y++) {
			uint64_t row = (uint64_t)z * p->slice_rows + y;

			for (uint64_t x = 0; x < p->bytes; x++)
				dst[row * p->dst_pitch + x] = src[row * p->src_pitch + x];
		}
}

/* Random boxes, many of which overlap themselves: as if the source had been read first. */
static void boxes_that_overlap(void)
{
	enum { AREA = 8192, ROUNDS = 2000 };
	struct rig *rig = rig_open("time=functional");
	uint8_t *before = malloc(AREA), *expected = malloc(AREA);
	unsigned done = 0;

	srand(7);
	for (int round = 0; round < ROUNDS; round++) {
		struct road_gpu_vendor p =
			copy_of(VA_DATA + (unsigned)rand() % 512, VA_DATA + (unsigned)rand() % 512,
				1 + (unsigned)rand() % 40, 0);

		p.rows = 1 + (unsigned)rand() % 6;
		p.slices = 1 + (unsigned)rand() % 4;
		p.slice_rows = p.rows + (unsigned)rand() % 3;
		p.dst_pitch = (uint32_t)p.bytes + (unsigned)rand() % 20;
		p.src_pitch = rand() % 2 ? p.dst_pitch : (uint32_t)p.bytes + (unsigned)rand() % 20;
		scribble(rig->memory, AREA, (uint32_t)round);
		memcpy(before, rig->memory, AREA);
		memcpy(expected, rig->memory, AREA);
		model_copy(expected + (p.dst - VA_DATA), before + (p.src - VA_DATA), &p);
		rig_send(rig, 0, &p);
		CU_ASSERT_TRUE(rig_run(rig));
		done += memcmp(rig->memory, expected, AREA) == 0;
	}
	CU_ASSERT_EQUAL(done, ROUNDS);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	free(before);
	free(expected);
	rig_close(rig);
}

/* Larger than a chunk, overlapping both ways. */
static void large_overlap(void)
{
	enum { BYTES = 9 << 20, SHIFT = 12345 };
	struct rig *rig = rig_open("time=functional");
	uint8_t *before = malloc(BYTES + SHIFT);
	struct road_gpu_vendor copy;

	scribble(rig->memory, BYTES + SHIFT, 3);
	memcpy(before, rig->memory, BYTES + SHIFT);
	copy = copy_of(VA_DATA + SHIFT, VA_DATA, BYTES, 0);
	rig_send(rig, 0, &copy);
	rig_run(rig);
	CU_ASSERT_EQUAL(memcmp(rig->memory + SHIFT, before, BYTES), 0);
	memcpy(before, rig->memory, BYTES + SHIFT);
	copy = copy_of(VA_DATA, VA_DATA + SHIFT, BYTES, 0);
	rig_send(rig, 0, &copy);
	rig_run(rig);
	CU_ASSERT_EQUAL(memcmp(rig->memory, before + SHIFT, BYTES), 0);
	free(before);
	rig_close(rig);
}

static void fills(void)
{
	static const uint8_t sizes[] = {1, 2, 4, 8};
	struct rig *rig = rig_open("time=functional");
	const uint64_t value = UINT64_C(0x8877665544332211);

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct road_gpu_vendor fill = rig_vendor(ROAD_GPU_VENDOR_FILL, true);
		unsigned wrong = 0;

		memset(rig->memory, 0, 4096);
		fill.dst = VA_DATA + 3;
		fill.bytes = 24;
		fill.rows = 3;
		fill.slices = 2;
		fill.slice_rows = 4;
		fill.dst_pitch = 40;
		fill.value = value;
		fill.value_bytes = sizes[i];
		rig_send(rig, 0, &fill);
		rig_run(rig);
		for (uint32_t at = 0; at < 4096; at++) {
			uint32_t row = at < 3 ? 99 : (at - 3) / 40, x = at < 3 ? 99 : (at - 3) % 40;
			bool in = row < 8 && row % 4 < 3 && x < 24;
			uint8_t byte = (uint8_t)(value >> 8 * (x % sizes[i]));

			wrong += rig->memory[at] != (in ? byte : 0);
		}
		CU_ASSERT_EQUAL(wrong, 0);
	}
	struct road_gpu_vendor big = rig_vendor(ROAD_GPU_VENDOR_FILL, true);
	unsigned wrong = 0;

	big.dst = VA_DATA + 8;
	big.bytes = 10 << 20;
	big.value = value;
	big.value_bytes = 8;
	rig_send(rig, 0, &big);
	rig_run(rig);
	for (uint64_t i = 0; i < big.bytes; i++)
		wrong += rig->memory[8 + i] != (uint8_t)(value >> 8 * (i % 8));
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.filled_bytes"), 4 * 24 * 6 + (10 << 20));
	rig_close(rig);
}

static void words_and_time(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor write =
		word_of(ROAD_GPU_VENDOR_WRITE, VA_DATA + 8, 0x1122334455667788);
	uint64_t seen[2];

	rig_send(rig, 0, &write);
	write.dst = VA_DATA + 20;
	write.value_bytes = 4;
	rig_send(rig, 0, &write);
	write = word_of(ROAD_GPU_VENDOR_TIMESTAMP, VA_DATA + 32, 0);
	rig_send(rig, 0, &write);
	rig_run(rig);
	memcpy(seen, rig->memory + 8, 16);
	CU_ASSERT_EQUAL(seen[0], 0x1122334455667788);
	CU_ASSERT_EQUAL(seen[1], UINT64_C(0x55667788) << 32);
	memcpy(seen, rig->memory + 32, 8);
	CU_ASSERT_EQUAL(seen[0], rig->sim->now() / 1000); /* the last event was this packet */
	rig_close(rig);
}

static void waits(void)
{
	static const struct {
		enum road_gpu_wait_cond cond;
		uint8_t bytes;
		uint64_t value, no, yes;
	} rows[] = {
		{ROAD_GPU_WAIT_GE, 8, 10, 9, 10},
		{ROAD_GPU_WAIT_GE, 8, 3, UINT64_MAX, 4}, /* cyclic */
		{ROAD_GPU_WAIT_GE, 4, 3, UINT32_MAX, 3},
		{ROAD_GPU_WAIT_EQ, 8, 10, 11, 10},
		{ROAD_GPU_WAIT_EQ, 4, 10, 11, 10},
		{ROAD_GPU_WAIT_AND, 8, 6, 9, 2},
		{ROAD_GPU_WAIT_NOR, 8, 0xff, ~UINT64_C(0x0f), 1},
		{ROAD_GPU_WAIT_NOR, 4, 0xff, 0xffffff00, 1},
	};
	struct rig *rig = rig_open("time=functional");
	uint64_t *word = (uint64_t *)(void *)(rig->host + DATA_AT);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct road_gpu_vendor wait = wait_for(HOST + DATA_AT, rows[i].value, rows[i].cond);

		wait.value_bytes = rows[i].bytes;
		*word = rows[i].no;
		rig_send(rig, 0, &wait);
		rig_fence(rig, 0, i + 1);
		CU_ASSERT_TRUE(rig_run(rig));
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, i);
		*word = rows[i].yes;
		rig->sim->poke();
		CU_ASSERT_TRUE(rig_run(rig));
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, i + 1);
	}
	struct sim_slice slice;

	rig->sim->run(0, 1, &slice);
	CU_ASSERT_FALSE(slice.watching); /* every watch that began has ended */
	rig_close(rig);
}

/* A wait on device memory, released by another queue's packet, a copy, a fill. */
static void waits_on_the_device(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor wait = wait_for(VA_DATA + 64, 1, ROAD_GPU_WAIT_EQ);
	struct road_gpu_vendor release[3] = {
		word_of(ROAD_GPU_VENDOR_WRITE, VA_DATA + 64, 1),
		copy_of(VA_DATA + 64, HOST + DATA_AT, 8, ROAD_GPU_VENDOR_SRC_BUS),
		rig_vendor(ROAD_GPU_VENDOR_FILL, true),
	};

	wait.flags = 0;
	rig->host[DATA_AT] = 1;
	release[2].dst = VA_DATA + 64;
	release[2].bytes = 8;
	release[2].value = 1;
	release[2].value_bytes = 8;
	for (unsigned i = 0; i < 3; i++) {
		memset(rig->memory + 64, 0, 8);
		rig_send(rig, 0, &wait);
		rig_fence(rig, 0, i + 1);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, i);
		rig_send(rig, 1, &release[i]);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, i + 1);
	}
	rig_close(rig);
}

static void barriers(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_barrier both = {.header = ROAD_GPU_PACKET_BARRIER_AND};
	struct road_gpu_barrier either = {.header = ROAD_GPU_PACKET_BARRIER_OR};

	both.dep[0] = either.dep[1] = rig_signal_at(0);
	both.dep[4] = either.dep[3] = rig_signal_at(1);
	both.completion = rig_signal_at(2);
	either.completion = rig_signal_at(3);
	*rig_signal(rig, 0) = *rig_signal(rig, 1) = 1;
	*rig_signal(rig, 2) = 5;
	*rig_signal(rig, 3) = -1;
	rig_send(rig, 0, &both);
	rig_fence(rig, 0, 1);
	rig_send(rig, 1, &either);
	rig_fence(rig, 1, 1);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 0);
	*rig_signal(rig, 1) = 0;
	rig->sim->poke();
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 1)->fence, 1);
	CU_ASSERT_EQUAL(*rig_signal(rig, 3), -2);
	*rig_signal(rig, 0) = 0;
	rig->sim->poke();
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 1);
	CU_ASSERT_EQUAL(*rig_signal(rig, 2), 4);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.signals"), 2);
	/* without dependencies both pass at once */
	memset(both.dep, 0, sizeof(both.dep));
	memset(either.dep, 0, sizeof(either.dep));
	rig_send(rig, 0, &both);
	rig_send(rig, 0, &either);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 4);
	CU_ASSERT_EQUAL(*rig_signal(rig, 2), 3);
	rig_close(rig);
}

/* A chain over three queues, each released by the signal of the one before. */
static void chain_of_queues(void)
{
	struct rig *rig = rig_open("time=functional");

	rig_open_queue(rig, 2, 0);
	for (uint32_t q = 0; q < 3; q++) {
		struct road_gpu_barrier link = {.header = ROAD_GPU_PACKET_BARRIER_AND};

		*rig_signal(rig, q) = 1;
		link.dep[2] = q ? rig_signal_at(q - 1) : 0;
		link.completion = rig_signal_at(q);
		if (q == 0)
			continue;
		rig_send(rig, q, &link);
		rig_fence(rig, q, 1);
	}
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 2)->fence, 0);
	struct road_gpu_barrier first = {.header = ROAD_GPU_PACKET_BARRIER_AND,
					 .completion = rig_signal_at(0)};

	rig_send(rig, 0, &first);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 2)->fence, 1);
	CU_ASSERT_EQUAL(*rig_signal(rig, 2), 0);
	rig_close(rig);
}

/* Without the barrier bit a short packet overtakes a long copy; with it, it does not. */
static void barrier_bit(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor copy =
		copy_of(VA_DATA, HOST + DATA_AT, 1 << 20, ROAD_GPU_VENDOR_SRC_BUS);

	for (int barrier = 0; barrier < 2; barrier++) {
		struct road_gpu_vendor look =
			copy_of(VA_DATA + 0x800000 + (unsigned)barrier, VA_DATA, 1, 0);

		rig->host[DATA_AT] = 0x77;
		rig->memory[0] = 0x11;
		look.header = (uint16_t)(barrier ? ROAD_GPU_PACKET_BARRIER : 0);
		rig_push(rig, 0, &copy);
		rig_push(rig, 0, &look);
		rig_ring(rig, 0);
		rig_run(rig);
	}
	CU_ASSERT_EQUAL(rig->memory[0x800000], 0x11);
	CU_ASSERT_EQUAL(rig->memory[0x800001], 0x77);
	rig_close(rig);
}

/* All queues have a timestamp and are rung while the command processor is busy elsewhere. */
static void priorities(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor stamp = word_of(ROAD_GPU_VENDOR_TIMESTAMP, 0, 0);
	uint64_t t[3][2];

	rig_open_queue(rig, 2, 0); /* 0 and 1 have priority 1 */
	for (unsigned k = 0; k < 2; k++)
		for (unsigned q = 0; q < 3; q++) {
			stamp.dst = VA_DATA + q * 16 + k * 8;
			rig_push(rig, q, &stamp);
		}
	for (unsigned q = 0; q < 3; q++)
		rig_ring(rig, q);
	rig_run(rig);
	memcpy(t, rig->memory, sizeof(t));
	CU_ASSERT_TRUE(t[2][0] < t[2][1] && t[2][1] < t[0][0]); /* the high one first */
	CU_ASSERT_TRUE(t[0][0] < t[1][0] && t[1][0] < t[0][1] && t[0][1] < t[1][1]); /* in turns */
	rig_close(rig);
}

struct bad {
	struct road_gpu_vendor packet;
	enum road_gpu_fault fault;
	uint64_t address;
};

static void check_fault(struct rig *rig, const void *packet, enum road_gpu_fault fault,
			uint64_t address)
{
	volatile struct road_gpu_queue_status *status = rig_status(rig, 1);
	uint64_t other = rig_status(rig, 0)->fence;

	rig->irqs = 0;
	rig_push(rig, 1, packet);
	rig_fence(rig, 1, 99);
	rig_fence(rig, 0, other + 1); /* another queue goes on */
	CU_ASSERT_TRUE(rig_run(rig));
	if (status->fault != fault || status->address != address)
		printf("# op %u: fault %u at 0x%llx, detail %llu; expected %u at 0x%llx\n",
		       ((const struct road_gpu_vendor *)packet)->op, status->fault,
		       (unsigned long long)status->address, (unsigned long long)status->detail,
		       fault, (unsigned long long)address);
	CU_ASSERT_EQUAL(status->fault, fault);
	CU_ASSERT_EQUAL(status->address, address);
	CU_ASSERT_EQUAL(status->packet, 0);
	CU_ASSERT_EQUAL(status->fence, 0);
	CU_ASSERT_EQUAL(status->consumed, 1);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, other + 1);
	CU_ASSERT_TRUE(rig->irqs & 1u << ROAD_GPU_IRQ_FAULT);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_STATUS) & ROAD_GPU_STATUS_FAULT,
			ROAD_GPU_STATUS_FAULT);
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, 1);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_QUEUE_STATE), ROAD_GPU_QUEUE_FAULTED);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 1, ROAD_GPU_QUEUE_RESET), ROAD_GPU_QUEUE_IDLE);
	CU_ASSERT_EQUAL(status->fault, 0);
	CU_ASSERT_EQUAL(status->consumed, 2);
	rig_fence(rig, 1, 7); /* usable again */
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(status->fence, 7);
	status->fence = 0;
	rig_queue_command(rig, 1, ROAD_GPU_QUEUE_CLOSE);
	rig_open_queue(rig, 1, 1);
}

static void faults(void)
{
	struct rig *rig = rig_open("time=functional");
	struct bad rows[] = {
		{copy_of(VA_NOWHERE, VA_DATA, 8, 0), ROAD_GPU_FAULT_UNMAPPED, VA_NOWHERE},
		{copy_of(VA_DATA, VA_NOWHERE, 8, 0), ROAD_GPU_FAULT_UNMAPPED, VA_NOWHERE},
		{copy_of(VA_DATA, VA_DATA + DATA_BYTES - 4, 8, 0), ROAD_GPU_FAULT_UNMAPPED,
		 VA_DATA + DATA_BYTES - 4},
		{copy_of(VA_CODE, VA_DATA, 8, 0), ROAD_GPU_FAULT_RIGHTS, VA_CODE},
		{copy_of(VA_DATA, 0x1000, 8, ROAD_GPU_VENDOR_SRC_BUS), ROAD_GPU_FAULT_DMA, 0x1000},
		{copy_of(UINT64_MAX, VA_DATA, 8, ROAD_GPU_VENDOR_DST_BUS), ROAD_GPU_FAULT_DMA,
		 UINT64_MAX},
		{copy_of(VA_DATA, VA_DATA, 0, 0), ROAD_GPU_FAULT_PACKET, 0},
		{word_of(ROAD_GPU_VENDOR_WRITE, VA_DATA + 4, 0), ROAD_GPU_FAULT_MISALIGNED,
		 VA_DATA + 4},
		{word_of(ROAD_GPU_VENDOR_WRITE, VA_CODE, 0), ROAD_GPU_FAULT_RIGHTS, VA_CODE},
		{word_of(ROAD_GPU_VENDOR_TIMESTAMP, 0, 0), ROAD_GPU_FAULT_UNMAPPED, 0},
		{word_of(ROAD_GPU_VENDOR_FENCE, VA_NOWHERE, 0), ROAD_GPU_FAULT_UNMAPPED,
		 VA_NOWHERE},
		{wait_for(0x1000, 0, ROAD_GPU_WAIT_EQ), ROAD_GPU_FAULT_DMA, 0x1000},
		{wait_for(HOST + 4, 0, ROAD_GPU_WAIT_EQ), ROAD_GPU_FAULT_MISALIGNED, HOST + 4},
		{wait_for(HOST, 0, ROAD_GPU_WAIT_CONDS), ROAD_GPU_FAULT_PACKET, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		check_fault(rig, &rows[i].packet, rows[i].fault, rows[i].address);
	struct road_gpu_vendor load = rig_vendor(ROAD_GPU_VENDOR_LOAD, true);

	load.dst = VA_CODE;
	load.bytes = 4096; /* zeroes are no image */
	check_fault(rig, &load, ROAD_GPU_FAULT_IMAGE, VA_CODE);
	load.bytes = 8;
	check_fault(rig, &load, ROAD_GPU_FAULT_IMAGE, VA_CODE);
	load = rig_vendor(ROAD_GPU_VENDOR_UNLOAD, true);
	load.dst = VA_CODE;
	check_fault(rig, &load, ROAD_GPU_FAULT_IMAGE, VA_CODE);
	struct road_gpu_dispatch dispatch = rig_dispatch(VA_CODE + 104, 1, 32);

	check_fault(rig, &dispatch, ROAD_GPU_FAULT_KERNEL, VA_CODE + 104);
	struct road_gpu_barrier barrier = {.header = ROAD_GPU_PACKET_BARRIER_AND};

	barrier.dep[1] = 0x1000;
	check_fault(rig, &barrier, ROAD_GPU_FAULT_DMA, 0x1000);
	barrier.dep[1] = rig_signal_at(0) + 4;
	check_fault(rig, &barrier, ROAD_GPU_FAULT_MISALIGNED, rig_signal_at(0) + 4);
	barrier.dep[1] = 0;
	barrier.completion = 0x2000;
	check_fault(rig, &barrier, ROAD_GPU_FAULT_DMA, 0x2000);
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.fault.unmapped"), 5);
	rig_close(rig);
}

/* What a copy moved before its host memory went away stays; nothing more comes. */
static void memory_goes_away(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor copy =
		copy_of(VA_DATA, HOST + DATA_AT, 4 << 20, ROAD_GPU_VENDOR_SRC_BUS);

	memset(rig->host + DATA_AT, 1, 4 << 20);
	copy.bytes = 5 << 20;
	rig_send(rig, 0, &copy);
	rig_run_ns(rig, 1000); /* it has begun */
	rig->hole = HOST + DATA_AT;
	rig->hole_bytes = 4096;
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_GPU_FAULT_DMA);
	CU_ASSERT_EQUAL(rig->memory[0], 0);
	/* and a status block that is gone is no more than a violation */
	rig->hole = HOST;
	rig->hole_bytes = HOST_BYTES;
	rig_ring(rig, 1);
	const struct road_gpu_vendor nop = rig_vendor(ROAD_GPU_VENDOR_NOP, false);

	rig_send(rig, 1, &nop);
	rig_run(rig);
	CU_ASSERT_TRUE(rig_violation_says(rig, "status block"));
	rig_close(rig);
}

/* Closed or reset in the middle: nothing is touched afterwards. */
static void dropped_at_once(void)
{
	static const uint32_t commands[] = {ROAD_GPU_QUEUE_CLOSE, ROAD_GPU_QUEUE_RESET};
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor copy =
		copy_of(VA_DATA, HOST + DATA_AT, 3 << 20, ROAD_GPU_VENDOR_SRC_BUS);

	memset(rig->host + DATA_AT, 0x5a, 3 << 20);
	for (size_t i = 0; i < COUNT(commands); i++) {
		rig_send(rig, 0, &copy);
		rig_fence(rig, 0, 1);
		rig_run_ns(rig, 2000);
		rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, 0);
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_QUEUE_STATE), ROAD_GPU_QUEUE_RUNNING);
		CU_ASSERT_EQUAL(rig_queue_command(rig, 0, commands[i]),
				i ? ROAD_GPU_QUEUE_IDLE : ROAD_GPU_QUEUE_CLOSED);
		uint8_t status[256];

		memcpy(status, rig->host + STATUS_AT, sizeof(status));
		rig_run(rig);
		CU_ASSERT_EQUAL(memcmp(status, rig->host + STATUS_AT, sizeof(status)), 0);
		CU_ASSERT_EQUAL(rig->memory[0], 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 0);
		if (!i)
			rig_open_queue(rig, 0, 1);
	}
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 2);
	CU_ASSERT_EQUAL(rig_counter(rig, "gpu.packets_dropped"), 4);
	/* a wait that is dropped watches no more */
	struct road_gpu_vendor wait = wait_for(HOST + DATA_AT, 1, ROAD_GPU_WAIT_EQ);
	struct sim_slice slice;

	rig_send(rig, 0, &wait);
	rig_run(rig);
	rig->sim->run(0, 1, &slice);
	CU_ASSERT_TRUE(slice.watching);
	rig_queue_command(rig, 0, ROAD_GPU_QUEUE_RESET);
	rig->sim->run(0, 1, &slice);
	CU_ASSERT_FALSE(slice.watching);
	rig_close(rig);
}

static const struct tap_case cases[] = {
	{"copies reach host and device memory by every name", copies_everywhere},
	{"a copy takes its bytes over the rate, and a latency", copies_take_time},
	{"boxes that overlap are copied as if read first", boxes_that_overlap},
	{"large copies that overlap go in the safe direction", large_overlap},
	{"fills repeat 1, 2, 4 and 8 bytes over rows and slices", fills},
	{"words and timestamps are stored", words_and_time},
	{"a wait holds its queue until its condition holds", waits},
	{"a wait on device memory sees packets of other queues", waits_on_the_device},
	{"barriers wait for all or one of their signals", barriers},
	{"signals chain packets of several queues", chain_of_queues},
	{"only the barrier bit makes packets wait for earlier ones", barrier_bit},
	{"priorities come first, equals take turns", priorities},
	{"each fault is recorded, stops its queue only, and is cleared by reset", faults},
	{"host memory that goes away is a fault", memory_goes_away},
	{"work of a queue that is closed or reset is dropped at once", dropped_at_once},
};
TAP_MAIN(cases)
