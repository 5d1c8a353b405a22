/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/module.h"

#define CHUNK_BYTES ((size_t)64 << 10)
#define ARENA_MAX   ((size_t)3 << 30) /* hostile text stops here, not at the machine's last page */

struct arena_chunk {
	struct arena_chunk *next;
	_Alignas(16) char bytes[];
};

_Noreturn void ptx_no_memory(struct ptx *p)
{
	longjmp(p->failed, -2);
}

_Noreturn void ptx_fail(struct ptx *p, struct place at, const char *format, ...)
{
	va_list args;

	p->error->line = at.line;
	p->error->column = at.column;
	va_start(args, format);
	vsnprintf(p->error->text, sizeof(p->error->text), format, args);
	va_end(args);
	longjmp(p->failed, -1);
}

static void *alloc_slow(struct ptx *p, struct arena *arena, size_t bytes)
{
	size_t room = bytes > CHUNK_BYTES / 4 ? bytes : CHUNK_BYTES;

	if (arena->bytes + room > ARENA_MAX)
		ptx_fail(p, (struct place){0, 0}, "module needs more than %zu bytes to compile",
			 ARENA_MAX);
	struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + room);

	if (!chunk)
		ptx_no_memory(p);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->bytes += room;
	if (room == CHUNK_BYTES) { /* large blocks stand alone: the open chunk keeps its rest */
		arena->free = chunk->bytes + bytes;
		arena->end = chunk->bytes + room;
	}
	return chunk->bytes;
}

void *ptx_alloc(struct ptx *p, struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > ARENA_MAX)
		ptx_fail(p, (struct place){0, 0}, "%zu elements of %zu bytes do not fit", count,
			 size);
	bytes = (bytes + 15) & ~(size_t)15;
	if ((size_t)(arena->end - arena->free) < bytes || !arena->free)
		return alloc_slow(p, arena, bytes);
	void *memory = arena->free;

	arena->free += bytes;
	return memory;
}

void ptx_arena_release(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	*arena = (struct arena){0};
}

void *ptx_grow(struct ptx *p, struct arena *arena, void *array, uint32_t count, uint32_t *room,
	       size_t size)
{
	if (count < *room)
		return array;
	uint32_t wanted = *room ? *room * 2 : 16;
	void *moved = ptx_alloc(p, arena, wanted, size);

	if (count)
		memcpy(moved, array, (size_t)count * size);
	*room = wanted;
	return moved;
}

const char *ptx_format(struct ptx *p, struct arena *arena, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	char *copy = ptx_alloc(p, arena, strlen(text) + 1, 1);

	memcpy(copy, text, strlen(text) + 1);
	return copy;
}

bool slice_is(struct slice s, const char *word)
{
	return s.bytes == strlen(word) && !memcmp(s.text, word, s.bytes);
}

bool slice_same(struct slice a, struct slice b)
{
	return a.bytes == b.bytes && !memcmp(a.text, b.text, a.bytes);
}
