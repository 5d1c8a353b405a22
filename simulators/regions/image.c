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
	struct region_finding found; /* the error */
};

#define EQUAL    ROAD_REGION_RULE_EQUAL
#define AT_LEAST ROAD_REGION_RULE_AT_LEAST
#define AT_MOST  ROAD_REGION_RULE_AT_MOST
#define MULTIPLE ROAD_REGION_RULE_MULTIPLE
#define BITS     ROAD_REGION_RULE_BITS

#define FIELD(member) offsetof(struct road_config_header, member)

/* The first rule that is broken; true: none is. */
static bool keeps(const struct region_finding *rules, size_t count, struct region_finding *found)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].bad) {
			*found = rules[i];
			return false;
		}
	return true;
}

/* `at`: where it is in the image. */
static bool is_zero(const uint8_t *from, uint64_t bytes, uint64_t at, struct region_finding *found)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (from[i]) {
			*found = (struct region_finding){true, at + i, from[i], EQUAL, 0};
			return false;
		}
	return true;
}

static bool check_name(const uint8_t *name, uint64_t bytes, struct region_finding *found)
{
	size_t length = 0;

	while (length < bytes && name[length])
		length++;
	*found = (struct region_finding){length == bytes, FIELD(name), length, AT_MOST, bytes - 1};
	return length < bytes &&
	       is_zero(name + length, bytes - length, FIELD(name) + length, found);
}

static bool check_header(const struct road_config_header *header, uint32_t bytes, uint32_t kind,
			 struct region_finding *found)
{
	const struct region_finding rules[] = {
		{header->magic != ROAD_CONFIG_MAGIC, FIELD(magic), header->magic, EQUAL,
		 ROAD_CONFIG_MAGIC},
		{header->version != ROAD_CONFIG_VERSION, FIELD(version), header->version, EQUAL,
		 ROAD_CONFIG_VERSION},
		{header->kind != kind, FIELD(kind), header->kind, EQUAL, kind},
		{header->total_bytes != bytes, FIELD(total_bytes), header->total_bytes, EQUAL,
		 bytes},
		{!header->units, FIELD(units), 0, AT_LEAST, 1},
		{header->claim_count > ROAD_CONFIG_CLAIMS_MAX, FIELD(claim_count),
		 header->claim_count, AT_MOST, ROAD_CONFIG_CLAIMS_MAX},
		{header->relocation_count > ROAD_CONFIG_RELOCATIONS_MAX, FIELD(relocation_count),
		 header->relocation_count, AT_MOST, ROAD_CONFIG_RELOCATIONS_MAX},
		{header->payload_bytes > ROAD_CONFIG_MAX, FIELD(payload_bytes),
		 header->payload_bytes, AT_MOST, ROAD_CONFIG_MAX},
		{header->reserved != 0, FIELD(reserved), header->reserved, EQUAL, 0},
	};

	return keeps(rules, sizeof(rules) / sizeof(rules[0]), found) &&
	       check_name(header->name, sizeof(header->name), found);
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

	walk->found =
		(struct region_finding){true, FIELD(payload_bytes), end, EQUAL, content->bytes};
	if (end != content->bytes)
		return false;
	walk->claims = (const void *)(content->canonical + claims);
	walk->relocations = (const void *)(content->canonical + relocations);
	walk->payload = content->canonical + payload;
	payload += header->payload_bytes;
	return is_zero(content->canonical + payload, end - payload, payload, &walk->found);
}

static bool overlap(const struct road_config_claim *a, const struct road_config_claim *b)
{
	return a->kind == b->kind &&
	       (a->kind == ROAD_CLAIM_MEMORY ||
		(a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes));
}

/* The first of the claims before it that it meets; itself: none. */
static uint32_t find_overlap(const struct walk *walk, uint32_t index)
{
	uint32_t i = 0;

	while (i < index && !overlap(&walk->claims[index], &walk->claims[i]))
		i++;
	return i;
}

#define CLAIM_FIELD(member) (at + offsetof(struct road_config_claim, member))

