/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconfiguration unit of Roadbed's simulated chips: regions, slots, configuration images, and
 * what queues ask of them. The GPGPU, the DSA and the RPU have the same unit; what an image holds
 * behind its header, and what a unit of a region is (slices, cores, tiles), is each chip's own.
 *
 * Region 0, the root, is the whole chip. A layout gives it children, which no further one splits;
 * work runs in regions without children. The chip's scheduler keeps the order that <what a ring
 * entry asks for> demands: it drains a region, switches, lets its queues go on.
 */
#ifndef UAPI_REGION_H
#define UAPI_REGION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- images ---- */

/*
 * A configuration image: this header, claims, relocations, the payload, without gaps; each part
 * begins at a multiple of 8 bytes, padding is zero. The chip checks all of it on a copy of its own
 * before it takes a slot.
 */
struct road_config_header {
	uint32_t magic;   /* ROAD_CONFIG_MAGIC */
	uint16_t version; /* ROAD_CONFIG_VERSION */
	uint16_t kind;    /* enum road_config_kind */
	uint32_t total_bytes;
	uint32_t crc;    /* CRC-32C (Castagnoli, reflected, ~0 before and after) over all bytes with
			  * this field and what loading relocates as zero */
	uint64_t fabric; /* id of the regions that take it: the unit's FABRIC64 */
	uint16_t units;  /* it needs at least this many; >= 1 */
	uint16_t claim_count;
	uint32_t relocation_count;
	uint32_t payload_bytes;
	uint32_t reserved; /* 0 */
	uint8_t name[64];  /* terminated, then zero */
};
#define ROAD_CONFIG_MAGIC           0x46434252u /* "RBCF" */
#define ROAD_CONFIG_VERSION         1u
#define ROAD_CONFIG_MAX             (1u << 20)
#define ROAD_CONFIG_CLAIMS_MAX      16u
#define ROAD_CONFIG_RELOCATIONS_MAX 4096u

enum road_config_kind {
	ROAD_CONFIG_FABRIC = 1, /* RPU: elements, streams, constants (uapi/rpu/config.h) */
	ROAD_CONFIG_PROFILE,    /* GPGPU: how a partition is set up */
	ROAD_CONFIG_MICROCODE,  /* DSA: operator table, vector/cube split */
	ROAD_CONFIG_ENGINE      /* RPU: a kernel of a fixed engine; regions take none */
};

/* A window that the image may touch; it gets no other. Claims of a kind do not overlap. */
struct road_config_claim {
	uint32_t kind;  /* enum road_config_claim_kind */
	uint32_t flags; /* ROAD_CONFIG_CLAIM_* */
	uint64_t offset, bytes;
};
enum road_config_claim_kind {
	ROAD_CLAIM_SCRATCH = 1, /* bytes of each unit's scratchpad */
	ROAD_CLAIM_MEMORY       /* device memory through the space's addresses: offset, bytes 0 */
};
#define ROAD_CONFIG_CLAIM_READ  0x1u
#define ROAD_CONFIG_CLAIM_WRITE 0x2u

/* A 32-bit field of the payload that loading fills in: it is 0 in the canonical image. */
struct road_config_relocation {
	uint32_t offset; /* in the payload, a multiple of 4, ascending */
	uint16_t kind;   /* enum road_config_relocation_kind */
	uint16_t index;  /* of the claim */
};
enum road_config_relocation_kind {
	ROAD_RELOCATE_UNIT = 1, /* the region's first unit */
	ROAD_RELOCATE_CLAIM     /* where the claim begins */
};

/* ---- what a queue asks for ---- */

enum road_region_verb { /* numbers as in <roadbed/region.h> */
			ROAD_REGION_VERB_LOAD,
			ROAD_REGION_VERB_PREFETCH,
			ROAD_REGION_VERB_PIN,
			ROAD_REGION_VERB_UNPIN,
			ROAD_REGION_VERB_EVICT,
			ROAD_REGION_VERB_ACTIVATE,
			ROAD_REGION_VERB_SWAP,
			ROAD_REGION_VERB_RESTORE,
			ROAD_REGION_VERB_READ_BACK,
			ROAD_REGION_VERB_ROLLBACK,
			ROAD_REGION_VERB_RESET,
			ROAD_REGION_VERBS
};

