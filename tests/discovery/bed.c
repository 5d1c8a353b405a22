/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/discovery/bed.h"

#include <errno.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

#include "tests/support/tap.h"

static char *path_of(const char *name)
{
	return g_strdup_printf("%s/%s", getenv("ROADBED_TEST_FOLDER"), name);
}

UMockdevTestbed *bed_new(const char *file)
{
	UMockdevTestbed *bed = umockdev_testbed_new();
	char *path, *text = NULL;
	GError *error = NULL;

	if (!file)
		return bed;
	path = path_of(file);
	CU_ASSERT_FATAL(g_file_get_contents(path, &text, NULL, NULL));
	/* umockdev knows no comments: ours are the first lines. */
	umockdev_testbed_add_from_string(bed, strstr(text, "P: "), &error);
	if (error)
		printf("# %s: %s\n", path, error->message);
	CU_ASSERT_PTR_NULL_FATAL(error);
	g_free(text);
	g_free(path);
	return bed;
}

/* By hand: umockdev would tell the world of each. */
void bed_add_function(UMockdevTestbed *bed, unsigned number)
{
	static const char *const files[][2] = {
		{"class", "0x120000\n"}, {"vendor", "0x1002\n"}, {"device", "0x74a1\n"}};
	char *root = umockdev_testbed_get_root_dir(bed);
	char *folder = g_strdup_printf("%s/sys/bus/pci/devices/0000:%02x:%02x.%u", root,
				       number >> 8, number >> 3 & 0x1f, number & 7);

	CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(folder, 0700), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = g_strdup_printf("%s/%s", folder, files[i][0]);
		FILE *file = fopen(path, "w");

		CU_ASSERT_PTR_NOT_NULL_FATAL(file);
		fputs(files[i][1], file);
		fclose(file);
		g_free(path);
	}
	g_free(folder);
	g_free(root);
}

/* ---- DRM ---- */

static void put_text(UMockdevIoctlData *data, size_t pointer, size_t length_at, const char *text)
{
	size_t length = strlen(text), room;

	memcpy(&room, data->data + length_at, sizeof(room));
	if (room >= length) {
		UMockdevIoctlData *to = umockdev_ioctl_data_resolve(data, pointer, length, NULL);

		if (to)
			umockdev_ioctl_data_update(to, 0, (guint8 *)text, (gint)length);
	}
	umockdev_ioctl_data_update(data, length_at, (guint8 *)&length, sizeof(length));
}

static void answer_version(const struct bed_drm *drm, UMockdevIoctlClient *client,
			   UMockdevIoctlData *data)
{
	umockdev_ioctl_data_update(data, 0, (guint8 *)(void *)drm->version, sizeof(drm->version));
	put_text(data, offsetof(struct drm_version, name), offsetof(struct drm_version, name_len),
		 drm->name);
	put_text(data, offsetof(struct drm_version, date), offsetof(struct drm_version, date_len),
		 "20260101");
	put_text(data, offsetof(struct drm_version, desc), offsetof(struct drm_version, desc_len),
		 "a driver");
	umockdev_ioctl_client_complete(client, 0, 0);
}

/* Shares both ways, has objects to wait for, and no timelines of them. */
static void answer_cap(UMockdevIoctlClient *client, UMockdevIoctlData *data)
{
	struct drm_get_cap cap;

	memcpy(&cap, data->data, sizeof(cap));
	switch (cap.capability) {
	case DRM_CAP_PRIME: cap.value = DRM_PRIME_CAP_IMPORT; break;
	case DRM_CAP_SYNCOBJ: cap.value = 1; break;
	default: umockdev_ioctl_client_complete(client, -1, EINVAL); return;
	}
	umockdev_ioctl_data_update(data, 0, (guint8 *)(void *)&cap, sizeof(cap));
	umockdev_ioctl_client_complete(client, 0, 0);
}

static gboolean answer(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer user)
{
	gulong request = umockdev_ioctl_client_get_request(client);
	UMockdevIoctlData *argument = umockdev_ioctl_client_get_arg(client);
	struct bed_drm *drm = user;
	bool version = request == DRM_IOCTL_VERSION, interrupted = drm->interrupted > 0;

	(void)base;
	if (!drm->asked++ && drm->on_ask)
		drm->on_ask(drm->arg);
	drm->interrupted -= interrupted;
	if (drm->error || interrupted) {
		umockdev_ioctl_client_complete(client, -1, interrupted ? EINTR : drm->error);
		return TRUE;
	}
	UMockdevIoctlData *data = umockdev_ioctl_data_resolve(
		argument, 0,
		(gint)(version ? sizeof(struct drm_version) : sizeof(struct drm_get_cap)), NULL);

	if (version)
		answer_version(drm, client, data);
	else if (request == DRM_IOCTL_GET_CAP && drm->no_caps)
		umockdev_ioctl_client_complete(client, -1, EINVAL);
	else if (request == DRM_IOCTL_GET_CAP)
		answer_cap(client, data);
	else
		umockdev_ioctl_client_complete(client, -1, ENOTTY);
	return TRUE;
}

