#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the `roadbed` command as a person would: test_command.py ROADBED HOST_KERNELS PTX [SIM].

PTX is the folder of compiled kernels; without SIM (libroadbed-sim is not built) what needs a
simulated device is skipped, by name.
"""
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile

ROADBED, KERNELS, PTX = (os.path.abspath(path) for path in sys.argv[1:4])
SIM = len(sys.argv) > 4
GPU = 'sim:gpu-small?time=approx'
CASES = []


def case(name, sim=False):
    def add(function):
        CASES.append((name, sim, function))
        return function
    return add


def roadbed(*words, code=0, text=True, **options):
    got = subprocess.run([ROADBED, *words], stdin=subprocess.DEVNULL, capture_output=True,
                         text=text, timeout=300, **options)
    assert got.returncode == code, f'exit {got.returncode}, wanted {code}: {got.stderr}'
    return got


def refused(*words, code, says, **options):
    """Exits so, says each of these on stderr, in one line, and prints nothing."""
    got = roadbed(*words, code=code, **options)
    assert got.stdout == '', got.stdout
    assert got.stderr.startswith('roadbed: '), got.stderr
    for text in says:
        assert text in got.stderr, f'{text!r} is not in {got.stderr!r}'
    return got


def floats(path):
    with open(path, 'rb') as file:
        data = file.read()
    return struct.unpack(f'<{len(data) // 4}f', data)


def saxpy(*extra, n=100, **options):
    return roadbed('run', 'host:', KERNELS, 'saxpy', '--grid', '4', '--block', '32',
                   f'iota:f32:{n}', *extra, 'f32:2', f'u32:{n}', **options)


def vecadd(*options, device=GPU, out='c', n=1000):
    return roadbed('run', device, f'{PTX}/vecadd.sm80.ptx', 'vecadd', '--grid', '4', '--block',
                   '256', *options, f'iota:f32:{n}', f'rand:f32:{n}:1>b', f'zeros:f32:{n}>{out}',
                   f'i32:{n}')


@case('regions says of a processor that it is not configured')
def no_regions():
    refused('regions', 'host:', code=1, says=['cannot be reconfigured', 'ROAD_FEATURE_REGIONS'])
    refused('regions', code=2, says=['takes one DEVICE'])


@case('regions shows slots, costs and what a region can, as text and as JSON', sim=True)
def regions():
    document = json.loads(roadbed('regions', 'sim:rpu-small', '--json').stdout)
    root = document['regions'][0]
    assert document['schema'] == 'roadbed.regions.1' and len(document['regions']) == 1
    assert root['index'] == 0 and root['children'] == 0 and root['active'] is None
    assert root['unit'] == 'tile' and root['units'] > 1
    assert {slot['state'] for slot in root['slots']} == {'empty'}
    assert root['cost']['load_ns'] > 0 and 'read back' in root['can']
    text = roadbed('regions', 'sim:rpu-small').stdout
    assert f'region 0: {root["units"]} tiles from 0' in text, text
    assert text.count('  slot ') == len(root['slots']), text


# What of each region's lines tells its share; a region of another layout, then its children.
SHARES = {
    ('sim:gpu-small', '1,3'): [
        'region 0: 4 slices from 0', '  has [512 KiB of cache] [64.0 GB/s]',
        '  each slice brings a child [64 MiB of memory] [128 KiB of cache] [16.0 GB/s]',
        '  region 1: 1 slice from 0',
        '    has [64 MiB of memory] [128 KiB of cache] [16.0 GB/s]',
        '  region 2: 3 slices from 1',
        '    has [192 MiB of memory] [384 KiB of cache] [48.0 GB/s]'],
    ('sim:a100-sxm4-80gb', '3,4'): [
        'region 0: 7 slices from 0', '  has [40 MiB of cache] [2039.0 GB/s]',
        '  each slice brings a child [11983680 KiB of memory] [5 MiB of cache] [254.9 GB/s]',
        '  region 1: 3 slices from 0',
        '    has [35951168 KiB of memory] [15 MiB of cache] [764.6 GB/s]',
        '  region 2: 4 slices from 3',
        '    has [47934848 KiB of memory] [20 MiB of cache] [1019.5 GB/s]'],
    ('sim:dsa-small', '1,1'): [
        'region 0: 2 cores from 0', '  region 1: 1 core from 0', '  region 2: 1 core from 1'],
}


@case('regions shows what a part of the chip has to itself', sim=True)
def shares():
    for (device, layout), golden in SHARES.items():
        text = roadbed('regions', device, '--layout', layout).stdout
        seen = [line.split(', generation')[0] for line in text.splitlines()
                if 'region ' in line or ' has [' in line or ' each ' in line]
        assert seen == golden, '\n'.join(seen)
        document = json.loads(roadbed('regions', device, '--layout', layout, '--json').stdout)
        units = [region['units'] for region in document['regions'][1:]]
        assert units == [int(part) for part in layout.split(',')], units
        for region in document['regions'][1:]:
            for what in ('cache_bytes', 'memory_bytes_per_second'):
                each = region['unit_' + what]
                assert region[what] == (each and each * region['units']), (what, region)


@case('regions refuses a layout that is none, and one that the device has not', sim=True)
def layouts():
    for layout in ('', '1,', 'two', '1;3'):
        refused('regions', 'sim:gpu-small', '--layout', layout, code=2,
                says=['is no layout', '1,3'])
    refused('regions', 'sim:gpu-small', '--layout', '3,3', code=1,
            says=['splitting the device', 'beyond the region'])
    refused('regions', 'sim:gpu-small', '--layout', ','.join('1' * 17), code=1,
            says=['too many parts'])
    refused('regions', 'sim:fpga', '--layout', '1', code=1, says=['splitting the device'])


@case('the same properties tell of regions whatever the class', sim=True)
def region_properties():
    names = []
    for device in ('sim:gpu-small', 'sim:dsa-small', 'sim:rpu-small'):
        info = json.loads(roadbed('info', device, '--json').stdout)
        said = {p['name']: next(value for key, value in p.items() if key.startswith('value'))
                for p in info['properties'] if p['name'].startswith('region.')}
        names.append(sorted(said))
        assert said['region.slots'] >= 1 and said['region.layouts'] is True, said
        assert said['region.activate'] > 0 and said['region.cost_quality'], said
        assert (said['region.state_bytes'] or 0) > 0 or not said['region.state'], said
    assert names[0] == names[1] == names[2] and len(names[0]) == 24, names
    info = json.loads(roadbed('info', 'sim:gpu-small?regions=0', '--json').stdout)
    assert not [p for p in info['properties'] if p['name'].startswith('region.')]


@case('no verb, and a wrong one, print what there is')
def _():
    assert 'usage:' in roadbed(code=2).stderr
    refused('fly', code=2, says=['no such verb', 'fly', 'list info caps explain regions'])
    assert 'roadbed run' in roadbed('--help').stdout
    assert roadbed('--version').stdout.startswith('roadbed ')


@case('what cannot be printed is a failure')
def _():
    with open('/dev/full', 'w') as full:
        got = subprocess.run([ROADBED, 'list'], stdout=full, stderr=subprocess.PIPE, text=True)
    assert got.returncode == 1 and 'standard output' in got.stderr, got


@case('list names the host device')
def _():
    devices = json.loads(roadbed('list', '--json').stdout)
    assert devices['schema'] == 'roadbed.list.1'
    host = [d for d in devices['devices'] if d['address'] == 'host:']
    assert len(host) == 1 and host[0]['simulated'] is False and host[0]['status'] == 'ok', host
    assert 'host:' in roadbed('list').stdout


@case('list and explain take no argument')
def _():
    refused('list', 'x', code=2, says=['takes no argument', 'x'])
    refused('list', '--al', code=2, says=['no such option', '--al', '--all --json --cdi --nfd'])
    refused('explain', '--every', code=2, says=['no such option'])


@case('list --all adds the chips that could be simulated', sim=True)
def _():
    few = {d['address'] for d in json.loads(roadbed('list', '--json').stdout)['devices']}
    many = json.loads(roadbed('list', '--all', '--json').stdout)['devices']
    names = {d['address'] for d in many}
    assert few < names and {'sim:edu', 'sim:a100-sxm4-80gb'} <= names, names
    assert all(d['simulated'] for d in many if d['address'].startswith('sim:'))
    assert 'simulated' in roadbed('list', '--all').stdout


@case('ROADBED_DEVICES brings simulated devices into the list', sim=True)
def _():
    env = dict(os.environ, ROADBED_DEVICES='sim:edu')
    devices = json.loads(roadbed('list', '--json', env=env).stdout)['devices']
    assert 'sim:edu' in [d['address'] for d in devices], devices


@case('explain gives a reason for every candidate')
def _():
    candidates = json.loads(roadbed('explain', '--json').stdout)['candidates']
    assert candidates
    for one in candidates:
        assert one['status'] == 'ok' or one['reason'], one


@case('info tells what the host device is')
def _():
    info = json.loads(roadbed('info', 'host:', '--json').stdout)
    assert info['schema'] == 'roadbed.info.1' and info['simulated'] is False and info['class'] == 'cpu'
    assert info['pci_vendor'] is None and info['pci_address'] is None
    assert info['heaps'] and all('granule_bytes' in h for h in info['heaps'])
    assert info['properties'] and all(p['source'] for p in info['properties'])
    assert 'not simulated' in roadbed('info', 'host:').stdout


@case('info says of a simulated chip that it is simulated', sim=True)
def _():
    info = json.loads(roadbed('info', 'sim:a100-sxm4-80gb', '--json').stdout)
    assert info['simulated'] is True and info['class'] == 'gpu'
    assert info['memory_bytes'] == 80 << 30, info['memory_bytes']
    assert '(simulated)' in roadbed('info', 'sim:a100-sxm4-80gb').stdout


@case('info names what is wrong with an address')
def _():
    refused('info', '--field', 'x', code=2, says=['takes one DEVICE'])
    refused('info', 'host:', 'host:', code=2, says=['takes one DEVICE'])
    refused('info', 'moon:', code=1, says=['moon'])
    refused('info', '', code=1, says=['address'])


@case('a chip that does not exist is not found', sim=True)
def _():
    refused('info', 'sim:nonesuch', code=1, says=['nonesuch', 'allowed: one of `roadbed list --all`'])
    refused('info', 'sim:h100', code=1,
            says=['"h100"', 'allowed: did you mean h100-sxm5? (`roadbed list --all`)'])
    refused('info', 'sim:edu?nonesuch=1', code=1, says=['nonesuch'])


@case('a kernel of a shared object runs on the host, with right numbers')
def _():
    got = saxpy('iota:f32:100>y')
    assert floats('y') == tuple(3.0 * i for i in range(100))
    assert 'saxpy' in got.stdout and 'not simulated' in got.stdout
    assert 'uncalibrated' not in got.stdout


@case('results of a file come from a file, and go to it')
def _():
    with open('in', 'wb') as file:
        file.write(struct.pack('<3f', 1, 2, 3))
    roadbed('run', 'host:', KERNELS, 'saxpy', '--grid=1', '--block=4', 'in:f32:in', 'in:f32:in>in',
            'f32:1', 'u32:3')
    assert floats('in') == (2, 4, 6)


@case('the report of a device that is not simulated has null for what is unknown')
def _():
    saxpy('zeros:f32:100', '--report', 'r.json')
    with open('r.json') as file:
        report = json.load(file)
    assert report['schema'] == 'roadbed.report.1' and report['cycles'] is None and report['simulated'] is False
    assert report['order_sensitive'] is None and report['wall_seconds'] >= 0


@case('--json prints the report in place of the summary')
def _():
    report = json.loads(saxpy('zeros:f32:100', '--json').stdout)
    assert report['kernel'] == 'saxpy' and report['grid'] == [4, 1, 1]


@case('what a kernel prints stands before the summary, in "output" with --json', sim=True)
def _():
    print_ptx = os.path.join(PTX, '..', 'clang', 'print.ptx')
    words = ['run', 'sim:gpu-small', print_ptx, 'flood', '--grid=1', '--block=1', 'i32:2']
    got = roadbed(*words).stdout
    assert got.startswith('line 0\nline 1\nkernel '), got
    assert json.loads(roadbed(*words, '--json').stdout)['output'] == 'line 0\nline 1\n'


@case('a failed assertion says where and what, behind what was printed', sim=True)
def _():
    print_ptx = os.path.join(PTX, '..', 'clang', 'print.ptx')
    got = roadbed('run', 'sim:gpu-small', print_ptx, 'asserts', '--grid=1', '--block=4', 'i32:2',
                  code=1)
    assert "print.cu:61: check: assertion `i < limit' failed" in got.stderr, got.stderr
    assert got.stdout == 'before\n', got.stdout


@case('the number of arguments and the size of each are checked')
def _():
    words = ['run', 'host:', KERNELS, 'saxpy', '--grid', '1', '--block', '1']
    refused(*words, 'zeros:f32:1', code=2, says=['number of arguments', 'seen: 1', 'allowed: 4'])
    refused(*words, 'zeros:f32:1', 'zeros:f32:1', 'f64:1', 'u32:1', code=2,
            says=['argument 2', 'f64:1', 'seen: 8 bytes', 'allowed: 4 bytes'])
    refused(*words, 'zeros:f32:1', 'zeros:f32:1', 'zeros:f32:1', 'u32:1', code=2,
            says=['argument 2', 'the address of a buffer', 'allowed: 4 bytes'])
    refused(*words, 'i32:1', 'zeros:f32:1', 'f32:1', 'u32:1', code=2,
            says=['argument 0', 'seen: 4 bytes', 'allowed: 8 bytes'])


@case('wrong words are refused before a device is opened')
def _():
    refused('run', code=2, says=['DEVICE IMAGE KERNEL'])
    refused('run', 'moon:', 'x', 'k', code=2, says=['--grid', 'is missing'])
    refused('run', 'moon:', 'x', 'k', '--grid', '1', code=2, says=['--block', 'is missing'])
    sizes = ['run', 'moon:', 'x', 'k', '--grid', '1', '--block', '1']
    refused(*sizes, 'ones:f32:1', code=2, says=['argument 0', 'no such type'])
    refused(*sizes, '--shared', '-1', code=2, says=['--shared', '-1'])
    refused(*sizes, '--grid', '2', code=2, says=['--grid', 'given twice'])
    refused('run', 'moon:', 'x', 'k', '--grid', '0', '--block', '1', code=2, says=['--grid', '0'])
    refused(*sizes, '--trace', 't', '--report', code=2, says=['--report', 'lacks its value'])


@case('a missing image, a missing kernel and a missing input are failures that are named')
def _():
    sizes = ['--grid', '1', '--block', '1']
    refused('run', 'host:', 'none.so', 'k', *sizes, code=1, says=['none.so'])
    refused('run', 'host:', KERNELS, 'none', *sizes, code=1, says=['none'])
    refused('run', 'host:', KERNELS, 'saxpy', *sizes, 'in:f32:absent', 'zeros:f32:1', 'f32:1',
            'u32:1', code=1, says=['absent', 'cannot be opened'])


@case('a kernel that fails is a failure, and leaves no file')
def _():
    got = refused('run', 'host:', KERNELS, 'fails', '--grid', '1', '--block', '1', '--report', 'r',
                  code=1, says=['fails'])
    assert 'fault' in got.stderr, got.stderr
    assert os.listdir() == [], os.listdir()


@case('trace is refused where nothing is simulated')
def _():
    got = saxpy('zeros:f32:100', '--trace', 't', code=1)
    assert 'time=trace' in got.stderr and os.listdir() == [], got.stderr


@case('an output that cannot be written leaves the others as they were')
def _():
    with open('y', 'w') as file:
        file.write('old')
    got = saxpy('iota:f32:100>y', '--report', 'no/such/folder', code=1)
    assert 'no/such/folder' in got.stderr
    with open('y') as file:
        assert file.read() == 'old'
    assert os.listdir() == ['y'], os.listdir()


@case('one file for two outputs is refused')
def _():
    got = saxpy('iota:f32:100>y', '--report', './y', code=1)
    assert 'twice' in got.stderr and os.listdir() == [], got.stderr


@case('an output keeps its mode, and a link stays one')
def _():
    with open('real', 'w'):
        os.chmod('real', 0o640)
    os.symlink('real', 'link')
    saxpy('iota:f32:100>link')
    assert os.path.islink('link') and len(floats('real')) == 100
    assert stat.S_IMODE(os.stat('real').st_mode) == 0o640


@case('an output may be a device or a pipe')
def _():
    got = saxpy('iota:f32:100>/dev/stdout', text=False)
    assert struct.pack('<2f', 0, 3) in got.stdout


@case('compiled PTX runs on a simulated GPU, with right numbers', sim=True)
def _():
    got = vecadd()
    b, c = floats('b'), floats('c')
    want = [struct.unpack('<f', struct.pack('<f', i + x))[0] for i, x in enumerate(b)]
    assert list(c) == want and len(c) == 1000
    for word in ('vecadd', '(simulated)', 'uncalibrated', 'cycles', 'warp-instr/s', 'occupancy'):
        assert word in got.stdout, (word, got.stdout)


@case('data are the same in every fidelity, cycles in every run', sim=True)
def _():
    seen = []
    for i, time in enumerate(['functional', 'approx', 'approx']):
        vecadd('--report', f'r{i}', device=f'sim:gpu-small?time={time}', out=f'c{i}')
        with open(f'r{i}') as file:
            seen.append(json.load(file))
    assert floats('c0') == floats('c1') == floats('c2')
    assert seen[1]['cycles'] == seen[2]['cycles'] and seen[1]['cycles'] > 0, seen
    assert seen[1]['virtual_ns'] == seen[2]['virtual_ns']
    assert seen[1]['deterministic'] is True and seen[1]['order_sensitive'] is False, seen[1]


@case('the report counts what ran and says how far to trust it', sim=True)
def _():
    vecadd('--report', 'r')
    with open('r') as file:
        report = json.load(file)
    assert report['schema'] == 'roadbed.report.1' and report['simulated'] is True
    assert report['thread_instructions'] >= 1000 and report['warp_instructions'] >= 32
    assert report['virtual_ns'] > 0 and report['kernel_ns'] > 0 and report['wall_seconds'] > 0
    assert report['fidelity']['calibration'] == 'uncalibrated', report['fidelity']
    assert 0 <= report['fidelity']['assumed_share'] <= 1
    assert report['violations'] == 0, report


def changed_chips(*options, device=GPU):
    vecadd('--report', 'r', *options, device=device)
    with open('r') as file:
        return json.load(file)


@case('--what-if runs with each cost free, and none of them makes it slower', sim=True)
def _():
    report = changed_chips('--what-if')
    rows = {row['name']: row for row in report['what_if']}
    assert {'dram', 'l2', 'latency', 'launch', 'tensor', 'workgroup'} <= set(rows), rows
    assert all(row['speed_up'] >= 1 for row in rows.values()), rows
    assert rows['dram']['cycles'] < report['launch_cycles'], rows
    assert rows['tensor']['cycles'] == report['launch_cycles'], rows
    alone = changed_chips(device=GPU + '&free=dram')
    assert alone['launch_cycles'] == rows['dram']['cycles'], (alone, rows)


@case('--lines says what each line of the PTX cost, and diff names those that changed', sim=True)
def _():
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ('a.json', 'b.json')]
        table = vecadd('--lines', '--report', paths[0], out='/dev/null').stdout
        vecadd('--lines', '--report', paths[1], device=GPU + '&dram_latency=200', out='/dev/null')
        with open(paths[0]) as file:
            report = json.load(file)
        with open(f'{PTX}/vecadd.sm80.ptx') as file:
            ptx = [' '.join(line.split()) for line in file]
        rows = {row['line']: row for row in report['lines']}
        for number, row in rows.items():
            assert ' '.join(row['text'].split()) == ptx[number - 1], row
            assert row['name'] == f'vecadd:{number}', row
        for key, of in (('issues', 'warp_instructions'), ('lanes', 'thread_instructions')):
            assert sum(row[key] for row in rows.values()) == report[of], (key, report)
        for cause, cycles in report['stalls'].items():
            assert sum(row['stalls'][cause] for row in rows.values()) == cycles, cause
        load = next(row for row in rows.values() if row['text'].startswith('ld.global'))
        assert load['active_lanes'] > 30 and load['sectors'] == load['sectors_ideal'] > 0, load
        add = next(row for row in rows.values() if row['text'].startswith('add.f32'))
        assert str(add['line']) in table and add['text'] in table, table
        changed = roadbed('diff', *paths, code=1).stdout
        assert f'lines[{add["name"]}].stalls.memory' in changed, changed
        assert f'lines[{load["name"]}].sectors' not in changed, changed


@case('--lines needs a chip that can count them', sim=True)
def _():
    refused('run', 'host:', KERNELS, 'saxpy', '--grid', '4', '--block', '32', '--lines',
            'iota:f32:9', 'zeros:f32:9', 'f32:2', 'u32:9', code=1,
            says=['--lines', 'is not simulated', 'sim: device'])
    refused('run', GPU + '&lines=0', f'{PTX}/vecadd.sm80.ptx', 'vecadd', '--grid', '4', '--block',
            '32', '--lines', code=2, says=['--lines', 'lines=0', 'allowed: lines=1, or none'])


@case('--doubt gives an interval around the estimate and what moves it most', sim=True)
def _():
    doubt = (report := changed_chips('--doubt'))['doubt']
    assert doubt['cycles_low'] < report['launch_cycles'] < doubt['cycles_high'], doubt
    assert doubt['assumed_parameters'] > 20 and len(doubt['top']) == 3, doubt
    first = doubt['top'][0]
    lower = changed_chips(device=f"{GPU}&{first['name']}={round(float(first['value']) * 0.8)}")
    assert (lower['launch_cycles'] - report['launch_cycles'] ==
            first['cycles_change_lower']), (first, lower)


@case('changed chips need a device that models time', sim=True)
def _():
    for device in ('sim:gpu-small?time=functional', 'sim:edu'):
        got = roadbed('run', device, f'{PTX}/vecadd.sm80.ptx', 'vecadd', '--grid', '4', '--block',
                      '256', '--doubt', 'zeros:f32:8', 'zeros:f32:8', 'zeros:f32:8', 'i32:8',
                      code=1)
        assert got.stdout == '', got.stdout
    refused('run', 'host:', KERNELS, 'saxpy', '--grid', '4', '--block', '32', '--what-if',
            'iota:f32:9', 'zeros:f32:9', 'f32:2', 'u32:9', code=1,
            says=['--what-if', 'does not model time', 'time=approx'])


@case('a parameter in the address changes the chip, and is reported as assumed', sim=True)
def _():
    before, after = changed_chips(), changed_chips(device=GPU + '&dram_rate=3')
    assert after['launch_cycles'] > 2 * before['launch_cycles'], (before, after)
    refused('run', GPU + '&dram_rate=-1', 'x', 'k', '--grid', '1', '--block', '1', code=1,
            says=['dram_rate', '-1', 'number 0..100000 GB/s'])


@case('diff shows what differs between two reports, and exits like diff')
def _():
    left = {'cycles': 100, 'wall_seconds': 1, 'same': {'x': [1, 2]}, 'gone': 1,
            'rows': [{'name': 'a', 'n': 1}, {'name': 'b', 'n': 2}]}
    right = {'cycles': 150, 'wall_seconds': 2, 'same': {'x': [1, 2]}, 'new': None,
             'rows': [{'name': 'b', 'n': 3}, {'name': 'a', 'n': 1}]}
    for name, report in (('a.json', left), ('b.json', right)):
        with open(name, 'w') as file:
            json.dump(report, file)
    assert roadbed('diff', 'a.json', 'a.json').stdout == ''
    got = roadbed('diff', 'a.json', 'b.json', code=1).stdout
    assert '+50.00 %' in got and 'rows[b].n' in got and 'wall' not in got, got
    rows = json.loads(roadbed('diff', 'a.json', 'b.json', '--json', code=1).stdout)['members']
    assert [row['name'] for row in rows] == ['cycles', 'gone', 'rows[b].n', 'new'], rows
    assert rows[0]['ratio'] == 1.5 and rows[1]['b'] is None, rows
    refused('diff', 'a.json', code=2, says=['diff', 'A.json B.json'])
    refused('diff', 'a.json', 'none.json', code=2, says=['none.json'])
    with open('list.json', 'w') as file:
        file.write('[1]')
    refused('diff', 'a.json', 'list.json', code=2, says=['list.json', 'no report'])


@case('trace writes an event log that a browser reads', sim=True)
def _():
    vecadd('--trace', 't', device='sim:gpu-small')
    with open('t') as file:
        trace = json.load(file)
    events = trace['traceEvents'] if isinstance(trace, dict) else trace
    assert any(e.get('ph') == 'X' for e in events), events[:3]
    refused('run', 'sim:gpu-small?time=approx', 'x', 'k', '--grid', '1', '--block', '1', '--trace',
            't', code=2, says=['--trace', 'time=trace'])


@case('malformed PTX is refused with line and column', sim=True)
def _():
    with open(f'{PTX}/vecadd.sm80.ptx') as file:
        text = file.read()
    with open('bad.ptx', 'w') as file:
        file.write(text.replace('add.f32', 'add.f31', 1))
    line = 1 + text[:text.index('add.f32')].count('\n')
    refused('run', GPU, 'bad.ptx', 'vecadd', '--grid', '1', '--block', '1', code=1,
            says=['bad.ptx', f'{line}:'])


@case('an access out of bounds is a fault that is told, and leaves no file', sim=True)
def _():
    got = refused('run', GPU, f'{PTX}/vecadd.sm80.ptx', 'vecadd', '--grid', '2048', '--block',
                  '512', 'zeros:f32:8', 'zeros:f32:8', 'zeros:f32:8>c', 'i32:1048576', code=1,
                  says=['vecadd'])
    assert 'fault: memory' in got.stderr and 'line' in got.stderr, got.stderr
    assert not os.path.exists('c')


def main():
    print(f'1..{len(CASES)}')
    failed = 0
    for number, (name, sim, function) in enumerate(CASES, 1):
        word, note = 'ok', ''
        if sim and not SIM:
            note = ' # SKIP libroadbed-sim is not built'
        else:
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
                try:
                    function()
                except Exception as error:  # a failed case is told, the others still run
                    word = 'not ok'
                    failed += 1
                    said = str(error) or repr(error)
                    note = ''.join(f'\n# {line}' for line in said.splitlines())
                os.chdir('/')
        print(f'{word} {number} - {name}{note}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
