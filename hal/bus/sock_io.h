/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of sock_wire.h over a socket, for both sides. Nothing here blocks. */
#ifndef HAL_BUS_SOCK_IO_H
#define HAL_BUS_SOCK_IO_H

#include <stdbool.h>
#include <stddef.h>

#include "hal/bus/sock_wire.h"

/* A message on its way in. */
struct road_wire_reader {
	_Alignas(8) unsigned char bytes[ROAD_WIRE_MESSAGE_MAX];
	size_t have;
	int fds[ROAD_WIRE_FDS_MAX]; /* that came with it; close-on-exec */
	uint32_t fd_count;
	bool fds_lost; /* some came, and this process had no room for them */
};

enum road_wire_read {
	ROAD_WIRE_MORE, /* is to come */
	ROAD_WIRE_WHOLE,
	ROAD_WIRE_CLOSED, /* by the other side */
	ROAD_WIRE_BAD,    /* its size is impossible, or it has too many descriptors */
};

/* Reads on, never beyond the message: so descriptors are those of the message with which they came.
 */
enum road_wire_read road_wire_read(int sock, struct road_wire_reader *reader);
/* Takes a descriptor out of the message: the caller's from now on. -1: there is none there. */
int road_wire_take_fd(struct road_wire_reader *reader, uint32_t index);
/* Done with the message; descriptors that nobody took are closed. */
void road_wire_next(struct road_wire_reader *reader);

static inline struct road_wire_header road_wire_header_of(const struct road_wire_reader *reader)
{
	return *(const struct road_wire_header *)(const void *)reader->bytes;
}

/* How many bytes went out, 0 if there is no room; -1: the other side is gone. Descriptors go with
 * the first byte, and stay the caller's. */
long road_wire_send(int sock, const void *bytes, size_t count, const int *fds, uint32_t fd_count);

#endif
