/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot block: how a chip whose firmware the host brings is booted. One window of
 * ROAD_BOOT_BYTES in the registers of a function, at an offset of the chip's own; three chips have
 * it, and differ in the way in which images come to them.
 *
 *	ROM runs ─ WAITING for an image ─ OFFER ─ LOADING ─ COMPLETE ─ AUTH ─ (next component)
 *	─ STARTING ─ HELLO ─ NONCE, PROTOCOL ─ RUNNING ─ … ─ CRASHED
 *
 * push: the host fills DATA, then writes DATA_BYTES: the next bytes of the image. pull: the ROM
 * says in REQUEST_* which bytes it wants; the host lays them into memory that the chip can reach
 * and writes DMA_ADDRESS64, DMA_BYTES and DMA_GO. Images are containers (uapi/firmware/image.h);
 * the ROM checks their digest and signature by itself, with the keys that it holds.
 *
 * Until firmware RUNS the chip is not READY and opens no queue. Firmware is the chip's: a reset of
 * a function leaves it running, ROAD_BOOT_CONTROL_RESET does not.
 *
 * Each function of a chip with several has this window. All may read it, each with a SELECT,
 * DUMP_OFFSET and PROGRAM_SELECT of its own; all other writes are for the function that OWNER says
 * the firmware belongs to.
 */
#ifndef UAPI_FIRMWARE_BOOT_H
#define UAPI_FIRMWARE_BOOT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_BOOT_BYTES      0x800u
#define ROAD_BOOT_MAGIC      0x544f4f42u /* "BOOT"; another value: there is no boot ROM */
#define ROAD_BOOT_VERSION    1u
#define ROAD_BOOT_DATA_BYTES 0x400u    /* most of CHUNK, push */
#define ROAD_BOOT_CHUNK_MAX  0x100000u /* likewise, pull */

/* 32 bits unless the name ends in 64 (those are 8-byte aligned, 64-bit accesses). */
enum road_boot_reg {
	/* What the chip is; never changes. */
	ROAD_BOOT_REG_MAGIC = 0x000,
	ROAD_BOOT_REG_VERSION = 0x004,
	ROAD_BOOT_REG_STYLE = 0x008,          /* 0: push, 1: pull */
	ROAD_BOOT_REG_CHUNK = 0x00c,          /* most bytes of one transfer */
	ROAD_BOOT_REG_CHIP64 = 0x010,         /* id of this kind of chip; hello repeats it */
	ROAD_BOOT_REG_HEARTBEAT_NS64 = 0x018, /* the heartbeat moves at least that often; 0: none */
	ROAD_BOOT_REG_COMPONENTS = 0x020, /* images that it wants, in the order of their numbers */
	ROAD_BOOT_REG_DUMP_BYTES = 0x024, /* that the last crash left; 0: nothing */

	/* Write a component's number, read about it. */
	ROAD_BOOT_REG_SELECT = 0x028,
	ROAD_BOOT_REG_COMPONENT_BYTES = 0x02c, /* most of its container */
	ROAD_BOOT_REG_COMPONENT_UNITS = 0x030, /* that get the same image, by broadcast */
	ROAD_BOOT_REG_OWNER = 0x034, /* 0: firmware is this function's to boot; 1: another's */
	ROAD_BOOT_REG_COMPONENT_NAME64 = 0x038,   /* four words: 32 characters, 0 behind them */
	ROAD_BOOT_REG_COMPONENT_VENDOR64 = 0x058, /* two words: the UUID's bytes */
	ROAD_BOOT_REG_COMPONENT_CLASS64 = 0x068,

	/* Where it is. SEQUENCE rises with each change of what follows it: a reader that finds the
	 * same one before and after has a consistent copy. */
	ROAD_BOOT_REG_SEQUENCE = 0x080,
	ROAD_BOOT_REG_PHASE = 0x084,     /* enum road_boot_phase */
	ROAD_BOOT_REG_COMPONENT = 0x088, /* WAITING, LOADING, AUTH: which */
	ROAD_BOOT_REG_CODE = 0x08c,      /* REJECTED, DEGRADED, CRASHED: enum road_boot_code */
	ROAD_BOOT_REG_REQUEST64 = 0x090, /* pull: number of the request, from 1 */
	ROAD_BOOT_REG_REQUEST_OFFSET64 = 0x098,
	ROAD_BOOT_REG_REQUEST_BYTES = 0x0a0, /* 0: it asks for nothing */
	ROAD_BOOT_REG_HELLO = 0x0c0,         /* struct road_boot_hello, 64-bit accesses */

	/* Moves by itself while firmware runs, without SEQUENCE. */
	ROAD_BOOT_REG_HEARTBEAT64 = 0x100,

