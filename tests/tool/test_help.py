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


@tap.case('no line of help is wider than 100 columns')
def columns():
    texts = [tap.run(ROADBED, '--help').stdout, tap.run(ROADBED, 'fw', '--help', code=None).stdout]
    wide = [line for text in texts for line in text.splitlines() if len(line) > 100]
    assert not wide, wide


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


@tap.case('the first screen of --help maps questions to commands, and each of them runs')
def questions():
    lines = tap.run(ROADBED, '--help').stdout.split('usage:')[0].splitlines()
    rows = [re.split(r'  +', line) for line in lines if '?' in line]
    assert len(lines) < 24 and len(rows) >= 6, lines
    said = ' '.join(question for question, _ in rows)
    for word in ('here', 'memory is free', 'links', 'missing'):
        assert word in said, said
    for question, answer in rows:
        for command in answer.split('; '):
            words = command.replace('DEVICE', 'sim:gpu-small' if SIM else 'host:').split()
            assert words[0] == 'roadbed', command
            if words[1] == 'conformance' or ('sim:' in command and not SIM):
                continue
            if words[1] == 'events':  # --follow has no end of its own
                words = ['roadbed', 'events', 'host:', '--once']
            if 'memory.free_bytes' in words and not SIM:
                continue  # the host's is unknown
            got = tap.run(ROADBED, *words[1:], code=None)
            assert got.returncode == 0 or words[1] == 'doctor', got
            assert got.stdout, (question, command)
    info = tap.run(ROADBED, 'info', 'sim:gpu-small' if SIM else 'host:').stdout
    assert re.search(r'free|bounded by the host', info), info
    if SIM:
        tap.says(info, '256 MiB, 256 MiB free, 0 B used')
        assert tap.run(ROADBED, 'info', 'sim:gpu-small', '--field',
                       'heaps.0.free_bytes').stdout == f'{256 << 20}\n'
    assert 'ARG' not in tap.run(ROADBED, 'list', '--help').stdout
    tap.says(tap.run(ROADBED, 'info', '--help').stdout, 'pci:', 'sim:CHIP')
    tap.says(tap.run(ROADBED, 'caps', '--help').stdout, 'EXPR: ', 'GiB')


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
    assert completed('doctor', '--') == {'--help', '--dev', '--json', '--list'}
    fw = tap.run(ROADBED, 'fw', '--help', code=None).stdout
    verbs_of_fw = set(re.findall(r'^  roadbed fw ([a-z]+)', fw, re.M))
    assert not verbs_of_fw or completed('fw', '') >= verbs_of_fw, completed('fw', '')
    assert not verbs_of_fw or completed('fw', 'ver') == {'verify'}, completed('fw', 'ver')
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
