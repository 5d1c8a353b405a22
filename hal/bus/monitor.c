/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/monitor.h"

#include <errno.h>
#include <roadbed/roadbed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/discover.h"

enum {
	SETTLE_MS = 10,    /* between two looks, however much is heard */
	AGAIN_MS = 50,     /* what was said to go is still there */
	AGAIN_MOST = 20,   /* so often; then it is believed to be there */
	BLIND_MS = 2000,   /* nothing can be listened to */
	DEAF_MS = 10000,   /* what is listened to may be silent: in a container it is */
	SERVICE_BYTES = 96 /* of struct road_found's nodes */
};

struct known {
	char address[48];
	char kernel[32]; /* as struct road_found has them */
	char nodes[SERVICE_BYTES];
	char reason[128];
	uint64_t inode;
	bool gone;        /* the kernel said so */
	bool unbound;     /* likewise of its driver */
	uint8_t still_in; /* looks that found it after it was said to be gone */
};

struct list {
	struct known *at; /* by address */
	uint32_t count, room;
	bool full; /* no memory for more */
};

struct road_monitor {
	struct road_uevents *uevents;
	struct list known;
	bool again; /* to look before long, whatever is heard */
};

/* ---- what is here ---- */

static bool note(void *arg, const struct road_found *found)
{
	struct list *list = arg;

	if (list->count == list->room) {
		const uint32_t room = list->room ? list->room * 2 : 16;
		struct known *more = realloc(list->at, room * sizeof(*more));

		list->full = !more;
		if (!more)
			return false;
		list->at = more;
		list->room = room;
	}
	struct known *one = &list->at[list->count++];

	*one = (struct known){.inode = found->inode};
	snprintf(one->address, sizeof(one->address), "%s:%s", found->scheme, found->place);
	snprintf(one->kernel, sizeof(one->kernel), "%s", found->kernel);
	snprintf(one->nodes, sizeof(one->nodes), "%s", found->nodes);
	snprintf(one->reason, sizeof(one->reason), "%.*s", (int)sizeof(one->reason) - 1,
		 found->reason);
	return true;
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->address, ((const struct known *)b)->address);
}

/* false: no host memory; the list is empty then. */
static bool find_all(struct list *list)
{
	*list = (struct list){0};
	if (!road_discover_brief(note, list) || list->full) {
		free(list->at);
		*list = (struct list){0};
		return false;
	}
	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), by_address);
	return true;
}

struct road_monitor *road_monitor_open(void)
{
	struct road_monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor)
		return NULL;
	/* First the ears, then the eyes: between them nothing is missed. */
	monitor->uevents = road_uevents_open();
	if (find_all(&monitor->known))
		return monitor;
	road_monitor_close(monitor);
	return NULL;
}

void road_monitor_close(struct road_monitor *monitor)
{
	road_uevents_close(monitor->uevents);
	free(monitor->known.at);
	free(monitor);
}

/* ---- what is heard ---- */

static void mark(void *arg, const char *subsystem, const char *name, const char *action)
{
	const struct road_node_class *node = road_node_class_of(subsystem, name);
	struct road_monitor *monitor = arg;
	struct known key = {0}, *one = NULL;

	snprintf(key.address, sizeof(key.address), "%s:%s",
		 node ? road_node_class_scheme(node) : subsystem, name);
	if (monitor->known.count)
		one = bsearch(&key, monitor->known.at, monitor->known.count, sizeof(key),
			      by_address);
	if (!one)
		return;
	one->gone |= !strcmp(action, "remove");
	one->unbound |= !strcmp(action, "unbind");
}

/* 1: something was heard; 0: the time passed; -1: `wake`. */
static int listen_for(struct road_monitor *monitor, int wake, bool deaf, int timeout_ms)
{
	struct pollfd fds[1 + ROAD_UEVENT_SOURCES] = {{.fd = wake, .events = POLLIN}};
	const nfds_t count = 1 + (deaf ? 0 : road_uevents_poll(monitor->uevents, fds + 1));
	int ready;

	do
		ready = poll(fds, count, timeout_ms);
	while (ready < 0 && errno == EINTR);
	return fds[0].revents ? -1 : ready > 0;
}

