/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the socket between `sock:` and its server: the messages of vfio-user (QEMU's
 * docs/interop/vfio-user.rst, version 0.1; a stream socket of the UNIX domain, all in the order of
 * bytes of the machine) and a few of ours with command numbers that vfio-user leaves free.
 *
 *	client                                     server
 *	VERSION {0, minor}                     ──▶
 *	                                       ◀── VERSION {0, 1}
 *	ROAD_HELLO {device}                    ──▶
 *	                                       ◀── identity; descriptors: page, alive
 *	DMA_MAP {address, size} + descriptor   ──▶ maps it: sealed memfds only
 *	REGION_READ, REGION_WRITE, …           ──▶
 *	posted writes into the page, a kick    ──▶
 *	                                       ◀── interrupts: bits in the page, and the
 *	                                           eventfds of SET_IRQS unless it attends
 *
 * The page is memory that both sides see (struct road_wire_page): a ring of posted register writes,
 * the chip's clock, interrupts. It is a way around the socket, not around the checks. A client that
 * speaks vfio-user alone does without it, and without every ROAD_ message.
 *
 * Either side takes the other for hostile: sizes and numbers are checked before they are used, and
 * words of the page are copied once.
 */
#ifndef HAL_BUS_SOCK_WIRE_H
#define HAL_BUS_SOCK_WIRE_H

#include <stdatomic.h>
#include <stdint.h>

enum {
	ROAD_WIRE_MAJOR = 0,
	ROAD_WIRE_MINOR = 1,
	ROAD_WIRE_ABI = 2,            /* of what is ours: struct road_wire_hello, _page, _door */
	ROAD_WIRE_MESSAGE_MAX = 8192, /* bytes, header included */
	ROAD_WIRE_DATA_MAX = 4096,    /* of one REGION_READ or REGION_WRITE */
	ROAD_WIRE_FDS_MAX = 64,       /* with one message */
	ROAD_WIRE_MAPS_MAX = 16384,   /* DMA_MAPs of a client at a time */
	ROAD_WIRE_VECTORS_MAX = 64,
	ROAD_WIRE_POSTS = 256,     /* places in the ring of posted writes */
	ROAD_WIRE_PAGE = 4096,     /* granule of DMA_MAP */
	ROAD_WIRE_TOKENS_MAX = 64, /* of a client, that are valid at a time */
};

enum road_wire_command {
	ROAD_WIRE_VERSION = 1,
	ROAD_WIRE_DMA_MAP = 2,
	ROAD_WIRE_DMA_UNMAP = 3,
	ROAD_WIRE_DEVICE_INFO = 4,
	ROAD_WIRE_REGION_INFO = 5,
	ROAD_WIRE_IRQ_INFO = 7,
	ROAD_WIRE_SET_IRQS = 8,
	ROAD_WIRE_REGION_READ = 9,
	ROAD_WIRE_REGION_WRITE = 10,
	ROAD_WIRE_DEVICE_RESET = 13,
	/* ours */
	ROAD_WIRE_ROAD_HELLO = 0x5201,
	ROAD_WIRE_ROAD_RELAX = 0x5202,
	ROAD_WIRE_ROAD_DOOR = 0x5203,
	ROAD_WIRE_ROAD_FIRMWARE = 0x5204,
	ROAD_WIRE_ROAD_TRACE = 0x5205,
	ROAD_WIRE_ROAD_KICK = 0x5206, /* the server is asleep, and something was posted */
	ROAD_WIRE_ROAD_SHARE = 0x5207,
	ROAD_WIRE_ROAD_OBTAIN = 0x5208,
	ROAD_WIRE_ROAD_REVOKE = 0x5209,
	ROAD_WIRE_ROAD_PIECE = 0x5210, /* where no descriptor crosses (ivshmem_wire.h) */
};

enum {
	ROAD_WIRE_TYPE_MASK = 0xf, /* of flags: 0 command, 1 reply */
	ROAD_WIRE_REPLY = 1,
	ROAD_WIRE_NO_REPLY = 1 << 4,
	ROAD_WIRE_ERROR = 1 << 5,
};

struct road_wire_header {
	uint16_t id, command;
	uint32_t bytes; /* of the message, header included */
	uint32_t flags;
	uint32_t error; /* an errno, in a reply with ROAD_WIRE_ERROR */
};

struct road_wire_version { /* JSON text follows, terminated; may be missing */
	uint16_t major, minor;
};

enum { ROAD_WIRE_DMA_READ = 1, ROAD_WIRE_DMA_WRITE = 2 }; /* by the device */
struct road_wire_dma_map {                                /* one descriptor; no reply payload */
	uint32_t argsz, flags;
	uint64_t offset, address, bytes;
};

struct road_wire_dma_unmap { /* the reply repeats it */
	uint32_t argsz, flags;
	uint64_t address, bytes;
};

