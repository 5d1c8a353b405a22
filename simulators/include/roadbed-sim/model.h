/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chip's model implements, and the services that the engine gives it (libroadbed-sim.so).
 * Models of this tree and models from outside use this header alike; one from outside is a shared
 * object in a folder that ROADBED_DRIVERS names, and ends with
 *
 *	ROAD_SIM_ENTRY(model, family)
 *
 * Its chips are files NAME.yaml in the same folder. An object may hold a driver as well
 * (ROAD_DRIVER_ENTRY in <roadbed-driver/driver.h>).
 *
 * A model is pure C: no threads, no files, no host clock, no globals that change. It is called
 * with the engine's lock held, one call at a time in the whole process, and never calls out but
 * through `struct sim_env`. All it knows of the host is a bus: DMA and interrupts of the function
 * of the chip (`function`, from 0) that a client holds.
 *
 * Virtual time is in picoseconds since the domain began.
 */
#ifndef ROADBED_SIM_MODEL_H
#define ROADBED_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roadbed-sim/base.h>
#include <roadbed-sim/chip.h>
#include <roadbed-sim/inject.h>
#include <roadbed-sim/line.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Version of this interface. A model of another major is refused. A newer minor only appends: to
 * the end of structures, never within one, and never to one that others embed or keep in arrays
 * (struct sim_event, struct sim_resource, struct sim_option, struct road_chip_key).
 */
#define ROAD_SIM_ABI_MAJOR 1
#define ROAD_SIM_ABI_MINOR 5
#define ROAD_SIM_ABI       ((uint32_t)ROAD_SIM_ABI_MAJOR << 16 | ROAD_SIM_ABI_MINOR)

#define SIM_ERROR_BYTES 256 /* of the texts that say why create fails */

#define SIM_PS_PER_NS UINT64_C(1000)
#define SIM_NEVER     UINT64_MAX

enum sim_fidelity { SIM_FUNCTIONAL, SIM_APPROX, SIM_TRACE };

struct sim_env; /* one per opened chip: the engine's side */

/* An event of a model: embedded in the model's state, zeroed before first use. */
struct sim_event {
	void (*run)(void *arg);
	void *arg;
	uint64_t time_ps;
	uint64_t order;  /* the engine's: ties run in the order of scheduling */
	uint32_t slot;   /* the engine's: place in the queue + 1; 0 = not scheduled */
	bool background; /* keeps no engine awake: heartbeats, samplers */
	struct sim_env *env;
};

/* A port or memory that serves one thing at a time. */
struct sim_resource {
	uint64_t busy_until_ps;
	uint64_t busy_ps; /* in all */
	uint64_t uses;
};

ROAD_SIM_API uint64_t sim_now(const struct sim_env *env);
/* Runs event->run(event->arg) at time_ps (now, if that is past). Moves it if it is scheduled. */
ROAD_SIM_API void sim_schedule(struct sim_env *env, struct sim_event *event, uint64_t time_ps);
ROAD_SIM_API void sim_cancel(struct sim_env *env, struct sim_event *event);

/* The model's view of bus addresses of one function. All or nothing; false: not mapped, or not
 * with this right. Aligned accesses of 1, 2, 4, 8 bytes are single loads (acquire) and stores
 * (release). */
ROAD_SIM_API bool sim_dma_read(struct sim_env *env, uint32_t function, uint64_t iova, void *out,
			       size_t bytes);
ROAD_SIM_API bool sim_dma_write(struct sim_env *env, uint32_t function, uint64_t iova,
				const void *in, size_t bytes);
/* The host's view of a range, for bulk work; NULL if it is not mapped in one piece. Valid until
 * the model returns to the engine. */
ROAD_SIM_API void *sim_dma_window(struct sim_env *env, uint32_t function, uint64_t iova,
				  size_t bytes, bool write);

/* Raises (and ends the engine's slice, so that the host sees it at this instant). */
ROAD_SIM_API void sim_irq_raise(struct sim_env *env, uint32_t function, uint32_t vector);
/* For a chip that has no interrupt: stored a word that the host looks for (and ends the engine's
 * slice, so that the host sees it at this instant). */
ROAD_SIM_API void sim_host_looks(struct sim_env *env);

/* Takes the resource from `from_ps` (or when it is free) for `duration_ps`; returns the end. */
ROAD_SIM_API uint64_t sim_resource_take(struct sim_resource *resource, uint64_t from_ps,
					uint64_t duration_ps);

/* Seeded by the chip's option `seed` and its address; the same in every run. */
ROAD_SIM_API uint64_t sim_random(struct sim_env *env);

