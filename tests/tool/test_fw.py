#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `roadbed fw` as a person would: test_fw.py ROADBED. Keys are made here."""
import base64
import json
import os
import stat
import subprocess
import sys
import tempfile

ROADBED = os.path.abspath(sys.argv[1])
VENDOR, CLASS = '00112233-4455-6677-8899-aabbccddeeff', 'ffeeddcc-bbaa-9988-7766-554433221100'
FULL = ['--version', '1.2.3+4', '--counter', '7', '--vid', VENDOR, '--cid', CLASS,
        '--component', 'boot', '--dependency', '1:1.5.0', '--dependency=7:2.0.0+1']
CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def fw(*words, code=0):
    got = subprocess.run([ROADBED, 'fw', *words], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=60)
    assert got.returncode == code, f'exit {got.returncode}, wanted {code}: {got.stderr}'
    return got


def refused(*words, code, says):
    got = fw(*words, code=code)
    assert got.stderr.startswith('roadbed: ') and got.stderr.count('\n') == 1, got.stderr
    for text in says:
        assert text in got.stderr, f'{text!r} is not in {got.stderr!r}'
    return got


def make(*options, out='image', key='key'):
    """A payload, a key unless there is one, and the image of both."""
    if not os.path.exists(key):
        fw('keygen', key)
    with open('payload', 'wb') as file:
        file.write(bytes(range(256)) * 8)
    fw('sign', 'payload', '-k', key, *(options or FULL), '-o', out)


def change(path, at, flip):
    with open(path, 'r+b') as file:
        data = bytearray(file.read())
        data[at] ^= flip
        file.seek(0)
        file.write(data)


@case('keygen writes a private key for its owner alone, and never over another')
def keygen():
    fw('keygen', 'key')
    assert stat.S_IMODE(os.stat('key').st_mode) == 0o600
    with open('key', encoding='ascii') as file:
        private = file.read()
    assert private.startswith('-----BEGIN PRIVATE KEY-----\n'), private
    refused('keygen', 'key', code=3, says=['key: cannot be made', 'File exists'])
    with open('key', encoding='ascii') as file:
        assert file.read() == private
    os.rename('key', 'other')
    refused('keygen', 'key', code=3, says=['key.pub: cannot be made'])
    assert not os.path.exists('key'), 'a private key without its public half stayed'
    document = json.loads(fw('keygen', 'third', '--json').stdout)
    key = document.pop('key')
    assert document == {'schema': 'roadbed.fw-keygen.1', 'private': 'third', 'public': 'third.pub'}
    with open('third.pub', encoding='ascii') as file:
        der = base64.b64decode(file.read().split('-----')[2])
    assert der[-32:].hex() == key and len(der) == 44


@case('what is signed verifies with the right key, and says so')
def round_trip():
    make()
    got = fw('verify', 'image', '--key', 'key.pub').stdout
    assert got.startswith('image: verified, version 1.2.3+4, by the key '), got
    fw('verify', 'image', '--key', 'key.pub', '--vid', VENDOR, '--cid', CLASS, '--counter', '7',
       '--component', 'boot')
    document = json.loads(fw('verify', 'image', '--key=key.pub', '--json').stdout)
    assert document['verified'] is True and document['error'] is None, document
    fw('keygen', 'stranger')
    fw('verify', 'image', '--key', 'stranger.pub', '--key', 'key.pub')


@case('inspect shows each field, and says that nothing is verified')
def inspect():
    make()
    text = fw('inspect', 'image').stdout
    for line in ['version: 1.2.3+4', f'vendor: {VENDOR}', f'class: {CLASS}', 'counter: 7',
                 'component: boot', 'dependencies: 1:1.5.0 7:2.0.0+1', 'payload_bytes: 2048',
                 'entry 0x0074: 16 bytes, protected', 'entry 0x0024: 64 bytes\n',
                 'nothing of this is verified']:
        assert line in text, f'{line!r} is not in {text}'
    document = json.loads(fw('inspect', 'image', '--json').stdout)
    assert document['schema'] == 'roadbed.fw-inspect.1' and document['verified'] is False
    assert document['counter'] == 7 and document['vendor'] == VENDOR
    assert len(document['entries']) == 9 and document['entries'][-1]['protected'] is False
    make('--version', '0.0.1', out='bare')
    document = json.loads(fw('inspect', 'bare', '--json').stdout)
    assert document['counter'] is None and document['dependencies'] is None


