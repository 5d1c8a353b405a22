/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chip files: a chip's identity, family and parameters as data (docs: simulators/chips/README.md).
 *
 * A file is one YAML mapping:
 *
 *	chip: gpu-small		name, as in "sim:gpu-small"
 *	family: gpu		which table of keys `parameters` follows
 *	like: a100-sxm4-80gb	optional: a built-in chip of the family, which is like no other;
 *				its parameters hold where this file gives none, as assumed
 *	sources: {own: "text"}	where values come from, by short name
 *	identity: {...}		vendor, product, class, PCI ids, memory
 *	parameters: {...}	of the family, and the host's costs
 *
 * and each value is {value: V, unit: U, source: NAME, kind: measured|datasheet|tuned|assumed};
 * unit only where the key has one. A family's keys are one table (<roadbed-sim/chip.h>): adding a
 * parameter is one row and one member.
 *
 * Parsing takes bytes and touches no file; every error names file, line, key, what was seen and
 * what is allowed.
 */
#ifndef SIMULATORS_CHIPS_CHIP_H
#define SIMULATORS_CHIPS_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roadbed-sim/chip.h>

#define ROAD_CHIP_FILE_MAX_BYTES (1u << 20)

enum road_chip_kind {
	ROAD_CHIP_MEASURED,  /* on silicon, by someone named in the source */
	ROAD_CHIP_DATASHEET, /* the vendor's own publications, pci.ids */
	ROAD_CHIP_TUNED,     /* chosen so that a model meets measurements */
	ROAD_CHIP_ASSUMED,   /* a design choice of ours */
	ROAD_CHIP_KINDS
};

enum road_chip_error_code {
	ROAD_CHIP_OK,
	ROAD_CHIP_ERROR_MEMORY,
	ROAD_CHIP_ERROR_FILE,      /* cannot be read, or too big */
	ROAD_CHIP_ERROR_SYNTAX,    /* not YAML, or not one document */
	ROAD_CHIP_ERROR_UNKNOWN,   /* a key that nobody knows */
	ROAD_CHIP_ERROR_DUPLICATE, /* a key twice */
	ROAD_CHIP_ERROR_MISSING,   /* a required key */
	ROAD_CHIP_ERROR_TYPE,      /* a mapping where a number is due, text for a number, ... */
	ROAD_CHIP_ERROR_UNIT,
	ROAD_CHIP_ERROR_RANGE,
	ROAD_CHIP_ERROR_KIND,
	ROAD_CHIP_ERROR_SOURCE,   /* not one of the file's sources */
	ROAD_CHIP_ERROR_CONFLICT, /* two values that cannot hold together */
	ROAD_CHIP_ERRORS
};

struct road_chip_error {
	enum road_chip_error_code code;
	unsigned line, column; /* from 1; 0 = the file as a whole */
	char file[128];
	char key[96];      /* dotted path: "parameters.sm_count.unit" */
	char seen[96];     /* the value seen, shortened */
	char allowed[160]; /* what would have been right */
	char message[640]; /* all of it in one line */
};

/* What reports print: one row a value, in the file's order; defaults come last as assumed. */
struct road_chip_value {
	const char *name;
	const char *value; /* as written */
	const char *unit;  /* "" = none */
	const char *source;
	enum road_chip_kind kind;
	unsigned line; /* 0: default */
};

struct road_chip_identity {
	const char *vendor, *product;
	uint32_t pci_vendor; /* 0: no PCI identity */
	uint32_t pci_class;  /* class << 8 | subclass */
	struct road_chip_ids pci_devices;
	uint64_t memory_bytes;
	/* As the data sheet says it; 0: it does not, or nobody knows. Operations a second, a
	 * multiply and an add are two; of device memory: two transfers a cycle, all channels
	 * together. */
	uint64_t peak_f16, peak_bf16, peak_f32, peak_i8;
	uint64_t memory_clock_hz, memory_bus_bits;
};

/* Virtual costs of the host's side, for every family. */
struct road_chip_host {
	uint64_t read_ps, submit_ps, query_ps;
	/* Of a line of the host's caches, where the chip does not look into them; 0: coherent. */
	uint64_t line_bytes;
};

struct road_chip {
	const char *name;
	const struct road_chip_family *family;
	const char *like; /* name of the chip whose parameters hold for the rest; "": none */
	struct road_chip_identity identity;
	struct road_chip_host host;
	const void *params; /* struct road_gpu_params, struct road_edu_params, ... by family */
	const struct road_chip_value *values;
	size_t value_count;
	unsigned by_kind[ROAD_CHIP_KINDS]; /* how many values of each kind */
};

/* All families, by name; NULL: none. */
const struct road_chip_family *road_chip_family_find(const char *name);
/* Their names: "gpu, dsa, edu". */
void road_chip_family_names(char *out, size_t bytes);
/* One more, of a model from outside the tree; it stays for the life of the process, and so does
 * what it points to. One call at a time; lookups may go on meanwhile. NULL: done. Else what is
 * wrong, in static storage, with the key's name (or the family's) in *which. */
const char *road_chip_family_add(const struct road_chip_family *family, const char **which);
/* Names of the kinds as files write them. */
const char *road_chip_kind_name(enum road_chip_kind kind);

/* Parses a chip file's bytes; `file_name` only names it in errors. Returns 0 and a chip that the
 * caller frees, or -1 with *error filled. `error` may not be NULL. */
int road_chip_parse(const char *bytes, size_t len, const char *file_name, struct road_chip **out,
		    struct road_chip_error *error);
/* Reads and parses the file. */
int road_chip_load(const char *path, struct road_chip **out, struct road_chip_error *error);
/* Reads folder/name.yaml; the name holds only [a-z0-9._-] and the file must say the same name. */
int road_chip_load_named(const char *folder, const char *name, struct road_chip **out,
			 struct road_chip_error *error);
void road_chip_free(struct road_chip *chip); /* NULL is fine */

/*
 * Gives a parameter (of the family, or of the host's costs) another value, as text in the unit of
 * its key; it counts as assumed from here on, with `source`. 0: done. 1: no parameter is called
 * so. -1: refused, *error filled. Values that hold together only as a whole are looked at by
 * road_chip_check(), once all are set.
 */
int road_chip_override(struct road_chip *chip, const char *name, const char *value,
		       const char *source, struct road_chip_error *error);
/* Is it a number that road_chip_override() takes? */
bool road_chip_settable(const struct road_chip *chip, const char *name);
/* Do the parameters hold together? 0, or -1 with *error filled. */
int road_chip_check(const struct road_chip *chip, struct road_chip_error *error);

/* The share of assumed values in per mille of all values. */
unsigned road_chip_assumed_permille(const struct road_chip *chip);

/* Chip files that are part of the library, by position in order of their names. */
struct road_chip_builtin {
	const char *name;
	const char *bytes;
	size_t len;
	/* What a list of chips says, so that nothing has to be parsed for it. */
	struct road_chip_summary {
		const char *family, *vendor, *product;
		uint32_t pci_vendor, pci_device, pci_class;
		uint64_t memory_bytes; /* 0: unknown */
	} summary;
};
struct road_chip_summary road_chip_summarize(const struct road_chip *chip);
const struct road_chip_builtin *road_chip_builtin(size_t index); /* NULL ends */
const struct road_chip_builtin *road_chip_builtin_find(const char *name, size_t name_len);
int road_chip_builtin_open(const char *name, struct road_chip **out, struct road_chip_error *error);

#endif
