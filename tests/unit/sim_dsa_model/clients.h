/* SPDX-License-Identifier: Apache-2.0 */
/* A DSA with several functions through the engine's door, each a client's: registers, streams and
 * contexts as a driver sees them. */
#ifndef TESTS_UNIT_SIM_DSA_MODEL_CLIENTS_H
#define TESTS_UNIT_SIM_DSA_MODEL_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "simulators/engine/entry.h"
#include "uapi/dsa/regs.h"
#include "uapi/dsa/ring.h"
#include "uapi/range.h"

/* Host memory of each client, at one bus address in all of them, and what lies in it. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES UINT64_C(0x20000)
enum {
	STATUS_AT = 0, /* of stream s at s * 256 */
	TABLE_AT = 0x1000,
	BOOT_AT = 0x2000,
	RINGS_AT = 0x4000, /* of stream s at s * RING_BYTES */
	SLOTS = 64,
	RING_BYTES = SLOTS * ROAD_DSA_DESCRIPTOR_BYTES,
	CODE_AT = 0x10000,
	WORDS_AT = 0x18000,
	STREAMS = 4,
	FUNCTIONS = 3
};
#define VA_DATA UINT64_C(0x200000)
#define VA_CODE UINT64_C(0x400000)
#define PAGE    UINT64_C(0x10000)

/* Kernels that client_load_code() loads. */
enum {
	KERNEL_SPIN,     /* 2000 turns of a loop */
	KERNEL_HOLD,     /* has no end */
	KERNEL_BY_TURNS, /* (at, n): two blocks add 1 to a word by turns, n times each */
};
#define CLIENTS_FUNCTIONAL "time=functional&functions=3"

struct client {
	struct sim_function *function;
	uint64_t when, written[STREAMS];
	uint8_t *host;
};
extern const struct sim_entry *sim;
extern struct client clients[FUNCTIONS];
extern uint64_t share; /* bytes of memory that each has */

void client_put(struct client *client, uint64_t offset, uint32_t width, uint64_t value);
uint64_t client_get(struct client *client, uint64_t offset, uint32_t width);
const struct road_dsa_stream_status *client_status(const struct client *client, uint32_t stream);
bool client_set_ranges(struct client *client, const struct road_range *ranges, uint32_t count);
void client_open_stream(struct client *client, uint32_t stream, uint32_t priority);
/* Data at the end of its share, code before it; stream 0. */
void client_set_up(struct client *client, uint32_t priority);
enum sim_open_result client_open(struct client *client, struct sim_function *of);
/* All functions of a chip with these options (NULL: functional), set up with stream 0. */
void clients_open(const char *with);
void clients_close(void);
void client_push(struct client *client, uint32_t stream, const void *descriptor);
void client_ring(struct client *client, uint32_t stream);
/* Until the stream has nothing left to do. */
void client_await(struct client *client, uint32_t stream);
void client_run(struct client *client, uint32_t stream);
void client_push_fill(struct client *client, uint32_t stream, uint64_t va, uint64_t bytes,
		      uint64_t value);
/* Copies the whole page of data to the host's words. */
void client_read_back(struct client *client, uint64_t bytes);
uint32_t client_word(const struct client *client, uint64_t at);
void client_load_code(struct client *client);
void client_push_task(struct client *client, uint32_t stream, uint32_t blocks);

#endif
