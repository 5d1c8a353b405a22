/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libroadbed-firmware as the core sees it: its public functions, from the library that is loaded
 * when the first chip wants to be booted. Who has no such chip never loads it.
 */
#ifndef HAL_BUS_FIRMWARE_LIBRARY_H
#define HAL_BUS_FIRMWARE_LIBRARY_H

#include <roadbed-driver/firmware.h>
#include <roadbed/firmware_boot.h>
#include <roadbed/firmware_store.h>

/* Each a function of the headers above, "road_firmware_" before it. */
#define ROAD_FIRMWARE_CALLS(CALL) \
	CALL(boot_create)         \
	CALL(boot_free)           \
	CALL(boot_step)           \
	CALL(boot_info_get)       \
	CALL(state_text)          \
	CALL(error_name)          \
	CALL(error_status)        \
	CALL(version_format)      \
	CALL(image_read)          \
	CALL(image_free)          \
	CALL(image_info_get)      \
	CALL(image_bytes)         \
	CALL(image_verify)        \
	CALL(keys_create)         \
	CALL(image_dependency)    \
	CALL(version_compare)     \
	CALL(keys_get)            \
	CALL(keys_free)           \
	CALL(keys_add)            \
	CALL(keys_add_folder)     \
	CALL(keys_add_file)       \
	CALL(find)                \
	CALL(file_bytes)          \
	CALL(file_path)           \
	CALL(file_tried)          \
	CALL(file_free)

struct road_firmware_library {
#define CALL(name) __typeof__(road_firmware_##name) *name;
	ROAD_FIRMWARE_CALLS(CALL)
#undef CALL
};

/* Loads the library unless it is there: from `folder` (may be NULL), from beside this library, or
 * from where the loader looks. ROAD_UNSUPPORTED with the loader's words. */
road_status road_firmware_library_get(const char *folder, const struct road_firmware_library **out);

#endif
