/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back door to simulated devices, for tests and tools. Real devices answer ROAD_UNSUPPORTED.
 */
#ifndef ROADBED_SIM_H
#define ROADBED_SIM_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The process's virtual time in ns (devices) and this thread's own virtual time. Of a device whose
 * chip another process simulates both are that one's virtual time. */
ROAD_API road_status road_sim_time(road_device *device, uint64_t *domain_ns, uint64_t *thread_ns);

/* 1 while nothing outside the simulation (background threads, threaded callbacks, exported
 * descriptors, host stores to watched words) took part since the device was opened; 0 for a device
 * whose chip another process simulates. */
ROAD_API road_status road_sim_deterministic(road_device *device, uint32_t *out);

/* Counter `index`, from 0, of the device: dotted name with unit, and value. ROAD_NOT_FOUND ends the
 * list. text (static storage of the device) and value may be NULL. */
ROAD_API road_status road_sim_counter(road_device *device, uint32_t index, const char **name,
				      uint64_t *value);

/*
 * What a line of a kernel's source (PTX) cost on a GPGPU, summed over the launches that ended since
 * the device was opened. Over all lines of all kernels each member sums up to the counter that is
 * named with it, exactly; `lanes / issues` is the mean of active lanes.
 *
 * A stall is a cycle in which a resident warp issued nothing. It counts for the line of the
 * instruction that the warp issued next, with one cause: the first in the members' order that held.
 */
typedef struct road_sim_line {
	uint32_t size;
	uint32_t line;   /* from 1; 0: instructions that stand for no line */
	uint64_t image;  /* number of the image among those that this device loaded, from 0 */
	uint32_t kernel; /* number of the kernel in the image, in the order of its text, from 0 */
	uint32_t timed;  /* 0: the device models no time, and what comes behind `spills` is 0 */
	/* Warp instructions issued (gpu.timing.warp_instructions; if not timed
	 * gpu.warp_instructions), and of these the lanes that acted, neither branched away nor
	 * guarded off (gpu.timing.thread_instructions, gpu.thread_instructions). */
	uint64_t issues, lanes;
	uint64_t spills; /* of the issues, loads and stores that the compiler put in because
			    registers ran out */
	/* Warp-cycles (gpu.stall.*): */
	uint64_t stall_barrier;      /* at a barrier */
	uint64_t stall_memory;       /* for a load's data, or at a fence */
	uint64_t stall_dependence;   /* for another instruction's result, or behind a branch */
	uint64_t stall_unit;         /* for the unit that executes it, or room in its queues */
	uint64_t stall_not_selected; /* it could go, and another warp went */
	/* Sectors of 32 bytes asked for in device and host memory (gpu.memory.sectors), and how
	 * many the active lanes' bytes, each counted once, would fill (gpu.memory.sectors_ideal).
	 */
	uint64_t sectors, sectors_ideal;
	uint64_t replays; /* more passes over shared memory: bank conflicts (gpu.shared.replays) */
} road_sim_line;

/*
 * Line `index`, from 0, of those that the kernels launched so far have instructions for, whether
 * they ran or not: kernels in the order of their first launches, then lines in ascending order.
 * Launches that have not ended may be missing. ROAD_NOT_FOUND ends the list; it is empty unless the
 * device's address says lines=1, for counting takes time. Counters stay when the image goes (the
 * last 4096 kernels are kept). ROAD_INVALID_ARGUMENT: out is NULL or too short.
 */
ROAD_API road_status road_sim_line_get(road_device *device, uint32_t index, road_sim_line *out);

/* A parameter of the simulated chip. Texts live as long as the device is open. */
typedef struct road_sim_parameter {
	uint32_t size;
	uint32_t settable;  /* 1: a number that the device's address can set */
	const char *name;   /* as chip files and options of the address write it */
	const char *value;  /* a number or text, in `unit` */
	const char *unit;   /* "" = none */
	const char *source; /* where the value comes from */
	const char *kind;   /* "measured", "datasheet", "tuned" or "assumed" */
} road_sim_parameter;

/*
 * Parameter `index`, from 0, in the chip file's order. ROAD_NOT_FOUND ends the list. A settable one
 * takes the value that the device's address names (`sim:CHIP?NAME=VALUE`, in the parameter's unit)
 * and then counts as assumed. ROAD_INVALID_ARGUMENT: out is NULL or too short.
 */
ROAD_API road_status road_sim_parameter_get(road_device *device, uint32_t index,
					    road_sim_parameter *out);

/* A chip's file that is sound. */
typedef struct road_sim_chip {
	uint32_t size;
	uint32_t values, assumed; /* how many values it gives, and how many of these are assumed */
	uint32_t reserved;
	uint64_t memory_bytes; /* 0: it says nothing of it */
	char name[64];
	char family[32];
	char vendor[64];
	char product[64];
} road_sim_chip;

