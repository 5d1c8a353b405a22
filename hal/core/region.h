/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions and configuration images as the core keeps them. What programs hold are handles, which
 * hold the device; what stands behind them belongs to the device, so that a region's safe image
 * outlives the handle that set it, and holds no device open.
 *
 *	road_region ──> road_region_node     one a number of the chip, as long as the device
 *	road_config ──> road_config_entry    one a hash, as long as somebody uses it
 *
 * Two locks more, in front of all others but the instance's: device->region_lock, then
 * device->config_lock. Unlike those they are held while the driver works, like the one that makes
 * the shared space; node->order_lock and node->memory_lock are leaves.
 */
#ifndef HAL_CORE_REGION_H
#define HAL_CORE_REGION_H

#include <roadbed-driver/region.h>

#include "hal/core/core.h"

/* ---- a region's life as the core sees it: region_state.c ---- */

enum road_region_state {
	ROAD_REGION_GONE,   /* the chip has no such region now, or another one of that number */
	ROAD_REGION_WHOLE,  /* takes queues */
	ROAD_REGION_SPLIT,  /* has children, which take them */
	ROAD_REGION_MERGED, /* whole by a layout that is neither committed nor reverted */
	ROAD_REGION_PARTED, /* split by such a one */
	ROAD_REGION_QUARANTINED,
	ROAD_REGION_LOST, /* with its device */
	ROAD_REGION_STATES
};

enum road_region_event {
	/* what programs ask for: refused, or so it is */
	ROAD_REGION_OPENS, /* a queue */
	ROAD_REGION_SUBMITS,
	ROAD_REGION_CHECKS_LAYOUT,
	ROAD_REGION_SPLITS, /* a layout with parts, one without, what ends it */
	ROAD_REGION_MERGES,
	ROAD_REGION_COMMITS,
	ROAD_REGION_REVERTS,
	ROAD_REGION_SETS_SAFE,
	ROAD_REGION_RELEASES,
	/* what the chip is seen to be */
	ROAD_REGION_SEEN_WHOLE,
	ROAD_REGION_SEEN_SPLIT,
	ROAD_REGION_SEEN_BAD, /* in quarantine; well: it is not */
	ROAD_REGION_SEEN_WELL,
	ROAD_REGION_SEEN_OTHER,   /* of another generation, or not at all */
	ROAD_REGION_SEEN_SETTLED, /* no layout is under way: somebody ended it */
	ROAD_REGION_RESETS,       /* the device */
	ROAD_REGION_LOSES,
	ROAD_REGION_EVENTS
};

#define ROAD_REGION_DROPS_SAFE 0x1u /* the chip forgot the safe image: the core lets go of it */
#define ROAD_REGION_LOOKS      0x2u /* what it is now the chip has to say */

struct road_region_step {
	road_status status; /* ROAD_OK, or why it is refused */
	const char *what;   /* the refusal as text */
	enum road_region_state next;
	uint32_t actions; /* ROAD_REGION_DROPS_SAFE, ROAD_REGION_LOOKS */
};
/* Pure. */
struct road_region_step road_region_step(enum road_region_state state,
					 enum road_region_event event);

/* ---- regions: region.c ---- */

struct road_config_entry;

struct road_region_node {
	struct road_region_node *next; /* of the device; under region_lock, as all but atomics */
	struct road_device *device;
	uint32_t index;
	uint64_t generation;
	_Atomic uint32_t state; /* enum road_region_state */
	/* Something failed or was reset in it: is it in quarantine, has it its safe image? */
	_Atomic bool suspect;
	uint64_t life;                  /* one more each time that what had the number is gone */
	uint32_t queues;                /* open ones of this life that run in it */
	struct road_config_entry *safe; /* a use; NULL: none */
	bool kept;                      /* it was there before the layout that came last */
	pthread_mutex_t memory_lock;    /* a leaf; region_memory.c: */
	uint64_t memory_generation, memory_used; /* by buffers of spaces of this generation */
	/* where the chip does not order switches: region_order.c */
	_Atomic bool ordered; /* set as long as the chip says so, which it does for good */
	pthread_mutex_t order_lock;
	uint32_t in_flight;          /* submissions of its queues on the device */
	struct road_submit *claimed; /* the switch that goes next, or is on the device */
	struct road_queue *held;     /* queues that wait for their turn, by held_next; holds */
};

struct road_region {
	struct road_object object;
	struct road_device *device; /* a reference */
	struct road_region_node *node;
	uint64_t generation; /* of the chip, and of the device, when it was made */
	uint64_t resets;
};
extern const struct road_class road_region_class;

/* Finds or makes the node and looks at the chip. Under region_lock. */
road_status road_region_look(struct road_device *device, uint32_t index, const char *where,
			     struct road_region_node **out, struct road_region_info *info);
/* Is the handle good? On ROAD_OK region_lock is held, and *info says what the region is. */
road_status road_region_enter(struct road_region *region, const char *where,
			      struct road_region_info *info);
/* Asks for something: ROAD_OK, or why not, recorded. Under region_lock. */
road_status road_region_may(struct road_region_node *node, enum road_region_event event,
			    const char *where);
