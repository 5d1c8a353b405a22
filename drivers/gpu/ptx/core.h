/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all parts of the PTX compiler stand on: arenas, slices of the text, and failing.
 *
 * Everything lives in one of two arenas (the module's and the current kernel's), so a failure at
 * any depth unwinds to road_ptx_compile() with one jump and one release; nothing else is ever
 * freed.
 */
#ifndef DRIVERS_GPU_PTX_CORE_H
#define DRIVERS_GPU_PTX_CORE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/gpu/ptx/ptx.h"

struct ptx;

struct slice {
	const char *text;
	uint32_t bytes;
};
/* Arguments for "%.*s"; long names are cut so that the rest of a message still fits. */
#define SLICE(s) (int)((s).bytes > 80 ? 80 : (s).bytes), (s).text

struct place {
	uint32_t line, column;
};

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks;
	char *free, *end;
	size_t bytes;
};

/* Zeroed memory, aligned for any object. Fails the compilation when there is none. */
void *ptx_alloc(struct ptx *p, struct arena *arena, size_t count, size_t size);
void ptx_arena_release(struct arena *arena);

/* Returns `array` with room for one more element than `count`, moved if *room was used up. */
void *ptx_grow(struct ptx *p, struct arena *arena, void *array, uint32_t count, uint32_t *room,
	       size_t size);

/* Ends the compilation with -1 and this error. */
_Noreturn void ptx_fail(struct ptx *p, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void ptx_no_memory(struct ptx *p);

/* A zero-terminated formatted string in an arena. */
const char *ptx_format(struct ptx *p, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool slice_is(struct slice s, const char *word);
bool slice_same(struct slice a, struct slice b);

#endif