/*
 * Reads a chip's file as the simulators do (simulators/chips/README.md), and keeps nothing of it.
 * file: its name, for errors. ROAD_INVALID_ARGUMENT: the file is not sound; road_last_error() says
 * where (file and line), which key, the value seen and what is allowed. ROAD_NOT_FOUND: the
 * simulators cannot be loaded.
 */
ROAD_API road_status road_sim_chip_check(road_instance *instance, const char *file,
					 const void *bytes, size_t len, road_sim_chip *out);

/* What-if `index`, from 0: opened with `free=NAME`, the chip does without the cost that text
 * names, everything else unchanged. ROAD_NOT_FOUND ends the list. name and text may be NULL; what
 * they receive lives as long as the device is open. */
ROAD_API road_status road_sim_scenario(road_device *device, uint32_t index, const char **name,
				       const char **text);

/* Broken rules of the chip that its driver is guilty of: how many, and the text of number
 * `index` (at most 64 texts are kept). A correct driver has none. */
ROAD_API road_status road_sim_violations(road_device *device, uint64_t *count);
ROAD_API road_status road_sim_violation(road_device *device, uint32_t index, char *text,
					size_t bytes);

enum road_sim_error {
	/* The chip corrects it, and counts it: counter `….memory.ecc_corrected`. */
	ROAD_SIM_ECC_CORRECTABLE,
	/* Eight bytes are poisoned: a kernel or copy that reads one of them faults with
	 * ROAD_FAULT_ECC. Bytes that the device writes, whole or one by one, are sound again. What
	 * the host does through a mapping neither faults nor heals. At most 64 words at a time. */
	ROAD_SIM_ECC_UNCORRECTABLE
};
/*
 * An error in the device memory that this device address (road_buffer_address) names, now; error:
 * enum road_sim_error. ROAD_UNSUPPORTED: the chip has no error correction (property memory.ecc);
 * ROAD_NOT_FOUND: no device memory is mapped there; ROAD_NO_SPACE: too many poisoned words.
 */
ROAD_API road_status road_sim_error_inject(road_device *device, uint32_t error, uint64_t address);

/*
 * The next `times` commands that reconfigure region number `region` (road_region_info.index) and
 * come to this phase (enum road_reconfigure_phase, but NONE) fail there; 0: none any more. Replaces
 * what was asked for that region before. ROAD_UNSUPPORTED: the chip has no regions; ROAD_NOT_FOUND:
 * it has no such one.
 */
ROAD_API road_status road_sim_phase_fail(road_device *device, uint32_t region, uint32_t phase,
					 uint32_t times);

/* What a simulated boot ROM, or the firmware, does wrong. The names are values of the option
 * `boot` (sim:CHIP?boot=hang:auth), which holds for every boot. */
enum road_sim_boot_fault {
	ROAD_SIM_BOOT_HONEST,
	ROAD_SIM_BOOT_HANG,     /* "hang:PHASE": stays there for ever */
	ROAD_SIM_BOOT_REJECT,   /* "reject": refuses every image */
	ROAD_SIM_BOOT_SELFTEST, /* "selftest": the firmware's self-test fails */
	ROAD_SIM_BOOT_OFFSET,   /* "offset": asks for bytes behind the image (pull) */
	ROAD_SIM_BOOT_LENGTH,   /* "length": asks for more than is left there (pull) */
	ROAD_SIM_BOOT_ENDLESS,  /* "endless": asks for the same bytes again and again (pull) */
	ROAD_SIM_BOOT_EARLY,    /* "early": goes on before the whole image is there */
	ROAD_SIM_BOOT_PROTOCOL, /* "protocol": speaks none that the driver does */
	ROAD_SIM_BOOT_VERSION,  /* "version": says another one than the image's */
	ROAD_SIM_BOOT_CHIP,     /* "chip": says that it is another chip */
	/* Of firmware that runs, at once; `times` is ignored. */
	ROAD_SIM_BOOT_CRASH, /* it ends, and says so: every queue fails */
	ROAD_SIM_BOOT_STOP,  /* it stands still: no heartbeat, no work goes on */
	ROAD_SIM_BOOT_FAULTS
};
/*
 * The next `times` boots of the device (UINT32_MAX: all) go wrong like that, in place of what was
 * asked for before. phase: number of a boot phase (enum road_firmware_phase of
 * <roadbed-driver/firmware.h>), for HANG; else 0. ROAD_UNSUPPORTED: the chip boots no firmware, or
 * this cannot happen to it; ROAD_INVALID_ARGUMENT.
 */
ROAD_API road_status road_sim_boot_fault(road_device *device, uint32_t fault, uint32_t phase,
					 uint32_t times);

/*
 * Pulls the device out, as if it was unplugged: it is lost (ROAD_CHANGE_LOST and then
 * ROAD_CHANGE_REMOVED), and its address answers ROAD_DEVICE_LOST until it is plugged in again. Then
 * another device is there, whatever handles of the one before are still held.
 */
ROAD_API road_status road_sim_unplug(road_device *device);
/* Puts back what road_sim_unplug took from this instance (ROAD_CHANGE_ARRIVED). ROAD_NOT_FOUND:
 * nothing of this address is out. */
