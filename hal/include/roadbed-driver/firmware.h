/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port implements whose chip boots firmware that the host brings: six functions. The loader
 * (libroadbed-firmware) owns the order of things, deadlines, verification and the choice of
 * images; it believes nothing that a chip says before it is checked.
 *
 *	describe    what the chip is, which images it wants, how they come to it
 *	look        where its ROM or firmware is now
 *	offer       an image of so many bytes is there
 *	transfer    some of its bytes: the next ones (push), or those asked for (pull)
 *	tell        all is there, authenticate it; the protocol that was chosen
 *	dump        what it left when it crashed
 */
#ifndef ROADBED_DRIVER_FIRMWARE_H
#define ROADBED_DRIVER_FIRMWARE_H

#include <stdbool.h>

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_drv_device;

#define ROAD_FIRMWARE_COMPONENTS_MAX 8u

enum road_firmware_style {
	ROAD_FIRMWARE_PUSH, /* the host writes chunk after chunk */
	ROAD_FIRMWARE_PULL  /* the chip asks for offset and length */
};

/* A component of the chip's firmware; they are wanted in the order of the table. */
struct road_firmware_component {
	char name[32];      /* "scheduler": of the file, and of the image's entry */
	uint8_t vendor[16]; /* UUIDs that its image has to name */
	uint8_t chip_class[16];
	uint32_t bytes_max; /* of the container */
	uint32_t units;     /* that get the same image, by broadcast; 1 otherwise */
};

struct road_firmware_chip {
	char vendor[32], chip[64]; /* parts of the file's name, "vendor/chip/component.img" */
	uint64_t chip_id;          /* that the firmware's hello has to repeat */
	uint32_t style;            /* enum road_firmware_style */
	uint32_t chunk_bytes;      /* most of one transfer; >= 1 */
	uint32_t protocol_min, protocol_max; /* that the driver speaks */
	uint64_t heartbeat_ns; /* it has to move at least that often; 0: there is none */
	uint32_t component_count;
	struct road_firmware_component components[ROAD_FIRMWARE_COMPONENTS_MAX];
	/* Another function of the chip owns the firmware: it boots it, this one finds it running
	 * and works with it; then of the six only describe and look are called. Since 2.6. */
	bool foreign;
};

/* Where the chip says that it is. */
enum road_firmware_phase {
	ROAD_FIRMWARE_PHASE_OFF,
	ROAD_FIRMWARE_PHASE_ROM,      /* its ROM runs and wants nothing yet */
	ROAD_FIRMWARE_PHASE_WAITING,  /* for an image of `component` */
	ROAD_FIRMWARE_PHASE_LOADING,  /* it takes one */
	ROAD_FIRMWARE_PHASE_AUTH,     /* the ROM checks what it got */
	ROAD_FIRMWARE_PHASE_REJECTED, /* and refuses it: `code` */
	ROAD_FIRMWARE_PHASE_STARTING, /* firmware runs, its self-test */
	ROAD_FIRMWARE_PHASE_HELLO,    /* it says who it is and waits for a protocol */
	ROAD_FIRMWARE_PHASE_RUNNING,
	ROAD_FIRMWARE_PHASE_DEGRADED, /* it runs with less than all: `code` */
	ROAD_FIRMWARE_PHASE_CRASHED,  /* `code` */
	ROAD_FIRMWARE_PHASES
};

/* What firmware says of itself in PHASE_HELLO. */
struct road_firmware_hello {
	uint32_t protocol_min, protocol_max;
	uint8_t version_major, version_minor;
	uint16_t version_revision;
	uint32_t version_build;
	uint32_t counter;
	uint32_t boot_errors; /* that it went on in spite of */
	uint64_t chip_id, features;
	uint64_t nonce; /* goes back with the choice of the protocol */
};

struct road_firmware_look {
	uint32_t phase;         /* enum road_firmware_phase */
	uint32_t component;     /* WAITING, LOADING: index into components */
	uint32_t code;          /* REJECTED, DEGRADED, CRASHED: the chip's own */
	uint32_t request_bytes; /* LOADING, pull: what it asks for; 0: nothing */
	uint64_t request_offset;
	uint64_t request;                 /* its number, another one for each */
	uint64_t heartbeat;               /* RUNNING, DEGRADED */
	struct road_firmware_hello hello; /* HELLO */
};

enum road_firmware_word {
	ROAD_FIRMWARE_TELL_COMPLETE, /* value: bytes of the image, all transferred */
	ROAD_FIRMWARE_TELL_PROTOCOL, /* value: the one that was chosen; 0: none, keep quiet */
	ROAD_FIRMWARE_TELL_NONCE,    /* value: of the hello; comes before the protocol */
	ROAD_FIRMWARE_TELL_RESTART   /* back to the ROM, whatever runs: a boot begins; value: 0 */
};

/* Called by one thread at a time. Errors are ROAD_IO, ROAD_DEVICE_LOST and what the bus answers. */
struct road_firmware_ops {
	/* Before anything else, and before the driver's start. Registers at most; the chip may be
	 * off. ROAD_NOT_FOUND: this one needs no firmware from the host. */
	road_status (*describe)(struct road_drv_device *dev, struct road_firmware_chip *out);
	/* A consistent copy: a chip that changes while it is read is read again. */
	road_status (*look)(struct road_drv_device *dev, struct road_firmware_look *out);
	road_status (*offer)(struct road_drv_device *dev, uint32_t component, uint64_t bytes);
	/* At most chunk_bytes. push: offset is where the last one ended. pull: the request's. The
	 * bytes are the caller's again when it returns. */
	road_status (*transfer)(struct road_drv_device *dev, uint64_t offset, const void *bytes,
				uint32_t byte_count);
	road_status (*tell)(struct road_drv_device *dev, enum road_firmware_word word,
			    uint64_t value);
	/* Bytes [offset, offset + byte_count) of what a crash left; *got: how many there were. NULL
	 * if the chip leaves nothing. */
	road_status (*dump)(struct road_drv_device *dev, uint64_t offset, void *bytes,
			    uint32_t byte_count, uint32_t *got);
};

#ifdef __cplusplus
}
#endif
#endif
