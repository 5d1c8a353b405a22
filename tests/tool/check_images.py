#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every image of the tree passes the checker and comes back from its text, byte by byte:
check_images.py ROADBED_AS ROADBED_DIS PADS IMAGE…. PADS are of the chip with the least of each;
images that name scratchpads of their own are checked against those."""
import os
import subprocess
import sys
import tempfile

AS, DIS, PADS = sys.argv[1:4]
FLAGS = '4' # ids that every chip has


def trouble(image, folder):
    text, again = os.path.join(folder, 'text.s'), os.path.join(folder, 'again.elf')
    with open(text, 'w', encoding='utf-8') as file:
        if subprocess.run([DIS, image], stdout=file, check=False).returncode:
            return 'cannot be disassembled'
    with open(text, encoding='utf-8') as file:
        sized = file.read().startswith('.pads')
    words = [AS, text, '-o', again, '--check', '--flags', FLAGS]
    words += [] if sized else ['--pads', PADS]
    got = subprocess.run(words, capture_output=True, text=True, check=False)
    if got.returncode:
        return got.stderr
    with open(image, 'rb') as one, open(again, 'rb') as two:
        return '' if one.read() == two.read() else 'its text makes another image'


print(f'1..{len(sys.argv) - 4}')
for number, path in enumerate(sys.argv[4:], 1):
    with tempfile.TemporaryDirectory() as scratch:
        said = trouble(path, scratch)
    print(f"{'not ok' if said else 'ok'} {number} - {os.path.basename(path)} passes the checker")
    for line in said.splitlines():
        print(f'# {line}')
