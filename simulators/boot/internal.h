/* SPDX-License-Identifier: Apache-2.0 */
/* The boot block's own state: inside this folder only. */
#ifndef SIMULATORS_BOOT_INTERNAL_H
#define SIMULATORS_BOOT_INTERNAL_H

#include "simulators/boot/boot.h"
#include "uapi/firmware/image.h"

#define SIM_BOOT_DUMP_TEXT 128u

struct boot_key {
	uint8_t key[SIM_BOOT_KEY_BYTES], hash[32];
};

/* What the ROM knows of an image that it accepted. */
struct boot_image {
	struct road_fw_version version;
	uint32_t counter;
	const uint8_t *payload; /* in the container's bytes */
	uint32_t payload_bytes;
};

struct boot_latch { /* registers that others take */
	uint64_t select, offer_bytes, dma_address, dma_bytes, nonce, dump_offset, program_select;
};

struct sim_boot {
	struct sim_boot_setup setup;
	struct boot_key keys[2];
	uint32_t key_count;

	/* What goes wrong in this boot, and in the next ones. */
	uint32_t fault, hang; /* hang: the phase */
	uint32_t next_fault, next_hang, next_times;
	bool still;

	/* Where it is: behind SEQUENCE. */
	uint32_t sequence, phase, component, code;
	uint64_t request, request_offset;
	uint32_t request_bytes; /* 0: it asks for nothing */
	struct road_boot_hello hello;

	uint64_t since_ps; /* since when it is in its phase */
	struct sim_event event;
	void (*next)(struct sim_boot *boot); /* what the event does */
	uint32_t function;                   /* that accesses registers now */

	/* The image under way, and what it is to be written to. */
	uint8_t *store, *image; /* NULL: there is none; it ends where the store ends */
	uint32_t store_bytes;   /* room for the largest component */
	uint64_t offered, complete;
	uint32_t got, pulled, pulled_by; /* bytes there; that a transfer brings; whose memory */
	uint64_t pulled_from;
	bool refused; /* there is no room: its bytes are thrown away */
	struct boot_image accepted;
	struct sim_program program; /* of the components so far */

	uint64_t run_ps, still_ps, entries; /* since when; entries taken before that */
	struct boot_latch latch;            /* of the function that accesses registers now */
	struct boot_latch *latches;
	uint8_t data[ROAD_BOOT_DATA_BYTES];
	struct road_boot_dump dump;
	char dump_text[SIM_BOOT_DUMP_TEXT];
	uint32_t dump_bytes;
};

/* rom.c */
void boot_power_on(struct sim_boot *boot); /* or reset */
bool boot_busy(const struct sim_boot *boot);
void boot_offer(struct sim_boot *boot, uint32_t component);
void boot_take_data(struct sim_boot *boot, uint32_t bytes);
void boot_answer(struct sim_boot *boot, uint32_t request);
void boot_complete(struct sim_boot *boot, uint64_t bytes);
void boot_protocol(struct sim_boot *boot, uint32_t protocol);
uint64_t boot_heartbeat(const struct sim_boot *boot);
void boot_crash(struct sim_boot *boot);       /* soon, from an event */
void boot_stand_still(struct sim_boot *boot); /* likewise */
/* Something was written out of turn. */
void boot_out_of_turn(struct sim_boot *boot, const char *what);

/* container.c */
/* Is it a sound container, signed by one of the keys, for this component? NONE: *out is filled. */
enum road_boot_code boot_check_image(const struct sim_boot *boot, const uint8_t *bytes,
				     uint32_t byte_count, struct boot_image *out);

/* crypto.c */
void boot_digest(const void *bytes, size_t byte_count, uint8_t out[32]);
void boot_key_hash(const uint8_t key[SIM_BOOT_KEY_BYTES], uint8_t out[32]);
bool boot_is_signed(const uint8_t digest[32], const uint8_t signature[64],
		    const uint8_t key[SIM_BOOT_KEY_BYTES]);

/* options.c */
extern const char *const boot_phase_names[ROAD_BOOT_PHASE_CRASHED + 1];
/* Can a chip of this style do that wrong? */
bool boot_fault_fits(uint32_t fault, uint32_t phase, enum sim_boot_style style);

/* Made when this is built (make_development.c). */
struct boot_development {
	const char *component;
	uint32_t family, bytes;
	const uint8_t *image;
};
extern const struct boot_development boot_development[];
extern const uint32_t boot_development_count;
extern const uint8_t boot_development_key[SIM_BOOT_KEY_BYTES];

#endif
