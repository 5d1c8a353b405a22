/* SPDX-License-Identifier: Apache-2.0 */
/* The port of the educational device, on a bus that bears no mistake. */
#include <stdlib.h>
#include <string.h>

#include "drivers/edu/edu.h"
#include "tests/unit/edu/fake_edu.h"
#include "tests/unit/edu/services.h"

extern const struct road_driver road_driver_edu;

static const struct road_driver_ops *ops;
static struct fake_edu fake;
static struct road_drv_device dev;
static struct road_drv_space space;
static struct road_drv_queue queue;
static uint64_t sequence;

static void prepare(void)
{
	ops = road_driver_edu.ops;
	fake_init(&fake);
	dev = (struct road_drv_device){.driver = &road_driver_edu, .bus = &fake.bus};
	space = (struct road_drv_space){.dev = &dev};
	queue = (struct road_drv_queue){.dev = &dev, .space = &space, .depth = 64};
	sequence = 0;
	atomic_store(&services_lost, NULL);
}

static void bring_up(void)
{
	CU_ASSERT_EQUAL_FATAL(ops->start(&dev, ""), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(ops->queue_open(&queue), ROAD_OK);
}

static void setup(void)
{
	prepare();
	bring_up();
}

static void teardown(void)
{
	ops->queue_close(&queue);
	ops->stop(&dev, fake.lost ? ROAD_STOP_LOST : ROAD_STOP_CLOSE);
	CU_ASSERT_EQUAL(fake.mapped, 0);
	CU_ASSERT_EQUAL(fake.broken, 0);
	if (fake.broken)
		printf("# broken %u times, last: %s\n", fake.broken, fake.why);
}

static struct road_drv_buffer make(uint32_t heap, uint64_t bytes)
{
	struct road_drv_buffer buffer = {.space = &space, .heap = heap, .bytes = bytes};

	CU_ASSERT_EQUAL_FATAL(edu_memory_ops.alloc(&buffer), ROAD_OK);
	return buffer;
}

static struct road_drv_buffer device_memory(uint64_t bytes)
{
	return make(ROAD_HEAP_DEVICE, bytes);
}

static struct road_drv_buffer host_memory(uint64_t bytes)
{
	return make(ROAD_HEAP_HOST, bytes);
}

static void drop(struct road_drv_buffer *buffer)
{
	edu_memory_ops.free(buffer);
}

static struct road_place place(const struct road_drv_buffer *buffer, uint64_t offset)
{
	return (struct road_place){.address = buffer->address + offset};
}

static void flush(struct road_drv_buffer *buffer)
{
	edu_memory_ops.sync(buffer, 0, buffer->bytes, ROAD_DMA_TO_DEVICE);
}

static void invalidate(struct road_drv_buffer *buffer)
{
	edu_memory_ops.sync(buffer, 0, buffer->bytes, ROAD_DMA_TO_HOST);
}

/* Transfers end and interrupts are delivered until nothing moves any more. */
static void settle(void)
{
	while (fake.command & ROAD_EDU_DMA_START) {
		fake.now = fake.dma_end;
		fake_finish(&fake);
		CU_ASSERT(fake.irq);
		ops->irq(&dev, 0);
		CU_ASSERT(!fake.irq || fake.command & ROAD_EDU_DMA_START);
	}
}

static struct road_drv_progress progress_of(struct road_drv_queue *q)
{
	struct road_drv_progress progress = {0};

	ops->advance(q, &progress);
	return progress;
}

static void submit(const struct road_cmd *command)
{
	const struct road_drv_submission s = {++sequence, command, 1, false};

	CU_ASSERT_EQUAL_FATAL(ops->submit(&queue, &s), ROAD_OK);
}

static void run(const struct road_cmd *command)
{
	submit(command);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence - 1); /* never done by submit */
	settle();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence);
	CU_ASSERT_EQUAL(progress_of(&queue).failed_from, UINT64_MAX);
}

static struct road_cmd copy_of(struct road_place dst, struct road_place src, uint64_t bytes)
{
	return (struct road_cmd){
		.kind = ROAD_COMMAND_COPY,
		.copy = {.dst = dst, .src = src, .bytes = bytes, .rows = 1, .slices = 1}};
}

