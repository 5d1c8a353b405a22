#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the command prints as JSON, against the schemas that are installed with it:
test_schema.py ROADBED [fw] [sim]."""
import copy
import glob
import os
import re
import subprocess
import sys

import schema
import tap

ROADBED = os.path.abspath(sys.argv[1])
FW, SIM = 'fw' in sys.argv[2:], 'sim' in sys.argv[2:]
HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, '../../tools/roadbed')
KERNEL = os.path.join(HERE, '../kernels/nvcc/vecadd.sm80.ptx')
CHIPS = ['sim:edu', 'sim:almaif', 'sim:gpu-small', 'sim:dsa-small', 'sim:rpu-small',
         'sim:a100-sxm4-80gb', 'sim:ascend-910b', 'sim:mi300x'] if SIM else []
ENV = {name: value for name, value in os.environ.items()
       if name not in ('ROADBED_DEVICES', 'ROADBED_DRIVERS')}
SEEN = {}  # one document of each schema, for the tests of the schemas themselves


def valid(*words, codes=(0,), **more):
    got = subprocess.run([ROADBED, *words], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=120, env=dict(ENV, ROADBED_CACHE='off', **more))
    assert got.returncode in codes, (words, got.returncode, got.stderr)
    try:
        documents = schema.check(got.stdout)
    except (AssertionError, ValueError) as problem:
        raise AssertionError(f'{" ".join(words)}: {problem}') from problem
    for document in documents:
        # Of two the larger one: an empty list says little of its schema.
        kept = SEEN.get(document['schema'])
        if kept is None or len(str(document)) > len(str(kept)):
            SEEN[document['schema']] = document
    return documents


def needs_validator(function):
    def checked():
        return function() if schema.jsonschema else schema.MISSING
    return checked


@tap.case('each schema is sound, and named in the documents that it describes')
@needs_validator
def sound():
    for name, one in schema.PLAIN.items():
        schema.jsonschema.Draft202012Validator.check_schema(one)
        assert one['$schema'].endswith('/2020-12/schema') and 'schema' in one['required'], name
        assert one['properties']['schema'] == {'const': f'roadbed.{name[:-5]}.1'}, name
    names = set()
    for path in glob.glob(os.path.join(TOOL, '*.c')):
        with open(path, encoding='utf-8') as file:
            for call in re.findall(r'json_(?:document|add_schema)\(([^()]*)\)', file.read()):
                names |= {f'{word}.json' for word in re.findall(r'"([a-z-]+)"', call)}
    assert names == set(schema.PLAIN), names ^ set(schema.PLAIN)


@tap.case('list, explain, doctor and chip print what their schemas say')
@needs_validator
def catalogue():
    devices = ';'.join(CHIPS + ['sim:nonesuch', 'moon:'])
    for words in (['list'], ['list', '--all'], ['explain'], ['explain', '--all']):
        valid(*words, '--json')
        valid(*words, '--json', ROADBED_DEVICES=devices)
    os.makedirs('open')
    os.chmod('open', 0o777)
    valid('doctor', '--json', codes=(0, 1, 2), ROADBED_DRIVERS=os.path.abspath('open'))
    if not SIM:
        return
    names = [chip['name'] for chip in valid('chip', 'list', '--json')[0]['chips']]
    for name in names[::4] + ['edu', 'gpu-small', 'thrive']:
        valid('chip', 'show', name, '--json')
    valid('chip', 'check', os.path.join(HERE, '../../simulators/chips/edu.yaml'), '--json')


@tap.case('info, caps, topo, regions, watch and events print what their schemas say')
@needs_validator
def devices():
    for device in ['host:'] + CHIPS:
        valid('info', device, '--json')
        valid('info', device, '--json', '--no-wake')
        valid('caps', device, '--json')
        valid('events', device, '--once', '--json')
    for chip in CHIPS[2:5]:
        valid('regions', chip, '--json')
    valid('info', '--json', ROADBED_DEVICES=';'.join(CHIPS))
    valid('caps', 'host:', '--json', '--require', 'class == cpu')
    valid('caps', 'host:', '--json', '--require', 'class == gpu', codes=(1,))
    valid('caps', 'host:', '--json', '--diff', (CHIPS + ['host:'])[0], codes=(0, 1))
    valid('topo', '--json')
    valid('topo', '--json', 'host:', *CHIPS)
    valid('watch', '--json-lines', '--count', '2', '--interval', '0', 'host:', *CHIPS)


@tap.case('run and diff print what their schemas say')
@needs_validator
def runs():
    if not SIM:
        return 'needs libroadbed-sim'
    for mode in ('functional', 'approx'):
        valid('run', f'sim:gpu-small?time={mode}', KERNEL, 'vecadd', '--grid', '2', '--block', '64',
              'iota:f32:128', 'iota:f32:128', 'zeros:f32:128', 'u32:128', '--json', '--report',
              f'{mode}.json')
        with open(f'{mode}.json', encoding='utf-8') as file:
            schema.check(file.read())
    valid('diff', 'functional.json', 'approx.json', '--json', codes=(1,))


@tap.case('fw prints what its schemas say')
@needs_validator
def firmware():
    if not FW:
        return 'needs libroadbed-firmware'
    valid('fw', 'keygen', 'key', '--json')
    with open('payload', 'wb') as file:
        file.write(b'firmware' * 9)
    for name, version in (('a.img', '1.0.0'), ('b.img', '1.0.1')):
        valid('fw', 'sign', 'payload', '-k', 'key', '--version', version, '--component', 'part',
              '-o', name, '--json')
        valid('fw', 'inspect', name, '--json')
    valid('fw', 'verify', 'a.img', '--key', 'key.pub', '--json')
    valid('fw', 'diff', 'a.img', 'b.img', '--json', codes=(1,))
    valid('fw', 'load', 'store', 'a.img', '--key', 'key.pub', '--json')
    valid('fw', 'status', 'store', '--key', 'key.pub', '--json')
    os.makedirs('bundle')
    os.rename('b.img', 'bundle/b.img')
    valid('fw', 'bundle', 'create', 'bundle', '-k', 'key', '--version', '1.0.0', '--chips',
          'gpu-small', '--licence', 'Apache-2.0', '--json')
    valid('fw', 'bundle', 'verify', 'bundle', '--key', 'key.pub', '--json')
    valid('fw', 'search', 'vendor/chip/part.img', '--json', codes=(1, 3))
    for chip in CHIPS[2:5]:
        valid('fw', 'status', chip, '--json')
        valid('fw', 'log', chip, '--json')
        valid('fw', 'log', chip, '--crash', '--json')


OPTIONAL = {('roadbed.fw-log.1', 'dump')}


def trimmed(document):
    """With one member of each array: the others are like it, and it is quicker."""
    if isinstance(document, dict):
        return {key: trimmed(value) for key, value in document.items()}
    if isinstance(document, list):
        return [trimmed(one) for one in document[:1]]
    return document


def places(document, path=()):
    """Each object in it, an array's first one standing for all, by its path."""
    if isinstance(document, dict):
        yield path
        for key, value in document.items():
            yield from places(value, path + (key,))
    elif isinstance(document, list) and document:
        yield from places(document[0], path + (0,))


