#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the driver did to QEMU's own educational device, by VFIO in a guest, still is what it does: traces/*.trace
replayed. replayed.py CONFORMANCE. The traces are written by tests/vm with ROADBED_TEST_WRITE=1; `not ok` with a
difference means that the driver talks to the device in another way than it did when it ran on one. If that is
meant, the test in the guest says whether the device likes it, and writes new traces.
"""
import os
import sys

import recording

TRACES = sorted(name for name in os.listdir(recording.KEPT) if name.endswith('.trace'))
failed = 0
cases = [name.removesuffix('.trace') for name in TRACES]
print(f'1..{len(cases) + 1}')
print(f'{"ok" if cases == sorted(recording.CASES) else "not ok"} 1 - there is a trace of each case')
for number, case in enumerate(cases, 2):
    wrong = recording.replay(os.path.abspath(sys.argv[1]), os.path.join(recording.KEPT, f'{case}.trace'), case)
    failed += bool(wrong)
    print(f'{"not ok" if wrong else "ok"} {number} - {case}')
    for line in wrong.splitlines():
        print(f'# {line}')
sys.exit(failed > 0 or cases != sorted(recording.CASES))
