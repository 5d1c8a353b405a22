/* SPDX-License-Identifier: Apache-2.0 */
/* Servers and clients in processes of their own: runs of the command and of this suite. */
#ifndef TESTS_CONFORMANCE_GROUPS_PROCESS_H
#define TESTS_CONFORMANCE_GROUPS_PROCESS_H

#include "tests/conformance/fixture.h"

#include <sys/types.h>

enum { PROCESS_ADDRESS_BYTES = 64 };

/* Serves the fixture's device at the path; can be opened. */
pid_t process_serve(struct fixture *f, const char *path);
/* Runs one case on that address; says nothing. */
pid_t process_client(const char *address, const char *name);
/* Awaits its end: what waitpid says of it. */
int process_end(pid_t pid);

#endif
