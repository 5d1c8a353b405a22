/* SPDX-License-Identifier: Apache-2.0 */
/* The container of configuration images: checked from end to end, on a copy. */
#include <stdlib.h>
#include <string.h>

#include "simulators/regions/internal.h"

uint32_t region_crc(uint32_t crc, const void *bytes, uint64_t count)
{
	const uint8_t *at = bytes;

	crc = ~crc;
	for (uint64_t i = 0; i < count; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

struct region_content *region_content_new(uint32_t bytes)
{
	/* Twice: as it came, and the payload as it is relocated. 8-byte aligned, both. */
	uint64_t room = ((uint64_t)bytes + 7) / 8 * 8;
	struct region_content *content = calloc(1, sizeof(*content) + 2 * room);

	if (!content)
		return NULL;
	content->bytes = bytes;
	content->payload = content->canonical + room;
	return content;
}

struct walk { /* the parts of an image */
	const struct road_config_header *header;
	const struct road_config_claim *claims;
	const struct road_config_relocation *relocations;
	uint8_t *payload;
	uint64_t at; /* of the error */
};

static bool is_zero(const uint8_t *from, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (from[i])
			return false;
	return true;
}

static bool check_name(const uint8_t *name, uint64_t bytes, uint64_t *at)
{
	size_t length = 0;

	while (length < bytes && name[length])
		length++;
	*at = offsetof(struct road_config_header, name);
	return length < bytes && is_zero(name + length, bytes - length);
}

#define FIELD(member) offsetof(struct road_config_header, member)

static bool check_header(const struct road_config_header *header, uint32_t bytes, uint32_t kind,
			 uint64_t *at)
{
	const struct {
		bool bad;
		uint64_t at;
	} rules[] = {
		{header->magic != ROAD_CONFIG_MAGIC, FIELD(magic)},
		{header->version != ROAD_CONFIG_VERSION, FIELD(version)},
		{header->kind != kind, FIELD(kind)},
		{header->total_bytes != bytes, FIELD(total_bytes)},
		{!header->units, FIELD(units)},
		{header->claim_count > ROAD_CONFIG_CLAIMS_MAX, FIELD(claim_count)},
		{header->relocation_count > ROAD_CONFIG_RELOCATIONS_MAX, FIELD(relocation_count)},
		{header->payload_bytes > ROAD_CONFIG_MAX, FIELD(payload_bytes)},
		{header->reserved != 0, FIELD(reserved)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			*at = rules[i].at;
			return false;
		}
	return check_name(header->name, sizeof(header->name), at);
}

static uint64_t up8(uint64_t bytes)
{
	return (bytes + 7) / 8 * 8;
}

static bool find_parts(struct region_content *content, struct walk *walk)
{
	const struct road_config_header *header = walk->header;
	uint64_t claims = sizeof(*header);
	uint64_t relocations = claims + header->claim_count * sizeof(struct road_config_claim);
	uint64_t payload = relocations + (uint64_t)header->relocation_count *
						 sizeof(struct road_config_relocation);
	uint64_t end = payload + up8(header->payload_bytes);

	walk->at = FIELD(total_bytes);
	if (end != content->bytes)
		return false;
	walk->claims = (const void *)(content->canonical + claims);
	walk->relocations = (const void *)(content->canonical + relocations);
	walk->payload = content->canonical + payload;
	walk->at = payload + header->payload_bytes;
	return is_zero(content->canonical + walk->at, end - walk->at);
}

static bool overlap(const struct road_config_claim *a, const struct road_config_claim *b)
{
	return a->kind == b->kind && a->offset < b->offset + b->bytes &&
	       b->offset < a->offset + a->bytes;
}

static bool check_claim(const struct walk *walk, uint32_t index)
{
	const uint32_t rights = ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE;
	const struct road_config_claim *claim = &walk->claims[index];

	if (!claim->flags || claim->flags & ~rights)
		return false;
	if (claim->kind == ROAD_CLAIM_MEMORY) {
		for (uint32_t i = 0; i < index; i++)
			if (walk->claims[i].kind == ROAD_CLAIM_MEMORY)
				return false;
		return !claim->offset && !claim->bytes;
	}
	if (claim->kind != ROAD_CLAIM_SCRATCH || !claim->bytes ||
	    claim->offset + claim->bytes < claim->offset)
		return false;
	for (uint32_t i = 0; i < index; i++)
		if (overlap(claim, &walk->claims[i]))
			return false;
	return true;
}

static bool check_claims(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->header->claim_count; i++) {
		walk->at = sizeof(*walk->header) + i * sizeof(walk->claims[0]);
		if (!check_claim(walk, i))
			return false;
	}
	return true;
}

static bool check_relocation(const struct walk *walk, uint32_t index)
{
	const struct road_config_relocation *relocation = &walk->relocations[index];
	uint64_t least = index ? (uint64_t)walk->relocations[index - 1].offset + 4 : 0;

	if (relocation->offset % 4 || relocation->offset < least ||
	    (uint64_t)relocation->offset + 4 > walk->header->payload_bytes)
		return false;
	if (relocation->kind == ROAD_RELOCATE_UNIT)
		return relocation->index == 0;
	return relocation->kind == ROAD_RELOCATE_CLAIM &&
	       relocation->index < walk->header->claim_count;
}

static bool check_relocations(struct walk *walk)
{
	uint64_t base =
		(uint64_t)((const uint8_t *)walk->relocations - (const uint8_t *)walk->header);

	for (uint32_t i = 0; i < walk->header->relocation_count; i++) {
		walk->at = base + i * sizeof(walk->relocations[0]);
		if (!check_relocation(walk, i))
			return false;
	}
	return true;
}

/* What loading fills in becomes zero: the canonical form, over which the CRC goes. */
static void make_canonical(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->header->relocation_count; i++)
		memset(walk->payload + walk->relocations[i].offset, 0, 4);
}

static bool check_crc(struct region_content *content, struct walk *walk)
{
	struct road_config_header header = *walk->header;
	uint32_t crc;

	header.crc = 0;
	crc = region_crc(0, &header, sizeof(header));
	crc = region_crc(crc, content->canonical + sizeof(header), content->bytes - sizeof(header));
	walk->at = FIELD(crc);
	return crc == walk->header->crc;
}

enum road_config_error region_image_check(struct region_content *content, uint32_t kind,
					  uint64_t *at)
{
	struct walk walk = {.header = (const void *)content->canonical};

	*at = 0;
	if (content->bytes < sizeof(*walk.header))
		return ROAD_CONFIG_BAD_HEADER;
	if (!check_header(walk.header, content->bytes, kind, at))
		return ROAD_CONFIG_BAD_HEADER;
	enum road_config_error error = ROAD_CONFIG_OK;

	if (!find_parts(content, &walk))
		error = ROAD_CONFIG_BAD_HEADER;
	else if (!check_relocations(&walk))
		error = ROAD_CONFIG_BAD_RELOCATION;
	if (!error) {
		make_canonical(&walk);
		if (!check_crc(content, &walk))
			error = ROAD_CONFIG_BAD_CRC;
		else if (!check_claims(&walk))
			error = ROAD_CONFIG_BAD_CLAIM;
	}
	*at = walk.at;
	content->image.header = walk.header;
	content->image.claims = walk.claims;
	content->image.payload_bytes = walk.header->payload_bytes;
	if (!error)
		memcpy(content->payload, walk.payload, walk.header->payload_bytes);
	return error;
}

void region_image_relocate(struct region_content *content, const struct region *region)
{
	const struct road_config_header *header = content->image.header;
	const struct road_config_claim *claims = content->image.claims;
	const struct road_config_relocation *relocations =
		(const void *)(claims + header->claim_count);

	content->image.payload = content->payload;
	content->image.region = region->index;
	content->image.first_unit = region->first_unit;
	content->image.units = region->units;
	for (uint32_t i = 0; i < header->relocation_count; i++) {
		uint32_t value = relocations[i].kind == ROAD_RELOCATE_UNIT
					 ? region->first_unit
					 : (uint32_t)claims[relocations[i].index].offset;

		memcpy(content->payload + relocations[i].offset, &value, sizeof(value));
	}
}

struct region_content *region_content_copy(const struct region_content *from, uint32_t kind)
{
	struct region_content *content = region_content_new(from->bytes);
	uint64_t at;

	if (!content)
		return NULL;
	memcpy(content->canonical, from->canonical, from->bytes);
	(void)region_image_check(content, kind, &at); /* it was sound; finds its parts */
	content->image.config = from->image.config;
	return content;
}
