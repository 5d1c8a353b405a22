/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, the bus to simulated chips (through the real library), and planned failures. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/address.h"
#include "hal/bus/iova.h"
#include "tests/support/tap.h"
#include "uapi/edu.h"

/* What the core gives to buses. */
static _Thread_local uint64_t thread_time;
static _Atomic uint32_t gone_calls;

uint64_t *road_thread_time(void)
{
	return &thread_time;
}

uint64_t road_host_now_ns(void)
{
	return 0; /* for buses that no case here opens */
}

uint64_t road_deadline_after(uint64_t nanoseconds)
{
	return nanoseconds; /* likewise */
}

void road_bus_gone(void)
{
	gone_calls++;
}

static const char *folder(void)
{
	return getenv("ROADBED_TEST_SIM_FOLDER");
}

static road_status try_open(const char *text, struct road_bus **out)
{
	struct road_address address;
	road_status status = road_address_parse(text, &address);

	if (status)
		return status;
	status = road_bus_open(&(struct road_bus_wish){.library_folder = folder()}, &address, out);
	road_address_free(&address);
	return status;
}

static struct road_bus *open_bus(const char *text)
{
	struct road_bus *bus = NULL;
	road_error error = {.size = sizeof(error)};
	road_status status = try_open(text, &bus);

	if (status && !road_last_error(&error))
		printf("# %s: %s (%s) %s\n", text, error.what, error.where, error.seen);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	return bus;
}

static void close_bus(struct road_bus *bus)
{
	bus->ops->close(bus);
}

/* The last error says this about what, where, seen or allowed. */
static bool last_says(const char *text)
{
	road_error error = {.size = sizeof(error)};

	return !road_last_error(&error) &&
	       (strstr(error.what, text) || strstr(error.where, text) || strstr(error.seen, text) ||
		strstr(error.allowed, text));
}

static uint64_t counter(struct road_bus *bus, const char *wanted)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; road_bus_control_of(bus)->counter(bus, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	return UINT64_MAX;
}

static uint64_t violations(struct road_bus *bus)
{
	return road_bus_control_of(bus)->violations(bus);
}

/* ---- addresses ---- */

static bool is(struct road_bus_text piece, const char *text)
{
	return piece.bytes == strlen(text) && !memcmp(piece.text, text, piece.bytes);
}

