/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/synthetic.h"

#include <pthread.h>
#include <stdio.h>

static struct {
	pthread_mutex_t lock;
	struct road_synthetic *first; /* by number */
} taken = {.lock = PTHREAD_MUTEX_INITIALIZER};

void road_synthetic_take(struct road_synthetic *one)
{
	struct road_synthetic **at = &taken.first;

	one->number = 0;
	pthread_mutex_lock(&taken.lock);
	while (*at && (*at)->number == one->number) {
		one->number++;
		at = &(*at)->next;
	}
	one->next = *at;
	*at = one;
	pthread_mutex_unlock(&taken.lock);
}

void road_synthetic_give(const struct road_synthetic *one)
{
	struct road_synthetic **at = &taken.first;

	pthread_mutex_lock(&taken.lock);
	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	pthread_mutex_unlock(&taken.lock);
}

/* Domains from 0x10000 on: no real function has one, PCI domains have 16 bits. */
void road_synthetic_address(const struct road_synthetic *one, char *out, size_t bytes)
{
	snprintf(out, bytes, "%05x:%02x:%02x.0", 0x10000 + (one->number >> 13),
		 one->number >> 5 & 0xff, one->number & 0x1f);
}
