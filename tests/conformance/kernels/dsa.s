; SPDX-License-Identifier: Apache-2.0
; The suite's kernels for the DSA: README.md is their contract. Work-items are blocks. No atomics,
; no printing: `atomic`, `ticket` and `print` cannot be.

; out, count, start
.kernel iota arguments=24
.reg out = x1, count = x2, value = x3, i = x4, step = x5, at = x6
	ldarg.u64 out, [0]
	ldarg.u64 count, [8]
	ldarg.u64 value, [16]
	sreg	i, %block
	sreg	step, %blocks
	add	value, value, i
next:
	bgeu	i, count, done
	shli	at, i, 2
	add	at, at, out
	stg.u32 [at], value
	add	i, i, step
	add	value, value, step
	jump	next
done:
	end
.end

; out, a, b, count
.kernel add arguments=32
.reg out = x1, a = x2, b = x3, count = x4, i = x5, step = x6, offset = x7, at = x8, s = x9, t = x10
	ldarg.u64 out, [0]
	ldarg.u64 a, [8]
	ldarg.u64 b, [16]
	ldarg.u64 count, [24]
	sreg	i, %block
	sreg	step, %blocks
next:
	bgeu	i, count, done
	shli	offset, i, 2
	add	at, a, offset
	ldg.u32	s, [at]
	add	at, b, offset
	ldg.u32	t, [at]
	add	s, s, t
	add	at, out, offset
	stg.u32 [at], s
	add	i, i, step
	jump	next
done:
	end
.end

; address, value
.kernel poke arguments=16
	sreg	x3, %block
	bne	x3, x0, done
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
	stg.u64 [x1], x2
done:
	end
.end

; out, address
.kernel peek arguments=16
	sreg	x3, %block
	bne	x3, x0, done
	ldarg.u64 x1, [0]
	ldarg.u64 x2, [8]
	ldg.u64	x4, [x2]
	stg.u64 [x1], x4
done:
	end
.end

.kernel spin arguments=0
again:
	jump	again
.end

; A vector of no elements.
.kernel illegal arguments=0
	vdup.f32 [x0], x0, x0
	end
.end

; V waits for what MTE2 sets behind what V sets.
.kernel barrier arguments=0
	wait_flag V, MTE2, 1
	set_flag MTE2, V, 2
	wait_flag MTE2, V, 2
	set_flag V, MTE2, 1
	end
.end

; A token is left.
.kernel violate arguments=0
	sreg	x1, %blocks
	set_flag MTE2, V, 3
	bne	x1, x0, left
	wait_flag MTE2, V, 3
left:
	end
.end

.kernel trap arguments=0
	trap	1
.end

.data
.align 8
symbol: .quad 0x0123456789abcdef, 2, 3, 4
