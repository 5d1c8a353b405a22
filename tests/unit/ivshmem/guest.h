/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual machine in little: QEMU's end of the protocol of ivshmem servers, and the function of
 * PCI that a driver in the guest would see. */
#ifndef TESTS_UNIT_IVSHMEM_GUEST_H
#define TESTS_UNIT_IVSHMEM_GUEST_H

#include "hal/bus/ivshmem.h"
#include "hal/bus/transport.h"

struct guest {
	int sock, memory_fd, bell;
	int vectors[ROAD_WIRE_VECTORS_MAX];
	uint32_t vector_count;
	int64_t version, number;
	uint64_t bytes;
	struct road_ivshmem_memory *memory;
};

/* Connects, and takes what a server says at once; false: it hung up. */
bool guest_plug(struct guest *guest, const char *path);
/* What the server wrote is where it lies; both sides see it. */
void guest_unplug(struct guest *guest);
void guest_ring(const struct guest *guest);

/* ---- the function ---- */

struct guest_function {
	struct road_bus_handle handle;
	struct guest *guest;
	uint32_t vectors;        /* that QEMU's device has */
	uint32_t command;        /* the register of PCI */
	uint32_t rings, unheard; /* how often it was rung; so many of the next are lost */
	bool pulled, closed;
};

/* As found by discovery; the bus over it, or itself, is closed by its `close`. */
struct road_bus *guest_function(struct guest_function *function, struct guest *guest);

/* ---- a program in the guest that says anything ---- */

/* Begins a session and awaits it; false: no chip was to be had. */
bool guest_begin(struct guest *guest);
/* A message as it is, and its answer: an errno, 0, or -1: the session was ended. The payload of the
 * answer goes to `answer`, of `room` bytes. */
int guest_ask(struct guest *guest, uint16_t command, const void *payload, size_t bytes,
	      void *answer, size_t room);
/* Puts bytes in the slot, and says that they are one message more. */
void guest_put(struct guest *guest, const void *bytes, size_t count);
/* Awaits an answer; false: the session was ended. */
bool guest_answered(struct guest *guest);
/* VERSION and ROAD_HELLO. */
void guest_greet(struct guest *guest);

#endif
