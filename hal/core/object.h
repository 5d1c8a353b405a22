/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every object of the interface begins with.
 *
 * Two counts: `refs` are references that keep the object open (the program's, and those of its
 * children); when the last goes it closes. `holds` keep only the memory: lists and threads that are
 * about to touch the object. All refs together are one hold.
 */
#ifndef HAL_CORE_OBJECT_H
#define HAL_CORE_OBJECT_H

#include <roadbed/base.h>
#include <stdatomic.h>
#include <stdbool.h>

enum road_type {
	ROAD_TYPE_INSTANCE = 0x0ad0001,
	ROAD_TYPE_WATCH,
	ROAD_TYPE_DEVICE,
	ROAD_TYPE_SPACE,
	ROAD_TYPE_BUFFER,
	ROAD_TYPE_EVENT,
	ROAD_TYPE_QUEUE,
	ROAD_TYPE_LIST,
	ROAD_TYPE_IMAGE,
	ROAD_TYPE_KERNEL,
	ROAD_TYPE_TELEMETRY,
	ROAD_TYPE_REGION,
	ROAD_TYPE_CONFIG,
	ROAD_TYPE_SERVER
};

struct road_object;
struct road_class {
	enum road_type type;
	const char *name;
	void (*close)(struct road_object *object);  /* at the last reference; may be NULL */
	void (*finish)(struct road_object *object); /* at the last hold: lets go of parents */
	void (*free)(struct road_object *object);   /* frees the memory and nothing else */
};

struct road_object {
	const struct road_class *class;
	_Atomic uint32_t refs;
	_Atomic uint32_t holds;
	uint64_t id; /* unique in the process */
};

/* One reference, one hold. Enters the set of live objects while handles are validated. */
void road_object_init(struct road_object *object, const struct road_class *class);
void road_object_retain(struct road_object *object);
/* false: the last reference has gone already. */
bool road_object_retain_live(struct road_object *object);
void road_object_release(struct road_object *object);
void road_object_hold(struct road_object *object);
void road_object_drop(struct road_object *object);

/* Is this a handle of that type, in this process? Records the error, naming `where`. */
road_status road_object_check(const void *object, const struct road_class *class,
			      const char *where);
/* The same for release: false if nothing is to be done, silently for NULL and in a forked child. */
bool road_object_mine(const void *object, const struct road_class *class, const char *where);

/* Validation counts: on while any instance wants it. */
void road_validate_begin(void);
void road_validate_end(void);

/* true in a child of the process that first used the library. */
bool road_forked(void);

/* Sized structures. in: copies what the caller gave over zeroes; bytes = our sizeof, least = the
 * size of the first version. out: writes what fits the caller's size. */
enum { ROAD_STRUCT_MAX = 65536 }; /* more is no size of a structure */
road_status road_struct_in(void *to, uint32_t bytes, const void *from, uint32_t least,
			   const char *where);
road_status road_struct_out_check(const void *out, uint32_t least, const char *where);
void road_struct_out(void *out, const void *from, uint32_t bytes);

#endif
