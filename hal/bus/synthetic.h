/* SPDX-License-Identifier: Apache-2.0 */
/* PCI addresses of functions that lie in no slot: unique in the process, and marked by a domain
 * that no real function has. */
#ifndef HAL_BUS_SYNTHETIC_H
#define HAL_BUS_SYNTHETIC_H

#include <stddef.h>
#include <stdint.h>

struct road_synthetic { /* embedded in a bus, zero before */
	struct road_synthetic *next;
	uint32_t number;
};

/* The lowest number that no other has: the same address when a program runs again. */
void road_synthetic_take(struct road_synthetic *one);
void road_synthetic_give(const struct road_synthetic *one);
void road_synthetic_address(const struct road_synthetic *one, char *out, size_t bytes);

#endif
