/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { ARGUMENTS_MAX = 32 };

/* `below` as seen from this program's folder, if `witness` is there. */
static const char *beside(char out[PATH_MAX + 80], const char *below, const char *witness)
{
	char home[PATH_MAX], path[2 * PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", home, sizeof(home) - 1);

	home[bytes > 0 ? bytes : 0] = 0;
	snprintf(out, PATH_MAX + 64, "%s/%s", dirname(home), below);
	snprintf(path, sizeof(path), "%s/%s", out, witness);
	return access(path, R_OK) ? NULL : out;
}

/* The build folder lies in the sources, or ROADBED_SOURCE says where they are. */
const char *machine_sources(void)
{
	static char folder[PATH_MAX + 80];
	const char *told = getenv("ROADBED_SOURCE");

	if (!told || !*told)
		return beside(folder, "../../..", "tests/house/uapi.layout");
	snprintf(folder, sizeof(folder), "%s/tests/house/uapi.layout", told);
	return access(folder, R_OK) ? NULL : told;
}

const char *machine_headers(void)
{
	static char folder[PATH_MAX + 80];

	if (machine_sources()) {
		snprintf(folder, sizeof(folder), "%s/hal/include", machine_sources());
		return folder;
	}
	return beside(folder, "../../include", "roadbed/roadbed.h");
}

const char *machine_command(void)
{
	static char path[PATH_MAX + 80];
	const char *folder = beside(path, "../../tools/roadbed", "roadbed"); /* of a build */

	if (!folder)
		folder = beside(path, "../../bin", "roadbed");
	if (!folder)
		return NULL;
	strcat(path, "/roadbed");
	return path;
}

const char *machine_drivers(void)
{
	static char folder[PATH_MAX + 80];
	static const char witness[] = "driver-match.so";
	const char *found = beside(folder, "drivers", witness);

	return found ? found : beside(folder, "../../share/roadbed/conformance/drivers", witness);
}

bool machine_has(const char *program)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];

	while (at && *at) {
		size_t bytes = strcspn(at, ":");

		snprintf(path, sizeof(path), "%.*s/%s", (int)bytes, at, program);
		if (!access(path, X_OK))
			return true;
		at += bytes + (at[bytes] == ':');
	}
	return false;
}

/* The text as a descriptor to be read from its beginning; -1: none. */
static int file_of(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool run_compiler(char **arguments, int in, int out)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return !status;
}

bool machine_compiles(const char *compiler, const char *flags, const char *text, char *said,
		      size_t bytes)
{
	char headers[PATH_MAX + 96] = "", sources[PATH_MAX + 96] = "", words[256];
	char *arguments[ARGUMENTS_MAX] = {(char *)(uintptr_t)compiler, "-fsyntax-only", "-Wall",
					  "-Wextra", "-Werror"};
	unsigned count = 5;
	int in = file_of(text), out = file_of("");

	snprintf(words, sizeof(words), "%s", flags);
	for (char *rest = words, *word; (word = strsep(&rest, " ")) && count < ARGUMENTS_MAX - 4;)
		arguments[count++] = word;
	snprintf(headers, sizeof(headers), "-I%s", machine_headers() ? machine_headers() : ".");
	snprintf(sources, sizeof(sources), "-I%s", machine_sources() ? machine_sources() : ".");
	arguments[count++] = headers;
	arguments[count++] = sources;
	arguments[count] = "-";
	bool good = in >= 0 && out >= 0 && run_compiler(arguments, in, out);
	ssize_t got = good || out < 0 ? 0 : pread(out, said, bytes - 1, 0);

	said[got > 0 ? got : 0] = 0;
	close(in);
	close(out);
	return good;
}

double machine_scale(void)
{
	const char *scale = getenv("ROADBED_TIMEOUT_SCALE");
	const double factor = scale ? strtod(scale, NULL) : 1;

	return factor >= 1 && factor < 1000 ? factor : 1;
}

/* Its status; -1: it has not ended by then, and is killed. */
static int await_child(pid_t pid, double seconds)
{
	const struct timespec nap = {.tv_nsec = 5000000};
	int status = -1;

	for (double waited = 0; waited < seconds; waited += 0.005) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&nap, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

bool machine_plug(const char *command, bool in, const char *address)
{
	char *arguments[] = {(char *)(uintptr_t)command, in ? "in" : "out",
			     (char *)(uintptr_t)address, NULL};
	pid_t pid;

	return !posix_spawnp(&pid, command, NULL, NULL, arguments, environ) &&
	       !await_child(pid, 60 * machine_scale());
}

bool machine_has_m32(void)
{
	char said[100];

	return machine_has("cc") &&
	       machine_compiles("cc", "-x c -ffreestanding -m32",
				"#include <stddef.h>\n#include <stdint.h>\n", said, sizeof(said));
}

/* Headers of a folder, without those in folders below. */
static unsigned each_in(const char *root, const char *folder,
			void (*fn)(const char *header, void *user), void *user)
{
	char path[PATH_MAX + 300];
	unsigned count = 0;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	DIR *dir = opendir(path);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *end = strrchr(entry->d_name, '.');

		if (!end || strcmp(end, ".h"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fn(path, user);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

unsigned machine_each_header(const char *folder, void (*fn)(const char *header, void *user),
			     void *user)
{
	return machine_headers() ? each_in(machine_headers(), folder, fn, user) : 0;
}

unsigned machine_each_contract(void (*fn)(const char *header, void *user), void *user)
{
	const char *root = machine_sources();
	char path[PATH_MAX + 300];

	if (!root)
		return 0;
	snprintf(path, sizeof(path), "%s/uapi", root);
	unsigned count = each_in(root, "uapi", fn, user);
	DIR *dir = opendir(path);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || strchr(entry->d_name, '.'))
			continue;
		snprintf(path, sizeof(path), "uapi/%s", entry->d_name);
		count += each_in(root, path, fn, user);
	}
	if (dir)
		closedir(dir);
	return count;
}