def at(document, path):
    for key in path:
        document = document[key]
    return document


@tap.case('a member that is missing, unknown or of another type is seen in each of them')
@needs_validator
def broken():
    assert len(SEEN) >= (20 if SIM else 8), sorted(SEEN)
    for name, document in SEEN.items():
        if name != 'roadbed.fw-store.1':  # its two slots are all there are
            document = trimmed(document)
        assert not schema.errors(document), name
        for path in places(document):
            if name == 'roadbed.report.1' and path:
                continue  # families have members of their own
            if name == 'roadbed.diff.1' and path:
                continue
            for change in list(at(document, path)) + ['']:
                wrong = copy.deepcopy(document)
                if not change:
                    at(wrong, path)['no_such_member'] = 1
                    if name != 'roadbed.report.1':
                        assert schema.errors(wrong), f'{name}: {path}: another member'
                    continue
                described = name != 'roadbed.report.1' or change in \
                    schema.PLAIN['report.json']['required']
                at(wrong, path)[change] = {'no_such_member': 1}
                assert schema.errors(wrong) or not described, f'{name}: {path}: {change} as an object'
                del at(wrong, path)[change]
                described &= (name, change) not in OPTIONAL
                assert schema.errors(wrong) or not described, f'{name}: {path}: no {change}'


tap.main()
