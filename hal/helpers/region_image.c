/* SPDX-License-Identifier: Apache-2.0 */
/* The container of configuration images (uapi/region.h), as a caller hands it in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hal/helpers/region_unit.h"
#include "uapi/region.h"

#define WHERE "road_config_create: bytes"

uint32_t road_region_crc(uint32_t crc, const void *bytes, uint64_t count)
{
	/* Castagnoli, reflected: what four bits do to the remainder. */
	static const uint32_t nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *at = bytes;

	crc = ~crc;
	for (uint64_t i = 0; i < count; i++) {
		crc ^= at[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

static road_status invalid(uint64_t at, const char *what, uint64_t seen, const char *allowed)
{
	char where[48], value[24];

	snprintf(where, sizeof(where), "configuration image, byte %" PRIu64, at);
	snprintf(value, sizeof(value), "%" PRIu64, seen);
	return road_drv_error(ROAD_IMAGE_INVALID, what, where, value, allowed);
}

#define FIELD(member) offsetof(struct road_config_header, member)

static road_status check_fields(const struct road_config_header *header, uint64_t count)
{
	char bytes[24];
	const struct {
		bool bad;
		uint64_t at, seen;
		const char *what, *allowed;
	} rules[] = {
		{header->magic != ROAD_CONFIG_MAGIC, FIELD(magic), header->magic,
		 "no configuration image", "the magic 1178813010"},
		{header->version != ROAD_CONFIG_VERSION, FIELD(version), header->version,
		 "another version of the format", "1"},
		{header->total_bytes != count || count % 8, FIELD(total_bytes), header->total_bytes,
		 "truncated, or with something behind it", bytes},
		{!header->units, FIELD(units), 0, "needs no units", "1 or more"},
		{header->claim_count > ROAD_CONFIG_CLAIMS_MAX, FIELD(claim_count),
		 header->claim_count, "too many claims", "at most 16"},
		{header->relocation_count > ROAD_CONFIG_RELOCATIONS_MAX, FIELD(relocation_count),
		 header->relocation_count, "too many relocations", "at most 4096"},
		{header->payload_bytes > ROAD_CONFIG_MAX, FIELD(payload_bytes),
		 header->payload_bytes, "payload too large", "at most 1048576"},
		{header->reserved != 0, FIELD(reserved), header->reserved, "reserved field in use",
		 "0"},
	};

	snprintf(bytes, sizeof(bytes), "%" PRIu64, count);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return invalid(rules[i].at, rules[i].what, rules[i].seen, rules[i].allowed);
	return ROAD_OK;
}

static road_status check_zero(const uint8_t *bytes, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		if (bytes[i])
			return invalid(i, "padding in use", bytes[i], "0");
	return ROAD_OK;
}

static road_status check_name(const struct road_config_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	size_t length = 0;

	while (length < sizeof(header->name) && header->name[length])
		length++;
	if (length == sizeof(header->name))
		return invalid(FIELD(name), "name without an end", length, "63 bytes");
	return check_zero(bytes, FIELD(name) + length, sizeof(*header));
}

struct parts { /* of an image; offsets */
	uint64_t claims, relocations, payload, end;
};

static struct parts parts_of(const struct road_config_header *header)
{
	struct parts parts = {.claims = sizeof(*header)};

	parts.relocations = parts.claims + header->claim_count * sizeof(struct road_config_claim);
	parts.payload = parts.relocations +
			(uint64_t)header->relocation_count * sizeof(struct road_config_relocation);
	parts.end = parts.payload + ((uint64_t)header->payload_bytes + 7) / 8 * 8;
	return parts;
}

static struct road_config_claim claim_at(const uint8_t *bytes, const struct parts *parts,
					 uint32_t index)
{
	struct road_config_claim claim;

	memcpy(&claim, bytes + parts->claims + index * sizeof(claim), sizeof(claim));
	return claim;
}

static bool meet(const struct road_config_claim *a, const struct road_config_claim *b)
{
	return a->kind == b->kind &&
	       (a->kind == ROAD_CLAIM_MEMORY ||
		(a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes));
}

static road_status check_overlaps(const uint8_t *bytes, const struct parts *parts, uint32_t index)
{
	const uint64_t at = parts->claims + index * sizeof(struct road_config_claim);
	const struct road_config_claim claim = claim_at(bytes, parts, index);
	char allowed[48];

	for (uint32_t i = 0; i < index; i++) {
		const struct road_config_claim other = claim_at(bytes, parts, i);

		if (!meet(&claim, &other))
			continue;
		if (claim.kind == ROAD_CLAIM_MEMORY)
			return invalid(at + offsetof(struct road_config_claim, kind),
				       "memory is claimed twice", claim.kind, "one claim of it");
		snprintf(allowed, sizeof(allowed), "from %" PRIu64 " on, or below %" PRIu64,
			 other.offset + other.bytes, other.offset);
		return invalid(at + offsetof(struct road_config_claim, offset), "claims overlap",
			       claim.offset, allowed);
	}
	return ROAD_OK;
}

static road_status check_claim(const uint8_t *bytes, const struct parts *parts, uint32_t index)
{
	const uint32_t rights = ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE;
	const struct road_config_claim claim = claim_at(bytes, parts, index);
	const bool memory = claim.kind == ROAD_CLAIM_MEMORY;
	const struct {
		bool bad;
		uint64_t at, seen;
		const char *what, *allowed;
	} rules[] = {
		{claim.kind != ROAD_CLAIM_SCRATCH && !memory,
		 offsetof(struct road_config_claim, kind), claim.kind, "claim of an unknown kind",
		 "1 (scratchpad), 2 (memory)"},
		{!claim.flags || claim.flags & ~rights, offsetof(struct road_config_claim, flags),
		 claim.flags, "claim without a right, or with unknown ones",
		 "1 (read), 2 (write), 3 (both)"},
		{memory && claim.offset, offsetof(struct road_config_claim, offset), claim.offset,
		 "claim of memory with a place", "0"},
		{memory && claim.bytes, offsetof(struct road_config_claim, bytes), claim.bytes,
		 "claim of memory with a size", "0"},
		{!memory && !claim.bytes, offsetof(struct road_config_claim, bytes), 0,
		 "claim of nothing", "1 or more"},
		{claim.offset + claim.bytes < claim.offset,
		 offsetof(struct road_config_claim, bytes), claim.bytes, "claim beyond all",
		 "an end below 2^64"},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return invalid(parts->claims + index * sizeof(claim) + rules[i].at,
				       rules[i].what, rules[i].seen, rules[i].allowed);
	return check_overlaps(bytes, parts, index);
}

static road_status check_claims(const uint8_t *bytes, const struct road_config_header *header,
				const struct parts *parts)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < header->claim_count && !status; i++)
		status = check_claim(bytes, parts, i);
	return status;
}

static road_status relocate(const uint8_t *bytes, const struct road_config_header *header,
			    const struct parts *parts, uint8_t *canonical)
{
	uint64_t least = 0;

	for (uint32_t i = 0; i < header->relocation_count; i++) {
		const uint64_t at = parts->relocations + i * sizeof(struct road_config_relocation);
		struct road_config_relocation one;

		memcpy(&one, bytes + at, sizeof(one));
		if (one.offset % 4 || one.offset < least ||
		    (uint64_t)one.offset + 4 > header->payload_bytes)
			return invalid(at, "relocation out of place", one.offset,
				       "a multiple of 4 in the payload, ascending");
		if (one.kind != ROAD_RELOCATE_UNIT && one.kind != ROAD_RELOCATE_CLAIM)
			return invalid(at, "relocation of an unknown kind", one.kind, "1, 2");
		if (one.index >= (one.kind == ROAD_RELOCATE_UNIT ? 1u : header->claim_count))
			return invalid(at, "relocation by a claim that is none", one.index,
				       one.kind == ROAD_RELOCATE_UNIT
					       ? "0 for the first unit"
					       : "below the header's claim_count");
		least = (uint64_t)one.offset + 4;
		if (canonical)
			memset(canonical + parts->payload + one.offset, 0, 4);
	}
	return ROAD_OK;
}

/* The checksum goes over the canonical form, which may not be at hand: relocated fields are left
 * out one by one. */
uint32_t road_region_image_crc(const void *image)
{
	static const uint8_t zero[4];
	struct road_config_header header;
	const uint8_t *bytes = image;
	struct parts parts;
	uint64_t at;
	uint32_t crc;

	memcpy(&header, bytes, sizeof(header));
	header.crc = 0;
	parts = parts_of(&header);
	crc = road_region_crc(0, &header, sizeof(header));
	at = sizeof(header);
	for (uint32_t i = 0; i < header.relocation_count; i++) {
		struct road_config_relocation one;

		memcpy(&one, bytes + parts.relocations + i * sizeof(one), sizeof(one));
		crc = road_region_crc(crc, bytes + at, parts.payload + one.offset - at);
		crc = road_region_crc(crc, zero, sizeof(zero));
		at = parts.payload + one.offset + sizeof(zero);
	}
	return road_region_crc(crc, bytes + at, parts.end - at);
}

road_status road_region_image_check(const void *image, uint64_t count, uint32_t kind,
				    void *canonical, struct road_region_payload *out)
{
	struct road_config_header header;
	const uint8_t *bytes = image;
	road_status status;

	if (count < sizeof(header))
		return invalid(0, "too short for a configuration image", count,
			       "104 bytes or more");
	memcpy(&header, bytes, sizeof(header));
	status = check_fields(&header, count);
	if (!status)
		status = check_name(&header);
	if (status)
		return status;
	const struct parts parts = parts_of(&header);

	if (parts.end != count)
		return invalid(FIELD(payload_bytes), "parts that do not fill the image", parts.end,
			       "as long as the image");
	status = check_zero(bytes, parts.payload + header.payload_bytes, parts.end);
	if (!status)
		status = relocate(bytes, &header, &parts, canonical);
	if (status)
		return status;
	if (road_region_image_crc(bytes) != header.crc)
		return invalid(FIELD(crc), "the checksum does not fit", header.crc,
			       "the CRC-32C of the image");
	status = check_claims(bytes, &header, &parts);
	if (status)
		return status;
	if (header.kind != kind) /* sound, but for others */
		return road_drv_errorf(ROAD_IMAGE_INCOMPATIBLE, "configuration image, byte 6",
				       "of another kind of device: %u, allowed %" PRIu32,
				       header.kind, kind);
	*out = (struct road_region_payload){
		.bytes = (canonical ? (const uint8_t *)canonical : bytes) + parts.payload,
		.byte_count = header.payload_bytes,
		.offset = parts.payload,
	};
	return ROAD_OK;
}

road_status road_region_fields_check(const struct road_region_payload *payload,
				     const struct road_region_field *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct road_region_field *f = &fields[i];
		char allowed[56];

		if (f->seen >= f->min && f->seen <= f->max)
			continue;
		if (f->min == f->max)
			snprintf(allowed, sizeof(allowed), "%" PRIu64, f->min);
		else
			snprintf(allowed, sizeof(allowed), "%" PRIu64 " .. %" PRIu64, f->min,
				 f->max);
		return invalid(payload->offset + f->at, f->what, f->seen, allowed);
	}
	return ROAD_OK;
}
