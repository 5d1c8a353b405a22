/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fabric of one tile with its stream engines, cycle by cycle: uapi/rpu/fabric.h tells what it
 * does. It knows a scratchpad and nothing else of the chip; whoever owns it calls it for as many
 * cycles as may pass. All results depend on the configuration, the arguments and the scratchpad
 * alone, never on how the cycles are cut into calls, nor on the mode:
 *
 *	RPU_MODE_INTERPRETED	each element in each cycle: the reference
 *	RPU_MODE_COMPILED	lists of operations and moves for each step, made once for a
 *				configuration; while iterations begin and end it interprets
 *
 * A cycle: the stream engines take banks, the lowest number first; then the fabric advances, or
 * stalls.
 */
#ifndef SIMULATORS_RPU_FABRIC_FABRIC_H
#define SIMULATORS_RPU_FABRIC_FABRIC_H

#include "simulators/rpu/fabric/config.h"

enum rpu_fabric_mode { RPU_MODE_INTERPRETED, RPU_MODE_COMPILED };

/* The scratchpad, what else takes its banks, and memory that lies beyond it. */
struct rpu_window {
	uint32_t from, end;
};

struct rpu_fabric_memory {
	uint8_t *spm; /* params.spm_bytes; not read by others during a call */
	/*
	 * The banks that others have in this cycle of the launch (bit n: bank n); from *until on,
	 * which must be later than the cycle, it asks again. NULL: none, ever.
	 */
	uint32_t (*busy)(void *context, uint64_t cycle, uint64_t *until);
	/*
	 * Whether launches may read, or write, the scratchpad at this address; *out is the window
	 * of all that they may around it. If not, *out is the nearest one, or 0, 0. NULL: all of
	 * the scratchpad is one.
	 */
	bool (*window)(void *context, uint32_t address, bool write, struct rpu_window *out);
	/*
	 * Addresses from far_base on: where these bytes (1, 2 or 4, aligned) lie for the host, or
	 * NULL: no such address, or no right to it, which is a fault. NULL: there is none. Such
	 * accesses take no bank; the tile makes one in far_interval cycles. A stream's token comes
	 * far_latency cycles after its access; an element's load stalls the fabric for so long.
	 */
	uint8_t *(*far)(void *context, uint32_t address, uint32_t bytes, bool write);
	uint32_t far_base;                  /* a multiple of 8, spm_bytes or more */
	uint32_t far_latency, far_interval; /* >= 1 */
	void *context;
};

enum rpu_fabric_stall {
	RPU_STALL_EMPTY,    /* a stream's FIFO had no token */
	RPU_STALL_FULL,     /* a stream's FIFO had no room */
	RPU_STALL_BANK,     /* an element's access did not get its bank, or waits for far memory */
	RPU_STALL_OP,       /* step by step: waits for the slowest op */
	RPU_STALL_INJECTED, /* rpu_fabric_inject */
	RPU_STALLS
};

/* Of the present or last launch. cycles = fill + II * (iterations - 1) + drain + all stalls. */
struct rpu_fabric_counters {
	uint64_t cycles;
	uint64_t fill;  /* begin (step by step) and one iteration's length */
	uint64_t drain; /* after the last element's last cycle, until all is written */
	uint64_t stalls[RPU_STALLS];
	uint64_t stream_stalls[ROAD_RPU_STREAMS]; /* EMPTY and FULL, by the lowest stream in need */
	uint64_t first_stall_cycle;               /* of EMPTY or FULL, after the fill of FIFOs */
	uint32_t first_stall_stream;              /* ROAD_RPU_STREAMS: none */
	uint64_t element_ops;                     /* enabled ops; nop is none */
	uint64_t stream_accesses, element_accesses;
	uint64_t iterations; /* that are complete */
};

enum rpu_fabric_status {
	RPU_FABRIC_IDLE,    /* nothing launched */
	RPU_FABRIC_RUNNING, /* more to do */
	RPU_FABRIC_DONE,
	RPU_FABRIC_FAULT /* rpu_fabric_fault tells; the launch has ended */
};

