/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores of all widths in all spaces, with addresses side by side, equal, strided and
 * wild, under random masks: by single steps, by functional runs, through a port lane by lane and
 * through one that takes whole rows, against a model of bytes.
 */
#include "simulators/gpu/exec.h"
#include "tests/unit/sim_gpu/rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define SHARED_BYTES 1024u
#define LOCAL_BYTES  64u
#define D            16u /* registers of the destination and the source of data */
#define B            8u

enum how { BY_STEP, BY_RUN, BY_PORT, BY_ROWS, HOWS };

/* What memory must look like. */
static struct {
	uint8_t global[RIG_BYTES], shared[SHARED_BYTES], local[32][LOCAL_BYTES];
	uint8_t rows[4 * 128];
} model;

static struct rig rig;
static uint64_t state;
static unsigned differences, faults, accesses, rows_seen, rows_wrong;
static uint64_t wanted[32]; /* addresses of the lanes */

static const struct {
	uint16_t op;
	uint8_t bytes, part; /* of a lane, of one register's share */
	bool store, sign;
} ops[] = {
	{ROAD_GPU_OP_ld_u8, 1, 1, false, false},      {ROAD_GPU_OP_ld_s8, 1, 1, false, true},
	{ROAD_GPU_OP_ld_u16, 2, 2, false, false},     {ROAD_GPU_OP_ld_s16, 2, 2, false, true},
	{ROAD_GPU_OP_ld_b32, 4, 4, false, false},     {ROAD_GPU_OP_ld_b64, 8, 8, false, false},
	{ROAD_GPU_OP_ld_v2_b32, 8, 4, false, false},  {ROAD_GPU_OP_ld_v4_b32, 16, 4, false, false},
	{ROAD_GPU_OP_ld_v2_b64, 16, 8, false, false}, {ROAD_GPU_OP_st_b8, 1, 1, true, false},
	{ROAD_GPU_OP_st_b16, 2, 2, true, false},      {ROAD_GPU_OP_st_b32, 4, 4, true, false},
	{ROAD_GPU_OP_st_b64, 8, 8, true, false},      {ROAD_GPU_OP_st_v2_b32, 8, 4, true, false},
	{ROAD_GPU_OP_st_v4_b32, 16, 4, true, false},  {ROAD_GPU_OP_st_v2_b64, 16, 8, true, false},
};

/* Where a lane's bytes are in the model, or the fault. */
static enum road_gpu_fault place(unsigned space, uint64_t address, unsigned lane, unsigned bytes,
				 bool store, uint8_t **where)
{
	uint64_t limit;
	uint8_t *base;

	if (address % bytes)
		return ROAD_GPU_FAULT_MISALIGNED;
	if (space == ROAD_GPU_SPACE_GENERIC && address >> 32 == 1u << 13) {
		space = ROAD_GPU_SPACE_SHARED;
		address = (uint32_t)address;
	} else if (space == ROAD_GPU_SPACE_GENERIC && address >> 32 == 1u << 14) {
		space = ROAD_GPU_SPACE_LOCAL;
		address = (uint32_t)address;
	}
	switch (space) {
	case ROAD_GPU_SPACE_SHARED: base = model.shared, limit = SHARED_BYTES; break;
	case ROAD_GPU_SPACE_LOCAL: base = model.local[lane], limit = LOCAL_BYTES; break;
	case ROAD_GPU_SPACE_PARAM: base = (uint8_t *)rig.params, limit = sizeof(rig.params); break;
	default:
		if (address >= RIG_READONLY && address < RIG_READONLY + sizeof(rig.readonly)) {
			*where = rig.readonly + (address - RIG_READONLY);
			return store ? ROAD_GPU_FAULT_RIGHTS : ROAD_GPU_FAULT_NONE;
		}
		if (address < RIG_VA)
			return ROAD_GPU_FAULT_UNMAPPED;
		address -= RIG_VA;
		base = model.global, limit = RIG_BYTES;
		break;
	}
	if (address >= limit || bytes > limit - address)
		return ROAD_GPU_FAULT_UNMAPPED;
	*where = base + address;
	return ROAD_GPU_FAULT_NONE;
}

