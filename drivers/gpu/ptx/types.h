/* SPDX-License-Identifier: Apache-2.0 */
/* PTX types (PTX ISA 8.x, section 5.2). */
#ifndef DRIVERS_GPU_PTX_TYPES_H
#define DRIVERS_GPU_PTX_TYPES_H

#include "drivers/gpu/ptx/core.h"

enum ptx_kind { KIND_BITS, KIND_UNSIGNED, KIND_SIGNED, KIND_FLOAT, KIND_PRED };

/* TYPE(enumerator, name, bytes, kind, lane type of cvt or -1) */
#define PTX_TYPES(TYPE)                             \
	TYPE(B8, "b8", 1, BITS, ROAD_GPU_U8)        \
	TYPE(B16, "b16", 2, BITS, ROAD_GPU_U16)     \
	TYPE(B32, "b32", 4, BITS, ROAD_GPU_U32)     \
	TYPE(B64, "b64", 8, BITS, ROAD_GPU_U64)     \
	TYPE(U8, "u8", 1, UNSIGNED, ROAD_GPU_U8)    \
	TYPE(U16, "u16", 2, UNSIGNED, ROAD_GPU_U16) \
	TYPE(U32, "u32", 4, UNSIGNED, ROAD_GPU_U32) \
	TYPE(U64, "u64", 8, UNSIGNED, ROAD_GPU_U64) \
	TYPE(S8, "s8", 1, SIGNED, ROAD_GPU_S8)      \
	TYPE(S16, "s16", 2, SIGNED, ROAD_GPU_S16)   \
	TYPE(S32, "s32", 4, SIGNED, ROAD_GPU_S32)   \
	TYPE(S64, "s64", 8, SIGNED, ROAD_GPU_S64)   \
	TYPE(F16, "f16", 2, FLOAT, ROAD_GPU_F16)    \
	TYPE(BF16, "bf16", 2, FLOAT, ROAD_GPU_BF16) \
	TYPE(F32, "f32", 4, FLOAT, ROAD_GPU_F32)    \
	TYPE(F64, "f64", 8, FLOAT, ROAD_GPU_F64)    \
	TYPE(F16X2, "f16x2", 4, FLOAT, -1)          \
	TYPE(BF16X2, "bf16x2", 4, FLOAT, -1)        \
	TYPE(TF32, "tf32", 4, FLOAT, ROAD_GPU_TF32) \
	TYPE(E4M3X2, "e4m3x2", 2, FLOAT, -1)        \
	TYPE(E5M2X2, "e5m2x2", 2, FLOAT, -1)        \
	TYPE(S2, "s2", 4, SIGNED, -1)               \
	TYPE(U2, "u2", 4, UNSIGNED, -1)             \
	TYPE(S4, "s4", 4, SIGNED, -1)               \
	TYPE(U4, "u4", 4, UNSIGNED, -1)             \
	TYPE(B1, "b1", 4, BITS, -1)                 \
	TYPE(B128, "b128", 16, BITS, -1)            \
	TYPE(PRED, "pred", 0, PRED, -1)

enum ptx_type {
#define TYPE(enumerator, name, bytes, kind, lanes) TYPE_##enumerator,
	PTX_TYPES(TYPE)
#undef TYPE
		TYPES,
	TYPE_NONE = TYPES
};

/* Sets of types. */
enum {
#define TYPE(enumerator, name, bytes, kind, lanes) T_##enumerator = 1 << TYPE_##enumerator,
	PTX_TYPES(TYPE)
#undef TYPE
		T_NONE = 0,
	T_I16 = T_U16 | T_S16,
	T_I32 = T_U32 | T_S32,
	T_I64 = T_U64 | T_S64,
	T_INT = T_I16 | T_I32 | T_I64,
	T_BITS = T_B16 | T_B32 | T_B64,
	T_HALF = T_F16 | T_BF16 | T_F16X2 | T_BF16X2,
	T_LDST = T_B8 | T_U8 | T_S8 | T_BITS | T_INT | T_F32 | T_F64 | T_F16 | T_BF16,
	T_PAIRS = T_F16X2 | T_BF16X2 | T_E4M3X2 | T_E5M2X2,
	T_SMALL = T_S2 | T_U2 | T_S4 | T_U4 | T_B1, /* whole registers of them, and no variables */
	T_MOVE = T_BITS | T_INT | T_F32 | T_F64,
	T_ATOM = T_B16 | T_B32 | T_B64 | T_I32 | T_I64 | T_F32 | T_F64 | T_HALF,
	T_WMMA = T_F16 | T_BF16 | T_TF32 | T_F32 | T_F64 | T_S32 | T_S8 | T_U8 | T_S4 | T_U4 | T_B1,
	T_CVT = T_U8 | T_S8 | T_INT | T_F16 | T_BF16 | T_F32 | T_F64,
	T_ALL = (1 << TYPES) - 1,
	T_VARIABLE = T_ALL & ~T_SMALL,
};

struct ptx_type_info {
	const char *name;
	uint8_t bytes, kind;
	int8_t lanes; /* enum road_gpu_type of the same width and kind, -1 = none */
};
extern const struct ptx_type_info ptx_types[TYPES + 1];

static inline unsigned type_bits(enum ptx_type type)
{
	return type == TYPE_PRED ? 1u : ptx_types[type].bytes * 8u;
}

enum ptx_type type_find(struct slice name);

/* ".u16 .s16 ..." for messages. */
const char *type_set_names(struct ptx *p, struct arena *arena, uint32_t set);

#endif
