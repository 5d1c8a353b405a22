/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's objects and how its files meet.
 *
 * Locks, in the order in which they may be taken: instance, (regions: region.h,) device, space,
 * queue, event; then the leaves (progress, ready list, live set). Never two of a kind. No driver
 * code, no user code and no engine runs under any of them. Signalling under a lock only marks and
 * collects: what follows from it stands in a `struct road_work`, worked off afterwards with no lock
 * held.
 */
#ifndef HAL_CORE_CORE_H
#define HAL_CORE_CORE_H

#include <pthread.h>
#include <roadbed-driver/region.h>
#include <roadbed/roadbed.h>

#include "hal/bus/transport.h"
#include "hal/cache/cache.h"
#include "hal/core/error.h"
#include "hal/core/object.h"

struct road_work;
struct road_word; /* what a device stores a timeline's values to: native.c */
struct road_word_slab;
struct road_reservation; /* space_map.c */
struct road_mapping;
struct road_shared;      /* how other processes see an event: event_share.h */
struct road_submit;      /* an accepted submission: submit.h */
struct road_region_node; /* regions and configuration images: region.h */
struct road_boot;        /* firmware: firmware.h */
struct road_unplugged;   /* plug.c */
struct road_config_entry;
struct road_list_region;
struct road_stage;
struct road_waker; /* interrupts.c */
struct road_interrupts;
struct road_callback_job;

/* ---- events: event.c ---- */

enum road_waiter_kind { ROAD_WAITER_THREAD, ROAD_WAITER_QUEUE, ROAD_WAITER_FD };

/* Somebody who waits for one point of an event; linked into the event until it fires. */
struct road_waiter {
	struct road_waiter *next, *prev;
	uint64_t value;
	uint64_t fired_ps; /* virtual time at which it fired */
	enum road_waiter_kind kind;
	bool linked;
	union {
		struct road_sleeper *sleeper;
		struct road_queue *queue;
		int fd;
	};
};

/*
 * An event is free while nobody waits for it, owes it a value or failed it: then its value stands
 * in `word`, and one compare-and-swap raises it, with no lock. Whoever lays a claim on it takes the
 * lock and puts ROAD_EVENT_CLAIMED, which is no legal value, into `word`: a raise that comes later
 * finds no value there and takes the lock, too; one that came before is seen by who claims.
 */
#define ROAD_EVENT_CLAIMED UINT64_MAX
struct road_event {
	struct road_object object;
	_Atomic uint64_t word;
	_Atomic uint64_t time_ps;       /* virtual time of the last change */
	_Atomic uint64_t claimed_value; /* while claimed; changes under the lock */
	_Atomic uint64_t failed_from;   /* UINT64_MAX: none; else claimed for good */
	pthread_mutex_t lock;
	road_error failure;          /* why, once failed_from is set */
	struct road_waiter waiters;  /* list head */
	struct road_queue *promiser; /* who owes `promised`; cleared when it is paid */
	uint64_t promised;
	struct road_event *promised_on; /* the promiser's timeline, alive while it owes */
	uint64_t promised_at;           /* and the value there that pays `promised` */
	/* of a timeline whose values the device stores, for native waits */
	_Atomic bool native_wanted;
	struct road_word *native_word;       /* a reference */
	uint64_t native_from, native_handed; /* values that are, or will be, stored; 0: none */
	struct road_shared *shared;          /* what other processes see of it: claimed for good */
	bool timeline;                       /* of a queue: the host may not signal it */
	struct road_queue *owner;            /* of a timeline, while the queue has it */
};

enum road_point_state { ROAD_POINT_OPEN, ROAD_POINT_REACHED, ROAD_POINT_FAILED };
enum road_point_state road_event_state(const struct road_event *event, uint64_t value);
uint64_t road_event_now(const struct road_event *event);

