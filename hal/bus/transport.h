/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core knows of a bus beyond what drivers see: how addresses become buses, and how
 * simulated time is run. Drivers never include this.
 */
#ifndef HAL_BUS_TRANSPORT_H
#define HAL_BUS_TRANSPORT_H

#include <roadbed-driver/bus.h>
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>

struct road_driver_entry;

/* What one slice of the simulation did. */
struct road_slice {
	bool ran;      /* events ran */
	bool irq;      /* some function has interrupts to be taken */
	bool more;     /* events are due before the bound */
	bool watching; /* a device waits for a word that the host may write */
};

/* A virtual clock that the core drives; one per process (docs/time.md). Times in ps. */
struct road_domain {
	void (*run)(uint64_t until_ps, uint32_t budget, struct road_slice *out);
	uint64_t (*now)(void);
	bool (*pending)(void); /* no lock */
	void (*poke)(void);    /* host words may have changed */
};

enum road_bus_inject {
	ROAD_BUS_INJECTED,
	ROAD_BUS_INJECT_NONE, /* the chip cannot have such errors */
	ROAD_BUS_INJECT_NOWHERE,
	ROAD_BUS_INJECT_FULL
};

/* How tokens begin that a server keeps: "rdtoken2", as little-endian text. */
#define ROAD_BUS_TOKEN_MAGIC UINT64_C(0x326e656b6f746472)

enum road_bus_share { ROAD_BUS_SHARE_BUFFER, ROAD_BUS_SHARE_EVENT, ROAD_BUS_SHARES };

/* Memory that other clients of who serves the device may have by a token. */
struct road_bus_offer {
	enum road_bus_share kind;
	uint32_t process; /* that alone may have it; 0: any of this user */
	uint64_t object;  /* a number in this process, for revoke */
	uint64_t bytes;
	int fd; /* a sealed memfd; stays the caller's */
};

/*
 * Timelines that the kernel keeps, and that other processes and its drivers see: syncobjs of DRM.
 * Each is a number of the bus's. But for wait nothing sleeps.
 */
struct road_bus_timelines {
	/* A new one, at 0; fd >= 0: the one behind a descriptor, which stays the caller's. */
	road_status (*open)(struct road_bus *bus, int fd, uint32_t *out);
	void (*close)(struct road_bus *bus, uint32_t timeline);
	/* A descriptor for others; the caller's. */
	road_status (*fd)(struct road_bus *bus, uint32_t timeline, int *out);
	road_status (*value)(struct road_bus *bus, uint32_t timeline, uint64_t *out);
	/* It may stand higher already. */
	road_status (*raise)(struct road_bus *bus, uint32_t timeline, uint64_t value);
	/* Until it has reached the value, or the deadline passed; true: it has slept there, however
	 * that ended. The value may be one that nobody promised yet. */
	bool (*wait)(struct road_bus *bus, uint32_t timeline, uint64_t value, uint64_t deadline_ns);
};

