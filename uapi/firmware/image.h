/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container of firmware: an MCUboot image, as MCUboot's bootutil/image.h and its tool
 * imgtool write it (numbers and layout from there, MCUboot 2.1). Little-endian throughout.
 *
 *   header · padding up to header_bytes · payload · [protected TLVs] · TLVs
 *
 * The digest is SHA-256 over everything before the unprotected TLVs; the signature, Ed25519, is
 * over the 32 bytes of the digest. What of the format is accepted here: docs/firmware.md.
 */
#ifndef UAPI_FIRMWARE_IMAGE_H
#define UAPI_FIRMWARE_IMAGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_fw_version {
	uint8_t major, minor;
	uint16_t revision;
	uint32_t build;
};

struct road_fw_header {
	uint32_t magic;           /* ROAD_FW_MAGIC */
	uint32_t load_address;    /* 0 unless ROAD_FW_FLAG_ROM_FIXED */
	uint16_t header_bytes;    /* this structure and padding; the payload begins there */
	uint16_t protected_bytes; /* of the protected TLVs with their head; 0 = there are none */
	uint32_t payload_bytes;
	uint32_t flags; /* ROAD_FW_FLAG_* */
	struct road_fw_version version;
	uint32_t reserved; /* 0 */
};
#define ROAD_FW_MAGIC         0x96f3b83du
#define ROAD_FW_HEADER_BYTES  32u
#define ROAD_FW_HEADER_MAX    4096u
#define ROAD_FW_PAYLOAD_MAX   (16u << 20)
#define ROAD_FW_PROTECTED_MAX 4096u
#define ROAD_FW_TLVS_MAX      4096u

/* The flags that MCUboot knows. None but NON_BOOTABLE (a bundle) is accepted here. */
#define ROAD_FW_FLAG_PIC          0x01u
#define ROAD_FW_FLAG_AES128       0x04u
#define ROAD_FW_FLAG_AES256       0x08u
#define ROAD_FW_FLAG_NON_BOOTABLE 0x10u
#define ROAD_FW_FLAG_RAM_LOAD     0x20u
#define ROAD_FW_FLAG_ROM_FIXED    0x100u

/* An area of TLVs begins with this … */
struct road_fw_tlv_head {
	uint16_t magic;       /* ROAD_FW_TLVS_* */
	uint16_t total_bytes; /* this head included */
};
#define ROAD_FW_TLVS_PROTECTED 0x6908u
#define ROAD_FW_TLVS_OPEN      0x6907u

/* … and each of its entries with this. Entries have no padding. */
struct road_fw_tlv {
	uint16_t type; /* enum road_fw_tlv_type */
	uint16_t bytes;
};

enum road_fw_tlv_type {
	ROAD_FW_TLV_KEY_HASH = 0x01,   /* SHA-256 of the public key's DER (44 bytes, RFC 8410) */
	ROAD_FW_TLV_DIGEST = 0x10,     /* SHA-256 */
	ROAD_FW_TLV_SIGNATURE = 0x24,  /* Ed25519 of the digest, 64 bytes */
	ROAD_FW_TLV_ENCRYPTED = 0x30,  /* 0x30 … 0x33: a wrapped key; not accepted */
	ROAD_FW_TLV_DEPENDENCY = 0x40, /* protected: struct road_fw_dependency */
	ROAD_FW_TLV_COUNTER = 0x50,    /* protected: security counter, u32 */
	ROAD_FW_TLV_VENDOR = 0x74,     /* protected: UUID of who makes the chip, 16 bytes */
	ROAD_FW_TLV_CLASS = 0x75,      /* protected: UUID of the kind of chip, 16 bytes */
	ROAD_FW_TLV_OWN_FIRST = 0xa0,  /* low byte a0 … fe: for vendors' own use */
	ROAD_FW_TLV_OWN_LAST = 0xfe
};
/* Entries of Roadbed's own, in the vendors' range; protected. */
#define ROAD_FW_TLV_COMPONENT 0x52a0u /* name of the component: a-z 0-9 - _, 1 … 31 bytes */

struct road_fw_dependency {
	uint8_t image; /* number of the component in its bundle or chip */
	uint8_t reserved[3];
	struct road_fw_version at_least;
};

/* DER of an Ed25519 public key (RFC 8410): this, then the 32 bytes of the key. */
#define ROAD_FW_KEY_DER_PREFIX                                                         \
	{                                                                              \
		0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 \
	}
#define ROAD_FW_KEY_DER_BYTES 44u

#ifdef __cplusplus
}
#endif
#endif
