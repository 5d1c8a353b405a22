/* SPDX-License-Identifier: Apache-2.0 */
/* roadbed: looks at devices and runs kernels on them. */
#include "tools/roadbed/tool.h"
#include "tools/roadbed/verbs.h"

#include <roadbed/base.h>

#include <string.h>

static const struct verb {
	const char *name, *usage, *summary;
	int (*run)(int argc, char **argv);
	bool own_help; /* it takes --help itself */
} verbs[] = {
	{"list", "[--all] [--json | --cdi | --nfd]",
	 "the devices that can be opened, with class and memory; with --all also the whole\n"
	 "      catalogue of chips; as JSON, for containers (Container Device Interface: "
	 "simulated\n"
	 "      ones), for clusters (Node Feature Discovery)",
	 verb_list},
	{"info", "[DEVICE] [--json] [--field NAME] [--no-wake]",
	 "what a device is and can do, how much of its memory is used and free, and from where\n"
	 "      that is known; without DEVICE: all that are here; --field prints one value, by a\n"
	 "      property's name or its place in the JSON; --no-wake opens no kernel's node and\n"
	 "      wakes no device that sleeps",
	 verb_info},
	{"caps", "DEVICE [--require EXPR | --diff OTHER] [--json]",
	 "every property by name; --require exits with 1 unless EXPR holds\n"
	 "      ('memory.total_bytes >= 16GiB and region.count >= 2'), --diff if OTHER differs",
	 verb_caps},
	{"explain", "[DEVICE] [--all] [--json]",
	 "every candidate seen, real and listed ones, and why it became a device or did not;\n"
	 "      of those alone whose address, or place on PCI, begins with DEVICE; of sock:PATH "
	 "what\n"
	 "      is served there",
	 verb_explain},
	{"regions", "DEVICE [--layout N,N...] [--json]",
	 "the parts that can be configured on their own, what is in them, and what it costs;\n"
	 "      --layout splits the device before, into parts of so many units",
	 verb_regions},
	{"events", "[DEVICE…] [--follow | --for SECONDS | --once] [--json]",
	 "what happens to devices as it happens: what is plugged in and pulled out (hot plug), "
	 "and of\n"
	 "      each DEVICE, which it opens, boot states, faults, losses; until it is ended, for a "
	 "time\n"
	 "      (--for), or only what opening and closing causes (--once); what happened before "
	 "the\n"
	 "      command started is recorded nowhere",
	 verb_events},
	{"watch", "[DEVICE…] [--interval SECONDS] [--count N] [--json-lines]",
	 "what devices are doing, with bars, and what happens meanwhile; one round each second\n"
	 "      until it is ended",
	 verb_watch},
	{"topo", "[DEVICE…] [--tree | --matrix | --dot | --json]",
	 "how devices lie to each other and to the host: NUMA nodes and ways over PCI (--tree),\n"
	 "      the link of each two (--matrix), a graph for Graphviz (--dot); a link over \"host "
	 "memory\"\n"
	 "      is no link of their own: data goes through the memory of the host",
	 verb_topo},
	{"chip", "list | show NAME | check FILE [--json]",
	 "the catalogue of chips: all of them, one with the source of each value, and whether a\n"
	 "      chip's file is sound",
	 verb_chip},
	{"doctor", "[--dev FOLDER] [--json | --list]",
	 "why a card is missing: looks for what keeps devices from working here, and says what\n"
	 "      would help; exits with 1 for warnings, 2 for failures; --list names the checks",
	 verb_doctor},
	{"bind", "DEVICE [--any] [--sys FOLDER]",
	 "takes a function of PCI from its driver and gives it to programs (vfio-pci): for root;\n"
	 "      --any also binds what is no accelerator that is known, --sys is where sysfs lies",
	 verb_bind},
	{"unbind", "DEVICE [--sys FOLDER]", "gives it back to the driver that the kernel chooses",
	 verb_unbind},
	{"run",
	 "DEVICE IMAGE KERNEL --grid X[,Y[,Z]] --block X[,Y[,Z]] [--shared BYTES]\n"
	 "              [--report FILE.json] [--trace FILE.json] [--lines] [--what-if] [--doubt]\n"
	 "              [--json] ARG…",
	 "runs a kernel: PTX on a GPU, a shared object on host:; on a simulated chip also says "
	 "what\n"
	 "      each line cost (--lines), runs it with one cost made free (--what-if), and with "
	 "each\n"
	 "      assumed parameter 20 % off (--doubt)",
	 verb_run},
	{"diff", "A.json B.json [--json]",
	 "what differs between two reports of runs; exits with 1 if anything does", verb_diff},
	{"serve",
	 "ADDRESS… [--socket PATH] [--ivshmem PATH [--ivshmem-bytes N]] [--clients N]\n"
	 "              [--functions N] [--grace SECONDS] [--quiet]",
	 "simulated chips for other processes, which open them as sock:PATH (of several the Nth, "
	 "from 0,\n"
	 "      as sock:PATH#N), and for guests of QEMU (--ivshmem; of several the Nth at "
	 "PATH#N);\n"
	 "      prints a line for each chip once it can be opened: its address, what it is, how "
	 "many\n"
	 "      functions it has for clients and the memory of each; runs until it is ended, and "
	 "then\n"
	 "      waits for clients to leave (--grace, 5 seconds)",
	 verb_serve},
	{"fw", "VERB …", "makes, looks at and checks firmware; `roadbed fw --help` lists its verbs",
	 verb_fw, true},
	{"conformance", "DEVICE [--suite GROUP] [--case GROUP.CASE] [--list] [--help] …",
	 "does the device do what the interface promises? exits with 1 if it does not",
	 verb_conformance, true},
	{"new-driver", "NAME --shape ring|step|runtime [--folder FOLDER]",
	 "writes the project of a new port; docs/porting.md is its guide", verb_new_driver},
#ifdef ROADBED_BENCH
	{"bench", "[--part NAME] [--json]",
	 "what submissions, copies and kernels cost on this machine", verb_bench},
#endif
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* What people come with, and what answers it. */
static const struct {
	const char *question, *answer;
} questions[] = {
	{"which chips are here?", "roadbed list"},
	{"what is one, what can it do?", "roadbed info DEVICE; roadbed caps DEVICE"},
	{"how much memory is free?", "roadbed info DEVICE --field memory.free_bytes"},
	{"what links are there?", "roadbed topo --matrix"},
	{"why is my card missing?", "roadbed doctor; roadbed explain"},
	{"what came or went?", "roadbed events --follow"},
	{"does it do what it should?", "roadbed conformance DEVICE"},
	{"what can be had without a chip?", "roadbed list --all; roadbed info sim:gpu-small"},
};

/* What stands for what in a usage; printed where it is used. */
static const struct {
	const char *word, *meaning;
} words[] = {
	{"DEVICE",
	 "DEVICE: an address that `roadbed list` shows: host:  pci:0000:03:00.0  drm:renderD128\n"
	 "  accel:accel0  sim:CHIP[@N][?time=functional|approx|trace&…]  sock:PATH[#CHIP]\n"},
	{"ARG",
	 "ARG: i32:N u32:N i64:N u64:N f32:X f64:X, or a buffer:\n"
	 "  zeros:TYPE:COUNT  iota:TYPE:COUNT  rand:TYPE:COUNT:SEED  in:TYPE:FILE\n"
	 "  each with >FILE behind it to be written back, raw and little-endian, after the run\n"
	 "  TYPE: u8 i8 u16 i16 f16 bf16 u32 i32 f32 u64 i64 f64\n"},
	{"EXPR",
	 "EXPR: comparisons (== != < <= > >=, ~ for a text within another) of properties with\n"
	 "  values, joined by and, or, not and parentheses; 16GiB, 1.4GHz, 5ms; "
	 "docs/properties.md\n"},
};

static void usage(FILE *out)
{
	fputs("roadbed looks at accelerators, real and simulated, and runs kernels on them.\n\n",
	      out);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		fprintf(out, "%-34s%s\n", questions[i].question, questions[i].answer);
	fputs("\nusage:\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  roadbed %s %s\n      %s\n", verbs[i].name, verbs[i].usage,
			verbs[i].summary);
	fputs("  roadbed --help | --version; roadbed VERB --help; man roadbed\n\n", out);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		fputs(words[i].meaning, out);
}

static int help(const struct verb *verb)
{
	printf("usage: roadbed %s %s\n  %s\n", verb->name, verb->usage, verb->summary);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(verb->usage, words[i].word))
			fputs(words[i].meaning, stdout);
#ifdef ROADBED_BENCH
	if (verb->run == verb_bench)
		bench_print_parts(stdout);
#endif
	return TOOL_OK;
}

