/* SPDX-License-Identifier: Apache-2.0 */
/* What functions that record commands share: list.c. */
#ifndef HAL_CORE_LIST_H
#define HAL_CORE_LIST_H

#include "hal/core/core.h"

/* What every recording function checks. On ROAD_OK the list's lock is held, until the end. */
road_status road_list_begin(struct road_list *list, enum road_command_kind kind, const char *where);
road_status road_list_end(struct road_list *list, road_status status);
/* Appends a command that names an object, which may be NULL. */
road_status road_list_record(struct road_list *list, const struct road_cmd *command,
			     struct road_object *object, const char *where);
/* At least a byte of a buffer of the list's space. */
road_status road_list_check_range(const struct road_list *list, struct road_buffer *buffer,
				  uint64_t offset, uint64_t bytes, const char *where);
road_status road_list_no_memory(const char *where);

#endif