static bool check_claim(struct walk *walk, uint32_t index)
{
	const uint32_t rights = ROAD_CONFIG_CLAIM_READ | ROAD_CONFIG_CLAIM_WRITE;
	const struct road_config_claim *claim = &walk->claims[index];
	const uint64_t at = sizeof(*walk->header) + index * sizeof(*claim);
	const bool memory = claim->kind == ROAD_CLAIM_MEMORY;
	const struct road_config_claim *other = &walk->claims[find_overlap(walk, index)];
	const struct region_finding rules[] = {
		{claim->kind < ROAD_CLAIM_SCRATCH, CLAIM_FIELD(kind), claim->kind, AT_LEAST,
		 ROAD_CLAIM_SCRATCH},
		{claim->kind > ROAD_CLAIM_MEMORY, CLAIM_FIELD(kind), claim->kind, AT_MOST,
		 ROAD_CLAIM_MEMORY},
		{!claim->flags, CLAIM_FIELD(flags), 0, AT_LEAST, 1},
		{claim->flags & ~rights, CLAIM_FIELD(flags), claim->flags, BITS, rights},
		{memory && claim->offset, CLAIM_FIELD(offset), claim->offset, EQUAL, 0},
		{memory && claim->bytes, CLAIM_FIELD(bytes), claim->bytes, EQUAL, 0},
		{!memory && !claim->bytes, CLAIM_FIELD(bytes), 0, AT_LEAST, 1},
		{claim->bytes > UINT64_MAX - claim->offset, CLAIM_FIELD(bytes), claim->bytes,
		 AT_MOST, UINT64_MAX - claim->offset},
		{memory && other != claim, CLAIM_FIELD(kind), claim->kind, EQUAL,
		 ROAD_CLAIM_SCRATCH},
		{other != claim, CLAIM_FIELD(offset), claim->offset, AT_LEAST,
		 other->offset + other->bytes},
	};

	return keeps(rules, sizeof(rules) / sizeof(rules[0]), &walk->found);
}

static bool check_claims(struct walk *walk)
{
	for (uint32_t i = 0; i < walk->header->claim_count; i++)
		if (!check_claim(walk, i))
			return false;
	return true;
}

#define RELOCATION_FIELD(member) (at + offsetof(struct road_config_relocation, member))

static bool check_relocation(struct walk *walk, uint32_t index, uint64_t at)
{
	const struct road_config_relocation *relocation = &walk->relocations[index];
	const uint64_t least = index ? (uint64_t)walk->relocations[index - 1].offset + 4 : 0;
	const uint64_t room = walk->header->payload_bytes;
	const uint32_t most =
		relocation->kind == ROAD_RELOCATE_UNIT ? 0 : walk->header->claim_count - 1u;
	const struct region_finding rules[] = {
		{relocation->offset % 4 != 0, RELOCATION_FIELD(offset), relocation->offset,
		 MULTIPLE, 4},
		{relocation->offset < least, RELOCATION_FIELD(offset), relocation->offset, AT_LEAST,
		 least},
		{relocation->offset + UINT64_C(4) > room, RELOCATION_FIELD(offset),
		 relocation->offset, AT_MOST, room < 4 ? 0 : room - 4},
		{relocation->kind < ROAD_RELOCATE_UNIT, RELOCATION_FIELD(kind), relocation->kind,
		 AT_LEAST, ROAD_RELOCATE_UNIT},
		{relocation->kind > ROAD_RELOCATE_CLAIM, RELOCATION_FIELD(kind), relocation->kind,
		 AT_MOST, ROAD_RELOCATE_CLAIM},
		{relocation->kind == ROAD_RELOCATE_CLAIM && !walk->header->claim_count,
		 RELOCATION_FIELD(kind), relocation->kind, EQUAL, ROAD_RELOCATE_UNIT},
		{relocation->index > most, RELOCATION_FIELD(index), relocation->index, AT_MOST,
		 most},
	};

	return keeps(rules, sizeof(rules) / sizeof(rules[0]), &walk->found);
}

static bool check_relocations(struct walk *walk)
{
	uint64_t base =
		(uint64_t)((const uint8_t *)walk->relocations - (const uint8_t *)walk->header);

	for (uint32_t i = 0; i < walk->header->relocation_count; i++)
		if (!check_relocation(walk, i, base + i * sizeof(walk->relocations[0])))
			return false;
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
	walk->found = (struct region_finding){true, FIELD(crc), walk->header->crc, EQUAL, crc};
	return crc == walk->header->crc;
}

enum road_config_error region_image_check(struct region_content *content, uint32_t kind,
					  struct region_finding *found)
{
	struct walk walk = {.header = (const void *)content->canonical};

	*found = (struct region_finding){true, 0, content->bytes, AT_LEAST, sizeof(*walk.header)};
	if (content->bytes < sizeof(*walk.header))
		return ROAD_CONFIG_BAD_HEADER;
	if (!check_header(walk.header, content->bytes, kind, found))
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
	*found = walk.found;
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
	struct region_finding found;

	if (!content)
		return NULL;
	memcpy(content->canonical, from->canonical, from->bytes);
	(void)region_image_check(content, kind, &found); /* it was sound; finds its parts */
	content->image.config = from->image.config;
	return content;
}
