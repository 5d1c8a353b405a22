/* SPDX-License-Identifier: Apache-2.0 */
/* Running a kernel on a simulated device through the public interface. */
#ifndef TESTS_ORACLE_GPU_DEVICE_H
#define TESTS_ORACLE_GPU_DEVICE_H

#include <roadbed/roadbed.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_BUFFERS 16

struct device {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
};

/* A buffer of a launch: filled from `data` before, read back into it after. */
struct device_buffer {
	uint8_t *data;
	uint64_t bytes;
	uint64_t address; /* out */
	road_buffer *buffer;
};

struct device_launch {
	const char *text, *kernel;
	uint32_t max_registers, image_flags; /* of road_image_options */
	road_dim3 grid, block;
	uint32_t shared_bytes;
	const void *arguments;
	uint64_t argument_bytes;
	struct device_buffer *buffers;
	unsigned buffer_count;
	uint64_t watchdog; /* instructions; 0: the device's own */
};

/* All return 0, or -1 with the library's words in `why`. */
int device_open(struct device *d, const char *address, char *why, size_t why_bytes);
void device_close(struct device *d);
int device_buffer_make(struct device *d, struct device_buffer *b, char *why, size_t why_bytes);
void device_buffer_drop(struct device_buffer *b);
int device_run(struct device *d, const struct device_launch *l, char *why, size_t why_bytes);

#endif