static void addresses_come_apart(void)
{
	struct road_address a;

	CU_ASSERT_EQUAL_FATAL(road_address_parse("sim:edu", &a), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(a.identity, "sim:edu");
	CU_ASSERT_STRING_EQUAL(a.scheme, "sim");
	CU_ASSERT_STRING_EQUAL(a.rest, "edu");
	CU_ASSERT_STRING_EQUAL(a.options, "");
	CU_ASSERT_EQUAL(a.decorator_count, 0);
	road_address_free(&a);
	CU_ASSERT_EQUAL_FATAL(
		road_address_parse("record(a(b)?c):faulty(remove@3):sim:a100@2?x=1&y=?", &a),
		ROAD_OK);
	CU_ASSERT_STRING_EQUAL(a.identity, "record(a(b)?c):faulty(remove@3):sim:a100@2");
	CU_ASSERT_STRING_EQUAL(a.rest, "a100@2");
	CU_ASSERT_STRING_EQUAL(a.options, "x=1&y=?");
	CU_ASSERT_EQUAL_FATAL(a.decorator_count, 2);
	CU_ASSERT(is(a.decorators[0].name, "record"));
	CU_ASSERT(is(a.decorators[0].argument, "a(b)?c"));
	CU_ASSERT(is(a.decorators[1].name, "faulty"));
	CU_ASSERT(is(a.decorators[1].argument, "remove@3"));
	road_address_free(&a);
	CU_ASSERT_EQUAL_FATAL(road_address_parse("pci:0000:03:00.0", &a), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(a.scheme, "pci");
	CU_ASSERT_STRING_EQUAL(a.rest, "0000:03:00.0");
	road_address_free(&a);
	CU_ASSERT_EQUAL_FATAL(road_address_parse("host:", &a), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(a.rest, "");
	road_address_free(&a);
}

static void malformed_addresses_name_the_column(void)
{
	static const struct {
		const char *text, *where, *what;
	} cases[] = {
		{"", "column 1", "no scheme"},
		{":edu", "column 1", "no scheme"},
		{"sim", "column 4", "':'"},
		{"sim edu", "column 4", "':'"},
		{"faulty(x):", "column 11", "no scheme"},
		{"faulty(x", "column 7", "never closed"},
		{"faulty((x):sim:edu", "column 7", "never closed"},
		{"faulty(x)sim:edu", "column 10", "followed"},
		{"faulty(x)):sim:edu", "column 10", "followed"},
		{"a(1):b(2):c(3):d(4):e(5):sim:edu", "column 21", "too many"},
	};
	struct road_address a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(road_address_parse(cases[i].text, &a), ROAD_INVALID_ARGUMENT);
		CU_ASSERT(last_says(cases[i].where));
		CU_ASSERT(last_says(cases[i].what));
	}
	char *text = malloc(1026);

	memset(text, 'a', 1025);
	text[1025] = 0;
	CU_ASSERT_EQUAL(road_address_parse(text, &a), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(last_says("1025"));
	free(text);
}

static void what_cannot_be_opened_says_where_and_why(void)
{
	static const struct {
		const char *text;
		road_status status;
		const char *where, *what;
	} cases[] = {
		{"simm:edu", ROAD_NOT_FOUND, "column 1", "unknown scheme"},
		{"faulty(remove@1):simm:edu", ROAD_NOT_FOUND, "column 18", "unknown scheme"},
		{"slow(1):sim:edu", ROAD_INVALID_ARGUMENT, "column 1", "unknown decorator"},
		{"faulty(remove@1):slow(1):sim:edu", ROAD_INVALID_ARGUMENT, "column 18",
		 "unknown decorator"},
		{"sim:", ROAD_INVALID_ARGUMENT, "column 5", "no name"},
		{"sim:@1", ROAD_INVALID_ARGUMENT, "column 5", "no name"},
		{"sim:edu@", ROAD_INVALID_ARGUMENT, "column 8", "malformed"},
		{"sim:edu@x", ROAD_INVALID_ARGUMENT, "column 8", "@x"},
		{"sim:edu@1x", ROAD_INVALID_ARGUMENT, "column 8", "@1x"},
		{"sim:edu@-1", ROAD_INVALID_ARGUMENT, "column 8", "@-1"},
		{"sim:edx", ROAD_NOT_FOUND, "column 5", "no chip is called \"edx\""},
		{"sim:edu?time=soon", ROAD_INVALID_ARGUMENT, "options", "soon"},
		{"sim:edu?cores=4", ROAD_INVALID_ARGUMENT, "options", "cores"},
	};
	struct road_bus *bus = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(try_open(cases[i].text, &bus), cases[i].status);
		CU_ASSERT(last_says(cases[i].where));
		CU_ASSERT(last_says(cases[i].what));
	}
	CU_ASSERT_PTR_NULL(bus);
}

struct chips {
	struct road_candidate_sink sink;
	uint32_t count;
	bool edu;
};

static bool see_chip(struct road_candidate_sink *sink, const road_candidate *candidate)
{
	struct chips *chips = (struct chips *)(void *)sink;

	chips->count++;
	CU_ASSERT_EQUAL(candidate->simulated, 1);
	CU_ASSERT(candidate->reason[0] != 0);
	if (!strcmp(candidate->address, "sim:edu")) {
		chips->edu = true;
		CU_ASSERT_EQUAL(candidate->status, ROAD_OK);
		CU_ASSERT_STRING_EQUAL(candidate->name, "Educational device");
	}
	return true;
}

static void chips_that_could_be_simulated_are_candidates_if_asked(void)
{
	const struct road_transport *sim = road_transport_find("sim");
	struct chips chips = {.sink = {see_chip}};

	CU_ASSERT_PTR_NOT_NULL_FATAL(sim);
	sim->scan(folder(), 0, &chips.sink);
	CU_ASSERT_EQUAL(chips.count, 0);
	sim->scan(folder(), ROAD_ENUMERATE_POSSIBLE, &chips.sink);
	CU_ASSERT(chips.edu);
}

/* ---- the sim bus ---- */

static void identity_is_told_and_pci_addresses_are_unique(void)
{
	struct road_bus *a = open_bus("sim:edu"), *b = open_bus("sim:edu@1");
	struct road_bus_ids ids, other;
	char first[32];

	a->ops->ids(a, &ids);
	CU_ASSERT_EQUAL(ids.vendor, 0x1234);
	CU_ASSERT_EQUAL(ids.device, 0x11e8);
	CU_ASSERT_EQUAL(ids.class_code, 0x00ff00);
	CU_ASSERT(ids.simulated);
	CU_ASSERT_STRING_EQUAL(ids.compatible, "qemu,edu");
	CU_ASSERT_STRING_EQUAL(ids.pci_address, "10000:00:00.0");
	CU_ASSERT_EQUAL(a->ops->config_read(a, 0), 0x11e81234);
	CU_ASSERT_EQUAL(a->ops->config_read(a, 8), 0x00ff0000);
	b->ops->ids(b, &other);
	CU_ASSERT_STRING_NOT_EQUAL(ids.pci_address, other.pci_address);
	strcpy(first, ids.pci_address);
	close_bus(a);
	a = open_bus("sim:edu"); /* again: the same place */
	a->ops->ids(a, &ids);
	CU_ASSERT_STRING_EQUAL(ids.pci_address, first);
	close_bus(a);
	close_bus(b);
}

static void a_register_is_awaited_with_relax(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	uint64_t start = bus->ops->now_ns(bus), turns = 0;

	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT_EQUAL(bus->ops->now_ns(bus), start + 500);
	start += 500;
	bus->ops->relax(bus, start + 10000);
	CU_ASSERT_EQUAL(bus->ops->now_ns(bus), start + 10000);
	road_write32(bus, 0, ROAD_EDU_REG_FACTORIAL, 6);
	while (road_read32(bus, 0, ROAD_EDU_REG_STATUS) & ROAD_EDU_STATUS_COMPUTING && ++turns < 10)
		bus->ops->relax(bus, bus->ops->now_ns(bus) + 1000);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_FACTORIAL), 720);
	CU_ASSERT_EQUAL(violations(bus), 0);
	close_bus(bus);
}

