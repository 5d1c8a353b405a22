/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs of text and of the tree's kernels, for the mapper's tests. */
#ifndef TESTS_UNIT_MAP_SUPPORT_H
#define TESTS_UNIT_MAP_SUPPORT_H

#include "tests/support/tap.h"
#include "tools/map/map.h"

/* Fails the case, and answers false, if the text is no graph. */
bool parsed(const char *text, struct map_graph *graph);
/* The kernel's graph out of the tree. */
bool kernel_graph(const char *name, struct map_graph *graph);
/* The 4 x 4 fabric that kernels with loop control are measured on. */
struct map_fabric small_fabric(void);

#endif
