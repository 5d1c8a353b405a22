#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed info`, `chip`, `topo` and `doctor`: test_look.py ROADBED [SIM]."""
import json
import os
import re
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
CHIPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../simulators/chips')
CHECKS = ['library', 'simulators', 'firmware.loader', 'firmware.keys', 'cache', 'drivers',
          'node.accel', 'node.dri', 'memory.pinned', 'devices']


def roadbed(*words, code=0, **more):
    env = {name: value for name, value in os.environ.items()
           if name not in ('ROADBED_DEVICES', 'ROADBED_DRIVERS')}
    user = {'user': more.pop('user')} if 'user' in more else {}
    return tap.run(ROADBED, *words, code=code, env=dict(env, **more), **user)


def document(*words, **more):
    got = json.loads(roadbed(*words, '--json', **more).stdout)
    assert got['schema'].startswith('roadbed.'), got
    return got


@tap.case('info --field prints one value, and fails where there is none')
def field():
    info = document('info', 'host:')
    assert roadbed('info', 'host:', '--field', 'class').stdout == 'cpu\n'
    assert roadbed('info', 'host:', '--field', 'class', '--json').stdout == '"cpu"\n'
    assert roadbed('info', 'host:', '--field', 'simulated').stdout == 'false\n'
    assert roadbed('info', 'host:', '--field', 'heaps.0.kind').stdout.strip() == \
        info['heaps'][0]['kind']
    size = next(p['value_bytes'] for p in info['properties'] if p['name'] == 'memory.bytes')
    assert roadbed('info', 'host:', '--field', 'memory.bytes').stdout == f'{size}\n'
    for name in ('nonesuch', 'heaps.99', 'heaps.x', 'class.x', 'heaps..'):
        got = roadbed('info', 'host:', '--field', name, code=1)
        assert got.stdout == '' and name in got.stderr, got
    tap.says(roadbed('info', 'host:', '--field', 'vendor', code=1).stderr, 'unknown')
    assert roadbed('info', 'host:', '--no-wake', '--field', 'class').stdout == 'cpu\n'
    tap.says(roadbed('info', '--field', 'class', code=2).stderr, 'takes one DEVICE')


@tap.case('info without a device tells of all that are here')
def everything():
    listed = json.loads(roadbed('list', '--json').stdout)['devices']
    got = document('info')['devices']
    assert [one['address'] for one in got] == [one['address'] for one in listed], got
    assert roadbed('info').stdout.startswith('address '), roadbed('info').stdout
    if SIM:
        got = document('info', ROADBED_DEVICES='sim:edu;sim:gpu-small')['devices']
        assert [one['address'] for one in got][-2:] == ['sim:edu', 'sim:gpu-small'], got
        assert all('properties' in one and 'schema' not in one for one in got), got


@tap.case('chip list has the catalogue, chip show each value with its source')
def chips():
    if not SIM:
        return 'needs libroadbed-sim'
    names = {name[:-5] for name in os.listdir(CHIPS) if name.endswith('.yaml')}
    rows = {row['name']: row for row in document('chip', 'list')['chips']}
    assert set(rows) == names and len(names) >= 40, set(rows) ^ names
    assert len({row['vendor'] for row in rows.values()}) >= 20
    assert rows['arm64']['has_model'] is False and rows['edu']['has_model'] is True
    assert len(roadbed('chip', 'list').stdout.splitlines()) == len(names) + 1
    got = document('chip', 'show', 'a100-sxm4-80gb')
    by_name = {one['name']: one for one in got['parameters']}
    assert by_name['clock']['value'] == '1410' and by_name['clock']['unit'] == 'MHz', by_name
    assert by_name['clock']['kind'] == 'datasheet' and 'Epoch' in by_name['clock']['source']
    assumed = [one for one in got['parameters'] if one['kind'] == 'assumed']
    assert got['assumed_values'] == len(assumed) and got['values'] == len(by_name), got
    text = roadbed('chip', 'show', 'a100-sxm4-80gb').stdout
    tap.says(text, f'{len(assumed)} of {len(by_name)} values', 'datasheet', 'Epoch')
    tap.says(roadbed('chip', 'show', 'thrive').stdout, 'identity only')
    tap.says(roadbed('chip', 'show', 'nonesuch', code=1).stderr, 'nonesuch', 'chip list')
    tap.says(roadbed('chip', code=2).stderr, 'chip show NAME')
    tap.says(roadbed('chip', 'list', 'x', code=2).stderr, 'chip show NAME')


@tap.case('chip check refuses a file with line, key, value seen and allowed')
def check():
    if not SIM:
        return 'needs libroadbed-sim'
    path = os.path.join(CHIPS, 'a100-sxm4-80gb.yaml')
    got = document('chip', 'check', path)
    assert got['name'] == 'a100-sxm4-80gb' and 0 < got['assumed_values'] < got['values'], got
    tap.says(roadbed('chip', 'check', path).stdout, 'of family gpu')
    with open(path) as file:
        text = file.read()
    line = text[:text.index('clock: {value: 1410')].count('\n') + 1
    for name, old, new, says in (
            ('range', 'value: 1410,', 'value: 99999999,',
             [f'range.yaml:{line}', 'parameters.clock', 'seen: 99999999', '1..10000 MHz']),
            ('key', '  clock:', '  clok:', [f'key.yaml:{line}', 'clok']),
            ('source', 'value: 1410, unit: MHz, source: epoch', 'value: 1410, unit: MHz, source: no',
             [f'source.yaml:{line}', 'seen: no']),
            ('kind', 'MHz, source: epoch, kind: datasheet', 'MHz, source: epoch, kind: sure',
             [f'kind.yaml:{line}', 'seen: sure', 'measured'])):
        assert old in text, old
        with open(f'{name}.yaml', 'w') as file:
            file.write(text.replace(old, new, 1))
        got = roadbed('chip', 'check', f'{name}.yaml', code=1)
        assert got.stdout == '', got
        tap.says(got.stderr, *says)
    with open('empty.yaml', 'w'):
        pass
    tap.says(roadbed('chip', 'check', 'empty.yaml', code=1).stderr, 'empty.yaml')
    tap.says(roadbed('chip', 'check', 'absent.yaml', code=2).stderr, 'absent.yaml')


