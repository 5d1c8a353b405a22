#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed fw` on devices, as a person would: test_fw_device.py ROADBED PROGRAM SOURCES [SIM].

PROGRAM: roadbed-program. Without SIM (libroadbed-sim is not built) no device boots firmware.
"""
import json
import os
import re
import sys

import tap

ROADBED, PROGRAM, SOURCES = (os.path.abspath(path) for path in sys.argv[1:4])
SIM = len(sys.argv) > 4
VENDOR = '2e23315c-d109-4987-8f38-5d3e531c7f4e'
# Of each family a chip, its class, what its firmware is called, and from where it is built.
CHIPS = {
    'gpu-small': ('39359db5-db79-46f7-b210-93a91dcb5488', 'gpgpu', {'scheduler': 'gpu/firmware'}),
    'dsa-small': ('77287050-51c9-4c76-a627-4865d82bd2b9', 'dsa', {'control': 'dsa/firmware'}),
    'rpu-small': ('3c60d6fa-b20e-40f6-904c-258ec75b28b3', 'rpu',
                  {'mesh': 'rpu/mesh', 'tile': 'rpu/tile'}),
}


def fw(*words, code=0):
    return tap.run(ROADBED, 'fw', *words, code=code)


def make_image(out='image', *more):
    if not os.path.exists('key'):
        fw('keygen', 'key')
    with open('payload', 'wb') as file:
        file.write(bytes(100))
    fw('sign', 'payload', '-k', 'key', '--version', '1.0.0', *more, '-o', out)


@tap.case('a device that boots no firmware is unsupported, whatever is asked of it')
def unsupported():
    make_image()
    for words in (['status', 'host:'], ['status', 'host:', '--json'], ['log', 'host:'],
                  ['load', 'host:', 'image'], ['load', 'host:', 'image', '--key', 'key.pub']):
        got = fw(*words, code=4)
        tap.says(got.stderr, 'host:', 'boots no firmware')


@tap.case('what is for a store is refused of a device, and the other way round')
def which():
    make_image()
    for verb in ('boot', 'confirm', 'revert'):
        tap.says(fw(verb, 'host:', code=2).stderr, 'takes a STORE and no device', 'host:')
    for words in (['--test'], ['--permanent'], ['--bytes', '9']):
        tap.says(fw('load', 'host:', 'image', *words, code=2).stderr, 'for a STORE alone')
    tap.says(fw('status', 'host:', '--keys', '.', code=2).stderr, 'for a STORE alone')
    tap.says(fw('status', 'store', '--folders', '.', code=2).stderr, 'for a DEVICE alone')
    tap.says(fw('load', 'store', 'image', '--folders', '.', code=2).stderr, 'for a DEVICE alone')
    tap.says(fw('log', 'store', code=2).stderr, 'takes one DEVICE', 'sim:gpu-small')
    tap.says(fw('log', code=2).stderr, 'takes one DEVICE')
    # a path with a colon is one all the same
    tap.says(fw('status', './host:', '--key', 'key.pub', code=3).stderr, './host:', 'NOT_FOUND')


@tap.case('an address that opens nothing exits with 2 or 3, an image that does not read with 1')
def nothing():
    make_image()
    tap.says(fw('status', 'nonesuch:', code=3).stderr, 'nonesuch')
    tap.says(fw('log', 'nonesuch:', code=3).stderr, 'nonesuch')
    tap.says(fw('log', 'host:', '--key', 'nowhere', code=3).stderr, 'nowhere')
    tap.says(fw('load', 'host:', 'payload', code=1).stderr, 'payload', 'BAD_MAGIC')
    tap.says(fw('load', 'host:', 'nowhere', code=3).stderr, 'nowhere')
    fw('keygen', 'stranger')
    tap.says(fw('load', 'host:', 'image', '--key', 'stranger.pub', code=1).stderr, 'UNKNOWN_KEY')


def sim_case(name):
    return tap.case(name) if SIM else lambda function: function


def vendor(chip, version):
    """A key, and images of the chip's components in folder/: what the chip has, anew."""
    chip_class, folder, components = CHIPS[chip]
    key = json.loads(fw('keygen', 'key', '--json').stdout)['key']
    paths = []
    os.makedirs(f'folder/roadbed/{folder}')
    for name, text in components.items():
        tap.run(PROGRAM, f'{SOURCES}/simulators/{text}.program', '-o', 'payload')
        paths.append(f'folder/roadbed/{folder}/{name}.img')
        fw('sign', 'payload', '-k', 'key', '--version', version, '--counter', '7', '--vid', VENDOR,
           '--cid', chip_class, '--component', name, '-o', paths[-1])
    return key, paths


