/* SPDX-License-Identifier: Apache-2.0 */
/* An accepted submission and what it holds until it is done. */
#ifndef HAL_CORE_SUBMIT_H
#define HAL_CORE_SUBMIT_H

#include "hal/core/core.h"

/* Memory that the device reaches for the time of one submission. */
struct road_stage {
	struct road_dma dma;
	void *host;
	bool mapped;      /* the program's memory, mapped; else our own */
	bool read;        /* the device writes it */
	uint32_t command; /* of the submission, that it is for */
	size_t bytes;
	struct road_stage *next;
};

/* Own memory of at least `bytes`, kept for reuse by the device. */
road_status road_stage_get(struct road_device *device, size_t bytes, struct road_stage **out);
/* The program's memory, for one direction. */
road_status road_stage_map(struct road_device *device, void *host, uint64_t bytes,
			   enum road_dma_direction direction, struct road_stage **out);
void road_stage_put(struct road_device *device, struct road_stage *stage);
void road_stage_trim(struct road_device *device);
/* Where the device does not see the host's caches: what this side, or (read) the other, wrote. */
void road_stage_sync(struct road_device *device, struct road_stage *stage,
		     enum road_dma_direction direction);
struct road_place road_stage_place(const struct road_stage *stage, uint64_t offset);

/* A wait that the device resolves: also a waiter of its event, so that a failure is noticed. */
struct road_native_wait {
	struct road_waiter waiter;
	struct road_event *event; /* held by `waits` */
	struct road_word *word;   /* a reference */
};

struct road_submit_region; /* region.h */

struct road_submit {
	struct road_submit *next;
	struct road_queue *queue;
	struct road_event *timeline;
	uint64_t value; /* on the timeline */
	/* Has more than its place in the queue: what stands below, and holds on queue and timeline.
	 * One without lives under the queue's lock, on the queue's own timeline. */
	bool holding;
	struct road_list *list;      /* a reference; may be NULL */
	uint32_t segment;            /* the next, or the one in flight */
	uint64_t drv_sequence;       /* of the segment in flight */
	struct road_point *waits;    /* holds on their events */
	uint32_t wait_count, waited; /* the first `waited` are reached */
	struct road_point *signals;  /* holds; in the same block as waits */
	uint64_t *owed_before;       /* per signal: what the queue owed on the event before */
	uint32_t signal_count;
	struct road_native_wait *natives;   /* room for all waits, once there is one */
	struct road_cmd_word *native_waits; /* the same as the driver sees them */
	uint32_t native_count;
	struct road_word *native_word; /* where its value is stored: a reference */
	struct road_cmd_word native_signal;
	struct road_cmd *commands; /* own copy, or the list's */
	uint32_t command_count;
	bool own_commands;
	struct road_stage *stages; /* in the order of their commands */
	struct road_stage *clock;  /* two timestamps, if timed */
	struct road_times *times;  /* the program's */
	uint64_t queued_ps, stamp_ps;
	uint64_t submitted_ps;              /* the first segment's stamp */
	uint64_t queued_ns, submitted_ns;   /* timed, on a device that lives on host time */
	struct road_submit_region *regions; /* its reconfigurations */
	uint32_t region_count, region_shift;
	struct road_stage *reports; /* what the chip writes of them */
	bool switches;              /* one of them, or a launch, may change what is active */
	bool in_region;             /* counted among what its region has on the device */
	struct road_callback_job job;
};

/* Fills commands and stages from the list; nothing of the submission is visible yet. */
road_status road_submit_prepare(struct road_submit *submit, struct road_device *device);
/* The commands of segment `index`. */
void road_submit_segment(const struct road_submit *submit, uint32_t index,
			 struct road_drv_submission *out);
uint32_t road_submit_segments(const struct road_submit *submit);
/* The device has done a segment: what it wrote of the host's memory is there to be read. */
void road_submit_arrived(struct road_submit *submit);
/* The present time of a device that lives on host time; 0 for others, whose time the stamps say. */
uint64_t road_submit_clock(const struct road_device *device);
/* Writes the times of a timed submission. */
void road_submit_times(const struct road_submit *submit);

#endif
