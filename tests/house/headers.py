#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Public headers and contracts compile alone: headers.py SOURCE_ROOT CC…."""
import shutil
import sys

import house

ROOT, CC = sys.argv[1], sys.argv[2:]
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', f'-I{ROOT}/hal/include',
          f'-I{ROOT}/simulators/include', f'-I{ROOT}/firmware-loader/include', f'-I{ROOT}']


def headers(*folders):
    return [h for h in house.files(ROOT, '.h') if h.startswith(folders)]


def alone(compiler, language, standard, *folders):
    """Twice, so that the guard is there, with nothing before it."""
    def rule():
        if not compiler:
            raise house.Skip('no compiler for it')
        for header in headers(*folders):
            text = f'#include "{ROOT}/{header}"\n' * 2 + 'extern int nothing;\n'
            said = house.compiles(compiler, '-x', language, f'-std={standard}', *STRICT,
                                  text=text)
            if said:
                yield f'{header}: {said}'
        if not headers(*folders):
            yield f'no header in {folders}'
    return rule


PUBLIC = ('hal/include/roadbed/', 'hal/include/roadbed-driver/',
          'simulators/include/roadbed-sim/', 'firmware-loader/include/roadbed/')
CXX = [shutil.which('g++') or shutil.which('c++') or shutil.which('clang++-14')]
CXX = CXX if CXX[0] else None

house.run([
    ('every public header compiles alone as C11', alone(CC, 'c', 'c11', *PUBLIC)),
    ('every public header compiles alone as C++17', alone(CXX, 'c++', 'c++17', *PUBLIC)),
    ('every contract compiles alone as C11', alone(CC, 'c', 'c11', 'uapi/')),
    ('every contract compiles alone as C++17', alone(CXX, 'c++', 'c++17', 'uapi/')),
])
