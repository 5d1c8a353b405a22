/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers as others see them: the host's mappings, descriptors, other spaces and devices, views,
 * and the way back from an address. */
#include "tests/conformance/groups/model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (ROAD_MAP_READ | ROAD_MAP_WRITE)

static bool next_visible(struct fixture *f, uint32_t *index, road_heap_info *out)
{
	while (*index < f->info.heap_count) {
		*out = (road_heap_info){.size = sizeof(*out)};
		CHECK_OK(road_device_heap(f->device, (*index)++, out));
		if (out->host_visible)
			return true;
	}
	return false;
}

static unsigned char *map(road_buffer *buffer, uint64_t bytes)
{
	void *pointer = NULL;

	CHECK_OK(road_buffer_map(buffer, 0, bytes, RW, &pointer));
	return pointer;
}

/* ---- mappings ---- */

CONFORMANCE_CASE(memory, buffer_map_read_write)
{
	const uint64_t bytes = fixture_bytes(f, 100000, 512);
	road_heap_info heap;

	for (uint32_t i = 0; next_visible(f, &i, &heap);) {
		struct model m = model_new(f, heap.kind, bytes);
		unsigned char *host = map(m.buffer, bytes);

		CHECK_OK(road_buffer_invalidate(m.buffer, 0, bytes));
		CHECK_SAME(host, m.bytes, bytes); /* what the device wrote */
		for (int round = 0; round < 4; round++) {
			uint64_t at = model_below(f, bytes), count = 1 + model_below(f, bytes - at);

			fixture_fill_random(f, m.bytes + at, count);
			memcpy(host + at, m.bytes + at, count);
			CHECK_OK(road_buffer_flush(m.buffer, at, count));
			model_check(f, &m, "what the host wrote");
		}
		model_scramble(f, &m);
		CHECK_OK(road_buffer_invalidate(m.buffer, 0, bytes));
		CHECK_SAME(host, m.bytes, bytes);
		CHECK_OK(road_buffer_unmap(m.buffer));
	}
}

CONFORMANCE_CASE(memory, buffer_map_without_flag_permission)
{
	road_buffer *buffer = fixture_buffer_in(f, ROAD_HEAP_DEVICE, 256);
	void *pointer = NULL;

	CHECK_STATUS(road_buffer_map(buffer, 0, 256, ROAD_MAP_READ, &pointer), ROAD_PERMISSION);
	CHECK_DETAIL("not visible to the host");
	CHECK(pointer == NULL);
	CHECK_STATUS(road_buffer_unmap(buffer), ROAD_INVALID_ARGUMENT);
}

CONFORMANCE_CASE(memory, map_range)
{
	enum { BYTES = 300 };
	static const struct {
		uint64_t offset, bytes;
	} bad[] = {{0, BYTES + 1}, {1, BYTES},      {BYTES, 1},         {BYTES + 1, 0},
		   {0, 0},         {UINT64_MAX, 1}, {8, UINT64_MAX - 4}};
	road_heap_info heap;

	for (uint32_t i = 0; next_visible(f, &i, &heap);) {
		road_buffer *buffer = fixture_buffer_in(f, heap.kind, BYTES);
		unsigned char *all = map(buffer, BYTES);

		for (uint64_t at = 0; at < BYTES; at += 37) {
			void *part = NULL;

			CHECK_OK(road_buffer_map(buffer, at, BYTES - at, RW, &part));
			CHECK((unsigned char *)part == all + at);
			CHECK_OK(road_buffer_unmap(buffer));
		}
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			void *none = NULL;

			CHECK_STATUS(
				road_buffer_map(buffer, bad[k].offset, bad[k].bytes, RW, &none),
				ROAD_INVALID_ARGUMENT);
			CHECK(none == NULL);
		}
		CHECK_OK(road_buffer_unmap(buffer));
	}
}

