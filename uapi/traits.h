/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chip of any family says of its caches, its units and its peak rates: a window of
 * ROAD_TRAITS_BYTES in a function's registers, at an offset of the chip's own. All of it is read
 * only and does not change. 0: there is none, or the chip does not know.
 */
#ifndef UAPI_TRAITS_H
#define UAPI_TRAITS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In operations a second: peaks.def. */
enum road_peak {
#define PEAK(id, name) ROAD_PEAK_##id,
#include "uapi/peaks.def"
#undef PEAK
	ROAD_PEAKS
};

/* Registers: 32-bit unless the name ends in 64 (those are 8-byte aligned, 64-bit accesses). */
enum road_traits_reg {
	ROAD_TRAITS_REG_L1_BYTES = 0x00,      /* first-level cache of a compute unit */
	ROAD_TRAITS_REG_L1_LINE = 0x04,       /* bytes */
	ROAD_TRAITS_REG_L2_LINE = 0x08,       /* bytes */
	ROAD_TRAITS_REG_REGISTER_FILE = 0x0c, /* bytes of a compute unit */
	ROAD_TRAITS_REG_VECTOR_BYTES = 0x10,  /* that a vector unit, or an element, works on */
	ROAD_TRAITS_REG_MATRIX_UNITS = 0x14,  /* of a compute unit */
	ROAD_TRAITS_REG_HOST_RATE64 = 0x20,   /* peak bytes a second to or from the host */
	ROAD_TRAITS_REG_LINK_RATE64 = 0x28,   /* the same between neighbouring compute units */
	/* Bit p: peak p is no published figure, nor made of such: somebody assumed it. */
	ROAD_TRAITS_REG_PEAKS_ASSUMED64 = 0x30,
	ROAD_TRAITS_REG_PEAK64 = 0x40, /* of enum road_peak p at + 8 * p */
};
#define ROAD_TRAITS_BYTES 0x200u

#ifdef __cplusplus
}
#endif
#endif
