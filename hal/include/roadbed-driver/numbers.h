/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers helper: who has which of a chip's numbered things (contexts, address spaces,
 * channels) that registers select. Any thread.
 */
#ifndef ROADBED_DRIVER_NUMBERS_H
#define ROADBED_DRIVER_NUMBERS_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_numbers;

ROAD_API road_status road_numbers_create(uint32_t count, struct road_numbers **out);
ROAD_API void road_numbers_destroy(struct road_numbers *numbers); /* NULL is fine */
/* The lowest free number, from 0, for `owner` (not NULL); ROAD_NO_SPACE names `what` the chip has
 * no more of ("address spaces"). */
ROAD_API road_status road_numbers_take(struct road_numbers *numbers, void *owner, const char *what,
				       const char *where, uint32_t *out);
ROAD_API void road_numbers_give(struct road_numbers *numbers, uint32_t number);
/* Who has it; NULL: nobody, or there is no such number. Whoever uses the answer keeps the owner
 * from giving the number back. */
ROAD_API void *road_numbers_owner(struct road_numbers *numbers, uint32_t number);

#ifdef __cplusplus
}
#endif
#endif