/* For the manual: each question and its answer, in a line with a tab. */
static int list_questions(void)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		printf("%s\t%s\n", questions[i].question, questions[i].answer);
	return TOOL_OK;
}

/* A text in one line, each run of blanks as one. */
static void print_flat(const char *text)
{
	for (bool blank = false; *text; text++) {
		const bool is = *text == ' ' || *text == '\n';

		if (!is || !blank)
			putchar(is ? ' ' : *text);
		blank = is;
	}
}

/* For completion and the manual: name, usage and summary of each verb, in a line with tabs. */
static int list_verbs(void)
{
	for (size_t i = 0; i < VERBS; i++) {
		printf("%s\t", verbs[i].name);
		print_flat(verbs[i].usage);
		putchar('\t');
		print_flat(verbs[i].summary);
		putchar('\n');
	}
	return TOOL_OK;
}

static bool wants_help(const struct verb *verb, int argc, char **argv)
{
	return !verb->own_help && argc > 2 &&
	       (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"));
}

static int version(void)
{
	uint32_t number = road_version();

	printf("roadbed %u.%u.%u\n", number >> 16, number >> 8 & 0xff, number & 0xff);
	return TOOL_OK;
}

static int unknown(const char *name)
{
	char names[256];
	size_t used = 0;

	for (size_t i = 0; i < VERBS; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
					 used ? " " : "", verbs[i].name);
	return tool_refuse(TOOL_USAGE, "command line", "no such verb", name, names);
}

/* What was printed must have arrived: a full disk is no success. */
static int flushed(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	return tool_refuse(TOOL_FAILURE, "standard output", "cannot be written", "", "");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return flushed(TOOL_OK);
	}
	if (!strcmp(argv[1], "--version"))
		return flushed(version());
	if (!strcmp(argv[1], "--questions"))
		return flushed(list_questions());
	if (!strcmp(argv[1], "--verbs"))
		return flushed(list_verbs());
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(argv[1], verbs[i].name) && wants_help(&verbs[i], argc, argv))
			return flushed(help(&verbs[i]));
		else if (!strcmp(argv[1], verbs[i].name))
			return flushed(verbs[i].run(argc - 2, argv + 2));
	return unknown(argv[1]);
}
