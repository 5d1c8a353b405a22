#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""roadbed-program as a person runs it: test_program.py ROADBED_PROGRAM SIMULATORS."""
import os
import struct
import subprocess
import sys
import tempfile

PROGRAM, SIMULATORS = sys.argv[1:3]
FAILED = []
FIRMWARE = ('gpu/firmware', 'dsa/firmware', 'rpu/mesh', 'rpu/tile')
SMALL = 'family gpu\nprotocol 1 2\nopcode fence 1\nlevel 1000 250000\n'


def run(*arguments):
    done = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def expect(name, condition, seen=''):
    if not condition:
        FAILED.append(name)
        print(f'# {name}: {seen}')


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, 'wb') as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def compiled(folder, source):
    path = write(folder, 'source.program', source)
    out = os.path.join(folder, 'payload')
    code, _, err = run(path, '-o', out)
    expect('compiles', code == 0, err)
    return read(out) if code == 0 else b''


def payloads_have_the_layout(folder):
    """As uapi/firmware/program.h has it, written out by hand."""
    data = compiled(folder, '# comment\nfamily rpu\n\nprotocol 2 5  # a range\nfeatures 0x81\n'
                    'quantum 2000\nopcode timestamp 1\nopcode run 2\nopcode gemm 0\n'
                    'level 500 120\nlevel 1000 0x100\nuse 1\ntext a  # b\ntext\n')
    text = b'a  # b\n\n'
    head = struct.pack('<6IQ5I3I', 0x4d475052, 1, 3, 64 + 12 + 16 + len(text), 2, 5, 0x81, 2000, 3, 2,
                       1, len(text), 0, 0, 0)
    rest = struct.pack('<6H4I', 1, 2, 2, 0, 9, 1, 500, 120, 1000, 256)
    expect('bytes', data == head + rest + text, data.hex())


def programs_print_as_what_compiles_again(folder):
    for name in FIRMWARE:
        first = compiled(folder, read(os.path.join(SIMULATORS, name + '.program')))
        code, text, err = run('--print', write(folder, 'first', first))
        expect(name, code == 0 and not err, err)
        expect(name + ' again', compiled(folder, text) == first, text)


def development_firmware_enables_everything(folder):
    """Each opcode of its family at the highest version, at the full clock, in turns."""
    enabled = {}
    for name in FIRMWARE:
        data = compiled(folder, read(os.path.join(SIMULATORS, name + '.program')))
        _, text, _ = run('--print', write(folder, 'payload', data))
        words = [line.split() for line in text.splitlines()]
        family = next(w[1] for w in words if w[0] == 'family')
        enabled.setdefault(family, set()).update((w[1], w[2]) for w in words if w[0] == 'opcode')
        level = [w for w in words if w[0] == 'level'][int(next(w[1] for w in words if w[0] == 'use'))]
        expect(name + ' clock', level[1] == '1000', level)
        expect(name + ' quantum', ['quantum', '0'] in words, text)
    for family, seen in enabled.items():
        _, text, _ = run('--opcodes', family)
        expect(family, seen == {tuple(one.split()) for one in text.strip().split(', ')}, seen)


