/* SPDX-License-Identifier: Apache-2.0 */
/* `roadbed topo`: how devices lie to each other and to the host. */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/roadbed/candidates.h"
#include "tools/roadbed/json.h"
#include "tools/roadbed/verbs.h"

struct node {
	road_device *device;
	road_device_info info;
	char path[256]; /* of PCI functions from the root to the device: "0000:00:01.0/…"; "" */
	int numa;       /* -1: unknown */
};

struct topology {
	struct node *nodes;
	uint32_t count;
};

enum form { FORM_TREE, FORM_MATRIX, FORM_DOT, FORM_JSON };

/* ---- what the kernel says of where a function lies ---- */

static bool is_function(const char *part)
{
	return strlen(part) >= 12 && part[4] == ':' && part[7] == ':' && part[10] == '.';
}

static void read_path(struct node *node)
{
	char link[PATH_MAX], real[PATH_MAX], *state = NULL;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", node->info.pci_address);
	if (!realpath(link, real))
		return;
	for (char *part = strtok_r(real, "/", &state); part; part = strtok_r(NULL, "/", &state)) {
		const size_t used = strlen(node->path);

		if (is_function(part))
			snprintf(node->path + used, sizeof(node->path) - used, "%s%s",
				 used ? "/" : "", part);
	}
}

static void read_numa(struct node *node)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/numa_node", node->info.pci_address);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%d", &node->numa) != 1)
		node->numa = -1;
	fclose(file);
}

/* A simulated device's PCI address is none of the kernel's. */
static void place(struct node *node)
{
	node->numa = -1;
	if (!node->info.pci_address[0] || node->info.simulated)
		return;
	read_path(node);
	read_numa(node);
}

/* ---- reading ---- */

static int add(struct topology *to, road_instance *instance, const char *address)
{
	struct node *node = &to->nodes[to->count];
	road_status status = road_device_open(instance, address, &node->device);

	if (status)
		return library_refuse(address, status);
	to->count++;
	node->info.size = sizeof(node->info);
	status = road_device_info_get(node->device, &node->info);
	if (status)
		return library_refuse(address, status);
	place(node);
	return TOOL_OK;
}

static struct node *room_for(uint32_t count)
{
	struct node *nodes = calloc(count ? count : 1, sizeof(*nodes));

	if (!nodes)
		tool_no_memory();
	return nodes;
}

/* Those that are named, or all that are here; one that does not open is told and left out. */
static int read_all(struct topology *to, road_instance *instance, int argc, char **argv)
{
	struct candidates all = {.count = 0};
	int code = argc ? TOOL_OK : candidates_read(instance, CANDIDATES_DEVICES, &all);

	to->nodes = room_for(argc ? (uint32_t)argc : all.count);
	for (int i = 0; i < argc; i++) {
		const int one = add(to, instance, argv[i]);

		code = code ? code : one;
	}
	for (uint32_t i = 0; i < all.count; i++) {
		const int one = add(to, instance, all.at[i].address);

		code = code ? code : one;
	}
	candidates_free(&all);
	return code;
}

static void free_all(struct topology *topology)
{
	for (uint32_t i = 0; i < topology->count; i++)
		road_device_release(topology->nodes[i].device);
	free(topology->nodes);
}

static int link_of(const struct topology *topology, uint32_t a, uint32_t b, road_link *out)
{
	*out = (road_link){.size = sizeof(*out)};
	const road_status status =
		road_device_link(topology->nodes[a].device, topology->nodes[b].device, out);

	return status ? library_refuse("reading a link", status) : TOOL_OK;
}

/* Where the ways of two real functions part: the last bridge that they share, else their NUMA
 * nodes;
 * "" where neither is known. */
static void relation(const struct node *a, const struct node *b, char *out, size_t bytes)
{
	size_t same = 0, bridge = 0;

	out[0] = 0;
	if (a == b || !a->path[0] || !b->path[0])
		return;
	for (size_t i = 0; a->path[i] && a->path[i] == b->path[i]; i++)
		if (a->path[i] == '/') {
			bridge = same;
			same = i + 1;
		}
	if (same)
		snprintf(out, bytes, "PCI bridge %.*s", (int)(same - bridge - 1), a->path + bridge);
	else if (a->numa >= 0 && a->numa == b->numa)
		snprintf(out, bytes, "NUMA node %d", a->numa);
	else if (a->numa >= 0 && b->numa >= 0)
		snprintf(out, bytes, "NUMA nodes %d and %d", a->numa, b->numa);
}