static void run_copy(struct road_drv_buffer *dst, uint64_t to, struct road_drv_buffer *src,
		     uint64_t from, uint64_t bytes)
{
	struct road_cmd command = copy_of(place(dst, to), place(src, from), bytes);

	run(&command);
}

static unsigned char pattern_at(uint64_t i, unsigned seed)
{
	return (unsigned char)((i * 2654435761u + seed * 40503u) >> 11);
}

static void pattern(void *out, uint64_t bytes, unsigned seed)
{
	for (uint64_t i = 0; i < bytes; i++)
		((unsigned char *)out)[i] = pattern_at(i, seed);
}

/* ---- bring-up ---- */

static void probe_looks_at_the_identity_and_writes_nothing(void)
{
	prepare();
	CU_ASSERT_EQUAL(ops->probe(&fake.bus), ROAD_OK);
	fake.id = 0x020000ed;
	CU_ASSERT_EQUAL(ops->probe(&fake.bus), ROAD_UNSUPPORTED);
	CU_ASSERT(services_error_has("0x020000ed"));
	CU_ASSERT_EQUAL(fake.writes, 0);
}

static void start_refuses_a_device_that_fails_its_self_test(void)
{
	prepare();
	fake.liveness_xor = 1;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_IO);
	CU_ASSERT(services_error_has("liveness"));
	prepare();
	fake.factorial_of_5 = 121;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_IO);
	CU_ASSERT(services_error_has("factorial"));
}

static void start_waits_no_longer_than_its_deadline(void)
{
	prepare();
	fake.computes_forever = true;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_TIMEOUT);
	CU_ASSERT(services_error_has("register stays 0x1, awaited 0x0") &&
		  services_error_has("register 0x20"));
	prepare();
	fake.command = ROAD_EDU_DMA_START;
	fake.wedged = true;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_TIMEOUT);
	CU_ASSERT(services_error_has("register 0x98"));
	prepare();
	fake.lost = true;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_DEVICE_LOST);
}

static void start_clears_what_an_earlier_user_left(void)
{
	prepare();
	fake.command = ROAD_EDU_DMA_START; /* a transfer still runs */
	fake.source = 0x10000;
	fake.target = ROAD_EDU_BUFFER;
	fake.count = 8;
	fake.dma_end = 50;
	bring_up();
	CU_ASSERT_EQUAL(fake.irq_status, 0);
	CU_ASSERT_EQUAL(fake.broken, 1); /* theirs: it read memory that is not mapped */
	fake.broken = 0;
	teardown();
}

static void start_undoes_itself_when_memory_is_refused(void)
{
	prepare();
	fake.fail_alloc = 1;
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_IO);
	CU_ASSERT_EQUAL(fake.mapped, 0);
	prepare();
	fake.first_iova = ROAD_EDU_DMA_MASK - 2047; /* not all of it is in reach */
	CU_ASSERT_EQUAL(ops->start(&dev, ""), ROAD_NO_SPACE);
	CU_ASSERT(services_error_has("28 bits"));
	CU_ASSERT_EQUAL(fake.mapped, 0);
	CU_ASSERT_PTR_NULL(dev.data);
}

static void the_device_tells_what_it_is(void)
{
	struct road_device_info info = {0};
	struct road_property property;

	setup();
	ops->info(&dev, &info);
	CU_ASSERT_EQUAL(info.device_class, ROAD_CLASS_EDU);
	CU_ASSERT(info.test_scale > 1);
	CU_ASSERT(info.features & ROAD_FEATURE_COHERENT);
	CU_ASSERT_EQUAL(info.commands & 1u << ROAD_COMMAND_LAUNCH, 0);
	CU_ASSERT_EQUAL(info.commands & 1u << ROAD_COMMAND_WAIT_VALUE, 0);
	CU_ASSERT_EQUAL(ops->property(&dev, 0, &property), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(property.name, "memory.bytes");
	CU_ASSERT_EQUAL(property.u64, info.memory_bytes);
	CU_ASSERT_EQUAL(ops->property(&dev, 100, &property), ROAD_NOT_FOUND);
	fake.coherent = false;
	memset(&info, 0, sizeof(info));
	ops->info(&dev, &info);
	CU_ASSERT_EQUAL(info.features & ROAD_FEATURE_COHERENT, 0);
	fake.coherent = true;
	teardown();
}

/* ---- commands ---- */

static int differs(const unsigned char *bytes, uint64_t count, unsigned seed, uint64_t from)
{
	int wrong = 0;

	for (uint64_t i = 0; i < count; i++)
		wrong += bytes[i] != pattern_at(i + from, seed);
	return wrong;
}

static void round_trips(void)
{
	static const uint64_t sizes[] = {1, 7, 8, 247, 248, 249, 2047, 2048, 2049, 3840};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct road_drv_buffer h = host_memory(4096), d = device_memory(sizes[i]);

		pattern(h.host, 4096, i);
		flush(&h);
		run_copy(&d, 0, &h, 5, sizes[i]);
		memset(h.host, 0, 4096);
		flush(&h);
		run_copy(&h, 3, &d, 0, sizes[i]);
		invalidate(&h);
		CU_ASSERT_EQUAL(differs((unsigned char *)h.host + 3, sizes[i], i, 5), 0);
		CU_ASSERT_EQUAL(((unsigned char *)h.host)[2], 0);
		CU_ASSERT_EQUAL(((unsigned char *)h.host)[3 + sizes[i]], 0);
		drop(&d);
		drop(&h);
	}
}

