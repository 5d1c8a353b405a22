/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says of its clients, and to them: who, which chip, what was wrong, the value seen
 * and what is allowed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/core/error.h"
#include "tests/support/tap.h"
#include "tests/unit/serve/rig.h"

static const char *const chips[] = {"sim:edu", "sim:gpu-small@3"};

enum { CLIENTS = 4, BYTES = 8192 };

union payload {
	struct road_wire_dma_map map;
	struct road_wire_dma_unmap unmap;
	struct road_wire_region_info region;
	struct road_wire_region_rw rw;
	struct road_wire_irq_set irqs;
	struct road_wire_share share;
	struct road_wire_obtain obtain;
	struct road_wire_door door;
};

static const struct wrong {
	uint16_t command;
	union payload payload;
	size_t bytes;
	int error;
	const char *said;
} wrongs[] = {
	{ROAD_WIRE_DMA_MAP,
	 {.map = {32, 3, 0, 4097, 4096}},
	 32,
	 EINVAL,
	 "DMA_MAP is refused: bus address, seen 4097, allowed: whole pages of 4096 bytes"},
	{ROAD_WIRE_DMA_MAP,
	 {.map = {32, 8, 0, 4096, 4096}},
	 32,
	 EINVAL,
	 "DMA_MAP is refused: flags, seen 8, allowed: 1 read, 2 write, 3 both"},
	{ROAD_WIRE_DMA_MAP,
	 {.map = {32, 3, 0, 4096, 1 << 20}},
	 32,
	 EINVAL,
	 "DMA_MAP is refused: memory is smaller than asked for, seen 1048576, allowed: at most the "
	 "memfd's size"},
	{ROAD_WIRE_DMA_MAP,
	 {.map = {32, 3, 0, 4096, 4096}},
	 31,
	 EINVAL,
	 "DMA_MAP is refused: bytes of payload, seen 31, allowed: 32 to 32"},
	{ROAD_WIRE_DMA_UNMAP,
	 {.unmap = {24, 0, 4096, 4096}},
	 24,
	 ENOENT,
	 "DMA_UNMAP is refused: nothing is mapped there, seen 4096, allowed: address and bytes of "
	 "a "
	 "DMA_MAP"},
	{ROAD_WIRE_REGION_INFO,
	 {.region = {32, 0, 9, 0, 0, 0}},
	 sizeof(struct road_wire_region_info),
	 EINVAL,
	 "DEVICE_GET_REGION_INFO is refused: region, seen 9, allowed: 0 to 8"},
	{ROAD_WIRE_REGION_READ,
	 {.rw = {0, 5, 4}},
	 sizeof(struct road_wire_region_rw),
	 EINVAL,
	 "REGION_READ is refused: there is no such region, seen 5, allowed: one that has bytes"},
	{ROAD_WIRE_REGION_READ,
	 {.rw = {UINT64_C(1) << 40, 0, 4}},
	 sizeof(struct road_wire_region_rw),
	 EINVAL,
	 "REGION_READ is refused: access past the end, seen 1099511627776, allowed: below "},
	{ROAD_WIRE_SET_IRQS,
	 {.irqs = {20, 36, 2, 60, 9}},
	 sizeof(struct road_wire_irq_set),
	 EINVAL,
	 "DEVICE_SET_IRQS is refused: there are no such vectors, seen 68, allowed: those below "},
	{ROAD_WIRE_ROAD_SHARE,
	 {.share = {7, 0, 1, 4096}},
	 sizeof(struct road_wire_share),
	 EINVAL,
	 "ROAD_SHARE is refused: kind of what is shared, seen 7, allowed: 0, 1"},
	{ROAD_WIRE_ROAD_OBTAIN,
	 {.obtain = {.kind = 0}},
	 sizeof(struct road_wire_obtain),
	 ENOENT,
	 "ROAD_OBTAIN is refused: the token is not valid, allowed: one of this server, of what its "
	 "exporter still has"},
	{ROAD_WIRE_ROAD_DOOR,
	 {.door = {.what = 99}},
	 sizeof(struct road_wire_door),
	 EINVAL,
	 "ROAD_DOOR is refused: door, seen 99, allowed: one of the table"},
};

/* A descriptor where the command takes one. */
static bool has_memory(uint16_t command)
{
	return command == ROAD_WIRE_DMA_MAP || command == ROAD_WIRE_ROAD_SHARE;
}

