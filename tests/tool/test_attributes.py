#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What other interfaces ask of a device is answered, and rightly: test_attributes.py ROADBED [SIM].
Values are held to the chips' descriptions, from which this computes them on its own."""
import json
import os
import re
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../tools/roadbed')
CHIPS = ('gpu-small', 'a100-sxm4-40gb', 'v100-sxm2', 'dsa-small', 'ascend-910b2', 'rpu-small', 'tx81',
         'openedge')
TEXT = r'"((?:[^"\\]|\\.)*)"'
# What a chip need not have, or nobody has published; all else is known of each chip.
MAY_BE_UNKNOWN = {'vendor_id', 'memory.clock_hz', 'memory.bus_bits', 'l2.line_bytes', 'peak.vector.f64'}
# Of chips that boot firmware, or can be reconfigured.
MAY_LACK = ('firmware.', 'region.')
SENSIBLE = {'Hz': (10**6, 10**10), 'bytes': (1, 2**56), 'bits': (8, 2**16), '1/s': (10**6, 10**18),
            '': (0, 2**32)}
ASKED = {'tvm': 17, 'triton': 7, 'opencl': 110}


def table(name):
    with open(os.path.join(TABLES, name), encoding='utf-8') as file:
        return file.read()


def attributes():
    """(interface, theirs, ours, classes); ours is None where it has no meaning."""
    text = table('attributes.def')
    rows = re.findall(rf'^ATTRIBUTE\((\w+), {TEXT}, {TEXT}, {TEXT}, {TEXT}\)$', text, re.M)
    none = re.findall(rf'^NO_ATTRIBUTE\((\w+), {TEXT}, {TEXT}\)$', text, re.M)
    lines = [line for line in text.splitlines() if line.startswith(('ATTRIBUTE', 'NO_'))]
    assert len(rows) + len(none) == len(lines), 'a row of attributes.def is malformed'
    assert all(why for _, _, why in none)
    return ([(interface, theirs, ours, classes.split()) for interface, theirs, ours, classes, _ in rows] +
            [(interface, theirs, None, []) for interface, theirs, _ in none])


def properties(chip):
    found = json.loads(tap.run(ROADBED, 'caps', 'sim:' + chip, '--json').stdout)['properties']
    for row in found:
        row['value'] = next(value for key, value in row.items() if key.startswith('value'))
    return {row['name']: row for row in found}


def description(chip):
    """The chip's file: name of a value to (number or text, kind)."""
    rows = json.loads(tap.run(ROADBED, 'chip', 'show', chip, '--json').stdout)['parameters']
    number = re.compile(r'[0-9.]+$')
    return {row['name']: (float(row['value']) if number.match(row['value']) else row['value'], row['kind'])
            for row in rows}


@tap.case('each attribute of the other interfaces is in the table, once for each class of devices')
def complete():
    seen = {}
    for interface, theirs, ours, classes in attributes():
        of = seen.setdefault((interface, theirs), [])
        assert not (ours is None and of) and None not in of, (interface, theirs)
        assert ours is None or classes, (interface, theirs)
        assert not set(of) & set(classes), (interface, theirs)
        of.extend(classes if ours else [None])
    for interface, count in ASKED.items():
        assert sum(one == interface for one, _ in seen) == count, interface
    assert set(one for one, _ in seen) == set(ASKED)
    known = set(re.findall(r'^(?:PROPERTY|FACT)\("(.*?)"', table('properties.def'), re.M))
    for _, theirs, ours, _ in attributes():
        assert ours is None or ours in known, (theirs, ours)


def check_value(chip, theirs, row):
    what = (chip, theirs, row)
    unit, value = row['unit'] or '', row['value']
    if value is None:
        assert row['name'] in MAY_BE_UNKNOWN or row['name'].startswith(MAY_LACK), what
        return
    if isinstance(value, bool):
        return
    if isinstance(value, str):
        assert value, what
        return
    low, high = SENSIBLE[unit]
    assert low <= value <= high, what


@tap.case('each device has the properties that stand for attributes, with a sensible value or null')
def answered():
    if not SIM:
        return 'needs libroadbed-sim'
    for chip in CHIPS:
        has = properties(chip)
        device_class = has['class']['value']
        for _, theirs, ours, classes in attributes():
            if device_class not in classes:
                continue
            if ours in has:
                check_value(chip, theirs, has[ours])
            else:
                assert ours.startswith(MAY_LACK), (chip, theirs, ours)