static void bytes_of_any_size_go_to_the_device_and_back(void)
{
	setup();
	round_trips();
	CU_ASSERT(fake.largest <= 2048);
	teardown();
}

static void memory_that_is_not_coherent_is_synchronised(void)
{
	prepare();
	fake.coherent = false;
	bring_up();
	round_trips();
	struct road_drv_buffer h = host_memory(1024);
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = place(&h, 0), .bytes = 1024, .pattern = 0x77, .pattern_bytes = 1}};

	run(&fill); /* the pattern passes through the driver's own memory */
	invalidate(&h);
	for (int i = 0; i < 1024; i++)
		CU_ASSERT_EQUAL(((unsigned char *)h.host)[i], 0x77);
	drop(&h);
	teardown();
}

/* Copies within one heap, apart from each other and over each other, both ways. */
static void copies_within(uint32_t heap)
{
	static const struct {
		uint64_t dst, src, bytes;
	} cases[] = {{0, 2000, 1500}, {2000, 0, 1500}, {0, 100, 3500}, {100, 0, 3500},
		     {1, 0, 3000},    {0, 1, 3000},    {0, 2300, 1},   {7, 7, 3000}};

	for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct road_drv_buffer b = make(heap, 3800), h = host_memory(3800);
		unsigned char expected[3800];

		pattern(h.host, 3800, c);
		memcpy(expected, h.host, 3800);
		memmove(expected + cases[c].dst, expected + cases[c].src, cases[c].bytes);
		run_copy(&b, 0, &h, 0, 3800);
		run_copy(&b, cases[c].dst, &b, cases[c].src, cases[c].bytes);
		memset(h.host, 0, 3800);
		run_copy(&h, 0, &b, 0, 3800);
		CU_ASSERT_EQUAL(memcmp(h.host, expected, 3800), 0);
		drop(&h);
		drop(&b);
	}
}

static void copies_within_the_device_pass_through_the_driver(void)
{
	setup();
	copies_within(ROAD_HEAP_DEVICE);
	teardown();
}

static void copies_within_host_memory_pass_through_the_device(void)
{
	setup();
	copies_within(ROAD_HEAP_HOST);
	teardown();
}

static void boxes_keep_what_lies_between_their_rows(void)
{
	setup();
	struct road_drv_buffer h = host_memory(4096), d = device_memory(3000);
	struct road_cmd command = copy_of(place(&d, 10), place(&h, 3), 20);
	unsigned char expected[3000] = {0};

	pattern(h.host, 4096, 9);
	command.copy.rows = 4;
	command.copy.slices = 3;
	command.copy.src_row_pitch = 33;
	command.copy.src_slice_pitch = 200;
	command.copy.dst_row_pitch = 50;
	command.copy.dst_slice_pitch = 333;
	for (unsigned s = 0; s < 3; s++)
		for (unsigned r = 0; r < 4; r++)
			memcpy(expected + 10 + s * 333 + r * 50,
			       (char *)h.host + 3 + s * 200 + r * 33, 20);
	run(&command);
	run_copy(&h, 0, &d, 0, 3000);
	CU_ASSERT_EQUAL(memcmp(h.host, expected, 3000), 0);
	drop(&d);
	drop(&h);
	teardown();
}