CONFORMANCE_CASE(memory, several_maps)
{
	enum { MAPS = 5, BYTES = 200 };
	road_heap_info heap;

	for (uint32_t i = 0; next_visible(f, &i, &heap);) {
		road_buffer *buffer = fixture_buffer_in(f, heap.kind, BYTES), *view = NULL;
		unsigned char *first = map(buffer, BYTES);
		void *none = NULL;

		CHECK_OK(road_buffer_view(buffer, 16, 8, &view));
		for (int k = 1; k < MAPS; k++)
			CHECK(map(buffer, BYTES) == first);
		CHECK(map(view, 8) == first + 16); /* one mapping, also of a part */
		for (int k = 0; k < MAPS; k++) {
			CHECK_OK(road_buffer_unmap(buffer));
			first[k] = (unsigned char)k; /* still mapped */
		}
		CHECK_OK(road_buffer_unmap(view));
		CHECK_STATUS(road_buffer_unmap(buffer), ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("not mapped");
		first = map(buffer, BYTES);
		CHECK_EQ(first[MAPS - 1], MAPS - 1);
		CHECK_OK(road_buffer_unmap(buffer));
		CHECK_STATUS(road_buffer_map(buffer, 0, 8, 0, &none), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_map(buffer, 0, 8, 4, &none), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_map(buffer, 0, 8, RW, NULL), ROAD_INVALID_ARGUMENT);
		road_buffer_release(view);
	}
}

/* As long as anybody holds the buffer, or a part of it. */
CONFORMANCE_CASE(memory, buffer_map_valid_while_referenced)
{
	enum { BYTES = 5000 };
	road_heap_info heap;

	for (uint32_t i = 0; next_visible(f, &i, &heap);) {
		uint64_t bytes = fixture_bytes(f, BYTES, 500);
		struct model m = {NULL, fixture_memory(f, bytes), bytes};
		road_buffer_options options = {
			.size = sizeof(options), .heap = heap.kind, .bytes = bytes};
		road_buffer *view = NULL;

		CHECK_OK(road_buffer_create(f->space, &options, &m.buffer));
		unsigned char *host = map(m.buffer, bytes);

		model_scramble(f, &m);
		CHECK_OK(road_buffer_retain(m.buffer));
		road_buffer_release(m.buffer);
		CHECK_OK(road_buffer_invalidate(m.buffer, 0, bytes));
		CHECK_SAME(host, m.bytes, bytes);
		CHECK_OK(road_buffer_view(m.buffer, 100, 10, &view));
		road_buffer_release(m.buffer);
		CHECK_SAME(host, m.bytes, bytes);
		host[105] = 0x77;
		CHECK_OK(road_buffer_flush(view, 0, 10));
		m.bytes[105] = 0x77;
		fixture_get(f, m.bytes, view, 0, 10);
		CHECK_EQ(m.bytes[5], 0x77);
		road_buffer_release(view);
	}
}

/* A buffer that kernels may not write: they fault, and all else may. */
CONFORMANCE_CASE(memory, buffer_readonly_kernel_faults)
{
	road_queue *queue = fixture_queue(f);

	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer_options options = {
			.size = sizeof(options), .bytes = 64, .flags = ROAD_BUFFER_READ_ONLY};
		struct model m = {NULL, fixture_memory(f, 64), 64};
		struct model copy = model_new(f, fixture_heap(f), 8);
		uint64_t arguments[2] = {0, 0};
		road_point point;

		CHECK_OK(road_device_heap(f->device, i, &heap));
		options.heap = heap.kind;
		CHECK_OK(road_buffer_create(f->space, &options, &m.buffer));
		model_scramble(f, &m); /* a copy may write it */
		arguments[0] = fixture_address(f, copy.buffer);
		arguments[1] = fixture_address(f, m.buffer) + 8;
		fixture_launch(f, queue, "peek", arguments, 2, &point);
		CHECK_STATUS(road_point_wait(point, SOON), ROAD_OK);
		memcpy(copy.bytes, m.bytes + 8, 8);
		model_check(f, &copy, "a kernel reads it");
		arguments[0] = arguments[1];
		fixture_launch(f, queue, "poke", arguments, 2, &point);
		CHECK_STATUS(road_point_wait(point, SOON), ROAD_FAULT);
		CHECK_OK(road_queue_reset(queue));
		model_check(f, &m, "a kernel wrote to a read-only buffer");
		road_buffer_release(m.buffer);
	}
}