def gpu_peaks(d):
    units = d['sm_count'] * d['subcores'] * d['clock'] * 1e6
    capability = d['compute_major'] + d['compute_minor'] / 10

    def lanes(name, each, since=0.0):
        passes = -(-32 // int(d[name]))
        return units * 32 * each / passes if capability >= since else None

    def tensor(factor, since):
        return units * d['tensor_fmas'] * 2 * factor if capability >= since else None
    return {'vector.f64': lanes('fp64_lanes', 2), 'vector.f32': lanes('fp32_lanes', 2),
            'vector.f16': lanes('fp16_lanes', 4), 'vector.bf16': lanes('fp16_lanes', 4, 8.0),
            'vector.i32': lanes('int_lanes', 2), 'vector.i8': lanes('int_lanes', 8),
            'matrix.f64': tensor(1 / 16, 8.0), 'matrix.f32': None, 'matrix.tf32': tensor(1 / 2, 8.0),
            'matrix.f16': tensor(1, 7.0), 'matrix.bf16': tensor(1, 8.0), 'matrix.i8': tensor(2, 7.2)}


def dsa_peaks(d):
    cores = d['cores'] * d['clock'] * 1e6

    def cube(size, slower=1):
        return cores * 2 * d['cube_m'] * d['cube_n'] * (d['cube_k'] // size) / d['cube_interval'] / slower
    return {'vector.f64': None, 'vector.f32': cores * d['vector'] / 4 * 2,
            'vector.f16': cores * d['vector'] / 2 * 2, 'vector.bf16': cores * d['vector'] / 2 * 2,
            'vector.i32': cores * d['vector'] / 4, 'vector.i8': None, 'matrix.f64': None,
            'matrix.f32': cube(4, d['cube_f32_factor']), 'matrix.tf32': None, 'matrix.f16': cube(2),
            'matrix.bf16': cube(2), 'matrix.i8': cube(1)}


def rpu_peaks(d):
    tiles = d['tiles'] * d['clock'] * 1e6
    suffix = '_cost' if d['stepwise'] else '_interval'

    def best(**classes):
        return max(tiles * d['rows'] * d['columns'] * each / d.get(name + suffix, 1)
                   for name, each in classes.items())
    neur = tiles * d['neur_side']**3 * 2 if d['neur'] else None
    half = best(fma=4, dot=4, fadd=2, fmul=2)
    return {'vector.f64': None, 'vector.f32': best(fma=2, fadd=1, fmul=1), 'vector.f16': half,
            'vector.bf16': half, 'vector.i32': best(mul=2, alu=1), 'vector.i8': best(dot=8, alu=4),
            'matrix.f64': None, 'matrix.f32': None, 'matrix.tf32': None, 'matrix.f16': neur,
            'matrix.bf16': neur, 'matrix.i8': neur}


@tap.case('peak rates are units times width times clock of the description, assumed where it assumes')
def peaks():
    if not SIM:
        return 'needs libroadbed-sim'
    for chip in CHIPS:
        has, described = properties(chip), description(chip)
        family = has['class']['value']
        values = {name: value for name, (value, _) in described.items()}
        wanted = {'gpu': gpu_peaks, 'dsa': dsa_peaks, 'rpu': rpu_peaks}[family](values)
        assert set(wanted) == {name[5:] for name in has if name.startswith(('peak.v', 'peak.m'))}, chip
        for name, rate in wanted.items():
            row = has['peak.' + name]
            what = (chip, row, rate)
            if rate is None:
                assert row['value'] is None, what
                continue
            assert abs(row['value'] - rate) <= rate * 1e-6, what
            assert row['source'] in ('register', 'assumed'), what
    # All values behind this one are published; one of those behind the other is not.
    has = properties('v100-sxm2')
    assert has['peak.vector.f32']['source'] == 'register', has['peak.vector.f32']
    assert has['peak.vector.f16']['source'] == 'assumed', has['peak.vector.f16']
    assert description('v100-sxm2')['fp16_lanes'][1] == 'assumed'
    # What the address says is nobody's data sheet.
    has = properties('v100-sxm2?fp32_lanes=8')
    assert has['peak.vector.f32']['source'] == 'assumed', has['peak.vector.f32']


@tap.case('what the data sheet says is the catalogue\'s, and assumed where nobody has published it')
def published():
    if not SIM:
        return 'needs libroadbed-sim'
    names = {'peak.published.f16': ('peak_f16', 1e12), 'peak.published.bf16': ('peak_bf16', 1e12),
             'peak.published.f32': ('peak_f32', 1e12), 'peak.published.i8': ('peak_i8', 1e12),
             'memory.clock_hz': ('memory_clock', 1e6), 'memory.bus_bits': ('memory_bus', 1)}
    for chip in CHIPS:
        has, described = properties(chip), description(chip)
        for name, (key, scale) in names.items():
            value, kind = described.get(key, (None, 'datasheet'))
            assert has[name]['value'] == (None if value is None else round(value * scale)), (chip, name)
            assert has[name]['source'] == ('assumed' if kind == 'assumed' else 'catalogue'), (chip, name)
    has = properties('a100-sxm4-40gb')
    assert has['peak.published.f16']['value'] == 312 * 10**12, has['peak.published.f16']
    # Two transfers a cycle on each line of the bus: what the memory's rate is made of.
    rate = 2 * has['memory.clock_hz']['value'] * has['memory.bus_bits']['value'] / 8
    assert abs(rate / has['memory.bytes_per_second']['value'] - 1) < 0.01, rate
    assert properties('ascend-910b2')['peak.published.f16']['source'] == 'assumed'


tap.main()
