/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/address.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/error.h"

enum { TEXT_MAX = 1024 };

static const struct road_transport *const transports[] = {
	&road_transport_pci,  &road_transport_accel, &road_transport_drm,
	&road_transport_node, &road_transport_sim,   &road_transport_sock};
static const struct road_decorator *const decorators[] = {
	&road_decorator_faulty, &road_decorator_record, &road_decorator_replay};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static road_status bad(const char *what, const char *text, size_t column, const char *allowed)
{
	char where[64], seen[64];

	snprintf(where, sizeof(where), "device address, column %zu", column + 1);
	snprintf(seen, sizeof(seen), "%.60s", text + column);
	return road_fail(ROAD_INVALID_ARGUMENT, what, where, seen, allowed);
}

static size_t word_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '-' || text[length] == '_')
		length++;
	return length;
}

/* Length of a balanced "(…)" at `text`, parentheses included; 0: it never ends. */
static size_t group_length(const char *text)
{
	size_t depth = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '(')
			depth++;
		else if (text[i] == ')' && !--depth)
			return i + 1;
	}
	return 0;
}

/* One `name(argument):` at *at; moves *at behind it. */
static road_status parse_decorator(struct road_address *out, size_t *at, size_t word)
{
	const char *text = out->text;
	size_t group = group_length(text + *at + word);

	if (!group)
		return bad("parenthesis is never closed", text, *at + word, "')'");
	if (out->decorator_count == ROAD_DECORATORS_MAX)
		return bad("too many decorators", text, *at, "at most 4");
	if (text[*at + word + group] != ':')
		return bad("decorator is not followed by an address", text, *at + word + group,
			   "':'");
	out->decorators[out->decorator_count++] = (struct road_address_decorator){
		.name = {text + *at, word},
		.argument = {text + *at + word + 1, group - 2},
	};
	*at += word + group + 1;
	return ROAD_OK;
}

static const struct road_decorator *find_decorator(const struct road_bus_text *name)
{
	for (size_t i = 0; i < COUNT(decorators); i++)
		if (strlen(decorators[i]->name) == name->bytes &&
		    !memcmp(decorators[i]->name, name->text, name->bytes))
			return decorators[i];
	return NULL;
}

/* `replay(FILE):` is all of an address. */
static bool ends_in_source(const struct road_address *address)
{
	const uint32_t count = address->decorator_count;
	const struct road_decorator *last =
		count ? find_decorator(&address->decorators[count - 1].name) : NULL;

	return last && last->is_source;
}

static road_status parse(struct road_address *out, char *storage)
{
	size_t at = 0, word;

	for (;;) {
		if (ends_in_source(out)) {
			if (out->text[at])
				return bad("nothing may stand behind a replay", out->text, at,
					   "the end");
			out->identity = out->text;
			out->scheme = out->rest = out->options = storage;
			return ROAD_OK;
		}
		word = word_length(out->text + at);
		if (!word)
			return bad("no scheme or decorator here", out->text, at,
				   "a word such as \"sim\"");
		if (out->text[at + word] != '(')
			break;
		road_status status = parse_decorator(out, &at, word);

		if (status)
			return status;
	}
	if (out->text[at + word] != ':')
		return bad("scheme is not followed by ':'", out->text, at + word, "':'");
	char *question = strchr(out->text + at + word + 1, '?');

	/* Terminated copies: the identity, and scheme and rest apart. */
	if (question) {
		out->options = question + 1;
		*question = 0;
	} else {
		out->options = out->text + strlen(out->text);
	}
	out->identity = out->text;
	strcpy(storage, out->text + at);
	storage[word] = 0;
	out->scheme = storage;
	out->rest = storage + word + 1;
	return ROAD_OK;
}

road_status road_address_parse(const char *text, struct road_address *out)
{
	size_t length = strnlen(text, TEXT_MAX + 1);

	memset(out, 0, sizeof(*out));
	if (length > TEXT_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "device address is too long",
				     "device address", length, "at most 1024 characters");
	out->text = calloc(2, length + 1);
	if (!out->text)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address",
				 "device address", "", "");
	memcpy(out->text, text, length);
	road_status status = parse(out, out->text + length + 1);

	if (status)
		road_address_free(out);
	return status;
}

void road_address_free(struct road_address *address)
{
	free(address->text);
	address->text = NULL;
}

const struct road_transport *road_transport_at(uint32_t index)
{
	return index < COUNT(transports) ? transports[index] : NULL;
}

const struct road_transport *road_transport_find(const char *scheme)
{
	for (size_t i = 0; i < COUNT(transports); i++)
		if (!strcmp(transports[i]->scheme, scheme))
			return transports[i];
	return NULL;
}

/* Decorators are checked before the bus is opened, so that a typing error touches no device. */
static road_status find_all(const struct road_address *address, const struct road_decorator **found)
{
	for (uint32_t i = 0; i < address->decorator_count; i++) {
		found[i] = find_decorator(&address->decorators[i].name);
		if (!found[i])
			return bad("unknown decorator", address->text,
				   (size_t)(address->decorators[i].name.text - address->text),
				   "faulty, record, replay");
	}
	return ROAD_OK;
}

static road_status unknown_scheme(const struct road_address *address)
{
	char where[64];

	snprintf(where, sizeof(where), "device address, column %zu",
		 strlen(address->identity) - strlen(address->rest) - strlen(address->scheme));
	return road_fail(ROAD_NOT_FOUND, "unknown scheme", where, address->scheme,
			 "host, sim, pci, accel, drm, sock");
}

/* A source opens itself. */
static road_status open_innermost(const struct road_bus_wish *wish,
				  const struct road_address *address, struct road_bus **out)
{
	*out = NULL;
	if (ends_in_source(address))
		return ROAD_OK;
	return road_transport_find(address->scheme)
		->open(wish, address->identity, address->rest, address->options, out);
}

road_status road_bus_open(const struct road_bus_wish *wish, const struct road_address *address,
			  struct road_bus **out)
{
	const struct road_decorator *found[ROAD_DECORATORS_MAX];
	const char *inner = address->identity + strlen(address->identity) - strlen(address->rest);
	struct road_bus *bus, *wrapped;
	road_status status;

	inner -= address->scheme[0] ? strlen(address->scheme) + 1 : 0;
	if (address->scheme[0] && !road_transport_find(address->scheme))
		return unknown_scheme(address);
	status = find_all(address, found);
	if (!status)
		status = open_innermost(wish, address, &bus);
	for (uint32_t i = address->decorator_count; !status && i--;) {
		status = found[i]->wrap(address->decorators[i].argument, inner, bus, &wrapped);
		if (!status)
			bus = wrapped;
		else if (bus)
			bus->ops->close(bus);
	}
	if (!status)
		*out = bus;
	return status;
}
