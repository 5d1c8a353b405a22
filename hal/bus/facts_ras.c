/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that a device's own units counted: files FOLDER/ras/UNIT_err_count, with lines "ue: N"
 * (uncorrectable), "ce: N" (corrected) and, of newer ones, "de: N" (deferred); see the kernel's
 * Documentation/gpu/amdgpu/ras.
 */
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *word, *name;
} kinds[] = {{"ue:", "uncorrectable"}, {"ce:", "correctable"}, {"de:", "deferred"}};

static void add(struct road_facts *facts, const char *folder, const char *file, size_t unit)
{
	char word[32], name[64];

	snprintf(word, sizeof(word), "%.*s", (int)unit, file);
	road_text_word(word);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct road_fact_row row = {
			name, "", file, ROAD_FACT_WORD | ROAD_FACT_WAKES, 1, kinds[i].word};

		snprintf(name, sizeof(name), "errors.%s.%s", word, kinds[i].name);
		road_fact_file(facts, folder, &row);
	}
}

void road_facts_ras(struct road_facts *facts, const char *folder)
{
	static const char end[] = "_err_count";
	struct road_sysfs_names files;
	char path[176];

	snprintf(path, sizeof(path), "%s/ras", folder);
	facts->full |= !road_sysfs_list(path, &files);
	for (uint32_t i = 0; i < files.count; i++) {
		const size_t length = strlen(files.at[i]);

		if (length > strlen(end) && length < 32 &&
		    !strcmp(files.at[i] + length - strlen(end), end))
			add(facts, path, files.at[i], length - strlen(end));
	}
	road_sysfs_names_free(&files);
	road_facts_rest(facts, path, "ras.");
}
