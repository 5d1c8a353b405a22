/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers at addresses that the program chooses. */
#include "tests/conformance/groups/model.h"

enum { PAGE = 4096 };
#define RW (ROAD_MAP_READ | ROAD_MAP_WRITE)

static uint64_t reserve(struct fixture *f, uint64_t pages)
{
	uint64_t address = 0;

	CHECK_OK(road_space_reserve(f->space, pages * PAGE, 0, &address));
	CHECK_EQ(address % PAGE, 0);
	return address;
}

static road_status map(struct fixture *f, uint64_t address, road_buffer *buffer, uint64_t offset,
		       uint64_t bytes, uint32_t access)
{
	return road_space_map(f->space, address, buffer, offset, bytes, access);
}

static road_status run_kernel(struct fixture *f, const char *name, uint64_t a, uint64_t b)
{
	const uint64_t arguments[] = {a, b};
	road_point point;

	fixture_launch(f, fixture_queue(f), name, arguments, 2, &point);
	road_status status = road_point_wait(point, SOON);

	if (status)
		CHECK_OK(road_queue_reset(fixture_queue(f)));
	return status;
}

static road_status poke(struct fixture *f, uint64_t address, uint64_t value)
{
	return run_kernel(f, "poke", address, value);
}

/* What a kernel finds there, in *word. */
static road_status peek(struct fixture *f, uint64_t address, uint64_t *word)
{
	road_buffer *out = fixture_buffer(f, 8);
	road_status status = run_kernel(f, "peek", fixture_address(f, out), address);

	fixture_get(f, word, out, 0, 8);
	return status;
}

static uint64_t word_at(struct fixture *f, road_buffer *buffer, uint64_t offset)
{
	uint64_t word = 0;

	fixture_get(f, &word, buffer, offset, 8);
	return word;
}

static void check_at(struct fixture *f, uint64_t address, road_buffer *buffer, uint64_t offset)
{
	road_lookup_result found = {.size = sizeof(found)};

	CHECK_OK(road_lookup(f->instance, address, &found));
	CHECK(found.buffer == buffer);
	CHECK_EQ(found.offset, offset);
}

/* Pages of two buffers, in another order than they have, one of them twice: a kernel writes one
 * row of numbers, and each number is found in the buffer that is there. */
