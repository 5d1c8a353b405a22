/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a trace: written and read by one table. */
#include "hal/bus/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/error.h"

#define MAGIC "roadbed-trace 1"

static const struct {
	const char *name;
	uint32_t numbers;
	uint32_t decimal; /* bits of numbers that are counted, not addressed */
} kinds[ROAD_TRACE_KINDS] = {
	[ROAD_TRACE_READ] = {"read", 4, 1 | 4},
	[ROAD_TRACE_WRITE] = {"write", 4, 1 | 4},
	[ROAD_TRACE_CONFIG_READ] = {"config_read", 2, 0},
	[ROAD_TRACE_CONFIG_WRITE] = {"config_write", 2, 0},
	[ROAD_TRACE_ALLOC] = {"alloc", 4, 1 | 2 | 8},
	[ROAD_TRACE_FREE] = {"free", 1, 1},
	[ROAD_TRACE_MAP] = {"map", 5, 1 | 2 | 4 | 16},
	[ROAD_TRACE_UNMAP] = {"unmap", 1, 1},
	[ROAD_TRACE_GIVE] = {"give", 4, 1 | 2 | 4},
	[ROAD_TRACE_TAKE] = {"take", 3, 1 | 2 | 4},
	[ROAD_TRACE_IRQ] = {"irq", 1, 1},
	[ROAD_TRACE_IRQ_WAIT] = {"irq_wait", 2, 1 | 2},
	[ROAD_TRACE_IRQ_MASK] = {"irq_mask", 2, 1 | 2},
	[ROAD_TRACE_RESET] = {"reset", 1, 1},
	[ROAD_TRACE_LOST] = {"lost", 0, 0},
};

const char *road_trace_name(enum road_trace_kind kind)
{
	return kinds[kind].name;
}

uint32_t road_trace_number_count(enum road_trace_kind kind)
{
	return kinds[kind].numbers;
}

uint64_t road_trace_digest(const void *bytes, uint64_t count)
{
	const volatile uint8_t *at = bytes; /* the program may write there meanwhile */
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (uint64_t i = 0; i < count; i++)
		digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
	return digest;
}

/* ---- writing ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-:,/+", c));
}

static void print_word(FILE *file, const char *text)
{
	if (!text[0])
		fputs(" -", file);
	else
		fputc(' ', file);
	/* A word that is one dash would be read as none. */
	for (const char *c = text; *c; c++)
		if (is_plain(*c) && !(text[0] == '-' && !text[1]))
			fputc(*c, file);
		else
			fprintf(file, "%%%02X", (unsigned char)*c);
}

bool road_trace_print_head(FILE *file, const struct road_trace *trace)
{
	const struct road_bus_ids *ids = &trace->ids;

	fputs(MAGIC "\naddress", file);
	print_word(file, trace->address);
	fprintf(file, "\nids 0x%04x 0x%04x 0x%04x 0x%04x 0x%06" PRIx32 " 0x%02x %d", ids->vendor,
		ids->device, ids->subsystem_vendor, ids->subsystem, ids->class_code, ids->revision,
		ids->simulated);
	print_word(file, ids->compatible);
	print_word(file, ids->pci_address);
	print_word(file, ids->name);
	print_word(file, ids->vendor_name);
	fprintf(file, "\nlimits 0x%" PRIx64 " %" PRIu64 "\nirqs %" PRIu32 "\n", trace->limits.mask,
		trace->limits.granule, trace->irqs);
	for (uint32_t i = 0; i < ROAD_TRACE_REGIONS; i++)
		if (trace->regions[i])
			fprintf(file, "region %" PRIu32 " %" PRIu64 "\n", i, trace->regions[i]);
	return !ferror(file);
}

void road_trace_print_event(FILE *file, const struct road_trace_event *event)
{
	fprintf(file, "%" PRIu64 " %s", event->ns, kinds[event->kind].name);
	for (uint32_t i = 0; i < kinds[event->kind].numbers; i++)
		fprintf(file, kinds[event->kind].decimal >> i & 1 ? " %" PRIu64 : " 0x%" PRIx64,
			event->numbers[i]);
	if (event->count > 1)
		fprintf(file, " x%" PRIu64, event->count);
}

