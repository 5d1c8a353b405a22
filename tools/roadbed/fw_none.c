/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed fw of a build without the firmware loader. */
#include "tools/roadbed/tool.h"
#include "tools/roadbed/verbs.h"

int verb_fw(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return tool_refuse(TOOL_UNSUPPORTED, "fw", "this build has no firmware loader", "",
			   "a build with libsodium, zstd and lzma (-Dfirmware=enabled)");
}
