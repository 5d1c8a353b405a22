/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an image of what a convolution needs before its matrix product. With x of H x W x C in
 * that order, filters of FH x FW x C as the rows of a matrix of FH * FW * C x outputs, and stride
 *S: pad to (H + 2 PH) x (W + 2 PW) x C, im2col to OH * OW rows of FH * FW * C, then a product. Both
 *work on bytes: elements have any type.
 *
 *	pad: arguments, 32 bytes
 *		device addresses of x, y	0, 8
 *		u32 H, bytes of a row of x	16, 20
 *		u32 PH, PW * C in bytes		24, 28
 *	im2col: arguments, 48 bytes
 *		device addresses of x (padded), y	0, 8
 *		u32 OH, OW, FH				16, 20, 24
 *		u32 bytes of FW * C			28
 *		u32 bytes from a patch to the next	32: S * C
 *		u32 bytes of a row of x			36
 *		u32 bytes from a row of patches to the next	40: S rows of x (44: nothing)
 *
 * Blocks of the task share the rows of y, or of patches: block b takes b, b + blocks, .... A patch
 * must fit into half of UB, each of its rows rounded up to 32 bytes (trap 1 if it does not).
 */
#include "examples/dsa/output.h"

#define BYTES ROAD_DSA_TYPE_U8

static void buffers_begin(struct dsa_build *b)
{
	dsa_build_set(b, MTE3, MTE2, 0);
	dsa_build_set(b, MTE3, MTE2, 1);
}

static void buffers_end(struct dsa_build *b)
{
	dsa_build_wait(b, MTE3, MTE2, 0);
	dsa_build_wait(b, MTE3, MTE2, 1);
}

/* ---- pad ---- */

struct pad {
	struct dsa_build *b;
	unsigned x, y, row, rows, h, x_row, y_row, pad_h, pad_w;
	unsigned part, zeros, buffer[2]; /* bytes of each third of UB; where they lie */
	unsigned from, to, left, n;
};

/* `left` bytes of 0 to `to`. */
static void write_zeros(struct pad *p)
{
	struct dsa_build *b = p->b;
	unsigned next = dsa_build_label(b), done = dsa_build_label(b);

	dsa_build_place(b, next);
	emit_beq(b, p->left, 0, done);
	emit_minu(b, p->n, p->left, p->part);
	emit_store_ub(b, BYTES, 0, p->to, p->zeros, p->n, 1);
	emit_add(b, p->to, p->to, p->n);
	emit_sub(b, p->left, p->left, p->n);
	emit_jump(b, next);
	dsa_build_place(b, done);
}

/* `left` bytes from `from` to `to`. */
static void copy(struct pad *p)
{
	struct dsa_build *b = p->b;
	unsigned next = dsa_build_label(b), done = dsa_build_label(b);

	dsa_build_place(b, next);
	for (unsigned i = 0; i < 2; i++) {
		emit_beq(b, p->left, 0, done);
		emit_minu(b, p->n, p->left, p->part);
		dsa_build_wait(b, MTE3, MTE2, i);
		emit_move_ub(b, BYTES, 0, p->buffer[i], p->from, p->n, 1);
		dsa_build_set(b, MTE2, MTE3, i);
		dsa_build_wait(b, MTE2, MTE3, i);
		emit_store_ub(b, BYTES, 0, p->to, p->buffer[i], p->n, 1);
		dsa_build_set(b, MTE3, MTE2, i);
		emit_add(b, p->from, p->from, p->n);
		emit_add(b, p->to, p->to, p->n);
		emit_sub(b, p->left, p->left, p->n);
	}
	emit_jump(b, next);
	dsa_build_place(b, done);
}

