/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random graphs as text: any operation on any value, recurrences of all distances, loops with and
 * without a period, streams of all kinds. What is read is never written, so that the order of
 * accesses does not matter.
 */
#ifndef TESTS_UNIT_MAP_RANDOM_GRAPH_H
#define TESTS_UNIT_MAP_RANDOM_GRAPH_H

#include <stddef.h>
#include <stdint.h>

enum { GRAPH_TEXT = 8192, GRAPH_INPUT = 1024, GRAPH_OUTPUT = 2048 /* words of its two arrays */ };

uint32_t graph_random(uint64_t *state, uint32_t below);
/* Arguments: x (input), y (output), c (a number). Answers the iterations. */
uint32_t graph_generate(uint64_t *state, char *text);

#endif
