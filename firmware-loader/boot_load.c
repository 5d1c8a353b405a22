/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a chip gets, and how it gets there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware-loader/boot.h"

static const struct road_firmware_component *wanted(const struct road_firmware_boot *boot)
{
	return &boot->chip.components[boot->component];
}

/* Components are wanted in the order of the chip's table: the first, or the one that follows. */
static road_firmware_error take_component(struct road_firmware_boot *boot, uint32_t component)
{
	const uint32_t count = boot->chip.component_count;
	const uint32_t next = boot->component == count ? 0 : boot->component + 1;

	if (component != next || next >= count)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip wants an image out of turn", component,
					next < count ? "component" : "none after component",
					next < count ? next : count - 1);
	boot->component = component;
	boot->sent = 0;
	boot->requests = boot->request = 0;
	boot->complete = false;
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error pass_on(struct road_firmware_boot *boot, road_firmware_error error,
				   const road_firmware_detail *detail)
{
	char what[sizeof(detail->what) + sizeof(detail->where) + 2];

	snprintf(what, sizeof(what), "%s%s%s", detail->where, detail->where[0] ? ": " : "",
		 detail->what[0] ? detail->what : "no image is to be had");
	return boot_fail(boot, error, what, detail->seen, detail->allowed);
}

/* What the caller verified is for this component of this chip, or it is not offered. */
static road_firmware_error check_image(struct road_firmware_boot *boot,
				       const road_firmware_image *image)
{
	const struct road_firmware_component *component = wanted(boot);
	road_firmware_image_info info = {.size = sizeof(info)};
	road_firmware_error error = road_firmware_image_info_get(image, &info);
	const uint32_t both = ROAD_FIRMWARE_HAS_VENDOR | ROAD_FIRMWARE_HAS_CLASS;

	if (error)
		return boot_fail(boot, error, "the image cannot be looked at", "", "");
	if (strcmp(info.component, component->name))
		return boot_fail(boot, ROAD_FIRMWARE_WRONG_CHIP,
				 "the image is of another component", info.component,
				 component->name);
	if ((info.has & both) != both || memcmp(info.vendor.bytes, component->vendor, 16) ||
	    memcmp(info.chip_class.bytes, component->chip_class, 16))
		return boot_fail(boot, ROAD_FIRMWARE_WRONG_CHIP,
				 "the image names another vendor or class", "",
				 "those of the chip's component");
	if (boot->byte_count > component->bytes_max)
		return boot_fail_number(boot, ROAD_FIRMWARE_TOO_BIG,
					"the chip has no room for the image", boot->byte_count,
					"at most # bytes", component->bytes_max);
	boot->version = info.version;
	boot->counter = info.has & ROAD_FIRMWARE_HAS_COUNTER ? info.counter : 0;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error boot_wait_enter(struct road_firmware_boot *boot,
				    const struct road_firmware_look *look, uint64_t now_ns)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	const road_firmware_image *image = NULL;
	const void *bytes = NULL;
	road_firmware_error error = take_component(boot, look->component);

	(void)now_ns;
	if (error)
		return error;
	error = boot->options.image(boot->options.arg, wanted(boot)->name, &image, &detail);
	if (!error)
		error = road_firmware_image_bytes(image, &bytes, &boot->byte_count, &detail);
	if (error)
		return pass_on(boot, error, &detail);
	boot->bytes = bytes;
	error = check_image(boot, image);
	if (error)
		return error;
	return boot_bus(boot, boot->ops->offer(boot->dev, boot->component, boot->byte_count),
			"offering the image failed");
}

static road_firmware_error same_component(struct road_firmware_boot *boot,
					  const struct road_firmware_look *look)
{
	if (look->component == boot->component)
		return ROAD_FIRMWARE_OK;
	return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
				"the chip changes its mind about the component", look->component,
				"component", boot->component);
}

road_firmware_error boot_wait_stay(struct road_firmware_boot *boot,
				   const struct road_firmware_look *look, uint64_t now_ns)
{
	(void)now_ns;
	return same_component(boot, look);
}

/* ---- the host pushes ---- */

