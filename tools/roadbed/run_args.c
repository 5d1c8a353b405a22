/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/run_args.h"

#include "tools/roadbed/files.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORMS "i32: u32: i64: u64: f32: f64: zeros: iota: rand: in:"

struct piece { /* a part of the argument's text; not terminated */
	const char *text;
	size_t bytes;
};

struct parse {
	struct run_arg *arg;
	struct tool_error *error;
	char where[96];
	struct piece rest; /* what is not read yet */
};

static int bad(struct parse *p, const char *what, struct piece seen, const char *allowed)
{
	char text[sizeof(p->error->seen)];

	snprintf(text, sizeof(text), "\"%.*s\"", (int)(seen.bytes < 100 ? seen.bytes : 100),
		 seen.text);
	return tool_error_set(p->error, p->where, what, text, allowed);
}

/* Takes the text up to the next colon, or all of it. */
static struct piece take(struct parse *p)
{
	const char *colon = memchr(p->rest.text, ':', p->rest.bytes);
	struct piece piece = {p->rest.text, colon ? (size_t)(colon - p->rest.text) : p->rest.bytes};
	size_t used = piece.bytes + (colon ? 1 : 0);

	p->rest.text += used;
	p->rest.bytes -= used;
	return piece;
}

static int type_of(struct parse *p, bool scalar)
{
	struct piece name = take(p);
	const struct value_type *type = value_type_find(name.text, name.bytes);
	char names[128];
	size_t used = 0;

	if (type && (type->scalar || !scalar)) {
		p->arg->type = type;
		return 0;
	}
	for (unsigned i = 0; (type = value_type_at(i)); i++)
		if (type->scalar || !scalar)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 used ? " " : "", type->name);
	return bad(p, "no such type", name, names);
}

static int integer(struct parse *p, struct piece text)
{
	const struct value_type *type = p->arg->type;
	unsigned bits = type->bytes * 8;
	uint64_t max = UINT64_MAX >> (64 - bits), magnitude;
	bool is_signed = type->kind == VALUE_SIGNED;
	bool negative = is_signed && text.bytes && text.text[0] == '-';
	uint64_t limit = is_signed ? max / 2 + (negative ? 1 : 0) : max;
	char allowed[96];

	if (tool_number(text.text + (negative ? 1 : 0), text.bytes - (negative ? 1 : 0), limit,
			&magnitude)) {
		value_store(p->arg->scalar, negative ? 0 - magnitude : magnitude, type->bytes);
		return 0;
	}
	if (is_signed)
		snprintf(allowed, sizeof(allowed), "-%" PRIu64 " to %" PRIu64 ", decimal or 0x",
			 max / 2 + 1, max / 2);
	else
		snprintf(allowed, sizeof(allowed), "0 to %" PRIu64 ", decimal or 0x", max);
	return bad(p, "value is no integer of its type", text, allowed);
}

/* The value itself is rounded once: strtof for f32, not a double rounded again. */
static int real(struct parse *p, struct piece text)
{
	bool narrow = p->arg->type->bytes == 4;
	char copy[128], *end = copy;
	float f = 0;
	double d = 0;

	if (text.bytes && text.bytes < sizeof(copy) && !strchr(" \t\n\v\f\r", text.text[0])) {
		memcpy(copy, text.text, text.bytes);
		copy[text.bytes] = 0;
		errno = 0;
		if (narrow)
			d = f = strtof(copy, &end);
		else
			d = strtod(copy, &end);
		/* ERANGE with a small result is a subnormal: that is a value. */
		if (errno == ERANGE && isinf(d))
			return bad(p, "value is out of its type's range", text, "");
	}
	if (end == copy || *end)
		return bad(p, "value is no number", text,
			   "a decimal or hexadecimal number, inf, nan");
	if (narrow) {
		uint32_t bits;

		memcpy(&bits, &f, sizeof(bits));
		value_store(p->arg->scalar, bits, 4);
	} else {
		uint64_t bits;

		memcpy(&bits, &d, sizeof(bits));
		value_store(p->arg->scalar, bits, 8);
	}
	return 0;
}

