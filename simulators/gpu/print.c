/* SPDX-License-Identifier: Apache-2.0 */
/* print, assert_fail: walks the format, takes the values and strings of each lane. */
#include "simulators/gpu/print.h"

#include "simulators/gpu/exec.h"

#include <stdlib.h>
#include <string.h>

#define ASSERT_FORMAT "%s%s%s%u"
#define NUMBER_MAX    1000000 /* of a width or precision; what is larger is the same */
#define TEXTS_MAX                                                           \
	(ROAD_GPU_PRINT_RECORD_MAX - sizeof(struct road_gpu_print_record) - \
	 ROAD_GPU_PRINT_VALUES_MAX * sizeof(struct road_gpu_print_value) -  \
	 (ROAD_GPU_PRINT_FORMAT_MAX + 1u))

struct taker {
	struct road_gpu_warp *warp;
	uint32_t lane;
	enum road_gpu_fault fault;
	uint64_t address; /* of the fault */
	uint64_t buffer, offset;
	const char *format;
	uint32_t at, end;
	uint32_t count;
	uint32_t texts; /* bytes */
	struct road_gpu_print_value values[ROAD_GPU_PRINT_VALUES_MAX];
	char text[TEXTS_MAX];
	char copy[ROAD_GPU_PRINT_FORMAT_MAX];
};

/* ---- memory ---- */

static enum road_gpu_fault read_global(struct road_gpu_warp *warp, uint64_t address, uint8_t *out)
{
	const struct road_gpu_launch_config *config = &warp->block->launch->config;
	const struct road_gpu_range *range = warp->last[0];

	if (!road_gpu_range_holds(range, address, 1))
		range = road_gpu_ranges_find(config->ranges, address);
	if (!range)
		return ROAD_GPU_FAULT_UNMAPPED;
	warp->last[0] = range;
	if (!(range->flags & ROAD_GPU_SEGMENT_READ)) {
		enum road_gpu_fault fault = road_gpu_range_poisoned(config->ranges, range, address,
								    1, ROAD_GPU_SEGMENT_READ);

		if (fault)
			return fault;
	}
	if (config->port && config->port->peek)
		return config->port->peek(config->port->ctx, warp->block, range, address, out)
			       ? ROAD_GPU_FAULT_NONE
			       : ROAD_GPU_FAULT_DMA;
	if (!range->host)
		return ROAD_GPU_FAULT_DMA;
	*out = range->host[address - range->va];
	return ROAD_GPU_FAULT_NONE;
}

static enum road_gpu_fault read_byte(const struct taker *t, uint64_t address, uint8_t *out)
{
	const struct road_gpu_launch_config *config = &t->warp->block->launch->config;
	uint64_t shared = address - ROAD_GPU_SHARED_WINDOW;
	uint64_t local = address - ROAD_GPU_LOCAL_WINDOW;

	if (shared < ROAD_GPU_WINDOW_BYTES) {
		if (shared >= config->shared_bytes)
			return ROAD_GPU_FAULT_UNMAPPED;
		*out = t->warp->block->shared[shared];
		return ROAD_GPU_FAULT_NONE;
	}
	if (local < ROAD_GPU_WINDOW_BYTES) {
		if (local >= config->local_bytes)
			return ROAD_GPU_FAULT_UNMAPPED;
		*out = t->warp->local[road_gpu_local_at(t->lane, local)];
		return ROAD_GPU_FAULT_NONE;
	}
	return read_global(t->warp, address, out);
}

/* Up to a 0, at most `max` bytes; *address ends at what could not be read. */
static enum road_gpu_fault read_string(const struct taker *t, uint64_t *address, uint32_t max,
				       char *out, uint32_t *bytes)
{
	for (*bytes = 0; *bytes < max; ++*bytes, ++*address) {
		enum road_gpu_fault fault = read_byte(t, *address, (uint8_t *)&out[*bytes]);

		if (fault)
			return fault;
		if (!out[*bytes])
			break;
	}
	return ROAD_GPU_FAULT_NONE;
}

/* ---- the walk ---- */

static struct road_gpu_print_value *take(struct taker *t, uint32_t bytes)
{
	struct road_gpu_print_value *value = &t->values[t->count];
	uint64_t at;

	if (t->count == ROAD_GPU_PRINT_VALUES_MAX)
		return NULL;
	*value = (struct road_gpu_print_value){.bits = 0};
	t->offset = (t->offset + bytes - 1) & ~(uint64_t)(bytes - 1);
	at = t->buffer + t->offset;
	for (uint32_t i = 0; i < bytes && !t->fault; i++) {
		uint8_t byte = 0;

		t->fault = read_byte(t, at + i, &byte);
		t->address = at + i;
		value->bits |= (uint64_t)byte << 8 * i;
	}
	t->offset += bytes;
	t->count++;
	return t->fault ? NULL : value;
}

