#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Licence lines, sizes, whitespace and paths of all files: text.py SOURCE_ROOT."""
import re
import sys

import house

ROOT = sys.argv[1]
LINES_MAX = 800
SOURCES = ('.c', '.h', '.def', '.py', '.sh', '.in', 'meson.build', 'meson_options.txt', '.yaml')
# Given to us as they are: compiled kernels, inputs of fuzzers.
GIVEN = re.compile(r'^tests/kernels/|^tests/fuzz/[^/]+/corpus/|\.ptx$|\.(png|svg|gz|zst|bin)$')
NO_LICENCE_LINE = re.compile(r'(^|/)(LICENSE|\.gitignore|\.clang-format|.*\.(md|json|txt|trace))$')
# Part of a kernel once it is loaded, whose licence it has; its header is under both.
KERNEL = re.compile(r'^tests/vm/module/')
# Split, so that this file does not hold what it looks for.
PATHS = re.compile('/' + r'(work|home|root)/[\w.]|/tmp/' + 'helpers|/Users' + r'/\w')
# A path on another machine is an example, where it stands in these files.
PATHS_ALLOWED = set()


def texts(every=False):
    for path in house.files(ROOT):
        if every or not GIVEN.search(path):
            yield path, house.read(ROOT, path)


def licence_lines():
    for path, text in texts():
        licence = 'Apache-2.0'
        if KERNEL.search(path):
            licence = '(GPL-2.0 WITH Linux-syscall-note) OR Apache-2.0' if path.endswith('.h') else 'GPL-2.0'
        if not NO_LICENCE_LINE.search(path) and \
                f'SPDX-License-Identifier: {licence}' not in '\n'.join(text.split('\n')[:3]):
            yield f'{path}: no SPDX line `{licence}` among its first three'


def sizes():
    for path, text in texts():
        lines = text.count('\n')
        if path.endswith(SOURCES) and lines > LINES_MAX:
            yield f'{path}: {lines} lines; allowed: {LINES_MAX}'


def whitespace():
    for path, text in texts():
        for number, line in enumerate(text.split('\n'), 1):
            if line != line.rstrip():
                yield f'{path}:{number}: whitespace at the end'
        if text and not text.endswith('\n'):
            yield f'{path}: no line end at the end'
        if text.endswith('\n\n'):
            yield f'{path}: empty lines at the end'


def paths():
    for path, text in texts(every=True):
        for number, line in enumerate(text.split('\n'), 1):
            if PATHS.search(line) and path not in PATHS_ALLOWED:
                yield f'{path}:{number}: a path of somebody\'s machine: {line.strip()[:80]}'


# How many bytes a road_error has for what, where, seen, allowed, and which arguments these are.
ROOM = (96, 96, 64, 64)
ERRORS = {'road_fail': (1, 2, 3, 4), 'road_fail_u64': (1, 2, None, 4), 'road_error_set': (2, 3, 4, 5)}
CALL = re.compile(r'\b(' + '|'.join(ERRORS) + r')\(')
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
LITERALS = re.compile(LITERAL + r'(?:\s*' + LITERAL + ')*')
QUOTED = re.compile(LITERAL + r"|'(?:[^'\\\n]|\\.)*'")


def arguments(text, at):
    """Of a call, whose parenthesis is open before `at`."""
    depth, start, found = 1, at, []
    while depth and at < len(text):
        quoted = QUOTED.match(text, at)
        if quoted:
            at = quoted.end()
            continue
        depth += (text[at] in '([{') - (text[at] in ')]}')
        if not depth or (text[at] == ',' and depth == 1):
            found.append(text[start:at])
            start = at + 1
        at += 1
    return found


def cut_errors():
    for path in house.files(ROOT, '.c', '.h'):
        text = '' if path.startswith('tests/') else house.read(ROOT, path)
        for call in CALL.finditer(text):
            given = arguments(text, call.end())
            for room, place in zip(ROOM, ERRORS[call[1]]):
                for one in LITERALS.findall(given[place]) if place and place < len(given) else ():
                    said = ''.join(part[1:-1] for part in re.findall(LITERAL, one))
                    if len(re.sub(r'\\.', '.', said).encode()) >= room:
                        line = text[:call.start()].count('\n') + 1
                        yield f'{path}:{line}: {said!r} is cut; an error has room for {room - 1} bytes'


house.run([
    ('every file starts with its licence line', licence_lines),
    (f'no source is longer than {LINES_MAX} lines', sizes),
    ('no line ends in whitespace, every file in one line end', whitespace),
    ('no file names a path of a machine', paths),
    ('no text of an error is cut', cut_errors),
])
