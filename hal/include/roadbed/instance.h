/* SPDX-License-Identifier: Apache-2.0 */
/* The instance: what this process sees of devices, and how the library speaks. */
#ifndef ROADBED_INSTANCE_H
#define ROADBED_INSTANCE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

enum road_message_level { ROAD_MESSAGE_ERROR, ROAD_MESSAGE_WARNING, ROAD_MESSAGE_INFO };

/* Called on any thread, no lock held; must not call Roadbed. `object` names what it is about
 * ("sim:a100-sxm4-80gb", "queue 3"). */
typedef void (*road_message_fn)(void *user, int level, const char *object, const char *text);

#define ROAD_INSTANCE_VALIDATE \
	0x1u                      /* name bad, freed and foreign handles (costs a lookup a call) */
#define ROAD_INSTANCE_NO_ENV 0x2u /* ignore ROADBED_DEVICES and other environment */
#define ROAD_INSTANCE_PUMP   0x4u /* run the pump thread from the start; see docs/time.md */
#define ROAD_INSTANCE_NO_WAKE \
	0x8u /* open no kernel's node, read nothing that wakes a device that sleeps */

typedef struct road_instance_options {
	uint32_t size;
	uint32_t flags; /* ROAD_INSTANCE_* */
	/* Device addresses, separated by ';', beside those that are discovered. NULL: take the
	 * environment's ROADBED_DEVICES (ignored under AT_SECURE and with NO_ENV). */
	const char *devices;
	road_message_fn message; /* NULL: silence */
	void *message_user;
	/* Where libroadbed-sim.so and libroadbed-firmware.so are looked for first; absolute path of
	 * a folder. NULL: beside libroadbed.so, then the loader's path. */
	const char *library_folder;
	/* Folders of drivers and chips from outside the tree, absolute, separated by ':'. NULL:
	 * take the environment's ROADBED_DRIVERS (ignored under AT_SECURE and with NO_ENV). Every
	 * NAME.so in them is opened, once in the process and for good; every NAME.yaml becomes a
	 * chip that can be simulated. A folder or file that others than root and this user own or
	 * may write is refused; whoever may rename a folder above them can still put another in
	 * their place. road_instance_explain tells what became of each. Drivers are this
	 * instance's; simulated chips are the process's. */
	const char *driver_folders;
	/* Folders of firmware, absolute, separated by ':', before the system's own; and public key
	 * files, of any path, whose signatures count beside those of the machine's keys
	 * (docs/firmware.md), whoever owns them. For chips whose firmware the host brings. NULL:
	 * none. */
	const char *firmware_folders, *firmware_keys;
} road_instance_options;

/*
 * The process's one shared instance, made at the first call with default options and kept while
 * somebody holds a reference. Shims use only this one, so that two shims of one process mean the
 * same device by the same pointer.
 */
ROAD_API road_status road_instance_shared(road_instance **out);

/* A private instance. options may be NULL. All instances of a process share one virtual time.
 * ROAD_INVALID_ARGUMENT, ROAD_OUT_OF_HOST_MEMORY. */
ROAD_API road_status road_instance_create(const road_instance_options *options,
					  road_instance **out);
ROAD_API road_status road_instance_retain(road_instance *instance);
ROAD_API void road_instance_release(road_instance *instance);

/* Something that was seen and became a device, or did not. */
typedef struct road_candidate {
	uint32_t size;
	road_status status; /* ROAD_OK: can be opened. Else why not */
	char address[256];  /* text for road_device_open */
	char name[64];      /* product name, "" if unknown */
	char driver[32];    /* the driver that took it, "" if none */
	char reason[192];   /* why it became no device; how it is known otherwise */
	uint32_t simulated; /* 1: a simulated device; 0: not */
	uint32_t reserved;
	/* As far as known without opening it; "" and 0 where not. */
	char vendor[64];
	char family[32];       /* whose model or catalogue entry it is: "gpu" */
	uint32_t device_class; /* enum road_device_class; ROAD_CLASS_OTHER: unknown, too */
	uint32_t reserved_2;
	uint64_t memory_bytes; /* device memory */
	/* The kernel's driver that is bound to a real device; "" if none is, or there is no
	 * kernel's. */
	char kernel_driver[32];
} road_candidate;

