/* SPDX-License-Identifier: Apache-2.0 */
/* The options that all chips with a boot ROM have, and which faults there are for whom. */
#include <stdio.h>
#include <string.h>

#include "simulators/boot/internal.h"

const char *const boot_phase_names[ROAD_BOOT_PHASE_CRASHED + 1] = {
	"off",      "rom",   "waiting", "loading",  "auth",    "rejected",
	"starting", "hello", "running", "degraded", "crashed",
};

/* Without a name it is no option: it happens to firmware that runs. */
static const struct {
	const char *name;
	bool phase, pull; /* has one; for chips that pull their images only */
} faults[SIM_BOOT_FAULTS] = {
	[SIM_BOOT_HONEST] = {"honest", false, false},
	[SIM_BOOT_HANG] = {"hang", true, false},
	[SIM_BOOT_REJECT] = {"reject", false, false},
	[SIM_BOOT_SELFTEST] = {"selftest", false, false},
	[SIM_BOOT_OFFSET] = {"offset", false, true},
	[SIM_BOOT_LENGTH] = {"length", false, true},
	[SIM_BOOT_ENDLESS] = {"endless", false, true},
	[SIM_BOOT_EARLY] = {"early", false, false},
	[SIM_BOOT_PROTOCOL] = {"protocol", false, false},
	[SIM_BOOT_VERSION] = {"version", false, false},
	[SIM_BOOT_CHIP] = {"chip", false, false},
};

/* Those that a boot passes, or ends in. */
static bool may_hang(uint32_t phase)
{
	return phase <= ROAD_BOOT_PHASE_RUNNING && phase != ROAD_BOOT_PHASE_REJECTED;
}

bool boot_fault_fits(uint32_t fault, uint32_t phase, enum sim_boot_style style)
{
	if (fault >= SIM_BOOT_FAULTS || (faults[fault].pull && style != SIM_BOOT_PULL))
		return false;
	return faults[fault].phase ? may_hang(phase) : !phase;
}

static void append(char *to, const char *word, const char *end)
{
	const size_t used = strlen(to);

	snprintf(to + used, SIM_ERROR_BYTES - used, "%s%s", word, end);
}

static bool no_fault(const char *value, enum sim_boot_style style, char *error)
{
	const char *comma = "";

	snprintf(error, SIM_ERROR_BYTES, "option boot: value \"%.32s\", allowed: ", value);
	for (uint32_t i = 0; i < SIM_BOOT_FAULTS; i++) {
		if (!faults[i].name || (faults[i].pull && style != SIM_BOOT_PULL))
			continue;
		append(error, comma, faults[i].name);
		append(error, faults[i].phase ? ":PHASE" : "", "");
		comma = ", ";
	}
	return false;
}

static bool no_phase(const char *value, char *error)
{
	const char *comma = "";

	snprintf(error, SIM_ERROR_BYTES, "option boot: value \"%.32s\", allowed: hang: and one of ",
		 value);
	for (uint32_t i = 0; i <= ROAD_BOOT_PHASE_CRASHED; i++) {
		if (!may_hang(i))
			continue;
		append(error, comma, boot_phase_names[i]);
		comma = ", ";
	}
	return false;
}

static bool take_phase(struct sim_boot_options *options, const char *value, const char *name,
		       char *error)
{
	for (uint32_t i = 0; i <= ROAD_BOOT_PHASE_CRASHED; i++)
		if (may_hang(i) && !strcmp(boot_phase_names[i], name)) {
			options->phase = i;
			return true;
		}
	return no_phase(value, error);
}

static bool take_fault(struct sim_boot_options *options, const char *value,
		       enum sim_boot_style style, char *error)
{
	const size_t length = strcspn(value, ":");

	for (uint32_t i = 0; i < SIM_BOOT_FAULTS; i++) {
		if (!faults[i].name || strlen(faults[i].name) != length ||
		    strncmp(faults[i].name, value, length) != 0 ||
		    (faults[i].pull && style != SIM_BOOT_PULL) ||
		    faults[i].phase != (value[length] == ':'))
			continue;
		options->fault = i;
		return !faults[i].phase || take_phase(options, value, value + length + 1, error);
	}
	return no_fault(value, style, error);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_key(struct sim_boot_options *options, const char *value, char *error)
{
	size_t i = 0;

	for (; i < 2u * SIM_BOOT_KEY_BYTES && digit(value[i]) >= 0; i++)
		options->key[i / 2] = (uint8_t)(options->key[i / 2] << 4 | digit(value[i]));
	options->has_key = i == 2u * SIM_BOOT_KEY_BYTES && !value[i];
	if (!options->has_key)
		snprintf(error, SIM_ERROR_BYTES,
			 "option rom_key: value \"%.80s\", allowed: 64 hexadecimal digits", value);
	return options->has_key;
}

static bool take_source(struct sim_boot_options *options, const char *value, char *error)
{
	options->search = !strcmp(value, "search");
	if (options->search || !strcmp(value, "development"))
		return true;
	snprintf(error, SIM_ERROR_BYTES,
		 "option firmware: value \"%.64s\", allowed: development, search", value);
	return false;
}

bool sim_boot_option(struct sim_boot_options *options, const struct sim_option *option,
		     enum sim_boot_style style, char *error)
{
	if (!strcmp(option->key, "boot"))
		return take_fault(options, option->value, style, error);
	if (!strcmp(option->key, "rom_key"))
		return take_key(options, option->value, error);
	return take_source(options, option->value, error);
}
