/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ROM's own reader of containers (uapi/firmware/image.h, docs/firmware.md): nothing of the
 * host's is in it. Each number is checked before anything is computed from it; sums are of 64
 * bits, of numbers of 32.
 */
#include <string.h>

#include "simulators/boot/internal.h"

#define AT(member) offsetof(struct road_fw_header, member)

enum { HEAD = sizeof(struct road_fw_tlv_head), ENTRY = sizeof(struct road_fw_tlv) };

/* Entries that mean something to the ROM. */
enum known {
	KNOWN_DIGEST,
	KNOWN_KEY_HASH,
	KNOWN_SIGNATURE,
	KNOWN_COUNTER,
	KNOWN_VENDOR,
	KNOWN_CLASS,
	KNOWN_COMPONENT,
	KNOWN_DEPENDENCY, /* several; it is the host that sees to them */
	KNOWN
};

static const struct row {
	uint16_t type;
	bool is_protected;
	uint16_t least, most; /* bytes */
} rows[KNOWN] = {
	[KNOWN_DIGEST] = {ROAD_FW_TLV_DIGEST, false, 32, 32},
	[KNOWN_KEY_HASH] = {ROAD_FW_TLV_KEY_HASH, false, 32, 32},
	[KNOWN_SIGNATURE] = {ROAD_FW_TLV_SIGNATURE, false, 64, 64},
	[KNOWN_COUNTER] = {ROAD_FW_TLV_COUNTER, true, 4, 4},
	[KNOWN_VENDOR] = {ROAD_FW_TLV_VENDOR, true, 16, 16},
	[KNOWN_CLASS] = {ROAD_FW_TLV_CLASS, true, 16, 16},
	[KNOWN_COMPONENT] = {ROAD_FW_TLV_COMPONENT, true, 1, 31},
	[KNOWN_DEPENDENCY] = {ROAD_FW_TLV_DEPENDENCY, true, 12, 12},
};

struct span {
	const uint8_t *at;
	uint32_t bytes;
};

struct parts {
	struct span is_signed, payload, protected_entries, open_entries;
	struct span known[KNOWN]; /* at NULL: there is none */
};

static uint16_t u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)u16(at) | (uint32_t)u16(at + 2) << 16;
}

static bool all(const uint8_t *at, uint32_t bytes, uint8_t value)
{
	for (uint32_t i = 0; i < bytes; i++)
		if (at[i] != value)
			return false;
	return true;
}

/* Behind a head that says so, and nothing else. */
static bool take_area(const uint8_t *at, uint32_t bytes, uint16_t magic, struct span *out)
{
	if (bytes < HEAD || u16(at) != magic || u16(at + 2) != bytes)
		return false;
	*out = (struct span){at + HEAD, bytes - HEAD};
	return true;
}

static bool check_header(const uint8_t *bytes)
{
	const uint16_t header = u16(bytes + AT(header_bytes));
	const uint16_t entries = u16(bytes + AT(protected_bytes));
	const uint32_t payload = u32(bytes + AT(payload_bytes));

	return u32(bytes) == ROAD_FW_MAGIC && !u32(bytes + AT(load_address)) &&
	       !u32(bytes + AT(flags)) && !u32(bytes + AT(reserved)) &&
	       header >= ROAD_FW_HEADER_BYTES && header <= ROAD_FW_HEADER_MAX && payload &&
	       payload <= ROAD_FW_PAYLOAD_MAX && (!entries || entries > HEAD) &&
	       entries <= ROAD_FW_PROTECTED_MAX;
}

/* header · payload · protected entries · open entries: to the byte. */
static bool lay_out(const uint8_t *bytes, uint32_t byte_count, struct parts *parts)
{
	uint32_t header, entries, payload;
	uint64_t open;

	if (byte_count < ROAD_FW_HEADER_BYTES || !check_header(bytes))
		return false;
	header = u16(bytes + AT(header_bytes));
	entries = u16(bytes + AT(protected_bytes));
	payload = u32(bytes + AT(payload_bytes));
	open = (uint64_t)header + payload + entries;
	if (open >= byte_count || byte_count - open > ROAD_FW_TLVS_MAX)
		return false;
	if (!all(bytes + ROAD_FW_HEADER_BYTES, header - ROAD_FW_HEADER_BYTES, 0) &&
	    !all(bytes + ROAD_FW_HEADER_BYTES, header - ROAD_FW_HEADER_BYTES, 0xff))
		return false;
	parts->is_signed = (struct span){bytes, (uint32_t)open};
	parts->payload = (struct span){bytes + header, payload};
	return (!entries || take_area(bytes + header + payload, entries, ROAD_FW_TLVS_PROTECTED,
				      &parts->protected_entries)) &&
	       take_area(bytes + open, byte_count - (uint32_t)open, ROAD_FW_TLVS_OPEN,
			 &parts->open_entries);
}