static void fills_repeat_the_pattern(void)
{
	setup();
	for (uint32_t width = 1; width <= 8; width *= 2) {
		for (int heap = 0; heap < 2; heap++) {
			struct road_drv_buffer b =
				make(heap ? ROAD_HEAP_HOST : ROAD_HEAP_DEVICE, 3000);
			struct road_drv_buffer h = host_memory(3000);
			const uint64_t value = UINT64_C(0x1122334455667788);
			const struct road_cmd fill = {.kind = ROAD_COMMAND_FILL,
						      .fill = {.dst = place(&b, 8),
							       .bytes = 2888,
							       .pattern = value,
							       .pattern_bytes = width}};
			unsigned char expected[3000] = {0};

			for (uint32_t i = 0; i < 2888; i++)
				expected[8 + i] = (unsigned char)(value >> i % width * 8);
			run(&fill);
			run_copy(&h, 0, &b, 0, 3000);
			CU_ASSERT_EQUAL(memcmp(h.host, expected, 3000), 0);
			drop(&h);
			drop(&b);
		}
	}
	teardown();
}

static void words_and_timestamps_are_stored_after_earlier_commands(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);
	struct road_cmd word = {
		.kind = ROAD_COMMAND_WRITE_VALUE,
		.word = {.at = place(&d, 8), .bytes = 8, .value = 0x8877665544332211}};
	uint64_t *out = h.host;

	run(&word);
	run_copy(&h, 0, &d, 0, 64);
	CU_ASSERT_EQUAL(out[0], 0);
	CU_ASSERT_EQUAL(out[1], 0x8877665544332211);
	CU_ASSERT_EQUAL(out[2], 0);
	word.word = (struct road_cmd_word){.at = place(&h, 20), .bytes = 4, .value = 0xaabbccdd};
	run(&word);
	CU_ASSERT_EQUAL(((uint32_t *)h.host)[5], 0xaabbccdd);
	CU_ASSERT_EQUAL(((uint32_t *)h.host)[6], 0);

	/* Two on their way at once: the second's clock is read when the first has ended. */
	struct road_cmd stamps[2] = {
		{.kind = ROAD_COMMAND_TIMESTAMP, .word = {.at = place(&d, 0), .bytes = 8}},
		{.kind = ROAD_COMMAND_TIMESTAMP, .word = {.at = place(&h, 32), .bytes = 8}}};
	uint64_t start = fake.now = 12345678;

	submit(&stamps[0]);
	submit(&stamps[1]);
	settle();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence);
	run_copy(&h, 0, &d, 0, 8);
	CU_ASSERT_EQUAL(out[0], start);
	CU_ASSERT_EQUAL(out[4], start + FAKE_DMA_NS);
	drop(&d);
	drop(&h);
	teardown();
}

static void two_queues_copy_within_the_device_at_once(void)
{
	setup();
	struct road_drv_queue other = {.dev = &dev, .space = &space, .depth = 8};
	struct road_drv_buffer d = device_memory(3800), h = host_memory(3800);
	unsigned char expected[3800];

	CU_ASSERT_EQUAL_FATAL(ops->queue_open(&other), ROAD_OK);
	pattern(h.host, 3800, 3);
	memcpy(expected, h.host, 3800);
	memcpy(expected + 900, expected, 900);
	memcpy(expected + 2700, expected + 1800, 900);
	run_copy(&d, 0, &h, 0, 3800);
	/* Each takes two transfers, through memory that both share. */
	struct road_cmd first = copy_of(place(&d, 900), place(&d, 0), 900);
	struct road_cmd second = copy_of(place(&d, 2700), place(&d, 1800), 900);
	const struct road_drv_submission s = {1, &second, 1, false};

	submit(&first);
	CU_ASSERT_EQUAL(ops->submit(&other, &s), ROAD_OK);
	settle();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence);
	CU_ASSERT_EQUAL(progress_of(&other).completed, 1);
	run_copy(&h, 0, &d, 0, 3800);
	CU_ASSERT_EQUAL(memcmp(h.host, expected, 3800), 0);
	ops->queue_close(&other);
	drop(&d);
	drop(&h);
	teardown();
}

