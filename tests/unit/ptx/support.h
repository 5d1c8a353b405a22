/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the PTX compiler share. */
#ifndef TESTS_UNIT_PTX_SUPPORT_H
#define TESTS_UNIT_PTX_SUPPORT_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/ptx.h"
#include "tests/support/tap.h"
#include "tests/unit/ptx/machine.h"
#include "tests/unit/ptx/verify.h"

#define PTX_HEADER ".version 8.0\n.target sm_80\n.address_size 64\n"

/* Compiles and verifies; NULL (and a failed assertion, with the reason printed) if that fails. */
struct road_gpu_image *compile_text(const char *text, size_t bytes, uint32_t max_regs,
				    uint32_t optimise);

/* A file's text, zero-terminated, from the kernels' folder; the caller frees it. */
char *read_kernel(const char *name, size_t *bytes);

#endif