@sim_case('status says what runs, from where, and load puts other images in its place')
def status_and_load():
    for chip, (_, _, components) in CHIPS.items():
        place = os.path.join(os.getcwd(), chip)
        os.mkdir(place)
        os.chdir(place)
        key, paths = vendor(chip, '3.4.5+6')
        device = f'sim:{chip}?rom_key={key}'
        text = fw('status', device).stdout
        tap.says(text, f'{device}: ready\n', 'version: 1.0.0\n', 'protocol: 1, of 1 to 1\n',
                 'boots: 1\ncrashes: 0\n', 'from: development image of the simulator')
        got = json.loads(fw('status', device, '--json').stdout)
        assert got['schema'] == 'roadbed.fw-status.1' and got['state'] == 'ready' and got['crashes'] == 0, got
        assert got['pull'] is (chip == 'dsa-small') and got['boot_ns'] > 0, got
        assert [one['name'] for one in got['components']] == list(components), got
        text = fw('load', device, *paths, '--key', 'key.pub').stdout
        assert text == ''.join(f'{device}: {name}: version 3.4.5+6, before 1.0.0\n'
                               for name in components), text
        got = json.loads(fw('load', device, *paths, '--key', 'key.pub', '--json').stdout)
        assert got['version'] == '3.4.5+6' and got['counter'] == 7 and got['boots'] == 2, got
        assert {one['version'] for one in got['components']} == {'3.4.5+6'}, got
        got = json.loads(fw('status', device.replace('?', '?firmware=search&'), '--folders',
                            os.path.abspath('folder'), '--key', 'key.pub', '--json').stdout)
        assert got['version'] == '3.4.5+6' and got['boots'] == 1, got
        assert [one['source'] for one in got['components']] == [os.path.abspath(p) for p in paths]
        os.chdir('..')


@sim_case('load tells what other firmware changed for programs')
def load_tells_changes():
    key, _ = vendor('gpu-small', '1.0.0')
    with open('quiet.program', 'w', encoding='utf-8') as file:
        file.write('family gpu\nprotocol 1 1\nquantum 20000\nopcode load 1\nopcode unload 1\nopcode copy 1\n'
                   'opcode fill 1\nopcode fence 1\nopcode dispatch 1\nlevel 1000 300000\nlevel 400 90000\nuse 1\n')
    tap.run(PROGRAM, 'quiet.program', '-o', 'payload')
    fw('sign', 'payload', '-k', 'key', '--version', '2.1.0', '--counter', '7', '--vid', VENDOR, '--cid',
       CHIPS['gpu-small'][0], '--component', 'scheduler', '-o', 'quiet.img')
    lines = fw('load', f'sim:gpu-small?rom_key={key}', 'quiet.img', '--key', 'key.pub').stdout.splitlines()
    assert lines[1:] == [
        '  commands: without wait value, write value, timestamp, reconfigure',
        '  features: without regions',
        '  compute.clock_hz: 400000000 Hz, before 1000000000 Hz',
        '  launch.watchdog: no, before yes',
        '  launch.activate: no, before yes',
        '  firmware.quantum: 20000 ns, before 0',
        '  firmware.level: 1, before 0',
        '  power.limit: 90000 mW, before 400000 mW'], lines


