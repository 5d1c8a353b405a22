/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a port implements. Seven functions are required; a missing one of the others is filled with
 * a default or with ROAD_UNSUPPORTED, so that the core never tests for NULL.
 *
 * The core owns handles, references, locks, argument checks, deferral of submissions whose waits
 * are not met, waiting and deadlines, device loss. A driver is called with no lock of the core
 * held. Per queue the core calls submit from one thread at a time, and advance from any.
 */
#ifndef ROADBED_DRIVER_DRIVER_H
#define ROADBED_DRIVER_DRIVER_H

#include <roadbed-driver/bus.h>
#include <roadbed/roadbed.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Version of this interface. A driver of another major is refused. A newer minor only appends: to
 * the end of tables and structures, never within one, and never to one that others embed or keep in
 * arrays (struct road_cmd, struct road_place, struct road_dma, struct road_kernel_info).
 */
#define ROAD_DRIVER_ABI_MAJOR 2
#define ROAD_DRIVER_ABI_MINOR 6
#define ROAD_DRIVER_ABI       ((uint32_t)ROAD_DRIVER_ABI_MAJOR << 16 | ROAD_DRIVER_ABI_MINOR)

struct road_driver;
struct road_cache;
struct road_region_unit; /* <roadbed-driver/region_unit.h> */
struct road_boot_unit;   /* <roadbed-driver/boot_unit.h> */

/* What the core and a driver share of an object. The core allocates these and sets everything but
 * the fields marked "driver"; `data` is the driver's own. */
struct road_drv_device {
	const struct road_driver *driver;
	struct road_bus *bus;     /* NULL for a driver that is its own bus, without a library */
	const char *address;      /* identity text */
	void *data;               /* driver */
	struct road_cache *cache; /* the instance's; NULL: nothing is cached */
	/* 2.1: what follows the scheme's ':' in the address of a driver with `scan`; else "" */
	const char *name;
	/* 2.2: driver, of the helper <roadbed-driver/region_unit.h>; NULL: none */
	struct road_region_unit *region_unit;
	/* 2.4: driver, of the helper <roadbed-driver/boot_unit.h>; NULL: none */
	struct road_boot_unit *boot_unit;
};

struct road_drv_space {
	struct road_drv_device *dev;
	void *data; /* driver */
};

struct road_drv_buffer {
	struct road_drv_space *space;
	uint32_t heap;  /* enum road_heap_kind */
	uint32_t flags; /* ROAD_BUFFER_* */
	uint64_t bytes;
	uint64_t alignment;
	uint64_t address;    /* driver: device address in the space */
	void *host;          /* driver: host pointer if always mapped, else NULL */
	struct road_dma dma; /* driver: for host heaps */
	void *data;          /* driver */
};

struct road_drv_queue {
	struct road_drv_device *dev;
	struct road_drv_space *space;
	uint32_t queue_class, priority;
	uint32_t depth; /* most submissions that the core hands over before one completes */
	bool internal;  /* the driver's own, unknown to the core: road_drv_queue_ready ignores it */
	void *data;     /* driver */
	/* 2.2: the region whose units run its work, and that one's generation */
	uint32_t region;
	uint64_t region_generation;
};

struct road_drv_image {
	struct road_drv_space *space;
	void *data; /* driver */
};

struct road_drv_kernel {
	struct road_drv_image *image;
	struct road_kernel_info info;               /* driver, by kernel() */
	const struct road_argument_info *arguments; /* driver; info.argument_count of them */
	void *data;                                 /* driver */
};

/* A place in memory that a command names: an address of the space, or host memory that is mapped
 * for DMA (what write and read commands become). */
struct road_place {
	uint64_t address; /* device address, or the iova's value */
	bool bus;         /* address is an iova */
	void *host;       /* the host's view, if there is one */
};

/* rows x bytes, slices deep. Of a single row source and destination may overlap: as if the source
 * was read first. Of several no row meets one of the other side. */
