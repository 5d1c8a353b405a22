/* SPDX-License-Identifier: Apache-2.0 */
/* Servers and clients in processes of their own: runs of the command and of this suite. */
#ifndef TESTS_CONFORMANCE_GROUPS_PROCESS_H
#define TESTS_CONFORMANCE_GROUPS_PROCESS_H

#include "tests/conformance/fixture.h"

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_ADDRESS_BYTES = 64 };

/* Serves the fixture's device at the path; can be opened. */
pid_t process_serve(struct fixture *f, const char *path);
/* The same by this very program, which counts its allocations. */
struct process_server {
	pid_t pid;
	int ask, said;
};
struct process_server process_serve_counted(struct fixture *f, const char *path);
/* How many allocations of the server's are alive; 0 where they are not watched. */
uint64_t process_allocations(const struct process_server *server);
/* Stops it, and awaits its end: what waitpid says of it. */
int process_stop(struct process_server *server);
/* What such a process runs: serves where->address at the path until standard input ends. The exit
 * status. */
int process_server_main(const struct fixture_where *where, const char *path);

/* Runs one case on that address; says nothing. */
pid_t process_client(const char *address, const char *name);
/* The same; back once the case itself begins, in that very process. *said: what it says, the
 * caller's to close after its end. */
pid_t process_client_begun(const char *address, const char *name, int *said);
/* Awaits its end: what waitpid says of it. */
int process_end(pid_t pid);

#endif
