/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed conformance: hands over to the suite, a program of its own with CUnit behind it. */
#include "tools/roadbed/tool.h"
#include "tools/roadbed/verbs.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where it is, as seen from this program's folder: installed, or in the build folder. */
static const char *const places[] = {ROADBED_LIBEXEC "/roadbed-conformance",
				     "../../tests/conformance/roadbed-conformance"};

static bool find(char *path, size_t bytes)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = 0;
	const char *folder = dirname(self);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, bytes, "%s/%s", folder, places[i]);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

int verb_conformance(int argc, char **argv)
{
	char path[2 * PATH_MAX];
	char **arguments = calloc((size_t)argc + 2, sizeof(*arguments));

	if (!arguments)
		tool_no_memory();
	if (!find(path, sizeof(path))) {
		free(arguments);
		return tool_refuse(TOOL_FAILURE, "roadbed conformance",
				   "this Roadbed was built without its tests", "", "-Dtests=true");
	}
	arguments[0] = path;
	memcpy(arguments + 1, argv, (size_t)argc * sizeof(*arguments));
	execv(path, arguments);
	free(arguments);
	return tool_refuse(TOOL_FAILURE, "roadbed conformance", "cannot be run", path, "");
}
