/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chip around the SMs: registers, address spaces, queues, command processor. Inside
 * model*.c, cp*.c, queue*.c, mmu*.c, images*.c and report*.c only.
 *
 * What belongs to a *function* of the chip (what one client holds) is in struct gpu_function;
 * what all functions share is in struct gpu_chip.
 *
 * Everything that comes from the client (ring, segment table, images, arguments) is read once into
 * memory of ours; the copy is checked, and the copy is used.
 */
#ifndef SIMULATORS_GPU_MODEL_H
#define SIMULATORS_GPU_MODEL_H

#include <roadbed-sim/model.h>
#include <roadbed-sim/registers.h>

#include "simulators/boot/boot.h"
#include "simulators/gpu/print.h"
#include "simulators/gpu/timing.h"
#include "simulators/gpu/warp.h"
#include "simulators/regions/unit.h"
#include "simulators/traits/traits.h"
#include "uapi/gpu/aql.h"
#include "uapi/gpu/profile.h"
#include "uapi/gpu/regs.h"
#include "uapi/gpu/space.h"

#define GPU_VECTORS    32u
#define GPU_PRIORITIES 4u
#define GPU_SLOTS_MAX  (1u << 20)   /* of a ring */
#define GPU_LOCAL_MAX  (512u << 10) /* bytes of local memory of a lane */
#define GPU_IN_FLIGHT  64u          /* packets of a queue that have started and not ended */
#define GPU_LAUNCHES   ROAD_GPU_TIMING_LAUNCHES /* on the chip at once */
#define GPU_PS_PER_S   UINT64_C(1000000000000)

struct gpu_chip;
struct gpu_function;
struct gpu_lines;
struct gpu_queue;
struct gpu_work;

/* A space's translation, as it was when SPACE_OPEN was written. Launches hold the one they
 * started with. */
struct gpu_table {
	struct gpu_table *next, **link; /* of the chip's */
	uint32_t refs;
	uint32_t system; /* ranges of host memory */
	struct road_gpu_ranges ranges;
	struct road_gpu_range range[];
};

struct gpu_image {
	struct gpu_image *next;
	uint32_t space;
	uint64_t address, bytes; /* of the space */
	struct road_gpu_module *module;
	uint64_t number;          /* of images that this chip loaded, from 0 */
	struct gpu_lines **lines; /* of each kernel that was launched; NULL: of none */
	uint32_t launches;        /* that run its code */
	bool unloading;           /* no new ones */
};

union gpu_packet {
	uint16_t header;
	struct road_gpu_dispatch dispatch;
	struct road_gpu_barrier barrier;
	struct road_gpu_vendor vendor;
	uint8_t bytes[ROAD_GPU_PACKET_BYTES];
	uint64_t words[ROAD_GPU_PACKET_BYTES / 8];
};

/* How a packet went. */
enum gpu_start {
	GPU_START_DONE,  /* it has taken effect */
	GPU_START_ASYNC, /* a struct gpu_work ends it */
	GPU_START_PARK,  /* holds its queue until its condition holds; asked again */
	GPU_START_FAULT, /* *why is filled in */
};

/* One row of the command processor's table: a packet type is data. */
struct gpu_packet_op {
	const char *name;
	enum gpu_start (*start)(struct gpu_queue *queue, const union gpu_packet *packet,
				struct road_gpu_queue_status *why);
	uint64_t used;    /* bytes of the packet that may be other than 0 */
	uint16_t flags;   /* ROAD_GPU_VENDOR_* flags that it knows */
	uint16_t flags_2; /* those that its version 1 lacks */
	uint64_t used_2;  /* likewise */
	bool rows;        /* has rows and slices */
	bool launch;      /* takes a place among the launches of the chip */
	bool signal;      /* `completion` is decremented at its end */
	bool retry;       /* held up on the chip itself: no word in host memory releases it */
};

enum gpu_queue_life { GPU_QUEUE_CLOSED, GPU_QUEUE_OPEN, GPU_QUEUE_STOPPED };

struct gpu_queue {
	struct gpu_function *function;
	uint32_t index;
	uint8_t life;  /* enum gpu_queue_life; stopped: on a fault */
	bool refused;  /* the last command was not valid */
	bool ready;    /* in the ready list */
	bool have;     /* a packet was fetched and has not started */
	bool parked;   /* that packet's condition did not hold */
	bool watching; /* and a word in host memory may release it */
	bool warm;     /* a launch started since the queue was last idle */
	uint32_t priority, space, slots, in_flight;
	uint64_t ring, status;
	uint64_t doorbell, fetched; /* packets, since it was opened */
	const struct gpu_packet_op *op;
	union gpu_packet packet;
	struct gpu_work *works;  /* in flight */
	struct gpu_work *hold;   /* one that nothing may overtake */
	struct region_want want; /* of the next dispatch */
	struct gpu_queue *next_ready, *next_parked;
	char lane[24]; /* in the event log */
};

