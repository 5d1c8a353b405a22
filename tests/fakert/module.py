#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a module of libfakert from its lines: module.py LINES OUT."""
import sys

with open(sys.argv[1], encoding='ascii') as lines:
    text = ''.join(line for line in lines if not line.startswith('#')) + 'end\n'
checksum = 0xcbf29ce484222325
for byte in text.encode():
    checksum = (checksum ^ byte) * 0x100000001b3 & 0xffffffffffffffff
with open(sys.argv[2], 'w', encoding='ascii') as out:
    out.write(f'FAKERT 1 {checksum:016x}\n{text}')