enum rpu_fault_kind {
	RPU_FAULT_NONE,
	RPU_FAULT_ARGUMENTS, /* launch: the block's size; index: none. Or a value beyond 32 bits */
	RPU_FAULT_TOKENS, /* launch: stream index counts `seen` tokens, the fabric moves `allowed`
			   */
	RPU_FAULT_COUNT,  /* launch: stream index has a count of 0, or a stride that must be 0 */
	/* Of these `seen` is the address, `allowed` the bytes of the access, to which it is to be
	 * aligned. */
	RPU_FAULT_RANGE,     /* launch: stream index leaves the scratchpad, or its window, there */
	RPU_FAULT_ALIGNMENT, /* launch: stream index, by its base or a stride */
	RPU_FAULT_GATHER,    /* run: stream index, gathered or far: none such, or misaligned */
	RPU_FAULT_ACCESS,    /* run: element index, step: likewise */
	RPU_FAULT_STATE,     /* load: no state of this configuration */
	RPU_FAULTS
};

struct rpu_fabric_fault {
	enum rpu_fault_kind kind;
	uint32_t index, step;
	uint64_t seen, allowed;
	uint64_t cycle;
	struct rpu_window window; /* RANGE, GATHER, ACCESS: where it had to be, if in the scratchpad
				   */
};

const char *rpu_fault_text(enum rpu_fault_kind kind);

struct rpu_fabric;

/* NULL if params are not valid or memory is short. The scratchpad stays the caller's. */
struct rpu_fabric *rpu_fabric_create(const struct rpu_fabric_params *params,
				     const struct rpu_fabric_memory *memory,
				     enum rpu_fabric_mode mode);
void rpu_fabric_free(struct rpu_fabric *fabric);

/*
 * Makes this the configuration of following launches; NULL: none. It must outlive its being
 * active. All state of an earlier launch is wiped. False if memory is short; nothing changes then.
 */
bool rpu_fabric_activate(struct rpu_fabric *fabric, const struct rpu_config *config);
const struct rpu_config *rpu_fabric_active(const struct rpu_fabric *fabric);

/* Cycles that configuring elements for so many steps takes (step-by-step chips; else 0). */
uint64_t rpu_fabric_configure_cycles(const struct rpu_fabric_params *params, uint32_t interval);

/*
 * Begins a launch of the active configuration with this argument block, on tile `tile` of `tiles`.
 * RUNNING, DONE (no iterations) or FAULT.
 */
enum rpu_fabric_status rpu_fabric_launch(struct rpu_fabric *fabric, const void *arguments,
					 size_t bytes, uint32_t tile, uint32_t tiles);

/* Runs at most so many cycles. `passed` (may be NULL): how many did. */
enum rpu_fabric_status rpu_fabric_run(struct rpu_fabric *fabric, uint64_t cycles, uint64_t *passed);
enum rpu_fabric_status rpu_fabric_status(const struct rpu_fabric *fabric);
const struct rpu_fabric_counters *rpu_fabric_counters(const struct rpu_fabric *fabric);

/* How the compiled mode came to the present or last launch's end: no part of what is simulated. */
struct rpu_fabric_shortcuts {
	uint64_t batched; /* iterations whose data was computed by rows */
	uint64_t leapt;   /* of them, those whose time was not counted cycle by cycle */
};
const struct rpu_fabric_shortcuts *rpu_fabric_shortcuts(const struct rpu_fabric *fabric);
const struct rpu_fabric_fault *rpu_fabric_fault(const struct rpu_fabric *fabric);

/* Ends a launch where it stands; what is written stays written. */
void rpu_fabric_abort(struct rpu_fabric *fabric);

/*
 * From the next launch on, the fabric stalls at random in `fabric` of 1024 cycles, and each
 * stream's engine in `stream` of 1024; equal seeds stall equally. 0, 0: never.
 */
void rpu_fabric_inject(struct rpu_fabric *fabric, uint64_t seed, uint32_t of_fabric,
		       uint32_t of_stream);

/*
 * The state of a launch, at any cycle; the configuration is no part of it, arguments are. Loading
 * needs the same configuration to be active, on a fabric with the same scratchpad contents; bytes
 * are a stranger's and are checked. The mode may differ.
 */
size_t rpu_fabric_state_bytes(const struct rpu_fabric *fabric); /* with this configuration */
void rpu_fabric_save(const struct rpu_fabric *fabric, void *bytes);
enum rpu_fabric_status rpu_fabric_load(struct rpu_fabric *fabric, const void *bytes, size_t size);

/* What a register of an element holds; for tests and reports. source: SELF, R0.., or N..W for the
 * element's own link registers. */
uint32_t rpu_fabric_peek(const struct rpu_fabric *fabric, uint32_t element, uint32_t source);

#endif
