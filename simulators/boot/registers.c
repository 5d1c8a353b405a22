/* SPDX-License-Identifier: Apache-2.0 */
/* The block's registers, one row each (uapi/firmware/boot.h), and the words between them. */
#include <roadbed-sim/registers.h>
#include <string.h>

#include "simulators/boot/internal.h"

#define HEARTBEAT_NS 1000000u /* assumed; rom.c lets it move four times as often */

static const struct sim_boot_component *selected(const struct sim_boot *boot)
{
	const uint64_t index = boot->latch.select;

	return index < boot->setup.component_count ? &boot->setup.components[index] : NULL;
}

static uint64_t read_heartbeat_ns(void *arg)
{
	(void)arg;
	return HEARTBEAT_NS;
}

static uint64_t read_component_bytes(void *arg)
{
	const struct sim_boot_component *component = selected(arg);

	return component ? component->bytes_max : 0;
}

static uint64_t read_component_units(void *arg)
{
	const struct sim_boot_component *component = selected(arg);

	return component ? component->units : 0;
}

static uint64_t read_owner(void *arg)
{
	const struct sim_boot *boot = arg;

	return boot->function != SIM_BOOT_OWNER;
}

static uint64_t read_heartbeat(void *arg)
{
	return boot_heartbeat(arg);
}

static uint64_t read_zero(void *arg)
{
	(void)arg;
	return 0;
}

static void write_offer(void *arg, uint64_t value)
{
	boot_offer(arg, (uint32_t)value);
}

static void write_data_bytes(void *arg, uint64_t value)
{
	boot_take_data(arg, (uint32_t)value);
}

static void write_go(void *arg, uint64_t value)
{
	boot_answer(arg, (uint32_t)value);
}

static void write_complete(void *arg, uint64_t value)
{
	boot_complete(arg, value);
}

static void write_protocol(void *arg, uint64_t value)
{
	boot_protocol(arg, (uint32_t)value);
}

static void write_control(void *arg, uint64_t value)
{
	struct sim_boot *boot = arg;

	if (value & ~(uint64_t)ROAD_BOOT_CONTROL_RESET)
		sim_violation(boot->setup.env, boot->function,
			      "the boot block's CONTROL is written 0x%llx, allowed: 0x%x",
			      (unsigned long long)value, ROAD_BOOT_CONTROL_RESET);
	if (!(value & ROAD_BOOT_CONTROL_RESET))
		return;
	boot_power_on(boot);
	for (uint32_t f = 0; f < boot->setup.functions; f++)
		boot->setup.reset(boot->setup.arg, f);
}

/* ---- the dump ---- */

static uint64_t read_dump_offset(void *arg)
{
	const struct sim_boot *boot = arg;

	return boot->latch.dump_offset;
}

static void write_dump_offset(void *arg, uint64_t value)
{
	struct sim_boot *boot = arg;

	if (value % 8)
		sim_violation(
			boot->setup.env, boot->function,
			"the boot block's DUMP_OFFSET is written %llu, allowed: multiples of 8",
			(unsigned long long)value);
	else
		boot->latch.dump_offset = value;
}

static uint64_t read_dump(void *arg)
{
	struct sim_boot *boot = arg;
	const uint64_t at = boot->latch.dump_offset;
	uint8_t bytes[sizeof(boot->dump) + sizeof(boot->dump_text)];
	uint64_t word = 0;

	if (at >= boot->dump_bytes)
		return 0;
	memcpy(bytes, &boot->dump, sizeof(boot->dump));
	memcpy(bytes + sizeof(boot->dump), boot->dump_text, sizeof(boot->dump_text));
	memcpy(&word, bytes + at, boot->dump_bytes - at < 8 ? boot->dump_bytes - at : 8);
	boot->latch.dump_offset += 8;
	return word;
}

/* ---- what the firmware works by ---- */

static uint64_t read_opcode(void *arg)
{
	const struct sim_boot *boot = arg;
	const struct sim_program *program = sim_boot_program(boot);
	const uint64_t opcode = boot->latch.program_select;

	return program && opcode < ROAD_PROGRAM_OPCODES_MAX ? program->version[opcode] : 0;
}

static uint64_t read_quantum(void *arg)
{
	const struct sim_program *program = sim_boot_program(arg);

	return program ? program->quantum_ns : 0;
}

static uint64_t read_levels(void *arg)
{
	const struct sim_program *program = sim_boot_program(arg);

	return program ? program->levels : 0;
}

static uint64_t read_level(void *arg)
{
	const struct sim_program *program = sim_boot_program(arg);

	return program ? program->level : 0;
}

