/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware: containers, keys, search, and two slots with a way back. libroadbed-firmware; no
 * device is needed for any of it.
 *
 * The way of an image: road_firmware_find reads a file (or the caller has the bytes),
 * road_firmware_image_read takes a private copy and checks its form,
 * road_firmware_image_verify checks digest, key, signature and what the policy demands. Only then
 * road_firmware_image_payload gives it out: no function hands unverified bytes on.
 *
 * Rules beside those of <roadbed/base.h>: functions answer an enum road_firmware_error, and fill
 * *detail, the last argument, unless it is NULL or they succeed. Objects are not shared between
 * threads without the caller's lock; a verified image and a finished set of keys may be read by
 * many. Nothing here waits but for files.
 */
#ifndef ROADBED_FIRMWARE_H
#define ROADBED_FIRMWARE_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are fixed: they are what tools print and logs keep. New ones are appended. */
typedef enum road_firmware_error {
	ROAD_FIRMWARE_OK = 0,
	ROAD_FIRMWARE_NOT_FOUND = 1,
	ROAD_FIRMWARE_TOO_BIG = 2,
	ROAD_FIRMWARE_BAD_MAGIC = 3,
	ROAD_FIRMWARE_BAD_HEADER = 4,
	ROAD_FIRMWARE_BAD_TLV = 5,
	ROAD_FIRMWARE_HASH_MISMATCH = 6,
	ROAD_FIRMWARE_UNKNOWN_KEY = 7,
	ROAD_FIRMWARE_BAD_SIGNATURE = 8,
	ROAD_FIRMWARE_REVOKED_KEY = 9,
	ROAD_FIRMWARE_ROLLBACK = 10,
	ROAD_FIRMWARE_WRONG_CHIP = 11,
	ROAD_FIRMWARE_WRONG_ABI = 12, /* payload or metadata of a version that is not known */
	ROAD_FIRMWARE_DEPENDENCY_MISSING = 13,
	ROAD_FIRMWARE_BUSY = 14,
	ROAD_FIRMWARE_CANCELLED = 15,
	ROAD_FIRMWARE_TIMEOUT = 16,  /* of a boot state; the detail names it */
	ROAD_FIRMWARE_RW_ERROR = 17, /* a file or a medium failed */
	ROAD_FIRMWARE_WEAROUT = 18,  /* what was written does not read back */
	ROAD_FIRMWARE_ROM_REJECTED = 19,
	ROAD_FIRMWARE_SELFTEST_FAILED = 20,
	ROAD_FIRMWARE_HEARTBEAT_LOST = 21,
	ROAD_FIRMWARE_PROTOCOL_MISMATCH = 22,
	/* Of calls, not of firmware. */
	ROAD_FIRMWARE_INVALID_ARGUMENT = 23,
	ROAD_FIRMWARE_OUT_OF_MEMORY = 24,
	ROAD_FIRMWARE_NOT_VERIFIED = 25, /* the payload of an image that was not verified */
	ROAD_FIRMWARE_BAD_KEY_FILE = 26,
	ROAD_FIRMWARE_BAD_BUNDLE = 27,
	ROAD_FIRMWARE_UNSUPPORTED = 28, /* this build or this device cannot */
	ROAD_FIRMWARE_BAD_DEVICE = 29,  /* the chip broke the rules of booting */
	/* A .zst or .xz that is cut, damaged, or another format. */
	ROAD_FIRMWARE_BAD_COMPRESSION = 30
} road_firmware_error;

typedef struct road_firmware_detail {
	uint32_t size;
	road_firmware_error error;
	char what[96];     /* what is wrong: "payload size does not fit the file" */
	char where[160];   /* file, slot or field: "header byte 12" */
	char seen[96];     /* the value, or "" */
	char allowed[128]; /* what would have been right, or "" */
} road_firmware_detail;

/* "bad signature"; "unknown error" for none of the above. Never NULL; static storage. */
ROAD_API const char *road_firmware_error_text(road_firmware_error error);
/* The same as a name that never changes: "BAD_SIGNATURE". */
ROAD_API const char *road_firmware_error_name(road_firmware_error error);
/* The nearest of the statuses that the rest of Roadbed answers. */
ROAD_API road_status road_firmware_error_status(road_firmware_error error);

/* ---- versions and images ---- */

typedef struct road_firmware_version {
	uint8_t major, minor;
	uint16_t revision;
	uint32_t build;
} road_firmware_version;
#define ROAD_FIRMWARE_VERSION_TEXT 32u

/* "1.2.3+4" (or "1.2.3", build 0), the whole text. INVALID_ARGUMENT. */
ROAD_API road_firmware_error road_firmware_version_parse(const char *text,
							 road_firmware_version *out,
							 road_firmware_detail *detail);
/* "1.2.3+4"; without "+4" if the build is 0. */
ROAD_API void road_firmware_version_format(const road_firmware_version *version,
					   char out[ROAD_FIRMWARE_VERSION_TEXT]);
