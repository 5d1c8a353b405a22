/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/traits/traits.h"

#define AT(reg)        [ROAD_TRAITS_REG_##reg / 4]
#define SAID(bytes, m) SIM_OF_CHIP(bytes, struct sim_traits, m)
#define PEAK(p, name) \
	[ROAD_TRAITS_REG_PEAK64 / 4 + 2 * ROAD_PEAK_##p] = SAID(8, peaks[ROAD_PEAK_##p]),

static const struct sim_register registers[] = {
	AT(L1_BYTES) = SAID(4, l1_bytes),         AT(L1_LINE) = SAID(4, l1_line),
	AT(L2_LINE) = SAID(4, l2_line),           AT(REGISTER_FILE) = SAID(4, register_bytes),
	AT(VECTOR_BYTES) = SAID(4, vector_bytes), AT(MATRIX_UNITS) = SAID(4, matrix_units),
	AT(HOST_RATE64) = SAID(8, host_rate),     AT(LINK_RATE64) = SAID(8, link_rate),
	AT(PEAKS_ASSUMED64) = SAID(8, assumed),
#include "uapi/peaks.def"
};

void sim_traits_peak(struct sim_traits *traits, struct sim_env *env, enum road_peak peak,
		     uint64_t rate, const char *const *parameters)
{
	traits->peaks[peak] = rate;
	for (; rate && *parameters; parameters++)
		if (sim_assumed(env, *parameters))
			traits->assumed |= UINT64_C(1) << peak;
}

uint64_t sim_traits_read(const struct sim_traits *traits, struct sim_env *env, uint32_t function,
			 uint64_t offset, uint32_t width)
{
	const struct sim_registers mine = {
		.rows = registers,
		.count = sizeof(registers) / sizeof(registers[0]),
		.env = env,
		.index = function,
		.chip = traits,
	};

	return sim_register_read(&mine, offset, width);
}