static uint64_t base_of(unsigned space)
{
	switch (space) {
	case ROAD_GPU_SPACE_GLOBAL: return RIG_VA;
	case ROAD_GPU_SPACE_CONST: return RIG_READONLY;
	case ROAD_GPU_SPACE_GENERIC:
		switch (rig_random(&state) & 3) {
		case 0: return ROAD_GPU_SHARED_WINDOW;
		case 1: return ROAD_GPU_LOCAL_WINDOW;
		default: return RIG_VA;
		}
	default: return 0;
	}
}

static uint64_t room_of(unsigned space, uint64_t base)
{
	if (space == ROAD_GPU_SPACE_SHARED || base == ROAD_GPU_SHARED_WINDOW)
		return SHARED_BYTES;
	if (space == ROAD_GPU_SPACE_LOCAL || base == ROAD_GPU_LOCAL_WINDOW)
		return LOCAL_BYTES;
	return space == ROAD_GPU_SPACE_PARAM ? sizeof(rig.params) : 4096;
}

/* Addresses of a warp in one of several patterns. */
static void choose_addresses(unsigned space, unsigned bytes, uint64_t address[32])
{
	uint64_t base = base_of(space), room = room_of(space, base);
	uint64_t start = rig_random(&state) % room / bytes * bytes;
	uint64_t other = rig_random(&state) % room / bytes * bytes;
	uint64_t end = base == RIG_VA && space != ROAD_GPU_SPACE_CONST ? RIG_BYTES : room;
	unsigned pattern = (unsigned)(rig_random(&state) % 12);

	for (unsigned l = 0; l < 32; l++) {
		uint64_t any = rig_random(&state);

		switch (pattern) {
		case 0: address[l] = base + start; break;
		case 1: address[l] = base + start + l * bytes; break;
		case 2: address[l] = base + start % (room / 4) + l * 2 * bytes; break;
		case 3: address[l] = base + (31 - l) * bytes; break;
		case 6: address[l] = base + (l < 16 ? start : other) + l % 16 * bytes; break;
		case 7: address[l] = base + (l < 16 ? start : other); break;
		case 8:
			address[l] = base + start + l * bytes + (l < 16 ? 0 : start / bytes % 3);
			break;
		case 9: address[l] = base + end - (start & 31) * bytes + l % 16 * bytes; break;
		case 10:
			address[l] = base + ((l < 16) == (other / bytes % 2) ? other : end) -
				     (start & 15) * bytes;
			break;
		case 11: address[l] = RIG_READONLY + start % 1024 + l * bytes; break;
		default: address[l] = base + any % room / bytes * bytes; break;
		}
		if (pattern == 5 && any >> 58 == 0)
			address[l] += any >> 40 & 0x7fff;
		if (pattern == 5 && any >> 58 == 1)
			address[l] = any;
	}
}

