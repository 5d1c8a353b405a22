/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where firmware comes from and where it is kept: the search of files, bundles, and the store of
 * two slots per component. Part of libroadbed-firmware; the rules of <roadbed/firmware.h> hold.
 */
#ifndef ROADBED_FIRMWARE_STORE_H
#define ROADBED_FIRMWARE_STORE_H

#include <roadbed/firmware.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- search ---- */

#define ROAD_FIRMWARE_FOLDER "/etc/roadbed/firmware"
/* Unless the options say less: what a file may have, and what it may grow to, unpacked. */
#define ROAD_FIRMWARE_FILE_MAX (32u << 20)

typedef struct road_firmware_search {
	uint32_t size;
	uint32_t flags;      /* ROAD_FIRMWARE_* */
	const char *folders; /* absolute, separated by ':'; before the system's own; may be NULL */
	const char *root;    /* put before the system's own folders; NULL: "" */
	uint64_t bytes_max;  /* 0: ROAD_FIRMWARE_FILE_MAX */
} road_firmware_search;
#define ROAD_FIRMWARE_NO_ENV    0x1u /* ROADBED_FIRMWARE_PATH does not count */
#define ROAD_FIRMWARE_NO_SYSTEM 0x2u /* nor do the system's own folders */

/* A place that was looked at. */
typedef struct road_firmware_tried {
	char path[512]; /* cut at the end with "…" if it is longer */
	char reason[128];
	road_firmware_error error; /* OK: the one that was taken */
} road_firmware_tried;

typedef struct road_firmware_file road_firmware_file;

/*
 * Looks for `name`, "vendor/chip/component.img", in ROADBED_FIRMWARE_PATH (like folders; ignored
 * under AT_SECURE), folders, ROAD_FIRMWARE_FOLDER, and the kernel's four under /lib/firmware
 * (updates/RELEASE, updates, RELEASE, itself): in each as it is, with .zst, with .xz. The first
 * that is there counts; if it cannot be read, the search goes on and says so. Names are relative,
 * of a-z A-Z 0-9 . _ - and '/', without "." and ".." as parts: else INVALID_ARGUMENT. No link may
 * leave its folder; only regular files of at most bytes_max, unpacked, too.
 *
 * *out is filled on NOT_FOUND as well: with the places tried and the reasons. Free it.
 */
ROAD_API road_firmware_error road_firmware_find(const char *name,
						const road_firmware_search *search,
						road_firmware_file **out,
						road_firmware_detail *detail);
/* One file by its path, unpacked by its ending; links are followed. */
ROAD_API road_firmware_error road_firmware_open(const char *path, uint64_t bytes_max,
						road_firmware_file **out,
						road_firmware_detail *detail);
/* Unpacked bytes, a private copy, and where they are from; they live as long as the file. NULL
 * and 0, "" if nothing was found. */
ROAD_API const void *road_firmware_file_bytes(const road_firmware_file *file, size_t *byte_count);
ROAD_API const char *road_firmware_file_path(const road_firmware_file *file);
/* index from 0, in the order of the search; NOT_FOUND ends the list. */
ROAD_API road_firmware_error road_firmware_file_tried(const road_firmware_file *file,
						      uint32_t index, road_firmware_tried *out);
ROAD_API void road_firmware_file_free(road_firmware_file *file);

/* ---- the store: two slots per component ---- */

/*
 * What keeps the slots: a file, a chip's flash. write(): what was there before may be torn if
 * power goes; flush(): what was written before it is there before anything written after it.
 * Functions answer ROAD_OK or why not.
 */
typedef struct road_firmware_medium {
	uint32_t size;
	uint32_t reserved;
	uint64_t bytes; /* at least ROAD_FIRMWARE_STORE_HEAD_BYTES + 2 * slot_bytes of the store */
	void *arg;
	road_status (*read)(void *arg, uint64_t offset, void *bytes, size_t byte_count);
	road_status (*write)(void *arg, uint64_t offset, const void *bytes, size_t byte_count);
	road_status (*flush)(void *arg);
} road_firmware_medium;
/* Two copies of the metadata, each in a block of its own. */
#define ROAD_FIRMWARE_STORE_HEAD_BYTES 8192u

/* A regular file as medium, made with mode 0600 if it is not there, grown to `bytes` if it has less
 * (0: as it is; then NOT_FOUND if it is not there), locked against a second process: BUSY. Closed
 * by road_firmware_medium_close. */
ROAD_API road_firmware_error road_firmware_medium_file(const char *path, uint64_t bytes,
						       road_firmware_medium *out,
						       road_firmware_detail *detail);
ROAD_API void road_firmware_medium_close(road_firmware_medium *medium);

typedef struct road_firmware_store road_firmware_store;

typedef struct road_firmware_store_options {
	uint32_t size;
	uint32_t tries_max;             /* boots that a test image has before it reverts; 0: 1 */
	uint64_t slot_bytes;            /* 0: what the medium has room for */
	const road_firmware_keys *keys; /* every read from a slot is verified with these; */
	const road_firmware_policy *policy; /* and with this; its minimum_counter is raised to the
					     * store's. Both live as long as the store */
} road_firmware_store_options;

/* The medium is copied; its arg lives as long as the store. An empty medium is an empty store, and
 * so is one whose very first write was cut; two broken copies of the metadata: RW_ERROR; metadata
 * of another version: WRONG_ABI. In neither case anything is written. */
ROAD_API road_firmware_error road_firmware_store_open(const road_firmware_medium *medium,
						      const road_firmware_store_options *options,
						      road_firmware_store **out,
						      road_firmware_detail *detail);
