# SPDX-License-Identifier: Apache-2.0
"""Documents that commands of this folder write, whole or between two marks."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


def between(path, begin, end, made):
    """The document with `made` in place of what stands between its marks, which are whole lines."""
    before, found, rest = read(path).partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        sys.exit(f'{path}: lacks the line {begin if not found else end}')
    return before + begin + made + end + after


def keep(command, path, text):
    """The command itself: writes the text to path; with --check only says whether it is there."""
    full = os.path.join(ROOT, path)
    if sys.argv[1:] == ['--check']:
        same = os.path.exists(full) and read(path) == text
        print('TAP version 13\n1..1')
        print(('ok' if same else 'not ok') + f' 1 - {path} says what {command} writes')
        if not same:
            print(f'# run {command}, and commit what it writes')
        return 0
    if sys.argv[1:]:
        print(f'usage: {command} [--check]', file=sys.stderr)
        return 2
    with open(full, 'w', encoding='utf-8') as file:
        file.write(text)
    return 0