/* A port that moves bytes as it must; memory without it is out of reach. */
static enum road_gpu_fault port_load(void *ctx, struct road_gpu_block *block,
				     struct road_gpu_access *access, uint8_t *data)
{
	(void)ctx;
	(void)block;
	accesses++;
	for (unsigned l = 0; l < 32; l++) {
		uint64_t at = access->address[l] - RIG_VA;

		if (!((access->mask & ~access->shared & ~access->local) >> l & 1))
			continue;
		CU_ASSERT_EQUAL(access->pa[l],
				at < RIG_BYTES ? at + 0x10000
					       : access->address[l] - RIG_READONLY + 0x50000);
		memcpy(data + l * 16,
		       at < RIG_BYTES ? rig.memory + at
				      : rig.readonly + (access->address[l] - RIG_READONLY),
		       access->bytes);
	}
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault port_store(void *ctx, struct road_gpu_block *block,
				      const struct road_gpu_access *access, const uint8_t *data)
{
	(void)ctx;
	(void)block;
	accesses++;
	for (unsigned l = 0; l < 32; l++) {
		if ((access->mask & ~access->shared & ~access->local) >> l & 1)
			memcpy(rig.memory + (access->address[l] - RIG_VA), data + l * 16,
			       access->bytes);
	}
	return ROAD_GPU_FAULT_NONE;
}

/* What an access says of its lanes is so; now and then it is not wanted. */
static bool look_at_rows(const struct road_gpu_access *access)
{
	int32_t low = INT32_MAX, high = 0;
	bool wrong = !access->together;

	for (unsigned l = 0; l < 32; l++) {
		int32_t offset = access->lanes.offset[l];
		uint64_t address = wanted[l];
		bool readonly = address - RIG_READONLY < sizeof(rig.readonly);

		low = offset < low ? offset : low;
		high = offset > high ? offset : high;
		wrong |= access->lanes.contiguous &&
			 (access->mask != ROAD_GPU_ALL ||
			  offset != access->lanes.offset[0] + (int32_t)l * access->bytes);
		if (!(access->mask >> l & 1))
			continue;
		const uint8_t *host = readonly ? rig.readonly + (address - RIG_READONLY)
					       : rig.memory + (address - RIG_VA);
		uint64_t pa =
			readonly ? address - RIG_READONLY + 0x50000 : address - RIG_VA + 0x10000;

		wrong |= access->piece.pa + (uint32_t)offset != pa;
		wrong |= access->piece.host + offset != host;
	}
	rows_wrong += wrong || access->low != low || access->high != high;
	return rows_seen++ % 5 != 0;
}

static bool port_load_rows(void *ctx, struct road_gpu_block *block,
			   const struct road_gpu_access *access)
{
	(void)ctx;
	(void)block;
	return look_at_rows(access);
}

static bool port_store_rows(void *ctx, struct road_gpu_block *block,
			    const struct road_gpu_access *access, const uint8_t *packed)
{
	(void)ctx;
	(void)block;
	if (!look_at_rows(access))
		return false;
	for (unsigned l = 0; l < 32; l++)
		if (access->mask >> l & 1)
			memcpy(access->piece.host + access->lanes.offset[l],
			       packed + l * access->bytes, access->bytes);
	return true;
}

static const struct road_gpu_port ports[] = {
	[BY_PORT] = {.load = port_load, .store = port_store},
	[BY_ROWS] = {.load = port_load,
		     .store = port_store,
		     .load_rows = port_load_rows,
		     .store_rows = port_store_rows},
};

/* The instruction on the model; the fault of the lowest lane that has one. */
static enum road_gpu_fault act(unsigned which, unsigned space, const uint64_t address[32],
			       uint32_t mask, const uint8_t *source, unsigned *lane)
{
	unsigned part = ops[which].part, width = part == 8 ? 8 : 4;
	uint8_t *where[32] = {NULL};

	for (*lane = 0; *lane < 32; ++*lane) {
		enum road_gpu_fault fault = ROAD_GPU_FAULT_NONE;

		if (mask >> *lane & 1)
			fault = place(space, address[*lane], *lane, ops[which].bytes,
				      ops[which].store, &where[*lane]);
		if (fault)
			return fault;
	}
	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 0; i < ops[which].bytes / part && mask >> l & 1; i++) {
			uint8_t *row = model.rows + i * width * 32 + l * width;
			int64_t value = 0;

			if (ops[which].store) {
				memcpy(where[l] + i * part, source + i * width * 32 + l * width,
				       part);
				continue;
			}
			memcpy(&value, where[l] + i * part, part);
			if (ops[which].sign)
				value = part == 1 ? (int8_t)value : (int16_t)value;
			memcpy(row, &value, width);
		}
	}
	return ROAD_GPU_FAULT_NONE;
}

static void fill(void *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((uint8_t *)memory)[i] = (uint8_t)rig_random(&state);
}