ROAD_API void road_firmware_store_close(road_firmware_store *store);

enum road_firmware_pending {
	ROAD_FIRMWARE_PENDING_NONE,
	ROAD_FIRMWARE_PENDING_TEST,      /* tried tries_max times, then it reverts */
	ROAD_FIRMWARE_PENDING_PERMANENT, /* confirmed by its first boot */
	ROAD_FIRMWARE_PENDING_REVERT     /* the other slot's turn at the next boot */
};
#define ROAD_FIRMWARE_SLOT_NONE 0xffffffffu

typedef struct road_firmware_store_state {
	uint32_t size;
	uint32_t active;    /* slot that boots now, or ROAD_FIRMWARE_SLOT_NONE */
	uint32_t pending;   /* enum road_firmware_pending */
	uint32_t tries;     /* boots of the active slot since it became so, not confirmed */
	uint32_t confirmed; /* 1: the active slot is; 0: it reverts unless it is confirmed */
	uint32_t counter;   /* nothing below it boots; raised by confirm, and by the first boot of
			     * a PERMANENT image, alone */
	uint64_t sequence;  /* of the metadata; grows with every write */
	struct {
		uint32_t valid; /* 1: an image that verifies */
		uint32_t counter;
		road_firmware_error error; /* why it is not valid */
		uint32_t reserved;
		road_firmware_version version;
		uint8_t digest[32];
	} slots[2];
} road_firmware_store_state;
ROAD_API road_firmware_error road_firmware_store_state_get(road_firmware_store *store,
							   road_firmware_store_state *out,
							   road_firmware_detail *detail);

/*
 * Puts a verified image into the slot that is not active, reads it back and verifies it, and only
 * then says in the metadata that it is to be tried (pending: TEST or PERMANENT). BUSY while an
 * earlier image waits for its first boot or is neither confirmed nor reverted, and what it would
 * be written over still boots; ROLLBACK; NOT_VERIFIED; TOO_BIG; WEAROUT. The image is verified
 * with the store's keys, whatever verified it before. Whenever power goes, what boots next is the
 * old image or the new one, whole.
 */
ROAD_API road_firmware_error road_firmware_store_load(road_firmware_store *store,
						      const road_firmware_image *image,
						      uint32_t pending,
						      road_firmware_detail *detail);
/*
 * What to boot now: decides by the metadata, counts the try before it answers, verifies the slot
 * with what boots in it; a slot that does not verify is passed over for the other one. *image is
 * verified; the caller frees it. NOT_FOUND: no slot boots; the detail says why for the last tried.
 * RW_ERROR, WEAROUT: the try could not be counted, and nothing that is confirmed boots instead.
 */
ROAD_API road_firmware_error road_firmware_store_boot(road_firmware_store *store,
						      road_firmware_image **image,
						      road_firmware_detail *detail);
/* What was booted last works: it stays, the counter rises to its own, and a revert that waits for
 * the next boot is called off. NOT_FOUND: nothing was booted. Confirmed already: no error, and
 * nothing is written but a copy of the metadata that is not up to it. */
ROAD_API road_firmware_error road_firmware_store_confirm(road_firmware_store *store,
							 road_firmware_detail *detail);
/* The other slot at the next boot; or, if an image waits for its first boot, it never has one.
 * NOT_FOUND: the other slot holds nothing that boots; ROLLBACK: its counter is below the store's.
 */
ROAD_API road_firmware_error road_firmware_store_revert(road_firmware_store *store,
							road_firmware_detail *detail);

/* ---- bundles ---- */

/*
 * A folder of containers with a manifest, itself the payload of a signed image
 * (ROAD_FIRMWARE_BUNDLE): one line per component,
 * "Component: NAME File: FILE Sha256: HEX Version: MINIMUM Chips: ID,ID Licence: SPDX".
 */
typedef struct road_firmware_bundle_entry {
	uint32_t size;
	char component[32];
	char file[256]; /* relative to the manifest's folder, no ".." */
	uint8_t sha256[32];
	road_firmware_version at_least;
	char chips[256];   /* ids, separated by ',' */
	char licence[128]; /* SPDX expression */
} road_firmware_bundle_entry;

/* The manifest's text; *out is freed with road_firmware_free. BAD_BUNDLE names the field. */
ROAD_API road_firmware_error road_firmware_bundle_write(const road_firmware_bundle_entry *entries,
							uint32_t count, char **out,
							size_t *out_bytes,
							road_firmware_detail *detail);
/* Entry `index` from 0 of a manifest; NOT_FOUND ends the list; BAD_BUNDLE names the line. */
ROAD_API road_firmware_error road_firmware_bundle_entry_get(const char *text, size_t bytes,
							    uint32_t index,
							    road_firmware_bundle_entry *out,
							    road_firmware_detail *detail);
/* What an image in the folder gives to its entry: component, file, sha256, at_least (its own
 * version). Chips and licence stay as they are. Nothing of it is verified. BAD_BUNDLE: it names no
 * component, or is a bundle itself. */
ROAD_API road_firmware_error road_firmware_bundle_entry_fill(const char *folder, const char *file,
							     road_firmware_bundle_entry *out,
							     road_firmware_detail *detail);
/* Every file of the folder's manifest ("MANIFEST.img"): there, of the digest that it says, and
 * itself verified by the keys in at least the version that it says. */
ROAD_API road_firmware_error road_firmware_bundle_verify(const char *folder,
							 const road_firmware_keys *keys,
							 road_firmware_detail *detail);

#ifdef __cplusplus
}
#endif
#endif
