/* SPDX-License-Identifier: Apache-2.0 */
/* A node that the tests make up, and the bus on it: system calls are wrapped. */
#ifndef TESTS_UNIT_NODE_FAKE_H
#define TESTS_UNIT_NODE_FAKE_H

#include <drm.h>

#include "hal/bus/node.h"
#include "tests/support/tap.h"

enum { PAGE = 4096, TEST_IOCTL = 0x1234, ABSENT_IOCTL, MADE = 7 /* each handle */ };

/* What the kernel is like, and what it saw. */
struct fake {
	char folder[64], path[80]; /* in sysfs; of the node: a file of two pages */
	const char *driver;        /* what it calls itself */
	int open_error, error;     /* errno of opening; of each call */
	unsigned interrupted;      /* this many calls first */
	unsigned calls, closes;    /* TEST_IOCTL; GEM_CLOSE */
	uint32_t closed;           /* the last handle that was */
	uint64_t syncs[8];         /* of a dma-buf */
	unsigned sync_count;
	bool all_are_dma_bufs, no_node;
	int fd;
	struct {
		uint64_t value;
		unsigned live, signals, waits; /* handles; calls */
		int imported;                  /* the last descriptor */
		struct drm_syncobj_timeline_wait waited;
		bool none; /* the kernel's driver has no timelines */
	} timeline;
};
extern struct fake fake;
extern unsigned gone_calls; /* road_bus_gone */
extern const struct road_bus_wish wish;

/* A machine with one node, whose driver is "toy". */
void begin(void);
void end(void);
/* What sysfs says the node's number is. */
void write_number(const char *text);
struct road_found found(void);
struct road_bus *open_bus(void);
/* Does the last error say so? */
bool says(const char *part);

#endif