/* A packet in flight. */
struct gpu_work {
	struct gpu_work *next, **link; /* of the queue; `next` also in the list of free ones */
	struct gpu_queue *queue;
	const struct gpu_packet_op *op;
	uint64_t number, completion, start_ps;
	struct sim_event event;
	struct gpu_table *table;
	void (*drop)(struct gpu_work *work); /* gives up what it holds besides the table */
	union {
		struct {
			struct gpu_image *image; /* loaded when the work ends */
		} load;
		struct {
			struct road_gpu_vendor packet;
			uint64_t row, done; /* rows moved; bytes of the present row */
			uint64_t chunk;     /* bytes that the running event moves */
			uint8_t *stage;     /* source read first; NULL: not needed */
			bool down;          /* from the last byte to the first */
			uint8_t paths;      /* what it loads: GPU_PATH_* */
		} copy;
		struct {
			struct gpu_image *image;
			const struct road_gpu_code *code;
			uint64_t kernel_object;
			struct road_gpu_launch_config config;
			struct road_gpu_launch *exec; /* functional mode */
			bool running;                 /* the back end has it */
			struct gpu_timed *timed;      /* timed mode: by whom it runs */
			bool entered;                 /* the region counts it */
			struct road_gpu_fault_info fault;
			struct road_gpu_statistics stats;
			uint64_t steps, begin_ps; /* later by as much time as it was suspended */
			bool suspended;           /* it runs, and stands still */
			bool waits;               /* and its event was to come at due_ps */
			uint64_t suspended_ps, due_ps;
			struct road_gpu_port port; /* functional mode: clocks */
			uint8_t *params;
			struct road_gpu_prints prints;
			struct road_gpu_timing_done done; /* timed mode */
		} launch;
	};
};

struct gpu_space {
	struct gpu_table *table;     /* NULL: closed */
	uint64_t print, print_bytes; /* ring of what kernels print; 0 bytes: none */
	uint64_t print_written, print_lost;
	uint64_t print_skipped; /* of those that were lost, behind the last record */
};

struct gpu_latch { /* registers that a command register latches */
	uint64_t queue, queue_space, queue_region, ring, slots, priority, status;
	uint64_t space, table, count, print, print_bytes;
};

/* Queues of one priority that have packets, and whose turn it is since when. */
struct gpu_ready {
	struct gpu_queue *head, *tail, *turn;
	uint64_t turn_ps;
};

struct gpu_function {
	struct gpu_chip *chip;
	uint32_t index;
	uint64_t base;     /* where its share of memory begins */
	bool dirty;        /* which may hold something since reset */
	uint32_t launches; /* places taken */
	struct gpu_ready ready[GPU_PRIORITIES];
	struct sim_interrupts interrupts;
	struct gpu_latch latch;
	struct gpu_queue *queues; /* params.queues */
	struct gpu_space *spaces; /* params.spaces */
	struct gpu_image *images;
};

struct gpu_counters {
	uint64_t packets, doorbells, interrupts, fences, signals;
	uint64_t copies, copied_bytes, filled_bytes, loads, loaded_bytes;
	uint64_t launches, workgroups;
	uint64_t warp_instructions, thread_instructions;
	uint64_t by_unit[ROAD_GPU_UNITS];
	uint64_t approximate, divides_by_zero, divergent_branches, barriers;
	uint64_t launch_ps; /* sum over launches */
	uint64_t faults[ROAD_GPU_FAULTS];
	uint64_t dropped; /* packets in flight when their queue stopped */
	uint64_t ecc_corrected, ecc_uncorrected;
};

/* What the report says of the last launches. */
#define GPU_LAUNCH_LOG 16u
struct gpu_launch_note {
	uint64_t begin_ps, end_ps, kernel_object;
	uint64_t warp_instructions, thread_instructions, workgroups;
	uint32_t occupancy_permille, achieved_permille, blocks_per_sm, warps_per_block;
	uint32_t limit; /* enum road_gpu_limit */
	uint32_t name;  /* offset in the image's strings */
	bool timed;     /* the five above are known */
};

enum { GPU_PATH_IN = 1, GPU_PATH_OUT = 2, GPU_PATH_MEMORY = 4, GPU_PATH_MEMORY_TWICE = 8 };

