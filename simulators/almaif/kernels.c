/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in kernels: PoCL's numbers, and ours from 0x10000 up (what the driver needs, and the
 * kernels of the conformance suite). Arguments come from memory: nothing of them is believed. What
 * a kernel does it does at once; that it is done is said when its time has passed.
 */
#include <string.h>

#include "simulators/almaif/almaif.h"
#include "uapi/almaif/regs.h"

enum { WORDS_MAX = 9 };

void *almaif_at(const struct almaif_memory *memory, uint64_t address, uint64_t bytes, bool write)
{
	uint64_t offset = address - ALMAIF_DMEM_START;

	if (address < ALMAIF_DMEM_START)
		return address <= ALMAIF_BUS_MASK && bytes
			       ? sim_dma_window(memory->env, memory->function, address, bytes,
						write)
			       : NULL;
	if (offset > memory->data_bytes || bytes > memory->data_bytes - offset)
		return NULL;
	return memory->data + offset;
}

/* `count` elements; a count that no memory holds is no address. */
static void *array(const struct almaif_memory *m, uint64_t address, uint64_t count, uint64_t bytes,
		   bool write)
{
	if (!count || count > UINT64_MAX / bytes || address % bytes)
		return NULL;
	return almaif_at(m, address, count * bytes, write);
}

static enum almaif_outcome copy_i8(const struct almaif_memory *m, const uint64_t *a,
				   struct almaif_job *job)
{
	const void *in = array(m, a[0], job->items, 1, false);
	void *out = array(m, a[1], job->items, 1, true);

	if (!in || !out)
		return ALMAIF_BROKEN;
	memmove(out, in, job->items);
	job->bytes = job->items;
	return ALMAIF_DONE;
}

static enum almaif_outcome binary(const struct almaif_memory *m, const uint64_t *in, uint64_t at,
				  uint64_t count, bool multiply, struct almaif_job *job)
{
	const uint32_t *x = array(m, in[0], count, 4, false), *y = array(m, in[1], count, 4, false);
	uint32_t *out = array(m, at, count, 4, true);

	if (!x || !y || !out)
		return ALMAIF_BROKEN;
	for (uint64_t i = 0; i < count; i++)
		out[i] = multiply ? x[i] * y[i] : x[i] + y[i];
	job->elements = count;
	return ALMAIF_DONE;
}

static enum almaif_outcome add_i32(const struct almaif_memory *m, const uint64_t *a,
				   struct almaif_job *job)
{
	return binary(m, a, a[2], job->items, false, job);
}

static enum almaif_outcome mul_i32(const struct almaif_memory *m, const uint64_t *a,
				   struct almaif_job *job)
{
	return binary(m, a, a[2], job->items, true, job);
}

/* No more than the data memory holds: a larger box would write something twice. */
static bool box_fits(const struct almaif_memory *m, const uint64_t *a)
{
	uint64_t bytes = a[2], rows = a[3], slices = a[4];

	return bytes && rows && slices && bytes <= m->data_bytes && rows <= m->data_bytes / bytes &&
	       slices <= m->data_bytes / (bytes * rows);
}

static enum almaif_outcome box(const struct almaif_memory *m, const uint64_t *a,
			       struct almaif_job *job)
{
	if (!box_fits(m, a))
		return ALMAIF_BROKEN;
	for (uint64_t slice = 0; slice < a[4]; slice++)
		for (uint64_t row = 0; row < a[3]; row++) {
			void *dst = almaif_at(m, a[0] + slice * a[6] + row * a[5], a[2], true);
			const void *src =
				almaif_at(m, a[1] + slice * a[8] + row * a[7], a[2], false);

			if (!dst || !src)
				return ALMAIF_BROKEN;
			memmove(dst, src, a[2]);
		}
	job->bytes = a[2] * a[3] * a[4];
	return ALMAIF_DONE;
}

