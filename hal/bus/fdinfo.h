/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of one open descriptor of a DRM or accel node, in /proc/PID/fdinfo/FD:
 * lines "key: value", of which the standard ones begin with "drm-" (the kernel's
 * Documentation/gpu/drm-usage-stats). The text is a stranger's: a line that is malformed, a number
 * that does not fit and a unit that nobody knows are as if they were not there.
 */
#ifndef HAL_BUS_FDINFO_H
#define HAL_BUS_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROAD_FDINFO_MAX = 8192, /* bytes of a text that is looked at */
	ROAD_FDINFO_PARTS = 16, /* engines, and kinds of memory, of a client; more are left out */
	ROAD_FDINFO_NAME = 24
};

enum road_fdinfo_engine_value {
	ROAD_FDINFO_BUSY,         /* ns that the client's work ran on it */
	ROAD_FDINFO_CYCLES,       /* likewise, in its cycles */
	ROAD_FDINFO_TOTAL_CYCLES, /* cycles that went by meanwhile, busy or not */
	ROAD_FDINFO_MAX_HZ,
	ROAD_FDINFO_CAPACITY, /* identical engines that the name stands for; not given: one */
	ROAD_FDINFO_ENGINE_VALUES
};
enum road_fdinfo_memory_value { /* bytes of the client's buffers in this memory */
				ROAD_FDINFO_TOTAL,     /* all */
				ROAD_FDINFO_RESIDENT,  /* that are there now */
				ROAD_FDINFO_SHARED,    /* that others have, too */
				ROAD_FDINFO_ACTIVE,    /* that work uses now */
				ROAD_FDINFO_PURGEABLE, /* that may be thrown away */
				ROAD_FDINFO_OLD,       /* resident, by its older name */
				ROAD_FDINFO_MEMORY_VALUES
};

struct road_fdinfo_part {
	char name[ROAD_FDINFO_NAME]; /* "gfx", "vram": letters, digits, '_', '-', '.' */
	uint32_t known;              /* bits 1 << value */
	uint64_t value[ROAD_FDINFO_MEMORY_VALUES];
};

struct road_fdinfo {
	char driver[32], pdev[32];
	char name[64]; /* that the client gave itself; printable */
	bool has_id;
	uint64_t id;   /* of the client: equal in all descriptors that are one client's */
	bool left_out; /* there was more than there is room for */
	uint32_t engine_count, memory_count;
	struct road_fdinfo_part engine[ROAD_FDINFO_PARTS], memory[ROAD_FDINFO_PARTS];
};

/* false: these are no lines of a DRM client. Of a key that comes twice the last one counts. */
bool road_fdinfo_parse(const char *text, size_t bytes, struct road_fdinfo *out);

/* The part's value; false: it is not known. Resident memory also by its older name. */
bool road_fdinfo_value(const struct road_fdinfo_part *part, bool memory, uint32_t value,
		       uint64_t *out);

#endif