static void what_is_refused_is_told_with_who_what_and_what_is_allowed(void)
{
	struct rig_server *server = rig_serve(chips, 2, CLIENTS);
	const int memory = rig_memory(BYTES, F_SEAL_SHRINK | F_SEAL_GROW);
	struct rig_client client;
	char said[400];

	rig_connect(server, &client);
	struct road_wire_page *page = rig_hello(&client, 1);

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct wrong *one = &wrongs[i];

		CU_ASSERT_EQUAL(rig_ask(&client, one->command, &one->payload, one->bytes, &memory,
					has_memory(one->command)),
				one->error);
		snprintf(said, sizeof(said), "client 0 (process %d, sim:gpu-small@3): %s",
			 (int)getpid(), one->said);
		CU_ASSERT(rig_said(server, said));
	}
	/* Where the message is ours the client gets the words, too. */
	struct road_wire_refusal why = {0};

	CU_ASSERT_EQUAL_FATAL(rig_ask(&client, ROAD_WIRE_ROAD_DOOR,
				      &(struct road_wire_door){.what = 99},
				      sizeof(struct road_wire_door), NULL, 0),
			      EINVAL);
	memcpy(&why, client.in.bytes + sizeof(struct road_wire_header), sizeof(why));
	CU_ASSERT_EQUAL(why.status, ROAD_INVALID_ARGUMENT);
	CU_ASSERT_STRING_EQUAL(why.allowed, "one of the table");
	rig_unpage(page);
	rig_leave(&client);
	close(memory);
	rig_end(server);
}

static void check_error(road_status seen, road_status wanted, const char *what, const char *value,
			const char *allowed)
{
	road_error error = {.size = sizeof(error)};

	road_error_take(&error);
	CU_ASSERT_EQUAL(seen, wanted);
	CU_ASSERT_STRING_EQUAL(error.what, what);
	CU_ASSERT_STRING_EQUAL(error.seen, value);
	CU_ASSERT_STRING_EQUAL(error.allowed, allowed);
}

static void one_token_too_many_names_the_bound(void)
{
	struct rig_server *server = rig_serve(chips, 2, CLIENTS);
	const int memory = rig_memory(BYTES, F_SEAL_SHRINK | F_SEAL_GROW);
	struct road_bus *bus = rig_open(server, 0);
	const struct road_bus_control *control = road_bus_control_of(bus);
	struct road_bus_offer offer = {.kind = ROAD_BUS_SHARE_BUFFER, .bytes = BYTES, .fd = memory};
	road_token token;

	for (offer.object = 0; offer.object < ROAD_WIRE_TOKENS_MAX; offer.object++)
		CU_ASSERT_EQUAL_FATAL(control->share(bus, &offer, &token), ROAD_OK);
	check_error(control->share(bus, &offer, &token), ROAD_NO_SPACE,
		    "client has as many tokens as it may have", "64",
		    "64 per client, until one is released");
	control->revoke(bus, 0);
	CU_ASSERT_EQUAL(control->share(bus, &offer, &token), ROAD_OK);
	bus->ops->close(bus);
	close(memory);
	rig_end(server);
}

static void who_comes_when_the_server_ends_is_told_so(void)
{
	struct rig_server *server = rig_serve(chips, 2, CLIENTS);
	struct road_bus *bus = rig_open(server, 0), *late = NULL;
	char address[96];

	road_server_shut(rig_server_of(server));
	snprintf(address, sizeof(address), "sock:%s", rig_path(server));
	check_error(rig_try(address, &late), ROAD_NOT_FOUND, "the server is ending", "",
		    "one that was started again");
	CU_ASSERT_PTR_NULL(late);
	/* Who is in stays. */
	CU_ASSERT(!bus->ops->lost(bus));
	CU_ASSERT_NOT_EQUAL(road_read32(bus, 0, 0), UINT32_MAX);
	CU_ASSERT(rig_said(server, "ROAD_HELLO is refused: the server is ending"));
	rig_settled(server, 1);
	bus->ops->close(bus);
	rig_end(server);
}

static void one_function_too_few_names_the_chip(void)
{
	struct rig_server *server = rig_serve_as((struct road_server_wish){
		.addresses = chips, .address_count = 2, .clients_max = CLIENTS, .functions = 1});
	struct road_bus *bus = rig_open(server, 1), *late = NULL;
	char address[96];

	snprintf(address, sizeof(address), "sock:%s#1", rig_path(server));
	check_error(rig_try(address, &late), ROAD_BUSY, "all functions of this chip are in use",
		    "1 clients of sim:gpu-small@3",
		    "fewer clients, or roadbed serve --functions N");
	CU_ASSERT(rig_said(server, "all functions of this chip are in use, seen 1 clients of "
				   "sim:gpu-small@3"));
	bus->ops->close(bus);
	rig_end(server);
}

#define CASE(name)          \
	{                   \
#name, name \
	} /* told with underscores */
static const struct tap_case cases[] = {
	CASE(what_is_refused_is_told_with_who_what_and_what_is_allowed),
	CASE(one_token_too_many_names_the_bound),
	CASE(who_comes_when_the_server_ends_is_told_so),
	CASE(one_function_too_few_names_the_chip),
};

TAP_MAIN(cases)
