/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of sysfs, as a stranger wrote them: reads are bounded, what is not printable never leaves,
 * and a file that is not there, not readable, empty or too long is false.
 */
#ifndef HAL_BUS_SYSFS_H
#define HAL_BUS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROAD_SYSFS_MAX = 4096 }; /* of a file: the kernel writes a page at most */

/* All of FOLDER/NAME, lines and all, but nothing that is neither printable ASCII nor a newline. */
bool road_sysfs_read(const char *folder, const char *name, char *out, size_t bytes);
/* Its first line, without spaces around it; cut where `out` ends. */
bool road_sysfs_text(const char *folder, const char *name, char *out, size_t bytes);
/* Decimal, or hexadecimal after 0x, and nothing else. */
bool road_sysfs_u64(const char *folder, const char *name, uint64_t *out);
bool road_sysfs_f64(const char *folder, const char *name, double *out);
/* The last part of what a symbolic link names. */
bool road_sysfs_link(const char *folder, const char *name, char *out, size_t bytes);
/* Whether the folder is there; a file in it. */
bool road_sysfs_folder(const char *folder);
bool road_sysfs_present(const char *folder, const char *name);

/* Puts '?' where a text is not printable ASCII. */
void road_text_clean(char *text);

#endif
