#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed list` in all its forms: test_list.py ROADBED [SIM]."""
import json
import os
import re
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
MEMBERS = ['address', 'name', 'vendor', 'class', 'family', 'simulated', 'memory_total_bytes',
           'state', 'driver', 'kernel_driver', 'status', 'reason']
CATALOGUE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../simulators/chips')


def listed(*words, devices=None, code=0):
    env = dict(os.environ)
    env.pop('ROADBED_DEVICES', None)
    if devices:
        env['ROADBED_DEVICES'] = devices
    return tap.run(ROADBED, 'list', *words, code=code, env=env)


def rows(*words, **options):
    document = json.loads(listed('--json', *words, **options).stdout)
    assert document['schema'] == 'roadbed.list.1', document
    for row in document['devices']:
        assert list(row) == MEMBERS, row
    return {row['address']: row for row in document['devices']}


@tap.case('a device that is here is ready; what is not known of it is null')
def host():
    row = rows()['host:']
    assert row['state'] == 'ready' and row['simulated'] is False and row['driver'] == 'host', row
    assert row['memory_total_bytes'] is None and row['class'] is None, row


@tap.case('a simulated device has what the catalogue says of its chip')
def simulated():
    if not SIM:
        return 'needs libroadbed-sim'
    got = rows(devices='sim:a100-sxm4-80gb@3?time=functional;sim:nonesuch')
    row = got['sim:a100-sxm4-80gb@3?time=functional']
    assert row['vendor'] == 'NVIDIA' and row['class'] == row['family'] == 'gpu', row
    assert row['memory_total_bytes'] == 80 << 30 and row['state'] == 'ready', row
    assert row['simulated'] is True and 'sim:nonesuch' not in got, got


@tap.case('--all has every chip of the catalogue, what has no model as unsupported')
def everything():
    if not SIM:
        return 'needs libroadbed-sim'
    got = rows('--all', devices='sim:edu')
    chips = {name[:-5] for name in os.listdir(CATALOGUE) if name.endswith('.yaml')}
    assert {a[4:] for a in got if a.startswith('sim:')} == chips, chips
    assert got['sim:edu']['state'] == 'ready', got['sim:edu']
    assert got['sim:gpu-small']['state'] == 'possible', got['sim:gpu-small']
    assert got['sim:arm64']['state'] == got['sim:arm64']['status'] == 'unsupported'
    assert got['sim:arm64']['class'] == 'cpu' and got['sim:arm64']['reason']
    assert {row['state'] for row in got.values()} == {'ready', 'possible', 'unsupported'}
    assert 'sim:arm64 ' in listed('--all').stdout and 'sim:edu' not in rows()
    # What opens has the memory that the list promised.
    for chip in ('gpu-small', 'dsa-small', 'rpu-small', 'edu'):
        info = json.loads(tap.run(ROADBED, 'info', f'sim:{chip}', '--json').stdout)
        row = got[f'sim:{chip}']
        assert row['vendor'] == info['vendor'] and row['class'] == info['class'], (row, info)
        assert row['memory_total_bytes'] in (None, info['memory_bytes']), row


@tap.case('explain DEVICE has what begins so, with the scheme and the domain or without')
def one():
    def explained(*words, code=0):
        env = dict(os.environ, ROADBED_DEVICES='host:;pci:0000:ff:1f.7;pci:0001:ff:1f.7')
        return tap.run(ROADBED, 'explain', *words, code=code, env=env)

    def addresses(*words):
        return [row['address'] for row in json.loads(explained(*words, '--json').stdout)['candidates']]

    everything = addresses()
    assert {'host:', 'pci:0000:ff:1f.7', 'pci:0001:ff:1f.7'} <= set(everything), everything
    for asked in ('pci:0000:ff:1f.7', '0000:ff:1f.7', 'ff:1f.7', 'ff:1f'):
        assert addresses(asked) == ['pci:0000:ff:1f.7'], (asked, addresses(asked))
    assert addresses('pci:') == [one for one in everything if one.startswith('pci:')]
    lines = explained('ff:1f').stdout.splitlines()
    assert len(lines) == 2 and lines[1].startswith('pci:0000:ff:1f.7 '), lines
    got = explained('ff:1e', '--json', code=1)
    assert got.stdout == '', got
    tap.says(got.stderr, 'nothing that was seen has this address', 'ff:1e')
    tap.says(explained('pci:', 'host:', code=2).stderr, 'takes one DEVICE', 'host:')
    if SIM:
        assert 'sim:h100-sxm5' in addresses('sim:h100', '--all'), addresses('sim:h100', '--all')
        assert 'h100-sxm5' in explained('sim:h100', '--all').stdout