/* It is so. Under region_lock. */
void road_region_note(struct road_region_node *node, enum road_region_event event);
/* ROAD_UNSUPPORTED unless the device has regions. */
road_status road_device_has_regions(struct road_device *device, const char *where);
/* After the device came back from a reset; before it closes. */
void road_regions_reset(struct road_device *device);
void road_regions_free(struct road_device *device);

/* ---- spaces of a region, and its share of memory: region_memory.c ---- */

/* The space becomes the region's; NULL: nobody's. Takes region_lock. */
road_status road_region_space_open(struct road_space *space, struct road_region *region);
void road_region_space_finish(struct road_space *space);
/* Takes and gives back what a buffer of the space has of the region's share. Any lock may be held.
 */
road_status road_region_memory_book(struct road_space *space, uint32_t heap, uint64_t bytes);
void road_region_memory_unbook(struct road_space *space, uint32_t heap, uint64_t bytes);
/* The account is this generation's now; 0: nobody's. */
void road_region_memory_renew(struct road_region_node *node, uint64_t generation);
uint64_t road_region_memory_used(struct road_region_node *node);

/* Property `index` of those that all devices with regions have; ROAD_NOT_FOUND, not recorded. */
uint32_t road_region_properties(const struct road_device *device); /* how many */
road_status road_region_property(const struct road_device *device, uint32_t index,
				 road_property *out);

/* A queue's part: the region that it runs in, NULL: the root. Under region_lock from begin to end;
 * ROAD_OK without regions, too, if region is NULL. */
road_status road_region_queue_begin(struct road_queue *queue, struct road_region *region);
void road_region_queue_end(struct road_queue *queue, road_status status);
/* The driver let go of it. */
void road_region_queue_gone(struct road_queue *queue);
/* Its references. */
void road_region_queue_finish(struct road_queue *queue);
/* Does its region take work? No lock held. */
road_status road_region_admits(struct road_queue *queue);
/* The queue is being reset; after the device was, one of the root runs in the new root. ROAD_BUSY:
 * that has children. */
road_status road_region_queue_renew(struct road_queue *queue);

/* ---- configuration images: config.c, config_store.c ---- */

struct road_config_entry {
	struct road_drv_config drv;
	struct road_config_entry *next; /* of the device */
	struct road_device *device;
	struct road_config *handle; /* weak; NULL: none is out */
	uint32_t uses;
	uint8_t hash[32];
	void *bytes;
	bool open; /* the chip can read it, unless it was reset since: */
	uint64_t open_resets;
};
struct road_config {
	struct road_object object;
	struct road_device *device; /* a reference */
	struct road_config_entry *entry;
};
extern const struct road_class road_config_class;

/* Checks a copy of the bytes; the entry of that hash, with a use. No lock held but region_lock. */
road_status road_config_entry_make(struct road_device *device, const void *bytes, size_t count,
				   const char *where, struct road_config_entry **out);
/* By the hash, by the id: with a use; NULL: none. */
struct road_config_entry *road_config_entry_find(struct road_device *device,
						 const uint8_t hash[32]);
struct road_config_entry *road_config_entry_by_id(struct road_device *device, uint64_t id);
void road_config_entry_use(struct road_config_entry *entry);
void road_config_entry_put(struct road_config_entry *entry); /* NULL is allowed */
/* Brings its bytes to where the chip reads them, if they are not there. */
road_status road_config_entry_open(struct road_config_entry *entry);
/* The configuration that the kernel is, with a use; NULL and ROAD_OK: none. */
road_status road_kernel_config_entry(struct road_kernel *kernel, struct road_config_entry **out);

void road_sha256(uint8_t out[32], const void *bytes, size_t count);

/* ---- the command: reconfigure.c ---- */

struct road_list_region { /* as recorded */
	uint32_t command;
	struct road_cmd_region cmd; /* config, region, generation, report: at each submission */
	struct road_config_entry *entry; /* a use of the list's; NULL: none */
	struct road_reconfigure_result *result;
};
struct road_submit_region { /* as submitted */
	struct road_cmd_region cmd;
	const struct road_list_region *recorded;
	struct road_stage *stage; /* of the submission: where the chip reports */
	uint32_t offset;
	road_status dropped; /* a hint that could not be followed: why */
	bool told;           /* its result was written */
};
/* Does the list switch images, in whichever region it runs? */
bool road_list_switches(const struct road_list *list);
void road_list_regions_free(struct road_list *list);
/* The commands, `shift` of the submission's own in front, for the queue's region. */
road_status road_submit_regions(struct road_submit *submit, uint32_t shift);
/* Writes the results of commands from `first` on that were not written; why NULL: they were done.
 */
void road_submit_tell(struct road_submit *submit, uint32_t first, uint32_t count,
		      const road_error *why);
/* What the chip reports of the command that failed; false: nothing. */
bool road_submit_region_failed(struct road_submit *submit, road_error *why);
void road_submit_regions_free(struct road_submit *submit);

/* ---- switches that the core orders: region_order.c. Under the queue's lock ---- */

/* May it go to the device now? Else its queue is kicked when it may. */
bool road_region_order_enter(struct road_queue *queue, struct road_submit *submit);
/* It left the device, or never went. */
void road_region_order_leave(struct road_queue *queue, struct road_submit *submit,
			     struct road_work *work);

#endif