static void what_the_engine_cannot_reach_is_a_fault(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64);
	unsigned char bytes[64];
	const struct road_place ends[] = {
		{.address = (uint64_t)(uintptr_t)bytes},         /* no memory of ours */
		{.address = ROAD_EDU_DMA_MASK - 3, .bus = true}, /* ends beyond 28 bits */
		{.address = UINT64_MAX - 3, .bus = true},
		{.address = d.address + EDU_HEAP_BYTES - 60}, /* ends in the driver's scratch */
	};

	for (unsigned i = 0; i < 4; i++) {
		struct road_cmd command = copy_of(ends[i], place(&d, 0), 64);
		unsigned transfers = fake.transfers;

		submit(&command);
		settle();
		CU_ASSERT_EQUAL(progress_of(&queue).failed_from, sequence);
		CU_ASSERT_EQUAL(progress_of(&queue).status, ROAD_FAULT);
		CU_ASSERT_EQUAL(fake.transfers, transfers);
		CU_ASSERT_EQUAL(ops->queue_reset(&queue), ROAD_OK);
		sequence = 0;
	}
	drop(&d);
	teardown();
}

/* ---- memory ---- */

static void memory_is_zero_whoever_had_it_before(void)
{
	setup();
	for (int round = 0; round < 2; round++) {
		struct road_drv_buffer d = device_memory(3840), h = host_memory(3840);
		int set = 0;

		run_copy(&h, 0, &d, 0, 3840); /* power-on contents the first time */
		for (int i = 0; i < 3840; i++)
			set += ((unsigned char *)h.host)[i] != 0;
		CU_ASSERT_EQUAL(set, 0);
		memset(h.host, 0xa5, 3840);
		run_copy(&d, 0, &h, 0, 3840);
		drop(&d);
		drop(&h);
	}
	teardown();
}

static void memory_is_aligned_as_asked(void)
{
	int moved = 0;

	setup();
	for (uint64_t align = 1; align <= UINT64_C(2) << 20; align *= 8) {
		struct road_drv_buffer h = {
			.space = &space, .heap = ROAD_HEAP_HOST, .bytes = 100, .alignment = align};
		struct road_drv_buffer d = {.space = &space, .bytes = 100, .alignment = align};

		CU_ASSERT_EQUAL_FATAL(edu_memory_ops.alloc(&h), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(edu_memory_ops.alloc(&d), ROAD_OK);
		CU_ASSERT_EQUAL(h.address % align, 0);
		CU_ASSERT_EQUAL(d.address % align, 0);
		CU_ASSERT_PTR_EQUAL(h.host, (void *)(uintptr_t)h.address);
		/* What is exported begins where the buffer does. */
		CU_ASSERT(!h.dma.host || h.dma.host == h.host);
		moved += !h.dma.host;
		pattern(h.host, 100, 4);
		run_copy(&d, 0, &h, 0, 100);
		memset(h.host, 0, 100);
		run_copy(&h, 0, &d, 0, 100);
		CU_ASSERT_EQUAL(differs(h.host, 100, 4, 0), 0);
		drop(&d);
		drop(&h);
	}
	CU_ASSERT(moved > 0);
	teardown();
}

static void memory_runs_out_with_a_reason_and_comes_back(void)
{
	setup();
	struct road_drv_buffer a = device_memory(3000), b = {.space = &space, .bytes = 1000};
	struct road_heap_info info;

	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&b), ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_EQUAL(edu_memory_ops.heap(&dev, 0, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.used_bytes, 3000);
	drop(&a);
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&b), ROAD_OK);
	drop(&b);
	b.heap = ROAD_HEAP_DEVICE_VISIBLE;
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&b), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(edu_memory_ops.heap(&dev, 2, &info), ROAD_NOT_FOUND);
	fake.fail_alloc = fake.allocs + 1;
	b.heap = ROAD_HEAP_HOST;
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&b), ROAD_IO);
	fake.first_iova = ROAD_EDU_DMA_MASK + 1;
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&b), ROAD_NO_SPACE);
	CU_ASSERT_EQUAL(edu_memory_ops.heap(&dev, 1, &info), ROAD_OK);
	CU_ASSERT_EQUAL(info.used_bytes, 0);
	teardown();
}

