/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver that does what the test says, also what drivers seldom do: its device's address is
 * `scripted:?` and the script's address in this process as 16 hexadecimal digits.
 */
#ifndef TESTS_UNIT_LOAD_SCRIPTED_H
#define TESTS_UNIT_LOAD_SCRIPTED_H

#include <roadbed-driver/driver.h>
#include <stdbool.h>

struct script {
	/* What submit answers; with the detail "scripted" if it is an error other than NOT_READY.
	 */
	road_status answer;
	road_status open_answer; /* what queue_open answers */
	/* Called in submit, before it answers; may be NULL. */
	void (*in_submit)(struct script *script);
	/* false: what was submitted is done at once; true: when `done` says so. */
	bool by_hand;
	_Atomic uint64_t done;
	/* What the driver knows. */
	struct road_drv_device *device;
	struct road_drv_queue *queue; /* the last one that was opened */
	uint64_t submitted;           /* the last sequence */
	uint32_t resets;              /* of queues */
};

#endif