@case('whatever does not verify exits with 1, and names what was wrong')
def does_not_verify():
    make()
    fw('keygen', 'stranger')
    refused('verify', 'image', '--key', 'stranger.pub', code=1,
            says=['image: key hash', 'UNKNOWN_KEY'])
    with open('key.pub', encoding='ascii') as file:
        public = file.read()
    with open('revoked.pub', 'w', encoding='ascii') as file:
        file.write('revoked: yes\n' + public)
    refused('verify', 'image', '--key', 'key.pub', '--key', 'revoked.pub', code=1,
            says=['REVOKED_KEY'])
    for words, error in [(['--counter', '8'], 'ROLLBACK'), (['--vid', CLASS], 'WRONG_CHIP'),
                         (['--cid', VENDOR], 'WRONG_CHIP'),
                         (['--component', 'main'], 'WRONG_CHIP')]:
        refused('verify', 'image', '--key', 'key.pub', *words, code=1, says=[error, 'policy'])
    got = fw('verify', 'image', '--key', 'key.pub', '--counter', '8', '--json', code=1)
    assert json.loads(got.stdout)['error'] == 'ROLLBACK'
    change('image', 40, 1)
    refused('verify', 'image', '--key', 'key.pub', code=1, says=['HASH_MISMATCH', 'digest'])
    change('image', 40, 1)
    change('image', -1, 1)
    refused('verify', 'image', '--key', 'key.pub', code=1, says=['BAD_SIGNATURE'])
    change('image', -1, 1)
    with open('image', 'ab') as file:
        file.write(b'\0')
    refused('verify', 'image', '--key', 'key.pub', code=1, says=['BAD_TLV', 'head of the open'])
    refused('verify', 'payload', '--key', 'key.pub', code=1, says=['BAD_MAGIC', '0x96f3b83d'])
    refused('inspect', 'payload', code=1, says=['payload: header byte 0'])


@case('keys come from a folder, if it is root\'s')
def folder():
    make()
    os.mkdir('keys')
    os.rename('key.pub', 'keys/a.pub')
    os.chmod('keys', 0o777)
    refused('verify', 'image', '--keys', 'keys', code=1, says=['keys: ', 'BAD_KEY_FILE'])
    os.chmod('keys', 0o755)
    if os.geteuid():
        refused('verify', 'image', '--keys', 'keys', code=1, says=['does not belong to root'])
        return
    fw('verify', 'image', '--keys', 'keys')
    with open('keys/b.pub', 'w', encoding='ascii') as file:
        file.write('vendor: nobody\n')
    refused('verify', 'image', '--keys', 'keys', code=1, says=['b.pub: line 1', 'vendor: nobody'])


@case('diff tells what two images say differently')
def diff():
    make()
    make('--version', '2.0.0', '--counter', '8', '--component', 'boot', out='other')
    assert fw('diff', 'image', 'image').stdout == ''
    text = fw('diff', 'image', 'other', code=1).stdout
    assert 'version: 1.2.3+4 -> 2.0.0\n' in text and 'counter: 7 -> 8\n' in text, text
    assert f'vendor: {VENDOR} -> none\n' in text and 'component' not in text, text
    document = json.loads(fw('diff', 'image', 'other', '--json', code=1).stdout)
    by_name = {row['name']: row for row in document['differences']}
    assert by_name['counter'] == {'name': 'counter', 'a': 7, 'b': 8}
    assert by_name['vendor']['b'] is None
    assert json.loads(fw('diff', 'image', 'image', '--json').stdout)['differences'] == []


