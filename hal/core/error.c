/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/core/error.h"

#include <inttypes.h>
#include <roadbed-driver/driver.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hal/core/object.h"

static _Thread_local road_error last;

static const char *const texts[] = {
	[-ROAD_INVALID_ARGUMENT] = "invalid argument",
	[-ROAD_UNSUPPORTED] = "unsupported",
	[-ROAD_NOT_FOUND] = "not found",
	[-ROAD_OUT_OF_HOST_MEMORY] = "out of host memory",
	[-ROAD_OUT_OF_DEVICE_MEMORY] = "out of device memory",
	[-ROAD_NO_SPACE] = "no space left",
	[-ROAD_BUSY] = "busy",
	[-ROAD_TIMEOUT] = "timeout",
	[-ROAD_CANCELLED] = "cancelled",
	[-ROAD_PERMISSION] = "permission denied",
	[-ROAD_FAULT] = "device fault",
	[-ROAD_DEVICE_LOST] = "device lost",
	[-ROAD_STALE] = "stale object",
	[-ROAD_WRONG_CONTEXT] = "wrong context",
	[-ROAD_WRONG_PROCESS] = "wrong process",
	[-ROAD_IMAGE_INVALID] = "invalid image",
	[-ROAD_IMAGE_INCOMPATIBLE] = "incompatible image",
	[-ROAD_CONFIG_MISMATCH] = "configuration mismatch",
	[-ROAD_SIGNATURE] = "signature refused",
	[-ROAD_ROLLBACK_REFUSED] = "rollback refused",
	[-ROAD_IO] = "input or output failed",
	[-ROAD_INTERNAL] = "internal error",
};

const char *road_status_text(road_status status)
{
	if (status == ROAD_OK)
		return "ok";
	if (status == ROAD_NOT_READY)
		return "not ready";
	size_t index = (size_t)(-(int)status);

	if ((int)status < 0 && index < sizeof(texts) / sizeof(texts[0]) && texts[index])
		return texts[index];
	return "unknown status";
}

/* What does not fit ends behind a whole word, and shows that it goes on. */
static void copy_text(char *out, size_t bytes, const char *text)
{
	static const char more[] = " …";
	const size_t room = bytes - sizeof(more);
	size_t count = text ? strlen(text) : 0;
	const bool fits = count < bytes;

	if (!fits)
		for (count = room; count && text[count] != ' '; count--)
			;
	snprintf(out, bytes, "%.*s%s", (int)(fits || count ? count : room), text ? text : "",
		 fits ? "" : more);
}

void road_error_set(road_error *out, road_status status, const char *what, const char *where,
		    const char *seen, const char *allowed)
{
	out->size = sizeof(*out);
	out->status = status;
	copy_text(out->what, sizeof(out->what), what);
	copy_text(out->where, sizeof(out->where), where);
	copy_text(out->seen, sizeof(out->seen), seen);
	copy_text(out->allowed, sizeof(out->allowed), allowed);
}

road_status road_fail(road_status status, const char *what, const char *where, const char *seen,
		      const char *allowed)
{
	road_error_set(&last, status, what, where, seen, allowed);
	return status;
}

road_status road_fail_u64(road_status status, const char *what, const char *where, uint64_t seen,
			  const char *allowed)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, seen);
	return road_fail(status, what, where, text, allowed);
}

void road_error_take(road_error *out)
{
	*out = last;
	out->size = sizeof(*out);
}

road_status road_fail_said(road_status status, const char *said, const char *where,
			   const char *seen, const char *allowed)
{
	static const char mark[] = ", allowed: ";
	const char *list = strstr(said, mark);
	char what[256];

	if (!list)
		return road_fail(status, said, where, seen, allowed);
	snprintf(what, sizeof(what), "%.*s", (int)(list - said), said);
	return road_fail(status, what, where, seen, list + strlen(mark));
}

road_status road_fail_again(const road_error *detail)
{
	last = *detail;
	return detail->status;
}

road_status road_last_error(road_error *out)
{
	if (!out)
		return ROAD_INVALID_ARGUMENT;
	if (last.status == ROAD_OK)
		return ROAD_NOT_FOUND;
	/* Refusals here are no errors of their own: the detail that was asked for stays. */
	if (out->size < offsetof(road_error, what) || out->size > ROAD_STRUCT_MAX)
		return ROAD_INVALID_ARGUMENT;
	uint32_t size = out->size;

	if (size > sizeof(last))
		memset((char *)out + sizeof(last), 0, size - sizeof(last));
	memcpy(out, &last, size < sizeof(last) ? size : sizeof(last));
	out->size = size;
	return ROAD_OK;
}

road_status road_drv_error(road_status status, const char *what, const char *where,
			   const char *seen, const char *allowed)
{
	return road_fail(status, what, where, seen, allowed);
}

road_status road_drv_errorf(road_status status, const char *where, const char *format, ...)
{
	char what[sizeof(last.what)];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return road_fail(status, what, where, NULL, NULL);
}