enum { ROAD_WIRE_DEVICE_RESETS = 1, ROAD_WIRE_DEVICE_PCI = 2 };
struct road_wire_device_info {
	uint32_t argsz, flags, region_count, irq_count;
};

enum { ROAD_WIRE_REGIONS = 9, ROAD_WIRE_REGION_BARS = 6, ROAD_WIRE_REGION_CONFIG = 7 };
enum { ROAD_WIRE_CONFIG_BYTES = 256 };
enum {
	ROAD_WIRE_REGION_FLAG_READ = 1,
	ROAD_WIRE_REGION_FLAG_WRITE = 2,
	ROAD_WIRE_REGION_FLAG_MMAP = 4,
	ROAD_WIRE_REGION_FLAG_CAPS = 8,
};
struct road_wire_region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t bytes, offset;
};
enum { ROAD_WIRE_CAP_SPARSE = 1 };
struct road_wire_sparse { /* a capability: one area that may be mapped */
	uint16_t id, version;
	uint32_t next;
	uint32_t areas, reserved;
	uint64_t offset, bytes;
};

enum { ROAD_WIRE_IRQS = 5, ROAD_WIRE_IRQ_MSIX = 2 };
enum { ROAD_WIRE_IRQ_EVENTFD = 1 };
struct road_wire_irq_info {
	uint32_t argsz, flags, index, count;
};
enum {
	ROAD_WIRE_IRQ_SET_NONE = 1,
	ROAD_WIRE_IRQ_SET_EVENTFD = 4,
	ROAD_WIRE_IRQ_SET_TRIGGER = 32,
};
struct road_wire_irq_set { /* with ROAD_WIRE_IRQ_SET_EVENTFD `count` descriptors, or none */
	uint32_t argsz, flags, index, start, count;
};

struct road_wire_region_rw { /* data follows a write, and the reply to a read */
	uint64_t offset;
	uint32_t region, count;
};

/* ---- ours ---- */

struct road_wire_hello_ask {
	uint32_t abi;
	uint32_t device; /* which of the served chips, from 0 */
};
/* Which function of which chip it is. Texts are terminated. Descriptors of the reply: the page
 * (a sealed memfd of sizeof(struct road_wire_page)), and the end of a pipe that hangs up when the
 * server is gone, or wants no more of this client. */
struct road_wire_hello {
	uint32_t abi, device, function, irq_count;
	uint16_t vendor, product, subsystem_vendor, subsystem;
	uint32_t class_code, revision;
	uint32_t line_bytes; /* of caches that the chip does not look into; 0: coherent */
	uint32_t reserved;
	uint64_t dma_mask;
	uint64_t submit_ps, query_ps; /* what a submit and a query cost the host */
	char compatible[32];
	char name[64];
	char vendor_name[64];
};

/* Behind the header of an error that answers one of our own commands: why, each text terminated. */
struct road_wire_refusal {
	int32_t status; /* road_status */
	uint32_t reserved;
	char what[96], seen[64], allowed[64];
};

struct road_wire_piece { /* of the file of an answer; the reply has at most ROAD_WIRE_DATA_MAX */
	uint64_t offset;
};

struct road_wire_relax { /* until; the reply has the instant that was reached */
	uint64_t ns;
};

/* The back door of <roadbed/sim.h>. The reply is a road_wire_door_reply and, behind it, texts
 * (each terminated) or a structure as `what` says. */
enum road_wire_door_what {
	ROAD_WIRE_DOOR_COUNTER,    /* number; text: name */
	ROAD_WIRE_DOOR_LINE,       /* struct road_wire_line */
	ROAD_WIRE_DOOR_PARAMETER,  /* number: settable; texts: name, value, unit, source, kind */
	ROAD_WIRE_DOOR_SCENARIO,   /* texts: name, text */
	ROAD_WIRE_DOOR_VIOLATIONS, /* number */
	ROAD_WIRE_DOOR_VIOLATION,  /* text */
	ROAD_WIRE_DOOR_REPORT,     /* number: bytes in all; text: from `index` on */
	ROAD_WIRE_DOOR_INJECT,     /* index: poison; a: address. number: enum road_bus_inject */
	ROAD_WIRE_DOOR_PHASE_FAIL, /* index: region; a: phase; b: times */
	ROAD_WIRE_DOOR_BOOT_FAULT, /* index: fault; a: phase; b: times */
	ROAD_WIRE_DOOR_UNPLUG,     /* of this function alone */
	ROAD_WIRE_DOORS
};
struct road_wire_door {
	uint32_t what, index;
	uint64_t a, b;
};
struct road_wire_door_reply {
	uint32_t found, bytes; /* behind this */
	uint64_t number;
};
struct road_wire_line { /* road_sim_line without its size */
	uint32_t line, kernel, timed, reserved;
	uint64_t image, issues, lanes, spills;
	uint64_t stall_barrier, stall_memory, stall_dependence, stall_unit, stall_not_selected;
	uint64_t sectors, sectors_ideal, replays;
};