extern const struct road_class road_event_class;
road_status road_event_new(uint64_t initial, bool timeline, struct road_event **out);
/* Raises the value (never past a failure) and collects whoever that releases. */
void road_event_raise(struct road_event *event, uint64_t value, uint64_t time_ps,
		      struct road_work *work);
void road_event_fail_from(struct road_event *event, uint64_t from, const road_error *why,
			  uint64_t time_ps, struct road_work *work);
/* Links the waiter unless its point is decided; false: decided already, not linked. */
bool road_event_await(struct road_event *event, struct road_waiter *waiter);
void road_event_forget(struct road_event *event, struct road_waiter *waiter);
/* Registers a queue's promise, above value and last promise. */
road_status road_event_promise(struct road_event *event, uint64_t value, struct road_queue *queue,
			       uint64_t *before);
void road_event_unpromise(struct road_event *event, uint64_t previous, struct road_queue *queue);

/* Claims the event for good, so that each change is published; false: it is shared already. */
bool road_event_tie(struct road_event *event, struct road_shared *shared);

/* ---- event_share.c ---- */

/* Under the event's lock: its value rose, or it failed. */
void road_shared_raised(struct road_shared *shared, uint64_t value);
void road_shared_failed(struct road_shared *shared, uint64_t from, road_status reason);
/* Likewise: a queue owes the value (alone: it owed none before that was not told), or, of the last
 * that was told, does not after all. What is raised or failed is owed no more. */
void road_shared_owe(struct road_shared *shared, uint64_t value, bool alone);
void road_shared_disown(struct road_shared *shared, uint64_t value);
/* The descriptor of its page, which it keeps, made if it has none. No lock held. */
road_status road_shared_fd(struct road_event *event, const char *where, int *fd, uint64_t *bytes);
/* The event ends. No lock held. */
void road_shared_drop(struct road_event *event);
/* The device closes: what is shared by it is not any more. event_syncobj.c. */
void road_syncobjs_forget(struct road_device *device);

/* ---- what follows from a signal: work.c ---- */

struct road_work {
	uint64_t time_ps;          /* of the signals that are being given */
	struct road_queue *queues; /* to be kicked; linked by work_next, one hold each */
	struct road_submit *done;  /* to be freed, with what they hold */
	/* One at most: a queue stands still behind its callback, and each that advances has a work
	 * of its own. */
	struct road_callback_job *inlined, *posted;
};
#define ROAD_WORK_INIT(at)      \
	(struct road_work)      \
	{                       \
		.time_ps = (at) \
	}
void road_work_queue(struct road_work *work, struct road_queue *queue);
void road_work_done(struct road_work *work, struct road_submit *submit);
/* Works everything off, whatever it brings forth included. No lock may be held. */
void road_work_drain(struct road_work *work);

/* ---- progress: progress.c; the baton and sleeping: baton.c ---- */

struct road_sleeper {
	_Atomic uint32_t word; /* 0 asleep, 1 woken */
	struct road_sleeper *next, *prev;
	bool background;                  /* the pump: chosen last */
	struct road_waker *_Atomic waker; /* it sleeps on descriptors: interrupts.h; NULL: futex */
};

/* One piece of everything that can run, up to virtual time `until_ps`. Only by the baton's
 * holder. `watching`: something waits for a word in host memory. */
struct road_progress road_progress_slice(uint64_t until_ps);
/* Is there anything to run? No lock. */
bool road_progress_pending(void);
/* Devices whose drivers sleep have work, or may have it, and the caller does not stay to ask them:
 * whoever is woken next shall. */
void road_progress_hand_on(void);
/* By the baton's holder: from now on, or no longer, it looks at the interrupts of those devices
 * whose bus can do without waking anybody; false: there are none. Must end before the baton is
 * given back. */
bool road_progress_attend(bool on);
/* Virtual time of the process; 0 while there is no simulated device. */
uint64_t road_progress_now(void);
void road_progress_domain(const struct road_domain *domain);
const struct road_domain *road_progress_domain_get(void);
void road_progress_device_add(struct road_device *device);
/* A queue that was closed: nobody is to advance it any more. */
void road_progress_forget(struct road_queue *queue);
void road_progress_device_remove(struct road_device *device);
/* Looks for devices that are gone and fails their work; true if there was one. */
bool road_progress_check_lost(void);

