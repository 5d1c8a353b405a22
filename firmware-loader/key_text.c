/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as text: PEM, and before a public key the lines that say what it may sign. */
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/keys.h"
#include "uapi/firmware/image.h"

enum { BODY_MAX = 128, DER_MAX = BODY_MAX / 4 * 3, KEY_BYTES = 32 };
#define BEGIN "-----BEGIN "
#define END   "-----END "

/* The two kinds; both are a fixed prefix and the 32 bytes of the key (RFC 8410). */
static const struct kind {
	const char *label; /* between the dashes */
	uint8_t prefix[16];
	size_t prefix_bytes;
} public_kind = {"PUBLIC KEY-----", ROAD_FW_KEY_DER_PREFIX, 12},
  private_kind = {"PRIVATE KEY-----",
		  {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04,
		   0x22, 0x04, 0x20},
		  16};

/* Text, line by line. */
struct lines {
	const char *at, *end;
	unsigned number; /* of the line, from 1 */
	const char *line;
	size_t bytes; /* without its end */
};

static bool next(struct lines *l)
{
	const char *newline;

	if (l->at == l->end)
		return false;
	newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
	l->line = l->at;
	l->bytes = (size_t)((newline ? newline : l->end) - l->at);
	l->at = newline ? newline + 1 : l->end;
	if (l->bytes && l->line[l->bytes - 1] == '\r')
		l->bytes--;
	l->number++;
	return true;
}

static bool begins(const struct lines *l, const char *with)
{
	return l->bytes >= strlen(with) && !memcmp(l->line, with, strlen(with));
}

static bool blank(const struct lines *l)
{
	for (size_t i = 0; i < l->bytes; i++)
		if (l->line[i] != ' ' && l->line[i] != '\t')
			return false;
	return true;
}

/* Of what may be a secret nothing is repeated: `seen` is for other lines. */
static road_firmware_error refuse(road_firmware_detail *detail, const struct lines *l,
				  const char *what, const char *seen, size_t seen_bytes,
				  const char *allowed)
{
	char where[32], text[64];

	snprintf(where, sizeof(where), "line %u", l->number);
	snprintf(text, sizeof(text), "%.*s", (int)(seen_bytes < 60 ? seen_bytes : 60),
		 seen ? seen : "");
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_KEY_FILE,
			       (struct finding){what, where, text, allowed});
}

/* ---- what a key may sign ---- */

static bool set_vendor(road_firmware_key *key, const char *value)
{
	return !road_firmware_uuid_parse(value, &key->vendor, NULL);
}

static bool set_class(road_firmware_key *key, const char *value)
{
	return !road_firmware_uuid_parse(value, &key->chip_class, NULL);
}

static bool set_counter(road_firmware_key *key, const char *value)
{
	uint64_t number = 0;

	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		number = number * 10 + (uint64_t)(*c - '0');
		if (number > UINT32_MAX)
			return false;
	}
	key->minimum_counter = (uint32_t)number;
	return *value;
}

static bool set_revoked(road_firmware_key *key, const char *value)
{
	key->revoked = !strcmp(value, "yes");
	return key->revoked || !strcmp(value, "no");
}

