/* SPDX-License-Identifier: Apache-2.0 */
/* Short forms: one command, submitted at once. */
#include "hal/core/core.h"

static road_status open_list(road_queue *queue, const char *where, road_list **list)
{
	road_status status = road_object_check(queue, &road_queue_class, where);

	return status ? status : road_list_create(queue->space, 0, list);
}

/* Submits the list if it was recorded well; it goes either way. */
static road_status finish(road_queue *queue, road_list *list, road_status status, road_point *point)
{
	road_submission submission = {.size = sizeof(submission), .list = list};

	if (!status)
		status = road_list_close(list);
	if (!status)
		status = road_queue_submit(queue, &submission, point);
	road_list_release(list);
	return status;
}

road_status road_queue_copy(road_queue *queue, road_buffer *dst, uint64_t dst_offset,
			    road_buffer *src, uint64_t src_offset, uint64_t bytes,
			    road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_copy: queue", &list);

	if (status)
		return status;
	status = road_list_copy(list, dst, dst_offset, src, src_offset, bytes);
	return finish(queue, list, status, point);
}

road_status road_queue_write(road_queue *queue, road_buffer *dst, uint64_t offset, const void *src,
			     uint64_t bytes, road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_write: queue", &list);

	if (status)
		return status;
	status = road_list_write(list, dst, offset, src, bytes);
	return finish(queue, list, status, point);
}

road_status road_queue_read(road_queue *queue, void *dst, road_buffer *src, uint64_t offset,
			    uint64_t bytes, road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_read: queue", &list);

	if (status)
		return status;
	status = road_list_read(list, dst, src, offset, bytes);
	return finish(queue, list, status, point);
}

road_status road_queue_fill(road_queue *queue, road_buffer *dst, uint64_t offset, uint64_t bytes,
			    uint64_t pattern, uint32_t pattern_bytes, road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_fill: queue", &list);

	if (status)
		return status;
	status = road_list_fill(list, dst, offset, bytes, pattern, pattern_bytes);
	return finish(queue, list, status, point);
}

road_status road_queue_launch(road_queue *queue, const road_launch *launch, road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_launch: queue", &list);

	if (status)
		return status;
	status = road_list_launch(list, launch);
	return finish(queue, list, status, point);
}

road_status road_queue_reconfigure(road_queue *queue, const road_reconfiguration *what,
				   road_point *point)
{
	road_list *list;
	road_status status = open_list(queue, "road_queue_reconfigure: queue", &list);

	if (status)
		return status;
	status = road_list_reconfigure(list, what);
	return finish(queue, list, status, point);
}
