/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words in shared memory that the kernel marks when this process ends, in whatever way: robust
 * futexes (Linux, Documentation/locking/robust-futex-ABI.rst). Who sees the mark knows that the
 * process is gone, and asks nobody: no number of a process has to be trusted, a child of a fork
 * does not keep the parent's words alive, and looking costs one load.
 *
 * The kernel follows a list when it marks them. That of a pthread mutex lies in the shared memory
 * itself, where others may write what they like; this one lies in memory of our own, in front of
 * each page. The list is of one thread, which does nothing but to live as long as the process.
 */
#ifndef HAL_CORE_ROBUST_H
#define HAL_CORE_ROBUST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The kernel looks at 2048 at most. */
enum { ROAD_ROBUST_WORDS = 2000 };

/* Maps the descriptor's first page once more, where words may be claimed. NULL: no memory. */
void *road_robust_map(int fd);
/* No word is claimed there. */
void road_robust_unmap(void *memory);

/* Claims a word that is 0, 8 bytes aligned, in such a mapping. false: it is not 0, or this process
 * has too many, or no thread for it. */
bool road_robust_claim(_Atomic uint32_t *word);
/* Makes it 0. */
void road_robust_release(_Atomic uint32_t *word);
/* Is that what the kernel leaves there? */
bool road_robust_orphaned(uint32_t word);

#endif
