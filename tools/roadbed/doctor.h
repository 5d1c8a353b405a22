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

/* What a check found, and what would help; "" where nothing has to. */
void doctor_tell(struct doctor *doctor, const char *id, enum doctor_result result,
		 const char *remedy, const char *format, ...) TOOL_PRINTF(5, 6);

/* Each tells what the rows of the table in doctor.c say: of the library and its surroundings, */
void doctor_library(struct doctor *doctor);
void doctor_simulators(struct doctor *doctor);
void doctor_firmware(struct doctor *doctor);
void doctor_cache(struct doctor *doctor);
void doctor_drivers(struct doctor *doctor);
void doctor_environment(struct doctor *doctor);
void doctor_devices(struct doctor *doctor);
/* of the machine, */
void doctor_pci_bus(struct doctor *doctor);
void doctor_pci_driver(struct doctor *doctor);
void doctor_pci_ids(struct doctor *doctor);
void doctor_iommu(struct doctor *doctor);
void doctor_udev(struct doctor *doctor);
void doctor_pinned_memory(struct doctor *doctor);
void doctor_huge_pages(struct doctor *doctor);
/* and of the nodes of its devices. */
void doctor_nodes_accel(struct doctor *doctor);
void doctor_nodes_dri(struct doctor *doctor);
void doctor_groups(struct doctor *doctor);

#endif
