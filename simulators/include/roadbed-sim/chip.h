/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of a family of chips, as a table: name, unit, range, and where the value goes in a
 * structure of the family's own. Chip files (NAME.yaml) give the values, each with its source; an
 * option of the device's address replaces one. A family's model gets the structure filled.
 *
 *	struct counter_params {
 *		uint64_t step_ps;
 *		uint32_t memory_bytes;
 *	};
 *	static const struct road_chip_key keys[] = {
 *		{"step", ROAD_CHIP_DECIMAL, "ns", 1000, 1, 1000000, NULL,
 *		 ROAD_CHIP_MEMBER(struct counter_params, step_ps)},
 *		{"memory", ROAD_CHIP_UINT, "KiB", 1024, 1, 65536, "64",
 *		 ROAD_CHIP_MEMBER(struct counter_params, memory_bytes)},
 *	};
 */
#ifndef ROADBED_SIM_CHIP_H
#define ROADBED_SIM_CHIP_H

#include <stddef.h>
#include <stdint.h>

#include <roadbed-sim/base.h>

#define ROAD_CHIP_PCI_DEVICES_MAX 8u

/* How a key's value is written and kept. */
enum road_chip_type {
	ROAD_CHIP_UINT,    /* integer, decimal or 0x; kept times `scale` in 4 or 8 bytes */
	ROAD_CHIP_DECIMAL, /* may have a fraction; value times `scale` must be whole */
	ROAD_CHIP_STRING,  /* kept as char *, owned by the chip */
	ROAD_CHIP_IDS,     /* list of 16-bit numbers: struct road_chip_ids */
};

struct road_chip_key {
	const char *name;
	enum road_chip_type type;
	const char *unit;      /* NULL: none may be given */
	uint64_t scale;        /* stored = written * scale */
	uint64_t min, max;     /* of the number as written; of a string's length */
	const char *fallback;  /* value when the key is absent, as text; NULL: required */
	uint32_t offset, size; /* of the member */
};
/* The last two of a row: member `m` of struct `s`. */
#define ROAD_CHIP_MEMBER(s, m) (uint32_t) offsetof(s, m), (uint32_t)sizeof(((s *)0)->m)

struct road_chip_ids {
	uint32_t count;
	uint16_t id[ROAD_CHIP_PCI_DEVICES_MAX];
};

struct road_chip_family {
	const char *name; /* as chip files say it: "family: gpu" */
	const struct road_chip_key *keys;
	size_t key_count;
	size_t params_bytes; /* of the structure */
	/* Do the values hold together? Returns the key to blame (its name in `keys`) and writes
	 * what would be allowed, or NULL. May be NULL. */
	const char *(*check)(const void *params, char *allowed, size_t bytes);
};

#endif
