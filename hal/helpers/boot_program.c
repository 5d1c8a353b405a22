/* SPDX-License-Identifier: Apache-2.0 */
/* What firmware is able to, as ports use it: what they cannot do without, and properties. */
#include <roadbed-driver/boot_unit.h>

#include <stdio.h>

#include <roadbed-driver/registers.h>

static road_status check(const struct road_boot_program *program, const struct road_boot_need *need,
			 const char *what, const char *where)
{
	char seen[48], allowed[48];

	if (road_boot_has(program, need->opcode, need->version))
		return ROAD_OK;
	snprintf(seen, sizeof(seen), "opcode %s %u", need->name, program->version[need->opcode]);
	snprintf(allowed, sizeof(allowed), "opcode %s %u or higher", need->name, need->version);
	return road_drv_error(ROAD_UNSUPPORTED, what, where, seen, allowed);
}

road_status road_boot_program_need(const struct road_boot_program *program,
				   const struct road_boot_need *needs, uint32_t count)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < count && !status; i++)
		status = check(program, &needs[i],
			       "the firmware does not enable what the driver needs", "firmware");
	return status;
}

road_status road_boot_program_allow(const struct road_boot_program *program, bool asked,
				    const struct road_boot_need *need, const char *field)
{
	if (!asked)
		return ROAD_OK;
	return check(program, need, "the firmware that runs does not enable it", field);
}

uint64_t road_boot_program_commands(const struct road_boot_program *program,
				    const struct road_boot_command *commands, uint32_t count)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < count; i++)
		if (road_boot_has(program, commands[i].opcode, 1))
			bits |= UINT64_C(1) << commands[i].kind;
	return bits;
}

road_status road_boot_program_property(const struct road_boot_program *program, uint32_t index,
				       uint32_t id, struct road_property *out)
{
	const struct {
		const char *name, *unit;
		uint32_t value;
		bool unknown;
	} rows[ROAD_BOOT_PROPERTIES] = {
		/* 0 is no time: every entry ends a turn */
		{"firmware.quantum", program->quantum_ns ? "ns" : "", program->quantum_ns},
		{"firmware.level", "", program->level},
		{"power.limit", "mW", program->power_mw, !program->power_mw},
	};

	if (!program->known || index >= ROAD_BOOT_PROPERTIES)
		return ROAD_NOT_FOUND;
	road_property_u64(out, id + index, rows[index].name, rows[index].unit, rows[index].value);
	if (rows[index].unknown)
		out->type = ROAD_VALUE_NULL;
	out->source = ROAD_SOURCE_FIRMWARE;
	return ROAD_OK;
}
