/* SPDX-License-Identifier: Apache-2.0 */
/* Guests that mean harm: what they write is refused and told, harms at most the guest itself, and
 * a program that comes later has a chip. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "tests/support/tap.h"
#include "tests/unit/ivshmem/guest.h"
#include "tests/unit/serve/rig.h"
#include "uapi/edu.h"

static const char *const chips[] = {"sim:edu"};

struct scene {
	struct rig_server *server;
	struct guest guest;
};

static void begin(struct scene *scene)
{
	*scene = (struct scene){.server = rig_serve_guests(chips, 1, 4)};
	CU_ASSERT_FATAL(guest_plug(&scene->guest, rig_path(scene->server)));
	CU_ASSERT_FATAL(guest_begin(&scene->guest));
	guest_greet(&scene->guest);
}

/* The next program in the guest finds all in order; `dropped` sessions were thrown out before. */
static void works_again(struct scene *scene, uint64_t dropped)
{
	struct guest_function function;
	struct road_bus *bus = guest_function(&function, &scene->guest);

	CU_ASSERT_EQUAL_FATAL(road_ivshmem_open(&bus, 0), ROAD_OK);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), UINT32_MAX);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 77);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_LIVENESS), ~UINT32_C(77));
	const uint64_t seen = rig_settled(scene->server, 1).dropped;

	CU_ASSERT_EQUAL(seen, dropped);
	if (seen != dropped)
		rig_said(scene->server, "what was not to be said");
	bus->ops->close(bus);
}

static void end(struct scene *scene, uint64_t dropped)
{
	works_again(scene, dropped);
	guest_unplug(&scene->guest);
	rig_end(scene->server);
}

static void await_end(const struct guest *guest)
{
	for (int ms = 0; ms < 60000 && atomic_load(&guest->memory->state.live); ms++)
		poll(NULL, 0, 1);
	CU_ASSERT_EQUAL(atomic_load(&guest->memory->state.live), 0);
}

/* ---- numbers ---- */

static void memory_out_of_the_window_is_refused(void)
{
	static const struct row {
		uint64_t offset, address, bytes;
	} rows[] = {
		{0, 0, 4096},         /* the server's words */
		{36864, 36864, 4096}, /* the answer */
		{ROAD_IVSHMEM_WINDOW - 4096, ROAD_IVSHMEM_WINDOW - 4096, 8192},
		{ROAD_IVSHMEM_WINDOW, ROAD_IVSHMEM_WINDOW, RIG_GUEST_BYTES},
		{RIG_GUEST_BYTES - 4096, RIG_GUEST_BYTES - 4096, 8192}, /* over the end */
		{RIG_GUEST_BYTES, RIG_GUEST_BYTES, 4096},
		{UINT64_MAX - 4095, UINT64_MAX - 4095, 4096},
		{INT64_MAX - 4095, INT64_MAX - 4095, 8192},
		{ROAD_IVSHMEM_WINDOW, ROAD_IVSHMEM_WINDOW, UINT64_MAX - 4095},
		{ROAD_IVSHMEM_WINDOW, ROAD_IVSHMEM_WINDOW, 0},
		{ROAD_IVSHMEM_WINDOW, ROAD_IVSHMEM_WINDOW + 4096, 4096}, /* not at its offset */
		{0, ROAD_IVSHMEM_WINDOW, 4096},
		{ROAD_IVSHMEM_WINDOW + 1, ROAD_IVSHMEM_WINDOW + 1, 4096},
		{ROAD_IVSHMEM_WINDOW, ROAD_IVSHMEM_WINDOW, 4095},
	};
	struct scene scene;

	begin(&scene);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct road_wire_dma_map map = {sizeof(map), 3, rows[i].offset,
						      rows[i].address, rows[i].bytes};
		const int error =
			guest_ask(&scene.guest, ROAD_WIRE_DMA_MAP, &map, sizeof(map), NULL, 0);

		if (error != EINVAL)
			printf("# row %zu: %d\n", i, error);
		CU_ASSERT_EQUAL(error, EINVAL);
	}
	CU_ASSERT(rig_said(scene.server, "DMA_MAP is refused"));
	/* What is in order is not, and what is mapped cannot be mapped again. */
	const struct road_wire_dma_map good = {sizeof(good), 3, ROAD_IVSHMEM_WINDOW,
					       ROAD_IVSHMEM_WINDOW, 8192};

	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_DMA_MAP, &good, sizeof(good), NULL, 0),
			0);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_DMA_MAP, &good, sizeof(good), NULL, 0),
			EEXIST);
	end(&scene, 0);
}