struct road_cmd_copy {
	struct road_place dst, src;
	uint64_t bytes;
	uint32_t rows, slices;
	uint64_t dst_row_pitch, dst_slice_pitch, src_row_pitch, src_slice_pitch;
};
struct road_cmd_fill {
	struct road_place dst;
	uint64_t bytes, pattern;
	uint32_t pattern_bytes;
};
struct road_cmd_launch {
	struct road_drv_kernel *kernel;
	road_dim3 grid, block;
	uint32_t shared_bytes, flags;
	const void *arguments;
	uint32_t argument_bytes;
	uint64_t watchdog;
	road_dim3 cluster;      /* 0: none */
	uint64_t configuration; /* the named one's or the kernel's: it is open; 0: the queue's */
};
struct road_cmd_region; /* <roadbed-driver/region.h> */
struct road_cmd_word {  /* wait value, write value, timestamp */
	struct road_place at;
	uint64_t value;
	uint32_t bytes, compare;
};

/* A command as drivers see it. WRITE and READ arrive as COPY; CALLBACK never arrives. */
struct road_cmd {
	enum road_command_kind kind;
	union {
		struct road_cmd_copy copy;
		struct road_cmd_fill fill;
		struct road_cmd_launch launch;
		struct road_cmd_word word;
		const struct road_cmd_region *region; /* stays as long as the command */
	};
};

struct road_drv_submission {
	uint64_t sequence;               /* 1, 2, 3, … per queue; completes in this order */
	const struct road_cmd *commands; /* stay as they are until the submission ended */
	uint32_t count;                  /* may be 0 */
	bool concurrent;                 /* only BARRIER orders the commands among themselves */
	/* For a queue that said `native`: all of waits hold (GE) before the first command starts,
	 * and signals are stored after the last one ended. Both stay as the commands do. */
	const struct road_cmd_word *waits, *signals;
	uint32_t wait_count, signal_count;
};

/* What a queue has done. */
struct road_drv_progress {
	uint64_t completed;      /* highest sequence that completed; all before it did too */
	uint64_t failed_from;    /* sequences >= this failed; UINT64_MAX: none */
	road_status status;      /* why, if any failed */
	struct road_fault fault; /* likewise; kind NONE if it was no fault of the work */
};

/* A device that a driver's scan found. */
struct road_drv_found {
	uint32_t size;       /* sizeof(struct road_drv_found) */
	road_status status;  /* ROAD_OK: it can be opened; else why not */
	const char *name;    /* SCHEME:NAME is its address; 1 to 63 characters, no '?' */
	const char *product; /* NULL: unknown */
	const char *reason;  /* how it is known, or why it cannot be opened; NULL: nothing to say */
	bool simulated;
};
struct road_drv_sink {
	/* Texts are copied. false: that is enough, scan may return. */
	bool (*found)(struct road_drv_sink *sink, const struct road_drv_found *found);
};

enum road_stop_reason { ROAD_STOP_CLOSE, ROAD_STOP_LOST, ROAD_STOP_RESET };

struct road_driver_ops {
	/* Is this function ours? May map and read identity registers, writes nothing, starts no
	 * DMA. ROAD_OK, or why not in the error detail. */
	road_status (*probe)(struct road_bus *bus);
	/* Brings the device up; options is the text after '?', or "". Own queues and memory only
	 * from here on. Waits on the bus's clock. */
	road_status (*start)(struct road_drv_device *dev, const char *options);
	/* Undoes start; succeeds also when the device is gone. */
	void (*stop)(struct road_drv_device *dev, enum road_stop_reason why);
	/* Fills what the device knows about itself; from registers where there are any. Identity
	 * fields that the bus knows are set already. */
	void (*info)(struct road_drv_device *dev, struct road_device_info *out);
	/* Property by position; ROAD_NOT_FOUND ends. name, unit, type, source, value. */
	road_status (*property)(struct road_drv_device *dev, uint32_t index,
				struct road_property *out);

	road_status (*space_open)(struct road_drv_space *space);
	void (*space_close)(struct road_drv_space *space);

	road_status (*queue_open)(struct road_drv_queue *queue);
	/* Stops the queue at once: when it returns the device touches nothing of it any more. */
	void (*queue_close)(struct road_drv_queue *queue);
	/* Never blocks. ROAD_NOT_READY: full, nothing changed. */
	road_status (*submit)(struct road_drv_queue *queue,
			      const struct road_drv_submission *submission);
	/* Cheap, any thread, no sleep. */
	void (*advance)(struct road_drv_queue *queue, struct road_drv_progress *out);
	/* Stops and forgets all work, clears a fault; the next sequence is 1 again. After a reset
	 * of the device a queue of the root region has another region_generation here. */
	road_status (*queue_reset)(struct road_drv_queue *queue);
	/* An interrupt came: acknowledge it, call road_drv_queue_ready for queues to advance. */
	void (*irq)(struct road_drv_device *dev, uint32_t vector);
	road_status (*reset)(struct road_drv_device *dev);

