/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the device that the tests' kernel module makes (tests/vm/module/roadbed_test.h), a
 * port of the runtime shape on the bus of a kernel driver's node:
 *
 *	queue        a queue of the kernel's, and a timeline syncobj that its jobs raise
 *	submission   a job, or a few if it is long: an ioctl each
 *	waiting      on the syncobj, with a deadline
 *	buffers      objects of GEM; host memory by its pointer; dma-bufs, which are imported
 *
 * Device addresses of objects are reserved in this process; a table says which object is behind
 *one.
 */
#ifndef TESTS_VM_PORT_PORT_H
#define TESTS_VM_PORT_PORT_H

#include <pthread.h>

#include <roadbed-driver/driver.h>

#include "tests/vm/module/roadbed_test.h"

/* Device addresses of an object. */
struct port_range {
	struct port_range *next;
	uint64_t address, bytes;
	uint32_t handle;
};

struct port {
	struct road_drv_device *dev;
	struct road_bus *bus;
	pthread_mutex_t lock;
	struct port_range *ranges;
	uint64_t used_bytes; /* of the device's memory */
};

/* One call of the node; notices that the device is gone. */
road_status port_call(struct port *port, unsigned long request, void *argument);
/* What is at an address: of an object, a pointer, or nothing. */
void port_place(struct port *port, const struct road_place *place, struct roadbed_test_place *out);
/* The device address of a place in an object; 0: it has none any more. */
uint64_t port_address(struct port *port, uint32_t handle, uint64_t offset);

road_status port_queue_open(struct road_drv_queue *queue);
void port_queue_close(struct road_drv_queue *queue);
road_status port_submit(struct road_drv_queue *queue, const struct road_drv_submission *submission);
void port_advance(struct road_drv_queue *queue, struct road_drv_progress *out);
void port_wait(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns);
road_status port_queue_reset(struct road_drv_queue *queue);

extern const struct road_memory_ops port_memory_ops;

#endif