static void messages_that_need_descriptors_are_refused(void)
{
	const struct road_wire_irq_set set = {sizeof(set), 36, 2, 0, 1};
	const struct road_wire_irq_set far = {sizeof(far), 36, 2, 63, 2};
	const struct road_wire_piece piece = {0};
	const struct road_wire_region_rw rows[] = {
		{0x100000, 0, 4}, {0, 6, 4}, {0, 0, 0}, {0, 0, 5000}, {UINT64_MAX, 0, 8}};
	struct scene scene;

	begin(&scene);
	/* Nothing to signal: the vector is silent then, which is the guest's own loss. */
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_SET_IRQS, &set, sizeof(set), NULL, 0), 0);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_SET_IRQS, &far, sizeof(far), NULL, 0),
			EINVAL);
	CU_ASSERT_EQUAL(
		guest_ask(&scene.guest, ROAD_WIRE_ROAD_PIECE, &piece, sizeof(piece), NULL, 0),
		ENOENT);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_REGION_READ, &rows[i],
					  sizeof(rows[i]), NULL, 0),
				EINVAL);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, 0x7777, NULL, 0, NULL, 0), ENOSYS);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_ROAD_RELAX, NULL, 0, NULL, 0), EINVAL);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_VERSION, &piece, 4, NULL, 0), -1);
	CU_ASSERT(rig_said(scene.server, "it sent VERSION twice"));
	end(&scene, 1);
}

static void the_first_message_is_a_greeting(void)
{
	struct scene scene;

	begin(&scene);
	CU_ASSERT_FATAL(guest_begin(&scene.guest));
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_DEVICE_RESET, NULL, 0, NULL, 0), -1);
	CU_ASSERT(rig_said(scene.server, "first message is not VERSION"));
	end(&scene, 1);
}

static void a_message_of_an_impossible_size_ends_the_session(void)
{
	static const uint32_t sizes[] = {0,         1,         15, ROAD_WIRE_MESSAGE_MAX + 1,
					 INT32_MAX, UINT32_MAX};
	struct scene scene;

	begin(&scene);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct road_wire_header head = {.command = ROAD_WIRE_DEVICE_RESET,
						      .bytes = sizes[i]};

		guest_put(&scene.guest, &head, sizeof(head));
		CU_ASSERT_FALSE(guest_answered(&scene.guest));
		CU_ASSERT_FATAL(guest_begin(&scene.guest));
		guest_greet(&scene.guest);
	}
	CU_ASSERT(rig_said(scene.server, "a message is too long"));
	end(&scene, sizeof(sizes) / sizeof(sizes[0]));
}

static void await_taken(const struct guest *guest, uint64_t posts)
{
	for (int ms = 0; ms < 60000 && atomic_load(&guest->memory->page.taken) != posts; ms++)
		poll(NULL, 0, 1);
	CU_ASSERT_EQUAL(atomic_load(&guest->memory->page.taken), posts);
}

static void counters_that_jump_end_the_session(void)
{
	static const uint64_t asked[] = {2, 1000, UINT64_MAX, UINT64_C(1) << 63};
	static const uint64_t posted[] = {ROAD_WIRE_POSTS + 1, 1000, UINT64_MAX, UINT64_C(1) << 63};
	enum { JUMPS = sizeof(asked) / sizeof(asked[0]), EARLY = 5 };
	struct scene scene;

	begin(&scene);
	struct road_ivshmem_memory *memory = scene.guest.memory;

	for (size_t i = 0; i < JUMPS; i++) {
		atomic_fetch_add(&memory->desk.asked, asked[i]);
		guest_ring(&scene.guest);
		await_end(&scene.guest);
		CU_ASSERT_FATAL(guest_begin(&scene.guest));
		/* What is posted before there is a chip waits for it. */
		const uint64_t taken = atomic_fetch_add(&memory->page.posted, EARLY) + EARLY;

		guest_ring(&scene.guest);
		CU_ASSERT_EQUAL(rig_settled(scene.server, 1).posts, i * EARLY);
		guest_greet(&scene.guest);
		await_taken(&scene.guest, taken);
		atomic_fetch_add(&memory->page.posted, posted[i]);
		guest_ring(&scene.guest);
		await_end(&scene.guest);
		CU_ASSERT_FATAL(guest_begin(&scene.guest));
	}
	CU_ASSERT(rig_said(scene.server, "asks more than one thing at a time"));
	CU_ASSERT(rig_said(scene.server, "posted more than there are places"));
	end(&scene, 2 * JUMPS);
}