def errors_name_the_line(folder):
    cases = [
        (SMALL + 'opcode dance 1\n', ':5: error: no such opcode of the family; seen: dance; allowed: nop 1, '),
        (SMALL + 'opcode dispatch 3\n', ':5: error: no such number; seen: 3; allowed: 0 to 2'),
        (SMALL + 'opcode fence 1\n', ':5: error: an opcode for the second time; seen: fence; allowed: once'),
        (SMALL + 'opcode wait\n', ':5: error: too few words, or too many; seen: opcode; '
         'allowed: opcode NAME VERSION'),
        (SMALL + 'level 99 1\n', ':5: error: no such number; seen: 99; allowed: 100 to 1000'),
        (SMALL + 'level 1001 1\n', ':5: error: no such number; seen: 1001'),
        (SMALL + 'level 1000 10000001\n', ':5: error: no such number; seen: 10000001; allowed: 0 to 10000000'),
        (SMALL + 'level 1000 1\n' * 16, ':20: error: a level too many; seen: 1000; allowed: 16 levels'),
        (SMALL + 'use 1\n', ':5: error: a level that there is not; seen: 1; allowed: 0 to 0'),
        (SMALL + 'protocol 1 1\n', ':5: error: a statement for the second time; seen: protocol'),
        (SMALL + 'quantum -1\n', ':5: error: no such number; seen: -1; allowed: 0 to 4294967295'),
        (SMALL + 'color red\n', ':5: error: no such statement; seen: color; allowed: family, '),
        (SMALL + 'text a\tb\n', ':5: error: a control character'),
        ('family npu\n', ':1: error: no such family; seen: npu; allowed: gpu, dsa, rpu'),
        ('opcode fence 1\n', ':1: error: no family yet; seen: fence'),
        ('family gpu\nprotocol 0 1\n', ':2: error: no such number; seen: 0; allowed: 1 to'),
        ('family gpu\nprotocol 3 2\n', ':2: error: no such number; seen: 2; allowed: 3 to'),
        ('family gpu\n', ': error: a statement is missing; allowed: protocol'),
        (SMALL.replace('level 1000 250000\n', ''), ': error: a statement is missing; allowed: level'),
    ]
    never = os.path.join(folder, 'never')
    for source, said in cases:
        path = write(folder, 'bad.program', source)
        code, out, err = run(path, '-o', never)
        expect(said, code == 1 and not out and err.startswith(path + said), err)
    expect('nothing is written', not os.path.exists(never))


def broken_payloads_are_refused(folder):
    good = compiled(folder, SMALL + 'text hello\n')
    for size in range(len(good)):
        code, out, _ = run('--print', write(folder, 'cut', good[:size]))
        if code != 1 or out:
            expect(f'cut at {size}', False, out)
    for at, value, said in ((0, 0, 'no program; seen: 0 at byte 0'), (4, 2, 'another version; seen: 2'),
                            (8, 9, 'seen: 9'), (12, 63, 'another size'), (16, 0, 'no protocol'),
                            (36, 65, 'no such number of opcodes; seen: 65'), (36, 2, 'parts that do not'),
                            (40, 17, 'no such number of levels; seen: 17'), (44, 1, 'a level that'),
                            (52, 1, 'reserved words'), (64, 64, 'opcodes do not rise'),
                            (64, 12, 'an opcode that the family does not have; seen: 12 at byte 64'),
                            (68, 1001, "a level's clock out of range; seen: 1001 at byte 68"),
                            (72, 10000001, "a level's power out of range")):
        bad = bytearray(good)
        bad[at:at + 4] = struct.pack('<I', value)
        code, out, err = run('--print', write(folder, 'bad', bytes(bad)))
        expect(said, code == 1 and not out and said in err, err)


def words_are_checked(folder):
    source = write(folder, 'small.program', SMALL)
    for arguments, said in (((), 'not one of the three forms'), ((source,), 'not one of the three'),
                            ((source, source, '-o', 'x'), 'not one of the three'),
                            (('--print', source, '-o', 'x'), 'not one'),
                            (('--opcodes', 'npu'), 'seen: npu; allowed: gpu, dsa, rpu'),
                            (('--frobnicate',), '--frobnicate')):
        code, _, err = run(*arguments)
        expect(str(arguments), code == 2 and said in err, err)
    code, _, err = run(os.path.join(folder, 'nowhere'), '-o', os.path.join(folder, 'x'))
    expect('no file', code == 1 and 'cannot be opened' in err, err)
    code, out, _ = run('--help')
    expect('help', code == 0 and '--print' in out, out)
    code, out, _ = run('--version')
    expect('version', code == 0 and out.startswith('roadbed-program '), out)


TESTS = [
    ('a payload has the layout of the interface', payloads_have_the_layout),
    ('programs print as text that compiles to the same bytes', programs_print_as_what_compiles_again),
    ('development firmware enables everything at the full clock', development_firmware_enables_everything),
    ('errors name the line, the value and what is allowed', errors_name_the_line),
    ('broken payloads are refused and nothing is printed', broken_payloads_are_refused),
    ('words of the command line are checked', words_are_checked),
]
print(f'1..{len(TESTS)}')
for number, (sentence, test) in enumerate(TESTS, 1):
    FAILED.clear()
    with tempfile.TemporaryDirectory() as scratch:
        test(scratch)
    print(f"{'not ok' if FAILED else 'ok'} {number} - {sentence}")
