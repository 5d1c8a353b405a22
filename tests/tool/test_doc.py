#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a document shows is what the commands print: test_doc.py DOCUMENT PRELUDE FOLDER….

Runs each line that begins with "    $ " in one shell, in a folder of its own, on a terminal, after
the shell script PRELUDE; the FOLDERs are where programs are found first. What follows a command has
to be what it prints, unless nothing does: "…" stands for any text, on a line of its own for any lines; seconds with six
places, which are the host's clock, may be any.
"""
import os
import pty
import re
import subprocess
import sys
import tempfile

DOCUMENT, PRELUDE = sys.argv[1:3]
MARK = '@@done@@'


def blocks(text):
    """(line, command, what is shown) of each command."""
    found = []
    shown = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('    $ '):
            shown = []
            found.append((number, line[6:], shown))
        elif line.startswith('    > ') and found and not shown:
            number, command, shown = found.pop()
            found.append((number, command + '\n' + line[6:], shown))
        elif shown is not None and line.startswith('    '):
            shown.append(line[4:])
        else:
            shown = None
    return found


def pattern(shown):
    parts = []
    for line in shown:
        if line == '…':
            parts.append(r'(?:.*\n)*')
            continue
        line = '.*'.join(re.escape(part) for part in line.split('…'))
        parts.append(re.sub(r' *\d+\\\.\d{6}', r' *[0-9]+\\.[0-9]{6}', line) + r'\n')
    return re.compile(''.join(parts) if shown else r'(?:.*\n)*')


def run_all(commands):
    """What each printed, in a terminal: errors where they come."""
    script = 'set +e\n' + ''.join(f'{command}\necho {MARK}\n' for command in commands)
    master, slave = pty.openpty()
    path = os.pathsep.join([*map(os.path.abspath, sys.argv[3:]), os.environ['PATH']])
    with tempfile.TemporaryDirectory() as folder:
        with subprocess.Popen(['bash', '-c', f'. {os.path.abspath(PRELUDE)}\n{script}'], cwd=folder,
                              stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                              env=dict(os.environ, PATH=path, TERM='dumb')):
            os.close(slave)
            out = b''
            while True:
                try:
                    data = os.read(master, 65536)
                except OSError: # the other end is closed
                    break
                if not data:
                    break
                out += data
    os.close(master)
    return out.decode().replace('\r\n', '\n').split(MARK + '\n')


def main():
    with open(DOCUMENT, encoding='utf-8') as file:
        found = blocks(file.read())
    printed = run_all([command for _, command, _ in found])
    assert len(printed) == len(found) + 1, printed[-1]
    print(f'1..{len(found)}')
    failed = 0
    for number, ((line, command, shown), text) in enumerate(zip(found, printed), 1):
        good = bool(pattern(shown).fullmatch(text))
        failed |= not good
        print(f'{"ok" if good else "not ok"} {number} - line {line}: {command.splitlines()[0]}')
        if not good:
            for one in text.splitlines():
                print(f'# {one}')
    return failed


sys.exit(main())
