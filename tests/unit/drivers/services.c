/* SPDX-License-Identifier: Apache-2.0 */
/* The core's services as tests of a driver need them: errors are kept, calls are counted. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/drivers/fake_bus.h"

char services_what[256], services_where[128];
road_status services_status;
uint32_t services_ready, services_lost;
int services_fail_after = -1;

bool services_fail_now(void)
{
	if (services_fail_after < 0)
		return false;
	if (services_fail_after == 0) {
		services_fail_after = -1;
		return true;
	}
	services_fail_after--;
	return false;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t bytes)
{
	return services_fail_now() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return services_fail_now() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
	return services_fail_now() ? NULL : __real_realloc(old, bytes);
}

char *__wrap_strdup(const char *text)
{
	return services_fail_now() ? NULL : __real_strdup(text);
}

road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	services_status = status;
	snprintf(services_what, sizeof(services_what), "%s%s%s%s%s", what, seen ? " seen " : "",
		 seen ? seen : "", allowed ? " allowed " : "", allowed ? allowed : "");
	snprintf(services_where, sizeof(services_where), "%s", where);
	return status;
}

road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
{
	va_list args;

	services_status = status;
	va_start(args, format);
	vsnprintf(services_what, sizeof(services_what), format, args);
	va_end(args);
	snprintf(services_where, sizeof(services_where), "%s", where);
	return status;
}

road_status road_last_error(road_error *out)
{
	if (!services_status)
		return ROAD_NOT_FOUND;
	out->status = services_status;
	snprintf(out->what, sizeof(out->what), "%.*s", (int)sizeof(out->what) - 1, services_what);
	snprintf(out->where, sizeof(out->where), "%.*s", (int)sizeof(out->where) - 1,
		 services_where);
	return ROAD_OK;
}

void road_drv_queue_ready(struct road_drv_queue *queue)
{
	(void)queue;
	services_ready++;
}

void road_drv_device_lost(struct road_drv_device *dev)
{
	(void)dev;
	services_lost++;
}
