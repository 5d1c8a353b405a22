/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one compilation: lexer, names, what the module declares, the current function. */
#ifndef DRIVERS_GPU_PTX_MODULE_H
#define DRIVERS_GPU_PTX_MODULE_H

#include "drivers/gpu/ptx/core.h"
#include "drivers/gpu/ptx/ir.h"
#include "drivers/gpu/ptx/lex.h"
#include "drivers/gpu/ptx/types.h"
#include "uapi/gpu/image.h"

/* Limits on hostile input; each is far above what compilers emit. */
#define PTX_MAX_DEPTH  64         /* nested scopes, braces, parentheses */
#define PTX_MAX_INSTS  (1u << 20) /* per kernel */
#define PTX_MAX_WORDS  (8u << 20) /* per module */
#define PTX_MAX_PARAM  4352u      /* bytes of parameters: CUDA's limit is 4 KiB, 32764 later */
#define PTX_MAX_SHARED (16u << 20)
#define PTX_MAX_LOCAL  (16u << 20)
#define PTX_MAX_BODIES 1024u /* functions that a kernel may call */
#define PTX_MAX_VALUES 255u  /* parameters of a function */
#define PTX_MAX_REREAD                                                            \
	(64u << 20) /* instructions of functions, over all kernels that call them \
		     */

enum symbol_kind {
	SYMBOL_REG,       /* one register, or a vector of them */
	SYMBOL_REG_RANGE, /* %r<n> */
	SYMBOL_DATA,      /* .global, .const: offset in the module's data */
	SYMBOL_SHARED,    /* offset in shared memory */
	SYMBOL_DYNAMIC,   /* .extern .shared: where the static part ends */
	SYMBOL_LOCAL,
	SYMBOL_PARAM,          /* kernel parameter: offset in the argument block */
	SYMBOL_FUNCTION_PARAM, /* of a .func, or a .param variable of a call: vreg, or in memory */
	SYMBOL_FUNCTION,       /* .func, .entry */
	SYMBOL_EXTERN,         /* declared elsewhere */
};

struct symbol {
	struct slice name;
	uint32_t hash;
	uint32_t chain; /* next in its bucket, + 1 */
	enum symbol_kind kind;
	enum ptx_type type;
	struct place at;
	uint32_t vreg;  /* REG: the first */
	uint32_t count; /* REG: components; REG_RANGE: registers */
	uint32_t id;    /* REG_RANGE: key of its map; DATA: index in p->data */
	uint32_t offset, align, bytes;
	bool is_const;
	bool by_reference; /* FUNCTION_PARAM: vreg holds its address in local memory */
};

/* Names in scope: a stack with hash chains through it, innermost first. */
struct names {
	struct symbol *stack;
	uint32_t count, room;
	uint32_t *buckets;
	uint32_t bucket_count;
	uint32_t seed;
};

/* A variable in the image's data section. */
struct variable {
	struct slice name;
	uint32_t offset, bytes, align, flags;
	bool is_local; /* of a function: no symbol in the image */
};

struct label {
	struct slice name;
	uint32_t alias;  /* the outer scope's label that this reference means, + 1 */
	uint32_t scope;  /* depth */
	struct place at; /* of the definition or first use */
	bool defined;
	struct inst *after; /* last instruction before the label, NULL = none */
	uint32_t *table;    /* .branchtargets */
	uint32_t table_count;
	uint32_t chain;
	struct block *block;
	bool closed;                       /* its scope ended */
	const struct prototype *prototype; /* .callprototype */
	uint32_t *routines;                /* .calltargets */
	uint32_t routine_count;
};

/* Results and parameters of a function, results first. */
struct prototype_value {
	struct place at;
	uint32_t bytes; /* 0: an array of unknown size */
	bool in_memory; /* passed by its address */
};
struct prototype {
	uint32_t results, params;
	struct prototype_value *values;
};

/* A .func. Its text is read once to be checked, and again for each kernel that may call it. */
struct routine {
	struct slice name;
	struct place at;
	struct lexer text; /* behind .func, of the definition */
	const struct prototype *prototype;
	bool is_defined;
	uint32_t alias;   /* the routine that this name stands for, + 1 */
	uint32_t address; /* number of its address (isa.h, "Calls"); 0: nobody takes it */
	uint32_t kernel;  /* number of the kernel that `body` belongs to */
	uint32_t body;
};

/* The kernel's own code, or that of a function, in the kernel being compiled. */
struct body {
	uint32_t routine; /* + 1; 0: the kernel's own, or body_pointed()'s */
	const struct prototype *prototype;
	struct place at;
	uint32_t *params; /* registers of results, then parameters, as in the prototype */
	struct inst *entry;
	struct block *block;  /* that it starts with */
	uint32_t link, frame; /* registers: where to return, where its local variables start */
	uint32_t frame_bytes;
	bool has_frame;                         /* even if frame_bytes is 0 */
	uint32_t *calls, call_count, call_room; /* bodies */
	uint32_t component;                     /* strongly connected, in the graph of calls */
	uint32_t reach_start, reach_end;        /* positions of all that may run until it returns */
};