/* Runs launches. What ends calls road_gpu_launch_end() from its event. */
struct gpu_backend {
	bool (*create)(struct gpu_chip *chip);
	void (*destroy)(struct gpu_chip *chip);
	/* config is the work's; NONE, or why it cannot run. */
	enum road_gpu_fault (*begin)(struct gpu_work *work, uint64_t *detail);
	void (*cancel)(struct gpu_work *work);
	/* A launch that runs stands still until it is resumed, which all do that run beside it in
	 * its region; it may be cancelled meanwhile. NULL, both: nothing but its event moves it. */
	void (*suspend)(struct gpu_work *work);
	void (*resume)(struct gpu_work *work);
	bool costs_launch;                      /* begin() adds the cost of a launch itself */
	void (*clocked)(struct gpu_chip *chip); /* the clock is another one; nothing runs. NULL */
};
extern const struct gpu_backend road_gpu_backend_functional, road_gpu_backend_timed;

struct gpu_options {
	bool check_div, lines, poison, small_window;
	uint32_t poison_word;
	struct sim_boot_options boot;
	uint64_t watchdog;
};

struct gpu_chip {
	struct sim_env *env;
	enum sim_fidelity fidelity;
	struct road_gpu_params params;
	struct gpu_options options;
	uint64_t memory_bytes, share_bytes;
	uint8_t *memory; /* NULL: not touched yet */
	struct road_poison poison;
	struct gpu_table *tables; /* all that somebody holds */
	struct gpu_function *functions;
	uint32_t function_count;

	/* command processor */
	struct gpu_packet_op ops[ROAD_PROGRAM_OPCODES_MAX]; /* by opcode; start NULL: not enabled */
	uint64_t quantum_ps;                                /* 0: a turn is one packet */
	uint32_t built_khz;                                 /* the clock, at a level of 1000 */
	struct sim_event cp;
	uint32_t turn; /* of functions: whose queues are looked at first */
	struct gpu_queue *parked;
	struct gpu_work *free_works;
	struct sim_resource bus_in, bus_out, dram;
	uint64_t packet_ps;
	uint64_t origin_ps; /* when it was opened */
	uint32_t launches;  /* places taken */
	uint32_t grid_id;

	struct sim_traits traits;
	struct sim_boot *boot;            /* NULL: no boot ROM, and all that it can do is enabled */
	struct region_unit *unit;         /* NULL: it cannot be reconfigured */
	struct gpu_partition *partitions; /* of regions, by number */

	const struct gpu_backend *backend;
	struct gpu_timed **timed;   /* of regions, by number; NULL: functional mode */
	struct gpu_timed *standing; /* whose launches are suspended */
	/* Of regions that are gone; has_timed: anything was timed at all. */
	struct road_gpu_timing_counters timed_before;
	bool has_timed;

	struct gpu_counters counters;
	bool order_sensitive;
	uint32_t order_pc, order_line, order_kernel;
	struct gpu_launch_note notes[GPU_LAUNCH_LOG];
	uint64_t noted;
	struct gpu_lines *lines; /* of kernels, the one launched first before the others */
	uint32_t lines_kept;
};

/* traits.c: once the chip's clock is known */
void road_gpu_traits_make(struct gpu_chip *chip);

/* model.c */
uint8_t *road_gpu_chip_memory(struct gpu_chip *chip); /* NULL: none to be had */
uint64_t
road_gpu_chip_window(const struct gpu_chip *chip); /* bytes that region 2 shows of a share */
uint64_t road_gpu_cycles_ps(const struct gpu_chip *chip, uint64_t cycles); /* rounds up */
/* The physical function's is the chip's: all others are reset with it. */
void road_gpu_function_reset(struct gpu_function *function);
/* From now on the chip works by this program of its firmware; NULL: it can do everything, at its
 * full clock. Nothing runs. */
void road_gpu_obey(struct gpu_chip *chip, const struct sim_program *program);

/* firmware.c */
bool road_gpu_boot_make(struct gpu_chip *chip); /* false: no memory */
bool road_gpu_firmware(void *model, const char *component, struct sim_firmware *out);
enum sim_inject road_gpu_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
				    uint32_t times);

/* ecc.c: memory that could not be corrected */
enum sim_inject road_gpu_inject(void *model, uint32_t function, bool poison, uint64_t address);
/* Marks the ranges of a table that hold poisoned words, and only them. */
void road_gpu_table_mark(struct gpu_table *table);
/* An access of the command processor: a read of poison faults, a write heals. *where receives the
 * first poisoned byte's offset in memory. */
