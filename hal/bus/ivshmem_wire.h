/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the shared memory between a guest's driver and a simulated chip on the host, by
 * QEMU's device ivshmem-doorbell (QEMU's docs/specs/ivshmem-spec.txt). `roadbed serve` is the
 * ivshmem server, and a peer of its own; the guest sees a function of PCI 1af4:1110 whose BAR 2 is
 * the memory, and whose BAR 0 has a doorbell.
 *
 *	offset    what                               written by
 *	0         head: which chip it is             server, before the guest sees it
 *	4096      state: is it served?               server
 *	8192      desk: session, number of the ask   guest
 *	12288     page: posted writes, the clock     both (sock_wire.h)
 *	24576     ask: one message of sock_wire.h    guest
 *	36864     answer: one message                server
 *	65536     window: memory that the chip sees  both; bus addresses are offsets from 0
 *
 *	guest                                           server
 *	session = n, doorbell                          ──▶ a chip as at power-on; counters go on
 *	                                               ◀── begun = n, live = n; 0: there is none
 *	VERSION, HELLO, DMA_MAP, REGION_READ, …:
 *	message, asked + 1, doorbell                   ──▶
 *	                                               ◀── message, answered = asked
 *	REGION_WRITE: posted into the page, doorbell   ──▶
 *	                                               ◀── interrupts: vectors of the guest's peer
 *	session = 0, doorbell                          ──▶ the chip and its memory go
 *
 * The doorbell may be left out while page.asleep is 0. Descriptors do not cross: DMA_MAP names a
 * range of the window by its offset, and where an answer would bring a file, `piece_bytes` says how
 * long it is, and ROAD_PIECE fetches it.
 *
 * Either side takes the other for hostile: a message is copied once, and the copy is checked and
 * used; words are read once.
 */
#ifndef HAL_BUS_IVSHMEM_WIRE_H
#define HAL_BUS_IVSHMEM_WIRE_H

#include <stddef.h>

#include "hal/bus/sock_wire.h"

/* The function of PCI, and its registers. */
enum {
	ROAD_IVSHMEM_VENDOR = 0x1af4,
	ROAD_IVSHMEM_DEVICE = 0x1110,
	ROAD_IVSHMEM_BAR_REGISTERS = 0,
	ROAD_IVSHMEM_BAR_MEMORY = 2,
	ROAD_IVSHMEM_POSITION = 8,  /* the guest's own number */
	ROAD_IVSHMEM_DOORBELL = 12, /* peer << 16 | vector */
	ROAD_IVSHMEM_PROTOCOL = 0,  /* between server and QEMU */
	ROAD_IVSHMEM_SERVER = 0,    /* numbers of peers */
	ROAD_IVSHMEM_GUEST = 1,
};

#define ROAD_IVSHMEM_MAGIC     UINT64_C(0x6d68737664616f72) /* "roadvshm" */
#define ROAD_IVSHMEM_BYTES_MIN (UINT64_C(1) << 20)
#define ROAD_IVSHMEM_BYTES_MAX (UINT64_C(1) << 36)
#define ROAD_IVSHMEM_BYTES     (UINT64_C(64) << 20) /* unless somebody says otherwise */

enum { ROAD_IVSHMEM_ABI = 1 };

struct road_ivshmem_head {
	uint64_t magic;
	uint32_t abi;
	uint32_t vectors; /* of the guest's peer that may be raised */
	uint64_t bytes;   /* of all the memory */
	uint64_t window, window_bytes;
	uint32_t server; /* its number as a peer */
	uint32_t reserved;
	struct road_wire_hello chip;
};

struct road_ivshmem_state {
	_Atomic uint64_t begun; /* the session that the server saw last */
	_Atomic uint64_t live;  /* the one that has a chip; 0: none */
	_Atomic uint64_t beat;  /* goes on, once a second at least, as long as the server does */
	_Atomic uint64_t answered;
};

struct road_ivshmem_desk {
	_Atomic uint64_t session; /* another number than before; 0: none */
	_Atomic uint64_t asked;   /* messages, of all sessions */
};

/* A message of sock_wire.h, header first. */
struct road_ivshmem_message {
	_Alignas(8) unsigned char bytes[ROAD_WIRE_MESSAGE_MAX];
	uint64_t piece_bytes; /* of an answer */
};

struct road_ivshmem_memory {
	_Alignas(4096) struct road_ivshmem_head head;
	_Alignas(4096) struct road_ivshmem_state state;
	_Alignas(4096) struct road_ivshmem_desk desk;
	_Alignas(4096) struct road_wire_page page;
	_Alignas(4096) struct road_ivshmem_message ask;
	_Alignas(4096) struct road_ivshmem_message answer;
};

enum { ROAD_IVSHMEM_WINDOW = 65536 };

ROAD_WIRE_SIZE(road_ivshmem_head, 48 + 224);
ROAD_WIRE_SIZE(road_ivshmem_state, 32);
ROAD_WIRE_SIZE(road_ivshmem_desk, 16);
ROAD_WIRE_SIZE(road_ivshmem_message, 8200);
#define ROAD_IVSHMEM_AT(member, offset)                                          \
	_Static_assert(offsetof(struct road_ivshmem_memory, member) == (offset), \
		       #member " lies at " #offset)
ROAD_IVSHMEM_AT(head, 0);
ROAD_IVSHMEM_AT(state, 4096);
ROAD_IVSHMEM_AT(desk, 8192);
ROAD_IVSHMEM_AT(page, 12288);
ROAD_IVSHMEM_AT(ask, 24576);
ROAD_IVSHMEM_AT(answer, 36864);
_Static_assert(sizeof(struct road_ivshmem_memory) <= ROAD_IVSHMEM_WINDOW,
	       "the window lies behind all of it");

#endif