static const struct name {
	const char *text, *allowed;
	uint32_t has; /* the bit that says so; 0: none */
	bool (*set)(road_firmware_key *key, const char *value);
} names[] = {
	{"vendor", "a UUID", ROAD_FIRMWARE_HAS_VENDOR, set_vendor},
	{"class", "a UUID", ROAD_FIRMWARE_HAS_CLASS, set_class},
	{"minimum-counter", "0 to 4294967295", ROAD_FIRMWARE_HAS_COUNTER, set_counter},
	{"revoked", "yes or no", 0, set_revoked},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* A line "name: value" before the key; *seen has a bit for each name that was there. */
static road_firmware_error policy_line(const struct lines *l, road_firmware_key *key,
				       unsigned *seen, road_firmware_detail *detail)
{
	const char *colon = memchr(l->line, ':', l->bytes);
	const size_t bytes = colon ? (size_t)(colon - l->line) : 0;
	char value[64];
	size_t i = 0;

	while (i < NAMES &&
	       (bytes != strlen(names[i].text) || memcmp(l->line, names[i].text, bytes)))
		i++;
	if (i == NAMES)
		return refuse(detail, l, "says nothing that is known", l->line, l->bytes,
			      "vendor, class, minimum-counter, revoked; # before a remark");
	if (*seen & 1u << i)
		return refuse(detail, l, "is said twice", l->line, l->bytes, "once");
	*seen |= 1u << i;
	for (colon++; colon < l->line + l->bytes && *colon == ' ';)
		colon++;
	const size_t value_bytes = (size_t)(l->line + l->bytes - colon);

	snprintf(value, sizeof(value), "%.*s", (int)(value_bytes < 63 ? value_bytes : 63), colon);
	if (strlen(value) != value_bytes || !names[i].set(key, value))
		return refuse(detail, l, "has a wrong value", l->line, l->bytes, names[i].allowed);
	key->has |= names[i].has;
	return ROAD_FIRMWARE_OK;
}

/* All lines before BEGIN; key is NULL if they say nothing. */
static road_firmware_error read_policy(struct lines *l, road_firmware_key *key,
				       road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;
	unsigned seen = 0;

	while (!rc) {
		if (!next(l))
			return refuse(detail, l, "there is no key", "", 0, BEGIN "…");
		if (begins(l, BEGIN))
			return ROAD_FIRMWARE_OK;
		if (key && !blank(l) && l->line[0] != '#')
			rc = policy_line(l, key, &seen, detail);
	}
	return rc;
}

/* ---- PEM ---- */

static bool is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

static road_firmware_error append(const struct lines *l, char *body, size_t *used,
				  road_firmware_detail *detail)
{
	for (size_t i = 0; i < l->bytes; i++) {
		if (!is_base64(l->line[i]))
			return refuse(detail, l, "is not base64", "", 0, "A-Z a-z 0-9 + / =");
		if (*used == BODY_MAX)
			return refuse(detail, l, "is too long for an Ed25519 key", "", 0,
				      "an Ed25519 key");
		body[(*used)++] = l->line[i];
	}
	return ROAD_FIRMWARE_OK;
}

static bool framed(const struct lines *l, const char *dashes, const char *label)
{
	return begins(l, dashes) && l->bytes == strlen(dashes) + strlen(label) &&
	       !memcmp(l->line + strlen(dashes), label, strlen(label));
}

/* The lines from BEGIN, where l stands, to the end of the text. */
static road_firmware_error read_body(struct lines *l, const struct kind *kind, char *body,
				     size_t *used, road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	if (!framed(l, BEGIN, kind->label))
		return refuse(detail, l, "another kind of key", l->line, l->bytes, kind->label);
	while (!rc) {
		if (!next(l))
			return refuse(detail, l, "the key has no end", "", 0, END "…");
		if (begins(l, "-"))
			break;
		rc = append(l, body, used, detail);
	}
	if (!rc && !framed(l, END, kind->label))
		return refuse(detail, l, "the key ends in another way", l->line, l->bytes,
			      kind->label);
	while (!rc && next(l))
		if (!blank(l))
			rc = refuse(detail, l, "there is more behind the key", "", 0, "nothing");
	return rc;
}

static road_firmware_error read_key(const char *text, size_t bytes, const struct kind *kind,
				    road_firmware_key *policy, uint8_t out[KEY_BYTES],
				    road_firmware_detail *detail)
{
	struct lines l = {.at = text, .end = text + bytes};
	uint8_t der[DER_MAX];
	char body[BODY_MAX];
	size_t used = 0, der_bytes = 0;
	const char *end = NULL;
	road_firmware_error rc = read_policy(&l, policy, detail);

	if (!rc)
		rc = read_body(&l, kind, body, &used, detail);
	if (!rc && (sodium_base642bin(der, sizeof(der), body, used, NULL, &der_bytes, &end,
				      sodium_base64_VARIANT_ORIGINAL) ||
		    end != body + used || der_bytes != kind->prefix_bytes + KEY_BYTES ||
		    memcmp(der, kind->prefix, kind->prefix_bytes)))
		rc = refuse(detail, &l, "what is between BEGIN and END is no Ed25519 key", "", 0,
			    "an Ed25519 key (RFC 8410)");
	if (!rc)
		memcpy(out, der + kind->prefix_bytes, KEY_BYTES);
	sodium_memzero(der, sizeof(der));
	sodium_memzero(body, sizeof(body));
	return rc;
}

static road_firmware_error check(const void *text, const void *out, road_firmware_detail *detail)
{
	if (text && out)
		return keys_ready(detail);
	return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			       (struct finding){"is NULL", text ? "out" : "text", "", ""});
}