/*
 * A ring entry carries the bus address of one of these; the unit reads it when the queue comes to
 * the entry. Numbers of drain, on_failure, target and phase are those of <roadbed/region.h>, in its
 * order. 128 bytes, 64-byte aligned.
 */
struct road_region_op {
	uint32_t verb;                            /* enum road_region_verb */
	uint16_t region, slot;                    /* slot: ROAD_REGION_SLOT_ANY */
	uint8_t drain, on_failure, target, flags; /* flags: ROAD_REGION_OP_* */
	uint32_t image_bytes;
	uint64_t generation; /* of the region; another one: ROAD_REGION_ERROR_STALE */
	uint64_t config;     /* id; 0: none */
	uint64_t image;      /* address of the image in device memory (physical) */
	uint64_t deadline_ns;
	uint64_t buffer; /* address in the queue's space */
	uint64_t buffer_bytes;
	uint64_t report; /* bus address of a struct road_region_report, zero before */
	uint64_t reserved[7];
};
#define ROAD_REGION_SLOT_ANY       0xffffu
#define ROAD_REGION_OP_LOSE_MEMORY 0x1u

/* What it did; `done` is stored last. 128 bytes. */
struct road_region_report {
	uint32_t done;  /* 1 */
	uint32_t error; /* enum road_region_error */
	uint32_t phase;
	uint32_t flags;     /* ROAD_RESULT_* */
	uint32_t slot;      /* ROAD_REGION_SLOT_ANY: none */
	uint32_t detail;    /* IMAGE, INCOMPATIBLE: enum road_config_error; BUSY: enum
			     * road_region_busy */
	uint64_t detail_at; /* byte of the image (IMAGE, INCOMPATIBLE), of the saved state
			     * (with ROAD_CONFIG_BAD_STATE), of the op (OP, STALE, ADDRESS,
			     * UNSUPPORTED: the field); BUSY: the slot */
	uint64_t active;
	uint64_t bytes;
	uint64_t began_ns, ended_ns, drained_ns, loaded_ns;
	uint64_t seen, allowed; /* what was found there, and what would have been right */
	uint32_t rule;          /* enum road_region_rule: how; NONE: neither is told */
	uint32_t reserved0;
	uint64_t reserved[3];
};

enum road_region_rule { /* `seen` had to be ... `allowed` */
			ROAD_REGION_RULE_NONE,
			ROAD_REGION_RULE_EQUAL,
			ROAD_REGION_RULE_AT_LEAST,
			ROAD_REGION_RULE_AT_MOST,
			ROAD_REGION_RULE_MULTIPLE, /* of */
			ROAD_REGION_RULE_BITS,     /* no others than */
			ROAD_REGION_RULE_RESIDENT, /* a resident configuration's id */
			ROAD_REGION_RULES
};
enum road_region_busy {
	ROAD_REGION_BUSY_SLOTS, /* none can be taken; detail_at: the wish */
	ROAD_REGION_BUSY_SLOT,  /* this one is active, pinned, or held */
	ROAD_REGION_BUSY_WORK,  /* seen: launches that run */
	ROAD_REGION_BUSY_MEMORY /* that the switch would lose is live */
};

enum road_region_error {
	ROAD_REGION_ERROR_NONE,
	ROAD_REGION_ERROR_OP,    /* malformed; detail_at: byte offset of the field */
	ROAD_REGION_ERROR_STALE, /* no such region, or another generation */
	ROAD_REGION_ERROR_NOT_RESIDENT,
	ROAD_REGION_ERROR_BUSY,         /* active, pinned, running, no slot to take, live memory */
	ROAD_REGION_ERROR_IMAGE,        /* detail: enum road_config_error; detail_at: byte */
	ROAD_REGION_ERROR_INCOMPATIBLE, /* fabric, units, claims beyond the region */
	ROAD_REGION_ERROR_TIMEOUT,
	ROAD_REGION_ERROR_ADDRESS, /* image or buffer cannot be read or written */
	ROAD_REGION_ERROR_UNSUPPORTED,
	ROAD_REGION_ERROR_MISMATCH, /* launch: another configuration is active */
	ROAD_REGION_ERROR_QUARANTINED,
	ROAD_REGION_ERROR_HARDWARE,  /* the phase failed: what fault injection makes */
	ROAD_REGION_ERROR_NONE_SUCH, /* ROLLBACK to what there is not */
	ROAD_REGION_ERRORS
};

