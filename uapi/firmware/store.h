/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware store: two slots per component and, before them, what is known of them, twice.
 *
 *   0     struct road_fw_store_meta, copy 0
 *   4096  struct road_fw_store_meta, copy 1
 *   8192  slot 0, slot_bytes; then slot 1
 *
 * The copy with the larger sequence holds; a change is written over the other one, so that one
 * copy is whole whenever power goes. A copy counts if its digest fits. One that never was written
 * is all 0x00 or all 0xff. Little-endian throughout.
 */
#ifndef UAPI_FIRMWARE_STORE_H
#define UAPI_FIRMWARE_STORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_fw_store_slot {
	uint64_t bytes;     /* of the container in it; 0: none was put there */
	uint32_t confirmed; /* 1: it was confirmed once, and is a way back */
	uint32_t reserved;  /* 0 */
	uint8_t sha256[32]; /* of those bytes: what the metadata speak of, not what may stand there
			     */
};

struct road_fw_store_meta {
	uint32_t magic;   /* ROAD_FW_STORE_MAGIC */
	uint32_t version; /* ROAD_FW_STORE_VERSION; these two and the digest stay where they are */
	uint64_t sequence;
	uint64_t slot_bytes;
	uint32_t active;  /* 0, 1 or ROAD_FW_STORE_NONE */
	uint32_t pending; /* enum road_fw_store_pending */
	uint32_t tries;
	uint32_t confirmed; /* 0, 1 */
	uint32_t counter;
	uint32_t reserved; /* 0 */
	struct road_fw_store_slot slots[2];
	uint8_t spare[80];  /* 0 */
	uint8_t sha256[32]; /* of all before it */
};
#define ROAD_FW_STORE_MAGIC      0x53776652u /* "RfwS" */
#define ROAD_FW_STORE_VERSION    1u
#define ROAD_FW_STORE_META_BYTES 256u
#define ROAD_FW_STORE_COPY_BYTES 4096u /* from one copy to the next */
#define ROAD_FW_STORE_NONE       0xffffffffu

enum road_fw_store_pending {
	ROAD_FW_STORE_PENDING_NONE,
	ROAD_FW_STORE_PENDING_TEST,
	ROAD_FW_STORE_PENDING_PERMANENT,
	ROAD_FW_STORE_PENDING_REVERT
};

#ifdef __cplusplus
}
#endif
#endif
