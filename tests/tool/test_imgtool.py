#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MCUboot's imgtool against `roadbed fw`, in both directions: test_imgtool.py ROADBED.

Runs where imgtool is at hand: the program that IMGTOOL names, or `imgtool` in PATH. What it once
made is pinned in tests/unit/firmware/vectors.
"""
import os
import shutil
import subprocess
import sys
import tempfile

ROADBED = os.path.abspath(sys.argv[1])
IMGTOOL = os.environ.get('IMGTOOL') or shutil.which('imgtool')
VENDOR, CLASS = '00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100'
CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def run(*words, code=0):
    got = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=60)
    assert got.returncode == code, f'{words}: exit {got.returncode}, wanted {code}: {got.stderr}'
    return got.stdout


def fw(*words, code=0):
    return run(ROADBED, 'fw', *words, code=code)


def uuid(digits):
    cuts = (0, 8, 12, 16, 20, 32)
    return '-'.join(digits[a:b] for a, b in zip(cuts, cuts[1:]))


def chip():
    """How this imgtool says vendor and class: newer ones have options of their own."""
    if '--vid' in run(IMGTOOL, 'sign', '--help'):
        return ['--vid', uuid(VENDOR), '--cid', uuid(CLASS)]
    return ['--custom-tlv', '0x74', '0x' + VENDOR, '--custom-tlv', '0x75', '0x' + CLASS]


def theirs(*options, header='0x20'):
    with open('payload', 'wb') as file:
        file.write(bytes(range(256)))
    run(IMGTOOL, 'sign', '-k', 'key', '--align', '8', '--version', '1.2.3+4', '--header-size',
        header, '--pad-header', '--slot-size', '0x20000', *options, 'payload', 'image')


@case('we verify what imgtool signed, with all that it says')
def we_verify():
    fw('keygen', 'key')
    for header in ('0x20', '0x200'):
        theirs('-s', '7', '-d', '(1, 1.5.0)', '--custom-tlv', '0xa5', '0x0102', *chip(),
               header=header)
        fw('verify', 'image', '--key', 'key.pub', '--vid', uuid(VENDOR), '--cid', uuid(CLASS),
           '--counter', '7')
        fw('verify', 'image', '--key', 'key.pub', '--counter', '8', code=1)
        text = fw('inspect', 'image')
        assert 'version: 1.2.3+4' in text and 'dependencies: 1:1.5.0' in text, text
        assert 'entry 0x00a5: 2 bytes, protected' in text, text
    theirs()
    fw('verify', 'image', '--key', 'key.pub')


@case('imgtool verifies what we signed, and not what was changed')
def imgtool_verifies():
    fw('keygen', 'key')
    with open('payload', 'wb') as file:
        file.write(bytes(range(256)))
    for options in ([], ['--counter', '7', '--vid', uuid(VENDOR), '--cid', uuid(CLASS),
                         '--component', 'boot', '--dependency', '1:1.5.0']):
        fw('sign', 'payload', '-k', 'key', '--version', '1.2.3+4', *options, '-o', 'image')
        for key in ('key', 'key.pub'):
            text = run(IMGTOOL, 'verify', '-k', key, 'image')
            assert 'correctly validated' in text and '1.2.3+4' in text, text
        with open('image', 'r+b') as file:
            file.seek(40)
            file.write(b'\xff')
        run(IMGTOOL, 'verify', '-k', 'key.pub', 'image', code=1)


@case('each reads the other\'s keys')
def keys():
    run(IMGTOOL, 'keygen', '-k', 'key', '-t', 'ed25519')
    theirs()
    fw('sign', 'payload', '-k', 'key', '--version', '2.0.0', '-o', 'ours')
    run(IMGTOOL, 'verify', '-k', 'key', 'ours')
    fw('keygen', 'other')
    run(IMGTOOL, 'verify', '-k', 'other.pub', 'ours', code=1)
    fw('verify', 'image', '--key', 'other.pub', code=1)


def main():
    if not IMGTOOL:
        print('1..0 # SKIP imgtool is not at hand: neither IMGTOOL nor PATH has it')
        return 0
    print(f'1..{len(CASES)}')
    failed = 0
    for number, (name, function) in enumerate(CASES, 1):
        word, note = 'ok', ''
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                function()
            except Exception as error:  # a failed case is told, the others still run
                word, failed = 'not ok', 1
                note = ''.join(f'\n# {line}' for line in (str(error) or repr(error)).splitlines())
            os.chdir('/')
        print(f'{word} {number} - {name}{note}', flush=True)
    return failed


if __name__ == '__main__':
    sys.exit(main())
