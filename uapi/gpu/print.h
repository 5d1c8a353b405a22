/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels print: `print` and `assert_fail` hand over one record for each lane, and the chip
 * writes the records of a launch to its space's ring when the launch ends, whichever way, before it
 * completes. They stand in order of time, workgroup, warp and lane.
 *
 * The chip walks the format as C's printf does, takes the values from the buffer (each at its
 * natural alignment, from the buffer's start), and copies the strings that %s names. A conversion
 * is: % flags (any of "-+ #0") width precision length letter; width is digits or *, precision is .
 * and digits or *, length is hh h l ll j z t L or nothing. * takes 4 bytes, d i u o x X take 8 with
 * l ll j z t and else 4, c takes 4, f F e E g G a A take 8, s p n take 8 bytes. Anything else,
 * %% too, takes none. The result of `print` is how many values were taken.
 *
 * A lane whose format is address 0 gets -1 and hands over nothing. A format, or a value, that
 * cannot be read is a fault as of a load. A string that cannot be read has no text.
 */
#ifndef UAPI_GPU_PRINT_H
#define UAPI_GPU_PRINT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROAD_GPU_PRINT_FORMAT_MAX 4095u  /* bytes; what is longer is cut */
#define ROAD_GPU_PRINT_TEXT_MAX   4095u  /* of one string, or its precision if that is less */
#define ROAD_GPU_PRINT_VALUES_MAX 64u    /* further ones are not taken */
#define ROAD_GPU_PRINT_RECORD_MAX 16384u /* bytes; strings that do not fit are cut */

/* In host memory; `bytes` of data follow. Positions count bytes since the ring was set, the data
 * are used round and round. The chip writes `written` after the data, and never beyond
 * read + bytes: a record for which there is no room is lost. */
struct road_gpu_print_ring {
	uint64_t written; /* chip */
	uint64_t lost;    /* chip: records in all, before `written` */
	uint64_t padding[6];
	uint64_t read; /* host */
	uint64_t padding2[7];
};

enum road_gpu_print_kind {
	ROAD_GPU_PRINT_TEXT,   /* `print` */
	ROAD_GPU_PRINT_ASSERT, /* `assert_fail`: as by the format "%s%s%s%u" */
	ROAD_GPU_PRINT_KINDS
};

/* `values` values and then texts follow; multiples of 8 bytes, in all. */
struct road_gpu_print_record {
	uint32_t bytes;  /* all of it */
	uint16_t kind;   /* enum road_gpu_print_kind */
	uint16_t values; /* that were taken */
	uint32_t format; /* offset of the format from the record's start */
	uint32_t format_bytes;
	uint64_t time_ns; /* the chip's timer */
	uint64_t lost;    /* records that were lost just before this one */
	uint32_t ctaid[3];
	uint32_t warp; /* of the workgroup */
	uint32_t lane;
	uint32_t pc; /* word index within the kernel */
};
struct road_gpu_print_value {
	uint64_t bits; /* as it stood in the buffer, zero-extended; of a string its address */
	uint32_t text; /* of %s: offset of the string from the record's start; 0: none */
	uint32_t text_bytes;
};

/* The buffer of `assert_fail`. */
struct road_gpu_print_assert {
	uint64_t file, function, message; /* generic addresses of strings */
	uint32_t line;
	uint32_t padding;
};

#ifdef __cplusplus
}
#endif
#endif
