/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that leaves this process or comes from outside: sealed memfds only. */
#include <fcntl.h>

#include "hal/core/core.h"

road_status road_export_fd(const struct road_buffer *root, int *fd)
{
	if (root->drv.heap != ROAD_HEAP_HOST || root->drv.dma.fd < 0 || !root->drv.dma.host)
		return road_fail(ROAD_UNSUPPORTED, "memory of this heap has no descriptor",
				 "road_buffer_export: buffer", "", "ROAD_HEAP_HOST");
	*fd = fcntl(root->drv.dma.fd, F_DUPFD_CLOEXEC, 0);
	if (*fd < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left",
				 "road_buffer_export", "", "");
	return ROAD_OK;
}