static void words_of_the_servers_are_the_guests_own_loss(void)
{
	struct scene scene;

	begin(&scene);
	struct road_ivshmem_memory *memory = scene.guest.memory;
	const struct road_ivshmem_head head = memory->head;

	memset(&memory->head, 0xff, sizeof(memory->head));
	memset(&memory->answer, 0xff, sizeof(memory->answer));
	atomic_store(&memory->page.taken, UINT64_MAX);
	atomic_store(&memory->page.irqs, UINT64_MAX);
	atomic_store(&memory->page.attends, UINT32_MAX);
	atomic_store(&memory->page.now_ps, UINT64_MAX);
	CU_ASSERT_EQUAL(guest_ask(&scene.guest, ROAD_WIRE_DEVICE_RESET, NULL, 0, NULL, 0), 0);
	memory->head = head;
	end(&scene, 0);
}

static void qemu_that_says_something_is_thrown_out(void)
{
	struct scene scene;

	begin(&scene);
	CU_ASSERT_EQUAL(send(scene.guest.sock, "x", 1, 0), 1);
	await_end(&scene.guest);
	guest_unplug(&scene.guest);
	rig_settled(scene.server, 0);
	CU_ASSERT_FATAL(guest_plug(&scene.guest, rig_path(scene.server)));
	end(&scene, 0);
}

/* ---- memory that changes while it is read ---- */

struct flip {
	struct guest *guest;
	_Atomic bool ended;
};

/* Sizes, numbers and the width of posted writes, between what is right and what is not. */
static void *flip(void *arg)
{
	struct flip *own = arg;
	/* At other addresses, as the server sees it: what is a race is one on purpose. */
	struct road_ivshmem_memory *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
						  MAP_SHARED, own->guest->memory_fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	unsigned char *ask = memory->ask.bytes;
	struct road_wire_post *posts = memory->page.posts;

	for (uint32_t i = 0; !atomic_load(&own->ended); i++) {
		__atomic_store_n((uint32_t *)(void *)(ask + 4), i & 1 ? 32u : 8192u,
				 __ATOMIC_RELAXED);
		__atomic_store_n((uint64_t *)(void *)(ask + 16), i & 2 ? 0 : UINT64_MAX,
				 __ATOMIC_RELAXED);
		__atomic_store_n((uint32_t *)(void *)(ask + 28), i & 4 ? 4u : 4000000u,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&posts[i % ROAD_WIRE_POSTS].width, i, __ATOMIC_RELAXED);
		__atomic_store_n(&posts[i % ROAD_WIRE_POSTS].region, i >> 3, __ATOMIC_RELAXED);
		__atomic_store_n(&posts[i % ROAD_WIRE_POSTS].offset, (uint64_t)i << 20,
				 __ATOMIC_RELAXED);
	}
	munmap(memory, sizeof(*memory));
	return memory;
}

static void what_changes_while_it_is_read_is_read_once(void)
{
	enum { ASKS = 3000 };
	struct {
		struct road_wire_header head;
		struct road_wire_region_rw ask;
	} message = {{.command = ROAD_WIRE_REGION_READ, .bytes = sizeof(message)}, {0, 0, 4}};
	struct flip flipper = {0};
	struct road_wire_header answer;
	struct scene scene;
	uint32_t fine = 0;
	pthread_t thread;
	void *flipped;

	begin(&scene);
	flipper.guest = &scene.guest;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, flip, &flipper), 0);
	for (int i = 0; i < ASKS; i++) {
		guest_put(&scene.guest, &message, sizeof(message));
		CU_ASSERT_FATAL(guest_answered(&scene.guest));
		memcpy(&answer, scene.guest.memory->answer.bytes, sizeof(answer));
		/* One of the two: refused, or all of the answer to what was in order. */
		if (answer.flags & ROAD_WIRE_ERROR) {
			CU_ASSERT_EQUAL(answer.bytes, sizeof(answer));
		} else {
			fine += answer.bytes == sizeof(message) + 4;
		}
		if (i % 8 == 0)
			atomic_fetch_add(&scene.guest.memory->page.posted, 1 + i % 200);
	}
	atomic_store(&flipper.ended, true);
	pthread_join(thread, &flipped);
	CU_ASSERT_PTR_NOT_NULL(flipped);
	printf("# %u of %d were read\n", fine, ASKS);
	CU_ASSERT(fine > 0);
	end(&scene, 0);
}