/* The driver broke a rule of the chip: recorded, rate-limited, and the test fails. */
ROAD_SIM_API void sim_violation(struct sim_env *env, uint32_t function, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Something was approximated or assumed for this result: counted by name (static storage). */
ROAD_SIM_API void sim_approximate(struct sim_env *env, const char *name, uint64_t count);
/* Is the chip's parameter of this name no more than an assumption, by its file or the address's
 * options? A name that it does not have is one, too. Since 1.4. */
ROAD_SIM_API bool sim_assumed(const struct sim_env *env, const char *parameter);

/* A span of the event log; names in static storage or the model's memory. lane: row in the
 * picture. Does nothing unless fidelity is SIM_TRACE. */
ROAD_SIM_API void sim_trace_span(struct sim_env *env, const char *lane, const char *name,
				 uint64_t from_ps, uint64_t to_ps);

/* An arrow of the event log: what happened on `lane` at from_ps let `to_lane` go on at to_ps. */
ROAD_SIM_API void sim_trace_arrow(struct sim_env *env, const char *lane, const char *to_lane,
				  const char *name, uint64_t from_ps, uint64_t to_ps);

/* Words in host memory that a parked packet waits for: polled when the host writes or rings, and
 * every 100 us of host time while someone waits with nothing else to run. See time.md. */
ROAD_SIM_API void sim_watch_begin(struct sim_env *env);
ROAD_SIM_API void sim_watch_end(struct sim_env *env);

/* Memory of a chip: sparse, zero, created at the first touch. The pointer covers all of it and
 * costs what is touched. NULL: no address space left. */
ROAD_SIM_API void *sim_memory_create(struct sim_env *env, uint64_t bytes);
/* Gives the pages back; they read zero again. */
ROAD_SIM_API void sim_memory_discard(struct sim_env *env, uint64_t offset, uint64_t bytes);
/* Zeroes `bytes` of this memory from `at` on, without touching pages that are given back; false: it
 * is other memory, or so little that to write zeros is faster. Since 1.5. */
ROAD_SIM_API bool sim_memory_zero(struct sim_env *env, void *at, uint64_t bytes);

/*
 * Calls fn(arg, index) for each index below `count`, on as many threads as the chip's option
 * `threads` allows (1 unless given), in no order, and returns when all are done. No two calls may
 * touch the same memory unless both only read it, so that the number of threads changes nothing;
 * of the services they may use sim_now() and sim_dma_read().
 */
ROAD_SIM_API void sim_parallel(struct sim_env *env, uint32_t count,
			       void (*fn)(void *arg, uint32_t index), void *arg);

struct sim_option {
	const char *key, *value; /* terminated */
};
/* A whole decimal or 0x number within [min, max]; false with the reason in error, as create has
 * it. */
ROAD_SIM_API bool sim_option_u64(const struct sim_option *option, uint64_t min, uint64_t max,
				 uint64_t *out, char *error);

struct sim_model_create {
	struct sim_env *env;
	enum sim_fidelity fidelity;
	uint64_t seed;
	const struct sim_option *options; /* the family's own; unknown ones are refused */
	uint32_t option_count;
	char *error; /* SIM_ERROR_BYTES for why create fails; left empty: for want of memory */
	/* The structure of the family's table, filled from the chip's file and the address's
	 * options; like the chip's name it stays until destroy. */
	const void *params;
	const char *chip;
	uint64_t memory_bytes; /* of the chip's identity */
	/* Clients that the chip can have at once (option `functions`): 1, unless many_functions.
	 * Number 0 is the physical function, which firmware and the chip's reset belong to. Since
	 * 1.5. */
	uint32_t functions;
	/* Memory of each function, with one function memory_bytes: function f's begins at byte
	 * f * share_bytes of what sim_memory_create gives. A function's addresses of memory begin
	 * at 0: the model checks each against share_bytes, and adds where the share begins. Since
	 * 1.5. */
	uint64_t share_bytes;
};

struct sim_region {
	uint64_t bytes;
	bool memory; /* device memory that may be mapped directly */
};

struct sim_counter {
	const char *name; /* dotted, with unit where it has one */
	uint64_t value;
};

/* Something that the family can make free of cost (option free=NAME), to see what it costs. */
struct sim_scenario {
	const char *name; /* NULL ends */
	const char *text; /* what is free then */
};

/* What a chip with a boot ROM is booted with unless the host has something else. Of static storage,
 * or the model's. */
struct sim_firmware {
	const void *image; /* a signed container */
	size_t image_bytes;
	const uint8_t *key; /* 32 bytes: the public key that verifies it */
};

/* Those with "NULL" may be missing. */
struct sim_model_ops {
	/* ROAD_SIM_ABI. A model that needs no more than an older minor may say that minor: then
	 * older libraries take it, too, if the tails that they do not know are zero. */
	uint32_t abi;
	const char *family;     /* of chip files: "gpu" */
	const char *compatible; /* what drivers match: "roadbed,gpgpu" */
	/* Returns the model, or NULL with the reason in create->error; "": no host memory. */
	void *(*create)(const struct sim_model_create *create);
	void (*destroy)(void *model);
	/* Region `index`; bytes 0 = none. */
	void (*region)(void *model, uint32_t index, struct sim_region *out);
	uint64_t (*reg_read)(void *model, uint32_t function, uint32_t region, uint64_t offset,
			     uint32_t width);
	void (*reg_write)(void *model, uint32_t function, uint32_t region, uint64_t offset,
			  uint32_t width, uint64_t value);
	/* A mapped piece of a memory region; NULL = cannot, as without the function. */
	void *(*region_map)(void *model, uint32_t function, uint32_t region, uint64_t offset,
			    uint64_t bytes);
	/* The highest bus address that it can produce; NULL: any. */
	uint64_t (*dma_mask)(void *model);
	uint32_t (*irq_count)(void *model);
	/* The function returns to its state after power-on, and no other one notices. With several
	 * functions its share of memory reads zero from then on (the engine sees to that); before
	 * function 0 all others are reset. */
	void (*reset)(void *model, uint32_t function);
	/* Looks again at words that parked packets wait for. NULL: none ever waits. */
	void (*poke)(void *model);
	/* Counter by position; false ends. NULL: counts nothing. */
	bool (*counter)(void *model, uint32_t index, struct sim_counter *out);
	/* What a line of a kernel's source cost, by position; false ends. NULL: counts none. */
	bool (*line)(void *model, uint32_t index, struct sim_line *out);
	/* The family's part of the report: members of a JSON object, without braces, ending without
	 * comma ("\"occupancy\": {…}"); returns bytes needed like snprintf. NULL: none. */
	size_t (*report)(void *model, char *out, size_t bytes);
	const struct sim_scenario *scenarios; /* NULL: none */
	/* An error in the memory at this address of one of the function's spaces; poison: one that
	 * cannot be corrected. NULL: the family has no such errors. Since 1.1. */
	enum sim_inject (*inject)(void *model, uint32_t function, bool poison, uint64_t address);
	/* The next `times` reconfigurations of the region that come to this phase (numbers of
	 * <roadbed/region.h>) fail there; SIM_INJECT_NOWHERE: no such region. NULL: the family has
	 * no regions. Since 1.2. */
	enum sim_inject (*phase_fail)(void *model, uint32_t function, uint32_t region,
				      uint32_t phase, uint32_t times);
	/* The image for a component of the firmware; false: the host has to find one. NULL: the
	 * family boots none. Since 1.3. */
	bool (*firmware)(void *model, const char *component, struct sim_firmware *out);
	/* Boots go wrong, or what runs does, now: numbers of <roadbed/sim.h>. NULL: the family
	 * boots no firmware. Since 1.3. */
	enum sim_inject (*boot_fault)(void *model, uint32_t function, uint32_t fault,
				      uint32_t phase, uint32_t times);
	/* It takes any number of functions that the option `functions` asks for, and keeps apart
	 * what they do. False: its chips have one. Since 1.5. */
	bool many_functions;
};

/* ---- a model from outside the tree ---- */

/* What the macro below makes known: the tables as the model was built with them, so that another
 * version of the library reads no further than they go. */
struct sim_model_entry {
	uint32_t size; /* of this structure */
	uint32_t ops_bytes, family_bytes, key_bytes;
	const struct sim_model_ops *ops;
	const struct road_chip_family *family;
};
typedef const struct sim_model_entry *(*sim_model_entry_fn)(void);

/* road_sim_entry_1: another major has another name. */
#define ROAD_SIM_ENTRY_PASTE2(major) road_sim_entry_##major
#define ROAD_SIM_ENTRY_PASTE(major)  ROAD_SIM_ENTRY_PASTE2(major)
#define ROAD_SIM_ENTRY_NAME          ROAD_SIM_ENTRY_PASTE(ROAD_SIM_ABI_MAJOR)

/* Once in a shared object: offers the model (struct sim_model_ops) and the table of its chips'
 * parameters (struct road_chip_family); both of static storage. No semicolon follows. */
#define ROAD_SIM_ENTRY(model, parameters)                                                      \
	ROAD_SIM_LINKAGE ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void); \
	ROAD_SIM_LINKAGE ROAD_SIM_API const struct sim_model_entry *ROAD_SIM_ENTRY_NAME(void)  \
	{                                                                                      \
		static const struct sim_model_entry entry = {                                  \
			sizeof(struct sim_model_entry),                                        \
			sizeof(struct sim_model_ops),                                          \
			sizeof(struct road_chip_family),                                       \
			sizeof(struct road_chip_key),                                          \
			&(model),                                                              \
			&(parameters),                                                         \
		};                                                                             \
		return &entry;                                                                 \
	}

#ifdef __cplusplus
}
#endif
#endif
