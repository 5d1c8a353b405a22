/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/dsa/rows.h"

#define STRING2(x) #x
#define STRING(x)  STRING2(x)

extern const struct dsa_vector_ops DSA_NAME(dsa_vector_ops);
const struct dsa_vector_ops DSA_NAME(dsa_vector_ops) = {
	.name = STRING(VARIANT),
	.floats = DSA_NAME(dsa_rows_float),
	.ints = DSA_NAME(dsa_rows_int),
	.compare = DSA_NAME(dsa_rows_compare),
	.reduce = DSA_NAME(dsa_rows_reduce),
	.to_f32 = DSA_NAME(dsa_rows_to_f32),
	.to_s32 = DSA_NAME(dsa_rows_to_s32),
	.from_f32 = DSA_NAME(dsa_rows_from_f32),
	.from_s32 = DSA_NAME(dsa_rows_from_s32),
	.scale = DSA_NAME(dsa_rows_scale),
	.cube = DSA_NAME(dsa_rows_cube),
};