/* ---- what is not coherent ---- */

enum { LINES = 64 };

/* How many of the bytes are still the old ones; the rest must be the new ones. */
static uint64_t count_old(const unsigned char *seen, uint64_t bytes, unsigned char old,
			  unsigned char new)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < bytes; i++) {
		count += seen[i] == old;
		CHECK(seen[i] == old || seen[i] == new);
	}
	return count;
}

static void fill_wait(struct fixture *f, road_buffer *buffer, uint64_t bytes, uint64_t value)
{
	road_point point;

	CHECK_OK(road_queue_fill(fixture_queue(f), buffer, 0, bytes, value, 1, &point));
	CHECK_OK(road_point_wait(point, SOON));
}

/* Without it the other side may see the old bytes, with it it must see the new ones. A simulator
 * that let all be seen anyway would find no driver's mistake. */
CONFORMANCE_CASE(memory, buffer_sync_dir_required_on_noncoherent)
{
	road_heap_info heap = {.size = sizeof(heap)};
	uint32_t i = 0;

	do
		REQUIRE(next_visible(f, &i, &heap)); /* NONCOHERENT says that there is one */
	while (heap.coherent);
	const uint64_t bytes = LINES * heap.granule_bytes;
	road_buffer *buffer = fixture_buffer_in(f, heap.kind, bytes);
	unsigned char *host = map(buffer, bytes), *seen = fixture_memory(f, bytes);

	fill_wait(f, buffer, bytes, 1);
	uint64_t stale_host = count_old(host, bytes, 0, 1);

	CHECK_OK(road_buffer_invalidate(buffer, 0, bytes));
	CHECK_EQ(count_old(host, bytes, 0, 1), 0);

	memset(host, 2, bytes);
	fixture_get(f, seen, buffer, 0, bytes);
	uint64_t stale_device = count_old(seen, bytes, 1, 2);

	CHECK_OK(road_buffer_flush(buffer, 0, bytes));
	fixture_get(f, seen, buffer, 0, bytes);
	CHECK_EQ(count_old(seen, bytes, 1, 2), 0);

	memset(host, 3, bytes); /* the wrong way: what was not flushed is lost */
	CHECK_OK(road_buffer_invalidate(buffer, 0, bytes));
	uint64_t lost = count_old(host, bytes, 2, 3);

	memset(host, 4, bytes); /* half of it */
	CHECK_OK(road_buffer_flush(buffer, 0, bytes / 2));
	fixture_get(f, seen, buffer, 0, bytes);
	for (uint64_t k = 0; k < bytes / 2; k++)
		REQUIRE_EQ(seen[k], 4);
	CHECK_OK(road_buffer_unmap(buffer));
	if (f->info.simulated)
		CHECK(stale_host && stale_device && lost);
	case_note("of %llu bytes the host saw %llu stale, the device %llu; %llu were lost",
		  (unsigned long long)bytes, (unsigned long long)stale_host,
		  (unsigned long long)stale_device, (unsigned long long)lost);
}

