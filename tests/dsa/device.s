; SPDX-License-Identifier: Apache-2.0
; Kernels for the tests of the whole path: what works, and each thing that can go wrong.

; c = a + b, f32; a block takes `count` elements. Arguments: a, b, c, count
.kernel add arguments=32
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
	ldarg.u64 x3, [16]
	ldarg.u64 x4, [24]
	sreg x5, %block
	mul x6, x5, x4
	shli x6, x6, 2
	add x1, x1, x6
	add x2, x2, x6
	add x3, x3, x6
	shli x10, x4, 2
	movi x11, 0
	add x12, x11, x10
	add x13, x12, x10
	move_ub.f32 [x11], [x1], x10, 1
	move_ub.f32 [x12], [x2], x10, 1
	set_flag MTE2, V, 0
	wait_flag MTE2, V, 0
	vadd.f32 [x13], [x11], [x12], x4
	set_flag V, MTE3, 0
	wait_flag V, MTE3, 0
	store_ub.f32 [x3], [x13], x10, 1
	end
.end

; Every block writes its number into out[block]. Arguments: out
.kernel number arguments=8
	ldarg.u64 x1, [0]
	sreg x2, %block
	shli x3, x2, 3
	add x1, x1, x3
	stg.u64 [x1 + 0], x2
	end
.end

; Two blocks hand a word to each other by flags between cores, 8 times: out[0] counts.
; Arguments: out
.kernel pingpong arguments=8 cooperative
	ldarg.u64 x1, [0]
	sreg x2, %block
	movi x3, 1
	sub x4, x3, x2           ; the other block
	movi x5, 8
	bne x2, x0, second
first:
	ldg.u64 x6, [x1 + 0]
	addi x6, x6, 1
	stg.u64 [x1 + 0], x6
	cross_set S, 0, x4
	cross_wait S, 0
	loop x5, first
	end
second:
	cross_wait S, 0
	ldg.u64 x6, [x1 + 0]
	addi x6, x6, 1
	stg.u64 [x1 + 0], x6
	cross_set S, 0, x4
	loop x5, second
	end
.end

; Waits for a flag that nobody sets.
.kernel stuck_cross arguments=0 cooperative
	cross_wait S, 3
	end
.end

; V waits for MTE2, which waits for V.
.kernel stuck arguments=0
	wait_flag V, MTE2, 1
	set_flag MTE2, V, 2
	wait_flag MTE2, V, 2
	set_flag V, MTE2, 1
	end
.end

.kernel endless arguments=0
again:
	jump again
.end

.kernel trapped arguments=0
	trap 42
.end

; A vector beyond UB.
.kernel bounds arguments=0
	sreg x1, %ub_bytes
	movi x2, 64
	movi x3, 0
	vdup.f32 [x1], x3, x2
	end
.end

.kernel misaligned arguments=0
	movi x1, 4
	movi x2, 64
	vdup.f32 [x1], x0, x2
	end
.end

; No elements.
.kernel shapeless arguments=0
	movi x1, 0
	vdup.f32 [x1], x0, x1
	end
.end

; Products of 32 x 16 and 16 x 64 halves, one behind the other. Arguments: count
.kernel matrices arguments=8
	ldarg.u64 x1, [0]
	movi x2, 0x100020	; m = 32, n = 16
	movh x2, 64		; k
again_m:
	mmad.f16.init [x0], [x0], [x0], x2
	pipe_barrier M
	loop x1, again_m
	end
.end

; Vectors of 64 floats, likewise. Arguments: count
.kernel vectors arguments=8
	ldarg.u64 x1, [0]
	movi x2, 64
	movi x3, 0
again_v:
	vdup.f32 [x3], x0, x2
	pipe_barrier V
	loop x1, again_v
	end
.end

; Writes the word at an address. Arguments: address
.kernel poke arguments=8
	ldarg.u64 x1, [0]
	movi x2, 7
	stg.u64 [x1 + 0], x2
	end
.end

; The variable `constants` of the image, doubled. Arguments: out
.kernel twice arguments=8
	ldarg.u64 x1, [0]
	sreg x2, %data
	movi x3, 16
	movi x4, 4
	movi x5, 0
	movi x6, 32
	move_ub.f32 [x5], [x2], x3, 1
	set_flag MTE2, V, 0
	wait_flag MTE2, V, 0
	vadd.f32 [x6], [x5], [x5], x4
	set_flag V, MTE3, 0
	wait_flag V, MTE3, 0
	store_ub.f32 [x1], [x6], x3, 1
	end
.end

; Nothing but products, or nothing but elements, of one shape: what peak rates are made of.
; Arguments: count, shape
.kernel peak_m_f16 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_m_f16:
	mmad.f16.init [x0], [x0], [x0], x2
	pipe_barrier M
	loop x1, again_m_f16
	end
.end

.kernel peak_m_bf16 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_m_bf16:
	mmad.bf16.init [x0], [x0], [x0], x2
	pipe_barrier M
	loop x1, again_m_bf16
	end
.end

.kernel peak_m_s8 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_m_s8:
	mmad.s8.init [x0], [x0], [x0], x2
	pipe_barrier M
	loop x1, again_m_s8
	end
.end

.kernel peak_m_f32 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_m_f32:
	mmad.f32.init [x0], [x0], [x0], x2
	pipe_barrier M
	loop x1, again_m_f32
	end
.end

.kernel peak_v_f32 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_v_f32:
	vmadd.f32 [x0], [x0], [x0], x2
	pipe_barrier V
	loop x1, again_v_f32
	end
.end

.kernel peak_v_f16 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_v_f16:
	vmadd.f16 [x0], [x0], [x0], x2
	pipe_barrier V
	loop x1, again_v_f16
	end
.end

.kernel peak_v_bf16 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_v_bf16:
	vmadd.bf16 [x0], [x0], [x0], x2
	pipe_barrier V
	loop x1, again_v_bf16
	end
.end

.kernel peak_v_s32 arguments=16
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
again_v_s32:
	vadd.s32 [x0], [x0], [x0], x2
	pipe_barrier V
	loop x1, again_v_s32
	end
.end

.data
constants: .float 1.5, 2.5, 3.5, 4.5
