/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_gpu_model/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/boot_support.h"

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	struct rig *rig = host;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	if (rig->hole_bytes && iova < rig->hole + rig->hole_bytes && rig->hole < iova + bytes)
		return NULL;
	return rig->host + (iova - HOST);
}

static enum sim_open_result try_open(struct rig *rig, const char *options, struct sim_function *of,
				     char *error)
{
	rig->next = rig;
	rig->host = calloc(1, HOST_BYTES);
	rig->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	struct sim_open open = {
		.chip = "gpu-small",
		.chip_bytes = 9,
		.options = options,
		.address = "sim:gpu-small",
		.host = {translate, rig},
		.error = error,
		.of = of,
	};

	return rig->sim->open(&open, &rig->function);
}

struct rig *rig_open_off(const char *options)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char error[256] = "";

	if (try_open(rig, options, NULL, error) != SIM_OPEN_OK) {
		printf("# cannot open: %s\n", error);
		CU_FAIL_FATAL("open");
	}
	rig->when = rig->sim->now();
	return rig;
}

bool rig_boot(struct rig *rig)
{
	const struct boot_support on = {.sim = rig->sim,
					.function = rig->function,
					.base = ROAD_GPU_REG_BOOT,
					.when = &rig->when};

	return boot_support(&on);
}

struct rig *rig_open_bare(const char *options)
{
	struct rig *rig = rig_open_off(options);

	CU_ASSERT_TRUE_FATAL(rig_boot(rig));
	return rig;
}

void rig_close(struct rig *rig)
{
	struct rig *before = rig;

	while (before->next != rig)
		before = before->next;
	before->next = rig->next;
	rig->sim->close(rig->function);
	free(rig->host);
	free(rig);
}

uint32_t rig_get(struct rig *rig, uint64_t offset)
{
	return (uint32_t)rig->sim->read(rig->function, ROAD_GPU_REGION_REGS, offset, 4, &rig->when);
}

uint64_t rig_get64(struct rig *rig, uint64_t offset)
{
	return rig->sim->read(rig->function, ROAD_GPU_REGION_REGS, offset, 8, &rig->when);
}

void rig_put(struct rig *rig, uint64_t offset, uint32_t value)
{
	rig->sim->post(rig->function, ROAD_GPU_REGION_REGS, offset, 4, value, rig->when);
}

void rig_put64(struct rig *rig, uint64_t offset, uint64_t value)
{
	rig->sim->post(rig->function, ROAD_GPU_REGION_REGS, offset, 8, value, rig->when);
}

void rig_set_space(struct rig *rig)
{
	const struct road_gpu_segment table[] = {
		{VA_DATA, DATA_BYTES, 0, ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE, 0},
		{VA_CODE, CODE_BYTES, CODE_PA, ROAD_GPU_SEGMENT_READ, 0},
		{VA_SYSTEM, SYSTEM_BYTES, HOST + SYSTEM_AT,
		 ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE | ROAD_GPU_SEGMENT_SYSTEM, 0},
	};

	memcpy(rig->host + TABLE_AT, table, sizeof(table));
	rig_put(rig, ROAD_GPU_REG_SPACE_SELECT, 0);
	rig_put64(rig, ROAD_GPU_REG_SPACE_TABLE64, HOST + TABLE_AT);
	rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, COUNT(table));
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 1);
}

void rig_queue_fields(struct rig *rig, uint32_t queue, uint32_t priority)
{
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, queue);
	rig_put(rig, ROAD_GPU_REG_QUEUE_SPACE, 0);
	rig_put64(rig, ROAD_GPU_REG_QUEUE_RING64, HOST + RINGS_AT + queue * RING_BYTES);
	rig_put(rig, ROAD_GPU_REG_QUEUE_SLOTS, RING_SLOTS);
	rig_put(rig, ROAD_GPU_REG_QUEUE_PRIORITY, priority);
	rig_put64(rig, ROAD_GPU_REG_QUEUE_STATUS64, HOST + STATUS_AT + queue * 256);
}

uint32_t rig_queue_command(struct rig *rig, uint32_t queue, uint32_t command)
{
	rig_put(rig, ROAD_GPU_REG_QUEUE_SELECT, queue);
	rig_put(rig, ROAD_GPU_REG_QUEUE_COMMAND, command);
	return rig_get(rig, ROAD_GPU_REG_QUEUE_STATE);
}

uint32_t rig_open_queue(struct rig *rig, uint32_t queue, uint32_t priority)
{
	rig_queue_fields(rig, queue, priority);
	rig->written[queue] = 0;
	return rig_queue_command(rig, queue, ROAD_GPU_QUEUE_OPEN);
}