static void host_buffers_are_found_by_any_address_in_them(void)
{
	setup();
	enum { COUNT = 40 };
	struct road_drv_buffer buffers[COUNT];
	const struct edu *edu = dev.data;
	uint64_t iova;

	for (int i = 0; i < COUNT; i++)
		buffers[i] = host_memory(100 + (uint64_t)i);
	for (int i = 0; i < COUNT; i += 2)
		drop(&buffers[i]);
	for (int i = 0; i < COUNT; i++) {
		uint64_t last = buffers[i].address + buffers[i].bytes - 1;
		bool found = edu_host_iova((struct edu *)edu, last, 1, &iova);

		CU_ASSERT_EQUAL(found, i % 2 == 1);
		if (found)
			CU_ASSERT_EQUAL(iova, buffers[i].dma.iova.value + buffers[i].bytes - 1);
		CU_ASSERT_FALSE(edu_host_iova((struct edu *)edu, last, 2, &iova));
	}
	for (int i = 1; i < COUNT; i += 2)
		drop(&buffers[i]);
	teardown();
}

/* ---- loss and reset ---- */

static void a_lost_device_fails_its_work_and_tells_the_core(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);
	struct road_cmd command = copy_of(place(&d, 0), place(&h, 0), 64);
	struct road_drv_buffer late = {.space = &space, .bytes = 8};

	submit(&command);
	fake.lost = true;
	ops->irq(&dev, 0);
	CU_ASSERT_PTR_EQUAL(atomic_load(&services_lost), &dev);
	CU_ASSERT_EQUAL(progress_of(&queue).failed_from, sequence);
	CU_ASSERT_EQUAL(progress_of(&queue).status, ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&late), ROAD_DEVICE_LOST);
	drop(&d);
	drop(&h);
	teardown();
}

static void an_interrupt_of_nothing_changes_nothing(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);
	struct road_cmd command = copy_of(place(&d, 0), place(&h, 0), 64);

	ops->irq(&dev, 0);
	submit(&command);
	fake.irq_status = ROAD_EDU_IRQ_FACTORIAL; /* somebody else's reason */
	ops->irq(&dev, 0);
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence - 1);
	CU_ASSERT_EQUAL(fake.irq_status, 0);
	settle();
	CU_ASSERT_EQUAL(progress_of(&queue).completed, sequence);
	drop(&d);
	drop(&h);
	teardown();
}

static void reset_cancels_work_and_keeps_memory(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);

	pattern(h.host, 64, 6);
	run_copy(&d, 0, &h, 0, 64);
	memset(h.host, 0, 64);
	struct road_cmd within = copy_of(place(&d, 32), place(&d, 0), 16);

	submit(&within); /* its first half runs when the reset comes */
	CU_ASSERT_EQUAL(ops->reset(&dev), ROAD_OK);
	CU_ASSERT_EQUAL(fake.resets, 0);
	CU_ASSERT_EQUAL(fake.irq_status, 0);
	CU_ASSERT_EQUAL(progress_of(&queue).status, ROAD_CANCELLED);
	CU_ASSERT_EQUAL(ops->queue_reset(&queue), ROAD_OK);
	sequence = 0;
	run_copy(&h, 0, &d, 0, 64);
	CU_ASSERT_EQUAL(differs(h.host, 64, 6, 0), 0);
	struct road_drv_buffer later = device_memory(64); /* the driver's own queue works on */

	drop(&later);
	drop(&d);
	drop(&h);
	teardown();
}

static void a_wedged_device_is_reset_by_the_bus(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);
	struct road_cmd command = copy_of(place(&d, 0), place(&h, 0), 64);

	submit(&command);
	fake.wedged = true;
	CU_ASSERT_EQUAL(ops->reset(&dev), ROAD_OK);
	CU_ASSERT_EQUAL(fake.resets, 1);
	CU_ASSERT_EQUAL(ops->queue_reset(&queue), ROAD_OK);
	sequence = 0;
	run(&command);
	drop(&d);
	drop(&h);
	teardown();
}

static void a_device_that_a_reset_does_not_mend_says_so(void)
{
	setup();
	fake.factorial_of_5 = 121;
	CU_ASSERT_EQUAL(ops->reset(&dev), ROAD_IO);
	CU_ASSERT_EQUAL(fake.resets, 1);
	CU_ASSERT(services_error_has("factorial"));
	fake.factorial_of_5 = 120;
	CU_ASSERT_EQUAL(ops->reset(&dev), ROAD_OK);
	teardown();
}

