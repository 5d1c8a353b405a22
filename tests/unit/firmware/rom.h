/* SPDX-License-Identifier: Apache-2.0 */
/* A boot ROM in a test: honest unless it is told to lie, of both styles. */
#ifndef TESTS_UNIT_FIRMWARE_ROM_H
#define TESTS_UNIT_FIRMWARE_ROM_H

#include <stdbool.h>

#include <roadbed-driver/firmware.h>

#define ROM_BYTES_MAX 8192u

/* What the device does wrong, and in which phase. */
enum rom_lie {
	ROM_HONEST,
	ROM_HANGS,           /* stays in `at` for ever */
	ROM_JUMPS,           /* goes from `at` to `to` */
	ROM_BUS_FAILS,       /* each function answers ROAD_IO from `at` on */
	ROM_OFFSET,          /* asks for an offset behind the image */
	ROM_LENGTH,          /* asks for more than is left there */
	ROM_CHUNK,           /* asks for more than it said that it takes */
	ROM_ENDLESS,         /* asks for the same bytes again and again */
	ROM_HALF,            /* goes on when half of the image is there */
	ROM_OTHER_COMPONENT, /* changes its mind while it loads */
	ROM_TURN,            /* wants its second image first */
	ROM_ONE_ONLY,        /* starts when the first of two is there */
	ROM_VERSION,         /* the hello is not of the image's version … */
	ROM_COUNTER,         /* … counter … */
	ROM_CHIP,            /* … of this chip */
	ROM_PROTOCOLS,       /* its protocols end before they begin */
	ROM_REJECTS,
	ROM_SELFTEST,
	ROM_CRASHES, /* when it runs */
	ROM_STOPS,   /* its heartbeat stands still */
	ROM_UNREADY  /* runs with less than all */
};

struct rom {
	struct road_firmware_chip chip; /* that describe answers */
	struct road_firmware_hello hello;
	enum rom_lie lie;
	uint32_t at, to;

	uint32_t phase, component;
	uint64_t offered, complete;
	uint8_t got[ROM_BYTES_MAX];
	uint64_t got_bytes, asked, request, looks, heartbeat;
	uint64_t protocol, nonce;
	bool answered, touched_after; /* called after it was rejected or crashed */
};

extern const struct road_firmware_ops rom_ops;

/* An honest chip of that style with `components` components, chunks of 100 bytes. The device
 * pointer of rom_ops is the struct rom. */
void rom_init(struct rom *rom, enum road_firmware_style style, uint32_t components);

#endif
