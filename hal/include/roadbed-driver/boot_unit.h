/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot block's helper, for ports of chips that have the block of uapi/firmware/boot.h: all of
 * struct road_firmware_ops but what the chip's files are called.
 *
 *	describe  static road_status describe(struct road_drv_device *dev,
 *	                                      struct road_firmware_chip *out)
 *	          {
 *	                  return road_boot_unit_describe(dev, &port, out);
 *	          }
 *	driver    .firmware = &(const struct road_firmware_ops){describe, ROAD_BOOT_UNIT_OPS}
 *
 * One thread at a time, as struct road_firmware_ops says. The core boots before `start`, so that
 * dev->data is NULL; it frees what describe made (dev->boot_unit) when the device closes.
 */
#ifndef ROADBED_DRIVER_BOOT_UNIT_H
#define ROADBED_DRIVER_BOOT_UNIT_H

#include <roadbed-driver/driver.h>
#include <roadbed-driver/firmware.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_boot_unit;

struct road_boot_port {
	uint32_t region;                     /* of the bus: where the registers are */
	uint64_t offset;                     /* of the block in it */
	const char *vendor, *chip;           /* parts of the files' names */
	uint32_t protocol_min, protocol_max; /* that the driver speaks */
	/* NULL: nothing is to be stopped. A chip that was started goes back to its ROM: the driver
	 * gives it nothing more until its `reset`. Not called before `start`. */
	void (*halt)(struct road_drv_device *dev);
};

/* ROAD_NOT_FOUND: the chip has no boot ROM and needs no firmware. `port` stays. May be called
 * again, then it reads again. */
ROAD_API road_status road_boot_unit_describe(struct road_drv_device *dev,
					     const struct road_boot_port *port,
					     struct road_firmware_chip *out);
/* What the core calls when the device closes; NULL in dev->boot_unit is fine. */
ROAD_API void road_boot_unit_close(struct road_drv_device *dev);

ROAD_API road_status road_boot_unit_look(struct road_drv_device *dev,
					 struct road_firmware_look *out);
ROAD_API road_status road_boot_unit_offer(struct road_drv_device *dev, uint32_t component,
					  uint64_t bytes);
ROAD_API road_status road_boot_unit_transfer(struct road_drv_device *dev, uint64_t offset,
					     const void *bytes, uint32_t byte_count);
ROAD_API road_status road_boot_unit_tell(struct road_drv_device *dev, enum road_firmware_word word,
					 uint64_t value);
ROAD_API road_status road_boot_unit_dump(struct road_drv_device *dev, uint64_t offset, void *bytes,
					 uint32_t byte_count, uint32_t *got);

/* All but `describe`, in the order of struct road_firmware_ops. */
#define ROAD_BOOT_UNIT_OPS                                                                       \
	road_boot_unit_look, road_boot_unit_offer, road_boot_unit_transfer, road_boot_unit_tell, \
		road_boot_unit_dump

/* What the running firmware is able to: version of an opcode of the chip's ring (0: not enabled;
 * UINT32_MAX: the chip has no firmware, and all that it can do is enabled). */
ROAD_API uint32_t road_boot_unit_opcode(struct road_drv_device *dev, uint32_t opcode);

/*
 * All of it at once, for ports whose start asks and whose other calls look at what they kept:
 *
 *	start       road_boot_unit_program(dev, OPCODES, &mine->program)
 *	            road_boot_program_need(&mine->program, needs, count)
 *	info        out->commands = road_boot_program_commands(&mine->program, commands, count)
 *	property    road_boot_program_property(&mine->program, index - MY_OWN, MY_OWN_LAST + 1, out)
 */
enum { ROAD_BOOT_OPCODES_MAX = 64 };
struct road_boot_program {
	bool known; /* false: the chip has no firmware, all is enabled, and what follows is 0 */
	uint32_t version[ROAD_BOOT_OPCODES_MAX]; /* by opcode; 0: not enabled */
	uint32_t quantum_ns;
	uint32_t levels, level; /* of clock and power; which is in use */
	uint32_t clock;         /* of that one, in 1/1000 of the chip's */
	uint32_t power_mw;      /* likewise */
};
/* Opcodes below `opcodes`. ROAD_DEVICE_LOST. */
ROAD_API road_status road_boot_unit_program(struct road_drv_device *dev, uint32_t opcodes,
					    struct road_boot_program *out);
static inline bool road_boot_has(const struct road_boot_program *program, uint32_t opcode,
				 uint32_t version)
{
	return !program->known || program->version[opcode] >= version;
}

/* What a port cannot do without. */
struct road_boot_need {
	uint32_t opcode, version;
	const char *name;
};
/* ROAD_UNSUPPORTED names the first that is not enabled. */
ROAD_API road_status road_boot_program_need(const struct road_boot_program *program,
					    const struct road_boot_need *needs, uint32_t count);
/* Is what is asked for in `field` ("road_list_launch: watchdog") enabled? ROAD_UNSUPPORTED. */
ROAD_API road_status road_boot_program_allow(const struct road_boot_program *program, bool asked,
					     const struct road_boot_need *need, const char *field);
/* What each command takes; which of them are enabled, as in road_device_info.commands. */
struct road_boot_command {
	uint32_t opcode, kind; /* kind: enum road_command_kind */
};
ROAD_API uint64_t road_boot_program_commands(const struct road_boot_program *program,
					     const struct road_boot_command *commands,
					     uint32_t count);
/* Properties `firmware.quantum`, `firmware.level`, `power.limit`, with numbers from `id` on: index
 * from 0. ROAD_NOT_FOUND, without a word, ends them. */
enum { ROAD_BOOT_PROPERTIES = 3 }; /* 0 where nothing is known */
ROAD_API road_status road_boot_program_property(const struct road_boot_program *program,
						uint32_t index, uint32_t id,
						struct road_property *out);

#ifdef __cplusplus
}
#endif
#endif
