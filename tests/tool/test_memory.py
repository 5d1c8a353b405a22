#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people look with, under valgrind: test_memory.py ROADBED [SIM]."""
import concurrent.futures
import os
import shutil
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
WRONG = 99  # what valgrind exits with, in place of the command's own status
ENV = {name: value for name, value in os.environ.items()
       if not name.startswith(('ROADBED_', 'MALLOC_'))}
DEVICE = 'sim:gpu-small' if SIM else 'host:'
LOOKS = [['list', '--all'], ['explain', '--all', '--json'], ['info', DEVICE],
         ['caps', DEVICE, '--diff', 'host:'], ['topo', '--matrix', DEVICE, 'host:'],
         ['doctor', '--json']]


def look(words):
    got = subprocess.run(
        ['valgrind', '--quiet', '--leak-check=full', '--show-leak-kinds=definite,indirect',
         '--errors-for-leak-kinds=definite', f'--error-exitcode={WRONG}',
         '--log-file=valgrind-%p.txt', ROADBED, *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110,
        env=dict(ENV, ROADBED_CACHE='off'))
    said = ''
    if got.returncode == WRONG or got.returncode < 0:
        for name in os.listdir('.'):
            with open(name, encoding='utf-8') as file:
                said += file.read()
    return words, got, said


@tap.case('nothing is read that was never written, and nothing is lost')
def clean():
    if not shutil.which('valgrind'):
        return 'needs valgrind'
    if subprocess.run(['valgrind', '--quiet', 'true'], capture_output=True).returncode:
        return 'valgrind does not run here'
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for words, got, said in pool.map(look, LOOKS):
            assert got.returncode in (0, 1, 2), (words, got.returncode, said[:2000], got.stderr)
            assert got.stdout, (words, got)


tap.main()
