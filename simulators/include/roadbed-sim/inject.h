/* SPDX-License-Identifier: Apache-2.0 */
/* How an error that was asked for went; the same on both sides of the library's door. */
#ifndef ROADBED_SIM_INJECT_H
#define ROADBED_SIM_INJECT_H

enum sim_inject {
	SIM_INJECTED,
	SIM_INJECT_NONE,    /* the chip cannot have such errors */
	SIM_INJECT_NOWHERE, /* no memory of the chip is there */
	SIM_INJECT_FULL     /* of poison already */
};

#endif
