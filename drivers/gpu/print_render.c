/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the chip as text. The grammar of conversions is that of uapi/gpu/print.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/print.h"

enum { NUMBER_BYTES = 2048, NUMBER_MAX = 1000000 };

void gpu_text_add(struct gpu_text *text, const char *bytes, size_t count)
{
	if (count > text->room - text->count) {
		size_t room = text->room ? text->room * 2 : 256;

		while (room < text->count + count)
			room *= 2;
		char *grown = realloc(text->bytes, room);

		if (!grown)
			return;
		text->bytes = grown;
		text->room = room;
	}
	if (count)
		memcpy(text->bytes + text->count, bytes, count);
	text->count += count;
}

/* ---- a record ---- */

struct record {
	const char *bytes;
	size_t count;
	struct road_gpu_print_record head;
	uint32_t next; /* value */
};

/* False if it is none. */
static bool open_record(struct record *r, const void *bytes, size_t count)
{
	r->bytes = bytes;
	r->count = count;
	r->next = 0;
	if (count < sizeof(r->head))
		return false;
	memcpy(&r->head, bytes, sizeof(r->head));
	return r->head.kind < ROAD_GPU_PRINT_KINDS &&
	       r->head.values <= (count - sizeof(r->head)) / sizeof(struct road_gpu_print_value) &&
	       r->head.format <= count && r->head.format_bytes <= count - r->head.format;
}

static bool take(struct record *r, struct road_gpu_print_value *value)
{
	if (r->next == r->head.values)
		return false;
	memcpy(value, r->bytes + sizeof(r->head) + r->next * sizeof(*value), sizeof(*value));
	r->next++;
	return true;
}

/* NULL: it has none, or one that leaves the record. */
static const char *text_of(const struct record *r, const struct road_gpu_print_value *value)
{
	if (!value->text || value->text > r->count || value->text_bytes > r->count - value->text)
		return NULL;
	return r->bytes + value->text;
}

/* ---- a conversion ---- */

struct conversion {
	char flags[6];
	int32_t width, precision; /* precision: -1 = none */
	char length;              /* h, H = hh, l = 64 bits, 0 */
	char letter;              /* 0: the format ends before it */
	bool lacks;               /* a '*' had no value */
};

struct cursor {
	const char *at, *end;
};

static char look(const struct cursor *c)
{
	return c->at < c->end ? *c->at : '\0';
}

static bool is_one_of(char letter, const char *letters)
{
	return letter && strchr(letters, letter);
}

static int32_t clamp(int32_t value)
{
	if (value > GPU_PRINT_WIDTH_MAX)
		return GPU_PRINT_WIDTH_MAX;
	return value < -GPU_PRINT_WIDTH_MAX ? -GPU_PRINT_WIDTH_MAX : value;
}

static int32_t parse_number(struct cursor *c, struct record *r, bool *lacks)
{
	struct road_gpu_print_value value;
	int32_t result = 0;

	if (look(c) == '*') {
		c->at++;
		if (!take(r, &value)) {
			*lacks = true;
			return 0;
		}
		return clamp((int32_t)(uint32_t)value.bits);
	}
	for (; look(c) >= '0' && look(c) <= '9'; c->at++)
		if (result < NUMBER_MAX)
			result = result * 10 + (look(c) - '0');
	return clamp(result);
}

static void add_flag(struct conversion *conversion, char flag)
{
	size_t count = strlen(conversion->flags);

	if (!strchr(conversion->flags, flag))
		conversion->flags[count] = flag;
}

static char parse_length(struct cursor *c)
{
	char letter = look(c);

	if (!is_one_of(letter, "hljztL"))
		return '\0';
	c->at++;
	if ((letter == 'h' || letter == 'l') && look(c) == letter) {
		c->at++;
		return letter == 'h' ? 'H' : 'l';
	}
	return is_one_of(letter, "jzt") ? 'l' : letter == 'L' ? '\0' : letter;
}

/* From behind the '%'. */
static struct conversion parse(struct cursor *c, struct record *r)
{
	struct conversion conversion = {.precision = -1};

	for (; is_one_of(look(c), "-+ #0"); c->at++)
		add_flag(&conversion, look(c));
	conversion.width = parse_number(c, r, &conversion.lacks);
	if (look(c) == '.') {
		c->at++;
		conversion.precision = parse_number(c, r, &conversion.lacks);
	}
	conversion.length = parse_length(c);
	conversion.letter = look(c);
	c->at += conversion.letter != '\0';
	return conversion;
}

/* ---- rendering ---- */

static void add_padding(struct gpu_text *out, size_t count)
{
	while (count--)
		gpu_text_add(out, " ", 1);
}

static void add_padded(struct gpu_text *out, const struct conversion *c, const char *text,
		       size_t count)
{
	bool left = c->width < 0 || strchr(c->flags, '-');
	size_t width = (size_t)(c->width < 0 ? -c->width : c->width);
	size_t padding = count < width ? width - count : 0;

	if (!left)
		add_padding(out, padding);
	gpu_text_add(out, text, count);
	if (left)
		add_padding(out, padding);
}