/* < 0, 0, > 0: by major, minor, revision, build. */
ROAD_API int road_firmware_version_compare(const road_firmware_version *a,
					   const road_firmware_version *b);

typedef struct road_firmware_uuid {
	uint8_t bytes[16];
} road_firmware_uuid;
#define ROAD_FIRMWARE_UUID_TEXT 37u
/* 8-4-4-4-12 hexadecimal digits; the bytes in the order of the text (RFC 9562). */
ROAD_API road_firmware_error road_firmware_uuid_parse(const char *text, road_firmware_uuid *out,
						      road_firmware_detail *detail);
ROAD_API void road_firmware_uuid_format(const road_firmware_uuid *uuid,
					char out[ROAD_FIRMWARE_UUID_TEXT]);

typedef struct road_firmware_image road_firmware_image;

/*
 * Takes a copy of the bytes and checks the container's form: BAD_MAGIC, BAD_HEADER, BAD_TLV,
 * TOO_BIG (docs/firmware.md has every rule). Stricter than the format demands: one digest, one key
 * hash, one signature, no entry twice but dependencies, nothing else outside the protected area and
 * nothing unknown inside it but vendors' own (0xXXa0 to 0xXXfe), sizes that add up to byte_count
 * exactly.
 */
ROAD_API road_firmware_error road_firmware_image_read(const void *bytes, size_t byte_count,
						      road_firmware_image **out,
						      road_firmware_detail *detail);
ROAD_API void road_firmware_image_free(road_firmware_image *image);

/* What the container says; true only as far as it is verified. */
typedef struct road_firmware_image_info {
	uint32_t size;
	uint32_t flags; /* of the header */
	uint32_t load_address;
	uint32_t header_bytes;
	uint64_t payload_bytes, total_bytes;
	road_firmware_version version;
	uint32_t has; /* ROAD_FIRMWARE_HAS_*: which of those below are there */
	uint32_t counter;
	road_firmware_uuid vendor, chip_class;
	char component[32]; /* terminated; "" if it names none */
	uint32_t dependency_count;
	uint32_t verified; /* 1: by road_firmware_image_verify */
	uint8_t digest[32], key_hash[32], signature[64];
} road_firmware_image_info;
#define ROAD_FIRMWARE_HAS_COUNTER 0x1u
#define ROAD_FIRMWARE_HAS_VENDOR  0x2u
#define ROAD_FIRMWARE_HAS_CLASS   0x4u
ROAD_API road_firmware_error road_firmware_image_info_get(const road_firmware_image *image,
							  road_firmware_image_info *out);

/* Demands that component number `image` is there in at least this version. */
typedef struct road_firmware_dependency {
	uint32_t image; /* 0 … 255 */
	road_firmware_version at_least;
} road_firmware_dependency;
/* index from 0; NOT_FOUND ends the list. */
ROAD_API road_firmware_error road_firmware_image_dependency(const road_firmware_image *image,
							    uint32_t index,
							    road_firmware_dependency *out);

/* An entry as it stands in the file. value lives as long as the image. */
typedef struct road_firmware_tlv {
	uint32_t size;
	uint32_t type;
	uint32_t is_protected; /* 1: covered by the digest */
	uint32_t bytes;
	const void *value;
} road_firmware_tlv;
/* index from 0, in the file's order; NOT_FOUND ends the list. */
ROAD_API road_firmware_error road_firmware_image_tlv(const road_firmware_image *image,
						     uint32_t index, road_firmware_tlv *out);

/* ---- keys ---- */

#define ROAD_FIRMWARE_PUBLIC_BYTES 32u
#define ROAD_FIRMWARE_SEED_BYTES   32u

/* A public key and what it may sign. */
typedef struct road_firmware_key {
	uint32_t size;
	uint32_t revoked; /* 1: nothing that it signed is accepted, whatever else says so */
	uint8_t key[ROAD_FIRMWARE_PUBLIC_BYTES];
	uint32_t has; /* ROAD_FIRMWARE_HAS_*: which of those below bound it */
	uint32_t minimum_counter;
	road_firmware_uuid vendor, chip_class;
} road_firmware_key;

typedef struct road_firmware_keys road_firmware_keys;
ROAD_API road_firmware_error road_firmware_keys_create(road_firmware_keys **out,
						       road_firmware_detail *detail);
ROAD_API void road_firmware_keys_free(road_firmware_keys *keys);
/* A key that is there already takes the stricter of both: revoked if one says so. */
ROAD_API road_firmware_error road_firmware_keys_add(road_firmware_keys *keys,
						    const road_firmware_key *key,
						    road_firmware_detail *detail);
/* One file, KEY.pub as `roadbed fw keygen` writes it; whoever owns it. BAD_KEY_FILE names the
 * line; NOT_FOUND; RW_ERROR. */
ROAD_API road_firmware_error road_firmware_keys_add_file(road_firmware_keys *keys, const char *path,
							 road_firmware_detail *detail);
