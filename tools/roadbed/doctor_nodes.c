/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed doctor`: nodes of devices, and who may open them. */
#include "tools/roadbed/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nodes DEV/FOLDER/PREFIX*, of the kernel's class. */
struct kind {
	const char *id, *folder, *prefix, *class_name;
};
static const struct kind kinds[] = {
	{"node.accel", "accel", "accel", "accel"},
	{"node.dri", "dri", "renderD", "drm"},
};

static void closed_node(struct doctor *doctor, const struct kind *kind, const char *path,
			const struct stat *is)
{
	const struct group *group = getgrgid(is->st_gid);
	char remedy[384];

	if (!group)
		snprintf(remedy, sizeof(remedy), "chgrp it to a group of this user, chmod g+rw");
	else if (is->st_gid && (is->st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP))
		snprintf(remedy, sizeof(remedy), "usermod -aG %s USER, and log in again",
			 group->gr_name);
	else
		snprintf(remedy, sizeof(remedy),
			 "in /etc/udev/rules.d/70-accelerators.rules: SUBSYSTEM==\"%s\", "
			 "KERNEL==\"%s*\", GROUP=\"render\", MODE=\"0660\"",
			 kind->class_name, kind->prefix);
	doctor_tell(doctor, kind->id, DOCTOR_FAIL, remedy,
		    "%s: no right to open it (group %s, mode %03o)", path,
		    group ? group->gr_name : "unknown", (unsigned)is->st_mode & 0777);
}

/* Entries of a folder that begin with the kind's prefix; answers how many `look` found wrong. */
static uint32_t each(struct doctor *doctor, const struct kind *kind, const char *folder,
		     bool (*look)(struct doctor *doctor, const struct kind *kind, const char *name),
		     uint32_t *count)
{
	DIR *all = opendir(folder);
	struct dirent *entry;
	uint32_t wrong = 0;

	*count = 0;
	if (!all && errno != ENOENT) {
		doctor_tell(doctor, kind->id, DOCTOR_FAIL, "", "%s: %s", folder, strerror(errno));
		return 1;
	}
	while (all && (entry = readdir(all))) {
		if (strncmp(entry->d_name, kind->prefix, strlen(kind->prefix)))
			continue;
		++*count;
		wrong += !look(doctor, kind, entry->d_name);
	}
	if (all)
		closedir(all);
	return wrong;
}

static bool is_open(struct doctor *doctor, const struct kind *kind, const char *name)
{
	char path[PATH_MAX];
	struct stat is;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", doctor->dev, kind->folder, name) >=
		    sizeof(path) ||
	    stat(path, &is))
		return true; /* it went while we looked */
	if (!access(path, R_OK | W_OK))
		return true;
	closed_node(doctor, kind, path, &is);
	return false;
}

/* The kernel has the device; has this container its node? */
static bool has_node(struct doctor *doctor, const struct kind *kind, const char *name)
{
	char path[PATH_MAX], remedy[384];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", doctor->dev, kind->folder, name) >=
		    sizeof(path) ||
	    !access(path, F_OK))
		return true;
	snprintf(remedy, sizeof(remedy),
		 "in a container: --device %.200s; elsewhere udevd or a devtmpfs makes it", path);
	doctor_tell(doctor, kind->id, DOCTOR_FAIL, remedy, "%s is missing, /sys/class/%s has %s",
		    path, kind->class_name, name);
	return false;
}

static void nodes(struct doctor *doctor, const struct kind *kind)
{
	char folder[PATH_MAX];
	uint32_t count, known, wrong;

	snprintf(folder, sizeof(folder), "%s/%s", doctor->dev, kind->folder);
	wrong = each(doctor, kind, folder, is_open, &count);
	snprintf(folder, sizeof(folder), "/sys/class/%s", kind->class_name);
	wrong += each(doctor, kind, folder, has_node, &known);
	if (!wrong && count)
		doctor_tell(doctor, kind->id, DOCTOR_PASS, "",
			    "%" PRIu32 " nodes %s/%s/%s*, all open to us", count, doctor->dev,
			    kind->folder, kind->prefix);
	else if (!wrong)
		doctor_tell(doctor, kind->id, DOCTOR_PASS, "", "no nodes %s/%s/%s*", doctor->dev,
			    kind->folder, kind->prefix);
}

void doctor_nodes_accel(struct doctor *doctor)
{
	nodes(doctor, &kinds[0]);
}

void doctor_nodes_dri(struct doctor *doctor)
{
	nodes(doctor, &kinds[1]);
}

/* ---- groups ---- */

/* Who usually own the nodes. */
static const char *const groups[] = {"render", "video", "accel"};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static bool has_group(gid_t wanted)
{
	gid_t list[256];
	const int count = getgroups((int)(sizeof(list) / sizeof(list[0])), list);

	for (int i = 0; i < count; i++)
		if (list[i] == wanted)
			return true;
	return getegid() == wanted;
}

/* By the list of users, which counts at the next login. */
static bool is_listed(const struct group *group, const char *user)
{
	for (char **member = group->gr_mem; *member; member++)
		if (!strcmp(*member, user))
			return true;
	return false;
}

void doctor_groups(struct doctor *doctor)
{
	const struct passwd *entry = getpwuid(geteuid());
	char user[64], in[128] = "", out[128] = "";

	if (!geteuid()) {
		doctor_tell(doctor, "groups", DOCTOR_PASS, "", "root needs none");
		return;
	}
	snprintf(user, sizeof(user), "%s", entry ? entry->pw_name : "");
	for (int i = 0; i < GROUPS; i++) {
		const struct group *group = getgrnam(groups[i]);

		if (!group)
			continue;
		char *to = has_group(group->gr_gid) ? in : out;

		if (to == out && user[0] && is_listed(group, user)) {
			doctor_tell(doctor, "groups", DOCTOR_WARN, "log in again",
				    "%s was put into group %s after this login", user, groups[i]);
			return;
		}
		snprintf(to + strlen(to), sizeof(in) - strlen(to), " %s", groups[i]);
	}
	doctor_tell(doctor, "groups", DOCTOR_PASS, "", "in%s; not in%s", in[0] ? in : " none",
		    out[0] ? out : " any other");
}