enum road_gpu_fault road_gpu_poison_touch(struct gpu_chip *chip, const uint8_t *host,
					  uint64_t bytes, bool write, uint64_t *where);

/* model_registers.c */
uint64_t road_gpu_register_read(struct gpu_function *function, uint64_t offset, uint32_t width);
void road_gpu_register_write(struct gpu_function *function, uint64_t offset, uint32_t width,
			     uint64_t value);
void road_gpu_interrupt(struct gpu_function *function, uint32_t vector);

/* mmu.c */
void road_gpu_space_open(struct gpu_function *function);  /* from the latch */
void road_gpu_space_close(struct gpu_function *function); /* likewise */
void road_gpu_space_drop(struct gpu_function *function, uint32_t space);
struct gpu_table *road_gpu_table_get(struct gpu_table *table); /* NULL is fine */
void road_gpu_table_put(struct gpu_table *table);
/* Host pointers of SYSTEM ranges, for this event. A range that is gone has none. */
void road_gpu_table_refresh(struct gpu_function *function, struct gpu_table *table);

/* Bytes [address, address + bytes), bytes >= 1, as the client names them. */
struct gpu_place {
	uint8_t *host; /* valid during this event */
	bool system;   /* host memory, over the bus */
};
enum road_gpu_fault road_gpu_place(struct gpu_function *function, const struct gpu_table *table,
				   bool bus, uint64_t address, uint64_t bytes, bool write,
				   struct gpu_place *out);
/* The chip's memory behind [address, address + bytes) of the function's share; NULL: that is not
 * all in the share. */
uint8_t *road_gpu_share(const struct gpu_function *function, uint64_t address, uint64_t bytes);

/* images.c */
enum gpu_start road_gpu_image_load(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				   struct road_gpu_queue_status *why);
enum gpu_start road_gpu_image_unload(struct gpu_queue *queue, const struct road_gpu_vendor *packet,
				     struct road_gpu_queue_status *why);
/* The image and kernel that a kernel object of this space names, or NULL. */
struct gpu_image *road_gpu_image_find(struct gpu_function *function, uint32_t space,
				      uint64_t kernel_object, const struct road_gpu_code **code);
/* Frees the images of one space, or all (UINT32_MAX); none of them may be running. */
void road_gpu_images_drop(struct gpu_function *function, uint32_t space);

/* queue.c */
enum road_gpu_queue_state road_gpu_queue_state(const struct gpu_queue *queue);
void road_gpu_queue_command(struct gpu_function *function, uint32_t command);
void road_gpu_queue_doorbell(struct gpu_function *function, uint32_t index, uint64_t value);
/* Stops the queue: drops its work, writes the record, interrupts. */
void road_gpu_queue_fault(struct gpu_queue *queue, uint64_t number,
			  const struct road_gpu_queue_status *why);
void road_gpu_queue_drop(struct gpu_queue *queue); /* all its work, at once */
void road_gpu_queue_close(struct gpu_queue *queue);
/* Takes the next packet out of the ring. False: it cannot be read. */
bool road_gpu_queue_fetch(struct gpu_queue *queue);
void road_gpu_queue_unpark(struct gpu_queue *queue);

/* cp.c */
void road_gpu_cp_run(void *chip); /* event */
void road_gpu_cp_kick(struct gpu_queue *queue);
void road_gpu_cp_kick_all(struct gpu_chip *chip);
void road_gpu_cp_retry(struct gpu_chip *chip); /* parked packets look again */
bool road_gpu_queue_runnable(const struct gpu_queue *queue);
/* May the function have no further launch now? */
bool road_gpu_launches_full(const struct gpu_function *function);
struct gpu_work *road_gpu_work_new(struct gpu_queue *queue, uint64_t completion);
void road_gpu_work_end(struct gpu_work *work); /* completed: the signal, then what waited for it */
void road_gpu_work_free(struct gpu_work *work);
/* Decrements a completion signal (address 0: none). */
enum road_gpu_fault road_gpu_signal(struct gpu_function *function, uint64_t address);
enum gpu_start road_gpu_fail(struct road_gpu_queue_status *why, enum road_gpu_fault fault,
			     uint64_t address, uint64_t detail);

/* regions.c */
/* Queues of all functions have numbers of their own at the unit. */
uint32_t road_gpu_region_queue(const struct gpu_queue *queue);
/* The region of a queue's work, by number; the whole chip is 0. */
uint32_t road_gpu_region_of(const struct gpu_queue *queue);
uint64_t road_gpu_region_generation(const struct gpu_chip *chip, uint32_t region);
/* The chip's, with what the region has to itself in place of all of it. */
void road_gpu_region_params(const struct gpu_chip *chip, uint32_t region,
			    struct road_gpu_params *out);