	/* What the device counts or measures now, by position; ROAD_NOT_FOUND ends. name, unit,
	 * type, source, value. Cheap, any thread, never waits. */
	road_status (*counter)(struct road_drv_device *dev, uint32_t index,
			       struct road_metric *out);
	/*
	 * Can this queue wait for words in host memory that other queues of its space store, and
	 * store some itself, in order with its commands, and be reset while it waits? Then the core
	 * leaves waits between such queues to the device (`waits` and `signals` of a submission).
	 * Asked once, after queue_open. Default: no.
	 */
	bool (*native)(struct road_drv_queue *queue);
	/* enum road_limit. set: take at least *bytes; either way *bytes becomes what holds now. */
	road_status (*limit)(struct road_drv_space *space, uint32_t limit, bool set,
			     uint64_t *bytes);
	/* Moves up to `capacity` bytes of what kernels printed, oldest first, to buffer; *bytes
	 * says how many. Any thread, several at a time; never waits for the device's work. */
	road_status (*output_read)(struct road_drv_space *space, char *buffer, size_t capacity,
				   size_t *bytes);
	/*
	 * 2.1, only with `scheme`: tells the sink of each device that is here, in a stable order;
	 * opens none. bus as in probe, which said yes. Without it the driver has one device,
	 * "SCHEME:"; with it any number, "SCHEME:NAME", and start finds the name in the device.
	 */
	road_status (*scan)(struct road_bus *bus, struct road_drv_sink *sink);
	/*
	 * 2.1, for a driver that nobody tells when its queues progress, because a vendor's library
	 * or a kernel does the work: sleeps there until `sequence` of the queue (it was submitted)
	 * is done or failed, or CLOCK_MONOTONIC has come to deadline_ns (a few milliseconds away);
	 * earlier is allowed. Any thread, several at a time. With it the core asks advance of
	 * queues with work whenever somebody queries or waits, and the driver need not call
	 * road_drv_queue_ready. Without it the driver does call that, from whichever thread, and
	 * then road_source_poke.
	 */
	void (*wait)(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns);
};

struct road_memory_ops {
	/* Heap by position; ROAD_NOT_FOUND ends. used_bytes may stay 0 where it is not counted:
	 * then it is what buffers take. */
	road_status (*heap)(struct road_drv_device *dev, uint32_t index,
			    struct road_heap_info *out);
	/* buffer->heap, bytes, alignment are checked; zero-filled memory is handed out. */
	road_status (*alloc)(struct road_drv_buffer *buffer);
	void (*free)(struct road_drv_buffer *buffer);
	/* A host pointer to all of the buffer; stays until free. */
	road_status (*map)(struct road_drv_buffer *buffer, void **out);
	void (*sync)(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
		     enum road_dma_direction direction);
	/* Like alloc, but over buffer->dma.host: whole pages of shared memory that the core mapped
	 * and takes back after free. */
	road_status (*import)(struct road_drv_buffer *buffer);
	/* ROAD_FEATURE_SPACE_MAP: shows a page-aligned part of the buffer at another address of its
	 * space, too, one that nothing is mapped at; access: ROAD_MAP_*. Ranges are known by where
	 * they begin. What took effect before stays done. */
	road_status (*map_at)(struct road_drv_buffer *buffer, uint64_t offset, uint64_t address,
			      uint64_t bytes, uint32_t access);
	void (*unmap_at)(struct road_drv_space *space, uint64_t address);
	road_status (*protect_at)(struct road_drv_space *space, uint64_t address, uint32_t access);
	/*
	 * 2.6: a descriptor of a buffer's memory that has no memfd (dma.fd), one whose size never
	 * changes, so that other devices and processes can map it: a dma-buf of the kernel's. It
	 * becomes the caller's. Default: such memory is not shared.
	 */
	road_status (*export_fd)(struct road_drv_buffer *buffer, int *fd);
};