bool road_baton_take(struct road_sleeper *self);
void road_baton_release(struct road_sleeper *self);
/* Work was posted: if nobody runs it, somebody who sleeps is woken to. */
void road_baton_poke(void);
bool road_baton_free(void);
void road_sleeper_list(struct road_sleeper *sleeper);
void road_sleeper_unlist(struct road_sleeper *sleeper);
/* Sleeps until woken or the deadline (CLOCK_MONOTONIC ns); false: the deadline passed. */
bool road_sleeper_sleep(struct road_sleeper *sleeper, uint64_t deadline_ns);
void road_sleeper_wake(struct road_sleeper *sleeper);
/* Runs the simulation up to this thread's virtual time, as a query does. */
void road_progress_query(uint64_t cost_ps);

/* ---- driver_sleep.c ---- */

/* Sleeps in the driver of the queue that the point hangs on, for a moment at most; false: none does
 * that. No lock held. */
bool road_driver_sleep(struct road_point point, uint64_t until);
/* A device whose driver sleeps: its queues with work are to be asked; true: there are some. */
bool road_device_ask(struct road_device *device);
/* stall.c: the queue that owes the event's values, with a hold, and the value of its timeline by
 * which it pays; NULL: nobody does. */
struct road_queue *road_event_owner(struct road_event *event, uint64_t *value);

/* External agents: while one is alive the run is not reproducible. */
void road_agent_begin(void);
void road_agent_end(void);
uint32_t road_agent_seen(void); /* how many there ever were */
bool road_agent_alive(void);
road_status road_pump_start(void);
void road_pump_wake(void);

/* ---- threads ---- */
extern _Thread_local bool road_in_callback;
struct road_callback_job {
	struct road_callback_job *next;
	road_callback_fn fn;
	void *user;
	struct road_queue *queue; /* one hold */
};
void road_callback_post(struct road_instance *instance, struct road_callback_job *job);
road_status road_callback_start(struct road_instance *instance);

/* ---- instance.c, watch.c ---- */
struct road_instance {
	struct road_object object;
	pthread_mutex_t lock;
	pthread_mutex_t open_lock;   /* held while a device is opened */
	pthread_mutex_t change_lock; /* a leaf */
	uint32_t flags;
	char *devices;
	char *library_folder;
	char *firmware_folders, *firmware_keys; /* NULL: none named */
	struct road_loaded *loaded; /* of its driver folders; NULL: none. Never changes */
	struct road_cache *cache;   /* for drivers; NULL: none */
	road_message_fn message;
	void *message_user;
	struct road_device *open_devices; /* linked by next; weak */
	struct road_unplugged *unplugged; /* plug.c */
	/* What was here when index 0 was asked for; the lock is held while it is looked for. */
	pthread_mutex_t seen_lock;
	struct road_seen {
		road_candidate *candidates;
		uint32_t count, room, flags;
		bool valid;
	} seen;
	struct road_watch *watches;
	uint64_t change_sequence;
	struct road_instance *hotplug_next; /* hotplug.c, under its lock */
	uint32_t hotplug_watches;
	/* live buffers, sorted by address */
	pthread_mutex_t lookup_lock;
	struct road_buffer **lookup;
	size_t lookup_count, lookup_size;
	/* the thread that runs host callbacks; started at the first */
	pthread_mutex_t callback_lock;
	pthread_cond_t callback_wake;
	struct road_callback_job *callback_first, *callback_last;
	pthread_t callback_thread;
	bool callback_running, callback_stop;
};
extern const struct road_class road_instance_class;
void road_instance_message(struct road_instance *instance, int level, const char *object,
			   const char *format, ...) __attribute__((format(printf, 4, 5)));
