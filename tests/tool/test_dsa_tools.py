#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs roadbed-as, roadbed-dis and what they make as a person would:
test_dsa_tools.py ROADBED_AS ROADBED_DIS [ROADBED]; without ROADBED nothing is run on a chip."""
import json
import os
import subprocess
import sys
import tempfile

AS, DIS = (os.path.abspath(path) for path in sys.argv[1:3])
ROADBED = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
CASES = []
SOURCE = """.default N 8
.kernel scale arguments=8
	ldarg.u64 x1, [0]
	li x2, N * 4
	move_ub.f32 [x0], [x1], x2, 1   ; no token between these two
	li x3, N
	vadd.f32 [x0], [x0], [x0], x3
	end
.end
"""


def case(function):
    CASES.append(function)
    return function


def run(program, *words, code=0):
    got = subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                         text=True, timeout=60)
    assert got.returncode == code, f'exit {got.returncode}, wanted {code}: {got.stderr}'
    return got


def write(name, text):
    with open(name, 'w', encoding='utf-8') as file:
        file.write(text)


def read(name):
    with open(name, 'rb') as file:
        return file.read()


@case
def an_image_is_named_after_its_source():
    write('scale.s', SOURCE)
    assert run(AS, 'scale.s').stderr == ''
    assert read('scale.elf')[:4] == b'\x7fELF'


@case
def a_kernel_runs_and_the_report_tells_queues_and_hazards():
    if not ROADBED:
        return
    write('scale.s', SOURCE)
    run(AS, 'scale.s')
    words = [ROADBED, 'run', 'sim:dsa-small?time=functional', 'scale.elf', 'scale', '--grid', '1',
             '--block', '1', 'iota:f32:8']
    got = run(*words).stdout
    assert 'queues of all cores' in got and '  mte2 ' in got and '  fix ' not in got, got
    assert 'violations' in got, got
    for side in ('pc 2 line 5', 'pc 4 line 7'):  # in the order in which they happened
        assert 'hazard: ' in got and side in got, got
    report = json.loads(run(*words, '--json').stdout)
    assert report['hazards'] >= 1 and 'pc 4 line 7' in ' '.join(report['violation_texts']), report
    assert report['queues']['v']['instructions'] == 1, report['queues']
    write('fixed.s', SOURCE.replace('; no token between these two',
                                    '\n\tset_flag MTE2, V, 0\n\twait_flag MTE2, V, 0'))
    run(AS, 'fixed.s')
    words[3] = 'fixed.elf'
    assert 'violations' not in run(*words).stdout
    words[2] = 'sim:dsa-small?time=trace'
    run(*words, '--trace', 'log.json')
    events = json.loads(read('log.json'))['traceEvents']
    lanes = {e['tid']: e['args']['name'] for e in events if e['ph'] == 'M'}
    start, end = (next(e for e in events if e['ph'] == kind) for kind in 'sf')
    assert lanes[start['tid']] == 'core0.MTE2' and lanes[end['tid']] == 'core0.V', (start, end)
    assert start['id'] == end['id'] and start['ts'] < end['ts'], (start, end)
    assert any(e['ph'] == 'X' and lanes[e['tid']] == 'core0.V' and e['name'] == 'flag MTE2>V 0'
               and e['ts'] + e['dur'] >= end['ts'] - 1e-6 for e in events), events


@case
def the_disassembler_s_text_makes_the_same_image():
    write('scale.s', SOURCE)
    run(AS, 'scale.s')
    write('again.s', run(DIS, 'scale.elf').stdout)
    run(AS, 'again.s', '-o', 'other.elf')
    assert read('scale.elf') == read('other.elf')


@case
def defines_go_before_defaults():
    write('scale.s', SOURCE)
    run(AS, 'scale.s', '--define', 'N=100,M=-1')
    assert 'movi x2, 400' in run(DIS, 'scale.elf').stdout


@case
def a_listing_has_each_line_and_word():
    write('scale.s', SOURCE)
    run(AS, 'scale.s', '--listing=scale.lst')
    lines = read('scale.lst').decode().splitlines()
    assert len(lines) == 9, lines
    assert lines[4].split()[:2] == ['2', '000201000008002f'], lines[4]


@case
def errors_have_file_line_and_column_and_leave_no_image():
    write('bad.s', SOURCE.replace('vadd.f32', 'vadd.f64').replace('x3, N', 'x3, K'))
    got = run(AS, 'bad.s', code=1).stderr.splitlines()
    assert got[0].startswith('bad.s:6:9: error: unknown name in an expression; seen: K; '), got
    assert got[1].startswith('bad.s:7:7: error: an element type'), got
    assert not os.path.exists('bad.elf')


@case
def check_looks_at_sizes():
    write('scale.s', SOURCE)
    run(AS, 'scale.s', '--check', '--pads', 'UB=32')
    got = run(AS, 'scale.s', '--check', '--pads=UB=16,L1=64', '-o', 'no.elf', code=1).stderr
    assert 'scale.s:5: check: an operand that leaves its scratchpad; seen: UB at 0, 32' in got, got
    assert not os.path.exists('no.elf')


@case
def check_asks_a_device_what_is_not_given():
    if not ROADBED:
        return
    write('big.s', SOURCE.replace('N 8', 'N 20000'))
    got = run(AS, 'big.s', '--check', '--device', 'sim:dsa-small', code=1).stderr
    assert 'seen: UB at 0, 80000 bytes; allowed: 65536 bytes' in got, got
    run(AS, 'big.s', '--check', '--device', 'sim:ascend-910b')
    run(AS, 'big.s', '--check', '--device', 'sim:dsa-small', '--pads', 'UB=80000')
    assert 'no DSA' in run(AS, 'big.s', '--check', '--device', 'host:', code=1).stderr
    assert 'seen: dsa-huge' in run(AS, 'big.s', '--check', '--device=sim:dsa-huge', code=1).stderr


@case
def words_that_are_wrong_are_named():
    for words, says in ((['--pads', 'L9=4', 'x.s'], 'L9=4'), (['a.s', 'b.s'], 'one FILE'),
                        (['--flags=0', 'x.s'], '1 to 256'), (['--define', 'N', 'x.s'], 'NAME='),
                        (['--foo', 'x.s'], '--listing')):
        got = run(AS, *words, code=2).stderr
        assert got.startswith('roadbed-as: ') and says in got, got
    assert 'roadbed-dis: ' in run(DIS, code=2).stderr
    assert 'missing.s' in run(AS, 'missing.s', code=1).stderr


@case
def a_file_that_is_no_image_is_refused():
    write('text', 'hello' * 100)
    got = run(DIS, 'text', code=1)
    assert got.stderr.startswith('text: error: image: no ELF file'), got.stderr
    assert got.stdout == ''


@case
def help_and_version():
    for program in (AS, DIS):
        assert 'usage:' in run(program, '--help').stdout
        assert run(program, '--version').stdout.startswith(os.path.basename(program) + ' ')


print(f'1..{len(CASES)}')
for number, function in enumerate(CASES, 1):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            function()
            print(f'ok {number} - {function.__name__.replace("_", " ")}')
        except (AssertionError, OSError) as error:
            print(f'not ok {number} - {function.__name__.replace("_", " ")}')
            for line in str(error).splitlines():
                print(f'# {line}')
        os.chdir('/')