static void set_up(struct rig *rig)
{
	rig->memory = rig->sim->region_map(rig->function, ROAD_GPU_REGION_MEMORY, 0,
					   DATA_BYTES + CODE_BYTES);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig->memory);
	rig_put(rig, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX);
	rig_set_space(rig);
	CU_ASSERT_EQUAL(rig_open_queue(rig, 0, 1), ROAD_GPU_QUEUE_IDLE);
	CU_ASSERT_EQUAL(rig_open_queue(rig, 1, 1), ROAD_GPU_QUEUE_IDLE);
}

struct rig *rig_open(const char *options)
{
	struct rig *rig = rig_open_bare(options);

	set_up(rig);
	return rig;
}

struct rig *rig_open_further(struct rig *of)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char error[256];

	if (try_open(rig, "", of->function, error) != SIM_OPEN_OK) {
		free(rig->host);
		free(rig);
		return NULL;
	}
	rig->when = rig->sim->now();
	rig->next = of->next;
	of->next = rig;
	set_up(rig);
	return rig;
}

void rig_push(struct rig *rig, uint32_t queue, const void *packet)
{
	uint64_t slot = rig->written[queue]++ % RING_SLOTS;

	memcpy(rig->host + RINGS_AT + queue * RING_BYTES + slot * 64, packet, 64);
}

void rig_ring(struct rig *rig, uint32_t queue)
{
	rig_put64(rig, ROAD_GPU_DOORBELL + queue * ROAD_GPU_DOORBELL_STRIDE, rig->written[queue]);
}

void rig_send(struct rig *rig, uint32_t queue, const void *packet)
{
	rig_push(rig, queue, packet);
	rig_ring(rig, queue);
}

struct road_gpu_vendor rig_vendor(enum road_gpu_vendor_op op, bool barrier)
{
	return (struct road_gpu_vendor){
		.header = (uint16_t)(ROAD_GPU_PACKET_VENDOR |
				     (barrier ? ROAD_GPU_PACKET_BARRIER : 0)),
		.op = (uint16_t)op,
		.rows = 1,
		.slices = 1,
	};
}

void rig_fence(struct rig *rig, uint32_t queue, uint64_t value)
{
	struct road_gpu_vendor fence = rig_vendor(ROAD_GPU_VENDOR_FENCE, true);

	fence.dst = HOST + STATUS_AT + queue * 256;
	fence.flags = ROAD_GPU_VENDOR_DST_BUS | ROAD_GPU_VENDOR_IRQ;
	fence.value = value;
	fence.vector = 3 + queue;
	rig_send(rig, queue, &fence);
}

static void take_own_interrupts(struct rig *rig)
{
	for (uint32_t v = 0; v < rig->sim->irq_count(rig->function); v++) {
		if (!rig->sim->irq_take(rig->function, v))
			continue;
		rig->irqs |= UINT64_C(1) << v;
		rig->irq_count++;
	}
}

/* Of all functions: while one is pending, nothing runs. */
static void take_interrupts(struct rig *rig)
{
	struct rig *at = rig;

	do {
		take_own_interrupts(at);
		at = at->next;
	} while (at != rig);
}

static bool run_until(struct rig *rig, uint64_t until)
{
	struct sim_slice slice;

	for (unsigned i = 0; i < 10000000; i++) {
		rig->sim->run(until, 4096, &slice);
		take_interrupts(rig);
		if (!slice.ran && !slice.irq)
			break;
	}
	if (rig->sim->now() > rig->when)
		rig->when = rig->sim->now();
	return !slice.ran;
}

bool rig_run(struct rig *rig)
{
	return run_until(rig, UINT64_MAX);
}

void rig_run_ns(struct rig *rig, uint64_t ns)
{
	run_until(rig, rig->when + ns * 1000);
	rig->when += ns * 1000;
}

volatile struct road_gpu_queue_status *rig_status(struct rig *rig, uint32_t queue)
{
	return (volatile struct road_gpu_queue_status *)(void *)(rig->host + STATUS_AT +
								 queue * 256);
}

int64_t *rig_signal(struct rig *rig, uint32_t index)
{
	return (int64_t *)(void *)(rig->host + SIGNALS_AT + index * 8);
}

uint64_t rig_signal_at(uint32_t index)
{
	return HOST + SIGNALS_AT + index * 8;
}

uint64_t rig_counter(struct rig *rig, const char *name)
{
	const char *seen;
	uint64_t value;

	for (uint32_t i = 0; rig->sim->counter(rig->function, i, &seen, &value); i++)
		if (!strcmp(seen, name))
			return value;
	printf("# no counter %s\n", name);
	CU_FAIL("counter");
	return UINT64_MAX;
}

uint64_t rig_violations(struct rig *rig)
{
	return rig->sim->violations(rig->function);
}

