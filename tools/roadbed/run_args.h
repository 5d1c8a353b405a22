/* SPDX-License-Identifier: Apache-2.0 */
/* The words of `roadbed run`: kernel arguments and dimensions. No device is needed here. */
#ifndef TOOLS_ROADBED_RUN_ARGS_H
#define TOOLS_ROADBED_RUN_ARGS_H

#include "tools/roadbed/tool.h"
#include "tools/roadbed/values.h"

enum run_form { RUN_SCALAR, RUN_ZEROS, RUN_IOTA, RUN_RAND, RUN_IN };

#define RUN_BUFFER_BYTES_MAX (UINT64_C(1) << 40)

struct run_arg {
	const char *text;
	enum run_form form;
	const struct value_type *type;
	unsigned char scalar[8]; /* little-endian, type->bytes of them */
	uint64_t count, bytes;   /* of buffers; 0 for RUN_IN until its file is read */
	uint64_t seed;
	char *in_path;  /* RUN_IN; owned */
	char *out_path; /* NULL: not written back; owned */
};

/* Parses argument `index` (from 0). -1: error filled, nothing to free. */
int run_arg_parse(const char *text, unsigned index, struct run_arg *out, struct tool_error *error);
void run_arg_free(struct run_arg *arg);

/*
 * The bytes of a buffer argument as it starts, in *out (malloc; NULL for zeros). Reads the file
 * of RUN_IN and sets count and bytes of it. -1: error filled.
 */
int run_arg_fill(struct run_arg *arg, void **out, struct tool_error *error);

struct run_dim {
	uint32_t x, y, z;
};
/* X[,Y[,Z]], each from 1 to 2^32 - 1. */
int run_dim_parse(const char *option, const char *text, struct run_dim *out,
		  struct tool_error *error);

/* The device address with KEY=VALUE added if it has no option KEY, for the tool's option `word`.
 * -1 if it has it with another value. The caller frees *out. */
int run_address_with(const char *word, const char *address, const char *key, const char *value,
		     char **out, struct tool_error *error);

#endif
