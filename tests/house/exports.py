#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Only listed symbols are exported: exports.py SOURCE_ROOT LIBRARY….

exports.py --write SOURCE_ROOT writes the lists from the headers, when an interface has grown;
exports.py --c SOURCE_ROOT prints the first for the conformance suite.
"""
import os
import re
import sys

import house

HERE = os.path.dirname(os.path.abspath(__file__))


class Library:
    """A library, the folder of its headers, the mark of what it exports, the list of that; door:
    what it exports beside, for libroadbed alone."""

    def __init__(self, name, folder, mark, listed, prefix='road_', door=()):
        self.name, self.folder, self.mark, self.prefix = name, folder, mark, prefix
        self.path, self.door = os.path.join(HERE, listed), set(door)

    def listed(self):
        return set(house.listed(self.path))

    def declared(self, root):
        return declared(root, self.folder, self.mark)


FOLDER = 'hal/include' # programs' headers, and what drivers outside the tree call
ROADBED = Library('libroadbed.so', FOLDER, 'ROAD_API', 'exported.list')
LIBRARIES = [
    ROADBED,
    Library('libroadbed-sim.so', 'simulators/include', 'ROAD_SIM_API', 'exported-sim.list', 'sim_',
            ['roadbed_sim_entry']), # what models outside the tree call
    Library('libroadbed-firmware.so', 'firmware-loader/include', 'ROAD_API',
            'exported-firmware.list'),
]
NOT_CODE = re.compile(r'/\*.*?\*/|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)


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
    for library in LIBRARIES:
        write(library.path, library.name, library.declared(sys.argv[2]))
    sys.exit(0)

if sys.argv[1] == '--c':
    print_c(sys.argv[2])
    sys.exit(0)

ROOT, BUILT = sys.argv[1], sys.argv[2:]


def built(library):
    """The file of the library in this build, or None; its name may go on with a version."""
    return next((path for path in BUILT if os.path.basename(path).startswith(library.name)), None)


def lists_and_headers_agree():
    for library in LIBRARIES:
        yield from differences(library.listed(), f'in {os.path.basename(library.path)}',
                               library.declared(ROOT), f'declared with {library.mark}')


def libraries_export_their_lists():
    if not built(ROADBED):
        yield 'libroadbed.so is not among the arguments'
    for library in LIBRARIES:
        if built(library):
            yield from differences(exported(built(library)), f'exported by {library.name}',
                                   library.listed() | library.door,
                                   f'in {os.path.basename(library.path)}')


def names_have_the_prefix():
    for library in LIBRARIES:
        for name in sorted(library.listed()):
            if not name.startswith(library.prefix):
                yield f'{name} lacks the prefix {library.prefix}'


house.run([
    ('the lists of exported symbols are what the headers declare', lists_and_headers_agree),
    ('each library exports the listed symbols and no other', libraries_export_their_lists),
    ('every exported name has the prefix of its library', names_have_the_prefix),
])