void road_instance_change(struct road_instance *instance, uint32_t kind, const char *address,
			  const char *text);
void road_callback_stop(struct road_instance *instance);

/* ---- hotplug.c ---- */
/* Changes of the kernel's devices are told to the instance's watches, until the end of as many. No
 * lock held. */
road_status road_hotplug_begin(struct road_instance *instance);
void road_hotplug_end(struct road_instance *instance);

/* ---- plug.c ---- */
/* Addresses of simulated devices that were pulled out, until they are plugged in again. */
bool road_is_unplugged(struct road_instance *instance, const char *identity);
/* *fresh: it was not out before. */
road_status road_unplugged_add(struct road_instance *instance, const char *identity, bool *fresh);
void road_unplugged_free(struct road_instance *instance);

/* ---- device.c ---- */
enum { ROAD_FAULTS_KEPT = 64 };
struct road_device {
	struct road_object object;
	struct road_drv_device drv;            /* what the driver sees */
	struct road_instance *instance;        /* a reference */
	struct road_device *next;              /* of the instance */
	struct road_device *_Atomic next_open; /* of the process: progress.c */
	pthread_mutex_t lock;
	char *address; /* identity */
	char *options;
	char *drv_options;          /* those of the driver */
	bool sleeps;                /* its driver has a wait of its own */
	bool apart;                 /* nobody else of the instance knows of it */
	struct road_driver_ops ops; /* the driver's over the defaults */
	struct road_memory_ops memory;
	struct road_image_ops image;
	struct road_region_ops region;
	struct road_region_info root;           /* the whole device, as it was opened */
	const struct road_bus_control *control; /* NULL for a driver that is its own bus */
	struct road_device_info info;
	uint64_t submit_ps, query_ps;
	pthread_mutex_t shared_lock; /* held while the shared space is made */
	struct road_space *shared;   /* weak */
	struct road_queue *queues;   /* open ones, linked by next */
	bool looked_at;              /* under progress.c's lock: it may be lost */
	_Atomic bool lost;
	_Atomic bool wedged; /* did not come back from a reset */
	_Atomic bool lost_handled;
	_Atomic uint64_t resets;
	struct road_stage *small_stages, *large_stages; /* kept for reuse */
	uint32_t stages_kept;
	uint32_t queue_count;
	struct road_heap_use { /* buffers of the program; under lock */
		uint64_t bytes, peak_bytes, buffers;
	} heap_use[ROAD_HEAP_KINDS];
	pthread_mutex_t word_lock; /* a leaf */
	struct road_word_slab *words;
	uint32_t counters;             /* that the driver has */
	uint32_t properties;           /* likewise */
	_Atomic uint64_t native_waits; /* that the device resolved, or will */
	uint32_t agents_before;        /* external agents seen before it was opened */
	pthread_mutex_t fault_lock;    /* a leaf */
	struct road_fault faults[ROAD_FAULTS_KEPT];
	uint64_t fault_first, fault_next;         /* sequence numbers from 1 */
	pthread_mutex_t region_lock, config_lock; /* region.h */
	struct road_region_node *regions;
	struct road_config_entry *configs;
	struct road_boot *boot;             /* NULL: the chip boots no firmware … */
	bool foreign_firmware;              /* … or another function of it does */
	struct road_interrupts *interrupts; /* as descriptors; NULL: none */
};
extern const struct road_class road_device_class;
/* The instance's watches hear of it, unless it is apart. */
void road_device_change(struct road_device *device, uint32_t kind, const char *text);
/* One that nobody else of the instance gets, or hears of, whatever is open at that address. */
road_status road_device_open_apart(struct road_instance *instance, const char *address,
				   struct road_device **out);
/* Heap `index` with what the instance's buffers take of it. */
road_status road_device_heap_read(struct road_device *device, uint32_t index, road_heap_info *out);
void road_device_fault_add(struct road_device *device, struct road_fault *fault);
/* Fails what those of its queues have not done that were opened or reset under boot number `boots`
 * of its firmware, or an earlier one. No lock held. */