static void an_interrupt_is_awaited_until_a_virtual_instant(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	uint64_t start = bus->ops->now_ns(bus);

	road_write32(bus, 0, ROAD_EDU_REG_STATUS, ROAD_EDU_STATUS_IRQ);
	road_write32(bus, 0, ROAD_EDU_REG_FACTORIAL, 10); /* 250 ns */
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, start + 249), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(bus->ops->now_ns(bus), start + 249);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, start + 250), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->now_ns(bus), start + 250);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(bus->ops->irq_bind(bus, 0, -1), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(bus->ops->irq_count(bus), 1);
	/* A thread that is ahead of the domain still sees what happens before its own time. */
	road_write32(bus, 0, ROAD_EDU_REG_FACTORIAL, 10);
	thread_time += 1000000;
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, bus->ops->now_ns(bus)), ROAD_OK);
	close_bus(bus);
}

static void copy(struct road_bus *bus, uint64_t from, uint64_t to, uint64_t bytes, uint32_t flags)
{
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, from);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, to);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_COUNT, bytes);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND, ROAD_EDU_DMA_START | flags);
	while (road_read32(bus, 0, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bus->ops->relax(bus, bus->ops->now_ns(bus) + 1000);
}

static void dma_reaches_allocated_and_mapped_memory(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	struct road_dma memory, in, out;
	struct road_dma_limits limits;
	unsigned char source[300], target[300] = {0};

	bus->ops->dma_limits(bus, &limits);
	CU_ASSERT_EQUAL(limits.mask, 0x0fffffff);
	CU_ASSERT(limits.coherent);
	for (size_t i = 0; i < sizeof(source); i++)
		source[i] = (unsigned char)(i ^ 0x5a);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 5000, &memory), ROAD_OK);
	CU_ASSERT_EQUAL(memory.bytes, 8192);
	CU_ASSERT(memory.coherent);
	CU_ASSERT(memory.iova.value && memory.iova.value + memory.bytes - 1 <= limits.mask);
	for (size_t i = 0; i < memory.bytes; i++)
		CU_ASSERT_EQUAL(((unsigned char *)memory.host)[i], 0);
	CU_ASSERT(fcntl(memory.fd, F_GET_SEALS) & F_SEAL_SHRINK);
	CU_ASSERT_NOT_EQUAL(ftruncate(memory.fd, 0), 0);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, source + 1, 257, ROAD_DMA_TO_DEVICE, &in),
			      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_map(bus, target + 5, 257, ROAD_DMA_TO_HOST, &out),
			      ROAD_OK);
	CU_ASSERT_EQUAL(in.iova.value % 4096, (uintptr_t)(source + 1) % 4096);
	copy(bus, in.iova.value, ROAD_EDU_BUFFER, 257, 0);
	copy(bus, ROAD_EDU_BUFFER, memory.iova.value + 77, 257, ROAD_EDU_DMA_TO_HOST);
	CU_ASSERT_EQUAL(memcmp((char *)memory.host + 77, source + 1, 257), 0);
	copy(bus, ROAD_EDU_BUFFER, out.iova.value, 257, ROAD_EDU_DMA_TO_HOST);
	CU_ASSERT_EQUAL(memcmp(target + 5, source + 1, 257), 0);
	CU_ASSERT(target[4] == 0 && target[5 + 257] == 0);
	CU_ASSERT_EQUAL(violations(bus), 0);
	bus->ops->dma_sync(bus, &out, 0, 257, ROAD_DMA_TO_HOST);

	/* One byte too many, the wrong direction, and what is mapped no more. */
	copy(bus, ROAD_EDU_BUFFER, out.iova.value + 1, 257, ROAD_EDU_DMA_TO_HOST);
	CU_ASSERT_EQUAL(violations(bus), 1);
	copy(bus, ROAD_EDU_BUFFER, in.iova.value, 1, ROAD_EDU_DMA_TO_HOST);
	CU_ASSERT_EQUAL(violations(bus), 2);
	uint64_t old = out.iova.value;

	bus->ops->dma_unmap(bus, &out);
	copy(bus, ROAD_EDU_BUFFER, old, 1, ROAD_EDU_DMA_TO_HOST);
	CU_ASSERT_EQUAL(violations(bus), 3);
	CU_ASSERT_EQUAL(target[5 + 257], 0);
	bus->ops->dma_unmap(bus, &in);
	bus->ops->dma_free(bus, &memory);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 0, &memory), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, UINT64_MAX, &memory), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, UINT64_C(1) << 28, &memory), ROAD_NO_SPACE);
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, NULL, 1, ROAD_DMA_BOTH, &in), ROAD_INVALID_ARGUMENT);
	close_bus(bus);
}

