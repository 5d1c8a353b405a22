/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over a row that the compiler may turn into vector instructions. */
#ifndef SIMULATORS_NUMBERS_LANES_H
#define SIMULATORS_NUMBERS_LANES_H

#define ROAD_SIM_ROW __attribute__((aligned(64)))

/* Lanes are independent of each other: a destination is a source row itself or apart from it. */
#ifdef __clang__
#define LANES(l) _Pragma("clang loop vectorize(assume_safety)") for (unsigned l = 0; l < 32; l++)
#else
#define LANES(l) _Pragma("GCC ivdep") for (unsigned l = 0; l < 32; l++)
#endif

#endif
