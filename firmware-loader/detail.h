/* SPDX-License-Identifier: Apache-2.0 */
/* Details of errors: filled once by whoever decides the error, passed on by all others. */
#ifndef FIRMWARE_LOADER_DETAIL_H
#define FIRMWARE_LOADER_DETAIL_H

#include <roadbed/firmware.h>

/* What is wrong, where, the value seen, the value allowed; NULL texts are "". */
struct finding {
	const char *what, *where, *seen, *allowed;
};

/* Fills *detail, of the size that its owner knows, unless it is NULL; answers `error`. */
road_firmware_error firmware_refuse(road_firmware_detail *detail, road_firmware_error error,
				    struct finding finding);
/* What is allowed, in words: `number` in the place of "#" in the rule, or at its end: "at most #
 * ns", "at most". */
void firmware_rule(char *out, size_t bytes, const char *rule, uint64_t number);
/* The same as firmware_refuse with numbers for seen and allowed, the latter by firmware_rule. */
road_firmware_error firmware_refuse_number(road_firmware_detail *detail, road_firmware_error error,
					   const char *what, const char *where, uint64_t seen,
					   const char *rule, uint64_t allowed);
/* The same for what the system refused: seen is errno's text. */
road_firmware_error firmware_refuse_errno(road_firmware_detail *detail, road_firmware_error error,
					  const char *what, const char *where, int error_number);
/* Puts `where` before what the detail says already: "keys.d/a.pub: line 3". */
void firmware_locate(road_firmware_detail *detail, const char *where);

#endif