void road_trace_print_piece(FILE *file, uint64_t offset, const void *bytes, size_t count)
{
	const uint8_t *at = bytes;

	fprintf(file, " %" PRIu64 "=", offset);
	for (size_t i = 0; i < count; i++)
		fprintf(file, "%02x", at[i]);
}

/* ---- reading ---- */

struct parser {
	const char *at, *end; /* of the line */
	const char *line;
	uint32_t number;
	struct road_trace *out;
	size_t events_room, pieces_room, bytes_room;
};

static road_status bad(const struct parser *p, const char *what, const char *allowed)
{
	char where[64], seen[40];
	size_t left = (size_t)(p->end - p->at);

	snprintf(where, sizeof(where), "trace, line %" PRIu32 ", column %zu", p->number,
		 (size_t)(p->at - p->line) + 1);
	snprintf(seen, sizeof(seen), "%.*s", (int)(left < 32 ? left : 32), p->at);
	return road_fail(ROAD_INVALID_ARGUMENT, what, where, seen, allowed);
}

static road_status no_memory(void)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a trace", "trace", "", "");
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
		p->at++;
}

static size_t word_bytes(const struct parser *p)
{
	size_t bytes = 0;

	while (p->at + bytes < p->end && p->at[bytes] != ' ' && p->at[bytes] != '\t')
		bytes++;
	return bytes;
}

