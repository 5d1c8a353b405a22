/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware-loader/bytes.h"

#include <string.h>

#include "firmware-loader/detail.h"

bool bytes_all(const uint8_t *bytes, size_t count, uint8_t value)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

bool bytes_name_component(const char *bytes, size_t count)
{
	if (count < 1 || count > 31)
		return false;
	for (size_t i = 0; i < count; i++) {
		const char c = bytes[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

road_firmware_error bytes_struct_in(void *to, uint32_t to_bytes, const void *from, const char *name,
				    road_firmware_detail *detail)
{
	uint32_t size;

	if (!from)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", name, "NULL", "a structure"});
	memcpy(&size, from, sizeof(size));
	if (size <= sizeof(size))
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "size is not that of the structure", name, size,
					      "sizeof, here", to_bytes);
	if (size > to_bytes && !bytes_all((const uint8_t *)from + to_bytes, size - to_bytes, 0))
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "asks for what this version does not know", name,
					      size, "zeros behind byte", to_bytes);
	memset(to, 0, to_bytes);
	memcpy(to, from, size < to_bytes ? size : to_bytes);
	return ROAD_FIRMWARE_OK;
}

bool bytes_struct_out(void *out, const void *from, uint32_t from_bytes)
{
	uint32_t size;

	if (!out)
		return false;
	memcpy(&size, out, sizeof(size));
	if (size <= sizeof(size))
		return false;
	memcpy((char *)out + sizeof(size), (const char *)from + sizeof(size),
	       (size < from_bytes ? size : from_bytes) - sizeof(size));
	if (size > from_bytes)
		memset((char *)out + from_bytes, 0, size - from_bytes);
	return true;
}
