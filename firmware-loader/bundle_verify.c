/* SPDX-License-Identifier: Apache-2.0 */
/* Is a folder what its signed manifest says, each file verified by itself, too? */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware-loader/bundle.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/file.h"

struct bundle {
	const char *folder;
	const road_firmware_keys *keys;
	road_firmware_bundle_entry *entries;
	road_firmware_image **images; /* of the entries, verified but for dependencies */
	road_firmware_present *present;
	uint32_t count;
};

/* A file of the folder as an image, and its digest. */
static road_firmware_error read_image(const char *folder, const char *name,
				      uint8_t sha256[crypto_hash_sha256_BYTES],
				      road_firmware_image **out, road_firmware_detail *detail)
{
	road_firmware_error rc;
	size_t byte_count;
	void *bytes;
	int fd;

	rc = file_open_beneath(folder, name, &fd, detail);
	if (rc)
		return rc;
	rc = file_read(fd, name, ROAD_FIRMWARE_FILE_MAX, &bytes, &byte_count, detail);
	close(fd);
	if (rc)
		return rc;
	crypto_hash_sha256(sha256, bytes, byte_count);
	rc = road_firmware_image_read(bytes, byte_count, out, detail);
	free(bytes);
	return rc;
}

static road_firmware_error is_bundle(const road_firmware_image *image, bool wanted,
				     const char *name, road_firmware_detail *detail)
{
	road_firmware_image_info info = {.size = sizeof(info)};

	road_firmware_image_info_get(image, &info);
	if (!(info.flags & ROAD_FIRMWARE_BUNDLE) == !wanted)
		return ROAD_FIRMWARE_OK;
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_BUNDLE,
			       (struct finding){wanted ? "not signed as a bundle's manifest"
						       : "a component is a bundle itself",
						name, "", ""});
}

static road_firmware_error read_manifest(struct bundle *bundle, road_firmware_detail *detail)
{
	road_firmware_image *image = NULL;
	const void *text;
	size_t bytes;
	uint8_t sha256[crypto_hash_sha256_BYTES];
	road_firmware_error rc =
		read_image(bundle->folder, BUNDLE_MANIFEST, sha256, &image, detail);

	if (!rc)
		rc = road_firmware_image_verify(image, bundle->keys, NULL, detail);
	if (!rc)
		rc = is_bundle(image, true, BUNDLE_MANIFEST, detail);
	if (!rc)
		rc = road_firmware_image_payload(image, &text, &bytes, detail);
	if (!rc)
		rc = bundle_parse(text, bytes, &bundle->entries, &bundle->count, detail);
	road_firmware_image_free(image);
	return rc;
}

static road_firmware_error check_version(const road_firmware_bundle_entry *entry,
					 const road_firmware_version *version,
					 road_firmware_detail *detail)
{
	char seen[ROAD_FIRMWARE_VERSION_TEXT], right[ROAD_FIRMWARE_VERSION_TEXT + 16];

	if (road_firmware_version_compare(version, &entry->at_least) >= 0)
		return ROAD_FIRMWARE_OK;
	road_firmware_version_format(version, seen);
	memcpy(right, "at least ", sizeof("at least "));
	road_firmware_version_format(&entry->at_least, right + strlen(right));
	return firmware_refuse(
		detail, ROAD_FIRMWARE_ROLLBACK,
		(struct finding){"older than the manifest says", "version", seen, right});
}

static road_firmware_error check_entry(struct bundle *bundle, uint32_t index,
				       road_firmware_detail *detail)
{
	const road_firmware_bundle_entry *entry = &bundle->entries[index];
	const road_firmware_policy policy = {.size = sizeof(policy), .component = entry->component};
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_image **image = &bundle->images[index];
	uint8_t sha256[crypto_hash_sha256_BYTES];
	road_firmware_error rc = read_image(bundle->folder, entry->file, sha256, image, detail);

	if (!rc && memcmp(sha256, entry->sha256, sizeof(sha256)))
		rc = firmware_refuse(detail, ROAD_FIRMWARE_HASH_MISMATCH,
				     (struct finding){"not the file that the manifest names",
						      entry->file, "", ""});
	if (!rc)
		rc = road_firmware_image_verify(*image, bundle->keys, &policy, detail);
	if (!rc)
		rc = is_bundle(*image, false, entry->file, detail);
	if (!rc)
		rc = road_firmware_image_info_get(*image, &info);
	if (!rc)
		rc = check_version(entry, &info.version, detail);
	bundle->present[index] = (road_firmware_present){index, info.version};
	return rc;
}

