/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any address, and structures of callers older or newer than this. */
#ifndef FIRMWARE_LOADER_BYTES_H
#define FIRMWARE_LOADER_BYTES_H

#include <roadbed/firmware.h>

#include <stdbool.h>

/* All of ROAD_FIRMWARE_HAS_*. */
#define BYTES_HAS_ALL \
	(ROAD_FIRMWARE_HAS_COUNTER | ROAD_FIRMWARE_HAS_VENDOR | ROAD_FIRMWARE_HAS_CLASS)

static inline uint16_t bytes_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t bytes_u32(const uint8_t *at)
{
	return bytes_u16(at) | (uint32_t)bytes_u16(at + 2) << 16;
}

static inline void bytes_put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static inline void bytes_put_u32(uint8_t *at, uint32_t value)
{
	bytes_put_u16(at, (uint16_t)value);
	bytes_put_u16(at + 2, (uint16_t)(value >> 16));
}

/* Are they all `value`? */
bool bytes_all(const uint8_t *bytes, size_t count, uint8_t value);
/* "a-z 0-9 - _", 1 … 31 of them: a component's name. */
bool bytes_name_component(const char *bytes, size_t count);

/*
 * An argument by the rules of <roadbed/base.h>: its first member is its size; a missing tail is
 * read as zero, an unknown one has to be zero. `name` is the argument's, for the detail.
 */
road_firmware_error bytes_struct_in(void *to, uint32_t to_bytes, const void *from, const char *name,
				    road_firmware_detail *detail);
/* The same for what is answered; false: out is NULL or too short for its own size. */
bool bytes_struct_out(void *out, const void *from, uint32_t from_bytes);

#endif