CONFORMANCE_CASE(memory, buffer_sync_range_overflow_invalid_argument)
{
	enum { BYTES = 300 };
	static const struct {
		uint64_t offset, bytes;
	} bad[] = {{0, BYTES + 1},  {1, BYTES},      {BYTES + 1, 0},          {BYTES, 1},
		   {UINT64_MAX, 1}, {1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}};

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};

		CHECK_OK(road_device_heap(f->device, i, &heap));
		struct model m = model_new(f, heap.kind, BYTES);
		road_buffer *view = NULL;

		CHECK_OK(road_buffer_view(m.buffer, 10, BYTES - 10, &view));
		for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
			uint64_t at = bad[k].offset, bytes = bad[k].bytes;

			CHECK_STATUS(road_buffer_flush(m.buffer, at, bytes), ROAD_INVALID_ARGUMENT);
			CHECK_DETAIL("road_buffer_flush");
			CHECK_STATUS(road_buffer_invalidate(m.buffer, at, bytes),
				     ROAD_INVALID_ARGUMENT);
			CHECK_DETAIL("road_buffer_invalidate");
		}
		CHECK_STATUS(road_buffer_flush(view, 0, BYTES - 9), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_invalidate(view, 1, BYTES - 10), ROAD_INVALID_ARGUMENT);
		CHECK_OK(road_buffer_flush(m.buffer, 0, BYTES));
		CHECK_OK(road_buffer_invalidate(m.buffer, BYTES, 0));
		CHECK_OK(road_buffer_invalidate(view, 0, BYTES - 10));
		model_check(f, &m, "a buffer that nobody wrote");
		road_buffer_release(view);
	}
}

/* ---- views ---- */

CONFORMANCE_CASE(memory, view_of_buffer)
{
	enum { BYTES = 500, AT = 100, SIZE = 250, AT2 = 33, SIZE2 = 50 };

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer_info info = {.size = sizeof(info)};
		road_buffer *view = NULL, *inner = NULL, *none = NULL;
		unsigned char bytes[SIZE];

		CHECK_OK(road_device_heap(f->device, i, &heap));
		struct model m = model_new(f, heap.kind, BYTES);

		CHECK_OK(road_buffer_view(m.buffer, AT, SIZE, &view));
		CHECK_OK(road_buffer_view(view, AT2, SIZE2, &inner));
		CHECK_OK(road_buffer_info_get(inner, &info));
		CHECK_EQ(info.bytes, SIZE2);
		CHECK_EQ(info.heap, heap.kind);
		CHECK_EQ(info.address, fixture_address(f, m.buffer) + AT + AT2);
		fixture_get(f, bytes, view, 0, SIZE);
		CHECK_SAME(bytes, m.bytes + AT, SIZE);
		fixture_fill_random(f, bytes, SIZE2);
		fixture_put(f, inner, 0, bytes, SIZE2);
		memcpy(m.bytes + AT + AT2, bytes, SIZE2);
		model_check(f, &m, "written through a view of a view");
		/* the buffer has more, the view has not */
		CHECK_STATUS(road_queue_read(fixture_queue(f), bytes, inner, 1, SIZE2, NULL),
			     ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_view(view, 1, SIZE, &none), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_view(view, 0, 0, &none), ROAD_INVALID_ARGUMENT);
		CHECK_STATUS(road_buffer_view(m.buffer, UINT64_MAX, 2, &none),
			     ROAD_INVALID_ARGUMENT);
		CHECK(none == NULL);
		road_buffer_release(view);
		fixture_get(f, bytes, inner, 0, SIZE2);
		CHECK_SAME(bytes, m.bytes + AT + AT2, SIZE2);
		road_buffer_release(inner);
	}
}

/* ---- addresses ---- */

static void check_found(struct fixture *f, road_buffer *buffer, uint64_t offset)
{
	road_lookup_result found = {.size = sizeof(found)};
	road_buffer_info info = {.size = sizeof(info)};

	CHECK_OK(road_buffer_info_get(buffer, &info));
	CHECK_OK(road_lookup(f->instance, info.address + offset, &found));
	CHECK(found.buffer == buffer);
	CHECK(found.space == f->space);
	CHECK(found.device == f->device);
	CHECK_EQ(found.offset, offset);
	CHECK_EQ(found.base, info.address);
	CHECK_EQ(found.bytes, info.bytes);
	CHECK_EQ(found.heap, info.heap);
	CHECK_EQ(found.id, info.id);
}

