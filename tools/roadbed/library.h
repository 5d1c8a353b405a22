/* SPDX-License-Identifier: Apache-2.0 */
/* The command and libroadbed: its instance, its errors, its numbers as words. */
#ifndef TOOLS_ROADBED_LIBRARY_H
#define TOOLS_ROADBED_LIBRARY_H

#include <roadbed/roadbed.h>
#include <roadbed/sim.h>

#include "tools/roadbed/tool.h"

/* An instance that speaks on stderr. Answers an exit code. */
int library_open(road_instance **out);
/* The same; with no_wake no node is opened, and nothing read that wakes a device that sleeps. */
int library_open_no_wake(bool no_wake, road_instance **out);
/* The same, with folders of firmware and key files of one's own, as road_instance_options has them.
 */
int library_open_firmware(const char *folders, const char *keys, road_instance **out);
/* The error of the call that just failed with this status, `doing` what. */
int library_refuse(const char *doing, road_status status);
void library_error_print(const char *doing, const road_error *detail);

/* Words of the interface's enumerations; "unknown" beyond them. */
const char *word_of_class(uint32_t device_class);
const char *word_of_heap(uint32_t kind);
const char *word_of_health(uint32_t health);
const char *word_of_source(uint32_t source);
const char *word_of_fault(uint32_t kind);
/* The name of bit `bit`; NULL if it has none. */
const char *word_of_command(unsigned bit);
const char *word_of_feature(unsigned bit);
const char *word_of_queue_class(unsigned bit);
/* "simulated", or how the device is not. */
const char *word_of_simulated(bool simulated);
/* "1000000000 Hz", "yes", "unknown". */
const char *property_as_text(const road_property *property, char *out, size_t room);
/* 81920 MiB: the largest unit that divides it. */
const char *bytes_as_text(uint64_t bytes, char *out, size_t room);

#endif
