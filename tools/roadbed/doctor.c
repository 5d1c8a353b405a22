/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed doctor`: what keeps devices from working here, and what would help. */
#include "tools/roadbed/doctor.h"

#include "tools/roadbed/json.h"
#include "tools/roadbed/verbs.h"

static const char *const words[] = {"PASS", "WARN", "FAIL"};

static void note(struct doctor *doctor, enum doctor_result result)
{
	doctor->worst = result > doctor->worst ? result : doctor->worst;
}

static void tell_text(struct doctor *doctor, const char *id, enum doctor_result result,
		      const char *what, const char *remedy)
{
	note(doctor, result);
	printf("%s  %-18s %s\n", words[result], id, what);
	if (remedy[0])
		printf("%-24s remedy: %s\n", "", remedy);
}

static void tell_json(struct doctor *doctor, const char *id, enum doctor_result result,
		      const char *what, const char *remedy)
{
	struct json_object *object = json_new();

	note(doctor, result);
	json_add_text(object, "id", id);
	json_add_text(object, "result", words[result]);
	json_add_text(object, "what", what);
	json_add_known_text(object, "remedy", remedy);
	json_append(doctor->to, object);
}

static int run(struct doctor *doctor, bool json)
{
	struct json_object *document = json ? json_document("doctor") : NULL;

	doctor->tell = json ? tell_json : tell_text;
	if (json) {
		doctor->to = json_new_array();
		json_add(document, "checks", doctor->to);
	}
	doctor_run(doctor);
	if (json) {
		json_add_text(document, "result", words[doctor->worst]);
		json_print(document);
	}
	return (int)doctor->worst;
}

int verb_doctor(int argc, char **argv)
{
	struct doctor doctor = {.dev = NULL};
	bool json = false;
	const struct tool_option options[] = {
		{"--json", &json, NULL}, {"--dev", NULL, &doctor.dev}, {NULL, NULL, NULL}};
	struct tool_error error;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error), code;

	if (!rc && left)
		rc = tool_error_set(&error, "doctor", "takes no argument", argv[0], "options only");
	if (rc) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	if (!doctor.dev)
		doctor.dev = "/dev";
	if (library_open(&doctor.instance))
		return TOOL_USAGE; /* nothing else can work */
	code = candidates_read(doctor.instance, CANDIDATES_EVERYTHING, &doctor.all);
	code = code ? TOOL_USAGE : run(&doctor, json);
	candidates_free(&doctor.all);
	road_instance_release(doctor.instance);
	return code;
}
