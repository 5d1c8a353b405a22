#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Only listed symbols are exported: exports.py SOURCE_ROOT LIBROADBED [LIBROADBED_SIM].

exports.py --write SOURCE_ROOT writes the list from the headers, when the interface has grown.
"""
import os
import re
import sys

import house

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'exported.list')
DECLARED = re.compile(r'\bROAD_API\b[^;(]*?\b(\w+)\s*\(')
NOT_CODE = re.compile(r'/\*.*?\*/|^[ \t]*#[^\n]*', re.S | re.M)
FOLDER = 'hal/include' # programs' headers, and what drivers outside the tree call


def declared(root):
    names = set()
    for header in house.files(os.path.join(root, FOLDER), '.h'):
        text = house.read(os.path.join(root, FOLDER), header)
        names.update(DECLARED.findall(NOT_CODE.sub('', text)))
    return names


def write(root):
    with open(LIST, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: Apache-2.0\n'
                   '# What libroadbed.so exports; written by `exports.py --write`. A line that\n'
                   '# goes breaks programs that are built: it needs a new soversion.\n')
        file.writelines(f'{name}\n' for name in sorted(declared(root)))


def exported(library):
    lines = house.output_of('nm', '-D', '--defined-only', library).splitlines()
    return {line.split()[-1].split('@')[0] for line in lines if line.strip()}


def differences(left, left_name, right, right_name):
    for name in sorted(left - right):
        yield f'{name} is {left_name}, but not {right_name}'
    for name in sorted(right - left):
        yield f'{name} is {right_name}, but not {left_name}'


if sys.argv[1] == '--write':
    write(sys.argv[2])
    sys.exit(0)

ROOT, LIBRARY, SIM = sys.argv[1], sys.argv[2], sys.argv[3:]
LISTED = set(house.listed(LIST))


def list_and_headers_agree():
    return differences(LISTED, 'in exported.list', declared(ROOT), 'declared with ROAD_API')


def library_exports_the_list():
    return differences(exported(LIBRARY), 'exported by libroadbed.so', LISTED,
                       'in exported.list')


def names_have_the_prefix():
    return [f'{name} lacks the prefix road_' for name in sorted(LISTED | exported(LIBRARY))
            if not name.startswith('road_')]


def simulators_have_one_door():
    if not SIM:
        raise house.Skip('libroadbed-sim is not built')
    return differences(exported(SIM[0]), 'exported by libroadbed-sim.so', {'roadbed_sim_entry'},
                       'its one door')


house.run([
    ('the list of exported symbols is what the headers declare', list_and_headers_agree),
    ('libroadbed exports the listed symbols and no other', library_exports_the_list),
    ('every exported name starts with road_', names_have_the_prefix),
    ('libroadbed-sim exports its entry and nothing else', simulators_have_one_door),
])