/* All ones are no answer; but only a device that is gone is told to be. */
static void who_looks_at_the_engine_sees_that_it_is_gone(void)
{
	setup();
	struct road_drv_buffer d = device_memory(64), h = host_memory(64);
	struct road_cmd command = copy_of(place(&d, 0), place(&h, 0), 64);

	uint64_t done = 0;

	submit(&command);
	uint32_t running = fake.command;

	fake.command = UINT32_MAX;
	CU_ASSERT_EQUAL(edu_step_ops.check(&queue, &command, &done, NULL), ROAD_STEP_BUSY);
	CU_ASSERT_PTR_NULL(atomic_load(&services_lost));
	fake.command = running;
	fake.lost = true;
	CU_ASSERT_EQUAL(edu_step_ops.check(&queue, &command, &done, NULL), ROAD_STEP_BUSY);
	CU_ASSERT_PTR_EQUAL(atomic_load(&services_lost), &dev);
	CU_ASSERT_EQUAL(done, 0);
	drop(&d);
	drop(&h);
	teardown();
}

static void wiping_gives_up_on_a_wedged_device(void)
{
	setup();
	struct road_drv_buffer d = {.space = &space, .bytes = 64};

	fake.wedged = true;
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&d), ROAD_TIMEOUT);
	CU_ASSERT(services_error_has("wiped"));
	CU_ASSERT_EQUAL(ops->reset(&dev), ROAD_OK);
	CU_ASSERT_EQUAL(edu_memory_ops.alloc(&d), ROAD_OK);
	drop(&d);
	teardown();
}

static const struct tap_case cases[] = {
	{"probe looks at the identity and writes nothing",
	 probe_looks_at_the_identity_and_writes_nothing},
	{"start refuses a device that fails its self test",
	 start_refuses_a_device_that_fails_its_self_test},
	{"start waits no longer than its deadline", start_waits_no_longer_than_its_deadline},
	{"start clears what an earlier user left", start_clears_what_an_earlier_user_left},
	{"start undoes itself when memory is refused", start_undoes_itself_when_memory_is_refused},
	{"the device tells what it is", the_device_tells_what_it_is},
	{"bytes of any size go to the device and back",
	 bytes_of_any_size_go_to_the_device_and_back},
	{"memory that is not coherent is synchronised",
	 memory_that_is_not_coherent_is_synchronised},
	{"copies within the device pass through the driver",
	 copies_within_the_device_pass_through_the_driver},
	{"copies within host memory pass through the device",
	 copies_within_host_memory_pass_through_the_device},
	{"boxes keep what lies between their rows", boxes_keep_what_lies_between_their_rows},
	{"fills repeat the pattern", fills_repeat_the_pattern},
	{"words and timestamps are stored after earlier commands",
	 words_and_timestamps_are_stored_after_earlier_commands},
	{"two queues copy within the device at once", two_queues_copy_within_the_device_at_once},
	{"what the engine cannot reach is a fault", what_the_engine_cannot_reach_is_a_fault},
	{"memory is zero whoever had it before", memory_is_zero_whoever_had_it_before},
	{"memory is aligned as asked", memory_is_aligned_as_asked},
	{"memory runs out with a reason and comes back",
	 memory_runs_out_with_a_reason_and_comes_back},
	{"host buffers are found by any address in them",
	 host_buffers_are_found_by_any_address_in_them},
	{"a lost device fails its work and tells the core",
	 a_lost_device_fails_its_work_and_tells_the_core},
	{"an interrupt of nothing changes nothing", an_interrupt_of_nothing_changes_nothing},
	{"reset cancels work and keeps memory", reset_cancels_work_and_keeps_memory},
	{"a wedged device is reset by the bus", a_wedged_device_is_reset_by_the_bus},
	{"a device that a reset does not mend says so",
	 a_device_that_a_reset_does_not_mend_says_so},
	{"who looks at the engine sees that it is gone",
	 who_looks_at_the_engine_sees_that_it_is_gone},
	{"wiping gives up on a wedged device", wiping_gives_up_on_a_wedged_device},
};

TAP_MAIN(cases)
