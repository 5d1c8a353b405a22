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
#include <sys/types.h>

enum { ROAD_SYSFS_MAX = 4096 }; /* of a file: the kernel writes a page at most */

/* All of FOLDER/NAME, lines and all, but nothing that is neither printable ASCII nor a newline; a
 * tabulator is a space. */
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
/* Likewise, and no link to one. */
bool road_sysfs_own_folder(const char *folder);
bool road_sysfs_present(const char *folder, const char *name);
/* A regular file that everybody may read. */
bool road_sysfs_public(const char *folder, const char *name);

/* Names in a folder, sorted; hidden ones and too long ones are left out. */
enum { ROAD_SYSFS_NAMES_MAX = 4096 };
struct road_sysfs_names {
	char (*at)[64];
	uint32_t count;
};
/* No such folder: none. false: no host memory; nothing is left then. */
bool road_sysfs_list(const char *folder, struct road_sysfs_names *out);
void road_sysfs_names_free(struct road_sysfs_names *names);

/* The number of bytes up to the end of an open file; -1: an error, or more than there is room for.
 */
ssize_t road_sysfs_read_all(int fd, char *out, size_t room);

/* "Tctl edge" -> "tctl_edge": a part of a dotted name. */
void road_text_word(char *text);
/* Puts '?' where a text is not printable ASCII. */
void road_text_clean(char *text);

#endif
