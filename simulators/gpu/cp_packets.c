/* SPDX-License-Identifier: Apache-2.0 */
/* What the command processor understands: one row for each packet (uapi/gpu/aql.h). */
#include <string.h>

#include "simulators/gpu/model.h"

static uint64_t load_word(const uint8_t *at, uint32_t bytes)
{
	return bytes == 8 ? __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE)
			  : __atomic_load_n((const uint32_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void store_word(uint8_t *at, uint32_t bytes, uint64_t value)
{
	if (bytes == 8)
		__atomic_store_n((uint64_t *)(void *)at, value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint32_t *)(void *)at, (uint32_t)value, __ATOMIC_RELEASE);
}

/* Where a naturally aligned word of 4 or 8 bytes lies. */
static enum gpu_start place_word(struct gpu_queue *queue, bool bus, uint64_t address,
				 uint32_t bytes, bool write, uint8_t **out,
				 struct road_gpu_queue_status *why)
{
	struct gpu_function *function = queue->function;
	struct gpu_place place;
	enum road_gpu_fault fault = ROAD_GPU_FAULT_MISALIGNED;

	if (address % bytes == 0)
		fault = road_gpu_place(function, function->spaces[queue->space].table, bus, address,
				       bytes, write, &place);
	/* Mappings are the host's business; a word must not straddle its alignment there. */
	if (!fault && (uintptr_t)place.host % bytes)
		fault = ROAD_GPU_FAULT_MISALIGNED;
	if (!fault && function->chip->poison.count && !place.system)
		fault = road_gpu_poison_touch(function->chip, place.host, bytes, write, NULL);
	if (fault)
		return road_gpu_fail(why, fault, address, bytes);
	*out = place.host;
	return GPU_START_DONE;
}

static enum gpu_start store(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
			    uint32_t bytes, uint64_t value, struct road_gpu_queue_status *why)
{
	uint8_t *at = NULL;
	enum gpu_start start = place_word(queue, packet->flags & ROAD_GPU_VENDOR_DST_BUS,
					  packet->dst, bytes, true, &at, why);

	if (start == GPU_START_DONE)
		store_word(at, bytes, value);
	return start;
}

static enum gpu_start bad_field(struct road_gpu_queue_status *why, size_t offset)
{
	return road_gpu_fail(why, ROAD_GPU_FAULT_PACKET, 0, offset);
}

static enum gpu_start start_nop(struct gpu_queue *queue, const union gpu_packet *packet,
				struct road_gpu_queue_status *why)
{
	(void)queue;
	(void)packet;
	(void)why;
	return GPU_START_DONE;
}

static enum gpu_start start_load(struct gpu_queue *queue, const union gpu_packet *packet,
				 struct road_gpu_queue_status *why)
{
	return road_gpu_image_load(queue, &packet->vendor, why);
}

static enum gpu_start start_unload(struct gpu_queue *queue, const union gpu_packet *packet,
				   struct road_gpu_queue_status *why)
{
	return road_gpu_image_unload(queue, &packet->vendor, why);
}

static bool is_word(uint32_t bytes)
{
	return bytes == 4 || bytes == 8;
}

static enum gpu_start start_write(struct gpu_queue *queue, const union gpu_packet *packet,
				  struct road_gpu_queue_status *why)
{
	const struct road_gpu_vendor *vendor = &packet->vendor;

	if (!is_word(vendor->value_bytes))
		return bad_field(why, offsetof(struct road_gpu_vendor, value_bytes));
	return store(queue, vendor, vendor->value_bytes, vendor->value, why);
}

static bool holds(enum road_gpu_wait_cond cond, uint32_t bytes, uint64_t word, uint64_t value)
{
	const uint64_t mask = bytes == 8 ? UINT64_MAX : UINT32_MAX;
	const uint64_t sign = bytes == 8 ? UINT64_C(1) << 63 : UINT64_C(1) << 31;

	value &= mask;
	switch (cond) {
	case ROAD_GPU_WAIT_GE: return !((word - value) & sign);
	case ROAD_GPU_WAIT_EQ: return word == value;
	case ROAD_GPU_WAIT_AND: return (word & value) != 0;
	case ROAD_GPU_WAIT_NOR: return (~(word | value) & mask) != 0;
	default: return false;
	}
}

static enum gpu_start start_wait(struct gpu_queue *queue, const union gpu_packet *packet,
				 struct road_gpu_queue_status *why)
{
	const struct road_gpu_vendor *vendor = &packet->vendor;
	enum gpu_start start;
	uint8_t *at = NULL;

	if (!is_word(vendor->value_bytes))
		return bad_field(why, offsetof(struct road_gpu_vendor, value_bytes));
	if (vendor->cond >= ROAD_GPU_WAIT_CONDS)
		return bad_field(why, offsetof(struct road_gpu_vendor, cond));
	start = place_word(queue, vendor->flags & ROAD_GPU_VENDOR_SRC_BUS, vendor->src,
			   vendor->value_bytes, false, &at, why);
	if (start != GPU_START_DONE)
		return start;
	return holds((enum road_gpu_wait_cond)vendor->cond, vendor->value_bytes,
		     load_word(at, vendor->value_bytes), vendor->value)
		       ? GPU_START_DONE
		       : GPU_START_PARK;
}

static enum gpu_start start_timestamp(struct gpu_queue *queue, const union gpu_packet *packet,
				      struct road_gpu_queue_status *why)
{
	if (packet->vendor.value_bytes && packet->vendor.value_bytes != 8)
		return bad_field(why, offsetof(struct road_gpu_vendor, value_bytes));
	return store(queue, &packet->vendor, 8, sim_now(queue->function->chip->env) / SIM_PS_PER_NS,
		     why);
}

static enum gpu_start start_fence(struct gpu_queue *queue, const union gpu_packet *packet,
				  struct road_gpu_queue_status *why)
{
	const struct road_gpu_vendor *vendor = &packet->vendor;
	const bool irq = vendor->flags & ROAD_GPU_VENDOR_IRQ;

	if (vendor->value_bytes && vendor->value_bytes != 8)
		return bad_field(why, offsetof(struct road_gpu_vendor, value_bytes));
	if (vendor->vector >= (irq ? GPU_VECTORS : 1))
		return bad_field(why, offsetof(struct road_gpu_vendor, vector));
	if (store(queue, vendor, 8, vendor->value, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	queue->function->chip->counters.fences++;
	if (irq)
		road_gpu_interrupt(queue->function, vendor->vector);
	return GPU_START_DONE;
}

/* Signals at 0; *missing counts those that are not. */
static enum gpu_start count_missing(struct gpu_queue *queue, const struct road_gpu_barrier *packet,
				    uint32_t *named, uint32_t *missing,
				    struct road_gpu_queue_status *why)
{
	uint8_t *at = NULL;

	*named = *missing = 0;
	for (uint32_t i = 0; i < sizeof(packet->dep) / sizeof(packet->dep[0]); i++) {
		if (!packet->dep[i])
			continue;
		if (place_word(queue, true, packet->dep[i], 8, false, &at, why) != GPU_START_DONE)
			return GPU_START_FAULT;
		++*named;
		*missing += load_word(at, 8) != 0;
	}
	return GPU_START_DONE;
}

static enum gpu_start start_barrier_and(struct gpu_queue *queue, const union gpu_packet *packet,
					struct road_gpu_queue_status *why)
{
	uint32_t named, missing;

	if (count_missing(queue, &packet->barrier, &named, &missing, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	return missing ? GPU_START_PARK : GPU_START_DONE;
}

static enum gpu_start start_barrier_or(struct gpu_queue *queue, const union gpu_packet *packet,
				       struct road_gpu_queue_status *why)
{
	uint32_t named, missing;

	if (count_missing(queue, &packet->barrier, &named, &missing, why) != GPU_START_DONE)
		return GPU_START_FAULT;
	return named && missing == named ? GPU_START_PARK : GPU_START_DONE;
}

/* Bytes of a member, as bits of struct gpu_packet_op.used. */
#define BYTES(type, member) \
	(((UINT64_C(1) << sizeof(((struct type *)0)->member)) - 1) << offsetof(struct type, member))
#define V(member) BYTES(road_gpu_vendor, member)
#define D(member) BYTES(road_gpu_dispatch, member)
#define B(member) BYTES(road_gpu_barrier, member)
/* rows and slices say 1 for one dimension: so they may in packets that have none */
#define HEAD  (V(header) | V(op) | V(rows) | V(slices))
#define PLACE (V(bytes) | V(slice_rows))
#define DST   ROAD_GPU_VENDOR_DST_BUS
#define SRC   ROAD_GPU_VENDOR_SRC_BUS

#define BARRIER_USED \
	(B(header) | B(dep[0]) | B(dep[1]) | B(dep[2]) | B(dep[3]) | B(dep[4]) | B(completion))

/* By opcode; firmware enables what of them it likes. */
static const struct gpu_packet_op ops[ROAD_PROGRAM_OPCODES_MAX] = {
	[ROAD_GPU_VENDOR_NOP] = {"nop", start_nop, HEAD},
	[ROAD_GPU_VENDOR_LOAD] = {"load", start_load, HEAD | V(dst) | V(bytes)},
	[ROAD_GPU_VENDOR_UNLOAD] = {"unload", start_unload, HEAD | V(dst), .retry = true},
	[ROAD_GPU_VENDOR_COPY] = {"copy", road_gpu_copy_start,
				  HEAD | V(flags) | V(dst) | V(src) | PLACE | V(dst_pitch) |
					  V(src_pitch),
				  DST | SRC, .rows = true},
	[ROAD_GPU_VENDOR_FILL] = {"fill", road_gpu_fill_start,
				  HEAD | V(flags) | V(value_bytes) | V(dst) | PLACE | V(value) |
					  V(dst_pitch),
				  DST, .rows = true},
	[ROAD_GPU_VENDOR_WRITE] = {"write", start_write,
				   HEAD | V(flags) | V(value_bytes) | V(dst) | V(value), DST},
	[ROAD_GPU_VENDOR_WAIT] = {"wait", start_wait,
				  HEAD | V(flags) | V(value_bytes) | V(cond) | V(src) | V(value),
				  SRC},
	[ROAD_GPU_VENDOR_TIMESTAMP] = {"timestamp", start_timestamp,
				       HEAD | V(flags) | V(value_bytes) | V(dst), DST},
	[ROAD_GPU_VENDOR_FENCE] = {"fence", start_fence,
				   HEAD | V(flags) | V(value_bytes) | V(dst) | V(value) | V(vector),
				   DST | ROAD_GPU_VENDOR_IRQ},
	[ROAD_GPU_VENDOR_REGION] = {"reconfigure", road_gpu_region_start, HEAD | V(src),
				    .retry = true},
	[ROAD_GPU_VENDOR_EXPECT] = {"expect", road_gpu_expect_start,
				    HEAD | V(flags) | V(src) | V(bytes) | V(value),
				    ROAD_GPU_VENDOR_ACTIVATE, .flags_2 = ROAD_GPU_VENDOR_ACTIVATE},
	[ROAD_GPU_OPCODE_DISPATCH] = {"launch", road_gpu_dispatch_start, ~D(reserved0),
				      .used_2 = D(watchdog), .launch = true, .signal = true,
				      .retry = true},
	[ROAD_GPU_OPCODE_BARRIER_AND] = {"barrier-and", start_barrier_and, BARRIER_USED,
					 .signal = true},
	[ROAD_GPU_OPCODE_BARRIER_OR] = {"barrier-or", start_barrier_or, BARRIER_USED,
					.signal = true},
};

void road_gpu_packets_enable(struct gpu_chip *chip, const struct sim_program *program)
{
	memcpy(chip->ops, ops, sizeof(ops));
	for (uint32_t i = 0; program && i < ROAD_PROGRAM_OPCODES_MAX; i++) {
		struct gpu_packet_op *op = &chip->ops[i];

		if (!program->version[i])
			op->start = NULL;
		if (program->version[i] >= 2)
			continue;
		op->used &= ~op->used_2;
		op->flags &= (uint16_t)~op->flags_2;
	}
}

static bool check_header(uint16_t header)
{
	const unsigned known = 0x1fffu;
	const unsigned acquire = (unsigned)header >> ROAD_GPU_PACKET_ACQUIRE_SHIFT & 3u;
	const unsigned release = (unsigned)header >> ROAD_GPU_PACKET_RELEASE_SHIFT & 3u;

	return !(header & ~known) && acquire <= ROAD_GPU_FENCE_SYSTEM &&
	       release <= ROAD_GPU_FENCE_SYSTEM;
}

/* Eight bits become eight bytes, 0 or 0xff each. */
static uint64_t bytes_of_bits(uint64_t bits)
{
	uint64_t apart =
		(bits & 0xff) * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
	uint64_t tops = (apart + UINT64_C(0x7f7f7f7f7f7f7f7f)) & UINT64_C(0x8080808080808080);

	return (tops >> 7) * 0xff;
}

/* First byte that the packet must leave 0 and does not; 64: none. */
static size_t find_stray(const struct gpu_packet_op *op, const union gpu_packet *packet)
{
	for (size_t word = 0; word < ROAD_GPU_PACKET_BYTES / 8; word++) {
		uint64_t value = packet->words[word];

		if (!value || !(value & ~bytes_of_bits(op->used >> word * 8)))
			continue;
		for (size_t i = word * 8; i < word * 8 + 8; i++)
			if (packet->bytes[i] && !(op->used >> i & 1))
				return i;
	}
	return ROAD_GPU_PACKET_BYTES;
}

/* First field of a vendor packet that its op does not allow; 0: none. */
static size_t find_bad(const struct gpu_packet_op *op, const struct road_gpu_vendor *packet)
{
	if (packet->flags & ~op->flags)
		return offsetof(struct road_gpu_vendor, flags);
	if (!op->rows && packet->rows > 1)
		return offsetof(struct road_gpu_vendor, rows);
	if (!op->rows && packet->slices > 1)
		return offsetof(struct road_gpu_vendor, slices);
	return 0;
}

/* NULL: a kind that the chip does not know, or that its firmware does not enable. */
static const struct gpu_packet_op *op_of(const struct gpu_chip *chip, unsigned type,
					 const union gpu_packet *packet)
{
	const bool vendor = type == ROAD_GPU_PACKET_VENDOR;
	const unsigned kind = vendor ? packet->vendor.op : type;
	const struct gpu_packet_op *op;

	if (kind >= ROAD_GPU_OPCODE_TYPED)
		return NULL;
	op = &chip->ops[vendor ? kind : ROAD_GPU_OPCODE_TYPED + kind];
	return op->start ? op : NULL;
}

const struct gpu_packet_op *road_gpu_packet_find(const struct gpu_chip *chip,
						 const union gpu_packet *packet,
						 struct road_gpu_queue_status *why)
{
	const unsigned type = packet->header & 0xffu;
	const struct gpu_packet_op *op = op_of(chip, type, packet);
	bool vendor = type == ROAD_GPU_PACKET_VENDOR;

	if (!check_header(packet->header) || (!vendor && !op)) {
		bad_field(why, 0);
		return NULL;
	}
	if (!op) {
		bad_field(why, offsetof(struct road_gpu_vendor, op));
		return NULL;
	}
	size_t stray = find_stray(op, packet);

	if (stray < ROAD_GPU_PACKET_BYTES) {
		bad_field(why, stray);
		return NULL;
	}
	stray = vendor ? find_bad(op, &packet->vendor) : 0;
	if (stray) {
		bad_field(why, stray);
		return NULL;
	}
	return op;
}