NAME = re.compile('[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?')


@tap.case('--cdi names each simulated device once, as the Container Device Interface wants it')
def cdi():
    tap.says(listed('--cdi', code=1).stderr, 'no simulated device', 'ROADBED_DEVICES', '--all')
    if not SIM:
        return
    addresses = ['sim:edu', 'sim:gpu-small@1?time=approx', 'sim:gpu-small@1%time=approx']
    spec = json.loads(listed('--cdi', devices=';'.join(addresses[:2])).stdout)
    assert list(spec) == ['cdiVersion', 'kind', 'devices'] and spec['cdiVersion'] == '0.3.0', spec
    assert re.fullmatch(r'[A-Za-z][A-Za-z0-9._-]*/[A-Za-z][A-Za-z0-9_-]*', spec['kind']), spec
    assert [one['containerEdits'] for one in spec['devices']] == [
        {'env': [f'ROADBED_DEVICES={text}']} for text in addresses[:2] + [';'.join(addresses[:2])]]
    assert [one['name'] for one in spec['devices']][::2] == ['edu', 'all'], spec
    spec = json.loads(listed('--all', '--cdi').stdout)
    names = [one['name'] for one in spec['devices']]
    assert 'gpu-small' in names and 'arm64' not in names and 'all' not in names, names
    assert len(set(names)) == len(names) and all(NAME.fullmatch(name) for name in names), names
    spec = json.loads(listed('--cdi', devices='sim:gpu-small@1;sim:gpu-small?seed=1').stdout)
    names = [one['name'] for one in spec['devices']]
    assert len(set(names)) == 3 and all(NAME.fullmatch(name) for name in names), names


@tap.case('a container that gets the variable finds the device')
def container():
    if not SIM:
        return 'needs libroadbed-sim'
    spec = json.loads(listed('--all', '--cdi').stdout)
    edits = next(one for one in spec['devices'] if one['name'] == 'edu')['containerEdits']
    name, text = edits['env'][0].split('=', 1)
    assert name == 'ROADBED_DEVICES' and rows(devices=text)['sim:edu']['state'] == 'ready'


@tap.case('--nfd counts devices by class, simulated ones apart')
def nfd():
    def features(**options):
        lines = listed('--nfd', **options).stdout.splitlines()
        assert lines[0].startswith('#'), lines
        for line in lines[1:]:
            # A label of Kubernetes in a feature file: prefix/name=value, of at most 63 characters
            # each but the prefix, which is a DNS name of somebody's own.
            label = re.fullmatch(r'([a-z0-9.-]{1,253})/([A-Za-z0-9][-A-Za-z0-9_.]*)=([-A-Za-z0-9_.]*)', line)
            assert label and label[1] == 'roadbed.dev' and label[3].isdigit(), line
            assert all(len(part) <= 63 and part[-1].isalnum() for part in label.groups()[1:]), line
        assert sum(map(len, lines)) < 64 << 10
        got = [line.removeprefix('roadbed.dev/').split('=') for line in lines[1:]]
        assert len(dict(got)) == len(got), got
        return dict(got)

    got = features()
    assert got['simulated-device.count'] == '0' and int(got['device.count']) >= 1, got
    if not SIM:
        return
    got = features(devices='sim:gpu-small;sim:a100-sxm4-80gb;sim:edu')
    assert got['simulated-device.count'] == '3' and got['simulated-gpu.count'] == '2', got
    assert got['simulated-gpu.memory-mib'] == '81920' and 'gpu.count' not in got, got


@tap.case('forms exclude each other')
def words():
    tap.says(listed('--json', '--cdi', code=2).stderr, 'more than one form', '--nfd')
    tap.says(listed('--nfd', '--cdi', code=2).stderr, 'more than one form')


tap.main()