#define ROAD_ENUMERATE_POSSIBLE 0x1u /* also every chip that could be simulated */

/*
 * The devices of this instance, in a stable order: those that drivers bring themselves (host:),
 * those that the program or the environment lists, in the list's order, then what each bus has.
 * index counts from 0; ROAD_NOT_FOUND ends the list. The list is as it was when index 0 was asked
 * for last. Opens nothing.
 */
ROAD_API road_status road_instance_enumerate(road_instance *instance, uint32_t flags,
					     uint32_t index, road_candidate *out);

/* Like enumerate, but every candidate seen, with the reason it became a device or did not. The
 * files of driver folders come last: what they hold (ROAD_NOT_READY: no device by itself), or why
 * they were refused. */
ROAD_API road_status road_instance_explain(road_instance *instance, uint32_t flags, uint32_t index,
					   road_candidate *out);

/* The address of the device with this PCI address ("0000:03:00.0"; simulated devices have unique
 * synthetic ones in domain 0x10000 and up). Writes at most `bytes` with a terminating 0.
 * ROAD_NOT_FOUND; ROAD_INVALID_ARGUMENT for malformed text or a buffer too small. */
ROAD_API road_status road_instance_find(road_instance *instance, const char *pci_address,
					char *address, size_t bytes);

/* Changes that a watch reports. */
enum road_change_kind {
	ROAD_CHANGE_ARRIVED = 0x1, /* a device was opened or plugged in */
	ROAD_CHANGE_REMOVED = 0x2, /* closed or pulled out */
	/* A device stopped answering; or the kernel's driver was unbound from one of the machine's,
	 * or a node of it went: what is open of it is lost only when it is pulled out. */
	ROAD_CHANGE_LOST = 0x4,
	ROAD_CHANGE_RECOVERED = 0x8, /* a reset made it usable; or a driver or node, likewise */
	ROAD_CHANGE_FAULT = 0x10,    /* a queue of the device faulted */
	ROAD_CHANGE_BOOT = 0x20,     /* a boot state of its firmware */
	ROAD_CHANGE_ALL = 0x3f
};
typedef struct road_change {
	uint32_t size;
	uint32_t kind;     /* one of enum road_change_kind */
	uint64_t sequence; /* rises by one per change of the instance; a gap means lost ones */
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	uint32_t lost;     /* changes dropped for this reader before this one */
	uint32_t reserved;
	char address[256];
	char text[128];
} road_change;

/*
 * A reader of changes whose kind is in mask, from now on. Each reader gets all of them; one that
 * reads too slowly loses the oldest and is told so.
 *
 * Whoever asks for any of arrived, removed, lost or recovered is also told of the machine's devices
 * that are plugged in and pulled out, open or not, by the kernel's events or udev's, and where
 * neither is to be had by looking from time to time. What quickly follows on each other may be told
 * as one; a device that goes and comes has the same address and is another device. For this the
 * process has one thread while it has such watches, whose start takes as long as it takes to
 * enumerate; without them it has none. ROAD_INVALID_ARGUMENT; ROAD_OUT_OF_HOST_MEMORY: no memory,
 * thread or descriptor.
 */
ROAD_API road_status road_watch_create(road_instance *instance, uint32_t mask, road_watch **out);
ROAD_API void road_watch_release(road_watch *watch);
/* The oldest unread change, ROAD_NOT_READY if there is none. */
ROAD_API road_status road_watch_next(road_watch *watch, road_change *out);
/* A descriptor that polls readable while changes are unread. Owned by the watch. */
ROAD_API road_status road_watch_fd(road_watch *watch, int *out);

#ifdef __cplusplus
}
#endif
#endif