struct road_image_ops {
	/* bytes are the caller's; log may be NULL. */
	road_status (*load)(struct road_drv_image *image, const void *bytes, size_t byte_count,
			    const struct road_image_options *options);
	void (*unload)(struct road_drv_image *image);
	/* Name by position; NULL ends. Lives as long as the image. */
	const char *(*kernel_name)(struct road_drv_image *image, uint32_t index);
	road_status (*kernel)(struct road_drv_kernel *kernel, const char *name);
	void (*kernel_free)(struct road_drv_kernel *kernel);
	road_status (*symbol)(struct road_drv_image *image, const char *name, uint64_t *address,
			      uint64_t *bytes);
	road_status (*occupancy)(struct road_drv_kernel *kernel, uint32_t block,
				 uint32_t shared_bytes, struct road_occupancy *out);
	/* Why this launch cannot be (limits of the chip or the kernel); ROAD_OK if it can. */
	road_status (*check_launch)(
		const struct road_cmd_launch *launch); /* attribute: enum road_kernel_attribute. */
	road_status (*kernel_set)(struct road_drv_kernel *kernel, uint32_t attribute,
				  uint64_t value);
};

struct road_region_ops;   /* 2.2: <roadbed-driver/region.h> */
struct road_firmware_ops; /* 2.4: <roadbed-driver/firmware.h>; its boot comes before start */

struct road_driver {
	/* ROAD_DRIVER_ABI. A driver that needs no more than an older minor may say that minor: then
	 * older libraries take it, too, if the tails that they do not know are zero. */
	uint32_t abi;
	const char *name;
	/* Functions it may be asked to probe: by what answers ("roadbed,gpgpu"), or by PCI ids.
	 * 2.5: neither, and no scheme: those that no other driver takes. */
	const char *compatible;
	uint16_t pci_vendor, pci_device; /* 0 = none */
	/* A driver that is its own bus: "host". It gets a NULL bus, or that of its library. */
	const char *scheme;
	const struct road_driver_ops *ops;
	const struct road_memory_ops *memory;
	const struct road_image_ops *image;
	const struct road_region_ops *region;
	const struct road_firmware_ops *firmware;
	/*
	 * 2.1, only with `scheme`: a vendor's runtime library, "libvendor.so.1". The bus opens it
	 * where the loader finds it, or at the absolute path that the address says
	 * (SCHEME:NAME?library=PATH) or the environment (ROADBED_LIBRARY_SCHEME, in capitals, '_'
	 * for '-'; ignored under AT_SECURE and with NO_ENV). probe, scan and start get a bus whose
	 * symbol() finds the library's functions, whose clock is the host's, whose bus addresses
	 * are host pointers, and which can do nothing else. The library is never unloaded.
	 */
	const char *library;
};

/* ---- a driver from outside the tree ---- */

/* What the macro below makes known: the tables as the driver was built with them, so that another
 * version of the library reads no further than they go. */
struct road_driver_entry {
	uint32_t size; /* of this structure */
	uint32_t driver_bytes, ops_bytes, memory_bytes, image_bytes;
	uint32_t region_bytes; /* 2.2; 0 before */
	const struct road_driver *driver;
};
typedef const struct road_driver_entry *(*road_driver_entry_fn)(void);

/* road_driver_entry_2: another major has another name. */
#define ROAD_DRIVER_ENTRY_PASTE2(major) road_driver_entry_##major
#define ROAD_DRIVER_ENTRY_PASTE(major)  ROAD_DRIVER_ENTRY_PASTE2(major)
#define ROAD_DRIVER_ENTRY_NAME          ROAD_DRIVER_ENTRY_PASTE(ROAD_DRIVER_ABI_MAJOR)

#ifdef __cplusplus
#define ROAD_DRIVER_LINKAGE extern "C"
#else
#define ROAD_DRIVER_LINKAGE
#endif

/*
 * Once in a shared object NAME.so, in a folder that ROADBED_DRIVERS names: offers the driver (a
 * struct road_driver of static storage). The object is opened once and never unloaded. No semicolon
 * follows.
 */
#define ROAD_DRIVER_ENTRY(table)                                                                   \
	ROAD_DRIVER_LINKAGE ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void); \
	ROAD_DRIVER_LINKAGE ROAD_API const struct road_driver_entry *ROAD_DRIVER_ENTRY_NAME(void)  \
	{                                                                                          \
		static const struct road_driver_entry entry = {                                    \
			sizeof(struct road_driver_entry),                                          \
			sizeof(struct road_driver),                                                \
			sizeof(struct road_driver_ops),                                            \
			sizeof(struct road_memory_ops),                                            \
			sizeof(struct road_image_ops),                                             \
			sizeof(struct road_region_ops),                                            \
			&(table),                                                                  \
		};                                                                                 \
		return &entry;                                                                     \
	}

