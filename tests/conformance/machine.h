/* SPDX-License-Identifier: Apache-2.0 */
/* Where the suite runs: compilers, headers, sources, the command; what capability machine.* asks.
 */
#ifndef TESTS_CONFORMANCE_MACHINE_H
#define TESTS_CONFORMANCE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Folder of the public headers (of the sources, or installed); of the sources; the command's path.
 * NULL: there is none. */
const char *machine_headers(void);
const char *machine_sources(void);
const char *machine_command(void);
/* Folder of the suite's own drivers. */
const char *machine_drivers(void);

/* Is this program in the path? */
bool machine_has(const char *program);
/* Does cc take -m32? */
bool machine_has_m32(void);

/* Is this text good C (compiler, flags parted by spaces)? Headers and sources are in the path of
 * includes. said: the compiler's first words if not. */
bool machine_compiles(const char *compiler, const char *flags, const char *text, char *said,
		      size_t bytes);

/* How many times longer than usual anything may take here: ROADBED_TIMEOUT_SCALE, 1 to 1000. */
double machine_scale(void);

/* Runs "COMMAND in ADDRESS" or "COMMAND out ADDRESS" (--hotplug), which ends when the device is
 * there, or is gone. false: it failed, or took longer than a minute (times machine_scale). */
bool machine_plug(const char *command, bool in, const char *address);

/* Calls fn for each public header "FOLDER/x.h", each contract "uapi/x/y.h"; says how many. */
unsigned machine_each_header(const char *folder, void (*fn)(const char *header, void *user),
			     void *user);
unsigned machine_each_contract(void (*fn)(const char *header, void *user), void *user);

#endif