	/* What the host says. */
	ROAD_BOOT_REG_OFFER_BYTES64 = 0x108, /* of the container for COMPONENT, then … */
	ROAD_BOOT_REG_OFFER = 0x110,         /* … its number: WAITING becomes LOADING */
	ROAD_BOOT_REG_DATA_BYTES = 0x114,    /* push: takes that many of DATA */
	ROAD_BOOT_REG_DMA_ADDRESS64 = 0x118, /* pull: bus address of what was asked for */
	ROAD_BOOT_REG_DMA_BYTES = 0x120,
	ROAD_BOOT_REG_DMA_GO = 0x124,     /* the request's number, low 32 bits */
	ROAD_BOOT_REG_COMPLETE64 = 0x128, /* bytes of the image, all transferred: AUTH */
	ROAD_BOOT_REG_NONCE64 = 0x130,    /* the hello's, before … */
	ROAD_BOOT_REG_PROTOCOL = 0x138, /* … the protocol that was chosen; 0: none, keep quiet */
	ROAD_BOOT_REG_CONTROL = 0x13c,  /* ROAD_BOOT_CONTROL_* */
	ROAD_BOOT_REG_DUMP_OFFSET = 0x140, /* where DUMP64 reads; a multiple of 8 */
	ROAD_BOOT_REG_DUMP64 = 0x148,      /* eight bytes of the dump; the offset moves on by 8 */

	/* What of the payload the firmware works by (program.h), while it runs. */
	ROAD_BOOT_REG_PROGRAM_SELECT = 0x180, /* an opcode, or a level of the clock table */
	ROAD_BOOT_REG_PROGRAM_OPCODE = 0x184, /* version of the selected opcode; 0: not enabled */
	ROAD_BOOT_REG_PROGRAM_QUANTUM_NS = 0x188,
	ROAD_BOOT_REG_PROGRAM_LEVELS = 0x18c, /* of the clock and power table */
	ROAD_BOOT_REG_PROGRAM_LEVEL = 0x190,  /* the one that is in use */
	ROAD_BOOT_REG_PROGRAM_CLOCK = 0x194,  /* of the selected level, in 1/1000 of the chip's */
	ROAD_BOOT_REG_PROGRAM_POWER = 0x198,  /* of the selected level, mW */

	ROAD_BOOT_REG_DATA = 0x400 /* push: ROAD_BOOT_DATA_BYTES, 64-bit writes */
};

/* The chip begins in its ROM again. What it asked for is forgotten: it reads no memory of the boot
 * that ended. */
#define ROAD_BOOT_CONTROL_RESET 0x1u

/* In the order of enum road_firmware_phase of <roadbed-driver/firmware.h>. */
enum road_boot_phase {
	ROAD_BOOT_PHASE_OFF,
	ROAD_BOOT_PHASE_ROM,
	ROAD_BOOT_PHASE_WAITING,
	ROAD_BOOT_PHASE_LOADING,
	ROAD_BOOT_PHASE_AUTH,
	ROAD_BOOT_PHASE_REJECTED,
	ROAD_BOOT_PHASE_STARTING,
	ROAD_BOOT_PHASE_HELLO,
	ROAD_BOOT_PHASE_RUNNING,
	ROAD_BOOT_PHASE_DEGRADED,
	ROAD_BOOT_PHASE_CRASHED
};

enum road_boot_code {
	ROAD_BOOT_CODE_NONE,
	/* REJECTED */
	ROAD_BOOT_CODE_BYTES,     /* more than there is room for, or not as many as offered */
	ROAD_BOOT_CODE_CONTAINER, /* no sound container */
	ROAD_BOOT_CODE_DIGEST,
	ROAD_BOOT_CODE_KEY, /* of none that the ROM holds */
	ROAD_BOOT_CODE_SIGNATURE,
	ROAD_BOOT_CODE_CHIP,    /* of another component, vendor or class */
	ROAD_BOOT_CODE_PROGRAM, /* a payload that the chip cannot work by */
	ROAD_BOOT_CODE_DMA,     /* a bus address that is not mapped */
	/* CRASHED */
	ROAD_BOOT_CODE_SELFTEST,
	ROAD_BOOT_CODE_PANIC,
	ROAD_BOOT_CODE_NONCE, /* not the hello's */
	ROAD_BOOT_CODES
};

/* 56 bytes. */
struct road_boot_hello {
	uint32_t protocol_min, protocol_max;
	uint8_t version_major, version_minor;
	uint16_t version_revision;
	uint32_t version_build;
	uint32_t counter;
	uint32_t boot_errors;
	uint64_t chip, features, nonce;
	uint64_t reserved; /* 0 */
};

/* What a crash leaves; 64 bytes, then `text_bytes` of text. */
struct road_boot_dump {
	uint32_t magic; /* ROAD_BOOT_DUMP_MAGIC */
	uint32_t code;  /* enum road_boot_code */
	uint64_t time_ns, heartbeat;
	struct road_boot_dump_image {
		uint8_t version_major, version_minor;
		uint16_t version_revision;
		uint32_t version_build;
	} image;
	uint32_t queues_open, text_bytes;
	uint64_t packets; /* that were taken since it ran */
	uint64_t reserved[2];
};
#define ROAD_BOOT_DUMP_MAGIC 0x504d4452u /* "RDMP" */

#ifdef __cplusplus
}
#endif
#endif
