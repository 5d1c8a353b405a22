#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include what: includes.py SOURCE_ROOT. The table is that of the guided tour."""
import os
import re
import sys

import house

ROOT = sys.argv[1]
PUBLIC = 'hal/include/roadbed/'
DRIVER = 'hal/include/roadbed-driver/'
MODEL = 'simulators/include/roadbed-sim/'
FIRMWARE = 'firmware-loader/include/roadbed/'

# The first row whose folder fits: what its files may include. {own}: the folder itself;
# {kit}: the project of the porting kit that it is in.
ALLOWED = [
    (PUBLIC, [PUBLIC]),
    (DRIVER, [DRIVER, PUBLIC]),
    (MODEL, [MODEL]),
    ('hal/core/firmware', ['hal/core/', 'hal/bus/firmware_library.h', PUBLIC, DRIVER]),
    ('hal/core/', ['hal/core/', 'hal/bus/transport.h', 'hal/bus/address.h', 'hal/bus/memfd.h',
                   'hal/bus/monitor.h', 'hal/cache/cache.h', PUBLIC, DRIVER]),
    ('hal/cache/', ['hal/cache/', PUBLIC, DRIVER]),
    ('hal/helpers/', ['hal/helpers/', 'uapi/', PUBLIC, DRIVER]),
    ('hal/bus/sim', ['hal/bus/', 'hal/core/error.h', 'simulators/engine/entry.h', MODEL, PUBLIC,
                     DRIVER]),
    ('hal/bus/firmware_library', ['hal/bus/', 'hal/core/error.h', FIRMWARE, DRIVER]),
    ('hal/bus/', ['hal/bus/', 'hal/core/error.h', PUBLIC, DRIVER]),
    ('hal/driver_table.c.in', ['hal/core/drivers.h']),
    ('hal/', [PUBLIC, DRIVER]),
    ('drivers/template/*/simulators/', ['{kit}uapi/', MODEL]),
    ('drivers/template/*/entry_sim.c', [MODEL]),
    ('drivers/template/*/tests/vendor/', ['{kit}uapi/']),
    ('drivers/template/*/tests/', [PUBLIC]),
    ('drivers/template/*/', ['{kit}uapi/', PUBLIC, DRIVER]),
    ('drivers/*/', ['{own}', 'uapi/', PUBLIC, DRIVER]),
    ('uapi/', ['uapi/']),
    (FIRMWARE, [FIRMWARE, PUBLIC]),
    ('firmware-loader/', ['firmware-loader/', 'uapi/', PUBLIC, DRIVER + 'firmware.h']),
    # a program that runs when the simulators are built, not one of them
    ('simulators/boot/make_development.c', ['uapi/', PUBLIC, FIRMWARE]),
    ('simulators/', ['simulators/', 'uapi/']),
    ('compat/', ['{own}', PUBLIC]),
    ('tools/roadbed/', ['bench/bench.h', '{own}', 'uapi/firmware/', PUBLIC, FIRMWARE]),
    ('tools/dsa/', ['{own}', 'tools/roadbed/tool.h', 'tools/roadbed/files.h', 'uapi/', PUBLIC]),
    ('tools/map/', ['{own}', 'tools/roadbed/tool.h', 'tools/roadbed/files.h', 'uapi/', PUBLIC]),
    ('tools/program/', ['{own}', 'tools/roadbed/tool.h', 'tools/roadbed/files.h', 'uapi/',
                        'simulators/boot/program.h']),
    ('tools/*/', ['{own}', 'uapi/', PUBLIC]),
    ('bench/', ['{own}', PUBLIC]),
    ('examples/dsa/', ['{own}', 'tools/dsa/', 'uapi/dsa/', PUBLIC]),
    ('examples/out-of-tree/', ['{own}', PUBLIC, DRIVER, MODEL]),
    ('examples/', ['{own}', PUBLIC]),
    ('tests/oracle/mpfr/', ['{own}', 'tests/support/', 'uapi/']),
    ('tests/oracle/gpu/', ['{own}', 'tests/oracle/mpfr/', PUBLIC]),
    ('tests/fakert/', ['{own}', 'uapi/fakert/']),
    ('tests/firmware/', ['{own}', 'tests/support/', 'tests/unit/core/fixture.h', 'tools/program/',
                         'simulators/boot/program.h', PUBLIC, FIRMWARE]),
    ('tests/unit/', ['']),
    ('tests/fuzz/', ['']),
    ('tests/support/', ['{own}', PUBLIC]),
    ('tests/tool/', ['{own}', 'tests/support/', 'tools/roadbed/', PUBLIC]),
    ('tests/oracle/*/', ['{own}', PUBLIC]),
    ('tests/conformance/drivers/', [PUBLIC, DRIVER]),
    ('tests/discovery/drivers/', [PUBLIC, DRIVER]),
    ('tests/vm/port/', ['{own}', 'tests/vm/module/', PUBLIC, DRIVER]),
    ('tests/conformance/', ['tests/conformance/', 'tests/support/', 'tests/unit/firmware/rom.h',
                            PUBLIC, FIRMWARE]),
    ('tests/', ['{own}', 'tests/support/', PUBLIC]),
]

