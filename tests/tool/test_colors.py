#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Colours, on a terminal and nowhere else: test_colors.py ROADBED [SIM]."""
import os
import pty
import re
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
GREEN, YELLOW, RED, END = '\033[32m', '\033[33m', '\033[31m', '\033[0m'


def on_terminal(*words, **more):
    """What a terminal gets."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith('ROADBED_') and name not in ('NO_COLOR', 'TERM')}
    env.update({'TERM': 'xterm', 'ROADBED_CACHE': 'off', **more})
    ours, theirs = pty.openpty()
    with subprocess.Popen([ROADBED, *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                          env=env) as child:
        os.close(theirs)
        text = b''
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # nobody has the other end any more
                break
            if not part:
                break
            text += part
        child.wait(60)
    os.close(ours)
    return text.decode()


@tap.case('list shows ready devices in green, missing ones in yellow, refused ones in red')
def states():
    tap.says(on_terminal('list'), f'{GREEN}ok{END}')
    lines = on_terminal('explain', ROADBED_DEVICES='host:;moon:').splitlines()
    assert any(line.startswith('moon:') and f'{YELLOW}not found{END}' in line for line in lines), lines
    os.makedirs('open')
    os.chmod('open', 0o777)
    refused = on_terminal('explain', ROADBED_DRIVERS=os.path.abspath('open'))
    assert re.search(re.escape(RED) + '[a-z ]+' + re.escape(END), refused), refused
    if SIM:
        lines = on_terminal('list', '--all').splitlines()
        assert not any('\033' in line for line in lines if line.startswith('sim:')), lines


@tap.case('doctor colours its results')
def results():
    text = on_terminal('doctor', '--dev', '/nonesuch', ROADBED_CACHE='somewhere')
    tap.says(text, f'{GREEN}PASS{END}  library', f'{YELLOW}WARN{END}  cache')
    os.makedirs('open')
    os.chmod('open', 0o777)
    text = on_terminal('doctor', '--dev', '/nonesuch', ROADBED_DRIVERS=os.path.abspath('open'))
    tap.says(text, f'{RED}FAIL{END}  drivers')


@tap.case('watch has devices that are well in green')
def bars():
    text = on_terminal('watch', 'host:', '--count', '1')
    tap.says(text, f'{GREEN}host:{END}')
    assert text.startswith('\033[H\033[2J'), text[:80]


@tap.case('NO_COLOR and TERM=dumb are honoured, and a pipe gets none')
def none():
    for words in (['list'], ['doctor'], ['explain'], ['watch', 'host:', '--count', '1']):
        assert GREEN in on_terminal(*words), words
        assert GREEN in on_terminal(*words, NO_COLOR=''), words
        for more in ({'NO_COLOR': '1'}, {'TERM': 'dumb'}, {'TERM': ''}):
            text = on_terminal(*words, **more)
            assert text and not re.search('\033\\[[0-9;]*m', text), (words, more, text)
            assert 'NO_COLOR' in more or '\033' not in text, (words, more, text)
        got = subprocess.run([ROADBED, *words], capture_output=True, text=True, timeout=60,
                             env=dict(os.environ, TERM='xterm'))
        assert got.stdout and '\033' not in got.stdout + got.stderr, (words, got)


@tap.case('JSON has none on a terminal either')
def machines():
    for words in (['list', '--json'], ['doctor', '--json'],
                  ['watch', 'host:', '--count', '1', '--json-lines']):
        assert '\033' not in on_terminal(*words), words


tap.main()
