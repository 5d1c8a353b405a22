#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration's checker accepts right numbers and sees wrong ones: test_demo_check.py EXE."""
import math
import os
import struct
import subprocess
import sys
import tempfile


def check(words, *arrays):
    """Exit status of the checker on these arrays of f32."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, values in enumerate(arrays):
            files.append(os.path.join(folder, str(i)))
            with open(files[-1], 'wb') as file:
                file.write(struct.pack(f'<{len(values)}f', *values))
        return subprocess.run([sys.argv[1], *words.split(), *files], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode


A, B = [0.5, 1.25, 3.0, 2.0, 1.0, 4.0], [1.0, 0.75, 0.25, 2.0, 5.0, 0.5]
SUM = [a + b for a, b in zip(A, B)]
# 2x3 by 3x2
PRODUCT = [sum(A[r * 3 + j] * B[j * 2 + c] for j in range(3)) for r in (0, 1) for c in (0, 1)]
SOFTMAX = [math.exp(a) / sum(map(math.exp, A[r:r + 3])) for r in (0, 3) for a in A[r:r + 3]]


def changed(values, factor):
    return [values[0] * factor] + values[1:]


CASES = [
    ('right sums are accepted', 0, 'vecadd 6', A, B, SUM),
    ('a sum one unit off is refused', 1, 'vecadd 6', A, B, changed(SUM, 1 + 2**-22)),
    ('too few values are refused', 1, 'vecadd 6', A, B, SUM[1:]),
    ('too many values are refused', 1, 'vecadd 5', A, B, SUM),
    ('not a number is refused', 1, 'vecadd 6', A, B, SUM[1:] + [math.nan]),
    ('a right product is accepted', 0, 'gemm 2 2 3', A, B, PRODUCT),
    ('a transposed product is refused', 1, 'gemm 2 2 3', A, B,
     [PRODUCT[0], PRODUCT[2], PRODUCT[1], PRODUCT[3]]),
    ('a product that lacks a term is refused', 1, 'gemm 2 2 3', A, B, changed(PRODUCT, 0.9)),
    ('a right softmax is accepted', 0, 'softmax 2 3', A, SOFTMAX),
    ('a softmax that is not normalised is refused', 1, 'softmax 2 3', A,
     [2 * y for y in SOFTMAX]),
    ('zeros are no softmax', 1, 'softmax 2 3', A, [0.0] * 6),
    ('wrong words are refused', 2, 'softmax 2', A, SOFTMAX),
]

print(f'1..{len(CASES)}')
failed = 0
for number, (name, want, words, *arrays) in enumerate(CASES, 1):
    got = check(words, *arrays)
    failed += got != want
    print(f"{'ok' if got == want else 'not ok'} {number} - {name}")
sys.exit(1 if failed else 0)
