/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT and SIGTERM end a verb that waits; what it opened is closed then. */
#ifndef TOOLS_ROADBED_END_H
#define TOOLS_ROADBED_END_H

#include <signal.h>
#include <stdbool.h>

/* To be called before the library is opened: its threads inherit the mask. while_waiting: the mask
 * for ppoll(), in which alone they come. */
void end_catch(sigset_t *while_waiting);
bool end_seen(void);

#endif