void bed_attach_drm(UMockdevTestbed *bed, const char *node, struct bed_drm *drm)
{
	UMockdevIoctlBase *base = umockdev_ioctl_base_new();
	GError *error = NULL;

	g_signal_connect(base, "handle-ioctl", G_CALLBACK(answer), drm);
	umockdev_testbed_attach_ioctl(bed, node, base, &error);
	CU_ASSERT_PTR_NULL_FATAL(error);
	g_object_unref(base);
}

/* ---- the tool ---- */

static char *read_all(int fd)
{
	GString *all = g_string_new("");
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) > 0)
		g_string_append_len(all, part, got);
	return g_string_free(all, FALSE);
}

/* Without what is for the tests alone: the command has an opinion on variables ROADBED_*. */
static char **environment(void)
{
	char **all = g_get_environ();

	all = g_environ_unsetenv(all, "ROADBED_TEST_FOLDER");
	all = g_environ_unsetenv(all, "ROADBED_TEST_TOOL");
	all = g_environ_unsetenv(all, "ROADBED_TEST_SCHEMA");
	all = g_environ_unsetenv(all, "ROADBED_TEST_LIBPCI");
	return g_environ_unsetenv(all, "ROADBED_TEST_WRITE");
}

int bed_run(const char *const *arguments, char **out)
{
	char **variables = environment();
	char *argv[16] = {getenv("ROADBED_TEST_TOOL")};
	posix_spawn_file_actions_t actions;
	int pipes[2], status = 0;
	pid_t child;

	for (int i = 0; arguments[i]; i++)
		argv[i + 1] = (char *)arguments[i];
	CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
	posix_spawn_file_actions_addclose(&actions, pipes[0]);
	CU_ASSERT_EQUAL_FATAL(posix_spawn(&child, argv[0], &actions, NULL, argv, variables), 0);
	g_strfreev(variables);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	*out = read_all(pipes[0]);
	close(pipes[0]);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Line by line, so that a difference is named. */
static bool same(const char *golden, const char *seen)
{
	char **want = g_strsplit(golden, "\n", -1), **have = g_strsplit(seen, "\n", -1);
	bool equal = g_strv_length(want) == g_strv_length(have);

	for (guint i = 0; want[i] && have[i]; i++) {
		char **parts = g_strsplit(want[i], "[", -1); /* '[' is no pattern here */
		char *pattern = g_strjoinv("\\[", parts);

		if (fnmatch(pattern, have[i], 0)) {
			printf("# line %u: \"%s\" instead of \"%s\"\n", i + 1, have[i], want[i]);
			equal = false;
		}
		g_free(pattern);
		g_strfreev(parts);
	}
	g_strfreev(want);
	g_strfreev(have);
	return equal;
}

void bed_check(const char *const *arguments, const char *golden)
{
	bed_check_exit(arguments, golden, 0);
}

void bed_check_exit(const char *const *arguments, const char *golden, int code)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), code);
	bed_compare(seen, golden);
	g_free(seen);
}

void bed_compare(const char *seen, const char *golden)
{
	char *path = path_of(golden), *want = NULL;

	if (getenv("ROADBED_TEST_WRITE")) /* to begin with; '*' are put in by hand */
		g_file_set_contents(path, seen, -1, NULL);
	CU_ASSERT_FATAL(g_file_get_contents(path, &want, NULL, NULL));
	bool equal = same(want, seen);

	CU_ASSERT(equal);
	g_free(want);
	g_free(path);
}

/* Answers the exit status of python3 SCHEMA ARGUMENT, with this text as its input; what it says of
 * what is wrong is printed. It sees the machine as it is. */
static int validate(const char *argument, const char *text)
{
	const char *python[] = {"python3", getenv("ROADBED_TEST_SCHEMA"), argument, NULL};
	char **variables = g_environ_unsetenv(g_get_environ(), "LD_PRELOAD"), *said;
	int in, err, status = 0;
	GPid child;

	CU_ASSERT_FATAL(g_spawn_async_with_pipes(NULL, (char **)python, variables,
						 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
						 NULL, NULL, &child, &in, NULL, &err, NULL));
	for (size_t at = 0, bytes = strlen(text); at < bytes;) {
		const ssize_t wrote = write(in, text + at, bytes - at);

		CU_ASSERT_FATAL(wrote > 0);
		at += (size_t)wrote;
	}
	close(in);
	said = read_all(err);
	close(err);
	waitpid(child, &status, 0);
	g_spawn_close_pid(child);
	if (said[0])
		printf("# %s", said);
	g_free(said);
	g_strfreev(variables);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool bed_can_validate(void)
{
	return validate("--can", "") == 0;
}

void bed_collect(const char *const *arguments, int code, GString *to)
{
	char *seen;

	CU_ASSERT_EQUAL(bed_run(arguments, &seen), code);
	g_string_append(to, seen);
	g_free(seen);
}

bool bed_valid(const GString *documents)
{
	return validate(NULL, documents->str) == 0;
}