static enum almaif_outcome fill(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	unsigned char *dst = array(m, a[0], a[1], 1, true), unit[8];

	if (!dst || !a[3] || a[3] > 8 || a[3] & (a[3] - 1) || a[1] % a[3])
		return ALMAIF_BROKEN;
	memcpy(unit, &a[2], sizeof(unit));
	for (uint64_t i = 0; i < a[1]; i += a[3])
		memcpy(dst + i, unit, a[3]);
	job->bytes = a[1];
	return ALMAIF_DONE;
}

static enum almaif_outcome timestamp(const struct almaif_memory *m, const uint64_t *a,
				     struct almaif_job *job)
{
	uint64_t *out = array(m, a[0], 1, 8, true);

	(void)job;
	if (!out)
		return ALMAIF_BROKEN;
	*out = sim_now(m->env) / SIM_PS_PER_NS;
	return ALMAIF_DONE;
}

/* ---- the suite's: tests/conformance/kernels/README.md ---- */

static enum almaif_outcome iota(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	uint32_t *out = array(m, a[0], a[1], 4, true);

	if (a[1] && !out)
		return ALMAIF_BROKEN;
	for (uint64_t i = 0; i < a[1]; i++)
		out[i] = (uint32_t)(a[2] + i);
	job->elements = a[1];
	return ALMAIF_DONE;
}

static enum almaif_outcome add(const struct almaif_memory *m, const uint64_t *a,
			       struct almaif_job *job)
{
	return a[3] ? binary(m, a + 1, a[0], a[3], false, job) : ALMAIF_DONE;
}

static enum almaif_outcome move_word(const struct almaif_memory *m, uint64_t to, uint64_t value)
{
	uint64_t *out = array(m, to, 1, 8, true);

	if (!out)
		return ALMAIF_BROKEN;
	__atomic_store_n(out, value, __ATOMIC_RELEASE);
	return ALMAIF_DONE;
}

static enum almaif_outcome poke(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	job->elements = 1;
	return move_word(m, a[0], a[1]);
}

static enum almaif_outcome peek(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	const uint64_t *in = array(m, a[1], 1, 8, false);

	job->elements = 1;
	return in ? move_word(m, a[0], *in) : ALMAIF_BROKEN;
}

static enum almaif_outcome spin(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	(void)m;
	(void)a;
	(void)job;
	return ALMAIF_ENDLESS;
}

static enum almaif_outcome trap(const struct almaif_memory *m, const uint64_t *a,
				struct almaif_job *job)
{
	(void)m;
	(void)a;
	(void)job;
	return ALMAIF_BROKEN;
}

static const struct kernel {
	uint64_t number;
	uint32_t words; /* of arguments */
	enum almaif_outcome (*run)(const struct almaif_memory *m, const uint64_t *a,
				   struct almaif_job *job);
} kernels[] = {
	{ALMAIF_KERNEL_COPY_I8, 2, copy_i8},
	{ALMAIF_KERNEL_ADD_I32, 3, add_i32},
	{ALMAIF_KERNEL_MUL_I32, 3, mul_i32},
	{ALMAIF_KERNEL_BOX, 9, box},
	{ALMAIF_KERNEL_FILL, 4, fill},
	{ALMAIF_KERNEL_TIMESTAMP, 1, timestamp},
	/* Those of the suite, whose numbers its image says: tests/conformance/kernels/almaif.image
	 */
	{0x10100, 3, iota},
	{0x10101, 4, add},
	{0x10102, 2, poke},
	{0x10103, 2, peek},
	{0x10106, 0, spin},
	{0x10107, 0, trap},
};

enum almaif_outcome almaif_kernel_run(const struct almaif_memory *memory, struct almaif_job *job)
{
	uint64_t words[WORDS_MAX] = {0};

	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct kernel *kernel = &kernels[i];
		const void *from;

		if (kernel->number != job->kernel)
			continue;
		from = kernel->words ? array(memory, job->kernarg, kernel->words, 8, false) : words;
		if (!from)
			return ALMAIF_BROKEN;
		memcpy(words, from, kernel->words * sizeof(words[0]));
		return kernel->run(memory, words, job);
	}
	return ALMAIF_BROKEN;
}
