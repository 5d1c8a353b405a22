/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that nobody sane would send. The chip may fault; it must not crash, hang, nor touch
 * memory that is not mapped (the sanitizers watch), and other queues must go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_gpu_model/rig.h"

static uint64_t state = 1;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

enum { VICTIM = 1 };

struct results {
	uint64_t faults[ROAD_GPU_FAULTS];
	uint64_t done;
};

/* One packet, then the queue as new. */
static void try_packet(struct rig *rig, const void *packet, struct results *results)
{
	volatile struct road_gpu_queue_status *status = rig_status(rig, VICTIM);

	rig_send(rig, VICTIM, packet);
	CU_ASSERT_TRUE_FATAL(rig_run(rig));
	CU_ASSERT_TRUE_FATAL(status->fault < ROAD_GPU_FAULTS);
	results->faults[status->fault]++;
	results->done += !status->fault;
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, VICTIM);
	rig_put(rig, ROAD_GPU_REG_QUEUE_COMMAND, ROAD_GPU_QUEUE_RESET);
}

/* Host memory that the chip may write by bus address, behind the space's back, is its own. */
static void finish(struct rig *rig, const struct results *results)
{
	printf("# done %llu, faults:", (unsigned long long)results->done);
	for (int i = 1; i < ROAD_GPU_FAULTS; i++)
		printf(" %llu", (unsigned long long)results->faults[i]);
	printf("\n");
	rig_fence(rig, 0, 4711);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 4711);
	rig_close(rig);
}

static struct rig *open_loaded(const char *options)
{
	struct rig *rig = rig_open(options);
	struct assembly assembly;

	asm_kernels(&assembly);
	rig_load(rig, &assembly, 0);
	return rig;
}

/* Every bit of every field of every packet, alone and with a random companion. */
static void each_bit(void)
{
	struct rig *rig = open_loaded("time=functional&watchdog=10000");
	uint8_t good[RIG_GOOD][64], packet[64];
	uint32_t count = rig_good_packets(rig, good);
	struct results results = {0};

	for (uint32_t i = 0; i < count; i++)
		for (unsigned bit = 0; bit < 1024; bit++) {
			memcpy(packet, good[i], 64);
			packet[bit / 8 % 64] ^= (uint8_t)(1u << bit % 8);
			if (bit >= 512) {
				uint64_t r = next_random();

				packet[r % 64] ^= (uint8_t)(1u << (r >> 8) % 8);
			}
			try_packet(rig, packet, &results);
		}
	CU_ASSERT_TRUE(results.done > 100 && results.faults[ROAD_GPU_FAULT_PACKET] > 1000);
	finish(rig, &results);
}

/* Fields replaced by values at the edges of what means something. */
static void odd_values(void)
{
	static const uint64_t values[] = {
		0,
		1,
		2,
		3,
		7,
		63,
		64,
		255,
		4096,
		65535,
		65536,
		INT32_MAX,
		UINT32_MAX,
		UINT64_C(1) << 32,
		UINT64_C(1) << 45,
		UINT64_C(1) << 46,
		INT64_MAX,
		UINT64_MAX,
		VA_DATA,
		VA_DATA + DATA_BYTES - 1,
		VA_DATA + DATA_BYTES,
		VA_CODE,
		VA_SYSTEM,
		VA_NOWHERE,
		HOST + DATA_AT,
		HOST + HOST_BYTES - 1,
		HOST + SYSTEM_AT,
	};
	struct rig *rig = open_loaded("time=functional&watchdog=10000");
	uint8_t good[RIG_GOOD][64], packet[64];
	uint32_t count = rig_good_packets(rig, good);
	struct results results = {0};

	for (int round = 0; round < 30000; round++) {
		uint32_t changes = 1 + (uint32_t)(next_random() % 4);

		memcpy(packet, good[next_random() % count], 64);
		for (uint32_t i = 0; i < changes; i++) {
			uint64_t value = values[next_random() % COUNT(values)];
			size_t width = (size_t)1 << next_random() % 4;

			memcpy(packet + next_random() % (64 / width) * width, &value, width);
		}
		try_packet(rig, packet, &results);
	}
	CU_ASSERT_TRUE(results.done > 100);
	finish(rig, &results);
}

