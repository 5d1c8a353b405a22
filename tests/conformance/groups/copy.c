/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/case.h"

CONFORMANCE_CASE(copy, copy_d2d)
{
	uint32_t bytes = (uint32_t)fixture_bytes(f, 1 << 20, 256);
	unsigned char *there = fixture_memory(f, bytes), *back = fixture_memory(f, bytes);
	road_buffer *a = fixture_buffer(f, bytes), *b = fixture_buffer(f, bytes);
	road_point point;

	fixture_fill_random(f, there, bytes);
	fixture_put(f, a, 0, there, bytes);
	CHECK_OK(road_queue_copy(fixture_queue(f), b, 0, a, 0, bytes, &point));
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, back, b, 0, bytes);
	CHECK_SAME(there, back, bytes);
}