/* The bytes of the edu device's buffer, by one transfer from host memory. */
static void transfer(struct road_bus *bus, road_iova iova, uint64_t bytes, bool to_host)
{
	road_write64(bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_SOURCE,
		     to_host ? ROAD_EDU_BUFFER : iova.value);
	road_write64(bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_TARGET,
		     to_host ? iova.value : ROAD_EDU_BUFFER);
	road_write64(bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COUNT, bytes);
	road_write32(bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND,
		     ROAD_EDU_DMA_START | (to_host ? ROAD_EDU_DMA_TO_HOST : 0));
	while (road_read32(bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START)
		bus->ops->relax(bus, bus->ops->now_ns(bus) + 1000000);
}

/* Any chip can be opened so: drivers that forget a sync fail in CI, not on a board. */
static void caches_that_the_chip_does_not_see_must_be_synced(void)
{
	struct road_bus *bus = open_bus("sim:edu?host_line=64");
	struct road_dma_limits limits;
	struct road_dma in, out;

	bus->ops->dma_limits(bus, &limits);
	CU_ASSERT(!limits.coherent);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 4096, &in), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 4096, &out), ROAD_OK);
	CU_ASSERT(!in.coherent);
	memset(in.host, 7, 4096);
	bus->ops->dma_sync(bus, &in, 0, 2048, ROAD_DMA_TO_DEVICE);
	transfer(bus, in.iova, 4096, false);
	transfer(bus, out.iova, 4096, true);
	CU_ASSERT_EQUAL(((char *)out.host)[0], 0); /* stale */
	bus->ops->dma_sync(bus, &out, 0, 4096, ROAD_DMA_TO_HOST);
	CU_ASSERT_EQUAL(((char *)out.host)[0], 7);
	CU_ASSERT_EQUAL(((char *)out.host)[2047], 7);
	uint32_t early = 0; /* lines that the cache wrote back unasked, at writes to registers */

	for (uint32_t line = 2048; line < 4096; line += 64)
		early += ((char *)out.host)[line] == 7;
	CU_ASSERT(early > 0);
	CU_ASSERT(early < 32);
	bus->ops->dma_free(bus, &in);
	bus->ops->dma_free(bus, &out);
	CU_ASSERT_EQUAL(violations(bus), 0);
	close_bus(bus);
	CU_ASSERT_EQUAL(try_open("sim:edu?host_line=48", &bus), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(last_says("host_line"));
}