CONFORMANCE_CASE(memory, lookup_interior_pointer)
{
	enum { EACH = 5, BYTES = 333 };

	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer *buffers[EACH];

		CHECK_OK(road_device_heap(f->device, i, &heap));
		for (int k = 0; k < EACH; k++)
			buffers[k] = fixture_buffer_in(f, heap.kind, BYTES);
		for (int k = 0; k < EACH; k++) {
			road_lookup_result next = {.size = sizeof(next)};

			check_found(f, buffers[k], 0);
			check_found(f, buffers[k], 1);
			check_found(f, buffers[k], model_below(f, BYTES));
			check_found(f, buffers[k], BYTES - 1);
			/* the byte behind it is not its own */
			if (!road_lookup(f->instance, fixture_address(f, buffers[k]) + BYTES,
					 &next))
				CHECK(next.buffer != buffers[k]);
		}
	}
}

static void check_not_found(road_instance *instance, uint64_t address)
{
	road_lookup_result found = {.size = sizeof(found), .id = 7};

	CHECK_STATUS(road_lookup(instance, address, &found), ROAD_NOT_FOUND);
	CHECK_DETAIL("belongs to no buffer");
	CHECK_EQ(found.id, 7);
}

CONFORMANCE_CASE(memory, lookup_foreign_pointer_not_found)
{
	static int of_program;
	const void *pointers[] = {NULL,        &of_program,
				  &f,          fixture_memory(f, 100),
				  f->instance, (const void *)(uintptr_t)&check_not_found};
	road_instance *other = NULL;
	road_buffer *ours = fixture_buffer(f, 100);

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		check_not_found(f->instance, (uint64_t)(uintptr_t)pointers[i]);
	check_not_found(f->instance, UINT64_MAX);
	check_not_found(f->instance, fixture_address(f, ours) - 1);
	CHECK_OK(road_instance_create(NULL, &other));
	check_not_found(other, fixture_address(f, ours));
	road_instance_release(other);
	check_found(f, ours, 50);
}

CONFORMANCE_CASE(memory, lookup_after_free_not_found)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		road_buffer_options options = {.size = sizeof(options), .bytes = 200};
		road_buffer *buffer = NULL, *view = NULL, *again = NULL;

		CHECK_OK(road_device_heap(f->device, i, &heap));
		options.heap = heap.kind;
		CHECK_OK(road_buffer_create(f->space, &options, &buffer));
		uint64_t address = fixture_address(f, buffer);

		CHECK_OK(road_buffer_view(buffer, 50, 50, &view));
		check_found(f, buffer, 60);
		road_buffer_release(buffer); /* the view still holds it */
		road_lookup_result found = {.size = sizeof(found)};

		CHECK_OK(road_lookup(f->instance, address + 60, &found));
		road_buffer_release(view);
		check_not_found(f->instance, address);
		check_not_found(f->instance, address + 60);
		CHECK_OK(road_buffer_create(f->space, &options, &again));
		check_found(f, again, 60);
		road_buffer_release(again);
	}
}

struct range {
	uint64_t from, bytes;
};

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

enum { BUFFERS = 48, BLOCKS = 48 };

static struct range range_of(road_buffer *buffer)
{
	road_buffer_info info = {.size = sizeof(info)};

	CHECK_OK(road_buffer_info_get(buffer, &info));
	return (struct range){info.address, info.bytes};
}

/* Buffers of this device and of another one, and blocks of the program of all sizes, made in turn:
 * no address means two things. */
CONFORMANCE_CASE(memory, address_unlike_host_and_other_devices)
{
	const bool second = fixture_has(f, CAPABILITY_SECOND);
	struct range all[2 * BUFFERS + BLOCKS];
	road_buffer *theirs[BUFFERS] = {NULL};
	road_space *space = NULL;
	size_t count = 0;

	if (second)
		CHECK_OK(road_space_shared(fixture_second(f), &space));
	for (int i = 0; i < BUFFERS; i++) {
		road_heap_info heap = {.size = sizeof(heap)};
		uint32_t index = (uint32_t)model_below(f, f->info.heap_count);
		size_t bytes = 1 + model_below(f, fixture_bytes(f, 200000, 64));
		size_t block = 1 + model_below(f, i % 2 ? 2000 : 400000);

		CHECK_OK(road_device_heap(f->device, index, &heap));
		road_buffer_options options = {
			.size = sizeof(options), .heap = heap.kind, .bytes = bytes};

		all[count++] = range_of(fixture_buffer_in(f, heap.kind, bytes));
		all[count++] = (struct range){(uint64_t)(uintptr_t)fixture_memory(f, block), block};
		if (!second)
			continue;
		CHECK_OK(road_buffer_create(space, &options, &theirs[i]));
		all[count++] = range_of(theirs[i]);
	}
	qsort(all, count, sizeof(all[0]), by_address);
	for (size_t i = 1; i < count; i++)
		CHECK(all[i - 1].from + all[i - 1].bytes <= all[i].from);
	for (int i = 0; i < BUFFERS; i++)
		road_buffer_release(theirs[i]);
	road_space_release(space);
}