static void take_text(struct taker *t, struct road_gpu_print_value *value, int32_t precision)
{
	uint32_t room = TEXTS_MAX - t->texts, max = ROAD_GPU_PRINT_TEXT_MAX, bytes;
	uint64_t address = value->bits;

	if (precision >= 0 && (uint32_t)precision < max)
		max = (uint32_t)precision;
	max = max < room ? max : room;
	if (!address || read_string(t, &address, max, t->text + t->texts, &bytes))
		return;
	value->text = t->texts + 1; /* from the texts' start, until all is known */
	value->text_bytes = bytes;
	t->texts += bytes;
}

static char look(const struct taker *t)
{
	return t->at < t->end ? t->format[t->at] : '\0';
}

/* Digits or '*'; 0 if there is neither. */
static int32_t number(struct taker *t)
{
	int32_t result = 0;

	if (look(t) == '*') {
		const struct road_gpu_print_value *value = take(t, 4);

		t->at++;
		return value ? (int32_t)(uint32_t)value->bits : 0;
	}
	for (; look(t) >= '0' && look(t) <= '9'; t->at++)
		if (result < NUMBER_MAX)
			result = result * 10 + (look(t) - '0');
	return result;
}

static bool is_wide(struct taker *t)
{
	char letter = look(t);
	bool wide = letter && strchr("ljzt", letter);

	if (!letter || !strchr("hljztL", letter))
		return false;
	t->at++;
	if ((letter == 'h' || letter == 'l') && look(t) == letter)
		t->at++;
	return wide;
}

static uint32_t value_bytes(char letter, bool wide)
{
	if (!letter)
		return 0;
	if (strchr("diuoxX", letter))
		return wide ? 8 : 4;
	if (letter == 'c')
		return 4;
	return strchr("fFeEgGaAspn", letter) ? 8 : 0;
}

/* From behind the '%'. */
static void conversion(struct taker *t)
{
	struct road_gpu_print_value *value;
	int32_t precision = -1;

	while (look(t) && strchr("-+ #0", look(t)))
		t->at++;
	(void)number(t);
	if (look(t) == '.') {
		t->at++;
		precision = number(t);
	}
	bool wide = is_wide(t);
	char letter = look(t);
	uint32_t bytes = value_bytes(letter, wide);

	t->at += letter != '\0';
	value = bytes ? take(t, bytes) : NULL;
	if (value && letter == 's')
		take_text(t, value, precision);
}

static bool walk(struct taker *t)
{
	while (t->at < t->end && !t->fault)
		if (t->format[t->at++] == '%')
			conversion(t);
	return !t->fault;
}

/* ---- records ---- */

static void lock(struct road_gpu_prints *prints)
{
	while (atomic_flag_test_and_set_explicit(&prints->busy, memory_order_acquire))
		;
}

static void unlock(struct road_gpu_prints *prints)
{
	atomic_flag_clear_explicit(&prints->busy, memory_order_release);
}

/* Room for one more record, or NULL. */
static uint8_t *reserve(struct road_gpu_prints *prints, size_t bytes)
{
	if (prints->used + bytes > ROAD_GPU_PRINTS_MAX)
		return NULL;
	if (prints->used + bytes > prints->room) {
		size_t room = prints->room ? prints->room * 2 : 4u * ROAD_GPU_PRINT_RECORD_MAX;
		uint8_t *grown = realloc(prints->data, room);

		if (!grown)
			return NULL;
		prints->data = grown;
		prints->room = room;
	}
	if (prints->count == prints->entry_room) {
		size_t room = prints->entry_room ? prints->entry_room * 2 : 64;
		struct road_gpu_print_entry *grown =
			realloc(prints->entries, room * sizeof(*grown));

		if (!grown)
			return NULL;
		prints->entries = grown;
		prints->entry_room = room;
	}
	return prints->data + prints->used;
}

static uint64_t clock_of(const struct road_gpu_warp *warp, enum road_gpu_sreg which)
{
	const struct road_gpu_port *port = warp->block->launch->config.port;

	return port && port->clock ? port->clock(port->ctx, warp->block, which) : 0;
}

static void fill(const struct taker *t, const struct road_gpu_print_record *head, uint8_t *out)
{
	uint32_t at = (uint32_t)(sizeof(*head) + t->count * sizeof(t->values[0]));
	uint32_t texts = at + head->format_bytes;

	memset(out, 0, head->bytes);
	memcpy(out, head, sizeof(*head));
	for (uint32_t i = 0; i < t->count; i++) {
		struct road_gpu_print_value value = t->values[i];

		value.text = value.text ? texts + value.text - 1 : 0;
		memcpy(out + sizeof(*head) + i * sizeof(value), &value, sizeof(value));
	}
	memcpy(out + at, t->format, head->format_bytes);
	memcpy(out + texts, t->text, t->texts);
}