/* The core's and the back door's view of one opened bus; members may be NULL (unsupported). */
struct road_bus_control {
	const struct road_domain *domain; /* NULL: lives on host time */
	void (*costs)(struct road_bus *bus, uint64_t *submit_ps, uint64_t *query_ps);
	uint64_t (*irq_pending)(struct road_bus *bus); /* bits of vectors; no lock */
	void (*unplug)(struct road_bus *bus);
	/* An error of memory at a device address; poison: one that cannot be corrected. */
	enum road_bus_inject (*inject)(struct road_bus *bus, bool poison, uint64_t address);
	/* The region's next reconfigurations that come to this phase fail there. */
	enum road_bus_inject (*phase_fail)(struct road_bus *bus, uint32_t region, uint32_t phase,
					   uint32_t times);
	/* The image for a component of the firmware, and the key that verifies it (32 bytes);
	 * false: it has to be found. Both live as long as the bus. */
	bool (*firmware)(struct road_bus *bus, const char *component, const void **image,
			 size_t *bytes, const uint8_t **key);
	enum road_bus_inject (*boot_fault)(struct road_bus *bus, uint32_t fault, uint32_t phase,
					   uint32_t times);
	bool (*counter)(struct road_bus *bus, uint32_t index, const char **name, uint64_t *value);
	bool (*line)(struct road_bus *bus, uint32_t index, road_sim_line *out);
	bool (*parameter)(struct road_bus *bus, uint32_t index, road_sim_parameter *out);
	bool (*scenario)(struct road_bus *bus, uint32_t index, const char **name,
			 const char **text);
	uint64_t (*violations)(struct road_bus *bus);
	bool (*violation)(struct road_bus *bus, uint32_t index, char *text, size_t bytes);
	size_t (*report)(struct road_bus *bus, char *out, size_t bytes);
	int (*trace)(struct road_bus *bus, int fd);
	/* Can registers be reached? Why not, recorded. NULL: they can. */
	road_status (*reach)(struct road_bus *bus);
	/* A descriptor that is readable once the device is wanted back, or gone; the bus's. */
	int (*lost_fd)(struct road_bus *bus);
	/* Stops the device, releases what the kernel gave for it, and then says that it is lost.
	 * The interrupt thread calls it. */
	void (*let_go)(struct road_bus *bus);
	/* Of a device that is lost: why, as a text; how long it is. 0: the bus does not know. */
	size_t (*lost_why)(struct road_bus *bus, char *out, size_t bytes);
	/* From now on, until it is said that not, somebody asks irq_pending all the time: what
	 * comes need wake nobody. Answers whether something is pending. By the baton's holder. */
	bool (*attend)(struct road_bus *bus, bool on);
	/* Tokens that whoever serves the device keeps; all three, or none. */
	road_status (*share)(struct road_bus *bus, const struct road_bus_offer *offer,
			     road_token *out);
	/* *fd is the caller's. NOT_FOUND: no valid token; PERMISSION: not for this process. */
	road_status (*obtain)(struct road_bus *bus, enum road_bus_share kind,
			      const road_token *token, int *fd, uint64_t *bytes);
	/* All tokens of this object's. */
	void (*revoke)(struct road_bus *bus, uint64_t object);
	const struct road_bus_timelines *timelines;
};

struct road_bus_text { /* a piece of an address; not terminated */
	const char *text;
	size_t bytes;
};

/* What an instance wants of the buses that it opens. */
struct road_bus_wish {
	const char *library_folder; /* of the simulators; NULL: where the loader finds them */
	bool no_wake;               /* no node is opened, nothing is read that wakes a device */
	/* Has `who` a driver for what has these ids? NULL: it is not to be run. */
	bool (*runs)(const struct road_bus_wish *wish, const struct road_bus_ids *ids);
	const void *who;
};

struct road_candidate_sink {
	/* The candidate is copied. false: that is enough, scan may return. */
	bool (*seen)(struct road_candidate_sink *sink, const road_candidate *candidate);
	/* Is there a driver that runs what has these ids? NULL: nobody asks. */
	bool (*runs)(const struct road_candidate_sink *sink, const struct road_bus_ids *ids);
};

struct road_transport {
	const char *scheme; /* "sim" */
	/* Tells of this transport's candidates, in a stable order; opens none. */
	void (*scan)(const char *library_folder, uint32_t flags, struct road_candidate_sink *sink);
	/* Opens NAME[@N] with options (terminated, "" = none). address: the identity text. */
	road_status (*open)(const struct road_bus_wish *wish, const char *address, const char *rest,
			    const char *options, struct road_bus **out);
	/* Of a transport that finds nothing by itself: what an address that is named stands for, as
	 * far as can be told without opening it. Fills status, reason, simulated. NULL: see scan.
	 */
	void (*look)(const char *rest, road_candidate *out);
};

/* A bus around another one: `faulty(plan):…`. Owns `inner` when it succeeds. */
struct road_decorator {
	const char *name;
	/* address: what `inner` was opened by, decorators and options left out. */
	road_status (*wrap)(struct road_bus_text argument, const char *address,
			    struct road_bus *inner, struct road_bus **out);
	bool is_source; /* nothing stands behind it: `replay(trace):`; inner is NULL */
};

/* Every bus that the core opens is one of these; `bus` is what the driver sees. */
struct road_bus_handle {
	struct road_bus bus;
	const struct road_bus_control *control;
};

static inline const struct road_bus_control *road_bus_control_of(struct road_bus *bus)
{
	return ((struct road_bus_handle *)(void *)bus)->control;
}

/*
 * A file of a driver folder: a shared object with a driver, a model of chips, or both; a chip's
 * file; or the folder itself, if it is refused.
 */
