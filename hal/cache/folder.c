/* SPDX-License-Identifier: Apache-2.0 */
/* Which folder the cache is in, by the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/cache/cache.h"

/* NULL unless base is absolute; also if there is no memory: then the cache is in memory alone. */
static char *below(const char *base, const char *rest)
{
	if (!base || base[0] != '/')
		return NULL;
	size_t bytes = strlen(base) + strlen(rest) + 1;
	char *folder = malloc(bytes);

	if (folder)
		snprintf(folder, bytes, "%s%s", base, rest);
	return folder;
}

/* What ROADBED_CACHE says counts alone: a value that makes no sense opens no other folder. */
struct road_cache_place road_cache_choose(const struct road_cache_environment *environment)
{
	struct road_cache_place place = {.off = false};

	if (environment->secure)
		return place;
	if (environment->cache && environment->cache[0]) {
		place.off = !strcmp(environment->cache, "off");
		place.folder = below(environment->cache, "");
		return place;
	}
	place.folder = below(environment->xdg, "/roadbed");
	if (!place.folder)
		place.folder = below(environment->home, "/.cache/roadbed");
	return place;
}
