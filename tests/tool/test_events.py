#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed events`: test_events.py ROADBED [SIM]. Without SIM the host is the only device."""
import json
import os
import pty
import signal
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
DEVICE = 'sim:edu' if len(sys.argv) > 2 else 'host:'


def events(*words, code=0):
    return tap.run(ROADBED, 'events', *words, code=code)


def documents(text):
    return [json.loads(line) for line in text.splitlines()]


@tap.case('--once tells of the opening and of the closing, each once, in order')
def once():
    lines = events(DEVICE, '--once').stdout.splitlines()
    assert [line.split()[1] for line in lines] == ['opened', 'closed'], lines
    assert all(line.endswith(f'  {DEVICE}') for line in lines) and lines[0].startswith('    0.000000  '), lines
    got = documents(events(DEVICE, '--once', '--json').stdout)
    assert [one['kind'] for one in got] == ['arrived', 'removed'], got
    for one in got:
        assert one['schema'] == 'roadbed.event.1' and one['address'] == DEVICE and one['lost'] == 0, one
    assert [one['sequence'] for one in got] == [1, 2] and got[0]['time_ns'] == 0, got
    assert got[1]['time_ns'] > 0 and got[0]['text'] == 'opened', got


@tap.case('several devices are each told of')
def several():
    got = documents(events(DEVICE, 'host:', '--once', '--json').stdout)
    assert [(one['kind'], one['address']) for one in got] == [
        ('arrived', DEVICE), ('arrived', 'host:'), ('removed', 'host:'), ('removed', DEVICE)], got


@tap.case('--for ends it, with and without devices')
def last():
    assert events('--for', '0').stdout == ''
    assert events('--for=0.05').stdout == ''
    assert len(events('host:', '--for', '0.05').stdout.splitlines()) == 2


def ended_by(number):
    with subprocess.Popen([ROADBED, 'events', 'host:', '--follow'], stdout=subprocess.PIPE, text=True) as child:
        line = child.stdout.readline()  # at once, though it is a pipe
        tap.says(line, 'opened', 'host:')
        child.send_signal(number)
        rest = child.stdout.read()
        assert child.wait(60) == 0, child.returncode
    tap.says(rest, 'closed')


@tap.case('SIGINT and SIGTERM end it, and what it opened is closed')
def signals():
    ended_by(signal.SIGINT)
    ended_by(signal.SIGTERM)


@tap.case('on a terminal it says that it waits, and only where nothing but the user ends it')
def waiting():
    ours, theirs = pty.openpty()
    with subprocess.Popen([ROADBED, 'events', '--follow'], stdout=subprocess.PIPE, stderr=theirs) as child:
        os.close(theirs)
        text = b''
        while b'\n' not in text:
            text += os.read(ours, 4096)
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == b'' and child.wait(60) == 0
    assert text.strip() == b'waiting (Ctrl-C ends)', text
    os.close(ours)
    ours, theirs = pty.openpty()
    subprocess.run([ROADBED, 'events', '--for', '0'], stderr=theirs, check=True, timeout=60)
    os.set_blocking(ours, False)
    try:
        text = os.read(ours, 4096)
    except BlockingIOError:
        text = b''
    os.close(ours)
    os.close(theirs)
    assert text == b'', text


@tap.case('what does not open is told, and ends it unless another one did')
def failure():
    got = events('sim:nonesuch', code=1)
    tap.says(got.stderr, 'nonesuch')
    got = events('sim:nonesuch', 'host:', '--for', '0.05', code=1)
    tap.says(got.stderr, 'nonesuch')
    assert len(got.stdout.splitlines()) == 2, got.stdout


@tap.case('wrong words are refused')
def words():
    for seconds in ('', 'x', '1s', '-1', 'nan'):
        tap.says(events('--for', seconds, code=2).stderr, '--for', 'seconds', '0 or more')
    for both in (['--once', '--for', '1'], ['--once', '--follow'], ['--follow', '--for', '1']):
        tap.says(events(*both, code=2).stderr, 'use only one of --once, --follow, --for')
    tap.says(events('--what', code=2).stderr, 'no such option')


tap.main()
