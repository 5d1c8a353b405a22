/* SPDX-License-Identifier: Apache-2.0 */
/* What is here or could be: the library's candidates, as a list and in the forms of others. */
#ifndef TOOLS_ROADBED_CANDIDATES_H
#define TOOLS_ROADBED_CANDIDATES_H

#include "tools/roadbed/library.h"

enum candidates_of {
	CANDIDATES_DEVICES,   /* that can be opened */
	CANDIDATES_CATALOGUE, /* also all chips of the catalogue, with a model or without */
	CANDIDATES_SEEN,      /* whatever was seen, and what became of it */
	CANDIDATES_EVERYTHING /* that, and the catalogue */
};

struct candidates {
	road_candidate *at;
	bool *here; /* for each: it is here, and not only possible */
	uint32_t count;
};

/* Prints what is wrong and answers an exit code; to be freed either way. */
int candidates_read(road_instance *instance, enum candidates_of of, struct candidates *out);
/* "sock:PATH…": is it about what a server has? */
bool candidates_are_served(const char *asked);
/* What is served there, by opening it: of "sock:PATH" each chip, of "sock:PATH#N" that one; or why
 * it cannot be had. To be freed. */
int candidates_read_served(road_instance *instance, const char *asked, struct candidates *out);
void candidates_free(struct candidates *candidates);

/* "ready", "possible" (a chip that nobody asked for yet), "unsupported", "none" (no device by
 * itself), "refused". */
const char *candidates_state(const struct candidates *candidates, uint32_t index);

/* The simulated ones as a specification of the Container Device Interface. */
int candidates_print_cdi(const struct candidates *candidates);
/* How many of which class, as a feature file of Kubernetes' Node Feature Discovery. */
int candidates_print_nfd(const struct candidates *candidates);

#endif