static void what_a_simulated_chip_has_not_is_unsupported(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	struct road_bus_region info;
	void *pointer;

	bus->ops->region_info(bus, 0, &info);
	CU_ASSERT_EQUAL(info.bytes, 1 << 20);
	CU_ASSERT_FALSE(info.mappable);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 4096, &pointer), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(bus->ops->control(bus, 1, NULL), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(bus->ops->symbol(bus, "x", &pointer), ROAD_UNSUPPORTED);
	CU_ASSERT(last_says("x"));
	close_bus(bus);
}

static void the_core_sees_domain_costs_and_report(void)
{
	struct road_bus *bus = open_bus("sim:edu?time=trace");
	const struct road_bus_control *control = road_bus_control_of(bus);
	uint64_t submit, query;
	struct road_slice slice;
	char report[4096];

	control->costs(bus, &submit, &query);
	CU_ASSERT_EQUAL(submit, 300000);
	CU_ASSERT_EQUAL(query, 200000);
	road_write32(bus, 0, ROAD_EDU_REG_STATUS, ROAD_EDU_STATUS_IRQ);
	road_write32(bus, 0, ROAD_EDU_REG_FACTORIAL, 3);
	CU_ASSERT(control->domain->pending());
	control->domain->run(UINT64_MAX, 100, &slice);
	CU_ASSERT(slice.ran && slice.irq && !slice.more && !slice.watching);
	CU_ASSERT_EQUAL(control->irq_pending(bus), 1);
	CU_ASSERT(bus->ops->irq_take(bus, 0));
	CU_ASSERT_FALSE(control->domain->pending());
	control->domain->poke();
	CU_ASSERT(control->report(bus, report, sizeof(report)) < sizeof(report));
	CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"simulated\":true"));
	CU_ASSERT_EQUAL(counter(bus, "edu.factorials"), 1);
	CU_ASSERT_EQUAL(control->trace(bus, -1) > 0, 1);
	close_bus(bus);
}

