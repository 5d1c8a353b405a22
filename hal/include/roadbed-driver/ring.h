/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring helper: queues of packets in memory that the device reads, for ports whose chip takes
 * work that way. The port gives geometry as data and encodes commands; the helper owns space,
 * wrap, sequence numbers, back-pressure, argument blocks and lost devices.
 *
 *	host                                device
 *	encode() writes packets             |
 *	header published (release)          |
 *	doorbell(tail)  ------------------> reads packets up to tail
 *	completion word (acquire) <-------- sequence of the last completed submission
 *
 * Each submission is its commands' packets followed by one that stores the submission's sequence
 * to the completion word when all before it completed (encode_fence); or, for a device that reports
 * on each packet by a word of its own, its commands' packets alone. A port whose slot `native` says
 * yes gets a submission's waits and signals as WAIT_VALUE and WRITE_VALUE commands.
 */
#ifndef ROADBED_DRIVER_RING_H
#define ROADBED_DRIVER_RING_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_ring;

/* A place for arguments that stays until the submission completed. */
struct road_ring_arguments {
	void *host;
	road_iova iova;
};

/* What encode may use; pure in its inputs otherwise. */
struct road_ring_encoder {
	struct road_ring *ring;
	void *packets; /* zeroed room for `packet_room` packets, not yet visible to the device */
	uint32_t packet_room;
	bool ordered;    /* the first packet must wait for all earlier ones */
	bool concurrent; /* packets of one submission need no order among themselves */
	void *user;
	/* For a command that needs more than packet_room packets: 0 at first; what encode leaves
	 * here it finds again when it is called for the rest, until it leaves 0. */
	uint64_t resume;
	/* Where the first of the packets goes, in 0 .. geometry.packets - 1, a free slot; the next
	 * ones follow it and go on at 0. */
	uint32_t slot;
};

struct road_ring_geometry {
	uint32_t packet_bytes;        /* a power of two */
	uint32_t packets;             /* in the ring; powers of two are quicker */
	uint32_t packets_per_command; /* the most that encode writes for one */
	uint32_t argument_bytes;      /* of the argument area, shared by all submissions */
	uint32_t argument_align;
	uint32_t header_bytes; /* 2 or 4: stored last, at the packet's start; 0: tail publishes */
	uint16_t header_empty; /* header of a slot that is not published */
	/* Where packets and arguments lie. NULL: in host memory that the helper takes for DMA. Else
	 * in memory of the device: where the host sees it (a mapped region), and the address by
	 * which the device knows it. They stay the port's. */
	void *packets_host, *arguments_host;
	uint64_t packets_device, arguments_device;
	/* Completion by a word a packet: slot i's lies status_stride bytes after that of slot i -
	 * 1, the first at status_host, where the host sees it. The helper clears it, the device
	 * stores status_ok, or another value but 0 if the packet failed. NULL: by the completion
	 * word. */
	uint32_t *status_host;
	uint32_t status_stride; /* a multiple of 4 */
	uint32_t status_ok;     /* not 0 */
};

struct road_ring_ops {
	/* Writes the command's packets in order, returns how many; 0 for a command that needs none.
	 * Arguments are taken with road_ring_arguments; NULL from it: return -1 (full). A status
	 * below that refuses the command; the port recorded its detail. */
	int (*encode)(struct road_ring_encoder *encoder, const struct road_cmd *command);
	/* The packet that stores `sequence` to the completion word after all before it. One packet.
	 * Not called where completion is by a word a packet. */
	void (*encode_fence)(struct road_ring_encoder *encoder, uint64_t sequence);
	/* tail: packets written since the ring was opened. */
	void (*doorbell)(void *user, uint64_t tail);
	/* What a packet's word that is neither 0 nor status_ok means; the fault is zeroed before.
	 * The packet is still in its slot, but for what the device writes there. NULL: the text
	 * gives the number. */
	void (*decode_status)(void *user, uint32_t slot, uint32_t status, struct road_fault *out);
};

/* Allocates ring and argument area by DMA and the bookkeeping. completion: the word that fences
 * write, in memory that the device reaches; must stay until destroy, and syncing it is the port's.
 * NULL: a word of the helper's own, at road_ring_word, or none where each packet has a word. */
ROAD_API road_status road_ring_create(struct road_bus *bus,
				      const struct road_ring_geometry *geometry,
				      const struct road_ring_ops *ops, void *user, uint32_t depth,
				      const uint64_t *completion, struct road_ring **out);
ROAD_API void road_ring_destroy(struct road_ring *ring);
/* The ring, as the device knows it: a bus address, or geometry.packets_device. */
ROAD_API road_iova road_ring_iova(const struct road_ring *ring);

/* Where fences store to, if the word is the helper's. */
ROAD_API road_iova road_ring_word(const struct road_ring *ring);

/* NULL when the argument area is full. */
ROAD_API void *road_ring_arguments(struct road_ring_encoder *encoder, uint32_t bytes,
				   road_iova *iova);

/*
 * The slots of road_driver_ops that a ring port needs. submit: one thread at a time; the others:
 * any thread. ROAD_NOT_READY: packets, arguments or depth are used up for now, nothing changed;
 * ROAD_NO_SPACE: even the empty ring could not hold the submission.
 */
ROAD_API road_status road_ring_submit(struct road_ring *ring,
				      const struct road_drv_submission *submission);
/* The device stopped at packet number `packet` (since open): its submission and all behind it
 * failed. The first failure stays until road_ring_reset. fault may be NULL. Any thread. */
ROAD_API void road_ring_fail(struct road_ring *ring, uint64_t packet, road_status status,
			     const struct road_fault *fault);
/* For the driver's slot: what completed, and what failed: by road_ring_fail, or by what a packet's
 * word says of the first that did. A failure stays until road_ring_reset; the port sees to it that
 * the device stops. */
ROAD_API void road_ring_advance(struct road_ring *ring, struct road_drv_progress *out);
/* Sequence of the last completed submission. */
ROAD_API uint64_t road_ring_completed(struct road_ring *ring);
/* The sequence of the submission that packet number `packet` (since open) belongs to; for one of a
 * completed submission, the last completed; for one not yet written, the next. */
ROAD_API uint64_t road_ring_sequence_of(struct road_ring *ring, uint64_t packet);
/* Empties the ring; the device must have stopped. Packet numbers start at 0 again. */
ROAD_API void road_ring_reset(struct road_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
