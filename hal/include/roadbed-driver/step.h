/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step helper: for chips that do one thing at a time (register-poked devices, blocking
 * engines). The port begins a command and says when it is done; the helper keeps the queues,
 * takes turns between them and drives the next step from interrupts.
 */
#ifndef ROADBED_DRIVER_STEP_H
#define ROADBED_DRIVER_STEP_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_stepper;

enum road_step { ROAD_STEP_BUSY, ROAD_STEP_DONE, ROAD_STEP_FAILED };

/* All three are called one at a time, under the stepper's lock: they must not call the stepper. */
struct road_step_ops {
	/* Starts the command, or the next part of it (`done` bytes are finished already). Never
	 * waits. DONE if nothing remains to be awaited; FAILED if the chip cannot do it. Other
	 * queues may have had the engine between two parts. */
	enum road_step (*begin)(struct road_drv_queue *queue, const struct road_cmd *command,
				uint64_t done);
	/* After an interrupt: has what begin started ended? DONE: the whole command; BUSY with
	 * *done changed: begin is called again for the rest. FAILED: fault is filled. */
	enum road_step (*check)(struct road_drv_queue *queue, const struct road_cmd *command,
				uint64_t *done, struct road_fault *fault);
	/* Stops what runs, or awaits its end where it cannot be stopped: afterwards the engine
	 * touches nothing of it. Also called when the device is gone. */
	void (*abort)(struct road_drv_queue *queue);
};

/* One stepper per device: all its queues share the one engine. */
ROAD_API road_status road_stepper_create(struct road_drv_device *dev,
					 const struct road_step_ops *ops,
					 struct road_stepper **out);
ROAD_API void road_stepper_destroy(struct road_stepper *stepper);

/* For the driver's slots of the same names. */
ROAD_API road_status road_step_queue_open(struct road_stepper *stepper,
					  struct road_drv_queue *queue);
ROAD_API void road_step_queue_close(struct road_stepper *stepper, struct road_drv_queue *queue);
ROAD_API road_status road_step_submit(struct road_stepper *stepper, struct road_drv_queue *queue,
				      const struct road_drv_submission *submission);
ROAD_API void road_step_advance(struct road_stepper *stepper, struct road_drv_queue *queue,
				struct road_drv_progress *out);
ROAD_API road_status road_step_queue_reset(struct road_stepper *stepper,
					   struct road_drv_queue *queue);
/* From the driver's irq: look whether the running command ended and start the next one. */
ROAD_API void road_step_run(struct road_stepper *stepper);
/* Stops the engine and fails all work of all queues, also what they are given later, until each is
 * reset; with ROAD_DEVICE_LOST for good. */
ROAD_API void road_step_fail_all(struct road_stepper *stepper, road_status status);

#ifdef __cplusplus
}
#endif
#endif