static void a_pulled_device_is_gone_and_can_be_closed(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	struct road_dma memory, other;
	void *pointer;
	uint32_t before = gone_calls;

	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 4096, &memory), ROAD_OK);
	memset(memory.host, 0x77, 4096);
	/* A transfer is on its way to memory when it happens. */
	road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, ROAD_EDU_BUFFER);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, memory.iova.value);
	road_write64(bus, 0, ROAD_EDU_REG_DMA_COUNT, 100);
	road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND,
		     ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST | ROAD_EDU_DMA_IRQ);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_DMA_COMMAND) & ROAD_EDU_DMA_START, 1);
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	road_bus_control_of(bus)->unplug(bus);
	road_bus_control_of(bus)->unplug(bus);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT(gone_calls <= before + 1);
	bus->ops->relax(bus, bus->ops->now_ns(bus) + 1000000);
	CU_ASSERT_EQUAL(*(unsigned char *)memory.host, 0x77);
	CU_ASSERT_EQUAL(road_bus_control_of(bus)->irq_pending(bus), 0);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT_EQUAL(road_read64(bus, 0, ROAD_EDU_REG_DMA_COUNT), UINT64_MAX);
	CU_ASSERT_EQUAL(bus->ops->config_read(bus, 0), UINT32_MAX);
	road_write32(bus, 0, ROAD_EDU_REG_FACTORIAL, 3);
	CU_ASSERT_FALSE(road_bus_control_of(bus)->domain->pending());
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 4096, &other), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, &other, 1, ROAD_DMA_BOTH, &other), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 1, &pointer), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->irq_wait(bus, 0, UINT64_MAX), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_DEVICE_LOST);
	bus->ops->dma_free(bus, &memory);
	close_bus(bus);
}

/* The device writes to memory while another thread takes memory away: under the race detector. */
static void *map_and_unmap(void *arg)
{
	struct road_bus *bus = arg;
	struct road_dma dma;

	for (int i = 0; i < 200; i++) {
		if (bus->ops->dma_alloc(bus, 4096, &dma))
			continue;
		/* Aims the device at memory that is freed at once. */
		road_write64(bus, 0, ROAD_EDU_REG_DMA_SOURCE, ROAD_EDU_BUFFER);
		road_write64(bus, 0, ROAD_EDU_REG_DMA_TARGET, dma.iova.value);
		road_write64(bus, 0, ROAD_EDU_REG_DMA_COUNT, 4096);
		road_write32(bus, 0, ROAD_EDU_REG_DMA_COMMAND,
			     ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST);
		sched_yield();
		bus->ops->dma_free(bus, &dma);
	}
	return NULL;
}

static void memory_is_freed_under_a_running_device(void)
{
	struct road_bus *bus = open_bus("sim:edu");
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, map_and_unmap, bus);
	for (int i = 0; i < 20000; i++)
		bus->ops->relax(bus, bus->ops->now_ns(bus) + 1000);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close_bus(bus);
}

/* ---- bus addresses ---- */

