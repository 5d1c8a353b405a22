/* SPDX-License-Identifier: Apache-2.0 */
/* Text into a buffer that may be too small: what it needs is counted, as snprintf does. */
#ifndef SIMULATORS_ENGINE_TEXT_H
#define SIMULATORS_ENGINE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct sim_text {
	char *out;
	size_t bytes, used;
};

void sim_say(struct sim_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "name":part/whole to three places; 0 for nothing of nothing. */
void sim_say_share(struct sim_text *text, const char *name, uint64_t part, uint64_t whole);

#endif
