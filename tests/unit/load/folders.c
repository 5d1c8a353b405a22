/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/load/folders.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"

char *folder_new(void)
{
	const char *temporary = getenv("TMPDIR");
	char *folder = NULL;

	CU_ASSERT_FATAL(asprintf(&folder, "%s/roadbed-load-XXXXXX",
				 temporary && temporary[0] == '/' ? temporary : "/tmp") > 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	return folder;
}

void folder_remove(char *folder)
{
	DIR *list = opendir(folder);
	char path[4096];

	chmod(folder, 0700);
	for (struct dirent *entry; list && (entry = readdir(list));) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] != '.')
			CU_ASSERT_EQUAL(unlink(path), 0);
	}
	if (list)
		closedir(list);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	free(folder);
}

static void put(const char *folder, const char *name, const void *bytes, size_t count)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "wx");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
	fclose(file);
	CU_ASSERT_EQUAL(chmod(path, 0644), 0);
}

void folder_put(const char *folder, const char *from, const char *name)
{
	FILE *file = fopen(from, "r");
	static char bytes[16 << 20];

	if (!file)
		printf("# there is no %s\n", from);
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	size_t count = fread(bytes, 1, sizeof(bytes), file);

	CU_ASSERT_FATAL(count > 0 && count < sizeof(bytes));
	fclose(file);
	put(folder, name, bytes, count);
}

void folder_put_text(const char *folder, const char *name, const char *text)
{
	put(folder, name, text, strlen(text));
}

road_instance *open_with(const char *folders)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV,
					 .library_folder = SIM_FOLDER,
					 .driver_folders = folders};
	road_instance *instance = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &instance), ROAD_OK);
	return instance;
}

bool candidate_of(road_instance *instance, const char *address, road_candidate *out)
{
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	for (uint32_t i = 0; !road_instance_explain(instance, ROAD_ENUMERATE_POSSIBLE, i, out); i++)
		if (!strcmp(out->address, address))
			return true;
	return false;
}

bool row_of(road_instance *instance, const char *folder, const char *name, road_candidate *out)
{
	char path[sizeof(out->address)];

	snprintf(path, sizeof(path), "%.150s%s%.90s", folder, name ? "/" : "", name ? name : "");
	return candidate_of(instance, path, out);
}
