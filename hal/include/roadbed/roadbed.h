/* SPDX-License-Identifier: Apache-2.0 */
/* Roadbed: one device interface for AI accelerators. Includes all that programs need. */
#ifndef ROADBED_ROADBED_H
#define ROADBED_ROADBED_H

#include <roadbed/base.h>
#include <roadbed/buffer.h>
#include <roadbed/device.h>
#include <roadbed/device_firmware.h>
#include <roadbed/event.h>
#include <roadbed/image.h>
#include <roadbed/instance.h>
#include <roadbed/list.h>
#include <roadbed/queue.h>
#include <roadbed/region.h>
#include <roadbed/space.h>
#include <roadbed/telemetry.h>

#endif
