/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the chip loader only. */
#ifndef SIMULATORS_CHIPS_CHIP_INTERNAL_H
#define SIMULATORS_CHIPS_CHIP_INTERNAL_H

#include <stdbool.h>

#include "simulators/chips/chip.h"

extern const struct road_chip_family road_chip_family_gpu;
extern const struct road_chip_family road_chip_family_rpu;
extern const struct road_chip_family road_chip_family_edu;
extern const struct road_chip_family road_chip_family_almaif;
extern const struct road_chip_family road_chip_family_dsa;

extern const struct road_chip_key road_chip_identity_keys[];
extern const size_t road_chip_identity_key_count;
extern const struct road_chip_key road_chip_host_keys[];
extern const size_t road_chip_host_key_count;

extern const struct road_chip_builtin road_chip_builtins[]; /* generated; name NULL ends */

/* An empty chip, and zeroed memory that lives as long as it does; NULL: none left. */
struct road_chip *road_chip_new(void);
void *road_chip_own(struct road_chip *chip, size_t bytes);

/* Fills the error and returns -1. `line` and `column` from 1, or 0. */
int road_chip_fail(struct road_chip_error *error, enum road_chip_error_code code, unsigned line,
		   unsigned column, const char *key, const char *seen, const char *allowed);

/* Why a number's text was refused. */
enum road_chip_number {
	ROAD_CHIP_NUMBER_OK,
	ROAD_CHIP_NUMBER_TYPE,  /* no such number at all */
	ROAD_CHIP_NUMBER_RANGE, /* outside min..max */
	ROAD_CHIP_NUMBER_EXACT, /* more digits than the scale can keep */
};
enum road_chip_number road_chip_number(const char *text, size_t len,
				       const struct road_chip_key *key, uint64_t *out);
/* "integer 1..1024", "text of 1..63 bytes", ... */
void road_chip_allowed(const struct road_chip_key *key, char *out, size_t bytes);
/* Stores into a member of 4 or 8 bytes. */
void road_chip_store(void *base, const struct road_chip_key *key, uint64_t value);

/* Do the values of a chip hold together? The key to blame, with what would be allowed, or NULL. */
const char *road_chip_conflict(const struct road_chip_family *family,
			       const struct road_chip_host *host, const void *params, char *allowed,
			       size_t bytes);

#endif
