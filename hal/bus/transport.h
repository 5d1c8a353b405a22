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

/* The core's and the back door's view of one opened bus; members may be NULL (unsupported). */
struct road_bus_control {
	const struct road_domain *domain; /* NULL: lives on host time */
	void (*costs)(struct road_bus *bus, uint64_t *submit_ps, uint64_t *query_ps);
	uint64_t (*irq_pending)(struct road_bus *bus); /* bits of vectors; no lock */
	void (*unplug)(struct road_bus *bus);
	bool (*counter)(struct road_bus *bus, uint32_t index, const char **name, uint64_t *value);
	bool (*line)(struct road_bus *bus, uint32_t index, road_sim_line *out);
	bool (*parameter)(struct road_bus *bus, uint32_t index, road_sim_parameter *out);
	bool (*scenario)(struct road_bus *bus, uint32_t index, const char **name,
			 const char **text);
	uint64_t (*violations)(struct road_bus *bus);
	bool (*violation)(struct road_bus *bus, uint32_t index, char *text, size_t bytes);
	size_t (*report)(struct road_bus *bus, char *out, size_t bytes);
	int (*trace)(struct road_bus *bus, int fd);
};

struct road_bus_text { /* a piece of an address; not terminated */
	const char *text;
	size_t bytes;
};

struct road_transport {
	const char *scheme; /* "sim" */
	/* Candidates of this transport by position; ROAD_NOT_FOUND ends. */
	road_status (*candidate)(const char *library_folder, uint32_t flags, uint32_t index,
				 road_candidate *out);
	/* Opens NAME[@N] with options (terminated, "" = none). address: the identity text. */
	road_status (*open)(const char *library_folder, const char *address, const char *rest,
			    const char *options, struct road_bus **out);
};

/* A bus around another one: `faulty(plan):…`. Owns `inner` when it succeeds. */
struct road_decorator {
	const char *name;
	road_status (*wrap)(struct road_bus_text argument, struct road_bus *inner,
			    struct road_bus **out);
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

extern const struct road_transport road_transport_sim;
extern const struct road_decorator road_decorator_faulty;

/* Some device is gone: the core will look for it. Any thread, no lock held. */
void road_bus_gone(void);

/* The calling thread's virtual time in ps; a bus raises it by what its calls cost. */
uint64_t *road_thread_time(void);

#endif