CONFORMANCE_CASE(space, space_map_read_back)
{
	const uint32_t heap =
		fixture_has(f, CAPABILITY_HOST_HEAP) ? ROAD_HEAP_HOST : fixture_heap(f);
	road_buffer *a = fixture_buffer(f, 2 * PAGE), *b = fixture_buffer_in(f, heap, PAGE);
	uint64_t at = reserve(f, 4), word;
	uint32_t *seen = fixture_memory(f, 2 * PAGE);
	const uint64_t iota[] = {at, 3 * PAGE / 4, 100};
	road_point point;

	CHECK_OK(map(f, at, a, PAGE, PAGE, RW));
	CHECK_OK(map(f, at + PAGE, b, 0, PAGE, RW));
	CHECK_OK(map(f, at + 2 * PAGE, a, 0, PAGE, RW));
	CHECK_OK(map(f, at + 3 * PAGE, b, 0, PAGE, ROAD_MAP_READ));
	fixture_launch(f, fixture_queue(f), "iota", iota, 3, &point);
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, seen, a, 0, 2 * PAGE);
	for (uint32_t i = 0; i < PAGE / 4; i++) {
		REQUIRE_EQ(seen[PAGE / 4 + i], 100 + i);
		REQUIRE_EQ(seen[i], 100 + 2 * PAGE / 4 + i);
	}
	fixture_get(f, seen, b, 0, PAGE);
	for (uint32_t i = 0; i < PAGE / 4; i++)
		REQUIRE_EQ(seen[i], 100 + PAGE / 4 + i);
	CHECK_OK(peek(f, at + 3 * PAGE + 8, &word)); /* the same page once more */
	CHECK_EQ(word, (uint64_t)(100 + PAGE / 4 + 3) << 32 | (100 + PAGE / 4 + 2));
	check_at(f, at + 5, a, PAGE + 5);
	check_at(f, at + PAGE, b, 0);
	check_at(f, at + 3 * PAGE + 77, b, 77);
	for (uint64_t page = 0; page < 4; page++)
		CHECK_OK(road_space_unmap(f->space, at + page * PAGE));
	CHECK_OK(road_space_unreserve(f->space, at));
	CHECK_STATUS(road_space_unreserve(f->space, at), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(space, space_map_overlap_refused)
{
	road_buffer *a = fixture_buffer(f, 4 * PAGE), *b = fixture_buffer(f, 4 * PAGE);
	uint64_t at = reserve(f, 8), other = reserve(f, 1);

	CHECK(other + PAGE <= at || at + 8 * PAGE <= other);
	CHECK_OK(map(f, at + 2 * PAGE, a, 0, 4 * PAGE, RW));
	for (uint64_t page = 0; page < 6; page++) {
		uint64_t pages = page < 2 ? 3 : 1;

		CHECK_STATUS(map(f, at + page * PAGE, b, 0, pages * PAGE, RW), ROAD_BUSY);
		CHECK_DETAIL("mapped there");
	}
	CHECK_STATUS(road_space_unreserve(f->space, at), ROAD_BUSY);
	CHECK_OK(map(f, at, b, 0, 2 * PAGE, RW)); /* beside it */
	CHECK_OK(map(f, at + 6 * PAGE, b, 2 * PAGE, 1, RW));
	CHECK_STATUS(map(f, at + 6 * PAGE, a, 0, 1, RW), ROAD_BUSY);
	check_at(f, at + 2 * PAGE, a, 0);
	check_at(f, at + 2 * PAGE - 1, b, 2 * PAGE - 1);
	CHECK_OK(road_space_unmap(f->space, at + 2 * PAGE));
	CHECK_STATUS(road_space_unmap(f->space, at + 2 * PAGE), ROAD_NOT_FOUND);
	CHECK_OK(map(f, at + 2 * PAGE, b, 0, PAGE, RW)); /* free again */
	check_at(f, at + 2 * PAGE, b, 0);
}

CONFORMANCE_CASE(space, space_map_unaligned_invalid_argument)
{
	road_buffer *a = fixture_buffer(f, 4 * PAGE), *view = NULL;
	uint64_t at = reserve(f, 8), none = 7;
	static const uint64_t odd[] = {1, 8, 64, 2048, 4095};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		CHECK_STATUS(map(f, at + odd[i], a, 0, PAGE, RW), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("4096");
		CHECK_STATUS(map(f, at, a, odd[i], PAGE, RW), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("4096");
		CHECK_STATUS(road_space_reserve(f->space, odd[i], 0, &none), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("4096");
	}
	CHECK_STATUS(road_space_reserve(f->space, PAGE, 3 * PAGE, &none), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_space_reserve(f->space, 0, 0, &none), ROAD_INVALID_ARGUMENT);
	CHECK_EQ(none, 7);
	/* what counts is the place in the memory, not in the view of it */
	CHECK_OK(road_buffer_view(a, 100, PAGE, &view));
	CHECK_STATUS(map(f, at, view, 0, 100, RW), ROAD_INVALID_ARGUMENT);
	CHECK_OK(map(f, at, view, PAGE - 100, 100, RW));
	check_at(f, at + 3, a, PAGE + 3);
	CHECK_OK(road_space_unmap(f->space, at));
	road_buffer_release(view);
	CHECK_OK(road_space_reserve(f->space, PAGE, 1 << 20, &none));
	CHECK_EQ(none % (1 << 20), 0);
	CHECK_OK(road_space_unreserve(f->space, none));
}

CONFORMANCE_CASE(space, space_map_beyond_buffer_invalid_argument)
{
	road_buffer *a = fixture_buffer(f, 2 * PAGE + 100);
	uint64_t at = reserve(f, 4);
	const struct {
		uint64_t address, offset, bytes;
	} bad[] = {
		{at, 0, 2 * PAGE + 101},
		{at, PAGE, PAGE + 101},
		{at, 2 * PAGE, 101},
		{at, 3 * PAGE, 1},
		{at, PAGE, UINT64_MAX},
		{at, UINT64_MAX - PAGE + 1, PAGE},
		{at, 0, 0},           /* nothing */
		{at - PAGE, 0, PAGE}, /* outside the reservation */
		{at + 4 * PAGE, 0, PAGE},
		{at + 3 * PAGE, 0, 2 * PAGE},
		{0, 0, PAGE},
		{UINT64_MAX - PAGE + 1, 0, PAGE},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_STATUS(map(f, bad[i].address, a, bad[i].offset, bad[i].bytes, RW),
			     ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("road_space_map");
	}
	CHECK_STATUS(map(f, at, a, 0, PAGE, 0), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(map(f, at, a, 0, PAGE, 4), ROAD_INVALID_ARGUMENT);
	if (fixture_has(f, CAPABILITY_SPACES)) { /* a buffer of this space alone */
		road_space *other = NULL;

		CHECK_OK(road_space_create(f->device, NULL, &other));
		CHECK_STATUS(road_space_map(other, at, a, 0, PAGE, RW), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("another space");
		road_space_release(other);
	}
	CHECK_OK(map(f, at, a, PAGE, PAGE + 100, RW)); /* to the last byte */
}

/* Rights hold at the mapping: at its own address the buffer has its own. */
CONFORMANCE_CASE(space, space_readonly_write_faults)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer_options options = {
			.size = sizeof(options), .bytes = PAGE, .flags = ROAD_BUFFER_READ_ONLY};
		road_buffer *read_only = NULL;
		uint64_t at = reserve(f, 2), word = 0;

		CHECK_OK(road_device_heap(f->device, i, &heap));
		road_buffer *b = fixture_buffer_in(f, heap.kind, PAGE);

		CHECK_OK(map(f, at, b, 0, PAGE, ROAD_MAP_READ));
		CHECK_STATUS(poke(f, at + 8, 1), ROAD_FAULT);
		CHECK_EQ(word_at(f, b, 8), 0);
		CHECK_OK(poke(f, fixture_address(f, b) + 8, 2));
		CHECK_OK(peek(f, at + 8, &word));
		CHECK_EQ(word, 2);
		CHECK_OK(road_space_protect(f->space, at, RW));
		CHECK_OK(poke(f, at + 8, 3));
		CHECK_EQ(word_at(f, b, 8), 3);
		CHECK_OK(road_space_protect(f->space, at, ROAD_MAP_READ));
		CHECK_STATUS(poke(f, at + 8, 4), ROAD_FAULT);
		CHECK_EQ(word_at(f, b, 8), 3);
		CHECK_STATUS(road_space_protect(f->space, at, 0), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_space_protect(f->space, at + PAGE, RW), ROAD_NOT_FOUND);
		/* nor does a mapping give what the buffer forbids */
		options.heap = heap.kind;
		CHECK_OK(road_buffer_create(f->space, &options, &read_only));
		CHECK_STATUS(map(f, at + PAGE, read_only, 0, PAGE, RW), ROAD_PERMISSION);
		CHECK_OK(map(f, at + PAGE, read_only, 0, PAGE, ROAD_MAP_READ));
		CHECK_STATUS(road_space_protect(f->space, at + PAGE, RW), ROAD_PERMISSION);
		CHECK_STATUS(poke(f, at + PAGE, 5), ROAD_FAULT);
		road_buffer_release(read_only);
	}
}

CONFORMANCE_CASE(space, space_unmap_then_access_faults)
{
	road_buffer *a = fixture_buffer(f, PAGE), *b = NULL;
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = PAGE};
	road_lookup_result found = {.size = sizeof(found)};
	uint64_t at = reserve(f, 2), word = 0;

	CHECK_STATUS(poke(f, at, 1), ROAD_FAULT); /* nothing is there yet */
	CHECK_OK(map(f, at, a, 0, PAGE, RW));
	CHECK_OK(poke(f, at, 1));
	CHECK_STATUS(poke(f, at + PAGE, 2), ROAD_FAULT); /* behind it */
	CHECK_OK(road_space_unmap(f->space, at));
	CHECK_STATUS(poke(f, at, 3), ROAD_FAULT);
	CHECK_STATUS(peek(f, at, &word), ROAD_FAULT);
	CHECK_EQ(word, 0);
	CHECK_EQ(word_at(f, a, 0), 1);
	CHECK_STATUS(road_lookup(f->instance, at, &found), ROAD_NOT_FOUND);
	CHECK_OK(poke(f, fixture_address(f, a), 4)); /* it is where it was */
	CHECK_OK(map(f, at, a, 0, PAGE, RW));
	CHECK_OK(peek(f, at, &word));
	CHECK_EQ(word, 4);
	/* a buffer that goes takes its mappings along */
	CHECK_OK(road_buffer_create(f->space, &options, &b));
	CHECK_OK(map(f, at + PAGE, b, 0, PAGE, RW));
	CHECK_OK(poke(f, at + PAGE, 5));
	road_buffer_release(b);
	CHECK_STATUS(peek(f, at + PAGE, &word), ROAD_FAULT);
	CHECK_STATUS(road_space_unmap(f->space, at + PAGE), ROAD_NOT_FOUND);
	CHECK_OK(peek(f, at, &word)); /* the other's stays */
	CHECK_EQ(word, 4);
}