static const struct road_program_level *level_of(const struct sim_boot *boot)
{
	static const struct road_program_level none;
	const struct sim_program *program = sim_boot_program(boot);
	const uint64_t level = boot->latch.program_select;

	return program && level < program->levels ? &program->at[level] : &none;
}

static uint64_t read_clock(void *arg)
{
	return level_of(arg)->clock;
}

static uint64_t read_power(void *arg)
{
	return level_of(arg)->power_mw;
}

#define AT(reg)         [ROAD_BOOT_REG_##reg / 4]
#define MINE(width, m)  SIM_OF_CHIP(width, struct sim_boot, m)
#define LATCH(width, m) SIM_KEPT(width, struct sim_boot, latch.m)

static const struct sim_register registers[] = {
	AT(MAGIC) = SIM_FIXED(ROAD_BOOT_MAGIC),
	AT(VERSION) = SIM_FIXED(ROAD_BOOT_VERSION),
	AT(STYLE) = MINE(4, setup.style),
	AT(CHUNK) = MINE(4, setup.chunk_bytes),
	AT(CHIP64) = MINE(8, setup.chip),
	AT(HEARTBEAT_NS64) = SIM_CALLED(8, read_heartbeat_ns, NULL),
	AT(COMPONENTS) = MINE(4, setup.component_count),
	AT(DUMP_BYTES) = MINE(4, dump_bytes),
	AT(SELECT) = LATCH(4, select),
	AT(COMPONENT_BYTES) = SIM_CALLED(4, read_component_bytes, NULL),
	AT(COMPONENT_UNITS) = SIM_CALLED(4, read_component_units, NULL),
	AT(OWNER) = SIM_CALLED(4, read_owner, NULL),
	AT(SEQUENCE) = MINE(4, sequence),
	AT(PHASE) = MINE(4, phase),
	AT(COMPONENT) = MINE(4, component),
	AT(CODE) = MINE(4, code),
	AT(REQUEST64) = MINE(8, request),
	AT(REQUEST_OFFSET64) = MINE(8, request_offset),
	AT(REQUEST_BYTES) = MINE(4, request_bytes),
	AT(HEARTBEAT64) = SIM_CALLED(8, read_heartbeat, NULL),
	AT(OFFER_BYTES64) = LATCH(8, offer_bytes),
	AT(OFFER) = SIM_CALLED(4, read_zero, write_offer),
	AT(DATA_BYTES) = SIM_CALLED(4, read_zero, write_data_bytes),
	AT(DMA_ADDRESS64) = LATCH(8, dma_address),
	AT(DMA_BYTES) = LATCH(4, dma_bytes),
	AT(DMA_GO) = SIM_CALLED(4, read_zero, write_go),
	AT(COMPLETE64) = SIM_CALLED(8, read_zero, write_complete),
	AT(NONCE64) = LATCH(8, nonce),
	AT(PROTOCOL) = SIM_CALLED(4, read_zero, write_protocol),
	AT(CONTROL) = SIM_CALLED(4, read_zero, write_control),
	AT(DUMP_OFFSET) = SIM_CALLED(4, read_dump_offset, write_dump_offset),
	AT(DUMP64) = SIM_CALLED(8, read_dump, NULL),
	AT(PROGRAM_SELECT) = LATCH(4, program_select),
	AT(PROGRAM_OPCODE) = SIM_CALLED(4, read_opcode, NULL),
	AT(PROGRAM_QUANTUM_NS) = SIM_CALLED(4, read_quantum, NULL),
	AT(PROGRAM_LEVELS) = SIM_CALLED(4, read_levels, NULL),
	AT(PROGRAM_LEVEL) = SIM_CALLED(4, read_level, NULL),
	AT(PROGRAM_CLOCK) = SIM_CALLED(4, read_clock, NULL),
	AT(PROGRAM_POWER) = SIM_CALLED(4, read_power, NULL),
};
enum { ROWS = sizeof(registers) / sizeof(registers[0]) };

/* ---- words of what is longer than a register ---- */

struct words {
	uint64_t at;
	uint32_t bytes;
	const void *from; /* NULL: no component is selected */
};