struct road_wire_firmware_ask { /* the reply's descriptor: the image, a sealed memfd */
	char component[64];
};
struct road_wire_firmware {
	uint32_t found, reserved;
	uint64_t bytes;
	uint8_t key[32];
};
/* The reply to ROAD_WIRE_ROAD_TRACE; descriptor: what was written, if error is 0. */
struct road_wire_trace {
	int32_t error; /* -1: no event log is kept; else an errno */
	uint32_t reserved;
};

/*
 * Tokens: 64 bytes by which a client of this server, whichever chip it has, gets memory of another
 * one. Who has the bytes may have the memory, if it is of the same user and, where the exporter
 * said so, of that process. A token is valid until the client that made it revokes it, or is gone.
 */
struct road_wire_token {
	uint64_t magic;  /* ROAD_BUS_TOKEN_MAGIC */
	uint64_t server; /* which one; no secret */
	uint64_t number; /* of the token, there */
	uint32_t kind, reserved;
	uint64_t secret[2]; /* 128 random bits */
	uint64_t reserved2[2];
};
struct road_wire_share {  /* one descriptor: a sealed memfd; the reply: the token */
	uint32_t kind;    /* enum road_bus_share */
	uint32_t process; /* that alone may have it; 0: any */
	uint64_t
		object; /* a number of the client's, for ROAD_REVOKE. The same token for the same */
	uint64_t bytes; /* of the memory, from its begin on */
};
struct road_wire_obtain {
	struct road_wire_token token;
	uint32_t kind, reserved; /* that is expected */
};
struct road_wire_obtained { /* the reply's descriptor: the memory */
	uint64_t bytes;
};
struct road_wire_revoke { /* all tokens of the object's; also if there is none */
	uint64_t object;
};

/* ---- the page ---- */

struct road_wire_post { /* width and region: the client's, checked like those of REGION_WRITE */
	uint64_t offset, value;
	uint32_t region, width;
	uint64_t reserved;
};

struct road_wire_page {
	/* the server's */
	_Atomic uint64_t now_ps;
	_Atomic uint64_t taken;  /* posts, in all */
	_Atomic uint32_t asleep; /* the server: who posts has to kick */
	uint32_t reserved;
	/* the client's */
	_Alignas(64) _Atomic uint64_t posted;
	_Atomic uint32_t attends; /* it looks at `irqs` all the time: no eventfd is written */
	uint32_t reserved_2;
	/* the server sets a vector's bit, before it looks at `attends`; the client takes it */
	_Alignas(64) _Atomic uint64_t irqs;
	_Alignas(64) struct road_wire_post posts[ROAD_WIRE_POSTS];
};

#define ROAD_WIRE_SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size), #type " has " #size " bytes")
ROAD_WIRE_SIZE(road_wire_header, 16);
ROAD_WIRE_SIZE(road_wire_version, 4);
ROAD_WIRE_SIZE(road_wire_dma_map, 32);
ROAD_WIRE_SIZE(road_wire_dma_unmap, 24);
ROAD_WIRE_SIZE(road_wire_device_info, 16);
ROAD_WIRE_SIZE(road_wire_region_info, 32);
ROAD_WIRE_SIZE(road_wire_sparse, 32);
ROAD_WIRE_SIZE(road_wire_irq_info, 16);
ROAD_WIRE_SIZE(road_wire_irq_set, 20);
ROAD_WIRE_SIZE(road_wire_region_rw, 16);
ROAD_WIRE_SIZE(road_wire_hello_ask, 8);
ROAD_WIRE_SIZE(road_wire_hello, 224);
ROAD_WIRE_SIZE(road_wire_refusal, 232);
ROAD_WIRE_SIZE(road_wire_piece, 8);
ROAD_WIRE_SIZE(road_wire_relax, 8);
ROAD_WIRE_SIZE(road_wire_door, 24);
ROAD_WIRE_SIZE(road_wire_door_reply, 16);
ROAD_WIRE_SIZE(road_wire_line, 112);
ROAD_WIRE_SIZE(road_wire_firmware_ask, 64);
ROAD_WIRE_SIZE(road_wire_firmware, 48);
ROAD_WIRE_SIZE(road_wire_trace, 8);
ROAD_WIRE_SIZE(road_wire_token, 64);
ROAD_WIRE_SIZE(road_wire_share, 24);
ROAD_WIRE_SIZE(road_wire_obtain, 72);
ROAD_WIRE_SIZE(road_wire_obtained, 8);
ROAD_WIRE_SIZE(road_wire_revoke, 8);
ROAD_WIRE_SIZE(road_wire_post, 32);
ROAD_WIRE_SIZE(road_wire_page, 192 + 32 * ROAD_WIRE_POSTS);

#endif
