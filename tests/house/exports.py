#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Only listed symbols are exported: exports.py SOURCE_ROOT LIBROADBED [LIBROADBED_SIM].

exports.py --write SOURCE_ROOT writes the lists from the headers, when an interface has grown;
exports.py --c SOURCE_ROOT prints the first for the conformance suite.
"""
import os
import re
import sys

import house

HERE = os.path.dirname(os.path.abspath(__file__))
LIST, SIM_LIST = (os.path.join(HERE, name) for name in ('exported.list', 'exported-sim.list'))
NOT_CODE = re.compile(r'/\*.*?\*/|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
FOLDER = 'hal/include' # programs' headers, and what drivers outside the tree call
SIM_FOLDER = 'simulators/include' # what models outside the tree call
SIM_DOOR = {'roadbed_sim_entry'} # what libroadbed calls


def declared(root, folder, mark):
    names = set()
    pattern = re.compile(r'\b' + mark + r'\b[^;(]*?\b(\w+)\s*\(')
    for header in house.files(os.path.join(root, folder), '.h'):
        text = house.read(os.path.join(root, folder), header)
        names.update(pattern.findall(NOT_CODE.sub('', text)))
    return names


def write(path, library, names):
    with open(path, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: Apache-2.0\n'
                   f'# What {library} exports; written by `exports.py --write`. A line that\n'
                   '# goes breaks what is built against it: it needs a new soversion, or major.\n')
        file.writelines(f'{name}\n' for name in sorted(names))


def print_c(root):
    programs = declared(root, FOLDER + '/roadbed', 'ROAD_API')
    print('/* What headers declare; of_programs: those of <roadbed/…>. */\n'
          'static const struct {\n\tconst char *name;\n\tint of_programs;\n} exported[] = {')
    for name in sorted(declared(root, FOLDER, 'ROAD_API')):
        print(f'\t{{"{name}", {int(name in programs)}}},')
    print('};')


def exported(library):
    lines = house.output_of('nm', '-D', '--defined-only', library).splitlines()
    return {line.split()[-1].split('@')[0] for line in lines if line.strip()}


def differences(left, left_name, right, right_name):
    for name in sorted(left - right):
        yield f'{name} is {left_name}, but not {right_name}'
    for name in sorted(right - left):
        yield f'{name} is {right_name}, but not {left_name}'


if sys.argv[1] == '--write':
    write(LIST, 'libroadbed.so', declared(sys.argv[2], FOLDER, 'ROAD_API'))
    write(SIM_LIST, 'libroadbed-sim.so', declared(sys.argv[2], SIM_FOLDER, 'ROAD_SIM_API'))
    sys.exit(0)

if sys.argv[1] == '--c':
    print_c(sys.argv[2])
    sys.exit(0)

ROOT, LIBRARY, SIM = sys.argv[1], sys.argv[2], sys.argv[3:]
LISTED, SIM_LISTED = set(house.listed(LIST)), set(house.listed(SIM_LIST))


def list_and_headers_agree():
    yield from differences(LISTED, 'in exported.list', declared(ROOT, FOLDER, 'ROAD_API'),
                           'declared with ROAD_API')
    yield from differences(SIM_LISTED, 'in exported-sim.list',
                           declared(ROOT, SIM_FOLDER, 'ROAD_SIM_API'),
                           'declared with ROAD_SIM_API')


def library_exports_the_list():
    return differences(exported(LIBRARY), 'exported by libroadbed.so', LISTED,
                       'in exported.list')


def names_have_the_prefix():
    for names, prefix in ((LISTED | exported(LIBRARY), 'road_'), (SIM_LISTED, 'sim_')):
        for name in sorted(names):
            if not name.startswith(prefix):
                yield f'{name} lacks the prefix {prefix}'


def simulators_export_their_services():
    if not SIM:
        raise house.Skip('libroadbed-sim is not built')
    return differences(exported(SIM[0]), 'exported by libroadbed-sim.so', SIM_DOOR | SIM_LISTED,
                       'in exported-sim.list')


house.run([
    ('the lists of exported symbols are what the headers declare', list_and_headers_agree),
    ('libroadbed exports the listed symbols and no other', library_exports_the_list),
    ('every exported name starts with road_ or sim_', names_have_the_prefix),
    ('libroadbed-sim exports its entry, the listed services and no other',
     simulators_export_their_services),
])