/* "host memory (NUMA node 0), 31.5 GB/s" */
static int link_text(const struct topology *topology, uint32_t a, uint32_t b, char *out,
		     size_t bytes)
{
	char place[64], rate[32] = "";
	road_link link;

	if (link_of(topology, a, b, &link))
		return TOOL_FAILURE;
	relation(&topology->nodes[a], &topology->nodes[b], place, sizeof(place));
	if (link.bytes_per_second)
		snprintf(rate, sizeof(rate), ", %.1f GB/s", (double)link.bytes_per_second / 1e9);
	snprintf(out, bytes, "%s%s%s%s%s%s", link.path, place[0] ? " (" : "", place,
		 place[0] ? ")" : "", a != b && link.peer_access ? ", peer access" : "", rate);
	return TOOL_OK;
}

/* ---- as a tree: NUMA nodes, PCI paths, devices ---- */

static int by_place(const void *a, const void *b)
{
	const struct node *left = a, *right = b;

	if (left->numa != right->numa)
		return left->numa < right->numa ? -1 : 1;
	return strcmp(left->path, right->path);
}

static void tree_device(const struct node *node)
{
	const char *gap = "";

	if (node->path[0]) {
		printf("  %s\n", node->path);
		gap = "  ";
	}
	printf("  %s%s  %s (%s, %s)\n", gap, node->info.address,
	       node->info.name[0] ? node->info.name : "unknown",
	       word_of_class(node->info.device_class), word_of_simulated(node->info.simulated));
}

static int print_tree(struct topology *topology)
{
	int numa = -2;

	if (topology->count)
		qsort(topology->nodes, topology->count, sizeof(*topology->nodes), by_place);
	for (uint32_t i = 0; i < topology->count; i++) {
		const struct node *node = &topology->nodes[i];

		if (node->numa != numa && node->numa >= 0)
			printf("NUMA node %d\n", node->numa);
		else if (node->numa != numa)
			puts("host");
		numa = node->numa;
		tree_device(node);
	}
	return TOOL_OK;
}

/* ---- as a matrix ---- */

/* How wide a column of the matrix is; -1: a link cannot be read. */
static int width_of(const struct topology *topology, uint32_t column)
{
	char text[192];
	int width = 0;

	for (uint32_t i = 0; i < topology->count; i++) {
		if (link_text(topology, i, column, text, sizeof(text)))
			return -1;
		width = (int)strlen(text) > width ? (int)strlen(text) : width;
	}
	return width;
}

static int matrix_row(const struct topology *topology, uint32_t row, const int *widths)
{
	char text[192];

	for (uint32_t i = 0; i < topology->count; i++) {
		if (link_text(topology, row, i, text, sizeof(text)))
			return TOOL_FAILURE;
		printf("  %-*s", i + 1 < topology->count ? widths[i] : 0, text);
	}
	putchar('\n');
	return TOOL_OK;
}

/* A row and a column for each device; the columns have the rows' numbers. */
static int print_matrix(struct topology *topology)
{
	int *widths = calloc(topology->count + 1, sizeof(*widths)), head = 0, code = TOOL_OK;
	char number[16];

	if (!widths)
		tool_no_memory();
	for (uint32_t i = 0; i < topology->count; i++) {
		const int bytes = (int)strlen(topology->nodes[i].info.address);

		head = bytes > head ? bytes : head;
		widths[i] = width_of(topology, i);
		if (widths[i] < 0)
			goto out;
	}
	printf("%-*s", head + 7, "");
	for (uint32_t i = 0; i < topology->count; i++) {
		snprintf(number, sizeof(number), "[%" PRIu32 "]", i);
		printf("  %-*s", i + 1 < topology->count ? widths[i] : 0, number);
	}
	putchar('\n');
	for (uint32_t i = 0; i < topology->count && !code; i++) {
		snprintf(number, sizeof(number), "[%" PRIu32 "]", i);
		printf("%-6s %-*s", number, head, topology->nodes[i].info.address);
		code = matrix_row(topology, i, widths);
	}
	if (topology->count == 1 && !code)
		puts("no other device to link to");
	free(widths);
	return code;
out:
	free(widths);
	return TOOL_FAILURE;
}

/* ---- as a graph ---- */