static void pad_set_up(struct pad *p)
{
	struct dsa_build *b = p->b;
	unsigned *singles[] = {&p->x,         &p->y,     &p->row,   &p->rows, &p->h,     &p->x_row,
			       &p->y_row,     &p->pad_h, &p->pad_w, &p->part, &p->zeros, &p->from,
			       &p->buffer[1], &p->to,    &p->left,  &p->n};

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(b);
	emit_ldarg(b, DSA_U64, p->x, 0);
	emit_ldarg(b, DSA_U64, p->y, 8);
	emit_ldarg(b, DSA_U32, p->h, 16);
	emit_ldarg(b, DSA_U32, p->x_row, 20);
	emit_ldarg(b, DSA_U32, p->pad_h, 24);
	emit_ldarg(b, DSA_U32, p->pad_w, 28);
	emit_add(b, p->y_row, p->pad_w, p->pad_w);
	emit_add(b, p->y_row, p->y_row, p->x_row);
	emit_add(b, p->rows, p->pad_h, p->pad_h);
	emit_add(b, p->rows, p->rows, p->h);
	emit_sreg(b, p->part, ROAD_DSA_SREG_UB_BYTES);
	emit_shri(b, p->part, p->part, 2);
	emit_andi(b, p->part, p->part, -(int32_t)ROAD_DSA_ALIGN);
	emit_mov(b, p->buffer[1], p->part);
	emit_add(b, p->zeros, p->part, p->part);
	emit_vdup(b, BYTES, p->zeros, 0, p->part, 0);
	dsa_build_set(b, V, MTE3, 0);
	dsa_build_wait(b, V, MTE3, 0);
	buffers_begin(b);
	emit_sreg(b, p->row, ROAD_DSA_SREG_BLOCK);
}

static void pad(struct dsa_build *b)
{
	struct pad p = {.b = b};
	unsigned next, outside, advance, done;

	dsa_build_kernel(b, "pad", 32, 0);
	next = dsa_build_label(b), outside = dsa_build_label(b);
	advance = dsa_build_label(b), done = dsa_build_label(b);
	pad_set_up(&p);
	dsa_build_place(b, next);
	emit_bgeu(b, p.row, p.rows, done);
	emit_mul(b, p.to, p.row, p.y_row);
	emit_add(b, p.to, p.to, p.y);
	/* above x, the difference wraps and is large */
	emit_sub(b, p.from, p.row, p.pad_h);
	emit_bgeu(b, p.from, p.h, outside);
	emit_mul(b, p.from, p.from, p.x_row);
	emit_add(b, p.from, p.from, p.x);
	emit_mov(b, p.left, p.pad_w);
	write_zeros(&p);
	emit_mov(b, p.left, p.x_row);
	copy(&p);
	emit_mov(b, p.left, p.pad_w);
	write_zeros(&p);
	emit_jump(b, advance);
	dsa_build_place(b, outside);
	emit_mov(b, p.left, p.y_row);
	write_zeros(&p);
	dsa_build_place(b, advance);
	emit_sreg(b, p.n, ROAD_DSA_SREG_BLOCKS);
	emit_add(b, p.row, p.row, p.n);
	emit_jump(b, next);
	dsa_build_place(b, done);
	buffers_end(b);
	emit_end(b);
	dsa_build_kernel_end(b);
}

/* ---- im2col ---- */

struct im2col {
	struct dsa_build *b;
	unsigned row, rows, from, to, left, fh, run; /* run: bytes of a row of a patch */
	unsigned pitch, patch, most;                 /* in UB: of a run, of a patch; patches */
	unsigned buffer, n, t;
	unsigned in, out; /* shapes: blocks of four and three */
};

static void im2col_set_up(struct im2col *m)
{
	struct dsa_build *b = m->b;
	unsigned *singles[] = {&m->row,    &m->rows, &m->from,  &m->to,    &m->left,
			       &m->fh,     &m->run,  &m->pitch, &m->patch, &m->most,
			       &m->buffer, &m->n,    &m->t};
	unsigned fits = dsa_build_label(b);

	for (unsigned i = 0; i < sizeof(singles) / sizeof(singles[0]); i++)
		*singles[i] = dsa_build_reg(b);
	m->in = dsa_build_regs(b, 4);
	m->out = dsa_build_regs(b, 3);
	emit_ldarg(b, DSA_U32, m->rows, 16);
	emit_ldarg(b, DSA_U32, m->fh, 24);
	emit_ldarg(b, DSA_U32, m->run, 28);
	emit_addi(b, m->pitch, m->run, 31);
	emit_andi(b, m->pitch, m->pitch, -32);
	emit_mul(b, m->patch, m->pitch, m->fh);
	emit_sreg(b, m->buffer, ROAD_DSA_SREG_UB_BYTES);
	emit_shri(b, m->buffer, m->buffer, 1);
	emit_andi(b, m->buffer, m->buffer, -32);
	/* A store's bursts are counted in 16 bits. */
	emit_movi(b, m->t, 65535);
	emit_divu(b, m->t, m->t, m->fh);
	emit_divu(b, m->most, m->buffer, m->patch);
	emit_minu(b, m->most, m->most, m->t);
	emit_bne(b, m->most, 0, fits);
	emit_trap(b, 1);
	dsa_build_place(b, fits);
	/* What the shapes have in all pieces. */
	emit_mov(b, m->in, m->run);
	emit_ldarg(b, DSA_U32, m->n, 36);
	dsa_build_pair(b, m->in + 2, m->n, m->pitch, m->t);
	emit_ldarg(b, DSA_U32, m->n, 32);
	dsa_build_pair(b, m->in + 3, m->n, m->patch, m->t);
	emit_mov(b, m->out, m->run);
	dsa_build_pair(b, m->out + 2, m->pitch, m->run, m->t);
	buffers_begin(b);
	emit_sreg(b, m->row, ROAD_DSA_SREG_BLOCK);
}

