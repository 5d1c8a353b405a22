/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel with one group of VFIO and one function in it, which answers the library's own system
 * calls (the linker sends them here): an educational device (uapi/edu.h) whose transfers end at
 * once, or when the test says so. As strict as the kernel, and stricter: what it would bear
 * silently is counted in `broken`.
 */
#ifndef TESTS_UNIT_VFIO_FAKE_KERNEL_H
#define TESTS_UNIT_VFIO_FAKE_KERNEL_H

#include <linux/vfio.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/bus/discover.h"

enum {
	FAKE_GROUP = 7,
	FAKE_MAPS = 64,
	FAKE_VECTORS = 8,
	FAKE_BAR = 1 << 20,         /* bytes of each BAR, one behind the other in the descriptor */
	FAKE_CONFIG = 16 * FAKE_BAR /* where configuration space begins */
};
#define FAKE_PLACE "0000:03:00.0"

struct fake_map {
	uint64_t iova, bytes, at;
	uint32_t flags; /* 0: free */
};

struct fake_kernel {
	/* what the test sets */
	int no_container, no_group; /* errno of their opening */
	int attach_error, map_error, device_error;
	bool not_type1, not_viable, no_caps, no_reset, no_pci, withheld;
	bool mappable, sparse, pages_64k; /* of BAR 0: else every access is a call */
	uint32_t msix, msi, intx;         /* how many there are */
	uint32_t few;                     /* vectors that can be had; 0: all */
	uint32_t table; /* offset of the MSI-X table in BAR 0, which has 4 entries */
	uint64_t iova_first, iova_last;
	/* the device */
	uint32_t liveness, factorial, irq_status, command;
	uint64_t source, target, count;
	unsigned char buffer[4096];
	/* what the kernel has */
	int container, group, device;
	struct fake_map maps[FAKE_MAPS];
	int triggers[VFIO_PCI_NUM_IRQS][FAKE_VECTORS];
	bool masked;
	/* what the test looks at */
	_Atomic uint32_t broken, resets, unmasks, transfers, blocked;
	char why[128]; /* what was broken last */
};
extern struct fake_kernel fake;

/* A new kernel, and a folder in sysfs's likeness. */
void fake_begin(void);
/* Does the program hold the container, the group or the device? Any thread. */
bool fake_is_held(void);
void fake_end(void);
/* The function as discovery tells of it. */
struct road_found fake_found(void);
/* A function beside it, with this driver. */
void fake_neighbour(const char *place, const char *driver);
void fake_no_iommu(void);
/* The transfer that is withheld ends. */
void fake_finish(void);
/* The kernel asks for the device. */
void fake_ask_back(void);
/* It was pulled out. */
void fake_pull(void);
uint16_t fake_command_register(void);
uint32_t fake_live_maps(void);

#endif
