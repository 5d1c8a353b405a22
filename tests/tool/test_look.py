#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed info`, `chip` and `topo`: test_look.py ROADBED [SIM]."""
import json
import os
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
CHIPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../simulators/chips')


def roadbed(*words, code=0, **more):
    env = {name: value for name, value in os.environ.items()
           if name not in ('ROADBED_DEVICES', 'ROADBED_DRIVERS')}
    return tap.run(ROADBED, *words, code=code, env=dict(env, **more))


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
    # What is null is unknown, and a field for all that.
    assert info['heaps'][0]['free_bytes'] is None and info['device_clock_ns'] is None or SIM, info
    for name in ('heaps.0.free_bytes', 'memory.free_bytes', 'pci_address'):
        tap.says(roadbed('info', 'host:', '--field', name, code=1).stderr, 'the field is unknown', name)
    tap.says(roadbed('info', 'host:', '--field', 'pci_address.x', code=1).stderr, 'no such field')
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
    head, *rows, last = roadbed('topo', '--matrix', 'host:').stdout.splitlines()
    assert last == 'no other device to link to' and len(rows) == 1, (rows, last)
    assert head.split() == ['[0]'] and rows[0].split(None, 2) == ['[0]', 'host:', 'same device']
    assert head.index('[0]') == rows[0].index('same'), (head, rows)
    tap.says(roadbed('topo', '--tree', '--dot', code=2).stderr, 'more than one form')
    tap.says(roadbed('topo', 'moon:', code=1).stderr, 'moon')
    if not SIM:
        return
    addresses = ['sim:edu', 'sim:gpu-small@1', 'host:']
    head, *rows = roadbed('topo', '--matrix', *addresses).stdout.splitlines()
    starts = [head.index(f'[{i}]') for i in range(3)]
    assert len(rows) == 3, rows
    for i, row in enumerate(rows):
        assert row.split()[:2] == [f'[{i}]', addresses[i]], row
        ends = starts[1:] + [len(row)]
        cells = [row[start:end].rstrip() for start, end in zip(starts, ends)]
        assert cells == ['same device' if j == i else 'host memory' for j in range(3)], (head, row)
    got = document('topo', 'sim:edu', 'sim:gpu-small', 'host:')
    assert [one['address'] for one in got['devices']] == ['sim:edu', 'sim:gpu-small', 'host:']
    assert [(one['a'], one['b']) for one in got['links']] == [
        ('sim:edu', 'sim:gpu-small'), ('sim:edu', 'host:'), ('sim:gpu-small', 'host:')], got
    assert all(one['path'] and one['bytes_per_second'] is None for one in got['links']), got
    assert all(one['numa_node'] is None for one in got['devices'] if one['simulated']), got
    dot = roadbed('topo', '--dot', 'sim:edu', 'host:').stdout
    assert dot.startswith('graph roadbed {\n') and dot.endswith('}\n'), dot
    tap.says(dot, '"host" -- "sim:edu";', 'style=dashed')


tap.main()
