/* SPDX-License-Identifier: Apache-2.0 */
/* What compiled instructions compute, each from memory and from constants, optimised or not, with
 * all registers and with few. */
#include "tests/unit/ptx/support.h"

/* %r1..%r3, %d1..%d3, %h1..%h3 hold a, b, c at their widths, %f1..%f3 the bits of %r1..%r3. The
 * body leaves its result in the register that its kind names. */
struct snippet {
	char kind; /* r, h, d, p, f: the result is %r0, %h0, %d0, %p0, %f0 */
	const char *body;
	uint64_t a, b, c, expected;
};

static const struct snippet snippets[] = {
	/* 32-bit integers */
	{'r', "add.s32 %r0, %r1, %r2;", 0xfffffffe, 5, 0, 3},
	{'r', "add.sat.s32 %r0, %r1, %r2;", 0x7ffffff0, 0x100, 0, 0x7fffffff},
	{'r', "sub.u32 %r0, %r1, 7;", 3, 0, 0, 0xfffffffc},
	{'r', "sub.u32 %r0, 7, %r1;", 3, 0, 0, 4},
	{'r', "mul.hi.s32 %r0, %r1, %r2;", 0x80000000, 4, 0, 0xfffffffe},
	{'r', "mul.hi.u32 %r0, %r1, %r2;", 0x80000000, 4, 0, 2},
	{'d', "mul.wide.s32 %d0, %r1, %r2;", 0xffffffff, 3, 0, 0xfffffffffffffffd},
	{'d', "mul.wide.u32 %d0, %r1, 3;", 0xffffffff, 0, 0, 0x2fffffffd},
	{'d', "mul.wide.s32 %d4, %r1, %r2; add.s64 %d0, %d3, %d4;", 0xffffffff, 3, 100, 97},
	{'d', "mad.wide.s32 %d0, %r1, %r2, %d3;", 0xffffffff, 3, 100, 97},
	{'r', "mad.lo.s32 %r0, %r1, %r2, %r3;", 7, 9, 5, 68},
	{'r', "mad.hi.u32 %r0, %r1, %r2, %r3;", 0x80000000, 4, 5, 7},
	{'r', "mul24.lo.u32 %r0, %r1, %r2;", 0xff000003, 5, 0, 15},
	{'r', "mul24.hi.u32 %r0, %r1, %r2;", 0x00ffffff, 0x00ffffff, 0, 0xfffffe00},
	{'r', "mul24.lo.s32 %r0, %r1, %r2;", 0x00ffffff, 5, 0, 0xfffffffb},
	{'r', "mad24.lo.u32 %r0, %r1, %r2, %r3;", 3, 5, 7, 22},
	{'r', "sad.s32 %r0, %r1, %r2, %r3;", 0xfffffffd, 4, 10, 17},
	{'d', "sad.u64 %d0, %d1, %d2, %d3;", 3, 10, 5, 12},
	{'r', "div.s32 %r0, %r1, %r2;", 0xfffffff9, 2, 0, 0xfffffffd},
	{'r', "rem.s32 %r0, %r1, %r2;", 0xfffffff9, 2, 0, 0xffffffff},
	{'r', "div.u32 %r0, %r1, 0;", 5, 0, 0, 0xffffffff},
	{'r', "min.s32 %r0, %r1, %r2;", 0xffffffff, 1, 0, 0xffffffff},
	{'r', "max.u32 %r0, %r1, %r2;", 0xffffffff, 1, 0, 0xffffffff},
	{'r', "abs.s32 %r0, %r1;", 0xfffffff6, 0, 0, 10},
	{'r', "neg.s32 %r0, %r1;", 10, 0, 0, 0xfffffff6},
	{'r', "shl.b32 %r0, %r1, 40;", 0xffffffff, 0, 0, 0},
	{'r', "shr.s32 %r0, %r1, %r2;", 0x80000000, 99, 0, 0xffffffff},
	{'r', "lop3.b32 %r0, %r1, %r2, %r3, 0xca;", 0xff00ff00, 0x12345678, 0x9abcdef0, 0x12bc56f0},
	{'r', "not.b32 %r0, %r1;", 0x0f0f0f0f, 0, 0, 0xf0f0f0f0},
	{'r', "cnot.b32 %r0, %r1;", 0, 0, 0, 1},
	{'r', "shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 0x80000001, 0x00000002, 33, 5},
	{'r', "shf.r.clamp.b32 %r0, %r1, %r2, %r3;", 0x80000001, 0x00000002, 99, 2},
	{'r', "prmt.b32 %r0, %r1, %r2, 0x7410;", 0x33221100, 0x77665544, 0, 0x77441100},
	/* bits */
	{'r', "popc.b64 %r0, %d1;", 0xf0f00000000000ff, 0, 0, 16},
	{'r', "clz.b32 %r0, %r1;", 0x00010000, 0, 0, 15},
	{'r', "bfind.u64 %r0, %d1;", 0x0000100000000000, 0, 0, 44},
	{'r', "bfind.u64 %r0, %d1;", 0, 0, 0, 0xffffffff},
	{'r', "bfind.s64 %r0, %d1;", 0xffffffffffffff00, 0, 0, 7},
	{'r', "bfind.shiftamt.u64 %r0, %d1;", 1, 0, 0, 63},
	{'r', "bfind.shiftamt.u64 %r0, %d1;", 0, 0, 0, 0xffffffff},
	{'r', "bfind.shiftamt.u32 %r0, %r1;", 0x100, 0, 0, 23},
	{'r', "bfind.shiftamt.u32 %r0, %r1;", 0, 0, 0, 0xffffffff},
	{'r', "bfe.s32 %r0, %r1, 4, 8;", 0x00000f50, 0, 0, 0xfffffff5},
	{'d', "bfe.u64 %d0, %d1, %r2, %r3;", 0x123456789abcdef0, 8, 16, 0xbcde},
	{'d', "bfe.s64 %d0, %d1, %r2, %r3;", 0x123456789abcdef0, 8, 16, 0xffffffffffffbcde},
	{'d', "bfe.s64 %d0, %d1, %r2, %r3;", 0x8234567800000000, 60, 16, 0xfffffffffffffff8},
	{'d', "bfe.s64 %d0, %d1, %r2, %r3;", 0xffffffffffffffff, 3, 0, 0},
	{'r', "bfi.b32 %r0, %r1, %r2, 8, 12;", 0xabc, 0xffffffff, 0, 0xfffabcff},
	{'d', "bfi.b64 %d0, %d1, %d2, 40, 100;", 0xabcdef, 0x1111111111111111, 0,
	 0xabcdef1111111111},
	{'r', "bmsk.clamp.b32 %r0, %r1, %r2;", 4, 8, 0, 0xff0},
	/* 16-bit integers, which live zero-extended */
	{'h', "add.s16 %h0, %h1, %h2;", 0xffff, 2, 0, 1},
	{'h', "sub.s16 %h0, %h1, %h2;", 1, 2, 0, 0xffff},
	{'h', "mul.lo.s16 %h0, %h1, %h2;", 0x7fff, 3, 0, 0x7ffd},
	{'h', "mul.hi.s16 %h0, %h1, %h2;", 0x8000, 4, 0, 0xfffe},
	{'h', "mul.hi.u16 %h0, %h1, %h2;", 0x8000, 4, 0, 2},
	{'r', "mul.wide.s16 %r0, %h1, %h2;", 0xffff, 3, 0, 0xfffffffd},
	{'r', "mul.wide.u16 %r0, %h1, 4;", 0xffff, 0, 0, 0x3fffc},
	{'r', "mad.wide.s16 %r0, %h1, %h2, %r3;", 0xffff, 3, 10, 7},
	{'h', "mad.lo.u16 %h0, %h1, %h2, %h3;", 0x100, 0x100, 7, 7},
	{'h', "div.s16 %h0, %h1, %h2;", 0xfff9, 2, 0, 0xfffd},
	{'h', "rem.s16 %h0, %h1, %h2;", 0xfff9, 2, 0, 0xffff},
	{'h', "div.u16 %h0, %h1, %h2;", 9, 0, 0, 0xffff},
	{'h', "min.s16 %h0, %h1, %h2;", 0xffff, 1, 0, 0xffff},
	{'h', "max.s16 %h0, %h1, %h2;", 0xffff, 1, 0, 1},
	{'h', "abs.s16 %h0, %h1;", 0xfff6, 0, 0, 10},
	{'h', "neg.s16 %h0, %h1;", 10, 0, 0, 0xfff6},
	{'h', "not.b16 %h0, %h1;", 0x0ff0, 0, 0, 0xf00f},
	{'h', "shl.b16 %h0, %h1, %r2;", 0xffff, 4, 0, 0xfff0},
	{'h', "shl.b16 %h0, %h1, 16;", 0xffff, 0, 0, 0},
	{'h', "shr.s16 %h0, %h1, %r2;", 0x8000, 20, 0, 0xffff},
	{'h', "shr.u16 %h0, %h1, %r2;", 0x8000, 3, 0, 0x1000},
	{'p', "setp.lt.s16 %p0, %h1, %h2;", 0xffff, 1, 0, 1},
	{'p', "setp.lt.u16 %p0, %h1, %h2;", 0xffff, 1, 0, 0},
	{'h', "sad.s16 %h0, %h1, %h2, %h3;", 0xffff, 1, 5, 7},
	/* 64-bit integers */
	{'d', "mul.hi.u64 %d0, %d1, %d2;", 0x8000000000000000, 6, 0, 3},
	{'d', "mad.hi.s64 %d0, %d1, %d2, %d3;", 0xffffffffffffffff, 5, 3, 2},
	{'d', "mad.lo.s64 %d0, %d1, %d2, %d3;", 1ull << 33, 3, 9, (3ull << 33) + 9},
	{'d', "shl.b64 %d0, %d1, %r2;", 3, 62, 0, 0xc000000000000000},
	{'d', "shr.s64 %d0, %d1, 70;", 0x8000000000000000, 0, 0, 0xffffffffffffffff},
	{'d', "and.b64 %d0, %d1, 0x00ff00ff00ff00ff;", 0x1234567890abcdef, 0, 0, 0x34007800ab00ef},
	{'d', "add.s64 %d0, %d1, 0x7700000000;", 1, 0, 0, 0x7700000001},
	{'d', "add.s64 %d0, %d1, -5;", 1, 0, 0, 0xfffffffffffffffc},
	{'d', "mov.b64 %d4, 0x123456789abcdef0; xor.b64 %d0, %d1, %d4;", 0, 0, 0,
	 0x123456789abcdef0},
	/* moves that pack and unpack */
	{'d', "mov.b64 %d0, {%r1, %r2};", 0x11111111, 0x22222222, 0, 0x2222222211111111},
	{'r', "mov.b64 {_, %r0}, %d1;", 0x1234567890abcdef, 0, 0, 0x12345678},
	{'r', "mov.b32 %r0, {%h1, %h2};", 0x1111, 0x2222, 0, 0x22221111},
	{'h', "mov.b32 {_, %h0}, %r1;", 0x12345678, 0, 0, 0x1234},
	{'h', "mov.b32 {%h0, _}, %r1;", 0x12345678, 0, 0, 0x5678},
	{'d', "mov.b64 %d0, {%h1, %h2, %h3, %h1};", 0x1111, 0x2222, 0x3333, 0x1111333322221111},
	{'h', "mov.b64 {_, _, %h0, _}, %d1;", 0x1234567890abcdef, 0, 0, 0x5678},
	/* conversions */
	{'r', "cvt.s32.s16 %r0, %h1;", 0xfff0, 0, 0, 0xfffffff0},
	{'r', "cvt.u32.u16 %r0, %h1;", 0xfff0, 0, 0, 0xfff0},
	{'r', "cvt.s32.s8 %r0, %r1;", 0x12345680, 0, 0, 0xffffff80},
	{'r', "cvt.s8.s32 %r0, %r1;", 0x12345680, 0, 0, 0xffffff80},
	{'r', "cvt.u8.u32 %r0, %r1;", 0x12345680, 0, 0, 0x80},
	{'h', "cvt.s16.s8 %h0, %h1;", 0x1280, 0, 0, 0xff80},
	{'h', "cvt.u16.u32 %h0, %r1;", 0x12345678, 0, 0, 0x5678},
	{'d', "cvt.s64.s32 %d0, %r1;", 0x80000000, 0, 0, 0xffffffff80000000},
	{'d', "cvt.u64.u32 %d0, %r1;", 0x80000000, 0, 0, 0x80000000},
	{'d', "cvt.s64.s8 %d0, %r1;", 0x80, 0, 0, 0xffffffffffffff80},
	{'d', "cvt.u32.s8 %d0, %r1;", 0x80, 0, 0, 0xffffff80},
	{'r', "cvt.u32.u64 %r0, %d1;", 0x1234567890abcdef, 0, 0, 0x90abcdef},
	{'r', "cvt.sat.u8.s32 %r0, %r1;", 300, 0, 0, 255},
	{'r', "cvt.sat.s8.s32 %r0, %r1;", 0xfffffe00, 0, 0, 0xffffff80},
	{'r', "cvt.rzi.s32.f32 %r0, %f1;", 0xc0200000 /* -2.5 */, 0, 0, 0xfffffffe},
	{'r', "cvt.rmi.s32.f32 %r0, %f1;", 0xc0200000, 0, 0, 0xfffffffd},
	{'r', "cvt.rni.s32.f32 %r0, %f1;", 0x40200000 /* 2.5 */, 0, 0, 2},
	{'h', "cvt.rzi.u16.f32 %h0, %f1;", 0x40200000, 0, 0, 2},
	{'r', "cvt.rzi.s8.f32 %r0, %f1;", 0xc0200000, 0, 0, 0xfffffffe},
	{'f', "cvt.rpi.f32.f32 %f0, %f1;", 0x40200000, 0, 0, 0x40400000 /* 3 */},
	{'f', "cvt.rn.f32.s32 %f0, %r1;", 0xfffffffd, 0, 0, 0xc0400000},
	{'f', "cvt.rn.f32.s16 %f0, %h1;", 0xfffd, 0, 0, 0xc0400000},
	{'d', "cvt.f64.f32 %d0, %f1;", 0x40200000, 0, 0, 0x4004000000000000},
	{'f', "cvt.sat.f32.f32 %f0, %f1;", 0x40200000, 0, 0, 0x3f800000},
	/* floating point */
	{'f', "add.f32 %f0, %f1, %f2;", 0x3f800000, 0x40000000, 0, 0x40400000},
	{'f', "fma.rn.f32 %f0, %f1, %f2, %f3;", 0x40000000, 0x40400000, 0x3f800000, 0x40e00000},
	{'f', "mul.f32 %f0, %f1, 0f40000000;", 0x3f800000, 0, 0, 0x40000000},
	{'f', "sub.f32 %f0, 1.5, %f1;", 0x3f800000, 0, 0, 0x3f000000},
	{'f', "neg.f32 %f0, %f1;", 0x3f800000, 0, 0, 0xbf800000},
	{'f', "copysign.f32 %f0, %f1, %f2;", 0x80000000, 0x3f800000, 0, 0xbf800000},
	{'f', "div.rn.f32 %f0, %f1, %f2;", 0x40400000, 0x40000000, 0, 0x3fc00000},
	{'d', "mov.f64 %d4, 0d3FF8000000000000; add.f64 %d0, %d1, %d4;", 0x3ff0000000000000, 0, 0,
	 0x4004000000000000},
	{'d', "fma.rn.f64 %d0, %d1, %d2, 0d3FB999999999999A;", 0x4000000000000000,
	 0x4000000000000000, 0, 0x401066666666666a - 4},
	{'p', "testp.notanumber.f32 %p0, %f1;", 0x7fc00000, 0, 0, 1},
	{'p', "testp.finite.f32 %p0, %f1;", 0x7f800000, 0, 0, 0},
	/* comparisons and selections */
	{'p', "setp.gtu.f32 %p0, %f1, %f2;", 0x7fc00000, 0, 0, 1},
	{'p', "setp.gt.f32 %p0, %f1, %f2;", 0x7fc00000, 0, 0, 0},
	{'p', "setp.lo.u32 %p0, %r1, %r2;", 1, 2, 0, 1},
	{'p', "setp.ne.b32 %p1, %r3, 0; setp.lt.and.s32 %p0, %r1, %r2, %p1;", 1, 2, 1, 1},
	{'p', "setp.ne.b32 %p1, %r3, 0; setp.lt.and.s32 %p0, %r1, %r2, !%p1;", 1, 2, 1, 0},
	{'p', "setp.ne.b32 %p1, %r3, 0; setp.gt.xor.s32 %p2|%p0, %r1, %r2, %p1;", 1, 2, 1, 0},
	{'p', "setp.lt.s32 %p2|%p0, %r1, %r2;", 1, 2, 0, 0},
	{'p', "setp.lt.s32 _|%p0, %r1, %r2;", 3, 2, 0, 1},
	{'p', "setp.ne.b32 %p1, %r1, 0; not.pred %p2, %p1; and.pred %p0, %p2, %p2;", 0, 0, 0, 1},
	{'p', "setp.ne.b32 %p1, %r1, 0; setp.ne.b32 %p2, %r2, 0; xor.pred %p0, %p1, %p2;", 1, 1, 0,
	 0},
	{'p', "setp.ne.b32 %p1, %r1, 0; mov.pred %p0, 0; @%p1 mov.pred %p0, -1;", 1, 0, 0, 1},
	{'r', "set.gt.u32.s32 %r0, %r1, %r2;", 3, 2, 0, 0xffffffff},
	{'f', "set.gt.f32.s32 %f0, %r1, %r2;", 3, 2, 0, 0x3f800000},
	{'r', "slct.s32.s32 %r0, %r1, %r2, %r3;", 3, 2, 0xffffffff, 2},
	{'r', "slct.s32.f32 %r0, %r1, %r2, %f3;", 3, 2, 0x80000000, 3},
	{'d', "setp.eq.s64 %p1, %d1, %d2; selp.b64 %d0, %d3, 77, %p1;", 5, 5, 9, 9},
	{'r', "setp.ne.b32 %p1, %r1, 0; mov.u32 %r0, 5; @!%p1 mov.u32 %r0, 6;", 1, 0, 0, 5},
	{'r', "setp.ne.b32 %p1, %r1, 0; not.pred %p2, %p1; mov.u32 %r0, 5; @%p2 mov.u32 %r0, 6;", 0,
	 0, 0, 6},
	/* memory */
	{'r',
	 ".shared .align 16 .b8 s[64]; mov.u32 %r4, s; st.shared.v4.u32 [%r4+16], {%r1, %r2, "
	 "%r3, %r1}; ld.shared.v2.b32 {%r6, %r5}, [s+24]; sub.u32 %r0, %r6, %r5;",
	 1, 20, 50, 49},
	{'r',
	 ".shared .align 8 .b8 s[64]; st.shared.v4.u8 [s+4], {%h1, %h2, %h3, %h1}; "
	 "ld.shared.u32 %r0, [s+4];",
	 0x11, 0x22, 0x33, 0x11332211},
	{'h',
	 ".local .align 8 .b8 l[64]; mov.u64 %d4, l; st.local.u32 [%d4+8], %r1; "
	 "ld.local.v4.s8 {_, %h0, _, _}, [%d4+8];",
	 0x0000ff00, 0, 0, 0xffff},
	{'r',
	 ".local .align 8 .b8 l[64]; mov.u32 %r4, l; st.local.v2.u16 [%r4], {%h1, %h2}; "
	 "ld.local.v2.u8 {%r5, %r6}, [%r4+2]; shl.b32 %r5, %r5, 8; or.b32 %r0, %r5, %r6;",
	 0x1234, 0x5678, 0, 0x7856},
	{'h',
	 ".local .align 8 .b8 l[64]; st.local.v4.b16 [l], {%h1, %h2, %h3, %h1}; "
	 "ld.local.v4.b16 {_, _, %h0, _}, [l];",
	 1, 2, 3, 3},
	{'d',
	 ".local .align 16 .b8 l[64]; st.local.v2.b64 [l+16], {%d1, %d2}; "
	 "ld.local.v2.u64 {%d4, %d5}, [l+16]; sub.s64 %d0, %d5, %d4;",
	 7, 1ull << 40, 0, (1ull << 40) - 7},
	{'d', ".local .align 8 .b8 l[64]; st.local.u16 [l], %r1; ld.local.s16 %d0, [l];", 0xfffe, 0,
	 0, 0xfffffffffffffffe},
	{'h', ".local .align 8 .b8 l[64]; st.local.u8 [l], %h1; ld.local.s8 %h0, [l];", 0x12fe, 0,
	 0, 0xfffe},
	{'d', ".local .align 8 .b8 l[64]; st.local.b64 [l], %d1; ld.local.u32 %d0, [l+4];",
	 0x8234567890abcdef, 0, 0, 0x82345678},
	{'r',
	 ".shared .align 4 .u32 s[4]; mov.u64 %d4, s; cvta.shared.u64 %d5, %d4; st.u32 [%d5+4], "
	 "%r1; ld.shared.u32 %r0, [s+4];",
	 77, 0, 0, 77},
	{'p',
	 ".local .align 4 .u32 l[4]; mov.u64 %d4, l; cvta.local.u64 %d5, %d4; "
	 "isspacep.local %p0, %d5;",
	 0, 0, 0, 1},
	{'d',
	 ".shared .align 4 .u32 s[4]; mov.u64 %d4, s; cvta.shared.u64 %d5, %d4; "
	 "cvta.to.shared.u64 %d6, %d5; sub.s64 %d0, %d6, %d4;",
	 0, 0, 0, 0},
	{'r', "ld.global.u32 %r0, [table+8];", 0, 0, 0, 33},
	{'r',
	 "mov.u64 %d4, table; mul.wide.u32 %d5, %r1, 4; add.s64 %d4, %d4, %d5; "
	 "ld.global.u32 %r0, [%d4];",
	 1, 0, 0, 22},
	{'r', "ld.global.u64 %d4, [pointer]; ld.u32 %r0, [%d4];", 0, 0, 0, 44},
	{'f', "ld.const.f32 %f0, [reals+4];", 0, 0, 0, 0x40200000},
	{'h', "ld.const.u8 %h0, [bytes+2];", 0, 0, 0, 0xfe},
	{'r', "mov.u32 %r0, dynamic;", 0, 0, 0, 0},
	{'d',
	 ".shared .align 8 .b8 s[64]; add.u32 %r4, %r1, 1; st.shared.v2.u32 [s], {%r4, %r4}; "
	 "ld.shared.u64 %d0, [s];",
	 6, 0, 0, 0x700000007},
	{'r', "{ .reg .b8 %b<4>; mov.b32 {%b0, %b1, %b2, %b3}, %r1; cvt.u32.u8 %r0, %b2; }",
	 0x12345678, 0, 0, 0x34},
	{'r',
	 "{ .reg .b8 %b<4>; cvt.u8.u32 %b1, %r1; cvt.u8.u32 %b2, %r2; mov.b16 %h4, {%b1, %b2}; "
	 "cvt.u32.u16 %r0, %h4; }",
	 0x1234, 0x5678, 0, 0x7834},
	/* control */
	{'r',
	 "mov.u32 %r0, 0; mov.u32 %r4, 0;\nL: add.u32 %r0, %r0, %r4; add.u32 %r4, %r4, 1; "
	 "setp.lt.u32 %p1, %r4, %r1; @%p1 bra L;",
	 10, 0, 0, 45},
	{'r',
	 "targets: .branchtargets A, B, C;\nbrx.idx %r1, targets;\nA: mov.u32 %r0, 1; bra D;\n"
	 "B: mov.u32 %r0, 2; bra D;\nC: mov.u32 %r0, 3;\nD:",
	 1, 0, 0, 2},
	{'r',
	 "setp.ne.u32 %p1, %r1, 0; @%p1 bra Z; mov.u32 %r0, 9; bra.uni Y;\nZ: mov.u32 %r0, 8;\n"
	 "Y: add.u32 %r0, %r0, 1;",
	 0, 0, 0, 10},
	{'r',
	 "mov.u32 %r0, 0; { .reg .u32 %r0; mov.u32 %r0, 7; L: setp.eq.u32 %p1, %r0, 7; @%p1 bra M;"
	 " bra L;\nM: } { L: setp.ne.u32 %p1, %r1, %r1; @%p1 bra L; } add.u32 %r0, %r0, 1;",
	 0, 0, 0, 1},
	{'r',
	 ".reg .u32 %x; mov.u32 %x, %r1; { .reg .u32 %x, %y; mov.u32 %x, 9; } add.u32 %r0, %x, 1;",
	 3, 0, 0, 4},
	{'r',
	 "{ .reg .v2 .b32 %v; mov.b32 %v.x, %r1; mov.b32 %v.y, %r2; sub.u32 %r0, %v.y, %v.x; }", 3,
	 10, 0, 7},
};

static const char variables[] = ".global .align 4 .u32 table[4] = {11, 22, 33, 44};\n"
				".global .align 8 .u64 pointer = generic(table)+12;\n"
				".const .align 4 .f32 reals[2] = {0f3F800000, 2.5};\n"
				".const .b8 bytes[] = {1, 2, -2};\n"
				".extern .shared .align 16 .b8 dynamic[];\n";

static void write_preload(char *out, size_t room, const struct snippet *s, bool from_constants)
{
	const uint64_t values[3] = {s->a, s->b, s->c};
	size_t at = 0;

	for (unsigned k = 0; k < 3; k++) {
		unsigned n = k + 1;

		if (from_constants)
			at += (size_t)snprintf(out + at, room - at, "mov.b64 %%d%u, 0x%llx;\n", n,
					       (unsigned long long)values[k]);
		else
			at += (size_t)snprintf(out + at, room - at,
					       "ld.global.b64 %%d%u, [%%d15+%u];\n", n, 8 * n);
		at += (size_t)snprintf(out + at, room - at,
				       "cvt.u32.u64 %%r%u, %%d%u;\ncvt.u16.u64 %%h%u, %%d%u;\n"
				       "mov.b32 %%f%u, %%r%u;\n",
				       n, n, n, n, n, n);
	}
}

static const char *store_of(char kind)
{
	switch (kind) {
	case 'r': return "cvt.u64.u32 %d14, %r0;\nst.global.u64 [%d15], %d14;\n";
	case 'h': return "cvt.u64.u16 %d14, %h0;\nst.global.u64 [%d15], %d14;\n";
	case 'p': return "selp.b64 %d14, 1, 0, %p0;\nst.global.u64 [%d15], %d14;\n";
	case 'f':
		return "mov.b32 %r14, %f0;\ncvt.u64.u32 %d14, %r14;\nst.global.u64 [%d15], %d14;\n";
	default: return "st.global.u64 [%d15], %d0;\n";
	}
}

static void write_text(char *out, size_t room, const struct snippet *s, bool from_constants)
{
	char preload[1024];

	write_preload(preload, sizeof(preload), s, from_constants);
	snprintf(out, room,
		 PTX_HEADER "%s.visible .entry k(.param .u64 out)\n{\n"
			    ".reg .pred %%p<8>;\n.reg .b16 %%h<8>;\n.reg .b32 %%r<16>;\n"
			    ".reg .b64 %%d<16>;\n.reg .f32 %%f<8>;\n"
			    "ld.param.u64 %%d15, [out];\n%s%s\n%sret;\n}\n",
		 variables, preload, s->body, store_of(s->kind));
}

static bool run_snippet(const struct snippet *s, bool from_constants, uint32_t regs,
			uint32_t optimise)
{
	static struct machine m;
	char text[4096];
	uint64_t out = MACHINE_GLOBAL, got;

	write_text(text, sizeof(text), s, from_constants);
	struct road_gpu_image *image = compile_text(text, strlen(text), regs, optimise);

	if (!image)
		return false;
	memset(&m, 0, sizeof(m));
	m.image = image;
	m.steps = 10000;
	for (unsigned k = 0; k < 3; k++)
		m.ntid[k] = m.nctaid[k] = 1;
	memcpy(m.params, &out, sizeof(out));
	memcpy(m.global + 8, (const uint64_t[3]){s->a, s->b, s->c}, 24);
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);
	bool good = !(kernel->flags & ROAD_GPU_KERNEL_REFUSED);

	if (!good)
		printf("# %s\n", image_string(image, kernel->error));
	good = good && machine_run(&m);
	if (m.fault)
		printf("# %s at word %u\n", m.fault, m.fault_word);
	memcpy(&got, m.global, sizeof(got));
	if (good && got != s->expected)
		printf("# got 0x%llx, expected 0x%llx\n", (unsigned long long)got,
		       (unsigned long long)s->expected);
	free(image);
	return good && got == s->expected;
}

static void run_all(uint32_t regs, uint32_t optimise)
{
	for (size_t k = 0; k < sizeof(snippets) / sizeof(snippets[0]); k++) {
		for (unsigned constants = 0; constants < 2; constants++) {
			bool good = run_snippet(&snippets[k], constants, regs, optimise);

			CU_ASSERT_TRUE(good);
			if (!good)
				printf("# %s (%s)\n", snippets[k].body,
				       constants ? "constants" : "memory");
		}
	}
}

static void test_plain(void)
{
	run_all(0, 0);
}

static void test_optimised(void)
{
	run_all(0, 1);
}

static void test_few_registers(void)
{
	run_all(16, 1);
	run_all(16, 0);
}

static const struct tap_case cases[] = {
	{"instructions compute what PTX says, translated plainly", test_plain},
	{"instructions compute what PTX says, optimised", test_optimised},
	{"instructions compute what PTX says with 16 registers", test_few_registers},
};

TAP_MAIN(cases)