static bool take_word(struct parser *p, const char *word)
{
	const size_t bytes = strlen(word);

	if (word_bytes(p) != bytes || memcmp(p->at, word, bytes))
		return false;
	p->at += bytes;
	skip_blanks(p);
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits up to the end or to `stop`. */
static road_status take_digits(struct parser *p, char stop, uint64_t most, uint64_t *out)
{
	const bool hex = p->end - p->at > 2 && p->at[0] == '0' && p->at[1] == 'x';
	const uint64_t base = hex ? 16 : 10;
	const char *at = p->at + (hex ? 2 : 0), *first = at;
	uint64_t value = 0;

	for (; at < p->end && *at != ' ' && *at != '\t' && *at != stop; at++) {
		const uint64_t digit = (uint64_t)digit_of(*at);

		if (digit >= base)
			return bad(p, "this is no number", "decimal, or 0x and hexadecimal");
		if (value > (UINT64_MAX - digit) / base)
			return bad(p, "the number is too great", "at most 64 bits");
		value = value * base + digit;
	}
	if (at == first)
		return bad(p, "a number is missing here", "decimal, or 0x and hexadecimal");
	if (value > most) {
		char allowed[40];

		snprintf(allowed, sizeof(allowed), "at most %" PRIu64, most);
		return bad(p, "the number is too great", allowed);
	}
	p->at = at;
	*out = value;
	return ROAD_OK;
}

static road_status take_number(struct parser *p, uint64_t most, uint64_t *out)
{
	road_status status = take_digits(p, ' ', most, out);

	skip_blanks(p);
	return status;
}

static road_status take_text(struct parser *p, char *out, size_t room)
{
	const size_t bytes = word_bytes(p);
	size_t count = 0;

	if (!bytes)
		return bad(p, "a word is missing here", "a word, or - for none");
	for (size_t i = 0; i < bytes && !(bytes == 1 && p->at[0] == '-'); i++) {
		char c = p->at[i];

		if (c == '%') {
			const int high = i + 1 < bytes ? digit_of(p->at[i + 1]) : 99;
			const int low = i + 2 < bytes ? digit_of(p->at[i + 2]) : 99;

			if (high > 15 || low > 15 || !(high | low))
				return bad(p, "a word has a broken %XX", "two hexadecimal digits");
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (count + 1 >= room)
			return bad(p, "the word is too long", "fewer characters");
		out[count++] = c;
	}
	out[count] = 0;
	p->at += bytes;
	skip_blanks(p);
	return ROAD_OK;
}

static road_status at_end(struct parser *p)
{
	return p->at == p->end ? ROAD_OK : bad(p, "the line has more than it should", "its end");
}

/* ---- the head ---- */

static road_status take_ids(struct parser *p)
{
	static const uint64_t most[7] = {UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX,
					 0xffffff,   UINT8_MAX,  1};
	struct road_bus_ids *ids = &p->out->ids;
	uint64_t n[7];
	road_status status = ROAD_OK;

	for (int i = 0; i < 7 && !status; i++)
		status = take_number(p, most[i], &n[i]);
	if (status)
		return status;
	ids->vendor = (uint16_t)n[0];
	ids->device = (uint16_t)n[1];
	ids->subsystem_vendor = (uint16_t)n[2];
	ids->subsystem = (uint16_t)n[3];
	ids->class_code = (uint32_t)n[4];
	ids->revision = (uint8_t)n[5];
	ids->simulated = n[6] != 0;
	if (!(status = take_text(p, ids->compatible, sizeof(ids->compatible))) &&
	    !(status = take_text(p, ids->pci_address, sizeof(ids->pci_address))) &&
	    !(status = take_text(p, ids->name, sizeof(ids->name))))
		status = take_text(p, ids->vendor_name, sizeof(ids->vendor_name));
	return status;
}

static road_status take_limits(struct parser *p)
{
	struct road_dma_limits *limits = &p->out->limits;
	road_status status = take_number(p, UINT64_MAX, &limits->mask);

	if (!status)
		status = take_number(p, 1u << 30, &limits->granule);
	if (!status && (!limits->granule || limits->granule & (limits->granule - 1)))
		return bad(p, "the granule is no power of two", "1 to 1073741824");
	return status;
}

static road_status take_irqs(struct parser *p)
{
	uint64_t count = 0;
	road_status status = take_number(p, 64, &count);

	p->out->irqs = (uint32_t)count;
	return status;
}

static road_status take_region(struct parser *p)
{
	uint64_t number = 0;
	road_status status = take_number(p, ROAD_TRACE_REGIONS - 1, &number);

	return status ? status : take_number(p, UINT64_MAX, &p->out->regions[number]);
}

static road_status take_address(struct parser *p)
{
	return take_text(p, p->out->address, sizeof(p->out->address));
}

static const struct {
	const char *word;
	road_status (*take)(struct parser *p);
} heads[] = {{"address", take_address},
	     {"ids", take_ids},
	     {"limits", take_limits},
	     {"irqs", take_irqs},
	     {"region", take_region}};

/* ---- events ---- */

/* Room for one more; the amount doubles. */
static bool grow(void **array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return true;
	const size_t wanted = *room ? *room * 2 : 64;
	void *grown = realloc(*array, wanted * size);

	if (!grown)
		return false;
	*array = grown;
	*room = wanted;
	return true;
}

static road_status take_byte(struct parser *p)
{
	struct road_trace *out = p->out;
	const int high = digit_of(p->at[0]);
	const int low = p->at + 1 < p->end ? digit_of(p->at[1]) : 99;

	if (high > 15 || low > 15)
		return bad(p, "these are no bytes", "pairs of hexadecimal digits");
	if (!grow((void **)&out->bytes, out->byte_count, &p->bytes_room, 1))
		return no_memory();
	out->bytes[out->byte_count++] = (uint8_t)(high << 4 | low);
	p->at += 2;
	return ROAD_OK;
}

/* OFFSET=HEX, inside of what was synced. */
static road_status take_piece(struct parser *p, struct road_trace_event *event)
{
	struct road_trace *out = p->out;
	struct road_trace_piece piece = {.at = out->byte_count};
	const char *begin = p->at;
	road_status status = take_digits(p, '=', UINT64_MAX, &piece.offset);

	if (status)
		return status;
	if (p->at == p->end || *p->at != '=')
		return bad(p, "what the device wrote is not given", "OFFSET=BYTES");
	p->at++;
	while (!status && p->at < p->end && *p->at != ' ' && *p->at != '\t')
		status = take_byte(p);
	if (status)
		return status;
	piece.bytes = out->byte_count - piece.at;
	const uint64_t first = event->numbers[1], bytes = event->numbers[2];

	if (!piece.bytes || piece.offset < first || piece.offset - first > bytes ||
	    piece.bytes > bytes - (piece.offset - first)) {
		p->at = begin;
		return bad(p, "what the device wrote lies outside of what was synced",
			   "bytes within OFFSET and BYTES of the event");
	}
	if (!grow((void **)&out->pieces, out->piece_count, &p->pieces_room, sizeof(piece)))
		return no_memory();
	out->pieces[out->piece_count++] = piece;
	event->piece_count++;
	skip_blanks(p);
	return ROAD_OK;
}

static road_status take_count(struct parser *p, struct road_trace_event *event)
{
	event->count = 1;
	if (p->at == p->end || *p->at != 'x')
		return ROAD_OK;
	p->at++;
	road_status status = take_number(p, UINT64_MAX, &event->count);

	if (!status && !event->count)
		return bad(p, "an event that never was", "x1 or more");
	return status;
}

/* Numbers that index something of ours. */
static road_status check_numbers(const struct parser *p, const struct road_trace_event *event)
{
	const uint64_t *n = event->numbers;
	const bool is_register = event->kind == ROAD_TRACE_READ || event->kind == ROAD_TRACE_WRITE;
	const bool is_vector = event->kind == ROAD_TRACE_IRQ ||
			       event->kind == ROAD_TRACE_IRQ_WAIT ||
			       event->kind == ROAD_TRACE_IRQ_MASK;

	if (is_register && (n[0] >= ROAD_TRACE_REGIONS || (n[2] != 4 && n[2] != 8)))
		return bad(p, "there is no such register", "regions 0 to 5, 4 or 8 bytes");
	if (is_vector && n[0] >= p->out->irqs)
		return bad(p, "there is no such vector", "fewer than the line irqs says");
	if (event->kind == ROAD_TRACE_TAKE && n[1] + n[2] < n[1])
		return bad(p, "the memory ends behind all addresses", "at most 64 bits");
	return ROAD_OK;
}

static road_status take_event(struct parser *p)
{
	struct road_trace *out = p->out;
	struct road_trace_event event = {.line = p->number, .piece = out->piece_count};
	uint32_t kind = 0;
	road_status status = take_number(p, UINT64_MAX, &event.ns);

	if (status)
		return status;
	while (kind < ROAD_TRACE_KINDS && !take_word(p, kinds[kind].name))
		kind++;
	if (kind == ROAD_TRACE_KINDS)
		return bad(p, "unknown event", "read, write, alloc, map, give, take, irq, …");
	event.kind = (enum road_trace_kind)kind;
	for (uint32_t i = 0; i < kinds[kind].numbers && !status; i++)
		status = take_number(p, UINT64_MAX, &event.numbers[i]);
	if (!status)
		status = take_count(p, &event);
	if (!status)
		status = check_numbers(p, &event);
	while (!status && kind == ROAD_TRACE_TAKE && p->at < p->end)
		status = take_piece(p, &event);
	if (!status)
		status = at_end(p);
	if (status)
		return status;
	if (!grow((void **)&out->events, out->event_count, &p->events_room, sizeof(event)))
		return no_memory();
	out->events[out->event_count++] = event;
	return ROAD_OK;
}

static road_status take_line(struct parser *p)
{
	if (p->number == 1)
		return take_word(p, "roadbed-trace") && take_word(p, "1") && p->at == p->end
			       ? ROAD_OK
			       : bad(p, "this is no trace, or one of another version", MAGIC);
	if (p->at == p->end)
		return ROAD_OK;
	if (*p->at >= '0' && *p->at <= '9')
		return take_event(p);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (take_word(p, heads[i].word)) {
			road_status status = heads[i].take(p);

			return status ? status : at_end(p);
		}
	return bad(p, "unknown line", "address, ids, limits, irqs, region, or an event's time");
}

road_status road_trace_parse(const char *text, size_t bytes, struct road_trace *out)
{
	struct parser p = {.out = out};
	const char *end = text + bytes;
	road_status status = ROAD_OK;

	*out = (struct road_trace){.limits = {.granule = 1}};
	do {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		line_end = line_end ? line_end : end;
		const char *comment = memchr(text, '#', (size_t)(line_end - text));

		p.number++;
		p.line = p.at = text;
		p.end = comment ? comment : line_end;
		while (p.end > p.at && (p.end[-1] == ' ' || p.end[-1] == '\t' || p.end[-1] == '\r'))
			p.end--;
		skip_blanks(&p);
		status = take_line(&p);
		text = line_end < end ? line_end + 1 : end;
	} while (!status && text < end);
	if (status)
		road_trace_free(out);
	return status;
}

void road_trace_free(struct road_trace *trace)
{
	free(trace->events);
	free(trace->pieces);
	free(trace->bytes);
	*trace = (struct road_trace){0};
}
