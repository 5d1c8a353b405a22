/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that decode: words (decode.c), modifiers (decode_mods.c), the image. */
#ifndef SIMULATORS_GPU_DECODE_IMAGE_H
#define SIMULATORS_GPU_DECODE_IMAGE_H

#include "simulators/gpu/decode.h"

/* mods and aux of a word against its opcode's class; operand[] are its kinds d, a, b, c. */
enum road_gpu_image_error road_gpu_check_mods(unsigned class, const uint8_t *operand,
					      const struct road_gpu_word *word,
					      const struct road_gpu_kernel *desc);

/* Fills in code->insns and code->constants from the kernel's words. *word: where it stopped. */
enum road_gpu_image_error road_gpu_decode_kernel(struct road_gpu_code *code,
						 const struct road_gpu_word *words,
						 const struct road_gpu_variant *variant,
						 uint32_t *word, bool *no_memory);

#endif
