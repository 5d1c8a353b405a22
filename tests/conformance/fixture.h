/* SPDX-License-Identifier: Apache-2.0 */
/* The runner's side of fixtures; cases include case.h alone. */
#ifndef TESTS_CONFORMANCE_FIXTURE_H
#define TESTS_CONFORMANCE_FIXTURE_H

#include "tests/conformance/case.h"

struct fixture_where {
	const char *address, *kernels;
	const char *libraries; /* NULL, or where libroadbed-sim is */
	const char *hotplug;   /* NULL, or the program that pulls the device out: machine_plug */
	uint64_t seed;
	bool soak;
};

/* The detail of an error is road_last_error's; fixture_close takes what was opened so far. */
road_status fixture_open(struct fixture *f, const struct fixture_where *where);
/* Gives everything back and fails the case for what it left behind. */
void fixture_close(struct fixture *f);

/* Gives it back when the case ends, in reverse order; answers object. */
void *fixture_keep(struct fixture *f, void *object, void (*release)(void *object));
/* A file of the kernels' folder; lives as long as the fixture. */
void *fixture_file(struct fixture *f, const char *name, size_t *bytes);
/* What the names of the port's files begin with. */
const char *fixture_port(struct fixture *f);
/* The family's image as road_image_load takes it; lives as long as the fixture. */
void *fixture_image_bytes(struct fixture *f, size_t *bytes);
/* The same, loaded once into the fixture's space. */
road_image *fixture_image(struct fixture *f);
bool fixture_has_kernel(struct fixture *f, const char *name);
bool fixture_can_second(struct fixture *f);
const char *fixture_hotplug(const struct fixture *f);
/* Does its address have a chip made, for whoever opens it? Not one of a virtual machine: that is
 * simulated, but a function of the machine like any other. */
bool fixture_is_made(const struct fixture *f);
/* Is it simulated here, and not in another process? */
bool fixture_in_process(const struct fixture *f);
const char *fixture_second_address(struct fixture *f);

#endif