void road_device_fail_queues(struct road_device *device, const road_error *why, uint64_t boots);
/* Fails the work of a device that is gone; once. No lock held. */
void road_device_lose(struct road_device *device);
/* ROAD_OK unless it is lost or wedged, or its firmware crashed; then why, recorded. */
road_status road_device_usable(struct road_device *device, const char *where);
static inline bool road_device_is_lost(const struct road_device *device)
{
	return atomic_load_explicit(&device->lost, memory_order_acquire);
}

/* ---- space.c, buffer.c ---- */
struct road_space {
	struct road_object object;
	struct road_drv_space drv;
	struct road_device *device; /* a reference */
	pthread_mutex_t lock;
	_Atomic bool closed;
	bool is_shared;
	uint64_t quota_bytes, used_bytes;
	struct road_region *region; /* whose memory and units it has: a reference; NULL: nobody's */
	uint64_t share_bytes;       /* of device memory, for all spaces of the region; 0: all */
	uint32_t buffer_count;
	struct road_buffer *buffers; /* not views; linked by next */
	struct road_image *images;
	struct road_reservation *reservations;
	struct road_mapping *mappings;
	pthread_cond_t mapping_idle;
	pthread_mutex_t sticky_lock; /* a leaf */
	road_error sticky;           /* status OK: none */
	uint64_t sticky_resets;      /* of the device when it came: the next one ends it */
};
extern const struct road_class road_space_class;
/* Is the space open and its device there? */
road_status road_space_usable(struct road_space *space, const char *where);
void road_space_fault(struct road_space *space, const road_error *why);

struct road_buffer {
	struct road_object object;
	struct road_drv_buffer drv;
	struct road_space *space;   /* a reference */
	struct road_buffer *parent; /* of a view: a reference */
	struct road_buffer *next, *prev;
	uint64_t offset; /* of a view, in its parent */
	void *host;      /* once mapped */
	void *imported;  /* shared memory from outside, to be unmapped */
	uint32_t maps;
	bool allocated; /* memory is there; under space->lock */
	bool mapping;   /* of its parent at a chosen address: space_map.c */
};
extern const struct road_class road_buffer_class;
/* [offset, offset + bytes) lies inside and the buffer is usable. */
road_status road_buffer_check(struct road_buffer *buffer, uint64_t offset, uint64_t bytes,
			      const char *where);
struct road_place road_buffer_place(const struct road_buffer *buffer, uint64_t offset);
void road_space_free_buffers(struct road_space *space);
/* Ends the mappings of one buffer, or all, and the reservations. No lock held. */
void road_space_unmap_buffer(struct road_space *space, const struct road_buffer *buffer);
void road_space_unmap_all(struct road_space *space);
road_status road_lookup_add(struct road_instance *instance, struct road_buffer *buffer);
void road_lookup_remove(struct road_instance *instance, struct road_buffer *buffer);
/* Has it memory that others can open by name? Recorded, if not. */
road_status road_exportable(const struct road_buffer *root, const char *where);
road_status road_export_fd(struct road_buffer *root, int *fd);
/* imported: mapped memory that the buffer is made over, its own once it succeeds; NULL: allocate.
 */
road_status road_buffer_make(struct road_space *space, const road_buffer_options *options,
			     void *imported, struct road_buffer **out);
void road_unmap_import(void *memory, uint64_t bytes);

/* ---- token.c ---- */
/* The object ends: whoever keeps tokens of it takes them back. No lock held. */
void road_tokens_revoke(const struct road_object *object);
/* The device closes: its server forgets its tokens by itself. */
void road_tokens_forget(const struct road_device *device);

