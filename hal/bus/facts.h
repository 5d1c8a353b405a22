/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel and the catalogues know of a device, as a list of properties. */
#ifndef HAL_BUS_FACTS_H
#define HAL_BUS_FACTS_H

#include "hal/bus/discover.h"

struct road_fact {
	road_property property;
	uint32_t how;     /* 0: it stays as it is; else how the file is read, see facts.c */
	double scale;     /* of numbers */
	char folder[176]; /* of the file */
	char file[64];
	char other[64];  /* a second file of the folder, or a word of the first */
	uint32_t client; /* of facts_clients.c: who is asked, and for what */
	uint32_t value;
	char part[24];
};

struct road_usage;

struct road_facts {
	struct road_fact *at;
	uint32_t count, room;
	bool full;                /* no memory for more */
	bool no_wake;             /* what wakes a device that sleeps stays unknown */
	char power[176];          /* folder that tells whether it sleeps */
	struct road_usage *usage; /* of its clients; NULL: it has no nodes that tell */
};

/* All of one device. false: no host memory; nothing is left then. */
bool road_facts_find(struct road_facts *facts, const struct road_found *found, bool no_wake);
void road_facts_free(struct road_facts *facts);
/* Number `index`, read anew if it moves. false: the list has ended. */
bool road_facts_at(const struct road_facts *facts, uint32_t index, road_property *out);

/* ---- for those who find them ---- */

/* Values that stay; NULL or "" is unknown. Printable ASCII is kept. */
void road_fact_text(struct road_facts *facts, uint32_t source, const char *name, const char *text);
void road_fact_u64(struct road_facts *facts, uint32_t source, const char *name, const char *unit,
		   uint64_t value);
void road_fact_bool(struct road_facts *facts, uint32_t source, const char *name, bool value);
void road_fact_set_text(road_property *property, const char *text);
void road_fact_unknown(struct road_facts *facts, uint32_t source, const char *name,
		       const char *unit);

/* A file that is read whenever somebody asks. */
enum road_fact_how {
	ROAD_FACT_U64 = 1,
	ROAD_FACT_F64,     /* times scale */
	ROAD_FACT_LEADING, /* the number that the text begins with: "16.0 GT/s PCIe" */
	ROAD_FACT_TEXT,
	ROAD_FACT_LINK,      /* the last part of what a link names */
	ROAD_FACT_LINK_U64,  /* likewise, a number */
	ROAD_FACT_TOTAL,     /* the number behind a word that begins with TOTAL_ */
	ROAD_FACT_WORD,      /* the number behind the word `other` at the beginning of a line */
	ROAD_FACT_WORD_TEXT, /* the text behind it */
	ROAD_FACT_LESS,      /* the number in the file less that in the file `other` */
	ROAD_FACT_LINES,     /* all its lines, with "; " between them */
	ROAD_FACT_CLIENT,    /* what one client says */
	ROAD_FACT_CLIENTS,   /* what all say together */
	ROAD_FACT_HOW = 0xff,
	ROAD_FACT_WAKES = 0x100 /* reading wakes a device that sleeps */
};
struct road_fact_row {
	const char *name, *unit, *file;
	uint32_t how;
	double scale;
	const char *other;
};
/* NULL: there is no room, or no memory. */
struct road_fact *road_fact_file(struct road_facts *facts, const char *folder,
				 const struct road_fact_row *row);

/* Sensors of hwmon below the folder. */
void road_facts_hwmon(struct road_facts *facts, const char *folder);
/* Counters of errors that files of the folder `ras` below it have. */
void road_facts_ras(struct road_facts *facts, const char *folder);
/* Every other file of the folder, and of those in it, that all may read, by its own name:
 * "sysfs.PREFIXname", "sysfs.PREFIXfolder.name". */
void road_facts_rest(struct road_facts *facts, const char *folder, const char *prefix);
/* Whether a fact of this folder's file is among them; one of this name. */
bool road_facts_has(const struct road_facts *facts, const char *folder, const char *file);
bool road_facts_named(const struct road_facts *facts, const char *name);
/* Suspended at run time, or in D3: what is asked of it would wake it. */
bool road_facts_asleep(const struct road_facts *facts);

/* Clients of its nodes: each one's, and all together. */
void road_facts_clients(struct road_facts *facts, const struct road_found *found);
void road_usage_read(struct road_usage *usage, const struct road_fact *fact, road_property *out);
void road_usage_free(struct road_usage *usage);

/* Nodes: paths, and what DRM says of those that may be opened. */
void road_facts_nodes(struct road_facts *facts, const struct road_found *found);

#endif
