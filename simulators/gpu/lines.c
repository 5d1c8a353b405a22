/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of lines (option lines=1), kept from a kernel's first launch until the chip is closed,
 * though its image is gone before.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

#define KERNELS_KEPT 4096u /* of those whose image is gone, the oldest are forgotten beyond */

/* A kernel that was launched. */
struct gpu_lines {
	struct gpu_lines *next; /* launched later */
	uint64_t image;
	uint32_t kernel, word_count;
	uint32_t rows;   /* different lines */
	uint32_t *notes; /* of each word, as in the image */
	uint32_t *order; /* words by line, then as they stand */
	uint32_t *first; /* of each row in `order`, and one for the end */
	bool unloaded;
	struct road_gpu_word_counters *words;
};

static uint32_t line_of(const struct gpu_lines *lines, uint32_t word)
{
	return lines->notes[word] & ROAD_GPU_LINE_MASK;
}

static void free_lines(struct gpu_lines *lines)
{
	free(lines->notes);
	free(lines->order);
	free(lines->first);
	free(lines->words);
	free(lines);
}

struct place { /* of a word */
	uint32_t line, word;
};

static int by_line(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->word < y->word ? -1 : x->word > y->word;
}

static bool sort_words(struct gpu_lines *lines)
{
	struct place *places = malloc(lines->word_count * sizeof(*places));

	if (!places)
		return false;
	for (uint32_t w = 0; w < lines->word_count; w++)
		places[w] = (struct place){line_of(lines, w), w};
	qsort(places, lines->word_count, sizeof(*places), by_line);
	for (uint32_t i = 0; i < lines->word_count; i++) {
		lines->order[i] = places[i].word;
		if (!i || places[i].line != places[i - 1].line)
			lines->first[lines->rows++] = i;
	}
	lines->first[lines->rows] = lines->word_count;
	free(places);
	return true;
}

static struct gpu_lines *make_lines(const struct gpu_image *image, const struct road_gpu_code *code)
{
	struct gpu_lines *lines = calloc(1, sizeof(*lines));
	const uint32_t count = code->desc.word_count;

	if (!lines)
		return NULL;
	lines->image = image->number;
	lines->kernel = (uint32_t)(code - image->module->kernels);
	lines->word_count = count;
	lines->notes = malloc(count * sizeof(*lines->notes));
	lines->order = malloc(count * sizeof(*lines->order));
	lines->first = malloc((count + 1u) * sizeof(*lines->first));
	lines->words = calloc(count + 1u, sizeof(*lines->words));
	if (lines->notes && lines->order && lines->first && lines->words) {
		memcpy(lines->notes, code->lines, count * sizeof(*lines->notes));
		if (sort_words(lines))
			return lines;
	}
	free_lines(lines);
	return NULL;
}

/* Puts it behind the others; where there are too many, the oldest goes that nobody launches. */
static void keep(struct gpu_chip *chip, struct gpu_lines *lines)
{
	struct gpu_lines **at = &chip->lines, **old = NULL;

	for (; *at; at = &(*at)->next)
		if (!old && (*at)->unloaded)
			old = at;
	*at = lines;
	if (chip->lines_kept++ < KERNELS_KEPT || !old)
		return;
	struct gpu_lines *forgotten = *old;

	*old = forgotten->next;
	chip->lines_kept--;
	free_lines(forgotten);
}

struct road_gpu_word_counters *road_gpu_lines_words(struct gpu_chip *chip, struct gpu_image *image,
						    const struct road_gpu_code *code)
{
	const size_t kernel = (size_t)(code - image->module->kernels);

	if (!image->lines)
		image->lines = calloc(image->module->kernel_count, sizeof(struct gpu_lines *));
	if (!image->lines)
		return NULL;
	if (!image->lines[kernel]) {
		image->lines[kernel] = make_lines(image, code);
		if (!image->lines[kernel])
			return NULL;
		keep(chip, image->lines[kernel]);
	}
	return image->lines[kernel]->words;
}

void road_gpu_lines_unload(struct gpu_image *image)
{
	for (uint32_t k = 0; image->lines && k < image->module->kernel_count; k++)
		if (image->lines[k])
			image->lines[k]->unloaded = true;
	free(image->lines);
}

void road_gpu_lines_free(struct gpu_chip *chip)
{
	while (chip->lines) {
		struct gpu_lines *lines = chip->lines;

		chip->lines = lines->next;
		free_lines(lines);
	}
}

static void add_word(struct sim_line *out, const struct road_gpu_word_counters *c, uint32_t note)
{
	out->issues += c->issues;
	out->lanes += c->lanes;
	out->spills += note & ROAD_GPU_LINE_SPILL ? c->issues : 0;
	out->stall_barrier += c->stalls[ROAD_GPU_STALL_BARRIER];
	out->stall_memory += c->stalls[ROAD_GPU_STALL_MEMORY];
	out->stall_dependence += c->stalls[ROAD_GPU_STALL_DEPENDENCE];
	out->stall_unit += c->stalls[ROAD_GPU_STALL_UNIT];
	out->stall_not_selected += c->stalls[ROAD_GPU_STALL_NOT_SELECTED];
	out->sectors += c->sectors;
	out->sectors_ideal += c->sectors_ideal;
	out->replays += c->replays;
}

bool road_gpu_line(void *model, uint32_t index, struct sim_line *out)
{
	const struct gpu_chip *chip = model;
	const struct gpu_lines *lines = chip->lines;

	for (; lines && index >= lines->rows; lines = lines->next)
		index -= lines->rows;
	if (!lines)
		return false;
	*out = (struct sim_line){.image = lines->image,
				 .kernel = lines->kernel,
				 .line = line_of(lines, lines->order[lines->first[index]]),
				 .timed = chip->fidelity != SIM_FUNCTIONAL};
	for (uint32_t i = lines->first[index]; i < lines->first[index + 1]; i++) {
		uint32_t word = lines->order[i];

		add_word(out, &lines->words[word], lines->notes[word]);
		if (word == lines->word_count - 1) /* running off the end is the last one's */
			add_word(out, &lines->words[word + 1], 0);
	}
	return true;
}
