/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels of a space may use beside its buffers, and what they print. */
#include "hal/core/core.h"

static road_status check(struct road_space *space, uint32_t limit, const char *where)
{
	road_status status = road_object_check(space, &road_space_class, where);

	if (!status && limit >= ROAD_LIMIT_KINDS)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown limit", where, limit,
				       "enum road_limit");
	return status ? status : road_space_usable(space, where);
}

road_status road_space_limit_set(road_space *space, uint32_t limit, uint64_t bytes)
{
	road_status status = check(space, limit, "road_space_limit_set: space, limit");

	return status ? status
		      : space->device->ops.limit(&space->drv, limit, true, &(uint64_t){bytes});
}

road_status road_space_limit(road_space *space, uint32_t limit, uint64_t *bytes)
{
	road_status status = check(space, limit, "road_space_limit: space, limit");
	uint64_t now = 0;

	if (!status && !bytes)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_space_limit: bytes", "NULL", "");
	if (!status)
		status = space->device->ops.limit(&space->drv, limit, false, &now);
	if (!status)
		*bytes = now;
	return status;
}

road_status road_space_output_read(road_space *space, char *buffer, size_t capacity, size_t *bytes)
{
	road_status status =
		road_object_check(space, &road_space_class, "road_space_output_read: space");
	size_t moved = 0;

	if (!status && (!bytes || (capacity && !buffer)))
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   bytes ? "road_space_output_read: buffer"
					 : "road_space_output_read: bytes",
				   "NULL", "");
	if (!status)
		status = road_space_usable(space, "road_space_output_read: space");
	if (!status)
		status = space->device->ops.output_read(&space->drv, buffer, capacity, &moved);
	if (!status)
		*bytes = moved;
	return status;
}