bool road_monitor_wait(struct road_monitor *monitor, int wake)
{
	struct pollfd unused[ROAD_UEVENT_SOURCES];
	const bool blind = !road_uevents_poll(monitor->uevents, unused);
	const int most = monitor->again ? AGAIN_MS : blind ? BLIND_MS : DEAF_MS;

	/* A storm is looked at from time to time, and read in one. */
	return listen_for(monitor, wake, true, SETTLE_MS) >= 0 &&
	       listen_for(monitor, wake, false, most - SETTLE_MS) >= 0;
}

/* ---- news ---- */

struct teller {
	road_monitor_fn fn;
	void *arg;
	bool again;
};

static void tell(const struct teller *to, uint32_t kind, const struct known *one, const char *text)
{
	to->fn(to->arg, kind, one->address, text);
}

static void tell_arrived(const struct teller *to, const struct known *one)
{
	char text[160];

	snprintf(text, sizeof(text), "plugged in: %s", one->reason);
	tell(to, ROAD_CHANGE_ARRIVED, one, text);
}

static bool has_word(const char *words, const char *word, size_t bytes)
{
	while (*words) {
		const size_t length = strcspn(words, " ");

		if (length == bytes && !strncmp(words, word, bytes))
			return true;
		words += length;
		words += strspn(words, " ");
	}
	return false;
}

/* The first of `nodes` that is not among `others`; its length, 0: there is none. */
static int first_missing(const char *nodes, const char *others, const char **out)
{
	while (*nodes) {
		const size_t bytes = strcspn(nodes, " ");

		if (!has_word(others, nodes, bytes)) {
			*out = nodes;
			return (int)bytes;
		}
		nodes += bytes;
		nodes += strspn(nodes, " ");
	}
	return 0;
}

/* The same device: whether what the kernel does for it is the same. */
static void compare_service(const struct teller *to, const struct known *old,
			    const struct known *new)
{
	const bool driver = strcmp(old->kernel, new->kernel) || old->unbound;
	const char *node = NULL, *fresh = NULL;
	const int bytes = first_missing(old->nodes, new->nodes, &node);
	char text[128];

	if (old->kernel[0] && driver) {
		snprintf(text, sizeof(text), "kernel driver %s was unbound", old->kernel);
		tell(to, ROAD_CHANGE_LOST, new, text);
	} else if (bytes) {
		snprintf(text, sizeof(text), "%.*s went", bytes, node);
		tell(to, ROAD_CHANGE_LOST, new, text);
	}
	if ((new->kernel[0] && driver) || first_missing(new->nodes, old->nodes, &fresh))
		tell(to, ROAD_CHANGE_RECOVERED, new, new->reason);
}

/* Here before and now. What the kernel said may be of the device before, or of this one, whose
 * folder goes later than that is said: it is only looked at again. */
static void compare(struct teller *to, const struct known *old, struct known *new)
{
	if (old->inode != new->inode) {
		tell(to, ROAD_CHANGE_REMOVED, old, "pulled out");
		tell_arrived(to, new);
		return;
	}
	if (old->gone && old->still_in < AGAIN_MOST) {
		new->gone = true;
		new->still_in = (uint8_t)(old->still_in + 1);
		to->again = true;
	}
	compare_service(to, old, new);
}

static void tell_news(struct teller *to, const struct list *old, struct list *new)
{
	uint32_t i = 0, j = 0;

	while (i < old->count || j < new->count) {
		const int order = i == old->count   ? 1
				  : j == new->count ? -1
						    : by_address(&old->at[i], &new->at[j]);

		if (order < 0)
			tell(to, ROAD_CHANGE_REMOVED, &old->at[i++], "pulled out");
		else if (order > 0)
			tell_arrived(to, &new->at[j++]);
		else
			compare(to, &old->at[i++], &new->at[j++]);
	}
}

void road_monitor_look(struct road_monitor *monitor, road_monitor_fn fn, void *arg)
{
	struct teller to = {fn, arg, false};
	struct list now;

	/* What is heard while it looks is a reason for the next look. */
	road_uevents_read(monitor->uevents, mark, monitor);
	monitor->again = true;
	if (!find_all(&now))
		return;
	tell_news(&to, &monitor->known, &now);
	free(monitor->known.at);
	monitor->known = now;
	monitor->again = to.again;
}
