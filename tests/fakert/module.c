/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules are text, one thing a line:
 *
 *	FAKERT 1 0123456789abcdef      version, checksum (FNV-1a) of what follows
 *	kernel NAME                    one of those that are built in
 *	variable NAME WORD WORD ...    64-bit words in hexadecimal, in the device's memory
 *	end
 */
#include "tests/fakert/fake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS = 32, VARIABLES = 8, WORDS = 64, NAME = 32 };

struct frtFunction {
	struct frtModule *module;
	const struct builtin *builtin;
};
struct variable {
	char name[NAME];
	void *memory;
	size_t bytes;
};
struct frtModule {
	int device;
	uint64_t resets;
	unsigned function_count, variable_count;
	struct frtFunction functions[FUNCTIONS];
	struct variable variables[VARIABLES];
};

static uint64_t checksum(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

static bool begins(const char **line, const char *word)
{
	size_t bytes = strlen(word);

	if (strncmp(*line, word, bytes))
		return false;
	*line += bytes;
	return true;
}

/* At the first line behind the header. */
static int check_header(const char **at)
{
	char sum[24];
	const char *end = strchr(*at, '\n');

	if (!end || !begins(at, "FAKERT "))
		return frtErrorInvalidImage;
	if (!begins(at, "1 "))
		return **at >= '0' && **at <= '9' ? frtErrorNoBinaryForDevice
						  : frtErrorInvalidImage;
	snprintf(sum, sizeof(sum), "%016" PRIx64 "\n", checksum(end + 1));
	return begins(at, sum) ? frtSuccess : frtErrorInvalidImage;
}

static int take_kernel(struct frtModule *module, const char *name, size_t bytes)
{
	const struct builtin *builtin = fake_builtin(name, bytes);

	if (!builtin || module->function_count == FUNCTIONS)
		return frtErrorInvalidImage;
	module->functions[module->function_count++] = (struct frtFunction){module, builtin};
	return frtSuccess;
}

static int take_variable(struct frtModule *module, const char *line)
{
	struct variable *variable = &module->variables[module->variable_count];
	size_t bytes = strcspn(line, " \n"), count = 0;
	uint64_t words[WORDS];

	if (module->variable_count == VARIABLES || !bytes || bytes >= NAME)
		return frtErrorInvalidImage;
	memcpy(variable->name, line, bytes);
	for (line += bytes; *line == ' ' && count < WORDS; count++) {
		char *end;

		words[count] = strtoull(line, &end, 16);
		if (end == line)
			return frtErrorInvalidImage;
		line = end;
	}
	if (*line != '\n' || !count)
		return frtErrorInvalidImage;
	int result = fake_alloc(&variable->memory, count * sizeof(*words), module->device);

	if (result)
		return result;
	variable->bytes = count * sizeof(*words);
	memcpy(variable->memory, words, variable->bytes);
	module->variable_count++;
	return frtSuccess;
}

static int take_lines(struct frtModule *module, const char *at)
{
	int result = frtSuccess;

	while (!result && strcmp(at, "end\n") != 0) {
		const char *line = at, *end = strchr(at, '\n');

		if (!end)
			return frtErrorInvalidImage;
		if (begins(&line, "kernel "))
			result = take_kernel(module, line, (size_t)(end - line));
		else if (begins(&line, "variable "))
			result = take_variable(module, line);
		else
			result = frtErrorInvalidImage;
		at = end + 1;
	}
	return result;
}

/* Under the lock. A reset has taken the memory already. */
static void drop(struct frtModule *module)
{
	if (fake.devices[module->device].resets == module->resets)
		for (unsigned i = 0; i < module->variable_count; i++)
			fake_free(module->variables[i].memory);
	free(module);
}

int frtModuleLoadData(frtModule_t *out, const void *image)
{
	BEGIN();
	const char *at = image;
	struct frtModule *module = calloc(1, sizeof(*module));

	if (!module)
		return fake_end(frtErrorMemoryAllocation);
	pthread_mutex_lock(&fake.lock);
	module->device = fake_current();
	module->resets = fake.devices[module->device].resets;
	int result = fake_usable(module->device, module->resets);

	if (!result)
		result = check_header(&at);
	if (!result)
		result = take_lines(module, at);
	if (result) {
		drop(module);
	} else {
		fake.live++;
		*out = module;
	}
	pthread_mutex_unlock(&fake.lock);
	return fake_end(result);
}

int frtModuleUnload(frtModule_t module)
{
	pthread_mutex_lock(&fake.lock);
	fake.live--;
	drop(module);
	pthread_mutex_unlock(&fake.lock);
	return frtSuccess;
}

int frtModuleGetFunction(frtFunction_t *out, frtModule_t module, const char *name)
{
	BEGIN();
	for (unsigned i = 0; i < module->function_count; i++) {
		if (!strcmp(module->functions[i].builtin->name, name)) {
			*out = &module->functions[i];
			return frtSuccess;
		}
	}
	return fake_end(frtErrorNotFound);
}

int frtModuleEnumerateFunctions(frtFunction_t *out, unsigned capacity, frtModule_t module)
{
	BEGIN();
	for (unsigned i = 0; i < capacity; i++)
		out[i] = i < module->function_count ? &module->functions[i] : NULL;
	return frtSuccess;
}

int frtModuleGetGlobal(void **out, size_t *bytes, frtModule_t module, const char *name)
{
	BEGIN();
	for (unsigned i = 0; i < module->variable_count; i++) {
		if (!strcmp(module->variables[i].name, name)) {
			*out = module->variables[i].memory;
			*bytes = module->variables[i].bytes;
			return frtSuccess;
		}
	}
	return fake_end(frtErrorNotFound);
}

int frtFuncGetName(const char **out, frtFunction_t function)
{
	BEGIN();
	*out = function->builtin->name;
	return frtSuccess;
}

int frtFuncGetAttributes(struct frtFuncAttributes *out, frtFunction_t function)
{
	BEGIN();
	*out = (struct frtFuncAttributes){.maxThreadsPerBlock = THREADS_MAX,
					  .paramCount = function->builtin->arguments,
					  .paramBytes = 8 * function->builtin->arguments};
	return frtSuccess;
}

int frtFuncGetParamInfo(frtFunction_t function, unsigned index, size_t *offset, size_t *bytes)
{
	BEGIN();
	if (index >= function->builtin->arguments)
		return fake_end(frtErrorInvalidValue);
	*offset = 8 * (size_t)index;
	*bytes = 8;
	return frtSuccess;
}

static uint64_t product(const struct frtDim3 *d)
{
	return (uint64_t)d->x * d->y * d->z;
}

int frtLaunchKernel(frtFunction_t function, struct frtDim3 grid, struct frtDim3 block,
		    void **arguments, size_t shared_bytes, frtStream_t stream)
{
	BEGIN();
	struct launch launch = {0};

	if (!product(&grid) || !product(&block) || product(&block) > THREADS_MAX ||
	    shared_bytes > SHARED_BYTES)
		return fake_end(frtErrorInvalidValue);
	for (unsigned i = 0; i < function->builtin->arguments; i++)
		memcpy(&launch.arguments[i], arguments[i], 8);
	return fake_end(fake_put_launch(stream, function->builtin, &launch));
}
