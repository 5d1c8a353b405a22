/* SPDX-License-Identifier: Apache-2.0 */
/* The core's services as far as drivers and helpers need them, without the core. */
#ifndef TESTS_UNIT_EDU_SERVICES_H
#define TESTS_UNIT_EDU_SERVICES_H

#include <roadbed-driver/driver.h>
#include <stdatomic.h>

#include "tests/support/tap.h"

/* How often road_drv_queue_ready and road_source_poke were called. */
extern _Atomic uint64_t services_ready, services_pokes;
/* road_drv_device_lost was called for this device. */
extern struct road_drv_device *_Atomic services_lost;
/* The source that a driver added; NULL: none. */
extern struct road_source *_Atomic services_source;

/* Does the last error's detail hold this text, in any of its parts? */
bool services_error_has(const char *text);

#endif