/* ---- descriptors, tokens, other spaces ---- */

static int export_fd(road_buffer *buffer)
{
	int fd = -1;

	CHECK_OK(road_buffer_export(buffer, &fd));
	return fd;
}

/* Bytes of one are bytes of the other, both ways; from device to device, so that nothing needs to
 * be flushed but on memory with two views. */
static void check_same_memory(struct fixture *f, struct model *a, struct model *b)
{
	for (int round = 0; round < 4; round++) {
		struct model *to = round % 2 ? a : b, *from = round % 2 ? b : a;

		model_scramble(f, from);
		if (fixture_has(f, CAPABILITY_NONCOHERENT)) {
			CHECK_OK(road_buffer_invalidate(from->buffer, 0, from->size));
			CHECK_OK(road_buffer_flush(to->buffer, 0, to->size));
		}
		memcpy(to->bytes, from->bytes, to->size);
		model_check(f, to, "written by another name of the memory");
	}
}

static void check_import(struct fixture *f, uint64_t bytes, bool token)
{
	struct model a = model_new(f, ROAD_HEAP_HOST, bytes);
	struct model b = {NULL, fixture_memory(f, bytes), bytes};
	road_buffer *view = NULL;
	road_token name;

	/* of a part: all of the memory */
	CHECK_OK(road_buffer_view(a.buffer, bytes / 2, bytes / 4 + 1, &view));
	if (token) {
		CHECK_OK(road_buffer_export_token(view, &name));
		CHECK_OK(road_buffer_import_token(f->space, &name, &b.buffer));
	} else {
		int fd = export_fd(view);

		CHECK_OK(road_buffer_import(f->space, fd, bytes, &b.buffer));
		CHECK_EQ(fcntl(fd, F_GETFD) >= 0, true); /* the caller's still */
		close(fd);
	}
	road_buffer_release(view);
	CHECK(fixture_address(f, a.buffer) != fixture_address(f, b.buffer));
	check_same_memory(f, &a, &b);
	road_buffer_release(b.buffer);
	model_check(f, &a, "after the imported one went");
}

/* Alignment beyond a page: the memory behind the descriptor may begin elsewhere. Then it must not
 * be given away as this buffer's. */
static void check_aligned_export(struct fixture *f, uint64_t alignment)
{
	road_buffer_options options = {.size = sizeof(options),
				       .heap = ROAD_HEAP_HOST,
				       .bytes = 300,
				       .alignment = alignment};
	struct model a = {NULL, fixture_memory(f, 300), 300};
	struct model b = {NULL, fixture_memory(f, 300), 300};
	int fd = -1;

	CHECK_OK(road_buffer_create(f->space, &options, &a.buffer));
	road_status status = road_buffer_export(a.buffer, &fd);

	if (status) {
		CHECK_STATUS(status, ROAD_UNSUPPORTED);
	} else {
		CHECK_OK(road_buffer_import(f->space, fd, 300, &b.buffer));
		check_same_memory(f, &a, &b);
		road_buffer_release(b.buffer);
		close(fd);
	}
	road_buffer_release(a.buffer);
}

