# SPDX-License-Identifier: Apache-2.0
"""The files that `roadbed new-driver` copies, as a C table: embed.py OUT ROOT FILE…

ROOT/SHAPE/PATH becomes the row {"SHAPE", "PATH", bytes, count}.
"""
import os
import sys


def literal(line):
    """One line as a C string; bytes beyond ASCII in octal."""
    out = ''
    for byte in line:
        if byte in b'"\\':
            out += '\\' + chr(byte)
        elif byte == 0x0a:
            out += '\\n'
        elif 0x20 <= byte < 0x7f:
            out += chr(byte)
        else:
            out += f'\\{byte:03o}'
    return f'"{out}"'


def main(out, root, *files):
    with open(out, 'w', encoding='ascii') as table:
        table.write('/* Made from drivers/template by embed.py. */\n'
                    '#include "tools/roadbed/new_driver.h"\n\n'
                    'const struct kit_file kit_files[] = {\n')
        for path in files:
            shape, name = os.path.relpath(path, root).split(os.sep, 1)
            with open(path, 'rb') as file:
                data = file.read()
            table.write(f'\t{{"{shape}", "{name}",\n')
            for line in data.splitlines(keepends=True):
                table.write(f'\t {literal(line)}\n')
            table.write(f'\t, {len(data)}}},\n')
        table.write('\t{NULL, NULL, NULL, 0},\n};\n')


main(*sys.argv[1:])