static bool find_words(const struct sim_boot *boot, uint64_t offset, struct words *out)
{
	static const uint8_t vendor[16] = ROAD_PROGRAM_VENDOR;
	const struct sim_boot_component *one = selected(boot);
	const struct words all[] = {
		{ROAD_BOOT_REG_COMPONENT_NAME64, 32, one ? one->name : NULL},
		{ROAD_BOOT_REG_COMPONENT_VENDOR64, 16, one ? vendor : NULL},
		{ROAD_BOOT_REG_COMPONENT_CLASS64, 16, one ? boot->setup.chip_class : NULL},
		{ROAD_BOOT_REG_HELLO, sizeof(boot->hello), &boot->hello},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (offset >= all[i].at && offset - all[i].at < all[i].bytes) {
			*out = all[i];
			return true;
		}
	return false;
}

static uint64_t read_word(const struct words *words, uint64_t offset)
{
	uint64_t word = 0;

	if (words->from)
		memcpy(&word, (const uint8_t *)words->from + (offset - words->at), sizeof(word));
	return word;
}

/* ---- accesses ---- */

static bool is_register(const struct sim_boot *boot, uint64_t offset, uint32_t width,
			const char *what)
{
	struct words words;

	if (offset % 4 == 0 && offset / 4 < ROWS && registers[offset / 4].bytes == width)
		return true;
	if (!find_words(boot, offset, &words))
		sim_violation(boot->setup.env, boot->function,
			      "%s of %u bytes at 0x%llx of the boot block: there is no register of "
			      "that width",
			      what, width, (unsigned long long)offset);
	else
		sim_violation(boot->setup.env, boot->function,
			      "%s of %u bytes at 0x%llx of the boot block, allowed: reads of 8",
			      what, width, (unsigned long long)offset);
	return false;
}

static struct sim_registers of(struct sim_boot *boot)
{
	return (struct sim_registers){
		.rows = registers,
		.count = ROWS,
		.env = boot->setup.env,
		.index = boot->function,
		.chip = boot,
		.function = boot,
	};
}

/* Each function has what it reads by, and the owner what it boots by. */
static void begin_access(struct sim_boot *boot, uint32_t function)
{
	boot->function = function;
	boot->latch = boot->latches[function];
}

static void end_access(struct sim_boot *boot)
{
	boot->latches[boot->function] = boot->latch;
}

static uint64_t read(struct sim_boot *boot, uint64_t offset, uint32_t width)
{
	struct words words;
	const struct sim_registers mine = of(boot);

	if (width == 8 && find_words(boot, offset, &words) && (offset - words.at) % 8 == 0)
		return read_word(&words, offset);
	if (!is_register(boot, offset, width, "a read"))
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	return sim_register_read(&mine, offset, width);
}

uint64_t sim_boot_read(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width)
{
	uint64_t value;

	if (!boot)
		return 0;
	begin_access(boot, function);
	value = read(boot, offset, width);
	end_access(boot);
	return value;
}

/* May this function write there? */
static bool may_write(const struct sim_boot *boot, uint64_t offset)
{
	switch (offset) {
	case ROAD_BOOT_REG_SELECT:
	case ROAD_BOOT_REG_DUMP_OFFSET:
	case ROAD_BOOT_REG_PROGRAM_SELECT: return true;
	default: break;
	}
	if (boot->function == SIM_BOOT_OWNER)
		return true;
	sim_violation(boot->setup.env, boot->function,
		      "0x%llx of the boot block is written by function %u, allowed: function %u, "
		      "which firmware belongs to",
		      (unsigned long long)offset, boot->function, SIM_BOOT_OWNER);
	return false;
}

static void write_data(struct sim_boot *boot, uint64_t at, uint32_t width, uint64_t value)
{
	if (boot->phase != ROAD_BOOT_PHASE_LOADING || boot->setup.style != SIM_BOOT_PUSH)
		boot_out_of_turn(boot, "DATA");
	else if (width != 8 || at % 8 || at >= ROAD_BOOT_DATA_BYTES)
		sim_violation(
			boot->setup.env, boot->function,
			"the boot block's DATA is written %u bytes at 0x%llx, allowed: words of "
			"8 below 0x%x",
			width, (unsigned long long)at, ROAD_BOOT_DATA_BYTES);
	else
		memcpy(boot->data + at, &value, sizeof(value));
}

void sim_boot_write(struct sim_boot *boot, uint32_t function, uint64_t offset, uint32_t width,
		    uint64_t value)
{
	if (!boot)
		return;
	begin_access(boot, function);
	const struct sim_registers mine = of(boot);

	if (!may_write(boot, offset))
		return;
	if (offset >= ROAD_BOOT_REG_DATA)
		write_data(boot, offset - ROAD_BOOT_REG_DATA, width, value);
	else if (is_register(boot, offset, width, "a write"))
		sim_register_write(&mine, offset, width, value);
	end_access(boot);
}
