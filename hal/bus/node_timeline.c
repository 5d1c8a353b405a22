/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timeline syncobjs of DRM, by a node (the kernel's Documentation/gpu/drm-mm, "DRM Sync Objects";
 * <drm.h>). Numbers are handles of the open node; all answers are errnos.
 */
#include "hal/bus/node.h"

#include <drm.h>
#include <errno.h>
#include <unistd.h>

int road_node_timeline_open(int node, int fd, uint32_t *out)
{
	struct drm_get_cap cap = {.capability = DRM_CAP_SYNCOBJ_TIMELINE};
	struct drm_syncobj_create create = {0};
	struct drm_syncobj_handle from = {.fd = fd};
	int error = road_node_file_call(node, DRM_IOCTL_GET_CAP, &cap);

	if (!error && !cap.value)
		error = EOPNOTSUPP;
	if (!error)
		error = fd < 0 ? road_node_file_call(node, DRM_IOCTL_SYNCOBJ_CREATE, &create)
			       : road_node_file_call(node, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &from);
	if (!error)
		*out = fd < 0 ? create.handle : from.handle;
	return error;
}

void road_node_timeline_close(int node, uint32_t timeline)
{
	struct drm_syncobj_destroy destroy = {.handle = timeline};

	(void)road_node_file_call(node, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
}

/* The kernel makes it close-on-exec. */
int road_node_timeline_fd(int node, uint32_t timeline, int *out)
{
	struct drm_syncobj_handle handle = {.handle = timeline, .fd = -1};
	const int error = road_node_file_call(node, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle);

	if (!error)
		*out = handle.fd;
	return error;
}

/* The last point that is reached, not the last that somebody submitted. */
int road_node_timeline_value(int node, uint32_t timeline, uint64_t *out)
{
	uint64_t value = 0;
	struct drm_syncobj_timeline_array query = {
		.handles = (uintptr_t)&timeline, .points = (uintptr_t)&value, .count_handles = 1};
	const int error = road_node_file_call(node, DRM_IOCTL_SYNCOBJ_QUERY, &query);

	if (!error)
		*out = value;
	return error;
}

/* A point that is put on a timeline out of order makes the kernel begin a new one: it is left where
 * it is if it stands higher already. */
int road_node_timeline_raise(int node, uint32_t timeline, uint64_t value)
{
	struct drm_syncobj_timeline_array points = {
		.handles = (uintptr_t)&timeline, .points = (uintptr_t)&value, .count_handles = 1};
	uint64_t now;
	const int error = road_node_timeline_value(node, timeline, &now);

	if (error || now >= value)
		return error;
	return road_node_file_call(node, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &points);
}

/* Also for a point that nobody has submitted yet. */
int road_node_timeline_wait(int node, uint32_t timeline, uint64_t value, uint64_t deadline_ns)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&timeline,
		.points = (uintptr_t)&value,
		.timeout_nsec = deadline_ns > INT64_MAX ? INT64_MAX : (int64_t)deadline_ns,
		.count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT};

	return road_node_file_call(node, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
}