@sim_case('what does not verify exits with 1, on the host and on the chip, what is not there with 3')
def does_not_verify():
    key, paths = vendor('gpu-small', '1.0.0')
    trusting, other = f'sim:gpu-small?rom_key={key}', 'sim:gpu-small'
    tap.says(fw('load', trusting, *paths, code=1).stderr, 'UNKNOWN_KEY')
    tap.says(fw('load', other, *paths, '--key', 'key.pub', code=1).stderr, 'ROM_REJECTED', '0x4')
    search = 'sim:gpu-small?firmware=search'
    got = fw('status', search, code=3)
    tap.says(got.stderr, 'NOT_FOUND', 'roadbed/gpgpu/scheduler.img', 'places looked at')
    tap.says(fw('status', search, '--folders', os.path.abspath('folder'), code=1).stderr,
             'UNKNOWN_KEY')
    tap.says(fw('status', search, '--folders', os.path.abspath('folder'), '--key', 'key.pub',
                code=1).stderr, 'ROM_REJECTED')
    with open('key.pub', encoding='ascii') as file:
        public = file.read()
    with open('revoked.pub', 'w', encoding='ascii') as file:
        file.write('revoked: yes\n' + public)
    tap.says(fw('load', trusting, *paths, '--key', 'revoked.pub', code=1).stderr, 'REVOKED_KEY')
    fw('sign', 'payload', '-k', 'key', '--version', '1.0.0', '--component', 'scheduler', '-o', 'x')
    tap.says(fw('load', trusting, 'x', '--key', 'key.pub', code=1).stderr, 'WRONG_CHIP')


STATES = ['rom', 'wait-image', 'loading', 'auth', 'starting', 'handshake', 'ready']


def states(text):
    return [line.split(': ')[1].split()[0] for line in text.splitlines() if '  boot  ' in line]


@sim_case('log and watch show the states of a boot, and where it failed')
def log():
    device = 'sim:gpu-small'
    assert states(fw('log', device).stdout) == STATES
    got = json.loads(fw('log', device, '--json').stdout)
    assert [one['text'].split()[0] for one in got['changes']] == STATES, got
    assert got['dump'] is None and got['changes'][0]['time_ns'] == 0, got
    text = tap.run(ROADBED, 'events', device, '--once').stdout
    assert states(text) == STATES and text.splitlines()[-2].split()[1] == 'opened', text
    for fault, last, says in [('hang:auth', ['auth', 'rejected'], 'TIMEOUT'),
                              ('selftest', ['starting', 'crashed'], 'SELFTEST_FAILED'),
                              ('reject', ['auth', 'rejected'], 'ROM_REJECTED')]:
        for command in (['fw', 'log'], ['events', '--once']):
            got = tap.run(ROADBED, *command, f'sim:gpu-small?boot={fault}', code=1)
            assert states(got.stdout)[-2:] == last, got.stdout
            tap.says(got.stderr, says, 'boot state')


@sim_case('log --crash shows what a crash leaves, writes it, and that a reset boots again')
def crash():
    device = 'sim:rpu-small'
    text = fw('log', device, '--crash', '--dump', 'dump').stdout
    tap.says(text, 'crashed', 'code 10: panic', 'recovered', 'image 1.0.0')
    assert states(text)[-1] == 'ready', text
    count = int(re.search(r'dump: (\d+) bytes', text).group(1))
    with open('dump', 'rb') as file:
        dump = file.read()
    assert len(dump) == count and dump[:4] == b'RDMP', dump
    got = json.loads(fw('log', device, '--crash', '--json').stdout)
    assert bytes.fromhex(got['dump']['hex'])[:4] == b'RDMP' and got['dump']['code'] == 10, got
    assert got['dump']['reason'] == 'panic' and got['changes'][-1]['kind'] == 'recovered', got
    tap.says(fw('log', device, '--dump', 'none', code=3).stderr, 'none', 'nothing crashed')
    assert not os.path.exists('none')


@sim_case('info has the properties of firmware')
def info():
    text = tap.run(ROADBED, 'info', 'sim:dsa-small').stdout
    for name, value in [('state', 'ready'), ('version', '1.0.0'), ('transfer', 'pull'),
                        ('components', '1'), ('protocol', '1')]:
        assert re.search(rf'^  firmware\.{name} +{value}  \[', text, re.M), (name, text)


tap.main()