static void bus_addresses_are_reused_and_never_overlap(void)
{
	enum { RANGES = 64, STEPS = 20000 };
	static char host[RANGES * 8192];
	struct {
		road_iova iova;
		uint64_t bytes;
	} live[RANGES] = {0};
	struct road_iova_table table;
	uint32_t wrong = 0, refused = 0;
	uint64_t seed = 3;

	road_iova_init(&table, 0x3fffff); /* 4 MiB: it wraps often */
	for (int step = 0; step < STEPS; step++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		uint32_t i = (uint32_t)(seed >> 33) % RANGES;
		char *at = host + i * 8192 + (seed >> 45) % 4096;

		if (live[i].bytes) {
			wrong += road_iova_translate(&table, live[i].iova.value, live[i].bytes,
						     true) == NULL;
			wrong += road_iova_translate(&table, live[i].iova.value, live[i].bytes + 1,
						     false) != NULL;
			road_iova_remove(&table, live[i].iova);
			wrong += road_iova_translate(&table, live[i].iova.value, 1, false) != NULL;
			live[i].bytes = 0;
			continue;
		}
		live[i].bytes = 1 + (seed >> 50) % 4000;
		if (road_iova_add(&table, at, live[i].bytes, true, &live[i].iova)) {
			refused++;
			live[i].bytes = 0;
			continue;
		}
		wrong += live[i].iova.value + live[i].bytes - 1 > 0x3fffff;
		wrong += road_iova_translate(&table, live[i].iova.value + live[i].bytes - 1, 1,
					     true) != at + live[i].bytes - 1;
		for (uint32_t k = 0; k < RANGES; k++)
			wrong += k != i && live[k].bytes &&
				 live[k].iova.value < live[i].iova.value + live[i].bytes &&
				 live[i].iova.value < live[k].iova.value + live[k].bytes;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(refused, 0);
	road_iova_free(&table);

	road_iova iova;

	road_iova_init(&table, 0x1ffff); /* 16 pages are kept free at the bottom: 16 left */
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(road_iova_add(&table, (void *)0x10000, 4096, true, &iova), ROAD_OK);
	CU_ASSERT_EQUAL(road_iova_add(&table, (void *)0x10000, 1, true, &iova), ROAD_NO_SPACE);
	road_iova_remove(&table, iova);
	CU_ASSERT_EQUAL(road_iova_add(&table, (void *)0x10000, 1, false, &iova), ROAD_OK);
	CU_ASSERT_PTR_NULL(road_iova_translate(&table, iova.value, 1, true));
	CU_ASSERT_PTR_NOT_NULL(road_iova_translate(&table, iova.value, 1, false));
	road_iova_free(&table);
}

/* ---- planned failures ---- */

static void accesses_are_counted_and_removal_comes_where_planned(void)
{
	struct road_bus *bus = open_bus("faulty(remove@4):sim:edu");
	struct road_dma dma;

	CU_ASSERT_EQUAL(counter(bus, "faulty.accesses"), 0);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	road_write32(bus, 0, ROAD_EDU_REG_LIVENESS, 1);
	bus->ops->now_ns(bus);
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 1, &dma), ROAD_OK);
	bus->ops->dma_free(bus, &dma); /* releasing does not count */
	CU_ASSERT_EQUAL(counter(bus, "faulty.accesses"), 3);
	CU_ASSERT_FALSE(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(road_read64(bus, 0, ROAD_EDU_REG_DMA_COUNT), UINT64_MAX);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 1, &dma), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(bus->ops->reset(bus), ROAD_DEVICE_LOST);
	CU_ASSERT_FALSE(bus->ops->irq_take(bus, 0));
	CU_ASSERT_EQUAL(counter(bus, "edu.transfers"), 0); /* the inner bus's are behind */
	CU_ASSERT_EQUAL(violations(bus), 0);
	close_bus(bus);
}

static void the_nth_call_fails_as_planned(void)
{
	struct road_bus *bus =
		open_bus("faulty(fail:dma_alloc@2, fail:dma_map@1,fail:region_map@1):sim:edu");
	struct road_dma first, second, third;
	void *pointer;

	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 1, &first), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->dma_alloc(bus, 1, &second), ROAD_IO);
	CU_ASSERT(last_says("planned"));
	CU_ASSERT_EQUAL_FATAL(bus->ops->dma_alloc(bus, 1, &second), ROAD_OK);
	CU_ASSERT_EQUAL(bus->ops->dma_map(bus, &third, 1, ROAD_DMA_BOTH, &third), ROAD_IO);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 1, &pointer), ROAD_IO);
	CU_ASSERT_EQUAL(bus->ops->region_map(bus, 0, 0, 1, &pointer), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(counter(bus, "faulty.accesses"), 6);
	bus->ops->dma_free(bus, &first);
	bus->ops->dma_free(bus, &second);
	close_bus(bus);
}

