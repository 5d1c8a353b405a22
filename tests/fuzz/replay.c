/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer as a test: every file of its corpus, once. What does harm ends the process. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/reader.h"

/* The bytes are in memory of their size alone, so that reading beyond them shows. */
static int replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes;
	long size = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size < 0) {
		fprintf(stderr, "cannot read %s\n", path);
		return -1;
	}
	rewind(file);
	bytes = malloc(size ? (size_t)size : 1);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
		return -1;
	fclose(file);
	fprintf(stderr, "# %s\n", name); /* the last one is the culprit */
	LLVMFuzzerTestOneInput(bytes, (size_t)size);
	free(bytes);
	return 0;
}

static int replay_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(folder, entry->d_name))
			return -1;
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? replay_all(argv[1]) : -1;

	printf("1..1\n%sok 1 - %d inputs of the corpus do no harm\n", count > 0 ? "" : "not ",
	       count);
	return count <= 0;
}
