#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the digest of all sources in folders as a C string: version.py OUTPUT DEPFILE ROOT FOLDER…"""
import hashlib
import os
import sys

output, depfile, root = sys.argv[1:4]
paths = sorted(os.path.join(folder, name) for folder in sys.argv[4:]
               for name in os.listdir(os.path.join(root, folder)) if name.endswith(('.c', '.h', '.def')))
digest = hashlib.blake2b(digest_size=32)
for path in paths:
    with open(os.path.join(root, path), 'rb') as file:
        text = file.read()
    digest.update(f'{path} {len(text)}\n'.encode() + text)
with open(output, 'w', encoding='ascii') as file:
    file.write('/* SPDX-License-Identifier: Apache-2.0 */\n'
               '#include "drivers/gpu/ptx/ptx.h"\n\n'
               f'const char road_ptx_version[] = "{digest.hexdigest()}";\n')
with open(depfile, 'w', encoding='utf-8') as file:
    file.write(f'{output}: ' + ' '.join(os.path.join(root, path) for path in paths) + '\n')