/* The entry that `left` begins with, and what is left behind it; false: it does not fit. */
static bool next_entry(struct span *left, uint16_t *type, struct span *value)
{
	if (left->bytes < ENTRY || u16(left->at + 2) > left->bytes - ENTRY)
		return false;
	*type = u16(left->at);
	*value = (struct span){left->at + ENTRY, u16(left->at + 2)};
	left->at += ENTRY + value->bytes;
	left->bytes -= ENTRY + value->bytes;
	return true;
}

/* Does one of this type stand in the area before `end`? */
static bool stands_before(struct span area, const uint8_t *end, uint16_t type)
{
	struct span value;
	uint16_t other;

	while (next_entry(&area, &other, &value) && value.at < end)
		if (other == type)
			return true;
	return false;
}

static bool take_entry(struct parts *parts, const struct span *area, bool is_protected,
		       uint16_t type, const struct span *value)
{
	const uint8_t low = (uint8_t)type;
	bool twice = stands_before(*area, value->at, type);

	for (uint32_t i = 0; i < KNOWN; i++) {
		if (rows[i].type != type)
			continue;
		if (i == KNOWN_DEPENDENCY)
			twice = false;
		parts->known[i] = *value;
		return rows[i].is_protected == is_protected && !twice &&
		       value->bytes >= rows[i].least && value->bytes <= rows[i].most &&
		       (i != KNOWN_DEPENDENCY || all(value->at + 1, 3, 0));
	}
	return is_protected && !twice && low >= ROAD_FW_TLV_OWN_FIRST &&
	       low <= ROAD_FW_TLV_OWN_LAST;
}

static bool take_entries(struct parts *parts, const struct span *area, bool is_protected)
{
	struct span left = *area, value;
	uint16_t type;

	while (left.bytes)
		if (!next_entry(&left, &type, &value) ||
		    !take_entry(parts, area, is_protected, type, &value))
			return false;
	return true;
}

static bool read_container(const uint8_t *bytes, uint32_t byte_count, struct parts *parts)
{
	return lay_out(bytes, byte_count, parts) &&
	       take_entries(parts, &parts->protected_entries, true) &&
	       take_entries(parts, &parts->open_entries, false) && parts->known[KNOWN_DIGEST].at &&
	       parts->known[KNOWN_KEY_HASH].at && parts->known[KNOWN_SIGNATURE].at;
}

static const struct boot_key *find_key(const struct sim_boot *boot, const uint8_t *hash)
{
	for (uint32_t i = 0; i < boot->key_count; i++)
		if (!memcmp(boot->keys[i].hash, hash, sizeof(boot->keys[i].hash)))
			return &boot->keys[i];
	return NULL;
}

static bool is(const struct span *entry, const void *bytes, size_t byte_count)
{
	return entry->at && entry->bytes == byte_count && !memcmp(entry->at, bytes, byte_count);
}

static bool is_for_chip(const struct sim_boot *boot, const struct parts *parts)
{
	static const uint8_t vendor[16] = ROAD_PROGRAM_VENDOR;
	const char *name = boot->setup.components[boot->component].name;

	return is(&parts->known[KNOWN_VENDOR], vendor, sizeof(vendor)) &&
	       is(&parts->known[KNOWN_CLASS], boot->setup.chip_class,
		  sizeof(boot->setup.chip_class)) &&
	       is(&parts->known[KNOWN_COMPONENT], name, strlen(name));
}

enum road_boot_code boot_check_image(const struct sim_boot *boot, const uint8_t *bytes,
				     uint32_t byte_count, struct boot_image *out)
{
	struct parts parts = {0};
	const struct boot_key *key;
	uint8_t digest[32];

	if (!read_container(bytes, byte_count, &parts))
		return ROAD_BOOT_CODE_CONTAINER;
	boot_digest(parts.is_signed.at, parts.is_signed.bytes, digest);
	if (memcmp(digest, parts.known[KNOWN_DIGEST].at, sizeof(digest)) != 0)
		return ROAD_BOOT_CODE_DIGEST;
	key = find_key(boot, parts.known[KNOWN_KEY_HASH].at);
	if (!key)
		return ROAD_BOOT_CODE_KEY;
	if (!boot_is_signed(digest, parts.known[KNOWN_SIGNATURE].at, key->key))
		return ROAD_BOOT_CODE_SIGNATURE;
	if (!is_for_chip(boot, &parts))
		return ROAD_BOOT_CODE_CHIP;
	const uint8_t *version = bytes + AT(version);

	*out = (struct boot_image){
		.version = {version[0], version[1], u16(version + 2), u32(version + 4)},
		.counter = parts.known[KNOWN_COUNTER].at ? u32(parts.known[KNOWN_COUNTER].at) : 0,
		.payload = parts.payload.at,
		.payload_bytes = parts.payload.bytes,
	};
	return ROAD_BOOT_CODE_NONE;
}