static void set_up(struct road_gpu_warp *warp, const uint64_t address[32], bool narrow, int32_t imm)
{
	for (unsigned r = 0; r < 20; r++)
		fill(road_gpu_warp_row(warp, r), 128);
	for (unsigned l = 0; l < 32; l++) {
		uint64_t wide = address[l] - (uint64_t)(int64_t)imm;

		if (narrow)
			road_gpu_warp_row(warp, 4)[l] = (uint32_t)wide;
		else
			memcpy((uint8_t *)road_gpu_warp_row(warp, 4) + l * 8, &wide, 8);
	}
	for (unsigned l = 0; l < 32; l++) {
		for (uint32_t at = 0; at < LOCAL_BYTES; at++)
			warp->local[road_gpu_local_at(l, at)] = model.local[l][at];
	}
	for (unsigned k = 0; k < ROAD_GPU_LAST; k++) /* what it may remember of others */
		warp->last[k] = rig_random(&state) % 3 ? &rig.ranges[rig_random(&state) & 1] : NULL;
	memcpy(warp->block->shared, model.shared, SHARED_BYTES);
	memcpy(rig.memory, model.global, RIG_BYTES);
	memcpy(model.rows, road_gpu_warp_row(warp, D), sizeof(model.rows));
}

static bool same(const struct road_gpu_warp *warp)
{
	bool equal = !memcmp(rig.memory, model.global, RIG_BYTES) &&
		     !memcmp(warp->block->shared, model.shared, SHARED_BYTES) &&
		     !memcmp(road_gpu_warp_row(warp, D), model.rows, sizeof(model.rows));

	for (unsigned l = 0; l < 32; l++) {
		for (uint32_t at = 0; at < LOCAL_BYTES; at++)
			equal = equal &&
				warp->local[road_gpu_local_at(l, at)] == model.local[l][at];
	}
	return equal;
}

static void try_once(unsigned which, unsigned space, bool narrow, enum how how)
{
	struct road_gpu_block *block = &rig.launch->blocks[0];
	struct road_gpu_warp *warp;
	uint32_t mask = rig_random(&state) & 1 ? ROAD_GPU_ALL : (uint32_t)rig_random(&state);
	enum road_gpu_fault want;
	uint64_t address[32];
	struct road_gpu_access access;
	struct road_gpu_step step;
	unsigned lane;
	uint32_t ran;

	choose_addresses(space, ops[which].bytes, address);
	for (unsigned l = 0; l < 32 && narrow; l++)
		address[l] = (uint32_t)address[l];
	memcpy(wanted, address, sizeof(wanted));
	road_gpu_block_start(block, 0, 0);
	warp = &block->warps[0];
	set_up(warp, address, narrow, rig.words[0].imm);
	warp->preds[1] = mask;
	want = act(which, space, address, mask, (const uint8_t *)road_gpu_warp_row(warp, B), &lane);
	if (how == BY_RUN)
		rig.config.variant->run(warp, 1, &ran);
	else
		road_gpu_warp_step(warp, &access, &step);
	if (block->fault.code != want || (want && block->fault.lane != lane) ||
	    (want && block->fault.address != address[lane]) || !same(warp)) {
		if (differences++ < 10)
			printf("# %s space %u how %d mask %x: fault %d (want %d) lane %u (%u), "
			       "%s\n",
			       road_gpu_op_name(ops[which].op), space, how, mask, block->fault.code,
			       want, block->fault.lane, lane, same(warp) ? "same" : "different");
	}
	faults += want != ROAD_GPU_FAULT_NONE;
}

