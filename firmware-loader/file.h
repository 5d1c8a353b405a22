/* SPDX-License-Identifier: Apache-2.0 */
/* Files that strangers may have put there: opened below a folder, read whole, unpacked. */
#ifndef FIRMWARE_LOADER_FILE_H
#define FIRMWARE_LOADER_FILE_H

#include <roadbed/firmware.h>
#include <stdbool.h>

/* Relative, of a-z A-Z 0-9 . _ - and '/', no part empty, "." or "..". */
bool file_name_valid(const char *name);
/*
 * Opens `name` below `folder` for reading, wherever links lead, but never out of it, and never
 * waits for a fifo's other end. NOT_FOUND; RW_ERROR; UNSUPPORTED: the kernel lacks openat2.
 */
road_firmware_error file_open_beneath(const char *folder, const char *name, int *fd,
				      road_firmware_detail *detail);
/* All of a regular file of at most bytes_max, to be freed. NOT_FOUND if it is none; TOO_BIG. */
road_firmware_error file_read(int fd, const char *where, uint64_t bytes_max, void **out,
			      size_t *out_bytes, road_firmware_detail *detail);

/*
 * Bytes of a .zst or .xz file as they were, to be freed: one frame or stream, whole, nothing
 * behind it, else BAD_COMPRESSION. TOO_BIG: more than bytes_max came out; no more than that was
 * ever unpacked.
 */
typedef road_firmware_error unpack_call(const void *bytes, size_t byte_count, uint64_t bytes_max,
					void **out, size_t *out_bytes,
					road_firmware_detail *detail);
unpack_call unpack_zstd, unpack_xz;

#endif
