/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has a device's nodes open: the kernel says it of each descriptor of each process whose
 * descriptors may be read (/proc/PID/fd, fdinfo). No node is opened for that.
 */
#ifndef HAL_BUS_CLIENTS_H
#define HAL_BUS_CLIENTS_H

#include "hal/bus/discover.h"
#include "hal/bus/fdinfo.h"

enum { ROAD_CLIENTS_MAX = 256 };

struct road_client {
	uint32_t pid, fd;   /* the lowest process that has it open, and its descriptor */
	uint32_t processes; /* that have it open */
	char command[16];   /* of the process */
	struct road_fdinfo info;
};
struct road_clients {
	struct road_client *at; /* by process and descriptor */
	uint32_t count;
	uint32_t hidden; /* processes whose descriptors this one may not read */
	uint32_t silent; /* descriptors of the device of which the kernel says nothing */
	bool left_out;   /* there is more: clients, processes, descriptors, what a client says */
};

/*
 * Each client of the device once, however many descriptors and processes share it. only_ours: reads
 * what is known beforehand to be of this device alone, so that no other one wakes. false: no host
 * memory.
 */
bool road_clients_find(const struct road_found *found, bool only_ours, struct road_clients *out);
void road_clients_free(struct road_clients *clients);

/* What one descriptor says now; false: it is closed, or another client's. */
bool road_client_read(uint32_t pid, uint32_t fd, const struct road_fdinfo *before,
		      struct road_fdinfo *out);

#endif