static void try_form(unsigned which, unsigned space, bool narrow, enum how how)
{
	struct road_gpu_word *word;

	rig_init(&rig);
	fill(rig.params, sizeof(rig.params));
	fill(rig.readonly, sizeof(rig.readonly));
	fill(&model, sizeof(model));
	word = emit(&rig, ops[which].op, ops[which].store ? 0 : D, 4, ops[which].store ? B : 0, 0);
	word->mods = (uint16_t)space;
	word->guard = 1;
	word->form = narrow ? ROAD_GPU_FORM_ADDR32 : 0;
	word->imm = (int32_t)(rig_random(&state) & 0xff) - 128;
	emit_exit(&rig);
	rig.config.shared_bytes = SHARED_BYTES;
	rig.config.local_bytes = LOCAL_BYTES;
	rig.config.port = how >= BY_PORT ? &ports[how] : NULL;
	rig_launch(&rig);
	/* functional runs have a way of their own for the most usual rows */
	for (unsigned i = 0; i < (how == BY_RUN && ops[which].bytes == 4 ? 400u : 12u); i++)
		try_once(which, space, narrow, how);
	rig_free(&rig);
}

static void try_all(const char *name)
{
	(void)name;
	state = 7;
	for (unsigned which = 0; which < sizeof(ops) / sizeof(ops[0]); which++) {
		for (unsigned space = 0; space < ROAD_GPU_SPACES; space++) {
			bool read_only =
				space == ROAD_GPU_SPACE_CONST || space == ROAD_GPU_SPACE_PARAM;

			for (unsigned form = 0;
			     form < 2u * HOWS && !(read_only && ops[which].store); form++)
				try_form(which, space, form & 1, (enum how)(form / 2));
		}
	}
}

static void all_accesses_are_right(void)
{
	differences = faults = accesses = rows_seen = rows_wrong = 0;
	each_variant(try_all);
	printf("# %u accesses faulted, %u went through the port, %u as rows\n", faults, accesses,
	       rows_seen);
	CU_ASSERT_EQUAL(differences, 0);
	CU_ASSERT_EQUAL(rows_wrong, 0);
	CU_ASSERT_TRUE(rows_seen > 300);
	CU_ASSERT_TRUE(faults > 1000);
	CU_ASSERT_TRUE(accesses > 500); /* even with one variant */
}

/* Arguments, at offsets that are no lane's own. */
static void arguments_end_where_they_end(void)
{
	static const struct {
		uint16_t op;
		int32_t at;
		enum road_gpu_fault fault;
	} rows[] = {
		{ROAD_GPU_OP_ld_b32, 60, ROAD_GPU_FAULT_NONE},
		{ROAD_GPU_OP_ld_b32, 64, ROAD_GPU_FAULT_UNMAPPED},
		{ROAD_GPU_OP_ld_b32, -4, ROAD_GPU_FAULT_UNMAPPED},
		{ROAD_GPU_OP_ld_b32, 6, ROAD_GPU_FAULT_MISALIGNED},
		{ROAD_GPU_OP_ld_b64, 56, ROAD_GPU_FAULT_NONE},
		{ROAD_GPU_OP_ld_b64, 64, ROAD_GPU_FAULT_UNMAPPED},
		{ROAD_GPU_OP_ld_b64, 4, ROAD_GPU_FAULT_MISALIGNED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_gpu_word *word;

		rig_init(&rig);
		fill(rig.params, sizeof(rig.params));
		word = emit(&rig, rows[i].op, 8, RZ, 0, 0);
		word->mods = ROAD_GPU_SPACE_PARAM;
		word->form = ROAD_GPU_FORM_ADDR32;
		word->imm = rows[i].at;
		emit_store_by_thread(&rig, 8, 0);
		emit_exit(&rig);
		if (rows[i].fault) {
			rig_fault(&rig, rows[i].fault);
		} else {
			/* word 31 of a pair is the high half of lane 15 */
			uint32_t high = rows[i].op == ROAD_GPU_OP_ld_b64 ? 4 : 0, want;

			rig_finish(&rig);
			memcpy(&want, (uint8_t *)rig.params + rows[i].at + high, sizeof(want));
			CU_ASSERT_EQUAL(*rig_u32(&rig, 31), want);
		}
		rig_free(&rig);
	}
}

/* Memory without a host pointer needs a port. */
static void memory_out_of_reach_is_a_fault(void)
{
	rig_init(&rig);
	rig.ranges[0].host = NULL;
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA);
	emit(&rig, ROAD_GPU_OP_ld_b32, 1, 2, 0, 0)->mods = ROAD_GPU_SPACE_GLOBAL;
	emit_exit(&rig);
	CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_DMA)->address, RIG_VA);
	rig_free(&rig);
}

