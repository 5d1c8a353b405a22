/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that a driver of the kernel runs, by their nodes: render nodes of DRM and nodes of accel,
 * which are DRM's, too. All system calls on such nodes are here.
 */
#ifndef HAL_BUS_NODE_H
#define HAL_BUS_NODE_H

#include "hal/bus/discover.h"
#include "hal/bus/transport.h"

/* ---- one node ---- */

/* Opens it; -1 and an errno. What is interrupted is tried again, but not for ever. */
int road_node_file_open(const char *path, int *error);
/* One ioctl; 0 or an errno. Likewise, and what the kernel says to try again. */
int road_node_file_call(int fd, unsigned long request, void *argument);
/* What its driver calls itself, and its version: "amdgpu", "3.57.0". false: it does not say. */
bool road_node_file_driver(int fd, char name[64], char version[48]);

/* ---- timeline syncobjs of an open node: node_timeline.c ---- */

/* 0 or an errno, each. open: a new one at 0, or that behind fd (>= 0); EOPNOTSUPP: the kernel or
 * its driver has none. wait: ETIME when the deadline (CLOCK_MONOTONIC) passes. */
int road_node_timeline_open(int node, int fd, uint32_t *out);
void road_node_timeline_close(int node, uint32_t timeline);
int road_node_timeline_fd(int node, uint32_t timeline, int *out);
int road_node_timeline_value(int node, uint32_t timeline, uint64_t *out);
int road_node_timeline_raise(int node, uint32_t timeline, uint64_t value);
int road_node_timeline_wait(int node, uint32_t timeline, uint64_t value, uint64_t deadline_ns);

/* ---- the bus ---- */

/*
 * The bus to a device by its first node of DRM or accel, if there is a driver for it (wish->runs):
 * one that is compatible with "drm,NAME", NAME being what the kernel's driver calls itself.
 * ROAD_NOT_FOUND without a detail: there is no such node, or no driver. Else why it cannot be had;
 * found->ids.compatible is set then if the kernel's driver is known all the same.
 */
road_status road_node_open(const struct road_bus_wish *wish, struct road_found *found,
			   struct road_bus **out);
/* Of one that is not opened: would a driver run it, as far as sysfs tells? Sets ids.compatible. */
bool road_node_runs(struct road_found *found, const struct road_candidate_sink *sink);
/* May its node be opened? ROAD_OK, or the detail. */
road_status road_node_access(const struct road_found *found);

#endif
