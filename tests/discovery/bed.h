/* SPDX-License-Identifier: Apache-2.0 */
/* A fake machine, of umockdev, and the tool and the library on it. */
#ifndef TESTS_DISCOVERY_BED_H
#define TESTS_DISCOVERY_BED_H

#include <stdbool.h>
#include <stddef.h>

#include <umockdev.h>

/* Describes the machine of FILE.testbed; NULL: an empty one. */
UMockdevTestbed *bed_new(const char *file);

/* Adds a PCI function, of an MI300X, that nothing is bound to; up to 65536 of them. */
void bed_add_function(UMockdevTestbed *bed, unsigned number);

/* How the node answers DRM's questions: as a driver of this name and version, by errno, or not at
 * all at first (EINTR this often). Lives until the bed is gone. */
struct bed_drm {
	const char *name;
	int version[3];
	int error;
	bool no_caps; /* refuses to tell what it can do */
	unsigned interrupted;
	unsigned asked;            /* counts */
	void (*on_ask)(void *arg); /* before the first answer; NULL: nothing */
	void *arg;
};
void bed_attach_drm(UMockdevTestbed *bed, const char *node, struct bed_drm *drm);

/* Runs `roadbed ARGUMENTS`; the exit status, -1: a signal ended it. Output must be freed. */
int bed_run(const char *const *arguments, char **out);
/* The same, and compares with the file: '*' in it stands for anything within a line. */
void bed_check(const char *const *arguments, const char *golden);
void bed_check_exit(const char *const *arguments, const char *golden, int code);
/* Of output at hand. */
void bed_compare(const char *seen, const char *golden);
/* Appends what the command prints, which exits with this code. */
void bed_collect(const char *const *arguments, int code, GString *to);
/* Are these documents what their schemas say? A line says what is not. */
bool bed_valid(const GString *documents);
bool bed_can_validate(void); /* where python3-jsonschema is installed */

#endif