/* Once all are there: components are numbered by their lines, from 0. */
static road_firmware_error check_dependencies(struct bundle *bundle, uint32_t index,
					      road_firmware_detail *detail)
{
	const road_firmware_policy policy = {.size = sizeof(policy),
					     .present = bundle->present,
					     .present_count = bundle->count,
					     .check_dependencies = 1};

	return road_firmware_image_verify(bundle->images[index], bundle->keys, &policy, detail);
}

static road_firmware_error check_all(struct bundle *bundle, road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	bundle->images = calloc(bundle->count, sizeof(*bundle->images));
	bundle->present = calloc(bundle->count, sizeof(*bundle->present));
	if (!bundle->images || !bundle->present)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", "bundle", "", ""});
	for (uint32_t i = 0; !rc && i < 2 * bundle->count; i++) {
		const uint32_t index = i % bundle->count;
		char where[64];

		rc = i < bundle->count ? check_entry(bundle, index, detail)
				       : check_dependencies(bundle, index, detail);
		snprintf(where, sizeof(where), "component %.40s", bundle->entries[index].component);
		if (rc)
			firmware_locate(detail, where);
	}
	return rc;
}

road_firmware_error road_firmware_bundle_verify(const char *folder, const road_firmware_keys *keys,
						road_firmware_detail *detail)
{
	struct bundle bundle = {.folder = folder, .keys = keys};
	road_firmware_error rc;

	if (!folder || !keys)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"is NULL", folder ? "keys" : "folder", "", ""});
	rc = read_manifest(&bundle, detail);
	if (rc)
		firmware_locate(detail, BUNDLE_MANIFEST);
	else
		rc = check_all(&bundle, detail);
	for (uint32_t i = 0; bundle.images && i < bundle.count; i++)
		road_firmware_image_free(bundle.images[i]);
	free(bundle.images);
	free(bundle.present);
	free(bundle.entries);
	return rc;
}

road_firmware_error road_firmware_bundle_entry_fill(const char *folder, const char *file,
						    road_firmware_bundle_entry *out,
						    road_firmware_detail *detail)
{
	road_firmware_bundle_entry entry = {.size = sizeof(entry)};
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_image *image = NULL;
	road_firmware_error rc;

	if (!folder || !file || !out || out->size < sizeof(*out))
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"is NULL, or has no size", "folder, file or out", "", ""});
	if (!file_name_valid(file) || strlen(file) >= sizeof(entry.file))
		return firmware_refuse(detail, ROAD_FIRMWARE_BAD_BUNDLE,
				       (struct finding){"not a name that a bundle can have", folder,
							file, "a-z A-Z 0-9 . _ - and '/'"});
	rc = read_image(folder, file, entry.sha256, &image, detail);
	if (rc)
		return rc;
	rc = is_bundle(image, false, file, detail);
	road_firmware_image_info_get(image, &info);
	road_firmware_image_free(image);
	if (!rc && !info.component[0])
		rc = firmware_refuse(detail, ROAD_FIRMWARE_BAD_BUNDLE,
				     (struct finding){"names no component", file, "", "a name"});
	if (rc)
		return rc;
	memcpy(out->component, info.component, sizeof(out->component));
	memcpy(out->file, file, strlen(file) + 1);
	memcpy(out->sha256, entry.sha256, sizeof(out->sha256));
	out->at_least = info.version;
	return ROAD_FIRMWARE_OK;
}