# Headers of device system calls and vendors' libraries: for hal/bus/ alone.
DEVICE_HEADERS = re.compile(r'^(sys/ioctl|dlfcn|linux/(vfio|pci|accel)\w*|xf86drm\w*|drm/.*|'
                            r'pci/.*|libudev|sys/socket|CL/.*|cuda\w*|hip/.*)\b')
DEVICE_ROOMS = ('hal/bus/', 'tests/', 'bench/')
STANDARD = {'stdint.h', 'stddef.h'}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.M)


def room_of(path):
    """(own folder, allowed prefixes) of a file; None if no row fits."""
    for folder, allowed in ALLOWED:
        pattern = re.escape(folder).replace(r'\*', '[^/]+')
        match = re.match(pattern, path)
        if match:
            own = match[0] if match[0].endswith('/') else os.path.dirname(match[0]) + '/'
            return [a.replace('{own}', own).replace('{kit}', kit_of(path)) for a in allowed]
    return None


def kit_of(path):
    """Where a project of the porting kit begins; '' if the file is in none."""
    match = re.match(r'drivers/template/(?:written/(\w+)\.c|(\w+)/)', path)
    return f'drivers/template/{match[1] or match[2]}/' if match else ''


def resolve(path, quoted, name):
    """The file of the tree that is meant, or None: a header of the system."""
    tries = ['hal/include/', 'simulators/include/', 'firmware-loader/include/', kit_of(path)]
    if quoted:
        tries.insert(0, os.path.dirname(path) + '/')
    for folder in tries:
        candidate = os.path.normpath(folder + name)
        if os.path.isfile(os.path.join(ROOT, candidate)):
            return candidate
    return None


def includes():
    for path in house.files(ROOT, '.c', '.h', '.def', '.in'):
        if not path.startswith('tests/kernels/'):
            for quote, name in INCLUDE.findall(house.read(ROOT, path)):
                yield path, name, resolve(path, quote == '"', name)


def rooms_keep_to_their_table():
    for path, name, target in includes():
        allowed = room_of(path)
        if allowed is None:
            yield f'{path}: its folder is not in the table of includes.py'
        elif target and not target.startswith(tuple(allowed)):
            yield f'{path} includes {name}; allowed: {" ".join(allowed)}'


def quoted_headers_exist():
    for path in house.files(ROOT, '.c', '.h'):
        if path.startswith('tests/kernels/'):
            continue
        for quote, name in INCLUDE.findall(house.read(ROOT, path)):
            if quote == '"' and not resolve(path, True, name) and '/' in name:
                yield f'{path} includes "{name}", which is not in the tree'


def device_headers_stay_in_the_bus():
    for path, name, target in includes():
        if not target and DEVICE_HEADERS.match(name) and not path.startswith(DEVICE_ROOMS):
            yield f'{path} includes <{name}>; allowed in {" ".join(DEVICE_ROOMS)}'


# An oracle shares no code, table or generator with what it checks: contracts' numbers are tables
# too, and the build must not link it to more than the public library.
ORACLE_WORDS = re.compile(r'\b(uapi|drivers|simulators)/|\b(ptx|exec|sim)_sources\b|\bsim_(static|libs)\b')


def oracles_share_nothing():
    for path in house.files(ROOT, '.c', '.h', 'meson.build'):
        # tests/oracle/mpfr says what words must do, by the contract's numbers.
        if not path.startswith('tests/oracle/') or path.startswith('tests/oracle/mpfr/'):
            continue
        for number, line in enumerate(house.read(ROOT, path).split('\n'), 1):
            if ORACLE_WORDS.search(line):
                yield f'{path}:{number} reaches into what it checks: {line.strip()}'
            if 'ROAD_GPU_' in line:
                yield f'{path}:{number} names a number of the contract: {line.strip()}'


def uapi_stands_alone():
    for path, name, target in includes():
        if path.startswith('uapi/') and not target and name not in STANDARD:
            yield f'{path} includes <{name}>; allowed: {" ".join(sorted(STANDARD))}'


house.run([
    ('each room includes only what its row of the table allows', rooms_keep_to_their_table),
    ('headers of the tree that are named exist', quoted_headers_exist),
    ('headers of device calls are included by buses only', device_headers_stay_in_the_bus),
    ('contracts include each other and <stdint.h> only', uapi_stands_alone),
    ('oracles share nothing with what they check', oracles_share_nothing),
])