static void keep(const struct taker *t, const struct road_gpu_insn *insn,
		 enum road_gpu_print_kind kind)
{
	const struct road_gpu_block *block = t->warp->block;
	struct road_gpu_prints *prints = block->launch->config.prints;
	const struct road_gpu_port *port = block->launch->config.port;
	struct road_gpu_print_record head = {
		.kind = (uint16_t)kind,
		.values = (uint16_t)t->count,
		.format = (uint32_t)(sizeof(head) + t->count * sizeof(t->values[0])),
		.format_bytes = kind == ROAD_GPU_PRINT_TEXT ? t->end : 0,
		.time_ns = clock_of(t->warp, ROAD_GPU_SREG_GLOBALTIMER),
		.ctaid = {block->ctaid[0], block->ctaid[1], block->ctaid[2]},
		.warp = t->warp->index,
		.lane = t->lane,
		.pc = (uint32_t)(insn - t->warp->code),
	};

	if (!prints)
		return;
	head.bytes = (head.format + head.format_bytes + t->texts + 7) & ~7u;
	lock(prints);
	uint8_t *out = reserve(prints, head.bytes);

	if (out) {
		fill(t, &head, out);
		/* Without a timing model records come in the order of execution. */
		prints->entries[prints->count] = (struct road_gpu_print_entry){
			.time = port && port->peek
					? port->clock(port->ctx, block, ROAD_GPU_SREG_CLOCK64)
					: prints->count,
			.linear = block->linear,
			.sequence = prints->count,
			.warp = t->warp->index,
			.bytes = head.bytes,
			.offset = prints->used,
		};
		prints->count++;
		prints->used += head.bytes;
	} else {
		prints->lost++;
	}
	unlock(prints);
}

/* NULL: no format at all. Else the walk's beginning. */
static bool start(struct taker *t, const struct road_gpu_insn *insn)
{
	const uint64_t *a = road_gpu_source(t->warp, insn->a),
		       *b = road_gpu_source(t->warp, insn->b);
	bool is_assert = insn->op == ROAD_GPU_OP_assert_fail;

	t->fault = ROAD_GPU_FAULT_NONE;
	t->buffer = is_assert ? a[t->lane] : b[t->lane];
	t->offset = t->at = t->count = t->texts = 0;
	t->format = is_assert ? ASSERT_FORMAT : t->copy;
	t->end = sizeof(ASSERT_FORMAT) - 1;
	if (is_assert)
		return true;
	t->address = a[t->lane];
	if (!t->address)
		return false;
	t->fault = read_string(t, &t->address, ROAD_GPU_PRINT_FORMAT_MAX, t->copy, &t->end);
	return true;
}

bool road_gpu_print(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	bool is_assert = insn->op == ROAD_GPU_OP_assert_fail;
	uint32_t results[ROAD_GPU_WARP_LANES];
	struct taker t = {.warp = warp};

	for (uint32_t left = mask; left; left &= left - 1) {
		t.lane = (uint32_t)__builtin_ctz(left);
		results[t.lane] = UINT32_MAX;
		if (!start(&t, insn))
			continue;
		if (t.fault || !walk(&t)) {
			road_gpu_warp_fault(warp, insn, t.fault, 1u << t.lane, t.address, 1);
			return false;
		}
		keep(&t, insn, is_assert ? ROAD_GPU_PRINT_ASSERT : ROAD_GPU_PRINT_TEXT);
		results[t.lane] = t.count;
	}
	if (is_assert) {
		road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_TRAP, mask, 0, insn->op);
		return false;
	}
	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		((uint32_t *)road_gpu_target(warp, insn->d))[lane] = results[lane];
	}
	return true;
}

/* ---- at the launch's end ---- */

static int compare(const void *left, const void *right)
{
	const struct road_gpu_print_entry *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->linear != b->linear)
		return a->linear < b->linear ? -1 : 1;
	if (a->warp != b->warp)
		return a->warp < b->warp ? -1 : 1;
	return a->sequence < b->sequence ? -1 : 1; /* lanes of one word */
}

void road_gpu_prints_sort(struct road_gpu_prints *prints)
{
	if (prints->count)
		qsort(prints->entries, prints->count, sizeof(*prints->entries), compare);
}

void road_gpu_prints_free(struct road_gpu_prints *prints)
{
	free(prints->data);
	free(prints->entries);
	*prints = (struct road_gpu_prints){.data = NULL};
}