#define ROAD_FIRMWARE_KEYS_FOLDER "/etc/roadbed/keys.d"
/*
 * All *.pub of a folder (NULL: ROAD_FIRMWARE_KEYS_FOLDER) in the order of their names. Folder and
 * files have to belong to root, and nobody else may write them: else BAD_KEY_FILE, and none is
 * added. A folder that is not there has no keys; that is no error.
 */
ROAD_API road_firmware_error road_firmware_keys_add_folder(road_firmware_keys *keys,
							   const char *folder,
							   road_firmware_detail *detail);
/* index from 0; NOT_FOUND ends the list. */
ROAD_API road_firmware_error road_firmware_keys_get(const road_firmware_keys *keys, uint32_t index,
						    road_firmware_key *out);

/* ---- verification ---- */

/* What is on the chip, or comes with the image: for dependencies. */
typedef struct road_firmware_present {
	uint32_t image; /* number of the component */
	road_firmware_version version;
} road_firmware_present;

typedef struct road_firmware_policy {
	uint32_t size;
	uint32_t has;             /* ROAD_FIRMWARE_HAS_*: which of the three below are demanded */
	uint32_t minimum_counter; /* an image without counter has 0 */
	road_firmware_uuid vendor, chip_class;
	const char *component; /* NULL: any */
	const road_firmware_present *present;
	uint32_t present_count;
	uint32_t check_dependencies; /* 1: each has to be met by `present` */
} road_firmware_policy;

/*
 * HASH_MISMATCH, UNKNOWN_KEY, REVOKED_KEY, BAD_SIGNATURE, WRONG_CHIP (vendor, class or component,
 * of the policy or of the key), ROLLBACK (counter below the policy's or the key's),
 * DEPENDENCY_MISSING. policy may be NULL: then the key's bounds alone hold.
 */
ROAD_API road_firmware_error road_firmware_image_verify(road_firmware_image *image,
							const road_firmware_keys *keys,
							const road_firmware_policy *policy,
							road_firmware_detail *detail);
/* NOT_VERIFIED before. The bytes live as long as the image. */
ROAD_API road_firmware_error road_firmware_image_payload(const road_firmware_image *image,
							 const void **bytes, size_t *byte_count,
							 road_firmware_detail *detail);
/* The container as a whole, for a device whose ROM verifies it, too. NOT_VERIFIED before. */
ROAD_API road_firmware_error road_firmware_image_bytes(const road_firmware_image *image,
						       const void **bytes, size_t *byte_count,
						       road_firmware_detail *detail);

/* ---- making images ---- */

typedef struct road_firmware_sign_options {
	uint32_t size;
	uint32_t flags; /* of the header: 0, or ROAD_FIRMWARE_BUNDLE */
	road_firmware_version version;
	uint32_t has; /* ROAD_FIRMWARE_HAS_* */
	uint32_t counter;
	road_firmware_uuid vendor, chip_class;
	const char *component; /* NULL: none */
	const road_firmware_dependency *dependencies;
	uint32_t dependency_count;
	uint32_t reserved;
} road_firmware_sign_options;
#define ROAD_FIRMWARE_BUNDLE 0x10u /* MCUboot: not bootable */

/* *out: the signed container, to be freed with road_firmware_free. INVALID_ARGUMENT, TOO_BIG. */
ROAD_API road_firmware_error road_firmware_sign(const void *payload, size_t payload_bytes,
						const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
						const road_firmware_sign_options *options,
						void **out, size_t *out_bytes,
						road_firmware_detail *detail);
ROAD_API void road_firmware_free(void *bytes);

/* A new key from the system's random numbers. */
ROAD_API road_firmware_error road_firmware_key_generate(uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
							uint8_t key[ROAD_FIRMWARE_PUBLIC_BYTES],
							road_firmware_detail *detail);
/*
 * Key files. Private: PEM of PKCS #8 (RFC 8410), which imgtool and openssl read, too. Public: PEM
 * of SubjectPublicKeyInfo; lines before it, "name: value", say what the key may sign (vendor,
 * class, minimum-counter, revoked), other readers skip them. *out is text of *out_bytes bytes and a
 * 0, to be freed with road_firmware_free; whoever has a private one overwrites it before that.
 */
ROAD_API road_firmware_error
road_firmware_key_write_private(const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES], char **out,
				size_t *out_bytes, road_firmware_detail *detail);
ROAD_API road_firmware_error road_firmware_key_write_public(const road_firmware_key *key,
							    char **out, size_t *out_bytes,
							    road_firmware_detail *detail);
ROAD_API road_firmware_error road_firmware_key_read_private(const char *text, size_t bytes,
							    uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
							    road_firmware_detail *detail);
ROAD_API road_firmware_error road_firmware_key_read_public(const char *text, size_t bytes,
							   road_firmware_key *out,
							   road_firmware_detail *detail);

#ifdef __cplusplus
}
#endif
#endif