enum road_config_error {
	ROAD_CONFIG_OK,
	ROAD_CONFIG_BAD_HEADER,
	ROAD_CONFIG_BAD_CRC,
	ROAD_CONFIG_BAD_CLAIM,
	ROAD_CONFIG_BAD_RELOCATION,
	ROAD_CONFIG_BAD_PAYLOAD, /* as the class says */
	ROAD_CONFIG_BAD_STATE    /* of RESTORE: what its buffer holds */
};

/* ---- registers ---- */

/*
 * A window of ROAD_REGION_REGS_BYTES in a function's registers, at an offset of the chip's own.
 * 32-bit, those with 64 in the name 64-bit. SELECT and SLOT_SELECT choose whose values the ones
 * behind them show; a value that is none shows ~0 in STATE.
 */
enum road_region_reg {
	ROAD_REGION_REG_ID = 0x00,       /* ROAD_REGION_ID */
	ROAD_REGION_REG_FEATURES = 0x04, /* ROAD_REGION_* of <roadbed/region.h>, of the unit */
	ROAD_REGION_REG_UNITS = 0x08,    /* of the chip */
	ROAD_REGION_REG_SLOTS = 0x0c,    /* of each region */
	ROAD_REGION_REG_SLOT_BYTES = 0x10,
	ROAD_REGION_REG_ALIGNMENT = 0x14, /* of children, in units */
	ROAD_REGION_REG_UNITS_MIN = 0x18,
	ROAD_REGION_REG_REGIONS = 0x1c, /* numbers in use are below this */
	ROAD_REGION_REG_FABRIC64 = 0x20,
	ROAD_REGION_REG_LOAD_PS64 = 0x28, /* costs, ps */
	ROAD_REGION_REG_LOAD_PS_PER_KIB64 = 0x30,
	ROAD_REGION_REG_SWITCH_PS64 = 0x38,
	ROAD_REGION_REG_DRAIN_PS64 = 0x40,
	ROAD_REGION_REG_READ_BACK_PS_PER_KIB64 = 0x48,
	ROAD_REGION_REG_LAYOUT_PS64 = 0x50,
	ROAD_REGION_REG_QUALITY = 0x58, /* enum road_cost_quality */
	/* What each unit brings to a child of a layout; 0: children share it, or unknown. */
	ROAD_REGION_REG_UNIT_MEMORY64 = 0x60,      /* bytes, where the layout names none */
	ROAD_REGION_REG_UNIT_CACHE64 = 0x68,       /* bytes of what lies between it and memory */
	ROAD_REGION_REG_UNIT_MEMORY_RATE64 = 0x70, /* bytes a second */
	ROAD_REGION_REG_STATE_BYTES64 = 0x78,      /* that SWAP writes at the most; 0: none */

	ROAD_REGION_REG_SELECT = 0x80,
	ROAD_REGION_REG_STATE = 0x84, /* enum road_region_state; ~0: no such region */
	ROAD_REGION_REG_FIRST_UNIT = 0x88,
	ROAD_REGION_REG_UNIT_COUNT = 0x8c,
	ROAD_REGION_REG_PARENT = 0x90,  /* its own number: the root */
	ROAD_REGION_REG_RUNNING = 0x94, /* launches that run in it */
	ROAD_REGION_REG_GENERATION64 = 0x98,
	ROAD_REGION_REG_MEMORY64 = 0xa0, /* bytes; 0: shared */
	ROAD_REGION_REG_ACTIVE64 = 0xa8, /* config ids */
	ROAD_REGION_REG_PREVIOUS64 = 0xb0,
	ROAD_REGION_REG_SAFE64 = 0xb8,    /* writable: must be resident, is pinned; 0: none */
	ROAD_REGION_REG_COMMAND = 0xc0,   /* write enum road_region_command */
	ROAD_REGION_REG_RESULT = 0xc4,    /* of SAFE64 and COMMAND: enum road_region_error */
	ROAD_REGION_REG_CONFIG64 = 0xc8,  /* of COMMAND_EVICT */
	ROAD_REGION_REG_COUNTER64 = 0xd0, /* + 8 * enum road_region_counter */