@case('words that make no sense exit with 2, files that fail with 3')
def usage():
    make()
    sign = ['sign', 'payload', '-k', 'key', '-o', 'never']
    assert 'usage:' in fw(code=2).stderr and 'usage:' in fw('--help').stdout
    refused('look', code=2, says=['no such verb', 'inspect'])
    refused('verify', code=2, says=['takes one FILE'])
    refused('inspect', 'a', 'b', code=2, says=['takes one FILE'])
    refused('diff', 'a', code=2, says=['two files'])
    refused('keygen', code=2, says=['takes one KEY'])
    refused('verify', 'image', '--what', code=2, says=['no such option'])
    refused('verify', 'image', '--key', code=2, says=['--key', 'lacks its value'])
    refused('verify', 'image', '--vid', 'x', code=2, says=['--vid', 'is no UUID'])
    refused(*sign, code=2, says=['lacks an option', '--version'])
    for words, says in [(['--version', '1.2'], 'is no version'),
                        (['--version', '1.2.3', '--counter', '4294967296'], 'is no counter'),
                        (['--version', '1.2.3', '--cid', '0'], 'is no UUID'),
                        (['--version', '1.2.3', '--component', 'A b'], "component's name"),
                        (['--version', '1.2.3', '--dependency', '256:1.0.0'], 'is no dependency'),
                        (['--version', '1.2.3', '--dependency', '1'], 'is no dependency')]:
        refused(*sign, *words, code=2, says=[says])
    refused('verify', 'none', '--key', 'key.pub', code=3, says=['none: cannot be opened'])
    refused('verify', 'image', '--key', 'none', code=3, says=['none', 'NOT_FOUND'])
    refused('sign', 'none', '-k', 'key', '--version', '1.0.0', '-o', 'x', code=3, says=['none'])
    refused('sign', 'payload', '-k', 'none', '--version', '1.0.0', '-o', 'x', code=3,
            says=['none'])
    refused('sign', 'payload', '-k', 'key', '--version', '1.0.0', '-o', 'no/where', code=3,
            says=['no/where'])
    refused('sign', 'payload', '-k', 'key.pub', '--version', '1.0.0', '-o', 'x', code=1,
            says=['key.pub: line 1', 'BAD_KEY_FILE'])
    assert not os.path.exists('never') and not os.path.exists('x')


@case('openssl reads both halves of a key, and we read its keys')
def openssl():
    def run(*words):
        return subprocess.run(['openssl', *words], check=True, capture_output=True).stdout
    make()
    try:
        derived = run('pkey', '-in', 'key', '-pubout')
    except FileNotFoundError:
        return 'openssl is not at hand'
    with open('key.pub', 'rb') as file:
        assert file.read() == derived
    with open('bound.pub', 'wb') as file:
        file.write(b'minimum-counter: 3\n' + derived)
    assert run('pkey', '-pubin', '-in', 'bound.pub') == derived
    run('genpkey', '-algorithm', 'ed25519', '-out', 'theirs')
    with open('theirs.pub', 'wb') as file:
        file.write(run('pkey', '-in', 'theirs', '-pubout'))
    make(key='theirs')
    fw('verify', 'image', '--key', 'theirs.pub')
    return None


def state(*words, **more):
    return json.loads(fw(*words, '--key', 'key.pub', '--json', **more).stdout)


def versions(*names):
    for name in names:
        make('--version', f'{name}.0.0', '--counter', str(name), out=f'v{name}')


@case('a store boots a test image once, goes back, and keeps what is confirmed')
def store():
    versions(1, 2, 3)
    refused('status', 'store', '--key', 'key.pub', code=3, says=['store', 'NOT_FOUND'])
    got = state('load', 'store', 'v1', '--permanent')
    assert stat.S_IMODE(os.stat('store').st_mode) == 0o600
    assert got['active'] is None and got['pending'] == 'permanent', got
    refused('confirm', 'store', '--key', 'key.pub', code=3, says=['nothing was booted'])
    got = state('boot', 'store')
    assert (got['active'], got['confirmed'], got['counter']) == (0, True, 1), got
    got = state('load', 'store', 'v2')
    assert (got['pending'], got['counter']) == ('test', 1), got
    got = state('boot', 'store')
    assert (got['active'], got['confirmed'], got['tries'], got['counter']) == (1, False, 1, 1)
    refused('load', 'store', 'v3', '--key', 'key.pub', code=1, says=['store', 'BUSY'])
    got = state('boot', 'store')
    assert (got['active'], got['confirmed']) == (0, True), got
    state('load', 'store', 'v2', '--test')
    state('boot', 'store')
    got = state('confirm', 'store')
    assert (got['active'], got['confirmed'], got['counter']) == (1, True, 2), got
    assert got['slots'][0] == {'valid': False, 'version': None, 'counter': 0,
                               'error': 'ROLLBACK'}, got
    refused('load', 'store', 'v1', '--key', 'key.pub', code=1, says=['ROLLBACK'])
    refused('revert', 'store', '--key', 'key.pub', code=1, says=['ROLLBACK'])
    state('load', 'store', 'v3')
    assert state('revert', 'store')['pending'] == 'none'
    text = fw('status', 'store', '--key', 'key.pub').stdout
    assert 'slot 1: version 2.0.0, counter 2; active, confirmed\n' in text, text
    fw('keygen', 'stranger')
    refused('boot', 'store', '--key', 'stranger.pub', code=1, says=['no slot boots', 'not known'])
    refused('revert', 'store', '--key', 'stranger.pub', code=1, says=['nothing that boots'])
    refused('load', 'store', 'v3', '--test', '--permanent', '--key', 'key.pub', code=2,
            says=['one of both'])
    refused('load', 'other', 'v3', '--bytes', '100', '--key', 'key.pub', code=2,
            says=['too small'])
    change('store', 0, 1)
    change('store', 4096, 1)
    refused('status', 'store', '--key', 'key.pub', code=3, says=['no copy of the metadata'])


