/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/end.h"

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

void end_catch(sigset_t *while_waiting)
{
	const struct sigaction action = {.sa_handler = end};
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, while_waiting);
	sigdelset(while_waiting, SIGINT);
	sigdelset(while_waiting, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool end_seen(void)
{
	return ended;
}
