#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""roadbed-map as a person runs it: test_map.py ROADBED_MAP KERNELS."""
import os
import struct
import subprocess
import sys
import tempfile

MAP, KERNELS = sys.argv[1:3]
FAILED = []
SMALL = ['--chip', 'rpu-small']


def run(*arguments):
    done = subprocess.run([MAP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def kernel(name):
    return os.path.join(KERNELS, name + '.graph')


def expect(name, condition, seen=''):
    if not condition:
        FAILED.append(name)
        print(f'# {name}: {seen}')


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def image(folder, name, *arguments):
    path = os.path.join(folder, name)
    code, out, err = run(*arguments, '-o', path)
    expect(name, code == 0, err)
    with open(path, 'rb') as file:
        return file.read(), out


def images_are_containers(folder):
    """One container a graph, each with its own size, name and check sum (uapi/region.h)."""
    data, out = image(folder, 'two.image', kernel('fir'), kernel('gemm_loop'), *SMALL)
    lines = out.splitlines()
    expect('lines', lines[0].startswith('fir: 2 operations') and 'II 1,' in lines[0] and
           lines[1].startswith('gemm_loop: 22 operations') and 'II 3,' in lines[1], out)
    for name in ('fir', 'gemm_loop'):
        magic, _, _, total, crc = struct.unpack_from('<IHHII', data)
        one, data = bytearray(data[:total]), data[total:]
        expect('magic', magic == 0x46434252 and name.encode() in one[:104], hex(magic))
        one[12:16] = bytes(4)
        expect('crc', crc == crc32c(one), hex(crc))
    expect('end', not data, len(data))


def seeds_decide(folder):
    first, _ = image(folder, 'a.image', kernel('fir_loop'), *SMALL, '--seed', '3')
    again, _ = image(folder, 'b.image', kernel('fir_loop'), *SMALL, '--seed=3')
    other, _ = image(folder, 'c.image', kernel('fir_loop'), *SMALL, '--seed', '4')
    expect('equal seeds', first == again)
    expect('other seeds', first != other)


def errors_name_the_place(folder):
    path = os.path.join(folder, 'bad.graph')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('graph g\nargument y output\nloop i 3\nv = addd 1, 2\n')
    code, out, err = run(path, '-o', os.path.join(folder, 'never'))
    expect('error', code == 1 and not out and
           err.startswith(f'{path}:4:5: error: no such operation; seen: addd; allowed: '), err)
    expect('nothing is written', not os.path.exists(os.path.join(folder, 'never')))
    code, _, err = run(kernel('fir'), kernel('nowhere'), '-o', os.path.join(folder, 'never'))
    expect('no file', code == 1 and 'nowhere.graph: cannot be opened' in err, err)
    expect('all or nothing', not os.path.exists(os.path.join(folder, 'never')))


def words_are_checked(_):
    for arguments, said in ((('--fabric', 'rows=0'), 'seen: rows=0'),
                            (('--chip', 'edu'), 'seen: edu; allowed: alveo-u280, fpga, '),
                            (('--interval', '17'), 'allowed: 1 to 16'),
                            (('--seed', 'x'), 'seen: x'), (('--attempts=0',), 'seen: 0'),
                            (('--frobnicate',), '--frobnicate')):
        code, _, err = run(kernel('fir'), *arguments)
        expect(str(arguments), code == 2 and said in err, err)
    code, _, err = run()
    expect('no graph', code == 2 and 'GRAPH' in err, err)
    code, out, _ = run('--help')
    expect('help', code == 0 and '--placement' in out, out)
    code, out, _ = run('--version')
    expect('version', code == 0 and out.startswith('roadbed-map '), out)


def intervals_can_be_asked_for(_):
    code, out, _ = run(kernel('fir'), *SMALL, '--interval', '4')
    expect('interval', code == 0 and 'II 4,' in out, out)
    code, _, err = run(kernel('histogram'), *SMALL, '--most', '4')
    expect('most', code == 1 and 'seen: at least 5' in err, err)
    code, out, _ = run(kernel('histogram'), *SMALL, '--bounds')
    expect('bounds', code == 0 and 'memMII 5, bound 5\n' in out, out)
    code, out, _ = run(kernel('fir'), *SMALL, '--placement')
    expect('placement', code == 0 and '  mul      p        row ' in out, out)


TESTS = [
    ('an image holds a container for each graph', images_are_containers),
    ('equal seeds make equal images', seeds_decide),
    ('errors name file, line and column, and nothing is written', errors_name_the_place),
    ('words of the command line are checked', words_are_checked),
    ('intervals, bounds and places can be asked for', intervals_can_be_asked_for),
]
print(f'1..{len(TESTS)}')
for number, (sentence, test) in enumerate(TESTS, 1):
    FAILED.clear()
    with tempfile.TemporaryDirectory() as own:
        test(own)
    print(('not ok' if FAILED else 'ok') + f' {number} - {sentence}')
