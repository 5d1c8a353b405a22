/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: identity, capabilities, health, faults, clock, reset. */
#ifndef ROADBED_DEVICE_H
#define ROADBED_DEVICE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens the device at this address, or gives another reference to it if this instance has it open.
 *
 *   host:                                       kernels run on this machine's processor
 *   sim:NAME[@N][?key=value&key=value…]         a simulated chip; @N tells several of a kind apart
 *   sock:PATH[#N]                               chip N (0) that another process serves there
 *   pci:DDDD:BB:SS.F, accel:NAME, drm:NAME      a device of the machine
 *   faulty(PLAN):ADDRESS                        the device at ADDRESS with planned bus failures
 *
 * The text before '?' is the device's identity: options that differ from those it was opened with
 * are ROAD_INVALID_ARGUMENT. Malformed text names the column. ROAD_NOT_FOUND: no such bus or chip.
 * Options of simulated chips: time=functional|approx|trace, seed=N, threads=N (of the
 * host that may simulate the chip, 1 unless given; no result depends on it), and those of the
 * family.
 */
ROAD_API road_status road_device_open(road_instance *instance, const char *address,
				      road_device **out);
ROAD_API road_status road_device_retain(road_device *device);
/* Spaces hold references to their device; the last one closes it. */
ROAD_API void road_device_release(road_device *device);

enum road_device_class {
	ROAD_CLASS_OTHER,
	ROAD_CLASS_CPU,
	ROAD_CLASS_GPU,
	ROAD_CLASS_DSA,
	ROAD_CLASS_RPU,
	ROAD_CLASS_EDU
};

typedef struct road_device_info {
	uint32_t size;
	uint32_t device_class; /* enum road_device_class */
	char address[256];     /* identity: without options */
	char name[64];
	char vendor[64];
	char driver[32];
	char bus[16];
	char pci_address[32];            /* "" if it has none; synthetic for simulated devices */
	uint8_t uuid[16];                /* unique and stable for an address */
	uint16_t pci_vendor, pci_device; /* 0 if none */
	uint32_t simulated;              /* 1: simulated; never 0 for a simulated chip */
	uint32_t heap_count;
	uint32_t queue_classes; /* bit mask of enum road_queue_class */
	uint32_t queues_max;    /* that can be open at a time */
	uint32_t queue_depth_max;
	uint64_t memory_bytes; /* device memory */
	uint64_t commands;     /* bit mask 1 << enum road_command_kind: what its queues can do */
	uint32_t features;     /* ROAD_FEATURE_* */
	uint32_t test_scale;   /* divide a test's sizes by this: 1 for real chips' speed */
} road_device_info;

#define ROAD_FEATURE_IMAGES          0x1u  /* loads images and launches kernels of them */
#define ROAD_FEATURE_SPACES          0x2u  /* further spaces beside the shared one */
#define ROAD_FEATURE_UNIFIED_ADDRESS 0x4u  /* device addresses are reserved in this process */
#define ROAD_FEATURE_COHERENT        0x8u  /* host-visible memory needs no flush or invalidate */
#define ROAD_FEATURE_SPACE_MAP       0x10u /* road_space_map */
#define ROAD_FEATURE_QUEUE_RESET     0x20u /* one queue can be reset while others run */
#define ROAD_FEATURE_REGIONS         0x40u /* reconfiguration */
#define ROAD_FEATURE_PRIORITIES      0x80u
#define ROAD_FEATURE_CLUSTERS        0x100u /* workgroups in clusters: road_launch.cluster */

ROAD_API road_status road_device_info_get(road_device *device, road_device_info *out);

enum road_value_type {
	ROAD_VALUE_NULL,
	ROAD_VALUE_U64,
	ROAD_VALUE_F64,
	ROAD_VALUE_TEXT,
	ROAD_VALUE_BOOL
};
enum road_value_source {
	ROAD_SOURCE_REGISTER,
	ROAD_SOURCE_FIRMWARE,
	ROAD_SOURCE_KERNEL,
	ROAD_SOURCE_CATALOGUE,
	ROAD_SOURCE_COMPUTED,
	ROAD_SOURCE_ASSUMED /* nobody has published it: a simulated chip is made like that */
};
/* A capability. Unknown is ROAD_VALUE_NULL, never 0. */
typedef struct road_property {
	uint32_t size;
	uint32_t id;     /* stable number of the property */
	char name[64];   /* dotted: "compute.units" */
	char unit[16];   /* "bytes", "Hz", "" */
	uint32_t type;   /* enum road_value_type */
	uint32_t source; /* enum road_value_source */
	uint64_t u64;    /* U64, BOOL */
	double f64;
	char text[96];
} road_property;

/* By name ("memory.bytes"); ROAD_NOT_FOUND if this device has no such property. */
ROAD_API road_status road_device_property(road_device *device, const char *name,
					  road_property *out);
/* By position, from 0; ROAD_NOT_FOUND ends the list. */
ROAD_API road_status road_device_property_at(road_device *device, uint32_t index,
					     road_property *out);

/* How this device reaches another one. Symmetric. */
typedef struct road_link {
	uint32_t size;
	uint32_t peer_access;      /* 1: reads and writes the other's memory directly */
	uint64_t bytes_per_second; /* 0: unknown */
	char path[32];             /* "same device", "host memory" */
} road_link;
ROAD_API road_status road_device_link(road_device *device, road_device *other, road_link *out);

/* The device's clock and the host's CLOCK_MONOTONIC, read as a pair, in ns. */
ROAD_API road_status road_device_clock(road_device *device, uint64_t *device_ns, uint64_t *host_ns);

/* WEDGED: it did not come back from its last reset; its queues refuse work until one succeeds. */
enum road_health { ROAD_HEALTH_OK, ROAD_HEALTH_FAULTED, ROAD_HEALTH_LOST, ROAD_HEALTH_WEDGED };
/* health: enum road_health; resets: how often it was reset since it was opened. */
ROAD_API road_status road_device_health(road_device *device, uint32_t *health, uint64_t *resets);

enum road_fault_kind {
	ROAD_FAULT_NONE,
	ROAD_FAULT_MEMORY,
	ROAD_FAULT_RIGHTS,
	ROAD_FAULT_ALIGNMENT,
	ROAD_FAULT_ILLEGAL,
	ROAD_FAULT_TRAP,
	ROAD_FAULT_DEADLOCK,
	ROAD_FAULT_WATCHDOG,
	ROAD_FAULT_IMAGE,
	ROAD_FAULT_RESOURCES,
	ROAD_FAULT_PACKET,
	ROAD_FAULT_ARITHMETIC,
	ROAD_FAULT_TRANSPORT,
	ROAD_FAULT_CALLBACK,
	ROAD_FAULT_ECC,     /* memory that its error correction could not save was read */
	ROAD_FAULT_FIRMWARE /* what runs the chip crashed, or stands still */
};
/* A record of a fault; fields that do not apply are 0 or "". */
typedef struct road_fault {
	uint32_t size;
	uint32_t kind;     /* enum road_fault_kind */
	uint64_t sequence; /* rises by one per fault of the device */
	uint64_t device_ns;
	uint64_t address; /* the access's device address */
	char kernel[64];
	uint32_t pc;   /* instruction word in the kernel */
	uint32_t line; /* line of the source (PTX) */
	uint32_t lane;
	uint32_t workgroup[3];
	uint32_t warp;
	uint64_t point; /* the queue's timeline value that failed */
	char text[160];
} road_fault;
/* The oldest unread fault of the device, ROAD_NOT_READY if none. The device keeps the last 64. */
ROAD_API road_status road_device_fault_read(road_device *device, road_fault *out);

enum road_reset_scope { ROAD_RESET_DEVICE = 0 };
/* Resets the device: every queue of it fails its unfinished points with ROAD_CANCELLED and must be
 * reset before it takes work; memory contents survive where the device can keep them. */
ROAD_API road_status road_device_reset(road_device *device, uint32_t scope);

#ifdef __cplusplus
}
#endif
#endif