	/* Of those what the region has to itself, or the root as a whole; 0 likewise. */
	ROAD_REGION_REG_CACHE64 = 0x128,
	ROAD_REGION_REG_MEMORY_RATE64 = 0x130,

	ROAD_REGION_REG_SLOT_SELECT = 0x140,
	ROAD_REGION_REG_SLOT_STATE = 0x144, /* enum road_slot_state of <roadbed/region.h> */
	ROAD_REGION_REG_SLOT_PINNED = 0x148,
	ROAD_REGION_REG_SLOT_CONFIG64 = 0x150,

	/* Layout of the selected region; write the fields, then LAYOUT_COMMAND. */
	ROAD_REGION_REG_LAYOUT_TABLE64 = 0x180, /* bus address of struct road_region_share */
	ROAD_REGION_REG_LAYOUT_COUNT = 0x188,
	ROAD_REGION_REG_LAYOUT_COMMAND = 0x18c, /* enum road_layout_command */
	ROAD_REGION_REG_LAYOUT_RESULT = 0x190,  /* enum road_layout_error */
	ROAD_REGION_REG_LAYOUT_PART = 0x194,    /* that is wrong */
	ROAD_REGION_REG_LAYOUT_DRAIN64 = 0x198  /* bit mask of present children that change */
};
#define ROAD_REGION_REGS_BYTES 0x200u
#define ROAD_REGION_ID         0x47455252u /* "RREG" */
#define ROAD_REGION_PARTS      16u
#define ROAD_REGION_NUMBERS    33u /* the root, and twice the children: old and new ones */

enum road_region_state {
	ROAD_REGION_STATE_IDLE,
	ROAD_REGION_STATE_RUNNING,
	ROAD_REGION_STATE_DRAINING,
	ROAD_REGION_STATE_SWITCHING,
	ROAD_REGION_STATE_QUARANTINED,
	ROAD_REGION_STATE_SPLIT /* it has children */
};
enum road_region_command {
	ROAD_REGION_COMMAND_RELEASE = 1, /* ends a quarantine; wiped, no image */
	ROAD_REGION_COMMAND_EVICT,       /* CONFIG64, if nothing uses it: else BUSY */
};
enum road_region_counter {
	ROAD_REGION_COUNT_LOADS,
	ROAD_REGION_COUNT_LOAD_BYTES,
	ROAD_REGION_COUNT_HITS,
	ROAD_REGION_COUNT_MISSES,
	ROAD_REGION_COUNT_EVICTIONS,
	ROAD_REGION_COUNT_SWITCHES,
	ROAD_REGION_COUNT_PREEMPTIONS,
	ROAD_REGION_COUNT_ROLLBACKS,
	ROAD_REGION_COUNT_FAULTS,
	ROAD_REGION_COUNT_IDLE_PS, /* units idle for a configuration */
	ROAD_REGION_COUNT_LOADING_PS,
	ROAD_REGION_COUNTERS
};

struct road_region_share {
	uint32_t first_unit, units; /* of the region that is split */
	uint64_t memory_bytes;      /* 0: as its share of units */
};
enum road_layout_command {
	ROAD_LAYOUT_COMMAND_CHECK = 1,
	ROAD_LAYOUT_COMMAND_APPLY,
	ROAD_LAYOUT_COMMAND_COMMIT,
	ROAD_LAYOUT_COMMAND_REVERT
};
enum road_layout_error {
	ROAD_LAYOUT_OK,
	ROAD_LAYOUT_ERROR_TABLE,   /* cannot be read, or too long */
	ROAD_LAYOUT_ERROR_OVERLAP, /* or not ascending */
	ROAD_LAYOUT_ERROR_ALIGNMENT,
	ROAD_LAYOUT_ERROR_MIN,
	ROAD_LAYOUT_ERROR_UNITS, /* beyond the region's */
	ROAD_LAYOUT_ERROR_MEMORY,
	ROAD_LAYOUT_ERROR_BUSY,    /* queues of children that change are open */
	ROAD_LAYOUT_ERROR_NONE,    /* COMMIT, REVERT: nothing was applied */
	ROAD_LAYOUT_ERROR_PENDING, /* one was applied and neither committed nor reverted */
	ROAD_LAYOUT_ERROR_UNSUPPORTED,
	ROAD_LAYOUT_ERRORS
};

#ifdef __cplusplus
}
#endif
#endif
