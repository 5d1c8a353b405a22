/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of `roadbed doctor`. Their ids are stable: what reads them goes by them. */
#ifndef TOOLS_ROADBED_DOCTOR_H
#define TOOLS_ROADBED_DOCTOR_H

#include "tools/roadbed/candidates.h"

enum doctor_result { DOCTOR_PASS, DOCTOR_WARN, DOCTOR_FAIL };

/* What the checks look at, and where their results go. */
struct doctor {
	const char *dev; /* folder of device nodes: "/dev" */
	road_instance *instance;
	struct candidates all; /* whatever was seen, and the catalogue */
	void (*tell)(struct doctor *doctor, const char *id, enum doctor_result result,
		     const char *what, const char *remedy);
	void *to;
	enum doctor_result worst;
};

void doctor_run(struct doctor *doctor);

#endif
