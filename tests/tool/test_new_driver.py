#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed new-driver`, as a person runs it: test_new_driver.py ROADBED KIT SHAPE…"""
import os
import resource
import signal
import subprocess
import sys
import tempfile

ROADBED, KIT, SHAPES = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
NAMES = ['ab', 'a_longer_name_9'] # shorter and longer than `template`


def run(folder, *arguments, **options):
    return subprocess.run([ROADBED, 'new-driver', *arguments], cwd=folder, capture_output=True,
                          text=True, check=False, timeout=60, **options)


def contents(folder):
    """{path: bytes} of all files below a folder; of a link, where it leads."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.islink(path):
                found[os.path.relpath(path, folder)] = os.readlink(path).encode()
                continue
            with open(path, 'rb') as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


def expect(condition, words):
    if not condition:
        raise AssertionError(words)


def refused(folder, *arguments, says, code=2, **options):
    """The command fails, says so on stderr, and leaves the folder as it was."""
    before = sorted(os.listdir(folder)), contents(folder)
    got = run(folder, *arguments, **options)
    expect(got.returncode == code, f'{arguments}: status {got.returncode}, not {code}')
    expect(says in got.stderr, f'{arguments}: {got.stderr!r} does not say {says!r}')
    expect((sorted(os.listdir(folder)), contents(folder)) == before,
           f'{arguments}: left {os.listdir(folder)}')


def each_shape_is_the_template(folder):
    for shape in SHAPES:
        for name in NAMES:
            got = run(folder, name, '--shape', shape, '--folder', f'{shape}-{name}')
            expect(got.returncode == 0, got.stderr)
            expect(f'{shape}-{name}' in got.stdout, got.stdout)
            wanted = {path.replace('template', name):
                      text.replace(b'template', name.encode())
                          .replace(b'TEMPLATE', name.upper().encode())
                      for path, text in contents(os.path.join(KIT, shape)).items()}
            made = contents(os.path.join(folder, f'{shape}-{name}'))
            expect(sorted(made) == sorted(wanted), f'{shape}: {sorted(made)}')
            for path, text in wanted.items():
                expect(made[path] == text, f'{shape}-{name}/{path} differs')


def the_name_is_the_folder(folder):
    os.umask(0o022)
    expect(run(folder, 'acme', '--shape', SHAPES[0]).returncode == 0, 'it failed')
    expect(os.listdir(folder) == ['acme'], str(os.listdir(folder)))
    expect(os.stat(os.path.join(folder, 'acme')).st_mode & 0o777 == 0o755, 'its rights')
    expect(run(folder, 'acme', '--shape', SHAPES[0], '--folder', 'deep///').returncode == 0, '/')
    expect(sorted(os.listdir(folder)) == ['acme', 'deep'], str(os.listdir(folder)))


def names_are_checked(folder):
    for name in ['', 'Acme', '9a', '_a', 'a-b', 'a.b', 'a/b', '../a', 'ä', 'a' * 25]:
        refused(folder, name, '--shape', SHAPES[0], says='is no name for a driver')
    for name in ['host', 'edu', 'template']:
        refused(folder, name, '--shape', SHAPES[0], says='there is such a driver')
    refused(folder, '--shape', SHAPES[0], says="lacks the driver's name")
    refused(folder, 'a', 'b', '--shape', SHAPES[0], says='takes one name')


def shapes_are_checked(folder):
    refused(folder, 'acme', says='--shape: is missing')
    refused(folder, 'acme', '--shape', 'square', says='no such shape; seen: square; allowed: ')
    for shape in SHAPES:
        refused(folder, 'acme', '--shape', 'square', says=shape)
    refused(folder, 'acme', '--shape', SHAPES[0], '--colour', 'red', says='no such option')


def what_is_there_stays(folder):
    os.mkdir(os.path.join(folder, 'empty'))
    os.symlink('nowhere', os.path.join(folder, 'link'))
    with open(os.path.join(folder, 'file'), 'wb') as file:
        file.write(b'mine')
    for name in ['empty', 'link', 'file']:
        refused(folder, 'acme', '--shape', SHAPES[0], '--folder', name, code=1,
                says='is there already')


def nothing_is_left_half_written(folder):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    refused(folder, 'acme', '--shape', SHAPES[0], code=1, says='cannot be written',
            preexec_fn=small_files, restore_signals=False)
    refused(folder, 'acme', '--shape', SHAPES[0], '--folder', 'no/such/place', code=1,
            says='cannot be made')
    refused(folder, 'acme', '--shape', SHAPES[0], '--folder', '', says='is empty')
    refused(folder, 'acme', '--shape', SHAPES[0], '--folder', 'x' * 5000, says='is too long')


CASES = [
    ("each shape's project is drivers/template under another name", each_shape_is_the_template),
    ('the folder is named like the driver, with usual rights', the_name_is_the_folder),
    ('names that are none, or taken, are refused', names_are_checked),
    ('shapes that are none, and unknown options, are refused', shapes_are_checked),
    ('what is there stays as it is', what_is_there_stays),
    ('a failure leaves nothing behind', nothing_is_left_half_written),
]

print(f'1..{len(CASES)}')
FAILED = False
for NUMBER, (SENTENCE, CASE) in enumerate(CASES, 1):
    try:
        with tempfile.TemporaryDirectory(prefix='new-driver-') as FOLDER:
            CASE(FOLDER)
        print(f'ok {NUMBER} - {SENTENCE}')
    except AssertionError as error:
        FAILED = True
        print(f'not ok {NUMBER} - {SENTENCE}')
        print('\n'.join(f'# {line}' for line in str(error).splitlines()))
sys.exit(1 if FAILED else 0)
