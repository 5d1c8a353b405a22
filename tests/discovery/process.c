/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/discovery/process.h"

#include <string.h>
#include <unistd.h>

#include "tests/support/tap.h"

char *bed_path(UMockdevTestbed *bed, const char *path)
{
	char *root = umockdev_testbed_get_root_dir(bed);
	char *full = g_strconcat(root, path, NULL);

	g_free(root);
	return full;
}

void bed_write(UMockdevTestbed *bed, const char *path, const char *bytes, gssize count)
{
	char *full = bed_path(bed, path), *folder = g_path_get_dirname(full);

	CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(folder, 0755), 0);
	unlink(full);
	CU_ASSERT_FATAL(g_file_set_contents(full, bytes, count, NULL));
	g_free(folder);
	g_free(full);
}

void bed_remove(UMockdevTestbed *bed, const char *path)
{
	char *full = bed_path(bed, path);

	CU_ASSERT_EQUAL_FATAL(unlink(full), 0);
	g_free(full);
}

static char *file_of(unsigned pid, const char *name)
{
	return g_strdup_printf("/proc/%u/%s", pid, name);
}

static void write_of(UMockdevTestbed *bed, unsigned pid, const char *name, const char *text)
{
	char *path = file_of(pid, name);

	bed_write(bed, path, text, -1);
	g_free(path);
}

void bed_process(UMockdevTestbed *bed, unsigned pid, const char *command)
{
	char *folder = file_of(pid, "fd"), *full = bed_path(bed, folder);

	CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(full, 0755), 0);
	write_of(bed, pid, "comm", command);
	write_of(bed, pid, "cmdline", command);
	g_free(folder);
	g_free(full);
}

void bed_process_end(UMockdevTestbed *bed, unsigned pid)
{
	char *folder = g_strdup_printf("/proc/%u", pid), *full = bed_path(bed, folder);
	char *gone = g_strconcat(full, "-ended", NULL);

	CU_ASSERT_EQUAL_FATAL(rename(full, gone), 0);
	g_free(gone);
	g_free(folder);
	g_free(full);
}

void bed_descriptor(UMockdevTestbed *bed, unsigned pid, unsigned fd, const char *node,
		    const char *says)
{
	char *name = g_strdup_printf("fdinfo/%u", fd), *link = g_strdup_printf("fd/%u", fd);
	char *path = file_of(pid, link), *full = bed_path(bed, path);

	write_of(bed, pid, name, says);
	unlink(full);
	CU_ASSERT_EQUAL_FATAL(symlink(node, full), 0);
	g_free(full);
	g_free(path);
	g_free(link);
	g_free(name);
}
