// SPDX-License-Identifier: Apache-2.0
// One kernel of tests/kernels for this machine: built once for each, FILE_OF_KERNEL and NAME given.
#include "tests/oracle/gpu/cpu/device_on_cpu.hpp"

#ifdef DYNAMIC_SHARED
float tile[4096];
#endif

#include FILE_OF_KERNEL

KERNEL(NAME)
