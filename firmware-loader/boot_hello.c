/* SPDX-License-Identifier: Apache-2.0 */
/* What chip and firmware say of themselves, as far as it can be held against them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware-loader/boot.h"

/* ---- the description ---- */

/* A part of a file's name: it becomes one, so it must not lead anywhere else. */
static bool is_name(const char *text, size_t bytes)
{
	const size_t length = strnlen(text, bytes);

	if (!length || length == bytes || text[0] == '.')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       length;
}

road_firmware_error boot_check_chip(struct road_firmware_boot *boot)
{
	const struct road_firmware_chip *chip = &boot->chip;

	if (!chip->component_count || chip->component_count > ROAD_FIRMWARE_COMPONENTS_MAX)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip has no firmware, or too much of it",
					chip->component_count, "components, 1 to",
					ROAD_FIRMWARE_COMPONENTS_MAX);
	bool named = is_name(chip->vendor, sizeof(chip->vendor)) &&
		     is_name(chip->chip, sizeof(chip->chip));

	for (uint32_t i = 0; i < chip->component_count; i++)
		named &= is_name(chip->components[i].name, sizeof(chip->components[i].name));
	if (!named)
		return boot_fail(boot, ROAD_FIRMWARE_BAD_DEVICE,
				 "vendor, chip or a component has no usable name", "",
				 "letters, digits, '.', '_', '-', and no '.' at first");
	if (chip->style > ROAD_FIRMWARE_PULL || !chip->chunk_bytes)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip takes images in no known way", chip->style,
					"push or pull, chunk bytes at least", 1);
	if (chip->heartbeat_ns > BOOT_HEARTBEAT_MAX_NS)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip's heartbeat is too slow to watch",
					chip->heartbeat_ns, "at most # ns", BOOT_HEARTBEAT_MAX_NS);
	if (!chip->protocol_min || chip->protocol_min > chip->protocol_max)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the driver speaks no protocol", chip->protocol_min, "1 to",
					chip->protocol_max);
	return ROAD_FIRMWARE_OK;
}

/* ---- the hello: of the last component of the table ---- */

static road_firmware_error check_version(struct road_firmware_boot *boot)
{
	const struct road_firmware_hello *hello = &boot->hello;
	const road_firmware_version said = {hello->version_major, hello->version_minor,
					    hello->version_revision, hello->version_build};
	char seen[ROAD_FIRMWARE_VERSION_TEXT], allowed[ROAD_FIRMWARE_VERSION_TEXT];

	if (!road_firmware_version_compare(&said, &boot->version))
		return ROAD_FIRMWARE_OK;
	road_firmware_version_format(&said, seen);
	road_firmware_version_format(&boot->version, allowed);
	return boot_fail(boot, ROAD_FIRMWARE_BAD_DEVICE,
			 "the firmware is not of its image's version", seen, allowed);
}

static road_firmware_error check_hello(struct road_firmware_boot *boot)
{
	const struct road_firmware_hello *hello = &boot->hello;

	if (hello->chip_id != boot->chip.chip_id)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the firmware runs on another chip", hello->chip_id,
					"chip id", boot->chip.chip_id);
	if (hello->counter != boot->counter)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the firmware has not its image's counter", hello->counter,
					"counter", boot->counter);
	if (hello->protocol_min > hello->protocol_max)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the firmware's protocols end before they begin",
					hello->protocol_min, "at most", hello->protocol_max);
	return check_version(boot);
}

/* The highest that both speak; 0: none. */
static uint32_t common_protocol(const struct road_firmware_boot *boot)
{
	const uint32_t high = boot->hello.protocol_max < boot->chip.protocol_max
				      ? boot->hello.protocol_max
				      : boot->chip.protocol_max;

	return high >= boot->hello.protocol_min && high >= boot->chip.protocol_min ? high : 0;
}

static road_firmware_error no_protocol(struct road_firmware_boot *boot)
{
	char seen[48], allowed[48];

	snprintf(seen, sizeof(seen), "%" PRIu32 " to %" PRIu32, boot->hello.protocol_min,
		 boot->hello.protocol_max);
	snprintf(allowed, sizeof(allowed), "one of %" PRIu32 " to %" PRIu32,
		 boot->chip.protocol_min, boot->chip.protocol_max);
	return boot_fail(boot, ROAD_FIRMWARE_PROTOCOL_MISMATCH,
			 "driver and firmware have no protocol in common", seen, allowed);
}

road_firmware_error boot_hello_enter(struct road_firmware_boot *boot,
				     const struct road_firmware_look *look, uint64_t now_ns)
{
	(void)now_ns;
	boot->hello = look->hello;
	road_firmware_error error = check_hello(boot);

	if (error)
		return error;
	boot->protocol = common_protocol(boot);
	error = boot_bus(boot,
			 boot->ops->tell(boot->dev, ROAD_FIRMWARE_TELL_NONCE, boot->hello.nonce),
			 "answering the hello failed");
	if (!error)
		error = boot_bus(
			boot,
			boot->ops->tell(boot->dev, ROAD_FIRMWARE_TELL_PROTOCOL, boot->protocol),
			"answering the hello failed");
	if (error)
		return error;
	boot->chosen = boot->protocol != 0;
	return boot->chosen ? ROAD_FIRMWARE_OK : no_protocol(boot);
}

/* ---- while it runs ---- */

road_firmware_error boot_run_enter(struct road_firmware_boot *boot,
				   const struct road_firmware_look *look, uint64_t now_ns)
{
	boot->code = boot->state == ROAD_FIRMWARE_STATE_DEGRADED ? look->code : 0;
	boot->heartbeat = look->heartbeat;
	boot->heartbeat_ns = now_ns;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error boot_run_stay(struct road_firmware_boot *boot,
				  const struct road_firmware_look *look, uint64_t now_ns)
{
	const uint64_t most = boot->chip.heartbeat_ns * boot->options.patience;

	if (look->heartbeat != boot->heartbeat) {
		boot->heartbeat = look->heartbeat;
		boot->heartbeat_ns = now_ns;
		return ROAD_FIRMWARE_OK;
	}
	if (!most || now_ns - boot->heartbeat_ns < most)
		return ROAD_FIRMWARE_OK;
	return boot_fail_number(boot, ROAD_FIRMWARE_HEARTBEAT_LOST,
				"the firmware's heartbeat stands still",
				now_ns - boot->heartbeat_ns, "ns, less than", most);
}