/* ---- services of the core for drivers ---- */

/*
 * Records the detail of an error that the driver decides and returns `status`. seen and allowed
 * may be NULL. Format strings apply to `seen`-style values: use road_drv_errorf for numbers.
 */
ROAD_API road_status road_drv_error(road_status status, const char *what, const char *where,
				    const char *seen, const char *allowed);
ROAD_API road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* This queue may have progressed: the core will call advance. Any thread, cheap. */
ROAD_API void road_drv_queue_ready(struct road_drv_queue *queue);

/* The device does not answer any more: the core will fail its work and stop it. */
ROAD_API void road_drv_device_lost(struct road_drv_device *dev);

/*
 * Device addresses that mean one thing in this process: reserves `bytes` (rounded to pages, with a
 * guard page behind) of this process's address space and returns the start; nothing is mapped.
 */
ROAD_API road_status road_va_reserve(uint64_t bytes, uint64_t alignment, uint64_t *out);
ROAD_API void road_va_release(uint64_t address, uint64_t bytes);

/* First-fit allocation of ranges in [base, base + bytes): device memory, address spaces. Not
 * thread-safe: the caller locks. `fresh` tells that no byte of the range was handed out before. */
struct road_ranges;
ROAD_API road_status road_ranges_create(uint64_t base, uint64_t bytes, uint64_t granule,
					struct road_ranges **out);
ROAD_API void road_ranges_destroy(struct road_ranges *ranges);
ROAD_API road_status road_ranges_alloc(struct road_ranges *ranges, uint64_t bytes,
				       uint64_t alignment, uint64_t *start, bool *fresh);
ROAD_API void road_ranges_free(struct road_ranges *ranges, uint64_t start, uint64_t bytes);
ROAD_API uint64_t road_ranges_used(const struct road_ranges *ranges);

/*
 * Work that runs on this machine's processor (the `host` driver): run is called on a thread that
 * queries or waits, or on the pump, one call at a time; it does one piece and tells whether there
 * is more. poke says that there is work now.
 */
struct road_source {
	struct road_progress (*run)(struct road_source *source);
	bool (*pending)(struct road_source *source);
	struct road_source *next; /* the core's */
};
ROAD_API void road_source_add(struct road_source *source);
ROAD_API void road_source_remove(struct road_source *source);
ROAD_API void road_source_poke(void);

/*
 * Results that are computed from input alone and would be computed again, compiled code above all:
 * kept in memory for all devices of an instance, and in a folder of the user for other processes
 * and days. Both are bounded; what was not used for longest goes first. Any thread; nothing here
 * fails but for want of host memory, and a driver never learns where a result came from.
 *
 * A key stands for all that the result depends on: the input, every option, the driver's name and
 * the version of the code that computes it. Nobody but the user writes the folder, and its files
 * are hashed; even so, whoever gets a result checks it as if it came from a stranger.
 */
struct road_cache_part {
	const void *bytes;
	size_t count;
};
struct road_cache_key {
	uint8_t bytes[32];
};
struct road_cached {       /* never changes; stays until it is released */
	const void *bytes; /* as malloc aligns them */
	size_t count;
};
/* A NULL cache has nothing, keeps nothing, and needs no key. */
ROAD_API void road_cache_key_make(const struct road_cache *cache,
				  const struct road_cache_part *parts, uint32_t count,
				  struct road_cache_key *out);
/* NULL: it is to be computed. Else a reference for the caller. */
ROAD_API const struct road_cached *road_cache_get(struct road_cache *cache,
						  const struct road_cache_key *key);
/*
 * Takes malloc'ed bytes, which nobody may change any more, whatever happens; replaces another
 * result of that key. A reference for the caller, to these bytes or to the same ones that were
 * there before; NULL: no host memory.
 */
ROAD_API const struct road_cached *road_cache_put(struct road_cache *cache,
						  const struct road_cache_key *key, void *bytes,
						  size_t count);
/* NULL is allowed. The cache may be gone by then. */
ROAD_API void road_cached_release(const struct road_cached *cached);

/* CLOCK_MONOTONIC in ns, for drivers whose device's clock is the host's. */
ROAD_API uint64_t road_host_now_ns(void);

#ifdef __cplusplus
}
#endif

/* The entry counts its table: a driver need not name the header for that. */
#include <roadbed-driver/region.h>
#endif
