/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the command. One that is new needs its row in main.c and its line here. */
#ifndef TOOLS_ROADBED_VERBS_H
#define TOOLS_ROADBED_VERBS_H

/* argc and argv start behind the verb; answer enum tool_exit. */
int verb_list(int argc, char **argv);
int verb_info(int argc, char **argv);
int verb_caps(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_regions(int argc, char **argv);
int verb_events(int argc, char **argv);
int verb_watch(int argc, char **argv);
int verb_topo(int argc, char **argv);
int verb_chip(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_bind(int argc, char **argv);
int verb_unbind(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_diff(int argc, char **argv);
int verb_serve(int argc, char **argv);
int verb_fw(int argc, char **argv);
int verb_conformance(int argc, char **argv);
int verb_new_driver(int argc, char **argv);
int verb_bench(int argc, char **argv); /* built with -Dbench=true */
void bench_print_parts(FILE *out);     /* that --part takes; likewise */

#endif