/* n patches of a row of them. */
static void piece(struct im2col *m, unsigned i)
{
	struct dsa_build *b = m->b;
	unsigned buffer = i ? m->buffer : 0;

	emit_minu(b, m->n, m->left, m->most);
	emit_shli(b, m->t, m->n, 16);
	emit_or(b, m->in + 1, m->t, m->fh);
	emit_mul(b, m->out + 1, m->n, m->fh);
	dsa_build_wait(b, MTE3, MTE2, i);
	emit_move_ub(b, BYTES, 0, buffer, m->from, m->in, 3);
	dsa_build_set(b, MTE2, MTE3, i);
	dsa_build_wait(b, MTE2, MTE3, i);
	emit_store_ub(b, BYTES, 0, m->to, buffer, m->out, 2);
	dsa_build_set(b, MTE3, MTE2, i);
	emit_mul(b, m->t, m->out + 1, m->run);
	emit_add(b, m->to, m->to, m->t);
	emit_ldarg(b, DSA_U32, m->t, 32);
	emit_mul(b, m->t, m->t, m->n);
	emit_add(b, m->from, m->from, m->t);
	emit_sub(b, m->left, m->left, m->n);
}

static void begin_row(struct im2col *m)
{
	struct dsa_build *b = m->b;

	emit_ldarg(b, DSA_U64, m->from, 0);
	emit_ldarg(b, DSA_U32, m->t, 40);
	emit_mul(b, m->t, m->t, m->row);
	emit_add(b, m->from, m->from, m->t);
	emit_ldarg(b, DSA_U32, m->left, 20);
	emit_ldarg(b, DSA_U64, m->to, 8);
	emit_mul(b, m->t, m->fh, m->run);
	emit_mul(b, m->t, m->t, m->left);
	emit_mul(b, m->t, m->t, m->row);
	emit_add(b, m->to, m->to, m->t);
}

static void im2col(struct dsa_build *b)
{
	struct im2col m = {.b = b};
	unsigned next_row, next, row_done, done;

	dsa_build_kernel(b, "im2col", 48, 0);
	next_row = dsa_build_label(b), next = dsa_build_label(b);
	row_done = dsa_build_label(b), done = dsa_build_label(b);
	im2col_set_up(&m);
	dsa_build_place(b, next_row);
	emit_bgeu(b, m.row, m.rows, done);
	begin_row(&m);
	dsa_build_place(b, next);
	for (unsigned i = 0; i < 2; i++) {
		emit_beq(b, m.left, 0, row_done);
		piece(&m, i);
	}
	emit_jump(b, next);
	dsa_build_place(b, row_done);
	emit_sreg(b, m.t, ROAD_DSA_SREG_BLOCKS);
	emit_add(b, m.row, m.row, m.t);
	emit_jump(b, next_row);
	dsa_build_place(b, done);
	buffers_end(b);
	emit_end(b);
	dsa_build_kernel_end(b);
}

static const char *build(struct dsa_program *program)
{
	struct dsa_build builder;

	dsa_build_begin(&builder, program);
	pad(&builder);
	im2col(&builder);
	return builder.wrong;
}

int main(int argc, char **argv)
{
	return output_main(argc, argv, build);
}