bool rig_violation_says(struct rig *rig, const char *text)
{
	char seen[256] = "none";
	uint64_t count = rig_violations(rig);

	if (count && rig->sim->violation(rig->function, (uint32_t)count - 1, seen, sizeof(seen)) &&
	    strstr(seen, text))
		return true;
	printf("# violation: %s; expected: %s\n", seen, text);
	return false;
}

struct road_gpu_dispatch rig_dispatch(uint64_t kernel_object, uint32_t groups, uint32_t threads)
{
	return (struct road_gpu_dispatch){
		.header = ROAD_GPU_PACKET_DISPATCH,
		.setup = 1,
		.workgroup_x = (uint16_t)threads,
		.workgroup_y = 1,
		.workgroup_z = 1,
		.grid_x = groups * threads,
		.grid_y = 1,
		.grid_z = 1,
		.kernel_object = kernel_object,
		.kernarg = HOST + ARGS_AT,
	};
}

uint64_t rig_args(struct rig *rig, uint64_t offset, const uint64_t *values, uint32_t count)
{
	memcpy(rig->host + ARGS_AT + offset, values, count * sizeof(*values));
	return HOST + ARGS_AT + offset;
}

uint32_t rig_good_packets(struct rig *rig, uint8_t (*out)[64])
{
	const uint64_t args[] = {VA_DATA, VA_DATA + 0x100000, VA_DATA + 0x200000};
	struct road_gpu_vendor vendor[9];
	struct road_gpu_barrier barrier = {.header = ROAD_GPU_PACKET_BARRIER_AND,
					   .dep = {rig_signal_at(0)},
					   .completion = rig_signal_at(1)};
	struct road_gpu_dispatch dispatch = rig_dispatch(asm_object(VA_CODE, KERNEL_ADD), 2, 64);
	uint32_t count = 0;

	dispatch.kernarg = rig_args(rig, 0, args, COUNT(args));
	dispatch.watchdog = 10000;
	for (unsigned op = 0; op < COUNT(vendor); op++) {
		vendor[op] = rig_vendor((enum road_gpu_vendor_op)op, true);
		if (op == ROAD_GPU_VENDOR_NOP)
			continue;
		vendor[op].dst = op == ROAD_GPU_VENDOR_LOAD || op == ROAD_GPU_VENDOR_UNLOAD
					 ? VA_CODE + 0x40000
					 : VA_DATA + 0x1000;
		if (op == ROAD_GPU_VENDOR_COPY || op == ROAD_GPU_VENDOR_WAIT)
			vendor[op].src = VA_DATA + 0x2000;
		if (op == ROAD_GPU_VENDOR_WAIT)
			vendor[op].dst = 0;
	}
	vendor[ROAD_GPU_VENDOR_LOAD].bytes = 4096;
	vendor[ROAD_GPU_VENDOR_COPY].bytes = vendor[ROAD_GPU_VENDOR_FILL].bytes = 64;
	vendor[ROAD_GPU_VENDOR_COPY].rows = vendor[ROAD_GPU_VENDOR_FILL].rows = 3;
	vendor[ROAD_GPU_VENDOR_COPY].dst_pitch = vendor[ROAD_GPU_VENDOR_FILL].dst_pitch = 128;
	vendor[ROAD_GPU_VENDOR_COPY].src_pitch = 256;
	vendor[ROAD_GPU_VENDOR_FILL].value_bytes = 4;
	vendor[ROAD_GPU_VENDOR_WRITE].value_bytes = vendor[ROAD_GPU_VENDOR_WAIT].value_bytes = 8;
	vendor[ROAD_GPU_VENDOR_FENCE].flags = ROAD_GPU_VENDOR_IRQ;
	for (unsigned op = 0; op < COUNT(vendor); op++)
		memcpy(out[count++], &vendor[op], 64);
	memcpy(out[count++], &barrier, 64);
	barrier.header = ROAD_GPU_PACKET_BARRIER_OR;
	memcpy(out[count++], &barrier, 64);
	memcpy(out[count++], &dispatch, 64);
	return count;
}

void rig_load(struct rig *rig, struct assembly *assembly, uint64_t offset)
{
	struct road_gpu_vendor load = rig_vendor(ROAD_GPU_VENDOR_LOAD, true);

	load.bytes = assembly->bytes = asm_image(assembly, rig->memory + CODE_PA + offset);
	load.dst = VA_CODE + offset;
	rig_send(rig, 0, &load);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	if (rig_status(rig, 0)->fault)
		printf("# LOAD: fault %u, word %u, reason %llu\n", rig_status(rig, 0)->fault,
		       rig_status(rig, 0)->pc, (unsigned long long)rig_status(rig, 0)->detail);
}