/* A kernel that calls functions waits until all of them are read. */
struct waiting {
	struct lexer text;
};

struct function {
	struct slice name;
	struct place at;
	bool is_entry, is_defined;
	/* what the image says of a kernel */
	struct road_gpu_kernel info;
	const char *refusal; /* NULL = usable */
	struct place refused_at;
	bool refused_weakly; /* a better reason may replace it */
	uint32_t max_regs;   /* .maxnreg, 0 = none */
	uint32_t next_range;
	/* code */
	struct inst *first, *last;
	uint32_t inst_count;
	struct vreg *vregs;
	uint32_t vreg_count, vreg_room;
	uint32_t carry; /* predicate: PTX's CC.CF, made when first named */
	struct label *labels;
	uint32_t label_count, label_room;
	uint32_t *label_buckets;
	uint32_t label_buckets_count;
	uint64_t *range_keys; /* (range, index) -> register */
	uint32_t *range_vregs;
	uint32_t range_count, range_room;
	uint32_t label_mark;       /* first label of the innermost scope */
	uint32_t body_depth;       /* of scopes, outside the function's braces */
	struct inst **unscheduled; /* the order before scheduling */
	uint32_t unscheduled_count;
	/* graph */
	struct block **blocks;
	uint32_t block_count;
	uint32_t local_bytes, local_align, spill_bytes;
	/* calls */
	bool calls;     /* found on first reading: to be read again with what it calls */
	bool collects;  /* live_compute() notes what recursive calls must save */
	bool has_stack; /* uses `sp` */
	uint32_t number;
	struct body *bodies;
	uint32_t body_count, body_room, body;      /* body: the one being read */
	uint32_t *body_order;                      /* callees first */
	uint32_t pointed;                          /* body_pointed(); 0 = none */
	uint32_t sp, link;                         /* registers of all bodies; 0 = none yet */
	uint32_t *abi[CLASSES], abi_room[CLASSES]; /* arguments and results by position */
	uint32_t places[CLASSES]; /* physical registers used, by class (pairs counted as one) */
	uint32_t row_base;        /* first 32-bit register: behind the pairs */
};

struct ptx {
	jmp_buf failed;
	struct road_ptx_error *error;
	struct road_ptx_options options;
	struct arena module, kernel;
	struct lexer lex;
	struct names names;
	uint32_t depth;      /* of scopes */
	uint32_t scope_mark; /* first name of the innermost scope */

	struct variable *variables;
	uint32_t variable_count, variable_room;
	uint8_t *data;
	uint32_t data_bytes, data_room, data_align;
	struct road_gpu_reloc *relocs;
	uint32_t reloc_count, reloc_room;

	uint32_t module_shared_bytes, module_shared_align; /* .shared at module scope */
	uint32_t dynamic_align;
	struct road_gpu_kernel *kernels;
	uint32_t kernel_count, kernel_room;
	struct road_gpu_param *params;
	uint32_t param_count, param_room;
	struct road_gpu_word *words;
	uint32_t *lines;
	uint32_t word_count, word_room, line_room;
	uint32_t *branches;
	uint32_t branch_count, branch_room;
	char *strings;
	uint32_t string_bytes, string_room;

	struct function *function; /* being compiled */

	struct routine *routines;
	uint32_t routine_count, routine_room;
	uint32_t *addressed; /* routines by the number of their address; 0 is none */
	uint32_t addressed_count, addressed_room;
	struct waiting *waiting;
	uint32_t waiting_count, waiting_room;
	uint32_t function_count;
	uint64_t reread; /* instructions of functions read again */
	bool again;      /* reading what has been read */
};

struct declaration;

/* names.c */
void names_start(struct ptx *p);
/* Adds to the innermost scope; fails on a second declaration there (but of .extern names). */
struct symbol *names_add(struct ptx *p, struct slice name, enum symbol_kind kind, struct place at);
struct symbol *names_find(struct ptx *p, struct slice name);
uint32_t names_open(struct ptx *p); /* returns what names_close takes */
void names_close(struct ptx *p, uint32_t mark);