@case('search shows each place that was looked at')
def search():
    make()
    os.makedirs('folder/acme/t1')
    os.rename('image', 'folder/acme/t1/main.img')
    place = os.path.abspath('folder')
    text = fw('search', 'acme/t1/main.img', '--folders', f'/nowhere:{place}').stdout
    lines = text.splitlines()
    assert len(lines) == 4 and lines[0].startswith('/nowhere/acme/t1/main.img: '), text
    assert lines[3] == f'{place}/acme/t1/main.img: taken', text
    got = json.loads(fw('search', 'acme/t1/none.img', '--folders', place, '--json', code=3).stdout)
    assert got['path'] is None and len(got['tried']) == 18, got
    assert {one['error'] for one in got['tried']} == {'NOT_FOUND'}, got
    refused('search', '../main.img', code=2, says=['../main.img'])
    refused('search', code=2, says=['takes one NAME'])


@case('a bundle verifies as it was made, and not when a file of it is another')
def bundle():
    make('--version', '1.0.0', '--component', 'boot', out='a.img')
    make('--version', '2.0.0', '--component', 'main', '--dependency', '0:1.0.0', out='b.img')
    create = ['bundle', 'create', '.', '-k', 'key', '--version', '1.0.0', '--chips', 't1,t2',
              '--licence', 'MIT OR Apache-2.0']
    text = fw(*create).stdout
    assert text.startswith('Component: boot File: a.img Sha256: ') and text.count('\n') == 2, text
    assert fw('bundle', 'verify', '.', '--key', 'key.pub').stdout == '.: verified\n'
    make('--version', '2.0.1', '--component', 'main', out='b.img')
    refused('bundle', 'verify', '.', '--key', 'key.pub', code=1,
            says=['component main', 'HASH_MISMATCH'])
    assert json.loads(fw(*create, '--json').stdout)['components'] == 2
    got = fw('bundle', 'verify', '.', '--key', 'key.pub', '--json').stdout
    assert json.loads(got)['verified'] is True
    os.unlink('a.img')
    got = fw('bundle', 'verify', '.', '--key', 'key.pub', '--json', code=3).stdout
    assert json.loads(got)['error'] == 'NOT_FOUND'
    make('--version', '1.0.0', out='c.img')
    refused(*create, code=1, says=['c.img', 'names no component'])
    refused('bundle', 'make', '.', code=2, says=['create or verify'])
    refused('bundle', 'create', '.', code=2, says=['lacks an option'])


def main():
    print(f'1..{len(CASES)}')
    failed = 0
    for number, (name, run) in enumerate(CASES, 1):
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            try:
                skipped = run()
                print(f'ok {number} - {name}' + (f' # SKIP {skipped}' if skipped else ''))
            except (AssertionError, subprocess.SubprocessError) as error:
                failed = 1
                print(f'not ok {number} - {name}')
                for line in str(error).splitlines():
                    print(f'# {line}')
            os.chdir('/')
    sys.exit(failed)


main()
