/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels print: records of the chip (uapi/gpu/print.h) become text. */
#ifndef DRIVERS_GPU_PRINT_H
#define DRIVERS_GPU_PRINT_H

#include <roadbed-driver/driver.h>

#include "uapi/gpu/print.h"
#include "uapi/gpu/regs.h"

enum {
	GPU_PRINT_DEFAULT = 1 << 20, /* bytes of a ring */
	GPU_PRINT_GRANULE = 4096,
	GPU_PRINT_MAX = 256 << 20,
	GPU_PRINT_WIDTH_MAX = 1024, /* of a conversion; larger ones, and precisions, are cut */
};
#define GPU_PRINT_KEPT_MAX (UINT64_C(64) << 20) /* bytes of text that wait for a reader */

/* Grows; what finds no memory is left out. */
struct gpu_text {
	char *bytes;
	size_t count, room;
};
void gpu_text_add(struct gpu_text *text, const char *bytes, size_t count);

/* ---- print_render.c: any bytes are fine; nothing is read beyond `bytes` ---- */
/* Appends the text of a record as C's printf would, in the "C" locale. What has no value (%n, a
 * conversion unknown or beyond the values) stays as it stands in the format. */
void gpu_print_render(const void *record, size_t bytes, struct gpu_text *out);
/* "file:line: function: assertion `message' failed", cut to `room`. */
void gpu_print_assertion(const void *record, size_t bytes, char *out, size_t room);

/* ---- print.c ---- */
struct gpu_space;
struct gpu_print { /* of a space */
	pthread_mutex_t lock;
	uint64_t limit;       /* bytes of the ring's data, if there is to be one */
	struct road_dma ring; /* host NULL: none yet */
	uint64_t ring_bytes;  /* of its data */
	uint64_t read, told;  /* bytes taken; lost records that a text told of */
	struct gpu_text text; /* rendered */
	size_t given;         /* bytes of it that were read */
	bool line_open;       /* the last byte rendered was no newline */
	struct {              /* the last warp's that failed and was taken from the ring */
		uint32_t ctaid[3], warp, lane;
		char text[160];
	} assertion;
};
void gpu_print_open(struct gpu_print *print);
void gpu_print_close(struct gpu_space *space); /* the chip's space is closed */
/* Kernels of the space will print: a ring, unless there is one. */
road_status gpu_print_start(struct gpu_space *space);
road_status gpu_print_limit(struct gpu_space *space, bool set, uint64_t *bytes);
road_status gpu_print_restore(struct gpu_space *space); /* after a reset */
road_status gpu_output_read(struct road_drv_space *space, char *buffer, size_t capacity,
			    size_t *bytes);
/* The text of the assertion that this fault is, if it is one that the ring tells of. */
bool gpu_print_find(struct gpu_space *space, const struct road_gpu_queue_status *fault, char *text,
		    size_t room);

#endif
