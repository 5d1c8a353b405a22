#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed caps`: test_caps.py ROADBED [SIM]. Without SIM the host is the only device."""
import json
import os
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
GPU = 'sim:gpu-small'


def caps(*words, code=0, **options):
    return tap.run(ROADBED, 'caps', *words, code=code, **options)


def value(row):
    return next(value for key, value in row.items() if key.startswith('value'))


@tap.case('caps prints every property, sorted by name, with unit and source')
def every():
    document = json.loads(caps('host:', '--json').stdout)
    rows = document['properties']
    names = [row['name'] for row in rows]
    assert document['schema'] == 'roadbed.caps.1' and document['address'] == 'host:', document
    assert names == sorted(names) and len(set(names)) == len(names), names
    info = json.loads(tap.run(ROADBED, 'info', 'host:', '--json').stdout)
    by_name = {row['name']: row for row in rows}
    for one in info['properties']:
        assert value(by_name[one['name']]) == value(one), one
        assert by_name[one['name']]['source'] == one['source'], one
    assert value(by_name['simulated']) is False and by_name['simulated']['source'] == 'info'
    assert value(by_name['class']) == 'cpu' and value(by_name['vendor']) == info['vendor']
    assert by_name['memory.total_bytes']['unit'] == 'bytes'
    lines = caps('host:').stdout.splitlines()
    assert [line.split()[0] for line in lines] == names, lines
    tap.says(caps('host:').stdout, 'simulated', 'no  [info]', 'memory.bytes ', ' bytes  [')


@tap.case('what is unknown is null, and "unknown"')
def unknown():
    if not SIM:
        return 'needs libroadbed-sim'
    rows = {r['name']: r for r in json.loads(caps(GPU, '--json').stdout)['properties']}
    assert value(rows['region.drain']) is None, rows['region.drain']
    line = [one for one in caps(GPU).stdout.splitlines() if one.startswith('region.drain ')]
    assert line and line[0].split()[1] == 'unknown', line


@tap.case('--require answers with its exit code, and says nothing if it holds')
def holds():
    got = caps('host:', '--require', 'simulated == false and class == cpu')
    assert got.stdout == '' and got.stderr == '', got
    assert caps('host:', '--require', 'not simulated and memory.bytes > 1MiB').stdout == ''


@tap.case('--require names the part that does not hold, with the value seen')
def fails():
    got = caps('host:', '--require', 'class == cpu and memory.bytes >= 4096TiB', code=1)
    assert got.stdout == '' and len(got.stderr.splitlines()) == 1, got
    tap.says(got.stderr, 'host:', 'column 18: memory.bytes is ', ' bytes, required >= 4096TiB')
    got = caps('host:', '--require', 'region.slots >= 2', code=1)
    tap.says(got.stderr, 'column 1: region.slots is no property of this device, required >= 2')
    tap.says(caps('host:', '--require', 'not class==cpu', code=1).stderr,
             'column 5: class is "cpu", required not ==cpu')
    tap.says(caps('host:', '--require', 'simulated', code=1).stderr,
             'simulated is false, required true or not 0')
    tap.says(caps('host:', '--require', 'not(feature.images )', code=1).stderr,
             'feature.images is true, required false or 0')
    if SIM:
        tap.says(caps(GPU, '--require', 'region.drain < 1ms', code=1).stderr,
                 'region.drain is unknown, required < 1ms')
        caps(GPU, '--require', 'region.drain == null and memory.total_bytes == 256MiB')


@tap.case('--require refuses what is malformed, with the column')
def malformed():
    for text, column, says in (('', 1, 'a property is missing'), ('class ==', 9, 'a value'),
                               ('class == cpu und simulated', 14, 'and, or'),
                               ('memory.bytes >= 3 furlongs', 19, 'GiB'),
                               ('memory.bytes >= 3GHz', 1, 'MiB'),
                               ('simulated and class > 3', 15, 'another type')):
        got = caps('host:', '--require', text, code=2)
        assert got.stdout == '', got.stdout
        tap.says(got.stderr, f'column {column}', says)
    # Malformed words are told before a device is opened.
    tap.says(caps('moon:', '--require', '(', code=2).stderr, 'column 2')


@tap.case('a name that no device has is refused, with the nearest ones')
def names():
    got = caps('host:', '--require', 'simulated == false or memory.byts > 1', code=2)
    tap.says(got.stderr, 'column 23', 'memory.byts', 'memory.bytes')
    tap.says(caps('host:', '--require', 'regoin.slots > 1', code=2).stderr, 'region.slots')


@tap.case('--require --json tells the same')
def required():
    document = json.loads(caps('host:', '--json', '--require', 'class == cpu').stdout)
    assert document['holds'] is True and document['missed'] == [], document
    document = json.loads(caps('host:', '--json', '--require', 'class == gpu', code=1).stdout)
    assert document['holds'] is False, document
    assert document['missed'] == [{'part': 'class == gpu', 'column': 1, 'seen': '"cpu"'}]


@tap.case('--diff shows what differs between two devices, and exits like diff')
def diff():
    assert caps('host:', '--diff', 'host:').stdout == ''
    assert json.loads(caps('host:', '--diff=host:', '--json').stdout)['differences'] == []
    tap.says(caps('host:', '--diff', 'moon:', code=2).stderr, 'moon')
    if not SIM:
        return
    lines = caps('host:', '--diff', GPU, code=1).stdout.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows['class'] == ['cpu', 'gpu'] and rows['simulated'] == ['no', 'yes'], rows
    assert rows['region.slots'][0] == '-' and 'feature.images' not in rows, rows
    differences = json.loads(caps(GPU, '--diff', 'host:', '--json', code=1).stdout)['differences']
    by_name = {row['name']: row for row in differences}
    assert sorted(by_name) == sorted(rows), (by_name, rows)
    slots = by_name['region.slots']
    assert slots['a'] == int(rows['region.slots'][1]) and slots['b_has'] is False, slots


@tap.case('every property of every device is in the table of properties')
def table():
    devices = ['host:']
    if SIM:
        devices += [GPU, 'sim:dsa-small',
                    'sim:rpu-small', 'sim:edu', 'sim:almaif']
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        '../../tools/roadbed/properties.def')
    with open(path) as file:
        known = {line.split('"')[1]: line.split('"')[3] for line in file
                 if line.startswith(('PROPERTY(', 'FACT('))}
    for device in devices:
        for row in json.loads(caps(device, '--json').stdout)['properties']:
            assert row['name'] in known, (device, row)
            assert (row['unit'] or '') in ('', known[row['name']]), (device, row)


@tap.case('wrong words are refused')
def words():
    tap.says(caps(code=2).stderr, 'takes one DEVICE')
    tap.says(caps('host:', 'host:', code=2).stderr, 'takes one DEVICE')
    tap.says(caps('host:', '--diff', 'host:', '--require', 'simulated', code=2).stderr,
             'one of both')
    tap.says(caps('host:', '--requir', 'x', code=2).stderr, 'no such option')
    tap.says(caps('moon:', code=1).stderr, 'moon')
    tap.says(caps('moon:', '--require', 'simulated', code=2).stderr, 'moon')


tap.main()
