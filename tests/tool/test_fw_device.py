#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed fw` on devices, as a person would: test_fw_device.py ROADBED [SIM]."""
import os
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2


def fw(*words, code=0):
    return tap.run(ROADBED, 'fw', *words, code=code)


def make_image(out='image', *more):
    if not os.path.exists('key'):
        fw('keygen', 'key')
    with open('payload', 'wb') as file:
        file.write(bytes(100))
    fw('sign', 'payload', '-k', 'key', '--version', '1.0.0', *more, '-o', out)


@tap.case('a device that boots no firmware is unsupported, whatever is asked of it')
def unsupported():
    make_image()
    for words in (['status', 'host:'], ['status', 'host:', '--json'], ['log', 'host:'],
                  ['load', 'host:', 'image'], ['load', 'host:', 'image', '--key', 'key.pub']):
        got = fw(*words, code=4)
        tap.says(got.stderr, 'host:', 'boots no firmware')


@tap.case('what is for a store is refused of a device, and the other way round')
def which():
    make_image()
    for verb in ('boot', 'confirm', 'revert'):
        tap.says(fw(verb, 'host:', code=2).stderr, 'takes a STORE and no device', 'host:')
    for words in (['--test'], ['--permanent'], ['--bytes', '9']):
        tap.says(fw('load', 'host:', 'image', *words, code=2).stderr, 'for a STORE alone')
    tap.says(fw('status', 'host:', '--keys', '.', code=2).stderr, 'for a STORE alone')
    tap.says(fw('status', 'store', '--folders', '.', code=2).stderr, 'for a DEVICE alone')
    tap.says(fw('load', 'store', 'image', '--folders', '.', code=2).stderr, 'for a DEVICE alone')
    tap.says(fw('log', 'store', code=2).stderr, 'takes one DEVICE', 'sim:gpu-small')
    tap.says(fw('log', code=2).stderr, 'takes one DEVICE')
    # a path with a colon is one all the same
    tap.says(fw('status', './host:', '--key', 'key.pub', code=3).stderr, './host:', 'NOT_FOUND')


@tap.case('an address that opens nothing exits with 2 or 3, an image that does not read with 1')
def nothing():
    make_image()
    tap.says(fw('status', 'nonesuch:', code=3).stderr, 'nonesuch')
    tap.says(fw('log', 'nonesuch:', code=3).stderr, 'nonesuch')
    tap.says(fw('log', 'host:', '--key', 'nowhere', code=3).stderr, 'nowhere')
    tap.says(fw('load', 'host:', 'payload', code=1).stderr, 'payload', 'BAD_MAGIC')
    tap.says(fw('load', 'host:', 'nowhere', code=3).stderr, 'nowhere')
    fw('keygen', 'stranger')
    tap.says(fw('load', 'host:', 'image', '--key', 'stranger.pub', code=1).stderr, 'UNKNOWN_KEY')


tap.main()