/* 10^5 packets of noise; half of them good packets with some words of noise. */
static void noise(void)
{
	struct rig *rig = open_loaded("time=functional&watchdog=10000");
	uint8_t good[RIG_GOOD][64];
	uint32_t count = rig_good_packets(rig, good);
	struct results results = {0};
	uint64_t packet[8], mixed[8];

	for (int round = 0; round < 100000; round++) {
		uint64_t which = next_random();

		memcpy(mixed, good[which % count], 64);
		for (unsigned i = 0; i < 8; i++) {
			packet[i] = next_random() & (next_random() % 4 ? UINT64_MAX : 0xff);
			/* bytes that are used, for the most part */
			if (round % 2 && mixed[i] && which >> (8 + i) & 1)
				mixed[i] ^= packet[i] & (UINT64_C(0xff) << 8 * (which >> 20 & 7));
		}
		try_packet(rig, round % 2 ? mixed : packet, &results);
	}
	CU_ASSERT_TRUE(results.done > 1000);
	finish(rig, &results);
}

/* The image's bytes change after LOAD and between LOADs: what runs was checked. */
static void images_of_noise(void)
{
	static const char *const modes[] = {"time=functional&watchdog=3000",
					    "time=approx&watchdog=3000"};

	for (int m = 0; m < 2; m++) {
		struct rig *rig = rig_open(modes[m]);
		struct results loads = {0}, runs = {0};
		struct assembly assembly;

		asm_kernels(&assembly);
		for (int round = 0; round < 3000; round++) {
			uint8_t *image = rig->memory + CODE_PA;
			struct road_gpu_vendor load = rig_vendor(ROAD_GPU_VENDOR_LOAD, true);
			uint64_t changes = 1 + next_random() % 3;

			load.dst = VA_CODE;
			load.bytes = asm_image(&assembly, image);
			for (uint64_t i = 0; i < changes; i++)
				image[next_random() % load.bytes] ^=
					(uint8_t)(1u << next_random() % 8);
			uint64_t before = loads.done;

			try_packet(rig, &load, &loads);
			if (loads.done == before)
				continue;
			memset(image, 0xff, load.bytes); /* the chip has its own copy */
			struct road_gpu_dispatch run = rig_dispatch(
				asm_object(VA_CODE, (uint32_t)next_random() % KERNELS), 2, 40);
			const uint64_t args[] = {VA_DATA, VA_DATA + 64, VA_DATA + 128};

			run.kernarg = rig_args(rig, 0, args, COUNT(args));
			try_packet(rig, &run, &runs);
			load = rig_vendor(ROAD_GPU_VENDOR_UNLOAD, true);
			load.dst = VA_CODE;
			try_packet(rig, &load, &runs);
		}
		CU_ASSERT_TRUE(loads.done > 100 && loads.faults[ROAD_GPU_FAULT_IMAGE] > 100);
		CU_ASSERT_EQUAL(runs.faults[ROAD_GPU_FAULT_IMAGE], 0);
		finish(rig, &runs);
	}
}

/* Registers and doorbells at random, with work in flight. */
static void registers_at_random(void)
{
	struct rig *rig = open_loaded("time=functional&watchdog=10000");
	uint8_t good[RIG_GOOD][64];
	uint32_t count = rig_good_packets(rig, good);
	struct results results = {0};

	for (int round = 0; round < 50000; round++) {
		uint64_t r = next_random(), offset = r % 0x160, value = next_random();

		if (r >> 60 == 0)
			offset = ROAD_GPU_DOORBELL + (r >> 32) % 160;
		if (r >> 60 == 1) /* something to be dropped */
			rig_push(rig, VICTIM, good[next_random() % count]);
		value >>= value % 64;
		/* rings and status blocks stay where nothing of the test's lies */
		if (offset == ROAD_GPU_REG_QUEUE_RING64 || offset == ROAD_GPU_REG_QUEUE_STATUS64 ||
		    offset == ROAD_GPU_REG_SPACE_TABLE64)
			value = HOST + DATA_AT + value % 0x10000 * 64;
		rig->sim->post(rig->function, 0, offset, r & 1 ? 8 : 4, value, rig->when);
		if (round % 16 == 0)
			CU_ASSERT_TRUE_FATAL(rig_run(rig));
	}
	rig->sim->reset(rig->function);
	rig_put(rig, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX);
	rig_set_space(rig);
	rig_open_queue(rig, 0, 0);
	finish(rig, &results);
}

static const struct tap_case cases[] = {
	{"each bit of each packet may be wrong", each_bit},
	{"fields may hold odd values", odd_values},
	{"100000 packets of noise do no harm", noise},
	{"images may be noise, and change after they were loaded", images_of_noise},
	{"registers may be written at random", registers_at_random},
};
TAP_MAIN(cases)
