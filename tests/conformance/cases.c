/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all cases, from groups/NAME.def. */
#include "tests/conformance/run.h"

#define CASE(group, name, needs) void case_##group##_##name(struct fixture *f);
#define PENDING(group, name, awaits)
#include "tests/conformance/cases.def"
#undef CASE
#undef PENDING

#define CASE(group, name, needs)     {#group, #name, case_##group##_##name, needs, ""},
#define PENDING(group, name, awaits) {#group, #name, NULL, 0, awaits},
const struct conformance_case conformance_cases[] = {
#include "tests/conformance/cases.def"
};
const unsigned conformance_case_count = sizeof(conformance_cases) / sizeof(conformance_cases[0]);