CONFORMANCE_CASE(memory, buffer_export_import_same_bytes)
{
	static const uint64_t sizes[] = {1, 100, 4096, 10000, 300000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_import(f, sizes[i], false);
		check_import(f, sizes[i], true);
	}
	for (uint64_t alignment = 4096; alignment <= 2 << 20; alignment *= 8)
		check_aligned_export(f, alignment);
}

/* What is imported outlives what was exported. */
CONFORMANCE_CASE(memory, attach_to_other_space)
{
	enum { BYTES = 9000 };
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_HOST, .bytes = BYTES};
	struct model a = {NULL, fixture_memory(f, BYTES), BYTES};
	road_space *space = NULL;
	road_queue *queue = NULL;
	road_buffer *theirs = NULL, *none = NULL, *view = NULL;
	unsigned char *bytes = fixture_memory(f, BYTES);
	road_point point;

	CHECK_OK(road_space_create(f->device, NULL, &space));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_buffer_create(f->space, &options, &a.buffer));
	model_scramble(f, &a);
	CHECK_OK(road_buffer_attach(a.buffer, space, &theirs));
	CHECK_STATUS(road_buffer_attach(a.buffer, f->space, &none), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("in this space already");
	CHECK_OK(road_buffer_view(a.buffer, 0, 10, &view));
	CHECK_STATUS(road_buffer_attach(view, space, &none), ROAD_INVALID_ARGUMENT);
	CHECK_DETAIL("view");
	if (fixture_has(f, CAPABILITY_DEVICE_HEAP))
		CHECK_STATUS(road_buffer_attach(fixture_buffer_in(f, ROAD_HEAP_DEVICE, 64), space,
						&none),
			     ROAD_UNSUPPORTED);
	CHECK(none == NULL);
	road_buffer_release(view);
	CHECK_OK(road_buffer_invalidate(a.buffer, 0, BYTES));
	CHECK_OK(road_buffer_flush(theirs, 0, BYTES));
	road_buffer_release(a.buffer);
	CHECK_OK(road_queue_read(queue, bytes, theirs, 0, BYTES, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_SAME(bytes, a.bytes, BYTES);
	/* It is theirs by now: their list takes it, ours does not. */
	CHECK_STATUS(road_queue_read(fixture_queue(f), bytes, theirs, 0, BYTES, NULL),
		     ROAD_INVALID_ARGUMENT);
	road_buffer_release(theirs);
	road_queue_release(queue);
	road_space_release(space);
}

CONFORMANCE_CASE(memory, buffer_import_foreign_device)
{
	enum { BYTES = 20000 };
	struct model a = model_new(f, ROAD_HEAP_HOST, BYTES);
	road_space *space = NULL;
	road_queue *queue = NULL;
	road_buffer *theirs = NULL;
	unsigned char *bytes = fixture_memory(f, BYTES);
	int fd = export_fd(a.buffer);
	road_point point;

	CHECK_OK(road_space_shared(fixture_second(f), &space));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_buffer_invalidate(a.buffer, 0, BYTES));
	CHECK_OK(road_buffer_import(space, fd, BYTES, &theirs));
	close(fd);
	CHECK_OK(road_queue_read(queue, bytes, theirs, 0, BYTES, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_SAME(bytes, a.bytes, BYTES);
	fixture_fill_random(f, a.bytes, BYTES);
	CHECK_OK(road_queue_write(queue, theirs, 0, a.bytes, BYTES, &point));
	CHECK_OK(road_point_wait(point, SOON));
	CHECK_OK(road_buffer_invalidate(theirs, 0, BYTES));
	CHECK_OK(road_buffer_flush(a.buffer, 0, BYTES));
	model_check(f, &a, "what the other device wrote");
	road_buffer_release(theirs);
	road_queue_release(queue);
	road_space_release(space);
}

/* Where the kernel's driver gives a descriptor of the device's own memory, it is as good. */
static void export_of_the_device(road_buffer *buffer)
{
	int fd = 77;
	const road_status status = road_buffer_export(buffer, &fd);

	if (status == ROAD_OK) {
		CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		CHECK(ftruncate(fd, 0) != 0);
		CHECK(lseek(fd, 0, SEEK_END) >= 64);
		close(fd);
		return;
	}
	CHECK_STATUS(status, ROAD_UNSUPPORTED);
	CHECK_EQ(fd, 77);
}

CONFORMANCE_CASE(memory, buffer_export_cloexec)
{
	enum { BYTES = 5000 };
	road_buffer *buffer = fixture_buffer_in(f, ROAD_HEAP_HOST, BYTES);
	int fd = export_fd(buffer), again = export_fd(buffer);

	CHECK(fd != again);
	CHECK_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* nobody can take away what the device and others have mapped */
	CHECK_EQ(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK, F_SEAL_SHRINK);
	CHECK(ftruncate(fd, 0) != 0);
	CHECK(lseek(fd, 0, SEEK_END) >= BYTES);
	close(fd);
	CHECK_EQ(fcntl(again, F_GETFD), FD_CLOEXEC);
	close(again);
	if (fixture_has(f, CAPABILITY_DEVICE_HEAP))
		export_of_the_device(fixture_buffer_in(f, ROAD_HEAP_DEVICE, 64));
	CHECK_STATUS(road_buffer_export(buffer, NULL), ROAD_INVALID_ARGUMENT);
}

static int memory_fd(uint64_t bytes, int seals)
{
	int fd = memfd_create("conformance", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	REQUIRE(fd >= 0 && !ftruncate(fd, (off_t)bytes));
	REQUIRE(!fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

static void check_no_import(struct fixture *f, int fd, uint64_t bytes, road_status wanted)
{
	road_buffer *const before = (road_buffer *)(void *)f, *buffer = before;

	CHECK_STATUS(road_buffer_import(f->space, fd, bytes, &buffer), wanted);
	CHECK_DETAIL("road_buffer_import");
	CHECK(buffer == before);
}

CONFORMANCE_CASE(memory, buffer_import_bad_fd_invalid_argument)
{
	int pipes[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int good = memory_fd(8192, F_SEAL_SHRINK);
	int sealed = memory_fd(8192, F_SEAL_SHRINK | F_SEAL_WRITE);
	road_buffer *buffer = NULL;

	REQUIRE(!pipe2(pipes, O_CLOEXEC) && null >= 0);
	check_no_import(f, -1, 4096, ROAD_INVALID_ARGUMENT);
	check_no_import(f, 1000, 4096, ROAD_INVALID_ARGUMENT);
	check_no_import(f, pipes[0], 4096, ROAD_INVALID_ARGUMENT);
	check_no_import(f, null, 4096, ROAD_INVALID_ARGUMENT);
	check_no_import(f, good, 0, ROAD_INVALID_ARGUMENT);
	check_no_import(f, good, 8193, ROAD_INVALID_ARGUMENT);
	check_no_import(f, good, UINT64_MAX, ROAD_INVALID_ARGUMENT);
	check_no_import(f, sealed, 8192, ROAD_PERMISSION); /* devices write */
	CHECK_OK(road_buffer_import(f->space, good, 8192, &buffer));
	road_buffer_release(buffer);
	CHECK_STATUS(road_buffer_import(f->space, good, 8192, NULL), ROAD_INVALID_ARGUMENT);
	close(good);
	close(sealed);
	close(null);
	close(pipes[0]);
	close(pipes[1]);
}

/* Whoever could shrink it could kill us by SIGBUS. */
CONFORMANCE_CASE(memory, import_unsealed_memfd_refused)
{
	static const int seals[] = {0, F_SEAL_GROW, F_SEAL_GROW | F_SEAL_SEAL};
	road_buffer *buffer = NULL;

	for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
		int fd = memory_fd(4096, seals[i]);

		check_no_import(f, fd, 4096, ROAD_INVALID_ARGUMENT);
		CHECK_DETAIL("sealed");
		close(fd);
	}
	int fd = memory_fd(4096, F_SEAL_SHRINK);

	CHECK_OK(road_buffer_import(f->space, fd, 4096, &buffer));
	road_buffer_release(buffer);
	close(fd);
}
