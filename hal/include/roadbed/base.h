/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roadbed, the common part: status codes, error details, deadlines, points.
 *
 * Rules that hold for every function of <roadbed/…> unless its text says otherwise:
 *
 *   - It returns a road_status. Outputs come last and are written only on ROAD_OK.
 *   - Objects are opaque and reference counted: `create`, `open`, `load` give the caller one
 *     reference, `retain` one more, `release` gives one back; releasing NULL does nothing. An
 *     object keeps its parents (queue -> space -> device -> instance) alive.
 *   - Any thread may use any object through a reference that it holds.
 *   - Option and info structures start with `size`, set by the caller to sizeof(the structure).
 *     A shorter one (older caller) has its missing tail read as zero and left unwritten; a longer
 *     one (newer caller) is accepted if the unknown tail is zero, else ROAD_INVALID_ARGUMENT; of
 *     a structure that is an output the unknown tail is written with zeroes, whatever it held.
 *     Unknown flag bits and non-zero reserved fields are ROAD_INVALID_ARGUMENT.
 *   - No function waits without a deadline. Device loss, the watchdog and reset break any wait.
 *   - The library never prints, exits, or installs signal handlers. It speaks through the
 *     instance's message callback only.
 *   - After fork() the child gets ROAD_WRONG_PROCESS from every function that takes or makes an
 *     object; releases do nothing.
 */
#ifndef ROADBED_BASE_H
#define ROADBED_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_VERSION_MAJOR 0
#define ROAD_VERSION_MINOR 1
#define ROAD_VERSION_PATCH 0

#if defined(__GNUC__)
#define ROAD_API __attribute__((visibility("default")))
#else
#define ROAD_API
#endif

/* What a function answers. Errors are negative; ROAD_NOT_READY is positive, not an error. The
 * numbers are fixed; new ones are appended. */
typedef enum road_status {
	ROAD_OK = 0,
	ROAD_NOT_READY = 1,         /* not yet; ask or submit again later */
	ROAD_INVALID_ARGUMENT = -1, /* the caller's argument is wrong by itself */
	ROAD_UNSUPPORTED = -2,      /* this device or build cannot do it, ever */
	ROAD_NOT_FOUND = -3,        /* no such name, address, or entry; end of an iteration */
	ROAD_OUT_OF_HOST_MEMORY = -4,
	ROAD_OUT_OF_DEVICE_MEMORY = -5,
	ROAD_NO_SPACE = -6,            /* a table or queue limit of the device is used up */
	ROAD_BUSY = -7,                /* in use in a way that excludes this call */
	ROAD_TIMEOUT = -8,             /* the deadline passed; nothing else changed */
	ROAD_CANCELLED = -9,           /* cancelled, or its queue or space was closed */
	ROAD_PERMISSION = -10,         /* rights of a buffer, a file or a device forbid it */
	ROAD_FAULT = -11,              /* the device faulted on this work */
	ROAD_DEVICE_LOST = -12,        /* the device is gone; only a new open can help */
	ROAD_STALE = -13,              /* the object's parent was closed or reset since */
	ROAD_WRONG_CONTEXT = -14,      /* not allowed here, e.g. a wait in a host callback */
	ROAD_WRONG_PROCESS = -15,      /* the object belongs to the parent of a fork */
	ROAD_IMAGE_INVALID = -16,      /* the image is malformed */
	ROAD_IMAGE_INCOMPATIBLE = -17, /* the image is sound but not for this device */
	ROAD_CONFIG_MISMATCH = -18,    /* the region does not hold the expected configuration */
	ROAD_SIGNATURE = -19,          /* firmware does not verify */
	ROAD_ROLLBACK_REFUSED = -20,   /* firmware is older than the device accepts */
	ROAD_IO = -21,                 /* the transport or a file failed */
	ROAD_INTERNAL = -22            /* a bug in Roadbed or a driver */
} road_status;

/* A short English name of the status, "unknown status" for none of the above. Never NULL;
 * static storage. */
ROAD_API const char *road_status_text(road_status status);

/* Version of the library that runs, as major << 16 | minor << 8 | patch. */
ROAD_API uint32_t road_version(void);

/*
 * What went wrong, where, the value seen and the value allowed. Recorded by whoever decides an
 * error: for a call in the thread that called (road_last_error), for asynchronous work on the
 * object that failed (road_event_error, road_queue_status, road_space_status).
 */
typedef struct road_error {
	uint32_t size;
	road_status status;
	char what[96];    /* what is wrong: "size is zero" */
	char where[96];   /* function and parameter, file:line:column, or kernel and pc */
	char seen[64];    /* the value, or "" */
	char allowed[64]; /* what would have been right, or "" */
} road_error;

/* Detail of the last error that a Roadbed function returned on this thread. ROAD_NOT_FOUND if
 * there was none. Successful calls leave it. */
ROAD_API road_status road_last_error(road_error *out);

/* Deadlines are points of CLOCK_MONOTONIC in nanoseconds. They bound how long the *caller* is
 * willing to watch and never change what a device does. 0 is in the past: look once. The
 * environment's ROADBED_TIMEOUT_SCALE (a number >= 1) stretches what road_deadline_after gives. */
#define ROAD_FOREVER UINT64_MAX

/* Now plus `nanoseconds`, saturating below ROAD_FOREVER. Never fails. */
ROAD_API uint64_t road_deadline_after(uint64_t nanoseconds);

typedef struct road_instance road_instance;
typedef struct road_watch road_watch;
typedef struct road_device road_device;
typedef struct road_space road_space;
typedef struct road_buffer road_buffer;
typedef struct road_event road_event;
typedef struct road_queue road_queue;
typedef struct road_list road_list;
typedef struct road_image road_image;
typedef struct road_kernel road_kernel;
typedef struct road_telemetry road_telemetry;
typedef struct road_region road_region;
typedef struct road_config road_config;

/* A place on an event's timeline: reached once the event's value is >= value. A public value;
 * holds no reference. */
typedef struct road_point {
	road_event *event;
	uint64_t value;
} road_point;
/* Most points of a wait, of what a submission awaits, of what it signals. More is
 * ROAD_INVALID_ARGUMENT. */
#define ROAD_POINTS_MAX 4096

/* A buffer or an event for other processes, as bytes that can be copied anywhere: see
 * road_buffer_export_token, road_event_export_token. */
typedef struct road_token {
	unsigned char bytes[64];
} road_token;

typedef struct road_dim3 {
	uint32_t x, y, z;
} road_dim3;

#ifdef __cplusplus
}
#endif
#endif
