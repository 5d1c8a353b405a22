/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle-gpu [--programs N] [--seconds N] [--seed N] [--features MASK] [--variants MASK]
 *            [--kept FOLDER] [--save FOLDER] [--coverage] [--print] [--first]
 *
 * Tries generated programs, and those kept in a folder, and speaks TAP. What differs is reduced
 * and saved. --print writes the program of the seed; --first answers with the number of programs
 * it took to find a difference and does not reduce it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/gpu/check.h"
#include "tests/oracle/gpu/gen.h"

struct settings {
	unsigned programs, seconds, features, variants;
	unsigned long long seed;
	const char *kept, *save;
	bool coverage, print, first;
};

static void print_comment(const char *text)
{
	printf("# ");
	for (; *text; text++) {
		putchar(*text);
		if (*text == '\n' && text[1])
			printf("# ");
	}
	putchar('\n');
}

static char *read_file(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (in && text && !fread(text, 1, (1 << 20) - 1, in))
		text[0] = '\0';
	if (in)
		fclose(in);
	return text;
}

/* ---- reducing ---- */

static bool still(const struct program *p, const bool *dropped, const struct finding *was)
{
	char *text = program_text(p, dropped);
	struct finding f = check_apart(text, 1u << was->variant);

	free(text);
	return f.verdict == was->verdict;
}

/* Leaves out units, many at a time and then fewer, as long as it differs in the same way. */
static bool *reduce(const struct program *p, const struct finding *was)
{
	bool *dropped = calloc(p->unit_count, sizeof(*dropped));

	for (uint32_t step = p->unit_count / 2; dropped && step; step /= 2) {
		for (uint32_t first = 1; first < p->unit_count; first += step) {
			bool saved[4096], any = false;
			uint32_t end = first + step < p->unit_count ? first + step : p->unit_count;

			for (uint32_t k = first; k < end && k - first < 4096; k++) {
				saved[k - first] = dropped[k];
				any |= !dropped[k] && !p->units[k].keep;
				dropped[k] |= !p->units[k].keep;
			}
			if (!any || still(p, dropped, was))
				continue;
			memcpy(dropped + first, saved, end - first);
		}
	}
	return dropped;
}

static void save(const struct settings *s, const char *text, const struct finding *f)
{
	char path[512];
	unsigned long long seed = strtoull(strchr(text, '=') + 1, NULL, 10);

	snprintf(path, sizeof(path), "%s/seed-%llu.ptx", s->save, seed);
	FILE *out = fopen(path, "w");

	if (!out)
		return;
	/* behind the first line, which says how to launch it */
	const char *rest = strchr(text, '\n') + 1;

	fprintf(out, "%.*s// %s: %s\n%s", (int)(rest - text), text, variant_name(f->variant),
		f->why, rest);
	fclose(out);
	printf("# saved as %s\n", path);
}

static void tell(const struct settings *s, unsigned long long seed, struct finding f)
{
	static const char *const verdicts[] = {"agrees", "differs", "is not valid", "crashes",
					       "hangs"};

	printf("# seed %llu %s: %s: %s\n", seed, verdicts[f.verdict], variant_name(f.variant),
	       f.why);
	if (s->first || f.verdict == VERDICT_HUNG)
		return;
	struct program *p = program_generate(seed, s->features);
	char *whole = program_text(p, NULL);

	for (unsigned v = 0; f.verdict == VERDICT_CRASHED && v < VARIANT_COUNT; v++) {
		f.variant = (enum variant)v; /* a crash does not say where it was */
		if (check_apart(whole, 1u << v).verdict == VERDICT_CRASHED)
			break;
	}
	free(whole);
	if (f.verdict != VERDICT_INVALID) {
		bool *dropped = reduce(p, &f);
		char *text = program_text(p, dropped);

		print_comment(text);
		if (s->save)
			save(s, text, &f);
		free(text);
		free(dropped);
	}
	program_free(p);
}

/* ---- tests ---- */

static unsigned number, failures;

static void result(bool good, const char *sentence)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, sentence);
	failures += !good;
}

static int is_ptx(const struct dirent *entry)
{
	size_t bytes = strlen(entry->d_name);

	return bytes > 4 && !strcmp(entry->d_name + bytes - 4, ".ptx");
}

static void try_kept(const struct settings *s)
{
	struct dirent **names;
	int count = s->kept ? scandir(s->kept, &names, is_ptx, alphasort) : 0;

	for (int k = 0; k < count; k++) {
		char path[512], sentence[400];

		snprintf(path, sizeof(path), "%s/%s", s->kept, names[k]->d_name);
		char *text = read_file(path);
		struct finding f = check_apart(text, VARIANTS_ALL);

		if (f.verdict != VERDICT_AGREES)
			printf("# %s: %s: %s\n", names[k]->d_name, variant_name(f.variant), f.why);
		snprintf(sentence, sizeof(sentence), "kept program %.300s agrees",
			 names[k]->d_name);
		result(f.verdict == VERDICT_AGREES, sentence);
		free(text);
		free(names[k]);
	}
	if (count > 0)
		free(names);
}

static void count_forms(const struct settings *s, unsigned done)
{
	for (unsigned k = 0; k < done; k++)
		program_free(program_generate(s->seed + k, s->features));
	gen_coverage(s->features, s->coverage);
}

static void try_generated(const struct settings *s)
{
	struct finding f;
	unsigned long long seed = 0;
	unsigned done =
		check_seeds(s->seed, s->programs, s->features, s->variants, s->seconds, &f, &seed);
	char sentence[100];

	if (s->first) {
		printf("found %d after %u: %s\n", f.verdict, done + 1, f.why);
		return;
	}
	if (f.verdict != VERDICT_AGREES)
		tell(s, seed, f);
	count_forms(s, done);
	snprintf(sentence, sizeof(sentence), "%u generated programs from seed %llu agree", done,
		 s->seed);
	result(f.verdict == VERDICT_AGREES && done, sentence);
}

static bool set(struct settings *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		unsigned *number;
	} numbers[] = {{"--programs", &s->programs},
		       {"--seconds", &s->seconds},
		       {"--features", &s->features},
		       {"--variants", &s->variants}};

	for (unsigned k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
		if (strcmp(name, numbers[k].name))
			continue;
		*numbers[k].number = (unsigned)strtoul(value, NULL, 0);
		return true;
	}
	if (!strcmp(name, "--seed"))
		s->seed = strtoull(value, NULL, 0);
	else if (!strcmp(name, "--kept"))
		s->kept = value;
	else if (!strcmp(name, "--save"))
		s->save = value;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct settings s = {.programs = 200, .seed = 1, .features = FEATURES_ALL};

	for (int k = 1; k < argc; k++) {
		if (!strcmp(argv[k], "--coverage"))
			s.coverage = true;
		else if (!strcmp(argv[k], "--print"))
			s.print = true;
		else if (!strcmp(argv[k], "--first"))
			s.first = true;
		else if (k + 1 < argc && set(&s, argv[k], argv[k + 1]))
			k++;
		else
			return fprintf(stderr, "oracle-gpu: '%s' is no option\n", argv[k]) != 0;
	}
	if (s.print) {
		struct program *p = program_generate(s.seed, s.features);
		char *text = program_text(p, NULL);

		fputs(text, stdout);
		free(text);
		program_free(p);
		return 0;
	}
	if (s.seconds && s.programs == 200)
		s.programs = UINT32_MAX;
	try_kept(&s);
	if (s.programs)
		try_generated(&s);
	if (!s.first)
		printf("1..%u\n", number);
	return failures != 0;
}