struct gpu_partition { /* how a region is set up */
	bool profiled;
	struct road_gpu_profile profile;
	struct sim_resource dram; /* what copies of a child take of its memory channels */
};
bool road_gpu_regions_make(struct gpu_chip *chip); /* false: no memory */
void road_gpu_regions_free(struct gpu_chip *chip);
enum sim_inject road_gpu_phase_fail(void *model, uint32_t function, uint32_t region, uint32_t phase,
				    uint32_t times);
/* From the latch; false: refused. */
bool road_gpu_region_open(struct gpu_queue *queue);
/* May a launch of the queue begin? DONE: it counts as running in its region. */
enum gpu_start road_gpu_region_enter(struct gpu_queue *queue, struct road_gpu_queue_status *why);
void road_gpu_region_leave(struct gpu_queue *queue);
/* Device memory as copies of the queue see it; *rate: bytes a second. */
struct sim_resource *road_gpu_region_dram(const struct gpu_queue *queue, uint64_t *rate);
/* Which SMs a launch has, and how many workgroups one of them takes; 0: none. */
uint32_t road_gpu_region_share(struct gpu_queue *queue, struct road_gpu_launch_config *config,
			       enum road_gpu_limit *limit);
enum gpu_start road_gpu_region_start(struct gpu_queue *queue, const union gpu_packet *packet,
				     struct road_gpu_queue_status *why);
enum gpu_start road_gpu_expect_start(struct gpu_queue *queue, const union gpu_packet *packet,
				     struct road_gpu_queue_status *why);

/* cp_packets.c */
/* Those of the program, or NULL: all. */
void road_gpu_packets_enable(struct gpu_chip *chip, const struct sim_program *program);
const struct gpu_packet_op *road_gpu_packet_find(const struct gpu_chip *chip,
						 const union gpu_packet *packet,
						 struct road_gpu_queue_status *why);

/* cp_copy.c */
enum gpu_start road_gpu_copy_start(struct gpu_queue *queue, const union gpu_packet *packet,
				   struct road_gpu_queue_status *why);
enum gpu_start road_gpu_fill_start(struct gpu_queue *queue, const union gpu_packet *packet,
				   struct road_gpu_queue_status *why);
/* When `bytes` have gone over these paths, all asked for now. */
uint64_t road_gpu_path_take(const struct gpu_queue *queue, uint8_t paths, uint64_t bytes);

/* cp_launch.c */
enum gpu_start road_gpu_dispatch_start(struct gpu_queue *queue, const union gpu_packet *packet,
				       struct road_gpu_queue_status *why);
/* The launch ended, by its fault if it has one; its statistics are those of the work. `done` is
 * what the timing model says, or NULL. The work is gone afterwards. */
void road_gpu_launch_end(struct gpu_work *work, const struct road_gpu_timing_done *done);

/* suspend.c: all launches of the function in the region */
void road_gpu_launches_suspend(struct gpu_chip *chip, uint32_t function, uint32_t region);
void road_gpu_launches_resume(struct gpu_chip *chip, uint32_t function, uint32_t region);

/* model_timed.c: sums over all regions that there are or were. False: nothing was timed. */
bool road_gpu_timed_counters(const struct gpu_chip *chip, struct road_gpu_timing_counters *out);

/* model_print.c */
void road_gpu_print_set(struct gpu_function *function); /* from the latch */
/* Hands what the launch printed so far to its space's ring. */
void road_gpu_print_deliver(struct gpu_work *work);

/* lines.c */
/* Where launches of this kernel of the image count; NULL: out of memory. */
struct road_gpu_word_counters *road_gpu_lines_words(struct gpu_chip *chip, struct gpu_image *image,
						    const struct road_gpu_code *code);
void road_gpu_lines_unload(struct gpu_image *image); /* keeps what was counted */
void road_gpu_lines_free(struct gpu_chip *chip);
bool road_gpu_line(void *model, uint32_t index, struct sim_line *out);

/* report.c */
bool road_gpu_counter(void *model, uint32_t index, struct sim_counter *out);
size_t road_gpu_report(void *model, char *out, size_t bytes);

/* scenarios.c */
extern const struct sim_scenario road_gpu_scenarios[];
bool road_gpu_scenario_apply(struct road_gpu_params *params, const char *name, char *error);

#endif
