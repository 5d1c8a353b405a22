/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door of libroadbed-sim: what hal/bus/sim.c calls. Times are virtual, in picoseconds.
 *
 * Every call may come from any thread; the engine's lock is taken inside, but for `post`, `now`
 * and `pending`, which take no lock. `when` is the calling thread's virtual time; calls that cost
 * time raise it.
 */
#ifndef SIMULATORS_ENGINE_ENTRY_H
#define SIMULATORS_ENGINE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roadbed-sim/inject.h>
#include <roadbed-sim/line.h>

#define SIM_ENTRY_VERSION 12u
#define SIM_ENTRY_SYMBOL  "roadbed_sim_entry"

struct sim_function; /* one function of an opened chip */

struct sim_chip_id {
	const char *name, *vendor, *product, *family, *compatible;
	uint16_t pci_vendor, pci_device;
	uint16_t pci_class;    /* class << 8 | subclass */
	uint64_t memory_bytes; /* 0: unknown */
	bool runnable;         /* there is a model of its family */
	const char *path;      /* of its file; "": built in */
};

struct sim_model_entry; /* <roadbed-sim/model.h> */
struct sim_firmware;    /* likewise */
struct sim_added {      /* a model from outside the tree */
	const char *family, *compatible;
};

/* The host's side of a function: how bus addresses become memory. Called under the engine's lock;
 * takes only its own. */
struct sim_host {
	void *(*translate)(void *host, uint64_t iova, uint64_t bytes, bool write);
	void *host;
};

struct sim_open {
	const char *chip; /* name; not terminated: chip_bytes long */
	size_t chip_bytes;
	const char *options; /* text after '?', terminated; "" = none */
	const char *address; /* identity text: seeds the randomness */
	struct sim_host host;
	char *error; /* 256 bytes: why it fails */
	/* NULL: a new chip, of which this is function 0, the physical one. Else a further function
	 * of the chip that this one is of, which stays open during the call; chip, options and
	 * address are ignored then. */
	struct sim_function *of;
};

enum sim_open_result {
	SIM_OPEN_OK,
	SIM_OPEN_NO_CHIP,    /* of that name */
	SIM_OPEN_NO_MODEL,   /* of its family */
	SIM_OPEN_BAD_OPTION, /* or the model's own reason */
	SIM_OPEN_NO_MEMORY,
	SIM_OPEN_NO_FUNCTION /* `of`: all of the chip's are in use */
};

struct sim_slice {
	bool ran;      /* events ran */
	bool irq;      /* interrupts are to be taken */
	bool more;     /* events are due before `until` */
	bool watching; /* a parked packet waits for a word in host memory */
};

struct sim_costs {
	uint64_t read_ps, submit_ps, query_ps;
};

struct sim_parameter {
	const char *name, *value, *unit, *source, *kind; /* live as long as the function */
	bool settable;                                   /* by an option of its name */
};

struct sim_chip_check {        /* of a chip's file */
	struct sim_chip_id id; /* its texts live as long as `chip` */
	void *chip;            /* for check_done; NULL: the file is not sound, see below */
	unsigned values, assumed;
	unsigned line; /* 0: the file as a whole */
	char key[96], seen[96], allowed[160], message[640];
};