/* An access must lie in one range, even if the next one begins where it ends. */
static void an_access_lies_in_one_range(void)
{
	for (uint32_t at = 0; at < 2; at++) {
		rig_init(&rig);
		rig.ranges[1] = rig.ranges[0];
		rig.ranges[0].bytes = 0x204;
		rig.ranges[1].va += 0x204;
		rig.ranges[1].host += 0x204;
		rig.ranges[1].bytes -= 0x204;
		emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA + 0x200);
		if (at)
			emit(&rig, ROAD_GPU_OP_ld_b64, 4, 2, 0, 0)->mods = ROAD_GPU_SPACE_GLOBAL;
		emit_store_by_thread(&rig, RZ, 0x1f0); /* lanes on both sides */
		emit_exit(&rig);
		if (at) {
			CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_UNMAPPED)->address,
					RIG_VA + 0x200);
		} else {
			rig_finish(&rig);
		}
		rig_free(&rig);
	}
}

static uint64_t far_pa;
static const uint8_t *far_host;

static bool note_place(void *ctx, struct road_gpu_block *block,
		       const struct road_gpu_access *access)
{
	(void)ctx;
	(void)block;
	far_pa = access->piece.pa + (uint32_t)access->lanes.offset[1];
	far_host = access->piece.host + access->lanes.offset[1];
	return true;
}

/* Offsets of lanes have 31 bits; a range may be larger. */
static void rows_far_into_a_large_range_are_where_they_should_be(void)
{
	const struct road_gpu_port port = {.load = port_load, .load_rows = note_place};
	const uint64_t bytes = UINT64_C(6) << 30, at = UINT64_C(5) << 30;
	uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct road_gpu_access access;
	struct road_gpu_step step;
	struct road_gpu_warp *warp;

	CU_ASSERT_TRUE_FATAL(memory != MAP_FAILED);
	rig_init(&rig);
	rig.ranges[1] = (struct road_gpu_range){UINT64_C(1) << 32, bytes, 1 << 20, memory,
						ROAD_GPU_SEGMENT_READ};
	emit(&rig, ROAD_GPU_OP_ld_b32, 1, 4, 0, 0)->mods = ROAD_GPU_SPACE_GLOBAL;
	emit_exit(&rig);
	rig.config.port = &port;
	rig_launch(&rig);
	road_gpu_block_start(&rig.launch->blocks[0], 0, 0);
	warp = &rig.launch->blocks[0].warps[0];
	for (unsigned l = 0; l < 32; l++) {
		uint64_t address = (UINT64_C(1) << 32) + at + l * 4;

		memcpy((uint8_t *)road_gpu_warp_row(warp, 4) + l * 8, &address, 8);
	}
	memory[at + 4] = 99;
	CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step));
	CU_ASSERT_EQUAL(step.fault, false);
	CU_ASSERT_EQUAL(road_gpu_warp_row(warp, 1)[1], 99);
	CU_ASSERT_EQUAL(far_pa, (1 << 20) + at + 4);
	CU_ASSERT_PTR_EQUAL(far_host, memory + at + 4);
	rig_free(&rig);
	munmap(memory, bytes);
}

static const struct tap_case cases[] = {
	{"all accesses are right in every variant", all_accesses_are_right},
	{"memory that is not at hand is a fault without a port", memory_out_of_reach_is_a_fault},
	{"an access lies in one range", an_access_lies_in_one_range},
	{"rows far into a large range are where they should be",
	 rows_far_into_a_large_range_are_where_they_should_be},
	{"arguments end where they end", arguments_end_where_they_end},
};

TAP_MAIN(cases)
