#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What objects import, room by room: imports.py SOURCE_ROOT BUILD_ROOT.

imports.allow lists what each room may use of the system. Only hal/bus/ may make device system
calls or open a library; models use no threads, files, or clocks of the host.
"""
import json
import os
import re
import sys

import house

ROOT, BUILD = (os.path.realpath(p) for p in sys.argv[1:3])
ALLOW = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'imports.allow')
# Objects by the start of their path; the simulators' library is put together of several.
LIBRARIES = [(re.compile(r'hal/libroadbed\.so'), 'libroadbed'),
             (re.compile(r'firmware-loader/libroadbed-firmware\.so'), 'libroadbed-firmware'),
             (re.compile(r'simulators/(.*/)?lib[^/]*\.(a|so)\.p/'), 'libroadbed-sim')]
# What compilers put in by themselves, sanitizers included.
COMPILER = re.compile(r'^(_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__stack_chk_fail|__errno_location|'
                      r'__(u?div|u?mod|u?divmod|mul|ash[lr]|lshr|fix\w*|float\w*|pop\w*|c[lt]z)[sdt]i\d?|'
                      r'__(trunc|extend)[sdth]f[sdth]f2|__cpu_(model|indicator_init)|'
                      r'__aarch64_\w+|__(asan|ubsan|tsan|lsan|sanitizer|gcov|llvm)_\w+)$')


def plain(symbol):
    """The function as it is written in C: fortified and 64-bit variants lose their marks."""
    symbol = symbol.split('@')[0]
    symbol = re.sub(r'^__isoc(99|23)_', '', symbol)
    symbol = re.sub(r'^__(\w+)_chk$', r'\1', symbol)
    return re.sub(r'^(open|openat|fopen|mmap|fcntl|ftruncate|fallocate|lseek|stat|lstat|fstat|fstatat|'
                  r'readdir|getrlimit|pread|pwrite)64$', r'\1', symbol)


def objects():
    """(library, source relative to the root, object) of all that is in the libraries."""
    with open(os.path.join(BUILD, 'compile_commands.json'), encoding='utf-8') as file:
        for entry in json.load(file):
            output = entry.get('output', '')
            source = os.path.relpath(os.path.join(entry['directory'], entry['file']), ROOT)
            for pattern, library in LIBRARIES:
                path = os.path.join(BUILD, output)
                if pattern.match(output) and os.path.exists(path):
                    yield library, source, path


def symbols(paths):
    """Object -> (undefined, defined) names of it; nm is started once, that takes the longest."""
    found = {path: (set(), set()) for path in paths}
    for line in house.output_of('nm', '-A', *paths).splitlines():
        path, rest = line.split(':', 1)
        kind, name = rest.split()[-2:]
        found[path][kind not in 'Uwv'].add(name)
    return found


def allowed():
    """Room -> what it may import; a row's names come after those of the rooms above it."""
    rooms = {}
    for line in house.listed(ALLOW):
        room, names = line.split(':')
        rooms.setdefault(room, set()).update(names.split())
    return rooms


def room_of(source, rooms):
    """The longest folder that has a row; generated sources count as their library's."""
    fits = [r for r in rooms if source.startswith(r + '/') or source == r]
    return max(fits, key=len) if fits else None


def may_import(room, rooms):
    """Common names and those of every folder above."""
    names = set(rooms.get('everywhere', ()))
    while room:
        names |= rooms.get(room, set())
        room = os.path.dirname(room)
    return names


def rooms_import_what_they_may():
    rooms = allowed()
    listed = list(objects())
    if not any(lib == 'libroadbed' for lib, *_ in listed):
        yield f'no object of libroadbed in {BUILD}'
        return
    names = symbols([obj for _, _, obj in listed])
    seen = [(lib, src, *names[obj]) for lib, src, obj in listed]
    own = {}
    for library, _, _, defined in seen:
        own.setdefault(library, set()).update(defined)
    for library, source, undefined, _ in seen:
        room = room_of(source, rooms)
        for name in sorted(undefined - own[library]):
            if COMPILER.match(name):
                continue
            if plain(name) not in may_import(room, rooms):
                yield f'{source} imports {plain(name)}, which {room or "its folder"} may not'


def the_list_holds_nothing_unused_that_is_a_device_call():
    files_only = {'simulators/chips', 'hal/cache', 'firmware-loader'} # they open files, which the other calls show
    device = {'ioctl', 'dlopen', 'dlsym', 'open', 'openat', 'socket', 'connect'}
    for room, names in allowed().items():
        if not room.startswith('hal/bus') and device & names:
            if room not in files_only or device & names - {'open', 'openat'}:
                yield f'{room} is allowed {" ".join(sorted(device & names))}; only hal/bus may'


house.run([
    ('each room imports only what its row of imports.allow names', rooms_import_what_they_may),
    ('no room but the buses is allowed device system calls',
     the_list_holds_nothing_unused_that_is_a_device_call),
])