struct road_plugin {
	const char *path;   /* as the caller's folder names it */
	road_status status; /* ROAD_OK: it is in use; reason then says what it brought */
	char reason[192];
	const struct road_driver_entry *driver; /* NULL: none; nobody looked into it yet */
	uint32_t simulated;                     /* a chip's file */
};
/*
 * Opens what the folders hold (absolute, separated by ':'), each file once in the process and never
 * closed, and tells fn of each: shared objects first, then chips' files, in the order of folders
 * and, within one, of names. What fn gets stays for fn's time only, but for `driver`.
 */
void road_plugins_open(const char *library_folder, const char *folders,
		       void (*fn)(void *arg, const struct road_plugin *plugin), void *arg);
/* The function `stem` and the major's number name; else *other is the major that the library has
 * instead, 0 for none. */
void *road_plugin_symbol(void *library, const char *stem, uint32_t major, uint32_t *other);

/* Simulators, if there are any, are loaded before objects that may want their services. */
void road_sim_preload(const char *library_folder);
/* A model in an opened object, a chip's file: NOT_FOUND without a reason if the object has none. */
road_status road_sim_add_model(const char *library_folder, void *library, char *reason,
			       size_t bytes);
road_status road_sim_add_chip(const char *library_folder, const char *path, const char *text,
			      size_t text_bytes, char *reason, size_t bytes);

/* Is a chip's file sound? INVALID_ARGUMENT with what is wrong in it. */
road_status road_sim_check(const char *library_folder, const char *file, const char *text,
			   size_t text_bytes, road_sim_chip *out);

/* The bus to a vendor's library: a path, or a name that the loader looks for. NOT_FOUND with the
 * loader's words. */
road_status road_runtime_open(const char *library, struct road_bus **out);

extern const struct road_transport road_transport_sim, road_transport_sock;
extern const struct road_transport road_transport_pci, road_transport_accel, road_transport_drm,
	road_transport_node;
extern const struct road_decorator road_decorator_faulty, road_decorator_record,
	road_decorator_replay;

/* ---- simulated chips for other processes: serve*.c ---- */

struct road_server;

struct road_server_wish {
	const char *library_folder;
	const char *const *addresses;
	uint32_t address_count;
	const char *socket_path;  /* NULL: none */
	const char *ivshmem_path; /* NULL: none */
	uint64_t ivshmem_bytes;
	uint32_t clients_max;
	/* Somebody was let in, refused or thrown out; text says who and why. */
	void (*tell)(void *user, int level, const char *text);
	void *user;
	uint32_t functions; /* of each chip, for clients; 0: ROAD_SERVE_FUNCTIONS */
	/*
	 * Opens address number `index`, which has the option `functions` by now: a bus of
	 * road_transport_sim, which stays open until `close`. NULL, both: the bus is opened, and
	 * nobody boots the chip.
	 */
	road_status (*open)(void *user, uint32_t index, const char *address, struct road_bus **out);
	void (*close)(void *user, uint32_t index);
	/* Looks after what was opened: when it has interrupts, and each second. On the thread that
	 * runs the server. NULL: nobody. */
	void (*tend)(void *user);
};

enum { ROAD_SERVE_FUNCTIONS = 8, ROAD_SERVE_FUNCTIONS_MAX = 63 };

struct road_server_state {
	uint32_t clients, clients_peak;
	uint64_t accepted, refused, dropped; /* connections, in all */
	uint64_t maps, mapped_bytes;         /* of the clients' memory, now */
	uint64_t messages, posts;            /* in all */
	uint64_t tokens;                     /* that are valid now */
};

/* Opens the chips and listens; serves nobody before it is run. One thread at a time calls these,
 * but for road_server_stop and road_server_shut. */
road_status road_server_open(const struct road_server_wish *wish, struct road_server **out);
/* Serves until the deadline (ROAD_TIMEOUT) or until it is stopped (ROAD_OK). */
road_status road_server_run(struct road_server *server, uint64_t deadline_ns);
/* Any thread, and handlers of signals. */
void road_server_stop(struct road_server *server);
/* Nobody gets a chip any more, and is told that the server is ending. Likewise. */
void road_server_shut(struct road_server *server);
void road_server_state(const struct road_server *server, struct road_server_state *out);
/* The clients of chip number `index` see a lost device. In `tend`. */
void road_server_lose(struct road_server *server, uint32_t index, const char *why);
/* Clients see a lost device. */
void road_server_close(struct road_server *server);

/* Some device is gone: the core will look for it. Any thread, no lock held. */
void road_bus_gone(void);

/* The calling thread's virtual time in ps; a bus raises it by what its calls cost. */
uint64_t *road_thread_time(void);

#endif
