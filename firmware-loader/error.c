/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed/firmware.h>

#define ROW(error, text, status) [ROAD_FIRMWARE_##error] = {#error, text, status}
static const struct {
	const char *name, *text;
	road_status status;
} errors[] = {
	ROW(OK, "no error", ROAD_OK),
	ROW(NOT_FOUND, "not found", ROAD_NOT_FOUND),
	ROW(TOO_BIG, "too big", ROAD_NO_SPACE),
	ROW(BAD_MAGIC, "not a firmware image", ROAD_IMAGE_INVALID),
	ROW(BAD_HEADER, "bad header", ROAD_IMAGE_INVALID),
	ROW(BAD_TLV, "bad entry behind the payload", ROAD_IMAGE_INVALID),
	ROW(HASH_MISMATCH, "digest does not fit the content", ROAD_SIGNATURE),
	ROW(UNKNOWN_KEY, "signed by a key that is not known", ROAD_SIGNATURE),
	ROW(BAD_SIGNATURE, "bad signature", ROAD_SIGNATURE),
	ROW(REVOKED_KEY, "signed by a key that is revoked", ROAD_SIGNATURE),
	ROW(ROLLBACK, "older than what is accepted", ROAD_ROLLBACK_REFUSED),
	ROW(WRONG_CHIP, "for another chip", ROAD_IMAGE_INCOMPATIBLE),
	ROW(WRONG_ABI, "of a version that is not known", ROAD_IMAGE_INCOMPATIBLE),
	ROW(DEPENDENCY_MISSING, "needs what is not there", ROAD_IMAGE_INCOMPATIBLE),
	ROW(BUSY, "busy", ROAD_BUSY),
	ROW(CANCELLED, "cancelled", ROAD_CANCELLED),
	ROW(TIMEOUT, "a boot state took too long", ROAD_TIMEOUT),
	ROW(RW_ERROR, "reading or writing failed", ROAD_IO),
	ROW(WEAROUT, "what was written does not read back", ROAD_IO),
	ROW(ROM_REJECTED, "refused by the boot ROM", ROAD_SIGNATURE),
	ROW(SELFTEST_FAILED, "its self-test failed", ROAD_FAULT),
	ROW(HEARTBEAT_LOST, "its heartbeat stopped", ROAD_FAULT),
	ROW(PROTOCOL_MISMATCH, "no protocol in common", ROAD_UNSUPPORTED),
	ROW(INVALID_ARGUMENT, "invalid argument", ROAD_INVALID_ARGUMENT),
	ROW(OUT_OF_MEMORY, "out of memory", ROAD_OUT_OF_HOST_MEMORY),
	ROW(NOT_VERIFIED, "not verified", ROAD_SIGNATURE),
	ROW(BAD_KEY_FILE, "bad key file", ROAD_INVALID_ARGUMENT),
	ROW(BAD_BUNDLE, "bad bundle", ROAD_IMAGE_INVALID),
	ROW(UNSUPPORTED, "not supported", ROAD_UNSUPPORTED),
	ROW(BAD_DEVICE, "the chip broke the rules of booting", ROAD_FAULT),
	ROW(BAD_COMPRESSION, "a compressed file is damaged", ROAD_IMAGE_INVALID),
};
#undef ROW

static int known(road_firmware_error error)
{
	return (unsigned)error < sizeof(errors) / sizeof(errors[0]) && errors[error].name;
}

const char *road_firmware_error_text(road_firmware_error error)
{
	return known(error) ? errors[error].text : "unknown error";
}

const char *road_firmware_error_name(road_firmware_error error)
{
	return known(error) ? errors[error].name : "UNKNOWN";
}

road_status road_firmware_error_status(road_firmware_error error)
{
	return known(error) ? errors[error].status : ROAD_INTERNAL;
}