/* ---- image.c ---- */
struct road_image {
	struct road_object object;
	struct road_drv_image drv;
	struct road_space *space; /* a reference */
	struct road_image *next, *prev;
	bool loaded;
};
struct road_kernel {
	struct road_object object;
	struct road_drv_kernel drv;
	struct road_image *image;         /* a reference */
	struct road_config_entry *config; /* that it is: a use; NULL: none, or nobody asked */
	bool open;
};
extern const struct road_class road_image_class, road_kernel_class;
void road_space_unload_images(struct road_space *space);

/* ---- box.c ---- */
/* Bytes that one side of a box spans from its offset; UINT64_MAX: pitches do not cover what they
 * step over, or it wraps. */
uint64_t road_box_span(const road_copy_box *box, uint64_t row_pitch, uint64_t slice_pitch);
/* Whether the sides of a box that spans no such side meet, both counted from one place. True also
 * for some that pass by each other, if their pitches differ. */
bool road_box_overlaps(const road_copy_box *box, uint64_t dst, uint64_t src);

/* ---- list.c ---- */
struct road_list_segment { /* device commands, then perhaps a callback */
	uint32_t first, count;
	road_callback_fn fn;
	void *user;
	uint32_t callback_flags;
};
/* A command that names host memory, resolved anew at each submission. */
struct road_list_transfer {
	uint32_t command;
	bool write;
	void *host;
	uint64_t bytes;
};
struct road_list {
	struct road_object object;
	struct road_space *space; /* a reference */
	pthread_mutex_t lock;
	_Atomic bool closed;
	uint32_t flags;
	struct road_cmd *commands;
	uint32_t count, room;
	struct road_list_segment *segments;
	uint32_t segment_count, segment_room;
	struct road_list_transfer *transfers;
	uint32_t transfer_count, transfer_room;
	struct road_object **uses; /* references: buffers and kernels */
	uint32_t use_count, use_room;
	void **arguments; /* copies of argument blocks */
	uint32_t argument_count, argument_room;
	struct road_list_region *regions; /* reconfigurations */
	uint32_t region_count;
	struct road_config_entry **expected; /* by launches: uses */
	uint32_t expected_count, expected_room;
	bool activates; /* a launch does, if need be */
};
extern const struct road_class road_list_class;

/* ---- queue.c ---- */
struct road_queue {
	struct road_object object;
	struct road_drv_queue drv;
	struct road_space *space; /* a reference */
	struct road_queue *next;  /* of the device */
	struct road_queue *work_next, *ready_next;
	bool listed_closed; /* under the device's lock: its space closes it */
	_Atomic bool in_ready;
	_Atomic bool in_work;
	pthread_mutex_t lock;
	pthread_cond_t idle; /* nobody is in the driver with this queue */
	uint32_t in_driver, idle_waiters;
	struct road_event *timeline; /* a reference */
	uint64_t tail;               /* last value given out on the timeline */
	uint64_t drv_sequence;
	uint32_t depth, used;
	struct road_submit *pending_first, *pending_last;
	struct road_submit *flight_first, *flight_last;
	struct road_submit *moving;  /* being handed to the driver */
	struct road_submit *spare;   /* empty ones, to be used again */
	struct road_submit *blocked; /* its callback runs */
	bool blocked_failed, advance_missed;
	bool stopped;                  /* nothing moves: cancel or reset is at work */
	struct road_waiter waiter;     /* for the head of pending */
	struct road_event *waiting_on; /* a hold */
	uint64_t last_stamp_ps;
	bool native;           /* its driver waits for words and stores them by itself */
	uint32_t native_waits; /* of its submissions that were not ended */
	bool kicking, kick_again, was_full, closed;
	road_error status;                 /* status OK: takes work */
	struct road_region_node *region;   /* that it runs in; NULL: the device has none */
	struct road_region *region_handle; /* a reference; NULL: the root, whichever it is */
	_Atomic uint64_t region_generation, region_resets;
	uint64_t region_life; /* of it, when the queue was counted there; under region_lock */
	bool region_gone;     /* the driver let go of the queue: it counts nowhere any more */
	struct road_queue *held_next; /* of its region: region_order.c */
	bool is_held;
	_Atomic uint64_t boots; /* number of the boot that its work is of: firmware.h */
};
extern const struct road_class road_queue_class;
/* Moves what can be moved to the device. */
void road_queue_kick(struct road_queue *queue, struct road_work *work);
/* The same under the queue's lock, which is open while the driver is at work. */
void road_queue_move(struct road_queue *queue, struct road_work *work);
/* Asks the driver what was done and passes it on; true: something was. */
bool road_queue_advance(struct road_queue *queue, struct road_work *work);
void road_submit_free(struct road_submit *submit);
/* Should the callback still run? Not if its submission failed meanwhile. */
bool road_queue_callback_due(struct road_queue *queue);
void road_queue_callback_done(struct road_queue *queue);
void road_queue_close(struct road_queue *queue, const road_error *why);
/* Under the queue's lock. */
void road_queue_tell_idle(struct road_queue *queue);
road_status road_queue_refuses(const struct road_queue *queue);
void road_queue_forget_wait(struct road_queue *queue);
/* Under the queue's lock: every point that these submissions owe fails; *first: NULL. */
void road_queue_fail_list(struct road_queue *queue, struct road_submit **first,
			  const road_error *why, struct road_work *work);
