#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed watch`: test_watch.py ROADBED [SIM]. Without SIM the host is the only device."""
import json
import os
import pty
import signal
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
DEVICE = 'sim:gpu-small' if len(sys.argv) > 2 else 'host:'


def watch(*words, code=0):
    return tap.run(ROADBED, 'watch', *words, code=code)


def rounds(*words):
    got = [json.loads(line) for line in watch('--json-lines', *words).stdout.splitlines()]
    assert all(one['schema'] == 'roadbed.watch.1' for one in got), got
    return got


@tap.case('--count rounds are told, each with every metric of each device')
def count():
    got = rounds(DEVICE, 'host:', '--count', '3', '--interval', '0')
    assert len(got) == 3, got
    for one in got:
        assert [row['address'] for row in one['devices']] == [DEVICE, 'host:'], one
        assert all(row['metrics'] and row['error'] is None for row in one['devices']), one
    names = {metric['name']: metric for metric in got[0]['devices'][0]['metrics']}
    assert names['queues.open']['value'] == 0 and names['health.faults']['value'] == 0, names
    assert any(name.startswith('memory.') and row['unit'] == 'bytes'
               for name, row in names.items()), names
    assert watch('--count', '1').stdout.startswith('host:'), watch('--count', '1').stdout


@tap.case('changes stand in the round that they came before, once')
def changes():
    got = rounds('host:', '--count', '2', '--interval', '0')
    assert [one['kind'] for one in got[0]['changes']] == ['arrived'], got[0]['changes']
    assert got[1]['changes'] == [], got[1]
    text = watch('host:', '--count', '2', '--interval', '0').stdout
    assert text.count('opened') == 1 and text.count('host:  ') == 2, text


@tap.case('memory has a bar, where there is a whole')
def bars():
    lines = watch(DEVICE, '--count', '1').stdout.splitlines()
    if DEVICE != 'host:':
        line = next(one for one in lines if one.strip().startswith('memory.device'))
        assert '[..............................] 0.0 %' in line, line
    names = [one.split()[0] for one in lines if one]
    assert 'queues.open' in names and 'gpu.barriers' not in names, names
    assert not any('\033' in line for line in lines), lines


@tap.case('on a terminal each round stands where the one before stood')
def terminal():
    ours, theirs = pty.openpty()
    with subprocess.Popen([ROADBED, 'watch', 'host:', '--count', '2', '--interval', '0'],
                          stdout=theirs, env=dict(os.environ, TERM='xterm', NO_COLOR='1')) as child:
        os.close(theirs)
        text = b''
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            text += part
        assert child.wait(60) == 0, child.returncode
    os.close(ours)
    assert text.count(b'\033[H\033[2J') == 2 and text.count(b'opened') == 2, text


@tap.case('SIGINT and SIGTERM end it')
def signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen([ROADBED, 'watch', 'host:', '--interval', '3600'],
                              stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout.readline().startswith('host:')
            child.send_signal(number)
            child.stdout.read()
            assert child.wait(60) == 0, child.returncode


@tap.case('wrong words, and devices that do not open, are told')
def words():
    tap.says(watch('--count', '0', code=2).stderr, '--count', '1 or more')
    tap.says(watch('--interval', '-1', code=2).stderr, '--interval', '0 to 86400')
    tap.says(watch('--interval', 'nan', code=2).stderr, '--interval')
    tap.says(watch('moon:', code=1).stderr, 'moon')
    got = watch('moon:', 'host:', '--count', '1', code=1)
    tap.says(got.stderr, 'moon')
    tap.says(got.stdout, 'host:')


tap.main()