road_firmware_error road_firmware_key_read_private(const char *text, size_t bytes,
						   uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
						   road_firmware_detail *detail)
{
	road_firmware_error rc = check(text, seed, detail);

	return rc ? rc : read_key(text, bytes, &private_kind, NULL, seed, detail);
}

road_firmware_error road_firmware_key_read_public(const char *text, size_t bytes,
						  road_firmware_key *out,
						  road_firmware_detail *detail)
{
	road_firmware_key made = {.size = sizeof(made)};
	road_firmware_error rc = check(text, out, detail);

	if (!rc)
		rc = read_key(text, bytes, &public_kind, &made, made.key, detail);
	if (!rc && !bytes_struct_out(out, &made, sizeof(made)))
		rc = firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				     (struct finding){"size is not set", "out", "", ""});
	return rc;
}

/* ---- the other way ---- */

static road_firmware_error write_key(const char *policy, const struct kind *kind,
				     const uint8_t key[KEY_BYTES], char **out, size_t *out_bytes,
				     road_firmware_detail *detail)
{
	enum { ROOM = 512 };
	uint8_t der[sizeof(kind->prefix) + KEY_BYTES];
	char body[BODY_MAX], *text = malloc(ROOM);

	if (!text)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "key", "", ""});
	memcpy(der, kind->prefix, kind->prefix_bytes);
	memcpy(der + kind->prefix_bytes, key, KEY_BYTES);
	sodium_bin2base64(body, sizeof(body), der, kind->prefix_bytes + KEY_BYTES,
			  sodium_base64_VARIANT_ORIGINAL);
	*out_bytes = (size_t)snprintf(text, ROOM, "%s" BEGIN "%s\n%s\n" END "%s\n", policy,
				      kind->label, body, kind->label);
	*out = text;
	sodium_memzero(der, sizeof(der));
	sodium_memzero(body, sizeof(body));
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_key_write_private(const uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
						    char **out, size_t *out_bytes,
						    road_firmware_detail *detail)
{
	road_firmware_error rc = check(seed, out_bytes ? out : NULL, detail);

	return rc ? rc : write_key("", &private_kind, seed, out, out_bytes, detail);
}

road_firmware_error road_firmware_key_write_public(const road_firmware_key *key, char **out,
						   size_t *out_bytes, road_firmware_detail *detail)
{
	char policy[256] = "", uuid[ROAD_FIRMWARE_UUID_TEXT];
	road_firmware_error rc = check(key, out_bytes ? out : NULL, detail);
	road_firmware_key in;
	int used = 0;

	if (!rc)
		rc = bytes_struct_in(&in, sizeof(in), key, "key", detail);
	if (rc)
		return rc;
	if (in.has & ROAD_FIRMWARE_HAS_VENDOR) {
		road_firmware_uuid_format(&in.vendor, uuid);
		used += snprintf(policy + used, sizeof(policy) - (size_t)used, "vendor: %s\n",
				 uuid);
	}
	if (in.has & ROAD_FIRMWARE_HAS_CLASS) {
		road_firmware_uuid_format(&in.chip_class, uuid);
		used += snprintf(policy + used, sizeof(policy) - (size_t)used, "class: %s\n", uuid);
	}
	if (in.has & ROAD_FIRMWARE_HAS_COUNTER)
		used += snprintf(policy + used, sizeof(policy) - (size_t)used,
				 "minimum-counter: %" PRIu32 "\n", in.minimum_counter);
	if (in.revoked)
		snprintf(policy + used, sizeof(policy) - (size_t)used, "revoked: yes\n");
	return write_key(policy, &public_kind, in.key, out, out_bytes, detail);
}

road_firmware_error road_firmware_key_generate(uint8_t seed[ROAD_FIRMWARE_SEED_BYTES],
					       uint8_t key[ROAD_FIRMWARE_PUBLIC_BYTES],
					       road_firmware_detail *detail)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	road_firmware_error rc = check(seed, key, detail);

	if (rc)
		return rc;
	randombytes_buf(seed, ROAD_FIRMWARE_SEED_BYTES);
	crypto_sign_seed_keypair(key, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	return ROAD_FIRMWARE_OK;
}

void road_firmware_free(void *bytes)
{
	free(bytes);
}