static int scalar(struct parse *p)
{
	if (type_of(p, true))
		return -1;
	return p->arg->type->kind == VALUE_FLOAT ? real(p, p->rest) : integer(p, p->rest);
}

static int count_of(struct parse *p)
{
	struct piece text = take(p);
	uint64_t max = RUN_BUFFER_BYTES_MAX / p->arg->type->bytes;
	char allowed[64];

	snprintf(allowed, sizeof(allowed), "1 to %" PRIu64, max);
	if (!tool_number(text.text, text.bytes, max, &p->arg->count) || !p->arg->count)
		return bad(p, "COUNT is not usable", text, allowed);
	p->arg->bytes = p->arg->count * p->arg->type->bytes;
	return 0;
}

static int end_of(struct parse *p)
{
	return p->rest.bytes ? bad(p, "trailing text", p->rest, "nothing, or >FILE") : 0;
}

static int counted(struct parse *p)
{
	return type_of(p, false) || count_of(p) || end_of(p) ? -1 : 0;
}

static int seeded(struct parse *p)
{
	if (type_of(p, false) || count_of(p))
		return -1;

	struct piece text = take(p);

	if (!tool_number(text.text, text.bytes, UINT64_MAX, &p->arg->seed))
		return bad(p, "SEED is no number", text, "0 to 18446744073709551615");
	return end_of(p);
}

/* A file name may hold colons: it is all that is left. */
static int from_file(struct parse *p)
{
	if (type_of(p, false))
		return -1;
	if (!p->rest.bytes)
		return bad(p, "FILE is missing", p->rest, "in:TYPE:FILE");
	p->arg->in_path = strndup(p->rest.text, p->rest.bytes);
	if (!p->arg->in_path)
		tool_no_memory();
	return 0;
}

static const struct form {
	const char *prefix; /* NULL: the scalars */
	enum run_form form;
	int (*parse)(struct parse *p);
} forms[] = {
	{"zeros:", RUN_ZEROS, counted}, {"iota:", RUN_IOTA, counted}, {"rand:", RUN_RAND, seeded},
	{"in:", RUN_IN, from_file},     {NULL, RUN_SCALAR, scalar},
};

static const struct form *form_of(struct parse *p)
{
	const struct form *form = forms;

	while (form->prefix && strncmp(p->rest.text, form->prefix, strlen(form->prefix)))
		form++;
	if (form->prefix) {
		p->rest.text += strlen(form->prefix);
		p->rest.bytes -= strlen(form->prefix);
	}
	return form;
}

/* Splits off `>FILE`; the first '>' counts, so no file that is read may have one in its name. */
static int split_output(struct parse *p)
{
	const char *mark = strchr(p->arg->text, '>');

	p->rest = (struct piece){p->arg->text, strlen(p->arg->text)};
	if (!mark)
		return 0;
	p->rest.bytes = (size_t)(mark - p->arg->text);
	if (!mark[1])
		return tool_error_set(p->error, p->where, "no FILE after '>'", p->arg->text,
				      ">FILE");
	p->arg->out_path = strdup(mark + 1);
	if (!p->arg->out_path)
		tool_no_memory();
	return 0;
}

static int parse_whole(struct parse *p)
{
	if (split_output(p))
		return -1;

	const struct form *form = form_of(p);

	p->arg->form = form->form;
	if (!form->prefix && !memchr(p->rest.text, ':', p->rest.bytes))
		return bad(p, "no such form of argument", p->rest, FORMS);
	if (form->parse(p))
		return -1;
	if (!form->prefix && p->arg->out_path)
		return tool_error_set(p->error, p->where, "only buffers can be written back",
				      p->arg->text, "a value without >FILE");
	return 0;
}

