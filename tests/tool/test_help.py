#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Help of each verb, and completion in bash: test_help.py ROADBED COMPLETION [SIM]."""
import os
import re
import subprocess
import sys

import tap

ROADBED, COMPLETION = (os.path.abspath(path) for path in sys.argv[1:3])
SIM = len(sys.argv) > 3
VERBS = [line.split('\t') for line in tap.run(ROADBED, '--verbs').stdout.splitlines()]


@tap.case('--verbs has each verb of --help in a line')
def verbs():
    helped = re.findall(r'^  roadbed ([a-z][a-z-]*) ', tap.run(ROADBED, '--help').stdout, re.M)
    assert [name for name, _, _ in VERBS] == helped and len(helped) >= 15, (VERBS, helped)
    assert all(usage and summary for _, usage, summary in VERBS), VERBS
    assert not any('  ' in part for row in VERBS for part in row), VERBS


@tap.case('each verb has help of its own, and opens nothing for it')
def own():
    for name, usage, _ in VERBS:
        if name == 'conformance':
            continue  # a program of its own, which is not built beside
        for word in ('--help', '-h'):
            got = tap.run(ROADBED, name, word)
            assert got.stderr == '', got
            tap.says(got.stdout, 'usage', f'roadbed {name}')
        if name != 'fw':
            assert usage in ' '.join(got.stdout.split()), (usage, got.stdout)


@tap.case('what the help says of options is what verbs take')
def options():
    for name, usage, _ in VERBS:
        if name in ('conformance', 'fw'):
            continue
        got = subprocess.run([ROADBED, name, '--no-such-option'], capture_output=True, text=True)
        assert got.returncode == 2 and 'no such option' in got.stderr, (name, got)
        taken = set(re.findall(r'--[a-z-]+', got.stderr.split('allowed:')[1]))
        assert taken == set(re.findall(r'--[a-z-]+', usage)), (name, taken, usage)


def completed(*words):
    """What bash offers for the last word."""
    script = f'''. {COMPLETION}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _roadbed {ROADBED}
printf '%s\\n' "${{COMPREPLY[@]}}"'''
    got = subprocess.run(['bash', '-c', script, 'bash', 'roadbed', *words], capture_output=True,
                         text=True, timeout=60)
    assert got.returncode == 0 and not got.stderr, got
    return set(got.stdout.split())


@tap.case('bash completes verbs, options, devices, chips and files')
def completion():
    assert completed('') >= {name for name, _, _ in VERBS}, completed('')
    assert completed('exp') == {'explain'} and completed('--v') == {'--version'}
    assert completed('caps', '--') == {'--help', '--require', '--diff', '--json'}
    assert completed('caps', 'host:', '--d') == {'--diff'}
    assert 'host:' in completed('info', '') and 'host:' not in completed('doctor', '')
    assert completed('chip', 'sh') == {'show'}
    with open('somefile', 'w'):
        pass
    assert completed('diff', 'some') == {'somefile'}
    if SIM:
        assert completed('chip', 'show', 'gpu-s') == {'gpu-small'}
        assert completed('info', 'sim', ':', 'gpu-s') == {'gpu-small'}
        assert 'gpu-small' in completed('info', 'sim', ':')


@tap.case('no colours anywhere but on a terminal')
def colours():
    for words in (['--help'], ['list'], ['info', 'host:'], ['doctor']):
        got = subprocess.run([ROADBED, *words], capture_output=True, text=True)
        assert '\033' not in got.stdout + got.stderr, words


tap.main()