@tap.case('topo shows devices and their links as tree, matrix, graph and JSON')
def topo():
    tap.says(roadbed('topo').stdout, 'host:', 'not simulated')
    tap.says(roadbed('topo', '--matrix').stdout, '[0] host:', '[0]  [0] same device')
    tap.says(roadbed('topo', '--tree', '--dot', code=2).stderr, 'more than one form')
    tap.says(roadbed('topo', 'moon:', code=1).stderr, 'moon')
    if not SIM:
        return
    got = document('topo', 'sim:edu', 'sim:gpu-small', 'host:')
    assert [one['address'] for one in got['devices']] == ['sim:edu', 'sim:gpu-small', 'host:']
    assert [(one['a'], one['b']) for one in got['links']] == [
        ('sim:edu', 'sim:gpu-small'), ('sim:edu', 'host:'), ('sim:gpu-small', 'host:')], got
    assert all(one['path'] and one['bytes_per_second'] is None for one in got['links']), got
    assert all(one['numa_node'] is None for one in got['devices'] if one['simulated']), got
    dot = roadbed('topo', '--dot', 'sim:edu', 'host:').stdout
    assert dot.startswith('graph roadbed {\n') and dot.endswith('}\n'), dot
    tap.says(dot, '"host" -- "sim:edu";', 'style=dashed')


def doctor(*words, code=0, **more):
    got = document('doctor', *words, code=code, **more)
    assert got['result'] == ('PASS', 'WARN', 'FAIL')[code], got
    return {row['id']: row for row in got['checks']}


@tap.case('doctor has stable checks, and passes where all is well')
def well():
    os.makedirs('dev')
    rows = doctor('--dev', 'dev', code=0 if SIM else 1, ROADBED_CACHE='off')
    assert [name for name in rows if name in CHECKS] == [c for c in CHECKS if c in rows], rows
    assert {'library', 'cache', 'drivers', 'node.accel', 'node.dri', 'devices'} <= set(rows), rows
    text = roadbed('doctor', '--dev', 'dev', code=0 if SIM else 1, ROADBED_CACHE='off').stdout
    assert all(re.match('(PASS|WARN|FAIL)  [a-z.]+ ', one) or 'remedy: ' in one
               for one in text.splitlines()), text
    tap.says(roadbed('doctor', 'x', code=2).stderr, 'takes no argument')


@tap.case('doctor names a cache that is none, and a folder of drivers that others may write')
def folders():
    os.makedirs('dev')
    rows = doctor('--dev', 'dev', code=1, ROADBED_CACHE='somewhere')
    assert rows['cache']['result'] == 'WARN' and 'absolute' in rows['cache']['what'], rows
    with open('file', 'w'):
        pass
    rows = doctor('--dev', 'dev', code=1, ROADBED_CACHE=os.path.abspath('file'))
    tap.says(rows['cache']['what'], 'no folder', 'file')
    os.makedirs('open')
    os.chmod('open', 0o777)
    rows = doctor('--dev', 'dev', code=2, ROADBED_CACHE='off',
                  ROADBED_DRIVERS=os.path.abspath('open'))
    tap.says(rows['drivers']['what'], os.path.abspath('open'))
    assert rows['drivers']['result'] == 'FAIL' and 'chmod go-w' in rows['drivers']['remedy'], rows


@tap.case('doctor says which group or rule a node lacks')
def nodes():
    if os.geteuid():
        return 'needs root, to stand for a user without rights'
    os.chmod('.', 0o755)
    os.makedirs('dev/accel')
    os.makedirs('dev/dri')
    for path, mode, group in (('dev/accel/accel0', 0o660, 1), ('dev/dri/renderD128', 0o600, 0)):
        with open(path, 'w'):
            pass
        os.chown(path, 0, group)
        os.chmod(path, mode)
    dev = os.path.abspath('dev')
    words = ['doctor', '--json', '--dev', dev]
    probe = subprocess.run([ROADBED, '--version'], user=65534, capture_output=True)
    if probe.returncode:
        return 'another user cannot run the command from here'
    env = {'ROADBED_CACHE': 'off', 'HOME': '/', **{k: v for k, v in os.environ.items()
                                                  if k.startswith('LD_')}}
    got = subprocess.run([ROADBED, *words[0:]], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, env=env, timeout=60)
    assert got.returncode == 2, got
    rows = {row['id']: row for row in json.loads(got.stdout)['checks']}
    assert rows['node.accel']['result'] == rows['node.dri']['result'] == 'FAIL', rows
    tap.says(rows['node.accel']['what'], f'{dev}/accel/accel0', 'mode 660')
    tap.says(rows['node.accel']['remedy'], 'usermod -aG daemon')
    tap.says(rows['node.dri']['remedy'], 'udev', 'SUBSYSTEM=="drm"', 'GROUP="render"')
    rows = doctor('--dev', dev, code=0 if SIM else 1, ROADBED_CACHE='off')
    assert rows['node.accel']['result'] == 'PASS' and '1 nodes' in rows['node.accel']['what']


tap.main()