/* A text in double quotes: what it holds of them, and of backslashes, gets one before. */
static void dot_text(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static int dot_links(struct topology *topology)
{
	char text[192];
	road_link link;

	for (uint32_t i = 0; i < topology->count; i++) {
		for (uint32_t j = i + 1; j < topology->count; j++) {
			if (link_of(topology, i, j, &link))
				return TOOL_FAILURE;
			if (!link.peer_access)
				continue; /* through the host, as all are */
			if (link_text(topology, i, j, text, sizeof(text)))
				return TOOL_FAILURE;
			putchar('\t');
			dot_text(topology->nodes[i].info.address);
			fputs(" -- ", stdout);
			dot_text(topology->nodes[j].info.address);
			fputs(" [label=", stdout);
			dot_text(text);
			puts("];");
		}
	}
	return TOOL_OK;
}

static int print_dot(struct topology *topology)
{
	char host[32];

	puts("graph roadbed {");
	for (uint32_t i = 0; i < topology->count; i++) {
		const struct node *node = &topology->nodes[i];

		if (node->numa >= 0)
			snprintf(host, sizeof(host), "NUMA node %d", node->numa);
		else
			snprintf(host, sizeof(host), "host");
		putchar('\t');
		dot_text(node->info.address);
		fputs(node->info.simulated ? " [shape=box, style=dashed];\n\t"
					   : " [shape=box];\n\t",
		      stdout);
		dot_text(host);
		fputs(" -- ", stdout);
		dot_text(node->info.address);
		puts(";");
	}
	const int code = dot_links(topology);

	puts("}");
	return code;
}

/* ---- as JSON ---- */

static int json_links(struct topology *topology, struct json_object *array)
{
	char place[64];
	road_link link;

	for (uint32_t i = 0; i < topology->count; i++) {
		for (uint32_t j = i + 1; j < topology->count; j++) {
			struct json_object *object;

			if (link_of(topology, i, j, &link))
				return TOOL_FAILURE;
			object = json_new();
			json_add_text(object, "a", topology->nodes[i].info.address);
			json_add_text(object, "b", topology->nodes[j].info.address);
			json_add_text(object, "path", link.path);
			relation(&topology->nodes[i], &topology->nodes[j], place, sizeof(place));
			json_add_known_text(object, "relation", place);
			json_add_bool(object, "peer_access", link.peer_access);
			json_add_known_u64(object, "bytes_per_second", link.bytes_per_second);
			json_append(array, object);
		}
	}
	return TOOL_OK;
}

static int print_json(struct topology *topology)
{
	struct json_object *document = json_document("topo"), *devices = json_new_array();
	struct json_object *links = json_new_array();
	int code;

	json_add(document, "devices", devices);
	json_add(document, "links", links);
	for (uint32_t i = 0; i < topology->count; i++) {
		const struct node *node = &topology->nodes[i];
		struct json_object *object = json_new();

		json_add_text(object, "address", node->info.address);
		json_add_known_text(object, "name", node->info.name);
		json_add_bool(object, "simulated", node->info.simulated);
		json_add_known_text(object, "pci_address", node->info.pci_address);
		json_add_known_text(object, "pci_path", node->path);
		json_add(object, "numa_node",
			 node->numa < 0 ? NULL : json_object_new_int(node->numa));
		json_append(devices, object);
	}
	code = json_links(topology, links);
	if (!code)
		return json_print(document);
	json_object_put(document);
	return code;
}

int verb_topo(int argc, char **argv)
{
	static int (*const print[])(struct topology * topology) = {
		[FORM_TREE] = print_tree,
		[FORM_MATRIX] = print_matrix,
		[FORM_DOT] = print_dot,
		[FORM_JSON] = print_json,
	};
	bool forms[FORM_JSON + 1] = {false};
	const struct tool_option options[] = {{"--tree", &forms[FORM_TREE], NULL},
					      {"--matrix", &forms[FORM_MATRIX], NULL},
					      {"--dot", &forms[FORM_DOT], NULL},
					      {"--json", &forms[FORM_JSON], NULL},
					      {NULL, NULL, NULL}};
	struct topology topology = {.count = 0};
	enum form form = FORM_TREE;
	struct tool_error error;
	road_instance *instance;
	int left = 0, rc = tool_options(options, argc, argv, &left, &error), code, printed;

	if (!rc && forms[0] + forms[1] + forms[2] + forms[3] > 1)
		rc = tool_error_set(&error, "topo", "has more than one form", "",
				    "one of --tree, --matrix, --dot, --json");
	if (rc) {
		tool_error_print(&error);
		return TOOL_USAGE;
	}
	for (enum form i = FORM_TREE; i <= FORM_JSON; i++)
		form = forms[i] ? i : form;
	code = library_open(&instance);
	if (code)
		return code;
	code = read_all(&topology, instance, left, argv);
	printed = print[form](&topology);
	free_all(&topology);
	road_instance_release(instance);
	return code ? code : printed;
}
