/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: name, how each is seen, the negative twin of what asks for it in vain. */
#ifndef TESTS_CONFORMANCE_CAPABILITY_H
#define TESTS_CONFORMANCE_CAPABILITY_H

#include "tests/conformance/case.h"

const char *capability_name(enum capability capability);
/* What is so without it: "takes no code". */
const char *capability_absence(enum capability capability);
/* CAPABILITIES if there is none of that name. */
enum capability capability_find(const char *name);
/* The device must answer what it ought to without it; fails the case otherwise. */
void capability_twin(struct fixture *f, enum capability capability);
/* A matter of where the suite runs, not of the device. */
bool capability_of_machine(enum capability capability);

#endif
