# SPDX-License-Identifier: Apache-2.0
"""Cases that run the command as a person would, each in a folder of its own; told as TAP."""
import os
import subprocess
import sys
import tempfile

CASES = []


def case(name):
    def add(function):
        CASES.append((name, function))
        return function
    return add


def run(*words, code=0, **options):
    got = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         timeout=120, **options)
    assert code is None or got.returncode == code, f'{words}: exit {got.returncode}, wanted {code}: {got.stderr}'
    return got


def says(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in {text!r}'


def main():
    print(f'1..{len(CASES)}')
    failed = 0
    for number, (name, function) in enumerate(CASES, 1):
        word, note = 'ok', ''
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                skipped = function()
                note = f' # SKIP {skipped}' if skipped else ''
            except Exception as error:  # a failed case is told, the others still run
                word, failed = 'not ok', 1
                note = ''.join(f'\n# {line}' for line in (str(error) or repr(error)).splitlines())
            os.chdir('/')
        print(f'{word} {number} - {name}{note}', flush=True)
    sys.exit(failed)
