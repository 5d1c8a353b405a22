#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed watch`: test_watch.py ROADBED [SIM]. Without SIM the host is the only device."""
import json
import os
import signal
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
DEVICE = 'sim:edu' if len(sys.argv) > 2 else 'host:'


def watch(*words, code=0):
    return tap.run(ROADBED, 'watch', *words, code=code)


def documents(text):
    return [json.loads(line) for line in text.splitlines()]


@tap.case('--once tells of the opening and of the closing, each once, in order')
def once():
    lines = watch(DEVICE, '--once').stdout.splitlines()
    assert [line.split()[1] for line in lines] == ['arrived', 'removed'], lines
    assert all(DEVICE in line for line in lines) and lines[0].startswith('    0.000000  '), lines
    got = documents(watch(DEVICE, '--once', '--json').stdout)
    assert [one['kind'] for one in got] == ['arrived', 'removed'], got
    for one in got:
        assert one['schema'] == 1 and one['address'] == DEVICE and one['lost'] == 0, one
    assert [one['sequence'] for one in got] == [1, 2] and got[0]['time_ns'] == 0, got
    assert got[1]['time_ns'] > 0 and got[0]['text'] == 'opened', got


@tap.case('several devices are each told of')
def several():
    got = documents(watch(DEVICE, 'host:', '--once', '--json').stdout)
    assert [(one['kind'], one['address']) for one in got] == [
        ('arrived', DEVICE), ('arrived', 'host:'), ('removed', 'host:'), ('removed', DEVICE)], got


@tap.case('--for ends it, with and without devices')
def last():
    assert watch('--for', '0').stdout == ''
    assert watch('--for=0.05').stdout == ''
    assert len(watch('host:', '--for', '0.05').stdout.splitlines()) == 2


def ended_by(number):
    with subprocess.Popen([ROADBED, 'watch', 'host:'], stdout=subprocess.PIPE, text=True) as child:
        line = child.stdout.readline()  # at once, though it is a pipe
        tap.says(line, 'arrived', 'host:')
        child.send_signal(number)
        rest = child.stdout.read()
        assert child.wait(60) == 0, child.returncode
    tap.says(rest, 'removed')


@tap.case('SIGINT and SIGTERM end it, and what it opened is closed')
def signals():
    ended_by(signal.SIGINT)
    ended_by(signal.SIGTERM)


@tap.case('what does not open is told, and ends it unless another one did')
def failure():
    got = watch('sim:nonesuch', code=1)
    tap.says(got.stderr, 'nonesuch')
    got = watch('sim:nonesuch', 'host:', '--for', '0.05', code=1)
    tap.says(got.stderr, 'nonesuch')
    assert len(got.stdout.splitlines()) == 2, got.stdout


@tap.case('wrong words are refused')
def words():
    for seconds in ('', 'x', '1s', '-1', 'nan'):
        tap.says(watch('--for', seconds, code=2).stderr, '--for', 'seconds', '0 or more')
    tap.says(watch('--once', '--for', '1', code=2).stderr, 'one of both')
    tap.says(watch('--what', code=2).stderr, 'no such option')


tap.main()
