/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went over a bus, as text: `record(FILE):ADDRESS` writes it, `replay(FILE):` answers from it.
 *
 *	roadbed-trace 1
 *	# a comment, to the line's end
 *	address sim:edu
 *	ids VENDOR DEVICE SUBSYSTEM_VENDOR SUBSYSTEM CLASS REVISION SIMULATED COMPATIBLE PCI NAME
 *MAKER limits MASK GRANULE irqs COUNT region NUMBER BYTES TIME EVENT NUMBER… [xCOUNT]
 *
 * TIME is the device's clock in ns, decimal; other numbers are as C writes them. Words are "-" when
 * empty, and have "%XX" for what is neither a letter, a digit nor one of "._-:,/+" (the unreserved
 * ones of RFC 3986 and some more). xCOUNT: the same came so many times, one after the other.
 *
 * `take` is followed by what the device wrote since: OFFSET=HEX for each piece.
 */
#ifndef HAL_BUS_TRACE_H
#define HAL_BUS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <roadbed-driver/bus.h>

enum { ROAD_TRACE_NUMBERS = 5, ROAD_TRACE_REGIONS = 6 };

enum road_trace_kind {
	ROAD_TRACE_READ,         /* region, offset, width, value */
	ROAD_TRACE_WRITE,        /* region, offset, width, value */
	ROAD_TRACE_CONFIG_READ,  /* offset, value */
	ROAD_TRACE_CONFIG_WRITE, /* offset, value */
	ROAD_TRACE_ALLOC,        /* memory, bytes, iova, status */
	ROAD_TRACE_FREE,         /* memory */
	ROAD_TRACE_MAP,          /* memory, bytes, direction, iova, status */
	ROAD_TRACE_UNMAP,        /* memory */
	ROAD_TRACE_GIVE,         /* memory, offset, bytes, digest: synced to the device */
	ROAD_TRACE_TAKE,         /* memory, offset, bytes: synced to the host */
	ROAD_TRACE_IRQ,          /* vector: it was pending, and taken */
	ROAD_TRACE_IRQ_WAIT,     /* vector, status */
	ROAD_TRACE_IRQ_MASK,     /* vector, masked */
	ROAD_TRACE_RESET,        /* status */
	ROAD_TRACE_LOST,         /* the device was found to be gone */
	ROAD_TRACE_KINDS
};

/* What the device wrote: bytes at an offset of the memory. */
struct road_trace_piece {
	uint64_t offset, bytes;
	size_t at; /* in the trace's bytes */
};

struct road_trace_event {
	enum road_trace_kind kind;
	uint64_t ns;
	uint64_t numbers[ROAD_TRACE_NUMBERS];
	uint64_t count;            /* how often, at least 1 */
	size_t piece, piece_count; /* of take */
	uint32_t line;
};

struct road_trace {
	char address[256];
	struct road_bus_ids ids;
	struct road_dma_limits limits;
	uint32_t irqs;
	uint64_t regions[ROAD_TRACE_REGIONS]; /* bytes */
	struct road_trace_event *events;
	size_t event_count;
	struct road_trace_piece *pieces;
	size_t piece_count;
	uint8_t *bytes;
	size_t byte_count;
};

const char *road_trace_name(enum road_trace_kind kind);
uint32_t road_trace_number_count(enum road_trace_kind kind);

/* Reads all of `text` (bytes; need not be terminated) into *out, which road_trace_free frees.
 * ROAD_INVALID_ARGUMENT with line and column of what is wrong; ROAD_OUT_OF_HOST_MEMORY. Any thread.
 */
road_status road_trace_parse(const char *text, size_t bytes, struct road_trace *out);
void road_trace_free(struct road_trace *trace);

/* The lines before the events; of `trace` what stands in them. false: the stream has an error. */
bool road_trace_print_head(FILE *file, const struct road_trace *trace);
/* One event but for its pieces and the line's end. */
void road_trace_print_event(FILE *file, const struct road_trace_event *event);
void road_trace_print_piece(FILE *file, uint64_t offset, const void *bytes, size_t count);

/* What the host gave to the device, in a number: FNV-1a of 64 bits. */
uint64_t road_trace_digest(const void *bytes, uint64_t count);

#endif