static road_firmware_error push(struct road_firmware_boot *boot)
{
	const size_t left = boot->byte_count - boot->sent;
	const uint32_t chunk =
		left < boot->chip.chunk_bytes ? (uint32_t)left : boot->chip.chunk_bytes;
	road_firmware_error error;

	if (boot->complete)
		return ROAD_FIRMWARE_OK;
	if (left) {
		error = boot_bus(
			boot,
			boot->ops->transfer(boot->dev, boot->sent, boot->bytes + boot->sent, chunk),
			"sending the image failed");
		boot->sent += error ? 0 : chunk;
		boot->sent_all += error ? 0 : chunk;
		return error;
	}
	error = boot_bus(boot,
			 boot->ops->tell(boot->dev, ROAD_FIRMWARE_TELL_COMPLETE, boot->byte_count),
			 "saying that the image is there failed");
	boot->complete = !error;
	return error;
}

/* ---- the chip pulls ---- */

/* Enough to read all of it four times in pieces of 16 bytes. */
static uint64_t requests_max(const struct road_firmware_boot *boot)
{
	return 64 + boot->byte_count / 16 * 4;
}

static road_firmware_error check_request(struct road_firmware_boot *boot,
					 const struct road_firmware_look *look)
{
	const uint64_t bytes = look->request_bytes;

	if (look->request_offset > boot->byte_count)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip asks for bytes behind the image",
					look->request_offset, "at most #", boot->byte_count);
	if (bytes > boot->byte_count - look->request_offset)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip asks for bytes behind the image", bytes,
					"at most # bytes", boot->byte_count - look->request_offset);
	if (bytes > boot->chip.chunk_bytes)
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip asks for more than a transfer takes", bytes,
					"at most # bytes", boot->chip.chunk_bytes);
	if (boot->requests >= requests_max(boot))
		return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
					"the chip does not stop asking", boot->requests + 1,
					"at most # requests", requests_max(boot));
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error pull(struct road_firmware_boot *boot,
				const struct road_firmware_look *look)
{
	if (!look->request_bytes || (boot->requests && look->request == boot->request))
		return ROAD_FIRMWARE_OK;
	road_firmware_error error = check_request(boot, look);

	if (!error)
		error = boot_bus(boot,
				 boot->ops->transfer(boot->dev, look->request_offset,
						     boot->bytes + look->request_offset,
						     look->request_bytes),
				 "answering the chip's request failed");
	if (error)
		return error;
	boot->request = look->request;
	boot->requests++;
	boot->requests_all++;
	boot->sent_all += look->request_bytes;
	if (look->request_offset + look->request_bytes > boot->sent)
		boot->sent = (size_t)look->request_offset + look->request_bytes;
	boot->complete |= boot->sent == boot->byte_count;
	return ROAD_FIRMWARE_OK;
}

road_firmware_error boot_load_stay(struct road_firmware_boot *boot,
				   const struct road_firmware_look *look, uint64_t now_ns)
{
	road_firmware_error error = same_component(boot, look);

	(void)now_ns;
	if (error)
		return error;
	return boot->chip.style == ROAD_FIRMWARE_PULL ? pull(boot, look) : push(boot);
}

road_firmware_error boot_load_enter(struct road_firmware_boot *boot,
				    const struct road_firmware_look *look, uint64_t now_ns)
{
	return boot_load_stay(boot, look, now_ns);
}

/* A chip that goes on without the whole image cannot have checked it. */
road_firmware_error boot_loaded(struct road_firmware_boot *boot,
				const struct road_firmware_look *look, uint64_t now_ns)
{
	(void)look;
	(void)now_ns;
	if (boot->complete)
		return ROAD_FIRMWARE_OK;
	if (boot->sent == boot->byte_count)
		return boot_fail(boot, ROAD_FIRMWARE_BAD_DEVICE,
				 "the chip goes on before it was told that its image is whole", "",
				 "");
	return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
				"the chip goes on without the whole image", boot->sent, "bytes,",
				boot->byte_count);
}

road_firmware_error boot_all_loaded(struct road_firmware_boot *boot,
				    const struct road_firmware_look *look, uint64_t now_ns)
{
	const uint32_t last = boot->chip.component_count - 1;

	(void)look;
	(void)now_ns;
	if (boot->component == last)
		return ROAD_FIRMWARE_OK;
	return boot_fail_number(boot, ROAD_FIRMWARE_BAD_DEVICE,
				"the chip starts without all of its images", boot->component + 1,
				"images,", last + 1u);
}
