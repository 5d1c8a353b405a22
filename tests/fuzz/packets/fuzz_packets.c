/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver gone mad: registers, doorbells, packets, queues, spaces and print rings in any order,
 * with memory that changes meanwhile. The GPGPU may fault; it must not crash nor hang, nor touch
 * what is not mapped, and after a reset a fence comes through.
 *
 * The bytes: one for the mode, then steps; each is a byte that chooses, and what it needs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/sim_gpu_model/rig.h"

enum { STEPS_MAX = 64, REGISTERS_END = 0x170 };

static void change_memory(struct rig *rig, struct reader *r)
{
	uint8_t where = reader_u8(r), what[16];
	uint64_t at = reader_u64(r);

	reader_take(r, what, sizeof(what));
	if (where & 1)
		memcpy(rig->memory + CODE_PA + at % 0x4000, what, sizeof(what));
	else if (where & 2)
		memcpy(rig->host + TABLE_AT + at % 0x1000, what, sizeof(what));
	else
		memcpy(rig->host + at % (HOST_BYTES - sizeof(what)), what, sizeof(what));
}

static void write_register(struct rig *rig, struct reader *r)
{
	uint8_t width = reader_u8(r), reg = reader_u8(r);
	uint64_t value = reader_u64(r), offset = reg * 4u % REGISTERS_END;

	if (width & 2)
		offset = ROAD_GPU_DOORBELL + reg % 32 * 4u;
	rig->sim->post(rig->function, width & 4 ? ROAD_GPU_REGION_MEMORY : 0, offset,
		       width & 1 ? 8 : 4, value, rig->when);
}

/* One of the good packets with up to three bytes of it changed. */
static void push_good(struct rig *rig, struct reader *r, uint32_t queue)
{
	uint8_t good[RIG_GOOD][64], change[6];
	uint32_t which = reader_u8(r) % rig_good_packets(rig, good);

	reader_take(r, change, sizeof(change));
	for (unsigned i = 0; i < 3; i++)
		good[which][change[2 * i] % 64] ^= change[2 * i + 1];
	rig_push(rig, queue, good[which]);
}

static void push_any(struct rig *rig, struct reader *r, uint32_t queue)
{
	uint8_t packet[64];

	reader_take(r, packet, sizeof(packet));
	rig_push(rig, queue, packet);
}

static void step(struct rig *rig, struct reader *r)
{
	uint8_t what = reader_u8(r);
	uint32_t queue = what >> 4 & 3;

	switch (what & 7) {
	case 0: push_good(rig, r, queue); break;
	case 1: push_any(rig, r, queue); break;
	case 2: rig_ring(rig, queue); break;
	case 3: rig_run_ns(rig, reader_u8(r) * 64u); break;
	case 4: write_register(rig, r); break;
	case 5: change_memory(rig, r); break;
	case 6: (void)rig_get64(rig, reader_u8(r) * 8u % REGISTERS_END); break;
	default: (void)rig_open_queue(rig, queue, reader_u8(r)); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modes[] = {
		"time=functional&watchdog=2000", "time=approx&watchdog=2000",
		"time=trace&watchdog=2000&check=div", "time=approx&watchdog=2000&threads=2"};
	struct reader r = {data, size};
	struct rig *rig = rig_open(modes[reader_u8(&r) & 3]);
	struct assembly assembly;

	asm_kernels(&assembly);
	rig_load(rig, &assembly, 0);
	for (unsigned i = 0; r.left && i < STEPS_MAX; i++)
		step(rig, &r);
	if (!rig_run(rig))
		abort();
	rig->sim->reset(rig->function);
	rig_put(rig, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX);
	rig_set_space(rig);
	rig_open_queue(rig, 0, 0);
	rig_fence(rig, 0, 4711);
	if (!rig_run(rig) || rig_status(rig, 0)->fence != 4711)
		abort();
	rig_close(rig);
	return 0;
}
