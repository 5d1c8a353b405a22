/* SPDX-License-Identifier: Apache-2.0 */
/* A large PTX module: compiled, found in the cache's folder, found in memory. */
#include "bench/bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNELS = 150, COMPILED = 0, ON_DISK, IN_MEMORY, WAYS };

struct module {
	char *text;
	size_t bytes;
};

/* Text of nvcc's module with the kernel's name followed by a number. */
static void write_renamed(FILE *to, const char *from, const char *end, const char *name, int number)
{
	size_t length = strlen(name);
	const char *at;

	while ((at = memmem(from, (size_t)(end - from), name, length))) {
		fwrite(from, 1, (size_t)(at - from) + length, to);
		fprintf(to, "%d", number);
		from = at + length;
	}
	fwrite(from, 1, (size_t)(end - from), to);
}

/* nvcc's one kernel many times, under names of their own. */
static bool make_module(struct module *out)
{
	const struct bench_file *file = bench_file_find("layernorm");
	const char *text = (const char *)file->bytes, *end = text + file->byte_count;
	const char *entry = memmem(text, file->byte_count, ".visible .entry", 15);
	FILE *to = entry ? open_memstream(&out->text, &out->bytes) : NULL;

	if (!to)
		return false;
	fwrite(text, 1, (size_t)(entry - text), to);
	for (int k = 0; k < KERNELS; k++)
		write_renamed(to, entry, end, "layernorm", k);
	return !fclose(to);
}

/* Milliseconds that loading it takes; negative after a failure. */
static double load(struct bench *bench, struct bench_device *d, const struct module *module)
{
	double start = bench_seconds(), took;
	road_image *image;

	if (road_image_load(d->space, module->text, module->bytes, NULL, &image)) {
		bench_failed(bench, "a large module");
		return -1;
	}
	took = bench_seconds() - start;
	road_image_release(image);
	return took * 1e3;
}

/* What a program of its own sees that loads the module twice. */
static bool load_twice(struct bench *bench, const struct module *module, double took[2])
{
	struct bench program = {0};
	struct bench_device d;

	took[0] = took[1] = -1;
	if (road_instance_create(NULL, &program.instance))
		return bench_failed(bench, "an instance with a cache");
	if (bench_open(&program, "sim:a100-sxm4-80gb?time=functional", &d)) {
		took[0] = load(&program, &d, module);
		took[1] = load(&program, &d, module);
		bench_close(&d);
	}
	road_instance_release(program.instance);
	if (!bench->error[0])
		memcpy(bench->error, program.error, sizeof(bench->error));
	return took[0] >= 0 && took[1] >= 0;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Two programs, one after the other, with a folder that is new. */
static bool measure(struct bench *bench, const struct module *module, double ways[WAYS])
{
	char folder[] = "/tmp/roadbed-bench-XXXXXX";
	double first[2], second[2];
	bool good;

	if (!mkdtemp(folder))
		return bench_failed(bench, "a folder for the cache");
	setenv("ROADBED_CACHE", folder, 1);
	good = load_twice(bench, module, first) && load_twice(bench, module, second);
	nftw(folder, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
	ways[COMPILED] = first[0];
	ways[IN_MEMORY] = first[1];
	ways[ON_DISK] = second[0];
	return good;
}

void bench_cache(struct bench *bench)
{
	static const char *const names[WAYS] = {"compiled", "from the cache's folder",
						"from memory"};
	const char *before = getenv("ROADBED_CACHE");
	char *restore = before ? strdup(before) : NULL, name[80];
	double values[WAYS][BENCH_RUNS], ways[WAYS] = {0};
	struct module module = {0};
	bool good = make_module(&module);

	for (int run = 0; run < BENCH_RUNS && good; run++) {
		good = measure(bench, &module, ways);
		for (int way = 0; way < WAYS; way++)
			values[way][run] = ways[way];
	}
	for (int way = 0; way < WAYS && good; way++) {
		snprintf(name, sizeof(name), "PTX of %d kernels, %zu kB, %s", KERNELS,
			 module.bytes / 1000, names[way]);
		bench_add(bench, name, "ms", values[way], 0, 0, false);
	}
	if (!good)
		bench_failed(bench, "the compile cache");
	if (restore)
		setenv("ROADBED_CACHE", restore, 1);
	else
		unsetenv("ROADBED_CACHE");
	free(restore);
	free(module.text);
}