struct sim_entry {
	uint32_t version;
	/* The chips that can be simulated, by position; false ends. */
	bool (*chip)(uint32_t index, struct sim_chip_id *out);
	enum sim_open_result (*open)(const struct sim_open *open, struct sim_function **out);
	/* A function's work and the bytes of its share of memory are gone at once; the chip goes
	 * with the last of its functions. Closing function 0 resets all the others (see reset). */
	void (*close)(struct sim_function *function);
	bool (*identify)(struct sim_function *function, struct sim_chip_id *out);
	void (*costs)(struct sim_function *function, struct sim_costs *out);
	/* The highest bus address that the function can produce. */
	uint64_t (*dma_mask)(struct sim_function *function);
	/* Bytes of a line of the host's caches, which the chip does not look into; 0: it does. */
	uint32_t (*line_bytes)(struct sim_function *function);
	/* Memory is the function's share, from 0, as it is in the two below. */
	void (*region)(struct sim_function *function, uint32_t region, uint64_t *bytes,
		       bool *memory);
	void *(*region_map)(struct sim_function *function, uint32_t region, uint64_t offset,
			    uint64_t bytes);
	/* The sealed memory behind what region_map would give, which holds nothing of another
	 * function; false: there is none. */
	bool (*region_fd)(struct sim_function *function, uint32_t region, uint64_t offset,
			  uint64_t bytes, int *fd, uint64_t *fd_offset);
	/* Costs read_ps; the domain runs up to then first. Pushes the function's posted writes
	 * before it, as a read on a real bus does. */
	uint64_t (*read)(struct sim_function *function, uint32_t region, uint64_t offset,
			 uint32_t width, uint64_t *when);
	/* A posted write: goes to the domain's inbox, stamped max(when, now), and runs nothing. */
	void (*post)(struct sim_function *function, uint32_t region, uint64_t offset,
		     uint32_t width, uint64_t value, uint64_t when);
	uint32_t (*irq_count)(struct sim_function *function);
	/* Takes one pending vector of the function; false: none. */
	bool (*irq_take)(struct sim_function *function, uint32_t vector);
	/* Bits of pending vectors below 64; no lock. */
	uint64_t (*irq_pending)(struct sim_function *function);
	/* Lets time pass to the next event, at the latest to `until`, interrupts or not; returns
	 * the new time. For drivers that await a register. UINT64_MAX with no event to come: a
	 * microsecond passes. */
	uint64_t (*relax)(uint64_t until_ps);
	/* Runs events up to `until`, `budget` of them at most; a slice ends at an interrupt. */
	void (*run)(uint64_t until_ps, uint32_t budget, struct sim_slice *out);
	uint64_t (*now)(void);
	/* Is there an event, or a posted write, to run? No lock. */
	bool (*pending)(void);
	/* Host words may have changed: parked packets look again. */
	void (*poke)(void);
	/* Returns once no model is at work, so that memory whose translation was removed before is
	 * no longer looked at. */
	void (*fence)(void);
	/* Calls fn(arg) while no model is at work. fn takes no lock and calls nothing of this. */
	void (*quietly)(void (*fn)(void *arg), void *arg);
	/* To its state after power-on; posted writes on their way are dropped. Of a chip with
	 * several functions: the bytes of its share are gone too, and with function 0 all are
	 * reset. */
	void (*reset)(struct sim_function *function);
	/* The function is gone for good: it reads all ones, and touches nothing any more. */
	void (*unplug)(struct sim_function *function);
	/* An error of the chip's memory; poison: one that cannot be corrected. */
	enum sim_inject (*inject)(struct sim_function *function, bool poison, uint64_t address);
	/* The region's next reconfigurations that come to this phase fail there. */
	enum sim_inject (*phase_fail)(struct sim_function *function, uint32_t region,
				      uint32_t phase, uint32_t times);
	/* The image for a component of the firmware; false: the host has to find one. */
	bool (*firmware)(struct sim_function *function, const char *component,
			 struct sim_firmware *out);
	/* Boots of firmware go wrong, or what runs does, now. */
	enum sim_inject (*boot_fault)(struct sim_function *function, uint32_t fault, uint32_t phase,
				      uint32_t times);
	bool (*counter)(struct sim_function *function, uint32_t index, const char **name,
			uint64_t *value);
	/* What a line of a kernel's source cost; false ends. */
	bool (*line)(struct sim_function *function, uint32_t index, struct sim_line *out);
	/* Parameters of the chip, and what could be free (option free=NAME): false ends. */
	bool (*parameter)(struct sim_function *function, uint32_t index, struct sim_parameter *out);
	bool (*scenario)(struct sim_function *function, uint32_t index, const char **name,
			 const char **text);
	uint64_t (*violations)(struct sim_function *function);
	bool (*violation)(struct sim_function *function, uint32_t index, char *text, size_t bytes);
	/* JSON members of the whole report; needed bytes like snprintf. */
	size_t (*report)(struct sim_function *function, char *out, size_t bytes);
	/* Writes the event log as Chrome trace; -1: not opened with time=trace, else an errno. */
	int (*trace)(struct sim_function *function, int fd);
	/* A model, and a chip's file, from outside the tree; both stay for the life of the process.
	 * false: error (256 bytes) says why. */
	bool (*add_model)(const struct sim_model_entry *model, struct sim_added *out, char *error);
	bool (*add_chip)(const char *path, const char *bytes, size_t len, struct sim_chip_id *out,
			 char *error);
	/* Reads a chip's file, and keeps nothing behind check_done. */
	void (*check_chip)(const char *path, const char *bytes, size_t len,
			   struct sim_chip_check *out);
	void (*check_done)(struct sim_chip_check *check);
};

/* The library's one exported function. */
const struct sim_entry *roadbed_sim_entry(uint32_t version);

#endif