/* What the program chose as decimal point is not what a kernel prints. */
static void add_point(struct gpu_text *out, const char *number)
{
	char point[16]; /* "0", the program's point, "5" */
	const char *at;
	int count = snprintf(point, sizeof(point), "%.1f", 0.5);

	if (count < 3 || count >= (int)sizeof(point)) {
		gpu_text_add(out, number, strlen(number));
		return;
	}
	point[count - 1] = '\0';
	at = strcmp(point + 1, ".") ? strstr(number, point + 1) : NULL;
	if (at) {
		gpu_text_add(out, number, (size_t)(at - number));
		gpu_text_add(out, ".", 1);
		number = at + strlen(point + 1);
	}
	gpu_text_add(out, number, strlen(number));
}

static long long to_signed(const struct conversion *c, uint64_t bits)
{
	switch (c->length) {
	case 'H': return (signed char)bits;
	case 'h': return (short)bits;
	case 'l': return (long long)bits;
	default: return (int32_t)(uint32_t)bits;
	}
}

static unsigned long long to_unsigned(const struct conversion *c, uint64_t bits)
{
	switch (c->length) {
	case 'H': return (unsigned char)bits;
	case 'h': return (unsigned short)bits;
	case 'l': return bits;
	default: return (uint32_t)bits;
	}
}

/* The format consists of checked parts only. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void add_number(struct gpu_text *out, const struct conversion *c, uint64_t bits)
{
	char format[24], text[NUMBER_BYTES];
	bool is_float = is_one_of(c->letter, "fFeEgGaA");
	double number;

	snprintf(format, sizeof(format), "%%%s*.*%s%c", c->flags, is_float ? "" : "ll", c->letter);
	memcpy(&number, &bits, sizeof(number));
	if (is_float)
		snprintf(text, sizeof(text), format, c->width, c->precision, number);
	else if (is_one_of(c->letter, "di"))
		snprintf(text, sizeof(text), format, c->width, c->precision, to_signed(c, bits));
	else
		snprintf(text, sizeof(text), format, c->width, c->precision, to_unsigned(c, bits));
	if (is_float)
		add_point(out, text);
	else
		gpu_text_add(out, text, strlen(text));
}
#pragma GCC diagnostic pop

static void add_string(struct gpu_text *out, const struct conversion *c, const struct record *r,
		       const struct road_gpu_print_value *value)
{
	const char *text = text_of(r, value);
	char bad[48];

	if (text) {
		size_t count = value->text_bytes;

		if (c->precision >= 0 && (size_t)c->precision < count)
			count = (size_t)c->precision;
		add_padded(out, c, text, count);
	} else if (!value->bits) {
		add_padded(out, c, "(null)", 6);
	} else {
		int count = snprintf(bad, sizeof(bad), "(bad address 0x%" PRIx64 ")", value->bits);

		add_padded(out, c, bad, (size_t)count);
	}
}

static void add_pointer(struct gpu_text *out, const struct conversion *c, uint64_t bits)
{
	char text[24];
	int count = bits ? snprintf(text, sizeof(text), "0x%" PRIx64, bits)
			 : snprintf(text, sizeof(text), "(nil)");

	add_padded(out, c, text, (size_t)count);
}

/* False: there is no such conversion, or no value for it. */
static bool add_conversion(struct gpu_text *out, const struct conversion *c, struct record *r)
{
	struct road_gpu_print_value value;

	if (c->letter == '%' && !c->lacks) {
		gpu_text_add(out, "%", 1);
		return true;
	}
	if (!is_one_of(c->letter, "diuoxXcspfFeEgGaAn") || !take(r, &value))
		return false;
	if (c->letter == 'n' || c->lacks)
		return false;
	if (c->letter == 'c')
		add_padded(out, c, &(char){(char)value.bits}, 1);
	else if (c->letter == 's')
		add_string(out, c, r, &value);
	else if (c->letter == 'p')
		add_pointer(out, c, value.bits);
	else
		add_number(out, c, value.bits);
	return true;
}

void gpu_print_render(const void *bytes, size_t count, struct gpu_text *out)
{
	struct record r;

	if (!open_record(&r, bytes, count) || r.head.kind != ROAD_GPU_PRINT_TEXT)
		return;
	struct cursor c = {r.bytes + r.head.format, r.bytes + r.head.format + r.head.format_bytes};

	while (c.at < c.end) {
		const char *start = c.at, *percent = memchr(c.at, '%', (size_t)(c.end - c.at));

		c.at = percent ? percent : c.end;
		gpu_text_add(out, start, (size_t)(c.at - start));
		if (!percent)
			break;
		c.at++;
		struct conversion conversion = parse(&c, &r);

		if (!add_conversion(out, &conversion, &r))
			gpu_text_add(out, percent, (size_t)(c.at - percent));
	}
}

void gpu_print_assertion(const void *bytes, size_t count, char *out, size_t room)
{
	struct road_gpu_print_value values[4] = {{.bits = 0}};
	const char *texts[3];
	int lengths[3];
	struct record r;

	out[0] = '\0';
	if (!open_record(&r, bytes, count) || r.head.values < 4)
		return;
	for (int i = 0; i < 4; i++)
		(void)take(&r, &values[i]);
	for (int i = 0; i < 3; i++) {
		texts[i] = text_of(&r, &values[i]);
		lengths[i] = texts[i] ? (int)values[i].text_bytes : 1;
		if (!texts[i])
			texts[i] = "?";
	}
	snprintf(out, room, "%.*s:%u: %.*s: assertion `%.*s' failed", lengths[0], texts[0],
		 (uint32_t)values[3].bits, lengths[1], texts[1], lengths[2], texts[2]);
}
