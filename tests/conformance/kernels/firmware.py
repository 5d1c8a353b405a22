#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Firmware of the suite for one family: firmware.py ROADBED PROGRAM IDS FAMILY KEY.pub {TEXT OUT.img}…

Compiles each text, signs it as version 7.7.7+7 of the component that OUT's name ends in, with a key
that is made here and thrown away, but for its public half. IDS: uapi/firmware/program.h.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile


def uuid_of(header, name):
    macro = re.search(rf'#define {name}\b([^}}]*)}}', header).group(1)
    digits = ''.join(re.findall(r'0x([0-9a-f]{2})', macro))
    cuts = (0, 8, 12, 16, 20, 32)
    return '-'.join(digits[a:b] for a, b in zip(cuts, cuts[1:]))


def main(roadbed, program, ids, family, public, *pairs):
    with open(ids, encoding='utf-8') as file:
        header = file.read()
    chip = ['--vid', uuid_of(header, 'ROAD_PROGRAM_VENDOR'),
            '--cid', uuid_of(header, f'ROAD_PROGRAM_CLASS_{family.upper()}')]
    with tempfile.TemporaryDirectory() as folder:
        key, payload = os.path.join(folder, 'key'), os.path.join(folder, 'payload')
        run = lambda *words: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        run(roadbed, 'fw', 'keygen', key)
        shutil.copyfile(key + '.pub', public)
        for text, out in zip(pairs[::2], pairs[1::2]):
            component = os.path.basename(out)[:-len('.img')].rsplit('-', 1)[1]
            run(program, text, '-o', payload)
            run(roadbed, 'fw', 'sign', payload, '-k', key, '--version', '7.7.7+7', '--counter', '7',
                *chip, '--component', component, '-o', out)


main(*sys.argv[1:])