ROAD_API road_status road_sim_plug(road_instance *instance, const char *address);

/* A report of the device as one JSON object: cycles, counters, fidelity. Writes at most `bytes`
 * with the terminating 0; needed (may be NULL) receives what it takes. */
ROAD_API road_status road_sim_report(road_device *device, char *json, size_t bytes, size_t *needed);

/* Writes the event log of a device opened with time=trace, in Chrome's trace format. */
ROAD_API road_status road_sim_trace(road_device *device, int fd);

/*
 * Simulated chips for other processes. Each is divided into functions of equal shares of its
 * memory. The server has the physical function: it boots the chip's firmware, and restarts a chip
 * whose firmware crashed; the chip's clients have lost their devices then. Whoever opens
 * `sock:PATH` (or `sock:PATH#N`, chip number N of `addresses`) gets one of the others, with
 * registers and memory that nobody else sees; its work shares the chip's units with that of the
 * other functions, and its reset is its own. All chips share the server's virtual time. What a
 * client had is gone when it ends, however it ends; when the server ends, its clients have lost
 * their devices.
 *
 * A model that has one function only is built anew for each client instead.
 */
typedef struct road_sim_server road_sim_server;

typedef struct road_sim_server_options {
	uint32_t size;
	uint32_t address_count;       /* >= 1 */
	const char *const *addresses; /* sim:CHIP?options each */
	/* Where to listen. The file gets mode 600; its folder is made with mode 700, or must have
	 * it. An old socket whose server is gone is replaced. */
	const char *socket_path; /* NULL: for guests alone */
	uint32_t clients_max;    /* at a time; 0: 64; at most 256 */
	uint32_t functions;      /* of each chip, for a client each; 0: 8; at most 63 */
	/* Where a QEMU finds the first chip for its guest, by a device ivshmem-doorbell; chip
	 * number N is at this path with "#N" behind. As socket_path; NULL: nowhere. A program in
	 * the guest is a client as others are. */
	const char *ivshmem_path;
	/* Of the memory that both see, each: a power of 2 from 2^20 to 2^36; 0: 2^26. */
	uint64_t ivshmem_bytes;
} road_sim_server_options;

typedef struct road_sim_server_info {
	uint32_t size;
	uint32_t clients, clients_peak; /* now, and the most at a time */
	uint32_t reserved;
	uint64_t accepted, refused; /* connections, in all */
	uint64_t dropped;           /* of those accepted: thrown out, for what they sent */
	uint64_t maps;              /* pieces of the clients' memory that are mapped now */
	uint64_t mapped_bytes;
	uint64_t messages, posts; /* that came, in all; posts: register writes past the socket */
	uint64_t tokens;          /* of buffers and events, that are valid now */
} road_sim_server_info;

/*
 * Listens; nobody is served before the server is run. What clients did wrong is told through the
 * instance's message function, on the thread that runs the server. ROAD_UNSUPPORTED: an address is
 * of no simulated chip; ROAD_BUSY: another server listens there; ROAD_PERMISSION: others can look
 * into the socket's folder; ROAD_IO; ROAD_INVALID_ARGUMENT (also: two addresses of one name, the
 * option `functions` in one); what road_device_open answers for the addresses.
 */
ROAD_API road_status road_sim_server_create(road_instance *instance,
					    const road_sim_server_options *options,
					    road_sim_server **out);
/* Serves on this thread until road_sim_server_stop (ROAD_OK) or the deadline (ROAD_TIMEOUT; it may
 * be run again). One thread at a time. */
ROAD_API road_status road_sim_server_run(road_sim_server *server, uint64_t deadline);
/* Ends the run, or the next one before it begins. Any thread; also from a handler of a signal. */
ROAD_API road_status road_sim_server_stop(road_sim_server *server);
/* Lets nobody in any more, for good: whoever opens a chip is told that the server is ending
 * (ROAD_NOT_FOUND). Clients that are in are served as before. Any thread. */
ROAD_API road_status road_sim_server_shut(road_sim_server *server);
/* By the thread that runs the server, or while none does. ROAD_INVALID_ARGUMENT: out is NULL or too
 * short. */
ROAD_API road_status road_sim_server_info_get(road_sim_server *server, road_sim_server_info *out);
/* The device of chip number `index` that the server has itself, its physical function: for its
 * properties, telemetry and firmware. A reference, which keeps the chip, not its clients, beyond
 * the server's end. By the thread that runs the server, or while none does. ROAD_NOT_FOUND: there
 * are fewer chips; ROAD_UNSUPPORTED: the chip has one function only. */
ROAD_API road_status road_sim_server_device(road_sim_server *server, uint32_t index,
					    road_device **out);
/* Ends the server; no thread runs it. NULL does nothing. */
ROAD_API void road_sim_server_release(road_sim_server *server);

#ifdef __cplusplus
}
#endif
#endif
