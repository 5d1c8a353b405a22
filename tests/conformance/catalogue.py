#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every chip of the catalogue that has a model opens, and runs its family's kernels; the others say
that they are identities only: catalogue.py ROADBED CONFORMANCE.
"""
import json
import subprocess
import sys

ROADBED, CONFORMANCE = sys.argv[1:3]
CASES = ('simulator.sim_known_answer_kernels', 'query.simulated_always_said')
WITHOUT_CODE = {'sim:edu'}
results = []


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def case(name, passed, said=''):
    results.append(passed)
    print(f'{"ok" if passed else "not ok"} {len(results)} - {name}')
    for line in said.splitlines() if not passed else []:
        print('#', line)


def chips():
    got = run(ROADBED, 'explain', '--all', '--json')
    rows = json.loads(got.stdout)['candidates']
    return [row for row in rows if row['address'].startswith('sim:')]


def works(address):
    arguments = [word for name in CASES for word in ('--case', name)]
    got = run(CONFORMANCE, f'{address}?time=functional', *arguments)
    ran = [line.split()[1] for line in got.stdout.splitlines() if line.startswith('ok ')]
    wanted = CASES[1:] if address in WITHOUT_CODE else CASES
    case(f'{address} runs its kernels', got.returncode == 0 and set(wanted) <= set(ran),
         got.stdout + got.stderr)


def is_identity(address, row):
    got = run(ROADBED, 'info', address)
    case(f'{address} is an identity only, and says so',
         got.returncode != 0 and 'no model of' in got.stderr and 'no model of' in row['reason'],
         got.stdout + got.stderr + row['reason'])


def main():
    rows = chips()
    case('the catalogue has at least 40 chips', len(rows) >= 40, str(len(rows)))
    for row in rows:
        if row['status'] == 'ok':
            works(row['address'])
        else:
            is_identity(row['address'], row)
    print(f'1..{len(results)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
