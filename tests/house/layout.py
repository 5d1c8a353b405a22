#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout of uapi/ is fixed, and that of the interfaces of drivers and models only grows:
layout.py SOURCE_ROOT CC….

The compiler is the judge: it says where it would pad, and its debugging information says where
each member lies, for 64 bits and for 32. layout.py --write SOURCE_ROOT CC… adds what is new to
uapi.layout and interface.layout; lines that are there are never changed but by a new version of the
contract (a new major of the interface).
"""
import os
import re
import subprocess
import sys

import house

HERE = os.path.dirname(os.path.abspath(__file__))
FROZEN = os.path.join(HERE, 'uapi.layout')
GROWING = os.path.join(HERE, 'interface.layout')
WRITE = sys.argv[1] == '--write'
ROOT, CC = sys.argv[1 + WRITE], sys.argv[2 + WRITE:]
FLAGS = ['-ffreestanding', f'-I{ROOT}', '-x', 'c', '-std=c11']
INTERFACES = ('hal/include/roadbed-driver/', 'simulators/include/roadbed-sim/')
ENTRY = re.compile(r'^ *<(\d+)><([0-9a-f]+)>: Abbrev Number: \d+ \(DW_TAG_(\w+)\)')
FIELD = re.compile(r'^ *<[0-9a-f]+> +DW_AT_(\w+) *:(?: *\([^)]*\):?)* *(.*?)\s*$')


def headers():
    return [h for h in house.files(ROOT, '.h') if h.startswith('uapi/')]


def compile_object(header, width, folder):
    """The header as an object with debugging information; raises Skip if CC cannot do width."""
    path = os.path.join(folder, 'x.o')
    text = f'#include "{ROOT}/{header}"\n'
    public = [] if header.startswith('uapi/') else [
        f'-I{ROOT}/{folder}' for folder in ('hal/include', 'simulators/include')]
    command = [*CC, *FLAGS, *public, f'-m{width}', '-g', '-gdwarf-4', '-fno-eliminate-unused-debug-types',
               '-c', '-o', path, '-']
    got = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if got.returncode:
        probe = house.compiles(CC, *FLAGS, f'-m{width}', text='typedef int probe;\n')
        if probe:
            raise house.Skip(f'the compiler has no -m{width}')
        raise AssertionError(f'{header}: {got.stderr.strip()}')
    return path


def entries(path):
    """(depth, tag, attributes) in the order of the file."""
    entry = None
    for line in house.output_of('readelf', '--debug-dump=info', '-W', path).splitlines():
        start = ENTRY.match(line)
        if start:
            if entry:
                yield entry
            entry = (int(start[1]), start[3], {})
        elif entry:
            field = FIELD.match(line)
            if field:
                entry[2][field[1]] = field[2]
    if entry:
        yield entry


def layout(header, width):
    """['struct NAME SIZE', 'struct NAME.MEMBER OFFSET', …] of the structs the header defines."""
    lines, inside = [], []
    with house.scratch() as folder:
        for depth, tag, at in entries(compile_object(header, width, folder)):
            inside = [i for i in inside if i[0] < depth]
            if tag in ('structure_type', 'union_type') and 'byte_size' in at:
                name = at.get('name', '')
                inside.append((depth, name))
                if name:
                    lines.append(f'{name} {int(at["byte_size"], 0)}')
            elif tag == 'member' and inside and inside[-1][1]:
                offset = re.match(r'\d+', at.get('data_member_location', '0'))[0]
                lines.append(f'{inside[-1][1]}.{at.get("name", "(anonymous)")} {offset}')
    return lines


def whole_layout(width):
    return [f'{h}: {line}' for h in headers() for line in layout(h, width)]


def interface_layout():
    """Where the members of drivers' and models' structures lie. Their sizes may grow, but for those
    that driver.h says others embed."""
    lines = []
    said = re.search(r'never to one that others embed[^(]*\(([^)]*)\)',
                     house.read(ROOT, INTERFACES[0] + 'driver.h'))
    embedded = set(re.findall(r'struct (\w+)', said[1])) if said else set()
    for header in [h for h in house.files(ROOT, '.h') if h.startswith(INTERFACES)]:
        own = structs_in_text(header)
        for line in layout(header, 64):
            name = line.split()[0]
            if name in own & embedded or '.' in name and name.split('.')[0] in own:
                lines.append(f'{header}: {line}')
    return lines


def structs_in_text(header):
    text = re.sub(r'/\*.*?\*/', '', house.read(ROOT, header), flags=re.S)
    return set(re.findall(r'\b(?:struct|union)\s+(\w+)\s*\{', text))


def no_implicit_padding():
    for header in headers():
        said = house.compiles(CC, *FLAGS, '-Wpadded', '-Werror',
                              text=f'#include "{ROOT}/{header}"\n')
        if said:
            yield said


def every_struct_is_seen():
    for header in headers():
        seen = {line.split()[0] for line in layout(header, 64)}
        for name in sorted(structs_in_text(header) - seen):
            yield f'{header}: struct {name} is not in the debugging information'


def widths_agree():
    narrow, wide = whole_layout(32), whole_layout(64)
    for a, b in zip(wide, narrow):
        if a != b:
            yield f'{a} with 64 bits, {b} with 32'
    if len(narrow) != len(wide):
        yield f'{len(wide)} places with 64 bits, {len(narrow)} with 32'


def frozen_layout_stands():
    yield from stands(whole_layout(64), house.listed(FROZEN))


def interfaces_only_grow():
    yield from stands(interface_layout(), house.listed(GROWING))


def stands(now, frozen):
    for line in frozen:
        if line not in now:
            yield f'{line}: was promised, and is no more so'
    for line in now:
        if line not in frozen:
            yield f'{line}: is new; `layout.py --write` promises it'


def only_fixed_types():
    banned = re.compile(r'^\s+(?:const\s+)?(?:unsigned|signed|int|long|short|char|size_t|bool|'
                        r'_Bool|float|double|uintptr_t|enum\s+\w+)\b[^();]*;', re.M)
    for header in headers():
        text = re.sub(r'/\*.*?\*/', '', house.read(ROOT, header), flags=re.S)
        for block in re.findall(r'\b(?:struct|union)\s+\w*\s*\{([^}]*)\}', text):
            for member in banned.findall(block + '\n'):
                yield f'{header}: `{member.strip()}` is no type of fixed width'


def write(path, now, what):
    rows = sorted(set(now) | set(house.listed(path) if os.path.exists(path) else ()))
    with open(path, 'w', encoding='utf-8') as out:
        out.write(f'# SPDX-License-Identifier: Apache-2.0\n# {what}, in bytes, as promised:\n'
                  '# lines are added by `layout.py --write` and never change.\n')
        out.writelines(f'{row}\n' for row in rows)


if WRITE:
    write(FROZEN, whole_layout(64), 'Sizes of structs and offsets of members')
    write(GROWING, interface_layout(), 'Offsets of members, and sizes of structs that others embed')
    sys.exit(0)

house.run([
    ('the compiler pads nowhere in the contracts', no_implicit_padding),
    ('every struct of the contracts is looked at', every_struct_is_seen),
    ('members are of fixed-width types', only_fixed_types),
    ('sizes and offsets are equal with 32 and 64 bits', widths_agree),
    ('sizes and offsets are as they were promised', frozen_layout_stands),
    ('interfaces of drivers and models only grow', interfaces_only_grow),
])
