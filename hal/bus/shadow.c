/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/shadow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hal/core/error.h"

/* Pages that nobody touched cost nothing. */
static char *pages(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Bytes that are 0 on both sides stay untouched. */
static void begin_equal(struct road_shadow *shadow)
{
	for (uint64_t at = 0; at < shadow->bytes; at += shadow->line) {
		uint64_t left = shadow->bytes - at;
		uint64_t bytes = left < shadow->line ? left : shadow->line;

		if (!memcmp(shadow->host + at, shadow->seen + at, bytes))
			continue;
		memcpy(shadow->seen + at, shadow->host + at, bytes);
		memcpy(shadow->clean + at, shadow->host + at, bytes);
	}
}

static road_status create(void *host, void *seen, uint64_t bytes, uint64_t line, bool blank,
			  struct road_shadow **out)
{
	struct road_shadow *shadow = calloc(1, sizeof(*shadow));

	if (!shadow)
		goto no_memory;
	*shadow = (struct road_shadow){
		.host = host, .seen = seen, .bytes = bytes, .line = line, .given = seen != NULL};
	if (!seen)
		shadow->seen = pages(bytes);
	shadow->clean = pages(bytes);
	if (!shadow->seen || !shadow->clean)
		goto no_memory;
	if (!blank)
		begin_equal(shadow);
	*out = shadow;
	return ROAD_OK;
no_memory:
	road_shadow_destroy(shadow);
	return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY, "no memory for what the device sees",
			     "dma_map", bytes, "");
}

road_status road_shadow_create(void *host, void *seen, uint64_t bytes, uint64_t line,
			       struct road_shadow **out)
{
	return create(host, seen, bytes, line, false, out);
}

road_status road_shadow_create_blank(void *host, uint64_t bytes, uint64_t line,
				     struct road_shadow **out)
{
	return create(host, NULL, bytes, line, true, out);
}

void road_shadow_destroy(struct road_shadow *shadow)
{
	if (!shadow)
		return;
	if (shadow->seen && !shadow->given)
		munmap(shadow->seen, shadow->bytes);
	if (shadow->clean)
		munmap(shadow->clean, shadow->bytes);
	free(shadow);
}

/* The program may write the line meanwhile, as it may while a cache writes it back. */
__attribute__((no_sanitize("thread"), noinline)) static void snapshot(char *to, const char *from,
								      uint64_t bytes)
{
	const volatile char *source = from;

	for (uint64_t i = 0; i < bytes; i++)
		to[i] = source[i];
}

static void write_back(struct road_shadow *shadow, uint64_t at, uint64_t bytes)
{
	char line[ROAD_SHADOW_LINE_MAX];

	snapshot(line, shadow->host + at, bytes);
	if (!memcmp(line, shadow->clean + at, bytes))
		return;
	memcpy(shadow->seen + at, line, bytes);
	memcpy(shadow->clean + at, line, bytes);
}

/*
 * Other threads may read the line meanwhile, as they may while a cache fetches it: words go one by
 * one, whole, from the last to the first, so that who sees a word sees what stands behind it (as
 * devices write records: the word that is looked at last). What has not changed is not touched.
 */
static void show(char *to, const char *from, uint64_t bytes)
{
	uint64_t i = bytes;

	while (i) {
		bool word = i % 8 == 0 && (uintptr_t)to % 8 == 0;

		i -= word ? 8 : 1;
		if (word) {
			uint64_t *out = (uint64_t *)(void *)(to + i), value;

			memcpy(&value, from + i, sizeof(value));
			if (__atomic_load_n(out, __ATOMIC_RELAXED) != value)
				__atomic_store_n(out, value, __ATOMIC_RELEASE);
		} else if (__atomic_load_n(to + i, __ATOMIC_RELAXED) != from[i]) {
			__atomic_store_n(to + i, from[i], __ATOMIC_RELEASE);
		}
	}
}

/*
 * What the device writes, word by word from the first to the last, is fetched from the last to the
 * first: so whoever finds the last word of a record finds all of it.
 */
__attribute__((no_sanitize("thread"), noinline)) static void fetch(char *to, const char *from,
								   uint64_t bytes)
{
	uint64_t i = bytes;

	while (i) {
		const bool word = i % 8 == 0 && (uintptr_t)from % 8 == 0;

		i -= word ? 8 : 1;
		if (word) {
			const uint64_t value = __atomic_load_n(
				(const uint64_t *)(const void *)(from + i), __ATOMIC_ACQUIRE);

			memcpy(to + i, &value, sizeof(value));
		} else {
			to[i] = __atomic_load_n(from + i, __ATOMIC_ACQUIRE);
		}
	}
}

static void invalidate(struct road_shadow *shadow, uint64_t at, uint64_t bytes)
{
	char line[ROAD_SHADOW_LINE_MAX];

	fetch(line, shadow->seen + at, bytes);
	show(shadow->host + at, line, bytes);
	memcpy(shadow->clean + at, line, bytes);
}

void road_shadow_sync(struct road_shadow *shadow, uint64_t offset, uint64_t bytes,
		      enum road_dma_direction direction)
{
	if (offset >= shadow->bytes || !bytes)
		return;
	uint64_t left = shadow->bytes - offset;
	uint64_t end = offset + (bytes < left ? bytes : left);

	uint64_t first = offset / shadow->line, line = (end - 1) / shadow->line + 1;

	while (line-- > first) {
		uint64_t at = line * shadow->line, rest = shadow->bytes - at;
		uint64_t count = rest < shadow->line ? rest : shadow->line;

		if (direction != ROAD_DMA_TO_HOST)
			write_back(shadow, at, count);
		if (direction != ROAD_DMA_TO_DEVICE)
			invalidate(shadow, at, count);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The program may write the memory meanwhile: see snapshot. */
__attribute__((no_sanitize("thread"))) void road_shadow_share(struct road_shadow *other,
							      const struct road_shadow *from,
							      uint64_t offset, uint64_t bytes)
{
	if (offset >= from->bytes || !bytes)
		return;
	uint64_t begin = offset / from->line * from->line;
	uint64_t end = offset + least(bytes, from->bytes - offset);

	end = least((end + from->line - 1) / from->line * from->line, from->bytes);
	for (uint64_t at = begin; at < end; at++) {
		const volatile char *byte = from->host + at;
		uint64_t there = (uint64_t)((uintptr_t)byte - (uintptr_t)other->host);

		if (there < other->bytes && other->clean[there] == *byte)
			other->clean[there] = from->seen[at];
	}
}

void road_shadow_evict(struct road_shadow *shadow, uint64_t index)
{
	uint64_t lines = (shadow->bytes + shadow->line - 1) / shadow->line;
	uint64_t at = index % lines * shadow->line;
	uint64_t rest = shadow->bytes - at;

	write_back(shadow, at, rest < shadow->line ? rest : shadow->line);
}