/* function.c: registers, labels, instructions of the current function */
struct function *function_start(struct ptx *p);
uint32_t vreg_new(struct ptx *p, enum reg_class cls, unsigned bits);
uint32_t vreg_new_group(struct ptx *p, enum reg_class cls, unsigned count);
/* The register that a name means, 0 if the name is no register; *count its components. */
uint32_t vreg_find(struct ptx *p, struct slice name, uint32_t *count);
uint32_t label_use(struct ptx *p, struct slice name, struct place at);
/* The label of this name that is defined already, or NULL. */
const struct label *label_find(struct ptx *p, struct slice name);
uint32_t label_define(struct ptx *p, struct slice name, struct place at);
/* A scope for labels; labels_close takes what labels_open returned. */
uint32_t labels_open(struct ptx *p);
void labels_close(struct ptx *p, uint32_t mark);
struct label *label_resolve(struct function *f, uint32_t label);
struct inst *inst_new(struct ptx *p, unsigned op, uint32_t line);
void inst_append(struct ptx *p, struct inst *i);
/* Marks the kernel as refused; the first reason stays. */
void function_refuse(struct ptx *p, struct place at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* parse_module.c, parse_function.c, parse_variable.c, parse_expr.c, parse_instr.c */
void parse_module(struct ptx *p);
void parse_function(struct ptx *p, bool is_entry, bool is_extern);
enum variable_space {
	VARIABLE_GLOBAL,
	VARIABLE_CONST,
	VARIABLE_SHARED,
	VARIABLE_LOCAL,
	VARIABLE_PARAM
};
struct declaration {
	struct slice name;
	struct place at;
	enum ptx_type type;
	uint32_t vector; /* 1, 2, 4 */
	uint32_t align;
	uint64_t elements;
	uint64_t bytes;
	bool is_array, is_open; /* open: first dimension absent */
};
/* .align .v2 .type name[dims]: from after the space's directive up to '=', ',' or ';'. */
void parse_declarator_type(struct ptx *p, struct declaration *d);
void parse_declarator_name(struct ptx *p, struct declaration *d);
void parse_variables(struct ptx *p, enum variable_space space, bool is_extern, bool is_visible);
/* Is this directive of the shape ".space declarations;" ? */
bool variable_space_find(struct slice name, enum variable_space *space);
struct constant {
	uint64_t value; /* or bits of an f64, or of an f32 */
	bool is_unsigned, is_f32, is_f64;
};
struct constant parse_constant(struct ptx *p, const char *where);
uint64_t parse_count(struct ptx *p, const char *where, uint64_t low, uint64_t high);
void parse_routine(struct ptx *p);
void parse_kernel_again(struct ptx *p, const struct waiting *kernel);
void parse_instruction(struct ptx *p, struct slice name, struct place at, uint32_t guard,
		       bool negated);
/* .noreturn, .attribute(...) and their kin, which change nothing here. */
void parse_skip_attribute(struct ptx *p);
/* Skips to the character at this depth of brackets and takes it. */
void parse_skip_to(struct ptx *p, uint32_t punct, const char *where);

/* routine.c: functions, before and apart from their code */
struct routine *routine_declare(struct ptx *p, struct slice name, struct place at,
				const struct prototype *prototype);
struct routine *routine_resolve(struct ptx *p, struct routine *routine); /* through .alias */
uint64_t routine_address(struct ptx *p, struct routine *routine);
/* (results) name (parameters): the name may be _, the lists may lack. */
const struct prototype *prototype_parse(struct ptx *p, struct arena *arena, struct slice *name,
					struct place *at);
void parse_alias(struct ptx *p);
bool prototype_same(const struct prototype *a, const struct prototype *b);
bool declaration_in_memory(const struct declaration *d);
void parse_call_prototype(struct ptx *p, uint32_t label);
void parse_call_targets(struct ptx *p, uint32_t label);

/* body.c: functions as parts of a kernel */
void body_start(struct ptx *p, uint32_t routine, struct place at);
void body_declare(struct ptx *p, const struct declaration *d, bool is_reg, uint32_t index);
void body_enter(struct ptx *p); /* at '{' */
void body_leave(struct ptx *p); /* at '}' */
/* The number of a routine's body in this kernel, which will be read later if it has not been. */
uint32_t body_request(struct ptx *p, uint32_t routine);
void body_calls(struct ptx *p, uint32_t callee);
/* The body that stands for all whose address this kernel may call; its own code traps. */
uint32_t body_pointed(struct ptx *p);
void body_points_to(struct ptx *p, uint32_t callee);
void parse_bodies(struct ptx *p); /* all that were requested */
/* Registers with a meaning of their own. */
uint32_t abi_value(struct ptx *p, enum reg_class cls, uint32_t index);
uint32_t abi_place(struct ptx *p, const struct prototype *prototype, uint32_t index);
uint32_t abi_link(struct ptx *p);
uint32_t abi_stack(struct ptx *p);
/* Local memory of the body being read. */
uint32_t frame_reserve(struct ptx *p, const struct declaration *d);
uint32_t frame_base(struct ptx *p); /* register that offsets count from; 0 in the kernel's body */

/* calls.c */
void calls_analyse(struct ptx *p);
void calls_save(struct ptx *p);
void parse_waiting(struct ptx *p); /* kernels that wait for functions */

/* compile.c */
void function_finish(struct ptx *p);
/* cfg.c */
void cfg_build(struct ptx *p);
/* layout.c */
void layout_blocks(struct ptx *p);
/* passes */
void opt_run(struct ptx *p);
void schedule_run(struct ptx *p);
void schedule_undo(struct ptx *p);
bool regalloc_run(struct ptx *p, bool may_spill);
/* emit.c */
void emit_function(struct ptx *p);
void emit_image(struct ptx *p, void **image, size_t *bytes);
uint32_t emit_string(struct ptx *p, const char *text, uint32_t bytes);

#endif
