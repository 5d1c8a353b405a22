# SPDX-License-Identifier: Apache-2.0
"""What the tests of the house's rules share: the files of the tree, and TAP."""
import os
import subprocess
import sys
import tempfile

# '.git' is a file in a second working tree of a repository.
SKIPPED_FOLDERS = {'.git', '.cache', '__pycache__', 'subprojects'}


class Skip(Exception):
    """A rule cannot be looked at here; its text says why."""


def files(root, *endings):
    """Paths relative to root, sorted, of all files (with one of these endings)."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS
                      and not (folder == root and f.startswith('build'))]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if name in SKIPPED_FOLDERS or name.endswith('.o'):
                continue
            if not endings or name.endswith(endings):
                found.append(path)
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='surrogateescape') as file:
        return file.read()


def listed(path):
    """The lines of a list file, without comments."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split('#')[0].strip() for line in file]
    return [line for line in lines if line]


def output_of(*command):
    got = subprocess.run(command, capture_output=True, text=True, check=False)
    if got.returncode:
        raise AssertionError(f'{" ".join(command)}: {got.stderr.strip() or got.returncode}')
    return got.stdout


def compiles(compiler, *flags, text):
    """What the compiler says against this text; '' if it takes it."""
    got = subprocess.run([*compiler, *flags, '-fsyntax-only', '-'], input=text,
                         capture_output=True, text=True, check=False)
    return '' if got.returncode == 0 else got.stderr.strip() or f'status {got.returncode}'


def scratch():
    return tempfile.TemporaryDirectory(prefix='house-')


def run(rules):
    """rules: (the sentence that is proved, a function that answers a list of violations)."""
    print(f'1..{len(rules)}')
    failed = False
    for number, (sentence, rule) in enumerate(rules, 1):
        try:
            violations = list(rule())
        except Skip as reason:
            print(f'ok {number} - {sentence} # SKIP {reason}')
            continue
        except (AssertionError, OSError) as error:
            violations = [str(error)]
        print(f"{'not ok' if violations else 'ok'} {number} - {sentence}", flush=True)
        for violation in violations:
            for line in violation.splitlines():
                print(f'# {line}')
        failed = failed or bool(violations)
    sys.exit(1 if failed else 0)
