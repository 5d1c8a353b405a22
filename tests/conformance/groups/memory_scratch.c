/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of scratchpads: what copies bring there comes back, and what it is not is refused. */
#include "tests/conformance/groups/model.h"

enum { BYTES = 1500 };

/* Rows with other pitches on each side, some of them in a view. */
static void check_boxes(struct fixture *f, struct model *scratch, struct model *memory)
{
	for (int round = 0; round < 6; round++) {
		struct model *to = round % 2 ? scratch : memory;
		struct model *from = round % 2 ? memory : scratch;
		road_copy_box box = model_random_box(f, to, from, 3);
		road_list *list = fixture_list(f, 0);

		model_box(f, list, to, from, &box);
		model_run(f, list);
		model_check(f, to, "a box between memory and scratchpads");
		model_check(f, from, "where the box came from");
	}
}

static void check_copies(struct fixture *f, struct model *scratch, struct model *memory)
{
	road_list *list = fixture_list(f, 0);

	/* one behind the other over the same bytes: a list is done in order */
	model_copy(list, scratch, 3, memory, 40, 700);
	model_copy(list, memory, 1, scratch, 0, 900);
	model_copy(list, scratch, 650, memory, 5, 77);
	model_copy(list, scratch, 10, scratch, 600, 300);
	model_copy(list, scratch, 601, scratch, 600, 300); /* as if the source was read first */
	model_copy(list, memory, 0, scratch, 100, 1000);
	model_run(f, list);
	model_check(f, scratch, "scratchpads after copies");
	model_check(f, memory, "memory after copies");
}

CONFORMANCE_CASE(memory, scratch_copies_come_back)
{
	(void)fixture_queue(f); /* scratchpads keep what they hold while there is one */
	for (uint32_t i = 0; i < f->memory_heaps; i++) {
		road_heap_info heap = {.size = sizeof(heap)};

		CHECK_OK(road_device_heap(f->device, i, &heap));
		struct model memory = model_new(f, heap.kind, BYTES);
		struct model scratch = model_new(f, ROAD_HEAP_SCRATCH, BYTES);
		struct model beside = model_new(f, ROAD_HEAP_SCRATCH, 64);

		check_copies(f, &scratch, &memory);
		check_boxes(f, &scratch, &memory);
		if (fixture_has(f, CAPABILITY_FILL)) {
			road_list *list = fixture_list(f, 0);

			model_fill(list, &scratch, 8, 400, UINT64_C(0x0123456789abcdef), 8);
			model_fill(list, &scratch, 410, 3, 0x77, 1);
			model_run(f, list);
			model_check(f, &scratch, "scratchpads that were filled");
		}
		model_check(f, &beside, "another buffer in scratchpads");
	}
}

CONFORMANCE_CASE(memory, scratch_is_zero_at_first)
{
	static const unsigned char zero[BYTES];
	unsigned char seen[BYTES];

	(void)fixture_queue(f);
	for (int round = 0; round < 5; round++) {
		uint64_t bytes = 1 + model_below(f, BYTES);
		road_buffer_options options = {
			.size = sizeof(options), .heap = ROAD_HEAP_SCRATCH, .bytes = bytes};
		road_buffer *buffer = NULL;

		CHECK_OK(road_buffer_create(f->space, &options, &buffer));
		fixture_get(f, seen, buffer, 0, bytes);
		CHECK(!memcmp(seen, zero, bytes));
		memset(seen, 0x5a, bytes);
		fixture_put(f, buffer, 0, seen, bytes);
		road_buffer_release(buffer);
	}
}

/* Each unit has a scratchpad of its own: there is no one word, no descriptor, no host pointer. */
CONFORMANCE_CASE(memory, scratch_words_and_mappings_refused)
{
	road_buffer *buffer = fixture_buffer_in(f, ROAD_HEAP_SCRATCH, 64);
	road_list *list = fixture_list(f, 0);
	void *pointer = NULL;
	int fd = -1;

	CHECK_STATUS(road_buffer_map(buffer, 0, 64, ROAD_MAP_READ, &pointer), ROAD_PERMISSION);
	CHECK_DETAIL("ROAD_HEAP_SCRATCH");
	CHECK_STATUS(road_buffer_export(buffer, &fd), ROAD_UNSUPPORTED);
	if (fixture_has(f, CAPABILITY_WAIT_VALUE)) {
		CHECK_STATUS(road_list_wait_value(list, buffer, 0, 8, ROAD_COMPARE_GE, 0),
			     ROAD_UNSUPPORTED);
		CHECK_DETAIL("ROAD_HEAP_SCRATCH");
	}
	if (fixture_has(f, CAPABILITY_WRITE_VALUE))
		CHECK_STATUS(road_list_write_value(list, buffer, 0, 8, 1), ROAD_UNSUPPORTED);
	if (fixture_has(f, CAPABILITY_TIMESTAMP))
		CHECK_STATUS(road_list_timestamp(list, buffer, 0), ROAD_UNSUPPORTED);
	CHECK(pointer == NULL && fd == -1);
}
