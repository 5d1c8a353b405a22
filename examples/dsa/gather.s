; SPDX-License-Identifier: Apache-2.0
; Embedding: out[i] = table[index[i]], rows of any number of bytes.
;
; arguments, 40 bytes
;	device addresses of table, index (u32 each), out	0, 8, 16
;	u64 number of indices					24
;	u32 bytes of a row, at least 1				32
;	u32 rows of the table					36
;
; Blocks share the indices: block b takes b, b + blocks, .... An index beyond the table is trap 1.
; Rows go through two buffers of half of UB, in pieces if they are longer:
;	MTE2 -> MTE3	a piece is there
;	MTE3 -> MTE2	it is written
.kernel gather arguments=40
.reg table = x1, index = x2, out = x3, row = x4, rows = x5
.reg i = x6, count = x7, blocks = x8
.reg from = x9, to = x10, left = x11		; of the row at hand
.reg half = x12, n = x13, t = x14

	ldarg.u64 table, [0]
	ldarg.u64 index, [8]
	ldarg.u64 out, [16]
	ldarg.u64 count, [24]
	ldarg.u32 row, [32]
	ldarg.u32 rows, [36]
	sreg	half, %ub_bytes
	shri	half, half, 1
	andi	half, half, -32
	sreg	blocks, %blocks
	sreg	i, %block
	sub	i, i, blocks
	li	left, 0
	set_flag MTE3, MTE2, 0
	set_flag MTE3, MTE2, 1

first:						; a piece through buffer 0
	bne	left, x0, move_0
	add	i, i, blocks
	bgeu	i, count, done
	shli	t, i, 2
	add	t, t, index
	ldg.u32	t, [t]
	bgeu	t, rows, outside
	mul	t, t, row
	add	from, table, t
	mul	t, i, row
	add	to, out, t
	mov	left, row
move_0:
	minu	n, left, half
	wait_flag MTE3, MTE2, 0
	move_ub.u8 [x0], [from], n, 1
	set_flag MTE2, MTE3, 0
	wait_flag MTE2, MTE3, 0
	store_ub.u8 [to], [x0], n, 1
	set_flag MTE3, MTE2, 0
	add	from, from, n
	add	to, to, n
	sub	left, left, n

	bne	left, x0, move_1		; the next one through buffer 1
	add	i, i, blocks
	bgeu	i, count, done
	shli	t, i, 2
	add	t, t, index
	ldg.u32	t, [t]
	bgeu	t, rows, outside
	mul	t, t, row
	add	from, table, t
	mul	t, i, row
	add	to, out, t
	mov	left, row
move_1:
	minu	n, left, half
	wait_flag MTE3, MTE2, 1
	move_ub.u8 [half], [from], n, 1
	set_flag MTE2, MTE3, 1
	wait_flag MTE2, MTE3, 1
	store_ub.u8 [to], [half], n, 1
	set_flag MTE3, MTE2, 1
	add	from, from, n
	add	to, to, n
	sub	left, left, n
	jump	first
done:
	wait_flag MTE3, MTE2, 0
	wait_flag MTE3, MTE2, 1
	end
outside:
	trap	1
.end
