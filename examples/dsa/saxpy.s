; SPDX-License-Identifier: Apache-2.0
; y = a * x + y, f32, any number of elements from any number of blocks; docs/dsa.md explains it.
;
; arguments, 32 bytes
;	device addresses of x and y	0, 8
;	u64 elements			16
;	f32 a				24 (28: nothing)
;
; UB holds two buffers of x and two of y, each a quarter of it. While V computes in one pair, MTE2
; fills the other, and MTE3 empties what V has done. Each pair of buffers has a number, 0 or 1, and
; that is also the id of its tokens:
;	MTE2 -> V	x and y are there
;	V -> MTE3	y is computed
;	MTE3 -> MTE2	y is written: the buffers may be filled again
.kernel saxpy arguments=32
.reg x = x1, y = x2, bytes = x3, a = x4		; what is left to do, from this block's next tile on
.reg tile = x5, step = x6			; bytes of a tile; to this block's next one
.reg x_1 = x7, y_0 = x8, y_1 = x9		; buffers; x_0 lies at 0
.reg n = x10, elements = x11

	ldarg.u64 x, [0]
	ldarg.u64 y, [8]
	ldarg.u64 bytes, [16]
	ldarg.u32 a, [24]
	shli	bytes, bytes, 2
	sreg	tile, %ub_bytes
	shri	tile, tile, 2
	andi	tile, tile, -32
	mov	x_1, tile
	add	y_0, x_1, tile
	add	y_1, y_0, tile

	sreg	n, %block			; this block takes tiles block, block + blocks, ...
	mul	n, n, tile
	add	x, x, n
	add	y, y, n
	sub	bytes, bytes, n
	sreg	step, %blocks
	mul	step, step, tile

	set_flag MTE3, MTE2, 0			; both pairs may be filled
	set_flag MTE3, MTE2, 1
next:
	bge	x0, bytes, done
	minu	n, bytes, tile
	shri	elements, n, 2
	wait_flag MTE3, MTE2, 0
	move_ub.f32 [x0], [x], n, 1
	move_ub.f32 [y_0], [y], n, 1
	set_flag MTE2, V, 0
	wait_flag MTE2, V, 0
	vmuls.f32 [x0], [x0], a, elements
	pipe_barrier V				; the next one reads what this one writes
	vadd.f32 [y_0], [x0], [y_0], elements
	set_flag V, MTE3, 0
	wait_flag V, MTE3, 0
	store_ub.f32 [y], [y_0], n, 1
	set_flag MTE3, MTE2, 0
	add	x, x, step
	add	y, y, step
	sub	bytes, bytes, step

	bge	x0, bytes, done			; the same with the other buffers and tokens
	minu	n, bytes, tile
	shri	elements, n, 2
	wait_flag MTE3, MTE2, 1
	move_ub.f32 [x_1], [x], n, 1
	move_ub.f32 [y_1], [y], n, 1
	set_flag MTE2, V, 1
	wait_flag MTE2, V, 1
	vmuls.f32 [x_1], [x_1], a, elements
	pipe_barrier V
	vadd.f32 [y_1], [x_1], [y_1], elements
	set_flag V, MTE3, 1
	wait_flag V, MTE3, 1
	store_ub.f32 [y], [y_1], n, 1
	set_flag MTE3, MTE2, 1
	add	x, x, step
	add	y, y, step
	sub	bytes, bytes, step
	jump	next
done:
	wait_flag MTE3, MTE2, 0			; no token may be left
	wait_flag MTE3, MTE2, 1
	end
.end
