/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
	char *out;
	size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	va_list args;
	size_t room = text->used < text->bytes ? text->bytes - text->used : 0;

	va_start(args, format);
	int n = vsnprintf(room ? text->out + text->used : NULL, room, format, args);

	va_end(args);
	if (n > 0)
		text->used += (size_t)n;
}

static void say_fidelity(struct text *text, const struct sim_env *env)
{
	static const char *const names[] = {"functional", "approx", "trace"};
	unsigned permille = road_chip_assumed_permille(env->chip);

	say(text, "\"fidelity\":{\"time\":\"%s\",\"calibration\":\"uncalibrated\",",
	    names[env->fidelity]);
	say(text, "\"parameters\":{\"total\":%zu", env->chip->value_count);
	for (int kind = 0; kind < ROAD_CHIP_KINDS; kind++)
		say(text, ",\"%s\":%u", road_chip_kind_name((enum road_chip_kind)kind),
		    env->chip->by_kind[kind]);
	say(text, "},\"assumed_share\":%u.%03u,\"approximations\":{", permille / 1000,
	    permille % 1000);
	for (int i = 0; i < SIM_APPROXIMATIONS && env->approximations[i].name; i++)
		say(text, "%s\"%s\":%" PRIu64, i ? "," : "", env->approximations[i].name,
		    env->approximations[i].count);
	say(text, "}}");
}

static void say_family(struct text *text, struct sim_env *env)
{
	if (!env->ops->report)
		return;
	size_t needed = env->ops->report(env->model, NULL, 0) + 1;
	char *members = malloc(needed);

	if (!members)
		return;
	env->ops->report(env->model, members, needed);
	if (members[0])
		say(text, ",%s", members);
	free(members);
}

size_t sim_report(const struct sim_function *function, char *out, size_t bytes)
{
	struct sim_env *env = function->env;
	struct text text = {out, bytes, 0};

	say(&text,
	    "{\"schema\":\"roadbed.report.1\",\"simulated\":true,\"chip\":\"%s\",\"family\":\"%"
	    "s\",",
	    env->chip->name, env->ops->family);
	say(&text, "\"virtual_ns\":%" PRIu64 ",\"seed\":%" PRIu64 ",\"violations\":%" PRIu64 ",",
	    sim_now(env) / SIM_PS_PER_NS, env->seed, function->violation_count);
	say_fidelity(&text, env);
	say_family(&text, env);
	say(&text, "}");
	if (bytes && text.used >= bytes)
		out[bytes - 1] = 0;
	return text.used;
}
