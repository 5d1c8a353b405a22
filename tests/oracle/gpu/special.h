/* SPDX-License-Identifier: Apache-2.0 */
/* Special registers whose value does not depend on when and where a thread runs. */
#ifndef TESTS_ORACLE_GPU_SPECIAL_H
#define TESTS_ORACLE_GPU_SPECIAL_H

#include "tests/oracle/gpu/ptx.h"

/* -1: there is no such register. */
int special_find(const char *name, const char *part);
uint64_t special_value(const struct thread *t, int special);

#endif
