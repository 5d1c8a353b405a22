/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/traits.h>

#include "uapi/traits.h"

_Static_assert((unsigned)ROAD_PEAKS <= (unsigned)ROAD_TRAITS_PEAKS_MAX, "a bit for each peak rate");

#define ROW(reg, m, most, number, text, in, times)                                       \
	{                                                                                \
		.name = #reg, .offset = ROAD_TRAITS_REG_##reg,                           \
		ROAD_PARAMETER_MEMBER(struct road_traits, m), .max = most, .id = number, \
		.property = text, .unit = in, .scale = times, .unknown = 1               \
	}
#define ROW32(reg, m, number, text, in) ROW(reg, m, UINT32_MAX - 1, number, text, in, 1)
#define ROW64(reg, m, number, text, in) ROW(reg, m, UINT64_MAX - 1, number, text, in, 1)
#define PEAK(p, text)                                                     \
	{.name = "PEAK64",                                                \
	 .offset = ROAD_TRAITS_REG_PEAK64 + 8 * ROAD_PEAK_##p,            \
	 ROAD_PARAMETER_MEMBER(struct road_traits, peaks[ROAD_PEAK_##p]), \
	 .max = UINT64_MAX - 1,                                           \
	 .id = 256 + ROAD_PEAK_##p,                                       \
	 .property = "peak." text,                                        \
	 .unit = "1/s",                                                   \
	 .scale = 1,                                                      \
	 .unknown = 1},

/* Numbers are never changed; the first is no property, and the peaks are the last. */
static const struct road_parameter rows[] = {
	ROW64(PEAKS_ASSUMED64, assumed, 0, NULL, ""),
	ROW32(L1_BYTES, l1_bytes, 200, "l1.bytes", "bytes"),
	ROW32(L1_LINE, l1_line, 201, "l1.line_bytes", "bytes"),
	ROW32(L2_LINE, l2_line, 202, "l2.line_bytes", "bytes"),
	ROW32(REGISTER_FILE, register_bytes, 203, "registers.bytes_per_unit", "bytes"),
	ROW32(VECTOR_BYTES, vector_bytes, 204, "compute.vector_bytes", "bytes"),
	ROW32(MATRIX_UNITS, matrix_units, 205, "compute.matrix_units", ""),
	ROW64(HOST_RATE64, host_rate, 206, "link.host_bytes_per_second", "bytes/s"),
	ROW64(LINK_RATE64, link_rate, 207, "link.unit_bytes_per_second", "bytes/s"),
#include "uapi/peaks.def"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), PEAKS_AT = ROWS - ROAD_PEAKS };

road_status road_traits_read(struct road_drv_device *dev, uint32_t region, uint64_t offset,
			     struct road_traits *out)
{
	for (uint32_t i = 0; i < ROWS; i++) {
		struct road_parameter row = rows[i];

		row.offset += offset;
		road_status status = road_parameters_read(dev, region, &row, 1, out);

		if (status)
			return status;
	}
	return ROAD_OK;
}

road_status road_traits_property(const struct road_traits *traits, uint32_t index,
				 struct road_property *out)
{
	if (++index >= ROWS)
		return ROAD_NOT_FOUND;
	road_parameter_property(&rows[index], traits, out);
	if (index >= PEAKS_AT && traits->assumed >> (index - PEAKS_AT) & 1)
		out->source = ROAD_SOURCE_ASSUMED;
	return ROAD_OK;
}

road_status road_traits_last(const struct road_boot_program *program,
			     const struct road_traits *traits, uint32_t own, uint32_t index,
			     struct road_property *out)
{
	const uint32_t of_program = program->known ? ROAD_BOOT_PROPERTIES : 0;

	if (index - own < of_program)
		return road_boot_program_property(program, index - own, own + 1, out);
	if (!road_traits_property(traits, index - own - of_program, out))
		return ROAD_OK;
	return road_drv_errorf(ROAD_NOT_FOUND, "road_device_property_at",
			       "no property %u, there are %u", index, own + of_program + ROWS - 1);
}
