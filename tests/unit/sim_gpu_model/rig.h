/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated GPGPU through the engine's door, as a driver sees it: registers, rings and signals
 * in host memory, device memory through region 2. And an assembler of a few lines.
 */
#ifndef TESTS_UNIT_SIM_GPU_MODEL_RIG_H
#define TESTS_UNIT_SIM_GPU_MODEL_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simulators/engine/entry.h"
#include "tests/support/tap.h"
#include "uapi/gpu/aql.h"
#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"
#include "uapi/gpu/regs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Host memory that the chip reaches: bus addresses HOST .. HOST + HOST_BYTES. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES (UINT64_C(8) << 20)
/* in it, by offset */
enum {
	STATUS_AT = 0,       /* of queue q at q * 256 */
	SIGNALS_AT = 0x4000, /* int64 */
	TABLE_AT = 0x8000,   /* segments */
	ARGS_AT = 0x20000,
	RINGS_AT = 0x40000, /* of queue q at q * RING_BYTES */
	DATA_AT = 0x200000,
	SYSTEM_AT = 0x600000, /* mapped into the space at VA_SYSTEM */
};
enum { RING_SLOTS = 256, RING_BYTES = RING_SLOTS * 64, SYSTEM_BYTES = 0x100000 };

/* The segments of space 0. */
#define VA_DATA    UINT64_C(0x200000) /* device memory from 0 on, read and write */
#define DATA_BYTES UINT64_C(0x1000000)
#define VA_CODE    UINT64_C(0x4000000) /* read only; images lie here */
#define CODE_PA    DATA_BYTES
#define CODE_BYTES UINT64_C(0x100000)
#define VA_SYSTEM  UINT64_C(0x8000000) /* host memory */
#define VA_NOWHERE UINT64_C(0x10000000)

enum { RIG_QUEUES = 4 };

struct rig {
	struct rig *next; /* of those of one chip: a ring */
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t when;
	uint8_t *host;                /* HOST_BYTES */
	uint8_t *memory;              /* region 2 */
	uint64_t written[RIG_QUEUES]; /* packets */
	uint64_t hole, hole_bytes;    /* of bus addresses: not mapped */
	uint64_t irqs;                /* vectors seen, by rig_run */
	uint64_t irq_count;
};

/* Opened, space 0 set up, queues 0 and 1 open. NULL chip: gpu-small. */
struct rig *rig_open(const char *options);
/* Only the chip, whose ROM runs; nothing is written to it. */
struct rig *rig_open_off(const char *options);
bool rig_boot(struct rig *rig); /* false: firmware does not come to run */
/* Booted, and nothing else. */
struct rig *rig_open_bare(const char *options);
/* A further function of the same chip (option functions), as rig_open leaves one; NULL: all are in
 * use. */
struct rig *rig_open_further(struct rig *of);
void rig_close(struct rig *rig);
void rig_set_space(struct rig *rig);
uint32_t rig_open_queue(struct rig *rig, uint32_t queue, uint32_t priority); /* its state */
/* Fills in the fields of a queue's setup, not the command. */
void rig_queue_fields(struct rig *rig, uint32_t queue, uint32_t priority);
uint32_t rig_queue_command(struct rig *rig, uint32_t queue, uint32_t command);

uint32_t rig_get(struct rig *rig, uint64_t offset);
uint64_t rig_get64(struct rig *rig, uint64_t offset);
void rig_put(struct rig *rig, uint64_t offset, uint32_t value);
void rig_put64(struct rig *rig, uint64_t offset, uint64_t value);

/* Packets. rig_push writes one into the ring without telling. */
void rig_push(struct rig *rig, uint32_t queue, const void *packet);
void rig_ring(struct rig *rig, uint32_t queue);
void rig_send(struct rig *rig, uint32_t queue, const void *packet); /* both */
struct road_gpu_vendor rig_vendor(enum road_gpu_vendor_op op, bool barrier);
/* FENCE with interrupt, value to the queue's status block, behind all before. */
void rig_fence(struct rig *rig, uint32_t queue, uint64_t value);
/* Runs until nothing can run; interrupts are taken. False: it does not come to rest. */
bool rig_run(struct rig *rig);
/* Likewise, but no further than `ns` from now. */
void rig_run_ns(struct rig *rig, uint64_t ns);
volatile struct road_gpu_queue_status *rig_status(struct rig *rig, uint32_t queue);
int64_t *rig_signal(struct rig *rig, uint32_t index);
uint64_t rig_signal_at(uint32_t index); /* bus address */
uint64_t rig_counter(struct rig *rig, const char *name);
uint64_t rig_violations(struct rig *rig);
/* The last one's text has this in it. */
bool rig_violation_says(struct rig *rig, const char *text);

/* ---- images ---- */

struct assembly {
	struct road_gpu_word words[256];
	uint32_t count, kernel_count;
	struct road_gpu_kernel kernels[16];
	uint32_t branches[4];
	uint64_t bytes; /* after asm_place */
};
struct road_gpu_kernel *asm_kernel(struct assembly *assembly, uint16_t regs, uint16_t preds,
				   uint32_t param_bytes);
/* Appends; registers, forms and the rest as in struct road_gpu_word. Returns it. */
struct road_gpu_word *asm_put(struct assembly *assembly, enum road_gpu_op op, unsigned d,
			      unsigned a, unsigned b, unsigned c);
struct road_gpu_word *asm_imm(struct assembly *assembly, enum road_gpu_op op, unsigned d,
			      unsigned a, unsigned b, unsigned c, unsigned form, int32_t imm);
/* Writes the image into `at`; returns its bytes. */
uint64_t asm_image(const struct assembly *assembly, uint8_t *at);
uint64_t asm_object(uint64_t image, uint32_t kernel); /* kernel_object */
/* Places the image at VA_CODE + offset, loads it over queue 0 and waits. */
void rig_load(struct rig *rig, struct assembly *assembly, uint64_t offset);
struct road_gpu_dispatch rig_dispatch(uint64_t kernel_object, uint32_t groups, uint32_t threads);
/* A good packet of each kind, for a rig with asm_kernels() at VA_CODE; how many. What they touch
 * leaves status blocks, table and rings alone. */
enum { RIG_GOOD = 16 };
uint32_t rig_good_packets(struct rig *rig, uint8_t (*out)[64]);
/* Arguments of 8 bytes each at ARGS_AT + offset; returns their bus address. */
uint64_t rig_args(struct rig *rig, uint64_t offset, const uint64_t *values, uint32_t count);

/* Kernels, in this order: see kernels.c. */
enum {
	KERNEL_ADD,     /* (out, a, b): u32 out[i] = a[i] + b[i], i = global index */
	KERNEL_STORE,   /* (at, value): lane 0 of each workgroup stores u32 */
	KERNEL_FOREVER, /* jumps to itself */
	KERNEL_TRAP,
	KERNEL_BARRIER,   /* half of the warp waits for ever */
	KERNEL_DIVIDE,    /* (out): 1 / 0 */
	KERNEL_LOAD_AT,   /* (at): loads u32 there */
	KERNEL_RUNOFF,    /* no exit */
	KERNEL_COUNT_UP,  /* (out, n): n turns of a loop, then stores n */
	KERNEL_SPIN,      /* (at, value): until the u32 there equals value */
	KERNEL_CLOCK,     /* (out): %smid and %clock64 read */
	KERNEL_HANDSHAKE, /* (at, value, back): stores value there, until it stands in back */
	KERNELS
};
void asm_kernels(struct assembly *assembly);

#endif