/* The driver forgets the queue's work, then all of it fails; the queue refuses work with this
 * status until it is reset; unless it was reset under a later boot of the firmware than `boots`. No
 * lock held. */
void road_queue_abandon(struct road_queue *queue, const road_error *why, uint64_t boots);
/* Fails everything unfinished; the queue then refuses work with this status. */
void road_queue_fail_all(struct road_queue *queue, const road_error *why, struct road_work *work);

/* ---- native.c: waits that the device resolves. Under the queue's lock, where no other is named.
 * ---- */

/* Does the device wait for this point by itself from here on? Not if it is decided. */
bool road_native_wait(struct road_queue *queue, struct road_submit *submit,
		      const struct road_point *point);
/* The submission ended, or part of it did: its words and waiters go. */
void road_native_forget(struct road_queue *queue, struct road_submit *submit);
/* Did one of the points fail for which the submission waits, or waited? */
bool road_native_failed(const struct road_submit *submit, road_error *why);
/* The first that is not reached; NULL: none. */
const struct road_native_wait *road_native_open(const struct road_submit *submit);
/* Before it is handed over, by the thread that does so, with no lock held: adds what stores its
 * value. */
void road_native_signal(struct road_queue *queue, struct road_submit *submit,
			struct road_drv_submission *out);
/* The device has a submission that stores its value. */
void road_native_handed(const struct road_submit *submit);
/* Under the timeline's lock: nobody promises on it any more. */
void road_native_disown(struct road_event *timeline);
void road_word_put(struct road_word *word);
void road_words_trim(struct road_device *device);

/* Why a point is still open: the chain of what it waits for, as text. true: it is a cycle, and the
 * text ends where it is closed. */
bool road_stall_text(struct road_event *event, char *bytes, size_t size);

/* ---- telemetry.c, telemetry_stream.c ---- */
void road_telemetry_count(struct road_device *device);
/* Likewise its properties: device_info.c. */
void road_device_count_properties(struct road_device *device);
/* What the chip's data sheet says, index from 0: catalogue_property.c. ROAD_NOT_FOUND, without a
 * word, ends it. */
road_status road_catalogue_property(struct road_device *device, uint32_t index, road_property *out);
/* Takes the rounds of streams that are due. No lock held. */
void road_telemetry_tick(void);

/* ---- time.c ---- */
uint64_t road_now_ns(void);

#define ROAD_NS_PS    UINT64_C(1000)
#define ROAD_QUERY_PS UINT64_C(200000) /* what a query costs its thread: 200 ns */
#define ROAD_WATCH_NS UINT64_C(100000) /* how often words that the host may write are looked at */

#endif