int run_arg_parse(const char *text, unsigned index, struct run_arg *out, struct tool_error *error)
{
	struct run_arg arg = {.text = text};
	struct parse p = {.arg = &arg, .error = error};

	snprintf(p.where, sizeof(p.where), "run: argument %u '%.64s'", index, text);
	if (parse_whole(&p)) {
		run_arg_free(&arg);
		return -1;
	}
	*out = arg;
	return 0;
}

void run_arg_free(struct run_arg *arg)
{
	free(arg->in_path);
	free(arg->out_path);
	arg->in_path = NULL;
	arg->out_path = NULL;
}

static int fill_from_file(struct run_arg *arg, void **out, struct tool_error *error)
{
	char seen[64];
	size_t bytes;
	void *data;

	if (file_read(arg->in_path, RUN_BUFFER_BYTES_MAX, &data, &bytes, error))
		return -1;
	if (!bytes || bytes % arg->type->bytes) {
		free(data);
		snprintf(seen, sizeof(seen), "%zu bytes", bytes);
		return tool_error_allow(error, arg->in_path, "size does not fit its type", seen,
					"a multiple of %" PRIu32 " bytes, not 0", arg->type->bytes);
	}
	arg->bytes = bytes;
	arg->count = bytes / arg->type->bytes;
	*out = data;
	return 0;
}

int run_arg_fill(struct run_arg *arg, void **out, struct tool_error *error)
{
	*out = NULL;
	if (arg->form == RUN_IN)
		return fill_from_file(arg, out, error);
	if (arg->form != RUN_IOTA && arg->form != RUN_RAND)
		return 0;

	void *data = malloc(arg->bytes);

	if (!data)
		return tool_error_set(error, arg->text, "out of host memory", "", "");
	if (arg->form == RUN_IOTA)
		value_iota(arg->type, arg->count, data);
	else
		value_rand(arg->type, arg->count, arg->seed, data);
	*out = data;
	return 0;
}

int run_dim_parse(const char *option, const char *text, struct run_dim *out,
		  struct tool_error *error)
{
	uint32_t value[3] = {1, 1, 1};
	const char *at = text;

	for (unsigned i = 0;; i++) {
		size_t bytes = strcspn(at, ",");
		uint64_t number;

		if (i == 3 || !tool_number(at, bytes, UINT32_MAX, &number) || !number)
			return tool_error_set(error, option, "is no size of a grid", text,
					      "X[,Y[,Z]], each 1 to 4294967295");
		value[i] = (uint32_t)number;
		if (!at[bytes])
			break;
		at += bytes + 1;
	}
	*out = (struct run_dim){value[0], value[1], value[2]};
	return 0;
}

/* The value of the address's option `key`, NULL if it has none; *bytes is its length. */
static const char *address_option(const char *address, const char *key, size_t *bytes)
{
	const char *at = strchr(address, '?');
	size_t name = strlen(key);

	while (at) {
		at++;
		*bytes = strcspn(at, "&");
		if (*bytes > name && !strncmp(at, key, name) && at[name] == '=') {
			*bytes -= name + 1;
			return at + name + 1;
		}
		at = strchr(at, '&');
	}
	return NULL;
}

int run_address_with(const char *word, const char *address, const char *key, const char *value,
		     char **out, struct tool_error *error)
{
	size_t bytes, length = strlen(address) + strlen(key) + strlen(value) + sizeof("?=");
	const char *seen = address_option(address, key, &bytes);
	char *text;

	if (seen && (bytes != strlen(value) || strncmp(seen, value, bytes) != 0))
		return tool_error_allow(error, word, "needs another option in DEVICE", address,
					"%s=%s, or none", key, value);
	text = malloc(length);
	if (!text)
		tool_no_memory();
	if (seen)
		snprintf(text, length, "%s", address);
	else
		snprintf(text, length, "%s%c%s=%s", address, strchr(address, '?') ? '&' : '?', key,
			 value);
	*out = text;
	return 0;
}
