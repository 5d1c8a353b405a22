/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device addresses, as text:
 *
 *   address   = { decorator "(" argument ")" ":" } scheme ":" rest [ "?" options ]
 *   decorator, scheme = letter { letter | digit | "-" }
 *   argument  = any characters, parentheses balanced
 */
#ifndef HAL_BUS_ADDRESS_H
#define HAL_BUS_ADDRESS_H

#include "hal/bus/transport.h"

enum { ROAD_DECORATORS_MAX = 4 };

struct road_address_decorator {
	struct road_bus_text name, argument;
};

/* The parts point into `text`, which the structure owns. */
struct road_address {
	char *text;           /* a copy of all */
	const char *identity; /* before '?'; terminated */
	const char *scheme;   /* terminated */
	const char *rest;     /* between the scheme's ':' and '?'; terminated */
	const char *options;  /* after '?'; terminated, "" if there is none */
	struct road_address_decorator decorators[ROAD_DECORATORS_MAX]; /* outermost first */
	uint32_t decorator_count;
};

/* Errors name the column, from 1. */
road_status road_address_parse(const char *text, struct road_address *out);
void road_address_free(struct road_address *address);

/* Opens the bus that the address names and wraps the decorators around it. */
road_status road_bus_open(const struct road_bus_wish *wish, const struct road_address *address,
			  struct road_bus **out);
/* The transport of that scheme, NULL if there is none; by position, NULL ends. */
const struct road_transport *road_transport_find(const char *scheme);
const struct road_transport *road_transport_at(uint32_t index);

#endif
