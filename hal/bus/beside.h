/* SPDX-License-Identifier: Apache-2.0 */
/* Libraries of Roadbed itself that are loaded when they are first needed, and kept. */
#ifndef HAL_BUS_BESIDE_H
#define HAL_BUS_BESIDE_H

/* Opens `name` in the named folder (may be NULL), in the folder of this library, or wherever the
 * loader looks. NULL: dlerror says why. */
void *road_open_beside(const char *folder, const char *name);

#endif