static void a_plan_may_lie_in_a_file(void)
{
	char path[] = "/tmp/roadbed-plan-XXXXXX", text[128];
	int fd = mkstemp(path);
	static const char plan[] = "# comes first\n\n  remove@2   # and goes\r\nfail:dma_map@9\n";
	struct road_bus *bus;

	CU_ASSERT_EQUAL(write(fd, plan, sizeof(plan) - 1), (ssize_t)sizeof(plan) - 1);
	snprintf(text, sizeof(text), "faulty(%s):sim:edu", path);
	bus = open_bus(text);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	close_bus(bus);
	CU_ASSERT_EQUAL(write(fd, " remov@2\n", 9), 9);
	CU_ASSERT_EQUAL(try_open(text, &bus), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(last_says("line 5, column 2"));
	close(fd);
	unlink(path);
	CU_ASSERT_EQUAL(try_open(text, &bus), ROAD_NOT_FOUND);
	CU_ASSERT(last_says(path));
}

static void malformed_plans_name_the_place(void)
{
	static const struct {
		const char *text, *where, *what;
	} cases[] = {
		{"remove@", "column 8", "malformed"},
		{"remove@0", "column 8", "malformed"},
		{"remove@1x", "column 8", "malformed"},
		{"remove@99999999999999999999", "column 8", "malformed"},
		{"remove@1,fail:dma_sync@1", "column 10", "unknown statement"},
		{"remove@1, remov@1", "column 11", "remov@1"},
		{"@1", "column 1", "unknown statement"},
		{"remove@1,remove", "column 10", "no '@'"},
	};
	struct road_bus *bus;
	char text[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "faulty(%s):sim:edu", cases[i].text);
		CU_ASSERT_EQUAL(try_open(text, &bus), ROAD_INVALID_ARGUMENT);
		CU_ASSERT(last_says("line 1"));
		CU_ASSERT(last_says(cases[i].where));
		CU_ASSERT(last_says(cases[i].what));
	}
}

static void plans_nest(void)
{
	struct road_bus *bus = open_bus("faulty(remove@5):faulty(remove@2):sim:edu");

	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), ROAD_EDU_ID);
	CU_ASSERT_EQUAL(road_read32(bus, 0, ROAD_EDU_REG_ID), UINT32_MAX);
	CU_ASSERT(bus->ops->lost(bus));
	CU_ASSERT_EQUAL(counter(bus, "faulty.accesses"), 2);
	road_bus_control_of(bus)->unplug(bus);
	close_bus(bus);
}

static const struct tap_case cases[] = {
	{"addresses come apart", addresses_come_apart},
	{"malformed addresses name the column", malformed_addresses_name_the_column},
	{"what cannot be opened says where and why", what_cannot_be_opened_says_where_and_why},
	{"chips that could be simulated are candidates if asked",
	 chips_that_could_be_simulated_are_candidates_if_asked},
	{"identity is told, and PCI addresses are unique",
	 identity_is_told_and_pci_addresses_are_unique},
	{"a register is awaited with relax", a_register_is_awaited_with_relax},
	{"an interrupt is awaited until a virtual instant",
	 an_interrupt_is_awaited_until_a_virtual_instant},
	{"DMA reaches allocated and mapped memory, and nothing else",
	 dma_reaches_allocated_and_mapped_memory},
	{"caches that the chip does not see must be synced",
	 caches_that_the_chip_does_not_see_must_be_synced},
	{"what a simulated chip has not is unsupported",
	 what_a_simulated_chip_has_not_is_unsupported},
	{"the core sees domain, costs and report", the_core_sees_domain_costs_and_report},
	{"a pulled device is gone and can be closed", a_pulled_device_is_gone_and_can_be_closed},
	{"memory is freed under a running device", memory_is_freed_under_a_running_device},
	{"bus addresses are reused and never overlap", bus_addresses_are_reused_and_never_overlap},
	{"accesses are counted, and removal comes where planned",
	 accesses_are_counted_and_removal_comes_where_planned},
	{"the Nth call fails as planned", the_nth_call_fails_as_planned},
	{"a plan may lie in a file", a_plan_may_lie_in_a_file},
	{"malformed plans name the place", malformed_plans_name_the_place},
	{"plans nest", plans_nest},
};

TAP_MAIN(cases)