/* ---- anything at all ---- */

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A message that is nearly one: a command that there is, a size that fits it as often as not. */
static void put_nearly(struct guest *guest, uint64_t *seed)
{
	static const uint16_t commands[] = {1,      2,      3,      4,      5,      7,
					    8,      9,      10,     13,     0x5201, 0x5202,
					    0x5203, 0x5204, 0x5205, 0x5206, 0x5210};
	static const uint32_t sizes[] = {0, 4, 8, 16, 20, 24, 32, 64};
	unsigned char message[256];
	struct road_wire_header head = {
		.command = commands[next(seed) % (sizeof(commands) / sizeof(commands[0]))],
		.bytes = (uint32_t)sizeof(head) + sizes[next(seed) % 8],
		.flags = next(seed) % 16 ? 0 : (uint32_t)next(seed),
	};

	for (size_t i = sizeof(head); i < sizeof(message); i += 8) {
		const uint64_t small = next(seed) % 70000, word = next(seed);

		memcpy(message + i, next(seed) % 4 ? &small : &word, 8);
	}
	memcpy(message, &head, sizeof(head));
	if (!(next(seed) % 32))
		memcpy(message + next(seed) % 16, seed, 8);
	guest_put(guest, message, sizeof(message));
}

static void anything_at_all_leaves_the_server_in_order(void)
{
	enum { ROUNDS = 4000 };
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	struct scene scene;

	begin(&scene);
	for (int i = 0; i < ROUNDS; i++) {
		struct road_ivshmem_memory *memory = scene.guest.memory;

		if (!atomic_load(&memory->state.live)) {
			CU_ASSERT_FATAL(guest_begin(&scene.guest));
			if (next(&seed) % 8)
				guest_greet(&scene.guest);
		}
		for (int k = 0; k < 4; k++) {
			struct road_wire_post *post = &memory->page.posts[next(&seed) % 256];

			*post = (struct road_wire_post){next(&seed) % 256, next(&seed),
							(uint32_t)(next(&seed) % 3), 4, 0};
		}
		if (next(&seed) % 4 == 0)
			atomic_fetch_add(&memory->page.posted, next(&seed) % 260);
		put_nearly(&scene.guest, &seed);
		/* One that wants no answer gets none. */
		if (memory->ask.bytes[8] & ROAD_WIRE_NO_REPLY)
			poll(NULL, 0, 1);
		else
			(void)guest_answered(&scene.guest);
	}
	atomic_store(&scene.guest.memory->desk.session, 0);
	guest_ring(&scene.guest);
	const struct road_server_state state = rig_settled(scene.server, 0);

	printf("# %llu sessions, %llu thrown out\n", (unsigned long long)state.accepted,
	       (unsigned long long)state.dropped);
	CU_ASSERT(state.dropped > 10);
	end(&scene, state.dropped);
}

static const struct tap_case cases[] = {
	{"memory out of the window is refused", memory_out_of_the_window_is_refused},
	{"messages that need descriptors are refused", messages_that_need_descriptors_are_refused},
	{"the first message is a greeting", the_first_message_is_a_greeting},
	{"a message of an impossible size ends the session",
	 a_message_of_an_impossible_size_ends_the_session},
	{"counters that jump end the session", counters_that_jump_end_the_session},
	{"words of the server's are the guest's own loss",
	 words_of_the_servers_are_the_guests_own_loss},
	{"QEMU that says something is thrown out", qemu_that_says_something_is_thrown_out},
	{"what changes while it is read is read once", what_changes_while_it_is_read_is_read_once},
	{"anything at all leaves the server in order", anything_at_all_leaves_the_server_in_order},
};

TAP_MAIN(cases)
